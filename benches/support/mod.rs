//! What the benches share: a made-up town, a folder of their own, child processes, a table.
#![allow(dead_code, unreachable_pub, reason = "every bench uses its own part")]

use chrono::NaiveDate;
use doseplan::app::{App, Loaded};
use doseplan::args;
use doseplan::config::Config;
use doseplan::domain::campaign::Campaign;
use doseplan::domain::permission::Actor;
use doseplan::domain::person::{Person, Sex};
use doseplan::store::Store;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The result of a bench: a promise that cannot be measured is an error, not a figure.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The campaign whose areas, sites, lots and rules the made-up people live with.
pub(crate) const CAMPAIGN: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/schedules/campaigns/danyang-2021");
/// How often a waiting bench looks at a child process.
const LOOK_EVERY: Duration = Duration::from_millis(5);

const PEOPLE: &str = "WITH RECURSIVE n (i) AS \
     (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2) \
     INSERT INTO person (person, area, born, grp, sex, content, recorded_at) \
     SELECT printf('P%08d', i), a.area, '1950-01-01', 'senior', 'U', $3, 1 + 0 * $1 \
     FROM n JOIN home a ON a.no = i % (SELECT COUNT(*) FROM home)";
/// Two doses, 28 days apart.
const DOSES: &str = "INSERT INTO dose \
     (campaign, elsewhere, record, person, day, place, product, lot, recorded_at) \
     SELECT $1, 0, p.person || '-' || d.dose, p.person, \
     date('2021-04-08', '+' || (CAST(substr(p.person, 2) AS INTEGER) % 150 \
     + 28 * (d.dose - 1)) || ' days'), \
     a.place, NULL, NULL, 1 \
     FROM person p JOIN home a ON a.no = CAST(substr(p.person, 2) AS INTEGER) % \
     (SELECT COUNT(*) FROM home) CROSS JOIN (SELECT 1 AS dose UNION ALL SELECT 2) d \
     WHERE p.person LIKE 'P%'";
const FORGET_CELLS: &str = "DELETE FROM cell WHERE campaign = $1";
const FORGET_TOTALS: &str = "DELETE FROM total WHERE campaign = $1";
const CELLS: &str = "INSERT INTO cell \
     SELECT d.campaign, d.day, d.place, 'senior', CAST(substr(d.record, -1) AS INTEGER), a.area, \
     COUNT(*), 0, 0, 0, 0 FROM dose d JOIN home a ON a.place = d.place \
     WHERE d.campaign = $1 GROUP BY 1, 2, 3, 5, 6";
const TOTALS: &str = "INSERT INTO total \
     SELECT campaign, area, grp, dose, day, SUM(persons), 0, 0, 0 FROM cell \
     WHERE campaign = $1 GROUP BY campaign, area, grp, dose, day";

/// The campaign, read from its folder.
pub(crate) fn campaign() -> Result<Campaign> {
    let known = doseplan::intake::series::all();
    let read = doseplan::intake::campaign(Path::new(CAMPAIGN), known);
    Ok(read.map_err(|issues| format!("{} issues in {CAMPAIGN}", issues.len()))?.campaign)
}

/// An empty folder on the disk of the build.
pub(crate) fn folder(name: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("benches").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The address of a database file.
pub(crate) fn address(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// A new database with the campaign in it.
pub(crate) async fn app(file: &Path) -> Result<(App, Loaded)> {
    let app = App::new(Store::open(&address(file), true).await?, Config::default());
    app.apply(&campaign()?, Actor::CommandLine, doseplan::clock::Clock::System.now()).await?;
    let loaded = app.campaign(None).await?;
    Ok((app, loaded))
}

/// What a child process took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) time: Duration,
    /// Seconds of all its threads, user and system.
    pub(crate) cpu_secs: f64,
    pub(crate) peak_kib: u64,
}

/// The program itself, on a database.
pub(crate) fn doseplan(db: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doseplan"));
    command.arg("--db").arg(address(db)).args(arguments);
    command
}

/// The yardstick: the `sqlite3` shell with the write-ahead log and durability of doseplan, and a larger page cache.
pub(crate) fn sqlite3(db: &Path, statements: &[&str]) -> Command {
    let mut command = Command::new("sqlite3");
    command.args(["-bail", "-batch"]).arg(db);
    command.args(["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"]);
    command.arg("PRAGMA cache_size = -96000").args(statements);
    command
}

/// Runs a child to its end; it must succeed.
pub(crate) fn run(command: Command) -> Result<Taken> {
    run_ending(command, 0)
}

/// Runs a child to its end; it must end with this code.
pub(crate) fn run_ending(mut command: Command, code: i32) -> Result<Taken> {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (mut peak_kib, mut cpu_secs) = (0, 0.0_f64);
    loop {
        peak_kib = peak_kib.max(memory_kib(&child, "VmHWM"));
        cpu_secs = cpu_secs.max(cpu_seconds(&child));
        if let Some(status) = child.try_wait()? {
            let time = start.elapsed();
            return if status.code() == Some(code) {
                Ok(Taken { time, cpu_secs, peak_kib })
            } else {
                Err(format!("{command:?}: {status}").into())
            };
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A figure of a running process, from `/proc`; 0 where it is gone or there is no such thing.
pub(crate) fn memory_kib(child: &Child, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// CPU seconds of a running process so far, in hundredths; 0 where it is gone.
pub(crate) fn cpu_seconds(child: &Child) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    // After the name in brackets: the state is the first, user and system ticks are 12 and 13.
    let after = text.rsplit(')').next().unwrap_or_default();
    after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// The largest memory that this process has had.
pub(crate) fn own_peak_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The CPU time of this process so far, all threads together.
pub(crate) fn own_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets: the state is the first, user and system ticks are 12 and 13.
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The shortest of several runs of a child: start-up noise only ever adds.
pub(crate) fn best(times: usize, command: impl Fn() -> Command) -> Result<Taken> {
    best_ending(times, 0, command)
}

/// The same of a child that ends with another code.
pub(crate) fn best_ending(times: usize, code: i32, command: impl Fn() -> Command) -> Result<Taken> {
    let runs = (0..times).map(|_| run_ending(command(), code));
    let mut runs = runs.collect::<Result<Vec<_>>>()?;
    runs.sort_by_key(|run| run.time);
    Ok(runs[0])
}

/// Random numbers that are the same in every run.
pub(crate) struct Dice(pub u64);

impl Dice {
    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below a usize")
    }
}

/// Prints a heading.
pub(crate) fn heading(text: &str) {
    println!(
        "\n{text}\n{:<46} {:>12} {:>12} {:>7} {:>9}",
        "", "figure", "yardstick", "ratio", "bar"
    );
}

/// Prints a line: what was measured, the yardstick, their ratio, the bar.
pub(crate) fn line(
    what: &str,
    figure: impl Display,
    yardstick: impl Display,
    ratio: f64,
    bar: &str,
) {
    let (figure, yardstick) = (figure.to_string(), yardstick.to_string());
    println!("{what:<46} {figure:>12} {yardstick:>12} {ratio:>7.2} {bar:>9}");
}

/// A time for the table.
pub(crate) fn shown(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

/// One time over another.
pub(crate) fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// Memory for the table.
pub(crate) fn mib(kib: u64) -> String {
    format!("{:.0} MiB", kib as f64 / 1024.0)
}

/// What the register says of everybody; the columns beside it say who, where, how old.
pub(crate) fn somebody() -> Person {
    Person {
        id: "P".into(),
        area: "danyang".into(),
        born: NaiveDate::MIN,
        name: None,
        sex: Sex::U,
        groups: Vec::new(),
        tags: Vec::new(),
        email: None,
        phone: None,
        language: None,
        household: None,
        opt_out: false,
        more: Box::default(),
    }
}

/// Puts people with two doses each into the register, with cells and totals, by SQL: importing so many takes minutes.
/// What was counted for the campaign before is replaced.
pub(crate) async fn fill_by_sql(app: &App, loaded: &Loaded, doses: i64) -> Result<()> {
    let mut tx = app.store.write().await?;
    tx.run("CREATE TEMP TABLE home (no INTEGER PRIMARY KEY, place TEXT, area TEXT)", vec![])
        .await?;
    for (no, site) in (0_i64..).zip(&loaded.campaign.sites) {
        let values = args![no, site.code.as_str(), site.area.as_str()];
        tx.run("INSERT INTO home VALUES ($1, $2, $3)", values).await?;
    }
    tx.run(PEOPLE, args![loaded.no, doses / 2, serde_json::to_string(&somebody())?]).await?;
    for statement in [FORGET_CELLS, FORGET_TOTALS, DOSES, CELLS, TOTALS] {
        tx.run(statement, args![loaded.no]).await?;
    }
    Ok(tx.commit().await?)
}
