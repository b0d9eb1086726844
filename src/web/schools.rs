//! The schools of a campaign (学校): each class in figures, and their lists by mail. Who gets one is written down.

use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::AppError;
use crate::app::school_mails::{ListSent, SentList};
use crate::app::schools::{ClassLine, PaperKind};
use crate::domain::id::AreaCode;
use crate::text::harmless;
use askama::Template;
use axum::extract::Form;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The lists that the form offers.
const LISTS: [&str; 3] = ["visit", "consent", "missed"];

#[derive(Template)]
#[template(path = "web/schools.html")]
struct Main {
    t: T,
    head: String,
    wrong: Vec<String>,
    action: String,
    /// Code and name of each school.
    schools: Vec<(String, String)>,
    /// Word and text of each list.
    lists: Vec<(&'static str, String)>,
    table: Table,
}

/// The page.
pub(super) async fn schools(context: PageContext) -> Result<Response, Refusal> {
    show(&context, Vec::new()).await
}

async fn show(context: &PageContext, wrong: Vec<String>) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let read = |context: PageContext| async move {
        context.app().classes(&context.loaded, Some(context.as_of), context.now).await
    };
    let classes = context.cached("schools", read).await?;
    let title = t.w("web-schools");
    let main = Main {
        t,
        head: context.head(title.clone(), "schools", &[]),
        wrong,
        action: context.to("schools"),
        schools: names(&classes).into_iter().map(|(code, name)| (code.to_string(), name)).collect(),
        lists: LISTS.map(|list| (list, t.w(&format!("web-schools-list-{list}")))).to_vec(),
        table: table(t, &classes),
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "due", &main);
    Ok(context.show(page.with(vec![main.table])))
}

/// The schools with pupils whom the campaign asks, with their names.
fn names(classes: &[ClassLine]) -> BTreeMap<AreaCode, String> {
    classes.iter().map(|one| (one.at.school.clone(), harmless(&one.name))).collect()
}

/// A row for each class.
fn table(t: T, classes: &[ClassLine]) -> Table {
    let keys = [
        "=school",
        "=class",
        "#eligible",
        "#agreed",
        "#refused",
        "#not_returned",
        "#complete",
        "#missed",
    ];
    let mut table = Table::of(t, "web-schools", &keys);
    for one in classes {
        let class = one.at.class.as_str();
        let class = if class.is_empty() { t.w("school-no-class") } else { harmless(class) };
        let count = &one.count;
        let figures =
            [count.eligible, count.yes, count.no, count.open, count.complete, count.missed];
        let mut row = vec![
            Cell::named(harmless(&one.name), one.at.school.as_str()).heading(),
            Cell::text(class),
        ];
        row.extend(figures.map(Cell::count));
        table.rows.push(row);
    }
    table.note = t.w("web-schools-note");
    table
}

/// What the form asks for.
#[derive(Deserialize)]
pub(super) struct Given {
    school: Option<String>,
    list: Option<String>,
}

/// Mails a list to one school or to all.
pub(super) async fn act(
    mut context: PageContext,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let to = context.to("schools");
    // What is shown is the page: its links lead there, not to this form.
    context.visitor.here.clone_from(&to);
    let bad = || Refusal::bad(t, t.w("web-bad-form"));
    let kind = match given.list.as_deref() {
        Some("visit") => PaperKind::Visit(None),
        Some("consent") => PaperKind::Consent,
        Some("missed") => PaperKind::Missed(context.today()),
        _ => return Err(bad()),
    };
    let asked = given.school.filter(|code| !code.is_empty()).map(AreaCode::new);
    let (app, loaded, by, now) = (context.app(), &context.loaded, context.actor(), context.now);
    if asked.as_ref().is_some_and(|code| loaded.campaign.area(code.as_str()).is_none()) {
        return Err(bad());
    }
    let sent = app.send_school_papers(loaded, (kind, asked.as_ref()), (by, now)).await;
    let sent = match sent {
        Ok(sent) => sent,
        Err(AppError::Refused(said)) => return show(&context, vec![said.words(t.0)]).await,
        Err(error) => return Err(context.refusal(&error)),
    };
    let wrong = left(t, &sent);
    if wrong.is_empty() {
        return Ok(Redirect::to(&format!("{to}&done=queued")).into_response());
    }
    show(&context, wrong).await
}

/// What is to be said of lists that go nowhere.
fn left(t: T, sent: &[SentList]) -> Vec<String> {
    if sent.is_empty() {
        return vec![t.w("web-schools-nothing")];
    }
    let is_left = |one: &&SentList| matches!(one.sent, ListSent::NoContact | ListSent::Unroutable);
    let said = |one: &SentList| {
        let why = t.w(&format!("schools-list-{}", one.sent.word().replace('_', "-")));
        t.say("web-schools-left", &[("school", &harmless(&one.name)), ("why", &why)])
    };
    let mut out: Vec<String> = sent.iter().filter(is_left).map(said).collect();
    let queued = sent.iter().filter(|one| one.sent == ListSent::Queued).count();
    if !out.is_empty() && queued > 0 {
        out.insert(0, t.say("web-schools-queued", &[("count", &queued)]));
    }
    out
}
