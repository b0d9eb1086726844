//! What is still free while doses are placed and taken back: site-days, cold stores, vaccine and
//! teams' days.

use super::index::{
    Day, Per, PeriodIndex, Place, ProgrammeIndex, SiteIndex, SlotIndex, StopIndex, TeamIndex,
};
use super::lots::Stock;
use super::model::{Problem, TeamModel};
use super::num::{doses, whole};
use super::programme::SiteUse;
use super::slots::Slots;
use std::sync::Arc;

/// Where and when a dose is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    /// The day.
    pub(super) day: Day,
    /// The place.
    pub(super) place: Place,
    /// The team that comes to a stop; `None` at a site, or if the team is still to be chosen.
    pub(super) team: Option<TeamIndex>,
}

/// Free capacity of all programmes together.
#[derive(Clone)]
pub(super) struct FreeCapacity<'p> {
    problem: &'p Problem<'p>,
    site_left: Per<SiteIndex, Per<Day, u32>>,
    storage_left: Per<SiteIndex, Per<PeriodIndex, u64>>,
    /// What is left of own limits; `None` where a programme has none.
    own_left: Per<ProgrammeIndex, Per<SiteIndex, Option<OwnLeft>>>,
    stock: Stock,
    /// `visits[team][day]`: stops and doses of the day.
    visits: Per<TeamIndex, Per<Day, Vec<(StopIndex, u32)>>>,
    /// `visitor[stop][day]`: the team that comes.
    visitor: Per<StopIndex, Per<Day, Option<TeamIndex>>>,
    /// The stops that each team drives to on a day; `None` if teams may go wherever they have time.
    routes: Option<Arc<Routes>>,
}

/// What is left of a programme's own limit at a site.
#[derive(Debug, Clone)]
struct OwnLeft {
    day: Per<Day, u32>,
    storage: Per<PeriodIndex, u64>,
}

impl OwnLeft {
    fn of(site: &SiteUse) -> Option<Self> {
        site.is_limited.then(|| Self {
            day: site.capacity.clone(),
            storage: site.periods.iter().map(|period| period.storage).collect(),
        })
    }
}

/// `routes[team][day]`: stops, in order; empty where the team has no route.
pub(super) type Routes = Per<TeamIndex, Per<Day, Vec<StopIndex>>>;

/// Slack for comparing minutes, well below the millionth of a minute that the check allows.
const MINUTES_SLACK: f64 = 1e-7;

impl<'p> FreeCapacity<'p> {
    /// Everything free but what teams do for plans that stay.
    pub(super) fn new(problem: &'p Problem<'p>) -> Self {
        let days = problem.days;
        let mut visits = Per::filled(Per::filled(Vec::new(), days), problem.teams.len());
        let mut visitor = Per::filled(Per::filled(None, days), problem.stops.len());
        for (&(team, day), taken) in &problem.taken {
            visits[team][day].clone_from(taken);
            for &(stop, _) in taken {
                visitor[stop][day] = Some(team);
            }
        }
        Self {
            problem,
            site_left: problem.sites.iter().map(|site| site.capacity.clone()).collect(),
            storage_left: problem
                .sites
                .iter()
                .map(|site| site.periods.iter().map(|period| period.storage).collect())
                .collect(),
            own_left: problem
                .programmes
                .iter()
                .map(|programme| programme.sites.iter().map(OwnLeft::of).collect())
                .collect(),
            stock: Stock::new(problem),
            visits,
            visitor,
            routes: None,
        }
    }

    /// Restricts teams to these routes from now on; `None` lifts the restriction.
    pub(super) fn keep_routes(&mut self, routes: Option<Arc<Routes>>) {
        self.routes = routes;
    }

    /// Doses that could still be given to people of a programme at a place on a day. Vaccine counts
    /// only if it is known to be used up.
    pub(super) fn most(&self, who: ProgrammeIndex, place: Place, day: Day) -> u32 {
        match place {
            Place::Site(site) => self.most_at_site(who, site, day),
            Place::Stop(stop) => self.best_team(who, stop, day, None).map_or(0, |(_, most)| most),
        }
    }

    /// Why a place cannot give one more dose to a programme on a day; `None` if nothing is known to
    /// prevent it.
    pub(super) fn blocked_by(
        &self,
        who: ProgrammeIndex,
        place: Place,
        day: Day,
    ) -> Option<Blocked> {
        let problem = self.problem;
        let programme = &problem.programmes[who];
        let stop = match place {
            Place::Stop(stop) => stop,
            Place::Site(at) => {
                let own = &programme.sites[at];
                let period = problem.sites[at].period_of[day];
                let left = self.own_left[who][at].as_ref();
                return if own.capacity[day] == 0 {
                    Some(Blocked::Shut)
                } else if self.site_left[at][day] == 0
                    || left.is_some_and(|left| left.day[day] == 0)
                {
                    Some(Blocked::Full)
                } else if self.storage_left[at][period] < own.draw[day]
                    || left.is_some_and(|left| left.storage[period] < own.draw[day])
                {
                    Some(Blocked::Storage)
                } else {
                    let class = own.periods[period].class;
                    class.is_none_or(|class| self.stock.is_empty(class)).then_some(Blocked::Supply)
                };
            }
        };
        if !programme.stops[stop][day] {
            Some(Blocked::Shut)
        } else if self.stock.is_empty(programme.day_class[day]) {
            Some(Blocked::Supply)
        } else {
            (self.most(who, place, day) == 0).then_some(Blocked::Full)
        }
    }

    fn most_at_site(&self, who: ProgrammeIndex, at: SiteIndex, day: Day) -> u32 {
        let own = &self.problem.programmes[who].sites[at];
        let period = self.problem.sites[at].period_of[day];
        let supplied = own.periods[period].class.filter(|&class| !self.stock.is_empty(class));
        if self.site_left[at][day] == 0 || own.capacity[day] == 0 || supplied.is_none() {
            return 0;
        }
        let stored = doses(self.storage_left[at][period] / own.draw[day]);
        let most = self.site_left[at][day].min(stored);
        match &self.own_left[who][at] {
            Some(left) => most.min(left.day[day]).min(doses(left.storage[period] / own.draw[day])),
            None => most,
        }
    }

    /// Takes (`more` false) or gives back doses of a programme at a site, vaccine apart.
    fn count_at_site(
        &mut self,
        who: ProgrammeIndex,
        at: SiteIndex,
        day: Day,
        n: u32,
        is_back: bool,
    ) {
        let own = &self.problem.programmes[who].sites[at];
        let period = self.problem.sites[at].period_of[day];
        let units = u64::from(n) * own.draw[day];
        let days = |left: &mut u32| *left = if is_back { *left + n } else { *left - n };
        let store = |left: &mut u64| {
            if *left != u64::MAX {
                *left = if is_back { *left + units } else { *left - units };
            }
        };
        days(&mut self.site_left[at][day]);
        store(&mut self.storage_left[at][period]);
        if let Some(left) = &mut self.own_left[who][at] {
            days(&mut left.day[day]);
            store(&mut left.storage[period]);
        }
    }

    /// The team for a stop on a day with the doses that it can give: the one that is there already,
    /// else the one wished for, else the one that can give most.
    fn best_team(
        &self,
        who: ProgrammeIndex,
        stop: StopIndex,
        day: Day,
        wished: Option<TeamIndex>,
    ) -> Option<(TeamIndex, u32)> {
        let problem = self.problem;
        let programme = &problem.programmes[who];
        if !programme.stops[stop][day] || self.stock.is_empty(programme.day_class[day]) {
            return None;
        }
        let doses_of = |team: TeamIndex| {
            if programme.has_team(team, day) { self.team_doses_left(team, stop, day) } else { 0 }
        };
        if let Some(team) = self.visitor[stop][day] {
            return Some((team, doses_of(team)));
        }
        if let Some(team) = wished {
            let most = doses_of(team);
            if most > 0 {
                return Some((team, most));
            }
        }
        let mut best: Option<(TeamIndex, u32)> = None;
        for team in problem.teams.indices() {
            let most = doses_of(team);
            if most > best.map_or(0, |held| held.1) {
                best = Some((team, most));
            }
        }
        best
    }

    /// Doses that a team can still give at a stop on a day.
    fn team_doses_left(&self, team: TeamIndex, stop: StopIndex, day: Day) -> u32 {
        let (problem, visits) = (self.problem, &self.visits[team][day]);
        let model = &problem.teams[team];
        let here = visits.iter().find(|visit| visit.0 == stop);
        if !model.works[day] || (here.is_none() && visits.len() >= model.stops_max) {
            return 0;
        }
        let given: u32 = visits.iter().map(|visit| visit.1).sum();
        let here = here.map_or(0, |visit| visit.1);
        let at_stop = problem.stops[stop].doses_max.saturating_sub(here);
        let most = at_stop.min(model.doses_max.saturating_sub(given));
        if most == 0 {
            return 0;
        }
        let mut stops: Vec<StopIndex> = visits.iter().map(|visit| visit.0).collect();
        if !stops.contains(&stop) {
            stops.push(stop);
        }
        if let Some(routes) = &self.routes {
            let route = &routes[team][day];
            if !route.contains(&stop) {
                return 0;
            }
            // Reserve time for the whole route, unless the published day has other stops.
            if stops.iter().all(|stop| route.contains(stop)) {
                stops.clone_from(route);
            }
        }
        most.min(day_doses(problem, team, &stops).saturating_sub(given))
    }

    /// Takes up to `n` doses for a programme; returns how many it got and from which team.
    pub(super) fn give(
        &mut self,
        who: ProgrammeIndex,
        place: Place,
        day: Day,
        n: u32,
        wished: Option<TeamIndex>,
    ) -> (u32, Option<TeamIndex>) {
        let problem = self.problem;
        let programme = &problem.programmes[who];
        let stop = match place {
            Place::Stop(stop) => stop,
            Place::Site(at) => {
                let n = n.min(self.most_at_site(who, at, day));
                let class = programme.class_at(at, problem.sites[at].period_of[day]);
                let Some(class) = class else { return (0, None) };
                let n = self.stock.draw(class, n, programme.sites[at].draw[day]);
                self.count_at_site(who, at, day, n, false);
                return (n, None);
            }
        };
        let Some((team, most)) = self.best_team(who, stop, day, wished) else { return (0, None) };
        let class = programme.day_class[day];
        let n = self.stock.draw(class, n.min(most), problem.teams[team].draw);
        if n > 0 {
            self.visitor[stop][day] = Some(team);
            let visits = &mut self.visits[team][day];
            match visits.iter_mut().find(|visit| visit.0 == stop) {
                Some(visit) => visit.1 += n,
                None => visits.push((stop, n)),
            }
        }
        (n, Some(team))
    }

    /// Gives `n` doses of a programme's step back.
    pub(super) fn take_back(&mut self, who: ProgrammeIndex, step: Step, n: u32) {
        let problem = self.problem;
        let programme = &problem.programmes[who];
        match (step.place, step.team) {
            (Place::Stop(stop), Some(team)) => {
                let visits = &mut self.visits[team][step.day];
                if let Some(at) = visits.iter().position(|visit| visit.0 == stop) {
                    visits[at].1 -= n;
                    if visits[at].1 == 0 {
                        visits.remove(at);
                        self.visitor[stop][step.day] = None;
                    }
                }
                let each = problem.teams[team].draw;
                self.stock.give_back(programme.day_class[step.day], n, each);
            }
            (Place::Stop(_), None) => {}
            (Place::Site(at), _) => {
                self.count_at_site(who, at, step.day, n, true);
                let class = programme.class_at(at, problem.sites[at].period_of[step.day]);
                if let Some(class) = class {
                    self.stock.give_back(class, n, programme.sites[at].draw[step.day]);
                }
            }
        }
    }

    /// Sets what slots hold to what is still free.
    pub(super) fn less(&self, slots: &Slots, holds: &mut Per<SlotIndex, f64>) {
        let vaccine = |units: u64| units as f64 / self.problem.scale as f64;
        let mut set = |slot: Option<SlotIndex>, left: f64| {
            if let Some(slot) = slot {
                holds[slot] = left;
            }
        };
        for (s, days) in self.site_left.pairs() {
            for (&slot, &left) in slots.site_day[s].iter().zip(days) {
                set(slot, f64::from(left));
            }
            for (&slot, &left) in slots.storage[s].iter().zip(&self.storage_left[s]) {
                set(slot, vaccine(left));
            }
        }
        for (own, left) in slots.own.iter().flatten().zip(self.own_left.iter().flatten()) {
            let (Some(own), Some(left)) = (own, left) else { continue };
            for (&slot, &left) in own.day.iter().zip(&left.day) {
                set(slot, f64::from(left));
            }
            for (&slot, &left) in own.storage.iter().zip(&left.storage) {
                set(slot, vaccine(left));
            }
        }
        for (lot, &slot) in slots.lot.pairs() {
            set(Some(slot), vaccine(self.stock.left(lot)));
        }
    }

    /// The stops of a team on a day, with their doses.
    pub(super) fn visits(&self, team: TeamIndex, day: Day) -> &[(StopIndex, u32)] {
        &self.visits[team][day]
    }
}

/// Why a place cannot give one dose more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocked {
    /// It gives none that day.
    Shut,
    /// Site-day or team-day used up.
    Full,
    /// Cold store used up.
    Storage,
    /// No vaccine.
    Supply,
}

/// Doses for which a team has time on a day with these stops, whole ones.
pub(super) fn day_doses(problem: &Problem, team: TeamIndex, stops: &[StopIndex]) -> u32 {
    let model: &TeamModel = &problem.teams[team];
    let left = minutes_left(problem, team, stops);
    if left < 0.0 { 0 } else { whole((left + MINUTES_SLACK) / model.dose_minutes) }
}

/// Minutes left for giving doses after driving and setting up; negative if the day is too short.
pub(super) fn minutes_left(problem: &Problem, team: TeamIndex, stops: &[StopIndex]) -> f64 {
    let setup: f64 = stops.iter().map(|&stop| problem.stops[stop].setup_minutes).sum();
    problem.teams[team].work_minutes - problem.roads.tour_minutes(team, stops) - setup
}

#[cfg(test)]
#[path = "free_capacity_tests.rs"]
mod tests;
