//! Renders the values of `domain::notice` as letters. Pure: the same value gives the same letter.
//!
//! Words come from the catalogue (`mail.ftl`), layout from the templates; this module decides which figure
//! stands where. Text from outside goes through [`safe`] first, and every list has a limit.

mod attention;
mod change;
mod digest;
mod duties;
mod home_round;
mod late_vial;
mod marked;
mod people;
mod product;
mod reminder;
mod round_off;
mod school;
mod summary;
mod summary_heads;
mod table;
pub mod texts;
mod tour;
mod trend;
mod words;

use super::picture::{Painter, Undrawn};
use super::{Letter, Picture};
use crate::domain::campaign::Language;
use crate::domain::coverage::Need;
use crate::domain::notice::{Amended, LeadDigest, PlanChange, Reminder, Summary};
use crate::domain::office_mail::{DutyLetter, RoundOff, SchoolLetter};
use crate::domain::pace::Prospect;
use crate::mail::link::WayOut;
use crate::mail::safe;
use crate::text::thousands;
use chrono::NaiveDate;
pub use product::{only_vaccine, product_name, product_with_code};
use table::{Cell, Section, Table};
pub use trend::{ChartDay, chart_days};
use words::Words;

/// Bytes of HTML in a letter. Gmail cuts a page off at 102 KB.
pub const HTML_BYTES_MAX: usize = 100 * 1024;

/// People of the register listed in a letter; the rest are counted.
pub const PEOPLE_SHOWN_MAX: usize = 120;

/// Rows of any other table; the rest are counted.
pub const ROWS_SHOWN_MAX: usize = 60;

/// Names listed in a sentence; the rest are counted.
const NAMES_SHOWN_MAX: usize = 12;

/// The digest of a site or team lead: of one campaign, or of several in one letter.
pub fn digest(digests: &[LeadDigest]) -> Letter {
    fit(|caps| digest::letter(digests, caps))
}

/// The mail to a lead whose day has changed since the digest.
pub fn amended(change: &Amended) -> Letter {
    fit(|caps| change::amended(change, caps))
}

/// The mail to somebody of the staff about their days at work.
pub fn duties(letter: &DutyLetter) -> Letter {
    fit(|caps| duties::letter(letter, caps))
}

/// The mail to somebody of a team whose round of home visits was taken back.
pub fn round_off(letter: &RoundOff) -> Letter {
    fit(|caps| round_off::letter(letter, caps))
}

/// The mail to a school with a list.
pub fn school(letter: &SchoolLetter) -> Letter {
    fit(|caps| school::letter(letter, caps))
}

/// The mail to the coordinator about a plan that was mended.
pub fn plan_change(change: &PlanChange) -> Letter {
    fit(|caps| change::plan(change, caps))
}

/// The coordinator's summary: of one campaign, with its picture where there is one, or of several in one letter.
pub fn summary(summaries: &[Summary], picture: Option<&Picture>) -> Letter {
    fit(|caps| summary::letter(summaries, picture, caps))
}

/// The chart of doses planned and given, as PNG; `None` where both curves are empty.
pub fn picture(summary: &Summary, painter: &Painter) -> Result<Option<Picture>, Undrawn> {
    trend::picture(summary, painter)
}

/// The reminder of a household, of one campaign or of several, with its unsubscribe link.
pub fn reminder(reminders: &[&Reminder], way_out: &WayOut) -> Letter {
    fit(|caps| reminder::letter(reminders, way_out, caps))
}

/// The letter marked as a copy of one to `reader`.
pub fn marked(letter: Letter, language: Language, reader: &str) -> Letter {
    marked::marked(letter, language, reader)
}

/// How many entries of long lists a letter shows.
#[derive(Debug, Clone, Copy)]
struct Caps {
    people: usize,
    rows: usize,
}

/// The letter with the longest lists that fit [`HTML_BYTES_MAX`]: halves the limits until it does.
fn fit(render: impl Fn(Caps) -> Letter) -> Letter {
    let mut caps = Caps { people: PEOPLE_SHOWN_MAX, rows: ROWS_SHOWN_MAX };
    loop {
        let letter = render(caps);
        if letter.html.len() < HTML_BYTES_MAX || caps.rows <= 2 {
            return letter;
        }
        caps = Caps { people: caps.people / 2, rows: caps.rows / 2 };
    }
}

/// An entry of the list of things that need attention.
#[derive(Debug, Clone, Default)]
pub struct Alert {
    /// Its position in the list, from 1; 0 where it has no number.
    pub number: usize,
    /// The sentence.
    pub text: String,
    /// Details, a line each.
    pub lines: Vec<String>,
    /// What to do about it.
    pub remedy: String,
}

/// The bulletin's sentence, with which the summary opens; the dashboard shows it, too.
pub fn opening(summary: &Summary, language: Language) -> String {
    summary::opening(Words(language), summary)
}

/// The sentence with which a summary of several campaigns opens. There is one campaign at least.
pub fn opening_of_all(summaries: &[Summary], language: Language) -> String {
    summary_heads::opening_of_all(Words(language), summaries)
}

/// What needs attention, in the words of the summary.
pub fn alerts(summary: &Summary, language: Language) -> Vec<Alert> {
    let all = summary.attention.iter().enumerate();
    all.map(|(index, item)| attention::alert(Words(language), index + 1, item)).collect()
}

/// The summary's chart as SVG for a page; empty where both curves are.
pub fn chart(summary: &Summary, prospect: &Prospect, language: Language) -> String {
    trend::for_page(Words(language), summary, prospect).unwrap_or_default()
}

/// A day with its weekday, as mails write it: `10月20日(周三)`, `20 Oct (Wed)`.
pub fn date(day: NaiveDate, language: Language) -> String {
    Words(language).date(day)
}

/// The template's text without runs of empty lines.
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut is_after_empty = true;
    for line in text.lines() {
        // Only in the signature mark "-- " does a space at the end of a line matter (RFC 3676, 4.3).
        let line = if line == "-- " { line } else { line.trim_end() };
        if !(line.is_empty() && is_after_empty) {
            out += line;
            out.push('\n');
        }
        is_after_empty = line.is_empty();
    }
    out
}

/// The doses a day that each group needs; `None` without any group.
fn needs_section(words: Words, needs: &[Need], caps: Caps) -> Option<Section> {
    if needs.is_empty() {
        return None;
    }
    let row = |need: &Need| {
        let days = words.say("mail-needs-days", &[("days", &thousands(need.days_left))]);
        let target = words.say("mail-needs-of", &[("people", &thousands(need.target))]);
        vec![
            Cell::left(safe::name(&need.group_name)).note(days),
            Cell::right(thousands(need.finished)).note(target),
            Cell::right(thousands(need.doses_left)),
            Cell::right(thousands(need.per_day)).strong(true),
        ]
    };
    let table = Table {
        head: vec![
            Cell::left(words.word("mail-needs-group")),
            Cell::right(words.word("mail-needs-done")),
            Cell::right(words.word("mail-needs-left")),
            Cell::right(words.word("mail-needs-per-day")),
        ],
        rows: needs.iter().take(caps.rows).map(row).collect(),
    };
    Some(Section {
        heading: words.word("mail-needs"),
        tables: vec![table],
        after: more(words, "mail-more", needs.len(), caps.rows),
        ..Section::default()
    })
}

/// The sentence "and n more" where a list was cut; else empty.
fn more(words: Words, key: &str, all: usize, shown: usize) -> Vec<String> {
    let left = all.saturating_sub(shown);
    if left == 0 {
        return Vec::new();
    }
    vec![words.say(key, &[("count", &thousands(left as u64))])]
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
