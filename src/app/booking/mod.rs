//! Booking (预约): what somebody sees and does who opens the booking page with a link.

mod book;
mod counter;
mod decide;
mod desk;
mod import;
pub(super) mod links;
mod open;
mod opened;
mod requests;

pub(super) use book::HASH_SHOWN;
pub use book::{Done, Moved};
pub use decide::Wish;
pub use desk::{DeskBooking, DeskWaiting};
pub use import::{ImportedBookings, NotBooked};
pub use open::{ListedBooking, OpenSlot};

use super::seats::{At, Offers, TakenSeats};
use super::{App, Loaded, Result, today};
use crate::domain::booking::{Answer, NoBooking, SlotTime, masked};
use crate::domain::campaign::Language;
use crate::domain::id::{PersonId, PlaceCode};
use crate::store::Tx;
use crate::store::bookings::{self, Appointment, Link};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use counter::Counter;
use opened::{Opened, Person};
use sha2::{Digest as _, Sha256};

/// The most seats that a page offers: a list that a phone can scroll.
const CHOICES_MAX: usize = 60;
/// Days whose taken seats are counted at a time.
const TAKEN_DAYS: i64 = 5;
/// The most people of a household that a page shows.
const MEMBERS_MAX: usize = 20;

/// Where and when somebody is expected, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The day.
    pub day: NaiveDate,
    /// Code of the place.
    pub place: PlaceCode,
    /// Its name.
    pub place_name: String,
    /// Its address.
    pub address: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// From when to when, where the place has hours.
    pub time: Option<(SlotTime, NaiveTime)>,
    /// What the person said to it.
    pub answer: Option<Answer>,
}

/// A seat as it is shown: the day, the place and the slot, where the place has hours.
pub type Seat = (NaiveDate, PlaceCode, Option<SlotTime>);

impl Shown {
    /// Which seat it is.
    pub fn seat(&self) -> Seat {
        (self.day, self.place.clone(), self.time.map(|(slot, _)| slot))
    }
}

/// A slot that can be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Where and when.
    pub shown: Shown,
    /// Seats that are free.
    pub free: u64,
}

/// Somebody of the household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name, of which only a part is shown.
    pub name: String,
    /// The dose that can be booked.
    pub dose: u8,
    /// The appointment that they have.
    pub appointment: Option<Shown>,
    /// Why they cannot book; `None`: they can.
    pub refused: Option<NoBooking>,
    /// Whether they wait for a seat.
    pub waits: bool,
}

/// What the booking page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingPage {
    /// Name of the campaign.
    pub campaign: String,
    /// Its vaccine.
    pub vaccine: String,
    /// The language of the person, or of the campaign.
    pub language: Language,
    /// The household; the first one has the link.
    pub members: Vec<Member>,
    /// Who of them is looked at.
    pub at: usize,
    /// What they can take.
    pub choices: Vec<Choice>,
    /// The day from which further seats are free.
    pub later: Option<NaiveDate>,
}

/// What somebody looks at.
#[derive(Debug, Clone)]
struct Looking {
    /// The hash of the link's token.
    hash: String,
    /// Position of the member of the household.
    at: usize,
    /// The first day of the seats.
    from: Option<NaiveDate>,
    now: DateTime<Utc>,
}

/// Where those who look and those who want something are served.
#[derive(Debug, Clone, Default)]
pub(super) struct Desk {
    looks: Counter<Looking, Result<Option<BookingPage>>>,
    wishes: Counter<book::Asking, Result<Done>>,
}

/// The hash under which a token is stored.
pub(super) fn hash_of_token(token: &str) -> String {
    crate::text::hex(&Sha256::digest(token.as_bytes()))
}

impl App {
    /// What the page of a link shows: of the member at this position of the household, with seats from a day on.
    /// `None`: no such link, or none any more.
    pub async fn booking_page(
        &self,
        token: &str,
        (at, from): (usize, Option<NaiveDate>),
        now: DateTime<Utc>,
    ) -> Result<Option<BookingPage>> {
        let looking = Looking { hash: hash_of_token(token), at, from, now };
        let app = self.clone();
        let serve = move |looks: Vec<Looking>| {
            let app = app.clone();
            async move { app.look_all(&looks).await }
        };
        self.desk.looks.ask(looking, serve).await
    }

    /// What some people see, in their order.
    async fn look_all(&self, looks: &[Looking]) -> Vec<Result<Option<BookingPage>>> {
        if let Ok(pages) = self.look(looks).await {
            return pages.into_iter().map(Ok).collect();
        }
        // What is wrong with one must not be wrong with the others.
        let mut out = Vec::new();
        for one in looks {
            let page = self.look(std::slice::from_ref(one)).await;
            out.push(page.map(|pages| pages.into_iter().flatten().next()));
        }
        out
    }

    async fn look(&self, looks: &[Looking]) -> Result<Vec<Option<BookingPage>>> {
        let mut out: Vec<Option<BookingPage>> = looks.iter().map(|_| None).collect();
        let Some(now) = looks.iter().map(|look| look.now).max() else { return Ok(out) };
        let mut tx = self.store.read().await?;
        let hashes: Vec<&str> = looks.iter().map(|look| look.hash.as_str()).collect();
        let links = bookings::links(&mut tx, &hashes).await?;
        let known = |(no, look): (usize, &Looking)| Some((no, links.get(&look.hash)?.clone()));
        let (nos, links): (Vec<usize>, Vec<Link>) =
            looks.iter().enumerate().filter_map(known).unzip();
        for (no, opened) in nos.into_iter().zip(self.open_all(&mut tx, links, now).await?) {
            let (Some(opened), look) = (opened, &looks[no]) else { continue };
            let at = if look.at < opened.people.len() { look.at } else { 0 };
            let choices = self.choices(&mut tx, &opened, &opened.people[at], look.from).await?;
            out[no] = Some(page_of(&opened, at, choices));
        }
        Ok(out)
    }

    /// A person's appointment to come in a campaign, and the seats that they can have.
    pub(super) async fn seats_for(
        &self,
        loaded: &Loaded,
        person: &str,
        now: DateTime<Utc>,
    ) -> Result<(Option<Shown>, Vec<Choice>)> {
        let mut tx = self.store.read().await?;
        let link = clerks_link(loaded, person, now);
        let Some(opened) = self.open(&mut tx, link, now).await? else {
            return Ok((None, Vec::new()));
        };
        let Some(first) = opened.people.first() else { return Ok((None, Vec::new())) };
        let (choices, _) = self.choices(&mut tx, &opened, first, None).await?;
        let held = first.appointment.as_ref().filter(|held| held.day >= opened.today);
        Ok((held.map(|held| shown(&opened, held)), choices))
    }

    /// What somebody can take from a day on, the earliest first, and the day from which there is more.
    async fn choices(
        &self,
        tx: &mut Tx,
        opened: &Opened,
        person: &Person,
        from: Option<NaiveDate>,
    ) -> Result<(Vec<Choice>, Option<NaiveDate>)> {
        let (Ok((first, last)), Some(offers)) = (person.days(opened), &opened.offers) else {
            return Ok((Vec::new(), None));
        };
        let Some(cohort) = &person.booker.cohort else { return Ok((Vec::new(), None)) };
        let dose = person.booker.dose;
        let first = from.unwrap_or(first).max(first);
        let all = offers.of.get(&(cohort.clone(), dose)).map_or(&[][..], Vec::as_slice);
        let all: Vec<&At> = all.iter().filter(|at| first <= at.0 && at.0 <= last).collect();
        let mut codes: Vec<&str> = all.iter().map(|at| at.1.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        let (mut taken, mut until) = (TakenSeats::default(), None);
        let none = crate::domain::booking::Taken::default();
        let mut out: Vec<Choice> = Vec::new();
        for at in all {
            let Some(session) = offers.sessions.get(at) else { continue };
            // Most pages are full after the first days.
            if until.is_none_or(|until| until < at.0) {
                let end = (at.0 + TimeDelta::days(TAKEN_DAYS - 1)).min(last);
                taken =
                    self.taken(tx, (opened.loaded.no, opened.turn), (at.0, end), &codes).await?;
                until = Some(end);
            }
            if out.len() >= CHOICES_MAX && out.last().is_some_and(|last| last.shown.day < at.0) {
                return Ok((out, Some(at.0)));
            }
            for (slot, free) in session.free(taken.get(at).unwrap_or(&none), cohort, dose) {
                out.push(Choice { shown: shown_at(Some(offers), &opened.loaded, at, slot), free });
            }
        }
        Ok((out, None))
    }
}

/// What a clerk opens who sees a person: as a link of today, for the dose that is due.
pub(super) fn clerks_link(loaded: &Loaded, person: &str, now: DateTime<Utc>) -> Link {
    let until = today(&loaded.campaign, now);
    Link { campaign: loaded.no, person: PersonId::new(person), dose: 0, until }
}

/// What the page shows of a household: the member at this position, and what they can take.
fn page_of(
    opened: &Opened,
    at: usize,
    (choices, later): (Vec<Choice>, Option<NaiveDate>),
) -> BookingPage {
    let member = |one: &Person| Member {
        name: masked(one.standing.person.name.as_deref().unwrap_or_default()),
        dose: one.booker.dose,
        appointment: one.standing_appointment(opened.today).map(|held| shown(opened, held)),
        refused: one.days(opened).err(),
        waits: one.waits,
    };
    let campaign = &opened.loaded.campaign;
    let first = &opened.people[0].standing.person;
    BookingPage {
        campaign: campaign.name.clone(),
        vaccine: campaign.series.name.clone(),
        language: first.language.unwrap_or(campaign.language),
        members: opened.people.iter().map(member).collect(),
        at,
        choices,
        later,
    }
}

fn shown(opened: &Opened, one: &Appointment) -> Shown {
    let at = (one.day, one.place.clone());
    let shown = shown_at(opened.offers.as_deref(), &opened.loaded, &at, one.slot);
    Shown { answer: one.answer, ..shown }
}

/// A place and a day as they are shown.
fn shown_at(
    offers: Option<&Offers>,
    loaded: &Loaded,
    (day, place): &At,
    slot: Option<SlotTime>,
) -> Shown {
    let site = offers.and_then(|offers| offers.site(place, *day));
    let timing = offers.and_then(|offers| offers.timing(place, *day));
    let named = loaded.campaign.place(place.as_str());
    Shown {
        day: *day,
        place: place.clone(),
        place_name: named.map_or_else(|| place.to_string(), |place| place.name().to_owned()),
        address: site.and_then(|site| site.address.clone()),
        phone: site.and_then(|site| site.phone.clone()),
        time: slot.zip(timing).map(|(slot, timing)| (slot, timing.end_of(slot))),
        answer: None,
    }
}
