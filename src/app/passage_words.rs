//! What is said of something that happened to a message, in the reader's language.

use super::audit_words::replaced;
use crate::domain::campaign::Language;
use crate::domain::message::{PassageEvent, Whose};
use crate::store::ways::Passage;
use crate::text::{harmless, word};

/// Codes and reasons as they are, and whose number comes next; safe to show.
#[must_use]
pub fn said(language: Language, one: &Passage) -> String {
    let whose = Whose::from_word(&one.said).filter(|_| one.event == PassageEvent::NextWay);
    whose.map_or_else(
        || harmless(&replaced(language, &one.said)),
        |whose| word(language, &format!("whose-{}", whose.word())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_number_comes_next_is_said_and_codes_stay() {
        let passage = |event: PassageEvent, code: &str| {
            let (channel, code) = ("sms".to_owned(), code.to_owned());
            said(Language::ZhCn, &Passage { at: 0, channel, event, said: code })
        };
        let guardian = word(Language::ZhCn, "whose-guardian");
        assert_eq!(passage(PassageEvent::NextWay, "guardian"), guardian);
        assert_ne!(guardian, "guardian");
        assert_eq!(passage(PassageEvent::Missed, "guardian"), "guardian");
        assert_eq!(passage(PassageEvent::Missed, "DB:0141"), "DB:0141");
    }
}
