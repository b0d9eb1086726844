//! The bulletin that a director signs (日报, 周报, 通报): one A4 page for each campaign, as a page, a workbook or CSV.

use super::asked_days::parse_day;
use super::home::stand;
use super::page::{Page, Refusal, address, framed};
use super::page_context::{PageContext, default_day};
use super::source::AskedSite;
use super::table::{Cell, Table, Value};
use super::table_view::PAGE_ROWS;
use super::visitor::Visitor;
use super::words::T;
use crate::app::reports::bulletin_form::{BulletinForm, FormValue, bulletin_book};
use crate::domain::bulletin::{BulletinKind, KINDS};
use crate::mail::render;
use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::Deserialize;

/// The most rows of a page's tables together: the page stays below 100 KB. Files have all.
const ROWS_MAX: usize = 100;
/// The least that each table of several has.
const ROWS_MIN: usize = 10;

#[derive(Deserialize)]
pub(super) struct Which {
    kind: Option<String>,
    #[serde(rename = "as-of")]
    as_of: Option<String>,
    #[serde(rename = "known-on")]
    known_on: Option<String>,
    file: Option<String>,
}

/// One bulletin on the page.
struct Sheet {
    form: BulletinForm,
    table: Table,
    chart: String,
}

#[derive(Template)]
#[template(path = "web/bulletin.html")]
struct Main {
    t: T,
    title: String,
    action: String,
    day: String,
    /// The day at whose end the figures were known; empty for now.
    known: String,
    kinds: Vec<(&'static str, String, bool)>,
    sheets: Vec<Sheet>,
    /// Addresses of the files, with their names.
    files: Vec<(String, &'static str)>,
    /// Where the other bulletins are: of all campaigns, or of one.
    others: Vec<(String, String)>,
    empty: String,
}

fn kind_of(t: T, which: &Which) -> Result<BulletinKind, Refusal> {
    match which.kind.as_deref() {
        None | Some("") => Ok(BulletinKind::Daily),
        Some(word) => {
            BulletinKind::from_word(word).ok_or_else(|| Refusal::bad(t, t.w("web-bad-address")))
        }
    }
}

/// The day at whose end the figures were known; `None` for what is known now.
fn known_of(t: T, which: &Which) -> Result<Option<NaiveDate>, Refusal> {
    let bad = || Refusal::bad(t, t.w("web-bad-day"));
    let text = which.known_on.as_deref().map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| parse_day(text).ok_or_else(bad)).transpose()
}

/// The same as a part of an address.
fn said(known: Option<NaiveDate>) -> String {
    known.map(|day| format!("&known-on={day}")).unwrap_or_default()
}

/// The bulletin of a campaign.
pub(super) async fn bulletin(
    context: PageContext,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let (kind, known) = (kind_of(t, &which)?, known_of(t, &which)?);
    let found = form(&context, kind, known).await?;
    if let Some(file) = which.file.as_deref() {
        let name = context.loaded.campaign.name.clone();
        let named = format!("{}-{}", context.loaded.campaign.id, context.as_of);
        return file_of(t, (file, kind), &named, &[(name, found)], &context);
    }
    let title = found.title.clone();
    let base = format!("{}&kind={}{}", context.to("bulletin"), kind.word(), said(known));
    let sheets = vec![sheet(&context, (found, known), (String::new(), ROWS_MAX)).await?];
    let all = format!("/bulletin?kind={}&as-of={}{}", kind.word(), context.as_of, said(known));
    let main = Main {
        t,
        title: title.clone(),
        action: address(&context.loaded, "bulletin", None),
        day: context.as_of.to_string(),
        known: known.map(|day| day.to_string()).unwrap_or_default(),
        kinds: kinds(t, kind),
        files: files(&base),
        others: vec![(all, t.w("web-bulletin-all"))],
        sheets,
        empty: String::new(),
    };
    let page = Page::new(title, "bulletin", &main);
    let tables = main.sheets.into_iter().map(|sheet| sheet.table).collect();
    Ok(context.show(page.with(tables)))
}

/// The bulletins of all open campaigns; where all are over, of all.
pub(super) async fn all(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let (kind, known_on) = (kind_of(t, &which)?, known_of(t, &which)?);
    let now = site.clock.now();
    let bad = || Refusal::bad(t, t.w("web-bad-day"));
    let asked = match which.as_of.as_deref() {
        None | Some("") => None,
        Some(text) => Some(parse_day(text).ok_or_else(bad)?),
    };
    let known = site.app.campaigns().await.map_err(|error| Refusal::of(t, &error))?;
    let any_open = known.iter().any(|loaded| loaded.is_open);
    let shown = known.iter().filter(|loaded| loaded.is_open || !any_open).count();
    let rows_max = (ROWS_MAX / shown.max(1)).max(ROWS_MIN);
    let (mut sheets, mut forms, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let (mut newest, mut last): (Option<NaiveDate>, Option<PageContext>) = (None, None);
    for loaded in known.iter().filter(|loaded| loaded.is_open || !any_open) {
        let loaded = loaded.seen_by(visitor.actor());
        if loaded.campaign.areas.is_empty() {
            continue;
        }
        newest = newest.max(Some(default_day(&loaded, now)));
        let mut context = PageContext::about((&site, &visitor), loaded, &headers, now);
        if let Some(day) = asked {
            context.as_of = day.min(context.today());
        }
        let found = form(&context, kind, known_on).await?;
        let name = context.loaded.campaign.name.clone();
        let more = said(known_on);
        let to = format!("{}&kind={}{more}", context.to("bulletin"), kind.word());
        others.push((to, name.clone()));
        if which.file.is_none() {
            let ending = format!("-{}", sheets.len() + 1);
            sheets.push(sheet(&context, (found, known_on), (ending, rows_max)).await?);
        } else {
            forms.push((name, found));
        }
        last = Some(context);
    }
    let day = asked.or(newest).map(|day| day.to_string()).unwrap_or_default();
    if let (Some(file), Some(context)) = (which.file.as_deref(), &last) {
        return file_of(t, (file, kind), &day, &forms, context);
    }
    let title = t.w("web-bulletins");
    let main = Main {
        t,
        title: title.clone(),
        action: "/bulletin".to_owned(),
        day: day.clone(),
        known: known_on.map(|day| day.to_string()).unwrap_or_default(),
        kinds: kinds(t, kind),
        files: files(&format!("/bulletin?as-of={day}&kind={}{}", kind.word(), said(known_on))),
        empty: if sheets.is_empty() { t.w("web-no-campaign") } else { String::new() },
        sheets,
        others,
    };
    let page = Page::new(title, "bulletin", &main);
    let page = page.with(main.sheets.into_iter().map(|sheet| sheet.table).collect());
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}

async fn form(
    context: &PageContext,
    kind: BulletinKind,
    known_on: Option<NaiveDate>,
) -> Result<BulletinForm, Refusal> {
    let t = context.t();
    if let Some(known_on) = known_on.filter(|known_on| *known_on < context.as_of) {
        let days: [(&str, &dyn std::fmt::Display); 2] =
            [("day", &context.as_of), ("known", &known_on)];
        return Err(Refusal::bad(t, t.say("bulletin-known-before", &days)));
    }
    let key = format!("bulletin/{}/{}{}", kind.word(), t.tag(), said(known_on));
    let read = move |context: PageContext| async move {
        let (app, loaded, today) = (context.app(), &context.loaded, context.today());
        let asked = (kind, context.as_of);
        let found = match known_on {
            Some(known_on) => app.bulletin_then(loaded, asked, (known_on, today)).await?,
            None => app.bulletin(loaded, asked, today).await?,
        };
        Ok(BulletinForm::new(&context.loaded, &found, t.0))
    };
    Ok(BulletinForm::clone(&*context.cached(&key, read).await?))
}

async fn sheet(
    context: &PageContext,
    (form, known_on): (BulletinForm, Option<NaiveDate>),
    (ending, rows_max): (String, usize),
) -> Result<Sheet, Refusal> {
    let t = context.t();
    // The chart shows what is known now.
    let chart = if known_on.is_some() {
        String::new()
    } else {
        let found = stand(context).await?;
        let draw =
            |_| async move { Ok(render::chart(&found.overview.summary, &found.prospect, t.0)) };
        String::clone(&*context.cached(&format!("chart/{}", t.tag()), draw).await?)
    };
    let mut table = table(t, &form, &format!("bulletin{ending}"));
    // What is signed is whole: a table that has several pages elsewhere is one here, without links.
    table.is_plain = table.rows.len() > PAGE_ROWS;
    if table.rows.len() > rows_max {
        table.note = t.say("web-more-rows", &[("count", &(table.rows.len() - rows_max))]);
        table.rows.truncate(rows_max);
    }
    Ok(Sheet { form, table, chart })
}

fn kinds(t: T, chosen: BulletinKind) -> Vec<(&'static str, String, bool)> {
    let one = |kind: BulletinKind| {
        (kind.word(), t.w(&format!("bulletin-kind-{}", kind.word())), kind == chosen)
    };
    KINDS.into_iter().map(one).collect()
}

fn files(base: &str) -> Vec<(String, &'static str)> {
    vec![(format!("{base}&file=xlsx"), "Excel"), (format!("{base}&file=csv"), "CSV")]
}

fn table(t: T, form: &BulletinForm, id: &str) -> Table {
    let heads: Vec<String> = form
        .columns
        .iter()
        .zip(&form.heads)
        .map(|(column, head)| format!("{}{head}", if *column == "area" { "" } else { "#" }))
        .collect();
    let mut table = Table::new(id, form.title.clone(), &heads);
    let cell = |value: &FormValue| match value {
        FormValue::Name(name, code) => Cell::named(name.clone(), code.clone()).heading(),
        FormValue::Count(count) => Cell::count(*count),
        FormValue::Percent(share) => {
            Cell { value: Value::Percent(share.shown()), ..Cell::number(t.percent(Some(*share))) }
        }
        other => Cell::number(form.shown(other)),
    };
    table.rows = form.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    table
}

/// The bulletins as a file: a workbook with a sheet for each, or CSV one below the other.
fn file_of(
    t: T,
    (file, kind): (&str, BulletinKind),
    named: &str,
    forms: &[(String, BulletinForm)],
    context: &PageContext,
) -> Result<Response, Refusal> {
    let (media, bytes) = match file {
        "xlsx" => {
            let zone = context.loaded.campaign.timezone;
            let made_at = context.now.with_timezone(&zone).naive_local();
            let book = bulletin_book(forms, made_at);
            let book = book.map_err(|_| Refusal::bad(t, t.w("web-table-too-long")))?;
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", book)
        }
        "csv" => {
            let all: String = forms.iter().map(|(_, form)| form.csv()).collect();
            ("text/csv; charset=utf-8", all.into_bytes())
        }
        _ => return Err(Refusal::bad(t, t.w("web-bad-address"))),
    };
    let name = format!("{}-{named}.{file}", kind.word());
    let named = format!("attachment; filename=\"{name}\"");
    let heads = [(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, named)];
    Ok((heads, bytes).into_response())
}
