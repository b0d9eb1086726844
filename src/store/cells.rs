//! Cells and totals: what counts. The transaction that stores a record changes them too, so that coverage is read
//! without reading the records.

use super::db::{Row, TableRow, Value};
use super::lookup::ByDay;
use super::{CampaignNo, Result, Tx, counted};
use crate::domain::counting::{
    Cell, CellKey, Cells, FamilyKey, Total, TotalKey, add_family, families,
};
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::{args, bulk};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::sync::LazyLock;

bulk!(
    FIND,
    5,
    "WITH wanted (campaign, day, place, grp, dose) AS (VALUES",
    ") SELECT c.day, c.place, c.grp, c.dose, c.area, c.persons, c.repeats, c.invalid, c.tally, \
     c.tallies FROM wanted w JOIN cell c ON c.campaign = w.campaign AND c.day = w.day \
     AND c.place = w.place AND c.grp = w.grp AND c.dose = w.dose"
);
bulk!(
    WRITE,
    11,
    "INSERT INTO cell (campaign, day, place, grp, dose, area, persons, repeats, invalid, tally, \
     tallies) VALUES",
    "ON CONFLICT (campaign, day, place, grp, dose, area) DO UPDATE SET \
     persons = excluded.persons, repeats = excluded.repeats, invalid = excluded.invalid, \
     tally = excluded.tally, tallies = excluded.tallies"
);
bulk!(
    ADD_TOTAL,
    9,
    "INSERT INTO total (campaign, area, grp, dose, day, doses, repeats, invalid, exceeding) VALUES",
    "ON CONFLICT (campaign, area, grp, dose, day) DO UPDATE SET \
     doses = total.doses + excluded.doses, repeats = total.repeats + excluded.repeats, \
     invalid = total.invalid + excluded.invalid, exceeding = total.exceeding + excluded.exceeding"
);
const DELETE_CELL: &str = "DELETE FROM cell WHERE campaign = $1 AND day = $2 AND place = $3 \
     AND grp = $4 AND dose = $5 AND area = $6";
const DELETE_CELLS: &str = "DELETE FROM cell WHERE campaign = $1";
const DELETE_TOTALS: &str = "DELETE FROM total WHERE campaign = $1";
const REPORTED_DOSES: &str = "SELECT place, day, \
     CAST(SUM(CASE WHEN persons > tally THEN persons ELSE tally END) AS BIGINT) FROM cell \
     WHERE campaign = $1 AND day >= $2 AND day <= $3 GROUP BY place, day HAVING SUM(tallies) > 0";
const REPORTED: &str = "SELECT DISTINCT place FROM cell WHERE campaign = $1 AND day = $2";
const REPORTS: &str = "SELECT DISTINCT place, day FROM cell WHERE campaign = $1 AND day <= $2";
const DOSES_BY_DAY: &str = "SELECT day, CAST(SUM(doses) AS BIGINT) FROM total \
     WHERE campaign = $1 AND day >= $2 AND day <= $3 GROUP BY day ORDER BY day";
const REPORTS_BETWEEN: &str = "SELECT DISTINCT place, day FROM cell \
     WHERE campaign = $1 AND day >= $2 AND day <= $3";
const TOTALS: &str = "SELECT area, grp, dose, day, doses, repeats, invalid, exceeding FROM total \
     WHERE campaign = $1 ORDER BY area, grp, dose, day";

fn dose_number(row: &TableRow<'_>, index: usize) -> Result<u8> {
    row.number(index, "a dose number")
}

/// Columns of a cell, and those of them that name it.
const COLUMNS: &[&str] =
    &["day", "place", "grp", "dose", "area", "persons", "repeats", "invalid", "tally", "tallies"];
const KEY: &[usize] = &[0, 1, 2, 3, 4];

static CELLS: LazyLock<ByDay> = LazyLock::new(|| ByDay::new("cell", KEY, COLUMNS));

/// A cell of a row with these columns.
fn cell(row: &TableRow<'_>) -> Result<(CellKey, Cell)> {
    let family = FamilyKey {
        day: row.get(0)?,
        place: PlaceCode::new(row.get::<String>(1)?),
        group: GroupId::new(row.get::<String>(2)?),
        dose: dose_number(row, 3)?,
    };
    let figures = Cell {
        persons: row.get(5)?,
        repeats: row.get(6)?,
        invalid: row.get(7)?,
        tally: row.get(8)?,
        tallies: row.get(9)?,
    };
    Ok((CellKey { family, area: AreaCode::new(row.get::<String>(4)?) }, figures))
}

/// Adds changes to the cells, and to the totals what follows from that. The rule by which cells become totals is
/// [`add_family`]'s.
pub async fn change(tx: &mut Tx, campaign: CampaignNo, changes: Cells) -> Result<()> {
    let changes = families(changes.into_iter().filter(|(_, c)| *c != Cell::default()).collect());
    counted::note(tx, campaign, changes.keys().map(|family| family.day).collect()).await?;
    let wanted = changes.keys().flat_map(|family| {
        args![campaign, family.day, family.place.as_str(), family.group.as_str(), family.dose]
    });
    let mut before = BTreeMap::new();
    for row in FIND.rows(tx, wanted.collect()).await? {
        let (key, figures) = cell(&row.of("cell", KEY))?;
        before.insert(key, figures);
    }
    let before = families(before);
    let none = BTreeMap::new();
    let mut totals = BTreeMap::new();
    let mut written: Vec<Value> = Vec::new();
    for (family, changed) in changes {
        let old = before.get(&family).unwrap_or(&none);
        let mut new = old.clone();
        for (area, figures) in &changed {
            new.entry(area.clone()).or_default().add(figures, 1);
        }
        add_family(&family, old, -1, &mut totals);
        for area in changed.keys() {
            let figures = new[area];
            if figures.is_empty() {
                new.remove(area);
                delete_cell(tx, campaign, &family, area).await?;
            } else {
                written.extend(cell_values(campaign, &family, area, &figures));
            }
        }
        add_family(&family, &new, 1, &mut totals);
    }
    WRITE.run(tx, written).await?;
    add_totals(tx, campaign, &totals).await
}

async fn delete_cell(
    tx: &mut Tx,
    campaign: CampaignNo,
    family: &FamilyKey,
    area: &AreaCode,
) -> Result<()> {
    let key = args![
        campaign,
        family.day,
        family.place.as_str(),
        family.group.as_str(),
        family.dose,
        area.as_str()
    ];
    tx.run(DELETE_CELL, key).await?;
    Ok(())
}

fn cell_values(
    campaign: CampaignNo,
    family: &FamilyKey,
    area: &AreaCode,
    figures: &Cell,
) -> Vec<Value> {
    args![
        campaign,
        family.day,
        family.place.as_str(),
        family.group.as_str(),
        family.dose,
        area.as_str(),
        figures.persons,
        figures.repeats,
        figures.invalid,
        figures.tally,
        figures.tallies,
    ]
}

async fn add_totals(
    tx: &mut Tx,
    campaign: CampaignNo,
    totals: &BTreeMap<TotalKey, Total>,
) -> Result<()> {
    let rows = totals.iter().filter(|(_, total)| **total != Total::default());
    let values = rows.flat_map(|(key, total)| {
        args![
            campaign,
            key.area.as_str(),
            key.group.as_str(),
            key.dose,
            key.day,
            total.doses,
            total.repeats,
            total.invalid,
            total.exceeding,
        ]
    });
    ADD_TOTAL.run(tx, values.collect()).await?;
    Ok(())
}

/// Replaces every cell and total of a campaign.
pub async fn replace(tx: &mut Tx, campaign: CampaignNo, cells: Cells) -> Result<()> {
    counted::note_all(tx, campaign).await?;
    tx.run(DELETE_CELLS, args![campaign]).await?;
    tx.run(DELETE_TOTALS, args![campaign]).await?;
    change(tx, campaign, cells).await
}

/// The cells of the days `first..=last`.
pub async fn between(
    tx: &mut Tx,
    campaign: CampaignNo,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Cells> {
    let mut out = Cells::new();
    let take = |row: &TableRow<'_>| {
        let (key, figures) = cell(row)?;
        out.insert(key, figures);
        Ok(())
    };
    CELLS.each(tx, campaign, (first, last), take).await?;
    Ok(out)
}

/// Doses that were reported in the days `first..=last`, by place and day.
pub async fn reported_doses(
    tx: &mut Tx,
    campaign: CampaignNo,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<BTreeMap<PlaceCode, BTreeMap<NaiveDate, u64>>> {
    let mut out: BTreeMap<PlaceCode, BTreeMap<NaiveDate, u64>> = BTreeMap::new();
    tx.each(REPORTED_DOSES, args![campaign, first, last], |row| {
        let place = PlaceCode::new(row.get::<String>(0)?);
        out.entry(place).or_default().insert(row.get(1)?, row.count(2, "cell")?);
        Ok(())
    })
    .await?;
    Ok(out)
}

/// The places that have reported for a day.
pub async fn reported(tx: &mut Tx, campaign: CampaignNo, day: NaiveDate) -> Result<Vec<PlaceCode>> {
    let rows = tx.rows(REPORTED, args![campaign, day]).await?;
    rows.iter().map(|row| row.of("cell", &[0]).get::<String>(0).map(PlaceCode::new)).collect()
}

/// Every place and day with a report, between two days.
pub async fn reports_between(
    tx: &mut Tx,
    campaign: CampaignNo,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<(PlaceCode, NaiveDate)>> {
    let rows = tx.rows(REPORTS_BETWEEN, args![campaign, first, last]).await?;
    rows.iter().map(report).collect()
}

/// Every place and day with a report, up to a day.
pub async fn reports(
    tx: &mut Tx,
    campaign: CampaignNo,
    until: NaiveDate,
) -> Result<Vec<(PlaceCode, NaiveDate)>> {
    let rows = tx.rows(REPORTS, args![campaign, until]).await?;
    rows.iter().map(report).collect()
}

fn report(row: &Row) -> Result<(PlaceCode, NaiveDate)> {
    let row = row.of("cell", &[0, 1]);
    Ok((PlaceCode::new(row.get::<String>(0)?), row.get(1)?))
}

/// Doses that count by day.
pub async fn doses_by_day(
    tx: &mut Tx,
    campaign: CampaignNo,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<(NaiveDate, u64)>> {
    let rows = tx.rows(DOSES_BY_DAY, args![campaign, first, last]).await?;
    let day = |row: &Row| {
        let row = row.of("total", &[0]);
        Ok((row.get(0)?, row.number(1, "a count of doses")?))
    };
    rows.iter().map(day).collect()
}

/// Every total, for comparing with a recount.
pub async fn totals(tx: &mut Tx, campaign: CampaignNo) -> Result<BTreeMap<TotalKey, Total>> {
    let mut out = BTreeMap::new();
    tx.each(TOTALS, args![campaign], |row| {
        let row = row.of("total", &[0, 1, 2, 3]);
        let key = TotalKey {
            area: AreaCode::new(row.get::<String>(0)?),
            group: GroupId::new(row.get::<String>(1)?),
            dose: dose_number(&row, 2)?,
            day: row.get(3)?,
        };
        let total = Total {
            doses: row.get(4)?,
            repeats: row.get(5)?,
            invalid: row.get(6)?,
            exceeding: row.get(7)?,
        };
        if total != Total::default() {
            out.insert(key, total);
        }
        Ok(())
    })
    .await?;
    Ok(out)
}
