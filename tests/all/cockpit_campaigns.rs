//! What an office does with campaigns and for single people, beyond its daily work: a campaign like another one, what
//! each county gets, links to book.

use crate::operation::ANY_PORT;
use crate::support::{World, csv_rows};
use crate::web::{Browser, Office, account};
use serde_json::Value;
use std::collections::BTreeMap;

const NOW: &str = "2021-04-02T10:00:00+08:00";
/// The booking pages, and a free port for the dashboard.
const LINKS: &str = "[http]\nlisten = \"127.0.0.1:0\"\n\
     [booking]\nlisten = \"127.0.0.1:0\"\nurl = \"https://yy.example.org\"\n";

fn office() -> Office {
    Office::at(World::small(), NOW)
}

/// Sends a form of a page of the small campaign; returns status and body.
fn send(browser: &Browser, page: &str, form: &str) -> (u16, String) {
    let to = format!("/c/small/{page}?as-of=2021-04-01&csrf={}", browser.token());
    let answer = browser.post(&to, form);
    (answer.status, answer.body)
}

fn log_of(office: &Office, did: &str) -> Vec<Value> {
    office.log().into_iter().filter(|line| line["did"] == did).collect()
}

#[test]
fn a_campaign_like_another_one_is_made_on_the_page() {
    let office = office();
    let planner = office.login("planner");
    let make = |form: &str| {
        let to = format!("/campaigns/state?csrf={}", planner.token());
        let answer = planner.post(&to, &format!("do=copy&campaign=small&{form}"));
        let place = answer.headers.get("location").cloned().unwrap_or_default();
        (answer.status, answer.body + &place)
    };
    for (form, said) in [
        ("id=&start=2022-04-01&end=2022-06-30", "cannot be called"),
        ("id=a%2Fb&start=2022-04-01&end=2022-06-30", "cannot be called"),
        ("id=small&start=2022-04-01&end=2022-06-30", "there is a campaign small already"),
        ("id=next&start=2022-06-30&end=2022-04-01", "cannot be the days of a campaign"),
    ] {
        let (status, page) = make(form);
        assert!(status == 200 && page.contains(said), "{form}: {status} {page}");
    }
    assert_eq!(make("id=next&start=&end=2022-06-30").0, 400);
    assert_eq!(make("id=next&start=2022-04-01&end=2022-06-30"), (303, "/c/next".to_owned()));
    let page = planner.get("/c/next/plan?as-of=2022-04-01");
    assert_eq!(page.status, 200, "{}", page.body);
    let list = office.world.run(&["campaign", "list", "-o", "json"]).ends(0).json();
    let ids = list.as_array().unwrap().iter().map(|one| one["campaign"].as_str().unwrap());
    let ids: Vec<&str> = ids.collect();
    assert_eq!(ids, ["next", "small"], "{list}");
    assert_eq!(log_of(&office, "campaign-apply").len(), 1 + 1);
}

#[test]
fn the_page_of_vaccine_says_how_much_each_county_takes() {
    let office = office();
    office.world.plan_day_by_day();
    let planner = office.login("planner");
    let file = planner.get("/c/small/stock?as-of=2021-04-01&allocation.as=csv").body;
    let shown = csv_rows(file.trim_start_matches('\u{feff}'));
    let told = office.world.run(&["plan", "allocation", "-o", "csv"]).ends(0).out;
    let told = csv_rows(&told);
    let doses = |rows: &[BTreeMap<String, String>]| -> Vec<String> {
        rows.iter().map(|row| row["doses"].clone()).collect()
    };
    assert!(!shown.is_empty());
    assert_eq!(doses(&shown), doses(&told));
}

#[test]
fn a_link_to_book_is_made_for_who_is_due_by_who_may_see_them() {
    let world = World::small();
    world.file("doseplan.toml", LINKS);
    world.import("persons", "p1,A,1950-01-01,张三,,,,,,,").ends(0);
    world.plan_day_by_day();
    for role in ["planner", "viewer"] {
        account(&world, &["add", role, "--role", role], role);
    }
    let office = Office::bare(world, NOW);
    let planner = office.login("planner");
    let page = planner.get("/c/small/person/p1?as-of=2021-04-01").body;
    assert!(page.contains("Make a link to book"), "{page}");
    let (status, page) = send(&planner, "person/p1", "do=link");
    assert!(status == 200 && page.contains("https://yy.example.org/b/"), "{status} {page}");
    assert_eq!(log_of(&office, "booking-link").len(), 1);
    let (status, _) = send(&office.login("viewer"), "person/p1", "do=link");
    assert_eq!(status, 403);
    let (status, page) = send(&planner, "person/nobody", "do=link");
    assert!(status != 200 && !page.contains("/b/"), "{status} {page}");
}

#[test]
fn a_lead_of_several_campaigns_sees_the_sessions_of_all_and_reads_of_none_where_there_is_none() {
    let world = World::small();
    world.file("doseplan.toml", ANY_PORT);
    world.plan_day_by_day();
    account(&world, &["add", "lead", "--role", "lead", "--places", "S1"], "lead");
    let rows = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let days = rows.iter().filter(|row| row["place"] == "S1").map(|row| row["date"].clone());
    let day = days.min().expect("a session");
    // Another campaign, at the same places and without any session.
    let later = ["--start", "2022-04-01", "--end", "2022-06-30"];
    world.run(&[&["campaign", "copy", "small", "anew"], &later[..]].concat()).ends(0);
    let own = |now: &str, world: World| {
        let office = Office::bare(world, now);
        let page = office.login("lead").get("/").body;
        let (_, own) = page.split_once("id=\"own\"").expect("the lead's own places");
        let (own, _) = own.split_once("id=\"stands\"").expect("the campaigns");
        (own.to_owned(), office.world)
    };
    let (today, world) = own(&format!("{day}T10:00:00+08:00"), world);
    assert!(today.contains("place=S1") && today.contains(">campaign<"), "{today}");
    assert!(!today.contains("There is no session today."), "{today}");
    // Each campaign has its call list.
    assert!(today.contains("/c/small/calls?") && today.contains("/c/anew/calls?"), "{today}");
    let (before, _) = own("2021-03-31T10:00:00+08:00", world);
    assert!(before.contains("There is no session today."), "{before}");
}

#[test]
fn accounts_show_sites_stops_and_teams_by_their_names() {
    let office = office();
    let guide = ["add", "guide", "--role", "lead", "--places", "S1", "P1", "T1"];
    account(&office.world, &guide, "guide");
    let page = office.login("admin").get("/accounts").body;
    assert!(page.contains(">甲镇卫生院, 甲村, 一队<"), "{page}");
}
