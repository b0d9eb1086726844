//! The cohort table (出生队列接种率): who has which dose at the end of a day, by completed years and managing unit.

use super::counting::Counting;
use super::courses::CourseDoses;
use super::months::YearMonth;
use super::rate::TwoDecimals;
use super::records::{ChildFile, Dossier, GivenDose, UnitId, UnitKind};
use super::rules::{CohortDose, CohortRow, NationalRules, later};
use crate::domain::person::Sex;
use crate::domain::series::Duration;
use chrono::{Datelike, NaiveDate};
use std::collections::BTreeMap;

/// What a child adds to an age group of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CohortPart {
    /// Itself: the denominator of most rows.
    Child,
    /// Itself in the denominator of rows for some children only (HPV).
    Base,
    /// A dose of a row, by the row's place, and whether in time.
    Done(usize, bool),
    /// All doses that the age group asks for (全程).
    Full,
}

/// What a child adds to an age group.
#[derive(Clone, Copy)]
pub struct CohortCell<'a> {
    /// The managing unit; `None` if it is not known.
    pub unit: Option<UnitId>,
    /// Completed years.
    pub age: u8,
    /// What.
    pub part: CohortPart,
    /// The file with the child's basic data.
    pub child: &'a ChildFile,
}

impl Counting<'_> {
    /// Everything that a person adds to the table of a day.
    pub fn cohort<'b>(
        &self,
        dossiers: &[&'b Dossier],
        day: NaiveDate,
        mut take: impl FnMut(CohortCell<'b>),
    ) {
        let Some((person, courses)) = self.person(dossiers) else { return };
        let child = person.file;
        let rules = &self.rules.cohort;
        let Some(age) = completed_years(child.born.day, day) else { return };
        let is_out = person.is_out && !self.options.keeps_out_files;
        if age < rules.ages.0 || age > rules.ages.1 || is_out || !person.is_alive(day) {
            return;
        }
        let unit = person.managed_by(day, self.rules);
        let kind = unit.and_then(|unit| self.places.unit(unit)).map(|unit| unit.kind);
        if kind == Some(UnitKind::NonProgramme) {
            return;
        }
        let mut tell = |part| take(CohortCell { unit, age, part, child });
        tell(CohortPart::Child);
        let rows = || rules.rows.iter().enumerate().filter(|(_, row)| row.has_cell(age, day));
        if rows().any(|(_, row)| row.only.is_some() && self.is_kind(child, row.only)) {
            tell(CohortPart::Base);
        }
        let mut is_full = true;
        for (at, row) in rows() {
            if !self.is_kind(child, row.only) {
                continue;
            }
            let counted = row.part_of.is_none().then(|| self.done(child, &courses, row, age, day));
            let counted = counted.flatten();
            if let Some(timely) = counted {
                tell(CohortPart::Done(at, timely));
                if timely {
                    let parts = rows().filter(|(_, part)| part.part_of == Some(at));
                    parts.for_each(|(part, _)| tell(CohortPart::Done(part, true)));
                }
            }
            if row.full_from.is_some_and(|from| age >= from) && self.is_kind(child, row.full_only) {
                let had = |dose: &CohortDose| self.had_in_age(&courses, *dose, day).is_some();
                let any = || row.full_any.iter().any(had);
                is_full &= if row.full_any.is_empty() { counted.is_some() } else { any() };
            }
        }
        if is_full {
            tell(CohortPart::Full);
        }
    }

    /// A dose by a day, unless it came after the upper age at which its row counted doses in that month (R-coh: valid
    /// as in the period table). A dose given too early counts (R-early).
    fn had_in_age<'b>(
        &self,
        courses: &CourseDoses<'b>,
        dose: CohortDose,
        day: NaiveDate,
    ) -> Option<&'b GivenDose> {
        let had = courses.had(dose.dose, day)?;
        let month_end = YearMonth::of(had.at.day).last();
        let rule = dose.row.and_then(|row| self.rules.period.rows.get(row));
        let terms = rule.and_then(|rule| rule.terms_of(month_end));
        let is_in_age =
            terms.is_none_or(|it| courses.is_aged(had.at.day, None, Some(it.given_before)));
        is_in_age.then_some(had)
    }

    /// Whether a child has the dose of a row by a day; if so, whether it was in time (R-coh-timely).
    fn done(
        &self,
        child: &ChildFile,
        courses: &CourseDoses<'_>,
        row: &CohortRow,
        age: u8,
        day: NaiveDate,
    ) -> Option<bool> {
        let (_, _, any) = row.done.iter().find(|(from, to, _)| (*from..=*to).contains(&age))?;
        let had = any.iter().filter_map(|dose| self.had_in_age(courses, *dose, day));
        let first = had.min_by_key(|dose| dose.at)?;
        if courses.had_any(&row.unless, day) {
            return None;
        }
        let by_age = row.timely_before.map(|before| first.at.day < later(child.born.day, before));
        let by_row = || {
            let rule = &self.rules.period.rows[row.timely_as?];
            Some(self.is_timely(child, rule, first))
        };
        Some(by_age.or_else(by_row).unwrap_or(false))
    }
}

/// Completed years on a day (R-coh-age); `None` before birth.
fn completed_years(born: NaiveDate, day: NaiveDate) -> Option<u8> {
    if day < born {
        return None;
    }
    let years = day.year() - born.year();
    let birthday = later(born, Duration { months: years * 12, days: 0 });
    u8::try_from(if birthday <= day { years } else { years - 1 }).ok()
}

/// An age group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgeCount {
    /// Children.
    pub children: u64,
    /// Girls among them.
    pub female: u64,
    /// Children in rows for some only (HPV).
    pub base: u64,
    /// Children with every dose of 全程.
    pub full: u64,
    /// By row: children with the dose; in time among them.
    pub rows: Vec<(u64, u64)>,
}

impl AgeCount {
    /// Adds another group.
    pub fn add(&mut self, other: &Self) {
        self.children += other.children;
        self.female += other.female;
        self.base += other.base;
        self.full += other.full;
        self.rows.resize(self.rows.len().max(other.rows.len()), (0, 0));
        for (own, more) in self.rows.iter_mut().zip(&other.rows) {
            own.0 += more.0;
            own.1 += more.1;
        }
    }

    /// Children with the dose of a row.
    pub fn done(&self, row: usize) -> u64 {
        self.rows.get(row).map_or(0, |row| row.0)
    }

    /// Children with the dose of a row in time.
    pub fn timely(&self, row: usize) -> u64 {
        self.rows.get(row).map_or(0, |row| row.1)
    }

    /// The denominator of a row.
    pub fn base_of(&self, row: &CohortRow) -> u64 {
        if row.only.is_some() { self.base } else { self.children }
    }

    /// The rate of a row; `None` without one or without children.
    pub fn rate(&self, rules: &NationalRules, row: usize) -> Option<TwoDecimals> {
        let rule = &rules.cohort.rows[row];
        let with: u64 = rule.rate_with.iter().map(|other| self.done(*other)).sum();
        rule.has_rate.then(|| TwoDecimals::of(self.done(row) + with, self.base_of(rule))).flatten()
    }

    /// A share of the children; `None` without children.
    pub fn share(&self, count: u64) -> Option<TwoDecimals> {
        TwoDecimals::of(count, self.children)
    }

    /// R-dropout: of the children with the earlier dose, the share without the later one.
    pub fn dropout(&self, first: usize, last: usize) -> Option<TwoDecimals> {
        let (first, last) = (self.done(first), self.done(last));
        TwoDecimals::of(first.saturating_sub(last), first)
    }
}

/// The cohort table, by unit and age group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortTable {
    /// The day.
    pub day: NaiveDate,
    /// Counts by unit and completed years.
    pub units: BTreeMap<UnitId, BTreeMap<u8, AgeCount>>,
    /// Children whose managing unit is not known.
    pub without_unit: u64,
}

impl CohortTable {
    /// An empty table.
    pub fn new(day: NaiveDate) -> Self {
        Self { day, units: BTreeMap::new(), without_unit: 0 }
    }

    /// Adds a person: all files of one child.
    pub fn add(&mut self, counting: Counting<'_>, dossiers: &[&Dossier]) {
        let rows = counting.rules.cohort.rows.len();
        counting.cohort(dossiers, self.day, |cell| {
            let known = cell.unit.filter(|unit| counting.places.unit(*unit).is_some());
            let Some(unit) = known else {
                self.without_unit += u64::from(cell.part == CohortPart::Child);
                return;
            };
            let group = self.units.entry(unit).or_default().entry(cell.age).or_default();
            group.rows.resize(rows, (0, 0));
            match cell.part {
                CohortPart::Child => {
                    group.children += 1;
                    group.female += u64::from(cell.child.sex == Sex::F);
                }
                CohortPart::Base => group.base += 1,
                CohortPart::Full => group.full += 1,
                CohortPart::Done(row, timely) => {
                    group.rows[row].0 += 1;
                    group.rows[row].1 += u64::from(timely);
                }
            }
        });
    }

    /// Adds another table of the same day.
    pub fn merge(&mut self, other: Self) {
        self.without_unit += other.without_unit;
        for (unit, ages) in other.units {
            let own = self.units.entry(unit).or_default();
            for (age, count) in ages {
                own.entry(age).or_default().add(&count);
            }
        }
    }
}
