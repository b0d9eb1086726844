//! A team's day: the order of its stops, and when it is where.

use super::testing::{plain, start};
use super::*;
use crate::domain::date::Weekdays;
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// Stops at these places, and a team at latitude 32, longitude 119.05.
fn with_stops(places: &[(f64, f64)]) -> Campaign {
    let mut campaign = plain();
    for (i, &(latitude, longitude)) in places.iter().enumerate() {
        campaign.stops.push(crate::domain::site::Stop {
            code: format!("P{i}").as_str().into(),
            name: String::new(),
            area: "A1".into(),
            point: crate::domain::area::Point { latitude, longitude },
            kind: None,
            setup_minutes: 15,
            max_doses: 50,
            weekdays: Weekdays::EVERY_DAY,
        });
    }
    campaign
}

#[test]
fn a_tour_is_the_shortest_round_with_times() {
    // The corners of a square with the base: any order but around it crosses the middle.
    let campaign = with_stops(&[(32.1, 119.15), (32.0, 119.15), (32.1, 119.05)]);
    let stops = [("P0".into(), 10), ("P1".into(), 5), ("P2".into(), 5)];
    let tour = tour(&campaign, &"T1".into(), &stops).expect("a known team");
    let order: Vec<&str> = tour.stops.iter().map(|stop| stop.stop.as_str()).collect();
    assert!(order == ["P1", "P0", "P2"] || order == ["P2", "P0", "P1"], "{order:?}");
    let at = |i: usize| campaign.stops[i].point;
    let base = campaign.teams[0].point;
    let round = base.km_to(at(1)) + at(1).km_to(at(0)) + at(0).km_to(at(2)) + at(2).km_to(base);
    assert!((tour.km - round * campaign.travel.road_factor).abs() < 1e-9, "{}", tour.km);
    // The planner drives the same.
    let problem = model::Problem::new(&campaign, &[], campaign.start);
    let stops: Vec<_> = problem.stops.indices().collect();
    let team = problem.teams.indices().next().expect("a team");
    assert!((problem.roads.tour_km(team, &stops) - tour.km).abs() < 1e-9);
    assert!((problem.roads.tour_minutes(team, &stops) - tour.km * 2.0).abs() < 1e-9);
    // Three times 15 minutes to set up, 20 doses at ten an hour.
    assert!((tour.minutes - tour.km * 2.0 - 45.0 - 120.0).abs() < 1e-9);
    let (first, last) = (&tour.stops[0], &tour.stops[2]);
    let leg = |stop: &TourStop| {
        let point = campaign.stop(stop.stop.as_str()).expect("a stop").point;
        base.km_to(point) * campaign.travel.road_factor * 2.0
    };
    assert!((first.arrival_minutes - leg(first)).abs() < 1e-9);
    assert!((last.departure_minutes + leg(last) - tour.minutes).abs() < 1e-9);
    for stop in &tour.stops {
        assert!((stop.first_dose_minutes - stop.arrival_minutes - 15.0).abs() < 1e-9);
        let giving = stop.departure_minutes - stop.first_dose_minutes;
        assert!((giving - f64::from(stop.doses) * 6.0).abs() < 1e-9);
    }
    assert!(tour.stops.windows(2).all(|s| s[0].departure_minutes < s[1].arrival_minutes));
}

#[test]
fn more_stops_than_can_be_tried_are_driven_in_the_order_given_and_unknown_ones_left_out() {
    let places: Vec<(f64, f64)> = (0..9).map(|i| (32.0 + f64::from(i % 3), 119.0)).collect();
    let campaign = with_stops(&places);
    let mut stops: Vec<_> = (0..9).map(|i| (format!("P{i}").as_str().into(), 1)).collect();
    stops.push(("P99".into(), 1));
    let tour = tour(&campaign, &"T1".into(), &stops).expect("a known team");
    let order: Vec<String> = tour.stops.iter().map(|stop| stop.stop.to_string()).collect();
    assert_eq!(order, (0..9).map(|i| format!("P{i}")).collect::<Vec<_>>());
    assert_eq!(super::tour(&campaign, &"T9".into(), &stops), None);
}

#[test]
fn tours_are_those_of_the_rows_with_a_team_by_day_and_team() {
    let campaign = with_stops(&[(32.1, 119.05), (32.2, 119.05)]);
    let row = |day: i64, place: &str, team: Option<&str>, doses| PlanRow {
        day: start() + TimeDelta::days(day),
        place: place.into(),
        team: team.map(Into::into),
        area: "A1".into(),
        group: "all".into(),
        dose: 1,
        doses,
    };
    let rows = [
        row(0, "S1", None, 9),
        row(1, "P0", Some("T1"), 3),
        row(1, "P0", Some("T1"), 4),
        row(1, "P1", Some("T1"), 2),
        row(0, "P1", Some("T1"), 1),
    ];
    let found = tours(&campaign, &rows);
    let days: Vec<i64> = found.iter().map(|one| (one.day - start()).num_days()).collect();
    assert_eq!(days, [0, 1]);
    let mut doses: Vec<(String, u32)> =
        found[1].tour.stops.iter().map(|stop| (stop.stop.to_string(), stop.doses)).collect();
    doses.sort();
    assert_eq!(doses, [("P0".to_owned(), 7), ("P1".to_owned(), 2)]);
}

#[test]
fn a_day_that_two_campaigns_share_is_one_tour_with_what_is_for_whom() {
    let campaign = with_stops(&[(32.1, 119.15), (32.0, 119.15)]);
    let at = |day: i64, stop: &str, doses| PlanRow {
        place: stop.into(),
        team: Some("T1".into()),
        ..super::testing::row(day, 1, doses)
    };
    let own = [at(0, "P0", 10), at(0, "P1", 4), at(2, "P0", 7)];
    let other = [at(0, "P1", 6), at(1, "P0", 9)];
    let found = shared_tours(&[(&campaign, &own), (&campaign, &other)]);
    let days: Vec<_> = found.iter().map(|one| one.of.day).collect();
    assert_eq!(days, [start(), start() + TimeDelta::days(2)], "day 1 is the other one's alone");
    let stops: BTreeMap<&str, u32> =
        found[0].of.tour.stops.iter().map(|stop| (stop.stop.as_str(), stop.doses)).collect();
    assert_eq!(stops, [("P0", 10), ("P1", 10)].into());
    assert_eq!(found[0].parts["P1"], [(0, 4), (1, 6)]);
    assert_eq!([0, 1].map(|plan| found[0].doses_for(plan)), [14, 6]);
    assert_eq!((found[0].plans().len(), found[1].plans().len()), (2, 1));
    // Both halves take the time of one: the team is back later than for its own stops alone.
    let alone = tours(&campaign, &own);
    assert!(found[0].of.tour.minutes > alone[0].tour.minutes);
    assert_eq!(found[1].of, alone[1]);
    let all = all_tours(&[(&campaign, &own), (&campaign, &other)]);
    let of: Vec<_> = all.iter().map(|one| (one.of.day, one.plans())).collect();
    let plans = [[0, 1].into(), [1].into(), [0].into()];
    assert_eq!(
        of,
        [0, 1, 2]
            .map(|day| start() + TimeDelta::days(day))
            .into_iter()
            .zip(plans)
            .collect::<Vec<_>>()
    );
}
