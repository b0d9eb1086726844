//! Calendars of sites and teams as iCal feeds under secret addresses.

use super::login_page;
use super::page::{Refusal, encoded};
use super::page_context::PageContext;
use super::source::AskedSite;
use super::words::T;
use crate::app::AppError;
use crate::domain::audit::Action;
use crate::domain::campaign::Campaign;
use crate::domain::permission::{Power, may_at};
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// What the audit log calls somebody with the secret address of a calendar. No account can have this name.
const FEED: &str = "(calendar)";

/// The name of a site or team; `None` for any other code.
fn name<'a>(campaign: &'a Campaign, code: &str) -> Option<&'a str> {
    let site = campaign.site(code).map(|site| site.name.as_str());
    site.or_else(|| campaign.team(code).map(|team| team.name.as_str()))
}

/// The calendar of a site or team, for whoever knows its address.
pub(super) async fn feed(
    AskedSite(site): AskedSite,
    Path((id, code, file)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = T(login_page::language(&headers));
    let absent = || Refusal::absent(t);
    let fail = |error: AppError| Refusal::of(t, &error);
    let token = file.strip_suffix(".ics").ok_or_else(absent)?;
    let loaded = site.app.campaign(Some(&id)).await.map_err(fail)?;
    let campaign = &loaded.campaign;
    let name = name(campaign, &code).ok_or_else(absent)?;
    if !site.app.is_feed_token(&loaded, &code, token).await.map_err(fail)? {
        return Err(absent());
    }
    let sessions = site.app.sessions(&loaded).await.map_err(fail)?;
    let (about, now) = (Some(campaign.id.as_str()), site.clock.now());
    site.app.note_audit(FEED, Action::SeeFeed, (about, &code), now).await.map_err(fail)?;
    let days = (campaign.start, campaign.end);
    let text = site.app.feed(&loaded, &sessions, (&code, name), days);
    Ok(([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], text).into_response())
}

/// The address of a site's or team's feed; empty for a stop, and for visitors who may not have it.
pub(super) async fn address(context: &PageContext, code: &str) -> Result<String, Refusal> {
    let campaign = &context.loaded.campaign;
    let visits = context.visits(context.as_of).await?;
    let may = may_at(context.actor(), Power::Tally, campaign, code, &visits);
    if name(campaign, code).is_none() || may.is_err() {
        return Ok(String::new());
    }
    let token = context.app().feed_token(&context.loaded, code).await;
    let token = token.map_err(|error| context.refusal(&error))?;
    let id = encoded(context.loaded.campaign.id.as_str());
    Ok(format!("/ical/{id}/{}/{token}.ics", encoded(code)))
}

#[derive(Deserialize)]
pub(super) struct Which {
    place: String,
}

/// Replaces the secret address of a feed; the old one stops working.
pub(super) async fn renew(
    context: PageContext,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    let code = which.place.as_str();
    if address(&context, code).await?.is_empty() {
        return Err(Refusal::absent(context.t()));
    }
    let by = context.actor();
    let renewed = context.app().renew_feed(&context.loaded, code, by, context.now).await;
    renewed.map_err(|error| context.refusal(&error))?;
    let to = format!("{}&place={}&done=renewed", context.to("calendar"), encoded(code));
    Ok(Redirect::to(&to).into_response())
}
