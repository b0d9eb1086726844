//! Runs the tests: once each to learn what they reach, then for each mutant those that reach it.

use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Tests that together take at most this long run in one process.
const GROUP: Duration = Duration::from_millis(300);
/// What a mutant may take: so many times what the tests take, and this on top.
const TIMES_MAX: u32 = 10;
const EXTRA: Duration = Duration::from_secs(3);
/// Address space of a test in KiB: a mutant that never stops collecting must not take the machine's
/// memory.
const MEMORY_MAX_KIB: u64 = 6_000_000;

/// A test with what it reaches.
#[derive(Debug)]
pub struct Test {
    /// Its path.
    pub name: String,
    /// How long it takes in a process of its own.
    pub takes: Duration,
    /// First numbers of the sites that it reaches.
    pub reaches: BTreeSet<u32>,
}

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// One of these tests fails.
    Caught(String),
    /// These tests did not end in time.
    TimedOut(String),
    /// No test that reaches it fails.
    Survived,
    /// No test reaches it.
    Unreached,
    /// Time was up.
    NotRun,
}

/// The program with the tests.
#[derive(Debug)]
pub struct Program<'a> {
    /// The program.
    pub path: &'a Path,
    /// Where it runs.
    pub folder: &'a Path,
    /// A test that takes longer is stopped then and counts as passed.
    pub patience: Duration,
}

impl Program<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("ulimit -v {MEMORY_MAX_KIB}; ulimit -c 0; exec nice -n 10 \"$@\""))
            .arg("sh")
            .arg(self.path)
            .args(arguments)
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs every test whose path holds one of the filters, each alone. Tests that fail are left
    /// out and told.
    pub fn learn(&self, filters: &[String], scratch: &Path, jobs: usize) -> Result<Vec<Test>> {
        let mut list = self.command(&["--list", "--format", "terse"]);
        let listed = list.stdout(Stdio::piped()).output().context("listing the tests")?;
        let listed = String::from_utf8(listed.stdout)?;
        let names: Vec<&str> = listed
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
            .filter(|name| filters.is_empty() || filters.iter().any(|text| name.contains(text)))
            .collect();
        let tests = parallel(jobs, &names, |place, name| {
            let record = scratch.join(format!("reached-{place}"));
            self.learn_one(name, &record)
        });
        let mut learned = Vec::new();
        for test in tests {
            learned.extend(test?);
        }
        if learned.is_empty() {
            bail!("no test passes");
        }
        learned.sort_by(|a, b| a.takes.cmp(&b.takes).then_with(|| a.name.cmp(&b.name)));
        Ok(learned)
    }

    fn learn_one(&self, name: &str, record: &PathBuf) -> Result<Option<Test>> {
        let _ = fs::remove_file(record);
        let start = Instant::now();
        let mut command = self.command(&["--exact", name, "--test-threads=1"]);
        let status = command.env("MUTANT_RECORD", record).status()?;
        let takes = start.elapsed();
        if !status.success() {
            eprintln!("left out, because it fails without a mutant: {name}");
            return Ok(None);
        }
        let reached = fs::read_to_string(record).unwrap_or_default();
        let reaches = reached.lines().filter_map(|line| line.parse().ok()).collect();
        let _ = fs::remove_file(record);
        Ok(Some(Test { name: name.to_owned(), takes, reaches }))
    }

    /// Runs the tests that reach a mutant, the quickest first, until one fails.
    pub fn judge(&self, number: u32, site: u32, tests: &[Test]) -> Outcome {
        let reaching: Vec<&Test> =
            tests.iter().filter(|test| test.reaches.contains(&site)).collect();
        if reaching.is_empty() {
            return Outcome::Unreached;
        }
        for group in groups(&reaching) {
            let mut arguments = vec!["--test-threads=1", "--exact"];
            arguments.extend(group.iter().map(|test| test.name.as_str()));
            let takes: Duration = group.iter().map(|test| test.takes).sum();
            let mut command = self.command(&arguments);
            command.env("MUTANT", number.to_string());
            let names = || match group.len() {
                1 => group[0].name.clone(),
                more => format!("{} or one of {} more", group[0].name, more - 1),
            };
            let is_long = takes > self.patience;
            let at_most = if is_long { self.patience } else { takes * TIMES_MAX + EXTRA };
            match wait(command, at_most) {
                Ok(Some(status)) if status.success() => {}
                Ok(Some(_)) => return Outcome::Caught(names()),
                Ok(None) if is_long => {}
                Ok(None) => return Outcome::TimedOut(names()),
                Err(error) => eprintln!("mutant {number}: {error}"),
            }
        }
        Outcome::Survived
    }

    /// What becomes of each mutant, given its number and its site's. None is started after the end.
    pub fn judge_all(
        &self,
        mutants: &[(u32, u32)],
        tests: &[Test],
        jobs: usize,
        end: Option<Instant>,
    ) -> BTreeMap<u32, Outcome> {
        let outcomes = parallel(jobs, mutants, |_, (number, site)| {
            let outcome = match end {
                Some(end) if Instant::now() > end => Outcome::NotRun,
                _ => self.judge(*number, *site, tests),
            };
            (*number, outcome)
        });
        outcomes.into_iter().collect()
    }
}

fn groups<'a>(tests: &[&'a Test]) -> Vec<Vec<&'a Test>> {
    let mut groups: Vec<Vec<&Test>> = Vec::new();
    let mut takes = Duration::MAX;
    for test in tests {
        takes = takes.saturating_add(test.takes);
        match groups.last_mut() {
            Some(group) if takes <= GROUP => group.push(test),
            _ => {
                groups.push(vec![test]);
                takes = test.takes;
            }
        }
    }
    groups
}

/// How a command ended; `None` when it had to be stopped.
fn wait(mut command: Command, at_most: Duration) -> Result<Option<ExitStatus>> {
    let mut child = command.spawn()?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > at_most {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Does something for each of a list on some threads; the results in the list's order.
fn parallel<T: Sync, R: Send>(
    jobs: usize,
    list: &[T],
    act: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = list.iter().map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = list.get(place) else { break };
                    let result = act(place, item);
                    *results[place].lock().expect("no thread panics with it") = Some(result);
                }
            });
        }
    });
    let taken = results.into_iter().map(|result| result.into_inner());
    taken.map(|result| result.expect("no thread panics").expect("each was done")).collect()
}
