//! Doses given: recorded per person, or counted as tallies.

use super::id::{AreaCode, GroupId, LotCode, PersonId, PlaceCode, RecordId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A dose given to a person. Its number and validity are worked out, not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dose {
    /// What makes its import idempotent.
    pub record: RecordId,
    /// Who got it.
    pub person: PersonId,
    /// When.
    pub date: NaiveDate,
    /// Where.
    pub place: PlaceCode,
    /// What: information.
    pub product: Option<String>,
    /// From which lot.
    pub lot: Option<LotCode>,
}

/// Doses counted at a place on a day, without names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// What makes its import idempotent.
    pub record: RecordId,
    /// When.
    pub date: NaiveDate,
    /// Where.
    pub place: PlaceCode,
    /// Where the people live.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// Doses; 0 is reported and none given.
    pub doses: u32,
}

/// Doses of one kind on one day at one place for people of one area and group, as they count: persons first,
/// then what tallies add. The planner's history is made of these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GivenRow {
    /// When.
    pub day: NaiveDate,
    /// Where.
    pub place: PlaceCode,
    /// Where the people live.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// Doses.
    pub doses: u32,
}
