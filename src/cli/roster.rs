//! `doseplan roster`: who works where on which day, from files or from the database.

use super::output::{Format, NONE, Sheet, harmless};
use super::plan_files::misused;
use super::roster_basis::{Basis, changes, days_of, missing, moved, read_roster, refused, role};
use super::roster_stored::{Export, LeaveDays, Publish, Show};
use super::{Invocation, exit};
use crate::domain::homes::RoundDay;
use crate::domain::jurisdiction::{Jurisdiction, Role};
use crate::domain::plan::PlanRow;
use crate::domain::roster::{self, Change, Duty, Fairness, Missing, Needs, RosterReport, Spread};
use crate::intake::rows;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Make, check, show, export and publish rosters: who works where on which day.
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
    /// Publish a roster in the database: everybody gets their days by mail
    Publish(Publish),
    /// Enter leave or a sick call: others take over published days. Exit code 1 if people are missing
    Leave(LeaveDays),
}

/// Make a roster.
#[derive(Debug, Args)]
pub(super) struct Make {
    #[command(flatten)]
    basis: Basis,
    /// A plan as printed by `plan make -o csv`; repeat it for each campaign [default: the database's plans in force]
    #[arg(long, value_name = "PLAN.csv")]
    plan: Vec<PathBuf>,
    /// The published roster: it stays wherever it still can; without a plan its places keep their crews
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

impl Roster {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        match self {
            Self::Make(it) => it.run(invocation).await,
            Self::Check(it) => it.run(invocation).await,
            Self::Show(it) => it.run(invocation).await,
            Self::Export(it) => it.run(invocation).await,
            Self::Publish(it) => it.run(invocation).await,
            Self::Leave(it) => it.run(invocation).await,
        }
    }
}

fn read_plans(invocation: &Invocation, paths: &[PathBuf]) -> anyhow::Result<Vec<PlanRow>> {
    let mut all = Vec::new();
    for path in paths {
        let rows = rows::plan(path).map_err(|issues| refused(invocation, &issues))?;
        all.extend(rows.into_iter().map(|(_, row)| row));
    }
    Ok(all)
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

/// What a roster is made from.
struct Given {
    plans: Vec<PlanRow>,
    rounds: Vec<RoundDay>,
    before: Vec<Duty>,
}

impl Make {
    /// The plans, rounds of home visits, and the roster before: from files, or where the jurisdiction is the
    /// database's, from there.
    async fn given(&self, invocation: &Invocation) -> anyhow::Result<Given> {
        let mut plans = read_plans(invocation, &self.plan)?;
        let mut before = match &self.before {
            Some(path) => read_roster(invocation, path)?,
            None => Vec::new(),
        };
        let mut rounds = Vec::new();
        if self.basis.jurisdiction.is_none() {
            let app = invocation.open(false).await?;
            let today = invocation.clock.now().date_naive();
            if plans.is_empty() && self.before.is_none() {
                let from = self.basis.from.unwrap_or(today);
                plans = app.rows_to_staff(from).await?;
                rounds = app.rounds_to_staff(from).await?;
            }
            if self.before.is_none() {
                before = app.published((NaiveDate::MIN, NaiveDate::MAX)).await?;
            }
            app.store.close().await;
        }
        Ok(Given { plans, rounds, before })
    }

    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let is_alone = self.plan.is_empty() && self.before.is_none();
        if is_alone && self.basis.jurisdiction.is_some() {
            misused(invocation, "roster-plan-or-before");
        }
        let of = self.basis.jurisdiction(invocation).await?;
        let Given { plans, rounds, before } = self.given(invocation).await?;
        let mut needs = if plans.is_empty() {
            Needs::of_roster(&before)
        } else {
            Needs::of_plans(&of, &plans).map_err(|unknown| {
                let place = harmless(&unknown.0);
                invocation.out.fail("roster-unknown-place", &[("place", &place)])
            })?
        };
        needs.and(&Needs::of_rounds(&of, &rounds));
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
        if !made.changes.is_empty() || self.before.is_some() {
            let count = made.changes.len();
            invocation
                .out
                .note("roster-changed", &[("count", &count), ("people", &moved(&made.changes))]);
        }
    }
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

fn fair(invocation: &Invocation, fairness: &Fairness) {
    let line = |key: &str, spread: &Spread| {
        let (is, bound) = (spread.unfairness, spread.bound);
        invocation.out.note(key, &[("groups", &fairness.groups), ("is", &is), ("bound", &bound)]);
    };
    line("roster-fair-days", &fairness.days);
    line("roster-fair-weekends", &fairness.weekends);
}

impl Check {
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let of = self.basis.jurisdiction(invocation).await?;
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
