//! Outcomes other than a dose.

use super::{EARLIER, Facts, Good, Stored, unique};
use crate::app::{Loaded, Result};
use crate::domain::id::RecordId;
use crate::domain::person::Outcome;
use crate::store::{Tx, outcomes, people};

pub(super) async fn store(
    tx: &mut Tx,
    facts: &Facts<'_>,
    good: Vec<Good<Outcome>>,
) -> Result<Stored> {
    let mut stored = Stored::default();
    let mut rows = unique(facts, "record", good, |outcome| outcome.record.clone(), &mut stored);
    let register =
        people::find(tx, facts.loaded.no, rows.iter().map(|row| &row.value.person)).await?;
    rows.retain(|row| {
        let issue = if register.contains_key(&row.value.person) {
            facts.not_future(row.line, row.value.date)
        } else {
            Some(facts.unknown_person(row.line, &row.value.person))
        };
        let fits = issue.is_none();
        stored.refused.extend(issue.map(|issue| (row.index, issue)));
        fits
    });
    let wanted = rows.iter().map(|row| &row.value.record);
    let known = outcomes::find(tx, facts.loaded.no, wanted).await?;
    let (mut new, mut replaced) = (Vec::new(), Vec::new());
    for row in rows {
        match known.get(&row.value.record) {
            Some(old) if old.outcome == row.value => {
                stored.same += 1;
                continue;
            }
            Some(old) if old.recorded_at == facts.now => {
                let record = row.value.record.as_str();
                let issue = facts.duplicate(row.line, "record", record, EARLIER);
                stored.refused.push((row.index, issue));
                continue;
            }
            Some(old) => {
                replaced.push(old.clone());
                stored.corrected += 1;
            }
            None => stored.new += 1,
        }
        new.push(row.value);
    }
    outcomes::keep(tx, facts.loaded.no, &replaced, facts.now, "corrected").await?;
    outcomes::write(tx, facts.loaded.no, &new, facts.now).await?;
    Ok(stored)
}

pub(super) async fn void(
    tx: &mut Tx,
    loaded: &Loaded,
    record: &RecordId,
    why: &str,
    now: i64,
) -> Result<bool> {
    let mut known = outcomes::find(tx, loaded.no, [record]).await?;
    let Some(old) = known.remove(record) else { return Ok(false) };
    outcomes::keep(tx, loaded.no, &[old], now, why).await?;
    outcomes::delete(tx, loaded.no, record).await?;
    Ok(true)
}
