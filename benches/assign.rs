//! Promise: assigning 1,000,000 people of the register to sessions takes at most 10 s and 300 MB, the database
//! included; also where everybody has an appointment already, and where nobody can get one.
//!
//! `DOSEPLAN_BENCH_PEOPLE` is another number of people.

mod support;

use chrono::{DateTime, Days, NaiveDate, TimeZone as _, Utc};
use doseplan::app::{App, Loaded};
use doseplan::args;
use doseplan::config::Config;
use doseplan::domain::assign::{
    Candidate, Chances, CohortNo, Input, Offer, PersonNo, PlaceNo, assign,
};
use doseplan::domain::audit::Action;
use doseplan::domain::id::{GroupId, PersonId};
use doseplan::domain::person::{Person, Sex};
use doseplan::domain::plan::{Figures, PlanRow};
use doseplan::store::audit::Act;
use doseplan::store::plans::{self, NewPlan};
use doseplan::store::{Store, records};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use support::{Result, address, heading, line, mib, ratio, shown};

const PEOPLE: usize = 1_000_000;
/// Names the database in a child process, whose memory is that of one assignment alone.
const CHILD: &str = "DOSEPLAN_BENCH_ASSIGN_CHILD";
/// Memory that an assignment may take.
const PEAK_MAX_KIB: u64 = 300 * 1000 * 1000 / 1024;
/// Birthdays of the register: of sixty years, as adults have them.
const BIRTHDAYS: u64 = 60 * 365;
const DAYS: u64 = 100;
const PEOPLE_AT_ONCE: usize = 20_000;
/// The yardstick: what SQLite takes to write the same rows from another table.
const COPY: &str = "INSERT INTO copy SELECT * FROM assignment ORDER BY person";
const TABLE: &str = "CREATE TABLE copy (campaign INTEGER, person TEXT, dose INTEGER, day TEXT, \
     place TEXT, plan INTEGER, made_at INTEGER, slot INTEGER, area TEXT, grp TEXT, answer TEXT, \
     PRIMARY KEY (campaign, person)) STRICT, WITHOUT ROWID";
const INDEX: &str = "CREATE INDEX copy_day ON copy (campaign, day, place)";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Ok(db) = std::env::var(CHILD) {
        return runtime.block_on(child(Path::new(&db)));
    }
    heading(&format!("assigning {} people", number_of_people()));
    pure()?;
    runtime.block_on(whole())
}

fn number_of_people() -> usize {
    let named = std::env::var("DOSEPLAN_BENCH_PEOPLE").ok();
    named.and_then(|text| text.parse().ok()).unwrap_or(PEOPLE)
}

fn today() -> Result<NaiveDate> {
    Ok(NaiveDate::from_ymd_opt(2021, 4, 10).ok_or("a day")?)
}

/// Sessions for everybody: each site, each day, the people of its area.
fn sessions() -> Result<Vec<PlanRow>> {
    let campaign = support::campaign()?;
    let first = today()? + Days::new(1);
    let doses =
        u32::try_from(number_of_people().div_ceil(campaign.sites.len())).map_err(|_| "too many")?;
    let each = doses.div_ceil(u32::try_from(DAYS)?);
    let days = (0..DAYS).map(|day| first + Days::new(day));
    Ok(days
        .flat_map(|day| campaign.sites.iter().map(move |site| (day, site)))
        .map(|(day, site)| PlanRow {
            day,
            place: site.code.clone(),
            team: None,
            area: site.area.clone(),
            group: "adult".into(),
            dose: 1,
            doses: each,
        })
        .collect())
}

fn person(number: usize) -> PersonId {
    // Codes of a register are in no order of anything.
    PersonId::new(format!("P{:07}", number * 7 % number_of_people()))
}

fn pure() -> Result<()> {
    let people = u32::try_from(number_of_people())?;
    let campaign = support::campaign()?;
    let sites = u32::try_from(campaign.sites.len())?;
    let offers: Vec<Offer> = (0..)
        .zip(sessions()?)
        .map(|(index, row): (u32, _)| Offer {
            day: row.day,
            place: PlaceNo(index % sites),
            cohort: CohortNo(index % sites),
            dose: row.dose,
            doses: row.doses,
        })
        .collect();
    let candidates: Vec<Candidate> = (0..people)
        .map(|number| Candidate {
            // In no order.
            person: PersonNo(number.wrapping_mul(7) % people),
            cohort: CohortNo(number % sites),
            dose: 1,
            absences: 0,
            absent_last: None,
            earliest: campaign.start,
            latest: None,
            held: None,
            has_answered: false,
            is_told: false,
            is_joined: false,
            waits: false,
        })
        .collect();
    let mut sorted: Vec<PersonNo> = candidates.iter().map(|one| one.person).collect();
    let start = Instant::now();
    sorted.sort_unstable();
    let yardstick = start.elapsed();
    let start = Instant::now();
    let out = assign(Input {
        offers: &offers,
        today: today()?,
        first: today()?,
        candidates,
        others: Vec::new(),
        reported: &BTreeSet::new(),
        // Everybody is in the register.
        left: BTreeMap::new(),
        chances: Chances::default(),
    });
    let taken = start.elapsed();
    assert_eq!(out.new.len() + out.without, people as usize);
    let what = "pure function, against sorting the people";
    line(what, shown(taken), shown(yardstick), ratio(taken, yardstick), "");
    Ok(())
}

fn now() -> Result<DateTime<Utc>> {
    let noon = today()?.and_hms_opt(4, 0, 0).ok_or("an hour")?;
    Ok(Utc.from_utc_datetime(&noon))
}

/// What one assignment took and did.
struct Measured {
    time: Duration,
    cpu: Duration,
    peak_kib: u64,
    kept: usize,
    new: usize,
    ended: usize,
    without: usize,
}

/// Assigns in this process and prints what [`measure`] reads.
async fn child(db: &Path) -> Result<()> {
    let app = App::new(Store::open(&address(db), false).await?, Config::default());
    let loaded = app.campaign(None).await?;
    let start = Instant::now();
    let out = app.assign(&loaded, now()?).await?.ok_or("a plan is adopted")?;
    let time = start.elapsed().as_millis();
    app.store.close().await;
    let (cpu, peak) = (support::own_cpu().as_millis(), support::own_peak_kib());
    println!(
        "{time} {cpu} {peak} {} {} {} {}",
        out.kept,
        out.new.len(),
        out.ended.len(),
        out.without
    );
    Ok(())
}

fn measure(db: &Path) -> Result<Measured> {
    let output = Command::new(std::env::current_exe()?).env(CHILD, db).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    let figures: Vec<u64> =
        text.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>()?;
    let [time, cpu, peak_kib, kept, new, ended, without] = figures[..] else {
        return Err(format!("the child said {text:?}").into());
    };
    let count = |figure: u64| usize::try_from(figure);
    Ok(Measured {
        time: Duration::from_millis(time),
        cpu: Duration::from_millis(cpu),
        peak_kib,
        kept: count(kept)?,
        new: count(new)?,
        ended: count(ended)?,
        without: count(without)?,
    })
}

fn tell(what: &str, one: &Measured, yardstick: Duration) -> Result<()> {
    line(what, shown(one.time), shown(yardstick), ratio(one.time, yardstick), "10 s");
    println!("    CPU {}, memory {}", shown(one.cpu), mib(one.peak_kib));
    if one.peak_kib > PEAK_MAX_KIB {
        return Err(format!("more memory than {}", mib(PEAK_MAX_KIB)).into());
    }
    Ok(())
}

async fn whole() -> Result<()> {
    let people = number_of_people();
    let db = support::folder("assign")?.join("assign.db");
    let (app, loaded) = support::app(&db).await?;
    fill(&app, &loaded).await?;
    app.store.close().await;
    let first = measure(&db)?;
    let second = measure(&db)?;
    assert_eq!((second.kept, second.new, second.ended), (first.new, 0, 0));

    let app = App::new(Store::open(&address(&db), false).await?, Config::default());
    let mut tx = app.store.write().await?;
    tx.run(TABLE, vec![]).await?;
    tx.run(INDEX, vec![]).await?;
    let start = Instant::now();
    tx.run(COPY, vec![]).await?;
    let yardstick = start.elapsed();
    // The same plan for another group: nobody finds a session.
    tx.run("DELETE FROM copy", vec![]).await?;
    tx.run("DELETE FROM assignment", vec![]).await?;
    let rows = sessions()?.into_iter().map(|row| PlanRow { dose: 9, ..row }).collect();
    tx.commit().await?;
    adopt(&app, &loaded, rows).await?;
    app.store.close().await;
    let nobody = measure(&db)?;
    assert_eq!((nobody.new, nobody.ended), (0, 0));
    println!("assigned {} of {people}, {} found no session", first.new, first.without);
    tell("App::assign, all new, against INSERT … SELECT", &first, yardstick)?;
    tell("App::assign again, nobody moves", &second, yardstick)?;
    tell("App::assign, nobody finds a session", &nobody, yardstick)?;
    Ok(())
}

async fn adopt(app: &App, loaded: &Loaded, rows: Vec<PlanRow>) -> Result<()> {
    let plan = NewPlan {
        version: loaded.version,
        from: today()?,
        made_by: doseplan::domain::plan::MadeBy::Hand,
        figures: &Figures::default(),
        unplaced: &[],
        rows: &rows,
        given_doses: 0,
        certificate: &doseplan::domain::plan::Certificate::default(),
    };
    let mut act = Act::new(app.store.write().await?, None, Action::PlanAdopt, 1);
    let no = plans::insert(&mut act, loaded.no, &plan, 1).await?;
    plans::adopt(&mut act, loaded.no, no, 1).await?;
    Ok(act.commit(None, "").await?)
}

async fn fill(app: &App, loaded: &Loaded) -> Result<()> {
    let campaign = &loaded.campaign;
    let born = NaiveDate::from_ymd_opt(1943, 1, 1).ok_or("a day")?;
    let mut tx = app.store.write().await?;
    let people = number_of_people();
    for first in (0..people).step_by(PEOPLE_AT_ONCE) {
        let some: Vec<Person> = (first..people.min(first + PEOPLE_AT_ONCE))
            .map(|number| Person {
                id: person(number),
                area: campaign.sites[number % campaign.sites.len()].area.clone(),
                born: born + Days::new(number as u64 % BIRTHDAYS),
                name: None,
                sex: Sex::U,
                groups: vec![GroupId::from("adult")],
                tags: Vec::new(),
                email: Some(format!("p{number}@bench.test")),
                phone: None,
                language: None,
                household: None,
                opt_out: false,
                more: Box::default(),
            })
            .collect();
        records::write(&mut tx, &some, 1).await?;
    }
    // One in ten has had the first dose; the plan has no second doses for them.
    let given = "INSERT INTO dose (campaign, elsewhere, record, person, day, place, recorded_at) \
         SELECT $1, 0, 'D' || person, person, '2021-03-25', $2, 1 FROM person WHERE person < $3";
    let tenth = format!("P{:07}", people / 10);
    tx.run(given, args![loaded.no, campaign.sites[0].code.as_str(), tenth]).await?;
    tx.commit().await?;
    adopt(app, loaded, sessions()?).await
}
