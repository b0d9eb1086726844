//! The third stage: the same doses on the same days, nearer to the people. Two areas of one programme
//! exchange sites on a day if that saves kilometres; nothing else changes. An area is a catchment
//! here: people who use the same places.

use super::draft::{Draft, Path};
use super::index::{CatchmentIndex, Day, Per, Place, ProgrammeIndex, SiteIndex};
use super::measure;
use super::model::Catchment;
use super::search_budget::SearchBudget;
use std::collections::BTreeMap;

/// Doses of a day by area and site.
type Cells = BTreeMap<(CatchmentIndex, SiteIndex), i64>;

/// Kilometres from an area to a site; infinite out of reach.
type Kilometres = Per<CatchmentIndex, Per<SiteIndex, f64>>;

/// Shortens people's ways on all days from `until` on, until the share `ends` of the time limit has
/// passed.
pub(super) fn shorten(draft: &mut Draft, until: Day, budget: &mut SearchBudget, ends: f64) {
    let problem = draft.problem;
    let distances = |catchment: &Catchment| {
        let mut km = Per::filled(f64::INFINITY, problem.sites.len());
        // Agreed sessions stay where they are.
        let is_free = catchment.pins.is_none() && catchment.agreed.is_empty();
        for &place in catchment.places.iter().filter(|_| is_free) {
            if let Place::Site(site) = place {
                km[site] = measure::km(problem, catchment.area, place);
            }
        }
        km
    };
    let km: Kilometres = problem.catchments.iter().map(distances).collect();
    let mut of_day: Per<Day, Vec<(usize, usize)>> = Per::filled(Vec::new(), problem.days);
    for (at, path) in draft.paths.iter().enumerate() {
        for (j, step) in path.steps.iter().enumerate() {
            if matches!(step.place, Place::Site(_)) && step.day >= until {
                of_day[step.day].push((at, j));
            }
        }
    }
    for day in until.until(problem.end()) {
        if !budget.has_time(0.0, ends) {
            return;
        }
        for programme in problem.programmes.indices() {
            let old = cells(draft, &of_day[day], programme);
            let mut new = old.clone();
            exchange(&mut new, &km);
            if new != old {
                apply(draft, &mut of_day, day, &old, &new);
            }
        }
    }
}

fn cells(draft: &Draft, steps: &[(usize, usize)], programme: ProgrammeIndex) -> Cells {
    let mut cells = Cells::new();
    for &(at, j) in steps {
        let path = &draft.paths[at];
        let cohort = &draft.problem.cohorts[path.cohort];
        if cohort.programme != programme {
            continue;
        }
        let area = cohort.catchment;
        if let Place::Site(site) = path.steps[j].place {
            *cells.entry((area, site)).or_insert(0) += i64::from(path.people);
        }
    }
    cells
}

/// Rounds of exchanges on a day.
const ROUNDS: usize = 12;
/// Kilometres saved that are not worth an exchange.
const SAVING_MIN: f64 = 1e-9;

/// Doses of an area at a site, and the kilometres that each would save at the other site.
struct Mover {
    saves: f64,
    area: CatchmentIndex,
    doses: i64,
}

/// Exchanges the sites of two areas as long as that saves kilometres.
fn exchange(cells: &mut Cells, km: &Kilometres) {
    let mut at: BTreeMap<SiteIndex, BTreeMap<CatchmentIndex, i64>> = BTreeMap::new();
    for (&(area, place), &n) in cells.iter() {
        at.entry(place).or_default().insert(area, n);
    }
    let places: Vec<SiteIndex> = at.keys().copied().collect();
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
        let by_area = |(place, areas): (SiteIndex, BTreeMap<CatchmentIndex, i64>)| {
            areas.into_iter().map(move |(area, n)| ((area, place), n))
        };
        *cells = at.into_iter().flat_map(by_area).collect();
    }
}

/// Exchanges between two sites: the areas that save most by leaving one of them with those that
/// save most by leaving the other.
fn exchange_pair(
    at: &mut BTreeMap<SiteIndex, BTreeMap<CatchmentIndex, i64>>,
    km: &Kilometres,
    (one, other): (SiteIndex, SiteIndex),
) -> bool {
    let movers = |from: SiteIndex, to: SiteIndex| -> Vec<Mover> {
        let here = at[&from].iter();
        let here =
            here.filter(|(area, n)| **n > 0 && (km[**area][from] + km[**area][to]).is_finite());
        let mover = |(&area, &doses): (&CatchmentIndex, &i64)| Mover {
            saves: km[area][from] - km[area][to],
            area,
            doses,
        };
        let mut movers: Vec<Mover> = here.map(mover).collect();
        movers.sort_by(|a, b| b.saves.total_cmp(&a.saves).then(a.area.cmp(&b.area)));
        movers
    };
    let (mut from_one, mut from_other) = (movers(one, other), movers(other, one));
    let (mut first, mut second, mut changed) = (0, 0, false);
    while let (Some(a), Some(b)) = (from_one.get_mut(first), from_other.get_mut(second)) {
        if a.saves + b.saves <= SAVING_MIN {
            break;
        }
        let n = a.doses.min(b.doses);
        for (place, area, by) in
            [(one, a.area, -n), (other, b.area, -n), (other, a.area, n), (one, b.area, n)]
        {
            if let Some(areas) = at.get_mut(&place) {
                *areas.entry(area).or_insert(0) += by;
            }
        }
        (a.doses, b.doses) = (a.doses - n, b.doses - n);
        first += usize::from(a.doses == 0);
        second += usize::from(b.doses == 0);
        changed = true;
    }
    changed
}

/// Moves steps of a day from cells that have too many to those of the same area that have too few.
fn apply(
    draft: &mut Draft,
    of_day: &mut Per<Day, Vec<(usize, usize)>>,
    day: Day,
    old: &Cells,
    new: &Cells,
) {
    let mut over: Cells = Cells::new();
    let mut under: BTreeMap<CatchmentIndex, Vec<(SiteIndex, i64)>> = BTreeMap::new();
    for (&(area, place), &n) in new {
        let by = n - old.get(&(area, place)).copied().unwrap_or(0);
        if by < 0 {
            over.insert((area, place), -by);
        } else if by > 0 {
            under.entry(area).or_default().push((place, by));
        }
    }
    for (at, j) in of_day[day].clone() {
        let area = draft.problem.cohorts[draft.paths[at].cohort].catchment;
        let Place::Site(from) = draft.paths[at].steps[j].place else { continue };
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
                draft.paths[at].steps[j].place = Place::Site(to);
                break;
            }
            // Part of the people go elsewhere: they become a path of their own.
            let mut other = Path { people, ..draft.paths[at].clone() };
            other.steps[j].place = Place::Site(to);
            draft.paths[at].people -= people;
            let index = draft.paths.len();
            for (k, step) in other.steps.iter().enumerate().filter(|(_, s)| s.day > day) {
                if matches!(step.place, Place::Site(_)) {
                    of_day[step.day].push((index, k));
                }
            }
            draft.paths.push(other);
        }
    }
}
