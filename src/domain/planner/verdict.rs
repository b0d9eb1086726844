//! The verdict on a plan: which groups reach their targets by the campaign's end, what holds the
//! others back, and what would help. Every fix was tried before it is named.

use super::index::Day;
use super::model::Problem;
use super::programme::only;
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
struct Trials<'t> {
    time_used: &'t mut dyn FnMut() -> f64,
    /// The share of the time limit that the last trial took.
    takes: f64,
    /// Whether a trial had to be skipped.
    cut_short: bool,
}

impl Trials<'_> {
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

/// The verdict on a plan for a request. `time_used` as for [`super::make`].
pub fn verdict(
    request: &Request,
    plan: &Plan,
    time_used: &mut dyn FnMut() -> f64,
) -> Vec<GroupVerdict> {
    let mut trials = Trials { time_used, takes: 0.0, cut_short: false };
    let campaign = request.campaign;
    let problem = Problem::new(campaign, request.given, request.from);
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

/// Priority of a group that is to come before all others.
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
        let draft = greedy::plan(&problem, &[], Day::FIRST);
        let unplaced = explain::unplaced(&draft)[only()].clone();
        (measure::finished_of(&draft, &self.group), unplaced)
    }

    /// The smallest change of each kind that makes the target reachable.
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

#[cfg(test)]
mod tests {
    use super::super::testing::{eligible, group, plain, start};
    use super::super::{Limits, make};
    use super::*;
    use rust_decimal::Decimal;

    /// The verdict on the plain plan of a campaign.
    fn judged(campaign: &Campaign) -> Vec<GroupVerdict> {
        let (limits, from) = (Limits::QUICK, start());
        let request = Request { campaign, given: &[], from, published: &[], warm: None, limits };
        let plan = make(&request, &mut |_| {}, &mut || 0.0);
        verdict(&request, &plan, &mut || 0.0)
    }

    fn targets(campaign: &mut Campaign, targets: &[i64]) {
        for (group, target) in campaign.groups.iter_mut().zip(targets) {
            group.target = Some(Decimal::new(*target, 2));
        }
    }

    #[test]
    fn the_least_number_that_helps_is_found_to_a_thousandth() {
        for (most, needed, want) in [(0, 0, None), (9, 10, None), (9, 9, Some(9)), (9, 1, Some(1))]
        {
            assert_eq!(least(most, |n| n >= needed), want, "{needed} of {most}");
        }
        let found = least(100_000, |n| n >= 33_333).expect("it helps");
        assert!((33_333..33_440).contains(&found), "{found}");
        assert_eq!(least(1000, |n| n >= 333), Some(333));
    }

    #[test]
    fn a_group_without_a_target_has_no_verdict_and_a_reached_one_needs_nothing() {
        let mut campaign = plain();
        campaign.groups.push(group("few", 2.0));
        campaign.eligible = vec![eligible("A1", "all", 40), eligible("A1", "few", 9)];
        assert_eq!(judged(&campaign), []);
        campaign.groups[1].target = Some(Decimal::new(91, 2));
        let found = judged(&campaign);
        assert_eq!(found.len(), 1);
        // 91 % of nine people are 8.19: nine.
        assert_eq!((found[0].target_people, found[0].planned_people), (9, 9));
        assert_eq!((found[0].reached, found[0].short, found[0].reachable), (true, 0, Some(true)));
        assert!(found[0].fixes.is_empty() && found[0].binds.is_empty() && !found[0].cut_short);
    }

    #[test]
    fn a_group_that_others_crowd_out_is_reachable_first_and_vaccine_binds() {
        // Vaccine for 40 people: the first group gets all of it, the second could have.
        let mut campaign = plain();
        campaign.groups = vec![group("dear", 2.0), group("cheap", 1.0)];
        campaign.eligible = vec![eligible("A1", "dear", 40), eligible("A1", "cheap", 40)];
        campaign.deliveries[0].doses = 85;
        targets(&mut campaign, &[90, 75]);
        let found = judged(&campaign);
        assert!(found[0].reached);
        let cheap = &found[1];
        assert_eq!((cheap.target_people, cheap.planned_people), (30, 0));
        assert_eq!((cheap.reached, cheap.short), (false, 30));
        assert_eq!((cheap.reachable, cheap.short_at_best), (Some(true), 0));
        let binds: Vec<_> = cheap.binds.iter().map(|bind| (bind.reason, bind.people)).collect();
        assert_eq!(binds, [(UnplacedReason::Supply, 40)]);
        assert_eq!(cheap.binds[0].areas, ["A1".into()]);
        assert!(cheap.fixes.is_empty(), "it is only a matter of priority");
    }

    #[test]
    fn a_target_beyond_the_vaccine_names_the_doses_that_make_it_reachable() {
        let mut campaign = plain();
        campaign.eligible[0].people = 60;
        campaign.deliveries[0].doses = 106;
        campaign.teams.clear();
        targets(&mut campaign, &[100]);
        let found = judged(&campaign);
        let one = &found[0];
        assert_eq!((one.target_people, one.planned_people, one.short), (60, 48, 12));
        assert_eq!((one.reachable, one.short_at_best), (Some(false), 12));
        let [Fix::Doses { doses, by }] = one.fixes[..] else { panic!("{:?}", one.fixes) };
        assert_eq!(by, start());
        let planned = |doses| {
            let fixed = apply(&campaign, start(), &Fix::Doses { doses, by });
            judged(&fixed)[0].planned_people
        };
        assert_eq!(planned(doses), 60);
        assert!(planned(doses - 1) < 60, "the smallest number, {doses}");
    }

    #[test]
    fn when_the_time_is_up_nothing_is_tried_and_that_is_said() {
        let mut campaign = plain();
        campaign.deliveries[0].doses = 106;
        targets(&mut campaign, &[100]);
        let (limits, from) = (Limits::QUICK, start());
        let request =
            Request { campaign: &campaign, given: &[], from, published: &[], warm: None, limits };
        let plan = make(&request, &mut |_| {}, &mut || 0.0);
        let one = &verdict(&request, &plan, &mut || 1.0)[0];
        assert!(one.cut_short && one.reachable.is_none() && one.fixes.is_empty());
        assert_eq!(one.short_at_best, one.short);
        assert_eq!(one.binds.iter().map(|bind| bind.people).sum::<u64>(), one.short);
    }

    #[test]
    fn a_fix_changes_one_thing() {
        let campaign = plain();
        let by = start() + TimeDelta::days(3);
        let doses = apply(&campaign, start(), &Fix::Doses { doses: 7, by });
        assert_eq!(doses.deliveries.len(), 2);
        let lot = &doses.deliveries[1];
        assert_eq!((lot.doses, lot.date, lot.expires), (7, by, campaign.end));
        let days = apply(&campaign, start(), &Fix::Days { days: 5 });
        assert_eq!((days.end - campaign.end).num_days(), 5);
        let team = apply(&campaign, by, &Fix::TeamDays { team_days: 2 });
        assert_eq!(team.teams.len(), 2);
        // From Thursday on it works Thursday and Friday; every later working day is closed.
        let first = team.closures.first().map(|closure| (closure.day - start()).num_days());
        assert_eq!((first, team.closures.len()), (Some(7), 39));
        assert!(team.closures.iter().all(|one| one.place == "+" && one.doses == 0));
    }

    #[test]
    fn what_binds_has_the_days_on_which_it_has_a_price() {
        let mut campaign = plain();
        campaign.deliveries.push(super::super::testing::lot("L2", 20, 9, 90));
        let on = |n| start() + TimeDelta::days(n);
        let table = |code: &str, days: &[(i64, f64)]| -> PriceTable {
            let days = days.iter().map(|&(n, price)| (on(n), price)).collect();
            [(code.to_owned(), days)].into_iter().collect()
        };
        let days = [(4, 1e-9), (5, 1.0), (9, 2.0), (11, 0.0)];
        let prices = Certificate {
            site_day: table("S1", &days),
            storage: table("S1", &[(14, 1.0)]),
            stop_day: table("P1", &days),
            lot: [("L2".to_owned(), 1.0)].into_iter().collect(),
            ..Certificate::default()
        };
        let of = |reason, area: &str| {
            let unplaced = [
                Unplaced { area: area.into(), group: "all".into(), people: 3, reason },
                Unplaced { area: area.into(), group: "all".into(), people: 4, reason },
                Unplaced { area: area.into(), group: "other".into(), people: 9, reason },
            ];
            let found = binds(&campaign, &"all".into(), &unplaced, &prices);
            assert_eq!((found.len(), found[0].people, found[0].areas.len()), (1, 7, 1));
            found[0].days.map(|(a, b)| ((a - start()).num_days(), (b - start()).num_days()))
        };
        assert_eq!(of(UnplacedReason::SiteCapacity, "A1"), Some((5, 9)));
        assert_eq!(of(UnplacedReason::SiteCapacity, "A2"), None, "the site does not serve it");
        assert_eq!(of(UnplacedReason::Storage, "A1"), Some((14, 14)));
        assert_eq!(of(UnplacedReason::TeamDays, "A1"), None, "no such stop");
        assert_eq!(of(UnplacedReason::Supply, "A1"), Some((20, 59)), "cut to the campaign");
        assert_eq!(of(UnplacedReason::Horizon, "A1"), None);
    }
}
