//! Brings people of a mended plan forward into what became free since: vaccine of those who did not come, a lot that
//! came sooner, a place that opened again.
//!
//! Change has a price: nobody moves for a dose that comes only a little sooner, and nobody whose first step lies in the
//! days that stay.

use super::draft::{Draft, Path, Who};
use super::greedy::{by_priority, fill, place_waiting};
use super::index::{CohortIndex, Day};

/// A moved person must get the next dose so many days sooner: the price of a change (our choice).
const SOONER_DAYS_LEAST: i64 = 3;

/// Moves people whose first step is on or after day `until` to earlier days that are free. Of a cohort, those move who
/// would come last, so that few people move far instead of everybody a little.
pub(super) fn forward(draft: &mut Draft, until: Day) {
    let problem = draft.problem;
    let order = by_priority(problem);
    for day in problem.plan_days() {
        for &cohort in &order {
            let model = &problem.cohorts[cohort];
            if day < model.opens || day >= problem.programme(model).end {
                continue;
            }
            draft.forget_dead();
            while has_room(draft, cohort, day) && bring(draft, (cohort, day), until) {}
        }
    }
    draft.paths.retain(|path| path.people > 0);
    draft.forget_dead();
    place_waiting(draft);
    fill(draft);
}

/// Whether some place of a cohort seems free on a day.
fn has_room(draft: &Draft, cohort: CohortIndex, day: Day) -> bool {
    let programme = draft.problem.cohorts[cohort].programme;
    let mut places = draft.problem.places_of(cohort).iter();
    places.any(|&place| draft.free.most(programme, place, day) > 0)
}

/// Moves people of the cohort's last path to a day; false where nobody can be moved.
fn bring(draft: &mut Draft, (cohort, day): (CohortIndex, Day), until: Day) -> bool {
    let Some(at) = last(draft, cohort, day, until) else { return false };
    let Path { who, people, steps, .. } = draft.paths[at].clone();
    draft.take_off(at, people);
    let placed = draft.place(cohort, who, (day, day), people);
    let mut left = people - placed;
    while left > 0 {
        // What was free before is free again, less what was placed now.
        let back = draft.place_on(cohort, who, &steps, left);
        if back == 0 {
            break;
        }
        left -= back;
    }
    if left > 0 {
        // Somebody lost their later dose to the change: undo it.
        undo(draft, (cohort, day), who, placed);
        draft.place_on(cohort, who, &steps, left + placed);
        return false;
    }
    placed > 0
}

/// Takes people off the path that was placed last for them on a day.
fn undo(draft: &mut Draft, (cohort, day): (CohortIndex, Day), who: Who, people: u32) {
    let is_it = |path: &Path| {
        path.cohort == cohort
            && path.who == who
            && path.people >= people
            && path.steps.first().is_some_and(|step| step.day == day)
    };
    if let Some(at) = draft.paths.iter().rposition(is_it) {
        draft.take_off(at, people);
    }
}

/// The path of a cohort whose first step comes last, if it comes late enough to be worth moving to a day.
fn last(draft: &Draft, cohort: CohortIndex, day: Day, until: Day) -> Option<usize> {
    let is_ready = |path: &Path| match path.who {
        Who::New => true,
        Who::Waiting(run) => {
            let run = draft.run(cohort, run);
            run.low <= day && day <= run.high
        }
    };
    let may = |path: &Path| {
        path.cohort == cohort
            && path.people > 0
            && path.steps.first().is_some_and(|first| {
                first.day >= until && first.day.number() - day.number() >= SOONER_DAYS_LEAST
            })
            && is_ready(path)
    };
    let paths = draft.paths.iter().enumerate().filter(|(_, path)| may(path));
    paths.max_by_key(|(at, path)| (path.steps[0].day, *at)).map(|(at, _)| at)
}
