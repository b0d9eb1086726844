//! Every address of the dashboard, and the power that each needs.

use super::authentication::{Visitor, gate};
use super::page::{Refusal, address};
use super::page_context::default_day;
use super::upload::UPLOAD_MAX;
use super::{
    Site, accounts, assets, authentication, calendar, due, feeds, map, operation, overview, plan,
};
use super::{reports, tally, upload};
use crate::app::Loaded;
use crate::domain::permission::Power;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use tower_http::compression::{CompressionLayer, CompressionLevel};

/// What somebody needs for each page. The navigation shows the pages that its reader may open.
const POWERS: [(&str, Power); 24] = [
    ("/", Power::Look),
    ("/c/{id}", Power::Look),
    ("/c/{id}/overview", Power::Look),
    ("/c/{id}/map", Power::Look),
    ("/c/{id}/calendar", Power::Look),
    ("/c/{id}/reports", Power::Look),
    ("/c/{id}/plan", Power::Look),
    ("/c/{id}/make", Power::Plan),
    ("/c/{id}/adopt", Power::Plan),
    ("/c/{id}/due", Power::People),
    ("/c/{id}/tally", Power::Tally),
    ("/c/{id}/feed", Power::Tally),
    ("/c/{id}/mail", Power::Operation),
    ("/c/{id}/jobs", Power::Operation),
    ("/upload", Power::Plan),
    ("/upload/{upload}", Power::Plan),
    ("/upload/{upload}/marked", Power::Plan),
    ("/upload/{upload}/apply", Power::Plan),
    ("/accounts", Power::Accounts),
    ("/accounts/{what}", Power::Accounts),
    ("/audit", Power::Accounts),
    ("/me", Power::Look),
    ("/logout", Power::Look),
    ("/campaigns", Power::Look),
];

/// The power that a page needs. The path is one of [`POWERS`].
pub(super) fn power_of(path: &str) -> Power {
    let found = POWERS.iter().find(|(known, _)| *known == path);
    found.expect("every page stands in the table of powers").1
}

/// The pages.
pub(super) fn pages(site: &Site) -> Router<Site> {
    let pages: [(&str, MethodRouter<Site>); POWERS.len()] = [
        ("/", get(home)),
        ("/c/{id}", get(campaign)),
        ("/c/{id}/overview", get(overview::overview)),
        ("/c/{id}/map", get(map::map)),
        ("/c/{id}/calendar", get(calendar::calendar)),
        ("/c/{id}/reports", get(reports::reports)),
        ("/c/{id}/plan", get(plan::plan)),
        ("/c/{id}/make", post(plan::make)),
        ("/c/{id}/adopt", post(plan::adopt)),
        ("/c/{id}/due", get(due::due)),
        ("/c/{id}/tally", get(tally::form).post(tally::save)),
        ("/c/{id}/feed", post(feeds::renew)),
        ("/c/{id}/mail", get(operation::mail)),
        ("/c/{id}/jobs", get(operation::jobs)),
        ("/upload", get(upload::form).post(upload::upload)),
        ("/upload/{upload}", get(upload::checked)),
        ("/upload/{upload}/marked", get(upload::marked)),
        ("/upload/{upload}/apply", post(upload::apply)),
        ("/accounts", get(accounts::accounts)),
        ("/accounts/{what}", post(accounts::change)),
        ("/audit", get(accounts::audit)),
        ("/me", get(accounts::me).post(accounts::set_password)),
        ("/logout", post(authentication::logout)),
        ("/campaigns", get(campaigns)),
    ];
    let mut router = Router::new();
    for (path, page) in pages {
        let body_max = if path == "/upload" { UPLOAD_MAX } else { super::BODY_MAX };
        let gate = from_fn_with_state((site.clone(), power_of(path)), gate);
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
    page.main = format!("<h1>{}</h1>{}", crate::characters::escaped(&page.title), page.main);
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}
