//! Catch-up (查漏补种) from outside: who is missing what, the townships below the target, the visit that is planned,
//! reminded and counted.

use crate::mail::decoded;
use crate::support::{Folder, World, csv_rows, dose_of, row, small};
use crate::web::{Office, account};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Children of two townships: in A all but one have what they need, in B half are missing a dose of measles
/// vaccine.
fn campaign() -> Folder {
    small()
        .swap("campaign.toml", "series = \"covid19-inactivated\"", "series = \"catch-up\"")
        .swap(
            "campaign.toml",
            "[[groups]]\nid = \"adult\"\nname = \"18–59岁\"\nmin_age = \"18 years\"\n\
             max_age = \"60 years\"",
            "[catch_up]\nvaccines = [\"麻腮风疫苗\", \"JE-L\"]\n[[groups]]\nid = \"adult\"\n\
             name = \"7岁以下\"\nmax_age = \"7 years\"",
        )
        .swap("eligible.csv", "A,adult,200", "A,adult,1")
        .swap("eligible.csv", "B,adult,100", "B,adult,5")
}

fn register() -> (String, String) {
    let (mut persons, mut doses) = (String::new(), String::new());
    for n in 0..20 {
        let area = if n < 10 { "A" } else { "B" };
        let _ = writeln!(persons, "c{n:02},{area},2019-01-10,孩{n},F,,c{n}@home.example,,zh-CN,,");
        let mut give = |code: &str, day: &str| {
            let _ = writeln!(doses, "{code}-{n},c{n:02},{day},elsewhere,{code}");
        };
        give("MMR", "2019-09-20");
        give("JE-L", "2019-09-20");
        give("JE-L2", "2021-01-12");
        // Every second child of B is missing the second dose of MMR.
        if n != 3 && (n < 10 || n % 2 == 0) {
            give("MMR2", "2020-07-15");
        }
    }
    (persons, doses.replace(",JE-L2", ",JE-L").replace(",MMR2", ",MMR"))
}

fn world() -> World {
    let world = World::with(&campaign());
    let (persons, doses) = register();
    world.import("persons", persons.trim_end()).ends(0);
    let doses = format!("record,person,date,place,product\n{doses}");
    world.file("doses.csv", doses);
    let done = world.run(&["doses", "import", "doses.csv", "-o", "json"]).ends(0).json();
    assert_eq!((&done["refused"], &done["invalid"]), (&json!(0), &json!(0)), "{done}");
    world
}

fn report(world: &World, extra: &[&str], code: i32) -> Vec<Value> {
    let mut arguments = vec!["catch-up", "report", "--as-of", "2021-04-01", "-o", "json"];
    arguments.extend(extra);
    let said = world.run(&arguments).ends(code).json();
    said["rows"].as_array().unwrap().clone()
}

#[test]
fn the_report_names_the_townships_below_nine_in_ten_and_what_each_needs() {
    let world = world();
    let rows = report(&world, &[], 11);
    let line = |area: &str, vaccine: &str| {
        let found = rows.iter().find(|row| row["area"] == area && row["vaccine"] == vaccine);
        found.unwrap_or_else(|| panic!("no {area} {vaccine}: {rows:?}"))
    };
    let a = line("A", "麻腮风疫苗");
    assert_eq!((&a["should"], &a["done"], &a["percent"]), (&json!(10), &json!(9), &json!("90.0")));
    assert_eq!((&a["below"], &a["doses_to_rate"]), (&json!(false), &json!(0)));
    assert_eq!((&a["lacking_people"], &a["lacking_doses"]), (&json!(1), &json!(1)));
    let b = line("B", "麻腮风疫苗");
    assert_eq!((&b["done"], &b["percent"], &b["below"]), (&json!(5), &json!("50.0"), &json!(true)));
    assert_eq!((&b["people_to_rate"], &b["doses_to_rate"]), (&json!(4), &json!(4)));
    assert_eq!(line("001", "麻腮风疫苗")["percent"], "70.0");
    assert_eq!(line("B", "乙脑疫苗")["percent"], "100.0");
    let below = report(&world, &["--below", "--area", "B"], 11);
    assert_eq!(below.len(), 1);
    assert_eq!(report(&world, &["--vaccine", "乙脑疫苗"], 0).len(), 3);
}

#[test]
fn who_lacks_is_listed_planned_called_and_counted() {
    let world = world();
    let list = world.run(&["catch-up", "list", "--as-of", "2021-04-01", "-o", "json"]);
    let list = list.ends(0).json();
    let people: Vec<_> = list.as_array().unwrap().iter().map(|line| &line["person"]).collect();
    assert_eq!(people, ["c03", "c11", "c13", "c15", "c17", "c19"]);
    let first = &list[0];
    assert_eq!(first["lacks"][0]["vaccine"], "麻腮风疫苗");
    assert_eq!(
        (&first["lacks"][0]["dose"], &first["lacks"][0]["code"]),
        (&json!(2), &json!("MMR"))
    );
    // The visit gives what is due; a dose due six months later lies outside the campaign.
    assert_eq!(first["visits"].as_array().unwrap().len(), 1);
    assert_eq!(first["visits"][0]["day"], "2021-04-01");

    let eligible = world.run(&["catch-up", "eligible", "--as-of", "2021-04-01", "-o", "csv"]);
    let counts: Vec<_> = eligible
        .ends(0)
        .csv()
        .iter()
        .map(|row| format!("{} {} {}", row["area"], row["group"], row["people"]))
        .collect();
    assert_eq!(counts, ["A adult 1", "B adult 5"]);

    let job = |name: &str, at: &str| {
        world.run(&["job", "run", name, "--at", at]).ends(0);
    };
    job("plan", "2021-03-30T01:00");
    let due = world.run(&["due", "list", "--by", "2021-04-05", "-o", "csv"]).ends(0).csv();
    assert_eq!(due.len(), 6);
    assert_eq!((due[0]["dose"].as_str(), due[0]["vaccines"].as_str()), ("1", "MMR"));
    let day = due[0]["day"].clone();
    assert!(!day.is_empty(), "{due:?}");

    // Three visits: each gives one dose that counts, and one dose is a repetition.
    let given = "record,person,date,place,product\n\
        n1,c03,2021-04-06,S1,MMR\nn2,c11,2021-04-06,S2,MMR\nn3,c13,2021-04-06,S2,MMR\n\
        n4,c13,2021-04-07,S2,JE-L\n";
    world.file("doses.csv", given);
    let ran = world.run(&["doses", "import", "doses.csv", "-o", "json"]).ends(0);
    let done = ran.json();
    // The child had both doses of JE, so the third is not needed; and another live vaccine was too close.
    assert_eq!((&done["new"], &done["invalid"]), (&json!(4), &json!(1)), "{done}");
    assert_eq!(
        (&done["warnings"][0]["record"], &done["warnings"][0]["row"]),
        (&json!("n4"), &json!(5))
    );
    assert!(!done["warnings"][0]["reasons"][0].as_str().unwrap().is_empty());
    let at = world.coverage("2021-04-08");
    assert_eq!(dose_of(row(&at, "adult"), 1)["people"], 3);
    assert_eq!(row(&at, "adult")["invalid"], 0);
    let rows = world.run(&["catch-up", "report", "--as-of", "2021-04-08", "-o", "csv"]).ends(11);
    let b = rows.csv().into_iter().find(|row| row["area"] == "B" && row["vaccine"] == "麻腮风疫苗");
    assert_eq!(b.unwrap()["percent"], "70.0");
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn a_reminder_names_the_vaccines_of_the_visit() {
    let world = world();
    world.run(&["job", "run", "plan", "--at", "2021-03-30T01:00"]).ends(0);
    let due = world.run(&["due", "list", "--by", "2021-04-30", "-o", "csv"]).ends(0).csv();
    let day: chrono::NaiveDate = due[0]["day"].parse().unwrap();
    let before = format!("{}T10:00", day.pred_opt().unwrap());
    world.run(&["job", "run", "reminders", "--at", &before]).ends(0);
    let mails = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let mail = mails.as_array().unwrap().iter().find(|mail| mail["to"] == "c3@home.example");
    let id = mail.unwrap_or_else(|| panic!("{mails}"))["id"].to_string();
    let shown = world.run(&["outbox", "show", id.trim_matches('"')]).ends(0);
    let words = decoded(&shown.out);
    assert!(words.contains("麻腮风疫苗第2剂") || words.contains("麻腮风疫苗第二剂"), "{words}");
}

#[test]
fn a_dose_of_no_known_vaccine_is_refused_and_the_rest_is_stored() {
    let world = world();
    let rows = "record,person,date,place,product\nx1,c03,2020-07-15,elsewhere,MMRR\n\
                x2,c03,2020-07-15,elsewhere,\nx3,c03,2020-07-15,elsewhere,MMR\n";
    world.file("doses.csv", rows);
    let ran = world.run(&["doses", "import", "doses.csv", "-o", "json"]).ends(3);
    let done = ran.json();
    assert_eq!((&done["new"], &done["refused"]), (&json!(1), &json!(2)), "{done}");
    assert!(ran.err.contains("“MMRR”") && ran.err.contains("MMR”"), "{}", ran.err);
    let ran = world.run(&["catch-up", "report", "--vaccine", "MMRR"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.err.contains("麻腮风疫苗"), "{}", ran.err);
}

#[test]
fn visits_count_from_the_start_also_when_it_moves() {
    let world = world();
    let given = "record,person,date,place,product\nn1,c03,2021-04-06,S1,MMR\n\
                 n2,c11,2021-04-20,S2,MMR\n";
    world.file("doses.csv", given);
    world.run(&["doses", "import", "doses.csv"]).ends(0);
    assert_eq!(world.people("2021-04-30", "adult", 1), 2);
    let later = campaign().swap("campaign.toml", "start = 2021-04-01", "start = 2021-04-10");
    let world = world.applied(&later);
    assert_eq!(world.people("2021-04-30", "adult", 1), 1);
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn a_campaign_of_one_series_says_that_it_is_no_catch_up() {
    let world = World::small();
    let ran = world.run(&["catch-up", "report"]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("series = \"catch-up\""), "{}", ran.err);
    let folder = small()
        .swap("campaign.toml", "[[group_sets]]", "[catch_up]\nrate = 0.8\n[[group_sets]]")
        .write(&world.path("wrong"));
    let ran = world.run(&["campaign", "check", folder.to_str().unwrap(), "-o", "json"]).ends(4);
    assert!(ran.out.contains("catch_up_series"), "{}", ran.out);
    let folder =
        campaign().swap("campaign.toml", "\"JE-L\"", "\"JE-Q\"").write(&world.path("typo"));
    let ran = world.run(&["campaign", "check", folder.to_str().unwrap(), "-o", "json"]).ends(4);
    assert!(ran.out.contains("unknown_vaccine") && ran.out.contains("JE-"), "{}", ran.out);
}

#[test]
fn the_lists_stand_on_a_page_and_as_files() {
    let world = world();
    world.file("doseplan.toml", crate::operation::ANY_PORT);
    for role in ["planner", "viewer"] {
        account(&world, &["add", role, "--role", role], role);
    }
    let office = Office::bare(world, "2021-04-02T10:00:00+08:00");
    let planner = office.login("planner");
    let rows = |table: &str| {
        let path = format!("/c/small/catch-up?as-of=2021-04-01&{table}.as=csv");
        csv_rows(planner.get(&path).body.trim_start_matches('\u{feff}'))
    };
    let page = planner.get("/c/small/due?as-of=2021-04-01").body;
    assert!(page.contains("/c/small/catch-up?as-of=2021-04-01"), "{page}");
    let listed = office.world.run(&["catch-up", "list", "--as-of", "2021-04-01", "-o", "json"]);
    let listed = listed.ends(0).json();
    let people = rows("catch-up-list");
    assert_eq!(people.len(), listed.as_array().unwrap().len());
    assert!(people.iter().any(|row| row.values().any(|cell| cell == "孩3")), "{people:?}");
    let areas = rows("catch-up-areas");
    assert_eq!(areas.len(), report(&office.world, &[], 11).len());
    assert!(areas[0].values().any(|cell| cell == "below"), "below comes first: {areas:?}");
    assert!(!rows("catch-up-eligible").is_empty());
    assert!(office.log().iter().any(|line| {
        line["did"] == "see-due"
            && line["who"] == "planner"
            && line["said"].as_str().is_some_and(|said| said.starts_with("catch-up list"))
    }));
    assert_eq!(office.login("viewer").get("/c/small/catch-up?as-of=2021-04-01").status, 403);
}
