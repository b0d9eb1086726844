//! `doseplan plan`.

use super::output::{Format, Sheet, harmless};
use super::plan_files::Basis;
use super::plan_print::{rows_sheet, table, view};
use super::{Session, exit, parse_day, plan_files, plan_tours, plan_vials, plan_what_if, plan_why};
use crate::app::plans::{Made, Search};
use crate::app::{App, Loaded};
use crate::domain::campaign::Campaign;
use crate::domain::id::{PlaceCode, TeamCode};
use crate::domain::plan::{Plan as PlanValue, PlanRow};
use crate::domain::planner::{self, GroupVerdict, Limits, Method, SearchProgress};
use anyhow::Context as _;
use chrono::{NaiveDate, TimeDelta};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Make, check, compare and adopt plans.
#[derive(Debug, Subcommand)]
pub(super) enum Plan {
    /// Make a draft; it changes nothing until it is adopted
    Make(Make),
    /// Check a plan against a folder, by code that shares nothing with the planner
    Check(plan_files::Check),
    /// Put a draft in force and assign the register's people to it
    Adopt {
        /// Number of the draft [default: the newest]
        no: Option<i64>,
    },
    /// What the newest draft changes against the adopted plan; exit 10 where it changes something
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
        /// Whole vials for each session, what stays in them, and sessions that had better be one
        #[arg(long)]
        vials: bool,
    },
    /// Each team's day: leaving the base, every stop with times and doses, being back
    Tours(plan_tours::Tours),
    /// Every plan with its state
    List,
    /// What holds people back: who has no place in the plan and why, and where one unit more of
    /// what is scarce would bring most
    Why(plan_why::Why),
    /// What other supply, teams, sites or delivery days would change; touches nothing
    WhatIf(plan_what_if::WhatIf),
}

/// Make a draft.
#[derive(Debug, Args)]
pub(super) struct Make {
    #[command(flatten)]
    basis: Basis,
    /// Write the prices that prove the bound
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// End the search after so many seconds, with the best plan found
    #[arg(long)]
    seconds: Option<u64>,
    /// End the search after so many steps; 0 is the quick plan without a bound
    #[arg(long)]
    steps: Option<u32>,
    /// Solve the linear program by steps (own) or, in a program built with it, by HiGHS (highs),
    /// which takes the time that it takes
    #[arg(long, value_name = "own|highs", value_parser = parse_method,
          conflicts_with_all = ["seconds", "steps"])]
    solver: Option<Method>,
}

/// The method of a name.
fn parse_method(name: &str) -> Result<Method, String> {
    match name {
        "own" => Ok(Method::FirstOrder),
        #[cfg(feature = "highs")]
        "highs" => Ok(Method::Highs),
        #[cfg(not(feature = "highs"))]
        "highs" => Err("this program is built without HiGHS; build one that has it: \
                        cargo build --release --features highs"
            .to_owned()),
        _ => Err("own or highs".to_owned()),
    }
}

impl Plan {
    pub(super) async fn run(&self, session: Session) -> anyhow::Result<u8> {
        match self {
            Self::Make(make) => make.run(&session).await,
            Self::Check(check) => check.run(&session),
            Self::Adopt { no } => adopt(&session, *no).await,
            Self::Diff { no } => diff(&session, *no).await,
            Self::Show { no, day, place, vials } => {
                show(&session, *no, (*day, place.as_deref()), *vials).await
            }
            Self::Tours(tours) => tours.run(&session).await,
            Self::List => list(&session).await,
            Self::Why(why) => why.run(&session).await,
            Self::WhatIf(what_if) => what_if.run(&session).await,
        }
    }
}

impl Make {
    async fn run(&self, session: &Session) -> anyhow::Result<u8> {
        let limit = self.seconds.map(Duration::from_secs);
        let mut limits = self.steps.map_or_else(Limits::default, Limits::steps);
        limits.method = self.solver.unwrap_or_default();
        let started = Instant::now();
        let mut time_used = || share_of(limit, started.elapsed());
        let out = session.out;
        let mut progress = |at: SearchProgress| tell(out, at, started.elapsed());
        let search = Search { limits, progress: &mut progress, time_used: &mut time_used };
        if let Some((campaign, given, from)) = self.basis.folder(session)? {
            let Search { limits, progress, time_used } = search;
            let request = planner::Request {
                campaign: &campaign,
                given: &given,
                from,
                published: &[],
                warm: None,
                limits,
            };
            let (plan, verdict) = planner::make_judged(&request, progress, time_used);
            self.print(session, &campaign, (&plan, &verdict), None, from)?;
            return Ok(exit::OK);
        }
        let (app, loaded) = session.loaded(self.basis.id.as_deref()).await?;
        let from = self.basis.from.unwrap_or_else(|| planning_day(session, &loaded));
        let now = session.clock.now();
        let Made { no, from, plan, verdict } =
            app.make_plan(&loaded, from, "hand", search, now).await?;
        self.print(session, &loaded.campaign, (&plan, &verdict), Some(no), from)?;
        app.store.close().await;
        Ok(exit::OK)
    }

    fn print(
        &self,
        session: &Session,
        campaign: &Campaign,
        (plan, verdict): (&PlanValue, &[GroupVerdict]),
        no: Option<i64>,
        from: NaiveDate,
    ) -> anyhow::Result<()> {
        if let Some(path) = &self.certificate {
            let text = serde_json::to_string(&plan.certificate)?;
            std::fs::write(path, text)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        match session.out.format {
            Format::Csv => rows_sheet(&plan.rows, session),
            Format::Json => session.out.json(&view(plan, verdict, no, from)),
            Format::Table => table(session, campaign, (plan, verdict), no),
        }
        Ok(())
    }
}

/// Today; the first day of a campaign that is over, as in a replay.
pub(super) fn planning_day(session: &Session, loaded: &Loaded) -> NaiveDate {
    let today = session.today(loaded);
    if today > loaded.campaign.end { loaded.campaign.start } else { today }
}

/// The share of a limit that is used; 0 without one.
pub(super) fn share_of(limit: Option<Duration>, used: Duration) -> f64 {
    match limit {
        None => 0.0,
        Some(Duration::ZERO) => f64::INFINITY,
        Some(limit) => used.as_secs_f64() / limit.as_secs_f64(),
    }
}

/// Tells on stderr how far the search is.
pub(super) fn tell(out: super::output::Out, at: SearchProgress, used: Duration) {
    let seconds = format!("{:.1}", used.as_secs_f64());
    let objective = format!("{:.1}", at.objective);
    if !at.upper_bound.is_finite() {
        out.note("plan-progress-first", &[("seconds", &seconds), ("objective", &objective)]);
        return;
    }
    let bound = format!("{:.1}", at.upper_bound);
    let share = if at.upper_bound > 0.0 { 1.0 - at.objective / at.upper_bound } else { 0.0 };
    let gap = format!("{:.3}", share * 100.0);
    out.note(
        "plan-progress",
        &[("seconds", &seconds), ("objective", &objective), ("bound", &bound), ("gap", &gap)],
    );
}

async fn adopt(session: &Session, no: Option<i64>) -> anyhow::Result<u8> {
    let (app, loaded) = session.loaded(None).await?;
    let adopted = app.adopt_plan(&loaded, no, session.clock.now()).await?;
    session.out.note(
        "plan-adopted",
        &[
            ("no", &adopted.no),
            ("new", &adopted.people.new.len()),
            ("kept", &adopted.people.kept),
            ("ended", &adopted.people.ended.len()),
        ],
    );
    app.store.close().await;
    Ok(exit::OK)
}

async fn diff(session: &Session, no: Option<i64>) -> anyhow::Result<u8> {
    let (app, loaded) = session.loaded(None).await?;
    let old = app.plan(&loaded, None).await?;
    let new = match no {
        Some(_) => app.plan(&loaded, no).await?,
        None => app.draft(&loaded).await?,
    };
    let Some((head, new)) = new else {
        session.out.note("plan-no-draft", &[]);
        return Ok(exit::OK);
    };
    let old = old.map(|(_, rows)| rows).unwrap_or_default();
    let found = planner::diff(&old, &new, head.from);
    if session.out.format == Format::Json {
        session.out.json(&found);
    } else {
        let columns = ["day", "place", "name", "doses_before", "doses_after", "change"];
        let mut sheet = Sheet::new(&columns);
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
                session.out.word(&format!("change-{kind}")),
            ]);
        }
        session.out.sheet(&sheet);
        session.out.note(
            "plan-diff",
            &[
                ("changed", &found.sessions.len()),
                ("same", &found.same_sessions),
                ("before", &found.doses_before),
                ("after", &found.doses_after),
            ],
        );
    }
    Ok(if found.is_empty() { exit::OK } else { exit::CHANGES })
}

/// The plan asked for, else the adopted one, else the newest draft.
pub(super) async fn any_plan(
    session: &Session,
    app: &App,
    loaded: &Loaded,
    no: Option<i64>,
) -> anyhow::Result<Option<(crate::store::plans::PlanHead, Vec<PlanRow>)>> {
    let mut found = app.plan(loaded, no).await?;
    if found.is_none() && no.is_none() {
        found = app.draft(loaded).await?;
    }
    if found.is_none() {
        session.out.note("plan-none", &[]);
    }
    Ok(found)
}

async fn show(
    session: &Session,
    no: Option<i64>,
    (day, place): (Option<NaiveDate>, Option<&str>),
    vials: bool,
) -> anyhow::Result<u8> {
    let (app, loaded) = session.loaded(None).await?;
    let Some((head, mut rows)) = any_plan(session, &app, &loaded, no).await? else {
        return Ok(exit::FAILED);
    };
    let asked = |on: NaiveDate, at: &PlaceCode, team: Option<&TeamCode>| {
        let here =
            |place: &str| at.as_str() == place || team.is_some_and(|team| team.as_str() == place);
        day.is_none_or(|day| on == day) && place.is_none_or(here)
    };
    if vials {
        let history = app.history(&loaded, head.from).await?;
        let campaign = &loaded.campaign;
        let fixed = planning_day(session, &loaded).max(head.from) - TimeDelta::days(1);
        let fixed = fixed + TimeDelta::days(i64::from(campaign.freeze_days));
        let mut sessions = planner::vials(campaign, &rows, &history, head.from);
        let mut advice = planner::merges(campaign, &rows, &history, head.from, fixed);
        sessions.retain(|one| asked(one.day, &one.place, one.team.as_ref()));
        let is_shown = |merge: &planner::Merge, day| {
            sessions.iter().any(|one| one.place == merge.place && one.day == day)
        };
        advice.retain(|merge| is_shown(merge, merge.from) || is_shown(merge, merge.into));
        plan_vials::print(session, campaign, &plan_vials::View { sessions, advice });
        return Ok(exit::OK);
    }
    rows.retain(|row| asked(row.day, &row.place, row.team.as_ref()));
    match session.out.format {
        Format::Json => session.out.json(&rows),
        Format::Csv | Format::Table => rows_sheet(&rows, session),
    }
    session.out.note(
        "plan-shown",
        &[("no", &head.no), ("state", &head.state.word()), ("from", &head.from)],
    );
    Ok(exit::OK)
}

async fn list(session: &Session) -> anyhow::Result<u8> {
    #[derive(Serialize)]
    struct Line {
        plan: i64,
        state: &'static str,
        from: NaiveDate,
        made_by: String,
        made_at: String,
        doses: u64,
        people_finished: u64,
        gap: f64,
    }
    let (app, loaded) = session.loaded(None).await?;
    let zone = loaded.campaign.timezone;
    let lines: Vec<Line> = app
        .plan_list(&loaded)
        .await?
        .into_iter()
        .map(|head| Line {
            plan: head.no,
            state: head.state.word(),
            from: head.from,
            made_by: head.made_by,
            made_at: super::job::local(zone, head.made_at),
            doses: head.figures.doses,
            people_finished: head.figures.people_finished,
            gap: head.figures.gap,
        })
        .collect();
    if session.out.format == Format::Json {
        session.out.json(&lines);
        return Ok(exit::OK);
    }
    let columns = ["plan", "state", "from", "made_by", "made_at", "doses", "people_finished"];
    let mut sheet = Sheet::new(&columns);
    for line in lines {
        sheet.push(vec![
            line.plan.to_string(),
            line.state.to_owned(),
            line.from.to_string(),
            line.made_by,
            line.made_at,
            line.doses.to_string(),
            line.people_finished.to_string(),
        ]);
    }
    session.out.sheet(&sheet);
    Ok(exit::OK)
}
