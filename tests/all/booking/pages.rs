//! The public pages: what a link opens, what it does, and what strangers can learn.

use super::{EVE, Town};
use crate::operation::{Answer, exchange};
use crate::support::{at, day, on_postgresql, wait};
use doseplan::app::booking::{Done, Wish};
use doseplan::clock::Clock;
use doseplan::config::ChannelConfig;
use doseplan::domain::booking::{Answer as Said, NoBooking};
use doseplan::domain::gateway::Service;
use doseplan::domain::message::MailKind;
use doseplan::domain::permission::Actor;
use doseplan::jobs::runner::Runner;
use doseplan::mail::transport::Content;
use doseplan::store::audit::Entry;
use doseplan::store::outbox;
use doseplan::web::{Site, serve_booking};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::block_in_place;

/// Serves the booking pages of a town.
pub(super) async fn served(town: &Town) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let runner = Runner::new(town.app.clone(), "test".into());
    let site = Site::new(&runner, Clock::shifted_to(at(EVE)));
    tokio::spawn(serve_booking(listener, site, std::future::pending()));
    address
}

fn ask(address: SocketAddr, head: &str, body: &str) -> Answer {
    let head = format!("{head} HTTP/1.1\r\nHost: yy.example\r\nConnection: close\r\n");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let request = format!("{head}{form}Content-Length: {}\r\n\r\n{body}", body.len());
    block_in_place(|| exchange(address, request.as_bytes())).expect("an answer")
}

pub(super) fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, &format!("GET {path}"), "")
}

fn post(address: SocketAddr, path: &str, form: &str) -> Answer {
    ask(address, &format!("POST {path}"), form)
}

/// The value of the nth seat that a page offers.
fn offered(page: &Answer, nth: usize) -> String {
    let mut options = page.body.match_indices("<option value=\"2021").map(|(at, _)| at + 15);
    let from = options.nth(nth).expect("a seat is offered");
    page.body[from..].split('"').next().unwrap().to_owned()
}

async fn a_link_is_used() {
    let town = Town::open(None, 60, 20).await;
    let address = served(&town).await;
    let token = town.token("p0007").await;
    let path = format!("/b/{token}");
    let before = town.held().await;
    // Opening the page changes nothing, however often.
    let page = get(address, &path);
    assert_eq!((page.status, get(address, &path).status), (200, 200));
    assert_eq!(town.held().await, before);
    assert!(page.body.len() < 30 << 10, "{} bytes", page.body.len());
    assert!(page.body.contains("lang=\"zh-CN\"") && !page.body.contains("<script"));
    let slot = format!("{}–", before["p0007"].slot.expect("a slot"));
    for word in ["接种预约", "甲镇卫生院", "人民路1号", "0511-86000001", "确认前往", &slot]
    {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    // Nothing of the person is in it but the first letter of the name.
    assert!(!page.body.contains("张7") && !page.body.contains("p0007"));
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let english = get(address, &format!("{path}?lang=en"));
    assert!(english.body.contains("Confirm: I will come"), "{}", english.body);

    let done = post(address, &path, "m=0&lang=en&act=confirm");
    assert_eq!(done.status, 303);
    let said = get(address, &done.headers["location"]);
    assert!(said.body.contains("Confirmed. See you then."), "{}", said.body);
    assert_eq!(town.held().await["p0007"].answer, Some(Said::Confirmed));
    // The same link again: said, and nothing changes.
    let again = post(address, &path, "m=0&lang=en&act=confirm");
    assert!(again.headers["location"].contains("already"));

    // Somebody else's cancelling leaves a seat, which is taken.
    let other = town.token("p0008").await;
    let left = town.held().await["p0008"].clone();
    assert_eq!(post(address, &format!("/b/{other}"), "m=0&act=cancel").status, 303);
    assert!(!town.held().await.contains_key("p0008"));
    let page = get(address, &path);
    let seat = offered(&page, 0);
    let form = format!("m=0&act=take&seat={}", seat.replace(' ', "+"));
    let taken = post(address, &path, &form);
    assert!(taken.headers["location"].contains("said=taken"), "{}", taken.body);
    let mine = town.held().await["p0007"].clone();
    assert_eq!((mine.day, &mine.place, mine.answer), (left.day, &left.place, Some(Said::Booked)));
    // Whoever comes second is told so, and keeps what they had.
    let third = town.token("p0009").await;
    let late = post(address, &format!("/b/{third}"), &form);
    assert!(late.status == 409 && late.body.contains("刚被约满"), "{}: {}", late.status, late.body);
    for wrong in ["", "2021-04-01", "2021-04-01 99:00 S1", "2021-04-01 08:00 XX", "x - S1"] {
        let form = format!("m=0&act=take&seat={}", wrong.replace(' ', "+"));
        assert_eq!(post(address, &path, &form).status, 409, "{wrong}");
    }
    assert_eq!(town.held().await["p0007"], mine);
    let log = town.log().await;
    for did in ["booking-confirm", "booking-take", "booking-cancel"] {
        let found = log.iter().find(|line| line.did.word() == did).expect(did);
        assert!(found.who == "(booker)" && found.address.is_some(), "{found:?}");
        assert!(!found.said.contains("p000") && !found.said.contains(&token), "{found:?}");
    }
}

#[test]
fn a_link_shows_confirms_moves_and_cancels() {
    wait(a_link_is_used());
}

async fn strangers_ask() {
    let town = Town::open(None, 30, 20).await;
    let address = served(&town).await;
    let token = town.token("p0000").await;
    // A family sees its members, by position alone.
    let page = get(address, &format!("/b/{token}?lang=en"));
    assert_eq!(page.body.matches("?m=").count(), 4 + 1, "{}", page.body);
    let done = post(address, &format!("/b/{token}"), "m=2&act=confirm");
    assert_eq!(done.status, 303);
    assert_eq!(town.held().await["p0002"].answer, Some(Said::Confirmed));
    assert_eq!(post(address, &format!("/b/{token}"), "m=9&act=confirm").status, 404);
    // What cannot be read is said in the language of the address.
    let [chinese, english] = ["", "?lang=en"].map(|lang| {
        let answer = post(address, &format!("/b/{token}{lang}"), "m=x");
        assert_eq!(answer.status, 422, "{}", answer.body);
        answer.body
    });
    assert!(english.contains("lang=\"en\"") && !chinese.contains("lang=\"en\""), "{english}");
    // Wrong links say the same whatever they are, and are soon not answered at all.
    let mut last = String::new();
    for nth in 0..19 {
        let wrong = get(address, &format!("/b/{}", "a".repeat(1 + nth % 3)));
        assert_eq!(wrong.status, 404);
        assert!(last.is_empty() || last == wrong.body);
        last = wrong.body;
    }
    assert_eq!(get(address, "/b/x").status, 404);
    assert_eq!(get(address, "/b/x").status, 429);
    assert_eq!(get(address, &format!("/b/{token}")).status, 429);
    assert_eq!(get(address, "/healthz").status, 200);
}

#[test]
fn strangers_learn_nothing_and_are_stopped() {
    wait(strangers_ask());
}

async fn the_dead_book() {
    let town = Town::open(None, 20, 20).await;
    let token = town.token("p0005").await;
    let now = at(EVE);
    town.import("persons", "person,area,born,died\np0005,A,1950-01-01,2021-03-30\n", EVE).await;
    let page = town.app.booking_page(&token, (0, None), now).await.unwrap().expect("a page");
    assert_eq!(page.members[0].refused, Some(NoBooking::Dead));
    assert!(page.choices.is_empty());
    let wish = Wish::Take((day("2021-04-01"), "S1".into(), None));
    let done = town.app.book(&token, 0, &wish, now).await.unwrap();
    assert_eq!(done, Done::Refused(NoBooking::Dead));
    let refused = town.log().await.into_iter().find(|line| line.did.word() == "refused");
    assert!(refused.expect("a line").said.contains("dead"));
    // A link ends with its day; a dose that was given ends what can be booked.
    let later = at("2021-05-11T09:00:00");
    assert_eq!(town.app.booking_page(&token, (0, None), later).await.unwrap(), None);
    let other = town.token("p0006").await;
    let evening = "2021-04-01T20:00:00";
    town.import("doses", "record,person,date,place\nd1,p0006,2021-04-01,S1\n", evening).await;
    let done = town.app.book(&other, 0, &Wish::Confirm, at(evening)).await.unwrap();
    assert_eq!(done, Done::Refused(NoBooking::Given));
}

#[test]
fn a_booking_of_the_dead_is_said_and_audited() {
    wait(the_dead_book());
}

async fn strangers_ask_to_be_registered() {
    let town = Town::open(None, 20, 20).await;
    let address = served(&town).await;
    assert!(get(address, "/ask?lang=en").body.contains("Ask to be registered"));
    let form = |name: &str, born: &str, phone: &str| {
        format!("name={name}&born={born}&area=Village+5&phone={phone}&lang=en")
    };
    for wrong in [
        form("", "1950-01-01", "13800000001"),
        form("X", "1850-01-01", "13800000001"),
        form("X", "2031-01-01", "13800000001"),
        form("X", "1950-01-01", "0511-8600001"),
    ] {
        assert_eq!(post(address, "/ask", &wrong).status, 422, "{wrong}");
    }
    // Whoever is in the register hears the same as whoever is not.
    let known = post(address, "/ask", &form("%E5%BC%A05", "1950-01-01", "13800000001"));
    let new = post(address, "/ask", &form("%E9%92%B1%E4%B8%80", "1951-01-01", "13800000002"));
    assert!(known.status == 200 && known.body == new.body, "{}", new.body);
    // Sent again, it is the same request.
    let again = post(address, "/ask", &form("%E9%92%B1%E4%B8%80", "1951-01-01", "13800000002"));
    assert!(again.status == 200 && again.body == new.body, "{}", again.body);
    for nth in 0..9 {
        post(address, "/ask", &form(&format!("Z{nth}"), "1950-01-01", "13800000009"));
    }
    let waiting = town.app.register_requests().await.unwrap();
    assert_eq!(waiting.len(), 7, "five of one number at most");
    let (by, now) = (Actor::CommandLine, at(EVE));
    let (first, second) = (waiting[0].0, waiting[1].0);
    town.app.refuse_request(first, by, now).await.unwrap();
    assert!(town.app.refuse_request(first, by, now).await.is_err());
    let taken = |person: &'static str, area: &'static str| {
        let (app, loaded) = (&town.app, &town.loaded);
        async move { app.take_request(loaded, (second, person, area), by, now).await }
    };
    assert!(taken("p0001", "A").await.is_err(), "the code is somebody's");
    assert!(taken("n1", "nowhere").await.is_err(), "there is no such area");
    taken("n1", "A").await.unwrap();
    assert!(taken("n2", "A").await.is_err());
    assert_eq!(town.app.register_requests().await.unwrap().len(), 5);
    let dids: Vec<&str> = town.log().await.iter().map(|line| line.did.word()).collect();
    assert!(dids.contains(&"request-ask") && dids.contains(&"request-decide"), "{dids:?}");
}

#[test]
fn who_is_not_registered_can_ask_and_learns_nothing() {
    wait(strangers_ask_to_be_registered());
}

/// The texts with codes that wait or were sent: number and code.
async fn codes(town: &Town) -> Vec<(String, String)> {
    let mut tx = town.app.store.read().await.expect("a reader");
    let all = outbox::list(&mut tx, None, Some(MailKind::Code)).await.expect("the outbox");
    let mut out = Vec::new();
    for one in all {
        let bytes = outbox::content(&mut tx, one.id).await.expect("a content");
        let text = Content::read(&bytes).expect("a text").shown().to_owned();
        let digits = text.split(|c: char| !c.is_ascii_digit()).find(|part| part.len() == 6);
        out.push((one.to, digits.expect("a code").to_owned()));
    }
    out
}

/// The key of the form that takes a code.
fn key(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"key\" value=\"").expect("a form for the code");
    rest.split('"').next().unwrap().to_owned()
}

async fn somebody_signs_in(address: Option<&str>) {
    let mut town = Town::open(address, 60, 20).await;
    let channel = ChannelConfig::to_folder(Service::Webhook, town.world.path("sent"));
    town.app.config.channels.insert("sms".to_owned(), channel);
    town.app.config.reminders.contact_order = vec!["sms".to_owned(), "mail".to_owned()];
    let rows = "person,area,born,name,phone,id_no\n\
                p0007,A,1950-01-01,张七,13800000007,11010119500101001X\n\
                p0008,A,1950-01-01,张八,13800000008,\n\
                p0009,A,1950-01-01,张九,,320102195001010016\n";
    town.import("persons", rows, EVE).await;
    let at = served(&town).await;
    let ask = |who: &str| post(at, "/", &format!("lang=en&who={who}"));
    // Whoever it is, the page says the same, but for the key of its form.
    let page = ask("11010119500101001x");
    let mine = key(&page);
    let said = |page: &Answer| page.body.replace(&key(page), "");
    for who in ["nobody", "p0009", "320102195001010016", "110101195001010028"] {
        let other = ask(who);
        assert_eq!((other.status, said(&other)), (200, said(&page)), "{who}");
    }
    let mut sent = codes(&town).await;
    for _ in 0..200 {
        if sent.len() == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        sent = codes(&town).await;
    }
    let [(number, code)] = sent.as_slice() else { panic!("one code is sent: {sent:?}") };
    assert_eq!(number, "13800000007");
    // A second one must wait a minute; a wrong one opens nothing; the right one works once.
    ask("p0007");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let try_code =
        |key: &str, code: &str| post(at, "/code", &format!("lang=en&key={key}&code={code}"));
    let answer = try_code(&mine, wrong);
    assert!(answer.status == 422 && answer.body.contains("not right"), "{}", answer.body);
    assert_eq!(try_code(&key(&ask("p0008")), code).status, 422, "it is for its own form alone");
    let answer = try_code(&mine, code);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let shown = get(at, &answer.headers["location"]);
    assert!(shown.body.contains("Your vaccination appointment"), "{}", shown.body);
    assert_eq!(shown.status, 200);
    assert_eq!(try_code(&mine, code).status, 422, "a code opens the page once");
    // Five tries on a form are all.
    let other = key(&ask("nobody"));
    for nth in 0..6 {
        let answer = try_code(&other, wrong);
        let over = answer.body.contains("Please begin again");
        assert_eq!((answer.status, over), (422, nth == 5), "{nth}");
    }
    for _ in 0..50 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let numbers: Vec<String> = codes(&town).await.into_iter().map(|one| one.0).collect();
    assert_eq!(numbers, ["13800000007", "13800000008"]);
    let log = town.log().await;
    let lines: Vec<&Entry> = log.iter().filter(|one| one.did.word() == "booking-sign-in").collect();
    assert!(lines.iter().any(|one| one.said.ends_with("1 links")), "{lines:?}");
    assert!(
        lines.iter().all(|one| !one.said.contains("p000") && !one.said.contains(code.as_str()))
    );
    // Erasing somebody takes the number out of the texts with codes.
    let by = Actor::CommandLine;
    town.app.erase_person("p0007", "asked", by, crate::support::at(EVE)).await.expect("erased");
    let mut tx = town.app.store.read().await.expect("a reader");
    let all = outbox::list(&mut tx, None, Some(MailKind::Code)).await.expect("the outbox");
    let numbers: Vec<String> = all.into_iter().map(|one| one.to).collect();
    assert!(!numbers.contains(&"13800000007".to_owned()), "{numbers:?}");
}

#[test]
fn who_has_no_link_gets_in_with_a_code_and_strangers_learn_nothing() {
    wait(somebody_signs_in(None));
    on_postgresql(|server| wait(somebody_signs_in(Some(server))));
}

async fn a_phone_opens_the_pages() {
    let mut town = Town::open(None, 60, 20).await;
    let channel = ChannelConfig::to_folder(Service::Webhook, town.world.path("sent"));
    town.app.config.channels.insert("sms".to_owned(), channel);
    town.app.config.reminders.contact_order = vec!["sms".to_owned()];
    let address = served(&town).await;
    // Some give their seats back, so that there is something to choose.
    for person in ["p0010", "p0030", "p0050"] {
        let done = town.app.book(&town.token(person).await, 0, &Wish::Cancel, at(EVE)).await;
        assert_eq!(done.expect("an answer"), Done::Done);
    }
    let token = town.token("p0007").await;
    let address = format!("http://{address}");
    block_in_place(|| crate::web::in_browser("booking.mjs", &[&address, &token]));
}

#[test]
fn the_pages_work_on_a_phone_without_scripts_and_for_everybody() {
    wait(a_phone_opens_the_pages());
}
