//! An office runs the installation and changes its campaigns in the browser: jobs, messages, checks, backups, lots and
//! counts.

use crate::copies::sqlite;
use crate::support::{World, csv_rows, day, on_postgresql, small, wait};
use crate::web::{Browser, Office, encoded};
use doseplan::domain::booking::RegisterRequest;
use doseplan::store::{Store, requests};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const NOW: &str = "2021-04-02T10:00:00+08:00";

fn office() -> Office {
    Office::at(World::small(), NOW)
}

/// Sends a form of a page of the small campaign; returns status and body.
fn send(browser: &Browser, page: &str, form: &str) -> (u16, String) {
    let to = format!("/c/small/{page}?as-of=2021-04-01&csrf={}", browser.token());
    let answer = browser.post(&to, form);
    let place = answer.headers.get("location").cloned().unwrap_or_default();
    (answer.status, answer.body + &place)
}

/// Waits until a page says something.
fn until(said: &str, page: impl Fn() -> String) -> String {
    let began = Instant::now();
    loop {
        let shown = page();
        if shown.contains(said) {
            return shown;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "no {said}: {shown}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The rows of a table of a page.
fn rows(browser: &Browser, page: &str, table: &str) -> Vec<BTreeMap<String, String>> {
    let file = browser.get(&format!("/c/small/{page}?as-of=2021-04-01&{table}.as=csv")).body;
    csv_rows(file.trim_start_matches('\u{feff}'))
}

fn log_of(office: &Office, did: &str) -> Vec<Value> {
    office.log().into_iter().filter(|line| line["did"] == did).collect()
}

#[test]
fn a_job_is_asked_for_and_the_daemon_runs_it() {
    asked_for(&office());
}

#[test]
fn a_job_is_asked_for_on_postgresql_too() {
    on_postgresql(|db| asked_for(&Office::at(World::on(db).applied(&small()), NOW)));
}

fn asked_for(office: &Office) {
    let planner = office.login("planner");
    let (status, to) = send(&planner, "jobs", "do=run&job=summary");
    assert_eq!((status, to.contains("done=asked")), (303, true), "{to}");
    let read = || planner.get("/c/small/jobs?as-of=2021-04-01").body;
    until("summary of 2021-04-01 queued", read);
    let runs = rows(&planner, "jobs", "runs");
    assert_eq!((runs.len(), runs[0]["state"].as_str()), (1, "done"), "{runs:?}");
    assert_eq!(office.world.mails().iter().filter(|mail| mail.1 == "summary").count(), 1);
    let log = log_of(office, "job");
    assert!(log[0]["who"] == "planner" && log[0]["said"] == "run summary", "{log:?}");
    for bad in ["do=run&job=nothing", "do=nothing", "do=again", "do=again&run=x"] {
        assert!(send(&planner, "jobs", bad).0 >= 400, "{bad}");
    }
    let (status, page) = send(&planner, "jobs", "do=again&run=1");
    assert!(status == 200 && page.contains("has been repeated"), "{page}");
    assert_eq!(send(&office.login("viewer"), "jobs", "do=run&job=plan").0, 403);
}

#[test]
fn sending_is_held_with_a_reason_and_goes_on() {
    let office = office();
    let planner = office.login("planner");
    let (status, page) = send(&planner, "jobs", "do=hold&reason=+");
    assert!(status == 200 && page.contains("Write why"), "{page}");
    assert_eq!(send(&planner, "jobs", "do=hold&reason=the+office+moves").0, 303);
    let page = planner.get("/c/small/jobs?as-of=2021-04-01").body;
    assert!(page.contains("the office moves") && page.contains("value=\"resume\""), "{page}");
    let system = planner.get("/system").body;
    assert!(system.contains("the office moves"), "the checks say so, too: {system}");
    assert_eq!(send(&planner, "jobs", "do=resume").0, 303);
    let page = planner.get("/c/small/jobs?as-of=2021-04-01").body;
    assert!(page.contains("value=\"hold\"") && !page.contains("the office moves"), "{page}");
    assert_eq!(log_of(&office, "job").len(), 2);
}

#[test]
fn a_message_is_opened_sent_once_more_and_copied_to_another_reader() {
    let office = office();
    office.world.run(&["job", "run", "summary", "--at", "2021-04-02T08:00"]).ends(0);
    let planner = office.login("planner");
    let id = office.world.run(&["outbox", "list", "-o", "json"]).json()[0]["id"].to_string();
    let path = format!("/c/small/mail/{id}?as-of=2021-04-01");
    let sent = "<dd>sent</dd>";
    let page = until(sent, || planner.get(&path).body);
    assert!(page.contains("cdc@small.example") && page.contains("小县接种"), "{page}");
    assert!(page.contains("value=\"resend\"") && !page.contains("value=\"arrived\""), "{page}");
    let form = format!("mail/{id}");
    // Each is done once, however often its form arrives.
    let copy = format!("do=copy&to={}&once={}", encoded("li@other.example"), "b".repeat(32));
    let again = format!("do=resend&once={}", "a".repeat(32));
    for what in [&again, &again, &copy, &copy] {
        assert_eq!(send(&planner, &form, what).0, 303, "{what}");
    }
    for unnamed in ["do=resend", "do=resend&once=x", "do=copy&to=li%40other.example"] {
        assert_eq!(send(&planner, &form, unnamed).0, 400, "{unnamed}");
    }
    let (status, page) = send(&planner, &form, "do=copy&to=nobody");
    assert!(status == 200 && page.contains("nobody is not an address"), "{page}");
    let to: Vec<String> = office.world.mails().into_iter().map(|mail| mail.2).collect();
    assert_eq!(to, ["cdc@small.example", "cdc@small.example", "li@other.example"]);
    // It is not in doubt, and has not failed.
    for what in ["arrived", "lost", "retry"] {
        let (status, page) = send(&planner, &form, &format!("do={what}"));
        assert!(status == 200 && page.contains("no longer in the state"), "{what}: {page}");
    }
    // Its reader gets no mail any more, or it would come too late: the page says so, and promises nothing.
    let by_hand = |sql: &str| wait(sqlite(&office.world.path("doseplan.db"), sql));
    by_hand("INSERT INTO suppressed VALUES ('cdc@small.example', 1, '5.1.1 no such user')");
    by_hand(&format!("UPDATE outbox SET state = 'failed', send_by = NULL WHERE id = {id}"));
    for what in ["retry", "resend"] {
        let (status, page) = send(&planner, &form, &format!("do={what}&once={}", "c".repeat(32)));
        let said = "cdc@small.example gets no mail: 5.1.1 no such user";
        assert!(status == 200 && page.contains(said), "{what}: {page}");
    }
    by_hand("DELETE FROM suppressed");
    by_hand(&format!("UPDATE outbox SET state = 'expired', send_by = 1 WHERE id = {id}"));
    let (status, page) = send(&planner, &form, "do=retry");
    assert!(status == 200 && page.contains("is over"), "{page}");
    assert_eq!(planner.get("/c/small/mail/999?as-of=2021-04-01").status, 404);
    assert_eq!(log_of(&office, "mail").len(), 2, "one line for each that was done");
    assert!(log_of(&office, "see-mail").iter().any(|line| line["said"] == format!("mail {id}")));
}

#[test]
fn the_queue_of_mail_is_one_for_all_campaigns() {
    let office = office();
    let folder = crate::support::flu().write(&office.world.path("flu"));
    office.world.run(&["campaign", "apply", crate::support::text(&folder)]).ends(0);
    office.world.run(&["job", "run", "summary", "--at", "2021-04-02T08:00"]).ends(0);
    let list = office.world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let ids: Vec<String> =
        list.as_array().unwrap().iter().map(|mail| mail["id"].to_string()).collect();
    assert!(!ids.is_empty(), "{list}");
    let planner = office.login("planner");
    for campaign in ["small", "flu"] {
        let page = planner.get(&format!("/c/{campaign}/mail?as-of=2021-04-01")).body;
        for id in &ids {
            let to = format!("/c/{campaign}/mail/{id}");
            assert!(page.contains(&to), "{to}: {page}");
            assert_eq!(planner.get(&format!("{to}?as-of=2021-04-01")).status, 200, "{to}");
        }
    }
}

#[test]
fn the_checks_stand_on_a_page_and_a_backup_is_made_from_it() {
    let office = office();
    let planner = office.login("planner");
    let page = planner.get("/system").body;
    assert!(page.contains("mail may be sent from here") && page.contains("no backup"), "{page}");
    let to = format!("/system/backup?csrf={}", planner.token());
    assert_eq!(planner.post(&to, "").status, 303);
    let page = until("is complete", || planner.get("/system").body);
    let name = page.split_once("The backup ").unwrap().1.split(' ').next().unwrap().to_owned();
    assert!(name.starts_with("doseplan-2021040"), "{name}");
    let file = office.world.path("backups").join(&name);
    let other = World::empty();
    other.run(&["restore", file.to_str().unwrap()]).ends(0);
    assert_eq!(other.people("2021-04-01", "adult", 1), 30);
    assert!(planner.get("/system").body.matches(&name).count() >= 2, "it stands in the list");
    let log = log_of(&office, "export");
    assert!(log[0]["who"] == "planner" && log[0]["said"] == format!("backup {name}"), "{log:?}");
    assert_eq!(office.login("viewer").get("/system").status, 403);
}

/// Commands whose work a page does.
const IN_THE_BROWSER: &[&str] = &[
    "account add",
    "account identity",
    "account list",
    "account log",
    "account logins end",
    "account logins list",
    "account password",
    "account remove",
    "account second-factor free",
    "account second-factor require",
    "account second-factor reset",
    "account token add",
    "account token list",
    "account token remove",
    "backup",
    "bookings link",
    "bookings list",
    "bookings requests list",
    "bookings requests refuse",
    "bookings requests take",
    "bookings waiting",
    "bounce forget",
    "bounce list",
    "campaign apply",
    "campaign check",
    "campaign close",
    "campaign copy",
    "campaign export",
    "campaign history",
    "campaign list",
    "campaign new",
    "campaign reopen",
    "catch-up eligible",
    "catch-up list",
    "catch-up report",
    "channels calls",
    "channels costs",
    "channels history",
    "channels list",
    "channels numbers",
    "channels replies",
    "coverage",
    "digest history",
    "digest preview",
    "digest resend",
    "digest send",
    "doctor",
    "doses history",
    "doses import",
    "doses void",
    "due list",
    "homes show",
    "schools classes",
    "schools send",
    "import list",
    "import undo",
    "job hold",
    "job list",
    "job next",
    "job resume",
    "job run",
    "job runs",
    "jurisdiction history",
    "jurisdiction list",
    "national cohort",
    "national cum",
    "national denominators",
    "national duplicates",
    "national hpv",
    "national month",
    "national paid",
    "national quality",
    "national schools",
    "national survey form",
    "national survey result",
    "national year90",
    "outbox list",
    "outbox resolve",
    "outbox retry",
    "outbox show",
    "outcomes import",
    "outcomes void",
    "persons import",
    "persons merge",
    "persons merges",
    "persons show",
    "persons unmerge",
    "plan adopt",
    "plan allocation",
    "plan diff",
    "plan list",
    "plan lock",
    "plan locks",
    "plan make",
    "plan show",
    "plan tours",
    "plan unlock",
    "plan what-if",
    "plan why",
    "report bulletin",
    "report list",
    "report save",
    "report show",
    "status",
    "tallies confirm",
    "tallies doubtful",
    "tallies history",
    "tallies import",
    "tallies void",
    "unsubscribe",
];

#[test]
fn what_only_the_command_line_does_is_listed_and_everything_else_has_a_page() {
    let office = office();
    let planner = office.login("planner");
    let file = planner.get("/commands?commands.as=csv").body;
    let listed = csv_rows(file.trim_start_matches('\u{feff}'));
    let mut known: BTreeSet<String> = IN_THE_BROWSER.iter().map(|&it| it.to_owned()).collect();
    for row in &listed {
        let command = row["command"].strip_prefix("doseplan ").expect("a command");
        assert!(known.insert(command.to_owned()), "{command} twice");
        assert!(row["why"].len() > 20, "{row:?}");
    }
    assert_eq!(known, crate::outputs::commands());
}

const LOT: &str = "product=vero&date=2021-04-05&expires=2021-10-01&vial=";

#[test]
fn a_lot_is_added_and_corrected_with_its_effect_shown_before() {
    let office = office();
    let planner = office.login("planner");
    let form = format!("do=new-lot&lot=N9&doses=500&{LOT}");
    let (status, page) = send(&planner, "supply", &form);
    assert!(status == 200 && page.contains("Lot N9, vero: 500 doses"), "{page}");
    assert!(page.contains("2,020 → 2,520") && page.contains("still stands"), "{page}");
    let lots = |browser: &Browser| rows(browser, "supply", "supply-lots");
    assert_eq!(lots(&planner).len(), 2, "nothing is stored by looking");
    assert_eq!(send(&planner, "supply", &format!("{form}&sure=yes")).0, 303);
    assert_eq!(lots(&planner).len(), 3);
    let (_, page) = send(&planner, "supply", &format!("{form}&sure=yes"));
    assert!(page.contains("has a lot N9 already"), "{page}");
    // The lot that the whole plan draws from comes to nothing.
    let had = encoded("2000 2021-03-25 2021-09-01 - vero");
    let less = format!(
        "do=lot&lot=L1&product=vero&date=2021-03-25&doses=0&expires=2021-09-01\
        &vial=&had={had}"
    );
    let fewer =
        format!("do=lot&lot=N9&doses=0&{LOT}&had={}", encoded("500 2021-04-05 2021-10-01 - vero"));
    assert_eq!(send(&planner, "supply", &format!("{fewer}&sure=yes")).0, 303);
    let (_, page) = send(&planner, "supply", &less);
    assert!(page.contains("doses of the plan in force cannot be given"), "{page}");
    assert_eq!(send(&planner, "supply", &format!("{less}&sure=yes")).0, 303);
    let (_, page) = send(&planner, "supply", &format!("{less}&sure=yes"));
    assert!(page.contains("changed by somebody else"), "a form of before: {page}");
    let log = log_of(&office, "campaign-apply");
    let said: Vec<_> = log.iter().filter(|line| line["who"] == "planner").collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said.iter().any(|line| line["said"] == "lot N9 added"), "{said:?}");
    let history = office.world.run(&["campaign", "history", "-o", "json"]).ends(0);
    assert!(history.out.contains("N9"), "{}", history.out);
}

#[test]
fn bad_values_of_a_lot_or_count_are_said_where_they_were_typed() {
    let office = office();
    let planner = office.login("planner");
    let count = "do=count&area=A&group=adult&people=10&from=2021-04-10&seen=2021-04-01";
    for (form, said) in [
        (format!("do=new-lot&lot=&doses=5&{LOT}"), "Write the code of the lot"),
        (format!("do=new-lot&lot=N1&doses=-5&{LOT}"), "whole number"),
        (format!("do=new-lot&lot=N1&doses=5&{LOT}0"), "from 1 to 1000"),
        ("do=new-lot&lot=N1&doses=5&product=&date=2021-04-05&expires=2021-05-01".into(), "product"),
        ("do=new-lot&lot=N1&doses=5&product=v&date=x&expires=2021-05-01".into(), "Write a day"),
        (
            "do=new-lot&lot=N1&doses=5&product=v&date=2021-06-05&expires=2021-05-01".into(),
            "before it arrives",
        ),
        (format!("{count}&had=7"), "changed by somebody else"),
        (count.replace("area=A", "area=Z") + "&had=", "no such area"),
        (count.replace("2021-04-10", "2022-04-10") + "&had=200", "The campaign ends on 2021-05-10"),
    ] {
        let (status, page) = send(&planner, "supply", &form);
        assert!(status == 200 && page.contains(said), "{form}: {said}: {page}");
    }
    assert_eq!(send(&office.login("viewer"), "supply", count).0, 403);
}

#[test]
fn a_count_changes_from_its_day_on_and_what_was_before_stays() {
    let office = office();
    let planner = office.login("planner");
    let page = planner.get("/c/small/supply?as-of=2021-04-01&area=A&group=adult").body;
    assert!(page.contains("甲镇, 18–59岁: 200 people on 2021-04-"), "{page}");
    let form = "do=count&area=A&group=adult&people=260&from=2021-04-10&had=200&source=census\
                &seen=2021-04-02";
    let (status, page) = send(&planner, "supply", form);
    assert!(status == 200 && page.contains("300 → 360"), "{page}");
    assert_eq!(send(&planner, "supply", &format!("{form}&sure=yes")).0, 303);
    let eligible = |day: &str| {
        let coverage = office.world.coverage(day);
        crate::support::number(&crate::support::row(&coverage, "adult")["eligible"])
    };
    assert_eq!((eligible("2021-04-09"), eligible("2021-04-10")), (300, 360));
    // Whoever looked before sees what there is from that day on now, and overwrites nothing unseen.
    let other = form.replace("people=260", "people=270");
    let (_, page) = send(&planner, "supply", &other);
    assert!(page.contains("270 people from 2021-04-10 on, in place of 260"), "{page}");
    let unseen = other.replace("seen=2021-04-02", "seen=2021-04-10&sure=yes");
    let (_, page) = send(&planner, "supply", &unseen);
    assert!(page.contains("changed by somebody else"), "{page}");
    let seen = unseen.replace("had=200", "had=260");
    assert_eq!(send(&planner, "supply", &seen).0, 303);
    assert_eq!(eligible("2021-04-10"), 370);
}

#[test]
fn a_campaign_is_closed_and_opened_again() {
    let office = office();
    let planner = office.login("planner");
    let change = |what: &str| {
        let to = format!("/campaigns/state?csrf={}", planner.token());
        planner.post(&to, &format!("do={what}&campaign=small")).status
    };
    let page = planner.get("/campaigns").body;
    assert!(page.contains("Close a campaign") && !page.contains("Open a campaign again"), "{page}");
    assert!(!office.login("viewer").get("/campaigns").body.contains("Close a campaign"));
    assert_eq!(change("close"), 303);
    let page = planner.get("/campaigns").body;
    assert!(page.contains("Open a campaign again") && !page.contains("Close a campaign"), "{page}");
    assert_eq!(change("reopen"), 303);
    assert!(planner.get("/campaigns").body.contains("Close a campaign"));
    assert_eq!(change("sell"), 400);
    assert_eq!(log_of(&office, "campaign-close").len(), 1);
    assert_eq!(log_of(&office, "campaign-reopen").len(), 1);
}

#[test]
fn whoever_asks_to_be_registered_is_taken_or_refused_in_the_inbox() {
    let office = office();
    let ask = |name: &str| {
        let request = RegisterRequest {
            name: name.to_owned(),
            born: day("1960-05-01"),
            area: "甲镇东街".to_owned(),
            phone: "13800000077".to_owned(),
            made_at: 0,
        };
        wait(async {
            let store = Store::open(office.world.db(), true).await.expect("it opens");
            let mut tx = store.write().await.expect("a writer");
            requests::insert(&mut tx, &request).await.expect("it is stored");
            tx.commit().await.expect("it is kept");
            store.close().await;
        });
    };
    ask("冯七");
    ask("<b>蒋八</b>");
    let planner = office.login("planner");
    let home = |browser: &Browser| browser.get("/").body;
    let waits = home(&planner);
    assert!(waits.contains("into the register that wait: 2"), "{waits}");
    assert!(waits.contains("Open the inbox"), "{waits}");
    for role in ["lead", "viewer"] {
        assert!(!home(&office.login(role)).contains("into the register that wait"), "{role}");
    }
    let inbox = |browser: &Browser| browser.get("/c/small/inbox?as-of=2021-04-01").body;
    let page = inbox(&planner);
    assert!(page.contains("冯七") && page.contains("甲镇东街"), "{page}");
    assert!(!page.contains("<b>蒋八"), "{page}");
    assert!(!inbox(&office.login("lead")).contains("冯七"), "a lead sees no strangers");
    let lead = office.login("lead");
    assert_eq!(send(&lead, "inbox", "do=take&id=1&person=n1&area=A").0, 403);
    // A code that somebody has, an area that there is not: said, and the request waits.
    let (_, page) = send(&planner, "inbox", "do=take&id=1&person=p1&area=A");
    assert!(page.contains("role=\"alert\"") && page.contains("冯七"), "{page}");
    for wrong in ["person=n1&area=Z", "person=n1&area=", "person=&area=A", "person=1E%2B5&area=A"] {
        let (_, page) = send(&planner, "inbox", &format!("do=take&id=1&{wrong}"));
        assert!(page.contains("role=\"alert\"") && page.contains("冯七"), "{wrong}: {page}");
    }
    let imports = log_of(&office, "import").len();
    // An area is known by its name too.
    let form = format!("do=take&id=1&person=n1&area={}", encoded("甲镇"));
    assert_eq!(send(&planner, "inbox", &form).0, 303);
    assert_eq!(log_of(&office, "import").len(), imports, "nobody else is said to have done it");
    assert!(log_of(&office, "request-decide").iter().all(|line| line["who"] == "planner"));
    assert_eq!(send(&planner, "inbox", "do=refuse&id=2").0, 303);
    let page = inbox(&planner);
    assert!(!page.contains("冯七") && !page.contains("蒋八"), "{page}");
    assert!(!home(&planner).contains("into the register that wait"), "all are decided");
    let known = office.world.run(&["persons", "show", "n1", "-o", "json"]).ends(0).json();
    let person = &known["person"];
    assert_eq!((&person["name"], &person["area"]), (&json!("冯七"), &json!("A")), "{known}");
    for _ in 0..52 {
        ask("褚九");
    }
    let page = inbox(&planner);
    assert_eq!(page.matches("褚九").count(), 50);
    assert!(page.contains("2 more wait"), "{page}");
    let (_, page) = send(&planner, "inbox", "do=refuse&id=2");
    assert!(page.contains("role=\"alert\""), "decided once: {page}");
    assert_eq!(send(&planner, "inbox", "do=sell&id=2").0, 400);
}
