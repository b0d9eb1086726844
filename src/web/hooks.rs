//! Where services hand over receipts and replies. An own gateway signs what it sends; the address of the others has a
//! token that nobody else knows. What is handed over twice changes nothing.

use super::source::AskedSite;
use super::within;
use crate::app::{App, AppError};
use crate::config::ReceiptWay;
use crate::domain::audit::Action;
use crate::domain::gateway::Service;
use crate::mail::link::is_hook_token;
use crate::mail::transport::{pushed, signed_by};
use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::time::Duration;

/// The most bytes that a service hands over at once.
pub(super) const PUSHED_MAX: usize = 2 << 20;
/// What the audit log calls a service. No account can have this name.
const SERVICE: &str = "(service)";
/// Time limit for the database.
const LIMIT: Duration = Duration::from_secs(10);
/// How often refusals are written into the audit log: a stranger must not fill it.
const NOTED_EVERY: Duration = Duration::from_mins(1);

/// What a service handed over, at an address with its token.
pub(super) async fn with_token(
    site: AskedSite,
    Path((name, token)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let AskedSite(site) = site;
    let is_ours = site.app.config.channels.get(&name).is_some_and(|channel| {
        channel.kind.wants_templates() && is_hook_token(site.app.store.secret(), &name, &token)
    });
    if !is_ours {
        return refused(&site, &name).await;
    }
    take(&site, &name, &body).await
}

/// What an own gateway handed over, with its signature in the headers.
pub(super) async fn signed(
    site: AskedSite,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let AskedSite(site) = site;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let of = (
        header("webhook-id").unwrap_or_default(),
        header("webhook-timestamp").unwrap_or_default(),
        header("webhook-signature").unwrap_or_default(),
    );
    let secret = match site.app.hook_secret(&name) {
        Ok(secret) => secret,
        Err(error) => {
            tracing::error!(channel = name, %error, "a service cannot hand over anything");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let now = crate::clock::Clock::System.now();
    if !secret.is_some_and(|secret| signed_by(&secret, of, &body, now)) {
        return refused(&site, &name).await;
    }
    take(&site, &name, &body).await
}

async fn take(site: &super::Site, name: &str, body: &[u8]) -> Response {
    let Some(kind) = site.app.config.channels.get(name).map(|channel| channel.kind) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(found) = pushed(kind, body) else {
        tracing::warn!(channel = name, "what a service handed over is not of its form");
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (app, now, channel) = (site.app.clone(), site.clock.now(), name.to_owned());
    let work = async move { taken(&app, &channel, &found, now).await };
    match within(LIMIT, &site.hook_gate, work).await {
        Ok(()) => Json(match kind {
            Service::Tencent => json!({ "result": 0, "errmsg": "OK" }),
            _ => json!({ "code": 0, "msg": "OK" }),
        })
        .into_response(),
        Err(error) => {
            tracing::error!(channel = name, %error, "what a service handed over is not stored");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn taken(
    app: &App,
    name: &str,
    found: &crate::mail::transport::Pushed,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let (receipts, replies) = app.take_in(name, found, now).await?;
    if app.channel(name)?.receipts == ReceiptWay::Push && receipts + replies > 0 {
        tracing::info!(channel = name, receipts, replies, "a service handed over");
    }
    Ok(())
}

/// Refuses, and lets the audit log know now and then.
async fn refused(site: &super::Site, name: &str) -> Response {
    let is_known = site.app.config.channels.contains_key(name);
    let is_new = {
        let mut last = site.hook_noted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let at = tokio::time::Instant::now();
        let is_new = last.is_none_or(|last| at.duration_since(last) >= NOTED_EVERY);
        if is_new && is_known {
            *last = Some(at);
        }
        is_new && is_known
    };
    if is_new {
        let said = format!("/hooks/{name}: wrong signature or token");
        let now = site.clock.now();
        if let Err(error) = site.app.note_audit(SERVICE, Action::Refused, (None, &said), now).await
        {
            tracing::error!(%error, "a refused call of a service is not in the audit log");
        }
        tracing::warn!(channel = name, "a call with a wrong signature or token was refused");
    }
    StatusCode::UNAUTHORIZED.into_response()
}
