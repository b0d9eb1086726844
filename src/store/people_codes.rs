//! Codes of people that lead to somebody else, and those of people whose data were erased.

use super::db::Row;
use super::{Result, Tx};
use crate::args;
use crate::domain::id::PersonId;
use std::collections::{HashMap, HashSet};

const ALIASES: &str = "SELECT alias, person FROM alias";
const OF: &str = "SELECT alias FROM alias WHERE person = $1 ORDER BY alias";
const LEADS: &str = "SELECT person FROM alias WHERE alias = $1";
const PART: &str = "INSERT INTO alias_past (alias, until_at, person, at) VALUES ($1, $2, $3, $4)";
const HOSTS: &str = "SELECT person, at, until_at FROM alias_past WHERE alias = $1 ORDER BY at";
const GUESTS: &str = "SELECT alias, at, until_at FROM alias_past WHERE person = $1 ORDER BY at";
const PARTED: &str = "SELECT person, at, until_at FROM alias_past ORDER BY at";
const GIVEN_BACK: &str = "SELECT 1 FROM alias_past WHERE until_at = $1 AND at > $2";
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

/// A person whose code led to another one for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The other one.
    pub person: String,
    /// Since when, milliseconds since 1970.
    pub at: i64,
    /// When that was taken back.
    pub until: i64,
}

fn host(row: &Row) -> Result<Host> {
    Ok(Host { person: row.get(0)?, at: row.get(1)?, until: row.get(2)? })
}

/// Notes that a code had led to a person for a while.
pub async fn part(tx: &mut Tx, alias: &str, host: &Host) -> Result<()> {
    tx.run(PART, args![alias, host.until, host.person.as_str(), host.at]).await?;
    Ok(())
}

/// To whom a code led for a while, by when.
pub async fn hosts(tx: &mut Tx, alias: &str) -> Result<Vec<Host>> {
    tx.rows(HOSTS, args![alias]).await?.iter().map(host).collect()
}

/// Whose codes led to a person for a while, by when: here the other one is whoever came and went.
pub async fn guests(tx: &mut Tx, person: &str) -> Result<Vec<Host>> {
    tx.rows(GUESTS, args![person]).await?.iter().map(host).collect()
}

/// Everybody to whom another code led for a while, by when that began.
pub async fn parted(tx: &mut Tx) -> Result<Vec<Host>> {
    tx.rows(PARTED, args![]).await?.iter().map(host).collect()
}

/// Whether what was recorded at an instant came back when a merger was taken back that was made after another instant
/// (milliseconds since 1970).
pub async fn came_back(tx: &mut Tx, recorded_at: i64, merged_after: i64) -> Result<bool> {
    Ok(tx.row(GIVEN_BACK, args![recorded_at, merged_after]).await?.is_some())
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
