//! Figures beside the tables of coverage: other denominators, doses outside the programme, surveys.

use crate::support::{World, text};
use std::path::PathBuf;

/// Four children born in 2023 in a township of 12,000 people; three of them have BCG, one has paid vaccine.
fn folder(world: &World) -> PathBuf {
    let dir = world.path("files");
    std::fs::create_dir_all(&dir).unwrap();
    let write = |name: &str, content: &str| std::fs::write(dir.join(name), content).unwrap();
    write("units.csv", "unit,name,township,county\n320101010001,甲,T1,C1\n");
    write("townships.csv", "township,county,population\nT1,C1,12000\n");
    let mut children = "child,born,unit\n".to_owned();
    let mut doses = "dose,child,vaccine,date,unit,attribute\n".to_owned();
    for n in 1..=4 {
        children += &format!("c{n},2023-05-0{n},320101010001\n");
        let vaccine = if n < 4 { "BCG" } else { "HepB" };
        doses += &format!("{n},c{n},{vaccine},2023-05-0{n},320101010001,P\n");
    }
    for (n, vaccine, day, unit) in [
        (10, "Varicella", "2024-05-20", "320101010001"),
        (11, "Varicella", "2025-02-20", "320101010001"),
        (12, "HepB", "2025-03-01", "320101010001"),
        (13, "PCV13", "2025-03-02", "777777777777"),
    ] {
        doses += &format!("{n},c1,{vaccine},{day},{unit},S\n");
    }
    write("children.csv", &children);
    write("doses.csv", &doses);
    dir
}

#[test]
fn reported_rates_are_held_against_other_denominators() {
    let world = World::empty();
    let folder = folder(&world);
    world.file("births.csv", "area,year,births,source\nT1,2023,5,妇幼\nT8,2023,9,妇幼\n");
    let run = |more: &[&str]| {
        let base = ["national", "denominators", "2025", "--folder", text(&folder)];
        world.run(&[&base[..], more].concat())
    };
    let ran = run(&["--births", "births.csv", "-o", "json"]).ends(0);
    let lines = ran.json();
    let bcg = lines.as_array().unwrap().iter().find(|line| line["row"] == "BCG-1").unwrap();
    assert_eq!(
        (&bcg["place"], &bcg["age"], &bcg["source"]),
        (&"township:T1".into(), &2.into(), &"妇幼".into())
    );
    // 3 of 4 children of the files, 3 of 5 births.
    assert_eq!((&bcg["reported"], &bcg["estimated"]), (&"75.00".into(), &"60.00".into()));
    assert_eq!((&bcg["found"], &bcg["d_value"]), (&"80.00".into(), &"15.00".into()));
    assert!(ran.err.contains("births of T8 in 2023 were not used"), "{}", ran.err);
    // 12,000 people and 0.25 per thousand are 3 births: more children had the dose than were born.
    let rows = run(&["--birth-rate", "0.25", "-o", "csv"]).ends(0).csv();
    let bcg = rows.iter().find(|row| row["row"] == "BCG-1" && row["born"] == "2023").unwrap();
    assert_eq!((bcg["other"].as_str(), bcg["d_value"].as_str()), ("3", "-25.00"));
    run(&[]).ends(2);
    run(&["--birth-rate", "much"]).ends(2);
    world.file("births.csv", "area,year,births\nT1,2023,some\n");
    let ran = run(&["--births", "births.csv"]).ends(4);
    assert!(ran.err.contains("births.csv:2 column births"), "{}", ran.err);
}

#[test]
fn a_place_that_no_unit_belongs_to_is_refused_and_no_empty_table_printed() {
    let world = World::empty();
    let folder = folder(&world);
    for asked in [
        &["month", "2025-03"][..],
        &["cum", "2025-03"],
        &["month", "2025-03", "--explain", "BCG-1"],
        &["cohort", "2025-12-31"],
        &["cohort", "2025-12-31", "--explain", "BCG-1"],
        &["year90", "2025"],
        &["paid", "2025-03"],
        &["paid", "2025-03", "--explain", "Varicella"],
        &["hpv", "2025-12"],
        &["schools", "2025-09-15"],
        &["schools", "2025-09-15", "--list"],
    ] {
        let of = |place: &str| {
            let more = ["--folder", text(&folder), "--scope", place];
            world.run(&[&["national"], asked, &more].concat())
        };
        let ran = of("county:C9").ends(1);
        assert!(ran.err.contains("county:C9") && ran.err.contains("county:"), "{}", ran.err);
        assert!(ran.out.is_empty(), "{asked:?}: {}", ran.out);
        of("all").ends(0);
    }
}

#[test]
fn births_of_a_file_are_kept_in_the_register_and_used_from_then_on() {
    let world = World::small();
    world.file("persons.csv", "person,area,born,sex,unit\nk1,A,2021-01-05,M,S1\n");
    world.file("doses.csv", "record,person,date,place,product\nb1,k1,2021-01-05,S1,BCG\n");
    world.run(&["persons", "import", "persons.csv"]).ends(0);
    world.run(&["doses", "import", "doses.csv"]).ends(0);
    let run = |more: &[&str]| world.run(&[&["national", "denominators", "2025"], more].concat());
    let lines = |more: &[&str]| run(&[more, &["-o", "csv"]].concat()).ends(0).csv();
    assert_eq!(lines(&[]).len(), 0);
    // A year without a group of the table is kept, and is no line of this one.
    let rows = "area,year,births,source\nA,2021,4,妇幼\nA,2025,9,妇幼\n";
    world.file("births.csv", rows);
    assert!(!lines(&["--births", "births.csv"]).is_empty());
    assert_eq!(lines(&[]).len(), 0, "a file that is not to be kept is used once");
    let ran = run(&["--births", "births.csv", "--keep"]).ends(0);
    assert!(ran.err.contains("2 rows of births are new or changed"), "{}", ran.err);
    let ran = run(&["-o", "csv"]).ends(0);
    let found = ran.csv();
    let bcg = found.iter().find(|line| line["row"] == "BCG-1").expect("a line");
    assert_eq!((bcg["other"].as_str(), bcg["d_value"].as_str()), ("4", "75.00"));
    assert!(!ran.err.contains("were not used"), "{}", ran.err);
    let ran = run(&["--births", "births.csv", "--keep"]).ends(0);
    assert!(ran.err.contains("0 rows of births"), "{}", ran.err);
    // Where nobody has a file, the other source says how many miss one.
    world.file("others.csv", "area,year,births\nB,2020,5\n");
    let found = lines(&["--births", "others.csv"]);
    let bcg = found.iter().find(|line| line["row"] == "BCG-1").expect("a line");
    let said = ["place", "children", "other", "found", "d_value"].map(|key| bcg[key].as_str());
    assert_eq!(said, ["township:B", "0", "5", "0.00", ""]);
    // A place and year that stand there twice: which number is meant?
    world.file("twice.csv", "area,year,births\nA,2021,4\nB,2020,5\nA,2021,6\n");
    let ran = run(&["--births", "twice.csv", "--keep"]).ends(4);
    assert!(ran.err.contains("twice.csv:4") && ran.err.contains("row 2"), "{}", ran.err);
    // All or none.
    world.file("other.csv", "area,year,births\nA,2020,5\nZ,2020,5\n");
    let ran = run(&["--births", "other.csv", "--keep"]).ends(1);
    assert!(ran.err.contains("“Z” is no township or county"), "{}", ran.err);
    assert!(lines(&[]).iter().all(|line| line["born"] == "2021"));
    run(&["--keep"]).ends(2);
    let log = world.run(&["account", "log", "-o", "csv"]).ends(0).csv();
    let kept: Vec<_> = log.iter().filter(|line| line["did"] == "births-enter").collect();
    assert_eq!((kept.len(), kept[0]["said"].as_str()), (1, "births of 2 areas and years"));
}

#[test]
fn doses_outside_the_programme_are_counted_by_vaccine_dose_and_month() {
    let world = World::empty();
    let folder = folder(&world);
    let base = ["national", "paid", "2025-03", "--folder", text(&folder)];
    let ran = world.run(&[&base[..], &["-o", "json"]].concat()).ends(0);
    let found = ran.json();
    let unit = &found["scopes"]["unit:320101010001"];
    assert_eq!(unit["Varicella"]["2"]["2025-02"], 1, "{found}");
    assert_eq!(unit["HepB"]["1"]["2025-03"], 1, "{found}");
    assert_eq!((&found["elsewhere"], &unit["PCV13"]), (&1.into(), &serde_json::Value::Null));
    assert!(ran.err.contains("1 more doses"), "{}", ran.err);
    let shown = world.run(&[&base[..], &["-o", "csv"]].concat()).ends(0).out;
    assert!(shown.starts_with("非国家免疫规划疫苗接种数月报表\n"), "{shown}");
    assert!(shown.contains("Varicella,2,0,1,0,1\n"), "{shown}");
    assert!(shown.contains("小计,,0,1,1,2\n"), "{shown}");
    // The children behind it, of one dose or of all.
    let behind = |vaccine: &str| {
        world.run(&[&base[..], &["--explain", vaccine, "-o", "csv"]].concat()).ends(0).csv()
    };
    let rows = behind("Varicella/2");
    let found = ["child", "unit", "record", "vaccine", "date"].map(|key| rows[0][key].as_str());
    assert_eq!((rows.len(), found), (1, ["c1", "320101010001", "11", "Varicella", "2025-02-20"]));
    assert_eq!((behind("HepB").len(), behind("Varicella/1").len()), (1, 0));
    let ran = world.run(&[&base[..], &["--explain", "Nothing"]].concat()).ends(1);
    assert!(ran.err.contains("Varicella"), "{}", ran.err);
}

#[test]
fn a_survey_is_a_form_with_a_result_and_its_interval() {
    let world = World::empty();
    world.run(&["national", "survey", "form", "blank.csv"]).ends(0);
    let blank = world.read("blank.csv");
    assert!(blank.contains("接种单位季度搜索儿童调查表") && blank.lines().count() == 33, "{blank}");
    // Blank rows say nothing.
    let mut filled = String::new();
    for line in blank.lines() {
        let number = line.split(',').next().and_then(|first| first.parse::<u32>().ok());
        match number {
            Some(number) if number <= 10 => {
                let yes = if number == 1 { "否" } else { "是" };
                filled += &format!("{number},,,,{yes},是,,是\n");
            }
            _ => filled += &format!("{line}\n"),
        }
    }
    world.file("filled.csv", filled);
    let found =
        world.run(&["national", "survey", "result", "filled.csv", "-o", "json"]).ends(0).json();
    let certificate = &found["shares"]["certificate"];
    assert_eq!((&found["children"], &certificate["yes"]), (&10.into(), &9.into()));
    assert_eq!(
        (&certificate["rate"], &certificate["interval"]),
        (&"90.00".into(), &"wilson".into())
    );
    assert_eq!((&certificate["low"], &certificate["high"]), (&59.58.into(), &98.21.into()));
    assert_eq!(found["shares"]["complete"]["children"], 0);
    world.file("clusters.csv", "cluster,certificate\n甲村,yes\n甲村,no\n乙村,yes\n乙村,yes\n");
    let rows =
        world.run(&["national", "survey", "result", "clusters.csv", "-o", "csv"]).ends(0).csv();
    assert_eq!((rows[0]["percent"].as_str(), rows[0]["interval"].as_str()), ("75.00", "clusters"));
    world.file("wrong.csv", "certificate\nperhaps\n");
    let ran = world.run(&["national", "survey", "result", "wrong.csv"]).ends(4);
    assert!(ran.err.contains("wrong.csv:2 column certificate"), "{}", ran.err);
}
