//! Prices of everything that is scarce, as one vector, and the bound that they prove.
//!
//! A **slot** is something scarce that has a price: a site on a day, a cold store between two restocks, a
//! lot, a stop on a day, a visit of a stop on a day. A **kind** is cohorts that prices cannot
//! tell apart: equal places, priority and days. People of a kind take the **best path** at the
//! prices; what they take is the **usage** of the slots.

use super::draft::Who;
use super::index::{
    AreaIndex, ClassIndex, CohortIndex, Day, ListIndex as _, LotIndex, Per, PerPlace, PeriodIndex,
    Place, ReachIndex, SiteIndex, SlotIndex, StopIndex,
};
use super::model::{Problem, SiteModel};
use super::parallel;
use super::teams::TeamDays;

use std::collections::BTreeMap;

/// A price for each slot.
pub(super) type Prices = Per<SlotIndex, f64>;

/// The slots of a problem and how much each holds.
pub(super) struct Slots {
    /// By site and day; `None` where the site is shut.
    pub(super) site_day: Per<SiteIndex, Per<Day, Option<SlotIndex>>>,
    /// By site and period; `None` without a limit.
    pub(super) storage: Per<SiteIndex, Per<PeriodIndex, Option<SlotIndex>>>,
    /// By lot.
    pub(super) lot: Per<LotIndex, SlotIndex>,
    /// By stop and day; `None` where no team can come.
    pub(super) stop_day: Per<StopIndex, Per<Day, Option<SlotIndex>>>,
    /// By stop and day; `None` where no team can come.
    pub(super) stop_visit: Per<StopIndex, Per<Day, Option<SlotIndex>>>,
    /// What each slot holds: doses, vaccine doses, visits; 0 for stop-days, which the teams fill.
    pub(super) holds: Per<SlotIndex, f64>,
}

impl Slots {
    /// The slots of a problem, for the days that a plan may use.
    pub(super) fn new(problem: &Problem) -> Self {
        let mut holds: Per<SlotIndex, f64> = Per::default();
        let mut add = |amount: f64| holds.push(amount);
        let mut site_day = Per::default();
        let mut storage = Per::default();
        for site in &problem.sites {
            let of_day = |&doses: &u32| (doses > 0).then(|| add(f64::from(doses)));
            site_day.push(site.capacity.iter().map(of_day).collect());
            let amount = site.storage as f64 / problem.scale as f64;
            let limited = |period: &super::model::Period| {
                let used = site.storage != u64::MAX && period.last >= problem.first;
                used.then(|| add(amount))
            };
            storage.push(site.periods.iter().map(limited).collect());
        }
        let lot = problem.lots.iter().map(|lot| add(lot.units as f64 / problem.scale as f64));
        let lot = lot.collect();
        let works = |day| problem.teams.iter().any(|team| team.works[day]);
        let worked: Per<Day, bool> = Per::with(problem.days, works);
        let mut by_stop = |amount: f64| -> Per<StopIndex, Per<Day, Option<SlotIndex>>> {
            let mut slot = |(open, works): (&bool, &bool)| (*open && *works).then(|| add(amount));
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
    /// The set of places.
    pub(super) reach: ReachIndex,
    /// Weight of a dose.
    pub(super) priority: f64,
    /// Index of the first dose that is missing.
    pub(super) dose: usize,
    /// Days of that dose.
    pub(super) days: (Day, Day),
    /// Whether they may stop after any dose: people who had a dose before the plan.
    pub(super) may_stop: bool,
    /// Cohort, who of it, and how many.
    pub(super) members: Vec<(CohortIndex, Who, u32)>,
    /// How many together.
    pub(super) people: f64,
}

/// So many kinds are worked on together, with one set of buffers.
const KINDS_TOGETHER: usize = 64;

/// For each class the lot whose vaccine is cheapest, with its price; infinite and `None` where no
/// lot serves the class.
pub(super) type VaccinePrices = Per<ClassIndex, (f64, Option<LotIndex>)>;

/// A problem with its slots, kinds and teams: what prices are evaluated on.
pub(super) struct Market<'p> {
    /// The campaign.
    pub(super) problem: &'p Problem<'p>,
    /// The slots.
    pub(super) slots: Slots,
    /// Sets of places.
    pub(super) reaches: Per<ReachIndex, Vec<Place>>,
    /// The kinds.
    pub(super) kinds: Vec<Kind>,
    /// The teams' routes.
    pub(super) teams: TeamDays,
}

/// What everybody would do at given prices.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// The bound.
    pub(super) bound: f64,
    /// Usage of each slot; at stop-days less what the teams bring.
    pub(super) usage: Per<SlotIndex, f64>,
    /// For each kind the days of its best path; empty where none is worth its price.
    pub(super) paths: Vec<Vec<Day>>,
    /// Cheapest place by set of places and day; `None` where none gives doses.
    pub(super) cheapest: Per<ReachIndex, Per<Day, Option<Place>>>,
}

impl<'p> Market<'p> {
    /// Groups the cohorts of a problem.
    pub(super) fn new(problem: &'p Problem<'p>) -> Self {
        let mut reaches: Per<ReachIndex, Vec<Place>> = Per::default();
        let mut found: BTreeMap<Vec<Place>, ReachIndex> = BTreeMap::new();
        let mut of_area: Per<AreaIndex, ReachIndex> = Per::default();
        for places in &problem.reach {
            let mut set = places.clone();
            set.sort_unstable();
            of_area.push(*found.entry(set.clone()).or_insert_with(|| reaches.push(set)));
        }
        let mut kinds: BTreeMap<KindKey, Kind> = BTreeMap::new();
        for (c, cohort) in problem.cohorts.pairs() {
            let new = (0, (cohort.opens, Day::of(problem.days.saturating_sub(1))), false);
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
            for (r, run) in cohort.waiting.pairs() {
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
    pub(super) fn reach_of_stop(&self, stop: StopIndex) -> Option<ReachIndex> {
        let holds = |(_, places): &(ReachIndex, &Vec<Place>)| places.contains(&Place::Stop(stop));
        self.reaches.pairs().find(holds).map(|(reach, _)| reach)
    }

    /// Price of a dose at each place on each day; infinite where it cannot be given.
    pub(super) fn dose_prices(&self, prices: &Prices) -> PerPlace<Per<Day, f64>> {
        let problem = self.problem;
        let vaccine = self.vaccine_prices(prices);
        let site = |(s, site): (SiteIndex, &SiteModel)| -> Per<Day, f64> {
            let of_day = |d: Day| {
                let Some(slot) = self.slots.site_day[s][d] else { return f64::INFINITY };
                let period = site.period_of[d];
                let store = self.slots.storage[s][period];
                let store = store.map_or(0.0, |store| prices[store]);
                let vaccine = vaccine[site.periods[period].class].0;
                prices[slot] + (store + vaccine) * site.draw_doses
            };
            Per::with(problem.days, of_day)
        };
        let stop = |days: &Per<Day, Option<SlotIndex>>| -> Per<Day, f64> {
            let price = |slot: &Option<SlotIndex>| slot.map_or(f64::INFINITY, |slot| prices[slot]);
            days.iter().map(price).collect()
        };
        PerPlace {
            sites: problem.sites.pairs().map(site).collect(),
            stops: self.slots.stop_day.iter().map(stop).collect(),
        }
    }

    /// Price of vaccine for each class, and the lot that has it.
    pub(super) fn vaccine_prices(&self, prices: &Prices) -> VaccinePrices {
        let cheapest = |lots: &Vec<LotIndex>| {
            lots.iter().fold((f64::INFINITY, None), |held, &lot| {
                let price = prices[self.slots.lot[lot]];
                if price < held.0 { (price, Some(lot)) } else { held }
            })
        };
        self.problem.classes.iter().map(cheapest).collect()
    }

    /// The bound that prices prove, and what everybody would use at them.
    pub(super) fn answer(&self, prices: &Prices) -> Answer {
        let problem = self.problem;
        let dose_price = self.dose_prices(prices);
        let vaccine = self.vaccine_prices(prices);
        let mut answer = Answer {
            bound: prices.iter().zip(&self.slots.holds).map(|(price, holds)| price * holds).sum(),
            usage: Per::filled(0.0, prices.len()),
            ..Answer::default()
        };
        let mut least: Per<ReachIndex, Per<Day, f64>> = Per::default();
        for places in &self.reaches {
            let (mut price, mut at) =
                (Per::filled(f64::INFINITY, problem.days), Per::filled(None, problem.days));
            for &place in places {
                for d in problem.plan_days() {
                    if dose_price[place][d] < price[d] {
                        (price[d], at[d]) = (dose_price[place][d], Some(place));
                    }
                }
            }
            least.push(price);
            answer.cheapest.push(at);
        }
        let mut wanted: Per<ReachIndex, Per<Day, f64>> =
            Per::filled(Per::filled(0.0, problem.days), self.reaches.len());
        let together: Vec<&[Kind]> = self.kinds.chunks(KINDS_TOGETHER).collect();
        let found = parallel::each(&together, 2, |kinds| self.best_paths(kinds, &least));
        for (kind, (worth, path)) in self.kinds.iter().zip(found.into_iter().flatten()) {
            answer.bound += worth * kind.people;
            for &d in &path {
                wanted[kind.reach][d] += kind.people;
            }
            answer.paths.push(path);
        }
        for (reach, days) in wanted.pairs() {
            for (d, &doses) in days.pairs().filter(|(_, doses)| **doses > 0.0) {
                if let Some(place) = answer.cheapest[reach][d] {
                    self.use_place(place, d, doses, &vaccine, &mut answer.usage);
                }
            }
        }
        answer.bound += self.teams.best_routes(self, prices, &vaccine, &mut answer.usage);
        answer
    }

    /// The best path of every kind and its worth; an empty one where none is worth its price.
    fn best_paths(
        &self,
        kinds: &[Kind],
        least: &Per<ReachIndex, Per<Day, f64>>,
    ) -> Vec<(f64, Vec<Day>)> {
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
        d: Day,
        doses: f64,
        vaccine: &VaccinePrices,
        usage: &mut Per<SlotIndex, f64>,
    ) {
        let at = match place {
            Place::Site(at) => at,
            Place::Stop(stop) => {
                if let Some(slot) = self.slots.stop_day[stop][d] {
                    usage[slot] += doses;
                }
                return;
            }
        };
        let site = &self.problem.sites[at];
        let period = site.period_of[d];
        let drawn = doses * site.draw_doses;
        if let Some(slot) = self.slots.site_day[at][d] {
            usage[slot] += doses;
        }
        if let Some(store) = self.slots.storage[at][period] {
            usage[store] += drawn;
        }
        if let Some(lot) = vaccine[site.periods[period].class].1 {
            usage[self.slots.lot[lot]] += drawn;
        }
    }
}

type KindKey = (ReachIndex, u64, usize, (Day, Day), bool);

/// Best paths: from the last dose backwards, with the best day of each window.
pub(super) struct PathSearch<'p> {
    problem: &'p Problem<'p>,
    /// `value[j][d]`: the best that dose j on day d and the doses after it can earn.
    value: Vec<Per<Day, f64>>,
    /// `next[j][d]`: the day of dose j + 1 then, where there is one.
    next: Vec<Per<Day, Option<Day>>>,
    /// Day of the first dose, where a path was found.
    first: Option<Day>,
    queue: Vec<Day>,
}

impl<'p> PathSearch<'p> {
    /// Buffers for the paths of a problem.
    pub(super) fn new(problem: &'p Problem<'p>) -> Self {
        let doses = problem.shares.len();
        Self {
            problem,
            value: vec![Per::filled(f64::NEG_INFINITY, problem.days); doses],
            next: vec![Per::filled(None, problem.days); doses],
            first: None,
            queue: Vec::new(),
        }
    }

    /// Worth of the best path of a kind at prices by day; negative infinity if there is none.
    pub(super) fn best(&mut self, kind: &Kind, price: &Per<Day, f64>) -> f64 {
        let (problem, doses) = (self.problem, self.problem.shares.len());
        let days = problem.days as f64;
        for j in (kind.dose..doses).rev() {
            let weight = kind.priority * problem.shares[j] / days;
            for (d, price) in price.pairs().skip(kind.days.0.position()) {
                self.value[j][d] = weight * problem.days_left(d) - price;
            }
            if j + 1 < doses {
                self.add_next(j, kind);
            }
        }
        self.first = None;
        let mut best = f64::NEG_INFINITY;
        if let Some(values) = self.value.get(kind.dose) {
            let (low, high) = (kind.days.0.position(), kind.days.1.position());
            for (d, &value) in values.pairs().take(high + 1).skip(low) {
                if value > best {
                    (best, self.first) = (value, Some(d));
                }
            }
        }
        best
    }

    /// Adds to each day of dose j the best day of dose j + 1 inside its window. The windows only
    /// move forward, so a queue finds all maxima in linear time.
    fn add_next(&mut self, j: usize, kind: &Kind) {
        let (early, late) = self.value.split_at_mut(j + 1);
        let (own, later) = (&mut early[j], &late[0]);
        let queue = &mut self.queue;
        queue.clear();
        let end = self.problem.end();
        let (mut head, mut seen) = (0, kind.days.0);
        for d in kind.days.0.until(end) {
            let (low, mut high) = self.problem.windows[j][d];
            if kind.may_stop && low <= high {
                // People who may stop may also be late.
                high = Day::of(own.len() - 1);
            }
            while seen <= high && low <= high {
                while queue.len() > head && later[queue[queue.len() - 1]] <= later[seen] {
                    queue.pop();
                }
                queue.push(seen);
                seen = seen.plus(1);
            }
            while head < queue.len() && queue[head] < low {
                head += 1;
            }
            let best = if low <= high { queue.get(head) } else { None };
            let worth = best.map_or(f64::NEG_INFINITY, |&at| later[at]);
            if kind.may_stop && worth <= 0.0 {
                self.next[j][d] = None;
            } else {
                self.next[j][d] = best.copied();
                own[d] += worth;
            }
        }
    }

    /// The days of the path that [`Self::best`] found.
    pub(super) fn path(&self, kind: &Kind) -> Vec<Day> {
        let mut days = Vec::with_capacity(self.problem.shares.len());
        let (mut at, mut j) = (self.first, kind.dose);
        while let Some(day) = at.filter(|_| j < self.problem.shares.len()) {
            days.push(day);
            at = if j + 1 < self.problem.shares.len() { self.next[j][day] } else { None };
            j += 1;
        }
        days
    }
}
