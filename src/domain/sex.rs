//! Sex.

use serde::{Deserialize, Serialize};

/// Sex, as registers record it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Sex {
    /// Female.
    F,
    /// Male.
    M,
    /// Unknown.
    #[default]
    U,
}

impl Sex {
    /// The sex of a letter used in files.
    pub fn from_letter(letter: &str) -> Option<Self> {
        [Self::F, Self::M, Self::U].into_iter().find(|sex| sex.letter() == letter)
    }

    /// The letter used in files.
    pub fn letter(self) -> &'static str {
        match self {
            Self::F => "F",
            Self::M => "M",
            Self::U => "U",
        }
    }
}
