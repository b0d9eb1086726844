//! Pages of the official figures that show people: the children behind a cell, and files that are one child. Each look
//! goes to the audit log.

use super::Site;
use super::national::{Asked, Wanted, links};
use super::national_desk::{Counted, counted, places, seen, units};
use super::page::{Page, Refusal, encoded, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::AppError;
use crate::app::national::{
    BehindCohort, BehindPaid, BehindPeriod, ExplainedChild, National, Nothing, Paid,
};
use crate::domain::national::{DuplicateKey, MonthSpan, ScopeKey, merged};
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Query};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Seconds after which a page asks again whether figures are counted.
const AGAIN_SECS: u32 = 3;
/// Pairs of files of one child that a form offers at a time.
const PAIRS_MAX: usize = 200;

pub(super) type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "web/national_people.html")]
pub(super) struct Main {
    pub(super) t: T,
    title: String,
    links: Vec<(&'static str, String)>,
    action: &'static str,
    /// Fields of the form: name, label, kind of input, value.
    pub(super) fields: Vec<(&'static str, String, &'static str, String)>,
    /// Fields to choose: name, label, choices.
    pub(super) selects: Vec<(&'static str, String, Vec<Choice>)>,
    hidden: Vec<(&'static str, String)>,
    pub(super) lines: Vec<String>,
    pub(super) tables: Vec<Table>,
    /// What the page can do: where, and what is sent.
    acts: Vec<Act>,
}

/// A form that changes something.
struct Act {
    to: String,
    name: &'static str,
    choices: Vec<(String, String)>,
    keep_later: bool,
    button: String,
}

impl Main {
    pub(super) fn new(visitor: &Visitor, key: &str, action: &'static str) -> Self {
        let t = visitor.t();
        Self {
            t,
            title: t.w(key),
            links: links(visitor),
            action,
            fields: Vec::new(),
            selects: Vec::new(),
            hidden: Vec::new(),
            lines: Vec::new(),
            tables: Vec::new(),
            acts: Vec::new(),
        }
    }

    pub(super) fn shown(
        self,
        visitor: &Visitor,
        headers: &HeaderMap,
        (secs, flash): (u32, String),
    ) -> Response {
        let page = Page::new(self.title.clone(), "national", &self).with(self.tables);
        let page = Page { live_secs: secs, flash, ..page };
        framed(Some(visitor), (self.t, &visitor.here), None, &page, headers)
    }

    /// The page while figures are still being counted.
    pub(super) fn counting(mut self, visitor: &Visitor, headers: &HeaderMap) -> Response {
        self.lines.push(self.t.w("web-national-counting"));
        self.shown(visitor, headers, (AGAIN_SECS, String::new()))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct CellAsked {
    row: Option<String>,
    age: Option<String>,
    scope: Option<String>,
    #[serde(flatten)]
    asked: Asked,
}

/// A cell: its place, the id of its row, and in the cohort table the age group.
struct AskedCell {
    scope: ScopeKey,
    row: String,
    age: u8,
}

/// What somebody typed as the row of a table.
enum Known<'a> {
    /// A row.
    Row(String),
    /// A dose of a vaccine that no rule is about: a row if somebody in the register has it.
    Paid(&'a str, u8),
    /// No row.
    No,
}

/// The row of a table that is meant. `age`: the group of the cohort table.
fn known_row<'a>(national: &National, table: &str, row: &'a str, age: u8) -> Known<'a> {
    let rules = &national.rules;
    let is_row = match table {
        "month" | "cum" => rules.period.rows.iter().any(|it| it.id == row),
        "cohort" => {
            let (first, last) = rules.cohort.ages;
            let is_row = row == "full" || rules.cohort.rows.iter().any(|it| it.id == row);
            is_row && (first..=last).contains(&age)
        }
        "paid" => {
            let parts = row.rsplit_once('/');
            let dose = parts.and_then(|(vaccine, nr)| Some((vaccine, nr.parse::<u8>().ok()?)));
            let Some((vaccine, number)) = dose.filter(|(_, number)| *number > 0) else {
                return Known::No;
            };
            if !rules.products.iter().any(|it| it.code == vaccine) {
                return Known::Paid(vaccine, number);
            }
            return Known::Row(format!("{vaccine}/{number}"));
        }
        _ => false,
    };
    if is_row { Known::Row(row.to_owned()) } else { Known::No }
}

/// The row that is meant by what somebody typed; `None` while the table that would have it is being counted.
async fn row_of(
    site: &Site,
    visitor: &Visitor,
    (frame, wanted): (&National, &Wanted),
    (typed, age): (&str, u8),
) -> Result<Option<String>, Refusal> {
    let t = visitor.t();
    let bad = || Refusal::bad(t, t.w("web-bad-address"));
    match known_row(frame, wanted.table, typed, age) {
        Known::Row(row) => Ok(Some(row)),
        Known::No => Err(bad()),
        Known::Paid(vaccine, number) => {
            let (key, what) = (wanted.key(), Paid(MonthSpan::january_to(wanted.month())));
            let Some(table) = counted(site, visitor, (&key, wanted.known_on), what).await? else {
                return Ok(None);
            };
            let rules = &table.national.rules;
            let mut rows = table.found.units.values().flat_map(|unit| unit.keys());
            let is_it = |(product, nr): &(_, u8)| rules.code(*product) == vaccine && *nr == number;
            let row = rows.any(is_it).then(|| format!("{vaccine}/{number}"));
            row.map(Some).ok_or_else(bad)
        }
    }
}

type Behind = Option<Arc<Counted<Vec<ExplainedChild>>>>;

/// The children behind a cell; `None` while they are being counted.
async fn behind(
    site: &Site,
    visitor: &Visitor,
    (wanted, cell): (&Wanted, &AskedCell),
) -> Result<Behind, Refusal> {
    let t = visitor.t();
    let bad = || Refusal::bad(t, t.w("web-bad-address"));
    let AskedCell { scope, row, age } = cell;
    let (month, last) = (wanted.month(), wanted.last);
    let key = format!("behind {} {last} {scope} {row} {age}", wanted.table);
    let key = (key.as_str(), wanted.known_on);
    let period = |span| BehindPeriod { span, scope: scope.clone(), row: row.clone() };
    match wanted.table {
        "month" => counted(site, visitor, key, period(MonthSpan::month(month))).await,
        "cum" => counted(site, visitor, key, period(MonthSpan::january_to(month))).await,
        "cohort" => {
            let of_row = Some(row.clone()).filter(|row| row != "full");
            let what = BehindCohort { day: last, scope: scope.clone(), age: *age, row: of_row };
            counted(site, visitor, key, what).await
        }
        "paid" => {
            let (vaccine, number) = row.rsplit_once('/').ok_or_else(bad)?;
            let number = Some(number.parse::<u8>().map_err(|_| bad())?);
            let (span, vaccine) = (MonthSpan::january_to(month), vaccine.to_owned());
            let what = BehindPaid { span, scope: scope.clone(), vaccine, number };
            counted(site, visitor, key, what).await
        }
        _ => Err(bad()),
    }
}

/// The children behind a row of a place.
pub(super) async fn children(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<CellAsked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let bad = || Refusal::bad(t, t.w("web-bad-address"));
    let wanted = asked.asked.read(&site, t)?;
    let mut main = Main::new(&visitor, "web-national-children", "/national/children");
    // Nothing is counted for a place that somebody does not see, nor for a row that there is not.
    let frame = site.app.national_places().await.map_err(|error| Refusal::of(t, &error))?;
    let frame = frame.map_err(|issues| Refusal::of(t, &AppError::Files(issues)))?;
    let scope = asked.scope.as_deref().and_then(ScopeKey::parse).ok_or_else(bad)?;
    let own = units(&site, &visitor, false).await?;
    if !places(&frame, own.as_ref()).contains(&scope) {
        return Err(Refusal::absent(t));
    }
    let age = asked.age.as_deref().map_or(Ok(1), str::parse::<u8>).map_err(|_| bad())?;
    let typed = (asked.row.as_deref().unwrap_or_default(), age);
    let Some(row) = row_of(&site, &visitor, (&frame, &wanted), typed).await? else {
        return Ok(main.counting(&visitor, &headers));
    };
    let cell = AskedCell { scope, row, age };
    let Some(found) = behind(&site, &visitor, (&wanted, &cell)).await? else {
        return Ok(main.counting(&visitor, &headers));
    };
    let AskedCell { scope, row, age } = cell;
    if wanted.table == "cohort" {
        let (first, last) = found.national.rules.cohort.ages;
        let of = |one: u8| (one.to_string(), one.to_string(), one == age);
        main.selects.push(("age", t.w("web-national-age"), (first..=last).map(of).collect()));
    }
    let names = units(&site, &visitor, true).await?;
    let table = children_table(t, &found.found, names.as_ref());
    let (count, name, last) = (table.rows.len(), wanted.table, wanted.last);
    let said = format!("national {name} {last}, {scope}, {row}: {count} children");
    seen(&site, &visitor, &said).await?;
    let when = if name == "cohort" { last.to_string() } else { wanted.month().to_string() };
    main.lines.push(t.say(
        "web-national-behind",
        &[("row", &row), ("place", &found.national.name_of(&scope)), ("when", &when)],
    ));
    main.hidden = vec![
        ("table", name.to_owned()),
        ("month", wanted.first.format("%Y-%m").to_string()),
        ("scope", scope.to_string()),
        ("row", row),
        ("known-on", wanted.known_on.map(|day| day.to_string()).unwrap_or_default()),
    ];
    main.tables.push(table);
    Ok(main.shown(&visitor, &headers, (0, String::new())))
}

/// The children of units that somebody sees.
fn children_table(t: T, children: &[ExplainedChild], own: Option<&BTreeSet<String>>) -> Table {
    let keys = ["child", "=unit", "=part", "record", "=vaccine", "day"];
    let mut table = Table { is_private: true, ..Table::of(t, "web-national-children", &keys) };
    for child in children.iter().filter(|it| own.is_none_or(|own| own.contains(&it.unit))) {
        let (record, vaccine, day) = match &child.dose {
            Some((record, vaccine, day)) => (record.clone(), vaccine.clone(), day.to_string()),
            None => Default::default(),
        };
        let word = child.part.word().replace('_', "-");
        table.rows.push(vec![
            Cell::head(&*child.child),
            Cell::text(&*child.unit),
            Cell::text(t.w(&format!("national-part-{word}"))),
            Cell::text(record),
            Cell::text(vaccine),
            Cell::text(day),
        ]);
    }
    table
}

#[derive(Debug, Deserialize)]
pub(super) struct Done {
    done: Option<String>,
}

/// Files that are one child, as pairs with what would be merged, and the mergers that can be taken back.
pub(super) async fn duplicates(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Done>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let mut main = Main::new(&visitor, "web-national-duplicates", "/national/duplicates");
    let Some(found) = counted(&site, &visitor, ("duplicates", None), Nothing).await? else {
        return Ok(main.counting(&visitor, &headers));
    };
    let (table, pairs) = pairs(t, &found.national);
    let count = found.national.folder.persons.pairs.len();
    seen(&site, &visitor, &format!("national duplicates: {count} pairs")).await?;
    main.lines.push(t.say("web-national-pairs", &[("count", &count)]));
    main.tables.push(table);
    let to = format!("/national/duplicates?csrf={}", encoded(&visitor.csrf()));
    if !pairs.is_empty() {
        let button = t.w("web-national-merge");
        let (to, keep_later) = (to.clone(), false);
        main.acts.push(Act { to, name: "pair", choices: pairs, keep_later, button });
    }
    let mergers = site.app.mergers().await.map_err(|error| Refusal::of(t, &error))?;
    let keys = ["alias", "person", "#doses"];
    let mut table = Table::of(t, "web-national-mergers", &keys);
    let (mut choices, mut parted) = (Vec::new(), BTreeSet::new());
    for one in &mergers {
        let doses = one.moved.as_ref().map(|moved| moved.doses.len() as u64);
        table.rows.push(vec![
            Cell::head(&*one.alias),
            Cell::text(one.person.as_str()),
            doses.map_or_else(|| Cell::number(t.w("web-none")), Cell::count),
        ]);
        // Of several of one person only the last one can be taken back, and they come the newest first.
        let is_last = parted.insert(one.person.as_str());
        if is_last && doses.is_some() && choices.len() < PAIRS_MAX {
            choices.push((one.alias.clone(), format!("{} → {}", one.alias, one.person)));
        }
    }
    if !table.rows.is_empty() {
        main.tables.push(table);
    }
    if !choices.is_empty() {
        let button = t.w("web-national-unmerge");
        main.acts.push(Act { to, name: "alias", choices, keep_later: true, button });
    }
    let done = asked.done.filter(|done| ["merged", "unmerged"].contains(&done.as_str()));
    let flash = done.map(|done| t.w(&format!("web-done-{done}"))).unwrap_or_default();
    Ok(main.shown(&visitor, &headers, (0, flash)))
}

/// The pairs as a table, a row for each file, and as choices of a form: the code that stays, then the other one.
fn pairs(t: T, national: &National) -> (Table, Vec<(String, String)>) {
    let keys = [
        "#pair",
        "child",
        "person_name",
        "born",
        "guardian",
        "unit",
        "#doses",
        "=keys",
        "kept",
        "#merged_doses",
    ];
    let caption = "web-national-duplicates";
    let mut table = Table { is_private: true, ..Table::of(t, caption, &keys) };
    let mut choices = Vec::new();
    let folder = &national.folder;
    for (nr, pair) in (1_u64..).zip(&folder.persons.pairs) {
        let both = [pair.first, pair.second].map(|at| &folder.dossiers[at]);
        let Some((kept, doses)) = merged(&both, &national.rules) else { continue };
        let key = |key: &DuplicateKey| match key {
            DuplicateKey::IdNumber => t.w("web-national-key-number"),
            DuplicateKey::Guardian => t.w("web-national-key-guardian"),
        };
        let words: Vec<String> = pair.keys.iter().map(key).collect();
        for one in both {
            let unit = one.file.unit.map(|unit| folder.places.code(unit).to_owned());
            let is_kept = *one.file.id == *kept;
            table.rows.push(vec![
                Cell::count(nr),
                Cell::head(&*one.file.id),
                Cell::text(&*one.file.name),
                Cell::text(one.file.born.day.to_string()),
                Cell::text(&*one.file.guardian),
                Cell::text(unit.unwrap_or_default()),
                Cell::count(one.doses.len() as u64),
                Cell::text(words.join(&t.w("mail-separator"))),
                Cell::text(if is_kept { t.w("web-national-kept") } else { String::new() }),
                Cell::count(doses as u64),
            ]);
        }
        let other = both.iter().map(|one| &*one.file.id).find(|id| **id != *kept);
        if let Some(other) = other.filter(|_| choices.len() < PAIRS_MAX) {
            choices.push((format!("{kept}\n{other}"), format!("{nr}: {other} → {kept}")));
        }
    }
    (table, choices)
}

#[derive(Debug, Deserialize)]
pub(super) struct Given {
    pair: Option<String>,
    alias: Option<String>,
    keep_later: Option<String>,
}

/// Merges a pair, or takes a merger back.
pub(super) async fn change(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let (t, by, now) = (visitor.t(), visitor.actor(), site.clock.now());
    let pair = given.pair.as_deref().map(|pair| pair.replace('\r', ""));
    let done = match (pair.as_deref().and_then(|pair| pair.split_once('\n')), &given.alias) {
        (Some(codes), _) => site.app.merge_people(codes, by, now).await.map(|_| "merged"),
        (None, Some(alias)) => {
            let keeps = given.keep_later.is_some();
            site.app.unmerge_people(alias, keeps, by, now).await.map(|_| "unmerged")
        }
        (None, None) => return Err(Refusal::bad(t, t.w("web-bad-address"))),
    };
    let done = done.map_err(|error| Refusal::of(t, &error))?;
    forget(&site);
    Ok(Redirect::to(&format!("/national/duplicates?done={done}")).into_response())
}

/// After a change every page shows it at once.
fn forget(site: &Site) {
    site.desk.national.forget();
    site.desk.cache.forget();
}
