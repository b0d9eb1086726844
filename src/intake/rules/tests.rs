//! Faulty rules files, and the test cases that CDC publishes if they are available.

use super::{Loaded, embedded, folder, from_texts};
use crate::domain::rules::{Assessment, Rules, SeriesStatus, Status, assess};
use crate::intake::history::read_line;
use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const SCHEDULE: &str = "<scheduleSupportingData>
<vaccineGroups><vaccineGroup><name>G</name></vaccineGroup></vaccineGroups>
<vaccineGroupToAntigenMap><vaccineGroupMap><name>G</name><antigen>A</antigen></vaccineGroupMap>
</vaccineGroupToAntigenMap><cvxToAntigenMap><cvxMap><cvx>3</cvx><association><antigen>A</antigen>
</association></cvxMap></cvxToAntigenMap></scheduleSupportingData>";

fn antigen(dose_2: &str) -> String {
    format!(
        "<antigenSupportingData><series><seriesName>s</seriesName>\n\
         <targetDisease>A</targetDisease><vaccineGroup>G</vaccineGroup>\n\
         <seriesType>Standard</seriesType><selectSeries><defaultSeries>Yes</defaultSeries>\n\
         <seriesGroup>1</seriesGroup></selectSeries>\n\
         <seriesDose><doseNumber>Dose 1</doseNumber><preferableVaccine><cvx>03</cvx>\n\
         </preferableVaccine><interval/><conditionalSkip/></seriesDose>\n\
         <seriesDose><doseNumber>Dose 2</doseNumber>{dose_2}</seriesDose>\n\
         </series></antigenSupportingData>"
    )
}

fn load(dose_2: &str) -> Result<Loaded, Vec<crate::intake::Issue>> {
    from_texts(&[("s.xml", SCHEDULE), ("a.xml", &antigen(dose_2))])
}

/// Codes and elements of what is told, and how many series are left.
fn told(dose_2: &str) -> (Vec<(&'static str, String)>, usize) {
    let loaded = load(dose_2).expect("rules");
    let issues = loaded.warnings.into_iter().filter(|issue| issue.code != "unknown_element");
    assert!(loaded.rules.groups.iter().any(|group| *group.name == *"G"));
    let brief = issues.map(|issue| (issue.code, issue.column.unwrap_or_default())).collect();
    (brief, loaded.rules.antigens[0].series.len())
}

#[test]
fn a_value_that_is_not_understood_costs_its_series_and_is_told() {
    let is = |code, element: &str| {
        (vec![(code, element.to_owned()), ("left_out", "series".to_owned())], 0)
    };
    let got = told("<age><minAge>5 fortnights</minAge></age>");
    assert_eq!(got, is("bad_duration", "minAge"));
    let circle = "<interval><fromPrevious>N</fromPrevious><fromTargetDose>2</fromTargetDose>\
                  <minInt>4 weeks</minInt></interval>";
    assert_eq!(told(circle), is("rules_cycle", "interval/fromTargetDose"));
    let waits_for_itself = "<conditionalSkip><context>Both</context><set><condition>\
        <conditionType>Completed Series</conditionType><seriesGroups>1</seriesGroups>\
        </condition></set></conditionalSkip>";
    assert_eq!(told(waits_for_itself), is("rules_cycle", "condition/seriesGroups"));
    let day = "<age><effectiveDate>20230231</effectiveDate></age>";
    assert_eq!(told(day), is("bad_date", "effectiveDate"));
    let moon = "<conditionalSkip><context>Both</context><set><condition>\
        <conditionType>Full Moon</conditionType></condition></set></conditionalSkip>";
    assert_eq!(told(moon), is("bad_word", "conditionType"));
    assert_eq!(told("<age><minAge>6 yrs - 4 days</minAge></age>"), (Vec::new(), 1));
}

#[test]
fn a_gender_that_no_input_has_is_told_and_the_other_genders_of_the_series_stand() {
    let with = |genders: &[&str]| {
        let element = |one: &&str| format!("<requiredGender>{one}</requiredGender>");
        let genders = genders.iter().map(element).collect::<Vec<_>>().concat();
        let text = antigen("").replace("<selectSeries>", &format!("{genders}<selectSeries>"));
        let loaded = from_texts(&[("s.xml", SCHEDULE), ("a.xml", &text)]).expect("rules");
        let codes: Vec<&str> = loaded.warnings.iter().map(|issue| issue.code).collect();
        (codes, loaded.rules.antigens[0].series.len())
    };
    assert_eq!(with(&["Female", "Transgender"]), (vec!["bad_gender"], 1));
    assert_eq!(with(&["Transgender"]), (vec!["bad_gender", "left_out"], 0));
}

#[test]
fn a_bad_value_in_the_schedule_costs_its_vaccine_only() {
    let schedule = SCHEDULE.replace(
        "</cvxToAntigenMap>",
        "<cvxMap><cvx>4</cvx><association><antigen>B</antigen></association></cvxMap>\
         <cvxMap><cvx>003</cvx></cvxMap></cvxToAntigenMap>",
    );
    let loaded = from_texts(&[("s.xml", &schedule), ("a.xml", &antigen(""))]).expect("rules");
    let codes: Vec<&str> = loaded.warnings.iter().map(|issue| issue.code).collect();
    assert_eq!(codes, ["unknown_antigen", "duplicate_code"]);
    assert_eq!(loaded.rules.antigens[0].series.len(), 1);
}

#[test]
fn two_files_of_one_antigen_and_an_antigen_without_a_file_are_errors() {
    let one = antigen("");
    let twice = [("s.xml", SCHEDULE), ("a.xml", one.as_str()), ("b.xml", one.as_str())];
    let issues = from_texts(&twice).expect_err("issues");
    assert_eq!((issues[0].code, &*issues[0].file), ("duplicate_antigen", "b.xml"));
    let issues = from_texts(&[("s.xml", SCHEDULE)]).expect_err("issues");
    assert_eq!(issues[0].code, "missing_rules");
    assert!(issues[0].value.contains("AntigenSupportingData- A"), "{}", issues[0].value);
}

#[test]
fn an_unknown_element_is_a_warning_and_the_rules_load() {
    let loaded = load("<age><minAge>6 months</minAge><moonPhase>full</moonPhase></age>");
    let warnings = loaded.expect("rules").warnings;
    let told: Vec<_> = warnings.iter().map(|w| (w.code, w.column.as_deref())).collect();
    assert_eq!(told, [("unknown_element", Some("age/moonPhase"))]);
}

proptest! {
    #[test]
    fn rules_with_anything_in_them_do_not_panic(
        tag in "[a-zA-Z]{1,12}", text in "\\PC{0,20}", at in 0_usize..600, cut in 0_usize..40,
    ) {
        let mut whole: Vec<char> = antigen(&format!("<{tag}>{text}</{tag}>")).chars().collect();
        let at = at.min(whole.len());
        let end = (at + cut).min(whole.len());
        whole.drain(at..end);
        let broken: String = whole.into_iter().collect();
        if let Ok(loaded) = from_texts(&[("s.xml", SCHEDULE), ("a.xml", &broken)]) {
            let line = r#"{"born":"2020-02-29","doses":[{"date":"2020-03-01","cvx":3}]}"#;
            if let Ok(history) = read_line(line, &loaded.rules, NaiveDate::MAX) {
                let _ = assess(&loaded.rules, &history.person);
            }
        }
    }

    #[test]
    fn any_history_is_evaluated(
        born in 0_i64..20_000, days in prop::collection::vec((0_i64..9_000, 0_usize..40), 0..40),
        sex in prop::sample::select(vec!["F", "M", "U"]),
    ) {
        let rules = embedded().expect("rules").rules;
        let start = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day");
        let born = start + chrono::TimeDelta::days(born);
        let doses: Vec<Value> = days
            .iter()
            .map(|(after, vaccine)| {
                let code = &rules.vaccines[vaccine % rules.vaccines.len()].code;
                let date = born + chrono::TimeDelta::days(*after);
                serde_json::json!({"date": date.to_string(), "vaccine": code})
            })
            .collect();
        let line = serde_json::json!({
            "born": born.to_string(), "sex": sex, "as_of": "2060-01-01", "doses": doses
        });
        let history = read_line(&line.to_string(), &rules, born).expect("a history");
        let first = assess(&rules, &history.person);
        prop_assert_eq!(first.doses.len(), days.len());
        prop_assert_eq!(&first, &assess(&rules, &history.person));
        for next in first.forecasts.iter().filter_map(|it| it.next) {
            prop_assert!(next.earliest.date <= next.recommended.date);
            prop_assert!(next.past_due.is_none_or(|day| next.earliest.date <= day.date));
        }
    }
}

/// The folder with CDC's rules and test cases: `DOSEPLAN_CDSI`, or a folder beside the project.
fn cdsi() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cdsi");
    let root = std::env::var_os("DOSEPLAN_CDSI").map_or_else(beside, PathBuf::from);
    root.join("cases/healthy.in.ndjson").is_file().then_some(root)
}

#[test]
fn cdcs_published_cases_come_out_right() {
    let Some(root) = cdsi() else {
        assert!(std::env::var_os("CI").is_none(), "DOSEPLAN_CDSI must name CDC's rules and cases");
        println!("skipped: set DOSEPLAN_CDSI to a folder with CDC's rules and cases");
        return;
    };
    let releases = std::fs::read_dir(&root).expect("a folder").flatten();
    let rules = releases.map(|entry| entry.path()).find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rules-"))
    });
    let loaded = folder(&rules.expect("a folder of rules")).expect("rules");
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let text = |name: &str| std::fs::read_to_string(root.join("cases").join(name)).expect(name);
    let differ = text("expected_to_differ.csv");
    let differ: BTreeSet<&str> = differ.lines().filter_map(|line| line.split(',').next()).collect();
    let mut wrong = Vec::new();
    for set in ["healthy", "conditions"] {
        let lines = text(&format!("{set}.in.ndjson"));
        let wanted = text(&format!("{set}.expected.ndjson"));
        for (line, want) in lines.lines().zip(wanted.lines()) {
            let want: Value = serde_json::from_str(want).expect("JSON");
            let id = want["id"].as_str().expect("an id").to_owned();
            let history = read_line(line, &loaded.rules, NaiveDate::MAX).expect("a history");
            let got = assess(&loaded.rules, &history.person);
            let agrees = forecast_agrees(&loaded.rules, &got, &want)
                && doses_agree(&loaded.rules, &got, &want);
            if !agrees && !differ.contains(id.as_str()) {
                wrong.push(id);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn forecast_agrees(rules: &Rules, got: &Assessment, want: &Value) -> bool {
    let day = |day: Option<NaiveDate>| day.map_or(Value::Null, |day| day.to_string().into());
    got.forecasts.iter().any(|it| {
        let status = match it.progress {
            SeriesStatus::NotComplete => "not_complete",
            SeriesStatus::Complete => "complete",
            SeriesStatus::Immune => "immune",
            SeriesStatus::Contraindicated => "contraindicated",
            SeriesStatus::AgedOut => "aged_out",
            SeriesStatus::NotRecommended => "not_recommended",
        };
        *rules.groups[usize::from(it.group.0)].name == *want["group"].as_str().unwrap_or_default()
            && want["status"] == status
            && want["dose"] == it.next.map_or(Value::Null, |next| next.number.into())
            && want["earliest"] == day(it.next.map(|next| next.earliest.date))
            && want["recommended"] == day(it.next.map(|next| next.recommended.date))
            && want["past_due"] == day(it.next.and_then(|next| Some(next.past_due?.date)))
    })
}

/// The cases list doses in the order of the input.
fn doses_agree(rules: &Rules, got: &Assessment, want: &Value) -> bool {
    let doses = want["doses"].as_array().expect("doses");
    doses.iter().zip(&got.doses).all(|(want, verdicts)| {
        let own = verdicts.iter().filter(|it| {
            *rules.groups[usize::from(it.group.0)].name
                == *want["group"].as_str().unwrap_or_default()
        });
        let status = own.map(|it| it.verdict.status).min().map(|status| match status {
            Status::Valid => "valid",
            Status::Extraneous => "extraneous",
            Status::NotValid => "not_valid",
            Status::SubStandard => "sub_standard",
        });
        want["status"].as_str() == status
    })
}

#[test]
fn a_folder_without_rules_says_so() {
    let empty = tempfile::tempdir().expect("a folder");
    let issues = folder(empty.path()).expect_err("issues");
    assert_eq!(issues[0].code, "no_rules");
    let issues = folder(&empty.path().join("nowhere")).expect_err("issues");
    assert_eq!(issues[0].code, "path_missing");
}
