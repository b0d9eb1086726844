//! `plan overbooking`: what comes of calling more people than there are seats, by what is known of who comes.

use crate::support::{PERSONS, Ran, SENIORS, World, number};
use serde_json::Value;

fn ask(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", "2021-03-30T20:00:00+08:00");
    Ran::from(command.output().expect("the program starts"))
}

fn played(world: &World, more: &[&str]) -> Value {
    let words = ["plan", "overbooking", "--runs", "3", "-o", "json"];
    ask(world, &[&words[..], more].concat()).ends(0).json()
}

/// A figure of the policies: never, as the program does, always.
fn figures(found: &Value, name: &str) -> Vec<u64> {
    let all = found["outcomes"].as_array().expect("a list").iter();
    all.map(|one| number(&one[name])).collect()
}

#[test]
fn an_example_is_played_until_sessions_are_planned_and_then_these() {
    let world = World::small();
    let found = played(&world, &[]);
    assert_eq!(found["basis"], "example", "{found}");
    let sessions = number(&found["sessions"]);
    assert!(sessions > 0 && sessions.is_multiple_of(30), "a month of each group: {found}");
    assert_eq!(figures(&found, "sessions"), [sessions * 3; 3]);
    let said = ask(&world, &["--lang", "en", "plan", "overbooking", "--runs", "1"]).ends(0);
    assert!(said.err.contains("No session is planned"), "{}", said.err);
    // Nobody is in the register: everybody has an appointment for the seats of the plan.
    let make = ["plan", "make", "--from", "2021-04-01", "--steps", "20", "-o", "json"];
    let made = ask(&world, &make).ends(0).json();
    ask(&world, &["plan", "adopt"]).ends(0);
    let found = played(&world, &[]);
    assert_eq!((&found["basis"], &found["from"]), (&"unnamed".into(), &"2021-04-01".into()));
    let seats = number(&made["doses"]);
    assert_eq!(figures(&found, "seats"), [seats * 3; 3], "{found}");
    assert_eq!(figures(&found, "called")[0], seats * 3);
    assert_eq!(figures(&found, "turned_away")[0], 0);
}

#[test]
fn the_register_has_its_part_of_the_seats_and_what_is_supposed_is_played() {
    let world = World::small();
    world.file("persons.csv", format!("{PERSONS}\n{SENIORS}\n"));
    ask(&world, &["persons", "import", "persons.csv"]).ends(0);
    ask(&world, &["plan", "make", "--from", "2021-04-01", "--steps", "20"]).ends(0);
    ask(&world, &["plan", "adopt"]).ends(0);
    let found = played(&world, &["--seed", "5"]);
    assert_eq!(found["basis"], "plan", "{found}");
    let (called, seats) = (figures(&found, "called"), figures(&found, "seats"));
    assert!(called[0] > 0 && called[0] <= seats[0], "{found}");
    assert_eq!(played(&world, &["--seed", "5"]), found);
    // Without a risk nobody is called beyond the seats.
    let none = played(&world, &["--risk", "0"]);
    let called = figures(&none, "called");
    assert_eq!((called[1], &none["advice"]), (called[0], &"nothing".into()), "{none}");
    // Nobody who is called comes, and those in no register may.
    let away = played(&world, &["--risk", "0", "--show-up", "0"]);
    assert!(figures(&away, "came")[0] < figures(&none, "came")[0], "{away}");
    let rows = ask(&world, &["plan", "overbooking", "--runs", "3", "-o", "csv"]).ends(0).csv();
    let policies: Vec<&str> = rows.iter().map(|row| row["calling"].as_str()).collect();
    assert_eq!(policies, ["never", "program", "always"]);
    // CSV has the sums of JSON.
    let found = played(&world, &[]);
    for name in ["called", "came", "vaccinated", "empty_seats"] {
        let sums: Vec<u64> = rows.iter().map(|row| row[name].parse().expect("a count")).collect();
        assert_eq!(sums, figures(&found, name), "{name}");
    }
    // What is supposed is said, and why nobody is called.
    let words = ["--lang", "en", "plan", "overbooking", "--runs", "1", "--risk", "0"];
    let said = ask(&world, &words).ends(0).err;
    assert!(said.contains("with what is known") && said.contains("risk of 0 nobody"), "{said}");
    let said = ask(&world, &[&words[..], &["--show-up", "0.4"]].concat()).ends(0).err;
    assert!(said.contains("supposing that 40.0 % of people"), "{said}");
    assert!(!said.contains("what is known"), "{said}");
    for wrong in ["2", "-0.1", "x", "NaN"] {
        let risk = format!("--risk={wrong}");
        let told = ask(&world, &["--lang", "zh-CN", "plan", "overbooking", &risk]).ends(2).err;
        assert!(told.contains("请写 0 至 1 的数字"), "{told}");
    }
}
