//! Tallies: doses counted at a place on a day.

use super::pipeline::{Found, Histories, Importable};
use super::{Facts, Good};
use crate::app::Loaded;
use crate::domain::counting::{Cells, count_tally};
use crate::domain::dose::Tally;
use crate::intake::Issue;

impl Importable for Tally {
    const KEY: &'static str = "record";

    fn fault(&self, facts: &Facts<'_>, line: u32, _: &Histories) -> Option<Issue> {
        let limit = facts.loaded.campaign.series.dose_count();
        facts
            .place(line, &self.place)
            .or_else(|| facts.area(line, &self.area))
            .or_else(|| facts.group(line, &self.group))
            .or_else(|| {
                (self.dose == 0 || usize::from(self.dose) > limit).then(|| {
                    let issue = facts.issue("dose_number", line, "dose", &self.dose.to_string());
                    issue.with("limit", limit)
                })
            })
            .or_else(|| facts.not_future(line, self.date))
    }

    fn count(
        loaded: &Loaded,
        _: Histories,
        replaced: &[&Self],
        rows: &[Good<Self>],
        cells: &mut Cells,
    ) -> Found {
        for old in replaced {
            count_tally(&loaded.campaign.tally_now(old), -1, cells);
        }
        for row in rows {
            count_tally(&loaded.campaign.tally_now(&row.value), 1, cells);
        }
        Found::default()
    }
}
