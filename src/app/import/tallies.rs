//! Tallies: doses counted at a place on a day.

use super::facts::{Changes, Facts};
use super::pipeline::{Found, Histories, Importable};
use super::{Good, Kind};
use crate::app::{Loaded, Result};
use crate::domain::counting::count_tally;
use crate::domain::dose::Tally;
use crate::domain::id::{PlaceCode, RecordId};
use crate::domain::plausible::{self, Around, COUNTED_MAX, Doubtful, HISTORY_DAYS};
use crate::intake::Issue;
use crate::store::{Tx, cells, doubtful, tallies};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, HashSet};

impl Importable for Tally {
    const KEY: &'static str = "record";
    const KIND: Kind = Kind::Tallies;

    fn resolve(&mut self, facts: &Facts) {
        facts.settle_area(&mut self.area);
        facts.settle_place(&mut self.place);
        facts.settle_team(&mut self.place, &self.area, self.date);
    }

    fn complete(row: &mut Good<Self>, known: Option<&Self>, facts: &Facts) -> Option<Issue> {
        let old = known.and_then(|known| known.campaign);
        let line = row.line;
        let named = match facts.campaign(row, old) {
            Ok(named) => named,
            Err(issue) => return Some(issue),
        };
        let tally = &row.value;
        let fits = |loaded: &Loaded| {
            let group = facts.group_in(loaded.no, &tally.group);
            loaded.campaign.group(loaded.campaign.group_now(&group).as_str()).is_some()
                && loaded.campaign.area(tally.area.as_str()).is_some()
        };
        let mut open = facts.open_at(&tally.place, tally.date).filter(|one| fits(one));
        let only = open.next().map(|only| only.no);
        let only = only.filter(|_| open.next().is_none());
        drop(open);
        let Some(campaign) = named.or(only) else { return Some(facts.which_campaign(line)) };
        if old.is_some_and(|old| old != campaign) {
            return Some(facts.wrong_campaign(line, old));
        }
        row.value.group = facts.group_in(campaign, &row.value.group);
        row.value.campaign = Some(campaign);
        None
    }

    fn fault(&self, facts: &Facts, line: u32, _: &Histories) -> Option<Issue> {
        let loaded = facts.of(self.campaign?)?;
        let limit = loaded.campaign.series.dose_count();
        facts
            .team(line, &self.place, self.date)
            .or_else(|| facts.place_of(loaded.no, line, &self.place))
            .or_else(|| facts.area_of(loaded.no, line, &self.area))
            .or_else(|| facts.group(std::iter::once(loaded), (line, &self.group)))
            .or_else(|| {
                (self.dose == 0 || usize::from(self.dose) > limit).then(|| {
                    let issue = facts.issue("dose_number", line, "dose", &self.dose.to_string());
                    issue.with("limit", limit)
                })
            })
            .or_else(|| facts.not_future(line, self.date))
            .or_else(|| facts.not_too_early(self.campaign, (line, self.date)))
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

    async fn doubts(tx: &mut Tx, facts: &Facts, rows: &[Good<Self>]) -> Result<Vec<Doubtful>> {
        let mut out = Vec::new();
        for loaded in &facts.all {
            let mine: Vec<&Self> = rows
                .iter()
                .map(|row| &row.value)
                .filter(|it| it.campaign == Some(loaded.no) && !facts.sure.is_of(&it.record))
                .collect();
            out.append(&mut doubts_of(tx, loaded, &mine).await?);
        }
        Ok(out)
    }

    async fn settle(tx: &mut Tx, _: &Facts, rows: &[Good<Self>]) -> Result<()> {
        if !doubtful::is_any(tx).await? {
            return Ok(());
        }
        for row in rows {
            doubtful::delete(tx, row.value.record.as_str()).await?;
        }
        Ok(())
    }

    async fn count(
        facts: &Facts,
        _: Histories,
        replaced: &[&Self],
        rows: &[Good<Self>],
        changes: &mut Changes,
    ) -> Found {
        let signed = replaced.iter().map(|old| (*old, -1));
        for (tally, sign) in signed.chain(rows.iter().map(|row| (&row.value, 1))) {
            let Some(loaded) = tally.campaign.and_then(|no| facts.of(no)) else { continue };
            let tally = loaded.campaign.tally_now(tally);
            count_tally(&tally, sign, changes.entry(loaded.no).or_default());
        }
        Found::default()
    }
}

/// Which counts of a campaign are asked about before they count.
async fn doubts_of(tx: &mut Tx, loaded: &Loaded, asked: &[&Tally]) -> Result<Vec<Doubtful>> {
    let mut days: BTreeMap<(NaiveDate, &PlaceCode), Vec<&Tally>> = BTreeMap::new();
    for tally in asked.iter().copied() {
        days.entry((tally.date, &tally.place)).or_default().push(tally);
    }
    let (Some(first), Some(last)) = (days.first_key_value(), days.last_key_value()) else {
        return Ok(Vec::new());
    };
    let before = |day: NaiveDate| day - TimeDelta::days(HISTORY_DAYS);
    let (first, last) = (before(first.0.0), last.0.0);
    let mut history = cells::reported_doses(tx, loaded.no, first, last).await?;
    let new: HashSet<&RecordId> = asked.iter().map(|tally| &tally.record).collect();
    let mut out = Vec::new();
    for ((day, place), counts) in days {
        let mut counted = tallies::of_place(tx, loaded.no, place, day).await?;
        counted.retain(|tally| !new.contains(&tally.record));
        let own = history.entry(place.clone()).or_default();
        let around = Around {
            before: own.range(before(day)..day).map(|(_, doses)| *doses).collect(),
            counted,
        };
        let found = plausible::doubts(&loaded.campaign, place, day, &counts, &around);
        // Days of the same file are history to each other.
        let is_sound = |tally: &&&Tally| found.iter().all(|it| it.tally.record != tally.record);
        let sound: u64 = counts.iter().filter(is_sound).map(|tally| u64::from(tally.doses)).sum();
        let doses = own.entry(day).or_default();
        *doses = sound.max(*doses);
        out.extend(found);
    }
    Ok(out)
}
