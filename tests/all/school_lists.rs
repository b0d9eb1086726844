//! What a list of a school or a township may look like, and what becomes of it.

use crate::schools::{County, HEADER, states};
use crate::support::{World, text};
use std::path::{Path, PathBuf};

/// Writes a workbook with sheets of text.
pub(crate) fn workbook(path: &Path, sheets: &[(&str, &str)]) {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, csv) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(*name).unwrap();
        for (row, line) in (0..).zip(csv.lines()) {
            for (column, cell) in (0..).zip(line.split(',')) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    book.save(path).unwrap();
}

fn book(county: &County, name: &str, sheets: &[(&str, &str)]) -> PathBuf {
    let path = county.world.path(name);
    workbook(&path, sheets);
    path
}

#[test]
fn every_sheet_of_a_workbook_is_read_and_others_are_told() {
    let county = County::new(World::empty(), 2, 1);
    let of = |rows: &str| format!("{HEADER}\n{rows}");
    let (one, two) = (
        of("第0中学,1班,张一,,2012-01-02,女,张父,\n第0中学,1班,张二,,2012-01-03,女,张父,\n"),
        of("第0中学,2班,李一,,2012-01-04,女,李父,\n"),
    );
    let sheets = [("说明", "填表说明\n请填写各班名单"), ("1班", &one), ("空", ""), ("2班", &two)];
    let path = book(&county, "m0.xlsx", &sheets);
    let ran = county.at("2025-09-15", &["schools", "import", text(&path), "-o", "json"]).ends(0);
    assert_eq!(ran.json()[0]["rows"], 3, "{}", ran.out);
    assert!(ran.err.contains("m0.xlsx!说明") && !ran.err.contains("!空"), "{}", ran.err);
    // A row is named by its sheet.
    let bad = of("第9中学,2班,李一,,2012-01-04,女,李父,\n");
    let path = book(&county, "m1.xlsx", &[("1班", &one), ("2班", &bad)]);
    let ran = county.at("2025-09-15", &["schools", "import", text(&path)]).ends(3);
    assert!(ran.err.contains("m1.xlsx!2班:2"), "{}", ran.err);
    // A list with an odd heading is a list with a fault: the others do not take its place.
    let odd = two.replacen("姓名", "名号", 1);
    let path = book(&county, "m3.xlsx", &[("1班", &one), ("2班", &odd)]);
    let ran = county.at("2025-09-15", &["schools", "import", text(&path)]).ends(3);
    assert!(ran.err.contains("m3.xlsx!2班:1") && ran.err.contains("名号"), "{}", ran.err);
    // Twenty warnings hide no error.
    let many: String = (0..25).fold(String::new(), |all, no| {
        all + &format!("第0中学,1班,张{no},11010519491231002{},2012-01-02,女,张父,\n", no % 9)
    });
    let path = book(&county, "m4.xlsx", &[("1班", &of(&many)), ("2班", &bad)]);
    let ran = county.at("2025-09-15", &["schools", "import", text(&path)]).ends(3);
    assert!(ran.err.contains("m4.xlsx!2班:2") && ran.err.contains("第9中学"), "{}", ran.err);
    // A workbook without any list says what a list needs.
    let path = book(&county, "m2.xlsx", &[("a", "甲,乙\n1,2"), ("b", "")]);
    let ran = county.at("2025-09-15", &["schools", "import", text(&path)]).ends(3);
    assert!(ran.err.contains("m2.xlsx!a"), "{}", ran.err);
    // Answers too may stand on a sheet for each class.
    county.persons("p1,T,2012-01-02,张一,F,,,,\np2,T,2012-01-04,李一,F,,,,\n");
    let answers = [
        ("1班", "person,consent,date\np1,yes,2025-09-10\np9,yes,2025-09-10"),
        ("2班", "date,person,consent\n2025-09-10,p2,no\n2025-09-10,p8,no"),
    ];
    let path = book(&county, "answers.xlsx", &answers);
    let ran = county.at("2025-09-15", &["schools", "consent", text(&path), "-o", "json"]).ends(3);
    let done = &ran.json()[0];
    assert_eq!((&done["new"], &done["refused"]), (&2.into(), &2.into()), "{done}");
    assert!(ran.err.contains("answers.xlsx!2班:3"), "{}", ran.err);
    let errors = county.world.read("answers-errors.csv");
    assert!(
        errors.contains("p9,yes,2025-09-10") && errors.contains("p8,no,2025-09-10"),
        "{errors}"
    );
}

#[test]
fn whoever_died_or_stands_in_two_lists_is_not_added() {
    let county = County::new(World::empty(), 2, 1);
    let dead = county.file(
        "persons.csv",
        "person,area,born,name,sex,guardian,died\np1,T,2012-01-02,张一,F,张父,2025-08-01\n",
    );
    county.at("2025-09-10", &["persons", "import", text(&dead)]).ends(0);
    let list = |name: &str, rows: &str| {
        let path = county.file(name, &format!("{HEADER}\n{rows}"));
        county.at("2025-09-15", &["schools", "import", text(&path)]).ends(0);
    };
    list("m0.csv", "第0中学,1班,张一,,2012-01-02,女,张父,\n第0中学,1班,李一,,2012-01-03,女,,\n");
    list("m1.csv", "第1中学,1班,李一,,2012-01-03,女,李父,\n");
    let saves = ["schools", "match", "--save", "--add"];
    let found = county.json("2025-09-15", &saves);
    assert_eq!(found["added"], 0, "{found}");
    let states = states(&found);
    assert_eq!((states["died"], states["unsure"]), (1, 2), "{found}");
    let alike = &found["shown"].as_array().unwrap().iter().find(|it| it["rows"][0] == "M01:2");
    assert_eq!(alike.unwrap()["alike"][0], "M00:3");
    let table = county.at("2025-09-15", &["schools", "match"]).ends(0);
    assert!(table.out.contains("M00:3") && table.out.contains("died"), "{}", table.out);
    // A clerk says which row stays.
    county.at("2025-09-16", &["schools", "decide", "M00:3=drop", "M00:2=drop"]).ends(0);
    let found = county.json("2025-09-16", &saves);
    assert_eq!(found["added"], 1, "{found}");
    assert_eq!(county.json("2025-09-17", &saves)["added"], 0);
}

/// Rows of the lists, as `schools match` counts them by school.
fn rows(county: &County) -> Vec<u64> {
    let found = county.json("2025-09-15", &["schools", "match"]);
    found["schools"].as_array().unwrap().iter().map(|it| it["rows"].as_u64().unwrap()).collect()
}

#[test]
fn what_was_decided_of_one_of_two_equal_rows_is_not_said_of_both() {
    let county = County::new(World::empty(), 1, 1);
    let twice = "第0中学,1班,张三,,2012-01-02,女,,\n".repeat(2);
    let list = county.file("m0.csv", &format!("{HEADER}\n{twice}"));
    let saves = ["schools", "match", "--save", "--add"];
    county.at("2025-09-15", &["schools", "import", text(&list)]).ends(0);
    county.at("2025-09-15", &["schools", "decide", "M00:2=drop"]).ends(0);
    // The list comes again: one row is dropped, the other one is the child.
    county.at("2025-09-16", &["schools", "import", text(&list)]).ends(0);
    assert_eq!(county.json("2025-09-16", &saves)["added"], 1);
    county.at("2025-09-17", &["schools", "import", text(&list)]).ends(0);
    let found = county.json("2025-09-17", &saves);
    assert_eq!((&found["added"], states(&found)["at_school"]), (&0.into(), 1), "{found}");
}

#[test]
fn a_list_takes_the_place_of_one_of_the_same_kind_only() {
    let county = County::new(World::empty(), 1, 1);
    let import = |name: &str, rows: &str| {
        let path = county.file(name, rows);
        county.at("2025-09-15", &["schools", "import", text(&path), "-o", "json"])
    };
    let school = format!(
        "{HEADER}\n第0中学,1班,张一,,2012-01-02,女,张父,\n第0中学,1班,张二,,2012-01-03,女,张父,\n"
    );
    import("m0.csv", &school).ends(0);
    // A township's list with a column for the school is refused, and says what to do.
    let home = "乡镇,学校,姓名,出生日期,未在校原因\n丹镇,第0中学,李一,2012-02-02,休学\n";
    let ran = import("home.csv", home).ends(3);
    assert!(
        ran.err.contains("home.csv:2") && ran.err.contains("leave school empty"),
        "{}",
        ran.err
    );
    assert_eq!(rows(&county), [2]);
    // One that names the school's area stands beside the school's list, whichever comes first.
    let home = "乡镇,姓名,出生日期,未在校原因\n第0中学,李一,2012-02-02,休学\n";
    assert_eq!(import("home.csv", home).ends(0).json()[0]["before"], 0);
    assert_eq!(rows(&county), [2]);
    assert_eq!(import("m0.csv", &school).ends(0).json()[0]["before"], 2);
    assert_eq!(import("home.csv", home).ends(0).json()[0]["before"], 1);
    assert_eq!(
        (rows(&county), county.json("2025-09-15", &["schools", "match"])["rows"].clone()),
        (vec![2], 3.into())
    );
    // A list without rows replaces nothing, and is told.
    let ran = import("m0.csv", &format!("{HEADER}\n")).ends(0);
    assert!(ran.err.contains("m0.csv") && ran.err.contains("stays as it is"), "{}", ran.err);
    assert_eq!(rows(&county), [2]);
}

#[test]
fn no_list_is_taken_by_halves_and_none_twice() {
    let county = County::new(World::empty(), 3, 1);
    let import = |files: &[&std::path::Path]| {
        let files: Vec<&str> = files.iter().map(|path| text(path)).collect();
        county.at("2025-09-15", &[&["schools", "import"][..], &files, &["-o", "json"]].concat())
    };
    let list = |name: &str, rows: &str| county.file(name, &format!("{HEADER}\n{rows}"));
    let one =
        list("1.csv", "第0中学,1班,张一,,2012-01-02,女,,\n第0中学,1班,张二,,2012-01-03,女,,\n");
    let two = list("2.csv", "M00,2班,李一,,2012-01-04,女,,\n");
    let copy = list("3.csv", "M00,1班,张一,,2012-01-02,女,,\nM00,3班,王一,,2012-01-05,女,,\n");
    let other = list("4.csv", "第1中学,1班,赵一,,2012-01-02,女,,\n");
    // The same file twice, and a copy of a part: each row once.
    let ran = import(&[&one, &two, &one, &copy, &other]).ends(0);
    let taken = ran.json();
    assert_eq!((&taken[0]["rows"], &taken[1]["rows"]), (&4.into(), &1.into()), "{taken}");
    assert!(ran.err.contains("1.csv: ") && ran.err.contains("3.csv: "), "{}", ran.err);
    // A bad file beside a good one of the same school: neither, whatever is wrong with it.
    for bad in [
        "第0中学,2班,李一,,,女,,\n",
        "第9中学,2班,李一,,2012-01-04,女,,\nM00,2班,李二,,2012-01-04,女,,\n",
        "第0中字,2班,李一,,2012-01-04,女,,\n",
    ] {
        let bad = list("bad.csv", bad);
        let ran = import(&[&one, &bad, &other]).ends(3);
        let taken = ran.json();
        assert_eq!((taken.as_array().unwrap().len(), &taken[0]["list"]), (1, &"M01".into()));
        assert!(ran.err.contains("1.csv: ") && ran.err.contains("bad.csv"), "{}", ran.err);
        assert_eq!(rows(&county), [4, 1]);
    }
    // Of one that cannot be read nobody knows whose list it is.
    let unread = county.file("unread.xlsx", "no workbook");
    let ran = import(&[&one, &other, &unread]).ends(3);
    assert_eq!(ran.json().as_array().unwrap().len(), 0);
    assert!(ran.err.contains("unread.xlsx"), "{}", ran.err);
    assert_eq!(rows(&county), [4, 1]);
}
