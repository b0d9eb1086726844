//! Reminders to persons: the day before their session, and when a dose is overdue.
//!
//! Nobody is written to twice for the same reason and day, however often the job runs; people of one household share a
//! mail; those who opted out or unsubscribed, must not be called, or have had the dose get none.

use super::Post;
use crate::app::assigning::{Standing, each_standing};
use crate::app::unsubscribing::secret;
use crate::app::{App, Loaded, Result};
use crate::domain::campaign::{Campaign, Language};
use crate::domain::contact::Contact;
use crate::domain::date::resolve;
use crate::domain::id::PersonId;
use crate::domain::judge::{Judge, MissedDose};
use crate::domain::notice::{Reminder, ReminderItem, ReminderWhy};
use crate::domain::person::OutcomeKind;
use crate::mail::message::canonical;
use crate::store::{assignments, bounces, outbox, unsubscribed};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Between two mails about the same overdue dose.
const OVERDUE_EVERY_DAYS: i64 = 14;
/// So many mails about one overdue dose, then it is for the phone.
const OVERDUE_MAX: i64 = 3;
/// Mails that one transaction queues: few enough to be quick, many enough to spare the disk.
const QUEUE_BATCH: usize = 200;

/// A reminder and what it is about, for the table that keeps it from going out twice.
struct Draft {
    reminder: Reminder,
    to_name: String,
    send_by: DateTime<Utc>,
}

impl App {
    /// Queues the reminders of a day; returns how many mails are new.
    pub async fn queue_reminders(
        &self,
        loaded: &Loaded,
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let drafts = self.reminders(loaded, day).await?;
        let mut new = 0;
        for batch in drafts.chunks(QUEUE_BATCH) {
            let mut tx = self.store.write().await?;
            let secret = secret(&mut tx).await?;
            for draft in batch {
                let queued = self.queue_reminder(&mut tx, loaded, (draft, &secret), day, now);
                new += usize::from(queued.await?);
            }
            tx.commit().await?;
        }
        Ok(new)
    }

    async fn queue_reminder(
        &self,
        tx: &mut crate::store::Tx,
        loaded: &Loaded,
        (draft, secret): (&Draft, &[u8]),
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut reminder = draft.reminder.clone();
        let mut items = Vec::new();
        for item in reminder.items {
            let (kind, about) = about(&item.why, day);
            let key = (item.person.as_str(), item.dose, kind, about);
            if !outbox::reminded(tx, loaded.no, key).await? {
                items.push(item);
            }
        }
        if items.is_empty() {
            return Ok(false);
        }
        reminder.items = items;
        let key = key(loaded, &reminder, day);
        let way_out = self.way_out(secret, &key)?;
        let post = Post {
            kind: crate::domain::message::MailKind::Reminder,
            key,
            to: Contact { name: draft.to_name.clone(), email: Some(reminder.email.clone()) },
            language: reminder.language,
            letter: crate::mail::render::reminder(&reminder, &way_out),
            send_by: Some(draft.send_by),
            personal: true,
            way_out: Some(way_out),
            attachments: Vec::new(),
        };
        let message = self.message(loaded, &post, now)?;
        let Some(id) = self.queue(tx, loaded, message, now).await? else {
            return Ok(false);
        };
        for item in &reminder.items {
            let (kind, about) = about(&item.why, day);
            let key = (item.person.as_str(), item.dose, kind, about);
            outbox::insert_reminder(tx, loaded.no, key, id).await?;
        }
        Ok(true)
    }

    async fn reminders(&self, loaded: &Loaded, day: NaiveDate) -> Result<Vec<Draft>> {
        let tomorrow = day + TimeDelta::days(1);
        let mut tx = self.store.read().await?;
        let current = assignments::all(&mut tx, loaded.no).await?;
        let written = outbox::reminded_last(&mut tx, loaded.no, OVERDUE).await?;
        let unsubscribed = unsubscribed::addresses(&mut tx, loaded.no).await?;
        let suppressed = bounces::addresses(&mut tx).await?;
        let mut found: BTreeMap<String, Vec<(Standing, ReminderWhy)>> = BTreeMap::new();
        let mut readers: BTreeMap<String, Reader> = BTreeMap::new();
        each_standing(&mut tx, loaded, day, |standing| {
            let home = home(&standing);
            if let Some(reader) = Reader::of(&standing, &unsubscribed, &suppressed) {
                let known = readers.entry(home.clone()).or_insert_with(|| reader.clone());
                // An address that bounced is written to only where the household has no other.
                if !known.is_reached && reader.is_reached {
                    *known = reader;
                }
            }
            let Some(why) = why(loaded, &standing, current.get(&standing.person.id), day) else {
                return;
            };
            if let (ReminderWhy::Overdue { .. }, Some(due)) = (&why, &standing.due) {
                let key = (standing.person.id.to_string(), due.number);
                let again = written.get(&key).is_none_or(|(last, times)| {
                    *times < OVERDUE_MAX && (day - *last).num_days() >= OVERDUE_EVERY_DAYS
                });
                if !again && written.get(&key).is_none_or(|(last, _)| *last != day) {
                    return;
                }
            }
            found.entry(home).or_default().push((standing, why));
        })
        .await?;
        Ok(found
            .into_iter()
            .filter_map(|(home, items)| Some((readers.get(&home)?, items)))
            .map(|(reader, items)| draft(loaded.rules(), reader, items, day, tomorrow))
            .collect())
    }
}

/// Who reads the mails of a household: its first person with an address who did not opt out or unsubscribe.
#[derive(Clone)]
struct Reader {
    name: String,
    email: String,
    language: Option<Language>,
    /// Whether mails arrive, as far as we know.
    is_reached: bool,
}

impl Reader {
    fn of(
        standing: &Standing,
        unsubscribed: &BTreeSet<String>,
        suppressed: &BTreeSet<String>,
    ) -> Option<Self> {
        let person = &standing.person;
        let gone = matches!(standing.barred, Some(OutcomeKind::Dead | OutcomeKind::Moved));
        if person.opt_out || gone {
            return None;
        }
        let email = person.email.clone()?;
        let is_in = |some: &BTreeSet<String>| !some.is_empty() && some.contains(&canonical(&email));
        if is_in(unsubscribed) {
            return None;
        }
        Some(Self {
            name: person.name.clone().unwrap_or_default(),
            language: person.language,
            is_reached: !is_in(suppressed),
            email,
        })
    }
}

/// The household of a person; who has none is one.
fn home(standing: &Standing) -> String {
    match &standing.person.household {
        Some(household) => format!("h {household}"),
        None => format!("p {}", standing.person.id),
    }
}

const TOMORROW: &str = "tomorrow";
const OVERDUE: &str = "overdue";

/// The kind of a reminder, and the day that makes it one: that of the session, or that on which it is written.
fn about(why: &ReminderWhy, today: NaiveDate) -> (&'static str, NaiveDate) {
    match why {
        ReminderWhy::Tomorrow { day, .. } => (TOMORROW, *day),
        ReminderWhy::Overdue { .. } => (OVERDUE, today),
    }
}

/// The same people, doses and reasons make the same key.
fn key(loaded: &Loaded, reminder: &Reminder, day: NaiveDate) -> String {
    let mut hash = Sha256::new();
    hash.update(reminder.email.as_bytes());
    for item in &reminder.items {
        let (kind, about) = about(&item.why, day);
        hash.update(format!("\n{}\t{}\t{kind}\t{about}", item.person, item.dose).as_bytes());
    }
    let text = crate::text::hex(&hash.finalize()[..12]);
    format!("reminder/{}/{day}/{text}", loaded.campaign.id)
}

/// Why a person is written to on a day, if at all.
fn why(
    loaded: &Loaded,
    standing: &Standing,
    assigned: Option<&crate::domain::assign::Assignment>,
    day: NaiveDate,
) -> Option<ReminderWhy> {
    let person = &standing.person;
    if person.opt_out || standing.barred.is_some() {
        return None;
    }
    let due = standing.due?;
    let campaign = &loaded.campaign;
    if let Some(one) = assigned.filter(|one| one.dose == due.number && one.day > day) {
        let tomorrow = one.day == day + TimeDelta::days(1) && due.earliest <= one.day;
        return tomorrow.then(|| ReminderWhy::Tomorrow {
            day: one.day,
            place: one.place.clone(),
            place_name: campaign
                .place(one.place.as_str())
                .map_or_else(|| one.place.to_string(), |place| place.name().to_owned()),
        });
    }
    // Only a dose that follows another one can be overdue; who has none yet is called by the plan.
    if due.number < 2 {
        return None;
    }
    let since = due.latest.unwrap_or(due.recommended);
    (day > since && day <= campaign.end)
        .then(|| ReminderWhy::Overdue { since, places: places(campaign, person.area.as_str()) })
}

fn places(campaign: &Campaign, area: &str) -> Vec<String> {
    let reach: BTreeSet<_> = campaign
        .reach
        .iter()
        .filter(|reach| reach.area.as_str() == area)
        .map(|reach| reach.site.as_str())
        .collect();
    campaign
        .sites
        .iter()
        .filter(|site| reach.contains(site.code.as_str()))
        .map(|site| site.name.clone())
        .collect()
}

/// What a catch-up visit brings.
fn vaccines(judge: &Judge, missed: &[MissedDose], why: &ReminderWhy) -> Vec<(String, u8)> {
    let ReminderWhy::Tomorrow { day, .. } = why else { return Vec::new() };
    let given = missed.iter().filter(|dose| dose.earliest.max(dose.recommended) <= *day);
    given.map(|dose| (judge.name(dose.group).to_owned(), dose.dose)).collect()
}

fn draft(
    (campaign, judge): (&Campaign, &Judge),
    reader: &Reader,
    items: Vec<(Standing, ReminderWhy)>,
    day: NaiveDate,
    tomorrow: NaiveDate,
) -> Draft {
    let language = reader.language.unwrap_or(campaign.language);
    // An appointment is worth a word until it begins; an overdue dose is so for some days.
    let noon = NaiveTime::from_hms_opt(12, 0, 0).expect("noon exists");
    let is_tomorrow = |why: &ReminderWhy| matches!(why, ReminderWhy::Tomorrow { .. });
    let last = if items.iter().any(|(_, why)| is_tomorrow(why)) {
        tomorrow
    } else {
        day + TimeDelta::days(3)
    };
    Draft {
        to_name: reader.name.clone(),
        send_by: resolve(campaign.timezone, last.and_time(noon)),
        reminder: Reminder {
            campaign: campaign.id.clone(),
            campaign_name: campaign.name.clone(),
            vaccine_name: campaign.series.name.clone(),
            email: reader.email.clone(),
            language,
            today: day,
            items: items
                .into_iter()
                .map(|(standing, why)| ReminderItem {
                    person: PersonId::new(standing.person.id.as_str()),
                    name: standing.person.name,
                    dose: standing.due.map_or(0, |due| due.number),
                    vaccines: vaccines(judge, &standing.missed, &why),
                    why,
                })
                .collect(),
            contact: campaign.coordinator.clone(),
        },
    }
}
