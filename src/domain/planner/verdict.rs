//! The verdict before launch: which groups reach their targets by the end, what holds the others
//! back, and what would help. Every fix is tried out before it is named.

use super::model::Problem;
use super::{Request, explain, greedy, measure};
use crate::domain::campaign::Campaign;
use crate::domain::count::ceil_of;
use crate::domain::id::{AreaCode, GroupId, LotCode, TeamCode};
use crate::domain::plan::{Certificate, Plan, PriceTable, Unplaced, UnplacedReason};
use crate::domain::site::{Closure, Delivery};
use chrono::{NaiveDate, TimeDelta};
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
    /// People whom the plan lacks.
    pub short: u64,
    /// Whether a plan that puts this group first reaches it; no better plan is known where not.
    /// `None`: the time was up before that was tried.
    pub reachable: Option<bool>,
    /// People who are still missing then.
    pub short_at_best: u64,
    /// What holds them back, most people first.
    pub binds: Vec<Bind>,
    /// What would make it reachable, each alone; empty where nothing that was tried helps.
    pub fixes: Vec<Fix>,
    /// Whether the time was up before everything was tried: then other fixes may help too, and
    /// smaller ones.
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
    /// First and last day on which it has a price in the plan, where it has one.
    pub days: Option<(NaiveDate, NaiveDate)>,
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
    /// A mobile team more, like the first one, from the start on.
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

/// The share of a limited time that may be used.
const ENDS: f64 = 0.98;

/// Time for trials of changes.
struct Trials<'t> {
    time_used: &'t mut dyn FnMut() -> f64,
    /// The share of the time that the last one took.
    takes: f64,
    /// Whether one had to be left out.
    cut_short: bool,
}

impl Trials<'_> {
    /// Makes a trial where there is time for one.
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

/// The verdict on a plan for a request. `time_used` as for [`super::make`].
pub fn verdict(
    request: &Request,
    plan: &Plan,
    time_used: &mut dyn FnMut() -> f64,
) -> Vec<GroupVerdict> {
    let mut trials = Trials { time_used, takes: 0.0, cut_short: false };
    let campaign = request.campaign;
    let problem = Problem::new(request.campaign, request.given, request.from);
    let planned = measure::finished_by_group(&problem, &plan.rows);
    campaign
        .groups
        .iter()
        .filter_map(|group| {
            let target_people = u64::from(ceil_of(eligible(request, &group.id), group.target?));
            let planned_people = planned.get(&group.id).copied().unwrap_or(0);
            let reached = planned_people >= target_people;
            let mut found = GroupVerdict {
                group: group.id.clone(),
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
                found.look_closer(request, plan, &mut trials);
                found.cut_short = trials.cut_short;
            }
            Some(found)
        })
        .collect()
}

fn eligible(request: &Request, group: &GroupId) -> u32 {
    let rows = request.campaign.eligible_on(request.from.max(request.campaign.start));
    rows.iter().filter(|(key, _)| key.group == *group).map(|(_, row)| row.people).sum()
}

/// A group that comes before all others has a priority of so much.
const FIRST_PRIORITY: f64 = 1e6;

impl GroupVerdict {
    fn look_closer(&mut self, request: &Request, plan: &Plan, trials: &mut Trials) {
        let mut first = request.campaign.clone();
        for group in first.groups.iter_mut().filter(|group| group.id == self.group) {
            group.priority = FIRST_PRIORITY;
        }
        let Some((best, unplaced)) = trials.run(|| self.best(request, &first)) else {
            self.short_at_best = self.short;
            self.binds = binds(request.campaign, &self.group, &plan.unplaced, &plan.certificate);
            return;
        };
        self.short_at_best = self.target_people.saturating_sub(best.max(self.planned_people));
        let reachable = self.short_at_best == 0;
        self.reachable = Some(reachable);
        let unplaced = if reachable { &plan.unplaced } else { &unplaced };
        self.binds = binds(request.campaign, &self.group, unplaced, &plan.certificate);
        if !reachable {
            self.fixes = self.fixes(request, &first, trials);
        }
    }

    /// People who finish in a plain plan of a campaign, and who has no place in it.
    fn best(&self, request: &Request, campaign: &Campaign) -> (u64, Vec<Unplaced>) {
        let problem = Problem::new(campaign, request.given, request.from);
        let draft = greedy::plan(&problem, &[], 0);
        let finished = measure::finished(&draft);
        let of_group =
            problem.cohorts.iter().zip(finished).filter(|(c, _)| c.key.group == self.group);
        let people = of_group.map(|(_, people)| u64::from(people)).sum();
        (people, explain::unplaced(&draft))
    }

    /// The smallest change of each kind that helps.
    fn fixes(&self, request: &Request, first: &Campaign, trials: &mut Trials) -> Vec<Fix> {
        let from = request.from.max(first.start);
        let mut reaches = |campaign: &Campaign| {
            let people = trials.run(|| self.best(request, campaign).0);
            people.is_some_and(|people| people >= self.target_people)
        };
        let doses_each = u32::try_from(first.series.dose_count()).unwrap_or(1);
        let short = u32::try_from(self.short_at_best).unwrap_or(u32::MAX);
        let most = short.saturating_mul(doses_each).saturating_mul(2);
        let doses = least(most, |n| reaches(&with_doses(first, from, n)));
        let days = least(DAYS_MAX, |n| reaches(&with_days(first, n)));
        let team_days = if first.teams.is_empty() {
            None
        } else {
            let most = u32::try_from(first.day_count()).unwrap_or(0);
            least(most, |n| reaches(&with_team_days(first, from, n)))
        };
        [
            doses.map(|doses| Fix::Doses { doses, by: from }),
            team_days.map(|team_days| Fix::TeamDays { team_days }),
            days.map(|days| Fix::Days { days }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// So many days more are tried at most.
const DAYS_MAX: u32 = 60;
/// Halvings of the search for the smallest change.
const HALVINGS: u32 = 10;

/// The least number up to `most` that helps, to a thousandth of it; `None` where not even `most`
/// does.
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

/// The campaign with one more team like the first for so many of its working days from a day on.
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

/// Who of a group has no place, by constraint.
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
        UnplacedReason::SiteCapacity => of_table(&prices.site_day, &reaches),
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
