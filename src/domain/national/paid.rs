//! 非国家免疫规划疫苗接种数月报表: doses that families paid for, by vaccine, dose and month.
//!
//! The layout of the form is not in the sources. A dose counts at the unit that gave it; of back-entries those whose
//! giving and entering units are of one province, by the first two digits of their codes (STD V1.0.4).

use super::counting::Counting;
use super::months::{MonthSpan, YearMonth};
use super::records::{ChildFile, Dossier, GivenDose, GivingUnit, ProductId, UnitId};
use super::tables::ScopeKey;
use crate::domain::dose::Attribute;
use std::collections::BTreeMap;

/// Doses of each month by vaccine and dose number.
pub type PaidCounts = BTreeMap<(ProductId, u8), Vec<u64>>;

/// A dose that the table counts.
#[derive(Clone, Copy)]
pub struct PaidCell<'a> {
    /// The unit; `None` where it counts nowhere.
    pub unit: Option<UnitId>,
    /// Which dose of its vaccine it is.
    pub number: u8,
    /// The file with the child's basic data.
    pub child: &'a ChildFile,
    /// The dose.
    pub dose: &'a GivenDose,
}

impl Counting<'_> {
    /// Every dose of a person that families paid for in some months.
    pub fn paid<'b>(
        &self,
        dossiers: &[&'b Dossier],
        span: MonthSpan,
        mut take: impl FnMut(PaidCell<'b>),
    ) {
        let Some((person, _)) = self.person(dossiers) else { return };
        let mut numbers: BTreeMap<ProductId, u8> = BTreeMap::new();
        for dose in &person.doses {
            let number = numbers.entry(dose.product).or_default();
            *number = number.saturating_add(1);
            let is_paid =
                dose.attribute == Attribute::SelfPaid || !self.rules.has_component(dose.product);
            if is_paid && span.contains(dose.at.day) {
                let (unit, number) = (given_at(*self, dose), *number);
                take(PaidCell { unit, number, child: person.file, dose });
            }
        }
    }
}

/// The table, by unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidTable {
    /// The months.
    pub span: MonthSpan,
    /// Counts by unit.
    pub units: BTreeMap<UnitId, PaidCounts>,
    /// Back-entries of another province, and doses that no unit is said to have given: they count nowhere.
    pub elsewhere: u64,
}

impl PaidTable {
    /// An empty table.
    pub fn new(span: MonthSpan) -> Self {
        Self { span, units: BTreeMap::new(), elsewhere: 0 }
    }

    /// The months of the table.
    pub fn months(&self) -> Vec<YearMonth> {
        let mut months = vec![self.span.first];
        while let Some(last) = months.last().filter(|last| **last < self.span.last) {
            months.push(last.next());
        }
        months
    }

    /// Adds a person.
    pub fn add(&mut self, counting: Counting<'_>, dossiers: &[&Dossier]) {
        let months = self.months();
        counting.paid(dossiers, self.span, |cell| {
            let Some(unit) = cell.unit else {
                self.elsewhere += 1;
                return;
            };
            let at = months.iter().position(|month| *month == YearMonth::of(cell.dose.at.day));
            let counts = self.units.entry(unit).or_default();
            let counts = counts.entry((cell.dose.product, cell.number));
            let counts = counts.or_insert_with(|| vec![0; months.len()]);
            if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
        });
    }

    /// Adds another part of the same table.
    pub fn merge(&mut self, other: Self) {
        self.elsewhere += other.elsewhere;
        for (unit, counts) in other.units {
            join(self.units.entry(unit).or_default(), &counts);
        }
    }

    /// The counts of every unit in the list, and of the places above them.
    pub fn scopes(&self, counting: Counting<'_>) -> BTreeMap<ScopeKey, PaidCounts> {
        let mut scopes: BTreeMap<ScopeKey, PaidCounts> = BTreeMap::new();
        for (id, counts) in &self.units {
            let Some(unit) = counting.places.unit(*id) else { continue };
            for scope in ScopeKey::of(unit) {
                join(scopes.entry(scope).or_default(), counts);
            }
        }
        scopes
    }
}

fn join(own: &mut PaidCounts, other: &PaidCounts) {
    for (key, counts) in other {
        let sums = own.entry(*key).or_insert_with(|| vec![0; counts.len()]);
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
    }
}

/// The unit at which a dose counts.
fn given_at(counting: Counting<'_>, dose: &GivenDose) -> Option<UnitId> {
    let GivingUnit::Unit(unit) = dose.unit else { return None };
    let province = |unit: UnitId| counting.places.code(unit).get(..2);
    let is_counted = dose.is_own_entry()
        || dose
            .entered_by
            .is_some_and(|by| province(by).is_some() && province(by) == province(unit));
    is_counted.then_some(unit)
}
