//! A line of output of `doseplan forecast`: the assessment of a patient, as JSON.

use super::forecast_words::{Reasons, iso};
use crate::domain::campaign::Language;
use crate::domain::rules::{Assessment, Rules, SeriesStatus, Status, assess};
use crate::intake::history::{DoseCode, History, LineError, read_line};
use crate::text;
use chrono::NaiveDate;
use std::fmt::Write as _;

/// The words of the output.
pub(super) struct Words {
    language: Language,
    reasons: Reasons,
}

impl Words {
    pub(super) fn new(language: Language) -> Self {
        Self { language, reasons: Reasons::new(language) }
    }

    /// The text for a code that is not in the rules: `cvx 999`.
    pub(super) fn unknown(&self, code: &str, row: u64) -> String {
        text::say(self.language, "forecast-unknown-code", &[("code", &code), ("row", &row)])
    }

    fn late(&self, dose: usize, as_of: NaiveDate) -> String {
        let as_of = iso(as_of);
        text::say(self.language, "forecast-after-as-of", &[("dose", &dose), ("as_of", &as_of)])
    }

    fn error(&self, error: &LineError) -> String {
        let say = |key, arguments: &[(&str, &dyn std::fmt::Display)]| {
            text::say(self.language, key, arguments)
        };
        match error {
            LineError::Unreadable(reason) => say("forecast-unreadable", &[("reason", reason)]),
            LineError::Missing(key) => say("forecast-missing", &[("key", key)]),
            LineError::BadDate { key, value } => {
                say("forecast-bad-date", &[("key", key), ("value", value)])
            }
            LineError::BadSex(value) => say("forecast-bad-sex", &[("value", value)]),
            LineError::BeforeBirth(dose) => say("forecast-before-birth", &[("dose", dose)]),
            LineError::NotBorn => say("forecast-not-born", &[]),
            LineError::NoVaccine(dose) => say("forecast-no-vaccine", &[("dose", dose)]),
            LineError::TooManyDoses => say("forecast-too-many-doses", &[]),
        }
    }
}

/// Evaluates lines of histories and writes the results.
pub(super) struct Writer<'a> {
    rules: &'a Rules,
    words: &'a Words,
    today: NaiveDate,
    /// Names as JSON strings.
    antigens: Vec<String>,
    groups: Vec<String>,
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a text becomes JSON")
}

impl<'a> Writer<'a> {
    pub(super) fn new(rules: &'a Rules, words: &'a Words, today: NaiveDate) -> Self {
        let antigens = rules.antigens.iter().map(|antigen| json(&antigen.name)).collect();
        let groups = rules.groups.iter().map(|group| json(&group.name)).collect();
        Self { rules, words, today, antigens, groups }
    }

    /// Writes the result for a line; false if the line, or a dose of it, counts for nothing.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        row: u64,
        out: &mut String,
        warnings: &mut Vec<(String, u64)>,
    ) -> bool {
        let read = match std::str::from_utf8(line) {
            Ok(line) => read_line(line, self.rules, self.today),
            Err(_) => Err((None, LineError::Unreadable("UTF-8".to_owned()))),
        };
        match read {
            Ok(history) => {
                for (given, code) in history.person.doses.iter().zip(&history.codes) {
                    if given.vaccine.is_none() {
                        warnings.push((format!("{} {}", code.key, code.code), row));
                    }
                }
                for code in &history.unknown_observations {
                    warnings.push((format!("observation {code}"), row));
                }
                let assessment = assess(self.rules, &history.person);
                self.answer(&history, &assessment, out);
                history.late.is_empty()
            }
            Err((id, error)) => {
                out.push('{');
                if let Some(id) = id {
                    let _ = write!(out, "\"id\":{id},");
                }
                let _ = writeln!(out, "\"error\":{}}}", json(&self.words.error(&error)));
                false
            }
        }
    }

    fn answer(&self, history: &History, assessment: &Assessment, out: &mut String) {
        let _ = match &history.id {
            Some(id) => write!(out, "{{\"id\":{id},\"doses\":["),
            None => write!(out, "{{\"id\":null,\"doses\":["),
        };
        let mut doses = history.person.doses.iter().zip(&history.codes).zip(&assessment.doses);
        let mut late = history.late.iter().peekable();
        for index in 0..assessment.doses.len() + history.late.len() {
            comma(index, out);
            if let Some(dose) = late.next_if(|dose| dose.place == index) {
                start_dose(dose.date, &dose.code, out);
                out.push(']');
                let shown = index + 1;
                list(&[self.words.late(shown, history.person.as_of)], out);
                continue;
            }
            let Some(((given, code), verdicts)) = doses.next() else { continue };
            start_dose(given.date, code, out);
            for (index, it) in verdicts.iter().enumerate() {
                comma(index, out);
                let antigen = &self.antigens[usize::from(it.antigen.0)];
                let group = &self.groups[usize::from(it.group.0)];
                let status = status(it.verdict.status);
                let parts = [
                    "{\"antigen\":",
                    antigen,
                    ",\"group\":",
                    group,
                    ",\"status\":\"",
                    status,
                    "\"",
                ];
                push_all(&parts, out);
                list(&self.words.reasons.of_dose(self.rules, given.date, it), out);
            }
            out.push_str("]}");
        }
        out.push_str("],\"forecasts\":[");
        for (index, it) in assessment.forecasts.iter().enumerate() {
            comma(index, out);
            let group = &self.groups[usize::from(it.group.0)];
            let _ = write!(
                out,
                "{{\"group\":{group},\"series_group\":{},\"status\":\"{}\",\"dose\":",
                it.series_group,
                progress(it.progress)
            );
            let next = it.next;
            let _ = match next {
                Some(next) => write!(out, "{}", next.number),
                None => write!(out, "null"),
            };
            day("earliest", next.map(|next| next.earliest.date), out);
            day("recommended", next.map(|next| next.recommended.date), out);
            day("past_due", next.and_then(|next| next.past_due).map(|day| day.date), out);
            day("latest", next.and_then(|next| next.latest).map(|day| day.date), out);
            list(&self.words.reasons.of_forecast(self.rules, it), out);
        }
        out.push_str("]}\n");
    }
}

/// The start of a dose, up to its evaluations.
fn start_dose(date: NaiveDate, code: &DoseCode, out: &mut String) {
    out.push_str("{\"date\":\"");
    push_day(date, out);
    push_all(&["\",\"", code.key, "\":"], out);
    push_json(&code.code, out);
    out.push_str(",\"evaluations\":[");
}

fn comma(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

/// The reasons, and the end of the object.
fn list(reasons: &[String], out: &mut String) {
    out.push_str(",\"reasons\":[");
    for (index, reason) in reasons.iter().enumerate() {
        comma(index, out);
        push_json(reason, out);
    }
    out.push_str("]}");
}

fn day(key: &str, day: Option<NaiveDate>, out: &mut String) {
    push_all(&[",\"", key, "\":"], out);
    match day {
        Some(day) => {
            out.push('"');
            push_day(day, out);
            out.push('"');
        }
        None => out.push_str("null"),
    }
}

fn push_all(parts: &[&str], out: &mut String) {
    for part in parts {
        out.push_str(part);
    }
}

fn push_day(day: NaiveDate, out: &mut String) {
    let _ = write!(out, "{}", iso(day));
}

/// A JSON string; most texts need no escaping.
fn push_json(text: &str, out: &mut String) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.push_str(&json(text));
    } else {
        push_all(&["\"", text, "\""], out);
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Valid => "valid",
        Status::Extraneous => "extraneous",
        Status::NotValid => "not_valid",
        Status::SubStandard => "sub_standard",
    }
}

fn progress(progress: SeriesStatus) -> &'static str {
    match progress {
        SeriesStatus::NotComplete => "not_complete",
        SeriesStatus::Complete => "complete",
        SeriesStatus::Immune => "immune",
        SeriesStatus::Contraindicated => "contraindicated",
        SeriesStatus::AgedOut => "aged_out",
        SeriesStatus::NotRecommended => "not_recommended",
    }
}
