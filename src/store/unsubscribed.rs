//! Readers who want no more reminders of a campaign. Addresses are in one form, small letters and an ASCII domain, so
//! that they compare.

use super::{CampaignNo, Result, Tx};
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

const INSERT: &str = "INSERT INTO unsubscribed (campaign, address, at, how) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (campaign, address) DO NOTHING";
const DELETE: &str = "DELETE FROM unsubscribed WHERE campaign = $1 AND address = $2";
const LIST: &str = "SELECT address, at, how FROM unsubscribed WHERE campaign = $1 \
     ORDER BY at, address";
// '@' is followed by 'A': every Message-ID whose left side is the one given.
const MESSAGE: &str = "SELECT campaign, recipient FROM outbox \
     WHERE message_id >= $1 || '@' AND message_id < $1 || 'A' AND campaign IS NOT NULL";
const EXPIRE: &str = "UPDATE outbox SET state = 'expired', last_error = 'unsubscribed', \
     fence = fence + 1, changed_at = $4 \
     WHERE state = 'queued' AND campaign = $1 AND kind = 'reminder' \
     AND LOWER(recipient) IN ($2, $3)";

/// Notes that a reader wants no more; `false` where that was known.
pub async fn insert(
    tx: &mut Tx,
    campaign: CampaignNo,
    address: &str,
    how: &str,
    now: i64,
) -> Result<bool> {
    Ok(tx.run(INSERT, args![campaign, address, now, how]).await? == 1)
}

/// Takes it back; `false` where there was nothing to take back.
pub async fn delete(tx: &mut Tx, campaign: CampaignNo, address: &str) -> Result<bool> {
    Ok(tx.run(DELETE, args![campaign, address]).await? == 1)
}

/// Who wants no more, the oldest first.
pub async fn list(tx: &mut Tx, campaign: CampaignNo) -> Result<Vec<Unsubscribed>> {
    let rows = tx.rows(LIST, args![campaign]).await?;
    rows.iter()
        .map(|row| Ok(Unsubscribed { address: row.get(0)?, at: row.get(1)?, how: row.get(2)? }))
        .collect()
}

/// The addresses of those who want no more.
pub async fn addresses(tx: &mut Tx, campaign: CampaignNo) -> Result<BTreeSet<String>> {
    Ok(list(tx, campaign).await?.into_iter().map(|one| one.address).collect())
}

/// Campaign and recipient of the message whose Message-ID has this left side.
pub async fn message(tx: &mut Tx, left: &str) -> Result<Option<(CampaignNo, String)>> {
    let row = tx.row(MESSAGE, args![left]).await?;
    row.map(|row| Ok((CampaignNo(row.get(0)?), row.get(1)?))).transpose()
}

/// Ends the reminders that wait for an address, which may be spelt in two ways.
pub async fn expire(
    tx: &mut Tx,
    campaign: CampaignNo,
    [ascii, unicode]: &[String; 2],
    now: i64,
) -> Result<u64> {
    tx.run(EXPIRE, args![campaign, ascii, unicode, now]).await
}
