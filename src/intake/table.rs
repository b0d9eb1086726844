//! Tables: what a CSV file, a sheet and a TOML list of tables have in common. They have known columns and rows of
//! cells.

use super::issue::{Issue, nearest};
use super::labels::column_called;
use super::values::{clean, half_width};

/// The column beside settings that says what they mean.
pub(super) const ABOUT: &str = "about";
/// The column that says why a row was refused.
pub(super) const REASON: &str = "reason";
/// Columns that the program writes into workbooks for people; reading skips them.
pub(super) const IGNORED: [&str; 2] = [REASON, ABOUT];

/// A column that a table may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its name in the header row.
    pub name: &'static str,
    /// Whether it is required, in the table and in every row.
    pub is_required: bool,
    /// Whether its values are private and stay out of messages.
    pub is_private: bool,
}

impl Column {
    pub(super) const fn required(name: &'static str) -> Self {
        Self { name, is_required: true, is_private: false }
    }

    pub(super) const fn optional(name: &'static str) -> Self {
        Self { name, is_required: false, is_private: false }
    }

    pub(super) const fn private(self) -> Self {
        Self { is_private: true, ..self }
    }
}

/// A row as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawRow {
    pub(super) row: u32,
    pub(super) cells: Vec<String>,
}

/// A row with its cells in the order of the known columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) row: u32,
    pub(super) cells: Vec<String>,
    /// The row of each cell, if cells have rows of their own (keys of a TOML file); otherwise empty.
    pub(super) cell_rows: Vec<u32>,
}

/// What a table should look like.
#[derive(Clone, Copy)]
pub(super) struct TableKind<'a> {
    /// Its name, also that of its sheet.
    pub(super) stem: &'a str,
    pub(super) columns: &'static [Column],
    /// Columns that are skipped without a warning.
    pub(super) ignored: &'a [&'a str],
    /// Whether every row must have a cell for each column. Sheets leave out empty cells at the end.
    pub(super) is_csv: bool,
}

/// A table whose header was read.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Name of the file, for messages.
    pub(super) file: String,
    pub(super) columns: &'static [Column],
    pub(super) lines: Vec<Line>,
    /// Whether the rows could be read.
    pub(super) is_readable: bool,
}

impl Table {
    pub(super) fn empty(file: &str, columns: &'static [Column]) -> Self {
        Self { file: file.to_owned(), columns, lines: Vec::new(), is_readable: false }
    }

    /// The cleaned texts of a column, including rows with other faults: the codes that other tables may refer to.
    pub(super) fn texts(&self, column: &str) -> impl Iterator<Item = &str> {
        let index = self.columns.iter().position(|known| known.name == column);
        self.lines
            .iter()
            .filter_map(move |line| line.cells.get(index?))
            .map(|cell| clean(cell))
            .filter(|cell| !cell.is_empty())
    }

    /// Sorts the cells of each row into the known columns.
    pub(super) fn new(
        file: &str,
        kind: TableKind<'_>,
        rows: Vec<RawRow>,
        issues: &mut Vec<Issue>,
    ) -> Self {
        let TableKind { stem, columns, ignored, is_csv } = kind;
        let mut table = Self::empty(file, columns);
        let Some(at) = header_at(stem, columns, &rows) else {
            issues.push(Issue::error("empty_file", file).with("columns", list(columns)));
            return table;
        };
        let header = Header::read(file, (stem, columns), ignored, &rows[at], issues);
        let is_ignored = |at: usize| {
            header.names.get(at).is_some_and(|name| ignored.contains(&name_of(name).as_str()))
        };
        let ignored_at: Vec<usize> = (0..header.names.len()).filter(|at| is_ignored(*at)).collect();
        if header.is_missing_columns {
            return table;
        }
        table.is_readable = true;
        for mut row in rows.into_iter().skip(at + 1) {
            for at in &ignored_at {
                row.cells.get_mut(*at).map(String::clear);
            }
            if row.cells.iter().all(|cell| clean(cell).is_empty()) {
                continue;
            }
            if is_csv && let Some(issue) = header.short_issue(file, row.row, row.cells.len()) {
                issues.push(issue);
            }
            if let Some(cell) = header.stray(row.cells.iter().map(String::as_str)) {
                issues.push(header.stray_issue(file, row.row, cell));
            }
            let mut cells = row.cells;
            let take = |index: &Option<usize>| {
                index.and_then(|i| cells.get_mut(i)).map(std::mem::take).unwrap_or_default()
            };
            let cells = header.index.iter().map(take).collect();
            table.lines.push(Line { row: row.row, cells, cell_rows: Vec::new() });
        }
        table
    }
}

/// Most rows above the header: titles and notes that people put over a table.
pub(super) const TITLE_ROWS_MAX: usize = 10;

/// Finds the header: the first row that names all required columns, or else the row that names most columns. Codes
/// come before the words that forms show above them.
pub(super) fn header_at(stem: &str, columns: &[Column], rows: &[RawRow]) -> Option<usize> {
    type Named<'a> = &'a dyn Fn(&str) -> Option<usize>;
    let by_code: Named<'_> = &|cell| {
        let name = name_of(cell);
        columns.iter().position(|column| column.name == name)
    };
    let by_label: Named<'_> = &|cell| column_called(stem, codes_of(columns), cell);
    let named = |row: &RawRow, by: Named<'_>| -> Vec<bool> {
        let mut named = vec![false; columns.len()];
        for at in row.cells.iter().filter_map(|cell| by(cell)) {
            named[at] = true;
        }
        named
    };
    let is_complete = |row: &RawRow, by: Named<'_>| {
        let named = named(row, by);
        columns.iter().zip(named).all(|(column, named)| named || !column.is_required)
    };
    let hits = |row: &RawRow, by: Named<'_>| named(row, by).iter().filter(|named| **named).count();
    let head = || {
        rows.iter()
            .enumerate()
            .take(TITLE_ROWS_MAX)
            .filter(|(_, row)| row.cells.iter().any(|cell| !clean(cell).is_empty()))
    };
    let complete = |by| head().find(|(_, row)| is_complete(row, by));
    let most = |by: Named<'_>| head().rev().max_by_key(|(_, row)| hits(row, by));
    let found = complete(by_code).or_else(|| complete(by_label));
    let found = found.or_else(|| most(by_code).filter(|(_, row)| hits(row, by_code) > 0));
    found.or_else(|| most(by_label)).map(|(at, _)| at)
}

/// A header cell in the form in which names are compared.
pub(super) fn name_of(cell: &str) -> String {
    half_width(clean(cell)).trim().to_ascii_lowercase()
}

/// The codes of columns.
pub(super) fn codes_of(columns: &[Column]) -> impl Iterator<Item = &str> + '_ {
    columns.iter().map(|column| column.name)
}

/// Names of columns, for messages.
pub(super) fn list(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// Which cell holds which column.
#[derive(Debug)]
pub(super) struct Header {
    /// Header cells as they stand in the file.
    pub(super) names: Vec<String>,
    /// For each known column, the cell that holds it.
    pub(super) index: Vec<Option<usize>>,
    /// For each cell, whether a name stands above it, known or not.
    is_named: Vec<bool>,
    /// Whether a required column is missing, so that no row can be read.
    pub(super) is_missing_columns: bool,
}

impl Header {
    /// Reads the header row of a table. Columns in `ignored` are skipped without a warning.
    pub(super) fn read(
        file: &str,
        (stem, columns): (&str, &[Column]),
        ignored: &[&str],
        row: &RawRow,
        issues: &mut Vec<Issue>,
    ) -> Self {
        let names: Vec<String> = row.cells.iter().map(|cell| name_of(cell)).collect();
        let mut index = vec![None; columns.len()];
        for (at, name) in names.iter().enumerate() {
            if name.is_empty() || ignored.contains(&name.as_str()) {
                continue;
            }
            let shown = clean(&row.cells[at]);
            let Some(known) = column_called(stem, codes_of(columns), shown) else {
                let near = nearest(name, columns.iter().map(|column| column.name));
                issues.push(
                    Issue::error("unknown_column", file)
                        .row(row.row)
                        .column(shown)
                        .value(shown)
                        .with("nearest", near.unwrap_or("none"))
                        .with("known", list(columns)),
                );
                continue;
            };
            if index[known].is_some() {
                issues.push(Issue::error("duplicate_column", file).row(row.row).column(shown));
            } else {
                index[known] = Some(at);
            }
        }
        let mut is_missing_columns = false;
        for (column, at) in columns.iter().zip(&index) {
            if column.is_required && at.is_none() {
                is_missing_columns = true;
                issues.push(
                    Issue::error("missing_column", file)
                        .row(row.row)
                        .column(column.name)
                        .with("columns", list(columns)),
                );
            }
        }
        let is_named = names.iter().map(|name| !name.is_empty()).collect();
        Self { names: row.cells.clone(), index, is_named, is_missing_columns }
    }

    /// The header of a table whose rows come in the order of the known columns, with the cell of each.
    pub(super) fn mapped(row: &RawRow, index: Vec<Option<usize>>) -> Self {
        let is_named = row.cells.iter().map(|cell| !name_of(cell).is_empty()).collect();
        Self { names: row.cells.clone(), index, is_named, is_missing_columns: false }
    }

    /// Whether a name stands above each of the first `cells` cells.
    pub(super) fn covers(&self, cells: usize) -> bool {
        self.is_named.get(..cells).is_some_and(|named| named.iter().all(|named| *named))
    }

    /// The first filled cell of a row that has no column.
    pub(super) fn stray<'a>(&self, cells: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        cells
            .enumerate()
            .find(|(at, cell)| {
                !self.is_named.get(*at).copied().unwrap_or(false) && !clean(cell).is_empty()
            })
            .map(|(_, cell)| cell)
    }

    /// An issue about a row that has fewer cells than the header has names; `None` if it has enough.
    pub(super) fn short_issue(&self, file: &str, row: u32, cells: usize) -> Option<Issue> {
        let named = self.is_named.iter().rposition(|named| *named).map_or(0, |at| at + 1);
        (cells < named).then(|| {
            let issue = Issue::error("too_few_cells", file).row(row);
            issue.with("cells", cells).with("limit", named)
        })
    }

    pub(super) fn stray_issue(&self, file: &str, row: u32, cell: &str) -> Issue {
        Issue::error("too_many_cells", file).row(row).value(cell).with("limit", self.names.len())
    }
}
