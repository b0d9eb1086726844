//! What guardians answered: by whom and when, found by code, identity number, or name, birth date and guardian.

use super::asked_day;
use super::consent_index::Index;
use crate::app::assigning::each_person;
use crate::app::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::campaign::{Campaign, Language};
use crate::domain::id::{AreaCode, PersonId, RecordId};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{Asked, Outcome, OutcomeKind};
use crate::domain::schools::{Consent, ConsentAnswer};
use crate::intake::rows::{ConsentRow, Rows};
use crate::intake::{ErrorsFile, Issue};
use crate::store::schools::{self, Printed};
use crate::store::{CampaignNo, Tx, figures, imports, outcomes, people_codes};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Somebody who stands on a printed list and refuses now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Withdrawn {
    /// Who.
    pub person: PersonId,
    /// The school.
    pub school: AreaCode,
    /// The class.
    pub class: String,
    /// The day of the visit.
    pub day: NaiveDate,
}

/// What came of a file of answers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TakenConsents {
    /// Rows with an answer.
    pub rows: usize,
    /// Answers that are new.
    pub new: usize,
    /// Answers that were known.
    pub same: usize,
    /// Answers that differ from what was known.
    pub changed: usize,
    /// Answers that do not count, for a newer one is known, or a refusal of the same day.
    pub outweighed: usize,
    /// Rows that were refused.
    pub refused: usize,
    /// Who refuses now, and stands on a list that was printed for a visit to come.
    pub withdrawn: Vec<Withdrawn>,
    /// The file with the refused rows.
    pub errors_file: Option<PathBuf>,
    /// Why rows were refused, and what is odd about others.
    #[serde(skip)]
    pub issues: Vec<Issue>,
}

/// What begins the record of an outcome that follows from a refusal.
const RECORD: &str = "consent-";

/// The record of the outcome that follows from a refusal.
fn record(campaign: &Campaign, person: &PersonId) -> RecordId {
    RecordId::new(format!("{RECORD}{}-{person}", campaign.id))
}

/// The refusals of somebody who agreed to what they refused: they were two people, and are one now.
pub(in crate::app) async fn lifted(tx: &mut Tx, person: &str) -> Result<Vec<RecordId>> {
    let answers = schools::consents_of(tx, person).await?;
    let has_agreed = |campaign: CampaignNo| {
        answers.get(&campaign).is_some_and(|one| one.answer == ConsentAnswer::Yes)
    };
    let noted = outcomes::of_person(tx, person).await?;
    let lifted =
        noted.into_iter().filter(|it| is_refusal(it) && it.campaign.is_some_and(has_agreed));
    Ok(lifted.map(|it| it.record).collect())
}

/// Whom outcomes that an undone import had put in are about, and who refused thereby.
pub(in crate::app) fn who_refused(outcomes: &[Outcome]) -> BTreeSet<PersonId> {
    outcomes.iter().filter(|it| is_refusal(it)).map(|it| it.person.clone()).collect()
}

/// Takes back the refusals of people that no outcome follows from any more. `now`: milliseconds since 1970.
pub(in crate::app) async fn take_back(
    tx: &mut Tx,
    people: &BTreeSet<PersonId>,
    now: i64,
) -> Result<()> {
    for person in people {
        let noted = outcomes::of_person(tx, person.as_str()).await?;
        for (campaign, one) in schools::consents_of(tx, person.as_str()).await? {
            let stands = noted.iter().any(|it| is_refusal(it) && it.campaign == Some(campaign));
            if one.answer == ConsentAnswer::No && !stands {
                schools::take_back(tx, campaign, person.as_str(), now).await?;
            }
        }
    }
    Ok(())
}

/// Whether an outcome follows from a refusal. Its record may have the code of somebody who was merged.
pub(super) fn is_refusal(outcome: &Outcome) -> bool {
    outcome.outcome == OutcomeKind::Refused && outcome.record.as_str().starts_with(RECORD)
}

impl App {
    /// Takes in a file of answers: who refuses is not called any more, and who agrees after that is called again. Good
    /// rows are stored, the others go to an errors file.
    pub async fn import_consents(
        &self,
        loaded: &Loaded,
        (path, language): (&Path, Language),
        sheets: Vec<Rows<ConsentRow>>,
        (by, now): (Actor<'_>, DateTime<Utc>),
    ) -> Result<TakenConsents> {
        let day = today(&loaded.campaign, now);
        let mut act = self.act((by, Power::People), Action::Import, now).await?;
        let index = index_of(act.tx(), loaded, now).await?;
        let (mut out, answers) = read(path, language, sheets, (&index, day))?;
        if let Some(file) = &out.errors_file {
            // Erasing looks there too.
            let file = file.canonicalize().unwrap_or_else(|_| file.clone());
            let (about, author) = (("consents", None), self.author(by));
            let no = Some(loaded.no);
            let entry = figures::begin_entry(act.tx(), no, about, &author, millis(now)).await?;
            imports::errors(act.tx(), entry.id, &file.display().to_string()).await?;
        }
        let known = schools::consents(act.tx(), loaded.no).await?;
        let printed = schools::printed(act.tx(), loaded.no, day).await?;
        let codes: Vec<&str> = answers.keys().map(PersonId::as_str).collect();
        let noted = outcomes::of_people(act.tx(), &codes).await?;
        let (mut refusals, mut agreed) = (Vec::new(), Vec::new());
        for (person, (one, at)) in answers {
            match known.get(&person) {
                Some(held) if *held == one => {
                    out.same += 1;
                    continue;
                }
                Some(held) if !one.outweighs(held) => {
                    out.outweigh(&one, held, &at);
                    continue;
                }
                Some(_) => out.changed += 1,
                None => out.new += 1,
            }
            schools::answer(act.tx(), loaded.no, &one, millis(now)).await?;
            if one.answer == ConsentAnswer::No {
                out.withdrawn.extend(withdrawn(&person, &printed));
                refusals.push(refusal(loaded, &one, day));
            } else {
                let own = noted.get(&person).into_iter().flatten();
                let own = own.filter(|it| is_refusal(it) && it.campaign == Some(loaded.no));
                agreed.extend(own.map(|it| it.record.clone()));
            }
        }
        if !refusals.is_empty() || !agreed.is_empty() {
            let entered = (refusals, agreed.as_slice());
            let issues = self.enter_outcomes(&mut act, loaded, entered, (by, now)).await?;
            if !issues.is_empty() {
                return Err(AppError::Files(issues));
            }
        }
        let said = format!(
            "consents new {} same {} corrected {} outweighed {} refused {}",
            out.new, out.same, out.changed, out.outweighed, out.refused
        );
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(out)
    }
}

/// Whom the campaign asks, also children who are at no school, and those whose school is not clear yet.
async fn index_of(tx: &mut Tx, loaded: &Loaded, now: DateTime<Utc>) -> Result<Index> {
    let (asked, aged) = (Asked::by(&loaded.campaign), asked_day(loaded, now));
    let mut index = Index::default();
    each_person(tx, loaded, |person| {
        if asked.group(&person.area, person.traits(), aged).is_some() {
            index.add(&person);
        }
    })
    .await?;
    index.lead(people_codes::aliases(tx).await?);
    Ok(index)
}

/// The outcome that follows from a refusal.
pub(super) fn refusal(loaded: &Loaded, one: &Consent, day: NaiveDate) -> Outcome {
    let campaign = &loaded.campaign;
    Outcome {
        record: record(campaign, &one.person),
        person: one.person.clone(),
        // Forms are filled in long before a campaign begins; an outcome is its own.
        date: one.day.max(campaign.start.min(day)),
        outcome: OutcomeKind::Refused,
        until: None,
        campaign: Some(loaded.no),
        vaccine: None,
    }
}

impl TakenConsents {
    /// Counts an answer that does not count, and says so where it contradicts the one that does.
    fn outweigh(&mut self, one: &Consent, held: &Consent, (file, line): &Place) {
        self.outweighed += 1;
        if one.answer != held.answer {
            let issue = Issue::warning("answer_outweighed", file).row(*line).column("consent");
            let issue = issue.value(one.answer.word()).with("answer", held.answer);
            self.issues.push(issue.with("date", held.day));
        }
    }
}

pub(super) fn withdrawn(
    person: &PersonId,
    printed: &BTreeMap<PersonId, Vec<Printed>>,
) -> impl Iterator<Item = Withdrawn> {
    let own = printed.get(person).into_iter().flatten();
    own.map(|at| Withdrawn {
        person: person.clone(),
        school: at.school.clone(),
        class: at.class.clone(),
        day: at.day,
    })
}

/// File and row of an answer.
type Place = (String, u32);

/// Answers by person, each with where it stands.
type Answers = BTreeMap<PersonId, (Consent, Place)>;

/// Reads the sheets of a file. Of several answers for one person the newest one counts, and of one day a refusal.
fn read(
    path: &Path,
    language: Language,
    sheets: Vec<Rows<ConsentRow>>,
    (index, today): (&Index, NaiveDate),
) -> Result<(TakenConsents, Answers)> {
    const ROWS_AT_ONCE: usize = 2_000;
    let (mut out, mut answers) = (TakenConsents::default(), Answers::new());
    let names = headings(&sheets);
    let mut errors = ErrorsFile::new(path, &names, language);
    let fault = |error: &std::io::Error| {
        let path = crate::intake::errors_path(path);
        AppError::refused("refused-errors-file", &[("path", &path.display()), ("said", error)])
    };
    for mut rows in sheets {
        let file = rows.file().to_owned();
        let place = |(at, name): (usize, &String)| {
            let is_same = rows.names() == names;
            let found = rows.names().iter().position(|own| own == name);
            if is_same { Some(at) } else { found }
        };
        let places: Vec<Option<usize>> = names.iter().enumerate().map(place).collect();
        while let Some(batch) = rows.next_batch(ROWS_AT_ONCE) {
            for (at, row) in batch.rows.into_iter().enumerate() {
                out.rows += 1;
                out.issues.extend(row.warnings);
                let line = row.line;
                let found = row.value.and_then(|value| {
                    judge(&file, line, value, (index, today)).map_err(|issue| vec![issue])
                });
                match found {
                    Ok(one) => take(&mut answers, one, (file.clone(), line), &mut out),
                    Err(issues) => {
                        let raw = batch.raw.cells(at);
                        let cell =
                            |place: &Option<usize>| place.and_then(|at| raw.get(at).copied());
                        let cells: Vec<&str> =
                            places.iter().map(|it| cell(it).unwrap_or_default()).collect();
                        errors.push(line, &cells, &issues).map_err(|it| fault(&it))?;
                        out.refused += 1;
                        out.issues.extend(issues);
                    }
                }
            }
        }
        if let Err(issue) = rows.finish() {
            return Err(AppError::Files(vec![issue]));
        }
    }
    out.errors_file = errors.finish().map_err(|it| fault(&it))?;
    Ok((out, answers))
}

/// Puts an answer among the others of a file.
fn take(answers: &mut Answers, one: Consent, at: Place, out: &mut TakenConsents) {
    match answers.remove(&one.person) {
        Some((held, before)) if !one.outweighs(&held) => {
            out.outweigh(&one, &held, &at);
            answers.insert(held.person.clone(), (held, before));
        }
        before => {
            if let Some((held, before)) = before {
                out.outweigh(&held, &one, &before);
            }
            answers.insert(one.person.clone(), (one, at));
        }
    }
}

/// The headings of all sheets.
fn headings(sheets: &[Rows<ConsentRow>]) -> Vec<String> {
    if let [only] = sheets {
        return only.names().to_vec();
    }
    let mut out: Vec<String> = Vec::new();
    for name in sheets.iter().flat_map(Rows::names) {
        if !name.is_empty() && !out.contains(name) {
            out.push(name.clone());
        }
    }
    out
}

/// The answer of a row, or what is wrong with it.
fn judge(
    file: &str,
    line: u32,
    row: ConsentRow,
    (index, today): (&Index, NaiveDate),
) -> std::result::Result<Consent, Issue> {
    let issue = |code| Issue::error(code, file).row(line);
    if row.day > today {
        let issue = issue("future_date").column("date").value(&row.day.to_string());
        return Err(issue.with("today", today));
    }
    let column = if row.person.is_some() { "person" } else { "name" };
    let shown = row.person.as_deref().unwrap_or("…");
    let person = match index.find(&row)[..] {
        [only] => only,
        [] => return Err(issue("unknown_pupil").column(column).value(shown)),
        ref several => {
            let codes: Vec<&str> = several.iter().map(|it| it.person.as_str()).collect();
            let issue = issue("several_pupils").column(column).value(shown);
            return Err(issue.with("known", codes.join(", ")));
        }
    };
    if let Some(column) = person.differs(&row) {
        let issue = issue("pupil_differs").column(column).value("…");
        return Err(issue.with("person", &person.person));
    }
    let person = person.person.clone();
    Ok(Consent { person, answer: row.answer, day: row.day, given_by: row.by, reason: row.why })
}
