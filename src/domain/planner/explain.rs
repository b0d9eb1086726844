//! Why people are not placed.

use super::draft::{Draft, Who};
use super::free_capacity::Blocked;
use super::index::{CohortIndex, Day, Per, Place, ProgrammeIndex};
use super::model::{Catchment, Cohort, Problem};
use super::programme::Programme;
use crate::domain::plan::{Unplaced, UnplacedReason};
use std::collections::{BTreeMap, BTreeSet};

/// Everybody without a complete series, by programme, cohort and reason.
pub(super) fn unplaced(draft: &Draft) -> Per<ProgrammeIndex, Vec<Unplaced>> {
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
            let is_at_home =
                cohort.at_home && problem.catchments[cohort.catchment].places.is_empty();
            let reason = if is_at_home { UnplacedReason::Home } else { UnplacedReason::Overdue };
            *counts.entry((c, reason)).or_insert(0) += people;
        }
    }
    for path in draft.paths.iter().filter(|path| stops_early(draft, path)) {
        *counts.entry((path.cohort, UnplacedReason::Overdue)).or_insert(0) += path.people;
    }
    let mut lists = Per::filled(Vec::new(), problem.programmes.len());
    for ((c, reason), people) in counts {
        let Cohort { programme, key, .. } = &problem.cohorts[c];
        let (area, group) = (key.area.clone(), key.group.clone());
        lists[*programme].push(Unplaced { area, group, people, reason });
    }
    lists
}

/// Whether a path ends before the last dose; only people who had a dose before the plan may stop
/// early.
fn stops_early(draft: &Draft, path: &super::draft::Path) -> bool {
    let Who::Waiting(run) = path.who else { return false };
    let doses = draft.problem.programme_of(path.cohort).doses();
    draft.run(path.cohort, run).dose + path.steps.len() < doses
}

/// Why people of a cohort without a dose are not placed: the most frequent obstacle over all places
/// and days on which they could start.
fn reason(draft: &Draft, cohort: &Cohort) -> UnplacedReason {
    let problem = draft.problem;
    let (programme, catchment) = (problem.programme(cohort), &problem.catchments[cohort.catchment]);
    if catchment.places.is_empty() {
        return if cohort.at_home { UnplacedReason::Home } else { UnplacedReason::NoPlace };
    }
    let is_agreed = |pins: &&BTreeSet<(Place, Day)>| pins.is_subset(&catchment.agreed);
    if let Some(pins) = catchment.pins.as_ref().filter(is_agreed) {
        return at_sessions(draft, cohort.programme, pins);
    }
    let useful = cohort.opens.until(programme.end).find(|&day| finishes(programme, day));
    let Some(first) = useful else { return UnplacedReason::Horizon };
    let last = programme.last();
    let mut counts: BTreeMap<UnplacedReason, usize> = BTreeMap::new();
    for &place in &catchment.places {
        for day in first.through(last).filter(|&day| catchment.allows(place, day)) {
            let held = match draft.free.blocked_by(cohort.programme, place, day) {
                None | Some(Blocked::Shut) => continue,
                Some(blocked) => reason_of(blocked, place),
            };
            *counts.entry(held).or_insert(0) += 1;
        }
    }
    let most = counts.iter().max_by_key(|(reason, n)| (**n, std::cmp::Reverse(**reason)));
    most.map_or_else(|| idle_reason(programme, problem, catchment, (first, last)), |most| *most.0)
}

/// Why people are left whose sessions are agreed: what keeps the first of these from giving its doses, else there are
/// more people than doses.
fn at_sessions(
    draft: &Draft,
    programme: ProgrammeIndex,
    pins: &BTreeSet<(Place, Day)>,
) -> UnplacedReason {
    let problem = draft.problem;
    for &(place, day) in pins.iter().filter(|pin| pin.1 >= problem.first) {
        let sessions = problem.agreed.iter().filter(|one| one.place == place && one.day == day);
        let agreed: u32 = sessions.map(|one| one.doses.unwrap_or(1)).sum();
        let is_there = |path: &&super::draft::Path| {
            path.steps.iter().any(|step| step.place == place && step.day == day)
        };
        let given: u32 = draft.paths.iter().filter(is_there).map(|path| path.people).sum();
        if given >= agreed {
            continue;
        }
        if let Some(blocked) = draft.free.blocked_by(programme, place, day) {
            return reason_of(blocked, place);
        }
    }
    UnplacedReason::NotAgreed
}

fn reason_of(blocked: Blocked, place: Place) -> UnplacedReason {
    match (blocked, place) {
        (Blocked::Shut, _) => UnplacedReason::Closed,
        (Blocked::Supply, _) => UnplacedReason::Supply,
        (Blocked::Storage, _) => UnplacedReason::Storage,
        (Blocked::Full, Place::Site(_)) => UnplacedReason::SiteCapacity,
        (Blocked::Full, Place::Stop(_)) => UnplacedReason::TeamDays,
    }
}

/// The reason if nothing is used up: nothing is open, there is no vaccine at all, or the open days
/// do not fit the intervals.
fn idle_reason(
    programme: &Programme,
    problem: &Problem,
    catchment: &Catchment,
    (first, last): (Day, Day),
) -> UnplacedReason {
    let open = |place: Place, day: Day| match place {
        Place::Site(site) => programme.sites[site].capacity[day] > 0,
        Place::Stop(stop) => programme.stops[stop][day],
    };
    let is_open = |&place: &Place| {
        first.through(last).any(|day| open(place, day) && catchment.allows(place, day))
    };
    if catchment.places.iter().any(is_open) {
        if programme.lots.iter().all(|&lot| problem.lots[lot].units == 0) {
            UnplacedReason::Supply
        } else {
            UnplacedReason::Horizon
        }
    } else {
        UnplacedReason::Closed
    }
}

/// Whether somebody who gets the first dose on `day` can finish before the end.
fn finishes(programme: &Programme, day: Day) -> bool {
    let mut at = day;
    for windows in &programme.windows {
        let (low, high) = windows[at];
        if low > high {
            return false;
        }
        at = low;
    }
    true
}
