//! Reads an .xlsx workbook cell by cell. Its parts were measured before: [`super::parts`].

use super::cells::{self, Left, RowWriter, SHEETS_MAX, Sink};
use super::number_format::{self, Shown as How};
use super::{Ask, parts, shown};
use crate::intake::issue::Issue;
use calamine::{DataRef, Reader, Xlsx, XlsxError};
use std::borrow::Cow;
use std::fmt::Display;
use std::io::Cursor;

type Book = Xlsx<Cursor<Vec<u8>>>;

/// Reads the sheets that are asked for.
pub(super) fn read(bytes: Vec<u8>, ask: &Ask<'_>, sink: &mut dyn Sink) -> Result<(), Issue> {
    let bad = |reason: &dyn Display| Issue::error("bad_workbook", ask.name).with("reason", reason);
    let bytes_max =
        if ask.is_upload { parts::UPLOAD_UNPACKED_MAX } else { parts::UNPACKED_BYTES_MAX };
    parts::check(&bytes, ask.name, bytes_max, ask.is_upload)?;
    let mut book: Book = Xlsx::new(Cursor::new(bytes)).map_err(|error| bad(&error))?;
    let names = book.sheet_names();
    if names.len() > SHEETS_MAX {
        return Err(bad(&format!("it has more than {SHEETS_MAX} sheets")));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut left = Left::new();
    for at in ask.wanted(&names) {
        let name = names[at];
        cells::check_name(ask.name, name)?;
        sink.sheet(name)?;
        let shown = shown(ask.name, name);
        let mut rows = RowWriter::new(sink, &mut left, &shown);
        read_cells(&mut book, name, &mut rows).map_err(|fault| fault.told(&shown))?;
        rows.finish()?;
        if ask.is_upload {
            // The first formula is enough for a warning. A sheet that is good in all else has no bad formula.
            if let Ok(Some((row, text))) = first_formula(&mut book, name) {
                sink.formula(row.saturating_add(1), &text)?;
            }
        }
    }
    Ok(())
}

enum Fault {
    Xlsx(XlsxError),
    Told(Issue),
}

impl From<XlsxError> for Fault {
    fn from(error: XlsxError) -> Self {
        Self::Xlsx(error)
    }
}

impl From<Issue> for Fault {
    fn from(issue: Issue) -> Self {
        Self::Told(issue)
    }
}

impl Fault {
    fn told(self, shown: &str) -> Issue {
        match self {
            Self::Told(issue) => issue,
            Self::Xlsx(error) => Issue::error("bad_workbook", shown).with("reason", error),
        }
    }
}

fn read_cells(book: &mut Book, sheet: &str, rows: &mut RowWriter<'_>) -> Result<(), Fault> {
    let mut reader = book.worksheet_cells_reader(sheet)?;
    while let Some((cell, style)) = reader.next_cell_with_style_id()? {
        let (row, column) = cell.get_position();
        let text: Cow<'_, str> = match cell.get_value() {
            DataRef::Int(number) => number.to_string().into(),
            DataRef::Float(number) => {
                let style = reader.styles().get(style);
                let format = style.and_then(|style| style.number_format.as_ref());
                let is_scientific = format.is_some_and(|format| {
                    number_format::custom(&format.format_code) == How::Scientific
                });
                cells::number_text(*number, is_scientific).into()
            }
            DataRef::String(text) | DataRef::DurationIso(text) => Cow::from(text.as_str()),
            DataRef::SharedString(text) => Cow::from(*text),
            DataRef::Bool(value) => value.to_string().into(),
            DataRef::DateTime(at) => cells::date_text(at).into(),
            DataRef::DateTimeIso(text) => {
                text.split_once('T').map_or(text.as_str(), |(day, _)| day).into()
            }
            DataRef::Error(error) => error.to_string().into(),
            DataRef::Empty => "".into(),
        };
        rows.put(row, column, text)?;
    }
    Ok(())
}

fn first_formula(book: &mut Book, sheet: &str) -> Result<Option<(u32, String)>, XlsxError> {
    let mut reader = book.worksheet_cells_reader(sheet)?;
    // Not `next_formula`: it keeps room for as many shared formulas as a number in the file says.
    while let Some(record) = reader.next_cell_with_formula_metadata()? {
        use calamine::XlsxFormulaMetadata as Formula;
        let Some(Formula::Normal { formula: text } | Formula::Shared { formula: text, .. }) =
            record.formula
        else {
            continue;
        };
        if !text.is_empty() {
            return Ok(Some((record.pos.0, text)));
        }
    }
    Ok(None)
}
