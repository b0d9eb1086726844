//! Reports as tables, JSON, CSV files and sheets of a workbook.

use super::output::{NONE, Sheet, harmless};
use super::{Invocation, output};
use crate::app::reports::{Ask, Explained, Part, SourceRecord};
use crate::domain::campaign::{Campaign, Language};
use crate::domain::report::{Basis, Figure, Report, Value};
use crate::intake::csv_out;
use crate::intake::workbook_out::{Book, Cell};
use crate::text;
use serde_json::json;

/// The number of the first row of figures, in the workbook and on the terminal.
pub(super) const FIRST_ROW: usize = 5;
/// At most this many records of a part are shown on a terminal.
const RECORDS_SHOWN_MAX: usize = 40;

/// A report to be shown in a language.
pub(super) struct Shown<'a> {
    language: Language,
    campaign: &'a Campaign,
    ask: &'a Ask,
    report: &'a Report,
}

/// The letters of a column: `A` for the first.
pub(super) fn letters(index: usize) -> String {
    let letter = |at: usize| char::from(b'A' + u8::try_from(at % 26).unwrap_or(0));
    if index < 26 {
        letter(index).to_string()
    } else {
        format!("{}{}", letter(index / 26 - 1), letter(index))
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::None => NONE.to_owned(),
        Value::Count(count) => text::thousands(*count),
        Value::Percent(percent) => percent.to_string(),
        Value::Day(day) => day.to_string(),
        Value::Text(text) => harmless(text),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::None => String::new(),
        Value::Count(count) => count.to_string(),
        other => shown(other),
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::None => Cell::Blank,
        Value::Count(count) => Cell::Count(*count),
        Value::Percent(percent) => Cell::Decimals(percent.shown(), 1),
        Value::Day(day) => Cell::Day(*day),
        Value::Text(text) => Cell::text(text),
    }
}

impl<'a> Shown<'a> {
    pub(super) fn new(
        language: Language,
        campaign: &'a Campaign,
        ask: &'a Ask,
        report: &'a Report,
    ) -> Self {
        Self { language, campaign, ask, report }
    }

    fn word(&self, key: &str) -> String {
        text::word(self.language, key)
    }

    /// The title of the table.
    pub(super) fn name(&self) -> String {
        self.word(&format!("report-name-{}", self.report.name.word()))
    }

    /// The title as the name of a file.
    pub(super) fn file_name(&self) -> String {
        self.name().replace([':', '/', '\\'], " ")
    }

    /// The lines above the table: title, days, what the figures mean.
    pub(super) fn titles(&self) -> [String; 3] {
        let (report, name) = (self.report, self.name());
        let area = self.campaign.area(report.area.as_str()).map_or("", |area| area.name.as_str());
        let say = |key: &str, arguments: &[(&str, &dyn std::fmt::Display)]| {
            text::say(self.language, key, arguments)
        };
        let mut period = say("report-period", &[("first", &report.first), ("last", &report.last)]);
        let month_end = chrono::Datelike::month(&report.last)
            != chrono::Datelike::month(&(report.last + chrono::TimeDelta::days(1)));
        if !month_end {
            period.push_str(&format!("; {}", say("report-so-far", &[("last", &report.last)])));
        }
        if let Some(day) = &self.ask.known_on {
            period.push_str(&format!("; {}", say("report-known-on", &[("day", day)])));
        }
        [
            say("report-title", &[("area", &area), ("name", &name)]),
            period,
            self.word(&format!("report-about-{}", report.name.word())),
        ]
    }

    /// The heading of a column.
    pub(super) fn head(&self, column: &str) -> String {
        let own = format!("report-column-{}-{column}", self.report.name.word());
        text::found(self.language, &own)
            .unwrap_or_else(|| self.word(&format!("report-column-{column}")))
    }

    /// The table: for a terminal with the addresses of its cells, else for programs.
    pub(super) fn sheet(&self, is_for_people: bool) -> Sheet {
        let rows = self.report.rows.iter();
        if !is_for_people {
            let mut sheet = Sheet::new(self.report.columns);
            for row in rows {
                sheet.push(row.iter().map(|figure| plain(&figure.value)).collect());
            }
            return sheet;
        }
        // On a terminal a code is left out where its name follows; the other columns keep their letters.
        let is_code = |column: &str| matches!(column, "area" | "group");
        let kept: Vec<usize> = (0..self.report.columns.len())
            .filter(|at| !is_code(self.report.columns[*at]) || !self.has_name(*at))
            .collect();
        let heads = kept
            .iter()
            .map(|at| format!("{}·{}", letters(*at), self.head(self.report.columns[*at])));
        let mut sheet = Sheet::named(std::iter::once("#".to_owned()).chain(heads));
        for (number, row) in (FIRST_ROW..).zip(rows) {
            let cells = kept.iter().map(|at| shown(&row[*at].value));
            sheet.push(std::iter::once(number.to_string()).chain(cells).collect());
        }
        sheet
    }

    /// Whether the next column has the names for this column's codes.
    fn has_name(&self, at: usize) -> bool {
        let name = format!("{}_name", self.report.columns[at]);
        self.report.columns.get(at + 1).is_some_and(|next| *next == name)
    }

    /// The report in the form of `-o json`.
    pub(super) fn json(&self) -> serde_json::Value {
        let report = self.report;
        let columns: Vec<_> = (0..)
            .zip(report.columns)
            .map(|(at, column)| {
                json!({ "letter": letters(at), "column": column, "name": self.head(column) })
            })
            .collect();
        let rows: Vec<_> = (FIRST_ROW..)
            .zip(&report.rows)
            .map(|(number, row)| {
                let cells: serde_json::Map<String, serde_json::Value> = report
                    .columns
                    .iter()
                    .zip(row)
                    .map(|(column, figure)| ((*column).to_owned(), json!(figure.value)))
                    .collect();
                json!({ "row": number, "cells": cells })
            })
            .collect();
        json!({
            "report": report.name, "name": self.name(), "area": report.area,
            "first": report.first, "last": report.last, "known_on": self.ask.known_on,
            "columns": columns, "rows": rows,
        })
    }

    /// The report as a file that a spreadsheet opens.
    pub(super) fn csv_file(&self) -> String {
        let mut out = String::from(csv_out::BOM);
        out.push_str(&csv_out::line(self.report.columns.iter().map(|column| self.head(column))));
        for row in &self.report.rows {
            out.push_str(&csv_out::line(row.iter().map(|figure| plain(&figure.value))));
        }
        out
    }
}

/// A workbook with a sheet for each report.
pub(super) struct Tables {
    book: Book,
}

impl Tables {
    pub(super) fn new(invocation: &Invocation, campaign: &Campaign) -> Self {
        let made_at = invocation.clock.now().with_timezone(&campaign.timezone).naive_local();
        Self { book: Book::new(&campaign.name, made_at) }
    }

    /// Adds a sheet; `prefix` begins its name.
    pub(super) fn add(&mut self, shown: &Shown<'_>, prefix: &str) -> anyhow::Result<()> {
        let mut page = self.book.page(&format!("{prefix}{}", shown.file_name()));
        let heads: Vec<String> =
            shown.report.columns.iter().map(|column| shown.head(column)).collect();
        let rows: Vec<Vec<Cell>> = shown
            .report
            .rows
            .iter()
            .map(|row| row.iter().map(|figure| cell(&figure.value)).collect())
            .collect();
        page.table(&shown.titles(), &heads, &rows)?;
        page.close()?;
        Ok(())
    }

    pub(super) fn bytes(self) -> anyhow::Result<Vec<u8>> {
        Ok(self.book.bytes()?)
    }
}

/// What a part of a figure was computed from, in words.
fn what(language: Language, part: &Part) -> String {
    let say = |key: &str, arguments: &[(&str, &dyn std::fmt::Display)]| {
        text::say(language, key, arguments)
    };
    match &part.figure.basis {
        Basis::Given(pick) => {
            let any = text::word(language, "report-what-any");
            let start = text::word(language, "report-what-start");
            let dose = pick.dose.map_or(any, |dose| dose.to_string());
            let first = pick.first.map_or(start, |day| day.to_string());
            let last = pick.last;
            say("report-what-given", &[("dose", &dose), ("first", &first), ("last", &last)])
        }
        Basis::Eligible { day, .. } => say("report-what-eligible", &[("day", day)]),
        Basis::Arrivals(pick) => {
            let (from, to) = (pick.days_min, pick.days_max.min(9999));
            say("report-what-arrivals", &[("from", &from), ("to", &to)])
        }
        Basis::Lot { lot, .. } => say("report-what-lot", &[("lot", lot)]),
        Basis::Cohort { year, .. } => say("report-what-cohort", &[("year", year)]),
        Basis::Register => say("report-what-register", &[]),
        Basis::Words | Basis::Less(..) | Basis::Over(..) => String::new(),
    }
}

fn opt<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn letter(index: usize) -> String {
    letters(index).to_lowercase()
}

const COLUMNS: [&str; 11] = [
    "part", "kind", "record", "person", "date", "place", "area", "group", "dose", "says", "counts",
];

fn record_row(
    language: Language,
    part: usize,
    record: &SourceRecord,
    is_for_people: bool,
) -> Vec<String> {
    let kind = if is_for_people {
        text::word(language, &format!("behind-{}", record.kind))
    } else {
        record.kind.to_owned()
    };
    vec![
        letter(part),
        kind,
        harmless(&record.record),
        opt(record.person.as_ref()),
        opt(record.day.as_ref()),
        opt(record.place.as_ref()),
        opt(record.area.as_ref()),
        opt(record.group.as_ref()),
        opt(record.dose.as_ref()),
        record.says.to_string(),
        record.counts.to_string(),
    ]
}

/// What a cell was computed from, as `-o json` prints it; without records where nothing is `told`.
pub(super) fn explained_json(
    language: Language,
    (report, address): (&Report, &str),
    figure: &Figure,
    told: Option<&Explained>,
) -> serde_json::Value {
    let cell = address.trim().to_ascii_uppercase();
    let Some(told) = told else {
        return json!({
            "report": report.name, "cell": cell, "value": figure.value, "formula": null,
            "parts": [],
        });
    };
    let parts: Vec<_> = (0..)
        .zip(&told.parts)
        .map(|(index, part)| {
            let records: Vec<_> = part
                .records
                .iter()
                .map(|record| {
                    json!({
                        "kind": record.kind, "record": record.record, "person": record.person,
                        "date": record.day, "place": record.place, "area": record.area,
                        "group": record.group, "dose": record.dose, "says": record.says,
                        "counts": record.counts,
                    })
                })
                .collect();
            json!({
                "part": letter(index), "value": part.figure.value, "what": what(language, part),
                "records": records,
            })
        })
        .collect();
    json!({
        "report": report.name, "cell": cell, "value": told.figure.value,
        "formula": told.formula, "parts": parts,
    })
}

/// The records that a cell was computed from.
pub(super) fn explained_sheet(language: Language, told: Option<&Explained>) -> Sheet {
    let mut sheet = Sheet::new(&COLUMNS);
    for (index, part) in told.iter().flat_map(|told| &told.parts).enumerate() {
        for record in &part.records {
            sheet.push(record_row(language, index, record, false));
        }
    }
    sheet
}

/// Prints what a cell was computed from, for people.
pub(super) fn explained(invocation: &Invocation, report: &Report, address: &str, told: &Explained) {
    let out = invocation.out;
    let value = |figure: &Figure| shown(&figure.value);
    let address = address.trim().to_ascii_uppercase();
    let name = report.name.word();
    let column = out.word(&format!("report-name-{name}"));
    let said = value(&told.figure);
    let line = out.say(
        "report-cell",
        &[("cell", &harmless(&address)), ("column", &column), ("value", &said)],
    );
    output::print(&format!("{line}\n"));
    let line = out.say("report-formula", &[("formula", &told.formula)]);
    output::print(&format!("{line}\n"));
    for (index, part) in told.parts.iter().enumerate() {
        let (name, said) = (letter(index), value(&part.figure));
        let what = what(out.language, part);
        let line = out.say("report-part", &[("name", &name), ("value", &said), ("what", &what)]);
        output::print(&format!("\n{line}\n"));
        let mut sheet = Sheet::new(&COLUMNS).spare(&["part", "group", "area"]);
        for record in part.records.iter().take(RECORDS_SHOWN_MAX) {
            sheet.push(record_row(out.language, index, record, true));
        }
        if !sheet.is_empty() {
            out.sheet(&sheet);
        }
        let more = part.records.len().saturating_sub(RECORDS_SHOWN_MAX);
        if more > 0 {
            out.note("report-more", &[("count", &more)]);
        }
    }
}
