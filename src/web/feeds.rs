//! Calendars of sites and teams as iCal feeds under secret addresses.

use super::ask::Ask;
use super::page::{Refusal, encoded};
use crate::domain::account::Power;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// The address of the feed of a site, stop or team; empty for those who may not have it.
pub(super) async fn address(ask: &Ask, code: &str) -> Result<String, Refusal> {
    let account = &ask.visitor.account;
    if !account.may(Power::Tally) || !account.has_code(code) {
        return Ok(String::new());
    }
    let token = ask.app().feed_token(&ask.loaded, code).await;
    let token = token.map_err(|error| ask.refusal(&error))?;
    let id = encoded(ask.loaded.campaign.id.as_str());
    Ok(format!("/ical/{id}/{}/{token}.ics", encoded(code)))
}

#[derive(Deserialize)]
pub(super) struct Which {
    place: String,
}

/// Makes the secret address of a feed anew.
pub(super) async fn renew(ask: Ask, Query(which): Query<Which>) -> Result<Response, Refusal> {
    let code = which.place.as_str();
    if address(&ask, code).await?.is_empty() || !ask.loaded.campaign.closable().contains(code) {
        return Err(Refusal::absent(ask.t()));
    }
    let who = &ask.visitor.account.name;
    let renewed = ask.app().renew_feed(&ask.loaded, code, who, ask.now).await;
    renewed.map_err(|error| ask.refusal(&error))?;
    let to = format!("{}&place={}&done=renewed", ask.to("calendar"), encoded(code));
    Ok(Redirect::to(&to).into_response())
}
