//! What somebody typed into a form whose login had ended when it was sent. It goes through the login form and back to
//! a page with one button, so that nothing has to be typed twice, and nothing is stored without a login.

use super::Site;
use super::login_page::{button, inside, is_from_elsewhere, language, login_page};
use super::page::{Page, framed};
use super::visitor::csrf_of;
use super::words::{T, encoded};
use crate::app::Loaded;
use crate::domain::call::CallResult;
use crate::domain::campaign::Campaign;
use crate::domain::job::Job;
use crate::domain::person::OutcomeKind;
use crate::text::harmless;
use askama::Template;
use axum::extract::{Form, FromRequest as _, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

/// The most bytes that are kept: some hundred fields. A longer form, such as an upload, is lost.
const KEPT_MAX: usize = 16 << 10;
/// Fields that only the page itself needs to see.
const UNSEEN: [&str; 9] = ["had", "csrf", "once", "held", "sure", "id", "call", "run", "seen"];
/// The words of the forms for their fields.
const WORDS: [(&str, &str); 31] = [
    ("school", "column-school"),
    ("list", "web-schools-list"),
    ("do", "web-kept-what"),
    ("date", "column-date"),
    ("day", "column-day"),
    ("place", "column-place"),
    ("lot", "column-lot"),
    ("outcome", "column-outcome"),
    ("until", "web-person-until"),
    ("seat", "web-person-move"),
    ("first", "web-place-first"),
    ("last", "web-place-last"),
    ("reason", "column-reason"),
    ("weekday", "web-place-weekday"),
    ("saturday", "web-place-saturday"),
    ("sunday", "web-place-sunday"),
    ("q", "web-search-title"),
    ("seconds", "web-kept-seconds"),
    ("product", "column-product"),
    ("doses", "column-delivered"),
    ("expires", "column-expires"),
    ("vial", "web-supply-vial"),
    ("area", "column-area"),
    ("group", "column-group"),
    ("people", "column-people"),
    ("from", "web-supply-from"),
    ("source", "web-supply-source"),
    ("to", "web-mail-copy-to"),
    ("person", "column-person"),
    ("result", "column-result"),
    ("job", "column-job"),
];
/// What a form does, in the words of its heading or button.
const DOES: [(&str, &str); 24] = [
    ("close", "web-place-close"),
    ("open", "web-place-open"),
    ("capacity", "web-place-capacity"),
    ("lock", "web-lock"),
    ("unlock", "web-lock-end"),
    ("dose", "web-person-dose-enter"),
    ("outcome", "web-person-outcome-enter"),
    ("move", "web-person-move"),
    ("cancel", "web-person-cancel"),
    ("quiet", "web-person-quiet"),
    ("loud", "web-person-loud"),
    ("new-lot", "web-supply-new-lot"),
    ("lot", "web-supply-lots"),
    ("count", "web-supply-eligible"),
    ("run", "web-jobs-run"),
    ("again", "web-jobs-again"),
    ("hold", "web-jobs-hold"),
    ("resume", "web-jobs-resume"),
    ("arrived", "web-mail-arrived"),
    ("lost", "web-mail-lost"),
    ("retry", "web-mail-retry"),
    ("resend", "web-mail-resend"),
    ("copy", "web-mail-copy"),
    ("undo", "web-kept-undo"),
];

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
    shown: Vec<(String, String)>,
}

/// The answer to a form without a login: the login form, with what was typed.
pub(super) async fn ask_to_log_in(site: &Site, request: Request, here: &str) -> Response {
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
    let page = login_page((t, &headers), ("/", &text), button(site, t, "/"));
    (StatusCode::UNAUTHORIZED, page).into_response()
}

/// Whether a form of this address is kept: forms of a campaign. Passwords stand in others.
fn is_kept(address: &str) -> bool {
    address.starts_with("/c/")
}

/// An address without the token against forged forms.
pub(super) fn without_token(here: &str) -> String {
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
    /// `campaigns` are those that the visitor sees: they have the names of what was typed.
    pub(super) fn page(
        &self,
        (t, campaigns): (T, &[Loaded]),
        token: &str,
        headers: &HeaderMap,
    ) -> Response {
        let sign = if self.to.contains('?') { '&' } else { '?' };
        let is_mine = |one: &&Loaded| {
            self.to.starts_with(&format!("/c/{}/", encoded(one.campaign.id.as_str())))
        };
        let campaign = campaigns.iter().find(is_mine).map(|loaded| &*loaded.campaign);
        let is_shown =
            |field: &&(String, String)| !UNSEEN.contains(&field.0.as_str()) && !field.1.is_empty();
        let shown = self.fields.iter().filter(is_shown);
        let main = Main {
            t,
            to: format!("{}{sign}csrf={}", self.to, csrf_of(token)),
            fields: &self.fields,
            shown: shown.map(|field| in_words(t, campaign, field)).collect(),
        };
        let page = Page::new(t.w("web-kept"), "login", &main);
        framed(None, (t, "/"), None, &page, headers)
    }
}

/// A field in the words of its form.
fn in_words(
    t: T,
    campaign: Option<&Campaign>,
    (name, value): &(String, String),
) -> (String, String) {
    let word = |of: &[(&str, &str)], name: &str| {
        of.iter().find(|(known, _)| *known == name).map(|(_, key)| t.w(key))
    };
    let label = word(&WORDS, name).or_else(|| count_of(t, campaign?, name));
    let place = || Some(harmless(campaign?.place(value)?.name()));
    let shown = match name.as_str() {
        "do" => word(&DOES, value),
        "place" => place(),
        "outcome" => OutcomeKind::from_word(value).map(|it| t.w(&format!("outcome-{}", it.word()))),
        "seat" => Some(seat_of(campaign, value)),
        "school" => {
            campaign.and_then(|campaign| campaign.area(value)).map(|area| harmless(&area.name))
        }
        "list" if ["visit", "consent", "missed"].contains(&value.as_str()) => {
            Some(t.w(&format!("web-schools-list-{value}")))
        }
        "result" => CallResult::from_word(value).map(|it| t.w(&format!("call-{}", it.word()))),
        "job" => Job::from_word(value).map(|it| t.w(&format!("jobname-{}", it.word()))),
        _ => None,
    };
    (label.unwrap_or_else(|| t.w("web-kept-other")), shown.unwrap_or_else(|| value.clone()))
}

/// A seat with the name of its place.
fn seat_of(campaign: Option<&Campaign>, value: &str) -> String {
    let name = |part| {
        let place = campaign.and_then(|campaign| campaign.place(part));
        place.map_or_else(|| part.to_owned(), |place| harmless(place.name()))
    };
    value.split('|').map(name).collect::<Vec<_>>().join(" ")
}

/// The field of a count: its area, its group and its dose.
fn count_of(t: T, campaign: &Campaign, name: &str) -> Option<String> {
    let mut parts = name.rsplitn(3, '/');
    let dose = t.dose(parts.next()?.parse().ok()?);
    let group = campaign.group(parts.next()?)?;
    let area = campaign.area(parts.next()?)?;
    Some(format!("{} · {} · {dose}", harmless(&area.name), harmless(&group.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Language;
    use crate::domain::testing::county;

    #[test]
    fn what_was_typed_is_shown_in_the_words_of_its_form() {
        let campaign = county();
        for language in [Language::En, Language::ZhCn] {
            let t = T(language);
            let shown = |name: &str, value: &str| {
                in_words(t, Some(&campaign), &(name.to_owned(), value.to_owned()))
            };
            for (name, key) in WORDS {
                assert_eq!(shown(name, "x").0, t.w(key));
                assert!(crate::text::found(language, key).is_some(), "{key}");
            }
            for (value, key) in DOES {
                assert_eq!(shown("do", value).1, t.w(key));
                assert!(crate::text::found(language, key).is_some(), "{key}");
            }
            assert_eq!(shown("N/adult/1", "7").0, format!("area N · group adult · {}", t.dose(1)));
            assert_eq!(shown("place", "S1").1, "site S1");
            assert_eq!(shown("outcome", "refused").1, t.w("outcome-refused"));
            assert_eq!(shown("N/nobody/1", "7").0, t.w("web-kept-other"));
        }
    }

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
