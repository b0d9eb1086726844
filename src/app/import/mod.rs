//! Imports: rows of files become doses, tallies, people, outcomes. The same record twice counts once. A known record
//! with other values is a correction, and what was known before is kept. Bad rows go to an errors file, good rows are
//! stored.

mod by_hand;
mod doses;
mod facts;
mod listed;
mod order;
mod outcomes;
mod persons;
mod pipeline;
mod refused;
mod single;
mod tallies;
#[cfg(test)]
mod tests;
mod undo;
mod uploaded;

pub use by_hand::Entered;
pub use single::Entry as EnteredOne;

use super::{App, AppError, Loaded, Result, breaking};
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::domain::dose::Dose;
use crate::domain::id::{CampaignNo, PersonId, RecordId};
use crate::domain::judge::Judged;
use crate::domain::permission::{self, Actor, Power};
use crate::domain::plausible::Doubtful;
use crate::intake::rows::{self, Batch, Present, Rows};
use crate::intake::{ErrorsFile, Issue};
use crate::store::audit::{self, Author};
use crate::store::figures::{self, Entry};
use crate::store::{Tx, doubtful, imports};
use chrono::{DateTime, Utc};
use facts::{Changes, Facts, change};
use refused::{Refused, errors_fault, keep_first};
use serde::Serialize;
use std::path::{Path, PathBuf};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

pub use order::Order;
pub use undo::Undone;
pub use uploaded::Sent;

/// Rows that are looked up and stored together. Memory holds two batches: one being stored, and one being read or
/// waiting.
const BATCH_ROWS: usize = 10_000;
/// Rows that are put in the order of their persons and stored by one transaction. A commit writes every page that it
/// touched, and the rows of a stretch touch nearly all pages, so fewer commits are faster; but other writers wait for a
/// whole transaction.
const STRETCH_ROWS: usize = 200_000;
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
    /// The file's number among those that were imported.
    #[serde(skip)]
    pub number: i64,
    /// Rows refused.
    pub refused: u64,
    /// How many of them are counts that nobody can mean, until somebody confirms them.
    pub doubtful: u64,
    /// Rows of records that were taken out and stay out.
    #[serde(skip_serializing_if = "is_none")]
    pub voided: u64,
    /// Rows stored of doses that were given outside the jurisdiction.
    #[serde(skip_serializing_if = "is_none")]
    pub elsewhere: u64,
    /// Seats of days to come that are free because of it: somebody may not or need not come.
    #[serde(skip_serializing_if = "is_none")]
    pub freed: u64,
    /// What it breaks in plans that are in force.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<breaking::Broken>,
    /// Rows of a form whose number of doses was not filled in: not reported. They are not among the rows.
    pub unfilled: u64,
    /// Codes that the profile does not have: heading, code, number of rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_codes: Vec<(String, String, u64)>,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
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
    /// The kind that the command line calls so.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Doses, Self::Tallies, Self::Persons, Self::Outcomes];
        all.into_iter().find(|kind| kind.name() == name)
    }

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
    /// The campaign that it names.
    campaign: Option<Box<str>>,
    /// What it says.
    value: T,
}

/// What storing a batch did.
#[derive(Default)]
struct Stored {
    new: u64,
    same: u64,
    corrected: u64,
    voided: u64,
    elsewhere: u64,
    found: pipeline::Found,
    refused: Vec<(usize, Issue)>,
    /// Seats of days to come that are free because of the batch.
    freed: u64,
    /// Counts that were refused until somebody confirms them.
    doubtful: Vec<Doubtful>,
    /// What is odd about rows that were stored.
    odd: Vec<Issue>,
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
    /// Whose rules.
    pub campaign: CampaignNo,
}

impl Warning {
    fn new(row: Option<u32>, dose: &Dose, judged: Judged, campaign: CampaignNo) -> Self {
        let (record, person) = (dose.record.clone(), dose.person.clone());
        Self { row, record, person, judged, campaign }
    }
}

impl App {
    /// Imports a file at the command line, under a campaign. `now` becomes the time of recording.
    pub async fn import(
        &self,
        loaded: &Loaded,
        kind: Kind,
        path: &Path,
        language: Language,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let file = Order::of(kind, path, Actor::CommandLine);
        let order = Order { campaign: Some(loaded), language, ..file };
        let done = self.import_file(&order, now).await;
        self.store.fold_log().await;
        done
    }

    /// Imports a file. `now` becomes the time of recording.
    pub async fn import_file(&self, order: &Order<'_>, now: DateTime<Utc>) -> Result<Imported> {
        permission::may(order.by, Power::Plan)?;
        let path = order.path;
        match order.kind {
            Kind::Doses => self.import_rows(rows::doses_by(path, order.profile), order, now).await,
            Kind::Tallies => self.import_rows(rows::tallies(path), order, now).await,
            Kind::Persons => {
                let opened = rows::persons_by(path, order.profile);
                let done = self.import_rows(opened, order, now).await;
                self.forget_census();
                done
            }
            Kind::Outcomes => self.import_rows(rows::outcomes(path), order, now).await,
        }
    }

    async fn import_rows<T: pipeline::Importable>(
        &self,
        opened: std::result::Result<Rows<T>, Vec<Issue>>,
        order: &Order<'_>,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let by = self.author(order.by);
        let (mut facts, entry) = self.begin_import(order, &opened, &by, now).await?;
        if order.kind == Kind::Tallies && opened.is_ok() {
            for loaded in facts.all.clone().iter().filter(|loaded| loaded.is_open) {
                facts.add_sessions(self.sessions(loaded).await?);
            }
        }
        let (mut out, about) = (Imported::of(entry.id), (order, &facts, entry, &by));
        let rows = match opened {
            Ok(rows) => rows,
            Err(fault) => {
                out.fault = fault;
                self.end_import((None, Changes::new()), about, &out).await?;
                return Ok(out);
            }
        };
        let (path, kind) = (order.path, order.kind.name());
        let mut errors = ErrorsFile::new(path, rows.names(), order.language);
        // What has other headings than ours is written with them, as CSV.
        if rows.is_workbook() && order.profile.is_none() {
            let local = now.with_timezone(&facts.zone()).naive_local();
            errors = errors.with_workbook(kind, local);
        }
        // Another thread reads the file and checks the form while this one stores: two cores work at once.
        let (send, mut receive) = mpsc::channel::<Batch<T>>(BATCHES_AHEAD);
        let reader = tokio::task::spawn_blocking(move || read_ahead(rows, &send));
        let (mut open, mut changes, mut refused) = (None, Changes::new(), Refused::default());
        while let Some(batch) = receive.recv().await {
            if batch.begins {
                refused.write(&mut errors, &mut out)?;
                commit(open.take(), &mut changes).await?;
            }
            out.rows += batch.rows.len() as u64;
            let in_order = batch.in_order;
            let (good, raw) = refused.sort_out(batch, &mut out);
            let mut tx = match open.take() {
                Some(tx) => tx,
                None => self.store.write().await?,
            };
            let storing = pipeline::store(&mut tx, &facts, good, &mut changes);
            let stored = Box::pin(storing).await?;
            for one in &stored.doubtful {
                doubtful::insert(&mut tx, one, &by, entry.at).await?;
            }
            open = Some(tx);
            let more = out.add(stored, in_order);
            refused.add(more, &raw, (&mut errors, &mut out))?;
        }
        refused.write(&mut errors, &mut out)?;
        out.broken = self.end_import((open, changes), about, &out).await?;
        match reader.await {
            Ok(Ok(read)) => out.read(read),
            Ok(Err(issue)) => out.fault.push(issue),
            Err(error) => return Err(AppError::refused("refused-reading", &[("said", &error)])),
        }
        out.errors_file = errors.finish().map_err(|error| errors_fault(path, &error))?;
        if let Some(file) = &out.errors_file {
            let file = file.canonicalize().unwrap_or_else(|_| file.clone());
            let mut tx = self.store.write().await?;
            imports::errors(&mut tx, entry.id, &file.display().to_string()).await?;
            tx.commit().await?;
        }
        Ok(out)
    }

    /// Writes down that a file is being imported; returns what its rows are checked against, and its entry.
    async fn begin_import<T>(
        &self,
        order: &Order<'_>,
        opened: &std::result::Result<Rows<T>, Vec<Issue>>,
        by: &Author,
        now: DateTime<Utc>,
    ) -> Result<(Facts, Entry)> {
        let mut tx = self.store.write().await?;
        let named = order.path.file_name().map(|name| name.to_string_lossy());
        let (file, present) = match opened {
            Ok(rows) => (rows.file(), rows.present()),
            Err(_) => ("", Present::default()),
        };
        let mut facts = self.facts(&mut tx, order, (file, present), now).await?;
        let about = (order.kind.name(), named.as_deref());
        let entry = figures::begin_entry(&mut tx, facts.chosen, about, by, facts.now).await?;
        facts.now = entry.at;
        tx.commit().await?;
        Ok((facts, entry))
    }

    /// Stores the last changes of cells and what the import came to, with its line of the audit log, and commits.
    async fn end_import(
        &self,
        (open, changes): (Option<Tx>, Changes),
        (order, facts, entry, by): (&Order<'_>, &Facts, Entry, &Author),
        out: &Imported,
    ) -> Result<Vec<breaking::Broken>> {
        let mut tx = match open {
            Some(tx) => tx,
            None => self.store.write().await?,
        };
        change(&mut tx, changes).await?;
        let now = DateTime::from_timestamp_millis(facts.now).unwrap_or_default();
        let mut broken = Vec::new();
        for loaded in facts.all.iter().filter(|one| one.is_open) {
            breaking::freed(&mut tx, loaded, out.freed, now).await?;
            // What was given is no longer in the store.
            let is_given = matches!(order.kind, Kind::Doses | Kind::Tallies);
            if is_given
                && out.new + out.corrected > 0
                && let Some(unrest) = breaking::plan(&mut tx, loaded, now).await?
            {
                let campaign = loaded.campaign.id.clone();
                broken.push(breaking::Broken { campaign, unrest });
            }
        }
        let rows = out.counts();
        figures::end_entry(&mut tx, entry, rows).await?;
        let [new, same, corrected, refused] = rows;
        let kind = order.kind.name();
        let said = format!("{kind} new {new} same {same} corrected {corrected} refused {refused}");
        let campaign = facts.chosen.and_then(|chosen| facts.of(chosen));
        let id = campaign.map(|loaded| loaded.campaign.id.as_str());
        audit::insert(&mut tx, entry.at, (by, Action::Import), (id, &said)).await?;
        tx.commit().await?;
        Ok(broken)
    }
}

impl Imported {
    fn of(number: i64) -> Self {
        Self { number, ..Self::default() }
    }

    /// Rows that were new, the same, corrections, refused.
    fn counts(&self) -> [u64; 4] {
        [self.new, self.same, self.corrected, self.refused]
    }

    /// Adds what reading the file to its end came to.
    fn read(&mut self, read: rows::Summary) {
        (self.unfilled, self.unknown_codes) = (read.unfilled, read.unknown_codes);
    }

    /// Adds what storing a batch did, and whether its rows come in the order of the file; returns the rows that were
    /// refused.
    fn add(&mut self, stored: Stored, in_order: bool) -> Vec<(usize, Issue)> {
        self.new += stored.new;
        self.same += stored.same;
        self.corrected += stored.corrected;
        self.doubtful += stored.doubtful.len() as u64;
        self.voided += stored.voided;
        self.elsewhere += stored.elsewhere;
        self.freed += stored.freed;
        self.invalid += stored.found.invalid.len() as u64;
        self.no_longer_valid += stored.found.no_longer_valid.len() as u64;
        self.to_look_at += stored.odd.len() as u64;
        // They were looked at person by person.
        let mut odd = stored.odd;
        odd.sort_by_key(|one| one.row);
        keep_first(&mut self.oddities, odd, in_order, |one| one.row);
        keep_first(&mut self.warnings, stored.found.invalid, in_order, |one| one.row);
        keep_first(&mut self.stored_warnings, stored.found.no_longer_valid, true, |one| one.row);
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

/// Ends the transaction of a stretch, with the changes of cells that follow.
async fn commit(open: Option<Tx>, changes: &mut Changes) -> Result<()> {
    if let Some(mut tx) = open {
        change(&mut tx, std::mem::take(changes)).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn read_ahead<T>(
    mut rows: Rows<T>,
    send: &mpsc::Sender<Batch<T>>,
) -> std::result::Result<rows::Summary, Issue> {
    // The next batch is read once the one before it is taken, so that no third one takes memory.
    while let Ok(free) = Handle::current().block_on(send.reserve()) {
        let Some(batch) = rows.next_by_person(STRETCH_ROWS, BATCH_ROWS) else { break };
        free.send(batch);
    }
    rows.finish()
}
