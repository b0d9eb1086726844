//! The plan page: verdict, the day's sessions, who is not placed and why, what a draft would change; forms to make and
//! adopt a draft.

use super::draw;
use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::searching::{Search, State as SearchState};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::verdict_words;
use crate::app::{App, AppError, Loaded, Result};
use crate::domain::campaign::Campaign;
use crate::domain::figure::fixed;
use crate::domain::permission::{Power, may};
use crate::domain::plan::PlanRow;
use crate::domain::planner::{self, GroupVerdict, PlanDiff, Question, Scarcity};
use crate::mail::render;
use crate::store::plans::PlanHead;
use crate::text::thousands;
use askama::Template;
use axum::extract::{Form, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lengths of a search to choose from, in seconds.
const SECONDS: [u64; 5] = [5, SEARCH_SECS, 60, 180, 600];
/// The length where somebody has no choice.
pub(super) const SEARCH_SECS: u64 = 20;

/// What the page reads.
struct Found {
    plan: Option<(PlanHead, Vec<PlanRow>)>,
    verdict: Vec<GroupVerdict>,
    scarce: Vec<Scarcity>,
    draft: Option<(PlanHead, PlanDiff)>,
    /// Names of the other campaigns whose drafts are adopted with this one.
    with: Vec<String>,
    heads: Vec<PlanHead>,
    /// The day's sessions: those of the plan asked for, else of the plan that was in force on that day.
    sessions: Vec<PlanRow>,
}

async fn read(
    app: &App,
    loaded: &Loaded,
    (no, day): (Option<i64>, NaiveDate),
    now: DateTime<Utc>,
) -> Result<Found> {
    let mut plan = app.plan(loaded, no).await?;
    let adopted = app.plan(loaded, None).await?;
    let draft = app.draft(loaded).await?;
    if plan.is_none() && no.is_none() {
        plan.clone_from(&draft);
    }
    let (mut verdict, mut scarce) = (Vec::new(), Vec::new());
    // What binds the plan is told of the whole alone.
    if let Some((head, rows)) = plan.as_ref().filter(|_| loaded.tops.is_none()) {
        verdict = app.group_verdicts(loaded, head, rows).await?;
        if let Some(prices) = app.plan_prices(loaded, head.no).await? {
            let all = Question::default();
            scarce = planner::why(&loaded.campaign, head.from, &prices, &all);
        }
    }
    let newer = |head: &PlanHead| adopted.as_ref().is_none_or(|(held, _)| held.no < head.no);
    let draft = draft.filter(|(head, _)| newer(head)).map(|(head, rows)| {
        let old = adopted.as_ref().map_or(&[][..], |(_, rows)| rows);
        let changes = planner::diff(old, &rows, head.from);
        (head, changes)
    });
    let sessions = match (&plan, no) {
        (Some((_, rows)), Some(_)) => rows.iter().filter(|row| row.day == day).cloned().collect(),
        _ => app.rows_of_day(loaded, day).await?,
    };
    let mut with = Vec::new();
    for other in app.together(loaded, now).await?.iter().filter(|other| other.no != loaded.no) {
        if draft.is_some() && app.draft(other).await?.is_some() {
            with.push(other.campaign.name.clone());
        }
    }
    let heads = app.plan_list(loaded).await?;
    Ok(Found { plan, verdict, scarce, draft, with, heads, sessions })
}

struct SearchPart {
    said: String,
    drawing: String,
}

struct DraftPart {
    title: String,
    said: String,
    changes: Table,
    adoptable: bool,
    adopt: String,
    button: String,
}

struct PlanPart {
    title: String,
    tiles: Vec<(String, String, String)>,
    verdict: Vec<String>,
    sessions: Table,
    unplaced: Table,
    scarce: Table,
}

#[derive(Template)]
#[template(path = "web/plan.html")]
struct Main<'a> {
    t: T,
    head: String,
    day: NaiveDate,
    search: Option<SearchPart>,
    running: bool,
    may_plan: bool,
    make: String,
    seconds: &'a [u64],
    draft: Option<DraftPart>,
    plan: Option<PlanPart>,
    list: Table,
    compare: String,
    what_if: String,
    wrong: String,
}

#[derive(Deserialize)]
pub(super) struct Which {
    no: Option<i64>,
}

/// The page of the plan in force, or of the plan with the number asked for.
pub(super) async fn plan(
    context: PageContext,
    Query(which): Query<Which>,
) -> std::result::Result<Response, Refusal> {
    show(&context, which, String::new()).await
}

/// The page; `wrong` is why something asked for on it could not be.
async fn show(
    context: &PageContext,
    which: Which,
    wrong: String,
) -> std::result::Result<Response, Refusal> {
    let key = format!("plan/{}", which.no.unwrap_or(0));
    let no = which.no;
    let read = |context: PageContext| async move {
        read(context.app(), &context.loaded, (no, context.as_of), context.now).await
    };
    let found = context.cached(&key, read).await?;
    let t = context.t();
    if which.no.is_some() && found.plan.is_none() {
        return Err(Refusal::absent(t));
    }
    let search = context.site.desk.searches.of(context.loaded.no);
    let running = search.as_ref().is_some_and(|search| search.is_running());
    let hidden: Vec<_> = which.no.map(|no| ("no", no.to_string())).into_iter().collect();
    let title = t.w("web-plan");
    let csrf = context.visitor.csrf();
    let main = Main {
        t,
        head: context.head(title.clone(), "plan", &hidden),
        day: context.as_of,
        search: search.as_ref().map(|search| search_part(t, search)),
        running,
        may_plan: may(context.actor(), Power::Plan).is_ok(),
        make: format!("{}&csrf={csrf}", context.to("make")),
        seconds: &SECONDS,
        draft: found.draft.as_ref().map(|draft| draft_part(context, draft, &found.with, &csrf)),
        plan: found.plan.as_ref().map(|plan| plan_part(context, plan, &found, search.as_ref())),
        list: list(context, &found.heads),
        compare: context.to("compare"),
        what_if: context.to("what-if"),
        wrong,
    };
    let page = Page::new(format!("{title} · {}", context.loaded.campaign.name), "plan", &main);
    let mut tables = vec![main.list];
    tables.extend(main.draft.map(|draft| draft.changes));
    tables
        .extend(main.plan.into_iter().flat_map(|plan| [plan.sessions, plan.unplaced, plan.scarce]));
    let page = page.with(tables);
    let live_secs = u32::from(running);
    Ok(context.show(Page { live_secs, ..page }))
}

fn search_part(t: T, search: &Search) -> SearchPart {
    let points = search.points();
    let seconds = fixed(search.elapsed().as_secs_f64(), 0);
    let said = match search.state() {
        SearchState::Running => match points.last() {
            Some((_, objective, bound)) if bound.is_finite() => {
                let gap = if *bound > 0.0 { (1.0 - objective / bound) * 100.0 } else { 0.0 };
                t.say(
                    "plan-progress",
                    &[
                        ("seconds", &seconds),
                        ("objective", &fixed(objective, 1)),
                        ("bound", &fixed(bound, 1)),
                        ("gap", &fixed(gap, 3)),
                    ],
                )
            }
            Some((_, objective, _)) => {
                let objective = fixed(objective, 1);
                t.say("plan-progress-first", &[("seconds", &seconds), ("objective", &objective)])
            }
            None => t.say("web-search-begins", &[("seconds", &seconds)]),
        },
        SearchState::Done { no, .. } => t.say("web-search-done", &[("no", &no)]),
        SearchState::Failed(said) => t.say("web-search-failed", &[("said", &said)]),
    };
    SearchPart { said, drawing: draw::search(t, &points) }
}

fn draft_part(
    context: &PageContext,
    (head, diff): &(PlanHead, PlanDiff),
    with: &[String],
    csrf: &str,
) -> DraftPart {
    let t = context.t();
    let changes = changes_table(context, diff);
    let mut said = t.say(
        "web-diff",
        &[
            ("changed", &diff.sessions.len()),
            ("same", &diff.same_sessions),
            ("before", &thousands(diff.doses_before)),
            ("after", &thousands(diff.doses_after)),
            ("finished", &thousands(head.figures.people_finished)),
        ],
    );
    if !with.is_empty() {
        let names = with.join(&t.w("mail-separator"));
        said = format!("{said} {}", t.say("web-draft-together", &[("names", &names)]));
    }
    DraftPart {
        title: t.say("web-draft", &[("no", &head.no), ("from", &head.from)]),
        said,
        changes,
        adoptable: true,
        adopt: format!("{}&no={}&csrf={csrf}", context.to("adopt"), head.no),
        button: t.say("web-adopt", &[("no", &head.no)]),
    }
}

/// The sessions that one plan has otherwise than another.
pub(super) fn changes_table(context: &PageContext, diff: &PlanDiff) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = ["day", "place", "#doses_before", "#doses_after", "=change"];
    let mut changes = Table::of(t, "web-changes", &keys);
    for change in &diff.sessions {
        let kind = match (change.doses_before, change.doses_after) {
            (0, _) => "change-new",
            (_, 0) => "change-cancelled",
            _ => "change-changed",
        };
        let place = campaign.place(change.place.as_str());
        changes.rows.push(vec![
            Cell::head(change.day.to_string()),
            Cell::named(
                place.map_or_else(|| change.place.to_string(), |place| place.name().to_owned()),
                change.place.as_str(),
            ),
            Cell::count(change.doses_before),
            Cell::count(change.doses_after),
            Cell::text(t.w(kind)),
        ]);
    }
    changes
}

fn plan_part(
    context: &PageContext,
    (head, _): &(PlanHead, Vec<PlanRow>),
    found: &Found,
    search: Option<&Arc<Search>>,
) -> PlanPart {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let figures = &head.figures;
    let worst = figures.worst_area.as_ref();
    let worst_name = worst.and_then(|worst| campaign.area(worst.area.as_str()));
    let tile = |key: &str, figure: String, note: String| (t.w(key), figure, note);
    let tiles = vec![
        tile("figure-doses", thousands(figures.doses), String::new()),
        tile(
            "figure-people-finished",
            thousands(figures.people_finished),
            t.say("web-of-people", &[("people", &thousands(figures.people))]),
        ),
        tile(
            "figure-worst-area",
            worst.map_or_else(
                || t.w("web-none"),
                |worst| format!("{} %", fixed(worst.share * 100.0, 1)),
            ),
            worst_name.map(|area| area.name.clone()).unwrap_or_default(),
        ),
        tile("column-gap", format!("{} %", fixed(figures.gap * 100.0, 2)), String::new()),
        tile(
            "column-travel_km",
            thousands(super::table::whole(figures.travel_km)),
            figures
                .km_each()
                .map_or_else(String::new, |km| t.say("web-km-each", &[("km", &fixed(km, 1))])),
        ),
    ];
    // Only a search tries what would help; for an older plan the page says what it reaches.
    let tried = search.and_then(|search| search.verdict_of(head.no));
    let verdict = tried.as_deref().unwrap_or(&found.verdict);
    let state = t.w(&format!("plan-state-{}", head.state.word()));
    PlanPart {
        title: t
            .say("web-plan-title", &[("no", &head.no), ("state", &state), ("from", &head.from)]),
        tiles,
        verdict: verdict_words::sentences(t.0, campaign, verdict),
        sessions: sessions(context, &found.sessions),
        unplaced: unplaced(t, campaign, head),
        scarce: scarce(t, campaign, &found.scarce),
    }
}

fn sessions(context: &PageContext, rows: &[PlanRow]) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let caption = render::date(context.as_of, t.0);
    let keys = ["place", "=team", "=group", "#dose", "#doses"];
    let mut table = Table { caption, ..Table::of(t, "web-sessions-of", &keys) };
    let mut sums: BTreeMap<_, u64> = BTreeMap::new();
    for row in rows {
        let key = (&row.place, &row.team, &row.group, row.dose);
        *sums.entry(key).or_default() += u64::from(row.doses);
    }
    for ((place, team, group, dose), doses) in sums {
        let name = campaign.place(place.as_str()).map(|place| place.name().to_owned());
        let group = campaign.group(group.as_str()).map_or(group.as_str(), |group| &group.name);
        let team = team.as_ref().map(|code| {
            let known = campaign.team(code.as_str());
            Cell::named(known.map_or(code.as_str(), |team| &team.name), code.as_str())
        });
        table.rows.push(vec![
            Cell::named(name.unwrap_or_else(|| place.to_string()), place.as_str()).heading(),
            team.unwrap_or_default(),
            Cell::text(group),
            Cell::number(dose.to_string()),
            Cell::count(doses),
        ]);
    }
    table
}

fn unplaced(t: T, campaign: &Campaign, head: &PlanHead) -> Table {
    let mut table = Table::of(t, "web-unplaced", &["area", "=group", "#people", "=reason"]);
    for one in &head.unplaced {
        let area = campaign.area(one.area.as_str()).map_or(one.area.as_str(), |area| &area.name);
        let group = campaign.group(one.group.as_str()).map_or(one.group.as_str(), |g| &g.name);
        table.rows.push(vec![
            Cell::head(area),
            Cell::text(group),
            Cell::count(one.people),
            Cell::text(verdict_words::reason(t.0, one.reason)),
        ]);
    }
    table
}

fn scarce(t: T, campaign: &Campaign, lines: &[Scarcity]) -> Table {
    let keys = ["=scarce", "name", "first", "last", "dearest", "#one_more", "#weight"];
    let mut table = Table::of(t, "web-scarce", &keys);
    for line in lines {
        let name = verdict_words::scarce_name(campaign, line);
        table.rows.push(vec![
            Cell::head(verdict_words::scarce_of(t.0, line)),
            Cell::named(name.unwrap_or_else(|| line.code.clone()), line.code.clone()),
            Cell::text(line.first.to_string()),
            Cell::text(line.last.to_string()),
            Cell::text(line.dearest.to_string()),
            Cell::number(fixed(line.one_more, 3)),
            Cell::number(fixed(line.weight, 1)),
        ]);
    }
    table
}

fn list(context: &PageContext, heads: &[PlanHead]) -> Table {
    let t = context.t();
    let keys =
        ["plan", "=state", "from", "=made_by", "made_at", "#doses", "#people_finished", "#gap"];
    let mut table = Table::of(t, "web-plans", &keys);
    for head in heads.iter().rev() {
        let href = format!("{}&no={}", context.to("plan"), head.no);
        table.rows.push(vec![
            Cell::link(head.no.to_string(), href).heading(),
            Cell::text(t.w(&format!("plan-state-{}", head.state.word()))),
            Cell::text(head.from.to_string()),
            Cell::text(t.w(&format!("made-by-{}", head.made_by.word()))),
            Cell::text(local(&context.loaded.campaign, head.made_at)),
            Cell::count(head.figures.doses),
            Cell::count(head.figures.people_finished),
            Cell::number(format!("{} %", fixed(head.figures.gap * 100.0, 2))),
        ]);
    }
    table
}

/// An instant in milliseconds since 1970 as local time of the campaign.
pub(super) fn local(campaign: &Campaign, millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map(|at| at.with_timezone(&campaign.timezone).format("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    seconds: u64,
}

/// Starts a search; the plan page shows its progress.
pub(super) async fn make(
    AskedSite(site): AskedSite,
    context: PageContext,
    Form(wanted): Form<Wanted>,
) -> std::result::Result<Response, Refusal> {
    let t = context.t();
    if !SECONDS.contains(&wanted.seconds) {
        return Err(Refusal::bad(t, t.w("web-bad-form")));
    }
    let job = (context.loaded.clone(), wanted.seconds, context.visitor.account.clone());
    if !site.desk.searches.begin(&site, job, context.now) {
        return Err(Refusal::new(StatusCode::CONFLICT, t, "web-search-busy"));
    }
    Ok(Redirect::to(&format!("{}&done=searching", context.to("plan"))).into_response())
}

/// Puts a draft in force. Where it cannot be, because somebody adopted it or a fact changed meanwhile, the page of
/// plans as they are now says why.
pub(super) async fn adopt(
    mut context: PageContext,
    Query(which): Query<Which>,
) -> std::result::Result<Response, Refusal> {
    let t = context.t();
    let no = which.no.ok_or_else(|| Refusal::bad(t, t.w("web-bad-form")))?;
    let (by, now) = (context.actor(), context.now);
    let adopted = match context.app().adopt_with_others(&context.loaded, no, by, now).await {
        Err(AppError::Refused(said)) => {
            // Its links lead to the page of plans, not to this form.
            context.visitor.here = context.to("plan");
            context.site.desk.cache.forget();
            return show(&context, Which { no: None }, said.words(t.0)).await;
        }
        adopted => adopted.map_err(|error| context.refusal(&error))?,
    };
    let changed: Vec<_> = adopted.into_iter().map(|(one, _)| one).collect();
    let told = context.app().tell_all(&changed, now).await;
    told.map_err(|error| context.refusal(&error))?;
    context.site.desk.cache.forget();
    Ok(Redirect::to(&format!("{}&done=adopted", context.to("plan"))).into_response())
}
