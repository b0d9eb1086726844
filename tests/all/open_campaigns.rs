//! Several open campaigns and no `--campaign`: reports are about all of them, and what is asked of a thing is asked of
//! the campaigns that have it.

use crate::support::{Ran, World, flu, small};
use crate::voice::{county, on_time, small_flu};
use serde_json::Value;
use std::collections::BTreeSet;

/// The campaigns that a list of JSON is about.
#[track_caller]
fn campaigns(ran: &Ran) -> BTreeSet<String> {
    let json = ran.json();
    let list = json.as_array().expect("a list");
    list.iter().map(|one| one["campaign"].as_str().expect("an id").to_owned()).collect()
}

fn both() -> BTreeSet<String> {
    ["flu", "small"].map(str::to_owned).into()
}

#[test]
fn what_is_reported_of_plans_is_about_all_open_campaigns() {
    let world = county();
    for command in [
        &["plan", "why"][..],
        &["plan", "why", "--place", "S1"],
        &["plan", "why", "--session", "S1@2021-04-01"],
        &["plan", "show", "--vials"],
        &["campaign", "history"],
        &["report", "show", "coverage", "--month", "2021-04", "--explain", "A5"],
    ] {
        let json = on_time(&world, &[command, &["-o", "json"]].concat()).ends(0);
        assert_eq!(campaigns(&json), both(), "{command:?}");
        let table = on_time(&world, command).ends(0);
        let said = table.out + &table.err;
        assert!(!said.contains("--campaign"), "{command:?}: {said}");
        // One campaign answers as it does alone, without saying which it is.
        let one = [command, &["-o", "json", "--campaign", "flu"]].concat();
        let one = on_time(&world, &one).ends(0).json();
        let first = one.as_array().map_or(&one, |list| &list[0]);
        assert_eq!(first["campaign"], Value::Null, "{command:?}");
    }
    let history = world.run(&["campaign", "history", "-o", "csv"]).ends(0).csv();
    assert!(history.iter().any(|row| row["campaign"] == "flu" && row["version"] == "1"));
    // The number of a plan says whose it is.
    let plans = world.run(&["plan", "list", "-o", "json"]).ends(0).json();
    let plans = plans.as_array().unwrap().iter();
    let of_flu = plans.clone().find(|plan| plan["campaign"] == "flu").expect("a plan");
    let why = ["plan", "why", &of_flu["plan"].to_string(), "-o", "json"];
    let why = on_time(&world, &why).ends(0).json();
    assert!(why["unplaced"].is_array(), "{why}");
    // What no campaign has is told as before.
    world.run(&["plan", "why", "--place", "S9"]).ends(1);
    world.run(&["plan", "why", "--session", "S9@2021-04-01"]).ends(1);
}

#[test]
fn tours_of_all_campaigns_are_one_list_that_says_for_whom_each_stop_is() {
    let world = county();
    let all = world.run(&["plan", "tours", "-o", "json"]).ends(0).json();
    let mut days = BTreeSet::new();
    for tour in all.as_array().unwrap() {
        let day = (tour["day"].to_string(), tour["team"].to_string());
        assert!(days.insert(day), "a team makes one tour a day: {tour}");
        for stop in tour["stops"].as_array().unwrap() {
            let parts = stop["campaigns"].as_object().expect("whose doses they are");
            let sum: u64 = parts.values().map(|doses| doses.as_u64().unwrap()).sum();
            assert_eq!(sum, stop["doses"].as_u64().unwrap(), "{stop}");
        }
    }
    let doses = |json: &Value| -> u64 {
        json.as_array().unwrap().iter().map(|tour| tour["doses"].as_u64().unwrap()).sum()
    };
    let plan = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let planned = plan.iter().filter(|row| !row["team"].is_empty());
    let planned: u64 = planned.map(|row| row["doses"].parse::<u64>().unwrap()).sum();
    assert_eq!(doses(&all), planned, "every stop of every plan is on a tour");
}

#[test]
fn a_lock_holds_the_sessions_of_every_campaign_that_has_one_there() {
    let world = county();
    let session = ["S1", "2021-04-01"];
    let run = |command: &str| on_time(&world, &[&["plan", command][..], &session].concat());
    let locks = || on_time(&world, &["plan", "locks", "-o", "json"]).ends(0);
    let locked = run("lock").ends(0).err;
    assert!(locked.contains("flu: ") && locked.contains("small: "), "{locked}");
    assert_eq!(campaigns(&locks()), both());
    assert!(run("lock").ends(1).err.contains("is locked already"));
    run("unlock").ends(0);
    assert_eq!(campaigns(&locks()), BTreeSet::new());
    assert!(run("unlock").ends(1).err.contains("is not locked"));
    // What is locked stays so, and what is not is locked.
    let one = [&["plan", "lock"][..], &session, &["--campaign", "flu"]].concat();
    on_time(&world, &one).ends(0);
    let rest = run("lock").ends(0).err;
    assert!(rest.contains("small: ") && !rest.contains("flu: "), "{rest}");
    assert_eq!(campaigns(&locks()), both());
    let nothing = on_time(&world, &["plan", "lock", "S1", "2021-04-04"]).ends(1).err;
    assert!(nothing.contains("no session at S1"), "{nothing}");
}

#[test]
fn what_is_written_of_several_campaigns_is_written_for_each() {
    let world = county();
    world.run(&["campaign", "export", "all"]).ends(0);
    assert!(world.read("all/flu/campaign.toml").contains("id = \"flu\""));
    assert!(world.read("all/small/campaign.toml").contains("id = \"small\""));
    // A workbook has room for one campaign: here a name is needed.
    let refused = world.run(&["campaign", "export", "all.xlsx"]).ends(4).err;
    assert!(refused.contains("flu, small"), "{refused}");
    for kind in ["persons", "doses", "outcomes"] {
        let file = format!("{kind}.xlsx");
        world.run(&[kind, "new", "--xlsx", &file]).ends(0);
        assert!(world.path(&file).exists());
    }
    // What is everybody's asks for no name, and what nobody has is nothing.
    world.run(&["bookings", "requests", "list"]).ends(0);
    let homes = world.run(&["homes", "show", "-o", "json"]).ends(0).json();
    assert_eq!(homes, serde_json::json!([]));
    on_time(&world, &["homes", "rounds"]).ends(0);
    let refused = world.run(&["catch-up", "list"]).ends(1).err;
    assert!(refused.contains("no open campaign is for catching up"), "{refused}");
}

#[test]
fn a_campaign_of_whose_days_people_were_told_is_closed_and_not_removed() {
    let world = county();
    let refused = world.run(&["campaign", "remove", "flu"]).ends(1).err;
    assert!(refused.contains("appointments: 6"), "{refused}");
    assert!(refused.contains("doseplan campaign close flu"), "{refused}");
    world.run(&["campaign", "close", "flu"]).ends(0);
    world.run(&["campaign", "remove", "flu"]).ends(1);
    // A plan in force of which nobody knows is no fact.
    let world = World::empty();
    for (campaign, name) in [(small(), "small"), (small_flu(), "flu")] {
        let path = campaign.write(&world.path(name));
        world.run(&["campaign", "apply", path.to_str().unwrap()]).ends(0);
    }
    let chosen = ["--campaign", "flu", "--from", "2021-04-01", "--steps", "0"];
    on_time(&world, &[&["plan", "make"][..], &chosen].concat()).ends(0);
    on_time(&world, &["plan", "adopt", "--campaign", "flu"]).ends(0);
    world.run(&["campaign", "remove", "flu"]).ends(0);
    assert_eq!(world.run(&["campaign", "list", "-o", "csv"]).ends(0).csv().len(), 1);
    world.run(&["db", "check"]).ends(0);
    // Whoever was told keeps it from being removed, also where nobody has an appointment.
    let path = flu().write(&world.path("flu"));
    world.run(&["campaign", "apply", path.to_str().unwrap()]).ends(0);
    on_time(&world, &[&["plan", "make"][..], &chosen].concat()).ends(0);
    on_time(&world, &["plan", "adopt", "--campaign", "flu"]).ends(0);
    world.run(&["job", "run", "digest", "--at", "2021-03-31T19:00"]).ends(0);
    world.run(&["outbox", "drain", "--at", "2021-03-31T19:05"]).ends(0);
    let refused = world.run(&["campaign", "remove", "flu"]).ends(1).err;
    assert!(refused.contains("messages that told people of its days: "), "{refused}");
    assert!(!refused.contains("appointments"), "{refused}");
}
