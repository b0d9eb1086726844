//! The plain planner: day by day, cohorts with the highest priority first, all doses of a person
//! reserved together.

use super::draft::{Draft, Who};
use super::index::{CohortIndex, Day, RunIndex};
use super::model::Problem;
use std::collections::BTreeMap;

/// How often room is made in the days that stay: people who make room may be bound themselves.
const FREEZE_TRIES: usize = 4;

/// Cohorts by falling urgency, then priority; equal ones in the order of the problem.
pub(super) fn by_priority(problem: &Problem) -> Vec<CohortIndex> {
    let mut order: Vec<CohortIndex> = problem.cohorts.indices().collect();
    order.sort_by(|&a, &b| {
        let priority = |cohort: CohortIndex| problem.cohorts[cohort].priority;
        problem
            .urgency(b)
            .total_cmp(&problem.urgency(a))
            .then(priority(b).total_cmp(&priority(a)))
            .then(a.cmp(&b))
    });
    order
}

/// Places people who have waited since before the plan: first those whose window closes inside the
/// campaign, by deadline; then the others, those who may get the dose earliest first.
pub(super) fn place_waiting(draft: &mut Draft) {
    for bound in [true, false] {
        for (_, cohort, run) in waiting(draft.problem, bound) {
            let days = (draft.run(cohort, run).low, draft.run(cohort, run).high);
            while draft.waiting_left[cohort][run] > 0 {
                if draft.place(cohort, Who::Waiting(run), days, u32::MAX) == 0 {
                    break;
                }
            }
        }
    }
}

/// Runs of waiting people, `(day, cohort, run)`, in the order in which they get a dose.
pub(super) fn waiting(problem: &Problem, bound: bool) -> Vec<(Day, CohortIndex, RunIndex)> {
    let mut runs = Vec::new();
    for (c, cohort) in problem.cohorts.pairs() {
        for (r, run) in cohort.waiting.pairs() {
            if run.bound == bound {
                runs.push((if bound { run.high } else { run.low }, c, r));
            }
        }
    }
    runs.sort_unstable();
    runs
}

/// Fills what is free with people who start: on each day cohorts by priority.
pub(super) fn fill(draft: &mut Draft) {
    let problem = draft.problem;
    let order = by_priority(problem);
    for day in problem.plan_days() {
        for &cohort in &order {
            let model = &problem.cohorts[cohort];
            while draft.new_left[cohort] > 0
                && model.opens <= day
                && day < problem.programme(model).end
                && !draft.is_dead(model.catchment, 0, day)
            {
                if draft.place(cohort, Who::New, (day, day), u32::MAX) == 0 {
                    break;
                }
            }
        }
    }
}

/// A plan that keeps the wishes whose first step is before day `until`, and fills the rest.
pub(super) fn plan<'p>(
    problem: &'p Problem<'p>,
    wishes: &[super::published_plan::Wish],
    until: Day,
) -> Draft<'p> {
    let mut draft = base(problem, wishes, until);
    fill(&mut draft);
    draft
}

/// The wishes before day `until`, and everybody who waits since before the plan.
pub(super) fn base<'p>(
    problem: &'p Problem<'p>,
    wishes: &[super::published_plan::Wish],
    until: Day,
) -> Draft<'p> {
    let mut draft = frozen(problem, wishes, until);
    place_waiting(&mut draft);
    draft
}

/// Agreed sessions and the wishes before day `until`. Where they would keep people from getting a dose before their
/// window closes, room is made for these people, and for nobody else.
pub(super) fn frozen<'p>(
    problem: &'p Problem<'p>,
    wishes: &[super::published_plan::Wish],
    until: Day,
) -> Draft<'p> {
    let mut draft = super::agreed::placed(problem);
    super::published_plan::place_wishes(&mut draft, wishes, until);
    if wishes.is_empty() {
        return draft;
    }
    let late = |draft: &Draft| {
        let mut draft = draft.clone();
        place_waiting(&mut draft);
        bound_runs_left(&draft)
    };
    let mut found = late(&draft);
    let mut first: BTreeMap<(CohortIndex, RunIndex), u32> = BTreeMap::new();
    for _ in 0..FREEZE_TRIES {
        if found.is_empty() {
            break;
        }
        for &(cohort, run, people) in &found {
            *first.entry((cohort, run)).or_insert(0) += people;
        }
        let mut again = super::agreed::placed(problem);
        for (day, cohort, run) in waiting(problem, true) {
            let days = (draft.run(cohort, run).low, day);
            let mut people = first.get(&(cohort, run)).copied().unwrap_or(0);
            while people > 0 {
                let placed = again.place(cohort, Who::Waiting(run), days, people);
                if placed == 0 {
                    break;
                }
                people -= placed;
            }
        }
        super::published_plan::place_wishes(&mut again, wishes, until);
        let still = late(&again);
        let count = |left: &[(CohortIndex, RunIndex, u32)]| -> u64 {
            left.iter().map(|one| u64::from(one.2)).sum()
        };
        if count(&still) >= count(&found) {
            break;
        }
        (draft, found) = (again, still);
    }
    if found.is_empty() {
        return draft;
    }
    // Room for some is not enough: then all who must come in time come first.
    let mut all = super::agreed::placed(problem);
    place_waiting(&mut all);
    if bound_left(&all) < found.iter().map(|one| u64::from(one.2)).sum() {
        super::published_plan::place_wishes(&mut all, wishes, until);
        draft = all;
    }
    draft
}

/// Runs of people whose window closes inside the campaign and who have no path, with how many there are.
pub(super) fn bound_runs_left(draft: &Draft) -> Vec<(CohortIndex, RunIndex, u32)> {
    let runs = waiting(draft.problem, true).into_iter();
    let left = runs.map(|(_, cohort, run)| (cohort, run, draft.waiting_left[cohort][run]));
    left.filter(|one| one.2 > 0).collect()
}

/// The wishes before day `until`, without agreed sessions.
pub(super) fn wished<'p>(
    problem: &'p Problem<'p>,
    wishes: &[super::published_plan::Wish],
    until: Day,
) -> Draft<'p> {
    let mut draft = Draft::new(problem);
    super::published_plan::place_wishes(&mut draft, wishes, until);
    draft
}

/// People without a path whose window closes inside the campaign.
pub(super) fn bound_left(draft: &Draft) -> u64 {
    let runs = waiting(draft.problem, true);
    runs.iter().map(|&(_, cohort, run)| u64::from(draft.waiting_left[cohort][run])).sum()
}
