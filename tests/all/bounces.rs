//! Returned mails and readers who unsubscribe: what a report changes, and what it must not change.

use crate::support::{Desk, Ran, SENIORS, World, at, on_postgresql, small, wait};
use chrono::{DateTime, TimeDelta, Utc};
use doseplan::app::bounces::refused;
use doseplan::app::outbox::Sender;
use doseplan::app::unsubscribing::Done;
use doseplan::app::{App, Loaded};
use doseplan::clock::Clock;
use doseplan::config::Config;
use doseplan::domain::hold::HoldReason;
use doseplan::domain::message::{MailKind, MailState};
use doseplan::mail::bounce::Kind;
use doseplan::mail::transport::{Script, Stage, Transport};
use doseplan::store::{Store, Tx, installation, outbox};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

const CONFIG: &str = "[mail]\nbounce = \"bounce@small.example\"\n";

/// The register is planned, and the reminders of the first day were sent into a folder, like mails that a server
/// accepted.
fn sent(world: World, config: &str) -> World {
    let world = reminded(world, config);
    world.run(&["outbox", "drain", "--at", "2021-03-31T09:01"]).ends(0);
    world
}

fn reminded(world: World, config: &str) -> World {
    world.file("doseplan.toml", config);
    world.import("persons", SENIORS).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    world.run(&["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    world
}

fn bouncing() -> World {
    sent(World::small(), CONFIG)
}

/// The app on the database of a world, for what has no command.
fn on<T>(world: &World, work: impl AsyncFnOnce(&App, &Loaded) -> T) -> T {
    wait(async {
        let store = Store::open(world.db(), false).await.unwrap();
        let path = world.path("doseplan.toml");
        let app = App::new(store, Config::read(&path, true).unwrap());
        let loaded = app.campaign(None).await.unwrap();
        let done = work(&app, &loaded).await;
        app.store.close().await;
        done
    })
}

fn now() -> DateTime<Utc> {
    at("2021-04-01T10:00:00")
}

/// A mail of the queue.
fn mail(world: &World, to: &str) -> Value {
    let all = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let found = all.as_array().unwrap().iter().rfind(|mail| mail["to"] == to);
    found.unwrap_or_else(|| panic!("no mail to {to}")).clone()
}

fn state(world: &World, to: &str) -> String {
    mail(world, to)["state"].as_str().unwrap().to_owned()
}

fn envelope_sender(world: &World, id: i64) -> String {
    on(world, async |app, _| {
        app.envelope_senders("from@small.example".to_owned()).await.unwrap().of(id)
    })
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bounces")
}

/// The report from a fixture about the newest mail to an address, sent to `to`.
fn report_to(world: &World, name: &str, address: &str, to: &str) -> String {
    let mail = mail(world, address);
    let text = std::fs::read_to_string(fixtures().join(format!("{name}.eml"))).unwrap();
    let id = mail["message_id"].as_str().unwrap();
    text.replace("{TO}", to).replace("{ADDRESS}", address).replace("{ID}", id)
}

fn report(world: &World, name: &str, address: &str) -> String {
    let sender = envelope_sender(world, mail(world, address)["id"].as_i64().unwrap());
    report_to(world, name, address, &sender)
}

fn import(world: &World, text: &str) -> Ran {
    world.file("report.eml", text);
    world.run(&["bounce", "import", "report.eml", "-o", "json"])
}

/// `address -> (hard, soft, policy, suppressed)`.
fn list(world: &World) -> BTreeMap<String, (u64, u64, u64, bool)> {
    let all = world.run(&["bounce", "list", "-o", "json"]).ends(0).json();
    let line = |line: &Value| {
        let count = |key: &str| line[key].as_u64().unwrap();
        let figures = (count("hard"), count("soft"), count("policy"));
        let is_over = line["suppressed"].as_bool().unwrap();
        let address = line["address"].as_str().unwrap().to_owned();
        (address, (figures.0, figures.1, figures.2, is_over))
    };
    all.as_array().unwrap().iter().map(line).collect()
}

fn reached(world: &World) -> BTreeMap<String, String> {
    let rows = world.run(&["due", "list", "--by", "2021-04-01", "-o", "csv"]).ends(0).csv();
    rows.into_iter().map(|row| (row["person"].clone(), row["mail"].clone())).collect()
}

#[test]
fn mails_leave_with_envelope_senders_of_their_own() {
    wait(async {
        let now = at("2021-03-31T19:00:00");
        let mut desk = Desk::open(&small(), now).await;
        let sent = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&sent);
        desk.app.transport = Some(Transport::Scripted(Script::new(move |mail, stage| {
            if stage == Stage::Body {
                seen.lock().unwrap().push(mail.clone());
            }
            None
        })));
        desk.app.config.mail.bounce = Some("bounce@small.example".parse().unwrap());
        desk.app
            .queue_digests(std::slice::from_ref(&desk.loaded), now.date_naive(), None, now)
            .await
            .unwrap();
        let clock = Clock::simulated(now);
        let sender = Sender { owner: "test", clock: &clock, stop: &|| false, by_hand: true };
        desk.app.drain(&sender).await.unwrap();
        let senders = desk.app.envelope_senders(String::new()).await.unwrap();
        let sent = sent.lock().unwrap();
        assert_eq!(sent.len(), 3);
        for mail in sent.iter() {
            assert_eq!(mail.from, senders.of(mail.id));
            assert!(mail.from.starts_with(&format!("bounce+{}.", mail.id)), "{}", mail.from);
            let text = String::from_utf8_lossy(&mail.bytes).into_owned();
            assert!(text.contains("From: ") && !text.contains("bounce+"), "{text}");
        }
    });
}

#[test]
fn each_mail_has_an_envelope_sender_of_its_own_that_stays() {
    let world = bouncing();
    let (one, two) = (envelope_sender(&world, 1), envelope_sender(&world, 2));
    assert!(one.starts_with("bounce+1.") && one.ends_with("@small.example"), "{one}");
    assert_ne!(one, two);
    assert_eq!(envelope_sender(&world, 1), one);
    let plain = sent(World::small(), "");
    assert_eq!(envelope_sender(&plain, 1), "from@small.example");
    let other = bouncing();
    assert_ne!(envelope_sender(&other, 1), one, "another installation has another secret");
}

/// A hard bounce of `zhao@home.example`, on whatever database the world has.
fn hard(world: World) {
    let world = sent(world, CONFIG);
    let zhao = "zhao@home.example";
    assert_eq!(state(&world, zhao), "sent");
    let text = report(&world, "postfix-unknown", zhao);
    let taken = import(&world, &text).ends(0).json();
    assert_eq!((&taken["new"]["hard"], &taken["suppressed"]), (&1.into(), &1.into()), "{taken}");
    assert_eq!(state(&world, zhao), "bounced");
    assert!(mail(&world, zhao)["last_error"].as_str().unwrap().contains("5.1.1"));
    assert_eq!(state(&world, "qian@home.example"), "sent");
    assert_eq!(list(&world)[zhao], (1, 0, 0, true));
    // The person is on the list for phone calls; nobody else is affected.
    let reached_now = reached(&world);
    let of = |person: &str| reached_now[person].as_str();
    assert_eq!([of("p1"), of("p2"), of("p3"), of("p4")], ["bounced", "no", "yes", "no"]);
    let problems = world.run(&["status", "-o", "json"]).ends(0).json()["problems"].to_string();
    assert!(problems.contains("bounced"), "{problems}");
    // The same report again, and the same inside an mbox: nothing changes.
    let mbox = format!("From MAILER-DAEMON Wed\nX-Status: A\n{text}\nFrom x\n{text}");
    let again = import(&world, &mbox).ends(0).json();
    assert_eq!((&again["known"], &again["new"]), (&2.into(), &serde_json::json!({})), "{again}");
    assert_eq!(list(&world)[zhao], (1, 0, 0, true));
    // New mails to the address are held back, however it is spelt; those to others are sent.
    let lead = "ZHAO@Home.Example";
    world.import("persons", &SENIORS.replace(zhao, lead)).ends(0);
    world.run(&["job", "run", "reminders", "--at", "2021-04-01T09:00"]).ends(0);
    assert_eq!(reached(&world)["p1"], "bounced");
    forget(&world, zhao);
}

fn forget(world: &World, zhao: &str) {
    world.run(&["bounce", "forget", "nobody@home.example"]).ends(1);
    world
        .run(&["bounce", "forget", " Zhao@HOME.example ", "--reason", "a letter was wrong"])
        .ends(0);
    assert_eq!(list(world)[zhao], (0, 0, 0, false));
    assert_eq!(reached(world)["p1"], "yes");
    let events = on(world, async |app, _| {
        let mut tx = app.store.read().await.unwrap();
        installation::events(&mut tx, 1).await.unwrap()
    });
    assert_eq!(events[0].kind.word(), "bounces_forgotten");
    assert!(events[0].said.contains("a letter was wrong"));
    // The old report is still in its folder and does not count again.
    let text = std::fs::read_to_string(world.path("report.eml")).unwrap();
    import(world, &text).ends(0);
    assert_eq!(list(world)[zhao], (0, 0, 0, false));
}

#[test]
fn a_hard_bounce_ends_mail_to_the_address_until_it_is_mended() {
    hard(World::small());
}

#[test]
fn bounces_and_wishes_are_kept_on_postgresql_too() {
    on_postgresql(|db| hard(World::on(db).applied(&small())));
    on_postgresql(|db| out(World::on(db).applied(&small())));
}

#[test]
fn mails_that_wait_for_an_address_that_bounces_are_held_and_go_once_it_is_mended() {
    let world = bouncing();
    let qian = "qian@home.example";
    let text = report(&world, "exchange", qian);
    // Tomorrow's appointment is over; the next mail is made here as the app makes it.
    let held = |to: &str, key: &str| {
        on(&world, async |app, loaded| {
            let mut tx = app.store.write().await.unwrap();
            let new = outbox::NewMessage {
                unique_key: key.to_owned(),
                kind: MailKind::Digest,
                recipient: to.to_owned(),
                subject: "x".to_owned(),
                message_id: format!("{key}@x"),
                bytes: b"x".to_vec(),
                due_at: 0,
                send_by: None,
                quiet: false,
                zone: "UTC".to_owned(),
                state: MailState::Queued,
                last_error: None,
                channel: "mail".to_owned(),
                segments: 0,
                ways: Vec::new(),
            };
            app.queue(&mut tx, loaded, new, now()).await.unwrap();
            tx.commit().await.unwrap();
        });
    };
    held("Qian@HOME.example", "before");
    assert_eq!(state(&world, "Qian@HOME.example"), "queued");
    let taken = import(&world, &text).ends(0).json();
    assert_eq!(taken["held"], 1, "{taken}");
    let waiting = mail(&world, "Qian@HOME.example");
    assert_eq!(waiting["state"], "unroutable");
    assert!(waiting["last_error"].as_str().unwrap().contains("suppressed: 5.1.10"), "{waiting}");
    held("QIAN@home.example", "after");
    assert_eq!(state(&world, "QIAN@home.example"), "unroutable");
    held("zhou@home.example", "other");
    assert_eq!(state(&world, "zhou@home.example"), "queued");
    assert_eq!(world.run(&["bounce", "forget", qian]).ends(0).out, "");
    for to in ["QIAN@home.example", "Qian@HOME.example"] {
        assert_eq!(state(&world, to), "queued", "{to}");
    }
    world.run(&["outbox", "drain", "--at", "2099-04-02T09:00"]).ends(0);
    assert_eq!(state(&world, "QIAN@home.example"), "sent");
}

#[test]
fn three_soft_bounces_are_one_too_many_and_delays_are_none() {
    let world = bouncing();
    let zhou = "zhou@home.example";
    let delayed = report(&world, "postfix-delayed", zhou);
    for number in 0..5 {
        let text = delayed.replace("20210331010007", &format!("2021033101000{number}"));
        assert_eq!(import(&world, &text).ends(0).json()["new"]["delayed"], 1);
    }
    assert_eq!(state(&world, zhou), "sent");
    assert!(list(&world).is_empty());
    let soft = [report(&world, "postfix-expired", zhou), report(&world, "postfix-full", zhou)];
    for (number, text) in soft.iter().enumerate() {
        assert_eq!(import(&world, text).ends(0).json()["new"]["soft"], 1);
        assert_eq!(list(&world)[zhou], (0, number as u64 + 1, 0, false));
    }
    assert_eq!((state(&world, zhou), reached(&world)["p6"].as_str()), ("bounced".into(), "yes"));
    let third = soft[0].replace("20210331010007", "20210401010007");
    assert_eq!(import(&world, &third).ends(0).json()["suppressed"], 1);
    assert_eq!(list(&world)[zhou], (0, 3, 0, true));
    // After the address was mended, the old reports no longer count.
    world.run(&["bounce", "forget", zhou]).ends(0);
    import(&world, &soft[0].replace("20210331010007", "20210402010007")).ends(0);
    assert_eq!(list(&world)[zhou], (0, 1, 0, false));
}

#[test]
fn a_refusal_for_policy_is_shown_and_speaks_against_nobody() {
    let world = bouncing();
    let zhou = "zhou@home.example";
    for number in 0..4 {
        let text = report(&world, "postfix-policy", zhou);
        let text = text.replace("20210331010007", &format!("2021033101000{number}"));
        assert_eq!(import(&world, &text).ends(0).json()["new"]["policy"], 1);
    }
    assert_eq!(list(&world)[zhou], (0, 0, 4, false));
    assert_eq!(state(&world, zhou), "bounced");
}

#[test]
fn a_mail_in_doubt_that_bounced_had_arrived_at_the_relay() {
    let world = bouncing();
    let zhou = "zhou@home.example";
    let id = mail(&world, zhou)["id"].as_i64().unwrap();
    on(&world, async |app, _| {
        let mut tx = app.store.write().await.unwrap();
        outbox::set(&mut tx, id, (MailState::Sent, MailState::InDoubt), 0, "no answer", 0)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    });
    import(&world, &report(&world, "qq", zhou)).ends(0);
    assert_eq!(state(&world, zhou), "bounced");
}

#[test]
fn a_database_can_sign_before_anybody_may_send_from_it() {
    let world = World::small();
    world.file("doseplan.toml", "");
    on(&world, async |app, _| {
        let mut tx = app.store.write().await.unwrap();
        let secret = installation::secret(&mut tx).await.unwrap().unwrap();
        assert_eq!(secret.len(), 32);
        assert!(installation::get(&mut tx).await.unwrap().is_none());
        let home = async |tx: &mut Tx| installation::get(tx).await.unwrap().unwrap().home;
        installation::make(&mut tx, "here").await.unwrap();
        assert_eq!(home(&mut tx).await.as_deref(), Some("here"));
        installation::make(&mut tx, "there").await.unwrap();
        assert_eq!(home(&mut tx).await.as_deref(), Some("here"), "only one may send");
        installation::disown(&mut tx, HoldReason::Copied, "a copy", 0).await.unwrap();
        installation::make(&mut tx, "there").await.unwrap();
        assert_eq!(home(&mut tx).await, None, "a copy is adopted by hand");
        assert_eq!(installation::secret(&mut tx).await.unwrap().unwrap(), secret);
    });
}

#[test]
fn nobody_can_forge_a_bounce() {
    let world = bouncing();
    let zhou = "zhou@home.example";
    let right = envelope_sender(&world, mail(&world, zhou)["id"].as_i64().unwrap());
    let other = envelope_sender(&world, mail(&world, "zhao@home.example")["id"].as_i64().unwrap());
    let tag = other.split(['.', '@']).nth(1).unwrap();
    let right_tag = right.split(['.', '@']).nth(1).unwrap();
    for forged in [
        "bounce@small.example".to_owned(),
        right.replace(right_tag, tag),
        right.replace(right_tag, "0000000000000000"),
    ] {
        let text = report_to(&world, "postfix-unknown", zhou, &forged);
        let ran = import(&world, &text).ends(3);
        assert_eq!(ran.json()["not_understood"][0]["why"], "unproven", "{forged}");
        assert!(ran.err.contains("report.eml: ") && ran.err.contains("forged"), "{}", ran.err);
    }
    assert_eq!(state(&world, zhou), "sent");
    assert!(list(&world).is_empty());
}

#[test]
fn without_an_address_for_bounces_a_report_ends_mail_to_nobody() {
    let (zhou, desk) = ("zhou@home.example", "doseplan@localhost.localdomain");
    let plain = sent(World::small(), "");
    // Only the Message-ID identifies the mail, and the report must name its reader.
    let text = report_to(&plain, "postfix-unknown", zhou, desk);
    let other = text.replace(zhou, "qian@home.example");
    let ran = import(&plain, &other).ends(3);
    assert_eq!(ran.json()["not_understood"][0]["why"], "other_reader");
    assert_eq!(state(&plain, zhou), "sent");
    let taken = import(&plain, &text).ends(0).json();
    assert_eq!((&taken["new"]["hard"], &taken["suppressed"]), (&1.into(), &0.into()), "{taken}");
    assert_eq!(state(&plain, zhou), "bounced");
    assert_eq!(list(&plain)[zhou], (0, 0, 0, false));
    assert_eq!(reached(&plain)["p6"], "yes");
}

#[test]
fn a_message_id_is_different_in_every_installation() {
    let ids = || mail(&reminded(World::small(), ""), "zhou@home.example")["message_id"].to_string();
    assert_ne!(ids(), ids());
}

#[test]
fn a_report_about_another_address_says_nothing_against_the_reader() {
    let world = bouncing();
    let zhou = "zhou@home.example";
    // The reader forwards the mail; there it does not arrive.
    let text = report(&world, "postfix-unknown", zhou).replace(zhou, "zhou@elsewhere.example");
    assert_eq!(import(&world, &text).ends(0).json()["new"]["policy"], 1);
    assert_eq!(state(&world, zhou), "bounced");
    assert_eq!(list(&world)[zhou], (0, 0, 1, false));
}

#[test]
fn what_is_not_understood_is_named_and_left_where_it_is() {
    let world = bouncing();
    let dir = world.path("Maildir");
    for folder in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(dir.join(folder)).unwrap();
    }
    let zhao = "zhao@home.example";
    let files = [
        ("new/1", report(&world, "postfix-unknown", zhao)),
        ("cur/2:2,S", report(&world, "vacation", zhao)),
        ("cur/3:2,", report(&world, "greeting", zhao)),
        ("new/4", report(&world, "163", zhao).replace("bounce+", "bounce+9")),
        ("new/5", String::new()),
    ];
    for (name, text) in &files {
        std::fs::write(dir.join(name), text).unwrap();
    }
    for round in 0..2 {
        let ran = world.run(&["bounce", "import", "Maildir", "-o", "json"]).ends(3);
        let taken = ran.json();
        assert_eq!((&taken["read"], &taken["known"]), (&5.into(), &round.into()), "{taken}");
        let why: BTreeMap<_, _> = taken["not_understood"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["file"].as_str().unwrap(), one["why"].as_str().unwrap()))
            .collect();
        let wanted = [
            ("Maildir/cur/2:2,S", "no_report"),
            ("Maildir/cur/3:2,", "no_status"),
            ("Maildir/new/4", "unproven"),
            ("Maildir/new/5", "no_report"),
        ];
        assert_eq!(why, BTreeMap::from(wanted));
        assert!(ran.err.contains("nothing was moved or deleted"), "{}", ran.err);
    }
    for (name, text) in &files {
        assert_eq!(&std::fs::read_to_string(dir.join(name)).unwrap(), text, "{name}");
    }
    world.run(&["bounce", "import", "nowhere"]).ends(4);
    assert!(world.run(&["bounce", "list"]).ends(0).out.contains("5.1.1"));
    assert!(world.run(&["bounce", "list", "-o", "csv"]).ends(0).csv().len() == 1);
}

#[test]
fn a_report_may_come_in_through_a_pipe() {
    let world = bouncing();
    let text = report(&world, "qmail-unknown", "zhao@home.example");
    let mut command = world.command(&["bounce", "import"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Ran::from(child.wait_with_output().unwrap()).ends(0);
    assert_eq!(state(&world, "zhao@home.example"), "bounced");
}

#[test]
fn a_recipient_that_the_relay_refuses_counts_as_bounced() {
    let world = bouncing();
    let zhou = mail(&world, "zhou@home.example")["id"].as_i64().unwrap();
    let refuse = |code: u16, text: &str| {
        on(&world, async |app, _| {
            let mut tx = app.store.write().await.unwrap();
            let said = (code, text);
            let kind = refused(&mut tx, zhou, "Zhou@home.example", said, now()).await.unwrap();
            tx.commit().await.unwrap();
            kind
        })
    };
    assert_eq!(refuse(554, "5.7.1 rejected"), None);
    assert_eq!(refuse(550, "no"), None);
    assert!(list(&world).is_empty());
    assert_eq!(refuse(550, "Mail is rejected by recipients"), Some(Kind::Policy));
    assert_eq!(list(&world)["zhou@home.example"], (0, 0, 1, false));
    // The same refusal reported twice counts once.
    assert_eq!(refuse(550, "Mail is rejected by recipients"), Some(Kind::Policy));
    assert_eq!(list(&world)["zhou@home.example"], (0, 0, 1, false));
    let later = now() + TimeDelta::minutes(1);
    let kind = on(&world, async |app, _| {
        let mut tx = app.store.write().await.unwrap();
        let said = (550, "5.1.1 User unknown");
        let kind = refused(&mut tx, zhou, "zhou@home.example", said, later).await.unwrap();
        tx.commit().await.unwrap();
        kind
    });
    assert_eq!(kind, Some(Kind::Hard));
    assert_eq!(list(&world)["zhou@home.example"], (1, 0, 1, true));
    assert_eq!(reached(&world)["p6"], "bounced");
}

/// The token in the newest mail to an address.
fn token(world: &World, address: &str) -> String {
    let id = mail(world, address)["id"].to_string();
    let eml = world.run(&["outbox", "show", &id]).ends(0).out;
    let line = eml.lines().find(|line| line.starts_with("List-Unsubscribe: ")).unwrap().to_owned();
    line.split("unsubscribe%20").nth(1).unwrap().split('>').next().unwrap().to_owned()
}

/// Readers unsubscribe, on whatever database the world has.
fn out(world: World) {
    let world = reminded(world, CONFIG);
    let (zhao, qian) = ("zhao@home.example", "qian@home.example");
    let key = token(&world, zhao);
    let wish = |token: &str| {
        on(&world, async |app, _| app.unsubscribe(token, "link", now()).await.unwrap())
    };
    let mut forged = key.clone();
    forged.replace_range(63.., if key.ends_with('0') { "1" } else { "0" });
    assert_eq!([wish(&forged), wish(""), wish(&key[..32])], [Done::Unknown; 3]);
    assert_eq!(state(&world, zhao), "queued");
    assert_eq!([wish(&key), wish(&key)], [Done::Done, Done::Already]);
    let ended = mail(&world, zhao);
    assert_eq!(
        (&ended["state"], &ended["last_error"]),
        (&"expired".into(), &"unsubscribed".into())
    );
    assert_eq!(state(&world, qian), "queued");
    world.run(&["unsubscribe", "Qian@HOME.example", "--how", "phone"]).ends(0);
    assert_eq!(state(&world, qian), "expired");
    let listed = world.run(&["unsubscribe", "--list", "-o", "csv"]).ends(0).csv();
    let how: BTreeMap<_, _> = listed.iter().map(|r| (r["address"].as_str(), &*r["how"])).collect();
    assert_eq!(how, BTreeMap::from([(zhao, "link"), (qian, "phone")]));
    let now_reached = reached(&world);
    assert_eq!(
        [&now_reached["p1"], &now_reached["p3"], &now_reached["p6"]],
        ["unsubscribed", "unsubscribed", "yes"]
    );
    world.run(&["unsubscribe", "--undo", qian]).ends(0);
    world.run(&["unsubscribe", "--undo", qian]).ends(1);
    assert_eq!(reached(&world)["p3"], "yes");
    world.run(&["unsubscribe", &key]).ends(0);
    world.run(&["unsubscribe", &forged]).ends(1);
    world.run(&["unsubscribe"]).ends(2);
    world.run(&["unsubscribe", "no-address@"]).ends(1);
}

#[test]
fn who_unsubscribes_gets_no_more_reminders_even_those_that_wait() {
    out(World::small());
}

#[test]
fn the_next_of_a_household_reads_when_the_first_unsubscribed_or_bounced() {
    let readers = |first: &[&str]| -> Vec<String> {
        let world = World::small();
        world.file("doseplan.toml", CONFIG);
        let two = SENIORS.replace("赵二,M,,,", "赵二,M,,er@home.example,");
        world.import("persons", &two).ends(0);
        world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
        if first.is_empty() {
            on(&world, async |app, _| {
                let mut tx = app.store.write().await.unwrap();
                doseplan::store::bounces::suppress(&mut tx, "zhao@home.example", "5.1.1", 0)
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
            });
        } else {
            world.run(first).ends(0);
        }
        world.run(&["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
        let mut to: Vec<_> = world.mails().into_iter().map(|mail| mail.2).collect();
        to.sort();
        to
    };
    let others = ["er@home.example", "qian@home.example", "zhou@home.example"];
    assert_eq!(readers(&["unsubscribe", "zhao@home.example"]), others);
    assert_eq!(readers(&[]), others);
    // A household with one address unsubscribed; nobody else's mail is affected.
    let plain = ["qian@home.example", "zhao@home.example"];
    assert_eq!(readers(&["unsubscribe", "zhou@home.example"]), plain);
}

#[test]
fn reminders_carry_the_way_out_and_digests_do_not() {
    let page = "[mail]\nunsubscribe = \"desk@small.example\"\n\
                unsubscribe_url = \"https://plan.small.example/u/\"\n";
    let world = reminded(World::small(), page);
    world.run(&["job", "run", "digest", "--at", "2021-03-31T19:00"]).ends(0);
    let key = token(&world, "zhao@home.example");
    assert_eq!(key.len(), 64);
    let id = mail(&world, "zhao@home.example")["id"].to_string();
    let eml = world.run(&["outbox", "show", &id]).ends(0).out;
    let links = format!(
        "List-Unsubscribe: <mailto:desk@small.example?subject=unsubscribe%20{key}>, \
         <https://plan.small.example/u/{key}>"
    );
    assert!(eml.lines().any(|line| line == links), "{eml}");
    assert!(eml.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{eml}");
    let hash = mail(&world, "zhao@home.example")["message_id"].as_str().unwrap()[9..41].to_owned();
    assert!(key.starts_with(&hash), "{key} {hash}");
    let id = mail(&world, "s1@small.example")["id"].to_string();
    let digest = world.run(&["outbox", "show", &id]).ends(0).out;
    assert!(!digest.contains("List-Unsubscribe") && !digest.contains("plan.small.example/u"));
    world.file("doseplan.toml", "[mail]\nunsubscribe_url = \"http://plan.small.example/u\"\n");
    world.run(&["outbox", "list"]).ends(4);
}

#[test]
fn an_address_that_no_server_takes_is_refused_or_waits_with_what_to_do() {
    let world = World::small();
    let seniors = SENIORS.replace("zhou@home.example", "周六@home.example");
    let refused = world.import("persons", &seniors).ends(3);
    assert!(refused.err.contains("write one like name@example.com"), "{}", refused.err);
    // If one came in another way, its mail waits as unroutable. A domain outside ASCII makes no difference.
    wait(async {
        let now = at("2021-04-02T07:00:00");
        let desk = Desk::open(&small(), now).await;
        let summary = desk.app.summary(&desk.loaded, now.date_naive(), None).await.unwrap();
        let mut post = desk
            .app
            .summary_post(std::slice::from_ref(&desk.loaded), std::slice::from_ref(&summary));
        for (to, state) in [("周六@home.example", "unroutable"), ("cdc@例子.测试", "queued")]
        {
            (post.key, post.to.email) = (to.to_owned(), Some(to.to_owned()));
            let message = desk.app.message(&desk.loaded, &post, now).unwrap();
            let mut tx = desk.app.store.write().await.unwrap();
            let id = desk.app.queue(&mut tx, &desk.loaded, message, now).await.unwrap().unwrap();
            let mail = outbox::find(&mut tx, id).await.unwrap().unwrap();
            assert_eq!(mail.state.word(), state, "{to}");
            let said = mail.last_error.unwrap_or_default();
            assert_eq!(said.contains("name@example.org in ASCII"), state == "unroutable", "{said}");
            tx.commit().await.unwrap();
        }
    });
}
