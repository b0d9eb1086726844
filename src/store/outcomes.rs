//! Outcomes other than a dose: refused, deferred, contraindicated, absent, moved, dead.

use super::db::{TableRow, Value};
use super::records::{Record, Table};
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::id::{PersonId, RecordId};
use crate::domain::person::{Outcome, OutcomeKind};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::new("outcome", &["record", "person", "day", "outcome", "until_day"]));

const ALL: &str = "SELECT record, person, day, outcome, until_day FROM outcome \
     WHERE campaign = $1 ORDER BY person, day, record";

impl Record for Outcome {
    fn table() -> &'static Table {
        &TABLE
    }

    fn key(&self) -> &str {
        self.record.as_str()
    }

    fn values(&self) -> Vec<Value> {
        args![
            self.record.as_str(),
            self.person.as_str(),
            self.date,
            self.outcome.word(),
            self.until,
        ]
    }

    fn read(row: &TableRow<'_>) -> Result<Self> {
        let word: String = row.get(3)?;
        let kind = OutcomeKind::from_word(&word);
        Ok(Self {
            record: RecordId::new(row.get::<String>(0)?),
            person: PersonId::new(row.get::<String>(1)?),
            date: row.get(2)?,
            outcome: kind.ok_or_else(|| row.bad(3, format!("{word:?} is not an outcome")))?,
            until: row.get(4)?,
        })
    }
}

/// All outcomes, each person's sorted by (day, record).
pub async fn by_person(
    tx: &mut Tx,
    campaign: CampaignNo,
) -> Result<BTreeMap<PersonId, Vec<Outcome>>> {
    let mut out: BTreeMap<PersonId, Vec<Outcome>> = BTreeMap::new();
    tx.each(ALL, args![campaign], |row| {
        let outcome = Outcome::read(&row.of("outcome", &[0]))?;
        out.entry(outcome.person.clone()).or_default().push(outcome);
        Ok(())
    })
    .await?;
    Ok(out)
}
