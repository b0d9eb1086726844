//! The call list of a lead: whom no message reaches, with a button for what came of the call.

use crate::channels::FOLDER;
use crate::copies::sqlite;
use crate::operation::ANY_PORT;
use crate::support::{SENIORS, World, on_postgresql, small, wait};
use crate::web::{Browser, Office, account};
use doseplan::app::App;
use doseplan::config::Config;
use doseplan::store::Store;

/// The seniors have appointments soon; p4 and p5 get no mail.
const NOW: &str = "2021-04-01T10:00:00+08:00";

fn list(browser: &Browser) -> String {
    let answer = browser.get("/c/small/calls?as-of=2021-03-31");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// The hidden fields of somebody's form.
fn fields(page: &str, person: &str) -> Option<String> {
    let (_, form) = page.split_once(&format!("name=\"person\" value=\"{person}\""))?;
    let value = |name: &str| {
        let (_, rest) = form.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split('"').next().map(|text| text.replace(' ', "+"))
    };
    Some(format!("person={person}&once={}&seen={}", value("once")?, value("seen")?))
}

fn send(browser: &Browser, form: &str) -> (u16, String) {
    let to = format!("/c/small/calls?as-of=2021-03-31&csrf={}", browser.token());
    let answer = browser.post(&to, form);
    (answer.status, answer.body)
}

/// Whoever is on the list.
fn open(page: &str) -> Vec<String> {
    let people = page.split("name=\"person\" value=\"").skip(1);
    let mut people: Vec<String> =
        people.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    people.sort();
    people
}

fn office() -> Office {
    office_of(World::small())
}

fn office_of(world: World) -> Office {
    if !world.path("doseplan.toml").exists() {
        world.file("doseplan.toml", ANY_PORT);
    }
    world.import("persons", SENIORS).ends(0);
    world.plan_day_by_day();
    for (name, more) in [("lead", &["--places", "S1", "T1"][..]), ("viewer", &[]), ("planner", &[])]
    {
        account(&world, &[&["add", name, "--role", name], more].concat(), name);
    }
    Office::bare(world, NOW)
}

#[test]
fn a_lead_calls_whom_no_message_reaches_and_takes_the_last_entry_back() {
    called(&office());
}

#[test]
fn calls_are_kept_on_postgresql_too() {
    on_postgresql(|db| called(&office_of(World::on(db).applied(&small()))));
}

/// The form that takes the last call back.
fn undo_of(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"call\" value=\"").expect("a call");
    format!("do=undo&call={}", rest.split('"').next().unwrap())
}

fn called(office: &Office) {
    let lead = office.login("lead");
    assert!(lead.get("/").body.contains("/c/small/calls?as-of="), "the first screen leads there");
    let page = list(&lead);
    let people = open(&page);
    assert!(people.contains(&"p5".to_owned()), "{people:?}: {page}");
    assert!(!people.contains(&"p1".to_owned()), "a mail reaches them: {people:?}");
    assert!(!people.contains(&"p2".to_owned()), "a mail reaches their household: {people:?}");
    assert!(people.contains(&"p4".to_owned()), "they want no mail: {people:?}");
    assert!(page.contains("href=\"tel:13800000005\""), "{page}");
    let before = people.len();
    // Nobody answers: they stay, as the last.
    let form = fields(&page, "p5").unwrap();
    assert_eq!(send(&lead, &format!("{form}&result=not_reached")).0, 303);
    let page = list(&lead);
    assert!(page.contains("not reached 1 times today"), "{page}");
    assert_eq!(open(&page).len(), before);
    // They come: the appointment is confirmed, and the form counts once however often it is sent.
    let form = fields(&page, "p5").unwrap();
    for _ in 0..2 {
        assert_eq!(send(&lead, &format!("{form}&result=will_come")).0, 303);
    }
    let page = list(&lead);
    assert_eq!(open(&page).len(), before - 1);
    assert!(page.contains("Take back the last call (will come)"), "{page}");
    let person = lead.get("/c/small/person/p5?as-of=2021-03-31").body;
    assert!(person.contains("confirmed") && person.contains("will come"), "{person}");
    let undo = undo_of(&page);
    assert_eq!(send(&lead, &undo).0, 303);
    // Pressed twice, it takes back one call.
    let (status, page) = send(&lead, &undo);
    assert!(status == 200 && page.contains("taken back before"), "{page}");
    let person = lead.get("/c/small/person/p5?as-of=2021-03-31").body;
    assert!(!person.contains("will come") && person.contains("not reached"), "{person}");
    assert_eq!(open(&list(&lead)).len(), before);
}

#[test]
fn whoever_gets_texts_is_not_called_until_a_number_is_closed() {
    let called = |more: Option<&str>| {
        let world = World::small();
        world.file("doseplan.toml", format!("{ANY_PORT}{FOLDER}"));
        let office = office_of(world);
        if let Some(sql) = more {
            wait(sqlite(&office.world.path("doseplan.db"), sql));
        }
        open(&list(&office.login("lead")))
    };
    assert_eq!(called(None), ["p4"], "p5 gets texts, and p4 wants none");
    let closed = "INSERT INTO phone (number, misses, closed_at, why) \
                  VALUES ('13800000005', 0, 1, 'no such number')";
    assert_eq!(called(Some(closed)), ["p4", "p5"]);
}

#[test]
fn a_refusal_by_telephone_is_an_outcome_and_goes_with_the_call_that_is_taken_back() {
    let office = office();
    let lead = office.login("lead");
    let outcomes = || {
        let file = office.world.run(&["persons", "show", "p5", "-o", "json"]).ends(0).json();
        file["outcomes"].as_array().unwrap().len()
    };
    let form = fields(&list(&lead), "p5").unwrap();
    assert_eq!(send(&lead, &format!("{form}&result=refused")).0, 303);
    assert_eq!(outcomes(), 1);
    assert!(!open(&list(&lead)).contains(&"p5".to_owned()));
    // The form that was sent says nothing else afterwards.
    let (status, page) = send(&lead, &format!("{form}&result=will_come"));
    assert!(status == 200 && page.contains("sent before with other content"), "{page}");
    let undo = undo_of(&list(&lead));
    assert_eq!(send(&lead, &undo).0, 303);
    assert_eq!(outcomes(), 0);
    let (status, page) = send(&lead, &format!("{form}&result=refused"));
    assert!(status == 200 && page.contains("sent before with other content"), "{page}");
    // Nobody takes back what somebody else did.
    let (status, page) = send(&office.login("planner"), &undo);
    assert!(status == 200 && page.contains("taken back before"), "{page}");
    let log = office.log();
    let said = |text: &str| log.iter().any(|line| line["said"] == text && line["who"] == "lead");
    assert!(said("call p5: refused") && said("call p5: refused taken back"), "{log:?}");
    for bad in
        ["person=p5&result=nothing&once=x", "person=p5&result=reached&once=x", "result=reached"]
    {
        assert_eq!(send(&lead, bad).0, 400, "{bad}");
    }
    assert_eq!(send(&office.login("viewer"), &undo).0, 403);
    let stranger = form.replace("person=p5", "person=nobody").replace("once=", "once=00");
    let stranger = stranger.replacen("once=00", "once=", 1);
    assert_eq!(send(&lead, &format!("{stranger}&result=reached")).0, 403);
}

#[test]
fn calls_go_with_the_person_who_is_erased_and_with_a_copy_of_the_database() {
    let office = office();
    let lead = office.login("lead");
    let form = fields(&list(&lead), "p5").unwrap();
    assert_eq!(send(&lead, &format!("{form}&result=reached")).0, 303);
    let calls = |world: &World| {
        let file = world.run(&["persons", "show", "p5", "-o", "json"]).ends(0).json();
        file["calls"].as_array().map(Vec::len)
    };
    assert_eq!(calls(&office.world), Some(1));
    let copy = office.world.path("copy.db");
    office.world.run(&["backup", copy.to_str().unwrap()]).ends(0);
    let other = World::empty();
    other.run(&["restore", copy.to_str().unwrap()]).ends(0);
    assert_eq!(calls(&other), Some(1));
    office.world.run(&["persons", "erase", "p5", "--reason", "asked"]).ends(0);
    assert_eq!(calls(&office.world), Some(0));
}

/// Whom the digest of the evening before names for doses that are left at a site, in its order.
fn named_by_the_digest(world: &World) -> Vec<String> {
    wait(async {
        let app = App::new(Store::open(world.db(), false).await.unwrap(), Config::default());
        let loaded = app.campaign(None).await.unwrap();
        let evening = "2021-03-31".parse().unwrap();
        let all = std::slice::from_ref(&loaded);
        let digests = app.digests(all, evening, Some("S1"), None).await.unwrap();
        app.store.close().await;
        let sheets = &digests[0].first().sessions;
        let call = sheets.iter().flat_map(|sheet| &sheet.to_call);
        call.map(|line| line.person.to_string()).collect()
    })
}

#[test]
fn the_list_has_whom_the_digest_names_for_doses_that_are_left() {
    let county = small()
        .swap("deliveries.csv", "expires\n", "expires,doses_per_vial\n")
        .swap("deliveries.csv", "2021-09-01", "2021-09-01,10")
        .swap("deliveries.csv", "2021-04-10\n", "2021-04-10,10\n")
        .without("teams.csv")
        .without("stops.csv");
    let world = World::with(&county);
    world.file("doseplan.toml", ANY_PORT);
    // More than the site has seats on the first day.
    let adult = |no: u32| format!("a{no:02},A,1980-01-01,成人{no:02},F,,,139000000{no:02},,,");
    let adults: Vec<String> = (0..60).map(adult).collect();
    world.import("persons", &adults.join("\n")).ends(0);
    world.plan_day_by_day();
    for (name, site) in [("lead", "S1"), ("other", "S2")] {
        account(&world, &["add", name, "--role", "lead", "--places", site], name);
    }
    let named = named_by_the_digest(&world);
    assert_eq!(named.len(), 10, "as many as a vial has doses: {named:?}");
    let office = Office::bare(world, NOW);
    let part = |browser: &Browser| -> Option<String> {
        let page = list(browser);
        let (_, part) = page.split_once("<h2>Doses left at 甲镇卫生院</h2>")?;
        Some(part.split("<h2>").next().unwrap().to_owned())
    };
    let people = |part: &str| -> Vec<String> {
        let people = part.split("name=\"person\" value=\"").skip(1);
        people.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let lead = office.login("lead");
    let shown = part(&lead).expect("the session of today");
    assert_eq!(people(&shown), named);
    let phone = format!("href=\"tel:139000000{}\"", &named[0][1..]);
    assert!(shown.contains(&phone), "{phone}: {shown}");
    // Nobody is on the page twice, and whoever was spoken to is called no more today.
    let page = list(&lead);
    for one in &named {
        assert_eq!(open(&page).iter().filter(|who| *who == one).count(), 1, "{one}");
    }
    let form = fields(&page, &named[0]).unwrap();
    assert_eq!(send(&lead, &format!("{form}&result=reached")).0, 303);
    assert_eq!(people(&part(&lead).unwrap()), named[1..]);
    // Nobody answers: the last one to try again.
    let form = fields(&list(&lead), &named[1]).unwrap();
    assert_eq!(send(&lead, &format!("{form}&result=not_reached")).0, 303);
    let after: Vec<String> = named[2..].iter().chain([&named[1]]).cloned().collect();
    assert_eq!(people(&part(&lead).unwrap()), after);
    assert_eq!(part(&office.login("other")), None, "another site's people");
}
