//! Opens every sheet of a file that is a table of one kind.

use super::opening::heads;
use super::{Rows, Shape, begin};
use crate::intake::issue::Issue;
use crate::intake::labels::column_called;
use crate::intake::table::{RawRow, TITLE_ROWS_MAX, list};
use crate::intake::values::clean;
use std::path::Path;

/// The sheets of a file.
pub struct Sheets<T> {
    /// Those that are such a table.
    pub tables: Vec<Rows<T>>,
    /// Which ones are none.
    pub skipped: Vec<Issue>,
}

/// Columns that a row must name so that the sheet is such a table. Our choice: notes may explain the columns one by
/// one.
const NAMED_LEAST: usize = 2;

/// How many cells of a row name a column.
fn columns_named<T>(shape: &Shape<T>, row: &RawRow) -> usize {
    let is_column = |cell: &&String| {
        let codes = shape.columns.iter().map(|column| column.name);
        column_called(shape.stem, codes, clean(cell)).is_some()
    };
    row.cells.iter().filter(is_column).count()
}

/// Opens every sheet that is such a table. Also says which sheets are none; an error if none is one.
pub(super) fn open_sheets<T>(path: &Path, shape: &Shape<T>) -> Result<Sheets<T>, Vec<Issue>> {
    let heads = heads(path, TITLE_ROWS_MAX + 1).map_err(|issue| vec![issue])?;
    let (mut found, mut other, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for head in heads {
        let is_blank = head.1.iter().flat_map(|row| &row.cells).all(|it| clean(it).is_empty());
        // A sheet that names some of the columns is such a table with a fault, and notes are none.
        let is_table = head.1.iter().any(|row| columns_named(shape, row) >= NAMED_LEAST);
        match begin(head, shape, None) {
            Ok(rows) => found.push(rows),
            Err(issues) if !is_table && issues.iter().any(|it| it.code == "missing_column") => {
                other.push(issues);
            }
            Err(issues) if is_blank => other.push(issues),
            Err(issues) => faults.extend(issues),
        }
    }
    if found.is_empty() && faults.is_empty() {
        let missing = || {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            vec![Issue::error("empty_file", name).with("columns", list(shape.columns))]
        };
        return Err(other.into_iter().next().unwrap_or_else(missing));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    // A blank sheet has nothing that anybody could miss.
    let named =
        other.iter().filter_map(|issues| issues.iter().find(|it| it.code == "missing_column"));
    let skipped = named.map(|issue| {
        let column = issue.column.clone().unwrap_or_default();
        Issue::warning("sheet_skipped", &issue.file).with("missing", column)
    });
    Ok(Sheets { tables: found, skipped: skipped.collect() })
}

impl<T> Rows<T> {
    /// The cell of a row that holds a column.
    pub(super) fn place(&self, column: &str) -> Option<usize> {
        let at = self.shape.columns.iter().position(|known| known.name == column)?;
        self.header.index.get(at).copied().flatten()
    }
}
