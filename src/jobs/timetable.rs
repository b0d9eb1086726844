//! When jobs are due: cron lines of five fields, evaluated on local time and then resolved to instants, so that a due
//! time in a daylight-saving gap runs once after it and one in a fold runs once.

use crate::domain::date::{day_end, day_start, resolve};
pub use crate::domain::notice::JOBS;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// What happens to due times that passed while nobody ran them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// Each is run.
    All,
    /// The newest is run, the others are written down as superseded.
    #[default]
    Latest,
    /// None is run unless it is fresh.
    None,
}

/// A job of the timetable.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub job: String,
    /// The cron line as written.
    pub line: String,
    /// What happens after a pause.
    pub catch_up: CatchUp,
    /// Nothing older than this is run.
    pub window: TimeDelta,
    schedule: cron::Schedule,
    /// Lines that fire within the day are evaluated in UTC, else a repeated hour would have no runs.
    hourly: bool,
}

/// All jobs, in the order in which they run when due together.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// The jobs.
    pub entries: Vec<Entry>,
}

/// A `none` job still runs when it is found this fresh: the daemon looks about once a minute.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// The timetable as delivered.
const DEFAULT: &str = include_str!("../../schedules/timetable.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    cron: String,
    #[serde(default)]
    catch_up: CatchUp,
    window_hours: i64,
}

/// A timetable that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TimetableError {
    /// The file is no timetable.
    #[error("timetable: {0}")]
    Unreadable(String),
    /// A job that doseplan does not have.
    #[error("timetable: there is no job {0:?}; jobs are plan, summary, reminders, digest")]
    UnknownJob(String),
    /// A cron line that says nothing.
    #[error("timetable: [{job}] cron = {line:?}: {why}")]
    Line {
        /// The job.
        job: String,
        /// The line.
        line: String,
        /// What is wrong, and what to write.
        why: String,
    },
}

impl Timetable {
    /// The timetable as delivered.
    pub fn delivered() -> Self {
        Self::parse(DEFAULT).expect("the timetable as delivered is read by a test")
    }

    /// Reads a timetable.
    pub fn parse(text: &str) -> Result<Self, TimetableError> {
        let mut raw: BTreeMap<String, Raw> =
            toml::from_str(text).map_err(|error| TimetableError::Unreadable(error.to_string()))?;
        let mut entries = Vec::new();
        for job in JOBS {
            let Some(raw) = raw.remove(job) else { continue };
            let wrong = |why: String| TimetableError::Line {
                job: job.to_owned(),
                line: raw.cron.clone(),
                why,
            };
            let hour = raw.cron.split_whitespace().nth(1).unwrap_or("*");
            entries.push(Entry {
                job: job.to_owned(),
                schedule: parse_line(&raw.cron).map_err(wrong)?,
                hourly: hour.contains(['*', '/', ',', '-']),
                line: raw.cron.clone(),
                catch_up: raw.catch_up,
                window: TimeDelta::hours(raw.window_hours.clamp(1, 24 * 31)),
            });
        }
        match raw.into_keys().next() {
            Some(job) => Err(TimetableError::UnknownJob(job)),
            None => Ok(Self { entries }),
        }
    }

    /// The longest time after which a job is still caught up.
    pub fn window(&self) -> TimeDelta {
        let windows = self.entries.iter().map(|entry| entry.window);
        windows.max().unwrap_or_else(|| TimeDelta::hours(48))
    }

    /// The job of this name.
    pub fn entry(&self, job: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.job == job)
    }
}

/// Reads a cron line of five fields with the usual weekdays (0 or 7 is Sunday).
fn parse_line(line: &str) -> Result<cron::Schedule, String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err(format!(
            "{} fields; write five: minute hour day month weekday, for example 0 7 * * *",
            fields.len()
        ));
    };
    if *day != "*" && *weekday != "*" {
        return Err("give the day of the month or the weekday, not both".to_owned());
    }
    let weekday = weekdays(weekday)?;
    cron::Schedule::from_str(&format!("0 {minute} {hour} {day} {month} {weekday}"))
        .map_err(|error| format!("{error}; write for example 0 7 * * *"))
}

/// The weekday field with names in place of numbers, which the cron library counts from 1 = Sunday.
fn weekdays(field: &str) -> Result<String, String> {
    const NAMES: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    if field == "*" {
        return Ok(field.to_owned());
    }
    let day = |text: &str| -> Result<usize, String> {
        let upper = text.to_ascii_uppercase();
        let index = text.parse().ok().or_else(|| NAMES.iter().position(|name| *name == upper));
        index.filter(|index| *index < NAMES.len()).ok_or_else(|| {
            format!("{text:?} is no weekday; write 0 to 7 (0 and 7 are Sunday) or SUN to SAT")
        })
    };
    let mut out = Vec::new();
    for part in field.split(',') {
        let (range, step) = part
            .split_once('/')
            .map_or((part, 1), |(range, step)| (range, step.parse::<usize>().unwrap_or(0)));
        if step == 0 {
            return Err(format!("{part:?}: the step is a number from 1 on"));
        }
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(range)?, day(range)?),
        };
        // FRI-MON goes over the end of the week.
        let last = if last < first { last + 7 } else { last };
        out.extend((first..=last).step_by(step).map(|index| NAMES[index % 7]));
    }
    Ok(out.join(","))
}

impl Entry {
    /// Due times in (after, until], oldest first, at most `limit`.
    pub fn between(
        &self,
        zone: Tz,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Vec<DateTime<Utc>> {
        if self.hourly {
            return self
                .schedule
                .after(&after.with_timezone(&zone))
                .map(|at| at.to_utc())
                .skip_while(|at| *at <= after)
                .take_while(|at| *at <= until)
                .take(limit)
                .collect();
        }
        // A gap or fold is at most three hours wide; resolving never goes backwards.
        let from = after.with_timezone(&zone).naive_local() - TimeDelta::hours(3);
        let mut due: Vec<DateTime<Utc>> = self
            .schedule
            .after(&from.and_utc())
            .map(|local| resolve(zone, local.naive_utc()))
            .skip_while(|at| *at <= after)
            .take_while(|at| *at <= until)
            .take(limit)
            .collect();
        due.dedup();
        due
    }

    /// The next due time after an instant within a campaign's life.
    pub fn next(
        &self,
        zone: Tz,
        after: DateTime<Utc>,
        life: (NaiveDate, NaiveDate),
    ) -> Option<DateTime<Utc>> {
        let (first, last) = instants(zone, life);
        let from = after.max(first - TimeDelta::seconds(1));
        self.between(zone, from, last, 1).into_iter().next()
    }

    /// What becomes of due times that have passed: run, or skipped with a reason.
    pub fn plan_runs(
        &self,
        due: &[DateTime<Utc>],
        now: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, Option<&'static str>)> {
        let newest = due.last().copied();
        due.iter()
            .map(|at| {
                let skip = if now - *at > self.window {
                    Some("missed_window")
                } else {
                    match self.catch_up {
                        CatchUp::All => None,
                        CatchUp::Latest => (Some(*at) != newest).then_some("superseded"),
                        CatchUp::None => (now - *at > FRESH).then_some("not_caught_up"),
                    }
                };
                (*at, skip)
            })
            .collect()
    }
}

/// The instants between which a campaign's jobs are due.
pub fn instants(zone: Tz, life: (NaiveDate, NaiveDate)) -> (DateTime<Utc>, DateTime<Utc>) {
    (day_start(zone, life.0), day_end(zone, life.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(line: &str) -> Entry {
        let text = format!("[plan]\ncron = \"{line}\"\nwindow_hours = 48");
        Timetable::parse(&text).expect("a timetable").entries.remove(0)
    }

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
    }

    #[test]
    fn the_delivered_timetable_has_every_job() {
        let jobs: Vec<_> = Timetable::delivered().entries.into_iter().map(|e| e.job).collect();
        assert_eq!(jobs, JOBS);
    }

    #[test]
    fn weekdays_are_those_of_cron() {
        let zone = chrono_tz::Asia::Shanghai;
        let days = |line: &str| -> Vec<String> {
            entry(line)
                .between(zone, at("2021-03-21T16:00:00Z"), at("2021-03-28T16:00:00Z"), 99)
                .iter()
                .map(|at| at.with_timezone(&zone).format("%a").to_string())
                .collect()
        };
        assert_eq!(days("0 7 * * 1-5"), ["Mon", "Tue", "Wed", "Thu", "Fri"]);
        assert_eq!(days("0 7 * * 0"), ["Sun"]);
        assert_eq!(days("0 7 * * 7"), ["Sun"]);
        assert_eq!(days("0 7 * * FRI-MON"), ["Mon", "Fri", "Sat", "Sun"]);
    }

    #[test]
    fn a_time_in_a_gap_runs_once_after_it_and_one_in_a_fold_runs_once() {
        let zone = chrono_tz::Europe::Berlin;
        let half_past_two = entry("30 2 * * *");
        let runs = |from: &str, to: &str| half_past_two.between(zone, at(from), at(to), 99);
        let spring = runs("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z");
        assert_eq!(spring, [at("2026-03-29T01:00:00Z")]);
        let autumn = runs("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z");
        assert_eq!(autumn, [at("2026-10-25T00:30:00Z")]);
    }

    #[test]
    fn after_a_pause_only_the_newest_is_run_and_each_skip_has_a_reason() {
        let daily = entry("0 1 * * *");
        let due = daily.between(
            chrono_tz::UTC,
            at("2021-05-01T12:00:00Z"),
            at("2021-05-05T12:00:00Z"),
            99,
        );
        let plan = daily.plan_runs(&due, at("2021-05-05T12:00:00Z"));
        let reasons: Vec<_> = plan.iter().map(|(_, skip)| *skip).collect();
        assert_eq!(
            reasons,
            [Some("missed_window"), Some("missed_window"), Some("superseded"), None]
        );
    }

    #[test]
    fn bad_lines_say_what_to_write() {
        for line in ["0 7 * *", "0 7 1 * 1", "0 7 * * 8", "99 7 * * *", "0 7 * * */0"] {
            let text = format!("[plan]\ncron = \"{line}\"\nwindow_hours = 48");
            assert!(Timetable::parse(&text).is_err(), "{line}");
        }
        assert!(Timetable::parse("[tea]\ncron = \"0 7 * * *\"\nwindow_hours = 1").is_err());
    }
}
