//! The search box: people of the register, places, areas, lots. What is typed may be a name, so it never stands in an
//! address.

use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::products;
use super::table::{Cell, Table};
use super::words::T;
use crate::domain::permission::{Power, may};
use askama::Template;
use axum::extract::Form;
use axum::response::Response;
use serde::Deserialize;

/// The most rows of places, areas and lots.
const ROWS_MAX: usize = 50;

#[derive(Deserialize)]
pub(super) struct Asked {
    q: String,
}

#[derive(Template)]
#[template(path = "web/search.html")]
struct Main {
    t: T,
    action: String,
    said: String,
    tables: Vec<Table>,
}

/// The empty form.
pub(super) async fn form(context: PageContext) -> Result<Response, Refusal> {
    Ok(show(&context, String::new(), Vec::new()))
}

/// What is found.
pub(super) async fn search(
    context: PageContext,
    Form(asked): Form<Asked>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let q = asked.q.trim().to_lowercase();
    if q.is_empty() {
        return Ok(show(&context, String::new(), Vec::new()));
    }
    let mut tables = Vec::new();
    let mut said = String::new();
    if may(context.actor(), Power::People).is_ok() {
        let app = context.app();
        let found = app.search_people(&context.loaded, &q, context.actor(), context.now).await;
        let (found, is_more) = found.map_err(|error| context.refusal(&error))?;
        let mut table = plain(t, "web-search-people", &["person_name", "born", "area", "person"]);
        for one in found {
            let area = context.loaded.campaign.area(one.area.as_str());
            let area = area.map_or_else(|| one.area.to_string(), |area| area.name.clone());
            let to = context.to(&format!("person/{}", encoded(one.person.as_str())));
            table.rows.push(vec![
                Cell::link(one.name, to).heading(),
                Cell::text(one.born.to_string()),
                Cell::named(area, one.area.as_str()),
                Cell::text(one.person.as_str()),
            ]);
        }
        if is_more {
            table.note = t.w("web-search-more");
            said.clone_from(&table.note);
        }
        tables.push(table);
    }
    tables.extend([places(&context, &q), areas(&context, &q), lots(&context, &q)]);
    tables.retain(|table| !table.rows.is_empty());
    match (tables.is_empty(), said.is_empty()) {
        (true, true) => said = t.w("web-search-nothing"),
        // The table says it.
        (false, _) => said.clear(),
        _ => {}
    }
    Ok(show(&context, said, tables))
}

fn show(context: &PageContext, said: String, tables: Vec<Table>) -> Response {
    let t = context.t();
    let action = format!("{}&csrf={}", context.to("search"), context.visitor.csrf());
    let main = Main { t, action, said, tables };
    let title = format!("{} · {}", t.w("web-search-title"), context.loaded.campaign.name);
    let page = Page::new(title, "search", &main);
    context.show(page.with(main.tables))
}

/// A table that is seen once: its page has no address that shows it again.
fn plain(t: T, caption: &str, keys: &[&str]) -> Table {
    Table { is_plain: true, ..Table::of(t, caption, keys) }
}

fn has(q: &str, texts: &[&str]) -> bool {
    texts.iter().any(|text| text.to_lowercase().contains(q))
}

fn places(context: &PageContext, q: &str) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let mut table = plain(t, "web-places", &["place", "area"]);
    let sites = campaign.sites.iter().map(|site| &site.code);
    for code in sites.chain(campaign.stops.iter().map(|stop| &stop.code)) {
        let Some(place) = campaign.place(code.as_str()) else { continue };
        if has(q, &[code.as_str(), place.name()]) && table.rows.len() < ROWS_MAX {
            let area = campaign.area(place.area().as_str()).map_or("", |area| &area.name);
            let to = context.to(&format!("place/{}", encoded(code.as_str())));
            table.rows.push(vec![
                Cell::named(place.name(), code.as_str()).heading().to(to),
                Cell::named(area, place.area().as_str()),
            ]);
        }
    }
    for team in campaign.teams.iter().filter(|team| has(q, &[team.code.as_str(), &team.name])) {
        let to = format!("{}&place={}", context.to("calendar"), encoded(team.code.as_str()));
        let name = Cell::named(team.name.clone(), team.code.as_str()).heading().to(to);
        table.rows.push(vec![name, Cell::default()]);
    }
    table
}

fn areas(context: &PageContext, q: &str) -> Table {
    let mut table = plain(context.t(), "web-search-areas", &["area", "person"]);
    table.heads.truncate(1);
    let campaign = &context.loaded.campaign;
    let hits = campaign.areas.iter().filter(|area| has(q, &[area.code.as_str(), &area.name]));
    for area in hits.take(ROWS_MAX) {
        let to = format!("{}#{}", context.to("map"), encoded(area.code.as_str()));
        let name = Cell::named(area.name.clone(), area.code.as_str()).heading().to(to);
        table.rows.push(vec![name]);
    }
    table
}

fn lots(context: &PageContext, q: &str) -> Table {
    let mut table = plain(context.t(), "web-search-lots", &["lot", "product", "expires"]);
    let campaign = &context.loaded.campaign;
    let language = context.t().0;
    let hits = campaign.deliveries.iter().filter(|lot| {
        let name = products::named(language, campaign, &lot.product);
        has(q, &[lot.lot.as_str(), &lot.product, &name])
    });
    for lot in hits.take(ROWS_MAX) {
        table.rows.push(vec![
            Cell::link(lot.lot.as_str(), context.to("stock")).heading(),
            products::cell(language, campaign, &lot.product),
            Cell::text(lot.expires.to_string()),
        ]);
    }
    table
}
