//! Tallies: doses counted at a place on a day, without names.

use super::db::{TableRow, Value};
use super::records::{Record, Table};
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::dose::Tally;
use crate::domain::id::{AreaCode, GroupId, PlaceCode, RecordId};
use chrono::NaiveDate;
use std::sync::LazyLock;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let columns = ["record", "day", "place", "area", "grp", "dose", "doses", "campaign"];
    Table::new("tally", &columns)
});

const OF_PLACE: &str = "SELECT record, day, place, area, grp, dose, doses, campaign \
     FROM tally WHERE campaign = $1 AND place = $2 AND day = $3 ORDER BY record";

impl Record for Tally {
    fn table() -> &'static Table {
        &TABLE
    }

    fn key(&self) -> &str {
        self.record.as_str()
    }

    fn values(&self) -> Vec<Value> {
        args![
            self.record.as_str(),
            self.date,
            self.place.as_str(),
            self.area.as_str(),
            self.group.as_str(),
            self.dose,
            self.doses,
            self.campaign.map(|campaign| campaign.0),
        ]
    }

    fn read(row: &TableRow<'_>) -> Result<Self> {
        Ok(Self {
            record: RecordId::new(row.get::<String>(0)?),
            date: row.get(1)?,
            place: PlaceCode::new(row.get::<String>(2)?),
            area: AreaCode::new(row.get::<String>(3)?),
            group: GroupId::new(row.get::<String>(4)?),
            dose: row.number(5, "a dose number")?,
            doses: row.number(6, "a count of doses")?,
            campaign: Some(CampaignNo(row.get(7)?)),
        })
    }
}

/// What was counted at a place on a day, by record.
pub async fn of_place(
    tx: &mut Tx,
    campaign: CampaignNo,
    place: &PlaceCode,
    day: NaiveDate,
) -> Result<Vec<Tally>> {
    let rows = tx.rows(OF_PLACE, args![campaign, place.as_str(), day]).await?;
    rows.iter().map(|row| Tally::read(&row.of("tally", &[0]))).collect()
}
