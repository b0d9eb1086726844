//! `doseplan campaign`.

use super::applied::{checked, place_changes, row_changes, told};
use super::output::{Format, Sheet, harmless};
use super::{Invocation, exit, workbook};
use crate::app::AppError;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::permission::Actor;
use crate::intake;
use crate::store::StoreError;
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Check, store and list campaigns.
#[derive(Debug, Subcommand)]
pub(super) enum Campaign {
    /// Make a workbook to fill in: a sheet for each table, drop-downs, a page that explains every column
    New(workbook::New),
    /// Read a folder or workbook and report everything that is wrong; a workbook is also written with its faults
    /// marked, as NAME-errors.xlsx
    Check {
        /// The folder or .xlsx file
        path: PathBuf,
    },
    /// Check a campaign, show what changes, and store it
    Apply {
        /// The folder or .xlsx file
        path: PathBuf,
        /// Only show what would change; exit code 10 if anything would
        #[arg(long)]
        dry_run: bool,
    },
    /// The campaigns in the database
    List,
    /// Every version of a campaign and what it changed, including eligible counts and their sources
    History,
    /// Write the campaign as a folder of files, or as one workbook
    Export {
        /// The folder, created if needed, or a file that ends in .xlsx
        path: PathBuf,
    },
}

impl Campaign {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::New(new) => workbook::blank(&invocation, new),
            Self::Check { path } => check(&invocation, path).await,
            Self::Apply { path, dry_run } => apply(&invocation, path, *dry_run).await,
            Self::List => list(&invocation).await,
            Self::History => history(&invocation).await,
            Self::Export { path } => export(&invocation, path).await,
        }
    }
}

async fn check(invocation: &Invocation, path: &Path) -> anyhow::Result<u8> {
    let places = places(invocation, path).await?;
    let read = intake::campaign_beside(path, intake::series::all(), places.as_ref());
    let (found, issues) = match read {
        Ok(loaded) => (Some(loaded.campaign), loaded.warnings),
        Err(issues) => (None, issues),
    };
    let found = found.map(|campaign| campaign.name);
    Ok(checked(invocation, path, &issues, ("campaign-good", found)))
}

/// The jurisdiction that a folder without areas or sites of its own is read beside; `None` for a folder that stands
/// alone, and where there is no database.
async fn places(invocation: &Invocation, path: &Path) -> anyhow::Result<Option<Jurisdiction>> {
    let stands_alone = path.join("areas.csv").exists() && path.join("sites.csv").exists();
    if stands_alone || !path.exists() {
        return Ok(None);
    }
    let app = match invocation.open(false).await {
        Ok(app) => app,
        Err(error) => {
            let absent = |cause: &(dyn std::error::Error + 'static)| {
                matches!(cause.downcast_ref::<StoreError>(), Some(StoreError::Absent(_)))
                    || matches!(
                        cause.downcast_ref::<AppError>(),
                        Some(AppError::Store(StoreError::Absent(_)))
                    )
            };
            return if error.chain().any(absent) { Ok(None) } else { Err(error) };
        }
    };
    let found = app.jurisdiction().await?;
    app.store.close().await;
    Ok(found)
}

/// Reads a campaign's files. Issues are printed on stderr.
pub(super) fn read(
    invocation: &Invocation,
    path: &Path,
) -> Result<crate::domain::campaign::Campaign, u8> {
    let read = intake::campaign(path, intake::series::all());
    told(invocation, read.map(|loaded| (loaded.campaign, loaded.warnings)))
}

async fn apply(invocation: &Invocation, path: &Path, dry_run: bool) -> anyhow::Result<u8> {
    let places = places(invocation, path).await?;
    let read = intake::campaign_beside(path, intake::series::all(), places.as_ref());
    let own = match told(invocation, read.map(|loaded| (loaded.own, loaded.warnings))) {
        Ok(own) => own,
        Err(code) => return Ok(code),
    };
    let app = invocation.open(true).await?;
    let applied = if dry_run {
        app.compare_own(&own).await
    } else {
        app.apply_own(&own, Actor::CommandLine, invocation.clock.now()).await
    };
    app.store.close().await;
    let applied = applied?;
    if invocation.out.format == Format::Json {
        let own = applied.changes.iter().map(|change| serde_json::json!(change));
        let places = applied.places.iter().map(|change| serde_json::json!(change));
        invocation.out.json(&own.chain(places).collect::<Vec<_>>());
    } else {
        row_changes(invocation, &applied.changes);
        place_changes(invocation, &applied.places);
    }
    let name = harmless(&own.campaign.name);
    let (id, count) = (own.campaign.id.as_str(), applied.changes.len());
    let key = match (applied.is_new, applied.is_change(), dry_run) {
        (true, _, false) => "campaign-stored",
        (true, _, true) => "campaign-would-store",
        (false, false, _) => "campaign-unchanged",
        (false, true, false) => "campaign-changed",
        (false, true, true) => "campaign-would-change",
    };
    invocation.out.note(key, &[("name", &name), ("id", &id), ("count", &count)]);
    if !applied.places.is_empty() {
        let count = applied.places.len();
        invocation.out.note("campaign-touches-others", &[("count", &count)]);
    }
    Ok(if dry_run && applied.is_change() { exit::CHANGES } else { exit::OK })
}

async fn list(invocation: &Invocation) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let mut sheet = Sheet::new(&["campaign", "name", "start", "end", "version"]);
    let mut lines = Vec::new();
    for loaded in app.campaigns().await? {
        let campaign = &loaded.campaign;
        lines.push(serde_json::json!({
            "campaign": campaign.id, "name": campaign.name, "start": campaign.start,
            "end": campaign.end, "version": loaded.version,
        }));
        sheet.push(vec![
            campaign.id.to_string(),
            harmless(&campaign.name),
            campaign.start.to_string(),
            campaign.end.to_string(),
            loaded.version.to_string(),
        ]);
    }
    if invocation.out.format == Format::Json {
        invocation.out.json(&lines);
    } else {
        invocation.out.sheet(&sheet);
    }
    Ok(exit::OK)
}

async fn history(invocation: &Invocation) -> anyhow::Result<u8> {
    let (app, loaded) = invocation.loaded(None).await?;
    let zone = loaded.campaign.timezone;
    let versions = app.versions(&loaded).await?;
    let mut old: Option<&crate::store::campaigns::Version> = None;
    let mut lines = Vec::new();
    for version in &versions {
        let at = super::job::local(zone, version.applied_at);
        let found = old
            .map(|old| crate::app::jurisdictions::version_changes(old, version))
            .unwrap_or_default();
        if invocation.out.format == Format::Json {
            lines.push(serde_json::json!({
                "version": version.version, "applied_at": at, "changes": found,
            }));
        } else {
            invocation.out.note("campaign-version", &[("version", &version.version), ("at", &at)]);
            row_changes(invocation, &found);
        }
        old = Some(version);
    }
    if invocation.out.format == Format::Json {
        invocation.out.json(&lines);
    }
    Ok(exit::OK)
}

async fn export(invocation: &Invocation, path: &Path) -> anyhow::Result<u8> {
    let (app, loaded) = invocation.loaded(None).await?;
    let own = app.own(&loaded).await?;
    if workbook::is_workbook(path) {
        workbook::export(invocation, &own, path)?;
    } else {
        intake::export::folder(&own, path)
            .map_err(|error| invocation.out.not_written(path, &error))?;
    }
    invocation.out.note("campaign-exported", &[("dir", &path.display())]);
    Ok(exit::OK)
}
