//! The children behind a cell.

use super::National;
use crate::domain::dose::Attribute;
use crate::domain::national::{
    ChildFile, CohortPart, GivenDose, MonthSpan, PeriodPart, ScopeKey, UnitId,
};
use chrono::NaiveDate;

/// Why a child stands behind a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExplainedPart {
    /// Due and not given.
    NotGiven,
    /// Given, of the programme.
    Programme,
    /// Given, paid by the family.
    Other,
    /// Given in another row, part of this rate.
    Merged,
    /// In the age group, has the dose in time.
    Timely,
    /// In the age group, has the dose.
    Done,
    /// In the age group, does not have the dose.
    Missing,
}

impl ExplainedPart {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotGiven => "not_given",
            Self::Programme => "programme",
            Self::Other => "other",
            Self::Merged => "merged",
            Self::Timely => "timely",
            Self::Done => "done",
            Self::Missing => "missing",
        }
    }
}

/// A child behind a cell. It has no name: the id of the file is enough to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedChild {
    /// The id of the child's file.
    pub child: String,
    /// The code of the unit that counts it.
    pub unit: String,
    /// Why it stands there.
    pub part: ExplainedPart,
    /// The dose: record, vaccine, day.
    pub dose: Option<(String, String, NaiveDate)>,
}

impl National {
    fn explained(
        &self,
        unit: Option<UnitId>,
        scope: &ScopeKey,
        part: ExplainedPart,
        child: &ChildFile,
        dose: Option<&GivenDose>,
    ) -> Option<ExplainedChild> {
        let unit = self.folder.places.unit(unit?).filter(|unit| scope.holds(unit))?;
        let dose = dose.map(|dose| {
            let vaccine = self.rules.code(dose.product).to_owned();
            (dose.record.to_string(), vaccine, dose.at.day)
        });
        Some(ExplainedChild { child: child.id.to_string(), unit: unit.code.clone(), part, dose })
    }

    /// The children behind a row of a place in the period table.
    pub fn explain_period(
        &self,
        span: MonthSpan,
        scope: &ScopeKey,
        row: usize,
    ) -> Vec<ExplainedChild> {
        let mut found = Vec::new();
        for group in &self.folder.persons.groups {
            self.counting().period(&self.files(group), span, |cell| {
                if cell.row != row {
                    return;
                }
                let part = match cell.part {
                    PeriodPart::NotGiven => ExplainedPart::NotGiven,
                    PeriodPart::Given(Attribute::Programme) => ExplainedPart::Programme,
                    PeriodPart::Given(Attribute::SelfPaid) => ExplainedPart::Other,
                    PeriodPart::Merged => ExplainedPart::Merged,
                };
                found.extend(self.explained(cell.unit, scope, part, cell.child, cell.dose));
            });
        }
        found.sort_by(|a, b| (a.part, &a.unit, &a.child).cmp(&(b.part, &b.unit, &b.child)));
        found
    }

    /// The children behind a row and age group of a place in the cohort table: all of the denominator. Without a row,
    /// 全程.
    pub fn explain_cohort(
        &self,
        day: NaiveDate,
        scope: &ScopeKey,
        age: u8,
        row: Option<usize>,
    ) -> Vec<ExplainedChild> {
        let only_some = row.is_some_and(|row| self.rules.cohort.rows[row].only.is_some());
        let base = if only_some { CohortPart::Base } else { CohortPart::Child };
        let mut found = Vec::new();
        for group in &self.folder.persons.groups {
            let mut own = None;
            self.counting().cohort(&self.files(group), day, |cell| {
                if cell.age != age {
                    return;
                }
                let part = match cell.part {
                    part if part == base => ExplainedPart::Missing,
                    CohortPart::Done(done, true) if Some(done) == row => ExplainedPart::Timely,
                    CohortPart::Done(done, false) if Some(done) == row => ExplainedPart::Done,
                    CohortPart::Full if row.is_none() => ExplainedPart::Done,
                    _ => return,
                };
                own = self.explained(cell.unit, scope, part, cell.child, None);
            });
            found.extend(own);
        }
        found.sort_by(|a, b| (a.part, &a.unit, &a.child).cmp(&(b.part, &b.unit, &b.child)));
        found
    }
}
