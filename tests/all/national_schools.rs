//! What schools are told, and options that are saved with the jurisdiction.

use crate::support::{World, python, text};
use serde_json::Value;
use std::path::PathBuf;

const CHILDREN: &str = "child,name,sex,born,unit,school,class\n\
    g1,甲,2,2012-10-05,A,一中,初一1班\n\
    g2,乙,2,2012-10-06,A,一中,初一2班\n\
    g3,丙,2,2012-10-07,A,二中,初一1班\n\
    g4,丁,2,2011-11-01,A,二中,初二1班\n\
    b1,戊,1,2012-10-05,A,一中,初一1班\n\
    g5,己,2,2012-10-08,A,,\n\
    k1,庚,1,2022-03-01,A,一幼,小1班\n\
    k2,辛,2,2022-03-02,B,一幼,小1班\n";

/// A folder of files: girls at school, and two children at kindergarten of whom the first has nearly everything.
fn folder(world: &World) -> PathBuf {
    let dir = world.path("files");
    std::fs::create_dir_all(&dir).unwrap();
    let mut doses = "dose,child,vaccine,date,unit,attribute\n1,g1,HPV2,2025-11-20,A,P\n".to_owned();
    let given = [
        ("HepB", "2022-03-01"),
        ("BCG", "2022-03-01"),
        ("HepB", "2022-04-02"),
        ("IPV", "2022-05-02"),
        ("IPV", "2022-06-02"),
        ("DTaP", "2022-06-02"),
        ("bOPV", "2022-07-02"),
        ("DTaP", "2022-07-02"),
        ("DTaP", "2022-08-02"),
        ("HepB", "2022-09-02"),
        ("MPSV-A", "2022-09-02"),
        ("MMR", "2022-11-02"),
        ("JE-L", "2022-11-02"),
        ("MPSV-A", "2022-12-05"),
        ("MMR", "2023-09-02"),
        ("DTaP", "2023-09-02"),
        ("HepA-L", "2023-09-02"),
        ("JE-L", "2024-03-02"),
    ];
    for (number, (vaccine, day)) in (10..).zip(given) {
        doses += &format!("{number},k1,{vaccine},{day},A,P\n");
    }
    // Caught up after the check.
    doses += "90,k1,MPSV-AC,2025-10-10,A,P\n91,k2,HepB,2025-10-12,B,P\n";
    let units = "unit,name,township,county\nA,甲,T1,C1\nB,乙,T2,C1\n";
    for (name, text) in [("children", CHILDREN), ("doses", &doses), ("units", units)] {
        std::fs::write(dir.join(format!("{name}.csv")), text).unwrap();
    }
    dir
}

#[test]
fn girls_without_hpv_vaccine_are_listed_by_school_and_class() {
    let world = World::empty();
    let folder = folder(&world);
    let base = ["national", "hpv", "2025-12", "--folder", text(&folder)];
    let run = |more: &[&str]| world.run(&[&base[..], more].concat()).ends(0);
    let all = run(&["-o", "json"]).json();
    let listed: Vec<(&str, &str, &str)> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["school"].as_str().unwrap(), it["child"].as_str().unwrap(), missed(it)))
        .collect();
    // Dose 2 of g1 follows half a year later; g4 was born before the programme's first day; boys are not asked.
    assert_eq!(listed, [("", "g5", "HPV-1"), ("一中", "g2", "HPV-1"), ("二中", "g3", "HPV-1")]);
    // The figure of the month is the same girls.
    let month = ["national", "month", "2025-12", "--folder", text(&folder), "-o", "json"];
    let month = world.run(&month).ends(0).json();
    assert_eq!(month["scopes"]["unit:A"]["HPV-1"]["due"], 3);
    let later = ["national", "hpv", "2026-05", "--folder", text(&folder), "-o", "json"];
    let later = world.run(&later).json();
    assert!(later.to_string().contains("\"g1\""), "{later}");
    assert_eq!(run(&["--school", "一中", "-o", "json"]).json().as_array().unwrap().len(), 1);
    let book = world.path("hpv.xlsx");
    run(&["--save", text(&book)]);
    let script = "import openpyxl, sys\n\
        book = openpyxl.load_workbook(sys.argv[1])\n\
        print(','.join(book.sheetnames))\n\
        for row in book['一中'].iter_rows(values_only=True):\n    \
            print('|'.join(str(c or '') for c in row))";
    let Some(read) = python("openpyxl", script, &[text(&book)]) else { return };
    assert!(read.starts_with("未填学校,一中,二中\n"), "{read}");
    assert!(
        read.contains("HPV疫苗漏种女生名单") && read.contains("初一2班|乙|g2|2012-10-06"),
        "{read}"
    );
    assert!(!read.contains("丙"), "{read}");
}

/// The only row that a child misses.
fn missed(child: &Value) -> &str {
    let all = child["missed"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{child}");
    all[0]["row"].as_str().unwrap()
}

#[test]
fn school_entry_checks_have_figures_by_school_and_say_what_was_caught_up() {
    let world = World::empty();
    let folder = folder(&world);
    let run = |more: &[&str]| {
        let base = ["national", "schools", "2025-09-15", "--folder", text(&folder)];
        world.run(&[&base[..], more].concat()).ends(0)
    };
    let ran = run(&["-o", "json"]);
    assert!(ran.err.contains("1 people without a school"), "{}", ran.err);
    let check = ran.json();
    let kindergarten = &check["schools"]["一幼"];
    assert_eq!((&kindergarten["children"], &kindergarten["complete"]), (&2.into(), &0.into()));
    // k1 misses MenAC 1 since its third birthday; k2 has nothing, and MenA and BCG are still possible or not by age.
    let k1 = run(&["--list", "--school", "一幼", "-o", "json"]).json();
    assert_eq!(missed(&k1[0]), "MenAC-1", "{k1}");
    let k2: Vec<&str> =
        k1[1]["missed"].as_array().unwrap().iter().map(|it| it["row"].as_str().unwrap()).collect();
    assert!(k2.contains(&"HepB-1") && k2.contains(&"BCG-1") && !k2.contains(&"HepB-2"), "{k2:?}");
    assert!(!k2.contains(&"MenA-1"), "{k2:?}");
    let feedback = run(&["--feedback", "2025-12-15", "-o", "json"]).json();
    let kindergarten = &feedback["schools"]["一幼"];
    assert_eq!((&kindergarten["missing"], &kindergarten["caught_up"]), (&2.into(), &1.into()));
    assert_eq!(kindergarten["doses"]["MenAC-1"], serde_json::json!([2, 1]));
    assert_eq!(kindergarten["doses"]["HepB-1"], serde_json::json!([1, 1]));
    let shown = run(&["--feedback", "2025-12-15", "-o", "csv"]).out;
    assert!(shown.starts_with("入托入学补种情况反馈表\n"), "{shown}");
    assert!(shown.contains("一幼,乙肝疫苗,1,,,1,1,100.00"), "{shown}");
    let table = run(&["-o", "csv"]).out;
    assert!(table.contains("学校/托幼机构,查验儿童数,完成人数,完成率（%）"), "{table}");
    assert!(table.contains("一幼,2,0,0.00,2,"), "{table}");
}

#[test]
fn options_saved_with_the_jurisdiction_hold_unless_a_command_says_otherwise() {
    let world = World::small();
    world.run(&["jurisdiction", "export", "places"]).ends(0);
    let toml = world.read("places/jurisdiction.toml");
    let with = |options: &str| format!("{toml}\n[national]\n{options}\n");
    world.file("places/jurisdiction.toml", with("no-je = \"yes\"\ndtap_from = 2024-11-01"));
    let ran = world.run(&["jurisdiction", "apply", "places"]).ends(4);
    assert!(ran.err.contains("did you mean “national.dtap-from”"), "{}", ran.err);
    let options =
        "no-je = true\ndtap-from = 2024-11-01\nhepb3-gap = \"1 month\"\nhpv-cohort = \"all\"";
    world.file("places/jurisdiction.toml", with(options));
    world.run(&["jurisdiction", "apply", "places"]).ends(0);
    world.run(&["jurisdiction", "export", "again"]).ends(0);
    let again = world.read("again/jurisdiction.toml");
    assert!(again.contains("2024-11-01") && again.contains("1 month"), "{again}");
    world.file("persons.csv", "person,area,born,sex,unit\nk1,A,2020-01-05,M,S1\n");
    world.run(&["persons", "import", "persons.csv"]).ends(0);
    let rows = |more: &[&str]| {
        let month = world.run(&[&["national", "month", "2020-10", "-o", "json"], more].concat());
        let month = month.ends(0).json();
        let rows = month["scopes"]["unit:S1"].as_object().unwrap();
        (rows.contains_key("JEL-1"), rows.contains_key("MCV-1"))
    };
    assert_eq!(rows(&[]), (false, true));
    assert_eq!(rows(&["--no-je=no"]), (true, true));
}

#[test]
fn the_list_of_reports_says_which_tables_are_official() {
    let world = World::empty();
    let rows = world.run(&["report", "list", "-o", "csv"]).ends(0).csv();
    let official = |name: &str| {
        let row = rows.iter().find(|row| row["report"] == name).expect(name);
        row["official"].clone()
    };
    assert_eq!((official("coverage"), official("cohort")), ("false".into(), "false".into()));
    assert_eq!(official("national month"), "true");
    assert_eq!(official("national paid"), "true");
    let shown = world.run(&["report", "list", "--lang", "zh-CN"]).ends(0).out;
    assert!(!shown.contains("official") && shown.contains("性质"), "{shown}");
    let shown = world.run(&["report", "list", "--lang", "zh-CN", "-o", "csv"]).ends(0).out;
    let own: Vec<&str> = shown.lines().filter(|line| line.contains(",false,")).collect();
    assert!(own.iter().all(|line| !line.contains("月报表") && !line.contains("季报表")), "{own:?}");
}
