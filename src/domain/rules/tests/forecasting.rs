//! When the next dose is due (CDSi chapter 7).

use super::*;
use crate::domain::rules::model::{
    Contraindication, ImmuneBirth, Season, VaccineContraindication, VaccineSet,
};
use crate::domain::rules::{Since, Why};

/// The next dose on a day, one row for each history.
fn table(schedule: &Schedule, rows: &[(&str, &str, &str)]) {
    for (given, as_of, wanted) in rows {
        assert_eq!(schedule.next(given, as_of), *wanted, "{given} as of {as_of}");
    }
}

#[test]
fn the_first_dose_is_due_by_age_and_the_second_by_the_interval() {
    table(
        &Schedule::two_doses(),
        &[
            ("", "2020-01-01", "1 2020-02-12 2020-03-01 2020-03-31 2020-12-31"),
            ("", "2020-12-31", "1 2020-02-12 2020-03-01 2020-03-31 2020-12-31"),
            ("", "2021-01-01", "AgedOut"),
            ("2020-03-01 A", "2020-03-01", "2 2020-03-29 2020-04-26 2020-05-23 2020-09-01"),
            ("2020-03-01 A, 2020-04-01 A", "2020-04-01", "Complete"),
            // From a dose that did not count, too.
            (
                "2020-03-01 A, 2020-03-10 A",
                "2020-03-10",
                "2 2020-04-07 2020-05-05 2020-06-01 2020-09-10",
            ),
        ],
    );
}

#[test]
fn no_dose_comes_before_birth_or_before_the_latest_dose() {
    let mut schedule = Schedule::two_doses();
    schedule.dose(1).ages.clear();
    table(
        &schedule,
        &[
            ("", "2020-05-01", "1 2020-01-01 2020-01-01 - -"),
            ("2020-02-01 B", "2020-05-01", "1 2020-02-01 2020-02-01 - -"),
        ],
    );
}

#[test]
fn an_age_recommended_before_the_interval_has_passed_waits_for_it() {
    let mut schedule = Schedule::two_doses();
    let age = |schedule: &mut Schedule, text: &str| schedule.age(text);
    let row = AgeRow {
        absolute_min: AgeId::NONE,
        min: AgeId::NONE,
        recommended: age(&mut schedule, "4 months"),
        latest: age(&mut schedule, "5 months"),
        max: age(&mut schedule, "1 year"),
        in_force: InForce::default(),
    };
    schedule.dose(2).ages = vec![row];
    table(
        &schedule,
        &[
            // 1 May by age; the longest interval is sooner than the age that is too old.
            ("2020-03-01 A", "2020-03-01", "2 2020-03-29 2020-05-01 2020-05-31 2020-09-01"),
            ("2020-08-01 A", "2020-08-01", "2 2020-08-29 2020-08-29 2020-08-29 2020-12-31"),
            ("2020-12-03 A", "2020-12-03", "2 2020-12-31 2020-12-31 2020-12-31 2020-12-31"),
            ("2020-12-04 A", "2020-12-04", "AgedOut"),
        ],
    );
}

#[test]
fn another_vaccine_a_season_and_the_latest_dose_may_set_the_day() {
    let mut schedule = Schedule::two_doses();
    schedule.conflict(L, "1 day", "28 days", "40 days");
    table(
        &schedule,
        &[
            (
                "2020-02-01 L, 2020-03-01 L",
                "2020-03-01",
                "1 2020-04-10 2020-04-10 2020-04-10 2020-12-31",
            ),
            ("2020-01-01 L", "2020-03-01", "1 2020-02-12 2020-03-01 2020-03-31 2020-12-31"),
        ],
    );
    let why = |schedule: &Schedule, given: &str| {
        let assessment = schedule.assess(&person(given, "2020-03-01"));
        assessment.forecasts[0].next.map(|next| next.earliest.why)
    };
    let weeks = wait("6 weeks").duration;
    assert_eq!(why(&schedule, ""), Some(Why::Age(weeks)));
    let (vaccine, date) = (L, day("2020-03-01"));
    assert_eq!(why(&schedule, "2020-03-01 L"), Some(Why::Conflict { vaccine, date }));
    let (since, four) = (Since::Dose(1), wait("4 weeks").duration);
    assert_eq!(why(&schedule, "2020-03-01 A"), Some(Why::Interval { since, date, wait: four }));
    assert_eq!(why(&schedule, "2020-03-01 B"), Some(Why::LatestDose));
    let (start, end) = (Some(day("2020-09-01")), Some(day("2020-11-30")));
    schedule.dose(1).season = Some(Season { start, end });
    assert_eq!(why(&schedule, "2020-03-01 L"), Some(Why::Season));
    table(
        &schedule,
        &[
            ("", "2020-11-30", "1 2020-09-01 2020-09-01 2020-09-01 2020-12-31"),
            ("", "2020-12-01", "NotRecommended"),
        ],
    );
}

#[test]
fn a_dose_given_before_the_season_is_not_one_of_the_season() {
    let mut schedule = Schedule::two_doses();
    let start = Some(day("2020-04-01"));
    schedule.dose(1).season = Some(Season { start, end: None });
    let number =
        |given: &str| schedule.next(given, "2020-05-01").split(' ').next().map(str::to_owned);
    assert_eq!(number("2020-03-31 A").as_deref(), Some("1"));
    assert_eq!(number("2020-04-01 A").as_deref(), Some("2"));
}

#[test]
fn who_is_immune_by_birth_or_history_needs_no_dose() {
    let mut schedule = Schedule::two_doses();
    let (evidence, at_risk) = (ObservationId(1), ObservationId(2));
    let before = |before: &str, country: Option<&str>| ImmuneBirth {
        before: day(before),
        country: country.map(Into::into),
        except: vec![at_risk],
    };
    let cases = [
        (before("2020-01-01", None), None, None, false),
        (before("2020-01-02", None), None, None, true),
        (before("2020-01-02", None), None, Some(at_risk), false),
        (before("2020-01-02", Some("US")), Some("US"), None, true),
        (before("2020-01-02", Some("US")), Some("CN"), None, false),
        // Where the country is not known the rule holds.
        (before("2020-01-02", Some("US")), None, None, true),
        (before("2020-01-01", None), None, Some(evidence), true),
    ];
    schedule.rules.antigens[0].immune_by_history = vec![evidence];
    for (place, (row, country, observed, is_immune)) in cases.into_iter().enumerate() {
        schedule.rules.antigens[0].immune_by_birth = vec![row];
        let person = Patient {
            country: country.map(Into::into),
            observations: observed.into_iter().map(|code| (code, None)).collect(),
            ..person("", "2020-05-01")
        };
        assert_eq!(schedule.next_of(&person) == "Immune", is_immune, "row {place}");
    }
}

#[test]
fn a_contraindication_forbids_the_antigen_between_its_ages() {
    let mut schedule = Schedule::two_doses();
    let observation = ObservationId(1);
    let (begin, end) = (schedule.age("3 months"), schedule.age("6 months"));
    schedule.rules.antigens[0].contraindications =
        vec![Contraindication { observation, begin, end }];
    let next = |code, as_of| schedule.next_of(&person_with(code, "2020-01-01", "", as_of));
    for (as_of, forbidden) in
        [("2020-03-31", false), ("2020-04-01", true), ("2020-06-30", true), ("2020-07-01", false)]
    {
        assert_eq!(next(observation, as_of) == "Contraindicated", forbidden, "{as_of}");
        assert_ne!(next(ObservationId(2), as_of), "Contraindicated", "{as_of}");
    }
}

#[test]
fn an_antigen_is_forbidden_where_every_preferable_vaccine_is() {
    let mut schedule = Schedule::two_doses();
    schedule.dose(2).preferable.push(preferable(B));
    let observation = ObservationId(1);
    let (begin, end) = (schedule.age("3 months"), schedule.age("6 months"));
    let forbid = |vaccine| VaccineContraindication { observation, vaccine, begin, end };
    let next = |schedule: &Schedule, as_of| {
        schedule.next_of(&person_with(observation, "2020-01-01", "", as_of))
    };
    let rules = |schedule: &mut Schedule, vaccines: &[VaccineId]| {
        schedule.rules.antigens[0].vaccine_contraindications =
            vaccines.iter().map(|vaccine| forbid(*vaccine)).collect();
    };
    rules(&mut schedule, &[A]);
    assert_ne!(next(&schedule, "2020-05-01"), "Contraindicated");
    rules(&mut schedule, &[A, B]);
    for (as_of, forbidden) in
        [("2020-03-31", false), ("2020-04-01", true), ("2020-06-30", true), ("2020-07-01", false)]
    {
        assert_eq!(next(&schedule, as_of) == "Contraindicated", forbidden, "{as_of}");
    }
    // A series without a preferable vaccine has none that is forbidden.
    schedule.dose(1).preferable.clear();
    schedule.dose(2).preferable.clear();
    assert_ne!(next(&schedule, "2020-05-01"), "Contraindicated");
}

#[test]
fn a_dose_that_would_not_be_needed_on_its_day_is_passed_over() {
    use crate::domain::rules::model::{Condition, Skip, SkipSet};
    let mut schedule = Schedule::two_doses();
    schedule.third(interval("4 weeks", "4 weeks"));
    // The second dose is not needed from 3 months on, and its first day would be later.
    let begin = schedule.age("3 months");
    let conditions = vec![Condition::Age { begin, end: AgeId::NONE }];
    let set = SkipSet { in_force: InForce::default(), all_conditions: true, conditions };
    schedule.dose(2).skips =
        vec![Skip { in_evaluation: true, in_forecast: true, all_sets: true, sets: vec![set] }];
    table(
        &schedule,
        &[
            ("2020-03-03 A", "2020-03-03", "2 2020-03-31 2020-04-28 2020-05-25 2020-09-03"),
            ("2020-03-04 A", "2020-03-04", "2 2020-04-01 2020-04-01 - -"),
        ],
    );
}

#[test]
fn doses_are_lacking_whose_age_has_come() {
    let mut schedule = Schedule::two_doses();
    schedule.third(interval("4 weeks", "4 weeks"));
    let row = |schedule: &mut Schedule, min: &str, recommended: Option<&str>| AgeRow {
        absolute_min: AgeId::NONE,
        min: schedule.age(min),
        recommended: recommended.map_or(AgeId::NONE, |text| schedule.age(text)),
        latest: AgeId::NONE,
        max: AgeId::NONE,
        in_force: InForce::default(),
    };
    schedule.dose(2).ages = vec![row(&mut schedule, "3 months", Some("4 months"))];
    schedule.dose(3).ages = vec![row(&mut schedule, "6 months", None)];
    let lacking = |schedule: &Schedule, given: &str, as_of: &str| {
        schedule.assess(&person(given, as_of)).forecasts[0].lacking
    };
    for (as_of, doses) in [
        ("2020-02-29", 0),
        ("2020-03-01", 1),
        ("2020-04-30", 1),
        ("2020-05-01", 2),
        ("2020-06-30", 2),
        ("2020-07-01", 3),
    ] {
        assert_eq!(lacking(&schedule, "", as_of), doses, "{as_of}");
    }
    // As long as the next one must wait for its interval, none is lacking.
    assert_eq!(lacking(&schedule, "2020-07-01 A", "2020-07-01"), 0);
    assert_eq!(lacking(&schedule, "2020-07-01 A", "2020-07-29"), 2);
    // Doses that come again and again are not counted ahead.
    schedule.dose(2).recurring = true;
    assert_eq!(lacking(&schedule, "", "2020-07-01"), 1);
}

#[test]
fn the_latest_of_several_intervals_sets_the_day() {
    let mut schedule = Schedule::two_doses();
    let from = || IntervalFrom::MostRecent(VaccineSet::from_iter([L]));
    let since_l = Interval { from: from(), ..interval("2 months", "2 months") };
    schedule.dose(2).intervals.push(since_l);
    let past = InForce { from: NaiveDate::MIN, to: day("2020-01-01") };
    let over = Interval { in_force: past, ..interval("9 months", "9 months") };
    schedule.dose(2).intervals.push(over);
    table(
        &schedule,
        &[
            (
                "2020-03-01 A, 2020-03-01 L",
                "2020-04-01",
                "2 2020-05-01 2020-05-01 2020-05-23 2020-09-01",
            ),
            (
                "2020-02-12 L, 2020-03-20 A",
                "2020-04-01",
                "2 2020-04-17 2020-05-15 2020-06-11 2020-09-20",
            ),
            ("2020-03-01 A", "2020-04-01", "2 2020-03-29 2020-04-26 2020-05-23 2020-09-01"),
        ],
    );
}

#[test]
fn the_usual_vaccine_is_the_first_that_forecasts_name_at_the_age() {
    let mut schedule = Schedule::two_doses();
    let (month, later) = (schedule.age("1 month"), schedule.age("3 months"));
    let usual = |schedule: &Schedule| {
        schedule.assess(&person("", "2020-01-01")).forecasts[0].next.and_then(|next| next.vaccine)
    };
    assert_eq!(usual(&schedule), Some(A));
    schedule.dose(1).preferable = vec![
        Preferable { forecast: false, ..preferable(L) },
        Preferable { begin: later, ..preferable(A) },
        Preferable { end: month, ..preferable(A) },
        preferable(B),
    ];
    assert_eq!(usual(&schedule), Some(B));
    schedule.dose(1).preferable.truncate(3);
    assert_eq!(usual(&schedule), None);
}
