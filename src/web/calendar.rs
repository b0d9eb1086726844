//! The session calendar of a site, stop or team: a month, with what is planned and what was given.

use super::page::{Page, Refusal, address, encoded};
use super::page_context::PageContext;
use super::words::T;
use crate::app::dashboard::SessionDay;
use crate::domain::campaign::Campaign;
use crate::domain::date::days;
use crate::text::thousands;
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const LIVE_SECS: u32 = 15;

#[derive(Deserialize)]
pub(super) struct Which {
    place: Option<String>,
}

/// A cell of the month; empty before the first and after the last day.
struct DayCell {
    number: u32,
    class: &'static str,
    lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "web/calendar.html")]
struct Main {
    t: T,
    head: String,
    action: String,
    day: NaiveDate,
    code: String,
    name: String,
    choices: Vec<(String, Vec<(String, String)>)>,
    month: String,
    before: String,
    after: String,
    weekdays: Vec<String>,
    weeks: Vec<Vec<DayCell>>,
    /// Where the appointments of the day are; empty for a team, and for those who see nobody.
    bookings: String,
    /// Where sessions of the place are locked; empty for a team.
    locks: String,
    feed: String,
    renew: String,
}

/// The calendar of the as-of day's month.
pub(super) async fn calendar(
    context: PageContext,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let choices = choices(t, campaign);
    let own = choices.iter().flat_map(|(_, all)| all);
    let code = match which.place {
        Some(code) => code,
        None => own
            .clone()
            .map(|(code, _)| code.clone())
            .find(|code| context.visitor.account.is_home(&campaign.id, code))
            .unwrap_or_default(),
    };
    let found = own.clone().find(|(known, _)| *known == code);
    let Some((_, name)) = found else { return Err(Refusal::absent(t)) };
    let first = context.as_of.with_day(1).expect("every month has a first day");
    let next = first + Months::new(1);
    let span = (first, next - TimeDelta::days(1));
    let read = |context: PageContext| {
        let code = code.clone();
        async move { context.app().session_days(&context.loaded, &code, span, context.as_of).await }
    };
    let sessions = context.cached(&format!("calendar/{code}"), read).await?;
    let title = t.w("web-calendar");
    let place = format!("&place={}", encoded(&code));
    let to = |day: NaiveDate| address(&context.loaded, "calendar", Some(day)) + &place;
    let name = format!("{code} {name}");
    let feed = super::feeds::address(&context, &code).await?;
    let visits = context.visits(context.as_of).await?;
    let main = Main {
        t,
        head: context.head(title.clone(), "calendar", &[("place", code.clone())]),
        action: address(&context.loaded, "calendar", None),
        day: context.as_of,
        name: name.clone(),
        month: first.format("%Y-%m").to_string(),
        before: to(first - TimeDelta::days(1)),
        after: to(next),
        weekdays: (1..=7).map(|n| t.w(&format!("mail-weekday-{n}"))).collect(),
        weeks: weeks(t, span, context.as_of, (&sessions, &locked(&context, &code).await?)),
        locks: if campaign.place(&code).is_some() {
            context.to(&format!("place/{}", encoded(&code))) + "#locks"
        } else {
            String::new()
        },
        renew: format!(
            "{}?csrf={}&place={}",
            address(&context.loaded, "feed", None),
            context.visitor.csrf(),
            encoded(&code)
        ),
        bookings: super::bookings::link(&context, (code.as_str(), context.as_of), &visits),
        feed,
        code,
        choices,
    };
    let page = Page::new(format!("{name} · {title}"), "calendar", &main);
    // A page with a form contains a token that differs each time, so it cannot refresh by its ETag.
    let live_secs = if main.feed.is_empty() { LIVE_SECS } else { 0 };
    Ok(context.show(Page { live_secs, ..page }))
}

/// The days of a place whose sessions are locked.
async fn locked(context: &PageContext, code: &str) -> Result<BTreeSet<NaiveDate>, Refusal> {
    let locks = context.app().locks(&context.loaded, context.now).await;
    let locks = locks.map_err(|error| context.refusal(&error))?;
    Ok(locks.into_iter().filter(|one| one.place.as_str() == code).map(|one| one.day).collect())
}

fn choices(t: T, campaign: &Campaign) -> Vec<(String, Vec<(String, String)>)> {
    let sites = campaign.sites.iter().map(|one| (one.code.to_string(), one.name.clone()));
    let stops = campaign.stops.iter().map(|one| (one.code.to_string(), one.name.clone()));
    let teams = campaign.teams.iter().map(|one| (one.code.to_string(), one.name.clone()));
    let mut out = vec![
        (t.w("web-sites"), sites.collect::<Vec<_>>()),
        (t.w("web-stops"), stops.collect()),
        (t.w("web-teams"), teams.collect()),
    ];
    out.retain(|(_, all)| !all.is_empty());
    out
}

fn weeks(
    t: T,
    (first, last): (NaiveDate, NaiveDate),
    as_of: NaiveDate,
    (sessions, locked): (&BTreeMap<NaiveDate, SessionDay>, &BTreeSet<NaiveDate>),
) -> Vec<Vec<DayCell>> {
    let empty = || DayCell { number: 0, class: "off", lines: Vec::new() };
    let before = first.weekday().num_days_from_monday();
    let mut cells: Vec<DayCell> = (0..before).map(|_| empty()).collect();
    for day in days(first, last) {
        let session = sessions.get(&day);
        let class = match (day == as_of, session) {
            (true, _) => "now",
            (false, None) => "off",
            (false, Some(_)) => "",
        };
        let mut lines = session.map(|session| lines(t, session, day <= as_of)).unwrap_or_default();
        lines.extend(locked.contains(&day).then(|| t.w("web-cell-locked")));
        cells.push(DayCell { number: day.day(), class, lines });
    }
    let mut out = Vec::new();
    let mut rest = cells.into_iter().peekable();
    while rest.peek().is_some() {
        let mut week: Vec<DayCell> = rest.by_ref().take(7).collect();
        week.resize_with(7, empty);
        out.push(week);
    }
    out
}

fn lines(t: T, session: &SessionDay, is_over: bool) -> Vec<String> {
    let mut out = vec![t.say("web-cell-planned", &[("doses", &thousands(session.planned))])];
    if is_over {
        out.push(match session.given {
            Some(given) => t.say("web-cell-given", &[("doses", &thousands(given))]),
            None => t.w("web-cell-no-report"),
        });
    }
    let join = |codes: Vec<&str>| codes.join(" ");
    if session.places.len() > 1 {
        out.push(join(session.places.iter().map(crate::domain::id::PlaceCode::as_str).collect()));
    }
    if !session.teams.is_empty() {
        out.push(join(session.teams.iter().map(crate::domain::id::TeamCode::as_str).collect()));
    }
    out
}
