//! The audit log: who did what, and who saw personal data.

pub use super::audit_line::{Author, Line};
use super::{Result, Tx, seal};
use crate::args;
use crate::domain::audit::Action;
use serde::Serialize;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// Its place in the chain of seals; `None` before it was chained.
    pub nr: Option<i64>,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Name of the account, or the operating system's user at the command line; `-` before anybody is logged in.
    pub who: String,
    /// The network address that the request came from; `None` at the command line.
    pub address: Option<String>,
    /// What was done.
    pub did: Action,
    /// Id of the campaign.
    pub campaign: Option<String>,
    /// Details; no names of the register.
    pub said: String,
}

const LIST: &str = "SELECT id, at, who, did, campaign, said, nr, address FROM audit \
     WHERE ($1 = '' OR who = $1) AND id < $2 ORDER BY id DESC LIMIT $3";

/// A change that the log must know of: a transaction that commits together with its line of the log or not at all.
/// Functions of the store that make such a change take an `Act` and no bare transaction.
#[derive(Debug)]
pub struct Act {
    tx: Tx,
    now: i64,
    /// Who, for the log; `None` where a job acts, whose run tells what it did.
    who: Option<Author>,
    did: Action,
}

impl Act {
    /// Begins: `who` does `did` at `now` (milliseconds since 1970). Without `who` no line is written.
    pub fn new(tx: Tx, who: Option<Author>, did: Action, now: i64) -> Self {
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

/// Writes a line, sealed together with the one before it. It should be the last statement of its transaction: until
/// that ends, nobody else can write a line.
pub async fn insert(
    tx: &mut Tx,
    now: i64,
    (author, did): (&Author, Action),
    (campaign, said): (Option<&str>, &str),
) -> Result<()> {
    let (who, address) = (author.who.as_str(), author.address.as_deref());
    seal::append(tx, &[Line { at: now, who, address, did: did.word(), campaign, said }]).await
}

/// Writes lines of the same time about one campaign as [`insert`] writes one.
pub async fn insert_all(
    tx: &mut Tx,
    now: i64,
    campaign: &str,
    lines: &[(Author, Action, String)],
) -> Result<()> {
    let mut all = Vec::new();
    for (author, did, said) in lines {
        let (who, address) = (author.who.as_str(), author.address.as_deref());
        let campaign = Some(campaign);
        all.push(Line { at: now, who, address, did: did.word(), campaign, said });
    }
    seal::append(tx, &all).await
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
                nr: row.get(6)?,
                address: row.get(7)?,
            })
        })
        .collect()
}
