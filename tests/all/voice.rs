//! One voice: a lead, a coordinator and a contact get one mail each, whatever the number of campaigns.

use crate::mail::decoded;
use crate::support::{Folder, Ran, SENIORS, World, flu, on_postgresql, small, wait};
use doseplan::app::App;
use doseplan::config::Config;
use doseplan::store::Store;
use serde_json::Value;

/// Few people, so that both campaigns have a session on the first day.
fn small_flu() -> Folder {
    flu().swap("eligible.csv", "A,adult,200", "A,adult,10").swap(
        "eligible.csv",
        "B,adult,100",
        "B,adult,4",
    )
}

fn on_time(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", "2021-03-31T08:00:00+08:00");
    Ran::from(command.output().unwrap()).ends(0)
}

/// Two campaigns with adopted plans at the same places.
fn county() -> World {
    county_of(World::empty(), &small())
}

fn county_of(world: World, small: &Folder) -> World {
    for (campaign, name) in [(small, "small"), (&small_flu(), "flu")] {
        let path = campaign.write(&world.path(name));
        world.run(&["campaign", "apply", path.to_str().unwrap()]).ends(0);
    }
    world.import("persons", SENIORS).ends(0);
    for campaign in ["flu", "small"] {
        let chosen = ["--campaign", campaign, "--from", "2021-04-01", "--steps", "0"];
        on_time(&world, &[&["plan", "make"][..], &chosen].concat());
        on_time(&world, &["plan", "adopt", "--campaign", campaign]);
    }
    world
}

fn job(world: &World, job: &str, at: &str) {
    world.run(&["job", "run", job, "--at", at]).ends(0);
}

/// Reader and subject of every mail of a kind.
fn mails(world: &World, kind: &str) -> Vec<(String, String)> {
    let all = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let word = |mail: &Value, key: &str| mail[key].as_str().expect("text").to_owned();
    let of_kind = all.as_array().unwrap().iter().filter(|mail| mail["kind"] == kind);
    let mut found: Vec<_> = of_kind.map(|mail| (word(mail, "to"), word(mail, "subject"))).collect();
    found.sort();
    found
}

#[test]
fn a_lead_gets_one_digest_with_a_part_for_each_campaign() {
    let world = county();
    job(&world, "digest", "2021-03-31T18:00");
    let found = mails(&world, "digest");
    let s1: Vec<_> = found.iter().filter(|mail| mail.0 == "s1@small.example").collect();
    let [(_, subject)] = s1.as_slice() else { panic!("one mail: {found:?}") };
    assert!(subject.contains("流感疫苗") && subject.contains("新型冠状"), "{subject}");
    // The other campaign's occurrence, and another run of this one, add nothing.
    for campaign in ["small", "flu"] {
        let at = ["--at", "2021-03-31T18:00", "--campaign", campaign];
        world.run(&[&["job", "run", "digest"][..], &at].concat()).ends(0);
    }
    assert_eq!(mails(&world, "digest").len(), found.len());
    let preview = ["digest", "preview", "S1", "--day", "2021-03-31", "--part", "text"];
    let text = world.run(&preview).ends(0).out;
    for said in ["2 项接种活动", "小县接种", "流感接种", "流感疫苗"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    // A filter leaves the other campaign out.
    let one = world.run(&[&preview[..], &["--campaign", "flu"]].concat()).ends(0).out;
    assert!(one.contains("流感接种") && !one.contains("小县接种"), "{one}");
}

#[test]
fn campaigns_do_not_overbook_the_places_that_they_share() {
    let world = county();
    let mut used = std::collections::BTreeMap::new();
    for campaign in ["flu", "small"] {
        let plan = world.run(&["plan", "show", "--campaign", campaign, "-o", "csv"]).ends(0).csv();
        let mut teams = std::collections::BTreeSet::new();
        for row in plan {
            let doses: u32 = row["doses"].parse().unwrap();
            if row["team"].is_empty() {
                *used.entry((row["place"].clone(), row["date"].clone())).or_insert(0) += doses;
            } else {
                teams.insert((row["team"].clone(), row["date"].clone()));
            }
        }
        for (team, day) in teams {
            assert_eq!(used.insert((team.clone(), day.clone()), 0), None, "{team} {day}");
        }
    }
    for ((place, day), doses) in used {
        let most = if place == "S1" { 40 } else { 20 };
        assert!(doses <= most, "{place} {day}: {doses}");
    }
}

#[test]
fn a_lead_with_nothing_to_do_gets_no_digest_unless_the_configuration_says_so() {
    // The plan needs two days; a week later nobody has anything to do.
    for (rule, readers) in [("needed", 0), ("always", 3)] {
        let world = World::small();
        world.file("doseplan.toml", format!("[mail]\ndigest = \"{rule}\"\n"));
        on_time(&world, &["plan", "make", "--from", "2021-04-01", "--steps", "0"]);
        on_time(&world, &["plan", "adopt"]);
        let at = ["--config", "doseplan.toml", "job", "run", "digest", "--at", "2021-04-08T18:00"];
        world.run(&at).ends(0);
        assert_eq!(mails(&world, "digest").len(), readers, "{rule}: {:?}", mails(&world, "digest"));
    }
}

#[test]
fn a_coordinator_gets_one_summary_and_each_contact_the_one_of_their_area() {
    let world = county();
    world.run(&["jurisdiction", "export", "places"]).ends(0);
    let contacts = "area,name,email\n001,县领导,head@small.example\n\
                    001,协调员,cdc@small.example\nB,乙镇防保所,b@small.example\n";
    world.file("places/contacts.csv", contacts);
    world.run(&["jurisdiction", "apply", "places"]).ends(0);
    let header = "record,date,place,area,group,dose,doses";
    world.file("tallies.csv", format!("{header}\nt1,2021-04-06,S1,A,adult,1,7\n"));
    world.run(&["tallies", "import", "tallies.csv", "--campaign", "small"]).ends(0);
    job(&world, "summary", "2021-04-07T07:00");
    let found = mails(&world, "summary");
    let to: Vec<&str> = found.iter().map(|mail| mail.0.as_str()).collect();
    assert_eq!(to, ["b@small.example", "cdc@small.example", "head@small.example"], "{found:?}");
    assert!(found[0].1.contains("乙镇") && found[1].1.contains("小县"), "{found:?}");
    assert!(found.iter().all(|mail| mail.1.contains("2项活动")), "{found:?}");
    job(&world, "summary", "2021-04-07T07:00");
    assert_eq!(mails(&world, "summary").len(), 3);
    let preview = ["digest", "preview", "--day", "2021-04-06", "--part", "text"];
    let text = world.run(&preview).ends(0).out;
    assert!(text.contains("2 项接种活动累计报告接种 7 剂次"), "{text}");
    // Township B has not reported: that is not nothing.
    assert!(text.contains("未报"), "{text}");
}

/// The mails to people that were queued since the number `after`: address, subject and text.
fn letters(world: &World, after: i64) -> Vec<(String, String, String)> {
    let all = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let mut found = Vec::new();
    for mail in all.as_array().unwrap().iter().filter(|mail| mail["kind"] == "reminder") {
        let id = mail["id"].as_i64().expect("a number");
        if id > after {
            let text = decoded(&world.run(&["outbox", "show", &id.to_string()]).ends(0).out);
            let word = |key: &str| mail[key].as_str().expect("text").to_owned();
            found.push((word("to"), word("subject"), text));
        }
    }
    found.sort();
    found
}

#[test]
fn a_closure_that_moves_two_appointments_of_a_person_is_one_mail_with_both_vaccines() {
    let world = county();
    // On the eve of both campaigns there is one reminder an address, too.
    job(&world, "reminders", "2021-03-31T09:00");
    let told = mails(&world, "reminder");
    let readers: Vec<&str> = told.iter().map(|mail| mail.0.as_str()).collect();
    assert_eq!(readers, ["qian@home.example", "zhao@home.example", "zhou@home.example"]);
    world.run(&["outbox", "drain", "--at", "2021-03-31T09:05"]).ends(0);
    let shut = small()
        .with("jurisdiction.toml", "id = \"001\"\nname = \"小县\"\ntimezone = \"Asia/Shanghai\"\n")
        .with(
            "closures.csv",
            "place,date,doses\nS1,2021-04-01,0\nS1,2021-04-02,0\nS2,2021-04-05,0\n",
        );
    let path = shut.write(&world.path("shut"));
    let mut command = world.command(&["jurisdiction", "apply", path.to_str().unwrap()]);
    command.env("DOSEPLAN_CLOCK", "2021-03-31T10:00:00+08:00");
    Ran::from(command.output().unwrap()).ends(0);
    let found = letters(&world, 3);
    let readers: Vec<&str> = found.iter().map(|mail| mail.0.as_str()).collect();
    assert_eq!(readers, ["qian@home.example", "zhao@home.example", "zhou@home.example"]);
    for (_, subject, text) in found.iter().filter(|mail| mail.0 != "qian@home.example") {
        assert!(subject.contains("接种改期"), "{subject}");
        for said in ["流感疫苗", "新型冠状病毒", "4月1日", "甲镇卫生院"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
    // Nothing is said twice.
    job(&world, "reminders", "2021-03-31T11:00");
    assert_eq!(letters(&world, 3).len(), 3);
}

fn kept_until_the_last_campaign_is_over(world: &World) {
    job(world, "reminders", "2021-03-31T09:00");
    world.run(&["outbox", "drain", "--at", "2021-03-31T09:05"]).ends(0);
    let retain = |now: &str| {
        let mut config = Config::default();
        config.mail.dir = world.path("mail");
        wait(async {
            let app = App::new(Store::open(world.db(), false).await.unwrap(), config);
            let mails = app.retain(now.parse().unwrap()).await.unwrap();
            app.store.close().await;
            mails
        })
    };
    let files = || std::fs::read_dir(world.path("mail")).unwrap().count();
    let named = |word: &str| mails(world, "reminder").iter().filter(|mail| mail.0 == word).count();
    let appointments = || {
        let list = ["bookings", "list", "-o", "json", "--from", "2021-04-01"];
        world.run(&list).ends(0).json().as_array().map(Vec::len)
    };
    assert_eq!((files(), named("erased"), appointments()), (3, 0, Some(12)));
    // One campaign, under which the mails are kept, ended a year and some days ago; the other one a few days less.
    assert_eq!(retain("2022-05-18T01:00:00+08:00"), 0, "the mails tell of both");
    assert_eq!((files(), named("erased"), appointments()), (3, 0, Some(6)));
    assert_eq!(retain("2022-05-22T01:00:00+08:00"), 3);
    assert_eq!((files(), named("erased"), appointments()), (0, 3, Some(0)));
    assert_eq!(retain("2022-05-23T01:00:00+08:00"), 0, "nothing is left to take");
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn mails_and_appointments_lose_who_it_was_a_year_after_the_last_of_their_campaigns() {
    let longer = small().swap("campaign.toml", "end = 2021-05-10", "end = 2021-05-20");
    kept_until_the_last_campaign_is_over(&county_of(World::empty(), &longer));
}

#[test]
fn mails_and_appointments_lose_who_it_was_on_postgresql() {
    on_postgresql(|db| {
        let longer = small().swap("campaign.toml", "end = 2021-05-10", "end = 2021-05-20");
        kept_until_the_last_campaign_is_over(&county_of(World::on(db), &longer));
    });
}
