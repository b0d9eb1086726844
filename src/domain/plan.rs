//! A plan: doses for each cohort at each place on each day, and how good it is.

use super::campaign::CohortKey;
use super::id::{AreaCode, GroupId, PlaceCode, TeamCode};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Doses of one number for people of one cohort at one place on one day. A **session** is all rows of a place and day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlanRow {
    /// The day.
    pub day: NaiveDate,
    /// The site or stop.
    pub place: PlaceCode,
    /// The team that comes, at a stop.
    pub team: Option<TeamCode>,
    /// Where the people live.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// Doses, above 0.
    pub doses: u32,
}

/// What a planner returns: always a feasible plan, with what could not be placed and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The rows, sorted by (day, place, team, area, group, dose), one per positive count.
    pub rows: Vec<PlanRow>,
    /// What it is worth, see the contract's section 3.
    pub figures: Figures,
    /// Prices that prove the upper bound.
    pub certificate: Certificate,
    /// People of a cohort for whom no complete series fits, by reason.
    pub unplaced: Vec<Unplaced>,
    /// What the stages before this plan were worth.
    pub stages: Stages,
}

/// What a plan was worth on its way: every one with the bound of the finished plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stages {
    /// The plain day-by-day plan.
    pub greedy: Figures,
    /// The best objective, before the worst area and travel counted.
    pub objective: Figures,
}

/// What a plan is worth. Counts are of the plan alone, except `people_finished` and `worst_area`, which include
/// history.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Σ doses · priority · share · (H − d) / H.
    pub objective: f64,
    /// The bound that the certificate proves.
    pub upper_bound: f64,
    /// (bound − objective) / bound.
    pub gap: f64,
    /// Doses planned.
    pub doses: u64,
    /// People of all cohorts.
    pub people: u64,
    /// Of them, who finishes by the end.
    pub people_finished: u64,
    /// The area with the lowest share of cohort people who finish.
    pub worst_area: Option<WorstArea>,
    /// People's and teams' kilometres on the road.
    pub travel_km: f64,
}

/// The area that a plan serves least.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorstArea {
    /// Its code.
    pub area: AreaCode,
    /// Cohort people who finish over cohort people.
    pub share: f64,
}

/// People for whom the plan has no complete series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unplaced {
    /// Their area.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// How many.
    pub people: u32,
    /// Why.
    pub reason: UnplacedReason,
}

/// Why people are not placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnplacedReason {
    /// No fixed site reaches the area and it has no stop that a team could visit.
    NoPlace,
    /// The group opens too late for all doses to fit before the end.
    Horizon,
    /// Every place that reaches the area is shut on every useful day.
    Closed,
    /// The lots do not hold enough vaccine on the days that matter.
    Supply,
    /// The cold stores of the places that reach the area are full on the days that matter.
    Storage,
    /// The sites that reach the area are fully used on the days that matter.
    SiteCapacity,
    /// The teams have no time left on the days that matter.
    TeamDays,
    /// The window of a person who waits for a later dose has closed, or closes before a place is
    /// free.
    Overdue,
}

/// Prices ≥ 0 that prove an upper bound for every feasible plan; what is absent is 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Certificate {
    /// The bound.
    pub upper_bound: f64,
    /// Price of a dose of capacity at a site on a day.
    #[serde(default)]
    pub site_day: PriceTable,
    /// Price of a vaccine dose of storage at a site in the period that starts on a day.
    #[serde(default)]
    pub storage: PriceTable,
    /// Price of a vaccine dose of a lot.
    #[serde(default)]
    pub lot: BTreeMap<String, f64>,
    /// Price of a dose at a stop on a day.
    #[serde(default)]
    pub stop_day: PriceTable,
    /// Price of a visit to a stop on a day.
    #[serde(default)]
    pub stop_visit: PriceTable,
}

/// Place → day → price.
pub type PriceTable = BTreeMap<String, BTreeMap<NaiveDate, f64>>;

impl CohortKey {
    /// The cohort of a row.
    pub fn of(row: &PlanRow) -> Self {
        Self { area: row.area.clone(), group: row.group.clone() }
    }
}
