//! Readers who want no more reminders. Addresses are in one form, small letters and an ASCII domain, so
//! that they compare.

use super::{Result, Tx};
use crate::args;
use std::collections::BTreeSet;

/// A reader who wants no more reminders.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsubscribed {
    /// Their address.
    pub address: String,
    /// Since when, milliseconds since 1970.
    pub at: i64,
    /// How they said so.
    pub how: String,
}

const INSERT: &str = "INSERT INTO unsubscribed (address, at, how) \
     VALUES ($1, $2, $3) ON CONFLICT (address) DO NOTHING";
const DELETE: &str = "DELETE FROM unsubscribed WHERE address = $1";
const LIST: &str = "SELECT address, at, how FROM unsubscribed ORDER BY at, address";
// '@' is followed by 'A': every Message-ID whose left side is the one given.
const MESSAGE: &str = "SELECT recipient FROM outbox \
     WHERE message_id >= $1 || '@' AND message_id < $1 || 'A' AND campaign IS NOT NULL";
const EXPIRE: &str = "UPDATE outbox SET state = 'expired', last_error = 'unsubscribed', \
     fence = fence + 1, changed_at = $3 \
     WHERE state = 'queued' AND kind = 'reminder' AND LOWER(recipient) IN ($1, $2)";

/// Notes that a reader wants no more; `false` where that was known.
pub async fn insert(tx: &mut Tx, address: &str, how: &str, now: i64) -> Result<bool> {
    Ok(tx.run(INSERT, args![address, now, how]).await? == 1)
}

/// Takes it back; `false` where there was nothing to take back.
pub async fn delete(tx: &mut Tx, address: &str) -> Result<bool> {
    Ok(tx.run(DELETE, args![address]).await? == 1)
}

/// Who wants no more, the oldest first.
pub async fn list(tx: &mut Tx) -> Result<Vec<Unsubscribed>> {
    let rows = tx.rows(LIST, args![]).await?;
    rows.iter()
        .map(|row| Ok(Unsubscribed { address: row.get(0)?, at: row.get(1)?, how: row.get(2)? }))
        .collect()
}

/// The addresses of those who want no more.
pub async fn addresses(tx: &mut Tx) -> Result<BTreeSet<String>> {
    Ok(list(tx).await?.into_iter().map(|one| one.address).collect())
}

/// The recipient of the message whose Message-ID has this left side.
pub async fn message(tx: &mut Tx, left: &str) -> Result<Option<String>> {
    let row = tx.row(MESSAGE, args![left]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Ends the reminders that wait for an address, which may be spelt in two ways.
pub async fn expire(tx: &mut Tx, [ascii, unicode]: &[String; 2], now: i64) -> Result<u64> {
    tx.run(EXPIRE, args![ascii, unicode, now]).await
}
