//! Which doses count: one series of one antigen (4.4 and chapter 6).
//!
//! The doses given are tried in date order against the target doses of the series. The next target dose
//! follows when a dose given satisfies the current one or when it is skipped; a recurring target dose is left
//! only by skipping.

use super::model::{AgeRow, AntigenId, AntigenSeries, Interval, TargetDose};
use super::person::{Entry, View};
use super::reason::{DoseReason, Since};
use super::run::{Run, Status, Verdict};
use super::skip::{Context, can_skip};
use crate::domain::series::Duration;
use chrono::NaiveDate;

/// Evaluates the doses of an antigen against one of its series.
pub(super) fn evaluate<'a>(
    view: &View<'a>,
    antigen: AntigenId,
    series: &'a AntigenSeries,
    complete_groups: u32,
) -> Run<'a> {
    let records = view.records_of(antigen);
    let verdicts = Vec::with_capacity(records.len());
    let mut run = Run { antigen, series, complete_groups, at: 0, verdicts };
    for place in records {
        let verdict = evaluate_dose(view, &mut run, *place);
        run.verdicts.push(verdict);
    }
    run
}

fn evaluate_dose(view: &View<'_>, run: &mut Run<'_>, place: u16) -> Verdict {
    let entry = view.history[usize::from(place)];
    let verdict = |run: &Run<'_>, status: Status, reasons: Vec<DoseReason>| {
        let number = run.next().map(|dose| dose.number);
        Verdict { place, dose: run.at, status, number, reasons, inadvertent: false }
    };
    if run.next().is_some() && entry.given.expired {
        return verdict(run, Status::SubStandard, vec![DoseReason::Expired]);
    }
    while let Some(dose) = run.next() {
        if !can_skip(view, run, dose, Context::Evaluation(place), entry.date) {
            break;
        }
        run.skip();
    }
    let Some(dose) = run.next() else {
        return verdict(run, Status::Extraneous, vec![DoseReason::SeriesComplete]);
    };
    if dose.inadvertent.contains(entry.vaccine) {
        let verdict = verdict(run, Status::NotValid, vec![DoseReason::Inadvertent]);
        return Verdict { inadvertent: true, ..verdict };
    }
    let mut reasons = Vec::new();
    let age = check_age(view, dose, entry.date, &mut reasons);
    let intervals = check_intervals(view, run, dose, place, &mut reasons);
    let apart = check_conflicts(view, run, place, &mut reasons);
    let vaccine = check_vaccine(view, dose, &entry, &mut reasons);
    // Table 6-31
    let status = match age {
        Age::TooOld => Status::Extraneous,
        Age::Good if intervals && apart && vaccine => Status::Valid,
        _ => Status::NotValid,
    };
    let verdict = verdict(run, status, reasons);
    if status == Status::Valid && !dose.recurring {
        run.at += 1;
    }
    verdict
}

#[derive(PartialEq)]
enum Age {
    Good,
    TooYoung,
    TooOld,
}

/// The age row that holds on a day: the first one in force.
pub(super) fn age_row(dose: &TargetDose, anchor: NaiveDate) -> Option<&AgeRow> {
    dose.ages.iter().find(|row| row.in_force.on(anchor))
}

/// Section 6.4.
fn check_age(
    view: &View<'_>,
    dose: &TargetDose,
    date: NaiveDate,
    reasons: &mut Vec<DoseReason>,
) -> Age {
    let Some(row) = age_row(dose, date) else { return Age::Good };
    let length = |age| view.rules.ages.get(usize::from(age)).map(|age| age.duration);
    let named = |age: super::model::AgeId| length(age.0).unwrap_or_default();
    if let Some(first) = view.day(row.absolute_min).filter(|first| date < *first) {
        let age = length(row.min.0).unwrap_or_else(|| named(row.absolute_min));
        reasons.push(DoseReason::TooYoung { age, first });
        return Age::TooYoung;
    }
    if view.day(row.min).is_some_and(|min| date < min) {
        reasons.push(DoseReason::GraceAge { age: named(row.min) });
    }
    if view.day(row.max).is_some_and(|max| date >= max) {
        reasons.push(DoseReason::TooOld { age: named(row.max) });
        return Age::TooOld;
    }
    Age::Good
}

/// Section 6.5, and 6.6 where that fails.
fn check_intervals(
    view: &View<'_>,
    run: &Run<'_>,
    dose: &TargetDose,
    place: u16,
    reasons: &mut Vec<DoseReason>,
) -> bool {
    let date = view.date(place);
    let before = reasons.len();
    let mut all = true;
    for interval in dose.intervals.iter().filter(|row| row.in_force.on(date)) {
        let Some((start, since)) = run.reference(view, &interval.from, place) else { continue };
        let number = dose.number;
        all &= check_interval(interval, number, start, since, date, reasons);
    }
    if all {
        return true;
    }
    let mut rows = dose.allowable_intervals.iter().filter(|row| row.in_force.on(date)).peekable();
    let allowed = rows.peek().is_some()
        && rows.all(|row| {
            run.reference(view, &row.from, place).is_some_and(|(start, _)| {
                row.absolute_min.is_none_or(|wait| date >= wait.after(start))
            })
        });
    if allowed {
        reasons.truncate(before);
    }
    allowed
}

fn check_interval(
    row: &Interval,
    number: u8,
    date: NaiveDate,
    since: Since,
    given: NaiveDate,
    reasons: &mut Vec<DoseReason>,
) -> bool {
    let absolute = row.absolute_min.map(|wait| (wait.duration, wait.after(date)));
    let min = row.min.map(|wait| (wait.duration, wait.after(date)));
    if let Some((bound, first)) = absolute.filter(|(_, first)| given < *first) {
        let wait = min.map_or(bound, |(wait, _)| wait);
        let grace: Option<Duration> = (wait != bound).then_some(bound);
        reasons.push(DoseReason::TooSoon { number, since, date, wait, grace, first });
        return false;
    }
    if let Some((wait, _)) = min.filter(|(_, first)| given < *first) {
        reasons.push(DoseReason::GraceInterval { number, since, date, wait });
    }
    if let Some(max) = row.max.filter(|max| given > max.after(date)) {
        let counts = row.late_counts;
        reasons.push(DoseReason::TooLate { number, since, date, wait: max.duration, counts });
        return counts;
    }
    true
}

/// Section 6.7. For an earlier dose of another antigen, whose status is not known here, the shorter conflict
/// holds (CALCDTCONFLICT-2).
fn check_conflicts(
    view: &View<'_>,
    run: &Run<'_>,
    place: u16,
    reasons: &mut Vec<DoseReason>,
) -> bool {
    let entry = view.history[usize::from(place)];
    let conflicts = &view.rules.conflicts[usize::from(entry.vaccine.0)];
    if !conflicts.previous().meets(&view.seen) {
        return true;
    }
    let mut apart = true;
    for (other, before) in view.history[..usize::from(place)].iter().enumerate() {
        if !conflicts.previous().contains(before.vaccine) || before.date >= entry.date {
            continue;
        }
        for row in conflicts.rows().iter().filter(|row| row.previous == before.vaccine) {
            let end = match run.status_at(other) {
                None | Some(Status::Valid) => row.end_min,
                Some(_) => row.end,
            };
            let first = end.after(before.date);
            if entry.date < first && row.begin.after(before.date) <= entry.date {
                let vaccine = before.vaccine;
                reasons.push(DoseReason::Conflict { vaccine, date: before.date, first });
                apart = false;
            }
        }
    }
    apart
}

/// Section 6.8, and 6.9 where that fails. The volume is never a criterion.
fn check_vaccine(
    view: &View<'_>,
    dose: &TargetDose,
    entry: &Entry<'_>,
    reasons: &mut Vec<DoseReason>,
) -> bool {
    let mut why = DoseReason::VaccineNotListed;
    for row in dose.preferable.iter().filter(|row| row.vaccine == entry.vaccine) {
        if !view.in_window(entry.date, row.begin, row.end) {
            why = DoseReason::VaccineAge;
        } else if row.manufacturer.is_none() || row.manufacturer == entry.given.manufacturer {
            return true;
        } else {
            why = DoseReason::Manufacturer;
        }
    }
    for row in dose.allowable.iter().filter(|row| row.vaccine == entry.vaccine) {
        if view.in_window(entry.date, row.begin, row.end) {
            return true;
        }
        why = DoseReason::VaccineAge;
    }
    reasons.push(why);
    false
}
