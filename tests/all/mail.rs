//! The daily mails and the reminders: to whom, how often, when.

use crate::support::{Desk, SENIORS, World, at, day, number, small, wait};
use doseplan::app::problems::Problem;
use doseplan::domain::attention::Attention;
use std::collections::BTreeSet;

/// The small campaign with its register, planned and adopted on the last day of March.
fn planned() -> World {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    world.plan_day_by_day();
    world
}

/// The day before the first appointment.
fn eve(world: &World) -> String {
    let rows = world.run(&["due", "list", "--by", "2021-04-01", "-o", "csv"]).ends(0).csv();
    let first = rows.iter().map(|row| row["day"].clone()).filter(|day| !day.is_empty()).min();
    let first: chrono::NaiveDate = first.expect("an appointment").parse().unwrap();
    (first - chrono::TimeDelta::days(1)).to_string()
}

/// People whose appointment is on a day.
fn on(world: &World, day: &str) -> BTreeSet<String> {
    let rows = world.run(&["due", "list", "--by", "2021-05-10", "-o", "csv"]).ends(0).csv();
    rows.iter().filter(|row| row["day"] == day).map(|row| row["person"].clone()).collect()
}

fn recipients(world: &World) -> Vec<String> {
    let mut to: Vec<_> =
        world.mails().into_iter().filter(|mail| mail.1 == "reminder").map(|mail| mail.2).collect();
    to.sort();
    to
}

fn remind(world: &World, day: &str) {
    world.run(&["job", "run", "reminders", "--at", &format!("{day}T09:00")]).ends(0);
}

#[test]
fn each_household_is_reminded_once_however_often_the_job_runs() {
    let world = planned();
    let eve = eve(&world);
    let day = (eve.parse::<chrono::NaiveDate>().unwrap() + chrono::TimeDelta::days(1)).to_string();
    assert_eq!(on(&world, &day).len(), 6, "all six seniors come on the first day");
    remind(&world, &eve);
    // p1 and p2 share one mail; p4 opted out, p5 has no address.
    let to = ["qian@home.example", "zhao@home.example", "zhou@home.example"];
    assert_eq!(recipients(&world), to);
    remind(&world, &eve);
    remind(&world, &eve);
    assert_eq!(recipients(&world), to);
    let list = world.run(&["outbox", "list", "--kind", "reminder", "-o", "json"]).ends(0).json();
    let find = |address: &str| {
        let mail = list.as_array().unwrap().iter().find(|mail| mail["to"] == address).unwrap();
        world.run(&["outbox", "show", &mail["id"].to_string()]).ends(0).out
    };
    let household = decoded(&find("zhao@home.example"));
    assert!(household.contains("赵一") && household.contains("赵二"), "{household}");
    let english = decoded(&find("qian@home.example"));
    assert!(english.contains("vaccin"), "{english}");
}

/// A message with its base64 parts decoded.
pub(crate) fn decoded(message: &str) -> String {
    let mut out = message.to_owned();
    let mut run = String::new();
    for line in message.lines().chain([""]) {
        let line = line.trim();
        let base64 =
            line.len() >= 4 && line.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c));
        if base64 {
            run.push_str(line);
        } else if !run.is_empty() {
            out.push_str(&String::from_utf8_lossy(&base64_bytes(&run)));
            run.clear();
        }
    }
    out
}

fn base64_bytes(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in text.chars().filter_map(|c| DIGITS.find(c)) {
        held = held << 6 | u32::try_from(digit).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    out
}

#[test]
fn nobody_who_had_the_dose_refused_or_died_is_reminded() {
    let world = planned();
    let eve = eve(&world);
    world.import("doses", &format!("d1,p6,{eve},S1,L1")).ends(0);
    world.import("outcomes", "o1,p3,2021-03-31,refused,\no2,p1,2021-03-31,dead,").ends(0);
    remind(&world, &eve);
    // p2 has no address of their own, and p1 has unsubscribed.
    assert_eq!(recipients(&world), Vec::<String>::new());
}

#[test]
fn a_dose_overdue_is_reminded_and_not_again_the_next_day() {
    let longer = small().swap("campaign.toml", "end = 2021-05-10", "end = 2021-06-30");
    let world = World::with(&longer);
    world.import("persons", SENIORS).ends(0);
    world.import("doses", "d1,p3,2021-04-01,S1,L1").ends(0);
    // The window closes 56 days after the first dose.
    remind(&world, "2021-05-27");
    assert_eq!(recipients(&world), Vec::<String>::new());
    for day in ["2021-05-28", "2021-05-28", "2021-05-29", "2021-06-10"] {
        remind(&world, day);
        assert_eq!(recipients(&world), ["qian@home.example"], "{day}");
    }
    remind(&world, "2021-06-11");
    assert_eq!(recipients(&world).len(), 2);
}

#[test]
fn quiet_hours_hold_reminders_back_but_not_the_leads_mails() {
    let world = planned();
    let eve = eve(&world);
    world.run(&["job", "run", "reminders", "--at", &format!("{eve}T07:00")]).ends(0);
    world.run(&["job", "run", "summary", "--at", "2021-04-02T07:00"]).ends(0);
    world.run(&["outbox", "drain", "--at", &format!("{eve}T07:30")]).ends(0);
    let states = |kind: &str| -> BTreeSet<String> {
        world.mails().into_iter().filter(|mail| mail.1 == kind).map(|mail| mail.0).collect()
    };
    assert_eq!(states("reminder"), BTreeSet::from(["queued".to_owned()]));
    world.run(&["outbox", "drain", "--at", &format!("{eve}T08:00")]).ends(0);
    assert_eq!(states("reminder"), BTreeSet::from(["sent".to_owned()]));
    world.run(&["outbox", "drain", "--at", "2021-04-02T07:00"]).ends(0);
    assert_eq!(states("summary"), BTreeSet::from(["sent".to_owned()]));
    let files = std::fs::read_dir(world.path("mail")).unwrap().count();
    world.run(&["outbox", "drain", "--at", "2021-04-02T09:00"]).ends(0);
    assert_eq!(std::fs::read_dir(world.path("mail")).unwrap().count(), files);
}

#[test]
fn a_reminder_that_comes_too_late_is_not_sent() {
    let world = planned();
    remind(&world, &eve(&world));
    world.run(&["outbox", "drain", "--at", "2021-05-01T12:00"]).ends(0);
    assert!(world.mails().iter().all(|mail| mail.0 == "expired"), "{:?}", world.mails());
}

#[test]
fn digests_go_once_to_each_post_and_day() {
    let world = planned();
    let digest = |day: &str| {
        world.run(&["job", "run", "digest", "--at", &format!("{day}T19:00")]).ends(0);
        let digests = world.mails().into_iter().filter(|mail| mail.1 == "digest");
        let mut to: Vec<_> = digests.map(|mail| mail.2).collect();
        to.sort();
        to
    };
    let posts = ["s1@small.example", "s2@small.example", "t1@small.example"];
    assert_eq!(digest("2021-03-31"), posts);
    assert_eq!(digest("2021-03-31"), posts);
    assert_eq!(digest("2021-04-01").len(), 6);
    let text = world.run(&["digest", "preview", "S1", "--day", "2021-03-31"]).ends(0).out;
    for wanted in ["甲镇卫生院", "60岁及以上", "L1", "赵一"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let english = world.run(&["--lang", "en", "digest", "preview", "S1", "--day", "2021-03-31"]);
    assert!(english.ends(0).out.contains("dose"));
    world.run(&["digest", "preview", "S9"]).ends(1);
}

#[test]
fn a_digest_says_the_vials_that_the_plan_says() {
    let campaign = small()
        .swap("deliveries.csv", "date,doses,expires", "date,doses,expires,doses_per_vial")
        .swap("deliveries.csv", "2000,2021-09-01", "2000,2021-09-01,12")
        .swap("deliveries.csv", "20,2021-04-10", "20,2021-04-10,12");
    let preview = |world: &World| {
        world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
        world.run(&["digest", "preview", "S1", "--day", "2021-03-31"]).ends(0).out
    };
    let world = World::with(&campaign);
    let text = preview(&world);
    let view = world.run(&["plan", "show", "--vials", "-o", "json"]).ends(0).json();
    let sessions = view["sessions"].as_array().unwrap();
    let session = sessions.iter().find(|one| one["day"] == "2021-04-01" && one["place"] == "S1");
    let session = session.expect("a session on the first day");
    let lots = session["lots"].as_array().unwrap();
    assert!(!lots.is_empty(), "{session}");
    for lot in lots {
        let (code, vials) = (lot["lot"].as_str().unwrap(), number(&lot["vials"]));
        let wanted = format!("{code} {vials} 瓶（每瓶 12 剂）");
        assert!(text.contains(&wanted), "{wanted}: {text}");
    }
    let waste = number(&session["open_vial_waste"]);
    let wanted = format!("开瓶后剩 {waste} 剂");
    assert!(waste > 0 && text.contains(&wanted), "{wanted}: {text}");
    // What to do at the end of the session.
    assert!(text.contains("再开一瓶（每瓶 12 剂）"), "{text}");
    // Nothing is added if the campaign does not say how many doses are in a vial.
    let text = preview(&World::small());
    assert!(text.contains("L1") && !text.contains('瓶'), "{text}");
}

#[test]
fn a_digest_names_who_did_not_come() {
    let world = planned();
    let eve = eve(&world);
    let day = (eve.parse::<chrono::NaiveDate>().unwrap() + chrono::TimeDelta::days(1)).to_string();
    let rows = world.run(&["due", "list", "--by", "2021-05-10", "-o", "csv"]).ends(0).csv();
    let place = rows.iter().find(|row| row["person"] == "p1").unwrap()["place"].clone();
    world.import("doses", &format!("d1,p2,{day},{place},L1")).ends(0);
    let text = world.run(&["digest", "preview", &place, "--day", &day]).ends(0).out;
    assert!(text.contains("赵一"), "{text}");
    assert!(!text.contains("赵二"), "{text}");
}

#[test]
fn the_summary_opens_with_the_bulletin_sentence() {
    let world = World::small();
    world.import("tallies", "t1,2021-04-20,S1,A,senior,1,9\nt2,2021-04-20,S2,A,adult,1,7").ends(0);
    let text = world.run(&["digest", "preview", "--day", "2021-04-20"]).ends(0).out;
    let body = text.split_once("\n\n").unwrap().1;
    assert!(body.trim_start().starts_with("截至4月20日24时，"), "{text}");
    assert!(body.contains("16"), "{body}");
    // 9 of the 6 seniors of A, 9 of all 10.
    assert!(body.contains("150.0"), "{body}");
    let html =
        world.run(&["digest", "preview", "--day", "2021-04-20", "--part", "html"]).ends(0).out;
    assert!(html.contains("截至4月20日24时") && html.contains("<table"), "{html}");
    let english = world.run(&["--lang", "en", "digest", "preview", "--day", "2021-04-20"]).ends(0);
    assert!(!english.out.contains('⟨'), "{}", english.out);
    let late = world.run(&["digest", "preview", "--day", "2021-04-21"]).ends(0).out;
    assert!(late.contains("甲镇卫生院"), "late sites are named: {late}");
    assert!(late.contains("还没有采用的计划"), "{late}");
    world.run(&["plan", "make", "--steps", "0", "--from", "2021-04-01"]).ends(0);
    world.run(&["plan", "adopt"]).ends(0);
    let planned = world.run(&["digest", "preview", "--day", "2021-04-21"]).ends(0).out;
    assert!(!planned.contains("还没有采用的计划"), "{planned}");
}

#[test]
fn status_and_the_morning_summary_agree_on_when_a_plan_is_missing() {
    wait(async {
        let desk = Desk::open(&small(), at("2021-03-01T09:00:00")).await;
        // The campaign's days are 1 April to 10 May.
        for (today, is_told) in [
            ("2021-03-31", false),
            ("2021-04-01", true),
            ("2021-05-10", true),
            ("2021-05-11", false),
        ] {
            let now = at(&format!("{today}T07:00:00"));
            let status = desk.app.status(&desk.loaded, None, now).await.unwrap();
            assert_eq!(status.problems.contains(&Problem::NoPlan), is_told, "status, {today}");
            let yesterday = day(today) - chrono::TimeDelta::days(1);
            let summary = desk.app.summary(&desk.loaded, yesterday, None).await.unwrap();
            assert_eq!(summary.attention.contains(&Attention::NoPlan), is_told, "summary, {today}");
        }
    });
}

#[test]
fn messages_are_of_the_form_that_the_contract_names() {
    let world = planned();
    remind(&world, &eve(&world));
    world.run(&["job", "run", "summary", "--at", "2021-04-02T07:00"]).ends(0);
    let list = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let mut ids = BTreeSet::new();
    for mail in list.as_array().unwrap() {
        for key in ["id", "message_id", "to", "subject", "kind", "state", "attempts", "due"] {
            assert!(!mail[key].is_null(), "{key}: {mail}");
        }
        assert!(ids.insert(mail["message_id"].to_string()));
        let eml = world.run(&["outbox", "show", &mail["id"].to_string()]).ends(0).out;
        let head = eml.split("\r\n\r\n").next().unwrap();
        assert!(head.contains(mail["message_id"].as_str().unwrap()), "{head}");
        assert!(head.contains("multipart/alternative"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        let personal = mail["kind"] == "reminder";
        assert_eq!(head.contains("List-Unsubscribe:"), personal, "{head}");
        assert_eq!(head.matches("\r\nTo: ").count() + usize::from(head.starts_with("To: ")), 1);
        assert!(eml.contains("text/plain") && eml.contains("text/html"), "{eml}");
    }
    world.run(&["outbox", "show", "999"]).ends(1);
    world.run(&["outbox", "resolve", "1", "--sent"]).ends(1);
    world.run(&["outbox", "retry", "999"]).ends(1);
}

#[test]
fn a_mail_keeps_its_message_id_in_every_copy_of_its_installation() {
    let world = planned();
    let file = world.db().strip_prefix("sqlite://").unwrap().to_owned();
    std::fs::copy(&file, format!("{file}-copy")).unwrap();
    let ids = |db: &str| {
        let job = ["job", "run", "digest", "--at", "2021-03-31T19:00", "--db", db];
        world.run(&job).ends(0);
        let list = world.run(&["outbox", "list", "-o", "json", "--db", db]).ends(0).json();
        list.as_array().unwrap().iter().map(|m| m["message_id"].to_string()).collect::<Vec<_>>()
    };
    let (own, copied) = (ids(world.db()), ids(&format!("{}-copy", world.db())));
    assert!(!own.is_empty());
    assert_eq!(own, copied);
}

#[test]
fn a_digest_sent_by_hand_is_not_sent_again_by_the_job() {
    let world = planned();
    world.run(&["digest", "send", "S1", "--day", "2021-03-31"]).ends(0);
    world.run(&["digest", "send", "S1", "--day", "2021-03-31"]).ends(0);
    world.run(&["job", "run", "digest", "--at", "2021-03-31T19:00"]).ends(0);
    let to: Vec<_> = world.mails().into_iter().map(|mail| mail.2).collect();
    assert_eq!(to.iter().filter(|to| *to == "s1@small.example").count(), 1, "{to:?}");
    let history = world.run(&["digest", "history", "-o", "json"]).ends(0).json();
    assert_eq!(history.as_array().unwrap().len(), 3);
}
