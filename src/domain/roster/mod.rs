//! Rosters: who works where on which day.
//!
//! A **duty** is one person at one place on one day in one role. **Needs** are the stations that a
//! plan's doses ask of sites, and the crews of teams that drive. [`make`] gives every need its crew
//! as far as the rules allow, evenly, and says what is missing; [`check`] judges a roster and shares
//! no code with it. Rules: the role; nobody who is away; days a week and in a row; one place a day;
//! only where somebody may work; whole crews; stations enough for the doses.

mod again;
mod chain;
mod changes;
mod check;
mod even;
mod fairness;
mod gaps;
mod index;
mod model;
mod needs;
mod solve;
mod staffing;
mod state;
#[cfg(test)]
mod tests;
mod used;

pub use again::{Again, again, first_away};
pub use changes::{Change, Reason};
pub use check::{BrokenRule, Fault, RosterReport, check};
pub use fairness::{Fairness, Spread, fairness};
pub use gaps::{StationGap, crew_gaps, monday_of, station_gaps};
pub use needs::{CrewNeed, Needs, Unknown};
pub use staffing::{Further, Lack, Staffing};
pub use used::{PlaceUse, used};

use super::id::StaffId;
use super::jurisdiction::{Jurisdiction, Role};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Somebody's work on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Duty {
    /// The day.
    pub date: NaiveDate,
    /// The site or team.
    pub place: String,
    /// What they do there.
    pub role: Role,
    /// Who.
    pub staff: StaffId,
}

/// People whom a place lacks on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Missing {
    /// The day.
    pub date: NaiveDate,
    /// The site or team.
    pub place: String,
    /// The role.
    pub role: Role,
    /// How many.
    pub people: u32,
}

impl Missing {
    /// The day and the place.
    pub fn at(&self) -> (NaiveDate, &str) {
        (self.date, &self.place)
    }
}

/// What is to be rostered.
#[derive(Debug, Clone, Copy)]
pub struct RosterRequest<'a> {
    /// Staff, leave, crews and places.
    pub jurisdiction: &'a Jurisdiction,
    /// What plans ask for.
    pub needs: &'a Needs,
    /// The published roster: its days before `from` count in weeks and rows, the later ones stay
    /// wherever they still can.
    pub before: &'a [Duty],
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
}

/// A roster and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Roster {
    /// Duties in the order of day, place, role and person.
    pub duties: Vec<Duty>,
    /// Whom places lack. A station that lacks anybody does not open, and its others are free.
    pub missing: Vec<Missing>,
    /// Stations with a whole crew by day and place; a team has one.
    pub stations: BTreeMap<(NaiveDate, String), u32>,
    /// What differs from the published roster.
    pub changes: Vec<Change>,
    /// How even it is.
    pub fairness: Fairness,
}

/// Makes a roster. The same request gives the same roster.
pub fn make(request: &RosterRequest) -> Roster {
    solve::solve(request, &solve::Spare::default())
}

/// Makes a roster that opens further stations where people are left, those of `spare` first: the
/// most worth having. What they lack is not reported.
pub fn make_with_spare(request: &RosterRequest, spare: &[Further]) -> Roster {
    solve::solve(request, &solve::Spare(spare.to_vec()))
}
