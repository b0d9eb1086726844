//! Doses given before the plan: who waits for the next dose, and what is left of the lots.

use super::ground::Entrant;
use super::index::{Day, LotIndex, Per, ProgrammeIndex, RunIndex};
use super::model::{LotModel, Problem, Waiting};
use super::programme::Programme;
use super::units::{Keep, Scale};
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::counting::ELSEWHERE;
use crate::domain::dose::GivenRow;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What a cohort got before the plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    /// First doses given.
    pub(super) first_doses: u32,
    /// People who finished.
    pub(super) finished: u32,
    /// For each dose but the last: day numbers and people who had it then and wait for the next.
    waiting: Vec<Vec<(i64, u32)>>,
}

impl Past {
    /// The people who wait, with the days that the plan may use for their next dose. `opens` is the
    /// cohort's first day.
    pub(super) fn waiting(&self, programme: &Programme, opens: Day) -> Per<RunIndex, Waiting> {
        let mut list = Per::default();
        for (j, runs) in self.waiting.iter().enumerate() {
            for &(given, people) in runs {
                let (low, high) = programme.window(j + 1, given);
                let last = programme.end.number() - 1;
                let bound = high.is_some_and(|h| programme.first.number() <= h && h <= last);
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

/// What each cohort of a programme got before day `from`. Rows with unknown dose numbers are
/// ignored.
pub(super) fn by_cohort(
    problem: &Problem,
    programme: ProgrammeIndex,
    given: &[GivenRow],
    from: NaiveDate,
) -> BTreeMap<CohortKey, Past> {
    let programme = &problem.programmes[programme];
    let doses = programme.doses();
    let mut days: BTreeMap<CohortKey, Vec<BTreeMap<i64, u32>>> = BTreeMap::new();
    for row in given.iter().filter(|row| row.day < from) {
        let dose = usize::from(row.dose);
        if dose == 0 || dose > doses {
            continue;
        }
        let key = CohortKey { area: row.area.clone(), group: row.group.clone() };
        let of_cohort = days.entry(key).or_insert_with(|| vec![BTreeMap::new(); doses]);
        let at = problem.number_of(row.day);
        let held = of_cohort[dose - 1].entry(at).or_insert(0);
        *held = held.saturating_add(row.doses);
    }
    days.into_iter().map(|(key, days)| (key, past(programme, days))).collect()
}

/// Follows people from dose to dose, first in, first out. A later dose counts only if enough people
/// had the one before long enough ago.
fn past(programme: &Programme, days: Vec<BTreeMap<i64, u32>>) -> Past {
    let mut found = Past::default();
    let mut before: Vec<(i64, u32)> = Vec::new();
    for (j, of_dose) in days.into_iter().enumerate() {
        if j == 0 {
            before = of_dose.into_iter().collect();
            found.first_doses = total(&before);
        } else {
            let counted = count(programme, j, &before, of_dose);
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
    programme: &Programme,
    j: usize,
    before: &[(i64, u32)],
    doses: BTreeMap<i64, u32>,
) -> Vec<(i64, u32)> {
    let mut waiting = before.iter().peekable();
    let (mut ready, mut counted) = (0_u32, 0_u32);
    let mut kept = Vec::new();
    for (at, n) in doses {
        while let Some(run) = waiting.next_if(|run| programme.window(j, run.0).0 <= at) {
            ready = ready.saturating_add(run.1);
        }
        let n = n.min(ready - counted);
        counted += n;
        kept.push((at, n));
    }
    kept
}

/// The runs without their first `done` people.
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

/// Wastage rates by code of the site and day of the campaign, where they are not those of its table.
pub(super) type Rates<'a> = BTreeMap<&'a str, Vec<Decimal>>;

/// The lots of a campaign less what the doses given before `from` drew: from the lots usable on their day, first
/// expiring first. What no lot covers is left out.
pub(super) fn lots_left(
    entrant: &Entrant,
    rates: &Rates,
    start: NaiveDate,
    from: NaiveDate,
    scale: Scale,
) -> Per<LotIndex, LotModel> {
    let Entrant { campaign, given, .. } = *entrant;
    let at = |date: NaiveDate| (date - start).num_days();
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
    let drew = |row: &&GivenRow| row.day < from && row.place.as_str() != ELSEWHERE;
    for row in given.iter().filter(drew) {
        let place = row.place.as_str();
        // Days before the campaign count as its first one.
        let day = usize::try_from((row.day - campaign.start).num_days()).unwrap_or(0);
        let dated = rates.get(place).and_then(|days| days.get(day)).copied().map(Keep::after);
        let known = dated.or(sites.get(place).copied()).or_else(|| stops.get(place).copied());
        let keep = known.unwrap_or(Keep::ALL);
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

/// The team with the largest wastage: history does not say which team gave a dose at a stop.
fn worst_team(campaign: &Campaign) -> Keep {
    let keeps = campaign.teams.iter().map(|team| Keep::after(team.wastage_rate));
    keeps.reduce(|a, b| if b.is_worse(a) { b } else { a }).unwrap_or(Keep::ALL)
}

#[cfg(test)]
mod tests {
    use super::super::programme::only;
    use super::super::testing::{lot, plain, series, start};
    use super::*;
    use crate::domain::planner::index::ListIndex as _;
    use chrono::TimeDelta;

    fn given(day: i64, dose: u8, doses: u32) -> GivenRow {
        GivenRow {
            day: start() + TimeDelta::days(day),
            place: "S1".into(),
            area: "A1".into(),
            group: "all".into(),
            dose,
            doses,
        }
    }

    fn past_of(campaign: &Campaign, rows: &[GivenRow], from: i64) -> Past {
        let from = start() + TimeDelta::days(from);
        let problem = Problem::new(campaign, &[], from);
        by_cohort(&problem, only(), rows, from).into_values().next().unwrap_or_default()
    }

    /// What it is called, what was given, how many had doses 1 and 2, and who waits since when.
    type Case<'a> = (&'a str, &'a [GivenRow], (u32, u32), &'a [(i64, u32)]);

    #[test]
    fn later_doses_count_first_in_first_out_and_only_after_the_shortest_interval() {
        // The second dose follows after 21 days.
        let campaign = plain();
        let cases: [Case<'_>; 6] = [
            ("two wait", &[given(0, 1, 5), given(2, 1, 3)], (8, 0), &[(0, 5), (2, 3)]),
            ("in turn", &[given(0, 1, 5), given(2, 1, 3), given(23, 2, 6)], (8, 6), &[(2, 2)]),
            ("a day early", &[given(0, 1, 5), given(20, 2, 5)], (5, 0), &[(0, 5)]),
            ("on the day", &[given(0, 1, 5), given(21, 2, 5)], (5, 5), &[]),
            ("more than can", &[given(0, 1, 5), given(21, 2, 4), given(22, 2, 4)], (5, 5), &[]),
            (
                "unknown doses",
                &[given(0, 1, 5), given(1, 0, 9), given(25, 3, 9)],
                (5, 0),
                &[(0, 5)],
            ),
        ];
        for (what, rows, (first_doses, finished), waiting) in cases {
            let past = past_of(&campaign, rows, 30);
            assert_eq!((past.first_doses, past.finished), (first_doses, finished), "{what}");
            assert_eq!(past.waiting, [waiting], "{what}");
        }
        let late = past_of(&campaign, &[given(29, 1, 5), given(30, 1, 7)], 30);
        assert_eq!(late.first_doses, 5, "the day itself is not history");
    }

    #[test]
    fn who_waits_has_the_days_of_the_window_that_the_plan_may_use() {
        // Windows of 21 to 35 days, days 0 to 59, plans from day 30.
        let campaign = plain();
        let past = past_of(&campaign, &[given(-10, 1, 1), given(8, 1, 2), given(26, 1, 3)], 30);
        let problem = Problem::new(&campaign, &[], start() + TimeDelta::days(30));
        let runs = past.waiting(&problem.programmes[only()], Day::of(32));
        let days: Vec<_> =
            runs.iter().map(|r| (r.people, r.low.number(), r.high.number(), r.bound)).collect();
        // Past its window: whenever there is room. Open until day 43. Beyond the end: not bound.
        assert_eq!(days, [(1, 32, 59, false), (2, 32, 43, true), (3, 47, 59, false)]);
        assert!(runs.iter().all(|run| run.dose == 1));
        let ends = |day| past_of(&campaign, &[given(day, 1, 1)], 30);
        let bound = |day| {
            ends(day).waiting(&problem.programmes[only()], Day::of(30)).iter().any(|run| run.bound)
        };
        assert_eq!([-6, -5, 24, 25].map(bound), [false, true, true, false]);
    }

    #[test]
    fn three_doses_are_followed_from_each_to_the_next() {
        let campaign = Campaign { series: series(3, Some(10), None), ..plain() };
        let rows = [given(0, 1, 9), given(10, 2, 6), given(19, 3, 1), given(20, 3, 4)];
        let past = past_of(&campaign, &rows, 30);
        assert_eq!((past.first_doses, past.finished), (9, 4));
        assert_eq!(past.waiting, [vec![(0, 3)], vec![(10, 2)]]);
    }

    #[test]
    fn history_draws_from_the_lots_of_its_day_the_first_to_expire_first_with_waste() {
        let mut campaign = plain();
        campaign.deliveries =
            vec![lot("late", 0, 100, 60), lot("soon", 0, 30, 9), lot("next", 5, 100, 50)];
        let left = |rows: &[GivenRow]| -> Vec<f64> {
            let from = start() + TimeDelta::days(30);
            let problem = Problem::new(&campaign, rows, from);
            problem.lots.iter().map(|lot| lot.units as f64 / problem.scale as f64).collect()
        };
        assert_eq!(left(&[]), [100.0, 30.0, 100.0]);
        // 19 doses with 5 % of waste draw 20.
        assert_eq!(left(&[given(0, 1, 19)]), [100.0, 10.0, 100.0]);
        assert_eq!(left(&[given(0, 1, 38)]), [90.0, 0.0, 100.0]);
        assert_eq!(left(&[given(9, 1, 38)]), [100.0, 0.0, 90.0]);
        assert_eq!(left(&[given(10, 1, 19)]), [100.0, 30.0, 80.0]);
        assert_eq!(left(&[given(-1, 1, 19)]), [100.0, 30.0, 100.0], "before any lot");
        assert_eq!(left(&[given(30, 1, 19)]), [100.0, 30.0, 100.0], "not history");
        let unknown = GivenRow { place: "GONE".into(), ..given(0, 1, 19) };
        assert_eq!(left(&[unknown]), [100.0, 11.0, 100.0], "an unknown place wastes nothing");
    }

    #[test]
    fn a_dose_at_a_stop_draws_with_the_largest_waste_of_a_team() {
        let mut campaign = plain();
        let mut second = campaign.teams[0].clone();
        second.wastage_rate = rust_decimal::Decimal::new(2, 1);
        campaign.teams.push(second);
        assert!((worst_team(&campaign).draw_doses() - 1.25).abs() < 1e-12);
        campaign.teams.reverse();
        assert!((worst_team(&campaign).draw_doses() - 1.25).abs() < 1e-12);
        campaign.teams.clear();
        assert_eq!(worst_team(&campaign), Keep::ALL);
    }
}
