//! Second doses some days before their windows close, so that whoever does not come can be called again in time.

use super::index::{CohortIndex, Day, RunIndex};
use super::model::Problem;
use super::{agreed, greedy, published_plan};
use crate::domain::plan::PlanRow;
use std::collections::BTreeMap;

/// So many days before a window closes people are planned: whoever does not come is called twice more. Our choice.
const SLACK_DAYS: i64 = 10;
/// But at most this part of the window.
const SLACK_PART: i64 = 3;
/// Whoever is nearer to the end than that gets a dose within so many days.
const SOON_DAYS: i64 = 7;
/// How often the windows of people who find no place so early are opened again.
const TRIES: usize = 4;

impl Problem<'_> {
    /// The problem with windows of those who wait for a later dose that close some days earlier, wherever all of them
    /// still find a place. Seats that people know of, by programme, and agreed sessions stay inside the windows.
    pub(super) fn with_slack(mut self, told: &[&[PlanRow]]) -> Self {
        let known = published_plan::known_days(&self, told);
        let last = |problem: &Self, cohort: CohortIndex, dose: usize, end: i64| {
            let of = problem.agreed.iter().filter(|session| {
                let is_it = session.dose.is_none_or(|number| usize::from(number) == dose + 1);
                is_it && session.cohorts.contains(&cohort)
            });
            let known = known.get(&(cohort, dose)).into_iter().flatten().copied();
            let days = of.map(|session| session.day).chain(known);
            days.map(Day::number).filter(|day| *day <= end).max()
        };
        let mut real: BTreeMap<(CohortIndex, RunIndex), Day> = BTreeMap::new();
        for cohort in self.cohorts.indices().collect::<Vec<_>>() {
            for run in self.cohorts[cohort].waiting.indices().collect::<Vec<_>>() {
                let one = self.cohorts[cohort].waiting[run];
                let programme = self.programme(&self.cohorts[cohort]);
                let (low, high) = programme.window(one.dose, 0);
                let slack = high.map_or(0, |high| ((high - low) / SLACK_PART).min(SLACK_DAYS));
                let end = one.high.number();
                let soon = self.first.number().max(one.low.number()) + SOON_DAYS;
                let known = last(&self, cohort, one.dose, end).unwrap_or(end - slack);
                let early = (end - slack).max(soon.min(end)).max(known);
                if one.bound && early < end {
                    real.insert((cohort, run), one.high);
                    self.cohorts[cohort].waiting[run].high = Day::of_number(early);
                }
            }
        }
        for _ in 0..TRIES {
            let mut draft = agreed::placed(&self);
            greedy::place_waiting(&mut draft);
            let late = greedy::bound_runs_left(&draft);
            let late: Vec<_> = late.into_iter().map(|(cohort, run, _)| (cohort, run)).collect();
            drop(draft);
            let mut is_same = true;
            for at in late {
                if let Some(high) = real.remove(&at) {
                    self.cohorts[at.0].waiting[at.1].high = high;
                    is_same = false;
                }
            }
            if is_same {
                return self;
            }
        }
        for ((cohort, run), high) in real {
            self.cohorts[cohort].waiting[run].high = high;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{plain, row, start};
    use super::*;
    use crate::domain::campaign::Campaign;
    use crate::domain::date::Weekdays;
    use crate::domain::dose::GivenRow;
    use crate::domain::plan::PlanRow;
    use crate::domain::site::Closure;
    use chrono::TimeDelta;

    /// The last day for ten people who had dose 1 on day -10 and wait for dose 2 from day 11 to day 25.
    fn last_day(campaign: &Campaign, from: i64, told: &[PlanRow]) -> i64 {
        let PlanRow { day, place, area, group, dose, doses, .. } = row(-10, 1, 10);
        let given = [GivenRow { day, place, area, group, dose, doses }];
        let problem =
            Problem::new(campaign, &given, start() + TimeDelta::days(from)).with_slack(&[told]);
        let runs = problem.cohorts.iter().flat_map(|cohort| cohort.waiting.iter());
        let highs: Vec<i64> = runs.map(|run| run.high.number()).collect();
        assert_eq!(highs.len(), 1);
        highs[0]
    }

    #[test]
    fn second_doses_are_planned_some_days_before_their_windows_close() {
        let mut campaign = plain();
        campaign.sites[0].restock = Weekdays::EVERY_DAY;
        campaign.sites[0].storage_doses = None;
        // A third of the two weeks.
        assert_eq!(last_day(&campaign, 0, &[]), 21);
        // Whoever is near to the end comes within a week, at the latest on the last day.
        assert_eq!(last_day(&campaign, 16, &[]), 23);
        assert_eq!(last_day(&campaign, 20, &[]), 25);
        // Whoever knows of a later day keeps it.
        assert_eq!(last_day(&campaign, 0, &[row(23, 2, 1), row(22, 1, 1), row(30, 2, 1)]), 23);
        // Nobody loses a dose to it: where no place is open so early, the whole window is there.
        let shut =
            |day| Closure { place: "S1".into(), day: start() + TimeDelta::days(day), doses: 0 };
        campaign.closures.extend((11..=21).map(shut));
        assert_eq!(last_day(&campaign, 0, &[]), 25);
    }
}
