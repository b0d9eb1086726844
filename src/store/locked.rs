//! Sessions that an office has locked.

use super::audit::Act;
use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::id::PlaceCode;
use crate::domain::locked::PlanLock;
use chrono::NaiveDate;

const LOCK: &str = "INSERT INTO plan_lock (campaign, place, day, doses, reason, who, at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (campaign, place, day) DO NOTHING";
const UNLOCK: &str = "DELETE FROM plan_lock WHERE campaign = $1 AND place = $2 AND day = $3";
const FROM: &str = "SELECT place, day, doses, reason, who, at FROM plan_lock \
     WHERE campaign = $1 AND day >= $2 ORDER BY day, place";

/// Locks a session; `false` where it is locked already.
pub async fn lock(act: &mut Act, campaign: CampaignNo, lock: &PlanLock) -> Result<bool> {
    let PlanLock { place, day, doses, reason, who, at } = lock;
    let doses = i64::try_from(*doses).unwrap_or(i64::MAX);
    let values = args![campaign, place.as_str(), *day, doses, reason.as_str(), who.as_str(), *at];
    Ok(act.tx().run(LOCK, values).await? == 1)
}

/// Unlocks a session; `false` where it was not locked.
pub async fn unlock(
    act: &mut Act,
    campaign: CampaignNo,
    place: &str,
    day: NaiveDate,
) -> Result<bool> {
    Ok(act.tx().run(UNLOCK, args![campaign, place, day]).await? == 1)
}

/// The locks from a day on, by day and place.
pub async fn from(tx: &mut Tx, campaign: CampaignNo, day: NaiveDate) -> Result<Vec<PlanLock>> {
    let read = |row: &Row| {
        Ok(PlanLock {
            place: PlaceCode::new(row.get::<String>(0)?),
            day: row.get(1)?,
            doses: row.count(2, "plan_lock")?,
            reason: row.get(3)?,
            who: row.get(4)?,
            at: row.get(5)?,
        })
    };
    tx.rows(FROM, args![campaign, day]).await?.iter().map(read).collect()
}
