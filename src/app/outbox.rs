//! Sending what is queued: claim, note that the body leaves, write the result.

use super::{App, AppError, Result, millis};
use crate::config::{TlsKind, TransportKind};
use crate::domain::date::resolve;
use crate::mail::message::Party;
use crate::mail::transport::{Limits, Outcome, Outgoing, Security, Session, SmtpConfig, Transport};
use crate::store::outbox::{self, AttemptResult, Message};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// Messages claimed at once: few enough to be sent within the lease.
const BATCH: i64 = 50;
/// How long a claim holds; longer than every SMTP limit of a message together.
const LEASE_SECS: i64 = 1800;
/// A relay that is down, or does not want us, is left alone for so long.
const RELAY_PAUSE_SECS: i64 = 60;
/// The first wait after a 4xx; doubled each time.
const BACKOFF_FIRST_SECS: i64 = 60;
/// The longest wait.
const BACKOFF_MAX_SECS: i64 = 4 * 3600;
/// A message is given up after so many refusals for now.
const ATTEMPTS_MAX: i64 = 24;

/// What a drain did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Drained {
    /// Messages by what became of them.
    pub results: BTreeMap<String, u64>,
    /// What the relay said, where it could not be used.
    pub relay: Option<String>,
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

/// What is to become of a message, and whether the relay can still be used.
struct Verdict {
    result: AttemptResult,
    word: &'static str,
    relay: Option<String>,
}

impl App {
    /// The way that the configuration names.
    pub fn transport(&self) -> Result<Transport> {
        let mail = &self.config.mail;
        if mail.transport == TransportKind::Folder {
            return Ok(Transport::Folder(mail.dir.clone()));
        }
        let host = mail.host.clone().ok_or_else(|| {
            AppError::Refused("[mail] transport = \"smtp\" needs host".to_owned())
        })?;
        let password = match &mail.password_file {
            None => None,
            Some(path) => Some(
                std::fs::read_to_string(path)
                    .map_err(|error| {
                        AppError::Refused(format!(
                            "[mail] password_file {}: {error}",
                            path.display()
                        ))
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
            limits: Limits::default(),
        }))
    }

    /// Sends what is due. `stop` is asked between messages.
    pub async fn drain(
        &self,
        now: DateTime<Utc>,
        owner: &str,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Drained> {
        let transport = self.transport()?;
        // A folder holds a message once however often it is written there, so nothing is ever in doubt.
        let safe = !matches!(transport, Transport::Smtp(_));
        let mut done = Drained::default();
        let mut tx = self.store.write().await?;
        let why = "the sender ended between the body and its result";
        outbox::reclaim(&mut tx, millis(now), why, safe).await?;
        tx.commit().await?;
        while !stop() && done.relay.is_none() {
            let claimed = self.claim(now, owner, &mut done).await?;
            let Some(claimed) = claimed else { break };
            self.send_batch(&transport, safe, claimed, now, stop, &mut done).await?;
        }
        Ok(done)
    }

    /// Claims the next messages; `None` when nothing is due. An empty list: all were put off.
    async fn claim(
        &self,
        now: DateTime<Utc>,
        owner: &str,
        done: &mut Drained,
    ) -> Result<Option<Vec<(Message, i64)>>> {
        let at = millis(now);
        let mut tx = self.store.write().await?;
        let due = outbox::due(&mut tx, at, BATCH).await?;
        if due.is_empty() {
            return Ok(None);
        }
        let mut claimed = Vec::new();
        for message in due {
            if let Some(word) = self.put_off(&mut tx, &message, now).await? {
                done.count(word);
                continue;
            }
            let until = at + LEASE_SECS * 1000;
            if let Some(fence) = outbox::claim(&mut tx, &message, owner, until, at).await? {
                claimed.push((message, fence));
            }
        }
        tx.commit().await?;
        Ok(Some(claimed))
    }

    /// Expires what comes too late, and moves what falls into quiet hours; `None` where it may go now.
    async fn put_off(
        &self,
        tx: &mut crate::store::Tx,
        message: &Message,
        now: DateTime<Utc>,
    ) -> Result<Option<&'static str>> {
        let at = millis(now);
        if message.send_by.is_some_and(|last| last <= at) {
            let change = ("queued", "expired");
            outbox::set(tx, message.id, change, message.due_at, "too late to be of use", at)
                .await?;
            return Ok(Some("expired"));
        }
        let quiet = self.config.reminders.quiet_hours;
        let zone: chrono_tz::Tz = message.zone.parse().unwrap_or(chrono_tz::UTC);
        let local = now.with_timezone(&zone).naive_local();
        if !message.quiet || !quiet.contains(local.time()) {
            return Ok(None);
        }
        let mut day = local.date();
        if local.time() >= quiet.until {
            day += TimeDelta::days(1);
        }
        let end = millis(resolve(zone, day.and_time(quiet.until)));
        if message.send_by.is_some_and(|last| last <= end) {
            let change = ("queued", "expired");
            let why = "quiet hours last until it is too late to be of use";
            outbox::set(tx, message.id, change, message.due_at, why, at).await?;
            return Ok(Some("expired"));
        }
        outbox::postpone(tx, message, end.max(at + 1), "quiet hours", at).await?;
        Ok(Some("postponed"))
    }

    async fn send_batch(
        &self,
        transport: &Transport,
        safe: bool,
        claimed: Vec<(Message, i64)>,
        now: DateTime<Utc>,
        stop: &(dyn Fn() -> bool + Sync),
        done: &mut Drained,
    ) -> Result<()> {
        let from: Party = self
            .config
            .mail
            .from
            .parse()
            .map_err(|error| AppError::Refused(format!("[mail] from: {error}")))?;
        let mut session: Option<Session> = None;
        let mut results = Vec::new();
        for (message, fence) in claimed {
            let verdict = if stop() || done.relay.is_some() {
                unsent(&message)
            } else {
                let outgoing = self.outgoing(&message, &from).await?;
                let mark = || self.mark_body(message.id, fence, safe);
                let outcome = deliver(transport, &mut session, &outgoing, mark).await;
                judge(&message, outcome, now)
            };
            if !verdict.word.is_empty() {
                done.count(verdict.word);
            }
            done.relay = done.relay.take().or(verdict.relay);
            results.push((message.id, fence, verdict.result));
            if !safe {
                self.write_results(&mut results, now).await?;
            }
        }
        if let Some(session) = session {
            session.quit().await;
        }
        self.write_results(&mut results, now).await
    }

    async fn outgoing(&self, message: &Message, from: &Party) -> Result<Outgoing> {
        let mut tx = self.store.read().await?;
        let name: String = message
            .message_id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' })
            .collect();
        Ok(Outgoing {
            id: message.id,
            from: from.address.clone(),
            to: message.to.clone(),
            bytes: outbox::content(&mut tx, message.id).await?,
            // The number first, so that a folder lists them in the order in which they were decided.
            file_name: format!("{:08}-{name}", message.id),
        })
    }

    /// Commits that the body is about to leave; an error keeps it from leaving.
    async fn mark_body(&self, id: i64, fence: i64, safe: bool) -> std::result::Result<(), String> {
        if safe {
            return Ok(());
        }
        let text = |error: crate::store::StoreError| error.to_string();
        let mut tx = self.store.write().await.map_err(text)?;
        if !outbox::body(&mut tx, id, fence).await.map_err(text)? {
            return Err("the message belongs to another sender now".to_owned());
        }
        tx.commit().await.map_err(text)
    }

    async fn write_results(
        &self,
        results: &mut Vec<(i64, i64, AttemptResult)>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        if results.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        for (id, fence, result) in results.drain(..) {
            outbox::result(&mut tx, id, fence, &result, millis(now)).await?;
        }
        tx.commit().await?;
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

async fn deliver<F, Fut>(
    transport: &Transport,
    session: &mut Option<Session>,
    outgoing: &Outgoing,
    before_body: F,
) -> Outcome
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = std::result::Result<(), String>>,
{
    if session.as_ref().is_none_or(|session| !session.is_usable()) {
        match transport.open().await {
            Ok(open) => *session = Some(open),
            Err(outcome) => return outcome,
        }
    }
    match session {
        Some(session) => session.send(outgoing, before_body).await,
        None => Outcome::NotSent("no connection".to_owned()),
    }
}

/// Claimed, but not tried: back to the queue as if nothing had been.
fn unsent(message: &Message) -> Verdict {
    Verdict {
        result: AttemptResult {
            state: "queued",
            due_at: message.due_at,
            error: message.last_error.clone(),
            charged: false,
        },
        word: "",
        relay: None,
    }
}

fn judge(message: &Message, outcome: Outcome, now: DateTime<Utc>) -> Verdict {
    let at = millis(now);
    let queued = |wait_secs: i64, error: String, charged: bool| AttemptResult {
        state: "queued",
        due_at: at + wait_secs * 1000,
        error: Some(error),
        charged,
    };
    let ended = |state: &'static str, error: Option<String>| AttemptResult {
        state,
        due_at: message.due_at,
        error,
        charged: true,
    };
    match outcome {
        Outcome::Accepted => Verdict { result: ended("sent", None), word: "sent", relay: None },
        Outcome::InDoubt(why) => {
            Verdict { result: ended("in_doubt", Some(why)), word: "in_doubt", relay: None }
        }
        Outcome::NotSent(why) => Verdict {
            result: queued(RELAY_PAUSE_SECS, why.clone(), false),
            word: "waiting",
            relay: Some(why),
        },
        Outcome::Refused { step, code, text } => {
            let why = format!("{code} at {step}: {text}");
            let at_recipient = step == "RCPT" || step == "address";
            match code {
                400..=499 if message.attempts + 1 < ATTEMPTS_MAX => Verdict {
                    result: queued(backoff_secs(message), why, true),
                    word: "waiting",
                    relay: None,
                },
                500..=599 if !at_recipient => Verdict {
                    result: queued(RELAY_PAUSE_SECS * 15, why.clone(), false),
                    word: "waiting",
                    relay: Some(why),
                },
                _ => Verdict { result: ended("failed", Some(why)), word: "failed", relay: None },
            }
        }
    }
}

/// One minute, doubled with each attempt, at most four hours; spread by the message's number so that messages which
/// were refused together do not come back together.
fn backoff_secs(message: &Message) -> i64 {
    let doubled = BACKOFF_FIRST_SECS << message.attempts.clamp(0, 16);
    let limit = doubled.min(BACKOFF_MAX_SECS);
    limit / 2 + message.id * 7919 % (limit / 2 + 1)
}
