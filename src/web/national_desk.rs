//! What the pages of the official figures share: counting that goes on while nobody waits, and who sees which place.

use super::Site;
use super::page::Refusal;
use super::table::{Cell, Table, Value};
use super::visitor::Visitor;
use super::words::T;
use crate::app::AppError;
use crate::app::national::{Counter, FormCell, National, OfficialForm};
use crate::domain::account::Role;
use crate::domain::audit::Action;
use crate::domain::national::{NationalChoices, ScopeKey};
use crate::domain::permission::{Power, may};
use crate::intake::Issue;
use chrono::NaiveDate;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

/// How long a page waits for figures; after that it says that they are being counted, and asks again.
const PATIENCE: Duration = Duration::from_secs(6);
/// What was counted stays good for this many times as long as counting took, so that a large register is not gone
/// through all day.
const GOOD_TIMES: u32 = 10;
/// The shortest and the longest time for which it does.
const GOOD_MIN: Duration = Duration::from_secs(1);
const GOOD_MAX: Duration = Duration::from_mins(10);
/// Results that are kept.
const KEPT_MAX: usize = 8;

/// The rules and units with which something was counted, and what was found.
pub(super) struct Counted<F> {
    pub(super) national: National,
    pub(super) found: F,
}

type Shared = Arc<dyn Any + Send + Sync>;

#[derive(Debug, Clone)]
struct Made {
    value: Shared,
    good_until: Instant,
}

#[derive(Debug)]
struct Slot {
    asked: Instant,
    made: Arc<OnceCell<Made>>,
}

/// Results by what was asked for.
#[derive(Debug, Default)]
pub(super) struct Results(Mutex<BTreeMap<String, Slot>>);

impl Results {
    fn slot(&self, key: &str, now: Instant) -> Arc<OnceCell<Made>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |slot: &Slot| slot.made.get().is_some_and(|made| made.good_until <= now);
        all.retain(|_, slot| !is_old(slot));
        if !all.contains_key(key) && all.len() >= KEPT_MAX {
            let oldest = all.iter().min_by_key(|(_, slot)| slot.asked);
            let oldest = oldest.map(|(key, _)| key.clone());
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        let new = || Slot { asked: now, made: Arc::default() };
        let slot = all.entry(key.to_owned()).or_insert_with(new);
        slot.asked = now;
        Arc::clone(&slot.made)
    }

    /// Drops every result: called after a change.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What was counted of the register; `None` while that still goes on. `key` says what it is.
pub(super) async fn counted<C: Counter>(
    site: &Site,
    visitor: &Visitor,
    (key, known_on): (&str, Option<NaiveDate>),
    what: C,
) -> Result<Option<Arc<Counted<C::Found>>>, Refusal> {
    let known = known_on.map(|day| day.to_string()).unwrap_or_default();
    let cell = site.desk.national.slot(&format!("{key} {known}"), Instant::now());
    let (app, desk, account) = (site.app.clone(), Arc::clone(&site.desk), visitor.account.id);
    let counting = tokio::spawn(async move {
        let make = || async move {
            let _turn = desk.turns.take(account).await?;
            let begun = Instant::now();
            let choices = NationalChoices::default();
            let read = app.national(None, choices, known_on, what).await?;
            let (national, found) = read.map_err(AppError::Files)?;
            let good = (begun.elapsed() * GOOD_TIMES).clamp(GOOD_MIN, GOOD_MAX);
            let value: Shared = Arc::new(Counted { national, found });
            Ok(Made { value, good_until: Instant::now() + good })
        };
        cell.get_or_try_init(make).await.cloned()
    });
    let made: Result<Made, AppError> = match timeout(PATIENCE, counting).await {
        Err(_) => return Ok(None),
        Ok(Err(died)) => std::panic::resume_unwind(died.into_panic()),
        Ok(Ok(made)) => made,
    };
    let made = made.map_err(|error| Refusal::of(visitor.t(), &error))?;
    Ok(Some(made.value.downcast().expect("a key is of one kind of result")))
}

/// The units that somebody may see; `None`: all. With `names` it is about people: a lead sees those of their own sites.
pub(super) async fn units(
    site: &Site,
    visitor: &Visitor,
    names: bool,
) -> Result<Option<BTreeSet<String>>, Refusal> {
    let units = site.app.national_units(visitor.actor()).await;
    let units = units.map_err(|error| Refusal::of(visitor.t(), &error))?;
    if !names || visitor.account.role != Role::Lead {
        return Ok(units);
    }
    let code = |place: &String| place.split_once('/').map(|(_, code)| code.to_owned());
    let own: BTreeSet<String> = visitor.account.places.iter().filter_map(code).collect();
    Ok(Some(match units {
        Some(units) => units.intersection(&own).cloned().collect(),
        None => own,
    }))
}

/// The places whose figures somebody may see: those with no unit but theirs. The highest come first.
pub(super) fn places(national: &National, seen: Option<&BTreeSet<String>>) -> Vec<ScopeKey> {
    let units = national.folder.places.all().filter_map(|(_, place)| place.unit.as_ref());
    let (mut all, mut hidden) = (BTreeSet::new(), BTreeSet::new());
    for unit in units {
        let is_seen = seen.is_none_or(|seen| seen.contains(&unit.code));
        let into = if is_seen { &mut all } else { &mut hidden };
        into.extend(ScopeKey::of(unit));
    }
    all.retain(|place| !hidden.contains(place));
    all.into_iter().collect()
}

/// The place that is asked for, or the first that somebody sees.
pub(super) fn place(
    t: T,
    national: &National,
    places: &[ScopeKey],
    asked: Option<&str>,
) -> Result<ScopeKey, Refusal> {
    if let Some(text) = asked.filter(|text| !text.is_empty()) {
        let place = ScopeKey::parse(text).filter(|place| places.contains(place));
        return place.ok_or_else(|| Refusal::absent(t));
    }
    let top = national.top();
    let first = places.iter().find(|place| **place == top).or(places.first());
    first.cloned().ok_or_else(|| Refusal::absent(t))
}

/// A place as it is chosen in a form: its address, its name, whether it is chosen. Places of one name have their codes
/// behind it.
pub(super) fn choices(
    t: T,
    national: &National,
    places: &[ScopeKey],
    chosen: &ScopeKey,
) -> Vec<(String, String, bool)> {
    let name = |place: &ScopeKey| match place {
        ScopeKey::All => t.w("national-form-everything"),
        other => national.name_of(other),
    };
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for place in places {
        *known.entry(name(place)).or_default() += 1;
    }
    let shown = |place: &ScopeKey| {
        let name = name(place);
        let text = place.to_string();
        match text.split_once(':').filter(|_| known.get(&name).is_some_and(|count| *count > 1)) {
            Some((_, code)) => t.say("mail-product-code", &[("name", &name), ("code", &code)]),
            None => name,
        }
    };
    places.iter().map(|place| (place.to_string(), shown(place), place == chosen)).collect()
}

/// A form as a table of a page. `link`: where the heading of a row leads, by the row's id.
pub(super) fn table(
    t: T,
    id: &str,
    form: &OfficialForm,
    link: impl Fn(&str) -> Option<String>,
) -> Table {
    let is_number = |column: usize| {
        let mut cells = form.rows.iter().filter_map(|row| row.get(column));
        cells.any(|cell| matches!(cell, FormCell::Count(_) | FormCell::Rate(_)))
    };
    let heads: Vec<String> = form
        .column_names(t.0)
        .iter()
        .enumerate()
        .map(|(at, name)| format!("{}{name}", if is_number(at) { "#" } else { "" }))
        .collect();
    let caption = form.titles.first().cloned().unwrap_or_default();
    let mut table = Table::new(id, caption, &heads);
    for (at, row) in form.rows.iter().enumerate() {
        let cell = |cell: &FormCell| match cell {
            FormCell::Text(text) => Cell::text(text.clone()),
            FormCell::Count(count) => Cell::count(*count),
            FormCell::Rate(rate) => {
                Cell { value: Value::Rate(rate.shown()), ..Cell::number(rate.to_string()) }
            }
            FormCell::Dash => Cell::number(t.w("web-none")),
            FormCell::Blank => Cell::default(),
        };
        let mut cells: Vec<Cell> = row.iter().map(cell).collect();
        let href = form.ids.get(at).and_then(|id| link(id));
        if let Some(first) = cells.first_mut() {
            *first = Cell { href, ..std::mem::take(first).heading() };
        }
        table.rows.push(cells);
    }
    table
}

/// What is told beside figures: what is doubtful, and how much is counted apart. Whoever sees a part of the tree, or
/// nobody of the register, is told nothing that names others.
pub(super) fn told(
    site: &Site,
    visitor: &Visitor,
    national: &National,
    (end, townships): (NaiveDate, bool),
    sees_all: bool,
) -> Vec<String> {
    let t = visitor.t();
    let today = site.clock.now().with_timezone(&chrono::Local).date_naive();
    let sees_people = may(visitor.actor(), Power::People).is_ok();
    let is_told = |issue: &&Issue| {
        let names_people = ["persons", "doses"].contains(&&*issue.file);
        issue.code == "period_not_over" || (sees_all && (sees_people || !names_people))
    };
    let issues = national.issues(end, today, townships);
    let mut lines: Vec<String> =
        issues.iter().filter(is_told).map(|issue| issue.message(t.0)).collect();
    if sees_all {
        lines.extend(national.apart_lines(t.0));
    }
    lines
}

/// Writes into the audit log that somebody saw records of people.
pub(super) async fn seen(site: &Site, visitor: &Visitor, said: &str) -> Result<(), Refusal> {
    let (who, now) = (&visitor.account.name, site.clock.now());
    let noted = site.app.note_audit(who, Action::SeeRecords, (None, said), now).await;
    noted.map_err(|error| Refusal::of(visitor.t(), &error))
}
