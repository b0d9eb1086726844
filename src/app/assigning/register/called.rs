//! The appointments from which is learned who comes.

use super::super::super::{Loaded, Result};
use super::{Codes, Enrolled, Places, Shot};
use crate::domain::assign::{CohortNo, Ended, PersonNo, PlaceNo};
use crate::domain::outset::REPORT_WAIT_DAYS;
use crate::store::{Tx, assignments};
use chrono::{NaiveDate, TimeDelta};

/// Days from which is learned who comes. Our choice.
const LEARN_DAYS: i64 = 14;
/// Days after a session on which names may still come in, beyond the wait for its report. Our choice.
const NAMES_WAIT_DAYS: i64 = 2;
/// The days from which is learned today who comes.
pub(in crate::app::assigning) fn learned_from(today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let last = today - TimeDelta::days(REPORT_WAIT_DAYS + NAMES_WAIT_DAYS + 1);
    (last - TimeDelta::days(LEARN_DAYS - 1), last)
}

/// An appointment of the last weeks, and what came of it.
pub(in crate::app) struct Called {
    pub(in crate::app) cohort: CohortNo,
    pub(in crate::app) dose: u8,
    pub(in crate::app) day: NaiveDate,
    pub(in crate::app) place: PlaceNo,
    /// Whether they came; `None` where they had the dose on another day, so that it says nothing.
    pub(in crate::app) came: Option<bool>,
}

/// The appointments from which is learned today who comes.
pub(super) async fn called(
    tx: &mut Tx,
    loaded: &Loaded,
    today: NaiveDate,
    (codes, people, given): (&Codes, &[Enrolled], &[(PersonNo, Shot)]),
    places: &mut Places,
) -> Result<Vec<Called>> {
    let mut out = Vec::new();
    assignments::each_called(
        tx,
        loaded.no,
        learned_from(today),
        |person, dose, day, place, why| {
            let Some(person) = codes.find(&person) else { return };
            let Some(cohort) = people.get(person.0 as usize).and_then(|one| one.cohort) else {
                return;
            };
            let shot = given.binary_search_by_key(&(person, day), |(who, shot)| (*who, shot.date));
            let came = match (shot, why) {
                (Ok(_), _) => Some(true),
                (Err(_), Ended::Absent) => Some(false),
                (Err(_), _) => None,
            };
            out.push(Called { cohort, dose, day, place: places.number(place), came });
        },
    )
    .await?;
    Ok(out)
}
