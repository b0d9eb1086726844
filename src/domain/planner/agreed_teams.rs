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

/// What a team does on a day.
#[derive(Debug, Clone, Default)]
struct TeamDay {
    stops: Vec<StopIndex>,
    doses: u32,
}

/// The day that teams are found for.
struct Search<'a> {
    problem: &'a Problem<'a>,
    day: Day,
    visits: Vec<(StopIndex, u32, &'a AgreedModel)>,
    teams: Vec<TeamDay>,
    found: Vec<TeamIndex>,
    choices: usize,
}

/// Finds a team for every agreed visit with a number of doses, day by day. Days on which not all fit have none.
pub(super) fn teams_for(problem: &Problem) -> AgreedTeams {
    let mut days: BTreeMap<Day, BTreeMap<StopIndex, (u32, &AgreedModel)>> = BTreeMap::new();
    for session in &problem.agreed {
        if let Place::Stop(stop) = session.place {
            let visit = days.entry(session.day).or_default().entry(stop).or_insert((0, session));
            visit.0 += session.doses.unwrap_or(1);
        }
    }
    let mut out = AgreedTeams::new();
    for (day, visits) in days {
        let mut visits: Vec<_> =
            visits.into_iter().map(|(stop, (doses, session))| (stop, doses, session)).collect();
        visits.sort_by_key(|visit| (std::cmp::Reverse(visit.1), visit.0));
        let teams = vec![TeamDay::default(); problem.teams.len()];
        let mut search = Search { problem, day, visits, teams, found: Vec::new(), choices: 0 };
        if search.go_on() {
            let found = search.visits.iter().zip(&search.found);
            out.extend(found.map(|(visit, team)| ((day, visit.0), *team)));
        }
    }
    out
}

impl Search<'_> {
    /// Finds teams for the visits from the next one on; the team whose tour grows least is tried first.
    fn go_on(&mut self) -> bool {
        let Some(&(stop, doses, session)) = self.visits.get(self.found.len()) else { return true };
        let mut teams: Vec<(f64, TeamIndex)> = self
            .problem
            .teams
            .indices()
            .filter(|team| self.fits(*team, stop, doses, session))
            .map(|team| (self.added_km(team, stop), team))
            .collect();
        teams.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, team) in teams {
            self.choices += 1;
            if self.choices > CHOICES_MAX {
                return false;
            }
            self.found.push(team);
            let held = &mut self.teams[team.position()];
            held.stops.push(stop);
            held.doses += doses;
            if self.go_on() {
                return true;
            }
            self.found.pop();
            let held = &mut self.teams[team.position()];
            held.stops.pop();
            held.doses -= doses;
        }
        false
    }

    fn fits(&self, team: TeamIndex, stop: StopIndex, doses: u32, session: &AgreedModel) -> bool {
        let (problem, day) = (self.problem, self.day);
        let (model, held) = (&problem.teams[team], &self.teams[team.position()]);
        let is_theirs =
            |cohort: &super::index::CohortIndex| problem.programme_of(*cohort).has_team(team, day);
        let all = held.doses + doses;
        let stops = [&held.stops[..], &[stop]].concat();
        model.works[day]
            && stops.len() <= model.stops_max
            && all <= model.doses_max
            && session.cohorts.iter().all(is_theirs)
            && all <= day_doses(problem, team, &stops)
    }

    fn added_km(&self, team: TeamIndex, stop: StopIndex) -> f64 {
        let held = &self.teams[team.position()].stops;
        let roads = &self.problem.roads;
        roads.tour_km(team, &[&held[..], &[stop]].concat()) - roads.tour_km(team, held)
    }
}
