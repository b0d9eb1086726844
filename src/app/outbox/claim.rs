//! Claims mails from the queue, as many as circuit breaker and pace allow. A mail that is too late expires, one that
//! falls into quiet hours is postponed, one that is no longer true is withdrawn. All three are decided here, when it
//! would be sent, and never earlier.

use super::line::Line;
use super::{BATCH, Drained, LEASE_MS, Sender};
use crate::app::{App, Result, millis};
use crate::domain::date::resolve;
use crate::domain::id::CampaignNo;
use crate::domain::message::{AttemptOutcome, MailState};
use crate::domain::refusal::Streak;
use crate::domain::relay::Allowance;
use crate::mail::message::canonical;
use crate::store::outbox::{self, AttemptResult, Claimed};
use crate::store::{Tx, relays};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// Mails to send, and what the server refused before them.
pub(super) struct Taken {
    pub(super) claimed: Vec<Claimed>,
    pub(super) streak: Streak,
    /// Campaigns of which mails were withdrawn, because what they say is no longer so.
    pub(super) withdrawn: BTreeSet<CampaignNo>,
}

/// Why a mail is not sent now.
enum PutOff {
    Expired(&'static str),
    Until(i64),
    Untrue,
}

impl App {
    /// Claims the next messages; `None` if nothing is due or nothing may go now. The list is empty if all were put off.
    pub(super) async fn claim(
        &self,
        line: &Line,
        sender: &Sender<'_>,
        done: &mut Drained,
    ) -> Result<Option<Taken>> {
        let now = sender.clock.now();
        let at = millis(now);
        let (pace, relay) = (line.pace, line.relay.as_str());
        let mut tx = self.store.write().await?;
        let mut state = relays::lock(&mut tx, relay).await?;
        let before = state.clone();
        let patient = !(sender.by_hand && done.results.is_empty());
        let limit = match state.allowance(at, BATCH, pace, patient) {
            Allowance::Go(count) => count,
            Allowance::Wait(until) => {
                done.wait_until = Some(until);
                done.relay = state.is_down().then(|| state.last_error.clone().unwrap_or_default());
                return Ok(None);
            }
        };
        let limit = match line.left_of_budget(&mut tx, now).await? {
            Ok(left) => limit.min(left),
            Err((until, said)) => {
                done.wait_until = Some(until);
                done.relay = Some(said);
                return Ok(None);
            }
        };
        let lease = self.store.lease_clock(&mut tx).await? + LEASE_MS;
        let owner = line.owner(sender.owner);
        let due = outbox::claim(&mut tx, &line.name, (&owner, lease), at, limit).await?;
        if due.is_empty() {
            return Ok(None);
        }
        let mut claimed = Vec::new();
        let untrue = self.untrue(&mut tx, &due, now).await?;
        for one in due {
            let is_untrue = untrue.contains_key(&one.message.id);
            let why = if is_untrue { Some(PutOff::Untrue) } else { line.put_off(&one, now) };
            let Some(why) = why else {
                claimed.push(one);
                continue;
            };
            self.set_aside(&mut tx, &one, why, done, at).await?;
        }
        state.took(at, i64::try_from(claimed.len()).unwrap_or(limit), pace);
        if claimed.is_empty() {
            // No message is left to probe the server, so the next claim may.
            state.paused_until = before.paused_until;
        }
        if state != before {
            relays::save(&mut tx, relay, &state).await?;
        }
        let mut streak = state.streak;
        if let Some(mail) = streak.mail {
            let last = outbox::find(&mut tx, mail).await?;
            streak.reader = last.map(|last| canonical(&last.to)).unwrap_or_default();
        }
        tx.commit().await?;
        self.store.step("mail.claimed");
        Ok(Some(Taken { claimed, streak, withdrawn: untrue.into_values().collect() }))
    }

    /// Stores why a message is not sent now.
    async fn set_aside(
        &self,
        tx: &mut Tx,
        one: &Claimed,
        why: PutOff,
        done: &mut Drained,
        at: i64,
    ) -> Result<()> {
        let (state, due_at, why) = match why {
            PutOff::Expired(why) => (MailState::Expired, one.message.due_at, why),
            PutOff::Until(end) => (MailState::Queued, end, "quiet hours"),
            PutOff::Untrue => (MailState::Withdrawn, one.message.due_at, "no longer true"),
        };
        done.count(match state {
            MailState::Expired => AttemptOutcome::Expired,
            MailState::Withdrawn => AttemptOutcome::Withdrawn,
            _ => AttemptOutcome::Postponed,
        });
        let result = AttemptResult::new(state, due_at, Some(why.to_owned()), false);
        outbox::result(tx, one.message.id, one.message.fence, &result, at).await?;
        Ok(())
    }
}

impl Line {
    /// Why a message is not sent now; `None` if it may go.
    fn put_off(&self, one: &Claimed, now: DateTime<Utc>) -> Option<PutOff> {
        let (message, at) = (&one.message, millis(now));
        if message.send_by.is_some_and(|last| last <= at) {
            return Some(PutOff::Expired("too late to be of use"));
        }
        let quiet = self.quiet_hours;
        let zone: chrono_tz::Tz = message.zone.parse().unwrap_or(chrono_tz::UTC);
        let local = now.with_timezone(&zone).naive_local();
        if !message.quiet || !quiet.contains(local.time()) {
            return None;
        }
        let mut day = local.date();
        if local.time() >= quiet.until {
            day += TimeDelta::days(1);
        }
        let end = millis(resolve(zone, day.and_time(quiet.until))).max(at + 1);
        if message.send_by.is_some_and(|last| last <= end) {
            return Some(PutOff::Expired("quiet hours last until it is too late to be of use"));
        }
        Some(PutOff::Until(end))
    }
}
