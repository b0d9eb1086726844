//! Splits text into CSV records. Records are numbered as a spreadsheet numbers its rows: blank
//! lines count, line ends inside a quoted cell do not.

use super::encoding::{Scan, TextReader, scan};
use super::issue::Issue;
use super::table::RawRow;
use csv_core::ReadRecordResult;
use std::io::Read;

/// The longest record, in bytes. A longer one has a quotation mark that was never closed.
const RECORD_BYTES_MAX: usize = 64 * 1024;
/// The most cells in a record; no table of ours is nearly as wide.
const CELLS_MAX: usize = 1024;
/// Rows that a spreadsheet can hold, the limit for campaign tables and workbooks.
pub(super) const ROWS_MAX: usize = 1_048_576;

/// Reads records one after the other into reused buffers.
pub(super) struct RecordReader<R> {
    text: TextReader<R>,
    core: csv_core::Reader,
    /// The first byte of the chunk that has not been used.
    at: usize,
    is_end: bool,
    /// Whether the last record ended with CR, so that an LF belongs to it.
    after_cr: bool,
    row: u32,
    out: Vec<u8>,
    ends: Vec<usize>,
}

/// A record as read, all its cells in one text.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    /// The row, from 1.
    pub(super) row: u32,
    /// The cells, one after the other.
    pub(super) text: &'a str,
    /// Where each cell ends in `text`.
    pub(super) ends: &'a [usize],
}

impl<'a> Record<'a> {
    /// Cell `index`; empty beyond the last.
    pub(super) fn cell(&self, index: usize) -> &'a str {
        let start = if index == 0 { Some(&0) } else { self.ends.get(index - 1) };
        match (start, self.ends.get(index)) {
            (Some(start), Some(end)) => self.text.get(*start..*end).unwrap_or_default(),
            _ => "",
        }
    }

    /// All cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = &'a str> {
        let this = *self;
        (0..this.ends.len()).map(move |index| this.cell(index))
    }
}

impl<R: Read> RecordReader<R> {
    pub(super) fn new(inner: R, expected: Scan) -> Self {
        Self {
            text: TextReader::new(inner, expected),
            core: csv_core::Reader::new(),
            at: 0,
            is_end: false,
            after_cr: false,
            row: 0,
            out: vec![0; 1024],
            ends: vec![0; 64],
        }
    }

    /// Whether the second pass read the same bytes as the first one.
    pub(super) fn is_same(&self) -> bool {
        self.text.is_same()
    }

    /// The next record; `None` at the end.
    pub(super) fn read(&mut self, file: &str) -> Result<Option<Record<'_>>, Issue> {
        if !self.skip_line_ends(file)? {
            return Ok(None);
        }
        self.row = self.row.saturating_add(1);
        let (mut written, mut ended) = (0, 0);
        loop {
            let input = if self.is_end { &b""[..] } else { &self.text.chunk()[self.at..] };
            if input.is_empty() && !self.is_end {
                self.refill(file)?;
                continue;
            }
            let (result, read, wrote, ends) =
                self.core.read_record(input, &mut self.out[written..], &mut self.ends[ended..]);
            if read > 0 {
                self.after_cr = input[read - 1] == b'\r';
            }
            self.at += read;
            written += wrote;
            ended += ends;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.out.len() < RECORD_BYTES_MAX => {
                    self.out.resize(self.out.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < CELLS_MAX => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(Issue::error("row_too_long", file)
                        .row(self.row)
                        .with("limit", RECORD_BYTES_MAX));
                }
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        let text = std::str::from_utf8(&self.out[..written])
            .map_err(|_| Issue::error("file_changed", file).row(self.row))?;
        Ok(Some(Record { row: self.row, text, ends: &self.ends[..ended] }))
    }

    /// Moves to the first byte of the next record and counts the blank lines before it. `false` at
    /// the end of the file.
    fn skip_line_ends(&mut self, file: &str) -> Result<bool, Issue> {
        loop {
            while let Some(byte) = self.text.chunk().get(self.at) {
                match byte {
                    b'\n' if self.after_cr => self.after_cr = false,
                    b'\n' => self.row = self.row.saturating_add(1),
                    b'\r' => {
                        self.row = self.row.saturating_add(1);
                        self.after_cr = true;
                    }
                    _ => {
                        self.after_cr = false;
                        return Ok(true);
                    }
                }
                self.at += 1;
            }
            if self.is_end {
                return Ok(false);
            }
            self.refill(file)?;
            if self.is_end {
                return Ok(false);
            }
        }
    }

    fn refill(&mut self, file: &str) -> Result<(), Issue> {
        self.at = 0;
        let more = self
            .text
            .advance()
            .map_err(|error| Issue::error("unreadable", file).with("reason", error))?;
        self.is_end = !more;
        Ok(())
    }
}

/// All rows of a small file.
pub(super) fn rows(file: &str, bytes: &[u8]) -> Result<Vec<RawRow>, Issue> {
    let found = scan(file, || Ok(bytes))?;
    let mut reader = RecordReader::new(bytes, found);
    let mut rows = Vec::new();
    while let Some(record) = reader.read(file)? {
        if rows.len() == ROWS_MAX {
            return Err(Issue::error("too_many_rows", file).with("limit", ROWS_MAX));
        }
        rows.push(RawRow { row: record.row, cells: record.cells().map(str::to_owned).collect() });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(text: &str) -> Vec<(u32, Vec<String>)> {
        let rows = rows("f.csv", text.as_bytes()).expect("rows");
        rows.into_iter().map(|row| (row.row, row.cells)).collect()
    }

    fn cells(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_does_whatever_ends_a_line() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "1,2", "\"x", "y\",3", "4,5"].join(end);
            let quoted = format!("x{end}y");
            let expected = [
                (1, cells(&["a", "b"])),
                (3, cells(&["1", "2"])),
                (4, cells(&[quoted.as_str(), "3"])),
                (5, cells(&["4", "5"])),
            ];
            assert_eq!(brief(&text), expected, "{end:?}");
            assert_eq!(brief(&format!("{text}{end}{end}")), expected, "{end:?}");
        }
        assert_eq!(brief("a\r\nb\nc\n\r\nd").last().map(|row| row.0), Some(5));
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_is_an_issue_and_no_flood() {
        let text = format!("a,b\n1,\"{}", "x,y\n".repeat(100_000));
        let issue = rows("f.csv", text.as_bytes()).expect_err("an issue");
        assert_eq!((issue.code, issue.row), ("row_too_long", Some(2)));
    }
}
