//! Files beside the official figures: births from another source, and surveys that were filled in.

use super::Shape;
use super::whole::{located, whole};
use crate::domain::national::OtherDenominator;
use crate::intake::check::duplicates;
use crate::intake::fields::{COUNT_MAX, Fields};
use crate::intake::issue::Issue;
use crate::intake::table::Column;
use crate::intake::values;
use std::path::Path;

/// What a survey found about a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyRow {
    /// The village or unit that was drawn; empty if children were drawn one by one.
    pub cluster: String,
    /// The answers, in the order of [`SURVEY_QUESTIONS`]; `None` where nothing is said.
    pub answers: [Option<bool>; 4],
}

/// What is asked about each child: whether it has a certificate (建证), a file (建档), all doses of its age (全程), and
/// whether certificate and file agree (卡证符合).
pub const SURVEY_QUESTIONS: [&str; 4] = ["certificate", "file", "complete", "agrees"];

/// The columns of a survey.
pub const SURVEY_COLUMNS: [&str; 8] =
    ["no", "cluster", "name", "born", "certificate", "file", "complete", "agrees"];

const SURVEY: Shape<SurveyRow> = Shape {
    stem: "survey",
    columns: &[
        Column::optional("no"),
        Column::optional("cluster"),
        Column::optional("name").private(),
        Column::optional("born").private(),
        Column::required("certificate"),
        Column::optional("file"),
        Column::optional("complete"),
        Column::optional("agrees"),
    ],
    read: answers,
    is_unfilled: |fields| SURVEY_QUESTIONS.iter().all(|column| fields.is_blank(column)),
};

const BIRTHS: Shape<OtherDenominator> = Shape {
    stem: "births",
    columns: &[
        Column::required("area"),
        Column::required("year"),
        Column::required("births"),
        Column::optional("source"),
    ],
    read: births_of,
    is_unfilled: |_| false,
};

/// Reads a survey that was filled in, whole.
pub fn survey(path: &Path) -> Result<Vec<SurveyRow>, Vec<Issue>> {
    whole(path, &SURVEY)
}

/// Reads births by place and year, whole. Each place and year may stand there once.
pub fn births(path: &Path) -> Result<Vec<OtherDenominator>, Vec<Issue>> {
    let (file, rows) = located(path, &BIRTHS)?;
    let key = |one: &OtherDenominator| (one.place.clone(), one.year);
    let shown = |one: &OtherDenominator| format!("{} {}", one.place, one.year);
    let mut issues = Vec::new();
    duplicates(&file, "area", &rows, key, shown, &mut issues);
    if issues.is_empty() {
        Ok(rows.into_iter().map(|row| row.value).collect())
    } else {
        Err(issues)
    }
}

fn answers(fields: &mut Fields<'_>) -> Option<SurveyRow> {
    let cluster = fields.text_maybe("cluster");
    let mut answer = |column| {
        if fields.is_blank(column) {
            return Some(None);
        }
        fields.word(column, &["yes", "no"], values::yes_no).map(Some)
    };
    let all = SURVEY_QUESTIONS.map(&mut answer);
    let [one, two, three, four] = all;
    Some(SurveyRow { cluster: cluster?.unwrap_or_default(), answers: [one?, two?, three?, four?] })
}

fn births_of(fields: &mut Fields<'_>) -> Option<OtherDenominator> {
    let place = fields.code("area");
    let year = fields.count("year", 1950..=2200);
    let children = fields.count("births", 0..=COUNT_MAX);
    let source = fields.text_maybe("source");
    Some(OtherDenominator {
        place: place?,
        year: i32::try_from(year?).ok()?,
        children: children?.into(),
        source: source?.unwrap_or_default(),
    })
}
