//! What campaigns bring to a jurisdiction, and what they say otherwise.

use super::*;
use crate::domain::area::Area;
use crate::domain::campaign::Campaign;
use crate::domain::testing::{county, day};

fn own(id: &str, change: impl Fn(&mut Campaign)) -> LocalCampaign {
    let mut campaign = county();
    campaign.id = id.into();
    change(&mut campaign);
    LocalCampaign::whole(&campaign)
}

/// A jurisdiction of campaigns that come one after the other.
fn of(owns: &[&LocalCampaign], decides: bool) -> StoredJurisdiction {
    let mut stored = StoredJurisdiction::default();
    for (at, own) in owns.iter().enumerate() {
        stored.take(own, None, &owns[..at], decides);
    }
    stored
}

fn doses(stored: &StoredJurisdiction, site: &str) -> Vec<u32> {
    stored.site_rows(site).iter().map(|row| row.site.weekday_doses).collect()
}

#[test]
fn a_new_code_is_added_an_equal_row_is_nothing_and_an_unnamed_code_stays() {
    let flu = own("flu", |_| {});
    let first = of(&[&flu], true);
    let same = own("hpv", |_| {});
    let mut second = first.clone();
    second.take(&same, None, &[&flu], true);
    assert_eq!(second, first, "the same rows again");
    let more = own("hpv", |c| {
        c.areas.push(Area { code: "X".into(), name: "X".into(), ..c.areas[1].clone() });
        c.areas.remove(2);
    });
    second.take(&more, Some(&same), &[&flu], true);
    let codes: Vec<&str> = second.area_rows().map(|row| row.area.code.as_str()).collect();
    assert_eq!(codes, ["C", "N", "S", "V", "X"]);
}

#[test]
fn a_row_that_differs_changes_the_jurisdiction_and_a_blank_cell_says_nothing() {
    let lead =
        |name: &str| Some(crate::domain::contact::Contact { name: name.into(), email: None });
    let flu = own("flu", |c| c.sites[0].lead = lead("赵一"));
    let hpv = own("hpv", |c| c.sites[0].name = "new".into());
    let mut stored = of(&[&flu, &hpv], true);
    let site = |stored: &StoredJurisdiction| {
        let rows = stored.site_rows("S1");
        (rows[0].site.name.clone(), rows[0].site.lead.clone().map(|lead| lead.name))
    };
    assert_eq!(site(&stored), ("new".into(), Some("赵一".into())));
    // Who emptied the cell itself means it.
    let emptied = own("flu", |c| c.sites[0].name = "new".into());
    stored.take(&emptied, Some(&flu), &[&hpv], true);
    assert_eq!(site(&stored), ("new".into(), None));
}

#[test]
fn a_place_that_only_campaigns_bring_can_do_the_largest_number_of_any() {
    let flu = own("flu", |c| c.sites[0].weekday_doses = 100);
    let hpv = own("hpv", |c| (c.sites[0].weekday_doses, c.sites[0].saturday_doses) = (180, 0));
    let mut stored = of(&[&flu, &hpv], true);
    let rows = stored.site_rows("S1");
    let site = &rows[0].site;
    assert_eq!((rows.len(), site.weekday_doses, site.saturday_doses), (1, 180, 50));
    // Each campaign has what it says itself.
    for (own, expected) in [(&flu, 100), (&hpv, 180)] {
        assert_eq!(stored.compose(own).sites[0].weekday_doses, expected);
    }
    let less = own("hpv", |c| c.sites[0].weekday_doses = 60);
    stored.take(&less, Some(&hpv), &[&flu], true);
    assert_eq!(doses(&stored, "S1"), [100]);
    // Once the jurisdiction says it, campaigns are limits.
    let mut given = stored.jurisdiction.clone().expect("a jurisdiction");
    given.sites[0].site.weekday_doses = 260;
    let mut stored = stored.given(&given, &[&flu, &less]);
    assert!(stored.brought.is_empty());
    let more = own("hpv", |c| c.sites[0].weekday_doses = 500);
    stored.take(&more, Some(&less), &[&flu], true);
    assert_eq!(doses(&stored, "S1"), [260]);
    assert_eq!(stored.compose(&more).sites[0].weekday_doses, 260);
    assert_eq!(stored.compose(&flu).sites[0].weekday_doses, 100);
}

#[test]
fn what_campaigns_name_stays_when_the_jurisdiction_s_folder_does_not() {
    let flu = own("flu", |_| {});
    let stored = of(&[&flu], true);
    let mut given = stored.jurisdiction.clone().expect("a jurisdiction");
    given.areas.truncate(1);
    given.sites.clear();
    given.teams.clear();
    given.stops.clear();
    let kept = stored.given(&given, &[&flu]);
    assert_eq!(kept.area_rows().count(), 4);
    assert_eq!(kept.site_codes(), ["S1", "S2"]);
    assert_eq!(kept.brought.len(), 2);
    let nobody = stored.given(&given, &[]);
    assert_eq!((nobody.area_rows().count(), nobody.site_codes().len()), (1, 0));
}

#[test]
fn a_change_of_one_place_leaves_the_others_with_their_campaigns() {
    let flu = own("flu", |_| {});
    let hpv = own("hpv", |c| c.sites.iter_mut().for_each(|site| site.weekday_doses = 60));
    let stored = of(&[&flu, &hpv], true);
    let mut edited = stored.jurisdiction.clone().expect("a jurisdiction");
    assert_eq!(stored.with_place("S1", edited.clone()), stored, "nothing changes");
    edited.sites[0].site.weekday_doses = 70;
    let new = stored.with_place("S1", edited);
    assert!(!new.is_given, "nobody applied its folder");
    let brought: Vec<&str> = new.brought.iter().map(PlaceCode::as_str).collect();
    assert_eq!(brought, ["S2"]);
    let doses = |own| new.compose(own).sites.iter().map(|site| site.weekday_doses).collect();
    let both: [Vec<u32>; 2] = [doses(&flu), doses(&hpv)];
    assert_eq!(both, [[70, 100], [60, 60]], "limits at S1, their own word at S2");
}

#[test]
fn contradictions_hold_for_their_campaign_until_somebody_decides() {
    let flu = own("flu", |_| {});
    let hpv = own("hpv", |c| {
        c.areas[1].name = "North".into();
        c.sites[0].area = "V".into();
        c.teams[0].work_minutes = 300;
    });
    let stored = of(&[&flu, &hpv], false);
    let keys: Vec<_> = stored.disputes.iter().map(|one| one.row.key()).collect();
    assert_eq!(keys, [("areas", "N"), ("teams", "T1"), ("sites", "S1")]);
    assert_eq!(stored.compose(&flu), flu.alone());
    assert_eq!(stored.compose(&hpv), hpv.alone(), "as it was before they were put together");
    // Its folder again decides nothing.
    let mut again = stored.clone();
    again.take(&hpv, Some(&hpv), &[&flu], true);
    assert_eq!(again, stored);

    let mut kept = stored.clone();
    assert!(kept.decide("areas", "N", None));
    assert_eq!(kept.compose(&hpv).areas[1].name, "area N");
    assert!(!kept.decide("areas", "N", None), "it is decided");
    let mut taken = stored.clone();
    assert!(taken.decide("sites", "S1", Some(&"hpv".into())));
    assert!(!taken.decide("teams", "T1", Some(&"flu".into())), "flu says nothing else");
    assert_eq!(taken.compose(&flu).sites[0].area.as_str(), "V");
}

#[test]
fn mergers_need_a_successor_and_go_round_in_no_circle() {
    let merged = |pairs: &[(&str, &str)]| {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let campaign = own("flu", |c| {
            for (area, into) in &pairs {
                let merger = Merger { into: into.as_str().into(), until: day(1) };
                c.mergers.insert(area.as_str().into(), merger);
            }
        });
        of(&[&campaign], true).bad_mergers()
    };
    assert_eq!(merged(&[("S", "N")]), []);
    assert_eq!(merged(&[("V", "S"), ("S", "N")]), [], "one after the other");
    assert_eq!(merged(&[("S", "X")]), [BadMerger::Unknown("S".into(), "X".into())]);
    let circle = merged(&[("S", "N"), ("N", "S")]);
    assert_eq!(circle, [BadMerger::Circle("N".into()), BadMerger::Circle("S".into())]);
    assert_eq!(merged(&[("S", "S")]), [BadMerger::Circle("S".into())]);
    // V lies below N: N would hang below itself.
    assert_eq!(merged(&[("N", "V")]), [BadMerger::Circle("N".into())]);
}

#[test]
fn a_stored_jurisdiction_is_read_as_it_was_written() {
    let stored = of(&[&own("flu", |_| {}), &own("hpv", |c| c.areas[1].name = "x".into())], false);
    let text = serde_json::to_string(&stored).expect("plain data");
    assert_eq!(serde_json::from_str::<StoredJurisdiction>(&text).expect("the same"), stored);
}
