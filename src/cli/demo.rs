//! `doseplan demo`: the Danyang campaign of 2021, replayed day by day on a simulated clock by the same runner that the
//! daemon uses.

use super::daemon::Http;
use super::output::harmless;
use super::{Invocation, coverage, daemon, exit, parse_day};
use crate::app::coverage::AsOf;
use crate::app::import::Kind;
use crate::app::plans::Search;
use crate::app::{App, Loaded};
use crate::clock::Clock;
use crate::config::{ChannelConfig, Listen, MAIL, TransportKind};
use crate::domain::account::Role;
use crate::domain::campaign::Campaign;
use crate::domain::coverage::Depth;
use crate::domain::date::{days, resolve};
use crate::domain::gateway::Service;
use crate::domain::permission::Actor;
use crate::domain::planner::Limits;
use crate::files;
use crate::jobs::runner::Runner;
use crate::mail::transport::Transport;
use crate::store::{Store, place};
use crate::web::{Site, listen, serve_booking};
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Replay the Danyang campaign on a simulated clock, then go on
#[derive(Debug, Args)]
pub(super) struct Demo {
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

/// The channel of texts to people without an address.
const TEXTS: &str = "sms";
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
            include_bytes!(concat!("../../schedules/campaigns/danyang-2021/", $name)),
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

/// The campaign on its simulated clock, with what runs its jobs.
struct Stage {
    invocation: Invocation,
    runner: Runner,
    loaded: Loaded,
    clock: Clock,
}

/// A running replay.
struct Replay {
    stage: Stage,
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
    pub(super) async fn run(&self, mut invocation: Invocation) -> anyhow::Result<u8> {
        fresh(invocation.out, &self.dir)?;
        let example = self.dir.join("campaign");
        files::create_dir_all(&example)?;
        for (name, bytes) in EXAMPLE {
            files::write(&example.join(name), bytes)?;
        }
        invocation.config.mail.dir = self.dir.join("mail");
        if invocation.config.channels.is_empty() {
            let group = ChannelConfig::to_folder(Service::Wecom, self.dir.join("group"));
            invocation.config.channels.insert("leads".to_owned(), group);
            let texts = ChannelConfig::to_folder(Service::Webhook, self.dir.join("texts"));
            invocation.config.channels.insert(TEXTS.to_owned(), texts);
            invocation.config.reminders.contact_order = vec![MAIL.to_owned(), TEXTS.to_owned()];
        }
        let address = place::address(&self.dir.join("doseplan.db"))?;
        let mut lock = daemon::lock(&address)?;
        let store = Store::open(&address, true).await?;
        if let Some(lock) = &mut lock {
            lock.hold_file()?;
        }
        // A replay can be repeated: until its end, nothing waits for the disk.
        store.wait_for_disk(false).await?;
        let mut app = App::new(store, invocation.config.clone());
        let mail = &invocation.config.mail;
        if mail.transport == TransportKind::Folder {
            app.transport = Some(Transport::QuickFolder(mail.dir.clone()));
        }
        let stage = Box::pin(Stage::set(invocation, app, &example)).await?;
        let campaign = stage.loaded.campaign.clone();
        let last = self.until.unwrap_or(campaign.end).clamp(campaign.start, campaign.end);
        // With `--once` nobody is expected to look.
        let http = if self.once { None } else { stage.open(end_of(&campaign, last)).await? };
        let mut replay = Box::pin(stage.begin(&example, self)).await?;
        if !self.once {
            replay.stage.open_booking().await?;
        }
        replay.live(last).await?;
        replay.print(last).await?;
        let Stage { invocation, mut runner, clock, .. } = replay.stage;
        runner.app.transport = None;
        runner.app.store.wait_for_disk(true).await?;
        if self.once {
            runner.app.store.close().await;
        } else {
            clock.release();
            let now = clock.now().with_timezone(&campaign.timezone);
            invocation.out.note("demo-goes-on", &[("now", &now.format("%Y-%m-%d %H:%M"))]);
            daemon::serve(runner, clock, http, None).await?;
        }
        drop(lock);
        Ok(exit::OK)
    }
}

/// The account of the dashboard.
const ACCOUNT: &str = "demo";

/// Makes the account and returns its password, which is random: the machine's other users can reach the dashboard.
async fn account(app: &App, now: DateTime<Utc>) -> anyhow::Result<String> {
    let mut password = crate::app::accounts::secret_text();
    password.truncate(16);
    let role = (Role::Admin, &[][..]);
    app.add_account(ACCOUNT, role, &password, Actor::CommandLine, now).await?;
    Ok(password)
}

/// Makes an empty folder. An older demo in it is removed; anything else is an error.
fn fresh(out: super::output::Out, dir: &Path) -> anyhow::Result<()> {
    if dir.exists() {
        let is_demo = dir.join("doseplan.db").exists() && dir.join("campaign").exists();
        let is_empty = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none());
        if !is_demo && !is_empty {
            return Err(out.fail("fail-not-a-demo", &[("dir", &dir.display())]));
        }
        // Fails while a daemon still uses the old database.
        drop(daemon::lock(&place::address(&dir.join("doseplan.db"))?)?);
        fs::remove_dir_all(dir).with_context(|| format!("{} cannot be removed", dir.display()))?;
    }
    files::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))
}

fn at(campaign: &Campaign, day: NaiveDate, hour: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, 0, 0).expect("a full hour");
    resolve(campaign.timezone, day.and_time(time))
}

/// When the replay of days up to `last` ends; after the last day it waits for the morning's summary.
fn end_of(campaign: &Campaign, last: NaiveDate) -> DateTime<Utc> {
    let hour = if last == campaign.end { LAST_LOOK_HOUR } else { 0 };
    at(campaign, last + TimeDelta::days(1), hour)
}

impl Stage {
    /// Stores the campaign the day before it starts.
    async fn set(invocation: Invocation, app: App, example: &Path) -> anyhow::Result<Self> {
        let out = invocation.out;
        let campaign = super::campaign::read(&invocation, example)
            .map_err(|_| out.fail("fail-no-example", &[]))?;
        let clock = Clock::simulated(at(&campaign, campaign.start - TimeDelta::days(1), 8));
        app.apply(&campaign, Actor::CommandLine, clock.now()).await?;
        out.note("demo-applied", &[("name", &harmless(&campaign.name))]);
        let loaded = app.campaign(Some(campaign.id.as_str())).await?;
        // What really happened is far from any plan, so that most nights need a search, and there are two hundred of
        // them. A daemon searches longer, for plans that are worth a few percent more.
        let nightly = Limits::AT_ONCE;
        let runner = Runner { nightly, ..Runner::new(app, daemon::owner()) };
        // The first look sets the watermarks: the timetable begins now.
        runner.tick(clock.now()).await?;
        Ok(Self { invocation, runner, loaded, clock })
    }

    /// Opens the dashboard, before anything has happened, and says what to look at. `end` is when the replay will
    /// end: logins go by that time, or weeks of the campaign would end them between two clicks.
    async fn open(&self, end: DateTime<Utc>) -> anyhow::Result<Option<Http>> {
        let config = &self.invocation.config.http;
        let tls = crate::web::Tls::read(config)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = match config.listen {
            None => match listen(Listen::DEFAULT) {
                Ok(listener) => listener,
                // Another daemon has the usual port.
                Err(_) => listen((Listen::DEFAULT.ip(), 0).into())?,
            },
            Some(_) => match daemon::listen(config)? {
                Some(listener) => listener,
                None => return Ok(None),
            },
        };
        let address = listener.local_addr()?;
        let login_clock = Clock::shifted_to(end);
        let password = account(&self.runner.app, login_clock.now()).await?;
        let site =
            Site::new(&self.runner, self.clock.clone()).with_login_clock(login_clock).with_tls(tls);
        let http = Http::start(listener, site);
        let out = self.invocation.out;
        let root = format!("{scheme}://{address}/");
        out.note(
            "demo-dashboard",
            &[("address", &root), ("name", &ACCOUNT), ("password", &password)],
        );
        let campaign = &self.loaded.campaign.id;
        out.note("demo-look", &[]);
        for page in ["overview", "map", "plan", "due", "mail"] {
            let address = format!("{root}c/{campaign}/{page}");
            out.note(&format!("demo-look-{page}"), &[("address", &address)]);
        }
        Ok(Some(http))
    }

    /// Opens the booking pages, and says where the one of a resident is.
    async fn open_booking(&self) -> anyhow::Result<()> {
        let (app, campaign) = (&self.runner.app, &self.loaded.campaign);
        let held = app.bookings(&self.loaded, campaign.start).await?;
        let Some(resident) = held.first() else { return Ok(()) };
        let of = (&resident.person, 0);
        let token = app.booking_token(&self.loaded, of, campaign.end, self.clock.now()).await?;
        let listener = listen((Listen::DEFAULT.ip(), 0).into())?;
        let address = format!("http://{}/b/{token}", listener.local_addr()?);
        let site = Site::new(&self.runner, self.clock.clone());
        tokio::spawn(serve_booking(listener, site, std::future::pending()));
        self.invocation.out.note("demo-look-booking", &[("address", &address)]);
        Ok(())
    }

    /// Stores the register, plans and adopts: what an office does before the first day.
    async fn begin(self, example: &Path, demo: &Demo) -> anyhow::Result<Replay> {
        let (out, app, loaded) = (self.invocation.out, &self.runner.app, &self.loaded);
        let now = self.clock.now();
        let register = example.join("persons.csv");
        let done = app.import(loaded, Kind::Persons, &register, out.language, now).await?;
        out.note("demo-register", &[("people", &done.new)]);
        let limits = Limits::steps(demo.steps.unwrap_or(STEPS));
        let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
        let start = loaded.campaign.start;
        let by = Actor::CommandLine;
        let made = app.make_plan(loaded, Some(start), by, search, now).await?;
        let adopted = app.adopt_plan(loaded, Some(made.no), by, now).await?;
        let gap = format!("{:.2}", made.plan.figures.gap * 100.0);
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
            stage: self,
            reports,
        })
    }
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
    async fn live(&mut self, last: NaiveDate) -> anyhow::Result<()> {
        let campaign = self.stage.loaded.campaign.clone();
        let bar = ProgressBar::new(campaign.day_count() as u64).with_style(
            ProgressStyle::with_template("{bar:40} {pos}/{len}  {msg}  {elapsed}")
                .expect("the template is well written"),
        );
        self.look_until(at(&campaign, campaign.start, 0)).await?;
        for day in days(campaign.start, last) {
            bar.set_message(day.to_string());
            self.look_until(at(&campaign, day, REPORT_HOUR)).await?;
            self.report(day).await?;
            self.look_until(at(&campaign, day + TimeDelta::days(1), 0)).await?;
            bar.inc(1);
        }
        self.look_until(end_of(&campaign, last)).await?;
        bar.finish_and_clear();
        Ok(())
    }

    /// Moves the clock from one due time to the next up to an instant, and runs what is due at each.
    async fn look_until(&self, until: DateTime<Utc>) -> anyhow::Result<()> {
        let Stage { runner, clock, .. } = &self.stage;
        while let Some(next) = runner.next(clock.now()).await? {
            if next > until {
                break;
            }
            clock.set(next.max(clock.now() + TimeDelta::seconds(1)));
            runner.tick(clock.now()).await?;
            runner.hearts.mail.beat();
            runner.hearts.looked();
        }
        clock.set(until);
        Ok(())
    }

    /// Imports the day's reports.
    async fn report(&self, day: NaiveDate) -> anyhow::Result<()> {
        let Stage { invocation, runner, loaded, clock } = &self.stage;
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
        let Stage { invocation, runner, loaded, clock } = &self.stage;
        let app = &runner.app;
        let figures = app.coverage(loaded, AsOf::day(last), Depth::Root).await?;
        coverage::print_figures(invocation, loaded, &figures, false);
        let status = app.status(loaded, Some(last), clock.now()).await?;
        let mails: Vec<String> =
            status.mail.iter().map(|(state, count)| format!("{state} {count}")).collect();
        let mails = mails.join(" · ");
        let (doses, dir) = (crate::text::thousands(status.doses), &app.config.mail.dir);
        invocation.out.note(
            "demo-end",
            &[("day", &last), ("doses", &doses), ("mails", &mails), ("dir", &dir.display())],
        );
        Ok(())
    }
}
