//! What the checks of an installation find, one line each, handed over as each is found.

use crate::domain::campaign::Language;
use crate::text;
use std::fmt::Display;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// All is well.
    Ok,
    /// Somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

impl Mark {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check, by its message.
    pub key: String,
    /// The result.
    pub mark: Mark,
    /// In words, with what to do.
    pub said: String,
}

/// Where findings go.
pub struct Findings<'a> {
    language: Language,
    tell: Box<dyn FnMut(Finding) + Send + 'a>,
}

impl<'a> Findings<'a> {
    /// Findings in a language, each told as it is found.
    pub fn new(language: Language, tell: impl FnMut(Finding) + Send + 'a) -> Self {
        Self { language, tell: Box::new(tell) }
    }

    /// The language in which they are told.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Adds the result of a check.
    pub fn line(&mut self, mark: Mark, key: &str, arguments: &[(&str, &dyn Display)]) {
        let said = text::say(self.language, key, arguments);
        (self.tell)(Finding { key: key.to_owned(), mark, said });
    }
}
