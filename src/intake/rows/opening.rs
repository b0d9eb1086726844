//! Opens a file whose rows are read in batches.

use crate::files;
use crate::intake::encoding::{Scan, scan};
use crate::intake::issue::Issue;
use crate::intake::records::RecordReader;
use crate::intake::table::RawRow;
use crate::intake::workbook::{Book, SheetRows};
use std::fs::File;
use std::path::Path;

/// Where rows come from.
pub(super) enum Source {
    Csv(Box<RecordReader<File>>, Scan),
    Sheet(SheetRows),
}

/// The first rows of a file, and what follows them.
pub(super) type Head = (String, Vec<RawRow>, Source);

/// Opens a file and reads its first rows.
pub(super) fn head(path: &Path, stem: &str, rows_max: usize) -> Result<Head, Issue> {
    begun(open_source(path, name_of(path), stem)?, rows_max)
}

/// Opens a file and reads the first rows of each of its sheets; a CSV file is one.
pub(super) fn heads(path: &Path, rows_max: usize) -> Result<Vec<Head>, Issue> {
    if !is_workbook(path) {
        return head(path, "", rows_max).map(|head| vec![head]);
    }
    let name = name_of(path);
    readable(path, &name)?;
    let sheets = Book::open(path, &name)?.into_all();
    sheets.into_iter().map(|(file, rows)| begun((file, Source::Sheet(rows)), rows_max)).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn begun((file, mut source): (String, Source), rows_max: usize) -> Result<Head, Issue> {
    let mut head = Vec::new();
    while head.len() < rows_max {
        match source.next_raw(&file)? {
            Some(row) => head.push(row),
            None => break,
        }
    }
    Ok((file, head, source))
}

/// The name of a file or sheet, and its first rows as they stand in it.
pub(in crate::intake) fn first_rows(
    path: &Path,
    rows_max: usize,
) -> Result<(String, Vec<RawRow>), Issue> {
    head(path, "", rows_max).map(|(file, rows, _)| (file, rows))
}

/// Says why a path is no file that can be read.
fn readable(path: &Path, name: &str) -> Result<(), Issue> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Issue::error("path_missing", path.to_string_lossy()))
        }
        Err(error) => Err(Issue::unreadable(name, &error)),
        Ok(found) if found.is_dir() => {
            Err(Issue::unreadable(name, &std::io::ErrorKind::IsADirectory.into()))
        }
        Ok(_) => Ok(()),
    }
}

fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn is_workbook(path: &Path) -> bool {
    matches!(ending(path).as_str(), "xlsx" | "xlsm" | "xls" | "et")
}

fn open_source(path: &Path, name: String, stem: &str) -> Result<(String, Source), Issue> {
    readable(path, &name)?;
    if matches!(ending(path).as_str(), "xlsb" | "ods") {
        return Err(Issue::error("old_workbook", name));
    }
    if is_workbook(path) {
        let book = Book::open_one(path, &name, stem)?;
        let missing = || Issue::error("missing_sheet", &name).with("stem", stem);
        let (shown, rows) = book.into_rows().ok_or_else(missing)?;
        return Ok((shown, Source::Sheet(rows)));
    }
    let found = scan(&name, || files::open(path))?;
    let file = files::open(path).map_err(|error| Issue::unreadable(&name, &error))?;
    let reader = RecordReader::new(file, found);
    Ok((name, Source::Csv(Box::new(reader), found)))
}

impl Source {
    pub(super) fn next_raw(&mut self, file: &str) -> Result<Option<RawRow>, Issue> {
        match self {
            Self::Sheet(rows) => Ok(rows.next()),
            Self::Csv(reader, _) => Ok(reader.read(file)?.map(|record| RawRow {
                row: record.row,
                cells: record.cells().map(str::to_owned).collect(),
            })),
        }
    }

    pub(super) fn is_same(&self) -> bool {
        match self {
            Self::Sheet(_) => true,
            Self::Csv(reader, _) => reader.is_same(),
        }
    }
}
