//! Writes sessions as a calendar file (RFC 5545). All times come from plans, so the same sessions give the same
//! bytes.
//!
//! A session is an all-day event: campaigns know no hours, and a day is the same in every time zone. Each place,
//! day and team has one UID. Its SEQUENCE grows with each change, and a session that a plan dropped has
//! `STATUS:CANCELLED`.

use crate::domain::calendar::{SessionEntry, SessionKey};
use crate::domain::campaign::{Campaign, Language};
use crate::mail::safe;
use crate::text;
use chrono::{DateTime, Days};
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};

/// What the file is for. One that is sent by mail repeats this in its header.
pub const MIME: &str = "text/calendar; method=PUBLISH; charset=utf-8";

/// The sessions of a site or team as a file. `organizer` is the sender's address.
pub fn file<'a>(
    campaign: &Campaign,
    language: Language,
    post_name: &str,
    organizer: &str,
    sessions: impl Iterator<Item = (&'a SessionKey, &'a SessionEntry)>,
) -> String {
    let mut calendar = Calendar::empty();
    let name = format!("{} {}", safe::name(post_name), safe::name(&campaign.name));
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//doseplan//sessions//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", name.as_str()),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    for (key, entry) in sessions {
        calendar.push(event(campaign, language, organizer, key, entry));
    }
    calendar.to_string()
}

fn event(
    campaign: &Campaign,
    language: Language,
    organizer: &str,
    key: &SessionKey,
    entry: &SessionEntry,
) -> Event {
    let place = campaign
        .place(key.place.as_str())
        .map_or_else(|| key.place.to_string(), |place| place.name().to_owned());
    let place = safe::name(&place);
    let doses: u64 = entry.doses.values().sum();
    let doses = text::thousands(doses);
    let title = if entry.cancelled { "calendar-cancelled" } else { "calendar-session" };
    let title = text::say(language, title, &[("place", &place), ("doses", &doses)]);
    let lines = entry.doses.iter().map(|((group, dose), doses)| {
        let group = campaign
            .group(group.as_str())
            .map_or_else(|| group.to_string(), |group| group.name.clone());
        let (group, doses) = (safe::name(&group), text::thousands(*doses));
        let arguments: [(&str, &dyn std::fmt::Display); 3] =
            [("group", &group), ("dose", dose), ("doses", &doses)];
        text::say(language, "calendar-doses", &arguments)
    });
    let lines: Vec<String> = lines.collect();
    let changed = DateTime::from_timestamp_millis(entry.changed_at).unwrap_or_default();
    let team = key.team.as_ref().map(|team| format!("-{team}")).unwrap_or_default();
    let uid = format!("{}-{}{team}@{}.doseplan", key.day, key.place, campaign.id);
    let mut event = Event::new();
    event
        .uid(&safe::name(&uid))
        .sequence(entry.sequence)
        .timestamp(changed)
        .last_modified(changed)
        .starts(key.day)
        .ends(key.day.checked_add_days(Days::new(1)).unwrap_or(key.day))
        .summary(&title)
        .location(&place)
        .add_property("ORGANIZER", format!("mailto:{organizer}"))
        // An all-day event must not mark its reader as busy.
        .add_property("TRANSP", "TRANSPARENT");
    if !entry.cancelled {
        event.description(&lines.join("\n"));
    }
    let is = if entry.cancelled { EventStatus::Cancelled } else { EventStatus::Confirmed };
    event.status(is);
    event.done()
}
