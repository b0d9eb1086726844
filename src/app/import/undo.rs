//! Takes an imported file out again: exactly what it put in goes, and what it had corrected comes back.

use super::facts::{Changes, Facts, change};
use super::pipeline::Importable;
use super::{Good, Kind, Order};
use crate::app::mergers::{LIFTED, MERGED, UNMERGED};
use crate::app::{App, AppError, Result, millis, schools};
use crate::domain::audit::Action;
use crate::domain::dose::{Dose, Tally};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{Outcome, Person};
use crate::domain::plausible::Sure;
use crate::intake::rows::Present;
use crate::store::imports::{self, File};
use crate::store::records::{self, Known};
use crate::store::{Tx, doses, outcomes, people_codes, person_file};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// What undoing an import did, or what stands in its way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// Records taken out.
    pub removed: usize,
    /// Records that are again as they were before.
    pub restored: usize,
    /// Keys of records of the file that something later stands on; where there are any, nothing was done.
    pub stands: Vec<String>,
}

/// Records that are handled together.
const BATCH: usize = 10_000;

impl App {
    /// Files that were imported, the newest first.
    pub async fn imports(&self, limit: i64) -> Result<Vec<File>> {
        let mut tx = self.store.read().await?;
        Ok(imports::list(&mut tx, i64::MAX, limit).await?)
    }

    /// Takes a file out again. Where something later stands on one of its records, nothing is done.
    pub async fn undo_import(&self, id: i64, by: Actor<'_>, now: DateTime<Utc>) -> Result<Undone> {
        let mut act = self.act((by, Power::Plan), Action::ImportUndo, now).await?;
        let tx = act.tx();
        let missing = || AppError::refused("refused-no-import", &[("id", &id)]);
        let file = imports::find(tx, id).await?.ok_or_else(missing)?;
        if file.undone_at.is_some() {
            return Err(AppError::refused("refused-undone", &[("id", &id)]));
        }
        let kind = Kind::from_name(&file.kind).ok_or_else(missing)?;
        let none = Order::of(kind, Path::new(""), by);
        let order = Order { revives: true, sure: Sure::All, ..none };
        let mut facts = self.facts(tx, &order, ("", Present::default()), now).await?;
        // Later than all that it undoes, even where clocks differ.
        facts.now = millis(now).max(file.at + 1);
        let undone = match kind {
            Kind::Doses => undo::<Dose>(tx, &facts, file.at).await?.0,
            Kind::Tallies => undo::<Tally>(tx, &facts, file.at).await?.0,
            Kind::Persons => undo::<Person>(tx, &facts, file.at).await?.0,
            Kind::Outcomes => {
                let (undone, mine) = undo::<Outcome>(tx, &facts, file.at).await?;
                if undone.stands.is_empty() {
                    schools::take_back(tx, &schools::who_refused(&mine), facts.now).await?;
                }
                undone
            }
        };
        if !undone.stands.is_empty() {
            return Ok(undone);
        }
        imports::undone(tx, id, facts.now).await?;
        act.commit(None, &format!("{id}")).await?;
        Ok(undone)
    }
}

/// Takes out what an import put in. Also returns those records; where something stands on one of them, nothing is done.
async fn undo<T: Importable>(tx: &mut Tx, facts: &Facts, at: i64) -> Result<(Undone, Vec<T>)> {
    let mut mine: Vec<T> = records::put_in(tx, at).await?;
    let mut stands = BTreeSet::new();
    for key in records::overtaken::<T>(tx, at).await? {
        match given_back::<T>(tx, &key, at).await? {
            Some(value) => mine.push(value),
            None => {
                stands.insert(key);
            }
        }
    }
    let before = records::replaced::<T>(tx, at).await?;
    let before: HashMap<String, T> = before
        .into_iter()
        .filter(|past| past.why == CORRECTED)
        .map(|past| (past.known.value.key().to_owned(), past.known.value))
        .collect();
    for value in mine.iter().filter(|value| !before.contains_key(value.key())) {
        if T::KIND == Kind::Persons && is_used(tx, value.key()).await? {
            stands.insert(value.key().to_owned());
        }
    }
    let stands: Vec<String> = stands.into_iter().collect();
    if !stands.is_empty() {
        return Ok((Undone { stands, ..Undone::default() }, mine));
    }
    let mut undone = Undone::default();
    for batch in mine.chunks(BATCH) {
        let old: Vec<&T> = batch.iter().filter_map(|value| before.get(value.key())).collect();
        undone.restored += old.len();
        undone.removed += batch.len() - old.len();
        put_back(tx, facts, batch, &old).await?;
    }
    Ok((undone, mine))
}

/// The reason of a correction.
const CORRECTED: &str = "corrected";
/// The reason of what an undone import had said.
const UNDONE: &str = "undone";

/// A record of an import that is again as the import said: it was corrected by a later one that was undone since, or
/// went and came back with a merger that was made later and taken back since; `None` where something else became of it.
async fn given_back<T: Importable>(tx: &mut Tx, key: &str, at: i64) -> Result<Option<T>> {
    let past = records::past::<T>(tx, key).await?;
    let mut known = records::find::<T>(tx, [key]).await?;
    let (Some(known), Some(last)) = (known.remove(key), past.last()) else { return Ok(None) };
    let is_back = match last.why.as_str() {
        UNDONE => true,
        UNMERGED | MERGED | LIFTED => people_codes::came_back(tx, known.recorded_at, at).await?,
        _ => false,
    };
    let said = past.into_iter().find(|past| past.known.recorded_at == at).filter(|_| is_back);
    Ok(said.filter(|past| past.known.value == known.value).map(|_| known.value))
}

/// Whether a person has records, appointments or answers, or another code leads to them.
async fn is_used(tx: &mut Tx, person: &str) -> Result<bool> {
    Ok(!doses::records_of(tx, person).await?.is_empty()
        || !outcomes::of_person(tx, person).await?.is_empty()
        || !person_file::appointments(tx, person).await?.is_empty()
        || !crate::store::schools::consents_of(tx, person).await?.is_empty()
        || !people_codes::of(tx, person).await?.is_empty())
}

/// Takes records out, and stores what they had replaced.
async fn put_back<T: Importable>(tx: &mut Tx, facts: &Facts, gone: &[T], old: &[&T]) -> Result<()> {
    let rows: Vec<Good<T>> = old
        .iter()
        .map(|old| Good { index: 0, line: 0, campaign: None, value: (*old).clone() })
        .collect();
    let replaced: Vec<&T> = gone.iter().collect();
    let histories = doses::histories(tx, T::people(&rows, &replaced)).await?;
    let mut changes = Changes::new();
    T::count(facts, histories, &replaced, &rows, &mut changes).await;
    let known: HashMap<String, Known<T>> = records::find(tx, gone.iter().map(T::key)).await?;
    records::keep(tx, known.values(), facts.now, UNDONE).await?;
    for value in gone {
        records::delete::<T>(tx, value.key()).await?;
    }
    records::write(tx, old.iter().copied(), facts.now).await?;
    change(tx, changes).await
}
