//! What a reminder says beyond place and day where people book: the slot, and the link at which they answer.

use super::draft::Draft;
use crate::app::booking::links;
use crate::app::{App, Result};
use crate::domain::notice::ReminderWhy;
use crate::store::Tx;
use crate::store::bookings::{self, Link};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// How long a link lasts that a message without an appointment has. Our choice: two weeks.
const OPEN_DAYS: i64 = 14;

impl App {
    /// Adds slots and links to what a reminder says.
    pub(super) async fn add_bookings(
        &self,
        tx: &mut Tx,
        draft: &mut Draft,
        secret: &[u8],
        (today, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<()> {
        let has_links = self.config.booking.link("").is_some();
        for (campaign, part) in &mut draft.parts {
            for item in &mut part.items {
                let open = today + TimeDelta::days(OPEN_DAYS);
                let (until, is_expected) = match &item.why {
                    ReminderWhy::Tomorrow { day, .. }
                    | ReminderWhy::Given { day, .. }
                    | ReminderWhy::Moved { day, .. } => (*day, true),
                    ReminderWhy::Cancelled { was, .. } => (open.max(*was), false),
                    ReminderWhy::Overdue { .. } => (open, false),
                };
                if is_expected {
                    let held = bookings::of(tx, *campaign, item.person.as_str()).await?;
                    item.slot = held.filter(|held| held.day == until).and_then(|held| held.slot);
                }
                if has_links {
                    let (person, dose) = (item.person.clone(), item.dose);
                    let link = Link { campaign: *campaign, person, dose, until };
                    let token = links::make(tx, secret, &link, now).await?;
                    item.link = self.config.booking.link(&token);
                }
            }
        }
        Ok(())
    }
}
