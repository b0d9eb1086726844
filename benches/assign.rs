//! Promise: assigning 1,000,000 people to sessions takes at most 10 s, the database included.

mod support;

use chrono::{Days, NaiveDate, TimeZone as _, Utc};
use doseplan::app::{App, Loaded};
use doseplan::args;
use doseplan::domain::assign::{Candidate, Input, assign};
use doseplan::domain::audit::Action;
use doseplan::domain::id::{GroupId, PersonId};
use doseplan::domain::person::{Person, Sex};
use doseplan::domain::plan::{Figures, PlanRow};
use doseplan::store::audit::Act;
use doseplan::store::plans::{self, NewPlan};
use doseplan::store::records;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;
use support::{Result, heading, line, ratio, shown};

const PEOPLE: usize = 1_000_000;
const DAYS: u64 = 100;
const PEOPLE_AT_ONCE: usize = 20_000;
/// The yardstick: what SQLite takes to write the same rows from another table.
const COPY: &str = "INSERT INTO copy SELECT * FROM assignment ORDER BY person";
const TABLE: &str = "CREATE TABLE copy (campaign INTEGER, person TEXT, dose INTEGER, day TEXT, \
     place TEXT, plan INTEGER, made_at INTEGER, PRIMARY KEY (campaign, person)) \
     STRICT, WITHOUT ROWID";
const INDEX: &str = "CREATE INDEX copy_day ON copy (campaign, day, place)";

fn main() -> Result<()> {
    heading("assigning 1,000,000 people");
    pure()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(whole())
}

fn today() -> Result<NaiveDate> {
    Ok(NaiveDate::from_ymd_opt(2021, 4, 10).ok_or("a day")?)
}

/// Sessions for everybody: each site, each day, the people of its area.
fn sessions() -> Result<Vec<PlanRow>> {
    let campaign = support::campaign()?;
    let first = today()? + Days::new(1);
    let doses = u32::try_from(PEOPLE.div_ceil(campaign.sites.len())).map_err(|_| "too many")?;
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
    PersonId::new(format!("P{:07}", number * 7 % PEOPLE))
}

fn pure() -> Result<()> {
    let campaign = support::campaign()?;
    let rows = sessions()?;
    let candidates: Vec<Candidate> = (0..PEOPLE)
        .map(|number| Candidate {
            person: person(number),
            area: campaign.sites[number % campaign.sites.len()].area.clone(),
            group: "adult".into(),
            dose: 1,
            earliest: campaign.start,
            latest: None,
            absences: 0,
            absent_last: None,
        })
        .collect();
    let mut sorted: Vec<&PersonId> = candidates.iter().map(|one| &one.person).collect();
    let start = Instant::now();
    sorted.sort();
    let yardstick = start.elapsed();
    let start = Instant::now();
    let out = assign(Input {
        rows: &rows,
        plan: 1,
        today: today()?,
        candidates,
        barred: &BTreeSet::new(),
        current: BTreeMap::new(),
        reported: &BTreeSet::new(),
        shares: &BTreeMap::new(),
        now: 0,
    });
    let taken = start.elapsed();
    assert_eq!(out.new.len() + out.without, PEOPLE);
    line(
        "pure function, against sorting the codes",
        shown(taken),
        shown(yardstick),
        ratio(taken, yardstick),
        "",
    );
    Ok(())
}

async fn whole() -> Result<()> {
    let folder = support::folder("assign")?;
    let (app, loaded) = support::app(&folder.join("assign.db")).await?;
    fill(&app, &loaded).await?;
    let noon = today()?.and_hms_opt(4, 0, 0).ok_or("an hour")?;
    let now = Utc.from_utc_datetime(&noon);
    let start = Instant::now();
    let first = app.assign(&loaded, now).await?.ok_or("a plan is adopted")?;
    let new = start.elapsed();
    let start = Instant::now();
    let second = app.assign(&loaded, now).await?.ok_or("a plan is adopted")?;
    let again = start.elapsed();
    assert_eq!((second.kept, second.new.len(), second.ended.len()), (first.new.len(), 0, 0));

    let mut tx = app.store.write().await?;
    tx.run(TABLE, vec![]).await?;
    tx.run(INDEX, vec![]).await?;
    let start = Instant::now();
    tx.run(COPY, vec![]).await?;
    tx.commit().await?;
    let yardstick = start.elapsed();
    println!("assigned {} of {PEOPLE}, {} found no session", first.new.len(), first.without);
    line(
        "App::assign, all new, against INSERT … SELECT",
        shown(new),
        shown(yardstick),
        ratio(new, yardstick),
        "10 s",
    );
    line(
        "App::assign again, nobody moves",
        shown(again),
        shown(yardstick),
        ratio(again, yardstick),
        "10 s",
    );
    app.store.close().await;
    Ok(())
}

async fn fill(app: &App, loaded: &Loaded) -> Result<()> {
    let campaign = &loaded.campaign;
    let mut tx = app.store.write().await?;
    for first in (0..PEOPLE).step_by(PEOPLE_AT_ONCE) {
        let some: Vec<Person> = (first..first + PEOPLE_AT_ONCE)
            .map(|number| Person {
                id: person(number),
                area: campaign.sites[number % campaign.sites.len()].area.clone(),
                born: NaiveDate::from_ymd_opt(1980, 1, 1).unwrap_or_default(),
                name: None,
                sex: Sex::U,
                group: Some(GroupId::from("adult")),
                tags: Vec::new(),
                email: Some(format!("p{number}@bench.test")),
                phone: None,
                language: None,
                household: None,
                opt_out: false,
            })
            .collect();
        records::write(&mut tx, loaded.no, &some, 1).await?;
    }
    let rows = sessions()?;
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
    let mut act = Act::new(tx, None, Action::PlanAdopt, 1);
    let no = plans::insert(&mut act, loaded.no, &plan, 1).await?;
    plans::adopt(&mut act, loaded.no, no, 1).await?;
    // One in ten has had the first dose; the plan has no second doses for them.
    let given = "INSERT INTO dose (campaign, record, person, day, place, recorded_at) \
         SELECT campaign, 'D' || person, person, '2021-03-25', $2, 1 FROM person \
         WHERE campaign = $1 AND person < 'P0100000'";
    act.tx().run(given, args![loaded.no, campaign.sites[0].code.as_str()]).await?;
    Ok(act.commit(None, "").await?)
}
