//! The tables that a county hands up for a month. Every figure carries its **basis**: what it is made of, down to a
//! **pick** of doses, so that somebody can ask for the records behind it.

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
    /// The area it is about, with all that lies below it.
    pub area: AreaCode,
    /// Its first day.
    pub first: NaiveDate,
    /// Its last day, included.
    pub last: NaiveDate,
    /// Codes of its columns.
    pub columns: &'static [&'static str],
    /// Its rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<Figure>>,
}

/// A cell of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it says.
    pub value: Value,
    /// What it is made of.
    pub basis: Basis,
}

/// What a cell says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing can be said: no denominator, nobody due.
    None,
    /// People, doses or records.
    Count(i64),
    /// A percentage with one decimal.
    Percent(Percent),
    /// A day.
    Day(NaiveDate),
    /// A name or code.
    Text(String),
}

/// What a figure is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// It says what the row is about.
    Words,
    /// Rows of `eligible.csv` as of a day.
    Eligible {
        /// Of these areas.
        areas: Vec<AreaCode>,
        /// Of these groups.
        groups: Vec<GroupId>,
        /// The newest by then.
        day: NaiveDate,
    },
    /// Doses as they count.
    Given(Pick),
    /// Records, by how soon they came.
    Arrivals(ArrivalPick),
    /// A lot, from its delivery and the doses given.
    Lot {
        /// Which.
        lot: LotCode,
        /// Which of its figures.
        what: LotFigure,
    },
    /// Persons of the register by the year of birth; with a dose number, those who got it.
    Cohort {
        /// Of these areas.
        areas: Vec<AreaCode>,
        /// Born in this year.
        year: i32,
        /// Who got this dose.
        dose: Option<u8>,
        /// By then.
        day: NaiveDate,
    },
    /// Persons of the register and what they lack (`catch-up report` has the same figure).
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

    /// What cannot be said.
    pub fn none() -> Self {
        Self { value: Value::None, basis: Basis::Words }
    }

    /// A count with its basis.
    pub fn count(count: i64, basis: Basis) -> Self {
        Self { value: Value::Count(count), basis }
    }

    /// The count, where it is one.
    pub fn number(&self) -> Option<i64> {
        match self.value {
            Value::Count(count) => Some(count),
            _ => None,
        }
    }

    /// This figure less another, at least 0: nothing where one of them says nothing.
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

    /// This figure as a percentage of another, one decimal.
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
