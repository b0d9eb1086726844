//! Logging in with a sign-in service: the way there, and the way back.

use super::Site;
use super::authentication::{agent, entered, kept_page, set_cookie};
use super::kept::Kept;
use super::login_page::{LoginPage, button, cookie, inside, is_from_elsewhere, language};
use super::page::{Page, Refusal, framed};
use super::source::AskedSite;
use super::words::T;
use crate::app::AppError;
use crate::app::oidc::{Answered, BEGUN_MAX, Begun};
use axum::extract::{Form, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

/// The name of the cookie that binds a login to its browser: one for each, so that two windows do not disturb each
/// other.
fn name_of(state: &str) -> String {
    let digits = state.chars().filter(char::is_ascii_hexdigit).take(16);
    format!("oidc-{}", digits.collect::<String>())
}

/// The login page with what went wrong.
fn again(
    site: &Site,
    (t, headers): (T, &HeaderMap),
    (next, kept): (&str, &str),
    (status, wrong): (StatusCode, String),
) -> Response {
    let button = button(site, t, next);
    let page = LoginPage { t, wrong, next, kept, button, ..LoginPage::default() };
    let page = Page::new(t.w("web-login"), "login", &page);
    (status, framed(None, (t, "/login"), None, &page, headers)).into_response()
}

/// The login page for what the app says about a login that came to nothing.
fn refused(site: &Site, (t, headers): (T, &HeaderMap), error: &AppError) -> Response {
    match error {
        AppError::Refused(said) => {
            let wrong = said.words(t.0);
            again(site, (t, headers), ("/", ""), (StatusCode::UNAUTHORIZED, wrong))
        }
        AppError::Configuration(said) => {
            tracing::error!(error = %said, "the sign-in service cannot be asked");
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, t, "web-fault").into_response()
        }
        other => Refusal::of(t, other).into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
}

/// Leads to the sign-in service.
pub(super) async fn begin(
    AskedSite(site): AskedSite,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let t = T(language(&headers));
    let next = inside(asked.next.as_deref());
    let begun = site.app.begin_oidc(next, site.login_clock.now()).await;
    let Begun { to, state, secret } = match begun {
        Ok(begun) => begun,
        Err(error) => return refused(&site, (t, &headers), &error),
    };
    let secs = u32::try_from(BEGUN_MAX.num_seconds()).unwrap_or(0);
    let cookie = set_cookie(&headers, &name_of(&state), &secret, secs);
    ([(header::SET_COOKIE, cookie)], Redirect::to(&to)).into_response()
}

#[derive(Deserialize)]
pub(super) struct Answer {
    state: Option<String>,
    code: Option<String>,
    /// Present where the service let nobody in, whatever it says.
    error: Option<String>,
    iss: Option<String>,
}

/// Where the sign-in service sends the browser back.
pub(super) async fn back(
    AskedSite(site): AskedSite,
    Query(answer): Query<Answer>,
    headers: HeaderMap,
) -> Response {
    let t = T(language(&headers));
    let state = answer.state.unwrap_or_default();
    let secret = cookie(&headers, &name_of(&state)).unwrap_or_default();
    let code = answer.code.filter(|_| answer.error.is_none()).unwrap_or_default();
    let answered = Answered { state: state.clone(), code, issuer: answer.iss };
    let now = site.login_clock.now();
    match site.app.finish_oidc(&answered, (secret, &agent(&headers)), now).await {
        Ok(done) => {
            let next = inside(Some(&done.next)).to_owned();
            entered(&site, (&done.account, &done.token), (&next, ""), &headers).await
        }
        Err(error) => refused(&site, (t, &headers), &error),
    }
}

#[derive(Deserialize)]
pub(super) struct KeptForm {
    kept: String,
}

/// Goes on with what was typed before a login ended, once the person has logged in in another window.
pub(super) async fn go_on(
    AskedSite(site): AskedSite,
    headers: HeaderMap,
    Form(given): Form<KeptForm>,
) -> Response {
    let t = T(language(&headers));
    if is_from_elsewhere(&headers) {
        return Refusal::new(StatusCode::FORBIDDEN, t, "web-bad-form").into_response();
    }
    let token = cookie(&headers, super::authentication::LOGIN).unwrap_or_default();
    let found = match site.app.logged_in(token, true, site.login_clock.now()).await {
        Ok(found) => found,
        Err(error) => return Refusal::of(t, &error).into_response(),
    };
    match (found, Kept::read(&given.kept)) {
        (Some(found), Some(kept)) => {
            kept_page(&site, &kept, (&found.account, token), &headers).await
        }
        (Some(_), None) => Redirect::to("/").into_response(),
        (None, _) => {
            let wrong = (StatusCode::UNAUTHORIZED, t.w("web-oidc-not-yet"));
            again(&site, (t, &headers), ("/", &given.kept), wrong)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_of_a_login_has_a_plain_name() {
        assert_eq!(name_of("0123456789abcdef0123"), "oidc-0123456789abcdef");
        assert_eq!(name_of("a; Path=/\r\nX"), "oidc-aa");
        assert_eq!(name_of(""), "oidc-");
    }
}
