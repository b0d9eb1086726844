//! The areas of a map: an outline or a cell around each, shaded by one figure in five classes, with a legend, names
//! where there is room for them, and the same as a table.

use super::cells::{Label, cells, clear};
use super::map_outlines::{Outlines, Shape, mark, shapes};
use super::page_context::PageContext;
use super::table::{Cell, Table};
use super::words::{T, encoded};
use crate::characters::escaped;
use crate::domain::area::Point;
use crate::domain::campaign::Campaign;
use crate::domain::count::Percent;
use crate::domain::figure::fixed;
use crate::domain::id::AreaCode;
use crate::domain::shortfall::Shortfall;
use crate::text::thousands;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// Width of the drawing in pixels; the height follows from the coordinates.
pub(super) const WIDTH: f64 = 900.0;
const HEIGHT_MIN: f64 = 320.0;
const HEIGHT_MAX: f64 = 1100.0;
const MARGIN: f64 = 46.0;
/// Classes of the scale.
const CLASSES: usize = 5;
/// Their classes in the style sheet.
const STYLES: [&str; CLASSES] = ["cell c0", "cell c1", "cell c2", "cell c3", "cell c4"];
/// Beyond so many areas a cell's name stands in its title alone: the page stays light.
const LABELLED_MAX: usize = 150;
/// Height of letters on a screen, and on a phone, where the drawing is less than half as wide.
const LETTERS: [f64; 2] = [13.0, 24.0];

/// What the shade stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shade {
    Coverage,
    Short,
    ZeroDose,
}

pub(super) const SHADES: [Shade; 3] = [Shade::Coverage, Shade::Short, Shade::ZeroDose];

impl Shade {
    /// What addresses call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Coverage => "coverage",
            Self::Short => "short",
            Self::ZeroDose => "zero-dose",
        }
    }

    /// Its name.
    pub(super) fn name(self, t: T) -> String {
        t.w(&format!("web-map-{}", self.word()))
    }

    fn figure(self, area: &Shortfall) -> Option<f64> {
        match self {
            Self::Coverage => area.percent.map(Percent::shown),
            Self::Short => Some(area.short.0 as f64),
            Self::ZeroDose => Some(area.zero_dose.0 as f64),
        }
    }

    fn said(self, t: T, area: &Shortfall) -> String {
        match self {
            Self::Coverage => t.percent(area.percent),
            Self::Short => thousands(area.short),
            Self::ZeroDose => thousands(area.zero_dose),
        }
    }

    fn number(self, figure: f64) -> String {
        match self {
            Self::Coverage => format!("{}%", fixed(figure, 1)),
            Self::Short | Self::ZeroDose => thousands(i64::from(super::table::whole(figure))),
        }
    }
}

/// Five classes between the least and the greatest figure, so that areas that differ look different whatever it is.
pub(super) struct Scale {
    shade: Shade,
    least: f64,
    most: f64,
}

impl Scale {
    pub(super) fn of(shade: Shade, areas: &[Shortfall]) -> Option<Self> {
        let figures = || areas.iter().filter_map(|area| shade.figure(area));
        let least = figures().fold(f64::INFINITY, f64::min);
        let most = figures().fold(f64::NEG_INFINITY, f64::max);
        least.is_finite().then_some(Self { shade, least, most })
    }

    fn classes(&self) -> usize {
        if self.most > self.least { CLASSES } else { 1 }
    }

    /// The class of a figure, from 0 for the palest.
    fn class(&self, figure: f64) -> usize {
        let below = |n: &usize| figure >= self.end(*n);
        (0..self.classes() - 1).take_while(below).count()
    }

    /// The upper end of a class.
    fn end(&self, class: usize) -> f64 {
        let part = (class + 1) as f64 / self.classes() as f64;
        self.least + (self.most - self.least) * part
    }

    /// The legend: a sample of each shade with its figures.
    pub(super) fn keys(&self) -> Vec<String> {
        let one = |class: usize| {
            let from = if class == 0 { self.least } else { self.end(class - 1) };
            let (from, to) = (self.shade.number(from), self.shade.number(self.end(class)));
            let said = if from == to { from } else { format!("{from} – {to}") };
            let class = if self.classes() == 1 { CLASSES - 1 } else { class };
            format!(
                "<svg width=\"22\" height=\"14\" aria-hidden=\"true\">\
                 <rect class=\"cell c{class}\" width=\"22\" height=\"14\"/></svg>{}",
                escaped(&said)
            )
        };
        (0..self.classes()).map(one).collect()
    }

    fn style(&self, area: &Shortfall) -> &'static str {
        let Some(figure) = self.shade.figure(area) else { return "cell none" };
        STYLES[if self.classes() == 1 { CLASSES - 1 } else { self.class(figure) }]
    }
}

/// Projects degrees onto the drawing.
pub(super) struct Projection {
    west: f64,
    north: f64,
    narrow: f64,
    scale: f64,
    pub(super) height: f64,
}

impl Projection {
    pub(super) fn of(points: &[Point]) -> Option<Self> {
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

    pub(super) fn at(&self, point: Point) -> (f64, f64) {
        let x = MARGIN + (point.longitude - self.west) * self.narrow * self.scale;
        (x, MARGIN + (self.north - point.latitude) * self.scale)
    }
}

/// The address at which the map's table of places shows those of one area.
pub(super) fn of_area(context: &PageContext, area: &AreaCode) -> String {
    format!("{}&places.is.1={}#t-places", context.to("map"), encoded(area.as_str()))
}

/// The cells of areas with coordinates, and their names, which are drawn last.
pub(super) fn drawn(
    context: &PageContext,
    (shade, areas): (Shade, &[Shortfall]),
    (to, outlines): (&Projection, &Outlines),
) -> (String, String) {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let Some(scale) = Scale::of(shade, areas) else { return Default::default() };
    let shapes = shapes(outlines, areas.iter().map(|area| &area.area), &|point| to.at(point));
    let place = |area: &AreaCode| match shapes.get(area) {
        Some(shape) => Some(shape.at),
        None => Some(to.at(campaign.area(area.as_str())?.point?)),
    };
    let mut known: Vec<(&Shortfall, (f64, f64))> =
        areas.iter().filter_map(|area| Some((area, place(&area.area)?))).collect();
    // Where names get into each other's way, the larger area keeps its own.
    known.sort_by(|(a, _), (b, _)| b.eligible.cmp(&a.eligible).then_with(|| a.area.cmp(&b.area)));
    let rings = rings_of(&shapes, &known, (WIDTH, to.height));
    let mut by_style: BTreeMap<&str, String> = BTreeMap::new();
    let more =
        if shade == Shade::Coverage { String::new() } else { format!("&shade={}", shade.word()) };
    for ((area, _), rings) in known.iter().zip(rings) {
        let said = escaped(&format!("{} {}", area.area_name, shade.said(t, area)));
        let label = if known.len() > LABELLED_MAX {
            String::new()
        } else {
            format!(" aria-label=\"{said}\"")
        };
        let code = encoded(area.area.as_str());
        let href = format!("?as-of={}{more}&places.is.1={code}#t-places", context.as_of);
        let _ = write!(
            by_style.entry(scale.style(area)).or_default(),
            "<a href=\"{}\" tabindex=\"-1\"{label}><path d=\"{}\"><title>{said}</title>\
             </path></a>",
            escaped(&href),
            rings.iter().map(|ring| outline(ring)).collect::<String>()
        );
    }
    let mut out = String::new();
    for (style, cells) in by_style {
        let _ = write!(out, "<g class=\"{style}\">{cells}</g>");
    }
    (out, names(t, shade, &known))
}

/// What is drawn of each area: its outline where any area has one, and a mark for those without; else its cell.
fn rings_of(
    shapes: &BTreeMap<&AreaCode, Shape>,
    known: &[(&Shortfall, (f64, f64))],
    size: (f64, f64),
) -> Vec<Vec<Vec<(f64, f64)>>> {
    if shapes.is_empty() {
        let points: Vec<(f64, f64)> = known.iter().map(|(_, at)| *at).collect();
        return cells(&points, size).into_iter().map(|cell| vec![cell]).collect();
    }
    let drawn = |(area, at): &(&Shortfall, (f64, f64))| match shapes.get(&area.area) {
        Some(shape) => shape.rings.clone(),
        None => vec![mark(*at)],
    };
    known.iter().map(drawn).collect()
}

/// A closed shape as the data of a path, in whole pixels, each corner from the one before.
fn outline(shape: &[(f64, f64)]) -> String {
    let mut out = String::new();
    let mut last: Option<(f64, f64)> = None;
    for (x, y) in shape.iter().map(|(x, y)| (x.round(), y.round())) {
        let _ = match last {
            None => write!(out, "M{x} {y}l"),
            Some(at) if at == (x, y) => continue,
            Some(at) => write!(out, "{} {} ", x - at.0, y - at.1),
        };
        last = Some((x, y));
    }
    out.trim_end().to_owned() + "z"
}

fn names(t: T, shade: Shade, known: &[(&Shortfall, (f64, f64))]) -> String {
    let said: Vec<String> = known
        .iter()
        .map(|(area, _)| format!("{} {}", area.area_name, shade.said(t, area)))
        .collect();
    let fits = LETTERS.map(|letter| {
        let boxed = |((_, at), said): (&(&Shortfall, (f64, f64)), &String)| Label {
            at: *at,
            size: (said.width() as f64 * letter * 0.56 + 4.0, letter * 1.3),
        };
        clear(&known.iter().zip(&said).map(boxed).collect::<Vec<_>>())
    });
    let mut out = String::new();
    for (n, ((_, (x, y)), said)) in known.iter().zip(&said).enumerate() {
        let class = match (fits[0][n], fits[1][n]) {
            (true, true) => "place-name",
            (true, false) => "place-name fine",
            // A name that fits with larger letters alone would be missed on wide screens.
            (false, _) => continue,
        };
        let _ = write!(
            out,
            "<text class=\"{class}\" x=\"{x:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            y + 4.0,
            escaped(said)
        );
    }
    out
}

/// The same as a table: each area leads to its places.
pub(super) fn table(context: &PageContext, areas: &[Shortfall]) -> Table {
    let t = context.t();
    let keys = ["area", "#eligible", "#percent", "#short", "#zero_dose"];
    let mut table = Table::of(t, "web-map-areas", &keys);
    for area in areas {
        let name = Cell::named(area.area_name.clone(), area.area.as_str()).heading();
        table.rows.push(vec![
            name.to(of_area(context, &area.area)),
            Cell::count(area.eligible),
            Cell::percent(t, area.percent),
            Cell::count(area.short),
            Cell::count(area.zero_dose),
        ]);
    }
    table
}

/// The area one level below the top in which an area lies, or itself.
pub(super) fn town<'a>(
    campaign: &'a Campaign,
    area: &AreaCode,
) -> Option<&'a crate::domain::area::Area> {
    let top = campaign.root().map(|area| &area.code);
    let mut at = campaign.area(area.as_str())?;
    while let Some(parent) = at.parent.as_ref().filter(|parent| Some(*parent) != top) {
        at = campaign.area(parent.as_str())?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::count::People;

    fn area(code: &str, short: u64) -> Shortfall {
        Shortfall {
            area: code.into(),
            area_name: code.to_owned(),
            eligible: People(100),
            finished: People(100 - short),
            percent: People(100 - short).percent_of(People(100)),
            zero_dose: People::ZERO,
            wanted: People(100),
            short: People(short),
        }
    }

    #[test]
    fn five_classes_lie_between_the_least_and_the_greatest() {
        let areas = [area("A", 60), area("B", 50), area("C", 10)];
        let scale = Scale::of(Shade::Coverage, &areas).unwrap();
        assert_eq!(
            areas.each_ref().map(|area| scale.style(area)),
            ["cell c0", "cell c1", "cell c4"]
        );
        let keys = scale.keys();
        assert_eq!(keys.len(), CLASSES);
        assert!(
            keys[0].ends_with("40.0% – 50.0%") && keys[4].ends_with("80.0% – 90.0%"),
            "{keys:?}"
        );
        let same = Scale::of(Shade::ZeroDose, &areas).unwrap();
        assert_eq!(same.keys().len(), 1, "nobody differs");
        assert_eq!(same.style(&areas[0]), "cell c4");
        assert!(Scale::of(Shade::Short, &[]).is_none());
    }

    #[test]
    fn an_area_without_a_figure_has_a_shade_of_its_own() {
        let mut areas = [area("A", 60), area("B", 50)];
        areas[1].percent = None;
        let scale = Scale::of(Shade::Coverage, &areas).unwrap();
        assert_eq!(scale.style(&areas[1]), "cell none");
    }
}
