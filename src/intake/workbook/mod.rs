//! Reads the sheets of a workbook as rows of text. Days read as `2021-10-20`, whole numbers have no decimal point.
//!
//! A workbook is read in a process of its own with a limit on memory and time ([`child`]). Where none can be
//! started, the same reader runs here; its own limits hold for any file ([`cells`], [`parts`]).

mod cells;
mod child;
mod compound;
mod number_format;
mod old_text;
mod parts;
mod xls;
mod xlsx;

use super::issue::Issue;
use super::table::RawRow;
pub(super) use cells::SheetRows;
use cells::{Kept, Sheet, Sink};
pub use child::{read_in_children, serve};
use std::io::{ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Largest workbook on disk. A full sheet of a million rows takes about 60 MB.
const FILE_BYTES_MAX: u64 = 128 << 20;
/// Largest old workbook on disk, because its texts are kept. A full sheet takes about 20 MB.
const OLD_BYTES_MAX: usize = 48 << 20;
/// Most cells of a sheet whose rows are all held at once, as a campaign's are.
const TABLE_CELLS_MAX: usize = 4_000_000;

/// What a workbook is asked for.
#[derive(Debug, Clone, Copy)]
struct Ask<'a> {
    /// Name of the file, for messages.
    name: &'a str,
    /// The sheet with this name or else the first one; all without a name.
    only: Option<&'a str>,
    /// Tighter limit, no macros, and formulas are looked for.
    is_upload: bool,
}

impl Ask<'_> {
    /// Which of the sheets are read.
    fn wanted(&self, names: &[&str]) -> Vec<usize> {
        let Some(stem) = self.only else { return (0..names.len()).collect() };
        let named = names.iter().position(|name| name.trim().to_lowercase() == stem);
        named.or((!names.is_empty()).then_some(0)).into_iter().collect()
    }
}

/// What messages call a sheet.
fn shown(book: &str, sheet: &str) -> String {
    format!("{book}!{sheet}")
}

/// The sheets of a workbook.
#[derive(Debug)]
pub(super) struct Book {
    name: String,
    sheets: Vec<Sheet>,
}

impl Book {
    /// Reads all sheets of a file.
    pub(super) fn open(path: &Path, name: &str) -> Result<Self, Issue> {
        Self::of_file(path, Ask { name, only: None, is_upload: false })
    }

    /// Reads the sheet with this name, or else the first one.
    pub(super) fn open_one(path: &Path, name: &str, stem: &str) -> Result<Self, Issue> {
        Self::of_file(path, Ask { name, only: Some(stem), is_upload: false })
    }

    fn of_file(path: &Path, ask: Ask<'_>) -> Result<Self, Issue> {
        let file = crate::files::open(path).map_err(|error| Issue::unreadable(ask.name, &error))?;
        Self::of(child::Input::File(file), &ask)
    }

    /// Reads an uploaded workbook: tighter limit, no macros, formulas are told.
    pub(super) fn of_upload(bytes: Vec<u8>, name: &str) -> Result<Self, Issue> {
        Self::of(child::Input::Bytes(bytes), &Ask { name, only: None, is_upload: true })
    }

    fn of(input: child::Input, ask: &Ask<'_>) -> Result<Self, Issue> {
        let sheets = match child::read(input, ask)? {
            child::Answer::Sheets(sheets) => sheets,
            child::Answer::NoChild(input) => {
                let bytes = input.into_bytes(ask.name)?;
                let mut kept = Kept::default();
                parse(bytes, ask, &mut kept)?;
                kept.0
            }
        };
        Ok(Self { name: ask.name.to_owned(), sheets })
    }

    /// A warning for each sheet with formulas. The values stored with the formulas are used.
    pub(super) fn formulas(&self) -> Vec<Issue> {
        let found = |sheet: &Sheet| {
            let (row, text) = sheet.formula.as_ref()?;
            Some(Issue::warning("formulas", self.shown(&sheet.name)).row(*row).value(text))
        };
        self.sheets.iter().filter_map(found).collect()
    }

    /// The names of the sheets, as the workbook spells them.
    pub(super) fn sheets(&self) -> Vec<String> {
        self.sheets.iter().map(|sheet| sheet.name.clone()).collect()
    }

    /// What messages call a sheet.
    pub(super) fn shown(&self, sheet: &str) -> String {
        shown(&self.name, sheet)
    }

    /// The rows of a sheet that are not empty. They can be taken once.
    pub(super) fn rows(&mut self, sheet: &str) -> Result<Vec<RawRow>, Issue> {
        let shown = self.shown(sheet);
        let Some(sheet) = self.sheets.iter_mut().find(|known| known.name == sheet) else {
            return Ok(Vec::new());
        };
        if sheet.grid.size() > TABLE_CELLS_MAX {
            let issue = Issue::error("sheet_too_large", shown).with("limit", TABLE_CELLS_MAX);
            return Err(issue.with("text", format!("{} MB", FILE_BYTES_MAX >> 20)));
        }
        Ok(std::mem::take(&mut sheet.grid).into_rows().collect())
    }

    /// Puts rows back that were taken only to be looked at.
    pub(super) fn put_back(&mut self, sheet: &str, rows: &[RawRow]) {
        let Some(sheet) = self.sheets.iter_mut().find(|known| known.name == sheet) else { return };
        for row in rows {
            sheet.grid.row(row.row);
            row.cells.iter().for_each(|cell| sheet.grid.cell(cell));
        }
    }

    /// The rows of every sheet, with what messages call it.
    pub(super) fn into_all(self) -> Vec<(String, SheetRows)> {
        let name = self.name;
        let sheets = self.sheets.into_iter();
        sheets.map(|sheet| (shown(&name, &sheet.name), sheet.grid.into_rows())).collect()
    }

    /// The rows of the only sheet that was asked for, with what messages call it; `None` if there is no sheet.
    pub(super) fn into_rows(mut self) -> Option<(String, SheetRows)> {
        let sheet = (!self.sheets.is_empty()).then(|| self.sheets.swap_remove(0))?;
        Some((self.shown(&sheet.name), sheet.grid.into_rows()))
    }
}

/// Reads the workbook here. One on which a reader panics is refused like any other bad file.
fn parse(bytes: Vec<u8>, ask: &Ask<'_>, sink: &mut dyn Sink) -> Result<(), Issue> {
    let read = AssertUnwindSafe(|| {
        if !bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
            return xlsx::read(bytes, ask, sink);
        }
        if bytes.len() > OLD_BYTES_MAX {
            let limit = format!("{} MB", OLD_BYTES_MAX >> 20);
            return Err(Issue::error("file_too_large", ask.name).with("limit", limit));
        }
        // A workbook with a password is stored in this format, whatever its name ends in.
        xls::read(&bytes, ask, sink)
    });
    catch_unwind(read).unwrap_or_else(|_| {
        let reason = "it is not well-formed";
        Err(Issue::error("bad_workbook", ask.name).with("reason", reason))
    })
}

/// Reads a file up to a limit.
pub(super) fn read_file(path: &Path, name: &str, bytes_max: u64) -> Result<Vec<u8>, Issue> {
    let file = crate::files::open(path).map_err(|error| Issue::unreadable(name, &error))?;
    read_up_to(file, name, bytes_max)
}

fn read_up_to(from: impl Read, name: &str, bytes_max: u64) -> Result<Vec<u8>, Issue> {
    let mut bytes = Vec::new();
    from.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        // A child that meets its limit while it still reads.
        ErrorKind::OutOfMemory => child::too_costly(name),
        _ => Issue::unreadable(name, &error),
    })?;
    if bytes.len() as u64 > bytes_max {
        let limit = format!("{} MB", bytes_max >> 20);
        return Err(Issue::error("file_too_large", name).with("limit", limit));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
