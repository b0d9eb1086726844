//! Plans of a database do what staff can, and a sick call mends them: on both databases.

use crate::support::{Ran, World, flu, on_postgresql, small, text};
use serde_json::Value;
use std::collections::BTreeMap;

/// A whole crew for each site; for the team nobody but a driver.
const STAFF: &str = "staff,name,home,roles\n\
    N1,赵一,S1,vaccinator\nN2,钱二,S1,registrar\nN3,孙三,S1,doctor\n\
    M1,冯一,S2,vaccinator\nM2,陈二,S2,registrar\nM3,褚三,S2,doctor\n\
    D1,周四,T1,driver\n";
const EVENING: &str = "2021-03-31T20:00:00+08:00";

fn at(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", EVENING);
    Ran::from(command.output().expect("the program starts"))
}

/// Gives the jurisdiction a table of its own.
fn with_table(world: &World, name: &str, content: &str) {
    at(world, &["jurisdiction", "export", "county"]).ends(0);
    std::fs::write(world.path("county").join(name), content).unwrap();
    at(world, &["jurisdiction", "apply", "county"]).ends(0);
}

/// Doses by place or team and day.
fn used(rows: &[BTreeMap<String, String>], place: &str) -> BTreeMap<String, u32> {
    let mut used = BTreeMap::new();
    for row in rows.iter().filter(|row| row["place"] == place || row["team"] == place) {
        *used.entry(row["date"].clone()).or_insert(0) += row["doses"].parse::<u32>().unwrap();
    }
    used
}

fn staff_counts(world: &World) {
    let make = ["plan", "make", "--steps", "0", "-o", "csv"];
    let before = at(world, &make).ends(0).csv();
    assert!(!used(&before, "T1").is_empty(), "the team goes out while nobody counts: {before:?}");
    with_table(world, "staff.csv", STAFF);
    let made = at(world, &make).ends(0);
    assert!(made.err.contains("team T1 does not go out"), "{}", made.err);
    assert!(used(&made.csv(), "T1").is_empty(), "{}", made.out);
    at(world, &["plan", "adopt"]).ends(0);
    let why = at(world, &["plan", "why", "--campaign", "small", "-o", "json"]).ends(0).json();
    let mut limits = why["staff"].as_array().expect("a list").iter();
    assert!(limits.any(|one| one["place"] == "T1" && one["doses"].is_null()), "{why}");
    let mut lacks = why["staff_days"].as_array().expect("a list").iter();
    let is_short = |one: &Value| one["people"]["vaccinator"].as_u64() > Some(1);
    assert!(lacks.any(|one| one["team"] == "T1" && is_short(one)), "{why}");
    let said = at(world, &["plan", "why", "--campaign", "small", "--lang", "en"]).ends(0).err;
    assert!(said.contains("vaccinator-days in week "), "{said}");
    let shown = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let planned = used(&shown, "S2");
    let day = planned.keys().nth(1).expect("a second day").clone();
    // Whoever vaccinates there is ill, and nobody else does.
    let said = at(world, &["roster", "leave", "M1", &day, "--reason", "sick"]).ends(0).err;
    assert!(said.contains("people are missing"), "{said}");
    let mended = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    assert_eq!(used(&mended, "S2").get(&day), None, "{said}");
    assert!(used(&mended, "S1").values().all(|doses| *doses <= 40), "{mended:?}");
    let status = at(world, &["status"]).ends(0).out;
    assert!(!status.contains("people are missing"), "{status}");
    at(world, &["db", "check"]).ends(0);
}

#[test]
fn plans_of_a_database_do_what_staff_can_and_a_sick_call_mends_them() {
    staff_counts(&World::small());
    on_postgresql(|server| staff_counts(&World::on(server).applied(&small())));
}

#[test]
fn one_campaign_of_several_comes_along_on_the_others_tours_and_each_has_a_verdict() {
    let world = World::empty();
    // All of both campaigns are served by the team.
    for (folder, name) in [(small(), "small"), (flu(), "flu")] {
        let folder = folder
            .swap("sites.csv", "A,40,20", "A,5,0")
            .swap("sites.csv", "B,20,", "B,5,")
            .swap("eligible.csv", "A,adult,200", "A,adult,120");
        let path = folder.write(&world.path(name));
        at(&world, &["campaign", "apply", text(&path)]).ends(0);
    }
    let made = at(&world, &["plan", "make", "--steps", "64", "-o", "json"]).ends(0).json();
    for part in made["campaigns"].as_array().expect("a list") {
        let verdict = part["verdict"].as_array().expect("a list");
        assert!(verdict.iter().any(|one| one["group"] == "adult"), "{part}");
    }
    at(&world, &["plan", "adopt", "--campaign", "small"]).ends(0);
    let theirs = world.run(&["plan", "show", "--campaign", "small", "-o", "csv"]).ends(0).csv();
    let make = ["plan", "make", "--campaign", "flu", "--steps", "0", "-o", "csv"];
    let ours = at(&world, &make).ends(0).csv();
    let (theirs, ours) = (used(&theirs, "T1"), used(&ours, "T1"));
    let shared = ours.keys().filter(|day| theirs.contains_key(*day)).count();
    assert!(shared > 0, "{theirs:?} {ours:?}");
    for (day, doses) in &ours {
        assert!(doses + theirs.get(day).copied().unwrap_or(0) <= 240, "{day}");
    }
    // What one plans beside the other holds together.
    at(&world, &["plan", "adopt", "--campaign", "flu"]).ends(0);
    at(&world, &["db", "check"]).ends(0);
}
