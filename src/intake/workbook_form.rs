//! The workbooks that people fill in: a sheet for each table, drop-downs, and a page that explains every column.
//!
//! The meaning of each column stands above its code; reading looks only for the codes. A hidden sheet holds the
//! version of the form and the codes for drop-downs.

use super::forms::{CAMPAIGN, Form, JURISDICTION, fitting, form};
use super::labels::label_of;
use super::place_tables;
use super::rows::FORM_OF;
use super::series;
use super::settings::SETTINGS;
use super::table::{ABOUT, Column};
use super::workbook_codes::{codes_of, dictionary};
use super::workbook_out::{Book, Cell, Choice, Look, Page};
use crate::domain::campaign::{Campaign, Language};
use crate::domain::jurisdiction::{Jurisdiction, LocalCampaign, jurisdiction_tables, local_tables};
use crate::domain::tables::Table as Rows;
use crate::text;
use chrono::NaiveDateTime;
use rust_xlsxwriter::XlsxError;

/// Empty rows that get drop-downs.
const ROWS_AHEAD: u32 = 2000;
/// Decimal digits that a spreadsheet keeps of a number.
const DIGITS_MAX: usize = 15;

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Count,
    Number,
    Day,
}

fn kind(column: &str) -> Kind {
    match column {
        "people" | "doses" | "weekday_doses" | "saturday_doses" | "sunday_doses"
        | "storage_doses" | "work_minutes" | "max_stops" | "max_visits" | "doses_per_hour"
        | "doses_per_day" | "setup_minutes" | "max_doses" | "doses_per_vial" | "dose"
        | "freeze_days" => Kind::Count,
        "latitude" | "longitude" | "wastage_rate" | "priority" | "uptake" | "target"
        | "overbook_risk" => Kind::Number,
        "date" | "as_of" | "expires" | "opens" | "start" | "end" | "born" | "until" | "from"
        | "recalled" => Kind::Day,
        _ => Kind::Text,
    }
}

/// A text of a table as a cell. It becomes a number or day only if reading it gives the same text again.
pub(super) fn cell(column: &str, text: &str) -> Cell {
    let as_it_is = || Cell::text(text);
    match kind(column) {
        Kind::Text => as_it_is(),
        Kind::Day => text.parse().map_or_else(|_| as_it_is(), Cell::Day),
        Kind::Count => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text && text.len() <= DIGITS_MAX => {
                Cell::Count(number)
            }
            _ => as_it_is(),
        },
        Kind::Number => match text.parse::<f64>() {
            Ok(number) if number.to_string() == text && text.len() <= DIGITS_MAX => {
                Cell::Number(number)
            }
            _ => as_it_is(),
        },
    }
}

/// A name as a key of the catalogue, where dots are not allowed.
fn key_of(column: &str) -> String {
    column.replace('.', "-")
}

/// The name of a column, for this table or for all tables.
fn name_of(language: Language, stem: &str, column: &str) -> String {
    label_of(language, stem, column).unwrap_or_default()
}

/// What a column holds, for this table or for all tables.
fn about_of(language: Language, stem: &str, column: &str) -> String {
    let column = key_of(column);
    first_of(language, &[format!("about-{stem}-{column}"), format!("about-{column}")])
}

fn first_of(language: Language, keys: &[String]) -> String {
    keys.iter().find_map(|key| text::found(language, key)).unwrap_or_default()
}

fn label(language: Language, stem: &str, column: &Column) -> String {
    let star = if column.is_required { "*" } else { "" };
    format!("{}{star}", name_of(language, stem, column.name))
}

/// The sheet whose first column holds the codes that a column may use.
fn codes_in(stem: &str, column: &str) -> Option<&'static str> {
    match (stem, column) {
        ("areas", "area") | ("sites", "site") | ("group_sets", _) => None,
        (_, "area" | "parent") => Some("areas"),
        (_, "site") => Some("sites"),
        (_, "group") => Some("groups"),
        (_, "place") => Some("places"),
        ("tallies" | "doses" | "outcomes", "campaign") => Some("campaigns"),
        _ => None,
    }
}

/// The words that a column may hold.
fn words_of(stem: &str, column: &str) -> Option<Vec<String>> {
    let words: &[&str] = match (stem, column) {
        ("campaign", "adopt") => &["auto", "ask"],
        (_, "language") => &["zh-CN", "en"],
        ("persons", "sex") => &["F", "M", "U"],
        ("persons", "opt_out") => &["yes", "no"],
        ("outcomes", "outcome") => {
            &["refused", "deferred", "contraindicated", "absent", "moved", "dead"]
        }
        ("campaign", "series") => {
            return Some(series::ids().into_iter().map(str::to_owned).collect());
        }
        _ => return None,
    };
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

type Done = Result<(), XlsxError>;

/// Rows of the header and of the first data row of a form, from 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) header: u32,
}

/// Writes the title, the meanings of the columns and their codes.
fn heading(page: &mut Page<'_>, form: Form, language: Language) -> Result<Place, XlsxError> {
    let title = text::say(language, &format!("sheet-{}", form.stem), &[]);
    let about = text::say(language, &format!("sheet-about-{}", form.stem), &[]);
    page.put(0, 0, &Cell::text(format!("{title}　{}", form.stem)), Look::Title)?;
    page.put(1, 0, &Cell::text(about), Look::Remark)?;
    for (at, column) in (0..).zip(form.columns) {
        page.put(2, at, &Cell::text(label(language, form.stem, column)), Look::Label)?;
        header_cell(page, form, 3, at, column, language)?;
    }
    page.freeze(4, 1)?;
    Ok(Place { header: 3 })
}

/// Writes the code of a column, with its meaning as a note.
fn header_cell(
    page: &mut Page<'_>,
    form: Form,
    row: u32,
    at: u16,
    column: &Column,
    language: Language,
) -> Done {
    page.put(row, at, &Cell::text(column.name), Look::Head)?;
    let about = about_of(language, form.stem, column.name);
    if !about.is_empty() {
        page.note(row, at, &about)?;
    }
    Ok(())
}

/// Sets drop-downs and formats of the columns below the header.
pub(super) fn rules(
    page: &mut Page<'_>,
    form: Form,
    header: u32,
    at: &[(u16, &'static Column)],
    known: impl Fn(&'static str) -> Option<String>,
    language: Language,
) -> Done {
    let rows = (header + 1, header + ROWS_AHEAD);
    for (at, column) in at {
        let title = name_of(language, form.stem, column.name);
        let listed = text::word(language, "workbook-not-listed");
        if let Some(words) = words_of(form.stem, column.name) {
            page.choice(rows, *at, &Choice::Words(words), &title, &listed)?;
        } else if let Some(range) = codes_in(form.stem, column.name).and_then(&known) {
            page.choice(rows, *at, &Choice::Range(range), &title, &listed)?;
        } else if kind(column.name) == Kind::Count {
            let count = text::word(language, "workbook-not-a-count");
            page.choice(rows, *at, &Choice::Count, &title, &count)?;
        }
        if kind(column.name) == Kind::Text {
            page.text_column(*at)?;
        }
    }
    Ok(())
}

/// The cells of the first column of another sheet of this form; `None` for codes of several sheets.
fn range_of(sheet: &'static str) -> Option<String> {
    (sheet != "places").then(|| format!("={sheet}!$A$5:$A${}", 4 + ROWS_AHEAD))
}

fn table_page(book: &mut Book, form: Form, rows: &[Vec<Cell>], language: Language) -> Done {
    let mut page = book.page(form.stem);
    let place = heading(&mut page, form, language)?;
    for (row, cells) in (place.header + 1..).zip(rows) {
        for (at, cell) in (0..).zip(cells) {
            page.put(row, at, cell, Look::Plain)?;
        }
    }
    let columns: Vec<(u16, &Column)> = (0..).zip(form.columns).collect();
    rules(&mut page, form, place.header, &columns, range_of, language)?;
    page.close()
}

/// The sheet of settings: a row for each, with its meaning beside it.
fn settings_page(book: &mut Book, form: Form, rows: &[(String, Cell)], language: Language) -> Done {
    let mut page = book.page(form.stem);
    let place = heading(&mut page, form, language)?;
    let listed = text::word(language, "workbook-not-listed");
    for (row, (key, value)) in (place.header + 1..).zip(rows) {
        page.put(row, 0, &Cell::text(key), Look::Head)?;
        page.put(row, 1, value, Look::Plain)?;
        let named = name_of(language, form.stem, key);
        let about = about_of(language, form.stem, key);
        let told = if about.is_empty() { named.clone() } else { format!("{named}：{about}") };
        page.put(row, 2, &Cell::text(told), Look::Plain)?;
        if let Some(words) = words_of(form.stem, key) {
            page.choice((row, row), 1, &Choice::Words(words), &named, &listed)?;
        }
    }
    page.put(
        place.header - 1,
        2,
        &Cell::text(text::word(language, "workbook-about")),
        Look::Label,
    )?;
    page.put(place.header, 2, &Cell::text(ABOUT), Look::Head)?;
    page.text_column(1)?;
    page.upright();
    page.close()
}

/// The page that explains every column.
pub(super) fn guide(
    book: &mut Book,
    forms: &[Form],
    help: &str,
    name: &str,
    language: Language,
) -> Done {
    let word = |key: &str| text::word(language, key);
    let mut page = book.page(&word("workbook-guide"));
    let titles = [
        text::say(language, "workbook-guide-title", &[("name", &name)]),
        word("workbook-guide-1"),
        word("workbook-guide-2"),
        help.to_owned(),
    ];
    let heads = ["sheet", "column", "meaning", "needed", "about"];
    let heads = heads.map(|head| word(&format!("workbook-{head}")));
    let mut rows = Vec::new();
    for form in forms {
        let columns = match form.stem {
            "campaign" => SETTINGS,
            "jurisdiction" => super::jurisdiction::SETTINGS,
            _ => form.columns,
        };
        let title = word(&format!("sheet-{}", form.stem));
        let about = word(&format!("sheet-about-{}", form.stem));
        rows.push(vec![
            Cell::text(form.stem),
            Cell::Blank,
            Cell::text(title),
            Cell::Blank,
            Cell::text(about),
        ]);
        for column in columns.iter().filter(|_| form.stem != "series") {
            let needed = if column.is_required { word("workbook-yes") } else { String::new() };
            let mut about = about_of(language, form.stem, column.name);
            if let Some(words) = words_of(form.stem, column.name).filter(|_| about.is_empty()) {
                about = words.join(" / ");
            }
            rows.push(vec![
                Cell::text(form.stem),
                Cell::text(column.name),
                Cell::text(name_of(language, form.stem, column.name)),
                Cell::text(needed),
                Cell::text(about),
            ]);
        }
    }
    page.table(&titles, &heads, &rows)?;
    page.upright();
    page.close()
}

/// Whether a sheet belongs to the form itself and is not filled in by people.
pub(super) fn is_ours(sheet: &str) -> bool {
    let languages = [Language::ZhCn, Language::En];
    ["workbook-guide", "workbook-codes", "workbook-reason-sheet"]
        .iter()
        .any(|key| languages.iter().any(|language| text::word(*language, key) == sheet.trim()))
}

/// A campaign as a workbook. Reading it gives an equal campaign.
pub fn campaign(
    own: &LocalCampaign,
    language: Language,
    made_at: NaiveDateTime,
) -> Result<Vec<u8>, XlsxError> {
    let found = local_tables(own);
    // A delivered series need not be written into the workbook.
    let is_known = series::all().contains(&own.campaign.series);
    let sessions = Form { stem: "sessions", columns: place_tables::SESSIONS };
    let forms = CAMPAIGN.into_iter().chain([sessions]).filter(|form| match form.stem {
        "series" => !is_known,
        "sessions" => !own.sessions.is_empty(),
        _ => true,
    });
    let forms: Vec<Form> = forms.map(|form| fitting(form, &found)).collect();
    workbook(&own.campaign.name, &forms, &settings_of(&found), &found, language, made_at)
}

/// A jurisdiction as a workbook. Reading it gives an equal jurisdiction.
pub fn jurisdiction(
    of: &Jurisdiction,
    language: Language,
    made_at: NaiveDateTime,
) -> Result<Vec<u8>, XlsxError> {
    let found = jurisdiction_tables(of);
    let forms: Vec<Form> = JURISDICTION.into_iter().map(|form| fitting(form, &found)).collect();
    workbook(&of.name, &forms, &settings_of(&found), &found, language, made_at)
}

/// The rows of the settings.
fn settings_of(found: &[Rows]) -> Vec<(String, Cell)> {
    let table = found.iter().find(|table| ["campaign", "jurisdiction"].contains(&table.stem));
    let rows = table.into_iter().flat_map(|table| &table.rows);
    rows.map(|row| (row[0].clone(), cell(&row[0], &row[1]))).collect()
}

/// The cells of a form's rows.
fn rows_of(form: Form, found: &[Rows]) -> Vec<Vec<Cell>> {
    let Some(table) = found.iter().find(|table| table.stem == form.stem) else {
        return Vec::new();
    };
    let at = |column: &Column| table.columns.iter().position(|name| *name == column.name);
    let places: Vec<Option<usize>> = form.columns.iter().map(at).collect();
    let cells = |row: &Vec<String>| {
        let text = |place: &Option<usize>| place.and_then(|at| row.get(at)).map_or("", |t| t);
        let pairs = form.columns.iter().zip(&places);
        pairs.map(|(column, place)| cell(column.name, text(place))).collect()
    };
    table.rows.iter().map(cells).collect()
}

/// An empty campaign to fill in.
pub fn blank(language: Language, made_at: NaiveDateTime) -> Result<Vec<u8>, XlsxError> {
    let settings: Vec<(String, Cell)> = SETTINGS
        .iter()
        .map(|column| {
            let value = match column.name {
                "timezone" => "Asia/Shanghai",
                "language" => language.tag(),
                "adopt" => "ask",
                _ => "",
            };
            (column.name.to_owned(), Cell::text(value))
        })
        .collect();
    let forms: Vec<Form> = CAMPAIGN.into_iter().filter(|form| form.stem != "series").collect();
    let title = text::word(language, "sheet-campaign");
    workbook(&title, &forms, &settings, &[], language, made_at)
}

fn workbook(
    name: &str,
    forms: &[Form],
    settings: &[(String, Cell)],
    found: &[Rows],
    language: Language,
    made_at: NaiveDateTime,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Book::new(name, made_at);
    for form in forms {
        match form.stem {
            "campaign" | "jurisdiction" => settings_page(&mut book, *form, settings, language)?,
            _ => table_page(&mut book, *form, &rows_of(*form, found), language)?,
        }
        if ["campaign", "jurisdiction"].contains(&form.stem) {
            let help = text::word(language, "workbook-guide-3");
            guide(&mut book, forms, &help, name, language)?;
        }
    }
    dictionary(&mut book, &[], language)?;
    book.bytes()
}

/// The column of the first row, from 0, that names the campaign of a form.
const FORM_OF_AT: u16 = 5;

/// A form for records of one kind (`tallies`, `doses`, `persons`, `outcomes`), with the codes of some campaigns for
/// drop-downs and the rows that are already known. A form of one campaign says whose it is; in one of several each row
/// does. `None`: no such kind, or no campaign.
pub fn records(
    stem: &str,
    campaigns: &[&Campaign],
    rows: &[Vec<String>],
    language: Language,
    made_at: NaiveDateTime,
) -> Option<Result<Vec<u8>, XlsxError>> {
    let form = form(stem)?;
    let first = campaigns.first()?;
    Some(records_of(form, (first, campaigns), rows, language, made_at))
}

fn records_of(
    form: Form,
    (first, all): (&Campaign, &[&Campaign]),
    rows: &[Vec<String>],
    language: Language,
    made_at: NaiveDateTime,
) -> Result<Vec<u8>, XlsxError> {
    let several = all.len() > 1;
    let names: Vec<&str> = all.iter().map(|campaign| campaign.name.as_str()).collect();
    let names = names.join(&text::word(language, "mail-separator"));
    let mut book = Book::new(&names, made_at);
    let codes = codes_of(all);
    let sheet = text::word(language, "workbook-codes");
    let known = |name: &'static str| {
        let at = codes.iter().position(|codes| codes.sheet == name)?;
        let column = ["C", "E", "G", "I"].get(at)?;
        let last = codes[at].codes.len() + 1;
        Some(format!("='{sheet}'!${column}$2:${column}${last}"))
    };
    let mut page = book.page(form.stem);
    let place = heading(&mut page, form, language)?;
    if !several {
        // Reading the form again finds the campaign here.
        page.put(0, FORM_OF_AT, &Cell::text(format!("{FORM_OF}{}", first.id)), Look::Remark)?;
    }
    for (row, cells) in (place.header + 1..).zip(rows) {
        for (at, (column, text)) in (0..).zip(form.columns.iter().zip(cells)) {
            page.put(row, at, &cell(column.name, text), Look::Plain)?;
        }
    }
    let columns: Vec<(u16, &Column)> = (0..).zip(form.columns).collect();
    rules(&mut page, form, place.header, &columns, known, language)?;
    page.close()?;
    let help = text::say(language, "workbook-guide-records", &[("kind", &form.stem)]);
    guide(&mut book, &[form], &help, &names, language)?;
    dictionary(&mut book, &codes, language)?;
    book.bytes()
}
