//! Reads the sheets of an .xlsx workbook as rows of text. Days read as `2021-10-20`, whole numbers have no decimal
//! point.

use super::issue::Issue;
use super::records::ROWS_MAX;
use super::table::RawRow;
use calamine::{Data, DataRef, ExcelDateTime, Reader, Xls, Xlsx};
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Largest workbook on disk. A full sheet of a million rows takes about 60 MB.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Largest workbook when unpacked; stops zip bombs.
const UNPACKED_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// The same limit for an upload.
const UPLOAD_UNPACKED_MAX: u64 = 96 * 1024 * 1024;
/// Columns of a sheet that are read. Our widest table has 13.
const COLUMNS_MAX: usize = 256;

/// An open workbook.
pub(super) struct Book {
    name: String,
    form: Form,
}

/// The two file formats of Excel.
enum Form {
    /// .xlsx, since 2007: a zip of XML, read cell by cell.
    Now(Box<Xlsx<Cursor<Vec<u8>>>>),
    /// .xls and WPS's .et: read whole. At most 65,536 rows of 256 columns.
    Old(Box<Xls<Cursor<Vec<u8>>>>),
}

/// Largest old workbook on disk, because it is read whole.
const OLD_BYTES_MAX: usize = 64 * 1024 * 1024;

impl Book {
    /// Opens a workbook after checking how large it is when unpacked.
    pub(super) fn open(path: &Path, name: &str) -> Result<Self, Issue> {
        let bytes = read_file(path, name, FILE_BYTES_MAX)?;
        Self::of_bytes(bytes, name)
    }

    pub(super) fn of_bytes(bytes: Vec<u8>, name: &str) -> Result<Self, Issue> {
        let name = name.to_owned();
        if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
            if bytes.len() > OLD_BYTES_MAX {
                let limit = format!("{} MB", OLD_BYTES_MAX / 1024 / 1024);
                return Err(Issue::error("file_too_large", name).with("limit", limit));
            }
            // A workbook with a password is stored in this format, whatever its name ends in.
            let book = guarded(&name, || Xls::new(Cursor::new(bytes)))
                .map_err(|_| Issue::error("old_workbook", &name))?;
            return Ok(Self { name, form: Form::Old(Box::new(book)) });
        }
        check_size(&bytes, &name, UNPACKED_BYTES_MAX)?;
        let book = guarded(&name, || Xlsx::new(Cursor::new(bytes)))?;
        Ok(Self { name, form: Form::Now(Box::new(book)) })
    }

    /// Opens an uploaded workbook: tighter limit, no macros.
    pub(super) fn of_upload(bytes: Vec<u8>, name: &str) -> Result<Self, Issue> {
        check_size(&bytes, name, UPLOAD_UNPACKED_MAX)?;
        let archive = zip::ZipArchive::new(Cursor::new(&bytes));
        let has_macros = |name: zip::result::ZipResult<std::borrow::Cow<str>>| {
            name.is_ok_and(|name| name.to_lowercase().contains("vbaproject"))
        };
        if archive.is_ok_and(|archive| archive.file_names().any(has_macros)) {
            return Err(Issue::error("macros", name));
        }
        Self::of_bytes(bytes, name)
    }

    /// A warning for each sheet with formulas. The values stored with the formulas are used.
    pub(super) fn formulas(&mut self) -> Vec<Issue> {
        let sheets = self.sheets();
        let Form::Now(book) = &mut self.form else { return Vec::new() };
        let mut out = Vec::new();
        for sheet in sheets {
            let shown = format!("{}!{sheet}", self.name);
            let Ok(found) = guarded(&shown, || book.worksheet_formula(&sheet)) else { continue };
            let start = found.start().map_or(0, |(row, _)| row);
            let first = found.used_cells().find(|(_, _, text)| !text.is_empty());
            if let Some((row, _, text)) = first {
                let row = start.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
                let issue = Issue::warning("formulas", &shown).row(row.saturating_add(1));
                out.push(issue.value(text));
            }
        }
        out
    }

    /// The names of the sheets, as the workbook spells them.
    pub(super) fn sheets(&self) -> Vec<String> {
        match &self.form {
            Form::Now(book) => book.sheet_names(),
            Form::Old(book) => book.sheet_names(),
        }
    }

    /// What messages call a sheet.
    pub(super) fn shown(&self, sheet: &str) -> String {
        format!("{}!{sheet}", self.name)
    }

    /// The rows of a sheet that are not empty.
    pub(super) fn rows(&mut self, sheet: &str) -> Result<Vec<RawRow>, Issue> {
        let shown = self.shown(sheet);
        let book = match &mut self.form {
            Form::Now(book) => book,
            Form::Old(book) => return old_rows(book, sheet, &shown),
        };
        let rows = guarded(&shown, || {
            let mut reader = book.worksheet_cells_reader(sheet)?;
            let mut rows: Vec<RawRow> = Vec::new();
            while let Some(cell) = reader.next_cell()? {
                let (row, column) = cell.get_position();
                let text = text_of(cell.get_value());
                let column = usize::try_from(column).unwrap_or(usize::MAX);
                if text.is_empty() || column >= COLUMNS_MAX {
                    continue;
                }
                let row = row.saturating_add(1);
                if rows.last().is_none_or(|last| last.row != row) {
                    if rows.len() == ROWS_MAX {
                        return Ok(None);
                    }
                    rows.push(RawRow { row, cells: Vec::new() });
                }
                if let Some(last) = rows.last_mut() {
                    if last.cells.len() <= column {
                        last.cells.resize(column + 1, String::new());
                    }
                    last.cells[column] = text;
                }
            }
            Ok::<_, calamine::XlsxError>(Some(rows))
        })?;
        let mut rows =
            rows.ok_or_else(|| Issue::error("too_many_rows", &shown).with("limit", ROWS_MAX))?;
        // Cells of a row may be stored in any order, and so may rows if somebody edited the file.
        if !rows.is_sorted_by_key(|row| row.row) {
            rows.sort_by_key(|row| row.row);
        }
        Ok(rows)
    }
}

/// The rows of an old workbook's sheet that are not empty.
fn old_rows(
    book: &mut Xls<Cursor<Vec<u8>>>,
    sheet: &str,
    shown: &str,
) -> Result<Vec<RawRow>, Issue> {
    let range = guarded(shown, || book.worksheet_range(sheet))?;
    let (row, column) = range.start().unwrap_or((0, 0));
    let before = usize::try_from(column).unwrap_or(COLUMNS_MAX).min(COLUMNS_MAX);
    let rows = (row + 1..).zip(range.rows()).map(|(row, cells)| {
        let cells = cells.iter().take(COLUMNS_MAX - before).map(old_text);
        let mut cells: Vec<String> =
            std::iter::repeat_n(String::new(), before).chain(cells).collect();
        cells.truncate(cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at + 1));
        RawRow { row, cells }
    });
    Ok(rows.filter(|row| !row.cells.is_empty()).collect())
}

fn old_text(value: &Data) -> String {
    match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => float_text(*number),
        Data::String(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(value) => value.to_string(),
        Data::DateTime(at) => date_text(at),
        Data::DateTimeIso(text) => day_of(text),
        Data::Error(error) => error.to_string(),
        Data::Empty => String::new(),
    }
}

/// Reads a file up to a limit.
pub(super) fn read_file(path: &Path, name: &str, bytes_max: u64) -> Result<Vec<u8>, Issue> {
    let unreadable = |error: std::io::Error| Issue::unreadable(name, &error);
    let file = crate::files::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        let limit = format!("{} MB", bytes_max / 1024 / 1024);
        return Err(Issue::error("file_too_large", name).with("limit", limit));
    }
    Ok(bytes)
}

/// Unpacks every part once and counts the bytes, because the size that a part claims may be false.
fn check_size(bytes: &[u8], name: &str, bytes_max: u64) -> Result<(), Issue> {
    let bad = |reason: String| Issue::error("bad_workbook", name).with("reason", reason);
    let too_large = || {
        let limit = format!("{} MB", bytes_max / 1024 / 1024);
        Issue::error("workbook_too_large", name).with("limit", limit)
    };
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| bad(error.to_string()))?;
    let (mut declared, mut real) = (0_u64, 0_u64);
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| bad(error.to_string()))?;
        declared = declared.saturating_add(part.size());
        if declared > bytes_max {
            return Err(too_large());
        }
        let mut part = part.take(bytes_max + 1 - real);
        let length = std::io::copy(&mut part, &mut std::io::sink())
            .map_err(|error| bad(error.to_string()))?;
        real += length;
        if real > bytes_max {
            return Err(too_large());
        }
    }
    Ok(())
}

/// Runs the workbook reader. A workbook on which it panics is refused like any other bad file.
fn guarded<T, E: std::fmt::Display>(
    name: &str,
    read: impl FnOnce() -> Result<T, E>,
) -> Result<T, Issue> {
    let bad = |reason: String| Issue::error("bad_workbook", name).with("reason", reason);
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(bad(error.to_string())),
        Err(_) => Err(bad("the sheet is not well-formed".to_owned())),
    }
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => float_text(*number),
        DataRef::String(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(at) => date_text(at),
        DataRef::DateTimeIso(text) => day_of(text),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

fn day_of(text: &str) -> String {
    text.split_once('T').map_or(text, |(day, _)| day).to_owned()
}

/// A number as the sheet shows it: with fifteen digits, so that 0.1 + 0.2 is 0.3.
fn float_text(number: f64) -> String {
    let shown = format!("{number:.14e}").parse().unwrap_or(number);
    format!("{shown}")
}

fn date_text(at: &ExcelDateTime) -> String {
    match at.as_datetime() {
        Some(instant) if at.is_datetime() && at.as_f64() >= 1.0 => {
            instant.date().format("%Y-%m-%d").to_string()
        }
        _ => float_text(at.as_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    #[test]
    fn a_workbook_that_unpacks_to_more_than_the_limit_stays_closed() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for part in ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"] {
            zip.start_file(part, SimpleFileOptions::default()).expect("a part");
            zip.write_all(&vec![b' '; 1024 * 1024]).expect("blanks");
        }
        let bytes = zip.finish().expect("a zip").into_inner();
        assert!(bytes.len() < 20_000);
        let code = |bytes: &[u8], limit| check_size(bytes, "f", limit).map_err(|issue| issue.code);
        assert_eq!(code(&bytes, 2 * 1024 * 1024), Ok(()));
        assert_eq!(code(&bytes, 2 * 1024 * 1024 - 1), Err("workbook_too_large"));
        // A part that claims a small size is counted all the same.
        let mut lying = bytes.clone();
        let size = (1024_u32 * 1024).to_le_bytes();
        while let Some(at) = lying.windows(4).position(|window| window == size) {
            lying[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
        }
        assert!(code(&lying, 1024 * 1024).is_err());
    }
}
