//! The seats of the sessions that are still to come: what the plan in force offers, in which slots, and who gets which
//! slot.

use super::{App, Loaded, Result};
use crate::domain::booking::{SLOT_MINUTES, SlotSeats, SlotTime, Taken, Timing};
use crate::domain::campaign::CohortKey;
use crate::domain::id::{CampaignNo, PlaceCode};
use crate::domain::jurisdiction::{SiteRow, StoredJurisdiction};
use crate::domain::plan::PlanRow;
use crate::store::{Tx, bookings, jurisdictions, plans, visits};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

/// A session: day and place.
pub(super) type At = (NaiveDate, PlaceCode);

/// Counts of taken seats that are kept at a time, of as many areas and spans of days.
const COUNTS_MAX: usize = 64;

/// The seats that people have in some sessions.
pub(super) type TakenSeats = Arc<BTreeMap<At, Taken>>;

/// Days and places whose taken seats are counted.
type Span = ((NaiveDate, NaiveDate), Vec<String>);

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

/// What was read last of the seats of each campaign.
pub(super) type SeatsCache = Arc<std::sync::Mutex<BTreeMap<CampaignNo, Kept>>>;

/// What was read last of the seats of a campaign.
#[derive(Debug, Default)]
pub(super) struct Kept {
    offers: Option<Arc<Offers>>,
    /// When the seats were counted, in changes of seats of the campaign.
    turn: i64,
    taken: BTreeMap<Span, TakenSeats>,
}

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
    /// What the plan in force offers from tomorrow on, and how often seats of the campaign were given or taken; `None`
    /// where no plan is in force.
    pub(super) async fn offers(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        today: NaiveDate,
    ) -> Result<Option<(Arc<Offers>, i64)>> {
        let (Some(plan), turn) = bookings::standing(tx, loaded.no).await? else { return Ok(None) };
        let key = (plan, loaded.version, loaded.places, today);
        let kept = || self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().get(&loaded.no).and_then(|kept| kept.offers.clone());
        if let Some(known) = known.filter(|known| known.key == key) {
            return Ok(Some((known, turn)));
        }
        let places = jurisdictions::newest(tx).await?;
        let first = today + TimeDelta::days(1);
        let rows = plans::rows(tx, loaded.no, plan, first..).await?;
        let rows = loaded.campaign.plan_rows_on(rows, today);
        let mut of: BTreeMap<(CohortKey, u8), BTreeSet<At>> = BTreeMap::new();
        for row in &rows {
            let at = (row.day, row.place.clone());
            of.entry((CohortKey::of(row), row.dose)).or_default().insert(at);
        }
        let of = of.into_iter().map(|(key, all)| (key, all.into_iter().collect())).collect();
        let sessions = sessions_of(&places, &rows, |_| true);
        let offers = Arc::new(Offers { key, plan, sessions, of, places });
        kept().entry(loaded.no).or_default().offers = Some(Arc::clone(&offers));
        Ok(Some((offers, turn)))
    }

    /// The seats that people have at some places from one day to another, as a transaction sees them after `turn`
    /// changes of seats. Hundreds who look at once mostly look at the same seats: they are counted once as long as
    /// nobody gives or takes one. A transaction that writes counts by itself, since it may have changed seats and be
    /// undone.
    pub(super) async fn taken(
        &self,
        tx: &mut Tx,
        (no, turn): (CampaignNo, i64),
        days: (NaiveDate, NaiveDate),
        places: &[&str],
    ) -> Result<TakenSeats> {
        if tx.writes() {
            return Ok(Arc::new(bookings::taken(tx, no, days, places).await?));
        }
        let span: Span = (days, places.iter().map(|&place| place.to_owned()).collect());
        let kept = || self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let of_turn = |kept: &Kept| (kept.turn == turn).then(|| kept.taken.get(&span).cloned());
        let known = kept().get(&no).and_then(of_turn).flatten();
        if let Some(known) = known {
            // Tests look whether there is a way to change seats that does not count.
            debug_assert_eq!(*known, bookings::taken(tx, no, days, places).await?);
            return Ok(known);
        }
        let taken = Arc::new(bookings::taken(tx, no, days, places).await?);
        let mut kept = kept();
        let kept = kept.entry(no).or_default();
        // Somebody who began to look earlier may end later.
        if kept.turn < turn || kept.taken.len() >= COUNTS_MAX {
            (kept.turn, kept.taken) = (turn, BTreeMap::new());
        }
        if kept.turn == turn {
            kept.taken.insert(span, Arc::clone(&taken));
        }
        Ok(taken)
    }
}

/// Gives appointments from a day on the time that their person has for another campaign at the same place and day, as
/// long as they were not told another one: whoever comes for two vaccines comes once. Where the slot has no seat left,
/// somebody who comes for one vaccine and was not told a time makes room, and gets another slot from [`give_slots`].
pub(super) async fn one_time(
    tx: &mut Tx,
    loaded: &Loaded,
    (plan, first): (i64, NaiveDate),
) -> Result<()> {
    let mut found = visits::other_times(tx, loaded.no, first).await?;
    let places = jurisdictions::newest(tx).await?;
    let has_it = |timing: Timing, slot| timing.slots().contains(&slot);
    found.retain(|one| {
        timing(&places, &one.place, one.day).is_some_and(|timing| has_it(timing, one.there))
    });
    let days = found.iter().map(|one| one.day);
    let (Some(start), Some(end)) = (days.clone().min(), days.max()) else { return Ok(()) };
    let wanted: BTreeSet<At> = found.iter().map(|one| (one.day, one.place.clone())).collect();
    let rows = plans::rows(tx, loaded.no, plan, start..=end).await?;
    let rows = loaded.campaign.plan_rows_on(rows, first);
    let sessions = sessions_of(&places, &rows, |at| wanted.contains(at));
    let codes: BTreeSet<&str> = wanted.iter().map(|(_, place)| place.as_str()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let mut taken = bookings::taken(tx, loaded.no, (start, end), &codes).await?;
    let mut untold = visits::untold_times(tx, loaded.no, (start, end)).await?;
    let (mut by_slot, mut leave) = (BTreeMap::<SlotTime, Vec<&str>>::new(), Vec::new());
    for one in &found {
        let at = (one.day, one.place.clone());
        if let Some(session) = sessions.get(&at) {
            let taken = taken.entry(at.clone()).or_default();
            let there = untold.entry((at.0, at.1, one.there)).or_default();
            leave.extend(session.change_time(taken, (one.here, one.there), there));
        }
        by_slot.entry(one.there).or_default().push(&one.person);
    }
    let leave: Vec<&str> = leave.iter().map(String::as_str).collect();
    bookings::drop_slots(tx, loaded.no, &leave).await?;
    for (slot, people) in by_slot {
        bookings::set_slot(tx, loaded.no, slot, &people).await?;
    }
    Ok(())
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
