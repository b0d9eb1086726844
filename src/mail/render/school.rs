//! The mail to a school: which list is attached, and what to do with it.

use super::digest::{Body, Part};
use super::table::{Cell, Section, Table};
use super::words::Words;
use super::{Caps, Letter, more};
use crate::domain::office_mail::{ClassVisit, SchoolLetter, SchoolPaper};
use crate::mail::safe;
use crate::text::thousands;

/// Display columns of a school's name in a subject.
const SCHOOL_COLUMNS_MAX: usize = 24;
/// Classes whose times the mail tells; the workbook has a sheet for each one.
const CLASSES_MAX: usize = 60;

pub(super) fn letter(value: &SchoolLetter, _: Caps) -> Letter {
    let words = Words(value.language);
    let kind = match value.paper {
        SchoolPaper::Consent => "consent",
        SchoolPaper::Visit => "visit",
        SchoolPaper::Missed(_) => "missed",
    };
    let name = safe::name(&value.school_name);
    let school = safe::one_line(&name, SCHOOL_COLUMNS_MAX);
    let date = match value.paper {
        SchoolPaper::Missed(until) => until,
        _ => value.day,
    };
    let (people, classes) = (thousands(value.people as u64), value.classes);
    let short = words.day_short(date);
    let subject =
        words.say(&format!("mail-school-subject-{kind}"), &[("date", &short), ("school", &school)]);
    let said: [(&str, &dyn std::fmt::Display); 3] =
        [("people", &people), ("classes", &classes), ("date", &words.date(date))];
    let mut notes = vec![words.say(&format!("mail-school-do-{kind}"), &said)];
    notes.push(words.word("mail-school-private"));
    if let Some(contact) = &value.contact {
        let address = contact.email.as_deref().map(safe::name);
        let name = safe::name(&contact.name);
        let who = match address {
            Some(address) => words.in_brackets(&name, &address),
            None => name,
        };
        notes.push(words.say("mail-school-ask", &[("who", &who)]));
    }
    let heading = words.word("mail-school-heading");
    let body = Body {
        campaign: safe::name(&value.campaign_name),
        opening: words.say(&format!("mail-school-opening-{kind}"), &said),
        parts: vec![Part {
            sections: times(words, &value.visits)
                .into_iter()
                .chain([Section { heading, notes, ..Section::default() }])
                .collect(),
            ..Part::default()
        }],
        footer: words.word("mail-footer"),
    };
    body.letter(words, subject, &name)
}

/// When which class is visited; `None` for a list that is for no visit.
fn times(words: Words, visits: &[ClassVisit]) -> Option<Section> {
    let row = |one: &ClassVisit| {
        let hours = one
            .hours
            .map(|it| format!("{}–{}", it.opens.format("%H:%M"), it.closes.format("%H:%M")));
        vec![
            Cell::left(safe::name(&one.class)).strong(true),
            Cell::left(words.day(one.day)),
            Cell::left(hours.unwrap_or_else(|| words.word("mail-no-figure"))),
            Cell::right(thousands(one.people as u64)),
        ]
    };
    let table = Table {
        head: vec![
            Cell::left(words.word("mail-school-class")),
            Cell::left(words.word("mail-school-day")),
            Cell::left(words.word("mail-digest-times")),
            Cell::right(words.word("mail-digest-people")),
        ],
        rows: visits.iter().take(CLASSES_MAX).map(row).collect(),
    };
    (!visits.is_empty()).then(|| Section {
        heading: words.word("mail-school-times"),
        tables: vec![table],
        after: more(words, "mail-more", visits.len(), CLASSES_MAX),
        ..Section::default()
    })
}
