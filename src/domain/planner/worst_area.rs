//! The second stage: among plans that are nearly as good, one with a better worst area. Areas
//! below a level get places from areas above it, cheapest exchange first; the level rises as long
//! as the objective may fall.

use super::draft::{Draft, Who};
use super::index::{Per, PerPlace};
use super::measure;
use super::search_budget::SearchBudget;

/// Steps of the level, as a share of people.
const LEVEL_STEP: f64 = 0.02;
/// The smallest.
const LEVEL_STEP_MIN: f64 = 0.001;

/// Raises the worst area; the objective stays at least `floor`, and nothing before day `until`
/// changes. It ends in time.
pub(super) fn raise_worst<'p>(
    draft: Draft<'p>,
    floor: f64,
    until: usize,
    budget: &mut SearchBudget,
    ends: f64,
) -> Draft<'p> {
    let mut best = draft;
    let mut shares = Shares::of(&best);
    let mut step = LEVEL_STEP;
    let mut takes = 0.0;
    while step >= LEVEL_STEP_MIN && shares.worst() < 1.0 && budget.has_time(takes, ends) {
        let began = budget.used();
        let mut next = best.clone();
        let mut next_shares = shares.clone();
        lift(&mut next, &mut next_shares, (shares.worst() + step).min(1.0), until);
        next.forget_dead();
        super::greedy::fill(&mut next);
        let found = Shares::of(&next);
        if found.worst() <= shares.worst() || measure::objective(&next) < floor {
            step /= 2.0;
        } else {
            (best, shares) = (next, found);
        }
        takes = budget.used() - began;
    }
    best
}

/// People who finish, by area.
#[derive(Clone)]
struct Shares {
    finished: Vec<u64>,
    people: Vec<u64>,
}

impl Shares {
    fn of(draft: &Draft) -> Self {
        let problem = draft.problem;
        let areas = problem.reach.len();
        let mut shares = Self { finished: vec![0; areas], people: vec![0; areas] };
        for (cohort, finished) in problem.cohorts.iter().zip(measure::finished(draft)) {
            shares.finished[cohort.area] += u64::from(finished);
            shares.people[cohort.area] += u64::from(cohort.people);
        }
        shares
    }

    fn share(&self, area: usize) -> f64 {
        if self.people[area] == 0 {
            1.0
        } else {
            self.finished[area] as f64 / self.people[area] as f64
        }
    }

    fn worst(&self) -> f64 {
        (0..self.people.len()).map(|area| self.share(area)).fold(1.0, f64::min)
    }

    /// People that an area lacks to the level (rounded up), or can spare.
    fn distance(&self, area: usize, level: f64) -> i64 {
        let want = (level * self.people[area] as f64).ceil();
        // Counts of people are far below the limits of both types.
        super::num::signed(want) - super::num::signed(self.finished[area] as f64)
    }
}

/// Brings areas below the level up to it, as far as others above can spare the places.
fn lift(draft: &mut Draft, shares: &mut Shares, level: f64, until: usize) {
    let problem = draft.problem;
    let givers = Givers::of(draft, until);
    let mut below: Vec<usize> =
        (0..shares.people.len()).filter(|&area| shares.distance(area, level) > 0).collect();
    below.sort_by(|&a, &b| shares.share(a).total_cmp(&shares.share(b)).then(a.cmp(&b)));
    for area in below {
        let mut cohorts: Vec<usize> = (0..problem.cohorts.len())
            .filter(|&c| problem.cohorts[c].area == area && draft.new_left[c] > 0)
            .collect();
        let priority = |c: usize| problem.cohorts[c].priority;
        cohorts.sort_by(|&a, &b| priority(b).total_cmp(&priority(a)).then(a.cmp(&b)));
        for cohort in cohorts {
            exchange(draft, shares, (cohort, area), level, &givers);
        }
    }
}

/// Paths whose steps others may take: of people without a dose, at fixed sites, on days that may
/// change.
struct Givers {
    /// By the place of the first step.
    of_place: PerPlace<Vec<usize>>,
}

impl Givers {
    fn of(draft: &Draft, until: usize) -> Self {
        let problem = draft.problem;
        let mut of_place = PerPlace {
            sites: Per::filled(Vec::new(), problem.sites.len()),
            stops: Per::filled(Vec::new(), problem.stops.len()),
        };
        for (at, path) in draft.paths.iter().enumerate() {
            let free = path.steps.iter().all(|step| step.day >= until && step.team.is_none());
            if let Some(first) = path.steps.first()
                && free
                && path.who == Who::New
                && path.people > 0
            {
                of_place[first.place].push(at);
            }
        }
        Self { of_place }
    }
}

/// Gives people of a cohort the steps of others, cheapest first.
fn exchange(
    draft: &mut Draft,
    shares: &mut Shares,
    (cohort, area): (usize, usize),
    level: f64,
    givers: &Givers,
) {
    let problem = draft.problem;
    let model = &problem.cohorts[cohort];
    let reach = &problem.reach[area];
    let can_spare: Vec<bool> = (0..shares.people.len())
        .map(|other| other != area && shares.distance(other, level) < 0)
        .collect();
    let mut offers: Vec<(f64, usize)> = Vec::new();
    for &at in reach.iter().flat_map(|&place| &givers.of_place[place]) {
        let path = &draft.paths[at];
        let giver = &problem.cohorts[path.cohort];
        let usable = path.people > 0
            && can_spare[giver.area]
            && path.steps.iter().all(|s| s.day >= model.opens && reach.contains(&s.place));
        if usable {
            let values = path.steps.iter().enumerate();
            let worth: f64 = values.map(|(j, step)| problem.value(giver, j, step.day)).sum();
            offers.push((worth - worth * model.priority / giver.priority.max(1e-9), at));
        }
    }
    offers.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for (_, at) in offers {
        let giver = problem.cohorts[draft.paths[at].cohort].area;
        let lacks = shares.distance(area, level).max(0);
        let spare = (-shares.distance(giver, level)).max(0);
        let most = lacks.min(spare).min(i64::from(draft.left(cohort, Who::New)));
        let n = u32::try_from(most).unwrap_or(u32::MAX).min(draft.paths[at].people);
        if n == 0 {
            if lacks == 0 {
                return;
            }
            continue;
        }
        let steps = draft.paths[at].steps.clone();
        draft.take_off(at, n);
        let placed = draft.place_exactly(cohort, Who::New, &steps, n);
        let back = draft.place_exactly(draft.paths[at].cohort, Who::New, &steps, n - placed);
        shares.finished[area] += u64::from(placed);
        shares.finished[giver] = shares.finished[giver] + u64::from(back) - u64::from(n);
    }
}
