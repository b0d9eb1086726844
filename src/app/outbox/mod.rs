//! Sends queued mail. `claim` takes what is due, each `lane` sends over a connection of its own, `consequence` says
//! what an answer means, and `ledger` stores that a body leaves and what became of it.

mod claim;
mod consequence;
mod lane;
mod ledger;
mod line;
mod receipts;
mod truth;

use super::bounces::no_mail_to;
use super::{App, AppError, Result, millis};
use crate::clock::Clock;
use crate::config::MAIL;
use crate::domain::message::{AttemptOutcome, MailState, PassageEvent};
use crate::domain::refusal::Streak;
use crate::mail::mask;
use crate::mail::message::canonical;
use crate::mail::transport::Connection;
use crate::store::installation::Hold;
use crate::store::outbox::Message;
use crate::store::{Tx, bounces, outbox, relays, ways};
use chrono::{DateTime, Utc};
use claim::Taken;
use futures_util::future::join_all;
use lane::Round;
use line::Line;
pub(super) use line::password;
pub use receipts::Gathered;
use std::collections::BTreeMap;

/// The most messages claimed at once.
const BATCH: i64 = 100;
/// How long a claim holds without renewal, in milliseconds; then another sender takes over.
const LEASE_MS: i64 = 30_000;

/// States from which a message may be queued again by hand: it has certainly not arrived.
const MAY_GO_AGAIN: [MailState; 4] =
    [MailState::Failed, MailState::Expired, MailState::Bounced, MailState::Queued];
/// What is noted with a message in doubt that somebody settled.
const RESOLVED: &str = "resolved by hand";
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

    /// Takes in what a drain of another channel did.
    fn join(&mut self, other: Self) {
        for (what, count) in other.results {
            *self.results.entry(what).or_default() += count;
        }
        self.relay = match (self.relay.take(), other.relay) {
            (Some(one), Some(two)) => Some(format!("{one}; {two}")),
            (one, two) => one.or(two),
        };
        self.wait_until = match (self.wait_until, other.wait_until) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
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
    /// Sends what is due: over each channel by itself, so that one that is slow or down does not delay another, and
    /// over several connections at once.
    pub async fn drain(&self, sender: &Sender<'_>) -> Result<Drained> {
        let mut done = Drained::default();
        if let Some(hold) = self.held(sender.clock.now()).await? {
            done.held = Some(hold);
            return Ok(done);
        }
        let (lines, wrong) = self.lines()?;
        let drains = lines.iter().map(|line| Box::pin(self.drain_line(line, sender)));
        for one in join_all(drains).await {
            done.join(one?);
        }
        for said in wrong {
            done.join(Drained { relay: Some(said), ..Drained::default() });
        }
        Ok(done)
    }

    async fn drain_line(&self, line: &Line, sender: &Sender<'_>) -> Result<Drained> {
        let mut done = Drained::default();
        self.reclaim(line, sender.clock.now()).await?;
        let mut is_tidy = false;
        let mut connections: Vec<Option<Connection>> = Vec::new();
        connections.resize_with(line.connections, || None);
        while !(sender.stop)() && done.relay.is_none() {
            let taken = self.claim(line, sender, &mut done).await?;
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
                line.transport.tidy().await;
                is_tidy = true;
            }
            let round = Round::new(claimed, streak, line, done);
            let owner = line.owner(sender.owner);
            let ended = self.send_round(&round, &mut connections, sender, &owner).await;
            let health = round.health();
            done = round.into_done();
            self.note_health(line, &health, sender.clock.now()).await?;
            ended?;
        }
        for connection in connections.into_iter().flatten() {
            connection.quit().await;
        }
        if done.wait_until.is_none() && !line.is_mail() {
            let mut tx = self.store.read().await?;
            done.wait_until = outbox::next_due(&mut tx, Some(&line.name)).await?;
        }
        if let Some(said) = done.relay.take() {
            done.relay = Some(line.named(said));
        }
        Ok(done)
    }

    async fn reclaim(&self, line: &Line, now: DateTime<Utc>) -> Result<()> {
        let mut tx = self.store.write().await?;
        let clock = self.store.lease_clock(&mut tx).await?;
        let why = "the sender ended between the body and its result";
        let of = (line.name.as_str(), line.safe);
        let count = outbox::reclaim(&mut tx, of, clock, millis(now), why).await?;
        tx.commit().await?;
        if count > 0 {
            tracing::warn!(count, "messages of a sender that ended were taken over");
        }
        Ok(())
    }

    /// Stores how a server behaved, for all daemons.
    async fn note_health(
        &self,
        line: &Line,
        health: &lane::Health,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let at = millis(now);
        let mut tx = self.store.write().await?;
        let mut state = relays::lock(&mut tx, &line.relay).await?;
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
        if let Some(secs) = health.shut_secs {
            state.paused_until = state.paused_until.max(at + i64::from(secs) * 1000);
        }
        // Who refused it does not matter to the next look.
        state.streak = Streak { reader: String::new(), ..health.streak.clone() };
        if health.slow_down {
            state.slow_down(at, line.pace);
        }
        if state != before {
            relays::save(&mut tx, &line.relay, &state).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Settles a message in doubt: it arrived, or it is queued again. `false` if it was not in doubt.
    pub async fn resolve_doubt(&self, id: i64, sent: bool, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.store.write().await?;
        let done = settle_in(&mut tx, id, sent, now).await?;
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
        let done = retry_in(&mut tx, id, now).await?;
        tx.commit().await?;
        Ok(done)
    }
}

/// Settles a message in doubt; `false` if it was not in doubt.
pub(super) async fn settle_in(
    tx: &mut Tx,
    id: i64,
    sent: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let to = if sent { MailState::Sent } else { MailState::Queued };
    let at = millis(now);
    let done = outbox::set(tx, id, (MailState::InDoubt, to), at, RESOLVED, at).await?;
    if done && let Some(message) = outbox::find(tx, id).await? {
        let said = if sent { "arrived" } else { "goes again" };
        let noted = [(id, message.channel.as_str(), PassageEvent::Settled, said)];
        ways::note(tx, &noted, at).await?;
    }
    Ok(done)
}

/// Why a message need not go again: its time is over, or its reader gets no mail. `None`: it is of use.
pub(super) async fn no_use(
    tx: &mut Tx,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<Option<AppError>> {
    if message.send_by.is_some_and(|last| last <= millis(now)) {
        return Ok(Some(AppError::refused("refused-too-late", &[("id", &message.id)])));
    }
    if message.channel == MAIL { no_mail_to(tx, &message.to).await } else { Ok(None) }
}

/// Queues a message again; `false` if its state does not allow it.
pub(super) async fn retry_in(tx: &mut Tx, id: i64, now: DateTime<Utc>) -> Result<bool> {
    let at = millis(now);
    for from in MAY_GO_AGAIN {
        let change = (from, MailState::Queued);
        if outbox::set(tx, id, change, at, AGAIN_BY_HAND, at).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
