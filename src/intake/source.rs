//! A folder or a workbook: its tables and settings by name, whatever they mean.

use super::issue::{Issue, nearest};
use super::table::{Column, IGNORED, Table, TableKind};
use super::tree::{self, Entry};
use super::workbook::{Book, read_file};
use super::{encoding, records};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Largest file of a folder, in bytes. Even a large county's tables have only a few megabytes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Issues shown per file. A file with more usually has one fault, repeated on every row.
const ISSUES_OF_FILE_MAX: usize = 1000;

/// Names that a folder or workbook may have.
pub(super) struct Names {
    /// Tables: CSV files without their endings, or sheets.
    pub(super) tables: &'static [&'static str],
    /// Settings: TOML files without their endings, or sheets.
    pub(super) settings: &'static [&'static str],
    /// Sheets that only a workbook has.
    pub(super) sheets: &'static [&'static str],
}

/// Where the tables are read from.
pub(super) enum Source {
    Folder(PathBuf),
    Book(Box<Book>),
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, Issue> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let Ok(found) = std::fs::metadata(path) else {
            return Err(Issue::error("path_missing", path.to_string_lossy()));
        };
        if found.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match extension.as_str() {
            "xlsx" | "xlsm" | "xls" | "et" if found.is_file() => {
                Book::open(path, &name).map(|book| Self::Book(Box::new(book)))
            }
            "xlsb" | "ods" => Err(Issue::error("old_workbook", name)),
            _ => {
                // A pipe is told as such.
                if !found.is_file() {
                    crate::files::open(path).map_err(|error| Issue::unreadable(&name, &error))?;
                }
                Err(Issue::error("not_a_campaign", name))
            }
        }
    }

    /// The name of a sheet as the workbook spells it; `None` if there is no such sheet.
    fn sheet(book: &Book, stem: &str, issues: &mut Vec<Issue>) -> Option<String> {
        let sheets = book.sheets();
        let mut found = sheets.iter().filter(|name| name.trim().to_lowercase() == stem);
        let first = found.next().cloned();
        if let Some(second) = found.next() {
            issues.push(Issue::error("duplicate_sheet", book.shown(second)).value(stem));
        }
        first
    }

    /// Whether there is a table of this name. A sheet of a form that was left empty is none.
    pub(super) fn has(&mut self, stem: &str, columns: &'static [Column]) -> bool {
        if let Self::Book(book) = self {
            let Some(sheet) = Self::sheet(book, stem, &mut Vec::new()) else { return false };
            let Ok(rows) = book.rows(&sheet) else { return true };
            book.put_back(&sheet, &rows);
            let kind = TableKind { stem, columns, ignored: &IGNORED, is_csv: false };
            let table = Table::new("", kind, rows, &mut Vec::new());
            return !self.is_unfilled(&table);
        }
        self.table(stem, columns, false, &mut Vec::new()).1
    }

    /// Reads a table. The flag says whether the campaign has the table at all.
    pub(super) fn table(
        &mut self,
        stem: &str,
        columns: &'static [Column],
        is_required: bool,
        issues: &mut Vec<Issue>,
    ) -> (Table, bool) {
        // Skip the columns that an errors workbook adds beside the rows.
        let is_csv = matches!(self, Self::Folder(_));
        let is_own = |name: &&str| columns.iter().any(|column| column.name == *name);
        let ignored: Vec<&str> = IGNORED.into_iter().filter(|it| !is_csv && !is_own(it)).collect();
        let kind = TableKind { stem, columns, ignored: &ignored, is_csv };
        let (file, rows) = match self {
            Self::Folder(folder) => {
                let file = format!("{stem}.csv");
                let rows = read_maybe(folder, &file)
                    .map(|bytes| bytes.and_then(|bytes| records::rows(&file, &bytes)));
                (file, rows)
            }
            Self::Book(book) => {
                let sheet = Self::sheet(book, stem, issues);
                let rows = sheet.as_ref().map(|sheet| book.rows(sheet));
                (book.shown(sheet.as_deref().unwrap_or(stem)), rows)
            }
        };
        match rows {
            Some(Ok(rows)) => (Table::new(&file, kind, rows, issues), true),
            Some(Err(issue)) => {
                issues.push(issue);
                (Table::empty(&file, columns), true)
            }
            None => {
                if is_required {
                    let code = self.missing_code();
                    issues.push(Issue::error(code, &file).with("stem", stem));
                }
                let table = Table::empty(&file, columns);
                (Table { is_readable: !is_required, ..table }, false)
            }
        }
    }

    /// Whether a sheet is a form that was left empty. It is then treated as missing.
    pub(super) fn is_unfilled(&self, table: &Table) -> bool {
        matches!(self, Self::Book(_)) && table.is_readable && table.lines.is_empty()
    }

    pub(super) fn missing_code(&self) -> &'static str {
        if matches!(self, Self::Folder(_)) { "missing_file" } else { "missing_sheet" }
    }

    /// The settings, with the name of the file they come from.
    pub(super) fn tree(&mut self, stem: &str, issues: &mut Vec<Issue>) -> (String, Option<Entry>) {
        match self {
            Self::Folder(folder) => {
                let file = format!("{stem}.toml");
                let text = read_maybe(folder, &file)
                    .map(|bytes| bytes.and_then(|bytes| encoding::text(&file, &bytes)));
                let entry = match text {
                    Some(Ok(text)) => tree::of_toml(&file, &text, issues),
                    Some(Err(issue)) => {
                        issues.push(issue);
                        None
                    }
                    None => None,
                };
                (file, entry)
            }
            Self::Book(book) => {
                let sheet = Self::sheet(book, stem, issues);
                let file = book.shown(sheet.as_deref().unwrap_or(stem));
                let entry = match sheet.map(|sheet| book.rows(&sheet)) {
                    Some(Ok(rows)) => tree::of_sheet(&file, rows, stem != "series", issues),
                    Some(Err(issue)) => {
                        issues.push(issue);
                        None
                    }
                    None => None,
                };
                (file, entry)
            }
        }
    }

    /// Warns about file names that look like a misspelt name of a table, because such a file would be ignored
    /// without a word.
    pub(super) fn misnamed(&self, allowed: &Names, issues: &mut Vec<Issue>) {
        let (names, known): (Vec<String>, Vec<String>) = match self {
            Self::Folder(folder) => {
                let Ok(entries) = std::fs::read_dir(folder) else { return };
                let names = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned());
                let tables = allowed.tables.iter().map(|stem| format!("{stem}.csv"));
                let settings = allowed.settings.iter().map(|stem| format!("{stem}.toml"));
                (names.collect(), tables.chain(settings).collect())
            }
            Self::Book(book) => {
                let names = book.sheets().into_iter().map(|name| name.trim().to_lowercase());
                let known = allowed.tables.iter().chain(allowed.settings).chain(allowed.sheets);
                (names.collect(), known.map(|stem| (*stem).to_owned()).collect())
            }
        };
        let mut names = names;
        names.sort();
        for name in names.iter().filter(|name| !known.contains(name)) {
            let near = nearest(name, known.iter().map(String::as_str));
            // At most two typing errors: `my-sites.csv` beside `sites.csv` is no misspelling.
            if let Some(near) = near.filter(|near| strsim::levenshtein(name, near) <= 2)
                && !names.iter().any(|name| name == near)
            {
                issues
                    .push(Issue::warning("misnamed_file", name).value(name).with("nearest", near));
            }
        }
    }
}

/// The bytes of a file; `None` if there is no such file.
fn read_maybe(folder: &Path, file: &str) -> Option<Result<Vec<u8>, Issue>> {
    let path = folder.join(file);
    path.exists().then(|| read_file(&path, file, FILE_BYTES_MAX))
}

/// Sorts the issues by file and row and keeps at most [`ISSUES_OF_FILE_MAX`] per file.
pub(super) fn limited(mut issues: Vec<Issue>) -> Vec<Issue> {
    let mut ranks: BTreeMap<Box<str>, usize> = BTreeMap::new();
    for issue in &issues {
        let next = ranks.len();
        ranks.entry(issue.file.clone()).or_insert(next);
    }
    let rank = |issue: &Issue| ranks.get(&issue.file).copied().unwrap_or(0);
    issues.sort_by_key(|issue| (rank(issue), issue.row));
    let mut counts: BTreeMap<Box<str>, usize> = BTreeMap::new();
    let mut out = Vec::new();
    for issue in issues {
        let count = counts.entry(issue.file.clone()).or_default();
        *count += 1;
        // An error even if all that is left out are warnings: it could hide an error.
        if *count == ISSUES_OF_FILE_MAX + 1 {
            let limit = ISSUES_OF_FILE_MAX;
            out.push(Issue::error("too_many_issues", &issue.file).with("limit", limit));
        } else if *count <= ISSUES_OF_FILE_MAX {
            out.push(issue);
        }
    }
    out
}
