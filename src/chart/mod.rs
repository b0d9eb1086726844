//! Charts: values in, shapes out, which pages show as SVG text and mails as a picture (`mail::picture`). Words, numbers
//! and dates come ready from the caller; nothing here knows a language, a font file or the time.
//!
//! In SVG every element has its colour as an attribute and a class besides, so that a page's style sheet overrides it
//! without `style` attributes.

mod svg;

pub use svg::svg;

use chrono::{NaiveDate, TimeDelta};
use std::fmt;
use unicode_width::UnicodeWidthChar;

/// Width of the drawing, in the units of its `viewBox`.
pub const WIDTH: u32 = 600;
/// Height of the drawing.
pub const HEIGHT: u32 = 360;

const W: f64 = WIDTH as f64;
const H: f64 = HEIGHT as f64;
/// Height of letters, in the drawing's units: on a phone the drawing is a little more than half as wide, and 22
/// becomes 12.
pub const SIZE: f64 = 22.0;
/// Margin around the whole drawing.
const PAD: f64 = 8.0;
/// Space between two entries of the legend.
const GAP: f64 = 28.0;
/// Length of the sample line before a legend entry.
const STROKE: f64 = 36.0;
/// Height of a row of the legend.
const ROW: f64 = 32.0;
/// The most steps that the scale has.
const STEPS_MAX: u64 = 4;
/// The most dates below the plot.
const DATES_MAX: i64 = 5;
/// Higher figures are drawn at this one, so that the scale does not overflow.
const FIGURE_MAX: u64 = 1 << 60;

/// Lines of figures over days.
pub struct Chart<'a> {
    /// What the chart shows, for screen readers.
    pub title: &'a str,
    /// A heading inside the chart, for charts that are shown on their own.
    pub heading: Option<&'a str>,
    /// The unit of the figures, as `剂次`.
    pub unit: &'a str,
    /// First and last day of the time axis.
    pub days: (NaiveDate, NaiveDate),
    /// The lines; the first one is drawn on top.
    pub lines: &'a [Line<'a>],
    /// What lies behind and over the lines.
    pub around: Around<'a>,
    /// Writes a figure of the scale, as `120万`.
    pub number: &'a dyn Fn(u64) -> String,
    /// Writes a day, as `10/20`.
    pub day: &'a dyn Fn(NaiveDate) -> String,
}

/// One line.
pub struct Line<'a> {
    /// The legend's text: the name and, if wanted, the last figure.
    pub name: &'a str,
    /// How it looks.
    pub look: Look,
    /// Days, ascending, with their figures.
    pub points: &'a [(NaiveDate, u64)],
}

/// What a chart shows besides its lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'a> {
    /// Days with the lower and the upper end of what is expected.
    pub band: &'a [(NaiveDate, u64, u64)],
    /// The present day with its name: a line from top to bottom.
    pub today: Option<(NaiveDate, &'a str)>,
    /// What is told of a day that somebody points at.
    pub told: &'a [(NaiveDate, String)],
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What was planned: dashed.
    Plan,
    /// What was done: solid, with a dot at the last point.
    Done,
    /// What is expected: dotted, in the colour of what was done.
    Ahead,
    /// What is to be reached: long dashes.
    Target,
}

/// Colours of a chart.
#[derive(Debug, Clone, Copy)]
pub struct Colours {
    /// Letters and figures; also the class `chart-text`.
    pub text: Colour,
    /// The lines of the scale, drawn faintly; also the class `chart-grid`.
    pub grid: Colour,
    /// [`Look::Plan`]; also the class `chart-plan`.
    pub plan: Colour,
    /// [`Look::Done`]; also the class `chart-done`.
    pub done: Colour,
    /// [`Look::Target`]; also the class `chart-target`.
    pub target: Colour,
}

impl Colours {
    /// For pictures with a transparent background: each colour has a contrast above 4 on white and on a dark page.
    pub const PICTURE: Self = Self {
        text: Colour::Rgb(0x74, 0x7c, 0x86),
        grid: Colour::Rgb(0x74, 0x7c, 0x86),
        plan: Colour::Rgb(0xa8, 0x72, 0x0f),
        done: Colour::Rgb(0x2f, 0x7d, 0xe1),
        target: Colour::Rgb(0x1f, 0x8a, 0x4c),
    };
    /// For pages: letters and scale take the colour of the text around the chart.
    pub const PAGE: Self = Self { text: Colour::OfText, grid: Colour::OfText, ..Self::PICTURE };

    /// The colour of a shape.
    pub fn of(&self, class: Class) -> Colour {
        match class {
            Class::Text => self.text,
            Class::Grid => self.grid,
            Class::Plan => self.plan,
            Class::Done => self.done,
            Class::Target => self.target,
        }
    }
}

/// One colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Red, green and blue.
    Rgb(u8, u8, u8),
    /// The colour of the text around the chart; black in a picture, which has no text around it.
    OfText,
}

impl fmt::Display for Colour {
    /// As SVG writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rgb(red, green, blue) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
            Self::OfText => f.write_str("currentColor"),
        }
    }
}

/// What a shape is: it decides the colour, and the class in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Letters and figures.
    Text,
    /// Lines of the scale.
    Grid,
    /// [`Look::Plan`].
    Plan,
    /// [`Look::Done`].
    Done,
    /// [`Look::Target`].
    Target,
}

impl Class {
    fn word(self) -> &'static str {
        match self {
            Self::Text => "chart-text",
            Self::Grid => "chart-grid",
            Self::Plan => "chart-plan",
            Self::Done => "chart-done",
            Self::Target => "chart-target",
        }
    }
}

impl From<Look> for Class {
    fn from(look: Look) -> Self {
        match look {
            Look::Plan => Self::Plan,
            Look::Done | Look::Ahead => Self::Done,
            Look::Target => Self::Target,
        }
    }
}

/// A point of the drawing: right and down from its upper left corner.
pub type Point = (f64, f64);

/// One thing to draw. All lengths are in the drawing's units.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A line through points.
    Line {
        /// What it is.
        class: Class,
        /// The points, at least one.
        points: Vec<Point>,
        /// Thickness.
        width: f64,
        /// Length of a dash and of the gap after it; `None` for a solid line.
        dash: Option<(f64, f64)>,
        /// Whether corners are round.
        is_round: bool,
        /// From 0 (invisible) to 1.
        opacity: f64,
    },
    /// A filled shape with these corners.
    Area {
        /// What it is.
        class: Class,
        /// The corners.
        points: Vec<Point>,
        /// From 0 (invisible) to 1.
        opacity: f64,
    },
    /// A part of a page's chart that tells something when somebody points at it; nothing in a picture.
    Told {
        /// Its upper left corner.
        at: Point,
        /// Width and height.
        size: Point,
        /// What it tells.
        said: String,
    },
    /// A filled circle.
    Dot {
        /// What it is.
        class: Class,
        /// Its centre.
        at: Point,
        /// Its radius.
        radius: f64,
    },
    /// Words on one line, of height [`SIZE`].
    Text {
        /// A point on the baseline.
        at: Point,
        /// Which part of the text stands at that point.
        anchor: Anchor,
        /// The words.
        said: String,
    },
}

/// Which part of a text stands at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The start.
    Start,
    /// The middle.
    Middle,
    /// The end.
    End,
}

/// What a chart consists of, in the order in which it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// What the chart shows, for screen readers.
    pub title: String,
    /// The shapes.
    pub shapes: Vec<Shape>,
}

/// The area of the lines, and the days and figures that its edges stand for.
struct Plot {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    first: NaiveDate,
    /// Days from the first to the last, at least one.
    days: i64,
    /// The figure at the top edge.
    high: u64,
}

impl Plot {
    fn x(&self, day: NaiveDate) -> f64 {
        let day = (day - self.first).num_days().clamp(0, self.days);
        self.left + (self.right - self.left) * day as f64 / self.days as f64
    }

    fn y(&self, figure: u64) -> f64 {
        let part = figure.min(self.high) as f64 / self.high as f64;
        self.bottom - (self.bottom - self.top) * part
    }
}

/// The shapes of a chart. A line without points is not drawn; without any line the scale is.
pub fn drawing(chart: &Chart<'_>) -> Drawing {
    let figures = chart.lines.iter().flat_map(|line| line.points).map(|(_, figure)| *figure);
    let figures = figures.chain(chart.around.band.iter().map(|(_, _, high)| *high));
    let highest = figures.max().unwrap_or(0).min(FIGURE_MAX);
    let step = step(highest);
    let high = highest.div_ceil(step).max(1) * step;
    let figures: Vec<(u64, String)> =
        (0..=high / step).map(|n| (n * step, (chart.number)(n * step))).collect();
    let widest = figures.iter().map(|(_, text)| width(text)).fold(0.0, f64::max);
    let above = if chart.heading.is_some() { PAD + ROW } else { PAD };
    let (legend, rows) = legend(chart, above);
    let (first, last) = (chart.days.0, chart.days.1.max(chart.days.0));
    let plot = Plot {
        left: PAD + widest + 8.0,
        right: W - PAD - 8.0,
        top: above + ROW * rows + 2.0 * PAD + ROW,
        bottom: H - PAD - ROW,
        first,
        days: (last - first).num_days().max(1),
        high,
    };
    let mut shapes = Vec::new();
    if let Some(heading) = chart.heading {
        shapes.push(text((PAD, PAD + SIZE), Anchor::Start, heading));
    }
    shapes.extend(legend);
    shapes.push(text((PAD, plot.top - ROW * 0.6), Anchor::Start, chart.unit));
    scale(&mut shapes, &plot, &figures);
    dates(&mut shapes, chart, &plot, last);
    behind(&mut shapes, chart, &plot);
    for line in chart.lines.iter().rev() {
        draw(&mut shapes, &plot, line);
    }
    told(&mut shapes, chart, &plot);
    Drawing { title: chart.title.to_owned(), shapes }
}

/// The smallest round step with which the scale has no more than [`STEPS_MAX`] of them.
fn step(highest: u64) -> u64 {
    let mut ten = 1_u64;
    loop {
        for digit in [1, 2, 5] {
            let step = ten.saturating_mul(digit);
            if highest.div_ceil(step) <= STEPS_MAX {
                return step;
            }
        }
        ten = ten.saturating_mul(10);
    }
}

/// A sample of each line with its name, one after the other in as many rows as they need; returns the rows as well.
fn legend(chart: &Chart<'_>, above: f64) -> (Vec<Shape>, f64) {
    let mut out = Vec::new();
    let (mut x, mut rows) = (PAD, 0.0);
    for line in chart.lines {
        let wide = STROKE + 8.0 + width(line.name);
        if x > PAD && x + wide > W - PAD {
            (x, rows) = (PAD, rows + 1.0);
        }
        let y = above + ROW * (rows + 0.5);
        out.push(stroke(line.look, vec![(x, y), (x + STROKE, y)]));
        out.push(text((x + STROKE + 8.0, y + SIZE * 0.36), Anchor::Start, line.name));
        x += wide + GAP;
    }
    (out, if chart.lines.is_empty() { 0.0 } else { rows + 1.0 })
}

fn scale(out: &mut Vec<Shape>, plot: &Plot, figures: &[(u64, String)]) {
    for (figure, said) in figures {
        let y = plot.y(*figure);
        out.push(Shape::Line {
            class: Class::Grid,
            points: vec![(plot.left, y), (plot.right, y)],
            width: 1.0,
            dash: None,
            is_round: false,
            opacity: 0.4,
        });
        out.push(text((plot.left - 8.0, y + SIZE * 0.36), Anchor::End, said));
    }
}

/// Labels the first and the last day, and as many evenly spaced days between them as fit.
fn dates(out: &mut Vec<Shape>, chart: &Chart<'_>, plot: &Plot, last: NaiveDate) {
    let said = |day: NaiveDate| (chart.day)(day);
    let wide = width(&said(plot.first)).max(width(&said(last))) + GAP;
    #[expect(clippy::cast_possible_truncation, reason = "a few labels")]
    let room = ((plot.right - plot.left) / wide.max(1.0)) as i64;
    let parts = room.clamp(1, DATES_MAX - 1).min(plot.days);
    let mut shown: Vec<NaiveDate> =
        (0..=parts).map(|n| plot.first + TimeDelta::days(plot.days * n / parts)).collect();
    shown.retain(|day| *day <= last);
    for day in shown {
        let (label, x) = (said(day), plot.x(day));
        // The outermost labels stay inside the drawing.
        let half = width(&label) / 2.0;
        let x = x.clamp(PAD + half, (W - PAD - half).max(PAD + half));
        out.push(text((x, plot.bottom + ROW * 0.85), Anchor::Middle, &label));
    }
}

/// The band of what is expected, and the present day.
fn behind(out: &mut Vec<Shape>, chart: &Chart<'_>, plot: &Plot) {
    let band = chart.around.band;
    if band.len() > 1 {
        let above = band.iter().map(|(day, _, high)| (plot.x(*day), plot.y(*high)));
        let below = band.iter().rev().map(|(day, low, _)| (plot.x(*day), plot.y(*low)));
        let points = above.chain(below).collect();
        out.push(Shape::Area { class: Class::Done, points, opacity: 0.2 });
    }
    let Some((day, name)) = chart.around.today else { return };
    let x = plot.x(day);
    out.push(Shape::Line {
        class: Class::Text,
        points: vec![(x, plot.top), (x, plot.bottom)],
        width: 1.0,
        dash: Some((3.0, 3.0)),
        is_round: false,
        opacity: 1.0,
    });
    let half = width(name) / 2.0;
    if x - half > PAD + width(chart.unit) + GAP {
        out.push(text((x.min(W - PAD - half), plot.top - ROW * 0.3), Anchor::Middle, name));
    } else {
        // The unit stands there: the name goes below it, where lines that have just begun are not.
        out.push(text((x + GAP, plot.top + ROW * 0.7), Anchor::Start, name));
    }
}

/// A strip around each day that tells something, halfway to the days beside it.
fn told(out: &mut Vec<Shape>, chart: &Chart<'_>, plot: &Plot) {
    let all = chart.around.told;
    let at = |n: usize| plot.x(all[n].0);
    for (n, (_, said)) in all.iter().enumerate() {
        let left = if n == 0 { plot.left } else { f64::midpoint(at(n - 1), at(n)) };
        let right = if n + 1 == all.len() { plot.right } else { f64::midpoint(at(n), at(n + 1)) };
        let size = (right - left, plot.bottom - plot.top);
        out.push(Shape::Told { at: (left, plot.top), size, said: said.clone() });
    }
}

fn draw(out: &mut Vec<Shape>, plot: &Plot, line: &Line<'_>) {
    let Some((last_day, last)) = line.points.last() else { return };
    let points = line.points.iter().map(|(day, figure)| (plot.x(*day), plot.y(*figure)));
    out.push(stroke(line.look, points.collect()));
    if line.look == Look::Done {
        let at = (plot.x(*last_day), plot.y(*last));
        out.push(Shape::Dot { class: line.look.into(), at, radius: 6.0 });
    }
}

fn stroke(look: Look, points: Vec<Point>) -> Shape {
    let (width, dash) = match look {
        Look::Plan => (3.0, Some((9.0, 6.0))),
        Look::Done => (4.0, None),
        Look::Ahead => (3.0, Some((2.0, 5.0))),
        Look::Target => (2.0, Some((16.0, 6.0))),
    };
    let is_round = look == Look::Done;
    Shape::Line { class: look.into(), points, width, dash, is_round, opacity: 1.0 }
}

fn text(at: Point, anchor: Anchor, said: &str) -> Shape {
    Shape::Text { at, anchor, said: said.to_owned() }
}

/// An upper estimate of a text's width: measured on Noto Sans, with a margin for other fonts.
fn width(text: &str) -> f64 {
    let em = |c: char| match c {
        '0'..='9' => 0.58,
        ',' | '.' | ':' | ' ' | '/' | 'i' | 'l' => 0.4,
        'm' | 'w' | 'M' | 'W' | '%' => 0.95,
        _ if c.width() == Some(0) => 0.0,
        _ if c.width() == Some(2) => 1.0,
        _ => 0.7,
    };
    text.chars().map(em).sum::<f64>() * SIZE
}

#[cfg(test)]
mod tests;
