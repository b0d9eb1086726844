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
use std::fmt::Display;

/// Vaccines that a subject names; a phone shows little more of it.
const SUBJECT_VACCINES_MAX: usize = 3;

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
    /// Words and address of each page at which the person answers, where people book.
    links: Vec<(String, String)>,
}

/// The letter to a household: what each campaign has to say to it.
pub(super) fn letter(reminders: &[&Reminder], way_out: &WayOut, caps: Caps) -> Letter {
    let Some(reminder) = reminders.first() else { return Letter::default() };
    let words = Words(reminder.language);
    let count = reminders.iter().map(|one| one.items.len()).sum();
    let subject = subject(words, reminders);
    let title = words.word("mail-reminder-title");
    let mut closing = more(words, "mail-more", count, caps.rows);
    closing.push(words.word("mail-reminder-bring"));
    closing.push(words.word("mail-reminder-done"));
    closing.push(contact(words, reminder));
    let head = head(words, reminders);
    let campaigns: Vec<&str> = reminders.iter().map(|one| one.campaign_name.as_str()).collect();
    let campaign = words.names(&campaigns, NAMES_SHOWN_MAX);
    let (opt_out, opt_out_text, target) = opt_out(words, way_out);
    let body = Body {
        parts: parts(words, reminders, caps, head.is_some()),
        hello: head.unwrap_or_else(|| words.word("mail-reminder-hello")),
        closing,
        opt_out,
        opt_out_text,
        link: (target, words.word("mail-reminder-unsubscribe")),
        footer: words.say("mail-reminder-footer", &[("campaign", &campaign)]),
    };
    let lang = reminder.language.tag();
    let html = Html { subject: &subject, lang, title: &title, body: &body };
    let html = html.render().expect("templates fail only where a value does");
    let plain = Plain { body: &body }.render().expect("templates fail only where a value does");
    Letter { subject, text: tidy(&plain), html, picture: None }
}

/// An item, and the campaign's part of the mail in which it stands.
type Said<'a> = (&'a Reminder, &'a ReminderItem);

/// The vaccines that items are about, each once.
fn vaccines(words: Words, items: &[Said<'_>]) -> String {
    let mut out = Vec::new();
    for name in items.iter().flat_map(|(reminder, item)| vaccines_of(reminder, item)) {
        if !out.contains(&name) {
            out.push(name);
        }
    }
    words.names(&out, SUBJECT_VACCINES_MAX)
}

/// The vaccines that an item is about.
fn vaccines_of<'a>(reminder: &'a Reminder, item: &'a ReminderItem) -> Vec<&'a str> {
    if item.vaccines.is_empty() {
        return vec![&reminder.vaccine_name];
    }
    item.vaccines.iter().map(|(name, _)| name.as_str()).collect()
}

/// The subject: day, place and vaccines of what it tells, never a person's name, since phones show subjects on the
/// locked screen.
fn subject(words: Words, reminders: &[&Reminder]) -> String {
    let items = reminders.iter().flat_map(|one| one.items.iter().map(move |item| (*one, item)));
    let items: Vec<Said<'_>> = items.collect();
    let say = |key: &str, about: &[Said<'_>], arguments: &[(&str, &dyn Display)]| {
        let vaccines = vaccines(words, about);
        let mut all: Vec<(&str, &dyn Display)> = vec![("vaccines", &vaccines)];
        all.extend_from_slice(arguments);
        words.say(key, &all)
    };
    let mut days: BTreeMap<NaiveDate, (Vec<Said<'_>>, BTreeSet<&str>)> = BTreeMap::new();
    for said in &items {
        if let ReminderWhy::Tomorrow { day, place_name, .. } = &said.1.why {
            let (of_day, places) = days.entry(*day).or_default();
            of_day.push(*said);
            places.insert(place_name);
        }
    }
    if let Some((day, (of_day, places))) = days.first_key_value() {
        let date = words.day_short(*day);
        if let (1, Some(place)) = (places.len(), places.first()) {
            let place = safe::name(place);
            let arguments: [(&str, &dyn Display); 2] = [("date", &date), ("place", &place)];
            return say("mail-reminder-subject-tomorrow", of_day, &arguments);
        }
        let arguments: [(&str, &dyn Display); 2] = [("date", &date), ("count", &of_day.len())];
        return say("mail-reminder-subject-tomorrow-places", of_day, &arguments);
    }
    let mut changes: BTreeMap<(&str, NaiveDate, &str), Vec<Said<'_>>> = BTreeMap::new();
    for said in &items {
        if let Some(change) = changed(said.1) {
            changes.entry(change).or_default().push(*said);
        }
    }
    if changes.len() > 1 {
        let all: Vec<Said<'_>> = changes.values().flatten().copied().collect();
        return say("mail-reminder-subject-changes", &all, &[("count", &changes.len())]);
    }
    if let Some(((key, day, place), about)) = changes.first_key_value() {
        let (date, place) = (words.day_short(*day), safe::name(place));
        return say(key, about, &[("date", &date), ("place", &place)]);
    }
    match items.as_slice() {
        [one] => {
            let dose = words.dose(one.1.dose);
            say("mail-reminder-subject-overdue", &items, &[("dose", &dose)])
        }
        all => say("mail-reminder-subject-overdue-more", all, &[("count", &all.len())]),
    }
}

/// The subject of a mail that says that an appointment changed, with the day and the place that it names.
fn changed(item: &ReminderItem) -> Option<(&'static str, NaiveDate, &str)> {
    match &item.why {
        ReminderWhy::Moved { day, place_name, .. } => {
            Some(("mail-reminder-subject-moved", *day, place_name))
        }
        ReminderWhy::Cancelled { was, .. } => Some(("mail-reminder-subject-cancelled", *was, "")),
        ReminderWhy::Given { day, place_name, .. } => {
            Some(("mail-reminder-subject-given", *day, place_name))
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

/// The first line where everybody is expected at one time and place: day, time, place, address, telephone.
fn head(words: Words, reminders: &[&Reminder]) -> Option<String> {
    let is_tomorrow = |item: &&ReminderItem| matches!(item.why, ReminderWhy::Tomorrow { .. });
    let mut items = reminders.iter().flat_map(|one| &one.items).filter(is_tomorrow);
    let first = items.next()?;
    let ReminderWhy::Tomorrow { day, place, place_name, .. } = &first.why else { return None };
    let is_same = |item: &ReminderItem| match &item.why {
        ReminderWhy::Tomorrow { day: other, place: at, .. } => {
            (other, at, item.slot) == (day, place, first.slot)
        }
        _ => false,
    };
    if !items.all(is_same) {
        return None;
    }
    let mut clauses: Vec<String> = slot(words, first).into_iter().collect();
    clauses.push(safe::name(place_name));
    clauses.extend(venue(words, first));
    let (date, clauses) = (words.date(*day), words.clauses(&clauses));
    Some(words.say("mail-reminder-hello-tomorrow", &[("date", &date), ("clauses", &clauses)]))
}

/// What the campaigns have to say: first what changed, then tomorrow, then what is overdue. `is_said`: the first line
/// says when, and how the place is found.
fn parts(words: Words, reminders: &[&Reminder], caps: Caps, is_said: bool) -> Vec<Part> {
    let mut left = caps.rows;
    let mut joint = one_visit(reminders);
    // A visit for which there is no room is told dose by dose, as far as there is room for that.
    joint.retain(|_, same| {
        let fits = same.len() <= left;
        left -= if fits { same.len() } else { 0 };
        fits
    });
    let mut all = visits(words, reminders, &joint, is_said);
    for (nth, reminder) in reminders.iter().enumerate() {
        let is_joint = |at: usize| joint.values().flatten().any(|one| *one == (nth, at));
        let items: Vec<&ReminderItem> = (0..)
            .zip(&reminder.items)
            .filter(|(at, _)| !is_joint(*at))
            .map(|(_, item)| item)
            .collect();
        let items = items.iter().copied();
        all.extend(parts_of(words, reminder, items.clone().take(left), is_said));
        left = left.saturating_sub(items.len());
    }
    all.sort_by_key(|(rank, _)| *rank);
    all.into_iter().map(|(_, part)| part).collect()
}

/// A visit: day, place, time, person.
type VisitKey<'a> = (NaiveDate, &'a str, Option<SlotTime>, &'a str);

/// People who come for several campaigns at one place and time, each with the places of their items: reminder, item.
fn one_visit<'a>(reminders: &[&'a Reminder]) -> BTreeMap<VisitKey<'a>, Vec<(usize, usize)>> {
    let mut out: BTreeMap<VisitKey<'_>, Vec<(usize, usize)>> = BTreeMap::new();
    for (nth, reminder) in reminders.iter().enumerate() {
        for (at, item) in reminder.items.iter().enumerate() {
            if let ReminderWhy::Tomorrow { day, place, .. } = &item.why {
                let key = (*day, place.as_str(), item.slot, item.person.as_str());
                out.entry(key).or_default().push((nth, at));
            }
        }
    }
    out.retain(|_, same| same.len() > 1);
    out
}

/// The visits at which people get several vaccines, by day: each place and time is said once.
fn visits(
    words: Words,
    reminders: &[&Reminder],
    joint: &BTreeMap<VisitKey<'_>, Vec<(usize, usize)>>,
    is_said: bool,
) -> Vec<(u8, Part)> {
    let mut by_day: BTreeMap<NaiveDate, (Vec<&str>, Vec<Item>)> = BTreeMap::new();
    for ((day, ..), same) in joint {
        let all: Vec<(&Reminder, &ReminderItem)> = same
            .iter()
            .filter_map(|(nth, at)| {
                let reminder = reminders.get(*nth)?;
                Some((*reminder, reminder.items.get(*at)?))
            })
            .collect();
        let Some((_, first)) = all.first() else { continue };
        let (names, items) = by_day.entry(*day).or_default();
        let mut given = Vec::new();
        for (reminder, item) in &all {
            names.extend(vaccines_of(reminder, item));
            given.extend(doses_of(words, reminder, item));
        }
        let links = all.iter().filter_map(|(reminder, item)| {
            let vaccine = words.names(&vaccines_of(reminder, item), NAMES_SHOWN_MAX);
            let said = words.say("mail-reminder-answer-of", &[("vaccine", &vaccine)]);
            item.link.clone().map(|link| (said, link))
        });
        let links = links.collect();
        let who = named(words, first, &words.names(&given, given.len()));
        items.push(Item { who, lines: expected(words, first, is_said), links });
    }
    let part = |(day, (mut names, items)): (NaiveDate, (Vec<&str>, Vec<Item>))| {
        let mut known = BTreeSet::new();
        names.retain(|name| known.insert(*name));
        (1, tomorrow(words, day, &words.names(&names, NAMES_SHOWN_MAX), items))
    };
    by_day.into_iter().map(part).collect()
}

/// What is given on a day.
fn tomorrow(words: Words, day: NaiveDate, vaccine: &str, items: Vec<Item>) -> Part {
    let date = words.date(day);
    let arguments: [(&str, &dyn Display); 2] = [("date", &date), ("vaccine", &vaccine)];
    Part { opening: words.say("mail-reminder-tomorrow", &arguments), items }
}

/// Where and when somebody is expected; the place alone where the first line says the rest.
fn expected(words: Words, item: &ReminderItem, is_said: bool) -> Vec<String> {
    let ReminderWhy::Tomorrow { place_name, .. } = &item.why else { return Vec::new() };
    let place = safe::name(place_name);
    let mut lines = vec![words.say("mail-reminder-place", &[("place", &place)])];
    if !is_said {
        lines.extend(slot(words, item).into_iter().chain(venue(words, item)));
    }
    lines
}

/// The parts of one campaign, with their ranks.
fn parts_of<'a>(
    words: Words,
    reminder: &Reminder,
    items: impl Iterator<Item = &'a ReminderItem>,
    is_said: bool,
) -> Vec<(u8, Part)> {
    let vaccine = safe::name(&reminder.vaccine_name);
    let mut by_day: BTreeMap<NaiveDate, Vec<Item>> = BTreeMap::new();
    let (mut overdue, mut changes, mut given) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let (who, links) = (who(words, item), links(words, item));
        match &item.why {
            ReminderWhy::Tomorrow { day, .. } => {
                let lines = expected(words, item, is_said);
                by_day.entry(*day).or_default().push(Item { who, lines, links });
            }
            ReminderWhy::Moved {
                was: old, was_place, was_slot, day, place_name, reason, ..
            } => {
                let now = at(words, "mail-reminder-now", *day, place_name);
                let was = was(words, (*old, was_place, *was_slot), *reason);
                let mut lines = vec![was, now];
                lines.extend(slot(words, item));
                changes.push(Item { who, lines, links });
            }
            ReminderWhy::Given { day, place_name, .. } => {
                let mut lines = vec![at(words, "mail-reminder-given", *day, place_name)];
                lines.extend(slot(words, item).into_iter().chain(venue(words, item)));
                given.push(Item { who, lines, links });
            }
            ReminderWhy::Cancelled { was: old, was_place_name, reason, .. } => {
                let off = was(words, (*old, was_place_name, None), *reason);
                let later = words.word("mail-reminder-later");
                let is_over = *reason == ChangeReason::Over;
                let lines = if is_over { vec![off] } else { vec![off, later] };
                changes.push(Item { who, lines, links });
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
                overdue.push(Item { who, lines: vec![since, go], links });
            }
        }
    }
    let mut parts: Vec<(u8, Part)> =
        by_day.into_iter().map(|(day, items)| (1, tomorrow(words, day, &vaccine, items))).collect();
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

/// The page at which somebody answers.
fn links(words: Words, item: &ReminderItem) -> Vec<(String, String)> {
    let link = item.link.iter().cloned();
    link.map(|link| (words.word("mail-reminder-answer"), link)).collect()
}

/// Name and dose; the dose alone where the register has no name.
fn who(words: Words, item: &ReminderItem) -> String {
    let dose = if item.vaccines.is_empty() {
        words.dose(item.dose)
    } else {
        let all = of_vaccines(words, &item.vaccines);
        words.names(&all, all.len())
    };
    named(words, item, &dose)
}

/// What somebody gets, with the name where the register has one.
fn named(words: Words, item: &ReminderItem, dose: &str) -> String {
    match item.name.as_deref().map(safe::name).filter(|name| !name.is_empty()) {
        Some(name) => words.say("mail-reminder-who", &[("name", &name), ("dose", &dose)]),
        None => dose.to_owned(),
    }
}

/// The doses of an item, each with its vaccine.
fn doses_of(words: Words, reminder: &Reminder, item: &ReminderItem) -> Vec<String> {
    if item.vaccines.is_empty() {
        return of_vaccines(words, &[(reminder.vaccine_name.clone(), item.dose)]);
    }
    of_vaccines(words, &item.vaccines)
}

fn of_vaccines(words: Words, vaccines: &[(String, u8)]) -> Vec<String> {
    let said = |(vaccine, dose): &(String, u8)| {
        let (vaccine, dose) = (safe::name(vaccine), words.dose(*dose));
        words.say("mail-reminder-vaccine", &[("vaccine", &vaccine), ("dose", &dose)])
    };
    vaccines.iter().map(said).collect()
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
