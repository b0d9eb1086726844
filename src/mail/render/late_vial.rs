//! The end of a session in the digest of its lead: whether another vial is opened, and whom to call for doses that are
//! left.

use super::people::people_section;
use super::table::Section;
use super::words::Words;
use crate::domain::figure::fixed;
use crate::domain::notice::SessionSheet;
use crate::domain::open_vial::VialRule;
use crate::text::thousands;

/// From when on and for how many people another vial is opened.
pub(super) fn rule(words: Words, rule: &VialRule) -> String {
    let when = match rule.after {
        Some(time) => {
            words.say("mail-digest-late-after", &[("time", &time.format("%H:%M").to_string())])
        }
        None => words.word("mail-digest-late-hour"),
    };
    let expected = fixed(rule.expected, 0);
    let arguments: [(&str, &dyn std::fmt::Display); 4] = [
        ("when", &when),
        ("each", &rule.doses_per_vial),
        ("least", &rule.least),
        ("expected", &expected),
    ];
    words.count("mail-digest-late-vial", u64::from(rule.least), &arguments)
}

/// Whom to call; nothing where nobody is due. `left`: how many more people the mail may name.
pub(super) fn to_call(words: Words, session: &SessionSheet, left: &mut usize) -> Option<Section> {
    if session.to_call.is_empty() {
        return None;
    }
    let count = session.to_call.len() as u64;
    let heading = words.count("mail-digest-nearby", count, &[("people", &thousands(count))]);
    let shown = session.to_call.len().min(*left);
    *left -= shown;
    let mut section = people_section(words, heading, &session.to_call, shown);
    section.notes.push(words.word("mail-digest-nearby-do"));
    Some(section)
}
