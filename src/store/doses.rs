//! Doses of persons.

use super::db::{TableRow, Value};
use super::lookup::Lookup;
use super::records::{Record, Table};
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::counting::Enrollee;
use crate::domain::dose::Dose;
use crate::domain::id::{LotCode, PersonId, PlaceCode, RecordId};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

const COLUMNS: [&str; 6] = ["record", "person", "day", "place", "product", "lot"];
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("dose", &COLUMNS));
static PEOPLE: LazyLock<Lookup> = LazyLock::new(|| {
    let key = ("person", Some("person_enrollee"));
    Lookup::new("person", key, &["person", "area", "born", "grp"])
});
static GIVEN: LazyLock<Lookup> = LazyLock::new(|| {
    let key = ("person", Some("dose_person"));
    Lookup::new("dose", key, &COLUMNS)
});
const ALL: &str = "SELECT record, person, day, place, product, lot FROM dose WHERE campaign = $1";
const COUNT: &str = "SELECT COUNT(*) FROM dose WHERE campaign = $1";

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
        args![
            self.record.as_str(),
            self.person.as_str(),
            self.date,
            self.place.as_str(),
            self.product.as_deref(),
            self.lot.as_ref().map(LotCode::as_str),
        ]
    }

    fn read(row: &TableRow<'_>) -> Result<Self> {
        Ok(Self {
            record: RecordId::new(row.get::<String>(0)?),
            person: PersonId::new(row.get::<String>(1)?),
            date: row.get(2)?,
            place: PlaceCode::new(row.get::<String>(3)?),
            product: row.get(4)?,
            lot: row.get::<Option<String>>(5)?.map(LotCode::new),
        })
    }
}

/// The people with these codes, as far as they are known, with all their doses.
pub async fn histories(
    tx: &mut Tx,
    campaign: CampaignNo,
    wanted: impl IntoIterator<Item = &PersonId>,
) -> Result<HashMap<PersonId, History>> {
    let wanted: Vec<&str> = wanted.into_iter().map(PersonId::as_str).collect();
    let people = PEOPLE.rows(tx, campaign, wanted.iter().copied(), super::people::enrollee).await?;
    let new = |(id, person)| (id, History { person, doses: Vec::new() });
    let mut out: HashMap<PersonId, History> = people.into_iter().map(new).collect();
    for dose in GIVEN.rows(tx, campaign, wanted, Dose::read).await? {
        if let Some(history) = out.get_mut(&dose.person) {
            history.doses.push(dose);
        }
    }
    for history in out.values_mut() {
        sort(&mut history.doses);
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

/// Everybody's doses, each person's sorted by (day, record).
pub async fn by_person(tx: &mut Tx, campaign: CampaignNo) -> Result<BTreeMap<PersonId, Vec<Dose>>> {
    let mut out: BTreeMap<PersonId, Vec<Dose>> = BTreeMap::new();
    tx.each(ALL, args![campaign], |row| {
        let dose = Dose::read(&row.of("dose", &[0]))?;
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
pub async fn count(tx: &mut Tx, campaign: CampaignNo) -> Result<u64> {
    let row = tx.row(COUNT, args![campaign]).await?;
    row.expect("a count has a row").count(0, "dose")
}
