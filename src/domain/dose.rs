//! Doses given: recorded by person, or counted without names as tallies.

use super::id::{AreaCode, GroupId, LotCode, PersonId, PlaceCode, RecordId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A dose given to a person. Which dose it is and whether it counts follow from the dose rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dose {
    /// Code of the record; importing it twice changes nothing.
    pub record: RecordId,
    /// Who got it.
    pub person: PersonId,
    /// When.
    pub date: NaiveDate,
    /// Where.
    pub place: PlaceCode,
    /// The product: a code or a name.
    pub product: Option<String>,
    /// The lot, where known.
    pub lot: Option<LotCode>,
}

/// Doses counted at a place on a day, without names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Code of the record; importing it twice changes nothing.
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
    /// Doses; 0 says that none were given, which is a report too.
    pub doses: u32,
}

/// Doses of one number, day, place, area and group, as they count: those of persons, and what tallies add to
/// them. The planner reads history in this form.
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
