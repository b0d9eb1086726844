//! Records that were taken out and stay out when the same file comes again.

use super::{Result, Tx};
use crate::args;
use std::collections::HashSet;

const OF_KIND: &str = "SELECT record FROM voided WHERE kind = $1";
const DELETE: &str = "DELETE FROM voided WHERE kind = $1 AND record = $2";
const INSERT: &str = "INSERT INTO voided (kind, record) VALUES ($1, $2) \
     ON CONFLICT (kind, record) DO NOTHING";

/// The voided records of a kind.
pub async fn of_kind(tx: &mut Tx, kind: &str) -> Result<HashSet<String>> {
    let rows = tx.rows(OF_KIND, args![kind]).await?;
    rows.iter().map(|row| row.of("voided", &[0]).get(0)).collect()
}

/// Notes that a record is void.
pub async fn insert(tx: &mut Tx, kind: &str, record: &str) -> Result<()> {
    tx.run(INSERT, args![kind, record]).await?;
    Ok(())
}

/// Notes that records count again.
pub async fn delete(tx: &mut Tx, kind: &str, records: &[&str]) -> Result<()> {
    for record in records {
        tx.run(DELETE, args![kind, *record]).await?;
    }
    Ok(())
}
