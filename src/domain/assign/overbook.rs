//! Calling more people to tomorrow's sessions than there are seats, because some stay away.
//!
//! Whoever has an appointment must hardly ever be turned away. Where some seats of a session are kept for people in no
//! register, people with an appointment may take all of its seats, and the others come behind them; where everybody
//! has an appointment, more are called only where that is next to safe.

use super::super::attendance::Crowd;
use super::{ByCohortAndDose, Candidate, CohortNo, Ended, Later, Offer, Output, PlaceNo, Seat};
use chrono::{NaiveDate, TimeDelta};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// With which chance people come, for assigning.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chances {
    /// The chance that a session may turn somebody away, 0..=1. At 0 nobody is called beyond the seats.
    pub risk: f64,
    /// Of people with an appointment, by cohort and number of the dose; every one of them comes where there is no
    /// entry.
    pub called: BTreeMap<(CohortNo, u8), f64>,
    /// That a seat for people in no register is used, by cohort and number of the dose; every seat where there is no
    /// entry.
    pub seats: BTreeMap<(CohortNo, u8), f64>,
    /// Whose people may be called to a place though a session of it has no seat for them.
    pub reach: BTreeSet<(PlaceNo, CohortNo)>,
    /// Whether the store has vaccine for more appointments than there are seats.
    pub has_vaccine: bool,
}

impl Chances {
    /// The chance that somebody of a cohort comes to an appointment for a dose.
    #[must_use]
    pub fn of_called(&self, cohort: CohortNo, dose: u8) -> f64 {
        self.called.get(&(cohort, dose)).copied().unwrap_or(1.0)
    }

    /// The chance that a seat for people in no register is used.
    #[must_use]
    pub fn of_seat(&self, cohort: CohortNo, dose: u8) -> f64 {
        self.seats.get(&(cohort, dose)).copied().unwrap_or(1.0)
    }
}

/// The part of the risk with which people with an appointment may be turned away. Our choice: a two-hundredth, so that
/// it happens at most at one full session of ten thousand.
const CALLED_PART: f64 = 0.005;
/// Who was called beyond the seats stays unless the risk is so many times the one allowed: people have been told.
const KEPT_FACTOR: f64 = 3.0;

/// A cohort and the number of the dose.
pub(super) type Cell = (CohortNo, u8);

/// Rows without seats at the sessions of today and tomorrow, for people whom the plan calls to these places on other
/// days, and today for those who were called so before and may know of no other day: nobody gets a seat by them, and
/// people may be called beyond the seats.
pub(super) fn without_seats(
    offers: &[Offer],
    (candidates, today): (&[Candidate], NaiveDate),
    chances: &Chances,
) -> Vec<Offer> {
    let cells: BTreeSet<Cell> = candidates.iter().map(|one| (one.cohort, one.dose)).collect();
    let soon = today..=today + TimeDelta::days(1);
    let called = candidates.iter().filter_map(|one| {
        let held = one.held.filter(|held| held.day == today)?;
        Some((held.day, held.place, (one.cohort, one.dose)))
    });
    let called: BTreeSet<_> = called.collect();
    let has = offers.iter().filter(|offer| soon.contains(&offer.day));
    let has: BTreeSet<_> =
        has.map(|offer| ((offer.day, offer.place), (offer.cohort, offer.dose))).collect();
    let sessions: BTreeSet<(NaiveDate, PlaceNo)> = has.iter().map(|(at, _)| *at).collect();
    let mut out = Vec::new();
    for (day, place) in sessions {
        let reached = cells.iter().filter(|cell| {
            chances.reach.contains(&(place, cell.0)) || called.contains(&(day, place, **cell))
        });
        for &(cohort, dose) in reached.filter(|cell| !has.contains(&((day, place), **cell))) {
            out.push(Offer { day, place, cohort, dose, doses: 0 });
        }
    }
    out
}

/// A session with everybody whom it expects.
#[derive(Clone)]
struct Load<'a> {
    chances: &'a Chances,
    seats: u64,
    /// Seats and appointments of each cohort and dose.
    cells: Vec<(Cell, u64, u64)>,
    /// Everybody; and those with an appointment alone.
    all: Crowd,
    called: Crowd,
}

impl<'a> Load<'a> {
    fn of(sessions: &mut ByCohortAndDose, at: (NaiveDate, PlaceNo), chances: &'a Chances) -> Self {
        let mut cells = Vec::new();
        for (cell, some) in sessions {
            if let Some(slot) = some.find(at.0, at.1) {
                cells.push((*cell, slot.doses, slot.used));
            }
        }
        Self::with_cells(cells, chances)
    }

    fn with_cells(cells: Vec<(Cell, u64, u64)>, chances: &'a Chances) -> Self {
        let seats = cells.iter().map(|(_, doses, _)| doses).sum();
        let crowd = Crowd::new(seats);
        let mut load = Self { chances, seats, cells, all: crowd.clone(), called: crowd };
        load.count();
        load
    }

    fn count(&mut self) {
        (self.all, self.called) = (Crowd::new(self.seats), Crowd::new(self.seats));
        for ((cohort, dose), doses, used) in &self.cells {
            let comes = self.chances.of_called(*cohort, *dose);
            self.all.add_all(*used, comes);
            self.called.add_all(*used, comes);
            self.all.add_all(doses.saturating_sub(*used), self.chances.of_seat(*cohort, *dose));
        }
    }

    /// Appointments.
    fn used(&self) -> u64 {
        self.cells.iter().map(|(_, _, used)| used).sum()
    }

    /// The same with some more of a cell; `None` where that is more than `factor` times the risk.
    fn with(&self, cell: Cell, people: u64, factor: f64) -> Option<Self> {
        self.plus(cell, people).filter(|more| more.is_safe(factor))
    }

    /// The same with some more of a cell; `None` where the session has no seats for it.
    fn plus(&self, cell: Cell, people: u64) -> Option<Self> {
        let mut more = Self {
            cells: self.cells.clone(),
            all: self.all.clone(),
            called: self.called.clone(),
            ..*self
        };
        let (_, doses, used) = more.cells.iter_mut().find(|one| one.0 == cell)?;
        let is_beyond = *used >= *doses;
        *used += people;
        if is_beyond {
            let comes = self.chances.of_called(cell.0, cell.1);
            more.all.add_all(people, comes);
            more.called.add_all(people, comes);
        } else {
            more.count();
        }
        Some(more)
    }

    fn is_safe(&self, factor: f64) -> bool {
        let risk = self.chances.risk * factor;
        let is_over = self.used() > self.seats;
        self.all.beyond() <= risk
            && self.called.beyond() <= risk * CALLED_PART
            && (!is_over || self.chances.has_vaccine)
    }
}

/// Keeps people on this day and the next one whom an earlier run called beyond the seats of their cohort, and ends the
/// appointments of the others. Returns those. Today's stand as long as the session takes place.
pub(super) fn keep(
    (beyond, today): (Vec<(Seat, Candidate)>, NaiveDate),
    sessions: &mut ByCohortAndDose,
    chances: &Chances,
    out: &mut Output,
) -> Vec<Candidate> {
    let mut open = Vec::new();
    let mut loads: BTreeMap<(NaiveDate, PlaceNo), Load<'_>> = BTreeMap::new();
    let mut full: BTreeSet<(NaiveDate, PlaceNo, Cell)> = BTreeSet::new();
    for (held, one) in beyond {
        let (at, cell) = ((held.day, held.place), (one.cohort, one.dose));
        let load = loads.entry(at).or_insert_with(|| Load::of(sessions, at, chances));
        let key = (held.day, held.place, cell);
        let slot = sessions.get_mut(&cell).and_then(|some| some.find(held.day, held.place));
        let more = match held.day == today {
            true => load.plus(cell, 1),
            false if full.contains(&key) => None,
            false => load.with(cell, 1, KEPT_FACTOR),
        };
        if let (Some(slot), Some(more)) = (slot, more) {
            (slot.used, *load) = (slot.used + 1, more);
            out.kept += 1;
        } else {
            full.insert(key);
            out.ended.push((one.person, held, Ended::PlanChanged));
            open.push(one);
        }
    }
    open
}

/// Calls people with a later appointment, of which nobody was told yet, to the sessions of the next day, beyond the
/// seats.
pub(super) fn call(
    mut later: Later,
    today: NaiveDate,
    sessions: &mut ByCohortAndDose,
    chances: &Chances,
    out: &mut Output,
) {
    let day = today + TimeDelta::days(1);
    if chances.risk <= 0.0 {
        return;
    }
    for people in later.values_mut() {
        people.retain(|(held, one)| held.day > day && one.callable_from(today) <= day);
        people.sort_by_key(|(held, one)| (held.day, Reverse(one.person)));
    }
    let places: BTreeSet<PlaceNo> = sessions
        .values()
        .flat_map(|some| some.slots.iter().filter(|slot| slot.day == day).map(|slot| slot.place))
        .collect();
    for place in places {
        call_to(&mut later, (day, place), sessions, chances, out);
    }
}

/// Calls people to one session.
fn call_to(
    later: &mut Later,
    (day, place): (NaiveDate, PlaceNo),
    sessions: &mut ByCohortAndDose,
    chances: &Chances,
    out: &mut Output,
) {
    let load = Load::of(sessions, (day, place), chances);
    let last = |cell: Cell| later.get(&cell).and_then(|people| people.last()).map(|it| it.0.day);
    let order = order(&load, last);
    fill(load, &order, &mut |cell, count| {
        let Some(people) = later.get_mut(&cell).filter(|people| people.len() >= count) else {
            return false;
        };
        for (held, one) in people.split_off(people.len() - count) {
            let Some(mine) = sessions.get_mut(&cell) else { continue };
            if let Some(old) = mine.find(held.day, held.place) {
                old.used = old.used.saturating_sub(1);
            }
            if let Some(new) = mine.find(day, place) {
                new.used += 1;
            }
            out.kept -= 1;
            out.ended.push((one.person, held, Ended::PlanChanged));
            out.new.push((one.person, Seat { day, place, dose: one.dose }));
        }
        true
    });
}

/// The cohorts and doses of a session with the seats that none of their people has, in the order in which more are
/// called: first where all seats are taken, then of those that would wait longest.
fn order(load: &Load<'_>, last: impl Fn(Cell) -> Option<NaiveDate>) -> Vec<(u64, Cell)> {
    let gap = |(_, doses, used): &(Cell, u64, u64)| doses.saturating_sub(*used);
    let mut order: Vec<(u64, Cell)> = load.cells.iter().map(|cell| (gap(cell), cell.0)).collect();
    order.sort_unstable_by_key(|(gap, cell)| (*gap, Reverse(last(*cell)), *cell));
    order
}

/// Calls people to one session: of the cohorts whose people have all seats of theirs, and of one more. Its seats for
/// people in no register go to the register on the way: those people must not wait for it at the whole session.
/// `take`: calls so many of a cohort and dose; false where there are not so many.
fn fill(mut load: Load<'_>, order: &[(u64, Cell)], take: &mut dyn FnMut(Cell, usize) -> bool) {
    let mut has_filled = false;
    for &(gap, cell) in order {
        // The seats of one cohort are filled, where somebody more can be called beyond them.
        if gap > 0 && has_filled {
            break;
        }
        let filled = if gap == 0 { Some(load.clone()) } else { load.with(cell, gap, 1.0) };
        let mut next = filled.and_then(|filled| filled.with(cell, 1, 1.0));
        let mut count = usize::try_from(gap).unwrap_or(usize::MAX).saturating_add(1);
        while let Some(safe) = next {
            if !take(cell, count) {
                break;
            }
            has_filled |= gap > 0;
            load = safe;
            count = 1;
            next = load.with(cell, 1, 1.0);
        }
    }
}

/// How many people of each cohort and dose have an appointment at a session when more were called to it, as
/// [`call`] does it, where as many as are wanted wait. `cells`: seats and appointments; of cohorts without an
/// appointment nobody can be called.
pub(super) fn with_more(cells: &[(Cell, u64, u64)], chances: &Chances) -> BTreeMap<Cell, u64> {
    let mut named: BTreeMap<Cell, u64> =
        cells.iter().map(|(cell, _, named)| (*cell, *named)).collect();
    if chances.risk <= 0.0 {
        return named;
    }
    let load = Load::with_cells(cells.to_vec(), chances);
    let order = order(&load, |_| None);
    fill(load, &order, &mut |cell, count| {
        let Some(mine) = named.get_mut(&cell).filter(|named| **named > 0) else { return false };
        *mine += count as u64;
        true
    });
    named
}

#[cfg(test)]
#[path = "overbook_tests.rs"]
mod tests;
