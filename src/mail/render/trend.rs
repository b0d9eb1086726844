//! The chart of doses planned and given, and the section of a letter that shows it.

use super::table::Section;
use super::words::Words;
use crate::chart::{self, Around, Chart, Colours, Drawing, HEIGHT, Line, Look, WIDTH, drawing};
use crate::domain::notice::Summary;
use crate::domain::pace::Prospect;
use crate::mail::Picture;
use crate::mail::picture::{Painter, Undrawn};
use crate::mail::safe;
use crate::text::thousands;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// Display columns of the county's name in the picture; the date follows it.
const COUNTY_COLUMNS_MAX: usize = 24;
/// The most days that tell their figures: a page stays light.
const TOLD_MAX: usize = 80;

/// The chart as PNG; `None` where both curves are empty. The county's name is left out where the font cannot draw it.
pub(crate) fn picture(summary: &Summary, painter: &Painter) -> Result<Option<Picture>, Undrawn> {
    let Some(days) = summary.curves.days else { return Ok(None) };
    let words = Words(summary.language);
    let county = safe::one_line(&safe::name(&summary.county), COUNTY_COLUMNS_MAX);
    let end = words.day_end(summary.as_of);
    let heading = words.say("mail-chart-heading", &[("county", &county), ("end", &end)]);
    let png = |heading: &str| {
        let chart = drawn(words, summary, days, (heading, Some(heading)), More::default());
        painter.png(&chart, &Colours::PICTURE)
    };
    let png = match png(&heading) {
        Err(Undrawn::NoGlyph(_) | Undrawn::Unshaped(_)) => png(&end)?,
        png => png?,
    };
    let progress = summary.progress;
    let alt = words.say(
        "mail-chart-alt",
        &[
            ("end", &end),
            ("planned", &thousands(progress.planned)),
            ("done", &thousands(progress.done)),
            ("total", &thousands(progress.planned_total)),
        ],
    );
    Ok(Some(Picture {
        cid: format!("trend-{}@doseplan", summary.as_of),
        name: "trend.png".to_owned(),
        alt,
        png,
        size: (WIDTH, HEIGHT),
    }))
}

/// The chart as SVG for a page; `None` where both curves are empty.
pub(super) fn for_page(words: Words, summary: &Summary, prospect: &Prospect) -> Option<String> {
    let title = words.say(
        "mail-chart-alt",
        &[
            ("end", &words.day_end(summary.as_of)),
            ("planned", &thousands(summary.progress.planned)),
            ("done", &thousands(summary.progress.done)),
            ("total", &thousands(summary.progress.planned_total)),
        ],
    );
    let days = summary.curves.days?;
    let ends = |end: usize| prospect.ahead.iter().map(move |(day, all)| (*day, all[end]));
    let expected: Vec<(NaiveDate, u64)> = ends(1).collect();
    let band: Vec<(NaiveDate, u64, u64)> =
        prospect.ahead.iter().map(|(day, [low, _, high])| (*day, *low, *high)).collect();
    let has_spread = band.iter().any(|(_, low, high)| low != high);
    let target: Vec<(NaiveDate, u64)> =
        prospect.target.iter().flat_map(|doses| [(days.0, *doses), (days.1, *doses)]).collect();
    let today = words.word("mail-chart-today");
    let told = told(words, summary, prospect);
    let more = More {
        expected: &expected,
        target: &target,
        around: Around {
            band: if has_spread { &band } else { &[] },
            today: prospect.today.map(|day| (day, today.as_str())),
            told: &told,
        },
    };
    let chart = drawn(words, summary, days, (&title, None), more);
    Some(chart::svg(&chart, &Colours::PAGE))
}

/// What the chart of a page has and that of a mail has not.
#[derive(Clone, Copy, Default)]
struct More<'a> {
    expected: &'a [(NaiveDate, u64)],
    target: &'a [(NaiveDate, u64)],
    around: Around<'a>,
}

/// A day of the chart: planned, given and expected doses by its end, as far as they are known.
pub type ChartDay = (NaiveDate, Option<u64>, Option<u64>, Option<[u64; 3]>);

/// The figures behind the chart, day by day.
pub fn chart_days(summary: &Summary, prospect: &Prospect) -> Vec<ChartDay> {
    let curves = &summary.curves;
    let days = curves.planned.iter().chain(&curves.done).map(|(day, _)| *day);
    let days: BTreeSet<NaiveDate> =
        days.chain(prospect.ahead.iter().map(|(day, _)| *day)).collect();
    let by = |points: &[(NaiveDate, u64)], day: NaiveDate| {
        let at = points.partition_point(|(one, _)| *one <= day);
        at.checked_sub(1).map(|at| points[at].1)
    };
    let line = |day: NaiveDate| {
        let done = by(&curves.done, day).filter(|_| day <= summary.as_of);
        let ahead = prospect.ahead.iter().find(|(one, _)| *one == day && day > summary.as_of);
        (day, by(&curves.planned, day), done, ahead.map(|(_, doses)| *doses))
    };
    days.into_iter().map(line).collect()
}

/// What the chart tells of its days; of many days, of every second, third, …
fn told(words: Words, summary: &Summary, prospect: &Prospect) -> Vec<(NaiveDate, String)> {
    let all = chart_days(summary, prospect);
    let named = |key: &str, doses: Option<u64>| {
        doses.map(|doses| words.say(key, &[("doses", &thousands(doses))]))
    };
    let said = |(day, planned, done, ahead): &ChartDay| {
        let parts = [
            named("mail-chart-planned", *planned),
            named("mail-chart-done", *done),
            named("mail-chart-expected", ahead.map(|[_, doses, _]| doses)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (*day, format!("{} {}", words.day_short(*day), parts.join(" · ")))
    };
    let step = all.len().div_ceil(TOLD_MAX).max(1);
    all.iter().step_by(step).map(said).collect()
}

/// The chart, with a heading inside where it is shown without text around it.
fn drawn(
    words: Words,
    summary: &Summary,
    days: (NaiveDate, NaiveDate),
    (title, heading): (&str, Option<&str>),
    more: More<'_>,
) -> Drawing {
    let (curves, progress) = (&summary.curves, summary.progress);
    let named = |key: &str, doses: u64| words.say(key, &[("doses", &thousands(doses))]);
    let (done, planned) =
        (named("mail-chart-done", progress.done), named("mail-chart-planned", progress.planned));
    let mut lines = vec![Line { name: &done, look: Look::Done, points: &curves.done }];
    if !curves.planned.is_empty() {
        lines.push(Line { name: &planned, look: Look::Plan, points: &curves.planned });
    }
    let last = |points: &[(NaiveDate, u64)]| points.last().map_or(0, |(_, doses)| *doses);
    let expected = named("mail-chart-expected", last(more.expected));
    if !more.expected.is_empty() {
        lines.push(Line { name: &expected, look: Look::Ahead, points: more.expected });
    }
    let target = named("mail-chart-target", last(more.target));
    if !more.target.is_empty() {
        lines.push(Line { name: &target, look: Look::Target, points: more.target });
    }
    drawing(&Chart {
        title,
        heading,
        unit: &words.word("mail-chart-unit"),
        days,
        lines: &lines,
        around: more.around,
        number: &|number| words.short(number),
        day: &|day| words.day_short(day),
    })
}

/// The section with the picture.
pub(super) fn section(words: Words, picture: Option<&Picture>) -> Option<Section> {
    let heading = words.word("mail-chart-section");
    Some(Section { heading, picture: Some(picture?.clone()), ..Section::default() })
}
