//! A reminder before it is rendered: what each campaign has to say to one reader.

use crate::domain::id::CampaignNo;
use crate::domain::message::Whose;
use crate::domain::notice::{Reminder, ReminderItem};
use crate::domain::phone::PhoneNumber;
use chrono::{DateTime, Utc};

/// A reminder that may have to be sent.
pub(super) struct Draft {
    /// What each campaign has to say. Never empty.
    pub(super) parts: Vec<(CampaignNo, Reminder)>,
    pub(super) to_name: String,
    /// The numbers for a text, one after the other. With any it is about one person and one dose.
    pub(super) numbers: Vec<(Whose, PhoneNumber)>,
    pub(super) send_by: DateTime<Utc>,
    /// Whether quiet hours would hold it back until it is too late.
    pub(super) is_urgent: bool,
}

impl Draft {
    /// Every person and dose, with the campaign.
    pub(super) fn items(&self) -> impl Iterator<Item = (CampaignNo, &ReminderItem)> {
        self.parts.iter().flat_map(|(no, part)| part.items.iter().map(move |item| (*no, item)))
    }

    /// Takes in what another campaign has to say to the same reader.
    pub(super) fn join(&mut self, other: Self) {
        self.send_by = self.send_by.max(other.send_by);
        self.is_urgent |= other.is_urgent;
        self.parts.extend(other.parts);
    }
}
