//! `doseplan campaign`.

use super::applied::{CHANGE, change_row, changed_rows, checked, place_changes, row_changes, told};
use super::chosen::{Lines, folder_of, only_one};
use super::output::{Format, Sheet, harmless};
use super::{Invocation, exit, parse_day, workbook};
use crate::app::{AppError, Loaded};
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::permission::Actor;
use crate::intake;
use crate::store::StoreError;
use crate::store::campaigns::Version;
use chrono::NaiveDate;
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
        /// Only show what would change and what that would break; exit code 10 if anything would change
        #[arg(long)]
        dry_run: bool,
    },
    /// The campaigns in the database
    List,
    /// Every version of each campaign and what it changed, including eligible counts and their sources
    History,
    /// End a campaign: no jobs, nobody need say --campaign because of it; its figures stay
    Close {
        /// Its id
        id: String,
    },
    /// Go on with a campaign that was closed
    Reopen {
        /// Its id
        id: String,
    },
    /// Make a new campaign like another one: groups, denominators, places and dose rules, no records
    Copy {
        /// Id of the campaign to copy
        id: String,
        /// Id of the new one
        new: String,
        /// Its first day
        #[arg(long, value_parser = parse_day)]
        start: NaiveDate,
        /// Its last day
        #[arg(long, value_parser = parse_day)]
        end: NaiveDate,
    },
    /// Remove a campaign without records, of whose days nobody was told
    Remove {
        /// Its id
        id: String,
    },
    /// Write the campaign as a folder of files, or as one workbook; several campaigns each into a folder of their own
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
            Self::Close { id } | Self::Reopen { id } | Self::Remove { id } => {
                self.end(&invocation, id).await
            }
            Self::Copy { id, new, start, end } => copy(&invocation, id, (new, *start, *end)).await,
        }
    }
}

impl Campaign {
    /// Closes, opens or removes a campaign.
    async fn end(&self, invocation: &Invocation, id: &str) -> anyhow::Result<u8> {
        let (app, loaded) = invocation.loaded(Some(id)).await?;
        let (by, now) = (Actor::CommandLine, invocation.clock.now());
        let key = match self {
            Self::Close { .. } if app.close_campaign(&loaded, by, now).await? => "campaign-closed",
            Self::Close { .. } => "campaign-is-closed",
            Self::Reopen { .. } if app.reopen_campaign(&loaded, by, now).await? => {
                "campaign-reopened"
            }
            Self::Reopen { .. } => "campaign-is-open",
            _ => {
                app.remove_campaign(&loaded, by, now).await?;
                "campaign-removed"
            }
        };
        app.store.close().await;
        invocation.out.note(key, &[("id", &id)]);
        Ok(exit::OK)
    }
}

async fn copy(
    invocation: &Invocation,
    id: &str,
    (new, start, end): (&str, NaiveDate, NaiveDate),
) -> anyhow::Result<u8> {
    let (app, loaded) = invocation.loaded(Some(id)).await?;
    let days = (&CampaignId::new(new.trim()), start, end);
    app.copy_campaign(&loaded, days, Actor::CommandLine, invocation.clock.now()).await?;
    app.store.close().await;
    invocation.out.note("campaign-copied", &[("id", &id), ("new", &new)]);
    Ok(exit::OK)
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
        app.compare_own(&own, invocation.clock.now()).await
    } else {
        app.apply_own(&own, Actor::CommandLine, invocation.clock.now()).await
    };
    let (applied, mended) = super::broken::mended(invocation, &app, applied, dry_run).await?;
    if invocation.out.format == Format::Json {
        let own = applied.changes.iter().map(|change| serde_json::json!(change));
        let places = applied.places.iter().map(|change| serde_json::json!(change));
        invocation.out.json(&own.chain(places).collect::<Vec<_>>());
    } else if invocation.out.format == Format::Csv {
        changed_rows(invocation, &applied.changes, &applied.places);
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
    super::broken::told(invocation, (&applied.broken, dry_run), &mended);
    Ok(if dry_run && applied.is_change() { exit::CHANGES } else { exit::OK })
}

async fn list(invocation: &Invocation) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let mut sheet = Sheet::new(&["campaign", "name", "start", "end", "version", "state"]);
    let mut lines = Vec::new();
    for loaded in app.campaigns().await? {
        let campaign = &loaded.campaign;
        lines.push(serde_json::json!({
            "campaign": campaign.id, "name": campaign.name, "start": campaign.start,
            "end": campaign.end, "version": loaded.version, "open": loaded.is_open,
        }));
        sheet.push(vec![
            campaign.id.to_string(),
            harmless(&campaign.name),
            campaign.start.to_string(),
            campaign.end.to_string(),
            loaded.version.to_string(),
            invocation.out.word(if loaded.is_open { "campaign-open" } else { "campaign-over" }),
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
    let (app, all) = invocation.meant(None).await?;
    let mut lines = Lines::of(&all);
    for loaded in &all {
        lines.title_of_table(invocation, loaded);
        let versions = app.versions(loaded).await?;
        versions_of(invocation, loaded, &versions, &mut lines);
    }
    lines.print(invocation);
    Ok(exit::OK)
}

/// What each version of a campaign changed.
fn versions_of(invocation: &Invocation, loaded: &Loaded, versions: &[Version], lines: &mut Lines) {
    let zone = loaded.campaign.timezone;
    let mut old: Option<&Version> = None;
    let mut sheet = Sheet::new(&[&["version", "applied_at"], &CHANGE[..]].concat());
    for version in versions {
        let at = super::job::local(zone, version.applied_at);
        let found = old
            .map(|old| crate::app::jurisdictions::version_changes(old, version))
            .unwrap_or_default();
        match invocation.out.format {
            Format::Json => {
                let line = serde_json::json!({
                    "version": version.version, "applied_at": at, "changes": found,
                });
                lines.json(loaded, &line);
            }
            Format::Csv => {
                // A version that changed no row, as the first, has a line of its own.
                let mut rows: Vec<_> =
                    found.iter().map(|row| change_row(invocation, row)).collect();
                if rows.is_empty() {
                    rows.push(vec![String::new(); CHANGE.len()]);
                }
                for row in rows {
                    sheet.push([vec![version.version.to_string(), at.clone()], row].concat());
                }
            }
            Format::Table => {
                let version: [(&str, &dyn std::fmt::Display); 2] =
                    [("version", &version.version), ("at", &at)];
                invocation.out.note("campaign-version", &version);
                row_changes(invocation, &found);
            }
        }
        old = Some(version);
    }
    if invocation.out.format == Format::Csv {
        lines.sheet(loaded, sheet);
    }
}

/// Writes a campaign; of several each into a folder of its own, named by its id.
async fn export(invocation: &Invocation, path: &Path) -> anyhow::Result<u8> {
    let (app, all) = invocation.meant(None).await?;
    if workbook::is_workbook(path) {
        // A workbook has room for one campaign.
        let loaded = only_one(all)?;
        workbook::export(invocation, &app.own(&loaded).await?, path)?;
    } else {
        for loaded in &all {
            let folder = match all.as_slice() {
                [_] => path.to_path_buf(),
                _ => path.join(folder_of(&loaded.campaign.id)),
            };
            intake::export::folder(&app.own(loaded).await?, &folder)
                .map_err(|error| invocation.out.not_written(&folder, &error))?;
        }
    }
    invocation.out.note("campaign-exported", &[("dir", &path.display())]);
    Ok(exit::OK)
}
