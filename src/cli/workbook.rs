//! Workbooks on the command line: forms to fill in, campaigns as workbooks, workbooks with their faults marked.

use super::output::harmless;
use super::{Invocation, exit};
use crate::app::{App, Loaded};
use crate::domain::campaign::Campaign;
use crate::domain::id::PlaceCode;
use crate::domain::jurisdiction::{Jurisdiction, LocalCampaign};
use crate::intake::{self, Issue, workbook_form};
use chrono::{NaiveDate, NaiveDateTime};
use clap::Args;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A form to fill in.
#[derive(Debug, Args)]
pub(super) struct New {
    /// The workbook to write
    #[arg(long, value_name = "FILE")]
    xlsx: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// A form for the tallies of a day.
#[derive(Debug, Args)]
pub(super) struct NewTallies {
    #[command(flatten)]
    new: New,
    /// Add the rows that the plan has on this day; the doses are left to fill in
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    date: Option<NaiveDate>,
    /// Only this site, stop or team
    #[arg(long, value_name = "CODE", requires = "date")]
    place: Option<String>,
}

/// Whether a path names a workbook.
pub(super) fn is_workbook(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"))
}

fn made_at(invocation: &Invocation, campaign: Option<&Campaign>) -> NaiveDateTime {
    let zone = campaign.map_or(chrono_tz::UTC, |campaign| campaign.timezone);
    invocation.clock.now().with_timezone(&zone).naive_local()
}

fn write(invocation: &Invocation, new: &New, bytes: &[u8]) -> anyhow::Result<u8> {
    let path = &new.xlsx;
    if !is_workbook(path) {
        return Err(invocation.out.fail("fail-no-workbook-name", &[("path", &path.display())]));
    }
    if path.exists() && !new.force {
        return Err(invocation.out.fail("fail-file-there", &[("path", &path.display())]));
    }
    crate::files::write(path, bytes).map_err(|error| invocation.out.not_written(path, &error))?;
    invocation.out.note("workbook-written", &[("path", &path.display())]);
    Ok(exit::OK)
}

/// `campaign new`: an empty campaign.
pub(super) fn blank(invocation: &Invocation, new: &New) -> anyhow::Result<u8> {
    let bytes = workbook_form::blank(invocation.out.language, made_at(invocation, None))?;
    write(invocation, new, &bytes)
}

/// `campaign export FILE.xlsx`.
pub(super) fn export(
    invocation: &Invocation,
    own: &LocalCampaign,
    path: &Path,
) -> anyhow::Result<()> {
    let made_at = made_at(invocation, Some(&own.campaign));
    let bytes = workbook_form::campaign(own, invocation.out.language, made_at)?;
    crate::files::write(path, bytes).map_err(|error| invocation.out.not_written(path, &error))
}

/// `jurisdiction export FILE.xlsx`.
pub(super) fn export_jurisdiction(
    invocation: &Invocation,
    of: &Jurisdiction,
    path: &Path,
) -> anyhow::Result<()> {
    let made_at = invocation.clock.now().with_timezone(&of.timezone).naive_local();
    let bytes = workbook_form::jurisdiction(of, invocation.out.language, made_at)?;
    crate::files::write(path, bytes).map_err(|error| invocation.out.not_written(path, &error))
}

/// `persons|doses|outcomes new`: an empty form with the campaigns' codes.
pub(super) async fn records(invocation: &Invocation, stem: &str, new: &New) -> anyhow::Result<u8> {
    let (app, all) = invocation.meant(None).await?;
    app.store.close().await;
    filled(invocation, &all, stem, new, &[])
}

/// `tallies new`: a form for a day, with the planned rows.
pub(super) async fn tallies(invocation: &Invocation, it: &NewTallies) -> anyhow::Result<u8> {
    let (app, all) = invocation.meant(None).await?;
    let mut rows = Vec::new();
    if let Some(date) = it.date {
        // Codes are unique over all campaigns.
        let prefixes = app.campaigns().await?.len() > 1;
        for loaded in &all {
            let mut own = planned_rows(&app, loaded, it, (date, prefixes)).await?;
            if all.len() > 1 {
                for row in &mut own {
                    row.push(loaded.campaign.id.to_string());
                }
            }
            rows.append(&mut own);
        }
        if rows.is_empty() {
            invocation.out.note("workbook-nothing-planned", &[("date", &date)]);
        }
    }
    app.store.close().await;
    filled(invocation, &all, "tallies", &it.new, &rows)
}

/// The rows that a campaign's plan has on a day, under the codes of what was counted before. `prefixes`: new codes
/// begin with the campaign's id.
async fn planned_rows(
    app: &App,
    loaded: &Loaded,
    it: &NewTallies,
    (date, prefixes): (NaiveDate, bool),
) -> anyhow::Result<Vec<Vec<String>>> {
    let planned = app.plan(loaded, None).await?.map(|(_, rows)| rows).unwrap_or_default();
    let is_wanted = |row: &&crate::domain::plan::PlanRow| {
        row.day == date
            && it.place.as_ref().is_none_or(|place| {
                row.place.as_str() == place
                    || row.team.as_ref().is_some_and(|team| team.as_str() == place)
            })
    };
    let keys: BTreeSet<[String; 4]> = planned
        .iter()
        .filter(is_wanted)
        .map(|row| {
            let [place, area] = [row.place.to_string(), row.area.to_string()];
            [place, area, row.group.to_string(), row.dose.to_string()]
        })
        .collect();
    let prefix = if prefixes { format!("{}-", loaded.campaign.id) } else { String::new() };
    let mut rows = Vec::new();
    for key in keys {
        let stored = app.tallies_of(loaded, &PlaceCode::from(key[0].as_str()), date).await?;
        // What was counted before is corrected under its own code.
        let known = stored.iter().find(|tally| {
            let dose = tally.dose.to_string();
            let group = tally.group.as_str();
            [tally.area.as_str(), group, &dose] == [&key[1], &key[2], &key[3]]
        });
        let [place, area, group, dose] = key;
        let own = || format!("{prefix}{date}-{place}-{area}-{group}-{dose}");
        let record = known.map_or_else(own, |tally| tally.record.to_string());
        rows.push(vec![record, date.to_string(), place, area, group, dose, String::new()]);
    }
    Ok(rows)
}

fn filled(
    invocation: &Invocation,
    all: &[Loaded],
    stem: &str,
    new: &New,
    rows: &[Vec<String>],
) -> anyhow::Result<u8> {
    let campaigns: Vec<&Campaign> = all.iter().map(|loaded| &*loaded.campaign).collect();
    let made_at = made_at(invocation, campaigns.first().copied());
    let made = workbook_form::records(stem, &campaigns, rows, invocation.out.language, made_at);
    let bytes = made.expect("every kind of records has a form")?;
    write(invocation, new, &bytes)
}

/// `campaign check FILE.xlsx`: writes the workbook with its faults marked beside it, or removes an older one that
/// is no longer true.
pub(super) fn mark(invocation: &Invocation, path: &Path, issues: &[Issue]) {
    let is_read = matches!(
        path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).as_deref(),
        Some("xlsx" | "xlsm" | "xls" | "et")
    );
    if !is_read {
        return;
    }
    let out = intake::marked_path(path);
    if out == path {
        return;
    }
    if issues.is_empty() {
        if std::fs::remove_file(&out).is_ok() {
            invocation.out.note("workbook-marked-gone", &[("path", &out.display())]);
        }
        return;
    }
    // A workbook that cannot be opened has nothing to mark; its one issue says so.
    if issues.iter().any(Issue::is_about_opening) {
        return;
    }
    let Ok(bytes) =
        intake::marked(path, issues, invocation.out.language, made_at(invocation, None))
    else {
        return;
    };
    match crate::files::write(&out, bytes) {
        Ok(()) => invocation.out.note("workbook-marked", &[("path", &out.display())]),
        Err(error) => {
            let said = harmless(&error.to_string());
            invocation
                .out
                .note("workbook-not-marked", &[("path", &out.display()), ("said", &said)]);
        }
    }
}
