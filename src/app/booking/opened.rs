//! Whom links are for, as they stand: what the booking page shows and decides follows from it.

use super::MEMBERS_MAX;
use crate::app::assigning::{Standing, standings};
use crate::app::seats::Offers;
use crate::app::{App, Loaded, Result, today};
use crate::domain::booking::{Booker, NoBooking};
use crate::domain::campaign::CohortKey;
use crate::domain::id::{CampaignNo, PersonId};
use crate::store::bookings::{self, Appointment, Link};
use crate::store::waiting::{self, Waiting};
use crate::store::{Tx, people};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whom a link is for, as they stand.
pub(super) struct Opened {
    pub(super) loaded: Loaded,
    pub(super) link: Link,
    pub(super) today: NaiveDate,
    /// The household; the person of the link first, the others by code.
    pub(super) people: Vec<Person>,
    /// `None`: no plan is in force.
    pub(super) offers: Option<Arc<Offers>>,
    /// How often seats of the campaign were given or taken.
    pub(super) turn: i64,
}

/// Somebody of a household, with what decides about a booking.
pub(super) struct Person {
    pub(super) standing: Arc<Standing>,
    pub(super) booker: Booker,
    pub(super) appointment: Option<Appointment>,
    /// Whether they wait for a seat for that dose.
    pub(super) waits: bool,
}

impl Person {
    /// The days that they may take, where they may book at all.
    pub(super) fn days(
        &self,
        opened: &Opened,
    ) -> std::result::Result<(NaiveDate, NaiveDate), NoBooking> {
        let days = self.booker.days(opened.today, opened.loaded.campaign.end)?;
        if opened.offers.is_some() { Ok(days) } else { Err(NoBooking::Unplanned) }
    }

    /// The appointment for the dose that can be booked, as long as it is to come.
    pub(super) fn standing_appointment(&self, today: NaiveDate) -> Option<&Appointment> {
        let mine = |one: &&Appointment| one.dose == self.booker.dose && one.day >= today;
        self.appointment.as_ref().filter(mine)
    }

    pub(super) fn code(&self) -> &PersonId {
        &self.standing.person.id
    }
}

/// What is known of the people of some links of one campaign.
struct Known {
    loaded: Loaded,
    today: NaiveDate,
    households: BTreeMap<PersonId, Vec<PersonId>>,
    standings: BTreeMap<PersonId, Arc<Standing>>,
    appointments: BTreeMap<PersonId, Appointment>,
    waiting: Vec<Waiting>,
    offers: Option<Arc<Offers>>,
    turn: i64,
}

impl App {
    /// Whom a link is for; `None` where it has ended.
    pub(super) async fn open(
        &self,
        tx: &mut Tx,
        link: Link,
        now: DateTime<Utc>,
    ) -> Result<Option<Opened>> {
        Ok(self.open_all(tx, vec![link], now).await?.pop().flatten())
    }

    /// Whom each of some links is for, in their order; `None` where one has ended. It takes as many statements as one
    /// link does.
    pub(super) async fn open_all(
        &self,
        tx: &mut Tx,
        links: Vec<Link>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<Opened>>> {
        let campaigns: BTreeSet<CampaignNo> = links.iter().map(|link| link.campaign).collect();
        let mut known = BTreeMap::new();
        for no in campaigns {
            let of = |link: &&Link| link.campaign == no;
            if let Some(found) = self.known(tx, no, links.iter().filter(of), now).await? {
                known.insert(no, found);
            }
        }
        let opened = |link: Link| known.get(&link.campaign).and_then(|known| known.open(link));
        Ok(links.into_iter().map(opened).collect())
    }

    /// What is known of the people of links of one campaign; `None` where none of them opens anything.
    async fn known<'a>(
        &self,
        tx: &mut Tx,
        no: CampaignNo,
        links: impl Iterator<Item = &'a Link>,
        now: DateTime<Utc>,
    ) -> Result<Option<Known>> {
        let loaded = self.load(tx, no, i64::MAX).await?;
        let today = today(&loaded.campaign, now);
        let asked: BTreeSet<&PersonId> =
            links.filter(|link| link.until >= today).map(|link| &link.person).collect();
        if asked.is_empty() || !loaded.is_open {
            return Ok(None);
        }
        let loaded = loaded.on(today);
        let codes: Vec<&str> = asked.iter().map(|person| person.as_str()).collect();
        let mut households = people::households(tx, &codes).await?;
        for person in asked {
            let members = households.entry(person.clone()).or_default();
            members.retain(|member| member != person);
            members.truncate(MEMBERS_MAX - 1);
            members.insert(0, person.clone());
        }
        let all: BTreeSet<&PersonId> = households.values().flatten().collect();
        let standings = standings(tx, &loaded, all.iter().copied(), today).await?;
        let codes: Vec<&str> = all.iter().map(|person| person.as_str()).collect();
        let appointments = bookings::of_people(tx, no, &codes).await?;
        let waiting = waiting::of(tx, no, &codes).await?;
        let (offers, turn) = self.offers(tx, &loaded, today).await?.unzip();
        let turn = turn.unwrap_or_default();
        let shared = |(code, standing)| (code, Arc::new(standing));
        let standings = standings.into_iter().map(shared).collect();
        Ok(Some(Known {
            loaded,
            today,
            households,
            standings,
            appointments,
            waiting,
            offers,
            turn,
        }))
    }
}

impl Known {
    fn open(&self, link: Link) -> Option<Opened> {
        if link.until < self.today {
            return None;
        }
        let members = self.households.get(&link.person)?;
        let people: Vec<Person> =
            members.iter().filter_map(|code| self.person(code, &link)).collect();
        let is_theirs = people.first().is_some_and(|first| *first.code() == link.person);
        is_theirs.then(|| Opened {
            loaded: self.loaded.clone(),
            link,
            today: self.today,
            people,
            offers: self.offers.clone(),
            turn: self.turn,
        })
    }

    fn person(&self, code: &PersonId, link: &Link) -> Option<Person> {
        let standing = Arc::clone(self.standings.get(code)?);
        let dose = match &standing.due {
            _ if *code == link.person && link.dose > 0 => link.dose,
            due => due.map_or(0, |due| due.number),
        };
        let booker = Booker { dose, ..booker(&self.loaded, &standing, self.today) };
        let appointment = self.appointments.get(code).cloned();
        let waits = self.waiting.iter().any(|one| one.person == *code && one.dose == dose);
        Some(Person { standing, booker, appointment, waits })
    }
}

/// What decides about somebody's booking of the dose that is due.
fn booker(loaded: &Loaded, standing: &Standing, today: NaiveDate) -> Booker {
    let cohort = standing.group.clone().map(|group| CohortKey {
        area: loaded.campaign.home(&standing.person.area, today).clone(),
        group,
    });
    let dose = standing.due.map_or(0, |due| due.number);
    Booker { cohort, dose, due: standing.due, barred: standing.barred }
}
