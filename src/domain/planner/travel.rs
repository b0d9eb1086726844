//! The third stage: the same doses on the same days, nearer to the people. Areas of one programme exchange sites on a
//! day as long as that saves kilometres; nothing else changes. An area is a catchment here: people who use the same
//! places. Of a plan as it stands [`least_travel`] says how much longer its ways are than the shortest.

use super::draft::{Draft, Path};
use super::index::{CatchmentIndex, Day, Per, Place, ProgrammeIndex, SiteIndex};
use super::measure;
use super::model::Catchment;
use super::search_budget::SearchBudget;
use super::transport::{Transport, millimetres};
use crate::domain::area::Point;
use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::plan::PlanRow;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Doses of a day by area and site.
type Cells = BTreeMap<(CatchmentIndex, SiteIndex), i64>;

/// Millimetres from an area to a site; `None` out of reach.
type Ways = Per<CatchmentIndex, Per<SiteIndex, Option<i64>>>;

/// Shortens people's ways on all days from `until` on, until the share `ends` of the time limit has
/// passed.
pub(super) fn shorten(draft: &mut Draft, until: Day, budget: &mut SearchBudget, ends: f64) {
    let problem = draft.problem;
    let distances = |catchment: &Catchment| {
        let mut ways = Per::filled(None, problem.sites.len());
        // Agreed sessions stay where they are.
        let is_free = catchment.pins.is_none() && catchment.agreed.is_empty();
        for &place in catchment.places.iter().filter(|_| is_free) {
            if let Place::Site(site) = place {
                ways[site] = millimetres(measure::km(problem, catchment.area, place));
            }
        }
        ways
    };
    let ways: Ways = problem.catchments.iter().map(distances).collect();
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
            let new = shortest(&old, &ways);
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

/// The same doses of each area and each site on a day, with the shortest ways.
fn shortest(cells: &Cells, ways: &Ways) -> Cells {
    let areas: BTreeSet<CatchmentIndex> = cells.keys().map(|(area, _)| *area).collect();
    let sites: BTreeSet<SiteIndex> = cells.keys().map(|(_, site)| *site).collect();
    let by_site = |area: CatchmentIndex| sites.iter().map(move |site| (area, *site));
    let ways =
        areas.iter().map(|area| by_site(*area).map(|(area, site)| ways[area][site]).collect());
    let doses = areas
        .iter()
        .map(|area| by_site(*area).map(|cell| cells.get(&cell).copied().unwrap_or(0)).collect());
    let mut found = Transport::new(ways.collect(), doses.collect(), sites.len());
    found.shorten();
    let cells = areas.iter().flat_map(|area| by_site(*area)).zip(found.doses().iter().flatten());
    cells.filter(|(_, doses)| **doses > 0).map(|(cell, doses)| (cell, *doses)).collect()
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
    let all: BTreeSet<(CatchmentIndex, SiteIndex)> =
        old.keys().chain(new.keys()).copied().collect();
    for (area, place) in all {
        let of = |cells: &Cells| cells.get(&(area, place)).copied().unwrap_or(0);
        let by = of(new) - of(old);
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

/// Kilometres of people to sites and back, by road.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct LeastTravel {
    /// By the plan.
    pub km: f64,
    /// The least for the same doses of each area, and of each site, on each day.
    pub least_km: f64,
}

impl std::iter::Sum for LeastTravel {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            km: sum.km + one.km,
            least_km: sum.least_km + one.least_km,
        })
    }
}

impl LeastTravel {
    /// How many times as long the ways of the plan are; 1 where nobody travels.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        if self.least_km > 0.0 { self.km / self.least_km } else { 1.0 }
    }
}

/// How long people's ways to sites are by the rows of a plan, and how long they would be at least. Which doses an area
/// gets on a day and a site gives on it stays, and areas use the sites that they may. That a session was agreed, or a
/// group has sites of its own, is not looked at: the least may be out of reach then.
pub fn least_travel(campaign: &Campaign, rows: &[PlanRow]) -> LeastTravel {
    let mut days: BTreeMap<NaiveDate, BTreeMap<(&AreaCode, &PlaceCode), i64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.team.is_none()) {
        let of_day = days.entry(row.day).or_default();
        *of_day.entry((&row.area, &row.place)).or_default() += i64::from(row.doses);
    }
    let reach: BTreeSet<(&AreaCode, &PlaceCode)> =
        campaign.reach.iter().map(|reach| (&reach.area, &reach.site)).collect();
    let area = |code: &AreaCode| campaign.area(code.as_str()).and_then(|area| area.point);
    let site = |code: &PlaceCode| {
        let site = campaign.site(code.as_str())?;
        site.point.or_else(|| area(&site.area))
    };
    let mut points: BTreeMap<&str, Option<Point>> = BTreeMap::new();
    for (of_area, of_site) in days.values().flat_map(BTreeMap::keys) {
        points.entry(of_area.as_str()).or_insert_with(|| area(of_area));
        points.entry(of_site.as_str()).or_insert_with(|| site(of_site));
    }
    let (mut now, mut least) = (0_i128, 0_i128);
    for cells in days.values() {
        let areas: BTreeSet<&AreaCode> = cells.keys().map(|(area, _)| *area).collect();
        let sites: BTreeSet<&PlaceCode> = cells.keys().map(|(_, site)| *site).collect();
        let way = |cell: (&AreaCode, &PlaceCode)| {
            if !reach.contains(&cell) && !cells.contains_key(&cell) {
                return None;
            }
            let known = |code: &str| points.get(code).copied().flatten();
            let ends = known(cell.0.as_str()).zip(known(cell.1.as_str()));
            millimetres(ends.map_or(0.0, |(a, b)| a.km_to(b)))
        };
        let of_area = |area: &AreaCode| sites.iter().map(|site| way((area, site))).collect();
        let ways = areas.iter().map(|area| of_area(area)).collect();
        let doses = |area: &AreaCode| {
            sites.iter().map(|site| cells.get(&(area, *site)).copied().unwrap_or(0)).collect()
        };
        let doses = areas.iter().map(|area| doses(area)).collect();
        let mut found = Transport::new(ways, doses, sites.len());
        now += found.length();
        found.shorten();
        least += found.length();
    }
    let both_ways = 2.0 * campaign.travel.road_factor;
    let km = |length: i128| length as f64 / 1e6 * both_ways;
    LeastTravel { km: km(now), least_km: km(least) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{campaign, first_plan, plain, start};
    use super::super::{Limits, make};
    use super::*;
    use crate::domain::area::Area;
    use crate::domain::site::{Reach, Site};
    use chrono::TimeDelta;

    /// Areas West and East a degree apart on the equator, each with a site a tenth of a degree from it.
    fn two() -> Campaign {
        let mut campaign = plain();
        let at = |longitude: f64| Some(Point { latitude: 0.0, longitude });
        let area = |code: &str, longitude| Area {
            code: code.into(),
            name: code.to_owned(),
            parent: None,
            point: at(longitude),
        };
        let site = |code: &str, area: &str, longitude| Site {
            code: code.into(),
            area: area.into(),
            point: at(longitude),
            ..plain().sites[0].clone()
        };
        campaign.areas = vec![area("West", 0.0), area("East", 1.0)];
        campaign.sites = vec![site("W", "West", 0.1), site("E", "East", 0.9)];
        campaign.reach = ["West", "East"]
            .iter()
            .flat_map(|area| {
                ["W", "E"].map(|site| Reach { area: (*area).into(), site: site.into() })
            })
            .collect();
        campaign
    }

    fn row(day: i64, (area, place): (&str, &str), doses: u32) -> PlanRow {
        PlanRow {
            day: start() + TimeDelta::days(day),
            place: place.into(),
            team: None,
            area: area.into(),
            group: "adults".into(),
            dose: 1,
            doses,
        }
    }

    #[test]
    fn crossed_ways_are_nine_times_as_long_as_they_need_be() {
        let mut campaign = two();
        let crossed = [row(0, ("West", "E"), 10), row(0, ("East", "W"), 10)];
        let found = least_travel(&campaign, &crossed);
        assert!((found.ratio() - 9.0).abs() < 1e-3, "{found:?}");
        // 0.9 degrees of 111.2 km, there and back, 20 times.
        let km = 20.0 * 2.0 * 0.9 * 111.195 * campaign.travel.road_factor;
        assert!((found.km / km - 1.0).abs() < 1e-3, "{found:?} {km}");
        // Three doses of each area go nearer; the other site has no more room.
        let part = [row(0, ("West", "E"), 10), row(0, ("East", "W"), 3), row(0, ("East", "E"), 4)];
        let found = least_travel(&campaign, &part);
        let (is, least) = (10.0 * 0.9 + 3.0 * 0.9 + 4.0 * 0.1, 7.0 * 0.9 + 3.0 * 0.1 + 7.0 * 0.1);
        assert!((found.ratio() - is / least).abs() < 1e-3, "{found:?}");
        // On two days nobody can exchange anything, and nobody goes where they may not.
        let apart = [row(0, ("West", "E"), 10), row(1, ("East", "W"), 10)];
        assert!((least_travel(&campaign, &apart).ratio() - 1.0).abs() < 1e-9);
        campaign.reach.retain(|reach| (reach.area.as_str(), reach.site.as_str()) != ("West", "W"));
        assert!((least_travel(&campaign, &crossed).ratio() - 1.0).abs() < 1e-9);
        assert!((least_travel(&campaign, &[]).ratio() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn ways_of_new_plans_are_the_shortest_for_their_doses() {
        let mut km = 0.0;
        for seed in 0..16 {
            let campaign = campaign(seed);
            let request = first_plan(&campaign, Limits::steps(100));
            let plan = make(&request, &mut |_| {}, &mut || 0.0);
            let found = least_travel(&campaign, &plan.rows);
            assert!(found.ratio() < 1.001, "seed {seed}: {found:?}");
            km += found.km;
        }
        assert!(km > 0.0);
    }
}
