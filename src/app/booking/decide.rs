//! What a wish changes, and why it cannot be. What several wishes change is stored together.

use super::Seat;
use super::opened::{Opened, Person};
use crate::app::seats::At;
use crate::app::{Loaded, Result, breaking, millis};
use crate::domain::assign::Ended;
use crate::domain::booking::{Answer, NoBooking, Taken};
use crate::domain::campaign::CohortKey;
use crate::domain::id::{CampaignNo, PersonId};
use crate::store::bookings::{self, Appointment, BookedSeat};
use crate::store::{Tx, assignments, waiting};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To come as they were told.
    Confirm,
    /// To have this seat.
    Take(Seat),
    /// Not to come.
    Cancel,
    /// To have the next seat that becomes free.
    Wait,
    /// Not to wait for one any longer.
    Leave,
}

/// What was decided: what the audit log says, `None` where nothing changes, or why it cannot be.
pub(super) type Decided = std::result::Result<Option<String>, NoBooking>;

/// The seats that people have in the sessions that are wanted.
pub(super) struct Seats(BTreeMap<At, Taken>);

impl Seats {
    /// Counts them.
    pub(super) async fn of<'a>(
        tx: &mut Tx,
        no: CampaignNo,
        wishes: impl Iterator<Item = &'a Wish>,
    ) -> Result<Self> {
        let session = |wish: &Wish| match wish {
            Wish::Take((day, place, _)) => Some((*day, place.clone())),
            Wish::Confirm | Wish::Cancel | Wish::Wait | Wish::Leave => None,
        };
        let wanted: BTreeSet<At> = wishes.filter_map(session).collect();
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
            return Ok(Self(BTreeMap::new()));
        };
        let days = (first.0, last.0);
        let places: BTreeSet<&str> = wanted.iter().map(|at| at.1.as_str()).collect();
        let places: Vec<&str> = places.into_iter().collect();
        let mut taken = bookings::taken(tx, no, days, &places).await?;
        let seats = |at: At| {
            let taken = taken.remove(&at).unwrap_or_default();
            (at, taken)
        };
        Ok(Self(wanted.into_iter().map(seats).collect()))
    }

    /// Gives a seat back.
    fn leave(&mut self, held: &Appointment) {
        if let Some(taken) = self.0.get_mut(&(held.day, held.place.clone())) {
            taken.leave(held.slot, (held.cohort.clone(), held.dose));
        }
    }
}

/// What wishes of one campaign change. Everybody has one of them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    confirmed: Vec<PersonId>,
    cancelled: Vec<PersonId>,
    /// Who gives a seat back for another one.
    moved: Vec<PersonId>,
    taken: BTreeMap<BookedSeat, Vec<PersonId>>,
    /// With the number of the dose.
    waiting: Vec<(PersonId, u8)>,
    /// Who waits no longer.
    left: Vec<PersonId>,
}

impl Changes {
    /// Decides about a wish, after all that came before.
    pub(super) fn decide(
        &mut self,
        seats: &mut Seats,
        (opened, person): (&Opened, &Person),
        wish: &Wish,
    ) -> Decided {
        match wish {
            Wish::Confirm => self.confirm(opened, person),
            Wish::Cancel => self.cancel(seats, opened, person),
            Wish::Take(seat) => self.take(seats, (opened, person), seat),
            Wish::Wait => self.wait(opened, person),
            Wish::Leave => Ok(self.leave(person)),
        }
    }

    /// Puts somebody without an appointment on the list of those who get the next seat.
    fn wait(&mut self, opened: &Opened, person: &Person) -> Decided {
        person.days(opened)?;
        if person.standing_appointment(opened.today).is_some() {
            return Err(NoBooking::HasOne);
        }
        if person.waits {
            return Ok(None);
        }
        let dose = person.booker.dose;
        self.waiting.push((person.code().clone(), dose));
        Ok(Some(format!("dose {dose}, waits for a seat")))
    }

    fn leave(&mut self, person: &Person) -> Option<String> {
        person.waits.then(|| {
            self.left.push(person.code().clone());
            format!("dose {}, no longer waits", person.booker.dose)
        })
    }

    fn confirm(&mut self, opened: &Opened, person: &Person) -> Decided {
        let days = person.days(opened);
        let Some(held) = person.standing_appointment(opened.today) else {
            return Err(days.err().unwrap_or(NoBooking::None));
        };
        if let Err(why @ (NoBooking::Dead | NoBooking::Barred | NoBooking::Given)) = days {
            return Err(why);
        }
        if held.answer.is_some() {
            return Ok(None);
        }
        self.confirmed.push(held.person.clone());
        Ok(Some(at(held)))
    }

    fn cancel(&mut self, seats: &mut Seats, opened: &Opened, person: &Person) -> Decided {
        let held = person.standing_appointment(opened.today).ok_or(NoBooking::None)?;
        seats.leave(held);
        self.cancelled.push(held.person.clone());
        Ok(Some(at(held)))
    }

    fn take(
        &mut self,
        seats: &mut Seats,
        (opened, person): (&Opened, &Person),
        seat: &Seat,
    ) -> Decided {
        let session: At = (seat.0, seat.1.clone());
        let taken = seats.0.entry(session).or_default();
        let Some(Taking { plan, cohort, dose, held }) = may_take((opened, person), seat, taken)?
        else {
            return self.confirm(opened, person);
        };
        let (day, place, slot) = seat.clone();
        taken.add(slot, (Some(cohort.clone()), dose), 1);
        let code = person.code().clone();
        let new = BookedSeat { dose, day, place, slot, cohort: cohort.clone(), plan };
        let mut said = said(dose, seat);
        if let Some(held) = held {
            seats.leave(held);
            self.moved.push(code.clone());
            said = format!("{said}; before {}", at(held));
        }
        self.taken.entry(new).or_default().push(code);
        Ok(Some(said))
    }

    /// Stores all of it.
    pub(super) async fn store(
        self,
        tx: &mut Tx,
        loaded: &Loaded,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (no, at) = (loaded.no, millis(now));
        let cancelled = codes(&self.cancelled);
        assignments::end(tx, no, &cancelled, Ended::Cancelled, at).await?;
        let moved = codes(&self.moved);
        assignments::end(tx, no, &moved, Ended::Moved, at).await?;
        let mut until: BTreeMap<(NaiveDate, u8), Vec<&str>> = BTreeMap::new();
        for (seat, people) in &self.taken {
            let people = codes(people);
            bookings::take(tx, no, seat, &people, at).await?;
            until.entry((seat.day, seat.dose)).or_default().extend(people);
        }
        for ((day, dose), people) in &until {
            bookings::keep_links(tx, no, (people, *dose), *day).await?;
        }
        if !self.confirmed.is_empty() {
            bookings::answer(tx, no, &codes(&self.confirmed), Answer::Confirmed).await?;
        }
        for (person, dose) in &self.waiting {
            waiting::put(tx, no, (person.as_str(), *dose), at).await?;
        }
        let mut left = codes(&self.left);
        left.extend(until.values().flatten());
        if !left.is_empty() {
            waiting::leave(tx, no, &left).await?;
        }
        let freed = (cancelled.len() + moved.len()) as u64;
        if freed > 0 {
            breaking::freed(tx, loaded, freed, now).await?;
        }
        Ok(())
    }
}

fn codes(people: &[PersonId]) -> Vec<&str> {
    people.iter().map(PersonId::as_str).collect()
}

fn at(one: &Appointment) -> String {
    said(one.dose, &(one.day, one.place.clone(), one.slot))
}

fn said(dose: u8, (day, place, slot): &Seat) -> String {
    let slot = slot.map(|slot| format!(" {slot}")).unwrap_or_default();
    format!("dose {dose}, {day} {place}{slot}")
}

/// A seat that can be taken.
struct Taking<'a> {
    plan: i64,
    cohort: &'a CohortKey,
    dose: u8,
    /// The appointment that is given back for it.
    held: Option<&'a Appointment>,
}

/// Whether somebody can have a seat of a session in which these are taken. `None`: they have it.
fn may_take<'a>(
    (opened, person): (&'a Opened, &'a Person),
    (day, place, slot): &Seat,
    taken: &Taken,
) -> std::result::Result<Option<Taking<'a>>, NoBooking> {
    let (first, last) = person.days(opened)?;
    let (Some(offers), Some(cohort)) = (&opened.offers, &person.booker.cohort) else {
        return Err(NoBooking::Unplanned);
    };
    let dose = person.booker.dose;
    let session = offers.sessions.get(&(*day, place.clone()));
    let session = session.filter(|of| {
        let is_theirs = of.doses.contains_key(&(cohort.clone(), dose));
        first <= *day && *day <= last && is_theirs && of.slots.contains_key(slot)
    });
    let session = session.ok_or(NoBooking::NotOffered)?;
    let held = person.appointment.as_ref();
    let is_it = |held: &Appointment| {
        (held.day, &held.place, held.slot, held.dose) == (*day, place, *slot, dose)
    };
    if held.is_some_and(is_it) {
        return Ok(None);
    }
    let is_free =
        |taken: &Taken| session.free(taken, cohort, dose).iter().any(|(one, _)| one == slot);
    let is_free = match held.filter(|held| held.day == *day && held.place == *place) {
        Some(held) => {
            let mut others = taken.clone();
            others.leave(held.slot, (held.cohort.clone(), held.dose));
            is_free(&others)
        }
        None => is_free(taken),
    };
    if is_free {
        Ok(Some(Taking { plan: offers.plan, cohort, dose, held }))
    } else {
        Err(NoBooking::Full)
    }
}
