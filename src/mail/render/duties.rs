//! The mail to somebody of the staff: what changed, and their days at work.

use super::digest::{Body, Part};
use super::table::{Cell, Section, Table};
use super::words::Words;
use super::{Caps, Letter, more};
use crate::domain::jurisdiction::Role;
use crate::domain::office_mail::{DutyDay, DutyLetter};
use crate::mail::safe;
use crate::text::thousands;

pub(super) fn letter(value: &DutyLetter, caps: Caps) -> Letter {
    let words = Words(value.language);
    let days = value.days.len() as u64;
    let subject = match (value.changes.first(), value.days.first()) {
        (Some(change), _) => {
            words.say("mail-duties-subject-changed", &[("date", &words.day_short(change.day))])
        }
        (None, Some(first)) => {
            let (date, days) = (words.day_short(first.day), thousands(days));
            let arguments: [(&str, &dyn std::fmt::Display); 2] = [("date", &date), ("days", &days)];
            words.count("mail-duties-subject", value.days.len() as u64, &arguments)
        }
        (None, None) => words.word("mail-duties-none"),
    };
    let opening = if value.days.is_empty() {
        words.word("mail-duties-none")
    } else {
        words.count("mail-duties-opening", days, &[("days", &thousands(days))])
    };
    let mut sections = Vec::new();
    sections.extend(changed(words, value, caps));
    sections.extend(listed(words, &value.days, caps));
    let name = safe::name(&value.to.name);
    let body = Body {
        campaign: safe::name(&value.jurisdiction),
        opening,
        parts: vec![Part { sections, ..Part::default() }],
        footer: words.word("mail-duties-footer"),
    };
    body.letter(words, subject, &words.say("mail-duties-title", &[("name", &name)]))
}

/// Where and as what somebody works, in words.
fn work(words: Words, place: &str, role: Role) -> String {
    let role = words.word(&format!("duty-role-{role}"));
    words.in_brackets(&safe::name(place), &role)
}

fn changed(words: Words, value: &DutyLetter, caps: Caps) -> Option<Section> {
    if value.changes.is_empty() {
        return None;
    }
    let side = |side: &Option<(String, Role)>| match side {
        Some((place, role)) => work(words, place, *role),
        None => words.word("mail-duties-off"),
    };
    let shown = value.changes.iter().take(caps.rows);
    let rows = shown.map(|change| {
        vec![
            Cell::left(words.date(change.day)),
            Cell::left(side(&change.before)),
            Cell::left(side(&change.after)).strong(true),
        ]
    });
    let head = ["mail-duties-day", "mail-duties-was", "mail-duties-is"];
    let head = head.map(|key| Cell::left(words.word(key))).to_vec();
    Some(Section {
        heading: words.word("mail-duties-changed"),
        tables: vec![Table { head, rows: rows.collect() }],
        after: more(words, "mail-more", value.changes.len(), caps.rows),
        ..Section::default()
    })
}

fn listed(words: Words, days: &[DutyDay], caps: Caps) -> Option<Section> {
    if days.is_empty() {
        return None;
    }
    let rows = days.iter().take(caps.rows).map(|day| {
        let mut place = Cell::left(safe::name(&day.place_name));
        if let Some(address) = &day.address {
            place = place.note(safe::name(address));
        }
        let hours = day.hours.map_or_else(
            || words.word("mail-no-figure"),
            |hours| format!("{}–{}", hours.opens.format("%H:%M"), hours.closes.format("%H:%M")),
        );
        vec![
            Cell::left(words.date(day.day)).strong(true),
            place,
            Cell::left(words.word(&format!("duty-role-{}", day.role))),
            Cell::left(hours),
        ]
    });
    let head = ["mail-duties-day", "mail-duties-place", "mail-duties-role", "mail-duties-hours"];
    let head = head.map(|key| Cell::left(words.word(key))).to_vec();
    Some(Section {
        heading: words.word("mail-duties-days"),
        tables: vec![Table { head, rows: rows.collect() }],
        after: more(words, "mail-more", days.len(), caps.rows),
        ..Section::default()
    })
}
