//! Whole routes out of fractional ones. Days are decided a few at a time, so that each stop keeps
//! up with what the program wants for it; after every few days the program is solved again around
//! them. Then single days change their routes if prices say that this pays.

use super::compact::Compact;
use super::draft::Draft;
use super::free_capacity::Routes;
use super::index::{Day, ListIndex as _, Per, StopIndex, TeamIndex};
use super::pdhg::{Pdhg, Point};
use super::prices::{Market, VaccinePrices};
use super::search_budget::{Pace, SearchBudget};
use super::slots::Prices;
use super::teams::{Gain, best_of, best_route};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Routes that are decided, for days before `until`.
#[derive(Clone)]
pub(super) struct Decided<'p> {
    /// What is placed anyway; its routes stay.
    base: Arc<Draft<'p>>,
    /// Stops by team and day.
    pub(super) routes: Routes,
    /// Days before this one are decided.
    pub(super) until: Day,
    /// Doses by stop that the program wanted and the routes could not bring, so far.
    behind: Per<StopIndex, f64>,
}

/// A dose that the program wants within the next days counts this much today (our choice).
const SOON_WORTH: f64 = 0.5;
/// How many days are the next days.
const SOON_DAYS: usize = 7;

impl<'p> Decided<'p> {
    /// Only the routes that are driven anyway.
    pub(super) fn new(base: Arc<Draft<'p>>) -> Self {
        let problem = base.problem;
        let driven = |team| -> Per<Day, Vec<StopIndex>> {
            let of_day = |d| {
                let visits = base.free.visits(team, d).iter();
                let mut stops: Vec<StopIndex> = visits.map(|visit| visit.0).collect();
                stops.sort_unstable();
                stops
            };
            Per::with(problem.days, of_day)
        };
        let routes = problem.teams.indices().map(driven).collect();
        Self { base, routes, until: problem.first, behind: Per::filled(0.0, problem.stops.len()) }
    }

    /// Decides the days before `until` by what the program wants and pays.
    pub(super) fn go_on(&mut self, market: &Market, wanted: &Wanted, until: Day) {
        let problem = market.problem;
        for day in self.until.until(until.min(problem.end())) {
            let mut taken = Per::filled(false, problem.stops.len());
            for routes in &self.routes {
                for &stop in &routes[day] {
                    taken[stop] = true;
                }
            }
            for (stop, behind) in self.behind.pairs_mut() {
                *behind += wanted.doses[stop][day];
            }
            for team in wanted.order(day) {
                let fixed = !self.routes[team][day].is_empty();
                let visits = if !problem.teams[team].works[day] {
                    Vec::new()
                } else if fixed {
                    self.full(market, team, day)
                } else {
                    self.best(market, wanted, (team, day), &taken)
                };
                let mut stops: Vec<StopIndex> = visits.iter().map(|visit| visit.0).collect();
                for (stop, doses) in visits {
                    taken[stop] = true;
                    self.behind[stop] = (self.behind[stop] - doses).max(-doses);
                }
                if !fixed {
                    stops.sort_unstable();
                    self.routes[team][day] = stops;
                }
            }
        }
        self.until = self.until.max(until);
    }

    fn full(&self, market: &Market, team: TeamIndex, day: Day) -> Vec<(StopIndex, f64)> {
        let most = |&stop: &StopIndex| (stop, f64::from(market.problem.stops[stop].doses_max));
        self.routes[team][day].iter().map(most).collect()
    }

    /// The route that brings most of what is wanted now and in the next days.
    fn best(
        &self,
        market: &Market,
        wanted: &Wanted,
        (team, day): (TeamIndex, Day),
        taken: &Per<StopIndex, bool>,
    ) -> Vec<(StopIndex, f64)> {
        let problem = market.problem;
        let mut gains = Vec::new();
        for (stop, &is_taken) in taken.pairs() {
            if is_taken || !problem.stops[stop].open[day] {
                continue;
            }
            let soon: f64 =
                wanted.doses[stop].iter().skip(day.position() + 1).take(SOON_DAYS).sum();
            let now = self.behind[stop];
            let most = f64::from(problem.stops[stop].doses_max);
            let need = (now + soon * SOON_WORTH).min(most);
            let slot = market.slots.stop_day[stop][day];
            if need > 0.5 && slot.is_some() {
                gains.push(Gain { stop, each: wanted.worth(stop, team), most: need, fee: 0.0 });
            }
        }
        best_of(problem, (team, &[]), gains).visits
    }
}

/// What the program wants of the stops, and what it pays.
pub(super) struct Wanted {
    /// Doses by stop and day.
    doses: Per<StopIndex, Per<Day, f64>>,
    /// Doses that teams bring to each stop, by stop and team.
    by_team: Per<StopIndex, Per<TeamIndex, f64>>,
    /// Share of each team-day that is used, by day and team.
    used: Per<Day, Per<TeamIndex, f64>>,
}

impl Wanted {
    /// At a point of a program.
    pub(super) fn at(market: &Market, compact: &Compact, point: &Point) -> Self {
        let problem = market.problem;
        let teams = problem.teams.len();
        let mut wanted = Self {
            doses: Per::filled(Per::filled(0.0, problem.days), problem.stops.len()),
            by_team: Per::filled(Per::filled(0.0, teams), problem.stops.len()),
            used: Per::filled(Per::filled(0.0, teams), problem.days),
        };
        for route in &compact.routes {
            let share = point.x.get(route.column).copied().unwrap_or(0.0);
            wanted.used[route.day][route.team] += share;
            for &(stop, doses) in &route.visits {
                wanted.doses[stop][route.day] += share * doses;
                wanted.by_team[stop][route.team] += share * doses;
            }
        }
        wanted
    }

    /// Teams, those that the program uses most first.
    fn order(&self, day: Day) -> Vec<TeamIndex> {
        let mut order: Vec<TeamIndex> = self.used[day].indices().collect();
        order.sort_by(|&a, &b| self.used[day][b].total_cmp(&self.used[day][a]).then(a.cmp(&b)));
        order
    }

    /// Weight of a dose at a stop for a team: a little more where the program sends this team.
    fn worth(&self, stop: StopIndex, team: TeamIndex) -> f64 {
        let all: f64 = self.by_team[stop].iter().sum();
        1.0 + self.by_team[stop][team] / all.max(1e-9)
    }
}

/// The program with decided routes, and the other routes of the days that are left; `point` goes
/// over as far as it has a meaning there.
pub(super) fn around(
    market: &Market,
    decided: &Decided,
    old: &Compact,
    point: &Point,
) -> (Compact, Point) {
    let problem = market.problem;
    let mut compact = Compact::new(market, &decided.base);
    let mut start = compact.point_of(old, point, problem.agreed.is_empty());
    let wanted = Wanted::at(market, old, point);
    for route in old.routes.iter().filter(|route| route.day >= decided.until) {
        let busy = decided.routes.pairs().any(|(team, days)| {
            let on_day = &days[route.day];
            !on_day.is_empty()
                && (team == route.team || route.visits.iter().any(|v| on_day.contains(&v.0)))
        });
        if !busy {
            let column = compact.add_route(market, route.team, route.day, route.visits.clone());
            start.x.resize(column.position(), 0.0);
            start.x.push(point.x.get(route.column).copied().unwrap_or(0.0));
        }
    }
    for team in problem.teams.indices() {
        for day in problem.plan_days() {
            let stops = &decided.routes[team][day];
            if stops.is_empty() || !decided.base.free.visits(team, day).is_empty() {
                continue;
            }
            let visits: Vec<(StopIndex, u32)> = stops.iter().map(|&stop| (stop, 0)).collect();
            compact.add_decided(market, team, day, &visits);
            let from = compact.visits.len() - stops.len();
            for visit in &compact.visits[from..] {
                let held = old.visits.iter().find(|v| (v.stop, v.day) == (visit.stop, visit.day));
                let amount = match held {
                    Some(held) => point.x.get(held.column).copied().unwrap_or(0.0),
                    None => wanted.doses[visit.stop][day],
                };
                start.x.resize(visit.column.position(), 0.0);
                start.x.push(amount.min(compact.program.upper[visit.column]));
            }
        }
    }
    (compact, start)
}

/// Steps after each few days that are decided.
const STEPS_BETWEEN: u32 = 192;
/// Steps that count as done when the method continues with another program.
const STEPS_DONE: u32 = 400;
/// Steps when all are decided; a search of fewer steps takes no more than its own.
const STEPS_AFTER: u32 = 768;

/// How thoroughly routes are decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Parts into which the days are cut.
    pub(super) parts: usize,
    /// Steps of the whole search.
    pub(super) steps: u32,
}

/// A program with whole routes, solved.
pub(super) struct Routed<'p> {
    /// The routes.
    pub(super) decided: Decided<'p>,
    /// The program.
    pub(super) compact: Compact,
    /// The method on it.
    pub(super) pdhg: Pdhg,
}

/// Steps of the method between two looks at the time.
const STEPS_AT_ONCE: u32 = 64;

/// Parts for which so many steps suffice.
pub(super) fn parts_in(steps: u32) -> usize {
    super::num::index(steps.saturating_sub(STEPS_AFTER) / STEPS_BETWEEN)
}

/// Decides every route, part by part. When the time is up, it decides all that are left at once.
pub(super) fn decide<'p>(
    market: &Market,
    (compact, pdhg): (&Compact, &Pdhg),
    base: Arc<Draft<'p>>,
    effort: Effort,
    budget: &mut SearchBudget,
    pace: Pace,
) -> Routed<'p> {
    let problem = market.problem;
    let mut decided = Decided::new(base);
    let part = problem.plan_days().count().div_ceil(effort.parts).max(1);
    let wanted = Wanted::at(market, compact, &pdhg.now);
    decided.go_on(market, &wanted, problem.first.plus(part));
    let (now, start) = around(market, &decided, compact, &pdhg.now);
    let method = pdhg.resume(now.program.clone(), start, STEPS_DONE);
    let mut routed = Routed { decided, compact: now, pdhg: method };
    while routed.decided.until < problem.end() {
        let in_time = routed.settle(STEPS_BETWEEN, budget, pace);
        let until = if in_time { routed.decided.until.plus(part) } else { problem.end() };
        let wanted = Wanted::at(market, &routed.compact, &routed.pdhg.now);
        let mut decided = routed.decided.clone();
        decided.go_on(market, &wanted, until);
        routed = routed.with(market, decided);
    }
    routed.settle(STEPS_AFTER.min(effort.steps), budget, pace);
    routed
}

impl<'p> Routed<'p> {
    /// The same with other decisions, unsolved.
    fn with(&self, market: &Market, decided: Decided<'p>) -> Self {
        let (compact, start) = around(market, &decided, &self.compact, &self.pdhg.now);
        let pdhg = self.pdhg.resume(compact.program.clone(), start, STEPS_DONE);
        Self { decided, compact, pdhg }
    }

    /// Makes so many steps; false if the time is up before they are done.
    pub(super) fn settle(&mut self, steps: u32, budget: &mut SearchBudget, pace: Pace) -> bool {
        for _ in 0..steps / STEPS_AT_ONCE {
            if !budget.has_time(pace.takes, pace.until) {
                return false;
            }
            self.pdhg.run(STEPS_AT_ONCE);
        }
        true
    }

    /// The same with other routes on the days on which another route earns most at the prices: at
    /// most `most` days, and no route in `tried`. `None` if there is none.
    pub(super) fn swapped(
        &self,
        market: &Market,
        most: usize,
        tried: &mut BTreeSet<(TeamIndex, Day, Vec<StopIndex>)>,
    ) -> Option<Self> {
        let problem = market.problem;
        let prices = self.compact.prices(market, &self.pdhg.now);
        let vaccine = market.vaccine_prices(&prices);
        let mut offers = Vec::new();
        for team in problem.teams.indices() {
            for day in problem.plan_days().filter(|&d| problem.teams[team].works[d]) {
                if !self.decided.base.free.visits(team, day).is_empty() {
                    continue;
                }
                let mut blocked = prices.clone();
                for (other, routes) in self.decided.routes.pairs() {
                    for &stop in routes[day].iter().filter(|_| other != team) {
                        if let Some(slot) = market.slots.stop_visit[stop][day] {
                            blocked[slot] = f64::INFINITY;
                        }
                    }
                }
                let best = best_route(market, &blocked, &vaccine, team, day);
                let mut stops: Vec<StopIndex> = best.visits.iter().map(|visit| visit.0).collect();
                stops.sort_unstable();
                let held = self.worth(market, &prices, &vaccine, team, day);
                let offer = (team, day, stops);
                if best.worth > held + 1e-6
                    && offer.2 != self.decided.routes[team][day]
                    && !tried.contains(&offer)
                {
                    offers.push((best.worth - held, offer));
                }
            }
        }
        offers.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut decided = self.decided.clone();
        let mut touched: Per<Day, bool> = Per::filled(false, problem.days);
        let mut done = 0;
        for (_, (team, day, stops)) in offers {
            if done < most && !touched[day] {
                decided.routes[team][day].clone_from(&stops);
                touched[day] = true;
                tried.insert((team, day, stops));
                done += 1;
            }
        }
        (done > 0).then(|| self.with(market, decided))
    }

    /// What the decided route of a team-day earns at prices.
    fn worth(
        &self,
        market: &Market,
        prices: &Prices,
        vaccine: &VaccinePrices,
        team: TeamIndex,
        day: Day,
    ) -> f64 {
        let problem = market.problem;
        let cost = market.team_cost(vaccine, team, day);
        let stops = &self.decided.routes[team][day];
        let mut left = (super::free_capacity::minutes_left(problem, team, stops).max(0.0)
            / problem.teams[team].dose_minutes)
            .min(f64::from(problem.teams[team].doses_max));
        let price = |&stop: &StopIndex| {
            let slot = market.slots.stop_day[stop][day];
            let each = slot.map_or(0.0, |slot| (prices[slot] - cost).max(0.0));
            (each, f64::from(problem.stops[stop].doses_max))
        };
        let mut gains: Vec<(f64, f64)> = stops.iter().map(price).collect();
        gains.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut total = 0.0;
        for (each, most) in gains {
            let doses = left.min(most);
            total += each * doses;
            left -= doses;
        }
        total
    }
}
