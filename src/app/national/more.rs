//! Figures beside the tables of coverage: D值, doses that families paid for, results of surveys.

use super::National;
use super::forms::{FormCell, FormHead, OfficialForm, Words};
use crate::domain::campaign::Language;
use crate::domain::national::{
    CohortTable, OtherDenominator, PaidCounts, PaidTable, ReliabilityLine, ScopeKey, SurveyShare,
    reliability_lines,
};
use crate::intake::rows::{SURVEY_COLUMNS, SURVEY_QUESTIONS, SurveyRow};
use chrono::Datelike as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a blank survey at most. A survey of a county asks about some hundred children.
pub const SURVEY_ROWS_MAX: usize = 2_000;

impl National {
    /// D值 of each place and year of birth at the end of a year: reported rates against those by other denominators.
    /// Beside the lines the denominators that no place or no age group of the table belongs to.
    pub fn reliability(
        &self,
        cohort: &CohortTable,
        others: &[OtherDenominator],
    ) -> (Vec<ReliabilityLine>, Vec<OtherDenominator>) {
        let (day, year) = (cohort.day, cohort.day.year());
        let scopes = cohort.scopes(&self.folder.places);
        let (first, last) = self.rules.cohort.ages;
        let units = self.folder.places.all().filter_map(|(_, place)| place.unit.as_ref());
        let known: BTreeSet<ScopeKey> = units.flat_map(ScopeKey::of).collect();
        let (mut lines, mut left) = (Vec::new(), Vec::new());
        for other in others {
            let age = u8::try_from(year - other.year).ok();
            let age = age.filter(|age| (first..=last).contains(age));
            let township = ScopeKey::Township(other.place.clone());
            let place = [township, ScopeKey::County(other.place.clone())]
                .into_iter()
                .find(|place| known.contains(place));
            let (Some(age), Some(place)) = (age, place) else {
                left.push(other.clone());
                continue;
            };
            // Births where nobody has a file are what the other source is asked for.
            let group = scopes.get(&place).and_then(|ages| ages.get(&age)).cloned();
            let group = group.unwrap_or_default();
            let of = (&self.rules, day);
            lines.extend(reliability_lines(&place.to_string(), (&group, age), other, of));
        }
        (lines, left)
    }

    /// Whether the cohort table of the end of a year has a group of children born in another year.
    pub fn has_group(&self, year: i32, born: i32) -> bool {
        let (first, last) = self.rules.cohort.ages;
        (i32::from(first)..=i32::from(last)).contains(&(year - born))
    }

    /// What a reader calls a row of the cohort table.
    pub fn cohort_row_name(&self, id: &str, language: Language) -> String {
        let mut rules = self.rules.cohort.rows.iter();
        match rules.find(|rule| rule.id == id) {
            Some(rule) if language == Language::ZhCn => format!("{}{}", rule.vaccine, rule.dose),
            _ => id.to_owned(),
        }
    }

    /// Births of a year by residents and a birth rate in hundredths per thousand, of every township with residents.
    pub fn births_by_residents(&self, years: &[i32], rate: u64) -> Vec<OtherDenominator> {
        let births = |residents: u64| (residents * rate + 50_000) / 100_000;
        let townships = self.folder.townships.iter();
        townships
            .filter_map(|township| Some((township, township.population?)))
            .flat_map(|(township, residents)| {
                years.iter().map(move |year| OtherDenominator {
                    place: township.code.clone(),
                    year: *year,
                    children: births(residents),
                    source: String::new(),
                })
            })
            .collect()
    }

    /// 非国家免疫规划疫苗接种数月报表 as JSON: places, vaccines, doses, months.
    pub fn paid_json(&self, table: &PaidTable) -> Value {
        let months = table.months();
        let mut scopes = serde_json::Map::new();
        for (scope, counts) in table.scopes(self.counting()) {
            let mut vaccines: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
            for ((product, number), counts) in &counts {
                let of_month = months.iter().zip(counts).filter(|(_, count)| **count > 0);
                let of_month: BTreeMap<String, u64> =
                    of_month.map(|(month, count)| (month.to_string(), *count)).collect();
                let doses = vaccines.entry(self.rules.code(*product)).or_default();
                doses.insert(number.to_string(), json!(of_month));
            }
            scopes.insert(scope.to_string(), json!(vaccines));
        }
        json!({"scopes": scopes, "elsewhere": table.elsewhere})
    }

    /// The same as a form: vaccine × dose × month.
    pub fn paid_form(
        &self,
        table: &PaidTable,
        scope: &ScopeKey,
        counts: &PaidCounts,
        language: Language,
    ) -> OfficialForm {
        let words = Words(language);
        let months = table.months();
        let mut keyed: Vec<_> = counts.iter().collect();
        keyed.sort_by_key(|((product, number), _)| (self.rules.code(*product), *number));
        let mut sums = vec![0; months.len()];
        let (mut rows, mut ids) = (Vec::new(), Vec::new());
        for ((product, number), counts) in keyed {
            ids.push(format!("{}/{number}", self.rules.code(*product)));
            let mut row = vec![
                FormCell::Text(self.rules.code(*product).to_owned()),
                FormCell::Count(u64::from(*number)),
            ];
            row.extend(counts.iter().map(|count| FormCell::Count(*count)));
            row.push(FormCell::Count(counts.iter().sum()));
            rows.push(row);
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        let mut all = vec![FormCell::Text(words.label("sum")), FormCell::Blank];
        all.extend(sums.iter().map(|count| FormCell::Count(*count)));
        all.push(FormCell::Count(sums.iter().sum()));
        rows.push(all);
        let mut heads = heads(&["vaccine", "dose"], words);
        for month in months.iter().map(ToString::to_string).chain([words.label("sum")]) {
            let column = heads.len();
            heads.push(FormHead { text: month, line: 0, column, lines: 1, columns: 1 });
        }
        let place = match scope {
            ScopeKey::All => words.label("everything"),
            other => self.name_of(other),
        };
        OfficialForm {
            place: scope.to_string(),
            titles: vec![words.label("paid-title"), words.told("place", &[("place", &place)])],
            heads,
            ids,
            rows,
            notes: vec![words.label("note-own-layout")],
        }
    }
}

/// A survey to be filled in: numbered rows without names.
pub fn survey_form(rows: usize, is_yearly: bool, language: Language) -> OfficialForm {
    let words = Words(language);
    let title = if is_yearly { "survey-year-title" } else { "survey-quarter-title" };
    let row = |number: usize| {
        let mut row = vec![FormCell::Count(number as u64)];
        row.resize(SURVEY_COLUMNS.len(), FormCell::Blank);
        row
    };
    let head = |(column, code): (usize, &&str)| FormHead {
        text: (*code).to_owned(),
        line: 0,
        column,
        lines: 1,
        columns: 1,
    };
    OfficialForm {
        place: "survey".to_owned(),
        titles: vec![words.label(title), words.label("survey-help")],
        heads: SURVEY_COLUMNS.iter().enumerate().map(head).collect(),
        rows: (1..=rows).map(row).collect(),
        ids: Vec::new(),
        notes: Vec::new(),
    }
}

/// What a survey found: the share of each question, of the children of whom it is said.
pub fn survey_result(rows: &[SurveyRow]) -> Vec<(&'static str, SurveyShare)> {
    let share = |(at, question): (usize, &&'static str)| {
        let mut clusters: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for row in rows {
            if let Some(answer) = row.answers[at] {
                let cluster = clusters.entry(&row.cluster).or_default();
                cluster.0 += u64::from(answer);
                cluster.1 += 1;
            }
        }
        (*question, SurveyShare::of(&clusters.into_values().collect::<Vec<_>>()))
    };
    SURVEY_QUESTIONS.iter().enumerate().map(share).collect()
}

/// Headings in one line.
fn heads(keys: &[&str], words: Words) -> Vec<FormHead> {
    keys.iter().enumerate().map(|(column, key)| words.head(key, 0, column, (1, 1))).collect()
}
