//! The period table of units, and of all places above them.

use super::cohort::{AgeCount, CohortTable};
use super::counting::Counting;
use super::months::MonthSpan;
use super::period::PeriodPart;
use super::rate::TwoDecimals;
use super::records::{Dossier, Places, UnitId, VaccinationUnit};
use super::rules::{NationalRules, RowDoses};
use crate::domain::dose::Attribute;
use std::collections::BTreeMap;
use std::fmt;

/// A place that has a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScopeKey {
    /// Everything.
    All,
    /// A county, by its code.
    County(String),
    /// A township, by its code.
    Township(String),
    /// A unit, by its code.
    Unit(String),
}

impl ScopeKey {
    /// The places that a unit is counted in, the unit itself first.
    pub fn of(unit: &VaccinationUnit) -> [Self; 4] {
        [
            Self::Unit(unit.code.clone()),
            Self::Township(unit.township.clone()),
            Self::County(unit.county.clone()),
            Self::All,
        ]
    }

    /// Whether a unit is counted in this place.
    pub fn holds(&self, unit: &VaccinationUnit) -> bool {
        match self {
            Self::All => true,
            Self::County(code) => unit.county == *code,
            Self::Township(code) => unit.township == *code,
            Self::Unit(code) => unit.code == *code,
        }
    }

    /// Reads `all`, `county:C1`, `township:T1` or `unit:U1`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::All);
        }
        let (kind, code) = text.split_once(':')?;
        let code = code.to_owned();
        match kind {
            "county" => Some(Self::County(code)),
            "township" => Some(Self::Township(code)),
            "unit" => Some(Self::Unit(code)),
            _ => None,
        }
    }
}

impl fmt::Display for ScopeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.pad("all"),
            Self::County(code) => f.pad(&format!("county:{code}")),
            Self::Township(code) => f.pad(&format!("township:{code}")),
            Self::Unit(code) => f.pad(&format!("unit:{code}")),
        }
    }
}

/// A row of a period table: people, each once a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowCount {
    /// Due and not given in the last month (应种未种).
    pub not_given: u64,
    /// Given, of the programme.
    pub programme: u64,
    /// Given, paid by the family.
    pub other: u64,
    /// Given in other rows, and part of this rate.
    pub merged: u64,
}

impl RowCount {
    /// 应种: who was given the dose and who was due without it. For January to a month these are the due of that
    /// month and the doses of the months before it (R-cum).
    pub fn due(&self) -> u64 {
        self.not_given + self.given()
    }

    /// 实种, with the doses of other rows.
    pub fn given(&self) -> u64 {
        self.programme + self.other + self.merged
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.not_given += other.not_given;
        self.programme += other.programme;
        self.other += other.other;
        self.merged += other.merged;
    }

    fn count(&mut self, part: PeriodPart) {
        *(match part {
            PeriodPart::NotGiven => &mut self.not_given,
            PeriodPart::Given(Attribute::Programme) => &mut self.programme,
            PeriodPart::Given(Attribute::SelfPaid) => &mut self.other,
            PeriodPart::Merged => &mut self.merged,
        }) += 1;
    }
}

/// The period table, by unit and row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodTable {
    /// The months.
    pub span: MonthSpan,
    /// Counts by unit, a row of the rules at each place.
    pub units: BTreeMap<UnitId, Vec<RowCount>>,
    /// Children due whose managing unit is missing or not in the list of units.
    pub without_unit: u64,
    /// Doses that would count at a unit that is not in the list.
    pub given_elsewhere: u64,
}

impl PeriodTable {
    /// An empty table.
    pub fn new(span: MonthSpan) -> Self {
        Self { span, units: BTreeMap::new(), without_unit: 0, given_elsewhere: 0 }
    }

    /// Adds a person: all files of one child.
    pub fn add(&mut self, counting: Counting<'_>, dossiers: &[&Dossier]) {
        let rows = &counting.rules.period.rows;
        let mut is_without_unit = false;
        counting.period(dossiers, self.span, |cell| {
            let known = cell.unit.filter(|unit| counting.places.unit(*unit).is_some());
            if let Some(unit) = known {
                let counts = self.units.entry(unit).or_default();
                counts.resize(rows.len(), RowCount::default());
                counts[cell.row].count(cell.part);
            } else if cell.part == PeriodPart::NotGiven {
                is_without_unit = true;
            } else if !matches!(rows[cell.row].doses, RowDoses::TimelyOf(_)) {
                self.given_elsewhere += u64::from(cell.part != PeriodPart::Merged);
            }
        });
        self.without_unit += u64::from(is_without_unit);
    }

    /// Adds another table of the same months.
    pub fn merge(&mut self, other: Self) {
        self.without_unit += other.without_unit;
        self.given_elsewhere += other.given_elsewhere;
        for (unit, counts) in other.units {
            add_rows(self.units.entry(unit).or_default(), &counts);
        }
    }

    /// The tables of all places with a number: a higher level is the sum of its units (R-units).
    pub fn scopes(&self, places: &Places) -> BTreeMap<ScopeKey, Vec<RowCount>> {
        let mut scopes: BTreeMap<ScopeKey, Vec<RowCount>> = BTreeMap::new();
        for (unit, counts) in &self.units {
            let Some(unit) = places.unit(*unit) else { continue };
            for key in ScopeKey::of(unit) {
                add_rows(scopes.entry(key).or_default(), counts);
            }
        }
        scopes
    }

    /// The rate of a row among the counts of a place; `None` where the form has none, or without a denominator.
    pub fn rate(rules: &NationalRules, counts: &[RowCount], row: usize) -> Option<TwoDecimals> {
        let rule = rules.period.rows.get(row).filter(|rule| rule.has_rate)?;
        let count = counts.get(row)?;
        let due = match rule.doses {
            RowDoses::TimelyOf(whole) => counts.get(whole)?.due(),
            _ => count.due(),
        };
        TwoDecimals::of(count.given(), due)
    }
}

fn add_rows(own: &mut Vec<RowCount>, more: &[RowCount]) {
    own.resize(own.len().max(more.len()), RowCount::default());
    for (own, more) in own.iter_mut().zip(more) {
        own.add(more);
    }
}

impl CohortTable {
    /// The tables of all places with a child.
    pub fn scopes(&self, places: &Places) -> BTreeMap<ScopeKey, BTreeMap<u8, AgeCount>> {
        let mut scopes: BTreeMap<ScopeKey, BTreeMap<u8, AgeCount>> = BTreeMap::new();
        for (unit, ages) in &self.units {
            let Some(unit) = places.unit(*unit) else { continue };
            for key in ScopeKey::of(unit) {
                let own = scopes.entry(key).or_default();
                for (age, count) in ages {
                    own.entry(*age).or_default().add(count);
                }
            }
        }
        scopes
    }
}
