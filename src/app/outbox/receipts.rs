//! Asks the services for receipts and replies, and settles what is in doubt: where a service knows the text it was
//! taken, where its list does not have it after a while it was not, and where it keeps no list somebody decides.

use crate::app::{App, Result, millis, passing};
use crate::clock::Clock;
use crate::config::{ChannelConfig, Place, ReceiptWay};
use crate::domain::date::day_of;
use crate::domain::gateway::{Receipt, Service};
use crate::domain::message::{MailState, PassageEvent};
use crate::mail::transport::{GatewayConfig, Pushed, Transport};
use crate::store::receipts::{self, Asked};
use crate::store::{outbox, ways};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Texts about which a service is asked in one round.
const ASKED_MAX: i64 = 100;
/// Answers of a queue that are read in one round.
const PAGES_MAX: usize = 20;
/// How long a text that waits for its receipt is asked for: later the services' own lists end too. Our choice.
const WAIT_MAX: TimeDelta = TimeDelta::days(3);
/// How long receipts that nobody asked for are kept.
const EARLY_KEPT: TimeDelta = TimeDelta::days(7);
/// How much later than ours the time in a service's list may be.
const LIST_LATE: TimeDelta = TimeDelta::minutes(5);
/// How far the service's clock may be off from ours.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// What a round of asking brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Gathered {
    /// New receipts.
    pub receipts: usize,
    /// New replies.
    pub replies: usize,
    /// Messages in doubt that were settled.
    pub settled: usize,
    /// Channels that could not be asked, and why.
    pub failed: BTreeMap<String, String>,
}

/// A channel that is asked.
struct Source<'a> {
    name: &'a str,
    channel: &'a ChannelConfig,
    gateway: GatewayConfig,
    now: DateTime<Utc>,
    /// The wall clock, by which services keep their lists.
    wall: DateTime<Utc>,
}

impl App {
    /// Whether a service has to be asked for anything.
    pub fn asks_services(&self) -> bool {
        self.config.channels.values().any(is_asked)
    }

    /// Asks every service once. A database that must not send asks nothing either: what a queue has handed over does
    /// not come again.
    pub async fn gather(&self, now: DateTime<Utc>) -> Result<Gathered> {
        let mut out = Gathered::default();
        if self.held(now).await?.is_some() {
            return Ok(out);
        }
        for (name, channel) in self.config.channels.iter().filter(|(_, channel)| is_asked(channel))
        {
            let gateway = match self.channel_transport(name) {
                Ok(Transport::Gateway(gateway)) => *gateway,
                Ok(_) => continue,
                Err(error) => {
                    out.failed.insert(name.clone(), error.to_string());
                    continue;
                }
            };
            let wall = Clock::System.now();
            let source = Source { name, channel, gateway, now, wall };
            if let Err(said) = self.ask(&source, &mut out).await? {
                out.failed.insert(name.clone(), said);
            }
        }
        let mut tx = self.store.write().await?;
        receipts::forget_early(&mut tx, millis(now - EARLY_KEPT)).await?;
        tx.commit().await?;
        Ok(out)
    }

    async fn ask(
        &self,
        source: &Source<'_>,
        out: &mut Gathered,
    ) -> Result<std::result::Result<(), String>> {
        let is_pulled = source.channel.receipts == ReceiptWay::Pull;
        if is_pulled && source.channel.kind == Service::Tencent {
            for _ in 0..PAGES_MAX {
                let found = match source.gateway.next_receipts().await {
                    Ok(found) => found,
                    Err(said) => return Ok(Err(said)),
                };
                if found.is_empty() {
                    break;
                }
                let pushed = Pushed { receipts: found, replies: Vec::new() };
                out.receipts += self.take_in(source.name, &pushed, source.now).await?.0;
            }
            for _ in 0..PAGES_MAX {
                let found = match source.gateway.next_replies().await {
                    Ok(found) => found,
                    Err(said) => return Ok(Err(said)),
                };
                if found.is_empty() {
                    break;
                }
                let pushed = Pushed { receipts: Vec::new(), replies: found };
                out.replies += self.take_in(source.name, &pushed, source.now).await?.1;
            }
        }
        let mut tx = self.store.read().await?;
        let mut asked = receipts::in_doubt(&mut tx, source.name, ASKED_MAX).await?;
        let doubtful = asked.len();
        if is_pulled {
            // Tencent's queue has most of them; what it lost is asked for by number.
            let first = if source.channel.kind == Service::Tencent { 60 } else { 0 };
            let until = source.wall - TimeDelta::minutes(first);
            let span = (millis(source.wall - WAIT_MAX), millis(until));
            let turn = source.wall.timestamp() / 60;
            asked.extend(receipts::waiting(&mut tx, source.name, span, (ASKED_MAX, turn)).await?);
        }
        drop(tx);
        for (nth, one) in asked.iter().enumerate() {
            let is_doubtful = nth < doubtful;
            if is_doubtful && self.was_early(source, one).await? {
                out.settled += 1;
                continue;
            }
            let done = match source.channel.kind {
                Service::Aliyun => self.ask_aliyun(source, one, is_doubtful).await?,
                _ => self.ask_tencent(source, one, &asked[..doubtful]).await?,
            };
            match done {
                Err(said) => return Ok(Err(said)),
                Ok(true) if is_doubtful => out.settled += 1,
                Ok(true) => out.receipts += 1,
                Ok(false) => {}
            }
        }
        Ok(Ok(()))
    }

    /// Whether the receipt of a text in doubt came before that was known.
    async fn was_early(&self, source: &Source<'_>, one: &Asked) -> Result<bool> {
        let mut tx = self.store.write().await?;
        let early = receipts::take_early(&mut tx, source.name, &one.key).await?;
        let Some((arrived, code)) = early else { return Ok(false) };
        let (serial, number) = (String::new(), one.number.clone());
        let receipt =
            Receipt { serial, key: Some(one.key.clone()), number, arrived, code, at: None };
        let is_new = self.receipt(&mut tx, source, &receipt).await?;
        tx.commit().await?;
        Ok(is_new)
    }

    /// Aliyun's list of a number and a day has every text that was taken, by our name.
    async fn ask_aliyun(
        &self,
        source: &Source<'_>,
        one: &Asked,
        is_doubtful: bool,
    ) -> Result<std::result::Result<bool, String>> {
        let left = DateTime::from_timestamp_millis(one.left_at).unwrap_or(source.wall);
        // Its days are China's. What left at midnight may be in the list of the next day.
        let days = [left, left + LIST_LATE].map(|at| day_of(chrono_tz::Asia::Shanghai, at));
        let mut details = Vec::new();
        for day in BTreeSet::from(days) {
            match source.gateway.details(&one.number, day).await {
                Ok(found) => details.extend(found),
                Err(said) => return Ok(Err(said)),
            }
        }
        let found = details.into_iter().find(|detail| detail.key == one.key);
        let at = millis(source.now);
        let mut tx = self.store.write().await?;
        let done = match found {
            Some(detail) => match detail.receipt {
                Some(receipt) => self.receipt(&mut tx, source, &receipt).await?,
                None if is_doubtful => {
                    let taken = receipts::taken(&mut tx, one.id, at).await?;
                    if taken {
                        let noted = [(one.id, source.name, PassageEvent::Settled, "taken")];
                        ways::note(&mut tx, &noted, at).await?;
                    }
                    taken
                }
                None => false,
            },
            None if is_doubtful && source.wall - left >= source.patience() => {
                // It may go again, within its own hours.
                let change = (MailState::InDoubt, MailState::Queued);
                let why = "the service's list does not have it";
                let back = outbox::set(&mut tx, one.id, change, at, why, at).await?;
                if back {
                    let noted = [(one.id, source.name, PassageEvent::Settled, "not taken")];
                    ways::note(&mut tx, &noted, at).await?;
                }
                back
            }
            None => false,
        };
        tx.commit().await?;
        Ok(Ok(done))
    }

    /// Tencent's list of a number has receipts without our name, so that a receipt belongs to a text in doubt only
    /// where no other text can have it. That there is none says nothing.
    async fn ask_tencent(
        &self,
        source: &Source<'_>,
        one: &Asked,
        doubtful: &[Asked],
    ) -> Result<std::result::Result<bool, String>> {
        let left = DateTime::from_timestamp_millis(one.left_at).unwrap_or(source.wall);
        let week = source.wall - TimeDelta::days(7) + SKEW;
        let since = (left - SKEW).max(week);
        let found = match source.gateway.receipts_of(&one.number, since).await {
            Ok(found) => found,
            Err(said) => return Ok(Err(said)),
        };
        let mut tx = self.store.write().await?;
        let mut is_new = false;
        if let Some(serial) = &one.serial {
            for receipt in found.iter().filter(|receipt| receipt.serial == *serial) {
                is_new |= self.receipt(&mut tx, source, receipt).await?;
            }
        } else {
            let known = receipts::serials_of(&mut tx, source.name, &one.number).await?;
            let same = |other: &&Asked| other.number == one.number && other.serial.is_none();
            let rivals = doubtful.iter().filter(same).count();
            let named = |receipt: &&Receipt| receipt.key.as_deref() == Some(one.key.as_str());
            let free =
                |receipt: &&Receipt| !known.contains(&receipt.serial) && receipt.key.is_none();
            let mut unclaimed: BTreeMap<&str, &Receipt> = BTreeMap::new();
            for receipt in found.iter().filter(free) {
                unclaimed.entry(receipt.serial.as_str()).or_insert(receipt);
            }
            let mine = found.iter().find(named);
            let mine = mine.or_else(|| {
                (unclaimed.len() >= rivals).then(|| unclaimed.values().next().copied()).flatten()
            });
            if let Some(receipt) = mine {
                let receipt = Receipt { key: Some(one.key.clone()), ..receipt.clone() };
                is_new = self.receipt(&mut tx, source, &receipt).await?;
            }
        }
        tx.commit().await?;
        Ok(Ok(is_new))
    }

    async fn receipt(
        &self,
        tx: &mut crate::store::Tx,
        source: &Source<'_>,
        receipt: &Receipt,
    ) -> Result<bool> {
        let of = (source.name, source.channel.kind);
        let day = day_of(source.channel.zone, receipt.at.unwrap_or(source.now));
        passing::receipt(tx, of, receipt, (day, source.now)).await
    }

    /// Takes in receipts and replies of a channel, also those that are known. Returns how many of each are new.
    pub async fn take_in(
        &self,
        name: &str,
        pushed: &Pushed,
        now: DateTime<Utc>,
    ) -> Result<(usize, usize)> {
        let channel = self.channel(name)?;
        let (mut new, mut said) = (0, 0);
        let mut tx = self.store.write().await?;
        for receipt in &pushed.receipts {
            let day = day_of(channel.zone, receipt.at.unwrap_or(now));
            let of = (name, channel.kind);
            new += usize::from(passing::receipt(&mut tx, of, receipt, (day, now)).await?);
        }
        for reply in &pushed.replies {
            said += usize::from(passing::reply(&mut tx, name, reply, now).await?);
        }
        tx.commit().await?;
        Ok((new, said))
    }
}

impl Source<'_> {
    /// How long a service's list may need to have a text.
    fn patience(&self) -> TimeDelta {
        TimeDelta::seconds(i64::try_from(self.channel.settle_seconds).unwrap_or(i64::MAX / 1000))
    }
}

/// Whether a channel has something to ask for.
fn is_asked(channel: &ChannelConfig) -> bool {
    channel.kind.wants_templates() && channel.transport == Place::Service
}
