//! Reads values of a CDSi file: durations, days, numbers, words. Faults become issues with file and element.

use super::builder::Builder;
use super::xml::Element;
use crate::domain::rules::model::{AgeId, InForce, Wait};
use crate::domain::series::{Duration, MonthEnd};
use crate::intake::issue::{Issue, Severity, nearest};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// A file that is being read.
pub(super) struct Reading<'a> {
    pub(super) file: &'a str,
    pub(super) builder: &'a mut Builder,
    pub(super) issues: &'a mut Vec<Issue>,
    /// Unknown elements that were reported already.
    unknown: BTreeSet<String>,
}

/// The engine keeps one bit for each series group.
pub(super) const SERIES_GROUP_MAX: u32 = 31;
/// A series of more doses is taken for a typing error (our choice; no vaccine comes near it).
pub(super) const DOSES_MAX: u32 = 100;

/// CDSi moves a day that does not exist to the first of the next month (CALCDT-5).
pub(super) const ROLL: MonthEnd = MonthEnd::Roll;

impl<'a> Reading<'a> {
    pub(super) fn new(file: &'a str, builder: &'a mut Builder, issues: &'a mut Vec<Issue>) -> Self {
        Self { file, builder, issues, unknown: BTreeSet::new() }
    }

    /// What was found wrong since `before` issues costs only what it touches, and no longer the file. Returns whether
    /// anything was.
    pub(super) fn forgive(&mut self, before: usize) -> bool {
        let mut is_wrong = false;
        for issue in self.issues.iter_mut().skip(before).filter(|issue| issue.is_error()) {
            issue.severity = Severity::Warning;
            is_wrong = true;
        }
        is_wrong
    }

    /// Tells that something is left out because of the warnings before.
    pub(super) fn leave_out(&mut self, at: &Element, name: &str) {
        let issue = Issue::warning("left_out", self.file).row(at.row);
        self.issues.push(issue.column(&*at.name).value(name));
    }

    pub(super) fn error(&mut self, code: &'static str, at: &Element, element: &str, value: &str) {
        let issue = Issue::error(code, self.file).row(at.row).column(element).value(value);
        self.issues.push(issue);
    }

    /// Warns about unknown child elements, once for each name.
    pub(super) fn known(&mut self, element: &Element, names: &[&str]) {
        for child in element.children() {
            if names.contains(&&*child.name) {
                continue;
            }
            let path = format!("{}/{}", element.name, child.name);
            if self.unknown.insert(path.clone()) {
                let issue = Issue::warning("unknown_element", self.file).row(child.row);
                self.issues.push(issue.column(path).value(&child.name));
            }
        }
    }

    /// A required text.
    pub(super) fn required<'e>(&mut self, element: &'e Element, name: &str) -> &'e str {
        let text = element.value(name);
        if text.is_empty() {
            self.error("missing_value", element, name, "");
        }
        text
    }

    pub(super) fn duration(&mut self, element: &Element, name: &str) -> Option<Duration> {
        let text = element.value(name);
        if text.is_empty() {
            return None;
        }
        let duration = text.parse().ok();
        if duration.is_none() {
            let at = element.child(name).unwrap_or(element);
            self.error("bad_duration", at, name, text);
        }
        duration
    }

    pub(super) fn age(&mut self, element: &Element, name: &str) -> AgeId {
        let duration = self.duration(element, name);
        self.builder.age(duration, ROLL)
    }

    pub(super) fn wait(&mut self, element: &Element, name: &str) -> Option<Wait> {
        Some(Wait { duration: self.duration(element, name)?, month_end: ROLL })
    }

    /// A day written as `20250827` or `08/27/2025`.
    pub(super) fn day(&mut self, element: &Element, name: &str) -> Option<NaiveDate> {
        let text = element.value(name);
        if text.is_empty() {
            return None;
        }
        let is_plain = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        let form = if is_plain {
            "%Y%m%d"
        } else if text.contains('/') {
            "%m/%d/%Y"
        } else {
            "%Y-%m-%d"
        };
        let day = NaiveDate::parse_from_str(text, form).ok();
        if day.is_none() {
            let at = element.child(name).unwrap_or(element);
            self.error("bad_date", at, name, text);
        }
        day
    }

    pub(super) fn in_force(&mut self, element: &Element) -> InForce {
        let always = InForce::default();
        InForce {
            from: self.day(element, "effectiveDate").unwrap_or(always.from),
            to: self.day(element, "cessationDate").unwrap_or(always.to),
        }
    }

    /// One of several words, in any case; `None` if the element is empty.
    pub(super) fn word<T: Copy>(
        &mut self,
        element: &Element,
        name: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = element.value(name);
        if text.is_empty() {
            return None;
        }
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let at = element.child(name).unwrap_or(element);
            let issue = Issue::error("bad_word", self.file).row(at.row).column(name).value(text);
            let hint = nearest(text, known.iter().copied()).unwrap_or("none").to_owned();
            self.issues.push(issue.with("nearest", hint).with("known", known.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    pub(super) fn yes(&mut self, element: &Element, name: &str) -> bool {
        let words = [("Yes", true), ("Y", true), ("No", false), ("N", false)];
        self.word(element, name, &words).unwrap_or(false)
    }

    /// A whole number; `None` if the element is empty.
    pub(super) fn number(
        &mut self,
        element: &Element,
        name: &str,
        min: u32,
        max: u32,
    ) -> Option<u32> {
        self.number_of(element, name, element.value(name), min, max)
    }

    /// The same for a text that is only part of an element.
    pub(super) fn number_of(
        &mut self,
        element: &Element,
        name: &str,
        text: &str,
        min: u32,
        max: u32,
    ) -> Option<u32> {
        if text.is_empty() {
            return None;
        }
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        if number.is_none() {
            let issue = Issue::error("not_whole", self.file).row(element.row).column(name);
            self.issues.push(issue.value(text).with("min", min).with("max", max));
        }
        number
    }
}

/// The parts of a list separated by `;`, with or without spaces.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty())
}

/// A number that fits by construction; a larger one becomes the maximum.
pub(super) fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// Series groups written as `1` or `2;3`.
pub(super) fn groups_of(reading: &mut Reading<'_>, element: &Element, name: &str) -> Vec<u8> {
    let mut groups = Vec::new();
    for part in parts(element.value(name)) {
        let group = reading.number_of(element, name, part, 0, SERIES_GROUP_MAX);
        groups.extend(group.map(small));
    }
    groups
}
