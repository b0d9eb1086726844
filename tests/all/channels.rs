//! Text messages and robots: who is written to by which way, what a way that leads nowhere is followed by, what a group
//! reads, what does not fit.

use crate::faults::gateways::{Fake, numbers};
use crate::faults::until;
use crate::operation::{ANY_PORT, get, read_by_promtool, samples};
use crate::support::{Ran, SENIORS, World, flu, on_postgresql, small, text};
use crate::web::{Office, account};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Texts into a folder, then mail.
pub(crate) const FOLDER: &str = "\
[channels.sms]
kind = \"tencent-sms\"
transport = \"folder\"
dir = \"sent\"
sign = \"小县疾控\"
[channels.sms.templates.tomorrow]
zh-CN = { id = \"1110\" }
en = { id = \"1111\" }
[channels.sms.templates.cancelled]
zh-CN = { id = \"1112\" }
[channels.sms.templates.moved]
zh-CN = { id = \"1113\" }
[reminders]
contact_order = [\"sms\", \"mail\"]
";

/// Runs a command as if it were a local time of the last day of March.
#[track_caller]
fn at(world: &World, time: &str, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", format!("2021-03-31T{time}:00+08:00"));
    Ran::from(command.output().expect("the program starts"))
}

/// A world with people, a configuration, a plan in force, and the reminders of the day before the first session.
fn reminded(world: World, config: &str, persons: &str) -> World {
    world.file("doseplan.toml", config);
    world.file("persons.csv", persons);
    world.run(&["persons", "import", "persons.csv"]).ends(0);
    world.plan_day_by_day();
    at(&world, "09:00", &["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    world
}

fn persons(rows: &str) -> String {
    format!(
        "person,area,born,name,sex,group,email,phone,language,household,opt_out,guardian_phone\n\
         {rows}\n"
    )
}

/// Channel, recipient and state of every reminder.
fn reminders(world: &World) -> BTreeSet<(String, String, String)> {
    let all = world.run(&["outbox", "list", "--kind", "reminder", "-o", "json"]).ends(0).json();
    let word = |one: &Value, key: &str| one[key].as_str().expect("text").to_owned();
    let all = all.as_array().expect("a list").iter();
    all.map(|one| (word(one, "channel"), word(one, "to"), word(one, "state"))).collect()
}

fn set(all: &[(&str, &str, &str)]) -> BTreeSet<(String, String, String)> {
    all.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

#[test]
fn a_reminder_goes_to_the_person_else_the_guardian_else_the_head_of_the_household_else_by_mail() {
    let people = persons(
        "p1,A,1950-01-01,赵一,F,,,+86 138 0000 0001,,,,\n\
         p2,A,1951-01-01,钱二,F,,q@home.example,,,,,1３９-0000-0002\n\
         p3,A,1952-01-01,孙三,F,,,13800000003（儿子）,,H1,,\n\
         p4,A,1953-01-01,李四,F,,,,,H1,,\n\
         p5,A,1954-01-01,周五,F,,zhou@home.example,0511-86523456,,,,\n\
         p6,A,1955-01-01,吴六,F,,,13800000006,,,yes,",
    );
    let world = reminded(World::with(&small()), FOLDER, &people);
    let wanted = set(&[
        ("sms", "13800000001", "queued"),
        ("sms", "13900000002", "queued"),
        ("sms", "13800000003", "queued"),
        ("mail", "zhou@home.example", "queued"),
    ]);
    assert_eq!(reminders(&world), wanted);
    // However often the job runs. Two people of one household are two texts to one number.
    at(&world, "09:00", &["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    assert_eq!(world.mails().len(), 5);
    at(&world, "09:10", &["outbox", "drain"]).ends(0);
    let texts: Vec<String> = std::fs::read_dir(world.path("sent"))
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    assert_eq!(texts.len(), 4);
    let wanted = "【小县疾控】赵一您好，您预约4月1日在甲镇卫生院接种，请带接种证。";
    assert!(texts.iter().any(|text| text.contains(wanted)), "{texts:?}");
    let costs = world.run(&["channels", "costs", "-o", "csv"]).ends(0).csv();
    assert_eq!((costs[0]["messages"].as_str(), costs[0]["segments"].as_str()), ("4", "4"));
}

#[test]
fn a_number_that_many_households_have_is_not_written_to_and_that_is_said() {
    let mut shared = String::new();
    for n in 0..12 {
        shared += &format!("p{n:02},A,195{}-01-01,某{n},F,,,13800000001,,,,\n", n % 10);
    }
    let campaign = small().swap("eligible.csv", "A,senior,6,", "A,senior,30,");
    let world = reminded(World::with(&campaign), FOLDER, &persons(shared.trim_end()));
    assert_eq!(reminders(&world), set(&[]));
    let numbers = world.run(&["channels", "numbers", "-o", "json"]).ends(0).json();
    assert_eq!(numbers[0]["number"], "13800000001");
    let doctor = world.run(&["doctor"]);
    assert!(doctor.out.contains("1 numbers belong to more than 10 households"), "{}", doctor.out);
}

/// Numbers that the fake knows by their last digits, each with mail behind it.
const FATES: &str = "p1,A,1950-01-01,赵一,F,,a@home.example,13810010100,,,,\n\
     p2,A,1951-01-01,钱二,F,,b@home.example,13810010002,,,,\n\
     p3,A,1952-01-01,孙三,F,,c@home.example,13810010004,,,,\n\
     p4,A,1953-01-01,李四,F,,d@home.example,13810010011,,,,\n\
     p5,A,1954-01-01,周五,F,,,13810010002,,,,\n\
     p6,A,1955-01-01,吴六,F,,f@home.example,13810010017,,,,";

/// The configuration of a service of the fake in place of the folder.
fn served(world: &World, fake: &Fake) -> String {
    fake.mode("ok");
    world.file("key", "AKIDtest0000000000000000000000000000");
    world.file("secret", "tencentTestKey000000000000000000");
    FOLDER
        .replace("transport = \"folder\"\ndir = \"sent\"\n", "connections = 1\n")
        .replace("小县疾控", "测试疾控中心")
        .replace(
            "kind = \"tencent-sms\"",
            &format!(
                "kind = \"tencent-sms\"\nurl = \"http://127.0.0.1:{}\"\nkey_file = \"key\"\n\
                 secret_file = \"secret\"\napp_id = \"1400006666\"",
                fake.port()
            ),
        )
}

fn way_after_way(world: World) {
    let Some(fake) = Fake::start(&["--by-recipient"]) else { return };
    let config = served(&world, &fake);
    let world = reminded(world, &config, &persons(FATES));
    at(&world, "09:10", &["outbox", "drain"]).ends(0);
    at(&world, "09:11", &["outbox", "drain"]).ends(0);
    // Refused numbers go on by mail at once; who has no mail is left to be called.
    let wanted = set(&[
        ("sms", "13810010100", "sent"),
        ("mail", "b@home.example", "sent"),
        ("mail", "c@home.example", "sent"),
        ("sms", "13810010011", "sent"),
        ("sms", "13810010002", "failed"),
        ("sms", "13810010017", "sent"),
    ]);
    assert_eq!(reminders(&world), wanted);
    let calls = at(&world, "09:15", &["channels", "calls", "-o", "csv"]).ends(0).csv();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!((calls[0]["name"].as_str(), calls[0]["place"].as_str()), ("周五", "S1"));
    // A receipt that says no goes on by mail too; a reply closes the number.
    let numbers = || world.run(&["channels", "numbers", "-o", "json"]).ends(0).json();
    let by_mail = ("mail".to_owned(), "d@home.example".to_owned(), "sent".to_owned());
    until(Duration::from_secs(30), "the service reports", || {
        at(&world, "09:20", &["channels", "receipts"]).ends(0);
        at(&world, "09:21", &["outbox", "drain"]).ends(0);
        reminders(&world).contains(&by_mail) && numbers().as_array().unwrap().len() == 2
    });
    let numbers = numbers();
    let closed: BTreeMap<&str, &str> = numbers
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["number"].as_str().unwrap(), one["why"].as_str().unwrap()))
        .collect();
    assert_eq!(
        closed,
        BTreeMap::from([
            ("13810010004", "FailedOperation.PhoneNumberInBlacklist"),
            ("13810010017", "its reader asked for no more"),
        ])
    );
    let history = world.run(&["channels", "history", "p4", "-o", "csv"]).ends(0).csv();
    let told: Vec<String> =
        history.iter().map(|row| format!("{} {}", row["channel"], row["state"])).collect();
    assert_eq!(told, ["sms taken", "sms missed", "mail next_way", "mail sent"]);
    let replies = world.run(&["channels", "replies", "-o", "json"]).ends(0).json();
    assert_eq!((replies.as_array().unwrap().len(), &replies[0]["said"]), (1, &Value::from("TD")));
    let id = replies[0]["id"].to_string();
    world.run(&["channels", "replies", "--done", &id]).ends(0);
    world.run(&["channels", "replies", "--done", &id]).ends(1);
    assert_eq!(
        world.run(&["channels", "replies", "-o", "json"]).ends(0).json(),
        Value::from(vec![(); 0])
    );
    world.run(&["channels", "numbers", "--open", "+86 138 1001 0017"]).ends(0);
    world.run(&["channels", "numbers", "--open", "13810010017"]).ends(1);
    // Nobody who is erased is left behind.
    at(&world, "10:00", &["persons", "erase", "p6", "--reason", "test"]).ends(0);
    let all = world.run(&["channels", "replies", "--all", "-o", "json"]).ends(0).out;
    assert!(!all.contains("13810010017"), "{all}");
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn a_way_that_leads_nowhere_is_followed_by_the_next_one() {
    way_after_way(World::with(&small()));
}

#[test]
fn a_way_that_leads_nowhere_is_followed_by_the_next_one_on_postgresql_too() {
    on_postgresql(|address| way_after_way(World::on(address).applied(&small())));
}

/// Whoever has a guardian, and a household with a head, by numbers that the fake knows by their last digits.
const HOMES: &str = "a0,A,1950-01-01,赵一,F,,,13810010103,,H1,,\n\
     p1,A,1951-01-01,赵二,M,,a@home.example,13810010004,,H1,,13810020002\n\
     p2,A,1952-01-01,钱三,F,,,13810010011,,H2,,13810020101\n\
     p3,A,1953-01-01,孙四,F,,,13810030002,,,,13810030002";

fn number_after_number(world: World) {
    let Some(fake) = Fake::start(&["--by-recipient"]) else { return };
    let config = served(&world, &fake);
    let world = reminded(world, &config, &persons(HOMES));
    for minute in 10..15 {
        at(&world, &format!("09:{minute}"), &["outbox", "drain"]).ends(0);
    }
    let history = |person: &str| -> Vec<String> {
        let rows = world.run(&["channels", "history", person, "-o", "csv"]).ends(0).csv();
        let whose = |row: &BTreeMap<String, String>| match row["state"].as_str() {
            "next_way" => format!(" {}", row["said"]),
            _ => String::new(),
        };
        rows.iter()
            .map(|row| format!("{} {}{}", row["channel"], row["state"], whose(row)))
            .collect()
    };
    // A number that is barred, one that is none: the head's is taken, before any mail, and once.
    let wanted = [
        "sms refused",
        "sms next_way guardian",
        "sms refused",
        "sms next_way head",
        "sms taken",
        "sms sent",
    ];
    assert_eq!(history("p1"), wanted);
    // The same number is not tried twice; whom nobody reaches is called.
    assert_eq!(history("p3"), ["sms refused", "sms failed"]);
    let calls = at(&world, "09:15", &["channels", "calls", "-o", "csv"]).ends(0).csv();
    assert_eq!((calls.len(), calls[0]["name"].as_str()), (1, "孙四"));
    // A receipt that says no leads to the guardian, whatever the service reports again.
    let by_guardian = ("sms".to_owned(), "13810020101".to_owned(), "sent".to_owned());
    until(Duration::from_secs(30), "the service reports", || {
        at(&world, "09:20", &["channels", "receipts"]).ends(0);
        at(&world, "09:21", &["outbox", "drain"]).ends(0);
        reminders(&world).contains(&by_guardian)
    });
    for _ in 0..3 {
        at(&world, "09:25", &["channels", "receipts"]).ends(0);
        at(&world, "09:26", &["outbox", "drain"]).ends(0);
    }
    let told = history("p2");
    assert_eq!(told[..4], ["sms taken", "sms missed", "sms next_way guardian", "sms taken"]);
    let taken = [("13810010011", 1), ("13810010103", 2), ("13810020101", 1)];
    let taken = taken.map(|(number, times)| (number.to_owned(), times));
    assert_eq!(numbers(&fake), BTreeMap::from(taken));
    // The next message of who is barred goes to the guardian's number at once.
    let closed = world.run(&["channels", "numbers", "-o", "json"]).ends(0).json();
    assert_eq!(closed[0]["number"], "13810010004");
    world.run(&["db", "check"]).ends(0);
    // Whoever is erased is in nobody else's messages either.
    let list = || world.run(&["outbox", "list", "-o", "json"]).ends(0).out;
    assert!(list().contains("13810010103"));
    at(&world, "10:00", &["persons", "erase", "a0", "--reason", "test"]).ends(0);
    assert!(!list().contains("13810010103"), "{}", list());
}

#[test]
fn a_number_that_failed_for_good_is_followed_by_the_guardians_and_the_heads_once() {
    number_after_number(World::with(&small()));
}

#[test]
fn a_number_that_failed_for_good_is_followed_by_the_guardians_on_postgresql_too() {
    on_postgresql(|address| number_after_number(World::on(address).applied(&small())));
}

fn watched(world: World) {
    let people = persons(
        "p1,A,1950-01-01,赵一,F,,,13800000001,,,,13800000021\n\
         p2,A,1951-01-01,钱二,F,,,13800000002,,,,\n\
         p3,A,1952-01-01,孙三,F,,,13800000003,,,,",
    );
    let config = format!("{ANY_PORT}{FOLDER}");
    let world = reminded(world, &config, &people);
    account(&world, &["add", "planner", "--role", "planner"], "planner");
    for number in ["13800000001", "13800000002"] {
        at(&world, "09:05", &["channels", "numbers", "--close", number, "--reason", "test"])
            .ends(0);
    }
    at(&world, "09:10", &["outbox", "drain"]).ends(0);
    let office = Office::bare(world, "2021-03-31T09:12:00+08:00");
    let metrics = get(office.address(), "/metrics").body;
    read_by_promtool(&metrics);
    let found = samples(&metrics);
    let is = |key: &str, wanted: f64| {
        let value = found.get(key).unwrap_or_else(|| panic!("no {key}: {metrics}"));
        assert!((value - wanted).abs() < 0.5, "{key} is {value}, not {wanted}");
    };
    for (state, count) in [("sent", 2.0), ("failed", 1.0), ("in_doubt", 0.0), ("waiting", 0.0)] {
        is(&format!("doseplan_channel_messages{{channel=\"sms\",state=\"{state}\"}}"), count);
    }
    is("doseplan_channel_messages{channel=\"mail\",state=\"in_doubt\"}", 0.0);
    for (event, count) in [("taken", 2.0), ("missed", 0.0)] {
        let labels = format!("channel=\"sms\",event=\"{event}\"");
        is(&format!("doseplan_channel_events_total{{{labels}}}"), count);
    }
    // Six labels in all for a channel: no number, person or template is one.
    let lines = metrics.lines().filter(|line| line.starts_with("doseplan_channel"));
    assert_eq!(lines.count(), 4 + 4 + 5, "{metrics}");
    assert!(!metrics.contains("138000"), "{metrics}");
    // Whoever sees a person reads whose number a message went to.
    let planner = office.login("planner");
    let page = planner.get("/c/small/person/p1?as-of=2021-03-30").body;
    assert!(page.contains("to the guardian"), "{page}");
    let page = planner.get("/c/small/person/p3?as-of=2021-03-30").body;
    assert!(page.contains("taken by the service") && !page.contains("to the guardian"), "{page}");
}

#[test]
fn messages_are_counted_by_channel_and_a_person_shows_whose_number_was_taken() {
    watched(World::with(&small()));
}

#[test]
fn messages_are_counted_by_channel_on_postgresql_too() {
    on_postgresql(|address| watched(World::on(address).applied(&small())));
}

#[test]
fn a_group_reads_counts_and_places_and_nothing_of_any_person() {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    world.file(
        "doseplan.toml",
        "[channels.leads]\nkind = \"wecom\"\ntransport = \"folder\"\ndir = \"sent\"\n\
         link = \"https://plan.example.org\"\n\
         [channels.north]\nkind = \"feishu\"\ntransport = \"folder\"\ndir = \"north\"\n\
         area = \"A\"\nlanguage = \"en\"\ncards = [\"digest\"]\n",
    );
    world.plan_day_by_day();
    for _ in 0..2 {
        world.run(&["job", "run", "digest", "--at", "2021-03-31T19:00"]).ends(0);
        world.run(&["job", "run", "summary", "--at", "2021-04-02T07:00"]).ends(0);
    }
    world.run(&["outbox", "drain", "--at", "2021-03-31T19:05"]).ends(0);
    world.run(&["outbox", "drain", "--at", "2021-04-02T07:05"]).ends(0);
    let cards = |dir: &str| -> Vec<String> {
        let files = std::fs::read_dir(world.path(dir)).unwrap();
        let mut all: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        all.sort();
        all.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
    };
    let (leads, north) = (cards("sent"), cards("north"));
    assert_eq!((leads.len(), north.len()), (2, 1), "{leads:?} {north:?}");
    assert!(
        leads[0].contains("甲镇卫生院：") && leads[0].contains("https://plan.example.org/c/small")
    );
    assert!(north[0].contains("甲镇卫生院") && !north[0].contains("乙镇卫生院"), "{}", north[0]);
    assert!(leads[1].contains("剂次") && leads[1].contains("打开网页"), "{}", leads[1]);
    for card in leads.iter().chain(&north) {
        let text = serde_json::from_str::<Value>(card).unwrap()["card"]["text"].to_string();
        assert!(text.len() <= 4096, "{}", text.len());
        for name in ["赵", "钱", "张三", "李四", "13800", "@small.example", "@home.example"] {
            assert!(!card.contains(name), "{name}: {card}");
        }
    }
}

#[test]
fn a_group_reads_one_card_of_several_campaigns() {
    let world = World::empty();
    for (folder, name) in [(small(), "small"), (flu(), "flu")] {
        let path = folder.write(&world.path(name));
        world.run(&["campaign", "apply", text(&path)]).ends(0);
    }
    world.file(
        "doseplan.toml",
        "[channels.leads]\nkind = \"wecom\"\ntransport = \"folder\"\ndir = \"sent\"\n\
         link = \"https://plan.example.org\"\ncards = [\"digest\"]\n",
    );
    world.plan_day_by_day();
    world.run(&["job", "run", "digest", "--at", "2021-03-31T19:00"]).ends(0);
    world.run(&["outbox", "drain", "--at", "2021-03-31T19:05"]).ends(0);
    let files = std::fs::read_dir(world.path("sent")).unwrap();
    let cards: Vec<_> =
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert_eq!(cards.len(), 1, "{cards:?}");
    for said in ["2项活动", "【小县接种】开设", "【流感接种】开设", "https://plan.example.org/)"]
    {
        assert!(cards[0].contains(said), "{said}: {}", cards[0]);
    }
}

#[test]
fn the_templates_are_printed_as_each_vendor_registers_them() {
    let world = World::small();
    let aliyun =
        FOLDER.replace("tencent-sms", "aliyun-sms").replace("channels.sms", "channels.ali");
    let both = format!("{FOLDER}{}", aliyun.split("[reminders]").next().unwrap());
    // One that was registered before texts named the vaccine stays as it is.
    let both = both.replacen("\"1110\" }", "\"1110\", vaccine = true }", 1);
    world.file("doseplan.toml", both);
    let rows = world.run(&["channels", "templates", "-o", "csv"]).ends(0).csv();
    let text = |channel: &str, language: &str| {
        let is = |row: &&BTreeMap<String, String>| {
            row["channel"] == channel && row["kind"] == "tomorrow" && row["language"] == language
        };
        rows.iter().find(is).expect("a template")["text"].clone()
    };
    assert_eq!(text("sms", "zh-CN"), "{1}您好，您预约{2}在{3}接种{4}，请带接种证。");
    assert_eq!(text("ali", "zh-CN"), "${name}您好，您预约${time}在${site}接种，请带接种证。");
    assert_eq!(rows.len(), 24, "four kinds, a code and a test, two languages, two channels");
    let doctor = world.run(&["doctor"]).out;
    // The configuration has no template for one kind; every place of the small campaign fits.
    assert!(doctor.contains("templates.overdue"), "{doctor}");
    assert!(!doctor.contains("templates.code"), "nobody books: {doctor}");
    assert!(!doctor.contains("does not fit"), "{doctor}");
    assert!(doctor.contains("no room for the name of the vaccine of small"), "{doctor}");
    // Of several campaigns with the same templates it is said once.
    let other = ["campaign", "copy", "small", "anew", "--start", "2022-04-01", "--end"];
    world.run(&[&other[..], &["2022-06-30"]].concat()).ends(0);
    assert_eq!(world.run(&["doctor"]).out.matches("templates.overdue").count(), 1);
    let long = small().swap("sites.csv", "乙镇卫生院", "经济技术开发区体育馆方舱");
    let world = World::with(&long);
    world.file("doseplan.toml", FOLDER);
    let doctor = world.run(&["doctor"]).out;
    assert!(doctor.contains("S2: \"经济技术开发区体育馆方舱\" does not fit into 6"), "{doctor}");
    let named =
        FOLDER.replace("[reminders]", "[channels.sms.short_names]\nS2 = \"体育馆\"\n[reminders]");
    world.file("doseplan.toml", format!("[booking]\nlisten = \"127.0.0.1:0\"\n{named}"));
    assert!(world.run(&["doctor"]).out.contains("templates.code"));
    assert!(!world.run(&["doctor"]).out.contains("does not fit"));
}

#[test]
fn a_configuration_that_cannot_work_says_what_to_write() {
    let world = World::small();
    for (config, said) in [
        ("[channels.mail]\nkind = \"wecom\"\nkey_file = \"k\"\n", "not \"mail\""),
        ("[channels.a]\nkind = \"wecom\"\n", "[channels.a] needs key_file"),
        ("[channels.a]\nkind = \"webhook\"\nsecret_file = \"s\"\n", "[channels.a] needs url"),
        ("[channels.a]\nkind = \"dingtalk\"\nkey_file = \"k\"\n", "[channels.a] needs secret_file"),
        (
            "[channels.a]\nkind = \"tencent-sms\"\nkey_file = \"k\"\nsecret_file = \"s\"\n",
            "[channels.a] needs app_id",
        ),
        (
            "[channels.a]\nkind = \"aliyun-sms\"\nkey_file = \"k\"\nsecret_file = \"s\"\n\
             sign = \"【x】\"\n",
            "has brackets",
        ),
        ("[channels.a]\nkind = \"pigeon\"\n", "unknown variant"),
        ("[reminders]\ncontact_order = [\"sms\"]\n", "names \"sms\", which is no way to a person"),
        ("[reminders]\ncontact_order = [\"mail\", \"mail\"]\n", "names \"mail\" twice"),
    ] {
        world.file("doseplan.toml", config);
        let ran = world.run(&["status"]).ends(4);
        assert!(ran.err.contains(said), "{config}: {}", ran.err);
    }
    // A secret that cannot be read keeps no mail from leaving, and is told.
    world.file("doseplan.toml", "[channels.a]\nkind = \"wecom\"\nkey_file = \"nowhere\"\n");
    world.run(&["job", "run", "summary", "--at", "2021-04-02T07:00"]).ends(0);
    let drained = world.run(&["outbox", "drain", "--at", "2021-04-02T07:05"]);
    assert!(drained.err.contains("nowhere") || drained.out.contains("nowhere"), "{}", drained.err);
    assert!(world.mails().contains(&("sent".into(), "summary".into(), "cdc@small.example".into())));
    let doctor = world.run(&["doctor"]).ends(1).out;
    assert!(doctor.contains("channel a cannot be used"), "{doctor}");
}

#[test]
fn a_channel_is_tried_by_hand() {
    let world = World::small();
    world.file("doseplan.toml", FOLDER);
    let refused = world.run(&["channels", "test", "sms"]).ends(1);
    assert!(refused.err.contains("--to"), "{}", refused.err);
    let refused = world.run(&["channels", "test", "sms", "--to", "0511-86523456"]).ends(1);
    assert!(refused.err.contains("landline"), "{}", refused.err);
    let refused = world.run(&["channels", "test", "other"]).ends(1);
    assert!(refused.err.contains("known: sms"), "{}", refused.err);
    world.run(&["channels", "test", "sms", "--to", "13800000001"]).ends(0);
    world.run(&["outbox", "drain"]).ends(0);
    let sent = std::fs::read_dir(world.path("sent")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(sent).unwrap();
    assert!(text.contains("【小县疾控】欧阳文静您好"), "{text}");
}
