//! Who may enter counts is the same at every door, and what somebody did is written down with it.

use crate::support::{Desk, World, at, day, small, text, wait};
use crate::web::{ADDRESSES, FORMS, Office, ROLES, account};
use chrono::NaiveDate;
use doseplan::app::plans::Search;
use doseplan::domain::account::{Account, Role};
use doseplan::domain::audit::Action;
use doseplan::domain::dose::Tally;
use doseplan::domain::permission::Actor;
use doseplan::fault::Faults;
use futures_util::FutureExt as _;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Two teams, each of which can reach only the stop beside its base within its hours.
fn two_teams() -> World {
    let teams = "team,name,latitude,longitude,work_minutes\n\
                 T1,一队,32.021,119.621,60\nT2,二队,32.061,119.661,60\n";
    World::with(&small().with("teams.csv", teams))
}

/// The days on which the plan in force sends a team to each stop.
fn visits(world: &World) -> BTreeMap<String, BTreeSet<NaiveDate>> {
    let plan = world.run(&["plan", "show", "-o", "csv"]).ends(0).out;
    let mut out: BTreeMap<String, BTreeSet<NaiveDate>> = BTreeMap::new();
    for line in plan.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let team = match cells[1] {
            "P1" => "T1",
            "P2" => "T2",
            _ => continue,
        };
        assert_eq!(cells[2], team, "each team visits its own stop");
        out.entry(cells[1].to_owned()).or_default().insert(day(cells[0]));
    }
    out
}

#[test]
fn counts_are_entered_by_the_same_people_on_the_page_and_through_the_api() {
    let office = Office::at(two_teams(), "2021-05-10T20:00:00+08:00");
    let visits = visits(&office.world);
    let visited = visits["P1"].first().copied().expect("a visit");
    let unvisited = doseplan::domain::date::days(day("2021-04-01"), day("2021-05-09"))
        .find(|day| !visits["P1"].contains(day))
        .expect("a day without a visit");
    for (name, places) in [("s1", "S1"), ("t1", "T1"), ("t2", "T2"), ("p1", "P1")] {
        account(&office.world, &["add", name, "--role", "lead", "--places", places], name);
    }
    let everybody = ["admin", "planner", "viewer", "s1", "t1", "t2", "p1"];
    let places: [(&str, NaiveDate, &str, &[&str]); 4] = [
        ("S1", visited, "A", &["admin", "planner", "s1"]),
        ("S2", visited, "B", &["admin", "planner"]),
        ("P1", visited, "A", &["admin", "planner", "t1", "p1"]),
        // Where the plan sends nobody, a team may have been sent by telephone.
        ("P1", unvisited, "A", &["admin", "planner", "t1", "t2", "p1"]),
    ];
    for who in everybody {
        let browser = office.login(who);
        let token = token(&office.world, who);
        for (place, day, area, may) in places {
            let page = format!("/c/small/tally?as-of={day}&place={place}");
            let form = format!("{area}%2Fadult%2F1=3");
            let status = browser.post(&format!("{page}&csrf={}", browser.token()), &form).status;
            let wanted = if may.contains(&who) { 303 } else { 403 };
            assert_eq!(status, wanted, "{who} enters {place} of {day} on the page");
            if place != "S2" || who != "viewer" {
                let shown = if may.contains(&who) { 200 } else { 403 };
                assert_eq!(browser.get(&page).status, shown, "{who} opens {place} of {day}");
            }
            let row = json!({"record": format!("{who}-{place}-{day}"), "date": day, "place": place,
                "area": area, "group": "adult", "dose": 1, "doses": 1});
            let rows = json!({"tallies": [row]});
            let status = browser.call("POST", "/small/tallies", &token, &rows).status;
            let wanted = match (may.contains(&who), who) {
                (true, _) => 200,
                (false, "viewer") => 401,
                (false, _) => 403,
            };
            assert_eq!(status, wanted, "{who} sends {place} of {day} to the API");
        }
    }
    let log = office.log();
    let refused: Vec<_> = log.iter().filter(|line| line["did"] == "refused").collect();
    assert!(refused.iter().any(|line| line["who"] == "t2"), "{refused:?}");
}

/// A token for counts; none for an account that may not enter any.
fn token(world: &World, account: &str) -> String {
    let name = format!("{account}-counts");
    let made = ["account", "token", "add", account, &name, "--scope", "tally"];
    let made = world.run(&made);
    if account == "viewer" {
        made.ends(1);
        return "none".to_owned();
    }
    made.ends(0).out.trim().to_owned()
}

/// What a process dies of in these tests.
struct Death;

/// The same app, which dies when `step` comes for the `count`-th time.
fn dying(desk: &Desk, step: &'static str, count: u32) -> doseplan::app::App {
    let passed = Arc::new(AtomicU32::new(0));
    let mut app = desk.app.clone();
    app.store = app.store.with_faults(Faults::new(move |at| {
        if at == step && passed.fetch_add(1, Ordering::SeqCst) + 1 == count {
            std::panic::panic_any(Death);
        }
    }));
    app
}

const NOW: &str = "2021-04-02T10:00:00";

/// Does one of the acts; what it changes is told by [`is_done`].
async fn act(
    app: &doseplan::app::App,
    desk: &Desk,
    what: Action,
    upload: &str,
) -> doseplan::app::Result<()> {
    let (loaded, now, by) = (&desk.loaded, at(NOW), Actor::CommandLine);
    match what {
        Action::PlanAdopt => app.adopt_plan(loaded, None, by, now).await.map(drop),
        Action::Tally => {
            let tally = Tally {
                record: "w1".into(),
                date: day("2021-04-01"),
                place: "S1".into(),
                area: "A".into(),
                group: "adult".into(),
                dose: 1,
                doses: 7,
                campaign: None,
            };
            app.import_tallies(loaded, ("rows", "by hand"), vec![tally], by, now).await.map(drop)
        }
        Action::CampaignApply => {
            let account = uploader(app).await;
            app.apply_upload(&account, upload, now).await.map(drop)
        }
        Action::AccountAdd => {
            app.add_account("zhao", (Role::Viewer, &[]), "a long password", by, now).await
        }
        other => panic!("{other} is not tried here"),
    }
}

/// Whether an act has changed what it changes.
async fn is_done(desk: &Desk, what: Action) -> bool {
    let (app, loaded) = (&desk.app, &desk.loaded);
    match what {
        Action::PlanAdopt => app.plan(loaded, None).await.unwrap().is_some(),
        Action::Tally => {
            let known = app.tallies_of(loaded, &"S1".into(), day("2021-04-01")).await.unwrap();
            !known.is_empty()
        }
        Action::CampaignApply => app.campaign(None).await.unwrap().version > 1,
        _ => app.accounts().await.unwrap().len() > 1,
    }
}

async fn uploader(app: &doseplan::app::App) -> Account {
    app.accounts().await.unwrap().into_iter().find(|one| one.name == "uploader").unwrap()
}

/// The small campaign with a draft, and a workbook that changes it and waits to be applied.
async fn office(workbook: &[u8]) -> (Desk, String) {
    let desk = Desk::open(&small(), at(NOW)).await;
    let (app, by, now) = (&desk.app, Actor::CommandLine, at(NOW));
    let limits = doseplan::domain::planner::Limits::steps(0);
    let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
    app.make_plan(&desk.loaded, None, by, search, now).await.unwrap();
    app.add_account("uploader", (Role::Planner, &[]), "a long password", by, now).await.unwrap();
    let account = uploader(app).await;
    let id = app.keep_upload(&account, "new.xlsx", workbook.to_vec(), now).await.unwrap();
    (desk, id)
}

/// Lines of the audit log that tell of an act.
async fn lines(desk: &Desk, what: Action) -> usize {
    let log = desk.app.audit(None, i64::MAX, 100).await.unwrap();
    log.iter().filter(|line| line.did == what).count()
}

#[test]
fn what_somebody_did_is_stored_with_its_line_of_the_audit_log_or_not_at_all() {
    let other = World::with(&small().swap("campaign.toml", "小县接种", "小县补种"));
    let file = other.path("new.xlsx");
    other.run(&["campaign", "export", text(&file)]).ends(0);
    let workbook = std::fs::read(&file).unwrap();
    let all = [Action::PlanAdopt, Action::Tally, Action::CampaignApply, Action::AccountAdd];
    for (what, step) in all.into_iter().flat_map(|what| [(what, "commit"), (what, "committed")]) {
        for count in 1.. {
            if wait(survives(what, (step, count), &workbook)) {
                assert!(count > 1, "{what} could die");
                break;
            }
        }
    }
}

/// Does an act and dies at the `count`-th `step`, or comes to its end; either way the audit log agrees.
async fn survives(what: Action, (step, count): (&'static str, u32), workbook: &[u8]) -> bool {
    let (desk, upload) = office(workbook).await;
    let before = lines(&desk, what).await;
    let app = dying(&desk, step, count);
    let lives = match AssertUnwindSafe(act(&app, &desk, what, &upload)).catch_unwind().await {
        Ok(done) => done.map(|()| true).unwrap(),
        Err(death) if death.is::<Death>() => false,
        Err(other) => std::panic::resume_unwind(other),
    };
    let (is_done, told) = (is_done(&desk, what).await, lines(&desk, what).await - before);
    assert_eq!(usize::from(is_done), told, "{what} killed at {step} {count}");
    assert!(is_done || !lives);
    lives
}

#[test]
fn an_account_of_an_area_sees_that_part_on_every_page_and_nothing_of_the_whole() {
    let office = Office::at(two_teams(), "2021-05-10T20:00:00+08:00");
    let rows = "t1,2021-05-04,S1,A,adult,1,10\nt2,2021-05-04,S2,B,adult,1,7";
    office.world.import("tallies", rows).ends(0);
    account(&office.world, &["add", "town", "--role", "planner", "--areas", "B"], "town");
    let browser = office.login("town");
    for page in ["overview", "map", "calendar", "reports", "bulletin", "plan", "due", "tally"] {
        let answer = browser.get(&format!("/c/small/{page}?as-of=2021-05-04"));
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
        for other in ["甲镇", "甲村"] {
            assert!(!answer.body.contains(other), "{page} shows {other}");
        }
    }
    assert!(browser.get("/c/small/overview?as-of=2021-05-04").body.contains("乙镇"));
    for page in ["/c/small/mail", "/c/small/jobs", "/accounts", "/audit", "/upload"] {
        let answer = browser.get(&format!("{page}?as-of=2021-05-04"));
        assert_eq!(answer.status, 403, "{page}");
    }
    let made = ["account", "token", "add", "town", "bi", "--scope", "read", "--scope", "tally"];
    let token = office.world.run(&made).ends(0).out.trim().to_owned();
    let get = |path: &str| browser.call("GET", path, &token, &json!(null));
    let coverage = get("/small/coverage?as_of=2021-05-04&by=area");
    assert_eq!(coverage.status, 200, "{}", coverage.body);
    assert!(!coverage.body.contains("\"A\"") && coverage.body.contains("\"B\""));
    let plan = get("/small/plan");
    assert!(!plan.body.contains("\"A\""), "{}", plan.body);
}

/// A route of the dashboard: its path, the word of its power, whether it is asked for, whether something is sent to it.
type Route = (&'static str, &'static str, bool, bool);

/// All of them, as the sources have them.
fn routes() -> Vec<Route> {
    let powers = include_str!("../../src/web/powers.rs");
    let table = include_str!("../../src/web/routes.rs");
    let of = |line: &'static str| {
        let (path, rest) = line.trim().strip_prefix("(\"")?.split_once("\", Power::")?;
        let head = format!("(\"{path}\", ");
        let row = table.lines().find(|row| row.trim().starts_with(&head)).expect(path);
        Some((path, rest.split(')').next()?, row.contains("get("), row.contains("post(")))
    };
    powers.lines().filter_map(of).collect()
}

/// Whether an address is one of a route.
fn is_of(route: &str, address: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    let (route, path): (Vec<&str>, Vec<&str>) =
        (route.split('/').collect(), path.split('/').collect());
    let same = |(one, other): (&&str, &&str)| one.starts_with('{') || one == other;
    route.len() == path.len() && route.iter().zip(&path).all(same)
}

/// The power that an address needs: that of the route with the fewest parts that may be anything.
fn power_of(routes: &[Route], address: &str) -> &'static str {
    let mine = routes.iter().filter(|(route, ..)| is_of(route, address));
    mine.min_by_key(|(route, ..)| route.matches('{').count()).expect(address).1
}

#[test]
fn every_route_is_tried_by_every_role() {
    let routes = routes();
    assert!(routes.len() > 60, "the sources are read: {routes:?}");
    for (route, _, is_asked, is_sent) in &routes {
        let is_listed = |all: &[(&str, &[&str])]| all.iter().any(|(path, _)| is_of(route, path));
        assert!(!is_asked || is_listed(&ADDRESSES), "{route} stands among no addresses");
        // Logging out ends the login that tries everything else; it is tried by itself.
        assert!(!is_sent || *route == "/logout" || is_listed(&FORMS), "{route} is no form");
    }
    // What the tables say of roles is what the powers say.
    for (path, roles) in ADDRESSES.iter().chain(&FORMS) {
        let power = power_of(&routes, path);
        let place_of_others = path.ends_with("place=S2");
        for role in ROLES {
            let may = match power {
                "Look" => true,
                "People" | "Tally" => role != "viewer",
                "Operation" | "Plan" => matches!(role, "admin" | "planner"),
                _ => role == "admin",
            };
            let is_far = place_of_others && role == "lead";
            assert_eq!(roles.contains(&role), may && !is_far, "{role} {path}");
        }
    }
}

/// What an account of another township is answered where a page is about a place, person or part that is not theirs.
const NOT_THEIRS: [(&str, u16); 3] =
    [("/c/small/place/S1", 404), ("/c/small/person/p1", 403), ("/national/children", 404)];

#[test]
fn an_account_of_an_area_opens_what_its_role_may_and_nothing_that_concerns_the_whole() {
    let (office, routes) = (Office::open(), routes());
    for role in ROLES {
        let name = format!("{role}-b");
        let places: &[&str] = if role == "lead" { &["--places", "S2"] } else { &[] };
        let add = ["add", name.as_str(), "--role", role, "--areas", "B"];
        account(&office.world, &[&add[..], places].concat(), &name);
        let browser = office.login(&name);
        let may = |path: &str| match power_of(&routes, path) {
            "Look" => true,
            "People" | "Tally" => role != "viewer",
            _ => false,
        };
        for (path, _) in ADDRESSES {
            let status = browser.get(path).status;
            let not_theirs = NOT_THEIRS.iter().find(|(one, _)| path.split('?').next() == Some(one));
            let wanted: &[u16] = match (may(path), not_theirs) {
                (false, _) => &[403],
                (true, Some((_, told))) => &[*told],
                (true, None) => &[200, 303],
            };
            assert!(wanted.contains(&status), "{name} {path}: {status}");
        }
        for (path, _) in FORMS {
            let sign = if path.contains('?') { '&' } else { '?' };
            let status = browser.post(&format!("{path}{sign}csrf={}", browser.token()), "").status;
            assert_eq!(status == 403, !may(path), "{name} {path}: {status}");
        }
    }
}
