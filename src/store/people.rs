//! The register, now and before.

use super::db::{Row, Value};
use super::{CampaignNo, Result, StoreError, Tx};
use crate::domain::counting::Counted;
use crate::domain::id::{AreaCode, GroupId, PersonId};
use crate::domain::person::Person;
use crate::{args, bulk};
use std::collections::BTreeMap;

bulk!(
    FIND,
    2,
    "WITH wanted (campaign, person) AS (VALUES",
    ") SELECT p.person, p.area, p.born, p.grp, p.content, p.recorded_at FROM wanted w \
     JOIN person p ON p.campaign = w.campaign AND p.person = w.person"
);
bulk!(
    WRITE,
    7,
    "INSERT INTO person (campaign, person, area, born, grp, content, recorded_at) VALUES",
    "ON CONFLICT (campaign, person) DO UPDATE SET area = excluded.area, born = excluded.born, \
     grp = excluded.grp, content = excluded.content, recorded_at = excluded.recorded_at"
);
bulk!(
    KEEP,
    8,
    "INSERT INTO person_past \
     (campaign, person, area, born, grp, content, recorded_at, superseded_at) VALUES",
    ""
);
const ALL: &str = "SELECT person, area, born, grp, content, recorded_at FROM person \
     WHERE campaign = $1 ORDER BY person";
const COUNTED: &str =
    "SELECT person, area, born, grp FROM person WHERE campaign = $1 ORDER BY person";
const KNOWN: &str = "SELECT person, area, born, grp, content, recorded_at FROM person \
     WHERE campaign = $1 AND recorded_at < $2 \
     UNION ALL SELECT person, area, born, grp, content, recorded_at FROM person_past \
     WHERE campaign = $1 AND recorded_at < $2 AND superseded_at >= $2";
const COUNT: &str = "SELECT COUNT(*) FROM person WHERE campaign = $1";

/// A person with the time of recording.
#[derive(Clone)]
pub struct Known {
    /// Who.
    pub person: Person,
    /// When it was recorded, milliseconds since 1970.
    pub recorded_at: i64,
}

fn known(row: &Row) -> Result<Known> {
    let content: String = row.get(4)?;
    let mut person: Person = serde_json::from_str(&content).map_err(|_| StoreError::BadRow {
        table: "person",
        what: "the content of a row cannot be read".to_owned(),
    })?;
    person.id = PersonId::new(row.get::<String>(0)?);
    person.area = AreaCode::new(row.get::<String>(1)?);
    person.born = row.get(2)?;
    person.group = row.get::<Option<String>>(3)?.map(GroupId::new);
    Ok(Known { person, recorded_at: row.get(5)? })
}

fn values(campaign: CampaignNo, person: &Person) -> Vec<Value> {
    let content = serde_json::to_string(person).expect("a person is plain data");
    args![
        campaign,
        person.id.as_str(),
        person.area.as_str(),
        person.born,
        person.group.as_ref().map(GroupId::as_str),
        content,
    ]
}

/// The people with these codes, as far as they are known.
pub async fn find(
    tx: &mut Tx,
    campaign: CampaignNo,
    wanted: impl IntoIterator<Item = &PersonId>,
) -> Result<BTreeMap<PersonId, Known>> {
    let values = wanted.into_iter().flat_map(|id| args![campaign, id.as_str()]).collect();
    let rows = FIND.rows(tx, values).await?;
    rows.iter().map(|row| known(row).map(|known| (known.person.id.clone(), known))).collect()
}

/// Stores people as they are known from now on.
pub async fn write(tx: &mut Tx, campaign: CampaignNo, people: &[Person], now: i64) -> Result<()> {
    let rows = people.iter().flat_map(|person| {
        let mut row = values(campaign, person);
        row.push(now.into());
        row
    });
    WRITE.run(tx, rows.collect()).await?;
    Ok(())
}

/// Keeps what was known of people before a correction.
pub async fn keep(tx: &mut Tx, campaign: CampaignNo, old: &[Known], now: i64) -> Result<()> {
    let rows = old.iter().flat_map(|known| {
        let mut row = values(campaign, &known.person);
        row.extend(args![known.recorded_at, now]);
        row
    });
    KEEP.run(tx, rows.collect()).await?;
    Ok(())
}

/// Hands over everybody, by code.
pub async fn each(tx: &mut Tx, campaign: CampaignNo, mut take: impl FnMut(Person)) -> Result<()> {
    tx.each(ALL, args![campaign], |row| {
        take(known(&row)?.person);
        Ok(())
    })
    .await
}

/// Hands over everybody, by code, with no more than counting needs.
pub async fn each_counted(
    tx: &mut Tx,
    campaign: CampaignNo,
    mut take: impl FnMut(PersonId, Counted),
) -> Result<()> {
    tx.each(COUNTED, args![campaign], |row| {
        let person = Counted {
            area: AreaCode::new(row.get::<String>(1)?),
            born: row.get(2)?,
            group: row.get::<Option<String>>(3)?.map(GroupId::new),
        };
        take(PersonId::new(row.get::<String>(0)?), person);
        Ok(())
    })
    .await
}

/// Hands over everybody as they were known before an instant.
pub async fn each_known(
    tx: &mut Tx,
    campaign: CampaignNo,
    before: i64,
    mut take: impl FnMut(Person),
) -> Result<()> {
    tx.each(KNOWN, args![campaign, before], |row| {
        take(known(&row)?.person);
        Ok(())
    })
    .await
}

/// How many people the register has.
pub async fn count(tx: &mut Tx, campaign: CampaignNo) -> Result<u64> {
    let row = tx.row(COUNT, args![campaign]).await?;
    row.expect("a count has a row").count(0, "person")
}
