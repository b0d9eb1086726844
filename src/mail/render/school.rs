//! The mail to a school: which list is attached, and what to do with it.

use super::digest::{Body, Part};
use super::table::Section;
use super::words::Words;
use super::{Caps, Letter};
use crate::domain::office_mail::{SchoolLetter, SchoolPaper};
use crate::mail::safe;
use crate::text::thousands;

/// Display columns of a school's name in a subject.
const SCHOOL_COLUMNS_MAX: usize = 24;

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
            sections: vec![Section { heading, notes, ..Section::default() }],
            ..Part::default()
        }],
        footer: words.word("mail-footer"),
    };
    body.letter(words, subject, &name)
}
