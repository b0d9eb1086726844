//! Outcomes other than a dose: refused, deferred, contraindicated, absent, moved, dead.

use super::db::{Row, Value};
use super::{CampaignNo, Result, StoreError, Tx};
use crate::domain::id::{PersonId, RecordId};
use crate::domain::person::{Outcome, OutcomeKind};
use crate::{args, bulk};
use std::collections::BTreeMap;

bulk!(
    FIND,
    2,
    "WITH wanted (campaign, record) AS (VALUES",
    ") SELECT o.record, o.person, o.day, o.outcome, o.until_day, o.recorded_at \
     FROM wanted w JOIN outcome o ON o.campaign = w.campaign AND o.record = w.record"
);
bulk!(
    WRITE,
    7,
    "INSERT INTO outcome (campaign, record, person, day, outcome, until_day, recorded_at) VALUES",
    "ON CONFLICT (campaign, record) DO UPDATE SET person = excluded.person, day = excluded.day, \
     outcome = excluded.outcome, until_day = excluded.until_day, recorded_at = excluded.recorded_at"
);
bulk!(
    KEEP,
    9,
    "INSERT INTO outcome_past (campaign, record, person, day, outcome, until_day, recorded_at, \
     superseded_at, why) VALUES",
    ""
);
const ALL: &str = "SELECT record, person, day, outcome, until_day, recorded_at FROM outcome \
     WHERE campaign = $1 ORDER BY person, day, record";
const DELETE: &str = "DELETE FROM outcome WHERE campaign = $1 AND record = $2";

/// An outcome with the time of recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The outcome.
    pub outcome: Outcome,
    /// When it was recorded, milliseconds since 1970.
    pub recorded_at: i64,
}

fn known(row: &Row) -> Result<Known> {
    let word: String = row.get(3)?;
    let kind = OutcomeKind::from_word(&word).ok_or_else(|| StoreError::BadRow {
        table: "outcome",
        what: format!("{word:?} is no outcome"),
    })?;
    let outcome = Outcome {
        record: RecordId::new(row.get::<String>(0)?),
        person: PersonId::new(row.get::<String>(1)?),
        date: row.get(2)?,
        outcome: kind,
        until: row.get(4)?,
    };
    Ok(Known { outcome, recorded_at: row.get(5)? })
}

fn values(campaign: CampaignNo, outcome: &Outcome) -> Vec<Value> {
    args![
        campaign,
        outcome.record.as_str(),
        outcome.person.as_str(),
        outcome.date,
        outcome.outcome.word(),
        outcome.until,
    ]
}

/// The outcomes with these records, as far as they are known.
pub async fn find(
    tx: &mut Tx,
    campaign: CampaignNo,
    wanted: impl IntoIterator<Item = &RecordId>,
) -> Result<BTreeMap<RecordId, Known>> {
    let values = wanted.into_iter().flat_map(|id| args![campaign, id.as_str()]).collect();
    let rows = FIND.rows(tx, values).await?;
    rows.iter().map(|row| known(row).map(|k| (k.outcome.record.clone(), k))).collect()
}

/// All outcomes by person.
pub async fn by_person(
    tx: &mut Tx,
    campaign: CampaignNo,
) -> Result<BTreeMap<PersonId, Vec<Outcome>>> {
    let mut out: BTreeMap<PersonId, Vec<Outcome>> = BTreeMap::new();
    for row in tx.rows(ALL, args![campaign]).await? {
        let outcome = known(&row)?.outcome;
        out.entry(outcome.person.clone()).or_default().push(outcome);
    }
    Ok(out)
}

/// Stores outcomes as they are known from now on.
pub async fn write(
    tx: &mut Tx,
    campaign: CampaignNo,
    outcomes: &[Outcome],
    now: i64,
) -> Result<()> {
    let rows = outcomes.iter().flat_map(|outcome| {
        let mut row = values(campaign, outcome);
        row.push(now.into());
        row
    });
    WRITE.run(tx, rows.collect()).await?;
    Ok(())
}

/// Keeps what was known of outcomes before a correction or a void.
pub async fn keep(
    tx: &mut Tx,
    campaign: CampaignNo,
    old: &[Known],
    now: i64,
    why: &str,
) -> Result<()> {
    let rows = old.iter().flat_map(|known| {
        let mut row = values(campaign, &known.outcome);
        row.extend(args![known.recorded_at, now, why]);
        row
    });
    KEEP.run(tx, rows.collect()).await?;
    Ok(())
}

/// Takes an outcome out of what is known.
pub async fn delete(tx: &mut Tx, campaign: CampaignNo, record: &RecordId) -> Result<()> {
    tx.run(DELETE, args![campaign, record.as_str()]).await?;
    Ok(())
}
