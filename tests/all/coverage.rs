//! The figures of reports: what they count, whom they leave out, and that old ones stay as they were.

use crate::support::{Desk, Folder, SENIORS, World, at, day, dose_of, number, row, small, wait};
use doseplan::app::coverage::AsOf;
use doseplan::app::import::Kind;
use doseplan::domain::count::People;
use doseplan::domain::coverage::Depth;
use doseplan::domain::id::RecordId;
use doseplan::domain::permission::Actor;
use doseplan::domain::stock::GivenAt;
use proptest::prelude::*;
use serde_json::json;
use std::fmt::Write as _;

#[test]
fn coverage_as_json_has_the_form_of_the_contract() {
    let world = World::small();
    let rows = "t1,2021-04-01,S1,A,adult,1,40\nt2,2021-04-02,S1,A,adult,1,31\n\
                t3,2021-04-02,S1,A,senior,1,7\nt4,2021-04-02,S1,B,other,1,3\n\
                t5,2021-04-30,S1,A,adult,2,20";
    world.import("tallies", rows).ends(0);
    let at = world.coverage("2021-04-02");
    assert_eq!(at["as_of"], "2021-04-02");
    assert!(at.as_object().unwrap().contains_key("known_on"));
    assert_eq!((&at["sites"]["expected"], &at["sites"]["reported"]), (&json!(2), &json!(1)));
    let groups: Vec<_> =
        at["rows"].as_array().unwrap().iter().map(|row| row["group"].clone()).collect();
    assert_eq!(groups, ["adult", "senior", "other", "18+"]);
    let adult = row(&at, "adult");
    assert_eq!((&adult["area"], &adult["eligible"]), (&json!("001"), &json!(300)));
    let first = dose_of(adult, 1);
    assert_eq!(
        (&first["people"], &first["percent"], &first["today"]),
        (&json!(71), &json!("23.7"), &json!(31))
    );
    let second = dose_of(adult, 2);
    assert_eq!((&second["people"], &second["percent"]), (&json!(0), &json!("0.0")));
    assert_eq!(adult["complete"], json!({"people": 0, "percent": "0.0"}));
    assert_eq!(adult["flags"], json!([]));
    let senior = row(&at, "senior");
    assert_eq!(dose_of(senior, 1)["percent"], "70.0");
    let other = row(&at, "other");
    assert_eq!((&other["eligible"], &dose_of(other, 1)["percent"]), (&json!(null), &json!(null)));
    assert_eq!(dose_of(other, 1)["people"], 3);
    assert_eq!(other["complete"]["percent"], json!(null));
    let set = row(&at, "18+");
    assert_eq!((&set["eligible"], &dose_of(set, 1)["people"]), (&json!(310), &json!(78)));
    assert_eq!(dose_of(set, 1)["percent"], "25.2");
    let late = world.coverage("2021-05-10");
    assert_eq!(row(&late, "adult")["complete"], json!({"people": 20, "percent": "6.7"}));
}

#[test]
fn what_is_over_100_is_shown_flagged_and_never_capped() {
    let world = World::small();
    world.import("tallies", "t1,2021-04-01,S1,A,senior,1,9\nt2,2021-04-01,S2,B,senior,1,2").ends(0);
    let at = world.coverage("2021-04-01");
    let senior = row(&at, "senior");
    assert_eq!(dose_of(senior, 1)["percent"], "110.0");
    assert_eq!(senior["flags"], json!(["over_100"]));
    assert_eq!(row(&at, "adult")["flags"], json!([]));
    let words = world.run(&["--lang", "en", "coverage", "--as-of", "2021-04-01"]).ends(0);
    assert!(words.err.contains("people from elsewhere"), "{}", words.err);
}

#[test]
fn percentages_round_half_up() {
    let world = World::with(&small().swap("eligible.csv", "A,senior,6", "A,senior,1996"));
    // 5 of 2000 are 0.25 %: 0.3; 3 of 2000 are 0.15 %: 0.2.
    world.import("tallies", "t1,2021-04-01,S1,A,senior,1,3").ends(0);
    assert_eq!(dose_of(row(&world.coverage("2021-04-01"), "senior"), 1)["percent"], "0.2");
    world.import("tallies", "t2,2021-04-02,S1,A,senior,1,2").ends(0);
    assert_eq!(dose_of(row(&world.coverage("2021-04-02"), "senior"), 1)["percent"], "0.3");
}

#[test]
fn not_reported_is_not_zero_and_a_shut_site_is_not_expected() {
    let world = World::small();
    let sites = |day: &str| world.coverage(day)["sites"].clone();
    assert_eq!(sites("2021-04-01")["missing"], json!(["S1", "S2"]));
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,0").ends(0);
    assert_eq!(
        (&sites("2021-04-01")["reported"], &sites("2021-04-01")["missing"]),
        (&json!(1), &json!(["S2"]))
    );
    assert_eq!(sites("2021-04-05")["expected"], 1);
    assert_eq!(sites("2021-04-03")["expected"], 1);
    assert_eq!(sites("2021-04-04")["expected"], 0);
}

#[test]
fn areas_add_up_to_the_root_and_sites_and_days_to_the_doses() {
    let world = World::small();
    let rows = "t1,2021-04-01,S1,A,adult,1,10\nt2,2021-04-01,S1,B,adult,1,5\n\
                t3,2021-04-02,P2,B,adult,1,4\nt4,2021-04-03,S1,A,adult,1,9";
    world.import("tallies", rows).ends(0);
    let by = |by: &str| {
        let arguments = ["coverage", "--as-of", "2021-04-02", "--by", by, "-o", "json"];
        world.run(&arguments).ends(0).json()
    };
    let areas = by("area");
    let people = |area: &str| {
        let rows = areas["rows"].as_array().unwrap();
        let row = rows.iter().find(|r| r["area"] == area && r["group"] == "adult").unwrap();
        number(&dose_of(row, 1)["people"])
    };
    assert_eq!((people("001"), people("A"), people("B")), (19, 10, 9));
    let lines = |by_what: &str, key: &str| -> Vec<(String, u64)> {
        let report = by(by_what);
        let rows = report["rows"].as_array().unwrap();
        let first = |row| number(&dose_of(row, 1)["people"]);
        rows.iter().map(|row| (row[key].as_str().unwrap().to_owned(), first(row))).collect()
    };
    assert_eq!(lines("site", "site"), [("P2".to_owned(), 4), ("S1".to_owned(), 15)]);
    assert_eq!(lines("day", "day"), [("2021-04-01".to_owned(), 15), ("2021-04-02".to_owned(), 4)]);
}

#[test]
fn persons_count_first_and_a_tally_adds_only_what_exceeds_them_in_either_order() {
    let doses = "d1,p1,2021-04-02,S1,L1\nd2,p2,2021-04-02,S1,L1\nd3,p3,2021-04-03,S1,L1";
    let tallies = "t1,2021-04-02,S1,A,senior,1,5\nt2,2021-04-03,S1,A,senior,1,0\n\
                   t3,2021-04-02,S1,B,senior,1,1";
    let figures = |order: [(&str, &str); 2]| {
        let world = World::small();
        world.import("persons", SENIORS).ends(0);
        for (kind, rows) in order {
            world.import(kind, rows).ends(0);
        }
        world.run(&["db", "check"]).ends(0);
        world.coverage("2021-04-03")
    };
    let one = figures([("doses", doses), ("tallies", tallies)]);
    let other = figures([("tallies", tallies), ("doses", doses)]);
    assert_eq!(one, other);
    let senior = row(&one, "senior");
    // On the 2nd, 6 in the tallies, 2 of them by name. On the 3rd, one by name and 0 in the tally.
    assert_eq!(dose_of(senior, 1)["people"], 7);
    assert!(
        senior["flags"].as_array().unwrap().contains(&json!("persons_exceed_tally")),
        "{senior}"
    );
}

#[test]
fn a_past_day_stays_as_it_was_known_then_also_after_corrections_and_voids() {
    wait(async {
        let desk = Desk::open(&small(), at("2021-03-30T08:00:00")).await;
        let tallies = |rows: &str| format!("record,date,place,area,group,dose,doses\n{rows}\n");
        let doses = |rows: &str| format!("record,person,date,place,lot\n{rows}\n");
        let persons = format!("{}\n{SENIORS}\n", crate::support::PERSONS);
        desk.import(Kind::Persons, &persons, at("2021-03-30T08:00:00")).await;
        let reported = at("2021-04-01T18:00:00");
        desk.import(Kind::Tallies, &tallies("t1,2021-04-01,S1,A,adult,1,30"), reported).await;
        desk.import(Kind::Doses, &doses("d1,p1,2021-04-01,S1,L1"), reported).await;
        let known = |on| {
            let at = AsOf { day: day("2021-04-01"), known_on: on };
            desk.app.coverage(&desk.loaded, at, Depth::Tree)
        };
        let now = known(None).await.expect("coverage");
        let then = known(Some(day("2021-04-01"))).await.expect("coverage");
        assert_eq!(now.rows, then.rows);
        assert_eq!(now.sites, then.sites);
        let later = at("2021-04-03T10:00:00");
        desk.import(
            Kind::Tallies,
            &tallies("t1,2021-04-01,S1,A,adult,1,20\nt2,2021-04-01,S2,B,adult,1,9"),
            later,
        )
        .await;
        desk.import(Kind::Doses, &doses("d1,p2,2021-04-02,S1,L1"), later).await;
        let moved = persons.replace("p1,A", "p1,B");
        desk.import(Kind::Persons, &moved, later).await;
        let void = RecordId::new("t2");
        let (why, now) = (("no", Actor::CommandLine), at("2021-04-04T10:00:00"));
        assert!(desk.app.void(Kind::Tallies, &void, why, now).await.unwrap());
        // The denominators are those that were known then, too.
        let richer = small().swap("eligible.csv", "A,adult,200", "A,adult,400");
        crate::support::apply(
            &desk.app,
            &richer,
            &desk.dir.path().join("small"),
            at("2021-04-05T10:00:00"),
        )
        .await;
        assert_eq!(known(Some(day("2021-04-01"))).await.expect("coverage"), then);
        let third = known(Some(day("2021-04-03"))).await.expect("coverage");
        let people = |figures: &doseplan::domain::coverage::Coverage, group: &str| {
            figures.row("001", group).expect("a row").doses[0].people.0
        };
        assert_eq!((people(&then, "adult"), people(&then, "senior")), (30, 1));
        assert_eq!((people(&third, "adult"), people(&third, "senior")), (29, 0));
        let loaded = desk.app.campaign(None).await.unwrap();
        let last =
            desk.app.coverage(&loaded, AsOf::day(day("2021-04-01")), Depth::Tree).await.unwrap();
        assert_eq!(people(&last, "adult"), 20);
        assert_eq!(last.row("001", "adult").unwrap().eligible, Some(People(500)));
    });
}

/// A random action of a user.
#[derive(Debug, Clone)]
enum Step {
    Dose { record: u8, person: u8, day: u8, place: u8, lot: u8 },
    Tally { record: u8, day: u8, place: u8, area: u8, dose: u8, doses: u8 },
    Person { person: u8, area: u8, born: u16, group: bool },
    Void { tally: bool, record: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..12_u8, 0..6_u8, 1..30_u8, 0..3_u8, 0..3_u8).prop_map(
            |(record, person, day, place, lot)| Step::Dose { record, person, day, place, lot }
        ),
        4 => (0..10_u8, 1..30_u8, 0..3_u8, 0..2_u8, 1..3_u8, 0..5_u8).prop_map(
            |(record, day, place, area, dose, doses)| {
                Step::Tally { record, day, place, area, dose, doses }
            }
        ),
        2 => (0..6_u8, 0..2_u8, 1930..2015_u16, any::<bool>()).prop_map(
            |(person, area, born, group)| Step::Person { person, area, born, group }
        ),
        2 => (any::<bool>(), 0..12_u8).prop_map(|(tally, record)| Step::Void { tally, record }),
    ]
}

impl Step {
    fn rows(&self) -> Option<(Kind, String)> {
        const PLACES: [&str; 3] = ["S1", "S2", "P1"];
        let mut text = String::new();
        let kind = match self {
            Self::Dose { record, person, day, place, lot } => {
                let place = PLACES[usize::from(*place)];
                let lot = ["", "L1", "L2"][usize::from(*lot)];
                write!(
                    text,
                    "record,person,date,place,lot\n\
                     d{record},p{person},2021-04-{day:02},{place},{lot}\n"
                )
                .unwrap();
                Kind::Doses
            }
            Self::Tally { record, day, place, area, dose, doses } => {
                let (place, area) = (PLACES[usize::from(*place)], ["A", "B"][usize::from(*area)]);
                write!(
                    text,
                    "record,date,place,area,group,dose,doses\n\
                     t{record},2021-04-{day:02},{place},{area},senior,{dose},{doses}\n"
                )
                .unwrap();
                Kind::Tallies
            }
            Self::Person { person, area, born, group } => {
                let (area, group) =
                    (["A", "B"][usize::from(*area)], if *group { "senior" } else { "" });
                write!(text, "person,area,born,group\np{person},{area},{born}-05-05,{group}\n")
                    .unwrap();
                Kind::Persons
            }
            Self::Void { .. } => return None,
        };
        Some((kind, text))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// The totals that imports keep equal a recount of all records, whatever happened before; and what was known at
    /// a moment is found again later.
    #[test]
    fn totals_agree_with_a_recount_after_any_sequence(
        steps in prop::collection::vec(step(), 1..25)
    ) {
        wait(async {
            let mut now = at("2021-05-20T08:00:00");
            let desk = Desk::open(&small(), now).await;
            let persons = (0..6).fold("person,area,born,group\n".to_owned(), |text, n| {
                text + &format!("p{n},A,195{n}-01-01,\n")
            });
            desk.import(Kind::Persons, &persons, now).await;
            let mut seen = Vec::new();
            for step in steps {
                // A day for each step, so that a moment after it can be named.
                now += chrono::TimeDelta::days(1);
                match (&step, step.rows()) {
                    (Step::Void { tally, record }, _) => {
                        let tallies = (Kind::Tallies, 't');
                        let (kind, letter) = if *tally { tallies } else { (Kind::Doses, 'd') };
                        let record = RecordId::new(format!("{letter}{record}"));
                        let why = ("test", Actor::CommandLine);
                        desk.app.void(kind, &record, why, now).await.unwrap();
                    }
                    (_, Some((kind, text))) => {
                        desk.import(kind, &text, now).await;
                    }
                    _ => {}
                }
                let found = desk.app.recount(&desk.loaded, false).await.unwrap();
                prop_assert!(found.wrong.is_empty(), "after {step:?}: {:?}", found.wrong);
                let as_of = AsOf::day(day("2021-04-20"));
                let figures = desk.app.coverage(&desk.loaded, as_of, Depth::Tree).await.unwrap();
                seen.push((now, figures));
                let mut told = GivenAt::new();
                for row in desk.app.given_known(&desk.loaded, as_of).await.unwrap() {
                    *told.entry((row.day, row.place)).or_default() += u64::from(row.doses);
                }
                let found = desk.app.given_until(desk.loaded.no, as_of.day).await.unwrap();
                prop_assert_eq!(found, told, "after {:?}", step);
            }
            for (then, mut figures) in seen {
                let known_on = Some(doseplan::app::today(&desk.loaded.campaign, then));
                let at = AsOf { day: day("2021-04-20"), known_on };
                figures.known_on = known_on;
                let again = desk.app.coverage(&desk.loaded, at, Depth::Tree).await.unwrap();
                prop_assert_eq!(again, figures);
            }
            Ok(())
        })?;
    }
}

/// Both orders of import, and the figures that the city published.
fn danyang(order: [&str; 2]) -> serde_json::Value {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/schedules/campaigns/danyang-2021");
    let world = World::empty();
    world.run(&["campaign", "apply", example]).ends(0);
    // Copies, so that no errors file is left beside the example.
    let import = |kind: &str| {
        let name = format!("{kind}.csv");
        world.file(&name, std::fs::read(format!("{example}/{name}")).unwrap());
        world.run(&[kind, "import", &name]).ends(0);
    };
    import("persons");
    for kind in order {
        import(kind);
    }
    world.run(&["db", "check"]).ends(0);
    let status = world.run(&["status", "--as-of", "2021-10-20", "-o", "json"]).ends(0).json();
    assert_eq!(status["doses"], 1_690_000);
    world.coverage("2021-10-20")
}

#[test]
fn danyang_comes_out_as_the_city_published_it_in_either_order_of_import() {
    let at = danyang(["tallies", "doses"]);
    let adults = row(&at, "adults-18-plus");
    assert_eq!(dose_of(adults, 1)["people"], 785_769);
    assert_eq!(dose_of(adults, 1)["percent"], "93.1");
    assert_eq!(dose_of(adults, 2)["percent"], "92.6");
    assert_eq!(adults["flags"], json!([]));
    let teen = row(&at, "teen");
    assert_eq!(dose_of(teen, 1)["people"], 52_723);
    assert_eq!(dose_of(teen, 1)["percent"], "112.6");
    assert_eq!(dose_of(teen, 2)["percent"], "109.0");
    assert!(teen["flags"].as_array().unwrap().contains(&json!("over_100")), "{teen}");
    let other = row(&at, "other");
    assert_eq!((&other["eligible"], &dose_of(other, 1)["percent"]), (&json!(null), &json!(null)));
    assert!(number(&dose_of(other, 1)["people"]) > 0);
    assert_eq!(danyang(["doses", "tallies"]), at);
}

#[test]
fn a_group_set_with_a_group_without_denominator_has_none() {
    let campaign: Folder = small().swap(
        "campaign.toml",
        "groups = [\"adult\", \"senior\"]",
        "groups = [\"adult\", \"other\"]",
    );
    let world = World::with(&campaign);
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,9").ends(0);
    let at = world.coverage("2021-04-01");
    assert_eq!(row(&at, "18+")["eligible"], json!(null));
    assert_eq!(dose_of(row(&at, "18+"), 1)["people"], 9);
}

#[test]
fn doses_that_do_not_count_are_told_apart_from_those_that_do() {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    // p1: both doses good; p2: the second a day early; p3: early and repeated; p6: one dose.
    let doses = "d1,p1,2021-04-01,S1,\nd2,p1,2021-04-22,S1,\nd3,p2,2021-04-01,S1,\n\
                 d4,p2,2021-04-21,S1,\nd5,p3,2021-04-01,S1,\nd6,p3,2021-04-10,S1,\n\
                 d7,p3,2021-05-01,S1,\nd8,p6,2021-04-02,S1,";
    let done = world.import("doses", doses).ends(0).json();
    assert_eq!(done["invalid"], 2);
    let warned = &done["warnings"][0];
    assert_eq!((&warned["record"], &warned["row"]), (&json!("d4"), &json!(5)));
    assert_eq!(
        warned["reasons"][0],
        "dose 2 came 20 days after dose 1, shortest interval 21 days; not valid"
    );
    let at = world.coverage("2021-05-05");
    let senior = row(&at, "senior");
    let second = dose_of(senior, 2);
    assert_eq!((&second["people"], &second["valid"]), (&json!(3), &json!(2)));
    assert_eq!((&second["percent"], &second["valid_percent"]), (&json!("30.0"), &json!("20.0")));
    assert_eq!(senior["complete"], json!({"people": 3, "percent": "30.0"}));
    assert_eq!(senior["valid_complete"], json!({"people": 2, "percent": "20.0"}));
    // Six of ten have none. Four are due for the second dose by now, and one of them has not had it.
    assert_eq!(
        (&senior["zero_dose"], &dose_of(senior, 1)["due_not_given"]),
        (&json!(6), &json!(6))
    );
    assert_eq!((&second["due_not_given"], &second["drop_out"]), (&json!(1), &json!("25.0")));
    assert_eq!(senior["drop_out"], "25.0");
    // There is no drop-out before anybody is due.
    let early = world.coverage("2021-04-10");
    assert_eq!(row(&early, "senior")["drop_out"], json!(null));
    assert_eq!(dose_of(row(&early, "senior"), 2)["drop_out"], json!(null));
    // Whoever has a dose that does not count is due again.
    let due = world.run(&["due", "list", "--by", "2021-05-20", "--dose", "2", "-o", "csv"]).ends(0);
    let who: Vec<_> = due.csv().iter().map(|row| row["person"].clone()).collect();
    assert_eq!(who, ["p2", "p6"]);
}
