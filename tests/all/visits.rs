//! Whoever is called for two vaccines comes once: one place, one time, one reminder that names both.

use crate::support::{Folder, Ran, World, day, flu, number, on_postgresql, small, text, wait};
use doseplan::app::App;
use doseplan::config::Config;
use doseplan::store::Store;
use doseplan::store::bookings::{self, Appointment};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The evening before both campaigns begin.
const EVENING: &str = "2021-03-31T20:00:00+08:00";
/// People of the register, whom both campaigns call.
const PEOPLE: usize = 12;
/// Doses of all campaigns that the place can give on a day: too few for everybody on one.
const SEATS: usize = 10;

fn at(world: &World, clock: &str, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", clock);
    Ran::from(command.output().expect("the program starts"))
}

/// A campaign with seniors of one township alone, at one place with hours.
fn seniors(campaign: Folder) -> Folder {
    let eligible = format!(
        "area,group,people,source,as_of\nA,senior,{PEOPLE},census,2020-11-01\n\
         A,adult,0,census,2020-11-01\nB,adult,0,census,2020-11-01\nB,senior,0,census,2020-11-01\n"
    );
    let sites = format!(
        "site,name,area,weekday_doses,saturday_doses,opens,closes,slot_minutes\n\
         S1,甲镇卫生院,A,{SEATS},{SEATS},08:00,10:30,30\nS2,乙镇卫生院,B,20,,,,\n"
    );
    let folder = campaign.with("eligible.csv", &eligible).with("sites.csv", &sites);
    folder.without("teams.csv").without("stops.csv")
}

/// Another vaccine of one dose, at the same places.
fn lung() -> Folder {
    flu()
        .swap("campaign.toml", "id = \"flu\"", "id = \"lung\"")
        .swap("campaign.toml", "流感接种", "肺炎接种")
        .swap("campaign.toml", "series = \"flu\"", "series = \"lung\"")
        .swap("deliveries.csv", "F1,", "G1,")
        .swap("deliveries.csv", "F2,", "G2,")
        .with(
            "series.toml",
            "id = \"lung\"\nname = \"肺炎疫苗\"\nsource = \"test\"\nantigen = \"肺炎球菌\"\n\
             group = \"肺炎\"\nvaccines = [\"LUNG\"]\n[[doses]]\nprotection = 1.0\n",
        )
}

/// Both campaigns with their people, planned together and in force.
/// `contact`: somebody's address and number as the register has them.
fn county(world: World, both: [(&str, Folder); 2], contact: fn(usize) -> String) -> World {
    for (name, campaign) in both {
        let path = seniors(campaign).write(&world.path(name));
        world.run(&["campaign", "apply", text(&path)]).ends(0);
    }
    let mut rows = String::new();
    for no in 0..PEOPLE {
        let contact = contact(no);
        writeln!(rows, "p{no:02},A,1950-01-01,张{no},F,,{contact},,,").expect("a row");
    }
    world.import("persons", rows.trim_end()).ends(0);
    at(&world, EVENING, &["plan", "make", "--steps", "300"]).ends(0);
    at(&world, EVENING, &["plan", "adopt"]).ends(0);
    world
}

fn mail(no: usize) -> String {
    format!("p{no:02}@home.example,")
}

fn phone(no: usize) -> String {
    format!(",138000000{no:02}")
}

/// Everybody's appointment in a campaign.
fn held(world: &World, campaign: &str) -> BTreeMap<String, Appointment> {
    wait(async {
        let app = App::new(Store::open(world.db(), false).await.unwrap(), Config::default());
        let loaded = app.campaign(Some(campaign)).await.unwrap();
        let mut tx = app.store.read().await.unwrap();
        let all = bookings::from(&mut tx, loaded.no, day("2021-03-01")).await.unwrap();
        drop(tx);
        app.store.close().await;
        all.into_iter().map(|one| (one.person.to_string(), one)).collect()
    })
}

fn is_one_visit(one: &Appointment, other: &Appointment) -> bool {
    (one.day, &one.place) == (other.day, &other.place)
}

/// Codes of the people who come once. On each day they are as many as both campaigns call people: there is one place,
/// so that whoever could come once does.
#[track_caller]
fn joined(world: &World) -> Vec<String> {
    let (flu, lung) = (held(world, "flu"), held(world, "lung"));
    assert_eq!((flu.len(), lung.len()), (PEOPLE, PEOPLE), "nobody loses a dose");
    let mut days: BTreeMap<_, (usize, usize, usize)> = BTreeMap::new();
    let mut out = Vec::new();
    for (person, one) in &flu {
        days.entry(one.day).or_default().0 += 1;
        if is_one_visit(one, &lung[person]) {
            days.entry(one.day).or_default().2 += 1;
            assert!(one.slot.is_some(), "{one:?}");
            assert_eq!(one.slot, lung[person].slot, "{person} comes at one time");
            out.push(person.clone());
        }
    }
    for one in lung.values() {
        days.entry(one.day).or_default().1 += 1;
    }
    for (day, (flu, lung, both)) in &days {
        assert_eq!(*both, *flu.min(lung), "{day}: {days:?}");
        assert!(flu + lung <= SEATS, "{day}: {days:?}");
    }
    assert!(!out.is_empty(), "{days:?}");
    out
}

fn whoever_comes_for_two_vaccines_comes_once(world: World) {
    let world = county(world, [("flu", flu()), ("lung", lung())], mail);
    let once = joined(&world);
    let file = at(&world, EVENING, &["persons", "show", &once[0], "-o", "json"]).ends(0).json();
    assert_eq!(file["visits"].as_array().map(Vec::len), Some(2), "{file}");
    assert_eq!(file["visits"][0]["why"], "one_visit", "{file}");
    let said = at(&world, EVENING, &["persons", "show", &once[0]]).ends(0).out;
    assert!(said.contains("at one visit with lung"), "{said}");
    let flu = held(&world, "flu");
    if let Some(twice) = flu.keys().find(|person| !once.contains(person)) {
        let file = at(&world, EVENING, &["persons", "show", twice, "-o", "json"]).ends(0).json();
        assert_eq!(file["visits"][0]["why"], "no_seat", "{file}");
    }
    let why = ["plan", "why", "--campaign", "flu", "-o", "json"];
    let counted = at(&world, EVENING, &why).ends(0).json();
    assert_eq!(number(&counted["visits"]["one_visit"]), once.len() as u64, "{counted}");
    assert_eq!(number(&counted["visits"]["no_seat"]), (PEOPLE - once.len()) as u64, "{counted}");
    // The night makes the plans anew.
    at(&world, "2021-03-31T22:00:00+08:00", &["job", "run", "plan"]).ends(0);
    let night = joined(&world);
    one_reminder(&world, &night[0], &held(&world, "flu")[&night[0]]);
    world.run(&["db", "check"]).ends(0);
}

/// On the eve of a visit the person gets one mail: both vaccines, one place, one time.
fn one_reminder(world: &World, person: &str, held: &Appointment) {
    let eve = held.day.pred_opt().expect("a day");
    let (clock, run) = (format!("{eve}T23:00:00+08:00"), format!("{eve}T23:00"));
    at(world, &clock, &["job", "run", "reminders", "--at", &run]).ends(0);
    let list = ["outbox", "list", "--kind", "reminder", "-o", "json"];
    let all = world.run(&list).ends(0).json();
    let to = format!("{person}@home.example");
    let mine: Vec<_> =
        all.as_array().expect("a list").iter().filter(|mail| mail["to"] == *to).collect();
    assert_eq!(mine.len(), 1, "{all}");
    let subject = mine[0]["subject"].as_str().expect("a subject");
    assert!(subject.contains("流感疫苗、肺炎疫苗"), "{subject}");
    let show = ["outbox", "show", &mine[0]["id"].to_string(), "--part", "text"];
    let said = world.run(&show).ends(0).out;
    let slot = held.slot.expect("a time").to_string();
    assert_eq!(said.matches(&slot).count(), 1, "{said}");
    assert_eq!(said.matches("地点：甲镇卫生院").count(), 1, "{said}");
    assert!(said.contains("流感疫苗第一剂次、肺炎疫苗第一剂次"), "{said}");
}

#[test]
fn whoever_comes_for_two_vaccines_comes_once_and_is_told_once() {
    whoever_comes_for_two_vaccines_comes_once(World::empty());
}

#[test]
fn whoever_comes_for_two_vaccines_comes_once_on_postgresql() {
    on_postgresql(|db| whoever_comes_for_two_vaccines_comes_once(World::on(db)));
}

#[test]
fn a_vaccine_that_is_given_alone_is_no_visit_with_another_one() {
    let world = county(World::empty(), [("flu", flu()), ("small", small())], mail);
    let counted =
        at(&world, EVENING, &["plan", "why", "--campaign", "flu", "-o", "json"]).ends(0).json();
    assert_eq!(number(&counted["visits"]["one_visit"]), 0, "{counted}");
    // All are called in the first days, and no plan has a seat 15 days later: it is said.
    assert!(number(&counted["visits"]["too_near"]) > 0, "{counted}");
    let said = at(&world, EVENING, &["persons", "show", "p00"]).ends(0).out;
    assert!(said.contains("the dose rules ask for 15 days between them, and no later"), "{said}");
}

#[test]
fn a_text_about_one_visit_names_both_vaccines() {
    let config =
        crate::channels::FOLDER.replace("[channels.sms]\n", "[channels.sms]\nvariable_max = 20\n");
    let config = config.replace("\"1110\" }", "\"1110\", vaccine = true }");
    let world = World::empty();
    world.file("doseplan.toml", config);
    let world = county(world, [("flu", flu()), ("lung", lung())], phone);
    let (flu, once) = (held(&world, "flu"), joined(&world));
    let eve = flu[&once[0]].day.pred_opt().expect("a day");
    let (clock, run) = (format!("{eve}T23:00:00+08:00"), format!("{eve}T23:00"));
    at(&world, &clock, &["job", "run", "reminders", "--at", &run]).ends(0);
    let list = ["outbox", "list", "--kind", "reminder", "-o", "json"];
    let all = world.run(&list).ends(0).json();
    let nth: usize = once[0][1..].parse().expect("a number");
    let to = format!("138000000{nth:02}");
    let mine: Vec<_> =
        all.as_array().expect("a list").iter().filter(|mail| mail["to"] == *to).collect();
    assert_eq!(mine.len(), 1, "{all}");
    let show = ["outbox", "show", &mine[0]["id"].to_string(), "--part", "text"];
    let said = world.run(&show).ends(0).out;
    assert!(said.contains("在甲镇卫生院接种流感疫苗、肺炎疫苗，请带接种证。"), "{said}");
}
