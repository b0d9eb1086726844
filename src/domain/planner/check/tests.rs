//! A good plan, spoilt in one way at a time: the check must name the rule.

use super::*;
use crate::domain::planner::testing::{first_plan, group, plain};
use crate::domain::planner::{Limits, make};
use crate::domain::site::{Closure, Stop};
use chrono::TimeDelta;
use rust_decimal::Decimal;

/// One site, two stops that two teams may visit, more people than fit.
fn campaign() -> Campaign {
    let mut campaign = plain();
    campaign.eligible[0].people = 900;
    for (i, latitude) in [32.02, 32.05].into_iter().enumerate() {
        campaign.stops.push(Stop {
            code: PlaceCode::new(format!("P{i}")),
            name: String::new(),
            area: "A1".into(),
            point: crate::domain::area::Point { latitude, longitude: 119.0 },
            kind: None,
            setup_minutes: 20,
            max_doses: 12,
            weekdays: crate::domain::date::Weekdays::MON_TO_FRI,
        });
    }
    let mut second = campaign.teams[0].clone();
    second.code = "T2".into();
    campaign.teams.push(second);
    campaign
}

fn good(campaign: &Campaign) -> Vec<PlanRow> {
    let request = first_plan(campaign, Limits::QUICK);
    let plan = make(&request, &mut |_| {}, &mut || 0.0);
    assert_eq!(check(campaign, &plan.rows, &[], campaign.start).violations, []);
    assert!(plan.rows.iter().any(|row| row.team.is_some()));
    plan.rows
}

/// The limits of teams' days that a plan breaks.
fn limits(campaign: &Campaign, rows: &[PlanRow]) -> Vec<TeamLimit> {
    let found = check(campaign, rows, &[], campaign.start).violations;
    let limit = |violation: Violation| match violation.fault {
        Fault::TeamDay { limit, .. } => Some(limit),
        _ => None,
    };
    found.into_iter().filter_map(limit).collect()
}

/// The rules that a spoilt campaign or plan breaks.
fn broken(campaign: &Campaign, rows: &[PlanRow]) -> Vec<u8> {
    let mut rules: Vec<u8> =
        check(campaign, rows, &[], campaign.start).violations.iter().map(|v| v.rule).collect();
    rules.dedup();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[test]
fn a_plan_spoilt_in_its_rows_breaks_the_rule_that_says_so() {
    let campaign = campaign();
    let rows = good(&campaign);
    let site = rows.iter().position(|r| r.team.is_none() && r.dose == 1).expect("a site's row");
    let stop = rows.iter().position(|r| r.team.is_some() && r.dose == 1).expect("a stop's row");
    let at_site = |r: &PlanRow| r.team.is_none() && r.dose == 2;
    let tuesday = |r: &PlanRow| (r.day - campaign.start).num_days() % 7 == 1;
    let second = rows.iter().position(|r| at_site(r) && tuesday(r)).expect("a second dose");
    let spoilt = |at: usize, change: &dyn Fn(&mut PlanRow)| {
        let mut rows = rows.clone();
        change(&mut rows[at]);
        broken(&campaign, &rows)
    };
    assert!(spoilt(site, &|r| r.doses += 1).contains(&3), "one dose too many");
    assert!(spoilt(site, &|r| r.doses += 1).contains(&2), "somebody does not finish");
    assert!(spoilt(second, &|r| r.day -= TimeDelta::days(1)).contains(&2), "one day early");
    assert!(spoilt(second, &|r| r.day += TimeDelta::days(20)).contains(&2), "too late");
    assert_eq!(spoilt(second, &|r| r.doses -= 1), [2], "a second dose lost");
    assert!(spoilt(site, &|r| r.doses = 0).contains(&7), "no doses");
    assert!(spoilt(site, &|r| r.place = "S9".into()).contains(&0), "unknown place");
    assert!(spoilt(site, &|r| r.group = "none".into()).contains(&0), "unknown cohort");
    assert!(spoilt(site, &|r| r.dose = 3).contains(&0), "unknown dose");
    assert!(spoilt(site, &|r| r.team = Some("T1".into())).contains(&0), "a team at a site");
    assert!(spoilt(site, &|r| r.day -= TimeDelta::days(9)).contains(&0), "before the start");
    assert!(spoilt(stop, &|r| r.team = None).contains(&6), "a stop without a team");
    assert!(spoilt(stop, &|r| r.day += TimeDelta::days(5)).contains(&6), "a team's day off");
    let two = rows.iter().position(|r| r.team.is_some() && r.doses > 1).expect("two doses");
    let mut rows = rows.clone();
    rows[two].doses -= 1;
    rows.push(PlanRow { doses: 1, team: Some("T2".into()), ..rows[two].clone() });
    rows.last_mut().expect("a row").team =
        Some(if rows[two].team == Some("T1".into()) { "T2".into() } else { "T1".into() });
    assert!(broken(&campaign, &rows).contains(&6), "two teams at a stop");
}

#[test]
fn a_plan_of_a_campaign_that_has_less_breaks_the_rule_that_says_so() {
    let rich = campaign();
    let rows = good(&rich);
    let poor = |change: &dyn Fn(&mut Campaign)| {
        let mut campaign = rich.clone();
        change(&mut campaign);
        broken(&campaign, &rows)
    };
    let first = rows.iter().find(|r| r.team.is_none()).expect("a site's row").day;
    let with_team = rows.iter().find(|r| r.team.is_some()).expect("a stop's row");
    assert_eq!(poor(&|c| c.eligible[0].people = 10), [1], "fewer people");
    let opens = first + TimeDelta::days(1);
    assert_eq!(poor(&|c| c.groups[0].opens = Some(opens)), [1], "opens later");
    assert_eq!(poor(&|c| c.reach.clear()), [1], "out of reach");
    assert_eq!(poor(&|c| c.sites[0].weekday_doses -= 1), [3], "a smaller site");
    let shut = Closure { place: "S1".into(), day: first, doses: 0 };
    assert_eq!(poor(&|c| c.closures.push(shut.clone())), [3], "a closure");
    assert_eq!(poor(&|c| c.sites[0].storage_doses = Some(30)), [4], "a smaller store");
    assert_eq!(poor(&|c| c.sites[0].wastage_rate = Decimal::new(50, 2)), [4, 5], "more waste");
    assert_eq!(poor(&|c| c.deliveries[0].doses = 100), [5], "a smaller lot");
    assert_eq!(poor(&|c| c.deliveries[0].expires = first), [5], "a lot that expires");
    assert_eq!(poor(&|c| c.deliveries[0].date = c.end), [5], "a lot that comes late");
    for team in [0, 1] {
        let limit = |change: &dyn Fn(&mut crate::domain::site::Team)| {
            let mut campaign = rich.clone();
            for team in &mut campaign.teams {
                change(team);
            }
            broken(&campaign, &rows)
        };
        assert_eq!(limit(&|t| t.work_minutes = 60), [6], "a shorter day {team}");
        assert_eq!(limit(&|t| t.doses_per_day = 5), [6], "fewer doses {team}");
        assert_eq!(limit(&|t| t.weekdays = crate::domain::date::Weekdays::NONE), [6], "off {team}");
    }
    let off = Closure { place: with_team.place.as_str().into(), day: with_team.day, doses: 0 };
    assert_eq!(poor(&|c| c.closures.push(off.clone())), [6], "a stop that is off");
    assert_eq!(poor(&|c| c.teams.clear()), [6], "no teams");
    assert!(poor(&|c| c.groups = vec![group("other", 1.0)]).contains(&0), "no such group");
    let three = crate::domain::planner::testing::series(3, Some(5), Some(9));
    assert!(poor(&|c| c.series = three.clone()).contains(&2), "a third dose is missing");
}

#[test]
fn the_check_names_a_round_that_is_too_long() {
    let mut campaign = campaign();
    campaign.sites.clear();
    campaign.reach.clear();
    let rows = good(&campaign);
    let (team, day) = (rows[0].team.clone(), rows[0].day);
    let stops = rows.iter().filter(|r| r.team == team && r.day == day).count();
    assert!(stops > 1, "the team has a round");
    campaign.travel.road_factor = 12.0;
    assert_eq!(broken(&campaign, &rows), [6]);
    campaign.travel.road_factor = 1.3;
    for team in &mut campaign.teams {
        team.max_stops = 1;
    }
    assert_eq!(broken(&campaign, &rows), [6]);
}

#[test]
fn a_certificate_with_prices_of_nothing_or_with_too_low_a_claim_is_refused() {
    let campaign = campaign();
    let price = |place: &str, day: NaiveDate, price: f64| {
        [(place.to_owned(), [(day, price)].into_iter().collect())].into_iter().collect()
    };
    let day = campaign.start;
    let problems = |certificate: crate::domain::plan::Certificate| {
        check_certificate(&campaign, &certificate, &[], day).1.len()
    };
    let base = crate::domain::plan::Certificate { upper_bound: 1e9, ..Default::default() };
    assert_eq!(problems(base.clone()), 0);
    assert_eq!(problems(crate::domain::plan::Certificate { upper_bound: 1.0, ..base.clone() }), 1);
    let bad = [
        ("S9", day, 1.0),
        ("S1", day, -1.0),
        ("S1", day, f64::NAN),
        ("S1", campaign.end + TimeDelta::days(1), 1.0),
    ];
    for (place, day, value) in bad {
        let site_day = price(place, day, value);
        let one = crate::domain::plan::Certificate { site_day, ..base.clone() };
        assert_eq!(problems(one), 1, "{place} {day} {value}");
    }
    let storage = price("S1", campaign.start + TimeDelta::days(1), 1.0);
    let one = crate::domain::plan::Certificate { storage, ..base.clone() };
    assert_eq!(problems(one), 1, "no restock day");
    let lot = [("L9".to_owned(), 1.0)].into_iter().collect();
    assert_eq!(problems(crate::domain::plan::Certificate { lot, ..base }), 1, "unknown lot");
}

/// Every limit of a team's day is broken alone, and just met.
#[test]
fn each_limit_of_a_teams_day_is_named_when_it_alone_is_broken() {
    let mut campaign = campaign();
    campaign.eligible[0].people = 1000;
    let day = campaign.start;
    let row = |place: &str, team: &str, doses| PlanRow {
        day,
        place: place.into(),
        team: Some(team.into()),
        area: "A1".into(),
        group: "all".into(),
        dose: 1,
        doses,
    };
    let (p0, p1) = (row("P0", "T1", 12), row("P1", "T1", 12));
    let both = [p0.clone(), p1.clone()];
    assert_eq!(limits(&campaign, &both), []);
    let with = |change: &dyn Fn(&mut Campaign), rows: &[PlanRow]| {
        let mut changed = campaign.clone();
        change(&mut changed);
        limits(&changed, rows)
    };
    let stop_doses = TeamLimit::StopDoses { stop: "P0".into(), doses: 13, most: 12 };
    assert_eq!(with(&|_| {}, &[row("P0", "T1", 13)]), [stop_doses]);
    let stops = TeamLimit::Stops { stops: 2, most: 1 };
    assert_eq!(with(&|c| c.teams[0].max_stops = 1, &both), [stops]);
    let doses = TeamLimit::Doses { doses: 24, most: 23 };
    assert_eq!(with(&|c| c.teams[0].doses_per_day = 23, &both), [doses]);
    assert_eq!(with(&|c| c.teams[0].doses_per_day = 24, &both), []);
    let weekend = crate::domain::date::Weekdays::NONE.with(chrono::Weekday::Sun);
    assert_eq!(with(&|c| c.teams[0].weekdays = weekend, &both), [TeamLimit::Off]);
    let shut = TeamLimit::StopShut { stop: "P1".into() };
    assert_eq!(with(&|c| c.stops[1].weekdays = weekend, &both), [shut]);
    // Without a way to drive: 12 doses at ten an hour and 20 minutes to set up take 92 minutes.
    let near = |minutes: u32| {
        move |c: &mut Campaign| {
            c.travel.road_factor = 0.0;
            c.teams[0].work_minutes = minutes;
        }
    };
    assert_eq!(with(&near(92), std::slice::from_ref(&p0)), []);
    let found = with(&near(91), std::slice::from_ref(&p0));
    assert!(
        matches!(found[..], [TeamLimit::Minutes { minutes, most: 91 }]
            if (minutes - 92.0).abs() < 1e-9),
        "{found:?}"
    );
    let twice = check(&campaign, &[p0, row("P0", "T2", 1)], &[], day).violations;
    let teams = ["T1".into(), "T2".into()];
    let twice: Vec<Fault> = twice.into_iter().filter(|v| v.rule == 6).map(|v| v.fault).collect();
    assert_eq!(twice, [Fault::StopTwice { stop: "P0".into(), day, teams }]);
}
