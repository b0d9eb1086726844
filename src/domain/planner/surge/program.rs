//! The linear program of a surge: doses by cohort and day, where they are given, and what is added so that there is
//! room. Whoever meets the targets at all pays at least its value.

use super::super::index::{
    CatchmentIndex, CohortIndex, ColumnIndex, Day, ListIndex as _, Per, Place, ProgrammeIndex,
    RowIndex, SiteIndex, StopIndex,
};
use super::super::model::{Cohort, Problem, TeamModel};
use super::super::num;
use super::super::pdhg::{Pdhg, Point, Program};
use super::needs::Need;
use super::resources::usual_week;
use super::{Means, Resources};
use crate::domain::id::PlaceCode;
use crate::domain::site::Site;
use std::collections::BTreeMap;

/// Most teams that are asked for.
const TEAMS_MAX: f64 = 500.0;
/// Most stations of a site without a limit.
const STATIONS_MAX: f64 = 500.0;

/// The program, and where its answers stand.
pub(super) struct SurgeProgram {
    program: Program,
    stations: Vec<(PlaceCode, ColumnIndex)>,
    teams: Option<ColumnIndex>,
    /// What the first station takes beside its own people at sites where nobody works today.
    opening: BTreeMap<PlaceCode, f64>,
    point: Point,
}

/// The program while it is made.
struct Maker<'m> {
    means: &'m Means,
    problem: &'m Problem<'m>,
    program: Program,
    worth: f64,
    /// What is given at a place on a day, by those who use it.
    used: BTreeMap<(Place, Day), Vec<(ProgrammeIndex, ColumnIndex)>>,
    /// Doses of each cohort, by dose and day.
    doses: Per<CohortIndex, Vec<BTreeMap<Day, ColumnIndex>>>,
}

impl SurgeProgram {
    pub(super) fn new(means: &Means, problem: &Problem<'_>, needs: &[Need]) -> Self {
        let days = problem.plan_days().count().max(1) as f64;
        let worth = means.people_per_station() / f64::from(means.usual.doses_a_day.max(1)) / days;
        let mut maker = Maker {
            means,
            problem,
            program: Program::default(),
            worth,
            used: BTreeMap::new(),
            doses: Per::filled(Vec::new(), problem.cohorts.len()),
        };
        maker.cohorts(needs);
        maker.chains();
        maker.catchments();
        maker.needs(needs);
        let mut opening = BTreeMap::new();
        let stations = maker.sites(&mut opening);
        let teams = maker.stops();
        let point = Point::default();
        Self { program: maker.program, stations, teams, opening, point }
    }

    /// The staff of resources, with what opening sites takes.
    pub(super) fn staff(&self, more: &Resources, means: &Means) -> f64 {
        more.staff(means, &self.opening)
    }

    /// Solves it; returns a value that no answer can be below.
    pub(super) fn solve(&mut self, steps: u32) -> f64 {
        let mut method = Pdhg::new(self.program.clone());
        let mut best = 0.0_f64;
        for _ in 0..steps.div_ceil(STRETCH) {
            method.run(STRETCH);
            best = best.max(self.value(&method.now));
        }
        let average = method.average();
        best = best.max(self.value(&average));
        self.point = method.now;
        best
    }

    /// What the prices of a point prove: the least of cost and prices paid over all points within their bounds.
    fn value(&self, point: &Point) -> f64 {
        let mut slope: Vec<f64> = self.program.cost.iter().copied().collect();
        for &(row, column, value) in &self.program.entries {
            slope[column.position()] += value * point.y[row];
        }
        let paid: f64 = point.y.pairs().map(|(row, price)| -price * self.program.right[row]).sum();
        let columns = slope.iter().zip(&self.program.upper);
        paid + columns.map(|(slope, upper)| slope.min(0.0) * upper).sum::<f64>()
    }

    /// What all that could be added costs: where more is needed, nothing is enough.
    pub(super) fn most(&self) -> f64 {
        let columns = self.stations.iter().map(|(_, column)| *column).chain(self.teams);
        columns.map(|column| self.program.cost[column] * self.program.upper[column]).sum()
    }

    /// Its answer times a factor, in whole stations and teams, and so many stations more at every site.
    pub(super) fn rounded(&self, factor: f64, extra: u32) -> Resources {
        // A trace of a station is an error of the method.
        let whole = |amount: f64| num::whole((amount * factor - TRACE).ceil());
        let stations = self.stations.iter().map(|&(ref code, column)| {
            let most = num::whole(self.program.upper[column]);
            (code.clone(), (whole(self.point.x[column]) + extra).min(most))
        });
        let teams = self.teams.map_or(0, |column| whole(self.point.x[column]));
        let stations = stations.filter(|(_, count)| *count > 0).collect();
        Resources { stations, teams }
    }
}

/// Steps between looks.
const STRETCH: u32 = 100;
/// A smaller part of a station is none.
const TRACE: f64 = 0.02;

impl Maker<'_> {
    /// A column for every dose of every cohort on every day on which it can be given.
    fn cohorts(&mut self, needs: &[Need]) {
        let problem = self.problem;
        for (c, cohort) in problem.cohorts.pairs() {
            let need = needs.iter().find(|need| need.is_of(cohort));
            let last = need.filter(|need| need.people > 0).map_or(0, |need| usize::from(need.dose));
            let programme = problem.programme(cohort);
            let first = cohort.opens.max(programme.first);
            let mut by_dose = vec![BTreeMap::new(); last];
            let span = problem.plan_days().count().max(1);
            let size = f64::from(cohort.people.max(1)) / span as f64;
            for columns in &mut by_dose {
                for day in first.until(programme.end) {
                    let upper = f64::from(cohort.people);
                    columns.insert(day, self.program.column(0.0, upper, size));
                }
            }
            if let Some(columns) = by_dose.first() {
                let row = self.program.row(f64::from(cohort.new_people), false, self.worth);
                for &column in columns.values() {
                    self.program.entry(row, column, 1.0);
                }
            }
            self.doses[c] = by_dose;
        }
    }

    /// Nobody has a dose before the one before it, or too soon after it.
    fn chains(&mut self) {
        for (c, cohort) in self.problem.cohorts.pairs() {
            let windows = &self.problem.programme(cohort).windows;
            for dose in 1..self.doses[c].len() {
                let (before, after) = (&self.doses[c][dose - 1], &self.doses[c][dose]);
                let waiting = cohort.waiting.iter().filter(|run| run.dose == dose);
                let free = before.iter().map(|(&day, &column)| (windows[dose - 1][day], column));
                let free: Vec<(Day, ColumnIndex)> = free
                    .filter(|((low, high), _)| low <= high)
                    .map(|((low, _), column)| (low, column))
                    .collect();
                for &day in after.keys() {
                    let can: u32 =
                        waiting.clone().filter(|run| run.low <= day).map(|run| run.people).sum();
                    let row = self.program.row(f64::from(can), false, self.worth);
                    for (_, &column) in after.range(..=day) {
                        self.program.entry(row, column, 1.0);
                    }
                    for &(_, column) in free.iter().filter(|(low, _)| *low <= day) {
                        self.program.entry(row, column, -1.0);
                    }
                }
            }
        }
    }

    /// The doses of those who use the same places are given at these places.
    fn catchments(&mut self) {
        let problem = self.problem;
        for (k, catchment) in problem.catchments.pairs() {
            let cohorts: Vec<CohortIndex> = of_catchment(problem, k);
            for day in problem.plan_days() {
                let of_day = |c: &CohortIndex| {
                    let doses = self.doses[*c].iter();
                    doses.filter_map(|columns| columns.get(&day).copied()).collect::<Vec<_>>()
                };
                let doses: Vec<ColumnIndex> = cohorts.iter().flat_map(of_day).collect();
                if doses.is_empty() {
                    continue;
                }
                let people: u32 = cohorts.iter().map(|c| problem.cohorts[*c].people).sum();
                let row = self.program.row(0.0, false, self.worth);
                for column in doses {
                    self.program.entry(row, column, 1.0);
                }
                for &place in catchment.places.iter().filter(|place| catchment.allows(**place, day))
                {
                    let size = f64::from(self.means.usual.doses_a_day);
                    let column = self.program.column(0.0, 2.0 * f64::from(people), size);
                    self.program.entry(row, column, -1.0);
                    let users = self.used.entry((place, day)).or_default();
                    users.push((catchment.programme, column));
                }
            }
        }
    }

    /// So many people of each group have their last dose.
    fn needs(&mut self, needs: &[Need]) {
        for need in needs.iter().filter(|need| need.people > 0) {
            let row = self.program.row(-(need.people as f64), false, self.worth);
            for (c, cohort) in self.problem.cohorts.pairs() {
                if need.is_of(cohort) {
                    for &column in self.doses[c].last().into_iter().flat_map(BTreeMap::values) {
                        self.program.entry(row, column, -1.0);
                    }
                }
            }
        }
    }

    /// A site gives what it can today, and what its stations more can on days when it is open.
    fn sites(&mut self, opening: &mut BTreeMap<PlaceCode, f64>) -> Vec<(PlaceCode, ColumnIndex)> {
        let (problem, means) = (self.problem, self.means);
        let mut stations = Vec::new();
        for s in problem.sites.indices() {
            let code = &problem.site(s).code;
            let terms = means.terms(code);
            let candidate = means.candidate(code);
            let today = problem.sites[s].capacity.iter().max().copied().unwrap_or(0);
            let mut most = if let Some((site, _)) = candidate {
                let could = usual_week(site).into_iter().max().unwrap_or(0);
                f64::from(terms.stations_of(could))
            } else {
                let left = terms.most.map(|most| most.saturating_sub(terms.stations_of(today)));
                left.map_or(STATIONS_MAX, f64::from)
            };
            let mut cost = means.people_per_station();
            if today == 0 {
                // The stations share what opening takes; so many that all give every dose on one day are enough.
                let begin = means.people_per_place() + candidate.map_or(0.0, |(_, cost)| *cost);
                most = most.min(f64::from(terms.stations_of(self.doses_near(s))));
                cost += begin / most.max(1.0);
                opening.insert(code.clone(), begin);
            }
            let column = self.program.column(cost, most, 1.0);
            stations.push((code.clone(), column));
            for day in problem.plan_days() {
                let Some(used) = self.used.get(&(Place::Site(s), day)) else { continue };
                let can = problem.sites[s].capacity[day];
                let row = self.program.row(f64::from(can), false, self.worth);
                for &(_, user) in used {
                    self.program.entry(row, user, 1.0);
                }
                if self.is_open((s, day), candidate.map(|(site, _)| site)) {
                    self.program.entry(row, column, -f64::from(terms.doses_a_day));
                }
                self.own_limits((s, day), (column, terms.doses_a_day));
            }
        }
        stations
    }

    /// The doses of everybody who may come to a site.
    fn doses_near(&self, site: SiteIndex) -> u32 {
        let is_near = |cohort: &Cohort| {
            let catchment = &self.problem.catchments[cohort.catchment];
            catchment.places.contains(&Place::Site(site))
        };
        let near = self.problem.cohorts.pairs().filter(|(_, cohort)| is_near(cohort));
        let doses = near.map(|(c, cohort)| u64::from(cohort.people) * self.doses[c].len() as u64);
        u32::try_from(doses.sum::<u64>()).unwrap_or(u32::MAX)
    }

    /// What campaigns allow themselves of a site where that is less than it can. Stations more raise it.
    fn own_limits(&mut self, (site, day): (SiteIndex, Day), (stations, each): (ColumnIndex, u32)) {
        let problem = self.problem;
        let can = problem.sites[site].capacity[day];
        for (k, programme) in problem.programmes.pairs() {
            let own = programme.sites[site].capacity[day];
            let used = self.used.get(&(Place::Site(site), day)).into_iter().flatten();
            let used: Vec<ColumnIndex> =
                used.filter(|user| user.0 == k).map(|user| user.1).collect();
            if own >= can || used.is_empty() {
                continue;
            }
            let row = self.program.row(f64::from(own), false, self.worth);
            for user in used {
                self.program.entry(row, user, 1.0);
            }
            if own > 0 {
                self.program.entry(row, stations, -f64::from(each));
            }
        }
    }

    fn is_open(&self, (site, day): (SiteIndex, Day), candidate: Option<&Site>) -> bool {
        let (problem, date) = (self.problem, self.problem.date(day));
        if let Some(could) = candidate {
            return could.weekly_capacity(date) > 0;
        }
        let code = problem.site(site).code.as_str();
        problem.sites[site].capacity[day] > 0 || self.means.is_unstaffed(code, date)
    }

    /// A stop is visited once a day, and teams give no more than their doses, stops and minutes allow; their way is not
    /// counted.
    fn stops(&mut self) -> Option<ColumnIndex> {
        let problem = self.problem;
        let model = problem.teams.iter().next().filter(|_| !problem.stops.is_empty())?;
        let limits = |team: &TeamModel| {
            [f64::from(team.doses_max), team.stops_max as f64, team.work_minutes]
        };
        let fastest = problem.teams.iter().map(|team| team.dose_minutes).fold(f64::MAX, f64::min);
        let teams = self.program.column(self.means.people_per_team(), TEAMS_MAX, 1.0);
        for day in problem.plan_days() {
            let mut can = [0.0; 3];
            for team in problem.teams.iter().filter(|team| team.works[day]) {
                for (sum, limit) in can.iter_mut().zip(limits(team)) {
                    *sum += limit;
                }
            }
            let rows = can.map(|can| self.program.row(can, false, self.worth));
            if model.works[day] {
                for (row, limit) in rows.into_iter().zip(limits(model)) {
                    self.program.entry(row, teams, -limit);
                }
            }
            for (p, stop) in problem.stops.pairs() {
                let most = if stop.open[day] { stop.doses_max } else { 0 };
                let visit = 1.0 / f64::from(stop.doses_max.max(1));
                let minutes = fastest + stop.setup_minutes * visit;
                let uses = [(rows[0], 1.0), (rows[1], visit), (rows[2], minutes)];
                self.stop((p, day), most, uses);
            }
        }
        Some(teams)
    }

    /// `uses`: what a dose there uses of the teams' day.
    fn stop(&mut self, (stop, day): (StopIndex, Day), most: u32, uses: [(RowIndex, f64); 3]) {
        let Some(used) = self.used.get(&(Place::Stop(stop), day)) else { return };
        let row = self.program.row(f64::from(most), false, self.worth);
        for &(_, user) in used {
            self.program.entry(row, user, 1.0);
            for (team_day, share) in uses {
                self.program.entry(team_day, user, share);
            }
        }
    }
}

fn of_catchment(problem: &Problem<'_>, catchment: CatchmentIndex) -> Vec<CohortIndex> {
    let cohorts = problem.cohorts.pairs().filter(|(_, cohort)| cohort.catchment == catchment);
    cohorts.map(|(c, _)| c).collect()
}
