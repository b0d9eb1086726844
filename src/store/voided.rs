//! Records that were taken out and stay out when the same file comes again.

use super::{Result, Tx};
use crate::{args, bulk};
use std::collections::HashSet;

const OF_KIND: &str = "SELECT record FROM voided WHERE kind = $1";
const DELETE: &str = "DELETE FROM voided WHERE kind = $1 AND record = $2";
bulk!(
    INSERT,
    2,
    "INSERT INTO voided (kind, record) VALUES",
    "ON CONFLICT (kind, record) DO NOTHING"
);

/// The voided records of a kind.
pub async fn of_kind(tx: &mut Tx, kind: &str) -> Result<HashSet<String>> {
    let rows = tx.rows(OF_KIND, args![kind]).await?;
    rows.iter().map(|row| row.of("voided", &[0]).get(0)).collect()
}

/// Notes that records are void.
pub async fn insert(
    tx: &mut Tx,
    kind: &str,
    records: impl IntoIterator<Item = &str>,
) -> Result<()> {
    let values = records.into_iter().flat_map(|record| args![kind, record]).collect();
    INSERT.run(tx, values).await?;
    Ok(())
}

/// Notes that records count again.
pub async fn delete(
    tx: &mut Tx,
    kind: &str,
    records: impl IntoIterator<Item = &str>,
) -> Result<()> {
    for record in records {
        tx.run(DELETE, args![kind, record]).await?;
    }
    Ok(())
}
