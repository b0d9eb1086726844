//! What only the command line did, in the browser: daily mails looked at and sent, readers and numbers, what changed,
//! and a count taken out.

use crate::support::{World, csv_rows, wait};
use crate::web::{Browser, Office, encoded};
use serde_json::Value;
use std::time::{Duration, Instant};

const NOW: &str = "2021-04-02T10:00:00+08:00";

fn office() -> Office {
    Office::at(World::small(), NOW)
}

fn send(browser: &Browser, to: &str, form: &str) -> (u16, String) {
    let sign = if to.contains('?') { '&' } else { '?' };
    let answer = browser.post(&format!("{to}{sign}csrf={}", browser.token()), form);
    let place = answer.headers.get("location").cloned().unwrap_or_default();
    (answer.status, answer.body + &place)
}

fn said(office: &Office, did: &str) -> Vec<String> {
    let lines = office.log().into_iter().filter(|line| line["did"] == did);
    lines.map(|line| line["said"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits until so many digests lie in the folder; returns kind and reader of each.
fn mails(office: &Office, count: usize) -> Vec<(String, String)> {
    let began = Instant::now();
    loop {
        let mut all = office.world.mails();
        all.retain(|mail| mail.1 == "digest");
        if all.len() >= count {
            return all.into_iter().map(|mail| (mail.1, mail.2)).collect();
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{} of {count} mails", all.len());
        std::thread::sleep(Duration::from_millis(200));
    }
}

const DAILY: &str = "/c/small/daily?as-of=2021-04-01";

#[test]
fn a_daily_mail_is_looked_at_and_sent_by_hand() {
    let office = office();
    let planner = office.login("planner");
    let page = planner.get(DAILY).body;
    assert!(page.contains("cdc@small.example") && page.contains("小县接种"), "{page}");
    assert!(page.contains("<option value=\"S1\"") && page.contains("甲镇卫生院"), "{page}");
    let at = format!("{DAILY}&post=S1&day=2021-04-02");
    let page = planner.get(&at).body;
    assert!(page.contains("s1@small.example") && page.contains("name=\"readers\""), "{page}");
    let whole = planner.get(&format!("{at}&part=page"));
    assert!(whole.body.contains("<html") && whole.body.contains("甲镇卫生院"), "{}", whole.body);
    let policy = &whole.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
    assert!(office.world.mails().is_empty(), "nothing is queued by looking");
    assert_eq!(planner.get(&format!("{DAILY}&post=S9")).status, 404);

    let one = "post=S1&day=2021-04-02";
    assert_eq!(send(&planner, DAILY, &format!("do=send&{one}")).0, 303);
    let (status, page) = send(&planner, DAILY, &format!("do=send&{one}"));
    assert!(status == 200 && page.contains("was queued before"), "{page}");
    // A mail of a day to come would be in the way of the true one.
    for early in ["do=send&post=S1&day=2021-04-03", "do=send&post=summary&day=2021-04-02"] {
        let (status, page) = send(&planner, DAILY, early);
        assert!(status == 200 && page.contains("is not over yet"), "{early}: {page}");
    }
    let to = encoded("li@other.example");
    // Sent twice, it is one copy; a form that has no name of ours is none.
    let copy = format!("do=copy&{one}&to={to}&once={}", "a".repeat(32));
    for _ in 0..2 {
        assert_eq!(send(&planner, DAILY, &copy).0, 303);
    }
    assert_eq!(send(&planner, DAILY, &format!("do=copy&{one}&to={to}")).0, 400);
    let (status, page) = send(&planner, DAILY, &format!("do=copy&{one}&to=nobody"));
    assert!(status == 200 && page.contains("nobody is not an address"), "{page}");
    let (status, page) = send(&planner, DAILY, &format!("do=all&{one}&readers=99"));
    assert!(status == 200 && page.contains("nothing was queued"), "{page}");
    let digest = |to: &str| ("digest".to_owned(), to.to_owned());
    let mut sent = mails(&office, 2);
    sent.sort();
    assert_eq!(sent, [digest("li@other.example"), digest("s1@small.example")]);
    let page = planner.get(&at).body;
    let (_, rest) = page.split_once("name=\"readers\" value=\"").expect("a number of readers");
    let readers: usize = rest.split('"').next().unwrap().parse().unwrap();
    assert_eq!(send(&planner, DAILY, &format!("do=all&{one}&readers={readers}")).0, 303);
    // The one that was sent by hand stays as it is.
    assert_eq!(mails(&office, readers + 1).len(), readers + 1);
    let log = said(&office, "mail");
    assert_eq!(log.len(), 3, "{log:?}");
    assert!(log.iter().any(|line| line.starts_with("digest/small/S1/2021-04-02 sent")), "{log:?}");
    assert!(said(&office, "see-mail").iter().any(|line| line == "digest preview"));
    assert_eq!(office.login("lead").get(DAILY).status, 403);
}

#[test]
fn readers_and_numbers_are_looked_at_and_changed() {
    let office = office();
    let planner = office.login("planner");
    let by_hand = |sql: &str| wait(crate::copies::sqlite(&office.world.path("doseplan.db"), sql));
    by_hand("INSERT INTO suppressed VALUES ('qian@home.example', 1, '5.1.1 no such user')");
    let form =
        |what: &str, whom: &str, more: &str| format!("do={what}&whom={}{more}", encoded(whom));
    let page = planner.get("/delivery").body;
    assert!(page.contains("<option>qian@home.example</option>"), "{page}");
    let mended = form("mended", "qian@home.example", "&reason=typo");
    assert_eq!(send(&planner, "/delivery", &mended).0, 303);
    let (status, page) = send(&planner, "/delivery", &mended);
    assert!(status == 200 && page.contains("nothing changed"), "{page}");
    let leaves = form("leaves", "zhao@home.example", "&reason=phoned");
    assert_eq!(send(&planner, "/delivery", &leaves).0, 303);
    let left = || {
        let file = planner.get("/delivery?unsubscribed.as=csv").body;
        csv_rows(file.trim_start_matches('\u{feff}')).len()
    };
    assert_eq!(left(), 1);
    let returns = form("returns", "zhao@home.example", "");
    let (status, page) = send(&planner, "/delivery", &returns);
    assert!(status == 200 && page.contains("the reader asked"), "{page}");
    assert_eq!(left(), 1);
    assert_eq!(send(&planner, "/delivery", &format!("{returns}&sure=yes")).0, 303);
    assert_eq!(left(), 0);
    assert_eq!(send(&planner, "/delivery", &form("shuts", "13800000001", "&reason=asked")).0, 303);
    let page = planner.get("/delivery").body;
    assert!(page.contains("<option>13800000001</option>"), "{page}");
    assert_eq!(send(&planner, "/delivery", &form("opens", "13800000001", "")).0, 303);
    for bad in [form("mended", "a@b.example", ""), form("opens", "12", ""), form("x", "y", "")] {
        assert_eq!(send(&planner, "/delivery", &bad).0, 200, "{bad}");
    }
    // The log says what was done, and names no address.
    let log = said(&office, "unsubscribe");
    assert_eq!(log.len(), 4, "{log:?}");
    let all = office.log().iter().map(Value::to_string).collect::<String>();
    assert!(!all.contains("home.example") && !all.contains("13800000001"), "{all}");
}

#[test]
fn what_changed_is_told_and_a_count_is_taken_out_with_its_reason() {
    let office = office();
    let planner = office.login("planner");
    let form = "do=new-lot&lot=N9&doses=500&product=vero&date=2021-04-05&expires=2021-10-01\
                &vial=&sure=yes";
    assert_eq!(send(&planner, "/c/small/supply?as-of=2021-04-01", form).0, 303);
    let file = planner.get("/history?campaign=small&history-changes.as=csv").body;
    let rows = csv_rows(file.trim_start_matches('\u{feff}'));
    assert!(rows[0].values().any(|cell| cell == "N9"), "the newest comes first: {rows:?}");
    assert!(planner.get("/history?campaign=small").body.contains("first version"));
    assert_eq!(planner.get("/history").status, 200);
    assert_eq!(planner.get("/history?campaign=none").status, 404);

    let people = || office.world.people("2021-04-01", "adult", 1);
    assert_eq!(people(), 30);
    let at = "/records?kind=tallies&record=t1";
    let page = planner.get(at).body;
    assert!(page.contains("甲镇卫生院") && page.contains("18–59岁"), "{page}");
    let (status, page) = send(&planner, "/records", "record=t1&reason=+");
    assert!(status == 200 && page.contains("Write why"), "{page}");
    assert_eq!(people(), 30);
    let (status, to) = send(&planner, "/records", "record=t1&reason=entered+twice");
    assert!(status == 303 && to.contains("done=voided"), "{to}");
    assert_eq!(people(), 0);
    let page = planner.get(at).body;
    assert!(page.contains("void: entered twice") && page.contains("planner"), "{page}");
    assert!(!page.contains("name=\"reason\""), "it cannot be taken out twice: {page}");
    let (status, page) = send(&planner, "/records", "record=t9&reason=x");
    assert!(status == 200 && page.contains("There is no record t9"), "{page}");
    assert_eq!(said(&office, "void"), ["tallies t1"]);
    assert!(said(&office, "see-records").contains(&"tallies history t1".to_owned()));
    assert_eq!(send(&office.login("lead"), "/records", "record=t1&reason=x").0, 403);
}
