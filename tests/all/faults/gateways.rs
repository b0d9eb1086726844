//! The services of text messages and the robots: every fault of the fake services, kills at every named step, receipts.
//! What a service took is compared with what the database says.

use super::{FaultServer, seconds, until};
use crate::support::{World, small, wait};
use doseplan::app::App;
use doseplan::app::outbox::{Drained, Sender};
use doseplan::clock::Clock;
use doseplan::config::Config;
use doseplan::domain::gateway::Service;
use doseplan::domain::message::{MailKind, MailState, ReceiptState};
use doseplan::mail::transport::{Content, Text};
use doseplan::store::Store;
use doseplan::store::outbox::{self, NewMessage};
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

/// Messages of each case in CI. `DOSEPLAN_GATEWAY_MESSAGES=200` is the long form.
const MESSAGES: usize = 6;
/// The steps at which a sender is killed.
const STEPS: [&str; 9] = [
    "mail.claimed:1",
    "mail.marked:1",
    "mail.marked:3",
    "mail.accepted:1",
    "mail.accepted:2",
    "mail.recorded:1",
    "mail.recorded:2",
    "commit:3",
    "committed:3",
];

fn messages() -> usize {
    let named = std::env::var("DOSEPLAN_GATEWAY_MESSAGES").ok();
    named.and_then(|text| text.parse().ok()).unwrap_or(MESSAGES)
}

/// The fake services on one port. They end with the test.
pub(crate) struct Fake(FaultServer);

impl Fake {
    pub(crate) fn start(more: &[&str]) -> Option<Self> {
        let calm = ["--no-limits", "--receipt-delay", "0", "--late", "1"];
        FaultServer::start("gateways/gateway_fault_server.py", &[&calm[..], more].concat())
            .map(Self)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    pub(crate) fn mode(&self, mode: &str) {
        self.0.mode(mode);
    }

    /// How often each message was taken, by the words that are its own.
    pub(super) fn taken(&self) -> BTreeMap<String, u32> {
        let mut out = BTreeMap::new();
        for line in self.0.index() {
            if line["outcome"] == "duplicate" {
                continue;
            }
            let text = line["text"].as_str().expect("a text");
            let at = text.find("n0").expect("the words of a message");
            *out.entry(text[at..at + 5].to_owned()).or_default() += 1;
        }
        out
    }
}

/// How many texts a service took for each number.
pub(crate) fn numbers(fake: &Fake) -> BTreeMap<String, u32> {
    let mut out = BTreeMap::new();
    for line in fake.0.index() {
        let number = line["recipient"].as_str().expect("a number");
        *out.entry(number.trim_start_matches("+86").to_owned()).or_default() += 1;
    }
    out
}

pub(super) fn word(nth: usize) -> String {
    format!("n0{nth:03}")
}

/// A world whose only channel is a service of the fake.
fn world(fake: &Fake, service: Service, more: &str) -> World {
    let world = World::with(&small());
    channel(&world, fake, service, more);
    world
}

/// The configuration of a service of the fake.
pub(super) fn channel(world: &World, fake: &Fake, service: Service, more: &str) {
    let (key, secret) = match service {
        Service::Tencent => {
            ("AKIDtest0000000000000000000000000000", "tencentTestKey000000000000000000")
        }
        Service::Aliyun => ("LTAItest00000000000000", "aliyunTestSecret00000000000000"),
        Service::Webhook => ("", "whsec_ZG9zZXBsYW4td2ViaG9vay10ZXN0LWtleS0zMmJ5dGU="),
        Service::Wecom => ("11111111-2222-4333-8444-555555555555", ""),
        Service::Dingtalk => (
            "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
            "SEC5555555555555555555555555555555555555555555555555555555555555",
        ),
        Service::Feishu => ("66666666-7777-4888-8999-000000000000", "feishuTestSecret0001"),
    };
    world.file("key", key);
    world.file("secret", secret);
    let path = if service == Service::Webhook { "/webhook/county" } else { "" };
    world.file(
        "doseplan.toml",
        format!(
            "[channels.line]\nkind = \"{service}\"\nurl = \"http://127.0.0.1:{}{path}\"\n\
             key_file = \"{}\"\nsecret_file = \"{}\"\napp_id = \"1400006666\"\n\
             sign = \"测试疾控中心\"\nanswer_seconds = 1\nconnections = 1\nper_minute = 100000\n\
             settle_seconds = 0\n{more}\n[reminders]\nquiet_hours = \"00:00-00:00\"\n",
            fake.port(),
            world.path("key").display(),
            world.path("secret").display(),
        ),
    );
}

fn content(service: Service, nth: usize) -> Content {
    if service.is_robot() {
        return Content::Card { title: "t".into(), text: format!("{} 张", word(nth)) };
    }
    let values = [("name", word(nth)), ("time", "4月1日".into()), ("site", "甲镇卫生院".into())];
    Content::Text(Text {
        kind: "tomorrow".into(),
        language: "zh-CN".into(),
        template: if service == Service::Aliyun { "SMS_100000001" } else { "1110" }.into(),
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        text: format!("{}您好", word(nth)),
    })
}

/// Queues messages, and their names.
pub(super) fn queue(world: &World, service: Service, count: usize) {
    queue_from(world, service, 0, count);
}

fn queue_from(world: &World, service: Service, first: usize, count: usize) {
    wait(async {
        let app = open(world).await;
        let loaded = app.campaign(None).await.unwrap();
        let new: Vec<NewMessage> = (first..first + count)
            .map(|nth| NewMessage {
                unique_key: word(nth),
                kind: MailKind::Test,
                recipient: format!("1380010{nth:04}"),
                subject: "s".into(),
                message_id: word(nth),
                bytes: content(service, nth).bytes(),
                due_at: 0,
                send_by: None,
                quiet: false,
                zone: "Asia/Shanghai".into(),
                state: MailState::Queued,
                last_error: None,
                channel: "line".into(),
                segments: 1,
                ways: Vec::new(),
            })
            .collect();
        let mut tx = app.store.write().await.unwrap();
        outbox::insert_all(&mut tx, loaded.no, &new, 0).await.unwrap();
        tx.commit().await.unwrap();
        app.store.close().await;
    });
}

async fn open(world: &World) -> App {
    let config = Config::read(&world.path("doseplan.toml"), true).unwrap();
    App::new(Store::open(world.db(), false).await.unwrap(), config)
}

/// Sends what is due at a minute of the day.
pub(super) fn drain(world: &World, minute: i64) -> Drained {
    let at = crate::support::at("2021-03-31T09:00:00") + chrono::TimeDelta::minutes(minute);
    wait(async {
        let app = open(world).await;
        let clock = Clock::simulated(at);
        let sender = Sender { owner: "test", clock: &clock, stop: &|| false, by_hand: false };
        let done = app.drain(&sender).await.unwrap();
        app.store.close().await;
        done
    })
}

/// Asks the services for receipts once.
fn gather(world: &World, minute: i64) -> doseplan::app::outbox::Gathered {
    let at = crate::support::at("2021-03-31T09:00:00") + chrono::TimeDelta::minutes(minute);
    wait(async {
        let app = open(world).await;
        let done = app.gather(at).await.unwrap();
        app.store.close().await;
        done
    })
}

fn listed(world: &World) -> Vec<outbox::Message> {
    wait(async {
        let app = open(world).await;
        let all = super::mails(&app.store).await;
        app.store.close().await;
        all
    })
}

pub(super) fn states(world: &World) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for message in listed(world) {
        *out.entry(message.state.to_string()).or_default() += 1;
    }
    out
}

/// Compares service and database: every message was taken at most once; what is sent was taken; what was taken is sent,
/// came back, or is in doubt. Returns those in doubt, and whether each was taken.
fn agree(fake: &Fake, world: &World, service: Service, name: &str) -> Vec<(i64, bool)> {
    let taken = fake.taken();
    for (message, times) in &taken {
        assert_eq!(*times, 1, "{name}: {message} was taken {times} times");
    }
    let mut in_doubt = Vec::new();
    for message in listed(world) {
        let here = taken.contains_key(&message.unique_key);
        match message.state {
            MailState::Sent | MailState::Bounced => {
                assert!(
                    here,
                    "{name}: {} is {} and was not taken",
                    message.unique_key, message.state
                );
            }
            MailState::InDoubt => in_doubt.push((message.id, here)),
            // Its receiver keeps the message's number: what goes again is a duplicate there.
            MailState::Queued if service == Service::Webhook => {}
            state => assert!(!here, "{name}: {} was taken and is {state}", message.unique_key),
        }
    }
    in_doubt
}

/// Everything that can be sent is sent; what stays in doubt is resolved by what the service has. Returns how many the
/// operator had to resolve.
fn recover(fake: &Fake, world: &World, service: Service, name: &str) -> usize {
    fake.mode("ok");
    let mut by_hand = 0;
    for round in 1..=40 {
        if service.wants_templates() {
            gather(world, round * 60);
        }
        for (id, here) in agree(fake, world, service, name) {
            by_hand += 1;
            let resolved = wait(async {
                let app = open(world).await;
                let at = crate::support::at("2021-03-31T09:00:00");
                let at = at + chrono::TimeDelta::minutes(round * 60);
                let done = app.resolve_doubt(id, here, at).await.unwrap();
                app.store.close().await;
                done
            });
            assert!(resolved, "{name}: {id}");
        }
        drain(world, round * 60);
        let open = states(world);
        if !open.contains_key("queued") && !open.contains_key("in_doubt") {
            break;
        }
    }
    assert_eq!(agree(fake, world, service, name), [], "{name}");
    by_hand
}

/// What a mode leads to in the first drain.
#[derive(Clone, Copy)]
enum First {
    /// Everything is sent.
    Sent,
    /// Nothing is taken, and the channel waits.
    Queued,
    /// Two are in doubt, then the channel waits.
    Doubt,
}

fn first(service: Service, mode: &str) -> First {
    let is_safe = service == Service::Webhook;
    match (service, mode) {
        (_, "ok" | "slow" | "partial") => First::Sent,
        (Service::Feishu, "rate" | "quota") => First::Doubt,
        (_, "bad-signature" | "odd-json" | "200-html" | "rate" | "quota") => First::Queued,
        (_, mode) if mode.starts_with("receipt") || mode == "reply-stop" => First::Sent,
        _ if is_safe => First::Queued,
        _ => First::Doubt,
    }
}

const MODES: [&str; 18] = [
    "ok",
    "slow",
    "refuse",
    "silent",
    "drop-before-answer",
    "500",
    "502",
    "odd-json",
    "200-html",
    "rate",
    "quota",
    "bad-signature",
    "busy",
    "drop-after-accept",
    "silence-after-accept",
    "cut-answer",
    "502-after-accept",
    "busy-after-accept",
];

fn every_mode(service: Service) {
    let count = messages();
    for mode in MODES {
        let name = format!("{service} {mode}");
        let Some(fake) = Fake::start(&[]) else { return };
        fake.mode(mode);
        let world = world(&fake, service, "");
        queue(&world, service, count);
        drain(&world, 0);
        let wanted = match first(service, mode) {
            First::Sent => BTreeMap::from([("sent".to_owned(), count)]),
            First::Queued => BTreeMap::from([("queued".to_owned(), count)]),
            First::Doubt => {
                BTreeMap::from([("in_doubt".to_owned(), 2), ("queued".to_owned(), count - 2)])
            }
        };
        assert_eq!(states(&world), wanted, "{name}");
        let in_doubt = agree(&fake, &world, service, &name);
        let by_hand = recover(&fake, &world, service, &name);
        assert_eq!(fake.taken().len(), count, "{name}: nothing is lost");
        assert_eq!(states(&world), BTreeMap::from([("sent".to_owned(), count)]), "{name}");
        // Aliyun's list knows each text by our name, Tencent's only those that were taken; the others have none.
        let open = match service {
            Service::Aliyun | Service::Webhook => 0,
            Service::Tencent => in_doubt.iter().filter(|(_, here)| !here).count(),
            _ => in_doubt.len(),
        };
        assert_eq!(by_hand, open, "{name}: {in_doubt:?}");
        let doubts = in_doubt.len();
        eprintln!("{name}: {count} arrived once, {doubts} in doubt at first, {by_hand} by hand");
    }
}

#[test]
fn every_fault_of_tencent_loses_nothing_and_doubles_nothing() {
    every_mode(Service::Tencent);
}

#[test]
fn every_fault_of_aliyun_loses_nothing_and_doubles_nothing() {
    every_mode(Service::Aliyun);
}

#[test]
fn every_fault_of_an_own_gateway_loses_nothing_and_doubles_nothing() {
    every_mode(Service::Webhook);
}

#[test]
fn every_fault_of_wecom_loses_nothing_and_doubles_nothing() {
    every_mode(Service::Wecom);
}

#[test]
fn every_fault_of_dingtalk_loses_nothing_and_doubles_nothing() {
    every_mode(Service::Dingtalk);
}

#[test]
fn every_fault_of_feishu_loses_nothing_and_doubles_nothing() {
    every_mode(Service::Feishu);
}

#[test]
fn a_sender_that_is_killed_at_any_step_loses_nothing_and_doubles_nothing() {
    for service in Service::ALL {
        let Some(fake) = Fake::start(&[]) else { return };
        fake.mode("ok");
        let world = world(&fake, service, "");
        let each = messages().min(50);
        for (attempt, step) in STEPS.iter().enumerate() {
            queue_from(&world, service, attempt * each, each);
            let at = crate::support::at("2021-03-31T09:00:00");
            // Far enough apart for every claim of the one before to have ended, however slow the machine is.
            let at = at + chrono::TimeDelta::minutes(3 * i64::try_from(attempt).unwrap());
            let mut command = world.command(&["outbox", "drain"]);
            command.env("DOSEPLAN_CLOCK", at.to_rfc3339());
            command.env("DOSEPLAN_KILL_AT", step);
            let ended = command.output().expect("the program starts");
            let is_killed = ended.status.code().is_none();
            // What may go twice is not marked.
            let is_reached = service != Service::Webhook || !step.starts_with("mail.marked");
            assert_eq!(is_killed, is_reached, "{service} {step}: {ended:?}");
            agree_after_lease(&fake, &world, &format!("{service} {step}"));
        }
        // The claims of the killed have ended.
        drain(&world, 30);
        let count = each * STEPS.len();
        recover(&fake, &world, service, &format!("{service} killed"));
        assert_eq!(fake.taken().len(), count, "{service}: nothing is lost");
        assert_eq!(states(&world), BTreeMap::from([("sent".to_owned(), count)]), "{service}");
    }
}

/// While a killed sender's claim holds, its messages are `sending`; nothing may have been taken twice by then.
fn agree_after_lease(fake: &Fake, world: &World, name: &str) {
    let taken = fake.taken();
    for (message, times) in &taken {
        assert_eq!(*times, 1, "{name}: {message} was taken {times} times");
    }
    for message in listed(world).iter().filter(|message| message.state == MailState::Sent) {
        assert!(taken.contains_key(&message.unique_key), "{name}: {}", message.unique_key);
    }
}

/// Receipts of every kind: what the service hands over, the state of the text after it, the receipt, whether the number
/// is closed.
#[test]
fn a_receipt_says_what_became_of_a_text_and_of_its_number() {
    for (service, mode, state, receipt, closed) in [
        (Service::Tencent, "ok", MailState::Sent, ReceiptState::Arrived, 0),
        (Service::Tencent, "receipt-dup", MailState::Sent, ReceiptState::Arrived, 0),
        (Service::Tencent, "receipt-late", MailState::Sent, ReceiptState::Arrived, 0),
        (Service::Tencent, "receipt-early", MailState::Sent, ReceiptState::Arrived, 0),
        (Service::Tencent, "receipt-none", MailState::Sent, ReceiptState::Waiting, 0),
        (Service::Tencent, "receipt-empty", MailState::Bounced, ReceiptState::Missed, 0),
        (Service::Tencent, "receipt-blacklist", MailState::Bounced, ReceiptState::Missed, 0),
        (Service::Tencent, "reply-stop", MailState::Sent, ReceiptState::Arrived, 1),
        (Service::Aliyun, "ok", MailState::Sent, ReceiptState::Arrived, 0),
        (Service::Aliyun, "receipt-dup", MailState::Sent, ReceiptState::Arrived, 0),
        (Service::Aliyun, "receipt-none", MailState::Sent, ReceiptState::Waiting, 0),
        (Service::Aliyun, "receipt-off", MailState::Bounced, ReceiptState::Missed, 0),
        (Service::Aliyun, "receipt-suspended", MailState::Bounced, ReceiptState::Missed, 0),
        (Service::Aliyun, "receipt-blacklist", MailState::Bounced, ReceiptState::Missed, 1),
    ] {
        let Some(fake) = Fake::start(&[]) else { return };
        fake.mode(mode);
        let world = world(&fake, service, "");
        queue(&world, service, 1);
        drain(&world, 0);
        let name = format!("{service} {mode}");
        let mut found = listed(&world).remove(0);
        let since = std::time::Instant::now();
        while found.receipt != Some(receipt) || closed_numbers(&world) != closed {
            assert!(since.elapsed() < seconds(6), "{name}: {:?} {:?}", found.state, found.receipt);
            gather(&world, 1);
            found = listed(&world).remove(0);
            std::thread::sleep(Duration::from_millis(50));
        }
        gather(&world, 2);
        let found = listed(&world).remove(0);
        assert_eq!((found.state, found.receipt), (state, Some(receipt)), "{name}");
        assert_eq!(closed_numbers(&world), closed, "{name}");
    }
}

fn closed_numbers(world: &World) -> usize {
    world.run(&["channels", "numbers", "-o", "json"]).ends(0).json().as_array().unwrap().len()
}

#[test]
fn the_receipts_that_a_service_hands_over_are_taken_once_and_a_wrong_token_is_refused() {
    for service in [Service::Tencent, Service::Aliyun] {
        let port = free_port();
        let Some(first) = Fake::start(&[]) else { return };
        let world = world(&first, service, "receipts = \"push\"");
        let hook = world.run(&["channels", "list", "-o", "json"]).ends(0).json();
        let hook = hook[0]["hook"].as_str().expect("an address").to_owned();
        drop(first);
        let kind = if service == Service::Tencent { "tencent" } else { "aliyun" };
        let push = |what: &str| format!("{kind}-{what}=http://127.0.0.1:{port}{hook}");
        let (report, reply) = (push("report"), push("reply"));
        let Some(fake) = Fake::start(&["--push", &report, "--push", &reply]) else { return };
        fake.mode("reply-stop");
        channel(&world, &fake, service, "receipts = \"push\"");
        let config = world.read("doseplan.toml");
        let listen = format!("[http]\nlisten = \"127.0.0.1:{port}\"\n");
        world.file("doseplan.toml", format!("{config}{listen}"));
        queue(&world, service, 3);
        let daemon = super::Daemon::start(&world, "2021-03-31T09:00:00+08:00", "daemon.log", &[]);
        until(seconds(20), "the daemon listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        until(seconds(20), "receipts are handed over", || {
            let all = listed(&world);
            all.len() == 3 && all.iter().all(|one| one.receipt == Some(ReceiptState::Arrived))
        });
        until(seconds(10), "replies are handed over", || closed_numbers(&world) == 3);
        let replies = world.run(&["channels", "replies", "-o", "json"]).ends(0).json();
        assert_eq!(replies.as_array().unwrap().len(), 3, "{service}");
        assert!(replies[0]["stops"].as_bool().unwrap());
        // A stranger, with a token that is none.
        let wrong = format!("http://127.0.0.1:{port}/hooks/line/{}", "0".repeat(32));
        assert_eq!(post(&wrong, "[]"), 401);
        let right = format!("http://127.0.0.1:{port}{hook}");
        assert_eq!(post(&right, "not JSON"), 400);
        assert_eq!(post(&right, "[]"), 200);
        drop(daemon);
        let log = world.read("daemon.log");
        assert!(!log.contains("1380010") && !log.contains("您好"), "{log}");
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The status of an answer to a POST.
fn post(url: &str, body: &str) -> u16 {
    let ran = Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", body])
        .args(["-H", "content-type: application/json", url])
        .output()
        .expect("curl starts");
    String::from_utf8_lossy(&ran.stdout).parse().unwrap_or(0)
}

#[test]
fn a_budget_pauses_the_channel_until_the_next_day_and_says_so() {
    let Some(fake) = Fake::start(&[]) else { return };
    fake.mode("ok");
    let world = world(&fake, Service::Tencent, "segments_per_day = 2");
    queue(&world, Service::Tencent, 5);
    let done = drain(&world, 0);
    let said = done.relay.expect("a reason");
    assert!(said.contains("[channels.line]") && said.contains("segments_per_day = 2"), "{said}");
    assert_eq!(states(&world), BTreeMap::from([("queued".into(), 3), ("sent".into(), 2)]));
    drain(&world, 24 * 60);
    assert_eq!(fake.taken().len(), 4);
    let costs = world.run(&["channels", "costs", "-o", "csv"]).ends(0).csv();
    let days: Vec<&str> = costs.iter().map(|row| row["day"].as_str()).collect();
    assert_eq!(days, ["2021-03-31", "2021-04-01"]);
    assert!(costs.iter().all(|row| row["segments"] == "2" && row["campaign"] == "small"));
}
