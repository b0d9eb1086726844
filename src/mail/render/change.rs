//! Short mails about a change: to a lead whose day is no longer as in the digest, to the coordinator about the plan.

use super::digest::{Body, POST_COLUMNS_MAX, Part, VACCINE_COLUMNS_MAX};
use super::people::people_section;
use super::table::Section;
use super::words::Words;
use super::{Alert, Caps, Letter, NAMES_SHOWN_MAX};
use crate::domain::notice::{Amended, PersonLine, PlanChange};
use crate::domain::standing::{Cause, Unrest};
use crate::mail::safe;
use crate::text::thousands;

/// A vaccine as a subject names it.
fn vaccine(name: &str) -> String {
    safe::one_line(&safe::name(name), VACCINE_COLUMNS_MAX)
}

/// The mail to a lead whose day has changed since the digest.
pub(super) fn amended(change: &Amended, caps: Caps) -> Letter {
    let words = Words(change.language);
    let post = safe::one_line(&safe::name(&change.post_name), POST_COLUMNS_MAX);
    let (short, date) = (words.day_short(change.day), words.date(change.day));
    let vaccine = change.vaccine_name.as_deref().map(vaccine);
    let subject = match &vaccine {
        Some(vaccine) => words.say(
            "mail-amended-subject-vaccine",
            &[("date", &short), ("vaccine", vaccine), ("post", &post)],
        ),
        None => words.say("mail-amended-subject", &[("date", &short), ("post", &post)]),
    };
    let session = |(name, before, now): &(String, u64, u64)| {
        let (name, before) = (safe::name(name), thousands(*before));
        if *now == 0 {
            let arguments: [(&str, &dyn std::fmt::Display); 2] =
                [("place", &name), ("before", &before)];
            return words.say("mail-amended-none", &arguments);
        }
        let now = thousands(*now);
        words.say("mail-amended-doses", &[("place", &name), ("before", &before), ("now", &now)])
    };
    let changed = change.sessions.iter().filter(|(_, before, now)| before != now);
    let notes: Vec<String> = changed.take(caps.rows).map(session).collect();
    let notes: Vec<String> = homes(words, change).into_iter().chain(notes).collect();
    let mut sections = Vec::new();
    if !notes.is_empty() {
        let heading = words.word("mail-amended-sessions");
        sections.push(Section { heading, notes, ..Section::default() });
    }
    let mut left = caps.people;
    for (key, people) in [
        ("mail-amended-call", &change.call),
        ("mail-amended-left", &change.left),
        ("mail-amended-joined", &change.joined),
    ] {
        sections.extend(listed(words, key, people, &mut left));
    }
    let title = safe::name(&change.post_name);
    let body = Body {
        campaign: safe::name(&change.campaign_name),
        opening: words.say("mail-amended-opening", &[("date", &date)]),
        parts: vec![Part { sections, ..Part::default() }],
        footer: words.word("mail-footer"),
    };
    body.letter(words, subject, &words.in_brackets(&title, &safe::name(&change.post)))
}

/// What has become of the team's round of home visits, where it is other than the digest said.
fn homes(words: Words, change: &Amended) -> Option<String> {
    let (before, now) = change.home.filter(|(before, now)| before != now)?;
    let (was, is) = (thousands(before), thousands(now));
    Some(match (before, now) {
        (_, 0) => words.count("mail-amended-homes-none", before, &[("before", &was)]),
        (0, _) => words.count("mail-amended-homes-new", now, &[("now", &is)]),
        _ => words.say("mail-amended-homes", &[("before", &was), ("now", &is)]),
    })
}

fn listed(words: Words, key: &str, people: &[PersonLine], left: &mut usize) -> Option<Section> {
    let count = thousands(people.len() as u64);
    let shown = people.len().min(*left);
    *left -= shown;
    let heading = words.say(key, &[("people", &count)]);
    (!people.is_empty()).then(|| people_section(words, heading, people, shown))
}

/// The mail to the coordinator: what was broken, what changes, and what is to be done.
pub(super) fn plan(change: &PlanChange, _: Caps) -> Letter {
    let words = Words(change.language);
    let seats = thousands(change.unrest.total());
    let vaccine = change.vaccine_name.as_deref().map(vaccine);
    let key = match (change.waits, &vaccine) {
        (true, None) => "mail-change-subject-waits",
        (true, Some(_)) => "mail-change-subject-waits-vaccine",
        (false, None) => "mail-change-subject",
        (false, Some(_)) => "mail-change-subject-vaccine",
    };
    let vaccine = vaccine.unwrap_or_default();
    let subject =
        words.say(key, &[("plan", &change.plan), ("seats", &seats), ("vaccine", &vaccine)]);
    let alerts = lines(words, change).into_iter().enumerate();
    let alert = |(index, text)| Alert { number: index + 1, text, ..Alert::default() };
    let body = Body {
        campaign: safe::name(&change.campaign_name),
        opening: words.say("mail-change-opening", &[("date", &words.date(change.today))]),
        parts: vec![Part { alerts: alerts.map(alert).collect(), ..Part::default() }],
        footer: words.word("mail-footer"),
    };
    body.letter(words, subject, &words.word("mail-change-title"))
}

/// Three lines: what was broken and why, what the new plan changes, and whether somebody has to adopt it.
fn lines(words: Words, change: &PlanChange) -> Vec<String> {
    let (sessions, assigned) = (thousands(change.sessions), thousands(change.assigned));
    let withdrawn = thousands(change.unrest.withdrawn);
    let counts = thousands(change.doubtful);
    let changes = words.say(
        if change.waits { "mail-change-would" } else { "mail-change-did" },
        &[
            ("plan", &change.plan),
            ("sessions", &sessions),
            ("assigned", &assigned),
            ("withdrawn", &withdrawn),
        ],
    );
    let next = match (change.waits, change.doubtful) {
        (false, _) => words.word("mail-change-told"),
        (true, 0) => words.say("mail-change-ask", &[("plan", &change.plan)]),
        (true, _) => {
            let arguments: [(&str, &dyn std::fmt::Display); 2] =
                [("plan", &change.plan), ("counts", &counts)];
            words.say("mail-change-doubtful", &arguments)
        }
    };
    vec![broken(words, &change.unrest), changes, next]
}

/// What does not stand, with the reasons.
fn broken(words: Words, unrest: &Unrest) -> String {
    let cause = |(cause, seats): (&Cause, &u64)| {
        words.say(&format!("mail-change-cause-{cause}"), &[("seats", &thousands(*seats))])
    };
    let causes: Vec<String> = unrest.seats.iter().map(cause).collect();
    let names: Vec<String> = unrest.places.iter().map(|name| safe::name(name)).collect();
    let date = unrest.first.map(|day| words.day(day)).unwrap_or_default();
    let arguments: [(&str, &dyn std::fmt::Display); 3] = [
        ("causes", &words.names(&causes, causes.len())),
        ("places", &words.names(&names, NAMES_SHOWN_MAX)),
        ("date", &date),
    ];
    words.say("mail-change-broken", &arguments)
}
