//! The call list: whom to call today, with a link that dials and a button for what came of it.

use super::due::may_see_line;
use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::plan::local;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::AppError;
use crate::app::call_line::CallLine;
use crate::app::calls::{CallList, CallMade, CallStored};
use crate::app::left_calls::LeftCalls;
use crate::domain::audit::Action;
use crate::domain::call::CallResult;
use crate::domain::id::{PersonId, PlaceCode};
use crate::domain::permission::Denied;
use crate::text::{harmless, thousands};
use askama::Template;
use axum::extract::Form;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The most people of the page. Whoever has called them gets the next ones.
const SHOWN_MAX: usize = 30;

/// Somebody to call, as the page shows them.
struct Line {
    name: String,
    /// The person's page; empty where the visitor may not open it.
    href: String,
    phone: String,
    /// The address that dials; empty without a number.
    dial: String,
    facts: Vec<String>,
    person: String,
    once: String,
    /// The appointment that the form shows.
    seen: String,
}

/// A session of today with whom to call for doses that are left.
struct LeftPart {
    heading: String,
    said: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "web/calls.html")]
struct Main {
    t: T,
    wrong: Vec<String>,
    action: String,
    said: String,
    lines: Vec<Line>,
    /// Sessions of today at whose end doses may be left.
    left: Vec<LeftPart>,
    /// Word and text of each button.
    results: Vec<(&'static str, String)>,
    /// The call that the button takes back, and what it says; `None` where the visitor made none today.
    last: Option<(i64, String)>,
    made: Table,
}

/// The page.
pub(super) async fn calls(context: PageContext) -> Result<Response, Refusal> {
    show(&context, Vec::new()).await
}

async fn show(context: &PageContext, wrong: Vec<String>) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let read = |context: PageContext| async move {
        context.app().call_list(&context.loaded, context.now).await
    };
    let found = context.cached("calls", read).await?;
    let days = found.open.iter().filter_map(|line| line.appointment.as_ref().map(|it| it.0));
    let visits = context.visits_of(days).await?;
    let sees = |line: &&CallLine| {
        let appointment = line.appointment.as_ref();
        may_see_line(context.actor(), &context.loaded, (&line.area, appointment), &visits)
    };
    let left = seen_left(context, &found).await?;
    let called: BTreeSet<&PersonId> =
        left.iter().flat_map(|of| of.1.iter().map(|(line, _)| &line.person)).collect();
    let is_once = |line: &&CallLine| !called.contains(&line.person);
    let open: Vec<&CallLine> = found.open.iter().filter(sees).filter(is_once).collect();
    let who = &context.visitor.account.name;
    let own: Vec<&CallMade> = found.made.iter().filter(|one| one.who == *who).collect();
    let count = open.len() + called.len();
    let said = format!("call list: {count} people");
    let about = (Some(campaign.id.as_str()), said.as_str());
    let noted = context.app().note_audit(who, Action::SeeDue, about, context.now).await;
    noted.map_err(|error| context.refusal(&error))?;
    let mut main = Main {
        t,
        wrong,
        action: format!("{}&csrf={}", context.to("calls"), context.visitor.csrf()),
        said: t.say("web-calls-count", &[("count", &thousands(count as u64))]),
        lines: open.iter().take(SHOWN_MAX).map(|line| shown(context, line)).collect(),
        left: left.iter().map(|of| left_part(context, of)).collect(),
        results: CallResult::ALL
            .into_iter()
            .map(|one| (one.word(), t.w(&format!("call-{}", one.word()))))
            .collect(),
        last: None,
        made: made(context, &found, &own),
    };
    if let Some(last) = own.first() {
        let result = t.w(&format!("call-{}", last.result.word()));
        main.last = Some((last.id, t.say("web-calls-undo", &[("result", &result)])));
    }
    let title = t.w("web-calls");
    let page = Page::new(format!("{title} · {}", campaign.name), "calls", &main);
    Ok(context.show(page.with(vec![main.made])))
}

/// A session of today with people whom the visitor may call, each with whether they may see the person's page.
type SeenLeft<'a> = (&'a LeftCalls, Vec<(&'a CallLine, bool)>);

/// The sessions of today at which the visitor may call people.
async fn seen_left<'a>(
    context: &PageContext,
    found: &'a CallList,
) -> Result<Vec<SeenLeft<'a>>, Refusal> {
    let lines = || found.left.iter().flat_map(|of| &of.lines);
    let later = lines().filter_map(|line| line.appointment.as_ref().map(|it| it.0));
    let visits = context.visits_of(found.left.iter().map(|of| of.day).chain(later)).await?;
    let sees = |line: &CallLine, at: Option<&(NaiveDate, PlaceCode)>| {
        may_see_line(context.actor(), &context.loaded, (&line.area, at), &visits)
    };
    let of_session = |of: &'a LeftCalls| {
        let session = (of.day, of.place.clone());
        let lines = of.lines.iter().filter(|line| sees(line, Some(&session)));
        let lines = lines.map(|line| (line, sees(line, line.appointment.as_ref())));
        (of, lines.collect::<Vec<_>>())
    };
    Ok(found.left.iter().map(of_session).filter(|(_, lines)| !lines.is_empty()).collect())
}

/// A session's people, under its heading.
fn left_part(context: &PageContext, (of, lines): &SeenLeft<'_>) -> LeftPart {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let name = campaign.place(of.place.as_str()).map(|it| harmless(it.name()));
    let name = name.unwrap_or_else(|| of.place.to_string());
    let count = thousands(lines.len() as u64);
    let line = |(line, has_page): &(&CallLine, bool)| {
        let seen = format!("{} {}", of.day, of.place);
        let shown = shown(context, line);
        let href = if *has_page { shown.href } else { String::new() };
        Line { href, seen, ..shown }
    };
    LeftPart {
        heading: t.say("web-calls-left", &[("place", &name)]),
        said: t.say("web-calls-left-help", &[("count", &count)]),
        lines: lines.iter().map(line).collect(),
    }
}

fn shown(context: &PageContext, line: &CallLine) -> Line {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let area = campaign.area(line.area.as_str()).map_or(line.area.as_str(), |it| &it.name);
    let mut facts = vec![harmless(area), t.dose(line.dose)];
    if let Some((day, place)) = &line.appointment {
        let name = campaign.place(place.as_str()).map(|it| harmless(it.name()));
        let name = name.unwrap_or_else(|| place.to_string());
        facts.push(t.say("web-calls-appointment", &[("day", day), ("place", &name)]));
    }
    if let Some(latest) = line.latest.filter(|_| line.appointment.is_none()) {
        facts.push(t.say("web-calls-overdue", &[("latest", &latest)]));
    }
    if line.opt_out {
        facts.push(t.w("web-person-is-quiet"));
    }
    if line.tries > 0 {
        facts.push(t.say("web-calls-tries", &[("count", &line.tries)]));
    }
    let dialled: String = line.phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    Line {
        name: harmless(&line.name),
        href: context.to(&format!("person/{}", encoded(line.person.as_str()))),
        phone: harmless(&line.phone),
        dial: if dialled.is_empty() { String::new() } else { format!("tel:{dialled}") },
        facts,
        person: line.person.to_string(),
        once: super::once::name(),
        seen: line
            .appointment
            .as_ref()
            .map(|(day, place)| format!("{day} {place}"))
            .unwrap_or_default(),
    }
}

/// The calls that the visitor made today. What others did is counted alone: it may be of people whom they do not see.
fn made(context: &PageContext, found: &CallList, own: &[&CallMade]) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let mut table = Table::of(t, "web-calls-made", &["when", "person", "result"]);
    table.is_private = true;
    for one in own {
        table.rows.push(vec![
            Cell::head(local(campaign, one.at)),
            Cell::text(harmless(&one.person))
                .to(context.to(&format!("person/{}", encoded(&one.person)))),
            Cell::text(t.w(&format!("call-{}", one.result.word()))),
        ]);
    }
    let callers: BTreeSet<&str> = found.made.iter().map(|one| one.who.as_str()).collect();
    table.note =
        t.say("web-calls-all", &[("count", &found.made.len()), ("callers", &callers.len())]);
    table
}

/// What the forms ask for.
#[derive(Deserialize)]
pub(super) struct Given {
    /// `undo`; without it a call.
    #[serde(rename = "do")]
    what: Option<String>,
    call: Option<i64>,
    person: Option<String>,
    result: Option<String>,
    once: Option<String>,
    seen: Option<String>,
}

/// Stores a call, or takes the last one back.
pub(super) async fn act(
    mut context: PageContext,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let to = context.to("calls");
    // What is shown is the list: its links lead there, not to this form.
    context.visitor.here.clone_from(&to);
    let (app, loaded, by, now) = (context.app(), &context.loaded, context.actor(), context.now);
    if given.what.as_deref() == Some("undo") {
        let call = given.call.ok_or_else(|| Refusal::bad(t, t.w("web-bad-form")))?;
        let done = app.undo_call(loaded, call, by, now).await;
        context.site.desk.cache.forget();
        return match done {
            Ok(Some(false)) => Ok(Redirect::to(&format!("{to}&done=undone")).into_response()),
            Ok(Some(true)) => {
                Ok(Redirect::to(&format!("{to}&done=undone-outcome")).into_response())
            }
            Ok(None) => show(&context, vec![t.w("web-calls-nothing-to-undo")]).await,
            Err(error) => refused(&context, error).await,
        };
    }
    let bad = || Refusal::bad(t, t.w("web-bad-form"));
    let result = given.result.as_deref().and_then(CallResult::from_word).ok_or_else(bad)?;
    let person = given.person.as_deref().ok_or_else(bad)?;
    let once = super::once::given(given.once.as_deref()).ok_or_else(bad)?;
    let seen = given.seen.as_deref().and_then(seen_of);
    let done = app.enter_call(loaded, (person, result, once), seen.as_ref(), by, now).await;
    context.site.desk.cache.forget();
    match done {
        Ok(CallStored::Stored) => Ok(Redirect::to(&format!("{to}&done=entered")).into_response()),
        Ok(CallStored::Used) => show(&context, vec![t.w("web-form-used")]).await,
        Ok(CallStored::Refused(issues)) => {
            let wrong = issues.iter().map(|issue| issue.message(t.0)).collect();
            show(&context, wrong).await
        }
        Err(error) => refused(&context, error).await,
    }
}

async fn refused(context: &PageContext, error: AppError) -> Result<Response, Refusal> {
    match error {
        AppError::Denied(denied @ Denied::Person) => Err(context.denied(denied, "a call").await),
        AppError::Refused(said) => show(context, vec![said.words(context.t().0)]).await,
        error => Err(context.refusal(&error)),
    }
}

/// The appointment that a form showed: day and place.
fn seen_of(text: &str) -> Option<(NaiveDate, PlaceCode)> {
    let (day, place) = text.split_once(' ')?;
    Some((day.parse().ok()?, PlaceCode::new(place)))
}
