//! Marks what is wrong in a workbook: bad cells are coloured, the reason stands beside the row. Every cell keeps
//! its place, so messages name the rows that people see, and a corrected workbook can be read again.

use super::forms::{Form, form};
use super::issue::Issue;
use super::labels::column_called;
use super::table::{ABOUT, Column, REASON, RawRow, codes_of, header_at, name_of};
use super::values::clean;
use super::workbook::Book;
use super::workbook_form as forms;
use super::workbook_out::{self as out, Cell, Look, Page};
use crate::domain::campaign::Language;
use crate::text;
use chrono::NaiveDateTime;
use rust_xlsxwriter::XlsxError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Path of the marked workbook: `活动-errors.xlsx` beside `活动.xlsx`.
pub fn marked_path(input: &Path) -> PathBuf {
    let mut name = input.file_stem().unwrap_or_default().to_os_string();
    name.push("-errors.xlsx");
    input.with_file_name(name)
}

/// The workbook at `path` with its issues marked; fails with an issue if it cannot be read.
pub fn marked(
    path: &Path,
    issues: &[Issue],
    language: Language,
    made_at: NaiveDateTime,
) -> Result<Vec<u8>, Issue> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    mark(Book::open(path, &name)?, &name, issues, (language, made_at))
}

/// The same for an uploaded workbook.
pub fn marked_upload(
    bytes: Vec<u8>,
    name: &str,
    issues: &[Issue],
    language: Language,
    made_at: NaiveDateTime,
) -> Result<Vec<u8>, Issue> {
    mark(Book::of_upload(bytes, name)?, name, issues, (language, made_at))
}

fn mark(
    mut book: Book,
    name: &str,
    issues: &[Issue],
    (language, made_at): (Language, NaiveDateTime),
) -> Result<Vec<u8>, Issue> {
    let refused =
        |error: XlsxError| Issue::error("bad_workbook", name).with("reason", error.to_string());
    let mut out = out::Book::new(name, made_at);
    list(&mut out, name, issues, language).map_err(refused)?;
    let sheets = book.sheets();
    for sheet in sheets.iter().filter(|sheet| !forms::is_ours(sheet)) {
        let shown = book.shown(sheet);
        let rows = book.rows(sheet)?;
        let form = form(&sheet.trim().to_lowercase());
        let mut page = out.page(sheet);
        let of_sheet = issues.iter().filter(|issue| *issue.file == *shown);
        let written = match form {
            Some(form) => table(&mut page, form, &rows, of_sheet, language),
            None => plain(&mut page, &rows),
        };
        written.and_then(|()| page.close()).map_err(refused)?;
    }
    let known = sheets.iter().filter_map(|sheet| form(&sheet.trim().to_lowercase()));
    let known: Vec<Form> = known.collect();
    let help = text::word(language, "workbook-guide-3");
    forms::guide(&mut out, &known, &help, name, language).map_err(refused)?;
    out.bytes().map_err(refused)
}

/// The first sheet: a list of all issues.
fn list(
    book: &mut out::Book,
    name: &str,
    issues: &[Issue],
    language: Language,
) -> Result<(), XlsxError> {
    let word = |key: &str| text::word(language, key);
    let mut page = book.page(&word("workbook-reason-sheet"));
    let count = issues.len();
    let title = text::say(language, "workbook-errors-title", &[("file", &name), ("count", &count)]);
    let heads = ["sheet", "reason-row", "column", "reason-what"];
    let heads = heads.map(|head| word(&format!("workbook-{head}")));
    let rows: Vec<Vec<Cell>> = issues
        .iter()
        .map(|issue| {
            let sheet = issue.file.rsplit_once('!').map_or(&*issue.file, |(_, sheet)| sheet);
            vec![
                Cell::text(sheet),
                issue.row.map_or(Cell::Blank, |row| Cell::Count(row.into())),
                Cell::text(issue.column.clone().unwrap_or_default()),
                Cell::text(issue.message(language)),
            ]
        })
        .collect();
    page.table(&[title, word("workbook-errors-help")], &heads, &rows)?;
    page.close()
}

/// Copies a sheet that is not one of our tables.
fn plain(page: &mut Page<'_>, rows: &[RawRow]) -> Result<(), XlsxError> {
    for row in rows {
        for (at, text) in (0..).zip(&row.cells) {
            page.put(row.row - 1, at, &Cell::text(text), Look::Plain)?;
        }
    }
    Ok(())
}

/// Writes one of our tables: cells in their places, marks, reasons.
fn table<'a>(
    page: &mut Page<'_>,
    form: Form,
    rows: &[RawRow],
    issues: impl Iterator<Item = &'a Issue>,
    language: Language,
) -> Result<(), XlsxError> {
    let Some(header) = header_at(form.stem, form.columns, rows).map(|at| &rows[at]) else {
        return plain(page, rows);
    };
    let names: Vec<String> = header.cells.iter().map(|cell| name_of(cell)).collect();
    let known = |at: usize| -> Option<&'static Column> {
        form.columns.get(column_called(form.stem, codes_of(form.columns), names.get(at)?)?)
    };
    // A table with reasons of its own (why a place is closed) keeps them; ours stand in a column that reading skips.
    let head = if codes_of(form.columns).any(|name| name == REASON) { ABOUT } else { REASON };
    let reason_at = names.iter().position(|name| name == head);
    let widest = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let reason_at = reason_at.unwrap_or(widest);
    let (mut marks, mut reasons) = (Marks::new(), Reasons::new());
    for issue in issues {
        let Some(row) = issue.row else { continue };
        reasons.entry(row).or_default().push(issue.told(language));
        let look = if issue.is_error() { Look::Bad } else { Look::Doubtful };
        if let Some(at) = cell_of(form, &names, rows, issue) {
            let mark = marks.entry((row, at)).or_insert((look, Vec::new()));
            mark.0 = mark.0.min(look);
            mark.1.push(issue.message(language));
        }
    }
    let column = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
    let columns: Vec<(u16, &Column)> =
        (0..names.len()).filter_map(|at| Some((column(at), known(at)?))).collect();
    forms::rules(page, form, header.row - 1, &columns, |_| None, language)?;
    for row in rows {
        let is_data = row.row > header.row;
        let last = marks.range((row.row, 0)..=(row.row, usize::MAX)).map(|((_, at), _)| at + 1);
        let cells = last.max().unwrap_or(0).max(row.cells.len());
        for at in (0..cells).filter(|at| *at != reason_at) {
            let text = row.cells.get(at).map_or("", String::as_str);
            let mark = marks.get(&(row.row, at));
            let look = match mark {
                Some((look, _)) => *look,
                None if row.row == header.row => Look::Head,
                None if row.row > header.row => Look::Plain,
                None if row.row == 1 => Look::Title,
                None if row.row + 1 == header.row && at > 0 => Look::Label,
                None => Look::Remark,
            };
            let cell = match known(at).filter(|_| is_data) {
                Some(known) => forms::cell(known.name, text),
                None => Cell::text(text),
            };
            page.put(row.row - 1, column(at), &cell, look)?;
            if let Some((_, messages)) = mark {
                page.note(row.row - 1, column(at), &messages.join("\n"))?;
            }
        }
        if let Some(reasons) = reasons.get(&row.row) {
            page.put(
                row.row - 1,
                column(reason_at),
                &Cell::text(reasons.join("\n")),
                Look::Reason,
            )?;
        }
    }
    page.put(header.row - 1, column(reason_at), &Cell::text(head), Look::Head)?;
    page.freeze(header.row, 0)
}

/// The reasons, by row.
type Reasons = BTreeMap<u32, Vec<String>>;

/// The marked cells, by row and column.
type Marks = BTreeMap<(u32, usize), (Look, Vec<String>)>;

/// The cell that an issue is about.
fn cell_of(form: Form, names: &[String], rows: &[RawRow], issue: &Issue) -> Option<usize> {
    let column = name_of(issue.column.as_deref()?);
    let at = |wanted: &str| {
        let place = form.columns.iter().position(|column| column.name == wanted);
        let is_it = |name: &String| {
            name == wanted
                || (place.is_some()
                    && place == column_called(form.stem, codes_of(form.columns), name))
        };
        names.iter().position(is_it)
    };
    if form.columns.iter().any(|known| known.name == "key") {
        // On a sheet of settings the key stands in the row and its value beside it.
        let key = at("key")?;
        let row = rows.iter().find(|row| Some(row.row) == issue.row)?;
        let is_value = row.cells.get(key).is_some_and(|text| name_of(clean(text)) == column);
        return if is_value && issue.code != "unknown_key" { at("value") } else { Some(key) };
    }
    at(&column)
}

/// Refused rows of one kind with their reasons, as a form that can be corrected and imported again.
pub(super) fn refused(
    stem: &str,
    names: &[String],
    rows: &[(Vec<String>, Vec<Issue>)],
    language: Language,
    made_at: NaiveDateTime,
) -> Option<Result<Vec<u8>, XlsxError>> {
    let form = form(stem)?;
    Some(refused_of(form, names, rows, language, made_at))
}

fn refused_of(
    form: Form,
    names: &[String],
    rows: &[(Vec<String>, Vec<Issue>)],
    language: Language,
    made_at: NaiveDateTime,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = out::Book::new(form.stem, made_at);
    let mut page = book.page(form.stem);
    let code = |name: &String| {
        let at = column_called(form.stem, codes_of(form.columns), name);
        at.and_then(|at| form.columns.get(at)).map_or("", |column| column.name)
    };
    let known: Vec<&str> = names.iter().map(code).collect();
    let reason_at = u16::try_from(names.len()).unwrap_or(u16::MAX);
    for (at, name) in (0..).zip(names) {
        page.put(0, at, &Cell::text(name), Look::Head)?;
    }
    page.put(0, reason_at, &Cell::text(REASON), Look::Head)?;
    for (row, (cells, issues)) in (1..).zip(rows) {
        for (at, (name, text)) in (0..).zip(known.iter().zip(cells)) {
            let of_cell = issues.iter().filter(|issue| issue.column.as_deref() == Some(name));
            let messages: Vec<String> = of_cell.map(|issue| issue.message(language)).collect();
            let look = if messages.is_empty() { Look::Plain } else { Look::Bad };
            page.put(row, at, &forms::cell(name, text), look)?;
            if !messages.is_empty() {
                page.note(row, at, &messages.join("\n"))?;
            }
        }
        let reasons: Vec<String> = issues.iter().map(|issue| issue.told(language)).collect();
        page.put(row, reason_at, &Cell::text(reasons.join("\n")), Look::Reason)?;
    }
    page.freeze(1, 0)?;
    page.close()?;
    book.bytes()
}
