//! Tallies: doses counted at a place on a day.

use super::facts::{Changes, Facts};
use super::pipeline::{Found, Histories, Importable};
use super::{Good, Kind};
use crate::domain::campaign::Campaign;
use crate::domain::counting::count_tally;
use crate::domain::dose::Tally;
use crate::intake::Issue;

impl Importable for Tally {
    const KEY: &'static str = "record";
    const KIND: Kind = Kind::Tallies;

    fn resolve(&mut self, _: &Facts) {}

    fn complete(row: &mut Good<Self>, known: Option<&Self>, facts: &Facts) -> Option<Issue> {
        let old = known.and_then(|known| known.campaign);
        let line = row.line;
        let named = match facts.campaign(row, old) {
            Ok(named) => named,
            Err(issue) => return Some(issue),
        };
        let tally = &row.value;
        let fits = |campaign: &Campaign| {
            campaign.group(tally.group.as_str()).is_some()
                && campaign.area(tally.area.as_str()).is_some()
        };
        let mut open = facts.open_at(&tally.place, tally.date).filter(|one| fits(&one.campaign));
        let only = open.next().map(|only| only.no);
        let only = only.filter(|_| open.next().is_none());
        drop(open);
        let Some(campaign) = named.or(only) else { return Some(facts.which_campaign(line)) };
        if old.is_some_and(|old| old != campaign) {
            return Some(facts.wrong_campaign(line, old));
        }
        row.value.campaign = Some(campaign);
        None
    }

    fn fault(&self, facts: &Facts, line: u32, _: &Histories) -> Option<Issue> {
        let loaded = facts.of(self.campaign?)?;
        let limit = loaded.campaign.series.dose_count();
        facts
            .place_of(loaded.no, line, &self.place)
            .or_else(|| facts.area_of(loaded.no, line, &self.area))
            .or_else(|| facts.group(std::iter::once(loaded), (line, &self.group)))
            .or_else(|| {
                (self.dose == 0 || usize::from(self.dose) > limit).then(|| {
                    let issue = facts.issue("dose_number", line, "dose", &self.dose.to_string());
                    issue.with("limit", limit)
                })
            })
            .or_else(|| facts.not_future(line, self.date))
    }

    fn count(
        _: &Facts,
        _: Histories,
        replaced: &[&Self],
        rows: &[Good<Self>],
        changes: &mut Changes,
    ) -> Found {
        let signed = replaced.iter().map(|old| (*old, -1));
        for (tally, sign) in signed.chain(rows.iter().map(|row| (&row.value, 1))) {
            if let Some(campaign) = tally.campaign {
                count_tally(tally, sign, changes.entry(campaign).or_default());
            }
        }
        Found::default()
    }
}
