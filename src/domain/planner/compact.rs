//! The linear program of a problem in compact form. Its columns are doses of people by day, doses
//! at places by set of places and day, vaccine by class and lot, and routes by team and day. Its
//! prices prove a bound; its columns are nearly a plan.

use super::aggregated_cohorts::{Aggregate, aggregates};
use super::draft::Draft;
use super::free_capacity::minutes_left;
use super::index::{
    ClassIndex, ColumnIndex, Day, ListIndex as _, Per, ReachIndex, RowIndex, SlotIndex, StopIndex,
    TeamIndex,
};
use super::parallel;
use super::pdhg::Program;
use super::prices::{Market, Reach};
use super::programme::Programme;
use super::slots::Prices;
use super::teams::{TEAM_DAYS_SHARED, best_route};
use std::collections::{BTreeMap, BTreeSet};

/// Cost of a late dose, as a multiple of the cohort's priority: more than any dose is worth.
const LATE_COST: f64 = 2.0;

/// Something used up counts as if this share of it were left, so that its price stays finite.
const LEFT_MIN: f64 = 0.005;

/// The program and the rows and columns of its parts; `None` where there is none.
pub(super) struct Compact {
    /// The program.
    pub(super) program: Program,
    /// The people.
    pub(super) aggregates: Vec<Aggregate>,
    /// Column of doses by aggregate, dose (from the aggregate's first) and day.
    pub(super) doses: Vec<Vec<Per<Day, Option<ColumnIndex>>>>,
    /// Column of doses by set of places, its place and day. A stop has columns only where several
    /// sets of places hold it; where one does, routes bring doses straight to its people.
    pub(super) places: Per<ReachIndex, Vec<Per<Day, Option<ColumnIndex>>>>,
    /// What each slot still holds.
    pub(super) holds: Per<SlotIndex, f64>,
    /// Row that balances a set of places on a day.
    pub(super) balance: Per<ReachIndex, Per<Day, RowIndex>>,
    /// Row of a slot; of a stop-day only where the stop has columns.
    pub(super) slot: Per<SlotIndex, Option<RowIndex>>,
    /// Row of the vaccine of a class.
    pub(super) class: Per<ClassIndex, RowIndex>,
    /// Row of a team's day that is not driven anyway.
    pub(super) team_day: Per<TeamIndex, Per<Day, Option<RowIndex>>>,
    /// Routes.
    pub(super) routes: Vec<RouteColumn>,
    /// Doses at the stops of decided routes.
    pub(super) visits: Vec<VisitColumn>,
    /// Stops and days that a team visits anyway.
    driven: BTreeSet<(StopIndex, Day)>,
    /// Rows and columns that do not depend on routes.
    pub(super) common: (usize, usize),
    /// Rows and columns that do not even depend on the teams' days that are driven anyway.
    pub(super) before_teams: (usize, usize),
}

/// A route that a team may drive on a day.
#[derive(Debug, Clone)]
pub(super) struct RouteColumn {
    /// The team.
    pub(super) team: TeamIndex,
    /// The day.
    pub(super) day: Day,
    /// Stops and doses, by stop.
    pub(super) visits: Vec<(StopIndex, f64)>,
    /// Share of the day.
    pub(super) column: ColumnIndex,
}

/// Doses at a stop of a decided route.
#[derive(Debug, Clone, Copy)]
pub(super) struct VisitColumn {
    /// The stop.
    pub(super) stop: StopIndex,
    /// The day.
    pub(super) day: Day,
    /// Doses.
    pub(super) column: ColumnIndex,
}

impl Compact {
    /// Builds the program without routes.
    pub(super) fn new(market: &Market, base: &Draft) -> Self {
        let problem = market.problem;
        let mut holds = market.slots.holds.clone();
        base.free.less(&market.slots, &mut holds);
        // A little is always left; otherwise the price could be anything.
        for (left, full) in holds.iter_mut().zip(&market.slots.holds) {
            *left = left.max(full * LEFT_MIN);
        }
        let mut program = Program::default();
        let balance = balance(market, &mut program);
        let class = problem.classes.iter().map(|_| program.row(0.0, false, 1.0)).collect();
        let mut compact = Self {
            program,
            aggregates: aggregates(market, base),
            doses: Vec::new(),
            places: Per::default(),
            holds,
            balance,
            slot: Per::filled(None, market.slots.holds.len()),
            class,
            team_day: Per::default(),
            routes: Vec::new(),
            visits: Vec::new(),
            driven: BTreeSet::new(),
            common: (0, 0),
            before_teams: (0, 0),
        };
        compact.add_kinds(market);
        compact.add_places(market);
        compact.add_lots(market);
        compact.before_teams = compact.size();
        compact.add_teams(market, base);
        compact.common = compact.size();
        compact
    }

    fn size(&self) -> (usize, usize) {
        (self.program.right.len(), self.program.cost.len())
    }

    fn add_kinds(&mut self, market: &Market) {
        let problem = market.problem;
        for at in 0..self.aggregates.len() {
            let aggregate = self.aggregates[at].clone();
            let programme = market.programme_of(aggregate.reach);
            let doses = programme.doses();
            let people = self.program.row(aggregate.people, false, 1.0);
            let size = (aggregate.people / 60.0).max(1.0);
            let mut columns = Vec::new();
            for j in aggregate.dose..doses {
                let mut of_dose = Per::filled(None, problem.days);
                let (opens, end) = (aggregate.opens.position(), programme.end.position());
                for (d, held) in of_dose.pairs_mut().take(end).skip(opens) {
                    let fits = j + 1 == doses
                        || aggregate.may_stop
                        || programme.windows[j][d].0 <= programme.windows[j][d].1;
                    if fits && market.reaches[aggregate.reach].is_open(d) {
                        let value = programme.value(aggregate.priority, j, d);
                        let column = self.program.column(-value, f64::INFINITY, size);
                        self.program.entry(self.balance[aggregate.reach][d], column, 1.0);
                        if j == aggregate.dose {
                            self.program.entry(people, column, 1.0);
                        }
                        *held = Some(column);
                    }
                }
                columns.push(of_dose);
            }
            if aggregate.may_stop {
                self.add_waiting(programme, &aggregate, &columns[0]);
            }
            for j in aggregate.dose..doses.saturating_sub(1) {
                let (before, after) =
                    (&columns[j - aggregate.dose], &columns[j + 1 - aggregate.dose]);
                let (may_stop, days) = (aggregate.may_stop, aggregate.opens);
                self.add_window(programme, j, (days, may_stop), aggregate.people, before, after);
            }
            self.doses.push(columns);
        }
    }

    /// People who had a dose before the plan. One balance carries those who may get their next dose
    /// and have not yet, the other those who got it before they had to; being late costs more than
    /// any dose is worth.
    fn add_waiting(
        &mut self,
        programme: &Programme,
        aggregate: &Aggregate,
        columns: &Per<Day, Option<ColumnIndex>>,
    ) {
        let mut ready: Per<Day, f64> = Per::filled(0.0, programme.end.position());
        let mut due = ready.clone();
        for run in &aggregate.members {
            ready[run.low.min(programme.last())] += f64::from(run.people);
            if run.bound {
                due[run.high] += f64::from(run.people);
            }
        }
        let last_due = due.pairs().rev().find(|(_, n)| **n > 0.0).map(|(day, _)| day);
        let size = (aggregate.people / 4.0).max(1.0);
        let (mut waiting, mut ahead): (Option<ColumnIndex>, Option<ColumnIndex>) = (None, None);
        for d in aggregate.opens.until(programme.end) {
            let row = self.program.row(ready[d], true, 1.0);
            if let Some(column) = columns[d] {
                self.program.entry(row, column, 1.0);
            }
            if let Some(before) = waiting {
                self.program.entry(row, before, -1.0);
            }
            let after = self.program.column(0.0, f64::INFINITY, size);
            self.program.entry(row, after, 1.0);
            waiting = Some(after);
            if last_due.is_none_or(|last| d > last) {
                continue;
            }
            let row = self.program.row(-due[d], true, 1.0);
            if let Some(column) = columns[d] {
                self.program.entry(row, column, -1.0);
            }
            if let Some(before) = ahead {
                self.program.entry(row, before, -1.0);
            }
            if due[d] > 0.0 {
                let late = self.program.column(LATE_COST * aggregate.priority, due[d], due[d]);
                self.program.entry(row, late, -1.0);
            }
            let after = self.program.column(0.0, f64::INFINITY, size);
            self.program.entry(row, after, 1.0);
            ahead = Some(after);
        }
    }

    /// People between dose j and the next one: those who may get it and have not yet, and those who
    /// got it before they had to. Both balances are carried from day to day and are never negative.
    fn add_window(
        &mut self,
        programme: &Programme,
        j: usize,
        (first, may_stop): (Day, bool),
        people: f64,
        before: &Per<Day, Option<ColumnIndex>>,
        after: &Per<Day, Option<ColumnIndex>>,
    ) {
        let mut ready: Per<Day, Vec<ColumnIndex>> =
            Per::filled(Vec::new(), programme.end.position());
        let mut due = ready.clone();
        for (d, column) in before.present() {
            let (low, high) = programme.windows[j][d];
            if low <= high {
                ready[low].push(column);
                if high.plus(1) < programme.end {
                    due[high].push(column);
                }
            }
        }
        let size = (people / 4.0).max(1.0);
        let (mut waiting, mut ahead): (Option<ColumnIndex>, Option<ColumnIndex>) = (None, None);
        for d in first.until(programme.end) {
            for early in [true, false] {
                if !early && may_stop {
                    continue;
                }
                let row = self.program.row(0.0, true, 1.0);
                let sign = if early { 1.0 } else { -1.0 };
                for &column in if early { &ready[d] } else { &due[d] } {
                    self.program.entry(row, column, sign);
                }
                if let Some(column) = after[d] {
                    self.program.entry(row, column, -sign);
                }
                let held = if early { &mut waiting } else { &mut ahead };
                if let Some(before) = *held {
                    self.program.entry(row, before, 1.0);
                }
                let ends = early && d.plus(1) == programme.end && !may_stop;
                if ends {
                    *held = None;
                } else {
                    let next = self.program.column(0.0, f64::INFINITY, size);
                    self.program.entry(row, next, -1.0);
                    *held = Some(next);
                }
            }
        }
    }

    /// The row of a slot, made where there is none yet.
    pub(super) fn slot_row(&mut self, slot: SlotIndex, worth: f64) -> RowIndex {
        let program = &mut self.program;
        let right = self.holds[slot];
        *self.slot[slot].get_or_insert_with(|| program.row(right, false, worth))
    }

    fn add_lots(&mut self, market: &Market) {
        let problem = market.problem;
        for (class, lots) in problem.classes.pairs() {
            for &lot in lots {
                let slot = market.slots.lot[lot];
                let holds = market.slots.holds[slot];
                let column = self.program.column(0.0, f64::INFINITY, (holds / 4.0).max(1.0));
                self.program.entry(self.class[class], column, -1.0);
                let row = self.slot_row(slot, 1.0);
                self.program.entry(row, column, 1.0);
            }
        }
    }

    fn add_teams(&mut self, market: &Market, base: &Draft) {
        let problem = market.problem;
        for team in problem.teams.indices() {
            let rows = Per::with(problem.days, |d| {
                let is_open = problem.teams[team].works[d] && base.free.visits(team, d).is_empty();
                is_open.then(|| self.program.row(1.0, false, 100.0))
            });
            self.team_day.push(rows);
        }
        for team in problem.teams.indices() {
            for d in problem.plan_days() {
                let visits = base.free.visits(team, d);
                if !visits.is_empty() {
                    self.add_decided(market, team, d, visits);
                    self.driven.extend(visits.iter().map(|visit| (visit.0, d)));
                }
            }
        }
    }

    /// Adds the best route of every team-day at these prices if it earns more than the team-day
    /// itself costs. Returns how many routes are new.
    pub(super) fn add_routes(
        &mut self,
        market: &Market,
        prices: &Prices,
        y: &Per<RowIndex, f64>,
    ) -> usize {
        let problem = market.problem;
        let vaccine = market.vaccine_prices(prices);
        let mut prices = prices.clone();
        for &(stop, d) in &self.driven {
            if let Some(visit) = market.slots.stop_visit[stop][d] {
                prices[visit] = f64::INFINITY;
            }
        }
        let teams = problem.teams.indices();
        let days = teams.flat_map(|team| problem.plan_days().map(move |d| (team, d)));
        let open: Vec<(TeamIndex, Day, RowIndex)> =
            days.filter_map(|(team, d)| Some((team, d, self.team_day[team][d]?))).collect();
        let best = |&(team, d, _): &(TeamIndex, Day, RowIndex)| {
            best_route(market, &prices, &vaccine, team, d)
        };
        let found = parallel::each(&open, TEAM_DAYS_SHARED, best);
        let mut added = 0;
        for ((team, d, row), mut route) in open.into_iter().zip(found) {
            if route.worth <= y.get(row).copied().unwrap_or(0.0) * 1.0001 + 1e-6 {
                continue;
            }
            route.visits.sort_by_key(|visit| visit.0);
            let same = |known: &RouteColumn| {
                (known.team, known.day) == (team, d) && known.visits == route.visits
            };
            if !self.routes.iter().any(same) {
                self.add_route(market, team, d, route.visits);
                added += 1;
            }
        }
        added
    }

    /// Adds a route.
    pub(super) fn add_route(
        &mut self,
        market: &Market,
        team: TeamIndex,
        day: Day,
        visits: Vec<(StopIndex, f64)>,
    ) -> ColumnIndex {
        let problem = market.problem;
        let column = self.program.column(0.0, 1.0, 1.0);
        if let Some(row) = self.team_day[team][day] {
            self.program.entry(row, column, 1.0);
        }
        let mut drawn: BTreeMap<ClassIndex, f64> = BTreeMap::new();
        for &(stop, n) in &visits {
            let into = self.stop_row(market, stop, day);
            if let Some((row, _)) = into {
                self.program.entry(row, column, -n);
            }
            if let Some(slot) = market.slots.stop_visit[stop][day] {
                let visit = self.slot_row(slot, 30.0);
                self.program.entry(visit, column, 1.0);
            }
            if let Some(class) = into.and_then(|into| into.1) {
                *drawn.entry(class).or_insert(0.0) += n;
            }
        }
        for (class, doses) in drawn {
            let drawn = doses * problem.teams[team].draw_doses;
            self.program.entry(self.class[class], column, drawn);
        }
        self.routes.push(RouteColumn { team, day, visits, column });
        column
    }

    /// Adds the doses of a decided route: as many as fit at each stop and into the day beyond what
    /// is given there anyway.
    pub(super) fn add_decided(
        &mut self,
        market: &Market,
        team: TeamIndex,
        day: Day,
        visits: &[(StopIndex, u32)],
    ) {
        let problem = market.problem;
        let model = &problem.teams[team];
        let stops: Vec<StopIndex> = visits.iter().map(|visit| visit.0).collect();
        let given: u32 = visits.iter().map(|visit| visit.1).sum();
        let minutes = minutes_left(problem, team, &stops).max(0.0);
        let room = (minutes / model.dose_minutes).min(f64::from(model.doses_max));
        let room = (room - f64::from(given)).max(room * LEFT_MIN);
        let row = self.program.row(room, false, 1.0);
        for &(stop, given) in visits {
            let most = f64::from(problem.stops[stop].doses_max);
            let most = (most - f64::from(given)).max(most * LEFT_MIN).min(room);
            let column = self.program.column(0.0, most, most.max(1.0));
            self.program.entry(row, column, 1.0);
            if let Some((row, class)) = self.stop_row(market, stop, day) {
                self.program.entry(row, column, -1.0);
                if let Some(class) = class {
                    self.program.entry(self.class[class], column, model.draw_doses);
                }
            }
            self.visits.push(VisitColumn { stop, day, column });
        }
    }
}

/// A row for each set of places and day of its programme. All days on which its people cannot be
/// served anyway share a row that stays empty.
fn balance(market: &Market, program: &mut Program) -> Per<ReachIndex, Per<Day, RowIndex>> {
    let is_idle = |reach: &Reach, d: Day| {
        let programme = &market.problem.programmes[reach.programme];
        d < programme.start || d >= programme.end || !reach.is_open(d)
    };
    let mut idle = None;
    let mut of_reach = |reach: &Reach| {
        Per::with(market.problem.days, |d| {
            if is_idle(reach, d) {
                *idle.get_or_insert_with(|| program.row(0.0, false, 1.0))
            } else {
                program.row(0.0, false, 1.0)
            }
        })
    };
    market.reaches.iter().map(&mut of_reach).collect()
}
