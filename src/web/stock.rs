//! Vaccine by lot: what arrived, what was drawn, what is left and until when.

use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::table::{Cell, Table};
use askama::Template;
use axum::response::Response;

#[derive(Template)]
#[template(path = "web/tables.html")]
struct Main {
    head: String,
    live: bool,
    lines: Vec<String>,
    tables: Vec<Table>,
}

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
            Cell::text(one.product.clone()),
            Cell::text(one.arrives.to_string()),
            Cell::text(one.expires.to_string()),
            Cell::count(one.doses),
            one.drawn.map_or_else(none, Cell::count),
            one.left.map_or_else(none, Cell::count),
            Cell { class, ..Cell::text(t.w(state)) },
        ]);
    }
    let title = t.w("web-stock");
    let main = Main {
        head: context.head(title.clone(), "stock", &[]),
        live: false,
        lines: vec![t.w("web-stock-help")],
        tables: vec![table],
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "stock", &main);
    Ok(context.show(page.with(main.tables)))
}
