//! Logging in and out, the check before each page, tokens against forged forms, and a limit on guessing passwords.

use super::Site;
use super::page::{Page, Refusal, framed};
use super::visitor::Visitor;
use super::words::T;
use crate::domain::account::is_name;
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::domain::permission::{Power, may};
use askama::Template;
use axum::extract::{Form, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::Instant;

/// Name of the cookie that holds the login.
const LOGIN: &str = "doseplan";
/// Name of the cookie that holds the chosen language.
const LANGUAGE: &str = "lang";
/// Lifetime of the login cookie in seconds; no longer than that of the login itself.
const COOKIE_SECS: u32 = 12 * 3600;

/// The most tries for one name within [`GUESSES_WITHIN`]; further ones are refused unread.
const GUESSES_MAX: usize = 5;
/// The most tries for all names together within the same time.
const GUESSES_ALL_MAX: usize = 50;
/// How long a try counts.
const GUESSES_WITHIN: Duration = Duration::from_mins(10);
/// The most names whose tries are counted.
const NAMES_MAX: usize = 1000;

/// The value of a cookie of the request.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// The language of the cookie, else the first known one in `Accept-Language`, else Chinese.
pub(super) fn language(headers: &HeaderMap) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let mut asked = asked.unwrap_or_default().split(',');
    cookie(headers, LANGUAGE)
        .and_then(Language::from_tag)
        .or_else(|| asked.find_map(|tag| Language::from_tag(tag.split(';').next()?)))
        .unwrap_or_default()
}

/// A `Set-Cookie` value that scripts cannot read and other sites cannot send along.
fn set_cookie(headers: &HeaderMap, name: &str, value: &str, secs: u32) -> String {
    let proto = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let secure = if proto == Some("https") { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={secs}; HttpOnly; SameSite=Lax{secure}")
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
    let headers = request.headers();
    let t = T(language(headers));
    let here = request.uri().path_and_query().map_or("/", |all| all.as_str()).to_owned();
    let token = cookie(headers, LOGIN).unwrap_or_default().to_owned();
    let now = site.login_clock.now();
    let account = match site.app.logged_in(&token, now).await {
        Ok(account) => account,
        Err(error) => return Refusal::of(t, &error).into_response(),
    };
    let Some(account) = account else {
        let back = if request.method() == Method::GET { here } else { "/".to_owned() };
        return Redirect::to(&format!("/login?next={}", super::page::encoded(&back)))
            .into_response();
    };
    let visitor = Visitor { account, language: t.0, token, here };
    let path = request.uri().path();
    let refused = if may(visitor.actor(), power).is_err() {
        Some("web-forbidden")
    } else if request.method() != Method::GET && request.method() != Method::HEAD {
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

/// When passwords were tried lately, by name.
#[derive(Debug, Default)]
pub(super) struct Guesses(std::sync::Mutex<BTreeMap<String, Vec<Instant>>>);

impl Guesses {
    /// Whether another try is allowed.
    fn may(&self, name: &str, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, times| {
            times.retain(|time| now.duration_since(*time) < GUESSES_WITHIN);
            !times.is_empty()
        });
        let mine = all.get(name).map_or(0, Vec::len);
        mine < GUESSES_MAX && all.values().map(Vec::len).sum::<usize>() < GUESSES_ALL_MAX
    }

    /// Counts a try. Called before the password is checked, so that many tries at once do not get around the limit.
    fn count(&self, name: &str, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < NAMES_MAX || all.contains_key(name) {
            all.entry(name.to_owned()).or_default().push(now);
        }
    }

    fn forget(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[derive(Debug, Default, Template)]
#[template(path = "web/login.html")]
struct LoginPage<'a> {
    t: T,
    wrong: String,
    name: &'a str,
    next: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
}

/// The address if it lies within this site, else `/`: a login never leads to another site.
fn inside(address: Option<&str>) -> &str {
    let is_inside = |address: &&str| {
        address.starts_with('/')
            && !address.starts_with("//")
            && address.bytes().all(|byte| byte > b' ' && byte < 0x7f && byte != b'\\')
    };
    address.filter(is_inside).unwrap_or("/")
}

/// The login form.
pub(super) async fn login_form(Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let t = T(language(&headers));
    let next = inside(asked.next.as_deref());
    let page = LoginPage { t, next, ..LoginPage::default() };
    let page = Page::new(t.w("web-login"), "login", &page);
    framed(None, (t, "/login"), None, &page, &headers)
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    next: Option<String>,
}

/// Logs somebody in.
pub(super) async fn login(
    State(site): State<Site>,
    headers: HeaderMap,
    Form(given): Form<Credentials>,
) -> Response {
    let t = T(language(&headers));
    let next = inside(given.next.as_deref());
    if is_from_elsewhere(&headers) {
        return Refusal::new(StatusCode::FORBIDDEN, t, "web-bad-form").into_response();
    }
    let name = given.name.trim();
    let again = |status: StatusCode, key: &str| {
        let page = LoginPage { t, wrong: t.w(key), name, next };
        let page = Page::new(t.w("web-login"), "login", &page);
        (status, framed(None, (t, "/login"), None, &page, &headers)).into_response()
    };
    // What is not a valid name may be a password typed into the wrong field: it must not reach the log.
    let shown = if is_name(name) { name } else { "-" };
    let now = site.login_clock.now();
    if !site.desk.guesses.may(shown, Instant::now()) {
        tracing::warn!("too many wrong passwords; `doseplan account log` has the names");
        return again(StatusCode::TOO_MANY_REQUESTS, "web-too-many");
    }
    site.desk.guesses.count(shown, Instant::now());
    // Hashing a password takes a core and 19 MB, so passwords are hashed one after the other.
    let turn = site.desk.hashing.acquire().await.expect("the semaphore is never closed");
    let found = site.app.is_password_of(name, &given.password).await;
    drop(turn);
    let logged_in = match found {
        Ok(Some(account)) => site.app.log_in(&account, now).await.map(Some),
        Ok(None) => {
            let noted = site.app.note_login_failed(name, now).await;
            noted.map(|()| None)
        }
        Err(error) => Err(error),
    };
    match logged_in {
        Ok(Some(token)) => {
            site.desk.guesses.forget(shown);
            let cookie = set_cookie(&headers, LOGIN, &token, COOKIE_SECS);
            ([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response()
        }
        Ok(None) => again(StatusCode::UNAUTHORIZED, "web-wrong-password"),
        Err(error) => Refusal::of(t, &error).into_response(),
    }
}

/// Whether a password is the account's. Tries count towards the limit on guessing.
pub(super) async fn is_right(
    site: &Site,
    name: &str,
    password: &str,
) -> Result<bool, crate::app::AppError> {
    if !site.desk.guesses.may(name, Instant::now()) {
        return Ok(false);
    }
    site.desk.guesses.count(name, Instant::now());
    let turn = site.desk.hashing.acquire().await.expect("the semaphore is never closed");
    let found = site.app.is_password_of(name, password).await;
    drop(turn);
    let right = found?.is_some();
    if right {
        site.desk.guesses.forget(name);
    }
    Ok(right)
}

/// Whether the form was sent from another site's page.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
}

/// Logs the visitor out.
pub(super) async fn logout(
    State(site): State<Site>,
    axum::Extension(visitor): axum::Extension<Visitor>,
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
    fn nobody_is_sent_to_another_site() {
        for (address, wanted) in [
            ("/c/x/overview?as-of=2021-06-01", "/c/x/overview?as-of=2021-06-01"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: x=y", "/"),
            ("", "/"),
        ] {
            assert_eq!(inside(Some(address)), wanted);
        }
    }

    #[test]
    fn passwords_are_guessed_five_times_in_ten_minutes() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..GUESSES_MAX {
            assert!(guesses.may("zhao", now));
            guesses.count("zhao", now);
        }
        assert!(!guesses.may("zhao", now));
        assert!(guesses.may("qian", now));
        assert!(guesses.may("zhao", now + GUESSES_WITHIN));
    }

    #[test]
    fn the_language_is_the_chosen_one_else_the_browsers() {
        let of = |cookie: &str, asked: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            headers.insert(header::ACCEPT_LANGUAGE, asked.parse().unwrap());
            language(&headers)
        };
        assert_eq!(of("lang=en", "zh"), Language::En);
        assert_eq!(of("x=1", "fr, en;q=0.8"), Language::En);
        assert_eq!(of("lang=xx", "fr"), Language::ZhCn);
    }
}
