//! Surveys: the blank forms of the unit's search of 30 children and of the county's yearly survey, and the result of a
//! filled one, with its interval. Nothing of a survey is stored.

use super::national::links;
use super::page::{Page, Refusal, framed};
use super::source::AskedSite;
use super::table::{Cell, Table, Value};
use super::upload::{self, UPLOAD_MAX};
use super::visitor::Visitor;
use super::words::T;
use crate::app::national::survey_result;
use crate::domain::figure::fixed;
use crate::intake::Issue;
use crate::intake::rows::SurveyRow;
use askama::Template;
use axum::Extension;
use axum::extract::multipart::Multipart;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

/// Faults of a file that are shown.
const ISSUES_SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "web/national_survey.html")]
struct Main {
    t: T,
    links: Vec<(&'static str, String)>,
    wrong: String,
    action: String,
    /// What came of a file, above its result or its faults.
    said: String,
    tables: Vec<Table>,
}

/// What a page says about a file.
#[derive(Default)]
struct Told {
    wrong: String,
    said: String,
    tables: Vec<Table>,
}

/// The page.
pub(super) async fn form(Extension(visitor): Extension<Visitor>, headers: HeaderMap) -> Response {
    show(&visitor, &headers, (StatusCode::OK, Told::default()))
}

fn show(visitor: &Visitor, headers: &HeaderMap, (status, told): (StatusCode, Told)) -> Response {
    let t = visitor.t();
    let main = Main {
        t,
        links: links(visitor),
        wrong: told.wrong,
        action: format!("/national/survey?csrf={}", visitor.csrf()),
        said: told.said,
        tables: told.tables,
    };
    let page = Page::new(t.w("web-national-survey"), "national", &main).with(main.tables);
    (status, framed(Some(visitor), (t, "/national/survey"), None, &page, headers)).into_response()
}

/// Reads a filled survey and shows its result, or what is wrong with it.
pub(super) async fn result(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let bad = |status, wrong| {
        let told = Told { wrong, ..Told::default() };
        Ok(show(&visitor, &headers, (status, told)))
    };
    let (name, content) = match upload::file(form).await {
        Ok(Some((name, content))) if !content.is_empty() => (name, content),
        Ok(_) => return bad(StatusCode::BAD_REQUEST, t.w("web-national-survey-no-file")),
        Err(error) => {
            let (status, said) = upload::unreadable(t, &error, UPLOAD_MAX);
            return bad(status, said);
        }
    };
    let read = site.app.survey_sent((&name, content), visitor.actor(), site.clock.now()).await;
    let told = match read.map_err(|error| Refusal::of(t, &error))? {
        Ok(rows) if rows.is_empty() => Told {
            wrong: t.say("web-national-survey-empty", &[("name", &name)]),
            ..Told::default()
        },
        Ok(rows) => Told {
            said: t.say("web-national-survey-of", &[("name", &name), ("children", &rows.len())]),
            tables: vec![shares(t, &rows)],
            ..Told::default()
        },
        Err(issues) => Told {
            wrong: t.say("web-national-survey-wrong", &[("name", &name)]),
            tables: vec![faults(t, &issues)],
            ..Told::default()
        },
    };
    Ok(show(&visitor, &headers, (StatusCode::OK, told)))
}

/// The share of each question with its interval.
fn shares(t: T, rows: &[SurveyRow]) -> Table {
    let keys = ["question", "#yes", "#children", "#share_percent", "#low", "#high", "interval"];
    let mut table = Table::of(t, "web-national-survey-result", &keys);
    let end = |end: Option<f64>| match end {
        Some(end) => Cell { value: Value::Rate(end), ..Cell::number(fixed(end, 2)) },
        None => Cell::number(t.w("web-none")),
    };
    for (question, share) in survey_result(rows) {
        let how = format!("national-survey-by-{}", share.interval);
        let is_known = share.rate.is_some();
        table.rows.push(vec![
            Cell::head(t.w(&format!("national-survey-{question}"))),
            Cell::count(share.yes),
            Cell::count(share.children),
            share.rate.map_or_else(
                || Cell::number(t.w("web-none")),
                |rate| Cell { value: Value::Rate(rate.shown()), ..Cell::number(rate.to_string()) },
            ),
            end(share.low),
            end(share.high),
            Cell::text(if is_known { t.w(&how) } else { String::new() }),
        ]);
    }
    table.is_plain = true;
    table
}

/// The refused rows, or why the file cannot be read.
fn faults(t: T, issues: &[Issue]) -> Table {
    let heads = [format!("#{}", t.w("web-row")), t.w("column-column"), t.w("web-message")];
    let mut table = Table::new("issues", t.w("web-issues"), &heads);
    for issue in issues.iter().take(ISSUES_SHOWN) {
        table.rows.push(vec![
            Cell::number(issue.row.map(|row| row.to_string()).unwrap_or_default()),
            Cell::text(issue.column.clone().unwrap_or_default()),
            Cell::text(issue.message(t.0)),
        ]);
    }
    if let Some(more) = issues.len().checked_sub(ISSUES_SHOWN).filter(|more| *more > 0) {
        table.note = t.say("web-national-survey-more", &[("count", &more)]);
    }
    // They may hold what rows say of people.
    table.is_private = true;
    table.is_plain = true;
    table
}
