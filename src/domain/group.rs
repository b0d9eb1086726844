//! Population groups and their eligible counts, the denominators of coverage.

use super::id::{AreaCode, GroupId, GroupSetId};
use super::series::Duration;
use super::sex::Sex;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A population group of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its display name.
    pub name: String,
    /// Youngest age, included.
    pub min_age: Option<Duration>,
    /// Oldest age, excluded.
    pub max_age: Option<Duration>,
    /// Only people of this sex, where it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// Only people with one of these tags, where it names some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Weight of its doses in the objective of a plan.
    pub priority: f64,
    /// Share of the eligible people who are expected to come, 0..=1.
    pub uptake: Decimal,
    /// Goal: the share of the eligible people, 0..=1, who finish the series by the campaign's end.
    pub target: Option<Decimal>,
    /// First day of its doses; where absent, the campaign's first day.
    pub opens: Option<NaiveDate>,
}

/// A line of reports that adds groups up, such as 18岁及以上.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSet {
    /// Its id.
    pub id: GroupSetId,
    /// Its display name.
    pub name: String,
    /// The groups that it adds up.
    pub groups: Vec<GroupId>,
}

/// The number of eligible people of a group in an area, with its source and day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eligible {
    /// The area.
    pub area: AreaCode,
    /// The group.
    pub group: GroupId,
    /// Eligible people.
    pub people: u32,
    /// Where the number comes from.
    pub source: Option<String>,
    /// The day that the number is for; where absent, earlier than any day.
    pub as_of: Option<NaiveDate>,
}
