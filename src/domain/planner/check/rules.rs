//! Rules 1, 3, 4, 7 and the figures.

use super::agreed::{self, Served};
use super::cohort::{self, Planned};
use super::tables::Span;
use super::view::{Day, View};
use super::{CheckReport, Fault, Violation, flow, teams};
use crate::domain::area::Point;
use crate::domain::campaign::CohortKey;
use crate::domain::id::AreaCode;
use crate::domain::plan::{Figures, PlanRow, WorstArea};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What a plan uses of places that others may use too.
#[derive(Debug, Default)]
pub(super) struct Used {
    /// Doses by site and day.
    pub(super) at_site: BTreeMap<(usize, Day), u64>,
    /// Doses by team, day and stop.
    pub(super) at_stop: BTreeMap<(usize, Day), BTreeMap<usize, u64>>,
    /// Kilometres of the teams.
    pub(super) team_km: f64,
}

/// The plan, added up.
#[derive(Default)]
struct Sums {
    violations: Vec<Violation>,
    used: Used,
    /// Doses by place, day and cohort, where sessions are agreed.
    served: Served,
    planned: BTreeMap<CohortKey, Planned>,
    objective: f64,
    km: f64,
    doses: u64,
}

impl Sums {
    fn fail(&mut self, rule: u8, fault: Fault) {
        self.violations.push(Violation { rule, fault });
    }
}

/// Shapes of index lookups by code.
struct Codes<'a> {
    sites: BTreeMap<&'a str, usize>,
    stops: BTreeMap<&'a str, usize>,
    teams: BTreeMap<&'a str, usize>,
    areas: BTreeMap<&'a str, Option<Point>>,
}

/// Checks a plan; also what it uses.
pub(super) fn check(view: &View, rows: &[PlanRow]) -> (CheckReport, Used) {
    let campaign = view.campaign;
    let codes = Codes {
        sites: campaign.sites.iter().enumerate().map(|(i, s)| (s.code.as_str(), i)).collect(),
        stops: campaign.stops.iter().enumerate().map(|(i, s)| (s.code.as_str(), i)).collect(),
        teams: campaign.teams.iter().enumerate().map(|(i, t)| (t.code.as_str(), i)).collect(),
        areas: campaign.areas.iter().map(|area| (area.code.as_str(), area.point)).collect(),
    };
    let mut sums = Sums::default();
    for (i, row) in rows.iter().enumerate() {
        add_row(view, &codes, i + 1, row, &mut sums);
    }
    for fault in agreed::unkept(view, &sums.served) {
        sums.fail(8, fault);
    }
    let (people, finished, worst_area) = check_cohorts(view, &mut sums);
    let mut draws = BTreeMap::new();
    check_sites(view, &mut sums, &mut draws);
    check_teams(view, &mut sums, &mut draws);
    for fault in flow::shortages(view, &draws) {
        sums.fail(5, fault);
    }
    let figures = Figures {
        objective: sums.objective,
        doses: sums.doses,
        people,
        people_finished: finished,
        worst_area,
        travel_km: sums.km + sums.used.team_km,
        ..Figures::default()
    };
    (CheckReport { violations: sums.violations, figures }, sums.used)
}

fn add_row(view: &View, codes: &Codes, number: usize, row: &PlanRow, sums: &mut Sums) {
    let campaign = view.campaign;
    let key = CohortKey::of(row);
    let day = (row.day - campaign.start).num_days();
    let (area, group) = (key.area.clone(), key.group.clone());
    let Some(cohort) = view.cohorts.get(&key) else {
        return sums.fail(0, Fault::UnknownCohort { row: number, area, group });
    };
    let (site, stop) = (codes.sites.get(row.place.as_str()), codes.stops.get(row.place.as_str()));
    if site.is_none() && stop.is_none() {
        return sums.fail(0, Fault::UnknownPlace { row: number, place: row.place.clone() });
    }
    let dose = usize::from(row.dose);
    if dose == 0 || dose > campaign.series.dose_count() {
        return sums.fail(0, Fault::UnknownDose { row: number, dose: row.dose });
    }
    if day < view.first || day >= view.days {
        return sums.fail(0, Fault::NotAPlanningDay { row: number, day: row.day });
    }
    if row.doses == 0 {
        sums.fail(7, Fault::NoDoses { row: number });
    }
    if day < cohort.opens {
        let opens = view.date(cohort.opens);
        sums.fail(1, Fault::NotOpen { row: number, area: area.clone(), group, opens });
    }
    for (rule, fault) in agreed::elsewhere(view, number, row) {
        sums.fail(rule, fault);
    }
    let doses = u64::from(row.doses);
    agreed::count(view, row, &key, &mut sums.served);
    let out_of_reach = Fault::OutOfReach { row: number, area, place: row.place.clone() };
    let at = if let Some(&site) = site {
        if let Some(team) = row.team.clone() {
            sums.fail(0, Fault::TeamAtSite { row: number, site: row.place.clone(), team });
        }
        if !view.reaches(key.area.as_str(), row.place.as_str()) {
            sums.fail(1, out_of_reach);
        }
        *sums.used.at_site.entry((site, day)).or_insert(0) += doses;
        let site = &campaign.sites[site];
        site.point.or_else(|| codes.areas.get(site.area.as_str()).copied().flatten())
    } else {
        let stop = stop.copied().unwrap_or_default();
        if campaign.stops[stop].area != key.area {
            sums.fail(1, out_of_reach);
        }
        let team = row.team.as_ref().and_then(|team| codes.teams.get(team.as_str()));
        let Some(&team) = team else {
            return sums.fail(6, Fault::NoTeam { row: number, stop: row.place.clone() });
        };
        let stops = sums.used.at_stop.entry((team, day)).or_default();
        *stops.entry(stop).or_insert(0) += doses;
        Some(campaign.stops[stop].point)
    };
    sums.doses += doses;
    let share = campaign.series.share(dose - 1);
    sums.objective +=
        doses as f64 * cohort.priority * share * (view.days - day) as f64 / view.days as f64;
    if let (Some(home), Some(at)) = (codes.areas.get(key.area.as_str()).copied().flatten(), at) {
        sums.km += doses as f64 * 2.0 * campaign.travel.road_factor * home.km_to(at);
    }
    let planned = sums
        .planned
        .entry(key)
        .or_insert_with(|| vec![BTreeMap::new(); campaign.series.dose_count()]);
    *planned[dose - 1].entry(day).or_insert(0) += doses;
}

/// Rules 1 (people) and 2; returns people, people finished, and the worst area.
fn check_cohorts(view: &View, sums: &mut Sums) -> (u64, u64, Option<WorstArea>) {
    let mut areas: BTreeMap<&AreaCode, (u64, u64)> = BTreeMap::new();
    let empty: Planned = vec![BTreeMap::new(); view.campaign.series.dose_count()];
    for (key, cohort) in &view.cohorts {
        let planned = sums.planned.get(key).unwrap_or(&empty);
        let (mut first, mut last) = (0, 0);
        let mut faults = Vec::new();
        if !empty.is_empty() {
            (first, last) = cohort::check(view, key, cohort, planned, &mut faults);
        }
        for fault in faults {
            sums.fail(2, fault);
        }
        if first > cohort.people {
            let (area, group) = (key.area.clone(), key.group.clone());
            let people = cohort.people;
            sums.fail(1, Fault::TooManyPeople { area, group, first_doses: first, people });
        }
        let held = areas.entry(&key.area).or_default();
        held.0 += last;
        held.1 += cohort.people;
    }
    let people = areas.values().map(|(_, people)| people).sum();
    let finished = areas.values().map(|(finished, _)| finished).sum();
    let mut worst: Option<(&AreaCode, u64, u64)> = None;
    for (area, &(done, people)) in areas.iter().filter(|(_, (_, people))| *people > 0) {
        let less = worst.is_none_or(|(_, d, p)| {
            u128::from(done) * u128::from(p) < u128::from(d) * u128::from(people)
        });
        if less {
            worst = Some((area, done, people));
        }
    }
    let worst = worst.map(|(area, done, people)| WorstArea {
        area: area.clone(),
        share: done as f64 / people as f64,
    });
    (people, finished, worst)
}

/// Rules 3 and 4; adds the sites' draws.
fn check_sites(view: &View, sums: &mut Sums, draws: &mut BTreeMap<(Day, Day), u128>) {
    for (i, (site, table)) in view.campaign.sites.iter().zip(&view.sites).enumerate() {
        let code = &site.code;
        let all = sums.used.at_site.range((i, Day::MIN)..=(i, Day::MAX));
        let at_site: Vec<(Day, u64)> = all.map(|(at, n)| (at.1, *n)).collect();
        if at_site.is_empty() {
            continue;
        }
        for &(day, doses) in &at_site {
            let capacity = table.doses_on(day);
            if doses > u64::from(capacity) {
                let day = view.date(day);
                sums.fail(3, Fault::OverCapacity { site: code.clone(), day, doses, capacity });
            }
        }
        for &Span { start, last, storage } in &table.periods {
            let mut by_rate: BTreeMap<Decimal, u64> = BTreeMap::new();
            for (day, n) in at_site.iter().filter(|(day, _)| (start..=last).contains(day)) {
                *by_rate.entry(table.rate_on(*day)).or_insert(0) += n;
            }
            let units: u128 = by_rate.iter().map(|(&rate, &n)| view.drawn(n, rate)).sum();
            if units > 0 {
                *draws.entry((start, last)).or_insert(0) += units;
            }
            if let Some(storage) = storage
                && units > u128::from(storage) * view.scale
            {
                let vaccine_doses = units as f64 / view.scale as f64;
                let (site, restock) = (code.clone(), view.date(start));
                sums.fail(4, Fault::OverStorage { site, restock, vaccine_doses, storage });
            }
        }
    }
}

/// Rule 6; adds the teams' draws and kilometres.
fn check_teams(view: &View, sums: &mut Sums, draws: &mut BTreeMap<(Day, Day), u128>) {
    for (&(team, day), visits) in &sums.used.at_stop {
        let doses: u64 = visits.values().sum();
        let rate = view.campaign.teams[team].wastage_rate;
        *draws.entry((day, day)).or_insert(0) += view.drawn(doses, rate);
    }
    let (faults, km) = teams::check(view, &sums.used.at_stop);
    sums.used.team_km = km;
    for fault in faults {
        sums.fail(6, fault);
    }
}
