//! What guardians answered, where several answers are known, or it is not clear whose they are.

use crate::schools::{County, HEADER, id_no, school};
use crate::support::{World, number, text};

/// Takes in answers; those that it counts as new, corrected and outweighed.
fn answered(county: &County, day: &str, rows: &str) -> ([u64; 3], String) {
    let file = county.file("more.csv", &format!("person,consent,date\n{rows}"));
    let ran = county.at(day, &["schools", "consent", text(&file), "-o", "json"]).ends(0);
    let done = ran.json();
    (["new", "changed", "outweighed"].map(|key| number(&done[0][key])), ran.err)
}

/// The outcomes of a person.
fn noted(county: &County, person: &str) -> usize {
    let shown = county.json("2025-10-08", &["persons", "show", person]);
    shown["outcomes"].as_array().unwrap().len()
}

/// Those who agreed and those who refused.
fn agreed_and_refused(county: &County) -> (u64, u64) {
    let classes = county.json("2025-10-08", &["schools", "classes"]);
    let sum =
        |key: &str| classes.as_array().unwrap().iter().filter_map(|it| it[key].as_u64()).sum();
    (sum("yes"), sum("no"))
}

#[test]
fn the_newest_answer_counts_and_of_one_day_the_refusal() {
    let county = school(World::empty());
    assert_eq!(agreed_and_refused(&county), (48, 6));
    // p00 refused on the 20th: neither an older form nor one of that day lifts it, and that is said.
    let (counts, said) =
        answered(&county, "2025-09-23", "p00,yes,2025-09-19\np10,yes,2025-09-20\n");
    assert_eq!(counts, [0, 0, 2]);
    assert!(said.contains("more.csv:2") && said.contains("more.csv:3"), "{said}");
    assert!(said.contains("2025-09-20") && said.contains("refuses"), "{said}");
    assert_eq!((agreed_and_refused(&county), noted(&county, "p00")), ((48, 6), 1));
    // A refusal of the day on which somebody agreed counts, an older one does not.
    let (counts, _) = answered(&county, "2025-09-23", "p02,no,2025-09-20\np03,no,2025-09-19\n");
    assert_eq!(counts, [0, 1, 1]);
    assert_eq!((noted(&county, "p02"), noted(&county, "p03")), (1, 0));
    // Within a file too, in whatever order.
    let rows = "p00,no,2025-09-21\np00,yes,2025-09-22\np10,yes,2025-09-22\np10,no,2025-09-21\n\
                p04,no,2025-09-22\np04,yes,2025-09-22\n";
    let (counts, said) = answered(&county, "2025-09-23", rows);
    assert_eq!(counts, [0, 3, 3]);
    for row in ["more.csv:2", "more.csv:5", "more.csv:7"] {
        assert!(said.contains(row), "{row}: {said}");
    }
    assert_eq!(["p00", "p10", "p04"].map(|it| noted(&county, it)), [0, 0, 1]);
    assert_eq!(agreed_and_refused(&county), (48, 6));
}

#[test]
fn the_printed_form_comes_back_in_both_languages() {
    let county = school(World::empty());
    let folder = county.world.path("hpv");
    let campaign = std::fs::read_to_string(folder.join("campaign.toml")).unwrap();
    for language in ["zh-CN", "en"] {
        let own = campaign.replace("\"zh-CN\"", &format!("{language:?}"));
        std::fs::write(folder.join("campaign.toml"), own).unwrap();
        county.at("2025-09-23", &["campaign", "apply", text(&folder)]).ends(0);
        let dir = county.world.path(language);
        county.at("2025-09-23", &["schools", "lists", text(&dir), "--consent"]).ends(0);
        let book = dir.join("M00-第0中学.xlsx");
        let ran = county.at("2025-09-23", &["schools", "consent", text(&book), "-o", "json"]);
        let done = &ran.ends(0).json()[0];
        assert_eq!((&done["same"], &done["rows"]), (&54.into(), &54.into()), "{language}: {done}");
    }
}

#[test]
fn an_answer_that_says_something_else_of_the_child_is_refused() {
    let county = school(World::empty());
    let card = |no| id_no("2012-01-02", no);
    let rows = [
        "p05,,女生06,,,yes,2025-09-21".to_owned(),
        format!("p05,{},,,,yes,2025-09-21", card(6)),
        "p05,,,2012-01-03,,yes,2025-09-21".to_owned(),
        "p05,,,,父06,yes,2025-09-21".to_owned(),
        format!(",{},女生06,,,yes,2025-09-21", card(5)),
        format!(",{},女生05,2012-01-02,,yes,2025-09-21", card(6)),
        ",,女生05,2012-01-02,母05,yes,2025-09-21".to_owned(),
        format!("p05,{},女 生05,2012-01-02,父05,yes,2025-09-21", card(5)),
        ",,女生06,2012-01-02,父06,yes,2025-09-21".to_owned(),
    ];
    let head = "person,id_no,name,born,guardian,consent,date";
    let file = county.file("more.csv", &format!("{head}\n{}\n", rows.join("\n")));
    let ran = county.at("2025-09-23", &["schools", "consent", text(&file), "-o", "json"]).ends(3);
    let done = &ran.json()[0];
    assert_eq!((&done["refused"], &done["changed"]), (&7.into(), &2.into()), "{}", ran.err);
    for row in 2..9 {
        assert!(ran.err.contains(&format!("more.csv:{row} ")), "{row}: {}", ran.err);
    }
    assert!(!ran.err.contains("女生"), "names stay out of messages: {}", ran.err);
    let errors = county.world.read("more-errors.csv");
    assert_eq!(errors.matches("pupil_differs").count(), 7, "{errors}");
}

#[test]
fn answers_and_outcomes_agree_after_people_are_merged() {
    let county = school(World::empty());
    let (counts, _) = answered(&county, "2025-09-23", "p02,yes,2025-09-23\np12,no,2025-09-23\n");
    assert_eq!(counts, [0, 2, 0]);
    let codes = ["p02", "p00", "p13", "p12", "p20", "p22"];
    let answers = || {
        let file = |code| county.json("2025-09-24", &["persons", "export", "--person", code]);
        let of = |code| {
            let file: serde_json::Value = file(code);
            let keys = ["person", "outcomes", "answers"];
            keys.map(|key| file[key].clone())
        };
        (codes.map(of), agreed_and_refused(&county), codes.map(|code| noted(&county, code)))
    };
    let before = answers();
    // The newest answer counts, whosever it was: p02 agreed after p00 refused, p12 refused after p13 agreed.
    for (first, second) in [("p02", "p00"), ("p13", "p12"), ("p20", "p22")] {
        county.at("2025-09-24", &["persons", "merge", first, second]).ends(0);
    }
    // p20 refused on the day on which p22 agreed.
    assert_eq!(["p02", "p13", "p20"].map(|it| noted(&county, it)), [0, 1, 1]);
    assert_eq!(agreed_and_refused(&county), (45, 6));
    // Taken back, every answer and every refusal is as it was.
    for second in ["p00", "p12", "p22"] {
        county.at("2025-09-24", &["persons", "unmerge", second]).ends(0);
    }
    assert_eq!(answers(), before);
    county.at("2025-09-24", &["db", "check"]).ends(0);
    for (first, second) in [("p02", "p00"), ("p13", "p12"), ("p20", "p22")] {
        county.at("2025-09-24", &["persons", "merge", first, second]).ends(0);
    }
    assert_eq!(agreed_and_refused(&county), (45, 6));
    // Whoever agrees after that is called again, by the old code too, though the refusal was noted under another.
    answered(&county, "2025-09-25", "p12,yes,2025-09-25\np20,yes,2025-09-25\n");
    assert_eq!((noted(&county, "p13"), noted(&county, "p20")), (0, 0));
    county.at("2025-09-25", &["db", "check"]).ends(0);
}

#[test]
fn a_refusal_that_is_undone_is_no_answer_any_more() {
    let county = school(World::empty());
    answered(&county, "2025-09-23", "p02,no,2025-09-23\np01,no,2025-09-23\n");
    assert_eq!((agreed_and_refused(&county), noted(&county, "p02")), ((47, 8), 1));
    let imports = county.json("2025-09-24", &["import", "list"]);
    let last =
        imports.as_array().unwrap().iter().map(|it| it["number"].as_i64().unwrap()).max().unwrap();
    county.at("2025-09-24", &["import", "undo", &last.to_string()]).ends(0);
    // What was answered before counts again.
    assert_eq!((agreed_and_refused(&county), noted(&county, "p02")), ((48, 6), 0));
    let (counts, _) = answered(&county, "2025-09-24", "p02,no,2025-09-23\np01,no,2025-09-23\n");
    assert_eq!(counts, [1, 1, 0]);
    assert_eq!((agreed_and_refused(&county), noted(&county, "p02")), ((47, 8), 1));
}

#[test]
fn whoever_answered_is_not_taken_out_by_the_undo_of_an_import() {
    let county = County::new(World::empty(), 1, 1);
    let list = format!("{HEADER}\n第0中学,1班,张一,,2012-01-02,女,张父,\n");
    let list = county.file("list.csv", &list);
    county.at("2025-09-15", &["schools", "import", text(&list)]).ends(0);
    county.at("2025-09-15", &["schools", "match", "--save", "--add"]).ends(0);
    let imports = county.json("2025-09-15", &["import", "list"]);
    let last = imports[0]["number"].as_i64().unwrap().to_string();
    answered(&county, "2025-09-16", "M00-0002,yes,2025-09-15\n");
    let undone = county.at("2025-09-16", &["import", "undo", &last]);
    assert_ne!(undone.code, 0, "{}", undone.out);
    assert_eq!(agreed_and_refused(&county), (1, 0));
}

#[test]
fn a_person_is_shown_and_erased_with_answers_and_rows_of_lists() {
    let county = school(World::empty());
    answered(&county, "2025-09-23", "p05,no,2025-09-23\n");
    let more = "person,name,consent,date\np05,女生05,maybe,2025-09-23\n";
    let more = county.file("more.csv", more);
    county.at("2025-09-23", &["schools", "consent", text(&more)]).ends(3);
    // Another list has the name with a blank, the register had another name before.
    let card = id_no("2012-01-02", 5);
    let list =
        "area,name,born,id_no\nT,女 生05,2012-01-02,\nT,前名05,2012-01-02,\nT,女生05,2012-01-02,\n";
    let home = county.file("home.csv", list);
    county.at("2025-09-23", &["schools", "import", text(&home)]).ends(0);
    county.at("2025-09-23", &["schools", "decide", "T:4=new"]).ends(0);
    let shown = county.json("2025-09-24", &["persons", "export", "--person", "p05"]);
    let answers: Vec<&str> = shown["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["answer"].as_str().unwrap())
        .collect();
    assert_eq!(answers, ["yes", "no"], "{}", shown["answers"]);
    let rows: Vec<&str> =
        shown["lists"].as_array().unwrap().iter().map(|it| it["row"].as_str().unwrap()).collect();
    assert_eq!(rows, ["M00:7", "T:2"]);
    let table = county.at("2025-09-24", &["persons", "show", "p05"]).ends(0);
    assert!(table.out.contains("M00:7") && table.out.contains("T:2"), "{}", table.out);
    for name in ["前名05", "女生05"] {
        county.persons(&format!("p05,M00,2012-01-02,{name},F,{card},父05,第0中学,1班\n"));
    }
    county.at("2025-09-24", &["persons", "erase", "p05", "--reason", "asked"]).ends(0);
    let errors = county.world.path("more-errors.csv");
    assert!(!errors.exists(), "the file with the refused row is gone");
    let bytes = std::fs::read(county.world.path("doseplan.db")).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!holds("女 生05") && !holds("前名05"), "the names are nowhere");
    assert!(holds("女生06"));
    assert_eq!(county.json("2025-09-24", &["schools", "match"])["rows"], 60);
}
