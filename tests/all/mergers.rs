//! Mergers of two files of one person that are taken back after something else happened: newer mergers, equal keys,
//! newer answers, undone imports, erasing, new lists of schools.

use crate::schools::{County, HEADER, id_no, school};
use crate::support::{Ran, SENIORS, World, on_postgresql, small, text};
use serde_json::{Value, json};

/// Runs a command at a time.
fn at(world: &World, time: &str, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", format!("{time}:00+08:00"));
    Ran::from(command.output().unwrap())
}

/// Imports rows under a header of their own at a time; the number of the import.
#[track_caller]
fn import(world: &World, time: &str, kind: &str, rows: &str) -> String {
    let name = format!("{kind}.csv");
    world.file(&name, format!("{rows}\n"));
    at(world, time, &[kind, "import", &name]).ends(0);
    let list = world.run(&["import", "list", "-o", "json"]).ends(0).json();
    list[0]["number"].to_string()
}

/// All that is known of somebody.
#[track_caller]
fn file(world: &World, code: &str) -> Value {
    world.run(&["persons", "show", code, "-o", "json"]).ends(0).json()
}

fn registered(world: World) -> World {
    let world = world.applied(&small());
    world.import("persons", SENIORS).ends(0);
    world
}

const WHO: &str = "person,area,born,name,sex,email,phone,id_no,address,unit";

fn in_their_order(world: World) {
    let world = registered(world);
    let rows = "a,A,1950-01-01,,F,,,,,\nb,A,1950-01-01,,F,,13900000001,,,\n\
                c,A,1950-01-01,,F,c@home.example,13900000002,,,\nd,A,1950-01-01,,F,,,X1,,";
    import(&world, "2021-03-01T08:00", "persons", &format!("{WHO}\n{rows}"));
    let person = || file(&world, "a")["person"].clone();
    let mut states = vec![person()];
    // The last two at one time: one was still the first.
    for (time, code) in [("08:00", "b"), ("09:00", "c"), ("09:00", "d")] {
        at(&world, &format!("2021-03-02T{time}"), &["persons", "merge", "a", code]).ends(0);
        states.push(person());
    }
    assert_eq!(
        (&states[3]["phone"], &states[3]["email"]),
        (&json!("13900000001"), &json!("c@home.example"))
    );
    for (code, newer) in [("b", "d"), ("c", "d")] {
        let parts = ["persons", "unmerge", code, "--keep-later"];
        let ran = at(&world, "2021-03-03T08:00", &parts).ends(1);
        assert!(ran.err.contains(&format!("{newer} became a after {code}")), "{}", ran.err);
    }
    assert_eq!(person(), states[3], "nothing was done");
    for (code, before) in [("d", 2), ("c", 1), ("b", 0)] {
        at(&world, "2021-03-03T08:00", &["persons", "unmerge", code]).ends(0);
        assert_eq!(person(), states[before], "{code}");
        assert_eq!(file(&world, code)["person"]["id"], code);
    }
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn mergers_into_one_person_are_taken_back_the_newest_first_on_sqlite() {
    in_their_order(World::empty());
}

#[test]
fn mergers_into_one_person_are_taken_back_the_newest_first_on_postgresql() {
    on_postgresql(|db| in_their_order(World::on(db)));
}

/// The appointments of somebody, standing and ended.
fn appointments(world: &World, code: &str) -> Value {
    file(world, code)["appointments"].clone()
}

fn appointments_of_equal_keys(world: World) {
    let world = registered(world);
    let rows = "t1,A,1950-02-01,,F,,,,,\nt2,B,1951-02-01,,F,,,,,";
    import(&world, "2021-03-01T08:00", "persons", &format!("{WHO}\n{rows}"));
    world.plan_day_by_day();
    // One plan made them all, and one file ended three of them.
    let rows = "o1,p1,2021-03-31,refused\no2,p2,2021-03-31,refused\no3,t2,2021-03-31,refused";
    let rows = format!("record,person,date,outcome\n{rows}");
    import(&world, "2021-03-31T10:00", "outcomes", &rows);
    let codes = ["p1", "t1", "p2", "t2"];
    let of = |code| appointments(&world, code);
    let before = codes.map(of);
    for (file, is_over) in before.iter().zip([true, false, true, true]) {
        assert_eq!(file.as_array().unwrap().len(), 1, "{before:?}");
        assert_eq!(file[0]["ended"].is_string(), is_over, "{before:?}");
    }
    for (first, second) in [("p1", "t1"), ("p2", "t2")] {
        at(&world, "2021-03-31T10:00", &["persons", "merge", first, second]).ends(0);
        assert_eq!(of(first).as_array().unwrap().len(), 2);
        at(&world, "2021-03-31T11:00", &["persons", "unmerge", second]).ends(0);
    }
    let after = codes.map(of);
    for (one, other) in before.iter().zip(&after) {
        let days = |file: &Value| -> Vec<String> {
            let all = file.as_array().unwrap().iter();
            all.map(|it| format!("{} {} {}", it["dose"], it["day"], it["place"])).collect()
        };
        assert_eq!(days(one), days(other), "{before:?} {after:?}");
    }
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn appointments_of_one_plan_go_back_to_whom_they_were_of_on_sqlite() {
    appointments_of_equal_keys(World::empty());
}

#[test]
fn appointments_of_one_plan_go_back_to_whom_they_were_of_on_postgresql() {
    on_postgresql(|db| appointments_of_equal_keys(World::on(db)));
}

/// Takes in answers.
#[track_caller]
fn answered(county: &County, day: &str, rows: &str) {
    let file = county.file("more.csv", &format!("person,consent,date,by\n{rows}\n"));
    county.at(day, &["schools", "consent", text(&file)]).ends(0);
}

/// The answers and outcomes of somebody.
fn said(county: &County, code: &str) -> [Value; 2] {
    let shown = county.json("2025-10-08", &["persons", "show", code]);
    ["answers", "outcomes"].map(|key| shown[key].clone())
}

fn answers_of_equal_keys(world: World) {
    let county = school(world);
    // Two files with answers of both: what was answered before is equal but for who said it.
    answered(&county, "2025-09-23", "p03,no,2025-09-21,母03\np04,no,2025-09-21,母04");
    let codes = ["p03", "p04"];
    let before = codes.map(|code| said(&county, code));
    assert_eq!(before[0][0].as_array().unwrap().len(), 2, "{before:?}");
    county.at("2025-09-24", &["persons", "merge", "p03", "p04"]).ends(0);
    assert_eq!(said(&county, "p03")[0].as_array().unwrap().len(), 4);
    county.at("2025-09-24", &["persons", "unmerge", "p04"]).ends(0);
    assert_eq!(codes.map(|code| said(&county, code)), before);
}

#[test]
fn answers_of_one_file_go_back_to_whom_they_were_of_on_sqlite() {
    answers_of_equal_keys(World::empty());
}

#[test]
fn answers_of_one_file_go_back_to_whom_they_were_of_on_postgresql() {
    on_postgresql(|db| answers_of_equal_keys(World::on(db)));
}

fn newer_answers(world: World) {
    let county = school(world);
    answered(&county, "2025-09-23", "p02,yes,2025-09-23,父02\np12,yes,2025-09-23,父12");
    let before = ["p02", "p12"].map(|code| said(&county, code));
    let refused = said(&county, "p00");
    assert_eq!(refused[1][0]["date"], "2025-09-22");
    // p00 and p10 had refused; the agreement of the other file is newer.
    for (first, second) in [("p00", "p02"), ("p10", "p12")] {
        county.at("2025-09-24", &["persons", "merge", first, second]).ends(0);
        assert_eq!(said(&county, first)[1], json!([]));
    }
    // One refuses again, the other agrees again.
    answered(&county, "2025-09-25", "p00,no,2025-09-25,母00\np10,yes,2025-09-25,母10");
    let now = said(&county, "p00");
    assert_eq!(now[1][0]["date"], "2025-09-25");
    for second in ["p02", "p12"] {
        county.at("2025-09-26", &["persons", "unmerge", second]).ends(1);
        county.at("2025-09-26", &["persons", "unmerge", second, "--keep-later"]).ends(0);
    }
    assert_eq!(["p02", "p12"].map(|code| said(&county, code)), before);
    let [first, other] = ["p00", "p10"].map(|code| said(&county, code));
    assert_eq!(first[1], now[1], "the newer refusal stays");
    assert_eq!(other[1], json!([]), "whoever agrees now has no refusal");
    for (answers, word) in [(&first[0], "no"), (&other[0], "yes")] {
        let all: Vec<String> =
            answers.as_array().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(all.len(), 2, "the refusal of before, and the newer answer: {all:?}");
        assert!(all.iter().any(|it| it.contains("2025-09-20")), "{all:?}");
        let newer = all.iter().find(|it| it.contains("2025-09-25"));
        assert!(newer.is_some_and(|it| it.contains(word)), "{all:?}");
    }
    county.at("2025-09-26", &["db", "check"]).ends(0);
}

#[test]
fn what_was_answered_since_a_merger_stays_and_the_rest_goes_back_on_sqlite() {
    newer_answers(World::empty());
}

#[test]
fn what_was_answered_since_a_merger_stays_and_the_rest_goes_back_on_postgresql() {
    on_postgresql(|db| newer_answers(World::on(db)));
}

fn erased_after_parting(world: World) {
    let world = registered(world);
    let who = "person,area,born,name,sex,email,phone,id_no,guardian,address,school";
    let rows = "a,A,1950-01-01,,F,,,,,Sharedroad 1,\n\
                b,A,1950-01-01,Zzzwho,F,zzz@b.example,13977770001,321181195001010011,Zzzmu,\
                Sharedroad 1,Zzzschool\n\
                x,A,1950-01-01,Xavier,F,,,,,,";
    import(&world, "2021-03-01T08:00", "persons", &format!("{who}\n{rows}"));
    let doses = "record,person,date,place\nd1,a,2021-03-01,S1\nd2,b,2021-03-01,S1";
    import(&world, "2021-03-01T09:00", "doses", doses);
    at(&world, "2021-03-02T08:00", &["persons", "merge", "a", "b"]).ends(0);
    for (record, why) in [("d1", "Ownreason"), ("d2", "Zzzreason")] {
        at(&world, "2021-03-02T09:00", &["doses", "void", record, "--reason", why]).ends(0);
    }
    // Something of their own, while it was one file.
    let own = "person,area,born,household\na,A,1950-01-01,Ownhouse";
    import(&world, "2021-03-03T08:00", "persons", own);
    // And on into a third file.
    at(&world, "2021-03-04T08:00", &["persons", "merge", "x", "a"]).ends(0);
    at(&world, "2021-03-05T08:00", &["persons", "unmerge", "a"]).ends(0);
    at(&world, "2021-03-06T08:00", &["persons", "unmerge", "b", "--keep-later"]).ends(0);
    assert_eq!(file(&world, "a")["person"]["name"], Value::Null);
    let all = |code: &str| file(&world, code).to_string();
    assert!(all("a").contains("Zzzwho") && all("x").contains("zzz@b.example"), "{}", all("a"));
    let bytes = || world.db().strip_prefix("sqlite://").map(|path| std::fs::read(path).unwrap());
    let before = bytes().unwrap_or_default();
    let erase = ["persons", "erase", "b", "--reason", "letter"];
    at(&world, "2021-03-07T08:00", &erase).ends(0);
    let secrets = ["Zzz", "zzz@b", "13977770001", "321181195001010011"];
    for code in ["a", "x", "b"] {
        for secret in secrets {
            assert!(!all(code).contains(secret), "{secret} of {code}: {}", all(code));
        }
    }
    // What was theirs stays.
    assert!(all("a").contains("Sharedroad 1") && all("a").contains("Ownhouse"), "{}", all("a"));
    assert!(all("x").contains("Xavier"));
    if let Some(after) = bytes() {
        let has = |bytes: &[u8], text: &str| {
            bytes.windows(text.len()).any(|part| part == text.as_bytes())
        };
        for secret in secrets {
            assert!(has(&before, secret) && !has(&after, secret), "{secret} in the database");
        }
        // Why a dose of theirs was taken out, also while it was the other's; not why one of the other's was.
        assert!(has(&before, "Zzzreason") && has(&after, "Ownreason"));
    }
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn whoever_is_erased_is_in_the_history_of_no_file_they_were_merged_with_on_sqlite() {
    erased_after_parting(World::empty());
}

#[test]
fn whoever_is_erased_is_in_the_history_of_no_file_they_were_merged_with_on_postgresql() {
    on_postgresql(|db| erased_after_parting(World::on(db)));
}

#[test]
fn mails_that_were_written_while_two_were_one_are_erased_with_the_one_whose_they_were() {
    let world = registered(World::empty());
    let rows = "a,A,1950-01-01,,F,,,,,\nb,A,1950-01-01,,F,zzz@b.example,,,,";
    import(&world, "2021-03-01T08:00", "persons", &format!("{WHO}\n{rows}"));
    world.plan_day_by_day();
    at(&world, "2021-03-31T08:00", &["persons", "merge", "a", "b"]).ends(0);
    for day in ["2021-03-31", "2021-04-01", "2021-04-02"] {
        at(&world, &format!("{day}T09:00"), &["job", "run", "reminders"]).ends(0);
        at(&world, &format!("{day}T10:00"), &["outbox", "drain"]).ends(0);
    }
    let to_them = || world.mails().iter().filter(|mail| mail.2 == "zzz@b.example").count();
    assert!(to_them() > 0, "{:?}", world.mails());
    let all = world.mails().len();
    at(&world, "2021-04-03T08:00", &["persons", "unmerge", "b", "--keep-later"]).ends(0);
    let own = file(&world, "a")["mails"].clone();
    assert!(own.to_string().contains("zzz@b.example"), "a reminder of a went to b: {own}");
    at(&world, "2021-04-03T09:00", &["persons", "erase", "b", "--reason", "letter"]).ends(0);
    assert!(!file(&world, "a").to_string().contains("zzz@b"), "{}", file(&world, "a"));
    assert!(to_them() == 0 && all > to_them());
}

fn imports_undone(world: World) {
    let world = registered(world);
    let person = |code: &str| format!("{code},A,1950-01-01,,F,,,,,");
    let one = |time: &str, code: &str| {
        import(&world, time, "persons", &format!("{WHO}\n{}", person(code)))
    };
    let second = one("2021-03-01T08:00", "b");
    let first = one("2021-03-01T09:00", "a");
    let undo = |number: &str| world.run(&["import", "undo", number, "-o", "json"]);
    // A file to which another code leads is in use, although nothing was completed.
    at(&world, "2021-03-02T08:00", &["persons", "merge", "a", "b"]).ends(0);
    for (number, code) in [(&first, "a"), (&second, "b")] {
        assert_eq!(undo(number).ends(3).json()["stands"], json!([code]));
    }
    assert_eq!(file(&world, "b")["person"]["id"], "a");
    at(&world, "2021-03-02T09:00", &["persons", "unmerge", "b"]).ends(0);
    // What came back is as the file said: the file can go.
    let doses = "record,person,date,place\nd1,b,2021-03-01,S1\nd2,a,2021-03-02,S1";
    let doses = import(&world, "2021-03-03T08:00", "doses", doses);
    at(&world, "2021-03-04T08:00", &["persons", "merge", "a", "b"]).ends(0);
    assert_eq!(undo(&doses).ends(3).json()["stands"], json!(["d1"]));
    at(&world, "2021-03-05T08:00", &["persons", "unmerge", "b"]).ends(0);
    // One that had been completed, and is its own again.
    let rows = format!("{WHO}\ne,A,1950-01-01,,F,,,,,\nf,A,1950-01-01,,F,,13977770001,,,");
    let both = import(&world, "2021-03-06T08:00", "persons", &rows);
    at(&world, "2021-03-07T08:00", &["persons", "merge", "e", "f"]).ends(0);
    assert_eq!(undo(&both).ends(3).json()["stands"], json!(["e", "f"]));
    at(&world, "2021-03-08T08:00", &["persons", "unmerge", "f"]).ends(0);
    for number in [doses, first, second, both] {
        undo(&number).ends(0);
    }
    for code in ["a", "b", "e", "f"] {
        world.run(&["persons", "show", code]).ends(1);
    }
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn an_import_is_undone_after_a_merger_is_taken_back_and_not_while_it_stands_on_sqlite() {
    imports_undone(World::empty());
}

#[test]
fn an_import_is_undone_after_a_merger_is_taken_back_and_not_while_it_stands_on_postgresql() {
    on_postgresql(|db| imports_undone(World::on(db)));
}

fn nothing_of_the_other(world: World) {
    let world = registered(world);
    let rows = "a,A,1950-01-01,,F,,,,,\nb,A,1950-01-01,,F,b@b.example,13977770001,,,";
    import(&world, "2021-03-01T08:00", "persons", &format!("{WHO}\n{rows}"));
    at(&world, "2021-03-02T08:00", &["persons", "merge", "a", "b"]).ends(0);
    // All that the other file had completed is corrected while they are one.
    let rows = "person,area,born,email,phone\na,A,1950-01-01,a@a.example,13900000001";
    let number = import(&world, "2021-03-03T08:00", "persons", rows);
    at(&world, "2021-03-04T08:00", &["persons", "unmerge", "b", "--keep-later"]).ends(0);
    let own = file(&world, "a")["person"].clone();
    assert_eq!(own["email"], "a@a.example");
    let ran = world.run(&["import", "undo", &number, "-o", "json"]).ends(3);
    assert_eq!(ran.json()["stands"], json!(["a"]));
    assert_eq!(file(&world, "a")["person"], own);
    assert_eq!(file(&world, "b")["person"]["phone"], "13977770001");
}

#[test]
fn undoing_an_import_of_while_two_were_one_gives_nobody_the_other_s_data_on_sqlite() {
    nothing_of_the_other(World::empty());
}

#[test]
fn undoing_an_import_of_while_two_were_one_gives_nobody_the_other_s_data_on_postgresql() {
    on_postgresql(|db| nothing_of_the_other(World::on(db)));
}

fn rows_of_a_new_list(world: World) {
    let county = school(world);
    let decide = |rows: &[&str]| {
        county.at("2025-09-16", &[&["schools", "decide"], rows].concat()).ends(0);
    };
    decide(&["M00:3=p05", "M00:4=p06", "M00:5=p06"]);
    let rows = |code: &str| -> Vec<String> {
        let shown = county.json("2025-09-26", &["persons", "show", code]);
        let lists = shown["lists"].as_array().unwrap().iter();
        lists.map(|it| it["row"].as_str().unwrap().to_owned()).collect()
    };
    let has = |rows: &[String]| ["M00:4", "M00:5"].map(|row| rows.iter().any(|it| it == row));
    let had = rows("p06");
    assert_eq!(has(&had), [true; 2], "{had:?}");
    county.at("2025-09-24", &["persons", "merge", "p05", "p06"]).ends(0);
    // A new list has other children in those rows.
    let mut list = format!("{HEADER}\n");
    for no in 0..8 {
        let line = format!("第0中学,1班,新生{no},{},,女,新父{no},\n", id_no("2012-01-03", no));
        list.push_str(&line);
    }
    let list = county.file("new.csv", &list);
    county.at("2025-09-25", &["schools", "import", text(&list)]).ends(0);
    decide(&["M00:4=p05", "M00:5=p05"]);
    county.at("2025-09-26", &["persons", "unmerge", "p06"]).ends(0);
    let (first, second) = (rows("p05"), rows("p06"));
    assert_eq!((has(&first), has(&second)), ([true; 2], [false; 2]), "{first:?} {second:?}");
}

#[test]
fn rows_of_a_list_that_came_since_a_merger_stay_as_they_were_decided_on_sqlite() {
    rows_of_a_new_list(World::empty());
}

#[test]
fn rows_of_a_list_that_came_since_a_merger_stay_as_they_were_decided_on_postgresql() {
    on_postgresql(|db| rows_of_a_new_list(World::on(db)));
}

#[test]
fn what_went_back_and_what_stays_is_said_as_it_is() {
    let world = registered(World::empty());
    let rows = "a,A,1950-01-01,,F,,,,,\nb,A,1950-01-01,,F,,,,,";
    import(&world, "2021-03-01T08:00", "persons", &format!("{WHO}\n{rows}"));
    let doses = |time: &str, rows: &str| {
        let rows = format!("record,person,date,place\n{rows}");
        import(&world, time, "doses", &rows);
    };
    doses("2021-03-02T08:00", "d1,a,2021-03-01,S1\nd2,b,2021-03-01,S1");
    at(&world, "2021-03-03T08:00", &["persons", "merge", "a", "b"]).ends(0);
    doses("2021-03-04T08:00", "d1,a,2021-02-27,S1\nd2,b,2021-02-28,S1\nd3,b,2021-03-03,S1");
    let ran = at(&world, "2021-03-05T08:00", &["persons", "unmerge", "b"]).ends(1);
    assert!(["d1", "d2", "d3"].iter().all(|it| ran.err.contains(it)), "{}", ran.err);
    let keep = ["persons", "unmerge", "b", "--keep-later", "-o", "json"];
    let ran = at(&world, "2021-03-05T08:00", &keep).ends(0).json();
    assert_eq!((&ran["kept"], &ran["back"]), (&json!(["d1", "d3"]), &json!(["d2"])));
    let held = |code: &str| -> Vec<String> {
        let file = file(&world, code);
        let all = file["doses"].as_array().unwrap().iter();
        all.map(|it| format!("{} {}", it["record"], it["date"]).replace('"', "")).collect()
    };
    assert_eq!(held("a"), ["d1 2021-02-27", "d3 2021-03-03"]);
    assert_eq!(held("b"), ["d2 2021-02-28"]);
}

fn units_of_an_undone_merger(world: World) {
    let world = registered(world);
    let who = "person,area,born,sex,unit";
    let rows = "a,A,2016-05-01,F,\nb,B,2016-05-01,F,S2\nc,A,2016-05-01,F,S1";
    import(&world, "2098-01-01T08:00", "persons", &format!("{who}\n{rows}"));
    let table = |known: &[&str]| {
        let asked = ["national", "cohort", "2021-12-31", "-o", "json"];
        world.run(&[&asked[..], known].concat()).json()["scopes"].clone()
    };
    at(&world, "2099-02-01T08:00", &["persons", "merge", "a", "b"]).ends(0);
    let merged = table(&[]);
    at(&world, "2099-03-01T08:00", &["persons", "unmerge", "b"]).ends(0);
    import(&world, "2099-04-01T08:00", "persons", &format!("{who}\na,A,2016-05-01,F,S1"));
    let children = |scopes: &Value, unit: &str| scopes[unit]["5"]["children"].clone();
    let now = table(&[]);
    // The first unit that was said of a child has managed it from birth; that of another child has not.
    assert_eq!(children(&now, "unit:S1"), 2, "{now}");
    assert_eq!(children(&now, "unit:S2"), 1, "{now}");
    assert_eq!(table(&["--known-on", "2099-02-02"]), merged, "as it was known in between");
}

#[test]
fn the_unit_of_a_merger_that_was_taken_back_managed_nobody_else_on_sqlite() {
    units_of_an_undone_merger(World::empty());
}

#[test]
fn the_unit_of_a_merger_that_was_taken_back_managed_nobody_else_on_postgresql() {
    on_postgresql(|db| units_of_an_undone_merger(World::on(db)));
}
