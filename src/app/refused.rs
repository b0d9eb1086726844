//! Why something that was asked for cannot be: a message of the catalogue with its arguments, so that everybody reads
//! it in their own language.

use crate::domain::campaign::Language;
use crate::text;
use std::fmt::{self, Display};

/// A refusal; it says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    key: &'static str,
    arguments: Vec<(&'static str, String)>,
}

impl Refused {
    /// The message `key` with its arguments.
    pub fn new(key: &'static str, arguments: &[(&'static str, &dyn Display)]) -> Self {
        let arguments = arguments.iter().map(|(name, value)| (*name, value.to_string())).collect();
        Self { key, arguments }
    }

    /// What it says in a language.
    pub fn words(&self, language: Language) -> String {
        let arguments: Vec<(&str, &dyn Display)> =
            self.arguments.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
        text::say(language, self.key, &arguments)
    }
}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(Language::En))
    }
}
