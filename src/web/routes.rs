//! Every address of the dashboard.

use super::authentication::gate;
use super::page::{Refusal, address};
use super::page_context::default_day;
use super::powers::{POWERS, power_of};
use super::visitor::Visitor;
use super::{
    Site, accounts, assets, authentication, bookings, bulletin, calendar, calls, campaigns,
    catch_up, compare, daily, delivery, due, feeds, history, home, imports, inbox, jobs, mail, map,
    me, outlines, overview, plan, what_if,
};
use super::{
    homes, month, oidc, person, place, records, reports, roster, schools, search, second_factor,
    setup, stock, supply, system, tally, unread, upload,
};
use super::{national, national_births, national_people, national_pupils, national_survey};
use crate::app::Loaded;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use tower_http::compression::{CompressionLayer, CompressionLevel};

/// The router with every page.
pub(super) fn pages(site: &Site) -> Router<Site> {
    let mut router = Router::new();
    for (path, page) in of_campaigns().into_iter().chain(of_installation()) {
        let (body_max, _) = super::limits(path);
        let gate = from_fn_with_state((site.clone(), power_of(path)), gate);
        router = router.route(path, page.layer(DefaultBodyLimit::max(body_max)).layer(gate));
    }
    let router = router
        .route("/login", get(authentication::login_form).post(authentication::login))
        .route("/login/code", post(authentication::code))
        .route("/login/oidc", get(oidc::begin))
        .route("/login/oidc/back", get(oidc::back))
        .route("/login/kept", post(oidc::go_on))
        .route("/language", get(authentication::choose))
        .route("/assets/{name}", get(assets::asset))
        .route("/ical/{id}/{code}/{file}", get(feeds::feed))
        .layer(from_fn(unread::in_words));
    router
        .merge(super::api::routes())
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
}

/// Pages of a campaign.
const OF_CAMPAIGNS: usize = 34;

fn of_campaigns() -> [(&'static str, MethodRouter<Site>); OF_CAMPAIGNS] {
    [
        ("/c/{id}", get(campaign)),
        ("/c/{id}/overview", get(overview::overview)),
        ("/c/{id}/map", get(map::map)),
        ("/c/{id}/calendar", get(calendar::calendar)),
        ("/c/{id}/reports", get(reports::reports)),
        ("/c/{id}/plan", get(plan::plan)),
        ("/c/{id}/compare", get(compare::compare)),
        ("/c/{id}/what-if", get(what_if::what_if)),
        ("/c/{id}/stock", get(stock::stock)),
        ("/c/{id}/supply", get(supply::supply).post(supply::edit)),
        ("/c/{id}/roster", get(roster::roster)),
        ("/c/{id}/homes", get(homes::homes)),
        ("/c/{id}/schools", get(schools::schools).post(schools::act)),
        ("/c/{id}/search", get(search::form).post(search::search)),
        ("/c/{id}/person/{person}", get(person::person).post(person::act)),
        ("/c/{id}/place/{place}", get(place::place)),
        ("/c/{id}/place/{place}/edit", post(place::edit)),
        ("/c/{id}/place/{place}/lock", post(place::lock)),
        ("/c/{id}/month", get(month::month)),
        ("/c/{id}/bulletin", get(bulletin::bulletin)),
        ("/c/{id}/make", post(plan::make)),
        ("/c/{id}/adopt", post(plan::adopt)),
        ("/c/{id}/due", get(due::due)),
        ("/c/{id}/calls", get(calls::calls).post(calls::act)),
        ("/c/{id}/bookings", get(bookings::bookings)),
        ("/c/{id}/inbox", get(inbox::inbox).post(inbox::done)),
        ("/c/{id}/tally", get(tally::form).post(tally::save)),
        ("/c/{id}/feed", post(feeds::renew)),
        ("/c/{id}/mail", get(mail::mail)),
        ("/c/{id}/mail/{mail}", get(mail::one).post(mail::act)),
        ("/c/{id}/daily", get(daily::daily).post(daily::act)),
        ("/c/{id}/catch-up", get(catch_up::catch_up)),
        ("/c/{id}/jobs", get(jobs::jobs).post(jobs::act)),
        ("/c/{id}/workbook", get(setup::workbook)),
    ]
}

/// Pages of the installation. Each page has its power.
fn of_installation() -> [(&'static str, MethodRouter<Site>); POWERS.len() - OF_CAMPAIGNS] {
    [
        ("/", get(home::home)),
        ("/bulletin", get(bulletin::all)),
        ("/system", get(system::system)),
        ("/system/backup", post(system::backup)),
        ("/commands", get(system::commands)),
        ("/delivery", get(delivery::delivery).post(delivery::change)),
        ("/history", get(history::history)),
        ("/records", get(records::records).post(records::void)),
        ("/outlines", get(outlines::outlines).post(outlines::upload)),
        ("/outlines/remove", post(outlines::remove)),
        ("/upload", get(upload::form).post(upload::upload)),
        ("/upload/{upload}", get(upload::checked)),
        ("/upload/{upload}/marked", get(upload::marked)),
        ("/upload/{upload}/file", get(setup::uploaded)),
        ("/upload/blank", get(setup::blank)),
        ("/new", get(setup::form).post(setup::make)),
        ("/upload/{upload}/apply", post(upload::apply)),
        ("/imports", get(imports::imports).post(imports::import)),
        ("/imports/run/{import}", get(imports::outcome)),
        ("/imports/refused/{import}", get(imports::refused)),
        ("/imports/undo", post(imports::undo)),
        ("/accounts", get(accounts::accounts)),
        ("/accounts/{what}", post(accounts::change)),
        ("/audit", get(accounts::audit)),
        ("/me", get(me::me).post(me::set_password)),
        ("/me/logins", post(me::end_logins)),
        ("/me/second", get(second_factor::page).post(second_factor::act)),
        ("/logout", post(authentication::logout)),
        ("/campaigns", get(campaigns::campaigns)),
        ("/campaigns/state", post(campaigns::change)),
        ("/national", get(national::tables)),
        ("/national/form", get(national::form)),
        ("/national/children", get(national_people::children)),
        ("/national/pupils", get(national_pupils::pupils)),
        ("/national/duplicates", get(national_people::duplicates).post(national_people::change)),
        ("/national/births", get(national_births::births).post(national_births::change)),
        ("/national/survey", get(national_survey::form).post(national_survey::result)),
    ]
}

/// Leads to the overview of the newest day.
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
