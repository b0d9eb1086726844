//! The ways of a message, and what happened to it: which attempts, receipts and changes of way there were.

use super::db::Row;
use super::plans::unpack;
use super::{CampaignNo, Result, StoreError, Tx};
use crate::domain::message::{PassageEvent, Whose};
use crate::{args, bulk};
use chrono::NaiveDate;
use serde::Serialize;

const NEXT: &str = "SELECT w.nth, w.channel, w.recipient, w.content, w.segments, w.whose, \
     o.channel, o.message_id FROM way w JOIN outbox o ON o.id = w.outbox \
     WHERE w.outbox = $1 ORDER BY w.nth LIMIT 1";
const TAKE: &str = "DELETE FROM way WHERE outbox = $1 AND nth = $2";
const GO: &str = "UPDATE outbox SET channel = $2, recipient = $3, content = $4, segments = $5, \
     state = 'queued', phase = NULL, owner = NULL, lease_until = NULL, attempts = 0, due_at = $6, \
     changed_at = $6, fence = fence + 1, serial = NULL, receipt = NULL, left_at = NULL, \
     message_id = $7 \
     WHERE id = $1 AND state IN ('failed', 'bounced', 'unroutable')";
bulk!(NOTE, 5, "INSERT INTO passage (outbox, at, channel, event, said) VALUES", "");
const PASSAGES: &str = "SELECT at, channel, event, said FROM passage WHERE outbox = $1 ORDER BY id";
const EVENTS: &str = "SELECT channel, event, COUNT(*) FROM passage GROUP BY channel, event \
     ORDER BY channel, event";
// Reminders are found by the campaign and the person.
const OF_PERSON: &str = "SELECT DISTINCT r.outbox FROM campaign c CROSS JOIN reminder r \
     WHERE r.campaign = c.no AND r.person = $1 ORDER BY r.outbox";
const SPEND: &str = "INSERT INTO spending (channel, day, campaign, messages, segments) \
     VALUES ($1, $2, $3, 1, $4) ON CONFLICT (channel, day, campaign) DO UPDATE SET \
     messages = spending.messages + 1, segments = spending.segments + excluded.segments";
const SPENT_ON: &str = "SELECT CAST(COALESCE(SUM(segments), 0) AS BIGINT) FROM spending \
     WHERE channel = $1 AND day = $2";
const SPENT: &str = "SELECT s.channel, s.day, c.id, s.messages, s.segments FROM spending s \
     JOIN campaign c ON c.no = s.campaign ORDER BY s.day, s.channel, c.id";
const TO_NUMBER: &str = "SELECT id FROM outbox WHERE recipient = $1 AND channel <> 'mail' \
     AND state = 'queued' ORDER BY id";
const CLOSE: &str = "UPDATE outbox SET state = 'failed', fence = fence + 1, changed_at = $2, \
     last_error = $3 WHERE id = $1 AND state = 'queued'";
const LEFT: &str = "DELETE FROM way WHERE outbox = $1";

/// What stands in a message's name before the number of its way. No name has it by itself.
const SECOND: char = '+';

/// A way that is taken next.
pub struct NextWay {
    /// Its number among the message's ways.
    pub nth: i64,
    /// `mail`, or a channel.
    pub channel: String,
    /// Address or number.
    pub recipient: String,
    /// Whose number it is.
    pub whose: Option<Whose>,
    content: Vec<u8>,
    segments: i64,
    /// The name under which the message goes by it.
    message_id: String,
}

/// Something that happened to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// When, milliseconds since 1970.
    #[serde(skip)]
    pub at: i64,
    /// By which way.
    pub channel: String,
    /// What.
    pub event: PassageEvent,
    /// Codes and reasons.
    pub said: String,
}

/// What a channel cost on a day for a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// The channel.
    pub channel: String,
    /// The day, in the channel's zone.
    pub day: NaiveDate,
    /// The campaign's id.
    pub campaign: String,
    /// Messages.
    pub messages: u64,
    /// Parts of the service's bill.
    pub segments: u64,
}

/// The next way of a message; `None` if there is no other.
pub async fn next(tx: &mut Tx, id: i64) -> Result<Option<NextWay>> {
    let Some(row) = tx.row(NEXT, args![id]).await? else { return Ok(None) };
    let packed: Vec<u8> = row.get(3)?;
    // Read now, so that what is damaged is not put in the place of what is whole.
    unpack(&packed).map_err(|_| StoreError::bad("way", "content", id, "it is damaged"))?;
    let (nth, channel): (i64, String) = (row.get(0)?, row.get(1)?);
    let whose = match row.get::<Option<String>>(5)? {
        Some(_) => Some(row.of("way", &[0]).word(5)?),
        None => None,
    };
    let (before, name): (String, String) = (row.get(6)?, row.get(7)?);
    Ok(Some(NextWay {
        message_id: named(&name, (before == channel).then_some(nth)),
        nth,
        channel,
        recipient: row.get(2)?,
        whose,
        content: packed,
        segments: row.get(4)?,
    }))
}

/// The name of a message that goes to another number of the same service, which must not take it for the same text, nor
/// what it reports of the one for a report of the other.
fn named(name: &str, nth: Option<i64>) -> String {
    let (local, domain) = name.split_once('@').unwrap_or((name, ""));
    let first = local.split(SECOND).next().unwrap_or(local);
    let local = nth.map_or_else(|| first.to_owned(), |nth| format!("{first}{SECOND}{nth}"));
    if domain.is_empty() { local } else { format!("{local}@{domain}") }
}

/// Takes a way out of a message's list.
pub async fn take(tx: &mut Tx, id: i64, nth: i64) -> Result<()> {
    tx.run(TAKE, args![id, nth]).await?;
    Ok(())
}

/// Forgets the ways that are left.
pub async fn forget(tx: &mut Tx, id: i64) -> Result<()> {
    tx.run(LEFT, args![id]).await?;
    Ok(())
}

/// Queues a message that did not arrive by another way; `false` if its state does not allow that.
pub async fn go(tx: &mut Tx, id: i64, way: &NextWay, now: i64) -> Result<bool> {
    let name = way.message_id.as_str();
    let values =
        args![id, &way.channel, &way.recipient, way.content.clone(), way.segments, now, name];
    Ok(tx.run(GO, values).await? == 1)
}

/// Notes what happened to messages: number, channel, event and reason of each.
pub async fn note(tx: &mut Tx, all: &[(i64, &str, PassageEvent, &str)], now: i64) -> Result<()> {
    let values =
        all.iter().flat_map(|(id, channel, event, said)| args![*id, now, *channel, *event, *said]);
    NOTE.run(tx, values.collect()).await?;
    Ok(())
}

fn passage(row: &Row) -> Result<Passage> {
    Ok(Passage {
        at: row.get(0)?,
        channel: row.get(1)?,
        event: row.of("passage", &[]).word(2)?,
        said: row.get(3)?,
    })
}

/// What happened to a message, in order.
pub async fn passages(tx: &mut Tx, id: i64) -> Result<Vec<Passage>> {
    tx.rows(PASSAGES, args![id]).await?.iter().map(passage).collect()
}

/// How often each thing happened to messages of each channel.
pub async fn events(tx: &mut Tx) -> Result<Vec<(String, PassageEvent, u64)>> {
    let count = |row: &Row| {
        Ok((row.get(0)?, row.of("passage", &[0, 1]).word(1)?, row.count(2, "passage")?))
    };
    tx.rows(EVENTS, args![]).await?.iter().map(count).collect()
}

/// The reminders that a person is in.
pub async fn of_person(tx: &mut Tx, person: &str) -> Result<Vec<i64>> {
    tx.rows(OF_PERSON, args![person]).await?.iter().map(|row| row.get(0)).collect()
}

/// Counts a message on the bill.
pub async fn spend(
    tx: &mut Tx,
    (channel, day): (&str, NaiveDate),
    campaign: CampaignNo,
    segments: i64,
) -> Result<()> {
    tx.run(SPEND, args![channel, day, campaign, segments]).await?;
    Ok(())
}

/// Parts of the bill of a channel on a day.
pub async fn spent_on(tx: &mut Tx, channel: &str, day: NaiveDate) -> Result<u64> {
    let row = tx.row(SPENT_ON, args![channel, day]).await?;
    row.map_or(Ok(0), |row| row.count(0, "spending"))
}

/// The whole bill.
pub async fn spent(tx: &mut Tx) -> Result<Vec<Spent>> {
    let read = |row: &Row| {
        Ok(Spent {
            channel: row.get(0)?,
            day: row.get(1)?,
            campaign: row.get(2)?,
            messages: row.count(3, "spending")?,
            segments: row.count(4, "spending")?,
        })
    };
    tx.rows(SPENT, args![]).await?.iter().map(read).collect()
}

/// The messages that wait for a number.
pub async fn waiting_for(tx: &mut Tx, number: &str) -> Result<Vec<i64>> {
    tx.rows(TO_NUMBER, args![number]).await?.iter().map(|row| row.get(0)).collect()
}

/// Ends the way in use of a message that waits; `false` if it does not wait any more.
pub async fn close(tx: &mut Tx, id: i64, why: &str, now: i64) -> Result<bool> {
    let ended = tx.run(CLOSE, args![id, now, why]).await? == 1;
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_text_to_another_number_has_another_name_and_a_mail_its_own() {
        assert_eq!(named("reminder.ab@x.example", Some(1)), "reminder.ab+1@x.example");
        assert_eq!(named("reminder.ab+1@x.example", Some(2)), "reminder.ab+2@x.example");
        assert_eq!(named("reminder.ab+2@x.example", None), "reminder.ab@x.example");
        assert_eq!(named("bare", Some(1)), "bare+1");
    }
}
