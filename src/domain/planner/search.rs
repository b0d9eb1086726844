//! The search for a better plan: steps of the first-order method on the compact program, routes
//! added where they pay, and from time to time whole people placed after its columns.

use super::compact::Compact;
use super::draft::Draft;
use super::free_capacity::Routes;
use super::index::{Day, Per};
use super::pdhg::{Pdhg, Point};
use super::prices::Market;
use super::routing::{Effort, Routed};
use super::search_budget::{Pace, SearchBudget};
use super::slots::Prices;
use super::{
    Limits, greedy, measure, num, parallel, published_plan, rounding, routing, travel, worst_area,
};
#[cfg(feature = "highs")]
use super::{Method, highs};
use crate::domain::plan::Figures;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Steps between two looks at the bound, the routes and the restarts.
const ROUND_STEPS: u32 = 64;
/// Rounds between two searches for routes: prices must settle before new ones are worth adding.
const ROUTE_ROUNDS: u32 = 3;
/// Rounds between two whole plans.
const PLAN_ROUNDS: u32 = 8;
/// Whole plans are made only when the program's error is below this share.
const PLAN_ERROR_MAX: f64 = 0.2;
/// Steps before HiGHS, where there are routes.
#[cfg(feature = "highs")]
const SOLVE_STEPS: u32 = 960;
/// HiGHS ends when in so many programs, each with the routes that paid at the last one's prices,
#[cfg(feature = "highs")]
const SOLVE_IDLE: u32 = 3;
/// the bound fell by less than this share each time.
#[cfg(feature = "highs")]
const SOLVE_WORTH: f64 = 1e-5;
/// Good enough: a gap below this is not worth more steps.
const GAP_ENOUGH: f64 = 2e-4;

/// The share of a time limit that is always kept in reserve.
const LEFT_SHARE: f64 = 0.03;
/// Time is reserved for the output, the verdict, the worst area and travel: so many times what the
/// plain plan took, and at most a share of the time limit.
const OUTPUT_PLANS: f64 = 20.0;
const OUTPUT_SHARE: f64 = 0.1;
/// The verdict.
const VERDICT_PLANS: f64 = 50.0;
const VERDICT_SHARE: f64 = 0.1;
/// The worst area.
const WORST_AREA_PLANS: f64 = 40.0;
const WORST_AREA_SHARE: f64 = 0.12;
/// Travel.
const TRAVEL_PLANS: f64 = 10.0;
const TRAVEL_SHARE: f64 = 0.03;
/// The share for whole routes, where there are teams.
const ROUTES_SHARE: f64 = 0.4;
/// A whole plan out of columns takes at most about so many times as long as the plain plan.
const PLANS_IN_PLAN: f64 = 6.0;

/// Rounds of changes of single routes.
const SWAP_ROUNDS: u32 = 8;
/// So many times more at the end.
const LAST_ROUNDS: u32 = 4;
/// The days are decided in so many parts; where there is time for it, in several ways.
const PARTS: [usize; 4] = [12, 30, 20, 8];
/// A search of fewer steps is short.
const STEPS_SHORT: u32 = 512;
/// Entries of the programs that all ways together may have.
const ENTRIES_TRIED: usize = 20_000;
/// Steps after each.
const SWAP_STEPS: u32 = 320;

/// The share of the objective that a better worst area may cost (our choice).
const WORST_AREA_COST: f64 = 8e-4;

/// What the search found.
pub(super) struct Found<'p> {
    /// The best plan.
    pub(super) draft: Draft<'p>,
    /// The best prices.
    pub(super) prices: Prices,
    /// The bound that they prove.
    pub(super) bound: f64,
    /// Figures of the plan before the stages for the worst area and travel.
    pub(super) before_stages: Figures,
}

/// The search.
struct Search<'m, 'p> {
    market: &'m Market<'p>,
    compact: Compact,
    pdhg: Pdhg,
    found: Found<'p>,
    objective: f64,
    /// What another plan must be worth to replace it.
    needed: f64,
    /// What is published and stays.
    base: Arc<Draft<'p>>,
    /// Whether the best plan is one of the search.
    is_new: bool,
    /// People who must get a dose in time and cannot, as far as is known.
    late: u64,
    /// Steps done.
    step: u32,
    /// The share of the time that a round of steps takes,
    round_takes: f64,
    /// and a whole plan.
    plan_takes: f64,
    /// When the parts of the search are over.
    ends: Ends,
}

/// Shares of the time at which parts of the search are over.
#[derive(Debug, Clone, Copy)]
struct Ends {
    /// Steps and routes.
    plans: f64,
    /// The worst area.
    worst_area: f64,
    /// Travel, the last.
    travel: f64,
}

impl Ends {
    /// Where the plain plan took a share of the time.
    fn of(one_plan: f64, has_targets: bool) -> Self {
        let reserve = |plans: f64, share: f64| (plans * one_plan).min(share);
        let verdict = if has_targets { reserve(VERDICT_PLANS, VERDICT_SHARE) } else { 0.0 };
        let output = LEFT_SHARE + reserve(OUTPUT_PLANS, OUTPUT_SHARE);
        let travel = 1.0 - output - verdict;
        let worst_area = travel - reserve(TRAVEL_PLANS, TRAVEL_SHARE);
        Self { plans: worst_area - reserve(WORST_AREA_PLANS, WORST_AREA_SHARE), worst_area, travel }
    }
}

/// What the search must respect.
pub(super) struct Task<'a> {
    /// What is published and stays, as far as it begins before a day.
    pub(super) stays: &'a [published_plan::Wish],
    /// That day.
    pub(super) stay_until: Day,
    /// The first day on which published sessions are not frozen.
    pub(super) until: Day,
    /// Whether nothing is published.
    pub(super) is_first: bool,
    /// How long to search.
    pub(super) limits: Limits,
    /// Prices of an older plan.
    pub(super) warm: Option<Prices>,
    /// The share of the time that the plain plan took.
    pub(super) one_plan: f64,
}

/// Improves on a plan by one that is worth more than `needed`.
pub(super) fn improve<'p>(
    market: &Market<'p>,
    draft: Draft<'p>,
    needed: f64,
    task: &Task,
    budget: &mut SearchBudget,
) -> Found<'p> {
    let (limits, problem) = (task.limits, market.problem);
    let none = Per::filled(0.0, market.slots.holds.len());
    let old = task.warm.clone();
    let bound_of = |prices: Prices| (market.bound(&prices), prices);
    let (mut bound, mut prices) = bound_of(none);
    if let Some(old) = &old {
        let known = bound_of(old.clone());
        if known.0 < bound {
            (bound, prices) = known;
        }
    }
    let objective = measure::objective(&draft);
    let before_stages = measure::figures(&draft);
    let found = Found { draft, prices, bound, before_stages };
    budget.tell(0, objective, bound);
    let ends = Ends::of(task.one_plan, problem.has_targets());
    let nothing = market.kinds.is_empty() || problem.first >= problem.end();
    if limits.steps == 0 || nothing || !budget.has_time(0.0, ends.plans) {
        return found;
    }
    let is_new = task.is_first;
    let late = greedy::bound_left(&found.draft);
    let base = Arc::new(greedy::frozen(problem, task.stays, task.stay_until));
    let compact = first_program(market, &base, task);
    let mut pdhg = Pdhg::new(compact.program.clone());
    if let Some(old) = &old {
        pdhg = pdhg.resume(compact.program.clone(), compact.warm(market, old), 0);
    }
    let mut search = Search {
        market,
        compact,
        pdhg,
        found,
        objective,
        needed,
        base,
        is_new,
        late,
        step: 0,
        round_takes: 0.0,
        plan_takes: PLANS_IN_PLAN * task.one_plan,
        ends,
    };
    #[cfg(feature = "highs")]
    let is_solved = limits.method == Method::Highs && search.solve(limits.steps, budget);
    #[cfg(not(feature = "highs"))]
    let is_solved = false;
    if is_solved {
        search.decide_routes(limits.steps, budget);
    } else {
        search.plans(limits.steps, budget);
    }
    search.found.before_stages = measure::figures(&search.found.draft);
    // Without a published plan nobody was told of the first days.
    let told = if task.is_first { problem.first } else { task.until };
    search.stages((task.until, told), budget);
    search.tell(budget);
    search.found
}

/// The program that the search starts with. The bound knows nothing of agreed doses: the program
/// places these people freely at their sessions, and whole plans put them where they were agreed.
fn first_program(market: &Market, base: &Draft, task: &Task) -> Compact {
    if market.problem.agreed.is_empty() {
        return Compact::new(market, base);
    }
    Compact::new(market, &greedy::wished(market.problem, task.stays, task.stay_until))
}

impl<'p> Search<'_, 'p> {
    /// Steps, then whole routes; more of both if time is left and the gap is still large.
    fn plans(&mut self, most: u32, budget: &mut SearchBudget) {
        let ends = self.ends.plans;
        let mut takes = if self.has_routes() { ROUTES_SHARE } else { 0.0 };
        loop {
            self.steps(most, ends - takes, budget);
            let began = budget.used();
            self.decide_routes(most, budget);
            takes = budget.used() - began;
            let again = takes + self.plan_takes + self.round_takes;
            let is_limited = began > 0.0;
            let is_good = self.step >= most || self.gap() <= GAP_ENOUGH;
            if !is_limited || is_good || !self.has_routes() {
                return;
            }
            if !budget.has_time(again, ends) {
                // No time for other routes; improve the bound at least.
                self.steps(most, ends, budget);
                return;
            }
        }
    }

    /// Steps of the method, and from time to time a whole plan.
    fn steps(&mut self, most: u32, until: f64, budget: &mut SearchBudget) {
        let (mut round, mut planned) = (0, 0);
        while self.step < most
            && budget.has_time(self.round_takes + self.plan_takes, until)
            && self.gap() > GAP_ENOUGH
        {
            let began = budget.used();
            self.pdhg.run(ROUND_STEPS.min(most - self.step));
            self.step = self.step.saturating_add(ROUND_STEPS).min(most);
            round += 1;
            self.look();
            if round % ROUTE_ROUNDS == 0 {
                self.add_routes();
            }
            self.round_takes = self.round_takes.max(budget.used() - began);
            let ready = self.pdhg.error < PLAN_ERROR_MAX && round % PLAN_ROUNDS == 0;
            if ready || self.step >= most {
                self.plan(budget);
                planned = round;
            }
            self.tell(budget);
        }
        if planned < round && budget.has_time(self.plan_takes, self.ends.plans) {
            self.plan(budget);
            self.tell(budget);
        }
    }

    /// HiGHS' point instead of most steps, with routes until more of them bring nothing, and a
    /// whole plan after it; false where HiGHS finds none.
    #[cfg(feature = "highs")]
    fn solve(&mut self, most: u32, budget: &mut SearchBudget) -> bool {
        if self.has_routes() {
            // A few steps find most routes sooner, and the pace for the steps after whole routes.
            self.steps(SOLVE_STEPS.min(most), self.ends.plans, budget);
        }
        let mut idle = 0;
        while idle < SOLVE_IDLE {
            let (began, bound) = (budget.used(), self.found.bound);
            let Some(point) = highs::solve(&self.compact.program) else { return false };
            self.pdhg = self.pdhg.resume(self.compact.program.clone(), point, 0);
            self.step += 1;
            self.look();
            self.tell(budget);
            idle = if self.found.bound < bound * (1.0 - SOLVE_WORTH) { 0 } else { idle + 1 };
            let takes = budget.used() - began + self.plan_takes;
            if self.add_routes() == 0 || !budget.has_time(takes, self.ends.plans) {
                break;
            }
        }
        self.plan(budget);
        self.tell(budget);
        true
    }

    fn has_routes(&self) -> bool {
        self.market.problem.has_routes()
    }

    fn tell(&self, budget: &mut SearchBudget) {
        budget.tell(self.step, self.objective, self.found.bound);
    }

    fn gap(&self) -> f64 {
        (self.found.bound - self.objective) / self.found.bound.max(f64::MIN_POSITIVE)
    }

    /// The average of the steps since the last restart and the current point; one where they are
    /// the same.
    fn points(&self) -> Vec<Point> {
        let (average, now) = (self.pdhg.average(), self.pdhg.now.clone());
        let is_same = average.x == now.x && average.y == now.y;
        if is_same { vec![now] } else { vec![average, now] }
    }

    /// Keeps the prices if they prove a lower bound.
    fn look(&mut self) {
        let judged = parallel::each(&self.points(), 2, |point| {
            let prices = self.compact.prices(self.market, point);
            (self.market.bound(&prices), prices)
        });
        for (bound, prices) in judged {
            if bound < self.found.bound {
                (self.found.prices, self.found.bound) = (prices, bound);
            }
        }
    }

    /// Adds routes that pay at the current prices; returns how many.
    fn add_routes(&mut self) -> usize {
        if !self.has_routes() {
            return 0;
        }
        let point = self.pdhg.now.clone();
        let prices = self.compact.prices(self.market, &point);
        let added = self.compact.add_routes(self.market, &prices, &point.y);
        if added > 0 {
            self.pdhg.widen(self.compact.program.clone());
        }
        added
    }

    /// Keeps a plan if it is better and leaves no more people late; returns its objective.
    fn keep(&mut self, draft: Draft<'p>) -> f64 {
        let objective = measure::objective(&draft);
        if objective > self.needed && greedy::bound_left(&draft) <= self.late {
            (self.found.draft, self.objective, self.needed) = (draft, objective, objective);
            self.is_new = true;
        }
        objective
    }

    /// Makes a whole plan after the current point and keeps it if it is better.
    fn plan(&mut self, budget: &mut SearchBudget) {
        let began = budget.used();
        for draft in parallel::each(&self.points(), 2, |point| self.round(point)).into_iter().rev()
        {
            self.keep(draft);
        }
        self.plan_takes = budget.used() - began;
    }
}

impl<'p> Search<'_, 'p> {
    fn round(&self, point: &Point) -> Draft<'p> {
        self.round_with(&self.compact, point, None)
    }

    fn round_with(&self, compact: &Compact, point: &Point, routes: Option<&Routes>) -> Draft<'p> {
        let paths = compact.paths(self.market, &point.x);
        let mut quotas = compact.quotas(self.market, &point.x);
        let mut draft = Draft::clone(&self.base);
        draft.free.keep_routes(routes.map(|routes| Arc::new(routes.clone())));
        rounding::place(&mut draft, self.market, &mut quotas, &compact.aggregates, &paths);
        greedy::fill(&mut draft);
        draft.free.keep_routes(None);
        draft.forget_dead();
        greedy::fill(&mut draft);
        draft
    }

    /// Whole routes, then whole people on them.
    fn decide_routes(&mut self, steps: u32, budget: &mut SearchBudget) {
        let until = self.ends.plans;
        if !self.has_routes() || !budget.has_time(self.round_takes + self.plan_takes, until) {
            return;
        }
        // Small campaigns can afford to try several ways.
        let tries = (ENTRIES_TRIED / self.compact.program.entries.len().max(1)).max(1);
        let mut found: Option<(f64, Routed<'p>)> = None;
        // A short search decides all days at once, and changes nothing afterwards.
        let is_short = steps < STEPS_SHORT;
        let ways: &[usize] = if is_short { &[1] } else { &PARTS };
        let until = until - self.plan_takes;
        for &parts in ways.iter().take(tries) {
            if found.is_some() && !budget.has_time(self.round_takes, until) {
                break;
            }
            let parts = self.affordable(parts, until - budget.used());
            let from = (&self.compact, &self.pdhg);
            let pace = Pace { takes: self.round_takes, until };
            let effort = Effort { parts, steps };
            let routed =
                routing::decide(self.market, from, self.base.clone(), effort, budget, pace);
            let objective = self.round_routed(&routed, budget);
            if found.as_ref().is_none_or(|held| objective > held.0) {
                found = Some((objective, routed));
            }
        }
        let Some((best, routed)) = found else { return };
        if !is_short {
            let pace = Pace { takes: self.round_takes, until };
            self.swap_routes(routed, best, budget, pace);
        }
    }

    /// Parts for which there is time, at most so many.
    fn affordable(&self, parts: usize, share: f64) -> usize {
        if self.round_takes <= 0.0 {
            return parts;
        }
        let rounds = num::whole(share / self.round_takes);
        routing::parts_in(rounds.saturating_mul(ROUND_STEPS)).clamp(1, parts)
    }

    /// The stages for the worst area and for travel. They leave a published plan as it is.
    fn stages(&mut self, (until, told): (Day, Day), budget: &mut SearchBudget) {
        if !self.is_new {
            return;
        }
        let floor = self.objective * (1.0 - WORST_AREA_COST);
        let Ends { worst_area, travel, .. } = self.ends;
        self.found.draft =
            worst_area::raise_worst(self.found.draft.clone(), floor, until, budget, worst_area);
        travel::shorten(&mut self.found.draft, told, budget, travel);
        self.objective = measure::objective(&self.found.draft);
    }

    /// Other routes on single days, as long as that helps.
    fn swap_routes(
        &mut self,
        mut routed: Routed<'p>,
        mut best: f64,
        budget: &mut SearchBudget,
        pace: Pace,
    ) {
        let mut most = (self.market.problem.days / 4).max(1);
        let mut tried = BTreeSet::new();
        for _ in 0..SWAP_ROUNDS {
            let Some(mut other) = routed.swapped(self.market, most, &mut tried) else { break };
            if !other.settle(SWAP_STEPS, budget, pace) {
                return;
            }
            let objective = self.round_routed(&other, budget);
            if objective > best {
                (routed, best) = (other, objective);
            } else {
                most = (most / 2).max(1);
            }
        }
        for _ in 0..LAST_ROUNDS {
            if !routed.settle(SWAP_STEPS, budget, pace) {
                return;
            }
            self.round_routed(&routed, budget);
        }
    }

    /// Whole people on whole routes; kept if better. Returns the objective.
    fn round_routed(&mut self, routed: &Routed<'p>, budget: &mut SearchBudget) -> f64 {
        let began = budget.used();
        let points = [&routed.pdhg.now, &routed.pdhg.average()];
        let drafts = parallel::each(&points, 2, |point| {
            self.round_with(&routed.compact, point, Some(&routed.decided.routes))
        });
        let best = drafts.into_iter().map(|draft| self.keep(draft)).fold(0.0_f64, f64::max);
        self.plan_takes = self.plan_takes.max(budget.used() - began);
        self.tell(budget);
        best
    }
}
