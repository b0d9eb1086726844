//! What stands above the parts of a summary: its subject, and where there are several campaigns their table.

use super::table::{Bar, Cell, Table};
use super::words::Words;
use crate::domain::count::{People, Percent};
use crate::domain::id::AreaCode;
use crate::domain::notice::{AreaLine, Summary};
use crate::mail::safe;
use crate::text::thousands;

/// The sentence with which a summary of several campaigns opens.
pub(super) fn opening_of_all(words: Words, summaries: &[Summary]) -> String {
    let sum = |of: fn(&Summary) -> u64| thousands(summaries.iter().map(of).sum::<u64>());
    let key = if are_unreported(summaries) {
        "mail-summary-opening-campaigns-unreported"
    } else {
        "mail-summary-opening-campaigns"
    };
    words.say(
        key,
        &[
            ("end", &words.day_end(summaries[0].as_of)),
            ("county", &safe::name(&summaries[0].county)),
            ("campaigns", &summaries.len()),
            ("total", &sum(|one| one.doses_total)),
            ("today", &sum(|one| one.doses_today)),
        ],
    )
}

/// Whether nobody of those who were asked has reported the day, in any campaign.
fn are_unreported(summaries: &[Summary]) -> bool {
    let mut asked = summaries.iter().filter(|one| one.by_group.sites.expected > 0).peekable();
    asked.peek().is_some()
        && asked.all(Summary::is_unreported)
        && summaries.iter().all(|one| one.doses_today == 0)
}

/// The doses of the day, or that they are not reported.
fn today_cell(words: Words, summary: &Summary) -> Cell {
    Cell::right(if summary.is_unreported() {
        words.word("mail-summary-no-report")
    } else {
        thousands(summary.doses_today)
    })
}

/// A line for each campaign: first doses, people who finished, doses of the day, and what needs attention.
pub(super) fn overview(words: Words, summaries: &[Summary]) -> Table {
    let row = |summary: &Summary| {
        let name = safe::name(summary.vaccine_name.as_ref().unwrap_or(&summary.campaign_name));
        let cells = match total(&summary.by_area).or_else(|| only_row(summary)) {
            Some(line) => [
                share_cell(words, line.first, line.first_percent),
                share_cell(words, line.complete, line.complete_percent),
            ],
            None => [(); 2].map(|()| Cell::right(words.word("mail-no-figure"))),
        };
        let mut row = vec![Cell::left(name)];
        row.extend(cells);
        row.push(today_cell(words, summary));
        row.push(Cell::right(summary.attention.len().to_string()));
        row
    };
    Table {
        head: vec![
            Cell::left(words.word("mail-summary-vaccine")),
            Cell::right(words.word("mail-summary-first")),
            Cell::right(words.word("mail-summary-complete")),
            Cell::right(words.word("mail-summary-area-today")),
            Cell::right(words.word("mail-summary-attention")),
        ],
        rows: summaries.iter().map(row).collect(),
    }
}

/// The line of a place below which nothing has a denominator, and of whose groups one alone has: that one's figures.
fn only_row(summary: &Summary) -> Option<AreaLine> {
    let mut rows = summary.by_group.rows.iter().filter(|row| row.eligible.is_some());
    let (row, None) = (rows.next()?, rows.next()) else { return None };
    let first = row.doses.first()?;
    Some(AreaLine {
        area: row.area.clone(),
        area_name: String::new(),
        eligible: row.eligible?,
        first: first.people,
        first_percent: Some(first.percent?),
        complete: row.complete.people,
        complete_percent: row.complete.percent,
        today: None,
    })
}

/// The sum of all townships, for the last line of their table; `None` without a denominator.
pub(super) fn total(areas: &[AreaLine]) -> Option<AreaLine> {
    let sum = |of: fn(&AreaLine) -> People| areas.iter().map(of).sum::<People>();
    let (eligible, first, complete) =
        (sum(|area| area.eligible), sum(|area| area.first), sum(|area| area.complete));
    Some(AreaLine {
        area: AreaCode::from(""),
        area_name: String::new(),
        eligible,
        first,
        first_percent: Some(first.percent_of(eligible)?),
        complete,
        complete_percent: complete.percent_of(eligible),
        // Where no township has reported, nothing is known of them together.
        today: areas
            .iter()
            .any(|area| area.today.is_some())
            .then(|| areas.iter().filter_map(|area| area.today).sum()),
    })
}

pub(super) fn subject(words: Words, summaries: &[Summary], county: &str) -> String {
    let [summary] = summaries else {
        let sum = |of: fn(&Summary) -> u64| summaries.iter().map(of).sum::<u64>();
        let (doses, count) = (sum(|one| one.doses_today), sum(|one| one.attention.len() as u64));
        let key = match (count, are_unreported(summaries)) {
            (0, false) => "mail-summary-subject-campaigns",
            (0, true) => "mail-summary-subject-campaigns-unreported",
            (_, false) => "mail-summary-subject-campaigns-attention",
            (_, true) => "mail-summary-subject-campaigns-unreported-attention",
        };
        return words.say(
            key,
            &[
                ("date", &words.day_short(summaries[0].as_of)),
                ("campaigns", &summaries.len()),
                ("doses", &thousands(doses)),
                ("count", &count),
                ("county", &county),
            ],
        );
    };
    let of_rows = || {
        let mut rows = summary.by_group.rows.iter();
        rows.find_map(|row| row.doses.first()?.percent)
    };
    let first = total(&summary.by_area).and_then(|line| line.first_percent).or_else(of_rows);
    let key = match (first.is_some(), summary.attention.is_empty()) {
        (true, true) => "mail-summary-subject",
        (true, false) => "mail-summary-subject-attention",
        (false, true) => "mail-summary-subject-count",
        (false, false) => "mail-summary-subject-count-attention",
    };
    // Seven digits would push the last column off a phone's screen.
    let doses = match summary.doses_total {
        all @ ..1_000_000 => thousands(all),
        all => words.short(all),
    };
    words.say(
        key,
        &[
            ("date", &words.day_short(summary.as_of)),
            ("percent", &words.percent(first)),
            ("doses", &doses),
            ("count", &summary.attention.len()),
            ("county", &county),
        ],
    )
}

/// A figure with its percentage and a bar, marked where it is above 100 %.
pub(super) fn share_cell(words: Words, people: People, share: Option<Percent>) -> Cell {
    let bar = share.and_then(Bar::of_percent);
    let mut percent = words.percent(share);
    if bar.is_some_and(|bar| bar.over) {
        percent = format!("▲{percent}");
    }
    Cell::right(thousands(people)).note(percent).bar(bar)
}
