//! What people know of a plan.

use super::{CohortNo, PlaceNo, Register};
use crate::domain::plan::PlanRow;
use chrono::NaiveDate;
use std::collections::BTreeMap;

impl Register {
    /// The seats from a day on of people who were told of them, as rows of a plan without teams.
    pub(in crate::app) fn told(&self, from: NaiveDate) -> Vec<PlanRow> {
        let mut seats: BTreeMap<(NaiveDate, PlaceNo, CohortNo, u8), u32> = BTreeMap::new();
        for one in self.candidates.iter().filter(|one| one.is_told || one.has_answered) {
            let held = one.held.filter(|held| held.day >= from && held.dose == one.dose);
            if let Some(held) = held {
                *seats.entry((held.day, held.place, one.cohort, one.dose)).or_default() += 1;
            }
        }
        let keys = self.cohort_keys();
        let row = |((day, place, cohort, dose), doses)| {
            let key = keys.get(&cohort)?.clone();
            let (place, team) = (self.places.get(place).clone(), None);
            Some(PlanRow { day, place, team, area: key.area, group: key.group, dose, doses })
        };
        seats.into_iter().filter_map(row).collect()
    }
}
