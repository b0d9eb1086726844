//! Several campaigns planned together over one jurisdiction, from files, held against an independent
//! checker.

use crate::support::{World, number, shared, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders of an instance: the jurisdiction, and its campaigns in the order of their names.
fn folders(instance: &Path) -> (PathBuf, Vec<PathBuf>) {
    let mut campaigns: Vec<PathBuf> = std::fs::read_dir(instance)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("campaign.toml").exists())
        .collect();
    campaigns.sort();
    (instance.join("jurisdiction"), campaigns)
}

/// The arguments that name a jurisdiction and its campaigns.
fn named((jurisdiction, campaigns): &(PathBuf, Vec<PathBuf>)) -> Vec<&str> {
    let folders = campaigns.iter().flat_map(|folder| ["--folder", text(folder)]);
    ["--jurisdiction", text(jurisdiction)].into_iter().chain(folders).collect()
}

/// The independent checker's verdict: one plan file serves for all campaigns.
fn judge(shared: &Path, folders: &(PathBuf, Vec<PathBuf>), plan: &Path, more: &[&str]) -> Value {
    let mut command = Command::new("python3");
    command.arg(shared.join("planning/check_joint.py")).arg(&folders.0);
    for campaign in &folders.1 {
        command.args([campaign.as_path(), plan]);
    }
    let output = command.args(more).args(["-o", "json"]).output().expect("python3 starts");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[track_caller]
fn close(one: &Value, other: &Value, what: &str) {
    let (one, other) = (one.as_f64().expect(what), other.as_f64().expect(what));
    assert!((one - other).abs() <= 1e-6 * one.abs().max(1.0), "{what}: {one} and {other}");
}

/// Holds our check of a joint plan against the independent one; returns ours.
#[track_caller]
fn agreed(
    world: &World,
    shared: &Path,
    folders: &(PathBuf, Vec<PathBuf>),
    plan: &Path,
    prices: &[&str],
) -> Value {
    let mut ours = vec!["plan", "check", "-o", "json"];
    ours.extend(named(folders));
    ours.push(text(plan));
    ours.extend(prices);
    let ours = world.run(&ours);
    let (code, ours) = (ours.code, ours.json());
    let theirs = judge(shared, folders, plan, prices);
    assert_eq!(ours["feasible"], theirs["feasible"], "{ours} {theirs}");
    let problems = theirs["certificate_problems"].as_array().is_some_and(|list| !list.is_empty());
    assert_eq!(code, i32::from(ours["feasible"] == false || problems), "{ours} {theirs}");
    for figure in ["objective", "travel_km"] {
        close(&ours[figure], &theirs[figure], figure);
    }
    for figure in ["doses", "people", "people_finished"] {
        assert_eq!(ours[figure], theirs[figure], "{figure}");
    }
    if !prices.is_empty() {
        close(&ours["upper_bound"], &theirs["upper_bound"], "upper_bound");
        close(&ours["gap"], &theirs["gap"], "gap");
    }
    ours
}

#[test]
fn a_joint_plan_and_its_prices_hold_by_the_independent_checker_too() {
    let Some(shared) = shared() else { return };
    let world = World::empty();
    for (name, steps) in [("two-1", "1000"), ("autumn-small-1", "5000")] {
        let folders = folders(&shared.join("planning/joint").join(name));
        let mut make = vec!["plan", "make", "--steps", steps, "-o", "csv"];
        make.extend(named(&folders));
        make.extend(["--certificate", "c.json"]);
        let made = world.run(&make).ends(0);
        let header = "campaign,date,place,team,area,group,dose,doses\n";
        assert!(made.out.starts_with(header), "{name}");
        let plan = world.file("plan.csv", &made.out);
        let prices = world.path("c.json");
        let ours = agreed(&world, &shared, &folders, &plan, &["--certificate", text(&prices)]);
        assert_eq!(ours["feasible"], true, "{name}: {ours}");
        assert_eq!(ours["certificate_problems"], serde_json::json!([]), "{name}");
        assert!(number(&ours["doses"]) > 0);
        assert!(ours["gap"].as_f64().unwrap() < 0.02, "{name}: {ours}");
    }
}

#[test]
fn the_best_known_joint_plans_and_their_prices_hold_here_as_they_hold_there() {
    let Some(shared) = shared() else { return };
    let world = World::empty();
    for name in ["two-1", "autumn-small-1", "autumn-1"] {
        let instance = shared.join("planning/joint").join(name);
        let folders = folders(&instance);
        let mut all = String::from("campaign,date,place,team,area,group,dose,doses\n");
        for entry in std::fs::read_dir(instance.join("reference")).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.extension().is_some_and(|end| end == "csv") && stem != "roster" {
                let rows = std::fs::read_to_string(&path).unwrap();
                let rows = rows.lines().skip(1).map(|row| format!("{stem},{row}\n"));
                all.push_str(&rows.collect::<String>());
            }
        }
        let plan = world.file("plan.csv", &all);
        let prices = instance.join("reference/certificate.json");
        let ours = agreed(&world, &shared, &folders, &plan, &["--certificate", text(&prices)]);
        assert_eq!(ours["feasible"], true, "{name}: {ours}");
        assert_eq!(ours["certificate_problems"], serde_json::json!([]), "{name}");
    }
}

#[test]
fn what_breaks_a_shared_rule_is_refused_by_both_checks() {
    let Some(shared) = shared() else { return };
    let world = World::empty();
    let instance = shared.join("planning/joint/two-1");
    let folders = folders(&instance);
    let read = |name: &str| std::fs::read_to_string(instance.join("reference").join(name)).unwrap();
    let rows = |name: &str| -> Vec<Vec<String>> {
        let text = read(&format!("{name}.csv"));
        let cells = |row: &str| row.split(',').map(str::to_owned).collect();
        text.lines().skip(1).map(cells).collect()
    };
    let plan_of = |flu: &[Vec<String>], hepb: &[Vec<String>]| {
        let mut all = String::from("campaign,date,place,team,area,group,dose,doses\n");
        for (id, rows) in [("flu-2026", flu), ("hepb-2026", hepb)] {
            all.extend(rows.iter().map(|row| format!("{id},{}\n", row.join(","))));
        }
        world.file("plan.csv", &all)
    };
    let (flu, hepb) = (rows("flu-2026"), rows("hepb-2026"));
    let at_site = |rows: &[Vec<String>]| rows.iter().position(|row| row[2].is_empty()).unwrap();
    let with = |rows: &[Vec<String>], at: usize, column: usize, value: &str| {
        let mut rows = rows.to_vec();
        value.clone_into(&mut rows[at][column]);
        rows
    };
    let locked = hepb.iter().position(|row| row[1] == "K01").unwrap();
    let mut elsewhere = hepb.clone();
    elsewhere.retain(|row| row[1] != "K01");
    for (what, flu, hepb) in [
        ("too many at a site", with(&flu, at_site(&flu), 6, "99"), hepb.clone()),
        ("a session with fewer", flu.clone(), with(&hepb, locked, 6, "1")),
        ("a session not held", flu.clone(), elsewhere),
        ("pupils on another day", flu.clone(), with(&hepb, locked, 0, "2026-09-30")),
        ("a stop of the wrong kind", flu.clone(), with(&hepb, locked, 1, "P002")),
    ] {
        let plan = plan_of(&flu, &hepb);
        let ours = agreed(&world, &shared, &folders, &plan, &[]);
        assert_eq!(ours["feasible"], false, "{what}");
    }
}

#[test]
fn arguments_that_do_not_go_together_are_a_usage_error_that_says_what_to_write() {
    let world = World::empty();
    for (arguments, said) in [
        (&["plan", "make", "--folder", "a", "--folder", "b"][..], "--jurisdiction"),
        (&["plan", "check", "plan.csv"], "folder and the plan"),
        (
            &["plan", "check", "--jurisdiction", "j", "--folder", "a", "a", "plan.csv"],
            "the plan alone",
        ),
    ] {
        let ran = world.run(&[arguments, &["--lang", "en"]].concat()).ends(2);
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
    }
    world.run(&["plan", "make", "--jurisdiction", "nowhere", "--folder", "a"]).ends(4);
}
