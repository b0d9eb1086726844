//! Counts that nobody can mean, until somebody confirms or corrects them. They count nowhere.

use super::audit::Author;
use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::dose::Tally;
use crate::domain::id::{AreaCode, GroupId, PlaceCode, RecordId};
use crate::domain::plausible::{Doubt, Doubtful};

/// A doubtful count, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The count, and why it is asked about.
    pub what: Doubtful,
    /// Who entered it, and from where.
    pub by: Author,
    /// When, milliseconds since 1970.
    pub at: i64,
}

const INSERT: &str = "INSERT INTO doubtful (campaign, record, day, place, area, grp, dose, doses, \
     why, than, who, address, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
     ON CONFLICT (campaign, record) DO UPDATE SET day = excluded.day, place = excluded.place, \
     area = excluded.area, grp = excluded.grp, dose = excluded.dose, doses = excluded.doses, \
     why = excluded.why, than = excluded.than, who = excluded.who, address = excluded.address, \
     at = excluded.at";
const LIST: &str = "SELECT record, day, place, area, grp, dose, doses, why, than, who, address, at \
     FROM doubtful WHERE campaign = $1 ORDER BY day, place, record";
const ANY: &str = "SELECT 1 FROM doubtful LIMIT 1";
const DELETE: &str = "DELETE FROM doubtful WHERE record = $1";

/// Keeps a doubtful count; one under the same record is replaced.
pub async fn insert(tx: &mut Tx, what: &Doubtful, by: &Author, now: i64) -> Result<()> {
    let Doubtful { tally, doubt } = what;
    let than = doubt.than.cast_signed();
    let values = args![
        tally.campaign.map(|campaign| campaign.0),
        tally.record.as_str(),
        tally.date,
        tally.place.as_str(),
        tally.area.as_str(),
        tally.group.as_str(),
        tally.dose,
        tally.doses,
        doubt.why,
        than,
        by.who.as_str(),
        by.address.as_deref(),
        now,
    ];
    tx.run(INSERT, values).await?;
    Ok(())
}

/// Every doubtful count of a campaign, by day and place.
pub async fn list(tx: &mut Tx, campaign: CampaignNo) -> Result<Vec<Held>> {
    tx.rows(LIST, args![campaign]).await?.iter().map(|row| read(row, campaign)).collect()
}

/// Whether there are any.
pub async fn is_any(tx: &mut Tx) -> Result<bool> {
    Ok(tx.row(ANY, args![]).await?.is_some())
}

/// Drops a doubtful count; `false` if there is none under this record.
pub async fn delete(tx: &mut Tx, record: &str) -> Result<bool> {
    Ok(tx.run(DELETE, args![record]).await? > 0)
}

fn read(row: &Row, campaign: CampaignNo) -> Result<Held> {
    let row = row.of("doubtful", &[0]);
    let tally = Tally {
        record: RecordId::new(row.get::<String>(0)?),
        date: row.get(1)?,
        place: PlaceCode::new(row.get::<String>(2)?),
        area: AreaCode::new(row.get::<String>(3)?),
        group: GroupId::new(row.get::<String>(4)?),
        dose: row.number(5, "a dose number")?,
        doses: row.number(6, "a count of doses")?,
        campaign: Some(campaign),
    };
    let doubt = Doubt { why: row.word(7)?, than: row.number(8, "a count of doses")? };
    let by = Author { who: row.get(9)?, address: row.get(10)? };
    Ok(Held { what: Doubtful { tally, doubt }, by, at: row.get(11)? })
}
