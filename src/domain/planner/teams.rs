//! What a team can earn on a day at given prices: its best route, found by branch and bound over
//! sets of stops.

use super::free_capacity::minutes_left;
use super::index::{Day, StopIndex, TeamIndex};
use super::model::Problem;
use super::parallel;
use super::prices::{Market, VaccinePrices};
use super::slots::Prices;

/// Fewer team-days than this are not worth sharing among cores.
pub(super) const TEAM_DAYS_SHARED: usize = 32;

/// A route: stops with their doses, and what it earns.
#[derive(Debug, Clone, Default)]
pub(super) struct Route {
    /// Stops and doses.
    pub(super) visits: Vec<(StopIndex, f64)>,
    /// What it earns.
    pub(super) worth: f64,
}

/// What all teams earn on their best routes.
pub(super) fn best_routes(market: &Market, prices: &Prices, vaccine: &VaccinePrices) -> f64 {
    let best = |&(team, d): &(TeamIndex, Day)| best_route(market, prices, vaccine, team, d);
    let mut total = 0.0;
    for route in parallel::each(&market.team_days, TEAM_DAYS_SHARED, best) {
        total += route.worth;
    }
    total
}

/// The best route of a team on a day.
pub(super) fn best_route(
    market: &Market,
    prices: &Prices,
    vaccine: &VaccinePrices,
    team: TeamIndex,
    d: Day,
) -> Route {
    let problem = market.problem;
    let cost = market.team_cost(vaccine, team, d);
    let held = problem.taken_on(team, d);
    let mut stops = Vec::new();
    for p in problem.stops.indices() {
        let slots = market.slots.stop_day[p][d].zip(market.slots.stop_visit[p][d]);
        let slots = slots.filter(|(slot, _)| prices[*slot] > cost);
        if let Some((slot, visit)) = slots.filter(|_| !problem.is_others(p, (team, d))) {
            let fee = prices[visit];
            let here = held.iter().find(|held| held.0 == p).map_or(0, |held| held.1);
            let most = f64::from(problem.stops[p].doses_max.saturating_sub(here));
            stops.push(Gain { stop: p, each: prices[slot] - cost, most, fee });
        }
    }
    best_of(problem, (team, held), stops)
}

/// The best route of a team among some stops. `held`: stops and doses that it has on that day anyway.
pub(super) fn best_of(
    problem: &Problem,
    (team, held): (TeamIndex, &[(StopIndex, u32)]),
    mut stops: Vec<Gain>,
) -> Route {
    stops.sort_by(|a, b| b.each.total_cmp(&a.each).then(a.stop.cmp(&b.stop)));
    let mut search = Search { problem, team, held, stops, best: Route::default() };
    search.grow(0, &mut Vec::new(), &mut Vec::new());
    search.best
}

/// What a dose at a stop earns, how many may, and what the visit costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gain {
    /// The stop.
    pub(super) stop: StopIndex,
    /// Earnings of a dose.
    pub(super) each: f64,
    /// Doses that earn it.
    pub(super) most: f64,
    /// What going there costs.
    pub(super) fee: f64,
}

struct Search<'a> {
    problem: &'a Problem<'a>,
    team: TeamIndex,
    /// Stops and doses of the day that are there anyway.
    held: &'a [(StopIndex, u32)],
    /// Dearest first.
    stops: Vec<Gain>,
    best: Route,
}

impl Search<'_> {
    /// Doses for which the team has time at these stops; negative when it cannot even go there.
    fn doses_in_time(&self, stops: &[StopIndex]) -> f64 {
        let team = &self.problem.teams[self.team];
        let minutes = if self.held.is_empty() {
            minutes_left(self.problem, self.team, stops)
        } else {
            minutes_left(self.problem, self.team, &self.with_held(stops))
        };
        if minutes < 0.0 {
            -1.0
        } else {
            (minutes / team.dose_minutes).min(f64::from(team.doses_max)) - self.held_doses()
        }
    }

    /// These stops and those that are there anyway, each once.
    fn with_held(&self, stops: &[StopIndex]) -> Vec<StopIndex> {
        let mut all: Vec<StopIndex> = self.held.iter().map(|held| held.0).collect();
        all.extend(stops.iter().filter(|stop| self.held.iter().all(|held| held.0 != **stop)));
        all
    }

    fn held_doses(&self) -> f64 {
        self.held.iter().map(|held| f64::from(held.1)).sum()
    }

    /// Earnings of the chosen stops with so many doses, the dearest filled first, and the doses
    /// left.
    fn fill(&self, chosen: &[usize], mut left: f64) -> (f64, f64) {
        let mut total = 0.0;
        for gain in chosen.iter().map(|&i| &self.stops[i]) {
            let doses = left.min(gain.most);
            total += gain.each * doses - gain.fee;
            left -= doses;
        }
        (total, left)
    }

    /// Tries to add one more stop. A round never gets shorter by a stop, so the rest of the day at
    /// the next stop's earnings bounds everything that can still be added.
    fn grow(&mut self, from: usize, chosen: &mut Vec<usize>, stops: &mut Vec<StopIndex>) {
        let team = &self.problem.teams[self.team];
        let left = if chosen.is_empty() {
            f64::from(team.doses_max) - self.held_doses()
        } else {
            self.doses_in_time(stops)
        };
        let is_full = |all: usize| all >= team.stops_max;
        if left <= 0.0 || (self.held.is_empty() && is_full(chosen.len())) {
            return;
        }
        let (base, left) = self.fill(chosen, left);
        for i in from..self.stops.len() {
            if base + self.stops[i].each * left <= self.best.worth {
                return;
            }
            chosen.push(i);
            stops.push(self.stops[i].stop);
            let room = self.doses_in_time(stops);
            let is_short = self.held.is_empty() || self.with_held(stops).len() <= team.stops_max;
            if room > 0.0 && is_short {
                let worth = self.fill(chosen, room).0;
                if worth > self.best.worth {
                    self.best = self.route(chosen, room, worth);
                }
                self.grow(i + 1, chosen, stops);
            }
            chosen.pop();
            stops.pop();
        }
    }

    fn route(&self, chosen: &[usize], mut left: f64, worth: f64) -> Route {
        let visit = |&i: &usize| {
            let doses = left.min(self.stops[i].most);
            left -= doses;
            (self.stops[i].stop, doses)
        };
        Route { visits: chosen.iter().map(visit).collect(), worth }
    }
}
