//! What counts, day by day, for those who keep it in memory: how often each day has changed, and what it holds. The
//! transaction that changes a cell counts the change of its day, too, so that whoever has seen the count knows whether
//! what was read is still true.

use super::db::{TableRow, Tx};
use super::lookup::{ByDay, each_row};
use super::{CampaignNo, Result};
use crate::domain::counting::Total;
use crate::domain::day_counts::{DayGiven, DayTotals, SumKey};
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::{args, bulk};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

bulk!(
    CHANGED,
    3,
    "INSERT INTO counted_day (campaign, day, changes) VALUES",
    "ON CONFLICT (campaign, day) DO UPDATE SET changes = counted_day.changes + 1"
);
const ALL_CHANGED: &str = "INSERT INTO counted_day (campaign, day, changes) \
     SELECT DISTINCT campaign, day, CAST(1 AS BIGINT) FROM cell WHERE campaign = $1 ORDER BY day \
     ON CONFLICT (campaign, day) DO UPDATE SET changes = counted_day.changes + 1";
const CHANGES: &str = "SELECT CAST(COALESCE(SUM(changes), 0) AS BIGINT) FROM counted_day \
     WHERE campaign = $1";
const CHANGES_BY_DAY: &str = "SELECT day, changes FROM counted_day WHERE campaign = $1";

static TOTALS: LazyLock<ByDay> = LazyLock::new(|| {
    const COLUMNS: &[&str] =
        &["area", "grp", "dose", "day", "doses", "repeats", "invalid", "exceeding"];
    ByDay::new("total", &[0, 1, 2, 3], COLUMNS)
});

/// What a place gave on a day. How a family's persons and tallies add up is
/// [`family_doses`](crate::domain::counting::family_doses)'s to say: a test holds the two together.
const FAMILIES: &str = "FROM (SELECT day, place, SUM(doses) AS doses FROM (SELECT day, place, \
     CASE WHEN SUM(persons) > SUM(tally) THEN SUM(persons) ELSE SUM(tally) END AS doses \
     FROM cell WHERE campaign = $1 AND day >= $2 AND day <= $3 AND place <> '' \
     GROUP BY day, place, grp, dose) family GROUP BY day, place) given \
     GROUP BY day ORDER BY day";
static GIVEN: LazyLock<[String; 2]> = LazyLock::new(|| {
    [
        format!("SELECT day, json_group_array(json_array(place, doses)) {FAMILIES}"),
        format!(
            "SELECT day, CAST(json_agg(json_build_array(place, CAST(doses AS BIGINT))) AS TEXT) \
             {FAMILIES}"
        ),
    ]
});

/// Counts that days of a campaign have changed.
pub(super) async fn note(
    tx: &mut Tx,
    campaign: CampaignNo,
    days: BTreeSet<NaiveDate>,
) -> Result<()> {
    // In the order of the days, so that two transactions do not wait for each other.
    let values = days.into_iter().flat_map(|day| args![campaign, day, 1_i64]);
    CHANGED.run(tx, values.collect()).await?;
    Ok(())
}

/// The same for every day that has cells.
pub(super) async fn note_all(tx: &mut Tx, campaign: CampaignNo) -> Result<()> {
    tx.run(ALL_CHANGED, args![campaign]).await?;
    Ok(())
}

/// How often the days of a campaign have changed, all together. While this stays, nothing has changed.
pub async fn changes(tx: &mut Tx, campaign: CampaignNo) -> Result<i64> {
    tx.row(CHANGES, args![campaign]).await?.map_or(Ok(0), |row| row.get(0))
}

/// How often each day has changed. Days that never did may be missing.
pub async fn changes_by_day(tx: &mut Tx, campaign: CampaignNo) -> Result<BTreeMap<NaiveDate, i64>> {
    let rows = tx.rows(CHANGES_BY_DAY, args![campaign]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Reads the totals of the days `first..=last` anew.
pub async fn read_totals(
    tx: &mut Tx,
    campaign: CampaignNo,
    (first, last): (NaiveDate, NaiveDate),
    into: &mut DayTotals,
) -> Result<()> {
    let mut days: BTreeMap<NaiveDate, Vec<(SumKey, Total)>> = BTreeMap::new();
    let take = |row: &TableRow<'_>| {
        let area = AreaCode::new(row.get::<String>(0)?);
        let key = (area, GroupId::new(row.get::<String>(1)?), row.number(2, "a dose number")?);
        let total = Total {
            doses: row.get(4)?,
            repeats: row.get(5)?,
            invalid: row.get(6)?,
            exceeding: row.get(7)?,
        };
        days.entry(row.get(3)?).or_default().push((key, total));
        Ok(())
    };
    TOTALS.each(tx, campaign, (first, last), take).await?;
    // A day of which nothing is left has no row.
    if first == last {
        days.entry(first).or_default();
    }
    for (day, rows) in days {
        into.put(day, rows);
    }
    Ok(())
}

/// Reads anew what the places of a campaign gave on the days `first..=last`.
pub async fn read_given(
    tx: &mut Tx,
    campaign: CampaignNo,
    (first, last): (NaiveDate, NaiveDate),
    into: &mut DayGiven,
) -> Result<()> {
    let [sqlite, postgres] = &*GIVEN;
    let text = if tx.is_sqlite() { sqlite } else { postgres };
    if first == last {
        into.put(first, []);
    }
    tx.each(text, args![campaign, first, last], |row| {
        let (day, answer): (NaiveDate, String) = (row.get(0)?, row.get(1)?);
        let mut given = Vec::new();
        each_row(&answer, ("cell", &["place", "doses"], &[0]), |row| {
            given.push((PlaceCode::new(row.get::<String>(0)?), row.number(1, "a count of doses")?));
            Ok(())
        })?;
        into.put(day, given);
        Ok(())
    })
    .await
}
