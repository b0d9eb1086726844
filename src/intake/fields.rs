//! Reads one row of a table cell by cell. Every fault becomes an issue, and reading goes on.

#![expect(clippy::option_option, reason = "outer: the cell was refused; inner: the cell is blank")]

use super::issue::{Issue, nearest};
use super::records::Record;
use super::table::{Column, Line, Table};
use super::values::{self, Number, YEARS, clean, half_width, number, plain_count};
use crate::characters::is_invisible;
use crate::domain::area::Point;
use crate::domain::contact::Contact;
use crate::domain::date::Weekdays;
use crate::domain::resident_id::{self, Misfit};
use crate::domain::series::Duration;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Largest number of people or doses in a cell, for a group in an area, a lot or a day. No county has more.
pub(super) const COUNT_MAX: u32 = 100_000_000;
/// Longest code, in characters. Codes appear in tables, mails and file names.
const CODE_CHARS_MAX: usize = 100;
/// Longest name or remark, in characters.
const TEXT_CHARS_MAX: usize = 500;

/// How the cells of a row are stored.
enum Cells<'a> {
    /// One for each column, in the order of the columns.
    Line(&'a Line),
    /// In the order of the file, with the cell of each column.
    Record(Record<'a>, &'a [Option<usize>]),
}

/// A row that is being read. Its methods return `None` after they have added an issue.
pub(super) struct Fields<'a> {
    file: &'a str,
    row: u32,
    columns: &'static [Column],
    cells: Cells<'a>,
    /// The column read last.
    last: std::cell::Cell<usize>,
    /// Issues found in the row so far.
    pub(super) issues: Vec<Issue>,
}

impl<'a> Fields<'a> {
    /// A row of a table.
    pub(super) fn new(table: &'a Table, line: &'a Line) -> Self {
        Self {
            file: &table.file,
            row: line.row,
            columns: table.columns,
            cells: Cells::Line(line),
            last: std::cell::Cell::new(0),
            issues: Vec::new(),
        }
    }

    /// A row of a stream of rows.
    pub(super) fn of_record(
        file: &'a str,
        columns: &'static [Column],
        index: &'a [Option<usize>],
        record: Record<'a>,
    ) -> Self {
        let cells = Cells::Record(record, index);
        let last = std::cell::Cell::new(0);
        Self { file, row: record.row, columns, cells, last, issues: Vec::new() }
    }

    /// The place of a column. Rows are mostly read in the order of the columns, so the next one is tried first.
    fn at(&self, column: &str) -> usize {
        let last = self.last.get();
        let is_at = |at: usize| self.columns.get(at).is_some_and(|known| same(known.name, column));
        let at = if is_at(last) {
            last
        } else if is_at(last + 1) {
            last + 1
        } else {
            match self.columns.iter().position(|known| known.name == column) {
                Some(at) => at,
                None => return usize::MAX,
            }
        };
        self.last.set(at);
        at
    }

    /// The cleaned text of a cell; empty if the column is absent.
    pub(super) fn get(&self, column: &str) -> &'a str {
        let at = self.at(column);
        clean(match &self.cells {
            Cells::Line(line) => line.cells.get(at).map_or("", String::as_str),
            Cells::Record(record, index) => {
                index.get(at).copied().flatten().map_or("", |cell| record.cell(cell))
            }
        })
    }

    /// Whether a cell is empty.
    pub(super) fn is_blank(&self, column: &str) -> bool {
        self.get(column).is_empty()
    }

    /// An issue about a cell, not yet added.
    pub(super) fn issue(&self, code: &'static str, column: &'static str) -> Issue {
        let at = self.at(column);
        let row = match &self.cells {
            Cells::Line(line) => line.cell_rows.get(at).copied().unwrap_or(self.row),
            Cells::Record(..) => self.row,
        };
        let issue = Issue::error(code, self.file).row(row).column(column);
        if self.columns.get(at).is_some_and(|column| column.is_private) {
            issue.value("…")
        } else {
            issue.value(self.get(column))
        }
    }

    /// Adds an issue about a cell.
    pub(super) fn refuse<T>(&mut self, code: &'static str, column: &'static str) -> Option<T> {
        let issue = self.issue(code, column);
        self.issues.push(issue);
        None
    }

    /// A required code or id, full-width letters and digits made narrow. One that a sheet has turned into a number
    /// with an exponent has lost its digits.
    pub(super) fn code(&mut self, column: &'static str) -> Option<String> {
        let code = self.text_within(column, CODE_CHARS_MAX)?;
        if code.is_ascii() {
            return if values::is_exponent(&code) {
                self.refuse("number_for_code", column)
            } else {
                Some(code)
            };
        }
        let code = half_width(&code).trim().to_owned();
        if values::is_exponent(&code) { self.refuse("number_for_code", column) } else { Some(code) }
    }

    /// A required code of a person. Numbers of identity cards are checked; what does not fit is a warning.
    pub(super) fn person(
        &mut self,
        column: &'static str,
        born: Option<NaiveDate>,
    ) -> Option<String> {
        let code = self.code(column)?;
        let code = resident_id::normal(&code).into_owned();
        let warning = match resident_id::misfit(&code, born) {
            Some(Misfit::CheckDigit) => "id_check_digit",
            Some(Misfit::Born) => "id_born",
            None => return Some(code),
        };
        // The number holds the birth date, so only its end is shown.
        let end = code.get(code.len() - 4..).unwrap_or_default().to_owned();
        let mut issue = self.issue(warning, column).value(&format!("…{end}"));
        issue.severity = super::issue::Severity::Warning;
        self.issues.push(issue);
        Some(code)
    }

    /// An optional code.
    pub(super) fn code_maybe(&mut self, column: &'static str) -> Option<Option<String>> {
        if self.is_blank(column) { Some(None) } else { self.code(column).map(Some) }
    }

    /// A required text.
    pub(super) fn text(&mut self, column: &'static str) -> Option<String> {
        self.text_within(column, TEXT_CHARS_MAX)
    }

    /// An optional text.
    pub(super) fn text_maybe(&mut self, column: &'static str) -> Option<Option<String>> {
        if self.is_blank(column) { Some(None) } else { self.text(column).map(Some) }
    }

    fn text_within(&mut self, column: &'static str, chars_max: usize) -> Option<String> {
        let text = self.get(column);
        if text.is_empty() {
            return self.refuse("missing_value", column);
        }
        let is_plain = text.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !is_plain && text.chars().any(|c| c.is_control() || is_invisible(c)) {
            return self.refuse("control_character", column);
        }
        if text.starts_with('#') && is_cell_error(text) {
            return self.refuse("cell_error", column);
        }
        if text.len() > chars_max && text.chars().count() > chars_max {
            let issue = self.issue("text_too_long", column).with("limit", chars_max);
            self.issues.push(issue);
            return None;
        }
        Some(text.to_owned())
    }

    /// A required whole number.
    pub(super) fn count(
        &mut self,
        column: &'static str,
        limits: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let text = self.get(column);
        if text.is_empty() {
            return self.refuse("missing_value", column);
        }
        if let Some(count) = plain_count(text).filter(|count| limits.contains(count)) {
            return Some(count);
        }
        let code = match number(text) {
            Number::No => "not_a_number",
            Number::Exact(number) if !number.fract().is_zero() => "not_whole",
            // `12.0` is refused: a decimal point makes it doubtful what the cell means.
            Number::Exact(number) if text.contains('.') && number.scale() > 0 => "not_whole",
            Number::Exact(number) => match number.to_u32().filter(|n| limits.contains(n)) {
                Some(count) => return Some(count),
                None => "out_of_range",
            },
            Number::Huge => "out_of_range",
        };
        let (min, max) = (Decimal::from(*limits.start()), Decimal::from(*limits.end()));
        self.refuse_number(code, column, (min, max), (true, true))
    }

    /// A whole number; a blank cell means `blank`, the value that the contract sets.
    pub(super) fn count_or(
        &mut self,
        column: &'static str,
        blank: u32,
        limits: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        if self.is_blank(column) { Some(blank) } else { self.count(column, limits) }
    }

    /// An optional whole number.
    pub(super) fn count_maybe(
        &mut self,
        column: &'static str,
        limits: std::ops::RangeInclusive<u32>,
    ) -> Option<Option<u32>> {
        if self.is_blank(column) { Some(None) } else { self.count(column, limits).map(Some) }
    }

    fn refuse_range<T>(
        &mut self,
        code: &'static str,
        column: &'static str,
        min: impl std::fmt::Display,
        max: impl std::fmt::Display,
    ) -> Option<T> {
        let issue = self.issue(code, column).with("min", min).with("max", max);
        self.issues.push(issue);
        None
    }

    /// An exact decimal number between two limits.
    pub(super) fn decimal(
        &mut self,
        column: &'static str,
        min: Decimal,
        max: Decimal,
        is_max_allowed: bool,
    ) -> Option<Decimal> {
        let text = self.get(column);
        if text.is_empty() {
            return self.refuse("missing_value", column);
        }
        match number(text) {
            Number::Exact(number)
                if number >= min && (number < max || (is_max_allowed && number == max)) =>
            {
                Some(number)
            }
            Number::No => {
                self.refuse_number("not_a_number", column, (min, max), (is_max_allowed, false))
            }
            _ => self.refuse_number("out_of_range", column, (min, max), (is_max_allowed, false)),
        }
    }

    /// Refuses a number and gives one that would be right.
    fn refuse_number<T>(
        &mut self,
        code: &'static str,
        column: &'static str,
        (min, max): (Decimal, Decimal),
        (is_max_allowed, is_whole): (bool, bool),
    ) -> Option<T> {
        let example = example(min, max, is_whole);
        let limit = if is_max_allowed { max.to_string() } else { format!("<{max}") };
        let issue = self.issue(code, column).with("min", min).with("max", limit);
        self.issues.push(issue.with("example", example));
        None
    }

    /// A share from 0 to 1; a blank cell means `blank`.
    pub(super) fn share_or(&mut self, column: &'static str, blank: Decimal) -> Option<Decimal> {
        if self.is_blank(column) {
            return Some(blank);
        }
        self.decimal(column, Decimal::ZERO, Decimal::ONE, true)
    }

    /// WHO's vaccine wastage rate, at least 0 and below 1; a blank cell means 0.
    pub(super) fn wastage(&mut self, column: &'static str) -> Option<Decimal> {
        if self.is_blank(column) {
            return Some(Decimal::ZERO);
        }
        self.decimal(column, Decimal::ZERO, Decimal::ONE, false)
    }

    /// A number such as a weight or a speed; a blank cell means `blank`.
    pub(super) fn float_or(
        &mut self,
        column: &'static str,
        blank: f64,
        min: Decimal,
        max: Decimal,
    ) -> Option<f64> {
        if self.is_blank(column) {
            return Some(blank);
        }
        self.decimal(column, min, max, true)?.to_string().parse().ok()
    }

    /// A required day.
    pub(super) fn day(&mut self, column: &'static str) -> Option<NaiveDate> {
        let text = self.get(column);
        if text.is_empty() {
            return self.refuse("missing_value", column);
        }
        match values::day(text) {
            Some(day) if values::is_plausible(day) => Some(day),
            Some(_) => self.refuse_range("date_out_of_range", column, YEARS.start(), YEARS.end()),
            None => self.refuse("bad_date", column),
        }
    }

    /// An optional day.
    pub(super) fn day_maybe(&mut self, column: &'static str) -> Option<Option<NaiveDate>> {
        if self.is_blank(column) { Some(None) } else { self.day(column).map(Some) }
    }

    /// An optional duration.
    pub(super) fn duration_maybe(&mut self, column: &'static str) -> Option<Option<Duration>> {
        if self.is_blank(column) {
            return Some(None);
        }
        match half_width(self.get(column)).parse() {
            Ok(duration) => Some(Some(duration)),
            Err(_) => self.refuse("bad_duration", column),
        }
    }

    /// Weekdays; a blank cell means `blank`.
    pub(super) fn weekdays_or(
        &mut self,
        column: &'static str,
        blank: Weekdays,
    ) -> Option<Weekdays> {
        if self.is_blank(column) {
            return Some(blank);
        }
        match values::weekdays(self.get(column)) {
            Some(days) => Some(days),
            None => self.refuse("bad_weekdays", column),
        }
    }

    /// One of several words. `known` lists them for the message.
    pub(super) fn word<T>(
        &mut self,
        column: &'static str,
        known: &[&str],
        meaning: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = half_width(self.get(column)).to_lowercase();
        if text.is_empty() {
            return self.refuse("missing_value", column);
        }
        if let Some(found) = meaning(&text) {
            return Some(found);
        }
        let near = nearest(&text, known.iter().copied()).unwrap_or("none").to_owned();
        let issue =
            self.issue("bad_word", column).with("known", known.join(", ")).with("nearest", near);
        self.issues.push(issue);
        None
    }

    /// An optional e-mail address.
    pub(super) fn email_maybe(&mut self, column: &'static str) -> Option<Option<String>> {
        if self.is_blank(column) {
            return Some(None);
        }
        let text = half_width(self.get(column));
        if values::is_email(&text) {
            Some(Some(text.into_owned()))
        } else {
            self.refuse("bad_email", column)
        }
    }

    /// The lead of a site or team. A name without an address is a warning, because nothing can be mailed.
    pub(super) fn contact(
        &mut self,
        name_column: &'static str,
        email_column: &'static str,
    ) -> Option<Option<Contact>> {
        let name = self.text_maybe(name_column);
        let email = self.email_maybe(email_column);
        let (name, email) = (name?, email?);
        match (name, email) {
            (None, None) => Some(None),
            (Some(name), None) => {
                let mut issue = self.issue("email_missing", email_column).value(&name);
                issue.severity = super::issue::Severity::Warning;
                self.issues.push(issue);
                Some(Some(Contact { name, email: None }))
            }
            (name, Some(email)) => {
                let name = name.unwrap_or_else(|| email.clone());
                Some(Some(Contact { name, email: Some(email) }))
            }
        }
    }

    /// A required point: latitude and longitude.
    pub(super) fn point(&mut self) -> Option<Point> {
        let latitude = self.degrees("latitude", 90);
        let longitude = self.degrees("longitude", 180);
        Some(Point { latitude: latitude?, longitude: longitude? })
    }

    /// An optional point. Only one of the two coordinates is a fault.
    pub(super) fn point_maybe(&mut self) -> Option<Option<Point>> {
        match (self.is_blank("latitude"), self.is_blank("longitude")) {
            (true, true) => Some(None),
            (false, false) => self.point().map(Some),
            (true, false) => self.refuse("half_a_point", "latitude"),
            (false, true) => self.refuse("half_a_point", "longitude"),
        }
    }

    fn degrees(&mut self, column: &'static str, limit: i32) -> Option<f64> {
        let limit = Decimal::from(limit);
        let degrees = self.decimal(column, -limit, limit, true)?;
        degrees.to_string().parse().ok()
    }
}

/// A number that is allowed: the first of some usual ones that lies between the limits, or else the lower one.
fn example(min: Decimal, max: Decimal, is_whole: bool) -> Decimal {
    let usual = [Decimal::from(120), Decimal::new(319, 1), Decimal::from(3), Decimal::new(5, 1)];
    let fits = |number: &Decimal| {
        *number > min && *number < max && (!is_whole || number.fract().is_zero())
    };
    usual.into_iter().find(fits).unwrap_or(min)
}

/// Whether a text is what a spreadsheet shows if a formula failed, such as `#REF!`.
fn is_cell_error(text: &str) -> bool {
    matches!(
        text,
        "#REF!" | "#N/A" | "#VALUE!" | "#DIV/0!" | "#NAME?" | "#NULL!" | "#NUM!" | "#SPILL!"
    )
}

/// Whether two column names are equal. Most are the same literal, so the pointers are compared first.
fn same(a: &str, b: &str) -> bool {
    std::ptr::eq(a, b) || a == b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_that_a_message_gives_is_allowed() {
        for (min, max, is_whole, given) in [
            ("0", "1", false, "0.5"),
            ("0", "100000000", true, "120"),
            ("-90", "90", false, "31.9"),
            ("-180", "180", false, "120"),
            ("1", "4", true, "3"),
            ("0", "1", true, "0"),
            ("1", "2", true, "1"),
        ] {
            let number = |text: &str| text.parse::<Decimal>().expect(text);
            assert_eq!(example(number(min), number(max), is_whole), number(given), "{min} {max}");
        }
    }
}
