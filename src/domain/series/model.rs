//! A series, as its file describes it.

use super::duration::{Duration, MonthEnd};
use super::season::SeasonStart;
use crate::domain::id::SeriesId;
use serde::{Deserialize, Serialize};

/// Dose rules of one vaccine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its id, as campaigns name it.
    pub id: SeriesId,
    /// Its display name.
    pub name: String,
    /// Title, edition and section of the official text.
    pub source: String,
    /// Which day is meant where a month is too short.
    #[serde(default)]
    pub month_end: MonthEnd,
    /// How much too early a dose may be and still count; 0 unless the official text says otherwise.
    #[serde(default)]
    pub grace: Duration,
    /// The day of the year on which a season begins; where absent, a dose counts for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season_start: Option<SeasonStart>,
    /// The doses, first to last.
    pub doses: Vec<SeriesDose>,
    /// The whole file, where it has rules that only the dose-rule engine reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
}

/// One dose of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesDose {
    /// Protection after this dose and those before it, 0..=1.
    pub protection: f64,
    /// Youngest age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_age: Option<Duration>,
    /// Shortest time after the previous dose; a plan never goes below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_min: Option<Duration>,
    /// Recommended time after the previous dose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_recommended: Option<Duration>,
    /// Longest time after the previous dose; a plan never exceeds it, but a later dose still counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_max: Option<Duration>,
}

impl Series {
    /// How many doses complete the series.
    pub fn dose_count(&self) -> usize {
        self.doses.len()
    }

    /// The protection that dose `index`, from 0, adds to that of the doses before it.
    pub fn share(&self, index: usize) -> f64 {
        let before = if index == 0 { 0.0 } else { self.doses[index - 1].protection };
        self.doses[index].protection - before
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::testing::two_doses;

    #[test]
    fn a_dose_adds_what_it_protects_beyond_the_one_before() {
        let series = two_doses();
        assert_eq!(series.dose_count(), 2);
        assert!((series.share(0) - 0.6).abs() < 1e-12);
        assert!((series.share(1) - 0.4).abs() < 1e-12);
    }
}
