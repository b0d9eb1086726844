//! What guardians answered: by whom and when, found by code, identity number, or name, birth date and guardian.

use super::asked_day;
use crate::app::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::domain::id::{AreaCode, PersonId, RecordId};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{Asked, Outcome, OutcomeKind, Person};
use crate::domain::schools::{Consent, ConsentAnswer};
use crate::intake::rows::{ConsentRow, Rows};
use crate::intake::{ErrorsFile, Issue};
use crate::store::people;
use crate::store::schools::{self, Printed};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
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

/// People with their guardians.
type Named = Vec<(PersonId, Option<String>)>;

/// Whom the campaign asks, by all that a row may say of them.
#[derive(Default)]
struct Index {
    codes: HashMap<String, PersonId>,
    numbers: HashMap<String, Vec<PersonId>>,
    named: HashMap<(String, NaiveDate), Named>,
}

impl Index {
    fn add(&mut self, person: &Person) {
        let id = person.id.clone();
        self.codes.insert(id.to_string(), id.clone());
        if let Some(number) = &person.more.id_no {
            self.numbers.entry(number.to_uppercase()).or_default().push(id.clone());
        }
        if let Some(name) = &person.name {
            let guardian = person.more.guardian.as_deref().map(super::plain);
            let key = (super::plain(name), person.born);
            self.named.entry(key).or_default().push((id, guardian));
        }
    }

    /// Those whom a row may mean.
    fn find(&self, row: &ConsentRow) -> Vec<&PersonId> {
        if let Some(code) = &row.person {
            return self.codes.get(code.as_str()).into_iter().collect();
        }
        let number = row.id_no.as_deref().map(str::to_uppercase);
        if let Some(found) = number.and_then(|number| self.numbers.get(&number)) {
            return found.iter().collect();
        }
        let (Some(name), Some(born)) = (&row.name, row.born) else { return Vec::new() };
        let named = self.named.get(&(super::plain(name), born)).map_or(&[][..], Vec::as_slice);
        let guardian = row.guardian.as_deref().map(super::plain);
        let is_theirs = |held: &Option<String>| guardian.is_some() && *held == guardian;
        match named {
            [(only, _)] => vec![only],
            all => all.iter().filter(|(_, held)| is_theirs(held)).map(|(id, _)| id).collect(),
        }
    }
}

/// The record of the outcome that follows from a refusal.
fn record(campaign: &crate::domain::campaign::Campaign, person: &PersonId) -> RecordId {
    RecordId::new(format!("consent-{}-{person}", campaign.id))
}

impl App {
    /// Takes in a file of answers: who refuses is not called any more, and who agrees after that is called again. Good
    /// rows are stored, the others go to an errors file.
    pub async fn import_consents(
        &self,
        loaded: &Loaded,
        (path, language): (&Path, Language),
        rows: Rows<ConsentRow>,
        (by, now): (Actor<'_>, DateTime<Utc>),
    ) -> Result<TakenConsents> {
        let day = today(&loaded.campaign, now);
        let mut act = self.act((by, Power::People), Action::Import, now).await?;
        // Also of children who are at no school, and of those whose school is not clear yet.
        let (asked, aged) = (Asked::by(&loaded.campaign), asked_day(loaded, now));
        let mut index = Index::default();
        people::each(act.tx(), |person| {
            if asked.group(&person.area, person.traits(), aged).is_some() {
                index.add(&person);
            }
        })
        .await?;
        let (mut out, answers) = read(path, language, rows, (&index, day))?;
        let known = schools::consents(act.tx(), loaded.no).await?;
        let printed = schools::printed(act.tx(), loaded.no, day).await?;
        let (mut refusals, mut agreed) = (Vec::new(), Vec::new());
        for (person, one) in answers {
            let before = known.get(&person);
            match before {
                Some(held) if *held == one => {
                    out.same += 1;
                    continue;
                }
                Some(_) => out.changed += 1,
                None => out.new += 1,
            }
            schools::answer(act.tx(), loaded.no, &one, millis(now)).await?;
            if one.answer == ConsentAnswer::No {
                out.withdrawn.extend(withdrawn(&person, &printed));
                refusals.push(Outcome {
                    record: record(&loaded.campaign, &person),
                    person,
                    // Forms are filled in long before a campaign begins; an outcome is its own.
                    date: one.day.max(loaded.campaign.start.min(day)),
                    outcome: OutcomeKind::Refused,
                    until: None,
                    campaign: Some(loaded.no),
                    vaccine: None,
                });
            } else if before.is_some_and(|held| held.answer == ConsentAnswer::No) {
                agreed.push(record(&loaded.campaign, &person));
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
            "consents new {} same {} corrected {} refused {}",
            out.new, out.same, out.changed, out.refused
        );
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(out)
    }
}

fn withdrawn(
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

/// Reads a file; of several answers for one person the last one of the file counts.
fn read(
    path: &Path,
    language: Language,
    mut rows: Rows<ConsentRow>,
    (index, today): (&Index, NaiveDate),
) -> Result<(TakenConsents, BTreeMap<PersonId, Consent>)> {
    const ROWS_AT_ONCE: usize = 2_000;
    let (mut out, mut answers) = (TakenConsents::default(), BTreeMap::new());
    let mut errors = ErrorsFile::new(path, rows.names(), language);
    let file = rows.file().to_owned();
    let fault = |error: &std::io::Error| {
        let path = crate::intake::errors_path(path);
        AppError::refused("refused-errors-file", &[("path", &path.display()), ("said", error)])
    };
    while let Some(batch) = rows.next_batch(ROWS_AT_ONCE) {
        for (at, row) in batch.rows.into_iter().enumerate() {
            out.rows += 1;
            out.issues.extend(row.warnings);
            let line = row.line;
            let found = row.value.and_then(|value| {
                judge(&file, line, value, (index, today)).map_err(|issue| vec![issue])
            });
            match found {
                Ok(one) => {
                    answers.insert(one.person.clone(), one);
                }
                Err(issues) => {
                    errors.push(line, &batch.raw.cells(at), &issues).map_err(|it| fault(&it))?;
                    out.refused += 1;
                    out.issues.extend(issues);
                }
            }
        }
    }
    if let Err(issue) = rows.finish() {
        return Err(AppError::Files(vec![issue]));
    }
    out.errors_file = errors.finish().map_err(|it| fault(&it))?;
    Ok((out, answers))
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
        [only] => only.clone(),
        [] => return Err(issue("unknown_pupil").column(column).value(shown)),
        ref several => {
            let codes: Vec<&str> = several.iter().map(|code| code.as_str()).collect();
            let issue = issue("several_pupils").column(column).value(shown);
            return Err(issue.with("known", codes.join(", ")));
        }
    };
    Ok(Consent { person, answer: row.answer, day: row.day, given_by: row.by, reason: row.why })
}
