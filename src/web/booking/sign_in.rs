//! The page on which somebody without a link asks for a code by text, and the one that takes the code. Both say the
//! same to everybody until a code is right.

use super::page::{failed, plain};
use super::{Asked, refused_for_now};
use crate::app::codes::SignedIn;
use crate::domain::campaign::Language;
use crate::text::harmless;
use crate::web::login_page::language;
use crate::web::words::T;
use askama::Template;
use axum::extract::{Form, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde::Deserialize;

/// The most characters of a form's key that are looked at.
const KEY_MAX: usize = 64;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Look {
    lang: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Who {
    #[serde(default)]
    who: String,
    lang: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tried {
    #[serde(default)]
    key: String,
    #[serde(default)]
    code: String,
    lang: Option<String>,
}

#[derive(Template)]
#[template(path = "booking/sign_in.html")]
struct Main {
    t: T,
    title: String,
    wrong: String,
    /// Whether codes can be sent at all.
    sends: bool,
    /// The form's key once a code was asked for; else empty.
    key: String,
    /// Name and address of each campaign's page, once the code was right.
    links: Vec<(String, String)>,
    other: Language,
}

impl Main {
    fn new(language: Language) -> Self {
        let t = T(language);
        let other = if language == Language::En { Language::ZhCn } else { Language::En };
        let (wrong, key) = (String::new(), String::new());
        Self { t, title: t.w("booking-title"), wrong, sends: true, key, links: Vec::new(), other }
    }

    fn html(&self) -> Html<String> {
        Html(self.render().expect("templates fail only where a value does"))
    }
}

fn chosen(tag: Option<&str>, headers: &HeaderMap) -> Language {
    tag.and_then(Language::from_tag).unwrap_or_else(|| language(headers))
}

/// Shows the form that asks who somebody is.
pub(super) async fn show(asked: Asked, headers: HeaderMap, Query(look): Query<Look>) -> Response {
    let page = Main::new(chosen(look.lang.as_deref(), &headers));
    Main { sends: asked.site.app.sends_codes(), ..page }.html().into_response()
}

/// Takes in who somebody is, and shows the form that takes the code, whoever it is.
pub(super) async fn ask(asked: Asked, headers: HeaderMap, Form(form): Form<Who>) -> Response {
    let language = chosen(form.lang.as_deref(), &headers);
    let (app, now) = (asked.site.app.clone(), asked.site.clock.now());
    if !app.sends_codes() {
        return Main { sends: false, ..Main::new(language) }.html().into_response();
    }
    if form.who.trim().is_empty() {
        let page = Main::new(language);
        let wrong = page.t.w("booking-sign-in-empty");
        return (StatusCode::UNPROCESSABLE_ENTITY, Main { wrong, ..page }.html()).into_response();
    }
    if !asked.site.desk.booking.may_send(asked.network) {
        return refused_for_now(plain(language, "booking-too-often"));
    }
    let key = match app.begin_sign_in(now).await {
        Ok(key) => key,
        Err(error) => return failed(&error, &headers),
    };
    let (mine, who) = (key.clone(), form.who);
    // Looking somebody up takes longer where there is somebody: the answer does not wait for it.
    tokio::spawn(async move {
        if let Err(error) = app.send_code(&mine, &who, now).await {
            let said = error.to_string();
            let said = crate::mail::mask::addresses(&said);
            tracing::error!(error = %said, "a code could not be sent");
        }
    });
    Main { key, ..Main::new(language) }.html().into_response()
}

/// Takes the code. A right one leads to the booking page, or to a choice of campaigns.
pub(super) async fn code(asked: Asked, headers: HeaderMap, Form(form): Form<Tried>) -> Response {
    let language = chosen(form.lang.as_deref(), &headers);
    let now = asked.site.clock.now();
    let done = if form.key.len() <= KEY_MAX {
        asked.site.app.end_sign_in(&form.key, &form.code, now).await
    } else {
        Ok(SignedIn::Over)
    };
    let page = Main::new(language);
    let at = |token: &str| format!("/b/{token}?lang={}", language.tag());
    match done {
        Ok(SignedIn::Links(links)) => match links.as_slice() {
            [] => plain(language, "booking-sign-in-nothing").into_response(),
            [(_, token)] => Redirect::to(&at(token)).into_response(),
            all => {
                let link = |(name, token): &(String, String)| (harmless(name), at(token));
                Main { links: all.iter().map(link).collect(), ..page }.html().into_response()
            }
        },
        Ok(SignedIn::Wrong) => {
            asked.site.desk.booking.was_wrong(asked.network);
            let wrong = page.t.w("booking-sign-in-wrong");
            let page = Main { wrong, key: form.key, ..page };
            (StatusCode::UNPROCESSABLE_ENTITY, page.html()).into_response()
        }
        Ok(SignedIn::Over) => {
            asked.site.desk.booking.was_wrong(asked.network);
            let wrong = page.t.w("booking-sign-in-over");
            (StatusCode::UNPROCESSABLE_ENTITY, Main { wrong, ..page }.html()).into_response()
        }
        Err(error) => failed(&error, &headers),
    }
}
