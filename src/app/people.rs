//! One person of the register: all that is known of them, and two codes that are the same person.

use super::jurisdiction::joined;
use super::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::counting::count_person;
use crate::domain::dose::Dose;
use crate::domain::id::PersonId;
use crate::domain::judge::{Judged, Subject};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{Outcome, Person};
use crate::store::doses::sort;
use crate::store::person_file::{self, Appointment, Mail};
use crate::store::records::{self, Known, Past, Record};
use crate::store::{Tx, cells, doses, outcomes, people, people_codes, schools};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// All that is known of a person.
#[derive(Serialize)]
pub struct PersonFile {
    /// The person as the register has them.
    pub person: PersonRow,
    /// Other codes of theirs.
    pub also: Vec<String>,
    /// Doses, by day.
    pub doses: Vec<DoseLine>,
    /// Outcomes other than a dose, by day.
    pub outcomes: Vec<Outcome>,
    /// What is due in each open campaign.
    pub due: Vec<DueIn>,
    /// Appointments, by day.
    pub appointments: Vec<Appointment>,
    /// Reminders about them.
    pub mails: Vec<Mail>,
    /// What was known before of the person and the records.
    pub before: Vec<Before>,
}

/// A person with their groups, as a file has them.
#[derive(Serialize)]
pub struct PersonRow {
    /// The person.
    #[serde(flatten)]
    pub person: Person,
    /// The groups that the register names.
    pub groups: Vec<String>,
}

impl PersonRow {
    fn of(person: Person) -> Self {
        Self { groups: person.groups.iter().map(ToString::to_string).collect(), person }
    }
}

/// A dose, and what it counts as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoseLine {
    /// The dose.
    #[serde(flatten)]
    pub dose: Dose,
    /// The campaigns that count it, each with the number of the dose and whether it is valid.
    pub counts: Vec<CountsIn>,
}

/// What a dose is in a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountsIn {
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the dose.
    pub number: u8,
    /// Whether the rules accept it.
    pub valid: bool,
}

/// The next dose in a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueIn {
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the dose.
    pub dose: u8,
    /// First day on which it counts.
    pub earliest: NaiveDate,
    /// The day for which it is recommended.
    pub recommended: NaiveDate,
}

/// Something that was known before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Before {
    /// `person`, `dose`, `outcome`.
    pub kind: &'static str,
    /// What it said.
    pub says: serde_json::Value,
    /// When it was recorded, milliseconds since 1970.
    pub recorded_at: i64,
    /// When it was replaced, milliseconds since 1970.
    pub superseded_at: i64,
    /// Why.
    pub why: String,
}

/// What merging two codes did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// The code that stays.
    pub person: String,
    /// The code that leads to it now.
    pub alias: String,
    /// Doses that came along.
    pub doses: usize,
    /// Outcomes that came along.
    pub outcomes: usize,
    /// Records of doses that both had on one day: perhaps the same dose twice.
    pub twice: Vec<(String, String)>,
}

impl App {
    /// The person with a code, whichever of their codes it is.
    pub async fn person(&self, tx: &mut Tx, code: &str) -> Result<Known<Person>> {
        let code = code.trim();
        let code = match people_codes::leads(tx, code).await? {
            Some(person) => person.to_string(),
            None => code.to_owned(),
        };
        let mut found = records::find::<Person>(tx, [code.as_str()]).await?;
        found
            .remove(&code)
            .ok_or_else(|| AppError::refused("refused-no-person", &[("code", &code)]))
    }

    /// All that is known of a person. The audit log says who saw it.
    pub async fn person_file(
        &self,
        code: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<PersonFile> {
        let mut act = self.act((by, Power::Plan), Action::PersonExport, now).await?;
        let file = self.gathered(act.tx(), code, now).await?;
        let id = file.person.person.id.to_string();
        act.commit(None, &id).await?;
        Ok(file)
    }

    /// The same, read in a transaction.
    pub(super) async fn gathered(
        &self,
        tx: &mut Tx,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<PersonFile> {
        let person = self.person(tx, code).await?.value;
        let id = person.id.clone();
        let mine = doses_of(tx, &id).await?;
        let all = self.campaigns_in(tx).await?;
        let outcomes = outcomes::of_person(tx, id.as_str()).await?;
        let mut before = before::<Person>(tx, "person", vec![id.as_str()]).await?;
        before.extend(before_doses(tx, &mine).await?);
        let records: Vec<&str> = outcomes.iter().map(|one| one.record.as_str()).collect();
        before.extend(self::before::<Outcome>(tx, "outcome", records).await?);
        Ok(PersonFile {
            also: people_codes::of(tx, id.as_str()).await?,
            due: due(&all, &person, &mine, now),
            doses: counted(&all, &person, mine),
            outcomes,
            appointments: person_file::appointments(tx, id.as_str()).await?,
            mails: person_file::mails(tx, id.as_str()).await?,
            before,
            person: PersonRow::of(person),
        })
    }

    /// Everybody of the register, by code. The audit log says who saw it.
    pub async fn register(&self, by: Actor<'_>, now: DateTime<Utc>) -> Result<Vec<PersonRow>> {
        let mut act = self.act((by, Power::Plan), Action::PersonExport, now).await?;
        let mut out = Vec::new();
        people::each(act.tx(), |person| out.push(PersonRow::of(person))).await?;
        act.commit(None, "the register").await?;
        Ok(out)
    }

    /// Makes the person with the code `second` the one with the code `first`: records, appointments and reminders come
    /// along, what the register lacks is completed, and the second code leads to the first.
    pub async fn merge_people(
        &self,
        (first, second): (&str, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Merged> {
        let mut act = self.act((by, Power::Plan), Action::PersonMerge, now).await?;
        let tx = act.tx();
        let (one, other) = (self.person(tx, first).await?, self.person(tx, second).await?);
        let (id, gone) = (one.value.id.clone(), other.value.id.clone());
        if id == gone {
            return Err(AppError::refused("refused-same-person", &[("code", &id)]));
        }
        let at = millis(now);
        let whole = joined(one.value.clone(), other.value.clone());
        let (mine, theirs) = (doses_of(tx, &id).await?, doses_of(tx, &gone).await?);
        let noted = outcomes::of_person(tx, gone.as_str()).await?;
        let merged = Merged {
            person: id.to_string(),
            alias: gone.to_string(),
            doses: theirs.len(),
            outcomes: noted.len(),
            twice: twice(&mine, &theirs),
        };
        let renamed = |dose: &Dose| Dose { person: id.clone(), ..dose.clone() };
        let mut all: Vec<Dose> = mine.iter().cloned().chain(theirs.iter().map(renamed)).collect();
        sort(&mut all);
        for loaded in self.campaigns_in(tx).await? {
            let mut changes = BTreeMap::new();
            let rules = loaded.rules();
            count_person(rules, &one.value.enrollee(), &mine, -1, &mut changes);
            count_person(rules, &other.value.enrollee(), &theirs, -1, &mut changes);
            count_person(rules, &whole.enrollee(), &all, 1, &mut changes);
            cells::change(tx, loaded.no, changes).await?;
        }
        records::keep(tx, [&other], at, "merged").await?;
        records::delete::<Person>(tx, gone.as_str()).await?;
        if whole != one.value {
            records::keep(tx, [&one], at, "merged").await?;
            records::write(tx, [&whole], at).await?;
        }
        hand_over_records(tx, (&theirs, &noted), &id, at).await?;
        person_file::hand_over(tx, gone.as_str(), id.as_str(), at).await?;
        schools::hand_over(tx, gone.as_str(), id.as_str(), at).await?;
        people_codes::insert(tx, gone.as_str(), id.as_str(), at).await?;
        act.commit(None, &format!("{gone} is {id}")).await?;
        Ok(merged)
    }
}

/// Doses of one person, by day and record, whole.
pub(super) async fn doses_of(tx: &mut Tx, person: &PersonId) -> Result<Vec<Dose>> {
    let codes = doses::records_of(tx, person.as_str()).await?;
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let found = records::find::<Dose>(tx, codes).await?;
    let mut out: Vec<Dose> = found.into_values().map(|known| known.value).collect();
    sort(&mut out);
    Ok(out)
}

/// Gives doses and outcomes to another person.
async fn hand_over_records(
    tx: &mut Tx,
    (given, noted): (&[Dose], &[Outcome]),
    to: &PersonId,
    at: i64,
) -> Result<()> {
    let found = records::find::<Dose>(tx, given.iter().map(|dose| dose.record.as_str())).await?;
    records::keep(tx, found.values(), at, "merged").await?;
    let given: Vec<Dose> =
        given.iter().map(|dose| Dose { person: to.clone(), ..dose.clone() }).collect();
    records::write(tx, &given, at).await?;
    let codes = noted.iter().map(|outcome| outcome.record.as_str());
    let found = records::find::<Outcome>(tx, codes).await?;
    records::keep(tx, found.values(), at, "merged").await?;
    let noted: Vec<Outcome> =
        noted.iter().map(|outcome| Outcome { person: to.clone(), ..outcome.clone() }).collect();
    records::write(tx, &noted, at).await?;
    Ok(())
}

/// Doses of two people that may be one dose: of one day and product.
fn twice(one: &[Dose], other: &[Dose]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for a in one {
        let same =
            |b: &&Dose| b.date == a.date && (&b.product, b.campaign) == (&a.product, a.campaign);
        out.extend(other.iter().filter(same).map(|b| (a.record.to_string(), b.record.to_string())));
    }
    out
}

/// What each dose counts as in each campaign.
fn counted(all: &[Loaded], person: &Person, doses: Vec<Dose>) -> Vec<DoseLine> {
    let who = Subject { born: person.born, sex: person.sex };
    let judged: Vec<(String, Vec<Judged>)> = all
        .iter()
        .map(|loaded| {
            let (campaign, judge) = loaded.rules();
            (campaign.id.to_string(), judge.evaluate(campaign, who, &doses))
        })
        .collect();
    let line = |(at, dose): (usize, Dose)| {
        let counts = judged.iter().filter(|(_, found)| found[at].number > 0);
        let counts = counts.map(|(campaign, found)| CountsIn {
            campaign: campaign.clone(),
            number: found[at].number,
            valid: !found[at].is_refused(),
        });
        DoseLine { dose, counts: counts.collect() }
    };
    doses.into_iter().enumerate().map(line).collect()
}

/// The next dose in each open campaign.
fn due(all: &[Loaded], person: &Person, doses: &[Dose], now: DateTime<Utc>) -> Vec<DueIn> {
    let who = Subject { born: person.born, sex: person.sex };
    let due = |loaded: &Loaded| {
        let (campaign, judge) = loaded.rules();
        let day = today(campaign, now);
        let asked = crate::domain::person::Asked::by(campaign);
        asked.group(&person.area, person.traits(), day)?;
        let known: Vec<Dose> = doses.iter().filter(|dose| dose.date <= day).cloned().collect();
        let due = judge.outlook(campaign, who, &known, day).due?;
        Some(DueIn {
            campaign: campaign.id.to_string(),
            dose: due.number,
            earliest: due.earliest,
            recommended: due.recommended,
        })
    };
    all.iter().filter(|loaded| loaded.is_open).filter_map(due).collect()
}

async fn before_doses(tx: &mut Tx, doses: &[Dose]) -> Result<Vec<Before>> {
    let records: Vec<&str> = doses.iter().map(|dose| dose.record.as_str()).collect();
    before::<Dose>(tx, "dose", records).await
}

/// What was known before of records.
async fn before<T: Record + Serialize>(
    tx: &mut Tx,
    kind: &'static str,
    keys: Vec<&str>,
) -> Result<Vec<Before>> {
    let mut out = Vec::new();
    for key in keys {
        for Past { known, superseded_at, why } in records::past::<T>(tx, key).await? {
            let says = serde_json::to_value(&known.value).unwrap_or_default();
            out.push(Before { kind, says, recorded_at: known.recorded_at, superseded_at, why });
        }
    }
    Ok(out)
}
