//! The public pages on which people book, on a listener of their own. They need no script and no cookie: whoever has
//! the link of a message may use it, and opening it changes nothing.

mod ask;
pub(super) mod limits;
mod page;
mod sign_in;

use super::source::{AskedSite, Source};
use super::unread::is_unread;
use super::{BODY_MAX, Site, guarded, smart};
use crate::domain::campaign::Language;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use tower_http::compression::{CompressionLayer, CompressionLevel};

/// The router of the booking pages.
pub(super) fn router(site: Site) -> Router {
    let limited = from_fn_with_state(site.clone(), limited);
    Router::new()
        .route("/b/{token}", get(page::show).post(page::act))
        .route("/", get(sign_in::show).post(sign_in::ask))
        .route("/code", post(sign_in::code))
        .route("/ask", get(ask::show).post(ask::send))
        .route("/booking.css", get(style))
        .route("/smart-scheduling/{name}", get(smart::file))
        .fallback(page::nothing)
        .layer(from_fn(in_words))
        .layer(limited)
        .route("/healthz", get(super::health::alive))
        .with_state(site)
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn(guarded))
}

/// The network that a request came from.
fn network(extensions: &axum::http::Extensions) -> IpAddr {
    let source = extensions.get::<Source>().copied();
    source.unwrap_or(Source(IpAddr::V4(Ipv4Addr::UNSPECIFIED))).network()
}

/// Lets a request through as long as its network does not ask too often.
async fn limited(State(site): State<Site>, request: Request, next: Next) -> Response {
    if site.desk.booking.may_ask(network(request.extensions())) {
        return next.run(request).await;
    }
    refused_for_now(page::too_often(request.headers()))
}

/// Says in the reader's language that a request cannot be read.
async fn in_words(request: Request, next: Next) -> Response {
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let response = next.run(request).await;
    if !is_unread(&response) {
        return response;
    }
    let asked = Query::<BTreeMap<String, String>>::try_from_uri(&uri).ok();
    let asked = asked.and_then(|Query(all)| Language::from_tag(all.get("lang")?));
    (response.status(), page::unread(asked, &headers)).into_response()
}

fn refused_for_now(said: Html<String>) -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "60")], said).into_response()
}

async fn style() -> Response {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    let keep = (header::CACHE_CONTROL, "public, max-age=3600");
    ([kind, keep], include_str!("../assets/booking.css")).into_response()
}

/// The site for a request, and the network that it came from.
struct Asked {
    site: Site,
    network: IpAddr,
}

impl axum::extract::FromRequestParts<Site> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        site: &Site,
    ) -> Result<Self, Self::Rejection> {
        let AskedSite(asked) = AskedSite::from_request_parts(parts, site).await?;
        Ok(Self { site: asked, network: network(&parts.extensions) })
    }
}
