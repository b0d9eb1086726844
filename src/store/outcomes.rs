//! Outcomes other than a dose: refused, deferred, contraindicated, absent, moved, dead.

use super::db::{TableRow, Value};
use super::near::Near;
use super::records::{Record, Table};
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::id::{PersonId, RecordId};
use crate::domain::person::{Outcome, OutcomeKind};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let columns = ["record", "person", "day", "outcome", "until_day", "campaign", "vaccine"];
    Table::new("outcome", &columns)
});

static NEAR: LazyLock<String> = LazyLock::new(|| {
    let columns = "record, person, day, outcome, until_day, campaign, vaccine";
    Near::of((columns, "outcome"), "", "person, day, record")
});
const ALL: &str = "SELECT record, person, day, outcome, until_day, campaign, vaccine FROM outcome \
     ORDER BY person, day, record";
const OF_PERSON: &str = "SELECT record, person, day, outcome, until_day, campaign, vaccine \
     FROM outcome WHERE person = $1 ORDER BY day, record";
const OF_PEOPLE: &str = "SELECT record, person, day, outcome, until_day, campaign, vaccine \
     FROM outcome WHERE person IN (SELECT value FROM json_each($1)) ORDER BY person, day, record";

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
            self.campaign.map(|campaign| campaign.0),
            self.vaccine.as_deref(),
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
            campaign: row.get::<Option<i64>>(5)?.map(CampaignNo),
            vaccine: row.get(6)?,
        })
    }
}

/// All outcomes, or those of people who are near, each person's sorted by (day, record).
pub async fn by_person(
    tx: &mut Tx,
    near: Option<Near<'_>>,
) -> Result<BTreeMap<PersonId, Vec<Outcome>>> {
    let mut out: BTreeMap<PersonId, Vec<Outcome>> = BTreeMap::new();
    let (sql, values) = near.map_or((ALL, args![]), |near| (&**NEAR, near.values()));
    tx.each(sql, values, |row| {
        let outcome = Outcome::read(&row.of("outcome", &[0]))?;
        out.entry(outcome.person.clone()).or_default().push(outcome);
        Ok(())
    })
    .await?;
    Ok(out)
}

/// The outcomes of a person, sorted by (day, record).
pub async fn of_person(tx: &mut Tx, person: &str) -> Result<Vec<Outcome>> {
    let rows = tx.rows(OF_PERSON, args![person]).await?;
    rows.iter().map(|row| Outcome::read(&row.of("outcome", &[0]))).collect()
}

/// The outcomes of some people, each person's sorted by (day, record).
pub async fn of_people(tx: &mut Tx, people: &[&str]) -> Result<BTreeMap<PersonId, Vec<Outcome>>> {
    let mut out: BTreeMap<PersonId, Vec<Outcome>> = BTreeMap::new();
    for row in tx.rows(OF_PEOPLE, args![super::json_list(people)]).await? {
        let outcome = Outcome::read(&row.of("outcome", &[0]))?;
        out.entry(outcome.person.clone()).or_default().push(outcome);
    }
    Ok(out)
}
