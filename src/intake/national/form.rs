//! The files of `schedules/national/` as values. `schedules/national/README.md` explains every key.

use crate::domain::series::Duration;
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `vaccines.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VaccinesFile {
    pub(super) programme: Vec<String>,
    pub(super) other: Vec<String>,
    #[serde(default)]
    pub(super) numbered: Vec<String>,
    #[serde(default)]
    pub(super) elsewhere: Vec<String>,
    #[serde(default)]
    pub(super) dates: BTreeMap<String, FileDate>,
    #[serde(default)]
    pub(super) gaps: BTreeMap<String, FileGap>,
    #[serde(default)]
    pub(super) kinds: Vec<FileKind>,
    pub(super) courses: Vec<FileCourse>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDate {
    pub(super) day: NaiveDate,
    #[serde(rename = "source")]
    pub(super) _source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileGap {
    pub(super) after: Duration,
    #[serde(rename = "source")]
    pub(super) _source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileKind {
    pub(super) id: String,
    /// 1 male, 2 female.
    pub(super) sex: Option<String>,
    #[serde(default)]
    pub(super) mother: Vec<String>,
    pub(super) weight_below: Option<u32>,
    pub(super) born_from: Option<String>,
    pub(super) born_before: Option<String>,
    #[serde(rename = "source")]
    pub(super) _source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileCourse {
    pub(super) id: String,
    pub(super) takes: Vec<FileTake>,
    #[serde(default)]
    pub(super) not_after: Vec<String>,
    #[serde(default)]
    pub(super) valid: Vec<FileValid>,
    pub(super) too_close: Option<FileTooClose>,
    pub(super) begun_early: Option<FileBegunEarly>,
    #[serde(rename = "source")]
    pub(super) _source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileTake {
    pub(super) vaccines: Vec<String>,
    pub(super) from: Option<Duration>,
    pub(super) before: Option<Duration>,
    #[serde(default)]
    pub(super) after_doses: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileValid {
    pub(super) dose: usize,
    pub(super) from: Option<Duration>,
    #[serde(default)]
    pub(super) never: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileTooClose {
    pub(super) attribute: FileAttribute,
    pub(super) gap: Duration,
}

#[derive(Debug, Deserialize, Clone, Copy)]
pub(super) enum FileAttribute {
    P,
    S,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileBegunEarly {
    pub(super) vaccines: Vec<String>,
    pub(super) before: Duration,
    pub(super) counts: Vec<usize>,
}

/// `period.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeriodFile {
    pub(super) title: String,
    pub(super) due_for: Duration,
    pub(super) given_before: Duration,
    pub(super) upload_day: u32,
    pub(super) unit_by_dose_before: Option<String>,
    pub(super) units: FileUnits,
    pub(super) rows: Vec<FilePeriodRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileUnits {
    pub(super) maternity: Vec<String>,
    #[serde(rename = "nonprogramme")]
    pub(super) _nonprogramme: [String; 0],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilePeriodRow {
    pub(super) id: String,
    pub(super) vaccine: String,
    pub(super) dose: String,
    pub(super) english: String,
    pub(super) group: Option<String>,
    pub(super) course: Option<String>,
    pub(super) number: Option<usize>,
    pub(super) part_of: Option<String>,
    pub(super) within: Option<FileWithin>,
    pub(super) only: Option<String>,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) given_since: Option<String>,
    #[serde(default)]
    pub(super) back_entry: bool,
    #[serde(default)]
    pub(super) merges: Vec<FileMerge>,
    #[serde(default = "yes")]
    pub(super) rate: bool,
    #[serde(default)]
    pub(super) due: Vec<FileDue>,
    pub(super) due_before: Option<Duration>,
    pub(super) given_from: Option<Duration>,
    pub(super) given_before: Option<Duration>,
    pub(super) missed_before: Option<Duration>,
    #[serde(default)]
    pub(super) changes: Vec<FileChange>,
    #[serde(rename = "source")]
    pub(super) _source: String,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileWithin {
    pub(super) days: i64,
    pub(super) hours: Option<i64>,
    pub(super) hours_for: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileMerge {
    pub(super) row: String,
    pub(super) from: Option<Duration>,
    pub(super) before: Option<Duration>,
}

/// What holds from a day on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileChange {
    pub(super) from: String,
    pub(super) due: Option<Vec<FileDue>>,
    pub(super) due_before: Option<Duration>,
    pub(super) given_from: Option<Duration>,
    pub(super) given_before: Option<Duration>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDue {
    pub(super) born_from: Option<String>,
    pub(super) born_before: Option<String>,
    pub(super) turns: Option<Duration>,
    pub(super) from: Option<String>,
    #[serde(default)]
    pub(super) has: Vec<String>,
    #[serde(default)]
    pub(super) lacks: Vec<String>,
    pub(super) if_dose: Option<FileIfDose>,
    pub(super) start: Vec<String>,
    pub(super) if_before: Option<Duration>,
    #[serde(default)]
    pub(super) unless: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileIfDose {
    pub(super) dose: String,
    pub(super) age_from: Option<Duration>,
    pub(super) age_until: Option<Duration>,
    pub(super) day_from: Option<String>,
}

/// `cohort.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CohortFile {
    pub(super) title: String,
    pub(super) ages: (u8, u8),
    pub(super) full: String,
    pub(super) dropouts: Vec<(String, String)>,
    pub(super) rows: Vec<FileCohortRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileCohortRow {
    pub(super) id: String,
    pub(super) vaccine: String,
    pub(super) dose: String,
    pub(super) english: String,
    pub(super) group: Option<String>,
    pub(super) first_age: u8,
    #[serde(default)]
    pub(super) done: Vec<FileDone>,
    #[serde(default)]
    pub(super) unless: Vec<String>,
    pub(super) part_of: Option<String>,
    pub(super) only: Option<String>,
    pub(super) only_all: Option<String>,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) timely_before: Option<Duration>,
    pub(super) timely_as: Option<String>,
    #[serde(default)]
    pub(super) rate_with: Vec<String>,
    #[serde(default = "yes")]
    pub(super) rate: bool,
    #[serde(default = "yes")]
    pub(super) full: bool,
    pub(super) full_from: Option<u8>,
    #[serde(default)]
    pub(super) full_any: Vec<String>,
    #[serde(rename = "source")]
    pub(super) _source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDone {
    pub(super) from_age: Option<u8>,
    pub(super) to_age: Option<u8>,
    pub(super) any: Vec<String>,
}

/// `townships.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TownshipsFile {
    pub(super) title: String,
    pub(super) over: u64,
    pub(super) residents_min: u64,
    pub(super) all: FileAll,
    pub(super) rows: Vec<FileTownshipRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileAll {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) english: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileTownshipRow {
    pub(super) row: String,
    pub(super) name: String,
    pub(super) english: String,
    pub(super) age: u8,
    pub(super) group: Option<String>,
}
