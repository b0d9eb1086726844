//! Random rules and histories: nothing panics, and every refusal names the file, the place in it and the fault.

use super::{FILES, Loaded, embedded, from_texts, series};
use crate::domain::campaign::Language;
use crate::domain::rules::{Rules, assess};
use crate::intake::history::{LineError, read_line};
use crate::intake::tests::runs;
use crate::intake::{Issue, has_errors};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

static PROGRAMME: LazyLock<Rules> = LazyLock::new(|| embedded().expect("rules").rules);

/// A schedule and an antigen with every element that the reader knows.
const SCHEDULE: &str = include_str!("../../../tests/fixtures/cdsi/ScheduleSupportingData.xml");
const ANTIGEN: &str = include_str!("../../../tests/fixtures/cdsi/AntigenSupportingData-A.xml");

/// A slip that somebody might make in a line.
#[derive(Debug, Clone)]
enum Slip {
    Drop,
    Twice,
    Swap,
    Value(String),
    Insert(String),
}

fn slips() -> impl Strategy<Value = Vec<(usize, Slip)>> {
    let text = prop_oneof![
        prop::sample::select(vec![
            "",
            "n/a",
            "0",
            "-1",
            "255",
            "256",
            "4294967296",
            "1e9",
            "true",
            "5 fortnights",
            "2000000000 days",
            "-6 months + 4 days",
            "900 years",
            "20230229",
            "2023-02-29",
            "99991231",
            "00010101",
            "Dose 0",
            "Yes",
            "ALL",
            "999",
            "[]",
            "{}",
            "\"\"",
            "<",
            "]]>",
            "&amp;",
            "&x;",
            "\u{feff}",
            "\u{0}",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,12}",
    ];
    let slip = prop_oneof![
        Just(Slip::Drop),
        Just(Slip::Twice),
        Just(Slip::Swap),
        text.clone().prop_map(Slip::Value),
        text.prop_map(Slip::Insert),
    ];
    prop::collection::vec((any::<usize>(), slip), 1..4)
}

/// The text with slips in its lines; `value` puts another value into a line.
fn spoilt(text: &str, slips: &[(usize, Slip)], value: fn(&str, &str) -> String) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (at, slip) in slips {
        let at = at % lines.len();
        match slip {
            Slip::Drop if lines.len() > 1 => drop(lines.remove(at)),
            Slip::Drop => {}
            Slip::Twice => lines.insert(at, lines[at].clone()),
            Slip::Swap => {
                let other = (at + 1) % lines.len();
                lines.swap(at, other);
            }
            Slip::Value(other) => lines[at] = value(&lines[at], other),
            Slip::Insert(other) => lines.insert(at, other.clone()),
        }
    }
    lines.join("\n")
}

/// Every issue names one of the files, an element or a row of it, and has a message.
fn check(issues: &[Issue], files: &[&str]) {
    for issue in issues {
        assert!(files.contains(&&*issue.file), "{issue:?}");
        assert!(issue.row.is_some() || issue.column.is_some() || !issue.value.is_empty());
        for language in [Language::ZhCn, Language::En] {
            let line = issue.line(language);
            assert!(line.contains(&*issue.file) && !line.contains('⟨'), "{line}");
        }
    }
}

/// Rules that load also work.
fn check_loaded(found: Result<Loaded, Vec<Issue>>, files: &[&str]) {
    match found {
        Err(issues) => {
            assert!(has_errors(&issues), "{issues:?}");
            check(&issues, files);
        }
        Ok(loaded) => {
            check(&loaded.warnings, files);
            let codes = loaded.rules.vaccines.iter().map(|vaccine| &*vaccine.code);
            let doses: Vec<Value> = (0_u64..)
                .zip(codes)
                .map(|(n, code)| {
                    let day = first_day() + Days::new(n * 400);
                    json!({"date": day, "vaccine": code})
                })
                .collect();
            for (as_of, doses) in [("2000-02-29", vec![]), ("9999-12-31", doses)] {
                let line = json!({"born": first_day(), "as_of": as_of, "doses": doses});
                let history = read_line(&line.to_string(), &loaded.rules, NaiveDate::MAX);
                let person = history.expect("a history").person;
                assert_eq!(assess(&loaded.rules, &person).doses.len(), person.doses.len());
            }
        }
    }
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2000, 2, 29).expect("a day")
}

/// `key = other`.
fn toml_value(line: &str, other: &str) -> String {
    match line.split_once('=') {
        Some((key, old)) if old.trim_start().starts_with('"') => format!("{key}= \"{other}\""),
        Some((key, _)) => format!("{key}= {other}"),
        None => other.to_owned(),
    }
}

/// `<element>other</element>`.
fn xml_value(line: &str, other: &str) -> String {
    match (line.find('>'), line.rfind("</")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}{other}{}", &line[..=start], &line[end..])
        }
        _ => other.to_owned(),
    }
}

#[test]
fn a_series_of_more_doses_than_anybody_gets_is_refused() {
    let text = format!("id = \"a\"\nname = \"A\"\nsource = \"s\"\n{}", "[[doses]]\n".repeat(300));
    let issues = series(&[("a.toml", &text)]).expect_err("issues");
    assert_eq!((issues[0].code, issues[0].column.as_deref()), ("out_of_range", Some("doses")));
}

#[test]
fn the_files_that_are_spoilt_are_sound() {
    let loaded = from_texts(&[("s.xml", SCHEDULE), ("a.xml", ANTIGEN)]);
    let loaded = loaded.unwrap_or_else(|issues| panic!("{issues:#?}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    check_loaded(Ok(loaded), &[]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: runs(200, 4), ..ProptestConfig::default() })]

    #[test]
    fn a_spoilt_series_file_loads_or_says_what_is_wrong(
        file in any::<prop::sample::Index>(), slips in slips(),
    ) {
        let (name, text) = FILES[file.index(FILES.len())];
        let text = spoilt(text, &slips, toml_value);
        check_loaded(series(&[(name, &text)]), &[name]);
    }

    #[test]
    fn a_spoilt_file_of_cdsi_loads_or_says_what_is_wrong(
        in_schedule in any::<bool>(), slips in slips(),
    ) {
        let (mut schedule, mut antigen) = (SCHEDULE.to_owned(), ANTIGEN.to_owned());
        let text = if in_schedule { &mut schedule } else { &mut antigen };
        *text = spoilt(text, &slips, xml_value);
        check_loaded(from_texts(&[("s.xml", &schedule), ("a.xml", &antigen)]), &["s.xml", "a.xml"]);
    }
}

/// A value of any JSON type; most are wrong wherever they stand.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            json!(null),
            json!(true),
            json!(0),
            json!(-1),
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!([]),
            json!({}),
            json!([[]]),
            json!(""),
            json!("2024-02-29"),
            json!("2023-02-29"),
            json!("0000-01-01"),
            json!("0001-01-01"),
            json!("9999-12-31"),
            json!("-001-01-01"),
            json!("+999-01-01"),
            json!("2024-2-9"),
            json!("２０２４-01-01"),
            json!("U"),
            json!("F"),
            json!("X"),
            json!("03"),
            json!("3"),
            json!("MMR"),
        ]),
        "\\PC{0,8}".prop_map(Value::String),
    ]
}

/// A day at the edges of the calendar, a leap day, or any other.
fn date() -> impl Strategy<Value = Value> {
    let edges = ["0001-01-01", "0001-01-02", "9999-12-31", "9999-12-30", "2000-02-29"];
    let any = (0_u64..20_000).prop_map(|n| json!(first_day() + Days::new(n)));
    prop_oneof![prop::sample::select(edges.to_vec()).prop_map(|day| json!(day)), any]
}

fn dose() -> impl Strategy<Value = Value> {
    let code = (0_usize..60).prop_map(|n| match PROGRAMME.vaccines.get(n) {
        Some(vaccine) => json!(vaccine.code),
        None => json!(n),
    });
    (date(), code, any::<Option<bool>>()).prop_map(|(date, code, expired)| {
        json!({"date": date, "vaccine": code, "expired": expired, "mvx": "PFR"})
    })
}

/// A plausible history, except that its days are in any order.
fn line() -> impl Strategy<Value = Value> {
    let sex = prop::sample::select(vec!["F", "M", "U"]);
    let doses = prop::collection::vec((dose(), 1_usize..3), 0..40);
    let observations = prop::collection::vec((odd(), prop::option::of(date())), 0..3);
    (date(), date(), sex, doses, observations).prop_map(|(born, as_of, sex, doses, seen)| {
        let doses: Vec<Value> =
            doses.into_iter().flat_map(|(dose, times)| vec![dose; times]).collect();
        let seen: Vec<Value> =
            seen.into_iter().map(|(code, date)| json!({"code": code, "date": date})).collect();
        json!({"id": 1, "born": born, "as_of": as_of, "sex": sex, "doses": doses,
            "observations": seen})
    })
}

fn assessed(line: &str) -> Result<(), LineError> {
    let history = read_line(line, &PROGRAMME, first_day()).map_err(|(_, error)| error)?;
    let got = assess(&PROGRAMME, &history.person);
    assert_eq!(got.doses.len(), history.person.doses.len());
    for (given, verdicts) in history.person.doses.iter().zip(&got.doses) {
        assert!(given.vaccine.is_some() || verdicts.is_empty(), "an unknown vaccine is no dose");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: runs(150, 4), ..ProptestConfig::default() })]

    #[test]
    fn a_history_at_the_edges_of_the_calendar_is_assessed_or_refused_for_its_days(line in line()) {
        let mut line = line;
        // Codes of other types are refused as unreadable; this test is about days.
        if assessed(&line.to_string()).is_err() {
            line["observations"] = json!([]);
        }
        if let Err(error) = assessed(&line.to_string()) {
            use LineError::{BeforeBirth, NotBorn};
            let expected = matches!(error, NotBorn | BeforeBirth(_));
            prop_assert!(expected, "{:?}", error);
        }
        line["born"] = json!("0001-01-01");
        line["as_of"] = json!("9999-12-31");
        prop_assert_eq!(assessed(&line.to_string()), Ok(()));
    }

    #[test]
    fn a_line_with_anything_anywhere_is_read_or_refused(
        line in line(), key in 0_usize..6, value in odd(), cut in any::<prop::sample::Index>(),
        inserted in "[{}\\[\\]\",:0-9a-z\\\\\u{0}é]{0,3}",
    ) {
        let mut odd = line.clone();
        odd[["id", "born", "as_of", "sex", "doses", "observations"][key]] = value.clone();
        let _ = assessed(&odd.to_string());
        let mut odd = line.clone();
        if let Some(dose) = odd["doses"].get_mut(0) {
            dose[["date", "vaccine", "cvx", "expired", "mvx", "x"][key]] = value;
        }
        let _ = assessed(&odd.to_string());
        let mut broken = line.to_string();
        let at = cut.index(broken.len());
        if broken.is_char_boundary(at) {
            broken.insert_str(at, &inserted);
            let _ = assessed(&broken);
            broken.truncate(at);
            prop_assert!(matches!(assessed(&broken), Err(LineError::Unreadable(_))), "{}", broken);
        }
    }
}
