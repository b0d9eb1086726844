//! The visitor's own account: password, second factor, logins.

use super::Site;
use super::accounts::{time, timezone};
use super::authentication::{too_many, try_password};
use super::page::{Page, Refusal, framed};
use super::source::{AskedSite, Source};
use super::visitor::Visitor;
use super::words::T;
use crate::app::AppError;
use crate::app::logins::LoginView;
use crate::app::second_factor::FactorState;
use crate::app::sign_in::Tried;
use askama::Template;
use axum::Extension;
use axum::extract::Form;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::Tz;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "web/me.html")]
struct Me {
    t: T,
    said: String,
    wrong: String,
    csrf: String,
    /// How it stands with the second factor.
    second: String,
    logins: Vec<Shown>,
}

/// A login as a line of the page.
struct Shown {
    id: String,
    said: String,
    /// What its button does, for whoever hears the page.
    end: String,
    is_own: bool,
}

impl Shown {
    fn new(t: T, zone: Tz, login: LoginView) -> Self {
        let browser =
            if login.browser.is_empty() { t.w("web-logins-unknown") } else { login.browser };
        let address = login.address.unwrap_or_default();
        let (since, seen) = (time(zone, login.made_at), time(zone, login.seen_at));
        let said = t.say(
            "web-logins-line",
            &[("browser", &browser), ("address", &address), ("since", &since), ("seen", &seen)],
        );
        let end = t.say("web-logins-end-this", &[("browser", &browser), ("since", &since)]);
        Self { id: login.id, said, end, is_own: login.is_own }
    }
}

/// The visitor's own account.
pub(super) async fn me(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show(&site, &visitor, &headers, (StatusCode::OK, String::new())).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    (status, wrong): (StatusCode, String),
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let account = &visitor.account;
    let role = t.w(&format!("role-{}", account.role.word()));
    let places = account.places.join(" ");
    let said =
        t.say("web-me-said", &[("name", &account.name), ("role", &role), ("places", &places)]);
    let zone = timezone(&site.app).await.map_err(fail)?;
    let factor = site.app.second_factor(account, &visitor.token).await.map_err(fail)?;
    let second = match factor.state {
        FactorState::SetUp { since, .. } => {
            t.say("web-second-since", &[("since", &time(zone, since))])
        }
        FactorState::Absent | FactorState::Begun(_) => t.w("web-second-none"),
    };
    let now = site.login_clock.now();
    let logins = site.app.logins(&account.name, &visitor.token, now).await.map_err(fail)?;
    let logins = logins.into_iter().map(|login| Shown::new(t, zone, login)).collect();
    let main = Me { t, said, wrong, csrf: visitor.csrf(), second, logins };
    let page = Page::new(t.w("web-me"), "me", &main);
    let page = framed(Some(visitor), (t, &visitor.here), None, &page, headers);
    Ok((status, page).into_response())
}

#[derive(Deserialize)]
pub(super) struct Passwords {
    old: String,
    new: String,
    /// Present where tokens outlive the old password.
    keep: Option<String>,
}

/// Changes the visitor's password, which ends all their logins.
pub(super) async fn set_password(
    AskedSite(site): AskedSite,
    Extension(source): Extension<Source>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Form(given): Form<Passwords>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let name = &visitor.account.name;
    let wrong = match try_password(&site, source, (name, &given.old)).await.map_err(fail)? {
        Tried::Right(_) => None,
        Tried::Wrong => Some((StatusCode::FORBIDDEN, t.w("web-wrong-password"))),
        Tried::Early(secs) => Some((StatusCode::TOO_MANY_REQUESTS, too_many(t, secs))),
    };
    if let Some(wrong) = wrong {
        return show(&site, &visitor, &headers, wrong).await;
    }
    let new = (given.new.as_str(), given.keep.is_some());
    match site.app.set_password(name, new, visitor.actor(), site.clock.now()).await {
        Ok(()) => Ok(Redirect::to("/login").into_response()),
        Err(AppError::Refused(said)) => {
            show(&site, &visitor, &headers, (StatusCode::CONFLICT, said.words(t.0))).await
        }
        Err(error) => Err(fail(error)),
    }
}

#[derive(Deserialize)]
pub(super) struct Ended {
    #[serde(rename = "do")]
    what: String,
    login: Option<String>,
}

/// Ends one of the visitor's logins, or all but this one. What has ended already is ended.
pub(super) async fn end_logins(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Form(given): Form<Ended>,
) -> Result<Response, Refusal> {
    let fail = |error: AppError| Refusal::of(visitor.t(), &error);
    let (name, by, now) = (&visitor.account.name, visitor.actor(), site.login_clock.now());
    match given.what.as_str() {
        "end" => {
            let id = given.login.unwrap_or_default();
            site.app.end_login((name, &id), by, now).await.map_err(fail)?;
        }
        "others" => {
            site.app.end_logins((name, &visitor.token), by, now).await.map_err(fail)?;
        }
        _ => return Err(fail(AppError::refused("refused-form", &[]))),
    }
    Ok(Redirect::to("/me").into_response())
}
