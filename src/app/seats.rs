//! The seats of the sessions that are still to come: what the plan in force offers, in which slots, and who gets which
//! slot.

use super::{App, Loaded, Result};
use crate::domain::booking::{SLOT_MINUTES, SlotSeats, SlotTime, Timing};
use crate::domain::campaign::CohortKey;
use crate::domain::id::{CampaignNo, PlaceCode};
use crate::domain::jurisdiction::{SiteRow, StoredJurisdiction};
use crate::domain::plan::{PlanRow, PlanState};
use crate::store::{Tx, bookings, jurisdictions, plans};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

/// A session: day and place.
pub(super) type At = (NaiveDate, PlaceCode);

/// What the plan in force offers from tomorrow on.
#[derive(Debug)]
pub(super) struct Offers {
    key: OffersKey,
    /// Number of the plan.
    pub(super) plan: i64,
    /// Every session.
    pub(super) sessions: BTreeMap<At, SlotSeats>,
    /// The sessions that have doses for a cohort, by number of the dose; sorted.
    pub(super) of: BTreeMap<(CohortKey, u8), Vec<At>>,
    /// The jurisdiction's places.
    pub(super) places: StoredJurisdiction,
}

/// What offers follow from: the plan, the version of the campaign, that of the places, and the day.
type OffersKey = (i64, i64, i64, NaiveDate);

/// The offers of each campaign that were read last.
pub(super) type OffersCache = Arc<std::sync::Mutex<BTreeMap<CampaignNo, Arc<Offers>>>>;

impl Offers {
    /// The hours and slots of a place on a day.
    pub(super) fn timing(&self, place: &PlaceCode, day: NaiveDate) -> Option<Timing> {
        timing(&self.places, place, day)
    }

    /// The row of a site on a day.
    pub(super) fn site(&self, place: &PlaceCode, day: NaiveDate) -> Option<&SiteRow> {
        site_on(&self.places, place, day)
    }
}

fn site_on<'a>(
    places: &'a StoredJurisdiction,
    place: &PlaceCode,
    day: NaiveDate,
) -> Option<&'a SiteRow> {
    places.jurisdiction.as_ref()?.site_on(place.as_str(), day)
}

/// The hours and slots of a place on a day; `None` where it says no hours.
fn timing(places: &StoredJurisdiction, place: &PlaceCode, day: NaiveDate) -> Option<Timing> {
    let row = site_on(places, place, day)?;
    let slot_minutes = row.slot_minutes.unwrap_or(SLOT_MINUTES);
    row.hours.map(|hours| Timing { hours, slot_minutes })
}

/// The seats of each session of these rows, as far as `wanted` asks for it.
fn sessions_of(
    places: &StoredJurisdiction,
    rows: &[PlanRow],
    wanted: impl Fn(&At) -> bool,
) -> BTreeMap<At, SlotSeats> {
    let mut by_session: BTreeMap<At, Vec<&PlanRow>> = BTreeMap::new();
    for row in rows {
        by_session.entry((row.day, row.place.clone())).or_default().push(row);
    }
    let is_wanted = |(at, _): &(At, Vec<&PlanRow>)| wanted(at);
    let seats = |(at, rows): (At, Vec<&PlanRow>)| {
        let timing = timing(places, &at.1, at.0);
        (at, SlotSeats::of(rows, timing))
    };
    by_session.into_iter().filter(is_wanted).map(seats).collect()
}

impl App {
    /// What the plan in force offers from tomorrow on; `None` where none is in force.
    pub(super) async fn offers(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        today: NaiveDate,
    ) -> Result<Option<Arc<Offers>>> {
        let Some(head) = plans::newest(tx, loaded.no, PlanState::Adopted).await? else {
            return Ok(None);
        };
        let version = jurisdictions::number_known(tx, i64::MAX).await?;
        let key = (head.no, loaded.version, version, today);
        let kept = || self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().get(&loaded.no).filter(|known| known.key == key).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let places = jurisdictions::newest(tx).await?;
        let first = today + TimeDelta::days(1);
        let rows = plans::rows(tx, loaded.no, head.no, first..).await?;
        let rows = loaded.campaign.plan_rows_on(rows, today);
        let mut of: BTreeMap<(CohortKey, u8), BTreeSet<At>> = BTreeMap::new();
        for row in &rows {
            let at = (row.day, row.place.clone());
            of.entry((CohortKey::of(row), row.dose)).or_default().insert(at);
        }
        let of = of.into_iter().map(|(key, all)| (key, all.into_iter().collect())).collect();
        let sessions = sessions_of(&places, &rows, |_| true);
        let offers = Arc::new(Offers { key, plan: head.no, sessions, of, places });
        kept().insert(loaded.no, Arc::clone(&offers));
        Ok(Some(offers))
    }
}

/// Gives appointments from a day on that have no slot one, where their place has hours, also those whose slot the place
/// no longer has. Appointments spread evenly over the slots of a session.
pub(super) async fn give_slots(
    tx: &mut Tx,
    loaded: &Loaded,
    (plan, first): (i64, NaiveDate),
) -> Result<()> {
    let places = jurisdictions::newest(tx).await?;
    for (day, place, slot) in bookings::slots(tx, loaded.no, first).await? {
        let has_it = |timing: Timing| timing.slots().contains(&slot);
        if !timing(&places, &place, day).is_some_and(has_it) {
            bookings::clear_slot(tx, loaded.no, (day, &place, slot)).await?;
        }
    }
    let has_hours = |row: &SiteRow| row.hours.is_some();
    if !places.jurisdiction.as_ref().is_some_and(|all| all.sites.iter().any(has_hours)) {
        return Ok(());
    }
    let mut without: BTreeMap<At, Vec<String>> = BTreeMap::new();
    for (day, place, person) in bookings::without_slot(tx, loaded.no, first).await? {
        if timing(&places, &place, day).is_some() {
            without.entry((day, place)).or_default().push(person);
        }
    }
    let (Some(start), Some(end)) = (without.keys().next(), without.keys().next_back()) else {
        return Ok(());
    };
    let days = (start.0, end.0);
    let rows = plans::rows(tx, loaded.no, plan, days.0..=days.1).await?;
    let rows = loaded.campaign.plan_rows_on(rows, first);
    let sessions = sessions_of(&places, &rows, |at| without.contains_key(at));
    let codes: BTreeSet<&str> = without.keys().map(|(_, place)| place.as_str()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let mut taken = bookings::taken(tx, loaded.no, days, &codes).await?;
    for (at, people) in &without {
        let Some(session) = sessions.get(at) else { continue };
        let taken = taken.entry(at.clone()).or_default();
        let mut by_slot: BTreeMap<SlotTime, Vec<&str>> = BTreeMap::new();
        for person in people {
            if let Some(slot) = session.give_slot(taken) {
                by_slot.entry(slot).or_default().push(person);
            }
        }
        for (slot, people) in by_slot {
            bookings::set_slot(tx, loaded.no, slot, &people).await?;
        }
    }
    Ok(())
}
