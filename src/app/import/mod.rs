//! Imports: rows of files become doses, tallies, people, outcomes. The same record twice counts once; other values
//! are a correction, and what was known before is kept. Bad rows go to an errors file, good rows are stored.

mod doses;
mod outcomes;
mod persons;
mod tallies;

use super::{App, AppError, Loaded, Result, today};
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::domain::id::{PersonId, PlaceCode, RecordId};
use crate::domain::judge::Judged;
use crate::domain::permission::{self, Actor, Power, Visits};
use crate::intake::rows::{self, Batch, RawCells, Rows};
use crate::intake::{ErrorsFile, Issue};
use crate::store::figures;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Rows that are stored together. Many rows of one batch share a cell, so that larger batches are quicker; memory is
/// that of three batches.
const BATCH_ROWS: usize = 20_000;
/// Batches that one transaction stores. Every commit writes each page that it touched, and rows in no order touch
/// nearly all; others who want to write wait for so many rows at most.
const BATCHES_PER_COMMIT: u32 = 5;
/// Batches that are read ahead of the database.
const BATCHES_AHEAD: usize = 1;

/// What an import did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Imported {
    /// Rows read.
    pub rows: u64,
    /// Records that are new.
    pub new: u64,
    /// Records that were known with the same values.
    pub same: u64,
    /// Records that were known with other values.
    pub corrected: u64,
    /// Rows refused.
    pub refused: u64,
    /// Doses stored that do not count by the rules.
    pub invalid: u64,
    /// The first of them, with their reasons.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
    /// Where the refused rows are, with their reasons.
    pub errors_file: Option<PathBuf>,
    /// The first reasons, for the screen.
    #[serde(skip)]
    pub issues: Vec<Issue>,
    /// A reason for which the file as a whole was refused, or could not be read to its end.
    #[serde(skip)]
    pub fault: Vec<Issue>,
}

/// The screen shows so many reasons; the errors file has all.
const ISSUES_SHOWN_MAX: usize = 20;

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Doses of persons.
    Doses,
    /// Doses counted without names.
    Tallies,
    /// The register.
    Persons,
    /// Outcomes other than a dose.
    Outcomes,
}

impl Kind {
    /// As the command line calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Doses => "doses",
            Self::Tallies => "tallies",
            Self::Persons => "persons",
            Self::Outcomes => "outcomes",
        }
    }
}

/// A row of a batch that has the right form.
struct Good<T> {
    /// Its place in the batch.
    index: usize,
    /// Its line in the file.
    line: u32,
    /// What it says.
    value: T,
}

/// What storing a batch did.
#[derive(Default)]
struct Stored {
    new: u64,
    same: u64,
    corrected: u64,
    warnings: Vec<Warning>,
    refused: Vec<(usize, Issue)>,
}

/// A dose that was stored and does not count.
#[derive(Debug, Clone)]
pub struct Warning {
    /// Its line in the file.
    pub row: u32,
    /// Its record.
    pub record: RecordId,
    /// Who got it.
    pub person: PersonId,
    /// What the rules say.
    pub judged: Judged,
}

/// What rows are held against.
struct Facts<'a> {
    loaded: &'a Loaded,
    file: String,
    today: NaiveDate,
    now: i64,
    places: HashSet<PlaceCode>,
}

impl App {
    /// Imports a file. `now` is the time of recording.
    pub async fn import(
        &self,
        loaded: &Loaded,
        kind: Kind,
        path: &Path,
        language: Language,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let from = (kind, path, language);
        match kind {
            Kind::Doses => {
                self.import_rows(loaded, rows::doses(path), doses::store, from, now).await
            }
            Kind::Tallies => {
                self.import_rows(loaded, rows::tallies(path), tallies::store, from, now).await
            }
            Kind::Persons => {
                self.import_rows(loaded, rows::persons(path), persons::store, from, now).await
            }
            Kind::Outcomes => {
                self.import_rows(loaded, rows::outcomes(path), outcomes::store, from, now).await
            }
        }
    }

    /// Stores counts that `by` entered, as rows of `what`; all of them or, where one is refused, none. Those whose
    /// place is not theirs on that day are denied, and so are records that stand for such a place. `said` begins the
    /// line of the audit log.
    pub async fn import_tallies(
        &self,
        loaded: &Loaded,
        (what, said): (&str, &str),
        tallies: Vec<crate::domain::dose::Tally>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let sessions = self.sessions(loaded).await?;
        let mut act = self.act((by, Power::Tally), Action::Tally, now).await?;
        let tx = act.tx();
        let known = tallies::known(tx, loaded, &tallies).await?;
        for tally in known.iter().chain(&tallies) {
            let visits = Visits::on(&sessions, tally.date);
            let place = tally.place.as_str();
            permission::may_at(by, Power::Tally, &loaded.campaign, place, &visits)?;
        }
        let facts = facts(loaded, what, now);
        let rows = tallies.len() as u64;
        let good = (1..).zip(tallies).enumerate();
        let good = good.map(|(index, (line, value))| Good { index, line, value }).collect();
        let stored = tallies::store(tx, &facts, good).await?;
        let Stored { new, same, corrected, refused, .. } = stored;
        let mut out = Imported { rows, new, same, corrected, ..Imported::default() };
        out.issues.extend(refused.into_iter().map(|(_, issue)| issue));
        if !out.issues.is_empty() {
            return Ok(Imported { rows, refused: rows, issues: out.issues, ..Imported::default() });
        }
        let counts = [out.new, out.same, out.corrected, out.refused];
        let (kind, at) = (Kind::Tallies.name(), super::millis(now));
        figures::insert_import(act.tx(), loaded.no, kind, counts, at).await?;
        let said = format!("{said} new {new} corrected {corrected}");
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(out)
    }

    async fn import_rows<T: Send + 'static>(
        &self,
        loaded: &Loaded,
        opened: std::result::Result<Rows<T>, Vec<Issue>>,
        store: impl AsyncFn(&mut crate::store::Tx, &Facts<'_>, Vec<Good<T>>) -> Result<Stored>,
        (kind, path, language): (Kind, &Path, Language),
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let mut out = Imported::default();
        let rows = match opened {
            Ok(rows) => rows,
            Err(fault) => {
                out.fault = fault;
                self.note_import(None, loaded, kind, &out, now).await?;
                return Ok(out);
            }
        };
        let facts = facts(loaded, rows.file(), now);
        let mut errors = ErrorsFile::new(path, rows.names(), language);
        if rows.is_workbook() {
            let made_at = now.with_timezone(&loaded.campaign.timezone).naive_local();
            errors = errors.with_workbook(kind.name(), made_at);
        }
        // One task reads and checks the form, this one stores: two cores work at once.
        let (send, mut receive) = mpsc::channel::<Batch<T>>(BATCHES_AHEAD);
        let reader = tokio::task::spawn_blocking(move || read_ahead(rows, &send));
        let (mut open, mut batches) = (None, 0_u32);
        while let Some(batch) = receive.recv().await {
            out.rows += batch.rows.len() as u64;
            let (good, raw) = sort_out(batch, &mut errors, &mut out)?;
            let mut tx = match open.take() {
                Some(tx) => tx,
                None => self.store.write().await?,
            };
            let stored = store(&mut tx, &facts, good).await?;
            batches += 1;
            if batches % BATCHES_PER_COMMIT == 0 {
                tx.commit().await?;
            } else {
                open = Some(tx);
            }
            out.new += stored.new;
            out.same += stored.same;
            out.corrected += stored.corrected;
            out.invalid += stored.warnings.len() as u64;
            let room = ISSUES_SHOWN_MAX.saturating_sub(out.warnings.len());
            out.warnings.extend(stored.warnings.into_iter().take(room));
            for (line, index, issue) in by_line(stored.refused) {
                refuse(&mut errors, &mut out, line, &raw.cells(index), vec![issue])?;
            }
        }
        self.note_import(open, loaded, kind, &out, now).await?;
        match reader.await {
            Ok(Ok(_)) => {}
            Ok(Err(issue)) => out.fault.push(issue),
            Err(error) => return Err(AppError::refused("refused-reading", &[("said", &error)])),
        }
        out.errors_file = errors.finish().map_err(|error| errors_fault(path, &error))?;
        Ok(out)
    }

    /// Writes down what the import came to, in its last transaction, and commits that.
    async fn note_import(
        &self,
        open: Option<crate::store::Tx>,
        loaded: &Loaded,
        kind: Kind,
        out: &Imported,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut tx = match open {
            Some(tx) => tx,
            None => self.store.write().await?,
        };
        let rows = [out.new, out.same, out.corrected, out.refused];
        figures::insert_import(&mut tx, loaded.no, kind.name(), rows, super::millis(now)).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a record out of what counts, with a reason; what it said is kept. `false`: it is not known.
    pub async fn void(
        &self,
        loaded: &Loaded,
        kind: Kind,
        record: &RecordId,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.store.write().await?;
        let why = format!("void: {why}");
        let at = super::millis(now);
        let known = match kind {
            Kind::Doses => doses::void(&mut tx, loaded, record, &why, at).await?,
            Kind::Tallies => tallies::void(&mut tx, loaded, record, &why, at).await?,
            Kind::Outcomes => outcomes::void(&mut tx, loaded, record, &why, at).await?,
            Kind::Persons => false,
        };
        tx.commit().await?;
        Ok(known)
    }
}

/// What rows of a file are held against.
fn facts<'a>(loaded: &'a Loaded, file: &str, now: DateTime<Utc>) -> Facts<'a> {
    let campaign = &loaded.campaign;
    let sites = campaign.sites.iter().map(|site| site.code.clone());
    Facts {
        loaded,
        file: file.to_owned(),
        today: today(campaign, now),
        now: super::millis(now),
        places: sites.chain(campaign.stops.iter().map(|stop| stop.code.clone())).collect(),
    }
}

fn read_ahead<T>(
    mut rows: Rows<T>,
    send: &mpsc::Sender<Batch<T>>,
) -> std::result::Result<rows::Summary, Issue> {
    while let Some(batch) = rows.next_batch(BATCH_ROWS) {
        if send.blocking_send(batch).is_err() {
            break;
        }
    }
    rows.finish()
}

fn errors_fault(path: &Path, error: &std::io::Error) -> AppError {
    let path = crate::intake::errors_path(path);
    AppError::refused("refused-errors-file", &[("path", &path.display()), ("said", error)])
}

/// Rows of the wrong form go to the errors file, the others on.
fn sort_out<T>(
    batch: Batch<T>,
    errors: &mut ErrorsFile,
    out: &mut Imported,
) -> Result<(Vec<Good<T>>, RawCells)> {
    let mut good = Vec::with_capacity(batch.rows.len());
    for (index, row) in batch.rows.into_iter().enumerate() {
        match row.value {
            Ok(value) => good.push(Good { index, line: row.line, value }),
            Err(issues) => refuse(errors, out, row.line, &batch.raw.cells(index), issues)?,
        }
    }
    Ok((good, batch.raw))
}

fn refuse(
    errors: &mut ErrorsFile,
    out: &mut Imported,
    line: u32,
    cells: &[&str],
    issues: Vec<Issue>,
) -> Result<()> {
    errors
        .push(line, cells, &issues)
        .map_err(|error| AppError::refused("refused-errors-row", &[("said", &error)]))?;
    out.refused += 1;
    let room = ISSUES_SHOWN_MAX.saturating_sub(out.issues.len());
    out.issues.extend(issues.into_iter().take(room));
    Ok(())
}

fn by_line(refused: Vec<(usize, Issue)>) -> impl Iterator<Item = (u32, usize, Issue)> {
    let mut lines: Vec<_> =
        refused.into_iter().map(|(index, issue)| (issue.row.unwrap_or(0), index, issue)).collect();
    lines.sort_by_key(|(line, index, _)| (*line, *index));
    lines.into_iter()
}

impl Facts<'_> {
    fn issue(&self, code: &'static str, line: u32, column: &str, value: &str) -> Issue {
        Issue::error(code, self.file.as_str()).row(line).column(column).value(value)
    }

    /// An issue whose message may name what was probably meant.
    fn unknown<'a>(
        &self,
        code: &'static str,
        (line, column, value): (u32, &str, &str),
        known: impl IntoIterator<Item = &'a str>,
    ) -> Issue {
        let near = crate::intake::nearest(value, known).unwrap_or("none").to_owned();
        self.issue(code, line, column, value).with("nearest", near)
    }

    fn place(&self, line: u32, place: &PlaceCode) -> Option<Issue> {
        (!self.places.contains(place)).then(|| {
            let known = self.places.iter().map(PlaceCode::as_str).collect::<BTreeSet<_>>();
            self.unknown("unknown_place", (line, "place", place.as_str()), known)
        })
    }

    fn not_future(&self, line: u32, day: NaiveDate) -> Option<Issue> {
        (day > self.today).then(|| {
            self.issue("future_date", line, "date", &day.to_string()).with("today", self.today)
        })
    }

    fn unknown_person(&self, line: u32, person: &PersonId) -> Issue {
        self.issue("unknown_person", line, "person", person.as_str())
    }

    fn duplicate(&self, line: u32, column: &str, value: &str, first: &str) -> Issue {
        self.issue("duplicate_record", line, column, value).with("first", first)
    }
}

/// Keeps of a batch the first row of each key. Later rows with the same values are counted, others refused.
fn unique<T: PartialEq, K: Eq + Hash + Display>(
    facts: &Facts<'_>,
    column: &str,
    good: Vec<Good<T>>,
    key: impl Fn(&T) -> K,
    stored: &mut Stored,
) -> Vec<Good<T>> {
    let mut out: Vec<Good<T>> = Vec::with_capacity(good.len());
    let mut seen: HashMap<K, usize> = HashMap::with_capacity(good.len());
    for row in good {
        let key = key(&row.value);
        match seen.get(&key) {
            None => {
                seen.insert(key, out.len());
                out.push(row);
            }
            Some(first) if out[*first].value == row.value => stored.same += 1,
            Some(first) => {
                let text = key.to_string();
                let first = out[*first].line.to_string();
                stored.refused.push((row.index, facts.duplicate(row.line, column, &text, &first)));
            }
        }
    }
    out
}

/// A row before this one in the same file, whose line is no longer known.
const EARLIER: &str = "…";
