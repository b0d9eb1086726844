//! Wrong passwords of late, shared by all daemons of a database.

use super::{Result, Tx};
use crate::args;

/// Wrong passwords of one source, account or pair of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guesses {
    /// How many.
    pub failures: i64,
    /// When the last one was, milliseconds since 1970.
    pub at: i64,
}

// Counting locks the row, so tries at the same time count one after the other.
const COUNT: &str = "INSERT INTO guess (what, failures, at) VALUES ($1, 1, $2) \
     ON CONFLICT (what) DO UPDATE SET at = excluded.at, \
     failures = CASE WHEN guess.at < $3 THEN 1 ELSE guess.failures + 1 END";
const GET: &str = "SELECT failures, at FROM guess WHERE what = $1 AND at >= $2";
const FORGIVE: &str = "UPDATE guess SET failures = failures - 1 WHERE what = $1 AND failures > 0";
const FORGET: &str = "DELETE FROM guess WHERE what = $1";
const CLEAR: &str = "DELETE FROM guess WHERE at < $1";

/// What is known of a guesser since an instant.
pub async fn get(tx: &mut Tx, what: &str, since: i64) -> Result<Guesses> {
    let row = tx.row(GET, args![what, since]).await?;
    let read = |row: super::db::Row| Ok(Guesses { failures: row.get(0)?, at: row.get(1)? });
    row.map_or(Ok(Guesses::default()), read)
}

/// Counts a try at `now`; what was before `since` is forgotten.
pub async fn count(tx: &mut Tx, what: &str, now: i64, since: i64) -> Result<()> {
    tx.run(COUNT, args![what, now, since]).await?;
    Ok(())
}

/// Takes back one try, whose password was right.
pub async fn forgive(tx: &mut Tx, what: &str) -> Result<()> {
    tx.run(FORGIVE, args![what]).await?;
    Ok(())
}

/// Forgets a guesser.
pub async fn forget(tx: &mut Tx, what: &str) -> Result<()> {
    tx.run(FORGET, args![what]).await?;
    Ok(())
}

/// Forgets everybody whose last try was before an instant.
pub async fn clear(tx: &mut Tx, before: i64) -> Result<()> {
    tx.run(CLEAR, args![before]).await?;
    Ok(())
}
