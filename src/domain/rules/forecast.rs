//! When the next dose of a series is due (chapter 7).

use super::evaluate::age_row;
use super::model::{Antigen, TargetDose, VaccineId};
use super::person::View;
use super::reason::Why;
use super::run::{Run, Verdict};
use super::skip::{Context, can_skip};
use chrono::{Days, NaiveDate};

/// The status of a series, or of a vaccine group, for a patient (CDSi: patient series status).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeriesStatus {
    /// A dose is due, now or later.
    NotComplete,
    /// All doses are given.
    Complete,
    /// Immune, by evidence or by date of birth.
    Immune,
    /// Contraindicated.
    Contraindicated,
    /// Too old for it.
    AgedOut,
    /// Not recommended now: the season is over, or earlier doses are enough.
    NotRecommended,
}

/// A day and the rule that determines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: NaiveDate,
    /// The rule.
    pub why: Why,
}

impl Day {
    fn later(&mut self, other: Option<Self>) {
        if let Some(other) = other.filter(|other| other.date > self.date) {
            *self = other;
        }
    }
}

/// The next dose and its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// Number of the dose.
    pub number: u8,
    /// The vaccine that is recommended for it.
    pub vaccine: Option<VaccineId>,
    /// The first day on which it counts.
    pub earliest: Day,
    /// The day for which it is recommended.
    pub recommended: Day,
    /// The day after which it is overdue.
    pub past_due: Option<Day>,
    /// The last day on which it may be given; `None` without a limit.
    pub latest: Option<Day>,
}

/// The forecast of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeriesForecast {
    pub(super) progress: SeriesStatus,
    /// The next dose, if the status is not complete.
    pub(super) next: Option<Next>,
    /// Whether it takes precedence over other antigens of its group (FORECASTPRIORITY-1).
    pub(super) priority: bool,
    /// Doses the patient should have had by now; 0 where the next one is recommended for later.
    pub(super) lacking: u8,
}

impl SeriesForecast {
    fn of(progress: SeriesStatus) -> Self {
        Self { progress, next: None, priority: false, lacking: 0 }
    }
}

/// Immunity to an antigen and contraindications, determined once for all its series.
pub(super) struct Barriers {
    immune: bool,
    forbidden: bool,
    forbidden_vaccines: Vec<VaccineId>,
}

impl Barriers {
    /// Sections 7.2 and 7.3.
    pub(super) fn new(view: &View<'_>, antigen: &Antigen) -> Self {
        let person = view.person;
        let now = person.as_of;
        let by_birth = antigen.immune_by_birth.iter().any(|row| {
            person.born < row.before
                && !row.except.iter().any(|code| view.has(*code))
                && (row.country.is_none()
                    || person.country.is_none()
                    || row.country == person.country)
        });
        if person.observations.is_empty() {
            return Self { immune: by_birth, forbidden: false, forbidden_vaccines: Vec::new() };
        }
        let forbidden = antigen
            .contraindications
            .iter()
            .any(|row| view.has(row.observation) && view.in_window(now, row.begin, row.end));
        let forbidden_vaccines = antigen
            .vaccine_contraindications
            .iter()
            .filter(|row| view.has(row.observation) && view.in_window(now, row.begin, row.end))
            .map(|row| row.vaccine)
            .collect();
        let immune = by_birth || antigen.immune_by_history.iter().any(|code| view.has(*code));
        Self { immune, forbidden, forbidden_vaccines }
    }

    fn forbids(&self, run: &Run<'_>) -> bool {
        if self.forbidden || self.forbidden_vaccines.is_empty() {
            return self.forbidden;
        }
        let mut rows = run.series.doses.iter().flat_map(|dose| &dose.preferable).peekable();
        rows.peek().is_some() && rows.all(|row| self.forbidden_vaccines.contains(&row.vaccine))
    }
}

/// Forecasts the next dose of a series, skipping doses that are not needed.
pub(super) fn forecast(view: &View<'_>, run: &mut Run<'_>, barriers: &Barriers) -> SeriesForecast {
    let now = view.person.as_of;
    loop {
        while let Some(dose) = run.next() {
            if !can_skip(view, run, dose, Context::Forecast, now) {
                break;
            }
            run.skip();
        }
        if barriers.immune {
            return SeriesForecast::of(SeriesStatus::Immune);
        }
        let Some(dose) = run.next() else {
            let done = if run.valid_count() > 0 {
                SeriesStatus::Complete
            } else {
                SeriesStatus::NotRecommended
            };
            return SeriesForecast::of(done);
        };
        if barriers.forbids(run) {
            return SeriesForecast::of(SeriesStatus::Contraindicated);
        }
        if dose.season.and_then(|season| season.end).is_some_and(|end| now > end) {
            return SeriesForecast::of(SeriesStatus::NotRecommended);
        }
        let earliest = earliest(view, run, dose);
        let max = age_row(dose, now).and_then(|row| view.day(row.max));
        if max.is_some_and(|max| now >= max || earliest.date >= max) {
            return SeriesForecast::of(SeriesStatus::AgedOut);
        }
        // 7.6: is the dose still needed on the day found?
        if can_skip(view, run, dose, Context::Forecast, earliest.date) {
            run.skip();
            continue;
        }
        let next = next(view, run, dose, earliest);
        let is_due = next.recommended.date <= now;
        return SeriesForecast {
            progress: SeriesStatus::NotComplete,
            next: Some(next),
            lacking: if is_due { lacking(view, run) } else { 0 },
            priority: !dose.intervals.is_empty() && dose.intervals.iter().all(|row| row.priority),
        };
    }
}

/// How many doses are due now: the next one, and those after it whose age has come.
fn lacking(view: &View<'_>, run: &Run<'_>) -> u8 {
    let now = view.person.as_of;
    let mut count = 1_u8;
    for dose in run.open().iter().skip(1) {
        let day = age_row(dose, now)
            .and_then(|row| view.day(row.recommended).or_else(|| view.day(row.min)));
        if dose.recurring || day.is_none_or(|day| day > now) {
            break;
        }
        count += u8::from(!can_skip(view, run, dose, Context::Forecast, now));
    }
    count
}

/// The latest day that the intervals of a dose give, one `wait` of each; `None` without intervals in force.
fn interval_days(
    view: &View<'_>,
    run: &Run<'_>,
    dose: &TargetDose,
    wait: impl Fn(&super::model::Interval) -> Option<super::model::Wait>,
) -> Option<Day> {
    let mut latest: Option<Day> = None;
    for row in dose.intervals.iter().filter(|row| row.in_force.on(view.person.as_of)) {
        let Some(wait) = wait(row) else { continue };
        let Some((start, since)) = run.reference(view, &row.from, u16::MAX) else { continue };
        let why = Why::Interval { since, date: start, wait: wait.duration };
        let day = Day { date: wait.after(start), why };
        match &mut latest {
            Some(known) => known.later(Some(day)),
            None => latest = Some(day),
        }
    }
    latest
}

fn age_day(view: &View<'_>, age: super::model::AgeId) -> Option<Day> {
    let why = Why::Age(view.rules.ages.get(usize::from(age.0))?.duration);
    Some(Day { date: view.day(age)?, why })
}

/// FORECASTDTCAN-1.
fn earliest(view: &View<'_>, run: &Run<'_>, dose: &TargetDose) -> Day {
    let now = view.person.as_of;
    let born = view.person.born;
    let mut day = Day { date: born, why: Why::Age(crate::domain::series::Duration::days(0)) };
    day.later(age_row(dose, now).and_then(|row| age_day(view, row.min)));
    day.later(interval_days(view, run, dose, |row| row.min));
    day.later(conflict_end(view, dose));
    let start = dose.season.and_then(|season| season.start);
    day.later(start.map(|date| Day { date, why: Why::Season }));
    let last = view.records_of(run.antigen).last();
    day.later(last.map(|place| view.date(*place)).map(|date| Day { date, why: Why::LatestDose }));
    day
}

/// CALCDTCONFLICT-3: the last day after the conflicts of every preferable vaccine with the doses given.
fn conflict_end(view: &View<'_>, dose: &TargetDose) -> Option<Day> {
    let mut end: Option<Day> = None;
    for row in &dose.preferable {
        let conflicts = &view.rules.conflicts[usize::from(row.vaccine.0)];
        if !conflicts.previous().meets(&view.seen) {
            continue;
        }
        for conflict in conflicts.rows() {
            if !view.seen.contains(conflict.previous) {
                continue;
            }
            let mut given = view.history.iter().rev();
            let Some(last) = given.find(|entry| entry.vaccine == conflict.previous) else {
                continue;
            };
            let why = Why::Conflict { vaccine: last.vaccine, date: last.date };
            let day = Day { date: conflict.end.after(last.date), why };
            match &mut end {
                Some(known) => known.later(Some(day)),
                None => end = Some(day),
            }
        }
    }
    end
}

/// CDSi 7.5.
fn next(view: &View<'_>, run: &Run<'_>, dose: &TargetDose, earliest: Day) -> Next {
    let row = age_row(dose, view.person.as_of);
    let day_before = |day: Day| {
        let date = day.date.checked_sub_days(Days::new(1)).unwrap_or(day.date);
        Day { date, ..day }
    };
    let recommended = row
        .and_then(|row| age_day(view, row.recommended))
        .or_else(|| interval_days(view, run, dose, |row| row.recommended))
        .filter(|day| day.date >= earliest.date)
        .unwrap_or(earliest);
    let longest = interval_days(view, run, dose, |row| row.max);
    let sooner = |day: Option<Day>| match (day, longest) {
        (Some(day), Some(longest)) if longest.date < day.date => Some(longest),
        (day, longest) => day.or(longest),
    };
    let past_due = row
        .and_then(|row| age_day(view, row.latest))
        .or_else(|| interval_days(view, run, dose, |row| row.latest))
        .map(day_before);
    let past_due =
        sooner(past_due).map(|day| if day.date < earliest.date { earliest } else { day });
    let latest = sooner(row.and_then(|row| age_day(view, row.max)).map(day_before));
    let usual = |row: &&super::model::Preferable| {
        row.forecast && view.in_window(earliest.date, row.begin, row.end)
    };
    let vaccine = dose.preferable.iter().find(usual).map(|row| row.vaccine);
    Next { number: number(view, run), vaccine, earliest, recommended, past_due, latest }
}

/// FORECASTDN-1.
fn number(view: &View<'_>, run: &Run<'_>) -> u8 {
    let counts = |verdict: &&Verdict| {
        let season = run.tried(verdict).season.and_then(|season| season.start);
        season.is_none_or(|start| view.date(verdict.place) >= start)
    };
    u8::try_from(run.valid().filter(counts).count() + 1).unwrap_or(u8::MAX)
}
