//! Parts of pages: words, tables, the frame with the navigation, refusals.

pub(super) use super::navigation::address;
use super::navigation::{Navigation, navigation};
use super::powers::power_of;
use super::table::Table;
use super::table_show;
use super::table_view::Address;
use super::visitor::Visitor;
use super::words::T;
pub(super) use super::words::encoded;
use crate::app::{AppError, Loaded};
use crate::domain::campaign::Language;
use crate::domain::permission::may;
use crate::text;
use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, LazyLock};

/// The address of the style sheet. It contains the file's hash, so that browsers may cache it for ever.
pub(super) static STYLE: LazyLock<String> =
    LazyLock::new(|| asset("style", include_bytes!("assets/style.css"), "css"));
/// The address of the script.
pub(super) static SCRIPT: LazyLock<String> =
    LazyLock::new(|| asset("doseplan", include_bytes!("assets/doseplan.js"), "js"));

fn asset(name: &str, bytes: &[u8], ending: &str) -> String {
    format!("/assets/{name}-{}.{ending}", &text::hex(&Sha256::digest(bytes))[..12])
}

/// The part of a page inside the frame.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    /// Title of the window.
    pub(super) title: String,
    /// The content, as HTML.
    pub(super) main: String,
    /// Key of the page in the navigation.
    pub(super) here: &'static str,
    /// Seconds after which the page refreshes its figures; 0 for never.
    pub(super) live_secs: u32,
    /// A confirmation to show; empty for none.
    pub(super) flash: String,
    /// The tables whose marks stand in the content.
    pub(super) tables: Arc<Vec<Table>>,
}

impl Page {
    /// A page with the output of a template.
    pub(super) fn new(title: String, here: &'static str, main: &impl Template) -> Self {
        let main = main.render().expect("templates fail only where a value does");
        Self { title, main, here, ..Self::default() }
    }

    /// The same page with the tables whose marks stand in it.
    pub(super) fn with(self, tables: Vec<Table>) -> Self {
        Self { tables: Arc::new(tables), ..self }
    }

    /// The content with its tables as an address shows them.
    fn filled(&self, t: T, address: &Address) -> String {
        self.tables.iter().fold(self.main.clone(), |main, table| {
            main.replace(&table.mark(), &table_show::html(t, table, address))
        })
    }
}

#[derive(Template)]
#[template(path = "web/layout.html")]
struct Frame<'a> {
    t: T,
    title: &'a str,
    style: &'a str,
    script: &'a str,
    campaign: &'a str,
    nav: Navigation,
    /// Where the search box leads; empty where there is no campaign.
    search: String,
    other_href: String,
    other_tag: &'static str,
    other_name: String,
    who: &'a str,
    role: String,
    csrf: String,
    live_secs: u32,
    refresh_secs: u32,
    /// The page's own address, by which a refresh without JavaScript can be told from a click.
    refresh_to: String,
    etag: &'a str,
    flash: &'a str,
    main: &'a str,
}

/// An `ETag`: the hash of the page's content, in quotes.
fn tag_of(main: &str) -> String {
    let hash = Sha256::digest(main.as_bytes());
    format!("\"{}\"", &text::hex(&hash)[..24])
}

/// The address with which a page refreshes itself.
fn refreshed(here: &str) -> String {
    let mark = super::visitor::REFRESHED;
    if here.contains(mark) {
        return here.to_owned();
    }
    format!("{here}{}{mark}", if here.contains('?') { '&' } else { '?' })
}

/// The whole page in its frame. A page that refreshes itself is not sent again while its `ETag` stays the same.
pub(super) fn framed(
    visitor: Option<&Visitor>,
    (t, here): (T, &str),
    of: Option<(&Loaded, Option<NaiveDate>)>,
    page: &Page,
    headers: &HeaderMap,
) -> Response {
    let at = Address::of(here);
    if let Some(file) = table_show::file(t, &page.tables, &at, of.and_then(|(_, day)| day)) {
        return file;
    }
    let main = page.filled(t, &at);
    let etag = tag_of(&main);
    let same =
        headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == etag.as_bytes());
    if page.live_secs > 0 && same {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let opens =
        |path: &str| visitor.is_some_and(|visitor| may(visitor.actor(), power_of(path)).is_ok());
    let nav = navigation(t, page.here, of, opens);
    let other = if t.0 == Language::En { Language::ZhCn } else { Language::En };
    let frame = Frame {
        t,
        title: &page.title,
        style: &STYLE,
        script: &SCRIPT,
        campaign: of.map_or("", |(loaded, _)| &loaded.campaign.name),
        nav,
        search: match (of, visitor) {
            (Some((loaded, _)), Some(visitor)) => {
                format!("{}?csrf={}", address(loaded, "search", None), visitor.csrf())
            }
            _ => String::new(),
        },
        other_href: format!("/language?to={}&back={}", other.tag(), encoded(here)),
        other_tag: other.tag(),
        other_name: T(other).w("web-language"),
        who: visitor.map_or("", |visitor| &visitor.account.name),
        role: visitor.map(|v| t.w(&format!("role-{}", v.account.role.word()))).unwrap_or_default(),
        csrf: visitor.map(Visitor::csrf).unwrap_or_default(),
        live_secs: page.live_secs,
        refresh_secs: (page.live_secs * 2).max(3),
        refresh_to: refreshed(here),
        etag: &etag,
        flash: &page.flash,
        main: &main,
    };
    let html = frame.render().expect("templates fail only where a value does");
    ([(header::ETAG, etag.clone())], Html(html)).into_response()
}

/// Why a page is not shown.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    language: Language,
    text: String,
}

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage<'a> {
    t: T,
    title: String,
    style: &'a str,
    text: &'a str,
}

impl Refusal {
    /// A refusal with a message of the catalogue.
    pub(super) fn new(status: StatusCode, t: T, key: &str) -> Self {
        Self { status, language: t.0, text: t.w(key) }
    }

    /// Not found.
    pub(super) fn absent(t: T) -> Self {
        Self::new(StatusCode::NOT_FOUND, t, "web-absent")
    }

    /// A bad request; `text` says what is wrong.
    pub(super) fn bad(t: T, text: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, language: t.0, text }
    }

    /// The refusal for an error of the app. What the visitor can act on is told; faults are logged.
    pub(super) fn of(t: T, error: &AppError) -> Self {
        match error {
            AppError::NoCampaign | AppError::UnknownCampaign { .. } => Self::absent(t),
            AppError::Denied(_) => {
                Self { status: StatusCode::FORBIDDEN, language: t.0, text: error.words(t.0) }
            }
            AppError::TooMany => Self {
                status: StatusCode::TOO_MANY_REQUESTS,
                language: t.0,
                text: error.words(t.0),
            },
            AppError::Refused(_) | AppError::Files(_) => {
                Self { status: StatusCode::CONFLICT, language: t.0, text: error.words(t.0) }
            }
            other => {
                let said = other.to_string();
                let said = crate::mail::mask::addresses(&said);
                tracing::error!(error = %said, "a page could not be made");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, t, "web-fault")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let t = T(self.language);
        let title = t.w(match self.status {
            StatusCode::NOT_FOUND => "web-title-absent",
            StatusCode::FORBIDDEN => "web-title-forbidden",
            _ => "web-title-refused",
        });
        let page = ErrorPage { t, title, style: &STYLE, text: &self.text };
        let html = page.render().expect("templates fail only where a value does");
        (self.status, Html(html)).into_response()
    }
}

/// The fields of a form once more, for the form that confirms what it asked for.
pub(super) fn confirming(
    what: &str,
    given: &[(&'static str, &Option<String>)],
) -> Vec<(&'static str, String)> {
    let mut out = vec![("do", what.to_owned()), ("sure", "yes".to_owned())];
    for (name, value) in given {
        out.extend(value.as_ref().map(|value| (*name, value.clone())));
    }
    out
}
