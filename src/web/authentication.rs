//! Logging in and out, the check before each page, tokens against forged forms.

use super::Site;
use super::kept::{self, Kept};
use super::login_page::{
    CodeForm, LANGUAGE, LoginPage, button, cookie, inside, is_from_elsewhere, language, login_page,
};
use super::page::{Page, Refusal, framed};
use super::source::{AskedSite, Source, of_extensions};
use super::visitor::{REFRESHED, Visitor};
use super::words::T;
use crate::app::AppError;
use crate::app::logins::{Begun, LoggedIn};
use crate::app::second_factor::{self, Entered};
use crate::app::sign_in::Tried;
use crate::domain::account::Account;
use crate::domain::audit::Action;
use crate::domain::browser;
use crate::domain::campaign::Language;
use crate::domain::permission::{Actor, Power, may};
use crate::domain::second_factor::Given;
use axum::Extension;
use axum::extract::{Form, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Name of the cookie that holds the login.
pub(super) const LOGIN: &str = "doseplan";
/// Lifetime of the login cookie in seconds; no longer than that of the login itself.
const COOKIE_SECS: u32 = 12 * 3600;

/// Pages for whoever must have a second factor and has none yet.
const WITHOUT_FACTOR: [&str; 2] = ["/me/second", "/logout"];

/// A `Set-Cookie` value that scripts cannot read and other sites cannot send along.
pub(super) fn set_cookie(headers: &HeaderMap, name: &str, value: &str, secs: u32) -> String {
    let proto = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let secure = if proto == Some("https") { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={secs}; HttpOnly; SameSite=Lax{secure}")
}

/// Whether a person asked for the page. A page that refreshes itself says so: by what it has already, in its address,
/// or through the browser.
fn is_by_hand(request: &Request) -> bool {
    let headers = request.headers();
    let mode = headers.get("sec-fetch-mode").and_then(|value| value.to_str().ok());
    let refreshed =
        request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == REFRESHED));
    let asks_itself = headers.contains_key(header::IF_NONE_MATCH) || refreshed;
    request.method() != Method::GET || !(asks_itself || mode.is_some_and(|mode| mode != "navigate"))
}

#[derive(Deserialize)]
struct Csrf {
    csrf: Option<String>,
}

/// Lets a request through if its login has the page's power, and a form only with its token. Refusals go to the audit
/// log.
pub(super) async fn gate(
    State((site, power)): State<(Site, Power)>,
    mut request: Request,
    next: Next,
) -> Response {
    let site = of_extensions(&site, request.extensions());
    let headers = request.headers();
    let t = T(language(headers));
    let here = request.uri().path_and_query().map_or("/", |all| all.as_str()).to_owned();
    let token = cookie(headers, LOGIN).unwrap_or_default().to_owned();
    let now = site.login_clock.now();
    let found = match site.app.logged_in(&token, is_by_hand(&request), now).await {
        Ok(found) => found,
        Err(error) => return Refusal::of(t, &error).into_response(),
    };
    let Some(LoggedIn { account, lacks_factor }) = found else {
        if request.method() == Method::GET {
            return Redirect::to(&format!("/login?next={}", super::page::encoded(&here)))
                .into_response();
        }
        return kept::ask_to_log_in(&site, request, &here).await;
    };
    // What is shown in answer to a form is found again without its token.
    let here = if request.method() == Method::GET { here } else { kept::without_token(&here) };
    let visitor = Visitor { account, language: t.0, token, here };
    let path = request.uri().path();
    let is_form = request.method() != Method::GET && request.method() != Method::HEAD;
    // Until the second factor is set up, nothing else is to be had.
    let lacks_factor = lacks_factor && !WITHOUT_FACTOR.contains(&path);
    if lacks_factor && !is_form {
        return Redirect::to("/me/second").into_response();
    }
    let refused = if lacks_factor {
        Some("web-second-first")
    } else if may(visitor.actor(), power).is_err() {
        Some("web-forbidden")
    } else if is_form {
        let asked = Query::<Csrf>::try_from_uri(request.uri()).ok();
        let token = asked.and_then(|Query(asked)| asked.csrf).unwrap_or_default();
        (!visitor.is_csrf(&token)).then_some("web-bad-form")
    } else {
        None
    };
    if let Some(key) = refused {
        let said = crate::mail::safe::sentence(path);
        let who = visitor.account.name.clone();
        if let Err(error) = site.app.note_audit(&who, Action::Refused, (None, &said), now).await {
            return Refusal::of(t, &error).into_response();
        }
        return Refusal::new(StatusCode::FORBIDDEN, t, key).into_response();
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

#[derive(Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
}

/// The login form.
pub(super) async fn login_form(
    AskedSite(site): AskedSite,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let t = T(language(&headers));
    let next = inside(asked.next.as_deref());
    login_page((t, &headers), (next, ""), button(&site, t, next))
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    next: Option<String>,
    kept: Option<String>,
}

/// Logs somebody in.
pub(super) async fn login(
    AskedSite(site): AskedSite,
    Extension(source): Extension<Source>,
    headers: HeaderMap,
    Form(given): Form<Credentials>,
) -> Response {
    let t = T(language(&headers));
    let next = inside(given.next.as_deref());
    if is_from_elsewhere(&headers) {
        return Refusal::new(StatusCode::FORBIDDEN, t, "web-bad-form").into_response();
    }
    let name = given.name.trim();
    let kept = given.kept.as_deref().unwrap_or_default();
    let again = |status: StatusCode, wrong: String| {
        let page = LoginPage { t, wrong, name, next, kept, button: button(&site, t, next) };
        let page = Page::new(t.w("web-login"), "login", &page);
        (status, framed(None, (t, "/login"), None, &page, &headers)).into_response()
    };
    let tried = try_password(&site, source, (name, &given.password)).await;
    let account = match tried {
        Ok(Tried::Right(account)) => account,
        Ok(Tried::Wrong) => {
            return again(StatusCode::UNAUTHORIZED, t.w("web-wrong-password"));
        }
        Ok(Tried::Early(secs)) => {
            tracing::warn!("too many wrong passwords; `doseplan account log` has the names");
            return with_wait(again(StatusCode::TOO_MANY_REQUESTS, too_many(t, secs)), secs);
        }
        Err(error) => return Refusal::of(t, &error).into_response(),
    };
    let now = site.login_clock.now();
    match site.app.begin_login(&account, &agent(&headers), now).await {
        Ok(Begun::Login(token)) => entered(&site, (&account, &token), (next, kept), &headers).await,
        Ok(Begun::Half(half)) => {
            let form = CodeForm { half, name: account.name, next, kept, wrong: String::new() };
            form.page(t, StatusCode::OK, &headers)
        }
        Err(error) => Refusal::of(t, &error).into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct Codes {
    half: String,
    name: String,
    code: String,
    next: Option<String>,
    kept: Option<String>,
}

/// Logs somebody in who gave the password before, and now a code of the second factor.
pub(super) async fn code(
    AskedSite(site): AskedSite,
    headers: HeaderMap,
    Form(given): Form<Codes>,
) -> Response {
    let t = T(language(&headers));
    let next = inside(given.next.as_deref());
    if is_from_elsewhere(&headers) {
        return Refusal::new(StatusCode::FORBIDDEN, t, "web-bad-form").into_response();
    }
    let kept = given.kept.as_deref().unwrap_or_default();
    let again = |status: StatusCode, wrong: String| {
        let (half, name) = (given.half.clone(), given.name.clone());
        CodeForm { half, name, next, kept, wrong }.page(t, status, &headers)
    };
    let now = site.login_clock.now();
    let code = Given::read(&given.code);
    match site.app.try_code(&given.half, &code, &agent(&headers), now).await {
        Ok(second_factor::Tried::Right(Entered { account, token })) => {
            entered(&site, (&account, &token), (next, kept), &headers).await
        }
        Ok(second_factor::Tried::Wrong) => again(StatusCode::UNAUTHORIZED, t.w("web-code-wrong")),
        Ok(second_factor::Tried::Used) => again(StatusCode::UNAUTHORIZED, t.w("web-code-used")),
        Ok(second_factor::Tried::Early(secs)) => {
            with_wait(again(StatusCode::TOO_MANY_REQUESTS, too_many_codes(t, secs)), secs)
        }
        Ok(second_factor::Tried::Over) => {
            // A form that was sent twice has logged somebody in already.
            let token = cookie(&headers, LOGIN).unwrap_or_default();
            if kept.is_empty() && matches!(site.app.logged_in(token, true, now).await, Ok(Some(_)))
            {
                return Redirect::to(next).into_response();
            }
            let (name, wrong) = (given.name.as_str(), t.w("web-code-over"));
            let page = LoginPage { t, wrong, name, next, kept, button: button(&site, t, next) };
            let page = Page::new(t.w("web-login"), "login", &page);
            let page = framed(None, (t, "/login"), None, &page, &headers);
            (StatusCode::UNAUTHORIZED, page).into_response()
        }
        Err(error) => Refusal::of(t, &error).into_response(),
    }
}

/// What a browser says of itself, in a few words.
pub(super) fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    browser::in_short(agent.unwrap_or_default())
}

/// An answer that says when to come again.
fn with_wait(mut response: Response, secs: i64) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, secs.into());
    response
}

/// Gives the browser its login, and leads to the next page, or back to what was typed before a login ended.
pub(super) async fn entered(
    site: &Site,
    (account, token): (&Account, &str),
    (next, kept): (&str, &str),
    headers: &HeaderMap,
) -> Response {
    let cookie = [(header::SET_COOKIE, set_cookie(headers, LOGIN, token, COOKIE_SECS))];
    let Some(kept) = Kept::read(kept) else {
        return (cookie, Redirect::to(next)).into_response();
    };
    (cookie, kept_page(site, &kept, (account, token), headers).await).into_response()
}

/// What was typed before a login ended, to be sent with the new one.
pub(super) async fn kept_page(
    site: &Site,
    kept: &Kept,
    (account, token): (&Account, &str),
    headers: &HeaderMap,
) -> Response {
    let by = Actor::Account(account);
    // Without the campaigns the form has plainer words, and nothing of it is lost.
    let all = site.app.campaigns().await.unwrap_or_default();
    let all: Vec<_> = all.iter().map(|one| one.seen_by(by)).collect();
    kept.page((T(language(headers)), &all), token, headers)
}

/// Tries a password; wrong ones make the source wait.
pub(super) async fn try_password(
    site: &Site,
    source: Source,
    given: (&str, &str),
) -> Result<Tried, AppError> {
    let (app, now) = (&site.app, site.login_clock.now());
    app.try_password(given, source.network(), &site.desk.hashing, now).await
}

/// How long somebody waits who gave too many wrong passwords.
pub(super) fn too_many(t: T, secs: i64) -> String {
    t.say("web-too-many", &[("secs", &secs)])
}

/// How long somebody waits who gave too many wrong codes.
pub(super) fn too_many_codes(t: T, secs: i64) -> String {
    t.say("web-code-too-many", &[("secs", &secs)])
}

/// Logs the visitor out.
pub(super) async fn logout(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let now = site.login_clock.now();
    let done = site.app.log_out(&visitor.token, &visitor.account, now).await;
    done.map_err(|error| Refusal::of(visitor.t(), &error))?;
    let cookie = set_cookie(&headers, LOGIN, "", 0);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

#[derive(Deserialize)]
pub(super) struct Choice {
    to: String,
    back: Option<String>,
}

/// Chooses a language.
pub(super) async fn choose(Query(choice): Query<Choice>, headers: HeaderMap) -> Response {
    /// A year in seconds.
    const SECS: u32 = 365 * 86400;
    let back = Redirect::to(inside(choice.back.as_deref()));
    match Language::from_tag(&choice.to) {
        Some(language) => {
            let cookie = set_cookie(&headers, LANGUAGE, language.tag(), SECS);
            ([(header::SET_COOKIE, cookie)], back).into_response()
        }
        None => back.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_refreshes_itself_keeps_no_login_alive() {
        let by_hand = |address: &str, header: Option<(&str, &str)>| {
            let mut request = axum::http::Request::get(address);
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            is_by_hand(&request.body(axum::body::Body::empty()).unwrap())
        };
        assert!(by_hand("/c/x/overview?as-of=2021-06-01", None));
        assert!(by_hand("/c/x/overview", Some(("sec-fetch-mode", "navigate"))));
        assert!(!by_hand("/c/x/overview", Some(("sec-fetch-mode", "cors"))));
        assert!(!by_hand("/c/x/overview", Some(("if-none-match", "\"\""))));
        assert!(!by_hand("/c/x/overview?as-of=2021-06-01&refreshed=1", None));
    }
}
