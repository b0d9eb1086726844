//! Doses of persons.

use super::db::{TableRow, Value};
use super::lookup::Lookup;
use super::near::Near;
use super::people::ENROLLEE;
use super::records::{Record, Table};
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::dose::{Attribute, Dose, Entered};
use crate::domain::id::{LotCode, PersonId, PlaceCode, RecordId};
use crate::domain::person::Enrollee;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// What judging needs of a dose.
const JUDGED: [&str; 8] =
    ["record", "person", "day", "place", "product", "lot", "campaign", "elsewhere"];
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    Table::new("dose", &[&JUDGED[..], &["attribute", "entered_by", "entered_at"]].concat())
});
static PEOPLE: LazyLock<Lookup> =
    LazyLock::new(|| Lookup::new("person", ("person", Some("person_enrollee")), &ENROLLEE));
static GIVEN: LazyLock<Lookup> = LazyLock::new(|| Lookup::new("dose", ("person", None), &JUDGED));
static NEAR: LazyLock<String> =
    LazyLock::new(|| Near::of((&JUDGED.join(", "), "dose"), "", "person"));
const ALL: &str = "SELECT record, person, day, place, product, lot, campaign, elsewhere FROM dose";
const COUNT: &str = "SELECT COUNT(*) FROM dose";
const RECORDS_OF: &str = "SELECT record FROM dose WHERE person = $1 ORDER BY record";

/// A person, as counting needs them, with all doses in the order in which they are judged.
#[derive(Debug, Clone)]
pub struct History {
    /// The person.
    pub person: Enrollee,
    /// Their doses, sorted by (day, record).
    pub doses: Vec<Dose>,
}

impl Record for Dose {
    fn table() -> &'static Table {
        &TABLE
    }

    fn key(&self) -> &str {
        self.record.as_str()
    }

    fn values(&self) -> Vec<Value> {
        let entered = self.entered.as_deref();
        args![
            self.record.as_str(),
            self.person.as_str(),
            self.date,
            self.place.as_str(),
            self.product.as_deref(),
            self.lot.as_ref().map(LotCode::as_str),
            self.campaign.map(|campaign| campaign.0),
            self.elsewhere,
            self.attribute.map(Attribute::word),
            entered.and_then(|entered| entered.by.as_deref()),
            entered.and_then(|entered| entered.at.as_deref()),
        ]
    }

    fn read(row: &TableRow<'_>) -> Result<Self> {
        let attribute: Option<String> = row.get(8)?;
        let attribute = attribute.map(|word| {
            let known = Attribute::from_word(&word);
            known.ok_or_else(|| row.bad(8, format!("{word:?} is not an attribute")))
        });
        let entered = Entered { by: row.get(9)?, at: row.get(10)? };
        Ok(Self {
            attribute: attribute.transpose()?,
            entered: (entered != Entered::default()).then(|| Box::new(entered)),
            ..judged(row)?
        })
    }
}

/// The part of a dose that judging needs, from a row that begins with [`JUDGED`].
fn judged(row: &TableRow<'_>) -> Result<Dose> {
    Ok(Dose {
        record: RecordId::new(row.get::<String>(0)?),
        person: PersonId::new(row.get::<String>(1)?),
        date: row.get(2)?,
        place: PlaceCode::new(row.get::<String>(3)?),
        product: row.get(4)?,
        lot: row.get::<Option<String>>(5)?.map(LotCode::new),
        campaign: row.get::<Option<i64>>(6)?.map(CampaignNo),
        elsewhere: row.get::<i64>(7)? != 0,
        attribute: None,
        entered: None,
    })
}

/// The people with these codes, as far as they are known, with all their doses, without who entered them.
pub async fn histories(
    tx: &mut Tx,
    wanted: impl IntoIterator<Item = &PersonId>,
) -> Result<HashMap<PersonId, History>> {
    let wanted: Vec<&str> = wanted.into_iter().map(PersonId::as_str).collect();
    let people = PEOPLE.rows(tx, wanted.iter().copied(), super::people::enrollee).await?;
    let new = |(id, person)| (id, History { person, doses: Vec::new() });
    let mut out: HashMap<PersonId, History> = people.into_iter().map(new).collect();
    for (person, doses) in of_people(tx, wanted).await? {
        if let Some(history) = out.get_mut(&person) {
            history.doses = doses;
        }
    }
    Ok(out)
}

/// The doses of people with these codes, each person's sorted by (day, record), without who entered them.
pub async fn of_people<'p>(
    tx: &mut Tx,
    wanted: impl IntoIterator<Item = &'p str>,
) -> Result<HashMap<PersonId, Vec<Dose>>> {
    let mut out: HashMap<PersonId, Vec<Dose>> = HashMap::new();
    for dose in GIVEN.rows(tx, wanted, judged).await? {
        out.entry(dose.person.clone()).or_default().push(dose);
    }
    for doses in out.values_mut() {
        sort(doses);
    }
    Ok(out)
}

/// The order in which a person's doses are judged: by day, on one day by record.
pub fn in_order(a: &Dose, b: &Dose) -> Ordering {
    (a.date, &a.record).cmp(&(b.date, &b.record))
}

/// Puts a person's doses in the order in which they are judged.
pub fn sort(doses: &mut [Dose]) {
    doses.sort_by(in_order);
}

/// The doses of everybody, or of people who are near, each person's sorted by (day, record), without who entered them.
pub async fn by_person(
    tx: &mut Tx,
    near: Option<Near<'_>>,
) -> Result<BTreeMap<PersonId, Vec<Dose>>> {
    let mut out: BTreeMap<PersonId, Vec<Dose>> = BTreeMap::new();
    let (sql, values) = near.map_or((ALL, args![]), |near| (&**NEAR, near.values()));
    tx.each(sql, values, |row| {
        let dose = judged(&row.of("dose", &[0]))?;
        out.entry(dose.person.clone()).or_default().push(dose);
        Ok(())
    })
    .await?;
    for doses in out.values_mut() {
        sort(doses);
    }
    Ok(out)
}

/// How many doses of persons are known.
pub async fn count(tx: &mut Tx) -> Result<u64> {
    let row = tx.row(COUNT, args![]).await?;
    row.expect("a count has a row").count(0, "dose")
}

/// The records of a person's doses.
pub async fn records_of(tx: &mut Tx, person: &str) -> Result<Vec<String>> {
    let rows = tx.rows(RECORDS_OF, args![person]).await?;
    rows.iter().map(|row| row.of("dose", &[0]).get(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// How SQLite goes about a statement.
    async fn steps(tx: &mut Tx, sql: &str, values: Vec<Value>) -> Vec<String> {
        let sql: &'static str = format!("EXPLAIN QUERY PLAN {sql}").leak();
        let rows = tx.rows(sql, values).await.expect("a plan");
        rows.iter().map(|row| row.get(3).expect("a step")).collect()
    }

    #[tokio::test]
    async fn doses_are_found_by_person_in_their_table_and_by_record_in_its_index() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("doseplan.db");
        let store = Store::open(&format!("sqlite://{}", file.display()), true).await;
        let mut tx = store.expect("a database").read().await.expect("a transaction");
        let [find, delete] = TABLE.by_key();
        let (of_person, of_record) = ("PRIMARY KEY (person=?)", "INDEX dose_record (record=?)");
        for (sql, values, way) in [
            (find, args!["[]"], of_record),
            (delete, args!["d"], of_record),
            (GIVEN.sqlite(), args!["[]"], of_person),
            (RECORDS_OF, args!["p"], of_person),
            (&**NEAR, args!["[]", 1_i64], of_person),
        ] {
            let steps = steps(&mut tx, sql, values).await;
            assert!(steps.iter().any(|step| step.ends_with(way)), "{sql}: {steps:?}");
            let is_sorted = |step: &String| step.starts_with("USE TEMP B-TREE");
            assert!(!steps.iter().any(is_sorted), "{sql}: {steps:?}");
        }
    }
}
