//! The first screen: whether a campaign reaches its targets, and where people are missing.

use super::dashboard::Overview;
use super::problems::Problem;
use super::{App, Loaded, Result};
use crate::domain::count::{People, Percent};
use crate::domain::id::GroupId;
use crate::domain::pace::{Pace, PaceDay, Prospect, TargetDay, ahead, pace, reach};
use crate::domain::shortfall::{Shortfall, shortfalls, whole};
use crate::store::unrest;
use chrono::{NaiveDate, TimeDelta};
use std::collections::BTreeMap;

/// Days before the as-of day that are asked for how the plan went.
const LOOK_BACK_DAYS: i64 = 28;

/// How a campaign stands.
#[derive(Debug)]
pub struct Stand {
    /// Its figures, as the summary has them.
    pub overview: Overview,
    /// People eligible in the groups that count: those with a target, or all with a denominator.
    pub eligible: People,
    /// Those who have finished.
    pub finished: People,
    /// Their share.
    pub percent: Option<Percent>,
    /// People who must finish; `None` where no group has a target.
    pub target: Option<People>,
    /// When all targets are reached; `None` without a target or a plan.
    pub reach: Option<TargetDay>,
    /// The same for each group with a target.
    pub groups: Vec<(GroupId, TargetDay)>,
    /// The share of the plan's doses that was given lately.
    pub pace: Pace,
    /// Doses to come, for charts.
    pub prospect: Prospect,
    /// Where people are missing.
    pub short: Vec<Shortfall>,
}

/// How a plan went lately, and what it has on the days to come.
struct Lately {
    pace: Pace,
    /// People who finish, by group and day.
    coming: BTreeMap<GroupId, Vec<(NaiveDate, u64)>>,
    /// Doses by day.
    planned: Vec<(NaiveDate, u64)>,
}

impl Stand {
    /// The target as a share of the eligible.
    pub fn target_percent(&self) -> Option<Percent> {
        self.target.and_then(|target| target.percent_of(self.eligible))
    }
}

impl App {
    /// How a campaign stands at the end of a day, as it is seen on `today`.
    pub async fn stand(
        &self,
        loaded: &Loaded,
        as_of: NaiveDate,
        today: NaiveDate,
    ) -> Result<Stand> {
        let campaign = &loaded.campaign;
        let overview = self.overview(loaded, as_of, today).await?;
        let Lately { pace, coming, planned } = self.pace_of(loaded, as_of, &overview).await?;
        let has_target = campaign.groups.iter().any(|group| group.target.is_some());
        let Shortfall { eligible, finished, .. } = whole(campaign, &overview.tree);
        let targets = campaign.groups.iter().filter(|group| group.target.is_some());
        let needs = targets.zip(&overview.summary.needs);
        let groups: Vec<(GroupId, TargetDay)> = needs
            .filter(|_| overview.plan.is_some())
            .map(|(group, need)| {
                let days = coming.get(&group.id).map_or(&[][..], Vec::as_slice);
                (group.id.clone(), reach((need.target, need.finished), days, pace))
            })
            .collect();
        let all = groups.iter().map(|(_, reach)| *reach);
        let summary = &overview.summary;
        let done = summary.curves.done.last().map_or(0, |(_, doses)| *doses);
        let left: u64 = summary.needs.iter().map(|need| need.doses_left.0).sum();
        let prospect = Prospect {
            today: (campaign.start <= today && today <= campaign.end).then_some(today),
            target: has_target.then_some(done + left),
            ahead: ahead((as_of, done), &planned, pace),
        };
        Ok(Stand {
            prospect,
            short: shortfalls(campaign, &overview.tree),
            percent: finished.percent_of(eligible),
            target: has_target.then(|| overview.summary.needs.iter().map(|need| need.target).sum()),
            reach: all.reduce(TargetDay::and),
            groups,
            pace,
            eligible,
            finished,
            overview,
        })
    }

    /// What of the plan in force cannot be kept; `None` where all of it can.
    pub async fn broken(&self, loaded: &Loaded) -> Result<Option<Problem>> {
        let mut tx = self.store.read().await?;
        let broken = unrest::find(&mut tx, loaded.no).await?.filter(|found| found.total() > 0);
        Ok(broken.map(|found| Problem::PlanBroken {
            seats: found.total(),
            withdrawn: found.withdrawn,
            draft: found.draft,
        }))
    }

    /// How the plan went lately, and what it has on the days to come.
    async fn pace_of(
        &self,
        loaded: &Loaded,
        as_of: NaiveDate,
        overview: &Overview,
    ) -> Result<Lately> {
        let campaign = &loaded.campaign;
        let sessions = self.sessions(loaded).await?;
        let is_here = |place: &str| campaign.place(place).is_some();
        let mut planned: BTreeMap<NaiveDate, u64> = BTreeMap::new();
        let past = (as_of - TimeDelta::days(LOOK_BACK_DAYS), as_of);
        for (key, entry) in sessions.standing(past).filter(|(key, _)| is_here(key.place.as_str())) {
            *planned.entry(key.day).or_default() += entry.doses.values().sum::<u64>();
        }
        let mut before = 0;
        let mut days = Vec::new();
        for (day, doses) in &overview.summary.curves.done {
            let given = doses.saturating_sub(before);
            before = *doses;
            days.push(PaceDay { planned: planned.get(day).copied().unwrap_or(0), given });
        }
        let last = u8::try_from(campaign.series.dose_count()).unwrap_or(u8::MAX);
        let mut coming: BTreeMap<GroupId, BTreeMap<NaiveDate, u64>> = BTreeMap::new();
        let ahead = (as_of + TimeDelta::days(1), campaign.end.max(as_of));
        let mut to_come: BTreeMap<NaiveDate, u64> = BTreeMap::new();
        for (key, entry) in sessions.standing(ahead).filter(|(key, _)| is_here(key.place.as_str()))
        {
            *to_come.entry(key.day).or_default() += entry.doses.values().sum::<u64>();
            let finishing = entry.doses.iter().filter(|((_, dose), _)| *dose == last);
            for ((group, _), doses) in finishing {
                *coming.entry(group.clone()).or_default().entry(key.day).or_default() += doses;
            }
        }
        let coming = coming.into_iter().map(|(group, days)| (group, days.into_iter().collect()));
        let planned = to_come.into_iter().collect();
        Ok(Lately { pace: pace(&days), coming: coming.collect(), planned })
    }
}
