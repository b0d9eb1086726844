//! The reasons of `doseplan forecast` in words. For speed, a message is formatted once and split at its arguments;
//! a register of a million children has many reasons.

use crate::domain::campaign::Language;
use crate::domain::rules::{
    DoseReason, DoseVerdict, GroupForecast, Rules, SeriesStatus, Since, Why, model::VaccineId,
};
use crate::domain::series::Duration;
use crate::text;
use chrono::{Datelike as _, NaiveDate};
use std::collections::HashMap;
use std::fmt::{self, Display, Write, from_fn};

/// Marks an argument in a message that is being split; no message contains it.
const MARK: char = '\u{1}';

/// A split message: a text, then pairs of an argument and a text.
#[derive(Debug)]
struct Template {
    first: String,
    rest: Vec<(String, String)>,
}

impl Template {
    fn new(language: Language, key: &str, names: &[&'static str]) -> Self {
        let marked: Vec<String> = names.iter().map(|name| format!("{MARK}{name}{MARK}")).collect();
        let arguments: Vec<(&str, &dyn Display)> =
            names.iter().zip(&marked).map(|(name, mark)| (*name, mark as &dyn Display)).collect();
        let message = text::say(language, key, &arguments);
        let mut parts = message.split(MARK).map(str::to_owned);
        let first = parts.next().unwrap_or_default();
        let mut rest = Vec::new();
        while let (Some(name), Some(after)) = (parts.next(), parts.next()) {
            rest.push((name, after));
        }
        Self { first, rest }
    }
}

/// The messages and the arguments that each may use.
const MESSAGES: &[(&str, &[&str])] = &[
    ("why-since-dose", &["number"]),
    ("why-since-other", &["date"]),
    ("why-since-event", &["date"]),
    ("why-series-complete", &[]),
    ("why-expired", &[]),
    ("why-inadvertent", &["number"]),
    ("why-too-young", &["age", "first"]),
    ("why-grace-age", &["age"]),
    ("why-too-old", &["age"]),
    ("why-too-soon", &["number", "since", "days", "wait"]),
    ("why-too-soon-grace", &["number", "since", "days", "wait", "grace"]),
    ("why-grace-interval", &["number", "since", "days", "wait"]),
    ("why-too-late", &["number", "since", "days", "wait"]),
    ("why-too-late-counts", &["number", "since", "days", "wait"]),
    ("why-conflict", &["date", "vaccine", "days", "first"]),
    ("why-vaccine-age", &[]),
    ("why-manufacturer", &["number"]),
    ("why-vaccine", &["number"]),
    ("why-earliest", &["date", "why"]),
    ("why-recommended", &["date", "why"]),
    ("why-past-due", &["date", "why"]),
    ("why-latest", &["date", "why"]),
    ("why-day-age", &["age"]),
    ("why-day-born", &[]),
    ("why-day-interval", &["since", "wait"]),
    ("why-day-conflict", &["date", "vaccine"]),
    ("why-day-season", &[]),
    ("why-day-latest-dose", &[]),
    ("why-complete", &[]),
    ("why-immune", &[]),
    ("why-contraindicated", &[]),
    ("why-aged-out", &[]),
    ("why-not-recommended", &[]),
    ("why-day", &["count"]),
    ("why-days", &["count"]),
    ("why-month", &["count"]),
    ("why-months", &["count"]),
    ("why-year", &["count"]),
    ("why-years", &["count"]),
    ("why-age-year", &["count"]),
    ("why-age-years", &["count"]),
    ("why-plus", &["months", "days"]),
    ("why-minus", &["months", "days"]),
];

/// The messages of one language.
#[derive(Debug)]
pub(super) struct Reasons {
    templates: HashMap<&'static str, Template>,
}

impl Reasons {
    pub(super) fn new(language: Language) -> Self {
        let templates = MESSAGES
            .iter()
            .map(|(key, names)| (*key, Template::new(language, key, names)))
            .collect();
        Self { templates }
    }

    fn write(
        &self,
        out: &mut dyn Write,
        key: &str,
        values: &[(&str, &dyn Display)],
    ) -> fmt::Result {
        let Some(template) = self.templates.get(key) else { return write!(out, "⟨{key}⟩") };
        out.write_str(&template.first)?;
        for (name, after) in &template.rest {
            if let Some((_, value)) = values.iter().find(|(known, _)| known == name) {
                write!(out, "{value}")?;
            }
            out.write_str(after)?;
        }
        Ok(())
    }

    fn fill(&self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        let mut out = String::with_capacity(96);
        let _ = self.write(&mut out, key, values);
        out
    }

    fn length(&self, duration: Duration, is_age: bool) -> impl Display {
        let years =
            if is_age { ("why-age-years", "why-age-year") } else { ("why-years", "why-year") };
        let count = move |out: &mut dyn Write, keys: (&'static str, &'static str), n: i32| {
            self.write(out, if n == 1 { keys.1 } else { keys.0 }, &[("count", &n)])
        };
        let of_months = move |out: &mut dyn Write, months: i32| {
            if months % 12 == 0 && months != 0 && (is_age || months > 12) {
                count(out, years, months / 12)
            } else {
                count(out, ("why-months", "why-month"), months)
            }
        };
        let of_days =
            move |out: &mut dyn Write, days: i32| count(out, ("why-days", "why-day"), days);
        from_fn(move |f| match (duration.months, duration.days) {
            (0, days) => of_days(f, days),
            (months, 0) => of_months(f, months),
            (months, days) => {
                let key = if days < 0 { "why-minus" } else { "why-plus" };
                let months = from_fn(|f| of_months(f, months));
                let days = from_fn(|f| of_days(f, days.abs()));
                self.write(f, key, &[("months", &months), ("days", &days)])
            }
        })
    }

    fn since(&self, since: Since, date: NaiveDate) -> impl Display {
        from_fn(move |f| match since {
            Since::Dose(number) => self.write(f, "why-since-dose", &[("number", &number)]),
            Since::OtherDose => self.write(f, "why-since-other", &[("date", &iso(date))]),
            Since::Event => self.write(f, "why-since-event", &[("date", &iso(date))]),
        })
    }

    /// Why a dose of `given` has its status.
    pub(super) fn of_dose(&self, rules: &Rules, given: NaiveDate, it: &DoseVerdict) -> Vec<String> {
        let tried = it.verdict.number.unwrap_or_default();
        it.verdict.reasons.iter().map(|why| self.reason(rules, given, tried, why)).collect()
    }

    fn reason(&self, rules: &Rules, given: NaiveDate, tried: u8, reason: &DoseReason) -> String {
        let days = |date: NaiveDate| (given - date).num_days();
        let interval = |key: &str, number: u8, since: Since, date: NaiveDate, wait, grace: &str| {
            let since = self.since(since, date);
            let (days, wait) = (days(date), self.length(wait, false));
            self.fill(
                key,
                &[
                    ("number", &number),
                    ("since", &since),
                    ("days", &days),
                    ("wait", &wait),
                    ("grace", &grace),
                ],
            )
        };
        match *reason {
            DoseReason::SeriesComplete => self.fill("why-series-complete", &[]),
            DoseReason::Expired => self.fill("why-expired", &[]),
            DoseReason::Inadvertent => self.fill("why-inadvertent", &[("number", &tried)]),
            DoseReason::TooYoung { age, first } => {
                let age = self.length(age, true);
                self.fill("why-too-young", &[("age", &age), ("first", &iso(first))])
            }
            DoseReason::GraceAge { age } => {
                self.fill("why-grace-age", &[("age", &self.length(age, true))])
            }
            DoseReason::TooOld { age } => {
                self.fill("why-too-old", &[("age", &self.length(age, true))])
            }
            DoseReason::TooSoon { number, since, date, wait, grace: None, .. } => {
                interval("why-too-soon", number, since, date, wait, "")
            }
            DoseReason::TooSoon { number, since, date, wait, grace: Some(grace), .. } => {
                let grace = self.length(grace, false).to_string();
                interval("why-too-soon-grace", number, since, date, wait, &grace)
            }
            DoseReason::GraceInterval { number, since, date, wait } => {
                interval("why-grace-interval", number, since, date, wait, "")
            }
            DoseReason::TooLate { number, since, date, wait, counts } => {
                let key = if counts { "why-too-late-counts" } else { "why-too-late" };
                interval(key, number, since, date, wait, "")
            }
            DoseReason::Conflict { vaccine, date, first } => {
                let (vaccine, days) = (name(rules, vaccine), days(date));
                let (date, first) = (iso(date), iso(first));
                self.fill(
                    "why-conflict",
                    &[("vaccine", &vaccine), ("date", &date), ("days", &days), ("first", &first)],
                )
            }
            DoseReason::VaccineAge => self.fill("why-vaccine-age", &[]),
            DoseReason::Manufacturer => self.fill("why-manufacturer", &[("number", &tried)]),
            DoseReason::VaccineNotListed => self.fill("why-vaccine", &[("number", &tried)]),
        }
    }

    /// Why a forecast has its status, or its days.
    pub(super) fn of_forecast(&self, rules: &Rules, it: &GroupForecast) -> Vec<String> {
        let Some(next) = it.next else {
            let key = match it.progress {
                SeriesStatus::NotComplete | SeriesStatus::NotRecommended => "why-not-recommended",
                SeriesStatus::Complete => "why-complete",
                SeriesStatus::Immune => "why-immune",
                SeriesStatus::Contraindicated => "why-contraindicated",
                SeriesStatus::AgedOut => "why-aged-out",
            };
            return vec![self.fill(key, &[])];
        };
        let line = |key: &str, day: crate::domain::rules::Day| {
            let why = self.why(rules, day.why);
            self.fill(key, &[("date", &iso(day.date)), ("why", &why)])
        };
        let mut lines = vec![line("why-earliest", next.earliest)];
        if next.recommended != next.earliest {
            lines.push(line("why-recommended", next.recommended));
        }
        lines.extend(next.past_due.map(|day| line("why-past-due", day)));
        lines.extend(next.latest.map(|day| line("why-latest", day)));
        lines
    }

    fn why(&self, rules: &Rules, why: Why) -> impl Display {
        from_fn(move |f| match why {
            Why::Age(age) if age == Duration::default() => self.write(f, "why-day-born", &[]),
            Why::Age(age) => self.write(f, "why-day-age", &[("age", &self.length(age, true))]),
            Why::Interval { since, date, wait } => {
                let (since, wait) = (self.since(since, date), self.length(wait, false));
                self.write(f, "why-day-interval", &[("since", &since), ("wait", &wait)])
            }
            Why::Conflict { vaccine, date } => {
                let vaccine = name(rules, vaccine);
                self.write(f, "why-day-conflict", &[("vaccine", &vaccine), ("date", &iso(date))])
            }
            Why::Season => self.write(f, "why-day-season", &[]),
            Why::LatestDose => self.write(f, "why-day-latest-dose", &[]),
        })
    }
}

/// A day as 2021-10-20; several times as fast as the formatter of `chrono`.
pub(super) fn iso(day: NaiveDate) -> impl Display {
    let digit = |number: u32| b"0123456789"[number as usize % 10];
    let (year, month, date) = (day.year().unsigned_abs(), day.month(), day.day());
    let mut text = *b"0000-00-00";
    let numbers = [year / 1000, year / 100, year / 10, year, month / 10, month, date / 10, date];
    for (at, number) in [0, 1, 2, 3, 5, 6, 8, 9].into_iter().zip(numbers) {
        text[at] = digit(number);
    }
    from_fn(move |out| out.write_str(str::from_utf8(&text).unwrap_or_default()))
}

/// The name of a vaccine in a reason.
fn name(rules: &Rules, vaccine: VaccineId) -> String {
    let code = &rules.vaccines[usize::from(vaccine.0)].code;
    if code.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("CVX {code}")
    } else {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_in_the_catalogue_with_its_arguments() {
        for language in [Language::ZhCn, Language::En] {
            for (key, names) in MESSAGES {
                let template = Template::new(language, key, names);
                assert!(!template.first.starts_with('⟨'), "{key}");
                assert_eq!(template.rest.len(), names.len(), "{key} in {language:?}");
            }
        }
    }

    #[test]
    fn a_dose_one_day_early_says_so_in_plain_chinese_and_english() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let reason = DoseReason::TooSoon {
            number: 2,
            since: Since::Dose(1),
            date: day("2026-01-01"),
            wait: Duration::days(28),
            grace: None,
            first: day("2026-01-29"),
        };
        let said = |language| {
            Reasons::new(language).reason(&Rules::default(), day("2026-01-28"), 2, &reason)
        };
        assert_eq!(said(Language::ZhCn), "第2剂距第1剂27天，最短间隔28天，无效");
        assert_eq!(
            said(Language::En),
            "dose 2 came 27 days after dose 1, shortest interval 28 days; not valid"
        );
    }
}
