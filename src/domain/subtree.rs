//! A part of a campaign: an area with all below it, and the places there.

use super::area::Area;
use super::campaign::Campaign;
use super::id::AreaCode;
use std::collections::BTreeSet;

impl Campaign {
    /// Areas and all areas below them; codes that the campaign does not have are left out.
    pub fn subtree(&self, tops: &[AreaCode]) -> BTreeSet<&AreaCode> {
        tops.iter().flat_map(|top| self.below(top)).collect()
    }

    /// The campaign as it is in a part of the tree: with the areas and places there, and the people who live there.
    /// Its lots are those of the whole.
    #[must_use]
    pub fn within(&self, tops: &[AreaCode]) -> Self {
        let codes: BTreeSet<AreaCode> = self.subtree(tops).into_iter().cloned().collect();
        let area = |area: &Area| {
            let parent = area.parent.clone().filter(|parent| codes.contains(parent));
            Area { parent, ..area.clone() }
        };
        let sites: Vec<_> =
            self.sites.iter().filter(|site| codes.contains(&site.area)).cloned().collect();
        let stops: Vec<_> =
            self.stops.iter().filter(|stop| codes.contains(&stop.area)).cloned().collect();
        let is_here = |place: &str| {
            sites.iter().any(|site| site.code.as_str() == place)
                || stops.iter().any(|stop| stop.code.as_str() == place)
        };
        let reach = self.reach.iter();
        let reach = reach.filter(|one| codes.contains(&one.area) && is_here(one.site.as_str()));
        // A team is everybody's: it is seen where it has somewhere to go.
        let teams = if stops.is_empty() { Vec::new() } else { self.teams.clone() };
        let is_team = |code: &str| teams.iter().any(|team| team.code.as_str() == code);
        let closures = self.closures.iter();
        let closures = closures.filter(|one| is_here(&one.place) || is_team(&one.place));
        let mut mergers = self.mergers.clone();
        mergers.retain(|area, merger| codes.contains(area) && codes.contains(&merger.into));
        Self {
            areas: self.areas.iter().filter(|a| codes.contains(&a.code)).map(area).collect(),
            eligible: self
                .eligible
                .iter()
                .filter(|row| codes.contains(&row.area))
                .cloned()
                .collect(),
            reach: reach.cloned().collect(),
            closures: closures.cloned().collect(),
            mergers,
            sites,
            stops,
            teams,
            ..self.clone()
        }
    }

    /// Whether people of an area are this campaign's: those of areas that were merged are too.
    pub fn has_people_of(&self, area: &AreaCode) -> bool {
        self.area(area.as_str()).is_some() || self.mergers.contains_key(area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::counting::{Total, TotalKey};
    use crate::domain::coverage::{Depth, SitesReported, counted_from, coverage};
    use crate::domain::testing::{county, day};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_part_has_the_areas_and_places_below_its_tops() {
        let part = county().within(&["N".into()]);
        let areas: Vec<&str> = part.areas.iter().map(|area| area.code.as_str()).collect();
        assert_eq!(areas, ["N", "V"]);
        assert_eq!(part.root().map(|area| area.code.as_str()), Some("N"));
        let sites: Vec<&str> = part.sites.iter().map(|site| site.code.as_str()).collect();
        assert_eq!((sites, part.stops.len(), part.teams.len()), (vec!["S1"], 1, 2));
        assert!(part.eligible.iter().all(|row| ["N", "V"].contains(&row.area.as_str())));
        let south = county().within(&["S".into()]);
        assert!(south.teams.is_empty() && south.stops.is_empty(), "no team has anything to do");
        assert!(county().within(&["nowhere".into()]).areas.is_empty());
        assert_eq!(county().within(&["C".into()]), county(), "the top is the whole");
    }

    /// A tree in which every area but the first hangs below an earlier one.
    fn tree(parents: &[usize]) -> Campaign {
        let mut campaign = county();
        campaign.areas = (0..=parents.len())
            .map(|at| Area {
                code: AreaCode::new(format!("A{at}")),
                name: format!("A{at}"),
                parent: at
                    .checked_sub(1)
                    .map(|before| AreaCode::new(format!("A{}", parents[before] % at))),
                point: None,
            })
            .collect();
        campaign.group_sets.clear();
        campaign
    }

    proptest! {
        /// Whatever the tree and however many levels: a parent has its own people and its children's, each once.
        #[test]
        fn figures_of_every_level_are_counted_once(
            parents in prop::collection::vec(0_usize..100, 1..12),
            people in prop::collection::vec((0_u32..50, 0_i64..50), 13),
            top in 0_usize..13,
        ) {
            let mut campaign = tree(&parents);
            let row = campaign.eligible[0].clone();
            let mut totals = BTreeMap::new();
            campaign.eligible = Vec::new();
            for (area, (eligible, doses)) in campaign.areas.iter().zip(&people) {
                let area = area.code.clone();
                campaign.eligible.push(crate::domain::group::Eligible {
                    area: area.clone(), people: *eligible, as_of: None, ..row.clone()
                });
                let key = TotalKey { area, group: "adult".into(), dose: 1, day: day(3) };
                totals.insert(key, Total { doses: *doses, ..Total::default() });
            }
            let counted = counted_from(&totals, day(5), &[]);
            let told = |campaign: &Campaign| {
                coverage(campaign, day(5), &counted, Depth::Tree, SitesReported::default())
            };
            let whole = told(&campaign);
            let of = |area: &str| {
                let row = whole.row(area, "adult").expect("a row");
                (row.eligible.map_or(0, |people| people.0), row.doses[0].people.0)
            };
            for (at, area) in campaign.areas.iter().enumerate() {
                let own = (u64::from(people[at].0), people[at].1.unsigned_abs());
                let children = campaign.areas.iter();
                let children = children.filter(|one| one.parent.as_ref() == Some(&area.code));
                let sum = children.map(|one| of(one.code.as_str())).fold(own, |a, b| {
                    (a.0 + b.0, a.1 + b.1)
                });
                prop_assert_eq!(of(area.code.as_str()), sum, "{}", area.code);
            }
            // A part says of its areas what the whole says, and nothing of the others.
            let top = AreaCode::new(format!("A{}", top % campaign.areas.len()));
            let part = told(&campaign.within(std::slice::from_ref(&top)));
            let below = campaign.below(&top);
            prop_assert_eq!(part.rows.len(), below.len() * campaign.groups.len());
            for row in &part.rows {
                prop_assert!(below.contains(&row.area));
                prop_assert_eq!(Some(row), whole.row(row.area.as_str(), &row.group));
            }
        }
    }
}
