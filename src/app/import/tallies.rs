//! Tallies: doses counted at a place on a day.

use super::Good;
use super::known::Facts;
use super::pipeline::{Found, Histories, Importable};
use crate::app::{Loaded, Result};
use crate::domain::counting::{Cells, count_tally};
use crate::domain::dose::Tally;
use crate::domain::id::{PlaceCode, RecordId};
use crate::domain::plausible::{self, Around, COUNTED_MAX, Doubtful, HISTORY_DAYS};
use crate::intake::Issue;
use crate::store::{Tx, cells, doubtful, tallies};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, HashSet};

impl Importable for Tally {
    const KEY: &'static str = "record";

    fn put_codes(&mut self, facts: &Facts<'_>) {
        facts.settle_area(&mut self.area);
        facts.settle_group(&mut self.group);
        facts.settle_place(&mut self.place);
        facts.settle_team(&mut self.place, &self.area, self.date);
    }

    fn fault(&self, facts: &Facts<'_>, line: u32, _: &Histories) -> Option<Issue> {
        let limit = facts.loaded.campaign.series.dose_count();
        facts
            .team(line, &self.place, self.date)
            .or_else(|| facts.place(line, &self.place))
            .or_else(|| facts.area(line, &self.area))
            .or_else(|| facts.group(line, &self.group))
            .or_else(|| {
                (self.dose == 0 || usize::from(self.dose) > limit).then(|| {
                    let issue = facts.issue("dose_number", line, "dose", &self.dose.to_string());
                    issue.with("limit", limit)
                })
            })
            .or_else(|| facts.not_future(line, self.date))
            .or_else(|| facts.not_too_early(line, self.date))
            .or_else(|| {
                // Otherwise it is asked about, like every count that is too high.
                let insists = facts.sure.is_of(&self.record);
                (insists && self.doses > COUNTED_MAX).then(|| {
                    let issue =
                        facts.issue("impossible_count", line, "doses", &self.doses.to_string());
                    issue.with("limit", COUNTED_MAX)
                })
            })
    }

    async fn doubts(tx: &mut Tx, facts: &Facts<'_>, rows: &[Good<Self>]) -> Result<Vec<Doubtful>> {
        let Loaded { no, campaign, .. } = facts.loaded;
        let asked = rows.iter().map(|row| &row.value).filter(|it| !facts.sure.is_of(&it.record));
        let mut days: BTreeMap<(NaiveDate, &PlaceCode), Vec<&Self>> = BTreeMap::new();
        for tally in asked {
            days.entry((tally.date, &tally.place)).or_default().push(tally);
        }
        let (Some(first), Some(last)) = (days.first_key_value(), days.last_key_value()) else {
            return Ok(Vec::new());
        };
        let before = |day: NaiveDate| day - TimeDelta::days(HISTORY_DAYS);
        let (first, last) = (before(first.0.0), last.0.0);
        let mut history = cells::reported_doses(tx, *no, first, last).await?;
        let new: HashSet<&RecordId> = rows.iter().map(|row| &row.value.record).collect();
        let mut out = Vec::new();
        for ((day, place), counts) in days {
            let mut counted = tallies::of_place(tx, *no, place, day).await?;
            counted.retain(|tally| !new.contains(&tally.record));
            let own = history.entry(place.clone()).or_default();
            let around = Around {
                before: own.range(before(day)..day).map(|(_, doses)| *doses).collect(),
                counted,
            };
            let found = plausible::doubts(campaign, place, day, &counts, &around);
            // Days of the same file are history to each other.
            let is_sound = |tally: &&&Self| found.iter().all(|it| it.tally.record != tally.record);
            let sound: u64 =
                counts.iter().filter(is_sound).map(|tally| u64::from(tally.doses)).sum();
            let doses = own.entry(day).or_default();
            *doses = sound.max(*doses);
            out.extend(found);
        }
        Ok(out)
    }

    async fn settle(tx: &mut Tx, facts: &Facts<'_>, rows: &[Good<Self>]) -> Result<()> {
        let no = facts.loaded.no;
        if !doubtful::is_any(tx, no).await? {
            return Ok(());
        }
        for row in rows {
            doubtful::delete(tx, no, row.value.record.as_str()).await?;
        }
        Ok(())
    }

    fn count(
        _: &Loaded,
        _: Histories,
        replaced: &[&Self],
        rows: &[Good<Self>],
        cells: &mut Cells,
    ) -> Found {
        for old in replaced {
            count_tally(old, -1, cells);
        }
        for row in rows {
            count_tally(&row.value, 1, cells);
        }
        Found::default()
    }
}
