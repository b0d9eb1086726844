//! What a station has to deal with itself: what people wrote back, and whom nothing reached, so that somebody calls.

use super::{App, Loaded, Result, today};
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::person::Person;
use crate::store::receipts::{self, StoredReply, Subject};
use crate::store::{records, reminders};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// The most replies that are read.
const REPLIES_MAX: i64 = 500;

/// A reply with those whom the last message to its number was about.
pub struct InboxReply {
    /// The reply.
    pub reply: StoredReply,
    /// Whom the message was about; empty where nobody knows.
    pub about: Vec<InboxPerson>,
}

/// Somebody of the register, as a station sees them.
pub struct InboxPerson {
    /// Name, or the code where the register has no name.
    pub name: String,
    /// Phone.
    pub phone: String,
    /// Where they live.
    pub area: AreaCode,
    /// The day that a message was about.
    pub day: NaiveDate,
    /// Its place; `None` for an overdue dose.
    pub place: Option<PlaceCode>,
}

/// Somebody whom nothing reached.
pub struct Unreached {
    /// Who.
    pub person: InboxPerson,
    /// What the last way came to.
    pub why: String,
}

/// What waits for somebody.
pub struct Inbox {
    /// Replies that nobody has dealt with, the newest first.
    pub replies: Vec<InboxReply>,
    /// People to call.
    pub calls: Vec<Unreached>,
}

impl App {
    /// What waits for somebody in a campaign: replies of all, and those to call about a day that is not over.
    pub async fn inbox(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Inbox> {
        let mut tx = self.store.read().await?;
        let replies = receipts::replies(&mut tx, false, REPLIES_MAX).await?;
        let messages: Vec<i64> = replies.iter().filter_map(|reply| reply.outbox).collect();
        let mut about = receipts::subjects_of(&mut tx, &messages).await?;
        let calls = reminders::unreached(&mut tx, loaded.no, today(&loaded.campaign, now)).await?;
        let codes: Vec<&str> = about
            .values()
            .flatten()
            .map(|one| one.person.as_str())
            .chain(calls.iter().map(|(one, _)| one.person.as_str()))
            .collect();
        let known = records::find::<Person>(&mut tx, codes).await?;
        let people: BTreeMap<String, Person> =
            known.into_values().map(|one| (one.value.id.to_string(), one.value)).collect();
        let of = |subject: Subject| {
            let person = people.get(&subject.person)?;
            Some(InboxPerson {
                name: person.name.clone().unwrap_or_else(|| subject.person.clone()),
                phone: person.phone.clone().unwrap_or_default(),
                area: person.area.clone(),
                day: subject.day,
                place: (!subject.place.is_empty()).then(|| PlaceCode::new(subject.place.as_str())),
            })
        };
        let replies = replies
            .into_iter()
            .map(|reply| {
                let found = reply.outbox.and_then(|id| about.remove(&id)).unwrap_or_default();
                InboxReply { reply, about: found.into_iter().filter_map(of).collect() }
            })
            .collect();
        let calls = calls
            .into_iter()
            .filter_map(|(subject, why)| Some(Unreached { person: of(subject)?, why }))
            .collect();
        Ok(Inbox { replies, calls })
    }
}
