//! Cases of a problem's setup: classes, windows, periods, reach.

use super::super::index::{ClassIndex, PeriodIndex};
use super::super::programme::{Programme, only};
use super::super::testing::{eligible, lot, plain, start};
use super::*;
use crate::domain::site::{Closure, Reach};
use chrono::TimeDelta;

fn own<'p>(problem: &'p Problem<'p>) -> &'p Programme<'p> {
    &problem.programmes[only()]
}

fn on(n: i64) -> NaiveDate {
    start() + TimeDelta::days(n)
}

fn numbers(days: (Day, Day)) -> (i64, i64) {
    (days.0.number(), days.1.number())
}

#[test]
fn windows_are_cut_to_the_days_that_a_plan_may_use() {
    // 21 to 35 days after the dose before; 60 days.
    let mut campaign = plain();
    let windows = |campaign: &Campaign, from, day| {
        let problem = Problem::new(campaign, &[], on(from));
        numbers(own(&problem).windows[0][Day::of(day)])
    };
    assert_eq!(windows(&campaign, 0, 0), (21, 35));
    assert_eq!(windows(&campaign, 30, 0), (30, 35));
    assert_eq!(windows(&campaign, 0, 30), (51, 59));
    assert_eq!(windows(&campaign, 0, 38), (59, 59));
    assert_eq!(windows(&campaign, 0, 39), (1, 0), "none");
    let problem = Problem::new(&campaign, &[], start());
    assert_eq!(own(&problem).window(1, -5), (16, Some(30)));
    campaign.series.doses[1].interval_max = None;
    assert_eq!(windows(&campaign, 0, 0), (21, 59));
    campaign.series.doses[1].interval_min = None;
    assert_eq!(windows(&campaign, 0, 7), (7, 59), "on the same day");
}

#[test]
fn a_site_has_its_capacity_by_weekday_closures_and_periods_between_restocks() {
    let mut campaign = plain();
    campaign.sites[0].saturday_doses = 4;
    campaign.sites[0].sunday_doses = 2;
    campaign.closures.push(Closure { place: "S1".into(), day: on(8), doses: 3 });
    campaign.closures.push(Closure { place: "S1".into(), day: on(-1), doses: 7 });
    let problem = Problem::new(&campaign, &[], on(7));
    let site = problem.sites.iter().next().expect("a site");
    let week: Vec<u32> = site.capacity.iter().skip(5).take(9).copied().collect();
    assert_eq!(week, [0, 0, 10, 3, 10, 10, 10, 4, 2], "nothing before the first day");
    let spans: Vec<(i64, i64)> =
        site.periods.iter().map(|p| (p.start.number(), p.last.number())).collect();
    assert_eq!(spans[..2], [(0, 6), (7, 13)]);
    assert_eq!((spans.len(), spans[8]), (9, (56, 59)));
    let of: Vec<usize> = [0, 6, 7, 59].map(|day| site.period_of[Day::of(day)].position()).to_vec();
    assert_eq!(of, [0, 0, 1, 8]);
    campaign.sites[0].wastage_rate = rust_decimal::Decimal::ONE;
    let problem = Problem::new(&campaign, &[], on(7));
    let site = problem.sites.iter().next().expect("a site");
    assert!(site.capacity.iter().all(|doses| *doses == 0), "all is wasted");
}

#[test]
fn a_class_holds_the_lots_that_are_there_from_the_draw_to_its_last_day() {
    let mut campaign = plain();
    campaign.deliveries =
        vec![lot("late", 0, 9, 60), lot("week", 0, 9, 6), lot("second", 1, 9, 60)];
    let problem = Problem::new(&campaign, &[], start());
    let lots = |class: ClassIndex| -> Vec<usize> {
        problem.classes[class].iter().map(|lot| lot.position()).collect()
    };
    let period = |i: usize| {
        let site = own(&problem).sites.iter().next().expect("a site");
        lots(site.periods[PeriodIndex::of(i)].class.expect("a day of it"))
    };
    assert_eq!(period(0), [1, 0], "the second comes after the restock");
    assert_eq!(period(1), [0, 2]);
    assert_eq!(lots(own(&problem).day_class[Day::of(6)]), [1, 0, 2]);
    assert_eq!(lots(own(&problem).day_class[Day::of(7)]), [0, 2], "the week's has expired");
}

#[test]
fn an_area_reaches_the_places_of_its_rows_and_its_stops_the_nearest_first() {
    let mut campaign = plain();
    let mut far = campaign.sites[0].clone();
    far.code = "S0".into();
    far.point = Some(crate::domain::area::Point { latitude: 32.5, longitude: 119.0 });
    let mut unknown = far.clone();
    (unknown.code, unknown.point) = ("S2".into(), None);
    campaign.sites.insert(0, far);
    campaign.sites.push(unknown);
    for site in ["S0", "S2", "S9"] {
        campaign.reach.push(Reach { area: "A1".into(), site: site.into() });
    }
    campaign.stops.push(Stop {
        code: "P1".into(),
        name: String::new(),
        area: "A1".into(),
        point: crate::domain::area::Point { latitude: 32.2, longitude: 119.0 },
        kind: None,
        setup_minutes: 1,
        max_doses: 1,
        weekdays: crate::domain::date::Weekdays::EVERY_DAY,
    });
    let problem = Problem::new(&campaign, &[], start());
    let places = &problem.catchments.iter().next().expect("an area").places;
    let codes: Vec<&str> = places.iter().map(|&place| problem.place_code(place).as_str()).collect();
    assert_eq!(codes, ["S2", "S1", "P1", "S0"]);
}

#[test]
fn a_cohort_holds_at_least_those_with_a_first_dose_and_opens_on_a_day_of_the_plan() {
    let mut campaign = plain();
    campaign.eligible.push(eligible("A1", "gone", 9));
    campaign.groups[0].uptake = rust_decimal::Decimal::new(75, 2);
    campaign.eligible[0].people = 101;
    campaign.groups[0].opens = Some(on(12));
    let given = |doses| GivenRow {
        day: on(-3),
        place: "S1".into(),
        area: "A1".into(),
        group: "all".into(),
        dose: 1,
        doses,
    };
    let cohort = |doses, from| {
        let problem = Problem::new(&campaign, &[given(doses)], on(from));
        assert_eq!(problem.cohorts.len(), 1, "a group that the campaign has");
        problem.cohorts.iter().next().expect("a cohort").clone()
    };
    let found = cohort(5, 0);
    assert_eq!((found.people, found.new_people, found.opens.number()), (75, 70, 12));
    let found = cohort(80, 20);
    assert_eq!((found.people, found.new_people, found.opens.number()), (80, 0, 20));
}

#[test]
fn a_dose_is_worth_its_share_of_the_days_that_are_left() {
    let campaign = plain();
    let problem = Problem::new(&campaign, &[], start());
    let cohort = problem.cohorts.iter().next().expect("a cohort");
    let value = |day| problem.value(cohort, 1, Day::of(day));
    assert!((value(0) - 0.5).abs() < 1e-12 && (value(45) - 0.125).abs() < 1e-12);
    assert_eq!(problem.date(Day::of(3)), on(3));
    assert_eq!(problem.day_of(on(-3)), Day::FIRST);
}
