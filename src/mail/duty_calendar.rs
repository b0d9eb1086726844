//! Writes somebody's duties as a calendar file (RFC 5545). The same duties give the same bytes.
//!
//! A duty at a site with opening hours takes that time; one of a team, or at a site that says no hours, takes the day.
//! Each person and day has one UID, so that a changed duty replaces the one before; a day that is off by now is
//! cancelled. A later file has a higher SEQUENCE.

use crate::domain::campaign::Language;
use crate::domain::date::resolve;
use crate::domain::jurisdiction::{Jurisdiction, StaffMember};
use crate::domain::roster::Duty;
use crate::mail::safe;
use crate::text;
use chrono::Days;
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};

/// The duties of a person as a file.
pub fn file(
    of: &Jurisdiction,
    language: Language,
    member: &StaffMember,
    duties: &[&Duty],
) -> String {
    written(of, language, member, (duties, &[]), None)
}

/// The duties of a person as a file that comes after `sequence` others, with the days that are off by now.
pub fn file_after(
    of: &Jurisdiction,
    language: Language,
    member: &StaffMember,
    both: (&[&Duty], &[&Duty]),
    sequence: u32,
) -> String {
    written(of, language, member, both, Some(sequence))
}

fn written(
    of: &Jurisdiction,
    language: Language,
    member: &StaffMember,
    (duties, off): (&[&Duty], &[&Duty]),
    sequence: Option<u32>,
) -> String {
    let mut calendar = Calendar::empty();
    let name = format!("{} {}", safe::name(&member.name), safe::name(&of.name));
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//doseplan//roster//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", name.as_str()),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    for duty in duties {
        let mut event = event(of, language, duty);
        if let Some(sequence) = sequence {
            event.sequence(sequence).status(EventStatus::Confirmed);
        }
        calendar.push(event.done());
    }
    for duty in off {
        let mut event = event(of, language, duty);
        event.sequence(sequence.unwrap_or(0)).status(EventStatus::Cancelled);
        calendar.push(event.done());
    }
    calendar.to_string()
}

fn event(of: &Jurisdiction, language: Language, duty: &Duty) -> Event {
    let row = of.site_on(&duty.place, duty.date);
    let place = safe::name(of.post_name(&duty.place, duty.date));
    let role = text::word(language, &format!("duty-role-{}", duty.role));
    let title = text::say(language, "calendar-duty", &[("place", &place), ("role", &role)]);
    let uid = format!("{}-{}@{}.roster.doseplan", duty.date, duty.staff, of.id);
    let mut event = Event::new();
    // The file has no clock: the stamp is the day itself, so that it does not change when nothing did.
    let midnight = resolve(of.timezone, duty.date.and_time(chrono::NaiveTime::MIN));
    event.uid(&safe::name(&uid)).timestamp(midnight).summary(&title).location(&place);
    if let Some(hours) = row.and_then(|row| row.hours) {
        event.starts(resolve(of.timezone, duty.date.and_time(hours.opens)));
        event.ends(resolve(of.timezone, duty.date.and_time(hours.closes)));
    } else {
        event.starts(duty.date);
        event.ends(duty.date.checked_add_days(Days::new(1)).unwrap_or(duty.date));
    }
    if let Some(address) = row.and_then(|row| row.address.as_deref()) {
        event.description(&safe::name(address));
    }
    event
}
