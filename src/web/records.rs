//! One record of a dose or count: what was and is known of it and who said so; and taking a count out with a reason.
//! Each look at it goes to the audit log.

use super::Site;
use super::accounts::{time, timezone};
use super::page::{Page, Refusal, encoded, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::import::Kind;
use crate::app::record_history::RecordVersion;
use crate::app::{AppError, Loaded, audit_words};
use crate::domain::audit::Action;
use crate::domain::dose::{Dose, Tally};
use crate::domain::id::RecordId;
use crate::store::audit::Author;
use crate::store::records::Record;
use crate::text::harmless;
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Query};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono_tz::Tz;
use serde::Deserialize;

/// The longest code of a record, and the longest reason.
const CODE_CHARS_MAX: usize = 200;
const REASON_CHARS_MAX: usize = 200;
/// Kinds that the page shows.
const KINDS: [Kind; 2] = [Kind::Tallies, Kind::Doses];

/// Which record somebody asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    kind: Option<String>,
    record: Option<String>,
    done: Option<String>,
}

/// What the form asks for: a count taken out.
#[derive(Debug, Deserialize)]
pub(super) struct Given {
    record: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "web/records.html")]
struct Main {
    t: T,
    wrong: String,
    action: String,
    /// Word, name, whether it is chosen.
    kinds: Vec<(&'static str, String, bool)>,
    record: String,
    /// Whether it is a count that counts, which may be taken out.
    may_void: bool,
    tables: Vec<Table>,
}

/// The page.
pub(super) async fn records(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let word = asked.kind.as_deref().filter(|kind| !kind.is_empty());
    let kind = match word {
        None => Kind::Tallies,
        Some(word) => {
            let kind = KINDS.into_iter().find(|kind| kind.name() == word);
            kind.ok_or_else(|| Refusal::bad(t, t.w("web-bad-address")))?
        }
    };
    let done = asked.done.filter(|done| done == "voided");
    let flash = done.map(|_| t.w("web-done-voided")).unwrap_or_default();
    let record = asked.record.unwrap_or_default();
    let said = (String::new(), flash);
    show(&site, &visitor, (&visitor.here, &headers), (kind, record.trim(), said)).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    (here, headers): (&str, &HeaderMap),
    (kind, record, (mut wrong, flash)): (Kind, &str, (String, String)),
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let record: String = record.chars().take(CODE_CHARS_MAX).collect();
    let (mut tables, mut may_void) = (Vec::new(), false);
    if !record.is_empty() {
        let said = format!("{} history {}", kind.name(), harmless(&record));
        let (who, now) = (&visitor.account.name, site.clock.now());
        let noted = site.app.note_audit(who, Action::SeeRecords, (None, &said), now).await;
        noted.map_err(fail)?;
        let zone = timezone(&site.app).await.map_err(fail)?;
        let names = Names { t, zone, all: site.app.campaigns().await.map_err(fail)? };
        let id = RecordId::new(&*record);
        let table = if kind == Kind::Doses {
            let found = site.app.record_history::<Dose>(kind, &id).await.map_err(fail)?;
            names.table(&DOSE, &found, |dose| names.dose(dose))
        } else {
            let found = site.app.record_history::<Tally>(kind, &id).await.map_err(fail)?;
            may_void = found.iter().any(|version| version.end.is_none());
            names.table(&TALLY, &found, |tally| names.tally(tally))
        };
        if table.rows.is_empty() {
            let said = t.say("web-records-none", &[("record", &harmless(&record))]);
            wrong = if wrong.is_empty() { said } else { wrong };
        } else {
            tables.push(table);
        }
    }
    let named = |one: Kind| (one.name(), t.w(&format!("web-records-{}", one.name())), one == kind);
    let main = Main {
        t,
        wrong,
        action: format!("/records?csrf={}", visitor.csrf()),
        kinds: KINDS.map(named).to_vec(),
        record: harmless(&record),
        may_void,
        tables,
    };
    let page = Page::new(t.w("web-records"), "imports", &main).with(main.tables);
    Ok(framed(Some(visitor), (t, here), None, &Page { flash, ..page }, headers))
}

/// Columns of a dose and of a count before those of all records.
const DOSE: [&str; 4] = ["date", "person", "place", "lot"];
const TALLY: [&str; 6] = ["date", "place", "area", "group", "#dose", "#doses"];
/// Columns of all records.
const SAID: [&str; 6] = ["recorded_at", "who", "address", "superseded_at", "why", "by"];

/// The names of places, areas and groups.
struct Names {
    t: T,
    zone: Tz,
    all: Vec<Loaded>,
}

impl Names {
    /// The first name that a campaign has for a code.
    fn named(&self, code: &str, find: impl Fn(&Loaded) -> Option<String>) -> Cell {
        let name = self.all.iter().find_map(find);
        Cell::named(name.map_or_else(|| harmless(code), |name| harmless(&name)), code)
    }

    fn place(&self, code: &str) -> Cell {
        self.named(code, |one| Some(one.campaign.place(code)?.name().to_owned()))
    }

    fn dose(&self, dose: &Dose) -> Vec<Cell> {
        vec![
            Cell::head(dose.date.to_string()),
            Cell::text(dose.person.as_str()),
            self.place(dose.place.as_str()),
            Cell::text(dose.lot.as_ref().map(ToString::to_string).unwrap_or_default()),
        ]
    }

    fn tally(&self, tally: &Tally) -> Vec<Cell> {
        let (area, group) = (tally.area.as_str(), tally.group.as_str());
        vec![
            Cell::head(tally.date.to_string()),
            self.place(tally.place.as_str()),
            self.named(area, |one| Some(one.campaign.area(area)?.name.clone())),
            self.named(group, |one| Some(one.campaign.group(group)?.name.clone())),
            Cell::number(tally.dose.to_string()),
            Cell::count(tally.doses),
        ]
    }

    /// What was known, the newest first.
    fn table<T: Record>(
        &self,
        keys: &[&str],
        found: &[RecordVersion<T>],
        cells: impl Fn(&T) -> Vec<Cell>,
    ) -> Table {
        let mut table = Table::of(self.t, "web-records-versions", &[keys, &SAID].concat());
        for version in found.iter().rev() {
            let Author { who, address } = &version.author;
            let mut row = cells(&version.value);
            row.push(Cell::text(time(self.zone, version.from)));
            row.push(Cell::text(harmless(&audit_words::author(self.t.0, who))));
            row.push(Cell::text(address.clone().unwrap_or_default()));
            let end = version.end.as_ref();
            let text = |text: Option<String>| Cell::text(text.unwrap_or_default());
            row.push(text(end.map(|end| time(self.zone, end.at))));
            row.push(text(end.map(|end| harmless(&audit_words::replaced(self.t.0, &end.why)))));
            let by = end.map(|end| harmless(&audit_words::author(self.t.0, &end.author.who)));
            row.push(text(by));
            table.rows.push(row);
        }
        table
    }
}

/// Takes a count out of what counts; what it said is kept, with the reason.
pub(super) async fn void(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let (t, by, now) = (visitor.t(), visitor.actor(), site.clock.now());
    let record = given.record.trim();
    let reason: String = given.reason.trim().chars().take(REASON_CHARS_MAX).collect();
    let wrong = if reason.is_empty() {
        t.w("web-records-no-reason")
    } else {
        let id = RecordId::new(record);
        let done = site.app.void(Kind::Tallies, &id, (&harmless(&reason), by), now).await;
        match done {
            Ok(true) => {
                site.desk.cache.forget();
                let to = format!("/records?kind=tallies&record={}&done=voided", encoded(record));
                return Ok(Redirect::to(&to).into_response());
            }
            Ok(false) => t.say("web-records-none", &[("record", &harmless(record))]),
            Err(error @ AppError::Refused(_)) => error.words(t.0),
            Err(error) => return Err(Refusal::of(t, &error)),
        }
    };
    // In answer to a form, links lead to the page itself.
    let here = format!("/records?kind=tallies&record={}", encoded(record));
    let at = (here.as_str(), &headers);
    show(&site, &visitor, at, (Kind::Tallies, record, (wrong, String::new()))).await
}
