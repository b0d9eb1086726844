//! The list of campaigns, and closing one that is over.

use super::Site;
use super::asked_days::parse_day;
use super::home::stand;
use super::page::{Page, Refusal, address, encoded, framed};
use super::page_context::PageContext;
use super::powers::power_of;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::{AppError, Loaded};
use crate::domain::count::Percent;
use crate::domain::id::CampaignId;
use crate::domain::permission::may;
use askama::Template;
use axum::Extension;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "web/campaigns.html")]
struct Main {
    t: T,
    table: Table,
    action: String,
    /// Ids and names of campaigns that may be closed.
    open: Vec<(String, String)>,
    /// Those that may be opened again.
    over: Vec<(String, String)>,
    /// Those that a new one can be like.
    all: Vec<(String, String)>,
    /// What was wrong with a new one.
    wrong: String,
}

/// What the form asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Given {
    #[serde(rename = "do")]
    what: String,
    campaign: String,
    /// Of a new one.
    #[serde(default)]
    id: String,
    #[serde(default)]
    start: String,
    #[serde(default)]
    end: String,
}

/// The page.
pub(super) async fn campaigns(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show(&site, &visitor, &headers, String::new()).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    wrong: String,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let all = site.app.campaigns().await.map_err(|error| Refusal::of(t, &error))?;
    let all = all.iter().map(|loaded| loaded.seen_by(visitor.actor()));
    let all: Vec<Loaded> = all.filter(|loaded| !loaded.campaign.areas.is_empty()).collect();
    let (open, over): (Vec<&Loaded>, Vec<&Loaded>) = all.iter().partition(|one| one.is_open);
    let may_plan = may(visitor.actor(), power_of("/campaigns/state")).is_ok();
    let named = |all: &[&Loaded]| {
        let named = |one: &&Loaded| (one.campaign.id.to_string(), one.campaign.name.clone());
        if may_plan { all.iter().map(named).collect() } else { Vec::new() }
    };
    let mut main = Main {
        t,
        table: Table::of(
            t,
            "web-campaigns",
            &["name", "start", "end", "=state", "#doses", "#today", "#done"],
        ),
        action: format!("/campaigns/state?csrf={}", visitor.csrf()),
        open: named(&open),
        over: named(&over),
        all: named(&all.iter().collect::<Vec<_>>()),
        wrong,
    };
    if let Some(head) = main.table.heads.last_mut() {
        head.text = t.w("column-share");
    }
    for loaded in open.into_iter().chain(over) {
        let context =
            PageContext::about((site, visitor), loaded.clone(), headers, site.clock.now());
        main.table.rows.push(line(&context).await?);
    }
    if all.is_empty() {
        main.table.note = t.w("web-no-campaign");
        if may(visitor.actor(), power_of("/upload")).is_ok() {
            main.table.note = format!("{} {}", main.table.note, t.w("web-no-campaign-do"));
        }
    }
    let page = Page::new(t.w("web-campaigns"), "campaigns", &main).with(vec![main.table]);
    Ok(framed(Some(visitor), (t, &visitor.here), None, &page, headers))
}

async fn line(context: &PageContext) -> Result<Vec<Cell>, Refusal> {
    let (t, loaded) = (context.t(), &context.loaded);
    // The figures of the first screen, read once for both.
    let stand = stand(context).await?;
    let summary = &stand.overview.summary;
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let done = Percent::of(signed(summary.progress.done), signed(summary.progress.planned));
    let state = if loaded.is_open { "campaign-open" } else { "campaign-over" };
    let href = address(loaded, "overview", Some(context.as_of));
    Ok(vec![
        Cell::link(loaded.campaign.name.clone(), href).heading(),
        Cell::text(loaded.campaign.start.to_string()),
        Cell::text(loaded.campaign.end.to_string()),
        Cell::text(t.w(state)),
        Cell::count(summary.doses_total),
        if summary.is_unreported() {
            Cell::number(t.w("mail-summary-no-report"))
        } else {
            Cell::count(summary.doses_today)
        },
        Cell::rate(t, done),
    ])
}

/// Closes a campaign or opens it again, where nothing changes if it is so already; or makes one like it.
pub(super) async fn change(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let loaded = site.app.campaign(Some(&given.campaign)).await;
    let loaded = loaded.map_err(|error| Refusal::of(t, &error))?;
    let (by, now) = (visitor.actor(), site.clock.now());
    let changed = match given.what.as_str() {
        "close" => site.app.close_campaign(&loaded, by, now).await,
        "reopen" => site.app.reopen_campaign(&loaded, by, now).await,
        "copy" => {
            let id = CampaignId::new(given.id.trim());
            let days = (parse_day(&given.start), parse_day(&given.end));
            let (Some(start), Some(end)) = days else {
                return Err(Refusal::bad(t, t.w("web-bad-day")));
            };
            match site.app.copy_campaign(&loaded, (&id, start, end), by, now).await {
                Ok(_) => {
                    site.desk.cache.forget();
                    let to = format!("/c/{}", encoded(id.as_str()));
                    return Ok(Redirect::to(&to).into_response());
                }
                Err(AppError::Refused(refused)) => {
                    return show(&site, &visitor, &headers, refused.words(t.0)).await;
                }
                Err(error) => Err(error),
            }
        }
        _ => return Err(Refusal::bad(t, t.w("web-bad-form"))),
    };
    changed.map_err(|error| Refusal::of(t, &error))?;
    site.desk.cache.forget();
    Ok(Redirect::to("/campaigns?done=entered").into_response())
}
