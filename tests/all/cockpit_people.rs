//! Searching, a person's page and what is done on it, vaccine by lot, two plans side by side.

use crate::support::{World, small};
use crate::web::{Browser, Office, encoded};

const NOW: &str = "2021-04-02T10:00:00+08:00";

/// The day before the campaign begins: seats of its whole plan can be taken.
const BEFORE: &str = "2021-03-31T10:00:00+08:00";

fn office() -> Office {
    Office::at(World::small(), NOW)
}

fn searched(browser: &Browser, q: &str) -> String {
    let to = format!("/c/small/search?as-of=2021-04-01&csrf={}", browser.token());
    let found = browser.post(&to, &format!("q={}", encoded(q)));
    assert_eq!(found.status, 200, "{}", found.body);
    found.body
}

fn acted(browser: &Browser, person: &str, form: &str) -> (u16, String) {
    let to = format!("/c/small/person/{person}?as-of=2021-04-01&csrf={}", browser.token());
    let answer = browser.post(&to, form);
    (answer.status, answer.body)
}

fn page(browser: &Browser, person: &str) -> String {
    let answer = browser.get(&format!("/c/small/person/{person}?as-of=2021-04-01"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// What the register and the records say of a person.
fn file(office: &Office, person: &str) -> serde_json::Value {
    let mut command = office.world.command(&["persons", "show", person, "-o", "json"]);
    let output = command.env("DOSEPLAN_CLOCK", NOW).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn people_are_found_by_those_who_may_see_them_and_no_name_reaches_the_log() {
    let office = office();
    let planner = office.login("planner");
    let found = searched(&planner, "赵");
    assert!(!found.contains("/person/"), "one character is not enough: {found}");
    let found = searched(&planner, "赵一");
    assert!(found.contains("/c/small/person/p1") && found.contains("赵一"), "{found}");
    assert!(
        !found.contains("search.sort") && !found.contains("%E8%B5%B5"),
        "no name in an address"
    );
    let place = searched(&planner, "乙镇卫生院");
    assert!(place.contains("S2") && !place.contains("/person/"), "{place}");
    assert!(searched(&planner, "l2").contains("/c/small/stock"), "lots are found");
    assert!(searched(&planner, "nothing at all").contains("Nothing was found"));
    let viewer = searched(&office.login("viewer"), "赵一");
    assert!(!viewer.contains("/person/"), "{viewer}");
    let log = serde_json::to_string(&office.log()).unwrap();
    assert!(log.contains("see-records") && log.contains("search: 1 people"), "{log}");
    assert!(!log.contains("赵一"), "{log}");
}

#[test]
fn an_account_of_one_township_sees_nobody_of_another() {
    let office = office();
    let areas = ["add", "clerk", "--role", "planner", "--areas", "B"];
    crate::web::account(&office.world, &areas, "planner");
    let mut browser = office.guest();
    let login = browser.post("/login", "name=clerk&password=password-planner-1");
    browser.set_cookie(login.headers["set-cookie"].split(';').next().unwrap());
    let known = file(&office, "p1");
    assert_eq!(known["person"]["area"], "A", "{known}");
    assert!(!searched(&browser, "赵一").contains("/person/"));
    assert_eq!(browser.get("/c/small/person/p1?as-of=2021-04-01").status, 403);
    assert_eq!(acted(&browser, "p1", "do=quiet").0, 403);
    // Nothing tells somebody of another township from nobody at all.
    let told = |person: &str| {
        let seen = browser.get(&format!("/c/small/person/{person}?as-of=2021-04-01"));
        (seen.status, seen.body)
    };
    assert_eq!(told("p1"), told("nobody"));
    for form in ["do=quiet", "do=cancel&held="] {
        assert_eq!(acted(&browser, "p1", form), acted(&browser, "nobody", form), "{form}");
    }
    assert_eq!(office.login("planner").get("/c/small/person/nobody?as-of=2021-04-01").status, 409);
    let log = serde_json::to_string(&office.log()).unwrap();
    assert!(log.contains("refused"), "{log}");
}

#[test]
fn what_is_recorded_in_one_township_ends_nothing_in_another() {
    let office = office();
    for words in
        [&["plan", "make", "--steps", "50", "--from", "2021-04-05"][..], &["plan", "adopt"]]
    {
        let mut command = office.world.command(words);
        let ran = command.env("DOSEPLAN_CLOCK", "2021-04-02T08:00:00+08:00").output().unwrap();
        crate::support::Ran::from(ran).ends(0);
    }
    let areas = ["add", "clerk", "--role", "planner", "--areas", "B"];
    crate::web::account(&office.world, &areas, "planner");
    let mut browser = office.guest();
    let login = browser.post("/login", "name=clerk&password=password-planner-1");
    browser.set_cookie(login.headers["set-cookie"].split(';').next().unwrap());
    let had = held(&file(&office, "p1"));
    assert!(had.is_some());
    let b1 = "person,area,born,name,sex,group,email,phone,language,household,opt_out\n\
              b1,B,1950-01-01,乙一,F,,,,,,\n";
    office.world.file("b1.csv", b1);
    office.world.run(&["persons", "import", "b1.csv"]).ends(0);
    let form = format!("do=dose&once={}&date=2021-04-02&place=S2&lot=L1", "b".repeat(32));
    let (status, body) = acted(&browser, "b1", &form);
    assert_eq!(status, 303, "{body}");
    assert_eq!(file(&office, "b1")["doses"].as_array().unwrap().len(), 1);
    assert_eq!(held(&file(&office, "p1")), had, "the other township's appointment stands");
}

#[test]
fn a_dose_is_recorded_once_however_often_its_form_is_sent() {
    let office = office();
    let planner = office.login("planner");
    let seen = page(&planner, "p1");
    let (_, once) = seen.split_once("name=\"once\" value=\"").expect("a form");
    let once = &once[..32];
    let form = format!("do=dose&once={once}&date=2021-04-02&place=S1&lot=L1");
    for _ in 0..2 {
        let (status, body) = acted(&planner, "p1", &form);
        assert_eq!(status, 303, "{body}");
    }
    let known = file(&office, "p1");
    assert_eq!(known["doses"].as_array().unwrap().len(), 1, "{known}");
    assert_eq!(known["doses"][0]["lot"], "L1");
    let standing = |of: &serde_json::Value| {
        let all = of["appointments"].as_array().unwrap();
        all.iter().filter(|one| one["ended"].is_null() && one["dose"] == 1).count()
    };
    assert_eq!(standing(&known), 0, "the appointment for the dose has ended: {known}");
    let after = page(&planner, "p1");
    assert!(after.contains("2021-04-02") && after.contains("甲镇卫生院"), "{after}");
    // The same form with other content changes no record, neither of this person nor of another.
    let day_before = form.replace("2021-04-02", "2021-04-01");
    let without_lot = form.replace("lot=L1", "lot=");
    for (person, other) in [("p1", &day_before), ("p1", &without_lot), ("p2", &form)] {
        let (status, body) = acted(&planner, person, other);
        assert_eq!(status, 200, "{body}");
        assert!(body.contains("sent before with other content"), "{body}");
    }
    assert_eq!(file(&office, "p1")["doses"], known["doses"]);
    assert!(file(&office, "p2")["doses"].as_array().unwrap().is_empty());
    // What cannot be is told on the page and nothing is stored.
    let bad = format!("do=dose&once={}&date=2021-04-09&place=S1", "0".repeat(32));
    let (status, body) = acted(&planner, "p1", &bad);
    assert_eq!(status, 200);
    assert!(body.contains("Nothing was saved"), "{body}");
    assert_eq!(file(&office, "p1")["doses"].as_array().unwrap().len(), 1);
    // A lead enters doses at their own places alone.
    let lead = office.login("lead");
    let other = format!("do=dose&once={}&date=2021-04-02&place=S2", "1".repeat(32));
    let (status, _) = acted(&lead, "p2", &other);
    assert_eq!(status, 403);
    let log = serde_json::to_string(&office.log()).unwrap();
    assert!(log.contains("dose-enter"), "{log}");
}

/// The seats that a person's page offers.
pub(crate) fn seats(browser: &Browser, person: &str) -> Vec<String> {
    let seen = page(browser, person);
    let values = seen.split("<option value=\"").skip(1);
    let values = values.map(|rest| rest.split('"').next().unwrap().to_owned());
    values.filter(|value| value.contains('|')).collect()
}

/// Day and place of the appointment that stands.
fn held(known: &serde_json::Value) -> Option<(String, String)> {
    let all = known["appointments"].as_array().unwrap();
    let one = all.iter().find(|one| one["ended"].is_null())?;
    let text = |key: &str| one[key].as_str().unwrap().to_owned();
    Some((text("day"), text("place")))
}

/// The appointment that a person's page sends along with its forms.
fn shown(browser: &Browser, person: &str) -> String {
    let seen = page(browser, person);
    let (_, held) = seen.split_once("name=\"held\" value=\"").expect("a form");
    held.split('"').next().unwrap().to_owned()
}

/// A form that moves an appointment, of a page that showed another one.
fn moved(seat: &str, held: &str) -> String {
    format!("do=move&seat={}&held={}", encoded(seat), encoded(held))
}

pub(crate) fn take(browser: &Browser, person: &str, seat: &str) {
    let form = moved(seat, &shown(browser, person));
    let (status, body) = acted(browser, person, &form);
    assert_eq!(status, 303, "{body}");
}

fn parts(seat: &str) -> (String, String) {
    let parts: Vec<&str> = seat.splitn(3, '|').collect();
    (parts[0].to_owned(), parts[2].to_owned())
}

#[test]
fn an_outcome_ends_the_appointment_and_messages_can_be_stopped() {
    let office = Office::at(World::small(), BEFORE);
    let planner = office.login("planner");
    let offered = seats(&planner, "p1");
    take(&planner, "p1", &offered[0]);
    assert_eq!(held(&file(&office, "p1")), Some(parts(&offered[0])));
    let form = format!("do=outcome&once={}&date=2021-03-31&outcome=refused", "2".repeat(32));
    assert_eq!(acted(&planner, "p1", &form).0, 303);
    let after = file(&office, "p1");
    assert_eq!(held(&after), None, "{after}");
    assert_eq!(after["outcomes"][0]["outcome"], "refused");
    assert!(page(&planner, "p1").contains("refused"));
    assert_eq!(acted(&planner, "p1", "do=quiet").0, 303);
    assert_eq!(file(&office, "p1")["person"]["opt_out"], true);
    assert!(page(&planner, "p1").contains("Gets no reminders"));
    assert_eq!(acted(&planner, "p1", "do=loud").0, 303);
    assert_eq!(file(&office, "p1")["person"]["opt_out"], false);
    assert_eq!(acted(&planner, "p1", "do=everything").0, 400);
}

#[test]
fn an_appointment_is_moved_to_a_seat_that_is_offered() {
    // A site with hours: a session has several slots to choose from.
    let sites = "site,name,area,weekday_doses,saturday_doses,opens,closes,slot_minutes\n\
        S1,甲镇卫生院,A,40,20,08:00,10:30,30\nS2,乙镇卫生院,B,20,,,,\n";
    let office = Office::at(World::with(&small().with("sites.csv", sites)), BEFORE);
    let planner = office.login("planner");
    let offered = seats(&planner, "p1");
    take(&planner, "p1", &offered[0]);
    let other = seats(&planner, "p1").into_iter().find(|seat| *seat != offered[0]);
    let other = other.expect("several seats are offered");
    take(&planner, "p1", &other);
    assert_eq!(held(&file(&office, "p1")), Some(parts(&other)));
    assert_eq!(shown(&planner, "p1"), other);
    assert!(seats(&planner, "p1").contains(&offered[0]), "the old seat is given back");
    let before = held(&file(&office, "p1"));
    let (status, body) = acted(&planner, "p1", &moved("2021-05-09||S9", &other));
    assert!(status == 200 && body.contains("cannot be chosen"), "{body}");
    assert_eq!(held(&file(&office, "p1")), before, "what they had stands");
    // A page that shows what they had before changes nothing, and says what they have.
    let stale = encoded(&offered[0]);
    for form in [format!("do=cancel&held={stale}"), moved("2021-05-09||S9", &offered[0])] {
        let (status, body) = acted(&planner, "p1", &form);
        let (day, slot) = (parts(&other).0, other.split('|').nth(1).unwrap());
        let said = format!("now it is {day} {slot}");
        assert!(status == 200 && body.contains(&said), "{said}: {body}");
        assert_eq!(shown(&planner, "p1"), other);
    }
    let (status, body) = acted(&planner, "p1", "do=cancel");
    assert!(status == 200 && body.contains("out of date"), "{body}");
    let cancel = format!("do=cancel&held={}", encoded(&other));
    for _ in 0..2 {
        assert_eq!(acted(&planner, "p1", &cancel).0, 303, "sent twice, it is done once");
        assert_eq!(held(&file(&office, "p1")), None);
    }
    let (status, body) = acted(&planner, "p1", &moved(&offered[0], &other));
    assert!(status == 200 && body.contains("there is none now"), "{body}");
    let log = serde_json::to_string(&office.log()).unwrap();
    assert!(log.contains("booking-take") && log.contains("booking-cancel"), "{log}");
}

#[test]
fn vaccine_stands_by_lot_and_what_is_left_is_what_was_not_drawn() {
    let office = office();
    let viewer = office.login("viewer");
    let file = viewer.get("/c/small/stock?as-of=2021-04-01&stock.as=csv").body;
    let rows = crate::support::csv_rows(file.trim_start_matches('\u{feff}'));
    let lots: Vec<(&str, &str, &str)> =
        rows.iter().map(|row| (&*row["lot"], &*row["doses"], &*row["left"])).collect();
    // 30 doses were given: L2 expires first and gives its 20.
    assert_eq!(lots, [("L2", "20", "0"), ("L1", "2000", "1990")]);
    let later = viewer.get("/c/small/stock?as-of=2021-04-20").body;
    assert!(later.contains("expired"), "{later}");
}

#[test]
fn two_plans_stand_side_by_side() {
    let office = office();
    let viewer = office.login("viewer");
    let alone = viewer.get("/c/small/compare?as-of=2021-04-01");
    assert!(alone.status == 200 && alone.body.contains("not two plans"), "{}", alone.body);
    office.world.run(&["plan", "make", "--steps", "50", "--from", "2021-04-05"]).ends(0);
    let page = viewer.get("/c/small/compare?as-of=2021-04-01&a=1&b=2").body;
    assert!(page.contains("From 2021-04-05 on"), "{page}");
    let rows = viewer.get("/c/small/compare?as-of=2021-04-01&a=1&b=2&figures.as=csv").body;
    let rows = crate::support::csv_rows(rows.trim_start_matches('\u{feff}'));
    let list = office.world.run(&["plan", "list", "-o", "json"]).ends(0).json();
    let doses = |no: usize| list[no]["doses"].to_string();
    assert_eq!((&rows[0]["plan 1"], &rows[0]["plan 2"]), (&doses(0), &doses(1)), "{list}");
    assert_eq!(viewer.get("/c/small/compare?as-of=2021-04-01&a=1&b=99").status, 404);
    // Without numbers: the plan in force and the newest draft, whatever was drafted between them.
    office.world.run(&["plan", "make", "--steps", "50", "--from", "2021-04-06"]).ends(0);
    let page = viewer.get("/c/small/compare?as-of=2021-04-01").body;
    let chosen: Vec<&str> = page
        .split("<option value=\"")
        .filter(|rest| rest.split('>').next().unwrap().contains("selected"))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(chosen, ["1", "3"], "{page}");
}

#[test]
fn a_person_of_another_campaign_alone_is_not_shown_where_they_are_not() {
    let world = World::with(&small());
    let office = Office::at(world, NOW);
    let admin = office.login("admin");
    assert_eq!(admin.get("/c/nowhere/person/p1?as-of=2021-04-01").status, 404);
    assert_eq!(admin.get("/c/nowhere/search?as-of=2021-04-01").status, 404);
}

#[test]
fn a_record_is_taken_back_with_a_reason_by_those_who_may() {
    let office = office();
    let planner = office.login("planner");
    for (form, once) in [
        ("do=outcome&date=2021-04-01&outcome=refused", "3".repeat(32)),
        ("do=dose&date=2021-04-02&place=S1&lot=L1", "4".repeat(32)),
    ] {
        let (status, told) = acted(&planner, "p1", &format!("{form}&once={once}"));
        assert_eq!(status, 303, "{told}");
    }
    let records = |person: &str| -> Vec<String> {
        let page = page(&planner, person);
        let Some((_, list)) = page.split_once("<select id=\"void-record\"") else {
            return Vec::new();
        };
        let list = list.split("</select>").next().unwrap();
        let values = list.split("value=\"").skip(1);
        values.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let all = records("p1");
    assert_eq!(all.len(), 2, "{all:?}");
    let void = |browser: &Browser, person: &str, record: &str, why: &str| {
        let form = format!("do=void&record={}&reason={}", encoded(record), encoded(why));
        acted(browser, person, &form)
    };
    let (_, told) = void(&planner, "p1", &all[0], " ");
    assert!(told.contains("say why"), "{told}");
    let (_, told) = void(&planner, "p2", &all[0], "wrong person");
    assert!(told.contains("no such record"), "another person's record stays: {told}");
    assert_eq!(records("p1"), all);
    for record in &all {
        assert_eq!(void(&planner, "p1", record, "wrong person").0, 303, "{record}");
    }
    assert!(records("p1").is_empty());
    assert_eq!(file(&office, "p1")["doses"].as_array().unwrap().len(), 0);
    let (_, told) = void(&planner, "p1", &all[0], "again");
    assert!(told.contains("no such record"), "{told}");
    let log = serde_json::to_string(&office.log()).unwrap();
    assert!(log.contains("\"void\""), "{log}");
}
