//! People who wait for a seat of a campaign, and what they were given.

use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::id::PersonId;
use chrono::NaiveDate;

/// Somebody who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Who.
    pub person: PersonId,
    /// For which dose, from 1.
    pub dose: u8,
    /// Since when, milliseconds since 1970.
    pub since: i64,
}

const PUT: &str = "INSERT INTO waiting (campaign, person, dose, since) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (campaign, person) DO UPDATE SET dose = excluded.dose, \
     since = excluded.since, given_day = NULL \
     WHERE waiting.given_day IS NOT NULL OR waiting.dose <> excluded.dose";
const LEAVE: &str = "DELETE FROM waiting \
     WHERE campaign = $1 AND person IN (SELECT value FROM json_each($2))";
const OF: &str = "SELECT person, dose, since FROM waiting WHERE campaign = $1 \
     AND person IN (SELECT value FROM json_each($2)) AND given_day IS NULL";
const ALL: &str = "SELECT person, dose, since FROM waiting \
     WHERE campaign = $1 AND given_day IS NULL ORDER BY since, person";
const GIVE: &str = "UPDATE waiting SET given_day = $3 WHERE campaign = $1 AND person = $2";
const GIVEN: &str = "SELECT w.person, w.given_day FROM waiting w JOIN assignment a \
     ON a.campaign = w.campaign AND a.person = w.person AND a.day = w.given_day \
     WHERE w.campaign = $1 AND w.given_day >= $2 ORDER BY w.person";
const DROP: &str = "DELETE FROM waiting WHERE given_day < $1";
const RETAIN: &str = "DELETE FROM waiting WHERE campaign = $1";
const FORGET: &str = "DELETE FROM waiting WHERE person = $1";

fn waiting(row: &Row) -> Result<Waiting> {
    Ok(Waiting {
        person: PersonId::new(row.get::<String>(0)?),
        dose: row.of("waiting", &[0]).number(1, "a dose number")?,
        since: row.get(2)?,
    })
}

/// Puts somebody on the list. Who waits for the dose already keeps their place. `now`: milliseconds since 1970.
pub async fn put(
    tx: &mut Tx,
    campaign: CampaignNo,
    (person, dose): (&str, u8),
    now: i64,
) -> Result<()> {
    tx.run(PUT, args![campaign, person, dose, now]).await?;
    Ok(())
}

/// Takes some people off the list.
pub async fn leave(tx: &mut Tx, campaign: CampaignNo, people: &[&str]) -> Result<()> {
    tx.run(LEAVE, args![campaign, super::json_list(people)]).await?;
    Ok(())
}

/// Those of some people who wait, in no order.
pub async fn of(tx: &mut Tx, campaign: CampaignNo, people: &[&str]) -> Result<Vec<Waiting>> {
    let rows = tx.rows(OF, args![campaign, super::json_list(people)]).await?;
    rows.iter().map(waiting).collect()
}

/// Everybody who waits, whoever came first first.
pub async fn all(tx: &mut Tx, campaign: CampaignNo) -> Result<Vec<Waiting>> {
    tx.rows(ALL, args![campaign]).await?.iter().map(waiting).collect()
}

/// Notes the day of the seat that somebody was given.
pub async fn give(tx: &mut Tx, campaign: CampaignNo, person: &str, day: NaiveDate) -> Result<()> {
    tx.run(GIVE, args![campaign, person, day]).await?;
    Ok(())
}

/// Who was given a seat on a day from `from` on and still has it.
pub async fn given(
    tx: &mut Tx,
    campaign: CampaignNo,
    from: NaiveDate,
) -> Result<Vec<(PersonId, NaiveDate)>> {
    let read = |row: &Row| Ok((PersonId::new(row.get::<String>(0)?), row.get(1)?));
    tx.rows(GIVEN, args![campaign, from]).await?.iter().map(read).collect()
}

/// Forgets seats that were given before a day.
pub async fn drop_given(tx: &mut Tx, before: NaiveDate) -> Result<()> {
    tx.run(DROP, args![before]).await?;
    Ok(())
}

/// Takes somebody off every list.
pub async fn forget(tx: &mut Tx, person: &str) -> Result<()> {
    tx.run(FORGET, args![person]).await?;
    Ok(())
}

/// Forgets who waited for a seat of a campaign that is long over.
pub async fn retain(tx: &mut Tx, campaign: CampaignNo) -> Result<()> {
    tx.run(RETAIN, args![campaign]).await?;
    Ok(())
}
