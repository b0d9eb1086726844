//! Draws the progress of a search as SVG text. The style sheet gives the colours, which follow light and dark mode.

use super::table::whole;
use super::words::T;
use crate::characters::escaped;
use crate::text::thousands;
use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 100.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;

/// The scales of a chart.
struct Frame {
    count: usize,
    low: f64,
    high: f64,
}

impl Frame {
    fn x(&self, index: usize) -> f64 {
        let last = self.count.saturating_sub(1).max(1) as f64;
        LEFT + (WIDTH - LEFT - RIGHT) * index as f64 / last
    }

    fn y(&self, value: f64) -> f64 {
        let span = (self.high - self.low).max(f64::MIN_POSITIVE);
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - (value - self.low) / span)
    }

    fn line(&self, class: &str, values: impl Iterator<Item = (usize, f64)>) -> String {
        let points: Vec<String> = values
            .map(|(index, value)| format!("{:.1},{:.1}", self.x(index), self.y(value)))
            .collect();
        format!("<polyline class=\"curve {class}\" points=\"{}\"/>", points.join(" "))
    }

    /// Horizontal lines at round values, with labels.
    fn across(&self, digits: usize) -> String {
        let step = round_step((self.high - self.low) / 4.0);
        let mut out = String::new();
        let mut value = (self.low / step).ceil() * step;
        while value <= self.high {
            let y = self.y(value);
            let right = WIDTH - RIGHT;
            let text = if digits == 0 {
                thousands(i64::from(whole(value)))
            } else {
                format!("{value:.digits$}")
            };
            let _ = write!(
                out,
                "<line class=\"grid-line\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" \
                 y2=\"{y:.1}\"/>\
                 <text class=\"faint\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 6.0,
                y + 7.0
            );
            value += step;
        }
        out
    }
}

/// The smallest of 1, 2 or 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    if least <= 0.0 || !least.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|n| n * power)
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(power)
}

fn svg(label: &str, inside: &str) -> String {
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{}\">{inside}</svg>",
        escaped(label)
    )
}

/// One entry of the legend.
fn key(class: &str, text: &str) -> String {
    format!(
        "<li><svg width=\"28\" height=\"10\" aria-hidden=\"true\"><line class=\"curve {class}\" \
         x1=\"0\" y1=\"5\" x2=\"28\" y2=\"5\"/></svg>{}</li>",
        escaped(text)
    )
}

/// Draws a search for a plan from its points: step, objective, bound.
pub(super) fn search(t: T, points: &[(u32, f64, f64)]) -> String {
    let bounds = || points.iter().map(|point| point.2).filter(|bound| bound.is_finite());
    let lowest = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let highest = points.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let highest = bounds().fold(highest, f64::max);
    if !lowest.is_finite() || !highest.is_finite() {
        return String::new();
    }
    let margin = ((highest - lowest) * 0.05).max(highest.abs() * 1e-6).max(1e-9);
    let (low, high) = (lowest - margin, highest + margin);
    let frame = Frame { count: points.len(), low, high };
    let mut inside = frame.across(if high - low < 8.0 { 2 } else { 0 });
    let at = || points.iter().enumerate();
    let bound = at().filter(|(_, point)| point.2.is_finite()).map(|(i, point)| (i, point.2));
    inside += &frame.line("bound-line", bound);
    inside += &frame.line("done-line", at().map(|(i, point)| (i, point.1)));
    let keys = key("bound-line", &t.w("web-bound")) + &key("done-line", &t.w("web-objective"));
    let label = t.w("web-search-label");
    format!("<figure>{}<ul class=\"key\">{keys}</ul></figure>", svg(&label, &inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (least, step) in [(0.3, 0.5), (1.0, 1.0), (130.0, 200.0), (6000.0, 10000.0), (0.0, 1.0)]
        {
            assert!((round_step(least) - step).abs() < 1e-9, "{least}");
        }
    }
}
