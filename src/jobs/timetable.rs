//! When jobs are due and what happens to due times that were missed. The timetable is the delivered one or a file of
//! the user's.

use super::cron_line::CronLine;
use crate::domain::date::{day_end, day_start};
use crate::domain::job::{Job, SkipReason};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What happens to due times that passed while no daemon ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// Every one is run.
    All,
    /// Only the newest is run; the others are stored as superseded.
    #[default]
    Latest,
    /// None is run, except one that is at most five minutes old.
    None,
}

/// A job of the timetable.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The job.
    pub job: Job,
    /// The cron line as written.
    pub line: String,
    /// What happens to missed due times.
    pub catch_up: CatchUp,
    /// Due times older than this are never run.
    pub window: TimeDelta,
    cron: CronLine,
}

/// All jobs, in the order in which they run when due together.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// The jobs.
    pub entries: Vec<Entry>,
}

/// How old a due time of a `none` job may be to be run: a tick may come late.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// The timetable as delivered.
const DEFAULT: &str = include_str!("../../schedules/timetable.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    cron: String,
    #[serde(default)]
    catch_up: CatchUp,
    #[serde(default = "window_hours")]
    window_hours: i64,
}

fn window_hours() -> i64 {
    48
}

/// The longest window: a month. Our choice.
const WINDOW_HOURS_MAX: i64 = 24 * 31;

/// A timetable that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TimetableError {
    /// The file cannot be read.
    #[error(
        "timetable {0} cannot be read: {1}; name a file in doseplan.toml, or take the key out for \
         the timetable as delivered"
    )]
    Unreadable(PathBuf, std::io::Error),
    /// An error in a file, with its path.
    #[error("timetable {0}: {1}")]
    In(PathBuf, Box<TimetableError>),
    /// Not TOML.
    #[error("{0}; write for example\n[plan]\ncron = \"0 1 * * *\"")]
    Toml(String),
    /// A timetable without jobs.
    #[error("no job is named; jobs are {}", names())]
    Empty,
    /// An unknown job.
    #[error("there is no job {0:?}; jobs are {known}", known = names())]
    UnknownJob(String),
    /// A bad setting of a job.
    #[error("[{job}] {why}")]
    Job {
        /// The job.
        job: Job,
        /// What is wrong, and what to write.
        why: String,
    },
}

impl Timetable {
    /// The timetable as delivered.
    pub fn delivered() -> Self {
        Self::parse(DEFAULT).expect("the timetable as delivered is read by a test")
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, TimetableError> {
        let text = crate::files::read_to_string(path)
            .map_err(|error| TimetableError::Unreadable(path.to_owned(), error))?;
        Self::parse(text.trim_start_matches('\u{feff}'))
            .map_err(|error| TimetableError::In(path.to_owned(), Box::new(error)))
    }

    /// Reads a timetable. A job that it does not name never runs by itself.
    pub fn parse(text: &str) -> Result<Self, TimetableError> {
        let mut raw: BTreeMap<String, toml::Value> =
            toml::from_str(text).map_err(|error| TimetableError::Toml(error.to_string()))?;
        let mut entries = Vec::new();
        for job in Job::ALL {
            let Some(value) = raw.remove(job.word()) else { continue };
            entries.push(entry(job, value).map_err(|why| TimetableError::Job { job, why })?);
        }
        match raw.into_keys().next() {
            Some(job) => Err(TimetableError::UnknownJob(job)),
            None if entries.is_empty() => Err(TimetableError::Empty),
            None => Ok(Self { entries }),
        }
    }

    /// The longest window of all jobs.
    pub fn window(&self) -> TimeDelta {
        let windows = self.entries.iter().map(|entry| entry.window);
        windows.max().unwrap_or_else(|| TimeDelta::hours(48))
    }

    /// The entry of a job; `None` if the timetable does not name it.
    pub fn entry(&self, job: Job) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.job == job)
    }
}

fn entry(job: Job, value: toml::Value) -> Result<Entry, String> {
    let raw: Raw = value.try_into().map_err(|error: toml::de::Error| {
        format!(
            "{}; write cron = \"0 7 * * *\", catch_up = \"latest\", \"all\" or \"none\", and \
             window_hours = 48",
            error.message()
        )
    })?;
    if !(1..=WINDOW_HOURS_MAX).contains(&raw.window_hours) {
        return Err(format!("window_hours = {}: write 1 to {WINDOW_HOURS_MAX}", raw.window_hours));
    }
    Ok(Entry {
        job,
        cron: CronLine::parse(&raw.cron).map_err(|why| format!("cron = {:?}: {why}", raw.cron))?,
        line: raw.cron,
        catch_up: raw.catch_up,
        window: TimeDelta::hours(raw.window_hours),
    })
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
        self.cron.after(zone, after).take_while(|at| *at <= until).take(limit).collect()
    }

    /// The next due time after an instant within a campaign's life.
    pub fn next(
        &self,
        zone: Tz,
        after: DateTime<Utc>,
        life: (NaiveDate, NaiveDate),
    ) -> Option<DateTime<Utc>> {
        self.upcoming(zone, after, life, 1).into_iter().next()
    }

    /// The next due times after an instant within a campaign's life.
    pub fn upcoming(
        &self,
        zone: Tz,
        after: DateTime<Utc>,
        life: (NaiveDate, NaiveDate),
        count: usize,
    ) -> Vec<DateTime<Utc>> {
        let (first, last) = instants(zone, life);
        let from = after.max(first - TimeDelta::seconds(1));
        self.between(zone, from, last, count)
    }

    /// Which of the due times that have passed are run (`None`), and why the others are skipped.
    pub fn plan_runs(
        &self,
        due: &[DateTime<Utc>],
        now: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, Option<SkipReason>)> {
        let newest = due.last().copied();
        due.iter()
            .map(|at| {
                let skip = if now - *at > self.window {
                    Some(SkipReason::MissedWindow)
                } else {
                    match self.catch_up {
                        CatchUp::All => None,
                        CatchUp::Latest => (Some(*at) != newest).then_some(SkipReason::Superseded),
                        CatchUp::None => (now - *at > FRESH).then_some(SkipReason::NotCaughtUp),
                    }
                };
                (*at, skip)
            })
            .collect()
    }
}

/// The names of all jobs, for messages.
pub(super) fn names() -> String {
    Job::ALL.map(Job::word).join(", ")
}

/// The first and last instant at which a campaign's jobs are due.
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
        assert_eq!(jobs, Job::ALL);
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
            [
                Some(SkipReason::MissedWindow),
                Some(SkipReason::MissedWindow),
                Some(SkipReason::Superseded),
                None
            ]
        );
    }
}
