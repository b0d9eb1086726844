//! Files of people, doses, tallies and outcomes: nothing counts twice, nothing is lost, what is refused says why.

use crate::support::{SENIORS, World, number};

fn counts(world: &World, kind: &str, rows: &str) -> [u64; 4] {
    let json = world.import(kind, rows).json();
    ["new", "same", "corrected", "refused"].map(|key| number(&json[key]))
}

fn register() -> World {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    world
}

#[test]
fn the_same_record_twice_counts_once() {
    let world = register();
    let rows = "d1,p1,2021-04-02,S1,L1\nd2,p2,2021-04-02,S1,L1";
    assert_eq!(counts(&world, "doses", rows), [2, 0, 0, 0]);
    assert_eq!(counts(&world, "doses", rows), [0, 2, 0, 0]);
    assert_eq!(
        counts(&world, "doses", "d1,p1,2021-04-02,S1,L1\nd1,p1,2021-04-02,S1,L1"),
        [0, 2, 0, 0]
    );
    assert_eq!(world.people("2021-04-02", "senior", 1), 2);
    let tallies = "t1,2021-04-03,S1,A,adult,1,30";
    assert_eq!(counts(&world, "tallies", tallies), [1, 0, 0, 0]);
    assert_eq!(counts(&world, "tallies", tallies), [0, 1, 0, 0]);
    assert_eq!(world.people("2021-04-03", "adult", 1), 30);
    assert_eq!(counts(&world, "persons", SENIORS), [0, 6, 0, 0]);
}

#[test]
fn a_duplicate_with_other_values_in_one_file_is_refused_and_the_first_row_stands() {
    let world = register();
    let rows = "d1,p1,2021-04-02,S1,L1\nd1,p1,2021-04-03,S1,L1";
    let ran = world.import("doses", rows).ends(3);
    assert_eq!(ran.json()["new"], 1);
    assert!(world.read("doses-errors.csv").contains("duplicate_record"));
    assert_eq!(world.people("2021-04-02", "senior", 1), 1);
}

#[test]
fn a_correction_counts_and_what_was_known_before_is_kept() {
    let world = register();
    world.import("doses", "d1,p1,2021-04-02,S1,L1").ends(0);
    assert_eq!(counts(&world, "doses", "d1,p1,2021-04-05,S2,L1"), [0, 0, 1, 0]);
    assert_eq!(world.people("2021-04-04", "senior", 1), 0);
    assert_eq!(world.people("2021-04-05", "senior", 1), 1);
    world.run(&["doses", "void", "d1", "--reason", "typed twice"]).ends(0);
    assert_eq!(world.people("2021-04-05", "senior", 1), 0);
    let history = world.run(&["doses", "history", "d1", "-o", "csv"]).ends(0).csv();
    let said: Vec<_> =
        history.iter().map(|row| (row["date"].as_str(), row["why"].as_str())).collect();
    assert_eq!(said, [("2021-04-02", "corrected"), ("2021-04-05", "void: typed twice")]);
    world.run(&["doses", "void", "d1", "--reason", "again"]).ends(1);
    world.run(&["doses", "history", "nothing"]).ends(1);
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn a_dose_that_moves_to_another_person_leaves_the_first() {
    let world = register();
    world.import("persons", "a1,B,1990-01-01,甲,M,,,,,,").ends(0);
    world.import("doses", "d1,p1,2021-04-02,S1,L1").ends(0);
    world.import("doses", "d1,a1,2021-04-02,S1,L1").ends(0);
    assert_eq!(world.people("2021-04-02", "senior", 1), 0);
    assert_eq!(world.people("2021-04-02", "adult", 1), 1);
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn unknown_people_places_and_lots_are_refused_with_the_reason_and_the_rest_is_stored() {
    let world = register();
    let rows = "d1,p1,2021-04-02,S1,L1\n\
                d2,nobody,2021-04-02,S1,L1\n\
                d3,p2,2021-04-02,S9,L1\n\
                d4,p3,2021-04-02,S1,L9\n\
                d5,p4,2021-02-30,S1,L1\n\
                d6,p5,1949-04-02,S1,L1\n\
                d7,p6,2099-04-02,S1,L1\n\
                ,p6,2021-04-02,S1,L1";
    let ran = world.import("doses", rows).ends(3);
    assert_eq!((ran.json()["new"].clone(), ran.json()["refused"].clone()), (1.into(), 7.into()));
    let errors = crate::support::csv_rows(&world.read("doses-errors.csv"));
    let codes: Vec<(String, String)> = errors
        .iter()
        .map(|row| {
            let mut own: Vec<_> = row.keys().map(String::as_str).collect();
            own.retain(|key| !["record", "person", "date", "place", "lot"].contains(key));
            let code = own.iter().map(|key| row[*key].clone()).find(|cell| {
                !cell.is_empty() && cell.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            });
            (row["record"].clone(), code.unwrap_or_default())
        })
        .collect();
    for (record, code) in [
        ("d2", "unknown_person"),
        ("d3", "unknown_place"),
        ("d4", "unknown_lot"),
        ("d5", "bad_date"),
        ("d6", "before_birth"),
        ("d7", "future_date"),
        ("", "missing_value"),
    ] {
        assert!(codes.contains(&(record.into(), code.into())), "{record} {code}: {codes:?}");
    }
    assert_eq!(world.people("2021-04-02", "senior", 1), 1);
}

#[test]
fn a_corrected_errors_file_can_be_imported_again() {
    let world = register();
    world.import("doses", "d1,p1,2021-04-02,S9,L1\nd2,p2,2021-04-02,S1,L1").ends(3);
    let errors = world.read("doses-errors.csv").replace("S9", "S1");
    world.file("doses-errors.csv", errors);
    let json = world.run(&["doses", "import", "doses-errors.csv", "-o", "json"]).ends(0).json();
    assert_eq!((json["new"].clone(), json["refused"].clone()), (1.into(), 0.into()));
    assert_eq!(world.people("2021-04-02", "senior", 1), 2);
    world.import("doses", "d1,p1,2021-04-02,S1,L1").ends(0);
    assert!(!world.path("doses-errors-errors.csv").exists());
}

#[test]
fn an_import_without_errors_takes_the_errors_file_of_the_last_one_away() {
    let world = register();
    world.import("doses", "d1,p1,2021-04-02,S9,L1").ends(3);
    assert!(world.path("doses-errors.csv").exists());
    world.import("doses", "d1,p1,2021-04-02,S1,L1").ends(0);
    assert!(!world.path("doses-errors.csv").exists());
}

#[test]
fn tallies_name_known_places_areas_groups_and_doses() {
    let world = World::small();
    let rows = "t1,2021-04-02,S9,A,adult,1,5\nt2,2021-04-02,S1,Z,adult,1,5\n\
                t3,2021-04-02,S1,A,child,1,5\nt4,2021-04-02,S1,A,adult,3,5\n\
                t5,2021-04-02,S1,A,adult,0,5\nt6,2021-04-02,S1,A,adult,1,-5\n\
                t7,2021-04-02,S1,A,adult,1,1.5\nt8,2021-04-02,P1,A,adult,1,5";
    let json = world.import("tallies", rows).ends(3).json();
    assert_eq!((json["new"].clone(), json["refused"].clone()), (1.into(), 7.into()));
}

#[test]
fn a_file_with_a_missing_a_double_or_an_unknown_column_is_refused_as_a_whole() {
    let world = register();
    for (header, says) in [
        ("record,person,date", "place"),
        ("record,person,date,place,place", "place"),
        ("record,person,date,place,plase", "did you mean"),
    ] {
        world.file("doses.csv", format!("{header}\nd1,p1,2021-04-02,S1,S1\n"));
        let ran = world.run(&["doses", "import", "doses.csv"]).ends(3);
        assert!(ran.err.contains(says), "{header}: {}", ran.err);
    }
    world.file("doses.csv", "");
    world.run(&["doses", "import", "doses.csv"]).ends(3);
    world.file("doses.csv", b"\xff\xfer\x00e\x00");
    assert!(world.run(&["doses", "import", "doses.csv"]).ends(3).err.contains("UTF-16"));
    assert_eq!(world.people("2021-04-02", "senior", 1), 0);
}

#[test]
fn an_empty_file_with_a_header_is_no_error() {
    let world = World::small();
    assert_eq!(counts(&world, "tallies", ""), [0, 0, 0, 0]);
}

#[test]
fn people_of_unknown_areas_and_groups_are_refused() {
    let world = World::small();
    let rows = "p1,Z,1950-01-01,,,,,,,,\np2,A,1950-01-01,,,child,,,,,\np3,A,2199-01-01,,,,,,,,\n\
                p4,A,1950-01-01,,X,,,,,,\np5,A,1950-01-01,,F,other,,,,,";
    let json = world.import("persons", rows).ends(3).json();
    assert_eq!((json["new"].clone(), json["refused"].clone()), (1.into(), 4.into()));
    let errors = world.read("persons-errors.csv");
    assert!(errors.contains("unknown_area") && errors.contains("unknown_group"), "{errors}");
}

#[test]
fn names_and_birth_dates_of_refused_people_stay_off_the_screen() {
    let world = World::small();
    let ran = world.import("persons", "p1,A,2190-07-08,张三丰,F,,zsf@home.example,13912345678,,,");
    let ran = ran.ends(3);
    for private in ["张三丰", "2190-07-08", "zsf@", "13912345678"] {
        assert!(!ran.err.contains(private) && !ran.out.contains(private), "{}", ran.err);
    }
}

#[test]
fn a_person_who_moves_takes_their_doses_along() {
    let world = register();
    world.import("doses", "d1,p1,2021-04-02,S1,L1").ends(0);
    let moved = SENIORS.lines().next().unwrap().replace("p1,A", "p1,B");
    assert_eq!(counts(&world, "persons", &moved), [0, 0, 1, 0]);
    let rows = world.run(&["coverage", "--by", "area", "--as-of", "2021-04-02", "-o", "json"]);
    let json = rows.ends(0).json();
    let people = |area: &str| {
        let rows = json["rows"].as_array().unwrap();
        let row = rows.iter().find(|r| r["area"] == area && r["group"] == "senior").unwrap();
        number(&row["doses"][0]["people"])
    };
    assert_eq!((people("A"), people("B"), people("001")), (0, 1, 1));
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn dose_number_and_validity_follow_from_the_series() {
    let world = register();
    // The second is 14 days after the first and does not count; the third is the second dose. L2 is past its day.
    let rows = "d1,p1,2021-04-01,S1,L1\nd2,p1,2021-04-15,S1,L1\nd3,p1,2021-05-06,S1,L1\n\
                d4,p2,2021-04-20,S1,L2";
    let json = world.import("doses", rows).ends(0).json();
    assert_eq!(json["invalid"], 2);
    let at = world.coverage("2021-05-10");
    let senior = crate::support::row(&at, "senior");
    assert_eq!(senior["complete"]["people"], 1, "{senior}");
    assert_eq!(senior["invalid"], 2, "{senior}");
    // The same rows in another order and in pieces give the same.
    let other = register();
    for row in rows.lines().rev() {
        other.import("doses", row).ends(0);
    }
    assert_eq!(other.coverage("2021-05-10")["rows"], at["rows"]);
    other.run(&["db", "check"]).ends(0);
}

#[test]
fn a_stored_dose_that_no_longer_counts_is_told_apart_from_the_rows_of_the_file() {
    let world = register();
    world.import("doses", "d2,p1,2021-05-01,S1,L1").ends(0);
    // Ten days before: now this is the first dose, and the stored one is a second dose too soon.
    let ran = world.import("doses", "d1,p1,2021-04-21,S1,L1").ends(0);
    let json = ran.json();
    assert_eq!((json["invalid"].clone(), json["no_longer_valid"].clone()), (0.into(), 1.into()));
    assert_eq!(json["warnings"], serde_json::json!([]));
    let told = &json["stored_warnings"][0];
    assert_eq!((told["record"].clone(), told["person"].clone()), ("d2".into(), "p1".into()));
    assert!(told.get("row").is_none() && told["reasons"][0].is_string(), "{told}");
    assert!(ran.err.contains("Stored earlier: record d2"), "{}", ran.err);
    // Rows that do not count keep their line.
    let json = world.import("doses", "d3,p1,2021-05-03,S1,L1").ends(0).json();
    assert_eq!((json["invalid"].clone(), json["no_longer_valid"].clone()), (1.into(), 0.into()));
    assert_eq!(json["warnings"][0]["row"], 2);
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn outcomes_are_corrected_and_voided_like_doses() {
    let world = register();
    let listed = |world: &World| -> Vec<String> {
        let ran = world.run(&["due", "list", "--by", "2021-04-02", "-o", "csv"]).ends(0);
        ran.csv().into_iter().map(|row| row["person"].clone()).collect()
    };
    assert_eq!(listed(&world).len(), 6);
    let rows = "o1,p1,2021-04-01,refused,\no2,p2,2021-04-01,deferred,2021-04-20\n\
                o3,p3,2021-04-01,contraindicated,\no4,p4,2021-04-01,absent,\n\
                o5,p5,2021-04-01,moved,\no6,p6,2021-04-01,dead,";
    assert_eq!(counts(&world, "outcomes", rows), [6, 0, 0, 0]);
    assert_eq!(counts(&world, "outcomes", rows), [0, 6, 0, 0]);
    assert_eq!(listed(&world), ["p4"]);
    let later = world.run(&["due", "list", "--by", "2021-04-21", "-o", "csv"]).ends(0).csv();
    assert_eq!(later.iter().map(|row| row["person"].as_str()).collect::<Vec<_>>(), ["p2", "p4"]);
    assert_eq!(counts(&world, "outcomes", "o1,p1,2021-04-01,absent,"), [0, 0, 1, 0]);
    world.run(&["outcomes", "void", "o3", "--reason", "wrong person"]).ends(0);
    assert_eq!(listed(&world), ["p1", "p3", "p4"]);
    assert_eq!(counts(&world, "outcomes", "o9,nobody,2021-04-01,refused,"), [0, 0, 0, 1]);
    assert_eq!(counts(&world, "outcomes", "o9,p1,2021-04-01,tired,"), [0, 0, 0, 1]);
}

#[test]
fn the_due_list_has_phones_for_calls() {
    let world = register();
    world.import("doses", "d1,p1,2021-04-01,S1,L1\nd2,p2,2021-04-01,S1,L1").ends(0);
    world.import("doses", "d3,p2,2021-04-25,S1,L1").ends(0);
    let due = world.run(&["due", "list", "--by", "2021-04-25", "--dose", "2", "-o", "csv"]).ends(0);
    let rows = due.csv();
    assert_eq!(rows.len(), 1, "{}", due.out);
    assert_eq!(rows[0]["person"], "p1");
    assert_eq!(rows[0]["phone"], "13800000001");
    assert_eq!(rows[0]["earliest"], "2021-04-22");
    assert_eq!(rows[0]["latest"], "2021-05-27");
    let none =
        world.run(&["due", "list", "--by", "2021-04-25", "--area", "B", "-o", "csv"]).ends(0);
    assert_eq!(none.csv().len(), 0);
    world.run(&["due", "list", "--area", "Z"]).ends(1);
}
