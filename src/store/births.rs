//! Births by area and year, from another source than the register.

use super::{Result, Tx};
use crate::args;
use crate::domain::national::OtherDenominator;

const ALL: &str = "SELECT area, year, children, source FROM births ORDER BY area, year";
const FIND: &str = "SELECT area, year, children, source FROM births WHERE area = $1 AND year = $2";
const ADD: &str = "INSERT INTO births (area, year, children, source, recorded_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (area, year) DO NOTHING";
const CHANGE: &str = "UPDATE births SET children = $5, source = $6, recorded_at = $7 \
     WHERE area = $1 AND year = $2 AND children = $3 AND source = $4";
const REMOVE: &str =
    "DELETE FROM births WHERE area = $1 AND year = $2 AND children = $3 AND source = $4";

fn births(row: &super::db::Row) -> Result<OtherDenominator> {
    let row = row.of("births", &[0, 1]);
    Ok(OtherDenominator {
        place: row.get(0)?,
        year: row.number(1, "a year")?,
        children: row.number(2, "a count")?,
        source: row.get(3)?,
    })
}

/// All births, by area and year.
pub async fn all(tx: &mut Tx) -> Result<Vec<OtherDenominator>> {
    tx.rows(ALL, args![]).await?.iter().map(births).collect()
}

/// Those of an area in a year.
pub async fn find(tx: &mut Tx, area: &str, year: i32) -> Result<Option<OtherDenominator>> {
    tx.row(FIND, args![area, i64::from(year)]).await?.as_ref().map(births).transpose()
}

fn count(births: &OtherDenominator) -> i64 {
    i64::try_from(births.children).unwrap_or(i64::MAX)
}

/// Puts births in the place of those that stood there before. False where others stand there by now. `now`:
/// milliseconds since 1970.
pub async fn put(
    tx: &mut Tx,
    new: &OtherDenominator,
    before: Option<&OtherDenominator>,
    now: i64,
) -> Result<bool> {
    let (area, year) = (new.place.as_str(), i64::from(new.year));
    let (children, source) = (count(new), new.source.as_str());
    let changed = match before {
        None => tx.run(ADD, args![area, year, children, source, now]).await?,
        Some(before) => {
            let (had, of) = (count(before), before.source.as_str());
            tx.run(CHANGE, args![area, year, had, of, children, source, now]).await?
        }
    };
    Ok(changed == 1)
}

/// Takes births out. False where others stand there by now.
pub async fn remove(tx: &mut Tx, before: &OtherDenominator) -> Result<bool> {
    let (area, year) = (before.place.as_str(), i64::from(before.year));
    let gone = tx.run(REMOVE, args![area, year, count(before), before.source.as_str()]).await?;
    Ok(gone == 1)
}
