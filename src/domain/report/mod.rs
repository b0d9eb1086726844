//! The monthly tables that a county reports upwards. Every figure carries its **basis**: what it was computed
//! from, down to a **pick** of doses, so that the records behind it can be listed.

mod pick;
mod places;
mod tables;
#[cfg(test)]
mod tests;

pub use pick::{Arrival, ArrivalPick, DayTotal, Facts, Measure, Pick};
pub use places::given_at;
pub use tables::{NAMES, Name, build};

use super::count::Percent;
use super::id::{AreaCode, GroupId, LotCode};
use super::stock::LotFigure;
use chrono::NaiveDate;
use serde::Serialize;

/// A table of figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which one.
    pub name: Name,
    /// The area that it covers, with all areas below it.
    pub area: AreaCode,
    /// Its first day.
    pub first: NaiveDate,
    /// Its last day, included.
    pub last: NaiveDate,
    /// The keys of its columns.
    pub columns: &'static [&'static str],
    /// Its rows, each with one cell for each column.
    pub rows: Vec<Vec<Figure>>,
}

/// A cell of a report: a value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The value.
    pub value: Value,
    /// What it was computed from.
    pub basis: Basis,
}

/// The value of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Unknown: there is no denominator, or nobody is due.
    None,
    /// People, doses or records.
    Count(i64),
    /// A percentage.
    Percent(Percent),
    /// A day.
    Day(NaiveDate),
    /// A name or code.
    Text(String),
}

/// What a figure was computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// Nothing: it names the row, or follows from the campaign alone.
    Words,
    /// Eligible people as of a day.
    Eligible {
        /// Of these areas.
        areas: Vec<AreaCode>,
        /// Of these groups.
        groups: Vec<GroupId>,
        /// The day: the newest revisions by then.
        day: NaiveDate,
    },
    /// Doses given, as they count.
    Given(Pick),
    /// Records, by how long after the dose they arrived.
    Arrivals(ArrivalPick),
    /// A lot: its delivery, and what the doses given drew from it.
    Lot {
        /// Which.
        lot: LotCode,
        /// Which of its figures.
        what: LotFigure,
    },
    /// Persons of the register born in a year; with a dose number, those of them who got that dose.
    Cohort {
        /// Of these areas.
        areas: Vec<AreaCode>,
        /// Born in this year.
        year: i32,
        /// Only those who got this dose.
        dose: Option<u8>,
        /// Got by this day.
        day: NaiveDate,
    },
    /// The doses that persons of the register have missed, as `catch-up report` counts them.
    Register,
    /// The first less the second, at least 0.
    Less(Box<Figure>, Box<Figure>),
    /// The first over the second.
    Over(Box<Figure>, Box<Figure>),
}

impl Figure {
    /// A name or code.
    pub fn words(text: impl Into<String>) -> Self {
        Self { value: Value::Text(text.into()), basis: Basis::Words }
    }

    /// An unknown value.
    pub fn none() -> Self {
        Self { value: Value::None, basis: Basis::Words }
    }

    /// A count with its basis.
    pub fn count(count: i64, basis: Basis) -> Self {
        Self { value: Value::Count(count), basis }
    }

    /// The value if it is a count, else `None`.
    pub fn number(&self) -> Option<i64> {
        match self.value {
            Value::Count(count) => Some(count),
            _ => None,
        }
    }

    /// This count less another, at least 0; unknown where one of them is.
    #[must_use]
    pub fn less(&self, other: &Self) -> Self {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => Self::count(
                (a - b).max(0),
                Basis::Less(Box::new(self.clone()), Box::new(other.clone())),
            ),
            _ => Self::none(),
        }
    }

    /// This count as a percentage of another; unknown where one of them is, or where `whole` is not above 0.
    #[must_use]
    pub fn over(&self, whole: &Self) -> Self {
        let share = self.number().zip(whole.number());
        match share.and_then(|(part, whole)| Percent::of(part, whole)) {
            Some(percent) => Self {
                value: Value::Percent(percent),
                basis: Basis::Over(Box::new(self.clone()), Box::new(whole.clone())),
            },
            None => Self::none(),
        }
    }
}
