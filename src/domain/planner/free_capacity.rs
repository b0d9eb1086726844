//! What is still free: site-days, storage, vaccine and teams' days, while doses are placed and
//! taken back.

use super::index::{Per, Place, SiteIndex, StopIndex, TeamIndex};
use super::lots::Stock;
use super::model::{Problem, TeamModel};
use super::num::{doses, whole};
use super::prices::{NO_SLOT, Slots};
use std::sync::Arc;

/// A dose of the plan: where and when. `team` at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    /// The day.
    pub(super) day: usize,
    /// The place.
    pub(super) place: Place,
    /// The team that comes there.
    pub(super) team: Option<TeamIndex>,
}

/// Free capacity of a campaign.
#[derive(Clone)]
pub(super) struct FreeCapacity<'p> {
    problem: &'p Problem<'p>,
    site_left: Per<SiteIndex, Vec<u32>>,
    storage_left: Per<SiteIndex, Vec<u64>>,
    stock: Stock,
    /// `visits[team][day]`: stops and doses of the day.
    visits: Per<TeamIndex, Vec<Vec<(StopIndex, u32)>>>,
    /// `visitor[stop][day]`: the team that comes.
    visitor: Per<StopIndex, Vec<Option<TeamIndex>>>,
    /// The stops that each team drives to on a day, whatever it gives there; `None`: not decided.
    routes: Option<Arc<Routes>>,
}

/// `routes[team][day]`: stops, in order; empty where the team has no route.
pub(super) type Routes = Per<TeamIndex, Vec<Vec<StopIndex>>>;

/// Minutes are compared with this much slack, well below the millionth that the rules allow.
const MINUTES_SLACK: f64 = 1e-7;

impl<'p> FreeCapacity<'p> {
    /// Everything free.
    pub(super) fn new(problem: &'p Problem<'p>) -> Self {
        let days = problem.days;
        Self {
            problem,
            site_left: problem.sites.iter().map(|site| site.capacity.clone()).collect(),
            storage_left: problem
                .sites
                .iter()
                .map(|site| vec![site.storage; site.periods.len()])
                .collect(),
            stock: Stock::new(problem),
            visits: Per::filled(vec![Vec::new(); days], problem.teams.len()),
            visitor: Per::filled(vec![None; days], problem.stops.len()),
            routes: None,
        }
    }

    /// From now on teams drive these routes only; `None`: wherever they have time.
    pub(super) fn keep_routes(&mut self, routes: Option<Arc<Routes>>) {
        self.routes = routes;
    }

    /// Doses that could be given at a place on a day, as far as place and team go. Vaccine counts
    /// only where the class of the draw is known to be used up.
    pub(super) fn most(&self, place: Place, day: usize) -> u32 {
        match place {
            Place::Site(site) => self.most_at_site(site, day),
            Place::Stop(stop) => self.best_team(stop, day, None).map_or(0, |(_, most)| most),
        }
    }

    /// What stops a place on a day from giving one dose more, vaccine aside.
    pub(super) fn blocked_by(&self, place: Place, day: usize) -> Option<Blocked> {
        let problem = self.problem;
        let stop = match place {
            Place::Stop(stop) => stop,
            Place::Site(at) => {
                let site = &problem.sites[at];
                let period = site.period_of[day];
                let class = site.periods[period].class;
                return if site.capacity[day] == 0 {
                    Some(Blocked::Shut)
                } else if self.site_left[at][day] == 0 {
                    Some(Blocked::Full)
                } else if self.storage_left[at][period] < site.draw {
                    Some(Blocked::Storage)
                } else {
                    self.stock.is_empty(class).then_some(Blocked::Supply)
                };
            }
        };
        if !problem.stops[stop].open[day] || !problem.teams.iter().any(|team| team.works[day]) {
            Some(Blocked::Shut)
        } else if self.stock.is_empty(problem.day_class[day]) {
            Some(Blocked::Supply)
        } else {
            (self.most(place, day) == 0).then_some(Blocked::Full)
        }
    }

    fn most_at_site(&self, at: SiteIndex, day: usize) -> u32 {
        let site = &self.problem.sites[at];
        let period = site.period_of[day];
        if self.site_left[at][day] == 0 || self.stock.is_empty(site.periods[period].class) {
            return 0;
        }
        self.site_left[at][day].min(doses(self.storage_left[at][period] / site.draw))
    }

    /// The team that can give most at a stop on a day: the one that is there, else the one wished
    /// for, else the one with most room.
    fn best_team(
        &self,
        stop: StopIndex,
        day: usize,
        wished: Option<TeamIndex>,
    ) -> Option<(TeamIndex, u32)> {
        let problem = self.problem;
        if !problem.stops[stop].open[day] || self.stock.is_empty(problem.day_class[day]) {
            return None;
        }
        if let Some(team) = self.visitor[stop][day] {
            return Some((team, self.team_doses_left(team, stop, day)));
        }
        if let Some(team) = wished {
            let most = self.team_doses_left(team, stop, day);
            if most > 0 {
                return Some((team, most));
            }
        }
        let mut best: Option<(TeamIndex, u32)> = None;
        for team in problem.teams.indices() {
            let most = self.team_doses_left(team, stop, day);
            if most > best.map_or(0, |held| held.1) {
                best = Some((team, most));
            }
        }
        best
    }

    /// Doses that a team can still give at a stop on a day.
    fn team_doses_left(&self, team: TeamIndex, stop: StopIndex, day: usize) -> u32 {
        let (problem, visits) = (self.problem, &self.visits[team][day]);
        let model = &problem.teams[team];
        let here = visits.iter().find(|visit| visit.0 == stop);
        if !model.works[day] || (here.is_none() && visits.len() >= model.stops_max) {
            return 0;
        }
        let given: u32 = visits.iter().map(|visit| visit.1).sum();
        let at_stop = problem.stops[stop].doses_max - here.map_or(0, |visit| visit.1);
        let most = at_stop.min(model.doses_max.saturating_sub(given));
        if most == 0 {
            return 0;
        }
        let mut stops: Vec<StopIndex> = visits.iter().map(|visit| visit.0).collect();
        if here.is_none() {
            stops.push(stop);
        }
        if let Some(routes) = &self.routes {
            let route = &routes[team][day];
            if !route.contains(&stop) {
                return 0;
            }
            // Time for the whole route, where nothing else was published for the day.
            if stops.iter().all(|stop| route.contains(stop)) {
                stops.clone_from(route);
            }
        }
        most.min(day_doses(problem, team, &stops).saturating_sub(given))
    }

    /// Places up to `n` doses; returns how many and by which team.
    pub(super) fn give(
        &mut self,
        place: Place,
        day: usize,
        n: u32,
        wished: Option<TeamIndex>,
    ) -> (u32, Option<TeamIndex>) {
        let problem = self.problem;
        let stop = match place {
            Place::Stop(stop) => stop,
            Place::Site(at) => {
                let site = &problem.sites[at];
                let period = site.period_of[day];
                let n = n.min(self.most_at_site(at, day));
                let n = self.stock.draw(site.periods[period].class, n, site.draw);
                self.site_left[at][day] -= n;
                if site.storage != u64::MAX {
                    self.storage_left[at][period] -= u64::from(n) * site.draw;
                }
                return (n, None);
            }
        };
        let Some((team, most)) = self.best_team(stop, day, wished) else { return (0, None) };
        let n = self.stock.draw(problem.day_class[day], n.min(most), problem.teams[team].draw);
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

    /// Takes `n` doses of a step back.
    pub(super) fn take_back(&mut self, step: Step, n: u32) {
        let problem = self.problem;
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
                self.stock.give_back(problem.day_class[step.day], n, each);
            }
            (Place::Stop(_), None) => {}
            (Place::Site(at), _) => {
                let site = &problem.sites[at];
                let period = site.period_of[step.day];
                self.site_left[at][step.day] += n;
                if site.storage != u64::MAX {
                    self.storage_left[at][period] += u64::from(n) * site.draw;
                }
                self.stock.give_back(site.periods[period].class, n, site.draw);
            }
        }
    }

    /// Takes what is used off what slots hold.
    pub(super) fn less(&self, slots: &Slots, holds: &mut [f64]) {
        let problem = self.problem;
        for (s, site) in problem.sites.pairs() {
            for (&slot, &left) in slots.site_day[s].iter().zip(&self.site_left[s]) {
                if slot != NO_SLOT {
                    holds[slot] = f64::from(left);
                }
            }
            for (&slot, &left) in slots.storage[s].iter().zip(&self.storage_left[s]) {
                if slot != NO_SLOT && site.storage != u64::MAX {
                    holds[slot] = left as f64 / problem.scale as f64;
                }
            }
        }
        for (lot, &slot) in slots.lot.iter().enumerate() {
            holds[slot] = self.stock.left(lot) as f64 / problem.scale as f64;
        }
    }

    /// The stops of a team on a day, with their doses.
    pub(super) fn visits(&self, team: TeamIndex, day: usize) -> &[(StopIndex, u32)] {
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

/// Doses for which a team has time on a day with these stops.
pub(super) fn day_doses(problem: &Problem, team: TeamIndex, stops: &[StopIndex]) -> u32 {
    let model: &TeamModel = &problem.teams[team];
    let left = minutes_left(problem, team, stops);
    if left < 0.0 { 0 } else { whole((left + MINUTES_SLACK) / model.dose_minutes) }
}

/// Minutes that are left for doses after driving and setting up; negative when there are none.
pub(super) fn minutes_left(problem: &Problem, team: TeamIndex, stops: &[StopIndex]) -> f64 {
    let setup: f64 = stops.iter().map(|&stop| problem.stops[stop].setup_minutes).sum();
    problem.teams[team].work_minutes - problem.roads.tour_minutes(team, stops) - setup
}
