//! Seasons: years of a vaccine that begin on a day such as 1 September.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The day of the year on which a season begins, written `09-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SeasonStart {
    month: u32,
    day: u32,
}

impl SeasonStart {
    /// The first day of the season that a day is in, and the first day of the next one.
    pub fn season(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        let of = |year| {
            NaiveDate::from_ymd_opt(year, self.month, self.day)
                .expect("a season does not begin on 29 February")
        };
        let year = if of(day.year()) <= day { day.year() } else { day.year() - 1 };
        (of(year), of(year + 1))
    }
}

impl fmt::Display for SeasonStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl From<SeasonStart> for String {
    fn from(start: SeasonStart) -> Self {
        start.to_string()
    }
}

impl FromStr for SeasonStart {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// A year without 29 February, on which not every season could begin.
        const COMMON_YEAR: i32 = 2001;
        let wrong = "is not a day of every year such as 09-01";
        let (month, day) = text.split_once('-').ok_or(wrong)?;
        let (month, day) = (month.parse().map_err(|_| wrong)?, day.parse().map_err(|_| wrong)?);
        NaiveDate::from_ymd_opt(COMMON_YEAR, month, day).ok_or(wrong)?;
        Ok(Self { month, day })
    }
}

impl TryFrom<String> for SeasonStart {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::date;

    #[test]
    fn a_day_is_in_the_season_that_began_last() {
        let start: SeasonStart = "09-01".parse().expect("a day of the year");
        let season = |on: &str| start.season(date(on));
        let of_2026 = (date("2026-09-01"), date("2027-09-01"));
        for on in ["2026-09-01", "2026-12-31", "2027-01-01", "2027-08-31"] {
            assert_eq!(season(on), of_2026, "{on}");
        }
        assert_eq!(season("2026-08-31").1, of_2026.0);
    }

    #[test]
    fn a_season_begins_on_a_day_that_every_year_has() {
        for wrong in ["02-29", "13-01", "0901", "9 1", "", "00-10"] {
            assert!(wrong.parse::<SeasonStart>().is_err(), "{wrong}");
        }
        let start: SeasonStart = "9-1".parse().expect("a day of the year");
        assert_eq!(serde_json::json!(start), "09-01");
    }
}
