//! The official figures of the register: the tables that are handed up, in their layout, and the figures beside them.
//! The heading of a row leads to the children behind it.

use super::Site;
use super::asked_days::{parse_day, parse_month};
use super::national_desk::{Counted, choices, counted, place, places, table, told, units};
use super::page::{Page, Refusal, encoded, framed};
use super::source::AskedSite;
use super::table::{Cell, Table, Value};
use super::visitor::Visitor;
use super::words::T;
use crate::app::national::{
    Cohort, National, OfficialForm, Paid, Period, QualityOf, survey_form, workbook,
};
use crate::domain::campaign::Language;
use crate::domain::national::{
    CohortTable, MonthSpan, OtherDenominator, PaidCounts, PaidTable, PeriodTable, QualityLine,
    ReliabilityLine, ScopeKey, TwoDecimals, YearMonth,
};
use crate::domain::permission::may;
use crate::text::harmless;
use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Seconds after which a page asks again whether figures are counted.
const AGAIN_SECS: u32 = 3;
/// Children of the unit's quarterly search (46 六), and of the county's yearly survey: 30 clusters of 7, our
/// choice after WHO's cluster surveys.
const SEARCHED: usize = 30;
const SURVEYED: usize = 210;

/// The tables, in the order in which they are offered.
const TABLES: [&str; 7] = ["month", "cum", "cohort", "year90", "paid", "quality", "denominators"];

/// What an address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    table: Option<String>,
    /// A month: a table of a day is about its last day, one of a year about the month's year.
    month: Option<String>,
    scope: Option<String>,
    #[serde(rename = "known-on")]
    known_on: Option<String>,
    /// Births per 1000 residents.
    rate: Option<String>,
}

/// The same, read.
pub(super) struct Wanted {
    pub(super) table: &'static str,
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
    pub(super) known_on: Option<NaiveDate>,
    rate: Option<u64>,
}

impl Asked {
    /// Reads the address. Without a month it is the last one that is over.
    pub(super) fn read(&self, site: &Site, t: T) -> Result<Wanted, Refusal> {
        let bad = || Refusal::bad(t, t.w("web-bad-address"));
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let table = filled(&self.table).unwrap_or_else(|| TABLES[0].to_owned());
        let table = TABLES.into_iter().find(|known| *known == table).ok_or_else(bad)?;
        let month = if let Some(text) = filled(&self.month) {
            parse_month(&text)
        } else {
            let today = site.clock.now().with_timezone(&chrono::Local).date_naive();
            let before = today.with_day(1).and_then(|first| first.pred_opt());
            before.and_then(super::asked_days::month_of)
        };
        let (first, last) = month.ok_or_else(bad)?;
        let known_on = match filled(&self.known_on) {
            Some(text) => {
                Some(parse_day(&text).ok_or_else(|| Refusal::bad(t, t.w("web-bad-day")))?)
            }
            None => None,
        };
        let rate = match filled(&self.rate) {
            Some(text) => Some(hundredths(&text).ok_or_else(bad)?),
            None => None,
        };
        Ok(Wanted { table, first, last, known_on, rate })
    }
}

/// A number with at most two decimals, in hundredths.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let is_sound = rest.len() <= 2 && whole.len() <= 4 && !whole.is_empty();
    let digits = format!("{whole}{rest:0<2}");
    (is_sound && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

impl Wanted {
    pub(super) fn month(&self) -> YearMonth {
        YearMonth::of(self.last)
    }

    fn year_end(&self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.last.year(), 12, 31).unwrap_or(self.last)
    }

    /// What is counted for the table, as a key.
    pub(super) fn key(&self) -> String {
        match self.table {
            "year90" | "denominators" => format!("cohort {}", self.year_end()),
            table => format!("{table} {}", self.last),
        }
    }
}

/// What was counted for a table.
enum Found {
    Period(Arc<Counted<PeriodTable>>),
    Cohort(Arc<Counted<CohortTable>>),
    Paid(Arc<Counted<PaidTable>>),
    Quality(Arc<Counted<<QualityOf as crate::app::national::Counter>::Found>>),
}

impl Found {
    fn national(&self) -> &National {
        match self {
            Self::Period(it) => &it.national,
            Self::Cohort(it) => &it.national,
            Self::Paid(it) => &it.national,
            Self::Quality(it) => &it.national,
        }
    }
}

async fn found(site: &Site, visitor: &Visitor, wanted: &Wanted) -> Result<Option<Found>, Refusal> {
    let (key, month) = (wanted.key(), wanted.month());
    let key = (key.as_str(), wanted.known_on);
    Ok(match wanted.table {
        "month" => {
            let what = Period(MonthSpan::month(month));
            counted(site, visitor, key, what).await?.map(Found::Period)
        }
        "cum" => {
            let what = Period(MonthSpan::january_to(month));
            counted(site, visitor, key, what).await?.map(Found::Period)
        }
        "cohort" => counted(site, visitor, key, Cohort(wanted.last)).await?.map(Found::Cohort),
        "paid" => {
            let what = Paid(MonthSpan::january_to(month));
            counted(site, visitor, key, what).await?.map(Found::Paid)
        }
        "quality" => counted(site, visitor, key, QualityOf(month)).await?.map(Found::Quality),
        _ => counted(site, visitor, key, Cohort(wanted.year_end())).await?.map(Found::Cohort),
    })
}

/// The official form of a place; `None` for figures that have none, or where the place has no table.
fn form_of(
    found: &Found,
    wanted: &Wanted,
    scope: &ScopeKey,
    language: Language,
) -> Option<OfficialForm> {
    match found {
        Found::Period(it) => {
            let scopes = it.found.scopes(&it.national.folder.places);
            let counts = scopes.get(scope).map(Vec::as_slice).unwrap_or_default();
            Some(it.national.period_form(&it.found, scope, counts, language))
        }
        Found::Cohort(it) if wanted.table == "year90" => {
            let tables = it.national.over_limit(&it.found);
            let year = wanted.last.year();
            tables.get(scope).map(|table| it.national.townships_form(table, scope, year, language))
        }
        Found::Cohort(it) if wanted.table == "cohort" => {
            let (scopes, none) = (it.found.scopes(&it.national.folder.places), BTreeMap::new());
            let ages = scopes.get(scope).unwrap_or(&none);
            Some(it.national.cohort_form(&it.found, scope, ages, language))
        }
        Found::Paid(it) => {
            let (scopes, none) = (it.found.scopes(it.national.counting()), PaidCounts::new());
            let counts = scopes.get(scope).unwrap_or(&none);
            Some(it.national.paid_form(&it.found, scope, counts, language))
        }
        Found::Cohort(_) | Found::Quality(_) => None,
    }
}

#[derive(Template)]
#[template(path = "web/national.html")]
struct Main {
    t: T,
    names: Vec<(&'static str, String, bool)>,
    month: String,
    known_on: String,
    /// Births per 1000 residents, where they are asked for.
    rate: Option<String>,
    scopes: Vec<(String, String, bool)>,
    lines: Vec<String>,
    table: Option<Table>,
    /// Where the official forms are downloaded, with what the links say.
    files: Vec<(String, String)>,
    links: Vec<(&'static str, String)>,
    notes: Vec<String>,
}

/// The page of a table.
pub(super) async fn tables(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let wanted = asked.read(&site, t)?;
    let found = found(&site, &visitor, &wanted).await?;
    let title = t.w(&format!("web-national-{}", wanted.table));
    let mut main = Main {
        t,
        names: TABLES
            .into_iter()
            .map(|one| (one, t.w(&format!("web-national-{one}")), one == wanted.table))
            .collect(),
        month: wanted.first.format("%Y-%m").to_string(),
        known_on: wanted.known_on.map(|day| day.to_string()).unwrap_or_default(),
        rate: (wanted.table == "denominators").then(|| asked.rate.clone().unwrap_or_default()),
        scopes: Vec::new(),
        lines: Vec::new(),
        table: None,
        files: Vec::new(),
        links: links(&visitor),
        notes: Vec::new(),
    };
    let mut live_secs = 0;
    if let Some(found) = &found {
        fill(&mut main, (&site, &visitor), (&asked, &wanted), found).await?;
    } else {
        main.lines.push(t.w("web-national-counting"));
        live_secs = AGAIN_SECS;
    }
    let page = Page::new(title, "national", &main).with(main.table.into_iter().collect());
    let page = Page { live_secs, ..page };
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}

/// Puts figures into the page.
async fn fill(
    main: &mut Main,
    (site, visitor): (&Site, &Visitor),
    (asked, wanted): (&Asked, &Wanted),
    found: &Found,
) -> Result<(), Refusal> {
    let (t, national) = (visitor.t(), found.national());
    let seen = units(site, visitor, false).await?;
    let mut places = places(national, seen.as_ref());
    if wanted.table == "year90" {
        places.retain(|place| matches!(place, ScopeKey::All | ScopeKey::County(_)));
    }
    if places.is_empty() {
        main.lines.push(t.w("web-national-nothing"));
        return Ok(());
    }
    let scope = place(t, national, &places, asked.scope.as_deref())?;
    main.scopes = choices(t, national, &places, &scope);
    let address = |page: &str, more: &str| {
        let (table, month, scope) = (wanted.table, &main.month, encoded(&scope.to_string()));
        let known = encoded(&main.known_on);
        format!("{page}?table={table}&month={month}&scope={scope}&known-on={known}{more}")
    };
    match found {
        Found::Quality(it) => {
            let lines = it.national.quality(&it.found);
            main.table = Some(quality(t, &lines, (national, &scope)));
            main.lines.push(t.w("web-national-quality-about"));
        }
        Found::Cohort(it) if wanted.table == "denominators" => {
            main.lines.push(t.w("web-national-denominators-about"));
            let others = others(site, t, wanted, it).await?;
            let (lines, left) = national.reliability(&it.found, &others);
            let is_seen = |line: &&ReliabilityLine| {
                places.iter().any(|place| place.to_string() == line.place)
            };
            let table = reliability(t, national, lines.iter().filter(is_seen));
            let none = table.rows.is_empty().then(|| t.w("national-denominators-none"));
            main.lines.extend(none);
            main.table = Some(table);
            // Whoever sees a part of the tree is told nothing that names others.
            for other in left.iter().filter(|_| seen.is_none()) {
                let said: [(&str, &dyn std::fmt::Display); 2] =
                    [("place", &other.place), ("year", &other.year)];
                main.notes.push(t.say("national-denominator-left", &said));
            }
        }
        _ => {
            if let Some(form) = form_of(found, wanted, &scope, t.0) {
                let opens = may(visitor.actor(), super::powers::power_of("/national/children"));
                let has_children =
                    opens.is_ok() && ["month", "cum", "cohort", "paid"].contains(&wanted.table);
                let link = |row: &str| {
                    let is_row = has_children && !["children", "female"].contains(&row);
                    is_row.then(|| address("/national/children", &format!("&row={}", encoded(row))))
                };
                main.lines.extend(form.titles.iter().skip(1).cloned());
                main.notes.clone_from(&form.notes);
                main.table = Some(table(t, wanted.table, &form, link));
                main.files.push((address("/national/form", ""), t.w("web-national-file")));
            } else {
                main.lines.push(t.w("web-national-nothing"));
            }
        }
    }
    let end = if wanted.table == "year90" { wanted.year_end() } else { wanted.last };
    let about = (end, wanted.table == "year90");
    main.notes.extend(told(site, visitor, national, about, seen.is_none()));
    Ok(())
}

/// The births that reported coverage is held against: those that were entered, and, where a birth rate is asked for,
/// by residents those of which nothing was entered.
async fn others(
    site: &Site,
    t: T,
    wanted: &Wanted,
    counted: &Counted<CohortTable>,
) -> Result<Vec<OtherDenominator>, Refusal> {
    let (national, year) = (&counted.national, wanted.last.year());
    let known = site.app.births().await.map_err(|error| Refusal::of(t, &error))?;
    let mut others: Vec<_> =
        known.into_iter().filter(|one| national.has_group(year, one.year)).collect();
    if let Some(rate) = wanted.rate {
        let (first, last) = national.rules.cohort.ages;
        let years: Vec<i32> = (first..=last).map(|age| year - i32::from(age)).collect();
        let entered: BTreeSet<(String, i32)> =
            others.iter().map(|one| (one.place.clone(), one.year)).collect();
        let is_new = |one: &OtherDenominator| !entered.contains(&(one.place.clone(), one.year));
        let estimated = national.births_by_residents(&years, rate).into_iter().filter(is_new);
        let source = t.w("web-national-by-residents");
        others.extend(estimated.map(|one| OtherDenominator { source: source.clone(), ..one }));
    }
    Ok(others)
}

/// The other pages of official figures that the visitor may open.
pub(super) fn links(visitor: &Visitor) -> Vec<(&'static str, String)> {
    let t = visitor.t();
    let pages = [
        ("/national", "web-national"),
        ("/national/pupils", "web-national-pupils"),
        ("/national/duplicates", "web-national-duplicates"),
        ("/national/births", "web-national-births"),
        ("/national/survey", "web-national-survey"),
    ];
    let opens = |path: &str| may(visitor.actor(), super::powers::power_of(path)).is_ok();
    pages.into_iter().filter(|(path, _)| opens(path)).map(|(path, key)| (path, t.w(key))).collect()
}

fn rate(t: T, rate: Option<TwoDecimals>) -> Cell {
    match rate {
        Some(rate) => Cell { value: Value::Rate(rate.shown()), ..Cell::number(rate.to_string()) },
        None => Cell::number(t.w("web-none")),
    }
}

/// 及时性, 完整性, R值: of everything where everything is asked for, else of the units of the place.
fn quality(t: T, lines: &[QualityLine], (national, scope): (&National, &ScopeKey)) -> Table {
    let keys = ["=figure", "official_place", "#part", "#whole", "#share_percent"];
    let mut table = Table::of(t, "web-national-quality", &keys);
    let is_top = *scope == national.top() || *scope == ScopeKey::All;
    let units: Vec<_> =
        national.folder.places.all().filter_map(|(_, place)| place.unit.as_ref()).collect();
    for line in lines {
        let unit = units.iter().find(|unit| unit.code == line.place);
        if !is_top && !unit.is_some_and(|unit| scope.holds(unit)) {
            continue;
        }
        let place = match unit {
            Some(unit) if !unit.name.is_empty() => Cell::named(&*unit.name, &*unit.code),
            _ if line.place == "all" => Cell::text(t.w("national-form-everything")),
            _ => Cell::text(&*line.place),
        };
        table.rows.push(vec![
            Cell::head(t.w(&format!("national-quality-{}", line.figure))),
            place,
            Cell::count(line.part),
            Cell::count(line.whole),
            rate(t, line.rate),
        ]);
    }
    table
}

/// D值.
fn reliability<'a>(
    t: T,
    national: &National,
    lines: impl Iterator<Item = &'a ReliabilityLine>,
) -> Table {
    let keys = [
        "=official_place",
        "=birth_year",
        "=vaccine",
        "#had_dose",
        "#children",
        "#other_children",
        "source",
        "#found",
        "#reported",
        "#estimated",
        "#d_value",
    ];
    let mut table = Table::of(t, "web-national-denominators", &keys);
    for line in lines {
        let place = ScopeKey::parse(&line.place).map(|place| national.name_of(&place));
        let name = national.cohort_row_name(&line.row, t.0);
        table.rows.push(vec![
            Cell::named(place.unwrap_or_default(), &*line.place).heading(),
            Cell::text(line.born.to_string()),
            Cell::named(name, &*line.row),
            Cell::count(line.done),
            Cell::count(line.children),
            Cell::count(line.other),
            Cell::text(harmless(&line.source)),
            rate(t, line.found),
            rate(t, line.reported),
            rate(t, line.estimated),
            Cell::number(line.d_value.clone().unwrap_or_else(|| t.w("web-none"))),
        ]);
    }
    table
}

/// Which form an address asks for.
#[derive(Debug, Deserialize)]
pub(super) struct FormAsked {
    survey: Option<String>,
    #[serde(flatten)]
    asked: Asked,
}

/// An official form as a workbook, in the words of the form; or a blank survey.
pub(super) async fn form(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<FormAsked>,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let (name, form) = match asked.survey.as_deref() {
        Some("quarter") => ("survey".to_owned(), survey_form(SEARCHED, false, Language::ZhCn)),
        Some("year") => ("survey-year".to_owned(), survey_form(SURVEYED, true, Language::ZhCn)),
        _ => {
            let wanted = asked.asked.read(&site, t)?;
            let found = found(&site, &visitor, &wanted).await?;
            let counting = || Refusal::bad(t, t.w("web-national-counting"));
            let found = found.ok_or_else(counting)?;
            let seen = units(&site, &visitor, false).await?;
            let places = places(found.national(), seen.as_ref());
            let scope = place(t, found.national(), &places, asked.asked.scope.as_deref())?;
            let form = form_of(&found, &wanted, &scope, Language::ZhCn);
            let name = format!("{}-{}", wanted.table, wanted.month());
            (name, form.ok_or_else(|| Refusal::absent(t))?)
        }
    };
    let made_at = site.clock.now().with_timezone(&chrono::Local).naive_local();
    let bytes = workbook(&[form], made_at).map_err(|error| {
        tracing::error!(%error, "a form could not be written");
        Refusal::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, t, "web-fault")
    })?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned();
    let named = format!("attachment; filename=\"{name}.xlsx\"");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, named)], bytes)
        .into_response())
}
