//! The cells of rows as read, for the errors file.

use crate::intake::records::Record;

/// The cells of a batch as read, stored in one text.
#[derive(Debug, Default)]
pub struct RawCells {
    text: String,
    /// Where each cell ends.
    ends: Vec<usize>,
    /// Where each row's cells end in `ends`.
    rows: Vec<usize>,
}

impl RawCells {
    /// No cells yet, with room for some.
    pub(super) fn with_room(rows: usize, cells: usize, bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            ends: Vec::with_capacity(cells),
            rows: Vec::with_capacity(rows),
        }
    }

    /// Bytes of all cells.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) fn push(&mut self, record: Record<'_>) {
        let start = self.text.len();
        self.text.push_str(record.text);
        self.ends.extend(record.ends.iter().map(|end| start + end));
        self.rows.push(self.ends.len());
    }

    /// The cells of row `index`.
    pub fn cells(&self, index: usize) -> Vec<&str> {
        let first = if index == 0 { 0 } else { self.rows.get(index - 1).copied().unwrap_or(0) };
        let last = self.rows.get(index).copied().unwrap_or(first);
        let start = |at: usize| if at == 0 { 0 } else { self.ends[at - 1] };
        (first..last)
            .map(|at| self.text.get(start(at)..self.ends[at]).unwrap_or_default())
            .collect()
    }
}
