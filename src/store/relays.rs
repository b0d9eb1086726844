//! Mail servers' circuit breaker and pace, shared by all daemons. Claiming mails begins with locking the server's row,
//! so that daemons take turns and never claim the same mails.

use super::{Result, StoreError, Tx};
use crate::args;
use crate::domain::relay::Relay;

const MAKE: &str = "INSERT INTO relay (name, failures, paused_until, slowed_at, next_at) \
     VALUES ($1, 0, 0, 0, 0) ON CONFLICT (name) DO NOTHING";
const LOCK: &str = "UPDATE relay SET failures = failures WHERE name = $1 \
     RETURNING failures, paused_until, last_error, slowed_to, slowed_at, next_at";
const SAVE: &str = "UPDATE relay SET failures = $2, paused_until = $3, last_error = $4, \
     slowed_to = $5, slowed_at = $6, next_at = $7 WHERE name = $1";
const ALL: &str = "SELECT failures, paused_until, last_error, slowed_to, slowed_at, next_at, name \
     FROM relay ORDER BY name";

fn relay(row: &super::db::Row) -> Result<Relay> {
    Ok(Relay {
        failures: row.get(0)?,
        paused_until: row.get(1)?,
        last_error: row.get(2)?,
        slowed_to: row.get(3)?,
        slowed_at: row.get(4)?,
        next_at: row.get(5)?,
    })
}

/// The state of a server, locked until the end of the transaction.
pub async fn lock(tx: &mut Tx, name: &str) -> Result<Relay> {
    tx.run(MAKE, args![name]).await?;
    let none = || StoreError::bad("relay", "*", name, "there is no row");
    relay(&tx.row(LOCK, args![name]).await?.ok_or_else(none)?)
}

/// Writes the state of a server.
pub async fn save(tx: &mut Tx, name: &str, relay: &Relay) -> Result<()> {
    let values = args![
        name,
        relay.failures,
        relay.paused_until,
        relay.last_error.clone(),
        relay.slowed_to,
        relay.slowed_at,
        relay.next_at,
    ];
    tx.run(SAVE, values).await?;
    Ok(())
}

/// All servers with their names.
pub async fn all(tx: &mut Tx) -> Result<Vec<(String, Relay)>> {
    let rows = tx.rows(ALL, args![]).await?;
    rows.iter().map(|row| Ok((row.get(6)?, relay(row)?))).collect()
}
