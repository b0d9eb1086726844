//! The part of a place's page about sessions that are locked: which are, and the form that locks another one.

use super::page::{Refusal, encoded};
use super::page_context::PageContext;
use crate::app::AppError;
use crate::app::audit_words::author;
use crate::domain::date::days;
use crate::domain::permission::{Power, may};
use crate::text::{harmless, thousands};
use askama::Template;
use chrono::{NaiveDate, TimeDelta};

/// Days ahead of which sessions can be locked on the page: what is told to people is rarely further away.
const DAYS_AHEAD: i64 = 60;

/// A locked session.
struct Line {
    day: NaiveDate,
    shown: String,
    said: String,
    reason: String,
}

/// The part of a place's page about locks.
#[derive(Template)]
#[template(path = "web/place_lock.html")]
struct Part {
    t: super::words::T,
    to: String,
    may_edit: bool,
    /// Days on which a session can be locked, with what is planned.
    open: Vec<(NaiveDate, String)>,
    locked: Vec<Line>,
}

/// Where the forms go.
pub(super) fn address(context: &PageContext, code: &str) -> String {
    let page = format!("place/{}/lock", encoded(code));
    format!("{}&csrf={}", context.to(&page), context.visitor.csrf())
}

/// The part of the page, as HTML; empty where nothing is locked and nothing can be.
pub(super) async fn part(context: &PageContext, code: &str) -> Result<String, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    if campaign.team(code).is_some() {
        return Ok(String::new());
    }
    let fail = |error: AppError| context.refusal(&error);
    let today = context.today();
    let locks = context.app().locks(&context.loaded, context.now).await.map_err(fail)?;
    let locks: Vec<_> = locks.into_iter().filter(|one| one.place.as_str() == code).collect();
    let date = |day| crate::mail::render::date(day, t.0);
    let line = |one: &crate::domain::locked::PlanLock| Line {
        day: one.day,
        shown: date(one.day),
        said: t.say(
            "web-lock-line",
            &[("doses", &thousands(one.doses)), ("who", &author(t.0, &one.who))],
        ),
        reason: harmless(&one.reason),
    };
    let locked: Vec<Line> = locks.iter().map(line).collect();
    let may_edit = may(context.actor(), Power::Plan).is_ok() && context.loaded.is_open;
    let mut open = Vec::new();
    if may_edit {
        let span = (today + TimeDelta::days(1), today + TimeDelta::days(DAYS_AHEAD));
        let found = context.app().session_days(&context.loaded, code, span, today).await;
        let found = found.map_err(fail)?;
        for day in days(span.0, span.1).filter(|day| locks.iter().all(|one| one.day != *day)) {
            let planned = found.get(&day).map_or(0, |session| session.planned);
            if planned > 0 {
                let doses = thousands(planned);
                let said = t.say("web-lock-day", &[("day", &date(day)), ("doses", &doses)]);
                open.push((day, said));
            }
        }
    }
    if locked.is_empty() && open.is_empty() {
        return Ok(String::new());
    }
    let part = Part { t, to: address(context, code), may_edit, open, locked };
    Ok(part.render().expect("templates fail only where a value does"))
}
