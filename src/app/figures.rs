//! Figures for monitoring: whether the installation is ready, and what it has done.

use super::{App, AppError, Result, millis};
use crate::config::MAIL;
use crate::domain::hold::EventKind;
use crate::domain::job::{Job, RunState};
use crate::domain::message::{MailState, PassageEvent};
use crate::store::figures::{self, Import};
use crate::store::installation::{self, Hold};
use crate::store::{Tx, outbox, runs, ways};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// A daemon that has not signed in for this long counts as gone; our choice.
const DAEMON_SILENT_MS: i64 = 120_000;

/// Counts by the name of a channel and something else.
pub type ByChannel<K> = BTreeMap<String, BTreeMap<K, u64>>;

/// Figures of the installation.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Mails by state.
    pub mails: BTreeMap<MailState, u64>,
    /// Messages of each channel by state. Every configured channel is there, and mail.
    pub channels: ByChannel<MailState>,
    /// What happened to messages of each channel beside mail, and how often.
    pub events: ByChannel<PassageEvent>,
    /// How long the oldest queued mail has been due, seconds.
    pub oldest_due_secs: i64,
    /// Every job that ever ran, by campaign and name.
    pub jobs: Vec<JobFigures>,
    /// Rows imported, by campaign and kind.
    pub imports: Vec<Import>,
    /// Daemons that are running.
    pub daemons: u64,
    /// Whether sending is held.
    pub held: bool,
}

/// Figures of a job.
#[derive(Debug, Clone)]
pub struct JobFigures {
    /// Id of the campaign.
    pub campaign: String,
    /// The job.
    pub job: Job,
    /// Runs by state.
    pub runs: BTreeMap<RunState, u64>,
    /// When it last succeeded, milliseconds since 1970; `None` if never.
    pub last_success: Option<i64>,
}

impl App {
    /// Checks that the database answers and has this program's tables; returns the hold on sending, if any.
    pub async fn ready(&self) -> Result<Option<Hold>> {
        let mut tx = self.store.read().await?;
        let (has, knows) = (figures::migration(&mut tx).await?, figures::newest_migration());
        if has != Some(knows) {
            let has = has.unwrap_or(0);
            return Err(AppError::refused(
                "refused-migration",
                &[("has", &has), ("knows", &knows)],
            ));
        }
        Ok(installation::get(&mut tx).await?.and_then(|it| it.hold))
    }

    /// The figures at `now`.
    pub async fn figures(&self, now: DateTime<Utc>) -> Result<Figures> {
        let at = millis(now);
        let mut tx = self.store.read().await?;
        let mut jobs: Vec<JobFigures> = Vec::new();
        for run in figures::runs(&mut tx).await? {
            let (campaign, job) = (run.campaign, run.job);
            let known = jobs.last().is_some_and(|it| it.campaign == campaign && it.job == job);
            if !known {
                jobs.push(JobFigures { campaign, job, runs: BTreeMap::new(), last_success: None });
            }
            let last = jobs.last_mut().expect("one was just pushed");
            last.last_success = last.last_success.or(run.ended);
            last.runs.insert(run.state, run.count);
        }
        let oldest = outbox::next_due(&mut tx, None).await?;
        // Every configured channel has its figures from the beginning, or nobody could watch them rise.
        let mut events: ByChannel<PassageEvent> =
            self.config.channels.keys().map(|name| (name.clone(), BTreeMap::new())).collect();
        let mut channels: ByChannel<MailState> =
            events.keys().map(|name| (name.clone(), BTreeMap::new())).collect();
        channels.insert(MAIL.to_owned(), BTreeMap::new());
        for (channel, state, count) in outbox::counts_by_channel(&mut tx).await? {
            channels.entry(channel).or_default().insert(state, count);
        }
        for (channel, event, count) in ways::events(&mut tx).await? {
            if channel != MAIL {
                events.entry(channel).or_default().insert(event, count);
            }
        }
        Ok(Figures {
            mails: outbox::counts(&mut tx).await?.into_iter().collect(),
            channels,
            events,
            oldest_due_secs: oldest.map_or(0, |due| (at - due).max(0) / 1000),
            jobs,
            imports: figures::imports(&mut tx).await?,
            daemons: self.daemons(&mut tx).await?,
            held: installation::get(&mut tx).await?.is_some_and(|it| it.hold.is_some()),
        })
    }

    /// The number of daemons running on this database, by the database's clock.
    pub async fn daemons(&self, tx: &mut Tx) -> Result<u64> {
        let clock = self.store.lease_clock(tx).await?;
        Ok(runs::daemons(tx, clock - DAEMON_SILENT_MS).await?)
    }

    /// Records the version of the time-zone rules that the program uses, when it has changed.
    pub async fn note_zone_data(&self, now: DateTime<Utc>) -> Result<()> {
        const KIND: EventKind = EventKind::ZoneRules;
        let version = chrono_tz::IANA_TZDB_VERSION;
        let mut tx = self.store.write().await?;
        let known = figures::last_event(&mut tx, KIND).await?;
        if known.as_deref() != Some(version) {
            installation::note(&mut tx, KIND, version, millis(now)).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
