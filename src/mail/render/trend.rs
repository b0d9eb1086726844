//! The chart of doses planned and given, and the section of a letter that shows it.

use super::table::Section;
use super::words::Words;
use crate::chart::{self, Chart, Colours, Drawing, HEIGHT, Line, Look, WIDTH, drawing};
use crate::domain::notice::Summary;
use crate::mail::Picture;
use crate::mail::picture::{Painter, Undrawn};
use crate::mail::safe;
use crate::text::thousands;

/// Display columns of the county's name in the picture; the date follows it.
const COUNTY_COLUMNS_MAX: usize = 24;

/// The chart as PNG; `None` where both curves are empty. The county's name is left out where the font cannot draw it.
pub(crate) fn picture(summary: &Summary, painter: &Painter) -> Result<Option<Picture>, Undrawn> {
    let Some(days) = summary.curves.days else { return Ok(None) };
    let words = Words(summary.language);
    let county = safe::one_line(&safe::name(&summary.county), COUNTY_COLUMNS_MAX);
    let end = words.day_end(summary.as_of);
    let heading = words.say("mail-chart-heading", &[("county", &county), ("end", &end)]);
    let png = |heading: &str| {
        let chart = drawn(words, summary, days, heading, Some(heading));
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
pub(super) fn for_page(words: Words, summary: &Summary) -> Option<String> {
    let title = words.say(
        "mail-chart-alt",
        &[
            ("end", &words.day_end(summary.as_of)),
            ("planned", &thousands(summary.progress.planned)),
            ("done", &thousands(summary.progress.done)),
            ("total", &thousands(summary.progress.planned_total)),
        ],
    );
    let chart = drawn(words, summary, summary.curves.days?, &title, None);
    Some(chart::svg(&chart, &Colours::PAGE))
}

/// The chart, with a heading inside where it is shown without text around it.
fn drawn(
    words: Words,
    summary: &Summary,
    days: (chrono::NaiveDate, chrono::NaiveDate),
    title: &str,
    heading: Option<&str>,
) -> Drawing {
    let (curves, progress) = (&summary.curves, summary.progress);
    let named = |key: &str, doses: u64| words.say(key, &[("doses", &thousands(doses))]);
    let (done, planned) =
        (named("mail-chart-done", progress.done), named("mail-chart-planned", progress.planned));
    let mut lines = vec![Line { name: &done, look: Look::Done, points: &curves.done }];
    if !curves.planned.is_empty() {
        lines.push(Line { name: &planned, look: Look::Plan, points: &curves.planned });
    }
    drawing(&Chart {
        title,
        heading,
        unit: &words.word("mail-chart-unit"),
        days,
        lines: &lines,
        number: &|number| words.short(number),
        day: &|day| words.day_short(day),
    })
}

/// The section with the picture.
pub(super) fn section(words: Words, picture: Option<&Picture>) -> Option<Section> {
    let heading = words.word("mail-chart-section");
    Some(Section { heading, picture: Some(picture?.clone()), ..Section::default() })
}
