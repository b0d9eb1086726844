//! The mails as their readers get them: their parts as an independent parser reads them, their looks in a browser.

mod by_hand;
mod looks;

use crate::support::{SENIORS, World, skipped, small, text};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A name that is both a formula and an HTML tag.
const HOSTILE: &str = "=1+1<script>alert(1)</script>&\"\"";

/// What Python finds in mails; `None` if Python or one of its libraries is missing.
pub(crate) fn found(mails: &[&Path]) -> Option<Vec<Value>> {
    let needs = "import openpyxl, icalendar";
    let there = Command::new("python3").args(["-c", needs]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        skipped("no python3 with openpyxl and icalendar; pip install openpyxl icalendar");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/letters/parts.py");
    let output = Command::new("python3").arg(script).args(mails).output().expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    Some(lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

/// The small campaign with its register, planned and adopted on the last day of March.
fn planned(persons: &str) -> World {
    let world = World::small();
    world.import("persons", persons).ends(0);
    world.plan_day_by_day();
    world
}

/// A mail as it would be sent, in a file.
fn eml(world: &World, post: &str, day: &str) -> std::path::PathBuf {
    let said = world.run(&["digest", "preview", post, "--day", day, "--part", "eml"]).ends(0).out;
    world.file(&format!("{post}-{day}.eml"), said)
}

fn types(mail: &Value) -> Vec<&str> {
    mail["parts"].as_array().unwrap().iter().map(|part| part["type"].as_str().unwrap()).collect()
}

/// Checks that hold for every mail.
pub(crate) fn sound(mail: &Value) {
    for part in mail["parts"].as_array().unwrap() {
        assert_eq!(part["defects"].as_array().map(Vec::len), Some(0), "{part}");
        let file = part["file"].as_str().unwrap_or_default();
        assert!(file.is_ascii() && !file.contains(['"', '/', ' ']), "{file}");
    }
    assert_eq!(mail["bare"], 0, "line ends of mail");
    assert!(mail["longest"].as_u64().unwrap() <= 998, "{}", mail["longest"]);
    assert!(mail["texts"]["text/html"].as_str().unwrap().len() < 100_000);
    let headers: Vec<String> =
        mail["headers"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(headers.len(), headers.iter().collect::<BTreeSet<_>>().len(), "{headers:?}");
}

#[test]
fn a_leads_mail_carries_tomorrows_list_and_its_sessions() {
    let world = planned(SENIORS);
    let Some(mails) = found(&[&eml(&world, "S1", "2021-03-31")]) else { return };
    let mail = &mails[0];
    sound(mail);
    let wanted = [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/calendar",
    ];
    assert_eq!(types(mail), wanted);
    let parts = mail["parts"].as_array().unwrap();
    assert_eq!(parts[4]["file"], "list-S1-2021-04-01.xlsx");
    assert_eq!(parts[5]["file"], "sessions-S1-2021-04-01.ics");
    assert_eq!(parts[5]["method"], "PUBLISH");
    let rows = &mail["files"]["list"]["rows"];
    let people = rows["人员"].as_array().expect("a sheet of people");
    let cell = |row: usize, column: usize| people[row][column].as_str().unwrap_or_default();
    assert_eq!((cell(1, 2), cell(1, 4), cell(1, 7)), ("姓名", "电话", "到场"));
    let named: BTreeSet<&str> = (2..people.len()).map(|row| cell(row, 2)).collect();
    assert_eq!(named, ["赵一", "赵二", "钱三", "孙四", "李五", "周六"].into());
    // A phone number is text and keeps its digits.
    assert!((2..people.len()).any(|row| cell(row, 4) == "13800000001"), "{people:?}");
    assert_eq!(mail["files"]["list"]["created"], "2021-03-31 00:00:00");
    assert!(rows["预计人数"].as_array().unwrap().len() > 2, "{rows}");
    let draw = rows["领苗"].as_array().unwrap();
    assert!(draw.iter().any(|row| row[1] == "L1" || row[1] == "L2"), "{draw:?}");
    // The people of another site do not appear.
    let Some(other) = found(&[&eml(&world, "S2", "2021-03-31")]) else { return };
    assert!(!other[0].to_string().contains("赵一"), "{}", other[0]);
}

#[test]
fn a_session_that_changes_or_is_dropped_says_so_in_the_calendar() {
    let world = planned(SENIORS);
    let first = eml(&world, "S1", "2021-03-31");
    // The site closes on a day, and the next night's plan takes that into account.
    let closed = small().add("closures.csv", "S1,2021-04-02,0");
    let folder = closed.write(&world.path("closed"));
    world.run(&["campaign", "apply", text(&folder)]).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-04-01T01:00"]).ends(0);
    let Some(mails) = found(&[&first, &eml(&world, "S1", "2021-04-01")]) else { return };
    let events = |mail: usize| {
        let calendar = &mails[mail]["files"]["calendar"];
        assert_eq!((&calendar["method"], &calendar["bare"]), (&"PUBLISH".into(), &0.into()));
        assert!(calendar["longest"].as_u64().unwrap() <= 75, "{calendar}");
        calendar["events"].as_array().unwrap().clone()
    };
    let (before, after) = (events(0), events(1));
    for event in before.iter().chain(&after) {
        assert_eq!(event["errors"].as_array().map(Vec::len), Some(0), "{event}");
        assert!(event["stamp"].as_str().unwrap().ends_with("+00:00"), "{event}");
        assert_eq!(event["place"], "甲镇卫生院", "{event}");
        assert!(event["day"].as_str() < event["until"].as_str(), "{event}");
    }
    assert!(before.iter().all(|event| event["sequence"] == 0 && event["status"] == "CONFIRMED"));
    let of = |events: &[Value], day: &str| {
        let found = events.iter().find(|event| event["day"] == day);
        found.unwrap_or_else(|| panic!("no session on {day}")).clone()
    };
    let (old, new) = (of(&before, "2021-04-02"), of(&after, "2021-04-02"));
    assert_eq!((&new["status"], &new["uid"]), (&"CANCELLED".into(), &old["uid"]));
    assert_eq!(new["sequence"], 1, "{new}");
    assert!(new["stamp"].as_str() > old["stamp"].as_str(), "{new}");
    assert!(new["summary"].as_str().unwrap().contains("已取消"), "{new}");
    let changed = |event: &Value| {
        let old = of(&before, event["day"].as_str().unwrap());
        (event["sequence"] != old["sequence"], event["summary"] != old["summary"])
    };
    for event in after.iter().filter(|event| before.iter().any(|old| old["uid"] == event["uid"])) {
        let (is_higher, is_other) = changed(event);
        assert!(is_higher || !is_other, "a change has a higher number: {event}");
    }
}

#[test]
fn the_summary_has_its_picture_inside_the_page() {
    let world = planned(SENIORS);
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,30").ends(0);
    let Some(mails) = found(&[&eml(&world, "summary", "2021-04-01")]) else { return };
    sound(&mails[0]);
    let wanted =
        ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"];
    assert_eq!(types(&mails[0]), wanted);
    let picture = &mails[0]["parts"][4];
    assert_eq!(picture["disposition"], "inline");
    let cid = picture["cid"].as_str().unwrap().trim_matches(['<', '>']).to_owned();
    let page = mails[0]["texts"]["text/html"].as_str().unwrap();
    assert!(page.contains(&format!("src=\"cid:{cid}\"")), "{page}");
    assert!(mails[0]["texts"]["image/png"].as_u64().unwrap() > 2_000);
    assert!(mails[0]["bytes"].as_u64().unwrap() < 100_000, "{}", mails[0]["bytes"]);
    let chart = mails[0]["texts"]["text/plain"].as_str().unwrap();
    assert!(
        chart.contains("折线图：截至4月1日24时") && chart.contains("完成累计 30 剂次"),
        "{chart}"
    );
}

#[test]
fn a_mail_made_again_is_the_same_byte_for_byte() {
    let world = planned(SENIORS);
    // A summary names the end of the audit log, which grows with every look at a mail.
    for post in ["S1", "T1"] {
        let body = || {
            let made = eml(&world, post, "2021-03-31");
            let made = std::fs::read_to_string(made).unwrap();
            made.split_once("\r\n\r\n").expect("a header").1.to_owned()
        };
        let first = body();
        // In another second, so that a time of creation would show.
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        assert_eq!(first, body(), "{post}");
    }
}

#[test]
fn without_its_font_the_summary_goes_without_picture_and_the_doctor_says_so() {
    let world = planned(SENIORS);
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,30").ends(0);
    let html = |world: &World| {
        let preview = ["digest", "preview", "--day", "2021-04-01", "--part", "html"];
        world.run(&preview).ends(0).out
    };
    assert!(html(&world).contains("<img "));
    assert!(world.run(&["doctor"]).out.contains("Noto Sans CJK SC"));
    world.file("doseplan.toml", "[mail]\nfont = \"nowhere.otf\"\n");
    assert!(!html(&world).contains("<img "));
    let doctor = world.run(&["--lang", "en", "doctor"]).out;
    let line = doctor.lines().find(|line| line.contains("nowhere.otf"));
    assert!(line.is_some_and(|line| line.starts_with("warn")), "{doctor}");
}

#[test]
fn names_that_mean_harm_are_harmless_in_mail_subject_list_and_calendar() {
    // Characters that hide in a name are refused at import …
    let hidden = small().swap("sites.csv", "甲镇卫生院", "甲镇\u{202e}卫生院");
    let world = World::empty();
    let folder = hidden.write(&world.path("hidden"));
    let refused = world.run(&["campaign", "apply", text(&folder)]).ends(4);
    assert!(!refused.err.contains('\u{202e}'), "{}", refused.err);
    // … and what a person can see is shown as it is, as plain text.
    let campaign = small().swap("sites.csv", "甲镇卫生院", &format!("\"{HOSTILE}\"")).swap(
        "campaign.toml",
        "小县",
        "=<b>小县",
    );
    let world = World::with(&campaign);
    let broken = "p8,A,1956-01-01,\"a\nBcc: b@c.d\",F,,,,,,no";
    let broken = world.import("persons", broken).ends(3);
    assert!(!broken.err.contains("a\nBcc"), "{}", broken.err);
    let persons = SENIORS.replace("周六", &format!("\"{HOSTILE}\""));
    world.import("persons", &persons).ends(0);
    world.plan_day_by_day();
    let (lead, summary) = (eml(&world, "S1", "2021-03-31"), eml(&world, "summary", "2021-04-01"));
    let Some(mails) = found(&[&lead, &summary]) else { return };
    for mail in &mails {
        sound(mail);
        let page = mail["texts"]["text/html"].as_str().unwrap();
        assert!(!page.contains("<script") && !page.contains("<b>小"), "{page}");
        let all = mail.to_string();
        assert!(!all.contains("\\nBcc"), "{all}");
        assert!(!mail["subject"].as_str().unwrap().starts_with('='), "{}", mail["subject"]);
    }
    let list = &mails[0]["files"]["list"];
    let kinds: Vec<&str> =
        list["kinds"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect();
    assert!(!kinds.contains(&"f"), "no cell is a formula: {list}");
    let names: Vec<&Value> =
        list["rows"]["人员"].as_array().unwrap().iter().map(|row| &row[2]).collect();
    let hostile = |name: &&&Value| name.as_str().is_some_and(|name| name.contains("alert(1)"));
    assert_eq!(names.iter().filter(hostile).count(), 1, "{names:?}");
}
