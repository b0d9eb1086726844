//! Whether a database is sound: pages, references, and conditions between rows.

use super::plans::unpack;
use super::{Result, StoreError, Tx};
use crate::args;

const INTEGRITY: &str = "PRAGMA integrity_check(20)";
const QUICK: &str = "PRAGMA quick_check(20)";
const REFERENCES: &str = "PRAGMA foreign_key_check";
const REMINDERS: &str = "SELECT COUNT(*) FROM reminder";
const REMINDERS_WRONG: &str = "SELECT DISTINCT r.outbox FROM reminder AS r \
     LEFT JOIN outbox AS o ON o.id = r.outbox WHERE o.id IS NULL ORDER BY r.outbox";
const CLAIMS: &str = "SELECT COUNT(*) FROM outbox WHERE state = 'sending'";
const CLAIMS_WRONG: &str = "SELECT id FROM outbox WHERE state = 'sending' AND owner IS NULL \
     ORDER BY id";
const RUNS: &str = "SELECT COUNT(*) FROM run WHERE state = 'done'";
const RUNS_WRONG: &str = "SELECT id FROM run WHERE state = 'done' AND finished_at IS NULL \
     ORDER BY id";
const CONTENTS: &str = "SELECT id, content FROM outbox \
     WHERE state IN ('queued', 'sending', 'in_doubt') ORDER BY id";
const LEAVING: &str = "SELECT COUNT(*) FROM outbox WHERE state = 'sending' AND lease_until > $1";

/// The check for people about whom campaigns said different things. Somebody must decide; nothing is damaged.
pub const CONFLICTS: &str = "conflicts";

/// One check and the rows that fail it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// In a word: `references`, `reminders`, `claims`, `runs`, `contents`, `conflicts`, `audit`,
    /// `homes`, `places`, `tours`.
    pub check: &'static str,
    /// How many rows are right.
    pub right: u64,
    /// Numbers of the rows that fail; for references, the tables.
    pub wrong: Vec<String>,
}

/// Reads every page and index of a SQLite file, `quick` without comparing the two. PostgreSQL has checks of its own.
pub async fn sound(tx: &mut Tx, quick: bool) -> Result<()> {
    if !tx.is_sqlite() {
        return Ok(());
    }
    let mut said = Vec::new();
    for row in tx.rows(if quick { QUICK } else { INTEGRITY }, args![]).await? {
        said.push(row.get::<String>(0)?);
    }
    if said == ["ok"] { Ok(()) } else { Err(StoreError::Damaged(said.join("; "))) }
}

/// Runs every check between rows.
pub async fn checks(tx: &mut Tx) -> Result<Vec<Check>> {
    let mut out = Vec::new();
    if tx.is_sqlite() {
        out.push(references(tx).await?);
    }
    for (check, all, wrong) in [
        ("reminders", REMINDERS, REMINDERS_WRONG),
        ("claims", CLAIMS, CLAIMS_WRONG),
        ("runs", RUNS, RUNS_WRONG),
    ] {
        let wrong = tx.rows(wrong, args![]).await?;
        let wrong: Vec<_> =
            wrong.iter().map(|row| Ok(row.get::<i64>(0)?.to_string())).collect::<Result<_>>()?;
        let all = tx.row(all, args![]).await?.map_or(Ok(0), |row| row.count(0, check))?;
        out.push(Check { check, right: all.saturating_sub(wrong.len() as u64), wrong });
    }
    out.push(contents(tx).await?);
    let open = super::apart::open(tx).await?;
    out.push(Check { check: CONFLICTS, right: 0, wrong: open });
    Ok(out)
}

/// Follows the chain of the audit log. Also returns how many lines cannot be proved, for want of the key that they were
/// sealed with.
pub async fn audit(tx: &mut Tx) -> Result<(Check, u64)> {
    let proved = super::seal::prove(tx).await?;
    Ok((Check { check: "audit", right: proved.right, wrong: proved.wrong }, proved.unproved))
}

/// References to missing rows; PostgreSQL never has any.
async fn references(tx: &mut Tx) -> Result<Check> {
    let mut wrong = Vec::new();
    for row in tx.rows(REFERENCES, args![]).await? {
        wrong.push(format!("{} → {}", row.get::<String>(0)?, row.get::<String>(2)?));
    }
    let mut right = 0;
    for table in super::tables::TABLES.iter() {
        right += table.count(tx).await?;
    }
    Ok(Check { check: "references", right: right.saturating_sub(wrong.len() as u64), wrong })
}

/// Mails that may still leave must be readable.
async fn contents(tx: &mut Tx) -> Result<Check> {
    let mut out = Check { check: "contents", right: 0, wrong: Vec::new() };
    tx.each(CONTENTS, args![], |row| {
        match unpack(&row.get::<Vec<u8>>(1)?) {
            Ok(bytes) if !bytes.is_empty() => out.right += 1,
            _ => out.wrong.push(row.get::<i64>(0)?.to_string()),
        }
        Ok(())
    })
    .await?;
    Ok(out)
}

/// How many mails somebody is sending right now, by the clock of leases.
pub async fn leaving(tx: &mut Tx, now: i64) -> Result<u64> {
    tx.row(LEAVING, args![now]).await?.map_or(Ok(0), |row| row.count(0, "outbox"))
}
