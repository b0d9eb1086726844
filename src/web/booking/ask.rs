//! The page on which somebody asks to be put into the register. It says the same to everybody.

use super::super::asked_days::parse_day;
use super::page::{failed, plain};
use super::{Asked, refused_for_now};
use crate::domain::booking::RegisterRequest;
use crate::domain::campaign::Language;
use crate::domain::phone::PhoneNumber;
use crate::text::harmless;
use crate::web::login_page::language;
use crate::web::words::T;
use askama::Template;
use axum::extract::{Form, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;

/// The most characters of a name and of an area.
const NAME_MAX: usize = 60;
const AREA_MAX: usize = 100;
/// The first year of birth that is believed.
const BORN_LEAST: i32 = 1900;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Look {
    lang: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Filled {
    #[serde(default)]
    name: String,
    #[serde(default)]
    born: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    phone: String,
    lang: Option<String>,
}

#[derive(Template)]
#[template(path = "booking/ask.html")]
struct Main {
    t: T,
    title: String,
    wrong: String,
    filled: Filled,
    other: Language,
}

fn form(language: Language, filled: Filled, wrong: &str) -> Html<String> {
    let t = T(language);
    let other = if language == Language::En { Language::ZhCn } else { Language::En };
    let wrong = if wrong.is_empty() { String::new() } else { t.w(wrong) };
    let page = Main { t, title: t.w("booking-ask-title"), wrong, filled, other };
    Html(page.render().expect("templates fail only where a value does"))
}

fn chosen(tag: Option<&str>, headers: &HeaderMap) -> Language {
    tag.and_then(Language::from_tag).unwrap_or_else(|| language(headers))
}

/// Shows the form.
pub(super) async fn show(headers: HeaderMap, Query(look): Query<Look>) -> Response {
    let language = chosen(look.lang.as_deref(), &headers);
    form(language, Filled::default(), "").into_response()
}

/// Takes the form in.
pub(super) async fn send(asked: Asked, headers: HeaderMap, Form(filled): Form<Filled>) -> Response {
    let language = chosen(filled.lang.as_deref(), &headers);
    let now = asked.site.clock.now();
    let request = match request(&filled, now.date_naive()) {
        Ok(request) => request,
        Err(wrong) => {
            let page = form(language, filled, wrong);
            return (StatusCode::UNPROCESSABLE_ENTITY, page).into_response();
        }
    };
    if !asked.site.desk.booking.may_send(asked.network) {
        return refused_for_now(plain(language, "booking-too-often"));
    }
    match asked.site.app.ask_to_be_registered(&request, now).await {
        Ok(()) => plain(language, "booking-ask-done").into_response(),
        Err(error) => failed(&error, &headers),
    }
}

/// What was filled in; the message of the catalogue where it cannot be.
fn request(filled: &Filled, today: NaiveDate) -> Result<RegisterRequest, &'static str> {
    let text = |text: &str, most: usize| {
        let text = harmless(text.trim());
        (!text.is_empty() && text.chars().count() <= most).then_some(text)
    };
    let name = text(&filled.name, NAME_MAX).ok_or("booking-ask-no-name")?;
    let born = parse_day(filled.born.trim());
    let born = born.filter(|born| born.year() >= BORN_LEAST && *born <= today);
    let born = born.ok_or("booking-ask-no-born")?;
    let area = text(&filled.area, AREA_MAX).ok_or("booking-ask-no-area")?;
    let phone = PhoneNumber::parse(&filled.phone).map_err(|_| "booking-ask-no-phone")?;
    Ok(RegisterRequest { name, born, area, phone: phone.digits().to_owned(), made_at: 0 })
}
