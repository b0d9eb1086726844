//! Speed of the official figures from files: `cargo bench --bench national`.
//!
//! A folder of 100,000 children with 18 doses each, made here. Each table is a process of its own: reading,
//! counting, printing. The yardstick is Python's csv module reading the same files into dictionaries.

mod support;

use chrono::{NaiveDate, TimeDelta};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const CHILDREN: i64 = 100_000;
const UNITS: i64 = 60;
/// Vaccine and age in days: the programme as a child goes through it.
const PLAN: [(&str, i64); 22] = [
    ("HepB", 0),
    ("BCG", 1),
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
    ("MPSV-AC", 1830),
    ("DTaP", 2195),
];
/// Reads every row of the files into a dictionary.
const YARDSTICK: &str = r#"
import csv, sys
rows = 0
for name in ("children.csv", "doses.csv", "units.csv"):
    with open(sys.argv[1] + "/" + name, encoding="utf-8", newline="") as file:
        rows += sum(1 for _ in csv.DictReader(file))
print(rows)
"#;

fn main() -> support::Result<()> {
    let folder = support::folder("national")?;
    let doses = write(&folder)?;
    let start = Instant::now();
    let read = Command::new("python3").args(["-c", YARDSTICK]).arg(&folder).output()?;
    let yardstick = start.elapsed();
    if !read.status.success() {
        return Err(String::from_utf8_lossy(&read.stderr).into());
    }
    let what = format!("Official figures of {CHILDREN} children, {doses} doses, from files");
    let title = format!("{what}; yardstick: csv.DictReader");
    support::heading(&title);
    for (kind, when) in
        [("month", "2025-03"), ("cum", "2025-06"), ("cohort", "2025-12-31"), ("year90", "2025")]
    {
        let taken = support::best(2, || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_doseplan"));
            command.args(["national", kind, when, "-o", "json", "--folder"]).arg(&folder);
            command
        })?;
        let ratio = support::ratio(taken.time, yardstick);
        support::line(kind, support::shown(taken.time), support::shown(yardstick), ratio, "8 s");
        println!("peak memory {}", support::mib(taken.peak_kib));
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Writes the folder; returns the number of doses.
fn write(folder: &Path) -> support::Result<u64> {
    let today = NaiveDate::from_ymd_opt(2026, 1, 31).ok_or("a day")?;
    let file = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let mut units = file("units.csv")?;
    writeln!(units, "unit,name,township,county,kind")?;
    for unit in 0..UNITS {
        let kind = if unit % 12 == 11 { "maternity" } else { "routine" };
        writeln!(units, "{},Clinic {unit},T{},C1,{kind}", code(unit), unit % 20)?;
    }
    units.flush()?;
    let mut children = file("children.csv")?;
    let mut doses = file("doses.csv")?;
    writeln!(
        children,
        "child,name,id_no,guardian,sex,born,unit,died,mother_hbsag,birth_weight,gest_weeks,uploaded"
    )?;
    writeln!(doses, "dose,child,vaccine,date,unit,entered_by,entered_at,attribute,number")?;
    let mut count = 0;
    for n in 0..CHILDREN {
        let born = today - TimeDelta::days(n * 7919 % 5475);
        let unit = code(n % (UNITS - 1));
        let sex = 1 + n % 2;
        writeln!(
            children,
            "c{n:06},N{n},ID{n},G{n},{sex},{born},{unit},,02,{},40,{born}",
            2500 + n % 1500
        )?;
        for (place, (vaccine, age)) in (0..).zip(PLAN) {
            let late = if age < 2 { 0 } else { (n * 31 + place * 17) % 40 };
            let date = born + TimeDelta::days(age + late);
            if date <= today && (n + place * 5) % 16 != 0 {
                count += 1;
                writeln!(doses, "{count},c{n:06},{vaccine},{date},{unit},{unit},{date},P,")?;
            }
        }
    }
    children.flush()?;
    doses.flush()?;
    Ok(count)
}

fn code(unit: i64) -> String {
    format!("53{unit:04}010001")
}
