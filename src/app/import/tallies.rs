//! Tallies: doses counted at a place on a day.

use super::Good;
use super::known::Facts;
use super::pipeline::{Found, Histories, Importable};
use crate::app::Loaded;
use crate::domain::counting::{Cells, count_tally};
use crate::domain::dose::Tally;
use crate::intake::Issue;

impl Importable for Tally {
    const KEY: &'static str = "record";

    fn settle(&mut self, facts: &Facts<'_>) {
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
