//! `doseplan campaign`.

use super::output::{Format, Sheet, harmless, marked};
use super::{Invocation, exit, parse_day, snippet, workbook};
use crate::domain::difference::{RowChange, What};
use crate::domain::id::CampaignId;
use crate::domain::permission::Actor;
use crate::intake::{self, Issue};
use chrono::NaiveDate;
use clap::Subcommand;
use serde::Serialize;
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
    /// Remove a campaign that has no records
    Remove {
        /// Its id
        id: String,
    },
    /// Write the campaign as a folder of files, or as one workbook
    Export {
        /// The folder, created if needed, or a file that ends in .xlsx
        path: PathBuf,
    },
}

#[derive(Serialize)]
struct FileIssues<'a> {
    errors: Vec<intake::View<'a>>,
    warnings: Vec<intake::View<'a>>,
}

impl Campaign {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::New(new) => workbook::blank(&invocation, new),
            Self::Check { path } => Ok(check(&invocation, path)),
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

fn check(invocation: &Invocation, path: &Path) -> u8 {
    let (found, issues) = match intake::campaign(path, intake::series::all()) {
        Ok(loaded) => (Some(loaded.campaign), loaded.warnings),
        Err(issues) => (None, issues),
    };
    let language = invocation.out.language;
    let part = |error: bool| -> Vec<&Issue> {
        issues.iter().filter(|issue| issue.is_error() == error).collect()
    };
    let (errors, warnings) = (part(true), part(false));
    if invocation.out.format == Format::Json {
        invocation.out.json(&FileIssues {
            errors: views_of(&errors, language),
            warnings: views_of(&warnings, language),
        });
    } else if invocation.out.format == Format::Csv {
        let mut sheet = Sheet::new(&["severity", "code", "file", "row", "column", "message"]);
        for issue in errors.iter().chain(&warnings) {
            let view = issue.view(language);
            let row = view.row.map(|row| row.to_string());
            let column = view.column.map(std::string::ToString::to_string);
            sheet.push(vec![
                if issue.is_error() { "error" } else { "warning" }.to_owned(),
                view.code.to_owned(),
                view.file.to_string(),
                row.unwrap_or_default(),
                column.unwrap_or_default(),
                view.message.clone(),
            ]);
        }
        invocation.out.sheet(&sheet);
    } else {
        let mut lines = snippet::is_wanted(invocation, path).then(|| snippet::Lines::of(path));
        for issue in errors.iter().chain(&warnings) {
            match &mut lines {
                Some(lines) => lines.print(invocation, issue),
                None => super::output::print(&format!("{}\n", marked(issue, invocation.out))),
            }
        }
    }
    workbook::mark(invocation, path, &issues);
    let counts: [(&str, &dyn std::fmt::Display); 2] =
        [("errors", &errors.len()), ("warnings", &warnings.len())];
    let Some(campaign) = found else {
        invocation.out.note("campaign-bad", &counts);
        return exit::CONFIGURATION;
    };
    let name = harmless(&campaign.name);
    invocation.out.note("campaign-good", &[("name", &name), counts[1]]);
    exit::OK
}

fn views_of<'a>(
    part: &[&'a Issue],
    language: crate::domain::campaign::Language,
) -> Vec<intake::View<'a>> {
    part.iter().map(|issue| issue.view(language)).collect()
}

/// Reads a campaign's files. Issues are printed on stderr.
pub(super) fn read(
    invocation: &Invocation,
    path: &Path,
) -> Result<crate::domain::campaign::Campaign, u8> {
    let language = invocation.out.language;
    match intake::campaign(path, intake::series::all()) {
        Ok(loaded) => {
            for issue in &loaded.warnings {
                let word = invocation.out.word("word-warning");
                super::output::tell(&format!("{word} {}", issue.line(language)));
            }
            Ok(loaded.campaign)
        }
        Err(issues) => {
            for issue in &issues {
                super::output::tell(&issue.line(language));
            }
            Err(exit::CONFIGURATION)
        }
    }
}

async fn apply(invocation: &Invocation, path: &Path, dry_run: bool) -> anyhow::Result<u8> {
    let campaign = match read(invocation, path) {
        Ok(campaign) => campaign,
        Err(code) => return Ok(code),
    };
    let app = invocation.open(true).await?;
    let applied = if dry_run {
        app.compare(&campaign).await?
    } else {
        app.apply(&campaign, Actor::CommandLine, invocation.clock.now()).await?
    };
    app.store.close().await;
    if invocation.out.format == Format::Json {
        invocation.out.json(&applied.changes);
    } else {
        changes(invocation, &applied.changes);
    }
    let name = harmless(&campaign.name);
    let (id, count) = (campaign.id.as_str(), applied.changes.len());
    let key = match (applied.is_new, count, dry_run) {
        (true, _, false) => "campaign-stored",
        (true, _, true) => "campaign-would-store",
        (false, 0, _) => "campaign-unchanged",
        (false, _, false) => "campaign-changed",
        (false, _, true) => "campaign-would-change",
    };
    invocation.out.note(key, &[("name", &name), ("id", &id), ("count", &count)]);
    let pending = dry_run && (applied.is_new || count > 0);
    Ok(if pending { exit::CHANGES } else { exit::OK })
}

fn changes(invocation: &Invocation, changes: &[RowChange]) {
    if changes.is_empty() && invocation.out.format == Format::Table {
        return;
    }
    let mut sheet = Sheet::new(&CHANGE);
    for change in changes {
        sheet.push(change_row(invocation, change));
    }
    invocation.out.sheet(&sheet);
}

/// The columns of a change.
const CHANGE: [&str; 5] = ["table", "key", "column", "old", "new"];

fn change_row(invocation: &Invocation, change: &RowChange) -> Vec<String> {
    let word = |key: &str| invocation.out.word(key);
    let (column, old, new) = match &change.what {
        What::Added { row } => (word("change-added"), String::new(), harmless(row)),
        What::Removed { row } => (word("change-removed"), harmless(row), String::new()),
        What::Changed { column, old, new } => ((*column).to_owned(), harmless(old), harmless(new)),
        What::Reordered => (word("change-reordered"), String::new(), String::new()),
    };
    vec![change.table.to_owned(), harmless(&change.key), column, old, new]
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
    let (app, loaded) = invocation.loaded(None).await?;
    let zone = loaded.campaign.timezone;
    let versions = app.versions(&loaded).await?;
    let mut old: Option<&crate::domain::campaign::Campaign> = None;
    let mut lines = Vec::new();
    let mut sheet = Sheet::new(&[&["version", "applied_at"], &CHANGE[..]].concat());
    for version in &versions {
        let at = super::job::local(zone, version.applied_at);
        let found = old
            .map(|old| crate::domain::difference::differences(old, &version.campaign))
            .unwrap_or_default();
        if invocation.out.format == Format::Json {
            lines.push(serde_json::json!({
                "version": version.version, "applied_at": at, "changes": found,
            }));
        } else if invocation.out.format == Format::Csv {
            // A version that changed no row, as the first, has a line of its own.
            let mut rows: Vec<_> = found.iter().map(|row| change_row(invocation, row)).collect();
            if rows.is_empty() {
                rows.push(vec![String::new(); CHANGE.len()]);
            }
            for row in rows {
                sheet.push([vec![version.version.to_string(), at.clone()], row].concat());
            }
        } else {
            invocation.out.note("campaign-version", &[("version", &version.version), ("at", &at)]);
            changes(invocation, &found);
        }
        old = Some(&version.campaign);
    }
    match invocation.out.format {
        Format::Json => invocation.out.json(&lines),
        Format::Csv => invocation.out.sheet(&sheet),
        Format::Table => {}
    }
    Ok(exit::OK)
}

async fn export(invocation: &Invocation, path: &Path) -> anyhow::Result<u8> {
    let (_, loaded) = invocation.loaded(None).await?;
    if workbook::is_workbook(path) {
        workbook::export(invocation, &loaded, path)?;
    } else {
        intake::export::folder(&loaded.campaign, path)
            .map_err(|error| invocation.out.not_written(path, &error))?;
    }
    invocation.out.note("campaign-exported", &[("dir", &path.display())]);
    Ok(exit::OK)
}
