//! The monthly tables: each as it is handed up, with the columns of its form, downloaded like every other table.

use super::asked_days::{month_of, parse_month};
use super::page::{Page, Refusal, address};
use super::page_context::PageContext;
use super::table::{Cell, Table, Value as CellValue};
use super::words::T;
use crate::app::reports::Ask;
use crate::domain::report::{NAMES, Name, Report, Value};
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Which {
    report: Option<String>,
    month: Option<String>,
}

#[derive(Template)]
#[template(path = "web/month.html")]
struct Main {
    t: T,
    title: String,
    action: String,
    day: String,
    month: String,
    names: Vec<(&'static str, String, bool)>,
    lines: Vec<String>,
    table: Table,
    unit: String,
}

/// The page of a month. Without one: the month of the as-of day.
pub(super) async fn month(
    context: PageContext,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let bad = || Refusal::bad(t, t.w("web-bad-address"));
    let name = match which.report.as_deref() {
        Some(word) => NAMES.into_iter().find(|name| name.word() == word).ok_or_else(bad)?,
        None => Name::Coverage,
    };
    let month = match which.month.as_deref() {
        Some(text) => parse_month(text),
        None => month_of(context.as_of),
    };
    let (first, end) = month.ok_or_else(bad)?;
    // A month that is not over is told as far as it goes.
    let last = end.min(context.today()).max(first);
    let key = format!("month/{}/{first}/{last}", name.word());
    let read = |context: PageContext| async move {
        let ask = Ask { name, area: None, first, last, known_on: None };
        context.app().report(&context.loaded, &ask).await
    };
    let report = context.cached(&key, read).await?;
    let title = title_of(t, name);
    let campaign = &context.loaded.campaign;
    let mut lines = vec![t.say("report-period", &[("first", &first), ("last", &last)])];
    if last < end {
        lines.push(t.say("report-so-far", &[("last", &last)]));
    }
    lines.push(t.w(&format!("report-about-{}", name.word())));
    let main = Main {
        t,
        title: title.clone(),
        action: address(&context.loaded, "month", None),
        day: context.as_of.to_string(),
        month: first.format("%Y-%m").to_string(),
        names: NAMES.into_iter().map(|one| (one.word(), title_of(t, one), one == name)).collect(),
        lines,
        table: table(t, &report, &title),
        unit: campaign.root().map_or_else(|| campaign.name.clone(), |area| area.name.clone()),
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "month", &main);
    Ok(context.show(page.with(vec![main.table])))
}

fn title_of(t: T, name: Name) -> String {
    t.w(&format!("report-name-{}", name.word()))
}

/// A report as a table: a column of names has the codes of the column before it.
fn table(t: T, report: &Report, title: &str) -> Table {
    let word = report.name.word();
    let head = |column: &str| {
        crate::text::found(t.0, &format!("report-column-{word}-{column}"))
            .unwrap_or_else(|| t.w(&format!("report-column-{column}")))
    };
    let is_code = |at: usize| {
        let name = format!("{}_name", report.columns[at]);
        report.columns.get(at + 1).is_some_and(|next| *next == name)
    };
    let kept: Vec<usize> = (0..report.columns.len()).filter(|at| !is_code(*at)).collect();
    let is_number = |at: usize| {
        report.rows.iter().any(|row| matches!(row[at].value, Value::Count(_) | Value::Percent(_)))
    };
    let heads: Vec<String> = kept
        .iter()
        .map(|at| format!("{}{}", if is_number(*at) { "#" } else { "" }, head(report.columns[*at])))
        .collect();
    let mut table = Table::new(word, title.to_owned(), &heads);
    for row in &report.rows {
        let cell = |at: &usize| {
            let code = at.checked_sub(1).filter(|before| is_code(*before));
            let code = code.map_or_else(String::new, |before| match &row[before].value {
                Value::Text(code) => code.clone(),
                _ => String::new(),
            });
            Cell { code, ..cell(t, &row[*at].value) }
        };
        table.rows.push(kept.iter().map(cell).collect());
    }
    if let Some(cells) =
        table.rows.iter_mut().map(|row| row.first_mut()).collect::<Option<Vec<_>>>()
    {
        for cell in cells {
            cell.head = true;
        }
    }
    table
}

fn cell(t: T, value: &Value) -> Cell {
    match value {
        Value::None => Cell::number(t.w("web-none")),
        Value::Count(count) => Cell::count(*count),
        Value::Percent(share) => {
            Cell { value: CellValue::Percent(share.shown()), ..Cell::number(share.to_string()) }
        }
        Value::Day(day) => Cell::text(day.to_string()),
        Value::Text(text) => Cell::text(text.clone()),
    }
}
