//! Uploading a campaign's workbook: it is checked as `campaign check` does, compared with what is stored, and applied.

use super::Site;
use super::page::{Page, Refusal, address, encoded, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::campaigns::Applied;
use crate::app::{AppError, Loaded, broken_words};
use crate::domain::audit::Action;
use crate::domain::difference::{RowChange, What};
use crate::domain::id::CampaignId;
use crate::intake::Issue;
use crate::mail::safe;
use askama::Template;
use axum::Extension;
use axum::extract::Path;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

/// The most bytes of an upload; the largest county's workbook has one or two megabytes.
pub(super) const UPLOAD_MAX: usize = 8 << 20;
/// Media type of a workbook.
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[derive(Template)]
#[template(path = "web/upload.html")]
struct Form {
    t: T,
    wrong: String,
    csrf: String,
    campaigns: Vec<(String, String)>,
}

/// The form.
pub(super) async fn form(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show_form(&site, &visitor, &headers, (StatusCode::OK, String::new())).await
}

async fn show_form(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    (status, wrong): (StatusCode, String),
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let all = site.app.campaigns().await.map_err(|error| Refusal::of(t, &error))?;
    let link = |one: Loaded| (address(&one, "workbook", None), one.campaign.name.clone());
    let campaigns = all.into_iter().map(link).collect();
    let main = Form { t, wrong, csrf: visitor.csrf(), campaigns };
    let page = Page::new(t.w("web-upload"), "upload", &main);
    let page = framed(Some(visitor), (t, &visitor.here), None, &page, headers);
    Ok((status, page).into_response())
}

/// The name and bytes of the uploaded file; `None` if the form has no file.
pub(super) async fn file(mut form: Multipart) -> Result<Option<(String, Vec<u8>)>, MultipartError> {
    while let Some(field) = form.next_field().await? {
        if field.name() != Some("file") {
            continue;
        }
        let name = field.file_name().unwrap_or_default();
        // Browsers send a bare name. Of a path only the last part is shown; nothing is ever stored under it.
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = safe::name(name);
        let bytes = field.bytes().await?;
        return Ok(Some((name, bytes.to_vec())));
    }
    Ok(None)
}

/// Status and words for a form that cannot be read; `limit`: the bytes that it may have.
pub(super) fn unreadable(t: T, error: &MultipartError, limit: usize) -> (StatusCode, String) {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let said = t.say("web-too-large", &[("limit", &(limit >> 20))]);
        return (StatusCode::PAYLOAD_TOO_LARGE, said);
    }
    (StatusCode::BAD_REQUEST, t.w("web-bad-form"))
}

/// Stores an uploaded workbook under a random id.
pub(super) async fn upload(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let now = site.clock.now();
    let refused = match file(form).await {
        Ok(Some((name, bytes))) if bytes.starts_with(b"PK") => {
            let kept = site.app.keep_upload(&visitor.account, &name, bytes, now).await;
            let id = kept.map_err(|error| Refusal::of(t, &error))?;
            return Ok(Redirect::to(&format!("/upload/{id}")).into_response());
        }
        Ok(_) => (StatusCode::BAD_REQUEST, t.w("web-not-a-workbook")),
        Err(error) => unreadable(t, &error, UPLOAD_MAX),
    };
    let said = format!("upload: {}", refused.0.as_u16());
    let noted =
        site.app.note_audit(&visitor.account.name, Action::Refused, (None, &said), now).await;
    noted.map_err(|error| Refusal::of(t, &error))?;
    show_form(&site, &visitor, &headers, refused).await
}

/// Serves the workbook with its errors marked.
pub(super) async fn marked(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (t, now) = (visitor.t(), site.clock.now());
    let found = site.app.marked_upload(&visitor.account, &id, t.0, now).await;
    let found = found.map_err(|error| Refusal::of(t, &error))?;
    let Some((name, bytes)) = found else { return Err(Refusal::absent(t)) };
    let as_file = format!("attachment; filename*=UTF-8''{}", encoded(&name));
    let headers = [(header::CONTENT_TYPE, XLSX.to_owned()), (header::CONTENT_DISPOSITION, as_file)];
    Ok((headers, bytes).into_response())
}

#[derive(Template)]
#[template(path = "web/uploaded.html")]
struct Checked {
    t: T,
    title: String,
    said: String,
    issues: Table,
    /// Address of the workbook with its errors marked; empty if there is nothing to mark.
    marked: String,
    /// Address of the workbook as it is; empty where it cannot be opened.
    file: String,
    good: bool,
    changes: Table,
    apply: String,
    button: String,
}

/// Shows what is wrong with an uploaded workbook, or what applying it would change.
pub(super) async fn checked(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let found = site.app.upload(&visitor.account, &id).await.map_err(fail)?;
    let Some(found) = found else { return Err(Refusal::absent(t)) };
    let issues = match &found.read {
        Ok(loaded) => &loaded.warnings,
        Err(issues) => issues,
    };
    let errors = issues.iter().filter(|issue| issue.is_error()).count();
    let warnings = issues.len() - errors;
    let mut main = Checked {
        t,
        title: t.say("web-uploaded", &[("name", &found.name)]),
        said: t.say("campaign-bad", &[("errors", &errors), ("warnings", &warnings)]),
        issues: issue_table(t, issues),
        marked: if is_open(issues) { format!("/upload/{id}/marked") } else { String::new() },
        file: if issues.iter().any(Issue::is_about_opening) {
            String::new()
        } else {
            format!("/upload/{id}/file")
        },
        good: false,
        changes: Table::default(),
        apply: format!("/upload/{id}/apply?csrf={}", visitor.csrf()),
        button: t.w("web-apply"),
    };
    if let Ok(loaded) = &found.read {
        let campaign = &loaded.campaign;
        let applied = site.app.compare_own(&loaded.own, site.clock.now()).await.map_err(fail)?;
        main.good = true;
        main.said = said(t, &campaign.name, campaign.id.as_str(), &applied);
        for sentence in broken_words::sentences(t.0, &applied.broken, true) {
            main.said.push(' ');
            main.said.push_str(&sentence);
        }
        // What it changes of everybody's places stands below its own changes, with the campaigns that it touches.
        let touched = applied.places.iter().map(|one| {
            let ids: Vec<&str> = one.campaigns.iter().map(CampaignId::as_str).collect();
            let key = format!("{} ({})", one.change.key, ids.join(", "));
            RowChange { key, ..one.change.clone() }
        });
        let all: Vec<RowChange> = applied.changes.iter().cloned().chain(touched).collect();
        main.changes = change_table(t, &all);
    }
    let page = Page::new(main.title.clone(), "upload", &main);
    let page = page.with(vec![main.issues, main.changes]);
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}

/// Whether there is anything to mark: a file that cannot be opened has one issue that names no sheet.
fn is_open(issues: &[Issue]) -> bool {
    issues.iter().any(|issue| issue.file.contains('!') && !issue.is_about_opening())
}

fn said(t: T, name: &str, id: &str, applied: &Applied) -> String {
    let count = applied.changes.len();
    let key = match (applied.is_new, count) {
        (true, _) => "campaign-would-store",
        (false, 0) => "campaign-unchanged",
        (false, _) => "campaign-would-change",
    };
    t.say(key, &[("name", &name), ("id", &id), ("count", &count)])
}

fn issue_table(t: T, issues: &[Issue]) -> Table {
    let heads = [t.w("web-kind"), t.w("web-file"), format!("#{}", t.w("web-row"))];
    let heads = [&heads[..], &[t.w("column-column"), t.w("web-message")]].concat();
    let mut table = Table::new("issues", t.w("web-issues"), &heads);
    for issue in issues {
        let kind = if issue.is_error() { "web-error" } else { "web-warning" };
        let class = if issue.is_error() { "bad" } else { "" };
        table.rows.push(vec![
            Cell { class, ..Cell::text(t.w(kind)) },
            Cell::text(&*issue.file),
            Cell::number(issue.row.map(|row| row.to_string()).unwrap_or_default()),
            Cell::text(issue.column.clone().unwrap_or_default()),
            Cell::text(issue.message(t.0)),
        ]);
    }
    table
}

fn change_table(t: T, changes: &[RowChange]) -> Table {
    let mut table = Table::of(t, "web-changes-campaign", &["table", "key", "column", "old", "new"]);
    for change in changes {
        let (column, old, new) = match &change.what {
            What::Added { row } => (t.w("change-added"), String::new(), row.clone()),
            What::Removed { row } => (t.w("change-removed"), row.clone(), String::new()),
            What::Changed { column, old, new } => ((*column).to_owned(), old.clone(), new.clone()),
            What::Reordered => (t.w("change-reordered"), String::new(), String::new()),
        };
        table.rows.push(vec![
            Cell::head(change.table),
            Cell::text(change.key.clone()),
            Cell::text(column),
            Cell::text(old),
            Cell::text(new),
        ]);
    }
    table
}

/// Stores the campaign of a workbook.
pub(super) async fn apply(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let now = site.clock.now();
    let fail = |error: AppError| Refusal::of(t, &error);
    let applied = site.app.apply_upload(&visitor.account, &id, now).await.map_err(fail)?;
    let Some(campaign) = applied else { return Err(Refusal::absent(t)) };
    site.desk.cache.forget();
    let loaded = site.app.campaign(Some(campaign.as_str())).await.map_err(fail)?;
    let day = super::page_context::default_day(&loaded, now);
    // Without people there is nothing to plan yet.
    let (page, done) = if loaded.campaign.eligible.is_empty() {
        ("supply", "set-up")
    } else {
        ("plan", "applied")
    };
    let to = format!("{}&done={done}", address(&loaded, page, Some(day)));
    Ok(Redirect::to(&to).into_response())
}
