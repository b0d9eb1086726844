//! What a reminder says beyond place and day where people book: the slot, and the link at which they answer.

use super::draft::Draft;
use crate::app::booking::links;
use crate::app::{App, Result};
use crate::domain::id::CampaignNo;
use crate::domain::notice::ReminderWhy;
use crate::store::Tx;
use crate::store::bookings::{self, Link};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// How long a link lasts that a message without an appointment has. Our choice: two weeks.
const OPEN_DAYS: i64 = 14;

/// Adds slots to what reminders say.
pub(super) async fn add_slots(tx: &mut Tx, batch: &mut [Draft]) -> Result<()> {
    let mut people: BTreeMap<CampaignNo, BTreeSet<String>> = BTreeMap::new();
    for (campaign, item) in batch.iter().flat_map(Draft::items) {
        people.entry(campaign).or_default().insert(item.person.to_string());
    }
    let mut slots = BTreeMap::new();
    for (campaign, codes) in people {
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        slots.insert(campaign, bookings::slots_of(tx, campaign, &codes).await?);
    }
    for (campaign, part) in batch.iter_mut().flat_map(|draft| &mut draft.parts) {
        let Some(slots) = slots.get(campaign) else { continue };
        for item in &mut part.items {
            let held = slots.get(&item.person);
            let held = held.filter(|(day, _)| item.why.expected() == Some(*day));
            item.slot = held.map(|(_, slot)| *slot);
        }
    }
    Ok(())
}

impl App {
    /// Adds the links at which people answer.
    pub(super) async fn add_links(
        &self,
        tx: &mut Tx,
        draft: &mut Draft,
        secret: &[u8],
        (today, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<()> {
        if self.config.booking.link("").is_none() {
            return Ok(());
        }
        for (campaign, part) in &mut draft.parts {
            for item in &mut part.items {
                let open = today + TimeDelta::days(OPEN_DAYS);
                let until = match (&item.why, item.why.expected()) {
                    (_, Some(day)) => day,
                    (ReminderWhy::Cancelled { was, .. }, None) => open.max(*was),
                    (_, None) => open,
                };
                let (person, dose) = (item.person.clone(), item.dose);
                let link = Link { campaign: *campaign, person, dose, until };
                let token = links::make(tx, secret, &link, now).await?;
                item.link = self.config.booking.link(&token);
            }
        }
        Ok(())
    }
}
