//! The daemon's loops, for jobs, for mail and for receipts, so that none delays another. Errors are logged and
//! the work is tried again; an error never ends a loop.

use super::runner::{Ended, Runner};
use crate::app::outbox::Drained;
use crate::app::run_words::stored_words;
use crate::app::{AppError, Result, millis};
use crate::clock::Clock;
use crate::domain::campaign::Language;
use crate::domain::hold::EventKind;
use crate::store::installation::Hold;
use crate::store::{installation, outbox, runs};
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The longest pause between two ticks.
const LOOK_MAX: Duration = Duration::from_secs(20);
/// The shortest pause between two ticks.
const LOOK_MIN: Duration = Duration::from_millis(200);
/// The pause between two looks for receipts.
const RECEIPTS_EVERY: Duration = Duration::from_mins(1);
/// The pause after a failed tick.
const RETRY: Duration = Duration::from_secs(2);
/// The wall clock has jumped if it differs by more from the monotonic clock, in milliseconds.
const JUMP_MS: i64 = 60_000;
/// A daemon whose clock differs by more from the database's does no work, in milliseconds.
const SKEW_MAX_MS: i64 = 60_000;
/// How often the log of a SQLite database is folded into its file while no job does so.
const FOLD_EVERY: Duration = Duration::from_hours(1);
/// A daemon that gave no sign for so long is forgotten, in milliseconds.
const FORGET_MS: i64 = 86_400_000;

impl Runner {
    /// Runs the loops until told to stop.
    pub async fn serve(&self, clock: &Clock) {
        let queued = Notify::new();
        tokio::join!(
            self.serve_jobs(clock, &queued),
            self.serve_mail(clock, &queued),
            self.serve_receipts(clock, &queued)
        );
        self.hearts.jobs.stop();
        self.hearts.mail.stop();
        if let Err(error) = self.sign(false).await {
            tracing::warn!(%error, "the daemon could not sign off");
        }
    }

    async fn serve_jobs(&self, clock: &Clock, queued: &Notify) {
        let mut pair = (clock.now(), Instant::now());
        let mut folded = Instant::now();
        while !self.stopping() {
            let now = clock.now();
            let jump = millis(now)
                - millis(pair.0)
                - i64::try_from(pair.1.elapsed().as_millis()).unwrap_or(0);
            pair = (now, Instant::now());
            self.hearts.jobs.beat();
            let runner = self.as_configured();
            let wait = match Box::pin(runner.round(clock, now, jump)).await {
                Ok(worked) => {
                    if worked {
                        queued.notify_one();
                    }
                    if worked || folded.elapsed() >= FOLD_EVERY {
                        folded = Instant::now();
                        self.app.store.fold_log().await;
                    }
                    runner
                        .next_job(now)
                        .await
                        .ok()
                        .flatten()
                        .map_or(LOOK_MAX, |at| until(clock, at))
                }
                Err(error) => {
                    tracing::error!(%error, "a tick of the timetable failed; trying again");
                    RETRY
                }
            };
            self.hearts.looked();
            self.rest(wait, Some(&self.asked)).await;
        }
    }

    /// One tick of the jobs' loop; true if a run ended.
    async fn round(&self, clock: &Clock, now: DateTime<Utc>, jump: i64) -> Result<bool> {
        self.sign(true).await?;
        self.compare_clocks(clock, now).await?;
        if jump.abs() > JUMP_MS {
            let said = format!("the clock jumped by {} s while the daemon ran", jump / 1000);
            tracing::error!(seconds = jump / 1000, "the clock jumped; the timetable is read again");
            let mut tx = self.app.store.write().await?;
            installation::note(&mut tx, EventKind::ClockJump, &said, millis(now)).await?;
            tx.commit().await?;
        }
        let ended = Box::pin(self.work(now)).await?;
        for Ended { job, state, note } in &ended {
            let reason = stored_words(note);
            tracing::info!(job = job.word(), state = state.word(), reason, "job ended");
        }
        Ok(!ended.is_empty())
    }

    async fn serve_mail(&self, clock: &Clock, queued: &Notify) {
        let mut held: Option<Hold> = None;
        while !self.stopping() {
            self.hearts.mail.beat();
            let runner = self.as_configured();
            let wait = match runner.send(clock).await {
                Ok(done) => {
                    log(&done);
                    if let Some(hold) =
                        done.held.as_ref().filter(|hold| held.as_ref() != Some(hold))
                    {
                        let why = hold.words(Language::En);
                        tracing::error!(why, "nothing is sent; see `doseplan doctor`");
                    }
                    let wait = self.next_mail(clock, &done).await;
                    held = done.held;
                    wait
                }
                Err(error) => {
                    tracing::error!(%error, "sending failed; trying again");
                    RETRY
                }
            };
            self.hearts.mail.beat();
            self.rest(wait, Some(queued)).await;
        }
    }

    /// Asks the services for receipts and replies and tells groups what needs attention, in a loop of its own, so
    /// that a slow service delays nothing.
    async fn serve_receipts(&self, clock: &Clock, queued: &Notify) {
        while !self.stopping() {
            let runner = self.as_configured();
            if runner.app.asks_services() {
                match runner.app.gather(clock.now()).await {
                    Ok(done) => {
                        for (channel, said) in &done.failed {
                            tracing::warn!(channel, said, "a service could not be asked");
                        }
                        if done.receipts + done.settled > 0 {
                            // What did not arrive goes by its next way.
                            queued.notify_one();
                        }
                    }
                    Err(error) => tracing::error!(%error, "asking for receipts failed"),
                }
            }
            if runner.app.raises_alarms() {
                match runner.app.raise_alarms(clock.now()).await {
                    Ok(0) => {}
                    Ok(_) => queued.notify_one(),
                    Err(error) => tracing::error!(%error, "alarms could not be raised"),
                }
            }
            self.pause(RECEIPTS_EVERY).await;
        }
    }

    async fn next_mail(&self, clock: &Clock, done: &Drained) -> Duration {
        if done.held.is_some() {
            return LOOK_MAX;
        }
        let due = match done.wait_until {
            Some(at) => Some(at),
            None => async {
                let mut tx = self.app.store.read().await?;
                outbox::next_due(&mut tx, None).await
            }
            .await
            .ok()
            .flatten(),
        };
        let at = due.and_then(DateTime::from_timestamp_millis);
        at.map_or(LOOK_MAX, |at| until(clock, at))
    }

    /// Waits; returns early when the process is to stop.
    async fn pause(&self, wait: Duration) {
        let mut stop = self.stop.subscribe();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Waits; returns early when mail is queued, the configuration has changed or the process is to stop.
    async fn rest(&self, wait: Duration, queued: Option<&Notify>) {
        let (mut stop, mut reload) = (self.stop.subscribe(), self.reload.subscribe());
        let queued = async {
            match queued {
                Some(queued) => queued.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait.clamp(LOOK_MIN, LOOK_MAX)) => {}
            () = queued => {}
            _ = reload.changed() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Tells other daemons that this one runs, or ends.
    async fn sign(&self, lives: bool) -> Result<()> {
        let mut tx = self.app.store.write().await?;
        let clock = self.app.store.lease_clock(&mut tx).await?;
        if lives {
            runs::daemon_seen(&mut tx, &self.owner, clock).await?;
        } else {
            runs::daemon_gone(&mut tx, &self.owner, clock - FORGET_MS).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Refuses to work if this machine's clock differs from the database's, by which all daemons go: everything would
    /// happen too early or too late.
    async fn compare_clocks(&self, clock: &Clock, now: DateTime<Utc>) -> Result<()> {
        if self.app.store.is_sqlite() || !matches!(clock, Clock::System) {
            return Ok(());
        }
        let mut tx = self.app.store.read().await?;
        let off = millis(now) - self.app.store.lease_clock(&mut tx).await?;
        if off.abs() <= SKEW_MAX_MS {
            return Ok(());
        }
        Err(AppError::refused("refused-clocks", &[("seconds", &(off / 1000))]))
    }
}

fn until(clock: &Clock, at: DateTime<Utc>) -> Duration {
    (at - clock.now()).to_std().unwrap_or_default()
}

fn log(done: &Drained) {
    for (what, count) in &done.results {
        tracing::info!(what = what.word(), count, "mail");
    }
    if let Some(relay) = done.relay.as_ref().filter(|_| !done.results.is_empty()) {
        tracing::warn!(relay, "the mail relay could not be used");
    }
}
