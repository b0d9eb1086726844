//! Coverage: doses given over eligible people, by area, group, site and day.
//!
//! **People at dose n** are those who got an n-th dose; a dose that is repeated because the first try did not count
//! counts once. **Not reported is not zero**: every coverage says which sites are in.

use super::id::{AreaCode, PlaceCode};
use chrono::NaiveDate;
use serde::Serialize;

/// Coverage of a campaign as of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Events up to this day's 24:00 are counted.
    pub as_of: NaiveDate,
    /// Only what was recorded by this day's 24:00 is counted; the present where absent.
    pub known_on: Option<NaiveDate>,
    /// Who has reported on the as-of day.
    pub sites: SitesReported,
    /// One row for each group and group set of each area asked for.
    pub rows: Vec<CoverageRow>,
}

/// Which of the sites that were open on a day have reported.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SitesReported {
    /// Fixed sites open on the day.
    pub expected: usize,
    /// Of them, those with a row for the day, also one of 0 doses.
    pub reported: usize,
    /// The others.
    pub missing: Vec<PlaceCode>,
}

/// Coverage of one group, or set of groups, in one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    /// The area; its whole subtree is counted.
    pub area: AreaCode,
    /// Its name.
    pub area_name: String,
    /// Id of the group or group set.
    pub group: String,
    /// Its name.
    pub group_name: String,
    /// People eligible; `None` without a denominator.
    pub eligible: Option<u64>,
    /// One entry for each dose of the series, and for doses beyond it where there were any.
    pub doses: Vec<DoseLine>,
    /// Who finished the series.
    pub complete: Share,
    /// Drop-out from the first dose to the last: (first − last) / first, as a percentage.
    pub drop_out: Option<String>,
    /// Doses of the register's people that do not count, contained in `doses`.
    pub invalid: u64,
    /// What is odd about the row.
    pub flags: Vec<Flag>,
}

/// People who got a dose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoseLine {
    /// Number of the dose.
    pub dose: u8,
    /// People up to the as-of day.
    pub people: u64,
    /// Of the eligible, one decimal.
    pub percent: Option<String>,
    /// People on the as-of day.
    pub today: u64,
}

/// People and their share of the eligible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// People.
    pub people: u64,
    /// Of the eligible, one decimal.
    pub percent: Option<String>,
}

/// What is odd about a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// More people than eligible: people from elsewhere, or an eligible count that is too low.
    #[serde(rename = "over_100")]
    Over100,
    /// No eligible count is known.
    NoDenominator,
    /// At a place, day, group and dose the register has more doses than the tally.
    PersonsExceedTally,
}
