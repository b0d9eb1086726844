//! The map: areas, sites, stops and the teams' tours of a day, drawn from their coordinates. A table says the same.

use super::home::stand;
use super::map_areas::{self, Projection, SHADES, Scale, Shade, WIDTH, town};
use super::map_outlines::Outlines;
use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::App;
use crate::app::cockpit::Stand;
use crate::app::dashboard::Report;
use crate::app::{Loaded, Result};
use crate::characters::escaped;
use crate::domain::area::Point;
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::figure::fixed;
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::outline::Outline;
use crate::domain::planner::{self, TeamTour};
use crate::domain::shortfall::{Shortfall, shortfalls};
use crate::mail::render;
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

const LIVE_SECS: u32 = 15;
/// Beyond so many places their dots are drawn in one stroke without names: the table has them.
const NAMED_MAX: usize = 150;
/// Number of tour styles in the style sheet.
const TOUR_STYLES: usize = 6;

/// What a map shows.
struct Day {
    stand: Arc<Stand>,
    reports: BTreeMap<PlaceCode, Report>,
    tours: Vec<TeamTour>,
    planned: BTreeMap<PlaceCode, u64>,
    given: BTreeMap<PlaceCode, u64>,
    outlines: Outlines,
}

async fn read(
    app: &App,
    loaded: &Loaded,
    (day, today): (NaiveDate, NaiveDate),
    stand: Arc<Stand>,
) -> Result<Day> {
    let rows = app.rows_of_day(loaded, day).await?;
    let mut planned: BTreeMap<PlaceCode, u64> = BTreeMap::new();
    for row in &rows {
        *planned.entry(row.place.clone()).or_default() += u64::from(row.doses);
    }
    let reports = app.reports(loaded, (day, day), (day, today)).await?;
    let one = |(site, days): (PlaceCode, Vec<Report>)| Some((site, days.first().copied()?));
    let mut given: BTreeMap<PlaceCode, u64> = BTreeMap::new();
    for GivenRow { place, doses, .. } in app.given_on(loaded, day).await? {
        *given.entry(place).or_default() += u64::from(doses);
    }
    Ok(Day {
        stand,
        reports: reports.sites.into_iter().filter_map(one).collect(),
        tours: planner::tours(&loaded.campaign, &rows),
        planned,
        given,
        outlines: app.outlines().await?,
    })
}

#[derive(Deserialize)]
pub(super) struct Which {
    shade: Option<String>,
}

#[derive(Template)]
#[template(path = "web/map.html")]
struct Main {
    t: T,
    head: String,
    caption: String,
    drawing: String,
    /// What the shade can stand for: address, name, whether it does.
    shades: Vec<(String, String, bool)>,
    scale: Vec<String>,
    keys: Vec<String>,
    areas: Table,
    tours: Table,
    places: Table,
}

/// The map of a day.
pub(super) async fn map(
    context: PageContext,
    Query(which): Query<Which>,
) -> std::result::Result<Response, Refusal> {
    let t = context.t();
    let shade = match which.shade.as_deref() {
        None => Some(Shade::Coverage),
        Some(word) => SHADES.into_iter().find(|shade| shade.word() == word),
    };
    let shade = shade.ok_or_else(|| Refusal::bad(t, t.w("web-bad-address")))?;
    let key = format!("map/{}/{}", shade.word(), t.tag());
    let found = stand(&context).await?;
    let make = move |context: PageContext| async move {
        let days = (context.as_of, context.today());
        let day = read(context.app(), &context.loaded, days, found).await?;
        Ok(page(&context, shade, &day))
    };
    let page = context.cached(&key, make).await?;
    Ok(context.show(Page::clone(&page)))
}

/// The page; it is the same for every visitor.
fn page(context: &PageContext, shade: Shade, day: &Day) -> Page {
    let t = context.t();
    let title = t.say("web-map-title", &[("day", &render::date(context.as_of, t.0))]);
    let campaign = &context.loaded.campaign;
    let areas = shortfalls(campaign, &day.stand.overview.tree);
    let link = |one: Shade| {
        (format!("{}&shade={}", context.to("map"), one.word()), one.name(t), one == shade)
    };
    let hidden = [("shade", shade.word().to_owned())];
    let main = Main {
        t,
        head: context.head(title.clone(), "map", &hidden),
        caption: caption(t, &areas, day),
        drawing: drawing(context, (shade, &areas), day),
        shades: SHADES.map(link).to_vec(),
        scale: Scale::of(shade, &areas).map(|scale| scale.keys()).unwrap_or_default(),
        keys: keys(t, campaign, day),
        areas: map_areas::table(context, &areas),
        tours: tours(t, campaign, day),
        places: places(context, day),
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "map", &main);
    let page = page.with(vec![main.areas, main.tours, main.places]);
    Page { live_secs: LIVE_SECS, ..page }
}

/// The style of a team's tour, chosen by its code so that it stays the same.
fn style(campaign: &Campaign, tour: &TeamTour) -> usize {
    campaign.teams.iter().position(|team| team.code == tour.team).unwrap_or(0) % TOUR_STYLES
}

/// What the shapes of the areas are.
fn caption(t: T, areas: &[Shortfall], day: &Day) -> String {
    let has = areas.iter().any(|area| day.outlines.contains_key(&area.area));
    t.w(if has { "web-map-caption-outlines" } else { "web-map-caption" })
}

fn drawing(context: &PageContext, (shade, areas): (Shade, &[Shortfall]), day: &Day) -> String {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let below = || campaign.areas.iter().filter(|area| area.parent.is_some());
    let mut points: Vec<Point> = below().filter_map(|area| area.point).collect();
    let outlined = areas.iter().filter_map(|area| day.outlines.get(&area.area));
    points.extend(outlined.flat_map(Outline::rings).flatten());
    points.extend(campaign.sites.iter().filter_map(|site| site.point));
    points.extend(campaign.stops.iter().map(|stop| stop.point));
    points.extend(campaign.teams.iter().map(|team| team.point));
    let Some(to) = Projection::of(&points) else {
        return format!("<p>{}</p>", escaped(&t.w("web-no-points")));
    };
    let caption = caption(t, areas, day);
    // Its cells are links, so that it is a group and not one picture.
    let mut out = format!(
        "<svg class=\"map\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"group\" aria-label=\"{}\">\
         <desc>{}</desc>",
        to.height,
        escaped(&t.w("web-map-label")),
        escaped(&caption)
    );
    let (cells, names) = map_areas::drawn(context, (shade, areas), (&to, &day.outlines));
    out += &cells;
    for tour in &day.tours {
        let Some(team) = campaign.team(tour.team.as_str()) else { continue };
        let stops = tour.tour.stops.iter().filter_map(|stop| campaign.stop(stop.stop.as_str()));
        let round = std::iter::once(team.point).chain(stops.map(|stop| stop.point));
        let round: Vec<String> = round
            .chain([team.point])
            .map(|point| to.at(point))
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = write!(
            out,
            "<polyline class=\"tour tour-{}\" points=\"{}\"><title>{}</title></polyline>",
            style(campaign, tour),
            round.join(" "),
            escaped(&team.name)
        );
    }
    out + &dots(campaign, day, &to) + &names + "</svg>"
}

/// Stops, bases and sites.
fn dots(campaign: &Campaign, day: &Day, to: &Projection) -> String {
    let is_named = campaign.stops.len() + campaign.sites.len() <= NAMED_MAX;
    // The shapes of many places, by class.
    let mut many: BTreeMap<&str, String> = BTreeMap::new();
    let mut out = String::new();
    let mut dot = |class: &'static str, (x, y): (f64, f64), radius: f64, said: String| {
        let (x, y, side) = (x - radius, y - radius, radius * 2.0);
        if is_named {
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side}\" \
                 height=\"{side}\"><title>{}</title></rect>",
                escaped(&said)
            );
        } else {
            let shape = format!("M{x:.0} {y:.0}h{side}v{side}h-{side}z");
            *many.entry(class).or_default() += &shape;
        }
    };
    for stop in &campaign.stops {
        dot("stop-dot", to.at(stop.point), 4.0, format!("{} {}", stop.code, stop.name));
    }
    for site in &campaign.sites {
        let area = || campaign.area(site.area.as_str()).and_then(|area| area.point);
        let Some(point) = site.point.or_else(area) else { continue };
        let class = match day.reports.get(&site.code) {
            Some(Report::Missing | Report::Late) => "site-dot late",
            Some(Report::In) => "site-dot",
            _ => "site-dot shut",
        };
        dot(class, to.at(point), 5.5, format!("{} {}", site.code, site.name));
    }
    for (class, path) in many {
        let _ = write!(out, "<path class=\"{class} many\" d=\"{path}\"/>");
    }
    for team in &campaign.teams {
        let (x, y) = to.at(team.point);
        let _ = write!(
            out,
            "<path class=\"base-dot\" d=\"M{x:.1} {:.1}l5 9h-10z\"><title>{}</title></path>",
            y - 5.0,
            escaped(&team.name)
        );
    }
    out
}

fn keys(t: T, campaign: &Campaign, day: &Day) -> Vec<String> {
    let small = |shape: &str, word: &str| {
        format!(
            "<svg width=\"16\" height=\"16\" aria-hidden=\"true\">{shape}</svg>{}",
            escaped(&t.w(word))
        )
    };
    let square = |class: &str| {
        format!("<rect class=\"{class}\" x=\"2\" y=\"2\" width=\"11\" height=\"11\"/>")
    };
    let mut out = vec![
        small(&square("site-dot"), "web-key-site"),
        small(&square("site-dot late"), "web-key-late"),
        small(&square("site-dot shut"), "web-key-shut"),
        small(
            "<rect class=\"stop-dot\" x=\"4\" y=\"4\" width=\"8\" height=\"8\"/>",
            "web-key-stop",
        ),
        small("<path class=\"base-dot\" d=\"M8 3l5 9h-10z\"/>", "web-key-base"),
    ];
    for tour in &day.tours {
        let name = campaign.team(tour.team.as_str()).map_or(tour.team.as_str(), |team| &team.name);
        out.push(format!(
            "<svg width=\"28\" height=\"10\" aria-hidden=\"true\"><line class=\"tour tour-{}\" \
             x1=\"0\" \
             y1=\"5\" x2=\"28\" y2=\"5\"/></svg>{}",
            style(campaign, tour),
            escaped(name)
        ));
    }
    out
}

fn tours(t: T, campaign: &Campaign, day: &Day) -> Table {
    let figure = |key: &str| format!("#{}", t.w(key));
    let heads = [t.w("column-team"), t.w("web-stops"), figure("column-doses"), figure("column-km")];
    let mut table = Table::new("tours", t.w("web-tours"), &heads);
    for tour in &day.tours {
        let name = campaign.team(tour.team.as_str()).map_or(tour.team.as_str(), |team| &team.name);
        let stops: Vec<String> = tour
            .tour
            .stops
            .iter()
            .map(|at| {
                let stop = campaign.stop(at.stop.as_str());
                stop.map_or_else(|| at.stop.to_string(), |stop| stop.name.clone())
            })
            .collect();
        let doses: u64 = tour.tour.stops.iter().map(|stop| u64::from(stop.doses)).sum();
        table.rows.push(vec![
            Cell::named(name, tour.team.as_str()).heading(),
            Cell::text(stops.join(" → ")),
            Cell::count(doses),
            Cell::number(fixed(tour.tour.km, 1)),
        ]);
    }
    table
}

fn places(context: &PageContext, day: &Day) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let town = |code: &AreaCode| {
        town(campaign, code).map_or((String::new(), String::new()), |area| {
            (area.name.clone(), area.code.to_string())
        })
    };
    let heads = [
        t.w("column-place"),
        format!("={}", t.w("column-area")),
        format!("#{}", t.w("web-planned")),
        format!("#{}", t.w("web-given")),
        format!("={}", t.w("web-report")),
    ];
    let mut table = Table::new("places", t.w("web-places"), &heads);
    let sites = campaign.sites.iter().map(|site| &site.code);
    for code in sites.chain(campaign.stops.iter().map(|stop| &stop.code)) {
        let Some(place) = campaign.place(code.as_str()) else { continue };
        // A click on the map asks for a township: places of its villages and schools are among them.
        let (area, area_code) = town(place.area());
        let href = context.to(&format!("place/{}", encoded(code.as_str())));
        let number = |of: &BTreeMap<PlaceCode, u64>| {
            of.get(code).map_or_else(|| Cell::number(t.w("web-none")), |doses| Cell::count(*doses))
        };
        let report = day.reports.get(code).map_or_else(String::new, |report| said(t, *report));
        table.rows.push(vec![
            Cell::named(place.name(), code.as_str()).heading().to(href),
            Cell::named(area, area_code),
            number(&day.planned),
            number(&day.given),
            Cell { class: class(day.reports.get(code)), ..Cell::text(report) },
        ]);
    }
    table
}

/// The word for a site's report.
pub(super) fn said(t: T, report: Report) -> String {
    t.w(match report {
        Report::In => "report-in",
        Report::Late => "report-late",
        Report::Missing => "report-missing",
        Report::Shut => "report-shut",
        Report::Ahead => "report-ahead",
    })
}

fn class(report: Option<&Report>) -> &'static str {
    match report {
        Some(Report::Missing) => "bad",
        _ => "",
    }
}
