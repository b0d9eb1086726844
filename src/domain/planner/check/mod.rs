//! The independent check of a plan, or of several plans over shared places: rules 1 to 8 of the
//! contract, and the plan's figures. It shares no code with the planner, only the types of the
//! domain, so a mistake in the planner cannot hide here.
//!
//! Days are counted from the campaign's start; history may have negative ones. Vaccine is counted
//! in whole **units**, a fraction of a dose that makes every draw a whole number.

mod agreed;
mod bound;
mod cohort;
mod flow;
mod joint;
mod joint_bound;
mod rules;
mod tables;
mod teams;
#[cfg(test)]
mod tests;
mod view;

pub use bound::check_certificate;
pub use joint::{JointReport, JointViolation, check_joint};
pub use joint_bound::check_joint_certificate;

use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::id::{AreaCode, GroupId, PlaceCode, TeamCode};
use crate::domain::plan::{Figures, PlanRow, Unplaced, UnplacedReason};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Every rule broken; empty: the plan is feasible.
    pub violations: Vec<Violation>,
    /// What the plan is worth, without a bound (0) and gap (0).
    pub figures: Figures,
}

impl CheckReport {
    /// Whether no rule is broken.
    pub fn is_feasible(&self) -> bool {
        self.violations.is_empty()
    }
}

/// A rule broken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// Its number in section 3 of the contract; 0: a row that names something unknown or lies
    /// outside the plan's days.
    pub rule: u8,
    /// What is wrong.
    pub fault: Fault,
}

impl Violation {
    /// Whether the violation is only that people who had a dose before the plan miss their window,
    /// and they are listed as overdue or as visited at home.
    pub fn is_listed(&self, unplaced: &[Unplaced]) -> bool {
        let (Fault::TooLate { area, group, .. } | Fault::Unfinished { area, group, .. }) =
            &self.fault
        else {
            return false;
        };
        let is_told = |one: &&Unplaced| {
            matches!(
                one.reason,
                UnplacedReason::Overdue | UnplacedReason::Home | UnplacedReason::HomeRound
            )
        };
        unplaced.iter().filter(is_told).any(|one| one.area == *area && one.group == *group)
    }
}

/// What is wrong with a plan. Rows count from 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// A row's area has no cohort of its group.
    UnknownCohort {
        /// Number of the row.
        row: usize,
        /// Its area.
        area: AreaCode,
        /// Its group.
        group: GroupId,
    },
    /// No site and no stop has this code.
    UnknownPlace {
        /// Number of the row.
        row: usize,
        /// The code.
        place: PlaceCode,
    },
    /// The series has no such dose.
    UnknownDose {
        /// Number of the row.
        row: usize,
        /// The number.
        dose: u8,
    },
    /// The day is not one that the plan may use.
    NotAPlanningDay {
        /// Number of the row.
        row: usize,
        /// The day.
        day: NaiveDate,
    },
    /// A site's row names a team.
    TeamAtSite {
        /// Number of the row.
        row: usize,
        /// The site.
        site: PlaceCode,
        /// The team.
        team: TeamCode,
    },
    /// A row without doses.
    NoDoses {
        /// Number of the row.
        row: usize,
    },
    /// A dose before the cohort opens.
    NotOpen {
        /// Number of the row.
        row: usize,
        /// Its area.
        area: AreaCode,
        /// Its group.
        group: GroupId,
        /// First day of the cohort.
        opens: NaiveDate,
    },
    /// The place does not serve the area.
    OutOfReach {
        /// Number of the row.
        row: usize,
        /// The area.
        area: AreaCode,
        /// The place.
        place: PlaceCode,
    },
    /// More first doses than people.
    TooManyPeople {
        /// The area.
        area: AreaCode,
        /// The group.
        group: GroupId,
        /// First doses, with history.
        first_doses: u64,
        /// People.
        people: u64,
    },
    /// A dose before its shortest interval.
    TooEarly {
        /// The area.
        area: AreaCode,
        /// The group.
        group: GroupId,
        /// Number of the dose.
        dose: u8,
        /// First such day.
        day: NaiveDate,
    },
    /// A dose is missing on the last day of its window.
    TooLate {
        /// The area.
        area: AreaCode,
        /// The group.
        group: GroupId,
        /// Number of the dose.
        dose: u8,
        /// First such day.
        day: NaiveDate,
    },
    /// Not everybody who must get a dose gets it by the end.
    Unfinished {
        /// The area.
        area: AreaCode,
        /// The group.
        group: GroupId,
        /// Number of the dose.
        dose: u8,
        /// People who must get it.
        people: u64,
        /// Doses that they get.
        doses: u64,
    },
    /// A site gives more than its capacity on a day.
    OverCapacity {
        /// The site.
        site: PlaceCode,
        /// The day.
        day: NaiveDate,
        /// Doses.
        doses: u64,
        /// Capacity.
        capacity: u32,
    },
    /// A site draws more between two restocks than its cold store holds.
    OverStorage {
        /// The site.
        site: PlaceCode,
        /// The restock day.
        restock: NaiveDate,
        /// Vaccine doses drawn.
        vaccine_doses: f64,
        /// Vaccine doses that fit.
        storage: u32,
    },
    /// The lots do not cover the draws.
    LotsShort {
        /// First day of the draws concerned.
        first: NaiveDate,
        /// Last day on which one of them is taken.
        last: NaiveDate,
        /// Vaccine doses short.
        vaccine_doses: f64,
        /// The lots that may serve them.
        lots: Vec<String>,
    },
    /// A stop's row without a known team.
    NoTeam {
        /// Number of the row.
        row: usize,
        /// The stop.
        stop: PlaceCode,
    },
    /// A team's day breaks one of the limits of a tour.
    TeamDay {
        /// The team.
        team: TeamCode,
        /// The day.
        day: NaiveDate,
        /// Which limit.
        limit: TeamLimit,
    },
    /// A place of a kind that may not serve the group.
    WrongKind {
        /// Number of the row.
        row: usize,
        /// The area.
        area: AreaCode,
        /// The group.
        group: GroupId,
        /// The place.
        place: PlaceCode,
    },
    /// The cohort has locked sessions, and this is none of them.
    NotAgreed {
        /// Number of the row.
        row: usize,
        /// The area.
        area: AreaCode,
        /// The group.
        group: GroupId,
        /// The place.
        place: PlaceCode,
        /// The day.
        day: NaiveDate,
    },
    /// A locked session does not get the doses that were agreed.
    AgreedDoses {
        /// The place.
        place: PlaceCode,
        /// The day.
        day: NaiveDate,
        /// The area that it is for; `None`: any.
        area: Option<AreaCode>,
        /// The group; `None`: any.
        group: Option<GroupId>,
        /// Doses planned.
        doses: u64,
        /// Doses agreed; `None`: at least one.
        agreed: Option<u64>,
    },
    /// Two teams visit a stop on one day.
    StopTwice {
        /// The stop.
        stop: PlaceCode,
        /// The day.
        day: NaiveDate,
        /// The teams.
        teams: [TeamCode; 2],
    },
}

/// A limit of a team's day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "limit", rename_all = "snake_case")]
pub enum TeamLimit {
    /// The team does not work that day.
    Off,
    /// Too many stops.
    Stops {
        /// Stops of the day.
        stops: usize,
        /// Stops allowed.
        most: u32,
    },
    /// Too many doses in the day.
    Doses {
        /// Doses of the day.
        doses: u64,
        /// Doses allowed.
        most: u32,
    },
    /// A stop that is not open.
    StopShut {
        /// The stop.
        stop: PlaceCode,
    },
    /// Too many doses at a stop.
    StopDoses {
        /// The stop.
        stop: PlaceCode,
        /// Doses there.
        doses: u64,
        /// Doses allowed.
        most: u32,
    },
    /// The day is too long.
    Minutes {
        /// Minutes of the shortest tour, the setting up and the doses.
        minutes: f64,
        /// Minutes allowed.
        most: u32,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}: {:?}", self.rule, self.fault)
    }
}

/// Checks a plan of a campaign. `given`: doses of any day, those before `from` count as history;
/// `from`: first day that the plan may use (not before the campaign's start).
pub fn check(
    campaign: &Campaign,
    rows: &[PlanRow],
    given: &[GivenRow],
    from: NaiveDate,
) -> CheckReport {
    let given = campaign.given_on(given, from);
    let campaign = campaign.on(from);
    let view = view::View::new(&campaign, &given, from);
    rules::check(&view, rows).0
}
