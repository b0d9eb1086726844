//! The mail to the staff of a team whose round of home visits was taken back.

use super::digest::{Body, Part};
use super::words::Words;
use super::{Caps, Letter};
use crate::domain::office_mail::RoundOff;
use crate::mail::safe;
use crate::text::thousands;

pub(super) fn letter(value: &RoundOff, _: Caps) -> Letter {
    let words = Words(value.language);
    let (team, people) = (safe::name(&value.team_name), thousands(value.people));
    let (short, date) = (words.day_short(value.day), words.date(value.day));
    let said: [(&str, &dyn std::fmt::Display); 3] =
        [("team", &team), ("date", &date), ("people", &people)];
    let body = Body {
        campaign: safe::name(&value.jurisdiction),
        opening: words.count("mail-round-off-opening", value.people, &said),
        parts: vec![Part { opening: words.word("mail-round-off-duty"), ..Part::default() }],
        footer: words.word("mail-duties-footer"),
    };
    let subject = words.say("mail-round-off-subject", &[("team", &team), ("date", &short)]);
    let title = words.say("mail-duties-title", &[("name", &safe::name(&value.to.name))]);
    body.letter(words, subject, &title)
}
