//! Where people are missing: how many each area is short of its targets.

use super::area::Area;
use super::campaign::Campaign;
use super::count::{People, Percent, ceil_of};
use super::coverage::{Coverage, CoverageRow};
use super::id::AreaCode;

/// An area and the people it is short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The area.
    pub area: AreaCode,
    /// Its name.
    pub area_name: String,
    /// Eligible people of the groups that count.
    pub eligible: People,
    /// Those who have finished.
    pub finished: People,
    /// Their share.
    pub percent: Option<Percent>,
    /// People without any dose.
    pub zero_dose: People,
    /// People who must finish; everybody eligible where no group has a target.
    pub wanted: People,
    /// People to finish until the area has its share of every target.
    pub short: People,
}

/// The areas one level below the top, those with most people short first. Where no group has a target, everybody
/// eligible is meant.
pub fn shortfalls(campaign: &Campaign, tree: &Coverage) -> Vec<Shortfall> {
    let top = campaign.root().map(|area| &area.code);
    let below = campaign.areas.iter().filter(|area| area.parent.as_ref() == top);
    let mut out: Vec<Shortfall> = below.map(|area| of_area(campaign, tree, area)).collect();
    out.sort_by(|a, b| b.short.cmp(&a.short).then_with(|| a.area.cmp(&b.area)));
    out
}

/// All tops together, without a code; how many are short is the sum over them.
pub fn whole(campaign: &Campaign, tree: &Coverage) -> Shortfall {
    let tops: Vec<&Area> = campaign.areas.iter().filter(|area| area.parent.is_none()).collect();
    let names: Vec<&str> = tops.iter().map(|area| area.name.as_str()).collect();
    let mut out = empty("".into(), names.join("、"));
    for one in tops.iter().map(|area| of_area(campaign, tree, area)) {
        out.eligible += one.eligible;
        out.finished += one.finished;
        out.zero_dose += one.zero_dose;
        out.wanted += one.wanted;
        out.short += one.short;
    }
    out.percent = out.finished.percent_of(out.eligible);
    out
}

fn empty(area: AreaCode, area_name: String) -> Shortfall {
    Shortfall {
        area,
        area_name,
        eligible: People::ZERO,
        finished: People::ZERO,
        percent: None,
        zero_dose: People::ZERO,
        wanted: People::ZERO,
        short: People::ZERO,
    }
}

fn of_area(campaign: &Campaign, tree: &Coverage, area: &Area) -> Shortfall {
    let has_target = campaign.groups.iter().any(|group| group.target.is_some());
    let counted = campaign.groups.iter().filter(|group| group.target.is_some() || !has_target);
    let rows = counted.filter_map(|group| {
        let row = tree.row(area.code.as_str(), group.id.as_str())?;
        Some((group.target, row, row.eligible?))
    });
    let mut one = empty(area.code.clone(), area.name.clone());
    for (target, row, eligible) in rows {
        let people = u32::try_from(eligible.0).unwrap_or(u32::MAX);
        let wanted = target.map_or(eligible, |share| People::from(ceil_of(people, share)));
        add(&mut one, row, (eligible, wanted));
    }
    one.percent = one.finished.percent_of(one.eligible);
    one
}

fn add(one: &mut Shortfall, row: &CoverageRow, (eligible, wanted): (People, People)) {
    let finished = row.complete.people;
    one.eligible += eligible;
    one.finished += finished;
    one.wanted += wanted;
    one.short += wanted.saturating_sub(finished);
    one.zero_dose += row.zero_dose.unwrap_or(People::ZERO);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::coverage::{Depth, DoseSums, SitesReported, coverage};
    use crate::domain::testing::{county, day};
    use rust_decimal::Decimal;

    fn some(area: &str, group: &str, people: i64) -> DoseSums {
        DoseSums {
            area: area.into(),
            group: group.into(),
            dose: 2,
            people,
            doses: people,
            invalid: 0,
            today: 0,
            doses_today: 0,
            people_due_next: 0,
            exceeding: 0,
        }
    }

    fn told(campaign: &Campaign, counted: &[DoseSums]) -> Vec<(String, u64, u64, u64)> {
        let sites = SitesReported::default();
        let tree = coverage(campaign, day(30), counted, Depth::Tree, sites);
        let line =
            |one: Shortfall| (one.area.to_string(), one.eligible.0, one.finished.0, one.short.0);
        shortfalls(campaign, &tree).into_iter().map(line).collect()
    }

    #[test]
    fn the_area_that_is_short_of_most_people_comes_first() {
        let mut campaign = county();
        campaign.groups[0].target = Some(Decimal::new(9, 1));
        // 1,000 adults in N (200 of them in its village V) and in S. Seniors have no target.
        let counted = [some("V", "adult", 100), some("S", "adult", 700), some("N", "senior", 50)];
        let expected = [("N".to_owned(), 1_000, 100, 800), ("S".to_owned(), 1_000, 700, 200)];
        assert_eq!(told(&campaign, &counted), expected);
    }

    #[test]
    fn more_people_in_one_group_do_not_make_up_for_another() {
        let mut campaign = county();
        campaign.groups[0].target = Some(Decimal::new(5, 1));
        campaign.groups[1].target = Some(Decimal::new(5, 1));
        let counted = [some("S", "adult", 900), some("S", "senior", 10)];
        let south = told(&campaign, &counted).into_iter().find(|one| one.0 == "S").unwrap();
        assert_eq!(south, ("S".to_owned(), 1_100, 910, 40), "40 of the 50 seniors are missing");
    }

    #[test]
    fn without_targets_everybody_is_meant() {
        let south = told(&county(), &[some("S", "adult", 400)]);
        let south = south.into_iter().find(|one| one.0 == "S").unwrap();
        assert_eq!(south, ("S".to_owned(), 1_100, 400, 700));
    }
}
