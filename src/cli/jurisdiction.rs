//! `doseplan jurisdiction`.

use super::applied::{applied_places, checked, place_changes, told};
use super::conflicts::Conflicts;
use super::output::{Format, Sheet, harmless};
use super::{Invocation, exit, workbook};
use crate::app::App;
use crate::app::places::PlaceChange;
use crate::domain::id::AreaCode;
use crate::domain::jurisdiction::jurisdiction_tables;
use crate::domain::outline::Outline;
use crate::domain::permission::Actor;
use crate::intake;
use crate::intake::outlines::outlines_in;
use clap::Subcommand;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Areas and places, which all campaigns share.
#[derive(Debug, Subcommand)]
pub(super) enum Jurisdiction {
    /// Read a folder or workbook and report everything that is wrong
    Check {
        /// The folder or .xlsx file
        path: PathBuf,
    },
    /// Check a jurisdiction, show what changes and which campaigns that touches, and store it
    Apply {
        /// The folder or .xlsx file
        path: PathBuf,
        /// Only show what would change and what that would break; exit code 10 if anything would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Its tables in numbers, and the campaigns over them
    List,
    /// Every version and what it changed
    History,
    /// Write it as a folder of files, or as one workbook
    Export {
        /// The folder, created if needed, or a file that ends in .xlsx
        path: PathBuf,
    },
    /// What campaigns say otherwise since they share one jurisdiction, and one register
    #[command(subcommand)]
    Conflicts(Conflicts),
}

impl Jurisdiction {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::Check { path } => Ok(check(&invocation, path)),
            Self::Apply { path, dry_run } => apply(&invocation, path, *dry_run).await,
            Self::List => list(&invocation).await,
            Self::History => history(&invocation).await,
            Self::Export { path } => export(&invocation, path).await,
            Self::Conflicts(it) => it.run(&invocation).await,
        }
    }
}

fn check(invocation: &Invocation, path: &Path) -> u8 {
    let (name, issues) = match intake::jurisdiction(path) {
        Ok(loaded) => match outlines_in(path, &loaded.jurisdiction) {
            Some(Err(wrong)) => (None, [loaded.warnings, wrong].concat()),
            _ => (Some(loaded.jurisdiction.name), loaded.warnings),
        },
        Err(issues) => (None, issues),
    };
    checked(invocation, path, &issues, ("jurisdiction-good", name))
}

async fn apply(invocation: &Invocation, path: &Path, dry_run: bool) -> anyhow::Result<u8> {
    let read = intake::jurisdiction(path);
    let read = read.map(|loaded| (loaded.jurisdiction, loaded.warnings));
    let given = match told(invocation, read) {
        Ok(given) => given,
        Err(code) => return Ok(code),
    };
    let outlines = outlines_in(path, &given).transpose();
    let outlines = match told(invocation, outlines.map(|outlines| (outlines, Vec::new()))) {
        Ok(outlines) => outlines,
        Err(code) => return Ok(code),
    };
    let app = invocation.open(true).await?;
    let applied = if dry_run {
        app.compare_jurisdiction(&given, invocation.clock.now()).await
    } else {
        app.apply_jurisdiction(&given, Actor::CommandLine, invocation.clock.now()).await
    };
    let drawn = match &outlines {
        Some(outlines) if applied.is_ok() => draw(invocation, &app, outlines, dry_run).await?,
        _ => false,
    };
    // This closes the database.
    let (applied, mended) = super::broken::mended(invocation, &app, applied, dry_run).await?;
    applied_places(invocation, &applied);
    let name = harmless(&given.name);
    let key = match (applied.is_new, applied.is_change(), dry_run) {
        (true, _, false) => "jurisdiction-stored",
        (true, _, true) => "jurisdiction-would-store",
        (false, false, _) => "jurisdiction-unchanged",
        (false, true, false) => "jurisdiction-changed",
        (false, true, true) => "jurisdiction-would-change",
    };
    let (count, taken) = (applied.changes.len(), applied.taken);
    invocation.out.note(key, &[("name", &name), ("count", &count)]);
    if taken > 0 {
        invocation.out.note("jurisdiction-taken", &[("count", &taken)]);
    }
    if let Some(roster) = &applied.roster {
        super::roster_stored::roster_changed(invocation, roster, dry_run);
    }
    super::broken::told(invocation, (&applied.broken, dry_run), &mended);
    if let Some(outlines) = outlines.filter(|_| drawn) {
        let key = if dry_run { "jurisdiction-would-draw" } else { "jurisdiction-drawn" };
        invocation.out.note(key, &[("count", &outlines.len())]);
    }
    let is_change = applied.is_change() || drawn;
    Ok(if dry_run && is_change { exit::CHANGES } else { exit::OK })
}

/// Stores outlines of areas, unless this is a dry run; whether they differ from those that are stored.
async fn draw(
    invocation: &Invocation,
    app: &App,
    outlines: &BTreeMap<AreaCode, Outline>,
    dry_run: bool,
) -> anyhow::Result<bool> {
    if dry_run {
        return Ok(app.outlines_differ(outlines).await?);
    }
    Ok(app.set_outlines(outlines, Actor::CommandLine, invocation.clock.now()).await?)
}

async fn list(invocation: &Invocation) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let found = app.jurisdiction().await?;
    let campaigns = app.campaigns().await?;
    app.store.close().await;
    let Some(of) = found else {
        invocation.out.note("jurisdiction-none", &[]);
        return Ok(exit::OK);
    };
    let ids: Vec<_> = campaigns.iter().map(|loaded| loaded.campaign.id.to_string()).collect();
    let tables = jurisdiction_tables(&of);
    let tables = tables.iter().filter(|table| table.stem != "jurisdiction");
    if invocation.out.format == Format::Json {
        let rows: serde_json::Map<String, serde_json::Value> =
            tables.map(|table| (table.stem.to_owned(), table.rows.len().into())).collect();
        invocation.out.json(&serde_json::json!({
            "id": of.id, "name": of.name, "campaigns": ids, "rows": rows,
        }));
        return Ok(exit::OK);
    }
    let mut sheet = Sheet::new(&["table", "rows"]);
    for table in tables {
        sheet.push(vec![table.stem.to_owned(), table.rows.len().to_string()]);
    }
    invocation.out.sheet(&sheet);
    let (name, id, all) = (harmless(&of.name), of.id.as_str(), ids.join(", "));
    invocation.out.note("jurisdiction-is", &[("name", &name), ("id", &id), ("campaigns", &all)]);
    Ok(exit::OK)
}

async fn history(invocation: &Invocation) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let versions = app.places_versions().await?;
    app.store.close().await;
    let mut old: Option<&crate::domain::jurisdiction::Jurisdiction> = None;
    let mut lines = Vec::new();
    for version in &versions {
        let Some(new) = &version.stored.jurisdiction else { continue };
        let at = super::job::local(new.timezone, version.applied_at);
        let found = old.map(|old| {
            crate::domain::difference::between(&jurisdiction_tables(old), &jurisdiction_tables(new))
        });
        let found = found.unwrap_or_default().into_iter();
        let found: Vec<_> =
            found.map(|change| PlaceChange { change, campaigns: Vec::new() }).collect();
        if invocation.out.format == Format::Json {
            let found: Vec<_> = found.iter().map(|one| &one.change).collect();
            lines.push(serde_json::json!({
                "version": version.version, "applied_at": at, "changes": found,
            }));
        } else {
            invocation.out.note("campaign-version", &[("version", &version.version), ("at", &at)]);
            place_changes(invocation, &found);
        }
        old = Some(new);
    }
    if invocation.out.format == Format::Json {
        invocation.out.json(&lines);
    }
    Ok(exit::OK)
}

async fn export(invocation: &Invocation, path: &Path) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let found = app.jurisdiction().await?;
    let outlines = app.outlines().await?;
    app.store.close().await;
    let Some(of) = found else {
        invocation.out.note("jurisdiction-none", &[]);
        return Ok(exit::FAILED);
    };
    if workbook::is_workbook(path) {
        workbook::export_jurisdiction(invocation, &of, path)?;
    } else {
        intake::export::jurisdiction_folder(&of, &outlines, path)
            .map_err(|error| invocation.out.not_written(path, &error))?;
    }
    invocation.out.note("campaign-exported", &[("dir", &path.display())]);
    Ok(exit::OK)
}
