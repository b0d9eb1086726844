//! `doseplan import`: the files that were imported, and taking one out again.

use super::output::{self, Format, Sheet, harmless};
use super::{Invocation, exit};
use crate::domain::permission::Actor;
use crate::intake::proposal::propose;
use crate::store::imports::File;
use chrono_tz::Tz;
use clap::Subcommand;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Files that were imported.
#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// Every file with what became of its rows, the newest first
    List {
        /// How many
        #[arg(long, default_value_t = 30)]
        limit: i64,
    },
    /// Propose a profile for another program's file, from its header and first thousand rows, and say what is unsure
    Profile {
        /// The file: CSV or a workbook, as a platform exports it
        file: PathBuf,
        /// What it has: persons or doses [default: seen from the header]
        #[arg(long, value_parser = ["persons", "doses"])]
        table: Option<String>,
    },
    /// Take a file out again: its records go, and what it had corrected comes back
    Undo {
        /// Number of the file, as `import list` shows it
        number: i64,
    },
}

#[derive(Serialize)]
struct View {
    number: i64,
    recorded_at: String,
    kind: String,
    imported_file: Option<String>,
    campaign: Option<String>,
    new: u64,
    same: u64,
    corrected: u64,
    refused: u64,
    undone: Option<String>,
}

impl Import {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::List { limit } => list(&invocation, *limit).await,
            Self::Profile { file, table } => Ok(profile(&invocation, file, table.as_deref())),
            Self::Undo { number } => undo(&invocation, *number).await,
        }
    }
}

/// Prints a profile for a file. What is unsure goes to the screen, so that the profile alone can be saved.
fn profile(invocation: &Invocation, file: &Path, table: Option<&str>) -> u8 {
    let out = invocation.out;
    let proposal = match propose(file, table) {
        Ok(proposal) => proposal,
        Err(issues) => {
            for issue in issues {
                output::tell(&issue.line(out.language));
            }
            return exit::CONFIGURATION;
        }
    };
    match out.format {
        Format::Json => out.json(&proposal),
        Format::Csv | Format::Table => output::print(&proposal.profile),
    }
    for doubt in &proposal.unsure {
        let (column, found) = (harmless(&doubt.column), harmless(&doubt.found));
        let key = format!("profile-unsure-{}", doubt.why.word());
        out.note(&key, &[("column", &column), ("found", &found), ("count", &doubt.rows)]);
    }
    out.note("profile-proposed", &[("rows", &proposal.rows), ("count", &proposal.unsure.len())]);
    exit::OK
}

async fn list(invocation: &Invocation, limit: i64) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let all = app.campaigns().await?;
    let files = app.imports(limit).await?;
    app.store.close().await;
    let zone = all.first().map_or(Tz::UTC, |loaded| loaded.campaign.timezone);
    let local = |at| super::job::local(zone, at);
    let view = |file: File| {
        let campaign = all.iter().find(|loaded| Some(loaded.no) == file.campaign);
        let [new, same, corrected, refused] = file.rows;
        View {
            number: file.id,
            recorded_at: local(file.at),
            kind: file.kind,
            imported_file: file.name.map(|name| harmless(&name)),
            campaign: campaign.map(|loaded| loaded.campaign.id.to_string()),
            new,
            same,
            corrected,
            refused,
            undone: file.undone_at.map(local),
        }
    };
    let views: Vec<View> = files.into_iter().map(view).collect();
    if invocation.out.format == Format::Json {
        invocation.out.json(&views);
        return Ok(exit::OK);
    }
    let columns = [
        "number",
        "recorded_at",
        "kind",
        "imported_file",
        "campaign",
        "new",
        "same",
        "corrected",
        "refused",
        "undone",
    ];
    let mut sheet = Sheet::new(&columns);
    for view in views {
        sheet.push(vec![
            view.number.to_string(),
            view.recorded_at,
            view.kind,
            view.imported_file.unwrap_or_default(),
            view.campaign.unwrap_or_default(),
            view.new.to_string(),
            view.same.to_string(),
            view.corrected.to_string(),
            view.refused.to_string(),
            view.undone.unwrap_or_default(),
        ]);
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}

async fn undo(invocation: &Invocation, number: i64) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let undone = app.undo_import(number, Actor::CommandLine, invocation.clock.now()).await?;
    app.store.close().await;
    invocation.out.thing(&undone);
    if undone.stands.is_empty() {
        let counts: [(&str, &dyn std::fmt::Display); 2] =
            [("removed", &undone.removed), ("restored", &undone.restored)];
        invocation.out.note("import-undone", &counts);
        return Ok(exit::OK);
    }
    for key in &undone.stands {
        invocation.out.note("import-stands", &[("record", &harmless(key))]);
    }
    invocation.out.note("import-not-undone", &[("count", &undone.stands.len())]);
    Ok(exit::REFUSED)
}
