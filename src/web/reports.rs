//! The grid of sites and days: who has reported. No report is not the same as zero doses.

use super::map::said;
use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::words::T;
use crate::app::dashboard::Report;
use askama::Template;
use axum::response::Response;
use chrono::{Datelike, NaiveDate, TimeDelta};

const LIVE_SECS: u32 = 5;
/// Days of the grid: with a hundred sites the page stays below 100 KB.
const DAYS: i64 = 14;
/// The most sites in the grid; where there are more, those without a report come first.
const SITES_MAX: usize = 120;

struct Row {
    code: String,
    name: String,
    href: String,
    cells: Vec<(&'static str, &'static str, String)>,
    missing: usize,
}

#[derive(Template)]
#[template(path = "web/reports.html")]
struct Main {
    t: T,
    head: String,
    caption: String,
    days: Vec<(u32, u32)>,
    rows: Vec<Row>,
}

/// The page with the last two weeks.
pub(super) async fn reports(context: PageContext) -> Result<Response, Refusal> {
    let t = context.t();
    let campaign = &context.loaded.campaign;
    let last = context.as_of.clamp(campaign.start, campaign.end);
    let first: NaiveDate = (last - TimeDelta::days(DAYS - 1)).max(campaign.start);
    let read = |context: PageContext| async move {
        let seen = (context.as_of, context.today());
        context.app().reports(&context.loaded, (first, last), seen).await
    };
    let found = context.cached("reports", read).await?;
    let row = |(code, reports): &(crate::domain::id::PlaceCode, Vec<Report>)| Row {
        code: code.to_string(),
        name: campaign
            .place(code.as_str())
            .map(|place| place.name().to_owned())
            .unwrap_or_default(),
        href: context.to(&format!("place/{}", encoded(code.as_str()))),
        // The newest day comes first: a phone shows no more than a few.
        cells: reports.iter().rev().map(|report| cell(t, *report)).collect(),
        missing: reports.iter().filter(|report| **report == Report::Missing).count(),
    };
    let mut rows: Vec<Row> = found.sites.iter().map(row).collect();
    let mut caption = t.say("web-reports-caption", &[("first", &first), ("last", &last)]);
    if rows.len() > SITES_MAX {
        rows.sort_by_key(|row| std::cmp::Reverse(row.missing));
        let more = rows.len() - SITES_MAX;
        rows.truncate(SITES_MAX);
        caption = format!("{caption} {}", t.say("web-more-rows", &[("count", &more)]));
    }
    let title = t.w("web-reports");
    let main = Main {
        t,
        head: context.head(title.clone(), "reports", &[]),
        caption,
        days: found.days.iter().rev().map(|day| (day.month(), day.day())).collect(),
        rows,
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "reports", &main);
    Ok(context.show(Page { live_secs: LIVE_SECS, ..page }))
}

fn cell(t: T, report: Report) -> (&'static str, &'static str, String) {
    let (class, sign) = match report {
        Report::In => ("in", "✓"),
        Report::Late => ("late", "◷"),
        Report::Missing => ("out", "✗"),
        Report::Shut => ("shut", "–"),
        Report::Ahead => ("", ""),
    };
    (class, sign, said(t, report))
}
