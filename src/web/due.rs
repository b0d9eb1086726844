//! The due list: people of the register whose next dose is due. Each look at it goes to the audit log.

use super::page::{Page, Refusal, address, encoded};
use super::page_context::PageContext;
use super::table::{Cell, Table};
use super::table_view::{Address, View};
use super::words::T;
use crate::app::Loaded;
use crate::app::due::DueLine;
use crate::domain::audit::Action;
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::judge::Asks;
use crate::domain::permission::{Actor, Power, Visits, may, may_see};
use crate::domain::schools::SCHOOL;
use crate::domain::site::Stop;
use crate::text::thousands;
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Filter {
    area: Option<String>,
    group: Option<String>,
    dose: Option<String>,
    overdue: Option<String>,
}

impl Filter {
    fn of(value: Option<&String>) -> Option<&str> {
        value.map(String::as_str).filter(|text| !text.is_empty())
    }
}

type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "web/due.html")]
struct Main {
    t: T,
    head: String,
    /// Where the list of a catch-up campaign stands; empty for others.
    catch_up: String,
    action: String,
    day: NaiveDate,
    areas: Vec<Choice>,
    groups: Vec<Choice>,
    doses: Vec<Choice>,
    overdue: bool,
    said: String,
    /// The address of the rounds of home visits; empty where the campaign has no teams.
    homes: String,
    /// The address of the schools; empty where the campaign has none, or the visitor may not open it.
    schools: String,
    table: Table,
}

/// Whether somebody may see a line of the list; `visits` knows the days of all appointments.
pub(super) fn visible(
    actor: Actor<'_>,
    loaded: &Loaded,
    line: &DueLine,
    visits: &BTreeMap<NaiveDate, Visits>,
) -> bool {
    let appointment = line.day.zip(line.place.clone());
    may_see_line(actor, loaded, (&line.area, appointment.as_ref()), visits)
}

/// The same of whoever lives in an area and has an appointment, or none.
pub(super) fn may_see_line(
    actor: Actor<'_>,
    loaded: &Loaded,
    (area, appointment): (&AreaCode, Option<&(NaiveDate, PlaceCode)>),
    visits: &BTreeMap<NaiveDate, Visits>,
) -> bool {
    let expected = appointment.and_then(|(day, place)| Some((place, visits.get(day)?)));
    may_see(actor, &loaded.campaign, area, expected).is_ok()
}

/// The due list of a day.
pub(super) async fn due(
    context: PageContext,
    Query(filter): Query<Filter>,
) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let area = Filter::of(filter.area.as_ref());
    let below: Option<BTreeSet<_>> = match area {
        Some(code) => {
            let found = campaign.area(code).ok_or_else(|| Refusal::absent(t))?;
            Some(campaign.below(&found.code))
        }
        None => None,
    };
    let group = Filter::of(filter.group.as_ref());
    let dose = Filter::of(filter.dose.as_ref()).and_then(|text| text.parse::<u8>().ok());
    let overdue = filter.overdue.as_deref() == Some("yes");
    let read = |context: PageContext| async move {
        context.app().due(&context.loaded, context.as_of, context.today()).await
    };
    let all = context.cached("due", read).await?;
    let visits = context.visits_of(all.iter().filter_map(|line| line.day)).await?;
    let lines: Vec<&DueLine> = all
        .iter()
        .filter(|line| {
            below.as_ref().is_none_or(|areas| areas.contains(&line.area))
                && group.is_none_or(|group| line.group.as_str() == group)
                && dose.is_none_or(|dose| line.dose == dose)
                && (!overdue || line.latest.is_some_and(|latest| latest < context.as_of))
                && visible(context.actor(), &context.loaded, line, &visits)
        })
        .collect();
    let said = format!(
        "as of {}, area {}, group {}, {} people",
        context.as_of,
        area.unwrap_or("-"),
        group.map_or("-", |group| campaign.group(group).map_or("?", |group| group.id.as_str())),
        lines.len()
    );
    let noted = (Some(campaign.id.as_str()), said.as_str());
    let who = &context.visitor.account.name;
    let noted = context.app().note_audit(who, Action::SeeDue, noted, context.now).await;
    noted.map_err(|error| context.refusal(&error))?;
    let choice = |code: &str, name: &str, chosen: Option<&str>| {
        (code.to_owned(), name.to_owned(), chosen == Some(code))
    };
    let (title, count) = (t.w("web-due"), lines.len());
    let view = View::of(&Address::of(&context.visitor.here), DUE);
    let table = table(&context, sorted(lines, &view), &view);
    let dose_numbers = 1..=campaign.series.dose_count();
    let main = Main {
        t,
        head: context.head(title.clone(), "due", &[]),
        catch_up: catch_up(&context),
        action: address(&context.loaded, "due", None),
        day: context.as_of,
        areas: campaign.areas.iter().map(|it| choice(it.code.as_str(), &it.name, area)).collect(),
        groups: campaign.groups.iter().map(|it| choice(it.id.as_str(), &it.name, group)).collect(),
        doses: dose_numbers
            .map(|n| choice(&n.to_string(), &n.to_string(), filter.dose.as_deref()))
            .collect(),
        overdue,
        homes: rounds(&context),
        schools: schools(&context),
        said: t
            .say("web-due-count", &[("count", &thousands(count as u64)), ("day", &context.as_of)]),
        table,
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "due", &main);
    Ok(context.show(page.with(vec![main.table])))
}

/// The address of the rounds of home visits; empty where the campaign has no teams.
fn rounds(context: &PageContext) -> String {
    if context.loaded.campaign.teams.is_empty() {
        return String::new();
    }
    address(&context.loaded, "homes", Some(context.as_of))
}

/// The address of the schools; empty where the campaign has none, or the visitor may not open it.
fn schools(context: &PageContext) -> String {
    let is_school = |stop: &Stop| stop.kind.as_deref() == Some(SCHOOL);
    let has_schools = context.loaded.campaign.stops.iter().any(is_school);
    if !has_schools || may(context.actor(), Power::Plan).is_err() {
        return String::new();
    }
    address(&context.loaded, "schools", Some(context.as_of))
}

/// Where the list of a catch-up campaign stands; empty for others.
fn catch_up(context: &PageContext) -> String {
    match context.loaded.judge.asks {
        Asks::CatchUp { .. } => context.to("catch-up"),
        Asks::Series { .. } => String::new(),
    }
}

/// The id of the table in addresses.
const DUE: &str = "due";

/// The lines in the order that the address asks for. There may be hundreds of thousands, so that only those of the page
/// become rows.
fn sorted<'a>(mut lines: Vec<&'a DueLine>, view: &View) -> Vec<&'a DueLine> {
    let Some((key, down)) = &view.sort else { return lines };
    let by = |a: &DueLine, b: &DueLine| match key.as_str() {
        "person_name" => a.name.cmp(&b.name),
        "area" => a.area.cmp(&b.area),
        "group" => a.group.cmp(&b.group),
        "dose" => a.dose.cmp(&b.dose),
        "recommended" => a.recommended.cmp(&b.recommended),
        "latest" => a.latest.is_none().cmp(&b.latest.is_none()).then(a.latest.cmp(&b.latest)),
        "day" => a.day.is_none().cmp(&b.day.is_none()).then(a.day.cmp(&b.day)),
        "place" => a.place.cmp(&b.place),
        "person" => a.person.cmp(&b.person),
        _ => std::cmp::Ordering::Equal,
    };
    lines.sort_by(|a, b| if *down { by(b, a) } else { by(a, b) });
    lines
}

fn table(context: &PageContext, lines: Vec<&DueLine>, view: &View) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = [
        "person_name",
        "phone",
        "area",
        "group",
        "#dose",
        "recommended",
        "latest",
        "day",
        "place",
        "mail",
        "person",
    ];
    let mut table = Table { is_private: true, ..Table::of(t, "web-due", &keys) };
    for head in &mut table.heads {
        // "Day" alone does not say of what, and the name stands first.
        match head.key.as_str() {
            "day" => head.text = t.w("web-person-appointment"),
            "person" => head.text = t.w("column-code"),
            _ => (),
        }
    }
    table.cut_of = Some(lines.len());
    let pages = lines.len().div_ceil(view.rows_max).max(1);
    let first = (view.page.min(pages) - 1) * view.rows_max;
    // A file has all lines, a page its own.
    let (first, rows) = if view.file.is_some() { (0, lines.len()) } else { (first, view.rows_max) };
    let day =
        |day: Option<NaiveDate>| Cell::text(day.map(|day| day.to_string()).unwrap_or_default());
    for line in lines.into_iter().skip(first).take(rows) {
        let area = campaign.area(line.area.as_str()).map_or(line.area.as_str(), |it| &it.name);
        let group = campaign.group(line.group.as_str()).map_or(line.group.as_str(), |it| &it.name);
        let place = line.place.as_ref().map(|code| {
            let found = campaign.place(code.as_str()).map(|place| place.name().to_owned());
            Cell::named(found.unwrap_or_else(|| code.to_string()), code.as_str())
        });
        table.rows.push(vec![
            Cell::head(line.name.clone().unwrap_or_else(|| line.person.to_string()))
                .to(context.to(&format!("person/{}", encoded(line.person.as_str())))),
            Cell::text(line.phone.clone().unwrap_or_default()),
            Cell::named(area, line.area.as_str()),
            Cell::named(group, line.group.as_str()),
            Cell::number(line.dose.to_string()),
            day(Some(line.recommended)),
            day(line.latest),
            day(line.day),
            place.unwrap_or_default(),
            Cell::text(t.w(&format!("reached-{}", line.mail.word()))),
            Cell::text(line.person.as_str()),
        ]);
    }
    table
}
