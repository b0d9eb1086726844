//! Confirming, moving and cancelling an appointment. The old seat is given back in the transaction that takes the new
//! one, so nobody loses a seat without having another, and no seat is given twice.

use super::decide::{Changes, Decided, Seats, Wish};
use super::{Seat, Shown, clerks_link, hash_of_token, shown};
use crate::app::{App, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::booking::NoBooking;
use crate::domain::id::PersonId;
use crate::domain::permission::{Actor, Power};
use crate::store::audit::{self, Act, Author};
use crate::store::bookings::{self, Link};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// What the audit log calls whoever books. No account can have this name.
const BOOKER: &str = "(booker)";
/// Digits of a link's hash that the audit log names.
pub(in crate::app) const HASH_SHOWN: usize = 12;

impl Wish {
    fn action(&self) -> Action {
        match self {
            Self::Confirm => Action::BookingConfirm,
            Self::Take(_) => Action::BookingTake,
            Self::Cancel => Action::BookingCancel,
            Self::Wait | Self::Leave => Action::BookingWait,
        }
    }
}

/// What came of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It is as they wanted.
    Done,
    /// It was so before.
    Already,
    /// It cannot be; the appointment that they had stands.
    Refused(NoBooking),
    /// There is no such link, or none any more.
    Unknown,
}

impl Done {
    fn of(decided: &Decided) -> Self {
        match decided {
            Ok(Some(_)) => Self::Done,
            Ok(None) => Self::Already,
            Err(why) => Self::Refused(*why),
        }
    }
}

/// A wish of the reader of a link.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    /// The hash of the link's token.
    hash: String,
    /// Position of the member of the household.
    at: usize,
    wish: Wish,
    author: Author,
    now: DateTime<Utc>,
}

impl Asking {
    /// The line of the audit log about what came of it.
    fn line(&self, decided: &Decided) -> Option<(Author, Action, String)> {
        let (did, said) = match decided {
            Ok(Some(said)) => (self.wish.action(), said.clone()),
            Err(why @ (NoBooking::Dead | NoBooking::Barred)) => {
                (Action::Refused, format!("booking, {why}"))
            }
            Ok(None) | Err(_) => return None,
        };
        let said = format!("link {}, member {}: {said}", &self.hash[..HASH_SHOWN], self.at);
        Some((self.author.clone(), did, said))
    }
}

/// What came of a wish for somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// What comes of a wish of their own.
    Done(Done),
    /// They have another appointment than the one that was seen, or none; it stands.
    Changed(Option<Shown>),
}

impl App {
    /// Begins a change that somebody makes on the booking pages.
    pub(in crate::app) async fn bookers_act(&self, did: Action, now: DateTime<Utc>) -> Result<Act> {
        let author = Author { who: BOOKER.to_owned(), address: self.asked_address() };
        Ok(Act::new(self.store.write().await?, Some(author), did, millis(now)))
    }

    /// Does what the reader of a link wants for the member at this position of the household. Many who want something
    /// at once share a transaction.
    pub async fn book(
        &self,
        token: &str,
        at: usize,
        wish: &Wish,
        now: DateTime<Utc>,
    ) -> Result<Done> {
        let author = Author { who: BOOKER.to_owned(), address: self.asked_address() };
        let asking = Asking { hash: hash_of_token(token), at, wish: wish.clone(), author, now };
        let app = self.clone();
        let serve = move |askings: Vec<Asking>| {
            let app = app.clone();
            async move { app.book_all(&askings).await }
        };
        self.desk.wishes.ask(asking, serve).await
    }

    /// Does what some readers of links want, in their order.
    async fn book_all(&self, askings: &[Asking]) -> Vec<Result<Done>> {
        let mut out: Vec<Option<Result<Done>>> = askings.iter().map(|_| None).collect();
        loop {
            let left: Vec<usize> = (0..askings.len()).filter(|&no| out[no].is_none()).collect();
            let Some(&first) = left.first() else { break };
            let asked: Vec<&Asking> = left.iter().map(|&no| &askings[no]).collect();
            match self.book_some(&asked).await {
                Ok(done) => {
                    for (no, done) in left.into_iter().zip(done) {
                        out[no] = done.map(Ok);
                    }
                }
                // What is wrong with one must not be wrong with the others.
                Err(error) if left.len() == 1 => out[first] = Some(Err(error)),
                Err(_) => {
                    for no in left {
                        let done = self.book_some(&[&askings[no]]).await;
                        let unknown = |done: Vec<Option<Done>>| done.into_iter().flatten().next();
                        out[no] = Some(done.map(|done| unknown(done).unwrap_or(Done::Unknown)));
                    }
                }
            }
        }
        out.into_iter().flatten().collect()
    }

    /// Does what some readers of links want, as far as it can be one transaction: wishes of one campaign, of everybody
    /// one. `None`: it comes later. The first one never does.
    async fn book_some(&self, askings: &[&Asking]) -> Result<Vec<Option<Done>>> {
        let mut out = vec![None; askings.len()];
        let Some(now) = askings.iter().map(|asking| asking.now).max() else { return Ok(out) };
        let mut tx = self.store.write().await?;
        let hashes: Vec<&str> = askings.iter().map(|asking| asking.hash.as_str()).collect();
        let links = bookings::links(&mut tx, &hashes).await?;
        let mut mine: Vec<(usize, Link)> = Vec::new();
        for (no, asking) in askings.iter().enumerate() {
            match links.get(&asking.hash) {
                None => out[no] = Some(Done::Unknown),
                Some(link)
                    if mine.first().is_none_or(|first| first.1.campaign == link.campaign) =>
                {
                    mine.push((no, link.clone()));
                }
                Some(_) => {}
            }
        }
        let Some(campaign) = mine.first().map(|first| first.1.campaign) else { return Ok(out) };
        bookings::lock(&mut tx, campaign).await?;
        let (mine, links): (Vec<usize>, Vec<Link>) = mine.into_iter().unzip();
        let opened = self.open_all(&mut tx, links, now).await?;
        let wishes = mine.iter().map(|&no| &askings[no].wish);
        let mut seats = Seats::of(&mut tx, campaign, wishes).await?;
        let (mut changes, mut lines) = (Changes::default(), Vec::new());
        let mut handled: BTreeSet<&PersonId> = BTreeSet::new();
        for (no, opened) in mine.into_iter().zip(&opened) {
            let asking = askings[no];
            let found = opened.as_ref().and_then(|of| Some((of, of.people.get(asking.at)?)));
            let Some((of, person)) = found else {
                out[no] = Some(Done::Unknown);
                continue;
            };
            if handled.insert(person.code()) {
                let decided = changes.decide(&mut seats, (of, person), &asking.wish);
                lines.extend(asking.line(&decided));
                out[no] = Some(Done::of(&decided));
            }
        }
        let loaded = opened.iter().flatten().next().map(|opened| &opened.loaded);
        if let Some(loaded) = loaded.filter(|_| !lines.is_empty()) {
            changes.store(&mut tx, loaded, now).await?;
            let id = loaded.campaign.id.as_str();
            audit::insert_all(&mut tx, millis(now), id, &lines).await?;
            tx.commit().await?;
        }
        Ok(out)
    }

    /// Moves or cancels a person's appointment in a campaign, or gives them one, as `by` wants it who saw the
    /// appointment `seen`. Where there is another one by now, nothing is changed.
    pub async fn book_for(
        &self,
        loaded: &Loaded,
        code: &str,
        (wish, seen): (&Wish, Option<&Seat>),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Moved> {
        let mut act = self.act((by, Power::People), wish.action(), now).await?;
        let tx = act.tx();
        bookings::lock(tx, loaded.no).await?;
        let person = self.person_in(tx, loaded, code, by, now).await?;
        let link = clerks_link(loaded, person.id.as_str(), now);
        let Some(opened) = self.open(tx, link, now).await? else {
            return Ok(Moved::Done(Done::Unknown));
        };
        let Some(person) = opened.people.first() else { return Ok(Moved::Done(Done::Unknown)) };
        let held = person.appointment.as_ref().filter(|held| held.day >= opened.today);
        let seat = held.map(|held| shown(&opened, held).seat());
        let wanted = match wish {
            Wish::Confirm => seen.cloned(),
            Wish::Take(seat) => Some(seat.clone()),
            Wish::Cancel | Wish::Wait | Wish::Leave => None,
        };
        if seat.as_ref() != seen && seat != wanted {
            return Ok(Moved::Changed(held.map(|held| shown(&opened, held))));
        }
        let mut changes = Changes::default();
        let mut seats = Seats::of(tx, loaded.no, std::iter::once(wish)).await?;
        let decided = match wish {
            Wish::Cancel if seat.is_none() => Ok(None),
            _ => changes.decide(&mut seats, (&opened, person), wish),
        };
        Ok(Moved::Done(match decided {
            Ok(Some(said)) => {
                changes.store(tx, &opened.loaded, now).await?;
                let code = person.code();
                let campaign = opened.loaded.campaign.id.as_str();
                act.commit(Some(campaign), &format!("{code}: {said}")).await?;
                Done::Done
            }
            Ok(None) => Done::Already,
            Err(why) => Done::Refused(why),
        }))
    }
}
