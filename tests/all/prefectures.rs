//! A register of several counties: the work of a campaign reads the people of its own. On both databases.

use crate::support::{Ran, SENIORS, World, flu, on_postgresql, text};
use std::collections::BTreeMap;

const EVENING: &str = "2021-03-31T20:00:00+08:00";
const PERSONS: &str = "person,area,born,name,sex,tags,email,phone,language,household,opt_out\n";
/// Two people of township B: one is as old as those of A, one lives with the second of them.
const OTHERS: &str = "q1,B,1950-01-01,吴七,F,,wu@home.example,13800000011,,,\n\
    q2,B,1951-01-01,赵八,M,,,13800000012,,H1,";
const COUNTIES: &str = "area,name,parent,level,latitude,longitude\n001,小市,,prefecture,32.0,119.6\n\
    A,甲县,001,county,32.01,119.61\nB,乙县,001,county,32.05,119.65\n";

fn at(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", EVENING);
    Ran::from(command.output().expect("the program starts"))
}

/// Who is due, each with what the list says.
fn due(world: &World) -> BTreeMap<String, BTreeMap<String, String>> {
    let rows = at(world, &["due", "list", "--by", "2021-04-10", "-o", "csv"]).ends(0).csv();
    rows.into_iter().map(|row| (row["person"].clone(), row)).collect()
}

fn import(world: &World, kind: &str, content: &str) {
    let file = world.file("rows.csv", content);
    at(world, &[kind, "import", text(&file)]).ends(0);
}

/// A campaign whose eligible people are those of A alone.
fn apply_flu_of_a(world: &World) {
    let folder = flu().swap("eligible.csv", "B,adult,100,census,2020-11-01\n", "").swap(
        "eligible.csv",
        "B,senior,4,census,2020-11-01\n",
        "",
    );
    let folder = folder.write(&world.path("flu"));
    at(world, &["campaign", "apply", text(&folder)]).ends(0);
}

fn a_county_reads_its_own(world: &World) {
    apply_flu_of_a(world);
    import(world, "persons", &format!("{PERSONS}{SENIORS}\n{OTHERS}\n"));
    import(world, "doses", "record,person,date,place\nD1,p1,2021-03-20,777777777777\n");
    at(world, &["plan", "make", "--steps", "0"]).ends(0);
    at(world, &["plan", "adopt"]).ends(0);
    let before = due(world);
    let whole: Vec<&str> = before.keys().map(String::as_str).collect();
    assert_eq!(whole, ["p2", "p3", "p4", "p5", "p6", "q1", "q2"], "one tree without counties");

    at(world, &["jurisdiction", "export", "county"]).ends(0);
    std::fs::write(world.path("county").join("areas.csv"), COUNTIES).expect("a table");
    at(world, &["jurisdiction", "apply", "county"]).ends(0);
    let mut own = before;
    own.retain(|person, _| person.starts_with('p'));
    assert_eq!(due(world), own, "with counties: those of A, as they were");

    // Whoever leaves the county loses the appointment there, and is none of its people.
    let held = |person: &str| due(world).get(person).map(|row| row["day"].clone());
    assert!(held("p3").is_some_and(|day| !day.is_empty()), "{:?}", due(world));
    import(world, "persons", "person,area,born\np3,B,1952-01-01\n");
    assert_eq!(held("p3"), None);
    let said = at(world, &["persons", "show", "p3", "-o", "json"]).ends(0).json();
    let kept = said["appointments"].as_array().expect("a list").iter();
    assert_eq!(kept.filter(|one| one["ended"].is_null()).count(), 0, "{said}");
    assert_eq!(said["due"].as_array().map(Vec::len), Some(0), "{said}");
    at(world, &["db", "check"]).ends(0);
}

/// Of a household of two, one lives in A and has no address, the other in county B and has one.
fn a_household_reads_across_counties(world: &World) {
    apply_flu_of_a(world);
    at(world, &["jurisdiction", "export", "county"]).ends(0);
    std::fs::write(world.path("county").join("areas.csv"), COUNTIES).expect("a table");
    at(world, &["jurisdiction", "apply", "county"]).ends(0);
    import(world, "persons", &format!("{PERSONS}{SENIORS}\n{OTHERS}\n"));
    import(
        world,
        "persons",
        "person,area,born,household\np5,A,1954-01-01,H7\nq1,B,1950-01-01,H7\n",
    );
    let list = ["due", "list", "--by", "2021-04-10", "-o", "json"];
    let list = at(world, &list).ends(0).json();
    let of = |code: &str| {
        let mut lines = list.as_array().expect("a list").iter();
        lines.find(|line| line["person"] == code).map(|line| line["reached"].clone())
    };
    assert_eq!(of("p5"), Some(true.into()), "{list}");
    assert_eq!(of("q1"), None, "B is another county: {list}");
    // The plan is in force the evening before: who comes tomorrow is told at once.
    at(world, &["plan", "make", "--from", "2021-04-01", "--steps", "0"]).ends(0);
    at(world, &["plan", "adopt"]).ends(0);
    at(world, &["job", "run", "reminders", "--at", "2021-03-31T20:00"]).ends(0);
    let mails = world.mails();
    let to = |address: &str| mails.iter().filter(|mail| mail.2 == address).count();
    assert_eq!(to("wu@home.example"), 1, "{mails:?}");
    assert_eq!(to("zhao@home.example"), 1, "one for both of the household: {mails:?}");
    let all = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let mut rows = all.as_array().expect("a list").iter();
    let zhao = rows.find(|mail| mail["to"] == "zhao@home.example").expect("a mail");
    let show = ["outbox", "show", &zhao["id"].to_string(), "--part", "text"];
    let said = world.run(&show).ends(0).out;
    assert!(said.contains("赵一") && said.contains("赵二"), "{said}");
}

#[test]
fn whoever_reads_for_a_household_may_live_in_another_county() {
    a_household_reads_across_counties(&World::empty());
    on_postgresql(|server| a_household_reads_across_counties(&World::on(server)));
}

#[test]
fn a_campaign_of_one_county_reads_the_people_of_that_county() {
    a_county_reads_its_own(&World::empty());
    on_postgresql(|server| a_county_reads_its_own(&World::on(server)));
}
