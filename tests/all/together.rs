//! Campaigns of a database that share places: planned together, put in force together, kept together at night.

use crate::support::{Ran, SENIORS, World, flu, number, shared, small, text, wait};
use doseplan::app::App;
use doseplan::config::Config;
use doseplan::domain::permission::Actor;
use doseplan::store::Store;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn at(world: &World, clock: &str, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", clock);
    Ran::from(command.output().expect("the program starts"))
}

/// Two campaigns at the same places.
fn county() -> World {
    let world = World::empty();
    for (campaign, name) in [(small(), "small"), (flu(), "flu")] {
        let path = campaign.write(&world.path(name));
        world.run(&["campaign", "apply", text(&path)]).ends(0);
    }
    world
}

/// Doses of all campaigns by place and day, at sites.
fn used(rows: &[BTreeMap<String, String>]) -> BTreeMap<(String, String), u32> {
    let mut used = BTreeMap::new();
    for row in rows.iter().filter(|row| row["team"].is_empty()) {
        let doses: u32 = row["doses"].parse().expect("a number");
        *used.entry((row["place"].clone(), row["date"].clone())).or_insert(0) += doses;
    }
    used
}

fn states(world: &World) -> Vec<(String, String)> {
    let plans = world.run(&["plan", "list", "-o", "json"]).ends(0).json();
    let word = |plan: &Value, key: &str| plan[key].as_str().expect("a word").to_owned();
    let plans = plans.as_array().expect("a list").iter();
    plans.map(|plan| (word(plan, "campaign"), word(plan, "state"))).collect()
}

const EVENING: &str = "2021-03-31T20:00:00+08:00";

#[test]
fn one_command_plans_all_open_campaigns_and_another_puts_them_in_force() {
    let world = county();
    let make = ["plan", "make", "--steps", "300", "-o", "json"];
    let made = at(&world, EVENING, &make).ends(0).json();
    let parts = made["campaigns"].as_array().expect("a list");
    assert_eq!(parts.len(), 2, "{made}");
    assert_ne!(parts[0]["plan"], parts[1]["plan"], "each has a draft of its own");
    let sum: u64 = parts.iter().map(|part| number(&part["doses"])).sum();
    assert!(sum > 0 && sum == number(&made["doses"]), "{made}");
    at(&world, EVENING, &["plan", "adopt"]).ends(0);
    let rows = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    assert!(rows.iter().any(|row| row["campaign"] == "flu"), "{rows:?}");
    assert!(rows.iter().any(|row| row["campaign"] == "small"), "{rows:?}");
    for ((place, day), doses) in used(&rows) {
        let most = if place == "S1" { 40 } else { 20 };
        assert!(doses <= most, "{place} {day}: {doses}");
    }
    assert_eq!(states(&world).iter().filter(|(_, state)| state == "adopted").count(), 2);
    // A number names one campaign's plan.
    let no = parts[0]["plan"].to_string();
    let one = world.run(&["plan", "show", &no, "-o", "csv"]).ends(0).csv();
    assert!(!one.is_empty() && !one[0].contains_key("campaign"), "{one:?}");
}

#[test]
fn a_night_plans_once_for_all_and_moves_nobody_without_need() {
    let world = county();
    at(&world, EVENING, &["plan", "make", "--steps", "300"]).ends(0);
    at(&world, EVENING, &["plan", "adopt"]).ends(0);
    let before = world.run(&["plan", "show", "-o", "csv"]).ends(0).out;
    at(&world, "2021-03-31T22:00:00+08:00", &["job", "run", "plan"]).ends(0);
    assert_eq!(world.run(&["plan", "show", "-o", "csv"]).ends(0).out, before);
    let states = states(&world);
    for id in ["flu", "small"] {
        let of_it: Vec<&str> =
            states.iter().filter(|(one, _)| one == id).map(|(_, state)| state.as_str()).collect();
        assert_eq!(of_it, ["superseded", "adopted"], "{id}: {states:?}");
    }
}

#[test]
fn after_a_pause_places_are_planned_from_the_day_on_which_they_fetch_vaccine_again() {
    let world = World::empty();
    let sites = "site,name,area,weekday_doses,saturday_doses,lead_name,lead_email,storage_doses,\
                 restock\nS1,甲镇卫生院,A,40,20,张三,s1@small.example,500,mon\n\
                 S2,乙镇卫生院,B,20,,李四,s2@small.example,500,mon\n";
    for (campaign, name) in [(small(), "small"), (flu(), "flu")] {
        let path = campaign.with("sites.csv", sites).write(&world.path(name));
        world.run(&["campaign", "apply", text(&path)]).ends(0);
    }
    // Nobody reports, and in the end nothing of one campaign that was planned is still to come.
    for clock in ["2021-03-28T20:00:00+08:00", "2021-04-13T20:00:00+08:00"] {
        at(&world, clock, &["plan", "make", "--steps", "0"]).ends(0);
        at(&world, clock, &["plan", "adopt"]).ends(0);
    }
    for campaign in ["small", "flu"] {
        let show = ["plan", "show", "--campaign", campaign, "-o", "csv"];
        let used = used(&world.run(&show).ends(0).csv());
        let mut days = used.keys().filter(|(place, _)| place.starts_with('S'));
        assert!(days.all(|(_, day)| day.as_str() >= "2021-04-19"), "{campaign}: {used:?}");
    }
}

#[test]
fn a_draft_that_breaks_a_rule_with_the_other_one_is_refused_with_its_place_and_campaigns() {
    let world = county();
    at(&world, EVENING, &["plan", "make", "--steps", "300"]).ends(0);
    // What the place can do falls after the drafts were made.
    let both = [("small", small()), ("flu", flu())];
    for (name, folder) in both {
        let folder = folder.with("closures.csv", "place,date,doses\nS1,2021-04-01,1\n");
        let path = folder.write(&world.path(&format!("{name}-shut")));
        at(&world, EVENING, &["campaign", "apply", text(&path)]).ends(0);
    }
    let refused = at(&world, EVENING, &["plan", "adopt"]);
    let said = refused.ends(1).err;
    assert!(said.contains("rule 3: S1 on 2021-04-01"), "{said}");
    let said = at(&world, EVENING, &["--lang", "zh-CN", "plan", "adopt"]).ends(1).err;
    assert!(said.contains("规则 3：S1 2021-04-01"), "{said}");
    let states = states(&world);
    assert!(states.iter().all(|(_, state)| state == "draft"), "all or none: {states:?}");
}

#[test]
fn a_page_that_shows_an_older_draft_adopts_nothing() {
    let world = county();
    let make = ["plan", "make", "--steps", "0", "-o", "json"];
    let older = at(&world, EVENING, &make).ends(0).json();
    let newer = at(&world, EVENING, &make).ends(0).json();
    let no = |made: &Value| made["campaigns"][0]["plan"].as_i64().expect("a number");
    let adopt = |no: i64| {
        wait(async {
            let app = App::new(Store::open(world.db(), false).await.unwrap(), Config::default());
            let flu = app.campaign(Some("flu")).await.unwrap();
            let now = EVENING.parse().unwrap();
            let done = app.adopt_with_others(&flu, no, Actor::CommandLine, now).await;
            app.store.close().await;
            done.map(|all| all.len())
        })
    };
    assert!(adopt(no(&older)).is_err(), "it was dropped when the newer one was made");
    assert!(states(&world).iter().all(|(_, state)| state != "adopted"));
    assert_eq!(adopt(no(&newer)).expect("both fit"), 2);
}

#[test]
fn a_closure_mends_the_plans_of_all_campaigns_as_one_and_each_person_keeps_one_seat() {
    let world = county();
    world.import("persons", SENIORS).ends(0);
    at(&world, EVENING, &["plan", "make", "--steps", "300"]).ends(0);
    at(&world, EVENING, &["plan", "adopt"]).ends(0);
    // The place shuts for both; the second campaign's word comes when the first has been mended.
    for (name, folder) in [("small", small()), ("flu", flu())] {
        let folder =
            folder.add("closures.csv", "S1,2021-04-02,0").add("closures.csv", "S1,2021-04-06,0");
        let path = folder.write(&world.path(&format!("{name}-shut")));
        at(&world, EVENING, &["campaign", "apply", text(&path)]).ends(0);
    }
    let rows = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    for ((place, day), doses) in used(&rows) {
        let is_shut = place == "S1" && ["2021-04-02", "2021-04-06"].contains(&day.as_str());
        let most = if is_shut {
            0
        } else if place == "S1" {
            40
        } else {
            20
        };
        assert!(doses <= most, "{place} {day}: {doses}");
    }
    for id in ["flu", "small"] {
        assert!(rows.iter().any(|row| row["campaign"] == id), "{id} goes on: {rows:?}");
    }
    let status = at(&world, EVENING, &["status"]).ends(0).out;
    assert!(!status.contains("cannot be kept"), "{status}");
    at(&world, EVENING, &["db", "check"]).ends(0);
}

#[test]
fn campaigns_that_are_over_are_planned_from_their_start_only_where_all_are() {
    let world = county();
    world.import("persons", SENIORS).ends(0);
    // The machine's clock is years later: an exercise.
    let made = world.run(&["plan", "make", "--steps", "0", "-o", "json"]).ends(0).json();
    assert_eq!(made["from"], "2021-04-01", "{made}");
    assert!(number(&made["doses"]) > 0, "{made}");
    world.run(&["plan", "adopt"]).ends(0);
    let due = world.run(&["due", "list", "--by", "2021-05-10", "-o", "csv"]).ends(0).csv();
    assert!(due.iter().all(|row| row["day"].is_empty()), "nobody is called to a day that is over");
    // One that still runs is planned alone.
    let later = flu().swap("campaign.toml", "id = \"flu\"", "id = \"later\"").swap(
        "campaign.toml",
        "end = 2021-05-10",
        "end = 2021-06-30",
    );
    world.run(&["campaign", "apply", text(&later.write(&world.path("later")))]).ends(0);
    let june = "2021-06-01T09:00:00+08:00";
    let alone = at(&world, june, &["plan", "make", "--steps", "0", "-o", "json"]).ends(0).json();
    assert!(alone["campaigns"].is_null(), "{alone}");
}

#[test]
fn what_is_supposed_of_all_open_campaigns_changes_their_joint_plan_and_stores_nothing() {
    let world = county();
    let make = ["plan", "make", "--steps", "0", "-o", "json"];
    let made = at(&world, EVENING, &make).ends(0).json();
    let before = states(&world);
    let from = made["from"].as_str().expect("a day");
    let ask = |more: &[&str]| {
        let ask = ["plan", "what-if", "--from", from, "--steps", "0"];
        at(&world, EVENING, &[&ask[..], more].concat())
    };
    let found = ask(&["--supply", "0", "-o", "json"]).ends(0).json();
    let parts = found["campaigns"].as_array().expect("a list");
    let ids: Vec<&str> = parts.iter().filter_map(|one| one["campaign"].as_str()).collect();
    let named = made["campaigns"].as_array().expect("a list").iter();
    let named: Vec<&str> = named.filter_map(|one| one["campaign"].as_str()).collect();
    assert_eq!(ids, named);
    let sum = |which: &str| -> u64 { parts.iter().map(|one| number(&one[which]["doses"])).sum() };
    assert_eq!(sum("today"), number(&found["today"]["doses"]), "{found}");
    assert_eq!(number(&found["today"]["doses"]), number(&made["doses"]), "as it is planned");
    assert!(sum("what_if") < sum("today"), "{found}");
    // A place that is shut is shut for both; S1 is not opened by anybody.
    let shut = ask(&["--close", "S1@2021-04-01..2021-05-31", "-o", "json"]).ends(0).json();
    let objective = |which: &str| shut[which]["objective"].as_f64().expect("a number");
    assert!(objective("what_if") < objective("today"), "{shut}");
    // Vaccine has to be somebody's.
    let vaccine = ["--vaccine", "500@2021-04-05", "--lang", "en"];
    let refused = ask(&vaccine).ends(1).err;
    assert!(refused.contains("--vaccine-for") && refused.contains("flu"), "{refused}");
    let of_flu = ask(&[&vaccine[..], &["--vaccine-for", "flu"]].concat()).ends(0).out;
    assert!(of_flu.contains("all campaigns"), "{of_flu}");
    let unknown = ask(&[&vaccine[..], &["--vaccine-for", "nobody"]].concat()).ends(1).err;
    assert!(unknown.contains("nobody") && unknown.contains("flu"), "{unknown}");
    let one = |id: &str| ask(&[&vaccine[..], &["--vaccine-for", id, "--campaign", "flu"]].concat());
    one("flu").ends(0);
    let other = one("small").ends(1).err;
    assert!(other.contains("--vaccine-for small") && other.contains("planned: flu"), "{other}");
    let rows = ask(&["--supply", "0", "-o", "csv"]).ends(0).csv();
    let of_all: Vec<&str> = rows
        .iter()
        .filter(|row| row["campaign"].is_empty())
        .map(|row| row["figure"].as_str())
        .collect();
    assert_eq!(of_all, ["people-finished", "last-day", "doses", "worst-area", "gap"]);
    // One alone is asked for as before.
    let alone = ask(&["--campaign", "flu", "--supply", "0", "-o", "json"]).ends(0).json();
    assert!(alone["campaigns"].is_null() && !alone["today"]["groups"].is_null(), "{alone}");
    assert_eq!(states(&world), before);
}

/// The independent checker's verdict on plans of an instance's campaigns from a day on.
fn judged(shared: &Path, instance: &Path, plan: &Path, from: &str) -> Value {
    let mut command = Command::new("python3");
    command.arg(shared.join("planning/check_joint.py")).arg(instance.join("jurisdiction"));
    for name in ["flu", "hepb"] {
        command.args([instance.join(name).as_path(), plan]);
    }
    let output = command.args(["--from", from, "-o", "json"]).output().expect("python3 starts");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn what_a_database_plans_together_holds_by_the_independent_checker() {
    let Some(shared) = shared() else { return };
    let instance = shared.join("planning/joint/two-1");
    let world = World::empty();
    world.run(&["jurisdiction", "apply", text(&instance.join("jurisdiction"))]).ends(0);
    for name in ["flu", "hepb"] {
        world.run(&["campaign", "apply", text(&instance.join(name))]).ends(0);
    }
    let clock = "2026-08-20T10:00:00+08:00";
    let made = at(&world, clock, &["plan", "make", "--steps", "1000", "-o", "csv"]).ends(0).out;
    at(&world, clock, &["plan", "adopt"]).ends(0);
    let shown = world.run(&["plan", "show", "-o", "csv"]).ends(0).out;
    assert_eq!(shown, made);
    let plan = world.file("plan.csv", &shown);
    let found = judged(&shared, &instance, &plan, "2026-09-14");
    assert_eq!(found["feasible"], true, "{found}");
    at(&world, "2026-09-13T22:00:00+08:00", &["job", "run", "plan"]).ends(0);
    let night = world.file("night.csv", world.run(&["plan", "show", "-o", "csv"]).ends(0).out);
    let after = judged(&shared, &instance, &night, "2026-09-14");
    assert_eq!(after["feasible"], true, "{after}");
    assert_eq!(after["doses"], found["doses"]);
    // One campaign planned again keeps out of what the other one uses.
    for name in ["flu", "hepb"] {
        let id = format!("{name}-2026");
        let campaign = ["--campaign", id.as_str()];
        let make = [&["plan", "make", "--steps", "300"][..], &campaign].concat();
        at(&world, "2026-09-13T22:30:00+08:00", &make).ends(0);
        at(&world, "2026-09-13T22:30:00+08:00", &[&["plan", "adopt"][..], &campaign].concat())
            .ends(0);
        let shown = world.run(&["plan", "show", "-o", "csv"]).ends(0).out;
        let alone = world.file(&format!("{name}.csv"), shown);
        let judged = judged(&shared, &instance, &alone, "2026-09-14");
        assert_eq!(judged["feasible"], true, "{name} alone: {judged}");
    }
}

#[test]
fn a_tour_of_one_campaign_shows_the_whole_day_of_its_team() {
    // Only the team can reach township B, for both campaigns.
    let world = World::empty();
    for (campaign, name) in [(small(), "small"), (flu(), "flu")] {
        let campaign = campaign.swap("reach.csv", "B,S1\nB,S2\n", "");
        let path = campaign.write(&world.path(name));
        world.run(&["campaign", "apply", text(&path)]).ends(0);
    }
    at(&world, EVENING, &["plan", "make", "--steps", "0"]).ends(0);
    at(&world, EVENING, &["plan", "adopt"]).ends(0);
    let mut planned: BTreeMap<(String, String), BTreeMap<String, u64>> = BTreeMap::new();
    for row in world.run(&["plan", "show", "-o", "csv"]).ends(0).csv() {
        if !row["team"].is_empty() {
            let at = (row["date"].clone(), row["place"].clone());
            let doses: u64 = row["doses"].parse().expect("a number");
            *planned.entry(at).or_default().entry(row["campaign"].clone()).or_default() += doses;
        }
    }
    let mut shared = 0;
    for own in ["small", "flu"] {
        let ask = ["plan", "tours", "--campaign", own, "-o", "json"];
        let tours = at(&world, EVENING, &ask).ends(0).json();
        for tour in tours.as_array().expect("a list") {
            for stop in tour["stops"].as_array().expect("a list") {
                let word = |value: &Value| value.as_str().expect("a word").to_owned();
                let parts = &planned[&(word(&tour["day"]), word(&stop["stop"]))];
                assert_eq!(number(&stop["doses"]), parts.values().sum::<u64>(), "{tour}");
                if stop["campaigns"].is_object() {
                    assert_eq!(stop["campaigns"], serde_json::json!(parts), "{tour}");
                    shared += usize::from(parts.len() == 2);
                }
            }
        }
    }
    assert!(shared > 0, "the campaigns are never at one stop on one day: {planned:?}");
}
