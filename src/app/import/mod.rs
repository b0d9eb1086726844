//! Imports: rows of files become doses, tallies, people, outcomes. The same record twice counts once. A known record
//! with other values is a correction, and what was known before is kept. Bad rows go to an errors file, good rows are
//! stored.

mod by_hand;
mod doses;
mod known;
mod outcomes;
mod persons;
mod pipeline;
mod tallies;
#[cfg(test)]
mod tests;

pub use by_hand::Entered;

use super::{App, AppError, Loaded, Result};
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::domain::counting::Cells;
use crate::domain::dose::Dose;
use crate::domain::id::{PersonId, RecordId};
use crate::domain::judge::Judged;
use crate::domain::permission::Actor;
use crate::domain::plausible::{Doubtful, Sure};
use crate::intake::rows::{self, Batch, RawCells, Rows};
use crate::intake::{ErrorsFile, Issue};
use crate::store::audit::{self, Author};
use crate::store::figures::{self, Entry};
use crate::store::{Tx, cells, doubtful};
use chrono::{DateTime, Utc};
use known::Facts;
use serde::Serialize;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Rows that are looked up and stored together. Memory holds three batches: one being stored, one waiting, one being
/// read.
const BATCH_ROWS: usize = 20_000;
/// Batches stored by one transaction. A commit writes every page that it touched, and rows in no order touch nearly all
/// pages, so fewer commits are faster; but other writers wait for a whole transaction.
const BATCHES_PER_COMMIT: u32 = 5;
/// Batches that wait for the database.
const BATCHES_AHEAD: usize = 1;

/// What an import did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Imported {
    /// Rows read.
    pub rows: u64,
    /// Rows that are new records.
    pub new: u64,
    /// Rows that repeat what is known.
    pub same: u64,
    /// Rows that change a known record.
    pub corrected: u64,
    /// Rows refused.
    pub refused: u64,
    /// How many of them are counts that nobody can mean, until somebody confirms them.
    pub doubtful: u64,
    /// Rows of a form whose number of doses was not filled in: not reported. They are not among the rows.
    pub unfilled: u64,
    /// Rows accepted that somebody should look at.
    pub to_look_at: u64,
    /// The first of them, with what is odd.
    #[serde(skip)]
    pub oddities: Vec<Issue>,
    /// Rows stored whose dose does not count by the rules.
    pub invalid: u64,
    /// The first of them, with their reasons.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
    /// Doses stored earlier that counted and, because of this import, do not count any more.
    pub no_longer_valid: u64,
    /// The first of them, with their reasons.
    #[serde(skip)]
    pub stored_warnings: Vec<Warning>,
    /// The file with the refused rows and the reasons; `None` if no row was refused.
    pub errors_file: Option<PathBuf>,
    /// The first reasons, for the screen.
    #[serde(skip)]
    pub issues: Vec<Issue>,
    /// Why the whole file was refused, or could not be read to its end.
    #[serde(skip)]
    pub fault: Vec<Issue>,
}

/// The most reasons, and the most doses that do not count, that the screen shows. The errors file has all reasons.
const ISSUES_SHOWN_MAX: usize = 20;

/// A kind of record that can be imported.
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

/// A row of a batch whose form is right.
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
    found: pipeline::Found,
    refused: Vec<(usize, Issue)>,
    /// Counts that were refused until somebody confirms them.
    doubtful: Vec<Doubtful>,
}

/// A dose that does not count.
#[derive(Debug, Clone)]
pub struct Warning {
    /// Its line in the file; `None`: it was stored earlier.
    pub row: Option<u32>,
    /// Its record.
    pub record: RecordId,
    /// Who got it.
    pub person: PersonId,
    /// What the rules say.
    pub judged: Judged,
}

impl Warning {
    fn new(row: Option<u32>, dose: &Dose, judged: Judged) -> Self {
        Self { row, record: dose.record.clone(), person: dose.person.clone(), judged }
    }
}

impl App {
    /// Imports a file at the command line. `now` becomes the time of recording.
    pub async fn import(
        &self,
        loaded: &Loaded,
        kind: Kind,
        path: &Path,
        language: Language,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let done = self.import_sure(loaded, (kind, path, language), Sure::None, now).await;
        self.store.fold_log().await;
        done
    }

    /// The same, where somebody has confirmed counts that would be asked about.
    pub async fn import_sure(
        &self,
        loaded: &Loaded,
        from: (Kind, &Path, Language),
        sure: Sure,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let path = from.1;
        match from.0 {
            Kind::Doses => self.import_rows(loaded, rows::doses(path), from, sure, now).await,
            Kind::Tallies => self.import_rows(loaded, rows::tallies(path), from, sure, now).await,
            Kind::Persons => self.import_rows(loaded, rows::persons(path), from, sure, now).await,
            Kind::Outcomes => self.import_rows(loaded, rows::outcomes(path), from, sure, now).await,
        }
    }

    async fn import_rows<T: pipeline::Importable>(
        &self,
        loaded: &Loaded,
        opened: std::result::Result<Rows<T>, Vec<Issue>>,
        (kind, path, language): (Kind, &Path, Language),
        sure: Sure,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let mut out = Imported::default();
        let by = self.author(Actor::CommandLine);
        let mut tx = self.store.write().await?;
        let at = super::millis(now);
        let entry = figures::begin_entry(&mut tx, loaded.no, kind.name(), &by, at).await?;
        tx.commit().await?;
        let rows = match opened {
            Ok(rows) => rows,
            Err(fault) => {
                out.fault = fault;
                self.end_import((None, Cells::new()), (loaded, kind), &out, (entry, &by)).await?;
                return Ok(out);
            }
        };
        let mut facts = Facts::new(loaded, rows.file(), now).entered(entry, sure);
        if kind == Kind::Tallies {
            facts = facts.with_sessions(self.sessions(loaded).await?);
        }
        let mut errors = ErrorsFile::new(path, rows.names(), language);
        if rows.is_workbook() {
            let made_at = now.with_timezone(&loaded.campaign.timezone).naive_local();
            errors = errors.with_workbook(kind.name(), made_at);
        }
        // Another thread reads the file and checks the form while this one stores: two cores work at once.
        let (send, mut receive) = mpsc::channel::<Batch<T>>(BATCHES_AHEAD);
        let reader = tokio::task::spawn_blocking(move || read_ahead(rows, &send));
        let (mut open, mut changes, mut batches) = (None, Cells::new(), 0_u32);
        while let Some(batch) = receive.recv().await {
            out.rows += batch.rows.len() as u64;
            let (good, raw) = sort_out(batch, &mut errors, &mut out)?;
            let mut tx = match open.take() {
                Some(tx) => tx,
                None => self.store.write().await?,
            };
            let stored = pipeline::store(&mut tx, &facts, good, &mut changes).await?;
            for one in &stored.doubtful {
                doubtful::insert(&mut tx, loaded.no, one, &by, entry.at).await?;
            }
            batches += 1;
            if batches % BATCHES_PER_COMMIT == 0 {
                cells::change(&mut tx, loaded.no, std::mem::take(&mut changes)).await?;
                tx.commit().await?;
            } else {
                open = Some(tx);
            }
            for (line, index, issue) in by_line(out.add(stored)) {
                refuse(&mut errors, &mut out, line, &raw.cells(index), vec![issue])?;
            }
        }
        self.end_import((open, changes), (loaded, kind), &out, (entry, &by)).await?;
        match reader.await {
            Ok(Ok(read)) => out.unfilled = read.unfilled,
            Ok(Err(issue)) => out.fault.push(issue),
            Err(error) => return Err(AppError::refused("refused-reading", &[("said", &error)])),
        }
        out.errors_file = errors.finish().map_err(|error| errors_fault(path, &error))?;
        Ok(out)
    }

    /// Stores the last changes of cells and what the import came to, with its line of the audit log, and commits.
    async fn end_import(
        &self,
        (open, changes): (Option<Tx>, Cells),
        (loaded, kind): (&Loaded, Kind),
        out: &Imported,
        (entry, by): (Entry, &Author),
    ) -> Result<()> {
        let mut tx = match open {
            Some(tx) => tx,
            None => self.store.write().await?,
        };
        cells::change(&mut tx, loaded.no, changes).await?;
        let rows = [out.new, out.same, out.corrected, out.refused];
        figures::end_entry(&mut tx, entry, rows).await?;
        let [new, same, corrected, refused] = rows;
        let said = format!(
            "{} new {new} same {same} corrected {corrected} refused {refused}",
            kind.name()
        );
        let about = (Some(loaded.campaign.id.as_str()), said.as_str());
        audit::insert(&mut tx, entry.at, (by, Action::Import), about).await?;
        Ok(tx.commit().await?)
    }
}

impl Imported {
    /// Adds what storing a batch did; returns the rows that were refused.
    fn add(&mut self, stored: Stored) -> Vec<(usize, Issue)> {
        self.new += stored.new;
        self.same += stored.same;
        self.corrected += stored.corrected;
        self.doubtful += stored.doubtful.len() as u64;
        self.invalid += stored.found.invalid.len() as u64;
        self.no_longer_valid += stored.found.no_longer_valid.len() as u64;
        let show = |shown: &mut Vec<Warning>, more: Vec<Warning>| {
            let left = ISSUES_SHOWN_MAX.saturating_sub(shown.len());
            shown.extend(more.into_iter().take(left));
        };
        show(&mut self.warnings, stored.found.invalid);
        show(&mut self.stored_warnings, stored.found.no_longer_valid);
        stored.refused
    }
}

/// Each person once, sorted by code, the order in which the database reads the fewest pages.
fn each_once<'a>(people: impl IntoIterator<Item = &'a PersonId>) -> Vec<&'a PersonId> {
    let mut people: Vec<_> = people.into_iter().collect();
    people.sort_unstable();
    people.dedup();
    people
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

/// Writes rows of the wrong form to the errors file; returns the others.
fn sort_out<T>(
    batch: Batch<T>,
    errors: &mut ErrorsFile,
    out: &mut Imported,
) -> Result<(Vec<Good<T>>, RawCells)> {
    let mut good = Vec::with_capacity(batch.rows.len());
    for (index, row) in batch.rows.into_iter().enumerate() {
        out.to_look_at += u64::from(!row.warnings.is_empty());
        let room = ISSUES_SHOWN_MAX.saturating_sub(out.oddities.len());
        out.oddities.extend(row.warnings.into_iter().take(room));
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
