//! One voice: a lead, a coordinator and a contact get one mail each, whatever the number of campaigns.

use crate::guard::tamper;
use crate::mail::decoded;
use crate::support::{Folder, Ran, SENIORS, World, flu, on_postgresql, small, wait};
use doseplan::app::App;
use doseplan::config::Config;
use doseplan::store::Store;
use serde_json::Value;

/// Few people, so that both campaigns have a session on the first day.
pub(crate) fn small_flu() -> Folder {
    flu().swap("eligible.csv", "A,adult,200", "A,adult,10").swap(
        "eligible.csv",
        "B,adult,100",
        "B,adult,4",
    )
}

pub(crate) fn on_time(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", "2021-03-31T08:00:00+08:00");
    Ran::from(command.output().unwrap())
}

/// Two campaigns with adopted plans at the same places.
pub(crate) fn county() -> World {
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
        on_time(&world, &[&["plan", "make"][..], &chosen].concat()).ends(0);
        on_time(&world, &["plan", "adopt", "--campaign", campaign]).ends(0);
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
        on_time(&world, &["plan", "make", "--from", "2021-04-01", "--steps", "0"]).ends(0);
        on_time(&world, &["plan", "adopt"]).ends(0);
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

/// A group that reads some cards, from a folder.
fn with_group(world: World, cards: &str) -> World {
    let config = format!(
        "[mail]\ndigest = \"always\"\n[channels.leads]\nkind = \"wecom\"\n\
         transport = \"folder\"\ndir = \"sent\"\nlink = \"https://plan.example.org\"\n\
         cards = [\"{cards}\"]\n"
    );
    world.file("doseplan.toml", config);
    world
}

/// The subjects of the group's cards of a kind.
fn cards(world: &World, kind: &str) -> Vec<String> {
    let to_group = mails(world, kind).into_iter().filter(|(to, _)| to == "leads");
    to_group.map(|(_, subject)| subject).collect()
}

/// What the group has read, in the order in which it was posted.
fn posted(world: &World) -> Vec<String> {
    let files = std::fs::read_dir(world.path("sent")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[test]
fn a_group_reads_one_summary_a_morning_with_a_part_for_each_campaign() {
    let world = with_group(county(), "summary");
    job(&world, "summary", "2021-04-02T08:00");
    for campaign in ["small", "flu"] {
        let at = ["--at", "2021-04-02T08:30", "--campaign", campaign];
        world.run(&[&["job", "run", "summary"][..], &at].concat()).ends(0);
    }
    let found = cards(&world, "summary");
    assert!(found.len() == 1 && found[0].contains("日报（2项活动）"), "{found:?}");
    world.run(&["outbox", "drain", "--at", "2021-04-02T08:35"]).ends(0);
    let [card] = &posted(&world)[..] else { panic!("{:?}", posted(&world)) };
    for said in [
        "2 项接种活动累计报告接种 0 剂次",
        "【流感接种】截至4月1日24时",
        "【小县接种】截至4月1日24时",
        "https://plan.example.org/)",
    ] {
        assert!(card.contains(said), "{said}: {card}");
    }
}

#[test]
fn what_a_group_was_told_of_a_day_is_not_told_again_but_by_asking_for_it() {
    let all = ["digest", "send", "--all", "--day", "2021-03-31", "--readers", "3"];
    let by_hand = |world: &World, campaign: &str| {
        world.run(&[&all[..], &["--campaign", campaign]].concat()).ends(0).err
    };
    let world = with_group(county(), "digest");
    job(&world, "digest", "2021-03-31T19:00");
    let evening = cards(&world, "digest");
    assert!(evening.len() == 1 && evening[0].contains("2项活动"), "{evening:?}");
    let said = by_hand(&world, "small");
    assert!(said.contains("get none again: 1") && said.contains("digest resend"), "{said}");
    assert_eq!(cards(&world, "digest"), evening);
    // Asked for: the card as it was, to the group alone.
    let list = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let card = list.as_array().unwrap().iter().find(|one| one["to"] == "leads").unwrap();
    let id = card["id"].to_string();
    let other = ["digest", "resend", &id, "--to", "boss@small.example"];
    let refused = world.run(&other).ends(1).err;
    assert!(refused.contains("is a card for a group"), "{refused}");
    world.run(&["digest", "resend", &id]).ends(0);
    assert_eq!(cards(&world, "digest"), [evening[0].clone(), evening[0].clone()]);
    let [card] = &posted(&world)[..] else { panic!("the first one was late") };
    assert!(card.contains("【小县接种】") && card.contains("【流感接种】"), "{card}");
    // A group that has no robot any more would wait for ever.
    world.file("doseplan.toml", "");
    let refused = world.run(&["digest", "resend", &id]).ends(1).err;
    assert!(refused.contains("there is no channel leads"), "{refused}");
    assert_eq!(cards(&world, "digest").len(), 2);
    // The other way round: the evening tells what is left.
    let world = with_group(county(), "digest");
    let said = by_hand(&world, "small");
    assert!(!said.contains("digest resend"), "{said}");
    job(&world, "digest", "2021-03-31T19:00");
    let found = cards(&world, "digest");
    assert_eq!(found.len(), 2, "{found:?}");
    let names =
        ["小县接种", "流感接种"].map(|name| found.iter().filter(|s| s.contains(name)).count());
    assert_eq!(names, [1, 1], "{found:?}");
}

#[test]
fn alarms_of_several_campaigns_are_one_card_and_each_is_raised_once_a_day() {
    let world = with_group(county(), "alarm");
    let doubtful = |campaign: &str| {
        let header = "record,date,place,area,group,dose,doses";
        let row = format!("bad-{campaign},2021-04-01,S1,A,adult,1,300");
        world.file("bad.csv", format!("{header}\n{row}\n"));
        world.run(&["tallies", "import", "bad.csv", "--campaign", campaign]).ends(3);
    };
    let raise = |now: &str| {
        wait(async {
            let config = Config::read(&world.path("doseplan.toml"), true).unwrap();
            let app = App::new(Store::open(world.db(), false).await.unwrap(), config);
            let new = app.raise_alarms(now.parse().unwrap()).await.unwrap();
            app.store.close().await;
            new
        })
    };
    assert_eq!(raise("2021-04-02T09:00:00+08:00"), 0, "all is well");
    doubtful("small");
    doubtful("flu");
    assert_eq!(raise("2021-04-02T09:01:00+08:00"), 1);
    assert_eq!(raise("2021-04-02T09:02:00+08:00"), 0, "each once a day");
    assert_eq!(cards(&world, "alarm"), ["2件事需要处理"]);
    world.run(&["outbox", "drain", "--at", "2021-04-02T09:05"]).ends(0);
    let [card] = &posted(&world)[..] else { panic!("{:?}", posted(&world)) };
    for said in ["【流感接种】1 个数字存疑", "【小县接种】1 个数字存疑", "流感接种 · 小县接种"]
    {
        assert!(card.contains(said), "{said}: {card}");
    }
    // Another day, another card; of one campaign alone it is named.
    world.run(&["tallies", "confirm", "bad-flu", "--campaign", "flu"]).ends(0);
    assert_eq!(raise("2021-04-03T09:00:00+08:00"), 1);
    assert!(cards(&world, "alarm").contains(&"小县接种 需要处理".to_owned()));
    assert_eq!(raise("2021-04-03T09:01:00+08:00"), 0);
    // What every campaign has is said once, and of none of them.
    tamper(&world, "UPDATE outbox SET state = 'in_doubt' WHERE kind = 'alarm' AND state = 'sent'");
    assert_eq!(raise("2021-04-04T09:00:00+08:00"), 1);
    assert_eq!(raise("2021-04-04T09:01:00+08:00"), 0);
    let found = cards(&world, "alarm");
    let of_two = found.iter().filter(|subject| *subject == "2件事需要处理").count();
    assert_eq!((found.len(), of_two), (3, 2), "{found:?}");
}
