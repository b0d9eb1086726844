//! Every address of the dashboard, under what its visitor must be able to do.

use super::authentication::{Visitor, gate};
use super::page::{Refusal, address};
use super::page_context::default_day;
use super::upload::UPLOAD_MAX;
use super::{
    Site, accounts, assets, authentication, calendar, due, feeds, map, operation, overview, plan,
};
use super::{reports, tally, upload};
use crate::app::Loaded;
use crate::domain::account::Power;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use tower_http::compression::{CompressionLayer, CompressionLevel};

/// The pages.
pub(super) fn pages(site: &Site) -> Router<Site> {
    let pages: [(&str, Power, MethodRouter<Site>); 24] = [
        ("/", Power::Look, get(home)),
        ("/c/{id}", Power::Look, get(campaign)),
        ("/c/{id}/overview", Power::Look, get(overview::overview)),
        ("/c/{id}/map", Power::Look, get(map::map)),
        ("/c/{id}/calendar", Power::Look, get(calendar::calendar)),
        ("/c/{id}/reports", Power::Look, get(reports::reports)),
        ("/c/{id}/plan", Power::Look, get(plan::plan)),
        ("/c/{id}/make", Power::Plan, post(plan::make)),
        ("/c/{id}/adopt", Power::Plan, post(plan::adopt)),
        ("/c/{id}/due", Power::People, get(due::due)),
        ("/c/{id}/tally", Power::Tally, get(tally::form).post(tally::save)),
        ("/c/{id}/feed", Power::Tally, post(feeds::renew)),
        ("/c/{id}/mail", Power::Operation, get(operation::mail)),
        ("/c/{id}/jobs", Power::Operation, get(operation::jobs)),
        ("/upload", Power::Plan, get(upload::form).post(upload::upload)),
        ("/upload/{upload}", Power::Plan, get(upload::checked)),
        ("/upload/{upload}/marked", Power::Plan, get(upload::marked)),
        ("/upload/{upload}/apply", Power::Plan, post(upload::apply)),
        ("/accounts", Power::Accounts, get(accounts::accounts)),
        ("/accounts/{what}", Power::Accounts, post(accounts::change)),
        ("/audit", Power::Accounts, get(accounts::audit)),
        ("/me", Power::Look, get(accounts::me).post(accounts::set_password)),
        ("/logout", Power::Look, post(authentication::logout)),
        ("/campaigns", Power::Look, get(campaigns)),
    ];
    let mut router = Router::new();
    for (path, power, page) in pages {
        let body_max = if path == "/upload" { UPLOAD_MAX } else { super::BODY_MAX };
        let gate = from_fn_with_state((site.clone(), power), gate);
        router = router.route(path, page.layer(DefaultBodyLimit::max(body_max)).layer(gate));
    }
    router
        .route("/login", get(authentication::login_form).post(authentication::login))
        .route("/language", get(authentication::choose))
        .route("/assets/{name}", get(assets::asset))
        .route("/ical/{id}/{code}/{file}", get(feeds::feed))
        .merge(super::api::routes())
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
}

/// The only campaign; where there are several, all of them.
async fn home(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    let all = site.app.campaigns().await.map_err(|error| Refusal::of(visitor.t(), &error))?;
    Ok(match all.as_slice() {
        [only] => newest(&site, only),
        _ => Redirect::to("/campaigns").into_response(),
    })
}

/// How a campaign stands now.
async fn campaign(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let loaded = site.app.campaign(Some(&id)).await;
    Ok(newest(&site, &loaded.map_err(|error| Refusal::of(visitor.t(), &error))?))
}

fn newest(site: &Site, loaded: &Loaded) -> Response {
    let day = default_day(loaded, site.clock.now());
    Redirect::to(&address(loaded, "overview", Some(day))).into_response()
}

/// Every campaign.
async fn campaigns(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    headers: axum::http::HeaderMap,
) -> Result<Response, Refusal> {
    use super::page::{Cell, Page, Table, framed};
    let t = visitor.t();
    let all = site.app.campaigns().await.map_err(|error| Refusal::of(t, &error))?;
    let mut table = Table::of(t, "web-campaigns", &["name", "start", "end"]);
    for loaded in &all {
        let href = address(loaded, "overview", Some(default_day(loaded, site.clock.now())));
        table.rows.push(vec![
            Cell { head: true, ..Cell::link(loaded.campaign.name.clone(), href) },
            Cell::text(loaded.campaign.start.to_string()),
            Cell::text(loaded.campaign.end.to_string()),
        ]);
    }
    if all.is_empty() {
        table.note = t.w("web-no-campaign");
    }
    let mut page = Page::new(t.w("web-campaigns"), "campaigns", &table);
    page.main = format!("<h1>{}</h1>{}", super::draw::escaped(&page.title), page.main);
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}
