//! A place's page: today, the days to come and why a day is idle, reports, closures, capacity; and a form to close it
//! or change its capacity, with the effect shown before anything is stored.

use super::asked_days::parse_day;
use super::page::{Page, Refusal, address, confirming, encoded};
use super::page_context::PageContext;
use super::place_form::{Given, Typed};
use super::place_lock;
use super::plan::SEARCH_SECS;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::AppError;
use crate::app::place_edit::{Effect, place_mark};
use crate::domain::campaign::Campaign;
use crate::domain::date::days;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::permission::{Power, may, may_at};
use crate::domain::place_edit::PlaceEdit;
use crate::text::{harmless, thousands};
use askama::Template;
use axum::extract::{Form, Path};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use serde::Deserialize;

/// Days before and after today that the page shows.
const DAYS_BACK: i64 = 7;
const DAYS_AHEAD: i64 = 14;

/// A change that waits to be confirmed.
struct Asked {
    said: String,
    effects: Vec<String>,
    fields: Vec<(&'static str, String)>,
    /// Where it is confirmed.
    to: String,
}

#[derive(Template)]
#[template(path = "web/place.html")]
struct Main {
    t: T,
    title: String,
    wrong: String,
    facts: Vec<(String, String)>,
    asked: Option<Asked>,
    may_edit: bool,
    is_site: bool,
    edit: String,
    make: String,
    seconds: u64,
    today: String,
    /// What the forms begin with.
    typed: Typed,
    /// The mark of what the page shows.
    seen: String,
    report: String,
    calendar: String,
    /// Where the appointments of today are; empty for those who see nobody.
    bookings: String,
    days: Table,
    closed: Table,
    /// Sessions that are locked, and the form that locks one.
    locks: String,
}

/// The page.
pub(super) async fn place(
    context: PageContext,
    Path((_, code)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    show(&context, &code, (String::new(), None), None).await
}

/// The page; `typed` is a form that could not be taken as it is.
async fn show(
    context: &PageContext,
    code: &str,
    (wrong, asked): (String, Option<Asked>),
    typed: Option<&Given>,
) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let place = campaign.place(code).ok_or_else(|| Refusal::absent(t))?;
    let today = context.today();
    let site = campaign.site(code);
    let next = today + TimeDelta::days(7 - i64::from(today.weekday().num_days_from_monday()));
    let visits = context.visits(today).await?;
    let may_report = may_at(context.actor(), Power::Tally, campaign, code, &visits).is_ok();
    let place_name = harmless(place.name());
    // What the place can do on that day, whatever a campaign may use of it.
    let of = context.app().jurisdiction().await.map_err(|error| context.refusal(&error))?;
    let known = of.as_ref().and_then(|of| of.site_on(code, next)).map(|row| &row.site);
    let capacity = known
        .or(site)
        .map_or([0; 3], |site| [site.weekday_doses, site.saturday_doses, site.sunday_doses]);
    let main = Main {
        t,
        title: place_name.clone(),
        wrong,
        facts: facts(context, code, of.as_ref())?,
        asked,
        may_edit: may(context.actor(), Power::Plan).is_ok(),
        is_site: site.is_some(),
        edit: edit_address(context, code),
        make: format!("{}&csrf={}", context.to("make"), context.visitor.csrf()),
        seconds: SEARCH_SECS,
        today: today.to_string(),
        typed: Typed::of(typed, (today, next), capacity),
        seen: of.as_ref().map(|of| place_mark(of, code)).unwrap_or_default(),
        report: if may_report {
            format!("{}&place={}", address(&context.loaded, "tally", Some(today)), encoded(code))
        } else {
            String::new()
        },
        bookings: super::bookings::link(context, (code, today), &visits),
        calendar: format!("{}&place={}", context.to("calendar"), encoded(code)),
        days: day_table(context, code).await?,
        closed: closed(context, code),
        locks: place_lock::part(context, code).await?,
    };
    let page = Page::new(format!("{place_name} · {}", campaign.name), "map", &main);
    Ok(context.show(page.with(vec![main.days, main.closed])))
}

/// Where the forms that change the place go.
fn edit_address(context: &PageContext, code: &str) -> String {
    let page = format!("place/{}/edit", encoded(code));
    format!("{}&csrf={}", context.to(&page), context.visitor.csrf())
}

fn facts(
    context: &PageContext,
    code: &str,
    of: Option<&Jurisdiction>,
) -> Result<Vec<(String, String)>, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let place = campaign.place(code).ok_or_else(|| Refusal::absent(t))?;
    let area = campaign.area(place.area().as_str());
    let mut out = vec![
        (t.w("column-code"), code.to_owned()),
        (t.w("column-area"), area.map_or_else(String::new, |area| area.name.clone())),
    ];
    let served: Vec<String> = campaign
        .areas_served(code)
        .into_iter()
        .filter_map(|area| campaign.area(area.as_str()))
        .map(|area| area.name.clone())
        .collect();
    out.push((t.w("web-place-serves"), served.join(&t.w("mail-separator"))));
    if let Some(site) = campaign.site(code) {
        let now = of.and_then(|of| of.site_on(code, context.today())).map_or(site, |now| &now.site);
        let week = [now.weekday_doses, now.saturday_doses, now.sunday_doses];
        let week: Vec<String> = week.iter().map(ToString::to_string).collect();
        out.push((t.w("web-place-week"), week.join(" / ")));
        let store = site.storage_doses.map(|doses| doses.to_string());
        out.push((t.w("web-place-store"), store.unwrap_or_default()));
        let lead = site.lead.as_ref().map(|lead| harmless(&lead.name));
        out.push((t.w("web-place-lead"), lead.unwrap_or_default()));
    }
    if let Some(of) = of {
        let row = of.site_on(code, context.today());
        let stop = of.stop(code);
        let text = |text: Option<&String>| text.map(|text| harmless(text)).unwrap_or_default();
        let address = row.and_then(|row| row.address.as_ref());
        let address = address.or_else(|| stop.and_then(|stop| stop.address.as_ref()));
        let phone = row.and_then(|row| row.phone.as_ref());
        let phone = phone.or_else(|| stop.and_then(|stop| stop.phone.as_ref()));
        out.push((t.w("field-address"), text(address)));
        out.push((t.w("column-phone"), text(phone)));
        let hours = row.and_then(|row| row.hours).map(|hours| {
            format!("{}–{}", hours.opens.format("%H:%M"), hours.closes.format("%H:%M"))
        });
        out.push((t.w("web-place-hours"), hours.unwrap_or_default()));
    }
    out.retain(|(_, value)| !value.is_empty());
    Ok(out)
}

/// The days around today: planned, given, what the place can do, and why nothing is planned.
async fn day_table(context: &PageContext, code: &str) -> Result<Table, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let today = context.today();
    let span = (today - TimeDelta::days(DAYS_BACK), today + TimeDelta::days(DAYS_AHEAD));
    let fail = |error| context.refusal(&error);
    let found = context.app().session_days(&context.loaded, code, span, today).await;
    let found = found.map_err(fail)?;
    let sessions = context.app().sessions(&context.loaded).await.map_err(fail)?;
    let keys = ["day", "#planned", "#doses", "#capacity", "team", "why_idle"];
    let mut table = Table::of(t, "web-place-days", &keys);
    for day in days(span.0, span.1) {
        let session = found.get(&day);
        let planned = session.map_or(0, |session| session.planned);
        let capacity = campaign.site(code).map(|site| campaign.capacity(site, day));
        let is_planned = sessions.first_day().is_some_and(|first| first <= day);
        let idle = if planned > 0 {
            String::new()
        } else {
            t.w(&format!("idle-{}", why_idle(campaign, code, day, is_planned)))
        };
        let teams = session.map(|session| {
            let name = |code: &crate::domain::id::TeamCode| {
                campaign.team(code.as_str()).map_or_else(|| code.to_string(), |t| t.name.clone())
            };
            session.teams.iter().map(name).collect::<Vec<_>>().join(&t.w("mail-separator"))
        });
        let given = match session.and_then(|session| session.given) {
            Some(given) => Cell::count(given),
            None => Cell::number(t.w("web-none")),
        };
        let date = crate::mail::render::date(day, t.0);
        let head = if day == today { t.say("web-place-today", &[("day", &date)]) } else { date };
        table.rows.push(vec![
            Cell::head(head),
            Cell::count(planned),
            given,
            capacity.map_or_else(|| Cell::number(t.w("web-none")), Cell::count),
            Cell::text(teams.unwrap_or_default()),
            Cell::text(idle),
        ]);
    }
    Ok(table)
}

/// Why nothing is planned at a place on a day.
fn why_idle(campaign: &Campaign, code: &str, day: NaiveDate, is_planned: bool) -> &'static str {
    if day < campaign.start || day > campaign.end {
        return "outside";
    }
    let closed = campaign.closures.iter().find(|one| one.place == code && one.day == day);
    if closed.is_some_and(|closed| closed.doses == 0) {
        return "closed";
    }
    let works = match campaign.site(code) {
        Some(site) => campaign.capacity(site, day) > 0,
        None => campaign.stop(code).is_some_and(|stop| stop.weekdays.contains(day)),
    };
    match (works, is_planned, campaign.site(code).is_some()) {
        (false, _, _) => "weekday",
        (true, false, _) => "no-plan",
        (true, true, true) => "not-needed",
        (true, true, false) => "not-visited",
    }
}

/// What is said of single days from today on.
fn closed(context: &PageContext, code: &str) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let mut table = Table::of(t, "web-place-closed", &["day", "#capacity"]);
    let today = context.today();
    let mine = campaign.closures.iter().filter(|one| one.place == code && one.day >= today);
    for one in mine {
        let date = crate::mail::render::date(one.day, t.0);
        table.rows.push(vec![Cell::head(date), Cell::count(one.doses)]);
    }
    table
}

/// Shows what a change would do, or does it where that has been seen.
pub(super) async fn edit(
    mut context: PageContext,
    Path((_, code)): Path<(String, String)>,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = context.t();
    if context.loaded.campaign.place(&code).is_none() {
        return Err(Refusal::absent(t));
    }
    // What is shown is the place's page: its links lead there, not to this form.
    let to = context.to(&format!("place/{}", encoded(&code)));
    context.visitor.here.clone_from(&to);
    let edit = match given.edit(t) {
        Ok(edit) => edit,
        Err(wrong) => return show(&context, &code, (wrong, None), Some(&given)).await,
    };
    if edit.first() < context.today() {
        return show(&context, &code, (t.w("web-place-past"), None), Some(&given)).await;
    }
    let (app, by, now) = (context.app(), context.actor(), context.now);
    let change = (&edit, given.seen());
    if !given.is_sure() {
        let found = Box::pin(app.place_effect(&code, change, by, now)).await;
        let effects = match found {
            Err(AppError::Refused(said)) => {
                return show(&context, &code, (said.words(t.0), None), Some(&given)).await;
            }
            found => found.map_err(|error| context.refusal(&error))?,
        };
        let asked = Asked {
            said: said(t, &edit),
            effects: effects.iter().flat_map(|one| effect(t, one)).collect(),
            fields: given.fields(),
            to: edit_address(&context, &code),
        };
        return show(&context, &code, (String::new(), Some(asked)), Some(&given)).await;
    }
    match Box::pin(app.edit_place(&code, change, by, now)).await {
        Err(AppError::Refused(said)) => {
            return show(&context, &code, (said.words(t.0), None), Some(&given)).await;
        }
        done => done.map_err(|error| context.refusal(&error))?,
    };
    context.site.desk.cache.forget();
    Ok(Redirect::to(&format!("{to}&done=changed")).into_response())
}

/// A change in a sentence.
fn said(t: T, edit: &PlaceEdit) -> String {
    match edit {
        PlaceEdit::Close { first, last, .. } => {
            t.say("web-place-would-close", &[("first", first), ("last", last)])
        }
        PlaceEdit::Open { first, last } => {
            t.say("web-place-would-open", &[("first", first), ("last", last)])
        }
        PlaceEdit::Capacity { from, doses: [weekday, saturday, sunday] } => t.say(
            "web-place-would-change",
            &[("from", from), ("weekday", weekday), ("saturday", saturday), ("sunday", sunday)],
        ),
    }
}

/// What a change does to a campaign, and what of its own folder it does not change.
fn effect(t: T, one: &Effect) -> Vec<String> {
    let campaign = harmless(&one.name);
    let mut out = vec![t.say(
        "web-place-effect",
        &[
            ("campaign", &campaign),
            ("sessions", &one.sessions),
            ("doses", &thousands(one.doses)),
            ("lost", &thousands(one.lost)),
            ("appointments", &one.appointments),
        ],
    )];
    if one.stays_closed {
        out.push(t.say("web-place-stays", &[("campaign", &campaign)]));
    }
    out
}

/// What a form about a lock asks for.
#[derive(Deserialize)]
pub(super) struct LockGiven {
    #[serde(rename = "do")]
    what: String,
    day: Option<String>,
    reason: Option<String>,
    /// Present where the effect has been seen.
    sure: Option<String>,
}

/// Shows what a lock would keep, or locks where that has been seen; unlocks at once.
pub(super) async fn lock(
    mut context: PageContext,
    Path((_, code)): Path<(String, String)>,
    Form(given): Form<LockGiven>,
) -> Result<Response, Refusal> {
    let t = context.t();
    if context.loaded.campaign.place(&code).is_none() {
        return Err(Refusal::absent(t));
    }
    // What is shown is the place's page: its links lead there, not to this form.
    let to = context.to(&format!("place/{}", encoded(&code)));
    context.visitor.here.clone_from(&to);
    let Some(day) = given.day.as_deref().and_then(parse_day) else {
        return show(&context, &code, (t.w("web-bad-day"), None), None).await;
    };
    let (app, by, now) = (context.app(), context.actor(), context.now);
    let (loaded, reason) = (&context.loaded, given.reason.as_deref().unwrap_or_default());
    let done = match (given.what.as_str(), &given.sure) {
        ("lock", None) => match app.lock_effect(loaded, (&code, day), by, now).await {
            Ok(effect) => {
                let date = crate::mail::render::date(day, t.0);
                let doses = thousands(effect.doses);
                let people = thousands(effect.appointments as u64);
                let asked = Asked {
                    said: t.say("web-lock-asked", &[("day", &date)]),
                    effects: vec![
                        t.say("web-lock-effect", &[("doses", &doses), ("people", &people)]),
                        t.w("web-lock-limits"),
                    ],
                    fields: confirming("lock", &[("day", &given.day), ("reason", &given.reason)]),
                    to: place_lock::address(&context, &code),
                };
                return show(&context, &code, (String::new(), Some(asked)), None).await;
            }
            Err(error) => Err(error),
        },
        ("lock", Some(_)) => {
            app.lock_planned(loaded, (&code, day, reason), by, now).await.map(drop)
        }
        ("unlock", _) => app.unlock_planned(loaded, (&code, day), by, now).await,
        _ => return show(&context, &code, (t.w("web-bad-form"), None), None).await,
    };
    match done {
        Err(AppError::Refused(said)) => show(&context, &code, (said.words(t.0), None), None).await,
        done => {
            done.map_err(|error| context.refusal(&error))?;
            Ok(Redirect::to(&format!("{to}&done=changed")).into_response())
        }
    }
}
