//! A series file as a value. `schedules/series/README.md` explains every key.

use crate::domain::series::{Duration, MonthEnd, SeasonStart, Series, SeriesDose};
use chrono::NaiveDate;
use serde::Deserialize;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeriesFile {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "source")]
    pub(super) _source: String,
    #[serde(default, rename = "verified")]
    pub(super) _verified: String,
    #[serde(default, rename = "open")]
    pub(super) _open: Vec<String>,
    #[serde(default)]
    pub(super) month_end: MonthEnd,
    #[serde(default)]
    pub(super) grace: Duration,
    #[serde(rename = "season_start")]
    pub(super) _season_start: Option<SeasonStart>,
    pub(super) antigen: Option<String>,
    pub(super) group: Option<String>,
    #[serde(default)]
    pub(super) together: bool,
    #[serde(default)]
    pub(super) vaccines: Vec<String>,
    #[serde(default)]
    pub(super) kind: FileKind,
    #[serde(default)]
    pub(super) programme: bool,
    pub(super) default: Option<bool>,
    #[serde(default)]
    pub(super) product: bool,
    pub(super) preference: Option<u32>,
    #[serde(default)]
    pub(super) sexes: Vec<FileSex>,
    pub(super) born_from: Option<NaiveDate>,
    pub(super) born_before: Option<NaiveDate>,
    pub(super) start_before: Option<Duration>,
    pub(super) live: Option<Live>,
    pub(super) apart: Option<Duration>,
    pub(super) alone: Option<Duration>,
    #[serde(default)]
    pub(super) after: Vec<After>,
    pub(super) doses: Vec<FileDose>,
}

impl SeriesFile {
    /// Whether doses of this series keep apart from doses of other series.
    pub(super) fn keeps_apart(&self) -> bool {
        self.live.is_some() || !self.after.is_empty()
    }
}

/// The part of a series that the planner knows. All keys that only the dose rules read have their
/// defaults.
impl From<&Series> for SeriesFile {
    fn from(series: &Series) -> Self {
        Self {
            id: series.id.as_str().to_owned(),
            name: series.name.clone(),
            month_end: series.month_end,
            grace: series.grace,
            doses: series.doses.iter().map(FileDose::from).collect(),
            ..Self::default()
        }
    }
}

impl From<&SeriesDose> for FileDose {
    fn from(dose: &SeriesDose) -> Self {
        Self {
            min_age: dose.min_age,
            interval_min: dose.interval_min,
            interval_recommended: dose.interval_recommended,
            interval_max: dose.interval_max,
            ..Self::default()
        }
    }
}

#[derive(Debug, Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileKind {
    #[default]
    Standard,
    EvaluationOnly,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq)]
pub(super) enum FileSex {
    F,
    M,
    U,
}

/// The kinds of live vaccines that must keep apart.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Live {
    Injected,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    pub(super) vaccines: Vec<String>,
    pub(super) wait: Duration,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDose {
    #[serde(default, rename = "protection")]
    pub(super) _protection: f64,
    #[serde(default, rename = "verified")]
    pub(super) _verified: String,
    pub(super) min_age: Option<Duration>,
    pub(super) recommended_age: Option<Duration>,
    pub(super) complete_before: Option<Duration>,
    pub(super) max_age: Option<Duration>,
    pub(super) interval_min: Option<Duration>,
    pub(super) interval_recommended: Option<Duration>,
    pub(super) interval_max: Option<Duration>,
    #[serde(default)]
    pub(super) late: Late,
    #[serde(default)]
    pub(super) vaccines: Vec<String>,
    #[serde(default)]
    pub(super) also: Vec<Also>,
    #[serde(default)]
    pub(super) ages: Vec<FileAges>,
    #[serde(default)]
    pub(super) intervals: Vec<FileInterval>,
    #[serde(default)]
    pub(super) skip: Vec<FileSkip>,
    #[serde(default)]
    pub(super) recurring: bool,
}

/// Whether a dose after the longest interval counts.
#[derive(Debug, Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Late {
    #[default]
    Counts,
    NotValid,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Also {
    pub(super) vaccines: Vec<String>,
    pub(super) age_from: Option<Duration>,
    pub(super) age_before: Option<Duration>,
}

#[derive(Debug, Deserialize, Default, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct FileAges {
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    pub(super) min_age: Option<Duration>,
    pub(super) recommended_age: Option<Duration>,
    pub(super) complete_before: Option<Duration>,
    pub(super) max_age: Option<Duration>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileInterval {
    pub(super) from_dose: Option<u8>,
    #[serde(default)]
    pub(super) from_vaccines: Vec<String>,
    pub(super) min: Option<Duration>,
    pub(super) recommended: Option<Duration>,
    pub(super) overdue: Option<Duration>,
    pub(super) max: Option<Duration>,
    #[serde(default)]
    pub(super) late: Late,
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    #[serde(default, rename = "verified")]
    pub(super) _verified: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSkip {
    #[serde(default)]
    pub(super) when: When,
    pub(super) age_from: Option<Duration>,
    pub(super) age_before: Option<Duration>,
    #[serde(default)]
    pub(super) given: Vec<FileCount>,
}

#[derive(Debug, Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum When {
    #[default]
    Both,
    Evaluation,
    Forecast,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileCount {
    pub(super) vaccines: Vec<String>,
    pub(super) at_least: Option<u32>,
    pub(super) fewer_than: Option<u32>,
}
