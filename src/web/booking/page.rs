//! The page that a link opens: the appointments of a household, and what can be done with each.

use super::super::asked_days::parse_day;
use super::Asked;
use crate::app::booking::{BookingPage, Choice, Done, Member, Shown, Wish};
use crate::domain::booking::{Answer, SlotTime};
use crate::domain::campaign::Language;
use crate::domain::id::PlaceCode;
use crate::mail::render::texts;
use crate::text::harmless;
use crate::web::login_page::language;
use crate::web::words::T;
use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What pages say after an act, by the word in their address.
const SAID: [&str; 6] = ["confirmed", "taken", "cancelled", "waiting", "left", "already"];
/// The most characters of a token that is looked at.
const TOKEN_MAX: usize = 64;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Look {
    #[serde(default)]
    m: usize,
    from: Option<String>,
    lang: Option<String>,
    said: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Act {
    #[serde(default)]
    m: usize,
    lang: Option<String>,
    #[serde(rename = "act")]
    what: String,
    #[serde(default)]
    seat: String,
}

/// An appointment in words.
struct Told {
    when: String,
    place: String,
    address: String,
    phone: String,
    answer: &'static str,
}

/// The slots of one place and day.
struct Group {
    label: String,
    seats: Vec<(String, String)>,
}

/// A link to a member of the household.
struct Tab {
    name: String,
    href: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "booking/page.html")]
struct Main<'a> {
    t: T,
    title: String,
    page: &'a BookingPage,
    member: &'a Member,
    dose: String,
    told: Option<Told>,
    refused: String,
    said: String,
    wrong: String,
    tabs: Vec<Tab>,
    groups: Vec<Group>,
    later: String,
    other: (String, Language),
}

#[derive(Template)]
#[template(path = "booking/plain.html")]
struct Plain {
    t: T,
    title: String,
    text: String,
}

/// A page that says one thing.
pub(super) fn plain(language: Language, key: &str) -> Html<String> {
    let t = T(language);
    let page = Plain { t, title: t.w("booking-title"), text: t.w(key) };
    Html(page.render().expect("templates fail only where a value does"))
}

/// What is not there: it says the same of whatever is asked for.
pub(super) async fn nothing(headers: HeaderMap) -> Response {
    (StatusCode::NOT_FOUND, plain(language(&headers), "booking-unknown")).into_response()
}

/// That a form or an address cannot be read. `asked`: the language that the address names.
pub(super) fn unread(asked: Option<Language>, headers: &HeaderMap) -> Html<String> {
    plain(asked.unwrap_or_else(|| language(headers)), "booking-unread")
}

/// That a network asks too often.
pub(super) fn too_often(headers: &HeaderMap) -> Html<String> {
    plain(language(headers), "booking-too-often")
}

/// Shows what a link is for. Programs that look at links of mails change nothing by it.
pub(super) async fn show(
    asked: Asked,
    headers: HeaderMap,
    Path(token): Path<String>,
    Query(look): Query<Look>,
) -> Response {
    let said = look.said.as_deref().filter(|said| SAID.contains(said)).map(str::to_owned);
    shown(&asked, &headers, &token, &look, (said, None)).await
}

async fn shown(
    asked: &Asked,
    headers: &HeaderMap,
    token: &str,
    look: &Look,
    (said, wrong): (Option<String>, Option<String>),
) -> Response {
    let from = look.from.as_deref().and_then(parse_day);
    let now = asked.site.clock.now();
    let found = if token.len() <= TOKEN_MAX {
        asked.site.app.booking_page(token, (look.m, from), now).await
    } else {
        Ok(None)
    };
    match found {
        Ok(Some(page)) => {
            let language = chosen(look.lang.as_deref()).unwrap_or(page.language);
            let status = if wrong.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
            (status, html(token, &page, language, (said, wrong))).into_response()
        }
        Ok(None) => {
            asked.site.desk.booking.was_wrong(asked.network);
            let language = chosen(look.lang.as_deref()).unwrap_or_else(|| language(headers));
            (StatusCode::NOT_FOUND, plain(language, "booking-unknown")).into_response()
        }
        Err(error) => failed(&error, headers),
    }
}

pub(super) fn failed(error: &crate::app::AppError, headers: &HeaderMap) -> Response {
    let said = error.to_string();
    let said = crate::mail::mask::addresses(&said);
    tracing::error!(error = %said, "a booking page could not be made");
    (StatusCode::SERVICE_UNAVAILABLE, plain(language(headers), "booking-later")).into_response()
}

fn chosen(tag: Option<&str>) -> Option<Language> {
    tag.and_then(Language::from_tag)
}

/// Does what the form asks for, and leads back to the page, so that loading it again does nothing twice.
pub(super) async fn act(
    asked: Asked,
    headers: HeaderMap,
    Path(token): Path<String>,
    Form(form): Form<Act>,
) -> Response {
    let look = Look { m: form.m, lang: form.lang.clone(), ..Look::default() };
    let Some((wish, word)) = wish(&form) else {
        return shown(&asked, &headers, &token, &look, (None, Some("not-offered".into()))).await;
    };
    let (app, now) = (&asked.site.app, asked.site.clock.now());
    match app.book(&token, form.m, &wish, now).await {
        Ok(Done::Done) => back(&token, &look, word),
        Ok(Done::Already) => back(&token, &look, "already"),
        Ok(Done::Refused(why)) => {
            shown(&asked, &headers, &token, &look, (None, Some(why.to_string()))).await
        }
        Ok(Done::Unknown) => {
            asked.site.desk.booking.was_wrong(asked.network);
            let language = chosen(look.lang.as_deref()).unwrap_or_else(|| language(&headers));
            (StatusCode::NOT_FOUND, plain(language, "booking-unknown")).into_response()
        }
        Err(error) => failed(&error, &headers),
    }
}

/// What a form asks for, and the word for it when it is done.
fn wish(form: &Act) -> Option<(Wish, &'static str)> {
    match form.what.as_str() {
        "confirm" => Some((Wish::Confirm, "confirmed")),
        "cancel" => Some((Wish::Cancel, "cancelled")),
        "wait" => Some((Wish::Wait, "waiting")),
        "leave" => Some((Wish::Leave, "left")),
        "take" => {
            let mut parts = form.seat.splitn(3, ' ');
            let (day, slot, place) = (parts.next()?, parts.next()?, parts.next()?);
            let slot = if slot == "-" { None } else { Some(SlotTime::parse(slot)?) };
            let place = PlaceCode::new(place);
            Some((Wish::Take((parse_day(day)?, place, slot)), "taken"))
        }
        _ => None,
    }
}

fn back(token: &str, look: &Look, said: &str) -> Response {
    let lang = look.lang.as_deref().and_then(Language::from_tag);
    let lang = lang.map(|lang| format!("&lang={}", lang.tag())).unwrap_or_default();
    Redirect::to(&format!("/b/{token}?m={}&said={said}{lang}", look.m)).into_response()
}

/// A day in words.
fn date(day: NaiveDate, language: Language) -> String {
    texts::day(day, language).forms.swap_remove(0)
}

fn when(shown: &Shown, language: Language) -> String {
    let day = date(shown.day, language);
    match shown.time {
        Some((from, until)) => format!("{day} {from}–{}", until.format("%H:%M")),
        None => day,
    }
}

fn told(shown: &Shown, language: Language) -> Told {
    let text = |text: &Option<String>| text.as_deref().map(harmless).unwrap_or_default();
    Told {
        when: when(shown, language),
        place: harmless(&shown.place_name),
        address: text(&shown.address),
        phone: text(&shown.phone),
        answer: shown.answer.map_or("", Answer::word),
    }
}

fn groups(t: T, choices: &[Choice]) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::new();
    let mut of_last = None;
    // Days have the same hours, mostly with as many seats: what is said once need not be put into words again.
    let mut said: BTreeMap<(String, u64), String> = BTreeMap::new();
    for choice in choices {
        let of = &choice.shown;
        let session = (of.day, &of.place_name);
        if of_last != Some(session) {
            let label = format!("{} {}", date(of.day, t.0), harmless(&of.place_name));
            out.push(Group { label, seats: Vec::new() });
            of_last = Some(session);
        }
        let slot = of.time.map_or_else(|| "-".to_owned(), |(from, _)| from.to_string());
        let time = match of.time {
            Some((from, until)) => format!("{from}–{}", until.format("%H:%M")),
            None => String::new(),
        };
        let shown = said.entry((time, choice.free)).or_insert_with_key(|(time, free)| {
            let time = if time.is_empty() { t.w("booking-whole-day") } else { time.clone() };
            t.say("booking-free", &[("time", &time), ("free", free)])
        });
        if let Some(group) = out.last_mut() {
            group.seats.push((format!("{} {slot} {}", of.day, of.place), shown.clone()));
        }
    }
    out
}

fn html(
    token: &str,
    page: &BookingPage,
    language: Language,
    (said, wrong): (Option<String>, Option<String>),
) -> Html<String> {
    let t = T(language);
    let lang = language.tag();
    let member = &page.members[page.at];
    let tab = |(at, one): (usize, &Member)| Tab {
        name: harmless(&one.name),
        href: format!("/b/{token}?m={at}&lang={lang}"),
        here: at == page.at,
    };
    let other = if language == Language::En { Language::ZhCn } else { Language::En };
    let later = page.later.map(|day| format!("/b/{token}?m={}&from={day}&lang={lang}", page.at));
    let main = Main {
        t,
        title: t.w("booking-title"),
        page,
        member,
        dose: if member.dose > 0 { t.dose(member.dose) } else { String::new() },
        told: member.appointment.as_ref().map(|held| told(held, language)),
        refused: member.refused.map(|why| t.w(&format!("booking-no-{why}"))).unwrap_or_default(),
        said: said.map(|said| t.w(&format!("booking-said-{said}"))).unwrap_or_default(),
        wrong: wrong.map(|why| t.w(&format!("booking-no-{why}"))).unwrap_or_default(),
        tabs: page.members.iter().enumerate().map(tab).collect(),
        groups: groups(t, &page.choices),
        later: later.unwrap_or_default(),
        other: (format!("/b/{token}?m={}&lang={}", page.at, other.tag()), other),
    };
    Html(main.render().expect("templates fail only where a value does"))
}
