//! The people of the compact program: kinds put together.

use super::draft::{Draft, Who};
use super::index::{CohortIndex, Day, ReachIndex};
use super::prices::Market;
use std::collections::BTreeMap;

/// People of a cohort: without a dose, or a run of those who wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// Their cohort.
    pub(super) cohort: CohortIndex,
    /// Who of it.
    pub(super) who: Who,
    /// How many have no path yet.
    pub(super) people: u32,
    /// First day of their next dose.
    pub(super) low: Day,
    /// Last day.
    pub(super) high: Day,
    /// Whether they must get it by then.
    pub(super) bound: bool,
}

/// People whom the program need not tell apart.
#[derive(Debug, Clone)]
pub(super) struct Aggregate {
    /// The set of places.
    pub(super) reach: ReachIndex,
    /// Weight of a dose.
    pub(super) priority: f64,
    /// Index of the first dose that is missing.
    pub(super) dose: usize,
    /// First day of that dose.
    pub(super) opens: Day,
    /// Whether they may stop after any dose: who waits since before the plan.
    pub(super) may_stop: bool,
    /// Who they are; of those who wait first whose window closes, by deadline.
    pub(super) members: Vec<Member>,
    /// How many together.
    pub(super) people: f64,
}

/// The people without a path in `base`: kinds of new people as they are, those who wait put
/// together over their days.
pub(super) fn aggregates(market: &Market, base: &Draft) -> Vec<Aggregate> {
    let problem = market.problem;
    let mut found: BTreeMap<(ReachIndex, u64, usize, bool, Day), Aggregate> = BTreeMap::new();
    for kind in &market.kinds {
        for &(cohort, who, _) in &kind.members {
            let people = base.left(cohort, who);
            let (low, high) = kind.days;
            let programme = &problem.programmes[kind.programme];
            // Who has a place by an agreed session stays, so that programs with and without these
            // sessions have the same rows.
            let catchment = &problem.catchments[problem.cohorts[cohort].catchment];
            if (people == 0 && catchment.agreed.is_empty()) || low >= programme.end {
                continue;
            }
            let bound = match who {
                Who::New => false,
                Who::Waiting(run) => problem.cohorts[cohort].waiting[run].bound,
            };
            let opens = if kind.may_stop { programme.first } else { low };
            let key = (kind.reach, kind.priority.to_bits(), kind.dose, kind.may_stop, opens);
            let aggregate = found.entry(key).or_insert_with(|| Aggregate {
                reach: kind.reach,
                priority: kind.priority,
                dose: kind.dose,
                opens,
                may_stop: kind.may_stop,
                members: Vec::new(),
                people: 0.0,
            });
            aggregate.people += f64::from(people);
            aggregate.members.push(Member { cohort, who, people, low, high, bound });
        }
    }
    let mut aggregates: Vec<Aggregate> = found.into_values().collect();
    for aggregate in aggregates.iter_mut().filter(|aggregate| aggregate.may_stop) {
        let when = |m: &Member| if m.bound { m.high } else { m.low };
        aggregate.members.sort_by_key(|m| (!m.bound, when(m), m.low, m.cohort, m.who));
    }
    aggregates
}
