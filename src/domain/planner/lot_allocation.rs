//! Which lot serves which draw, and the curve of planned doses.

use super::index::{SiteIndex, TeamIndex, by_code};
use super::lots::Stock;
use super::model::Problem;
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::id::{LotCode, PlaceCode, TeamCode};
use crate::domain::plan::PlanRow;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Vaccine that a site or a team takes from a lot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotDraw {
    /// The site; `None` for a team.
    pub site: Option<PlaceCode>,
    /// The team; `None` at a site.
    pub team: Option<TeamCode>,
    /// The day on which it is taken: the restock day, or the team's day.
    pub taken: NaiveDate,
    /// The last day on which it is given.
    pub until: NaiveDate,
    /// The lot.
    pub lot: LotCode,
    /// Doses given out of it, in real numbers: a lot may change inside a dose's share of waste.
    pub doses_given: f64,
    /// Vaccine doses drawn, waste included, rounded up to whole ones.
    pub vaccine_doses: u64,
}

/// Serves every draw of a plan from the lots: in the order of days, first expiring first, moving
/// earlier draws to other lots where only that leaves enough. `given` and `from` as for planning.
/// What no lot can serve is left out.
pub fn lot_draws(
    campaign: &Campaign,
    rows: &[PlanRow],
    given: &[GivenRow],
    from: NaiveDate,
) -> Vec<LotDraw> {
    let problem = Problem::new(campaign, given, from);
    let needs = needs(&problem, rows);
    let mut by_class: BTreeMap<usize, u64> = BTreeMap::new();
    let mut order: Vec<&Need> = needs.iter().collect();
    order.sort_by_key(|need| (need.taken, need.until));
    for need in &order {
        *by_class.entry(need.class).or_insert(0) += need.units;
    }
    // The flow decides how much each class takes of each lot; inside a class the days take them
    // in order.
    let mut stock = Stock::new(&problem);
    let mut classes: Vec<usize> = by_class.keys().copied().collect();
    classes.sort_by_key(|&class| problem.classes[class].len());
    for class in classes {
        stock.draw_units(class, by_class[&class]);
    }
    let mut share: BTreeMap<usize, Vec<(usize, u64)>> = BTreeMap::new();
    for (class, lot, units) in stock.flows() {
        share.entry(class).or_default().push((lot, units));
    }
    for lots in share.values_mut() {
        lots.sort_by_key(|&(lot, _)| (problem.lots[lot].last, problem.lots[lot].first, lot));
        lots.reverse();
    }
    let mut out = Vec::new();
    for need in order {
        if let Some(lots) = share.get_mut(&need.class) {
            serve(&problem, need, lots, &mut out);
        }
    }
    out
}

/// Who takes vaccine out of the county store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Taker {
    Site(SiteIndex),
    Team(TeamIndex),
}

/// What a site takes for a period or a team for a day.
struct Need {
    taker: Taker,
    taken: usize,
    until: usize,
    class: usize,
    units: u64,
    draw_doses: f64,
}

fn needs(problem: &Problem, rows: &[PlanRow]) -> Vec<Need> {
    let campaign = problem.campaign;
    let sites = by_code::<SiteIndex>(campaign.sites.iter().map(|site| site.code.as_str()));
    let teams = by_code::<TeamIndex>(campaign.teams.iter().map(|team| team.code.as_str()));
    // Doses by taker and, of a site, its period, of a team, the day.
    let mut counts: BTreeMap<(Taker, usize), u64> = BTreeMap::new();
    for row in rows {
        let day = super::num::day((row.day - campaign.start).num_days());
        if row.day < campaign.start || day < problem.first || day >= problem.days {
            continue;
        }
        let team = row.team.as_ref().and_then(|team| teams.get(team.as_str())).copied();
        let at = match (team, sites.get(row.place.as_str())) {
            (Some(team), _) => (Taker::Team(team), day),
            (None, Some(&site)) => (Taker::Site(site), problem.sites[site].period_of[day]),
            _ => continue,
        };
        *counts.entry(at).or_insert(0) += u64::from(row.doses);
    }
    let need = |((taker, at), doses): ((Taker, usize), u64)| match taker {
        Taker::Team(team) => {
            let model = &problem.teams[team];
            let (class, units) = (problem.day_class[at], doses * model.draw);
            let draw_doses = model.draw_doses;
            Need { taker, taken: at, until: at, class, units, draw_doses }
        }
        Taker::Site(site) => {
            let site = &problem.sites[site];
            let period = site.periods[at];
            Need {
                taker,
                taken: period.start,
                until: period.last,
                class: period.class,
                units: doses * site.draw,
                draw_doses: site.draw_doses,
            }
        }
    };
    counts.into_iter().map(need).collect()
}

/// Takes a need from its class's lots, last of the list first.
fn serve(problem: &Problem, need: &Need, lots: &mut Vec<(usize, u64)>, out: &mut Vec<LotDraw>) {
    let campaign = problem.campaign;
    let mut left = need.units;
    while let Some((lot, held)) = lots.last_mut() {
        let units = left.min(*held);
        *held -= units;
        left -= units;
        let lot_code = &campaign.deliveries[*lot].lot;
        if *held == 0 {
            lots.pop();
        }
        if units > 0 {
            let (site, team) = match need.taker {
                Taker::Site(site) => (Some(problem.site(site).code.clone()), None),
                Taker::Team(team) => (None, Some(problem.team(team).code.clone())),
            };
            out.push(LotDraw {
                site,
                team,
                taken: problem.date(need.taken),
                until: problem.date(need.until),
                lot: lot_code.clone(),
                doses_given: units as f64 / problem.scale as f64 / need.draw_doses,
                vaccine_doses: units.div_ceil(problem.scale),
            });
        }
        if left == 0 {
            break;
        }
    }
}

/// Planned doses by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurveDay {
    /// The day.
    pub day: NaiveDate,
    /// Doses planned up to and including that day, by number of the dose.
    pub doses: Vec<u64>,
}

/// Cumulative planned doses on every planning day, by dose: what progress is held against.
pub fn curve(campaign: &Campaign, rows: &[PlanRow]) -> Vec<CurveDay> {
    let count = campaign.series.dose_count();
    let mut by_day: BTreeMap<NaiveDate, Vec<u64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| (1..=count).contains(&usize::from(row.dose))) {
        by_day.entry(row.day).or_insert_with(|| vec![0; count])[usize::from(row.dose) - 1] +=
            u64::from(row.doses);
    }
    let mut doses = vec![0; count];
    let mut out = Vec::with_capacity(campaign.day_count());
    for day in campaign.days() {
        for (sum, n) in doses.iter_mut().zip(by_day.get(&day).into_iter().flatten()) {
            *sum += n;
        }
        out.push(CurveDay { day, doses: doses.clone() });
    }
    out
}
