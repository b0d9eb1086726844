//! A refusal has an owner: ours keeps everything queued, a message's or a reader's concerns nobody else.

use super::scripted::Scripted;
use super::{mail_through, mails};
use crate::support::{Desk, World, at, small, wait};
use doseplan::app::App;
use doseplan::app::outbox::Sender;
use doseplan::clock::Clock;
use doseplan::config::{Config, TlsKind, TransportKind};
use doseplan::domain::message::{MailKind, MailState};
use doseplan::domain::refusal::{Cause, Owner};
use doseplan::store::{Store, bounces, installation, outbox};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const MAILS: usize = 40;

fn reader(n: usize) -> String {
    format!("r{n:02}@home.example")
}

fn new(to: &str, due_at: i64) -> outbox::NewMessage {
    outbox::NewMessage {
        unique_key: format!("test/{to}/{due_at}"),
        kind: MailKind::Digest,
        recipient: to.to_owned(),
        subject: "x".to_owned(),
        message_id: format!("{}.{due_at}@small.example", to.replace('@', ".")),
        bytes: b"Subject: x\r\n\r\nx\r\n".to_vec(),
        due_at,
        send_by: None,
        quiet: false,
        zone: "Asia/Shanghai".to_owned(),
        state: MailState::Queued,
        last_error: None,
        channel: "mail".to_owned(),
        segments: 0,
        ways: Vec::new(),
    }
}

/// The app on the database of a world.
fn on<T>(world: &World, work: impl AsyncFnOnce(&App) -> T) -> T {
    wait(async {
        let store = Store::open(world.db(), false).await.unwrap();
        let config = Config::read(&world.path("doseplan.toml"), true).unwrap();
        let app = App::new(store, config);
        let done = work(&app).await;
        app.store.close().await;
        done
    })
}

/// A world with forty mails to forty readers.
fn forty(port: u16, more: &str) -> World {
    let world = World::small();
    mail_through(&world, port, 3, more);
    on(&world, async |app| {
        let loaded = app.campaign(None).await.unwrap();
        let mut tx = app.store.write().await.unwrap();
        for n in 0..MAILS {
            let at = i64::try_from(n).unwrap();
            app.queue(&mut tx, &loaded, new(&reader(n), at), at_nine()).await.unwrap();
        }
        tx.commit().await.unwrap();
    });
    world
}

fn at_nine() -> chrono::DateTime<chrono::Utc> {
    at("2021-03-31T09:00:00")
}

fn states(world: &World) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for (state, ..) in world.mails() {
        *out.entry(state).or_default() += 1;
    }
    out
}

fn counts(of: &[(&str, usize)]) -> BTreeMap<String, usize> {
    of.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect()
}

fn drain(world: &World, local: &str) -> crate::support::Ran {
    world.run(&["outbox", "drain", "--at", &format!("2021-03-31T{local}")])
}

/// Addresses with a report, and those that get no mail.
fn blamed(world: &World) -> (usize, BTreeSet<String>) {
    on(world, async |app| {
        let mut tx = app.store.read().await.unwrap();
        let all = bounces::list(&mut tx).await.unwrap().len();
        (all, bounces::addresses(&mut tx).await.unwrap())
    })
}

#[test]
fn a_refusal_that_is_about_us_pauses_the_relay_and_keeps_everything_queued() {
    for said in [
        "554 5.7.1 Relay access denied",
        "530 5.7.0 Authentication required",
        "550 User has exceeded outgoing email quota",
        "550 5.4.5 Daily user sending quota exceeded",
        "550 5.7.1 <{}>: refused",
        "550 发信量已达当日上限",
        "451 4.7.1 Daily sending limit reached",
        "550 5.1.1 <{}>: User unknown",
    ] {
        let server = Scripted::start(|at, to, taken| {
            let refuses = at == "RCPT" && taken >= 10;
            refuses.then(|| format!("{}\r\n", said.replace("{}", to)).into_bytes())
        });
        let world = forty(server.port, "connections = 1");
        let ran = drain(&world, "09:30").ends(1);
        let words = said.split('>').next_back().unwrap_or(said).trim_start_matches(": ");
        let words = words.split_once(' ').map_or(words, |(_, words)| words);
        assert!(ran.err.contains(words), "{said}: {}", ran.err);
        assert_eq!(states(&world), counts(&[("queued", 30), ("sent", 10)]), "{said}");
        assert_eq!(blamed(&world), (0, BTreeSet::new()), "{said}");
        // A clear refusal needs more of its kind to be doubted.
        assert!(server.named() <= 10 + 8, "{said}: {} readers", server.named());
        for command in [&["status"][..], &["doctor"]] {
            let ran = world.run(command);
            let told = format!("{}{}", ran.out, ran.err);
            assert!(told.contains(words), "{command:?} {said}: {told}");
        }
        let status = world.run(&["status", "-o", "json"]).ends(0).json();
        let problem =
            status["problems"].as_array().unwrap().iter().find(|p| p["problem"] == "relay");
        assert!(problem.unwrap()["said"].as_str().unwrap().contains(words), "{status}");
        // Once it is mended, everything goes.
        server.answer(|_, _, _| None);
        drain(&world, "10:30").ends(0);
        assert_eq!(states(&world), counts(&[("sent", MAILS)]), "{said}");
        assert_eq!(server.taken().len(), MAILS);
        let status = world.run(&["status", "-o", "json"]).ends(0).json()["problems"].to_string();
        assert!(!status.contains("relay"), "{status}");
    }
}

#[test]
fn a_reader_who_is_refused_concerns_nobody_else() {
    // Neighbours in the queue, and the first and the last.
    let gone = [0, 1, 2, 3, 20, 21, 38, 39].map(reader);
    for (said, suppressed) in [
        ("550 5.1.1 <{}>: user unknown", true),
        ("550 Mailbox not found", true),
        ("550 用户不存在", true),
        ("550 5.2.1 disabled", true),
        ("552 5.2.2 over quota", false),
    ] {
        let refused: BTreeSet<String> = gone.iter().cloned().collect();
        let server = Scripted::start({
            let refused = refused.clone();
            move |at, to, _| {
                let refuses = at == "RCPT" && refused.contains(to);
                refuses.then(|| format!("{}\r\n", said.replace("{}", to)).into_bytes())
            }
        });
        let world = forty(server.port, "");
        drain(&world, "09:30").ends(0);
        let wanted = counts(&[("failed", refused.len()), ("sent", MAILS - refused.len())]);
        assert_eq!(states(&world), wanted, "{said}");
        let (all, stopped) = blamed(&world);
        assert_eq!(all, refused.len(), "{said}");
        assert_eq!(stopped, if suppressed { refused } else { BTreeSet::new() }, "{said}");
    }
}

#[test]
fn a_message_that_is_refused_never_holds_the_others() {
    for refused in [[3, 11, 19, 27, 35], [0, 1, 2, 3, 4], [35, 36, 37, 38, 39]] {
        let refused = refused.map(reader);
        let server = Scripted::start({
            let refused = refused.clone();
            move |at, to, _| {
                let refuses = at == "dot" && refused.contains(&to.to_owned());
                refuses.then(|| b"554 DT:SPM 163 smtp1,x\r\n".to_vec())
            }
        });
        let world = forty(server.port, "");
        // Those that are left at the end are refused one after the other, so that the server may be left alone then.
        let ended = drain(&world, "09:30").code;
        assert!(ended == 0 || ended == 1, "{ended}");
        assert_eq!(states(&world), counts(&[("queued", 5), ("sent", 35)]), "{refused:?}");
        assert_eq!(blamed(&world).0, 0);
        server.answer(|_, _, _| None);
        drain(&world, "10:30").ends(0);
        assert_eq!(server.taken().len(), MAILS);
    }
}

#[test]
fn a_server_that_refuses_one_message_after_the_other_is_left_alone() {
    let server = Scripted::start(|at, _, taken| {
        let refuses = at == "dot" && taken >= 10;
        refuses.then(|| b"554 DT:SPM 163 smtp1,x\r\n".to_vec())
    });
    let world = forty(server.port, "connections = 1");
    drain(&world, "09:30").ends(1);
    assert_eq!(states(&world), counts(&[("queued", 30), ("sent", 10)]));
    assert_eq!(server.named(), 13);
}

#[test]
fn equal_refusals_are_recognised_from_one_look_to_the_next() {
    let server = Scripted::start(|at, _, _| (at == "RCPT").then(|| b"550 sorry\r\n".to_vec()));
    // So slow a pace that each look sends one.
    let world = forty(server.port, "per_minute = 1");
    drain(&world, "09:30");
    assert_eq!(states(&world), counts(&[("failed", 1), ("queued", 39)]));
    for at in ["09:40", "10:10", "10:40"] {
        drain(&world, at).ends(1);
        assert_eq!(states(&world), counts(&[("failed", 1), ("queued", 39)]), "{at}");
    }
    assert_eq!(blamed(&world), (0, BTreeSet::new()));
    server.answer(|_, _, _| None);
    let retry = ["outbox", "retry", "--state", "failed"];
    let told = world.run(&[&retry[..], &["--since", "2021-04-01"]].concat()).ends(0).err;
    assert!(told.contains("0 mails are queued again"), "{told}");
    let told = world.run(&[&retry[..], &["--since", "2021-03-31T09:00"]].concat()).ends(0).err;
    assert!(told.contains("1 mails are queued again"), "{told}");
    assert_eq!(states(&world), counts(&[("queued", MAILS)]));
    world.run(&["outbox", "retry", "--state", "in_doubt"]).ends(1);
    world.run(&["outbox", "retry"]).ends(2);
    world.run(&["outbox", "retry", "--since", "2021-03-31", "1"]).ends(2);
}

#[test]
fn answers_in_gbk_are_shown_and_a_bom_is_no_part_of_the_password() {
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    let said = "535 Error: 请使用授权码登录\r\n";
    let server = Scripted::start(move |at, _, _| match at {
        "AUTH" => Some(gbk(said)),
        "dot" => Some(gbk("250 邮件已接收\r\n")),
        _ => None,
    });
    let world = forty(server.port, "user = \"plan\"\npassword_file = \"password\"");
    world.file("password", "\u{feff}secret\r\n");
    let ran = drain(&world, "09:30").ends(1);
    assert!(ran.err.contains("请使用授权码登录"), "{}", ran.err);
    let doctor = world.run(&["doctor"]);
    assert!(format!("{}{}", doctor.out, doctor.err).contains("请使用授权码登录"));
    assert_eq!(states(&world), counts(&[("queued", MAILS)]));
    // `plan` and `secret`, and nothing around them.
    server.answer(move |at, line, _| match at {
        "AUTH" if !line.ends_with(" AHBsYW4Ac2VjcmV0") => Some(gbk(said)),
        "dot" => Some(gbk("250 邮件已接收\r\n")),
        _ => None,
    });
    drain(&world, "10:30").ends(0);
    assert_eq!(states(&world), counts(&[("sent", MAILS)]));
}

/// Every answer of the table, spoken by a server to a reader of its own.
#[test]
fn every_known_answer_has_its_consequence_end_to_end() {
    let table = include_str!("../../fixtures/refusals.tsv");
    wait(async {
        let server = Scripted::start(|_, _, _| None);
        let mut desk = Desk::open(&small(), at_nine()).await;
        let mail = &mut desk.app.config.mail;
        (mail.transport, mail.tls) = (TransportKind::Smtp, TlsKind::None);
        (mail.host, mail.port) = (Some("127.0.0.1".to_owned()), Some(server.port));
        (mail.from, mail.connections) = ("cdc@small.example".to_owned(), 1);
        let mut owners: BTreeMap<Owner, usize> = BTreeMap::new();
        for (number, line) in table.lines().enumerate().skip(1) {
            let cells: Vec<&str> = line.split('\t').collect();
            let [_, step, code, words, cause] = cells[..] else { panic!("{line}") };
            let cause = Cause::from_word(cause).unwrap();
            let step = step.to_owned();
            if matches!(step.as_str(), "report" | "AUTH") {
                continue;
            }
            let to = reader(number);
            let said = format!("{code} {words}\r\n").into_bytes();
            // The next reader is taken, if we come so far.
            server.answer({
                let to = to.clone();
                move |at, now_to, _| {
                    let before = matches!(at, "banner" | "EHLO" | "MAIL");
                    (at == step && (before || now_to == to)).then(|| said.clone())
                }
            });
            let due = i64::try_from(number).unwrap() * 3_600_000;
            let next = format!("next{number}@home.example");
            {
                let mut tx = desk.app.store.write().await.unwrap();
                for message in [new(&to, due), new(&next, due + 1)] {
                    desk.app.queue(&mut tx, &desk.loaded, message, at_nine()).await.unwrap();
                }
                tx.commit().await.unwrap();
            }
            let now = at_nine() + Duration::from_secs(3600 * u64::try_from(number).unwrap());
            let clock = Clock::simulated(now);
            let sender = Sender { owner: "test", clock: &clock, stop: &|| false, by_hand: true };
            let done = desk.app.drain(&sender).await.unwrap();
            let all = mails(&desk.app.store).await;
            let of = |to: &str| all.iter().find(|mail| mail.to == to).unwrap();
            let (mail, next) = (of(&to), of(&next));
            let for_good = code.starts_with('5');
            let told = format!("{line}: {} {:?}", mail.state, mail.last_error);
            let is_ours = cause.owner() == Owner::Us && (for_good || cause != Cause::Rate);
            *owners.entry(cause.owner()).or_default() += 1;
            if is_ours {
                assert_eq!(mail.state, MailState::Queued, "{told}");
                assert_eq!(mail.attempts, 0, "{told}");
                assert!(done.relay.is_some() && next.state == MailState::Queued, "{told}");
            } else if for_good && cause.owner() == Owner::Reader && cause != Cause::Busy {
                assert_eq!(
                    (mail.state, next.state),
                    (MailState::Failed, MailState::Sent),
                    "{told}"
                );
            } else {
                assert_eq!((mail.state, mail.attempts), (MailState::Queued, 1), "{told}");
            }
            let mut tx = desk.app.store.write().await.unwrap();
            let stopped = bounces::addresses(&mut tx).await.unwrap();
            let is_gone = matches!(cause, Cause::Unknown | Cause::Disabled) && for_good;
            assert_eq!(stopped.contains(&to), is_gone, "{told}");
            drop(tx);
            // Whatever it was, the server is well again and takes what waits.
            server.answer(|_, _, _| None);
            let clock = Clock::simulated(now + Duration::from_mins(30));
            let sender = Sender { owner: "test", clock: &clock, stop: &|| false, by_hand: true };
            desk.app.drain(&sender).await.unwrap();
            let left = mails(&desk.app.store).await;
            assert!(left.iter().all(|mail| mail.state != MailState::Queued), "{told}");
        }
        assert!(owners.values().all(|count| *count > 15), "{owners:?}");
    });
}

#[test]
fn readers_suppressed_for_what_was_not_their_fault_get_mail_again_after_the_upgrade() {
    let server = Scripted::start(|_, _, _| None);
    let world = forty(server.port, "");
    let reports = [
        (
            "smtp/1/1",
            0,
            "hard",
            "5.4.5",
            "550 permanent error (550): 5.4.5 Daily sending quota exceeded",
        ),
        ("smtp/2/1", 1, "hard", "5.1.1", "550 permanent error (550): 5.1.1 User unknown"),
        ("smtp/3/1", 2, "hard", "5.0.0", "550 permanent error (550): no"),
        ("a report", 3, "hard", "5.3.0", "mail system"),
    ];
    let id = |n: i64| n + 1;
    on(&world, async |app| {
        let mut tx = app.store.write().await.unwrap();
        for (report, n, kind, status, said) in reports {
            let new = bounces::NewBounce {
                report,
                outbox: id(n),
                address: &reader(usize::try_from(n).unwrap()),
                kind: doseplan::domain::message::BounceKind::from_word(kind).unwrap(),
                counts: true,
                status,
                said,
            };
            bounces::insert(&mut tx, &new, n).await.unwrap();
            let address = reader(usize::try_from(n).unwrap());
            let why = format!("{status} {said}");
            bounces::suppress(&mut tx, &address, &why, n).await.unwrap();
            let both = [address.clone(), address];
            bounces::hold_queued(&mut tx, &both, &why, n).await.unwrap();
        }
        installation::set_judged(&mut tx, 0).await.unwrap();
        tx.commit().await.unwrap();
    });
    let told = world.run(&["bounce", "list"]).ends(0).err;
    assert!(told.contains("3 get mail again"), "{told}");
    assert_eq!(blamed(&world).1, BTreeSet::from([reader(1)]));
    assert_eq!(states(&world), counts(&[("queued", 39), ("unroutable", 1)]));
    assert_eq!(world.run(&["bounce", "list"]).ends(0).err, "", "once");
}
