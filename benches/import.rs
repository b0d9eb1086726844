//! Promise: importing 1,000,000 dose records takes at most 4 times as long as `.import` of the same
//! file by the `sqlite3` shell into a table with the same unique key, in no order at most 6 times; at most 200 MB, flat
//! in rows. 4,000 rows of one person take at most 3 times the CPU of 4,000 rows of as many people.

mod support;

use chrono::{Days, NaiveDate};
use doseplan::domain::campaign::Campaign;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use support::{Dice, Result, Taken, doseplan, heading, line, mib, ratio, run, shown, sqlite3};

const PEOPLE: usize = 600_000;
const DOSES: usize = 1_000_000;
/// The short file, for the memory.
const DOSES_FEW: usize = 250_000;
/// Rows of one person, and of as many people.
const ROWS_OF_ONE: usize = 4000;
/// Two people in three come for a second dose.
const ONCE_EVERY: usize = 3;
const DAYS: usize = 150;
const TABLE: &str = "CREATE TABLE dose (record TEXT NOT NULL, person TEXT NOT NULL, \
     day TEXT NOT NULL, place TEXT NOT NULL, product TEXT, lot TEXT, PRIMARY KEY (record)) \
     STRICT, WITHOUT ROWID";

fn main() -> Result<()> {
    let folder = support::folder("import")?;
    let campaign = support::campaign()?;
    let [people, sorted, shuffled, few] =
        ["persons.csv", "sorted.csv", "shuffled.csv", "few.csv"].map(|name| folder.join(name));
    write_people(&people, &campaign)?;
    let mut rows = dose_rows(&campaign)?;
    write_doses(&sorted, &rows)?;
    write_doses(&few, &rows[..DOSES_FEW])?;
    let mut dice = Dice(7);
    for index in (1..rows.len()).rev() {
        rows.swap(index, dice.below(index + 1));
    }
    write_doses(&shuffled, &rows)?;
    drop(rows);

    let (start, db) = (folder.join("start.db"), folder.join("doses.db"));
    run(doseplan(&start, &["campaign", "apply", support::CAMPAIGN]))?;
    let register = run(doseplan(&start, &["persons", "import", &text(&people)]))?;
    heading("import: the program against `sqlite3 .import` (WAL, synchronous = FULL, 96 MB cache)");
    println!("{:<46} {:>12}", "register, 600,000 persons", shown(register.time));
    let import = |file: &Path, again: bool| -> Result<Taken> {
        if !again {
            std::fs::copy(&start, &db)?;
        }
        run(doseplan(&db, &["doses", "import", &text(file)]))
    };
    for (name, file, bar) in [("sorted by date", &sorted, "4"), ("shuffled", &shuffled, "6")] {
        let yardstick = shell_import(&folder.join("yard.db"), file)?;
        for (what, again) in [("new", false), ("the same again", true)] {
            let taken = import(file, again)?;
            let share = ratio(taken.time, yardstick.time);
            let what = format!("1,000,000 doses, {name}, {what}");
            line(&what, shown(taken.time), shown(yardstick.time), share, bar);
            let (cpu, of_shell) = (taken.cpu_secs, yardstick.cpu_secs);
            line("  CPU", secs(cpu), secs(of_shell), cpu / of_shell, "");
            line("  peak memory", mib(taken.peak_kib), mib(yardstick.peak_kib), 0.0, "200 MB");
        }
    }
    let (short, long) = (import(&few, false)?, import(&sorted, false)?);
    let share = long.peak_kib as f64 / short.peak_kib as f64;
    line(
        "peak memory, 1,000,000 against 250,000",
        mib(long.peak_kib),
        mib(short.peak_kib),
        share,
        "flat",
    );
    let [one, many] = ["one.csv", "many.csv"].map(|name| folder.join(name));
    write_few(&one, &campaign, |_| 0)?;
    write_few(&many, &campaign, |row| row)?;
    let (one, many) = (import(&one, false)?.cpu_secs, import(&many, false)?.cpu_secs);
    line("4,000 doses of one person (CPU)", secs(one), secs(many), one / many, "3");
    println!("wrong totals after all: {}", wrong_totals(&db)?);
    Ok(())
}

fn secs(secs: f64) -> String {
    format!("{secs:.2} s")
}

/// A short file whose rows say which person got the dose.
fn write_few(file: &Path, campaign: &Campaign, person: impl Fn(usize) -> usize) -> Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "record,person,date,place")?;
    for row in 0..ROWS_OF_ONE {
        let day = campaign.start + Days::new((row % DAYS) as u64);
        writeln!(out, "F{row:06},P{:07},{day},{}", person(row), campaign.sites[0].code)?;
    }
    Ok(out.flush()?)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn shell_import(db: &Path, file: &Path) -> Result<Taken> {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", db.display()));
    }
    let import = format!(".import --csv --skip 1 {} dose", file.display());
    run(sqlite3(db, &[TABLE, &import]))
}

/// The product's own check of what the imports left.
fn wrong_totals(db: &Path) -> Result<usize> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (app, loaded) = support::app(db).await?;
        Ok(app.recount(&loaded, false).await?.wrong.len())
    })
}

fn write_people(file: &Path, campaign: &Campaign) -> Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "person,area,born,name,sex,group,tags,email,phone,language,household,opt_out")?;
    let mut dice = Dice(1);
    for person in 0..PEOPLE {
        let area = home(campaign, person);
        let (year, month, day) = (1940 + dice.below(66), 1 + dice.below(12), 1 + dice.below(28));
        let born = format!("{year}-{month:02}-{day:02}");
        let sex = ["F", "M"][person % 2];
        writeln!(
            out,
            "P{person:07},{area},{born},,{sex},,,p{person}@bench.test,,zh-CN,H{:06},no",
            person / 3
        )?;
    }
    Ok(out.flush()?)
}

/// The area that a site of the person's own stands in.
fn home(campaign: &Campaign, person: usize) -> &str {
    campaign.sites[person % campaign.sites.len()].area.as_str()
}

/// The rows by date, without the record.
fn dose_rows(campaign: &Campaign) -> Result<Vec<(usize, usize)>> {
    let mut dice = Dice(2);
    let mut rows = Vec::with_capacity(DOSES);
    for person in 0..PEOPLE {
        let day = dice.below(DAYS);
        rows.push((day, person));
        if person % ONCE_EVERY != 0 {
            rows.push((day + 21 + dice.below(20), person));
        }
    }
    if rows.len() != DOSES || campaign.sites.is_empty() {
        return Err("the made-up doses are not what the promise speaks of".into());
    }
    rows.sort_unstable();
    Ok(rows)
}

fn write_doses(file: &Path, rows: &[(usize, usize)]) -> Result<()> {
    let campaign = support::campaign()?;
    let first = NaiveDate::from_ymd_opt(2021, 3, 25).ok_or("a day")?;
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "record,person,date,place,product,lot")?;
    for (day, person) in rows {
        let date = first + Days::new(*day as u64);
        let site = &campaign.sites[person % campaign.sites.len()].code;
        let lot = &campaign.deliveries[(day / 7).min(campaign.deliveries.len() - 1)].lot;
        // In a file by date the records ascend; shuffled they come in any order.
        let record = format!("{}-{person:07}", date.format("%Y%m%d"));
        writeln!(out, "D{record},P{person:07},{date},{site},inactivated-vero,{lot}")?;
    }
    Ok(out.flush()?)
}
