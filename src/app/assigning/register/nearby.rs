//! Whom to call for doses that are left in an open vial.

use super::Register;
use crate::domain::assign::{Candidate, CohortNo};
use crate::domain::id::PlaceCode;
use chrono::NaiveDate;
use std::cmp::Reverse;
use std::collections::BTreeSet;

impl Register {
    /// People of the cohorts that a session serves who are due by its day and neither expected there nor before: first
    /// those without an appointment, whose dose is due for longest, then those who would wait longest. Whoever has
    /// confirmed or booked a later day keeps it. With the number of the dose, `most` at most.
    pub(in crate::app) fn due_nearby(
        &self,
        place: &PlaceCode,
        day: NaiveDate,
        most: usize,
    ) -> Vec<(&str, u8)> {
        let Some(place) = self.places.find(place) else { return Vec::new() };
        let of_session =
            self.offers.iter().filter(|offer| (offer.place, offer.day) == (place, day));
        let served: BTreeSet<(CohortNo, u8)> =
            of_session.map(|offer| (offer.cohort, offer.dose)).collect();
        let is_free = |one: &&Candidate| {
            let is_later = one.held.is_none_or(|held| held.day > day && !one.has_answered);
            served.contains(&(one.cohort, one.dose)) && one.earliest <= day && is_later
        };
        let mut found: Vec<&Candidate> = self.candidates.iter().filter(is_free).collect();
        found.sort_by_key(|one| {
            let held = one.held.map(|held| Reverse(held.day));
            (held.is_some(), held, one.earliest, one.person)
        });
        found.truncate(most);
        found.into_iter().map(|one| (self.codes.get(one.person), one.dose)).collect()
    }
}
