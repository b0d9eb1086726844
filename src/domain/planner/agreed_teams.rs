//! Which team makes which agreed visit: whole days are looked at, so that no visit takes the time of another one.

use super::free_capacity::day_doses;
use super::index::{Day, ListIndex as _, Place, StopIndex, TeamIndex};
use super::model::{AgreedModel, Problem};
use std::collections::BTreeMap;

/// The team of each agreed visit.
pub(super) type AgreedTeams = BTreeMap<(Day, StopIndex), TeamIndex>;

/// Choices that are tried for a day: enough for all orders of what a few teams do on a day. A day with more is left to
/// be filled visit by visit.
const CHOICES_MAX: usize = 20_000;

/// A visit: its stop, doses, and the sessions that it is agreed by, one for each class.
#[derive(Clone)]
struct Visit<'a> {
    stop: StopIndex,
    doses: u32,
    sessions: Vec<&'a AgreedModel>,
}

/// What a team does on a day.
#[derive(Debug, Clone, Default)]
struct TeamDay {
    stops: Vec<StopIndex>,
    doses: u32,
}

impl TeamDay {
    /// What a team does for plans that stay.
    fn taken(problem: &Problem, (team, day): (TeamIndex, Day)) -> Self {
        let taken = problem.taken_on(team, day);
        Self {
            stops: taken.iter().map(|visit| visit.0).collect(),
            doses: taken.iter().map(|visit| visit.1).sum(),
        }
    }

    /// Its stops with one more; each once.
    fn with(&self, stop: StopIndex) -> Vec<StopIndex> {
        let mut stops = self.stops.clone();
        if !stops.contains(&stop) {
            stops.push(stop);
        }
        stops
    }
}

/// The day that teams are found for.
struct Search<'a> {
    problem: &'a Problem<'a>,
    day: Day,
    visits: Vec<Visit<'a>>,
    teams: Vec<TeamDay>,
    found: Vec<TeamIndex>,
    choices: usize,
}

/// Finds a team for every agreed visit with a number of doses, day by day. Days on which not all fit have none.
pub(super) fn teams_for(problem: &Problem) -> AgreedTeams {
    let mut days: BTreeMap<Day, BTreeMap<StopIndex, Visit<'_>>> = BTreeMap::new();
    for session in &problem.agreed {
        if let Place::Stop(stop) = session.place {
            let new = Visit { stop, doses: 0, sessions: Vec::new() };
            let visit = days.entry(session.day).or_default().entry(stop).or_insert(new);
            visit.doses += session.doses.unwrap_or(1);
            visit.sessions.push(session);
        }
    }
    let mut out = AgreedTeams::new();
    for (day, visits) in days {
        let mut visits: Vec<Visit<'_>> = visits.into_values().collect();
        visits.sort_by_key(|visit| (std::cmp::Reverse(visit.doses), visit.stop));
        let teams = problem.teams.indices().map(|team| TeamDay::taken(problem, (team, day)));
        let teams = teams.collect();
        let mut search = Search { problem, day, visits, teams, found: Vec::new(), choices: 0 };
        if search.go_on() {
            let found = search.visits.iter().zip(&search.found);
            out.extend(found.map(|(visit, team)| ((day, visit.stop), *team)));
        }
    }
    out
}

impl Search<'_> {
    /// Finds teams for the visits from the next one on; the team whose tour grows least is tried first.
    fn go_on(&mut self) -> bool {
        let Some(visit) = self.visits.get(self.found.len()).cloned() else { return true };
        let (stop, doses) = (visit.stop, visit.doses);
        let mut teams: Vec<(f64, TeamIndex)> = self
            .problem
            .teams
            .indices()
            .filter(|team| self.fits(*team, &visit))
            .map(|team| (self.added_km(team, stop), team))
            .collect();
        teams.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, team) in teams {
            self.choices += 1;
            if self.choices > CHOICES_MAX {
                return false;
            }
            self.found.push(team);
            let before = self.teams[team.position()].clone();
            let after = TeamDay { stops: before.with(stop), doses: before.doses + doses };
            self.teams[team.position()] = after;
            if self.go_on() {
                return true;
            }
            self.found.pop();
            self.teams[team.position()] = before;
        }
        false
    }

    fn fits(&self, team: TeamIndex, visit: &Visit<'_>) -> bool {
        let (problem, day) = (self.problem, self.day);
        let (model, held) = (&problem.teams[team], &self.teams[team.position()]);
        let is_theirs =
            |cohort: &super::index::CohortIndex| problem.programme_of(*cohort).has_team(team, day);
        let all = held.doses + visit.doses;
        let stops = held.with(visit.stop);
        let mut cohorts = visit.sessions.iter().flat_map(|session| &session.cohorts);
        model.works[day]
            && !problem.is_others(visit.stop, (team, day))
            && stops.len() <= model.stops_max
            && all <= model.doses_max
            && cohorts.all(is_theirs)
            && all <= day_doses(problem, team, &stops)
    }

    fn added_km(&self, team: TeamIndex, stop: StopIndex) -> f64 {
        let held = &self.teams[team.position()];
        let roads = &self.problem.roads;
        roads.tour_km(team, &held.with(stop)) - roads.tour_km(team, &held.stops)
    }
}
