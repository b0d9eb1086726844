//! The map: areas, sites, stops and the teams' tours of a day, drawn from their coordinates. A table says the same.

use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::App;
use crate::app::dashboard::{Overview, Report};
use crate::app::{Loaded, Result};
use crate::characters::escaped;
use crate::domain::area::Point;
use crate::domain::campaign::Campaign;
use crate::domain::count::Percent;
use crate::domain::dose::GivenRow;
use crate::domain::id::PlaceCode;
use crate::domain::planner::{self, TeamTour};
use crate::mail::render;
use askama::Template;
use axum::response::Response;
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const LIVE_SECS: u32 = 15;
/// Width of the drawing in pixels; the height follows from the coordinates.
const WIDTH: f64 = 900.0;
const HEIGHT_MIN: f64 = 320.0;
const HEIGHT_MAX: f64 = 1100.0;
const MARGIN: f64 = 46.0;
/// Number of tour styles in the style sheet.
const TOUR_STYLES: usize = 6;

/// What a map shows.
struct Day {
    overview: Overview,
    reports: BTreeMap<PlaceCode, Report>,
    tours: Vec<TeamTour>,
    planned: BTreeMap<PlaceCode, u64>,
    given: BTreeMap<PlaceCode, u64>,
}

async fn read(app: &App, loaded: &Loaded, (day, today): (NaiveDate, NaiveDate)) -> Result<Day> {
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
        overview: app.overview(loaded, day, today).await?,
        reports: reports.sites.into_iter().filter_map(one).collect(),
        tours: planner::tours(&loaded.campaign, &rows),
        planned,
        given,
    })
}

#[derive(Template)]
#[template(path = "web/map.html")]
struct Main {
    t: T,
    head: String,
    drawing: String,
    scale: String,
    keys: Vec<String>,
    tours: Table,
    places: Table,
}

/// The map of a day.
pub(super) async fn map(context: PageContext) -> std::result::Result<Response, Refusal> {
    let key = format!("map/{}", context.t().tag());
    let make = |context: PageContext| async move {
        let day = read(context.app(), &context.loaded, (context.as_of, context.today())).await?;
        Ok(page(&context, &day))
    };
    let page = context.cached(&key, make).await?;
    Ok(context.show(Page::clone(&page)))
}

/// The page; it is the same for every visitor.
fn page(context: &PageContext, day: &Day) -> Page {
    let t = context.t();
    let title = t.say("web-map-title", &[("day", &render::date(context.as_of, t.0))]);
    let campaign = &context.loaded.campaign;
    let main = Main {
        t,
        head: context.head(title.clone(), "map", &[]),
        drawing: drawing(t, campaign, day),
        scale: Scale::of(day).words(t),
        keys: keys(t, campaign, day),
        tours: tours(t, campaign, day),
        places: places(context, day),
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "map", &main);
    let page = page.with(vec![main.tours, main.places]);
    Page { live_secs: LIVE_SECS, ..page }
}

/// Projects degrees onto the drawing.
struct Projection {
    west: f64,
    north: f64,
    narrow: f64,
    scale: f64,
    height: f64,
}

impl Projection {
    fn of(points: &[Point]) -> Option<Self> {
        let fold = |of: fn(&Point) -> f64, pick: fn(f64, f64) -> f64, from: f64| {
            points.iter().map(of).fold(from, pick)
        };
        if points.is_empty() {
            return None;
        }
        let west = fold(|p| p.longitude, f64::min, f64::INFINITY);
        let east = fold(|p| p.longitude, f64::max, f64::NEG_INFINITY);
        let south = fold(|p| p.latitude, f64::min, f64::INFINITY);
        let north = fold(|p| p.latitude, f64::max, f64::NEG_INFINITY);
        let narrow = f64::midpoint(south, north).to_radians().cos().max(0.1);
        // A single place must not be magnified without limit.
        let across = ((east - west) * narrow).max(0.01);
        let down = (north - south).max(0.01);
        let scale = ((WIDTH - 2.0 * MARGIN) / across).min((HEIGHT_MAX - 2.0 * MARGIN) / down);
        let height = (down * scale + 2.0 * MARGIN).clamp(HEIGHT_MIN, HEIGHT_MAX);
        Some(Self { west, north, narrow, scale, height })
    }

    fn at(&self, point: Point) -> (f64, f64) {
        let x = MARGIN + (point.longitude - self.west) * self.narrow * self.scale;
        (x, MARGIN + (self.north - point.latitude) * self.scale)
    }
}

/// The style of a team's tour, chosen by its code so that it stays the same.
fn style(campaign: &Campaign, tour: &TeamTour) -> usize {
    campaign.teams.iter().position(|team| team.code == tour.team).unwrap_or(0) % TOUR_STYLES
}

/// From which to which share the shades go, so that areas that differ look different whatever the coverage is.
struct Scale {
    least: f64,
    most: f64,
}

/// The palest and the darkest shade.
const SHADES: (f64, f64) = (0.12, 0.8);

impl Scale {
    fn of(day: &Day) -> Self {
        let lines = day.overview.summary.by_area.iter();
        let shares = lines.filter_map(|line| line.complete_percent).map(Percent::shown);
        let (least, most) = shares
            .fold((100.0_f64, 0.0_f64), |(least, most), share| (least.min(share), most.max(share)));
        Self { least: least.min(most), most }
    }

    fn shade(&self, share: Option<Percent>) -> f64 {
        let Some(share) = share.map(Percent::shown) else { return 0.0 };
        let span = self.most - self.least;
        let at = if span > 0.0 { (share - self.least) / span } else { 1.0 };
        SHADES.0 + (SHADES.1 - SHADES.0) * at.clamp(0.0, 1.0)
    }

    /// What the shades stand for.
    fn words(&self, t: T) -> String {
        let said = |share: f64| format!("{share:.1}");
        t.say("web-map-scale", &[("least", &said(self.least)), ("most", &said(self.most))])
    }
}

fn drawing(t: T, campaign: &Campaign, day: &Day) -> String {
    let below = || campaign.areas.iter().filter(|area| area.parent.is_some());
    let mut points: Vec<Point> = below().filter_map(|area| area.point).collect();
    points.extend(campaign.sites.iter().filter_map(|site| site.point));
    points.extend(campaign.stops.iter().map(|stop| stop.point));
    points.extend(campaign.teams.iter().map(|team| team.point));
    let Some(to) = Projection::of(&points) else {
        return format!("<p>{}</p>", escaped(&t.w("web-no-points")));
    };
    let mut out = format!(
        "<svg class=\"map\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"{}\">",
        to.height,
        escaped(&t.w("web-map-label"))
    );
    let mut names = String::new();
    let lines = day.overview.summary.by_area.iter();
    let scale = Scale::of(day);
    let most = lines.clone().map(|line| line.eligible.0).max().unwrap_or(1).max(1);
    for line in lines {
        let Some(area) = campaign.area(line.area.as_str()) else { continue };
        let Some(point) = area.point else { continue };
        let (x, y) = to.at(point);
        let radius = 12.0 + 30.0 * (line.eligible.0 as f64 / most as f64).sqrt();
        let shade = scale.shade(line.complete_percent);
        let said = t.percent(line.complete_percent);
        let name = escaped(&area.name);
        let _ = write!(
            out,
            "<circle class=\"area-dot\" fill-opacity=\"{shade:.2}\" cx=\"{x:.1}\" cy=\"{y:.1}\" \
             r=\"{radius:.1}\"><title>{name} {said}</title></circle>"
        );
        let _ = write!(
            names,
            "<text class=\"place-name\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name} \
             {said}</text>",
            y - radius - 4.0
        );
    }
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
    let mut out = String::new();
    for stop in &campaign.stops {
        let (x, y) = to.at(stop.point);
        let name = escaped(&stop.name);
        let _ = write!(
            out,
            "<circle class=\"stop-dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\">\
             <title>{} {name}</title>\
             </circle>",
            escaped(stop.code.as_str())
        );
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
    for site in &campaign.sites {
        let area = || campaign.area(site.area.as_str()).and_then(|area| area.point);
        let Some(point) = site.point.or_else(area) else { continue };
        let (x, y) = to.at(point);
        let class = match day.reports.get(&site.code) {
            Some(Report::Missing | Report::Late) => "site-dot late",
            Some(Report::In) => "site-dot",
            _ => "site-dot shut",
        };
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"11\" height=\"11\">\
             <title>{} {}</title></rect>",
            x - 5.5,
            y - 5.5,
            escaped(site.code.as_str()),
            escaped(&site.name)
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
        small("<circle class=\"area-dot\" cx=\"8\" cy=\"8\" r=\"7\"/>", "web-key-area"),
        small(&square("site-dot"), "web-key-site"),
        small(&square("site-dot late"), "web-key-late"),
        small(&square("site-dot shut"), "web-key-shut"),
        small("<circle class=\"stop-dot\" cx=\"8\" cy=\"8\" r=\"4\"/>", "web-key-stop"),
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
            Cell::number(format!("{:.1}", tour.tour.km)),
        ]);
    }
    table
}

fn places(context: &PageContext, day: &Day) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
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
        let area = campaign.area(place.area().as_str()).map_or("", |area| &area.name);
        let href = context.to(&format!("place/{}", encoded(code.as_str())));
        let number = |of: &BTreeMap<PlaceCode, u64>| {
            of.get(code).map_or_else(|| Cell::number(t.w("web-none")), |doses| Cell::count(*doses))
        };
        let report = day.reports.get(code).map_or_else(String::new, |report| said(t, *report));
        table.rows.push(vec![
            Cell::named(place.name(), code.as_str()).heading().to(href),
            Cell::named(area, place.area().as_str()),
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
