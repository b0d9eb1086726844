//! Sends queued mail. `claim` takes what is due, each `lane` sends over a connection of its own, `consequence` says
//! what an answer means, and `ledger` stores that a body leaves and what became of it.

mod claim;
mod consequence;
mod lane;
mod ledger;
mod truth;

use super::{App, AppError, Result, millis};
use crate::clock::Clock;
use crate::config::{TlsKind, TransportKind};
use crate::domain::message::{AttemptOutcome, MailState};
use crate::domain::refusal::Streak;
use crate::mail::mask;
use crate::mail::message::canonical;
use crate::mail::transport::{Connection, Limits, Security, SmtpConfig, Transport};
use crate::store::installation::Hold;
use crate::store::{bounces, outbox, relays};
use chrono::{DateTime, Utc};
use claim::Taken;
use lane::Round;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The most messages claimed at once.
const BATCH: i64 = 100;
/// How long a claim holds without renewal, in milliseconds; then another sender takes over.
const LEASE_MS: i64 = 30_000;

/// States from which a message may be queued again by hand: it has certainly not arrived.
const MAY_GO_AGAIN: [MailState; 4] =
    [MailState::Failed, MailState::Expired, MailState::Bounced, MailState::Queued];
/// What is noted with such a message.
const AGAIN_BY_HAND: &str = "tried again by hand";

/// What a drain did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Drained {
    /// How many messages had which outcome.
    pub results: BTreeMap<AttemptOutcome, u64>,
    /// The mail server's last error, if it could not be used.
    pub relay: Option<String>,
    /// The hold on sending, if there is one.
    pub held: Option<Hold>,
    /// When the mail server is tried again, or its pace allows the next message; milliseconds since 1970.
    #[serde(skip)]
    pub wait_until: Option<i64>,
}

impl Drained {
    fn count(&mut self, what: AttemptOutcome) {
        *self.results.entry(what).or_default() += 1;
    }

    /// How many messages were sent.
    pub fn sent(&self) -> u64 {
        self.results.get(&AttemptOutcome::Sent).copied().unwrap_or(0)
    }
}

/// Who sends, and how.
pub struct Sender<'a> {
    /// The name of this process in claims.
    pub owner: &'a str,
    /// The time.
    pub clock: &'a Clock,
    /// Asked between messages: true to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Whether somebody asked for it by hand: then the server is tried even during a pause.
    pub by_hand: bool,
}

impl App {
    /// The transport of the configuration.
    pub fn transport(&self) -> Result<Transport> {
        if let Some(transport) = &self.transport {
            return Ok(transport.clone());
        }
        let mail = &self.config.mail;
        if mail.transport == TransportKind::Folder {
            return Ok(Transport::Folder(mail.dir.clone()));
        }
        if let Some(said) = mail.refusal() {
            return Err(AppError::Configuration(said));
        }
        let host = mail.host.clone();
        let host = host.ok_or_else(|| AppError::refused("refused-no-host", &[]))?;
        let password = match &mail.password_file {
            None => None,
            Some(path) => Some(password(path)?),
        };
        let (tls, port) = match mail.tls {
            TlsKind::Implicit => (Security::Implicit, 465),
            TlsKind::Starttls => (Security::StartTls, 587),
            TlsKind::None => (Security::None, 25),
        };
        Ok(Transport::Smtp(SmtpConfig {
            host,
            port: mail.port.unwrap_or(port),
            tls,
            ca_file: mail.ca_file.clone(),
            user: mail.user.clone(),
            password,
            hello: mail.hello.as_ref().map(|name| name.0.clone()),
            limits: limits(mail.answer_seconds, mail.dot_seconds),
        }))
    }

    /// The name of the configured transport in the database; `None` if it cannot be used at all.
    pub fn relay_name(&self) -> Option<String> {
        self.transport().ok().map(|transport| transport.name())
    }

    /// The longest that one message may take: the limits of all its steps, and two minutes for the database.
    pub fn message_max(&self) -> Duration {
        let limits = limits(self.config.mail.answer_seconds, self.config.mail.dot_seconds);
        let opening = limits.connect + limits.banner + limits.tls + limits.auth;
        opening + limits.command * 4 + limits.dot + Duration::from_mins(2)
    }

    /// Sends due mail over several connections at once.
    pub async fn drain(&self, sender: &Sender<'_>) -> Result<Drained> {
        let mut done = Drained::default();
        if let Some(hold) = self.held(sender.clock.now()).await? {
            done.held = Some(hold);
            return Ok(done);
        }
        let transport = self.transport()?;
        // Writing a message to a folder twice leaves one file, so nothing is ever in doubt.
        let safe = matches!(transport, Transport::Folder(_) | Transport::QuickFolder(_));
        let relay = transport.name();
        self.reclaim(sender.clock.now(), safe).await?;
        let mut is_tidy = false;
        let mut connections: Vec<Option<Connection>> = Vec::new();
        connections.resize_with(self.config.mail.connections.clamp(1, 20), || None);
        while !(sender.stop)() && done.relay.is_none() {
            let taken = self.claim(&relay, sender, &mut done).await?;
            let Some(Taken { claimed, streak, withdrawn }) = taken else { break };
            // Whoever was told before is told what is so now, in this drain.
            for no in withdrawn {
                let mut tx = self.store.read().await?;
                let loaded = self.load(&mut tx, no, i64::MAX).await?;
                drop(tx);
                self.tell(&loaded, sender.clock.now()).await?;
            }
            if claimed.is_empty() {
                continue;
            }
            if !is_tidy {
                transport.tidy().await;
                is_tidy = true;
            }
            let round = Round::new(claimed, streak, safe, transport.clone(), done);
            let ended = self.send_round(&round, &mut connections, sender).await;
            let health = round.health();
            done = round.into_done();
            self.note_health(&relay, &health, sender.clock.now()).await?;
            ended?;
        }
        for connection in connections.into_iter().flatten() {
            connection.quit().await;
        }
        Ok(done)
    }

    async fn reclaim(&self, now: DateTime<Utc>, safe: bool) -> Result<()> {
        let mut tx = self.store.write().await?;
        let clock = self.store.lease_clock(&mut tx).await?;
        let why = "the sender ended between the body and its result";
        let count = outbox::reclaim(&mut tx, clock, millis(now), why, safe).await?;
        tx.commit().await?;
        if count > 0 {
            tracing::warn!(count, "mails of a sender that ended were taken over");
        }
        Ok(())
    }

    /// Stores how the mail server behaved, for all daemons.
    async fn note_health(
        &self,
        relay: &str,
        health: &lane::Health,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let at = millis(now);
        let mut tx = self.store.write().await?;
        let mut state = relays::lock(&mut tx, relay).await?;
        let before = state.clone();
        match &health.down {
            Some((why, cause)) => {
                // What it said is shown to people who may not see readers.
                state.failed(at, &mask::addresses(why), cause.is_some());
                state.cause = *cause;
            }
            None if health.answered => state.answered(),
            None => {}
        }
        // Who refused it does not matter to the next look.
        state.streak = Streak { reader: String::new(), ..health.streak.clone() };
        if health.slow_down {
            state.slow_down(at, self.config.mail.per_minute);
        }
        if state != before {
            relays::save(&mut tx, relay, &state).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Settles a message in doubt: it arrived, or it is queued again. `false` if it was not in doubt.
    pub async fn resolve_doubt(&self, id: i64, sent: bool, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.store.write().await?;
        let to = if sent { MailState::Sent } else { MailState::Queued };
        let at = millis(now);
        let change = (MailState::InDoubt, to);
        let done = outbox::set(&mut tx, id, change, at, "resolved by hand", at).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Queues again every message in a state since an instant, as far as it is of use: not those that are too late, nor
    /// those to readers who get no mail. Returns how many, and how many stay as they are; `None` if messages in that
    /// state must not go again.
    pub async fn retry_all(
        &self,
        state: MailState,
        since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Option<(u64, u64)>> {
        if !MAY_GO_AGAIN.contains(&state) {
            return Ok(None);
        }
        let at = millis(now);
        let mut tx = self.store.write().await?;
        let suppressed = bounces::addresses(&mut tx).await?;
        let (mut again, mut left) = (0, 0);
        for message in outbox::list(&mut tx, Some(state), None).await? {
            if since.is_some_and(|since| message.changed_at < millis(since)) {
                continue;
            }
            let is_late = message.send_by.is_some_and(|last| last <= at);
            if is_late || suppressed.contains(&canonical(&message.to)) {
                left += 1;
                continue;
            }
            let change = (state, MailState::Queued);
            let done = outbox::set(&mut tx, message.id, change, at, AGAIN_BY_HAND, at).await?;
            again += u64::from(done);
        }
        tx.commit().await?;
        Ok(Some((again, left)))
    }

    /// Queues a message again that failed, expired, bounced or waits; never one that may have arrived. `false` if its
    /// state does not allow it.
    pub async fn retry(&self, id: i64, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.store.write().await?;
        let at = millis(now);
        let mut done = false;
        for from in MAY_GO_AGAIN {
            let change = (from, MailState::Queued);
            done |= outbox::set(&mut tx, id, change, at, AGAIN_BY_HAND, at).await?;
            if done {
                break;
            }
        }
        tx.commit().await?;
        Ok(done)
    }
}

/// The password in a file. What editors add is not part of it: a byte order mark, the end of the line.
fn password(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        AppError::refused("refused-password-file", &[("path", &path.display()), ("said", &error)])
    })?;
    Ok(text.trim_start_matches('\u{feff}').trim_end().to_owned())
}

fn limits(answer_seconds: u64, dot_seconds: u64) -> Limits {
    let shorter = |limit: Duration| limit.min(Duration::from_secs(answer_seconds.max(1)));
    let usual = Limits::default();
    Limits {
        connect: shorter(usual.connect),
        banner: Duration::from_secs(answer_seconds.max(1)),
        tls: shorter(usual.tls),
        auth: shorter(usual.auth),
        command: Duration::from_secs(answer_seconds.max(1)),
        dot: Duration::from_secs(dot_seconds.max(1)),
        quit: usual.quit,
    }
}
