//! Promise: one PostgreSQL of two cores holds a prefecture of 14 counties, 7,000,000 people and 14,000,000 doses. Its
//! overview answers within 50 ms, a county's coverage and one person's page take no longer than with a hundredth of the
//! people, and the night of one county does not slow what others look at.
//!
//! `DOSEPLAN_TEST_POSTGRES` is an empty database, about 12 GB on disk; `DOSEPLAN_BENCH_PEOPLE` another number of
//! people. The yardstick is the same prefecture with a hundredth of the people, in the same database server.

mod support;

use chrono::{NaiveDate, TimeZone as _, Utc};
use doseplan::app::coverage::{AsOf, Depth};
use doseplan::app::{App, Loaded};
use doseplan::args;
use doseplan::config::Config;
use doseplan::domain::area::Area;
use doseplan::domain::campaign::Campaign;
use doseplan::domain::id::{AreaCode, PlaceCode};
use doseplan::domain::permission::Actor;
use doseplan::store::Store;
use std::time::{Duration, Instant};
use support::{Result, heading, line, ratio, shown};

const COUNTIES: usize = 14;
const PEOPLE: i64 = 7_000_000;
/// The small prefecture has one person in so many.
const SMALL: i64 = 100;
const TOP: &str = "prefecture";
/// Each figure is the median, and the slowest, of so many runs.
const RUNS: usize = 25;
/// The most that the overview may take.
const OVERVIEW: &str = "50 ms";

/// People of each town in turn, so that a county's lie all over the table, as they do after years of imports.
const REGISTER: &str = "INSERT INTO person (person, area, born, grp, sex, content, recorded_at) \
     SELECT 'P' || lpad(CAST(i AS TEXT), 8, '0'), a.area, DATE '1950-01-01', 'senior', 'U', $2, 1 \
     FROM generate_series(CAST(0 AS BIGINT), $1 - 1) i JOIN home a ON a.no = i % (SELECT COUNT(*) FROM home)";
/// Two doses, 28 days apart.
const DOSES: &str = "INSERT INTO dose \
     (campaign, elsewhere, record, person, day, place, product, lot, recorded_at) \
     SELECT $1, 0, p.person || '-' || d.dose, p.person, \
     DATE '2021-04-08' + CAST(CAST(substr(p.person, 2) AS BIGINT) % 150 + 28 * (d.dose - 1) AS INTEGER), \
     a.place, NULL, NULL, 1 \
     FROM person p JOIN home a ON a.no = CAST(substr(p.person, 2) AS BIGINT) % \
     (SELECT COUNT(*) FROM home) CROSS JOIN generate_series(1, 2) d (dose)";
const CELLS: &str = "INSERT INTO cell \
     SELECT d.campaign, d.day, d.place, 'senior', CAST(right(d.record, 1) AS BIGINT), a.area, \
     COUNT(*), 0, 0, 0, 0 FROM dose d JOIN home a ON a.place = d.place \
     WHERE d.campaign = $1 GROUP BY 1, 2, 3, 5, 6";
const TOTALS: &str = "INSERT INTO total \
     SELECT campaign, area, grp, dose, day, SUM(persons), 0, 0, 0 FROM cell \
     WHERE campaign = $1 GROUP BY campaign, area, grp, dose, day";
const SIZE: &str = "SELECT CAST(SUM(pg_total_relation_size(CAST(relid AS regclass))) AS BIGINT) \
     FROM pg_stat_user_tables WHERE relname IN ('person', 'dose')";

fn main() -> Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build()?.block_on(measure())
}
