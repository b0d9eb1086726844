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
use std::path::Path;
use std::time::{Duration, Instant};
use support::{Result, best, doseplan, fill_by_sql, heading, line, ratio, shown};

const FEW: i64 = 100_000;
const MANY: i64 = 10_000_000;
const RUNS: usize = 20;
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
    fill_by_sql(&app, &loaded, FEW).await?;
    let found = app.recount(&loaded, false).await?;
    heading("coverage: 10,000,000 doses against 100,000");
    println!("recount of 100,000: {} totals right, {} wrong", found.right, found.wrong.len());
    let few = fastest(&app, &loaded).await?;
    app.store.close().await;

    let (app, loaded) = support::app(&many_db).await?;
    fill_by_sql(&app, &loaded, MANY).await?;
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
