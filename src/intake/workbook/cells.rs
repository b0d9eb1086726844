//! The rows that are taken from a workbook's sheets, and how many of them.
//!
//! A reader never allocates what a file only claims: it hands over one row after the other, and what is kept is
//! counted against [`Left`].

use crate::intake::issue::Issue;
use crate::intake::records::ROWS_MAX;
use crate::intake::table::RawRow;
use calamine::ExcelDateTime;
use std::borrow::Cow;

/// Columns of a sheet that are read. Our widest table has 13. What stands further right is kept as one cell more, so
/// that it is told.
pub(super) const COLUMNS_MAX: usize = 256;
/// Most sheets of a workbook.
pub(super) const SHEETS_MAX: usize = 256;
/// Longest name of a sheet, in bytes. Excel allows 31 characters.
const NAME_BYTES_MAX: usize = 255;
/// Most cells that are taken from a workbook: a full sheet of our widest table.
const CELLS_MAX: usize = 14_000_000;
/// Most text that is taken from a workbook, in bytes.
const TEXT_BYTES_MAX: usize = 160 << 20;
/// Most cells that are looked at, the empty ones too.
const VISITED_MAX: usize = 64_000_000;
/// The largest number whose digits a spreadsheet keeps: fifteen of them.
const WHOLE_MAX: f64 = 1e15;

/// What a workbook is read into.
pub(super) trait Sink {
    /// A sheet begins.
    fn sheet(&mut self, name: &str) -> Result<(), Issue>;
    /// A row of the sheet that is not empty.
    fn row(&mut self, row: u32, cells: &[String]) -> Result<(), Issue>;
    /// The first formula of the sheet, and its row.
    fn formula(&mut self, row: u32, text: &str) -> Result<(), Issue>;
}

/// What may still be taken from a workbook.
#[derive(Debug)]
pub(super) struct Left {
    cells: usize,
    text: usize,
    visited: usize,
}

impl Left {
    pub(super) fn new() -> Self {
        Self { cells: CELLS_MAX, text: TEXT_BYTES_MAX, visited: VISITED_MAX }
    }

    /// Takes a row from what is left.
    fn take(&mut self, shown: &str, cells: &[String]) -> Result<(), Issue> {
        let text = cells.iter().map(String::len).sum();
        match (self.cells.checked_sub(cells.len()), self.text.checked_sub(text)) {
            (Some(cells), Some(text)) => {
                (self.cells, self.text) = (cells, text);
                Ok(())
            }
            _ => Err(too_much(shown)),
        }
    }

    fn visit(&mut self, shown: &str) -> Result<(), Issue> {
        self.visited = self.visited.checked_sub(1).ok_or_else(|| too_much(shown))?;
        Ok(())
    }
}

fn too_much(shown: &str) -> Issue {
    let text = format!("{} MB", TEXT_BYTES_MAX >> 20);
    Issue::error("sheet_too_large", shown).with("limit", CELLS_MAX).with("text", text)
}

/// Whether a sheet may have this name.
pub(super) fn check_name(book: &str, sheet: &str) -> Result<(), Issue> {
    if sheet.len() > NAME_BYTES_MAX {
        let reason = "the name of a sheet is too long";
        return Err(Issue::error("bad_workbook", book).with("reason", reason));
    }
    Ok(())
}

/// Puts the cells of a sheet together into rows and hands over those that are not empty.
pub(super) struct RowWriter<'a> {
    sink: &'a mut dyn Sink,
    left: &'a mut Left,
    shown: &'a str,
    row: u32,
    cells: Vec<String>,
    rows: usize,
}

impl<'a> RowWriter<'a> {
    /// For the sheet that messages call `shown`.
    pub(super) fn new(sink: &'a mut dyn Sink, left: &'a mut Left, shown: &'a str) -> Self {
        Self { sink, left, shown, row: 0, cells: Vec::new(), rows: 0 }
    }

    /// Adds a cell; rows and columns are counted from 0. Cells of a row may come in any order.
    pub(super) fn put(&mut self, row: u32, column: u32, text: Cow<'_, str>) -> Result<(), Issue> {
        self.left.visit(self.shown)?;
        if text.is_empty() {
            return Ok(());
        }
        if row != self.row {
            self.flush()?;
            self.row = row;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX).min(COLUMNS_MAX);
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text.into_owned();
        Ok(())
    }

    /// Hands over the last row.
    pub(super) fn finish(mut self) -> Result<(), Issue> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Issue> {
        if self.cells.is_empty() {
            return Ok(());
        }
        if self.rows == ROWS_MAX {
            return Err(Issue::error("too_many_rows", self.shown).with("limit", ROWS_MAX));
        }
        self.rows += 1;
        self.left.take(self.shown, &self.cells)?;
        self.sink.row(self.row.saturating_add(1), &self.cells)?;
        self.cells.clear();
        Ok(())
    }
}

/// A place in a text or list.
fn size(length: usize) -> u32 {
    u32::try_from(length).expect("the limits are far below 4 GB")
}

/// The rows of a sheet, all their cells in one text.
#[derive(Debug, Default)]
pub(super) struct Grid {
    text: String,
    /// Where each cell ends in `text`.
    ends: Vec<u32>,
    /// The number of each row and where its cells end in `ends`.
    rows: Vec<(u32, u32)>,
}

impl Grid {
    /// Begins a row.
    pub(super) fn row(&mut self, row: u32) {
        self.rows.push((row, size(self.ends.len())));
    }

    /// Adds a cell to the last row.
    pub(super) fn cell(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(size(self.text.len()));
        if let Some((_, end)) = self.rows.last_mut() {
            *end = size(self.ends.len());
        }
    }

    fn cells(&self, index: usize) -> Vec<String> {
        let end_of = |at: usize| at.checked_sub(1).and_then(|at| self.rows.get(at));
        let first = end_of(index).map_or(0, |(_, end)| *end);
        let last = self.rows.get(index).map_or(first, |(_, end)| *end);
        let end = |at: u32| self.ends.get(at as usize).map_or(0, |end| *end as usize);
        let start = |at: u32| at.checked_sub(1).map_or(0, end);
        let texts = (first..last).map(|at| self.text.get(start(at)..end(at)).unwrap_or_default());
        texts.map(str::to_owned).collect()
    }

    /// Number of cells.
    pub(super) fn size(&self) -> usize {
        self.ends.len()
    }

    /// The rows from above to below.
    pub(super) fn into_rows(self) -> SheetRows {
        // Rows stand in order unless somebody edited the file.
        let mut order = Vec::new();
        if !self.rows.is_sorted_by_key(|(row, _)| *row) {
            order = (0..self.rows.len()).collect();
            order.sort_by_key(|at: &usize| self.rows[*at].0);
        }
        SheetRows { grid: self, order, next: 0 }
    }
}

/// The rows of a sheet, one after the other.
#[derive(Debug)]
pub(in crate::intake) struct SheetRows {
    grid: Grid,
    /// The order of the rows; empty if it is that of the grid.
    order: Vec<usize>,
    next: usize,
}

impl Iterator for SheetRows {
    type Item = RawRow;

    fn next(&mut self) -> Option<RawRow> {
        let at = self.order.get(self.next).copied().unwrap_or(self.next);
        let (row, _) = *self.grid.rows.get(at)?;
        self.next += 1;
        Some(RawRow { row, cells: self.grid.cells(at) })
    }
}

/// A sheet that was read.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) grid: Grid,
    /// The first formula and its row.
    pub(super) formula: Option<(u32, String)>,
}

/// Keeps the sheets in memory.
#[derive(Debug, Default)]
pub(super) struct Kept(pub(super) Vec<Sheet>);

impl Sink for Kept {
    fn sheet(&mut self, name: &str) -> Result<(), Issue> {
        self.0.push(Sheet { name: name.to_owned(), grid: Grid::default(), formula: None });
        Ok(())
    }

    fn row(&mut self, row: u32, cells: &[String]) -> Result<(), Issue> {
        if let Some(sheet) = self.0.last_mut() {
            sheet.grid.row(row);
            for cell in cells {
                sheet.grid.cell(cell);
            }
        }
        Ok(())
    }

    fn formula(&mut self, row: u32, text: &str) -> Result<(), Issue> {
        if let Some(sheet) = self.0.last_mut() {
            sheet.formula = Some((row, text.to_owned()));
        }
        Ok(())
    }
}

/// A number as the sheet shows it: with fifteen digits, so that 0.1 + 0.2 is 0.3. A larger one has lost digits, or
/// its cell is formatted so; it is written with an exponent, by which a column of codes knows that it is no code.
pub(super) fn number_text(number: f64, is_scientific: bool) -> String {
    let shown: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    if !number.is_finite() || (shown.abs() < WHOLE_MAX && !is_scientific) {
        return format!("{shown}");
    }
    let text = format!("{shown:E}");
    match text.split_once('E') {
        Some((digits, power)) if !power.starts_with('-') => format!("{digits}E+{power}"),
        _ => text,
    }
}

/// A day or instant as text. A time without a day stays a number.
pub(super) fn date_text(at: &ExcelDateTime) -> String {
    match at.as_datetime() {
        Some(instant) if at.is_datetime() && at.as_f64() >= 1.0 => {
            instant.date().format("%Y-%m-%d").to_string()
        }
        _ => number_text(at.as_f64(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_a_sheet_cannot_hold_is_written_with_an_exponent() {
        for (number, text) in [
            (0.1 + 0.2, "0.3"),
            (321_181.0, "321181"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1E+15"),
            (321_101_199_001_011_234.0, "3.21101199001011E+17"),
            (-1e20, "-1E+20"),
        ] {
            assert_eq!(number_text(number, false), text);
        }
        assert_eq!(number_text(100_000.0, true), "1E+5");
        assert_eq!(number_text(0.0001, true), "1E-4");
    }

    #[test]
    fn a_far_cell_is_told_and_costs_no_rectangle() {
        let (mut kept, mut left) = (Kept::default(), Left::new());
        kept.sheet("s").expect("a sheet");
        let mut writer = RowWriter::new(&mut kept, &mut left, "s");
        writer.put(0, 0, "a".into()).expect("a cell");
        writer.put(1_048_575, 16_383, "far".into()).expect("a cell");
        writer.finish().expect("rows");
        let sheet = kept.0.pop().expect("a sheet");
        assert_eq!(sheet.grid.size(), 1 + COLUMNS_MAX + 1);
        let rows: Vec<RawRow> = sheet.grid.into_rows().collect();
        assert_eq!(
            (rows[1].row, rows[1].cells.last().map(String::as_str)),
            (1_048_576, Some("far"))
        );
    }

    #[test]
    fn a_text_that_many_cells_share_is_counted_for_each() {
        let (mut kept, mut left) = (Kept::default(), Left::new());
        kept.sheet("s").expect("a sheet");
        let mut writer = RowWriter::new(&mut kept, &mut left, "f!s");
        let long = "x".repeat(32_767);
        let refused = (0..10_000).find_map(|row| writer.put(row, 0, Cow::from(&*long)).err());
        let issue = refused.expect("a limit");
        assert_eq!((issue.code, &*issue.file), ("sheet_too_large", "f!s"));
    }
}
