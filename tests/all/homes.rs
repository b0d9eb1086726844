//! Home visits through the command line.

use crate::copies::sqlite;
use crate::operation::ANY_PORT;
use crate::support::{Folder, Ran, World, on_postgresql, python, small, text, wait};
use crate::web::{Office, account};
use chrono::{DateTime, NaiveTime, Utc};
use doseplan::app::App;
use doseplan::app::homes::HomeOrder;
use doseplan::config::Config;
use doseplan::domain::permission::Actor;
use doseplan::store::Store;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The small county, whose seniors are visited at home.
fn county() -> Folder {
    let toml = "id = \"senior\"\nname = \"60岁及以上\"\nplaces = [\"home\"]";
    small()
        .swap("campaign.toml", "id = \"senior\"\nname = \"60岁及以上\"", toml)
        .swap("deliveries.csv", "expires\n", "expires,doses_per_vial\n")
        .swap("deliveries.csv", "2021-09-01", "2021-09-01,10")
        .swap("deliveries.csv", "2021-04-10\n", "2021-04-10,10\n")
}

/// The same with 23 seniors in each township.
fn world() -> World {
    let world = World::with(&county());
    register(&world);
    world
}

fn register(world: &World) {
    let mut persons = "person,area,born,name,phone,address\n".to_owned();
    for no in 0..46 {
        let area = if no % 2 == 0 { "A" } else { "B" };
        writeln!(persons, "h{no:02},{area},1940-01-01,老人{no:02},138000000{no:02},人民路{no}号")
            .unwrap();
    }
    world.file("persons.csv", persons);
    at(world, &["persons", "import", "persons.csv"]).ends(0);
}

fn at(world: &World, arguments: &[&str]) -> Ran {
    on(world, "2021-03-31T09:00", arguments)
}

/// Runs a command at a local time.
fn on(world: &World, local: &str, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", format!("{local}:00+08:00"));
    Ran::from(command.output().expect("the program starts"))
}

type Rows = Vec<BTreeMap<String, String>>;

fn shown(world: &World, local: &str) -> Rows {
    let show = ["homes", "show", "--from", "2021-04-01", "-o", "csv"];
    on(world, local, &show).ends(0).csv()
}

/// Rounds that are adopted stay, are told, and cross off who got the dose.
fn adopted(world: &World) {
    register(world);
    let ran = at(world, &["homes", "rounds", "--adopt", "-o", "json"]).ends(0);
    let made = ran.json();
    let rounds = made["rounds"].as_array().unwrap();
    assert!(ran.err.contains(&format!("{} rounds are adopted", rounds.len())), "{}", ran.err);
    // What the team says of its visits counts where nobody says otherwise.
    assert!(rounds.iter().all(|one| one["calls"].as_array().unwrap().len() <= 12), "{made}");
    let days: Vec<&str> = rounds.iter().map(|one| one["day"].as_str().unwrap()).collect();
    let rows = shown(world, "2021-03-31T10:00");
    assert_eq!(rows.len(), 46);
    assert!(rows.iter().all(|row| row["state"] == "open"), "{rows:?}");
    let first: Vec<_> = rows.iter().filter(|row| row["date"] == days[0]).collect();
    // Made again there is nobody left to visit.
    let again = at(world, &["homes", "rounds", "--adopt", "-o", "json"]).ends(0).json();
    assert_eq!((again["kept"].as_u64(), again["people"].as_u64()), (Some(46), Some(0)), "{again}");
    // The lead of the team reads the round the evening before.
    let digest = ["digest", "preview", "T1", "--day", "2021-03-31", "--part", "text"];
    let said = on(world, "2021-03-31T18:00", &digest).ends(0).out;
    for wanted in ["明日上门", first[0]["name"].as_str(), "人民路", "138000000"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    // Somebody gets the dose: crossed off. The others of that day are still to be visited on it.
    let given = first[0]["person"].clone();
    let doses = format!("record,person,date,place,lot\nd1,{given},2021-04-01,S1,L1\n");
    world.file("doses.csv", doses);
    on(world, "2021-04-01T17:00", &["doses", "import", "doses.csv"]).ends(0);
    let rows = shown(world, "2021-04-01T18:00");
    let not_open: Vec<_> = rows.iter().filter(|row| row["state"] != "open").collect();
    assert_eq!(not_open.len(), 1, "{not_open:?}");
    assert_eq!((&not_open[0]["person"], not_open[0]["state"].as_str()), (&given, "given"));
    // Whoever was not met is due again on the next day, on a day that no adopted round has.
    let next = ["homes", "rounds", "-o", "json"];
    let next = on(world, "2021-04-02T08:00", &next).ends(0).json();
    assert_eq!(next["people"], first.len() - 1, "{next}");
    let day = next["rounds"][0]["day"].as_str().unwrap();
    assert!(!days.contains(&day) && day > days[0], "{day} {days:?}");
    let last = *days.last().unwrap();
    let withdraw = ["homes", "withdraw", last, "T1"];
    on(world, "2021-04-02T09:00", &withdraw).ends(0);
    let twice = on(world, "2021-04-02T09:00", &withdraw).ends(1);
    assert!(twice.err.contains(last), "{}", twice.err);
    let past = on(world, "2021-04-02T09:00", &["homes", "withdraw", days[0], "T1"]);
    assert_eq!(past.code, 1, "what is over stays");
    assert!(shown(world, "2021-04-02T10:00").iter().all(|row| row["date"] != last));
    // All that is known of somebody has the visit, too; erased they are on no round.
    let known = on(world, "2021-04-02T09:00", &["persons", "show", &given, "-o", "json"]).ends(0);
    assert_eq!(known.json()["home_visits"][0]["team"], "T1", "{}", known.out);
    on(world, "2021-04-02T09:30", &["persons", "erase", &given, "--reason", "asked"]).ends(0);
    assert!(shown(world, "2021-04-02T10:00").iter().all(|row| row["person"] != given));
    let log = world.run(&["account", "log", "-o", "json"]).ends(0).json();
    let did = |what: &str| log.as_array().unwrap().iter().filter(|one| one["did"] == what).count();
    assert_eq!((did("homes-adopt"), did("homes-withdraw")), (1, 1));
}

#[test]
fn adopted_rounds_stay_are_told_and_cross_off_who_got_the_dose() {
    let county = || {
        county().swap("teams.csv", "lead_email\n", "lead_email,max_visits\n").swap(
            "teams.csv",
            "t1@small.example\n",
            "t1@small.example,12\n",
        )
    };
    let world = World::with(&county());
    adopted(&world);
    for role in ["planner", "viewer"] {
        account(&world, &["add", role, "--role", role], role);
    }
    world.file("doseplan.toml", ANY_PORT);
    let office = Office::bare(world, "2021-04-02T11:00:00+08:00");
    let page = office.login("planner").get("/c/small/homes?as-of=2021-04-01").body;
    for wanted in ["老人", "一队", "to be made"] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    assert_eq!(office.login("viewer").get("/c/small/homes?as-of=2021-04-01").status, 403);
    on_postgresql(|server| adopted(&World::on(server).applied(&county())));
}

#[test]
fn everybody_at_home_is_visited_once_on_rounds_that_fit_into_a_day() {
    let world = world();
    let found: Value = at(&world, &["homes", "rounds", "-o", "json"]).ends(0).json();
    let rounds = found["rounds"].as_array().unwrap();
    let mut seen: Vec<&str> = rounds
        .iter()
        .flat_map(|round| round["calls"].as_array().unwrap())
        .map(|call| call["person"].as_str().unwrap())
        .collect();
    seen.sort_unstable();
    let all: Vec<String> = (0..46).map(|no| format!("h{no:02}")).collect();
    assert_eq!(seen, all);
    // 15 calls at most, so four rounds; weekdays only.
    let sizes: Vec<usize> = rounds.iter().map(|it| it["calls"].as_array().unwrap().len()).collect();
    assert!(sizes.iter().all(|calls| *calls <= 15) && sizes.len() == 4, "{sizes:?}");
    let days: Vec<&str> = rounds.iter().map(|it| it["day"].as_str().unwrap()).collect();
    assert_eq!(days, ["2021-04-01", "2021-04-02", "2021-04-05", "2021-04-06"]);
    for round in rounds {
        let times: Vec<&str> = round["calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["arrives"].as_str().unwrap())
            .collect();
        assert!(times.is_sorted() && *times.last().unwrap() < round["back"].as_str().unwrap());
        assert!(round["back"].as_str().unwrap() <= "15:00:00", "420 minutes: {round}");
        let (vials, doses) = (round["vials"].as_u64().unwrap(), round["doses"].as_u64().unwrap());
        assert_eq!(vials, doses.div_ceil(10), "six hours are enough for the whole round");
    }
    let gap = found["gap"].as_f64().unwrap();
    assert!((0.0..0.05).contains(&gap), "{gap}");
    // With vials that are good for an hour more of them are needed.
    let short = ["homes", "rounds", "--open-vial-hours", "1", "-o", "json"];
    let short = at(&world, &short).ends(0).json();
    let vials = |found: &Value| -> u64 {
        let all = found["rounds"].as_array().unwrap().iter();
        all.map(|round| round["vials"].as_u64().unwrap()).sum()
    };
    assert!(vials(&short) > vials(&found));
}

#[test]
fn a_round_is_printed_and_what_cannot_be_is_told() {
    let world = world();
    let path = world.path("rounds.xlsx");
    at(&world, &["homes", "rounds", "--save", text(&path)]).ends(0);
    let script = "import sys, openpyxl\nbook = openpyxl.load_workbook(sys.argv[1])\n\
        print('|'.join(book.sheetnames)); sheet = book.worksheets[0]\n\
        print('|'.join(str(c.value) for r in sheet.iter_rows(max_row=5) for c in r if c.value))";
    if let Some(read) = python("openpyxl", script, &[text(&path)]) {
        assert!(read.starts_with("2021-04-01 T1|"), "{read}");
        for part in ["上门接种路线单", "领取疫苗：", "住址", "人民路", "疫苗批号"]
        {
            assert!(read.contains(part), "{part}: {read}");
        }
    }
    assert_eq!(at(&world, &["homes", "rounds", "--team", "T9"]).code, 1);
    // No day is left: the last one of the campaign is one round's.
    let late = at(&world, &["homes", "rounds", "--from", "2021-05-10", "-o", "json"]);
    assert_eq!(late.code, 1);
    let (late, err) = (late.json(), late.err);
    assert_eq!(late["rounds"].as_array().unwrap().len(), 1);
    assert!(late["without_day"].as_u64().unwrap() > 30 && !err.is_empty(), "{late}");
    // Kilometres, their bound and the gap are those of the round that is made.
    let of_round = late["rounds"][0]["km"].as_f64().unwrap();
    let (km, least) = (late["km"].as_f64().unwrap(), late["least_km"].as_f64().unwrap());
    assert!((km - of_round).abs() < 1e-9 && least <= km + 1e-9, "{km} {least} {of_round}");
    // Nobody comes back on the next day.
    let night = at(&world, &["homes", "rounds", "--leave-at", "22:50"]);
    assert!(night.code != 0 && night.err.contains("22:50"), "{}", night.err);
}

/// The county whose adults get their doses at stops alone, so that the team goes on tours.
fn touring() -> Folder {
    let toml = "id = \"adult\"\nname = \"18–59岁\"\nplaces = [\"stop\"]";
    county().swap("campaign.toml", "id = \"adult\"\nname = \"18–59岁\"", toml)
}

/// The days of a plan's tours.
fn tours(rows: &Rows) -> BTreeSet<String> {
    rows.iter().filter(|row| row["team"] == "T1").map(|row| row["date"].clone()).collect()
}

/// The days of the adopted rounds.
fn round_days(world: &World) -> BTreeSet<String> {
    shown(world, "2021-03-31T10:00").iter().map(|row| row["date"].clone()).collect()
}

const MAKE: [&str; 6] = ["plan", "make", "--steps", "0", "-o", "json"];

#[test]
fn a_plan_says_of_people_who_are_visited_at_home_whether_they_are_on_a_round() {
    let world = world();
    let reasons = || -> BTreeSet<String> {
        let made = at(&world, &MAKE).ends(0).json();
        let left = made["unplaced"].as_array().unwrap().iter();
        let seniors = left.filter(|one| one["group"] == "senior");
        seniors.map(|one| one["reason"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(reasons(), ["home".to_owned()].into(), "no site is missing for them");
    at(&world, &["homes", "rounds", "--adopt"]).ends(0);
    assert_eq!(reasons(), ["home_round".to_owned()].into());
    let said = at(&world, &["--lang", "zh-CN", "plan", "make", "--steps", "0"]).ends(0).out;
    assert!(said.contains("已排入采用的路线") && !said.contains("没有接种点"), "{said}");
    for day in round_days(&world) {
        at(&world, &["homes", "withdraw", &day, "T1"]).ends(0);
    }
    assert_eq!(reasons(), ["home".to_owned()].into());
}

fn never_both(world: &World) {
    register(world);
    let draft = at(world, &MAKE).ends(0).json()["plan"].to_string();
    let planned = tours(&at(world, &["plan", "show", &draft, "-o", "csv"]).ends(0).csv());
    at(world, &["homes", "rounds", "--adopt"]).ends(0);
    let rounds = round_days(world);
    let both: Vec<&String> = planned.intersection(&rounds).collect();
    assert!(!both.is_empty(), "{planned:?} {rounds:?}");
    // The draft knew nothing of the rounds.
    let refused = at(world, &["plan", "adopt"]);
    let remedy = format!("doseplan homes withdraw {} T1", both[0]);
    assert!(refused.code != 0 && refused.err.contains(&remedy), "{}", refused.err);
    assert!(refused.err.contains("plan make"), "{}", refused.err);
    // A new one leaves the days to them, at night, too.
    at(world, &MAKE).ends(0);
    at(world, &["plan", "adopt"]).ends(0);
    for is_night in [false, true] {
        if is_night {
            on(world, "2021-03-31T22:00", &["job", "run", "plan"]).ends(0);
        }
        let rows = on(world, "2021-03-31T23:00", &["plan", "show", "-o", "csv"]).ends(0).csv();
        let planned = tours(&rows);
        assert!(!planned.is_empty() && planned.is_disjoint(&rounds), "{planned:?} {rounds:?}");
    }
    let found = at(world, &["db", "check", "-o", "json"]).ends(0).json();
    let found = found.as_array().unwrap().iter().find(|one| one["check"] == "tours").unwrap();
    assert_eq!(found["right"], rounds.len(), "{found}");
}

#[test]
fn a_team_makes_no_tour_on_the_day_of_its_round() {
    never_both(&World::with(&touring()));
    on_postgresql(|server| never_both(&World::on(server).applied(&touring())));
}

#[test]
fn a_round_that_is_taken_back_leaves_its_day_to_tours() {
    let world = World::with(&touring());
    register(&world);
    at(&world, &MAKE).ends(0);
    at(&world, &["homes", "rounds", "--adopt"]).ends(0);
    assert_ne!(at(&world, &["plan", "adopt"]).code, 0);
    for day in round_days(&world) {
        at(&world, &["homes", "withdraw", &day, "T1"]).ends(0);
    }
    at(&world, &["plan", "adopt"]).ends(0);
}

#[test]
fn rounds_of_a_closed_campaign_take_no_days() {
    let world = World::with(&touring());
    register(&world);
    at(&world, &["homes", "rounds", "--adopt"]).ends(0);
    let taken = || {
        with_app(&world, async |app, _| {
            let loaded = app.campaign(Some("small")).await.unwrap();
            app.round_closures(&loaded, "2021-03-31".parse().unwrap()).await.unwrap().len()
        })
    };
    let rounds = round_days(&world).len();
    assert!(rounds > 0);
    assert_eq!(taken(), rounds);
    at(&world, &["campaign", "close", "small"]).ends(0);
    assert_eq!(taken(), 0);
    let refused = at(&world, &["homes", "rounds", "--campaign", "small"]).ends(1).err;
    assert!(refused.contains("small is closed; reopen it first"), "{refused}");
    at(&world, &["campaign", "reopen", "small"]).ends(0);
    assert_eq!(taken(), rounds);
}

/// Works on the database without the command line.
fn with_app<T>(world: &World, work: impl AsyncFnOnce(&App, DateTime<Utc>) -> T) -> T {
    wait(async {
        let app = App::new(Store::open(world.db(), false).await.unwrap(), Config::default());
        let done = work(&app, "2021-03-31T09:00:00+08:00".parse().unwrap()).await;
        app.store.close().await;
        done
    })
}

#[test]
fn a_round_is_not_adopted_for_the_day_of_a_tour_that_came_in_between() {
    let world = World::with(&touring());
    register(&world);
    let order = HomeOrder {
        first: None,
        visits_max: None,
        minutes_per_visit: 20,
        open_vial_minutes: 360,
        leaves_at: NaiveTime::from_hms_opt(8, 0, 0).unwrap(),
        teams: Vec::new(),
        taken: BTreeSet::new(),
    };
    let made = with_app(&world, async |app, now| {
        let loaded = app.campaign(None).await.unwrap();
        app.home_rounds(&loaded, &order, now).await.unwrap()
    });
    at(&world, &MAKE).ends(0);
    at(&world, &["plan", "adopt"]).ends(0);
    let refused = with_app(&world, async |app, now| {
        let loaded = app.campaign(None).await.unwrap();
        let done = app.adopt_homes(&loaded, &made, Actor::CommandLine, now).await;
        done.expect_err("the team is on tour").to_string()
    });
    for wanted in ["team T1", "campaign small", "homes rounds --adopt"] {
        assert!(refused.contains(wanted), "{wanted}: {refused}");
    }
    assert!(round_days(&world).is_empty());
    // Made again they leave the days of the tours.
    at(&world, &["homes", "rounds", "--adopt"]);
    let planned = tours(&at(&world, &["plan", "show", "-o", "csv"]).ends(0).csv());
    assert!(planned.is_disjoint(&round_days(&world)));
    at(&world, &["db", "check"]).ends(0);
    // Whatever stored both, the check finds it.
    let day = planned.first().unwrap();
    let sql = format!(
        "INSERT INTO home_round (day, team, campaign, leaves, back, metres, vials, wasted, \
         adopted_at) SELECT '{day}', 'T1', no, 480, 600, 1000, 1, 0, 0 FROM campaign"
    );
    wait(sqlite(&world.path("doseplan.db"), &sql));
    let found = at(&world, &["db", "check"]).ends(1).err;
    assert!(found.contains(&format!("T1 {day}: small P")), "{found}");
}

const CREW: &str = "staff,name,home,roles,email\n\
    V1,赵一,T1,vaccinator,v1@small.example\n\
    V2,钱二,T1,vaccinator,v2@small.example\n\
    D1,孙三,T1,driver,\n\
    R1,李四,S1,registrar,\n\
    K1,周五,S1,doctor,\n";

/// The mails of a kind to somebody that have left or will.
fn mails_to(world: &World, kind: &str, who: &str) -> usize {
    let to = format!("{who}@small.example");
    let is_it = |(state, of, address): &(String, String, String)| {
        state != "withdrawn" && of == kind && *address == to
    };
    world.mails().iter().filter(|mail| is_it(mail)).count()
}

#[test]
fn a_round_that_is_taken_back_is_told_once_to_whoever_was_told_of_it() {
    let world = World::with(&county());
    register(&world);
    at(&world, &["jurisdiction", "export", "county"]).ends(0);
    std::fs::write(world.path("county").join("staff.csv"), CREW).unwrap();
    at(&world, &["jurisdiction", "apply", "county"]).ends(0);
    at(&world, &["homes", "rounds", "--adopt"]).ends(0);
    // The crew of the first round is published and told, that of the others is not.
    let days: Vec<String> = round_days(&world).into_iter().collect();
    let mut roster = "date,staff,place,role\n".to_owned();
    for (who, role) in [("V1", "vaccinator"), ("V2", "vaccinator"), ("D1", "driver")] {
        writeln!(roster, "{},{who},T1,{role}", days[0]).unwrap();
    }
    let file = world.file("roster.csv", roster);
    at(&world, &["roster", "publish", text(&file)]).ends(0);
    on(&world, "2021-03-31T10:10", &["outbox", "drain"]).ends(0);
    let digest = ["job", "run", "digest", "--at", "2021-03-31T18:00"];
    on(&world, "2021-03-31T18:00", &digest).ends(0);
    on(&world, "2021-03-31T18:05", &["outbox", "drain"]).ends(0);
    let told = |who: &str| (mails_to(&world, "digest", who), mails_to(&world, "roster", who));
    assert_eq!([told("t1"), told("v1"), told("v2")], [(1, 0), (0, 1), (0, 1)]);
    // The lead, and two of the crew who have an address.
    let off = ["homes", "withdraw", days[0].as_str(), "T1"];
    let said = on(&world, "2021-03-31T19:00", &off).ends(0).err;
    assert!(said.contains("3 mails tell the team"), "{said}");
    assert_eq!([told("t1"), told("v1"), told("v2")], [(2, 0), (0, 2), (0, 2)]);
    let all = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let newest = |who: &str| -> String {
        let to = format!("{who}@small.example");
        let mails = all.as_array().unwrap().iter().filter(|mail| mail["to"] == to.as_str());
        let id = mails.map(|mail| mail["id"].as_i64().unwrap()).max().unwrap().to_string();
        world.run(&["outbox", "show", &id, "--part", "text"]).ends(0).out
    };
    let lead = newest("t1");
    assert!(lead.contains("上门接种：原定") && lead.contains("路线已取消"), "{lead}");
    let crew = newest("v1");
    assert!(crew.contains("一队") && crew.contains("已撤回"), "{crew}");
    // Nobody had been told of the next round.
    let next = ["homes", "withdraw", days[1].as_str(), "T1"];
    let said = on(&world, "2021-03-31T19:05", &next).ends(0).err;
    assert!(!said.contains("mails tell"), "{said}");
    // A round that is adopted after the digest is told, too; the mail that says otherwise goes.
    on(&world, "2021-03-31T19:10", &["outbox", "drain"]).ends(0);
    on(&world, "2021-03-31T19:15", &["homes", "rounds", "--adopt"]).ends(0);
    assert!(round_days(&world).contains(&days[0]));
    assert_eq!(told("t1"), (3, 0));
}

#[test]
fn rounds_say_which_other_campaign_visits_the_same_homes() {
    let at_home = "id = \"senior\"\nname = \"60岁及以上\"\nplaces = [\"home\"]";
    let flu = crate::support::flu().swap(
        "campaign.toml",
        "id = \"senior\"\nname = \"60岁及以上\"",
        at_home,
    );
    let world = world().applied(&flu);
    let rounds = |campaign: &str, more: &[&str]| {
        at(&world, &[&["homes", "rounds", "--campaign", campaign], more].concat())
    };
    let alone = rounds("flu", &["-o", "json"]);
    assert_eq!(alone.json()["others"], serde_json::json!({}), "{}", alone.err);
    rounds("small", &["--adopt"]).ends(0);
    let ran = rounds("flu", &["-o", "json"]);
    let found = ran.json();
    let calls = found["rounds"].as_array().unwrap().iter();
    let calls: Vec<&Value> = calls.flat_map(|round| round["calls"].as_array().unwrap()).collect();
    assert!(!calls.is_empty(), "{found}");
    // Everybody is visited for both, each at a home of their own.
    for call in &calls {
        let others = &found["others"][call["person"].as_str().unwrap()];
        assert_eq!(others.as_array().map(Vec::len), Some(1), "{call}");
        assert_eq!(
            (&others[0]["campaign"], &others[0]["team_name"]),
            (&"small".into(), &"一队".into())
        );
    }
    let said = format!("{} of these people live in homes", calls.len());
    assert!(ran.err.contains(&said) && ran.err.contains("小县接种 2021-04-0"), "{}", ran.err);
    let rows = rounds("flu", &["-o", "csv"]).csv();
    assert!(
        rows.iter().all(|row| row["also_visited"].starts_with("小县接种 2021-04-")),
        "{rows:?}"
    );
    // Who is visited sees the visit among what is known of them.
    let shown = at(&world, &["persons", "show", "h00", "--lang", "zh-CN"]).ends(0).out;
    assert!(shown.contains("上门日期") && shown.contains("一队"), "{shown}");
}
