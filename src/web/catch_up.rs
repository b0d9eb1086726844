//! Catch-up campaigns (查漏补种): every vaccine in every area against the target, who misses which doses and in how many
//! visits they can be given, and the denominators that follow. Each look goes to the audit log.

use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::table::{Cell, Table, TablesPage};
use super::table_view::{Address, View};
use crate::app::catch_up::{CatchUpReport, MissedDoseLine, PersonToCatchUp};
use crate::domain::audit::Action;
use crate::domain::id::{AreaCode, GroupId};
use crate::domain::judge::Asks;
use crate::domain::permission::may_see;
use crate::text::thousands;
use axum::response::Response;
use std::collections::BTreeMap;

/// The id of the list of people in addresses.
const LIST: &str = "catch-up-list";

/// What the page reads.
struct Found {
    people: Vec<PersonToCatchUp>,
    report: CatchUpReport,
    counts: BTreeMap<(AreaCode, GroupId), u64>,
}

/// The page.
pub(super) async fn catch_up(context: PageContext) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let title = t.w("web-catch-up");
    let head = context.head(title.clone(), "catch-up", &[]);
    let mut main = TablesPage { head, live: false, lines: Vec::new(), tables: Vec::new() };
    if matches!(context.loaded.judge.asks, Asks::CatchUp { .. }) {
        let read = |context: PageContext| async move {
            let (app, loaded, day) = (context.app(), &context.loaded, context.as_of);
            Ok(Found {
                people: app.lacking(loaded, day).await?,
                report: app.catch_up_report(loaded, day).await?,
                counts: app.lacking_counts(loaded, day).await?,
            })
        };
        let found = context.cached("catch-up", read).await?;
        let sees = |area: &AreaCode| may_see(context.actor(), campaign, area, None).is_ok();
        let people: Vec<_> = found.people.iter().filter(|one| sees(&one.area)).collect();
        let said = format!("catch-up list as of {}, {} people", context.as_of, people.len());
        let about = (Some(campaign.id.as_str()), said.as_str());
        let who = &context.visitor.account.name;
        let noted = context.app().note_audit(who, Action::SeeDue, about, context.now).await;
        noted.map_err(|error| context.refusal(&error))?;
        let count = thousands(people.len() as u64);
        main.lines.push(t.say("web-catch-up-count", &[("count", &count)]));
        main.tables.push(areas(&context, &found.report));
        main.tables.push(list(&context, people));
        main.tables.push(eligible(&context, &found.counts));
    } else {
        main.lines.push(t.w("web-catch-up-other"));
    }
    let page = Page::new(format!("{title} · {}", campaign.name), "due", &main);
    Ok(context.show(page.with(main.tables)))
}

/// Every vaccine in every area that the visitor sees; what is below the target first.
fn areas(context: &PageContext, report: &CatchUpReport) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = [
        "=area",
        "=vaccine",
        "#should",
        "#done",
        "#percent",
        "=below",
        "#lacking_people",
        "#lacking_doses",
        "#people_to_rate",
        "#doses_to_rate",
        "#aged_out",
    ];
    let mut table = Table::of(t, "web-catch-up-areas", &keys);
    let mut rows: Vec<_> =
        report.rows.iter().filter(|row| campaign.area(row.area.as_str()).is_some()).collect();
    rows.sort_by_key(|row| !row.below);
    for row in rows {
        let below = if row.below { t.w("catch-up-is-below") } else { String::new() };
        table.rows.push(vec![
            Cell::named(row.area_name.clone(), row.area.as_str()).heading(),
            Cell::text(row.vaccine.clone()),
            Cell::count(row.should),
            Cell::count(row.done),
            Cell::percent(t, row.percent),
            Cell { class: if row.below { "bad" } else { "" }, ..Cell::text(below) },
            Cell::count(row.lacking_people),
            Cell::count(row.lacking_doses),
            Cell::count(row.people_to_rate),
            Cell::count(row.doses_to_rate),
            Cell::count(row.aged_out),
        ]);
    }
    let rate = (report.rate * rust_decimal::Decimal::ONE_HUNDRED).normalize();
    table.note = t.say("web-catch-up-rate", &[("rate", &rate)]);
    table
}

/// Who misses doses. There may be hundreds of thousands: only those of the page become rows.
fn list(context: &PageContext, mut people: Vec<&PersonToCatchUp>) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys =
        ["person_name", "phone", "area", "group", "lacks", "day", "vaccines", "#visits", "person"];
    let mut table = Table { is_private: true, ..Table::of(t, "web-catch-up-list", &keys) };
    debug_assert_eq!(table.id, LIST);
    let view = View::of(&Address::of(&context.visitor.here), LIST);
    sort(&mut people, &view);
    table.cut_of = Some(people.len());
    let pages = people.len().div_ceil(view.rows_max).max(1);
    let first = (view.page.min(pages) - 1) * view.rows_max;
    // A file has all of them, a page its own.
    let (first, rows) =
        if view.file.is_some() { (0, people.len()) } else { (first, view.rows_max) };
    let said = |dose: &MissedDoseLine| {
        t.say("catch-up-dose", &[("vaccine", &dose.vaccine), ("dose", &dose.dose)])
    };
    let usual = |dose: &MissedDoseLine| dose.code.clone().unwrap_or_else(|| dose.vaccine.clone());
    for one in people.into_iter().skip(first).take(rows) {
        let area = campaign.area(one.area.as_str()).map_or(one.area.as_str(), |it| &it.name);
        let group = campaign.group(one.group.as_str()).map_or(one.group.as_str(), |it| &it.name);
        let visit = one.visits.first();
        let vaccines: Vec<String> =
            visit.map(|visit| visit.doses.iter().map(usual).collect()).unwrap_or_default();
        let name = one.name.clone().unwrap_or_else(|| one.person.to_string());
        table.rows.push(vec![
            Cell::head(name).to(context.to(&format!("person/{}", encoded(one.person.as_str())))),
            Cell::text(one.phone.clone().unwrap_or_default()),
            Cell::named(area, one.area.as_str()),
            Cell::named(group, one.group.as_str()),
            Cell::text(one.missed.iter().map(said).collect::<Vec<_>>().join("; ")),
            Cell::text(visit.map(|visit| visit.day.to_string()).unwrap_or_default()),
            Cell::text(vaccines.join(" ")),
            Cell::count(one.visits.len() as u64),
            Cell::text(one.person.as_str()),
        ]);
    }
    table
}

fn sort(people: &mut [&PersonToCatchUp], view: &View) {
    let Some((key, down)) = &view.sort else { return };
    let by = |a: &PersonToCatchUp, b: &PersonToCatchUp| match key.as_str() {
        "person_name" => a.name.cmp(&b.name),
        "area" => a.area.cmp(&b.area),
        "group" => a.group.cmp(&b.group),
        "lacks" => a.missed.len().cmp(&b.missed.len()),
        "day" => a.visits.first().map(|it| it.day).cmp(&b.visits.first().map(|it| it.day)),
        "visits" => a.visits.len().cmp(&b.visits.len()),
        "person" => a.person.cmp(&b.person),
        _ => std::cmp::Ordering::Equal,
    };
    people.sort_by(|a, b| if *down { by(b, a) } else { by(a, b) });
}

/// The campaign's denominators from the register, as `eligible.csv` has them.
fn eligible(context: &PageContext, counts: &BTreeMap<(AreaCode, GroupId), u64>) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let mut table = Table::of(t, "web-catch-up-eligible", &["=area", "=group", "#people", "as_of"]);
    for ((area, group), people) in counts {
        let Some(known) = campaign.area(area.as_str()) else { continue };
        let name = campaign.group(group.as_str()).map_or(group.as_str(), |it| &it.name);
        table.rows.push(vec![
            Cell::named(known.name.clone(), area.as_str()).heading(),
            Cell::named(name, group.as_str()),
            Cell::count(*people),
            Cell::text(context.as_of.to_string()),
        ]);
    }
    table.note = t.w("web-catch-up-eligible-help");
    table
}
