//! Visits keep days, windows and teams, and no school is visited on more days than it must be.

use super::*;
use crate::domain::campaign::Campaign;
use crate::domain::planner::tour;
use crate::domain::testing::{county, day, length, lot, stop, team};
use chrono::NaiveTime;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Days 0 to 300, two doses six months apart, teams of 300 doses, schools S0, S1 … with a stop each.
fn campaign(schools: usize, teams: usize) -> Campaign {
    let mut campaign = county();
    campaign.end = day(300);
    campaign.series.doses[1].interval_min = Some(length("6 months"));
    campaign.series.doses[1].interval_max = None;
    campaign.groups[1].opens = None;
    let points = (0..schools)
        .map(|n| crate::domain::area::Point { latitude: 32.0 + 0.01 * n as f64, longitude: 119.0 });
    let one = |(n, point): (usize, _)| crate::domain::site::Stop {
        point,
        kind: Some(SCHOOL.to_owned()),
        setup_minutes: 30,
        max_doses: 150,
        weekdays: crate::domain::date::Weekdays::MON_TO_FRI,
        ..stop(&format!("P{n}"), &format!("S{n}"))
    };
    campaign.stops = points.enumerate().map(one).collect();
    let crew = |n: usize| crate::domain::site::Team {
        point: crate::domain::area::Point { latitude: 32.0, longitude: 119.0 },
        work_minutes: 420,
        max_stops: 3,
        max_visits: None,
        doses_per_hour: 40,
        doses_per_day: 300,
        weekdays: crate::domain::date::Weekdays::MON_TO_FRI,
        ..team(&format!("T{n}"), 0)
    };
    campaign.teams = (0..teams).map(crew).collect();
    campaign.closures.clear();
    campaign.deliveries = vec![lot("L", 0, 1_000_000, 400)];
    campaign
}

fn need(school: usize, classes: &[u32]) -> SchoolNeed {
    let class = |(n, pupils): (usize, &u32)| ClassNeed {
        class: format!("{}班", n + 1),
        group: "adult".into(),
        given: 0,
        pupils: *pupils,
        earliest: day(0),
    };
    SchoolNeed {
        school: format!("S{school}").as_str().into(),
        stop: format!("P{school}").as_str().into(),
        classes: classes.iter().enumerate().map(class).collect(),
    }
}

fn planned(campaign: &Campaign, schools: &[SchoolNeed]) -> VisitPlan {
    let busy = BTreeSet::new();
    let leaves_at = NaiveTime::from_hms_opt(8, 0, 0).unwrap();
    plan_visits(&VisitRequest { campaign, first: day(0), busy: &busy, schools, leaves_at })
}

/// Checks a plan with code of its own.
fn holds(campaign: &Campaign, schools: &[SchoolNeed], plan: &VisitPlan) {
    let mut tours: BTreeMap<_, Vec<(crate::domain::id::PlaceCode, u32)>> = BTreeMap::new();
    let mut stops = BTreeSet::new();
    for visit in &plan.visits {
        let closed =
            |code: &str| campaign.closures.iter().any(|it| it.place == code && it.day == visit.day);
        assert!(!closed(visit.stop.as_str()) && !closed(visit.team.as_str()), "{visit:?}");
        assert!(stops.insert((visit.day, &visit.stop)), "one visit a day: {visit:?}");
        assert!(visit.doses <= campaign.stop(visit.stop.as_str()).unwrap().max_doses);
        assert_eq!(visit.doses, visit.classes.iter().map(|class| class.doses).sum::<u32>());
        let hours: Vec<_> = visit.classes.iter().map(|class| class.hours).collect();
        assert!(hours.iter().all(|it| it.opens < it.closes), "{visit:?}");
        assert!(hours.windows(2).all(|two| two[0].closes <= two[1].opens), "{visit:?}");
        let tour = tours.entry((visit.day, visit.team.clone())).or_default();
        tour.push((visit.stop.clone(), visit.doses));
    }
    for ((_, code), stops) in tours {
        let team = campaign.team(code.as_str()).unwrap();
        assert!(stops.len() <= team.max_stops as usize);
        assert!(stops.iter().map(|stop| stop.1).sum::<u32>() <= team.doses_per_day);
        let minutes = tour(campaign, &code, &stops).unwrap().minutes;
        assert!(minutes <= f64::from(team.work_minutes) + 1e-6, "{minutes}");
    }
    // Everybody who begins gets all doses, in time, or is told.
    let lost: u32 = plan.unvisited.iter().map(|it| it.doses).sum();
    let wanted: u32 = schools.iter().flat_map(|it| &it.classes).map(|it| 2 * it.pupils).sum();
    let given: u32 = plan.visits.iter().map(|it| it.doses).sum();
    assert_eq!(given + lost, wanted);
    for school in schools {
        let days = |round| {
            let own = plan.visits.iter().filter(move |it| it.school == school.school);
            own.filter(move |it| it.round == round)
        };
        let last = days(1).map(|it| it.day).max();
        for second in days(2) {
            let names: BTreeSet<_> = second.classes.iter().map(|it| &it.class).collect();
            for first in days(1) {
                if first.classes.iter().any(|class| names.contains(&class.class)) {
                    assert!(
                        second.day
                            >= length("6 months")
                                .after(first.day, crate::domain::series::MonthEnd::Roll)
                    );
                }
            }
            assert!(last < Some(second.day));
        }
    }
}

#[test]
fn a_large_school_comes_on_two_days_and_small_ones_share_a_tour() {
    let campaign = campaign(4, 1);
    let schools = [need(0, &[50, 50, 50, 50]), need(1, &[40]), need(2, &[30, 10]), need(3, &[20])];
    let plan = planned(&campaign, &schools);
    holds(&campaign, &schools, &plan);
    assert_eq!(plan.unvisited, []);
    let days: Vec<(u32, u32)> = plan.schools.iter().map(|it| (it.days, it.bound)).collect();
    assert_eq!(days, [(4, 4), (2, 2), (2, 2), (2, 2)]);
    // A class is not cut where whole classes do.
    let whole = plan.visits.iter().flat_map(|it| &it.classes).filter(|it| it.doses == 50).count();
    assert_eq!(whole, 8);
    let used: BTreeSet<_> = plan.visits.iter().map(|it| it.day).collect();
    assert!(used.len() <= 4, "{used:?}");
}

#[test]
fn second_doses_fall_on_the_first_school_day_of_the_other_term() {
    let mut campaign = campaign(1, 1);
    // Six months after day 0 are 184 days; the summer holidays last until day 200.
    let closed =
        |n: i64| crate::domain::site::Closure { place: "P0".into(), day: day(n), doses: 0 };
    campaign.closures = (120..=200).map(closed).collect();
    let schools = [need(0, &[30])];
    let plan = planned(&campaign, &schools);
    holds(&campaign, &schools, &plan);
    let days: Vec<_> = plan.visits.iter().map(|it| it.day).collect();
    assert_eq!(days, [day(0), day(203)], "day 201 is a Saturday");
    // Where the second dose would be too late, the first one is not given either.
    campaign.series.doses[1].interval_max = Some(length("190 days"));
    let plan = planned(&campaign, &schools);
    holds(&campaign, &schools, &plan);
    assert_eq!(plan.visits[0].day, day(14), "190 days later is day 204");
    campaign.end = day(150);
    let plan = planned(&campaign, &schools);
    assert!(plan.visits.is_empty());
    let told: u32 = plan.unvisited.iter().map(|it| it.doses).sum();
    assert_eq!(told, 60);
}

#[test]
fn vaccine_that_has_not_come_holds_a_visit_back() {
    let mut campaign = campaign(2, 2);
    campaign.deliveries = vec![lot("L1", 0, 40, 400), lot("L2", 9, 1000, 400)];
    let schools = [need(0, &[40]), need(1, &[30])];
    let plan = planned(&campaign, &schools);
    holds(&campaign, &schools, &plan);
    let first: Vec<_> = plan.visits.iter().take(2).map(|it| it.day).collect();
    assert_eq!(first, [day(0), day(9)]);
}

#[test]
fn whoever_has_had_a_dose_comes_with_the_others_and_no_team_is_told() {
    let campaign = campaign(2, 1);
    let mut schools = [need(0, &[100]), need(1, &[10])];
    let waiting =
        ClassNeed { given: 1, pupils: 20, earliest: day(8), ..schools[0].classes[0].clone() };
    schools[0].classes.push(waiting);
    let mut cut = campaign.clone();
    cut.stops[1].point.latitude = 60.0;
    let plan = planned(&cut, &schools);
    let own: Vec<_> = plan.visits.iter().map(|it| (it.round, it.day, it.doses)).collect();
    assert_eq!(own.len(), 2);
    assert_eq!((own[0].0, own[0].1, own[0].2, own[1].2), (1, day(8), 120, 100));
    let told: Vec<_> = plan.unvisited.iter().map(|it| (it.doses, it.why)).collect();
    assert_eq!(told, [(10, NoVisit::NoTeam), (10, NoVisit::NoDay)]);
    assert_eq!(plan.schools[0].bound, 2);
}

#[test]
fn a_small_team_goes_where_the_large_one_has_no_day() {
    let mut campaign = campaign(3, 2);
    campaign.series.doses.truncate(1);
    campaign.end = day(1);
    campaign.teams[1].doses_per_day = 60;
    // The large team makes one such visit a day, the small one a part of another.
    campaign.teams[0].max_stops = 1;
    let schools = [need(0, &[150]), need(1, &[150]), need(2, &[120])];
    let plan = planned(&campaign, &schools);
    let given = |team: &str| -> u32 {
        plan.visits.iter().filter(|it| it.team.as_str() == team).map(|it| it.doses).sum()
    };
    assert_eq!((given("T0"), given("T1")), (300, 120), "{plan:?}");
    assert!(plan.unvisited.is_empty(), "{:?}", plan.unvisited);
    // Whoever did not get the first dose gets no second one.
    campaign.series.doses.push(campaign.series.doses[0].clone());
    campaign.series.doses[1].interval_min = Some(length("6 months"));
    campaign.end = day(300);
    campaign.deliveries = vec![lot("L", 0, 100, 20), lot("M", 150, 1_000_000, 400)];
    campaign.teams[1].doses_per_day = 100;
    campaign.teams.remove(0);
    let plan = planned(&campaign, &[need(0, &[150])]);
    let of =
        |round| plan.visits.iter().filter(|it| it.round == round).map(|it| it.doses).sum::<u32>();
    assert_eq!(of(1), of(2), "{plan:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_school_is_visited_on_more_days_than_it_must_be(
        sizes in prop::collection::vec(prop::collection::vec(1_u32..70, 1..9), 1..8),
        teams in 1_usize..3,
    ) {
        let campaign = campaign(sizes.len(), teams);
        let schools: Vec<SchoolNeed> =
            sizes.iter().enumerate().map(|(n, classes)| need(n, classes)).collect();
        let plan = planned(&campaign, &schools);
        holds(&campaign, &schools, &plan);
        prop_assert!(plan.unvisited.is_empty());
        for (one, classes) in plan.schools.iter().zip(&sizes) {
            let all: u32 = classes.iter().sum();
            prop_assert_eq!(one.bound, 2 * all.div_ceil(one.doses_max));
            prop_assert_eq!(one.days, one.bound);
        }
    }
}
