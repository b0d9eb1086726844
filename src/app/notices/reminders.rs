//! Reminders to people of the register: on the day before an appointment, and when a dose is overdue.
//!
//! A person gets at most one reminder for the same reason and day, however often the job runs. People of one household
//! share a mail. People who opted out, unsubscribed, must not be called, or have had the dose get none.

use super::Post;
use super::bookings::add_slots;
use super::draft::{Draft, gathered};
use super::household::{Reader, Readers};
use super::venues::add_venues;
use super::ways::{Numbers, home_of};
use crate::app::assigning::{Standing, each_standing, households_beyond};
use crate::app::unsubscribing::secret;
use crate::app::{App, Loaded, Result};
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::date::resolve;
use crate::domain::id::{CampaignNo, PersonId};
use crate::domain::judge::{Judge, MissedDose};
use crate::domain::message::MailState;
use crate::domain::notice::{Reminder, ReminderItem, ReminderWhy};
use crate::store::outbox::NewMessage;
use crate::store::reminders::{self, Kind, Reminded, Told};
use crate::store::{Tx, assignments, bounces, unsubscribed};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Days between two mails about the same overdue dose. Our choice.
const OVERDUE_EVERY_DAYS: i64 = 14;
/// Mails about one overdue dose; after them somebody should call. Our choice.
const OVERDUE_MAX: i64 = 3;
/// Mails queued in one transaction. Enough to save commits, few enough to hold the write lock only briefly; a multiple
/// of the rows of one statement.
const QUEUE_BATCH: usize = 256;

/// Whether something is to be written: nobody is told the same twice, unless something else was said in between.
fn is_news(item: &Reminded, before: &BTreeSet<Reminded>, told: &[Told]) -> bool {
    let is_written = || before.contains(&Reminded { slot: None, ..item.clone() });
    if item.kind == Kind::Overdue {
        return !is_written();
    }
    let last = told.iter().rev().find(|told| told.state != MailState::Withdrawn);
    let Some(Told { what: last, .. }) = last else {
        // Whoever booked knew of a day that no message had told.
        let is_first = told.is_empty() && !is_written();
        return item.kind == Kind::Tomorrow || is_first;
    };
    // Whoever was given a seat some time ago is reminded on its eve.
    if (last.kind, item.kind) == (Kind::Given, Kind::Tomorrow) {
        return !is_written();
    }
    let is_same_place = last.place == item.place || last.place.is_empty();
    let is_same_day = last.day == item.day && is_same_place && last.dose == item.dose;
    let says_off = |one: &Reminded| one.kind == Kind::Cancelled;
    !(is_same_day && last.is_at(item.slot) && says_off(last) == says_off(item))
}

impl App {
    /// Queues the reminders of a day: one mail a household, about all these campaigns. Returns how many mails are new.
    pub async fn queue_reminders(
        &self,
        all: &[Loaded],
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let Some(loaded) = all.first() else { return Ok(0) };
        let mut drafts = Vec::new();
        let mut tx = self.store.read().await?;
        let numbers = Numbers::of(self, &mut tx, day).await?;
        drop(tx);
        for one in all {
            drafts.extend(self.reminders(one, &numbers, day).await?);
        }
        let drafts = gathered(drafts, self.mails_first());
        self.queue_drafts(loaded, drafts, (day, now)).await
    }

    /// Queues mails, some at a time. Returns how many are new.
    pub(super) async fn queue_drafts(
        &self,
        loaded: &Loaded,
        mut drafts: Vec<Draft>,
        (day, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<usize> {
        let mut new = 0;
        if !drafts.is_empty() {
            add_venues(&mut drafts, self.jurisdiction().await?.as_ref());
        }
        for batch in drafts.chunks_mut(QUEUE_BATCH) {
            let mut tx = self.store.write().await?;
            new += self.queue_batch(&mut tx, loaded, batch, (day, now)).await?;
            tx.commit().await?;
        }
        Ok(new)
    }

    async fn queue_batch(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        batch: &mut [Draft],
        (day, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<usize> {
        let secret = secret(tx).await?;
        let mut wanted: BTreeMap<CampaignNo, Vec<Reminded>> = BTreeMap::new();
        for (no, item) in batch.iter().flat_map(Draft::items) {
            wanted.entry(no).or_default().push(reminded(item, day));
        }
        add_slots(tx, batch).await?;
        let mut known = BTreeMap::new();
        for (no, wanted) in wanted {
            let before = reminders::find(tx, no, &wanted).await?;
            known.insert(no, (before, reminders::told(tx, no, day).await?));
        }
        let (mut messages, mut about) = (Vec::new(), Vec::new());
        for draft in batch {
            let mut after = 0;
            for (no, part) in &mut draft.parts {
                let Some((before, told)) = known.get(no) else { continue };
                part.items.retain(|item| {
                    let told = told.get(item.person.as_str()).map_or(&[][..], Vec::as_slice);
                    let is_news = is_news(&reminded(item, day), before, told);
                    let last = told.last().filter(|_| is_news).map_or(0, |told| told.mail);
                    after = after.max(last);
                    is_news
                });
            }
            draft.parts.retain(|(_, part)| !part.items.is_empty());
            if !draft.parts.is_empty() {
                self.add_links(tx, draft, &secret, (day, now)).await?;
                messages.push(self.reminder_message(loaded, draft, &secret, (day, now), after)?);
                let items = draft.items().map(|(no, item)| (no, reminded(item, day)));
                about.push(items.collect::<Vec<_>>());
            }
        }
        let ids = self.queue_all(tx, loaded, messages, now).await?;
        let mut rows: BTreeMap<CampaignNo, Vec<(Reminded, i64)>> = BTreeMap::new();
        for (id, items) in ids.iter().zip(about) {
            let Some(id) = *id else { continue };
            for (no, item) in items {
                rows.entry(no).or_default().push((item, id));
            }
        }
        for (no, rows) in rows {
            reminders::insert(tx, no, &rows).await?;
        }
        Ok(ids.iter().flatten().count())
    }

    fn reminder_message(
        &self,
        loaded: &Loaded,
        draft: &Draft,
        secret: &[u8],
        (day, now): (NaiveDate, DateTime<Utc>),
        after: i64,
    ) -> Result<NewMessage> {
        let parts: Vec<&Reminder> = draft.parts.iter().map(|(_, part)| part).collect();
        let reminder = parts[0];
        let key = key(draft, &parts, day, after);
        let way_out = self.way_out(secret, &key)?;
        let post = Post {
            kind: crate::domain::message::MailKind::Reminder,
            key,
            to: Contact { name: draft.to_name.clone(), email: Some(reminder.email.clone()) },
            language: reminder.language,
            letter: crate::mail::render::reminder(&parts, &way_out),
            send_by: Some(draft.send_by),
            personal: !draft.is_urgent,
            way_out: Some(way_out),
            attachments: Vec::new(),
        };
        let mail = self.message(loaded, &post, now)?;
        Ok(self.with_ways(&loaded.campaign, draft, mail))
    }

    /// The reminders of a campaign, each with the key of its household.
    async fn reminders(
        &self,
        loaded: &Loaded,
        numbers: &Numbers,
        day: NaiveDate,
    ) -> Result<Vec<(String, Draft)>> {
        let tomorrow = day + TimeDelta::days(1);
        let mut tx = self.store.read().await?;
        let current = assignments::all(&mut tx, loaded.no).await?;
        let written = reminders::last(&mut tx, loaded.no, Kind::Overdue).await?;
        let unsubscribed = unsubscribed::addresses(&mut tx).await?;
        let suppressed = bounces::addresses(&mut tx).await?;
        let mut found: BTreeMap<String, Vec<(Standing, ReminderWhy)>> = BTreeMap::new();
        let mut readers = Readers::without(&unsubscribed, &suppressed);
        each_standing(&mut tx, loaded, day, |standing| {
            let home = home_of(&standing.person);
            readers.take(&standing);
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
        let lone = found.iter().filter(|(home, _)| !readers.has(home));
        let lone = lone.flat_map(|(_, items)| items.iter().map(|(one, _)| one.person.id.as_str()));
        let lone: Vec<&str> = lone.collect();
        for standing in households_beyond(&mut tx, loaded, &lone, day).await? {
            readers.take(&standing);
        }
        let mut out = Vec::new();
        for (home, items) in found {
            let reader = readers.of(&home);
            let mut by_mail = Vec::new();
            for (standing, why) in items {
                let numbers = numbers.of_standing(&standing);
                if numbers.is_empty() {
                    by_mail.push((standing, why));
                    continue;
                }
                let person = format!("{home} {}", standing.person.id);
                let own = Reader::unmailed(&standing);
                // An address that bounced is none for somebody who can be written to otherwise.
                let reader = reader.filter(|reader| reader.is_reached).unwrap_or(&own);
                let draft = draft(loaded, reader, vec![(standing, why)], day, tomorrow);
                out.push((person, Draft { numbers, ..draft }));
            }
            if let Some(reader) = reader.filter(|_| !by_mail.is_empty()) {
                out.push((home, draft(loaded, reader, by_mail, day, tomorrow)));
            }
        }
        Ok(out)
    }
}

/// An item as the table of reminders has it. Its day makes it one of its own: that of the session, or of sending.
pub(super) fn reminded(item: &ReminderItem, today: NaiveDate) -> Reminded {
    let (kind, day, place) = match &item.why {
        ReminderWhy::Tomorrow { day, place, .. } => (Kind::Tomorrow, *day, place.to_string()),
        ReminderWhy::Given { day, place, .. } => (Kind::Given, *day, place.to_string()),
        ReminderWhy::Moved { day, place, .. } => (Kind::Moved, *day, place.to_string()),
        ReminderWhy::Cancelled { was, was_place, .. } => {
            (Kind::Cancelled, *was, was_place.to_string())
        }
        ReminderWhy::Overdue { .. } => (Kind::Overdue, today, String::new()),
    };
    Reminded { person: item.person.to_string(), dose: item.dose, kind, day, place, slot: item.slot }
}

/// The unique key of a reminder: the same people, doses, places and reasons have the same key, as long as they were
/// not told something else in between (`after`: the number of the last mail to one of them).
fn key(draft: &Draft, parts: &[&Reminder], day: NaiveDate, after: i64) -> String {
    let mut hash = Sha256::new();
    let number = draft.numbers.first().map(|(_, number)| number.digits());
    hash.update(number.unwrap_or(&parts[0].email).as_bytes());
    for (nth, part) in parts.iter().enumerate() {
        if nth > 0 {
            hash.update(format!("\n{}", part.campaign).as_bytes());
        }
        for item in &part.items {
            let Reminded { person, dose, kind, day, place, .. } = reminded(item, day);
            hash.update(format!("\n{person}\t{dose}\t{kind}\t{day}\t{place}").as_bytes());
        }
    }
    if after > 0 {
        hash.update(format!("\n{after}").as_bytes());
    }
    let text = crate::text::hex(&hash.finalize()[..12]);
    format!("reminder/{}/{day}/{text}", parts[0].campaign)
}

/// Why a person is reminded on a day; `None` where they are not.
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
    // Those who live elsewhere are asked by others.
    if standing.group.is_none() && campaign.area(person.area.as_str()).is_none() {
        return None;
    }
    if let Some(one) = assigned.filter(|one| one.dose == due.number && one.day > day) {
        let tomorrow = one.day == day + TimeDelta::days(1) && due.earliest <= one.day;
        return tomorrow.then(|| ReminderWhy::Tomorrow {
            day: one.day,
            place: one.place.clone(),
            place_name: place_name(campaign, one.place.as_str()),
        });
    }
    // Only a later dose can be overdue. People without any dose get their appointment from the plan.
    if due.number < 2 {
        return None;
    }
    let since = due.latest.unwrap_or(due.recommended);
    (day > since && day <= campaign.end)
        .then(|| ReminderWhy::Overdue { since, places: places(campaign, person.area.as_str()) })
}

/// The name of a place; its code where it is no longer there.
pub(super) fn place_name(campaign: &Campaign, code: &str) -> String {
    campaign.place(code).map_or_else(|| code.to_owned(), |place| place.name().to_owned())
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

/// The vaccines of a catch-up visit, each with the number of its dose.
pub(super) fn vaccines(
    judge: &Judge,
    missed: &[MissedDose],
    why: &ReminderWhy,
) -> Vec<(String, u8)> {
    let (ReminderWhy::Tomorrow { day, .. }
    | ReminderWhy::Given { day, .. }
    | ReminderWhy::Moved { day, .. }) = why
    else {
        return Vec::new();
    };
    let given = missed.iter().filter(|dose| dose.earliest.max(dose.recommended) <= *day);
    given.map(|dose| (judge.name(dose.group).to_owned(), dose.dose)).collect()
}

fn draft(
    loaded: &Loaded,
    reader: &Reader,
    items: Vec<(Standing, ReminderWhy)>,
    day: NaiveDate,
    tomorrow: NaiveDate,
) -> Draft {
    let (campaign, judge) = loaded.rules();
    let language = reader.language.unwrap_or(campaign.language);
    // A mail about an appointment is of use until the session; one about an overdue dose for some days.
    let noon = NaiveTime::from_hms_opt(12, 0, 0).expect("noon exists");
    let is_tomorrow = |why: &ReminderWhy| matches!(why, ReminderWhy::Tomorrow { .. });
    let last = if items.iter().any(|(_, why)| is_tomorrow(why)) {
        tomorrow
    } else {
        day + TimeDelta::days(3)
    };
    Draft {
        is_urgent: false,
        numbers: Vec::new(),
        to_name: reader.name.clone(),
        send_by: resolve(campaign.timezone, last.and_time(noon)),
        parts: vec![(
            loaded.no,
            Reminder {
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
                        slot: None,
                        link: None,
                        venue: None,
                    })
                    .collect(),
                contact: campaign.coordinator.clone(),
            },
        )],
    }
}
