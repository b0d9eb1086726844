//! Speed of the dose rules on one core: `cargo bench --bench forecast`.
//!
//! CDC's rules and cases are read from `DOSEPLAN_CDSI`; without it only the Chinese programme is
//! measured.

use chrono::{NaiveDate, TimeDelta};
use doseplan::domain::rules::{Person, Rules, assess};
use doseplan::intake::history::read_line;
use doseplan::intake::rules;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
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
const CHILDREN: i64 = 20_000;
/// Every case is worked through so many times.
const ROUNDS: usize = 40;

fn main() {
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day");
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
    let start = Instant::now();
    let loaded = rules::embedded().expect("the embedded series are sound");
    println!("{:<34}{:>12.1?}", "load the Chinese programme", start.elapsed());
    let lines: String = (0..CHILDREN).fold(String::new(), |mut all, n| {
        let _ = writeln!(all, "{}", child(n, today));
        all
    });
    measure(
        "one Chinese programme",
        100_000,
        &people(&lines, &loaded.rules, today),
        5,
        &loaded.rules,
    );
}

fn cdsi(root: &Path, folder: &Path, today: NaiveDate) {
    let start = Instant::now();
    let loaded = rules::folder(folder).expect("CDC's rules");
    println!("{:<34}{:>12.1?}   target 100 ms", "load CDC's rules", start.elapsed());
    let Ok(lines) = std::fs::read_to_string(root.join("cases/healthy.in.ndjson")) else { return };
    let people = people(&lines, &loaded.rules, today);
    measure("all antigens of CDSi", 20_000, &people, ROUNDS, &loaded.rules);
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
    format!("{{\"id\":{n},\"born\":\"{born}\",\"sex\":\"{sex}\",\"doses\":[{doses}]}}")
}

fn people(lines: &str, rules: &Rules, today: NaiveDate) -> Vec<Person> {
    lines.lines().filter_map(|line| Some(read_line(line, rules, today).ok()?.person)).collect()
}

fn measure(what: &str, target: u32, people: &[Person], rounds: usize, rules: &Rules) {
    let start = Instant::now();
    let mut forecasts = 0;
    for _ in 0..rounds {
        forecasts += people.iter().map(|it| assess(rules, it).forecasts.len()).sum::<usize>();
    }
    let rate = (people.len() * rounds) as f64 / start.elapsed().as_secs_f64();
    println!("{what:<34}{rate:>10.0}/s   target {target}/s   ({forecasts} forecasts)");
}
