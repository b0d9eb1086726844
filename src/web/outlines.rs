//! The outlines of areas by which maps are drawn: which areas have one, and uploading them as GeoJSON.

use super::Site;
use super::page::{Page, Refusal, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::upload::{file, unreadable};
use super::visitor::Visitor;
use super::words::T;
use crate::app::{AppError, Result};
use crate::domain::audit::Action;
use crate::domain::id::AreaCode;
use crate::domain::jurisdiction::{AreaLevel, AreaRow};
use crate::domain::outline::STORED_CORNERS_MAX;
use crate::intake::outlines::{self as reading, OUTLINES_BYTES_MAX};
use crate::text::{harmless, thousands};
use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::extract::multipart::Multipart;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The largest form: the file and what stands around it.
pub(super) const FORM_MAX: usize = OUTLINES_BYTES_MAX + (64 << 10);
/// Confirmations that the address may ask for.
const DONE: [&str; 3] = ["outlines", "outlines-same", "outlines-gone"];

#[derive(Template)]
#[template(path = "web/outlines.html")]
struct Main {
    t: T,
    wrong: Vec<String>,
    help: String,
    label: String,
    action: String,
    remove: String,
    said: String,
    has_some: bool,
    table: Table,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    done: Option<String>,
}

/// The page.
pub(super) async fn outlines(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> std::result::Result<Response, Refusal> {
    let t = visitor.t();
    let done = asked.done.filter(|done| DONE.contains(&done.as_str()));
    let flash = done.map(|done| t.w(&format!("web-done-{done}"))).unwrap_or_default();
    let page = page(&site, &visitor, Vec::new()).await;
    let page = Page { flash, ..page.map_err(|error| Refusal::of(t, &error))? };
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}

async fn page(site: &Site, visitor: &Visitor, wrong: Vec<String>) -> Result<Page> {
    let t = visitor.t();
    let (known, names) = (site.app.outlines().await?, site.app.area_names().await?);
    let without = without_outline(site).await?;
    let mut table = Table::of(t, "web-outlines-table", &["area", "=outline", "#corners"]);
    for (area, name) in &names {
        let outline = known.get(area);
        if outline.is_none() && without.contains(area) {
            continue;
        }
        let has = t.w(if outline.is_some() { "web-word-yes" } else { "web-word-no" });
        table.rows.push(vec![
            Cell::named(harmless(name), area.as_str()).heading(),
            Cell::text(has),
            outline
                .map_or_else(|| Cell::number("–"), |outline| Cell::count(outline.corners() as u64)),
        ]);
    }
    let said = match known.len() {
        0 => t.w("web-outlines-none"),
        count => t.say("web-outlines-some", &[("count", &count)]),
    };
    let main = Main {
        t,
        wrong,
        help: t.say("web-outlines-help", &[("corners", &thousands(STORED_CORNERS_MAX as u64))]),
        label: t.say("web-outlines-file", &[("limit", &(OUTLINES_BYTES_MAX >> 20))]),
        action: format!("/outlines?csrf={}", visitor.csrf()),
        remove: format!("/outlines/remove?csrf={}", visitor.csrf()),
        said,
        has_some: !known.is_empty(),
        table,
    };
    Ok(Page::new(t.w("web-outlines"), "campaigns", &main).with(vec![main.table]))
}

/// The areas that need no outline: tops, and schools, employers and care homes, which lie in a place of their own.
async fn without_outline(site: &Site) -> Result<BTreeSet<AreaCode>> {
    let mut out = BTreeSet::new();
    for loaded in site.app.campaigns().await? {
        let top = loaded.campaign.areas.iter().filter(|area| area.parent.is_none());
        out.extend(top.map(|area| area.code.clone()));
    }
    let areas = site.app.jurisdiction().await?.map(|of| of.areas).unwrap_or_default();
    let is_house = |level: AreaLevel| {
        matches!(level, AreaLevel::School | AreaLevel::Employer | AreaLevel::CareHome)
    };
    let is_without = |row: &AreaRow| row.area.parent.is_none() || row.level.is_some_and(is_house);
    out.extend(areas.into_iter().filter(is_without).map(|row| row.area.code));
    Ok(out)
}

/// Checks a file and stores its outlines.
pub(super) async fn upload(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Multipart,
) -> std::result::Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let sent = match file(form).await {
        Ok(Some((name, bytes))) if !bytes.is_empty() => Ok((name, bytes)),
        Ok(_) => Err((StatusCode::BAD_REQUEST, vec![t.w("web-outlines-empty")])),
        Err(error) => {
            let (status, said) = unreadable(t, &error, FORM_MAX);
            Err((status, vec![said]))
        }
    };
    let done = match sent {
        Ok(sent) => store(&site, &visitor, sent).await.map_err(fail)?,
        Err(wrong) => Err(wrong),
    };
    let (status, wrong) = match done {
        Ok(is_new) => {
            let done = if is_new { "outlines" } else { "outlines-same" };
            return Ok(Redirect::to(&format!("/outlines?done={done}")).into_response());
        }
        Err(wrong) => wrong,
    };
    let said = format!("outlines: {} problems", wrong.len());
    let who = &visitor.account.name;
    let noted = site.app.note_audit(who, Action::Refused, (None, &said), site.clock.now()).await;
    noted.map_err(fail)?;
    let page = page(&site, &visitor, wrong).await.map_err(fail)?;
    // In answer to a form, links lead to the page itself.
    let shown = framed(Some(&visitor), (t, "/outlines"), None, &page, &headers);
    Ok((status, shown).into_response())
}

/// What is wrong with a file, and the status of the answer.
type Wrong = (StatusCode, Vec<String>);

/// Reads a file and stores what it says; `false`: that was stored already.
async fn store(
    site: &Site,
    visitor: &Visitor,
    (name, bytes): (String, Vec<u8>),
) -> Result<std::result::Result<bool, Wrong>> {
    let t = visitor.t();
    let areas = site.app.area_names().await?;
    if areas.is_empty() {
        return Ok(Err((StatusCode::CONFLICT, vec![t.w("web-outlines-no-areas")])));
    }
    let turn = site.desk.turns.take(visitor.account.id).await?;
    let read = move || {
        let _turn = turn;
        reading::outlines(&name, &bytes, &areas)
    };
    // A large file keeps a core busy for a while.
    let read = tokio::task::spawn_blocking(read).await;
    match read.expect("reading does not panic") {
        Ok(all) => {
            let done = site.app.set_outlines(&all, visitor.actor(), site.clock.now()).await?;
            site.desk.cache.forget();
            Ok(Ok(done))
        }
        Err(issues) => {
            let said = issues.iter().map(|issue| issue.line(t.0)).collect();
            Ok(Err((StatusCode::BAD_REQUEST, said)))
        }
    }
}

/// Takes all outlines away.
pub(super) async fn remove(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
) -> std::result::Result<Response, Refusal> {
    let (by, now) = (visitor.actor(), site.clock.now());
    let done = site.app.set_outlines(&BTreeMap::new(), by, now).await;
    done.map_err(|error| Refusal::of(visitor.t(), &error))?;
    site.desk.cache.forget();
    Ok(Redirect::to("/outlines?done=outlines-gone").into_response())
}
