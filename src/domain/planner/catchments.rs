//! Which places the people of a cohort use, nearest first, and on which days they are bound to them.
//! Also the cohorts themselves.

use super::ground::Entrant;
use super::history;
use super::index::{
    AreaIndex, CatchmentIndex, CohortIndex, Day, ListIndex as _, Place, ProgrammeIndex, SiteIndex,
    StopIndex, by_code,
};
use super::model::{AgreedModel, AreaModel, Catchment, Cohort, Problem};
use crate::domain::area::Area;
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::count::floor_of;
use crate::domain::id::PlaceCode;
use crate::domain::jurisdiction::JoinedCampaign;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// What tells catchments of a programme apart.
type Key = (AreaIndex, Vec<Place>, Option<BTreeSet<(Place, Day)>>, BTreeSet<(Place, Day)>);

/// Adds the areas, catchments and cohorts of every programme.
pub(super) fn add<'a>(problem: &mut Problem<'a>, entrants: &[Entrant<'a, '_>], from: NaiveDate) {
    // A campaign on its own has a catchment for each of its areas, people or not.
    let is_alone = entrants.iter().all(|entrant| entrant.joined.is_none());
    for (k, entrant) in (0..).map(ProgrammeIndex::of).zip(entrants) {
        let campaign = entrant.campaign;
        let before = problem.areas.len();
        let lists = reach(campaign);
        for area in &campaign.areas {
            problem.areas.push(AreaModel { programme: k, area });
        }
        let mut found: BTreeMap<Key, CatchmentIndex> = BTreeMap::new();
        if is_alone {
            for (position, places) in lists.iter().enumerate() {
                let area = AreaIndex::of(before + position);
                let key = (area, places.clone(), None, BTreeSet::new());
                found.insert(
                    key,
                    problem.catchments.push(Catchment {
                        area,
                        programme: k,
                        places: places.clone(),
                        pins: None,
                        agreed: BTreeSet::new(),
                    }),
                );
            }
        }
        let first = problem.cohorts.len();
        add_cohorts(problem, (k, entrant), (&lists, before), &mut found, from);
        if let Some((_, joined)) = entrant.joined {
            add_agreed(problem, joined, first);
        }
    }
    problem.agreed.sort_by_key(|session| (session.day, session.place));
}

/// Adds the locked sessions of a programme, whose cohorts begin at `first`. Rows of one place, day,
/// area and group add up.
fn add_agreed(problem: &mut Problem, joined: &JoinedCampaign, first: usize) {
    let mut sums = BTreeMap::new();
    for session in joined.sessions.iter().filter(|session| session.is_locked) {
        let place = problem.place_of(session.place.as_str());
        let day = problem.day_of(session.day);
        let Some(place) = place.filter(|_| session.day >= problem.start && day >= problem.first)
        else {
            continue;
        };
        let is_for = |c: &CohortIndex| JoinedCampaign::is_for(session, &problem.cohorts[*c].key);
        let cohorts: Vec<CohortIndex> =
            problem.cohorts.indices().skip(first).filter(is_for).collect();
        let held: &mut Option<u32> =
            sums.entry((day, place, cohorts, session.dose)).or_insert(None);
        *held = held.map_or(session.doses, |n| Some(n + session.doses.unwrap_or(0)));
    }
    let model =
        |((day, place, cohorts, dose), doses)| AgreedModel { day, place, doses, dose, cohorts };
    problem.agreed.extend(sums.into_iter().map(model));
}

fn add_cohorts(
    problem: &mut Problem,
    (k, entrant): (ProgrammeIndex, &Entrant),
    (lists, before): (&[Vec<Place>], usize),
    found: &mut BTreeMap<Key, CatchmentIndex>,
    from: NaiveDate,
) {
    let campaign = entrant.campaign;
    let areas = by_code::<AreaIndex>(campaign.areas.iter().map(|area| area.code.as_str()));
    let past = history::by_cohort(problem, k, entrant.given, from);
    for (key, eligible) in campaign.eligible_on(from.max(campaign.start)) {
        let Some(group) = campaign.group(key.group.as_str()) else { continue };
        let Some(&at) = areas.get(key.area.as_str()) else { continue };
        let area = AreaIndex::of(before + at.position());
        let catchment =
            catchment(problem, (k, entrant), (area, &lists[at.position()]), &key, found);
        let people = floor_of(eligible.people, group.uptake);
        let programme = &problem.programmes[k];
        let opens = group.opens.map_or(programme.start, |date| problem.day_of(date));
        let none = history::Past::default();
        let past = past.get(&key).unwrap_or(&none);
        let people = people.max(past.first_doses);
        let opens = opens.max(programme.first);
        let waiting = past.waiting(programme, opens);
        problem.cohorts.push(Cohort {
            programme: k,
            area,
            catchment,
            priority: group.priority,
            people,
            new_people: people - past.first_doses,
            opens,
            waiting,
            finished: past.finished,
            at_home: entrant.joined.is_some_and(|(_, one)| one.visits_at_home(&key.group)),
            key,
        });
    }
}

/// The catchment of a cohort: the places of its area that may serve its group.
fn catchment(
    problem: &mut Problem,
    (k, entrant): (ProgrammeIndex, &Entrant),
    (area, places): (AreaIndex, &[Place]),
    cohort: &CohortKey,
    found: &mut BTreeMap<Key, CatchmentIndex>,
) -> CatchmentIndex {
    let mut places = places.to_vec();
    let (mut pins, mut agreed) = (None, BTreeSet::new());
    if let Some((_, joined)) = entrant.joined {
        places.retain(|&place| joined.may_serve(&cohort.group, problem.place_code(place)));
        let at = |code: &PlaceCode, day: NaiveDate| -> Option<(Place, Day)> {
            let place = places.iter().find(|place| problem.place_code(**place) == code)?;
            (day >= problem.start).then(|| (*place, problem.day_of(day)))
        };
        let bound = joined.pins(cohort);
        pins = bound.map(|pins| pins.into_iter().filter_map(|(code, day)| at(code, day)).collect());
        let locked = joined.sessions.iter().filter(|one| one.is_locked && one.doses.is_some());
        let own = locked.filter(|one| JoinedCampaign::is_for(one, cohort));
        agreed = own.filter_map(|one| at(&one.place, one.day)).collect();
        if let Some(pins) = &pins {
            let pins: &BTreeSet<(Place, Day)> = pins;
            places.retain(|place| pins.iter().any(|pin| pin.0 == *place));
        }
    }
    let key = (area, places.clone(), pins.clone(), agreed.clone());
    *found.entry(key).or_insert_with(|| {
        problem.catchments.push(Catchment { area, programme: k, places, pins, agreed })
    })
}

/// Places of each area, nearest first; a place without a known distance counts as near.
fn reach(campaign: &Campaign) -> Vec<Vec<Place>> {
    let sites = by_code::<SiteIndex>(campaign.sites.iter().map(|site| site.code.as_str()));
    let mut of_area: BTreeMap<&str, BTreeSet<Place>> = BTreeMap::new();
    for row in &campaign.reach {
        if let Some(&site) = sites.get(row.site.as_str()) {
            of_area.entry(row.area.as_str()).or_default().insert(Place::Site(site));
        }
    }
    for (position, stop) in campaign.stops.iter().enumerate() {
        let place = Place::Stop(StopIndex::of(position));
        of_area.entry(stop.area.as_str()).or_default().insert(place);
    }
    let list = |area: &Area| {
        let places = of_area.get(area.code.as_str()).into_iter().flatten().copied();
        let km = |place: Place| {
            let point = match place {
                Place::Stop(stop) => Some(campaign.stops[stop.position()].point),
                Place::Site(site) => campaign.sites[site.position()].point,
            };
            area.point.zip(point).map_or(0.0, |(a, b)| a.km_to(b))
        };
        let mut places: Vec<Place> = places.collect();
        places.sort_by(|&a, &b| km(a).total_cmp(&km(b)).then(a.cmp(&b)));
        places
    };
    campaign.areas.iter().map(list).collect()
}
