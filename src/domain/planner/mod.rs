//! Planning: doses of every cohort over places and days, and the independent check of a plan.
//!
//! [`make`] always returns a feasible plan. It lists who could not be placed and why, and proves
//! with prices how close the plan is to the best one. [`check`] and [`check_certificate`] verify
//! plans and proofs and share no code with it. [`diff`] compares two plans; [`lot_draws`] says
//! which lot serves which session; [`tour`] puts a team's stops in order.
//!
//! Only history can make a feasible plan impossible: people whose window is open must get their
//! next dose in time. Where capacity or vaccine is lacking for that, they are listed in `unplaced`,
//! and [`check`] reports them too.

mod aggregated_cohorts;
mod agreed;
mod agreed_teams;
mod as_staffed;
mod bound;
mod catchments;
#[cfg(test)]
mod change_tests;
mod check;
mod compact;
mod compact_places;
mod compact_points;
mod diff;
mod draft;
mod explain;
mod free_capacity;
mod gather;
mod greedy;
mod ground;
#[cfg(feature = "highs")]
mod highs;
mod history;
mod index;
#[cfg(test)]
mod joint_tests;
mod joint_verdict;
mod lot_allocation;
mod lots;
mod measure;
mod model;
mod num;
mod parallel;
mod path_search;
mod paths;
mod pdhg;
mod prices;
mod programme;
mod programmes;
mod proof;
mod published_plan;
mod pull;
mod quotas;
mod rounding;
mod routes;
mod routing;
mod search;
mod search_budget;
mod setup;
mod slack;
mod slots;
mod staff_days;
mod staff_limits;
mod staffed;
mod supposed;
mod supposed_together;
mod surge;
mod teams;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tour_tests;
mod transport;
mod travel;
mod units;
mod verdict;
mod vials;
mod what_if;
mod why;
mod worst_area;

pub use as_staffed::{AsStaffed, StaffedPlaces};
pub use check::{
    CheckReport, Fault, JointReport, JointViolation, TeamLimit, Violation, check,
    check_certificate, check_joint, check_joint_certificate,
};
pub use diff::{CountChange, PlanDiff, SessionChange, diff};
pub use joint_verdict::joint_verdict;
pub use lot_allocation::{CurveDay, LotDraw, curve, lot_draws};
pub use routes::{SharedTour, TeamTour, Tour, TourStop, all_tours, shared_tours, tour, tours};
pub use staff_days::{StaffGap, price_gaps, say_gaps, staff_gaps};
pub use staff_limits::{StaffLimit, Wanting, staff_limits};
pub use staffed::{Join, StaffedPlan, StaffedRequest, make_staffed};
pub use supposed::{
    ComparedFigure, ComparedValues, Comparison, MorePeople, STATION_DOSES, Supposed, SupposedError,
    SupposedOf, comparisons,
};
pub use supposed_together::{SupposedTogether, TogetherAsStaffed, joint_outcomes};
pub use surge::{
    CampaignSurge, CountedStaff, GroupSurge, JointSurgeQuestion, Means, MeansError, Recruits,
    Resources, StationTerms, Surge, SurgeQuestion, joint_surge, surge,
};
pub use travel::{LeastTravel, least_travel};
pub use verdict::{Bind, Fix, GroupVerdict, apply, verdict};
pub use vials::{LotVials, Merge, SessionVials, merges, vials};
pub use what_if::{GroupOutcome, PlanOutcome, WhatIfChange, WhatIfError, changed, outcome};
pub use why::{BestSeries, Question, Scarce, Scarcity, best_series, why};

use super::campaign::Campaign;
use super::dose::GivenRow;
use super::jurisdiction::Joined;
use super::plan::{
    CampaignPart, Certificate, Figures, JointCertificate, JointPlan, Plan, PlanRow, Stages,
};
use chrono::NaiveDate;
use model::Problem;
use prices::Market;
use programme::Programme;
use search_budget::SearchBudget;
use slots::Prices;

/// What is to be planned.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// Doses given before `from`, in any order; later ones are left out.
    pub given: &'a [GivenRow],
    /// First day that the plan may use; before the campaign's start it means the start.
    pub from: NaiveDate,
    /// Rows of the adopted plan; empty if there is none. Rows of the first `freeze_days` from
    /// `from` are kept wherever they are still possible.
    pub published: &'a [PlanRow],
    /// Of them, the seats of people who know of them: of the first `freeze_days` a search keeps these and the tours of
    /// teams, and whose the other seats are may change where that is clearly better. `None`: everybody was told.
    pub told: Option<&'a [PlanRow]>,
    /// Prices of an older plan to start from. They make the search faster and may decide which of
    /// several equally good plans it finds.
    pub warm: Option<&'a Certificate>,
    /// How long to search.
    pub limits: Limits,
}

impl Request<'_> {
    /// Answers the request as it is on its first day, when people of merged areas are their successors'.
    fn on_its_day<T>(&self, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        let (campaign, day) = (self.campaign, self.from);
        let published = campaign.plan_on(self.published, day);
        let told = self.told.map(|told| campaign.plan_on(told, day));
        let given = campaign.given_on(self.given, day);
        let on = campaign.on(day);
        answer(&Request {
            campaign: &on,
            given: &given,
            published: &published,
            told: told.as_deref(),
            ..*self
        })
    }
}

/// Bounds of the search. Without a clock the same request gives the same plan, byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps of the prices.
    pub steps: u32,
    /// What solves the linear program.
    pub method: Method,
    /// Steps of the short search that is made when no other was asked for and repairing the
    /// published plan would lose too much of it.
    pub repair_steps: u32,
}

/// What solves the linear program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// Steps of the first-order method.
    #[default]
    FirstOrder,
    /// HiGHS, to optimality. A time limit is checked only between its runs. If it finds no optimum,
    /// the first-order method is used.
    #[cfg(feature = "highs")]
    Highs,
}

impl Limits {
    /// No search: the published plan, repaired, or the plain day-by-day plan. A short search is
    /// made only if the repair would lose too much of what was published.
    pub const QUICK: Self = Self::steps(0);

    /// A night's search. What is given, who came and what is known of the days ahead is other than yesterday, and
    /// nobody waits for the plan.
    pub const NIGHTLY: Self = Self::steps(REPAIR_STEPS);

    /// As [`Self::QUICK`], for what is to be mended at once: the search is so short that somebody can wait for it.
    /// The night's plan improves it.
    pub const AT_ONCE: Self = Self { repair_steps: AT_ONCE_STEPS, ..Self::QUICK };

    /// A search of so many steps of the first-order method.
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

/// How far a search has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchProgress {
    /// Steps done.
    pub step: u32,
    /// The best plan's objective.
    pub objective: f64,
    /// The bound; infinite before there is one.
    pub upper_bound: f64,
}

/// A new plan replaces a published one that is still feasible only if its objective is better by
/// this share (our choice): people have planned on what was published.
const CHANGE_WORTH: f64 = 1e-2;

/// A repair may lose at most this share of the published plan's objective (our choice).
const REPAIR_LOSS_MAX: f64 = 0.01;
/// Default number of steps of the search that is made if it would lose more.
const REPAIR_STEPS: u32 = 1500;
/// Steps of that search if somebody waits for it, at least,
const AT_ONCE_STEPS: u32 = 64;
/// and how many cohorts, days and places it may look at in all of them: small campaigns can afford more steps.
const AT_ONCE_WORK: usize = 25_000_000;

/// Makes a plan and the verdict on it. The verdict is empty if there was no search.
pub fn make_judged(
    request: &Request,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> (Plan, Vec<GroupVerdict>) {
    request.on_its_day(|request| {
        let plan = planned(request, progress, time_used);
        if request.limits.is_quick() {
            return (plan, Vec::new());
        }
        let judged = verdict(request, &plan, time_used);
        (plan, judged)
    })
}

/// Makes a plan. `progress` is called after every round of the search. `time_used` returns the
/// share of the time limit that has passed, or always 0 without a limit; the plan should be
/// finished at 1, so each stage leaves time for those after it.
pub fn make(
    request: &Request,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> Plan {
    request.on_its_day(|request| planned(request, progress, time_used))
}

fn planned(
    request: &Request,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> Plan {
    let mut problem = Problem::new(request.campaign, request.given, request.from);
    if let Some(told) = request.told {
        problem = problem.with_slack(&[told]);
    }
    let market = Market::new(&problem);
    let warm = request.warm.map(|warm| market.prices_of(warm));
    let (published, told) = ([request.published], request.told.map(|told| [told]));
    let told = told.as_ref().map(<[_; 1]>::as_slice);
    let (from, limits) = (request.from, request.limits);
    let wanted = Wanted { from, published: &published, told, limits, warm };
    let mut solved = solve(&market, wanted, SearchBudget { progress, time_used });
    if let Some(told) = told {
        gather::gather(&mut solved.found.draft, told);
    }
    let mut certificate = market.certificate(&solved.found.prices, solved.found.bound);
    if request.told.is_some() {
        // The bound holds for every plan, also for those that let people come on their last day.
        let all = Problem::new(request.campaign, request.given, request.from);
        let market = Market::new(&all);
        certificate.upper_bound = market.bound(&market.prices_of(&certificate));
    }
    let bound = certificate.upper_bound;
    let draft = &solved.found.draft;
    Plan {
        rows: draft.rows().into_iter().next().unwrap_or_default(),
        figures: with_bound(measure::figures(draft), bound),
        unplaced: explain::unplaced(draft).into_iter().next().unwrap_or_default(),
        stages: solved.stages(bound),
        certificate,
    }
}

/// What is to be planned together.
#[derive(Debug, Clone, Copy)]
pub struct JointRequest<'a> {
    /// The campaigns over the places of their jurisdiction, joined as of `from`.
    pub joined: &'a Joined,
    /// Doses of each campaign given before `from`, in any order; later ones are left out. A missing
    /// list is empty.
    pub given: &'a [Vec<GivenRow>],
    /// First day that the plan may use; before a campaign's start it means its start.
    pub from: NaiveDate,
    /// Rows of each campaign's adopted plan; a missing list is empty. Rows of the first days from
    /// `from` are kept wherever they are still possible: as many days as the campaign with the
    /// largest `freeze_days` asks for.
    pub published: &'a [Vec<PlanRow>],
    /// Of them, the seats of people who know of them, as in [`Request`].
    pub told: Option<&'a [Vec<PlanRow>]>,
    /// Prices of an older plan to start from.
    pub warm: Option<&'a JointCertificate>,
    /// How long to search.
    pub limits: Limits,
}

/// Makes plans of several campaigns together; otherwise as [`make`].
pub fn make_joint(
    request: &JointRequest,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> JointPlan {
    let given: Vec<&[GivenRow]> = request.given.iter().map(Vec::as_slice).collect();
    let mut problem = Problem::joint(request.joined, &given, request.from);
    let told = request.told.map(|told| told.iter().map(Vec::as_slice).collect::<Vec<_>>());
    if let Some(told) = &told {
        problem = problem.with_slack(told);
    }
    let market = Market::new(&problem);
    let warm = request.warm.map(|warm| market.joint_prices_of(warm));
    let published: Vec<&[PlanRow]> = request.published.iter().map(Vec::as_slice).collect();
    let (from, limits) = (request.from, request.limits);
    let wanted = Wanted { from, published: &published, told: told.as_deref(), limits, warm };
    let mut solved = solve(&market, wanted, SearchBudget { progress, time_used });
    if let Some(told) = &told {
        gather::gather(&mut solved.found.draft, told);
    }
    let mut certificate = market.joint_certificate(&solved.found.prices, solved.found.bound);
    if request.told.is_some() {
        let all = Problem::joint(request.joined, &given, request.from);
        let market = Market::new(&all);
        certificate.upper_bound = market.bound(&market.joint_prices_of(&certificate));
    }
    let bound = certificate.upper_bound;
    let draft = &solved.found.draft;
    let finished = measure::finished(draft);
    let worst = measure::worst_area(&problem, &finished, |_| true);
    let parts = draft.rows().into_iter().zip(explain::unplaced(draft));
    let programmes = problem.programmes.iter().zip(measure::of_programmes(draft));
    let part = |((programme, figures), (rows, unplaced)): ((&Programme, _), (_, _))| CampaignPart {
        campaign: programme.campaign.id.clone(),
        rows,
        figures,
        unplaced,
    };
    JointPlan {
        campaigns: programmes.zip(parts).map(part).collect(),
        figures: with_bound(measure::figures(draft), bound),
        worst_campaign: worst.map(|(k, _)| problem.programmes[k].campaign.id.clone()),
        certificate,
        stages: solved.stages(bound),
    }
}

/// What a search is asked for.
struct Wanted<'a> {
    from: NaiveDate,
    /// The published plan of each programme.
    published: &'a [&'a [PlanRow]],
    /// Of them, the seats of people who know of them.
    told: Option<&'a [&'a [PlanRow]]>,
    limits: Limits,
    warm: Option<Prices>,
}

/// Steps of a search that somebody waits for.
fn short_steps(problem: &Problem) -> u32 {
    let size = problem.cohorts.len() * problem.days * (problem.sites.len() + problem.stops.len());
    let steps = u32::try_from(AT_ONCE_WORK / size.max(1)).unwrap_or(REPAIR_STEPS);
    steps.clamp(AT_ONCE_STEPS, REPAIR_STEPS)
}

/// What came of a search.
struct Solved<'p> {
    found: search::Found<'p>,
    /// Figures of the plain plan.
    greedy: Figures,
}

impl Solved<'_> {
    fn stages(&self, bound: f64) -> Stages {
        Stages {
            greedy: with_bound(self.greedy.clone(), bound),
            objective: with_bound(self.found.before_stages.clone(), bound),
        }
    }
}

fn with_bound(mut figures: Figures, bound: f64) -> Figures {
    figures.upper_bound = bound;
    if bound > 0.0 {
        figures.gap = (bound - figures.objective) / bound;
    }
    figures
}

/// Searches for the best plan of a problem's programmes together.
fn solve<'p>(market: &Market<'p>, wanted: Wanted, mut budget: SearchBudget) -> Solved<'p> {
    let began = budget.used();
    let problem = market.problem;
    let pairs = problem.programmes.indices().zip(wanted.published);
    let wishes: Vec<_> =
        pairs.flat_map(|(k, rows)| published_plan::wishes(problem, k, rows)).collect();
    let freeze = problem.programmes.iter().map(|one| one.campaign.freeze_days).max();
    let until = problem.first.plus(num::index(freeze.unwrap_or(0)));
    // Whoever knows of a seat keeps it, and so do teams their tours; whose the other seats of these days are, a better
    // plan may change.
    let stays = wanted.told.map(|told| published_plan::stays(problem, &wishes, told, until));
    let after = |wish: &&published_plan::Wish| wish.steps.first().is_some_and(|it| it.day >= until);
    let later: Vec<_> = stays.iter().flatten().filter(after).cloned().collect();
    let mut frozen: Vec<_> = wishes.iter().filter(|wish| !after(wish)).cloned().collect();
    frozen.extend(later.iter().cloned());
    let mut draft = greedy::plan(problem, &frozen, index::Day::NEVER);
    let greedy = measure::figures(&draft);
    let one_plan = budget.used() - began;
    let mut needed = greedy.objective;
    let mut limits = wanted.limits;
    if !wishes.is_empty() {
        // The repaired published plan stays unless another one is clearly better. Without a search,
        // and if nothing needed repair, it stays in any case.
        let mut kept = greedy::plan(problem, &wishes, index::Day::NEVER);
        if problem.agreed.is_empty() {
            pull::forward(&mut kept, until);
        }
        let worth = measure::objective(&kept) * (1.0 + CHANGE_WORTH);
        let promised = published_plan::worth(problem, &wishes) * (1.0 - REPAIR_LOSS_MAX);
        if limits.steps == 0 && measure::objective(&kept) < promised {
            // After a late lot or a long closure the published plan cannot be mended place by
            // place, and filling it up day by day would move nearly everybody for a poor plan.
            limits.steps = limits.repair_steps.max(short_steps(problem));
        }
        let is_same = || {
            let rows = kept.rows();
            let mut pairs = rows.iter().zip(wanted.published);
            pairs.all(|(kept, old)| kept.iter().eq(old.iter().filter(|row| row.day >= wanted.from)))
        };
        if worth >= needed || wanted.limits.is_quick() && is_same() {
            (draft, needed) = (kept, worth);
        }
    }
    let objective = measure::objective(&draft);
    budget.tell(0, objective, f64::INFINITY);
    let warm = wanted.warm;
    let (stays, stay_until) = match &stays {
        Some(stays) => (stays, index::Day::NEVER),
        None => (&wishes, until),
    };
    // Nobody who knows of a seat moves for a better worst area, or for shorter ways.
    let last =
        later.iter().filter_map(|wish| wish.steps.first()).map(|step| step.day.plus(1)).max();
    let until = last.map_or(until, |last| last.max(until));
    let task = search::Task {
        stays,
        stay_until,
        until,
        is_first: wishes.is_empty(),
        limits,
        warm,
        one_plan,
    };
    let found = search::improve(market, draft, needed, &task, &mut budget);
    Solved { found, greedy }
}
