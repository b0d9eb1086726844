//! Home visits through the command line.

use crate::support::{Ran, World, python, small, text};
use serde_json::Value;
use std::fmt::Write as _;

/// The small county, whose seniors are visited at home: 23 in each township.
fn world() -> World {
    let toml = "id = \"senior\"\nname = \"60岁及以上\"\nplaces = [\"home\"]";
    let folder = small()
        .swap("campaign.toml", "id = \"senior\"\nname = \"60岁及以上\"", toml)
        .swap("deliveries.csv", "expires\n", "expires,doses_per_vial\n")
        .swap("deliveries.csv", "2021-09-01", "2021-09-01,10")
        .swap("deliveries.csv", "2021-04-10\n", "2021-04-10,10\n");
    let world = World::with(&folder);
    let mut persons = "person,area,born,name,phone,address\n".to_owned();
    for no in 0..46 {
        let area = if no % 2 == 0 { "A" } else { "B" };
        writeln!(persons, "h{no:02},{area},1940-01-01,老人{no:02},138000000{no:02},人民路{no}号")
            .unwrap();
    }
    world.file("persons.csv", persons);
    at(&world, &["persons", "import", "persons.csv"]).ends(0);
    world
}

fn at(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", "2021-03-31T09:00:00+08:00");
    Ran::from(command.output().expect("the program starts"))
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
