//! One person of the register: all that is known of them.

use super::visits::{VisitLine, visit_lines};
use super::{App, AppError, Loaded, Result, today};
use crate::domain::audit::Action;
use crate::domain::call::CallResult;
use crate::domain::dose::Dose;
use crate::domain::id::{CampaignNo, PersonId};
use crate::domain::judge::{Judged, Subject};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{Outcome, Person};
use crate::domain::schools::{Consent, Pupil, is_row_of};
use crate::store::doses::sort;
use crate::store::person_file::{self, Appointment, Mail};
use crate::store::records::{self, Known, Past, Record};
use crate::store::{Tx, calls, doses, homes, outcomes, people, people_codes, schools};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

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
    /// Which of those to come are one visit, and why others are not.
    pub visits: Vec<VisitLine>,
    /// Reminders about them.
    pub mails: Vec<Mail>,
    /// Calls to them.
    pub calls: Vec<Called>,
    /// Visits at home on adopted rounds.
    pub home_visits: Vec<VisitedAtHome>,
    /// What the guardians answered, now and before.
    pub answers: Vec<Answered>,
    /// Rows of lists that say who it is, where they were looked for.
    pub lists: Vec<ListRow>,
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

/// A call to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Called {
    /// Id of the campaign.
    pub campaign: String,
    /// The day.
    pub day: NaiveDate,
    /// What came of it.
    pub result: CallResult,
    /// Who called.
    pub who: String,
}

/// A visit at home that is on an adopted round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitedAtHome {
    /// Id of the campaign.
    pub campaign: String,
    /// The day.
    pub day: NaiveDate,
    /// The team.
    pub team: String,
    /// Number of the dose.
    pub dose: u8,
}

/// What a guardian answered in a campaign.
#[derive(Serialize)]
pub struct Answered {
    /// Id of the campaign.
    pub campaign: String,
    /// The answer.
    #[serde(flatten)]
    pub consent: Consent,
    /// When the next answer came, milliseconds since 1970; `None`: this one counts.
    pub superseded_at: Option<i64>,
}

/// A row of a list of a school or township.
#[derive(Serialize)]
pub struct ListRow {
    /// List and number, as `M00:4`.
    pub row: String,
    /// What it says.
    #[serde(flatten)]
    pub pupil: Pupil,
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

/// How an appointment ended that stood when its campaign was closed.
const CAMPAIGN_CLOSED: &str = "campaign_closed";

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
        let mut file = self.gathered(act.tx(), code, now).await?;
        let rows = schools::lists(act.tx()).await?;
        let own = rows.into_iter().filter(|row| is_row_of(row, &file.person.person));
        file.lists = own.map(|pupil| ListRow { row: pupil.row(), pupil }).collect();
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
        let mut appointments = person_file::appointments(tx, id.as_str()).await?;
        over(&mut appointments, &all);
        Ok(PersonFile {
            visits: visit_lines(tx, &all, &appointments, id.as_str()).await?,
            also: people_codes::of(tx, id.as_str()).await?,
            due: due(&all, &person, &mine, now),
            doses: counted(&all, &person, mine),
            outcomes,
            appointments,
            mails: person_file::mails(tx, id.as_str()).await?,
            calls: called(tx, &all, id.as_str()).await?,
            home_visits: home_visits(tx, &all, id.as_str()).await?,
            answers: answers(tx, &all, id.as_str()).await?,
            lists: Vec::new(),
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
}

/// The calls to a person, by day.
async fn called(tx: &mut Tx, all: &[Loaded], person: &str) -> Result<Vec<Called>> {
    let line = |one: calls::StoredCall| {
        let loaded = all.iter().find(|loaded| loaded.no == one.campaign);
        let campaign = loaded.map(|loaded| loaded.campaign.id.to_string()).unwrap_or_default();
        Called { campaign, day: one.day, result: one.result, who: one.who }
    };
    Ok(calls::of_person(tx, person).await?.into_iter().map(line).collect())
}

/// Says of appointments that stand in a campaign which is closed that nobody is expected.
fn over(appointments: &mut [Appointment], all: &[Loaded]) {
    let is_open = |id: &str| all.iter().any(|one| one.is_open && one.campaign.id.as_str() == id);
    let standing = appointments.iter_mut().filter(|one| one.ended.is_none());
    for one in standing.filter(|one| !is_open(&one.campaign)) {
        one.ended = Some(CAMPAIGN_CLOSED.to_owned());
    }
}

/// The visits at home of a person on adopted rounds, by day.
async fn home_visits(tx: &mut Tx, all: &[Loaded], person: &str) -> Result<Vec<VisitedAtHome>> {
    let line = |(no, day, team, dose): (CampaignNo, NaiveDate, String, u8)| {
        let loaded = all.iter().find(|loaded| loaded.no == no);
        let campaign = loaded.map(|loaded| loaded.campaign.id.to_string()).unwrap_or_default();
        VisitedAtHome { campaign, day, team, dose }
    };
    Ok(homes::of_person(tx, person).await?.into_iter().map(line).collect())
}

/// What the guardians of a person answered before, and what counts now.
async fn answers(tx: &mut Tx, all: &[Loaded], person: &str) -> Result<Vec<Answered>> {
    let past = schools::past_of(tx, person).await?.into_iter();
    let past = past.map(|(campaign, consent, at)| (campaign, consent, Some(at)));
    let now = schools::consents_of(tx, person).await?.into_iter();
    let now = now.map(|(campaign, consent)| (campaign, consent, None));
    let line = |(no, consent, superseded_at)| {
        let loaded = all.iter().find(|loaded| loaded.no == no);
        let campaign = loaded.map(|loaded| loaded.campaign.id.to_string()).unwrap_or_default();
        Answered { campaign, consent, superseded_at }
    };
    Ok(past.chain(now).map(line).collect())
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
