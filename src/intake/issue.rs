//! What is wrong with a file, where, and what to do about it.

use crate::domain::campaign::Language;
use crate::text;
use serde::Serialize;
use std::fmt::{self, Display, Write};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file or row is refused.
    Error,
    /// It is taken, but somebody should look.
    Warning,
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Whether the file or row is refused.
    pub severity: Severity,
    /// What is wrong, stable for scripts: one of [`CODES`].
    pub code: &'static str,
    /// The file's name, or `book.xlsx!sheet`.
    pub file: Box<str>,
    /// The row as a spreadsheet or an editor numbers it, from 1.
    pub row: Option<u32>,
    /// The column or key.
    pub column: Option<String>,
    /// The offending text, shortened and harmless; `…` where it is private.
    pub value: String,
    /// What else the message says: limits, known names.
    pub arguments: Vec<(&'static str, String)>,
}

/// Longer texts are cut in messages.
const VALUE_CHARS_MAX: usize = 60;
/// Lists of known names in messages may be longer.
const ARGUMENT_CHARS_MAX: usize = 400;

impl Issue {
    /// An error of a file as a whole.
    pub fn error(code: &'static str, file: impl AsRef<str>) -> Self {
        debug_assert!(CODES.contains(&code), "{code} is not in CODES");
        Self {
            severity: Severity::Error,
            code,
            file: file.as_ref().into(),
            row: None,
            column: None,
            value: String::new(),
            arguments: Vec::new(),
        }
    }

    /// A warning about a file as a whole.
    pub fn warning(code: &'static str, file: impl AsRef<str>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, file) }
    }

    /// In this row; 0 is none.
    #[must_use]
    pub fn row(mut self, row: u32) -> Self {
        self.row = (row > 0).then_some(row);
        self
    }

    /// In this column.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(harmless(&column.into(), VALUE_CHARS_MAX));
        self
    }

    /// With this offending text.
    #[must_use]
    pub fn value(mut self, value: &str) -> Self {
        self.value = harmless(value, VALUE_CHARS_MAX);
        self
    }

    /// With a part of the message.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.arguments.push((name, harmless(&value.to_string(), ARGUMENT_CHARS_MAX)));
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// What is wrong and what to do, in a language.
    pub fn message(&self, language: Language) -> String {
        let column = self.column.as_deref().unwrap_or_default();
        let mut arguments: Vec<(&str, &dyn Display)> =
            vec![("value", &self.value), ("column", &column), ("file", &self.file)];
        arguments.extend(self.arguments.iter().map(|(name, value)| (*name, value as &dyn Display)));
        text::say(language, &format!("issue-{}", self.code), &arguments)
    }

    /// The column and what is wrong: for where the row is in sight.
    pub fn told(&self, language: Language) -> String {
        match &self.column {
            Some(column) => format!("{column}: {}", self.message(language)),
            None => self.message(language),
        }
    }

    /// Where and what: `sites.csv:14 column weekday_doses: …`.
    pub fn line(&self, language: Language) -> String {
        let mut out = harmless(&self.file, ARGUMENT_CHARS_MAX);
        if let Some(row) = self.row {
            let _ = write!(out, ":{row}");
        }
        if let Some(column) = &self.column {
            let _ = write!(out, " {}", text::say(language, "issue-column", &[("column", column)]));
        }
        let _ = write!(out, ": {}", self.message(language));
        out
    }

    /// The issue as `-o json` has it.
    pub fn view(&self, language: Language) -> View<'_> {
        View {
            code: self.code,
            file: &self.file,
            row: self.row,
            column: self.column.as_deref(),
            message: self.message(language),
        }
    }
}

impl Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(Language::En))
    }
}

/// An issue as `-o json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct View<'a> {
    /// Its stable code.
    pub code: &'static str,
    /// The file's name, or `book.xlsx!sheet`.
    pub file: &'a str,
    /// The row, from 1.
    pub row: Option<u32>,
    /// The column or key.
    pub column: Option<&'a str>,
    /// What is wrong and what to do.
    pub message: String,
}

/// Whether any of them is an error.
pub fn has_errors(issues: &[Issue]) -> bool {
    issues.iter().any(Issue::is_error)
}

/// Marks that turn the direction of text around or hide in it.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{feff}' | '\u{061c}' | '\u{fff9}'..='\u{fffb}')
}

/// A text that is safe to print: shortened, control and direction marks spelt out.
fn harmless(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == chars_max {
            out.push('…');
            break;
        }
        if c.is_control() || is_invisible(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The text of `known` nearest to `text`, where one is near enough to be meant.
pub(crate) fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Beyond this length a text is no slip of the pen, and comparing it costs too much.
    const CHARS_MAX: usize = 64;
    if text.chars().count() > CHARS_MAX {
        return None;
    }
    let text = text.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let score = strsim::jaro_winkler(&text, &candidate.to_lowercase());
        if score >= 0.75 && best.is_none_or(|(held, _)| score > held) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Every code, grouped as the messages are.
pub const CODES: &[&str] = &[
    // files
    "path_missing",
    "not_a_campaign",
    "unreadable",
    "file_too_large",
    "missing_file",
    "misnamed_file",
    "empty_file",
    "utf16",
    "bad_encoding",
    "binary_file",
    "old_workbook",
    "bad_workbook",
    "workbook_too_large",
    "macros",
    "formulas",
    "missing_sheet",
    "duplicate_sheet",
    "bad_toml",
    "file_changed",
    "too_many_rows",
    "too_many_issues",
    "row_too_long",
    // columns and keys
    "unknown_column",
    "duplicate_column",
    "missing_column",
    "too_many_cells",
    "unknown_key",
    "duplicate_setting",
    "not_a_value",
    "not_a_table",
    // values
    "missing_value",
    "text_too_long",
    "control_character",
    "cell_error",
    "not_a_number",
    "not_whole",
    "out_of_range",
    "bad_date",
    "date_out_of_range",
    "bad_duration",
    "bad_weekdays",
    "bad_word",
    "bad_email",
    "unknown_language",
    "unknown_timezone",
    "half_a_point",
    "email_missing",
    // campaign
    "end_before_start",
    "campaign_too_long",
    "unknown_series",
    "unknown_vaccine",
    "catch_up_series",
    "series_mismatch",
    "series_protection_falls",
    "series_first_interval",
    "series_interval_order",
    "series_without_doses",
    "ages_crossed",
    "opens_after_end",
    "no_groups",
    "duplicate_key",
    "duplicate_row",
    "contradicting_rows",
    "overlapping_codes",
    "unknown_area",
    "unknown_group",
    "unknown_site",
    "unknown_place",
    "area_cycle",
    "several_roots",
    "no_areas",
    "closure_with_doses",
    "outside_campaign",
    "expires_before_delivery",
    // dose rules
    "bad_xml",
    "unknown_root",
    "unknown_element",
    "missing_element",
    "duplicate_antigen",
    "duplicate_code",
    "unknown_antigen",
    "several_antigens",
    "unknown_vaccine_group",
    "bad_gender",
    "dose_out_of_order",
    "interval_from_nothing",
    "rules_cycle",
    "missing_rules",
    "no_rules",
    "too_many_files",
    // doses, tallies, persons, outcomes
    "unknown_person",
    "unknown_lot",
    "dose_number",
    "future_date",
    "before_birth",
    "duplicate_record",
    "until_before_date",
    "place_closed",
    "lot_expired",
    "lot_not_delivered",
    "stored_otherwise",
];
