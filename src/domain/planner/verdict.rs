//! The verdict on a plan: which groups reach their targets by the campaign's end, what holds the
//! others back, and what would help. Every fix was tried before it is named.

use super::index::Day;
use super::model::Problem;
use super::programme::only;
use super::{Request, StaffGap, explain, greedy, measure};
use crate::domain::campaign::Campaign;
use crate::domain::count::ceil_of;
use crate::domain::group::Group;
use crate::domain::id::{AreaCode, GroupId, LotCode, TeamCode};
use crate::domain::plan::{Certificate, Plan, PriceTable, Unplaced, UnplacedReason};
use crate::domain::site::{Closure, Delivery};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whether a group reaches its target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupVerdict {
    /// The group.
    pub group: GroupId,
    /// People who should have finished by the end.
    pub target_people: u64,
    /// People who finish in the plan, with history.
    pub planned_people: u64,
    /// Whether the plan reaches the target.
    pub reached: bool,
    /// People missing to the target.
    pub short: u64,
    /// Whether a plan that puts this group first reaches the target. `None` if time ran out before
    /// that was tried.
    pub reachable: Option<bool>,
    /// People missing to the target in that plan.
    pub short_at_best: u64,
    /// What holds them back, most people first.
    pub binds: Vec<Bind>,
    /// Changes that would each make the target reachable; empty if nothing that was tried helps.
    pub fixes: Vec<Fix>,
    /// Whether time ran out before everything was tried: other or smaller fixes may help too.
    pub cut_short: bool,
}

/// A constraint that holds people of a group back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bind {
    /// Which.
    pub reason: UnplacedReason,
    /// How many people.
    pub people: u64,
    /// Where they live.
    pub areas: Vec<AreaCode>,
    /// First and last day on which it has a price in the plan; `None` if it has none.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// Staff-days with which they could be served, where staff is the limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub staff: Vec<StaffGap>,
}

/// A single change that makes a target reachable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fix {
    /// More vaccine in the county store.
    Doses {
        /// How many doses.
        doses: u32,
        /// By which day.
        by: NaiveDate,
    },
    /// One more mobile team, like the first one, from the first planning day on.
    TeamDays {
        /// On how many working days.
        team_days: u32,
    },
    /// A later end.
    Days {
        /// By how many days.
        days: u32,
    },
}

/// Trials end at this share of the time limit.
const ENDS: f64 = 0.98;

/// Runs trials of changes while there is time.
pub(super) struct Trials<'t> {
    time_used: &'t mut dyn FnMut() -> f64,
    /// The share of the time limit that the last trial took.
    takes: f64,
    /// Whether a trial had to be skipped.
    cut_short: bool,
}

impl<'t> Trials<'t> {
    pub(super) fn new(time_used: &'t mut dyn FnMut() -> f64) -> Self {
        Self { time_used, takes: 0.0, cut_short: false }
    }

    /// Runs a trial; `None` if there is no time for it.
    fn run<T>(&mut self, trial: impl FnOnce() -> T) -> Option<T> {
        let began = (self.time_used)();
        if began > 0.0 && began + self.takes >= ENDS {
            self.cut_short = true;
            return None;
        }
        let result = trial();
        self.takes = (self.time_used)() - began;
        Some(result)
    }
}

/// How many people of a group finish in a plain plan that puts it first, after a change, and who has no place in it.
pub(super) type Best<'c> = &'c dyn Fn(&GroupId, Option<&Fix>) -> (u64, Vec<Unplaced>);

/// A campaign's part of a plan, on its own or among others.
pub(super) struct Case<'c> {
    pub(super) campaign: &'c Campaign,
    pub(super) from: NaiveDate,
    pub(super) unplaced: &'c [Unplaced],
    pub(super) prices: &'c Certificate,
    /// People of each group who finish.
    pub(super) planned: &'c BTreeMap<GroupId, u64>,
    pub(super) best: Best<'c>,
}

/// The verdict on a plan for a request. `time_used` as for [`super::make`].
pub fn verdict(
    request: &Request,
    plan: &Plan,
    time_used: &mut dyn FnMut() -> f64,
) -> Vec<GroupVerdict> {
    let Request { campaign, given, from, .. } = *request;
    let problem = Problem::new(campaign, given, from);
    let best = |group: &GroupId, fix: Option<&Fix>| {
        let first = with_first(campaign, group);
        let day = from.max(campaign.start);
        let changed = fix.map_or_else(|| first.clone(), |fix| apply(&first, day, fix));
        let problem = Problem::new(&changed, given, from);
        let draft = greedy::plan(&problem, &[], Day::FIRST);
        let unplaced = explain::unplaced(&draft)[only()].clone();
        (measure::finished_of(&draft, only(), group), unplaced)
    };
    let planned = measure::finished_by_group(&problem, only(), &plan.rows);
    let (unplaced, prices) = (plan.unplaced.as_slice(), &plan.certificate);
    let case = Case { campaign, from, unplaced, prices, planned: &planned, best: &best };
    case.judge(&mut Trials::new(time_used))
}

impl Case<'_> {
    /// The verdict on each group with a target.
    pub(super) fn judge(&self, trials: &mut Trials) -> Vec<GroupVerdict> {
        let groups = self.campaign.groups.iter();
        let judged = |group: &Group| Some(self.judge_group(&group.id, group.target?, trials));
        groups.filter_map(judged).collect()
    }

    fn judge_group(&self, group: &GroupId, target: Decimal, trials: &mut Trials) -> GroupVerdict {
        let target_people = u64::from(ceil_of(self.eligible(group), target));
        let planned_people = self.planned.get(group).copied().unwrap_or(0);
        let reached = planned_people >= target_people;
        let mut found = GroupVerdict {
            group: group.clone(),
            target_people,
            planned_people,
            reached,
            short: target_people.saturating_sub(planned_people),
            reachable: reached.then_some(true),
            short_at_best: 0,
            binds: Vec::new(),
            fixes: Vec::new(),
            cut_short: false,
        };
        if !reached {
            trials.cut_short = false;
            found.look_closer(self, trials);
            found.cut_short = trials.cut_short;
        }
        found
    }

    fn eligible(&self, group: &GroupId) -> u32 {
        let rows = self.campaign.eligible_on(self.from.max(self.campaign.start));
        rows.iter().filter(|(key, _)| key.group == *group).map(|(_, row)| row.people).sum()
    }
}

/// Priority of a group that is to come before all others.
const FIRST_PRIORITY: f64 = 1e6;

/// A campaign with a group that comes before all others.
pub(super) fn with_first(campaign: &Campaign, group: &GroupId) -> Campaign {
    let mut first = campaign.clone();
    for group in first.groups.iter_mut().filter(|one| one.id == *group) {
        group.priority = FIRST_PRIORITY;
    }
    first
}

impl GroupVerdict {
    fn look_closer(&mut self, case: &Case, trials: &mut Trials) {
        let Case { campaign, unplaced, prices, .. } = *case;
        let Some((best, left)) = trials.run(|| (case.best)(&self.group, None)) else {
            self.short_at_best = self.short;
            self.binds = binds(campaign, &self.group, unplaced, prices);
            return;
        };
        self.short_at_best = self.target_people.saturating_sub(best.max(self.planned_people));
        let reachable = self.short_at_best == 0;
        self.reachable = Some(reachable);
        let unplaced = if reachable { unplaced } else { left.as_slice() };
        self.binds = binds(campaign, &self.group, unplaced, prices);
        if !reachable {
            self.fixes = self.fixes(case, trials);
        }
    }

    /// The smallest change of each kind that makes the target reachable.
    fn fixes(&self, case: &Case, trials: &mut Trials) -> Vec<Fix> {
        let campaign = case.campaign;
        let by = case.from.max(campaign.start);
        let mut reaches = |fix: Fix| {
            let people = trials.run(|| (case.best)(&self.group, Some(&fix)).0);
            people.is_some_and(|people| people >= self.target_people)
        };
        let doses_each = u32::try_from(campaign.series.dose_count()).unwrap_or(1);
        let short = u32::try_from(self.short_at_best).unwrap_or(u32::MAX);
        let most = short.saturating_mul(doses_each).saturating_mul(2);
        let doses = least(most, |doses| reaches(Fix::Doses { doses, by }));
        let days = least(DAYS_MAX, |days| reaches(Fix::Days { days }));
        let team_days = if campaign.teams.is_empty() {
            None
        } else {
            let most = u32::try_from(campaign.day_count()).unwrap_or(0);
            least(most, |team_days| reaches(Fix::TeamDays { team_days }))
        };
        [
            doses.map(|doses| Fix::Doses { doses, by }),
            team_days.map(|team_days| Fix::TeamDays { team_days }),
            days.map(|days| Fix::Days { days }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A later end is tried up to this many days (our choice).
const DAYS_MAX: u32 = 60;
/// Halvings in the search for the smallest change: to a thousandth.
const HALVINGS: u32 = 10;

/// The smallest number up to `most` that helps, to a thousandth of `most`; `None` if `most` itself
/// does not help.
fn least(most: u32, mut helps: impl FnMut(u32) -> bool) -> Option<u32> {
    if most == 0 || !helps(most) {
        return None;
    }
    let (mut low, mut high) = (0, most);
    for _ in 0..HALVINGS {
        let middle = low + (high - low) / 2;
        if middle == low {
            break;
        }
        if helps(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// A campaign with a fix, for a plan from day `from` on.
pub fn apply(campaign: &Campaign, from: NaiveDate, fix: &Fix) -> Campaign {
    match *fix {
        Fix::Doses { doses, by } => with_doses(campaign, by, doses),
        Fix::TeamDays { team_days } => with_team_days(campaign, from, team_days),
        Fix::Days { days } => with_days(campaign, days),
    }
}

/// The campaign with so many doses more from a day on.
fn with_doses(campaign: &Campaign, day: NaiveDate, doses: u32) -> Campaign {
    let mut changed = campaign.clone();
    changed.deliveries.push(Delivery {
        lot: LotCode::from("+"),
        product: String::new(),
        date: day,
        doses,
        expires: campaign.end,
        doses_per_vial: None,
    });
    changed
}

/// The campaign with a later end.
fn with_days(campaign: &Campaign, days: u32) -> Campaign {
    let mut changed = campaign.clone();
    changed.end = campaign.end + TimeDelta::days(i64::from(days));
    changed
}

/// The campaign with one more team like the first one, which works `days` of its working days from
/// day `from` on.
fn with_team_days(campaign: &Campaign, from: NaiveDate, days: u32) -> Campaign {
    let mut changed = campaign.clone();
    let Some(team) = campaign.teams.first() else { return changed };
    let code = TeamCode::from("+");
    let mut left = days;
    for day in campaign.days().filter(|day| *day >= from && team.weekdays.contains(*day)) {
        if left == 0 {
            changed.closures.push(Closure { place: code.to_string(), day, doses: 0 });
        }
        left = left.saturating_sub(1);
    }
    changed.teams.push(crate::domain::site::Team { code, ..team.clone() });
    changed
}

/// The people of a group who are not placed, by constraint.
fn binds(
    campaign: &Campaign,
    group: &GroupId,
    unplaced: &[Unplaced],
    prices: &Certificate,
) -> Vec<Bind> {
    let mut found: BTreeMap<UnplacedReason, Bind> = BTreeMap::new();
    for one in unplaced.iter().filter(|one| one.group == *group) {
        let bind = found.entry(one.reason).or_insert_with(|| Bind {
            reason: one.reason,
            people: 0,
            areas: Vec::new(),
            days: None,
            staff: Vec::new(),
        });
        bind.people += u64::from(one.people);
        bind.areas.push(one.area.clone());
    }
    let mut binds: Vec<Bind> = found.into_values().collect();
    for bind in &mut binds {
        bind.areas.sort();
        bind.areas.dedup();
        bind.days = priced_days(campaign, bind, prices);
    }
    binds.sort_by(|a, b| b.people.cmp(&a.people).then(a.reason.cmp(&b.reason)));
    binds
}

/// The days between which what binds has a price.
fn priced_days(
    campaign: &Campaign,
    bind: &Bind,
    prices: &Certificate,
) -> Option<(NaiveDate, NaiveDate)> {
    let of_table = |table: &PriceTable, serves: &dyn Fn(&str) -> bool| {
        let places = table.iter().filter(|(code, _)| serves(code));
        let days = places.flat_map(|(_, days)| days.iter());
        let days: Vec<NaiveDate> = days.filter(|(_, p)| **p > 1e-6).map(|(d, _)| *d).collect();
        days.iter().min().copied().zip(days.iter().max().copied())
    };
    let reaches = |code: &str| {
        campaign.reach.iter().any(|r| r.site.as_str() == code && bind.areas.contains(&r.area))
    };
    let stops = |code: &str| campaign.stop(code).is_some_and(|s| bind.areas.contains(&s.area));
    match bind.reason {
        UnplacedReason::SiteCapacity | UnplacedReason::Staff => {
            of_table(&prices.site_day, &reaches)
        }
        UnplacedReason::Storage => of_table(&prices.storage, &reaches),
        UnplacedReason::TeamDays => of_table(&prices.stop_day, &stops),
        UnplacedReason::Supply => {
            let priced = |lot: &&Delivery| {
                prices.lot.get(lot.lot.as_str()).is_some_and(|price| *price > 1e-6)
            };
            let lots: Vec<&Delivery> = campaign.deliveries.iter().filter(priced).collect();
            let last = lots.iter().map(|lot| lot.expires.min(campaign.end)).max();
            lots.iter().map(|lot| lot.date.max(campaign.start)).min().zip(last)
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
