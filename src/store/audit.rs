//! The audit log: who did what, and who saw personal data.

use super::{Result, Tx};
use crate::args;
use serde::Serialize;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Name of the account; `-` before anybody is logged in.
    pub who: String,
    /// What was done, in a word.
    pub did: String,
    /// Id of the campaign.
    pub campaign: Option<String>,
    /// What belongs to it; no names of the register.
    pub said: String,
}

const INSERT: &str = "INSERT INTO audit (at, who, did, campaign, said) VALUES ($1, $2, $3, $4, $5)";
const LIST: &str = "SELECT id, at, who, did, campaign, said FROM audit \
     WHERE ($1 = '' OR who = $1) AND id < $2 ORDER BY id DESC LIMIT $3";

/// Writes a line.
pub async fn insert(
    tx: &mut Tx,
    now: i64,
    who: &str,
    did: &str,
    (campaign, said): (Option<&str>, &str),
) -> Result<()> {
    tx.run(INSERT, args![now, who, did, campaign, said]).await?;
    Ok(())
}

/// The newest lines before a number, of one account or (empty) of all.
pub async fn list(tx: &mut Tx, who: &str, before: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows = tx.rows(LIST, args![who, before, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Entry {
                id: row.get(0)?,
                at: row.get(1)?,
                who: row.get(2)?,
                did: row.get(3)?,
                campaign: row.get(4)?,
                said: row.get(5)?,
            })
        })
        .collect()
}
