//! Worked examples of the Chinese schedules in one table: a person, doses with their verdicts, the next dose.

use super::embedded;
use crate::domain::rules::{SeriesStatus, Status, assess};
use crate::intake::history::read_line;
use chrono::NaiveDate;

/// Sex and date of birth; doses as `date code status`; vaccine group; `status [number earliest]`.
type Example = (&'static str, &'static [&'static str], &'static str, &'static str);

/// The day on which every example is assessed.
const AS_OF: &str = "2026-11-22";

const EXAMPLES: &[Example] = &[
    // 卡介苗: at birth; never from the age of 4 years.
    ("F 2026-07-01", &["2026-07-01 BCG valid"], "卡介苗", "complete"),
    ("F 2022-11-22", &[], "卡介苗", "aged_out"),
    // 乙肝: 0, 1, 6 months; 28 and 60 days.
    ("M 2026-07-01", &["2026-07-01 HepB valid"], "乙肝疫苗", "not_complete 2 2026-08-01"),
    (
        "M 2026-01-01",
        &["2026-01-10 HepB valid", "2026-02-06 HepB not_valid", "2026-03-07 HepB valid"],
        "乙肝疫苗",
        "not_complete 3 2026-07-01",
    ),
    // 脊灰: complete after four doses of vaccines with IPV, otherwise bOPV at 4 years.
    (
        "M 2022-01-01",
        &["2022-03-01 IPV valid", "2022-04-01 IPV valid", "2022-05-01 bOPV valid"],
        "脊灰疫苗",
        "not_complete 4 2026-01-01",
    ),
    (
        "M 2024-01-01",
        &[
            "2024-03-01 DTaP-IPV/Hib valid",
            "2024-04-01 DTaP-IPV/Hib valid",
            "2024-05-01 DTaP-IPV/Hib valid",
            "2025-07-01 DTaP-IPV/Hib valid",
        ],
        "脊灰疫苗",
        "complete",
    ),
    // 百白破: 2, 4, 6 months from 2025 on; before that 3, 4, 5 months.
    ("F 2026-01-31", &["2026-03-30 DTaP not_valid", "2026-03-31 DTaP valid"], "百白破疫苗", ""),
    (
        "F 2026-01-01",
        &["2026-03-01 DTaP valid", "2026-05-01 DTaP valid", "2026-06-30 DTaP not_valid"],
        "百白破疫苗",
        "not_complete 3 2026-07-28",
    ),
    (
        "F 2024-01-01",
        &["2024-04-01 DTaP valid", "2024-05-01 DTaP valid", "2024-06-01 DTaP valid"],
        "百白破疫苗",
        "not_complete 4 2025-07-01",
    ),
    ("F 2024-01-01", &["2024-03-01 DTaP not_valid"], "百白破疫苗", "not_complete 1 2024-03-01"),
    // 麻腮风: 8 and 18 months; other injected live vaccines on the same day or 28 days apart.
    (
        "F 2025-01-01",
        &["2025-09-01 MMR valid", "2025-09-01 JE-L valid"],
        "麻腮风疫苗",
        "not_complete 2 2026-07-01",
    ),
    (
        "F 2025-01-01",
        &["2025-09-01 MMR valid", "2025-09-28 JE-L not_valid"],
        "乙脑疫苗",
        "not_complete 1 2025-09-29",
    ),
    // Immunoglobulin: at least 3 months before MMR.
    (
        "F 2025-01-01",
        &["2025-08-01 IG -", "2025-10-31 MMR not_valid", "2025-11-30 MMR valid"],
        "麻腮风疫苗",
        "",
    ),
    // Born before the expansion of 2007: two doses with measles are enough.
    ("M 2006-01-01", &["2006-09-01 MV valid", "2007-09-01 MV valid"], "麻腮风疫苗", "complete"),
    // 乙脑: live by default; whoever begins with the inactivated vaccine continues with it.
    ("F 2025-01-01", &["2025-09-01 JE-L valid"], "乙脑疫苗", "not_complete 2 2027-01-01"),
    (
        "F 2025-01-01",
        &["2025-09-01 JE-I valid", "2025-09-07 JE-I not_valid", "2025-09-14 JE-I valid"],
        "乙脑疫苗",
        "not_complete 3 2027-01-01",
    ),
    // The longest interval is 10 days: a later dose counts, with a remark.
    (
        "F 2025-01-01",
        &["2025-09-01 JE-I valid", "2025-09-12 JE-I valid"],
        "乙脑疫苗",
        "not_complete 3 2027-01-01",
    ),
    // A群: 6 and 9 months, 3 months apart; not given from 24 months on, then A群C群.
    (
        "F 2025-06-01",
        &["2025-12-01 MPSV-A valid", "2026-02-28 MPSV-A not_valid"],
        "A群流脑多糖疫苗",
        "not_complete 2 2026-05-28",
    ),
    ("F 2024-11-01", &[], "A群流脑多糖疫苗", "aged_out"),
    ("F 2024-11-01", &[], "A群C群流脑多糖疫苗", "not_complete 1 2026-11-01"),
    (
        "F 2023-01-01",
        &["2023-07-01 MPSV-A valid", "2023-10-01 MPSV-A valid"],
        "A群C群流脑多糖疫苗",
        "not_complete 1 2026-01-01",
    ),
    // 甲肝: one live dose, or two inactivated; inactivated then live after 6 months completes.
    ("F 2024-01-01", &["2025-07-01 HepA-L valid"], "甲肝疫苗", "complete"),
    ("F 2024-01-01", &["2025-07-01 HepA-I valid"], "甲肝疫苗", "not_complete 2 2026-01-01"),
    (
        "F 2024-01-01",
        &["2025-07-01 HepA-I valid", "2026-01-01 HepA-L valid"],
        "甲肝疫苗",
        "complete",
    ),
    // HPV: girls of 13, two doses 6 months apart; by the label two doses before 15, three after.
    ("F 2012-12-01", &["2025-12-01 2vHPV valid"], "HPV疫苗", "not_complete 2 2026-06-01"),
    ("F 2014-01-01", &["2024-01-01 2vHPV-Ec valid"], "HPV疫苗", "not_complete 2 2024-06-01"),
    (
        "F 2000-01-01",
        &["2025-01-01 2vHPV-Ec valid", "2025-02-01 2vHPV-Ec valid"],
        "HPV疫苗",
        "not_complete 3 2025-06-01",
    ),
    // PPSV23: once, from the age of 2 years.
    ("M 1960-01-01", &["2020-01-01 PPSV23 valid"], "23价肺炎球菌多糖疫苗", "complete"),
    (
        "M 2024-02-29",
        &["2026-02-27 PPSV23 not_valid"],
        "23价肺炎球菌多糖疫苗",
        "not_complete 1 2026-02-28",
    ),
    // 流感: two doses in the first season under 9 years, otherwise one.
    ("M 2022-01-01", &["2026-10-01 IIV valid"], "流感疫苗", "not_complete 2 2026-10-29"),
    ("M 2010-01-01", &["2026-10-01 IIV valid"], "流感疫苗", "complete"),
    // 新冠: inactivated, CHO, Ad5, booster.
    (
        "M 1980-01-01",
        &["2021-04-01 COVID-I valid", "2021-04-21 COVID-I not_valid"],
        "新冠疫苗",
        "not_complete 2 2021-05-12",
    ),
    (
        "M 1980-01-01",
        &["2021-04-01 COVID-S valid", "2021-04-29 COVID-S valid"],
        "新冠疫苗",
        "not_complete 3 2021-05-27",
    ),
    ("M 1980-01-01", &["2021-04-01 COVID-V valid"], "新冠疫苗", "complete"),
    (
        "M 1980-01-01",
        &[
            "2021-04-01 COVID-I valid",
            "2021-05-01 COVID-I valid",
            "2021-10-31 COVID-B1 not_valid",
            "2022-05-01 COVID-B1 valid",
        ],
        "新冠疫苗（加强）",
        "complete",
    ),
];

fn status(status: Status) -> &'static str {
    match status {
        Status::Valid => "valid",
        Status::Extraneous => "extraneous",
        Status::NotValid => "not_valid",
        Status::SubStandard => "sub_standard",
    }
}

#[test]
fn worked_examples_of_the_chinese_schedules() {
    let rules = embedded().expect("the embedded series are sound").rules;
    let mut wrong = Vec::new();
    for (who, doses, group, next) in EXAMPLES {
        let (sex, born) = who.split_once(' ').expect("sex and birth");
        let parts: Vec<Vec<&str>> = doses.iter().map(|d| d.split(' ').collect()).collect();
        let given: Vec<_> =
            parts.iter().map(|d| serde_json::json!({"date": d[0], "vaccine": d[1]})).collect();
        let line = serde_json::json!({"born": born, "sex": sex, "as_of": AS_OF, "doses": given});
        let history = read_line(&line.to_string(), &rules, NaiveDate::MAX).expect("a history");
        let got = assess(&rules, &history.person);
        for (dose, verdicts) in parts.iter().zip(&got.doses) {
            let found = verdicts.iter().map(|it| it.verdict.status).min().map_or("-", status);
            if found != dose[2] {
                wrong.push(format!("{who} {doses:?}: {dose:?} is {found}"));
            }
        }
        if next.is_empty() {
            continue;
        }
        let named = |it: &&crate::domain::rules::GroupForecast| {
            &*rules.groups[usize::from(it.group.0)].name == *group
        };
        let it = got.forecasts.iter().find(named).expect("a forecast of the group");
        let found = match (it.progress, it.next) {
            (SeriesStatus::NotComplete, Some(next)) => {
                format!("not_complete {} {}", next.number, next.earliest.date)
            }
            (SeriesStatus::Complete, _) => "complete".to_owned(),
            (SeriesStatus::AgedOut, _) => "aged_out".to_owned(),
            (other, _) => format!("{other:?}"),
        };
        if found != *next {
            wrong.push(format!("{who} {doses:?} {group}: {found}, not {next}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
