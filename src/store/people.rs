//! The register.

use super::db::{TableRow, Value};
use super::records::{Record, Table};
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::counting::Enrollee;
use crate::domain::id::{AreaCode, GroupId, PersonId};
use crate::domain::person::Person;
use std::sync::LazyLock;

static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::new("person", &["person", "area", "born", "grp", "content"]));

const ALL: &str =
    "SELECT person, area, born, grp, content FROM person WHERE campaign = $1 ORDER BY person";
const ENROLLED: &str =
    "SELECT person, area, born, grp FROM person WHERE campaign = $1 ORDER BY person";
const COUNT: &str = "SELECT COUNT(*) FROM person WHERE campaign = $1";

impl Record for Person {
    fn table() -> &'static Table {
        &TABLE
    }

    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn values(&self) -> Vec<Value> {
        let content = serde_json::to_string(self).expect("a person is plain data");
        args![
            self.id.as_str(),
            self.area.as_str(),
            self.born,
            self.group.as_ref().map(GroupId::as_str),
            content,
        ]
    }

    fn read(row: &TableRow<'_>) -> Result<Self> {
        let content: String = row.get(4)?;
        // What serde says may quote a name or an address.
        let person: Self =
            serde_json::from_str(&content).map_err(|_| row.bad(4, "is not a person in JSON"))?;
        let (id, Enrollee { area, born, group }) = enrollee(row)?;
        Ok(Self { id, area, born, group, ..person })
    }
}

/// What counting needs of a person, from a row that begins with person, area, born, grp.
pub(super) fn enrollee(row: &TableRow<'_>) -> Result<(PersonId, Enrollee)> {
    let enrollee = Enrollee {
        area: AreaCode::new(row.get::<String>(1)?),
        born: row.get(2)?,
        group: row.get::<Option<String>>(3)?.map(GroupId::new),
    };
    Ok((PersonId::new(row.get::<String>(0)?), enrollee))
}

/// Hands over everybody, by code.
pub async fn each(tx: &mut Tx, campaign: CampaignNo, mut take: impl FnMut(Person)) -> Result<()> {
    tx.each(ALL, args![campaign], |row| {
        take(Person::read(&row.of("person", &[0]))?);
        Ok(())
    })
    .await
}

/// Hands over everybody, by code, with no more than counting needs.
pub async fn each_enrollee(
    tx: &mut Tx,
    campaign: CampaignNo,
    mut take: impl FnMut(PersonId, Enrollee),
) -> Result<()> {
    tx.each(ENROLLED, args![campaign], |row| {
        let (id, person) = enrollee(&row.of("person", &[0]))?;
        take(id, person);
        Ok(())
    })
    .await
}

/// How many people the register has.
pub async fn count(tx: &mut Tx, campaign: CampaignNo) -> Result<u64> {
    let row = tx.row(COUNT, args![campaign]).await?;
    row.expect("a count has a row").count(0, "person")
}
