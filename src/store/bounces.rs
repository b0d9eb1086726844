//! Bounce reports, and the addresses that get no more mail because of them. Addresses have one form here, lower case
//! with an ASCII domain, so that they compare; the outbox has them as their owners write them.

use super::outbox::{self, Message};
use super::{Result, Tx};
use crate::domain::message::BounceKind;
use crate::{args, bulk};
use std::collections::{BTreeMap, BTreeSet};

/// A report to be stored.
#[derive(Clone)]
pub struct NewBounce<'a> {
    /// Identifies the report, so that it counts once.
    pub report: &'a str,
    /// The mail.
    pub outbox: i64,
    /// Where it should have gone.
    pub address: &'a str,
    /// What it means for the address.
    pub kind: BounceKind,
    /// Whether it speaks against the address.
    pub counts: bool,
    /// A code such as `5.1.1`.
    pub status: &'a str,
    /// The server's words.
    pub said: &'a str,
}

/// A report that is stored, with the time zone of its mail.
#[derive(Clone)]
pub struct Bounce {
    /// Its number.
    pub id: i64,
    /// Identifies the report.
    pub report: String,
    /// Where the mail should have gone.
    pub address: String,
    /// When it was taken in, milliseconds since 1970.
    pub at: i64,
    /// What it means for the address.
    pub kind: BounceKind,
    /// Whether it still speaks against the address.
    pub counts: bool,
    /// A code such as `5.1.1`.
    pub status: String,
    /// The server's words.
    pub said: String,
    /// The reader's time zone.
    pub zone: String,
}

/// An address that no mail goes to.
#[derive(Clone)]
pub struct Suppressed {
    /// The address.
    pub address: String,
    /// Since when, milliseconds since 1970.
    pub at: i64,
    /// Status and words of the report that led to it.
    pub why: String,
}

/// The beginning of `last_error` for a mail that is held because of its address.
pub const SUPPRESSED: &str = "suppressed: ";

const INSERT: &str = "INSERT INTO bounce \
     (report, outbox, address, at, kind, counts, status, said) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (report) DO NOTHING";
const SOFT: &str = "SELECT COUNT(*) FROM bounce \
     WHERE address = $1 AND kind = 'soft' AND counts = 1";
const LIST: &str = "SELECT b.address, b.at, b.kind, b.counts, b.status, b.said, o.zone, \
     b.id, b.report FROM bounce b LEFT JOIN outbox o ON o.id = b.outbox ORDER BY b.id";
const JUDGE: &str = "UPDATE bounce SET kind = $2, counts = $3 WHERE id = $1";
const FORGIVE: &str = "UPDATE bounce SET counts = 0 WHERE address = $1 AND counts = 1";
const SUPPRESS: &str = "INSERT INTO suppressed (address, at, why) VALUES ($1, $2, $3) \
     ON CONFLICT (address) DO NOTHING";
bulk!(
    FIND,
    1,
    "WITH wanted (address) AS (VALUES",
    ") SELECT s.address, s.why FROM wanted w JOIN suppressed s ON s.address = w.address"
);
const ALL_SUPPRESSED: &str = "SELECT address, at, why FROM suppressed ORDER BY address";
const RELEASE: &str = "DELETE FROM suppressed WHERE address = $1";
const BY_MESSAGE_ID: &str = "SELECT id FROM outbox WHERE message_id = $1";
const HOLD_QUEUED: &str = "UPDATE outbox SET state = 'unroutable', last_error = $3, \
     fence = fence + 1, changed_at = $4 \
     WHERE state = 'queued' AND LOWER(recipient) IN ($1, $2)";
// Queues again what was held only because of the address and has not expired.
const QUEUE_HELD: &str = "UPDATE outbox SET state = 'queued', last_error = NULL, due_at = $4, \
     fence = fence + 1, changed_at = $4 \
     WHERE state = 'unroutable' AND LOWER(recipient) IN ($1, $2) AND last_error LIKE $3 || '%' \
     AND (send_by IS NULL OR send_by > $4)";

/// Stores a report; `false` if it was known.
pub async fn insert(tx: &mut Tx, new: &NewBounce<'_>, now: i64) -> Result<bool> {
    let values =
        args![new.report, new.outbox, new.address, now, new.kind, new.counts, new.status, new.said];
    Ok(tx.run(INSERT, values).await? == 1)
}

/// How many soft bounces speak against an address.
pub async fn soft_count(tx: &mut Tx, address: &str) -> Result<u64> {
    match tx.row(SOFT, args![address]).await? {
        Some(row) => row.count(0, "bounce"),
        None => Ok(0),
    }
}

/// Every report, the oldest first.
pub async fn list(tx: &mut Tx) -> Result<Vec<Bounce>> {
    let rows = tx.rows(LIST, args![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Bounce {
                id: row.get(7)?,
                report: row.get(8)?,
                address: row.get(0)?,
                at: row.get(1)?,
                // An error names the row by its number, because the address is personal.
                kind: row.of("bounce", &[7]).word(2)?,
                counts: row.get::<i64>(3)? != 0,
                status: row.get(4)?,
                said: row.get(5)?,
                zone: row.get::<Option<String>>(6)?.unwrap_or_default(),
            })
        })
        .collect()
}

/// Stores what a report means after it was judged again.
pub async fn judge(tx: &mut Tx, id: i64, kind: BounceKind, counts: bool) -> Result<()> {
    tx.run(JUDGE, args![id, kind, counts]).await?;
    Ok(())
}

/// Clears the reports against an address; returns how many there were.
pub async fn forgive(tx: &mut Tx, address: &str) -> Result<u64> {
    tx.run(FORGIVE, args![address]).await
}

/// Stops mail to an address; `false` if it was stopped before.
pub async fn suppress(tx: &mut Tx, address: &str, why: &str, now: i64) -> Result<bool> {
    Ok(tx.run(SUPPRESS, args![address, now, why]).await? == 1)
}

/// Lets an address get mail again; `false` if it was not suppressed.
pub async fn release(tx: &mut Tx, address: &str) -> Result<bool> {
    Ok(tx.run(RELEASE, args![address]).await? == 1)
}

/// Why no mail goes to some of these addresses, by address.
pub async fn suppressed_of(tx: &mut Tx, addresses: &[String]) -> Result<BTreeMap<String, String>> {
    let values = addresses.iter().flat_map(|address| args![address]).collect();
    let rows = FIND.rows(tx, values).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Every address that no mail goes to.
pub async fn suppressed(tx: &mut Tx) -> Result<Vec<Suppressed>> {
    let rows = tx.rows(ALL_SUPPRESSED, args![]).await?;
    rows.iter()
        .map(|row| Ok(Suppressed { address: row.get(0)?, at: row.get(1)?, why: row.get(2)? }))
        .collect()
}

/// Those addresses alone.
pub async fn addresses(tx: &mut Tx) -> Result<BTreeSet<String>> {
    Ok(suppressed(tx).await?.into_iter().map(|one| one.address).collect())
}

/// The mail with a Message-ID.
pub async fn by_message_id(tx: &mut Tx, message_id: &str) -> Result<Option<Message>> {
    match tx.row(BY_MESSAGE_ID, args![message_id]).await? {
        Some(row) => outbox::find(tx, row.get(0)?).await,
        None => Ok(None),
    }
}

/// Holds the queued mails to an address in both of its spellings. Returns how many.
pub async fn hold_queued(
    tx: &mut Tx,
    [ascii, unicode]: &[String; 2],
    why: &str,
    now: i64,
) -> Result<u64> {
    let why = format!("{SUPPRESSED}{why}");
    tx.run(HOLD_QUEUED, args![ascii, unicode, why, now]).await
}

/// Queues the mails that were held because of an address. Returns how many.
pub async fn queue_held(tx: &mut Tx, [ascii, unicode]: &[String; 2], now: i64) -> Result<u64> {
    tx.run(QUEUE_HELD, args![ascii, unicode, SUPPRESSED, now]).await
}
