//! A team's round to people who are visited at home, in the digest of its lead.

use super::more;
use super::table::{Cell, Section, Table};
use super::words::Words;
use crate::domain::notice::{HomeLine, HomeSheet};
use crate::mail::safe;
use crate::text::thousands;

/// How many people the round visits.
pub(super) fn visits(sheet: &HomeSheet) -> u64 {
    sheet.calls.len() as u64
}

/// The calls by the clock. `left`: how many more people the mail may name.
pub(super) fn section(words: Words, sheet: &HomeSheet, left: &mut usize) -> Section {
    let row = |call: &HomeLine| {
        let code = safe::name(call.person.person.as_str());
        let name = call.person.name.as_deref().map(safe::name).filter(|name| !name.is_empty());
        let who = match name {
            Some(name) => Cell::left(name).note(code),
            None => Cell::left(code),
        };
        let phone = call.person.phone.as_deref().map(safe::phone);
        let phone = match phone.filter(|phone| !phone.is_empty()) {
            Some(phone) => Cell { phone: true, ..Cell::left(phone) },
            None => Cell::left(words.word("mail-no-figure")),
        };
        vec![
            Cell::left(call.arrives.format("%H:%M").to_string()).strong(true),
            who,
            phone,
            Cell::left(safe::name(&call.address)).note(words.dose_short(call.person.dose)),
        ]
    };
    let people = visits(sheet);
    let [leaves, back] = [sheet.leaves, sheet.back].map(|at| at.format("%H:%M").to_string());
    let arguments: [(&str, &dyn std::fmt::Display); 4] = [
        ("people", &thousands(people)),
        ("leaves", &leaves),
        ("back", &back),
        ("vials", &sheet.vials),
    ];
    let shown = sheet.calls.len().min(*left);
    *left -= shown;
    Section {
        heading: words.count("mail-digest-homes", people, &arguments),
        notes: vec![words.count("mail-digest-homes-load", sheet.vials.into(), &arguments)],
        tables: vec![Table {
            head: vec![
                Cell::left(words.word("mail-digest-times")),
                Cell::left(words.word("mail-digest-name")),
                Cell::left(words.word("mail-digest-phone")),
                Cell::left(words.word("mail-digest-address")),
            ],
            rows: sheet.calls.iter().take(shown).map(row).collect(),
        }],
        after: more(words, "mail-more-people", sheet.calls.len(), shown),
        ..Section::default()
    }
}
