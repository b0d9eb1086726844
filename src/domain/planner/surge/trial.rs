//! Plans with more resources: whether they are enough, and with how little less.

use super::super::index::ListIndex as _;
use super::super::{Limits, Request, lot_draws, make};
use super::needs::Need;
use super::{Asked, CampaignSurge, Resources, Surge, SurgeQuestion};
use crate::domain::campaign::Campaign;
use crate::domain::id::{GroupId, LotCode, PlaceCode};
use crate::domain::plan::PlanRow;
use crate::domain::site::Delivery;
use chrono::{NaiveDate, TimeDelta};
use std::collections::BTreeMap;

/// The lot of the vaccine that is not announced.
const LOT: &str = "+";
/// Trials end at this share of the time limit.
const ENDS: f64 = 0.95;
/// Groups that are asked for come before all others.
const FIRST_PRIORITY: f64 = 1e3;

/// A campaign and its plan.
pub(super) type Planned = (Campaign, Vec<PlanRow>);

/// Plans with more resources, found in so many steps.
pub(super) type Planner<'a> = dyn Fn(&Resources, u32) -> Vec<Planned> + 'a;

/// The campaign until the day that is asked for, with vaccine and cold stores that do not bind.
pub(super) fn base(question: &SurgeQuestion<'_>) -> Campaign {
    let mut campaign = question.request.campaign.clone();
    ask(&mut campaign, (question.request.from, question.by), question.groups);
    campaign
}

/// Makes a campaign one that ends on a day, with vaccine and cold stores that do not bind and some groups first.
pub(super) fn ask(campaign: &mut Campaign, (from, by): (NaiveDate, NaiveDate), groups: &[GroupId]) {
    campaign.end = by;
    let from = from.max(campaign.start);
    let people: u32 = campaign.eligible.iter().map(|row| row.people).sum();
    let doses = u32::try_from(campaign.series.dose_count()).unwrap_or(1);
    campaign.deliveries.push(Delivery {
        lot: LotCode::from(LOT),
        product: String::new(),
        date: from,
        // Enough for everybody where half of the vaccine is lost.
        doses: people.saturating_mul(doses).saturating_mul(2).max(1),
        // What is announced is used first.
        expires: campaign.end + TimeDelta::days(3650),
        doses_per_vial: None,
    });
    for site in &mut campaign.sites {
        site.storage_doses = None;
    }
    for group in campaign.groups.iter_mut().filter(|one| groups.contains(&one.id)) {
        group.priority *= FIRST_PRIORITY;
    }
}

/// Plans of one campaign.
pub(super) fn alone<'q>(
    question: &'q SurgeQuestion<'q>,
    base: &'q Campaign,
) -> impl Fn(&Resources, u32) -> Vec<Planned> + 'q {
    move |more, steps| {
        let campaign = more.apply(base, question.means);
        let request = Request {
            campaign: &campaign,
            published: &[],
            told: None,
            warm: None,
            limits: Limits::steps(steps),
            ..question.request
        };
        let rows = make(&request, &mut |_| {}, &mut || 0.0).rows;
        vec![(campaign, rows)]
    }
}

/// Plans of resources.
pub(super) struct Trial<'t> {
    plan: &'t Planner<'t>,
    needs: &'t [Need],
    time_used: &'t mut dyn FnMut() -> f64,
    takes: f64,
    /// Steps of the search for each plan: the plain plan of a tight county is far from the best.
    pub(super) steps: u32,
    /// Whether a trial was skipped.
    pub(super) cut_short: bool,
}

impl<'t> Trial<'t> {
    pub(super) fn new(
        plan: &'t Planner<'t>,
        needs: &'t [Need],
        time_used: &'t mut dyn FnMut() -> f64,
    ) -> Self {
        Self { plan, needs, time_used, takes: 0.0, steps: 0, cut_short: false }
    }

    /// People of each need who have had their dose in the plan with these resources.
    pub(super) fn reached(&self, more: &Resources) -> Vec<u64> {
        self.counted(&(self.plan)(more, self.steps))
    }

    /// The same; `None` if there is no time for it.
    pub(super) fn in_time(&mut self, more: &Resources) -> Option<Vec<u64>> {
        let began = (self.time_used)();
        if began > 0.0 && began + self.takes >= ENDS {
            self.cut_short = true;
            return None;
        }
        let people = self.reached(more);
        self.takes = (self.time_used)() - began;
        Some(people)
    }

    fn counted(&self, plans: &[Planned]) -> Vec<u64> {
        let count = |need: &Need| {
            let rows = plans.get(need.programme.position()).into_iter().flat_map(|one| &one.1);
            let own = rows.filter(|row| row.group == need.group && row.dose == need.dose);
            need.had + own.map(|row| u64::from(row.doses)).sum::<u64>()
        };
        self.needs.iter().map(count).collect()
    }

    /// Whether so many people meet all needs.
    pub(super) fn is_enough(&self, people: &[u64]) -> bool {
        self.needs.iter().zip(people).all(|(need, people)| *people >= need.had + need.people)
    }

    /// The resources without what is not needed: what is taken away last is needed.
    pub(super) fn trimmed(&mut self, mut more: Resources) -> Resources {
        let mut codes: Vec<Option<PlaceCode>> = vec![None];
        // The fewest stations first: a site that is not opened at all saves most.
        let mut sites: Vec<(u32, PlaceCode)> =
            more.stations.iter().map(|(code, count)| (*count, code.clone())).collect();
        sites.sort();
        codes.extend(sites.into_iter().map(|(_, code)| Some(code)));
        let mut is_less = true;
        while is_less {
            is_less = false;
            for code in &codes {
                let Some(fewer) = fewer(&more, code.as_ref()) else { continue };
                let Some(people) = self.in_time(&fewer) else { return more };
                if self.is_enough(&people) {
                    more = fewer;
                    is_less = true;
                }
            }
        }
        more
    }

    /// What the plan with these resources gives and draws.
    pub(super) fn describe(&self, more: &Resources, asked: &Asked<'_>, found: &mut Surge) {
        let mut stored: BTreeMap<(PlaceCode, NaiveDate), u64> = BTreeMap::new();
        for (at, (campaign, rows)) in (self.plan)(more, self.steps).into_iter().enumerate() {
            let id = campaign.id.clone();
            let mut own =
                CampaignSurge { campaign: id, doses: BTreeMap::new(), vaccine: BTreeMap::new() };
            found.rows.extend(rows.iter().cloned());
            for row in &rows {
                *own.doses.entry(row.day).or_default() += u64::from(row.doses);
            }
            let given = asked.given.get(at).copied().unwrap_or_default();
            for draw in lot_draws(&campaign, &rows, given, asked.from) {
                if draw.lot.as_str() == LOT {
                    *own.vaccine.entry(draw.taken).or_default() += draw.vaccine_doses;
                }
                if let Some(site) = draw.site {
                    *stored.entry((site, draw.taken)).or_default() += draw.vaccine_doses;
                }
            }
            for (sum, part) in [(&mut found.doses, &own.doses), (&mut found.vaccine, &own.vaccine)]
            {
                for (day, doses) in part {
                    *sum.entry(*day).or_default() += doses;
                }
            }
            found.campaigns.push(own);
        }
        if found.campaigns.len() == 1 {
            found.campaigns.clear();
        }
        for ((code, _), doses) in stored {
            let site = asked.sites.iter().find(|site| site.code == code);
            let Some(holds) = site.and_then(|site| site.storage_doses) else { continue };
            let lacks = doses.saturating_sub(u64::from(holds));
            if lacks > 0 {
                let most = found.storage.entry(code).or_default();
                *most = lacks.max(*most);
            }
        }
    }
}

/// One station or team less; `None` where there is none.
fn fewer(more: &Resources, code: Option<&PlaceCode>) -> Option<Resources> {
    let mut fewer = more.clone();
    match code {
        None => fewer.teams = more.teams.checked_sub(1)?,
        Some(code) => {
            let left = more.stations.get(code)?.checked_sub(1)?;
            if left == 0 {
                fewer.stations.remove(code);
            } else {
                fewer.stations.insert(code.clone(), left);
            }
        }
    }
    Some(fewer)
}
