//! The first screen: whether each campaign reaches its targets, where people are missing, what to do today. A lead sees
//! their own places first; whoever may not plan sees no buttons.

use super::map_areas::of_area;
use super::page::{Page, Refusal, address, encoded, framed};
use super::page_context::PageContext;
use super::plan::SEARCH_SECS;
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::cockpit::Stand;
use crate::domain::account::Role;
use crate::domain::attention::Attention;
use crate::domain::count::Percent;
use crate::domain::pace::TargetDay;
use crate::domain::permission::{Power, Visits, may, may_at};
use crate::mail::render;
use crate::text::thousands;
use askama::Template;
use axum::Extension;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{Datelike as _, NaiveDate};
use std::sync::Arc;

/// Seconds between two refreshes, where JavaScript runs.
const LIVE_SECS: u32 = 15;

/// A button or a link beside something to do.
pub(super) struct Step {
    text: String,
    href: String,
    /// Whether it does what it says at once; otherwise it leads somewhere.
    is_form: bool,
    fields: Vec<(&'static str, String)>,
}

/// Something to do today.
pub(super) struct Todo {
    text: String,
    lines: Vec<String>,
    remedy: String,
    steps: Vec<Step>,
}

/// A campaign on the screen.
struct Card {
    name: String,
    href: String,
    is_good: bool,
    state: String,
    percent: String,
    /// Length of the bar and the place of the target on it, 0 to 200 pixels.
    bar: u32,
    mark: Option<u32>,
    target: String,
    reach: String,
    figures: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "web/home.html")]
struct Main {
    t: T,
    title: String,
    own: Option<Table>,
    /// A lead's call lists: address and text.
    calls: Vec<(String, String)>,
    cards: Vec<Card>,
    todos: Vec<(String, Vec<Todo>)>,
    short: Table,
    empty: String,
}

/// The first screen.
pub(super) async fn home(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let now = site.clock.now();
    let all = site.app.campaigns().await.map_err(|error| Refusal::of(t, &error))?;
    let mut shown: Vec<PageContext> = Vec::new();
    // Of campaigns that are all over, the figures stay.
    let any_open = all.iter().any(|loaded| loaded.is_open);
    for loaded in all.iter().filter(|loaded| loaded.is_open || !any_open) {
        let loaded = loaded.seen_by(visitor.actor());
        if !loaded.campaign.areas.is_empty() {
            shown.push(PageContext::about((&site, &visitor), loaded, &headers, now));
        }
    }
    let mut cards = Vec::new();
    let mut todos = Vec::new();
    let mut has_asked = false;
    let mut short = short_table(t, shown.len() > 1);
    let mut own = own_table(t, visitor.account.role, shown.len() > 1);
    for context in &shown {
        let stand = stand(context).await?;
        cards.push(card(context, &stand));
        let mut found = todo(context, &stand).await?;
        // Requests are of no campaign: they are said once.
        if !has_asked && let Some(asked) = asked(context).await? {
            has_asked = true;
            found.push(asked);
        }
        if !found.is_empty() {
            todos.push((context.loaded.campaign.name.clone(), found));
        }
        add_short(&mut short, context, &stand, shown.len() > 1);
        if let Some(own) = &mut own {
            add_own(own, context, shown.len() > 1).await?;
        }
    }
    if let Some(own) = own.as_mut().filter(|own| own.rows.is_empty()) {
        own.note = t.w("web-own-none");
    }
    if shown.len() > 1 {
        // Over several campaigns, the townships with most people short come first.
        short.rows.sort_by(|a, b| {
            let people = |row: &[Cell]| row.last().and_then(Cell::order).unwrap_or(0.0);
            people(b).total_cmp(&people(a))
        });
    }
    let title = t.say("web-home-title", &[("day", &day_words(t, &shown))]);
    let may_upload = may(visitor.actor(), Power::Plan).is_ok();
    let empty = match (shown.is_empty(), may_upload) {
        (false, _) => String::new(),
        (true, true) => format!("{} {}", t.w("web-no-campaign"), t.w("web-no-campaign-do")),
        (true, false) => t.w("web-no-campaign"),
    };
    let calls = call_lists(&visitor, &shown);
    let main = Main { t, title, own, calls, cards, todos, short, empty };
    let page = Page::new(t.w("web-today"), "today", &main);
    let tables = main.own.into_iter().chain([main.short]).collect();
    let page = Page { live_secs: LIVE_SECS, ..page.with(tables) };
    let of = match shown.as_slice() {
        [only] => Some((&only.loaded, Some(only.as_of))),
        _ => None,
    };
    Ok(framed(Some(&visitor), (t, &visitor.here), of, &page, &headers))
}

/// How a campaign stands, read once for everybody who sees the same part of it.
pub(super) async fn stand(context: &PageContext) -> Result<Arc<Stand>, Refusal> {
    let make = |context: PageContext| async move {
        Box::pin(context.app().stand(&context.loaded, context.as_of, context.today())).await
    };
    context.cached("stand", make).await
}

/// The as-of day of the campaigns; of several, the newest.
fn day_words(t: T, shown: &[PageContext]) -> String {
    let day = shown.iter().map(|context| context.as_of).max();
    day.map(|day| render::date(day, t.0)).unwrap_or_default()
}

fn card(context: &PageContext, stand: &Stand) -> Card {
    let t = context.t();
    let summary = &stand.overview.summary;
    let length = |share: Option<Percent>| {
        super::table::whole(share.map_or(0.0, Percent::shown).clamp(0.0, 100.0) * 2.0)
    };
    let short: u64 = summary.needs.iter().map(|n| n.target.saturating_sub(n.finished).0).sum();
    let people = |key: &str, count: u64| (t.w(key), thousands(count));
    let mut figures = vec![
        people("web-home-finished", stand.finished.0),
        people("column-eligible", stand.eligible.0),
    ];
    if stand.target.is_some() {
        figures.push(people("web-home-short", short));
    }
    figures.push((t.w("web-doses"), thousands(summary.doses_total)));
    let day_doses = if summary.is_unreported() {
        t.w("mail-summary-no-report")
    } else {
        thousands(summary.doses_today)
    };
    figures.push((t.w("web-home-day-doses"), day_doses));
    let sites = &summary.by_group.sites;
    figures.push((t.w("web-reported"), format!("{} / {}", sites.reported, sites.expected)));
    let (is_good, state) = state(t, stand);
    Card {
        name: context.loaded.campaign.name.clone(),
        href: context.to("overview"),
        is_good,
        state,
        percent: t.percent(stand.percent),
        bar: length(stand.percent),
        mark: stand.target_percent().map(|share| length(Some(share))),
        target: match stand.target_percent() {
            Some(share) => t.say("web-home-target", &[("percent", &t.percent(Some(share)))]),
            None => t.w("web-home-no-target"),
        },
        reach: reach_words(context, stand),
        figures,
    }
}

/// The state in a word.
fn state(t: T, stand: &Stand) -> (bool, String) {
    match stand.reach {
        Some(TargetDay::Reached) => (true, t.w("web-reach-reached")),
        Some(reach) if reach.is_good() => (true, t.w("web-reach-on-track")),
        Some(TargetDay::On { .. }) => (false, t.w("web-reach-doubtful")),
        Some(TargetDay::Missed { .. }) => (false, t.w("web-reach-missed")),
        None if stand.overview.plan.is_none() => (false, t.w("web-reach-no-plan")),
        None => (true, t.w("web-reach-open")),
    }
}

/// When the targets are reached, in a sentence.
pub(super) fn reach_words(context: &PageContext, stand: &Stand) -> String {
    let t = context.t();
    let date = |day: NaiveDate| {
        // A day of another year says which.
        if day.year() == context.as_of.year() { render::date(day, t.0) } else { day.to_string() }
    };
    match stand.reach {
        None | Some(TargetDay::Reached) => String::new(),
        Some(TargetDay::On { day, soonest: Some(soonest), latest: Some(latest), .. })
            if soonest != latest =>
        {
            let said: [(&str, &dyn std::fmt::Display); 3] =
                [("day", &date(day)), ("soonest", &date(soonest)), ("latest", &date(latest))];
            t.say("web-reach-between", &said)
        }
        Some(TargetDay::On { day, is_doubtful: true, .. }) => {
            t.say("web-reach-or-not", &[("day", &date(day))])
        }
        Some(TargetDay::On { day, .. }) => t.say("web-reach-day", &[("day", &date(day))]),
        Some(TargetDay::Missed { .. }) => {
            let short: u64 = stand
                .groups
                .iter()
                .map(|(group, reach)| short_at_end(context, stand, group.as_str(), *reach))
                .sum();
            let end = date(context.loaded.campaign.end);
            let said: [(&str, &dyn std::fmt::Display); 2] =
                [("end", &end), ("people", &thousands(short))];
            t.say("web-reach-short", &said)
        }
    }
}

/// People of a group who will be missing at the plan's end.
fn short_at_end(context: &PageContext, stand: &Stand, group: &str, reach: TargetDay) -> u64 {
    let TargetDay::Missed { finished } = reach else { return 0 };
    let name = context.loaded.campaign.group(group).map(|group| group.name.as_str());
    let mut needs = stand.overview.summary.needs.iter();
    let need = needs.find(|need| Some(need.group_name.as_str()) == name);
    need.map_or(0, |need| need.target.saturating_sub(finished).0)
}

fn short_table(t: T, has_several: bool) -> Table {
    let mut keys = vec!["area"];
    if has_several {
        keys.push("=campaign");
    }
    keys.extend(["#eligible", "#finished", "#percent", "#zero_dose", "#today", "#short"]);
    Table::of(t, "web-short", &keys)
}

fn add_short(table: &mut Table, context: &PageContext, stand: &Stand, has_several: bool) {
    let t = context.t();
    for one in &stand.short {
        let day = stand.overview.summary.by_area.iter().find(|line| line.area == one.area);
        let to = of_area(context, &one.area);
        let area = Cell::named(one.area_name.clone(), one.area.as_str()).heading().to(to);
        let mut cells = vec![area];
        if has_several {
            cells.push(Cell::text(context.loaded.campaign.name.clone()));
        }
        cells.extend([
            Cell::count(one.eligible),
            Cell::count(one.finished),
            Cell::percent(t, one.percent),
            Cell::count(one.zero_dose),
            day.and_then(|line| line.today)
                .map_or_else(|| Cell::number(t.w("mail-summary-no-report")), Cell::count),
            Cell::count(one.short),
        ]);
        table.rows.push(cells);
    }
}

/// The call lists of a lead, one for each campaign.
fn call_lists(visitor: &Visitor, shown: &[PageContext]) -> Vec<(String, String)> {
    if visitor.account.role != Role::Lead {
        return Vec::new();
    }
    let link = |context: &PageContext| {
        let name = crate::text::harmless(&context.loaded.campaign.name);
        let text = match shown.len() {
            1 => visitor.t().w("web-calls"),
            _ => name,
        };
        (context.to("calls"), text)
    };
    shown.iter().map(link).collect()
}

/// The table of a lead's own places.
fn own_table(t: T, role: Role, has_several: bool) -> Option<Table> {
    let mut keys = vec!["place"];
    if has_several {
        keys.push("campaign");
    }
    keys.extend(["team", "#planned", "#doses", "report"]);
    (role == Role::Lead).then(|| Table::of(t, "web-own", &keys))
}

/// Today's sessions of a lead, with a link to the form for their counts.
async fn add_own(
    table: &mut Table,
    context: &PageContext,
    has_several: bool,
) -> Result<(), Refusal> {
    let (t, campaign, today) = (context.t(), &context.loaded.campaign, context.today());
    let fail = |error| context.refusal(&error);
    let sessions = context.app().sessions(&context.loaded).await.map_err(fail)?;
    let visits = Visits::on(&sessions, today);
    let mine = |code: &str| may_at(context.actor(), Power::Tally, campaign, code, &visits).is_ok();
    let given = context.app().given_on(&context.loaded, today).await.map_err(fail)?;
    let seen = (today, today);
    let reports =
        context.app().reports(&context.loaded, (today, today), seen).await.map_err(fail)?;
    for (key, entry) in sessions.standing((today, today)) {
        let Some(place) = campaign.place(key.place.as_str()).filter(|_| mine(key.place.as_str()))
        else {
            continue;
        };
        let doses: u64 =
            given.iter().filter(|row| row.place == key.place).map(|row| u64::from(row.doses)).sum();
        let report = reports.sites.iter().find(|(code, _)| *code == key.place);
        let report = report.and_then(|(_, days)| days.first().copied());
        let is_in = report.is_some_and(|report| {
            matches!(
                report,
                crate::app::dashboard::Report::In | crate::app::dashboard::Report::Late
            )
        });
        let to = address(&context.loaded, "tally", Some(today));
        let to = format!("{to}&place={}", encoded(key.place.as_str()));
        let team = key.team.as_ref().map(|code| {
            let name = campaign.team(code.as_str()).map_or(code.as_str(), |team| &team.name);
            Cell::named(name, code.as_str())
        });
        let mut cells = vec![Cell::named(place.name(), key.place.as_str()).heading()];
        if has_several {
            cells.push(Cell::named(campaign.name.clone(), campaign.id.as_str()));
        }
        cells.extend([
            team.unwrap_or_default(),
            Cell::count(entry.doses.values().sum::<u64>()),
            if is_in { Cell::count(doses) } else { Cell::number(t.w("web-none")) },
            Cell::link(t.w(if is_in { "web-own-correct" } else { "web-own-report" }), to),
        ]);
        table.rows.push(cells);
    }
    Ok(())
}

/// What is to be done in a campaign, with the buttons that the visitor may use.
pub(super) async fn todo(context: &PageContext, stand: &Stand) -> Result<Vec<Todo>, Refusal> {
    let t = context.t();
    let summary = &stand.overview.summary;
    let alerts = render::alerts(summary, t.0);
    let mut out = Vec::new();
    let broken = match may(context.actor(), Power::Plan) {
        Ok(()) => context.app().broken(&context.loaded).await,
        Err(_) => Ok(None),
    };
    if let Some(said) = broken.map_err(|error| context.refusal(&error))? {
        let steps = vec![make_step(context, "web-step-mend")];
        let text = crate::app::problems::words(t.0, &said);
        out.push(Todo { text, lines: Vec::new(), remedy: String::new(), steps });
    }
    for (item, alert) in summary.attention.iter().zip(alerts) {
        let steps = steps(context, item);
        // What a button does needs no command to be typed.
        let remedy = if steps.is_empty() { alert.remedy } else { String::new() };
        out.push(Todo { text: alert.text, lines: alert.lines, remedy, steps });
    }
    Ok(out)
}

/// That people ask to be put into the register, for those who decide about it.
async fn asked(context: &PageContext) -> Result<Option<Todo>, Refusal> {
    if !super::inbox::sees_strangers(context) {
        return Ok(None);
    }
    let count = context.app().requests_waiting().await;
    let count = count.map_err(|error| context.refusal(&error))?;
    Ok((count > 0).then(|| Todo {
        text: context.t().say("web-todo-requests", &[("count", &thousands(count))]),
        lines: Vec::new(),
        remedy: String::new(),
        steps: vec![go(context, "web-step-inbox", "inbox")],
    }))
}

fn go(context: &PageContext, key: &str, page: &str) -> Step {
    let (text, href) = (context.t().w(key), context.to(page));
    Step { text, href, is_form: false, fields: Vec::new() }
}

fn make_step(context: &PageContext, key: &str) -> Step {
    Step {
        text: context.t().w(key),
        href: format!("{}&csrf={}", context.to("make"), context.visitor.csrf()),
        is_form: true,
        fields: vec![("seconds", SEARCH_SECS.to_string())],
    }
}

/// What somebody can do about it here.
fn steps(context: &PageContext, item: &Attention) -> Vec<Step> {
    let t = context.t();
    let can = |power: Power| may(context.actor(), power).is_ok();
    let plans = can(Power::Plan);
    match item {
        Attention::NoPlan | Attention::BehindPlan { .. } if plans => {
            vec![make_step(context, "web-step-make")]
        }
        Attention::DraftWaits { plan, .. } if plans => {
            let href = context.to("adopt");
            let adopt = Step {
                text: t.say("web-adopt", &[("no", plan)]),
                href: format!("{href}&no={plan}&csrf={}", context.visitor.csrf()),
                is_form: true,
                fields: Vec::new(),
            };
            vec![adopt, go(context, "web-step-compare", "plan")]
        }
        Attention::LateSites(_) => vec![go(context, "web-step-reports", "reports")],
        Attention::DoubtfulCounts(lines) if can(Power::Tally) => {
            let to = |line: &crate::domain::attention::DoubtfulLine| Step {
                text: t.say("web-step-count", &[("place", &line.place_name), ("day", &line.day)]),
                href: format!(
                    "{}&place={}",
                    address(&context.loaded, "tally", Some(line.day)),
                    encoded(line.place.as_str())
                ),
                is_form: false,
                fields: Vec::new(),
            };
            lines.iter().take(5).map(to).collect()
        }
        Attention::MailInDoubt(_) if can(Power::Operation) => {
            vec![go(context, "web-step-mail", "mail")]
        }
        _ => Vec::new(),
    }
}
