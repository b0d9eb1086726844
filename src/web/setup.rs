//! A new campaign from its basics, and workbooks both ways: an empty one, that of a campaign, an uploaded one again.

use super::Site;
use super::asked_days::parse_day;
use super::page::{Page, Refusal, encoded, framed};
use super::page_context::PageContext;
use super::source::AskedSite;
use super::upload::XLSX;
use super::visitor::Visitor;
use super::words::T;
use crate::app::AppError;
use crate::domain::campaign::Adopt;
use crate::domain::contact::Contact;
use crate::domain::id::CampaignId;
use crate::domain::series::{Duration, Series};
use crate::domain::setup::{BasicGroup, Basics};
use crate::text::harmless;
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Rows of groups in the form.
const GROUPS: usize = 5;
/// The longest text of a field.
const TEXT_CHARS_MAX: usize = 80;
const ID_CHARS_MAX: usize = 40;

/// A row of the form: name, ages, unit, target.
struct GroupRow {
    number: usize,
    name: String,
    min: String,
    max: String,
    months: bool,
    target: String,
}

#[derive(Template)]
#[template(path = "web/setup.html")]
struct Main {
    t: T,
    wrong: Vec<String>,
    action: String,
    id: String,
    name: String,
    start: String,
    end: String,
    /// Id, name, whether it is chosen.
    series: Vec<(String, String, bool)>,
    asks: bool,
    coordinator: String,
    email: String,
    groups: Vec<GroupRow>,
}

/// What was typed, by the names of the fields.
type Typed = BTreeMap<String, String>;

/// The form.
pub(super) async fn form(Extension(visitor): Extension<Visitor>, headers: HeaderMap) -> Response {
    show(&visitor, &headers, &Typed::new(), Vec::new())
}

/// The series that a campaign may follow: those of one vaccine.
fn series() -> impl Iterator<Item = &'static Series> {
    crate::intake::series::all().iter().filter(|series| series.id.as_str() != "catch-up")
}

fn show(visitor: &Visitor, headers: &HeaderMap, typed: &Typed, wrong: Vec<String>) -> Response {
    let t = visitor.t();
    let of = |key: &str| typed.get(key).cloned().unwrap_or_default();
    let chosen = of("series");
    let choice = |one: &Series| {
        let id = one.id.to_string();
        let is_chosen = id == chosen;
        (id, one.name.clone(), is_chosen)
    };
    let row = |number: usize| GroupRow {
        number,
        name: of(&format!("name{number}")),
        min: of(&format!("min{number}")),
        max: of(&format!("max{number}")),
        months: of(&format!("unit{number}")) == "months",
        target: of(&format!("target{number}")),
    };
    let main = Main {
        t,
        wrong,
        action: format!("/new?csrf={}", visitor.csrf()),
        id: of("id"),
        name: of("name"),
        start: of("start"),
        end: of("end"),
        series: series().map(choice).collect(),
        asks: of("adopt") != "auto",
        coordinator: of("coordinator"),
        email: of("email"),
        groups: (1..=GROUPS).map(row).collect(),
    };
    let page = Page::new(t.w("web-setup"), "upload", &main);
    framed(Some(visitor), (t, "/new"), None, &page, headers)
}

/// Makes the campaign's workbook and leads to the page that checks and applies it.
pub(super) async fn make(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let basics = match basics(&site, &visitor, &typed).await {
        Ok(basics) => basics,
        Err(Wrong::Fields(wrong)) => return Ok(show(&visitor, &headers, &typed, wrong)),
        Err(Wrong::App(error)) => return Err(Refusal::of(t, &error)),
    };
    let now = site.clock.now();
    match site.app.keep_basics(&visitor.account, basics, t.0, now).await {
        Ok(id) => Ok(Redirect::to(&format!("/upload/{id}")).into_response()),
        Err(AppError::Refused(said)) => Ok(show(&visitor, &headers, &typed, vec![said.words(t.0)])),
        Err(error) => Err(Refusal::of(t, &error)),
    }
}

/// Why a form makes no campaign.
enum Wrong {
    Fields(Vec<String>),
    App(AppError),
}

/// A text of a form: trimmed, not empty, without anything invisible.
fn text(typed: &Typed, key: &str, chars_max: usize) -> Option<String> {
    let text = typed.get(key)?.trim();
    let is_good = !text.is_empty() && text.chars().count() <= chars_max && harmless(text) == text;
    is_good.then(|| text.to_owned())
}

fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

async fn basics(site: &Site, visitor: &Visitor, typed: &Typed) -> Result<Basics, Wrong> {
    let t = visitor.t();
    let mut wrong = Vec::new();
    let id = text(typed, "id", ID_CHARS_MAX).filter(|id| is_id(id));
    if id.is_none() {
        wrong.push(t.say("web-setup-bad-id", &[("most", &ID_CHARS_MAX)]));
    }
    let name = text(typed, "name", TEXT_CHARS_MAX);
    if name.is_none() {
        wrong.push(t.say("web-setup-bad-name", &[("most", &TEXT_CHARS_MAX)]));
    }
    let day = |key: &str| typed.get(key).and_then(|text| parse_day(text));
    let (start, end) = (day("start"), day("end"));
    if start.is_none() || end.is_none() || end < start {
        wrong.push(t.w("web-setup-bad-days"));
    }
    let chosen = typed.get("series").cloned().unwrap_or_default();
    let found = series().find(|series| series.id.as_str() == chosen);
    if found.is_none() {
        wrong.push(t.w("web-setup-bad-series"));
    }
    let coordinator = coordinator(t, typed, &mut wrong);
    let groups = groups(t, typed, &mut wrong);
    let (Some(id), Some(name), Some(start), Some(end), Some(found), true) =
        (id, name, start, end, found, wrong.is_empty())
    else {
        return Err(Wrong::Fields(wrong));
    };
    let all = site.app.campaigns().await.map_err(Wrong::App)?;
    Ok(Basics {
        id: CampaignId::new(id),
        name,
        timezone: all.first().map_or(chrono_tz::Asia::Shanghai, |one| one.campaign.timezone),
        language: all.first().map_or(t.0, |one| one.campaign.language),
        start,
        end,
        series: found.clone(),
        adopt: if typed.get("adopt").is_some_and(|it| it == "auto") {
            Adopt::Auto
        } else {
            Adopt::Ask
        },
        coordinator,
        groups,
    })
}

fn coordinator(t: T, typed: &Typed, wrong: &mut Vec<String>) -> Option<Contact> {
    let is_blank = |key: &str| typed.get(key).is_none_or(|text| text.trim().is_empty());
    if is_blank("coordinator") && is_blank("email") {
        return None;
    }
    let name = text(typed, "coordinator", TEXT_CHARS_MAX);
    let email = text(typed, "email", 254);
    let is_address = |email: &String| email.parse::<crate::mail::message::Party>().is_ok();
    let is_good = name.is_some() && (is_blank("email") || email.as_ref().is_some_and(is_address));
    if !is_good {
        wrong.push(t.w("web-setup-bad-coordinator"));
        return None;
    }
    Some(Contact { name: name?, email })
}

/// The groups of the rows that have a name.
fn groups(t: T, typed: &Typed, wrong: &mut Vec<String>) -> Vec<BasicGroup> {
    let mut out: Vec<BasicGroup> = Vec::new();
    for number in 1..=GROUPS {
        let of = |key: &str| typed.get(&format!("{key}{number}")).map_or("", |text| text.trim());
        if ["name", "min", "max", "target"].iter().all(|key| of(key).is_empty()) {
            continue;
        }
        let unit = if of("unit") == "months" { "months" } else { "years" };
        let age = |key: &str| match of(key) {
            "" => Ok(None),
            text => text
                .parse::<u16>()
                .ok()
                .and_then(|age| format!("{age} {unit}").parse::<Duration>().ok())
                .map(Some)
                .ok_or(()),
        };
        let target = match of("target").trim_end_matches(['%', '％']) {
            "" => Ok(None),
            text => text
                .parse::<Decimal>()
                .ok()
                .filter(|share| (Decimal::ONE..=Decimal::ONE_HUNDRED).contains(share))
                .map(|share| Some(share / Decimal::ONE_HUNDRED))
                .ok_or(()),
        };
        let name = text(typed, &format!("name{number}"), TEXT_CHARS_MAX);
        let name = name.filter(|name| out.iter().all(|known| known.name != *name));
        match (name, age("min"), age("max"), target) {
            (Some(name), Ok(min_age), Ok(max_age), Ok(target)) => {
                out.push(BasicGroup { name, min_age, max_age, target });
            }
            _ => wrong.push(t.say("web-setup-bad-group", &[("number", &number)])),
        }
    }
    if out.is_empty() && wrong.is_empty() {
        wrong.push(t.w("web-setup-no-group"));
    }
    out
}

/// A workbook as a download.
fn download(name: &str, bytes: Vec<u8>) -> Response {
    let as_file = format!("attachment; filename*=UTF-8''{}", encoded(name));
    let headers = [(header::CONTENT_TYPE, XLSX.to_owned()), (header::CONTENT_DISPOSITION, as_file)];
    (headers, bytes).into_response()
}

/// The workbook of a campaign.
pub(super) async fn workbook(context: PageContext) -> Result<Response, Refusal> {
    let (t, loaded, by) = (context.t(), &context.loaded, context.actor());
    let made = context.app().campaign_workbook(loaded, t.0, by, context.now).await;
    let bytes = made.map_err(|error| context.refusal(&error))?;
    Ok(download(&format!("{}.xlsx", loaded.campaign.id), bytes))
}

/// An empty workbook to fill in.
pub(super) async fn blank(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let made = site.app.blank_workbook(t.0, site.clock.now().naive_utc()).await;
    let bytes = made.map_err(|error| Refusal::of(t, &error))?;
    Ok(download("campaign.xlsx", bytes))
}

/// An uploaded workbook as it is.
pub(super) async fn uploaded(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let found = site.app.upload_file(&visitor.account, &id).await;
    let found = found.map_err(|error| Refusal::of(t, &error))?;
    let (name, bytes) = found.ok_or_else(|| Refusal::absent(t))?;
    Ok(download(&name, bytes))
}
