//! Promise: coverage of the whole campaign takes at most 20 ms with 10,000,000 doses stored, and does
//! not grow with them.
//!
//! The records, cells and totals are written by SQL, because importing so many takes minutes; at the
//! small size the product's own recount says whether that SQL counts as the product does.

mod support;

use chrono::NaiveDate;
use doseplan::app::coverage::AsOf;
use doseplan::app::{App, Loaded};
use doseplan::args;
use doseplan::domain::coverage::Depth;
use doseplan::domain::person::{Person, Sex};
use std::path::Path;
use std::time::{Duration, Instant};
use support::{Result, best, doseplan, heading, line, ratio, shown};

const FEW: i64 = 100_000;
const MANY: i64 = 10_000_000;
const RUNS: usize = 20;
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
     (SELECT COUNT(*) FROM home) CROSS JOIN (SELECT 1 AS dose UNION ALL SELECT 2) d";
const CELLS: &str = "INSERT INTO cell \
     SELECT d.campaign, d.day, d.place, 'senior', CAST(substr(d.record, -1) AS INTEGER), a.area, \
     COUNT(*), 0, 0, 0, 0 FROM dose d JOIN home a ON a.place = d.place \
     WHERE d.campaign = $1 GROUP BY 1, 2, 3, 5, 6";
const TOTALS: &str = "INSERT INTO total \
     SELECT campaign, area, grp, dose, day, SUM(persons), 0, 0, 0 FROM cell \
     WHERE campaign = $1 GROUP BY campaign, area, grp, dose, day";
const YARDSTICK: &str = "SELECT day, CAST(COUNT(*) AS BIGINT) FROM dose \
     WHERE campaign = $1 GROUP BY day";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let folder = support::folder("coverage")?;
    let (few_db, many_db) = (folder.join("few.db"), folder.join("many.db"));
    let (app, loaded) = support::app(&few_db).await?;
    fill(&app, &loaded, FEW).await?;
    let found = app.recount(&loaded, false).await?;
    heading("coverage: 10,000,000 doses against 100,000");
    println!("recount of 100,000: {} totals right, {} wrong", found.right, found.wrong.len());
    let few = fastest(&app, &loaded).await?;
    app.store.close().await;

    let (app, loaded) = support::app(&many_db).await?;
    fill(&app, &loaded, MANY).await?;
    let many = fastest(&app, &loaded).await?;
    let start = Instant::now();
    let mut tx = app.store.read().await?;
    let days = tx.rows(YARDSTICK, args![loaded.no]).await?.len();
    let scan = start.elapsed();
    drop(tx);
    app.store.close().await;
    line("App::coverage, every area", shown(many), shown(few), ratio(many, few), "20 ms");
    line(
        &format!("  against counting the doses by day ({days} days)"),
        shown(many),
        shown(scan),
        ratio(many, scan),
        "",
    );
    let command = |db: &Path| doseplan(db, &["coverage", "-o", "json", "--as-of", "2021-10-01"]);
    let (few, many) = (best(RUNS, || command(&few_db))?, best(RUNS, || command(&many_db))?);
    let share = ratio(many.time, few.time);
    line("doseplan coverage, process", shown(many.time), shown(few.time), share, "20 ms");
    Ok(std::fs::remove_file(many_db)?)
}

/// What the register says of everybody; the columns beside it say who, where, how old.
fn somebody() -> Person {
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

async fn fill(app: &App, loaded: &Loaded, doses: i64) -> Result<()> {
    let mut tx = app.store.write().await?;
    tx.run("CREATE TEMP TABLE home (no INTEGER PRIMARY KEY, place TEXT, area TEXT)", vec![])
        .await?;
    for (no, site) in (0_i64..).zip(&loaded.campaign.sites) {
        let values = args![no, site.code.as_str(), site.area.as_str()];
        tx.run("INSERT INTO home VALUES ($1, $2, $3)", values).await?;
    }
    tx.run(PEOPLE, args![loaded.no, doses / 2, serde_json::to_string(&somebody())?]).await?;
    for statement in [DOSES, CELLS, TOTALS] {
        tx.run(statement, args![loaded.no]).await?;
    }
    Ok(tx.commit().await?)
}

async fn fastest(app: &App, loaded: &Loaded) -> Result<Duration> {
    let at = AsOf::day(NaiveDate::from_ymd_opt(2021, 10, 1).ok_or("a day")?);
    let mut fastest = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        let rows = app.coverage(loaded, at, Depth::Tree).await?.rows.len();
        fastest = fastest.min(start.elapsed());
        assert!(rows > 0, "a coverage has rows");
    }
    Ok(fastest)
}
