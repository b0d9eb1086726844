//! Speed of the dose rules: `cargo bench --bench forecast`.
//!
//! On one core, what people cost without their JSON; then a register of 1,000,000 children through
//! `doseplan forecast`, a process of its own. CDC's rules and cases are read from `DOSEPLAN_CDSI`;
//! without it only the Chinese programme is measured. `-- core register` chooses parts.

mod support;

use chrono::{NaiveDate, TimeDelta};
use doseplan::domain::rules::{Patient, Rules, assess};
use doseplan::intake::history::read_line;
use doseplan::intake::rules;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Vaccine and age in days: the programme as a child goes through it.
const PLAN: [(&str, i64); 22] = [
    ("BCG", 0),
    ("HepB", 0),
    ("HepB", 31),
    ("IPV", 62),
    ("DTaP", 62),
    ("IPV", 93),
    ("DTaP", 123),
    ("bOPV", 123),
    ("HepB", 185),
    ("MPSV-A", 185),
    ("DTaP", 185),
    ("JE-L", 245),
    ("MMR", 245),
    ("MPSV-A", 280),
    ("MMR", 550),
    ("DTaP", 550),
    ("HepA-L", 550),
    ("JE-L", 735),
    ("MPSV-AC", 1100),
    ("bOPV", 1465),
    ("DTaP", 2195),
    ("MPSV-AC", 2195),
];
const CHILDREN: i64 = 5_000;
/// Everybody is worked through so many times.
const ROUNDS: usize = 40;
/// Rules are loaded so many times; the shortest time counts.
const LOADS: usize = 7;
const REGISTER: i64 = 1_000_000;
/// The peak memory is looked at after so many lines.
const LINES_A_LOOK: i64 = 1_000;

fn main() -> support::Result<()> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day");
    let parts: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|it| it == part);
    if wanted("core") {
        core(today);
    }
    if wanted("register") {
        register(today)?;
    }
    Ok(())
}

fn core(today: NaiveDate) {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cdsi");
    let root = std::env::var_os("DOSEPLAN_CDSI").map_or_else(beside, PathBuf::from);
    let folders = std::fs::read_dir(&root).into_iter().flatten().flatten();
    let release = folders
        .map(|entry| entry.path())
        .find(|path| path.join("ScheduleSupportingData.xml").is_file());
    match release {
        Some(folder) => cdsi(&root, &folder, today),
        None => println!("CDSi skipped: set DOSEPLAN_CDSI to a folder with CDC's rules and cases"),
    }
    let loaded = load("load the Chinese programme", || rules::embedded().expect("sound series"));
    let lines: String = (0..CHILDREN).fold(String::new(), |mut all, n| {
        let _ = writeln!(all, "{}", child(n, today));
        all
    });
    measure(
        "one Chinese programme",
        100_000,
        &people(&lines, &loaded.rules, today),
        ROUNDS,
        &loaded.rules,
    );
}

fn cdsi(root: &Path, folder: &Path, today: NaiveDate) {
    let loaded = load("load CDC's rules", || rules::folder(folder).expect("CDC's rules"));
    let Ok(lines) = std::fs::read_to_string(root.join("cases/healthy.in.ndjson")) else { return };
    let people = people(&lines, &loaded.rules, today);
    measure("all antigens of CDSi", 20_000, &people, ROUNDS, &loaded.rules);
}

fn load(what: &str, rules: impl Fn() -> rules::Loaded) -> rules::Loaded {
    let timed = || {
        let start = Instant::now();
        (rules(), start.elapsed())
    };
    let mut runs: Vec<_> = (0..LOADS).map(|_| timed()).collect();
    runs.sort_by_key(|(_, time)| *time);
    let (loaded, time) = runs.swap_remove(0);
    println!("{what:<34}{time:>12.1?}   target 100 ms");
    loaded
}

/// A register through the program: one line in, one line out, in the same order.
fn register(today: NaiveDate) -> support::Result<()> {
    let file = support::folder("forecast")?.join("register.ndjson");
    let mut out = BufWriter::new(File::create(&file)?);
    for n in 0..REGISTER {
        writeln!(out, "{}", child(n, today))?;
    }
    out.flush()?;
    let start = Instant::now();
    for line in BufReader::new(File::open(&file)?).lines() {
        std::hint::black_box(serde_json::from_str::<serde_json::Value>(&line?)?);
    }
    let yardstick = start.elapsed();

    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_doseplan"));
    let mut child = command.arg("forecast").arg(&file).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::with_capacity(1 << 20, child.stdout.take().ok_or("no output")?);
    let (mut line, mut count, mut bytes, mut peak_kib) = (Vec::new(), 0, 0, 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        if !line.starts_with(format!("{{\"id\":{count},\"doses\"").as_bytes()) {
            return Err(format!("line {} of the output is not that of {count}", count + 1).into());
        }
        if count % LINES_A_LOOK == 0 {
            peak_kib = peak_kib.max(support::memory_kib(&child, "VmHWM"));
        }
        (count, bytes) = (count + 1, bytes + line.len());
        line.clear();
    }
    let (status, time) = (child.wait()?, start.elapsed());
    if !status.success() || count != REGISTER {
        return Err(format!("{count} lines, {status}").into());
    }
    std::fs::remove_file(&file)?;
    support::heading("A register of 1,000,000 children; yardstick: their JSON read on one core");
    let ratio = support::ratio(time, yardstick);
    support::line("time", support::shown(time), support::shown(yardstick), ratio, "60 s");
    println!(
        "peak memory {}, at most 200 MB; {} MB out",
        support::mib(peak_kib),
        bytes / 1_000_000
    );
    Ok(())
}

/// A child of the programme, one in sixteen doses missed.
fn child(n: i64, today: NaiveDate) -> String {
    let born = today - TimeDelta::days(n * 7919 % 2880);
    let mut doses = Vec::new();
    for (place, (vaccine, age)) in (0..).zip(PLAN) {
        let late = if age == 0 { 0 } else { (n * 31 + place * 17) % 40 };
        let date = born + TimeDelta::days(age + late);
        if date <= today && (n + place * 5) % 16 != 0 {
            doses.push(format!("{{\"date\":\"{date}\",\"vaccine\":\"{vaccine}\"}}"));
        }
    }
    let sex = if n % 2 == 0 { "F" } else { "M" };
    let doses = doses.join(",");
    let person = format!("\"id\":{n},\"born\":\"{born}\",\"sex\":\"{sex}\",\"as_of\":\"{today}\"");
    format!("{{{person},\"doses\":[{doses}]}}")
}

fn people(lines: &str, rules: &Rules, today: NaiveDate) -> Vec<Patient> {
    lines.lines().filter_map(|line| Some(read_line(line, rules, today).ok()?.person)).collect()
}

/// People a second in the best round, for others use the machine, too; the mean behind it.
fn measure(what: &str, target: u32, people: &[Patient], rounds: usize, rules: &Rules) {
    let round = || {
        let start = Instant::now();
        std::hint::black_box(
            people.iter().map(|it| assess(rules, it).forecasts.len()).sum::<usize>(),
        );
        start.elapsed().as_secs_f64()
    };
    let times: Vec<f64> = (0..rounds).map(|_| round()).collect();
    let rate = |seconds: f64| people.len() as f64 / seconds;
    let best = rate(times.iter().copied().fold(f64::MAX, f64::min));
    let mean = rate(times.iter().sum::<f64>() / rounds as f64);
    println!("{what:<34}{best:>10.0}/s   target {target}/s   (mean {mean:.0}/s)");
}
