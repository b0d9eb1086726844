//! Rule 8, agreed sessions; and which kinds of places may serve a group (rule 1).

use super::Fault;
use super::view::View;
use crate::domain::campaign::CohortKey;
use crate::domain::id::PlaceCode;
use crate::domain::jurisdiction::{AgreedSession, JoinedCampaign};
use crate::domain::plan::PlanRow;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Doses by place and day, then cohort.
pub(super) type Served = BTreeMap<(PlaceCode, NaiveDate), BTreeMap<CohortKey, u64>>;

/// Counts a row where sessions are agreed.
pub(super) fn count(view: &View, row: &PlanRow, key: &CohortKey, served: &mut Served) {
    if view.joined.is_some_and(|joined| !joined.sessions.is_empty()) {
        let at = (row.place.clone(), row.day);
        let doses = served.entry(at).or_default().entry(key.clone()).or_insert(0);
        *doses += u64::from(row.doses);
    }
}

/// What a row does where its cohort may not be served: rules and faults.
pub(super) fn elsewhere(view: &View, number: usize, row: &PlanRow) -> Vec<(u8, Fault)> {
    let Some(joined) = view.joined else { return Vec::new() };
    let key = CohortKey::of(row);
    let (area, group, place) = (key.area.clone(), key.group.clone(), row.place.clone());
    let mut faults = Vec::new();
    if let Some(kinds) = joined.kinds.get(&key.group) {
        let stop = joined.campaign.stop(place.as_str());
        let kind = stop.map_or("site", |stop| stop.kind.as_deref().unwrap_or("stop"));
        let serves = |one: &String| one == kind || (stop.is_some() && one == "stop");
        if !kinds.iter().any(serves) {
            let (area, group, place) = (area.clone(), group.clone(), place.clone());
            faults.push((1, Fault::WrongKind { row: number, area, group, place }));
        }
    }
    let locked = joined.sessions.iter().filter(|one| one.is_locked && !one.is_booked);
    let locked = locked.filter(|one| one.area.is_some());
    let own: Vec<&AgreedSession> = locked.filter(|one| JoinedCampaign::is_for(one, &key)).collect();
    let is_there = |one: &&AgreedSession| one.place == place && one.day == row.day;
    if !own.is_empty() && !own.iter().any(is_there) {
        let day = row.day;
        faults.push((8, Fault::NotAgreed { row: number, area, group, place, day }));
    }
    faults
}

/// The locked sessions that do not get the doses that were agreed. Rows of one place, day, area and
/// group add up.
pub(super) fn unkept(view: &View, served: &Served) -> Vec<Fault> {
    let Some(joined) = view.joined else { return Vec::new() };
    let mut agreed: BTreeMap<_, (&AgreedSession, Option<u64>)> = BTreeMap::new();
    for one in joined.sessions.iter().filter(|one| one.is_locked) {
        let key = (&one.place, one.day, &one.area, &one.group);
        let held = agreed.entry(key).or_insert((one, None));
        if let Some(doses) = one.doses {
            held.1 = Some(held.1.unwrap_or(0) + u64::from(doses));
        }
    }
    let mut faults = Vec::new();
    for (one, doses) in agreed.into_values() {
        if (one.day - view.campaign.start).num_days() < view.first {
            continue;
        }
        let cohorts = served.get(&(one.place.clone(), one.day));
        let given: u64 = cohorts
            .into_iter()
            .flatten()
            .filter(|(key, _)| JoinedCampaign::is_for(one, key))
            .map(|(_, n)| n)
            .sum();
        if given < doses.unwrap_or(1) || doses.is_some_and(|doses| given > doses) {
            faults.push(Fault::AgreedDoses {
                place: one.place.clone(),
                day: one.day,
                area: one.area.clone(),
                group: one.group.clone(),
                doses: given,
                agreed: doses,
            });
        }
    }
    faults
}
