//! A table as HTML, as CSV and as a workbook: what of it is seen, in the order in which it is seen.

use super::table::{Cell, Head, Table, Value};
use super::table_view::{Address, Choices, FileKind, LONG_ROWS, PAGE_ROWS, View};
use super::words::T;
use crate::domain::figure::fixed;
use crate::intake::{csv_out, workbook_out};
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{Datelike as _, NaiveDate};
use unicode_width::UnicodeWidthStr as _;

/// A table with more rows than this can be searched.
const SEARCH_ROWS_MIN: usize = 8;
/// A table with more columns than this lets columns be chosen.
const CHOOSE_COLUMNS_MIN: usize = 6;
/// Links to pages before and after the one that is seen.
const PAGES_AROUND: usize = 3;
/// The widest text, in columns of a terminal, that stays on one line: a day and an hour. Longer ones have lines of
/// their own on phones.
const SHORT_COLUMNS_MAX: usize = 16;

/// A heading as it is shown.
struct ShownHead<'a> {
    head: &'a Head,
    /// Whether figures stand below it; what heads rows stands at their begin, figure or not.
    number: bool,
    /// Where it sorts; empty where there is nothing to sort.
    href: String,
    order: &'static str,
}

/// A cell with the heading of its column, which cards show.
struct ShownCell<'a> {
    cell: &'a Cell,
    head: &'a str,
    class: String,
    is_long: bool,
}

/// Fields of a form that keep the rest of the address.
type Hidden = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "web/table.html")]
struct Shown<'a> {
    t: T,
    id: &'a str,
    caption: &'a str,
    /// Whether it has no rows at all, whatever is searched for.
    is_empty: bool,
    path: &'a str,
    anchor: String,
    /// Whether there is a form to search with, and what it has to send along.
    find: Option<Hidden>,
    is_private: bool,
    q: &'a str,
    choices: Vec<Choices>,
    /// The columns to choose from, with what that form has to send along.
    columns: Vec<(&'a Head, bool)>,
    columns_hidden: Hidden,
    heads: Vec<ShownHead<'a>>,
    rows: Vec<Vec<ShownCell<'a>>>,
    said: String,
    pages: Vec<(String, String, bool)>,
    /// Where pages are longer, or short again, and what the link says.
    length: Option<(String, String)>,
    files: Vec<(String, &'static str)>,
    note: &'a str,
}

/// The table as it is seen by this address.
pub(super) fn html(t: T, table: &Table, address: &Address) -> String {
    let view = View::of(address, &table.id);
    let found = view.rows(table);
    let all = table.cut_of.unwrap_or(found.len());
    let most = if table.is_plain { usize::MAX } else { view.rows_max };
    let pages = all.div_ceil(most).max(1);
    let page = view.page.min(pages);
    let cut: Vec<&Vec<Cell>> = if table.cut_of.is_some() {
        found
    } else {
        let first = (page - 1) * most;
        found.into_iter().skip(first).take(most).collect()
    };
    let seen: Vec<(usize, &Head)> =
        table.heads.iter().enumerate().filter(|(_, head)| view.shows(head)).collect();
    let heads_rows =
        |at: usize| table.rows.first().and_then(|row| row.get(at)).is_some_and(|cell| cell.head);
    let total = table.cut_of.unwrap_or(table.rows.len());
    let is_sorted = total > 2 && !table.is_plain;
    let shown = Shown {
        t,
        id: &table.id,
        caption: &table.caption,
        is_empty: total == 0,
        path: view.path(),
        anchor: view.anchor(),
        find: (table.cut_of.is_none()
            && !table.is_plain
            && (total > SEARCH_ROWS_MIN || view.is_narrowed()))
        .then(|| view.hidden(&["q", "is"])),
        is_private: table.is_private,
        q: &view.q,
        choices: view.choices(table),
        columns: if table.heads.len() > CHOOSE_COLUMNS_MIN && is_sorted {
            table.heads.iter().map(|head| (head, view.shows(head))).collect()
        } else {
            Vec::new()
        },
        columns_hidden: view.hidden(&["show"]),
        heads: seen
            .iter()
            .map(|(at, head)| ShownHead {
                head,
                number: head.number && !heads_rows(*at),
                href: if is_sorted { view.to_sort(head) } else { String::new() },
                order: view.order_of(head),
            })
            .collect(),
        rows: cut.iter().map(|row| cells(row, &seen)).collect(),
        said: said(t, (page, cut.len(), all), (total, most)),
        pages: links(&view, page, pages),
        length: (all > PAGE_ROWS && !table.is_plain).then(|| {
            let rows = if view.rows_max == PAGE_ROWS { LONG_ROWS } else { PAGE_ROWS };
            (view.to_length(), t.say("web-table-length", &[("rows", &rows)]))
        }),
        files: match total {
            0 => Vec::new(),
            _ if table.is_plain => Vec::new(),
            _ => {
                vec![(view.to_file(FileKind::Csv), "CSV"), (view.to_file(FileKind::Xlsx), "Excel")]
            }
        },
        note: &table.note,
    };
    shown.render().expect("templates fail only where a value does")
}

fn cells<'a>(row: &'a [Cell], seen: &[(usize, &'a Head)]) -> Vec<ShownCell<'a>> {
    let cell = |(at, head): &(usize, &'a Head)| {
        let shown =
            |cell| ShownCell { cell, head: &head.text, class: class(cell), is_long: is_long(cell) };
        row.get(*at).map(shown)
    };
    seen.iter().filter_map(cell).collect()
}

/// Whether it may take more than one line.
fn is_long(cell: &Cell) -> bool {
    cell.text.width() > SHORT_COLUMNS_MAX
}

/// What style sheets go by.
fn class(cell: &Cell) -> String {
    match (is_long(cell), cell.class) {
        (false, class) => class.to_owned(),
        (true, "") => "l".to_owned(),
        (true, class) => format!("{class} l"),
    }
}

/// Which rows these are.
fn said(t: T, (page, here, all): (usize, usize, usize), (total, most): (usize, usize)) -> String {
    if all == 0 && total > 0 {
        return t.w("web-table-nothing");
    }
    if all <= most && all == total {
        return String::new();
    }
    let first = (page - 1) * most + 1;
    let (first, last) = (first.min(all), first + here.saturating_sub(1));
    t.say("web-table-rows", &[("first", &first), ("last", &last), ("all", &all)])
}

/// Links to the first, the last and the nearest pages.
fn links(view: &View, page: usize, pages: usize) -> Vec<(String, String, bool)> {
    if pages < 2 {
        return Vec::new();
    }
    let near = page.saturating_sub(PAGES_AROUND).max(1)..=(page + PAGES_AROUND).min(pages);
    let is_shown = |at: &usize| *at == 1 || *at == pages || near.contains(at);
    (1..=pages).filter(is_shown).map(|at| (view.to_page(at), at.to_string(), at == page)).collect()
}

/// The file that an address asks for; `None` where it asks for a page.
pub(super) fn file(
    t: T,
    tables: &[Table],
    address: &Address,
    day: Option<NaiveDate>,
) -> Option<Response> {
    let (table, view, kind) = tables.iter().find_map(|table| {
        let view = View::of(address, &table.id);
        let kind = view.file?;
        Some((table, view, kind))
    })?;
    let lines = lines(t, table, &view);
    let day = day.map(|day| format!("-{day}")).unwrap_or_default();
    let name = format!("{}{day}.{}", table.id, kind.word());
    let (kind, bytes) = match kind {
        FileKind::Csv => ("text/csv; charset=utf-8", Some(csv(&lines))),
        FileKind::Xlsx => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            workbook(table, &lines),
        ),
    };
    let Some(bytes) = bytes else {
        return Some((StatusCode::INSUFFICIENT_STORAGE, t.w("web-table-too-long")).into_response());
    };
    let named = format!("attachment; filename=\"{name}\"");
    let heads = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, named)];
    Some((heads, bytes).into_response())
}

/// What of a table goes into a file: its heads and rows. A column of names is followed by their codes.
struct Lines<'a> {
    heads: Vec<String>,
    rows: Vec<Vec<Part<'a>>>,
}

/// A cell of a file.
enum Part<'a> {
    Cell(&'a Cell),
    Code(&'a str),
}

fn lines<'a>(t: T, table: &'a Table, view: &View) -> Lines<'a> {
    let rows = view.rows(table);
    let seen: Vec<(usize, &Head)> =
        table.heads.iter().enumerate().filter(|(_, head)| view.shows(head)).collect();
    let has_code =
        |at: usize| rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.code.is_empty()));
    let coded: Vec<bool> = seen.iter().map(|(at, _)| has_code(*at)).collect();
    let mut heads = Vec::new();
    for ((_, head), coded) in seen.iter().zip(&coded) {
        heads.push(head.text.clone());
        if *coded {
            heads.push(t.say("web-table-code", &[("head", &head.text)]));
        }
    }
    let row = |row: &&'a Vec<Cell>| {
        let mut out = Vec::new();
        for ((at, _), coded) in seen.iter().zip(&coded) {
            let Some(cell) = row.get(*at) else { continue };
            out.push(Part::Cell(cell));
            if *coded {
                out.push(Part::Code(&cell.code));
            }
        }
        out
    };
    Lines { heads, rows: rows.iter().map(row).collect() }
}

/// Figures without separators of thousands, so that spreadsheets read numbers.
fn csv(lines: &Lines<'_>) -> Vec<u8> {
    let mut out = csv_out::BOM.to_owned() + &csv_out::line(&lines.heads);
    for row in &lines.rows {
        out += &csv_out::line(row.iter().map(|part| match part {
            Part::Code(code) => (*code).to_owned(),
            Part::Cell(cell) => match cell.value {
                Value::Count(count) => count.to_string(),
                Value::Percent(share) => fixed(share, 1),
                Value::Rate(share) => fixed(share, 2),
                Value::Text if cell.class == "n" && cell.is_blank() => String::new(),
                Value::Text => cell.text.clone(),
            },
        }));
    }
    out.into_bytes()
}

fn workbook(table: &Table, lines: &Lines<'_>) -> Option<Vec<u8>> {
    use workbook_out::Cell as Out;
    // The same table gives the same bytes, whenever it is asked for.
    let made = NaiveDate::from_ymd_opt(2000, 1, 1)?.and_hms_opt(0, 0, 0)?;
    let mut book = workbook_out::Book::new(&table.caption, made);
    let mut page = book.page(&table.caption);
    let cell = |part: &Part<'_>| match part {
        Part::Code(code) => Out::text(*code),
        Part::Cell(cell) => match cell.value {
            Value::Count(count) => Out::Count(count),
            Value::Percent(share) => Out::Decimals(share, 1),
            Value::Rate(share) => Out::Decimals(share, 2),
            Value::Text if cell.class == "n" && cell.is_blank() => Out::Blank,
            Value::Text => day(&cell.text).map_or_else(|| Out::text(cell.text.clone()), Out::Day),
        },
    };
    let rows: Vec<Vec<Out>> = lines.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    page.print_as(u16::try_from(lines.heads.len()).ok()?, (1, 1)).ok()?;
    let first = page.table(std::slice::from_ref(&table.caption), &lines.heads, &rows).ok()?;
    // What a row is about stays in sight.
    let is_headed =
        |row: &Vec<Part<'_>>| matches!(row.first(), Some(Part::Cell(cell)) if cell.head);
    if lines.rows.first().is_some_and(is_headed) {
        page.freeze(first, 1).ok()?;
    }
    page.close().ok()?;
    book.bytes().ok()
}

/// A day that stands alone in a cell, so that a spreadsheet sorts and filters it as one.
fn day(text: &str) -> Option<NaiveDate> {
    /// Length of a day as pages write it.
    const DAY_BYTES: usize = 10;
    /// The first year that spreadsheets know.
    const YEAR_MIN: i32 = 1900;
    let is_long = text.len() == DAY_BYTES && text.starts_with(|c: char| c.is_ascii_digit());
    let day: NaiveDate = is_long.then(|| text.parse().ok()).flatten()?;
    (day.year() >= YEAR_MIN).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Language;
    use crate::domain::count::Percent;

    fn table(rows: usize) -> Table {
        let heads = ["area", "#people", "#share"].map(str::to_owned);
        let mut table = Table::new("areas", "towns".into(), &heads);
        for at in 0..rows {
            let people = i64::try_from(at).unwrap() * 1_000;
            table.rows.push(vec![
                Cell::named(format!("town {at}"), format!("A{at}")).heading(),
                Cell::count(people),
                Cell::rate(T(Language::En), Percent::of(1, 3)),
            ]);
        }
        table
    }

    fn at(query: &str) -> Address {
        Address::of(&format!("/c/x/overview?as-of=2021-06-01{query}"))
    }

    #[test]
    fn a_long_table_is_shown_page_by_page_and_can_be_searched() {
        let t = T(Language::En);
        let first = html(t, &table(120), &at(""));
        assert_eq!(first.matches("<tr>").count(), 1 + PAGE_ROWS);
        assert!(first.contains("type=\"search\"") && first.contains("areas.page=3"), "{first}");
        let last = html(t, &table(120), &at("&areas.page=5"));
        assert_eq!(last.matches("<tr>").count(), 1 + 20);
        let long = html(t, &table(120), &at("&areas.rows=100&areas.page=2"));
        assert_eq!(long.matches("<tr>").count(), 1 + 20);
        let beyond = html(t, &table(120), &at("&areas.page=99"));
        assert!(beyond.contains("town 119"), "the last page stands for those that are not there");
        let short = html(t, &table(2), &at(""));
        assert!(!short.contains("type=\"search\"") && !short.contains("areas.sort"), "{short}");
    }

    #[test]
    fn a_page_of_a_hundred_thousand_rows_is_light_and_its_file_has_them_all() {
        let (t, all) = (T(Language::En), table(100_000));
        let last = html(t, &all, &at("&areas.sort=-1&areas.page=4000"));
        assert_eq!(last.matches("<tr>").count(), 1 + PAGE_ROWS);
        assert!(last.contains("town 24") && last.contains("town 0") && !last.contains("town 25"));
        assert!(last.len() < 20_000, "{} bytes", last.len());
        let found = html(t, &all, &at("&areas.q=town+99999"));
        assert_eq!(found.matches("<tr>").count(), 1 + 1);
        let view = View::of(&at(""), "areas");
        let text = String::from_utf8(csv(&lines(t, &all, &view))).unwrap();
        assert_eq!(text.lines().count(), 1 + 100_000);
    }

    #[test]
    fn a_table_without_rows_says_so_in_place_of_empty_headings() {
        let t = T(Language::En);
        let none = html(t, &table(0), &at(""));
        assert!(!none.contains("<th") && none.contains("None."), "{none}");
        let mut told = table(0);
        told.note = "Nobody waits.".to_owned();
        let told = html(t, &told, &at(""));
        assert!(told.contains("Nobody waits.") && !told.contains("None."), "{told}");
        // Where the search finds nothing, the table stays to be searched again.
        let searched = html(t, &table(9), &at("&areas.q=nowhere"));
        assert!(searched.contains("<th") && searched.contains("type=\"search\""), "{searched}");
    }

    #[test]
    fn long_texts_are_told_apart_from_those_that_stay_on_one_line() {
        assert_eq!(class(&Cell::text("2026-10-21 18:00")), "");
        assert_eq!(class(&Cell::count(5)), "n");
        // Nine characters, each two columns wide.
        assert_eq!(class(&Cell::text("云阳街道社区卫生服")), "l");
        let bad = Cell { class: "bad", ..Cell::text("the mail server is away") };
        assert_eq!(class(&bad), "bad l");
    }

    #[test]
    fn a_file_has_what_is_seen_on_all_pages_with_the_codes() {
        let t = T(Language::En);
        let all = table(120);
        let view = View::of(&at("&areas.q=town+11&areas.sort=-1"), "areas");
        let text = String::from_utf8(csv(&lines(t, &all, &view))).unwrap();
        let rows: Vec<&str> = text.trim_start_matches(csv_out::BOM).lines().collect();
        assert_eq!(rows[0], "area,area (code),people,share");
        assert_eq!(rows[1], "town 119,A119,119000,33.3");
        assert_eq!(rows.len(), 1 + 11, "11, and 110 to 119");
        let some = View::of(&at("&areas.show=1"), "areas");
        let text = String::from_utf8(csv(&lines(t, &all, &some))).unwrap();
        assert!(text.starts_with("\u{feff}people\n0\n1000\n"), "{text}");
        assert!(workbook(&all, &lines(t, &all, &view)).is_some_and(|bytes| bytes.len() > 4_000));
    }

    #[test]
    fn only_a_day_that_stands_alone_is_a_day_of_a_workbook() {
        assert_eq!(day("2021-04-01"), NaiveDate::from_ymd_opt(2021, 4, 1));
        let words = ["", "2021-04-01 08:00", "2021-13-01", "2021-4-1", "+021-04-01", "甲镇卫生"];
        for text in words.into_iter().chain(["1021-04-01"]) {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_a_table_are_text() {
        let mut table = table(1);
        table.rows[0][0].text = "<script>alert(1)</script>".to_owned();
        table.rows[0][0].code = "\"><b>".to_owned();
        let shown = html(T(Language::En), &table, &at(""));
        assert!(!shown.contains("<script") && !shown.contains("<b>"), "{shown}");
    }
}
