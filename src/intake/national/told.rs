//! What is wrong or doubtful among the files that the official figures are counted from: the first of each kind, and
//! how many there are.

use crate::domain::national::{Dossier, GivingUnit, Places, UnitId};
use crate::intake::issue::{Issue, Severity};
use std::collections::{BTreeMap, HashMap};

/// Issues that are kept of one kind. All are counted.
const ISSUES_KEPT: usize = 20;

/// Collects issues.
#[derive(Default)]
pub(super) struct Told {
    pub(super) issues: Vec<Issue>,
    pub(super) counts: BTreeMap<&'static str, u64>,
    pub(super) has_refused: bool,
}

impl Told {
    pub(super) fn add(&mut self, issue: Issue) {
        self.add_many(issue, 1);
    }

    /// Adds an issue that concerns `count` rows.
    pub(super) fn add_many(&mut self, issue: Issue, count: u64) {
        self.has_refused |= issue.severity == Severity::Error;
        *self.counts.entry(issue.code).or_default() += count;
        if self.issues.iter().filter(|known| known.code == issue.code).count() < ISSUES_KEPT {
            self.issues.push(issue);
        }
    }
}

/// Something that many rows may have: the first row that has it, and how many have it.
#[derive(Default)]
pub(super) struct Often(pub(super) BTreeMap<String, (u32, u64)>);

impl Often {
    pub(super) fn add(&mut self, value: &str, row: u32) {
        match self.0.get_mut(value) {
            Some(seen) => seen.1 += 1,
            None => drop(self.0.insert(value.to_owned(), (row, 1))),
        }
    }

    pub(super) fn tell(self, told: &mut Told, code: &'static str, file: &str, column: &str) {
        for (value, (row, count)) in self.0 {
            let issue = Issue::warning(code, file).row(row).column(column).value(&value);
            told.add_many(issue.with("count", count), count);
        }
    }
}

/// How many doses and children name each unit, and how many children none.
#[derive(Default)]
pub(super) struct Census {
    doses: HashMap<UnitId, u64>,
    children: HashMap<UnitId, u64>,
    without: u64,
    first_without: Option<Box<str>>,
}

impl Census {
    /// Counts a file.
    pub(super) fn add(&mut self, dossier: &Dossier) {
        for dose in &dossier.doses {
            if let GivingUnit::Unit(unit) = dose.unit {
                *self.doses.entry(unit).or_default() += 1;
            }
        }
        match dossier.file.unit {
            Some(unit) => *self.children.entry(unit).or_default() += 1,
            None if dossier.file.moves.is_empty() => {
                self.without += 1;
                self.first_without.get_or_insert_with(|| dossier.file.id.clone());
            }
            None => {}
        }
    }

    /// Units that the list does not have, and children without any unit.
    pub(super) fn tell(self, places: &Places, told: &mut Told) {
        for (id, place) in places.all().filter(|(_, place)| place.unit.is_none()) {
            let count = |of: &HashMap<UnitId, u64>| of.get(&id).copied().unwrap_or(0);
            let (doses, children) = (count(&self.doses), count(&self.children));
            if doses + children > 0 {
                let issue = Issue::warning("unit_not_listed", "units.csv").value(&place.code);
                let issue = issue.with("doses", doses).with("children", children);
                told.add_many(issue, doses + children);
            }
        }
        if let Some(first) = self.first_without {
            let issue = Issue::warning("child_without_unit", "children.csv").column("unit");
            let issue = issue.value(&first).with("count", self.without);
            told.add_many(issue, self.without);
        }
    }
}
