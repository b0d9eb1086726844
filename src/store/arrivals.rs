//! When records came in: a record came when it was recorded first, however often it was corrected later.

use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::id::{PlaceCode, RecordId};
use chrono::NaiveDate;
use std::collections::BTreeMap;

macro_rules! between {
    () => {
        "SELECT CAST(1 AS BIGINT) AS is_tally, t.record AS record, t.place AS place, t.day AS day, \
         COALESCE((SELECT MIN(p.recorded_at) FROM tally_past p WHERE p.record = t.record), \
         t.recorded_at) AS at FROM tally t WHERE t.campaign = $1 AND t.day >= $2 AND t.day <= $3 \
         UNION ALL SELECT CAST(0 AS BIGINT), d.record, d.place, d.day, \
         COALESCE((SELECT MIN(p.recorded_at) FROM dose_past p WHERE p.record = d.record), \
         d.recorded_at) FROM dose d \
         WHERE d.campaign = $1 AND d.elsewhere = 0 AND d.day >= $2 AND d.day <= $3"
    };
}
const BETWEEN: &str = between!();
const FIRST: &str =
    concat!("SELECT place, day, MIN(at) FROM (", between!(), ") arrived GROUP BY place, day");

/// A record and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// `true`: a tally; `false`: a dose of a person.
    pub is_tally: bool,
    /// The record.
    pub record: RecordId,
    /// Where.
    pub place: PlaceCode,
    /// The day it speaks of.
    pub day: NaiveDate,
    /// When it was recorded first, milliseconds since 1970.
    pub at: i64,
}

/// Hands over every record of the days `first..=last` that is known now.
pub async fn between(
    tx: &mut Tx,
    campaign: CampaignNo,
    (first, last): (NaiveDate, NaiveDate),
    mut take: impl FnMut(Arrived),
) -> Result<()> {
    tx.each(BETWEEN, args![campaign, first, last], |row| {
        let kind: i64 = row.get(0)?;
        let row = row.of(if kind == 1 { "tally" } else { "dose" }, &[1]);
        take(Arrived {
            is_tally: kind == 1,
            record: RecordId::new(row.get::<String>(1)?),
            place: PlaceCode::new(row.get::<String>(2)?),
            day: row.get(3)?,
            at: row.get(4)?,
        });
        Ok(())
    })
    .await
}

/// When the first record of each place came for each of the days `first..=last`, milliseconds since 1970.
pub async fn first(
    tx: &mut Tx,
    campaign: CampaignNo,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<BTreeMap<(PlaceCode, NaiveDate), i64>> {
    let rows = tx.rows(FIRST, args![campaign, first, last]).await?;
    let one = |row: &Row| Ok(((PlaceCode::new(row.get::<String>(0)?), row.get(1)?), row.get(2)?));
    rows.iter().map(one).collect()
}
