//! The slots of all sessions and how many of their seats are free, for other programs.

use super::{Person, Shown, clerks_link, links, shown_at};
use crate::app::assigning::{Standing, standings};
use crate::app::unsubscribing::secret;
use crate::app::{App, Loaded, Result, today};
use crate::domain::audit::Action;
use crate::domain::booking::{Answer, Taken};
use crate::domain::id::{AreaCode, PersonId, PlaceCode};
use crate::domain::permission::{Actor, Power};
use crate::store::Tx;
use crate::store::bookings::{self, Link};
use crate::store::waiting::{self, Waiting};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use std::collections::BTreeSet;

/// How long a link lasts that a clerk makes for somebody without an appointment. Our choice.
const OPEN_DAYS: i64 = 14;

/// An appointment in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedBooking {
    /// Who.
    pub person: PersonId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// The day.
    pub day: NaiveDate,
    /// The place.
    pub place: PlaceCode,
    /// When the slot begins.
    pub slot: Option<String>,
    /// What the person said to it.
    pub answer: Option<Answer>,
}

/// A slot of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSlot {
    /// Where and when.
    pub shown: Shown,
    /// The area of the place; `None` where the place is gone.
    pub area: Option<AreaCode>,
    /// All seats.
    pub seats: u64,
    /// Seats that nobody has.
    pub free: u64,
}

impl App {
    /// The slots of a campaign from tomorrow on, by day, place and time. Seats are those of the plan, whomever it
    /// planned them for.
    pub async fn open_slots(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Vec<OpenSlot>> {
        let day = today(&loaded.campaign, now);
        let mut tx = self.store.read().await?;
        let Some((offers, _)) = self.offers(&mut tx, loaded, day).await? else {
            return Ok(Vec::new());
        };
        let ends = (offers.sessions.keys().next(), offers.sessions.keys().next_back());
        let (Some(first), Some(last)) = ends else { return Ok(Vec::new()) };
        let codes: BTreeSet<&str> = offers.sessions.keys().map(|at| at.1.as_str()).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        let taken = bookings::taken(&mut tx, loaded.no, (first.0, last.0), &codes).await?;
        let none = Taken::default();
        let mut out = Vec::new();
        for (at, session) in &offers.sessions {
            let taken = taken.get(at).unwrap_or(&none);
            let place = loaded.campaign.place(at.1.as_str());
            for (slot, seats, free) in session.open(taken) {
                out.push(OpenSlot {
                    shown: shown_at(Some(&offers), loaded, at, slot),
                    area: place.map(|place| place.area().clone()),
                    seats,
                    free,
                });
            }
        }
        Ok(out)
    }

    /// The open campaigns in which somebody has an appointment to come or can book.
    pub(in crate::app) async fn bookable(
        &self,
        tx: &mut Tx,
        person: &PersonId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Loaded>> {
        let mut out = Vec::new();
        for loaded in self.campaigns_in(tx).await?.into_iter().filter(|loaded| loaded.is_open) {
            let link = clerks_link(&loaded, person.as_str(), now);
            let Some(opened) = self.open(tx, link, now).await? else { continue };
            let can = |one: &Person| {
                one.days(&opened).is_ok() || one.standing_appointment(opened.today).is_some()
            };
            if opened.people.first().is_some_and(can) {
                out.push(loaded);
            }
        }
        Ok(out)
    }

    /// Who waits for a seat of a campaign and still can have one, whoever came first first.
    pub async fn waiting(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Vec<Waiting>> {
        let mut tx = self.store.read().await?;
        let mut all = waiting::all(&mut tx, loaded.no).await?;
        let people = all.iter().map(|one| &one.person);
        let known = standings(&mut tx, loaded, people, today(&loaded.campaign, now)).await?;
        let is_due = |standing: &Standing, dose| {
            standing.barred.is_none() && standing.due.is_some_and(|due| due.number == dose)
        };
        all.retain(|one| known.get(&one.person).is_some_and(|it| is_due(it, one.dose)));
        Ok(all)
    }

    /// Everybody's appointments from a day on, by day, place and slot.
    pub async fn bookings(&self, loaded: &Loaded, from: NaiveDate) -> Result<Vec<ListedBooking>> {
        let mut tx = self.store.read().await?;
        let all = bookings::from(&mut tx, loaded.no, from).await?;
        let listed = |one: bookings::Appointment| ListedBooking {
            person: one.person,
            dose: one.dose,
            day: one.day,
            place: one.place,
            slot: one.slot.map(|slot| slot.to_string()),
            answer: one.answer,
        };
        Ok(all.into_iter().map(listed).collect())
    }

    /// The address of the booking page for the dose that is due for somebody whom `by` may see; `None` where nothing
    /// is, or where nobody books.
    pub async fn booking_link(
        &self,
        loaded: &Loaded,
        person: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>> {
        let mut act = self.act((by, Power::People), Action::BookingLink, now).await?;
        let tx = act.tx();
        let until = today(&loaded.campaign, now) + TimeDelta::days(OPEN_DAYS);
        let known = self.person_in(tx, loaded, person, by, now).await?;
        let link = Link { campaign: loaded.no, person: known.id, dose: 0, until };
        let Some(opened) = self.open(tx, link, now).await? else { return Ok(None) };
        let first = &opened.people[0];
        let Some(due) = first.standing.due else { return Ok(None) };
        let held = first.standing_appointment(opened.today).map_or(until, |held| held.day);
        let link = Link { dose: due.number, until: held.max(until), ..opened.link.clone() };
        let secret = secret(tx).await?;
        let token = links::make(tx, &secret, &link, now).await?;
        let Some(address) = self.config.booking.link(&token) else { return Ok(None) };
        act.commit(Some(loaded.campaign.id.as_str()), link.person.as_str()).await?;
        Ok(Some(address))
    }
}
