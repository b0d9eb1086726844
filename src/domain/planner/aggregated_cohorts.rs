//! The people of the compact program: kinds put together, and their paths out of its columns.

use super::compact::{CRUMB, Compact};
use super::draft::{Draft, Who};
use super::prices::{Market, NO_SLOT};
use std::collections::BTreeMap;

/// People of a cohort: without a dose, or a run of those who wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// Index of the cohort.
    pub(super) cohort: usize,
    /// Who of it.
    pub(super) who: Who,
    /// How many have no path yet.
    pub(super) people: u32,
    /// First day of their next dose.
    pub(super) low: usize,
    /// Last day.
    pub(super) high: usize,
    /// Whether they must get it by then.
    pub(super) bound: bool,
}

/// People whom the program need not tell apart.
#[derive(Debug, Clone)]
pub(super) struct Aggregate {
    /// Index of the set of places.
    pub(super) reach: usize,
    /// Weight of a dose.
    pub(super) priority: f64,
    /// Index of the first dose that is missing.
    pub(super) dose: usize,
    /// First day of that dose.
    pub(super) opens: usize,
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
    let mut found: BTreeMap<(usize, u64, usize, bool, usize), Aggregate> = BTreeMap::new();
    for kind in &market.kinds {
        for &(cohort, who, _) in &kind.members {
            let people = base.left(cohort, who);
            let (low, high) = kind.days;
            if people == 0 || low >= problem.days {
                continue;
            }
            let bound = match who {
                Who::New => false,
                Who::Waiting(run) => problem.cohorts[cohort].waiting[run].bound,
            };
            let opens = if kind.may_stop { problem.first } else { low };
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

impl Compact {
    /// For each aggregate its paths with the people who take them: doses paired first in, first out.
    pub(super) fn paths(&self, market: &Market, x: &[f64]) -> Vec<Vec<(Vec<usize>, f64)>> {
        let mut all = Vec::with_capacity(self.aggregates.len());
        for (kind, doses) in self.aggregates.iter().zip(&self.doses) {
            let runs = |columns: &Vec<usize>| -> Vec<(usize, f64)> {
                let amount = |&column: &usize| if column == NO_SLOT { 0.0 } else { x[column] };
                let days = columns.iter().map(amount).enumerate();
                days.filter(|(_, n)| *n > CRUMB).collect()
            };
            let mut paths: Vec<(Vec<usize>, f64)> = Vec::new();
            for (j, columns) in doses.iter().enumerate() {
                let next = runs(columns);
                paths = if j == 0 {
                    next.into_iter().map(|(d, n)| (vec![d], n)).collect()
                } else {
                    let windows = &market.problem.windows[kind.dose + j - 1];
                    pair(&paths, next, windows, kind.may_stop)
                };
            }
            all.push(paths);
        }
        all
    }
}

/// Gives each path its next dose, first in, first out; a day outside the window moves to the
/// window's edge.
fn pair(
    paths: &[(Vec<usize>, f64)],
    next: Vec<(usize, f64)>,
    windows: &[(usize, usize)],
    may_stop: bool,
) -> Vec<(Vec<usize>, f64)> {
    let mut out = Vec::new();
    let mut next = next.into_iter();
    let mut held: Option<(usize, f64)> = next.next();
    for (days, people) in paths {
        let mut left = *people;
        let Some(&day) = days.last() else { continue };
        let (low, high) = windows[day];
        if low > high {
            // Nobody who gets this dose that late can get the next: the day was moved there.
            out.push((days.clone(), left));
            continue;
        }
        while left > CRUMB {
            let Some((at, amount)) = held.as_mut() else { break };
            let taken = left.min(*amount);
            let to = (*at).clamp(low, high);
            let mut longer = days.clone();
            longer.push(to);
            out.push((longer, taken));
            left -= taken;
            *amount -= taken;
            if *amount <= CRUMB {
                held = next.next();
            }
        }
        if left > CRUMB {
            let mut longer = days.clone();
            if !may_stop {
                longer.push(high);
            }
            out.push((longer, left));
        }
    }
    out
}
