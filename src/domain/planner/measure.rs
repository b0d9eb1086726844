//! What a plan is worth: objective, people finished, worst area, travel.

use super::draft::{Draft, Who};
use super::index::{AreaIndex, CohortIndex, ListIndex as _, Per, Place, StopIndex};
use super::model::Problem;
use crate::domain::id::GroupId;
use crate::domain::plan::{Figures, PlanRow, WorstArea};
use std::collections::BTreeMap;

/// Weighted area under the coverage curves.
pub(super) fn objective(draft: &Draft) -> f64 {
    let problem = draft.problem;
    draft
        .paths
        .iter()
        .map(|path| {
            let cohort = &problem.cohorts[path.cohort];
            let dose = match path.who {
                Who::New => 0,
                Who::Waiting(run) => cohort.waiting[run].dose,
            };
            let steps = path.steps.iter().enumerate();
            let each: f64 = steps.map(|(j, step)| problem.value(cohort, dose + j, step.day)).sum();
            each * f64::from(path.people)
        })
        .sum()
}

/// People of each cohort who finish, with history.
pub(super) fn finished(draft: &Draft) -> Per<CohortIndex, u32> {
    let problem = draft.problem;
    let mut finished: Per<CohortIndex, u32> =
        problem.cohorts.iter().map(|cohort| cohort.finished).collect();
    for path in &draft.paths {
        let dose = match path.who {
            Who::New => 0,
            Who::Waiting(run) => problem.cohorts[path.cohort].waiting[run].dose,
        };
        if dose + path.steps.len() == problem.shares.len() {
            finished[path.cohort] += path.people;
        }
    }
    finished
}

/// People of each group who finish by the rows of a plan, with history.
pub(super) fn finished_by_group(problem: &Problem, rows: &[PlanRow]) -> BTreeMap<GroupId, u64> {
    let mut finished: BTreeMap<GroupId, u64> = BTreeMap::new();
    for cohort in &problem.cohorts {
        *finished.entry(cohort.key.group.clone()).or_insert(0) += u64::from(cohort.finished);
    }
    for row in rows.iter().filter(|row| usize::from(row.dose) == problem.shares.len()) {
        *finished.entry(row.group.clone()).or_insert(0) += u64::from(row.doses);
    }
    finished
}

/// All figures but the bound.
pub(super) fn figures(draft: &Draft) -> Figures {
    let problem = draft.problem;
    let finished = finished(draft);
    let people = |n: &u32| u64::from(*n);
    let doses = draft.paths.iter().map(|path| u64::from(path.people) * path.steps.len() as u64);
    Figures {
        objective: objective(draft),
        doses: doses.sum(),
        people: problem.cohorts.iter().map(|cohort| u64::from(cohort.people)).sum(),
        people_finished: finished.iter().map(people).sum(),
        worst_area: worst_area(problem, &finished),
        travel_km: people_km(draft) + team_km(draft),
        ..Figures::default()
    }
}

/// The area with the lowest share of people who finish; the first by code among equals.
pub(super) fn worst_area(problem: &Problem, finished: &Per<CohortIndex, u32>) -> Option<WorstArea> {
    let mut areas: BTreeMap<&crate::domain::id::AreaCode, (u64, u64)> = BTreeMap::new();
    for (cohort, &done) in problem.cohorts.iter().zip(finished) {
        let held = areas.entry(&cohort.key.area).or_default();
        held.0 += u64::from(done);
        held.1 += u64::from(cohort.people);
    }
    let with_people = areas.into_iter().filter(|(_, (_, people))| *people > 0);
    let worst = with_people.min_by(|(_, a), (_, b)| {
        // a.0 / a.1 < b.0 / b.1 without a division
        (u128::from(a.0) * u128::from(b.1)).cmp(&(u128::from(b.0) * u128::from(a.1)))
    })?;
    let (done, people) = worst.1;
    Some(WorstArea { area: worst.0.clone(), share: done as f64 / people as f64 })
}

/// Kilometres of the people: there and back.
fn people_km(draft: &Draft) -> f64 {
    let problem = draft.problem;
    let mut doses: BTreeMap<(AreaIndex, Place), u64> = BTreeMap::new();
    for path in &draft.paths {
        let area = problem.cohorts[path.cohort].area;
        for step in &path.steps {
            *doses.entry((area, step.place)).or_insert(0) += u64::from(path.people);
        }
    }
    let both_ways = 2.0 * problem.campaign.travel.road_factor;
    doses
        .into_iter()
        .map(|((area, place), n)| n as f64 * both_ways * km(problem, area, place))
        .sum()
}

/// Great-circle kilometres from an area to a place, 0 if unknown. A site without coordinates counts
/// as standing at the point of its own area.
pub(super) fn km(problem: &Problem, area: AreaIndex, place: Place) -> f64 {
    let campaign = problem.campaign;
    let at = match place {
        Place::Stop(stop) => Some(problem.stop(stop).point),
        Place::Site(site) => {
            let site = problem.site(site);
            site.point.or_else(|| campaign.area(site.area.as_str()).and_then(|area| area.point))
        }
    };
    campaign.areas[area.position()].point.zip(at).map_or(0.0, |(a, b)| a.km_to(b))
}

fn team_km(draft: &Draft) -> f64 {
    let problem = draft.problem;
    let mut km = 0.0;
    for team in problem.teams.indices() {
        for day in problem.plan_days() {
            let visits = draft.free.visits(team, day);
            if !visits.is_empty() {
                let stops: Vec<StopIndex> = visits.iter().map(|visit| visit.0).collect();
                km += problem.roads.tour_km(team, &stops);
            }
        }
    }
    km
}
