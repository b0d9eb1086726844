//! The children behind a cell.

use super::count::Counter;
use crate::domain::dose::Attribute;
use crate::domain::national::{
    ChildFile, CohortPart, Counting, Dossier, GivenDose, MonthSpan, PeriodPart, ScopeKey, UnitId,
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

/// The children behind a row of a place in the period table.
pub struct BehindPeriod {
    /// The months.
    pub span: MonthSpan,
    /// The place.
    pub scope: ScopeKey,
    /// The row, by its id.
    pub row: String,
}

/// The children behind a row and age group of a place in the cohort table: all of the denominator.
pub struct BehindCohort {
    /// The day.
    pub day: NaiveDate,
    /// The place.
    pub scope: ScopeKey,
    /// The age group.
    pub age: u8,
    /// The row, by its id; `None` for 全程.
    pub row: Option<String>,
}

/// The children behind doses of a vaccine that families paid for.
pub struct BehindPaid {
    /// The months.
    pub span: MonthSpan,
    /// The place.
    pub scope: ScopeKey,
    /// The code of the vaccine.
    pub vaccine: String,
    /// Which dose of it; `None` for all.
    pub number: Option<u8>,
}

fn explained(
    counting: Counting<'_>,
    (unit, scope): (Option<UnitId>, &ScopeKey),
    part: ExplainedPart,
    child: &ChildFile,
    dose: Option<&GivenDose>,
) -> Option<ExplainedChild> {
    let unit = counting.places.unit(unit?).filter(|unit| scope.holds(unit))?;
    let dose = dose.map(|dose| {
        let vaccine = counting.rules.code(dose.product).to_owned();
        (dose.record.to_string(), vaccine, dose.at.day)
    });
    Some(ExplainedChild { child: child.id.to_string(), unit: unit.code.clone(), part, dose })
}

fn sorted(found: &mut [ExplainedChild]) {
    found.sort_by(|a, b| (a.part, &a.unit, &a.child).cmp(&(b.part, &b.unit, &b.child)));
}

impl Counter for BehindPeriod {
    type Found = Vec<ExplainedChild>;

    fn start(&self) -> Self::Found {
        Vec::new()
    }

    fn add(&self, found: &mut Self::Found, counting: Counting<'_>, files: &[&Dossier]) {
        let mut rows = counting.rules.period.rows.iter();
        let Some(row) = rows.position(|row| row.id == self.row) else { return };
        counting.period(files, self.span, |cell| {
            if cell.row != row {
                return;
            }
            let part = match cell.part {
                PeriodPart::NotGiven => ExplainedPart::NotGiven,
                PeriodPart::Given(Attribute::Programme) => ExplainedPart::Programme,
                PeriodPart::Given(Attribute::SelfPaid) => ExplainedPart::Other,
                PeriodPart::Merged => ExplainedPart::Merged,
            };
            let place = (cell.unit, &self.scope);
            found.extend(explained(counting, place, part, cell.child, cell.dose));
        });
    }

    fn join(&self, whole: &mut Self::Found, part: Self::Found) {
        whole.extend(part);
    }

    fn sort(&self, found: &mut Self::Found) {
        sorted(found);
    }
}

impl Counter for BehindCohort {
    type Found = Vec<ExplainedChild>;

    fn start(&self) -> Self::Found {
        Vec::new()
    }

    fn add(&self, found: &mut Self::Found, counting: Counting<'_>, files: &[&Dossier]) {
        let rows = &counting.rules.cohort.rows;
        let row = self.row.as_ref().map(|id| rows.iter().position(|row| row.id == *id));
        let row = match row {
            Some(None) => return,
            Some(found) => found,
            None => None,
        };
        let only_some = row.is_some_and(|row| rows[row].only.is_some());
        let base = if only_some { CohortPart::Base } else { CohortPart::Child };
        let mut own = None;
        counting.cohort(files, self.day, |cell| {
            if cell.age != self.age {
                return;
            }
            let part = match cell.part {
                part if part == base => ExplainedPart::Missing,
                CohortPart::Done(done, true) if Some(done) == row => ExplainedPart::Timely,
                CohortPart::Done(done, false) if Some(done) == row => ExplainedPart::Done,
                CohortPart::Full if row.is_none() => ExplainedPart::Done,
                _ => return,
            };
            own = explained(counting, (cell.unit, &self.scope), part, cell.child, None);
        });
        found.extend(own);
    }

    fn join(&self, whole: &mut Self::Found, part: Self::Found) {
        whole.extend(part);
    }

    fn sort(&self, found: &mut Self::Found) {
        sorted(found);
    }
}

impl Counter for BehindPaid {
    type Found = Vec<ExplainedChild>;

    fn start(&self) -> Self::Found {
        Vec::new()
    }

    fn add(&self, found: &mut Self::Found, counting: Counting<'_>, files: &[&Dossier]) {
        counting.paid(files, self.span, |cell| {
            let is_meant = counting.rules.code(cell.dose.product) == self.vaccine
                && self.number.is_none_or(|number| number == cell.number);
            if is_meant {
                let (place, dose) = ((cell.unit, &self.scope), Some(cell.dose));
                found.extend(explained(counting, place, ExplainedPart::Other, cell.child, dose));
            }
        });
    }

    fn join(&self, whole: &mut Self::Found, part: Self::Found) {
        whole.extend(part);
    }

    fn sort(&self, found: &mut Self::Found) {
        sorted(found);
    }
}
