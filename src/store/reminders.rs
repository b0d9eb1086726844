//! Who has been written to about which dose, so that nobody is written to twice for the same reason and day.

use super::{CampaignNo, Result, Tx};
use crate::{args, bulk};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

bulk!(
    FIND,
    5,
    "WITH wanted (campaign, person, dose, kind, day) AS (VALUES",
    ") SELECT r.person, r.dose, r.kind, r.day FROM wanted w JOIN reminder r \
     ON r.campaign = w.campaign AND r.person = w.person AND r.dose = w.dose \
     AND r.kind = w.kind AND r.day = w.day"
);
bulk!(INSERT, 6, "INSERT INTO reminder (campaign, person, dose, kind, day, outbox) VALUES", "");
const LAST: &str = "SELECT person, dose, MAX(day), COUNT(*) FROM reminder \
     WHERE campaign = $1 AND kind = $2 GROUP BY person, dose";

/// What a person is written to about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reminded {
    /// Code of the person.
    pub person: String,
    /// Number of the dose.
    pub dose: u8,
    /// The reason, in a word.
    pub kind: String,
    /// The day of the session, or the day of writing: it makes the reason one of its own.
    pub day: NaiveDate,
}

/// Which of these have been written before.
pub async fn find(
    tx: &mut Tx,
    campaign: CampaignNo,
    wanted: &[Reminded],
) -> Result<BTreeSet<Reminded>> {
    let values =
        wanted.iter().flat_map(|one| args![campaign, &one.person, one.dose, &one.kind, one.day]);
    let rows = FIND.rows(tx, values.collect()).await?;
    rows.iter()
        .map(|row| {
            let dose = u8::try_from(row.get::<i64>(1)?).unwrap_or(0);
            Ok(Reminded { person: row.get(0)?, dose, kind: row.get(2)?, day: row.get(3)? })
        })
        .collect()
}

/// Notes what people have been written to about, each with the number of the mail.
pub async fn insert(tx: &mut Tx, campaign: CampaignNo, new: &[(Reminded, i64)]) -> Result<()> {
    let values = new
        .iter()
        .flat_map(|(one, mail)| args![campaign, &one.person, one.dose, &one.kind, one.day, *mail]);
    INSERT.run(tx, values.collect()).await?;
    Ok(())
}

/// When people were last written to for a reason, and how often: by person and dose.
pub async fn last(
    tx: &mut Tx,
    campaign: CampaignNo,
    kind: &str,
) -> Result<BTreeMap<(String, u8), (NaiveDate, i64)>> {
    let rows = tx.rows(LAST, args![campaign, kind]).await?;
    rows.iter()
        .map(|row| {
            let dose = u8::try_from(row.get::<i64>(1)?).unwrap_or(0);
            Ok(((row.get(0)?, dose), (row.get(2)?, row.get(3)?)))
        })
        .collect()
}
