//! A person as the rules see one, and what is worked out about a person once for all series.

use super::model::{AgeId, AntigenId, ObservationId, Rules, VaccineId, VaccineSet};
use crate::domain::person::Sex;
use chrono::NaiveDate;

/// A person and the doses given so far. No derived `Debug`: birth dates stay out of logs and errors.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Date of birth.
    pub born: NaiveDate,
    /// Sex.
    pub sex: Sex,
    /// The day that looks back and ahead.
    pub as_of: NaiveDate,
    /// Country of birth, where known.
    pub country: Option<Box<str>>,
    /// Doses given, in any order; none before `born` or after `as_of`.
    pub doses: Vec<Given>,
    /// Conditions, reactions, evidence of immunity; with the day where known.
    pub observations: Vec<(ObservationId, Option<NaiveDate>)>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("doses", &self.doses.len()).finish_non_exhaustive()
    }
}

/// A dose given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// When.
    pub date: NaiveDate,
    /// What; nothing where the rules do not know the vaccine.
    pub vaccine: Option<VaccineId>,
    /// Manufacturer (MVX), where known.
    pub manufacturer: Option<Box<str>>,
    /// Past its last day of use, or damaged.
    pub expired: bool,
}

/// A dose of the history in date order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) date: NaiveDate,
    pub(super) vaccine: VaccineId,
    pub(super) given: &'a Given,
}

/// What all series of a person share.
pub(super) struct View<'a> {
    pub(super) rules: &'a Rules,
    pub(super) person: &'a Person,
    /// The day of every age of the rules.
    ages: Vec<NaiveDate>,
    /// Doses of known vaccines, by date, ties in input order.
    pub(super) history: Vec<Entry<'a>>,
    /// For every entry of the history its place in the input.
    pub(super) places: Vec<usize>,
    /// The doses of every antigen, as places in the history, one antigen after the other.
    records: Vec<u16>,
    /// Where an antigen's doses begin; one more at the end.
    record_starts: Vec<usize>,
    /// Vaccines that were given at all.
    pub(super) seen: VaccineSet,
}

impl<'a> View<'a> {
    pub(super) fn new(rules: &'a Rules, person: &'a Person) -> Self {
        let ages = rules.ages.iter().map(|age| age.after(person.born)).collect();
        let mut places: Vec<usize> = (0..person.doses.len().min(usize::from(u16::MAX)))
            .filter(|place| person.doses[*place].vaccine.is_some())
            .collect();
        places.sort_by_key(|place| person.doses[*place].date);
        let history: Vec<Entry<'a>> = places
            .iter()
            .filter_map(|place| {
                let given = &person.doses[*place];
                Some(Entry { date: given.date, vaccine: given.vaccine?, given })
            })
            .collect();
        let seen = history.iter().map(|entry| entry.vaccine).collect();
        let (records, record_starts) = (Vec::new(), Vec::new());
        let mut view = Self { rules, person, ages, history, places, records, record_starts, seen };
        view.organise();
        view
    }

    /// Takes the doses apart into their antigens (CDSi 4.2).
    fn organise(&mut self) {
        let mut parts: Vec<(AntigenId, u16)> = Vec::with_capacity(self.history.len() * 4);
        for (place, entry) in (0_u16..).zip(&self.history) {
            for part in &self.rules.vaccines[usize::from(entry.vaccine.0)].antigens {
                if self.in_window(entry.date, part.begin, part.end) {
                    parts.push((part.antigen, place));
                }
            }
        }
        parts.sort_unstable();
        let antigens = self.rules.antigens.len();
        self.record_starts = Vec::with_capacity(antigens + 1);
        let mut at = 0;
        for antigen in 0..=antigens {
            while parts.get(at).is_some_and(|(id, _)| usize::from(id.0) < antigen) {
                at += 1;
            }
            self.record_starts.push(at);
        }
        self.records = parts.into_iter().map(|(_, place)| place).collect();
    }

    pub(super) fn records_of(&self, antigen: AntigenId) -> &[u16] {
        let antigen = usize::from(antigen.0);
        &self.records[self.record_starts[antigen]..self.record_starts[antigen + 1]]
    }

    /// The day of an age, where one is said.
    pub(super) fn day(&self, age: AgeId) -> Option<NaiveDate> {
        self.ages.get(usize::from(age.0)).copied()
    }

    /// Whether a day lies in begin <= day < end.
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
