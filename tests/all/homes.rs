//! Home visits through the command line.

use crate::operation::ANY_PORT;
use crate::support::{Folder, Ran, World, on_postgresql, python, small, text};
use crate::web::{Office, account};
use serde_json::Value;
use std::collections::BTreeMap;
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
