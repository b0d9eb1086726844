//! The audit log: who did what, and who saw personal data.

use super::{Result, Tx};
use crate::args;
use crate::domain::audit::Action;
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
    /// What was done.
    pub did: Action,
    /// Id of the campaign.
    pub campaign: Option<String>,
    /// Details; no names of the register.
    pub said: String,
}

const INSERT: &str = "INSERT INTO audit (at, who, did, campaign, said) VALUES ($1, $2, $3, $4, $5)";
const LIST: &str = "SELECT id, at, who, did, campaign, said FROM audit \
     WHERE ($1 = '' OR who = $1) AND id < $2 ORDER BY id DESC LIMIT $3";

/// A change that the log must know of: a transaction that commits together with its line of the log or not at all.
/// Functions of the store that make such a change take an `Act` and no bare transaction.
#[derive(Debug)]
pub struct Act {
    tx: Tx,
    now: i64,
    /// The name for the log; `None` where a job acts, whose run tells what it did.
    who: Option<String>,
    did: Action,
}

impl Act {
    /// Begins: `who` does `did` at `now` (milliseconds since 1970). Without `who` no line is written.
    pub fn new(tx: Tx, who: Option<String>, did: Action, now: i64) -> Self {
        Self { tx, now, who, did }
    }

    /// The transaction, for everything else that belongs to the change.
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Writes the line, with the id of the campaign that was changed and details, and commits it with the change.
    pub async fn commit(mut self, campaign: Option<&str>, said: &str) -> Result<()> {
        if let Some(who) = &self.who {
            insert(&mut self.tx, self.now, (who, self.did), (campaign, said)).await?;
        }
        self.tx.commit().await
    }
}

/// Writes a line about something that changed nothing: what somebody saw, or was refused.
pub async fn insert(
    tx: &mut Tx,
    now: i64,
    (who, did): (&str, Action),
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
                did: row.of("audit", &[0]).word(3)?,
                campaign: row.get(4)?,
                said: row.get(5)?,
            })
        })
        .collect()
}
