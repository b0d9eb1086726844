//! Closed lists of values that the database, files and output know by a word.

/// What the store needs of such a list: see `words!`, which makes them.
pub trait Word: Copy + 'static {
    /// Every value, in the order of its declaration.
    fn all() -> &'static [Self];

    /// The word that the database has for it.
    fn to_word(self) -> &'static str;
}

/// Declares an enum with a word for each value: `Queued = "queued"`. It has `ALL`, `word` and `from_word`, and
/// implements [`Word`], `Display` and serde's traits, all by that word.
macro_rules! words {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$told:meta])* $value:ident = $word:literal),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$told])* #[serde(rename = $word)] $value),+
        }

        impl $name {
            /// Every value, in the order of its declaration.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$value),+];

            /// The word that the database, files and output have for it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word),+
                }
            }

            /// The value that a word names; `None` for a word that is not in the list.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.word() == word)
            }
        }

        impl $crate::domain::words::Word for $name {
            fn all() -> &'static [Self] {
                &Self::ALL
            }

            fn to_word(self) -> &'static str {
                self.word()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use crate::domain::message::MailState;

    #[test]
    fn a_word_names_its_value_in_the_database_in_output_and_in_json() {
        assert_eq!(MailState::ALL.len(), 9);
        assert_eq!(MailState::InDoubt.word(), "in_doubt");
        for state in MailState::ALL {
            assert_eq!(MailState::from_word(state.word()), Some(state));
            assert_eq!(state.to_string(), state.word());
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(json, format!("\"{}\"", state.word()));
            assert_eq!(serde_json::from_str::<MailState>(&json).unwrap(), state);
        }
        assert_eq!(format!("{:>10}|", MailState::Sent), "      sent|");
    }

    #[test]
    fn a_word_that_is_not_in_the_list_names_nothing() {
        for word in ["", "Sent", "sent ", "InDoubt", "in doubt"] {
            assert_eq!(MailState::from_word(word), None, "{word:?}");
        }
    }
}
