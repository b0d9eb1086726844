//! Several campaigns planned together, on small random jurisdictions.

use super::testing::{Random, campaign, eligible, group, lot, plain, series, start};
use super::*;
use crate::domain::date::Weekdays;
use crate::domain::id::{CampaignId, GroupId, PlaceCode};
use crate::domain::jurisdiction::{
    AgreedSession, Beyond, ClosedDays, Jurisdiction, LocalCampaign, SiteLimit, SiteRow, Stations,
};
use crate::domain::site::Stop;
use chrono::{NaiveTime, TimeDelta};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

fn on(n: i64) -> NaiveDate {
    start() + TimeDelta::days(n)
}

/// A campaign as its folder beside a jurisdiction says it: without places of its own.
pub(super) fn local(campaign: &Campaign) -> LocalCampaign {
    LocalCampaign {
        campaign: Campaign {
            areas: Vec::new(),
            sites: Vec::new(),
            reach: Vec::new(),
            teams: Vec::new(),
            stops: Vec::new(),
            closures: Vec::new(),
            ..campaign.clone()
        },
        has_reach: false,
        has_travel: false,
        limits: Vec::new(),
        closures: Vec::new(),
        kinds: BTreeMap::new(),
        sessions: Vec::new(),
        beyond: Beyond::default(),
    }
}

/// A jurisdiction with the places of a random campaign, that campaign, and one or two others.
fn random(seed: u64) -> Joined {
    let first = campaign(seed);
    let random = &mut Random(seed ^ 0xfeed);
    let mut county = Jurisdiction::of_campaign(&first);
    for site in county.sites.clone() {
        if random.one_in(3) {
            let mut later = site.clone();
            later.from = Some(on(i64::from(random.below(40))));
            later.site.weekday_doses = random.below(30);
            later.site.wastage_rate = Decimal::new(i64::from(random.below(12)), 2);
            later.site.storage_doses = random.one_in(2).then(|| random.below(80));
            county.sites.push(later);
        }
    }
    let mut locals = vec![local(&first)];
    for number in 0..=random.below(2) {
        let mut other = campaign(seed * 3 + u64::from(number) + 1000);
        other.id = CampaignId::new(format!("other{number}"));
        let days = (other.end - other.start).num_days();
        other.start = on(i64::from(random.below(20)));
        other.end = other.start + TimeDelta::days(days);
        let areas = first.areas.iter().map(|area| area.code.as_str());
        let groups = other.groups.clone();
        let pairs = areas.flat_map(|area| groups.iter().map(move |group| (area, group)));
        other.eligible = pairs
            .map(|(area, group)| eligible(area, group.id.as_str(), random.below(90)))
            .collect();
        locals.push(local(&other));
    }
    for one in &mut locals {
        add_own(one, &county, random);
    }
    county.join(&locals, start())
}

/// Limits, closures and kinds of places of a campaign's own.
fn add_own(one: &mut LocalCampaign, county: &Jurisdiction, random: &mut Random) {
    for row in county.sites.iter().filter(|row| row.from.is_none()) {
        if random.one_in(3) {
            let mut row = row.clone();
            row.site.weekday_doses = random.below(12);
            row.site.storage_doses = random.one_in(2).then(|| random.below(40));
            let rate = random.one_in(3).then(|| Decimal::new(i64::from(random.below(20)), 2));
            row.site.wastage_rate = rate.unwrap_or_default();
            one.limits.push(SiteLimit { row, wastage_rate: rate });
        }
        if random.one_in(4) {
            let first = on(i64::from(random.below(40)));
            one.closures.push(ClosedDays {
                place: row.site.code.to_string(),
                first,
                last: first + TimeDelta::days(i64::from(random.below(5))),
                doses: random.below(3),
                reason: None,
            });
        }
    }
    for code in county.teams.iter().map(|team| team.code.as_str()) {
        if random.one_in(3) {
            let first = on(i64::from(random.below(40)));
            let (place, last) = (code.to_owned(), first + TimeDelta::days(3));
            one.closures.push(ClosedDays { place, first, last, doses: 0, reason: None });
        }
    }
    for group in &one.campaign.groups {
        if random.one_in(4) {
            let kind = if random.one_in(2) { "site" } else { "stop" };
            one.kinds.insert(group.id.clone(), vec![kind.to_owned()]);
        }
    }
}

fn made(joined: &Joined, given: &[Vec<GivenRow>], from: NaiveDate, limits: Limits) -> JointPlan {
    let request =
        JointRequest { joined, given, from, published: &[], told: None, warm: None, limits };
    make_joint(&request, &mut |_| {}, &mut || 0.0)
}

fn rows(plan: &JointPlan) -> Vec<Vec<PlanRow>> {
    plan.campaigns.iter().map(|part| part.rows.clone()).collect()
}

/// Holds a plan against the check; returns its faults.
#[track_caller]
fn checked(joined: &Joined, plan: &JointPlan, given: &[Vec<GivenRow>], from: NaiveDate) {
    let report = check_joint(joined, &rows(plan), given, from);
    let told: Vec<String> = report.violations.iter().map(ToString::to_string).collect();
    assert_eq!(told, Vec::<String>::new());
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(1.0);
    let (ours, theirs) = (&plan.figures, &report.figures);
    assert!(near(ours.objective, theirs.objective), "{ours:?} {theirs:?}");
    assert!(near(ours.travel_km, theirs.travel_km), "{ours:?} {theirs:?}");
    assert_eq!((ours.doses, ours.people), (theirs.doses, theirs.people));
    assert_eq!(ours.people_finished, theirs.people_finished);
    assert_eq!(plan.worst_campaign, report.worst_campaign);
    let (bound, problems) = check_joint_certificate(joined, &plan.certificate, given, from);
    assert_eq!(problems, Vec::<String>::new());
    assert!(near(bound, plan.certificate.upper_bound), "{bound} {ours:?}");
    assert!(bound >= ours.objective - 1e-6 * bound.abs().max(1.0), "{bound} {ours:?}");
}

#[test]
fn plans_of_several_campaigns_keep_every_rule_and_their_prices_prove_the_bound() {
    for seed in 0..40 {
        let joined = random(seed);
        let limits = if seed % 4 == 0 { Limits::steps(600) } else { Limits::QUICK };
        let plan = made(&joined, &[], start(), limits);
        checked(&joined, &plan, &[], start());
        let sum: f64 = plan.campaigns.iter().map(|part| part.figures.objective).sum();
        assert!((sum - plan.figures.objective).abs() < 1e-6, "seed {seed}");
        if seed % 8 == 0 {
            assert_eq!(
                made(&joined, &[], start(), limits),
                plan,
                "seed {seed}: not the same twice"
            );
        }
    }
}

#[test]
fn a_plan_goes_on_from_a_day_with_the_doses_given_before() {
    for seed in 0..16 {
        let joined = random(seed);
        let old = made(&joined, &[], start(), Limits::QUICK);
        let from = on(12);
        let given: Vec<Vec<GivenRow>> = rows(&old)
            .into_iter()
            .map(|rows| {
                let past = rows.into_iter().filter(|row| row.day < from);
                past.map(|row| GivenRow {
                    day: row.day,
                    place: row.place,
                    area: row.area,
                    group: row.group,
                    dose: row.dose,
                    doses: row.doses,
                })
                .collect()
            })
            .collect();
        let plan = made(&joined, &given, from, Limits::QUICK);
        checked(&joined, &plan, &given, from);
    }
}

#[test]
fn one_campaign_in_a_jurisdiction_is_planned_as_it_is_alone() {
    for seed in 0..12 {
        let mut alone = campaign(seed);
        alone.teams.clear();
        alone.stops.clear();
        // The plan alone has every area; in a jurisdiction only those with people take part.
        let joined = Jurisdiction::of_campaign(&alone).join(&[local(&alone)], start());
        let limits = Limits::QUICK;
        let (given, from, published) = (&[], start(), &[]);
        let request =
            Request { campaign: &alone, given, from, published, told: None, warm: None, limits };
        let one = make(&request, &mut |_| {}, &mut || 0.0);
        let plan = made(&joined, &[], start(), limits);
        assert_eq!(rows(&plan), [one.rows], "seed {seed}");
        assert!((plan.figures.objective - one.figures.objective).abs() < 1e-9);
    }
}

/// Two campaigns of one group and area, whose people all want the only site.
fn two() -> (Jurisdiction, Vec<LocalCampaign>) {
    let mut one = plain();
    one.eligible[0].people = 300;
    one.deliveries = vec![lot("L1", 0, 900, 90)];
    let mut other = one.clone();
    other.id = CampaignId::from("other");
    other.series = series(1, None, None);
    other.groups = vec![group("old", 3.0)];
    other.eligible = vec![eligible("A1", "old", 300)];
    other.start = on(7);
    other.end = on(40);
    let county = Jurisdiction::of_campaign(&one);
    (county, vec![local(&one), local(&other)])
}

#[test]
fn what_each_campaign_plans_alone_is_too_much_together_and_the_check_names_both() {
    let (county, locals) = two();
    let joined = county.join(&locals, start());
    let alone = |at: usize| {
        let joined = county.join(&locals[at..=at], start());
        made(&joined, &[], start(), Limits::QUICK).campaigns.remove(0).rows
    };
    let plans = [alone(0), alone(1)];
    let report = check_joint(&joined, &plans, &[], start());
    let rules: std::collections::BTreeSet<u8> =
        report.violations.iter().map(|one| one.violation.rule).collect();
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), [3, 4]);
    let told = report.violations[0].to_string();
    assert!(told.starts_with("[test + other] rule 3: OverCapacity"), "{told}");
    assert!(told.contains("S1") && told.contains("2026-03"), "{told}");
    let plan = made(&joined, &[], start(), Limits::steps(600));
    checked(&joined, &plan, &[], start());
    assert!(plan.figures.gap < 0.02, "{:?}", plan.figures);
}

#[test]
fn rows_stations_and_candidates_say_what_a_place_can_do_and_a_campaign_has_its_limit_inside() {
    let (mut county, mut locals) = two();
    county.sites[0].site.storage_doses = None;
    let hours = |opens, closes| {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
        Some(crate::domain::jurisdiction::Hours { opens: at(opens), closes: at(closes) })
    };
    let row = |from: i64, doses: u32| {
        let mut row = SiteRow { from: Some(on(from)), ..county.sites[0].clone() };
        row.site.weekday_doses = doses;
        row
    };
    let mut stationed = row(14, 60);
    stationed.hours = hours(8, 12);
    stationed.stations = Some(Stations { count: 1, doses_per_hour: Decimal::from(6) });
    let candidate = SiteRow { is_candidate: true, ..row(28, 60) };
    county.sites.extend([row(7, 50), stationed, candidate]);
    let mut limit = county.sites[0].clone();
    limit.site.weekday_doses = 15;
    locals[0].limits = vec![SiteLimit { row: limit, wastage_rate: None }];
    let joined = county.join(&locals, start());
    let problem = model::Problem::joint(&joined, &[], start());
    let site = problem.sites.iter().next().expect("a site");
    let at = |n: usize| site.capacity.iter().nth(n).copied().expect("a day");
    assert_eq!([0, 7, 14, 28].map(at), [10, 50, 24, 0]);
    let own = |k: usize, n: usize| {
        let programme = problem.programmes.iter().nth(k).expect("a programme");
        let site = programme.sites.iter().next().expect("a site");
        site.capacity.iter().nth(n).copied().expect("a day")
    };
    assert_eq!([0, 7, 14, 28].map(|n| own(0, n)), [10, 15, 15, 0]);
    assert_eq!([0, 7, 14, 28].map(|n| own(1, n)), [0, 50, 24, 0], "it starts on day 7");
    let plan = made(&joined, &[], start(), Limits::steps(300));
    checked(&joined, &plan, &[], start());
}

/// A school's stop beside the two campaigns: its pupils are the other campaign's.
fn school() -> (Jurisdiction, Vec<LocalCampaign>) {
    let (mut county, mut locals) = two();
    let mut area = county.areas[0].clone();
    area.area.code = "SC".into();
    county.areas.push(area);
    let stop = Stop {
        code: "K1".into(),
        name: String::new(),
        area: "SC".into(),
        point: county.teams[0].point,
        kind: Some("school".to_owned()),
        setup_minutes: 10,
        max_doses: 60,
        weekdays: Weekdays::MON_TO_FRI,
    };
    county.stops.push(crate::domain::jurisdiction::StopRow { stop, address: None, phone: None });
    county.teams[0].doses_per_hour = 60;
    county.teams[0].doses_per_day = 100;
    let pupils = &mut locals[0];
    pupils.campaign.groups.push(group("pupils", 1.0));
    pupils.campaign.eligible.push(eligible("SC", "pupils", 40));
    pupils.kinds.insert(GroupId::from("pupils"), vec!["school".to_owned()]);
    (county, locals)
}

fn agreed(n: i64, doses: u32) -> AgreedSession {
    AgreedSession {
        place: PlaceCode::from("K1"),
        day: on(n),
        hours: None,
        area: Some("SC".into()),
        group: Some("pupils".into()),
        school: None,
        class: None,
        doses: Some(doses),
        dose: None,
        is_booked: false,
        is_locked: true,
    }
}

#[test]
fn agreed_sessions_get_exactly_their_doses_and_their_people_come_nowhere_else() {
    let (county, mut locals) = school();
    locals[0].sessions =
        vec![agreed(1, 10), agreed(1, 15), agreed(2, 12), agreed(29, 25), agreed(30, 12)];
    let joined = county.join(&locals, start());
    for limits in [Limits::QUICK, Limits::steps(400)] {
        let plan = made(&joined, &[], start(), limits);
        checked(&joined, &plan, &[], start());
        let pupils = plan.campaigns[0].rows.iter().filter(|row| row.group.as_str() == "pupils");
        let rows: Vec<_> =
            pupils.map(|row| ((row.day - start()).num_days(), row.dose, row.doses)).collect();
        assert_eq!(rows, [(1, 1, 25), (2, 1, 12), (29, 2, 25), (30, 2, 12)]);
    }
    // Where they cannot be held, the check says which and how many.
    let mut less = rows(&made(&joined, &[], start(), Limits::QUICK));
    for row in less[0].iter_mut().filter(|row| row.group.as_str() == "pupils") {
        row.doses = row.doses.min(20);
    }
    let report = check_joint(&joined, &less, &[], start());
    let told: Vec<String> = report.violations.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("[test] rule 8: AgreedDoses"), "{told:?}");
    assert!(told[0].contains("K1") && told[0].contains("2026-03-03"), "{told:?}");
}

#[test]
fn the_check_names_places_of_the_wrong_kind_and_days_that_were_not_agreed() {
    let (county, mut locals) = school();
    locals[0].kinds.insert(GroupId::from("all"), vec!["stop".to_owned()]);
    locals[0].sessions = vec![agreed(1, 25), agreed(29, 25)];
    let joined = county.join(&locals, start());
    let mut plans = rows(&made(&joined, &[], start(), Limits::QUICK));
    let pupil = plans[0][0].clone();
    assert_eq!(pupil.group.as_str(), "pupils");
    plans[0].push(PlanRow { day: on(3), doses: 1, ..pupil.clone() });
    plans[0].push(PlanRow { day: on(31), doses: 1, dose: 2, ..pupil.clone() });
    let (place, area, group) = ("S1".into(), "A1".into(), "all".into());
    plans[0].push(PlanRow { day: on(1), place, team: None, area, group, dose: 1, doses: 1 });
    let report = check_joint(&joined, &plans, &[], start());
    let broken =
        |rule: u8| report.violations.iter().filter(|one| one.violation.rule == rule).count();
    assert!(broken(1) > 0 && broken(8) == 2, "{:?}", report.violations);
}

/// A campaign of one dose whose people are served at two stops alone.
fn visited(id: &str, people: u32) -> Campaign {
    let mut campaign = plain();
    campaign.id = CampaignId::from(id);
    campaign.series = series(1, None, None);
    campaign.eligible[0].people = people;
    campaign.sites.clear();
    campaign.reach.clear();
    let stop = |code: &str, latitude: f64, max_doses: u32| Stop {
        code: PlaceCode::from(code),
        name: code.into(),
        area: "A1".into(),
        point: crate::domain::area::Point { latitude, longitude: 119.05 },
        kind: None,
        setup_minutes: 30,
        max_doses,
        weekdays: Weekdays::EVERY_DAY,
    };
    campaign.stops = vec![stop("P1", 32.005, 20), stop("P2", 32.01, 20)];
    campaign
}

#[test]
fn a_campaign_on_its_own_comes_along_on_the_tour_that_a_team_makes_for_another() {
    let (one, other) = (visited("one", 12), visited("two", 100));
    let county = Jurisdiction::of_campaign(&one);
    let (one, other) = (local(&one), local(&other));
    let first =
        made(&county.join(std::slice::from_ref(&one), start()), &[], start(), Limits::QUICK);
    let theirs = first.campaigns[0].rows.clone();
    let given = |rows: &[PlanRow], stop: &str| -> u32 {
        let here = rows.iter().filter(|row| row.day == start() && row.place.as_str() == stop);
        here.map(|row| row.doses).sum()
    };
    assert_eq!((given(&theirs, "P1"), given(&theirs, "P2")), (12, 0), "{theirs:?}");
    for limits in [Limits::QUICK, Limits::steps(300)] {
        let mut joined = county.join(std::slice::from_ref(&other), start());
        joined.taken.clone_from(&theirs);
        let plan = made(&joined, &[], start(), limits);
        let ours = &plan.campaigns[0].rows;
        // The stop takes 20, the team has time for 28 at both.
        assert!(given(ours, "P1") > 0 && given(ours, "P1") <= 8, "{ours:?}");
        assert!(given(ours, "P2") > 0, "a further stop: {ours:?}");
        let bound = plan.figures.upper_bound;
        assert!(bound >= plan.figures.objective - 1e-6, "{:?}", plan.figures);
        let both = county.join(&[one.clone(), other.clone()], start());
        let report = check_joint(&both, &[theirs.clone(), ours.clone()], &[], start());
        assert_eq!(report.violations, [], "{ours:?}");
    }
    // Without a word of the other tour the team would be sent twice.
    let alone =
        made(&county.join(std::slice::from_ref(&other), start()), &[], start(), Limits::QUICK);
    let both = county.join(&[one, other], start());
    let rows = [theirs, alone.campaigns[0].rows.clone()];
    assert!(!check_joint(&both, &rows, &[], start()).violations.is_empty());
}

#[test]
fn a_campaign_planned_again_keeps_teams_days_feasible_and_shares_them() {
    let mut shared = 0;
    for seed in 0..40 {
        let joined = random(seed);
        if !joined.brought.is_empty() {
            continue;
        }
        let limits = if seed % 4 == 0 { Limits::steps(300) } else { Limits::QUICK };
        let mut plans = rows(&made(&joined, &[], start(), limits));
        let mut alone = joined.clone();
        alone.campaigns.truncate(1);
        let others = plans[1..].iter().flatten().filter(|row| row.team.is_some());
        alone.taken = others.cloned().collect();
        let again = made(&alone, &[], start(), limits);
        let gap = again.figures.upper_bound - again.figures.objective;
        assert!(gap >= -1e-6, "seed {seed}: {:?}", again.figures);
        plans[0].clone_from(&again.campaigns[0].rows);
        let of = |rows: &[PlanRow]| -> std::collections::BTreeSet<_> {
            let tours = rows.iter().filter(|row| row.team.is_some());
            tours.map(|row| (row.day, row.team.clone())).collect()
        };
        shared += of(&plans[0]).intersection(&of(&alone.taken)).count();
        let report = check_joint(&joined, &plans, &[], start());
        let broken: Vec<String> = report
            .violations
            .iter()
            .filter(|one| one.violation.rule == 6)
            .map(ToString::to_string)
            .collect();
        assert_eq!(broken, Vec::<String>::new(), "seed {seed}");
    }
    assert!(shared > 0, "no day is shared in any of them");
}
