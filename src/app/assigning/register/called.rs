//! The appointments from which is learned who comes.

use super::super::super::{Loaded, Result};
use super::{Codes, Enrolled, Places, Shot};
use crate::domain::assign::{CohortNo, Ended, PersonNo, PlaceNo, Seat};
use crate::domain::date::day_of;
use crate::domain::outset::remembered_from;
use crate::store::{Tx, assignments};
use chrono::{DateTime, NaiveDate, TimeDelta};

/// An appointment of the last weeks, and what came of it.
pub(in crate::app) struct Called {
    pub(in crate::app) cohort: CohortNo,
    pub(in crate::app) dose: u8,
    pub(in crate::app) day: NaiveDate,
    pub(in crate::app) place: PlaceNo,
    /// Whether they came; `None` where that is not known, or they had had the dose before.
    pub(in crate::app) came: Option<bool>,
}

/// The appointments since the first day from which something is learned, up to yesterday. `held`: those that stand.
pub(super) async fn called(
    tx: &mut Tx,
    loaded: &Loaded,
    today: NaiveDate,
    (codes, people, given): (&Codes, &[Enrolled], &[(PersonNo, Shot)]),
    (held, places): (&[(PersonNo, Seat)], &mut Places),
) -> Result<Vec<Called>> {
    let cohort_of = |person: PersonNo| people.get(person.0 as usize).and_then(|one| one.cohort);
    let yesterday = today - TimeDelta::days(1);
    let mut out = Vec::new();
    let days = (remembered_from(today), yesterday);
    assignments::each_called(tx, loaded.no, days, |person, (dose, day, place), why, at| {
        let Some(person) = codes.find(&person) else { return };
        let Some(cohort) = cohort_of(person) else { return };
        let shot = given.binary_search_by_key(&(person, day), |(who, shot)| (*who, shot.date));
        let has_later = |at: usize| given.get(at).is_some_and(|(who, _)| *who == person);
        let came = match (shot, why) {
            (Ok(_), _) => Some(true),
            (Err(_), Ended::Absent) => Some(false),
            // They came some days later, before anybody noticed that they had not come.
            (Err(at), Ended::Done) if has_later(at) => Some(false),
            // Whoever said no on the day, or was unwell, left the seat empty; before that it went to somebody else.
            (Err(_), Ended::Barred) => {
                let noted = DateTime::from_timestamp_millis(at);
                let noted = noted.map(|at| day_of(loaded.campaign.timezone, at));
                if noted.is_none_or(|noted| noted < day) {
                    return;
                }
                Some(false)
            }
            (Err(_), _) => None,
        };
        out.push(Called { cohort, dose, day, place: places.number(place), came });
    })
    .await?;
    let past = held.iter().filter(|(_, seat)| days.0 <= seat.day && seat.day <= yesterday);
    out.extend(past.filter_map(|(person, seat)| {
        let Seat { day, place, dose } = *seat;
        Some(Called { cohort: cohort_of(*person)?, dose, day, place, came: None })
    }));
    Ok(out)
}
