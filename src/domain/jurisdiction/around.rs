//! In whose counties a campaign works. The register of a prefecture holds the people of all its counties; what one of
//! them does at night reads its own.

use super::{AreaLevel, AreaRow, StoredJurisdiction};
use crate::domain::campaign::Campaign;
use crate::domain::id::AreaCode;
use std::collections::{BTreeMap, BTreeSet};

impl StoredJurisdiction {
    /// The areas whose people a campaign may be about: those of the counties in which it has eligible people, and those
    /// that lie in no county. A catch-up campaign counts its eligible people itself: its counties are those of its
    /// areas. `None`: all areas.
    pub(super) fn around(&self, campaign: &Campaign) -> Option<Vec<AreaCode>> {
        let rows: BTreeMap<&AreaCode, &AreaRow> = self
            .jurisdiction
            .iter()
            .flat_map(|all| &all.areas)
            .map(|row| (&row.area.code, row))
            .collect();
        let counties = |code: &AreaCode| counties_of(&rows, code);
        let mut mine: BTreeSet<&AreaCode> = BTreeSet::new();
        let own: Vec<&AreaCode> = if campaign.catch_up.is_some() {
            campaign
                .areas
                .iter()
                .map(|area| &area.code)
                .filter(|code| !counties(code).is_empty())
                .collect()
        } else {
            campaign.eligible.iter().map(|row| &row.area).collect()
        };
        for code in &own {
            let found = counties(code);
            // People of an area above the counties, or in a tree that names none, may live anywhere.
            if found.is_empty() {
                return None;
            }
            mine.extend(found);
        }
        let is_near = |code: &AreaCode| {
            let found = counties(code);
            found.is_empty() || found.iter().any(|county| mine.contains(county))
        };
        let near: Vec<AreaCode> =
            rows.keys().filter(|code| is_near(code)).map(|code| (*code).clone()).collect();
        (!own.is_empty() && near.len() < rows.len()).then_some(near)
    }
}

/// The county that an area lies in, and that of its successor where it was merged into another.
fn counties_of<'a>(
    rows: &BTreeMap<&'a AreaCode, &'a AreaRow>,
    code: &AreaCode,
) -> Vec<&'a AreaCode> {
    let (mut out, mut seen) = (Vec::new(), BTreeSet::new());
    let mut open: Vec<&AreaCode> = vec![code];
    while let Some(at) = open.pop() {
        let Some((key, row)) = rows.get_key_value(at).filter(|_| seen.insert(at.clone())) else {
            continue;
        };
        if row.level == Some(AreaLevel::County) {
            out.push(*key);
        } else {
            open.extend(&row.area.parent);
        }
        open.extend(row.merged.as_ref().map(|merger| &merger.into));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::area::{Area, Merger};
    use crate::domain::campaign::CatchUp;
    use crate::domain::group::Eligible;
    use crate::domain::jurisdiction::Jurisdiction;
    use crate::domain::testing::{county, day};
    use rust_decimal::Decimal;

    /// A prefecture of two counties, A with the towns A1 and A2, B with B1 and its village B1v; X lies in no county.
    fn prefecture() -> Vec<AreaRow> {
        let tree = [
            ("P", "", Some(AreaLevel::Prefecture)),
            ("A", "P", Some(AreaLevel::County)),
            ("A1", "A", Some(AreaLevel::Township)),
            ("A2", "A", None),
            ("B", "P", Some(AreaLevel::County)),
            ("B1", "B", Some(AreaLevel::Township)),
            ("B1v", "B1", Some(AreaLevel::Village)),
            ("X", "P", None),
        ];
        let row = |(code, parent, level): (&str, &str, _)| {
            let parent = (!parent.is_empty()).then(|| parent.into());
            let area = Area { code: code.into(), name: code.to_owned(), parent, point: None };
            AreaRow { level, ..AreaRow::plain(area) }
        };
        tree.map(row).into()
    }

    /// The areas around a campaign with eligible people in `places`.
    fn around(rows: Vec<AreaRow>, places: &[&str], catch_up: bool) -> Option<String> {
        let mut of = Jurisdiction::of_campaign(&county());
        of.areas = rows;
        let row = |area: &&str| Eligible {
            area: (*area).into(),
            group: "g".into(),
            people: 9,
            source: None,
            as_of: None,
        };
        let areas = of.areas.iter().filter(|row| places.contains(&row.area.code.as_str()));
        let gives = CatchUp { vaccines: Vec::new(), rate: Decimal::ONE };
        let campaign = Campaign {
            areas: areas.map(|row| row.area.clone()).collect(),
            eligible: if catch_up { Vec::new() } else { places.iter().map(row).collect() },
            catch_up: catch_up.then_some(gives),
            ..county()
        };
        let stored = StoredJurisdiction { jurisdiction: Some(of), ..Default::default() };
        let near = stored.around(&campaign)?;
        Some(near.iter().map(AreaCode::as_str).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_campaign_reads_the_counties_in_which_it_has_eligible_people() {
        for (places, expected) in [
            (&["A1"][..], Some("A A1 A2 P X")),
            (&["B1v"], Some("B B1 B1v P X")),
            (&["A"], Some("A A1 A2 P X")),
            (&["A2", "B1"], None),
            (&["P"], None),
            (&["X", "A1"], None),
            (&[], None),
        ] {
            assert_eq!(around(prefecture(), places, false).as_deref(), expected, "{places:?}");
        }
    }

    #[test]
    fn a_catch_up_campaign_reads_the_counties_of_its_areas() {
        assert_eq!(around(prefecture(), &["P", "A1"], true).as_deref(), Some("A A1 A2 P X"));
        assert_eq!(around(prefecture(), &["P", "A1", "B"], true), None);
        assert_eq!(around(prefecture(), &["P"], true), None, "nothing says which");
    }

    #[test]
    fn a_town_that_is_merged_into_another_county_is_of_both() {
        let mut rows = prefecture();
        rows[3].merged = Some(Merger { into: "B1".into(), until: day(5) });
        assert_eq!(around(rows.clone(), &["B"], false).as_deref(), Some("A2 B B1 B1v P X"));
        assert_eq!(around(rows, &["A2"], false), None, "A2 is of A and of B");
    }

    #[test]
    fn a_tree_without_counties_is_read_whole() {
        let mut rows = prefecture();
        for row in &mut rows {
            row.level = row.level.filter(|level| *level != AreaLevel::County);
        }
        assert_eq!(around(rows, &["A1"], false), None);
        assert_eq!(around(Vec::new(), &["A1"], false), None);
    }
}
