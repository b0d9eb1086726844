use super::super::testing::{eligible, first_plan, group, plain, start};
use super::super::{Limits, make};
use super::*;

/// The verdict on the plain plan of a campaign.
fn judged(campaign: &Campaign) -> Vec<GroupVerdict> {
    let request = first_plan(campaign, Limits::QUICK);
    let plan = make(&request, &mut |_| {}, &mut || 0.0);
    verdict(&request, &plan, &mut || 0.0)
}

fn targets(campaign: &mut Campaign, targets: &[i64]) {
    for (group, target) in campaign.groups.iter_mut().zip(targets) {
        group.target = Some(Decimal::new(*target, 2));
    }
}

#[test]
fn the_least_number_that_helps_is_found_to_a_thousandth() {
    for (most, needed, want) in [(0, 0, None), (9, 10, None), (9, 9, Some(9)), (9, 1, Some(1))] {
        assert_eq!(least(most, |n| n >= needed), want, "{needed} of {most}");
    }
    let found = least(100_000, |n| n >= 33_333).expect("it helps");
    assert!((33_333..33_440).contains(&found), "{found}");
    assert_eq!(least(1000, |n| n >= 333), Some(333));
}

#[test]
fn a_group_without_a_target_has_no_verdict_and_a_reached_one_needs_nothing() {
    let mut campaign = plain();
    campaign.groups.push(group("few", 2.0));
    campaign.eligible = vec![eligible("A1", "all", 40), eligible("A1", "few", 9)];
    assert_eq!(judged(&campaign), []);
    campaign.groups[1].target = Some(Decimal::new(91, 2));
    let found = judged(&campaign);
    assert_eq!(found.len(), 1);
    // 91 % of nine people are 8.19: nine.
    assert_eq!((found[0].target_people, found[0].planned_people), (9, 9));
    assert_eq!((found[0].reached, found[0].short, found[0].reachable), (true, 0, Some(true)));
    assert!(found[0].fixes.is_empty() && found[0].binds.is_empty() && !found[0].cut_short);
}

#[test]
fn a_group_that_others_crowd_out_is_reachable_first_and_vaccine_binds() {
    // Vaccine for 40 people: the first group gets all of it, the second could have.
    let mut campaign = plain();
    campaign.groups = vec![group("dear", 2.0), group("cheap", 1.0)];
    campaign.eligible = vec![eligible("A1", "dear", 40), eligible("A1", "cheap", 40)];
    campaign.deliveries[0].doses = 85;
    targets(&mut campaign, &[90, 75]);
    let found = judged(&campaign);
    assert!(found[0].reached);
    let cheap = &found[1];
    assert_eq!((cheap.target_people, cheap.planned_people), (30, 0));
    assert_eq!((cheap.reached, cheap.short), (false, 30));
    assert_eq!((cheap.reachable, cheap.short_at_best), (Some(true), 0));
    let binds: Vec<_> = cheap.binds.iter().map(|bind| (bind.reason, bind.people)).collect();
    assert_eq!(binds, [(UnplacedReason::Supply, 40)]);
    assert_eq!(cheap.binds[0].areas, ["A1".into()]);
    assert!(cheap.fixes.is_empty(), "it is only a matter of priority");
}

#[test]
fn a_target_beyond_the_vaccine_names_the_doses_that_make_it_reachable() {
    let mut campaign = plain();
    campaign.eligible[0].people = 60;
    campaign.deliveries[0].doses = 106;
    campaign.teams.clear();
    targets(&mut campaign, &[100]);
    let found = judged(&campaign);
    let one = &found[0];
    assert_eq!((one.target_people, one.planned_people, one.short), (60, 48, 12));
    assert_eq!((one.reachable, one.short_at_best), (Some(false), 12));
    let [Fix::Doses { doses, by }] = one.fixes[..] else { panic!("{:?}", one.fixes) };
    assert_eq!(by, start());
    let planned = |doses| {
        let fixed = apply(&campaign, start(), &Fix::Doses { doses, by });
        judged(&fixed)[0].planned_people
    };
    assert_eq!(planned(doses), 60);
    assert!(planned(doses - 1) < 60, "the smallest number, {doses}");
}

#[test]
fn when_the_time_is_up_nothing_is_tried_and_that_is_said() {
    let mut campaign = plain();
    campaign.deliveries[0].doses = 106;
    targets(&mut campaign, &[100]);
    let request = first_plan(&campaign, Limits::QUICK);
    let plan = make(&request, &mut |_| {}, &mut || 0.0);
    let one = &verdict(&request, &plan, &mut || 1.0)[0];
    assert!(one.cut_short && one.reachable.is_none() && one.fixes.is_empty());
    assert_eq!(one.short_at_best, one.short);
    assert_eq!(one.binds.iter().map(|bind| bind.people).sum::<u64>(), one.short);
}

#[test]
fn a_fix_changes_one_thing() {
    let campaign = plain();
    let by = start() + TimeDelta::days(3);
    let doses = apply(&campaign, start(), &Fix::Doses { doses: 7, by });
    assert_eq!(doses.deliveries.len(), 2);
    let lot = &doses.deliveries[1];
    assert_eq!((lot.doses, lot.date, lot.expires), (7, by, campaign.end));
    let days = apply(&campaign, start(), &Fix::Days { days: 5 });
    assert_eq!((days.end - campaign.end).num_days(), 5);
    let team = apply(&campaign, by, &Fix::TeamDays { team_days: 2 });
    assert_eq!(team.teams.len(), 2);
    // From Thursday on it works Thursday and Friday; every later working day is closed.
    let first = team.closures.first().map(|closure| (closure.day - start()).num_days());
    assert_eq!((first, team.closures.len()), (Some(7), 39));
    assert!(team.closures.iter().all(|one| one.place == "+" && one.doses == 0));
}

#[test]
fn what_binds_has_the_days_on_which_it_has_a_price() {
    let mut campaign = plain();
    campaign.deliveries.push(super::super::testing::lot("L2", 20, 9, 90));
    let on = |n| start() + TimeDelta::days(n);
    let table = |code: &str, days: &[(i64, f64)]| -> PriceTable {
        let days = days.iter().map(|&(n, price)| (on(n), price)).collect();
        [(code.to_owned(), days)].into_iter().collect()
    };
    let days = [(4, 1e-9), (5, 1.0), (9, 2.0), (11, 0.0)];
    let prices = Certificate {
        site_day: table("S1", &days),
        storage: table("S1", &[(14, 1.0)]),
        stop_day: table("P1", &days),
        lot: [("L2".to_owned(), 1.0)].into_iter().collect(),
        ..Certificate::default()
    };
    let of = |reason, area: &str| {
        let unplaced = [
            Unplaced { area: area.into(), group: "all".into(), people: 3, reason },
            Unplaced { area: area.into(), group: "all".into(), people: 4, reason },
            Unplaced { area: area.into(), group: "other".into(), people: 9, reason },
        ];
        let found = binds(&campaign, &"all".into(), &unplaced, &prices);
        assert_eq!((found.len(), found[0].people, found[0].areas.len()), (1, 7, 1));
        found[0].days.map(|(a, b)| ((a - start()).num_days(), (b - start()).num_days()))
    };
    assert_eq!(of(UnplacedReason::SiteCapacity, "A1"), Some((5, 9)));
    assert_eq!(of(UnplacedReason::SiteCapacity, "A2"), None, "the site does not serve it");
    assert_eq!(of(UnplacedReason::Storage, "A1"), Some((14, 14)));
    assert_eq!(of(UnplacedReason::TeamDays, "A1"), None, "no such stop");
    assert_eq!(of(UnplacedReason::Supply, "A1"), Some((20, 59)), "cut to the campaign");
    assert_eq!(of(UnplacedReason::Horizon, "A1"), None);
}
