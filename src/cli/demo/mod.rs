//! `doseplan demo`: the Danyang campaign of 2021, replayed day by day on a simulated clock by the same runner that the
//! daemon uses.

mod county;
mod reports;
mod stage;

use super::output::{Out, harmless};
use super::{Invocation, coverage, parse_day};
use crate::app::Loaded;
use crate::app::coverage::AsOf;
use crate::app::import::Kind;
use crate::app::plans::Search;
use crate::config::Listen;
use crate::domain::campaign::Campaign;
use crate::domain::coverage::Depth;
use crate::domain::date::days;
use crate::domain::figure::fixed;
use crate::domain::message::MailState;
use crate::domain::permission::Actor;
use crate::domain::planner::Limits;
use crate::files;
use crate::web::{Site, listen, serve_booking};
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use stage::{CAMPAIGN, Stage, at, fresh, unpack};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Replay the Danyang campaign on a simulated clock, then go on
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// A county in autumn with five campaigns at once, in place of Danyang's of 2021
    #[arg(long)]
    county: bool,
    /// Exit after the replay, instead of going on as a daemon
    #[arg(long)]
    once: bool,
    /// Last day of the replay; the daemon's clock goes on from its end
    #[arg(long, value_parser = parse_day)]
    until: Option<NaiveDate>,
    /// Steps that the first plan's search may take; 0 is the quick plan without a bound
    #[arg(long)]
    steps: Option<u32>,
    /// The folder to create; an older demo in it is replaced
    #[arg(long, default_value = "doseplan-demo")]
    dir: PathBuf,
}

/// The hour at which each day's doses are reported.
const REPORT_HOUR: u32 = 18;
/// Steps of the first plan's search: a few seconds for a plan near the best.
const STEPS: u32 = 1500;
/// The hour at which a replay of the whole campaign ends: after the last morning's summary.
const LAST_LOOK_HOUR: u32 = 8;

macro_rules! example {
    ($($name:literal),+ $(,)?) => {
        /// The example's files, embedded so that the demo runs from any folder.
        const EXAMPLE: &[(&str, &[u8])] = &[$((
            $name,
            include_bytes!(concat!("../../../schedules/campaigns/danyang-2021/", $name)),
        )),+];
    };
}

example!(
    "campaign.toml",
    "areas.csv",
    "eligible.csv",
    "sites.csv",
    "reach.csv",
    "teams.csv",
    "stops.csv",
    "closures.csv",
    "deliveries.csv",
    "persons.csv",
    "tallies.csv",
    "doses.csv",
    "README.md",
);

/// A running replay.
struct Replay {
    stage: Stage,
    loaded: Loaded,
    reports: PathBuf,
    /// The example's reports, which come in day by day.
    tallies: Daily,
    doses: Daily,
}

/// The rows of a CSV file by their day.
struct Daily {
    header: String,
    rows: BTreeMap<NaiveDate, Vec<String>>,
}

impl Demo {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        fresh(invocation.out, &self.dir)?;
        if self.county {
            let asked = (self.until, self.steps, self.once);
            return Box::pin(county::run(invocation, &self.dir, asked)).await;
        }
        let example = self.dir.join(CAMPAIGN);
        unpack(&example, EXAMPLE)?;
        let campaign = super::campaign::read(&invocation, &example)
            .map_err(|_| invocation.out.fail("fail-no-example", &[]))?;
        let begin = at(campaign.timezone, campaign.start - TimeDelta::days(1), 8);
        let stage = Stage::open(invocation, &self.dir, begin).await?;
        let loaded = set(&stage, &campaign).await?;
        let last = self.until.unwrap_or(campaign.end).clamp(campaign.start, campaign.end);
        // With `--once` nobody is expected to look.
        let http = if self.once { None } else { stage.dashboard(end_of(&campaign, last)).await? };
        let http = http.map(|(http, root)| {
            look(&stage, &campaign, &root);
            http
        });
        let mut replay = Box::pin(begin_replay(stage, loaded, &example, self)).await?;
        if !self.once {
            replay.open_booking().await?;
        }
        replay.live(last).await?;
        replay.print(last).await?;
        replay.stage.go_on(campaign.timezone, http, self.once).await
    }
}

/// When the replay of days up to `last` ends; after the last day it waits for the morning's summary.
fn end_of(campaign: &Campaign, last: NaiveDate) -> DateTime<Utc> {
    let hour = if last == campaign.end { LAST_LOOK_HOUR } else { 0 };
    at(campaign.timezone, last + TimeDelta::days(1), hour)
}

/// Stores the campaign the day before it starts.
async fn set(stage: &Stage, campaign: &Campaign) -> anyhow::Result<Loaded> {
    let (app, out) = (&stage.runner.app, stage.invocation.out);
    app.apply(campaign, Actor::CommandLine, stage.clock.now()).await?;
    out.note("demo-applied", &[("name", &harmless(&campaign.name))]);
    let loaded = app.campaign(Some(campaign.id.as_str())).await?;
    stage.wake().await?;
    Ok(loaded)
}

/// Says what to look at.
fn look(stage: &Stage, campaign: &Campaign, root: &str) {
    let out = stage.invocation.out;
    out.note("demo-look", &[]);
    for page in ["overview", "map", "plan", "due", "mail"] {
        let address = format!("{root}c/{}/{page}", campaign.id);
        out.note(&format!("demo-look-{page}"), &[("address", &address)]);
    }
}

/// How many messages are in which state, in words.
fn sent(out: Out, states: &[(MailState, u64)]) -> String {
    let one = |(state, count): &(MailState, u64)| {
        let count = crate::text::thousands(*count);
        format!("{} {count}", out.word(&format!("mail-state-{state}")))
    };
    states.iter().map(one).collect::<Vec<_>>().join(" · ")
}

/// Stores the register, plans and adopts: what an office does before the first day.
async fn begin_replay(
    stage: Stage,
    loaded: Loaded,
    example: &Path,
    demo: &Demo,
) -> anyhow::Result<Replay> {
    let (out, app, now) = (stage.invocation.out, &stage.runner.app, stage.clock.now());
    let register = example.join("persons.csv");
    let done = app.import(&loaded, Kind::Persons, &register, out.language, now).await?;
    out.note("demo-register", &[("people", &crate::text::thousands(done.new))]);
    let limits = Limits::steps(demo.steps.unwrap_or(STEPS));
    let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
    let start = loaded.campaign.start;
    let by = Actor::CommandLine;
    let made = app.make_plan(&loaded, Some(start), by, search, now).await?;
    let adopted = app.adopt_plan(&loaded, Some(made.no), by, now).await?;
    let gap = fixed(made.plan.figures.gap * 100.0, 2);
    out.note(
        "demo-planned",
        &[
            ("doses", &crate::text::thousands(made.plan.figures.doses)),
            ("finished", &crate::text::thousands(made.plan.figures.people_finished)),
            ("people", &crate::text::thousands(made.plan.figures.people)),
            ("gap", &gap),
            ("assigned", &adopted.people.new.len()),
        ],
    );
    let reports = demo.dir.join("reports");
    files::create_dir_all(&reports)?;
    Ok(Replay {
        tallies: daily(&example.join("tallies.csv"), 1)?,
        doses: daily(&example.join("doses.csv"), 2)?,
        stage,
        loaded,
        reports,
    })
}

/// Reads a CSV file; its rows have their day in column `column`, counted from 0.
fn daily(path: &Path, column: usize) -> anyhow::Result<Daily> {
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default().to_owned();
    let mut rows: BTreeMap<NaiveDate, Vec<String>> = BTreeMap::new();
    for line in lines {
        let day = line.split(',').nth(column).and_then(crate::domain::date::parse_day);
        let day = day.with_context(|| format!("{}: {line:?} has no day", path.display()))?;
        rows.entry(day).or_default().push(line.to_owned());
    }
    Ok(Daily { header, rows })
}

impl Replay {
    /// Opens the booking pages, and says where the one of a resident is.
    async fn open_booking(&self) -> anyhow::Result<()> {
        let (app, campaign) = (&self.stage.runner.app, &self.loaded.campaign);
        let held = app.bookings(&self.loaded, campaign.start).await?;
        let Some(resident) = held.first() else { return Ok(()) };
        let of = (&resident.person, 0);
        let token =
            app.booking_token(&self.loaded, of, campaign.end, self.stage.clock.now()).await?;
        let listener = listen((Listen::DEFAULT.ip(), 0).into())?;
        let address = format!("http://{}/b/{token}", listener.local_addr()?);
        let site = Site::new(&self.stage.runner, self.stage.clock.clone());
        tokio::spawn(serve_booking(listener, site, std::future::pending()));
        self.stage.invocation.out.note("demo-look-booking", &[("address", &address)]);
        Ok(())
    }

    async fn live(&mut self, last: NaiveDate) -> anyhow::Result<()> {
        let campaign = self.loaded.campaign.clone();
        let bar = ProgressBar::new(campaign.day_count() as u64).with_style(
            ProgressStyle::with_template("{bar:40} {pos}/{len}  {msg}  {elapsed}")
                .expect("the template is well written"),
        );
        self.stage.look_until(at(campaign.timezone, campaign.start, 0)).await?;
        for day in days(campaign.start, last) {
            bar.set_message(day.to_string());
            self.stage.look_until(at(campaign.timezone, day, REPORT_HOUR)).await?;
            self.report(day).await?;
            self.stage.look_until(at(campaign.timezone, day + TimeDelta::days(1), 0)).await?;
            bar.inc(1);
        }
        self.stage.look_until(end_of(&campaign, last)).await?;
        bar.finish_and_clear();
        Ok(())
    }

    /// Imports the day's reports.
    async fn report(&self, day: NaiveDate) -> anyhow::Result<()> {
        let (Stage { invocation, runner, clock, .. }, loaded) = (&self.stage, &self.loaded);
        for (kind, name, daily) in
            [(Kind::Doses, "doses", &self.doses), (Kind::Tallies, "tallies", &self.tallies)]
        {
            let Some(rows) = daily.rows.get(&day) else { continue };
            let path = self.reports.join(format!("{name}-{day}.csv"));
            files::write(&path, format!("{}\n{}\n", daily.header, rows.join("\n")))?;
            let (now, language) = (clock.now(), invocation.out.language);
            let done = runner.app.import(loaded, kind, &path, language, now).await?;
            anyhow::ensure!(
                done.refused == 0 && done.fault.is_empty(),
                "{} of {} rows of {} were refused",
                done.refused,
                done.rows,
                path.display()
            );
        }
        Ok(())
    }

    /// Prints the coverage of the last day and the number of mails.
    async fn print(&self, last: NaiveDate) -> anyhow::Result<()> {
        let (Stage { invocation, runner, clock, .. }, loaded) = (&self.stage, &self.loaded);
        let app = &runner.app;
        let figures = app.coverage(loaded, AsOf::day(last), Depth::Root).await?;
        coverage::print_figures(invocation, loaded, &figures, false);
        let status = app.status(loaded, Some(last), clock.now()).await?;
        let mails = sent(invocation.out, &status.mail);
        let (doses, dir) = (crate::text::thousands(status.doses), &app.config.mail.dir);
        invocation.out.note(
            "demo-end",
            &[("day", &last), ("doses", &doses), ("mails", &mails), ("dir", &dir.display())],
        );
        Ok(())
    }
}
