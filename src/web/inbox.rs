//! The inbox: what people wrote back, who asks to be put into the register, and whom to call. Each look goes to the
//! audit log.

use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::plan::local;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::AppError;
use crate::app::inbox::{InboxPerson, InboxReply};
use crate::domain::area::Area;
use crate::domain::audit::Action;
use crate::domain::booking::RegisterRequest;
use crate::domain::id::AreaCode;
use crate::domain::permission::{Denied, Visits, areas_of, may_see};
use crate::text::harmless;
use askama::Template;
use axum::extract::Form;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Requests that a page shows: anybody can ask, and often.
const REQUESTS_SHOWN: usize = 50;

/// A reply as the page shows it.
struct Line {
    id: i64,
    at: String,
    number: String,
    said: String,
    stops: bool,
    about: String,
}

/// Somebody who asks to be put into the register.
struct Asked {
    id: i64,
    name: String,
    facts: Vec<String>,
    /// A code that nobody has asked for.
    code: String,
}

#[derive(Template)]
#[template(path = "web/inbox.html")]
struct Main {
    t: T,
    wrong: String,
    action: String,
    replies: Vec<Line>,
    requests: Vec<Asked>,
    /// How many more there are, in words; empty for none.
    more: String,
    /// Where people live: code and name.
    areas: Vec<(String, String)>,
    calls: Table,
}

#[derive(Debug, Deserialize)]
pub(super) struct Done {
    id: i64,
    /// What is to become of a request; absent for a reply.
    #[serde(rename = "do", default)]
    what: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    area: String,
}

/// The page.
pub(super) async fn inbox(context: PageContext) -> Result<Response, Refusal> {
    show(&context, String::new()).await
}

async fn show(context: &PageContext, wrong: String) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let found = context.app().inbox(&context.loaded, context.now).await;
    let found = found.map_err(|error| context.refusal(&error))?;
    let people = found.replies.iter().flat_map(|one| &one.about);
    let days = people.chain(found.calls.iter().map(|one| &one.person)).map(|one| one.day);
    let visits = context.visits_of(days.collect::<Vec<_>>()).await?;
    let replies: Vec<Line> = found
        .replies
        .iter()
        .filter(|one| is_theirs(context, one, &visits))
        .map(|one| Line {
            id: one.reply.id,
            at: local(campaign, one.reply.at),
            number: one.reply.number.clone(),
            said: harmless(&one.reply.said),
            stops: one.reply.stops,
            about: one.about.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", "),
        })
        .collect();
    let keys = ["day", "=place", "person_name", "phone", "said"];
    let mut calls = Table { is_private: true, ..Table::of(t, "web-inbox-calls", &keys) };
    for one in found.calls.iter().filter(|one| may(context, &one.person, &visits)) {
        let place = one.person.place.as_ref().and_then(|code| campaign.place(code.as_str()));
        calls.rows.push(vec![
            Cell::head(one.person.day.to_string()),
            Cell::text(place.map(|place| place.name().to_owned()).unwrap_or_default()),
            Cell::text(harmless(&one.person.name)),
            Cell::text(harmless(&one.person.phone)),
            Cell::text(harmless(&one.why)),
        ]);
    }
    let mut requests = requests(context).await?;
    let (wrote, asked) = (replies.len(), requests.len());
    requests.truncate(REQUESTS_SHOWN);
    let more = match asked - requests.len() {
        0 => String::new(),
        more => t.say("web-inbox-requests-more", &[("count", &more)]),
    };
    let said = format!("{wrote} replies, {asked} requests, {} to call", calls.rows.len());
    let (who, id) = (&context.visitor.account.name, campaign.id.as_str());
    let noted = context.app().note_audit(who, Action::SeeDue, (Some(id), &said), context.now).await;
    noted.map_err(|error| context.refusal(&error))?;
    if calls.rows.is_empty() {
        calls.note = t.w("web-inbox-nobody");
    }
    let title = t.w("web-inbox");
    let action = format!("{}&csrf={}", context.to("inbox"), context.visitor.csrf());
    let is_lowest =
        |area: &&Area| campaign.areas.iter().all(|other| other.parent.as_ref() != Some(&area.code));
    let areas = campaign.areas.iter().filter(is_lowest);
    let areas = areas.map(|area| (area.code.to_string(), area.name.clone())).collect();
    let main = Main { t, wrong, action, replies, requests, more, areas, calls };
    let page = Page::new(format!("{title} · {}", campaign.name), "inbox", &main);
    Ok(context.show(page.with(vec![main.calls])))
}

/// Who asks to be put into the register, for those who see all of it.
async fn requests(context: &PageContext) -> Result<Vec<Asked>, Refusal> {
    if !sees_strangers(context) {
        return Ok(Vec::new());
    }
    let found = context.app().register_requests().await;
    let found = found.map_err(|error| context.refusal(&error))?;
    let asked = |(id, one): (i64, RegisterRequest)| Asked {
        id,
        name: harmless(&one.name),
        facts: vec![
            one.born.to_string(),
            harmless(&one.area),
            harmless(&one.phone),
            local(&context.loaded.campaign, one.made_at),
        ],
        code: format!("B{id:05}"),
    };
    Ok(found.into_iter().map(asked).collect())
}

/// The code of an area that somebody named by its code or by its name.
fn area_of<'a>(context: &'a PageContext, named: &'a str) -> &'a str {
    let mut areas = context.loaded.campaign.areas.iter();
    let found = areas.find(|area| area.code.as_str() == named || area.name == named);
    found.map_or(named, |area| area.code.as_str())
}

/// Does what the visitor decided about a request.
async fn decide(context: &PageContext, form: &Done) -> Result<Response, Refusal> {
    if !sees_strangers(context) {
        return Err(context.denied(Denied::Person, "a request for the register").await);
    }
    let (app, by, now) = (context.app(), context.actor(), context.now);
    let done = match form.what.as_str() {
        "take" => {
            let person = (form.id, form.person.trim(), area_of(context, form.area.trim()));
            app.take_request(&context.loaded, person, by, now).await
        }
        "refuse" => app.refuse_request(form.id, by, now).await,
        _ => return Err(Refusal::bad(context.t(), context.t().w("web-bad-form"))),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&context.to("inbox")).into_response()),
        Err(error @ AppError::Refused(_)) => show(context, error.words(context.t().0)).await,
        Err(error) => Err(context.refusal(&error)),
    }
}

/// Notes that the visitor has dealt with a reply, or decides about a request.
pub(super) async fn done(
    context: PageContext,
    Form(form): Form<Done>,
) -> Result<Response, Refusal> {
    if !form.what.is_empty() {
        return decide(&context, &form).await;
    }
    let found = context.app().inbox(&context.loaded, context.now).await;
    let found = found.map_err(|error| context.refusal(&error))?;
    let days: Vec<NaiveDate> =
        found.replies.iter().flat_map(|one| &one.about).map(|one| one.day).collect();
    let visits = context.visits_of(days).await?;
    let mine = found.replies.iter().filter(|one| is_theirs(&context, one, &visits));
    let Some(one) = mine.into_iter().find(|one| one.reply.id == form.id) else {
        return Err(Refusal::absent(context.t()));
    };
    let who = context.visitor.account.name.clone();
    let done = context.app().reply_done(one.reply.id, &who, context.now).await;
    done.map_err(|error| context.refusal(&error))?;
    let said = format!("reply {}", one.reply.id);
    let about = (Some(context.loaded.campaign.id.as_str()), said.as_str());
    let noted = context.app().note_audit(&who, Action::Mail, about, context.now).await;
    noted.map_err(|error| context.refusal(&error))?;
    Ok(Redirect::to(&context.to("inbox")).into_response())
}

/// Whether a reply is the visitor's to see: of somebody whom they may see, or of nobody known where they may see all.
fn is_theirs(
    context: &PageContext,
    one: &InboxReply,
    visits: &BTreeMap<NaiveDate, Visits>,
) -> bool {
    if !one.about.is_empty() {
        return one.about.iter().any(|person| may(context, person, visits));
    }
    sees_strangers(context)
}

/// Whether the visitor sees people of whom nothing is known.
pub(super) fn sees_strangers(context: &PageContext) -> bool {
    let campaign = &context.loaded.campaign;
    let top = campaign.areas.first().map(|area| area.code.clone());
    let top = top.unwrap_or_else(|| AreaCode::new(""));
    areas_of(context.actor()).is_none() && may_see(context.actor(), campaign, &top, None).is_ok()
}

fn may(context: &PageContext, person: &InboxPerson, visits: &BTreeMap<NaiveDate, Visits>) -> bool {
    let appointment = person.place.as_ref().zip(visits.get(&person.day));
    may_see(context.actor(), &context.loaded.campaign, &person.area, appointment).is_ok()
}
