//! Why something that was asked for cannot be: a message of the catalogue with its arguments, so that everybody reads
//! it in their own language.

use crate::domain::campaign::Language;
use crate::domain::id::AreaCode;
use crate::domain::permission::Denied;
use crate::text;
use std::fmt::{self, Display};

/// A refusal; it says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    key: &'static str,
    arguments: Vec<(&'static str, String)>,
    /// Arguments that are sentences themselves: Chinese, English.
    sentences: Vec<(&'static str, [String; 2])>,
}

impl Refused {
    /// The message `key` with its arguments.
    pub fn new(key: &'static str, arguments: &[(&'static str, &dyn Display)]) -> Self {
        let arguments = arguments.iter().map(|(name, value)| (*name, value.to_string())).collect();
        Self { key, arguments, sentences: Vec::new() }
    }

    /// With an argument that is a sentence in the reader's language.
    #[must_use]
    pub fn with(mut self, name: &'static str, sentence: impl Fn(Language) -> String) -> Self {
        self.sentences.push((name, [Language::ZhCn, Language::En].map(sentence)));
        self
    }

    /// What it says in a language.
    pub fn words(&self, language: Language) -> String {
        let plain = self.arguments.iter().map(|(name, value)| (*name, value as &dyn Display));
        let own = usize::from(language != Language::ZhCn);
        let sentences =
            self.sentences.iter().map(|(name, both)| (*name, &both[own] as &dyn Display));
        text::say(language, self.key, &plain.chain(sentences).collect::<Vec<_>>())
    }
}

impl From<&Denied> for Refused {
    fn from(denied: &Denied) -> Self {
        match denied {
            Denied::Role(role) => {
                let named = |language| called(language, role.word(), &format!("role-{role}"));
                Self::new("denied-role", &[]).with("role", named)
            }
            Denied::Scope(scope) => {
                let named = |language| called(language, scope.word(), &format!("scope-{scope}"));
                Self::new("denied-scope", &[]).with("scope", named)
            }
            Denied::Areas(areas) => {
                let areas: Vec<&str> = areas.iter().map(AreaCode::as_str).collect();
                Self::new("denied-areas", &[("areas", &areas.join(", "))])
            }
            Denied::Person => Self::new("denied-person", &[]),
            Denied::Place(place) => Self::new("denied-place", &[("place", place)]),
            Denied::Stop { stop, day, teams } => {
                let key = if teams.is_empty() { "denied-stop-unplanned" } else { "denied-stop" };
                let teams: Vec<_> = teams.iter().map(ToString::to_string).collect();
                let teams = teams.join(" ");
                Self::new(key, &[("place", stop), ("day", day), ("teams", &teams)])
            }
        }
    }
}

/// A code as Chinese readers call it. English readers, and programs, read the code itself, which is an English word.
fn called(language: Language, code: &str, key: &str) -> String {
    if language == Language::En { code.to_owned() } else { text::word(language, key) }
}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(Language::En))
    }
}
