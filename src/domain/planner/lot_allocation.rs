//! Lot allocation: which lot serves which draw. Also the curve of planned doses.

use super::index::{ClassIndex, Day, ListIndex as _, LotIndex, SiteIndex, TeamIndex, by_code};
use super::lots::Stock;
use super::model::Problem;
use super::programme::only;
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
    /// Doses given out of it; a fraction, since the lot may change within the waste of one dose.
    pub doses_given: f64,
    /// Vaccine doses drawn, waste included, rounded up to whole ones.
    pub vaccine_doses: u64,
}

/// Serves the draws of a plan from the lots, in the order of days, first expiring first; draws move
/// to later lots only if there would not be enough otherwise. `given` and `from` as for planning.
/// What no lot can serve is left out.
pub fn lot_draws(
    campaign: &Campaign,
    rows: &[PlanRow],
    given: &[GivenRow],
    from: NaiveDate,
) -> Vec<LotDraw> {
    let problem = Problem::new(campaign, given, from);
    let needs = needs(&problem, rows);
    let mut by_class: BTreeMap<ClassIndex, u64> = BTreeMap::new();
    let mut order: Vec<&Need> = needs.iter().collect();
    order.sort_by_key(|need| (need.taken, need.until));
    for need in &order {
        *by_class.entry(need.class).or_insert(0) += need.units;
    }
    // The flow decides how much each class takes of each lot; inside a class the days take them
    // in order.
    let mut stock = Stock::new(&problem);
    let mut classes: Vec<ClassIndex> = by_class.keys().copied().collect();
    classes.sort_by_key(|&class| problem.classes[class].len());
    for class in classes {
        stock.draw_units(class, by_class[&class]);
    }
    let mut share: BTreeMap<ClassIndex, Vec<(LotIndex, u64)>> = BTreeMap::new();
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
    taken: Day,
    until: Day,
    class: ClassIndex,
    units: u64,
    draw_doses: f64,
}

fn needs(problem: &Problem, rows: &[PlanRow]) -> Vec<Need> {
    let programme = &problem.programmes[only()];
    let campaign = programme.campaign;
    let sites = by_code::<SiteIndex>(campaign.sites.iter().map(|site| site.code.as_str()));
    let teams = by_code::<TeamIndex>(campaign.teams.iter().map(|team| team.code.as_str()));
    // What a taker takes at once lasts from a day to another.
    let mut counts: BTreeMap<(Taker, Day, Day), u64> = BTreeMap::new();
    for row in rows {
        let day = problem.day_of(row.day);
        if row.day < campaign.start || day < problem.first || day >= problem.end() {
            continue;
        }
        let team = row.team.as_ref().and_then(|team| teams.get(team.as_str())).copied();
        let at = match (team, sites.get(row.place.as_str())) {
            (Some(team), _) => (Taker::Team(team), day, day),
            (None, Some(&site)) => {
                let model = &problem.sites[site];
                let period = model.periods[model.period_of[day]];
                (Taker::Site(site), period.start, period.last)
            }
            _ => continue,
        };
        *counts.entry(at).or_insert(0) += u64::from(row.doses);
    }
    let need = |((taker, taken, until), doses): ((Taker, Day, Day), u64)| {
        let (class, draw, draw_doses) = match taker {
            Taker::Team(team) => {
                let team = &problem.teams[team];
                (programme.day_class[taken], team.draw, team.draw_doses)
            }
            Taker::Site(at) => {
                let own = &programme.sites[at];
                let class = own.periods[problem.sites[at].period_of[taken]].class;
                // A day of the campaign lies in one of its periods.
                let class = class.unwrap_or(programme.day_class[taken]);
                (class, own.draw[taken], own.draw_doses[taken])
            }
        };
        Need { taker, taken, until, class, units: doses * draw, draw_doses }
    };
    counts.into_iter().map(need).collect()
}

/// Takes a need from its class's lots, last of the list first.
fn serve(problem: &Problem, need: &Need, lots: &mut Vec<(LotIndex, u64)>, out: &mut Vec<LotDraw>) {
    let campaign = problem.programmes[only()].campaign;
    let mut left = need.units;
    while let Some((lot, held)) = lots.last_mut() {
        let units = left.min(*held);
        *held -= units;
        left -= units;
        let lot_code = &campaign.deliveries[lot.position()].lot;
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

/// Cumulative planned doses on every planning day, by number of the dose: what progress is compared
/// with.
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

#[cfg(test)]
mod tests {
    use super::super::testing::{lot, plain, start};
    use super::*;
    use chrono::TimeDelta;

    fn on(n: i64) -> NaiveDate {
        start() + TimeDelta::days(n)
    }

    fn row(n: i64, team: Option<&str>, doses: u32) -> PlanRow {
        let place = if team.is_some() { "P1" } else { "S1" };
        PlanRow {
            day: on(n),
            place: place.into(),
            team: team.map(Into::into),
            area: "A1".into(),
            group: "all".into(),
            dose: 1,
            doses,
        }
    }

    #[test]
    fn a_site_draws_for_a_period_on_its_restock_day_and_a_team_for_a_day() {
        // 5 % of waste at the site, 10 % with the team.
        let campaign = plain();
        let rows = [row(1, None, 9), row(3, None, 10), row(8, None, 19), row(3, Some("T1"), 9)];
        let found = lot_draws(&campaign, &rows, &[], start());
        let line = |draw: &LotDraw| {
            let owner = draw.site.as_ref().map(ToString::to_string);
            let owner = owner.or(draw.team.as_ref().map(ToString::to_string));
            let days = [draw.taken, draw.until].map(|day| (day - start()).num_days());
            (owner.unwrap_or_default(), days, draw.vaccine_doses, draw.doses_given.round())
        };
        let lines: Vec<_> = found.iter().map(line).collect();
        let want = [
            ("S1".to_owned(), [0, 6], 20, 19.0),
            ("T1".to_owned(), [3, 3], 10, 9.0),
            ("S1".to_owned(), [7, 13], 20, 19.0),
        ];
        assert_eq!(lines, want);
        let later = lot_draws(&campaign, &rows, &[], on(7));
        assert_eq!(later.len(), 1, "days before the plan draw nothing");
        assert_eq!(lot_draws(&campaign, &[row(60, None, 1), row(-1, None, 1)], &[], start()), []);
    }

    #[test]
    fn a_draw_changes_its_lot_inside_a_dose_and_what_no_lot_can_serve_is_left_out() {
        let mut campaign = plain();
        campaign.deliveries = vec![lot("a", 0, 5, 50), lot("b", 0, 7, 59)];
        let found = lot_draws(&campaign, &[row(1, None, 19)], &[], start());
        let lots: Vec<(&str, u64)> =
            found.iter().map(|draw| (draw.lot.as_str(), draw.vaccine_doses)).collect();
        assert_eq!(lots, [("a", 5), ("b", 7)]);
        assert!((found[0].doses_given - 4.75).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn the_curve_adds_up_doses_by_day_and_number() {
        let campaign = plain();
        let dose = |dose, row: PlanRow| PlanRow { dose, ..row };
        let rows =
            [row(1, None, 5), row(1, None, 2), dose(2, row(3, None, 4)), dose(3, row(3, None, 9))];
        let found = curve(&campaign, &rows);
        let at = |n: usize| found[n].doses.clone();
        assert_eq!(
            (at(0), at(1), at(2), at(3), at(59)),
            (vec![0, 0], vec![7, 0], vec![7, 0], vec![7, 4], vec![7, 4])
        );
        assert_eq!((found.len(), found[3].day), (60, on(3)));
    }
}
