//! Who was told a day or place that is no longer theirs is told the new one, or that it is cancelled, with the reason.
//!
//! What somebody was told last is compared with what stands now, so it does not matter how often a day changed in
//! between, and nothing is said twice.

use super::draft::{Draft, gathered};
use super::household::Readers;
use super::reminders::{place_name, vaccines};
use super::ways::{Numbers, home_of};
use crate::app::assigning::{Standing, households, standings};
use crate::app::{App, Loaded, Result, today};
use crate::domain::assign::{Assignment, Ended};
use crate::domain::booking::SlotTime;
use crate::domain::campaign::Campaign;
use crate::domain::date::resolve;
use crate::domain::id::{CampaignNo, PersonId, PlaceCode};
use crate::domain::message::MailState;
use crate::domain::notice::{ChangeReason, Reminder, ReminderItem, ReminderWhy};
use crate::domain::person::Person;
use crate::mail::message::canonical;
use crate::store::bookings::{self, LostBooking};
use crate::store::reminders::{self, Kind, Reminded, Told};
use crate::store::{Tx, assignments, bounces, records, unsubscribed, waiting};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be said to a person.
struct Change {
    why: ReminderWhy,
    to: String,
}

/// The hour until which a day is ahead: later nobody needs to be told of it.
fn noon() -> NaiveTime {
    NaiveTime::from_hms_opt(12, 0, 0).expect("noon exists")
}

impl App {
    /// Queues what people have to be told because appointments of these campaigns changed, in one mail a person.
    /// Returns how many mails.
    pub(super) async fn tell_people(&self, all: &[Loaded], now: DateTime<Utc>) -> Result<usize> {
        let Some(first) = all.first() else { return Ok(0) };
        let day = today(&first.campaign, now);
        let mut tx = self.store.read().await?;
        let numbers = Numbers::of(self, &mut tx, day).await?;
        let (mut found, mut booked) = (Vec::new(), BTreeSet::new());
        for loaded in all {
            let changes = changes(&mut tx, loaded, &numbers, now).await?;
            found.extend(changes.drafts);
            booked.extend(changes.booked.into_iter().map(|person| (loaded.no, person)));
        }
        drop(tx);
        // Those who booked hear first. A mail is kept under the first campaign that it is about.
        let mut queue: BTreeMap<(bool, CampaignNo), Vec<Draft>> = BTreeMap::new();
        for draft in gathered(found, self.mails_first()) {
            let is_late = !draft.items().any(|(no, item)| {
                let person = item.person.clone();
                booked.contains(&(no, person))
            });
            queue.entry((is_late, draft.parts[0].0)).or_default().push(draft);
        }
        let mut new = 0;
        for ((_, no), drafts) in queue {
            let loaded = all.iter().find(|one| one.no == no).unwrap_or(first);
            new += self.queue_drafts(loaded, drafts, (day, now)).await?;
        }
        Ok(new)
    }
}

/// What a campaign has to say, each with its reader, and who had booked.
struct Changes {
    drafts: Vec<(String, Draft)>,
    booked: Vec<PersonId>,
}

async fn changes(
    tx: &mut Tx,
    loaded: &Loaded,
    numbers: &Numbers,
    now: DateTime<Utc>,
) -> Result<Changes> {
    let campaign = &loaded.campaign;
    let day = today(campaign, now);
    let is_morning = now.with_timezone(&campaign.timezone).time() < noon();
    let first = if is_morning { day } else { day + TimeDelta::days(1) };
    let told = reminders::told(tx, loaded.no, first).await?;
    let codes: Vec<&str> = told.keys().map(String::as_str).collect();
    let mut held = assignments::of(tx, loaded.no, &codes).await?;
    let ended = assignments::why_ended(tx, loaded.no, &codes).await?;
    let slots = bookings::slots_of(tx, loaded.no, &codes).await?;
    let mut found: BTreeMap<PersonId, Change> = BTreeMap::new();
    for (code, told) in &told {
        let person = PersonId::new(code.as_str());
        let why = ended_of(&ended, code, told);
        let held = held.get(&person).map(|held| (held, slots.get(&person).map(|(_, slot)| *slot)));
        if let Some(change) = change(campaign, told, held, why, day) {
            found.insert(person, change);
        }
    }
    for (person, change) in late(tx, loaded, &told, (day, is_morning)).await? {
        found.entry(person).or_insert(change);
    }
    let booked = lost(tx, loaded, first).await?;
    let codes: Vec<&str> = booked.keys().map(PersonId::as_str).collect();
    held.extend(assignments::of(tx, loaded.no, &codes).await?);
    for (person, was) in &booked {
        // Whoever booked knew the day before any reminder said it.
        if !told.contains_key(person.as_str())
            && let Some(why) = unbooked(campaign, was, held.get(person), day)
        {
            found.entry(person.clone()).or_insert(Change { why, to: String::new() });
        }
    }
    for (person, now) in given(tx, loaded, &told, first).await? {
        let place_name = place_name(campaign, now.place.as_str());
        let (day, place) = (now.day, now.place.clone());
        let why = ReminderWhy::Given { day, place, place_name };
        held.insert(person.clone(), now);
        found.entry(person).or_insert(Change { why, to: String::new() });
    }
    let known = standings(tx, loaded, found.keys(), day).await?;
    let (mut known, mut concerned) = (known, Vec::new());
    for (person, change) in found {
        let Some(standing) = known.remove(&person) else { continue };
        // Whoever had the dose, or must not have it, knows; the lead's list says so, too.
        if !standing.person.opt_out && is_due(&standing, told.get(person.as_str()), &held) {
            concerned.push((standing, change));
        }
    }
    let drafts = drafts(tx, loaded, numbers, (concerned, day)).await?;
    Ok(Changes { drafts, booked: booked.into_keys().collect() })
}

/// The appointments from a day on that people had confirmed or booked, and lost to a closure, a shortage or a new plan:
/// of each person the last one.
async fn lost(
    tx: &mut Tx,
    loaded: &Loaded,
    first: NaiveDate,
) -> Result<BTreeMap<PersonId, LostBooking>> {
    let all = bookings::lost(tx, loaded.no, first).await?;
    Ok(all.into_iter().map(|one| (one.person.clone(), one)).collect())
}

/// What has to be said to somebody who lost a booking and has that appointment now; `None`: nothing.
fn unbooked(
    campaign: &Campaign,
    was: &LostBooking,
    held: Option<&Assignment>,
    today: NaiveDate,
) -> Option<ReminderWhy> {
    let name = |code: &PlaceCode| place_name(campaign, code.as_str());
    let reason = reason(campaign, was.day, was.place.as_str(), Some(&was.why));
    let held = held.filter(|held| held.dose == was.dose && held.day >= today);
    match held {
        Some(held) if (held.day, &held.place) == (was.day, &was.place) => None,
        Some(held) => Some(ReminderWhy::Moved {
            was: was.day,
            was_place: name(&was.place),
            was_slot: None,
            day: held.day,
            place: held.place.clone(),
            place_name: name(&held.place),
            reason,
        }),
        None => Some(ReminderWhy::Cancelled {
            was: was.day,
            was_place: was.place.clone(),
            was_place_name: name(&was.place),
            reason,
        }),
    }
}

/// Texts to those who get them, and one mail for those who read at one address, each with its reader.
async fn drafts(
    tx: &mut Tx,
    loaded: &Loaded,
    numbers: &Numbers,
    (concerned, day): (Vec<(Standing, Change)>, NaiveDate),
) -> Result<Vec<(String, Draft)>> {
    let unsubscribed = unsubscribed::addresses(tx).await?;
    let suppressed = bounces::addresses(tx).await?;
    let shut = [&unsubscribed, &suppressed];
    let lone = concerned.iter().filter(|(standing, change)| {
        standing.person.household.is_some() && own_address(standing, change, shut).is_none()
    });
    let lone: Vec<&str> = lone.map(|(standing, _)| standing.person.id.as_str()).collect();
    let mut readers = Readers::without(&unsubscribed, &suppressed);
    for standing in households(tx, loaded, &lone, day).await? {
        readers.take(&standing);
    }
    let mut homes: BTreeMap<String, Vec<(Standing, ReminderWhy)>> = BTreeMap::new();
    let mut texts = Vec::new();
    for (standing, change) in concerned {
        let at_home = || {
            let reader = readers.of(&home_of(&standing.person)).filter(|one| one.is_reached)?;
            Some(reader.email.clone())
        };
        let mailed = own_address(&standing, &change, shut).or_else(at_home);
        let numbers = numbers.of_standing(&standing);
        if !numbers.is_empty() {
            let person = standing.person.id.to_string();
            let items = vec![(standing, change.why)];
            let draft = draft(loaded, mailed.unwrap_or_default(), items, day);
            texts.push((person, Draft { numbers, ..draft }));
        } else if let Some(to) = mailed {
            homes.entry(to).or_default().push((standing, change.why));
        }
    }
    let mail = |(to, items)| (String::new(), draft(loaded, to, items, day));
    let mails = homes.into_iter().map(mail);
    Ok(mails.chain(texts).collect())
}

/// Where a mail about somebody goes that is theirs: where they were told, or else their own address; `None` where that
/// is none, or shut.
fn own_address(
    standing: &Standing,
    change: &Change,
    shut: [&BTreeSet<String>; 2],
) -> Option<String> {
    let all = [Some(&change.to), standing.person.email.as_ref()];
    let to = all.into_iter().flatten().find(|to| to.contains('@'))?;
    let address = canonical(to);
    (!shut.iter().any(|shut| shut.contains(&address))).then(|| to.clone())
}

/// The seats from a day on of people who had waited for one and were not told of it.
async fn given(
    tx: &mut Tx,
    loaded: &Loaded,
    told: &BTreeMap<String, Vec<Told>>,
    first: NaiveDate,
) -> Result<BTreeMap<PersonId, Assignment>> {
    let given = waiting::given(tx, loaded.no, first).await?;
    let codes: Vec<&str> = given.iter().map(|(person, _)| person.as_str()).collect();
    let mut held = assignments::of(tx, loaded.no, &codes).await?;
    held.retain(|_, held| was_not_told(told, held));
    Ok(held)
}

/// Whether nothing that somebody was told is the appointment that they have.
fn was_not_told(told: &BTreeMap<String, Vec<Told>>, held: &Assignment) -> bool {
    let told = told.get(held.person.as_str()).map_or(&[][..], Vec::as_slice);
    !told.iter().any(|one| one.what.kind != Kind::Cancelled && is_same(&one.what, held))
}

fn ended_of<'a>(
    ended: &'a BTreeMap<(String, NaiveDate), String>,
    code: &str,
    told: &[Told],
) -> Option<&'a str> {
    let day = believed(told)?.what.day;
    ended.get(&(code.to_owned(), day)).map(String::as_str)
}

/// What somebody believes: the last that reached them, or is on its way.
fn believed(told: &[Told]) -> Option<&Told> {
    use MailState::{InDoubt, Queued, Sending, Sent};
    told.iter().rev().find(|one| matches!(one.state, Queued | Sending | Sent | InDoubt))
}

/// People with an appointment for tomorrow that they got after the reminders of the day were written, which is done
/// in the morning.
async fn late(
    tx: &mut Tx,
    loaded: &Loaded,
    told: &BTreeMap<String, Vec<Told>>,
    (day, is_morning): (NaiveDate, bool),
) -> Result<Vec<(PersonId, Change)>> {
    let tomorrow = day + TimeDelta::days(1);
    let is_of_today = |one: &Told| one.what.kind == Kind::Tomorrow && one.what.day == tomorrow;
    if is_morning && !told.values().flatten().any(is_of_today) {
        return Ok(Vec::new());
    }
    let mut new = assignments::on(tx, loaded.no, tomorrow).await?;
    new.retain(|one| !told.contains_key(one.person.as_str()));
    let codes = new.iter().map(|one| one.person.as_str());
    let known = records::find::<Person>(tx, codes).await?;
    let change = |one: Assignment| {
        let to = known.get(one.person.as_str())?.value.email.clone().unwrap_or_default();
        let place_name = place_name(&loaded.campaign, one.place.as_str());
        let why = ReminderWhy::Tomorrow { day: one.day, place: one.place, place_name };
        Some((one.person, Change { why, to }))
    };
    Ok(new.into_iter().filter_map(change).collect())
}

fn is_due(
    standing: &Standing,
    told: Option<&Vec<Told>>,
    held: &BTreeMap<PersonId, Assignment>,
) -> bool {
    let held = held.get(&standing.person.id).map(|held| held.dose);
    let dose = told.and_then(|told| told.last()).map(|last| last.what.dose).or(held);
    let dose = dose.or(standing.due.map(|due| due.number));
    standing.barred.is_none() && standing.due.is_some_and(|due| Some(due.number) == dose)
}

/// Whether somebody has the appointment that they were told.
fn is_same(what: &Reminded, held: &Assignment) -> bool {
    let is_there = what.place.is_empty() || what.place == held.place.as_str();
    held.day == what.day && is_there
}

/// What has to be said to somebody who was told this and has that appointment now; `None`: nothing.
fn change(
    campaign: &Campaign,
    told: &[Told],
    held: Option<(&Assignment, Option<SlotTime>)>,
    ended: Option<&str>,
    today: NaiveDate,
) -> Option<Change> {
    let last = told.last()?;
    let name = |code: &str| place_name(campaign, code);
    let believed = believed(told);
    let slot = held.and_then(|(_, slot)| slot);
    let held = held.map(|(held, _)| held);
    let held = held.filter(|held| held.dose == last.what.dose && held.day >= today);
    let is_off = |told: &Told| told.what.kind == Kind::Cancelled;
    let Some(believed) = believed.filter(|told| !is_off(told)) else {
        // The mail that called them was withdrawn before it left; the appointment stands again, or still.
        let held = held.filter(|held| held.day == today + TimeDelta::days(1))?;
        (last.state == MailState::Withdrawn).then_some(())?;
        let (day, place, place_name) = (held.day, held.place.clone(), name(held.place.as_str()));
        let why = ReminderWhy::Tomorrow { day, place, place_name };
        return Some(Change { why, to: last.recipient.clone() });
    };
    let what = &believed.what;
    let to = believed.recipient.clone();
    let reason = reason(campaign, what.day, &what.place, ended);
    // Plans may still move a day that lies beyond those that they leave as they are. It is told when it comes, not each
    // time that it changes. Whoever chose it knows it.
    let sure = today + TimeDelta::days(campaign.freeze_days.max(1).into());
    let is_sure = |held: &Assignment| held.day <= sure || reason == ChangeReason::Own;
    let held = held.filter(|held| is_sure(held) || is_same(what, held));
    match held {
        Some(held) if is_same(what, held) && (what.is_at(slot) || !is_sure(held)) => None,
        Some(held) => {
            let is_time = is_same(what, held);
            let by_plan = is_time && reason != ChangeReason::Own;
            let why = ReminderWhy::Moved {
                was: what.day,
                was_place: name(&what.place),
                was_slot: what.slot.filter(|_| is_time),
                day: held.day,
                place: held.place.clone(),
                place_name: name(held.place.as_str()),
                reason: if by_plan { ChangeReason::Time } else { reason },
            };
            Some(Change { why, to })
        }
        None => Some(Change {
            why: ReminderWhy::Cancelled {
                was: what.day,
                was_place: PlaceCode::new(what.place.as_str()),
                was_place_name: name(&what.place),
                reason,
            },
            to,
        }),
    }
}

fn reason(campaign: &Campaign, day: NaiveDate, place: &str, ended: Option<&str>) -> ChangeReason {
    if day > campaign.end {
        return ChangeReason::Over;
    }
    let is_shut = campaign.site(place).is_some_and(|site| campaign.capacity(site, day) == 0);
    match ended {
        Some(why) if why == Ended::Short.word() => ChangeReason::Vaccine,
        Some(why) if why == Ended::Closed.word() => ChangeReason::Closed,
        Some(why) if why == Ended::Moved.word() || why == Ended::Cancelled.word() => {
            ChangeReason::Own
        }
        _ if is_shut || campaign.place(place).is_none() => ChangeReason::Closed,
        _ => ChangeReason::Plan,
    }
}

/// One mail for those who read at one address.
fn draft(
    loaded: &Loaded,
    to: String,
    items: Vec<(Standing, ReminderWhy)>,
    day: NaiveDate,
) -> Draft {
    let (campaign, judge) = loaded.rules();
    let tomorrow = day + TimeDelta::days(1);
    let language = items.iter().find_map(|(standing, _)| standing.person.language);
    let own = |standing: &&(Standing, ReminderWhy)| {
        standing.0.person.email.as_deref().is_some_and(|own| canonical(own) == canonical(&to))
    };
    let reader = items.iter().find(own).or(items.first());
    let to_name = reader.and_then(|(standing, _)| standing.person.name.clone()).unwrap_or_default();
    let last = |why: &ReminderWhy| match why {
        ReminderWhy::Tomorrow { day, .. }
        | ReminderWhy::Given { day, .. }
        | ReminderWhy::Moved { day, .. } => *day,
        ReminderWhy::Cancelled { was, .. } => *was,
        ReminderWhy::Overdue { .. } => day,
    };
    let until = items.iter().map(|(_, why)| last(why)).max().unwrap_or(tomorrow);
    let is_soon = |why: &ReminderWhy| match why {
        ReminderWhy::Given { day, .. } => *day <= tomorrow,
        ReminderWhy::Moved { was, .. } | ReminderWhy::Cancelled { was, .. } => *was <= tomorrow,
        _ => false,
    };
    Draft {
        to_name,
        numbers: Vec::new(),
        send_by: resolve(campaign.timezone, until.and_time(noon())),
        is_urgent: items.iter().any(|(_, why)| is_soon(why)),
        parts: vec![(
            loaded.no,
            Reminder {
                campaign: campaign.id.clone(),
                campaign_name: campaign.name.clone(),
                vaccine_name: campaign.series.name.clone(),
                email: to,
                language: language.unwrap_or(campaign.language),
                today: day,
                items: items
                    .into_iter()
                    .map(|(standing, why)| ReminderItem {
                        person: standing.person.id,
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
