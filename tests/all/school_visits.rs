//! Visits of schools beside what a campaign says otherwise.

use crate::schools::{County, HEADER};
use crate::support::{World, text};
use std::fmt::Write as _;

/// A school of a county with so many girls, in the register.
fn girls(county: &County, count: usize) {
    let mut list = format!("{HEADER}\n");
    for no in 0..count {
        writeln!(list, "第0中学,1班,女生{no:02},,2012-01-02,女,父{no:02},").unwrap();
    }
    let list = county.file("m0.csv", &list);
    county.at("2025-09-15", &["schools", "import", text(&list)]).ends(0);
    county.at("2025-09-15", &["schools", "match", "--save", "--add"]).ends(0);
}

#[test]
fn typed_denominators_of_other_areas_stay() {
    let county = County::new(World::empty(), 2, 1);
    let folder = county.world.path("hpv");
    let typed = "area,group,people,source,as_of\nT,girls,500,名册,2025-08-01\n\
                 M00,girls,7,名册,2025-08-01\nM01,girls,40,名册,2025-08-01\n";
    std::fs::write(folder.join("eligible.csv"), typed).unwrap();
    county.at("2025-09-01", &["campaign", "apply", text(&folder)]).ends(0);
    girls(&county, 10);
    let ran = county.at("2025-09-23", &["schools", "visits", "--save"]).ends(0);
    // Whoever typed the sum of the township is told that it may have the pupils in it.
    assert!(ran.err.contains("丹镇") && ran.err.contains("500"), "{}", ran.err);
    let out = county.world.path("out");
    county.at("2025-09-23", &["campaign", "export", text(&out)]).ends(0);
    let eligible = std::fs::read_to_string(out.join("eligible.csv")).unwrap();
    let now = |area: &str| -> Vec<&str> {
        let rows = eligible.lines().filter(|row| row.starts_with(&format!("{area},girls,")));
        rows.filter_map(|row| row.split(',').nth(3)).collect()
    };
    assert_eq!((now("T"), now("M01")), (vec!["500"], vec!["40"]), "{eligible}");
    assert!(now("M00").contains(&"10"), "{eligible}");
}

#[test]
fn where_nobody_is_left_the_denominator_is_nothing() {
    let county = County::new(World::empty(), 2, 1);
    girls(&county, 10);
    let people = |day: &str| {
        county.at(day, &["schools", "visits", "--again", "--save"]).ends(0);
        let out = county.world.path(day);
        county.at(day, &["campaign", "export", text(&out)]).ends(0);
        let eligible = std::fs::read_to_string(out.join("eligible.csv")).unwrap();
        // The last row of an area is the newest.
        let rows = crate::support::csv_rows(&eligible);
        let mut rows = rows.iter().filter(|row| row["area"] == "M00" && row["group"] == "girls");
        rows.next_back().unwrap()["people"].clone()
    };
    assert_eq!(people("2025-09-23"), "10");
    // All go to the other school.
    let known = county.at("2025-09-24", &["persons", "export", "-o", "csv"]).ends(0).out;
    let moved = county.file("moved.csv", &known.replace(",M00,", ",M01,"));
    county.at("2025-09-24", &["persons", "import", text(&moved)]).ends(0);
    assert_eq!(people("2025-09-24"), "0");
}

#[test]
fn a_visit_that_somebody_wrote_by_hand_is_one_and_no_team_comes_back_on_the_next_day() {
    let county = County::new(World::empty(), 1, 1);
    let folder = county.world.path("hpv");
    // Only the school's name says whose visit it is.
    let sessions = "place,date,group,school,doses,locked\nP00,2025-10-15,girls,第0中学,10,yes\n";
    std::fs::write(folder.join("sessions.csv"), sessions).unwrap();
    county.at("2025-09-01", &["campaign", "apply", text(&folder)]).ends(0);
    girls(&county, 10);
    let found = county.json("2025-09-23", &["schools", "visits"]);
    assert_eq!((&found["kept"][0], found["visits"].as_array().unwrap().len()), (&"M00".into(), 0));
    let dir = county.world.path("printed");
    county.at("2025-09-23", &["schools", "lists", text(&dir)]).ends(0);
    assert!(dir.join("M00-第0中学.xlsx").exists());
    // Found anew, it gives way to the new ones.
    let again = ["schools", "visits", "--again", "--save"];
    let found = county.json("2025-09-23", &again);
    let days: Vec<&str> =
        found["visits"].as_array().unwrap().iter().map(|it| it["day"].as_str().unwrap()).collect();
    assert_eq!(days, ["2025-10-09", "2026-04-09"]);
    let out = county.world.path("out");
    county.at("2025-09-23", &["campaign", "export", text(&out)]).ends(0);
    let sessions = std::fs::read_to_string(out.join("sessions.csv")).unwrap();
    assert!(!sessions.contains("2025-10-15") && sessions.contains("2025-10-09"), "{sessions}");
    let night = county.at("2025-09-23", &["schools", "visits", "--leave-at", "22:50"]);
    assert!(night.code != 0 && night.err.contains("22:50"), "{}", night.err);
}
