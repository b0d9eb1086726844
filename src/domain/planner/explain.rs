//! Why people are not placed.

use super::draft::{Draft, Who};
use super::free_capacity::Blocked;
use super::index::{CohortIndex, Day, ListIndex as _, Place};
use super::model::{Cohort, Problem};
use crate::domain::plan::{Unplaced, UnplacedReason};
use std::collections::BTreeMap;

/// Everybody without a complete series, by cohort and reason.
pub(super) fn unplaced(draft: &Draft) -> Vec<Unplaced> {
    let problem = draft.problem;
    let mut counts: BTreeMap<(CohortIndex, UnplacedReason), u32> = BTreeMap::new();
    for (c, cohort) in problem.cohorts.pairs() {
        if draft.new_left[c] > 0 {
            let reason = reason(draft, cohort);
            *counts.entry((c, reason)).or_insert(0) += draft.new_left[c];
        }
        // Their window has closed, or closes before a place is free: who is placed as early as
        // possible and still left has no place at all.
        for &people in draft.waiting_left[c].iter().filter(|people| **people > 0) {
            *counts.entry((c, UnplacedReason::Overdue)).or_insert(0) += people;
        }
    }
    for path in draft.paths.iter().filter(|path| stops_early(draft, path)) {
        *counts.entry((path.cohort, UnplacedReason::Overdue)).or_insert(0) += path.people;
    }
    let row = |((c, reason), people): ((CohortIndex, UnplacedReason), u32)| {
        let key = &problem.cohorts[c].key;
        Unplaced { area: key.area.clone(), group: key.group.clone(), people, reason }
    };
    counts.into_iter().map(row).collect()
}

/// Whether a path ends before the last dose; only people who had a dose before the plan may stop
/// early.
fn stops_early(draft: &Draft, path: &super::draft::Path) -> bool {
    let Who::Waiting(run) = path.who else { return false };
    draft.run(path.cohort, run).dose + path.steps.len() < draft.problem.shares.len()
}

/// Why people of a cohort without a dose are not placed: the most frequent obstacle over all places
/// and days on which they could start.
fn reason(draft: &Draft, cohort: &Cohort) -> UnplacedReason {
    let problem = draft.problem;
    let places = &problem.reach[cohort.area];
    if places.is_empty() {
        return UnplacedReason::NoPlace;
    }
    let useful = cohort.opens.until(problem.end()).find(|&day| finishes(problem, day));
    let Some(first) = useful else { return UnplacedReason::Horizon };
    let last = Day::of(problem.days - 1);
    let mut counts: BTreeMap<UnplacedReason, usize> = BTreeMap::new();
    for &place in places {
        for day in first.through(last) {
            let held = match draft.free.blocked_by(place, day) {
                None | Some(Blocked::Shut) => continue,
                Some(Blocked::Supply) => UnplacedReason::Supply,
                Some(Blocked::Storage) => UnplacedReason::Storage,
                Some(Blocked::Full) => match place {
                    Place::Site(_) => UnplacedReason::SiteCapacity,
                    Place::Stop(_) => UnplacedReason::TeamDays,
                },
            };
            *counts.entry(held).or_insert(0) += 1;
        }
    }
    let most = counts.iter().max_by_key(|(reason, n)| (**n, std::cmp::Reverse(**reason)));
    most.map_or_else(|| idle_reason(problem, places, first, last), |(reason, _)| *reason)
}

/// The reason if nothing is used up: nothing is open, there is no vaccine at all, or the open days
/// do not fit the intervals.
fn idle_reason(problem: &Problem, places: &[Place], first: Day, last: Day) -> UnplacedReason {
    let open = |place: Place, day: Day| match place {
        Place::Site(site) => problem.sites[site].capacity[day] > 0,
        Place::Stop(stop) => {
            problem.stops[stop].open[day] && problem.teams.iter().any(|team| team.works[day])
        }
    };
    if places.iter().any(|&place| first.through(last).any(|day| open(place, day))) {
        if problem.lots.iter().all(|lot| lot.units == 0) {
            UnplacedReason::Supply
        } else {
            UnplacedReason::Horizon
        }
    } else {
        UnplacedReason::Closed
    }
}

/// Whether somebody who gets the first dose on `day` can finish before the end.
fn finishes(problem: &Problem, day: Day) -> bool {
    let mut at = day;
    for windows in &problem.windows {
        let (low, high) = windows[at];
        if low > high {
            return false;
        }
        at = low;
    }
    true
}
