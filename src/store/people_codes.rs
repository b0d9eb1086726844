//! Codes of people that lead to somebody else, and those of people whose data were erased.

use super::{Result, Tx};
use crate::args;
use crate::domain::id::PersonId;
use std::collections::{HashMap, HashSet};

const ALIASES: &str = "SELECT alias, person FROM alias";
const OF: &str = "SELECT alias FROM alias WHERE person = $1 ORDER BY alias";
const LEADS: &str = "SELECT person FROM alias WHERE alias = $1";
const INSERT: &str = "INSERT INTO alias (alias, person, at) VALUES ($1, $2, $3)";
const FOLLOW: &str = "UPDATE alias SET person = $2 WHERE person = $1";
const ERASED: &str = "SELECT person FROM erased";
const ERASE: &str = "INSERT INTO erased (person, at, why) VALUES ($1, $2, $3) \
     ON CONFLICT (person) DO UPDATE SET at = excluded.at, why = excluded.why";

/// Every code that leads to another one.
pub async fn aliases(tx: &mut Tx) -> Result<HashMap<String, PersonId>> {
    let rows = tx.rows(ALIASES, args![]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, PersonId::new(row.get::<String>(1)?)))).collect()
}

/// The other codes of a person.
pub async fn of(tx: &mut Tx, person: &str) -> Result<Vec<String>> {
    let rows = tx.rows(OF, args![person]).await?;
    rows.iter().map(|row| row.of("alias", &[0]).get(0)).collect()
}

/// The person that a code leads to; `None` where it is nobody's second code.
pub async fn leads(tx: &mut Tx, code: &str) -> Result<Option<PersonId>> {
    let row = tx.row(LEADS, args![code]).await?;
    row.map(|row| row.get::<String>(0).map(PersonId::new)).transpose()
}

/// Lets a code, and all that lead to it, lead to a person. `now`: milliseconds since 1970.
pub async fn insert(tx: &mut Tx, alias: &str, person: &str, now: i64) -> Result<()> {
    tx.run(FOLLOW, args![alias, person]).await?;
    tx.run(INSERT, args![alias, person, now]).await?;
    Ok(())
}

/// The people whose data were erased.
pub async fn erased(tx: &mut Tx) -> Result<HashSet<String>> {
    let rows = tx.rows(ERASED, args![]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Notes that a person's data were erased, and why. `now`: milliseconds since 1970.
pub async fn erase(tx: &mut Tx, person: &str, why: &str, now: i64) -> Result<()> {
    tx.run(ERASE, args![person, now, why]).await?;
    Ok(())
}
