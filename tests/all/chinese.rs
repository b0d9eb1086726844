//! What Chinese readers see has no English words but names, codes and what is typed.

use crate::outputs::{DATA, world};
use crate::support::{Ran, SENIORS, World};
use serde_json::Value;

/// Commands whose output is a file, a mail as it leaves or the database's own names.
const RAW: [&str; 7] =
    ["--part eml", "outbox show 1", "persons export", "backup", "restore", "db move", "explain"];
/// Names and codes of this county, its files, reports and jobs; and checks of this very machine.
const NAMES: &[&str] = &[
    // The county.
    "small",
    "adult",
    "senior",
    "other",
    "li",
    "office",
    "county",
    "asked",
    // Columns of files and keys of settings.
    "area",
    "areas",
    "date",
    "group",
    "series",
    // Reports.
    "coverage",
    "doses",
    "due",
    "drop-out",
    "valid",
    "completion",
    "cohort",
    "catch-up",
    "timeliness",
    "stock",
    "sites",
    "national",
    "paid",
    "month",
    "cum",
    // Jobs, which are typed.
    "plan",
    "summary",
    "reminders",
    "digest",
    "schools",
];

/// The Latin words of a text that are no codes: those with digits, dots or slashes, options, and commands to type are.
fn words(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_./:@=-".contains(c);
    let mut out = Vec::new();
    for line in text.lines() {
        let mut is_command = false;
        // Between backquotes stands what is typed.
        for part in line.split('`').step_by(2) {
            for run in part.split(|c: char| !c.is_ascii()) {
                for word in run.split(|c| !is_part(c)).filter(|word| !word.is_empty()) {
                    is_command |= word == "doseplan";
                    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
                    let is_code =
                        word.contains(|c: char| c.is_ascii_digit() || "_./:@=".contains(c));
                    if letters > 1 && !is_code && !word.starts_with('-') && !is_command {
                        out.push(word.to_owned());
                    }
                }
                is_command = false;
            }
        }
    }
    out
}

fn chinese(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.args(["--lang", "zh-CN"]).env("COLUMNS", "500");
    Ran::from(command.output().expect("the program starts"))
}

#[test]
fn no_command_says_english_words_in_chinese() {
    let world = world();
    let mut foreign = Vec::new();
    for line in DATA.iter().map(|line| line.trim_start_matches('!')) {
        if RAW.iter().any(|raw| line.contains(raw)) || line == "doctor" {
            continue;
        }
        let arguments: Vec<&str> = line.split(' ').collect();
        let ran = chinese(&world, &arguments);
        // Whoever runs the tests is named in the log.
        let said = format!("{}\n{}", ran.out, ran.err);
        let said: String = said.lines().map(without_user).collect::<Vec<_>>().join("\n");
        let strange = words(&said).into_iter().filter(|word| !NAMES.contains(&word.as_str()));
        foreign.extend(strange.map(|word| format!("{line}: {word}")));
    }
    foreign.dedup();
    assert!(foreign.is_empty(), "{foreign:#?}");
}

/// A line without the name before the words for the command line.
fn without_user(line: &str) -> String {
    let Some((before, after)) = line.split_once("（命令行）") else { return line.to_owned() };
    let before = before.trim_end_matches(|c: char| !c.is_whitespace());
    format!("{before}{after}")
}

#[test]
fn the_audit_log_speaks_the_readers_language_and_keeps_what_is_stored() {
    let world = World::small();
    world.file("password", "a long password\n");
    let add = ["account", "add", "li", "--role", "planner", "--password-file", "password"];
    world.run(&add).ends(0);
    let stored = world.run(&["account", "log", "-o", "json"]).ends(0).json();
    assert_eq!(
        (&stored[0]["did"], &stored[0]["said"]),
        (&"account-add".into(), &"li planner".into())
    );
    let log = chinese(&world, &["account", "log"]).ends(0).out;
    assert!(log.contains("建立账号") && log.contains("li，计划员"), "{log}");
    // Programs read the same in every language.
    let json = chinese(&world, &["account", "log", "-o", "json"]).ends(0).json();
    assert_eq!(json, stored);
    assert!(world.run(&["account", "log"]).ends(0).out.contains("li planner"));
    // Whoever is named in Chinese is found by that name.
    let who = stored[0]["who"].as_str().unwrap().replace(" (command line)", "（命令行）");
    let own = world.run(&["account", "log", "--who", &who, "-o", "json"]).ends(0).json();
    assert_eq!(own, stored);
}

#[test]
fn a_wrong_configuration_is_told_in_chinese() {
    let world = World::small();
    for (text, said) in [
        ("[mail]\ntransport = \"smpt\"\n", "不能写 `smpt`；可写 `folder` 或 `smtp`"),
        ("[http]\nlisten = 5\n", "类型不对：整数 `5`；应为文字（加引号）"),
        (
            "[http]\nlisten = \"abc\"\n",
            "\"abc\" 不是可监听的地址；请写成 \"127.0.0.1:8470\"，或写 \"off\"",
        ),
        ("[mial]\nx = 1\n", "没有 `mial` 这一项；可写 `db`"),
    ] {
        world.file("wrong.toml", text);
        let ran = chinese(&world, &["status", "--config", "wrong.toml"]);
        assert_eq!(ran.code, 4, "{}", ran.err);
        assert!(
            ran.err.contains("配置文件 wrong.toml：第 ") && ran.err.contains(said),
            "{}",
            ran.err
        );
    }
    let ran = chinese(&world, &["status", "--config", "absent.toml"]);
    let said = "配置文件 absent.toml 无法读取：找不到文件或文件夹";
    assert!(ran.err.contains(said), "{}", ran.err);
    let ran = chinese(&world, &["--db", "sqlite://absent/a.db", "status"]);
    assert!(ran.err.contains("没有数据库 absent/a.db"), "{}", ran.err);
}

#[test]
fn an_appointment_of_a_closed_campaign_does_not_stand() {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    world.plan_day_by_day();
    let ended = |code: &str| -> Vec<Value> {
        let file = world.run(&["persons", "show", code, "-o", "json"]).ends(0).json();
        let all = file["appointments"].as_array().expect("a list").iter();
        all.map(|one| one["ended"].clone()).collect()
    };
    let code = ["p1", "p2", "p3", "p6"].into_iter().find(|code| !ended(code).is_empty());
    let code = code.expect("somebody has an appointment");
    assert!(ended(code).iter().all(Value::is_null));
    let shown = chinese(&world, &["persons", "show", code]).ends(0).out;
    assert!(shown.contains("有效") && shown.contains("小县接种"), "{shown}");
    assert!(shown.contains("出生日期") && shown.contains("甲镇"), "{shown}");
    world.run(&["campaign", "close", "small"]).ends(0);
    assert!(ended(code).iter().all(|ended| ended == "campaign_closed"));
    let shown = chinese(&world, &["persons", "show", code]).ends(0).out;
    assert!(shown.contains("活动已结束") && !shown.contains("有效"), "{shown}");
}
