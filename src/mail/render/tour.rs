//! A team's day in the digest of its lead: its stops by the clock, and the vaccine to load in sum.

use super::product::product_name;
use super::table::{Cell, Section, Table};
use super::words::Words;
use super::{Caps, more};
use crate::domain::notice::{LeadDigest, LoadLine, SessionSheet, StopTimes};
use crate::mail::safe;
use crate::text::thousands;

/// `08:28–10:15`.
pub(super) fn times(at: &StopTimes) -> String {
    format!("{}–{}", at.arrives.format("%H:%M"), at.leaves.format("%H:%M"))
}

/// The stops of the tour, and what is loaded for all of them; nothing for a site.
pub(super) fn sections(words: Words, digest: &LeadDigest, caps: Caps) -> Vec<Section> {
    let stops: Vec<(&SessionSheet, &StopTimes)> = digest
        .sessions
        .iter()
        .filter_map(|session| session.times.as_ref().map(|at| (session, at)))
        .collect();
    let mut out = Vec::new();
    if !stops.is_empty() {
        out.push(tour(words, &stops, caps));
    }
    if !digest.load.is_empty() {
        out.push(load(words, &digest.load, caps));
    }
    out
}

fn tour(words: Words, stops: &[(&SessionSheet, &StopTimes)], caps: Caps) -> Section {
    let row = |(session, at): &(&SessionSheet, &StopTimes)| {
        let mut place = Cell::left(safe::name(&session.place_name));
        if let Some(address) = &at.address {
            place = place.note(safe::name(address));
        }
        let phone = at.phone.as_deref().map(safe::phone).filter(|phone| !phone.is_empty());
        let phone = match phone {
            Some(phone) => Cell { phone: true, ..Cell::left(phone) },
            None => Cell::left(words.word("mail-no-figure")),
        };
        let doses = Cell::right(thousands(session.doses)).strong(true);
        vec![Cell::left(times(at)).strong(true), place, phone, doses]
    };
    Section {
        heading: words.word("mail-digest-tour"),
        tables: vec![Table {
            head: vec![
                Cell::left(words.word("mail-digest-times")),
                Cell::left(words.word("mail-digest-place")),
                Cell::left(words.word("mail-digest-phone")),
                Cell::right(words.word("mail-digest-draw")),
            ],
            rows: stops.iter().take(caps.rows).map(row).collect(),
        }],
        after: more(words, "mail-more", stops.len(), caps.rows),
        ..Section::default()
    }
}

fn load(words: Words, lines: &[LoadLine], caps: Caps) -> Section {
    let row = |line: &LoadLine| {
        let product = product_name(words.0, &line.product, line.vaccine.as_deref());
        let lot = Cell::left(safe::name(line.lot.as_str())).note(safe::name(&product));
        let vials = line.vials.map_or_else(|| words.word("mail-no-figure"), thousands);
        vec![
            lot,
            Cell::right(thousands(line.doses)).strong(true),
            Cell::right(vials),
            Cell::right(line.expires.to_string()),
        ]
    };
    let doses: u64 = lines.iter().map(|line| line.doses).sum();
    let heading = words.count("mail-digest-load", doses, &[("doses", &thousands(doses))]);
    Section {
        heading,
        tables: vec![Table {
            head: vec![
                Cell::left(words.word("mail-digest-lot")),
                Cell::right(words.word("mail-digest-draw")),
                Cell::right(words.word("mail-digest-in-vials")),
                Cell::right(words.word("mail-digest-expires")),
            ],
            rows: lines.iter().take(caps.rows).map(row).collect(),
        }],
        after: more(words, "mail-more", lines.len(), caps.rows),
        ..Section::default()
    }
}
