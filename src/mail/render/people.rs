//! People in a lead's mail, in the few details that a lead may see.

use super::more;
use super::table::{Cell, Section, Table};
use super::words::Words;
use crate::domain::notice::PersonLine;
use crate::mail::safe;

/// A section with a row for each person; those beyond `shown` are counted.
pub(super) fn people_section(
    words: Words,
    heading: String,
    people: &[PersonLine],
    shown: usize,
) -> Section {
    let row = |person: &PersonLine| {
        let code = safe::name(person.person.as_str());
        let name = person.name.as_deref().map(safe::name).filter(|name| !name.is_empty());
        let who = match name {
            Some(name) => Cell::left(name).note(code),
            None => Cell::left(code),
        };
        let phone = person.phone.as_deref().map(safe::phone).filter(|phone| !phone.is_empty());
        let phone = match phone {
            Some(phone) => Cell { phone: true, ..Cell::left(phone) },
            None => Cell::left(words.word("mail-no-figure")),
        };
        vec![
            who,
            phone,
            Cell::left(safe::name(&person.group_name)).note(words.dose_short(person.dose)),
        ]
    };
    let table = Table {
        head: vec![
            Cell::left(words.word("mail-digest-name")),
            Cell::left(words.word("mail-digest-phone")),
            Cell::left(words.word("mail-digest-for")),
        ],
        rows: people.iter().take(shown).map(row).collect(),
    };
    Section {
        heading,
        tables: if shown > 0 { vec![table] } else { Vec::new() },
        after: more(words, "mail-more-people", people.len(), shown),
        ..Section::default()
    }
}
