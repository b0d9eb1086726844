//! Issues: what is wrong with a file, where, and what to do about it.

use crate::characters::is_invisible;
use crate::domain::campaign::Language;
use crate::files::NotAFile;
use crate::text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt::{self, Display, Write};

/// What may be written where a question is answered, as it is listed among the known words.
const YES_NO: &str = "yes, no";

/// How serious an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file or row is refused.
    Error,
    /// The file or row is accepted, but somebody should look at it.
    Warning,
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Whether the file or row is refused.
    pub severity: Severity,
    /// A stable code for scripts, one of [`CODES`].
    pub code: &'static str,
    /// The file's name, or `book.xlsx!sheet`.
    pub file: Box<str>,
    /// The row number that a spreadsheet or an editor shows, from 1; `None` for the file as a whole.
    pub row: Option<u32>,
    /// The column or key.
    pub column: Option<String>,
    /// The offending text, shortened and safe to print; `…` if it is private.
    pub value: String,
    /// Other arguments of the message, such as limits and known names.
    pub arguments: Vec<(&'static str, String)>,
}

/// An issue about a file as a whole, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    severity: Severity,
    #[serde(borrow)]
    code: Cow<'a, str>,
    file: Cow<'a, str>,
    row: Option<u32>,
    arguments: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Arguments of messages about a file as a whole.
const FILE_ARGUMENTS: [&str; 6] = ["limit", "reason", "text", "memory", "seconds", "kind"];
/// Longest offending text in a message, in characters.
const VALUE_CHARS_MAX: usize = 60;
/// Longest other argument of a message, in characters, such as a list of known names.
const ARGUMENT_CHARS_MAX: usize = 400;

impl Issue {
    /// An error about a file as a whole.
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

    /// The error for a file that cannot be read.
    pub fn unreadable(file: impl AsRef<str>, error: &std::io::Error) -> Self {
        match NotAFile::of(error) {
            Some(NotAFile(kind)) => Self::error("not_a_file", file).with("kind", kind),
            None => Self::error("unreadable", file).with("reason", error),
        }
    }

    /// A warning about a file as a whole.
    pub fn warning(code: &'static str, file: impl AsRef<str>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, file) }
    }

    /// The same as a warning.
    #[must_use]
    pub fn as_warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    /// Sets the row; 0 means none.
    #[must_use]
    pub fn row(mut self, row: u32) -> Self {
        self.row = (row > 0).then_some(row);
        self
    }

    /// Sets the column.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(harmless(&column.into(), VALUE_CHARS_MAX));
        self
    }

    /// Sets the offending text.
    #[must_use]
    pub fn value(mut self, value: &str) -> Self {
        self.value = harmless(value, VALUE_CHARS_MAX);
        self
    }

    /// Adds an argument of the message.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.arguments.push((name, harmless(&value.to_string(), ARGUMENT_CHARS_MAX)));
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether it is about opening a workbook: nothing in it can be marked, and opening it again would fail again.
    pub fn is_about_opening(&self) -> bool {
        matches!(
            self.code,
            "unreadable"
                | "not_a_file"
                | "file_too_large"
                | "old_workbook"
                | "bad_workbook"
                | "workbook_too_large"
                | "workbook_too_costly"
                | "sheet_too_large"
                | "too_many_rows"
                | "macros"
        )
    }

    /// What is wrong and what to do about it.
    pub fn message(&self, language: Language) -> String {
        let column = self.column.as_deref().unwrap_or_default();
        let yes_no = text::word(language, "word-yes-no");
        let mut arguments: Vec<(&str, &dyn Display)> =
            vec![("value", &self.value), ("column", &column), ("file", &self.file)];
        arguments.extend(self.arguments.iter().map(|(name, value)| (*name, value as &dyn Display)));
        for (name, value) in &mut arguments {
            if *name == "known" && value.to_string() == YES_NO {
                *value = &yes_no;
            }
        }
        text::say(language, &format!("issue-{}", self.code), &arguments)
    }

    /// The column and what is wrong, for a place where the row is visible.
    pub fn told(&self, language: Language) -> String {
        match &self.column {
            Some(column) => format!("{column}: {}", self.message(language)),
            None => self.message(language),
        }
    }

    /// One line: `sites.csv:14 column weekday_doses: …`.
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

    /// The issue as JSON, for [`Self::of_json`].
    pub(super) fn to_json(&self) -> String {
        let kept = Kept {
            severity: self.severity,
            code: self.code.into(),
            file: (&*self.file).into(),
            row: self.row,
            arguments: self
                .arguments
                .iter()
                .map(|(name, text)| ((*name).into(), text.into()))
                .collect(),
        };
        serde_json::to_string(&kept).expect("texts and numbers")
    }

    /// An issue about a file as a whole or a sheet, as [`Self::to_json`] wrote it.
    pub(super) fn of_json(text: &str) -> Option<Self> {
        let kept: Kept<'_> = serde_json::from_str(text).ok()?;
        let code = CODES.iter().find(|code| **code == kept.code)?;
        let mut issue = Self::error(code, kept.file).row(kept.row.unwrap_or(0));
        issue.severity = kept.severity;
        for (name, text) in kept.arguments {
            let name = FILE_ARGUMENTS.iter().find(|known| **known == name)?;
            issue.arguments.push((name, text.into_owned()));
        }
        Some(issue)
    }

    /// The form in which `-o json` prints the issue.
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

/// An issue in the form that `-o json` prints.
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
    /// What is wrong and what to do about it.
    pub message: String,
}

/// Whether any issue is an error.
pub fn has_errors(issues: &[Issue]) -> bool {
    issues.iter().any(Issue::is_error)
}

/// Text that is safe to print: shortened, with control characters and invisible ones spelt out.
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

/// The text of `known` that is nearest to `text`; `None` if none is near enough.
pub(crate) fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer texts are no typing errors, and comparing them takes too long.
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

/// Every code, in the groups of the catalogue.
pub const CODES: &[&str] = &[
    // files
    "path_missing",
    "not_a_campaign",
    "unreadable",
    "not_a_file",
    "file_too_large",
    "missing_file",
    "misnamed_file",
    "empty_file",
    "utf16",
    "bad_encoding",
    "big5",
    "binary_file",
    "old_workbook",
    "bad_workbook",
    "workbook_too_large",
    "workbook_too_costly",
    "sheet_too_large",
    "macros",
    "formulas",
    "missing_sheet",
    "sheet_skipped",
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
    "too_few_cells",
    "unknown_key",
    "duplicate_setting",
    "not_a_value",
    "not_a_table",
    // values
    "missing_value",
    "text_too_long",
    "control_character",
    "cell_error",
    "number_for_code",
    "id_check_digit",
    "id_born",
    "not_a_number",
    "not_whole",
    "out_of_range",
    "bad_date",
    "date_out_of_range",
    "bad_duration",
    "bad_season_start",
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
    "team_place",
    "area_cycle",
    "several_roots",
    "no_areas",
    "closure_with_doses",
    "outside_campaign",
    "point_far_away",
    "point_in_other_zone",
    "expires_before_delivery",
    // jurisdiction
    "half_a_merger",
    "merger_circle",
    "merger_unknown",
    "renamed_twice",
    "facts_of_area",
    "facts_of_group",
    "facts_of_place",
    "facts_of_lot",
    "facts_of_denominator",
    "stations_without_hours",
    "half_of_hours",
    "closes_before_it_opens",
    "bad_time",
    "closed_twice",
    "closed_too_long",
    "unknown_kind",
    "differs_from_jurisdiction",
    "travel_differs",
    "restock_differs",
    "same_campaign",
    "session_for_nobody",
    "session_when_shut",
    "session_too_large",
    "unknown_workplace",
    "unknown_staff",
    "leave_too_long",
    "role_of_nobody",
    "crew_too_large",
    "everybody_away",
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
    "left_out",
    "missing_rules",
    "no_rules",
    "too_many_files",
    // doses, tallies, persons, outcomes
    "unknown_person",
    "unknown_lot",
    "dose_number",
    "future_date",
    "before_birth",
    "possible_duplicate",
    "unknown_campaign",
    "wrong_campaign",
    "which_campaign",
    "born_after_dose",
    "born_changed",
    "bad_death",
    "erased_person",
    "duplicate_record",
    "until_before_date",
    "too_early",
    "doubtful_capacity",
    "doubtful_day",
    "doubtful_unusual",
    "doubtful_twice",
    "impossible_count",
    "place_closed",
    "lot_expired",
    "lot_not_delivered",
    "stored_otherwise",
    // official figures
    "unknown_rule_name",
    "vaccine_without_rule",
    "vaccine_by_campaign",
    "unit_not_listed",
    "child_without_unit",
    "births_differ",
    "attribute_missing",
    "record_twice",
    "unknown_child",
    "township_not_listed",
    "township_small",
    "township_only_one",
    "township_merge",
    "period_not_over",
    // profiles
    "profile_no_source",
    "profile_no_codes",
    "profile_no_column",
    "profile_no_heading",
    "profile_unsaid",
    "profile_no_header",
    "unknown_code",
    // outlines of areas
    "outlines_bytes",
    "outlines_json",
    "outlines_collection",
    "outlines_features",
    "outlines_positions",
    "outlines_area",
    "outlines_unknown",
    "outlines_twice",
    "outlines_shape",
    "outlines_ring",
    "outlines_position",
    // schools
    "list_of_nobody",
    "list_of_two",
    "list_withheld",
    "empty_list",
    "rows_twice",
    "unknown_school",
    "unknown_pupil",
    "several_pupils",
    "pupil_differs",
    "answer_outweighed",
];
