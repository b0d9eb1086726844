//! Prices of everything that is scarce, as one vector, and the bound that they prove.
//!
//! A **slot** is an index into that vector: a site on a day, a cold store between two restocks, a
//! lot, a stop on a day, a visit of a stop on a day. A **kind** is cohorts that prices cannot
//! tell apart: equal places, priority and days. People of a kind take the **best path** at the
//! prices; what they take is the **usage** of the slots.

use super::draft::Who;
use super::index::{Per, PerPlace, Place, SiteIndex, StopIndex};
use super::model::{Problem, SiteModel};
use super::parallel;
use super::teams::TeamDays;

use std::collections::BTreeMap;

/// No slot: not limited.
pub(super) const NO_SLOT: usize = usize::MAX;

/// The slots of a problem and how much each holds.
pub(super) struct Slots {
    /// By site and day; `NO_SLOT` where the site is shut.
    pub(super) site_day: Per<SiteIndex, Vec<usize>>,
    /// By site and period; `NO_SLOT` without a limit.
    pub(super) storage: Per<SiteIndex, Vec<usize>>,
    /// By lot.
    pub(super) lot: Vec<usize>,
    /// By stop and day; `NO_SLOT` where no team can come.
    pub(super) stop_day: Per<StopIndex, Vec<usize>>,
    /// By stop and day.
    pub(super) stop_visit: Per<StopIndex, Vec<usize>>,
    /// What each slot holds: doses, vaccine doses, visits; 0 for stop-days, which the teams fill.
    pub(super) holds: Vec<f64>,
}

impl Slots {
    /// The slots of the days that a plan may use.
    pub(super) fn new(problem: &Problem) -> Self {
        let mut holds: Vec<f64> = Vec::new();
        let mut add = |amount: f64| {
            holds.push(amount);
            holds.len() - 1
        };
        let mut site_day = Per::default();
        let mut storage = Per::default();
        for site in &problem.sites {
            let of_day = |&doses: &u32| if doses > 0 { add(f64::from(doses)) } else { NO_SLOT };
            site_day.push(site.capacity.iter().map(of_day).collect());
            let amount = site.storage as f64 / problem.scale as f64;
            let limited = |period: &super::model::Period| {
                let used = site.storage != u64::MAX && period.last >= problem.first;
                if used { add(amount) } else { NO_SLOT }
            };
            storage.push(site.periods.iter().map(limited).collect());
        }
        let lot = problem.lots.iter().map(|lot| add(lot.units as f64 / problem.scale as f64));
        let lot = lot.collect();
        let worked: Vec<bool> =
            (0..problem.days).map(|d| problem.teams.iter().any(|team| team.works[d])).collect();
        let mut by_stop = |amount: f64| -> Per<StopIndex, Vec<usize>> {
            let slot = |(open, works): (&bool, &bool)| {
                if *open && *works { add(amount) } else { NO_SLOT }
            };
            let mut slot = slot;
            problem
                .stops
                .iter()
                .map(|stop| stop.open.iter().zip(&worked).map(&mut slot).collect())
                .collect()
        };
        let stop_day = by_stop(0.0);
        let stop_visit = by_stop(1.0);
        Self { site_day, storage, lot, stop_day, stop_visit, holds }
    }
}

/// Cohorts that prices cannot tell apart.
pub(super) struct Kind {
    /// Index of the set of places.
    pub(super) reach: usize,
    /// Weight of a dose.
    pub(super) priority: f64,
    /// Index of the first dose that is missing.
    pub(super) dose: usize,
    /// Days of that dose.
    pub(super) days: (usize, usize),
    /// Whether they may stop after any dose: who waits since before the plan.
    pub(super) may_stop: bool,
    /// Cohort, who of it, and how many.
    pub(super) members: Vec<(usize, Who, u32)>,
    /// How many together.
    pub(super) people: f64,
}

/// Kinds whose best paths are found one after the other, in the same room.
const KINDS_TOGETHER: usize = 64;

/// What the price steps work on.
pub(super) struct Market<'p> {
    /// The campaign.
    pub(super) problem: &'p Problem<'p>,
    /// The slots.
    pub(super) slots: Slots,
    /// Sets of places.
    pub(super) reaches: Vec<Vec<Place>>,
    /// The kinds.
    pub(super) kinds: Vec<Kind>,
    /// The teams' routes.
    pub(super) teams: TeamDays,
}

/// A path at prices: the days of its doses.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// The bound.
    pub(super) bound: f64,
    /// Usage of each slot; at stop-days less what the teams bring.
    pub(super) usage: Vec<f64>,
    /// For each kind the days of its best path; empty where none is worth its price.
    pub(super) paths: Vec<Vec<usize>>,
    /// Cheapest place by set of places and day; `None` where none gives doses.
    pub(super) cheapest: Vec<Vec<Option<Place>>>,
}

impl<'p> Market<'p> {
    /// Groups the cohorts of a problem.
    pub(super) fn new(problem: &'p Problem<'p>) -> Self {
        let mut reaches: Vec<Vec<Place>> = Vec::new();
        let mut found: BTreeMap<Vec<Place>, usize> = BTreeMap::new();
        let mut of_area = Vec::with_capacity(problem.reach.len());
        for places in &problem.reach {
            let mut set = places.clone();
            set.sort_unstable();
            let next = reaches.len();
            of_area.push(*found.entry(set.clone()).or_insert_with(|| {
                reaches.push(set);
                next
            }));
        }
        let mut kinds: BTreeMap<KindKey, Kind> = BTreeMap::new();
        for (c, cohort) in problem.cohorts.iter().enumerate() {
            let new = (0, (cohort.opens, problem.days.saturating_sub(1)), false);
            let mut add = |(dose, days, may_stop), who: Who, people: u32| {
                let reach = of_area[cohort.area];
                let key = (reach, cohort.priority.to_bits(), dose, days, may_stop);
                let kind = kinds.entry(key).or_insert_with(|| Kind {
                    reach,
                    priority: cohort.priority,
                    dose,
                    days,
                    may_stop,
                    members: Vec::new(),
                    people: 0.0,
                });
                kind.people += f64::from(people);
                kind.members.push((c, who, people));
            };
            if cohort.new_people > 0 {
                add(new, Who::New, cohort.new_people);
            }
            for (r, run) in cohort.waiting.iter().enumerate() {
                add((run.dose, (run.low, run.high), true), Who::Waiting(r), run.people);
            }
        }
        Self {
            problem,
            slots: Slots::new(problem),
            reaches,
            kinds: kinds.into_values().collect(),
            teams: TeamDays::new(problem),
        }
    }

    /// The set of places that holds a stop.
    pub(super) fn reach_of_stop(&self, stop: StopIndex) -> Option<usize> {
        self.reaches.iter().position(|places| places.contains(&Place::Stop(stop)))
    }

    /// Price of a dose at each place on each day; infinite where it cannot be given.
    pub(super) fn dose_prices(&self, prices: &[f64]) -> PerPlace<Vec<f64>> {
        let problem = self.problem;
        let vaccine = self.vaccine_prices(prices);
        let site = |(s, site): (SiteIndex, &SiteModel)| -> Vec<f64> {
            let of_day = |d: usize| {
                let slot = self.slots.site_day[s][d];
                if slot == NO_SLOT {
                    return f64::INFINITY;
                }
                let period = site.period_of[d];
                let store = self.slots.storage[s][period];
                let store = if store == NO_SLOT { 0.0 } else { prices[store] };
                let vaccine = vaccine[site.periods[period].class].0;
                prices[slot] + (store + vaccine) * site.draw_doses
            };
            (0..problem.days).map(of_day).collect()
        };
        let stop = |days: &Vec<usize>| -> Vec<f64> {
            let price = |&slot: &usize| if slot == NO_SLOT { f64::INFINITY } else { prices[slot] };
            days.iter().map(price).collect()
        };
        PerPlace {
            sites: problem.sites.pairs().map(site).collect(),
            stops: self.slots.stop_day.iter().map(stop).collect(),
        }
    }

    /// Price of vaccine for each class, and the lot that has it.
    pub(super) fn vaccine_prices(&self, prices: &[f64]) -> Vec<(f64, usize)> {
        let cheapest = |lots: &Vec<usize>| {
            lots.iter().fold((f64::INFINITY, NO_SLOT), |held, &lot| {
                let price = prices[self.slots.lot[lot]];
                if price < held.0 { (price, lot) } else { held }
            })
        };
        self.problem.classes.iter().map(cheapest).collect()
    }

    /// The bound that prices prove, and what everybody would take at them.
    pub(super) fn answer(&self, prices: &[f64]) -> Answer {
        let problem = self.problem;
        let dose_price = self.dose_prices(prices);
        let vaccine = self.vaccine_prices(prices);
        let mut answer = Answer {
            bound: prices.iter().zip(&self.slots.holds).map(|(price, holds)| price * holds).sum(),
            usage: vec![0.0; prices.len()],
            ..Answer::default()
        };
        let mut least = Vec::with_capacity(self.reaches.len());
        for places in &self.reaches {
            let (mut price, mut at) = (vec![f64::INFINITY; problem.days], vec![None; problem.days]);
            for &place in places {
                for d in problem.first..problem.days {
                    if dose_price[place][d] < price[d] {
                        (price[d], at[d]) = (dose_price[place][d], Some(place));
                    }
                }
            }
            least.push(price);
            answer.cheapest.push(at);
        }
        let mut wanted = vec![vec![0.0; problem.days]; self.reaches.len()];
        let together: Vec<&[Kind]> = self.kinds.chunks(KINDS_TOGETHER).collect();
        let found = parallel::each(&together, 2, |kinds| self.best_paths(kinds, &least));
        for (kind, (worth, path)) in self.kinds.iter().zip(found.into_iter().flatten()) {
            answer.bound += worth * kind.people;
            for &d in &path {
                wanted[kind.reach][d] += kind.people;
            }
            answer.paths.push(path);
        }
        for (reach, days) in wanted.iter().enumerate() {
            for (d, &doses) in days.iter().enumerate().filter(|(_, doses)| **doses > 0.0) {
                if let Some(place) = answer.cheapest[reach][d] {
                    self.use_place(place, d, doses, &vaccine, &mut answer.usage);
                }
            }
        }
        answer.bound += self.teams.best_routes(self, prices, &vaccine, &mut answer.usage);
        answer
    }

    /// The best path of every kind and its worth; an empty one where none is worth its price.
    fn best_paths(&self, kinds: &[Kind], least: &[Vec<f64>]) -> Vec<(f64, Vec<usize>)> {
        let mut search = PathSearch::new(self.problem);
        let mut best = |kind: &Kind| {
            let worth = search.best(kind, &least[kind.reach]);
            if worth > 0.0 { (worth, search.path(kind)) } else { (0.0, Vec::new()) }
        };
        kinds.iter().map(&mut best).collect()
    }

    /// Adds the usage of doses at a place on a day.
    fn use_place(
        &self,
        place: Place,
        d: usize,
        doses: f64,
        vaccine: &[(f64, usize)],
        usage: &mut [f64],
    ) {
        let at = match place {
            Place::Site(at) => at,
            Place::Stop(stop) => {
                usage[self.slots.stop_day[stop][d]] += doses;
                return;
            }
        };
        let site = &self.problem.sites[at];
        let period = site.period_of[d];
        let drawn = doses * site.draw_doses;
        usage[self.slots.site_day[at][d]] += doses;
        let store = self.slots.storage[at][period];
        if store != NO_SLOT {
            usage[store] += drawn;
        }
        usage[self.slots.lot[vaccine[site.periods[period].class].1]] += drawn;
    }
}

type KindKey = (usize, u64, usize, (usize, usize), bool);

/// Best paths: from the last dose backwards, with the best day of each window.
pub(super) struct PathSearch<'p> {
    problem: &'p Problem<'p>,
    /// `value[j][d]`: the best that dose j on day d and the doses after it can earn.
    value: Vec<Vec<f64>>,
    /// `next[j][d]`: the day of dose j + 1 then; `NO_SLOT`: none.
    next: Vec<Vec<usize>>,
    /// Day of the first dose.
    first: usize,
    queue: Vec<usize>,
}

impl<'p> PathSearch<'p> {
    /// FreeCapacity for paths of a problem.
    pub(super) fn new(problem: &'p Problem<'p>) -> Self {
        let doses = problem.shares.len();
        Self {
            problem,
            value: vec![vec![f64::NEG_INFINITY; problem.days]; doses],
            next: vec![vec![NO_SLOT; problem.days]; doses],
            first: NO_SLOT,
            queue: Vec::new(),
        }
    }

    /// Worth of the best path of a kind at prices by day; negative infinity where there is none.
    pub(super) fn best(&mut self, kind: &Kind, price: &[f64]) -> f64 {
        let (problem, doses) = (self.problem, self.problem.shares.len());
        let days = problem.days as f64;
        for j in (kind.dose..doses).rev() {
            let weight = kind.priority * problem.shares[j] / days;
            let open = price.iter().enumerate().skip(kind.days.0);
            for (d, price) in open {
                self.value[j][d] = weight * (problem.days - d) as f64 - price;
            }
            if j + 1 < doses {
                self.add_next(j, kind);
            }
        }
        self.first = NO_SLOT;
        let mut best = f64::NEG_INFINITY;
        if let Some(values) = self.value.get(kind.dose) {
            for (d, &value) in values.iter().enumerate().take(kind.days.1 + 1).skip(kind.days.0) {
                if value > best {
                    (best, self.first) = (value, d);
                }
            }
        }
        best
    }

    /// Adds to dose j the best of dose j + 1 inside its window: a maximum over a window that only
    /// moves forward.
    fn add_next(&mut self, j: usize, kind: &Kind) {
        let (early, late) = self.value.split_at_mut(j + 1);
        let (own, later) = (&mut early[j], &late[0]);
        let queue = &mut self.queue;
        queue.clear();
        let (mut head, mut seen) = (0, kind.days.0);
        for d in kind.days.0..own.len() {
            let (low, mut high) = self.problem.windows[j][d];
            if kind.may_stop && low <= high {
                // Whoever may stop may also come late.
                high = own.len() - 1;
            }
            while seen <= high && low <= high {
                while queue.len() > head && later[queue[queue.len() - 1]] <= later[seen] {
                    queue.pop();
                }
                queue.push(seen);
                seen += 1;
            }
            while head < queue.len() && queue[head] < low {
                head += 1;
            }
            let best = if low <= high { queue.get(head) } else { None };
            let worth = best.map_or(f64::NEG_INFINITY, |&at| later[at]);
            if kind.may_stop && worth <= 0.0 {
                self.next[j][d] = NO_SLOT;
            } else {
                self.next[j][d] = best.copied().unwrap_or(NO_SLOT);
                own[d] += worth;
            }
        }
    }

    /// The days of the path that [`Self::best`] found.
    pub(super) fn path(&self, kind: &Kind) -> Vec<usize> {
        let mut days = Vec::with_capacity(self.problem.shares.len());
        let (mut at, mut j) = (self.first, kind.dose);
        while at != NO_SLOT && j < self.problem.shares.len() {
            days.push(at);
            at = if j + 1 < self.problem.shares.len() { self.next[j][at] } else { NO_SLOT };
            j += 1;
        }
        days
    }
}
