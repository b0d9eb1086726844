//! The digest of a site or team lead: tomorrow first, then people who did not come, then today and what is
//! still needed.

use super::people::people_section;
use super::product::product_name;
use super::table::{Cell, Section, Table};
use super::words::Words;
use super::{Alert, Caps, Letter, NAMES_SHOWN_MAX};
use super::{home_round, late_vial, more, needs_section, tidy};
use crate::domain::count::Percent;
use crate::domain::notice::{DrawLine, Expected, LeadDigest, PersonLine, SessionSheet, VialLine};
use crate::mail::safe;
use crate::text::thousands;
use askama::Template;
use chrono::NaiveDate;

/// Days before its last day of use from which a lot should be used before others.
const EXPIRY_NEAR_DAYS: i64 = 7;

/// Areas listed beside a number of people; the rest are counted.
const AREAS_SHOWN_MAX: usize = 4;

/// Vaccines named in a subject, and the display columns of each.
const VACCINES_SHOWN_MAX: usize = 3;
pub(super) const VACCINE_COLUMNS_MAX: usize = 16;

/// Display columns of a site's or team's name in a subject, where it stands last.
pub(super) const POST_COLUMNS_MAX: usize = 40;

#[derive(Template)]
#[template(path = "digest/body.html")]
struct Html<'a> {
    subject: &'a str,
    lang: &'a str,
    title: &'a str,
    body: &'a Body,
}

#[derive(Template)]
#[template(path = "digest/body.txt")]
struct Plain<'a> {
    title: &'a str,
    body: &'a Body,
}

/// The content of both forms, HTML and plain text.
pub(super) struct Body {
    pub(super) campaign: String,
    pub(super) opening: String,
    pub(super) parts: Vec<Part>,
    pub(super) footer: String,
}

impl Body {
    /// The letter in both forms.
    pub(super) fn letter(&self, words: Words, subject: String, title: &str) -> Letter {
        let html = Html { subject: &subject, lang: words.0.tag(), title, body: self };
        let html = html.render().expect("templates fail only where a value does");
        let plain = Plain { title, body: self };
        let plain = plain.render().expect("templates fail only where a value does");
        Letter { subject, text: tidy(&plain), html, picture: None }
    }
}

/// What one campaign has to say. Alone it needs no heading and no opening of its own.
#[derive(Default)]
pub(super) struct Part {
    pub(super) heading: String,
    pub(super) opening: String,
    pub(super) alerts: Vec<Alert>,
    pub(super) sections: Vec<Section>,
}

/// The letter of a lead: a part for each campaign, all about the same site or team and evening.
pub(super) fn letter(digests: &[LeadDigest], caps: Caps) -> Letter {
    let Some(first) = digests.first() else { return Letter::default() };
    let words = Words(first.language);
    let subject = subject(words, digests);
    let title = safe::name(&first.post_name);
    let title = words.in_brackets(&title, &safe::name(&first.post));
    let body = Body {
        campaign: names(words, digests),
        opening: opening(words, digests),
        parts: digests.iter().map(|one| part(words, one, digests.len() == 1, caps)).collect(),
        footer: words.word("mail-footer"),
    };
    body.letter(words, subject, &title)
}

/// The campaigns of a letter.
fn names(words: Words, digests: &[LeadDigest]) -> String {
    let names: Vec<&str> = digests.iter().map(|digest| digest.campaign_name.as_str()).collect();
    words.names(&names, NAMES_SHOWN_MAX)
}

fn part(words: Words, digest: &LeadDigest, is_alone: bool, caps: Caps) -> Part {
    let (alerts, today) = today(words, digest);
    let mut left = caps.people;
    let mut sections: Vec<Section> = super::tour::sections(words, digest, caps);
    sections.extend(digest.home.as_ref().map(|it| home_round::section(words, it, &mut left)));
    for (index, session) in digest.sessions.iter().take(caps.rows).enumerate() {
        sections.extend(session_sections(words, digest, caps, index, session, &mut left));
    }
    if let Some(last) = sections.last_mut() {
        last.after.extend(more(words, "mail-more", digest.sessions.len(), caps.rows));
    }
    sections.extend(absent(words, &digest.absent, caps.people / 2));
    sections.extend(today);
    sections.extend(needs_section(words, &digest.needs, caps));
    let own = |text: fn(Words, &LeadDigest) -> String| {
        if is_alone { String::new() } else { text(words, digest) }
    };
    Part { heading: own(heading), opening: own(opening_of_one), alerts, sections }
}

/// The heading of a campaign's part: its name and its vaccine.
fn heading(words: Words, digest: &LeadDigest) -> String {
    let name = safe::name(&digest.campaign_name);
    match &digest.vaccine_name {
        Some(vaccine) => words.in_brackets(&name, &safe::name(vaccine)),
        None => name,
    }
}

fn is_team(digest: &LeadDigest) -> bool {
    digest.sessions.iter().any(|session| session.times.is_some())
}

fn doses_of(digest: &LeadDigest) -> u64 {
    digest.sessions.iter().map(|session| session.doses).sum()
}

/// The subject names the vaccines where there are several campaigns.
fn subject(words: Words, digests: &[LeadDigest]) -> String {
    let with: Vec<&LeadDigest> = digests.iter().filter(|one| !one.sessions.is_empty()).collect();
    let digest = with.first().copied().unwrap_or(&digests[0]);
    let post = safe::one_line(&safe::name(&digest.post_name), POST_COLUMNS_MAX);
    let date = words.day_short(digest.tomorrow);
    if with.is_empty() {
        let visits = digests.iter().filter_map(|one| one.home.as_ref());
        let visits: u64 = visits.map(home_round::visits).sum();
        let key = if visits > 0 { "mail-digest-subject-homes" } else { "mail-digest-subject-none" };
        let visits = thousands(visits);
        return words.say(key, &[("post", &post), ("date", &date), ("visits", &visits)]);
    }
    let of_vaccine = |one: &&LeadDigest| {
        let vaccine = safe::one_line(&safe::name(one.vaccine_name.as_ref()?), VACCINE_COLUMNS_MAX);
        let doses = doses_of(one);
        let arguments: [(&str, &dyn std::fmt::Display); 2] =
            [("vaccine", &vaccine), ("doses", &thousands(doses))];
        Some(words.count("mail-digest-vaccine", doses, &arguments))
    };
    let vaccines: Vec<String> = with.iter().filter_map(of_vaccine).collect();
    if !vaccines.is_empty() {
        let vaccines = words.names(&vaccines, VACCINES_SHOWN_MAX);
        let arguments: [(&str, &dyn std::fmt::Display); 3] =
            [("post", &post), ("date", &date), ("vaccines", &vaccines)];
        return words.say("mail-digest-subject-vaccines", &arguments);
    }
    let stops = digest.sessions.len();
    let doses = doses_of(digest);
    let (key, n) = if is_team(digest) {
        ("mail-digest-subject-team", stops as u64)
    } else {
        ("mail-digest-subject", doses)
    };
    let doses = thousands(doses);
    words.count(key, n, &[("post", &post), ("date", &date), ("doses", &doses), ("stops", &stops)])
}

/// The opening of a letter: of one campaign its own, of several what they come to.
fn opening(words: Words, digests: &[LeadDigest]) -> String {
    let with: Vec<&LeadDigest> = digests.iter().filter(|one| !one.sessions.is_empty()).collect();
    match (digests, with.as_slice()) {
        ([only], _) => opening_of_one(words, only),
        (_, []) => {
            let goes_out = digests.iter().find(|one| one.home.is_some());
            opening_of_one(words, goes_out.unwrap_or(&digests[0]))
        }
        (_, with) => {
            let date = words.date(with[0].tomorrow);
            let doses: u64 = with.iter().map(|one| doses_of(one)).sum();
            let arguments: [(&str, &dyn std::fmt::Display); 3] =
                [("date", &date), ("campaigns", &with.len()), ("doses", &thousands(doses))];
            words.count("mail-digest-opening-campaigns", with.len() as u64, &arguments)
        }
    }
}

fn opening_of_one(words: Words, digest: &LeadDigest) -> String {
    let date = words.date(digest.tomorrow);
    if digest.sessions.is_empty() {
        let Some(home) = &digest.home else {
            return words.say("mail-digest-none", &[("date", &date)]);
        };
        let people = home_round::visits(home);
        let said: [(&str, &dyn std::fmt::Display); 2] =
            [("date", &date), ("people", &thousands(people))];
        return words.count("mail-digest-opening-homes", people, &said);
    }
    let people: u64 = digest.sessions.iter().map(people_of).sum();
    let key = if is_team(digest) { "mail-digest-opening-team" } else { "mail-digest-opening" };
    let sessions = digest.sessions.len();
    words.count(
        key,
        sessions as u64,
        &[("date", &date), ("sessions", &sessions), ("people", &thousands(people))],
    )
}

fn people_of(session: &SessionSheet) -> u64 {
    session.expected.iter().map(|line| line.people).sum()
}

/// What to say about today: an alert where something has to be done, else a section.
fn today(words: Words, digest: &LeadDigest) -> (Vec<Alert>, Option<Section>) {
    let mut alerts = Vec::new();
    let mut alert = |text: String| alerts.push(Alert { text, ..Alert::default() });
    let (date, planned) = (words.date(digest.today), thousands(digest.planned_today));
    let line = match digest.reported_today {
        None if digest.planned_today > 0 => {
            let line =
                words.say("mail-digest-please-report", &[("date", &date), ("planned", &planned)]);
            alert(line);
            None
        }
        None => Some(words.say("mail-digest-idle", &[("date", &date)])),
        Some(reported) => {
            let (part, whole) = (signed(reported), signed(digest.planned_today));
            let share = Percent::of(part, whole);
            let key = match share {
                Some(_) => "mail-digest-reported-share",
                None => "mail-digest-reported",
            };
            let (share, reported) = (words.percent(share), thousands(reported));
            Some(words.say(
                key,
                &[
                    ("date", &date),
                    ("planned", &planned),
                    ("reported", &reported),
                    ("percent", &share),
                ],
            ))
        }
    };
    if let Some(missed) = words.missed("mail-digest-missed", digest.missed) {
        alert(missed);
    }
    let heading = words.word("mail-digest-today");
    (alerts, line.map(|line| Section { heading, notes: vec![line], ..Section::default() }))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What to expect and to draw, and who is on the list, for one session.
fn session_sections(
    words: Words,
    digest: &LeadDigest,
    caps: Caps,
    index: usize,
    session: &SessionSheet,
    left: &mut usize,
) -> Vec<Section> {
    let place = safe::name(&session.place_name);
    let place = words.in_brackets(&place, &safe::name(session.place.as_str()));
    let people = people_of(session);
    // At a site the title names the place already.
    let key = if session.place.as_str() == digest.post {
        "mail-digest-tomorrow"
    } else {
        "mail-digest-site"
    };
    let people_text = thousands(people);
    let site = words.count(key, people, &[("place", &place), ("people", &people_text)]);
    let mut notes = Vec::new();
    let heading = match &session.times {
        Some(at) => {
            notes.push(words.say("mail-digest-arrives", &[("times", &super::tour::times(at))]));
            words.say("mail-digest-stop", &[("number", &(index + 1)), ("place", &site)])
        }
        None => site,
    };
    let mut tables = vec![expected_table(words, &session.expected, caps)];
    let mut after = Vec::new();
    if session.draws.is_empty() {
        after.push(words.word("mail-digest-no-draw"));
    } else {
        tables.push(draw_table(words, &session.draws, digest.tomorrow));
    }
    after.extend(vials(words, &session.vials));
    after.extend(session.late_vial.as_ref().map(|rule| late_vial::rule(words, rule)));
    let mut sections = vec![Section { heading, notes, tables, after, picture: None }];
    if !session.people.is_empty() {
        let count = session.people.len() as u64;
        let people = thousands(count);
        let heading = words.count("mail-digest-list", count, &[("people", &people)]);
        let shown = session.people.len().min(*left);
        *left -= shown;
        sections.push(people_section(words, heading, &session.people, shown));
    }
    sections.extend(late_vial::to_call(words, session, left));
    sections
}

/// People of one group and dose, from all areas.
struct ExpectedRow<'a> {
    group: &'a str,
    dose: u8,
    people: u64,
    areas: Vec<(&'a str, u64)>,
}

/// People by group and dose, with their areas in small print.
fn expected_table(words: Words, expected: &[Expected], caps: Caps) -> Table {
    let mut rows: Vec<ExpectedRow> = Vec::new();
    for line in expected {
        let at = rows.iter().position(|row| row.group == line.group_name && row.dose == line.dose);
        let at = at.unwrap_or_else(|| {
            let (group, dose) = (line.group_name.as_str(), line.dose);
            rows.push(ExpectedRow { group, dose, people: 0, areas: Vec::new() });
            rows.len() - 1
        });
        rows[at].people += line.people;
        rows[at].areas.push((&line.area_name, line.people));
    }
    let row = |row: &ExpectedRow| {
        let area = |(area, people): &(&str, u64)| {
            let arguments: [(&str, &dyn std::fmt::Display); 2] =
                [("area", &safe::name(area)), ("people", &thousands(*people))];
            words.say("mail-digest-area-people", &arguments)
        };
        let areas: Vec<String> = row.areas.iter().map(area).collect();
        vec![
            Cell::left(safe::name(row.group)).note(words.names(&areas, AREAS_SHOWN_MAX)),
            Cell::left(words.dose_short(row.dose)),
            Cell::right(thousands(row.people)).strong(true),
        ]
    };
    Table {
        head: vec![
            Cell::left(words.word("mail-digest-group")),
            Cell::left(words.word("mail-digest-dose")),
            Cell::right(words.word("mail-digest-people")),
        ],
        rows: rows.iter().take(caps.rows).map(row).collect(),
    }
}

fn draw_table(words: Words, draws: &[DrawLine], day: NaiveDate) -> Table {
    let row = |draw: &DrawLine| {
        let product = product_name(words.0, &draw.product, draw.vaccine.as_deref());
        let lot = Cell::left(safe::name(draw.lot.as_str())).note(safe::name(&product));
        let mut doses = Cell::right(thousands(draw.doses)).strong(true);
        if draw.until > day {
            let until = words.day(draw.until);
            doses = doses.note(words.say("mail-digest-until", &[("day", &until)]));
        }
        let mut expires = Cell::right(draw.expires.to_string());
        if (draw.expires - day).num_days() <= EXPIRY_NEAR_DAYS {
            expires = expires.note(words.word("mail-digest-use-first"));
        }
        vec![lot, doses, expires]
    };
    Table {
        head: vec![
            Cell::left(words.word("mail-digest-lot")),
            Cell::right(words.word("mail-digest-draw")),
            Cell::right(words.word("mail-digest-expires")),
        ],
        rows: draws.iter().take(NAMES_SHOWN_MAX).map(row).collect(),
    }
}

/// How many vials of which lots to open, and how many doses stay in them.
fn vials(words: Words, vials: &[VialLine]) -> Option<String> {
    let one = |line: &VialLine| {
        let (lot, each) = (safe::name(line.lot.as_str()), line.doses_per_vial);
        let vials = thousands(line.vials);
        let arguments: [(&str, &dyn std::fmt::Display); 3] =
            [("lot", &lot), ("vials", &vials), ("each", &each)];
        words.count("mail-digest-vials-lot", line.vials, &arguments)
    };
    if vials.is_empty() {
        return None;
    }
    let lots: Vec<String> = vials.iter().map(one).collect();
    let lots = words.names(&lots, NAMES_SHOWN_MAX);
    let left: u64 = vials.iter().map(|line| line.left).sum();
    if left == 0 {
        return Some(words.say("mail-digest-vials-full", &[("lots", &lots)]));
    }
    Some(words.count("mail-digest-vials", left, &[("lots", &lots), ("left", &thousands(left))]))
}

fn absent(words: Words, people: &[PersonLine], shown_max: usize) -> Option<Section> {
    if people.is_empty() {
        return None;
    }
    let count = people.len() as u64;
    let heading = words.count("mail-digest-absent", count, &[("people", &thousands(count))]);
    let mut section = people_section(words, heading, people, people.len().min(shown_max));
    section.notes.push(words.word("mail-digest-absent-do"));
    Some(section)
}
