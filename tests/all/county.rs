//! The county that `demo --county` lives: what somebody who looks at it sees.

use crate::support::{World, csv_rows, day, dose_of, number, row, wait};
use doseplan::app::App;
use doseplan::config::Config;
use doseplan::domain::message::MailState;
use doseplan::store::Store;
use doseplan::store::reminders::{self, Kind, Told};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The mails that told people of this, by person and day or time: each with its address and place.
type Letters = BTreeMap<(String, String), BTreeMap<i64, (String, String)>>;

/// What people of all campaigns were told in mails that were made at an hour.
fn told(db: &str, dues: &BTreeMap<i64, String>, kind: Kind, hour: &str) -> Letters {
    wait(async {
        let app = App::new(Store::open(db, false).await.unwrap(), Config::default());
        let mut out = Letters::new();
        for loaded in app.campaigns().await.unwrap() {
            let mut tx = app.store.read().await.unwrap();
            let all = reminders::told(&mut tx, loaded.no, day("2026-10-12")).await.unwrap();
            let is_meant = |one: &&Told| {
                let due = &dues[&one.mail];
                one.what.kind == kind && one.state != MailState::Withdrawn && due.ends_with(hour)
            };
            for one in all.values().flatten().filter(is_meant) {
                let key = (one.what.person.clone(), dues[&one.mail].clone());
                let said = format!("{} {}", one.what.day, one.what.place);
                out.entry(key).or_default().insert(one.mail, (one.recipient.clone(), said));
            }
        }
        app.store.close().await;
        out
    })
}

/// Each person has one mail, or as many texts as there are days and places to say.
#[track_caller]
fn one_each(letters: &Letters) {
    for (who, mails) in letters {
        let said: BTreeSet<&str> = mails.values().map(|(_, said)| said.as_str()).collect();
        let is_text = mails.values().all(|(to, _)| !to.contains('@'));
        assert!(mails.len() == 1 || is_text && said.len() == mails.len(), "{who:?}: {mails:?}");
    }
}

#[test]
fn a_county_lives_with_five_campaigns_and_its_people_hear_one_voice() {
    let world = World::empty();
    let demo =
        ["--lang", "en", "demo", "--county", "--once", "--until", "2026-10-13", "--dir", "d"];
    let ran = world.run(&[&demo[..], &["--steps", "0"]].concat()).ends(0);
    assert!(!ran.out.contains('⟨') && !ran.err.contains('⟨'), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("司徒镇卫生院预防接种门诊 shuts from 2026-10-14"), "{}", ran.err);
    let db = format!("sqlite://{}", world.path("d/doseplan.db").display());
    let run = |arguments: &[&str]| world.run(&[&["--db", &db][..], arguments].concat()).ends(0);
    let campaigns = run(&["campaign", "list", "-o", "json"]).json();
    let open = campaigns.as_array().unwrap().iter().filter(|one| one["open"] == true).count();
    assert_eq!(open, 5, "{campaigns}");
    run(&["db", "check"]);

    // No place is over what it can give, all campaigns together, and the clinic that shut has nothing.
    let sites = csv_rows(&world.read("d/county/sites.csv"));
    let most = |place: &str, date: &str| -> Option<u32> {
        let site = sites.iter().find(|row| row["site"] == place)?;
        let is_shut = place == "S06" && ["2026-10-14", "2026-10-15"].contains(&date);
        let weekday = date.parse::<chrono::NaiveDate>().unwrap();
        let column = match chrono::Datelike::weekday(&weekday) {
            chrono::Weekday::Sat => "saturday_doses",
            chrono::Weekday::Sun => "sunday_doses",
            _ => "weekday_doses",
        };
        Some(if is_shut { 0 } else { site[column].parse().unwrap_or(0) })
    };
    let mut used: BTreeMap<(String, String), u32> = BTreeMap::new();
    for row in run(&["plan", "show", "-o", "csv"]).csv() {
        *used.entry((row["place"].clone(), row["date"].clone())).or_default() +=
            row["doses"].parse::<u32>().unwrap();
    }
    assert!(used.len() > 100, "{}", used.len());
    for ((place, date), doses) in &used {
        assert!(most(place, date).is_none_or(|most| *doses <= most), "{place} {date}: {doses}");
    }

    // The days were lived: doses of this autumn, second doses after those of spring, and somebody who did not come.
    let people = |campaign: &str, group: &str, dose: u64| {
        let at = run(&["coverage", campaign, "--as-of", "2026-10-13", "-o", "json"]).json();
        number(&dose_of(row(&at, group), dose)["people"])
    };
    assert!(people("flu-2026", "senior", 1) > 100 && people("ppsv23-2026", "senior65", 1) > 100);
    let (one, two) = (people("hpv-2026", "girls", 1), people("hpv-2026", "girls", 2));
    assert!(one > two && two > 0, "{one} {two}");
    let files = std::fs::read_dir(world.path("d/reports")).unwrap();
    let names: Vec<String> =
        files.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    let has = |part: &str| names.iter().any(|name| name.contains(part));
    assert!(has("-outcomes-") && has("-doses-") && has("-tallies-"), "{names:?}");
    assert!(!has("-errors"), "every row of a report is good: {names:?}");

    // One mail a lead and evening; one reminder, and one word of a change, a person.
    let mails = run(&["outbox", "list", "-o", "json"]).json();
    let text = |mail: &Value, key: &str| mail[key].as_str().unwrap().to_owned();
    let mut evenings: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut dues = BTreeMap::new();
    for mail in mails.as_array().unwrap() {
        dues.insert(mail["id"].as_i64().unwrap(), text(mail, "due"));
        // A group of leads gets a card.
        let is_mail = text(mail, "to").contains('@');
        if is_mail && mail["kind"] == "digest" && text(mail, "due").ends_with("19:00") {
            *evenings.entry((text(mail, "to"), text(mail, "due"))).or_default() += 1;
        }
    }
    assert!(evenings.len() > 15 && evenings.values().all(|mails| *mails == 1), "{evenings:?}");
    let called = told(&db, &dues, Kind::Tomorrow, "09:00");
    assert!(called.len() > 20, "{}", called.len());
    one_each(&called);
    one_each(&told(&db, &dues, Kind::Moved, "11:00"));
}
