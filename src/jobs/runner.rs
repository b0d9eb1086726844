//! The runner makes a row for each due time, claims rows, runs their jobs and sends mail. The time is a parameter, so
//! that a replay runs exactly what the daemon runs.

pub use super::occasion::Occasion;
use super::timetable::{Timetable, instants};
use super::{digest, plan, reminders, schools, summary};
use crate::app::outbox::{Drained, Sender};
use crate::app::{App, AppError, Loaded, Result, millis};
use crate::clock::{Clock, Hearts};
use crate::config::Config;
use crate::domain::campaign::Campaign;
use crate::domain::job::{Job, JobReport, RunNote, RunState};
use crate::domain::planner::Limits;
use crate::store::StoreError;
use crate::store::db::Claim;
use crate::store::runs::{self, Run};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// How long a claim of a run holds without renewal, in milliseconds; it is renewed at a third of that. Another daemon
/// takes over a dead one's run after this time and one tick.
const LEASE_MS: i64 = 30_000;
/// The most due times of a job for which one tick makes rows; the next tick goes on.
const DUE_MAX: usize = 1000;
/// How often a failing run is tried. Our choice.
const ATTEMPTS_MAX: i64 = 3;
/// Jobs are due from so many days before the campaign's start: the digest of the evening before.
const DAYS_BEFORE: i64 = 1;
/// Jobs are due until so many days after the campaign's end: the last summary.
const DAYS_AFTER: i64 = 1;
/// How often the watermark moves when nothing is due, in seconds; its age tells how long no daemon ran.
const MARK_EVERY_SECS: i64 = 3600;

/// The runner of one process.
#[derive(Debug, Clone)]
pub struct Runner {
    /// The app.
    pub app: App,
    /// When jobs are due.
    pub timetable: Timetable,
    /// The name of this process in leases.
    pub owner: String,
    /// Set to true to stop the process.
    pub stop: watch::Sender<bool>,
    /// Signs of life of the loops.
    pub hearts: Arc<Hearts>,
    /// Limits of the nightly plan's search.
    pub nightly: Limits,
    /// Told when somebody asked for a run, so that the loop of jobs looks at once.
    pub asked: Arc<Notify>,
    /// Where a changed configuration is announced.
    pub reload: watch::Sender<Option<Arc<Reload>>>,
}

/// What a running daemon follows when its configuration is read again.
#[derive(Debug)]
pub struct Reload {
    /// The configuration.
    pub config: Config,
    /// The timetable that it names.
    pub timetable: Timetable,
}

/// What one tick did.
#[derive(Debug, Default)]
pub struct TickReport {
    /// Runs that ended.
    pub ran: Vec<Ended>,
    /// Mail that was sent.
    pub mail: Drained,
}

/// A run that ended.
#[derive(Debug)]
pub struct Ended {
    /// The job.
    pub job: Job,
    /// Done or failed.
    pub state: RunState,
    /// What it did, or why it failed.
    pub note: RunNote,
}

/// The job with a name from the command line; the error lists the known names.
pub fn job_of(name: &str) -> Result<Job> {
    let known = super::timetable::names();
    let unknown = || AppError::refused("refused-job", &[("job", &name), ("known", &known)]);
    Job::from_word(name).ok_or_else(unknown)
}

/// The first and last day on which a campaign's jobs are due.
pub fn life(campaign: &Campaign) -> (NaiveDate, NaiveDate) {
    (campaign.start - TimeDelta::days(DAYS_BEFORE), campaign.end + TimeDelta::days(DAYS_AFTER))
}

impl Runner {
    /// A runner with the timetable as delivered.
    pub fn new(app: App, owner: String) -> Self {
        Self {
            app,
            timetable: Timetable::delivered(),
            owner,
            stop: watch::Sender::new(false),
            hearts: Arc::default(),
            nightly: Limits::NIGHTLY,
            asked: Arc::default(),
            reload: watch::Sender::new(None),
        }
    }

    /// The same runner as the configuration is now.
    pub(super) fn as_configured(&self) -> Self {
        let mut runner = self.clone();
        if let Some(new) = &*self.reload.borrow() {
            runner.app.config = new.config.clone();
            runner.timetable = new.timetable.clone();
        }
        runner
    }

    pub(super) fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Makes rows for what has become due, runs what is ready and sends due mail, all as of `now`.
    pub async fn tick(&self, now: DateTime<Utc>) -> Result<TickReport> {
        let clock = Clock::simulated(now);
        let ran = Box::pin(self.work(now)).await?;
        Ok(TickReport { ran, mail: Box::pin(self.send(&clock)).await? })
    }

    /// Makes rows for what has become due and runs what is ready.
    pub(super) async fn work(&self, now: DateTime<Utc>) -> Result<Vec<Ended>> {
        let mut ended = Vec::new();
        self.app.watch(now, self.timetable.window()).await?;
        self.app.retain(now).await?;
        let mut open = self.app.campaigns().await?;
        open.retain(|loaded| loaded.is_open);
        for loaded in &open {
            self.make_rows(loaded, now).await?;
        }
        self.app.mend_all(&open, now).await?;
        while !self.stopping() {
            let mut tx = self.app.store.read().await?;
            let clock = self.app.store.lease_clock(&mut tx).await?;
            let Some(run) = runs::ready(&mut tx, clock).await? else { break };
            let loaded = self.app.load(&mut tx, run.campaign, i64::MAX).await?;
            drop(tx);
            ended.extend(Box::pin(self.run(&loaded, &run, now)).await?);
        }
        Ok(ended)
    }

    /// Sends due mail.
    pub(super) async fn send(&self, clock: &Clock) -> Result<Drained> {
        let message_max = self.app.message_max();
        let stop = || {
            self.hearts.mail.busy(message_max);
            self.stopping()
        };
        let sender = Sender { owner: &self.owner, clock, stop: &stop, by_hand: false };
        self.app.drain(&sender).await
    }

    /// Makes a row for each due time since the watermark and moves the watermark, in one transaction.
    async fn make_rows(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<()> {
        let campaign = &loaded.campaign;
        let zone = campaign.timezone;
        let (first, last) = instants(zone, life(campaign));
        let mut tx = self.app.store.read().await?;
        let mut marks = Vec::new();
        for entry in &self.timetable.entries {
            marks.push(runs::watermark(&mut tx, loaded.no, entry.job).await?);
        }
        drop(tx);
        let moved = |mark: i64| millis(now) - mark >= MARK_EVERY_SECS * 1000;
        let mut tx = None;
        for (entry, mark) in self.timetable.entries.iter().zip(marks) {
            let mark = mark.and_then(DateTime::from_timestamp_millis);
            // On the first tick there is no watermark: what was due before then is not made up for.
            let from = mark.unwrap_or(now).max(first - TimeDelta::seconds(1));
            let due = entry.between(zone, from, now.min(last), DUE_MAX);
            if due.is_empty() && mark.is_some_and(|mark| !moved(millis(mark))) {
                continue;
            }
            let tx = match &mut tx {
                Some(tx) => tx,
                none => none.insert(self.app.store.write().await?),
            };
            for (at, skip) in entry.plan_runs(&due, now) {
                runs::insert(tx, loaded.no, entry.job, millis(at), skip).await?;
            }
            self.app.store.step("run.rows");
            // After hitting the limit, the next tick goes on from there.
            let until = if due.len() == DUE_MAX { due[DUE_MAX - 1] } else { now };
            runs::set_watermark(tx, loaded.no, entry.job, millis(until)).await?;
        }
        match tx {
            Some(tx) => Ok(tx.commit().await?),
            None => Ok(()),
        }
    }

    /// Claims and runs one row; `None` if another daemon was faster or the run has not ended.
    async fn run(&self, loaded: &Loaded, run: &Run, now: DateTime<Utc>) -> Result<Option<Ended>> {
        let at = millis(now);
        let mut tx = self.app.store.write().await?;
        let clock = self.app.store.lease_clock(&mut tx).await?;
        let lease = (clock, clock + LEASE_MS);
        let claimed = runs::claim(&mut tx, run, &self.owner, lease, at).await?;
        tx.commit().await?;
        let Some(fence) = claimed else { return Ok(None) };
        self.app.store.step("run.claimed");
        let due = DateTime::from_timestamp_millis(run.due_at).unwrap_or(now);
        // Everything that the job writes commits only while the claim holds.
        let app = self.app.under(Claim { run: run.id, fence });
        let work = Self { app, ..self.clone() };
        let result = tokio::select! {
            result = work.execute(loaded, run.job, Occasion { due, now }) => result,
            () = self.keep_lease(run.id, fence) => Err(StoreError::Fenced.into()),
        };
        self.app.store.step("run.worked");
        self.end(run, fence, result, at).await
    }

    /// Stores how a run ended; `None` if another daemon has taken it over, or it is to be run again.
    async fn end(
        &self,
        run: &Run,
        fence: i64,
        result: Result<JobReport>,
        at: i64,
    ) -> Result<Option<Ended>> {
        let (state, note) = match result {
            Ok(report) => (RunState::Done, RunNote::Report(report)),
            Err(AppError::Store(StoreError::Fenced)) => {
                tracing::warn!(
                    job = run.job.word(),
                    "the lease went to another daemon; result dropped"
                );
                return Ok(None);
            }
            Err(_) if self.stopping() => {
                let mut tx = self.app.store.write().await?;
                runs::release(&mut tx, run.id, fence).await?;
                tx.commit().await?;
                return Ok(None);
            }
            Err(AppError::Store(error)) if error.is_passing() => {
                // Not the job's fault: it is run again when its lease ends, without limit.
                tracing::warn!(job = run.job.word(), %error, "job was cut off by the database");
                return Ok(None);
            }
            Err(error) if run.attempt + 1 >= ATTEMPTS_MAX => {
                (RunState::Failed, RunNote::Text(error.to_string()))
            }
            Err(error) => {
                // The row stays claimed until its lease ends, which is the pause before the next attempt.
                let attempt = run.attempt + 1;
                tracing::warn!(job = run.job.word(), attempt, %error, "job failed");
                return Ok(None);
            }
        };
        let mut tx = self.app.store.write().await?;
        let mine = runs::finish(&mut tx, run.id, fence, (state, &note), at).await?;
        tx.commit().await?;
        self.app.store.step("run.ended");
        if !mine {
            tracing::warn!(
                job = run.job.word(),
                "the lease went to another daemon; result dropped"
            );
            return Ok(None);
        }
        Ok(Some(Ended { job: run.job, state, note }))
    }

    /// Renews a lease as long as this future is polled; returns once another daemon has taken the run over.
    async fn keep_lease(&self, id: i64, fence: i64) {
        let third = std::time::Duration::from_millis(LEASE_MS.unsigned_abs() / 3);
        loop {
            tokio::time::sleep(third).await;
            let renewed = async {
                let mut tx = self.app.store.write().await?;
                let until = self.app.store.lease_clock(&mut tx).await? + LEASE_MS;
                let mine = runs::renew(&mut tx, id, fence, until).await?;
                tx.commit().await?;
                Ok::<bool, StoreError>(mine)
            };
            match renewed.await {
                Ok(true) => self.hearts.jobs.beat(),
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "a lease could not be renewed"),
            }
        }
    }

    /// Does the work of a job and returns what it did.
    pub async fn execute(&self, loaded: &Loaded, job: Job, at: Occasion) -> Result<JobReport> {
        match job {
            Job::Plan => plan::run(&self.app, loaded, at, self.nightly).await,
            Job::Summary => summary::run(&self.app, loaded, at).await,
            Job::Reminders => reminders::run(&self.app, loaded, at).await,
            Job::Digest => digest::run(&self.app, loaded, at).await,
            Job::Schools => schools::run(&self.app, loaded, at).await,
        }
    }

    /// Stores that an occurrence was run by hand.
    pub async fn note_backfill(
        &self,
        loaded: &Loaded,
        job: Job,
        due: DateTime<Utc>,
        report: JobReport,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut tx = self.app.store.write().await?;
        let note = RunNote::Report(report);
        runs::backfilled(&mut tx, loaded.no, job, millis(due), &note, millis(now)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The next due time of any job or mail; `None` if there is none.
    pub async fn next(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let job = self.next_job(now).await?;
        let mut tx = self.app.store.read().await?;
        let mail = crate::store::outbox::next_due(&mut tx, None).await?;
        let mail = mail.and_then(DateTime::from_timestamp_millis);
        Ok([job, mail].into_iter().flatten().min())
    }

    /// The next due time of a job.
    pub(super) async fn next_job(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let mut next: Option<DateTime<Utc>> = None;
        for loaded in self.app.campaigns().await?.iter().filter(|loaded| loaded.is_open) {
            for entry in &self.timetable.entries {
                let zone = loaded.campaign.timezone;
                if let Some(at) = entry.next(zone, now, life(&loaded.campaign)) {
                    next = Some(next.map_or(at, |held| held.min(at)));
                }
            }
        }
        Ok(next)
    }
}
