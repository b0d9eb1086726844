//! What a plan is worth: objective, people finished, worst area, travel.

use super::draft::{Draft, Path};
use super::index::{AreaIndex, CohortIndex, Per, Place, ProgrammeIndex, StopIndex};
use super::model::{AreaModel, Problem};
use crate::domain::id::{AreaCode, GroupId};
use crate::domain::plan::{Figures, PlanRow, WorstArea};
use std::collections::BTreeMap;
use std::ops::Add;

/// Weighted area under the coverage curves, over all programmes.
pub(super) fn objective(draft: &Draft) -> f64 {
    // A sum of nothing would be -0.
    draft.paths.iter().map(|path| worth(draft, path)).fold(0.0, Add::add)
}

/// What a path adds to the objective.
fn worth(draft: &Draft, path: &Path) -> f64 {
    let problem = draft.problem;
    let cohort = &problem.cohorts[path.cohort];
    let dose = draft.first_dose(path.cohort, path.who);
    let steps = path.steps.iter().enumerate();
    let each: f64 = steps.map(|(j, step)| problem.value(cohort, dose + j, step.day)).sum();
    each * f64::from(path.people)
}

/// People of each cohort who finish, with history.
pub(super) fn finished(draft: &Draft) -> Per<CohortIndex, u32> {
    let problem = draft.problem;
    let mut finished: Per<CohortIndex, u32> =
        problem.cohorts.iter().map(|cohort| cohort.finished).collect();
    for path in &draft.paths {
        let dose = draft.first_dose(path.cohort, path.who);
        if dose + path.steps.len() == problem.programme_of(path.cohort).doses() {
            finished[path.cohort] += path.people;
        }
    }
    finished
}

/// People of a group of a programme who finish, with history.
pub(super) fn finished_of(draft: &Draft, k: ProgrammeIndex, group: &GroupId) -> u64 {
    let cohorts = draft.problem.cohorts.iter().zip(finished(draft));
    let of_group = cohorts.filter(|(one, _)| one.programme == k && one.key.group == *group);
    of_group.map(|(_, n)| u64::from(n)).sum()
}

/// People of each group of a programme who finish by the rows of a plan, with history.
pub(super) fn finished_by_group(
    problem: &Problem,
    k: ProgrammeIndex,
    rows: &[PlanRow],
) -> BTreeMap<GroupId, u64> {
    let mut finished: BTreeMap<GroupId, u64> = BTreeMap::new();
    for cohort in problem.cohorts.iter().filter(|cohort| cohort.programme == k) {
        *finished.entry(cohort.key.group.clone()).or_insert(0) += u64::from(cohort.finished);
    }
    let doses = problem.programmes[k].doses();
    for row in rows.iter().filter(|row| usize::from(row.dose) == doses) {
        *finished.entry(row.group.clone()).or_insert(0) += u64::from(row.doses);
    }
    finished
}

/// All figures but the bound, over all programmes.
pub(super) fn figures(draft: &Draft) -> Figures {
    let problem = draft.problem;
    let finished = finished(draft);
    let people = |n: &u32| u64::from(*n);
    let doses = draft.paths.iter().map(|path| u64::from(path.people) * path.steps.len() as u64);
    let worst = worst_area(problem, &finished, |_| true);
    Figures {
        objective: objective(draft),
        doses: doses.sum(),
        people: problem.cohorts.iter().map(|cohort| u64::from(cohort.people)).sum(),
        people_finished: finished.iter().map(people).sum(),
        worst_area: worst.map(|worst| worst.1),
        travel_km: people_km(draft, |_| true) + team_km(draft),
        ..Figures::default()
    }
}

/// The figures of each programme, with the kilometres of its people alone: tours serve all.
pub(super) fn of_programmes(draft: &Draft) -> Per<ProgrammeIndex, Figures> {
    let problem = draft.problem;
    let finished = finished(draft);
    let figures = |k: ProgrammeIndex| {
        let own = |cohort: CohortIndex| problem.cohorts[cohort].programme == k;
        let cohorts = || problem.cohorts.pairs().filter(|(cohort, _)| own(*cohort));
        let paths = || draft.paths.iter().filter(|path| own(path.cohort));
        Figures {
            objective: paths().map(|path| worth(draft, path)).fold(0.0, Add::add),
            doses: paths().map(|path| u64::from(path.people) * path.steps.len() as u64).sum(),
            people: cohorts().map(|(_, cohort)| u64::from(cohort.people)).sum(),
            people_finished: cohorts().map(|(at, _)| u64::from(finished[at])).sum(),
            worst_area: worst_area(problem, &finished, |of| of == k).map(|worst| worst.1),
            travel_km: people_km(draft, |of| of == k),
            ..Figures::default()
        }
    };
    problem.programmes.indices().map(figures).collect()
}

/// The area of some programmes with the lowest share of people who finish, and its programme; the
/// first programme and the first area by code among equals.
pub(super) fn worst_area(
    problem: &Problem,
    finished: &Per<CohortIndex, u32>,
    counts: impl Fn(ProgrammeIndex) -> bool,
) -> Option<(ProgrammeIndex, WorstArea)> {
    let mut areas: BTreeMap<(ProgrammeIndex, &AreaCode), (u64, u64)> = BTreeMap::new();
    for (cohort, &done) in problem.cohorts.iter().zip(finished) {
        if counts(cohort.programme) {
            let held = areas.entry((cohort.programme, &cohort.key.area)).or_default();
            held.0 += u64::from(done);
            held.1 += u64::from(cohort.people);
        }
    }
    let with_people = areas.into_iter().filter(|(_, (_, people))| *people > 0);
    let ((programme, area), (done, people)) = with_people.min_by(|(_, a), (_, b)| {
        // a.0 / a.1 < b.0 / b.1 without a division
        (u128::from(a.0) * u128::from(b.1)).cmp(&(u128::from(b.0) * u128::from(a.1)))
    })?;
    let share = done as f64 / people as f64;
    Some((programme, WorstArea { area: area.clone(), share }))
}

/// Kilometres of the people of some programmes: there and back.
fn people_km(draft: &Draft, counts: impl Fn(ProgrammeIndex) -> bool) -> f64 {
    let problem = draft.problem;
    let mut doses: BTreeMap<(AreaIndex, Place), u64> = BTreeMap::new();
    for path in &draft.paths {
        let cohort = &problem.cohorts[path.cohort];
        if counts(cohort.programme) {
            for step in &path.steps {
                *doses.entry((cohort.area, step.place)).or_insert(0) += u64::from(path.people);
            }
        }
    }
    let both_ways = 2.0 * problem.travel.road_factor;
    doses
        .into_iter()
        .map(|((area, place), n)| n as f64 * both_ways * km(problem, area, place))
        .fold(0.0, Add::add)
}

/// Great-circle kilometres from an area to a place, 0 if unknown. A site without coordinates counts
/// as standing at the point of its own area.
pub(super) fn km(problem: &Problem, area: AreaIndex, place: Place) -> f64 {
    let AreaModel { programme, area } = problem.areas[area];
    let campaign = problem.programmes[programme].campaign;
    let at = match place {
        Place::Stop(stop) => Some(problem.stop(stop).point),
        Place::Site(site) => {
            let site = problem.site(site);
            site.point.or_else(|| campaign.area(site.area.as_str()).and_then(|area| area.point))
        }
    };
    area.point.zip(at).map_or(0.0, |(a, b)| a.km_to(b))
}

/// Kilometres of all tours; of those that are driven for plans that stay only what is longer now.
fn team_km(draft: &Draft) -> f64 {
    let problem = draft.problem;
    let mut km = 0.0;
    for team in problem.teams.indices() {
        let tour = |visits: &[(StopIndex, u32)]| {
            let stops: Vec<StopIndex> = visits.iter().map(|visit| visit.0).collect();
            if stops.is_empty() { 0.0 } else { problem.roads.tour_km(team, &stops) }
        };
        for day in problem.plan_days() {
            let (visits, taken) = (draft.free.visits(team, day), problem.taken_on(team, day));
            if visits.len() > taken.len() {
                km += tour(visits) - tour(taken);
            }
        }
    }
    km
}
