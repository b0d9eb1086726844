//! A published plan as wishes: its rows paired to paths, first in, first out, for the people of
//! today.

use super::draft::{Draft, Who};
use super::free_capacity::Step;
use super::index::{Place, SiteIndex, StopIndex, TeamIndex, by_code};
use super::model::{Cohort, Problem};
use super::num::number;
use crate::domain::campaign::CohortKey;
use crate::domain::plan::PlanRow;
use std::collections::{BTreeMap, VecDeque};

/// People of a cohort and the steps that a plan meant for them; steps may be missing at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    /// Index of the cohort.
    pub(super) cohort: usize,
    /// Who.
    pub(super) who: Who,
    /// How many.
    pub(super) people: u32,
    /// Where and when.
    pub(super) steps: Vec<Step>,
}

/// Pairs the rows of a plan that can still be used. Rows of unknown things and of days outside
/// are left out.
pub(super) fn wishes(problem: &Problem, rows: &[PlanRow]) -> Vec<Wish> {
    let campaign = problem.campaign;
    let cohorts: BTreeMap<&CohortKey, usize> =
        problem.cohorts.iter().enumerate().map(|(i, cohort)| (&cohort.key, i)).collect();
    let sites = by_code::<SiteIndex>(campaign.sites.iter().map(|site| site.code.as_str()));
    let stops = by_code::<StopIndex>(campaign.stops.iter().map(|stop| stop.code.as_str()));
    let teams = by_code::<TeamIndex>(campaign.teams.iter().map(|team| team.code.as_str()));
    let place_of = |code: &str| -> Option<Place> {
        let site = || sites.get(code).copied().map(Place::Site);
        stops.get(code).copied().map(Place::Stop).or_else(site)
    };
    let mut steps = vec![vec![Vec::new(); problem.shares.len()]; problem.cohorts.len()];
    for row in rows {
        let day = (row.day - campaign.start).num_days();
        let (Some(&cohort), Some(place)) =
            (cohorts.get(&CohortKey::of(row)), place_of(row.place.as_str()))
        else {
            continue;
        };
        let dose = usize::from(row.dose);
        let known = (1..=problem.shares.len()).contains(&dose)
            && number(problem.first) <= day
            && day < number(problem.days)
            && problem.reach[problem.cohorts[cohort].area].contains(&place);
        if known {
            let team = row.team.as_ref().and_then(|team| teams.get(team.as_str())).copied();
            let day = super::num::day(day);
            steps[cohort][dose - 1].push((Step { day, place, team }, row.doses));
        }
    }
    let mut all = Vec::new();
    for (cohort, mut doses) in steps.into_iter().enumerate() {
        for rows in &mut doses {
            rows.sort();
        }
        pair(problem, cohort, doses, &mut all);
    }
    all
}

/// Pairs one cohort's doses: those who are bound come before those who are not, each first in,
/// first out.
fn pair(problem: &Problem, c: usize, doses: Vec<Vec<(Step, u32)>>, all: &mut Vec<Wish>) {
    let cohort: &Cohort = &problem.cohorts[c];
    let mut moving: Vec<Wish> = Vec::new();
    for (j, rows) in doses.into_iter().enumerate() {
        if j == 0 {
            let new = |(step, people)| Wish { cohort: c, who: Who::New, people, steps: vec![step] };
            moving = rows.into_iter().map(new).collect();
            continue;
        }
        let (mut owed, mut free) = (VecDeque::new(), VecDeque::new());
        for (r, run) in cohort.waiting.iter().enumerate().filter(|(_, run)| run.dose == j) {
            let wish =
                Wish { cohort: c, who: Who::Waiting(r), people: run.people, steps: Vec::new() };
            let queue = if run.bound { &mut owed } else { &mut free };
            queue.push_back(((run.low, run.high), wish));
        }
        for wish in std::mem::take(&mut moving) {
            let window = wish.steps.last().map_or((1, 0), |s| problem.windows[j - 1][s.day]);
            owed.push_back((window, wish));
        }
        for (step, mut n) in rows {
            for queue in [&mut owed, &mut free] {
                n = serve(queue, step, n, &mut moving, all);
            }
        }
        all.extend(owed.into_iter().chain(free).map(|(_, wish)| wish));
    }
    all.extend(moving);
    all.retain(|wish| !wish.steps.is_empty());
}

/// Gives up to `n` doses of a step to the front of a queue; who is too late for it keeps what
/// they have.
fn serve(
    queue: &mut VecDeque<((usize, usize), Wish)>,
    step: Step,
    mut n: u32,
    moving: &mut Vec<Wish>,
    all: &mut Vec<Wish>,
) -> u32 {
    while n > 0 {
        let Some(((low, high), wish)) = queue.front_mut() else { break };
        if *high < step.day {
            all.extend(queue.pop_front().map(|(_, wish)| wish));
            continue;
        }
        if step.day < *low {
            break;
        }
        let taken = n.min(wish.people);
        let mut served = Wish { people: taken, ..wish.clone() };
        served.steps.push(step);
        moving.push(served);
        wish.people -= taken;
        n -= taken;
        if wish.people == 0 {
            queue.pop_front();
        }
    }
    n
}

/// What wishes would be worth if all of them were kept, for as many people as there are.
pub(super) fn worth(problem: &Problem, wishes: &[Wish]) -> f64 {
    let mut new_left: Vec<u32> = problem.cohorts.iter().map(|c| c.new_people).collect();
    let mut worth = 0.0;
    for wish in wishes {
        let cohort = &problem.cohorts[wish.cohort];
        let (first, people) = match wish.who {
            Who::Waiting(run) => (cohort.waiting[run].dose, wish.people),
            Who::New => {
                let left = &mut new_left[wish.cohort];
                let people = wish.people.min(*left);
                *left -= people;
                (0, people)
            }
        };
        let steps = (first..problem.shares.len()).zip(&wish.steps);
        let of_one: f64 = steps.map(|(dose, step)| problem.value(cohort, dose, step.day)).sum();
        worth += f64::from(people) * of_one;
    }
    worth
}

/// Places wishes whose first step is before day `until`, those of people who wait first. What
/// does not fit stays with the people who are left.
pub(super) fn place_wishes(draft: &mut Draft, wishes: &[Wish], until: usize) {
    for new in [false, true] {
        for wish in wishes.iter().filter(|wish| (wish.who == Who::New) == new) {
            if wish.steps.first().is_some_and(|step| step.day < until) {
                let mut left = wish.people;
                while left > 0 {
                    let placed = draft.place_on(wish.cohort, wish.who, &wish.steps, left);
                    if placed == 0 {
                        break;
                    }
                    left -= placed;
                }
            }
        }
    }
}
