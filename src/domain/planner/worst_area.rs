//! The second stage: among plans that are nearly as good, one in which the worst area does better.
//! Areas below a level get places from areas above it, the cheapest exchange first. The level rises
//! as long as the objective stays above its floor.

use super::draft::{Draft, Who};
use super::index::{AreaIndex, CohortIndex, Day, Per, PerPlace};
use super::measure;
use super::search_budget::SearchBudget;

/// Steps of the level, as a share of people.
const LEVEL_STEP: f64 = 0.02;
/// The smallest step; it is halved until then.
const LEVEL_STEP_MIN: f64 = 0.001;

/// Raises the share of the worst area. The objective stays at `floor` or above and nothing before
/// day `until` changes. Ends at the share `ends` of the time limit.
pub(super) fn raise_worst<'p>(
    draft: Draft<'p>,
    floor: f64,
    until: Day,
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
    finished: Per<AreaIndex, u64>,
    people: Per<AreaIndex, u64>,
}

impl Shares {
    fn of(draft: &Draft) -> Self {
        let problem = draft.problem;
        let areas = problem.areas.len();
        let mut shares = Self { finished: Per::filled(0, areas), people: Per::filled(0, areas) };
        for (cohort, finished) in problem.cohorts.iter().zip(measure::finished(draft)) {
            shares.finished[cohort.area] += u64::from(finished);
            shares.people[cohort.area] += u64::from(cohort.people);
        }
        shares
    }

    fn share(&self, area: AreaIndex) -> f64 {
        if self.people[area] == 0 {
            1.0
        } else {
            self.finished[area] as f64 / self.people[area] as f64
        }
    }

    fn worst(&self) -> f64 {
        self.people.indices().map(|area| self.share(area)).fold(1.0, f64::min)
    }

    /// People that an area lacks to reach the level, rounded up; negative: people it can spare.
    fn distance(&self, area: AreaIndex, level: f64) -> i64 {
        let want = (level * self.people[area] as f64).ceil();
        // Counts of people are far below the limits of both types.
        super::num::signed(want) - super::num::signed(self.finished[area] as f64)
    }
}

/// Brings areas below the level up to it as far as areas above it can spare places.
fn lift(draft: &mut Draft, shares: &mut Shares, level: f64, until: Day) {
    let problem = draft.problem;
    let givers = Givers::of(draft, until);
    let mut below: Vec<AreaIndex> =
        shares.people.indices().filter(|&area| shares.distance(area, level) > 0).collect();
    below.sort_by(|&a, &b| shares.share(a).total_cmp(&shares.share(b)).then(a.cmp(&b)));
    for area in below {
        let mut cohorts: Vec<CohortIndex> = problem
            .cohorts
            .indices()
            .filter(|&c| problem.cohorts[c].area == area && draft.new_left[c] > 0)
            .collect();
        let priority = |c: CohortIndex| problem.cohorts[c].priority;
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
    fn of(draft: &Draft, until: Day) -> Self {
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
    (cohort, area): (CohortIndex, AreaIndex),
    level: f64,
    givers: &Givers,
) {
    let problem = draft.problem;
    let model = &problem.cohorts[cohort];
    let reach = problem.places_of(cohort);
    let can_spare: Per<AreaIndex, bool> =
        Per::with(shares.people.len(), |other| other != area && shares.distance(other, level) < 0);
    let mut offers: Vec<(f64, usize)> = Vec::new();
    for &at in reach.iter().flat_map(|&place| &givers.of_place[place]) {
        let path = &draft.paths[at];
        let giver = &problem.cohorts[path.cohort];
        let usable = path.people > 0
            && giver.programme == model.programme
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

#[cfg(test)]
mod tests {
    use super::super::index::ListIndex as _;
    use super::super::testing::{eligible, first_plan, plain, start};
    use super::super::{Limits, make};
    use super::*;
    use crate::domain::campaign::Campaign;
    use crate::domain::site::Reach;

    /// Two areas of 60 people whose only site has room for 38 of them in two weeks of doses.
    fn campaign() -> Campaign {
        let mut campaign = plain();
        let mut second = campaign.areas[0].clone();
        second.code = "A2".into();
        campaign.areas.push(second);
        campaign.reach.push(Reach { area: "A2".into(), site: "S1".into() });
        campaign.eligible = vec![eligible("A1", "all", 60), eligible("A2", "all", 60)];
        campaign.deliveries[0].doses = 160;
        campaign
    }

    fn raised(draft: &Draft<'_>, floor: f64, until: Day) -> Vec<u64> {
        let mut nothing = |_| {};
        let mut never = || 0.0;
        let mut budget = SearchBudget { progress: &mut nothing, time_used: &mut never };
        let raised = raise_worst(draft.clone(), floor, until, &mut budget, 1.0);
        let found = Shares::of(&raised);
        found.finished.iter().copied().collect()
    }

    #[test]
    fn areas_below_get_places_of_areas_above_as_far_as_the_objective_allows() {
        let campaign = campaign();
        let problem = super::super::model::Problem::new(&campaign, &[], start());
        let draft = super::super::greedy::plan(&problem, &[], Day::FIRST);
        let shares = Shares::of(&draft);
        let before: Vec<u64> = shares.finished.iter().copied().collect();
        assert_eq!(before, [60, 16], "the first area by code is filled first");
        assert!((shares.worst() - 16.0 / 60.0).abs() < 1e-12);
        let (first, second) = (AreaIndex::of(0), AreaIndex::of(1));
        assert_eq!((shares.distance(first, 0.5), shares.distance(second, 0.5)), (-30, 14));
        assert_eq!(shares.distance(second, 0.501), 15, "rounded up");
        let after = raised(&draft, 0.0, Day::FIRST);
        assert_eq!(after.iter().sum::<u64>(), 76);
        assert!(after[1] >= 37, "{after:?}");
        let objective = measure::objective(&draft);
        assert_eq!(raised(&draft, objective * 1.01, Day::FIRST), before, "a floor out of reach");
        assert_eq!(raised(&draft, 0.0, Day::NEVER), before, "no day may change");
    }

    #[test]
    fn an_area_without_people_is_not_the_worst() {
        let mut campaign = campaign();
        campaign.eligible[1].people = 0;
        let problem = super::super::model::Problem::new(&campaign, &[], start());
        let shares = Shares::of(&super::super::greedy::plan(&problem, &[], Day::FIRST));
        assert!((shares.worst() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_search_ends_with_the_areas_about_equal() {
        let campaign = campaign();
        let request = first_plan(&campaign, Limits::steps(200));
        let plan = make(&request, &mut |_| {}, &mut || 0.0);
        let worst = plan.figures.worst_area.expect("areas").share;
        assert!(worst > 0.55, "{worst}");
    }
}
