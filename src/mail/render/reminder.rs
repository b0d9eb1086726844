//! The reminder of a household: who has an appointment tomorrow and where, whose dose is overdue, and how to
//! unsubscribe.

use super::words::Words;
use super::{Caps, Letter, NAMES_SHOWN_MAX, more, tidy};
use crate::domain::booking::SlotTime;
use crate::domain::notice::{ChangeReason, Reminder, ReminderItem, ReminderWhy};
use crate::mail::link::WayOut;
use crate::mail::safe;
use askama::Template;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Template)]
#[template(path = "reminder/body.html")]
struct Html<'a> {
    subject: &'a str,
    lang: &'a str,
    title: &'a str,
    body: &'a Body,
}

#[derive(Template)]
#[template(path = "reminder/body.txt")]
struct Plain<'a> {
    body: &'a Body,
}

/// The content of both forms, HTML and plain text.
struct Body {
    hello: String,
    parts: Vec<Part>,
    closing: Vec<String>,
    /// How to unsubscribe: the words before the link in HTML.
    opt_out: String,
    /// What the plain text has in place of the link.
    opt_out_text: String,
    /// Address and words of the link in HTML.
    link: (String, String),
    /// The words before the address at which people answer.
    answer: String,
    footer: String,
}

/// The appointments of one day, or the overdue doses.
struct Part {
    opening: String,
    items: Vec<Item>,
}

struct Item {
    who: String,
    lines: Vec<String>,
    /// The address at which the person answers, where people book.
    link: Option<String>,
}

/// The letter to a household: what each campaign has to say to it.
pub(super) fn letter(reminders: &[&Reminder], way_out: &WayOut, caps: Caps) -> Letter {
    let Some(reminder) = reminders.first() else { return Letter::default() };
    let words = Words(reminder.language);
    let items: Vec<&ReminderItem> = reminders.iter().flat_map(|one| &one.items).collect();
    let subject = subject(words, &items);
    let title = words.word("mail-reminder-title");
    let mut closing = more(words, "mail-more", items.len(), caps.rows);
    closing.push(words.word("mail-reminder-bring"));
    closing.push(words.word("mail-reminder-done"));
    closing.push(contact(words, reminder));
    let campaigns: Vec<&str> = reminders.iter().map(|one| one.campaign_name.as_str()).collect();
    let campaign = words.names(&campaigns, NAMES_SHOWN_MAX);
    let (opt_out, opt_out_text, target) = opt_out(words, way_out);
    let body = Body {
        hello: words.word("mail-reminder-hello"),
        parts: parts(words, reminders, caps),
        closing,
        opt_out,
        opt_out_text,
        link: (target, words.word("mail-reminder-unsubscribe")),
        answer: words.word("mail-reminder-answer"),
        footer: words.say("mail-reminder-footer", &[("campaign", &campaign)]),
    };
    let lang = reminder.language.tag();
    let html = Html { subject: &subject, lang, title: &title, body: &body };
    let html = html.render().expect("templates fail only where a value does");
    let plain = Plain { body: &body }.render().expect("templates fail only where a value does");
    Letter { subject, text: tidy(&plain), html, picture: None }
}

/// The subject: day and place, never a name, since phones show subjects on the locked screen.
fn subject(words: Words, items: &[&ReminderItem]) -> String {
    let mut days = BTreeMap::new();
    for item in items {
        if let ReminderWhy::Tomorrow { day, place_name, .. } = &item.why {
            let entry: &mut (u64, BTreeSet<&str>) = days.entry(*day).or_default();
            entry.0 += 1;
            entry.1.insert(place_name);
        }
    }
    if let Some((day, (count, places))) = days.first_key_value() {
        let date = words.day_short(*day);
        if let (1, Some(place)) = (places.len(), places.first()) {
            let place = safe::name(place);
            let arguments: [(&str, &dyn std::fmt::Display); 2] =
                [("date", &date), ("place", &place)];
            return words.say("mail-reminder-subject-tomorrow", &arguments);
        }
        let arguments: [(&str, &dyn std::fmt::Display); 2] = [("date", &date), ("count", count)];
        return words.say("mail-reminder-subject-tomorrow-places", &arguments);
    }
    let changes: BTreeSet<String> = items.iter().filter_map(|item| changed(words, item)).collect();
    if changes.len() > 1 {
        return words.say("mail-reminder-subject-changes", &[("count", &changes.len())]);
    }
    if let Some(subject) = changes.into_iter().next() {
        return subject;
    }
    match items {
        [one] => words.say("mail-reminder-subject-overdue", &[("dose", &words.dose(one.dose))]),
        all => words.say("mail-reminder-subject-overdue-more", &[("count", &all.len())]),
    }
}

/// The subject of a mail that says that an appointment changed.
fn changed(words: Words, item: &ReminderItem) -> Option<String> {
    match &item.why {
        ReminderWhy::Moved { day, place_name, .. } => {
            let (date, place) = (words.day_short(*day), safe::name(place_name));
            let arguments: [(&str, &dyn std::fmt::Display); 2] =
                [("date", &date), ("place", &place)];
            Some(words.say("mail-reminder-subject-moved", &arguments))
        }
        ReminderWhy::Cancelled { was, .. } => {
            let date = words.day_short(*was);
            Some(words.say("mail-reminder-subject-cancelled", &[("date", &date)]))
        }
        ReminderWhy::Given { day, place_name, .. } => {
            let (date, place) = (words.day_short(*day), safe::name(place_name));
            let arguments: [(&str, &dyn std::fmt::Display); 2] =
                [("date", &date), ("place", &place)];
            Some(words.say("mail-reminder-subject-given", &arguments))
        }
        ReminderWhy::Tomorrow { .. } | ReminderWhy::Overdue { .. } => None,
    }
}

/// A day and a place in a sentence.
fn at(words: Words, key: &str, day: NaiveDate, place: &str) -> String {
    let (date, place) = (words.date(day), safe::name(place));
    words.say(key, &[("date", &date), ("place", &place)])
}

/// That an appointment is off, and why.
fn was(
    words: Words,
    (day, place, slot): (NaiveDate, &str, Option<SlotTime>),
    reason: ChangeReason,
) -> String {
    let (date, place) = (words.date(day), safe::name(place));
    let reason = words.word(&format!("mail-reminder-reason-{reason}"));
    // Where the time alone is another, the day and the place stand.
    if let Some(slot) = slot {
        return words.say("mail-reminder-was-time", &[("time", &slot), ("reason", &reason)]);
    }
    words.say("mail-reminder-was", &[("date", &date), ("place", &place), ("reason", &reason)])
}

/// What the campaigns have to say: first what changed, then tomorrow, then what is overdue.
fn parts(words: Words, reminders: &[&Reminder], caps: Caps) -> Vec<Part> {
    let mut left = caps.rows;
    let mut all: Vec<(u8, Part)> = Vec::new();
    for reminder in reminders {
        all.extend(parts_of(words, reminder, left));
        left = left.saturating_sub(reminder.items.len());
    }
    all.sort_by_key(|(rank, _)| *rank);
    all.into_iter().map(|(_, part)| part).collect()
}

/// The parts of one campaign, with their ranks.
fn parts_of(words: Words, reminder: &Reminder, items_max: usize) -> Vec<(u8, Part)> {
    let vaccine = safe::name(&reminder.vaccine_name);
    let mut by_day: BTreeMap<NaiveDate, Vec<Item>> = BTreeMap::new();
    let (mut overdue, mut changes, mut given) = (Vec::new(), Vec::new(), Vec::new());
    for item in reminder.items.iter().take(items_max) {
        let (who, link) = (who(words, item), item.link.clone());
        match &item.why {
            ReminderWhy::Tomorrow { day, place_name, .. } => {
                let place = safe::name(place_name);
                let mut lines = vec![words.say("mail-reminder-place", &[("place", &place)])];
                lines.extend(slot(words, item).into_iter().chain(venue(words, item)));
                by_day.entry(*day).or_default().push(Item { who, lines, link });
            }
            ReminderWhy::Moved {
                was: old, was_place, was_slot, day, place_name, reason, ..
            } => {
                let now = at(words, "mail-reminder-now", *day, place_name);
                let was = was(words, (*old, was_place, *was_slot), *reason);
                let mut lines = vec![was, now];
                lines.extend(slot(words, item));
                changes.push(Item { who, lines, link });
            }
            ReminderWhy::Given { day, place_name, .. } => {
                let mut lines = vec![at(words, "mail-reminder-given", *day, place_name)];
                lines.extend(slot(words, item).into_iter().chain(venue(words, item)));
                given.push(Item { who, lines, link });
            }
            ReminderWhy::Cancelled { was: old, was_place_name, reason, .. } => {
                let off = was(words, (*old, was_place_name, None), *reason);
                let later = words.word("mail-reminder-later");
                let is_over = *reason == ChangeReason::Over;
                let lines = if is_over { vec![off] } else { vec![off, later] };
                changes.push(Item { who, lines, link });
            }
            ReminderWhy::Overdue { since, places } => {
                let date = words.day(*since);
                let since = words.say("mail-reminder-since", &[("date", &date)]);
                let go = if places.is_empty() {
                    words.word("mail-reminder-ask")
                } else {
                    let places = words.names(places, NAMES_SHOWN_MAX);
                    words.say("mail-reminder-go", &[("places", &places)])
                };
                overdue.push(Item { who, lines: vec![since, go], link });
            }
        }
    }
    let mut parts: Vec<(u8, Part)> = by_day
        .into_iter()
        .map(|(day, items)| {
            let date = words.date(day);
            let arguments: [(&str, &dyn std::fmt::Display); 2] =
                [("date", &date), ("vaccine", &vaccine)];
            (1, Part { opening: words.say("mail-reminder-tomorrow", &arguments), items })
        })
        .collect();
    if !changes.is_empty() {
        let opening = words.say("mail-reminder-changed", &[("vaccine", &vaccine)]);
        parts.push((0, Part { opening, items: changes }));
    }
    if !given.is_empty() {
        let opening = words.say("mail-reminder-free", &[("vaccine", &vaccine)]);
        parts.push((0, Part { opening, items: given }));
    }
    if !overdue.is_empty() {
        let opening = words.say("mail-reminder-overdue", &[("vaccine", &vaccine)]);
        parts.push((2, Part { opening, items: overdue }));
    }
    parts
}

/// When the slot of an appointment begins.
fn slot(words: Words, item: &ReminderItem) -> Option<String> {
    item.slot.map(|slot| words.say("mail-reminder-slot", &[("time", &slot)]))
}

/// How the place is found: its hours where the appointment has no slot, its address and telephone.
fn venue(words: Words, item: &ReminderItem) -> Option<String> {
    let venue = item.venue.as_ref()?;
    let mut parts = Vec::new();
    if let Some((opens, closes)) = venue.hours.filter(|_| item.slot.is_none()) {
        let hours = format!("{}–{}", opens.format("%H:%M"), closes.format("%H:%M"));
        parts.push(words.say("mail-reminder-hours", &[("hours", &hours)]));
    }
    if let Some(address) = venue.address.as_deref().map(safe::name).filter(|it| !it.is_empty()) {
        parts.push(words.say("mail-reminder-address", &[("address", &address)]));
    }
    // Programs that read mails would take the hyphen of an area code for that of a day.
    let phone = venue.phone.as_deref().map(|phone| safe::phone(phone).replace('-', " "));
    if let Some(phone) = phone.filter(|phone| !phone.is_empty()) {
        parts.push(words.say("mail-reminder-phone", &[("phone", &phone)]));
    }
    (!parts.is_empty()).then(|| words.clauses(&parts))
}

/// Name and dose; the dose alone where the register has no name.
fn who(words: Words, item: &ReminderItem) -> String {
    let dose = if item.vaccines.is_empty() {
        words.dose(item.dose)
    } else {
        let said = |(vaccine, dose): &(String, u8)| {
            let (vaccine, dose) = (safe::name(vaccine), words.dose(*dose));
            words.say("mail-reminder-vaccine", &[("vaccine", &vaccine), ("dose", &dose)])
        };
        let all: Vec<String> = item.vaccines.iter().map(said).collect();
        words.names(&all, all.len())
    };
    match item.name.as_deref().map(safe::name).filter(|name| !name.is_empty()) {
        Some(name) => words.say("mail-reminder-who", &[("name", &name), ("dose", &dose)]),
        None => dose,
    }
}

/// How to unsubscribe: the words for both forms, the rest of the plain text, and the address of the HTML link.
fn opt_out(words: Words, way_out: &WayOut) -> (String, String, String) {
    if let Some(page) = &way_out.page {
        return (words.word("mail-reminder-opt-out-page"), page.clone(), page.clone());
    }
    let arguments: [(&str, &dyn std::fmt::Display); 2] =
        [("desk", &way_out.desk), ("token", &way_out.token)];
    let by_mail = words.say("mail-reminder-opt-out-mail", &arguments);
    (words.word("mail-reminder-opt-out"), by_mail, way_out.mailto())
}

fn contact(words: Words, reminder: &Reminder) -> String {
    let Some(contact) = &reminder.contact else {
        return words.word("mail-reminder-contact-none");
    };
    let name = safe::name(&contact.name);
    let shown = match contact.email.as_deref().map(safe::name) {
        Some(email) if !email.is_empty() => words.in_brackets(&name, &email),
        _ => name,
    };
    words.say("mail-reminder-contact", &[("contact", &shown)])
}
