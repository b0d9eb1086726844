//! Exit codes, campaigns from files, forms of output.

use crate::support::{Ran, SENIORS, World, small, text};

#[test]
fn a_wrong_option_is_a_matter_of_usage() {
    let world = World::empty();
    world.run(&["coverage", "--as-of", "2021-02-30"]).ends(2);
    world.run(&["covrage"]).ends(2);
    world.run(&["campaign", "check"]).ends(2);
    world.run(&["doses", "void", "r1"]).ends(2);
}

#[test]
fn help_and_version_end_well() {
    let world = World::empty();
    assert!(world.run(&["--help"]).ends(0).out.contains("campaign"));
    assert!(world.run(&["--version"]).ends(0).out.starts_with("doseplan "));
    for shell in ["bash", "zsh", "fish"] {
        assert!(world.run(&["completion", shell]).ends(0).out.contains("doseplan"));
    }
}

#[test]
fn what_is_refused_is_told_in_the_readers_language() {
    let world = World::small();
    let adopt = |language: &str| world.run(&["--lang", language, "plan", "adopt"]).ends(1).err;
    assert_eq!(adopt("zh-CN").trim(), "doseplan: 没有草案；用 `doseplan plan make` 生成");
    assert!(adopt("en").contains("there is no draft"));
    let wrong = world.run(&["--lang", "zh-CN", "--campaign", "nobody", "status"]).ends(4).err;
    assert!(wrong.contains("没有活动“nobody”；已有：small"), "{wrong}");
}

#[test]
fn a_path_that_is_not_there_is_said_and_ends_with_4() {
    let world = World::small();
    world.file("plan.csv", "date,place,team,area,group,dose,doses\n");
    for arguments in [
        &["campaign", "check", "nowhere"][..],
        &["campaign", "apply", "nowhere"],
        &["plan", "make", "--folder", "nowhere"],
        &["plan", "check", "nowhere", "plan.csv"],
        &["plan", "check", "small", "nowhere.csv"],
        &["plan", "check", "small", "plan.csv", "--certificate", "nowhere.json"],
        &["plan", "make", "--folder", "small", "--given", "nowhere.csv"],
        &["doses", "import", "nowhere.csv"],
        &["persons", "import", "nowhere.csv"],
        &["--config", "nowhere.toml", "status"],
    ] {
        let ran = world.run(arguments).ends(4);
        assert!(
            format!("{}{}", ran.out, ran.err).contains("nowhere"),
            "{arguments:?}: {}",
            ran.err
        );
    }
}

#[test]
fn a_configuration_that_says_something_unknown_ends_with_4() {
    let world = World::small();
    world.file("doseplan.toml", "[mial]\nfrom = \"a@b.example\"\n");
    assert!(world.run(&["status"]).ends(4).err.contains("mial"));
    world.file("doseplan.toml", "[reminders]\nquiet_hours = \"21-8\"\n");
    assert!(world.run(&["status"]).ends(4).err.contains("21:00-08:00"));
}

#[test]
fn without_a_database_or_a_campaign_the_program_says_what_to_do() {
    let world = World::empty();
    let ran = world.run(&["coverage"]).ends(5);
    assert!(ran.err.contains("campaign apply"), "{}", ran.err);
    world.run(&["--db", "mysql://x", "coverage"]).ends(5);
    let world = World::small();
    assert!(world.run(&["--campaign", "other", "coverage"]).ends(4).err.contains("small"));
    assert!(world.run(&["coverage", "other"]).ends(4).err.contains("small"));
    world.run(&["coverage", "small", "--as-of", "2021-04-01"]).ends(0);
}

#[test]
fn with_two_campaigns_a_command_wants_to_know_which() {
    let world = World::small();
    let other = small().swap("campaign.toml", "id = \"small\"", "id = \"second\"");
    world.run(&["campaign", "apply", text(&other.write(&world.path("second")))]).ends(0);
    let workbook = world.path("campaign.xlsx");
    let ran = world.run(&["campaign", "export", text(&workbook)]).ends(4);
    assert!(ran.err.contains("second") && ran.err.contains("--campaign"), "{}", ran.err);
    let both = world.run(&["coverage"]).ends(0).out;
    assert!(both.contains("(small)") && both.contains("(second)"), "{both}");
    world.run(&["--campaign", "second", "coverage"]).ends(0);
    let list = world.run(&["campaign", "list", "-o", "json"]).ends(0).json();
    assert_eq!(list.as_array().unwrap().len(), 2);
}

#[test]
fn a_good_folder_is_good_and_checking_it_stores_nothing() {
    let world = World::empty();
    let folder = small().write(&world.path("small"));
    let json = world.run(&["campaign", "check", text(&folder), "-o", "json"]).ends(0).json();
    assert_eq!(json["errors"].as_array().unwrap().len(), 0);
    assert!(!world.path("doseplan.db").exists());
}

#[test]
fn a_check_tells_every_problem_with_file_row_column_and_code() {
    let world = World::empty();
    let folder = small()
        .swap("areas.csv", "A,甲镇,001", "A,甲镇,B")
        .swap("areas.csv", "B,乙镇,001", "B,乙镇,A")
        .swap("eligible.csv", "A,adult,200", "A,adult,-1")
        .swap("eligible.csv", "B,adult,100", "B,adult,1000000000")
        .add("eligible.csv", "Z,adult,5,,")
        .swap("sites.csv", "S2,乙镇卫生院,B,20", "S2,乙镇卫生院,,20")
        .add("reach.csv", "A,S9")
        .add("closures.csv", "S1,2021-02-30,0")
        .swap("campaign.toml", "covid19-inactivated", "covid19-imaginary")
        .swap("campaign.toml", "end = 2021-05-10", "end = 2021-03-10");
    let folder = folder.write(&world.path("bad"));
    let json = world.run(&["campaign", "check", text(&folder), "-o", "json"]).ends(4).json();
    let found: Vec<(&str, &str, u64, &str)> = json["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            assert!(!e["message"].as_str().unwrap().is_empty());
            let text = |key: &str| e[key].as_str().unwrap_or_default();
            (text("code"), text("file"), e["row"].as_u64().unwrap_or(0), text("column"))
        })
        .collect();
    for wanted in [
        ("area_cycle", "areas.csv"),
        ("out_of_range", "eligible.csv"),
        ("unknown_area", "eligible.csv"),
        ("missing_value", "sites.csv"),
        ("unknown_site", "reach.csv"),
        ("bad_date", "closures.csv"),
        ("unknown_series", "campaign.toml"),
        ("end_before_start", "campaign.toml"),
    ] {
        assert!(found.iter().any(|e| (e.0, e.1) == wanted), "{wanted:?} in {found:?}");
    }
    assert!(found.contains(&("out_of_range", "eligible.csv", 2, "people")), "{found:?}");
    assert!(found.contains(&("out_of_range", "eligible.csv", 4, "people")), "{found:?}");
    assert!(found.contains(&("bad_date", "closures.csv", 3, "date")), "{found:?}");
    let lines = world.run(&["campaign", "check", text(&folder), "--lang", "en"]).ends(4).out;
    assert!(lines.contains("eligible.csv:2 column people: "), "{lines}");
    world.run(&["campaign", "apply", text(&folder)]).ends(4);
    assert!(!world.path("doseplan.db").exists());
}

#[test]
fn an_unknown_column_names_the_nearest_known_one() {
    let world = World::empty();
    let folder = small().swap("sites.csv", "weekday_doses", "weekdays_doses");
    let ran = world.run(&["campaign", "check", text(&folder.write(&world.path("bad")))]).ends(4);
    assert!(ran.out.contains("“weekday_doses”"), "{}", ran.out);
}

#[test]
fn a_utf16_file_is_named_as_what_it_is_and_gb18030_is_read() {
    let world = World::empty();
    let folder = small().write(&world.path("bad"));
    let areas = std::fs::read_to_string(folder.join("areas.csv")).unwrap();
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(areas.encode_utf16().flat_map(u16::to_le_bytes));
    std::fs::write(folder.join("areas.csv"), utf16).unwrap();
    let ran = world.run(&["campaign", "check", text(&folder)]).ends(4);
    assert!(ran.out.contains("UTF-16"), "{}", ran.out);
    // 甲镇 and 乙镇 and 小县 in GB18030.
    let mut out = Vec::new();
    for c in areas.chars() {
        match c {
            '小' => out.extend([0xd0, 0xa1]),
            '县' => out.extend([0xcf, 0xd8]),
            '甲' => out.extend([0xbc, 0xd7]),
            '乙' => out.extend([0xd2, 0xd2]),
            '镇' => out.extend([0xd5, 0xf2]),
            c => out.push(u8::try_from(u32::from(c)).unwrap()),
        }
    }
    std::fs::write(folder.join("areas.csv"), out).unwrap();
    world.run(&["campaign", "apply", text(&folder)]).ends(0);
    let rows = world.run(&["coverage", "--by", "area", "-o", "json"]).ends(0).json();
    let names: Vec<_> =
        rows["rows"].as_array().unwrap().iter().map(|r| r["area_name"].clone()).collect();
    assert!(names.contains(&"甲镇".into()), "{names:?}");
}

#[test]
fn applying_twice_changes_nothing_and_a_changed_file_shows_its_differences_first() {
    let world = World::empty();
    let folder = small().write(&world.path("small"));
    let folder = text(&folder);
    world.run(&["campaign", "apply", folder, "--dry-run"]).ends(10);
    world.run(&["coverage"]).ends(4);
    world.run(&["campaign", "apply", folder]).ends(0);
    let again = world.run(&["campaign", "apply", folder, "-o", "json"]).ends(0).json();
    assert_eq!(again, serde_json::json!([]));
    world.run(&["campaign", "apply", folder, "--dry-run"]).ends(0);
    small()
        .swap("sites.csv", "S1,甲镇卫生院,A,40", "S1,甲镇卫生院,A,50")
        .write(&world.path("small"));
    let dry = world.run(&["campaign", "apply", folder, "--dry-run", "-o", "csv"]).ends(10);
    let row = &dry.csv()[0];
    assert_eq!((row["table"].as_str(), row["key"].as_str()), ("sites", "S1"));
    assert_eq!((row["old"].as_str(), row["new"].as_str()), ("40", "50"));
    let list = |world: &World| world.run(&["campaign", "list", "-o", "json"]).ends(0).json();
    assert_eq!(list(&world)[0]["version"], 1);
    world.run(&["campaign", "apply", folder]).ends(0);
    assert_eq!(list(&world)[0]["version"], 2);
    world.run(&["campaign", "apply", folder]).ends(0);
    assert_eq!(list(&world)[0]["version"], 2);
    let history = world.run(&["campaign", "history", "-o", "json"]).ends(0).json();
    assert_eq!(history.as_array().unwrap().len(), 2);
}

#[test]
fn a_change_that_is_only_tried_says_what_it_would_break_and_breaks_nothing() {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    let run = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("DOSEPLAN_CLOCK", "2021-03-31T08:00:00+08:00");
        Ran::from(command.output().unwrap())
    };
    run(&["plan", "make", "--from", "2021-04-01", "--steps", "0"]).ends(0);
    run(&["plan", "adopt"]).ends(0);
    let list = || run(&["due", "list", "--by", "2021-04-10", "-o", "csv"]).ends(0).out;
    let before = list();
    assert!(before.contains("2021-04-01"), "{before}");
    small().add("closures.csv", "S1,2021-04-01,0").write(&world.path("small"));
    let apply = ["campaign", "apply", "small"];
    let tried = run(&[&apply[..], &["--dry-run"]].concat()).ends(10);
    let would = "6 appointments would be withdrawn";
    assert!(tried.err.contains("on closed days") && tried.err.contains(would), "{}", tried.err);
    assert_eq!(list(), before);
    let done = run(&apply).ends(0);
    assert!(done.err.contains("6 appointments are withdrawn"), "{}", done.err);
    assert_ne!(list(), before);
}

#[test]
fn an_exported_campaign_is_the_same_campaign() {
    let world = World::small();
    world.run(&["campaign", "export", "again"]).ends(0);
    let same = world.run(&["campaign", "apply", "again", "-o", "json"]).ends(0).json();
    assert_eq!(same, serde_json::json!([]));
}

#[test]
fn a_revision_of_the_eligible_keeps_its_history_and_source() {
    let world = World::small();
    small().add("eligible.csv", "A,adult,250,recount,2021-04-15").write(&world.path("small"));
    world.run(&["campaign", "apply", "small"]).ends(0);
    let eligible = |day: &str| {
        let at = world.coverage(day);
        crate::support::number(&crate::support::row(&at, "adult")["eligible"])
    };
    assert_eq!(eligible("2021-04-14"), 300);
    assert_eq!(eligible("2021-04-15"), 350);
    let ran = world.run(&["campaign", "history", "-o", "json"]).ends(0);
    assert!(ran.out.contains("recount"), "{}", ran.out);
}

#[test]
fn csv_cells_that_a_spreadsheet_would_run_leave_the_program_quoted() {
    let world = World::small();
    let evil = "p1,A,1950-01-01,\"=HYPERLINK(\"\"http://x\"\")\",F,,,+8613800000001 ext,,,";
    assert_eq!(world.import("persons", evil).ends(0).json()["new"], 1);
    let ran = world.run(&["due", "list", "--by", "2021-04-01", "-o", "csv"]).ends(0);
    let row = &ran.csv()[0];
    assert!(row["name"].starts_with("'="), "{}", row["name"]);
    assert!(row["phone"].starts_with("'+"), "{}", row["phone"]);
    let bad = "d1,=1+2,2021-04-02,S1,";
    world.import("doses", bad).ends(3);
    let errors = world.read("doses-errors.csv");
    assert!(errors.contains("'=1+2"), "{errors}");
}

#[test]
fn words_come_in_the_language_that_was_asked_for() {
    let world = World::small();
    let header = |lang: &str| {
        let ran = world.run(&["--lang", lang, "coverage", "--as-of", "2021-04-01"]).ends(0);
        assert!(!ran.out.contains('⟨') && !ran.err.contains('⟨'), "{}{}", ran.out, ran.err);
        ran.out
    };
    assert!(header("en").contains("eligible"));
    assert!(!header("zh-CN").contains("eligible"));
    world.run(&["--lang", "fr", "status"]).ends(2);
}

#[test]
fn status_shows_one_screen_and_its_check_ends_with_11_where_something_is_wrong() {
    let world = World::small();
    let ran = world.run(&["status", "--as-of", "2021-04-01"]).ends(0);
    assert!(!ran.out.contains('⟨') && !ran.err.contains('⟨'), "{}{}", ran.out, ran.err);
    let json = world.run(&["status", "--as-of", "2021-04-01", "-o", "json"]).ends(0).json();
    assert_eq!(json["campaign"], "small");
    let ran = world.run(&["status", "--as-of", "2021-04-01", "--check"]).ends(11);
    assert!(ran.err.contains('2'), "{}", ran.err);
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,0\nt2,2021-04-01,S2,B,adult,1,0").ends(0);
    world.run(&["status", "--as-of", "2021-04-01", "--check"]).ends(0);
}

#[test]
fn the_doctor_says_what_is_well_and_what_is_not() {
    let world = World::empty();
    assert!(world.run(&["doctor"]).ends(1).out.contains("fail"));
    let ran = World::small().run(&["doctor"]).ends(0);
    assert!(!ran.out.contains("fail") && !ran.out.contains('⟨'), "{}", ran.out);
}
