//! Vaccine by lot: what arrived, what was drawn, what is left and until when.

use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::products;
use super::table::{Cell, Table, TablesPage};
use super::words::T;
use crate::domain::allocation::AllocationLine;
use crate::domain::permission::{Power, may};
use crate::text::harmless;
use axum::response::Response;

/// The page of a day.
pub(super) async fn stock(context: PageContext) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let read = |context: PageContext| async move {
        context.app().lots(&context.loaded, context.as_of).await
    };
    let lots = context.cached("stock", read).await?;
    let keys = ["lot", "product", "arrived", "expires", "#doses", "#drawn", "#left", "=state"];
    let mut table = Table::of(t, "web-stock", &keys);
    for one in lots.iter() {
        let (state, class) = match (one.arrives > context.as_of, one.expires < context.as_of) {
            (true, _) => ("lot-coming", ""),
            (_, true) => ("lot-expired", "bad"),
            _ => ("lot-usable", ""),
        };
        let none = || Cell::number(t.w("web-none"));
        table.rows.push(vec![
            Cell::head(one.lot.as_str()),
            products::cell(t.0, &context.loaded.campaign, &one.product),
            Cell::text(one.arrives.to_string()),
            Cell::text(one.expires.to_string()),
            Cell::count(one.doses),
            one.drawn.map_or_else(none, Cell::count),
            one.left.map_or_else(none, Cell::count),
            Cell { class, ..Cell::text(t.w(state)) },
        ]);
    }
    let title = t.w("web-stock");
    let mut head = context.head(title.clone(), "stock", &[]);
    if may(context.actor(), Power::Plan).is_ok() {
        let said = crate::characters::escaped(&t.w("web-supply"));
        let link = format!("<a class=\"button\" href=\"{}\">{said}</a>", context.to("supply"));
        head.push_str(&format!("<p class=\"noprint\">{link}</p>"));
    }
    let mut tables = vec![table];
    // Who sees a part does not see what the others take.
    if context.loaded.tops.is_none() {
        let read = |context: PageContext| async move {
            let app = context.app();
            let Some((head, rows)) = app.plan(&context.loaded, None).await? else {
                return Ok(Vec::new());
            };
            app.allocation(&context.loaded, (head.from, &rows)).await
        };
        tables.push(allocation(t, &context.cached("allocation", read).await?));
    }
    let main = TablesPage { head, live: false, lines: vec![t.w("web-stock-help")], tables };
    let page = Page::new(format!("{title} · {}", campaign.name), "stock", &main);
    Ok(context.show(page.with(main.tables)))
}

fn allocation(t: T, lines: &[AllocationLine]) -> Table {
    let keys = ["week", "county", "lot", "#doses"];
    let mut table = Table::of(t, "web-allocation", &keys);
    for line in lines {
        table.rows.push(vec![
            Cell::head(line.week.to_string()),
            Cell::named(harmless(&line.name), line.county.as_str()),
            Cell::text(line.lot.as_str()),
            Cell::count(line.doses),
        ]);
    }
    if lines.is_empty() {
        table.note = t.w("web-no-plan");
    }
    table
}
