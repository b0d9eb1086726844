//! What a campaign may do at the jurisdiction's places, day by day.

use super::super::{ClosedDays, Jurisdiction, LocalCampaign, SiteRow, StoredJurisdiction};
use crate::domain::campaign::Campaign;
use crate::domain::testing::{county, day};

/// The county's jurisdiction as its own folder says it, changed.
fn given(change: impl Fn(&mut Jurisdiction)) -> StoredJurisdiction {
    let mut of = Jurisdiction::of_campaign(&county());
    of.closures.clear();
    change(&mut of);
    StoredJurisdiction { jurisdiction: Some(of), is_given: true, ..Default::default() }
}

/// A campaign that names no areas and places of its own.
fn beside() -> LocalCampaign {
    let nothing = Campaign {
        areas: Vec::new(),
        sites: Vec::new(),
        reach: Vec::new(),
        teams: Vec::new(),
        stops: Vec::new(),
        closures: Vec::new(),
        ..county()
    };
    let mut own = LocalCampaign::whole(&nothing);
    (own.has_reach, own.beyond.is_whole) = (false, false);
    own
}

/// Doses that a site gives on some days of a campaign; day 0 is a Monday.
fn doses<const N: usize>(campaign: &Campaign, site: &str, days: [i64; N]) -> [u32; N] {
    days.map(|at| campaign.capacity(campaign.site(site).expect("a site"), day(at)))
}

#[test]
fn a_folder_that_stands_alone_is_the_campaign_that_it_says() {
    assert_eq!(LocalCampaign::whole(&county()).alone(), county());
}

#[test]
fn a_campaign_s_own_number_is_its_limit_inside_what_the_place_can_do() {
    let own = LocalCampaign::whole(&county());
    for (place, expected) in [(260, 100), (100, 100), (60, 60), (0, 0)] {
        let stored = given(|of| of.sites[0].site.weekday_doses = place);
        let composed = stored.compose(&own);
        assert_eq!(doses(&composed, "S1", [0]), [expected], "the place can do {place}");
    }
    // Saturday 50, Sunday 0, and its own closure on day 2.
    let composed = given(|of| of.sites[0].site.weekday_doses = 260).compose(&own);
    assert_eq!(doses(&composed, "S1", [2, 3, 5, 6]), [0, 100, 50, 0]);
    // Its closure gives 30 on a Sunday, on which the place is shut.
    assert_eq!(doses(&composed, "S2", [6, 13]), [0, 0]);
}

#[test]
fn a_campaign_without_places_of_its_own_has_all_of_them() {
    let stored = given(|of| of.sites[1].site.weekday_doses = 70);
    let composed = stored.compose(&beside());
    let count = (composed.areas.len(), composed.sites.len(), composed.teams.len());
    assert_eq!((count, composed.stops.len()), ((4, 2, 2), 1));
    assert_eq!(composed.reach, county().reach);
    assert_eq!(doses(&composed, "S2", [0]), [70]);
    let open = given(|of| of.reach = None).compose(&beside());
    let served: Vec<&str> =
        open.areas_served("S1").into_iter().map(crate::domain::id::AreaCode::as_str).collect();
    assert_eq!(served, ["N"], "without a table every site serves its own area");
}

#[test]
fn a_number_from_next_week_on_leaves_last_week_as_it_was() {
    let stored = given(|of| {
        let mut later = of.sites[0].clone();
        later.from = Some(day(7));
        later.site.weekday_doses = 20;
        of.sites.push(later);
    });
    for own in [beside(), LocalCampaign::whole(&county())] {
        let composed = stored.compose(&own);
        assert_eq!(doses(&composed, "S1", [0, 4, 7, 8, 12]), [100, 100, 20, 20, 50]);
        let open = |at| composed.open_sites(day(at)).len();
        assert_eq!([open(0), open(7)], [2, 2]);
    }
    let mut own = beside();
    let mut limit = LocalCampaign::whole(&county()).limits[0].clone();
    limit.row.site.weekday_doses = 30;
    limit.row.from = Some(day(3));
    own.limits = vec![limit];
    let composed = stored.compose(&own);
    // Before its first row the campaign has no share of the site.
    assert_eq!(doses(&composed, "S1", [0, 3, 7]), [0, 30, 20]);
}

#[test]
fn a_site_ends_and_so_do_teams_and_stops() {
    let stored = given(|of| {
        let end = of.sites[0].ended(day(10));
        of.sites.push(end);
        of.gone.insert("T1".into(), day(20));
        of.gone.insert("P1".into(), day(30));
    });
    let composed = stored.compose(&beside());
    assert_eq!(doses(&composed, "S1", [9, 10, 11, 60]), [100, 0, 0, 0]);
    let shut = |place: &str| {
        let days = composed.closures.iter().filter(|one| one.place == place);
        days.map(|one| one.day).min()
    };
    assert_eq!([shut("T1"), shut("T2"), shut("P1")], [Some(day(20)), None, Some(day(30))]);
    assert_eq!(composed.place("S1").map(|place| place.name().to_owned()), Some("site S1".into()));
}

#[test]
fn what_shuts_a_place_shuts_it_for_every_campaign() {
    let closed = |place: &str, first, last, doses| ClosedDays {
        place: place.into(),
        first: day(first),
        last: day(last),
        doses,
        reason: None,
    };
    let stored = given(|of| {
        of.closures = vec![closed("S1", 7, 9, 0), closed("S1", 10, 10, 10), closed("T1", 0, 1, 0)];
    });
    for own in [beside(), LocalCampaign::whole(&county())] {
        let composed = stored.compose(&own);
        assert_eq!(doses(&composed, "S1", [0, 7, 8, 9, 10, 11]), [100, 0, 0, 0, 10, 100]);
        let off = composed.closures.iter().filter(|one| one.place == "T1").count();
        assert_eq!(off, 2);
    }
}

#[test]
fn stations_and_hours_limit_what_is_typed() {
    use super::super::{Hours, Stations};
    let clock = |text: &str| text.parse().expect("a time");
    let stored = given(|of| {
        let row: &mut SiteRow = &mut of.sites[0];
        row.hours = Some(Hours { opens: clock("08:00:00"), closes: clock("10:30:00") });
        row.stations = Some(Stations { count: 2, doses_per_hour: 15.into() });
    });
    assert_eq!(doses(&stored.compose(&beside()), "S1", [0, 5, 6]), [75, 50, 0]);
    let candidate = given(|of| of.sites[0].is_candidate = true);
    assert_eq!(doses(&candidate.compose(&beside()), "S1", [0, 5]), [0, 0]);
}

#[test]
fn a_folder_that_names_a_part_of_the_tree_has_that_part() {
    let mut own = county();
    own.areas.retain(|area| ["N", "V"].contains(&area.code.as_str()));
    own.areas[0].parent = None;
    own.eligible.retain(|row| row.area.as_str() != "S");
    own.sites.truncate(1);
    own.reach.retain(|reach| reach.area.as_str() != "S");
    let composed = given(|_| {}).compose(&LocalCampaign::whole(&own));
    assert_eq!(composed.root().map(|area| area.code.as_str()), Some("N"));
    assert_eq!((composed.areas.len(), composed.sites.len()), (2, 1));
    // The successor of a merged area comes along.
    let merged = given(|of| {
        let until = day(5);
        let merger = crate::domain::area::Merger { into: "S".into(), until };
        of.areas.iter_mut().find(|row| row.area.code.as_str() == "V").expect("V").merged =
            Some(merger);
    });
    let composed = merged.compose(&LocalCampaign::whole(&own));
    assert!(composed.area("S").is_some() && composed.mergers.len() == 1);
}

#[test]
fn a_recalled_lot_is_used_until_the_day_before() {
    let mut own = LocalCampaign::whole(&county());
    own.beyond.recalled.insert("L1".into(), day(3));
    assert_eq!(own.alone().lot("L1").map(|lot| lot.expires), Some(day(2)));
    own.beyond.recalled.insert("L1".into(), day(900));
    assert_eq!(own.alone().lot("L1"), county().lot("L1"));
}
