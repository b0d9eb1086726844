//! `doseplan doses|tallies|persons|outcomes`: import files, void records.

use super::chosen::Lines;
use super::forecast_words::Reasons;
use super::output::{Format, Sheet, harmless};
use super::record_history::history;
use super::{Invocation, exit, workbook};
use crate::app::Loaded;
use crate::app::import::{Imported, Kind, Order, Warning};
use crate::domain::dose::{Dose, Tally};
use crate::domain::id::{PersonId, RecordId};
use crate::domain::permission::Actor;
use crate::domain::plausible::{Sure, Why};
use crate::intake::Issue;
use crate::intake::profile::Profile;
use crate::store::doubtful::Held;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;

/// Doses given to people.
#[derive(Debug, Subcommand)]
pub(super) enum Doses {
    /// Make a workbook to fill in, with the campaign's codes
    New(workbook::New),
    /// Import doses.csv or a workbook: record, person, date, place, product, lot
    Import(Mapped),
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
    Import(Counts),
    /// Counts that nobody can mean; they count nowhere until they are corrected or confirmed
    Doubtful,
    /// Confirm doubtful counts, so that they count
    Confirm {
        /// Their records; all of them if none is named
        records: Vec<String>,
    },
    /// Exclude a record from all counts; what it said is kept
    Void(Void),
    /// What was known about a record, now and before, and who said so
    History {
        /// The record
        record: String,
    },
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
    /// Take in records that were voided, too
    #[arg(long)]
    revive: bool,
}

/// A file to import that may have other headings and codes than ours.
#[derive(Debug, Args)]
pub(super) struct Mapped {
    #[command(flatten)]
    pub(super) file: File,
    /// How the file's headings, codes and dates become ours: a profile, or standard-persons or standard-doses
    #[arg(long, value_name = "P.toml")]
    pub(super) profile: Option<PathBuf>,
}

/// A file of counts.
#[derive(Debug, Args)]
pub(super) struct Counts {
    #[command(flatten)]
    file: File,
    /// Take counts that nobody can usually mean: they are right
    #[arg(long)]
    yes: bool,
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
            Self::Import(file) => mapped(&invocation, Kind::Doses, file).await,
            Self::Void(it) => void(&invocation, Kind::Doses, it).await,
            Self::History { record } => history::<Dose>(&invocation, record).await,
        }
    }
}

impl Tallies {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::New(new) => workbook::tallies(&invocation, new).await,
            Self::Import(file) => {
                let sure = if file.yes { Sure::All } else { Sure::None };
                import(&invocation, (Kind::Tallies, sure), (&file.file, None)).await
            }
            Self::Doubtful => doubtful(&invocation).await,
            Self::Confirm { records } => confirm(&invocation, records).await,
            Self::Void(it) => void(&invocation, Kind::Tallies, it).await,
            Self::History { record } => history::<Tally>(&invocation, record).await,
        }
    }
}

impl Outcomes {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::New(new) => workbook::records(&invocation, "outcomes", new).await,
            Self::Import(file) => {
                import(&invocation, (Kind::Outcomes, Sure::None), (file, None)).await
            }
            Self::Void(it) => void(&invocation, Kind::Outcomes, it).await,
        }
    }
}

/// Imports a file by its profile.
pub(super) async fn mapped(
    invocation: &Invocation,
    kind: Kind,
    file: &Mapped,
) -> anyhow::Result<u8> {
    let profile = match file.profile.as_deref().map(Profile::read) {
        None => None,
        Some(Ok(profile)) if profile.table == kind.name() => Some(profile),
        Some(Ok(profile)) => {
            let arguments: [(&str, &dyn std::fmt::Display); 2] =
                [("table", &profile.table), ("wanted", &kind.name())];
            return Err(invocation.out.fail("profile-of-other-table", &arguments));
        }
        Some(Err(issues)) => {
            for issue in issues {
                super::output::tell(&issue.line(invocation.out.language));
            }
            return Ok(exit::CONFIGURATION);
        }
    };
    import(invocation, (kind, Sure::None), (&file.file, profile.as_ref())).await
}

/// Imports a file and tells what became of its rows.
pub(super) async fn import(
    invocation: &Invocation,
    (kind, sure): (Kind, Sure),
    (file, profile): (&File, Option<&Profile>),
) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let campaign = match invocation.common.campaign.as_deref() {
        Some(named) => Some(app.campaign(Some(named)).await?),
        None => None,
    };
    let (path, language) = (file.path.as_path(), invocation.out.language);
    let (campaign, revives) = (campaign.as_ref(), file.revive);
    let by = Actor::CommandLine;
    let order = Order { campaign, kind, path, language, revives, sure, profile, by };
    let done = app.import_file(&order, invocation.clock.now()).await;
    let all = app.campaigns().await?;
    let (done, mended) = super::broken::mended(invocation, &app, done, false).await?;
    let told = Told {
        warnings: warned(invocation, &all, &done.warnings),
        stored_warnings: warned(invocation, &all, &done.stored_warnings),
        done: &done,
    };
    invocation.out.thing(&told);
    tell(invocation, &told);
    super::broken::told(invocation, (&done.broken, false), &mended);
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

fn warned(invocation: &Invocation, all: &[Loaded], warnings: &[Warning]) -> Vec<Warned> {
    let words = Reasons::new(invocation.out.language);
    let judge = |one: &Warning| {
        let loaded = all.iter().find(|loaded| loaded.no == one.campaign);
        loaded.map(|loaded| &loaded.judge)
    };
    let warned = |one: &Warning| Warned {
        row: one.row,
        record: one.record.clone(),
        person: one.person.clone(),
        date: one.judged.date,
        vaccine: judge(one)
            .zip(one.judged.told())
            .map_or_else(String::new, |(judge, told)| judge.name(told.group).to_owned()),
        reasons: judge(one).zip(one.judged.told()).map_or_else(Vec::new, |(judge, told)| {
            words.of_dose(&judge.rules, one.judged.date, told)
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
    shown(&done.oddities);
    if done.to_look_at > done.oddities.len() as u64 {
        out.note("import-to-look-at", &[("count", &done.to_look_at)]);
    }
    for (column, code, count) in &done.unknown_codes {
        let (column, code) = (harmless(column), harmless(code));
        out.note("import-unknown-code", &[("column", &column), ("code", &code), ("count", count)]);
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
    if done.doubtful > 0 {
        out.note("import-doubtful", &[("count", &done.doubtful)]);
    }
    if done.invalid > 0 {
        out.note("import-invalid", &[("count", &done.invalid)]);
    }
    if done.no_longer_valid > 0 {
        out.note("import-no-longer-valid", &[("count", &done.no_longer_valid)]);
    }
    if done.voided > 0 {
        out.note("import-voided", &[("count", &done.voided)]);
    }
    if done.elsewhere > 0 {
        out.note("import-elsewhere", &[("count", &done.elsewhere)]);
    }
    if let Some(path) = &done.errors_file {
        out.note("import-errors-file", &[("path", &path.display())]);
    }
}

async fn void(invocation: &Invocation, kind: Kind, it: &Void) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let record = RecordId::new(it.record.trim());
    let why = (it.reason.as_str(), Actor::CommandLine);
    let done = app.void(kind, &record, why, invocation.clock.now()).await?;
    app.store.close().await;
    if !done {
        return Err(invocation.out.fail("fail-no-record", &[("record", &harmless(&it.record))]));
    }
    invocation.out.note("record-voided", &[("record", &it.record)]);
    Ok(exit::OK)
}

/// Why a count is asked about: in words for people, as its code for programs.
fn why(invocation: &Invocation, why: Why) -> String {
    match invocation.out.format {
        Format::Table => invocation.out.word(&format!("doubt-{why}")),
        Format::Json | Format::Csv => why.to_string(),
    }
}

/// Lists the counts that wait to be confirmed.
async fn doubtful(invocation: &Invocation) -> anyhow::Result<u8> {
    let (app, all) = invocation.meant(None).await?;
    let mut waiting = Vec::new();
    for loaded in &all {
        waiting.push((loaded, app.doubtful(loaded).await?));
    }
    app.store.close().await;
    if waiting.iter().all(|(_, held)| held.is_empty()) {
        invocation.out.note("tallies-none-doubtful", &[]);
    }
    let mut lines = Lines::of(&all);
    for (loaded, held) in waiting {
        lines.sheet(loaded, doubtful_sheet(invocation, loaded, held));
    }
    lines.print(invocation);
    Ok(exit::OK)
}

fn doubtful_sheet(invocation: &Invocation, loaded: &Loaded, waiting: Vec<Held>) -> Sheet {
    let zone = loaded.campaign.timezone;
    let columns = [
        "record",
        "date",
        "place",
        "area",
        "group",
        "dose",
        "doses",
        "why",
        "than",
        "who",
        "address",
        "recorded_at",
    ];
    let mut sheet = Sheet::new(&columns);
    for held in waiting {
        let (tally, doubt) = (held.what.tally, held.what.doubt);
        sheet.push(vec![
            tally.record.to_string(),
            tally.date.to_string(),
            tally.place.to_string(),
            tally.area.to_string(),
            tally.group.to_string(),
            tally.dose.to_string(),
            tally.doses.to_string(),
            why(invocation, doubt.why),
            doubt.than.to_string(),
            held.by.who,
            held.by.address.unwrap_or_default(),
            super::job::local(zone, held.at),
        ]);
    }
    sheet
}

/// Confirms counts that wait, whichever campaigns' they are.
async fn confirm(invocation: &Invocation, records: &[String]) -> anyhow::Result<u8> {
    let (app, all) = invocation.meant(None).await?;
    let mut left: Vec<RecordId> =
        records.iter().map(|record| RecordId::new(record.trim())).collect();
    let mut wanted = Vec::new();
    for loaded in &all {
        let mut mine: Vec<RecordId> =
            app.doubtful(loaded).await?.into_iter().map(|held| held.what.tally.record).collect();
        if !records.is_empty() {
            mine.retain(|record| left.contains(record));
            left.retain(|record| !mine.contains(record));
        }
        wanted.push((loaded, mine));
    }
    if let Some(record) = left.first() {
        let record = harmless(record.as_str());
        return Err(invocation.out.fail("fail-not-doubtful", &[("record", &record)]));
    }
    wanted.retain(|(_, mine)| !mine.is_empty());
    let (mut count, mut is_refused) = (0, false);
    for (loaded, mine) in wanted {
        let now = invocation.clock.now();
        let (done, unknown) = app.confirm_tallies(loaded, &mine, Actor::CommandLine, now).await?;
        for issue in &done.issues {
            super::output::tell(&issue.line(invocation.out.language));
        }
        // What somebody else settled in between no longer waits.
        is_refused |= !done.issues.is_empty() || !unknown.is_empty();
        count += done.new + done.corrected;
    }
    app.store.close().await;
    if is_refused {
        return Ok(exit::REFUSED);
    }
    invocation.out.note("tallies-confirmed", &[("count", &count)]);
    Ok(exit::OK)
}
