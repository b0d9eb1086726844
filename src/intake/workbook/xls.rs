//! Reads an old workbook (.xls of 1993 and later, WPS's .et) record by record (Microsoft's [MS-XLS]).
//!
//! Records that claim a size or a rectangle are not looked at; a record says where its own cell is.

use super::cells::{self, Left, RowWriter, SHEETS_MAX, Sink};
use super::compound::{u16_at, u32_at, workbook_stream};
use super::number_format::{self, Shown as How};
use super::old_text::{Parts, Shared, encoding_of, old_text};
use super::{Ask, shown};
use crate::intake::issue::Issue;
use calamine::{ExcelDateTime, ExcelDateTimeType};
use encoding_rs::Encoding;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of records.
mod kind {
    pub(super) const FORMULA: u16 = 0x0006;
    pub(super) const END: u16 = 0x000a;
    pub(super) const EPOCH: u16 = 0x0022;
    pub(super) const PASSWORD: u16 = 0x002f;
    pub(super) const CONTINUE: u16 = 0x003c;
    pub(super) const CODE_PAGE: u16 = 0x0042;
    pub(super) const SHEET: u16 = 0x0085;
    pub(super) const ROW_OF_NUMBERS: u16 = 0x00bd;
    pub(super) const RICH_LABEL: u16 = 0x00d6;
    pub(super) const STYLE: u16 = 0x00e0;
    pub(super) const SHARED_TEXTS: u16 = 0x00fc;
    pub(super) const SHARED_LABEL: u16 = 0x00fd;
    pub(super) const NUMBER: u16 = 0x0203;
    pub(super) const LABEL: u16 = 0x0204;
    pub(super) const BOOL_OR_ERROR: u16 = 0x0205;
    pub(super) const TEXT: u16 = 0x0207;
    pub(super) const SHORT_NUMBER: u16 = 0x027e;
    pub(super) const FORMAT: u16 = 0x041e;
    pub(super) const BEGIN: u16 = 0x0809;
}

/// Versions of the format, as its first record names them.
const BEFORE_1997: u16 = 0x0500;
const SINCE_1997: u16 = 0x0600;

struct Record<'a> {
    kind: u16,
    data: &'a [u8],
}

/// The records from a place on.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// The next record; an error if it is cut off.
    fn next(&mut self) -> Result<Option<Record<'a>>, Bad> {
        if self.rest.len() < 4 {
            return Ok(None);
        }
        let end = 4 + usize::from(u16_at(self.rest, 2));
        let (record, rest) = self.rest.split_at_checked(end).ok_or(Bad::CutOff)?;
        self.rest = rest;
        Ok(Some(Record { kind: u16_at(record, 0), data: &record[4..] }))
    }

    /// The bytes of a record and of those that continue it.
    fn parts(&mut self, first: &'a [u8]) -> Result<Parts<'a>, Bad> {
        let mut parts = vec![first];
        while self.rest.len() >= 4 && u16_at(self.rest, 0) == kind::CONTINUE {
            parts.extend(self.next()?.map(|record| record.data));
        }
        Ok(Parts::new(parts))
    }
}

/// Why a workbook cannot be read.
enum Bad {
    CutOff,
    /// Protected by a password, or older than 1993.
    Old,
    NotAWorkbook,
    Told(Issue),
}

impl From<Issue> for Bad {
    fn from(issue: Issue) -> Self {
        Self::Told(issue)
    }
}

/// Reads the sheets that are asked for.
pub(super) fn read(bytes: &[u8], ask: &Ask<'_>, sink: &mut dyn Sink) -> Result<(), Issue> {
    let bad = |reason: &str| Issue::error("bad_workbook", ask.name).with("reason", reason);
    match read_book(bytes, ask, sink) {
        Ok(()) => Ok(()),
        Err(Bad::Told(issue)) => Err(issue),
        Err(Bad::CutOff) => Err(bad("it is cut off or damaged")),
        Err(Bad::Old | Bad::NotAWorkbook) => Err(Issue::error("old_workbook", ask.name)),
    }
}

fn read_book(bytes: &[u8], ask: &Ask<'_>, sink: &mut dyn Sink) -> Result<(), Bad> {
    let stream = workbook_stream(bytes).ok_or(Bad::NotAWorkbook)?;
    let book = Book::read(&stream)?;
    let names: Vec<&str> = book.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    let mut left = Left::new();
    for at in ask.wanted(&names) {
        let sheet = &book.sheets[at];
        cells::check_name(ask.name, &sheet.name)?;
        sink.sheet(&sheet.name)?;
        let shown = shown(ask.name, &sheet.name);
        let rest = stream.get(sheet.at..).ok_or(Bad::CutOff)?;
        book.read_sheet(Records { rest }, RowWriter::new(sink, &mut left, &shown))?;
    }
    Ok(())
}

struct SheetAt {
    name: String,
    /// Where its records begin.
    at: usize,
}

/// What stands before the sheets.
struct Book {
    sheets: Vec<SheetAt>,
    texts: Shared,
    /// How each style shows numbers.
    styles: Vec<How>,
    is_since_1997: bool,
    has_epoch_1904: bool,
    encoding: &'static Encoding,
}

impl Book {
    fn read(stream: &[u8]) -> Result<Self, Bad> {
        let mut records = Records { rest: stream };
        let first = records.next()?.ok_or(Bad::NotAWorkbook)?;
        let version = u16_at(first.data, 0);
        if first.kind != kind::BEGIN || !matches!(version, BEFORE_1997 | SINCE_1997) {
            return Err(Bad::Old);
        }
        let mut book = Self {
            sheets: Vec::new(),
            texts: Shared::default(),
            styles: Vec::new(),
            is_since_1997: version == SINCE_1997,
            has_epoch_1904: false,
            encoding: encoding_of(936),
        };
        let (mut formats, mut styles) = (BTreeMap::new(), Vec::new());
        let mut places = BTreeSet::new();
        while let Some(record) = records.next()? {
            let data = record.data;
            match record.kind {
                kind::END => break,
                kind::PASSWORD => return Err(Bad::Old),
                kind::CODE_PAGE => book.encoding = encoding_of(u16_at(data, 0)),
                kind::EPOCH => book.has_epoch_1904 = u16_at(data, 0) == 1,
                kind::STYLE => styles.push(u16_at(data, 2)),
                kind::FORMAT => {
                    let code = book.text(data.get(2..).unwrap_or_default(), 2, 1);
                    let how = number_format::custom(&code.unwrap_or_default());
                    formats.insert(u16_at(data, 0), how);
                }
                kind::SHEET => {
                    let at = usize::try_from(u32_at(data, 0)).map_err(|_| Bad::CutOff)?;
                    // Kind 0 is a sheet of cells; others are charts and macros.
                    if data.get(5) == Some(&0) {
                        let name = book.text(&data[6..], 1, 1).ok_or(Bad::CutOff)?;
                        if !places.insert(at) || book.sheets.len() == SHEETS_MAX {
                            return Err(Bad::CutOff);
                        }
                        book.sheets.push(SheetAt { name, at });
                    }
                }
                kind::SHARED_TEXTS => {
                    book.texts = Shared::read(records.parts(data)?).ok_or(Bad::CutOff)?;
                }
                _ => {}
            }
        }
        let how = |number: u16| {
            formats.get(&number).copied().unwrap_or_else(|| number_format::built_in(number))
        };
        book.styles = styles.into_iter().map(how).collect();
        Ok(book)
    }

    /// A text with its length in front: of `bytes` bytes since 1997, of `bytes_before` earlier.
    fn text(&self, data: &[u8], bytes: usize, bytes_before: usize) -> Option<String> {
        if self.is_since_1997 {
            Parts::new(vec![data]).text(bytes)
        } else {
            old_text(data, bytes_before, self.encoding)
        }
    }

    fn read_sheet(&self, mut records: Records<'_>, mut out: RowWriter<'_>) -> Result<(), Bad> {
        // Charts within the sheet have records of cells too.
        let mut depth = 0_u32;
        // The cell of the last formula; its text comes in a record of its own.
        let mut asked = None;
        while let Some(record) = records.next()? {
            match record.kind {
                kind::BEGIN => depth += 1,
                kind::END if depth <= 1 => break,
                kind::END => depth -= 1,
                kind::TEXT if depth == 1 => {
                    if let Some((row, column)) = asked.take() {
                        let text = if self.is_since_1997 {
                            records.parts(record.data)?.text(2)
                        } else {
                            old_text(record.data, 2, self.encoding)
                        };
                        out.put(row, column, text.ok_or(Bad::CutOff)?.into())?;
                    }
                }
                _ if depth == 1 => {
                    if let Some(cell) = self.cell(&record, &mut out)? {
                        asked = Some(cell);
                    }
                }
                _ => {}
            }
        }
        Ok(out.finish()?)
    }

    /// Puts the cells of a record; returns the cell whose text will follow.
    fn cell(
        &self,
        record: &Record<'_>,
        out: &mut RowWriter<'_>,
    ) -> Result<Option<(u32, u32)>, Bad> {
        let data = record.data;
        let (row, column) = (u32::from(u16_at(data, 0)), u32::from(u16_at(data, 2)));
        let style = u16_at(data, 4);
        let rest = |at: usize| data.get(at..).ok_or(Bad::CutOff);
        let text: Cow<'_, str> = match record.kind {
            kind::NUMBER => self.number(float_at(rest(6)?).ok_or(Bad::CutOff)?, style).into(),
            kind::SHORT_NUMBER => {
                rest(10)?;
                self.number(short_number(u32_at(data, 6)), style).into()
            }
            kind::ROW_OF_NUMBERS => {
                let numbers = data.get(4..data.len().saturating_sub(2)).ok_or(Bad::CutOff)?;
                for (column, six) in (column..).zip(numbers.chunks_exact(6)) {
                    let text = self.number(short_number(u32_at(six, 2)), u16_at(six, 0));
                    out.put(row, column, text.into())?;
                }
                return Ok(None);
            }
            kind::SHARED_LABEL => {
                rest(10)?;
                self.texts.get(u32_at(data, 6)).ok_or(Bad::CutOff)?.into()
            }
            kind::LABEL | kind::RICH_LABEL => self.text(rest(6)?, 2, 2).ok_or(Bad::CutOff)?.into(),
            kind::BOOL_OR_ERROR => match rest(6)? {
                [value, 0, ..] => bool_text(*value).into(),
                [error, ..] => error_text(*error).into(),
                [] => return Err(Bad::CutOff),
            },
            kind::FORMULA => match rest(6)?.get(..8).ok_or(Bad::CutOff)? {
                [0, .., 0xff, 0xff] => return Ok(Some((row, column))),
                [1, _, value, .., 0xff, 0xff] => bool_text(*value).into(),
                [2, _, error, .., 0xff, 0xff] => error_text(*error).into(),
                [_, .., 0xff, 0xff] => "".into(),
                value => self.number(float_at(value).ok_or(Bad::CutOff)?, style).into(),
            },
            _ => return Ok(None),
        };
        out.put(row, column, text)?;
        Ok(None)
    }

    fn number(&self, number: f64, style: u16) -> String {
        match self.styles.get(usize::from(style)).copied().unwrap_or(How::Plain) {
            How::Day => {
                let kind = ExcelDateTimeType::DateTime;
                cells::date_text(&ExcelDateTime::new(number, kind, self.has_epoch_1904))
            }
            How::Scientific => cells::number_text(number, true),
            How::Elapsed | How::Plain => cells::number_text(number, false),
        }
    }
}

fn float_at(bytes: &[u8]) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.get(..8)?.try_into().ok()?))
}

/// A number of 30 bits: whole or the upper part of a float, perhaps a hundred times too large.
fn short_number(bits: u32) -> f64 {
    let number = if bits & 2 == 0 {
        f64::from_bits(u64::from(bits & !3) << 32)
    } else {
        f64::from(bits.cast_signed() >> 2)
    };
    if bits & 1 == 0 { number } else { number / 100.0 }
}

fn bool_text(value: u8) -> &'static str {
    if value == 0 { "false" } else { "true" }
}

fn error_text(error: u8) -> &'static str {
    match error {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}
