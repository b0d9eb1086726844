//! Months and spans of months.

use chrono::{Datelike, NaiveDate, TimeDelta};
use std::fmt;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct YearMonth(i32);

impl YearMonth {
    /// A month of a year; `None` where there is no such month, or the year is not one of 1 to 9998.
    pub fn new(year: i32, month: u32) -> Option<Self> {
        let is_sound = (1..=9998).contains(&year) && (1..=12).contains(&month);
        is_sound.then(|| Self(year * 12 + month.cast_signed() - 1))
    }

    /// The month of a day.
    pub fn of(day: NaiveDate) -> Self {
        Self(day.year() * 12 + day.month0().cast_signed())
    }

    /// The first day.
    pub fn first(self) -> NaiveDate {
        let (year, month) = (self.0.div_euclid(12), self.0.rem_euclid(12).cast_unsigned() + 1);
        NaiveDate::from_ymd_opt(year, month, 1).expect("a month of the calendar")
    }

    /// The last day.
    pub fn last(self) -> NaiveDate {
        self.next().first() - TimeDelta::days(1)
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// January of the same year.
    #[must_use]
    pub fn january(self) -> Self {
        Self(self.0 - self.0.rem_euclid(12))
    }

    /// How many months after `other` it is.
    pub fn since(self, other: Self) -> usize {
        usize::try_from(self.0 - other.0).unwrap_or(0)
    }
}

impl fmt::Display for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// Months in a row, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthSpan {
    /// The first month.
    pub first: YearMonth,
    /// The last month.
    pub last: YearMonth,
}

impl MonthSpan {
    /// One month.
    pub fn month(month: YearMonth) -> Self {
        Self { first: month, last: month }
    }

    /// January to `month` (脱靴).
    pub fn january_to(month: YearMonth) -> Self {
        Self { first: month.january(), last: month }
    }

    /// Whether a day lies in one of the months.
    pub fn contains(&self, day: NaiveDate) -> bool {
        (self.first..=self.last).contains(&YearMonth::of(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_knows_its_days_and_its_january() {
        let february = YearMonth::new(2024, 2).expect("a month");
        assert_eq!(february.to_string(), "2024-02");
        assert_eq!(february.first().to_string(), "2024-02-01");
        assert_eq!(february.last().to_string(), "2024-02-29");
        assert_eq!(february.january().to_string(), "2024-01");
        let december = YearMonth::new(2024, 12).expect("a month");
        assert_eq!(december.next().to_string(), "2025-01");
        assert_eq!(december.since(february), 10);
        assert!(YearMonth::new(2024, 13).is_none() && YearMonth::new(0, 1).is_none());
        let span = MonthSpan::january_to(february);
        assert!(span.contains("2024-01-01".parse().expect("a day")));
        assert!(!span.contains("2024-03-01".parse().expect("a day")));
    }
}
