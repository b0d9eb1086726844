//! One person, made of all the files that are the same child (R-dup), with the doses in the order that counts.

use super::records::{ChildFile, Dossier, GivenDose, GivingUnit, Moment, UnitId};
use super::rules::NationalRules;
use chrono::{Datelike, Days, NaiveDate};

/// Which file of a person has the basic data, the largest rank: last programme dose, upload, id (R-dup 1).
type Rank<'a> = (Option<Moment>, Option<Moment>, &'a str);

/// A person to be counted.
pub struct CountedPerson<'a> {
    /// The file with the basic data.
    pub file: &'a ChildFile,
    /// The doses, each once, by date.
    pub doses: Vec<&'a GivenDose>,
    /// Whether there are doses and none has a programme component (R-out).
    pub is_out: bool,
    known_on: Option<NaiveDate>,
}

impl<'a> CountedPerson<'a> {
    /// The person of these files. What was entered after `known_on` is left out (O21); `None` if that is everything.
    pub fn of(
        dossiers: &[&'a Dossier],
        rules: &NationalRules,
        known_on: Option<NaiveDate>,
    ) -> Option<Self> {
        let is_known = |at: Option<Moment>| {
            known_on.is_none_or(|known_on| at.is_none_or(|at| at.day <= known_on))
        };
        let mut doses: Vec<&GivenDose> = Vec::new();
        let mut basic: Option<(Rank<'_>, &ChildFile)> = None;
        for dossier in dossiers {
            let known = || dossier.doses.iter().filter(|dose| is_known(dose.entered));
            // A file may have been uploaded again later: a dose that was known says that the file was.
            if !is_known(dossier.file.uploaded) && known().next().is_none() {
                continue;
            }
            doses.extend(known());
            let rank = (last_programme(known(), rules), dossier.file.uploaded, &*dossier.file.id);
            if basic.is_none_or(|(best, _)| rank > best) {
                basic = Some((rank, &dossier.file));
            }
        }
        let file = basic?.1;
        let doses = once_each(doses, rules);
        let has_component = |dose: &&GivenDose| rules.has_component(dose.product);
        let is_out = !doses.is_empty() && !doses.iter().any(has_component);
        Some(Self { file, doses, is_out, known_on })
    }

    /// Whether the child is alive at the end of a day.
    pub fn is_alive(&self, day: NaiveDate) -> bool {
        let is_told = |died: &NaiveDate| self.known_on.is_none_or(|known_on| *died <= known_on);
        self.file.died.filter(is_told).is_none_or(|died| died > day)
    }

    /// R-manage: the unit of the last file before the upload cut, the 10th of the month after `end`.
    pub fn managed_by(&self, end: NaiveDate, rules: &NationalRules) -> Option<UnitId> {
        let cut = upload_cut(end, rules.period.upload_day);
        let cut = self.known_on.map_or(cut, |known_on| cut.min(known_on));
        let moves = self.file.moves.iter().filter(|(since, _)| *since <= cut);
        let moved = moves.max_by_key(|(since, _)| *since).map(|(_, unit)| *unit);
        moved.or(self.file.unit).or_else(|| {
            let is_early = rules.period.unit_by_dose_before.is_some_and(|before| end < before);
            is_early.then(|| self.last_unit(end, rules)).flatten()
        })
    }

    /// The unit of the last dose with a programme component by a day.
    fn last_unit(&self, end: NaiveDate, rules: &NationalRules) -> Option<UnitId> {
        self.doses.iter().rev().find_map(|dose| match dose.unit {
            GivingUnit::Unit(unit) if dose.at.day <= end && rules.has_component(dose.product) => {
                Some(unit)
            }
            _ => None,
        })
    }
}

/// The last day on which a file counts for a period that ends on `end`.
fn upload_cut(end: NaiveDate, upload_day: u32) -> NaiveDate {
    let first = end.with_day(1).and_then(|day| day.checked_add_months(chrono::Months::new(1)));
    let days = Days::new(u64::from(upload_day.saturating_sub(1)));
    first.and_then(|first| first.checked_add_days(days)).unwrap_or(end)
}

/// When the last programme dose was given: attribute P, strictly (R-dup 1).
fn last_programme<'a>(
    doses: impl Iterator<Item = &'a GivenDose>,
    rules: &NationalRules,
) -> Option<Moment> {
    doses
        .filter(|dose| dose.attribute == crate::domain::dose::Attribute::Programme)
        .filter(|dose| rules.has_component(dose.product))
        .map(|dose| dose.at)
        .max()
}

/// R-dup 2: the same vaccine on the same day is one dose. What the giving unit entered itself is kept, else what was
/// entered first. The doses come by date; on one day in the order of entry (O22).
fn once_each<'a>(mut doses: Vec<&'a GivenDose>, rules: &NationalRules) -> Vec<&'a GivenDose> {
    // Records are numbered as they are entered: a shorter number is the earlier one.
    let order = |dose: &&GivenDose| (dose.at.day, dose.entered.is_none(), dose.entered);
    let record = |dose: &&GivenDose| dose.record.len();
    doses.sort_by(|a, b| (order(a), record(a), &a.record).cmp(&(order(b), record(b), &b.record)));
    let is_same = |a: &GivenDose, b: &GivenDose| {
        let product = rules.products.get(usize::from(a.product.0));
        let is_numbered = product.is_some_and(|product| product.is_numbered);
        a.product == b.product && (!is_numbered || a.number == b.number)
    };
    let mut kept: Vec<&GivenDose> = Vec::with_capacity(doses.len());
    for dose in doses {
        let same_day = kept.iter().rposition(|other| other.at.day != dose.at.day);
        let first = same_day.map_or(0, |at| at + 1);
        match kept[first..].iter().position(|other| is_same(other, dose)) {
            None => kept.push(dose),
            Some(at) if dose.is_own_entry() && !kept[first + at].is_own_entry() => {
                kept.remove(first + at);
                kept.push(dose);
            }
            Some(_) => {}
        }
    }
    kept
}
