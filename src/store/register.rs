//! The register in the few columns that assigning needs. Names and contacts, the larger part of it, are not read.

use super::{CampaignNo, Result, StoreError, Tx};
use crate::args;
use crate::domain::id::{AreaCode, GroupId};
use crate::domain::person::{OutcomeKind, Sex};
use chrono::NaiveDate;
use serde::Deserialize;

const PEOPLE: &str =
    "SELECT person, area, born, grp FROM person WHERE campaign = $1 ORDER BY person";
const PEOPLE_AND_SEX: &str =
    "SELECT person, area, born, grp, content FROM person WHERE campaign = $1 ORDER BY person";
const DOSES: &str = "SELECT person, day, product, lot FROM dose \
     WHERE campaign = $1 AND day <= $2 ORDER BY record";
const OUTCOMES: &str =
    "SELECT person, day, outcome, until_day FROM outcome WHERE campaign = $1 AND day <= $2";

/// A person of the register, without names and contacts.
pub struct Enrolled {
    /// The code that the register gives.
    pub person: String,
    /// Where they live.
    pub area: AreaCode,
    /// Date of birth.
    pub born: NaiveDate,
    /// The group that the register names; `None` where age decides.
    pub group: Option<GroupId>,
    /// Sex; unknown where nobody asked for it.
    pub sex: Sex,
}

/// A dose, without its record and place.
pub struct DoseGiven {
    /// Code of the person.
    pub person: String,
    /// When it was given.
    pub date: NaiveDate,
    /// What was given, where the record says so.
    pub product: Option<String>,
    /// From which lot, where the record says so.
    pub lot: Option<String>,
}

/// An outcome other than a dose, without its record.
pub struct OutcomeNoted {
    /// Code of the person.
    pub person: String,
    /// The day it was noted.
    pub date: NaiveDate,
    /// What became of them.
    pub kind: OutcomeKind,
    /// The last day on which it holds; `None`: for ever.
    pub until: Option<NaiveDate>,
}

/// Hands over everybody, sorted by code. Sex stands in the larger part of a row, so it is read only `with_sex`.
pub async fn each_person(
    tx: &mut Tx,
    campaign: CampaignNo,
    with_sex: bool,
    mut take: impl FnMut(Enrolled),
) -> Result<()> {
    let sql = if with_sex { PEOPLE_AND_SEX } else { PEOPLE };
    tx.each(sql, args![campaign], |row| {
        let person: String = row.get(0)?;
        let sex = if with_sex { sex(&row.get::<String>(4)?, &person)? } else { Sex::U };
        take(Enrolled {
            area: AreaCode::new(row.get::<String>(1)?),
            born: row.get(2)?,
            group: row.get::<Option<String>>(3)?.map(GroupId::new),
            sex,
            person,
        });
        Ok(())
    })
    .await
}

fn sex(content: &str, person: &str) -> Result<Sex> {
    #[derive(Deserialize)]
    struct Content {
        sex: Sex,
    }
    let content: Content = serde_json::from_str(content)
        .map_err(|_| StoreError::bad("person", "content", person, "is not a person in JSON"))?;
    Ok(content.sex)
}

/// Hands over every dose given up to a day, sorted by record.
pub async fn each_dose(
    tx: &mut Tx,
    campaign: CampaignNo,
    until: NaiveDate,
    mut take: impl FnMut(DoseGiven),
) -> Result<()> {
    tx.each(DOSES, args![campaign, until], |row| {
        take(DoseGiven {
            person: row.get(0)?,
            date: row.get(1)?,
            product: row.get(2)?,
            lot: row.get(3)?,
        });
        Ok(())
    })
    .await
}

/// Hands over every outcome noted up to a day.
pub async fn each_outcome(
    tx: &mut Tx,
    campaign: CampaignNo,
    until: NaiveDate,
    mut take: impl FnMut(OutcomeNoted),
) -> Result<()> {
    tx.each(OUTCOMES, args![campaign, until], |row| {
        let word: String = row.get(2)?;
        let kind = OutcomeKind::from_word(&word)
            .ok_or_else(|| row.of("outcome", &[0]).bad(2, format!("{word:?} is not an outcome")))?;
        take(OutcomeNoted { person: row.get(0)?, date: row.get(1)?, kind, until: row.get(3)? });
        Ok(())
    })
    .await
}
