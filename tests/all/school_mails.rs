//! Schools get their lists by mail, and a guardian's answer that was entered wrongly is corrected.

use crate::letters::{found, sound};
use crate::operation::ANY_PORT;
use crate::schools::{County, school};
use crate::support::{World, number, on_postgresql, text};
use crate::web::{Office, account};
use serde_json::Value;
use std::collections::BTreeMap;

/// Puts contacts into the jurisdiction.
fn contacts(county: &County, rows: &str) {
    county.at("2025-09-23", &["jurisdiction", "export", "places"]).ends(0);
    let path = county.world.path("places").join("contacts.csv");
    std::fs::write(path, format!("area,role,name,phone,email\n{rows}")).unwrap();
    county.at("2025-09-23", &["jurisdiction", "apply", "places"]).ends(0);
}

/// The mails to schools: state and address.
fn mailed(county: &County) -> Vec<(String, String)> {
    let all = county.world.mails().into_iter().filter(|(_, kind, _)| kind == "school");
    all.map(|(state, _, to)| (state, to)).collect()
}

fn sent(county: &County, day: &str, more: &[&str], code: i32) -> Vec<String> {
    let arguments = [&["schools", "send", "-o", "json"][..], more].concat();
    let all = county.at(day, &arguments).ends(code).json();
    all.as_array().unwrap().iter().map(|one| one["sent"].as_str().unwrap().to_owned()).collect()
}

fn lists_by_mail(world: World) -> County {
    let county = school(world);
    let visits = ["schools", "visits", "--save", "-o", "csv"];
    let planned = county.at("2025-09-23", &visits).ends(0).csv();
    // Nobody is written to whom nobody named.
    assert_eq!(sent(&county, "2025-10-08", &[], 1), ["no_contact"]);
    assert!(mailed(&county).is_empty());
    contacts(&county, "M00,school,王老师,0511-86500000,m0@school.example\n");
    assert_eq!(sent(&county, "2025-10-08", &[], 0), ["queued"]);
    let to = "m0@school.example".to_owned();
    assert_eq!(mailed(&county), [("queued".to_owned(), to.clone())]);
    // The same version goes out once a day; what differs goes out again.
    assert_eq!(sent(&county, "2025-10-08", &["--school", "第0中学"], 0), ["known"]);
    assert_eq!(sent(&county, "2025-10-08", &["--consent"], 0), ["queued"]);
    let more = county.file("more.csv", "person,consent,why,date\np02,no,改主意,2025-10-08\n");
    county.at("2025-10-08", &["schools", "consent", text(&more)]).ends(0);
    assert_eq!(sent(&county, "2025-10-08", &[], 0), ["queued"]);
    assert_eq!(sent(&county, "2025-10-09", &[], 0), ["queued"]);
    assert_eq!(sent(&county, "2025-10-10", &["--missed"], 0), ["queued"]);
    assert_eq!(mailed(&county).len(), 5);
    let log = county.world.run(&["account", "log", "-o", "json"]).ends(0).json();
    let lines = log.as_array().unwrap().iter().filter(|one| one["did"] == "list-send");
    assert_eq!(lines.count(), 7);
    // The job of the month mails the list of those who missed a visit; on the same day it is mailed once.
    let job = ["job", "run", "schools", "--at", "2025-10-11T08:00"];
    for said in ["1 lists of missed visits queued", "nothing new"] {
        let ran = county.at("2025-10-11", &job).ends(0);
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    assert_eq!(mailed(&county).len(), 6);
    first_mail(&county, &planned);
    // Erasing somebody takes their name out of what was mailed.
    county.at("2025-10-10", &["persons", "erase", "p05", "--reason", "asked"]).ends(0);
    assert!(mailed(&county).iter().all(|(state, _)| state == "expired"), "{:?}", mailed(&county));
    // A contact of a school gets no summary of the county's figures.
    county.at("2025-10-10", &["job", "run", "summary", "--at", "2025-10-10T07:30"]).ends(0);
    assert!(county.world.mails().iter().all(|(_, kind, who)| kind != "summary" || *who != to));
    county
}

/// The page of the schools shows each class, and its button mails a list.
fn lists_by_a_button(county: County) {
    for role in ["planner", "viewer"] {
        account(&county.world, &["add", role, "--role", role], role);
    }
    county.file("doseplan.toml", ANY_PORT);
    let office = Office::bare(county.world, "2025-10-13T09:00:00+08:00");
    let planner = office.login("planner");
    let address = "/c/hpv/schools?as-of=2025-10-12";
    let page = planner.get(address).body;
    for wanted in ["第0中学", "1班", "2班", "Send by mail"] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    let post = |form: &str| planner.post(&format!("{address}&csrf={}", planner.token()), form);
    let mailed = || office.world.mails().iter().filter(|(_, kind, _)| kind == "school").count();
    let before = mailed();
    assert_eq!(post("list=missed&school=").status, 303);
    assert_eq!(mailed(), before + 1);
    // The same list goes out once a day.
    assert_eq!(post("list=missed&school=M00").status, 303);
    assert_eq!(mailed(), before + 1);
    assert_eq!(post("list=missed&school=X").status, 400);
    assert_eq!(office.login("viewer").get(address).status, 403);
}

/// The list as an independent reader finds it: names stand in the workbook alone.
fn first_mail(county: &County, planned: &[BTreeMap<String, String>]) {
    let all = county.world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let first = all.as_array().unwrap().iter().find(|one| one["kind"] == "school").unwrap();
    let id = first["id"].to_string();
    let eml = county.world.run(&["outbox", "show", &id, "--part", "eml"]).ends(0).out;
    let file = county.file("list.eml", &eml);
    let Some(mut mails) = found(&[&file]) else { return };
    let mail = mails.remove(0);
    sound(&mail);
    assert_eq!(mail["subject"], "【接种名单】10/8 第0中学");
    for kind in ["text/plain", "text/html"] {
        let page = mail["texts"][kind].as_str().unwrap();
        let names = |no: usize| page.contains(&format!("女生{no}"));
        assert!(page.contains("请勿转发") && !(0..10).any(names), "{page}");
        // Each class with its time, as the visit was planned.
        assert!(page.contains("各班接种时间") && page.contains("1班"), "{page}");
        let next = planned.iter().map(|row| &row["date"]).min().expect("a visit");
        for row in planned.iter().filter(|row| row["date"] == *next) {
            let time = format!("{}–{}", row["opens"], row["closes"]);
            assert!(page.contains(&time), "{time}: {page}");
        }
    }
    let sheets = mail["files"]["list"]["rows"].as_object().unwrap();
    assert_eq!(sheets.keys().collect::<Vec<_>>(), ["1班", "2班"]);
    let names = |sheet: &Value| sheet.to_string().matches("女生").count();
    assert!(sheets.values().map(names).sum::<usize>() >= 54, "{sheets:?}");
}

#[test]
fn each_school_gets_its_list_once_a_day_and_version() {
    lists_by_a_button(lists_by_mail(World::empty()));
    on_postgresql(|server| drop(lists_by_mail(World::on(server))));
}

#[test]
fn an_answer_that_was_entered_wrongly_is_corrected_with_its_reason() {
    let county = school(World::empty());
    county.at("2025-09-23", &["schools", "visits", "--save"]).ends(0);
    let figures = || {
        let classes = county.json("2025-10-08", &["schools", "classes"]);
        let all = classes.as_array().unwrap();
        let sum = |key: &str| all.iter().map(|one| number(&one[key])).sum::<u64>();
        (sum("yes"), sum("no"), sum("open"))
    };
    assert_eq!(figures(), (48, 6, 6));
    let correct = |person: &str, answer: &str, reason: &str| {
        let arguments = ["schools", "correct", person, answer, "--reason", reason];
        county.at("2025-10-08", &arguments)
    };
    // p00 was entered as a refusal.
    correct("p00", "yes", "录错行").ends(0);
    assert_eq!(figures(), (49, 5, 6));
    let shown = county.json("2025-10-08", &["persons", "show", "p00"]);
    assert_eq!(shown["outcomes"], serde_json::json!([]), "{shown}");
    // p02 stands on a printed list and refuses in truth: that is said.
    county.at("2025-10-08", &["schools", "lists", "printed"]).ends(0);
    let said = correct("p02", "no", "看错签名").ends(0).err;
    assert!(said.contains("p02") && said.contains("2025-10-09"), "{said}");
    assert_eq!(figures(), (48, 6, 6));
    let again = correct("p02", "no", "看错签名").ends(1).err;
    assert!(again.contains("already"), "{again}");
    let none = correct("p01", "yes", "漏录").ends(1).err;
    assert!(none.contains("no answer for p01"), "{none}");
    let silent = correct("p03", "no", " ").ends(1).err;
    assert!(silent.contains("--reason"), "{silent}");
    // An older form that is imported again does not undo it.
    let old = county.file("old.csv", "person,consent,date\np00,no,2025-09-20\n");
    county.at("2025-10-08", &["schools", "consent", text(&old)]).ends(0);
    assert_eq!(figures(), (48, 6, 6));
    let log = county.world.run(&["account", "log", "-o", "json"]).ends(0).json();
    let lines = log.as_array().unwrap().iter().filter(|one| one["did"] == "consent-correct");
    assert_eq!(lines.count(), 2);
    county.at("2025-10-08", &["db", "check"]).ends(0);
}
