//! The register in the few columns that assigning needs. Names and contacts, the larger part of it, are not read. A
//! campaign of one county among many reads the people of that county alone.

use super::db::TableRow;
use super::near::Near;
use super::people::{ENROLLEE, enrollee};
use super::pieces::Pieces;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::id::PersonId;
use crate::domain::person::{Enrollee, OutcomeKind};
use chrono::NaiveDate;
use std::sync::LazyLock;

static PEOPLE: LazyLock<Pieces> = LazyLock::new(|| {
    let columns = ENROLLEE.map(|column| (column, column));
    Pieces::new(("person", "person"), &columns, "")
});
static PEOPLE_NEAR: LazyLock<String> =
    LazyLock::new(|| Near::of((&ENROLLEE.join(", "), "person"), "", "person"));
static DOSES_NEAR: LazyLock<String> =
    LazyLock::new(|| Near::of((&GIVEN.join(", "), "dose"), "AND day <= $3", "record"));
static DOSES: LazyLock<Pieces> = LazyLock::new(|| {
    let columns = GIVEN.map(|column| (column, column));
    // SQLite keeps doses in the order of persons.
    Pieces::new(("dose", "dose"), &columns, "AND day <= $2").behind(1)
});
const GIVEN: [&str; 6] = ["record", "person", "day", "product", "lot", "campaign"];
const OUTCOMES: &str =
    "SELECT person, day, outcome, until_day, campaign, vaccine FROM outcome WHERE day <= $1";
/// A person of the register, without names and contacts.
pub struct Enrolled {
    /// The code that the register gives.
    pub person: PersonId,
    /// What counting needs.
    pub who: Enrollee,
    /// The day of death, where the register has it.
    pub died: Option<NaiveDate>,
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
    /// The campaign under which it was recorded.
    pub campaign: Option<CampaignNo>,
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
    /// The campaign under which it was noted.
    pub campaign: Option<CampaignNo>,
    /// The vaccine that it is about.
    pub vaccine: Option<String>,
}

/// Hands over everybody, or those who are near, sorted by code.
pub async fn each_person(
    tx: &mut Tx,
    near: Option<Near<'_>>,
    mut take: impl FnMut(Enrolled),
) -> Result<()> {
    let mut take = |row: &TableRow<'_>| {
        let (person, who) = enrollee(row)?;
        take(Enrolled { person, who, died: row.get(6)? });
        Ok(())
    };
    let Some(near) = near else { return PEOPLE.each(tx, args![], take).await };
    tx.each(&PEOPLE_NEAR, near.values(), |row| take(&row.of("person", &[0]))).await
}

/// Hands over every dose given up to a day, or those of people who are near, each person's sorted by record.
pub async fn each_dose(
    tx: &mut Tx,
    near: Option<Near<'_>>,
    until: NaiveDate,
    mut take: impl FnMut(DoseGiven),
) -> Result<()> {
    let mut take = |row: &TableRow<'_>| {
        take(DoseGiven {
            person: row.get(1)?,
            date: row.get(2)?,
            product: row.get(3)?,
            lot: row.get(4)?,
            campaign: row.get::<Option<i64>>(5)?.map(CampaignNo),
        });
        Ok(())
    };
    let Some(near) = near else { return DOSES.each(tx, args![until], take).await };
    let values = [near.values(), args![until]].concat();
    tx.each(&DOSES_NEAR, values, |row| take(&row.of("dose", &[0]))).await
}

/// Hands over every outcome noted up to a day.
pub async fn each_outcome(
    tx: &mut Tx,
    until: NaiveDate,
    mut take: impl FnMut(OutcomeNoted),
) -> Result<()> {
    tx.each(OUTCOMES, args![until], |row| {
        let word: String = row.get(2)?;
        let kind = OutcomeKind::from_word(&word)
            .ok_or_else(|| row.of("outcome", &[0]).bad(2, format!("{word:?} is not an outcome")))?;
        take(OutcomeNoted {
            person: row.get(0)?,
            date: row.get(1)?,
            kind,
            until: row.get(3)?,
            campaign: row.get::<Option<i64>>(4)?.map(CampaignNo),
            vaccine: row.get(5)?,
        });
        Ok(())
    })
    .await
}
