//! Areas that are merged (并镇) and groups that get another name: where their facts count.
//!
//! A fact keeps the codes under which it was reported. [`Campaign::home`] and [`Campaign::group_now`] say where it
//! counts, and [`Campaign::on`] is the campaign as it is on a day.

use super::area::{Area, Merger};
use super::campaign::{Campaign, CohortKey};
use super::counting::{CellKey, Cells};
use super::dose::{GivenRow, Tally};
use super::group::Eligible;
use super::id::{AreaCode, GroupId};
use super::plan::PlanRow;
use super::site::{Reach, Site, Stop};
use chrono::NaiveDate;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The area whose people an area's people count with on a day: itself, or the one that it was merged into by then,
/// however many mergers followed.
pub fn successor<'a>(
    area: &'a AreaCode,
    day: NaiveDate,
    merger_of: impl Fn(&AreaCode) -> Option<&'a Merger>,
) -> &'a AreaCode {
    let mut at = area;
    let mut seen = BTreeSet::new();
    // A circle is refused when a table is read; here it only must not go on for ever.
    while seen.insert(at) {
        match merger_of(at).filter(|merger| merger.until <= day) {
            Some(merger) => at = &merger.into,
            None => break,
        }
    }
    at
}

impl Campaign {
    /// The area with which an area's facts count on a day.
    pub fn home<'a>(&'a self, area: &'a AreaCode, day: NaiveDate) -> &'a AreaCode {
        if self.mergers.is_empty() {
            return area;
        }
        successor(area, day, |code| self.mergers.get(code))
    }

    /// The name that a group has now.
    pub fn group_now<'a>(&'a self, group: &'a GroupId) -> &'a GroupId {
        // A group that exists is itself, even where another one had its name before.
        if self.renamed.is_empty() || self.group(group.as_str()).is_some() {
            return group;
        }
        self.renamed.get(group).unwrap_or(group)
    }

    /// Whether an area counts with another one on a day.
    pub fn is_merged(&self, area: &AreaCode, day: NaiveDate) -> bool {
        self.mergers.get(area).is_some_and(|merger| merger.until <= day)
    }

    /// The campaign as it is on a day: areas that were merged by then are not there, and their people, places and
    /// denominators are their successors'.
    pub fn on(&self, day: NaiveDate) -> Cow<'_, Self> {
        if !self.mergers.values().any(|merger| merger.until <= day) {
            return Cow::Borrowed(self);
        }
        let home = |area: &AreaCode| self.home(area, day).clone();
        let mut seen = BTreeSet::new();
        let reach = self.reach.iter().map(|one| Reach { area: home(&one.area), ..one.clone() });
        Cow::Owned(Self {
            areas: self.areas_on(day),
            eligible: self.eligible_merged(day),
            sites: self
                .sites
                .iter()
                .map(|site| Site { area: home(&site.area), ..site.clone() })
                .collect(),
            stops: self
                .stops
                .iter()
                .map(|stop| Stop { area: home(&stop.area), ..stop.clone() })
                .collect(),
            reach: reach.filter(|one| seen.insert(one.clone())).collect(),
            ..self.clone()
        })
    }

    fn areas_on(&self, day: NaiveDate) -> Vec<Area> {
        let stays = |area: &&Area| !self.is_merged(&area.code, day);
        let under = |area: &Area| {
            let parent = area.parent.as_ref().map(|parent| self.home(parent, day).clone());
            Area { parent, ..area.clone() }
        };
        self.areas.iter().filter(stays).map(under).collect()
    }

    /// The denominators; those of cohorts that a merger touched are one row, as of the day.
    fn eligible_merged(&self, day: NaiveDate) -> Vec<Eligible> {
        let merged = |area: &AreaCode| self.is_merged(area, day);
        let into: BTreeSet<&AreaCode> = self
            .areas
            .iter()
            .filter(|area| merged(&area.code))
            .map(|area| self.home(&area.code, day))
            .collect();
        let is_touched = |row: &&Eligible| merged(&row.area) || into.contains(&row.area);
        let mut rows: Vec<Eligible> =
            self.eligible.iter().filter(|row| !is_touched(row)).cloned().collect();
        let mut sums: BTreeMap<CohortKey, Eligible> = BTreeMap::new();
        for (key, row) in self.eligible_on(day).into_iter().filter(|(_, row)| is_touched(row)) {
            let area = self.home(&key.area, day).clone();
            let key = CohortKey { area: area.clone(), group: key.group };
            let sum =
                sums.entry(key).or_insert_with(|| Eligible { area, people: 0, ..row.clone() });
            sum.people = sum.people.saturating_add(row.people);
        }
        rows.extend(sums.into_values());
        rows
    }

    /// Whether facts may stand under other codes than the campaign has on a day.
    fn is_moved(&self, day: NaiveDate) -> bool {
        !self.renamed.is_empty() || self.mergers.values().any(|merger| merger.until <= day)
    }

    /// A tally under the name that its group has now.
    pub fn tally_now<'a>(&self, tally: &'a Tally) -> Cow<'a, Tally> {
        match self.group_now(&tally.group) {
            group if *group == tally.group => Cow::Borrowed(tally),
            group => Cow::Owned(Tally { group: group.clone(), ..tally.clone() }),
        }
    }

    /// Cells as they count on a day: those of merged areas with their successors'.
    pub fn cells_on(&self, cells: Cells, day: NaiveDate) -> Cells {
        if !self.is_moved(day) {
            return cells;
        }
        let mut out = Cells::new();
        for (key, cell) in cells {
            let area = self.home(&key.area, day).clone();
            out.entry(CellKey { area, ..key }).or_default().add(&cell, 1);
        }
        out
    }

    /// Doses as they count on a day, for the planner.
    pub fn given_on<'a>(&self, given: &'a [GivenRow], day: NaiveDate) -> Cow<'a, [GivenRow]> {
        if !self.is_moved(day) {
            return Cow::Borrowed(given);
        }
        let row = |row: &GivenRow| GivenRow {
            area: self.home(&row.area, day).clone(),
            group: self.group_now(&row.group).clone(),
            ..row.clone()
        };
        Cow::Owned(given.iter().map(row).collect())
    }

    /// The same as [`Campaign::plan_rows_on`] for rows that are borrowed.
    pub fn plan_on<'a>(&self, rows: &'a [PlanRow], day: NaiveDate) -> Cow<'a, [PlanRow]> {
        if !self.is_moved(day) {
            return Cow::Borrowed(rows);
        }
        Cow::Owned(self.plan_rows_on(rows.to_vec(), day))
    }

    /// Rows of a plan as they are on a day: under today's names of groups, with the successors of areas.
    pub fn plan_rows_on(&self, rows: Vec<PlanRow>, day: NaiveDate) -> Vec<PlanRow> {
        if !self.is_moved(day) {
            return rows;
        }
        let mut out: Vec<PlanRow> = Vec::with_capacity(rows.len());
        let mut at: BTreeMap<_, usize> = BTreeMap::new();
        for row in rows {
            let row = PlanRow {
                area: self.home(&row.area, day).clone(),
                group: self.group_now(&row.group).clone(),
                ..row
            };
            let place = (row.place.clone(), row.team.clone());
            let key = (row.day, place, row.area.clone(), row.group.clone(), row.dose);
            if let Some(same) = at.get(&key) {
                out[*same].doses += row.doses;
            } else {
                at.insert(key, out.len());
                out.push(row);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{county, day, eligible};

    /// The county, where S is merged into N on day 10.
    fn merged() -> Campaign {
        let mut campaign = county();
        campaign.mergers.insert("S".into(), Merger { into: "N".into(), until: day(10) });
        campaign
    }

    #[test]
    fn before_its_day_a_merger_changes_nothing() {
        let campaign = merged();
        assert!(matches!(campaign.on(day(9)), Cow::Borrowed(_)));
        assert_eq!(campaign.home(&"S".into(), day(9)).as_str(), "S");
        assert_eq!(campaign.home(&"S".into(), day(10)).as_str(), "N");
    }

    #[test]
    fn from_its_day_on_people_places_and_reach_are_the_successor_s() {
        let mut campaign = merged();
        campaign.eligible.push(eligible("S", "adult", 1200, Some(20)));
        let people = |at: i64| -> Vec<String> {
            let on = campaign.on(day(at));
            let rows = on.eligible_on(day(at));
            rows.iter()
                .map(|(key, row)| format!("{} {} {}", key.area, key.group, row.people))
                .collect()
        };
        assert_eq!(people(10), ["N adult 1800", "N senior 200", "V adult 200"]);
        assert_eq!(people(20)[0], "N adult 2000", "a revision counts with the successor too");
        let on = campaign.on(day(10));
        let areas: Vec<&str> = on.areas.iter().map(|area| area.code.as_str()).collect();
        assert_eq!(areas, ["C", "N", "V"]);
        assert_eq!(on.site("S2").map(|site| site.area.as_str()), Some("N"));
        assert_eq!(on.areas_served("S2"), [&AreaCode::from("N")]);
    }

    #[test]
    fn children_of_a_merged_area_hang_below_its_successor() {
        let mut campaign = merged();
        campaign.mergers.insert("N".into(), Merger { into: "S".into(), until: day(5) });
        campaign.mergers.remove("S");
        let on = campaign.on(day(5));
        assert_eq!(on.area("V").and_then(|area| area.parent.as_ref()), Some(&"S".into()));
    }

    #[test]
    fn mergers_follow_each_other_and_a_circle_ends() {
        let mut campaign = merged();
        campaign.mergers.insert("V".into(), Merger { into: "S".into(), until: day(3) });
        let home = |campaign: &Campaign, at| campaign.home(&"V".into(), day(at)).to_string();
        assert_eq!([2, 3, 10].map(|at| home(&campaign, at)), ["V", "S", "N"]);
        campaign.mergers.insert("N".into(), Merger { into: "V".into(), until: day(0) });
        home(&campaign, 20);
    }

    #[test]
    fn a_group_s_facts_have_its_new_name() {
        let mut campaign = county();
        campaign.groups[0].id = "grown-up".into();
        campaign.renamed.insert("adult".into(), "grown-up".into());
        assert_eq!(campaign.group_now(&"adult".into()).as_str(), "grown-up");
        assert_eq!(campaign.group_now(&"senior".into()).as_str(), "senior");
        campaign.groups[1].id = "adult".into();
        assert_eq!(campaign.group_now(&"adult".into()).as_str(), "adult", "it is there again");
    }

    #[test]
    fn rows_of_a_plan_that_fall_together_are_added_up() {
        let row = |area: &str, doses| PlanRow {
            day: day(12),
            place: "S1".into(),
            team: None,
            area: area.into(),
            group: "adult".into(),
            dose: 1,
            doses,
        };
        let rows = vec![row("N", 3), row("S", 4), row("V", 1)];
        let doses = |at| -> Vec<u32> {
            merged().plan_rows_on(rows.clone(), day(at)).iter().map(|row| row.doses).collect()
        };
        assert_eq!(doses(9), [3, 4, 1]);
        assert_eq!(doses(10), [7, 1]);
    }
}
