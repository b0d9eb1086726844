//! The search for a better plan: steps of the first-order method on the compact program, routes
//! added where they pay, and from time to time whole people placed after its columns.

use super::compact::Compact;
use super::draft::Draft;
use super::pdhg::{Pdhg, Point};
use super::prices::Market;
use super::room::Routes;
use super::routing::Routed;
use super::{Limits, Progress, fair, greedy, keep, measure, rounding, routing, travel};
use crate::domain::plan::Certificate;
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
/// Good enough: a gap below this is not worth more steps.
const GAP_ENOUGH: f64 = 2e-4;

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

/// What a better worst area may cost, as a share of the objective.
const FAIR_COST: f64 = 8e-4;

/// What the search found.
pub(super) struct Found<'p> {
    /// The best plan.
    pub(super) draft: Draft<'p>,
    /// The best prices.
    pub(super) prices: Vec<f64>,
    /// The bound that they prove.
    pub(super) bound: f64,
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
}

/// What the search must respect.
pub(super) struct Task<'a> {
    /// The published plan.
    pub(super) wishes: &'a [keep::Wish],
    /// Its sessions before this day stay.
    pub(super) until: usize,
    /// How long to search.
    pub(super) limits: Limits,
    /// Prices of an older plan.
    pub(super) warm: Option<&'a Certificate>,
}

/// Improves on a plan by one that is worth more than `needed`.
pub(super) fn improve<'p>(
    market: &Market<'p>,
    draft: Draft<'p>,
    needed: f64,
    task: &Task,
    progress: &mut dyn FnMut(Progress),
    time_is_up: &mut dyn FnMut() -> bool,
) -> Found<'p> {
    let limits = task.limits;
    let problem = market.problem;
    let none = vec![0.0; market.slots.holds.len()];
    let old = task.warm.map(|warm| market.prices_of(warm));
    let bound_of = |prices: Vec<f64>| (market.answer(&prices).bound, prices);
    let (mut bound, mut prices) = bound_of(none);
    if let Some(old) = &old {
        let known = bound_of(old.clone());
        if known.0 < bound {
            (bound, prices) = known;
        }
    }
    let objective = measure::objective(&draft);
    let found = Found { draft, prices, bound };
    if limits.steps == 0 || market.kinds.is_empty() || problem.first >= problem.days {
        return found;
    }
    let is_new = task.wishes.is_empty();
    let late = greedy::bound_left(&found.draft);
    let base = Arc::new(greedy::frozen(problem, task.wishes, task.until));
    let compact = Compact::new(market, &base);
    let mut pdhg = Pdhg::new(compact.program.clone());
    if let Some(old) = &old {
        pdhg = pdhg.resume(compact.program.clone(), compact.warm(market, old), 0);
    }
    let mut search = Search { market, compact, pdhg, found, objective, needed, base, is_new, late };
    let (mut step, mut round) = (0, 0);
    while step < limits.steps && !time_is_up() && search.gap() > GAP_ENOUGH {
        search.pdhg.run(ROUND_STEPS.min(limits.steps - step));
        step = step.saturating_add(ROUND_STEPS).min(limits.steps);
        round += 1;
        search.look();
        if round % ROUTE_ROUNDS == 0 {
            search.add_routes();
        }
        let ready = search.pdhg.error < PLAN_ERROR_MAX && round % PLAN_ROUNDS == 0;
        if ready || step >= limits.steps {
            search.plan();
        }
        let (objective, upper_bound) = (search.objective, search.found.bound);
        progress(Progress { step, objective, upper_bound });
    }
    search.decide_routes(limits.steps, time_is_up);
    search.stages(task.until.max(problem.first), time_is_up);
    progress(Progress { step, objective: search.objective, upper_bound: search.found.bound });
    search.found
}

impl Search<'_, '_> {
    fn gap(&self) -> f64 {
        (self.found.bound - self.objective) / self.found.bound.max(f64::MIN_POSITIVE)
    }

    /// Keeps the prices if they prove a lower bound.
    fn look(&mut self) {
        for point in [&self.pdhg.average(), &self.pdhg.now] {
            let prices = self.compact.prices(self.market, point);
            let bound = self.market.answer(&prices).bound;
            if bound < self.found.bound {
                (self.found.prices, self.found.bound) = (prices, bound);
            }
        }
    }

    fn add_routes(&mut self) {
        if self.market.problem.teams.is_empty() {
            return;
        }
        let point = self.pdhg.now.clone();
        let prices = self.compact.prices(self.market, &point);
        if self.compact.add_routes(self.market, &prices, &point.y) > 0 {
            self.pdhg.widen(self.compact.program.clone());
        }
    }

    /// Makes a whole plan after the current point and keeps it if it is better.
    fn plan(&mut self) {
        let average = self.pdhg.average();
        for point in [&self.pdhg.now, &average] {
            let draft = self.round(point);
            let objective = measure::objective(&draft);
            if objective > self.needed && greedy::bound_left(&draft) <= self.late {
                (self.found.draft, self.objective, self.needed) = (draft, objective, objective);
                self.is_new = true;
            }
        }
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
        draft.room.keep_routes(routes.map(|routes| Arc::new(routes.clone())));
        rounding::place(&mut draft, self.market, &mut quotas, &compact.lumps, &paths);
        greedy::fill(&mut draft);
        draft.room.keep_routes(None);
        draft.forget_dead();
        greedy::fill(&mut draft);
        draft
    }

    /// Whole routes, then whole people on them.
    fn decide_routes(&mut self, steps: u32, time_is_up: &mut dyn FnMut() -> bool) {
        let problem = self.market.problem;
        if problem.teams.is_empty() || problem.stops.is_empty() {
            return;
        }
        // Small campaigns can afford to try several ways.
        let tries = (ENTRIES_TRIED / self.compact.program.entries.len().max(1)).max(1);
        let mut found: Option<(f64, Routed<'p>)> = None;
        // A short search decides all days at once, and changes nothing afterwards.
        let is_short = steps < STEPS_SHORT;
        let ways: &[usize] = if is_short { &[1] } else { &PARTS };
        for &parts in ways.iter().take(tries) {
            let from = (&self.compact, &self.pdhg);
            let routed = routing::decide(self.market, from, self.base.clone(), parts, time_is_up);
            let Some(routed) = routed else { break };
            let objective = self.round_routed(&routed);
            if found.as_ref().is_none_or(|held| objective > held.0) {
                found = Some((objective, routed));
            }
        }
        let Some((best, routed)) = found else { return };
        if is_short {
            return;
        }
        self.swap_routes(routed, best, time_is_up);
    }

    /// The worst area, then travel; a published plan stays as it is.
    fn stages(&mut self, until: usize, time_is_up: &mut dyn FnMut() -> bool) {
        if !self.is_new || time_is_up() {
            return;
        }
        let floor = self.objective * (1.0 - FAIR_COST);
        self.found.draft = fair::raise_worst(self.found.draft.clone(), floor, until);
        travel::shorten(&mut self.found.draft, until);
        self.objective = measure::objective(&self.found.draft);
    }

    /// Other routes on single days, as long as that helps.
    fn swap_routes(
        &mut self,
        mut routed: Routed<'p>,
        mut best: f64,
        time_is_up: &mut dyn FnMut() -> bool,
    ) {
        let mut most = (self.market.problem.days / 4).max(1);
        let mut tried = BTreeSet::new();
        for _ in 0..SWAP_ROUNDS {
            let Some(mut other) = routed.swapped(self.market, most, &mut tried) else { break };
            if !other.settle(SWAP_STEPS, time_is_up) {
                return;
            }
            let objective = self.round_routed(&other);
            if objective > best {
                (routed, best) = (other, objective);
            } else {
                most = (most / 2).max(1);
            }
        }
        for _ in 0..LAST_ROUNDS {
            if !routed.settle(SWAP_STEPS, time_is_up) {
                return;
            }
            self.round_routed(&routed);
        }
    }

    /// Whole people on whole routes; kept if better. Returns the objective.
    fn round_routed(&mut self, routed: &Routed<'p>) -> f64 {
        let mut best = 0.0_f64;
        for point in [&routed.pdhg.now, &routed.pdhg.average()] {
            let draft = self.round_with(&routed.compact, point, Some(&routed.decided.routes));
            let objective = measure::objective(&draft);
            best = best.max(objective);
            if objective > self.needed && greedy::bound_left(&draft) <= self.late {
                (self.found.draft, self.objective, self.needed) = (draft, objective, objective);
                self.is_new = true;
            }
        }
        best
    }
}
