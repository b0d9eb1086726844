//! How a jurisdiction reads what the official texts leave open. What it does not say is read as
//! `schedules/national/README.md` says.

use crate::domain::series::Duration;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Options of the official figures. `None`: nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NationalChoices {
    /// O3: first day of the new DTaP schedule.
    pub dtap_from: Option<NaiveDate>,
    /// O2: shortest time between hepatitis B doses 2 and 3 under one year.
    pub hepb3_gap: Option<Duration>,
    /// O10: whether the HPV rows of the cohort table are about all girls of 14 years and over.
    pub hpv_cohort_of_all: Option<bool>,
    /// O19: whether files without any programme vaccine stay in the cohort.
    pub keeps_out_files: Option<bool>,
    /// R-je: whether rows of Japanese encephalitis are left out.
    pub without_je: Option<bool>,
}

impl NationalChoices {
    /// Whether nothing is said.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    /// These, and where they say nothing, others.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            dtap_from: self.dtap_from.or(other.dtap_from),
            hepb3_gap: self.hepb3_gap.or(other.hepb3_gap),
            hpv_cohort_of_all: self.hpv_cohort_of_all.or(other.hpv_cohort_of_all),
            keeps_out_files: self.keeps_out_files.or(other.keeps_out_files),
            without_je: self.without_je.or(other.without_je),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_says_comes_before_what_is_saved() {
        let saved = NationalChoices {
            without_je: Some(true),
            keeps_out_files: Some(true),
            ..NationalChoices::default()
        };
        let said = NationalChoices { without_je: Some(false), ..NationalChoices::default() };
        let both = said.or(&saved);
        assert_eq!((both.without_je, both.keeps_out_files), (Some(false), Some(true)));
        assert!(NationalChoices::default().is_silent() && !saved.is_silent());
    }
}
