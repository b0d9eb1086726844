//! Receipts of texts, mobile numbers that take no more, and what people wrote back.

use super::db::Row;
use super::{Result, Tx};
use crate::domain::message::ReceiptState;
use crate::{args, bulk};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

const BY_SERIAL: &str = "SELECT id FROM outbox WHERE serial = $2 AND channel = $1";
const BY_KEY: &str = "SELECT id FROM outbox WHERE message_id = $2 AND channel = $1";
// A report of a failure after one of success changes nothing.
const SET: &str = "UPDATE outbox SET receipt = $2, state = CASE WHEN $2 = 'missed' \
     AND state IN ('sent', 'in_doubt') THEN 'bounced' WHEN state = 'in_doubt' THEN 'sent' \
     ELSE state END, last_error = CASE WHEN $2 = 'missed' THEN $4 ELSE last_error END, \
     serial = COALESCE($5, serial), changed_at = $3 WHERE id = $1 \
     AND state IN ('sent', 'in_doubt') AND (receipt IS NULL OR receipt = 'waiting')";
const KEEP_EARLY: &str = "INSERT INTO early_receipt (channel, serial, arrived, code, at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (channel, serial) DO NOTHING";
const TAKE_EARLY: &str = "DELETE FROM early_receipt WHERE channel = $1 AND serial = $2 \
     RETURNING arrived, code";
const FORGET_EARLY: &str = "DELETE FROM early_receipt WHERE at < $1";
const WAITING: &str = "SELECT id, message_id, recipient, left_at, serial, state FROM outbox \
     WHERE channel = $1 AND receipt = 'waiting' AND state = 'sent' AND left_at >= $2 \
     AND left_at < $3 AND id % $5 = $6 ORDER BY left_at LIMIT $4";
const WAITING_COUNT: &str = "SELECT COUNT(*) FROM outbox \
     WHERE channel = $1 AND receipt = 'waiting' AND state = 'sent' AND left_at >= $2 \
     AND left_at < $3";
const TAKEN: &str = "UPDATE outbox SET state = 'sent', receipt = 'waiting', changed_at = $2, \
     fence = fence + 1 WHERE id = $1 AND state = 'in_doubt'";
const DOUBTFUL: &str = "SELECT id, message_id, recipient, left_at, serial, state FROM outbox \
     WHERE channel = $1 AND state = 'in_doubt' AND left_at IS NOT NULL ORDER BY id LIMIT $2";
const SERIALS: &str = "SELECT serial FROM outbox WHERE channel = $1 AND recipient = $2 \
     AND serial IS NOT NULL";
const PHONE: &str = "SELECT misses, missed_on, closed_at, why FROM phone WHERE number = $1";
const SAVE_PHONE: &str = "INSERT INTO phone (number, misses, missed_on, closed_at, why) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (number) DO UPDATE SET misses = excluded.misses, \
     missed_on = excluded.missed_on, closed_at = excluded.closed_at, why = excluded.why";
const CLOSED: &str = "SELECT number, closed_at, why FROM phone WHERE closed_at IS NOT NULL \
     ORDER BY closed_at, number";
const FORGET_PHONE: &str = "DELETE FROM phone WHERE number = $1";
const REPLY: &str = "INSERT INTO reply (name, channel, number, at, said, stops, outbox) \
     VALUES ($1, $2, $3, $4, $5, $6, (SELECT MAX(id) FROM outbox WHERE recipient = $3 \
     AND channel <> 'mail')) ON CONFLICT (name) DO NOTHING";
const REPLIES: &str = "SELECT id, channel, number, at, said, stops, outbox, done_at, done_by \
     FROM reply WHERE (CAST($1 AS BIGINT) = 1 OR done_at IS NULL) \
     ORDER BY at DESC, id DESC LIMIT $2";
const DONE: &str = "UPDATE reply SET done_at = $2, done_by = $3 WHERE id = $1 AND done_at IS NULL";
const FORGET_REPLIES: &str = "DELETE FROM reply WHERE number = $1";
bulk!(
    SUBJECTS_OF,
    1,
    "WITH wanted (outbox) AS (VALUES",
    ") SELECT r.outbox, r.person, r.day, r.place FROM wanted w \
     JOIN reminder r ON r.outbox = w.outbox"
);

/// A text about which a service is asked.
#[derive(Clone)]
pub struct Asked {
    /// The message.
    pub id: i64,
    /// Our name of it.
    pub key: String,
    /// Its number.
    pub number: String,
    /// When its body left, milliseconds since 1970 by the wall clock.
    pub left_at: i64,
    /// The service's number of it.
    pub serial: Option<String>,
}

/// What is known of a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phone {
    /// How often it was missed, one day after the other.
    pub misses: i64,
    /// The last day on which it was.
    pub missed_on: Option<NaiveDate>,
    /// Since when it takes no texts from us, milliseconds since 1970.
    pub closed_at: Option<i64>,
    /// Why.
    pub why: Option<String>,
}

/// A reply that is stored.
#[derive(Clone, Serialize)]
pub struct StoredReply {
    /// Its number.
    pub id: i64,
    /// The channel.
    pub channel: String,
    /// From which number.
    pub number: String,
    /// When, milliseconds since 1970.
    #[serde(skip)]
    pub at: i64,
    /// What.
    pub said: String,
    /// Whether it ended reminders.
    pub stops: bool,
    /// The message that went to the number last.
    #[serde(skip)]
    pub outbox: Option<i64>,
    /// When somebody dealt with it.
    #[serde(skip)]
    pub done_at: Option<i64>,
    /// Who.
    pub done_by: Option<String>,
}

/// The message of a channel that has a serial, or this name.
pub async fn find(
    tx: &mut Tx,
    channel: &str,
    serial: &str,
    key: Option<&str>,
) -> Result<Option<i64>> {
    if !serial.is_empty()
        && let Some(row) = tx.row(BY_SERIAL, args![channel, serial]).await?
    {
        return row.get(0);
    }
    let Some(key) = key else { return Ok(None) };
    tx.row(BY_KEY, args![channel, key]).await?.map(|row| row.get(0)).transpose()
}

/// Stores a receipt at its message; `false` if it changes nothing there.
pub async fn set(
    tx: &mut Tx,
    id: i64,
    state: ReceiptState,
    (code, serial): (&str, Option<&str>),
    now: i64,
) -> Result<bool> {
    Ok(tx.run(SET, args![id, state, now, code, serial]).await? == 1)
}

/// Keeps a receipt that came before the answer, under our name of the message or the service's number; `false` if it
/// was known.
pub async fn keep_early(
    tx: &mut Tx,
    (channel, name): (&str, &str),
    (arrived, code): (bool, &str),
    now: i64,
) -> Result<bool> {
    Ok(tx.run(KEEP_EARLY, args![channel, name, arrived, code, now]).await? == 1)
}

/// Takes out the receipt that came before the answer.
pub async fn take_early(tx: &mut Tx, channel: &str, name: &str) -> Result<Option<(bool, String)>> {
    let row = tx.row(TAKE_EARLY, args![channel, name]).await?;
    row.map(|row| Ok((row.get::<i64>(0)? != 0, row.get(1)?))).transpose()
}

/// Forgets receipts that nobody asked for since an instant.
pub async fn forget_early(tx: &mut Tx, before: i64) -> Result<u64> {
    tx.run(FORGET_EARLY, args![before]).await
}

fn asked(row: &Row) -> Result<Asked> {
    Ok(Asked {
        id: row.get(0)?,
        key: row.get(1)?,
        number: row.get(2)?,
        left_at: row.get(3)?,
        serial: row.get(4)?,
    })
}

/// Some texts of a channel that left between two instants and have no receipt, the oldest first. Where there are more
/// than `limit`, others with each `turn`.
pub async fn waiting(
    tx: &mut Tx,
    channel: &str,
    (from, until): (i64, i64),
    (limit, turn): (i64, i64),
) -> Result<Vec<Asked>> {
    let row = tx.row(WAITING_COUNT, args![channel, from, until]).await?;
    let count = row.map_or(Ok(0), |row| row.get::<i64>(0))?;
    let parts = (count / limit).max(1);
    let values = args![channel, from, until, limit, parts, turn.rem_euclid(parts)];
    tx.rows(WAITING, values).await?.iter().map(asked).collect()
}

/// Notes that a text in doubt was taken and waits for its receipt; `false` if it is not in doubt.
pub async fn taken(tx: &mut Tx, id: i64, now: i64) -> Result<bool> {
    Ok(tx.run(TAKEN, args![id, now]).await? == 1)
}

/// Texts of a channel that are in doubt.
pub async fn in_doubt(tx: &mut Tx, channel: &str, limit: i64) -> Result<Vec<Asked>> {
    tx.rows(DOUBTFUL, args![channel, limit]).await?.iter().map(asked).collect()
}

/// The serials of all texts to a number that were answered.
pub async fn serials_of(tx: &mut Tx, channel: &str, number: &str) -> Result<BTreeSet<String>> {
    tx.rows(SERIALS, args![channel, number]).await?.iter().map(|row| row.get(0)).collect()
}

/// What is known of a number.
pub async fn phone(tx: &mut Tx, number: &str) -> Result<Phone> {
    let Some(row) = tx.row(PHONE, args![number]).await? else { return Ok(Phone::default()) };
    Ok(Phone {
        misses: row.get(0)?,
        missed_on: row.get(1)?,
        closed_at: row.get(2)?,
        why: row.get(3)?,
    })
}

/// Stores what is known of a number.
pub async fn save_phone(tx: &mut Tx, number: &str, phone: &Phone) -> Result<()> {
    let why = phone.why.clone();
    let values = args![number, phone.misses, phone.missed_on, phone.closed_at, why];
    tx.run(SAVE_PHONE, values).await?;
    Ok(())
}

/// The numbers that take no texts from us, with the instant and the reason.
pub async fn closed(tx: &mut Tx) -> Result<BTreeMap<String, (i64, String)>> {
    let read = |row: &Row| {
        Ok((row.get(0)?, (row.get(1)?, row.get::<Option<String>>(2)?.unwrap_or_default())))
    };
    tx.rows(CLOSED, args![]).await?.iter().map(read).collect()
}

/// Forgets all about a number; `false` if nothing was known.
pub async fn forget_phone(tx: &mut Tx, number: &str) -> Result<bool> {
    Ok(tx.run(FORGET_PHONE, args![number]).await? > 0)
}

/// Forgets what was written from a number.
pub async fn forget_replies(tx: &mut Tx, number: &str) -> Result<u64> {
    tx.run(FORGET_REPLIES, args![number]).await
}

/// Stores a reply; `false` if it is known.
pub async fn insert_reply(
    tx: &mut Tx,
    channel: &str,
    reply: &crate::domain::gateway::Reply,
    stops: bool,
    now: i64,
) -> Result<bool> {
    let at = reply.at.map_or(now, |at| at.timestamp_millis());
    let values = args![&reply.key, channel, &reply.number, at, &reply.text, stops];
    Ok(tx.run(REPLY, values).await? == 1)
}

/// The newest replies; those that somebody has dealt with only if `all`.
pub async fn replies(tx: &mut Tx, all: bool, limit: i64) -> Result<Vec<StoredReply>> {
    let read = |row: &Row| {
        Ok(StoredReply {
            id: row.get(0)?,
            channel: row.get(1)?,
            number: row.get(2)?,
            at: row.get(3)?,
            said: row.get(4)?,
            stops: row.get::<i64>(5)? != 0,
            outbox: row.get(6)?,
            done_at: row.get(7)?,
            done_by: row.get(8)?,
        })
    };
    tx.rows(REPLIES, args![all, limit]).await?.iter().map(read).collect()
}

/// Notes that somebody has dealt with a reply; `false` if there is none that waits.
pub async fn reply_done(tx: &mut Tx, id: i64, by: &str, now: i64) -> Result<bool> {
    Ok(tx.run(DONE, args![id, now, by]).await? == 1)
}

/// Whom and what a message is about.
#[derive(Clone)]
pub struct Subject {
    /// Code of the person.
    pub person: String,
    /// The day.
    pub day: NaiveDate,
    /// Its place; empty for an overdue dose.
    pub place: String,
}

/// Whom messages are about: by message.
pub async fn subjects_of(tx: &mut Tx, messages: &[i64]) -> Result<BTreeMap<i64, Vec<Subject>>> {
    let mut out: BTreeMap<i64, Vec<Subject>> = BTreeMap::new();
    let values = messages.iter().flat_map(|id| args![*id]);
    for row in SUBJECTS_OF.rows(tx, values.collect()).await? {
        let subject = Subject { person: row.get(1)?, day: row.get(2)?, place: row.get(3)? };
        out.entry(row.get(0)?).or_default().push(subject);
    }
    Ok(out)
}
