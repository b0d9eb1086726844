//! Prices of everything that is scarce, as one vector, and what doses cost at them.
//!
//! A **kind** is cohorts that prices cannot tell apart: equal places, priority and days. People of a
//! kind take the **best path** at the prices.

use super::draft::Who;
use super::index::{
    CatchmentIndex, ClassIndex, CohortIndex, Day, LotIndex, Per, PerPlace, Place, ProgrammeIndex,
    ReachIndex, SiteIndex, SlotIndex, StopIndex, TeamIndex,
};
use super::model::{Payer, Problem};
use super::programme::{Programme, only};
use super::slots::{Prices, Slots};

use std::collections::{BTreeMap, BTreeSet};

/// Cohorts that prices cannot tell apart.
pub(super) struct Kind {
    /// Their programme.
    pub(super) programme: ProgrammeIndex,
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

/// Places that the people of one or more cohorts of a programme can use.
pub(super) struct Reach {
    /// The programme.
    pub(super) programme: ProgrammeIndex,
    /// The places.
    pub(super) places: Vec<Place>,
    /// The only places and days at which they are served; `None`: any.
    pins: Option<BTreeSet<(Place, Day)>>,
}

impl Reach {
    /// Whether people may be served on a day at all, as far as agreed sessions say.
    pub(super) fn is_open(&self, day: Day) -> bool {
        self.pins.as_ref().is_none_or(|pins| pins.iter().any(|pin| pin.1 == day))
    }

    /// Whether people may be served at a place on a day, as far as agreed sessions say.
    pub(super) fn allows(&self, place: Place, day: Day) -> bool {
        self.pins.as_ref().is_none_or(|pins| pins.contains(&(place, day)))
    }
}

/// Price of vaccine for each class of draws; infinite where no lot serves it.
pub(super) type VaccinePrices = Per<ClassIndex, f64>;

/// Price of a dose by programme, place and day; infinite where it cannot be given.
pub(super) type DosePrices = Per<ProgrammeIndex, PerPlace<Per<Day, f64>>>;

/// A problem with its slots, kinds and teams: what prices are evaluated on.
pub(super) struct Market<'p> {
    /// The campaigns.
    pub(super) problem: &'p Problem<'p>,
    /// The slots.
    pub(super) slots: Slots,
    /// Sets of places.
    pub(super) reaches: Per<ReachIndex, Reach>,
    /// Sets of places that hold each stop.
    pub(super) stop_reaches: Per<StopIndex, Vec<ReachIndex>>,
    /// The kinds.
    pub(super) kinds: Vec<Kind>,
    /// Every day on which a team works.
    pub(super) team_days: Vec<(TeamIndex, Day)>,
}

impl<'p> Market<'p> {
    /// Groups the cohorts of a problem.
    pub(super) fn new(problem: &'p Problem<'p>) -> Self {
        let mut reaches: Per<ReachIndex, Reach> = Per::default();
        let mut found = BTreeMap::new();
        let mut of_catchment: Per<CatchmentIndex, ReachIndex> = Per::default();
        for catchment in &problem.catchments {
            let mut places = catchment.places.clone();
            places.sort_unstable();
            let (programme, pins) = (catchment.programme, catchment.pins.clone());
            let key = (programme, places.clone(), pins.clone());
            let reach = Reach { programme, places, pins };
            of_catchment.push(*found.entry(key).or_insert_with(|| reaches.push(reach)));
        }
        let mut kinds: BTreeMap<KindKey, Kind> = BTreeMap::new();
        for (c, cohort) in problem.cohorts.pairs() {
            let last = problem.programme(cohort).last();
            let new = (0, (cohort.opens, last), false);
            let mut add = |(dose, days, may_stop), who: Who, people: u32| {
                let reach = of_catchment[cohort.catchment];
                let key = (reach, cohort.priority.to_bits(), dose, days, may_stop);
                let kind = kinds.entry(key).or_insert_with(|| Kind {
                    programme: cohort.programme,
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
        let mut stop_reaches = Per::filled(Vec::new(), problem.stops.len());
        for (r, reach) in reaches.pairs() {
            for &place in &reach.places {
                if let Place::Stop(stop) = place {
                    stop_reaches[stop].push(r);
                }
            }
        }
        Self {
            problem,
            slots: Slots::new(problem),
            reaches,
            stop_reaches,
            kinds: kinds.into_values().collect(),
            team_days: team_days(problem),
        }
    }

    /// The only set of places that holds a stop; `None` where there are several or none.
    pub(super) fn sole_reach(&self, stop: StopIndex) -> Option<ReachIndex> {
        match self.stop_reaches[stop].as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The programme of a set of places.
    pub(super) fn programme_of(&self, reach: ReachIndex) -> &'p Programme<'p> {
        &self.problem.programmes[self.reaches[reach].programme]
    }

    /// Price of a dose of each programme at each place on each day; infinite where it cannot be
    /// given.
    pub(super) fn dose_prices(&self, prices: &Prices) -> DosePrices {
        let vaccine = self.vaccine_prices(prices);
        let of_programme = |(k, programme): (ProgrammeIndex, &Programme)| PerPlace {
            sites: Per::with(programme.sites.len(), |s| self.at_site((k, s), prices, &vaccine)),
            stops: Per::with(programme.stops.len(), |p| self.at_stop((k, p), prices, &vaccine)),
        };
        self.problem.programmes.pairs().map(of_programme).collect()
    }

    fn at_site(
        &self,
        (k, s): (ProgrammeIndex, SiteIndex),
        prices: &Prices,
        vaccine: &VaccinePrices,
    ) -> Per<Day, f64> {
        let (site, own) = (&self.problem.sites[s], &self.problem.programmes[k].sites[s]);
        let of_day = |d: Day| {
            let slot = self.slots.site_day[s][d].filter(|_| own.capacity[d] > 0);
            let Some(slot) = slot else { return f64::INFINITY };
            let period = site.period_of[d];
            let beside = self.slots.beside((k, s), (d, period));
            let price = |slot: Option<SlotIndex>| slot.map_or(0.0, |slot| prices[slot]);
            let store = price(beside.storage) + price(beside.own_storage);
            let vaccine = own.periods[period].class.map_or(f64::INFINITY, |class| vaccine[class]);
            prices[slot] + price(beside.own_day) + (store + vaccine) * own.draw_doses[d]
        };
        Per::with(self.problem.days, of_day)
    }

    fn at_stop(
        &self,
        (k, p): (ProgrammeIndex, StopIndex),
        prices: &Prices,
        vaccine: &VaccinePrices,
    ) -> Per<Day, f64> {
        let programme = &self.problem.programmes[k];
        let of_day = |d: Day| {
            let slot = self.slots.stop_day[p][d].filter(|_| programme.stops[p][d]);
            let Some(slot) = slot else { return f64::INFINITY };
            match self.problem.payer {
                Payer::Team => prices[slot],
                Payer::People => {
                    prices[slot] + vaccine[programme.day_class[d]] * programme.stop_draw[d]
                }
            }
        };
        Per::with(self.problem.days, of_day)
    }

    /// What vaccine costs a team on a day for a dose that it gives.
    pub(super) fn team_cost(&self, vaccine: &VaccinePrices, team: TeamIndex, d: Day) -> f64 {
        match self.problem.payer {
            Payer::People => 0.0,
            Payer::Team => {
                let class = self.problem.programmes[only()].day_class[d];
                vaccine[class] * self.problem.teams[team].draw_doses
            }
        }
    }

    /// Price of vaccine for each class: of its cheapest lot, infinite where it has none.
    pub(super) fn vaccine_prices(&self, prices: &Prices) -> VaccinePrices {
        let cheapest = |lots: &Vec<LotIndex>| {
            let of_lots = lots.iter().map(|&lot| prices[self.slots.lot[lot]]);
            of_lots.fold(f64::INFINITY, |held, price| if price < held { price } else { held })
        };
        self.problem.classes.iter().map(cheapest).collect()
    }
}

type KindKey = (ReachIndex, u64, usize, (Day, Day), bool);

/// Every day on which a team works.
fn team_days(problem: &Problem) -> Vec<(TeamIndex, Day)> {
    let works = |&(team, d): &(TeamIndex, Day)| problem.teams[team].works[d];
    let teams = problem.teams.indices();
    teams.flat_map(|team| problem.plan_days().map(move |d| (team, d))).filter(works).collect()
}
