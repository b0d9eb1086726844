//! What the commands of `doseplan roster` share: jurisdiction, days and roster, and what they print.

use super::output::{NONE, Sheet, harmless};
use super::plan_files::Unusable;
use super::{Invocation, parse_day};
use crate::domain::jurisdiction::{Jurisdiction, Role};
use crate::domain::roster::{Change, Duty, Missing, Reason};
use crate::intake::{self, Issue, rows};
use chrono::NaiveDate;
use clap::Args;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The days and files that all of them take.
#[derive(Debug, Args)]
pub(super) struct Basis {
    /// The jurisdiction's folder or workbook, with staff [default: that of the database]
    #[arg(long, value_name = "PATH")]
    pub(super) jurisdiction: Option<PathBuf>,
    /// First day [default: the first of the plans, or of the roster]
    #[arg(long, value_parser = parse_day)]
    pub(super) from: Option<NaiveDate>,
    /// Last day [default: the last of the plans, or of the roster]
    #[arg(long, value_parser = parse_day)]
    until: Option<NaiveDate>,
}

/// Prints what is wrong with files.
pub(super) fn refused(invocation: &Invocation, issues: &[Issue]) -> Unusable {
    for issue in issues {
        super::output::tell(&issue.line(invocation.out.language));
    }
    Unusable
}

impl Basis {
    /// The jurisdiction, which must have staff.
    pub(super) async fn jurisdiction(
        &self,
        invocation: &Invocation,
    ) -> anyhow::Result<Jurisdiction> {
        let Some(path) = &self.jurisdiction else {
            let app = invocation.open(false).await?;
            let found = app.staffed().await;
            app.store.close().await;
            return Ok(found?);
        };
        let found = intake::jurisdiction(path)
            .map_err(|issues| refused(invocation, &intake::in_folder(path, issues)))?;
        for issue in intake::in_folder(path, found.warnings) {
            let warning = invocation.out.word("word-warning");
            let line = issue.line(invocation.out.language);
            super::output::tell(&format!("{warning} {line}"));
        }
        if found.jurisdiction.staff.is_empty() {
            invocation.out.note("roster-no-staff", &[("path", &path.display())]);
            return Err(Unusable.into());
        }
        Ok(found.jurisdiction)
    }

    /// The days asked for, of those that there are.
    pub(super) fn span(
        &self,
        there: Option<(NaiveDate, NaiveDate)>,
    ) -> Option<(NaiveDate, NaiveDate)> {
        let from = self.from.or(there.map(|days| days.0))?;
        let until = self.until.or(there.map(|days| days.1))?;
        (from <= until).then_some((from, until))
    }
}

pub(super) fn read_roster(invocation: &Invocation, path: &Path) -> anyhow::Result<Vec<Duty>> {
    Ok(rows::roster(path).map_err(|issues| refused(invocation, &issues))?)
}

/// The first and last day of a roster.
pub(super) fn days_of(duties: &[Duty]) -> Option<(NaiveDate, NaiveDate)> {
    let days = || duties.iter().map(|duty| duty.date);
    Some((days().min()?, days().max()?))
}

/// People whose days change though they are there: those who have to be told.
pub(super) fn moved(changes: &[Change]) -> usize {
    let away = |one: &&Change| one.reason != Reason::Away;
    changes.iter().filter(away).map(|one| &one.staff).collect::<BTreeSet<_>>().len()
}

/// Says whom places lack.
pub(super) fn missing(invocation: &Invocation, missing: &[Missing]) {
    for one in missing {
        let place = harmless(&one.place);
        let role = role(invocation, one.role);
        let told: [(&str, &dyn std::fmt::Display); 4] =
            [("place", &place), ("date", &one.date), ("people", &one.people), ("role", &role)];
        invocation.out.note("roster-missing", &told);
    }
}

/// A role in the reader's language.
pub(super) fn role(invocation: &Invocation, role: Role) -> String {
    invocation.out.word(&format!("duty-role-{role}"))
}

/// Changes as `-o table` prints them.
pub(super) fn changes(invocation: &Invocation, changes: &[Change]) {
    if changes.is_empty() {
        return;
    }
    let there = |at: &Option<(String, Role)>| match at {
        Some((place, of)) => format!("{place} {}", role(invocation, *of)),
        None => NONE.to_owned(),
    };
    let mut sheet = Sheet::new(&["date", "staff", "old", "new", "why"]);
    for change in changes {
        sheet.push(vec![
            change.date.to_string(),
            change.staff.to_string(),
            there(&change.before),
            there(&change.after),
            invocation
                .out
                .word(&format!("roster-reason-{}", change.reason.word().replace('_', "-"))),
        ]);
    }
    invocation.out.sheet(&sheet);
}
