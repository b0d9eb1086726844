//! Planning: doses of every cohort over places and days, and the independent check of a plan.
//!
//! [`make`] always returns a feasible plan of what fits, says who does not fit and why, and
//! proves with prices how good the plan is. [`check`] and [`check_certificate`] judge plans and
//! proofs and share no code with it. [`diff`] compares plans; [`lot_draws`] says which lot serves
//! which session; [`tour`] orders a team's day.
//!
//! One thing can keep a plan from being feasible: history. People whose window is open must get
//! their next dose in time; where capacity or vaccine for that is missing, they are listed in
//! `unplaced`, and [`check`] names them too.

mod aggregated_cohorts;
mod check;
mod compact;
mod diff;
mod draft;
mod explain;
mod free_capacity;
mod greedy;
#[cfg(feature = "highs")]
mod highs;
mod history;
mod index;
#[cfg(test)]
mod known_plan_tests;
mod lot_allocation;
mod lots;
mod measure;
mod model;
mod num;
mod parallel;
mod pdhg;
mod prices;
mod proof;
mod published_plan;
mod rounding;
mod routes;
mod routing;
mod search;
mod search_budget;
mod teams;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
mod travel;
mod units;
mod verdict;
mod vials;
mod what_if;
#[cfg(test)]
mod what_if_tests;
mod why;
mod worst_area;

pub use check::{CheckReport, Fault, TeamLimit, Violation, check, check_certificate};
pub use diff::{CountChange, PlanDiff, SessionChange, diff};
pub use lot_allocation::{CurveDay, LotDraw, curve, lot_draws};
pub use routes::{TeamTour, Tour, TourStop, tour, tours};
pub use verdict::{Bind, Fix, GroupVerdict, apply, verdict};
pub use vials::{LotVials, Merge, SessionVials, merges, vials};
pub use what_if::{GroupOutcome, PlanOutcome, WhatIfChange, WhatIfError, changed, outcome};
pub use why::{BestSeries, Question, Scarce, Scarcity, best_series, why};

use super::campaign::Campaign;
use super::dose::GivenRow;
use super::plan::{Certificate, Figures, Plan, PlanRow, Stages};
use chrono::NaiveDate;
use model::Problem;
use prices::Market;
use search_budget::SearchBudget;

/// What is to be planned.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// Doses given before `from`, in any order; later ones are left out.
    pub given: &'a [GivenRow],
    /// First day that the plan may use; before the campaign's start it means the start.
    pub from: NaiveDate,
    /// The adopted plan; empty without one. Its rows of the campaign's `freeze_days` from `from`
    /// on stay where they still can.
    pub published: &'a [PlanRow],
    /// Prices of an older plan, to start from; only the time depends on them, and which of
    /// several equally good plans is found.
    pub warm: Option<&'a Certificate>,
    /// How long to search.
    pub limits: Limits,
}

/// Bounds of the search. Without a clock the same request gives the same plan, byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the prices.
    pub steps: u32,
    /// What solves the linear program.
    pub method: Method,
    /// Steps of the short search where there is no other and a repair would lose much of what was published.
    pub repair_steps: u32,
}

/// What solves the linear program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// Steps of the first-order method.
    #[default]
    FirstOrder,
    /// HiGHS, to the end; a limited time is looked at only between its runs. Where it finds no
    /// optimum, steps.
    #[cfg(feature = "highs")]
    Highs,
}

impl Limits {
    /// No search: the published plan repaired, or the plain day-by-day plan. Only where the repair
    /// would lose much of what was published, a short search.
    pub const QUICK: Self = Self::steps(0);

    /// So many steps.
    pub const fn steps(steps: u32) -> Self {
        Self { steps, method: Method::FirstOrder, repair_steps: REPAIR_STEPS }
    }

    fn is_quick(self) -> bool {
        self.steps == 0 && self.method == Method::FirstOrder
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::steps(6000)
    }
}

/// How far the search is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchProgress {
    /// Steps done.
    pub step: u32,
    /// The best plan's objective.
    pub objective: f64,
    /// The bound; infinite before there is one.
    pub upper_bound: f64,
}

/// A plan replaces a published one that is still feasible when it is better by this share of the
/// objective.
const CHANGE_WORTH: f64 = 2e-3;

/// A repair that loses more than this share of what was published is no repair.
const REPAIR_LOSS_MAX: f64 = 0.01;
/// Steps of the search then, where nothing else is asked for.
const REPAIR_STEPS: u32 = 1500;

/// Makes a plan with its verdict, which is empty where there was no search.
pub fn make_judged(
    request: &Request,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> (Plan, Vec<GroupVerdict>) {
    let plan = make(request, progress, time_used);
    if request.limits.is_quick() {
        return (plan, Vec::new());
    }
    let judged = verdict(request, &plan, time_used);
    (plan, judged)
}

/// Makes a plan. `progress` is told of every look at the search. `time_used` tells which share of
/// the time is used: always 0 where there is no limit; from 1 on the plan should be there, and
/// every stage before leaves time for those after it.
pub fn make(
    request: &Request,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> Plan {
    let mut budget = SearchBudget { progress, time_used };
    let began = budget.used();
    let problem = Problem::new(request.campaign, request.given, request.from);
    let wishes = published_plan::wishes(&problem, request.published);
    let freeze = num::index(request.campaign.freeze_days);
    let until = problem.first.saturating_add(freeze);
    let mut draft = greedy::plan(&problem, &wishes, until);
    let greedy = measure::figures(&draft);
    let one_plan = budget.used() - began;
    let mut needed = greedy.objective;
    let mut limits = request.limits;
    if !wishes.is_empty() {
        // The published plan, repaired, stays unless another is clearly better: people have
        // planned on it. Without a search and with nothing to repair it stays anyway.
        let kept = greedy::plan(&problem, &wishes, usize::MAX);
        let worth = measure::objective(&kept) * (1.0 + CHANGE_WORTH);
        let promised = published_plan::worth(&problem, &wishes) * (1.0 - REPAIR_LOSS_MAX);
        if limits.steps == 0 && measure::objective(&kept) < promised {
            // A lot that comes late, a long closure: what was published cannot be mended place by
            // place, and filling it day by day would move nearly everybody for a poor plan.
            limits.steps = limits.repair_steps;
        }
        let is_same = || {
            kept.rows().iter().eq(request.published.iter().filter(|row| row.day >= request.from))
        };
        if worth >= needed || request.limits.is_quick() && is_same() {
            (draft, needed) = (kept, worth);
        }
    }
    let objective = measure::objective(&draft);
    budget.tell(0, objective, f64::INFINITY);
    let market = Market::new(&problem);
    let warm = request.warm;
    let task = search::Task { wishes: &wishes, until, limits, warm, one_plan };
    let found = search::improve(&market, draft, needed, &task, &mut budget);
    let certificate = market.certificate(&found.prices, found.bound);
    let with_bound = |mut figures: Figures| {
        figures.upper_bound = certificate.upper_bound;
        if figures.upper_bound > 0.0 {
            figures.gap = (figures.upper_bound - figures.objective) / figures.upper_bound;
        }
        figures
    };
    let draft = &found.draft;
    let stages = Stages { greedy: with_bound(greedy), objective: with_bound(found.before_stages) };
    Plan {
        rows: draft.rows(),
        figures: with_bound(measure::figures(draft)),
        unplaced: explain::unplaced(draft),
        stages,
        certificate,
    }
}
