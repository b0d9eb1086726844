//! The reports of a small county, figure by figure.

use super::*;
use crate::domain::campaign::Campaign;
use crate::domain::counting::{Cell, CellKey, Cells, FamilyKey};
use crate::domain::id::PlaceCode;
use crate::domain::testing::{county, day};

/// Doses of persons at a place.
struct Given(i64, &'static str, &'static str, &'static str, u8, Cell);

fn persons(count: i64) -> Cell {
    Cell { persons: count, ..Cell::default() }
}

fn cells(rows: Vec<Given>) -> Cells {
    rows.into_iter()
        .map(|Given(at, place, area, group, dose, cell)| {
            let (place, group) = (PlaceCode::from(place), GroupId::from(group));
            let family = FamilyKey { day: day(at), place, group, dose };
            (CellKey { family, area: area.into() }, cell)
        })
        .collect()
}

/// March is days 0 to 30, April days 31 to 60.
fn doses() -> Cells {
    cells(vec![
        Given(1, "S1", "N", "adult", 1, persons(100)),
        Given(2, "S1", "N", "adult", 1, persons(50)),
        Given(2, "P1", "V", "adult", 1, persons(40)),
        Given(9, "S2", "S", "adult", 1, Cell { invalid: 6, repeats: 2, ..persons(60) }),
        Given(29, "S1", "N", "adult", 2, persons(30)),
        Given(31, "S1", "N", "adult", 2, Cell { invalid: 1, ..persons(70) }),
        Given(40, "S2", "S", "adult", 1, persons(500)),
        Given(40, "S2", "S", "senior", 1, persons(10)),
        Given(40, "S2", "S", "", 1, persons(3)),
        Given(40, "S2", "S", "other", 1, Cell { tally: 7, tallies: 1, ..Cell::default() }),
    ])
}

fn facts<'a>(campaign: &'a Campaign, area: &str, first: i64, last: i64) -> Facts<'a> {
    Facts::new(campaign, area.into(), (day(first), day(last)), doses())
}

/// A row of a report as text, `-` for what cannot be said, found by its first columns.
fn row_in(name: Name, area: &str, days: (i64, i64), head: &[&str]) -> String {
    let campaign = county();
    let mut facts = facts(&campaign, area, days.0, days.1);
    facts.arrivals = arrivals();
    let report = build(name, &facts);
    let text = |figure: &Figure| match &figure.value {
        Value::None => "-".to_owned(),
        Value::Percent(share) => share.to_string(),
        value => serde_json::json!(value).to_string().trim_matches('"').to_owned(),
    };
    let rows: Vec<Vec<String>> =
        report.rows.iter().map(|row| row.iter().map(text).collect()).collect();
    assert!(rows.iter().all(|row| row.len() == report.columns.len()), "{name:?}");
    let mut found =
        rows.iter().filter(|row| head.iter().all(|cell| row.iter().any(|it| it == cell)));
    let row = found.next().unwrap_or_else(|| panic!("no row {head:?} in {rows:?}"));
    row.join(" | ")
}

fn arrivals() -> Vec<Arrival> {
    let arrival = |record: &str, place: &str, at: i64, recorded: i64| Arrival {
        record: record.into(),
        is_tally: false,
        place: place.into(),
        day: day(at),
        recorded_on: day(recorded),
    };
    vec![
        arrival("R1", "S1", 1, 1),
        arrival("R2", "S1", 1, 2),
        arrival("R3", "S1", 2, 4),
        arrival("R4", "S1", 3, 6),
        arrival("R5", "S1", 3, 7),
        arrival("R6", "S1", 9, 8),
        arrival("R7", "P1", 2, 30),
    ]
}

const MARCH: (i64, i64) = (0, 30);
const APRIL: (i64, i64) = (31, 60);

#[test]
fn coverage_of_a_month_is_of_those_who_were_still_due_in_it() {
    // dose | due | given | % | eligible | given in all | %
    let row = |area: &str, days, head: &[&str]| row_in(Name::Coverage, area, days, head);
    let first = "C | area C | adult | group adult | 1 | 2000 | 248 | 12.4 | 2000 | 248 | 12.4";
    assert_eq!(row("C", MARCH, &["C", "adult", "1"]), first);
    // 28 days after dose 1: those of day 1 and 2 are due by day 30.
    let second = "C | area C | adult | group adult | 2 | 190 | 30 | 15.8 | 2000 | 30 | 1.5";
    assert_eq!(row("C", MARCH, &["C", "adult", "2"]), second);
    let april = "C | area C | adult | group adult | 1 | 1752 | 500 | 28.5 | 2000 | 748 | 37.4";
    assert_eq!(row("C", APRIL, &["C", "adult", "1"]), april);
    let second = "C | area C | adult | group adult | 2 | 218 | 70 | 32.1 | 2000 | 100 | 5.0";
    assert_eq!(row("C", APRIL, &["C", "adult", "2"]), second);
    let below = "N | area N | adult | group adult | 1 | 1000 | 190 | 19.0 | 1000 | 190 | 19.0";
    assert_eq!(row("N", MARCH, &["N", "adult", "1"]), below);
    let open = "S | area S | senior | group senior | 1 | 100 | 10 | 10.0 | 100 | 10 | 10.0";
    assert_eq!(row("C", APRIL, &["S", "senior", "1"]), open);
    let shut = "S | area S | senior | group senior | 1 | - | 0 | - | 100 | 0 | 0.0";
    assert_eq!(row("C", (0, 9), &["S", "senior", "1"]), shut, "seniors open on day 10");
    let due = "S | area S | senior | group senior | 1 | 100 | 0 | 0.0 | 100 | 0 | 0.0";
    assert_eq!(row("C", (0, 10), &["S", "senior", "1"]), due);
}

#[test]
fn without_a_denominator_counts_are_told_and_shares_are_not() {
    let row = row_in(Name::Coverage, "C", APRIL, &["S", "other", "1"]);
    assert_eq!(row, "S | area S | other | group other | 1 | - | 7 | - | - | 7 | -");
    let set = row_in(Name::Coverage, "C", APRIL, &["S", "all", "1"]);
    assert_eq!(set, "S | area S | all | set all | 1 | - | 507 | - | - | 565 | -");
    let due = row_in(Name::Due, "C", APRIL, &["S", "other", "2"]);
    assert_eq!(due, "S | area S | other | group other | 2 | - | 0 | - | -");
    let drop_out = row_in(Name::DropOut, "C", APRIL, &["S", "other", "1→2"]);
    assert_eq!(drop_out, "S | area S | other | group other | 1→2 | - | 0 | - | -");
}

#[test]
fn doses_of_a_month_and_those_before_it_make_all() {
    let march = row_in(Name::Doses, "C", MARCH, &["C", "adult", "1"]);
    assert_eq!(march, "C | area C | adult | group adult | 1 | 250 | 0 | 250");
    let april = row_in(Name::Doses, "C", APRIL, &["C", "adult", "1"]);
    assert_eq!(april, "C | area C | adult | group adult | 1 | 500 | 250 | 750");
    let edge = row_in(Name::Doses, "C", (2, 9), &["N", "adult", "1"]);
    assert_eq!(edge, "N | area N | adult | group adult | 1 | 90 | 100 | 190");
    let grown = row_in(Name::Doses, "C", APRIL, &["C", "grown", "1"]);
    assert_eq!(grown, "C | area C | grown | set grown | 1 | 510 | 250 | 760");
}

#[test]
fn who_is_due_and_has_no_dose() {
    let first = row_in(Name::Due, "C", MARCH, &["C", "adult", "1"]);
    assert_eq!(first, "C | area C | adult | group adult | 1 | 2000 | 248 | 1752 | 87.6");
    let second = row_in(Name::Due, "C", MARCH, &["C", "adult", "2"]);
    assert_eq!(second, "C | area C | adult | group adult | 2 | 190 | 30 | 160 | 84.2");
}

#[test]
fn drop_out_is_of_those_whose_turn_it_was() {
    let row = row_in(Name::DropOut, "C", APRIL, &["C", "adult", "1→2"]);
    assert_eq!(row, "C | area C | adult | group adult | 1→2 | 248 | 100 | 148 | 59.7");
    let mut campaign = county();
    let third = campaign.series.doses[1].clone();
    campaign.series.doses.push(third);
    let rows = |last: i64, more: Vec<Given>| -> Vec<String> {
        let mut cells = doses();
        cells.extend(self::cells(more));
        let facts = Facts::new(&campaign, "N".into(), (day(0), day(last)), cells);
        let report = build(Name::DropOut, &facts);
        let steps = report.rows.iter().filter(|row| row[0].value == Value::Text("N".into()));
        let adult = steps.filter(|row| row[2].value == Value::Text("adult".into()));
        adult.map(|row| serde_json::json!(row[4].value).to_string()).collect()
    };
    assert_eq!(rows(56, vec![]), ["\"1→2\"", "\"2→3\""], "nobody is due for the third");
    assert_eq!(rows(57, vec![]), ["\"1→2\"", "\"2→3\"", "\"1→3\""], "first to last, as WHO has it");
}

#[test]
fn doses_that_do_not_count_are_taken_off() {
    let row = row_in(Name::Valid, "C", MARCH, &["S", "adult", "1"]);
    // 60 doses, 2 of them repeats of a dose that did not count, 6 not valid.
    assert_eq!(row, "S | area S | adult | group adult | 1 | 1000 | 58 | 6 | 54 | 5.8 | 5.4");
}

#[test]
fn completion_tells_who_has_none_some_and_all_doses() {
    let row = |area: &str, days, group: &str| row_in(Name::Completion, "C", days, &[area, group]);
    let all = "C | area C | adult | group adult | 2000 | 1252 | 748 | 648 | 100 | 5.0";
    assert_eq!(row("C", APRIL, "adult"), all);
    let shut = "S | area S | senior | group senior | 100 | - | 0 | 0 | 0 | 0.0";
    assert_eq!(row("S", (0, 9), "senior"), shut);
    let none = "S | area S | other | group other | - | - | 7 | 7 | 0 | -";
    assert_eq!(row("S", APRIL, "other"), none);
}

#[test]
fn records_are_in_time_on_the_day_or_the_next() {
    // records | same day | next day | 2 to 3 days | later | in time
    let row = row_in(Name::Timeliness, "C", MARCH, &["S1"]);
    assert_eq!(row, "S1 | site S1 | 6 | 2 | 1 | 2 | 1 | 50.0");
    let stop = row_in(Name::Timeliness, "C", MARCH, &["P1"]);
    assert_eq!(stop, "P1 | stop P1 | 1 | 0 | 0 | 0 | 1 | 0.0");
}

#[test]
fn a_lot_s_figures_add_up() {
    // Before, arrived, drawn, given, wasted, %, expired, left. Of 100 doses of L1 the 150 of S1 on day 1
    // and 2 (158 drawn) and the 40 of P1 (50 drawn) take all.
    let lot = row_in(Name::Stock, "C", MARCH, &["L1"]);
    assert_eq!(lot, "L1 | vaccine | 2021-03-21 | 0 | 100 | 100 | 95 | 5 | 5.0 | 0 | 0");
    let lot = row_in(Name::Stock, "C", MARCH, &["L2"]);
    assert_eq!(lot, "L2 | vaccine | 2021-04-30 | 0 | 200 | 92 | 90 | 2 | 2.2 | 0 | 108");
}

#[test]
fn a_site_s_month_has_days_open_and_reported_doses_and_capacity() {
    // March: S1 is shut on day 2 and on Sundays. 22 workdays and 4 Saturdays.
    let site = row_in(Name::Sites, "C", MARCH, &["S1"]);
    assert_eq!(site, "S1 | site S1 | N | 26 | 4 | 180 | 2400 | 7.5");
    let site = row_in(Name::Sites, "C", MARCH, &["S2"]);
    assert_eq!(site, "S2 | site S2 | S | 28 | 0 | 60 | 2530 | 2.4");
    let before = row_in(Name::Sites, "N", (-10, 0), &["S1"]);
    assert_eq!(before, "S1 | site S1 | N | 1 | 4 | 0 | 100 | 0.0", "only days of the campaign");
    let campaign = county();
    let north = build(Name::Sites, &facts(&campaign, "N", 0, 30));
    assert_eq!(north.rows.len(), 1, "sites of the area asked for");
}

#[test]
fn a_report_has_the_area_asked_for_and_those_right_below_it() {
    let campaign = county();
    let areas = |area: &str| -> Vec<Value> {
        let report = build(Name::Completion, &facts(&campaign, area, 0, 30));
        assert_eq!((report.area.as_str(), report.first, report.last), (area, day(0), day(30)));
        let mut found: Vec<Value> = report.rows.iter().map(|row| row[0].value.clone()).collect();
        found.dedup();
        found
    };
    let text = |code: &str| Value::Text(code.into());
    assert_eq!(areas("C"), [text("C"), text("N"), text("S")]);
    assert_eq!(areas("V"), [text("V")]);
}

#[test]
fn the_report_by_year_of_birth_has_columns_for_the_doses_of_the_series() {
    let mut campaign = county();
    let columns = |campaign: &Campaign| build(Name::Cohort, &facts(campaign, "C", 0, 30)).columns;
    assert_eq!(columns(&campaign).len(), 8);
    assert_eq!(columns(&campaign)[6..], ["dose_2", "percent_2"]);
    let dose = campaign.series.doses[0].clone();
    campaign.series.doses = vec![dose; 7];
    assert_eq!(columns(&campaign).len(), 14, "five doses are the most");
    for name in NAMES {
        assert_eq!(Name::from_word(name.word()), Some(name));
        assert_eq!(serde_json::json!(name), name.word());
    }
    assert_eq!(Name::from_word("Coverage"), None);
}

#[test]
fn a_pick_takes_the_doses_that_it_names() {
    let campaign = county();
    let facts = facts(&campaign, "C", 0, 60);
    let pick = || Pick {
        areas: vec!["N".into(), "S".into()],
        groups: vec!["adult".into()],
        dose: Some(1),
        first: None,
        last: day(60),
        place: None,
        measure: Measure::Doses,
    };
    let sum = |pick: Pick| facts.given(pick).number();
    assert_eq!(sum(pick()), Some(710));
    assert_eq!(sum(Pick { dose: None, ..pick() }), Some(810));
    assert_eq!(sum(Pick { dose: Some(3), ..pick() }), Some(0));
    assert_eq!(sum(Pick { first: Some(day(2)), ..pick() }), Some(610));
    assert_eq!(sum(Pick { last: day(2), ..pick() }), Some(150));
    assert_eq!(sum(Pick { last: day(1), ..pick() }), Some(100));
    assert_eq!(sum(Pick { place: Some("S2".into()), ..pick() }), Some(560));
    assert_eq!(sum(Pick { areas: vec!["V".into()], ..pick() }), Some(40));
    assert_eq!(sum(Pick { groups: vec!["senior".into(), "".into()], ..pick() }), Some(13));
    assert_eq!(sum(Pick { measure: Measure::People, ..pick() }), Some(708));
    assert_eq!(sum(Pick { measure: Measure::Invalid, ..pick() }), Some(6));
    assert_eq!(sum(Pick { measure: Measure::Valid, ..pick() }), Some(704));
    let found = facts.given(pick());
    assert_eq!(found.basis, Basis::Given(pick()));
    assert_eq!(facts.every_group().len(), 4);
    assert_eq!(facts.dose_numbers(), 1..=2);
}

#[test]
fn vaccine_is_drawn_for_every_dose_whoever_got_it() {
    let campaign = county();
    let given = given_at(&facts(&campaign, "N", 31, 40));
    let doses: Vec<_> =
        given.iter().map(|((at, place), doses)| (*at, place.as_str(), *doses)).collect();
    let expected = [
        (day(1), "S1", 100),
        (day(2), "P1", 40),
        (day(2), "S1", 50),
        (day(9), "S2", 60),
        (day(29), "S1", 30),
        (day(31), "S1", 70),
        (day(40), "S2", 520),
    ];
    assert_eq!(doses, expected);
    assert_eq!(given_at(&facts(&campaign, "C", 0, 8)).len(), 3, "up to the last day");
}

#[test]
fn figures_keep_what_they_are_made_of_and_never_go_below_zero() {
    let (three, five) = (Figure::count(3, Basis::Register), Figure::count(5, Basis::Register));
    assert_eq!(five.less(&three).value, Value::Count(2));
    assert_eq!(three.less(&five).value, Value::Count(0));
    assert_eq!(
        five.less(&three).basis,
        Basis::Less(Box::new(five.clone()), Box::new(three.clone()))
    );
    assert_eq!(three.over(&five).value, serde_free("60.0"));
    assert_eq!(
        three.over(&five).basis,
        Basis::Over(Box::new(three.clone()), Box::new(five.clone()))
    );
    let none = Figure::none();
    for said in [none.less(&five), five.less(&none), none.over(&five), five.over(&none)] {
        assert_eq!(said, none);
    }
    assert_eq!(five.over(&Figure::count(0, Basis::Words)), none, "nothing to be a share of");
    assert_eq!((Figure::words("N").number(), none.number(), five.number()), (None, None, Some(5)));
}

fn serde_free(shown: &str) -> Value {
    let tenths: i64 = shown.replace('.', "").parse().expect("tenths");
    Value::Percent(Percent::of(tenths, 1000).expect("a share"))
}

#[test]
fn a_record_that_came_before_its_day_has_no_delay() {
    let delays: Vec<i64> = arrivals().iter().map(Arrival::delay_days).collect();
    assert_eq!(delays, [0, 1, 2, 3, 4, 0, 28]);
}

#[test]
fn eligible_people_are_known_for_all_groups_or_not_at_all() {
    let campaign = county();
    let facts = facts(&campaign, "C", 0, 30);
    let people = |areas: &[&str], groups: &[&str]| {
        let areas: Vec<AreaCode> = areas.iter().map(|area| AreaCode::from(*area)).collect();
        let groups: Vec<GroupId> = groups.iter().map(|group| GroupId::from(*group)).collect();
        facts.eligible(&areas, &groups).number()
    };
    assert_eq!(people(&["N", "V"], &["adult"]), Some(1000));
    assert_eq!(people(&["N", "V"], &["adult", "senior"]), Some(1100));
    assert_eq!(people(&["N"], &["adult", "other"]), None);
    assert_eq!(people(&["V"], &["senior"]), None, "no row for the area");
    assert_eq!(people(&["N"], &[]), None);
}
