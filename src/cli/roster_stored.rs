//! `doseplan roster`: what is shown and exported of a roster, published in the database, and changed by leave.

use super::output::{Format, NONE, Sheet};
use super::roster_basis::{Basis, changes, days_of, missing, moved, read_roster, role};
use super::{Invocation, exit, parse_day};
use crate::app::notices::StaffTold;
use crate::app::rosters::RosterChanged;
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::{Jurisdiction, Leave};
use crate::domain::permission::Actor;
use crate::domain::roster::Duty;
use chrono::NaiveDate;
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

/// Show a roster.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The roster [default: the published one of the database]
    file: Option<PathBuf>,
    #[command(flatten)]
    basis: Basis,
    /// Only this site or team
    #[arg(long)]
    place: Option<String>,
    /// Only this person
    #[arg(long)]
    staff: Option<String>,
}

/// Export a roster.
#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Export {
    /// The roster [default: the published one of the database]
    file: Option<PathBuf>,
    /// The folder, created if needed
    dir: PathBuf,
    #[command(flatten)]
    basis: Basis,
}

/// Publish a roster.
#[derive(Debug, Args)]
pub(super) struct Publish {
    /// The roster, as `roster make -o csv` prints it
    file: PathBuf,
    /// First day that it stands for [default: its first, not before today]
    #[arg(long, value_parser = parse_day)]
    from: Option<NaiveDate>,
    /// Last day that it stands for [default: its last]
    #[arg(long, value_parser = parse_day)]
    until: Option<NaiveDate>,
}

/// Enter leave.
#[derive(Debug, Args)]
pub(super) struct LeaveDays {
    /// Who is away
    staff: String,
    /// The first day
    #[arg(value_parser = parse_day)]
    date: NaiveDate,
    /// The last day [default: the first]
    #[arg(long, value_parser = parse_day)]
    until: Option<NaiveDate>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// The roster of a file, or the published one, with the days that are asked for.
async fn asked(
    invocation: &Invocation,
    file: Option<&PathBuf>,
    basis: &Basis,
) -> anyhow::Result<(Jurisdiction, Option<Vec<Duty>>)> {
    let of = basis.jurisdiction(invocation).await?;
    let mut duties = if let Some(path) = file {
        read_roster(invocation, path)?
    } else {
        let app = invocation.open(false).await?;
        let found = app.published((NaiveDate::MIN, NaiveDate::MAX)).await;
        app.store.close().await;
        found?
    };
    let Some((from, until)) = basis.span(days_of(&duties)) else {
        invocation.out.note("roster-no-days", &[]);
        return Ok((of, None));
    };
    duties.retain(|duty| (from..=until).contains(&duty.date));
    duties.sort();
    Ok((of, Some(duties)))
}

impl Show {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (of, duties) = asked(invocation, self.file.as_ref(), &self.basis).await?;
        let Some(mut duties) = duties else { return Ok(exit::FAILED) };
        duties.retain(|duty| {
            self.place.as_ref().is_none_or(|place| duty.place == *place)
                && self.staff.as_ref().is_none_or(|who| duty.staff.as_str() == who)
        });
        let names: BTreeMap<&str, &str> =
            of.staff.iter().map(|one| (one.code.as_str(), one.name.as_str())).collect();
        let mut sheet = Sheet::new(&["date", "place", "role", "staff", "name"]);
        for duty in &duties {
            let name = names.get(duty.staff.as_str()).copied().unwrap_or(NONE);
            let is_table = invocation.out.format == Format::Table;
            sheet.push(vec![
                duty.date.to_string(),
                duty.place.clone(),
                if is_table { role(invocation, duty.role) } else { duty.role.to_string() },
                duty.staff.to_string(),
                name.to_owned(),
            ]);
        }
        invocation.out.sheet(&sheet);
        Ok(exit::OK)
    }
}

impl Export {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (of, duties) = asked(invocation, self.file.as_ref(), &self.basis).await?;
        let Some(duties) = duties else { return Ok(exit::FAILED) };
        let files = super::roster_files::files(invocation, &of, &duties);
        crate::files::create_dir_all(&self.dir)
            .map_err(|error| invocation.out.not_written(&self.dir, &error))?;
        let weeks = super::roster_weeks::workbooks(invocation, &of, &duties)?;
        let texts = files.iter().map(|(name, text)| (name, text.as_bytes()));
        for (name, bytes) in texts.chain(weeks.iter().map(|(name, book)| (name, book.as_slice()))) {
            let path = self.dir.join(name);
            crate::files::write(&path, bytes)
                .map_err(|error| invocation.out.not_written(&path, &error))?;
        }
        let (count, dir) = (files.len() + weeks.len(), self.dir.display());
        invocation.out.note("roster-exported", &[("count", &count), ("dir", &dir)]);
        Ok(exit::OK)
    }
}

impl Publish {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let duties = read_roster(invocation, &self.file)?;
        let there = days_of(&duties);
        let from = self.from.or(there.map(|days| days.0));
        let until = self.until.or(there.map(|days| days.1));
        let Some(days) = from.zip(until) else {
            invocation.out.note("roster-no-days", &[]);
            return Ok(exit::FAILED);
        };
        let app = invocation.open(false).await?;
        let now = invocation.clock.now();
        let done = app.publish_roster(&duties, days, Actor::CommandLine, now).await;
        app.store.close().await;
        let done = done?;
        let said: [(&str, &dyn Display); 3] =
            [("count", &done.duties), ("from", &done.days.0), ("until", &done.days.1)];
        invocation.out.note("roster-published", &said);
        told(invocation, done.told);
        Ok(exit::OK)
    }
}

/// Who hears of it.
fn told(invocation: &Invocation, told: StaffTold) {
    invocation.out.note("roster-mailed", &[("count", &told.mails)]);
    for (key, count) in [("roster-silent", told.silent), ("roster-later", told.later)] {
        if count > 0 {
            invocation.out.note(key, &[("count", &count)]);
        }
    }
}

/// Whom places lack, how many published days change, and who hears of it once that is stored.
pub(super) fn roster_changed(invocation: &Invocation, roster: &RosterChanged, dry_run: bool) {
    missing(invocation, &roster.missing);
    let said: [(&str, &dyn Display); 2] =
        [("count", &roster.changes.len()), ("people", &moved(&roster.changes))];
    invocation.out.note("roster-changed", &said);
    if !dry_run {
        told(invocation, roster.told);
    }
}

impl LeaveDays {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let last = self.until.unwrap_or(self.date);
        if last < self.date {
            super::plan_files::misused(invocation, "roster-leave-days");
        }
        let leave = Leave {
            staff: StaffId::new(self.staff.trim()),
            first: self.date,
            last,
            reason: self.reason.clone(),
        };
        let app = invocation.open(false).await?;
        let now = invocation.clock.now();
        let taken = app.take_leave(&leave, Actor::CommandLine, now).await;
        let (taken, mended) = super::broken::mended(invocation, &app, taken, false).await?;
        let roster = &taken.roster;
        if invocation.out.format == Format::Json {
            invocation.out.json(&serde_json::json!({
                "changes": roster.changes, "missing": roster.missing, "told": roster.told,
            }));
        } else {
            changes(invocation, &roster.changes);
        }
        roster_changed(invocation, roster, false);
        super::broken::told(invocation, (&taken.broken, false), &mended);
        Ok(if roster.missing.is_empty() { exit::OK } else { exit::FAILED })
    }
}
