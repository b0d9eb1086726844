//! Doses given: recorded by person, or counted without names as tallies.

use super::id::{AreaCode, CampaignNo, GroupId, LotCode, PersonId, PlaceCode, RecordId};
use super::words::words;
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
    /// The campaign under which it was recorded: its vaccine where the product does not say, its stock, its sites.
    /// `None`: not known yet, or a campaign that stands alone.
    pub campaign: Option<CampaignNo>,
    /// Whether it was given outside the jurisdiction: it moves the person on, and no stock and no site of ours has to
    /// do with it.
    pub elsewhere: bool,
    /// Who paid for it, where known.
    pub attribute: Option<Attribute>,
    /// Who entered it and when, where known.
    pub entered: Option<Box<Entered>>,
}

words! {
    /// Who paid for a dose.
    pub enum Attribute {
        /// The national programme.
        Programme = "P",
        /// The person.
        SelfPaid = "S",
    }
}

/// Who entered a record, and when, as the file says it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Entered {
    /// Who.
    pub by: Option<String>,
    /// Day and time.
    pub at: Option<String>,
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
    /// The campaign; `None` until it is known.
    pub campaign: Option<CampaignNo>,
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
