//! Tallies, now and before.

use super::db::{Row, Value};
use super::{CampaignNo, Result, StoreError, Tx};
use crate::domain::dose::Tally;
use crate::domain::id::{AreaCode, GroupId, PlaceCode, RecordId};
use crate::{args, bulk};
use chrono::NaiveDate;
use std::collections::BTreeMap;

bulk!(
    FIND,
    2,
    "WITH wanted (campaign, record) AS (VALUES",
    ") SELECT t.record, t.day, t.place, t.area, t.grp, t.dose, t.doses, t.recorded_at \
     FROM wanted w JOIN tally t ON t.campaign = w.campaign AND t.record = w.record"
);
bulk!(
    WRITE,
    9,
    "INSERT INTO tally (campaign, record, day, place, area, grp, dose, doses, recorded_at) VALUES",
    "ON CONFLICT (campaign, record) DO UPDATE SET day = excluded.day, place = excluded.place, \
     area = excluded.area, grp = excluded.grp, dose = excluded.dose, doses = excluded.doses, \
     recorded_at = excluded.recorded_at"
);
bulk!(
    KEEP,
    11,
    "INSERT INTO tally_past (campaign, record, day, place, area, grp, dose, doses, recorded_at, \
     superseded_at, why) VALUES",
    ""
);
const DELETE: &str = "DELETE FROM tally WHERE campaign = $1 AND record = $2";
const KNOWN: &str = "SELECT record, day, place, area, grp, dose, doses, recorded_at FROM tally \
     WHERE campaign = $1 AND recorded_at < $2 \
     UNION ALL SELECT record, day, place, area, grp, dose, doses, recorded_at FROM tally_past \
     WHERE campaign = $1 AND recorded_at < $2 AND superseded_at >= $2";
const OF_PLACE: &str = "SELECT record, day, place, area, grp, dose, doses, recorded_at \
     FROM tally WHERE campaign = $1 AND place = $2 AND day = $3 ORDER BY record";

/// A tally with the time of recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The tally.
    pub tally: Tally,
    /// When it was recorded, milliseconds since 1970.
    pub recorded_at: i64,
}

fn known(row: &Row) -> Result<Known> {
    let small = |index| -> Result<u32> {
        let number: i64 = row.get(index)?;
        u32::try_from(number).map_err(|_| StoreError::BadRow {
            table: "tally",
            what: format!("{number} is no count of doses"),
        })
    };
    let tally = Tally {
        record: RecordId::new(row.get::<String>(0)?),
        date: row.get(1)?,
        place: PlaceCode::new(row.get::<String>(2)?),
        area: AreaCode::new(row.get::<String>(3)?),
        group: GroupId::new(row.get::<String>(4)?),
        dose: u8::try_from(small(5)?).unwrap_or(u8::MAX),
        doses: small(6)?,
    };
    Ok(Known { tally, recorded_at: row.get(7)? })
}

fn values(campaign: CampaignNo, tally: &Tally) -> Vec<Value> {
    args![
        campaign,
        tally.record.as_str(),
        tally.date,
        tally.place.as_str(),
        tally.area.as_str(),
        tally.group.as_str(),
        tally.dose,
        tally.doses,
    ]
}

/// The tallies with these records, as far as they are known.
pub async fn find(
    tx: &mut Tx,
    campaign: CampaignNo,
    wanted: impl IntoIterator<Item = &RecordId>,
) -> Result<BTreeMap<RecordId, Known>> {
    let values = wanted.into_iter().flat_map(|id| args![campaign, id.as_str()]).collect();
    let rows = FIND.rows(tx, values).await?;
    rows.iter().map(|row| known(row).map(|k| (k.tally.record.clone(), k))).collect()
}

/// Stores tallies as they are known from now on.
pub async fn write(tx: &mut Tx, campaign: CampaignNo, tallies: &[Tally], now: i64) -> Result<()> {
    let rows = tallies.iter().flat_map(|tally| {
        let mut row = values(campaign, tally);
        row.push(now.into());
        row
    });
    WRITE.run(tx, rows.collect()).await?;
    Ok(())
}

/// Keeps what was known of tallies before a correction or a void, with the reason.
pub async fn keep(
    tx: &mut Tx,
    campaign: CampaignNo,
    old: &[Known],
    now: i64,
    why: &str,
) -> Result<()> {
    let rows = old.iter().flat_map(|known| {
        let mut row = values(campaign, &known.tally);
        row.extend(args![known.recorded_at, now, why]);
        row
    });
    KEEP.run(tx, rows.collect()).await?;
    Ok(())
}

/// Takes a tally out of what is known.
pub async fn delete(tx: &mut Tx, campaign: CampaignNo, record: &RecordId) -> Result<()> {
    tx.run(DELETE, args![campaign, record.as_str()]).await?;
    Ok(())
}

/// Hands over every tally that was known before an instant.
pub async fn each_known(
    tx: &mut Tx,
    campaign: CampaignNo,
    before: i64,
    mut take: impl FnMut(Tally),
) -> Result<()> {
    tx.each(KNOWN, args![campaign, before], |row| {
        take(known(&row)?.tally);
        Ok(())
    })
    .await
}

/// What was counted at a place on a day.
pub async fn of_place(
    tx: &mut Tx,
    campaign: CampaignNo,
    place: &PlaceCode,
    day: NaiveDate,
) -> Result<Vec<Tally>> {
    let rows = tx.rows(OF_PLACE, args![campaign, place.as_str(), day]).await?;
    rows.iter().map(|row| Ok(known(row)?.tally)).collect()
}
