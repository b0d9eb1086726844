//! `doseplan job`.

use super::cell_words::shown;
use super::chosen::Lines;
use super::output::{Format, Sheet};
use super::usage_errors::Remedy;
use super::{Invocation, exit};
use crate::app::Loaded;
use crate::app::run_words::{report_words, stored_words, words};
use crate::domain::date::{self, resolve};
use crate::domain::job::{Job as JobName, JobReport, RunNote, RunState};
use crate::jobs::runner::{Occasion, Runner, job_of, life};
use crate::store::runs;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use clap::Subcommand;
use serde::Serialize;
use std::collections::BTreeSet;

/// The timetable.
#[derive(Debug, Subcommand)]
pub(super) enum Job {
    /// Every job with its last run and its next due times
    List,
    /// The next due times
    Next {
        /// How many of each job
        #[arg(long, default_value_t = 3)]
        count: usize,
    },
    /// Run one occurrence here and now
    Run {
        /// plan, summary, reminders, digest or schools
        name: String,
        /// As if it were this local time of the campaign, for example 2021-06-01T09:00
        #[arg(long, value_parser = parse_local)]
        at: Option<NaiveDateTime>,
    },
    /// Run what was skipped or failed between two local times
    Backfill {
        /// plan, summary, reminders, digest or schools
        name: String,
        /// From this local time
        #[arg(long, value_parser = parse_local)]
        from: NaiveDateTime,
        /// To this local time
        #[arg(long, value_parser = parse_local)]
        to: NaiveDateTime,
        /// Only show what would be run
        #[arg(long)]
        dry_run: bool,
    },
    /// Send nothing until `job resume`
    Hold {
        /// Why, for those who see it later
        #[arg(long)]
        reason: String,
    },
    /// Go on sending after a pause or a jump of the clock
    Resume,
    /// What ran, what was skipped and why
    Runs {
        /// Only this job
        name: Option<String>,
        /// How many, newest first
        #[arg(long, default_value_t = 30)]
        limit: i64,
    },
}

/// Reads a local time of the command line.
pub(super) fn parse_local(text: &str) -> Result<NaiveDateTime, Remedy> {
    ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .ok_or_else(|| Remedy::new("write-local"))
}

/// An instant in milliseconds since 1970 as local time of a zone.
pub(super) fn local(zone: Tz, millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map(|at| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// An instant as local time of a zone with its offset, because a repeated hour has two instants of the same name.
fn exact(zone: Tz, at: DateTime<Utc>) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S%:z").to_string()
}

#[derive(Serialize)]
struct Line {
    job: JobName,
    cron: String,
    catch_up: String,
    last_done: Option<String>,
    last_result: Option<String>,
    next: Option<String>,
    /// The due times after the next.
    then: Vec<String>,
    /// The next day on which the clock of the campaign's zone changes.
    clock_change: Option<NaiveDate>,
}

/// What a run did: for people in their language, in JSON in English.
fn told(invocation: &Invocation, note: &RunNote) -> String {
    match invocation.out.format {
        Format::Json | Format::Csv => stored_words(note),
        Format::Table => words(invocation.out.language, note),
    }
}

/// Due times that `job list` shows of each job.
const UPCOMING: usize = 3;

/// The next day on which the clock of the campaign's zone changes.
fn clock_change(loaded: &Loaded, now: DateTime<Utc>) -> Option<NaiveDate> {
    let zone = loaded.campaign.timezone;
    date::clock_change(zone, now).map(|at| date::day_of(zone, at))
}

/// Says on which day the clock changes and due times may look odd.
fn note_clock_change(invocation: &Invocation, loaded: &Loaded, day: Option<NaiveDate>) {
    let zone = loaded.campaign.timezone.name();
    match day {
        Some(day) => invocation.out.note("clock-change", &[("zone", &zone), ("day", &day)]),
        None => invocation.out.note("clock-change-none", &[("zone", &zone)]),
    }
}

#[derive(Serialize)]
struct RunLine {
    job: JobName,
    due: String,
    state: RunState,
    reason: Option<String>,
    attempt: i64,
}

impl Job {
    async fn hold_or_resume(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let now = invocation.clock.now();
        if let Self::Hold { reason } = self {
            app.hold(reason, now).await?;
            invocation.out.note("job-held", &[]);
        } else {
            let key = if app.resume(now).await? { "job-resumed" } else { "job-not-held" };
            invocation.out.note(key, &[]);
        }
        app.store.close().await;
        Ok(exit::OK)
    }

    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        if matches!(self, Self::Hold { .. } | Self::Resume) {
            return self.hold_or_resume(&invocation).await;
        }
        let (app, meant) = invocation.meant(None).await?;
        let runner = invocation.runner(app)?;
        let code = self.of_all(&invocation, &runner, &meant).await;
        runner.app.store.close().await;
        code
    }

    /// Does it for each campaign in turn.
    async fn of_all(
        &self,
        invocation: &Invocation,
        runner: &Runner,
        meant: &[Loaded],
    ) -> anyhow::Result<u8> {
        let now = invocation.clock.now();
        let mut lines = Lines::of(meant);
        let mut planned = BTreeSet::new();
        for loaded in meant {
            match self {
                Self::List => list(invocation, runner, loaded, now, &mut lines).await?,
                Self::Next { count } => next(invocation, runner, loaded, (now, *count), &mut lines),
                Self::Run { name, at } => {
                    let at = at.map_or(now, |local| resolve(loaded.campaign.timezone, local));
                    let occasion = Occasion { due: at, now: at };
                    let job = job_of(name)?;
                    // Campaigns that share places are planned together.
                    let report = if job == JobName::Plan && planned.contains(&loaded.no) {
                        JobReport::NothingNew
                    } else {
                        runner.execute(loaded, job, occasion).await?
                    };
                    if job == JobName::Plan {
                        let all = runner.app.together(loaded, at).await?;
                        planned.extend(all.iter().map(|one| one.no));
                    }
                    let said = report_words(invocation.out.language, &report);
                    let due = local(loaded.campaign.timezone, at.timestamp_millis());
                    let done = serde_json::json!({"job": name, "due": due, "said": said});
                    lines.thing(loaded, done);
                    let said = lines.named(loaded, said);
                    let job = shown(invocation.out.language, "job", name);
                    invocation.out.note("job-done", &[("job", &job), ("said", &said)]);
                }
                Self::Backfill { name, from, to, dry_run } => {
                    let asked = (name.as_str(), *from, *to, *dry_run);
                    backfill(invocation, runner, loaded, asked, &mut lines).await?;
                }
                Self::Hold { .. } | Self::Resume => {}
                Self::Runs { name, limit } => {
                    let asked = (name.as_deref(), *limit);
                    list_runs(invocation, runner, loaded, asked, &mut lines).await?;
                }
            }
        }
        lines.print(invocation);
        Ok(exit::OK)
    }
}

async fn list(
    invocation: &Invocation,
    runner: &Runner,
    loaded: &Loaded,
    now: DateTime<Utc>,
    all: &mut Lines,
) -> anyhow::Result<()> {
    let zone = loaded.campaign.timezone;
    let mut tx = runner.app.store.read().await?;
    let mut lines = Vec::new();
    let change = clock_change(loaded, now);
    for entry in &runner.timetable.entries {
        let mut upcoming: std::collections::VecDeque<String> = entry
            .upcoming(zone, now, life(&loaded.campaign), UPCOMING)
            .into_iter()
            .map(|at| match invocation.out.format {
                Format::Json => exact(zone, at),
                _ => local(zone, at.timestamp_millis()),
            })
            .collect();
        let done = runs::last(&mut tx, loaded.no, entry.job, RunState::Done).await?;
        let last = runs::list(&mut tx, loaded.no, Some(entry.job), 1).await?.into_iter().next();
        lines.push(Line {
            job: entry.job,
            cron: entry.line.clone(),
            catch_up: format!("{:?}", entry.catch_up).to_lowercase(),
            last_done: done.map(|run| local(zone, run.due_at)),
            last_result: last.map(|run| {
                let said = run.note.map(|note| told(invocation, &note)).unwrap_or_default();
                format!("{}: {said}", run.state)
            }),
            next: upcoming.pop_front(),
            then: upcoming.into(),
            clock_change: change,
        });
    }
    if invocation.out.format == Format::Json {
        for line in &lines {
            all.json(loaded, line);
        }
        return Ok(());
    }
    let columns = ["job", "cron", "catch_up", "last_done", "last_result", "next", "then"];
    let mut sheet = Sheet::new(&columns);
    for line in lines {
        sheet.push(vec![
            line.job.to_string(),
            line.cron,
            line.catch_up,
            line.last_done.unwrap_or_default(),
            line.last_result.unwrap_or_default(),
            line.next.unwrap_or_default(),
            line.then.join(", "),
        ]);
    }
    all.sheet(loaded, sheet);
    note_clock_change(invocation, loaded, change);
    Ok(())
}

fn next(
    invocation: &Invocation,
    runner: &Runner,
    loaded: &Loaded,
    (now, count): (DateTime<Utc>, usize),
    all: &mut Lines,
) {
    let zone = loaded.campaign.timezone;
    let mut due: Vec<(DateTime<Utc>, JobName)> = Vec::new();
    let change = clock_change(loaded, now);
    for entry in &runner.timetable.entries {
        let upcoming = entry.upcoming(zone, now, life(&loaded.campaign), count);
        due.extend(upcoming.into_iter().map(|at| (at, entry.job)));
    }
    due.sort();
    if invocation.out.format == Format::Json {
        for (at, job) in due {
            let due = exact(zone, at);
            let line = serde_json::json!({"due": due, "job": job, "clock_change": change});
            all.json(loaded, &line);
        }
        return;
    }
    let mut sheet = Sheet::new(&["due", "job"]);
    for (at, job) in due {
        let due = match invocation.out.format {
            Format::Csv => exact(zone, at),
            _ => local(zone, at.timestamp_millis()),
        };
        sheet.push(vec![due, job.to_string()]);
    }
    all.sheet(loaded, sheet);
    note_clock_change(invocation, loaded, change);
}

async fn backfill(
    invocation: &Invocation,
    runner: &Runner,
    loaded: &Loaded,
    (name, from, to, dry_run): (&str, NaiveDateTime, NaiveDateTime, bool),
    all: &mut Lines,
) -> anyhow::Result<()> {
    let zone = loaded.campaign.timezone;
    let job = JobName::from_word(name);
    let entry = job
        .and_then(|job| runner.timetable.entry(job))
        .ok_or_else(|| invocation.out.fail("fail-no-job", &[("job", &name)]))?;
    let job = entry.job;
    let (from, to) = (resolve(zone, from), resolve(zone, to));
    let due = entry.between(zone, from - chrono::TimeDelta::seconds(1), to, 1000);
    let mut sheet = Sheet::new(&["job", "due", "state", "said"]);
    let shown_job = shown(invocation.out.language, "job", name);
    let row =
        |due: &str, state: &str, said: &str| [name, due, state, said].map(str::to_owned).to_vec();
    for at in due {
        let mut tx = runner.app.store.read().await?;
        let found = runs::find(&mut tx, loaded.no, job, at.timestamp_millis()).await?;
        drop(tx);
        let when = local(zone, at.timestamp_millis());
        if found.as_ref().is_some_and(|run| run.state == RunState::Done) {
            invocation.out.note("backfill-done-before", &[("due", &when)]);
            sheet.push(row(&when, "done_before", ""));
            continue;
        }
        if dry_run {
            invocation.out.note("backfill-would-run", &[("job", &shown_job), ("due", &when)]);
            sheet.push(row(&when, "would_run", ""));
            continue;
        }
        let now = invocation.clock.now();
        let report = runner.execute(loaded, job, Occasion { due: at, now }).await?;
        let said = report_words(invocation.out.language, &report);
        runner.note_backfill(loaded, job, at, report, now).await?;
        let told: [(&str, &dyn std::fmt::Display); 3] =
            [("job", &shown_job), ("due", &when), ("said", &said)];
        invocation.out.note("backfill-ran", &told);
        sheet.push(row(&when, "ran", &said));
    }
    if invocation.out.format != Format::Table {
        all.sheet(loaded, sheet);
    }
    Ok(())
}

async fn list_runs(
    invocation: &Invocation,
    runner: &Runner,
    loaded: &Loaded,
    (name, limit): (Option<&str>, i64),
    all: &mut Lines,
) -> anyhow::Result<()> {
    let mut tx = runner.app.store.read().await?;
    let job = name.map(job_of).transpose()?;
    let found = runs::list(&mut tx, loaded.no, job, limit).await?;
    let zone = loaded.campaign.timezone;
    let lines: Vec<RunLine> = found
        .into_iter()
        .map(|run| RunLine {
            job: run.job,
            due: local(zone, run.due_at),
            state: run.state,
            reason: run.note.map(|note| told(invocation, &note)),
            attempt: run.attempt,
        })
        .collect();
    if invocation.out.format == Format::Json {
        for line in &lines {
            all.json(loaded, line);
        }
        return Ok(());
    }
    let mut sheet = Sheet::new(&["job", "due", "state", "reason", "attempt"]);
    for line in lines {
        sheet.push(vec![
            line.job.to_string(),
            line.due,
            line.state.to_string(),
            line.reason.unwrap_or_default(),
            line.attempt.to_string(),
        ]);
    }
    all.sheet(loaded, sheet);
    Ok(())
}
