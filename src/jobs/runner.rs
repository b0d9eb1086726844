//! The runner: makes a row for each due time, claims rows, runs them, sends mail. It is given the time, so that a
//! replay runs exactly what the daemon runs.

use super::timetable::{Timetable, instants};
use super::{digest, plan, reminders, summary};
use crate::app::outbox::{Drained, Sender};
use crate::app::{App, AppError, Loaded, Result, millis};
use crate::clock::{Clock, Hearts};
use crate::domain::campaign::Campaign;
use crate::domain::planner::Limits;
use crate::store::StoreError;
use crate::store::db::Claim;
use crate::store::runs::{self, Run};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::sync::Arc;
use tokio::sync::watch;

/// How long a claim of a run holds; renewed at a third of it. A dead daemon's work goes on within this and a look.
const LEASE_MS: i64 = 30_000;
/// Due times that one look makes rows for; more are made by the next look.
const DUE_MAX: usize = 1000;
/// A run that failed is tried so often.
const ATTEMPTS_MAX: i64 = 3;
/// Jobs of a campaign are due from so many days before its start, for the digest of the evening before.
const DAYS_BEFORE: i64 = 1;
/// … to so many days after its end, for the last summary.
const DAYS_AFTER: i64 = 1;
/// A watermark without a due time is moved this often: it tells how long nobody looked.
const MARK_EVERY_SECS: i64 = 3600;

/// One occurrence of a job.
#[derive(Debug, Clone, Copy)]
pub struct Occasion {
    /// When it was due: the day that it speaks of is this one's.
    pub due: DateTime<Utc>,
    /// When it runs.
    pub now: DateTime<Utc>,
}

/// The runner of one process.
#[derive(Debug, Clone)]
pub struct Runner {
    /// What it works with.
    pub app: App,
    /// When jobs are due.
    pub timetable: Timetable,
    /// The name of this process in leases.
    pub owner: String,
    /// True when the process shall end.
    pub stop: watch::Sender<bool>,
    /// Whether its loops still go round.
    pub hearts: Arc<Hearts>,
    /// How far the nightly plan searches.
    pub nightly: Limits,
}

/// What a look did.
#[derive(Debug, Default)]
pub struct TickReport {
    /// Runs that ended: job, state, reason.
    pub ran: Vec<(String, String, String)>,
    /// What was sent.
    pub mail: Drained,
}

/// The days between which a campaign's jobs are due.
pub fn life(campaign: &Campaign) -> (NaiveDate, NaiveDate) {
    (campaign.start - TimeDelta::days(DAYS_BEFORE), campaign.end + TimeDelta::days(DAYS_AFTER))
}

impl Runner {
    /// A runner with the delivered timetable.
    pub fn new(app: App, owner: String) -> Self {
        Self {
            app,
            timetable: Timetable::delivered(),
            owner,
            stop: watch::Sender::new(false),
            hearts: Arc::default(),
            nightly: Limits::QUICK,
        }
    }

    pub(super) fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Makes rows for what has become due, runs what can be run, sends what is due, all as of `now`.
    pub async fn tick(&self, now: DateTime<Utc>) -> Result<TickReport> {
        let clock = Clock::simulated(now);
        let ran = self.work(now).await?;
        Ok(TickReport { ran, mail: self.send(&clock).await? })
    }

    /// Makes rows for what has become due, and runs what can be run.
    pub(super) async fn work(&self, now: DateTime<Utc>) -> Result<Vec<(String, String, String)>> {
        let mut ended = Vec::new();
        self.app.watch(now, self.timetable.window()).await?;
        for loaded in self.app.campaigns().await? {
            self.make_rows(&loaded, now).await?;
        }
        while !self.stopping() {
            let mut tx = self.app.store.read().await?;
            let clock = self.app.store.lease_clock(&mut tx).await?;
            let Some(run) = runs::ready(&mut tx, clock).await? else { break };
            let loaded = self.app.load(&mut tx, run.campaign, i64::MAX).await?;
            drop(tx);
            ended.extend(self.run(&loaded, &run, now).await?);
        }
        Ok(ended)
    }

    /// Sends what is due.
    pub(super) async fn send(&self, clock: &Clock) -> Result<Drained> {
        let message_max = self.app.message_max();
        let stop = || {
            self.hearts.mail.busy(message_max);
            self.stopping()
        };
        let sender = Sender { owner: &self.owner, clock, stop: &stop, by_hand: false };
        self.app.drain(&sender).await
    }

    /// A row for each due time since the watermark, and the watermark moved, in one transaction.
    async fn make_rows(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<()> {
        let campaign = &loaded.campaign;
        let zone = campaign.timezone;
        let (first, last) = instants(zone, life(campaign));
        let mut tx = self.app.store.read().await?;
        let mut marks = Vec::new();
        for entry in &self.timetable.entries {
            marks.push(runs::watermark(&mut tx, loaded.no, &entry.job).await?);
        }
        drop(tx);
        let moved = |mark: i64| millis(now) - mark >= MARK_EVERY_SECS * 1000;
        let mut tx = None;
        for (entry, mark) in self.timetable.entries.iter().zip(marks) {
            let mark = mark.and_then(DateTime::from_timestamp_millis);
            // At the first look: what was due before doseplan knew the campaign was never its work.
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
                let state = if skip.is_some() { "skipped" } else { "due" };
                runs::insert(tx, loaded.no, &entry.job, millis(at), (state, skip)).await?;
            }
            self.app.store.step("run.rows");
            // A look that hits the limit goes on where it ended.
            let until = if due.len() == DUE_MAX { due[DUE_MAX - 1] } else { now };
            runs::set_watermark(tx, loaded.no, &entry.job, millis(until)).await?;
        }
        match tx {
            Some(tx) => Ok(tx.commit().await?),
            None => Ok(()),
        }
    }

    /// Claims and runs one row; nothing where somebody else was faster.
    async fn run(
        &self,
        loaded: &Loaded,
        run: &Run,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, String, String)>> {
        let at = millis(now);
        let mut tx = self.app.store.write().await?;
        let clock = self.app.store.lease_clock(&mut tx).await?;
        let lease = (clock, clock + LEASE_MS);
        let claimed = runs::claim(&mut tx, run, &self.owner, lease, at).await?;
        tx.commit().await?;
        let Some(fence) = claimed else { return Ok(None) };
        self.app.store.step("run.claimed");
        let due = DateTime::from_timestamp_millis(run.due_at).unwrap_or(now);
        // All that the job writes is written under the claim.
        let app = self.app.under(Claim { run: run.id, fence });
        let work = Self { app, ..self.clone() };
        let result = tokio::select! {
            result = work.execute(loaded, &run.job, Occasion { due, now }) => result,
            () = self.keep_lease(run.id, fence) => Err(StoreError::Fenced.into()),
        };
        self.app.store.step("run.worked");
        self.end(run, fence, result, at).await
    }

    /// Writes down how a run ended; nothing where it is somebody else's by now, or goes on later.
    async fn end(
        &self,
        run: &Run,
        fence: i64,
        result: Result<String>,
        at: i64,
    ) -> Result<Option<(String, String, String)>> {
        let (state, reason) = match result {
            Ok(said) => ("done", said),
            Err(AppError::Store(StoreError::Fenced)) => {
                tracing::warn!(job = run.job, "the lease went to another daemon; result dropped");
                return Ok(None);
            }
            Err(_) if self.stopping() => {
                let mut tx = self.app.store.write().await?;
                runs::release(&mut tx, run.id, fence).await?;
                tx.commit().await?;
                return Ok(None);
            }
            Err(AppError::Store(error)) if error.is_passing() => {
                // No fault of the job's: it is run again when its lease has ended, however often that takes.
                tracing::warn!(job = run.job, %error, "job was cut off by the database");
                return Ok(None);
            }
            Err(error) if run.attempt + 1 >= ATTEMPTS_MAX => ("failed", error.to_string()),
            Err(error) => {
                // The row stays claimed until its lease ends: that is the wait before the next attempt.
                tracing::warn!(job = run.job, attempt = run.attempt + 1, %error, "job failed");
                return Ok(None);
            }
        };
        let mut tx = self.app.store.write().await?;
        let mine = runs::finish(&mut tx, run.id, fence, (state, &reason), at).await?;
        tx.commit().await?;
        self.app.store.step("run.ended");
        if !mine {
            tracing::warn!(job = run.job, "the lease went to another daemon; result dropped");
            return Ok(None);
        }
        Ok(Some((run.job.clone(), state.to_owned(), reason)))
    }

    /// Renews a lease for as long as it is awaited; returns when the run has become somebody else's.
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

    /// Does the work of a job; returns what it did, in a few words.
    pub async fn execute(&self, loaded: &Loaded, job: &str, at: Occasion) -> Result<String> {
        match job {
            "plan" => plan::run(&self.app, loaded, at, self.nightly).await,
            "summary" => summary::run(&self.app, loaded, at).await,
            "reminders" => reminders::run(&self.app, loaded, at).await,
            "digest" => digest::run(&self.app, loaded, at).await,
            other => {
                let known = super::timetable::JOBS.join(", ");
                Err(AppError::refused("refused-job", &[("job", &other), ("known", &known)]))
            }
        }
    }

    /// Writes down that an occurrence was made up for by hand.
    pub async fn note_backfill(
        &self,
        loaded: &Loaded,
        job: &str,
        due: DateTime<Utc>,
        said: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut tx = self.app.store.write().await?;
        runs::insert(&mut tx, loaded.no, job, millis(due), ("skipped", None)).await?;
        runs::backfilled(&mut tx, loaded.no, job, millis(due), said, millis(now)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// When there is something to do again: the next due time of a job or a mail.
    pub async fn next(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let job = self.next_job(now).await?;
        let mut tx = self.app.store.read().await?;
        let mail = crate::store::outbox::next_due(&mut tx).await?;
        let mail = mail.and_then(DateTime::from_timestamp_millis);
        Ok([job, mail].into_iter().flatten().min())
    }

    /// The next due time of a job.
    pub(super) async fn next_job(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let mut next: Option<DateTime<Utc>> = None;
        for loaded in self.app.campaigns().await? {
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
