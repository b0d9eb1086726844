//! Bookings that another program took in. They get a seat by the same rules as any other.

use super::decide::{Changes, Decided, Seats, Wish};
use super::opened::Opened;
use crate::app::{App, Loaded, Result};
use crate::domain::audit::Action;
use crate::domain::booking::{Answer, NoBooking};
use crate::domain::id::CampaignNo;
use crate::domain::permission::{self, Actor, Power};
use crate::intake::bookings::{BookedRow, BookedState};
use crate::store::audit::Act;
use crate::store::bookings::{self, Link};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeSet;

/// Rows of one transaction: few enough that whoever books meanwhile waits briefly.
const BATCH: usize = 200;

/// A row that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotBooked {
    /// The row in the file.
    pub row: u32,
    /// The other program's number of the booking.
    pub record: String,
    /// Why.
    pub why: NoBooking,
}

/// What came of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportedBookings {
    /// Rows that were read.
    pub rows: usize,
    /// Seats that were taken or given back.
    pub new: usize,
    /// Rows that say what was known.
    pub same: usize,
    /// Rows that could not be taken.
    pub refused: Vec<NotBooked>,
}

/// What a row would be in one campaign.
struct Tried {
    decided: Decided,
    /// Whether the person has their appointment at this place and day already.
    is_held: bool,
    /// What would be stored.
    changes: Option<(Opened, Changes)>,
}

/// The campaigns that a row is about, by their place among those that were tried: those in which the person has the
/// appointment, so that one visit for two vaccines stays one; else the only one that has a seat for them.
fn whose(tried: &[Tried], state: BookedState) -> std::result::Result<Vec<usize>, NoBooking> {
    let with = |is_it: &dyn Fn(&Tried) -> bool| -> Vec<usize> {
        let found = tried.iter().enumerate().filter(|(_, one)| is_it(one));
        found.map(|(at, _)| at).collect()
    };
    let can = with(&|one| one.decided.is_ok());
    let held = with(&|one| one.decided.is_ok() && one.is_held);
    if can.is_empty() {
        let why = || tried.iter().filter_map(|one| one.decided.as_ref().err().copied());
        // That there is nothing for somebody in one campaign tells less than why another one has no seat.
        let says_little = |why: &NoBooking| {
            matches!(why, NoBooking::Stranger | NoBooking::NotAsked | NoBooking::Unplanned)
        };
        let telling = why().find(|why| !says_little(why));
        return Err(telling.or_else(|| why().next()).unwrap_or(NoBooking::Stranger));
    }
    if state == BookedState::Cancelled || !held.is_empty() {
        return Ok(held);
    }
    if can.len() > 1 { Err(NoBooking::WhichCampaign) } else { Ok(can) }
}

impl App {
    /// Takes in what another program booked, in the order of the rows. Of several campaigns each row is about those in
    /// which the person has the appointment, or the only one that has a seat for them; a row that could be of several
    /// is refused.
    pub async fn import_bookings(
        &self,
        all: &[Loaded],
        rows: &[BookedRow],
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<ImportedBookings> {
        permission::may(by, Power::Plan)?;
        let mut out = ImportedBookings { rows: rows.len(), ..ImportedBookings::default() };
        let numbers: BTreeSet<CampaignNo> = all.iter().map(|loaded| loaded.no).collect();
        let about = match all {
            [only] => Some(only.campaign.id.as_str()),
            _ => None,
        };
        for batch in rows.chunks(BATCH) {
            let mut act = self.act((by, Power::Plan), Action::BookingImport, now).await?;
            for no in &numbers {
                bookings::lock(act.tx(), *no).await?;
            }
            let before = out.new;
            for row in batch {
                match self.import_booking(&mut act, all, row, now).await? {
                    Ok(Some(_)) => out.new += 1,
                    Ok(None) => out.same += 1,
                    Err(why) => {
                        let record = row.record.clone();
                        out.refused.push(NotBooked { row: row.row, record, why });
                    }
                }
            }
            let said = format!("{} of {} rows", out.new - before, batch.len());
            act.commit(about, &said).await?;
        }
        Ok(out)
    }

    async fn import_booking(
        &self,
        act: &mut Act,
        all: &[Loaded],
        row: &BookedRow,
        now: DateTime<Utc>,
    ) -> Result<Decided> {
        let mut tried = Vec::with_capacity(all.len());
        for loaded in all {
            tried.push(self.try_booking(act, loaded, row, now).await?);
        }
        let chosen = match whose(&tried, row.state) {
            Ok(chosen) => chosen,
            Err(why) => return Ok(Err(why)),
        };
        let mut out = Ok(None);
        for (at, one) in tried.into_iter().enumerate() {
            let Some((opened, changes)) = one.changes.filter(|_| chosen.contains(&at)) else {
                continue;
            };
            changes.store(act.tx(), &opened.loaded, now).await?;
            if row.state == BookedState::Confirmed {
                let people = [row.person.as_str()];
                bookings::answer(act.tx(), opened.loaded.no, &people, Answer::Confirmed).await?;
            }
            if let Ok(Some(said)) = one.decided {
                out = Ok(Some(said));
            }
        }
        Ok(out)
    }

    /// Decides about a row in one campaign; nothing is stored.
    async fn try_booking(
        &self,
        act: &mut Act,
        loaded: &Loaded,
        row: &BookedRow,
        now: DateTime<Utc>,
    ) -> Result<Tried> {
        let tx = act.tx();
        let until = row.day.max(loaded.campaign.end);
        let link = Link { campaign: loaded.no, person: row.person.clone(), dose: 0, until };
        let Some(opened) = self.open(tx, link, now).await? else {
            let decided = Err(NoBooking::Stranger);
            return Ok(Tried { decided, is_held: false, changes: None });
        };
        let person = &opened.people[0];
        let held = person.standing_appointment(opened.today);
        let is_held = held.is_some_and(|held| held.day == row.day && held.place == row.place);
        let wish = if row.state == BookedState::Cancelled {
            // It may have been given back before, or be another one.
            if !is_held {
                return Ok(Tried { decided: Ok(None), is_held, changes: None });
            }
            Wish::Cancel
        } else {
            Wish::Take((row.day, row.place.clone(), row.slot))
        };
        let mut changes = Changes::default();
        let mut seats = Seats::of(tx, loaded.no, std::iter::once(&wish)).await?;
        let decided = changes.decide(&mut seats, (&opened, person), &wish);
        Ok(Tried { decided, is_held, changes: Some((opened, changes)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(decided: Decided, is_held: bool) -> Tried {
        Tried { decided, is_held, changes: None }
    }

    #[test]
    fn a_row_is_of_the_campaign_with_the_appointment_or_the_only_one_with_a_seat() {
        let said = || Ok(Some(String::new()));
        let whose = |state, all: &[(Decided, bool)]| {
            let all: Vec<Tried> =
                all.iter().map(|(decided, held)| tried(decided.clone(), *held)).collect();
            whose(&all, state)
        };
        let booked = |all: &[(Decided, bool)]| whose(BookedState::Booked, all);
        let not_asked = || Err(NoBooking::NotAsked);
        assert_eq!(booked(&[(not_asked(), false), (said(), false)]), Ok(vec![1]));
        assert_eq!(booked(&[(said(), false), (said(), false)]), Err(NoBooking::WhichCampaign));
        assert_eq!(booked(&[(said(), false), (said(), true)]), Ok(vec![1]));
        assert_eq!(booked(&[(Ok(None), true), (said(), true)]), Ok(vec![0, 1]), "one visit");
        let full = || Err(NoBooking::Full);
        assert_eq!(booked(&[(not_asked(), false), (full(), false)]), Err(NoBooking::Full));
        assert_eq!(booked(&[(not_asked(), false)]), Err(NoBooking::NotAsked));
        let cancelled = |all: &[(Decided, bool)]| whose(BookedState::Cancelled, all);
        assert_eq!(cancelled(&[(Ok(None), false), (said(), true)]), Ok(vec![1]));
        assert_eq!(cancelled(&[(Ok(None), false), (Ok(None), false)]), Ok(vec![]));
        let stranger = || Err(NoBooking::Stranger);
        assert_eq!(cancelled(&[(stranger(), false)]), Err(NoBooking::Stranger));
    }
}
