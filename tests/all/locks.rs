//! Sessions that an office locks: new plans leave them as they are.

use crate::support::{Folder, World, at, on_postgresql, small, wait};
use crate::web::{Browser, Office};
use chrono::{DateTime, NaiveDate, Utc};
use doseplan::app::plans::{Made, Search};
use doseplan::app::{App, AppError, Loaded};
use doseplan::config::Config;
use doseplan::domain::permission::Actor;
use doseplan::domain::place_edit::PlaceEdit;
use doseplan::domain::plan::PlanRow;
use doseplan::domain::planner::Limits;
use doseplan::store::Store;

const BY: Actor<'static> = Actor::CommandLine;

/// The small county without teams: what a closed day loses can only go to other days.
fn fixed() -> Folder {
    small()
        .with("teams.csv", "team,name,latitude,longitude\n")
        .with("stops.csv", "stop,name,area,latitude,longitude\n")
}

fn now() -> DateTime<Utc> {
    at("2021-03-31T01:00:00")
}

fn first() -> NaiveDate {
    crate::support::day("2021-04-01")
}

async fn made(app: &App, loaded: &Loaded) -> Made {
    let search = Search { limits: Limits::QUICK, progress: &mut |_| {}, time_used: &mut || 0.0 };
    app.make_plan(loaded, Some(first()), BY, search, now()).await.unwrap()
}

/// The rows of a draft at a place on a day.
fn at_session(made: &Made, place: &str, day: NaiveDate) -> Vec<PlanRow> {
    let rows = made.plan.rows.iter().filter(|row| row.place.as_str() == place && row.day == day);
    rows.cloned().collect()
}

#[track_caller]
fn is_refused<T: std::fmt::Debug>(done: Result<T, AppError>, words: &str) {
    let Err(AppError::Refused(said)) = done else { panic!("{done:?}") };
    assert!(said.to_string().contains(words), "{said}");
}

async fn story(app: App) {
    let loaded = app.campaign(None).await.unwrap();
    let published = made(&app, &loaded).await;
    app.adopt_plan(&loaded, Some(published.no), BY, now()).await.unwrap();
    // The last day of first doses at S1 has room left.
    let begins =
        published.plan.rows.iter().filter(|row| row.place.as_str() == "S1" && row.dose == 1);
    let day = begins.map(|row| row.day).max().unwrap();
    let kept = at_session(&published, "S1", day);
    let doses: u32 = kept.iter().map(|row| row.doses).sum();
    assert!(doses < 40, "{kept:?}");
    // An earlier day closes, and whoever had it is to come on that day and later.
    let closed = crate::support::day("2021-04-02");
    let close = PlaceEdit::Close { first: closed, last: closed, doses: 0, reason: None };
    app.edit_place("S1", (&close, None), BY, now()).await.unwrap();
    let loaded = app.campaign(None).await.unwrap();
    let free = made(&app, &loaded).await;
    assert_ne!(at_session(&free, "S1", day), kept, "without a lock it fills up");
    let effect = app.lock_effect(&loaded, ("S1", day), BY, now()).await.unwrap();
    assert_eq!((effect.doses, effect.appointments), (u64::from(doses), 0));
    assert!(app.locks(&loaded, now()).await.unwrap().is_empty(), "looking stores nothing");
    let what = ("S1", day, " hall \n booked ");
    assert_eq!(app.lock_planned(&loaded, what, BY, now()).await.unwrap(), effect);
    let before = app.adopt_plan(&loaded, Some(free.no), BY, now()).await;
    is_refused(before.map(drop), "was locked after that");
    let locked = made(&app, &loaded).await;
    assert_eq!(at_session(&locked, "S1", day), kept);
    app.adopt_plan(&loaded, Some(locked.no), BY, now()).await.unwrap();
    let lock = app.locks(&loaded, now()).await.unwrap().remove(0);
    assert_eq!((lock.reason.as_str(), lock.doses, lock.day), ("hall booked", effect.doses, day));
    is_refused(app.lock_planned(&loaded, what, BY, now()).await, "locked already");
    let today = crate::support::day("2021-03-31");
    is_refused(app.lock_effect(&loaded, ("S1", today), BY, now()).await, "from tomorrow on");
    is_refused(app.lock_effect(&loaded, ("S1", closed), BY, now()).await, "no session");
    app.unlock_planned(&loaded, ("S1", day), BY, now()).await.unwrap();
    is_refused(app.unlock_planned(&loaded, ("S1", day), BY, now()).await, "not locked");
    let log = app.audit(None, i64::MAX, 100).await.unwrap();
    let said: Vec<_> = log.iter().map(|line| (line.did.word(), line.said.clone())).collect();
    let told = format!("S1 {day} {doses} hall booked");
    assert!(said.contains(&("plan-lock", told)), "{said:?}");
    assert!(said.contains(&("plan-unlock", format!("S1 {day}"))), "{said:?}");
    app.store.close().await;
}

#[test]
fn a_locked_session_stays_as_it_is_when_everything_around_it_moves() {
    let run = |world: World| {
        let world = world.applied(&fixed());
        wait(async {
            let store = Store::open(world.db(), true).await.expect("the database opens");
            story(App::new(store, Config::default())).await;
        });
    };
    run(World::empty());
    on_postgresql(|server| run(World::on(server)));
}

#[test]
fn a_session_is_locked_on_its_places_page_and_at_the_command_line() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let planner = office.login("planner");
    let send = |browser: &Browser, form: &str| {
        let csrf = browser.token();
        let to = format!("/c/small/place/S1/lock?as-of=2021-04-01&csrf={csrf}");
        let answer = browser.post(&to, form);
        (answer.status, answer.body)
    };
    let page = planner.get("/c/small/place/S1?as-of=2021-04-01").body;
    let (_, rest) = page.split_once("id=\"lock-day\"").expect("a session to lock");
    let (_, rest) = rest.split_once("<option value=\"").expect("a day");
    let day = &rest[..10];
    let lock = format!("do=lock&day={day}&reason=%3Cb%3Ehall");
    let (status, page) = send(&planner, &lock);
    assert!(status == 200 && page.contains("Lock the session on"), "{page}");
    assert!(page.contains("people with an appointment there: "), "{page}");
    let sure = format!("{lock}&sure=yes");
    assert_eq!(send(&planner, &sure).0, 303);
    let (status, page) = send(&planner, &sure);
    assert!(status == 200 && page.contains("locked already"), "{page}");
    assert!(page.contains("locked by planner") && page.contains("&#60;b&#62;hall"), "{page}");
    // Whoever may only look sees it and cannot change it.
    let viewer = office.login("viewer");
    let page = viewer.get("/c/small/place/S1?as-of=2021-04-01").body;
    assert!(page.contains("locked by planner") && !page.contains("lock?"), "{page}");
    assert_eq!(send(&viewer, &format!("do=unlock&day={day}")).0, 403);
    for bad in ["do=lock&day=x", "do=nonsense&day=2021-04-09", "do=lock&day=2021-04-02"] {
        let (status, page) = send(&planner, bad);
        assert!(status == 200 && page.contains("role=\"alert\""), "{bad}: {page}");
    }
    let run = |arguments: &[&str]| {
        let mut command = office.world.command(arguments);
        command.env("DOSEPLAN_CLOCK", "2021-04-02T10:05:00+08:00");
        crate::support::Ran::from(command.output().unwrap())
    };
    let listed = run(&["plan", "locks", "-o", "csv"]).ends(0).csv();
    assert_eq!((listed[0]["place"].as_str(), listed[0]["reason"].as_str()), ("S1", "<b>hall"));
    let ran = run(&["plan", "unlock", "S1", day]).ends(0);
    assert!(ran.err.contains("unlocked"), "{}", ran.err);
    run(&["plan", "unlock", "S1", day]).ends(1);
    let ran = run(&["plan", "lock", "S1", day]).ends(0);
    assert!(ran.err.contains("new plans keep its"), "{}", ran.err);
    assert_eq!(send(&planner, &format!("do=unlock&day={day}")).0, 303);
    assert_eq!(run(&["plan", "locks", "-o", "json"]).ends(0).json(), serde_json::json!([]));
}
