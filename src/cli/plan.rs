//! `doseplan plan`.

use super::chosen::Lines;
use super::output::{Format, Sheet, harmless};
use super::plan_choice::{chosen, plans_of};
use super::plan_files::Basis;
use super::plan_joint::{Asked, Together};
use super::plan_print::{rows_sheet, table, travel_note, view};
use super::plan_progress::Watch;
use super::usage_errors::Remedy;
use super::{
    Invocation, exit, parse_day, plan_allocation, plan_check, plan_joint, plan_lock,
    plan_overbooking, plan_surge, plan_tours, plan_vials, plan_what_if, plan_why,
};
use crate::app::plans::{Made, Search};
use crate::app::staffing::StaffOutcome;
use crate::app::{App, Loaded};
use crate::domain::campaign::Campaign;
use crate::domain::id::{PlaceCode, TeamCode};
use crate::domain::permission::Actor;
use crate::domain::plan::{MadeBy, Plan as PlanValue, is_over};
use crate::domain::planner::{self, GroupVerdict, Limits, Method};
use crate::store::plans::PlanHead;
use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;

/// Make, check, compare and adopt plans.
#[derive(Debug, Subcommand)]
pub(super) enum Plan {
    /// Make a draft, without --campaign one for each open campaign, together; it changes nothing until it is adopted
    Make(Make),
    /// Check a plan against a folder, or a joint plan against a jurisdiction, with code that shares nothing with
    /// the planner
    Check(plan_check::Check),
    /// Put a draft into force, without --campaign the newest ones of all open campaigns together, and assign the people
    /// of the register to it
    Adopt {
        /// Number of the draft [default: the newest]
        no: Option<i64>,
    },
    /// What the newest draft changes compared with the adopted plan; exit code 10 if anything changes
    Diff {
        /// Number of another plan to compare with the adopted one
        no: Option<i64>,
    },
    /// The sessions of the adopted plan, or of another
    Show {
        /// Number of the plan
        no: Option<i64>,
        /// Only this day
        #[arg(long, value_parser = parse_day)]
        day: Option<NaiveDate>,
        /// Only this site, stop or team
        #[arg(long)]
        place: Option<String>,
        /// Whole vials for each session, doses left in them, and sessions that are better merged
        #[arg(long)]
        vials: bool,
    },
    /// Each team's day: departure, every stop with times and doses, return
    Tours(plan_tours::Tours),
    /// How much vaccine each county gets: by week and lot, waste included
    Allocation(plan_allocation::Allocation),
    /// Lock a session of the plan in force, of every campaign that has one there: new plans leave it as it is, as far
    /// as place and people allow
    Lock(plan_lock::Lock),
    /// Unlock a session
    Unlock(plan_lock::Unlock),
    /// Every locked session from today on
    Locks,
    /// Every plan with its state
    List,
    /// What limits the plan: who has no place in it and why, and what one more unit of each scarce resource would
    /// bring
    Why(plan_why::Why),
    /// What other supply, teams, sites or delivery days would change; changes nothing itself
    WhatIf(Box<plan_what_if::WhatIf>),
    /// What it would take to reach the targets by a day: stations, staff, teams, vaccine; changes nothing itself
    Surge(plan_surge::Surge),
    /// Plays the sessions to come many times: who is turned away and what is wasted if only the seats are filled, if
    /// people are called as doseplan does, or if seats ÷ show-up are called; changes nothing itself
    Overbooking(plan_overbooking::Overbooking),
}

/// Make a draft.
#[derive(Debug, Args)]
pub(super) struct Make {
    #[command(flatten)]
    basis: Basis,
    /// A jurisdiction's folder or workbook: the campaigns of all --folder are planned together over its places
    #[arg(long, value_name = "PATH", requires = "folder")]
    jurisdiction: Option<PathBuf>,
    /// Write the prices that prove the upper bound
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// End the search after this many seconds, with the best plan found
    #[arg(long)]
    seconds: Option<u64>,
    /// End the search after this many steps; 0 is the quick plan without a bound
    #[arg(long)]
    steps: Option<u32>,
    /// Solver for the linear program: own works in steps; highs, if the program was built with it, ignores the
    /// limits
    #[arg(long, value_name = "own|highs", value_parser = parse_method,
          conflicts_with_all = ["seconds", "steps"])]
    solver: Option<Method>,
}

/// The method with this name.
fn parse_method(name: &str) -> Result<Method, Remedy> {
    match name {
        "own" => Ok(Method::FirstOrder),
        #[cfg(feature = "highs")]
        "highs" => Ok(Method::Highs),
        #[cfg(not(feature = "highs"))]
        "highs" => Err(Remedy::new("write-no-highs")),
        _ => Err(Remedy::new("write-method")),
    }
}

impl Plan {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::Make(make) => make.run(&invocation).await,
            Self::Check(check) => check.run(&invocation),
            Self::Adopt { no } => adopt(&invocation, *no).await,
            Self::Diff { no } => diff(&invocation, *no).await,
            Self::Show { no, day, place, vials } => {
                show(&invocation, *no, (*day, place.as_deref()), *vials).await
            }
            Self::Tours(tours) => tours.run(&invocation).await,
            Self::Allocation(allocation) => allocation.run(&invocation).await,
            Self::Lock(lock) => lock.run(&invocation).await,
            Self::Unlock(unlock) => unlock.run(&invocation).await,
            Self::Locks => plan_lock::list(&invocation).await,
            Self::List => list(&invocation).await,
            Self::Why(why) => why.run(&invocation).await,
            Self::WhatIf(what_if) => what_if.run(&invocation).await,
            Self::Surge(surge) => surge.run(&invocation).await,
            Self::Overbooking(overbooking) => overbooking.run(&invocation).await,
        }
    }
}

impl Make {
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let mut limits = self.steps.map_or_else(Limits::default, Limits::steps);
        limits.method = self.solver.unwrap_or_default();
        let asked =
            Asked { limits, seconds: self.seconds, certificate: self.certificate.as_deref() };
        if let Some(jurisdiction) = &self.jurisdiction {
            let Basis { folder, given, from, .. } = &self.basis;
            let together = Together::read(invocation, (jurisdiction, folder), given, *from)?;
            return plan_joint::make(invocation, &together, &asked);
        }
        if let Some((campaign, given, from)) = self.basis.folder(invocation)? {
            let watch = Watch::begin(invocation.out, self.seconds);
            let request = planner::Request {
                campaign: &campaign,
                given: &given,
                from,
                published: &[],
                told: None,
                warm: None,
                limits,
            };
            let (plan, verdict) =
                planner::make_judged(&request, &mut |at| watch.tell(at), &mut || watch.share());
            watch.end();
            let plan = (&plan, verdict.as_slice(), &StaffOutcome::default());
            self.print(invocation, &campaign, plan, None, from)?;
            return Ok(exit::OK);
        }
        let (app, mut all) = invocation.planned(self.basis.id.as_deref()).await?;
        // One that is over is planned again only where all are: for a replay or an exercise.
        let is_on = |loaded: &Loaded| !is_over(&loaded.campaign, invocation.today(loaded));
        if all.iter().any(is_on) {
            all.retain(is_on);
        }
        let done = if let [loaded] = all.as_slice() {
            self.of_one(invocation, &app, loaded, limits).await?
        } else {
            plan_joint::make_stored(invocation, (&app, &all), self.basis.from, &asked).await?
        };
        app.store.close().await;
        Ok(done)
    }

    async fn of_one(
        &self,
        invocation: &Invocation,
        app: &App,
        loaded: &Loaded,
        limits: Limits,
    ) -> anyhow::Result<u8> {
        let watch = Watch::begin(invocation.out, self.seconds);
        let (mut progress, mut time_used) = (|at| watch.tell(at), || watch.share());
        let search = Search { limits, progress: &mut progress, time_used: &mut time_used };
        let now = invocation.clock.now();
        let Made { no, from, plan, verdict, staff } =
            app.make_plan(loaded, self.basis.from, Actor::CommandLine, search, now).await?;
        watch.end();
        plan_joint::staff_limits(invocation, &staff);
        let campaign = &loaded.campaign;
        if !plan_joint::tells_gaps(&verdict) {
            let gaps = planner::staff_gaps(&staff.gaps);
            plan_joint::staff_gaps(invocation, (campaign, campaign.start), &gaps);
        }
        let plan = (&plan, verdict.as_slice(), &staff);
        self.print(invocation, &loaded.campaign, plan, Some(no), from)?;
        Ok(exit::OK)
    }

    fn print(
        &self,
        invocation: &Invocation,
        campaign: &Campaign,
        (plan, verdict, staff): (&PlanValue, &[GroupVerdict], &StaffOutcome),
        no: Option<i64>,
        from: NaiveDate,
    ) -> anyhow::Result<()> {
        if let Some(path) = &self.certificate {
            let text = serde_json::to_string(&plan.certificate)?;
            crate::files::write(path, text)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        match invocation.out.format {
            Format::Csv => invocation.out.sheet(&rows_sheet(&plan.rows)),
            Format::Json => {
                invocation.out.json(&view((plan, campaign), (verdict, staff), no, from));
            }
            Format::Table => table(invocation, campaign, (plan, verdict), no),
        }
        Ok(())
    }
}

async fn adopt(invocation: &Invocation, no: Option<i64>) -> anyhow::Result<u8> {
    let (app, all) = chosen(invocation, no).await?;
    let (now, by) = (invocation.clock.now(), Actor::CommandLine);
    let adopted = match all.as_slice() {
        [loaded] => vec![(loaded.clone(), app.adopt_plan(loaded, no, by, now).await?)],
        all => app.adopt_together(all, by, now).await?,
    };
    let changed: Vec<_> = adopted.iter().map(|(loaded, _)| loaded.clone()).collect();
    app.tell_all(&changed, now).await?;
    for (_, adopted) in &adopted {
        invocation.out.note(
            "plan-adopted",
            &[
                ("no", &adopted.no),
                ("new", &adopted.people.new.len()),
                ("kept", &adopted.people.kept),
                ("ended", &adopted.people.ended.len()),
            ],
        );
    }
    app.store.close().await;
    Ok(exit::OK)
}

/// The columns of `plan diff`.
const DIFFERENCE: [&str; 6] = ["day", "place", "name", "doses_before", "doses_after", "change"];

async fn diff(invocation: &Invocation, no: Option<i64>) -> anyhow::Result<u8> {
    let (app, all) = chosen(invocation, no).await?;
    let mut lines = Lines::of(&all);
    let mut found = Vec::new();
    for loaded in &all {
        let old = app.plan(loaded, None).await?;
        let new = match no {
            Some(_) => app.plan(loaded, no).await?,
            None => app.draft(loaded).await?,
        };
        let Some((head, new)) = new else { continue };
        let old = old.map(|(_, rows)| rows).unwrap_or_default();
        let one = planner::diff(&old, &new, head.from);
        if invocation.out.format == Format::Json {
            lines.thing(loaded, serde_json::to_value(&one)?);
        } else {
            lines.sheet(loaded, difference(invocation, loaded, &one));
        }
        found.push(one);
    }
    if found.is_empty() {
        invocation.out.note("plan-no-draft", &[]);
        match invocation.out.format {
            Format::Json => invocation.out.json(&Option::<()>::None),
            Format::Csv => invocation.out.sheet(&Sheet::new(&DIFFERENCE)),
            Format::Table => {}
        }
        return Ok(exit::OK);
    }
    lines.print(invocation);
    if invocation.out.format != Format::Json {
        for one in &found {
            invocation.out.note(
                "plan-diff",
                &[
                    ("changed", &one.sessions.len()),
                    ("same", &one.same_sessions),
                    ("before", &one.doses_before),
                    ("after", &one.doses_after),
                ],
            );
        }
    }
    let is_same = found.iter().all(planner::PlanDiff::is_empty);
    Ok(if is_same { exit::OK } else { exit::CHANGES })
}

fn difference(invocation: &Invocation, loaded: &Loaded, found: &planner::PlanDiff) -> Sheet {
    let mut sheet = Sheet::new(&DIFFERENCE);
    for change in &found.sessions {
        let place = loaded.campaign.place(change.place.as_str());
        let kind = match (change.doses_before, change.doses_after) {
            (0, _) => "new",
            (_, 0) => "cancelled",
            _ => "changed",
        };
        sheet.push(vec![
            change.day.to_string(),
            change.place.to_string(),
            place.map(|p| harmless(p.name())).unwrap_or_default(),
            change.doses_before.to_string(),
            change.doses_after.to_string(),
            invocation.out.word(&format!("change-{kind}")),
        ]);
    }
    sheet
}

async fn show(
    invocation: &Invocation,
    no: Option<i64>,
    (day, place): (Option<NaiveDate>, Option<&str>),
    vials: bool,
) -> anyhow::Result<u8> {
    let asked = |on: NaiveDate, at: &PlaceCode, team: Option<&TeamCode>| {
        let here =
            |place: &str| at.as_str() == place || team.is_some_and(|team| team.as_str() == place);
        day.is_none_or(|day| on == day) && place.is_none_or(here)
    };
    if vials {
        return plan_vials::run(invocation, no, &asked).await;
    }
    let (app, all) = chosen(invocation, no).await?;
    let (mut shown, mut travel) = (Vec::new(), Vec::new());
    for (loaded, (head, mut rows)) in plans_of(invocation, &app, &all, no).await? {
        travel.push(planner::least_travel(&loaded.campaign.on(head.from), &rows));
        rows.retain(|row| asked(row.day, &row.place, row.team.as_ref()));
        shown.push((loaded, head, rows));
    }
    if shown.is_empty() {
        return Ok(exit::FAILED);
    }
    let mut lines = Lines::of(&all);
    for (loaded, _, rows) in &shown {
        if invocation.out.format == Format::Json {
            for row in rows {
                lines.json(loaded, row);
            }
        } else {
            lines.sheet(loaded, rows_sheet(rows));
        }
    }
    lines.print(invocation);
    for (_, head, _) in &shown {
        let language = invocation.out.language;
        let state = super::cell_words::word_of(language, "plan-state-", head.state.word());
        invocation
            .out
            .note("plan-shown", &[("no", &head.no), ("state", &state), ("from", &head.from)]);
    }
    travel_note(invocation, travel.into_iter().sum());
    Ok(exit::OK)
}

async fn list(invocation: &Invocation) -> anyhow::Result<u8> {
    #[derive(Serialize)]
    struct Line {
        plan: i64,
        state: &'static str,
        from: NaiveDate,
        made_by: MadeBy,
        made_at: String,
        doses: u64,
        people_finished: u64,
        gap: f64,
    }
    let (app, all) = invocation.meant(None).await?;
    let mut shown = Lines::of(&all);
    for loaded in &all {
        let zone = loaded.campaign.timezone;
        let line = |head: PlanHead| Line {
            plan: head.no,
            state: head.state.word(),
            from: head.from,
            made_by: head.made_by,
            made_at: super::job::local(zone, head.made_at),
            doses: head.figures.doses,
            people_finished: head.figures.people_finished,
            gap: head.figures.gap,
        };
        let lines: Vec<Line> = app.plan_list(loaded).await?.into_iter().map(line).collect();
        if invocation.out.format == Format::Json {
            for line in &lines {
                shown.json(loaded, line);
            }
            continue;
        }
        let columns = ["plan", "state", "from", "made_by", "made_at", "doses", "people_finished"];
        let mut sheet = Sheet::new(&columns);
        for line in lines {
            sheet.push(vec![
                line.plan.to_string(),
                line.state.to_owned(),
                line.from.to_string(),
                line.made_by.to_string(),
                line.made_at,
                line.doses.to_string(),
                line.people_finished.to_string(),
            ]);
        }
        shown.sheet(loaded, sheet);
    }
    shown.print(invocation);
    Ok(exit::OK)
}
