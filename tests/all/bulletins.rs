//! The bulletin that a director signs: its figures are those of the first screen, the mail, the coverage and the
//! command, on any day, for the whole and for a part of it.

use crate::support::{
    Desk, Folder, World, at, csv_rows, day, number, python, row, small, text, wait,
};
use crate::web::{Browser, Office, account};
use chrono::{Datelike, TimeDelta};
use doseplan::app::coverage::AsOf;
use doseplan::app::import::Kind as Records;
use doseplan::domain::bulletin::{Bulletin, BulletinKind as Kind};
use doseplan::domain::coverage::Depth;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const NOW: &str = "2021-04-20T10:00:00+08:00";

/// Day of April, place, area, group, number of the dose, doses.
type Count = (u32, usize, usize, usize, u8, u32);

fn counts() -> impl Strategy<Value = Vec<Count>> {
    let one = (1..31_u32, 0..3_usize, 0..12_usize, 0..2_usize, 1..3_u8, 0..15_u32);
    prop::collection::vec(one, 0..40)
}

/// A campaign's townships with their adults, the schools below them, and the target in hundredths.
#[derive(Debug, Clone)]
struct County {
    adults: [u32; 2],
    schools: Vec<(usize, u32)>,
    target: u32,
}

fn county() -> impl Strategy<Value = County> {
    let schools = prop::collection::vec((0..2_usize, 40..200_u32), 0..5);
    (60..400_u32, 60..400_u32, schools, 5..96_u32).prop_map(|(a, b, schools, target)| County {
        adults: [a, b],
        schools,
        target,
    })
}

impl County {
    /// Its areas with people: townships, and schools as a third level.
    fn areas(&self) -> Vec<String> {
        let schools = (0..self.schools.len()).map(|n| format!("X{n}"));
        ["A".to_owned(), "B".to_owned()].into_iter().chain(schools).collect()
    }

    fn folder(&self) -> Folder {
        let [a, b] = self.adults;
        let mut out = small()
            .swap("campaign.toml", "target = 0.5", &format!("target = 0.{:02}", self.target))
            .swap("eligible.csv", "A,adult,200", &format!("A,adult,{a}"))
            .swap("eligible.csv", "B,adult,100", &format!("B,adult,{b}"));
        for (n, (township, adults)) in self.schools.iter().enumerate() {
            let (township, site) = [("A", "S1"), ("B", "S2")][*township];
            out = out
                .add("areas.csv", &format!("X{n},学校{n},{township},32.01,119.61"))
                .add("eligible.csv", &format!("X{n},adult,{adults},census,2020-11-01"))
                .add("reach.csv", &format!("X{n},{site}"));
        }
        out
    }

    /// Adults of a township with its schools.
    fn adults_of(&self, township: usize) -> u64 {
        let below = self.schools.iter().filter(|(of, _)| *of == township);
        let below: u32 = below.map(|(_, adults)| adults).sum();
        u64::from(self.adults[township] + below)
    }
}

fn rows(counts: &[Count], areas: &[String]) -> String {
    let mut out = "record,date,place,area,group,dose,doses\n".to_owned();
    for (n, (day, place, area, group, dose, doses)) in counts.iter().enumerate() {
        let place = ["S1", "S2", "P1"][*place];
        let (area, group) = (&areas[area % areas.len()], ["adult", "senior"][*group]);
        writeln!(out, "t{n},2021-04-{day:02},{place},{area},{group},{dose},{doses}").unwrap();
    }
    out
}

/// The commands' figures and the bulletin's are one, and those that are counted again from the records.
async fn agrees_with_commands(desk: &Desk, at: chrono::NaiveDate, daily: &Bulletin) {
    let (app, loaded, whole) = (&desk.app, &desk.loaded, &daily.whole);
    let now = crate::support::at("2021-05-09T10:00:00");
    let status = app.status(loaded, Some(at), now).await.unwrap();
    let doses = [status.doses, status.doses_today].map(|doses| u64::try_from(doses).unwrap());
    assert_eq!(doses, [whole.doses.0, whole.this.doses], "{at}");
    let mail = app.summary(loaded, at, None).await.unwrap();
    assert_eq!((&status.coverage, &status.needs), (&mail.by_group, &mail.needs), "{at}");
    let tree = app.coverage(loaded, AsOf::day(at), Depth::Tree).await.unwrap();
    let again = AsOf { day: at, known_on: Some(day("2021-05-09")) };
    let again = app.coverage(loaded, again, Depth::Tree).await.unwrap();
    assert_eq!(tree.rows, again.rows, "{at}");
    let of = |area: &str| {
        let mut rows = tree.rows.iter();
        let row = rows.find(|row| row.area.as_str() == area && row.group == "adult").unwrap();
        (row.eligible.unwrap(), row.complete.people)
    };
    assert_eq!(of("001"), (whole.stand.eligible, whole.stand.finished), "{at}");
    for line in &daily.areas {
        let stand = &line.stand;
        assert_eq!(of(stand.area.as_str()), (stand.eligible, stand.finished), "{at}");
    }
}

/// What must be the same of two lines.
fn figures(line: &doseplan::domain::bulletin::Line) -> [u64; 7] {
    let stand = &line.stand;
    [
        stand.eligible.0,
        stand.finished.0,
        stand.zero_dose.0,
        line.doses.0,
        line.this.doses,
        line.before.doses,
        line.target.map_or(0, |target| target.0),
    ]
}

async fn agrees(desk: &Desk, at: chrono::NaiveDate) {
    let (app, loaded, today) = (&desk.app, &desk.loaded, day("2021-05-09"));
    let daily = app.bulletin(loaded, (Kind::Daily, at), today).await.unwrap();
    agrees_with_commands(desk, at, &daily).await;
    // The first screen and the overview.
    let stand = app.stand(loaded, at, today).await.unwrap();
    let whole = &daily.whole;
    assert_eq!((whole.stand.eligible, whole.stand.finished), (stand.eligible, stand.finished));
    assert_eq!((whole.stand.percent, whole.target), (stand.percent, stand.target));
    assert_eq!(whole.target_percent(), stand.target_percent());
    for short in &stand.short {
        let line = daily.areas.iter().find(|line| line.stand.area == short.area).unwrap();
        assert_eq!(line.stand, *short);
    }
    assert_eq!(daily.areas.len(), stand.short.len());
    // The mail of the day.
    let mail = app.summary(loaded, at, None).await.unwrap();
    assert_eq!((whole.doses.0, whole.this.doses), (mail.doses_total, mail.doses_today));
    let short: u64 =
        mail.needs.iter().map(|need| need.target.saturating_sub(need.finished).0).sum();
    assert_eq!(whole.stand.short.0, short);
    assert_eq!(whole.this.missing, mail.by_group.sites.missing.len() as u64);
    for told in &mail.by_area {
        let line = daily.areas.iter().find(|line| line.stand.area == told.area).unwrap();
        assert_eq!(line.this.reported(), told.today.map(|doses| doses.0), "{at} {}", told.area);
    }
    let sum = |of: fn(&doseplan::domain::bulletin::Line) -> u64| -> u64 {
        daily.areas.iter().map(of).sum()
    };
    assert_eq!(sum(|line| line.this.doses), whole.this.doses);
    assert_eq!(sum(|line| line.doses.0), whole.doses.0);
    assert_eq!(sum(|line| line.stand.eligible.0), whole.stand.eligible.0);
    // A week is the sum of its days, and the week before is the week before.
    let ask = async |kind, at| app.bulletin(loaded, (kind, at), today).await.unwrap();
    let weekly = ask(Kind::Weekly, at).await;
    let monday = at - TimeDelta::days(i64::from(at.weekday().num_days_from_monday()));
    let (mut doses, mut missing) = (0, 0);
    for n in 0..7 {
        let one = ask(Kind::Daily, monday + TimeDelta::days(n)).await.whole.this;
        (doses, missing) = (doses + one.doses, missing + one.missing);
    }
    assert_eq!((weekly.whole.this.doses, weekly.whole.this.missing), (doses, missing), "{at}");
    let before = ask(Kind::Weekly, at - TimeDelta::days(7)).await;
    assert_eq!(weekly.whole.before, before.whole.this);
    assert_eq!(weekly.whole.percent_before, before.whole.stand.percent);
    // A ranking is the week in another order.
    let ranking = ask(Kind::Ranking, at).await;
    let sorted = |bulletin: &Bulletin| {
        let mut lines = bulletin.areas.clone();
        lines.sort_by(|a, b| a.stand.area.cmp(&b.stand.area));
        lines
    };
    assert_eq!(sorted(&weekly), sorted(&ranking));
    let shares: Vec<_> = ranking.areas.iter().map(|line| line.stand.percent).collect();
    assert!(shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
    for line in &ranking.areas {
        let was = before.areas.iter().find(|old| old.stand.area == line.stand.area).unwrap();
        assert_eq!(line.rank_before, was.rank, "{at}");
    }
    // What an area's own account is shown is the area's line.
    for line in &weekly.areas {
        let part = loaded.below(std::slice::from_ref(&line.stand.area));
        let own = app.bulletin(&part, (Kind::Weekly, at), today).await.unwrap();
        assert_eq!(figures(&own.whole), figures(line), "{at} {}", line.stand.area);
        assert!(own.areas.iter().all(|below| below.stand.area != line.stand.area));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn its_figures_are_those_of_page_and_mail_on_any_day(
        county in county(),
        counts in counts(),
        days in prop::collection::vec(1..31_u32, 3),
    ) {
        wait(async {
            let areas = county.areas();
            let desk = Desk::open(&county.folder(), at("2021-04-01T08:00:00")).await;
            desk.import(Records::Tallies, &rows(&counts, &areas), at("2021-05-08T08:00:00")).await;
            let days = days.into_iter().map(|one| day(&format!("2021-04-{one:02}")));
            let mut were = Vec::new();
            for one in days {
                agrees(&desk, one).await;
                let daily =
                    desk.app.bulletin(&desk.loaded, (Kind::Daily, one), day("2021-05-09")).await;
                for line in daily.unwrap().areas {
                    let township = usize::from(line.stand.area.as_str() == "B");
                    assert_eq!(line.stand.eligible.0, county.adults_of(township), "{county:?}");
                }
                for kind in [Kind::Daily, Kind::Weekly, Kind::Ranking] {
                    let today = day("2021-05-09");
                    let was = desk.app.bulletin(&desk.loaded, (kind, one), today).await.unwrap();
                    were.push(((kind, one), was));
                }
            }
            // What is corrected later changes nothing of what was known before.
            let corrected = |(a, b, c, d, e, doses): &Count| (*a, *b, *c, *d, *e, doses + 7);
            let more: Vec<Count> = counts.iter().map(corrected).collect();
            desk.import(Records::Tallies, &rows(&more, &areas), at("2021-05-10T08:00:00")).await;
            let (known_on, today) = (day("2021-05-08"), day("2021-05-10"));
            for (asked, was) in were {
                let then = desk.app.bulletin_then(&desk.loaded, asked, (known_on, today)).await;
                assert_eq!(then.unwrap(), Bulletin { known_on: Some(known_on), ..was });
            }
        });
    }
}

/// In the week of 5 April 25 doses in A, and nothing in B, whose site has no session; in the one after both report.
fn office() -> Office {
    let office = Office::at(World::small(), NOW);
    let rows = "t2,2021-04-06,S1,A,adult,1,20\nt3,2021-04-07,S1,A,adult,2,5\n\
                t4,2021-04-14,S1,A,adult,1,15\nt5,2021-04-14,S2,B,adult,2,20";
    office.world.import("tallies", rows).ends(0);
    office
}

fn asked(office: &Office, arguments: &[&str]) -> String {
    let mut command = office.world.command(arguments);
    let output = command.env("DOSEPLAN_CLOCK", NOW).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn page_rows(browser: &Browser, kind: &str, day: &str) -> Vec<BTreeMap<String, String>> {
    let path = format!("/c/small/bulletin?kind={kind}&as-of={day}&bulletin.as=csv");
    csv_rows(browser.get(&path).body.trim_start_matches('\u{feff}'))
}

/// What openpyxl reads: the row of a bulletin's sheet that begins with a name.
const SHEET: &str = r#"
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheet = book.worksheets[0]
rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
head = next(row for row in rows if "coverage %" in row)
for row in rows:
    if row[head.index("area")] in ("Total", "甲镇", "乙镇"):
        names = ("area", "eligible", "coverage %", "this week", "week before", "rank")
        print(*[row[head.index(name)] for name in names], sep="|")
print(sheet.page_setup.paperSize, any("Checked by:" in str(row[0]) for row in rows))
"#;

#[test]
fn page_command_workbook_and_coverage_say_the_same() {
    let office = office();
    let viewer = office.login("viewer");
    for (kind, of_day) in
        [("daily", "2021-04-14"), ("weekly", "2021-04-14"), ("ranking", "2021-04-12")]
    {
        let told = asked(&office, &["report", "bulletin", kind, "--day", of_day, "-o", "json"]);
        let told: Value = serde_json::from_str(&told).unwrap();
        let page = page_rows(&viewer, kind, of_day);
        assert_eq!(page.len(), 3, "{page:?}");
        let lines = [&told["whole"]].into_iter().chain(told["areas"].as_array().unwrap());
        for (line, shown) in lines.zip(&page) {
            assert_eq!(line["eligible"].to_string(), shown["eligible"], "{kind}: {shown:?}");
            assert_eq!(line["finished"].to_string(), shown["have finished"]);
            assert_eq!(line["short"].to_string(), shown["short"]);
            assert_eq!(line["percent"].as_str().unwrap(), shown["coverage %"]);
            assert_eq!(line["target_percent"].as_str().unwrap(), shown["target %"]);
            assert_eq!(line["area"].as_str().unwrap(), shown["area (code)"]);
            let this = if kind == "daily" { "this day" } else { "this week" };
            let figure = if line["this"].is_null() {
                "not reported".into()
            } else {
                line["this"].to_string()
            };
            assert_eq!(figure, shown[this], "{kind}: {line}");
        }
        let last = told["last"].as_str().unwrap();
        let coverage = asked(&office, &["coverage", "-o", "json", "--as-of", last]);
        let coverage: Value = serde_json::from_str(&coverage).unwrap();
        // Adults alone have a target.
        let adult = row(&coverage, "adult");
        assert_eq!(adult["complete"]["percent"], told["whole"]["percent"], "{kind}");
        assert_eq!(number(&adult["eligible"]), number(&told["whole"]["eligible"]));
        // Files of the page and of the command are the same.
        let to = format!("/c/small/bulletin?kind={kind}&as-of={of_day}&file=csv");
        let file = viewer.get(&to);
        assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
        let save = ["report", "bulletin", kind, "--day", of_day, "--save", "b.csv", "--lang", "en"];
        asked(&office, &save);
        assert_eq!(file.body, office.world.read("b.csv"), "{kind}");
    }
    let save =
        ["report", "bulletin", "weekly", "--day", "2021-04-14", "--save", "b.xlsx", "--lang", "en"];
    asked(&office, &save);
    if let Some(said) = python("openpyxl", SHEET, &[text(&office.world.path("b.xlsx"))]) {
        let expected = "Total|300|8.3|35|25|—\n甲镇|200|2.5|15|25|2\n乙镇|100|20|20|0|1\n9 True";
        assert_eq!(said.trim(), expected);
    }
    let book = viewer.get("/c/small/bulletin?kind=weekly&as-of=2021-04-14&file=xlsx");
    assert!(book.headers["content-disposition"].ends_with(".xlsx\""), "{:?}", book.headers);
    assert_eq!(viewer.get("/c/small/bulletin?kind=weekly&as-of=2021-04-14&file=pdf").status, 400);
    assert_eq!(viewer.get("/c/small/bulletin?kind=monthly&as-of=2021-04-14").status, 400);
    // As it was known on a day: all of this was entered on the day of the test.
    let known = "/c/small/bulletin?kind=daily&as-of=2021-04-14&known-on=";
    let page = viewer.get(&format!("{known}2100-01-01")).body;
    assert!(page.contains("as they were known at the end of 2100-01-01"), "{page}");
    assert!(
        page.contains("value=\"2100-01-01\"") && !page.contains("<svg class=\"chart"),
        "{page}"
    );
    let early = viewer.get(&format!("{known}2021-04-13"));
    assert!(early.status == 400 && early.body.contains("nothing of 2021-04-14"), "{}", early.body);
    assert_eq!(viewer.get(&format!("{known}soon")).status, 400);
    let told = ["report", "bulletin", "daily", "--day", "2021-04-14", "-o", "json"];
    let then = asked(&office, &[&told[..], &["--as-known-on", "2100-01-01"]].concat());
    let (then, mut now): (Value, Value) = (
        serde_json::from_str(&then).unwrap(),
        serde_json::from_str(&asked(&office, &told)).unwrap(),
    );
    now["known_on"] = "2100-01-01".into();
    assert_eq!(then, now);
}

#[test]
fn it_has_what_a_director_signs_in_both_languages() {
    let office = office();
    let viewer = office.login("viewer");
    let page = viewer.get("/c/small/bulletin?kind=weekly&as-of=2021-04-14").body;
    for said in [
        "小县: 小县接种, weekly bulletin",
        "Period: 2021-04-12 to 2021-04-18. Compared with: 2021-04-05 to 2021-04-11.",
        "Of 300 people eligible, 25 have finished (8.3%); the target is 50.0%, 125 people short.",
        "In this period: 35 doses; in the period before: 25 doses (+40.0%)",
        "Reported by: 小县",
        "Contact: 小县疾控中心",
        "Checked by:",
        "<svg",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // Nothing is known of B in the first week, in which its site was asked: that is not 0, and there is nothing to
    // compare with.
    let before = page_rows(&viewer, "weekly", "2021-04-01");
    let of_b = before.iter().find(|row| row["area (code)"] == "B").unwrap();
    assert_eq!((of_b["this week"].as_str(), of_b["change %"].as_str()), ("not reported", ""));
    assert!(of_b["reports missing"].parse::<u64>().unwrap() > 0, "{of_b:?}");
    let ranking = page_rows(&viewer, "ranking", "2021-04-14");
    let order: Vec<&str> = ranking.iter().map(|row| row["area (code)"].as_str()).collect();
    assert_eq!(order, ["", "B", "A"]);
    let chinese = asked(
        &office,
        &["report", "bulletin", "ranking", "--day", "2021-04-14", "--lang", "zh-CN"],
    );
    for said in ["小县小县接种进展情况通报", "填报单位：小县", "审核人：", "环比", "未报"]
    {
        assert!(chinese.contains(said), "{said}: {chinese}");
    }
    // A week that is not over is compared with the same days.
    let now = viewer.get("/c/small/bulletin?kind=weekly&as-of=2021-04-20").body;
    assert!(now.contains("This week is not over: figures up to 2021-04-20"), "{now}");
    assert!(now.contains("Compared with: 2021-04-12 to 2021-04-13."), "{now}");
    // Days to come have none.
    let ahead = viewer.get("/c/small/bulletin?kind=daily&as-of=2021-05-01");
    assert_eq!(ahead.status, 303);
    assert!(ahead.headers["location"].contains("as-of=2021-04-20"), "{:?}", ahead.headers);
    let mut command = office.world.command(&["report", "bulletin", "daily", "--day", "2021-05-01"]);
    assert!(!command.env("DOSEPLAN_CLOCK", NOW).output().unwrap().status.success());
}

#[test]
fn an_account_of_an_area_signs_its_own_part_and_all_campaigns_stand_on_one_page() {
    let office = office();
    account(&office.world, &["add", "town", "--role", "planner", "--areas", "B"], "town");
    let town = office.login("town");
    for path in
        ["/c/small/bulletin?kind=weekly&as-of=2021-04-14", "/bulletin?kind=weekly&as-of=2021-04-14"]
    {
        for file in ["", "&file=csv"] {
            let body = town.get(&format!("{path}{file}")).body;
            assert!(body.contains("乙镇") && !body.contains("甲镇"), "{path}{file}: {body}");
        }
    }
    let own = asked(
        &office,
        &["report", "bulletin", "weekly", "--day", "2021-04-14", "--area", "B", "-o", "csv"],
    );
    let own = csv_rows(&own);
    let whole = page_rows(&office.login("admin"), "weekly", "2021-04-14");
    let of_b = whole.iter().find(|row| row["area (code)"] == "B").unwrap();
    assert_eq!(
        (&own[0]["finished"], &own[0]["this"]),
        (&of_b["have finished"], &of_b["this week"])
    );
    let other = crate::support::flu().write(&office.world.path("flu"));
    office.world.run(&["campaign", "apply", text(&other)]).ends(0);
    let page = office.login("viewer").get("/bulletin?kind=daily&as-of=2021-04-14").body;
    assert!(page.matches("<section class=\"bulletin\">").count() == 2, "{page}");
    assert!(page.contains("id=\"t-bulletin-1\"") && page.contains("id=\"t-bulletin-2\""), "{page}");
    let all = asked(&office, &["report", "bulletin", "daily", "--day", "2021-04-14", "-o", "json"]);
    let all: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}");
}
