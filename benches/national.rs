//! Speed of the official figures: `cargo bench --bench national`; `-- files` and `-- register` choose a part.
//!
//! A folder of 100,000 children with 18 doses each, made here, and a database of 1,000,000 (`DOSEPLAN_CHILDREN` says
//! another number). Each table is a process of its own: reading, counting, printing. The yardsticks are Python's csv
//! module reading the same files into dictionaries, and its sqlite3 module reading the same rows of the database.

mod support;

use chrono::{NaiveDate, TimeDelta};
use doseplan::domain::campaign::Campaign;
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

/// Reads every person and dose as a row.
const ROWS_YARDSTICK: &str = r#"
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
rows = 0
for sql in ("SELECT person, born, sex, content FROM person",
            "SELECT record, person, day, place, product, attribute, entered_by FROM dose"):
    rows += sum(1 for _ in db.execute(sql))
print(rows)
"#;
const TABLES: [(&str, &str); 4] =
    [("month", "2025-03"), ("cum", "2025-06"), ("cohort", "2025-12-31"), ("year90", "2025")];

fn main() -> support::Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|it| it == part);
    if is_asked("files") {
        files()?;
    }
    if is_asked("register") {
        register()?;
    }
    Ok(())
}

/// Tables of a database.
fn register() -> support::Result<()> {
    let children = match std::env::var("DOSEPLAN_CHILDREN") {
        Ok(text) => text.parse()?,
        Err(_) => 1_000_000,
    };
    let folder = support::folder("national-register")?;
    let db = folder.join("doseplan.db");
    let doses = fill(&db, children)?;
    let start = Instant::now();
    let read = Command::new("python3").args(["-c", ROWS_YARDSTICK]).arg(&db).output()?;
    let yardstick = start.elapsed();
    if !read.status.success() {
        return Err(String::from_utf8_lossy(&read.stderr).into());
    }
    let what = format!("Official figures of {children} children, {doses} doses, from the database");
    support::heading(&format!("{what}; yardstick: Python reading the rows"));
    for (kind, when) in TABLES {
        let arguments = ["national", kind, when, "-o", "json"];
        let taken = support::best(2, || support::doseplan(&db, &arguments))?;
        let ratio = support::ratio(taken.time, yardstick);
        support::line(kind, support::shown(taken.time), support::shown(yardstick), ratio, "30 s");
        let (peak, cpu) = (support::mib(taken.peak_kib), taken.cpu_secs);
        println!("peak memory {peak} (at most 500 MB), {cpu:.1} s of all cores together");
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Makes the database; returns the number of doses. The rows are as an import leaves them.
fn fill(db: &Path, children: i64) -> support::Result<u64> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let (app, _) = support::app(db).await?;
        app.store.close().await;
        support::Result::Ok(())
    })?;
    let Campaign { sites, .. } = support::campaign()?;
    let unit = |(at, site): (usize, &doseplan::domain::site::Site)| {
        format!("({at}, '{}', '{}')", site.code, site.area)
    };
    let units: Vec<String> = sites.iter().enumerate().map(unit).collect();
    let plan = |(at, (vaccine, age)): (usize, &(&str, i64))| format!("({at}, '{vaccine}', {age})");
    let plan: Vec<String> = PLAN.iter().enumerate().map(plan).collect();
    let (count, units, plan) = (units.len(), units.join(", "), plan.join(", "));
    let statements = [
        // What is lost in a crash is made again.
        "PRAGMA journal_mode = OFF".to_owned(),
        format!(
            "CREATE TEMP TABLE u AS SELECT column1 k, column2 code, column3 area \
             FROM (VALUES {units})"
        ),
        format!(
            "CREATE TEMP TABLE v AS SELECT column1 k, column2 code, column3 age \
             FROM (VALUES {plan})"
        ),
        format!(
            "CREATE TEMP TABLE c AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 \
             FROM n WHERE i + 1 < {children}) SELECT i, printf('c%07d', i) person, \
             CASE i % 2 WHEN 0 THEN 'M' ELSE 'F' END sex, i % {count} k, \
             date('2026-01-31', '-' || (i * 7919 % 5475) || ' days') born FROM n"
        ),
        "INSERT INTO person (person, area, born, sex, content, recorded_at) \
         SELECT c.person, u.area, c.born, c.sex, json_object('id', c.person, 'area', u.area, \
         'born', c.born, 'name', 'N' || c.i, 'sex', c.sex, 'tags', json_array(), 'email', NULL, \
         'phone', NULL, 'language', NULL, 'household', NULL, 'opt_out', json('false'), \
         'more', json_object('id_no', 'ID' || c.i, 'guardian', 'G' || c.i, 'unit', u.code)), \
         1769800000000 FROM c JOIN u ON u.k = c.k ORDER BY c.person"
            .to_owned(),
        "INSERT INTO dose (record, person, day, place, product, elsewhere, attribute, \
         entered_by, entered_at, recorded_at) SELECT record, person, day, unit, vaccine, 0, 'P', \
         unit, day, 1769800000000 FROM (SELECT printf('d%08d', c.i * 22 + v.k) record, c.person, \
         date(c.born, '+' || (v.age + CASE WHEN v.age < 2 THEN 0 \
         ELSE (c.i * 31 + v.k * 17) % 40 END) || ' days') day, u.code unit, v.code vaccine \
         FROM c CROSS JOIN v JOIN u ON u.k = c.k WHERE (c.i + v.k * 5) % 16 <> 0) \
         WHERE day <= '2026-01-31'"
            .to_owned(),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    support::run(support::sqlite3(db, &statements))?;
    let counted = Command::new("sqlite3").arg(db).arg("SELECT COUNT(*) FROM dose").output()?;
    Ok(String::from_utf8_lossy(&counted.stdout).trim().parse()?)
}

/// Tables of a folder of files.
fn files() -> support::Result<()> {
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
    for (kind, when) in TABLES {
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
