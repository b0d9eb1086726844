//! What the names in a file of rules mean: dates, doses, kinds, rows, vaccines. A name that means nothing becomes an
//! issue.

use crate::domain::national::{DoseRef, ProductId, StartFrom, StartTerm};
use crate::domain::series::Duration;
use crate::intake::issue::{Issue, nearest};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Highest dose number that a rule may name. Our choice; no course has more.
const DOSE_MAX: usize = 9;

/// Names that the files share.
#[derive(Default)]
pub(super) struct Names {
    pub(super) dates: BTreeMap<String, NaiveDate>,
    pub(super) gaps: BTreeMap<String, Duration>,
    pub(super) kinds: BTreeMap<String, usize>,
    pub(super) courses: BTreeMap<String, usize>,
    pub(super) vaccines: BTreeMap<String, ProductId>,
    pub(super) issues: Vec<Issue>,
}

/// Where a name stands: the file, and the id of the part of it.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) file: &'a str,
    pub(super) id: &'a str,
}

impl Names {
    /// Adds the issue that a name means nothing.
    pub(super) fn unknown<'a>(
        &mut self,
        at: At<'_>,
        key: &str,
        value: &str,
        known: impl Iterator<Item = &'a String> + Clone,
    ) {
        let near = nearest(value, known.clone().map(String::as_str)).unwrap_or("none").to_owned();
        let known = known.map(String::as_str).collect::<Vec<_>>().join(", ");
        let code = if key == "vaccines" { "unknown_vaccine" } else { "unknown_rule_name" };
        let issue = Issue::error(code, at.file).column(format!("{} {key}", at.id)).value(value);
        self.issues.push(issue.with("nearest", near).with("known", known));
    }

    /// A date by its name, or as written.
    pub(super) fn date(
        &mut self,
        at: At<'_>,
        key: &str,
        text: Option<&String>,
    ) -> Option<NaiveDate> {
        let text = text?;
        let found = self.dates.get(text).copied().or_else(|| text.parse().ok());
        if found.is_none() {
            let known: Vec<String> = self.dates.keys().cloned().collect();
            self.unknown(at, key, text, known.iter());
        }
        found
    }

    /// A kind of child.
    pub(super) fn kind(&mut self, at: At<'_>, key: &str, text: Option<&String>) -> Option<usize> {
        let text = text?;
        let found = self.kinds.get(text).copied();
        if found.is_none() {
            let known: Vec<String> = self.kinds.keys().cloned().collect();
            self.unknown(at, key, text, known.iter());
        }
        found
    }

    /// A course.
    pub(super) fn course(&mut self, at: At<'_>, key: &str, text: &str) -> Option<usize> {
        let found = self.courses.get(text).copied();
        if found.is_none() {
            let known: Vec<String> = self.courses.keys().cloned().collect();
            self.unknown(at, key, text, known.iter());
        }
        found
    }

    /// A dose, as `HepB-1`: a course and a number.
    pub(super) fn dose(&mut self, at: At<'_>, key: &str, text: &str) -> Option<DoseRef> {
        let parts = text.trim().rsplit_once('-');
        let number = parts.and_then(|(_, number)| number.parse().ok());
        let (Some((course, _)), Some(number)) = (parts, number) else {
            let known: Vec<String> = self.courses.keys().map(|id| format!("{id}-1")).collect();
            self.unknown(at, key, text, known.iter());
            return None;
        };
        let course = self.course(at, key, course)?;
        if (1..=DOSE_MAX).contains(&number) {
            return Some(DoseRef { course, number });
        }
        let known: Vec<String> = self.courses.keys().map(|id| format!("{id}-1")).collect();
        self.unknown(at, key, text, known.iter());
        None
    }

    /// Several doses.
    pub(super) fn doses(&mut self, at: At<'_>, key: &str, texts: &[String]) -> Vec<DoseRef> {
        texts.iter().filter_map(|text| self.dose(at, key, text)).collect()
    }

    /// Vaccines with a programme component.
    pub(super) fn products(&mut self, at: At<'_>, texts: &[String]) -> Vec<ProductId> {
        let mut found = Vec::new();
        for text in texts {
            if let Some(id) = self.vaccines.get(text) {
                found.push(*id);
                continue;
            }
            let known: Vec<String> = self.vaccines.keys().cloned().collect();
            self.unknown(at, "vaccines", text, known.iter());
        }
        found
    }

    /// A start: `birth`, `2 months` (of age), `HepB-1 + 1 month`, `JEL-1 / JEI-2 + 12 months`, `hpv-from`.
    pub(super) fn start(&mut self, at: At<'_>, text: &str) -> Option<StartTerm> {
        let (from, after) = match text.split_once(" + ") {
            Some((from, after)) => (from, self.gap(at, after)?),
            None if text == "birth" => (text, Duration::default()),
            None => match text.parse() {
                Ok(age) => ("birth", age),
                Err(_) => (text, Duration::default()),
            },
        };
        let from = from.trim();
        let from = if from == "birth" {
            StartFrom::Birth
        } else if self.dates.contains_key(from) || from.parse::<NaiveDate>().is_ok() {
            StartFrom::Day(self.date(at, "start", Some(&from.to_owned()))?)
        } else {
            let doses: Option<Vec<DoseRef>> =
                from.split(" / ").map(|dose| self.dose(at, "start", dose)).collect();
            StartFrom::Doses(doses?)
        };
        Some(StartTerm { from, after })
    }

    /// An interval by its name, or as written.
    fn gap(&mut self, at: At<'_>, text: &str) -> Option<Duration> {
        let text = text.trim();
        let found = self.gaps.get(text).copied().or_else(|| text.parse().ok());
        if found.is_none() {
            let known: Vec<String> = self.gaps.keys().cloned().collect();
            self.unknown(at, "start", text, known.iter());
        }
        found
    }
}
