//! Tallies: doses counted at a place on a day.

use super::{EARLIER, Facts, Good, Stored, unique};
use crate::app::{Loaded, Result};
use crate::domain::counting::{Cells, count_tally};
use crate::domain::dose::Tally;
use crate::domain::id::RecordId;
use crate::intake::Issue;
use crate::store::{Tx, cells, tallies};

pub(super) async fn store(
    tx: &mut Tx,
    facts: &Facts<'_>,
    good: Vec<Good<Tally>>,
) -> Result<Stored> {
    let mut stored = Stored::default();
    let mut rows = unique(facts, "record", good, |tally| tally.record.clone(), &mut stored);
    rows.retain(|row| {
        let issue = fault(facts, row);
        let fits = issue.is_none();
        stored.refused.extend(issue.map(|issue| (row.index, issue)));
        fits
    });
    let wanted = rows.iter().map(|row| &row.value.record);
    let known = tallies::find(tx, facts.loaded.no, wanted).await?;
    let (mut new, mut replaced) = (Vec::new(), Vec::new());
    let mut changes = Cells::new();
    for row in rows {
        match known.get(&row.value.record) {
            Some(old) if old.tally == row.value => {
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
                count_tally(&old.tally, -1, &mut changes);
                replaced.push(old.clone());
                stored.corrected += 1;
            }
            None => stored.new += 1,
        }
        count_tally(&row.value, 1, &mut changes);
        new.push(row.value);
    }
    tallies::keep(tx, facts.loaded.no, &replaced, facts.now, "corrected").await?;
    tallies::write(tx, facts.loaded.no, &new, facts.now).await?;
    cells::change(tx, facts.loaded.no, changes).await?;
    Ok(stored)
}

/// What stands under the records of these tallies.
pub(super) async fn known(tx: &mut Tx, loaded: &Loaded, rows: &[Tally]) -> Result<Vec<Tally>> {
    let records = rows.iter().map(|tally| &tally.record);
    let known = tallies::find(tx, loaded.no, records).await?;
    Ok(known.into_values().map(|known| known.tally).collect())
}

fn fault(facts: &Facts<'_>, row: &Good<Tally>) -> Option<Issue> {
    let (tally, line) = (&row.value, row.line);
    let campaign = &facts.loaded.campaign;
    if let Some(issue) = facts.place(line, &tally.place) {
        return Some(issue);
    }
    if campaign.area(tally.area.as_str()).is_none() {
        let known = campaign.areas.iter().map(|area| area.code.as_str());
        return Some(facts.unknown("unknown_area", (line, "area", tally.area.as_str()), known));
    }
    if campaign.group(tally.group.as_str()).is_none() {
        let known = campaign.groups.iter().map(|group| group.id.as_str());
        return Some(facts.unknown("unknown_group", (line, "group", tally.group.as_str()), known));
    }
    let limit = campaign.series.dose_count();
    if tally.dose == 0 || usize::from(tally.dose) > limit {
        let issue = facts.issue("dose_number", line, "dose", &tally.dose.to_string());
        return Some(issue.with("limit", limit));
    }
    facts.not_future(line, tally.date)
}

pub(super) async fn void(
    tx: &mut Tx,
    loaded: &Loaded,
    record: &RecordId,
    why: &str,
    now: i64,
) -> Result<bool> {
    let mut known = tallies::find(tx, loaded.no, [record]).await?;
    let Some(old) = known.remove(record) else { return Ok(false) };
    let mut changes = Cells::new();
    count_tally(&old.tally, -1, &mut changes);
    tallies::keep(tx, loaded.no, &[old], now, why).await?;
    tallies::delete(tx, loaded.no, record).await?;
    cells::change(tx, loaded.no, changes).await?;
    Ok(true)
}
