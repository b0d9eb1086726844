//! The page of a day's appointments: who has which seat, who gave one back, who waits; for those who may see them.

use crate::cockpit_people::{seats, take};
use crate::support::{Folder, Ran, World, csv_rows, on_postgresql, small, wait};
use crate::web::{Browser, Office};
use doseplan::domain::id::CampaignNo;
use doseplan::store::{Store, waiting};
use serde_json::Value;
use std::collections::BTreeMap;

/// The day before the campaign begins.
const BEFORE: &str = "2021-03-31T10:00:00+08:00";

/// A site with hours, and more seniors than the register has: there are seats on several days.
fn folder() -> Folder {
    let sites = "site,name,area,weekday_doses,saturday_doses,opens,closes,slot_minutes\n\
        S1,甲镇卫生院,A,40,20,08:00,10:00,30\nS2,乙镇卫生院,B,20,,,,\n";
    small().with("sites.csv", sites).swap("eligible.csv", "A,senior,6,", "A,senior,120,").swap(
        "stops.csv",
        "P1,甲村,A,",
        "P1,甲村,B,",
    )
}

fn at_command(office: &Office, words: &[&str]) -> Ran {
    let mut command = office.world.command(words);
    Ran::from(command.env("DOSEPLAN_CLOCK", BEFORE).output().expect("the program starts"))
}

/// Everybody's appointment: person, day, place, slot.
fn listed(office: &Office) -> BTreeMap<String, [String; 3]> {
    let list = ["bookings", "list", "--from", "2021-03-01", "-o", "json"];
    let all = at_command(office, &list).ends(0).json();
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let all = all.as_array().expect("a list").iter();
    all.map(|one| (text(one, "person"), ["day", "place", "slot"].map(|key| text(one, key))))
        .collect()
}

/// The rows of a table of the page, by person.
fn rows(browser: &Browser, query: &str, table: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let file = browser.get(&format!("/c/small/bookings?{query}&{table}.as=csv"));
    assert_eq!(file.status, 200, "{query}: {}", file.body);
    let rows = csv_rows(file.body.trim_start_matches('\u{feff}'));
    rows.into_iter().map(|row| (row["person"].clone(), row)).collect()
}

fn seen_by_day(world: World) {
    let office = Office::at(world, BEFORE);
    office.world.plan_day_by_day();
    let planner = office.login("planner");
    let before = listed(&office);
    let [day, place, _] = before["p1"].clone();
    assert_eq!(place, "S1", "{before:?}");
    // One takes a seat of another day, one confirms, one cancels.
    let other = seats(&planner, "p1").into_iter().find(|seat| !seat.starts_with(&day));
    let other = other.expect("a seat of another day is offered");
    take(&planner, "p1", &other);
    let mut file = "record,person,date,place,slot,state\n".to_owned();
    for (person, state) in [("p2", "confirmed"), ("p3", "cancelled")] {
        let [day, place, slot] = &before[person];
        file += &format!("{person}b,{person},{day},{place},{slot},{state}\n");
    }
    office.world.file("booked.csv", file);
    at_command(&office, &["bookings", "import", "booked.csv"]).ends(0);
    let on = |day: &str| rows(&planner, &format!("as-of={day}&place=S1"), "bookings");
    let state = |day: &str, person: &str| on(day).get(person).map(|row| row["state"].clone());
    let of = |person: &str| before[person][0].as_str();
    assert_eq!(state(&day, "p1").as_deref(), Some("moved elsewhere"));
    assert_eq!(state(&other[..10], "p1").as_deref(), Some("booked"));
    assert_eq!(state(of("p2"), "p2").as_deref(), Some("confirmed"));
    assert_eq!(state(of("p3"), "p3").as_deref(), Some("cancelled"));
    let row = on(of("p2"))["p2"].clone();
    assert_eq!(
        (&row["slot"], &row["name"], &row["phone"]),
        (&before["p2"][2], &"赵二".into(), &"13800000002".into())
    );
    let silent = before.iter().find(|(who, _)| !["p1", "p2", "p3"].contains(&who.as_str()));
    let (who, [day, ..]) = silent.expect("somebody else has a seat");
    assert_eq!(state(day, who).as_deref(), Some("not answered"));
    // Only who has a seat that day stands there, and all places together have no fewer.
    let after = listed(&office);
    let there = after.values().filter(|[on, place, _]| on == day && place == "S1").count();
    let seated = |rows: &BTreeMap<String, BTreeMap<String, String>>| {
        let is_left = |state: &str| ["moved elsewhere", "cancelled"].contains(&state);
        rows.values().filter(|row| !is_left(&row["state"])).count()
    };
    assert_eq!(seated(&on(day)), there);
    assert!(seated(&rows(&planner, &format!("as-of={day}"), "bookings")) >= there);
    // Who gave a seat back waits for another one.
    wait(async {
        let store = Store::open(office.world.db(), true).await.expect("it opens");
        let mut tx = store.write().await.expect("a writer");
        waiting::put(&mut tx, CampaignNo(1), ("p3", 1), 1_617_150_000_000).await.expect("it waits");
        tx.commit().await.expect("it is kept");
        store.close().await;
    });
    let query = format!("as-of={day}");
    let waits = rows(&planner, &query, "bookings-waiting");
    assert_eq!((waits.len(), waits["p3"]["name"].as_str()), (1, "钱三"), "{waits:?}");
    who_sees_it(&office, day);
    let log = office.log();
    let looks = |who: &str| {
        let is = |line: &&Value| {
            let said = line["said"].as_str().unwrap_or_default();
            line["who"] == who && line["did"] == "see-due" && said.starts_with("bookings of ")
        };
        log.iter().filter(is).count()
    };
    assert!(looks("planner") > 5 && looks("lead") > 0 && looks("viewer") == 0, "{log:?}");
    assert!(!serde_json::to_string(&log).unwrap().contains("赵二"));
}

/// A lead sees the people of their own places, an account of another township nobody, a viewer not even the page.
fn who_sees_it(office: &Office, day: &str) {
    let planner = office.login("planner");
    let query = format!("as-of={day}");
    let page = |browser: &Browser, more: &str| {
        browser.get(&format!("/c/small/bookings?as-of={day}{more}"))
    };
    let lead = office.login("lead");
    let theirs = rows(&lead, &query, "bookings");
    assert!(
        !theirs.is_empty() && theirs.values().all(|row| row["place (code)"] == "S1"),
        "{theirs:?}"
    );
    assert_eq!(rows(&lead, &query, "bookings-waiting").len(), 1);
    assert_eq!(page(&lead, "&place=S2").status, 403);
    assert_eq!(page(&office.login("viewer"), "").status, 403);
    assert_eq!(page(&planner, "&place=nowhere").status, 404);
    let areas = ["add", "clerk", "--role", "planner", "--areas", "B"];
    crate::web::account(&office.world, &areas, "planner");
    let mut clerk = office.guest();
    let login = clerk.post("/login", "name=clerk&password=password-planner-1");
    clerk.set_cookie(login.headers["set-cookie"].split(';').next().unwrap());
    let seen = page(&clerk, "").body;
    assert!(!seen.contains("赵") && !seen.contains("钱三"), "{seen}");
    assert!([403, 404].contains(&page(&clerk, "&place=S1").status), "it is not theirs");
    // The page is led to from the place, the calendar and nowhere for whoever may not.
    for from in ["place/S1", "calendar"] {
        let to = format!("/c/small/{from}?as-of={day}&place=S1");
        assert!(planner.get(&to).body.contains("/c/small/bookings?as-of="), "{from}");
        assert!(!office.login("viewer").get(&to).body.contains("/c/small/bookings"), "{from}");
    }
}

#[test]
fn the_appointments_of_a_day_and_who_waits_stand_on_a_page() {
    seen_by_day(World::with(&folder()));
}

#[test]
fn the_appointments_of_a_day_stand_on_a_page_on_postgresql_too() {
    on_postgresql(|address| seen_by_day(World::on(address).applied(&folder())));
}

#[test]
fn a_long_day_has_pages() {
    let mut people = "person,area,born,name\n".to_owned();
    for no in 0..60 {
        people += &format!("x{no:02},A,1950-01-01,张{no}\n");
    }
    let folder = folder().swap("sites.csv", "A,40,20,", "A,100,100,");
    let world = World::with(&folder);
    world.file("people.csv", people);
    world.run(&["persons", "import", "people.csv"]).ends(0);
    let office = Office::at(world, BEFORE);
    office.world.plan_day_by_day();
    let planner = office.login("planner");
    let by_day = listed(&office).into_values().fold(BTreeMap::new(), |mut all, [day, ..]| {
        *all.entry(day).or_insert(0) += 1;
        all
    });
    let (day, count) = by_day.into_iter().max_by_key(|(_, count)| *count).expect("a day");
    assert!(count > 50, "{count}");
    let shown = |more: &str| {
        let page = planner.get(&format!("/c/small/bookings?as-of={day}{more}")).body;
        page.matches("/c/small/person/").count()
    };
    assert_eq!((shown(""), shown("&bookings.page=2")), (25, 25));
    assert_eq!(rows(&planner, &format!("as-of={day}"), "bookings").len(), count);
}
