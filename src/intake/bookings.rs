//! Reads what another program booked: record, person, date, place, slot, state.

use super::fields::Fields;
use super::issue::Issue;
use super::place_tables::clock;
use super::source::Source;
use super::table::Column;
use super::tables;
use crate::domain::booking::SlotTime;
use crate::domain::id::{PersonId, PlaceCode};
use crate::domain::words::words;
use chrono::NaiveDate;
use std::path::Path;

words! {
    /// What a row says of a booking.
    pub enum BookedState {
        /// The seat was taken.
        Booked = "booked",
        /// It was taken and confirmed.
        Confirmed = "confirmed",
        /// It was given back.
        Cancelled = "cancelled",
    }
}

/// A row of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedRow {
    /// The row in the file, from 1.
    pub row: u32,
    /// The other program's number of the booking.
    pub record: String,
    /// Who.
    pub person: PersonId,
    /// The day.
    pub day: NaiveDate,
    /// The place.
    pub place: PlaceCode,
    /// When the slot begins; `None` where the place has no hours.
    pub slot: Option<SlotTime>,
    /// What became of it.
    pub state: BookedState,
}

const COLUMNS: &[Column] = &[
    Column::required("record"),
    Column::required("person").private(),
    Column::required("date"),
    Column::required("place"),
    Column::optional("slot"),
    Column::required("state"),
];

fn row(fields: &mut Fields<'_>) -> Option<BookedRow> {
    let (record, person) = (fields.text("record"), fields.text("person"));
    let (day, place) = (fields.day("date"), fields.code("place"));
    let slot = clock(fields, "slot");
    let known = BookedState::ALL.map(BookedState::word);
    let state = fields.word("state", &known, BookedState::from_word);
    Some(BookedRow {
        row: 0,
        record: record?,
        person: PersonId::new(person?),
        day: day?,
        place: PlaceCode::new(place?),
        slot: slot?.map(SlotTime::of_time),
        state: state?,
    })
}

/// Reads a CSV file, or the sheet `bookings` of a workbook. Rows with an error are left out and told.
pub fn read(path: &Path) -> (Vec<BookedRow>, Vec<Issue>) {
    let is_csv = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_csv);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let from = if is_csv { folder.unwrap_or(Path::new(".")) } else { path };
    let mut source = match Source::open(from) {
        Ok(source) => source,
        Err(issue) => return (Vec::new(), vec![issue]),
    };
    let mut issues = Vec::new();
    let (table, _) = source.table(stem.unwrap_or("bookings"), COLUMNS, true, &mut issues);
    let rows = tables::read(&table, &mut issues, row);
    let rows = rows.into_iter().map(|found| BookedRow { row: found.row, ..found.value });
    (rows.collect(), issues)
}
