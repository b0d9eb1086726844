//! What somebody typed into a form whose login had ended when it was sent. It goes through the login form and back to
//! a page with one button, so that nothing has to be typed twice, and nothing is stored without a login.

use super::login_page::{inside, is_from_elsewhere, language, login_page};
use super::page::{Page, framed};
use super::visitor::csrf_of;
use super::words::T;
use askama::Template;
use axum::extract::{Form, FromRequest as _, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

/// The most bytes that are kept: some hundred fields. A longer form, such as an upload, is lost.
const KEPT_MAX: usize = 16 << 10;
/// Fields that only the page itself needs to see.
const UNSEEN: [&str; 2] = ["had", "csrf"];

/// A form that was not accepted.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Its address, without the token of the login that ended.
    to: String,
    fields: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "web/kept.html")]
struct Main<'a> {
    t: T,
    to: String,
    fields: &'a [(String, String)],
    shown: Vec<&'a (String, String)>,
}

/// The answer to a form without a login: the login form, with what was typed.
pub(super) async fn ask_to_log_in(request: Request, here: &str) -> Response {
    let headers = request.headers().clone();
    let t = T(language(&headers));
    let start = || Redirect::to("/login?next=%2F").into_response();
    // Another site's form is not what this person typed here.
    if !is_kept(here) || is_from_elsewhere(&headers) {
        return start();
    }
    let Ok(Form(fields)) = Form::<Vec<(String, String)>>::from_request(request, &()).await else {
        return start();
    };
    let kept = Kept { to: without_token(here), fields };
    let text = serde_json::to_string(&kept).expect("plain data becomes JSON");
    if kept.fields.is_empty() || text.len() > KEPT_MAX {
        return start();
    }
    (StatusCode::UNAUTHORIZED, login_page(t, ("/", &text), &headers)).into_response()
}

/// Whether a form of this address is kept: forms of a campaign. Passwords stand in others.
fn is_kept(address: &str) -> bool {
    address.starts_with("/c/")
}

/// An address without the token against forged forms.
fn without_token(here: &str) -> String {
    let Some((path, query)) = here.split_once('?') else { return here.to_owned() };
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("csrf=")).collect();
    if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) }
}

impl Kept {
    /// What the login form brought back; `None` for nothing, or what this program did not write.
    pub(super) fn read(text: &str) -> Option<Self> {
        let kept: Self = serde_json::from_str(text).ok()?;
        (inside(Some(&kept.to)) == kept.to && is_kept(&kept.to)).then_some(kept)
    }

    /// The page that shows what was typed, and sends it once more with the new login's token.
    pub(super) fn page(&self, t: T, token: &str, headers: &HeaderMap) -> Response {
        let sign = if self.to.contains('?') { '&' } else { '?' };
        let is_shown =
            |field: &&(String, String)| !UNSEEN.contains(&field.0.as_str()) && !field.1.is_empty();
        let main = Main {
            t,
            to: format!("{}{sign}csrf={}", self.to, csrf_of(token)),
            fields: &self.fields,
            shown: self.fields.iter().filter(is_shown).collect(),
        };
        let page = Page::new(t.w("web-kept"), "login", &main);
        framed(None, (t, "/"), None, &page, headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_the_ended_login_is_left_out_of_the_address() {
        for (here, wanted) in [
            (
                "/c/a/tally?as-of=2021-04-01&place=S1&csrf=00",
                "/c/a/tally?as-of=2021-04-01&place=S1",
            ),
            ("/accounts/add?csrf=00", "/accounts/add"),
            ("/upload", "/upload"),
        ] {
            assert_eq!(without_token(here), wanted);
        }
    }

    #[test]
    fn what_was_typed_never_goes_to_another_site() {
        let text = |to: &str| format!("{{\"to\":\"{to}\",\"fields\":[[\"a\",\"1\"]]}}");
        assert!(Kept::read(&text("/c/a/tally?place=S1")).is_some());
        for to in ["//evil.example/x", "https://evil.example", "/", "", "/accounts/add"] {
            assert_eq!(Kept::read(&text(to)), None, "{to}");
        }
        assert_eq!(Kept::read("{}"), None);
        assert_eq!(Kept::read(""), None);
    }
}
