//! What follows when an attempt has ended or a receipt has come: the message's history, the bill, what is known of the
//! number, and the next way where this one led nowhere.

use super::{Result, millis};
use crate::config::MAIL;
use crate::domain::gateway::{Fate, Receipt, Reply, Service, fate, is_stop};
use crate::domain::id::CampaignNo;
use crate::domain::message::{MailState, PassageEvent, ReceiptState, Whose};
use crate::mail::message::canonical;
use crate::store::outbox::{self, AttemptResult};
use crate::store::receipts::{self, Phone};
use crate::store::{Tx, bounces, unsubscribed, ways};
use chrono::{DateTime, NaiveDate, Utc};

/// Days on which a number was missed, one after the other, after which it is closed. The services have one code for
/// numbers that do not exist and for phones that are off, so that one day proves nothing. Our choice.
const MISSES_MAX: i64 = 2;

/// A message to a service, as its history and its bill need it.
pub(super) struct About {
    pub(super) channel: String,
    pub(super) service: Service,
    /// Our name of the message.
    pub(super) key: String,
    pub(super) number: String,
    pub(super) campaign: Option<CampaignNo>,
    pub(super) segments: i64,
    /// The day of the bill.
    pub(super) day: NaiveDate,
}

/// Stores what follows from an attempt that has ended.
pub(super) async fn ended(
    tx: &mut Tx,
    id: i64,
    result: &AttemptResult,
    about: Option<&About>,
    now: DateTime<Utc>,
) -> Result<()> {
    let at = millis(now);
    if let Some(about) = about {
        let event = match result.state {
            MailState::Sent => Some(PassageEvent::Taken),
            MailState::InDoubt => Some(PassageEvent::InDoubt),
            _ if result.error.is_some() => Some(PassageEvent::Refused),
            _ => None,
        };
        if let Some(event) = event {
            let said = result.error.as_deref().unwrap_or_default();
            ways::note(tx, &[(id, &about.channel, event, said)], at).await?;
        }
        let may_cost = matches!(result.state, MailState::Sent | MailState::InDoubt);
        if let Some(campaign) = about.campaign.filter(|_| may_cost && about.segments > 0) {
            ways::spend(tx, (&about.channel, about.day), campaign, about.segments).await?;
        }
        if may_cost {
            let names = [Some(about.key.as_str()), result.serial.as_deref()];
            for name in names.into_iter().flatten() {
                let Some((arrived, code)) = receipts::take_early(tx, &about.channel, name).await?
                else {
                    continue;
                };
                let of = (id, about.channel.as_str());
                if came(tx, of, None, (arrived, &code), now).await? {
                    let fate = fate(about.service, arrived, &code);
                    count(tx, &about.number, fate, (about.day, now)).await?;
                }
            }
        }
        if result.closes {
            let why = result.error.as_deref().unwrap_or_default();
            close(tx, &about.number, why, now).await?;
        }
    }
    if matches!(result.state, MailState::Failed | MailState::Unroutable) {
        next_way(tx, id, now).await?;
    }
    Ok(())
}

/// Queues a message that did not arrive by its next way that is open; `false` if there is none.
pub(super) async fn next_way(tx: &mut Tx, id: i64, now: DateTime<Utc>) -> Result<bool> {
    let at = millis(now);
    while let Some(way) = ways::next(tx, id).await? {
        ways::take(tx, id, way.nth).await?;
        if let Some(why) = shut(tx, &way.channel, &way.recipient).await? {
            let noted = [(id, way.channel.as_str(), PassageEvent::NoWay, why.as_str())];
            ways::note(tx, &noted, at).await?;
            continue;
        }
        let goes = ways::go(tx, id, &way, at).await?;
        if goes {
            let whose = way.whose.map_or("", Whose::word);
            let noted = [(id, way.channel.as_str(), PassageEvent::NextWay, whose)];
            ways::note(tx, &noted, at).await?;
        }
        return Ok(goes);
    }
    Ok(false)
}

/// Why nothing goes to an address or number; `None` if something may.
async fn shut(tx: &mut Tx, channel: &str, recipient: &str) -> Result<Option<String>> {
    if channel != MAIL {
        let phone = receipts::phone(tx, recipient).await?;
        return Ok(phone.closed_at.map(|_| phone.why.unwrap_or_default()));
    }
    let address = canonical(recipient);
    let suppressed = bounces::suppressed_of(tx, std::slice::from_ref(&address)).await?;
    if suppressed.contains_key(&address) {
        return Ok(Some("its mails came back".to_owned()));
    }
    let has_left = unsubscribed::addresses(tx).await?.contains(&address);
    Ok(has_left.then(|| "unsubscribed".to_owned()))
}

/// Closes a number: it gets no more texts, and what waits for it goes by its next way.
pub(super) async fn close(tx: &mut Tx, number: &str, why: &str, now: DateTime<Utc>) -> Result<()> {
    let known = receipts::phone(tx, number).await?;
    let phone = Phone {
        closed_at: known.closed_at.or(Some(millis(now))),
        why: Some(why.to_owned()),
        ..known
    };
    receipts::save_phone(tx, number, &phone).await?;
    for id in ways::waiting_for(tx, number).await? {
        let said = format!("the number takes no texts: {why}");
        if ways::close(tx, id, &said, millis(now)).await? {
            next_way(tx, id, now).await?;
        }
    }
    Ok(())
}

/// Takes in what somebody wrote back; `false` if it is known. Whoever asks for no more gets no more, in any campaign.
pub(super) async fn reply(
    tx: &mut Tx,
    channel: &str,
    reply: &Reply,
    now: DateTime<Utc>,
) -> Result<bool> {
    let stops = is_stop(&reply.text);
    if !receipts::insert_reply(tx, channel, reply, stops, millis(now)).await? {
        return Ok(false);
    }
    if stops {
        close(tx, &reply.number, "its reader asked for no more", now).await?;
    }
    Ok(true)
}

/// Takes in a receipt of a channel; `false` if it says nothing new.
pub(super) async fn receipt(
    tx: &mut Tx,
    (channel, service): (&str, Service),
    receipt: &Receipt,
    (day, now): (NaiveDate, DateTime<Utc>),
) -> Result<bool> {
    let said = (receipt.arrived, receipt.code.as_str());
    let found = receipts::find(tx, channel, &receipt.serial, receipt.key.as_deref()).await?;
    let message = match found {
        Some(id) => outbox::find(tx, id).await?,
        None => None,
    };
    let Some(message) = message.filter(|message| message.state != MailState::Sending) else {
        // Receipts may come before the answer to what they are about.
        let name = receipt.key.as_deref().unwrap_or(&receipt.serial);
        if name.is_empty() {
            return Ok(false);
        }
        return Ok(receipts::keep_early(tx, (channel, name), said, millis(now)).await?);
    };
    let (id, number) = (message.id, message.to);
    let serial = (!receipt.serial.is_empty()).then_some(receipt.serial.as_str());
    let is_new = came(tx, (id, channel), serial, said, now).await?;
    if is_new {
        count(tx, &number, fate(service, receipt.arrived, &receipt.code), (day, now)).await?;
    }
    Ok(is_new)
}

/// Stores a receipt at its message, and goes on by the next way if it did not arrive.
async fn came(
    tx: &mut Tx,
    (id, channel): (i64, &str),
    serial: Option<&str>,
    (arrived, code): (bool, &str),
    now: DateTime<Utc>,
) -> Result<bool> {
    let at = millis(now);
    let state = if arrived { ReceiptState::Arrived } else { ReceiptState::Missed };
    if !receipts::set(tx, id, state, (code, serial), at).await? {
        return Ok(false);
    }
    let event = if arrived { PassageEvent::Arrived } else { PassageEvent::Missed };
    ways::note(tx, &[(id, channel, event, code)], at).await?;
    if !arrived {
        next_way(tx, id, now).await?;
    }
    Ok(true)
}

/// Counts what a receipt says of a number.
async fn count(
    tx: &mut Tx,
    number: &str,
    fate: Fate,
    (day, now): (NaiveDate, DateTime<Utc>),
) -> Result<()> {
    let known = receipts::phone(tx, number).await?;
    match fate {
        Fate::Refused => Ok(()),
        Fate::Closed => close(tx, number, "the service has it on its list", now).await,
        Fate::Arrived if known.misses == 0 => Ok(()),
        Fate::Arrived => {
            let phone = Phone { misses: 0, missed_on: None, ..known };
            Ok(receipts::save_phone(tx, number, &phone).await?)
        }
        Fate::Missed if known.missed_on == Some(day) => Ok(()),
        Fate::Missed => {
            let misses = known.misses + 1;
            let phone = Phone { misses, missed_on: Some(day), ..known };
            receipts::save_phone(tx, number, &phone).await?;
            if misses < MISSES_MAX {
                return Ok(());
            }
            close(tx, number, "it was missed on two days", now).await
        }
    }
}
