//! `doseplan demo`: the Danyang campaign of 2021, lived through by the real runner on a simulated clock.

use super::output::harmless;
use super::{Session, coverage, daemon, exit, parse_day};
use crate::app::coverage::AsOf;
use crate::app::import::Kind;
use crate::app::plans::Search;
use crate::app::{App, Loaded};
use crate::clock::Clock;
use crate::domain::account::Role;
use crate::domain::campaign::Campaign;
use crate::domain::coverage::Depth;
use crate::domain::date::{days, resolve};
use crate::domain::permission::Actor;
use crate::domain::planner::Limits;
use crate::jobs::runner::Runner;
use crate::store::Store;
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Live through the Danyang campaign on a simulated clock, then go on.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End when the replay has ended, instead of going on as a daemon
    #[arg(long)]
    once: bool,
    /// Last day of the replay; the daemon's clock goes on from its end
    #[arg(long, value_parser = parse_day)]
    until: Option<NaiveDate>,
    /// Steps that the first plan's search may take; 0 is the quick plan without a bound
    #[arg(long)]
    steps: Option<u32>,
    /// The folder to make; an older demo in it is replaced
    #[arg(long, default_value = "doseplan-demo")]
    dir: PathBuf,
}

/// Day by day, a place's doses are reported at this hour.
const REPORT_HOUR: u32 = 18;
/// Steps of the first plan's search: near enough to the best, and soon there.
const STEPS: u32 = 1500;
/// Steps of a night's search: what really happened is far from any plan, so that most nights need one, and there are
/// two hundred of them. A daemon takes three times as long for plans that are worth about 1 % more.
const NIGHTLY_STEPS: u32 = 400;
/// The last look of a replay: after the last morning's summary.
const LAST_LOOK_HOUR: u32 = 8;

macro_rules! example {
    ($($name:literal),+ $(,)?) => {
        /// The example's files, so that the program shows it wherever it is.
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

/// A running replay.
struct Replay {
    session: Session,
    runner: Runner,
    loaded: Loaded,
    clock: Clock,
    reports: PathBuf,
    /// Reported rows by day: tallies, doses; with the header.
    tallies: Daily,
    doses: Daily,
}

/// The rows of a CSV file by the day that they are of.
struct Daily {
    header: String,
    rows: BTreeMap<NaiveDate, Vec<String>>,
}

impl Demo {
    pub(super) async fn run(&self, mut session: Session) -> anyhow::Result<u8> {
        fresh(session.out, &self.dir)?;
        let example = self.dir.join("campaign");
        fs::create_dir_all(&example)?;
        for (name, bytes) in EXAMPLE {
            fs::write(example.join(name), bytes)?;
        }
        session.config.mail.dir = self.dir.join("mail");
        let address = format!("sqlite://{}", self.dir.join("doseplan.db").display());
        let lock = daemon::lock(&address)?;
        let store = Store::open(&address, true).await?;
        let app = App::new(store, session.config.clone());
        let mut replay = Box::pin(start(session, app, &example, self)).await?;
        let campaign = replay.loaded.campaign.clone();
        let last = self.until.unwrap_or(campaign.end).clamp(campaign.start, campaign.end);
        replay.live(last).await?;
        replay.print(last).await?;
        let Replay { session, runner, clock, .. } = replay;
        if self.once {
            runner.app.store.close().await;
        } else {
            let now = clock.now();
            session.out.note("demo-goes-on", &[("now", &now.with_timezone(&campaign.timezone))]);
            let listener = daemon::listen(session.config.http.listen).await?;
            if let Some(address) = listener.as_ref().and_then(|it| it.local_addr().ok()) {
                let password = account(&runner.app, now).await?;
                let address = format!("http://{address}/");
                session.out.note(
                    "demo-dashboard",
                    &[("address", &address), ("name", &ACCOUNT), ("password", &password)],
                );
            }
            daemon::serve(runner, Clock::shifted_to(now), listener).await?;
        }
        drop(lock);
        Ok(exit::OK)
    }
}

/// The account of the dashboard.
const ACCOUNT: &str = "demo";

/// Makes the account, with a password that nobody guesses: the dashboard may be open to the machine's other users.
async fn account(app: &App, now: DateTime<Utc>) -> anyhow::Result<String> {
    let mut password = crate::app::accounts::secret_text();
    password.truncate(16);
    let role = (Role::Admin, &[][..]);
    app.add_account(ACCOUNT, role, &password, Actor::CommandLine, now).await?;
    Ok(password)
}

/// Makes the folder anew; what is not a demo's is never removed.
fn fresh(out: super::output::Out, dir: &Path) -> anyhow::Result<()> {
    if dir.exists() {
        let is_demo = dir.join("doseplan.db").exists() && dir.join("campaign").exists();
        let is_empty = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none());
        if !is_demo && !is_empty {
            return Err(out.fail("fail-not-a-demo", &[("dir", &dir.display())]));
        }
        // A daemon that still works on it would lose its database under its feet.
        drop(daemon::lock(&format!("sqlite://{}", dir.join("doseplan.db").display()))?);
        fs::remove_dir_all(dir).with_context(|| format!("{} cannot be removed", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))
}

fn at(campaign: &Campaign, day: NaiveDate, hour: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, 0, 0).expect("a full hour");
    resolve(campaign.timezone, day.and_time(time))
}

/// Stores the campaign and its register, plans, adopts: what an office does before the first day.
async fn start(session: Session, app: App, example: &Path, demo: &Demo) -> anyhow::Result<Replay> {
    let out = session.out;
    let campaign =
        super::campaign::read(&session, example).map_err(|_| out.fail("fail-no-example", &[]))?;
    let clock = Clock::simulated(at(&campaign, campaign.start - TimeDelta::days(1), 8));
    app.apply(&campaign, Actor::CommandLine, clock.now()).await?;
    out.note("demo-applied", &[("name", &harmless(&campaign.name))]);
    let loaded = app.campaign(Some(campaign.id.as_str())).await?;
    let nightly = Limits { repair_steps: NIGHTLY_STEPS, ..Limits::QUICK };
    let runner = Runner { nightly, ..Runner::new(app, daemon::owner()) };
    // The first look sets the watermarks: the timetable begins now.
    runner.tick(clock.now()).await?;
    let app = &runner.app;
    let register = example.join("persons.csv");
    let done = app.import(&loaded, Kind::Persons, &register, out.language, clock.now()).await?;
    out.note("demo-register", &[("people", &done.new)]);
    let limits = Limits::steps(demo.steps.unwrap_or(STEPS));
    let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
    let by = Actor::CommandLine;
    let made = app.make_plan(&loaded, None, by, search, clock.now()).await?;
    let adopted = app.adopt_plan(&loaded, Some(made.no), by, clock.now()).await?;
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
    fs::create_dir_all(&reports)?;
    Ok(Replay {
        tallies: daily(&example.join("tallies.csv"), 1)?,
        doses: daily(&example.join("doses.csv"), 2)?,
        session,
        runner,
        loaded,
        clock,
        reports,
    })
}

/// The rows of a file by the day in column `column`.
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
        let campaign = self.loaded.campaign.clone();
        let bar = ProgressBar::new(campaign.day_count() as u64).with_style(
            ProgressStyle::with_template("{bar:40} {pos}/{len}  {msg}  {elapsed}")
                .expect("the template is well written"),
        );
        self.look_until(at(&campaign, campaign.start, 0)).await?;
        for day in days(campaign.start, last) {
            bar.set_message(day.to_string());
            self.look_until(at(&campaign, day, REPORT_HOUR)).await?;
            self.clock.set(at(&campaign, day, REPORT_HOUR));
            self.report(day).await?;
            self.look_until(at(&campaign, day + TimeDelta::days(1), 0)).await?;
            bar.inc(1);
        }
        if last == campaign.end {
            let morning = at(&campaign, last + TimeDelta::days(1), LAST_LOOK_HOUR);
            self.look_until(morning).await?;
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Sets the clock to one due time after the other and looks, up to an instant.
    async fn look_until(&self, until: DateTime<Utc>) -> anyhow::Result<()> {
        while let Some(next) = self.runner.next(self.clock.now()).await? {
            if next > until {
                break;
            }
            self.clock.set(next.max(self.clock.now() + TimeDelta::seconds(1)));
            self.runner.tick(self.clock.now()).await?;
        }
        self.clock.set(until);
        Ok(())
    }

    /// The day's reports come in.
    async fn report(&self, day: NaiveDate) -> anyhow::Result<()> {
        for (kind, name, daily) in
            [(Kind::Doses, "doses", &self.doses), (Kind::Tallies, "tallies", &self.tallies)]
        {
            let Some(rows) = daily.rows.get(&day) else { continue };
            let path = self.reports.join(format!("{name}-{day}.csv"));
            fs::write(&path, format!("{}\n{}\n", daily.header, rows.join("\n")))?;
            let (now, language) = (self.clock.now(), self.session.out.language);
            let done = self.runner.app.import(&self.loaded, kind, &path, language, now).await?;
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

    /// Prints the coverage of the last day and what was mailed.
    async fn print(&self, last: NaiveDate) -> anyhow::Result<()> {
        let app = &self.runner.app;
        let figures = app.coverage(&self.loaded, AsOf::day(last), Depth::Root).await?;
        coverage::print_figures(&self.session, &self.loaded, &figures, false);
        let status = app.status(&self.loaded, Some(last), self.clock.now()).await?;
        let mails: Vec<String> =
            status.mail.iter().map(|(state, count)| format!("{state} {count}")).collect();
        let mails = mails.join(" · ");
        let (doses, dir) = (crate::text::thousands(status.doses), &app.config.mail.dir);
        self.session.out.note(
            "demo-end",
            &[("day", &last), ("doses", &doses), ("mails", &mails), ("dir", &dir.display())],
        );
        Ok(())
    }
}
