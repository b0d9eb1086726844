//! Population groups and their eligible counts, the denominators of coverage.

use super::id::{AreaCode, GroupId, GroupSetId};
use super::series::Duration;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A population group of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name as people read it.
    pub name: String,
    /// Youngest age, included.
    pub min_age: Option<Duration>,
    /// Oldest age, excluded.
    pub max_age: Option<Duration>,
    /// Weight of its doses in the plan's objective.
    pub priority: f64,
    /// Share of the eligible who are expected to come, 0..=1.
    pub uptake: Decimal,
    /// Share of the eligible who shall have finished by the end, 0..=1.
    pub target: Option<Decimal>,
    /// First day of its doses; the campaign's start where absent.
    pub opens: Option<NaiveDate>,
}

/// A report line that adds groups up, such as 18岁及以上.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSet {
    /// Its id.
    pub id: GroupSetId,
    /// Its name as people read it.
    pub name: String,
    /// The groups that it adds up.
    pub groups: Vec<GroupId>,
}

/// How many people of a group in an area are eligible, who says so, and as of when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eligible {
    /// The area.
    pub area: AreaCode,
    /// The group.
    pub group: GroupId,
    /// People.
    pub people: u32,
    /// Where the number comes from.
    pub source: Option<String>,
    /// The day that it describes; absent is before every day.
    pub as_of: Option<NaiveDate>,
}
