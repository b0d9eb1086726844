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
/// Kilometres saved that are not worth an exchange.
const SAVING_MIN: f64 = 1e-9;

/// Doses of areas at one site.
type AtSite = Vec<(usize, i64)>;

/// Exchanges the sites of two areas as long as that saves way.
fn exchange(cells: &mut Cells, km: &[Vec<f64>]) {
    let mut at: BTreeMap<usize, BTreeMap<usize, i64>> = BTreeMap::new();
    for (&(area, place), &n) in cells.iter() {
        at.entry(place).or_default().insert(area, n);
    }
    let places: Vec<usize> = at.keys().copied().collect();
    let mut changed_ever = false;
    for _ in 0..ROUNDS {
        let mut changed = false;
        for (i, &p) in places.iter().enumerate() {
            for &q in &places[i + 1..] {
                changed |= exchange_pair(&mut at, km, (p, q));
            }
        }
        changed_ever |= changed;
        if !changed {
            break;
        }
    }
    if changed_ever {
        let by_area = |(place, areas): (usize, BTreeMap<usize, i64>)| {
            areas.into_iter().map(move |(area, n)| ((area, place), n))
        };
        *cells = at.into_iter().flat_map(by_area).collect();
    }
}

/// Exchanges between two sites: the areas that save most by leaving one of them with those that
/// save most by leaving the other.
fn exchange_pair(
    at: &mut BTreeMap<usize, BTreeMap<usize, i64>>,
    km: &[Vec<f64>],
    (p, q): (usize, usize),
) -> bool {
    let movers = |from: usize, to: usize| -> (Vec<f64>, AtSite) {
        let here = at[&from]
            .iter()
            .filter(|(area, n)| **n > 0 && (km[**area][from] + km[**area][to]).is_finite());
        let mut here: Vec<(f64, usize, i64)> =
            here.map(|(&area, &n)| (km[area][from] - km[area][to], area, n)).collect();
        here.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        here.into_iter().map(|(saves, area, n)| (saves, (area, n))).unzip()
    };
    let ((saved_p, mut leave_p), (saved_q, mut leave_q)) = (movers(p, q), movers(q, p));
    let (mut i, mut j, mut changed) = (0, 0, false);
    while i < leave_p.len() && j < leave_q.len() && saved_p[i] + saved_q[j] > SAVING_MIN {
        let ((a, room_a), (b, room_b)) = (leave_p[i], leave_q[j]);
        let n = room_a.min(room_b);
        for (place, area, by) in [(p, a, -n), (q, b, -n), (q, a, n), (p, b, n)] {
            if let Some(areas) = at.get_mut(&place) {
                *areas.entry(area).or_insert(0) += by;
            }
        }
        (leave_p[i].1, leave_q[j].1) = (room_a - n, room_b - n);
        i += usize::from(room_a == n);
        j += usize::from(room_b == n);
        changed = true;
    }
    changed
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
