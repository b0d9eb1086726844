//! The login form, and what is known of somebody before they are logged in: cookies, language, where a form came from.

use super::Site;
use super::page::{Page, encoded, framed};
use super::words::T;
use crate::domain::campaign::Language;
use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// Name of the cookie that holds the chosen language.
pub(super) const LANGUAGE: &str = "lang";

/// The value of a cookie of the request.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
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

/// The button of the login page: its words, and where it leads.
#[derive(Debug, Clone, Default)]
pub(super) struct Button {
    pub(super) words: String,
    pub(super) href: String,
}

/// The button for a login that leads to `next`; `None` where no sign-in service is configured.
pub(super) fn button(site: &Site, t: T, next: &str) -> Option<Button> {
    let config = site.app.config.oidc.as_ref()?;
    let words = config.button.clone().unwrap_or_else(|| t.w("web-oidc-button"));
    Some(Button { words, href: format!("/login/oidc?next={}", encoded(next)) })
}

#[derive(Debug, Default, Template)]
#[template(path = "web/login.html")]
pub(super) struct LoginPage<'a> {
    pub(super) t: T,
    /// Why nobody was let in; empty for nothing.
    pub(super) wrong: String,
    pub(super) name: &'a str,
    /// Where it leads.
    pub(super) next: &'a str,
    /// What was typed before the login ended; empty for nothing.
    pub(super) kept: &'a str,
    /// The way to a sign-in service, where there is one.
    pub(super) button: Option<Button>,
}

/// The form that asks for a code, after the password.
#[derive(Debug, Default)]
pub(super) struct CodeForm<'a> {
    /// The secret that says whose password was right.
    pub(super) half: String,
    pub(super) name: String,
    pub(super) next: &'a str,
    pub(super) kept: &'a str,
    pub(super) wrong: String,
}

#[derive(Debug, Template)]
#[template(path = "web/login_code.html")]
struct CodePage<'a> {
    t: T,
    said: String,
    wrong: &'a str,
    half: &'a str,
    name: &'a str,
    next: &'a str,
    kept: &'a str,
}

impl CodeForm<'_> {
    /// The page.
    pub(super) fn page(&self, t: T, status: StatusCode, headers: &HeaderMap) -> Response {
        let Self { half, name, next, kept, wrong } = self;
        let said = t.say("web-code-said", &[("name", name)]);
        let page = CodePage { t, said, wrong, half, name, next, kept };
        let page = Page::new(t.w("web-code"), "login", &page);
        (status, framed(None, (t, "/login"), None, &page, headers)).into_response()
    }
}

/// The address if it lies within this site, else `/`: a login never leads to another site.
pub(super) fn inside(address: Option<&str>) -> &str {
    let is_inside = |address: &&str| {
        address.starts_with('/')
            && !address.starts_with("//")
            && address.bytes().all(|byte| byte > b' ' && byte < 0x7f && byte != b'\\')
    };
    address.filter(is_inside).unwrap_or("/")
}

/// The login form. `kept` is what was typed before the login ended, and goes on to the next page.
pub(super) fn login_page(
    (t, headers): (T, &HeaderMap),
    (next, kept): (&str, &str),
    button: Option<Button>,
) -> Response {
    let page = LoginPage { t, next, kept, button, ..LoginPage::default() };
    let page = Page::new(t.w("web-login"), "login", &page);
    framed(None, (t, "/login"), None, &page, headers)
}

/// Whether the form was sent from another site's page.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
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
