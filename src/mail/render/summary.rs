//! The coordinator's summary: the bulletin's sentence, what needs attention, then the tables.

use super::summary_heads::{opening_of_all, overview, share_cell, subject, total};
use super::table::{Bar, Cell, Section, Table};
use super::words::Words;
use super::{Alert, Caps, Letter, NAMES_SHOWN_MAX, more, needs_section, tidy};
use crate::domain::attention::{Attention, PlanProgress};
use crate::domain::count::{People, Percent};
use crate::domain::coverage::{Coverage, CoverageRow, DoseLine, Flag, Share, SitesReported};
use crate::domain::notice::{AreaLine, Summary};
use crate::mail::{Picture, safe};
use crate::text::thousands;
use askama::Template;
use std::collections::BTreeSet;

/// Groups named in the bulletin's sentence; the table has all.
const BULLETIN_ROWS_MAX: usize = 8;

/// What needs attention that every part shows, however short a mail of several campaigns has to be.
const ATTENTION_SHOWN_MIN: usize = 2;

/// Columns of doses that fit on a phone beside "group" and "complete".
const DOSE_COLUMNS_MAX: usize = 3;

/// Days of the trend.
const TREND_DAYS_MAX: usize = 31;

#[derive(Template)]
#[template(path = "summary/body.html")]
struct Html<'a> {
    subject: &'a str,
    lang: &'a str,
    title: &'a str,
    body: &'a Body,
}

#[derive(Template)]
#[template(path = "summary/body.txt")]
struct Plain<'a> {
    body: &'a Body,
}

/// The content of both forms, HTML and plain text.
struct Body {
    campaign: String,
    opening: String,
    /// A line for each campaign, where there are several.
    overview: Vec<Table>,
    parts: Vec<Part>,
    footer: String,
}

/// What one campaign has to say. Alone it needs no heading and no opening of its own.
struct Part {
    heading: String,
    opening: String,
    among_word: String,
    among: Vec<String>,
    reported: String,
    attention: String,
    nothing: String,
    alerts: Vec<Alert>,
    more: String,
    sections: Vec<Section>,
}

/// The letter of a coordinator: a part for each campaign, all about the same area and day.
pub(super) fn letter(summaries: &[Summary], picture: Option<&Picture>, caps: Caps) -> Letter {
    let Some(first) = summaries.first() else { return Letter::default() };
    let words = Words(first.language);
    let county = safe::name(&first.county);
    let is_alone = summaries.len() == 1;
    let subject = subject(words, summaries, &county);
    let title = words.say("mail-summary-title", &[("county", &county)]);
    let names: Vec<&str> = summaries.iter().map(|one| one.campaign_name.as_str()).collect();
    let body = Body {
        campaign: words.names(&names, NAMES_SHOWN_MAX),
        opening: if is_alone { opening(words, first) } else { opening_of_all(words, summaries) },
        overview: if is_alone { Vec::new() } else { vec![overview(words, summaries)] },
        parts: summaries.iter().map(|one| part(words, one, is_alone, picture, caps)).collect(),
        footer: footer(words, first.audit_head.as_deref()),
    };
    let lang = first.language.tag();
    let html = Html { subject: &subject, lang, title: &title, body: &body };
    let html = html.render().expect("templates fail only where a value does");
    let plain = Plain { body: &body }.render().expect("templates fail only where a value does");
    Letter { subject, text: tidy(&plain), html, picture: picture.cloned() }
}

fn part(
    words: Words,
    summary: &Summary,
    is_alone: bool,
    picture: Option<&Picture>,
    caps: Caps,
) -> Part {
    let mut alerts: Vec<Alert> = Vec::new();
    if let Some(text) = words.missed("mail-summary-missed", summary.missed) {
        alerts.push(Alert { text, ..Alert::default() });
    }
    let most = attention_shown(caps);
    let shown = summary.attention.iter().take(most).enumerate();
    alerts.extend(shown.map(|(index, item)| super::attention::alert(words, index + 1, item)));
    let sections = [
        groups(words, &summary.by_group, caps),
        Some(progress(words, summary)),
        needs_section(words, &summary.needs, caps),
        areas(words, summary, caps),
        trend(words, summary),
        super::trend::section(words, picture),
    ];
    let own = |text: fn(Words, &Summary) -> String| {
        if is_alone { String::new() } else { text(words, summary) }
    };
    Part {
        heading: own(heading),
        opening: own(opening),
        among_word: words.word("mail-summary-among"),
        among: among(words, &summary.by_group.rows),
        reported: reported(words, summary),
        attention: words.word("mail-summary-attention"),
        nothing: words.word("mail-summary-nothing"),
        alerts,
        more: more(words, "mail-more", summary.attention.len(), most).concat(),
        sections: sections.into_iter().flatten().collect(),
    }
}

fn attention_shown(caps: Caps) -> usize {
    (caps.rows / 2).max(ATTENTION_SHOWN_MIN)
}

/// The heading of a campaign's part: its name and its vaccine.
fn heading(words: Words, summary: &Summary) -> String {
    let name = safe::name(&summary.campaign_name);
    match &summary.vaccine_name {
        Some(vaccine) => words.in_brackets(&name, &safe::name(vaccine)),
        None => name,
    }
}

/// The last line; it names the end of the audit log, so that a shorter one shows later.
fn footer(words: Words, audit_head: Option<&str>) -> String {
    let text = words.word("mail-footer");
    match audit_head {
        Some(head) => format!("{text} {}", words.say("mail-audit-head", &[("head", &head)])),
        None => text,
    }
}

/// The bulletin's sentence.
pub(super) fn opening(words: Words, summary: &Summary) -> String {
    let key = if summary.is_unreported() {
        "mail-summary-opening-unreported"
    } else {
        "mail-summary-opening"
    };
    words.say(
        key,
        &[
            ("end", &words.day_end(summary.as_of)),
            ("county", &safe::name(&summary.county)),
            ("total", &thousands(summary.doses_total)),
            ("today", &thousands(summary.doses_today)),
        ],
    )
}

/// The table of groups and group sets, a line each.
fn among(words: Words, rows: &[CoverageRow]) -> Vec<String> {
    let dose = |line: &DoseLine| {
        let key = match line.percent {
            Some(_) => "mail-summary-dose",
            None => "mail-summary-dose-count",
        };
        words.say(
            key,
            &[
                ("dose", &words.dose(line.dose)),
                ("people", &thousands(line.people)),
                ("percent", &words.percent(line.percent)),
            ],
        )
    };
    let given = rows.iter().filter(|row| row.doses.iter().any(|line| line.people > People::ZERO));
    given
        .take(BULLETIN_ROWS_MAX)
        .map(|row| {
            let doses: Vec<_> =
                row.doses.iter().filter(|line| line.people > People::ZERO).map(dose).collect();
            let (group, doses) = (safe::name(&row.group_name), words.clauses(&doses));
            words.say("mail-summary-row", &[("group", &group), ("doses", &doses)])
        })
        .collect()
}

/// How many sites have reported. Coverage is never shown without it.
fn reported(words: Words, summary: &Summary) -> String {
    let sites = &summary.by_group.sites;
    if sites.expected == 0 {
        return String::new();
    }
    let missing = sites.expected.saturating_sub(sites.reported);
    if missing == 0 {
        return words.say("mail-summary-all-reported", &[("expected", &sites.expected)]);
    }
    let names = summary.attention.iter().find_map(|one| match one {
        Attention::LateSites(names) => Some(names.iter().map(String::as_str).collect()),
        _ => None,
    });
    let codes = || sites.missing.iter().map(crate::domain::id::PlaceCode::as_str).collect();
    let names: Vec<&str> = names.unwrap_or_else(codes);
    words.say(
        "mail-summary-unreported-note",
        &[
            ("missing", &missing),
            ("expected", &sites.expected),
            ("names", &words.names(&names, NAMES_SHOWN_MAX)),
        ],
    )
}

/// A heading with the number of missing reports beside it (`未报 2/14`), so that nobody takes incomplete coverage for
/// complete.
fn coverage_heading(words: Words, key: &str, sites: &SitesReported) -> String {
    let missing = sites.expected.saturating_sub(sites.reported);
    if missing == 0 {
        return words.word(key);
    }
    let arguments: [(&str, &dyn std::fmt::Display); 2] =
        [("missing", &missing), ("expected", &sites.expected)];
    words.in_brackets(&words.word(key), &words.say("mail-summary-unreported", &arguments))
}

fn groups(words: Words, coverage: &Coverage, caps: Caps) -> Option<Section> {
    let rows = &coverage.rows;
    if rows.is_empty() {
        return None;
    }
    let numbers: BTreeSet<u8> =
        rows.iter().flat_map(|row| row.doses.iter().map(|line| line.dose)).collect();
    let numbers: Vec<u8> = numbers.into_iter().take(DOSE_COLUMNS_MAX).collect();
    let mut head = vec![Cell::left(words.word("mail-summary-group"))];
    head.extend(numbers.iter().map(|dose| Cell::right(words.dose_short(*dose))));
    head.push(Cell::right(words.word("mail-summary-complete")));
    let row = |row: &CoverageRow| {
        let mark = if row.flags.contains(&Flag::PersonsExceedTally) { "※" } else { "" };
        let eligible = row.eligible.map_or_else(|| words.word("mail-no-figure"), thousands);
        let eligible = words.say("mail-summary-eligible", &[("people", &eligible)]);
        let name = format!("{}{mark}", safe::name(&row.group_name));
        let mut cells = vec![Cell::left(name).note(eligible)];
        for dose in &numbers {
            let Some(line) = row.doses.iter().find(|line| line.dose == *dose) else {
                cells.push(Cell::right(words.word("mail-no-figure")));
                continue;
            };
            let mut cell = share_cell(words, line.people, line.percent);
            if line.today > People::ZERO {
                let today = thousands(line.today);
                cell = cell.note(words.say("mail-summary-today-plus", &[("people", &today)]));
            }
            cells.push(cell);
        }
        let Share { people, percent } = &row.complete;
        cells.push(share_cell(words, *people, *percent));
        cells
    };
    let table = Table { head, rows: rows.iter().take(caps.rows).map(row).collect() };
    let mut after = more(words, "mail-more", rows.len(), caps.rows);
    after.extend(group_notes(words, rows));
    Some(Section {
        heading: coverage_heading(words, "mail-summary-groups", &coverage.sites),
        tables: vec![table],
        after,
        ..Section::default()
    })
}

/// Notes below the table: what its marks mean, and the drop-out between doses.
fn group_notes(words: Words, rows: &[CoverageRow]) -> Vec<String> {
    let is_flagged = |flag: Flag| rows.iter().any(|row| row.flags.contains(&flag));
    let is_over = |share: Option<Percent>| share.is_some_and(Percent::is_over_100);
    let any_over = rows.iter().any(|row| {
        is_over(row.complete.percent) || row.doses.iter().any(|line| is_over(line.percent))
    });
    let mut notes = Vec::new();
    if any_over || is_flagged(Flag::Over100) {
        notes.push(words.word("mail-summary-over-100"));
    }
    if is_flagged(Flag::NoDenominator) || rows.iter().any(|row| row.eligible.is_none()) {
        notes.push(words.word("mail-summary-no-denominator"));
    }
    if is_flagged(Flag::PersonsExceedTally) {
        notes.push(words.word("mail-summary-exceeds"));
    }
    // Doses that do not count do not protect, so both figures are given where there are any.
    let valid = |row: &CoverageRow| {
        let is_less = row.valid_complete.people < row.complete.people;
        row.valid_complete.percent.filter(|_| is_less)
    };
    notes.extend(of_groups(words, "mail-summary-valid", rows, valid));
    let drop_out = |row: &CoverageRow| row.drop_out;
    notes.extend(of_groups(words, "mail-summary-drop-out", rows, drop_out));
    notes
}

/// A note with the percentage of every group that has one.
fn of_groups(
    words: Words,
    key: &str,
    rows: &[CoverageRow],
    share: impl Fn(&CoverageRow) -> Option<Percent>,
) -> Option<String> {
    let said = |row: &CoverageRow| {
        let percent = words.percent(Some(share(row)?));
        let group = safe::name(&row.group_name);
        let arguments: [(&str, &dyn std::fmt::Display); 2] =
            [("group", &group), ("percent", &percent)];
        Some(words.say("mail-summary-group-share", &arguments))
    };
    let parts: Vec<String> = rows.iter().filter_map(said).take(BULLETIN_ROWS_MAX).collect();
    let parts = (!parts.is_empty()).then(|| words.clauses(&parts))?;
    Some(words.say(key, &[("rows", &parts)]))
}

fn areas(words: Words, summary: &Summary, caps: Caps) -> Option<Section> {
    let areas = &summary.by_area;
    if areas.is_empty() {
        return None;
    }
    let row = |area: &AreaLine, name: String, strong: bool| {
        let eligible = thousands(area.eligible);
        let eligible = words.say("mail-summary-eligible", &[("people", &eligible)]);
        vec![
            Cell::left(name).note(eligible).strong(strong),
            share_cell(words, area.first, area.first_percent),
            share_cell(words, area.complete, area.complete_percent),
            Cell::right(area.today.map_or_else(|| words.word("mail-summary-no-report"), thousands)),
        ]
    };
    let shown = areas.iter().take(caps.rows);
    let mut rows: Vec<_> =
        shown.map(|area| row(area, safe::name(&area.area_name), false)).collect();
    if let Some(total) = total(areas) {
        rows.insert(0, row(&total, words.word("mail-summary-total"), true));
    }
    let table = Table {
        head: vec![
            Cell::left(words.word("mail-summary-area")),
            Cell::right(words.word("mail-summary-first")),
            Cell::right(words.word("mail-summary-complete")),
            Cell::right(words.word("mail-summary-area-today")),
        ],
        rows,
    };
    let mut after = more(words, "mail-more", areas.len(), caps.rows);
    after.push(words.word("mail-summary-areas-note"));
    Some(Section {
        heading: coverage_heading(words, "mail-summary-areas", &summary.by_group.sites),
        tables: vec![table],
        after,
        ..Section::default()
    })
}

/// Doses planned and given so far (序时进度).
fn progress(words: Words, summary: &Summary) -> Section {
    let heading = words.word("mail-summary-progress");
    let PlanProgress { planned, done, planned_total } = summary.progress;
    if planned_total == 0 {
        let notes = vec![words.word("mail-summary-progress-none")];
        return Section { heading, notes, ..Section::default() };
    }
    let key = match done.cmp(&planned) {
        std::cmp::Ordering::Less => "mail-summary-progress-behind",
        std::cmp::Ordering::Equal => "mail-summary-progress-even",
        std::cmp::Ordering::Greater => "mail-summary-progress-ahead",
    };
    let share = |part: u64, whole: u64| {
        let (part, whole) = (i64::try_from(part).ok()?, i64::try_from(whole).ok()?);
        Percent::of(part, whole)
    };
    let note = words.say(
        key,
        &[
            ("end", &words.day_end(summary.as_of)),
            ("planned", &thousands(planned)),
            ("done", &thousands(done)),
            ("percent", &words.percent(share(done, planned))),
            ("gap", &thousands(planned.abs_diff(done))),
        ],
    );
    let row = |key: &str, doses: u64| {
        let of_total = share(doses, planned_total);
        let bar = of_total.and_then(Bar::of_percent);
        vec![
            Cell::left(words.word(key)),
            Cell::default().bar(bar),
            Cell::right(thousands(doses)).note(words.percent(of_total)),
        ]
    };
    let all = words.say("mail-summary-progress-of", &[("total", &thousands(planned_total))]);
    let table = Table {
        head: vec![Cell::default(), Cell::left(all), Cell::right(words.word("mail-summary-doses"))],
        rows: vec![
            row("mail-summary-progress-planned", planned),
            row("mail-summary-progress-done", done),
        ],
    };
    Section { heading, notes: vec![note], tables: vec![table], ..Section::default() }
}

/// Doses of the last days, each with a bar.
fn trend(words: Words, summary: &Summary) -> Option<Section> {
    let trend = &summary.trend;
    let days = &trend[trend.len().saturating_sub(TREND_DAYS_MAX)..];
    let is_unknown = |day: chrono::NaiveDate| day == summary.as_of && summary.is_unreported();
    let longest = days.iter().map(|(_, doses)| *doses).max()?;
    let row = |(day, doses): &(chrono::NaiveDate, u64)| {
        vec![
            Cell::right(words.date(*day)),
            Cell::default().bar(Some(Bar::of(*doses, longest))),
            Cell::right(if is_unknown(*day) {
                words.word("mail-summary-no-report")
            } else {
                thousands(*doses)
            }),
        ]
    };
    let table = Table {
        head: vec![
            Cell::right(words.word("mail-summary-day")),
            Cell::default(),
            Cell::right(words.word("mail-summary-doses")),
        ],
        rows: days.iter().map(row).collect(),
    };
    Some(Section {
        heading: words.say("mail-summary-trend", &[("days", &days.len())]),
        tables: vec![table],
        ..Section::default()
    })
}

#[cfg(test)]
mod tests {
    use super::{Caps, attention_shown};

    #[test]
    fn a_mail_that_has_to_be_short_still_says_what_needs_attention() {
        let shown = |rows| attention_shown(Caps { people: 1, rows });
        assert_eq!((shown(40), shown(2), shown(1)), (20, 2, 2));
    }
}
