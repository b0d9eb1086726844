//! What is counted of people one by one, whether they stand in a folder or come from the register in pieces.

use super::schools::{Pupils, SchoolCounts, SchoolFigures};
use crate::domain::national::{
    CohortTable, Counting, Dossier, MonthSpan, PaidTable, PeriodTable, RecordQuality, UnitId,
    YearMonth, add_records,
};
use chrono::NaiveDate;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Persons that one core counts at a time. The parts are added up in order, so that the result does not depend on
/// the number of cores.
const PERSONS_AT_ONCE: usize = 1_000;

/// Something to which persons are added one by one, and whose parts can be added up.
pub trait Counter: Send + Sync + 'static {
    /// What is found.
    type Found: Send + Sync + 'static;

    /// Nobody yet.
    fn start(&self) -> Self::Found;

    /// Adds a person: all files of one child.
    fn add(&self, found: &mut Self::Found, counting: Counting<'_>, files: &[&Dossier]);

    /// Adds another part.
    fn join(&self, whole: &mut Self::Found, part: Self::Found);

    /// Puts what is found in an order that does not depend on that of the persons.
    fn sort(&self, _found: &mut Self::Found) {}
}

/// Adds persons on all cores. `files`: what of an item is one person.
pub(super) fn add_all<'d, C: Counter, T: Sync>(
    what: &C,
    whole: &mut C::Found,
    counting: Counting<'_>,
    items: &'d [T],
    files: impl Fn(&'d T, &mut Vec<&'d Dossier>) + Sync,
) {
    let parts: Vec<C::Found> = items
        .par_chunks(PERSONS_AT_ONCE)
        .map(|items| {
            let (mut found, mut person) = (what.start(), Vec::new());
            for item in items {
                person.clear();
                files(item, &mut person);
                what.add(&mut found, counting, &person);
            }
            found
        })
        .collect();
    for part in parts {
        what.join(whole, part);
    }
}

/// Nothing: only what the files say of themselves.
pub struct Nothing;

impl Counter for Nothing {
    type Found = ();

    fn start(&self) {}

    fn add(&self, (): &mut (), _: Counting<'_>, _: &[&Dossier]) {}

    fn join(&self, (): &mut (), (): ()) {}
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident($of:ty) $table:ident),+ $(,)?) => {$(
        $(#[$doc])*
        pub struct $name(pub $of);

        impl Counter for $name {
            type Found = $table;

            fn start(&self) -> $table {
                $table::new(self.0)
            }

            fn add(&self, found: &mut $table, counting: Counting<'_>, files: &[&Dossier]) {
                found.add(counting, files);
            }

            fn join(&self, whole: &mut $table, part: $table) {
                whole.merge(part);
            }
        }
    )+};
}

tables! {
    /// The period table (时段接种率) of some months.
    Period(MonthSpan) PeriodTable,
    /// The cohort table (出生队列接种率) at the end of a day.
    Cohort(NaiveDate) CohortTable,
    /// 非国家免疫规划疫苗接种数 of some months.
    Paid(MonthSpan) PaidTable,
}

/// What quality figures of a month are made of.
pub struct QualityOf(pub YearMonth);

impl Counter for QualityOf {
    type Found = (BTreeMap<UnitId, RecordQuality>, PeriodTable);

    fn start(&self) -> Self::Found {
        (BTreeMap::new(), PeriodTable::new(MonthSpan::january_to(self.0)))
    }

    fn add(&self, found: &mut Self::Found, counting: Counting<'_>, files: &[&Dossier]) {
        for file in files {
            add_records(&mut found.0, counting, file, self.0);
        }
        found.1.add(counting, files);
    }

    fn join(&self, whole: &mut Self::Found, part: Self::Found) {
        for (unit, quality) in part.0 {
            whole.0.entry(unit).or_default().add(&quality);
        }
        whole.1.merge(part.1);
    }
}

impl Counter for Pupils {
    type Found = Vec<super::PupilFile>;

    fn start(&self) -> Self::Found {
        Vec::new()
    }

    fn add(&self, found: &mut Self::Found, counting: Counting<'_>, files: &[&Dossier]) {
        found.extend(self.pupil(counting, files));
    }

    fn join(&self, whole: &mut Self::Found, part: Self::Found) {
        whole.extend(part);
    }

    fn sort(&self, found: &mut Self::Found) {
        let key = |it: &super::PupilFile| (it.school.clone(), it.class.clone(), it.child.clone());
        found.sort_by_cached_key(key);
    }
}

impl Counter for SchoolFigures {
    type Found = SchoolCounts;

    fn start(&self) -> SchoolCounts {
        SchoolCounts::new()
    }

    fn add(&self, found: &mut SchoolCounts, counting: Counting<'_>, files: &[&Dossier]) {
        if let Some(pupil) = self.0.pupil(counting, files) {
            let key = (pupil.unit.clone(), pupil.school.clone());
            found.entry(key).or_default().add(&pupil);
        }
    }

    fn join(&self, whole: &mut SchoolCounts, part: SchoolCounts) {
        for (key, count) in part {
            whole.entry(key).or_default().join(&count);
        }
    }
}
