//! What an office sees of bookings: who has which seat of a day, who gave one back, and who waits for one. Each line is
//! of somebody whom the office may see: by the place of their appointment, else by where they live.

use crate::app::{App, Loaded, Result, today};
use crate::domain::booking::{SeatStand, SlotTime};
use crate::domain::id::{PersonId, PlaceCode};
use crate::domain::permission::{Actor, Power, Visits, may_at, may_see};
use crate::domain::person::Person;
use crate::store::{Tx, assignments, bookings, records};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// A seat of a session, and who has it or gave it back.
pub struct DeskBooking {
    /// Who.
    pub person: Person,
    /// Number of the dose.
    pub dose: u8,
    /// The place.
    pub place: PlaceCode,
    /// When the slot begins, where it has one.
    pub slot: Option<SlotTime>,
    /// How they stand to it.
    pub stand: SeatStand,
}

/// Somebody who waits for a seat.
pub struct DeskWaiting {
    /// Who.
    pub person: Person,
    /// Number of the dose.
    pub dose: u8,
    /// Since when, milliseconds since 1970.
    pub since: i64,
}

impl App {
    /// The seats of a day at a place, or at all places that `by` may see, by place and slot; and who gave one back and
    /// has none there any more.
    pub async fn desk_bookings(
        &self,
        loaded: &Loaded,
        (day, only): (NaiveDate, Option<&str>),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<DeskBooking>> {
        let campaign = &loaded.campaign;
        let sessions = self.sessions(loaded).await?;
        let visits = Visits::on(&sessions, day);
        let sites = campaign.sites.iter().map(|site| site.code.as_str());
        let all = sites.chain(campaign.stops.iter().map(|stop| stop.code.as_str()));
        let places: Vec<&str> = all
            .filter(|code| only.is_none_or(|only| only == *code))
            .filter(|code| may_at(by, Power::People, campaign, code, &visits).is_ok())
            .collect();
        let mut tx = self.store.read().await?;
        let held = bookings::on(&mut tx, loaded.no, day, &places).await?;
        let left = bookings::left(&mut tx, loaded.no, day, &places).await?;
        let codes = held.iter().map(|one| one.person.as_str());
        let mut known = records::find::<Person>(&mut tx, codes).await?;
        let mut out: Vec<DeskBooking> = Vec::new();
        for one in &held {
            let Some(found) = known.remove(one.person.as_str()) else { continue };
            let (dose, place, slot) = (one.dose, one.place.clone(), one.slot);
            let stand = SeatStand::of(one.answer);
            out.push(DeskBooking { person: found.value, dose, place, slot, stand });
        }
        // Of whoever gave back several, the last; whoever moved within the session is in it.
        let is_in = |one: &bookings::Left| {
            held.iter().any(|held| held.person == one.person && held.place == one.place)
        };
        let gone: BTreeMap<(PersonId, PlaceCode), bookings::Left> = left
            .into_iter()
            .filter(|one| !is_in(one))
            .map(|one| ((one.person.clone(), one.place.clone()), one))
            .collect();
        let people: Vec<&str> = gone.keys().map(|(person, _)| person.as_str()).collect();
        let seen = self.seen(&mut tx, loaded, &people, (by, now)).await?;
        for ((person, place), one) in &gone {
            let Some(person) = seen.get(person.as_str()) else { continue };
            let (person, place) = (person.clone(), place.clone());
            out.push(DeskBooking {
                person,
                dose: one.dose,
                place,
                slot: one.slot,
                stand: one.stand,
            });
        }
        let key = |one: &DeskBooking| (one.place.clone(), one.slot, one.person.id.clone());
        out.sort_by_cached_key(key);
        Ok(out)
    }

    /// Who waits for a seat of a campaign, of those whom `by` may see: whoever came first first.
    pub async fn desk_waiting(
        &self,
        loaded: &Loaded,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<DeskWaiting>> {
        let all = self.waiting(loaded, now).await?;
        let codes: Vec<&str> = all.iter().map(|one| one.person.as_str()).collect();
        let mut tx = self.store.read().await?;
        let mut seen = self.seen(&mut tx, loaded, &codes, (by, now)).await?;
        let line = |one: &crate::store::waiting::Waiting| {
            let person = seen.remove(one.person.as_str())?;
            Some(DeskWaiting { person, dose: one.dose, since: one.since })
        };
        Ok(all.iter().filter_map(line).collect())
    }

    /// Those of some people whom `by` may see, by code.
    async fn seen(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        codes: &[&str],
        (by, now): (Actor<'_>, DateTime<Utc>),
    ) -> Result<BTreeMap<String, Person>> {
        let (campaign, day) = (&loaded.campaign, today(&loaded.campaign, now));
        let mut held = assignments::of(tx, loaded.no, codes).await?;
        held.retain(|_, held| held.day >= day);
        let sessions = self.sessions_in(tx, loaded).await?;
        let mut visits: BTreeMap<NaiveDate, Visits> = BTreeMap::new();
        for held in held.values() {
            visits.entry(held.day).or_insert_with(|| Visits::on(&sessions, held.day));
        }
        let known = records::find::<Person>(tx, codes.iter().copied()).await?;
        let may = |person: &Person| {
            let held = held.get(&person.id);
            let appointment = held.and_then(|held| Some((&held.place, visits.get(&held.day)?)));
            may_see(by, campaign, campaign.home(&person.area, day), appointment).is_ok()
        };
        let people = known.into_iter().map(|(code, found)| (code, found.value));
        Ok(people.filter(|(_, person)| may(person)).collect())
    }
}
