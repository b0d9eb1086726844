//! Calls from the call list.

use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::call::CallResult;
use chrono::NaiveDate;

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCall {
    /// Its number.
    pub id: i64,
    /// The campaign.
    pub campaign: CampaignNo,
    /// Who was called.
    pub person: String,
    /// The day.
    pub day: NaiveDate,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// What came of it.
    pub result: CallResult,
    /// Who called.
    pub who: String,
    /// What it changed beside: the record of an outcome, or [`CONFIRMED`].
    pub made: Option<String>,
}

/// What stands in `made` where an appointment was confirmed.
pub const CONFIRMED: &str = "confirmed";

const SINCE: &str = "SELECT id, campaign, person, day, at, result, who, made FROM phone_call \
     WHERE campaign = $1 AND day >= $2 AND undone_at IS NULL ORDER BY at, id";
const OF_PERSON: &str = "SELECT id, campaign, person, day, at, result, who, made FROM phone_call \
     WHERE person = $1 AND undone_at IS NULL ORDER BY at, id";
const INSERT: &str = "INSERT INTO phone_call (campaign, person, day, at, result, who, once, made) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const FIND: &str = "SELECT id, campaign, person, day, at, result, who, made FROM phone_call \
     WHERE id = $1 AND campaign = $2 AND undone_at IS NULL";
const OF_FORM: &str = "SELECT person, result, undone_at FROM phone_call WHERE once = $1";
const UNDO: &str = "UPDATE phone_call SET undone_at = $2 WHERE id = $1 AND undone_at IS NULL";
const MOVE: &str = "UPDATE phone_call SET person = $2 WHERE person = $1";
const FORGET: &str = "DELETE FROM phone_call WHERE person = $1";
const RETAIN: &str = "DELETE FROM phone_call WHERE campaign = $1";

fn call(row: &Row) -> Result<StoredCall> {
    Ok(StoredCall {
        id: row.get(0)?,
        campaign: CampaignNo(row.get(1)?),
        person: row.get(2)?,
        day: row.get(3)?,
        at: row.get(4)?,
        result: row.of("phone_call", &[0]).word(5)?,
        who: row.get(6)?,
        made: row.get(7)?,
    })
}

/// A call to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewCall<'a> {
    /// Who was called.
    pub person: &'a str,
    /// The day.
    pub day: NaiveDate,
    /// What came of it.
    pub result: CallResult,
    /// Who called.
    pub who: &'a str,
    /// The form that says it.
    pub once: &'a str,
    /// What it changed beside.
    pub made: Option<&'a str>,
}

/// Stores a call. `now`: milliseconds since 1970.
pub async fn insert(tx: &mut Tx, campaign: CampaignNo, new: &NewCall<'_>, now: i64) -> Result<()> {
    let NewCall { person, day, result, who, once, made } = *new;
    tx.run(INSERT, args![campaign, person, day, now, result, who, once, made]).await?;
    Ok(())
}

/// Of the call that a form made: the person, the result, and whether it was taken back since.
pub async fn of_form(tx: &mut Tx, once: &str) -> Result<Option<(String, CallResult, bool)>> {
    let row = tx.row(OF_FORM, args![once]).await?;
    row.map(|row| {
        let undone: Option<i64> = row.get(2)?;
        Ok((row.get(0)?, row.of("phone_call", &[0]).word(1)?, undone.is_some()))
    })
    .transpose()
}

/// A call of a campaign that stands.
pub async fn find(tx: &mut Tx, campaign: CampaignNo, id: i64) -> Result<Option<StoredCall>> {
    tx.row(FIND, args![id, campaign]).await?.as_ref().map(call).transpose()
}

/// The calls of a campaign since a day that stand, the oldest first.
pub async fn since(tx: &mut Tx, campaign: CampaignNo, day: NaiveDate) -> Result<Vec<StoredCall>> {
    tx.rows(SINCE, args![campaign, day]).await?.iter().map(call).collect()
}

/// The calls to a person that stand, the oldest first.
pub async fn of_person(tx: &mut Tx, person: &str) -> Result<Vec<StoredCall>> {
    tx.rows(OF_PERSON, args![person]).await?.iter().map(call).collect()
}

/// Takes a call back; `false` if it was taken back before.
pub async fn undo(tx: &mut Tx, id: i64, now: i64) -> Result<bool> {
    Ok(tx.run(UNDO, args![id, now]).await? == 1)
}

/// Calls to one code are calls to another one from now on.
pub async fn hand_over(tx: &mut Tx, from: &str, to: &str) -> Result<()> {
    tx.run(MOVE, args![from, to]).await?;
    Ok(())
}

/// Deletes the calls to a person.
pub async fn forget(tx: &mut Tx, person: &str) -> Result<()> {
    tx.run(FORGET, args![person]).await?;
    Ok(())
}

/// Deletes the calls of a campaign that is long over.
pub async fn retain(tx: &mut Tx, campaign: CampaignNo) -> Result<()> {
    tx.run(RETAIN, args![campaign]).await?;
    Ok(())
}
