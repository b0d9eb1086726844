//! The first page of a campaign: its figures at the end of a day, the same as in the coordinator's mail.

use super::home::{reach_words, stand};
use super::map_areas::of_area;
use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::cockpit::Stand;
use crate::app::dashboard::Overview;
use crate::domain::campaign::Campaign;
use crate::domain::count::Percent;
use crate::domain::coverage::{CoverageRow, Flag};
use crate::mail::render::{self, Alert};
use crate::text::thousands;
use askama::Template;
use axum::response::Response;

/// Seconds between two refreshes, where JavaScript runs.
const LIVE_SECS: u32 = 5;

#[derive(Template)]
#[template(path = "web/overview.html")]
struct Main {
    t: T,
    head: String,
    opening: String,
    reach: String,
    tiles: Vec<(String, String, String)>,
    alerts: Vec<Alert>,
    chart: String,
    curve: Table,
    groups: Table,
    areas: Table,
    needs: Option<Table>,
}

/// The overview of a day.
pub(super) async fn overview(context: PageContext) -> Result<Response, Refusal> {
    let key = format!("overview/{}", context.t().tag());
    let found = stand(&context).await?;
    let make = |context: PageContext| async move { Ok(page(&context, &found)) };
    let page = context.cached(&key, make).await?;
    Ok(context.show(Page::clone(&page)))
}

/// The page; it is the same for every visitor.
fn page(context: &PageContext, stand: &Stand) -> Page {
    let found = &stand.overview;
    let t = context.t();
    let campaign = &context.loaded.campaign;
    let title = t.say("web-overview-title", &[("day", &render::date(context.as_of, t.0))]);
    let main = Main {
        t,
        head: context.head(title.clone(), "overview", &[]),
        opening: render::opening(&found.summary, t.0),
        reach: reach_words(context, stand),
        tiles: tiles(t, stand),
        alerts: render::alerts(&found.summary, t.0),
        chart: render::chart(&found.summary, &stand.prospect, t.0),
        curve: curve(t, stand),
        groups: groups(t, campaign, found),
        areas: areas(context, found),
        needs: needs(t, found),
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "overview", &main);
    let tables = [main.curve, main.groups, main.areas].into_iter().chain(main.needs).collect();
    let page = page.with(tables);
    Page { live_secs: LIVE_SECS, ..page }
}

fn tiles(t: T, stand: &Stand) -> Vec<(String, String, String)> {
    let found = &stand.overview;
    let summary = &found.summary;
    let progress = &summary.progress;
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let share = Percent::of(signed(progress.done), signed(progress.planned));
    let sites = &summary.by_group.sites;
    let plan = found.plan.map_or_else(|| t.w("web-none"), |no| no.to_string());
    let tile = |key: &str, figure: String, note: String| (t.w(key), figure, note);
    let target = match stand.target_percent() {
        Some(share) => t.say("web-home-target", &[("percent", &t.percent(Some(share)))]),
        None => t.w("web-home-no-target"),
    };
    vec![
        tile("web-home-coverage", t.percent(stand.percent), target),
        tile(
            "web-doses",
            thousands(summary.doses_total),
            if summary.is_unreported() {
                t.w("web-doses-unreported")
            } else {
                t.say("web-doses-today", &[("count", &thousands(summary.doses_today))])
            },
        ),
        tile(
            "web-progress",
            t.percent(share),
            t.say(
                "web-progress-of",
                &[("done", &thousands(progress.done)), ("planned", &thousands(progress.planned))],
            ),
        ),
        tile(
            "web-reported",
            format!("{} / {}", sites.reported, sites.expected),
            t.say("web-not-reported", &[("count", &sites.missing.len())]),
        ),
        tile("web-plan-no", plan, String::new()),
    ]
}

fn groups(t: T, campaign: &Campaign, found: &Overview) -> Table {
    let doses = campaign.series.dose_count();
    let mut heads = vec![t.w("column-group"), format!("#{}", t.w("column-eligible"))];
    for dose in (1_u8..).take(doses) {
        heads.push(format!("#{}", t.dose(dose)));
        heads.push("#%".to_owned());
    }
    heads.push(format!("#{}", t.w("column-today")));
    heads.push(format!("#{}", t.w("column-drop_out")));
    heads.push(t.w("column-flags"));
    let mut table = Table::new("groups", t.w("web-by-group"), &heads);
    for row in &found.summary.by_group.rows {
        let eligible =
            row.eligible.map_or_else(|| Cell::number(t.w("mail-no-figure")), Cell::count);
        let mut cells =
            vec![Cell::named(row.group_name.clone(), row.group.clone()).heading(), eligible];
        for line in row.doses.iter().take(doses) {
            cells.push(Cell::count(line.people));
            cells.push(Cell::percent(t, line.percent));
        }
        cells.push(Cell::count(row.today()));
        cells.push(Cell::rate(t, row.drop_out));
        cells.push(Cell::text(flags(t, row)));
        table.rows.push(cells);
    }
    table
}

fn flags(t: T, row: &CoverageRow) -> String {
    let word = |flag: &Flag| match flag {
        Flag::Over100 => t.w("flag-over-100"),
        Flag::NoDenominator => t.w("flag-no-denominator"),
        Flag::PersonsExceedTally => t.w("flag-persons-exceed-tally"),
    };
    row.flags.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The table of people who finished the series, by area and group.
fn areas(context: &PageContext, found: &Overview) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let with: Vec<_> = campaign
        .groups
        .iter()
        .filter(|group| campaign.eligible.iter().any(|row| row.group == group.id))
        .collect();
    let mut heads = vec![t.w("column-area"), format!("#{}", t.w("column-eligible"))];
    heads.extend([format!("#{}", t.dose(1)), format!("#{}", t.w("web-complete"))]);
    heads.extend(with.iter().map(|group| format!("#{}", group.name)));
    heads.push(format!("#{}", t.w("column-today")));
    let mut table = Table::new("areas", t.w("web-by-area-caption"), &heads);
    let lines = found.summary.by_area.iter();
    for line in lines {
        let href = of_area(context, &line.area);
        let name = Cell::named(line.area_name.clone(), line.area.as_str()).heading().to(href);
        let mut cells = vec![
            name,
            Cell::count(line.eligible),
            Cell::rate(t, line.first_percent),
            Cell::percent(t, line.complete_percent),
        ];
        for group in &with {
            let row = found.tree.row(line.area.as_str(), group.id.as_str());
            let share = row.and_then(|row| row.complete.percent);
            cells.push(Cell::rate(t, share));
        }
        cells.push(
            line.today.map_or_else(|| Cell::number(t.w("mail-summary-no-report")), Cell::count),
        );
        table.rows.push(cells);
    }
    table
}

/// The figures of the chart.
fn curve(t: T, stand: &Stand) -> Table {
    let figures = ["planned", "given", "expected", "fewest", "most"];
    let figures = figures.map(|key| format!("#{}", t.w(&format!("web-curve-{key}"))));
    let heads: Vec<String> = std::iter::once(t.w("column-date")).chain(figures).collect();
    let mut table = Table::new("curve", t.w("web-curve"), &heads);
    let count =
        |doses: Option<u64>| doses.map_or_else(|| Cell::number(t.w("web-none")), Cell::count);
    for (day, planned, given, ahead) in render::chart_days(&stand.overview.summary, &stand.prospect)
    {
        let end = |at: usize| count(ahead.map(|doses| doses[at]));
        let day = Cell::head(day.to_string());
        table.rows.push(vec![day, count(planned), count(given), end(1), end(0), end(2)]);
    }
    table
}

fn needs(t: T, found: &Overview) -> Option<Table> {
    let all = &found.summary.needs;
    let keys = ["group", "#target_people", "#finished", "#doses_left", "#per_day"];
    let mut table = Table::of(t, "web-needs", &keys);
    for need in all {
        table.rows.push(vec![
            Cell::head(need.group_name.clone()),
            Cell::count(need.target),
            Cell::count(need.finished),
            Cell::count(need.doses_left),
            Cell::count(need.per_day),
        ]);
    }
    (!all.is_empty()).then_some(table)
}
