//! Doses given before the plan: who waits for a later dose, and what is left of the lots.

use super::index::{Day, LotIndex, Per, RunIndex};
use super::model::{LotModel, Problem, Waiting};
use super::units::{Keep, Scale};
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::dose::GivenRow;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// What a cohort got before the plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    /// First doses given.
    pub(super) first_doses: u32,
    /// Last doses that count.
    pub(super) finished: u32,
    /// For each dose but the last: days and people who had it and wait for the next.
    waiting: Vec<Vec<(i64, u32)>>,
}

impl Past {
    /// The people who wait, with the days that the plan may use for them. `opens`: the cohort's
    /// first day.
    pub(super) fn waiting(&self, problem: &Problem, opens: Day) -> Per<RunIndex, Waiting> {
        let mut list = Per::default();
        for (j, runs) in self.waiting.iter().enumerate() {
            for &(given, people) in runs {
                let (low, high) = problem.window(j + 1, given);
                let last = problem.end().number() - 1;
                let bound = high.is_some_and(|h| problem.first.number() <= h && h <= last);
                list.push(Waiting {
                    dose: j + 1,
                    people,
                    low: Day::of_number(low).max(opens),
                    high: Day::of_number(high.filter(|_| bound).unwrap_or(last)),
                    bound,
                });
            }
        }
        list
    }
}

/// What each cohort got before day `from`. Rows of unknown dose numbers count nothing.
pub(super) fn by_cohort(
    problem: &Problem,
    given: &[GivenRow],
    from: NaiveDate,
) -> BTreeMap<CohortKey, Past> {
    let doses = problem.shares.len();
    let mut days: BTreeMap<CohortKey, Vec<BTreeMap<i64, u32>>> = BTreeMap::new();
    for row in given.iter().filter(|row| row.day < from) {
        let dose = usize::from(row.dose);
        if dose == 0 || dose > doses {
            continue;
        }
        let key = CohortKey { area: row.area.clone(), group: row.group.clone() };
        let of_cohort = days.entry(key).or_insert_with(|| vec![BTreeMap::new(); doses]);
        let at = (row.day - problem.campaign.start).num_days();
        let held = of_cohort[dose - 1].entry(at).or_insert(0);
        *held = held.saturating_add(row.doses);
    }
    days.into_iter().map(|(key, days)| (key, past(problem, days))).collect()
}

/// First in, first out: a later dose counts only as far as an older one allows it.
fn past(problem: &Problem, days: Vec<BTreeMap<i64, u32>>) -> Past {
    let mut found = Past::default();
    let mut before: Vec<(i64, u32)> = Vec::new();
    for (j, of_dose) in days.into_iter().enumerate() {
        if j == 0 {
            before = of_dose.into_iter().collect();
            found.first_doses = total(&before);
        } else {
            let counted = count(problem, j, &before, of_dose);
            found.waiting.push(without(&before, total(&counted)));
            before = counted;
        }
    }
    found.finished = total(&before);
    found
}

fn total(runs: &[(i64, u32)]) -> u32 {
    runs.iter().fold(0, |sum, run| sum.saturating_add(run.1))
}

/// Of the doses `j` by day, those that the doses before allow.
fn count(
    problem: &Problem,
    j: usize,
    before: &[(i64, u32)],
    doses: BTreeMap<i64, u32>,
) -> Vec<(i64, u32)> {
    let mut waiting = before.iter().peekable();
    let (mut ready, mut counted) = (0_u32, 0_u32);
    let mut kept = Vec::new();
    for (at, n) in doses {
        while let Some(run) = waiting.next_if(|run| problem.window(j, run.0).0 <= at) {
            ready = ready.saturating_add(run.1);
        }
        let n = n.min(ready - counted);
        counted += n;
        kept.push((at, n));
    }
    kept
}

/// The runs that are left when the first `done` people are gone.
fn without(runs: &[(i64, u32)], mut done: u32) -> Vec<(i64, u32)> {
    let mut left = Vec::new();
    for &(at, n) in runs {
        let gone = n.min(done);
        done -= gone;
        if n > gone {
            left.push((at, n - gone));
        }
    }
    left
}

/// The lots less what history drew: of its day, first expiring first; what no lot covers is left
/// out.
pub(super) fn lots_left(
    campaign: &Campaign,
    given: &[GivenRow],
    from: NaiveDate,
    scale: Scale,
) -> Per<LotIndex, LotModel> {
    let at = |date: NaiveDate| (date - campaign.start).num_days();
    let mut lots: Per<LotIndex, LotModel> = campaign
        .deliveries
        .iter()
        .map(|lot| LotModel {
            first: at(lot.date),
            last: at(lot.expires),
            units: scale.vaccine(lot.doses),
        })
        .collect();
    let mut by_expiry: Vec<LotIndex> = lots.indices().collect();
    by_expiry.sort_by_key(|&lot| lots[lot].last);
    let sites: BTreeMap<&str, Keep> = campaign
        .sites
        .iter()
        .map(|site| (site.code.as_str(), Keep::after(site.wastage_rate)))
        .collect();
    let stops: BTreeMap<&str, Keep> =
        campaign.stops.iter().map(|stop| (stop.code.as_str(), worst_team(campaign))).collect();
    let mut drawn: BTreeMap<i64, u64> = BTreeMap::new();
    for row in given.iter().filter(|row| row.day < from) {
        let place = row.place.as_str();
        let keep = sites.get(place).or_else(|| stops.get(place)).copied().unwrap_or(Keep::ALL);
        let units = scale.draw(keep).unwrap_or(0).saturating_mul(u64::from(row.doses));
        let held = drawn.entry(at(row.day)).or_insert(0);
        *held = held.saturating_add(units);
    }
    for (day, mut units) in drawn {
        for &lot in &by_expiry {
            if lots[lot].first <= day && day <= lots[lot].last {
                let taken = units.min(lots[lot].units);
                lots[lot].units -= taken;
                units -= taken;
            }
        }
    }
    lots
}

/// The largest wastage of a team: what a dose at a stop drew is not known better.
fn worst_team(campaign: &Campaign) -> Keep {
    let keeps = campaign.teams.iter().map(|team| Keep::after(team.wastage_rate));
    keeps.reduce(|a, b| if b.is_worse(a) { b } else { a }).unwrap_or(Keep::ALL)
}
