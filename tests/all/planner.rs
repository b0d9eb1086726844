//! Plans: made, held against an independent checker, adopted, compared.

use crate::support::{SENIORS, World, number, shared, small, text};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The independent checker's verdict.
pub(crate) fn judge(shared: &Path, arguments: &[&str]) -> Value {
    let planning = shared.join("planning");
    let output = Command::new("python3")
        .arg(planning.join("check_plan.py"))
        .args(arguments)
        .args(["--series-dir", text(&planning.join("series")), "-o", "json"])
        .output()
        .expect("python3 starts");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[track_caller]
fn close(one: &Value, other: &Value, what: &str) {
    let (one, other) = (one.as_f64().expect(what), other.as_f64().expect(what));
    assert!((one - other).abs() <= 1e-6 * one.abs().max(1.0), "{what}: {one} and {other}");
}

/// Holds our check of a plan against the independent one; returns ours.
#[track_caller]
fn agreed(world: &World, shared: &Path, arguments: &[&str]) -> Value {
    let mut ours = vec!["plan", "check", "-o", "json"];
    ours.extend(arguments);
    let ours = world.run(&ours);
    let (code, ours) = (ours.code, ours.json());
    let theirs = judge(shared, arguments);
    assert_eq!(ours["feasible"], theirs["feasible"], "{arguments:?}: {ours} {theirs}");
    assert_eq!(code, i32::from(ours["feasible"] == false), "{ours}");
    for figure in ["objective", "travel_km"] {
        close(&ours[figure], &theirs[figure], figure);
    }
    for figure in ["doses", "people", "people_finished"] {
        assert_eq!(ours[figure], theirs[figure], "{figure}");
    }
    if arguments.contains(&"--certificate") {
        close(&ours["upper_bound"], &theirs["upper_bound"], "upper_bound");
        close(&ours["gap"], &theirs["gap"], "gap");
    }
    ours
}

#[test]
fn the_plan_of_every_instance_is_feasible_by_the_independent_checker_too() {
    let Some(shared) = shared() else { return };
    let world = World::empty();
    let mut seen = 0;
    for entry in std::fs::read_dir(shared.join("planning/instances")).unwrap() {
        let folder = entry.unwrap().path();
        let folder = text(&folder);
        let made = world
            .run(&[
                "plan",
                "make",
                "--folder",
                folder,
                "--seconds",
                "1",
                "-o",
                "csv",
                "--certificate",
                "c.json",
            ])
            .ends(0);
        assert!(made.out.starts_with("date,place,team,area,group,dose,doses\n"), "{folder}");
        world.file("plan.csv", &made.out);
        let (plan, prices) = (world.path("plan.csv"), world.path("c.json"));
        let ours = agreed(&world, &shared, &[folder, text(&plan), "--certificate", text(&prices)]);
        assert_eq!(ours["feasible"], true, "{folder}: {ours}");
        assert!(number(&ours["doses"]) > 0);
        seen += 1;
    }
    assert!(seen >= 5, "{seen} instances");
}

#[test]
fn the_best_known_plans_and_their_prices_hold_here_as_they_hold_there() {
    let Some(shared) = shared() else { return };
    let world = World::empty();
    for entry in std::fs::read_dir(shared.join("planning/instances")).unwrap() {
        let folder = entry.unwrap().path();
        let plan = folder.join("reference/plan.csv");
        let prices = folder.join("reference/certificate.json");
        let ours =
            agreed(&world, &shared, &[text(&folder), text(&plan), "--certificate", text(&prices)]);
        assert_eq!(ours["certificate_problems"], serde_json::json!([]), "{folder:?}");
    }
}

#[test]
fn broken_plans_are_refused_by_both_checks() {
    let Some(shared) = shared() else { return };
    let world = World::empty();
    let folder = shared.join("planning/instances/tiny-mobile-1");
    let good = std::fs::read_to_string(folder.join("reference/plan.csv")).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let cell = |line: &str, index: usize| line.split(',').nth(index).unwrap().to_owned();
    let with = |index: usize, column: usize, value: &str| {
        let mut lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let mut cells: Vec<String> = lines[index].split(',').map(str::to_owned).collect();
        value.clone_into(&mut cells[column]);
        lines[index] = cells.join(",");
        lines.join("\n") + "\n"
    };
    let at_stop = lines.iter().skip(1).position(|line| !cell(line, 2).is_empty()).unwrap() + 1;
    let at_site = lines.iter().skip(1).position(|line| cell(line, 2).is_empty()).unwrap() + 1;
    let second = lines.iter().skip(1).position(|line| cell(line, 5) == "2").unwrap() + 1;
    let mut without_first = lines.clone();
    without_first.retain(|line| cell(line, 5) != "1");
    for (what, plan) in [
        ("too many at a site", with(at_site, 6, "99999")),
        ("too many at a stop", with(at_stop, 6, "9999")),
        ("a stop without a team", with(at_stop, 2, "")),
        ("a second dose too many", with(second, 6, "400")),
        ("second doses alone", without_first.join("\n") + "\n"),
        ("a plan that stops in the middle", lines[..lines.len() / 2].join("\n") + "\n"),
        ("a day before the campaign", with(at_site, 0, "2000-01-01")),
    ] {
        world.file("plan.csv", plan);
        let plan = world.path("plan.csv");
        let ours = agreed(&world, &shared, &[text(&folder), text(&plan)]);
        assert_eq!(ours["feasible"], false, "{what}");
        assert!(!ours["violations"].as_array().unwrap().is_empty(), "{what}");
    }
    for (what, plan) in [
        ("an unknown place", with(at_site, 1, "S99")),
        ("half a dose", with(at_site, 6, "0.5")),
        ("fewer than no doses", with(at_site, 6, "-3")),
        ("a day that does not exist", with(at_site, 0, "2021-02-30")),
    ] {
        world.file("plan.csv", plan);
        let ran = world.run(&["plan", "check", text(&folder), "plan.csv"]).ends(1);
        assert!(!ran.out.is_empty() || !ran.err.is_empty(), "{what}");
    }
}

#[test]
fn prices_that_prove_less_than_they_claim_are_refused() {
    let Some(shared) = shared() else { return };
    let world = World::empty();
    let folder = shared.join("planning/instances/tiny-1");
    let plan = folder.join("reference/plan.csv");
    let good = std::fs::read_to_string(folder.join("reference/certificate.json")).unwrap();
    let mut prices: Value = serde_json::from_str(&good).unwrap();
    let refused = |what: &str, prices: &Value| {
        world.file("c.json", prices.to_string());
        let ran =
            world.run(&["plan", "check", text(&folder), text(&plan), "--certificate", "c.json"]);
        assert_eq!(ran.ends(1).code, 1, "{what}");
    };
    prices["upper_bound"] = Value::from(1.0);
    refused("a bound below what the prices prove", &prices);
    let mut prices: Value = serde_json::from_str(&good).unwrap();
    prices["lot"]["no such lot"] = Value::from(1.0);
    refused("a price for an unknown lot", &prices);
    let mut prices: Value = serde_json::from_str(&good).unwrap();
    prices["site_day"] = serde_json::json!({"S01": {"2000-01-01": 1.0}});
    refused("a price for a day outside", &prices);
    world.file("c.json", "{");
    world.run(&["plan", "check", text(&folder), text(&plan), "--certificate", "c.json"]).ends(1);
}

#[test]
fn danyang_is_planned_again_from_what_was_given() {
    let Some(shared) = shared() else { return };
    let world = World::empty();
    let folder = shared.join("scenarios/danyang-2021");
    let tallies = folder.join("tallies.csv");
    for from in ["2021-03-25", "2021-07-01", "2021-09-15"] {
        let mut arguments =
            vec!["plan", "make", "--folder", text(&folder), "--seconds", "1", "-o", "csv"];
        let mut check = vec![text(&folder), "plan.csv"];
        let history = ["--given", text(&tallies), "--from", from];
        if from != "2021-03-25" {
            arguments.extend(history);
            check.extend(history);
        }
        arguments.extend(["--certificate", "c.json"]);
        let made = world.run(&arguments).ends(0);
        world.file("plan.csv", &made.out);
        let (plan, prices) = (world.path("plan.csv"), world.path("c.json"));
        check[1] = text(&plan);
        check.extend(["--certificate", text(&prices)]);
        let ours = agreed(&world, &shared, &check);
        assert_eq!(ours["feasible"], true, "{from}: {ours}");
    }
}

#[test]
fn the_same_files_give_the_same_plan_to_the_byte() {
    let world = World::small();
    let make = |form| world.run(&["plan", "make", "--folder", "small", "-o", form]).ends(0).out;
    assert_eq!(make("csv"), make("csv"));
    assert_eq!(make("json"), make("json"));
}

#[test]
fn a_plan_as_json_has_the_form_of_the_contract_and_its_own_check_agrees() {
    let world = World::small();
    let json = world.run(&["plan", "make", "--folder", "small", "-o", "json"]).ends(0).json();
    let plan = world
        .run(&["plan", "make", "--folder", "small", "-o", "csv", "--certificate", "c.json"])
        .ends(0);
    world.file("plan.csv", &plan.out);
    let check = world
        .run(&["plan", "check", "small", "plan.csv", "--certificate", "c.json", "-o", "json"])
        .ends(0)
        .json();
    for figure in ["objective", "upper_bound", "gap", "travel_km"] {
        close(&json[figure], &check[figure], figure);
    }
    assert_eq!(json["people_finished"], check["people_finished"]);
    assert!(json["worst_area"]["area"].is_string() && json["worst_area"]["share"].is_number());
    assert!(json["unplaced"].is_array() && !json["verdict"].is_null());
    let rows = plan.csv();
    let doses: u64 = rows.iter().map(|row| row["doses"].parse::<u64>().unwrap()).sum();
    assert_eq!(json["doses"], doses);
    assert!(rows.iter().all(|row| row["doses"] != "0"));
    assert!(rows.iter().all(|row| row["team"].is_empty() == row["place"].starts_with('S')));
}

#[test]
fn who_cannot_be_placed_is_listed_with_the_reason() {
    let campaign = small().swap("reach.csv", "B,S1\nB,S2\n", "").swap(
        "stops.csv",
        "P2,乙村,B,32.06,119.66\n",
        "",
    );
    let world = World::with(&campaign);
    let json = world.run(&["plan", "make", "-o", "json", "--from", "2021-04-01"]).ends(0).json();
    let unplaced = json["unplaced"].as_array().unwrap();
    let found = unplaced.iter().find(|one| one["area"] == "B" && one["group"] == "adult").unwrap();
    assert_eq!((&found["people"], &found["reason"]), (&100.into(), &"no_place".into()));
    let why =
        world.run(&["--lang", "en", "plan", "why", "--area", "B", "--group", "adult"]).ends(0);
    assert!(why.out.contains("no site reaches"), "{}", why.out);
    world.run(&["plan", "why", "--area", "A", "--group", "senior"]).ends(0);
}

#[test]
fn a_draft_changes_nothing_until_it_is_adopted_and_the_diff_says_what_moves() {
    let world = World::small();
    assert!(world.run(&["plan", "show"]).ends(1).err.contains("plan"));
    world.run(&["plan", "adopt"]).ends(1);
    world.run(&["plan", "make", "--from", "2021-04-01"]).ends(0);
    let list = |world: &World| -> Vec<String> {
        let json = world.run(&["plan", "list", "-o", "json"]).ends(0).json();
        json.as_array().unwrap().iter().map(|p| p["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list(&world), ["draft"]);
    let diff = world.run(&["plan", "diff", "-o", "json"]).ends(10).json();
    assert_eq!(diff["doses_before"], 0);
    world.run(&["plan", "adopt"]).ends(0);
    assert_eq!(list(&world), ["adopted"]);
    world.run(&["plan", "diff"]).ends(0);
    let shown = world.run(&["plan", "show", "-o", "csv"]).ends(0);
    assert!(shown.out.starts_with("date,place,team,area,group,dose,doses\n"));
    let one = world.run(&["plan", "show", "--day", "2021-04-01", "--place", "S1", "-o", "csv"]);
    assert!(
        one.ends(0).csv().iter().all(|row| row["date"] == "2021-04-01" && row["place"] == "S1")
    );
    // A closed day moves people; the adopted plan stays until the new one is adopted.
    small().add("closures.csv", "S1,2021-04-01,0").write(&world.path("small"));
    world.run(&["campaign", "apply", "small"]).ends(0);
    world.run(&["plan", "make", "--from", "2021-04-01"]).ends(0);
    assert_eq!(world.run(&["plan", "show", "-o", "csv"]).ends(0).out, shown.out);
    let diff = world.run(&["plan", "diff", "-o", "csv"]).ends(10).csv();
    let moved = diff.iter().find(|row| row["day"] == "2021-04-01" && row["place"] == "S1").unwrap();
    assert_eq!(moved["doses_after"], "0");
    world.run(&["plan", "adopt"]).ends(0);
    assert_eq!(
        world
            .run(&["plan", "show", "--day", "2021-04-01", "--place", "S1", "-o", "csv"])
            .ends(0)
            .csv()
            .len(),
        0
    );
    world.run(&["plan", "adopt", "1"]).ends(1);
    world.run(&["plan", "adopt", "99"]).ends(1);
}

#[test]
fn a_draft_that_no_longer_fits_what_is_known_is_not_adopted() {
    let world = World::small();
    world.run(&["plan", "make", "--from", "2021-04-01"]).ends(0);
    small()
        .swap("sites.csv", "S1,甲镇卫生院,A,40,20", "S1,甲镇卫生院,A,1,1")
        .write(&world.path("small"));
    world.run(&["campaign", "apply", "small"]).ends(0);
    let ran = world.run(&["plan", "adopt"]).ends(1);
    assert!(ran.err.contains("plan make"), "{}", ran.err);
    assert!(world.run(&["plan", "list", "-o", "json"]).ends(0).out.contains("draft"));
}

/// Appointments as `person day place`.
fn appointments(world: &World) -> Vec<(String, String, String)> {
    let due = world.run(&["due", "list", "--by", "2021-05-10", "-o", "csv"]).ends(0);
    due.csv()
        .into_iter()
        .map(|row| (row["person"].clone(), row["day"].clone(), row["place"].clone()))
        .collect()
}

#[test]
fn running_the_plan_again_moves_nobody_without_a_reason() {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    let before = appointments(&world);
    assert_eq!(before.len(), 6);
    assert!(
        before.iter().all(|(_, day, place)| !day.is_empty() && !place.is_empty()),
        "{before:?}"
    );
    world.run(&["job", "run", "plan", "--at", "2021-03-31T02:00"]).ends(0);
    assert_eq!(appointments(&world), before);
    // Who is barred loses the appointment; the others keep theirs.
    world.import("outcomes", "o1,p2,2021-03-31,refused,").ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T03:00"]).ends(0);
    let after = appointments(&world);
    let kept: Vec<_> = before.iter().filter(|one| one.0 != "p2").cloned().collect();
    assert_eq!(after, kept);
}

#[test]
fn no_session_gets_more_people_than_it_has_doses() {
    let world = World::with(&small().swap("sites.csv", "A,40,20", "A,3,0"));
    world.import("persons", SENIORS).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    let plan = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    for (_, day, place) in appointments(&world) {
        let doses: usize = plan
            .iter()
            .filter(|row| row["date"] == day && row["place"] == place && row["group"] == "senior")
            .map(|row| row["doses"].parse::<usize>().unwrap())
            .sum();
        let people =
            appointments(&world).iter().filter(|one| (&one.1, &one.2) == (&day, &place)).count();
        assert!(people <= doses, "{day} {place}: {people} people, {doses} doses");
    }
}
