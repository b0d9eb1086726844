//! `doseplan roster`: who works where on which day, from files.

use super::output::{Format, NONE, Sheet, harmless};
use super::plan_files::{Unusable, misused};
use super::{Invocation, exit, parse_day};
use crate::domain::jurisdiction::{Jurisdiction, Role};
use crate::domain::plan::PlanRow;
use crate::domain::roster::{self, Change, Duty, Fairness, Missing, Needs, RosterReport, Spread};
use crate::intake::{self, Issue, rows};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Make, check, show and export rosters: who works where on which day.
#[derive(Debug, Subcommand)]
pub(super) enum Roster {
    /// Make a roster for the doses of plans; -o csv prints it. Exit code 1 if people are missing
    Make(Make),
    /// Check a roster against staff, leave, crews and plans, with code that shares nothing with the solver
    Check(Check),
    /// A roster by place and day, or somebody's days
    Show(Show),
    /// Write a calendar file for each person, a duty sheet for each site and team, a workbook for each week
    Export(Export),
}

/// The days and files that all of them take.
#[derive(Debug, Args)]
struct Basis {
    /// The jurisdiction's folder or workbook, with staff
    #[arg(long, value_name = "PATH")]
    jurisdiction: PathBuf,
    /// First day [default: the first of the plans, or of the roster]
    #[arg(long, value_parser = parse_day)]
    from: Option<NaiveDate>,
    /// Last day [default: the last of the plans, or of the roster]
    #[arg(long, value_parser = parse_day)]
    until: Option<NaiveDate>,
}

/// Make a roster.
#[derive(Debug, Args)]
pub(super) struct Make {
    #[command(flatten)]
    basis: Basis,
    /// A plan as printed by `plan make -o csv`; repeat it for each campaign
    #[arg(long, value_name = "PLAN.csv")]
    plan: Vec<PathBuf>,
    /// The published roster: it stays wherever it still can; without --plan its places keep their crews
    #[arg(long, value_name = "ROSTER.csv")]
    before: Option<PathBuf>,
}

/// Check a roster.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The roster
    file: PathBuf,
    #[command(flatten)]
    basis: Basis,
    /// A plan whose doses the roster must be enough for; repeat it for each campaign
    #[arg(long, value_name = "PLAN.csv")]
    plan: Vec<PathBuf>,
    /// The roster of the days before, which count in weeks and rows
    #[arg(long, value_name = "ROSTER.csv")]
    before: Option<PathBuf>,
}

/// Show a roster.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The roster
    file: PathBuf,
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
pub(super) struct Export {
    /// The roster
    file: PathBuf,
    /// The folder, created if needed
    dir: PathBuf,
    #[command(flatten)]
    basis: Basis,
}

impl Roster {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        match self {
            Self::Make(it) => it.run(invocation),
            Self::Check(it) => it.run(invocation),
            Self::Show(it) => it.run(invocation),
            Self::Export(it) => it.run(invocation),
        }
    }
}

/// Prints what is wrong with files.
fn refused(invocation: &Invocation, issues: &[Issue]) -> Unusable {
    for issue in issues {
        super::output::tell(&issue.line(invocation.out.language));
    }
    Unusable
}

impl Basis {
    /// The jurisdiction, which must have staff.
    fn jurisdiction(&self, invocation: &Invocation) -> anyhow::Result<Jurisdiction> {
        let path = &self.jurisdiction;
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
    fn span(&self, there: Option<(NaiveDate, NaiveDate)>) -> Option<(NaiveDate, NaiveDate)> {
        let from = self.from.or(there.map(|days| days.0))?;
        let until = self.until.or(there.map(|days| days.1))?;
        (from <= until).then_some((from, until))
    }
}

fn read_roster(invocation: &Invocation, path: &Path) -> anyhow::Result<Vec<Duty>> {
    Ok(rows::roster(path).map_err(|issues| refused(invocation, &issues))?)
}

fn read_plans(invocation: &Invocation, paths: &[PathBuf]) -> anyhow::Result<Vec<PlanRow>> {
    let mut all = Vec::new();
    for path in paths {
        let rows = rows::plan(path).map_err(|issues| refused(invocation, &issues))?;
        all.extend(rows.into_iter().map(|(_, row)| row));
    }
    Ok(all)
}

/// The first and last day of a roster.
fn days_of(duties: &[Duty]) -> Option<(NaiveDate, NaiveDate)> {
    let days = || duties.iter().map(|duty| duty.date);
    Some((days().min()?, days().max()?))
}

/// A roster as `-o json` prints it.
#[derive(Serialize)]
struct View<'a> {
    from: NaiveDate,
    until: NaiveDate,
    duties: &'a [Duty],
    missing: &'a [Missing],
    changes: &'a [Change],
    moved: usize,
    fairness: &'a Fairness,
}

impl Make {
    fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        if self.plan.is_empty() && self.before.is_none() {
            misused(invocation, "roster-plan-or-before");
        }
        let of = self.basis.jurisdiction(invocation)?;
        let plans = read_plans(invocation, &self.plan)?;
        let before = match &self.before {
            Some(path) => read_roster(invocation, path)?,
            None => Vec::new(),
        };
        let needs = if self.plan.is_empty() {
            Needs::of_roster(&before)
        } else {
            Needs::of_plans(&of, &plans).map_err(|unknown| {
                let place = harmless(&unknown.0);
                invocation.out.fail("roster-unknown-place", &[("place", &place)])
            })?
        };
        let Some((from, until)) = self.basis.span(needs.span()) else {
            invocation.out.note("roster-no-days", &[]);
            return Ok(exit::FAILED);
        };
        let asked = roster::RosterRequest {
            jurisdiction: &of,
            needs: &needs,
            before: &before,
            from,
            until,
        };
        let made = roster::make(&asked);
        let too_many = needs
            .0
            .iter()
            .filter(|(key, need)| need.doses_too_many > 0 && from <= key.0 && key.0 <= until);
        for ((day, place), need) in too_many.clone() {
            let doses = need.doses_too_many;
            let place = harmless(place);
            invocation
                .out
                .note("roster-no-room", &[("place", &place), ("date", day), ("doses", &doses)]);
        }
        missing(invocation, &made.missing);
        let moved = moved(&made.changes);
        match invocation.out.format {
            Format::Csv => duties_sheet(invocation, &made.duties),
            Format::Json => invocation.out.json(&View {
                from,
                until,
                duties: &made.duties,
                missing: &made.missing,
                changes: &made.changes,
                moved,
                fairness: &made.fairness,
            }),
            Format::Table => {
                by_role(invocation, &made.duties);
                changes(invocation, &made.changes);
                fair(invocation, &made.fairness);
            }
        }
        self.told(invocation, (&of, (from, until)), &made);
        let is_good = made.missing.is_empty() && too_many.count() == 0;
        Ok(if is_good { exit::OK } else { exit::FAILED })
    }

    /// Says in a line or two what was made.
    fn told(
        &self,
        invocation: &Invocation,
        (of, (from, until)): (&Jurisdiction, (NaiveDate, NaiveDate)),
        made: &roster::Roster,
    ) {
        let (count, people) = (made.duties.len(), of.staff.len());
        let told: [(&str, &dyn std::fmt::Display); 4] =
            [("count", &count), ("people", &people), ("from", &from), ("until", &until)];
        invocation.out.note("roster-made", &told);
        if self.before.is_some() {
            let count = made.changes.len();
            invocation
                .out
                .note("roster-changed", &[("count", &count), ("people", &moved(&made.changes))]);
        }
    }
}

/// People whose days change though they are there: those who have to be told.
fn moved(changes: &[Change]) -> usize {
    let away = |one: &&Change| one.reason != roster::Reason::Away;
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
fn role(invocation: &Invocation, role: Role) -> String {
    invocation.out.word(&format!("duty-role-{role}"))
}

fn duties_sheet(invocation: &Invocation, duties: &[Duty]) {
    let mut sheet = Sheet::new(&["date", "staff", "place", "role"]);
    for duty in duties {
        sheet.push(vec![
            duty.date.to_string(),
            duty.staff.to_string(),
            duty.place.clone(),
            duty.role.to_string(),
        ]);
    }
    invocation.out.sheet(&sheet);
}

/// What a role at a place adds up to.
#[derive(Default)]
struct Sum<'a> {
    days: BTreeSet<NaiveDate>,
    duties: u64,
    people: BTreeSet<&'a str>,
}

/// Days of each role at each place.
fn by_role(invocation: &Invocation, duties: &[Duty]) {
    let mut sums: BTreeMap<(&str, Role), Sum> = BTreeMap::new();
    for duty in duties {
        let sum = sums.entry((&duty.place, duty.role)).or_default();
        sum.days.insert(duty.date);
        sum.duties += 1;
        sum.people.insert(duty.staff.as_str());
    }
    let mut sheet = Sheet::new(&["place", "role", "days", "staff_days", "people"]);
    for ((place, of), sum) in sums {
        sheet.push(vec![
            place.to_owned(),
            role(invocation, of),
            sum.days.len().to_string(),
            sum.duties.to_string(),
            sum.people.len().to_string(),
        ]);
    }
    invocation.out.sheet(&sheet);
}

/// Changes as `-o table` prints them.
fn changes(invocation: &Invocation, changes: &[Change]) {
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

fn fair(invocation: &Invocation, fairness: &Fairness) {
    let line = |key: &str, spread: &Spread| {
        let (is, bound) = (spread.unfairness, spread.bound);
        invocation.out.note(key, &[("groups", &fairness.groups), ("is", &is), ("bound", &bound)]);
    };
    line("roster-fair-days", &fairness.days);
    line("roster-fair-weekends", &fairness.weekends);
}

impl Check {
    fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let of = self.basis.jurisdiction(invocation)?;
        let duties = read_roster(invocation, &self.file)?;
        let plans = read_plans(invocation, &self.plan)?;
        let before = match &self.before {
            Some(path) => read_roster(invocation, path)?,
            None => Vec::new(),
        };
        let Some(span) = self.basis.span(days_of(&duties)) else {
            invocation.out.note("roster-no-days", &[]);
            return Ok(exit::FAILED);
        };
        let judged = roster::check(&of, &duties, &plans, &before, span);
        let is_good = judged.violations.is_empty();
        if invocation.out.format == Format::Table {
            self.table(invocation, &judged);
        } else {
            invocation.out.thing(&judged);
        }
        Ok(if is_good { exit::OK } else { exit::FAILED })
    }

    fn table(&self, invocation: &Invocation, judged: &RosterReport) {
        let out = invocation.out;
        let count = judged.violations.len();
        if count == 0 {
            out.note("roster-good", &[("path", &self.file.display())]);
        } else {
            let mut sheet = Sheet::new(&["rule", "date", "staff", "place", "detail"]);
            for one in &judged.violations {
                sheet.push(vec![
                    out.word(&format!("roster-rule-{}", one.rule)),
                    one.date.map_or_else(|| NONE.to_owned(), |date| date.to_string()),
                    one.staff
                        .as_ref()
                        .map_or_else(|| NONE.to_owned(), |who| harmless(who.as_str())),
                    one.place.as_deref().map_or_else(|| NONE.to_owned(), harmless),
                    one.detail.clone(),
                ]);
            }
            out.sheet(&sheet);
            out.note("roster-bad", &[("path", &self.file.display()), ("count", &count)]);
        }
        fair(invocation, &judged.fairness);
    }
}

impl Show {
    fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let of = self.basis.jurisdiction(invocation)?;
        let mut duties = read_roster(invocation, &self.file)?;
        let Some((from, until)) = self.basis.span(days_of(&duties)) else {
            invocation.out.note("roster-no-days", &[]);
            return Ok(exit::FAILED);
        };
        duties.retain(|duty| {
            (from..=until).contains(&duty.date)
                && self.place.as_ref().is_none_or(|place| duty.place == *place)
                && self.staff.as_ref().is_none_or(|who| duty.staff.as_str() == who)
        });
        duties.sort();
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
    fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let of = self.basis.jurisdiction(invocation)?;
        let mut duties = read_roster(invocation, &self.file)?;
        let Some((from, until)) = self.basis.span(days_of(&duties)) else {
            invocation.out.note("roster-no-days", &[]);
            return Ok(exit::FAILED);
        };
        duties.retain(|duty| (from..=until).contains(&duty.date));
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
