//! The tables to hand up: they agree with coverage, and every cell adds up to the records behind it.

use crate::support::{Desk, SENIORS, World, at, day, python, small, text, wait};
use doseplan::app::import::Kind;
use doseplan::app::reports::{Ask, Explained, has_records};
use doseplan::domain::count::Percent;
use doseplan::domain::report::{Basis, NAMES, Name, Value};
use serde_json::Value as Json;

const HEADER: &str = "person,area,born,name,sex,group,email,phone,language,household,opt_out\n";

/// A month with people and tallies at the same place, a dose given too early, a correction, a late record.
async fn desk() -> Desk {
    let desk = Desk::open(&small(), at("2021-04-01T08:00:00")).await;
    let now = at("2021-05-09T22:00:00");
    desk.import(Kind::Persons, &format!("{HEADER}{SENIORS}"), now).await;
    let doses = "record,person,date,place,lot\nd1,p1,2021-04-06,S1,L1\n\
                 d3,p2,2021-04-06,S1,L2\nd4,p3,2021-04-07,S1,L1\n";
    desk.import(Kind::Doses, doses, at("2021-04-07T20:00:00")).await;
    let late = "record,person,date,place,lot\nd2,p1,2021-04-10,S1,L1\nd5,p3,2021-05-06,S1,L1\n";
    desk.import(Kind::Doses, late, now).await;
    let tallies = "record,date,place,area,group,dose,doses\nt1,2021-04-06,S1,A,adult,1,40\n\
                   t2,2021-04-06,S1,A,senior,1,5\nt3,2021-04-12,S2,B,adult,1,20\n\
                   t4,2021-04-13,P2,B,senior,1,3\n";
    desk.import(Kind::Tallies, tallies, at("2021-04-13T09:00:00")).await;
    let corrected = "record,date,place,area,group,dose,doses\nt3,2021-04-12,S2,B,adult,1,18\n\
                     t5,2021-05-05,S1,A,adult,2,33\n";
    desk.import(Kind::Tallies, corrected, now).await;
    desk
}

/// What openpyxl reads from the workbook of a month.
const MONTH: &str = r#"
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheet = book["活动接种率月度统计表"]
seen = [sheet[at].value for at in ("A1", "F5", "K5", "F4")]
print(*seen, len(book.sheetnames), sep="|")
"#;

fn ask(name: Name, area: Option<&str>) -> Ask {
    Ask {
        name,
        area: area.map(Into::into),
        first: day("2021-04-01"),
        last: day("2021-04-30"),
        known_on: None,
    }
}

/// What the parts give by the formula, if it is one that figures use.
fn made(told: &Explained) -> String {
    let part = |at: usize| -> i64 { told.parts[at].records.iter().map(|one| one.counts).sum() };
    let percent = |a: i64, b: i64| Percent::of(a, b).expect("a denominator").to_string();
    match told.formula.as_str() {
        "a" => part(0).to_string(),
        "max(a − b, 0)" => (part(0) - part(1)).max(0).to_string(),
        "a ÷ b × 100" => percent(part(0), part(1)),
        "a ÷ max(b − c, 0) × 100" => percent(part(0), part(1) - part(2)),
        "max(a − b, 0) ÷ a × 100" => percent((part(0) - part(1)).max(0), part(0)),
        other => panic!("{other}"),
    }
}

#[test]
fn every_cell_is_the_sum_of_the_records_behind_it() {
    wait(async {
        let desk = desk().await;
        let mut cells = 0;
        for name in NAMES.into_iter().filter(|name| *name != Name::CatchUp) {
            for area in [None, Some("B")] {
                let ask = ask(name, area);
                let report = desk.app.report(&desk.loaded, &ask).await.expect("a report");
                // Nobody of the register lives in B.
                let is_empty = name == Name::Cohort && area.is_some();
                assert_eq!(report.rows.is_empty(), is_empty, "{name:?}");
                for row in &report.rows {
                    assert_eq!(row.len(), report.columns.len(), "{name:?}");
                    for figure in row.iter().filter(|figure| has_records(figure)) {
                        let told = desk.app.report_explained(&desk.loaded, &ask, figure).await;
                        let told = told.expect("an explanation");
                        let said = match &figure.value {
                            Value::Count(count) => count.to_string(),
                            Value::Percent(percent) => percent.to_string(),
                            other => panic!("{other:?}"),
                        };
                        // A capacity is a sum over the campaign's days; there are no records behind it.
                        let whole = told.parts.iter().all(|part| part.figure.basis != Basis::Words);
                        if whole {
                            assert_eq!(made(&told), said, "{name:?} {area:?} {told:?}");
                            cells += 1;
                        }
                    }
                }
            }
        }
        assert!(cells > 300, "{cells}");
    });
}

#[test]
fn the_months_table_agrees_with_coverage_and_says_what_was_due() {
    let world = World::small();
    world.import("tallies", "t1,2021-04-06,S1,A,adult,1,40\nt2,2021-05-05,S1,A,adult,2,33").ends(0);
    world.import("tallies", "t3,2021-05-06,S2,B,adult,1,10").ends(0);
    let show = |more: &[&str]| {
        let mut arguments = vec!["report", "show", "coverage", "--month", "2021-05"];
        arguments.extend(more);
        world.run(&arguments).ends(0)
    };
    let told = show(&["-o", "json"]).json();
    let row = |area: &str, group: &str, dose: u64| -> Json {
        let rows = told["rows"].as_array().unwrap();
        let hit = rows.iter().map(|row| &row["cells"]).find(|cells| {
            cells["area"] == area && cells["group"] == group && cells["dose"] == dose
        });
        hit.unwrap_or_else(|| panic!("{area} {group} {dose}")).clone()
    };
    let top = row("001", "adult", 1);
    assert_eq!((&top["due"], &top["given"]), (&260.into(), &10.into()), "{top}");
    assert_eq!((&top["given_all"], &top["percent_all"]), (&50.into(), &"16.7".into()));
    let second = row("A", "adult", 2);
    // 28 days after 6 April is 4 May: all 40 were due, and nobody had it before the month.
    assert_eq!((&second["due"], &second["percent"]), (&40.into(), &"82.5".into()), "{second}");
    let coverage = world.coverage("2021-05-31");
    let adult = crate::support::row(&coverage, "adult");
    assert_eq!(adult["doses"][0]["people"], top["given_all"]);
    assert_eq!(adult["doses"][0]["percent"], top["percent_all"]);
    // The same on a terminal, in a file and in a workbook.
    let csv = show(&["-o", "csv"]).csv();
    assert_eq!(csv[0]["due"], "260");
    let table = show(&["--lang", "zh-CN"]).out;
    assert!(table.starts_with("小县活动接种率月度统计表\n2021-05-01 至 2021-05-31"), "{table}");
    world.run(&["report", "save", "folder", "--month", "2021-05", "--lang", "zh-CN"]).ends(0);
    let file = world.read("folder/活动接种率月度统计表.csv");
    assert!(file.starts_with("\u{feff}地区编号,地区,人群编号"), "{file}");
    world.run(&["report", "save", "m.xlsx", "--month", "2021-05", "--lang", "zh-CN"]).ends(0);
    if let Some(said) = python("openpyxl", MONTH, &[text(&world.path("m.xlsx"))]) {
        assert_eq!(said.trim(), "小县活动接种率月度统计表|260|16.7|本月应种人数|10");
    }
    // A cell by its address, down to the records.
    let why = show(&["--explain", "G5", "-o", "csv"]).csv();
    assert_eq!((why[0]["record"].as_str(), why[0]["counts"].as_str()), ("t3", "10"));
    let none = world.run(&["report", "show", "coverage", "--month", "2021-05", "--explain", "ZZ1"]);
    assert!(none.code == 1 && none.err.contains('K'), "{}", none.err);
}

#[test]
fn a_report_as_it_was_known_does_not_know_what_came_later() {
    wait(async {
        let desk = desk().await;
        let ask = |known_on| Ask { known_on, ..ask(Name::Doses, Some("B")) };
        let doses = async |known_on: Option<&str>| -> Vec<Value> {
            let ask = ask(known_on.map(day));
            let report = desk.app.report(&desk.loaded, &ask).await.expect("a report");
            report.rows.iter().map(|row| row[5].value.clone()).collect()
        };
        assert_eq!(doses(None).await[0], Value::Count(18));
        assert_eq!(doses(Some("2021-04-13")).await[0], Value::Count(20));
        assert_eq!(doses(Some("2021-04-12")).await[0], Value::Count(0));
    });
}

#[test]
fn records_that_came_late_are_late_though_corrected() {
    wait(async {
        let desk = desk().await;
        let ask = ask(Name::Timeliness, None);
        let report = desk.app.report(&desk.loaded, &ask).await.expect("a report");
        let row = |place: &str| -> Vec<Value> {
            let hit = report.rows.iter().find(|row| row[0].value == Value::Text(place.into()));
            hit.expect("a row").iter().skip(2).map(|figure| figure.value.clone()).collect()
        };
        let counts = |counts: [i64; 5]| counts.map(Value::Count).to_vec();
        // t3 of the 12th arrived on the 13th. Its correction in May does not make it late.
        assert_eq!(row("S2")[..5], counts([1, 0, 1, 0, 0]));
        assert_eq!(row("S2")[5], Value::Percent(Percent::of(1, 1).expect("a denominator")));
        // d1 and d3 arrived on the next day, d4 on the same day; t1 and t2 after a week, d2 after a month.
        assert_eq!(row("S1")[..5], counts([6, 1, 2, 0, 3]));
    });
}

#[test]
fn a_report_that_came_on_its_day_is_not_late_because_it_was_corrected() {
    use doseplan::app::dashboard::Report;
    wait(async {
        let desk = Desk::open(&small(), at("2021-04-01T08:00:00")).await;
        let header = "record,date,place,area,group,dose,doses\n";
        let tally = |doses: u32| format!("{header}t1,2021-04-06,S1,A,adult,1,{doses}\n");
        desk.import(Kind::Tallies, &tally(40), at("2021-04-06T18:00:00")).await;
        desk.import(Kind::Tallies, &tally(41), at("2021-04-08T18:00:00")).await;
        let late = format!("{header}t2,2021-04-06,S2,B,adult,1,7\n");
        desk.import(Kind::Tallies, &late, at("2021-04-07T00:00:00")).await;
        let days = (day("2021-04-06"), day("2021-04-06"));
        let found =
            desk.app.reports(&desk.loaded, days, (day("2021-04-08"), day("2021-04-09"))).await;
        let found = found.expect("reports").sites;
        let said = |site: &str| {
            let hit = found.iter().find(|(code, _)| code.as_str() == site);
            hit.expect("a site").1[0]
        };
        assert_eq!((said("S1"), said("S2")), (Report::In, Report::Late));
    });
}

#[test]
fn vaccine_in_is_vaccine_out_wasted_expired_or_left() {
    wait(async {
        let desk = desk().await;
        let report =
            desk.app.report(&desk.loaded, &ask(Name::Stock, None)).await.expect("a report");
        let number = |row: &Vec<doseplan::domain::report::Figure>, at: usize| -> i64 {
            row[at].number().expect("a count")
        };
        for row in &report.rows {
            let [before, arrived, drawn, given, wasted] = [3, 4, 5, 6, 7].map(|at| number(row, at));
            let [expired, left] = [9, 10].map(|at| number(row, at));
            assert_eq!(before + arrived - drawn - expired, left, "{row:?}");
            assert_eq!(drawn, given + wasted, "{row:?}");
        }
        // L2 expires on the 10th. What was not used of its 20 doses is lost.
        let expired: i64 = report.rows.iter().map(|row| number(row, 9)).sum();
        let given: i64 = report.rows.iter().map(|row| number(row, 6)).sum();
        assert_eq!((expired, given), (0, 68), "{report:?}");
    });
}
