//! Promises: a workbook of 100,000 rows is checked in at most 5 s and 300 MB, faults marked; every table of a month
//! of Danyang is written in at most 2 s.
//!
//! The yardstick of the check is openpyxl reading the cells of the same workbook; that of the tables is one scan of
//! the same cells by the `sqlite3` shell.

mod support;

use chrono::{NaiveDate, TimeDelta};
use doseplan::app::import::Kind;
use doseplan::clock::Clock;
use doseplan::domain::area::Area;
use doseplan::domain::campaign::Language;
use doseplan::domain::group::Eligible;
use doseplan::domain::id::AreaCode;
use doseplan::domain::site::Reach;
use doseplan::intake::workbook_form;
use std::path::Path;
use std::process::Command;
use support::{Result, best, doseplan, heading, line, ratio, shown};

const AREAS: usize = 2_500;
const REVISIONS: i64 = 5;
const SITES_OF_AN_AREA: usize = 19;
/// Rows with an area that there is not.
const FAULTS: usize = 900;
const RUNS: usize = 3;
const OPENPYXL: &str = "import sys, openpyxl\n\
     book = openpyxl.load_workbook(sys.argv[1], read_only=True)\n\
     print(sum(1 for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row))";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = support::folder("workbook")?;
    heading("workbooks");
    check(&folder)?;
    runtime.block_on(tables(&folder))
}

/// Danyang with many villages: some 100,000 rows.
fn big(faults: usize) -> Result<(Vec<u8>, usize)> {
    let mut campaign = support::campaign()?;
    let root = campaign.root().ok_or("a root")?.code.clone();
    let day = |back: i64| campaign.start - TimeDelta::days(30 * back);
    let groups: Vec<_> = campaign.groups.iter().map(|group| group.id.clone()).collect();
    let (mut areas, mut eligible, mut reach) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..AREAS {
        let code = AreaCode::new(format!("3211{number:08}"));
        for group in &groups {
            for back in 0..REVISIONS {
                let area = code.clone();
                let (group, as_of) = (group.clone(), Some(day(back)));
                let source = Some("摸底".to_owned());
                eligible.push(Eligible { area, group, people: 120, source, as_of });
            }
        }
        for at in 0..SITES_OF_AN_AREA {
            let site = &campaign.sites[(number + at) % campaign.sites.len()];
            reach.push(Reach { area: code.clone(), site: site.code.clone() });
        }
        let name = format!("第{number}村");
        areas.push(Area { code, name, parent: Some(root.clone()), point: None });
    }
    for row in eligible.iter_mut().rev().take(faults) {
        row.area = AreaCode::new("nowhere");
    }
    let rows = areas.len() + eligible.len() + reach.len();
    campaign.areas.extend(areas);
    campaign.eligible.extend(eligible);
    campaign.reach.extend(reach);
    let made_at = NaiveDate::default().and_hms_opt(0, 0, 0).ok_or("midnight")?;
    let own = doseplan::domain::jurisdiction::LocalCampaign::whole(&campaign);
    Ok((workbook_form::campaign(&own, Language::ZhCn, made_at)?, rows))
}

fn check(folder: &Path) -> Result<()> {
    let (good, bad) = (folder.join("good.xlsx"), folder.join("bad.xlsx"));
    let (bytes, rows) = big(0)?;
    std::fs::write(&good, bytes)?;
    std::fs::write(&bad, big(FAULTS)?.0)?;
    println!("{rows} rows, {} KB", std::fs::metadata(&good)?.len() / 1024);
    let unused = folder.join("unused.db");
    let command = |path: &Path| {
        let mut command = doseplan(&unused, &["campaign", "check", "--lang", "zh-CN"]);
        command.arg(path);
        command
    };
    let read = best(1, || {
        let mut command = Command::new("python3");
        command.args(["-c", OPENPYXL]).arg(&good);
        command
    })?;
    for (what, path, code) in
        [("check, no faults", &good, 0), ("check, 900 faults marked", &bad, 4)]
    {
        let taken = support::best_ending(RUNS, code, || command(path))?;
        line(what, shown(taken.time), shown(read.time), ratio(taken.time, read.time), "5 s");
        let mib = taken.peak_kib / 1024;
        line(
            "  peak memory, MiB",
            mib,
            read.peak_kib / 1024,
            mib as f64 * 1024.0 / read.peak_kib as f64,
            "286",
        );
    }
    Ok(())
}

async fn tables(folder: &Path) -> Result<()> {
    let db = folder.join("danyang.db");
    let (app, loaded) = support::app(&db).await?;
    for (kind, file) in
        [(Kind::Persons, "persons.csv"), (Kind::Doses, "doses.csv"), (Kind::Tallies, "tallies.csv")]
    {
        let path = Path::new(support::CAMPAIGN).join(file);
        app.import(&loaded, kind, &path, Language::En, Clock::System.now()).await?;
    }
    app.store.close().await;
    let book = folder.join("month.xlsx");
    let taken = best(RUNS, || {
        let mut command = doseplan(&db, &["report", "save", "--month", "2021-06"]);
        command.arg(&book);
        command
    })?;
    let scan = best(RUNS, || {
        support::sqlite3(
            &db,
            &["SELECT area, grp, dose, SUM(persons), SUM(tally) FROM cell GROUP BY 1, 2, 3"],
        )
    })?;
    line(
        "every table of a month of Danyang, .xlsx",
        shown(taken.time),
        shown(scan.time),
        ratio(taken.time, scan.time),
        "2 s",
    );
    let why = best(RUNS, || {
        doseplan(
            &db,
            &["report", "show", "coverage", "--month", "2021-06", "--explain", "H5", "-o", "csv"],
        )
    })?;
    line(
        "a cell of the county down to its records",
        shown(why.time),
        shown(scan.time),
        ratio(why.time, scan.time),
        "",
    );
    Ok(())
}
