//! Mail servers' circuit breaker and pace, shared by all daemons. Claiming mails begins with locking the server's row,
//! so that daemons take turns and never claim the same mails.

use super::{Result, StoreError, Tx};
use crate::args;
use crate::domain::refusal::{Cause, Streak};
use crate::domain::relay::Relay;

const MAKE: &str = "INSERT INTO relay (name, failures, paused_until, slowed_at, next_at) \
     VALUES ($1, 0, 0, 0, 0) ON CONFLICT (name) DO NOTHING";
const LOCK: &str = "UPDATE relay SET failures = failures WHERE name = $1 \
     RETURNING failures, paused_until, last_error, slowed_to, slowed_at, next_at, name, cause, \
     streak, streak_count, streak_mail";
const SAVE: &str = "UPDATE relay SET failures = $2, paused_until = $3, last_error = $4, \
     slowed_to = $5, slowed_at = $6, next_at = $7, cause = $8, streak = $9, streak_count = $10, \
     streak_mail = $11 WHERE name = $1";
const ALL: &str = "SELECT failures, paused_until, last_error, slowed_to, slowed_at, next_at, name, \
     cause, streak, streak_count, streak_mail FROM relay ORDER BY name";

fn relay(row: &super::db::Row) -> Result<Relay> {
    Ok(Relay {
        failures: row.get(0)?,
        paused_until: row.get(1)?,
        last_error: row.get(2)?,
        slowed_to: row.get(3)?,
        slowed_at: row.get(4)?,
        next_at: row.get(5)?,
        cause: match row.get::<Option<String>>(7)? {
            Some(_) => Some(row.of("relay", &[6]).word(7)?),
            None => None,
        },
        // The reader is looked up by the mail.
        streak: Streak {
            said: row.get(8)?,
            count: usize::try_from(row.get::<i64>(9)?).unwrap_or(0),
            mail: row.get(10)?,
            reader: String::new(),
        },
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
        relay.cause.map(Cause::word),
        &relay.streak.said,
        i64::try_from(relay.streak.count).unwrap_or(i64::MAX),
        relay.streak.mail,
    ];
    tx.run(SAVE, values).await?;
    Ok(())
}

/// All servers with their names.
pub async fn all(tx: &mut Tx) -> Result<Vec<(String, Relay)>> {
    let rows = tx.rows(ALL, args![]).await?;
    rows.iter().map(|row| Ok((row.get(6)?, relay(row)?))).collect()
}
