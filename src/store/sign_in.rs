//! Who asked to open the booking page with a code. A row is found by the hash of the form's own key; the code is stored
//! as a hash, too.

use super::{Result, Tx};
use crate::args;

/// Somebody who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Whom the register has; `None` where it has nobody, or the code was not sent.
    pub person: Option<String>,
    /// The hash of the code.
    pub code: Option<String>,
    /// When they asked, milliseconds since 1970.
    pub made_at: i64,
    /// How many codes were tried.
    pub tries: u8,
}

const BEGIN: &str = "INSERT INTO sign_in (hash, made_at, tries) VALUES ($1, $2, 0)";
const FIND: &str = "SELECT person, code, made_at, tries FROM sign_in WHERE hash = $1";
const SENT: &str = "UPDATE sign_in SET person = $2, code = $3 WHERE hash = $1";
const TRIED: &str = "UPDATE sign_in SET tries = tries + 1 WHERE hash = $1";
const USED: &str = "UPDATE sign_in SET code = NULL WHERE hash = $1";
const LATELY: &str = "SELECT COUNT(*) FROM sign_in WHERE person = $1 AND made_at > $2";
const DROP: &str = "DELETE FROM sign_in WHERE made_at < $1";
const FORGET: &str = "DELETE FROM sign_in WHERE person = $1";

/// Notes that somebody asks. `now`: milliseconds since 1970.
pub async fn begin(tx: &mut Tx, hash: &str, now: i64) -> Result<()> {
    tx.run(BEGIN, args![hash, now]).await?;
    Ok(())
}

/// What is known of a form.
pub async fn find(tx: &mut Tx, hash: &str) -> Result<Option<SignIn>> {
    let Some(row) = tx.row(FIND, args![hash]).await? else { return Ok(None) };
    Ok(Some(SignIn {
        person: row.get(0)?,
        code: row.get(1)?,
        made_at: row.get(2)?,
        tries: row.of("sign_in", &[0]).number(3, "a count")?,
    }))
}

/// Notes that a person was sent a code.
pub async fn sent(tx: &mut Tx, hash: &str, (person, code): (&str, &str)) -> Result<()> {
    tx.run(SENT, args![hash, person, code]).await?;
    Ok(())
}

/// Counts a code that was tried.
pub async fn tried(tx: &mut Tx, hash: &str) -> Result<()> {
    tx.run(TRIED, args![hash]).await?;
    Ok(())
}

/// Ends a code that was right.
pub async fn used(tx: &mut Tx, hash: &str) -> Result<()> {
    tx.run(USED, args![hash]).await?;
    Ok(())
}

/// How many codes a person was sent since an instant (milliseconds since 1970).
pub async fn lately(tx: &mut Tx, person: &str, since: i64) -> Result<u64> {
    let row = tx.row(LATELY, args![person, since]).await?;
    row.map_or(Ok(0), |row| row.count(0, "sign_in"))
}

/// Forgets who asked before an instant (milliseconds since 1970).
pub async fn drop_old(tx: &mut Tx, before: i64) -> Result<()> {
    tx.run(DROP, args![before]).await?;
    Ok(())
}

/// Forgets that a person asked.
pub async fn forget(tx: &mut Tx, person: &str) -> Result<()> {
    tx.run(FORGET, args![person]).await?;
    Ok(())
}
