//! Which series of an antigen is taken (CDSi chapters 5 and 8).

use super::*;
use crate::domain::rules::model::{Contraindication, Season, VaccineContraindication};
use crate::domain::rules::person::View;
use crate::domain::rules::select::{keep_best, run_all};

/// A series of so many doses of a vaccine, four weeks apart, that is not the default.
fn line(name: &str, vaccine: VaccineId, doses: u8) -> AntigenSeries {
    let dose = |number: u8| TargetDose {
        number,
        intervals: if number == 1 { vec![] } else { vec![interval("4 weeks", "4 weeks")] },
        preferable: vec![preferable(vaccine)],
        ..TargetDose::default()
    };
    AntigenSeries { is_default: false, ..series(name, (1..=doses).map(dose).collect()) }
}

fn ages(min: AgeId, max: AgeId) -> AgeRow {
    let none = AgeId::NONE;
    let in_force = InForce::default();
    AgeRow { absolute_min: min, min, recommended: none, latest: none, max, in_force }
}

/// Names of the series that are taken.
fn best(schedule: &Schedule, person: &Patient) -> String {
    let view = View::new(&schedule.rules, person);
    let mut candidates = Vec::new();
    run_all(&view, AntigenId(0), &mut candidates);
    keep_best(&view, &mut candidates);
    let names = candidates.iter().map(|candidate| &*candidate.run.series.name);
    names.collect::<Vec<_>>().join(", ")
}

/// The series that are taken of some, for these doses on 1 May 2020.
fn taken(mut schedule: Schedule, series: Vec<AntigenSeries>, given: &str) -> String {
    schedule.rules.antigens[0].series = series;
    best(&schedule, &person(given, "2020-05-01"))
}

#[test]
fn only_series_for_the_persons_sex_birth_and_conditions_are_looked_at() {
    let mut schedule = Schedule::empty();
    let observation = ObservationId(1);
    let (begin, end) = (schedule.age("2 months"), schedule.age("4 months"));
    let indications = || vec![Contraindication { observation, begin, end }];
    let risk = || AntigenSeries { kind: Kind::Risk, indications: indications(), ..line("R", A, 1) };
    let born = day("2020-01-01");
    let next = day("2020-01-02");
    let rows: Vec<(&str, AntigenSeries, &str, bool)> = vec![
        ("any sex", line("S", A, 1), "2020-05-01", true),
        ("girls", AntigenSeries { sexes: vec![Sex::F], ..line("S", A, 1) }, "2020-05-01", true),
        ("boys", AntigenSeries { sexes: vec![Sex::M], ..line("S", A, 1) }, "2020-05-01", false),
        ("born from", AntigenSeries { born_from: born, ..line("S", A, 1) }, "2020-05-01", true),
        ("born later", AntigenSeries { born_from: next, ..line("S", A, 1) }, "2020-05-01", false),
        ("born before", AntigenSeries { born_before: next, ..line("S", A, 1) }, "2020-05-01", true),
        (
            "born too late",
            AntigenSeries { born_before: born, ..line("S", A, 1) },
            "2020-05-01",
            false,
        ),
        ("condition, too young", risk(), "2020-02-29", false),
        ("condition", risk(), "2020-03-01", true),
        ("condition, last day", risk(), "2020-04-30", true),
        ("condition, too old", risk(), "2020-05-01", false),
    ];
    for (what, series, as_of, is_relevant) in rows {
        schedule.rules.antigens[0].series = vec![AntigenSeries { is_default: true, ..series }];
        let with = person_with(observation, "2020-01-01", "", as_of);
        assert_eq!(!best(&schedule, &with).is_empty(), is_relevant, "{what}");
    }
    schedule.rules.antigens[0].series = vec![AntigenSeries { is_default: true, ..risk() }];
    assert_eq!(best(&schedule, &person("", "2020-03-01")), "", "no observation");
    let other = person_with(ObservationId(2), "2020-01-01", "", "2020-03-01");
    assert_eq!(best(&schedule, &other), "", "another observation");
}

#[test]
fn of_a_series_group_the_default_is_taken_until_another_series_is_started() {
    let default = || AntigenSeries { is_default: true, preference: 2, ..line("D", A, 3) };
    let other = || line("O", B, 2);
    let take = |series: Vec<AntigenSeries>, given: &str| taken(Schedule::empty(), series, given);
    assert_eq!(take(vec![other(), default()], ""), "D");
    assert_eq!(take(vec![other(), default()], "2020-04-01 B"), "O");
    assert_eq!(take(vec![other(), default()], "2020-04-01 A"), "D");
    // A series that must begin before an age: the day itself is too late.
    for (age, name) in [("3 months", "D"), ("92 days", "O")] {
        let mut schedule = Schedule::empty();
        let start_before = schedule.age(age);
        let other = AntigenSeries { start_before, ..other() };
        assert_eq!(taken(schedule, vec![other, default()], "2020-04-01 B"), name, "{age}");
    }
}

#[test]
fn a_complete_series_goes_before_one_in_process_and_that_before_one_that_is_over() {
    let default = |doses| AntigenSeries { is_default: true, preference: 2, ..line("D", A, doses) };
    let take = |series: Vec<AntigenSeries>, given: &str| taken(Schedule::empty(), series, given);
    assert_eq!(take(vec![default(3), line("O", A, 1)], "2020-04-01 A"), "O");
    assert_eq!(take(vec![line("O", A, 3), default(1)], "2020-04-01 A"), "D");
    // Two complete series: the one with more valid doses, then the preferred one.
    let two = "2020-03-01 A, 2020-04-01 A";
    assert_eq!(take(vec![line("O", A, 1), default(2)], two), "D");
    assert_eq!(take(vec![default(2), line("O", A, 2)], two), "O");
    let mut schedule = Schedule::empty();
    let max = schedule.age("3 months");
    let aged_out = |mut series: AntigenSeries| {
        series.doses[1].ages = vec![ages(AgeId::NONE, max)];
        series
    };
    let rows = [
        (vec![aged_out(default(2)), line("O", A, 2)], "O"),
        (vec![default(2), aged_out(line("O", A, 2))], "D"),
        (vec![aged_out(line("O", A, 2)), aged_out(default(2))], "D"),
    ];
    for (series, name) in rows {
        schedule.rules.antigens[0].series = series;
        assert_eq!(best(&schedule, &person("2020-03-01 A", "2020-05-01")), name);
    }
}

/// Table 8-9. Where the points are equal, the preferred series "P" is taken.
#[test]
fn of_two_series_in_process_points_decide() {
    let preferred = |doses| AntigenSeries { preference: 1, ..line("P", A, doses) };
    let other = |doses| AntigenSeries { preference: 2, ..line("O", A, doses) };
    let product = |series: AntigenSeries| AntigenSeries { is_product: true, ..series };
    let slow = |mut series: AntigenSeries| {
        series.doses[2].intervals = vec![interval("5 weeks", "5 weeks")];
        series
    };
    let with_b = |mut series: AntigenSeries| {
        series.doses[0].allowable = vec![allowable(B, AgeId::NONE, AgeId::NONE)];
        series
    };
    let mut schedule = Schedule::empty();
    let (four, five) = (schedule.age("4 months"), schedule.age("5 months"));
    let until = |mut series: AntigenSeries, max: AgeId| {
        series.doses.last_mut().expect("a dose").ages = vec![ages(AgeId::NONE, max)];
        series
    };
    let one = "2020-03-01 A";
    let two = "2020-02-15 B, 2020-03-20 A";
    let rows: Vec<(&str, [AntigenSeries; 2], &str, &str)> = vec![
        ("equal", [other(3), preferred(3)], one, "P"),
        ("a product", [product(other(3)), preferred(3)], one, "O"),
        ("a product with a wrong dose", [product(other(3)), preferred(3)], two, "P"),
        ("sooner finished", [other(3), slow(preferred(3))], one, "O"),
        ("fewer doses left, no product", [other(2), product(preferred(3))], one, "O"),
        ("more valid doses", [with_b(other(4)), preferred(3)], two, "O"),
        // Third dose on 26 April at the earliest.
        ("too late to finish", [other(3), until(preferred(3), four)], one, "P"),
    ];
    for (what, series, given, name) in rows {
        schedule.rules.antigens[0].series = series.to_vec();
        assert_eq!(best(&schedule, &person(given, "2020-03-20")), name, "{what}");
    }
    // With a third dose after ten weeks more it is too old before it can finish.
    let long = |mut series: AntigenSeries| {
        series.doses[2].intervals = vec![interval("10 weeks", "10 weeks")];
        series
    };
    let rows: Vec<(&str, [AntigenSeries; 2], &str)> = vec![
        ("it can finish", [long(other(3)), until(long(preferred(3)), five)], "O"),
        (
            "that is more than a product",
            [long(other(3)), product(until(long(preferred(3)), five))],
            "O",
        ),
        (
            "and as much as a product with fewer doses left",
            [long(other(4)), product(until(long(preferred(3)), five))],
            "P",
        ),
    ];
    for (what, series, name) in rows {
        schedule.rules.antigens[0].series = series.to_vec();
        assert_eq!(best(&schedule, &person(one, "2020-03-20")), name, "{what}");
    }
}

/// Table 8-11, where no series of the group is the default.
#[test]
fn of_series_without_doses_points_decide() {
    let mut schedule = Schedule::empty();
    let (six, eight, end) =
        (schedule.age("6 weeks"), schedule.age("8 weeks"), schedule.age("11 weeks"));
    let preferred = || AntigenSeries { preference: 1, ..line("P", A, 2) };
    let other = || AntigenSeries { preference: 2, ..line("O", A, 2) };
    let from = |mut series: AntigenSeries, min: AgeId| {
        series.doses[0].ages = vec![ages(min, AgeId::NONE)];
        series
    };
    let until = |mut series: AntigenSeries, max: AgeId| {
        series.doses[1].ages = vec![ages(AgeId::NONE, max)];
        series
    };
    let product = |series: AntigenSeries| AntigenSeries { is_product: true, ..series };
    let over = |mut series: AntigenSeries| {
        series.doses[0].season = Some(Season { start: None, end: Some(day("2019-12-31")) });
        series
    };
    let rows: Vec<(&str, Vec<AntigenSeries>, &str)> = vec![
        ("equal", vec![other(), preferred()], "P"),
        (
            "equal and as preferred: the first",
            vec![other(), AntigenSeries { preference: 2, ..preferred() }],
            "O",
        ),
        ("begins sooner", vec![from(other(), six), from(preferred(), eight)], "O"),
        ("no product", vec![other(), product(preferred())], "O"),
        ("can finish", vec![from(other(), eight), until(from(preferred(), eight), end)], "O"),
        (
            "cannot finish, but begins sooner",
            vec![from(other(), eight), until(from(preferred(), eight), end), line("X", A, 2)],
            "X",
        ),
        ("its season is over, yet no product", vec![product(other()), over(preferred())], "O"),
    ];
    for (what, series, name) in rows {
        schedule.rules.antigens[0].series = series;
        assert_eq!(best(&schedule, &person("", "2020-01-01")), name, "{what}");
    }
}

#[test]
fn a_forbidden_series_is_not_taken_unless_all_are() {
    let mut schedule = Schedule::empty();
    let observation = ObservationId(1);
    let forbid = |vaccine| VaccineContraindication {
        observation,
        vaccine,
        begin: AgeId::NONE,
        end: AgeId::NONE,
    };
    schedule.rules.antigens[0].series = vec![
        AntigenSeries { preference: 1, ..line("A", A, 1) },
        AntigenSeries { preference: 2, ..line("B", B, 1) },
    ];
    let with = person_with(observation, "2020-01-01", "", "2020-05-01");
    assert_eq!(best(&schedule, &with), "A");
    schedule.rules.antigens[0].vaccine_contraindications = vec![forbid(A)];
    assert_eq!(best(&schedule, &with), "B");
    schedule.rules.antigens[0].vaccine_contraindications = vec![forbid(A), forbid(B)];
    assert_eq!(best(&schedule, &with), "A");
}

#[test]
fn of_the_series_for_conditions_those_of_the_highest_priority_are_looked_at() {
    let mut schedule = Schedule::empty();
    let observation = ObservationId(1);
    let (begin, end) = (AgeId::NONE, AgeId::NONE);
    let risk = |name: &str, priority, preference| AntigenSeries {
        kind: Kind::Risk,
        indications: vec![Contraindication { observation, begin, end }],
        priority,
        preference,
        ..line(name, A, 1)
    };
    schedule.rules.antigens[0].series = vec![risk("low", 1, 1), risk("high", 0, 2)];
    let with = person_with(observation, "2020-01-01", "", "2020-05-01");
    assert_eq!(best(&schedule, &with), "high");
    schedule.rules.antigens[0].series = vec![risk("one", 0, 2), risk("two", 0, 1)];
    assert_eq!(best(&schedule, &with), "two");
}

#[test]
fn a_series_for_evaluation_only_is_taken_when_it_is_complete() {
    let only = |doses| AntigenSeries { kind: Kind::EvaluationOnly, ..line("E", A, doses) };
    let default = || AntigenSeries { is_default: true, ..line("D", A, 3) };
    let take = |series: Vec<AntigenSeries>, given: &str| taken(Schedule::empty(), series, given);
    assert_eq!(take(vec![only(1), default()], "2020-04-01 A"), "E");
    assert_eq!(take(vec![only(2), default()], "2020-04-01 A"), "D");
    // Alone in its group and not complete nobody is called for it.
    let alone = |doses| AntigenSeries { series_group: 2, is_default: true, ..only(doses) };
    assert_eq!(take(vec![alone(1), default()], "2020-04-01 A"), "E, D");
    assert_eq!(take(vec![alone(2), default()], "2020-04-01 A"), "D");
}

/// Table 8-14.
#[test]
fn a_series_group_is_not_needed_where_an_equivalent_one_is_complete_or_for_a_condition() {
    let observation = ObservationId(1);
    let risk = |series: AntigenSeries| AntigenSeries {
        kind: Kind::Risk,
        indications: vec![Contraindication { observation, begin: AgeId::NONE, end: AgeId::NONE }],
        ..series
    };
    let own =
        || AntigenSeries { is_default: true, equivalent_groups: vec![2], ..line("own", A, 3) };
    let other =
        |doses| AntigenSeries { is_default: true, series_group: 2, ..line("other", B, doses) };
    let rows = [
        ("complete", own(), other(1), "other"),
        ("not complete", own(), other(2), "own, other"),
        ("for a condition", own(), risk(other(2)), "other"),
        ("both for a condition", risk(own()), risk(other(2)), "own, other"),
        (
            "not equivalent",
            AntigenSeries { equivalent_groups: vec![3], ..own() },
            other(1),
            "own, other",
        ),
        (
            "own complete, too",
            AntigenSeries { doses: line("own", A, 1).doses, ..own() },
            other(1),
            "own, other",
        ),
    ];
    for (what, own, other, names) in rows {
        let mut schedule = Schedule::empty();
        schedule.rules.antigens[0].series = vec![own, other];
        let given = "2020-04-01 A, 2020-04-01 B";
        let with = person_with(observation, "2020-01-01", given, "2020-05-01");
        assert_eq!(best(&schedule, &with), names, "{what}");
    }
}
