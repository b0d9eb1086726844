//! From antigens to vaccine groups (CDSi chapter 9).

use super::*;
use crate::domain::rules::model::{Season, VaccineSet};
use crate::domain::rules::{Next, SeriesStatus};

/// One vaccine group of two antigens; A holds both, B the first, L the second. The first antigen has the series
/// of two doses; of the second this is the first dose.
fn together(first: impl FnOnce(&mut Schedule) -> AgeRow) -> Schedule {
    let mut schedule = Schedule::two_doses();
    let row = first(&mut schedule);
    let both = schedule.rules.vaccines[2].antigens[0];
    schedule.rules.vaccines[0].antigens.push(both);
    let dose = |number, ages: Vec<AgeRow>, intervals| TargetDose {
        number,
        ages,
        intervals,
        preferable: vec![preferable(A), preferable(L)],
        ..TargetDose::default()
    };
    let doses =
        vec![dose(1, vec![row], vec![]), dose(2, vec![], vec![interval("8 weeks", "8 weeks")])];
    schedule.rules.antigens[1].series = vec![series("T", doses)];
    schedule.rules.groups[0].antigens.push(AntigenId(1));
    schedule
}

/// From 2 months, recommended at 4, overdue at 5, too old at 2 years.
fn later(schedule: &mut Schedule) -> AgeRow {
    AgeRow {
        absolute_min: AgeId::NONE,
        min: schedule.age("2 months"),
        recommended: schedule.age("4 months"),
        latest: schedule.age("5 months"),
        max: schedule.age("2 years"),
        in_force: InForce::default(),
    }
}

#[test]
fn a_group_waits_for_its_last_antigen_and_is_due_with_its_first() {
    let schedule = together(later);
    assert_eq!(schedule.next("", "2020-01-01"), "1 2020-03-01 2020-03-01 2020-03-31 2020-12-31");
    // Nothing is recommended or overdue before it counts.
    let schedule = together(|schedule| AgeRow { min: schedule.age("3 months"), ..later(schedule) });
    assert_eq!(schedule.next("", "2020-01-01"), "1 2020-04-01 2020-04-01 2020-04-01 2020-12-31");
    // After a dose of both the second waits eight weeks.
    assert_eq!(
        schedule.next("2020-04-01 A", "2020-04-01"),
        "2 2020-05-27 2020-05-27 2020-06-23 2020-10-01"
    );
}

#[test]
fn the_number_is_the_highest_or_the_lowest_where_all_antigens_are_given_together() {
    let mut schedule = together(later);
    let number = |schedule: &Schedule| schedule.next("2020-03-01 L", "2020-03-01")[..1].to_owned();
    assert_eq!(number(&schedule), "2");
    schedule.rules.groups[0].full = true;
    assert_eq!(number(&schedule), "1");
}

#[test]
fn an_antigen_with_priority_sets_the_day_but_not_before_the_latest_dose() {
    let mut schedule = together(later);
    assert!(schedule.next("2020-03-01 A", "2020-04-01").starts_with("2 2020-04-26 "));
    schedule.dose(2).intervals[0].priority = true;
    assert!(schedule.next("2020-03-01 A", "2020-04-01").starts_with("2 2020-03-29 "));
    assert!(schedule.next("2020-03-01 A, 2020-03-30 L", "2020-04-01").starts_with("2 2020-03-30 "));
    // All intervals must have priority, and there must be one.
    schedule.dose(2).intervals.push(interval("1 day", "1 day"));
    assert!(schedule.next("2020-03-01 A", "2020-04-01").starts_with("2 2020-04-26 "));
    schedule.dose(2).intervals.clear();
    assert!(schedule.next("2020-03-01 A", "2020-04-01").starts_with("2 2020-04-26 "));
}

#[test]
fn a_group_is_as_far_as_the_antigen_that_is_worst_off() {
    let progress =
        |schedule: &Schedule, person: &Patient| schedule.assess(person).forecasts[0].progress;
    let plain = |given: &str, as_of: &str| progress(&together(later), &person(given, as_of));
    assert_eq!(plain("", "2020-05-01"), SeriesStatus::NotComplete);
    // The first antigen is too old for a first dose at one year.
    assert_eq!(plain("", "2021-01-01"), SeriesStatus::AgedOut);
    let one = "2020-03-01 A, 2020-05-01 A";
    assert_eq!(plain(one, "2020-06-01"), SeriesStatus::Complete);
    assert_eq!(
        plain("2020-03-01 B, 2020-03-02 A, 2020-04-01 A", "2020-06-01"),
        SeriesStatus::NotComplete
    );

    let evidence = ObservationId(1);
    let immune = |antigens: &[usize], given: &str| {
        let mut schedule = together(later);
        for antigen in antigens {
            schedule.rules.antigens[*antigen].immune_by_history = vec![evidence];
        }
        progress(&schedule, &person_with(evidence, "2020-01-01", given, "2020-06-01"))
    };
    assert_eq!(immune(&[0, 1], ""), SeriesStatus::Immune);
    assert_eq!(immune(&[0], one), SeriesStatus::Complete);
    assert_eq!(immune(&[0], ""), SeriesStatus::NotComplete);

    let mut schedule = together(later);
    let season = Some(Season { start: None, end: Some(day("2020-02-01")) });
    schedule.rules.antigens[1].series[0].doses[0].season = season;
    assert_eq!(progress(&schedule, &person("", "2020-03-01")), SeriesStatus::NotRecommended);
    schedule.rules.antigens[1].contraindications.push(super::super::model::Contraindication {
        observation: evidence,
        begin: AgeId::NONE,
        end: AgeId::NONE,
    });
    let with = person_with(evidence, "2020-01-01", "", "2021-01-01");
    assert_eq!(progress(&schedule, &with), SeriesStatus::Contraindicated);
}

#[test]
fn doses_are_lacking_as_soon_as_the_group_is_due() {
    let schedule = together(later);
    let lacking = |as_of: &str| schedule.assess(&person("", as_of)).forecasts[0].lacking;
    assert_eq!(["2020-02-29", "2020-03-01", "2020-05-01"].map(lacking), [0, 1, 1]);
}

#[test]
fn every_series_group_of_a_vaccine_group_has_its_forecast() {
    let mut schedule = together(later);
    schedule.rules.antigens[1].series[0].series_group = 2;
    let assessment = schedule.assess(&person("2020-03-01 A", "2020-03-01"));
    let forecast: Vec<_> = assessment
        .forecasts
        .iter()
        .map(|it| (it.series_group, it.next.map(|next: Next| next.earliest.date)))
        .collect();
    assert_eq!(forecast, [(1, Some(day("2020-03-29"))), (2, Some(day("2020-04-26")))]);
}

#[test]
fn a_dose_is_judged_for_each_of_its_antigens_and_an_unknown_vaccine_for_none() {
    let schedule = together(later);
    let mut person = person("2020-02-20 A, 2020-02-25 A, 2020-03-01 A", "2020-06-01");
    person.doses[1].vaccine = None;
    let said = schedule.assess(&person).doses.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(said, [2, 0, 2]);
    let statuses = |antigen: u16| {
        let doses = schedule.assess(&person).doses;
        let own = doses.iter().flatten().filter(move |said| said.antigen == AntigenId(antigen));
        own.map(|said| said.verdict.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(0), [Status::Valid, Status::NotValid]);
    assert_eq!(statuses(1), [Status::Valid, Status::NotValid]);
}

#[test]
fn a_dose_has_the_best_verdict_of_the_series_that_are_taken() {
    let mut schedule = Schedule::two_doses();
    let mut other = series("other", schedule.rules.antigens[0].series[0].doses.clone());
    other.series_group = 2;
    other.doses[0].ages.clear();
    schedule.rules.antigens[0].series.push(other);
    assert_eq!(schedule.judged("2020-01-05 A"), "valid 1");
    assert_eq!(schedule.assess(&person("", "2020-05-01")).forecasts.len(), 2);
}

#[test]
fn sets_of_vaccines_hold_any_number_and_meet_where_they_have_one_in_common() {
    let set = |numbers: &[u16]| numbers.iter().map(|n| VaccineId(*n)).collect::<VaccineSet>();
    let some = set(&[0, 1, 63, 64, 200, 63]);
    for number in 0..300 {
        let wanted = [0, 1, 63, 64, 200].contains(&number);
        assert_eq!(some.contains(VaccineId(number)), wanted, "{number}");
    }
    assert!(some.meets(&set(&[200])) && set(&[200]).meets(&some));
    assert!(!some.meets(&set(&[2, 65, 199])) && !some.meets(&set(&[])));
    assert!(set(&[]).is_empty() && !set(&[130]).is_empty());
}
