//! When a dose of the series is not needed (CDSi 6.2 and 7.1).

use super::*;
use crate::domain::rules::model::{Condition, Count, CountLogic, Skip, SkipSet, VaccineSet};

fn set(all_conditions: bool, conditions: Vec<Condition>) -> SkipSet {
    SkipSet { in_force: InForce::default(), all_conditions, conditions }
}

fn skip(sets: Vec<SkipSet>) -> Skip {
    Skip { in_evaluation: true, in_forecast: true, all_sets: true, sets }
}

fn from_age(schedule: &mut Schedule, age: &str) -> Condition {
    Condition::Age { begin: schedule.age(age), end: AgeId::NONE }
}

fn count(logic: CountLogic, doses: u32) -> Count {
    Count {
        vaccines: None,
        begin: AgeId::NONE,
        end: AgeId::NONE,
        from: NaiveDate::MIN,
        before: NaiveDate::MAX,
        valid_only: false,
        logic,
        doses,
    }
}

/// A schedule of two doses of which the first is skipped under these conditions; it has no ages.
fn skipping(sets: Vec<SkipSet>) -> Schedule {
    let mut schedule = Schedule::two_doses();
    schedule.dose(1).ages.clear();
    schedule.dose(1).skips = vec![skip(sets)];
    schedule
}

#[test]
fn a_dose_that_is_not_needed_from_an_age_on_is_skipped_by_doses_given_then() {
    let mut schedule = Schedule::two_doses();
    let condition = from_age(&mut schedule, "6 months");
    schedule.dose(1).skips = vec![skip(vec![set(true, vec![condition])])];
    let judged =
        |schedule: &Schedule| ["2020-06-30 A", "2020-07-01 A"].map(|given| schedule.judged(given));
    assert_eq!(judged(&schedule), ["valid 1", "valid 2"]);
    // The second dose alone is then the first that the person has.
    assert_eq!(schedule.next("", "2020-06-30"), "1 2020-02-12 2020-03-01 2020-03-31 2020-12-31");
    assert_eq!(schedule.next("", "2020-07-01"), "1 2020-01-01 2020-01-01 - -");
    schedule.dose(1).skips[0].in_forecast = false;
    assert_eq!(judged(&schedule), ["valid 1", "valid 2"]);
    assert_eq!(schedule.next("", "2020-07-01"), "1 2020-02-12 2020-03-01 2020-03-31 2020-12-31");
    schedule.dose(1).skips[0].in_forecast = true;
    schedule.dose(1).skips[0].in_evaluation = false;
    assert_eq!(judged(&schedule), ["valid 1", "valid 1"]);
    assert_eq!(schedule.next("", "2020-07-01"), "1 2020-01-01 2020-01-01 - -");
}

#[test]
fn a_dose_is_skipped_so_long_after_the_dose_before() {
    let mut schedule = Schedule::two_doses();
    schedule.third(interval("4 weeks", "4 weeks"));
    let condition = Condition::Interval(wait("4 months"));
    schedule.dose(2).skips = vec![skip(vec![set(true, vec![condition])])];
    assert_eq!(schedule.judged("2020-03-01 A, 2020-06-30 A"), "valid 1, valid 2");
    assert_eq!(schedule.judged("2020-03-01 A, 2020-07-01 A"), "valid 1, valid 3");
    // The dose before is one of the antigen; L is not.
    assert_eq!(schedule.judged("2020-03-01 A, 2020-06-01 L, 2020-07-01 A"), "valid 1, -, valid 3");
    assert_eq!(
        schedule.next("2020-03-01 A", "2020-06-30"),
        "2 2020-03-29 2020-04-26 2020-05-23 2020-09-01"
    );
    assert_eq!(schedule.next("2020-03-01 A", "2020-07-01"), "2 2020-03-29 2020-03-29 - -");
}

#[test]
fn all_conditions_or_one_and_all_sets_or_one() {
    let mut schedule = skipping(Vec::new());
    let (yes, no) = (from_age(&mut schedule, "1 month"), from_age(&mut schedule, "3 years"));
    let (yes, no) = (|| yes.clone(), || no.clone());
    let past = InForce { from: NaiveDate::MIN, to: day("2019-12-31") };
    let cases: [(&str, bool, Vec<SkipSet>, bool); 9] = [
        ("no set", true, vec![], false),
        ("all of no conditions", true, vec![set(true, vec![])], false),
        ("all of two", true, vec![set(true, vec![yes(), yes()])], true),
        ("all of two, one fails", true, vec![set(true, vec![yes(), no()])], false),
        ("one of two", true, vec![set(false, vec![no(), yes()])], true),
        ("both sets", true, vec![set(true, vec![yes()]), set(true, vec![no()])], false),
        ("one set of two", false, vec![set(true, vec![no()]), set(true, vec![yes()])], true),
        (
            "a set that is no longer in force",
            true,
            vec![SkipSet { in_force: past, ..set(true, vec![yes()]) }],
            false,
        ),
        (
            "a set in force and one that is not",
            true,
            vec![set(true, vec![yes()]), SkipSet { in_force: past, ..set(true, vec![no()]) }],
            true,
        ),
    ];
    for (what, all_sets, sets, is_skipped) in cases {
        schedule.dose(1).skips = vec![Skip { all_sets, ..skip(sets) }];
        let number = if is_skipped { "valid 2" } else { "valid 1" };
        assert_eq!(schedule.judged("2020-06-01 A"), number, "{what}");
    }
    // Of several skips of a dose one is enough.
    schedule.dose(1).skips =
        vec![skip(vec![set(true, vec![no()])]), skip(vec![set(true, vec![yes()])])];
    assert_eq!(schedule.judged("2020-06-01 A"), "valid 2");
}

#[test]
fn a_set_is_in_force_on_the_day_of_the_dose_or_of_the_forecast() {
    let mut schedule = skipping(Vec::new());
    let condition = from_age(&mut schedule, "1 day");
    let in_force = InForce { from: day("2020-05-01"), to: day("2020-05-31") };
    let set = SkipSet { in_force, ..set(true, vec![condition]) };
    schedule.dose(1).skips = vec![skip(vec![set])];
    for (on, number) in [("04-30", 1), ("05-01", 2), ("05-31", 2), ("06-01", 1)] {
        let judged = schedule.judged(&format!("2020-{on} A"));
        assert_eq!(judged, format!("valid {number}"), "{on}");
        let next = schedule.next("", &format!("2020-{on}"));
        let recommended = if number == 1 { "1 2020-01-01 2020-01-01 - -" } else { "1 2020-01-01" };
        assert!(next.starts_with(recommended), "{on}: {next}");
    }
}

#[test]
fn a_number_of_doses_is_more_exactly_or_fewer() {
    let cases = [
        (CountLogic::Greater, [false, false, true]),
        (CountLogic::Equal, [false, true, false]),
        (CountLogic::Less, [true, false, false]),
    ];
    for (logic, wanted) in cases {
        let mut schedule = skipping(vec![]);
        let vaccines = Some(VaccineSet::from_iter([L]));
        let condition = Condition::Count(Count { vaccines, ..count(logic, 1) });
        schedule.dose(1).skips = vec![skip(vec![set(true, vec![condition])])];
        let before = ["", "2020-02-01 L, ", "2020-02-01 L, 2020-02-02 L, "];
        let skipped = before.map(|before| {
            let judged = schedule.judged(&format!("{before}2020-06-01 A, 2020-06-02 L"));
            judged.contains("valid 2")
        });
        assert_eq!(skipped, wanted, "{logic:?}");
    }
}

#[test]
fn doses_are_counted_within_ages_and_days_and_valid_ones_alone_where_the_rule_says_so() {
    let mut schedule = skipping(Vec::new());
    let (month, two) = (schedule.age("1 month"), schedule.age("2 months"));
    let one = || count(CountLogic::Equal, 1);
    let vaccines = || Some(VaccineSet::from_iter([L]));
    let (from, before) = (day("2020-02-01"), day("2020-03-01"));
    // A dose of L on this day counts?
    let rows =
        [("2020-01-31", false), ("2020-02-01", true), ("2020-02-29", true), ("2020-03-01", false)];
    for rule in [
        Count { vaccines: vaccines(), begin: month, end: two, ..one() },
        Count { vaccines: vaccines(), from, before, ..one() },
    ] {
        schedule.dose(1).skips = vec![skip(vec![set(true, vec![Condition::Count(rule.clone())])])];
        for (on, counts) in rows {
            let judged = schedule.judged(&format!("{on} L, 2020-06-01 A"));
            let wanted = if counts { "-, valid 2" } else { "-, valid 1" };
            assert_eq!(judged, wanted, "{on} {rule:?}");
        }
    }
    // Without named vaccines only those of the antigen count.
    let any = |rule: Count| vec![skip(vec![set(true, vec![Condition::Count(rule)])])];
    schedule.dose(2).skips = any(count(CountLogic::Equal, 1));
    schedule.dose(1).skips.clear();
    assert_eq!(
        schedule.judged("2020-02-01 L, 2020-03-01 A, 2020-04-01 A"),
        "-, valid 1, extraneous: complete"
    );
    schedule.dose(2).skips = any(count(CountLogic::Equal, 2));
    assert_eq!(schedule.judged("2020-02-01 L, 2020-03-01 A, 2020-04-01 A"), "-, valid 1, valid 2");
    // B does not count, as it is not a vaccine of the series.
    let not_valid = "not valid 1: not a vaccine of this dose, valid 1, ";
    assert_eq!(
        schedule.judged("2020-02-01 B, 2020-03-01 A, 2020-04-01 A"),
        format!("{not_valid}extraneous: complete")
    );
    schedule.dose(2).skips = any(Count { valid_only: true, ..count(CountLogic::Equal, 2) });
    assert_eq!(
        schedule.judged("2020-02-01 B, 2020-03-01 A, 2020-04-01 A"),
        format!("{not_valid}valid 2")
    );
}

#[test]
fn a_dose_is_skipped_where_another_series_is_complete() {
    let mut schedule = Schedule::two_doses();
    let mut other = series(
        "other",
        vec![TargetDose { number: 1, preferable: vec![preferable(B)], ..TargetDose::default() }],
    );
    other.series_group = 2;
    let condition = Condition::CompletedSeries(vec![2]);
    schedule.dose(1).skips = vec![skip(vec![set(true, vec![condition])])];
    schedule.rules.antigens[0].series.push(other);
    schedule.rules.antigens[0].asks_for_complete_series = true;
    let person = person("2020-03-01 A, 2020-04-01 B", "2020-05-01");
    let numbers = |schedule: &Schedule| {
        let doses = schedule.assess(&person).doses;
        doses.iter().map(|said| said[0].verdict.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&schedule), [Some(2), Some(1)]);
    schedule.rules.antigens[0].asks_for_complete_series = false;
    assert_eq!(numbers(&schedule), [Some(1), Some(1)]);
}
