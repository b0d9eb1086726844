//! Confirming, moving and cancelling an appointment. The old seat is given back in the transaction that takes the new
//! one, so nobody loses a seat without having another, and no seat is given twice.

use super::{Opened, Person, Seat, Shown, clerks_link, hash_of_token, shown};
use crate::app::{App, Loaded, Result, breaking, millis};
use crate::domain::assign::Ended;
use crate::domain::audit::Action;
use crate::domain::booking::{Answer, NoBooking, Taken};
use crate::domain::campaign::CohortKey;
use crate::domain::permission::{Actor, Power};
use crate::store::audit::{Act, Author};
use crate::store::bookings::{self, Appointment};
use crate::store::{Tx, assignments, waiting};
use chrono::{DateTime, Utc};

/// What the audit log calls whoever books. No account can have this name.
const BOOKER: &str = "(booker)";
/// Digits of a link's hash that the audit log names.
pub(in crate::app) const HASH_SHOWN: usize = 12;

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

    /// Does what the reader of a link wants for the member at this position of the household.
    pub async fn book(
        &self,
        token: &str,
        at: usize,
        wish: &Wish,
        now: DateTime<Utc>,
    ) -> Result<Done> {
        let hash = hash_of_token(token);
        if self.is_full(&hash, at, wish, now).await? {
            return Ok(Done::Refused(NoBooking::Full));
        }
        let mut act = self.bookers_act(wish.action(), now).await?;
        let tx = act.tx();
        let Some(link) = bookings::link(tx, &hash).await? else { return Ok(Done::Unknown) };
        bookings::lock(tx, link.campaign).await?;
        let Some(opened) = self.open(tx, link, now).await? else { return Ok(Done::Unknown) };
        let Some(person) = opened.people.get(at) else { return Ok(Done::Unknown) };
        let decided = decide(tx, (&opened, person), wish, now).await?;
        let campaign = opened.loaded.campaign.id.as_str();
        let shown = &hash[..HASH_SHOWN];
        match decided {
            Ok(Some(said)) => {
                act.commit(Some(campaign), &format!("link {shown}, member {at}: {said}")).await?;
                Ok(Done::Done)
            }
            Ok(None) => Ok(Done::Already),
            Err(why) => {
                drop(act);
                if matches!(why, NoBooking::Dead | NoBooking::Barred) {
                    let said = format!("link {shown}, member {at}: booking, {why}");
                    let about = (Some(campaign), said.as_str());
                    self.note_audit(BOOKER, Action::Refused, about, now).await?;
                }
                Ok(Done::Refused(why))
            }
        }
    }

    /// Whether the wanted seat is gone, as far as that is known without holding up those who take seats: of hundreds
    /// who want the same few, most hear it from here.
    async fn is_full(
        &self,
        hash: &str,
        at: usize,
        wish: &Wish,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let Wish::Take(seat) = wish else { return Ok(false) };
        let mut tx = self.store.read().await?;
        let Some(link) = bookings::link(&mut tx, hash).await? else { return Ok(false) };
        let Some(opened) = self.open(&mut tx, link, now).await? else { return Ok(false) };
        let Some(person) = opened.people.get(at) else { return Ok(false) };
        let (at, key) = ((seat.0, seat.1.clone()), (opened.loaded.no, opened.turn));
        let taken = self.taken(&mut tx, key, (at.0, at.0), &[at.1.as_str()]).await?;
        let taken = taken.get(&at).cloned().unwrap_or_default();
        Ok(matches!(may_take((&opened, person), seat, taken), Err(NoBooking::Full)))
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
        let decided = match wish {
            Wish::Cancel if seat.is_none() => Ok(None),
            _ => decide(tx, (&opened, person), wish, now).await?,
        };
        Ok(Moved::Done(match decided {
            Ok(Some(said)) => {
                let code = person.standing.person.id.as_str();
                let campaign = opened.loaded.campaign.id.as_str();
                act.commit(Some(campaign), &format!("{code}: {said}")).await?;
                Done::Done
            }
            Ok(None) => Done::Already,
            Err(why) => Done::Refused(why),
        }))
    }
}

/// What was decided: what the audit log says, `None` where nothing changes, or why it cannot be.
pub(super) type Decided = std::result::Result<Option<String>, NoBooking>;

fn at(one: &Appointment) -> String {
    let slot = one.slot.map(|slot| format!(" {slot}")).unwrap_or_default();
    format!("dose {}, {} {}{slot}", one.dose, one.day, one.place)
}

async fn decide(
    tx: &mut Tx,
    (opened, person): (&Opened, &Person),
    wish: &Wish,
    now: DateTime<Utc>,
) -> Result<Decided> {
    match wish {
        Wish::Confirm => confirm(tx, opened, person).await,
        Wish::Cancel => cancel(tx, opened, person, now).await,
        Wish::Take(seat) => take(tx, opened, person, seat, now).await,
        Wish::Wait => wait(tx, opened, person, now).await,
        Wish::Leave => leave(tx, opened, person).await,
    }
}

/// Puts somebody without an appointment on the list of those who get the next seat.
async fn wait(
    tx: &mut Tx,
    opened: &Opened,
    person: &Person,
    now: DateTime<Utc>,
) -> Result<Decided> {
    if let Err(why) = person.days(opened) {
        return Ok(Err(why));
    }
    if person.standing_appointment(opened.today).is_some() {
        return Ok(Err(NoBooking::HasOne));
    }
    if person.waits {
        return Ok(Ok(None));
    }
    let (code, dose) = (person.standing.person.id.as_str(), person.booker.dose);
    waiting::put(tx, opened.loaded.no, (code, dose), millis(now)).await?;
    Ok(Ok(Some(format!("dose {dose}, waits for a seat"))))
}

async fn leave(tx: &mut Tx, opened: &Opened, person: &Person) -> Result<Decided> {
    if !person.waits {
        return Ok(Ok(None));
    }
    waiting::leave(tx, opened.loaded.no, person.standing.person.id.as_str()).await?;
    Ok(Ok(Some(format!("dose {}, no longer waits", person.booker.dose))))
}

async fn confirm(tx: &mut Tx, opened: &Opened, person: &Person) -> Result<Decided> {
    let Some(held) = person.standing_appointment(opened.today) else {
        return Ok(Err(person.days(opened).err().unwrap_or(NoBooking::None)));
    };
    if let Err(why @ (NoBooking::Dead | NoBooking::Barred | NoBooking::Given)) = person.days(opened)
    {
        return Ok(Err(why));
    }
    if held.answer.is_some() {
        return Ok(Ok(None));
    }
    bookings::answer(tx, opened.loaded.no, held.person.as_str(), Answer::Confirmed).await?;
    Ok(Ok(Some(at(held))))
}

pub(super) async fn cancel(
    tx: &mut Tx,
    opened: &Opened,
    person: &Person,
    now: DateTime<Utc>,
) -> Result<Decided> {
    let Some(held) = person.standing_appointment(opened.today) else {
        return Ok(Err(NoBooking::None));
    };
    let (no, code) = (opened.loaded.no, held.person.as_str());
    assignments::end(tx, no, &[code], Ended::Cancelled, millis(now)).await?;
    breaking::freed(tx, &opened.loaded, 1, now).await?;
    Ok(Ok(Some(at(held))))
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
    mut taken: Taken,
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
    if let Some(held) = held.filter(|held| held.day == *day && held.place == *place) {
        taken.leave(held.slot, (held.cohort.clone(), held.dose));
    }
    if !session.free(&taken, cohort, dose).iter().any(|(one, _)| one == slot) {
        return Err(NoBooking::Full);
    }
    Ok(Some(Taking { plan: offers.plan, cohort, dose, held }))
}

pub(super) async fn take(
    tx: &mut Tx,
    opened: &Opened,
    person: &Person,
    seat: &Seat,
    now: DateTime<Utc>,
) -> Result<Decided> {
    let days = (seat.0, seat.0);
    let mut taken = bookings::taken(tx, opened.loaded.no, days, &[seat.1.as_str()]).await?;
    let taken = taken.remove(&(seat.0, seat.1.clone())).unwrap_or_default();
    let Taking { plan, cohort, dose, held } = match may_take((opened, person), seat, taken) {
        Ok(Some(taking)) => taking,
        Ok(None) => return confirm(tx, opened, person).await,
        Err(why) => return Ok(Err(why)),
    };
    let (no, code) = (opened.loaded.no, person.standing.person.id.clone());
    let (day, place, slot) = seat.clone();
    let new = Appointment {
        person: code.clone(),
        dose,
        day,
        place,
        slot,
        cohort: Some(cohort.clone()),
        answer: Some(Answer::Booked),
        plan,
    };
    if held.is_some() {
        assignments::end(tx, no, &[code.as_str()], Ended::Moved, millis(now)).await?;
    }
    bookings::take(tx, no, &new, millis(now)).await?;
    waiting::leave(tx, no, code.as_str()).await?;
    let link = bookings::Link { person: code, dose, ..opened.link.clone() };
    bookings::keep_links(tx, &link, day).await?;
    let was = held.map(|held| format!("; before {}", at(held)));
    if was.is_some() {
        breaking::freed(tx, &opened.loaded, 1, now).await?;
    }
    Ok(Ok(Some(format!("{}{}", at(&new), was.unwrap_or_default()))))
}
