//! Which doses given count (CDSi chapter 6).

use super::*;
use crate::domain::rules::model::{Season, VaccineSet};

/// What becomes of doses, one row for each history.
fn table(schedule: &Schedule, rows: &[(&str, &str)]) {
    for (given, wanted) in rows {
        assert_eq!(schedule.judged(given), *wanted, "{given}");
    }
}

#[test]
fn a_dose_counts_from_the_youngest_age_with_grace_until_the_day_before_the_greatest() {
    table(
        &Schedule::two_doses(),
        &[
            ("2020-02-07 A", "not valid 1: younger than 42 days, counts from 2020-02-08"),
            ("2020-02-08 A", "valid 1: grace before 42 days"),
            ("2020-02-11 A", "valid 1: grace before 42 days"),
            ("2020-02-12 A", "valid 1"),
            ("2020-12-31 A", "valid 1"),
            ("2021-01-01 A", "extraneous 1: older than 1 year"),
        ],
    );
}

#[test]
fn of_several_rows_of_ages_the_first_in_force_on_the_day_of_the_dose_holds() {
    let mut schedule = Schedule::two_doses();
    let absolute_min = schedule.age("12 weeks");
    let in_force = InForce { from: day("2020-03-01"), to: day("2020-03-31") };
    let row = AgeRow { absolute_min, min: absolute_min, in_force, ..schedule.dose(1).ages[0] };
    schedule.dose(1).ages.insert(0, row);
    table(
        &schedule,
        &[
            ("2020-02-29 A", "valid 1"),
            ("2020-03-01 A", "not valid 1: younger than 84 days, counts from 2020-03-25"),
            ("2020-03-31 A", "valid 1"),
            ("2020-04-01 A", "valid 1"),
        ],
    );
    schedule.dose(1).ages.clear();
    table(&schedule, &[("2020-01-01 A", "valid 1"), ("2029-01-01 A", "valid 1")]);
}

#[test]
fn a_dose_counts_from_the_shortest_interval_with_grace_to_the_last_day_of_the_longest() {
    let mut schedule = Schedule::two_doses();
    let rows = [
        (
            "2020-03-01 A, 2020-03-24 A",
            "valid 1, not valid 2: sooner than 28 days (24 days) after 2020-03-01, \
             counts from 2020-03-25",
        ),
        ("2020-03-01 A, 2020-03-25 A", "valid 1, valid 2: grace before 28 days after 2020-03-01"),
        ("2020-03-01 A, 2020-03-28 A", "valid 1, valid 2: grace before 28 days after 2020-03-01"),
        ("2020-03-01 A, 2020-03-29 A", "valid 1, valid 2"),
        ("2020-03-01 A, 2020-09-01 A", "valid 1, valid 2"),
        (
            "2020-03-01 A, 2020-09-02 A",
            "valid 1, not valid 2: later than 6 months after 2020-03-01",
        ),
    ];
    table(&schedule, &rows);
    schedule.dose(2).intervals[0].late_counts = true;
    let late = "valid 1, valid 2: later than 6 months after 2020-03-01, counts";
    table(&schedule, &[("2020-03-01 A, 2020-09-02 A", late)]);
    schedule.dose(2).intervals[0].absolute_min = schedule.dose(2).intervals[0].min;
    let soon = "valid 1, not valid 2: sooner than 28 days after 2020-03-01, counts from 2020-03-29";
    table(&schedule, &[("2020-03-01 A, 2020-03-28 A", soon)]);
}

#[test]
fn an_interval_runs_from_the_dose_before_also_from_one_that_does_not_count() {
    let mut schedule = Schedule::two_doses();
    schedule.dose(2).inadvertent = VaccineSet::from_iter([B]);
    let soon = "sooner than 28 days (24 days) after 2020-03";
    table(
        &schedule,
        &[
            (
                "2020-03-01 A, 2020-03-10 A, 2020-04-02 A, 2020-05-01 A",
                &format!(
                    "valid 1, not valid 2: {soon}-01, counts from 2020-03-25, \
                     not valid 2: {soon}-10, counts from 2020-04-03, valid 2"
                ),
            ),
            // Not from a vaccine given by mistake, nor from one that was expired.
            (
                "2020-03-01 A, 2020-03-28 B, 2020-03-29 A",
                "valid 1, not valid 2: by mistake, valid 2",
            ),
            (
                "2020-03-01 A, 2020-03-28 A expired, 2020-03-29 A",
                "valid 1, substandard 2: expired, valid 2",
            ),
        ],
    );
}

#[test]
fn an_interval_may_run_from_a_certain_dose_another_vaccine_or_an_event() {
    let mut schedule = Schedule::two_doses();
    schedule.third(Interval { from: IntervalFrom::Dose(1), ..interval("6 months", "6 months") });
    let doses = "2020-03-01 A, 2020-04-01 A, 2020-08-";
    let soon = "sooner than 6 months after 2020-03-01, counts from 2020-09-01";
    table(
        &schedule,
        &[
            (&format!("{doses}31 A"), &format!("valid 1, valid 2, not valid 3: {soon}")),
            ("2020-03-01 A, 2020-04-01 A, 2020-09-01 A", "valid 1, valid 2, valid 3"),
        ],
    );

    let from = IntervalFrom::MostRecent(VaccineSet::from_iter([L]));
    let mut schedule = Schedule::two_doses();
    schedule.dose(2).intervals = vec![Interval { from, ..interval("2 months", "2 months") }];
    let soon = "sooner than 2 months after 2020-03-20, counts from 2020-05-20";
    table(
        &schedule,
        &[
            ("2020-03-01 A, 2020-03-02 A", "valid 1, valid 2"),
            (
                "2020-02-15 L, 2020-03-01 A, 2020-03-20 L, 2020-05-19 A",
                &format!("-, valid 1, -, not valid 2: {soon}"),
            ),
            ("2020-03-01 A, 2020-03-20 L, 2020-05-20 A", "valid 1, -, valid 2"),
            // What comes later does not count.
            ("2020-03-01 A, 2020-03-20 A, 2020-03-21 L", "valid 1, valid 2, -"),
        ],
    );

    let event = ObservationId(7);
    schedule.dose(2).intervals[0].from = IntervalFrom::Observation(event);
    let judged = |given: &str| {
        let person = person_with(event, "2020-03-20", given, "2024-01-01");
        verdict_words(&schedule.assess(&person).doses[1][0])
    };
    assert_eq!(judged("2020-03-01 A, 2020-05-19 A"), format!("not valid 2: {soon}"));
    assert_eq!(judged("2020-03-01 A, 2020-05-20 A"), "valid 2");
}

#[test]
fn a_vaccine_given_by_mistake_starts_no_interval_of_its_vaccine() {
    let mut schedule = Schedule::two_doses();
    let from = IntervalFrom::MostRecent(VaccineSet::from_iter([A, B]));
    schedule.dose(2).intervals = vec![Interval { from, ..interval("2 months", "2 months") }];
    schedule.dose(2).inadvertent = VaccineSet::from_iter([B]);
    table(
        &schedule,
        &[(
            "2020-03-01 A, 2020-04-20 B, 2020-05-01 A",
            "valid 1, not valid 2: by mistake, valid 2",
        )],
    );
}

#[test]
fn an_allowable_interval_is_enough_where_the_preferable_one_fails() {
    let mut schedule = Schedule::two_doses();
    let in_force = InForce { from: day("2020-03-01"), to: day("2020-03-20") };
    schedule.dose(2).allowable_intervals =
        vec![Interval { in_force, ..interval("14 days", "14 days") }];
    let soon = "not valid 2: sooner than 28 days (24 days) after";
    table(
        &schedule,
        &[
            (
                "2020-03-01 A, 2020-03-14 A",
                &format!("valid 1, {soon} 2020-03-01, counts from 2020-03-25"),
            ),
            ("2020-03-01 A, 2020-03-15 A", "valid 1, valid 2"),
            ("2020-03-06 A, 2020-03-20 A", "valid 1, valid 2"),
            (
                "2020-03-06 A, 2020-03-21 A",
                &format!("valid 1, {soon} 2020-03-06, counts from 2020-03-30"),
            ),
        ],
    );
    // All allowable intervals must hold.
    schedule.dose(2).allowable_intervals.push(interval("20 days", "20 days"));
    let still = format!("valid 1, {soon} 2020-03-01, counts from 2020-03-25");
    table(&schedule, &[("2020-03-01 A, 2020-03-20 A", &still)]);
}

#[test]
fn every_interval_in_force_must_hold() {
    let mut schedule = Schedule::two_doses();
    let in_force = InForce { from: day("2020-01-01"), to: day("2020-04-30") };
    schedule.dose(2).intervals.push(Interval { in_force, ..interval("50 days", "50 days") });
    let soon = "sooner than 50 days after 2020-03";
    table(
        &schedule,
        &[
            (
                "2020-03-01 A, 2020-04-19 A",
                &format!("valid 1, not valid 2: {soon}-01, counts from 2020-04-20"),
            ),
            ("2020-03-01 A, 2020-04-20 A", "valid 1, valid 2"),
            ("2020-04-01 A, 2020-05-01 A", "valid 1, valid 2"),
        ],
    );
}

#[test]
fn another_live_vaccine_must_be_far_enough_before_but_may_come_the_same_day() {
    let mut schedule = Schedule::two_doses();
    schedule.conflict(L, "1 day", "28 days", "40 days");
    let conflict = "-, not valid 1: L on 2020-02-20, counts from 2020-03-19";
    table(
        &schedule,
        &[
            ("2020-02-20 L, 2020-02-20 A", "-, valid 1"),
            ("2020-02-20 L, 2020-02-21 A", conflict),
            ("2020-02-20 L, 2020-03-18 A", conflict),
            ("2020-02-20 L, 2020-03-19 A", "-, valid 1"),
            ("2020-02-20 A, 2020-02-21 L", "valid 1, -"),
            ("2020-02-20 B, 2020-03-18 A", "not valid 1: not a vaccine of this dose, valid 1"),
        ],
    );
    let mut later = Schedule::two_doses();
    later.conflict(L, "5 days", "28 days", "40 days");
    table(
        &later,
        &[("2020-02-20 L, 2020-02-24 A", "-, valid 1"), ("2020-02-20 L, 2020-02-25 A", conflict)],
    );
}

#[test]
fn the_distance_is_longer_after_a_dose_of_the_antigen_that_does_not_count() {
    let mut schedule = Schedule::two_doses();
    schedule.dose(2).intervals.clear();
    schedule.dose(1).allowable = vec![allowable(B, AgeId::NONE, AgeId::NONE)];
    schedule.conflict(B, "1 day", "10 days", "40 days");
    table(
        &schedule,
        &[
            ("2020-03-01 B, 2020-03-11 A", "valid 1, valid 2"),
            (
                "2020-02-01 B, 2020-03-11 A",
                "not valid 1: younger than 42 days, counts from 2020-02-08, \
                 not valid 1: B on 2020-02-01, counts from 2020-03-12",
            ),
            (
                "2020-02-01 B, 2020-03-12 A",
                "not valid 1: younger than 42 days, counts from 2020-02-08, valid 1",
            ),
        ],
    );
}

#[test]
fn a_vaccine_counts_within_its_ages_and_of_its_manufacturer() {
    let mut schedule = Schedule::two_doses();
    let (three, six) = (schedule.age("3 months"), schedule.age("6 months"));
    schedule.dose(1).preferable = vec![Preferable {
        begin: three,
        end: six,
        manufacturer: Some("M".into()),
        ..preferable(A)
    }];
    schedule.dose(1).allowable = vec![allowable(B, three, six)];
    table(
        &schedule,
        &[
            ("2020-03-31 A M", "not valid 1: vaccine not at this age"),
            ("2020-04-01 A M", "valid 1"),
            ("2020-06-30 A M", "valid 1"),
            ("2020-07-01 A M", "not valid 1: vaccine not at this age"),
            ("2020-05-01 A N", "not valid 1: another manufacturer"),
            ("2020-05-01 A", "not valid 1: another manufacturer"),
            ("2020-03-31 B", "not valid 1: vaccine not at this age"),
            ("2020-04-01 B", "valid 1"),
            ("2020-07-01 B", "not valid 1: vaccine not at this age"),
        ],
    );
    table(&Schedule::two_doses(), &[("2020-04-01 B", "not valid 1: not a vaccine of this dose")]);
}

#[test]
fn a_complete_series_needs_no_more_and_a_dose_that_comes_again_and_again_always_does() {
    let mut schedule = Schedule::two_doses();
    let doses = "2020-03-01 A, 2020-04-01 A, 2020-05-01 A, 2020-06-01 A expired";
    table(&schedule, &[(doses, "valid 1, valid 2, extraneous: complete, extraneous: complete")]);
    schedule.dose(2).recurring = true;
    table(&schedule, &[(doses, "valid 1, valid 2, valid 2, substandard 2: expired")]);
    schedule.dose(2).season = Some(Season { start: None, end: None });
    table(&schedule, &[(doses, "valid 1, valid 2, valid 2, substandard 2: expired")]);
}

#[test]
fn doses_are_looked_at_by_date_and_told_in_the_order_of_the_input() {
    table(
        &Schedule::two_doses(),
        &[("2020-05-01 A, 2020-04-01 A, 2020-03-01 A", "extraneous: complete, valid 2, valid 1")],
    );
}

#[test]
fn a_vaccine_holds_its_antigen_at_certain_ages_only() {
    let mut schedule = Schedule::two_doses();
    let (begin, end) = (schedule.age("3 months"), schedule.age("6 months"));
    let antigen = AntigenId(0);
    schedule.rules.vaccines[0].antigens = vec![Association { antigen, begin, end }];
    table(
        &schedule,
        &[
            ("2020-03-31 A", "-"),
            ("2020-04-01 A", "valid 1"),
            ("2020-06-30 A", "valid 1"),
            ("2020-07-01 A", "-"),
        ],
    );
}
