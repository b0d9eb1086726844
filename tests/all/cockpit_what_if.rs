//! What-if questions in the browser: the form, the answer beside that of the command line, and what cannot be asked.

use crate::support::{Ran, World, csv_rows};
use crate::web::{Browser, Office};
use std::collections::BTreeMap;

const NOW: &str = "2021-04-02T10:00:00+08:00";

fn ask(browser: &Browser, question: &str) -> (u16, String) {
    let answer = browser.get(&format!("/c/small/what-if?as-of=2021-04-01&{question}"));
    (answer.status, answer.body)
}

/// The figures of everybody and of the groups, by their name and whom they are about.
fn figures(
    browser: &Browser,
    question: &str,
) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let (status, file) = ask(browser, &format!("{question}&what-if.as=csv"));
    assert_eq!(status, 200, "{file}");
    let rows = csv_rows(file.trim_start_matches('\u{feff}'));
    rows.into_iter().map(|row| ((row["figure"].clone(), row["group"].clone()), row)).collect()
}

#[test]
fn a_question_has_the_answer_of_the_command_line_and_stores_nothing() {
    let office = Office::at(World::small(), NOW);
    let planner = office.login("planner");
    let (status, page) = ask(&planner, "");
    assert!(status == 200 && page.contains("data-slides=\"supply\""), "{page}");
    assert!(!page.contains("What would change"), "nothing is asked: {page}");
    let plans = || office.world.run(&["plan", "list", "-o", "json"]).ends(0).json();
    let before = plans();
    for (question, option) in [
        ("supply=50", ["--supply", "0.5"]),
        (
            "close=S1&close_from=2021-04-05&close_until=2021-04-30",
            ["--close", "S1@2021-04-05..2021-04-30"],
        ),
        (
            "site=S1&doses=3&site_from=2021-04-05&site_until=2021-04-30",
            ["--capacity", "S1=3@2021-04-05..2021-04-30"],
        ),
        ("until=2021-04-20", ["--until", "2021-04-20"]),
    ] {
        let asked = ["plan", "what-if", "-o", "json", "--from", "2021-04-02"];
        let told = office.world.run(&[&asked[..], &option].concat()).ends(0).json();
        let shown = figures(&planner, question);
        let doses = &shown[&("doses".to_owned(), "everybody".to_owned())];
        let wanted = |plan: &str| told[plan]["doses"].to_string();
        assert_eq!(doses["as it is"], wanted("today"), "{question}");
        assert_eq!(doses["as supposed"], wanted("what_if"), "{question}");
        let groups = told["what_if"]["groups"].as_array().expect("groups");
        let finish: i64 = groups.iter().map(|one| one["people_finished"].as_i64().unwrap()).sum();
        let of = |row: &BTreeMap<String, String>| row["as supposed"].parse::<i64>().unwrap();
        let is_finish = |key: &&(String, String)| key.0 == "people who finish";
        let sum: i64 = shown.keys().filter(is_finish).map(|key| of(&shown[key])).sum();
        assert_eq!(sum, finish, "{question}");
        let (_, page) = ask(&planner, question);
        assert!(page.contains("What would change"), "{page}");
    }
    assert_eq!(plans(), before, "nothing is stored");
}

#[test]
fn what_cannot_be_supposed_is_said_and_the_form_keeps_what_was_asked() {
    let office = Office::at(World::small(), NOW);
    let planner = office.login("planner");
    for (question, said) in [
        ("supply=-5", "Vaccine of lots to come, %: -5 is not possible here."),
        ("supply=abc", "abc is not possible here"),
        ("supply=1e9", "1e9 is not possible here"),
        ("teams=-9", "has 1 of them"),
        ("teams=99", "99 is not possible here"),
        ("staff=5", "Vaccinators more: choose what it is about."),
        ("late=5", "choose what it is about"),
        ("late=5&lot=NONE", "NONE is not possible here"),
        ("close=S1", "say from which day on"),
        (
            "close=S1&close_from=2021-04-09&close_until=2021-04-05",
            "the last day is before the first",
        ),
        ("close=S1&close_from=2031-04-09", "outside the campaign"),
        ("close=NOWHERE&close_from=2021-04-09", "NOWHERE is not possible here"),
        ("close=S1&close_from=tomorrow", "tomorrow is not possible here"),
        ("doses=5", "choose what it is about"),
        ("vaccine=5", "choose what it is about"),
        ("close=%3Cb%3Ex&close_from=2021-04-09", "&#60;b&#62;x is not possible here"),
    ] {
        let (status, page) = ask(&planner, question);
        assert!(status == 200 && page.contains(said), "{question}: {page}");
        assert!(page.contains("role=\"alert\"") && !page.contains("What would change"), "{page}");
    }
    let (_, page) = ask(&planner, "supply=130&close=S1");
    assert!(page.contains("value=\"130\""), "{page}");
}

#[test]
fn the_answer_counts_with_the_staff_or_says_whose_to_count_first() {
    let office = Office::at(World::small(), NOW);
    let planner = office.login("planner");
    let (_, page) = ask(&planner, "staff=1&staff_area=B");
    assert!(page.contains("Count the staff of 乙镇 first"), "{page}");
    let run = |arguments: &[&str]| {
        let mut command = office.world.command(arguments);
        command.env("DOSEPLAN_CLOCK", NOW);
        Ran::from(command.output().expect("the program starts")).ends(0);
    };
    run(&["jurisdiction", "export", "county"]);
    let staff = "staff,name,home,roles,until\nN1,赵一,S2,registrar,\nN2,钱二,S2,doctor,\n\
        G1,孙三,S2,vaccinator,2020-12-31\nG2,李四,S2,vaccinator,2020-12-31\n\
        G3,周五,S2,driver,2020-12-31\n";
    std::fs::write(office.world.path("county").join("staff.csv"), staff).expect("written");
    run(&["jurisdiction", "apply", "county"]);
    // S2 lacks a vaccinator since two have left, and nobody works elsewhere.
    let shown = figures(&planner, "staff=2&staff_area=B");
    let doses = &shown[&("doses".to_owned(), "everybody".to_owned())];
    let number = |key: &str| doses[key].parse::<u64>().expect("a number");
    assert!(number("as it is") == 0 && number("as supposed") > 0, "{doses:?}");
    // An answer that was kept from before is none any more.
    let (_, page) = ask(&planner, "staff=1&staff_area=B");
    assert!(page.contains("no more than the counted staff can"), "{page}");
    // Whoever is there since then is counted with at once.
    let more = format!("{staff}N3,孙三,S2,vaccinator,\n");
    std::fs::write(office.world.path("county").join("staff.csv"), more).expect("written");
    run(&["jurisdiction", "apply", "county"]);
    let shown = figures(&planner, "staff=2&staff_area=B");
    let doses = &shown[&("doses".to_owned(), "everybody".to_owned())];
    assert_ne!(doses["as it is"], "0", "{doses:?}");
}
