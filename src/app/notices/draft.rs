//! A reminder before it is rendered: what each campaign has to say to one reader.

use crate::domain::id::CampaignNo;
use crate::domain::message::Whose;
use crate::domain::notice::{Reminder, ReminderItem, ReminderWhy};
use crate::domain::phone::PhoneNumber;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A reminder that may have to be sent.
pub(super) struct Draft {
    /// What each campaign has to say. Never empty.
    pub(super) parts: Vec<(CampaignNo, Reminder)>,
    pub(super) to_name: String,
    /// The numbers for a text, one after the other. With any it is about one person, and one dose of each campaign.
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

    /// The dose that a text speaks of: of doses at one place and time the first. `None` where they differ, which only a
    /// mail can say.
    pub(super) fn text_item(&self) -> Option<&ReminderItem> {
        let mut all: Vec<&ReminderItem> = self.items().map(|(_, item)| item).collect();
        all.sort_by_key(|item| item.slot);
        let first = all.first()?;
        all.iter().all(|item| said(&item.why) == said(&first.why)).then_some(*first)
    }
}

/// What a text says of an appointment: which of them are told by the same text.
fn said(why: &ReminderWhy) -> String {
    match why {
        // The same text says both: it names the day.
        ReminderWhy::Tomorrow { day, place, .. } | ReminderWhy::Given { day, place, .. } => {
            format!("come {day} {place}")
        }
        ReminderWhy::Moved { day, place, .. } => format!("moved {day} {place}"),
        ReminderWhy::Cancelled { was, was_place, .. } => format!("off {was} {was_place}"),
        ReminderWhy::Overdue { since, places } => format!("overdue {since} {places:?}"),
    }
}

/// What several campaigns have to say, in one message for each reader, who comes with each draft: a household at its
/// address, or a person with numbers. With `mail_first` a person's mail says everything; a text says one thing only, so
/// that whoever has no address gets a text for each.
pub(super) fn gathered(
    drafts: impl IntoIterator<Item = (String, Draft)>,
    mail_first: bool,
) -> Vec<Draft> {
    let mut by_reader: BTreeMap<(String, String, String), Draft> = BTreeMap::new();
    for (reader, draft) in drafts {
        let email = draft.parts.first().map(|(_, part)| part.email.clone()).unwrap_or_default();
        let is_mail = draft.numbers.is_empty() || mail_first && !email.is_empty();
        let text = draft.items().next().filter(|_| !is_mail).map(|(_, item)| said(&item.why));
        match by_reader.entry((reader, email, text.unwrap_or_default())) {
            Entry::Occupied(mut known) => known.get_mut().join(draft),
            Entry::Vacant(free) => {
                free.insert(draft);
            }
        }
    }
    by_reader.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Language;
    use crate::domain::notice::ChangeReason;
    use chrono::NaiveDate;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 10, number).expect("a day")
    }

    fn moved(campaign: i64, (to, place): (u32, &str), email: &str, number: Option<&str>) -> Draft {
        let why = ReminderWhy::Moved {
            was: day(14),
            was_place: "old".to_owned(),
            was_slot: None,
            day: day(to),
            place: place.into(),
            place_name: place.to_owned(),
            reason: ChangeReason::Closed,
        };
        let item = ReminderItem {
            person: "p1".into(),
            name: None,
            dose: 1,
            vaccines: Vec::new(),
            why,
            slot: None,
            venue: None,
            link: None,
        };
        let part = Reminder {
            campaign: format!("c{campaign}").as_str().into(),
            campaign_name: String::new(),
            vaccine_name: String::new(),
            email: email.to_owned(),
            language: Language::En,
            today: day(13),
            items: vec![item],
            contact: None,
        };
        let number = number.map(|it| PhoneNumber::first_of(it).expect("a number"));
        Draft {
            parts: vec![(CampaignNo(campaign), part)],
            to_name: String::new(),
            numbers: number.into_iter().map(|it| (Whose::Own, it)).collect(),
            send_by: DateTime::UNIX_EPOCH,
            is_urgent: false,
        }
    }

    fn counts(drafts: Vec<Draft>, mail_first: bool) -> Vec<usize> {
        let drafts = drafts.into_iter().map(|draft| ("p1".to_owned(), draft));
        gathered(drafts, mail_first).iter().map(|draft| draft.parts.len()).collect()
    }

    #[test]
    fn what_campaigns_say_to_one_address_is_one_mail() {
        let all =
            || vec![moved(1, (20, "S1"), "a@b.test", None), moved(2, (22, "S2"), "a@b.test", None)];
        assert_eq!(counts(all(), true), [2]);
        assert_eq!(counts(all(), false), [2], "without numbers there is no text");
        let other =
            || vec![moved(1, (20, "S1"), "a@b.test", None), moved(2, (20, "S1"), "c@d.test", None)];
        assert_eq!(counts(other(), true), [1, 1]);
    }

    #[test]
    fn a_text_says_one_thing_and_a_mail_all_of_them() {
        let phone = Some("15400000001");
        let same =
            |email| vec![moved(1, (20, "S1"), email, phone), moved(2, (20, "S1"), email, phone)];
        let apart =
            |email| vec![moved(1, (20, "S1"), email, phone), moved(2, (22, "S1"), email, phone)];
        assert_eq!(counts(same(""), true), [2]);
        assert_eq!(counts(same("a@b.test"), false), [2]);
        assert_eq!(counts(apart(""), true), [1, 1]);
        assert_eq!(counts(apart("a@b.test"), false), [1, 1], "the text goes first");
        assert_eq!(counts(apart("a@b.test"), true), [2]);
        let readers = |all: Vec<Draft>| {
            gathered(all.into_iter().map(|draft| ("p1".to_owned(), draft)), true).swap_remove(0)
        };
        assert!(readers(same("a@b.test")).text_item().is_some());
        assert!(readers(apart("a@b.test")).text_item().is_none());
    }
}
