//! Sending what is queued. `claim` takes what is due, `lane` brings one message after the other over a connection,
//! `ledger` writes down that a body leaves and what became of it, `consequence` says what an answer means.

mod claim;
mod consequence;
mod lane;
mod ledger;

use super::{App, AppError, Result, millis};
use crate::clock::Clock;
use crate::config::{TlsKind, TransportKind};
use crate::mail::transport::{Connection, Limits, Security, SmtpConfig, Transport};
use crate::store::installation::Hold;
use crate::store::{outbox, relays};
use chrono::{DateTime, Utc};
use lane::Round;
use std::collections::BTreeMap;
use std::time::Duration;

/// Messages claimed at once.
const BATCH: i64 = 100;
/// How long a claim holds without being renewed: work of a dead sender goes on soon after.
const LEASE_MS: i64 = 30_000;

/// What a drain did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Drained {
    /// Messages by what became of them.
    pub results: BTreeMap<String, u64>,
    /// What the relay said, where it could not be used.
    pub relay: Option<String>,
    /// Why nothing may be sent from here, where that is so.
    pub held: Option<Hold>,
    /// Until when the relay is left alone, or its pace has no room, milliseconds since 1970.
    #[serde(skip)]
    pub wait_until: Option<i64>,
}

impl Drained {
    fn count(&mut self, what: &str) {
        *self.results.entry(what.to_owned()).or_default() += 1;
    }

    /// How many messages were sent.
    pub fn sent(&self) -> u64 {
        self.results.get("sent").copied().unwrap_or(0)
    }
}

/// Who sends, and how.
pub struct Sender<'a> {
    /// The name of this process in claims.
    pub owner: &'a str,
    /// The time.
    pub clock: &'a Clock,
    /// Asked between messages: whether the process shall end.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// By hand the server is tried though it failed a moment ago.
    pub by_hand: bool,
}

impl App {
    /// The way that the configuration names.
    pub fn transport(&self) -> Result<Transport> {
        if let Some(transport) = &self.transport {
            return Ok(transport.clone());
        }
        let mail = &self.config.mail;
        if mail.transport == TransportKind::Folder {
            return Ok(Transport::Folder(mail.dir.clone()));
        }
        let host = mail.host.clone();
        let host = host.ok_or_else(|| AppError::refused("refused-no-host", &[]))?;
        let password = match &mail.password_file {
            None => None,
            Some(path) => Some(
                std::fs::read_to_string(path)
                    .map_err(|error| {
                        AppError::refused(
                            "refused-password-file",
                            &[("path", &path.display()), ("said", &error)],
                        )
                    })?
                    .trim_end()
                    .to_owned(),
            ),
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
            limits: limits(mail.answer_seconds, mail.dot_seconds),
        }))
    }

    /// One message takes no longer: the limits of all its steps together, and two minutes for the database.
    pub fn message_max(&self) -> Duration {
        let limits = limits(self.config.mail.answer_seconds, self.config.mail.dot_seconds);
        let opening = limits.connect + limits.banner + limits.tls + limits.auth;
        opening + limits.command * 4 + limits.dot + Duration::from_mins(2)
    }

    /// Sends what is due, over some connections at a time.
    pub async fn drain(&self, sender: &Sender<'_>) -> Result<Drained> {
        let mut done = Drained::default();
        if let Some(hold) = self.held(sender.clock.now()).await? {
            done.held = Some(hold);
            return Ok(done);
        }
        let transport = self.transport()?;
        // A folder holds a message once however often it is written there, so nothing is ever in doubt.
        let safe = matches!(transport, Transport::Folder(_));
        let relay = transport.name();
        self.reclaim(sender.clock.now(), safe).await?;
        let mut connections: Vec<Option<Connection>> = Vec::new();
        connections.resize_with(self.config.mail.connections.clamp(1, 20), || None);
        while !(sender.stop)() && done.relay.is_none() {
            let taken = self.claim(&relay, sender, &mut done).await?;
            let Some(claimed) = taken else { break };
            if claimed.is_empty() {
                continue;
            }
            let round = Round::new(claimed, safe, transport.clone(), done);
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

    /// Writes down how the mail server behaved, for all daemons.
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
            Some((why, ours)) => state.failed(at, why, *ours),
            None if health.answered => state.answered(),
            None => {}
        }
        if health.slow_down {
            state.slow_down(at, self.config.mail.per_minute);
        }
        if state != before {
            relays::save(&mut tx, relay, &state).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// What the operator has found out about a message in doubt: it arrived, or it shall go again.
    pub async fn resolve_doubt(&self, id: i64, sent: bool, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.store.write().await?;
        let to = if sent { "sent" } else { "queued" };
        let at = millis(now);
        let done = outbox::set(&mut tx, id, ("in_doubt", to), at, "resolved by hand", at).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Queues a message again that failed, expired or could not be routed… never one that may have arrived.
    pub async fn retry(&self, id: i64, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.store.write().await?;
        let at = millis(now);
        let mut done = false;
        for from in ["failed", "expired", "bounced", "queued"] {
            let change = (from, "queued");
            done |= outbox::set(&mut tx, id, change, at, "tried again by hand", at).await?;
            if done {
                break;
            }
        }
        tx.commit().await?;
        Ok(done)
    }
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
