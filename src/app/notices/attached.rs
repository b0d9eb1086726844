//! Files attached to a lead's digest: tomorrow's list as a workbook, the sessions of the next days as a calendar.

use super::post_digest::PostDigest;
use crate::app::{App, AppError, Loaded, Result, millis};
use crate::domain::calendar::Sessions;
use crate::domain::campaign::Language;
use crate::domain::date::day_end;
use crate::domain::notice::{LeadDigest, PersonLine, SessionSheet};
use crate::intake::workbook_out::{Book, Cell, Look, MIME};
use crate::mail::calendar;
use crate::mail::message::Attachment;
use crate::mail::render::product_with_code;
use crate::text::word;
use chrono::{NaiveTime, TimeDelta};
use rust_xlsxwriter::XlsxError;
use std::sync::Arc;

/// Days after tomorrow that the calendar covers. Plans further ahead still change every night.
const CALENDAR_DAYS: i64 = 7;
/// Evenings on which a cancelled session is in the calendar, in case one mail is lost.
const CANCELLED_DAYS: i64 = 2;

impl App {
    /// The files of a digest. They hold what its text says, in another form.
    pub(super) fn digest_files(
        &self,
        all: &[Loaded],
        sessions: &[Arc<Sessions>],
        digest: &PostDigest,
    ) -> Result<Vec<Attachment>> {
        let first = digest.first();
        let mut files = Vec::new();
        let code = ascii(&first.post);
        if digest.parts().any(|(_, part)| !part.sessions.is_empty()) {
            let bytes = list(digest)
                .map_err(|error| AppError::refused("refused-list", &[("said", &error)]))?;
            let name = format!("list-{code}{}.xlsx", first.tomorrow);
            files.push(Attachment { name, mime: MIME.to_owned(), bytes });
        }
        let mut calendars = Vec::new();
        for (nth, part) in digest.parts() {
            let (loaded, sessions) = (&all[nth], &sessions[nth]);
            let days = (part.today, part.tomorrow + TimeDelta::days(CALENDAR_DAYS));
            let dropped_since =
                day_end(loaded.campaign.timezone, part.today - TimeDelta::days(CANCELLED_DAYS));
            let found: Vec<_> = sessions
                .of(&part.post, days)
                .filter(|(_, one)| !one.cancelled || one.changed_at >= millis(dropped_since))
                .collect();
            if !found.is_empty() {
                calendars.push((nth, found));
            }
        }
        for (nth, found) in &calendars {
            let loaded = &all[*nth];
            // A calendar program takes a file for each campaign apart.
            let of = match calendars.len() {
                1 => String::new(),
                _ => ascii(loaded.campaign.id.as_str()),
            };
            let text =
                self.calendar(loaded, &first.post_name, first.language, found.iter().copied());
            let name = format!("sessions-{code}{of}{}.ics", first.tomorrow);
            let (mime, bytes) = (calendar::MIME.to_owned(), text.into_bytes());
            files.push(Attachment { name, mime, bytes });
        }
        Ok(files)
    }
}

/// The characters of a code that a file name may have, followed by a dash; empty where there are none.
fn ascii(code: &str) -> String {
    /// Longer codes would not help to tell files apart.
    const CHARS_MAX: usize = 24;
    let kept: String = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .take(CHARS_MAX)
        .collect();
    if kept.is_empty() { kept } else { format!("{kept}-") }
}

/// Tomorrow's list: people to tick off, and vaccine to take, with sheets for each vaccine where there are several. The
/// same digest gives the same bytes.
fn list(digest: &PostDigest) -> std::result::Result<Vec<u8>, XlsxError> {
    let first = digest.first();
    let title = format!("{} {}", first.post_name, first.tomorrow);
    let mut book = Book::new(&title, first.today.and_time(NaiveTime::MIN));
    for (_, part) in digest.parts().filter(|(_, part)| !part.sessions.is_empty()) {
        list_of(&mut book, &title, part)?;
    }
    book.bytes()
}

fn list_of(
    book: &mut Book,
    title: &str,
    digest: &LeadDigest,
) -> std::result::Result<(), XlsxError> {
    let say = |key: &str| word(digest.language, key);
    let sheet_name = |key: &str| match &digest.vaccine_name {
        Some(vaccine) => format!("{} {vaccine}", say(key)),
        None => say(key),
    };
    if digest.sessions.iter().any(|session| !session.people.is_empty()) {
        let heads = ["place", "number", "name", "code", "phone", "group", "dose", "came", "note"];
        let rows = digest.sessions.iter().flat_map(|session| {
            let people = session.people.iter().enumerate();
            people.map(move |(index, person)| person_row(session, index + 1, person))
        });
        let heads = heads.map(|head| list_head(&say, head));
        sheet(book, (&sheet_name("list-people"), title), &heads, rows, None)?;
    }
    let heads = ["place", "group", "dose", "area", "people"];
    let rows = digest.sessions.iter().flat_map(|session| {
        session.expected.iter().map(move |line| {
            vec![
                Cell::text(&session.place_name),
                Cell::text(&line.group_name),
                Cell::Count(i64::from(line.dose)),
                Cell::text(&line.area_name),
                count(line.people),
            ]
        })
    });
    let heads = heads.map(|head| list_head(&say, head));
    let total = say("mail-summary-total");
    let sums = Some((total.as_str(), &[4][..]));
    sheet(book, (&sheet_name("list-expected"), title), &heads, rows, sums)?;
    let heads = ["place", "lot", "product", "doses", "vials", "expires"];
    let rows = digest.sessions.iter().flat_map(|session| draw_rows(digest.language, session));
    let heads = heads.map(|head| list_head(&say, head));
    let sums = Some((total.as_str(), &[3, 4][..]));
    sheet(book, (&sheet_name("list-draw"), title), &heads, rows, sums)
}

fn list_head(say: &dyn Fn(&str) -> String, head: &str) -> String {
    say(&format!("list-{head}"))
}

fn count(number: u64) -> Cell {
    Cell::Count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn person_row(session: &SessionSheet, number: usize, person: &PersonLine) -> Vec<Cell> {
    vec![
        Cell::text(&session.place_name),
        count(number as u64),
        Cell::text(person.name.clone().unwrap_or_default()),
        Cell::text(person.person.as_str()),
        Cell::text(person.phone.clone().unwrap_or_default()),
        Cell::text(&person.group_name),
        Cell::Count(i64::from(person.dose)),
        Cell::text(""),
        Cell::text(""),
    ]
}

/// Doses by lot, and vials where the lot says how many doses a vial holds.
fn draw_rows(language: Language, session: &SessionSheet) -> Vec<Vec<Cell>> {
    let vials = |lot: &str| session.vials.iter().find(|line| line.lot.as_str() == lot);
    session
        .draws
        .iter()
        .map(|draw| {
            vec![
                Cell::text(&session.place_name),
                Cell::text(draw.lot.as_str()),
                Cell::text(product_with_code(language, &draw.product, draw.vaccine.as_deref())),
                count(draw.doses),
                vials(draw.lot.as_str()).map_or(Cell::Blank, |line| count(line.vials)),
                Cell::Day(draw.expires),
            ]
        })
        .collect()
}

/// The word for a sum, and the columns that have one.
type Sums<'a> = Option<(&'a str, &'a [usize])>;

/// Adds a sheet with a title, column heads and rows, and below several rows their sums. Narrow tables stand upright on
/// their paper.
fn sheet(
    book: &mut Book,
    (name, title): (&str, &str),
    heads: &[String],
    rows: impl Iterator<Item = Vec<Cell>>,
    sums: Sums<'_>,
) -> std::result::Result<(), XlsxError> {
    let mut page = book.page(name);
    page.print_as(u16::try_from(heads.len()).unwrap_or(u16::MAX), (1, 1))?;
    page.put(0, 0, &Cell::text(format!("{title} {name}")), Look::Title)?;
    for (column, head) in (0..).zip(heads) {
        page.put(1, column, &Cell::text(head), Look::Head)?;
    }
    let mut rows: Vec<(Vec<Cell>, Look)> = rows.map(|row| (row, Look::Plain)).collect();
    if let Some((word, columns)) = sums.filter(|_| rows.len() > 1) {
        rows.push((sum(word, columns, &rows), Look::Sum));
    }
    for (row, (cells, look)) in (2..).zip(&rows) {
        for (column, cell) in (0..).zip(cells) {
            page.put(row, column, cell, *look)?;
        }
    }
    page.freeze(2, 0)?;
    page.close()
}

/// The row of sums; a column without figures has none.
fn sum(word: &str, columns: &[usize], rows: &[(Vec<Cell>, Look)]) -> Vec<Cell> {
    let of = |column: usize| {
        let figures = rows.iter().filter_map(|(row, _)| match row.get(column) {
            Some(Cell::Count(figure)) => Some(*figure),
            _ => None,
        });
        let figures: Vec<i64> = figures.collect();
        if figures.is_empty() { Cell::Blank } else { Cell::Count(figures.iter().sum()) }
    };
    let width = rows.first().map_or(0, |(row, _)| row.len());
    let cell = |column: usize| match column {
        0 => Cell::text(word),
        _ if columns.contains(&column) => of(column),
        _ => Cell::Blank,
    };
    (0..width).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_of_the_columns_that_have_figures() {
        let row = |lot: &str, doses: i64| {
            (vec![Cell::text("S1"), Cell::text(lot), Cell::Count(doses), Cell::Blank], Look::Plain)
        };
        let rows = [row("L1", 30), row("L2", 12)];
        let expected = [Cell::text("合计"), Cell::Blank, Cell::Count(42), Cell::Blank];
        assert_eq!(sum("合计", &[2, 3], &rows), expected);
    }
}
