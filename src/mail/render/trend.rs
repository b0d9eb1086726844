//! Plan against done as one picture, and the section of a letter that shows it.

use super::table::Section;
use super::words::Words;
use crate::chart::{Chart, Colours, HEIGHT, Line, Look, WIDTH, svg};
use crate::domain::notice::Summary;
use crate::mail::Picture;
use crate::mail::picture::{Painter, Undrawn};
use crate::mail::safe;
use crate::text::thousands;

/// Columns of a county's name in the picture, with the date behind it.
const COUNTY_COLUMNS_MAX: usize = 24;

/// The picture of a summary; `None` where there is nothing to be drawn. A name with characters that no font has is
/// left out of it.
pub(crate) fn picture(summary: &Summary, painter: &Painter) -> Result<Option<Picture>, Undrawn> {
    let Some(days) = summary.curves.days else { return Ok(None) };
    let words = Words(summary.language);
    let county = safe::one_line(&safe::name(&summary.county), COUNTY_COLUMNS_MAX);
    let end = words.day_end(summary.as_of);
    let heading = words.say("mail-chart-heading", &[("county", &county), ("end", &end)]);
    let named = painter.png(&drawing(words, summary, days, &heading, painter.family()));
    let png = match named {
        Err(Undrawn::NoGlyph(_)) => {
            painter.png(&drawing(words, summary, days, &end, painter.family()))?
        }
        drawn => drawn?,
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

fn drawing(
    words: Words,
    summary: &Summary,
    days: (chrono::NaiveDate, chrono::NaiveDate),
    heading: &str,
    font: &str,
) -> String {
    let (curves, progress) = (&summary.curves, summary.progress);
    let named = |key: &str, doses: u64| words.say(key, &[("doses", &thousands(doses))]);
    let (done, planned) =
        (named("mail-chart-done", progress.done), named("mail-chart-planned", progress.planned));
    let mut lines = vec![Line { name: &done, look: Look::Done, points: &curves.done }];
    if !curves.planned.is_empty() {
        lines.push(Line { name: &planned, look: Look::Plan, points: &curves.planned });
    }
    svg(&Chart {
        title: heading,
        heading: Some(heading),
        unit: &words.word("mail-chart-unit"),
        days,
        lines: &lines,
        number: &|number| words.short(number),
        day: &|day| words.day_short(day),
        font,
        colours: Colours::PICTURE,
    })
}

/// The section with the picture.
pub(super) fn section(words: Words, picture: Option<&Picture>) -> Option<Section> {
    let heading = words.word("mail-chart-section");
    Some(Section { heading, picture: Some(picture?.clone()), ..Section::default() })
}
