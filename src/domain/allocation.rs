//! How much vaccine goes where: what a prefecture sends to each of its counties, week by week and lot by lot.

use super::campaign::Campaign;
use super::dose::GivenRow;
use super::id::{AreaCode, LotCode};
use super::jurisdiction::AreaLevel;
use super::plan::PlanRow;
use super::planner::{LotDraw, lot_draws};
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Vaccine of one lot that a county takes in one week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllocationLine {
    /// The county.
    pub county: AreaCode,
    /// Its name.
    pub name: String,
    /// The Monday of the week in which it is taken.
    pub week: NaiveDate,
    /// The lot.
    pub lot: LotCode,
    /// Vaccine doses, waste included.
    pub doses: u64,
}

/// What the rows of a plan from a day on draw, by county, week and lot. `levels` are those of the areas that say one.
/// Where no area is a county, the areas one level below the top stand for them.
pub fn allocation(
    campaign: &Campaign,
    levels: &BTreeMap<AreaCode, AreaLevel>,
    rows: &[PlanRow],
    given: &[GivenRow],
    from: NaiveDate,
) -> Vec<AllocationLine> {
    let on = campaign.on(from);
    let rows = campaign.plan_on(rows, from);
    let given = campaign.given_on(given, from);
    let counties = Counties::new(&on, levels);
    let mut sums: BTreeMap<(AreaCode, NaiveDate, LotCode), u64> = BTreeMap::new();
    for draw in lot_draws(&on, &rows, &given, from) {
        let Some(county) = counties.of_draw(&draw, &rows) else { continue };
        let week = draw.taken - TimeDelta::days(draw.taken.weekday().num_days_from_monday().into());
        *sums.entry((county, week, draw.lot)).or_default() += draw.vaccine_doses;
    }
    let line = |((county, week, lot), doses): ((AreaCode, NaiveDate, LotCode), u64)| {
        let name = on.area(county.as_str()).map_or_else(String::new, |area| area.name.clone());
        AllocationLine { county, name, week, lot, doses }
    };
    sums.into_iter().map(line).collect()
}

/// The areas by which vaccine is handed out.
struct Counties<'a> {
    campaign: &'a Campaign,
    all: BTreeSet<&'a AreaCode>,
}

impl<'a> Counties<'a> {
    fn new(campaign: &'a Campaign, levels: &BTreeMap<AreaCode, AreaLevel>) -> Self {
        let areas = || campaign.areas.iter();
        let is_county = |code: &AreaCode| levels.get(code) == Some(&AreaLevel::County);
        let mut all: BTreeSet<&AreaCode> =
            areas().map(|area| &area.code).filter(|code| is_county(code)).collect();
        if all.is_empty() {
            let is_top = |code: &AreaCode| {
                campaign.area(code.as_str()).is_some_and(|area| area.parent.is_none())
            };
            let below = areas().filter(|area| area.parent.as_ref().is_some_and(is_top));
            all = below.map(|area| &area.code).collect();
        }
        Self { campaign, all }
    }

    /// The county that an area lies in; the top of the tree for what lies in none.
    fn of(&self, area: &AreaCode) -> Option<AreaCode> {
        let mut at = self.campaign.area(area.as_str())?;
        // A tree is at most as deep as it has areas.
        for _ in 0..self.campaign.areas.len() {
            let above = at.parent.as_ref().and_then(|code| self.campaign.area(code.as_str()));
            match above {
                _ if self.all.contains(&at.code) => break,
                Some(above) => at = above,
                None => break,
            }
        }
        Some(at.code.clone())
    }

    /// The county that takes a draw: a site's own; of a team that where it gives most on that day.
    fn of_draw(&self, draw: &LotDraw, rows: &[PlanRow]) -> Option<AreaCode> {
        if let Some(site) = &draw.site {
            return self.of(&self.campaign.site(site.as_str())?.area);
        }
        let mut doses: BTreeMap<AreaCode, u64> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.day == draw.taken && row.team == draw.team) {
            let place = self.campaign.place(row.place.as_str());
            if let Some(county) = place.and_then(|place| self.of(place.area())) {
                *doses.entry(county).or_default() += u64::from(row.doses);
            }
        }
        doses.into_iter().max_by_key(|(_, doses)| *doses).map(|(county, _)| county)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{county, day};

    fn row(at: i64, place: &str, team: Option<&str>, area: &str, doses: u32) -> PlanRow {
        PlanRow {
            day: day(at),
            place: place.into(),
            team: team.map(Into::into),
            area: area.into(),
            group: "adult".into(),
            dose: 1,
            doses,
        }
    }

    fn told(levels: &[(&str, AreaLevel)], rows: &[PlanRow]) -> Vec<String> {
        let campaign = county();
        let levels = levels.iter().map(|&(code, level)| (code.into(), level)).collect();
        let lines = allocation(&campaign, &levels, rows, &[], campaign.start);
        let line =
            |it: &AllocationLine| format!("{} {} {} {}", it.county, it.week, it.lot, it.doses);
        lines.iter().map(line).collect()
    }

    #[test]
    fn doses_are_told_by_county_week_and_lot_with_their_waste() {
        // Day 0 is Monday 2021-03-01. S1 wastes 5 %, T1 10 %.
        let rows = [
            row(0, "S1", None, "N", 19),
            row(1, "S1", None, "N", 19),
            row(1, "S2", None, "S", 10),
            row(8, "P1", Some("T1"), "V", 9),
        ];
        let expected = ["N 2021-03-01 L1 40", "N 2021-03-08 L1 10", "S 2021-03-01 L1 10"];
        assert_eq!(told(&[], &rows), expected);
        // A village that is a county by its own word.
        let levels = [("V", AreaLevel::County), ("S", AreaLevel::County)];
        let expected = ["C 2021-03-01 L1 40", "S 2021-03-01 L1 10", "V 2021-03-08 L1 10"];
        assert_eq!(told(&levels, &rows), expected, "what lies in no county is the top's");
        assert_eq!(told(&[("C", AreaLevel::County)], &rows).len(), 2, "one county, two weeks");
    }
}
