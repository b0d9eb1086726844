//! Doses of persons: number and validity follow from the series, so a dose changes what its person's others count.

use super::{EARLIER, Facts, Good, Stored, Warning, unique};
use crate::app::{Loaded, Result};
use crate::domain::counting::{Cells, count_person};
use crate::domain::dose::Dose;
use crate::domain::id::{PersonId, RecordId};
use crate::domain::judge::Subject;
use crate::domain::person::Sex;
use crate::intake::Issue;
use crate::store::doses::{self, History, Known};
use crate::store::{Tx, cells};
use std::collections::HashMap;

pub(super) async fn store(tx: &mut Tx, facts: &Facts<'_>, good: Vec<Good<Dose>>) -> Result<Stored> {
    let mut stored = Stored::default();
    let rows = unique(facts, "record", good, |dose| dose.record.clone(), &mut stored);
    let known = doses::find(tx, facts.loaded.no, rows.iter().map(|row| &row.value.record)).await?;
    let rows = changed(facts, rows, &known, &mut stored);
    let people = touched(&rows, &known);
    let mut histories = doses::histories(tx, facts.loaded.no, people).await?;
    let rows = fitting(facts, rows, &histories, &mut stored);
    let before = touched(&rows, &known);
    let mut changes = Cells::new();
    count(facts.loaded, &histories, &before, -1, &mut changes);
    let replaced: Vec<&Known> =
        rows.iter().filter_map(|row| known.get(&row.value.record)).collect();
    for old in &replaced {
        if let Some(history) = histories.get_mut(&old.dose.person) {
            history.doses.retain(|dose| dose.record != old.dose.record);
        }
    }
    for row in &rows {
        if let Some(history) = histories.get_mut(&row.value.person) {
            history.doses.push(row.value.clone());
        }
    }
    for person in &before {
        if let Some(history) = histories.get_mut(*person) {
            doses::sort(&mut history.doses);
        }
    }
    count(facts.loaded, &histories, &before, 1, &mut changes);
    warn(facts, &histories, &rows, &mut stored);
    stored.corrected = replaced.len() as u64;
    stored.new = rows.len() as u64 - stored.corrected;
    doses::keep(tx, facts.loaded.no, replaced, facts.now, "corrected").await?;
    doses::write(tx, facts.loaded.no, rows.iter().map(|row| &row.value), facts.now).await?;
    cells::change(tx, facts.loaded.no, changes).await?;
    Ok(stored)
}

/// Leaves out what is known with the same values, and refuses what an earlier row of this file says otherwise.
fn changed(
    facts: &Facts<'_>,
    rows: Vec<Good<Dose>>,
    known: &HashMap<RecordId, Known>,
    stored: &mut Stored,
) -> Vec<Good<Dose>> {
    rows.into_iter()
        .filter(|row| match known.get(&row.value.record) {
            Some(old) if old.dose == row.value => {
                stored.same += 1;
                false
            }
            Some(old) if old.recorded_at == facts.now => {
                let record = row.value.record.as_str();
                let issue = facts.duplicate(row.line, "record", record, EARLIER);
                stored.refused.push((row.index, issue));
                false
            }
            _ => true,
        })
        .collect()
}

/// Refuses what names an unknown person, place or lot, or a day that cannot be.
fn fitting(
    facts: &Facts<'_>,
    rows: Vec<Good<Dose>>,
    histories: &HashMap<PersonId, History>,
    stored: &mut Stored,
) -> Vec<Good<Dose>> {
    rows.into_iter()
        .filter(|row| {
            let (dose, line) = (&row.value, row.line);
            let lot =
                dose.lot.as_ref().filter(|lot| facts.loaded.campaign.lot(lot.as_str()).is_none());
            let issue = match histories.get(&dose.person) {
                None => Some(facts.unknown_person(line, &dose.person)),
                Some(history) if dose.date < history.person.born => {
                    Some(facts.issue("before_birth", line, "date", &dose.date.to_string()))
                }
                Some(_) => None,
            }
            .or_else(|| {
                // A catch-up register holds doses that were given elsewhere, years ago.
                let campaign = &facts.loaded.campaign;
                let is_history = campaign.catch_up.is_some() && dose.date < campaign.start;
                if is_history { None } else { facts.place(line, &dose.place) }
            })
            .or_else(|| product(facts, line, dose))
            .or_else(|| lot.map(|lot| facts.issue("unknown_lot", line, "lot", lot.as_str())))
            .or_else(|| facts.not_future(line, dose.date));
            let fits = issue.is_none();
            stored.refused.extend(issue.map(|issue| (row.index, issue)));
            fits
        })
        .collect()
}

/// In a catch-up register a dose of no known vaccine would be one that the person seems to lack.
fn product(facts: &Facts<'_>, line: u32, dose: &Dose) -> Option<Issue> {
    let Loaded { campaign, judge, .. } = facts.loaded;
    let product = dose.product.as_deref().unwrap_or_default();
    if campaign.catch_up.is_none() || judge.vaccine(Some(product)).is_some() {
        return None;
    }
    if product.is_empty() {
        return Some(facts.issue("missing_value", line, "product", product));
    }
    let known = judge.rules.vaccine_by_code.keys().map(|code| &**code);
    Some(facts.unknown("unknown_vaccine", (line, "product", product), known))
}

/// Everybody whose doses change, by code: so the database finds them with few pages.
fn touched<'a>(rows: &'a [Good<Dose>], known: &'a HashMap<RecordId, Known>) -> Vec<&'a PersonId> {
    let old = rows.iter().filter_map(|row| known.get(&row.value.record));
    let mut people: Vec<_> = rows.iter().map(|row| &row.value.person).collect();
    people.extend(old.map(|known| &known.dose.person));
    people.sort_unstable();
    people.dedup();
    people
}

fn count(
    loaded: &Loaded,
    histories: &HashMap<PersonId, History>,
    people: &[&PersonId],
    sign: i64,
    changes: &mut Cells,
) {
    for history in people.iter().filter_map(|person| histories.get(*person)) {
        count_person(loaded.rules(), &history.person, &history.doses, sign, changes);
    }
}

/// Says which of the rows do not count, and why.
fn warn(
    facts: &Facts<'_>,
    histories: &HashMap<PersonId, History>,
    rows: &[Good<Dose>],
    stored: &mut Stored,
) {
    let Loaded { campaign, judge, .. } = facts.loaded;
    for row in rows {
        let Some(history) = histories.get(&row.value.person) else { continue };
        let who = Subject { born: history.person.born, sex: Sex::U };
        let judged = judge.evaluate(campaign, who, &history.doses);
        let at = history.doses.iter().position(|dose| dose.record == row.value.record);
        let Some(judged) = at.map(|at| &judged[at]).filter(|judged| judged.is_refused()) else {
            continue;
        };
        let dose = &row.value;
        stored.warnings.push(Warning {
            row: row.line,
            record: dose.record.clone(),
            person: dose.person.clone(),
            judged: judged.clone(),
        });
    }
}

pub(super) async fn void(
    tx: &mut Tx,
    loaded: &Loaded,
    record: &RecordId,
    why: &str,
    now: i64,
) -> Result<bool> {
    let mut known = doses::find(tx, loaded.no, [record]).await?;
    let Some(old) = known.remove(record) else { return Ok(false) };
    let person = old.dose.person.clone();
    let mut histories = doses::histories(tx, loaded.no, [&person]).await?;
    let people = [&person];
    let mut changes = Cells::new();
    count(loaded, &histories, &people, -1, &mut changes);
    if let Some(history) = histories.get_mut(&person) {
        history.doses.retain(|dose| dose.record != *record);
    }
    count(loaded, &histories, &people, 1, &mut changes);
    doses::keep(tx, loaded.no, [&old], now, why).await?;
    doses::delete(tx, loaded.no, record).await?;
    cells::change(tx, loaded.no, changes).await?;
    Ok(true)
}
