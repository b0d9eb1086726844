//! Bookings that another program took in. They get a seat by the same rules as any other.

use super::decide::{Changes, Decided, Seats, Wish};
use crate::app::{App, Loaded, Result};
use crate::domain::audit::Action;
use crate::domain::booking::{Answer, NoBooking};
use crate::domain::permission::{self, Actor, Power};
use crate::intake::bookings::{BookedRow, BookedState};
use crate::store::audit::Act;
use crate::store::bookings::{self, Link};
use chrono::{DateTime, Utc};
use serde::Serialize;

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

impl App {
    /// Takes in what another program booked, in the order of the rows.
    pub async fn import_bookings(
        &self,
        loaded: &Loaded,
        rows: &[BookedRow],
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<ImportedBookings> {
        permission::may(by, Power::Plan)?;
        let mut out = ImportedBookings { rows: rows.len(), ..ImportedBookings::default() };
        for batch in rows.chunks(BATCH) {
            let mut act = self.act((by, Power::Plan), Action::BookingImport, now).await?;
            bookings::lock(act.tx(), loaded.no).await?;
            let before = out.new;
            for row in batch {
                match self.import_booking(&mut act, loaded, row, now).await? {
                    Ok(Some(_)) => out.new += 1,
                    Ok(None) => out.same += 1,
                    Err(why) => {
                        let record = row.record.clone();
                        out.refused.push(NotBooked { row: row.row, record, why });
                    }
                }
            }
            let said = format!("{} of {} rows", out.new - before, batch.len());
            act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        }
        Ok(out)
    }

    async fn import_booking(
        &self,
        act: &mut Act,
        loaded: &Loaded,
        row: &BookedRow,
        now: DateTime<Utc>,
    ) -> Result<Decided> {
        let tx = act.tx();
        let until = row.day.max(loaded.campaign.end);
        let link = Link { campaign: loaded.no, person: row.person.clone(), dose: 0, until };
        let Some(opened) = self.open(tx, link, now).await? else {
            return Ok(Err(NoBooking::Stranger));
        };
        let person = &opened.people[0];
        let wish = if row.state == BookedState::Cancelled {
            let held = person.standing_appointment(opened.today);
            // It may have been given back before, or be another one.
            if !held.is_some_and(|held| held.day == row.day && held.place == row.place) {
                return Ok(Ok(None));
            }
            Wish::Cancel
        } else {
            Wish::Take((row.day, row.place.clone(), row.slot))
        };
        let mut changes = Changes::default();
        let mut seats = Seats::of(tx, loaded.no, std::iter::once(&wish)).await?;
        let decided = changes.decide(&mut seats, (&opened, person), &wish);
        if decided.is_ok() {
            changes.store(tx, &opened.loaded, now).await?;
            if row.state == BookedState::Confirmed {
                let people = [row.person.as_str()];
                bookings::answer(tx, opened.loaded.no, &people, Answer::Confirmed).await?;
            }
        }
        Ok(decided)
    }
}
