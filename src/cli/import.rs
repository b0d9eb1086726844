//! `doseplan doses|tallies|persons|outcomes`: import files, void records.

use super::forecast_words::Reasons;
use super::output::harmless;
use super::{Invocation, exit, workbook};
use crate::app::Loaded;
use crate::app::import::{Imported, Kind, Warning};
use crate::domain::dose::Dose;
use crate::domain::id::{PersonId, RecordId};
use crate::intake::Issue;
use crate::store::records::{self, Past};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Doses given to people.
#[derive(Debug, Subcommand)]
pub(super) enum Doses {
    /// Make a workbook to fill in, with the campaign's codes
    New(workbook::New),
    /// Import doses.csv or a workbook: record, person, date, place, product, lot
    Import(File),
    /// Exclude a record from all counts; what it said is kept
    Void(Void),
    /// What was known about a record, now and before
    History {
        /// The record
        record: String,
    },
}

/// Doses counted without names.
#[derive(Debug, Subcommand)]
pub(super) enum Tallies {
    /// Make a workbook to fill in, with the campaign's codes and the planned rows of a day
    New(workbook::NewTallies),
    /// Import tallies.csv or a workbook: record, date, place, area, group, dose, doses
    Import(File),
    /// Exclude a record from all counts; what it said is kept
    Void(Void),
}

/// The register of people.
#[derive(Debug, Subcommand)]
pub(super) enum Persons {
    /// Make a workbook to fill in, with the campaign's codes
    New(workbook::New),
    /// Import persons.csv or a workbook: person, area, born, name, sex, group, tags, email, phone, …
    Import(File),
}

/// Outcomes other than a dose.
#[derive(Debug, Subcommand)]
pub(super) enum Outcomes {
    /// Make a workbook to fill in, with the campaign's codes
    New(workbook::New),
    /// Import outcomes.csv or a workbook: record, person, date, outcome, until
    Import(File),
    /// Exclude a record from all counts; what it said is kept
    Void(Void),
}

/// A file to import.
#[derive(Debug, Args)]
pub(super) struct File {
    /// The file; refused rows are written to NAME-errors.csv beside it
    path: PathBuf,
}

/// A record to void.
#[derive(Debug, Args)]
pub(super) struct Void {
    /// The record
    record: String,
    /// Why
    #[arg(long)]
    reason: String,
}

impl Doses {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::New(new) => workbook::records(&invocation, "doses", new).await,
            Self::Import(file) => import(&invocation, Kind::Doses, &file.path).await,
            Self::Void(it) => void(&invocation, Kind::Doses, it).await,
            Self::History { record } => history(&invocation, record).await,
        }
    }
}

impl Tallies {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::New(new) => workbook::tallies(&invocation, new).await,
            Self::Import(file) => import(&invocation, Kind::Tallies, &file.path).await,
            Self::Void(it) => void(&invocation, Kind::Tallies, it).await,
        }
    }
}

impl Persons {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::New(new) => workbook::records(&invocation, "persons", new).await,
            Self::Import(file) => import(&invocation, Kind::Persons, &file.path).await,
        }
    }
}

impl Outcomes {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::New(new) => workbook::records(&invocation, "outcomes", new).await,
            Self::Import(file) => import(&invocation, Kind::Outcomes, &file.path).await,
            Self::Void(it) => void(&invocation, Kind::Outcomes, it).await,
        }
    }
}

async fn import(invocation: &Invocation, kind: Kind, path: &Path) -> anyhow::Result<u8> {
    let (app, loaded) = invocation.loaded(None).await?;
    let now = invocation.clock.now();
    let done = app.import(&loaded, kind, path, invocation.out.language, now).await?;
    app.store.close().await;
    let told = Told {
        warnings: warned(invocation, &loaded, &done.warnings),
        stored_warnings: warned(invocation, &loaded, &done.stored_warnings),
        done: &done,
    };
    invocation.out.thing(&told);
    tell(invocation, &told);
    Ok(if done.fault.iter().any(|issue| issue.code == "path_missing") {
        exit::CONFIGURATION
    } else if done.fault.is_empty() && done.refused == 0 {
        exit::OK
    } else {
        exit::REFUSED
    })
}

/// A dose that does not count.
#[derive(Serialize)]
struct Warned {
    /// Its line in the file; none for a dose that was stored earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u32>,
    record: RecordId,
    person: PersonId,
    date: NaiveDate,
    vaccine: String,
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    done: &'a Imported,
    warnings: Vec<Warned>,
    stored_warnings: Vec<Warned>,
}

fn warned(invocation: &Invocation, loaded: &Loaded, warnings: &[Warning]) -> Vec<Warned> {
    let words = Reasons::new(invocation.out.language);
    let warned = |one: &Warning| Warned {
        row: one.row,
        record: one.record.clone(),
        person: one.person.clone(),
        date: one.judged.date,
        vaccine: one
            .judged
            .told()
            .map_or_else(String::new, |told| loaded.judge.name(told.group).to_owned()),
        reasons: one.judged.told().map_or_else(Vec::new, |told| {
            words.of_dose(&loaded.judge.rules, one.judged.date, told)
        }),
    };
    warnings.iter().map(warned).collect()
}

fn tell(invocation: &Invocation, told: &Told<'_>) {
    let (out, done) = (invocation.out, told.done);
    let shown = |issues: &[Issue]| {
        for issue in issues {
            super::output::tell(&issue.line(out.language));
        }
    };
    shown(&done.fault);
    shown(&done.issues);
    shown(&done.doubts);
    if done.doubtful > done.doubts.len() as u64 {
        out.note("import-doubtful", &[("count", &done.doubtful)]);
    }
    if done.unfilled > 0 {
        out.note("import-unfilled", &[("count", &done.unfilled)]);
    }
    if done.rows > 0 || done.fault.is_empty() {
        out.note(
            "import-done",
            &[
                ("rows", &done.rows),
                ("new", &done.new),
                ("same", &done.same),
                ("corrected", &done.corrected),
                ("refused", &done.refused),
            ],
        );
    }
    for one in told.warnings.iter().chain(&told.stored_warnings) {
        let reasons = one.reasons.join("; ");
        let (key, row) = match one.row {
            Some(row) => ("import-dose-invalid", row),
            None => ("import-stored-invalid", 0),
        };
        out.note(
            key,
            &[
                ("row", &row),
                ("record", &one.record),
                ("person", &one.person),
                ("date", &one.date),
                ("vaccine", &one.vaccine),
                ("reasons", &reasons),
            ],
        );
    }
    if done.invalid > 0 {
        out.note("import-invalid", &[("count", &done.invalid)]);
    }
    if done.no_longer_valid > 0 {
        out.note("import-no-longer-valid", &[("count", &done.no_longer_valid)]);
    }
    if let Some(path) = &done.errors_file {
        out.note("import-errors-file", &[("path", &path.display())]);
    }
}

async fn void(invocation: &Invocation, kind: Kind, it: &Void) -> anyhow::Result<u8> {
    let (app, loaded) = invocation.loaded(None).await?;
    let record = RecordId::new(it.record.trim());
    let done = app.void(&loaded, kind, &record, &it.reason, invocation.clock.now()).await?;
    app.store.close().await;
    if !done {
        return Err(invocation.out.fail("fail-no-record", &[("record", &harmless(&it.record))]));
    }
    invocation.out.note("record-voided", &[("record", &it.record)]);
    Ok(exit::OK)
}

async fn history(invocation: &Invocation, record: &str) -> anyhow::Result<u8> {
    let (app, loaded) = invocation.loaded(None).await?;
    let record = RecordId::new(record.trim());
    let mut tx = app.store.read().await?;
    let zone = loaded.campaign.timezone;
    let columns =
        ["record", "person", "date", "place", "lot", "recorded_at", "superseded_at", "why"];
    let mut sheet = super::output::Sheet::new(&columns);
    let mut push = |dose: &Dose, from: i64, to: Option<i64>, why: &str| {
        sheet.push(vec![
            dose.record.to_string(),
            dose.person.to_string(),
            dose.date.to_string(),
            dose.place.to_string(),
            dose.lot.as_ref().map(ToString::to_string).unwrap_or_default(),
            super::job::local(zone, from),
            to.map(|to| super::job::local(zone, to)).unwrap_or_default(),
            why.to_owned(),
        ]);
    };
    for past in records::past::<Dose>(&mut tx, loaded.no, record.as_str()).await? {
        let Past { known, superseded_at, why } = past;
        push(&known.value, known.recorded_at, Some(superseded_at), &why);
    }
    for known in records::find::<Dose>(&mut tx, loaded.no, [record.as_str()]).await?.values() {
        push(&known.value, known.recorded_at, None, "");
    }
    if sheet.is_empty() {
        return Err(invocation
            .out
            .fail("fail-no-record", &[("record", &harmless(record.as_str()))]));
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}
