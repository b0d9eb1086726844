//! A place's page, what is changed on it, and the monthly tables.

use crate::support::{World, csv_rows};
use crate::web::{Browser, Office};

const NOW: &str = "2021-04-02T10:00:00+08:00";

/// The day before the campaign begins: its whole plan lies ahead.
const BEFORE: &str = "2021-03-31T10:00:00+08:00";

fn office() -> Office {
    Office::at(World::small(), NOW)
}

fn place(browser: &Browser, code: &str) -> String {
    let answer = browser.get(&format!("/c/small/place/{code}?as-of=2021-04-01"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn edit(browser: &Browser, code: &str, form: &str) -> (u16, String) {
    let csrf = browser.token();
    let to = format!("/c/small/place/{code}/edit?as-of=2021-04-01&csrf={csrf}");
    let answer = browser.post(&to, form);
    (answer.status, answer.body)
}

/// The days of a place: planned doses, capacity, why it is idle.
fn days(browser: &Browser, code: &str) -> Vec<(String, String, String)> {
    let path = format!("/c/small/place/{code}?as-of=2021-04-01&place-days.as=csv");
    let file = browser.get(&path).body;
    let rows = csv_rows(file.trim_start_matches('\u{feff}'));
    let row = |row: &std::collections::BTreeMap<String, String>| {
        let text = |key: &str| row[key].clone();
        (text("planned doses"), text("capacity"), text("why nothing is planned"))
    };
    rows.iter().map(row).collect()
}

#[test]
fn a_place_says_what_it_does_and_why_a_day_is_idle() {
    let office = office();
    let viewer = office.login("viewer");
    let page = place(&viewer, "S2");
    assert!(page.contains("乙镇卫生院") && page.contains("李四"), "{page}");
    let found = days(&viewer, "S2");
    assert_eq!(found.len(), 22, "a week back, two ahead");
    // 2021-04-05 is closed, the weekend has no capacity, and the campaign begins on 1 April.
    let on = |day: usize| &found[day];
    assert_eq!(on(0).2, "outside the campaign", "26 March");
    assert_eq!((on(8).1.as_str(), on(8).2.as_str()), ("0", "does not work on this weekday"));
    assert_eq!((on(10).1.as_str(), on(10).2.as_str()), ("0", "closed on this day"));
    for (planned, _, why) in &found {
        assert_eq!(planned == "0", !why.is_empty(), "{found:?}");
    }
    assert!(!page.contains("do\" value=\"close"), "a viewer changes nothing");
    assert_eq!(viewer.get("/c/small/place/S9?as-of=2021-04-01").status, 404);
    assert_eq!(edit(&viewer, "S2", "do=close&first=2021-04-12&last=2021-04-13").0, 403);
}

#[test]
fn a_closure_shows_its_effect_before_it_is_stored_and_then_withdraws_what_cannot_be() {
    let office = Office::at(World::small(), BEFORE);
    let planner = office.login("planner");
    let rows = office.world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let on = |day: &str| -> u64 {
        let mine = rows.iter().filter(|row| row["place"] == "S1" && row["date"] == day);
        mine.map(|row| row["doses"].parse::<u64>().unwrap()).sum()
    };
    let busy = rows.iter().find(|row| row["place"] == "S1" && *row["date"] > *"2021-04-01");
    let day = busy.expect("a session").get("date").unwrap().clone();
    let form = format!("do=close&first={day}&last={day}&reason=repairs");
    let (status, asked) = edit(&planner, "S1", &form);
    assert_eq!(status, 200, "{asked}");
    let said = format!("1 sessions with {0} doses are planned here, {0} of which", on(&day));
    assert!(asked.contains(&said), "{said}: {asked}");
    // Its links lead to the place's page, and carry nothing of the form.
    for link in asked.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(!link.contains("csrf") && !link.contains("edit"), "{link}");
    }
    assert!(
        asked.contains("href=\"/c/small/place/S1?as-of=2021-04-01&#38;place-days.sort="),
        "{asked}"
    );
    let seen = place(&planner, "S1");
    assert!(!seen.contains("Days with another capacity"), "nothing is stored by looking: {seen}");
    let capacity = || {
        let day: chrono::NaiveDate = day.parse().unwrap();
        let first: chrono::NaiveDate = "2021-03-24".parse().unwrap();
        let at = usize::try_from((day - first).num_days()).unwrap();
        days(&planner, "S1")[at].1.clone()
    };
    let usual = capacity();
    assert_ne!(usual, "0");
    let (status, body) = edit(&planner, "S1", &format!("{form}&sure=yes"));
    assert_eq!(status, 303, "{body}");
    assert_eq!(capacity(), "0");
    assert!(place(&planner, "S1").contains("Days with another capacity"));
    let status = office.world.run(&["status", "-o", "json"]).json();
    let problems = status["problems"].to_string();
    let found = days(&planner, "S1");
    let is_mended =
        found.iter().any(|(planned, _, why)| planned == "0" && why == "closed on this day");
    assert!(problems.contains("plan_broken") || is_mended, "{problems} {found:?}");
    // Open again.
    let open = format!("do=open&first={day}&last={day}&sure=yes");
    assert_eq!(edit(&planner, "S1", &open).0, 303);
    assert_eq!(capacity(), usual);
    assert!(!place(&planner, "S1").contains("Days with another capacity"));
    let log = serde_json::to_string(&office.log()).unwrap();
    assert_eq!(log.matches("jurisdiction-apply").count(), 2, "{log}");
}

#[test]
fn a_capacity_counts_from_the_day_that_was_said() {
    let office = office();
    let planner = office.login("planner");
    let form = "do=capacity&first=2021-04-12&weekday=55&saturday=0&sunday=0";
    let (status, asked) = edit(&planner, "S1", form);
    assert!(status == 200 && asked.contains("From 2021-04-12 on 55 doses"), "{asked}");
    assert_eq!(edit(&planner, "S1", &format!("{form}&sure=yes")).0, 303);
    let found = days(&planner, "S1");
    // Fridays 9 and 16 April, Saturdays 10 and 17 April.
    let capacities: Vec<&str> = [14, 15].map(|at| found[at].1.as_str()).to_vec();
    assert_eq!(capacities, ["40", "20"], "{found:?}");
    assert_eq!(found[21].1, "55", "{found:?}");
    for (bad, said) in [
        ("do=capacity&first=2021-04-12&weekday=x&saturday=0&sunday=0", "whole number"),
        ("do=capacity&first=2021-03-12&weekday=5&saturday=0&sunday=0", "has passed"),
        ("do=close&first=2021-04-12&last=2021-04-10", "before the first"),
        ("do=close&first=soon&last=2021-04-10", "Write a day"),
    ] {
        let (status, body) = edit(&planner, "S1", bad);
        assert!(status == 200 && body.contains(said), "{bad}: {body}");
    }
    assert_eq!(edit(&planner, "S9", form).0, 404);
}

/// The mark that the forms of a place's page carry.
fn mark(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"seen\" value=\"").expect("a mark");
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn two_clerks_at_one_place_lose_nothing_of_each_other() {
    let office = office();
    let (planner, admin) = (office.login("planner"), office.login("admin"));
    let seen = mark(&place(&planner, "S1"));
    let week = |weekday: u32, sunday: u32, seen: &str| {
        let doses = format!("weekday={weekday}&saturday=20&sunday={sunday}");
        format!("do=capacity&first=2021-04-05&{doses}&seen={seen}")
    };
    let sure = |form: &str| format!("{form}&sure=yes");
    let stored = || {
        let log = office.log();
        log.iter().filter(|line| line["did"] == "jurisdiction-apply").count()
    };
    let before = stored();
    assert_eq!(edit(&admin, "S1", &sure(&week(55, 0, &seen))).0, 303);
    assert_eq!(stored(), before + 1);
    // The planner's page still says 40, and they mean the Sundays alone.
    let late = week(40, 15, &seen);
    for form in [late.clone(), sure(&late)] {
        let (status, page) = edit(&planner, "S1", &form);
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("甲镇卫生院 was changed by somebody else meanwhile"), "{page}");
        assert!(page.contains("name=\"sunday\" value=\"15\""), "what was typed stays: {page}");
        assert_ne!(mark(&page), seen, "the form is about what stands there now");
    }
    // Fridays 9 and 16 April, and the Sunday between them.
    let week_of = || {
        let found = days(&planner, "S1");
        [14, 16, 21].map(|at| found[at].1.clone())
    };
    assert_eq!(week_of(), ["55", "0", "55"]);
    assert_eq!(stored(), before + 1);
    // Whoever has looked is taken at their word, and the same form once more stores nothing.
    let form = sure(&week(55, 15, &mark(&place(&planner, "S1"))));
    assert_eq!(edit(&planner, "S1", &form).0, 303);
    assert_eq!(edit(&planner, "S1", &form).0, 303);
    assert_eq!(week_of(), ["55", "15", "55"]);
    assert_eq!(stored(), before + 2);
}

#[test]
fn the_form_begins_with_what_the_place_can_do_on_its_day() {
    let office = office();
    let planner = office.login("planner");
    let shown = || {
        let page = place(&planner, "S1");
        ["first", "weekday", "saturday", "sunday"].map(|name| {
            let form = page.split_once("value=\"capacity\"").expect("a form").1;
            let field = form.split_once(&format!("name=\"{name}\" value=\"")).expect(name).1;
            field.split('"').next().unwrap().to_owned()
        })
    };
    assert_eq!(shown(), ["2021-04-05", "40", "20", "0"]);
    let form = "do=capacity&first=2021-04-05&weekday=55&saturday=10&sunday=5&sure=yes";
    assert_eq!(edit(&planner, "S1", form).0, 303);
    assert_eq!(shown(), ["2021-04-05", "55", "10", "5"], "not as on the campaign's first day");
}

#[test]
fn the_month_is_the_report_of_the_command_line() {
    let office = office();
    let viewer = office.login("viewer");
    let month = ["report", "show", "coverage", "--month", "2021-04", "-o", "json"];
    let mut command = office.world.command(&month);
    let output = command.env("DOSEPLAN_CLOCK", NOW).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let path = "/c/small/month?as-of=2021-04-01&month=2021-04&report=coverage";
    let file = viewer.get(&format!("{path}&coverage.as=csv")).body;
    let rows = csv_rows(file.trim_start_matches('\u{feff}'));
    assert_eq!(rows.len(), told["rows"].as_array().unwrap().len(), "{file}");
    let page = viewer.get(path).body;
    assert!(page.contains("Checked by:") && page.contains("小县"), "{page}");
    for name in [
        "doses",
        "due",
        "drop-out",
        "valid",
        "completion",
        "cohort",
        "timeliness",
        "stock",
        "sites",
    ] {
        let path = format!("/c/small/month?as-of=2021-04-01&month=2021-04&report={name}");
        let answer = viewer.get(&path);
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }
    for bad in ["report=nothing", "month=2021-13", "month=x", "month=-262143-01", "month=9999-12"] {
        assert_eq!(
            viewer.get(&format!("/c/small/month?as-of=2021-04-01&{bad}")).status,
            400,
            "{bad}"
        );
    }
}
