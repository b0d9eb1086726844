//! Promise: one PostgreSQL of two cores holds a prefecture of 14 counties, 7,000,000 people and 14,000,000 doses. Its
//! overview answers within 50 ms, a county's coverage and one person's page take no longer than with a hundredth of the
//! people, and the night of one county does not slow what others look at.
//!
//! `DOSEPLAN_TEST_POSTGRES` is an empty database, about 12 GB on disk; `DOSEPLAN_BENCH_PEOPLE` another number of
//! people. The yardstick is the same prefecture with a hundredth of the people, in the same database server.

mod support;

use chrono::{DateTime, Days, NaiveDate, TimeZone as _, Utc};
use doseplan::app::coverage::AsOf;
use doseplan::app::{App, Loaded};
use doseplan::args;
use doseplan::config::Config;
use doseplan::domain::area::Area;
use doseplan::domain::audit::Action;
use doseplan::domain::campaign::Campaign;
use doseplan::domain::coverage::Depth;
use doseplan::domain::id::AreaCode;
use doseplan::domain::jurisdiction::{AreaLevel, Jurisdiction};
use doseplan::domain::permission::Actor;
use doseplan::domain::plan::{Certificate, Figures, MadeBy, PlanRow};
use doseplan::store::Store;
use doseplan::store::audit::Act;
use doseplan::store::plans::{self, NewPlan};
use std::time::{Duration, Instant};
use support::{Result, heading, line, ratio, shown};

const COUNTIES: u32 = 14;
const PEOPLE: i64 = 7_000_000;
/// The small prefecture has one person in so many.
const SMALL: i64 = 100;
const TOP: &str = "prefecture";
/// Each figure is the median of so many runs.
const RUNS: u32 = 15;
/// People whom a statement makes.
const PEOPLE_AT_ONCE: i64 = 500_000;
/// Days of a county's plan.
const DAYS: u64 = 100;
const OVERVIEW: &str = "50 ms";

/// People of each town in turn: a county's lie all over the table, as they do after years of imports.
const REGISTER: &str = "INSERT INTO person (person, area, born, grp, sex, content, recorded_at) \
     SELECT 'P' || lpad(CAST(i AS TEXT), 8, '0'), a.area, DATE '1950-01-01', 'senior', 'U', $2, 1 \
     FROM generate_series(CAST($1 AS BIGINT), $3 - 1) i \
     JOIN home a ON a.no = i % (SELECT COUNT(*) FROM home)";
/// Two doses, 28 days apart.
const DOSES: &str = "INSERT INTO dose \
     (campaign, elsewhere, record, person, day, place, product, lot, recorded_at) \
     SELECT $1, 0, p.person || '-' || d.dose, p.person, \
     DATE '2021-04-08' \
     + CAST(CAST(substr(p.person, 2) AS BIGINT) % 150 + 28 * (d.dose - 1) AS INTEGER), \
     a.place, NULL, NULL, 1 \
     FROM person p JOIN home a ON a.no = CAST(substr(p.person, 2) AS BIGINT) % \
     (SELECT COUNT(*) FROM home) CROSS JOIN generate_series(1, 2) d (dose) \
     WHERE p.person >= $2 AND p.person < $3";
const CELLS: &str = "INSERT INTO cell \
     SELECT d.campaign, d.day, d.place, 'senior', CAST(right(d.record, 1) AS BIGINT), a.area, \
     COUNT(*), 0, 0, 0, 0 FROM dose d JOIN home a ON a.place = d.place \
     WHERE d.campaign = $1 GROUP BY 1, 2, 3, 5, 6";
const TOTALS: &str = "INSERT INTO total \
     SELECT campaign, area, grp, dose, day, SUM(persons), 0, 0, 0 FROM cell \
     WHERE campaign = $1 GROUP BY campaign, area, grp, dose, day";
const SIZE: &str = "SELECT CAST(SUM(pg_total_relation_size(relid)) AS BIGINT) \
     FROM pg_stat_user_tables WHERE relname IN ('person', 'dose')";

fn main() -> Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build()?.block_on(both())
}

async fn both() -> Result<()> {
    let address = std::env::var("DOSEPLAN_TEST_POSTGRES")
        .map_err(|_| "DOSEPLAN_TEST_POSTGRES names an empty PostgreSQL database")?;
    let people = std::env::var("DOSEPLAN_BENCH_PEOPLE").ok();
    let people = people.map_or(Ok(PEOPLE), |text| text.parse())?;
    let small = Prefecture::new(&address, people / SMALL).await?.measured().await?;
    let large = Prefecture::new(&address, people).await?.measured().await?;
    heading(&format!(
        "a prefecture of {COUNTIES} counties with {people} people, against {}",
        people / SMALL
    ));
    let tell = |what: &str, of: fn(&Measured) -> Duration, bar: &str| {
        line(what, shown(of(&large)), shown(of(&small)), ratio(of(&large), of(&small)), bar);
    };
    tell("filled by SQL", |one| one.filled, "");
    tell("overview of the prefecture", |one| one.overview, OVERVIEW);
    tell("coverage of a county", |one| one.county, OVERVIEW);
    tell("one person, found by code", |one| one.person, OVERVIEW);
    tell("the night of a county: everybody assigned", |one| one.night, "");
    tell("overview meanwhile", |one| one.meanwhile, OVERVIEW);
    let gib = |bytes: i64| format!("{:.2} GiB", bytes as f64 / f64::from(1 << 30));
    line("register and doses on disk", gib(large.bytes), gib(small.bytes), 0.0, "");
    println!("assigned in the county: {} of {}", large.assigned, people / i64::from(COUNTIES));
    Ok(())
}

struct Measured {
    filled: Duration,
    overview: Duration,
    county: Duration,
    person: Duration,
    night: Duration,
    meanwhile: Duration,
    bytes: i64,
    assigned: usize,
}

struct Prefecture {
    app: App,
    /// A campaign for all.
    whole: Loaded,
    /// One of the first county, for which nobody has been vaccinated.
    county: Loaded,
    people: i64,
    filled: Duration,
}

fn now() -> Result<DateTime<Utc>> {
    Ok(Utc.with_ymd_and_hms(2021, 10, 21, 2, 0, 0).single().ok_or("a time")?)
}

fn today() -> Result<NaiveDate> {
    Ok(NaiveDate::from_ymd_opt(2021, 10, 21).ok_or("a day")?)
}

/// Danyang, as often as there are counties: codes begin with the county's number.
fn campaign() -> Result<Campaign> {
    let one = support::campaign()?;
    let top = Area { code: TOP.into(), name: TOP.to_owned(), parent: None, point: None };
    let mut all = Campaign {
        areas: vec![top],
        eligible: Vec::new(),
        sites: Vec::new(),
        reach: Vec::new(),
        teams: Vec::new(),
        stops: Vec::new(),
        closures: Vec::new(),
        ..one.clone()
    };
    for county in 0..COUNTIES {
        let code = |code: &str| format!("{county:02}-{code}");
        all.areas.extend(one.areas.iter().map(|area| Area {
            code: code(area.code.as_str()).as_str().into(),
            parent: Some(
                area.parent.as_ref().map_or(TOP.into(), |one| code(one.as_str()).as_str().into()),
            ),
            ..area.clone()
        }));
        for row in &one.eligible {
            let mut row = row.clone();
            row.area = code(row.area.as_str()).as_str().into();
            all.eligible.push(row);
        }
        for site in &one.sites {
            let mut site = site.clone();
            site.code = code(site.code.as_str()).as_str().into();
            site.area = code(site.area.as_str()).as_str().into();
            all.sites.push(site);
        }
        for row in &one.reach {
            let mut row = row.clone();
            row.area = code(row.area.as_str()).as_str().into();
            row.site = code(row.site.as_str()).as_str().into();
            all.reach.push(row);
        }
    }
    Ok(all)
}

impl Prefecture {
    async fn new(address: &str, people: i64) -> Result<Self> {
        let store = Store::open(address, true).await?;
        let mut tx = store.write().await?;
        for statement in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
            tx.run(statement, vec![]).await?;
        }
        tx.commit().await?;
        store.close().await;
        let app = App::new(Store::open(address, true).await?, Config::default());
        let (campaign, now) = (campaign()?, now()?);
        app.apply(&campaign, Actor::CommandLine, now).await?;
        let mut places = Jurisdiction::of_campaign(&campaign);
        for row in &mut places.areas {
            let parent = row.area.parent.as_ref().map(AreaCode::as_str);
            row.level = match parent {
                None => Some(AreaLevel::Prefecture),
                Some(TOP) => Some(AreaLevel::County),
                Some(_) => Some(AreaLevel::Township),
            };
        }
        app.apply_jurisdiction(&places, Actor::CommandLine, now).await?;
        let mut own = campaign.clone();
        own.id = "county".into();
        for lot in &mut own.deliveries {
            lot.lot = format!("{}-county", lot.lot).as_str().into();
        }
        own.eligible.retain(|row| row.area.as_str().starts_with("00-"));
        (own.start, own.end) = (today()?, today()? + Days::new(DAYS + 30));
        let known = doseplan::intake::series::all();
        own.series = known
            .iter()
            .find(|series| series.id.as_str() == "cn-ppsv23")
            .ok_or("the series of the 23-valent pneumonia vaccine")?
            .clone();
        app.apply(&own, Actor::CommandLine, now).await?;
        let (whole, county) =
            (app.campaign(Some(campaign.id.as_str())).await?, app.campaign(Some("county")).await?);
        assert!(county.near().is_some(), "a county is a part of the register");
        let start = Instant::now();
        fill(&app, &whole, people).await?;
        let filled = start.elapsed();
        adopt(&app, &county, people).await?;
        Ok(Self { app, whole, county, people, filled })
    }

    async fn overview(&self) -> Result<Duration> {
        let (start, day) = (Instant::now(), today()?);
        self.app.overview(&self.whole, day, day).await?;
        Ok(start.elapsed())
    }

    async fn measured(self) -> Result<Measured> {
        let (mut overview, mut county, mut person) = (Vec::new(), Vec::new(), Vec::new());
        let part = self.whole.below(&["03-danyang".into()]);
        for run in 0..RUNS {
            overview.push(self.overview().await?);
            let start = Instant::now();
            self.app.coverage(&part, AsOf::day(today()?), Depth::Tree).await?;
            county.push(start.elapsed());
            let code = format!("P{:08}", i64::from(run) * 7_919 % self.people);
            let start = Instant::now();
            self.app.person_file(&code, Actor::CommandLine, now()?).await?;
            person.push(start.elapsed());
        }
        let night = async {
            let start = Instant::now();
            let done = self.app.assign(&self.county, now()?).await?.ok_or("a plan")?;
            Ok::<_, Box<dyn std::error::Error>>((start.elapsed(), done.new.len()))
        };
        let looking = async {
            let mut took = Vec::new();
            for _ in 0..RUNS {
                tokio::time::sleep(Duration::from_millis(100)).await;
                took.push(self.overview().await?);
            }
            Ok::<_, Box<dyn std::error::Error>>(median(took))
        };
        let (night, meanwhile) = tokio::join!(night, looking);
        let (night, assigned) = night?;
        let mut tx = self.app.store.read().await?;
        let row = tx.row(SIZE, vec![]).await?.ok_or("a size")?;
        let bytes = row.get::<i64>(0)?;
        drop(tx);
        self.app.store.close().await;
        Ok(Measured {
            filled: self.filled,
            overview: median(overview),
            county: median(county),
            person: median(person),
            night,
            meanwhile: meanwhile?,
            bytes,
            assigned,
        })
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn fill(app: &App, loaded: &Loaded, people: i64) -> Result<()> {
    let mut tx = app.store.write().await?;
    tx.run("CREATE TABLE home (no BIGINT PRIMARY KEY, place TEXT, area TEXT)", vec![]).await?;
    for (no, site) in (0_i64..).zip(&loaded.campaign.sites) {
        let values = args![no, site.code.as_str(), site.area.as_str()];
        tx.run("INSERT INTO home VALUES ($1, $2, $3)", values).await?;
    }
    let somebody = serde_json::to_string(&support::somebody())?;
    let code = |number: i64| format!("P{number:08}");
    // The server may be slow, and counting takes one statement for all people.
    tx.run("SET LOCAL statement_timeout = 0", vec![]).await?;
    let mut first = 0;
    while first < people {
        let next = people.min(first + PEOPLE_AT_ONCE);
        tx.run(REGISTER, args![first, somebody.as_str(), next]).await?;
        tx.run(DOSES, args![loaded.no, code(first), code(next)]).await?;
        first = next;
    }
    for statement in [CELLS, TOTALS] {
        tx.run(statement, args![loaded.no]).await?;
    }
    tx.run("ANALYZE person", vec![]).await?;
    tx.run("ANALYZE dose", vec![]).await?;
    Ok(tx.commit().await?)
}

/// A plan of the county with a seat for everybody.
async fn adopt(app: &App, loaded: &Loaded, people: i64) -> Result<()> {
    let first = today()? + Days::new(1);
    let sites: Vec<_> =
        loaded.campaign.sites.iter().filter(|site| site.code.as_str().starts_with("00-")).collect();
    let each =
        people / i64::from(COUNTIES) / i64::try_from(sites.len())? / i64::try_from(DAYS)? + 1;
    let each = u32::try_from(each)?;
    let days = (0..DAYS).map(|day| first + Days::new(day));
    let rows: Vec<PlanRow> = days
        .flat_map(|day| sites.iter().map(move |site| (day, site)))
        .map(|(day, site)| PlanRow {
            day,
            place: site.code.clone(),
            team: None,
            area: site.area.clone(),
            group: "senior".into(),
            dose: 1,
            doses: each,
        })
        .collect();
    let plan = NewPlan {
        version: loaded.version,
        from: today()?,
        made_by: MadeBy::Hand,
        figures: &Figures::default(),
        unplaced: &[],
        rows: &rows,
        given_doses: 0,
        certificate: &Certificate::default(),
    };
    let mut act = Act::new(app.store.write().await?, None, Action::PlanAdopt, 1);
    let no = plans::insert(&mut act, loaded.no, &plan, 1).await?;
    plans::adopt(&mut act, loaded.no, no, 1).await?;
    Ok(act.commit(None, "").await?)
}
