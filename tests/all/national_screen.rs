//! The official figures as somebody at a terminal sees them, and what is said beside them.

use crate::support::{World, small, text};
use std::path::PathBuf;

/// Files of children of every age, one of them twice, of two schools.
fn folder(world: &World) -> PathBuf {
    let dir = world.path("files");
    std::fs::create_dir_all(&dir).unwrap();
    let mut children = "child,name,id_no,guardian,sex,born,unit,died,school,class\n".to_owned();
    let mut doses = "dose,child,vaccine,date,unit,attribute\n".to_owned();
    for year in 2007..=2024 {
        let school = if year > 2020 { "一幼,小1班" } else { "一小,三1班" };
        children += &format!("c{year},甲{year},N{year},乙,2,{year}-03-05,A,,{school}\n");
        doses += &format!("b{year},c{year},BCG,{year}-03-05,A,P\n");
    }
    children += "d2024,甲2024,N2024,乙,2,2024-03-05,A,,一幼,小1班\n";
    let units = "unit,name,township,county\nA,甲,T1,C1\n";
    for (name, text) in [("children", &*children), ("doses", &*doses), ("units", units)] {
        std::fs::write(dir.join(format!("{name}.csv")), text).unwrap();
    }
    dir
}

/// What a terminal of some columns shows.
fn shown(world: &World, language: &str, columns: &str, asked: &[&str]) -> String {
    let folder = folder(world);
    let rest = ["--folder", text(&folder), "--lang", language];
    let mut command = world.command(&[&["national"], asked, &rest[..]].concat());
    let ran = command.env("COLUMNS", columns).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

/// The heading of a table: the lines before its rule.
fn heading(shown: &str) -> String {
    let lines: Vec<&str> = shown.lines().take_while(|line| !line.starts_with('─')).collect();
    lines.join("\n")
}

#[test]
fn vaccine_and_dose_have_a_heading_each() {
    let world = World::empty();
    let month = heading(&shown(&world, "zh-CN", "120", &["month", "2024-03"]));
    assert_eq!(month.matches("疫苗（大类").count(), 1, "{month}");
    assert!(month.contains("剂次"), "{month}");
    let month = heading(&shown(&world, "en", "120", &["month", "2024-03"]));
    assert_eq!((month.matches("vaccine ").count(), month.matches("dose ").count()), (1, 1));
}

#[test]
fn a_cohort_table_is_cut_into_as_many_as_the_terminal_needs() {
    let world = World::empty();
    for (language, first, last) in [("zh-CN", "1岁儿童", "18岁儿童"), ("en", "1 y", "18 y")] {
        let widths = ["80", "120", "240"].map(|columns| {
            let shown = shown(&world, language, columns, &["cohort", "2025-12-31"]);
            let rules: Vec<usize> = shown
                .lines()
                .filter(|line| line.starts_with('─'))
                .map(|line| line.chars().count())
                .collect();
            let most: usize = columns.parse().unwrap();
            assert!(rules.iter().all(|width| *width <= most), "{rules:?} {shown}");
            for part in [first, last] {
                assert!(shown.contains(part), "{part}: {shown}");
            }
            // No rate is broken: every child has BCG.
            let bcg = |line: &&str| line.contains("BCG") || line.contains("卡介苗");
            let rates: usize =
                shown.lines().filter(bcg).map(|line| line.matches("100.00").count()).sum();
            assert_eq!(rates, 18, "{shown}");
            rules.len()
        });
        assert!(widths[0] > widths[1] && widths[1] > widths[2] && widths[2] == 1, "{widths:?}");
    }
}

#[test]
fn the_table_of_schools_has_vaccines_below_it() {
    let world = World::empty();
    let shown = shown(&world, "zh-CN", "120", &["schools", "2025-09-15"]);
    let of = |name: &str| -> Vec<String> {
        let line = shown.lines().find(|line| line.trim_start().starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name}: {shown}"));
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(of("一幼")[..2], ["一幼", "4"], "{shown}");
    assert_eq!(of("合计")[..2], ["合计", "18"], "{shown}");
    // Nobody has hepatitis B vaccine, and all who are under 18 can still have it.
    assert_eq!(of("乙肝疫苗 1").last().unwrap(), "17", "{shown}");
    assert!(!shown.contains("卡介苗"), "what nobody misses is left out: {shown}");
}

#[test]
fn why_two_files_are_one_child_is_said_in_words() {
    let world = World::empty();
    let pairs = shown(&world, "zh-CN", "160", &["duplicates"]);
    assert!(pairs.contains("姓名、证件号; 姓名、性别、出生日期、监护人"), "{pairs}");
    assert!(!pairs.contains("id_no"), "{pairs}");
    let folder = folder(&world);
    let asked = ["national", "duplicates", "--folder", text(&folder), "-o", "csv"];
    assert_eq!(world.run(&asked).ends(0).csv()[0]["keys"], "name+id_no name+sex+born+guardian");
}

#[test]
fn what_is_counted_apart_is_said_in_words() {
    let world = World::empty();
    let folder = folder(&world);
    let add = |name: &str, rows: &str| {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap() + rows;
        std::fs::write(path, text).unwrap();
    };
    add("children.csv", "e1,丙,,,9,2020-01-02,,,,\ne2,丁,,,1,2020-13-02,A,,,\n");
    add(
        "children.csv",
        "e3,戊,,,1,2020-01-02,,,,\ne4,己,N2010,,1,2020-01-02,Z,,,\nc2024,庚,,,1,2020-01-02,A,,,\n",
    );
    add("doses.csv", "x1,c2010,BCGG,2015-01-02,A,P\nx2,c2010,BCG,2001-01-02,A,P\n");
    add("doses.csv", "x3,nobody,BCG,2015-01-02,A,P\nx4,c2010,MMR,2015-01-02,A,\n");
    add("doses.csv", "x4,c2010,HepB,2015-01-03,A,P\nx5,,HepB,2015-01-03,A,P\n");
    for (language, mark, parts) in [
        (
            "zh-CN",
            "另计：",
            ["疫苗编码不明的剂次：1", "没有管理单位的儿童：2", "日期早于出生：1", "必填项空白：1"],
        ),
        (
            "en",
            "counted apart: ",
            [
                "doses with an unknown vaccine code: 1",
                "children without a managing unit: 2",
                "days before birth: 1",
                "cells that must not be empty: 1",
            ],
        ),
    ] {
        let asked = ["national", "month", "2025-03", "--folder", text(&folder)];
        let ran = world.run(&[&asked[..], &["--lang", language]].concat()).ends(3);
        let apart: Vec<&str> = ran.err.lines().filter_map(|line| line.strip_prefix(mark)).collect();
        for part in parts {
            assert!(apart.contains(&part), "{part}: {}", ran.err);
        }
        // Every kind of issue, and none by its code.
        assert!(apart.len() >= 11, "{apart:?}");
        assert!(apart.iter().all(|line| !line.contains('_')), "{apart:?}");
    }
}

#[test]
fn a_name_that_nobody_knows_is_told_and_counted_apart() {
    let campaign = small().swap("deliveries.csv", "L1,vero,", "L1,灭活疫苗,");
    let world = World::with(&campaign);
    world.file("persons.csv", "person,area,born,sex,unit\nk1,A,2000-01-05,M,S1\n");
    world.run(&["persons", "import", "persons.csv"]).ends(0);
    let head = "record,person,date,place,product,attribute,entered_by,entered_at\n";
    let row = |(record, day, product): (&str, &str, &str)| {
        format!("{record},k1,{day},S1,{product},S,S1,{day}\n")
    };
    let rows = [
        ("r1", "2021-03-01", "灭活疫苗"),
        ("r2", "2021-04-01", "没听说过的疫苗"),
        ("r3", "2021-05-01", "没听说过的疫苗"),
        ("r4", "2021-06-01", "Unheard"),
        ("r5", "2021-07-01", ""),
    ];
    let rows: String = rows.into_iter().map(row).collect();
    world.file("doses.csv", format!("{head}{rows}"));
    world.run(&["doses", "import", "doses.csv"]).ends(0);
    let ran = world.run(&["national", "month", "2021-06", "-o", "json"]);
    let apart = &ran.json()["apart"];
    assert_eq!(
        (&apart["vaccine_by_campaign"], &apart["vaccine_without_rule"]),
        (&2.into(), &1.into())
    );
    for part in [
        "no rule knows the vaccine name “没听说过的疫苗”; its doses (2) are counted as COVID-I",
        "no rule knows the vaccine “Unheard”",
        "counted apart: doses with an unknown name, taken as the vaccine of their campaign: 2",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert!(!ran.err.contains("“灭活疫苗”"), "a delivery says what it is: {}", ran.err);
    let paid = world.run(&["national", "paid", "2021-07", "-o", "json"]).ends(0).json();
    let own = paid["scopes"]["unit:S1"]["COVID-I"].as_object().unwrap();
    assert_eq!(own.len(), 4, "{paid}");
}

#[test]
fn a_wrong_answer_of_a_survey_lists_the_right_ones_in_the_reader_s_language() {
    let world = World::empty();
    world.file("wrong.csv", "certificate\n也许\n");
    for (language, words) in [("zh-CN", "可选：是、否"), ("en", "words: yes, no")] {
        let asked = ["national", "survey", "result", "wrong.csv", "--lang", language];
        let ran = world.run(&asked).ends(4);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
}

#[test]
fn a_list_of_nobody_says_so_and_its_file_has_headings() {
    let world = World::empty();
    let folder = folder(&world);
    let asked = ["national", "hpv", "2025-10", "--folder", text(&folder)];
    let ran = world.run(&asked).ends(0);
    assert!(ran.err.contains("nobody misses a dose") && ran.out.is_empty(), "{}", ran.out);
    world.run(&[&asked[..], &["--save", "list.csv"]].concat()).ends(0);
    let list = world.read("list.csv");
    assert!(list.contains("HPV疫苗漏种女生名单") && list.contains("班级,姓名,"), "{list}");
    // In November girls of thirteen are due.
    let asked = ["national", "hpv", "2025-11", "--folder", text(&folder)];
    let ran = world.run(&asked).ends(0);
    assert!(!ran.err.contains("nobody") && ran.out.contains("c2012"), "{}", ran.out);
}

#[test]
fn a_comparison_without_births_says_why_it_is_empty() {
    let world = World::small();
    let ran = world.run(&["national", "denominators", "2025", "--lang", "zh-CN"]).ends(0);
    assert!(ran.err.contains("没有可比较的数"), "{}", ran.err);
    let folder = folder(&world);
    world.file("births.csv", "area,year,births\nT1,2023,2\n");
    let asked = ["national", "denominators", "2025", "--births", "births.csv", "--lang", "zh-CN"];
    let ran = world.run(&[&asked[..], &["--folder", text(&folder)]].concat()).ends(0);
    assert!(!ran.err.contains("没有可比较的数"), "{}", ran.err);
    assert!(ran.out.contains("乙肝疫苗1") && !ran.out.contains("HepB"), "{}", ran.out);
}

#[test]
fn what_is_said_of_a_register_names_no_files() {
    let world = World::small();
    world.file("persons.csv", "person,area,born,sex,unit\nk1,A,2020-01-05,M,S9\n");
    world.run(&["persons", "import", "persons.csv"]).ends(0);
    let ran = world.run(&["national", "month", "2099-01"]).ends(0);
    for part in ["after today", "the list of units has no unit “S9”"] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert!(!ran.err.contains(".csv"), "{}", ran.err);
}
