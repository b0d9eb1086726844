//! Doses on earlier days: whole people leave gaps, and who comes later may fill them. Nobody comes
//! later for it.
//!
//! Only plans of several campaigns use this: a campaign on its own keeps the plan that it had.

use super::draft::{Draft, Who};
use super::free_capacity::Step;
use super::index::{Day, Place};

/// Rounds over all paths: a gap that one leaves is filled by the next.
const ROUNDS: usize = 4;

/// Moves doses of people who start in the plan to earlier days as long as there is room, the most
/// urgent people first. Nothing before day `until` changes.
pub(super) fn bring_forward(draft: &mut Draft, until: Day) {
    for _ in 0..ROUNDS {
        let problem = draft.problem;
        let mut order: Vec<(usize, f64, Day)> = Vec::new();
        for (at, path) in draft.paths.iter().enumerate() {
            let first = path.steps.first().map(|step| step.day);
            if let Some(day) = first.filter(|_| path.who == Who::New && path.people > 0) {
                order.push((at, problem.urgency(path.cohort), day));
            }
        }
        // Who comes last gains most by the earliest gap.
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.2.cmp(&a.2)).then(a.0.cmp(&b.0)));
        let mut is_moved = false;
        for (at, _, _) in order {
            for dose in 0..draft.paths[at].steps.len() {
                is_moved |= forward(draft, at, dose, until);
            }
        }
        if !is_moved {
            return;
        }
    }
}

/// Moves one dose of a path's people to the earliest days with room; false if nobody moved.
fn forward(draft: &mut Draft, at: usize, dose: usize, until: Day) -> bool {
    let problem = draft.problem;
    let path = draft.paths[at].clone();
    let cohort = &problem.cohorts[path.cohort];
    let (programme, catchment) = (problem.programme(cohort), &problem.catchments[cohort.catchment]);
    let old = path.steps[dose];
    if old.day < until || !catchment.is_free(old.place, old.day) {
        return false;
    }
    let low = match dose.checked_sub(1) {
        None => cohort.opens,
        Some(before) => programme.windows[before][path.steps[before].day].0,
    };
    let mut is_moved = false;
    for day in low.max(until).max(programme.first).until(old.day) {
        let next = path.steps.get(dose + 1).map(|step| step.day);
        let fits = next.is_none_or(|next| {
            let (low, high) = programme.windows[dose][day];
            low <= next && next <= high
        });
        if !fits {
            continue;
        }
        for &place in catchment.places.iter().filter(|&&place| catchment.is_free(place, day)) {
            // A stop is not opened for a few people.
            if matches!(place, Place::Stop(stop) if !draft.free.is_visited(stop, day)) {
                continue;
            }
            let left = draft.paths[at].people;
            let n = left.min(draft.free.most(cohort.programme, place, day));
            if n == 0 {
                continue;
            }
            let mut steps = path.steps.clone();
            steps[dose] = Step { day, place, team: None };
            draft.take_off(at, n);
            let placed = draft.place_exactly(path.cohort, path.who, &steps, n);
            // Their old room is still free.
            draft.place_exactly(path.cohort, path.who, &path.steps, n - placed);
            is_moved |= placed > 0;
            if draft.paths[at].people == 0 {
                return is_moved;
            }
        }
    }
    is_moved
}
