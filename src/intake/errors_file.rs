//! Writes the rows that an import refused, with their reasons, as a CSV file that people can correct in Excel and
//! import again.

use super::csv_out::{BOM, line};
use super::issue::Issue;
use super::rows::ERROR_COLUMNS;
use super::workbook_errors;
use crate::domain::campaign::Language;
use chrono::NaiveDateTime;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Path of the file with the refused rows: `doses-errors.csv` beside `doses.csv`.
pub fn errors_path(input: &Path) -> PathBuf {
    let mut name = input.file_stem().unwrap_or_default().to_os_string();
    name.push("-errors.csv");
    input.with_file_name(name)
}

/// Collects refused rows in a temporary file. At the end the file is moved into place.
#[derive(Debug)]
pub struct ErrorsFile {
    path: PathBuf,
    temporary: PathBuf,
    language: Language,
    /// The columns of the input without those that an errors file adds, and their places in a row.
    names: Vec<String>,
    places: Vec<usize>,
    writer: Option<BufWriter<File>>,
    rows: u64,
    book: Option<BookOut>,
}

/// The refused rows as a workbook, if the input was a workbook.
#[derive(Debug)]
struct BookOut {
    stem: &'static str,
    made_at: NaiveDateTime,
    rows: Vec<(Vec<String>, Vec<Issue>)>,
}

/// Most rows that the workbook holds. The CSV file holds all of them.
const BOOK_ROWS_MAX: usize = 100_000;

impl ErrorsFile {
    /// For an input file with these header cells. Nothing is written before the first refused row.
    pub fn new(input: &Path, names: &[String], language: Language) -> Self {
        let path = errors_path(input);
        let mut temporary = path.clone().into_os_string();
        temporary.push(format!(".{}.tmp", std::process::id()));
        let kept = names.iter().enumerate().filter(|(_, name)| {
            !ERROR_COLUMNS.contains(&name.trim().to_ascii_lowercase().as_str())
        });
        let (places, names) = kept.map(|(place, name)| (place, name.clone())).unzip();
        let temporary = temporary.into();
        Self { path, temporary, language, names, places, writer: None, rows: 0, book: None }
    }

    /// Also writes the refused rows as a workbook with bad cells coloured: `日报-errors.xlsx` beside `日报.xlsx`.
    #[must_use]
    pub fn with_workbook(mut self, stem: &'static str, made_at: NaiveDateTime) -> Self {
        self.book = Some(BookOut { stem, made_at, rows: Vec::new() });
        self
    }

    /// Adds a refused row and everything that is wrong with it.
    pub fn push(&mut self, row: u32, cells: &[&str], issues: &[Issue]) -> io::Result<()> {
        let mut out: Vec<String> = self
            .places
            .iter()
            .map(|place| cells.get(*place).copied().unwrap_or_default().to_owned())
            .collect();
        let mut codes: Vec<&str> = issues.iter().map(|issue| issue.code).collect();
        codes.dedup();
        let reasons: Vec<String> = issues.iter().map(|issue| issue.told(self.language)).collect();
        if let Some(book) = self.book.as_mut().filter(|book| book.rows.len() < BOOK_ROWS_MAX) {
            book.rows.push((out.clone(), issues.to_vec()));
        }
        out.extend([row.to_string(), codes.join(" "), reasons.join("; ")]);
        let writer = if let Some(writer) = &mut self.writer {
            writer
        } else {
            let mut writer = BufWriter::new(crate::files::create(&self.temporary)?);
            let header = self.names.iter().map(String::as_str).chain(ERROR_COLUMNS);
            writer.write_all(BOM.as_bytes())?;
            writer.write_all(line(header).as_bytes())?;
            self.writer.insert(writer)
        };
        writer.write_all(line(out).as_bytes())?;
        self.rows += 1;
        Ok(())
    }

    /// Number of rows added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Moves the file into place and returns its path: the workbook's where that holds all rows. Without any row,
    /// removes the file that an earlier import left.
    pub fn finish(mut self) -> io::Result<Option<PathBuf>> {
        let marked = self.finish_book()?.filter(|_| self.rows <= BOOK_ROWS_MAX as u64);
        self.finish_rows().map(|rows| marked.or(rows))
    }

    fn finish_book(&mut self) -> io::Result<Option<PathBuf>> {
        let Some(book) = self.book.take() else { return Ok(None) };
        let path = self.path.with_extension("xlsx");
        if book.rows.is_empty() {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(None),
            };
        }
        let rows = &book.rows;
        let made =
            workbook_errors::refused(book.stem, &self.names, rows, self.language, book.made_at);
        let Some(made) = made else { return Ok(None) };
        crate::files::write(&path, made.map_err(io::Error::other)?)?;
        Ok(Some(path))
    }

    fn finish_rows(&mut self) -> io::Result<Option<PathBuf>> {
        let Some(writer) = self.writer.take() else {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(None),
            };
        };
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error);
        let placed = file
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&self.temporary, &self.path));
        if placed.is_err() {
            let _ = fs::remove_file(&self.temporary);
        }
        placed.map(|()| Some(self.path.clone()))
    }
}

impl Drop for ErrorsFile {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
