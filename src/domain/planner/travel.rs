//! The third stage: equal doses on equal days, nearer. Two areas exchange their sites on a day
//! where that saves way; nothing else changes.

use super::draft::{Draft, Path};
use super::measure;
use super::watch::Watch;
use std::collections::BTreeMap;

/// Doses of a day by area and site.
type Cells = BTreeMap<(usize, usize), i64>;

/// Shortens the ways of all days from `until` on, as far as there is time.
pub(super) fn shorten(draft: &mut Draft, until: usize, watch: &mut Watch, ends: f64) {
    let problem = draft.problem;
    let km: Vec<Vec<f64>> = (0..problem.reach.len())
        .map(|area| {
            let far = vec![f64::INFINITY; problem.sites.len() + problem.stops.len()];
            problem.reach[area].iter().fold(far, |mut far, &place| {
                far[place] = measure::km(problem, area, place);
                far
            })
        })
        .collect();
    let mut of_day: Vec<Vec<(usize, usize)>> = vec![Vec::new(); problem.days];
    for (at, path) in draft.paths.iter().enumerate() {
        for (j, step) in path.steps.iter().enumerate() {
            if step.place < problem.sites.len() && step.day >= until {
                of_day[step.day].push((at, j));
            }
        }
    }
    for day in until.min(problem.days)..problem.days {
        if !watch.has_time(0.0, ends) {
            return;
        }
        let old = cells(draft, &of_day[day]);
        let mut new = old.clone();
        exchange(&mut new, &km);
        if new != old {
            apply(draft, &mut of_day, day, &old, &new);
        }
    }
}

fn cells(draft: &Draft, steps: &[(usize, usize)]) -> Cells {
    let mut cells = Cells::new();
    for &(at, j) in steps {
        let path = &draft.paths[at];
        let area = draft.problem.cohorts[path.cohort].area;
        *cells.entry((area, path.steps[j].place)).or_insert(0) += i64::from(path.people);
    }
    cells
}

/// Rounds of exchanges on a day.
const ROUNDS: usize = 12;

/// Exchanges the sites of two areas as long as that saves way.
fn exchange(cells: &mut Cells, km: &[Vec<f64>]) {
    for _ in 0..ROUNDS {
        let keys: Vec<(usize, usize)> = cells.keys().copied().collect();
        let mut changed = false;
        for (i, &(a, p)) in keys.iter().enumerate() {
            for &(b, q) in &keys[i + 1..] {
                if a == b || p == q {
                    continue;
                }
                let saves = km[a][p] + km[b][q] - km[a][q] - km[b][p];
                let n = cells[&(a, p)].min(cells[&(b, q)]);
                if saves.is_nan() || saves < 1e-9 || n <= 0 {
                    continue;
                }
                for (cell, by) in [((a, p), -n), ((b, q), -n), ((a, q), n), ((b, p), n)] {
                    *cells.entry(cell).or_insert(0) += by;
                }
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// Moves steps of a day from cells that have too many to those of the same area that have too few.
fn apply(
    draft: &mut Draft,
    of_day: &mut [Vec<(usize, usize)>],
    day: usize,
    old: &Cells,
    new: &Cells,
) {
    let mut over: Cells = Cells::new();
    let mut under: BTreeMap<usize, Vec<(usize, i64)>> = BTreeMap::new();
    for (&(area, place), &n) in new {
        let by = n - old.get(&(area, place)).copied().unwrap_or(0);
        if by < 0 {
            over.insert((area, place), -by);
        } else if by > 0 {
            under.entry(area).or_default().push((place, by));
        }
    }
    for (at, j) in of_day[day].clone() {
        let area = draft.problem.cohorts[draft.paths[at].cohort].area;
        let from = draft.paths[at].steps[j].place;
        while let Some(left) = over.get_mut(&(area, from)).filter(|left| **left > 0) {
            let Some((to, room)) = under.get_mut(&area).and_then(|list| list.last_mut()) else {
                break;
            };
            let n = (*left).min(*room).min(i64::from(draft.paths[at].people));
            (*left, *room) = (*left - n, *room - n);
            let (to, full) = (*to, *room == 0);
            if full && let Some(list) = under.get_mut(&area) {
                list.pop();
            }
            let people = u32::try_from(n).unwrap_or(0);
            if people >= draft.paths[at].people {
                draft.paths[at].steps[j].place = to;
                break;
            }
            // Part of the people go elsewhere: they become a path of their own.
            let mut other = Path { people, ..draft.paths[at].clone() };
            other.steps[j].place = to;
            draft.paths[at].people -= people;
            let index = draft.paths.len();
            for (k, step) in other.steps.iter().enumerate().filter(|(_, s)| s.day > day) {
                if step.place < draft.problem.sites.len() {
                    of_day[step.day].push((index, k));
                }
            }
            draft.paths.push(other);
        }
    }
}
