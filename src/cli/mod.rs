//! The command line: arguments in, one call of the app, a table, JSON or CSV out. Data go to stdout, words to stderr.

mod account;
mod acts;
mod applied;
mod backup;
mod bookings;
mod bounce;
mod broken;
mod browser;
mod campaign;
mod catch_up;
mod cell_words;
mod channels;
mod checks;
mod chosen;
mod conflicts;
mod coverage;
mod daemon;
mod db;
mod demo;
mod digest;
mod doctor;
mod due;
mod explain;
mod findings;
mod forecast;
mod forecast_out;
mod forecast_stream;
mod forecast_words;
mod help;
mod homes;
mod import;
mod imports;
mod job;
mod jurisdiction;
mod layout;
mod log;
mod mails;
mod national;
mod national_base;
mod national_files;
mod national_more;
mod national_print;
mod national_schools;
mod outbox;
mod output;
mod person_show;
mod persons;
mod plan;
mod plan_allocation;
mod plan_check;
mod plan_choice;
mod plan_files;
mod plan_joint;
mod plan_lock;
mod plan_odds;
mod plan_overbooking;
mod plan_print;
mod plan_progress;
mod plan_surge;
mod plan_tour_sheets;
mod plan_tours;
mod plan_vials;
mod plan_what_if;
mod plan_why;
mod record_history;
mod report;
mod report_bulletin;
mod report_print;
mod roster;
mod roster_basis;
mod roster_files;
mod roster_stored;
mod roster_weeks;
mod schools;
mod schools_print;
mod schools_send;
mod service;
mod snippet;
mod status;
#[cfg(test)]
mod tests;
mod trail;
mod unsubscribe;
mod usage_errors;
mod verdict;
mod workbook;

use usage_errors::{parse_day, parse_language};

use crate::app::{App, AppError, Loaded};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::campaign::Language;
use crate::domain::id::AreaCode;
use crate::jobs::runner::Runner;
use crate::jobs::timetable::{Timetable, TimetableError};
use crate::secrets;
use crate::store::{Store, StoreError};
use anyhow::Context as _;
use clap::{Args, CommandFactory, Parser, Subcommand};
use output::{Format, Out};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit codes, as the contract defines them.
mod exit {
    pub(super) const OK: u8 = 0;
    pub(super) const FAILED: u8 = 1;
    pub(super) const REFUSED: u8 = 3;
    pub(super) const CONFIGURATION: u8 = 4;
    pub(super) const DATABASE: u8 = 5;
    pub(super) const CHANGES: u8 = 10;
    pub(super) const BELOW: u8 = 11;
}

/// Plans vaccination campaigns, tracks coverage against the eligible people, and mails the people who run them.
#[derive(Debug, Parser)]
#[command(name = "doseplan", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Args)]
struct Common {
    /// Database: sqlite://FILE or postgres://USER@HOST/NAME [default: sqlite://doseplan.db]
    #[arg(long, global = true, env = "DOSEPLAN_DB", hide_env_values = true)]
    db: Option<String>,
    /// Configuration file [default: ./doseplan.toml]
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// The campaign [default: all open ones, or the only one]
    #[arg(long, global = true, value_name = "ID")]
    campaign: Option<String>,
    /// Language of the output: zh-CN or en [default: from the environment]
    #[arg(long, global = true, value_parser = parse_language)]
    lang: Option<Language>,
    /// How data are printed
    #[arg(short = 'o', long = "output", global = true, value_enum, default_value_t)]
    output: Format,
    /// Never ask; fail and say what would have been asked
    #[arg(long, global = true)]
    no_input: bool,
    /// Format of the log on stderr; DOSEPLAN_LOG sets what is logged, for example debug
    #[arg(
        long,
        global = true,
        env = "DOSEPLAN_LOG_FORMAT",
        hide_env_values = true,
        value_enum,
        default_value_t
    )]
    log: log::Form,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay the Danyang campaign on a simulated clock, then continue in real time
    Demo(demo::Demo),
    /// Check, store and list campaigns
    #[command(subcommand)]
    Campaign(campaign::Campaign),
    /// Areas and places, which all campaigns share
    #[command(subcommand)]
    Jurisdiction(jurisdiction::Jurisdiction),
    /// Make, check, compare and adopt plans
    #[command(subcommand)]
    Plan(plan::Plan),
    /// Make, check, show, export and publish rosters: who works where on which day
    #[command(subcommand)]
    Roster(roster::Roster),
    /// Lists of pupils, consent, visits by class, lists to print and who was missed
    #[command(subcommand)]
    Schools(schools::Schools),
    /// Rounds of teams to people who are visited at home
    #[command(subcommand)]
    Homes(homes::Homes),
    /// Doses given to people
    #[command(subcommand)]
    Doses(import::Doses),
    /// Doses counted without names
    #[command(subcommand)]
    Tallies(import::Tallies),
    /// The register of people
    #[command(subcommand)]
    Persons(persons::Persons),
    /// Files that were imported
    #[command(subcommand)]
    Import(imports::Import),
    /// People who refused, are deferred, contraindicated, have moved or died
    #[command(subcommand)]
    Outcomes(import::Outcomes),
    /// People whose next dose is due
    #[command(subcommand)]
    Due(due::Due),
    /// Doses that people of the register are missing, and the areas below the target share
    #[command(subcommand)]
    CatchUp(catch_up::CatchUp),
    /// Evaluate histories and forecast the next doses, one JSON object per line in and out
    Forecast(forecast::Forecast),
    /// The monthly tables to hand up, and the records behind each cell
    #[command(subcommand)]
    Report(report::Report),
    /// The official figures of the national immunisation programme
    #[command(subcommand)]
    National(national::NationalFigures),
    /// Coverage of the eligible people
    Coverage(coverage::Coverage),
    /// One screen: campaign, day, plan and progress, late sites, jobs, mail
    Status(status::Status),
    /// The daily mails
    #[command(subcommand)]
    Digest(digest::Digest),
    /// The mail queue
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// Text messages and robots in group chats
    #[command(subcommand)]
    Channels(channels::Channels),
    /// Appointments by slot, what another program booked, and links to the booking page
    #[command(subcommand)]
    Bookings(bookings::Bookings),
    /// Mails that were returned
    #[command(subcommand)]
    Bounce(bounce::Bounce),
    /// Readers who want no more reminders
    Unsubscribe(unsubscribe::Unsubscribe),
    /// The timetable
    #[command(subcommand)]
    Job(job::Job),
    /// Run the timetable until stopped
    Daemon(daemon::Daemon),
    /// Who may use the dashboard
    #[command(subcommand)]
    Account(account::Account),
    /// Check the installation: one line and one remedy for each check
    Doctor,
    /// The database itself
    #[command(subcommand)]
    Db(db::Db),
    /// Write a copy of the database into a file, while the daemon runs
    Backup(backup::Backup),
    /// Restore the database from a backup
    Restore(backup::Restore),
    /// What the code of an issue means and what to do about it
    Explain(explain::Explain),
    /// Write a man page for every command into a folder
    Man {
        /// The folder; created if needed
        dir: PathBuf,
    },
    /// Print a shell's completion script
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What every command of an invocation needs.
#[derive(Clone)]
struct Invocation {
    common: Common,
    config: Config,
    clock: Clock,
    out: Out,
}

/// Parses the arguments, runs the command and returns the exit code.
pub fn main() -> ExitCode {
    // Before anything else: a child that reads a workbook needs no log and no threads.
    if let Some(code) = crate::intake::serve_workbook(output::stream()) {
        return code;
    }
    crate::intake::read_workbooks_in_children();
    let (cli, path) = help::parse();
    let log = cli.common.log;
    let language = cli.common.lang.unwrap_or_else(language_of_environment);
    log::start(log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::tell(&format!("doseplan: the runtime could not be started: {error}"));
            return ExitCode::from(exit::FAILED);
        }
    };
    let code = runtime.block_on(async {
        match Box::pin(start(cli)).await {
            Ok(code) => code,
            Err(error) => {
                log::ended(log, language, &error);
                code_of(&error)
            }
        }
    });
    ExitCode::from(output::ended(code, acts::ACTS.contains(&path.as_str())))
}

fn code_of(error: &anyhow::Error) -> u8 {
    if error.chain().any(<dyn std::error::Error>::is::<StoreError>) {
        return exit::DATABASE;
    }
    for cause in error.chain() {
        match cause.downcast_ref::<AppError>() {
            Some(AppError::Store(_) | AppError::Busy(_) | AppError::Unsound(_)) => {
                return exit::DATABASE;
            }
            Some(AppError::File(_, error)) if error.kind() != std::io::ErrorKind::NotFound => {
                return exit::DATABASE;
            }
            Some(AppError::Refused(_)) | None => {}
            Some(_) => return exit::CONFIGURATION,
        }
    }
    let missing = |cause: &(dyn std::error::Error + 'static)| {
        let found = cause.downcast_ref::<std::io::Error>();
        found.is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    };
    let unusable = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<crate::config::ConfigError>()
            || cause.is::<plan_files::Unusable>()
            || cause.is::<crate::jobs::timetable::TimetableError>()
            || cause.is::<daemon::CannotListen>()
            || cause.is::<crate::web::BadCertificate>()
    };
    if error.chain().any(|cause| unusable(cause) || missing(cause)) {
        return exit::CONFIGURATION;
    }
    exit::FAILED
}

async fn start(cli: Cli) -> anyhow::Result<u8> {
    let config = configuration(&cli.common)?;
    for address in cli.common.db.iter().chain(&config.db) {
        secrets::keep(address);
    }
    let language = cli.common.lang.or(config.language).unwrap_or_else(language_of_environment);
    let out = Out { language, format: cli.common.output };
    let invocation =
        Invocation { common: cli.common, config, clock: Clock::from_environment(), out };
    let trail = trail::of(&cli.command);
    if let Some(trail) = trail.as_ref().filter(|trail| trail.is_before) {
        trail.write(&invocation).await?;
    }
    let later = trail.filter(|trail| !trail.is_before).map(|trail| (trail, invocation.clone()));
    let code = Box::pin(run(cli.command, invocation)).await?;
    if let Some((trail, invocation)) = later.filter(|_| code == exit::OK || code == exit::REFUSED) {
        // What was done is done, also where the log cannot be written: a backup of a disk that is read-only.
        if let Err(error) = trail.write(&invocation).await {
            output::tell(&format!("doseplan: the audit log lacks this command: {error:#}"));
        }
    }
    Ok(code)
}

/// Runs a command.
async fn run(command: Command, invocation: Invocation) -> anyhow::Result<u8> {
    match command {
        Command::Demo(it) => Box::pin(it.run(invocation)).await,
        Command::Campaign(it) => it.run(invocation).await,
        Command::Jurisdiction(it) => it.run(invocation).await,
        Command::Plan(it) => it.run(invocation).await,
        Command::Roster(it) => Box::pin(it.run(&invocation)).await,
        Command::Schools(it) => Box::pin(it.run(&invocation)).await,
        Command::Homes(it) => Box::pin(it.run(&invocation)).await,
        Command::Doses(it) => it.run(invocation).await,
        Command::Tallies(it) => it.run(invocation).await,
        Command::Persons(it) => it.run(invocation).await,
        Command::Outcomes(it) => it.run(invocation).await,
        Command::Import(it) => it.run(invocation).await,
        Command::Due(it) => it.run(invocation).await,
        Command::CatchUp(it) => it.run(invocation).await,
        Command::Forecast(it) => it.run(&invocation),
        Command::Report(it) => it.run(invocation).await,
        Command::National(it) => Box::pin(it.run(&invocation)).await,
        Command::Coverage(it) => it.run(invocation).await,
        Command::Status(it) => it.run(invocation).await,
        Command::Digest(it) => it.run(invocation).await,
        Command::Outbox(it) => it.run(invocation).await,
        Command::Channels(it) => it.run(invocation).await,
        Command::Bounce(it) => it.run(invocation).await,
        Command::Bookings(it) => it.run(invocation).await,
        Command::Unsubscribe(it) => it.run(invocation).await,
        Command::Job(it) => it.run(invocation).await,
        Command::Daemon(it) => it.run(invocation).await,
        Command::Account(it) => it.run(invocation).await,
        Command::Doctor => doctor::doctor(invocation).await,
        Command::Db(it) => it.run(invocation).await,
        Command::Backup(it) => it.run(invocation).await,
        Command::Restore(it) => it.run(invocation).await,
        Command::Explain(it) => it.run(&invocation),
        Command::Man { dir } => {
            let count = help::man(&dir, invocation.clock.now().date_naive())
                .with_context(|| format!("{} cannot be written", dir.display()))?;
            invocation.out.note("man-written", &[("dir", &dir.display()), ("count", &count)]);
            Ok(exit::OK)
        }
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "doseplan", &mut script);
            output::print(&String::from_utf8_lossy(&script));
            Ok(exit::OK)
        }
    }
}

/// Reads the configuration.
fn configuration(common: &Common) -> Result<Config, crate::config::ConfigError> {
    Config::read(&common.configuration(), common.config.is_some())
}

impl Common {
    /// The file of the configuration.
    fn configuration(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| PathBuf::from("doseplan.toml"))
    }
}

/// The timetable that a configuration names.
fn timetable_of(config: &Config) -> Result<Timetable, TimetableError> {
    config.timetable.as_deref().map_or_else(|| Ok(Timetable::delivered()), Timetable::read)
}

/// The language set in the environment; Chinese if none is set.
fn language_of_environment() -> Language {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .and_then(|value| Language::from_tag(value.split('.').next().unwrap_or_default()))
        .unwrap_or_default()
}

impl Invocation {
    fn address(&self) -> String {
        let named = self.common.db.clone().or_else(|| self.config.db.clone());
        named.unwrap_or_else(|| "sqlite://doseplan.db".to_owned())
    }

    /// Opens the database; with `create`, a missing SQLite file is created.
    async fn open(&self, create: bool) -> anyhow::Result<App> {
        let address = self.address();
        let opened = Store::open(&address, create).await.map_err(AppError::from);
        let store = opened.with_context(|| format!("database {}", secrets::shown(&address)))?;
        let mut store = store
            .with_clock(self.clock.clone())
            .with_faults(crate::fault::Faults::from_environment());
        if let Some(file) = &self.config.audit.key_file {
            store = store.with_audit_key(file.clone());
        }
        let app = App::new(store, self.config.clone());
        // What an older version stored is brought up to what this one keeps.
        let now = self.clock.now();
        app.seal_older(now).await?;
        app.settle(now).await.with_context(|| format!("database {}", secrets::shown(&address)))?;
        app.settle_places(now).await?;
        // An earlier edition of the program may have suppressed readers for what was not their fault.
        let again = app.judge_bounces_again(self.clock.now()).await?.unwrap_or_default();
        if !again.released.is_empty() {
            let (count, kept) = (again.released.len(), again.kept);
            let told: [(&str, &dyn std::fmt::Display); 3] =
                [("count", &count), ("queued", &again.queued), ("kept", &kept)];
            self.out.note("bounce-judged-again", &told);
        }
        Ok(app)
    }

    /// The timetable of this installation.
    fn timetable(&self) -> Result<Timetable, TimetableError> {
        timetable_of(&self.config)
    }

    /// A runner of this process, with the timetable of this installation.
    fn runner(&self, app: App) -> Result<Runner, TimetableError> {
        let timetable = self.timetable()?;
        Ok(Runner { timetable, ..Runner::new(app, daemon::owner()) })
    }
}

/// The area with this code and all areas below it; `None` without a code.
fn areas_below<'a>(
    out: Out,
    loaded: &'a Loaded,
    code: Option<&str>,
) -> anyhow::Result<Option<BTreeSet<&'a AreaCode>>> {
    let Some(code) = code else { return Ok(None) };
    let area = loaded
        .campaign
        .area(code)
        .ok_or_else(|| out.fail("fail-no-area", &[("code", &output::harmless(code))]))?;
    Ok(Some(loaded.campaign.below(&area.code)))
}
