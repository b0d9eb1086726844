//! A patient, and what all series of a patient share.

use super::model::{AgeId, AntigenId, ObservationId, Rules, VaccineId, VaccineSet};
use crate::domain::person::Sex;
use chrono::NaiveDate;
use std::cell::Cell;

/// A patient and the doses given so far. `Debug` hides the birth date: it must not reach logs or errors.
#[derive(Clone, PartialEq, Eq)]
pub struct Patient {
    /// Date of birth.
    pub born: NaiveDate,
    /// Sex.
    pub sex: Sex,
    /// The day of the assessment.
    pub as_of: NaiveDate,
    /// Country of birth, where known.
    pub country: Option<Box<str>>,
    /// Doses given, in any order; none before `born` or after `as_of`.
    pub doses: Vec<DoseAdministered>,
    /// Conditions, reactions, evidence of immunity; with the day, where known.
    pub observations: Vec<(ObservationId, Option<NaiveDate>)>,
}

impl std::fmt::Debug for Patient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("doses", &self.doses.len()).finish_non_exhaustive()
    }
}

/// A dose given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoseAdministered {
    /// When.
    pub date: NaiveDate,
    /// The vaccine; `None` where the rules do not know it.
    pub vaccine: Option<VaccineId>,
    /// Manufacturer (MVX), where known.
    pub manufacturer: Option<Box<str>>,
    /// Whether the vaccine was past its last day of use, or damaged.
    pub expired: bool,
}

/// A dose of the history in date order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) date: NaiveDate,
    pub(super) vaccine: VaccineId,
    pub(super) given: &'a DoseAdministered,
    /// Its index in the input.
    pub(super) place: u16,
}

/// A patient prepared for evaluation: what all series share.
pub(super) struct View<'a> {
    pub(super) rules: &'a Rules,
    pub(super) person: &'a Patient,
    /// The day on which the patient reaches each age of the rules; filled on first use.
    ages: Vec<Cell<Option<NaiveDate>>>,
    /// Doses of known vaccines, by date and then in input order.
    pub(super) history: Vec<Entry<'a>>,
    /// The doses of every antigen as indices into the history, one antigen after the other.
    records: Vec<u16>,
    /// Where the doses of each antigen begin in `records`; one more entry marks the end.
    record_starts: Vec<u32>,
    /// The vaccines of the history.
    pub(super) seen: VaccineSet,
}

impl<'a> View<'a> {
    pub(super) fn new(rules: &'a Rules, person: &'a Patient) -> Self {
        let mut history: Vec<Entry<'a>> = (0..u16::MAX)
            .zip(&person.doses)
            .filter_map(|(place, given)| {
                Some(Entry { date: given.date, vaccine: given.vaccine?, given, place })
            })
            .collect();
        history.sort_unstable_by_key(|entry| (entry.date, entry.place));
        let seen = history.iter().map(|entry| entry.vaccine).collect();
        let ages = vec![Cell::new(None); rules.ages.len()];
        let (records, record_starts) = (Vec::new(), Vec::new());
        let mut view = Self { rules, person, ages, history, records, record_starts, seen };
        view.organise();
        view
    }

    /// Sorts the doses by their antigens (4.2).
    fn organise(&mut self) {
        let parts = || {
            (0..self.history_len()).flat_map(|place| {
                let entry = &self.history[usize::from(place)];
                let parts = &self.rules.vaccines[usize::from(entry.vaccine.0)].antigens;
                let held = parts.iter().filter(|it| self.in_window(entry.date, it.begin, it.end));
                held.map(move |part| (usize::from(part.antigen.0), place))
            })
        };
        let mut starts = vec![0_u32; self.rules.antigens.len() + 1];
        parts().for_each(|(antigen, _)| starts[antigen] += 1);
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        // Each start is now where its antigen's doses end; they are filled in from the back.
        let mut records = vec![0; usize::try_from(total).unwrap_or_default()];
        for (antigen, place) in parts().rev() {
            starts[antigen] -= 1;
            records[starts[antigen] as usize] = place;
        }
        (self.records, self.record_starts) = (records, starts);
    }

    pub(super) fn records_of(&self, antigen: AntigenId) -> &[u16] {
        let antigen = usize::from(antigen.0);
        let [start, end] = [antigen, antigen + 1].map(|at| self.record_starts[at] as usize);
        &self.records[start..end]
    }

    /// The number of doses in the history.
    pub(super) fn history_len(&self) -> u16 {
        u16::try_from(self.history.len()).unwrap_or(u16::MAX)
    }

    /// The day of a dose, by its index in the history.
    pub(super) fn date(&self, place: u16) -> NaiveDate {
        self.history[usize::from(place)].date
    }

    /// The day on which the patient reaches an age; `None` for [`AgeId::NONE`].
    pub(super) fn day(&self, age: AgeId) -> Option<NaiveDate> {
        let known = self.ages.get(usize::from(age.0))?;
        if known.get().is_none() {
            known.set(Some(self.rules.ages[usize::from(age.0)].after(self.person.born)));
        }
        known.get()
    }

    /// Whether `begin <= day < end`; a missing age is no limit.
    pub(super) fn in_window(&self, day: NaiveDate, begin: AgeId, end: AgeId) -> bool {
        self.day(begin).is_none_or(|begin| begin <= day)
            && self.day(end).is_none_or(|end| day < end)
    }

    pub(super) fn has(&self, observation: ObservationId) -> bool {
        self.person.observations.iter().any(|(code, _)| *code == observation)
    }

    /// The latest day of an observation.
    pub(super) fn latest(&self, observation: ObservationId) -> Option<NaiveDate> {
        let days = self.person.observations.iter().filter(|(code, _)| *code == observation);
        days.filter_map(|(_, day)| *day).max()
    }
}
