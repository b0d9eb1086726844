//! What every table asks of a person: which unit a dose counts at, which rows a unit is evaluated for, what kind of
//! child it is.

use super::courses::CourseDoses;
use super::person::CountedPerson;
use super::records::{ChildFile, Dossier, GivenDose, GivingUnit, Places, UnitId, UnitKind};
use super::rules::NationalRules;
use chrono::NaiveDate;

/// How official texts are read where they leave a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CountingOptions {
    /// O19: files without any programme component stay in the cohort.
    pub keeps_out_files: bool,
    /// O21: leave out what was entered after this day.
    pub known_on: Option<NaiveDate>,
}

/// Rules, units and options: what a person is counted with.
#[derive(Clone, Copy)]
pub struct Counting<'a> {
    /// The rules.
    pub rules: &'a NationalRules,
    /// The units.
    pub places: &'a Places,
    /// The options.
    pub options: CountingOptions,
}

impl Counting<'_> {
    /// The person of some files, with the doses numbered.
    pub(super) fn person<'b>(
        &self,
        dossiers: &[&'b Dossier],
    ) -> Option<(CountedPerson<'b>, CourseDoses<'b>)> {
        let person = CountedPerson::of(dossiers, self.rules, self.options.known_on)?;
        let courses = CourseDoses::of(person.file.born.day, &person.doses, self.rules);
        Some((person, courses))
    }

    /// R-units: whether a unit is evaluated for a row of the period table. A unit that is not in the list is not
    /// known to be none.
    pub(super) fn is_evaluated(&self, unit: UnitId, row: usize) -> bool {
        match self.places.unit(unit).map(|unit| unit.kind) {
            Some(UnitKind::Maternity) => self.rules.period.maternity_rows.contains(&row),
            Some(UnitKind::NonProgramme) => false,
            Some(UnitKind::Routine) | None => true,
        }
    }

    /// Whether a child is of a kind; of any, if there is none.
    pub(super) fn is_kind(&self, child: &ChildFile, kind: Option<usize>) -> bool {
        let Some(kind) = kind.map(|at| &self.rules.kinds[at]) else { return true };
        kind.sex.is_none_or(|sex| child.sex == sex)
            && (kind.mother.is_empty() || kind.mother.iter().any(|code| **code == *child.mother))
            && kind.weight_below.is_none_or(|below| child.birth_weight.is_some_and(|w| w < below))
            && kind.born_from.is_none_or(|from| child.born.day >= from)
            && kind.born_before.is_none_or(|before| child.born.day < before)
    }
}

/// Where a dose counts (R-where, R-back): at the unit that gave it. Of back-entries only some rows count, those
/// from an unknown unit at the unit that entered them. `None`: nowhere.
pub(super) fn counted_at(dose: &GivenDose, counts_back_entry: bool) -> Option<UnitId> {
    match dose.unit {
        GivingUnit::Unit(unit) if counts_back_entry || dose.is_own_entry() => Some(unit),
        GivingUnit::Unit(_) => None,
        GivingUnit::Elsewhere => dose.entered_by.filter(|_| counts_back_entry),
    }
}
