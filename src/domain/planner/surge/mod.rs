//! The question turned round: what would it take? The fewest stations, sites and teams with which groups reach their
//! targets by a day.
//!
//! A linear program over days, places and doses says where more is needed, and its prices prove that less cannot do.
//! What it says is rounded up to whole stations and planned; what the plan does not need is taken away again. So an
//! answer is a plan that was made, and its gap is what lies between it and the proof. Of several campaigns that share
//! places, teams and staff it is one program and one plan (`joint`).

mod joint;
mod means;
mod needs;
mod people;
mod program;
mod resources;
#[cfg(test)]
mod tests;
mod trial;

pub use joint::{JointSurgeQuestion, joint_surge};
pub use means::{Means, MeansError};
pub use people::{CountedStaff, Recruits};
pub use resources::{Resources, StationTerms};

use super::Request;
use super::index::ListIndex as _;
use super::model::Problem;
use super::programme::only;
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::id::{CampaignId, GroupId, LotCode, PlaceCode};
use crate::domain::plan::PlanRow;
use crate::domain::site::{Delivery, Site};
use chrono::NaiveDate;
use needs::{last_dose, needs};
use program::SurgeProgram;
use serde::Serialize;
use std::collections::BTreeMap;
use trial::{Planner, Trial};

/// What is asked.
#[derive(Debug, Clone)]
pub struct SurgeQuestion<'a> {
    /// The campaign, its doses given and the first day. Other fields are not used.
    pub request: Request<'a>,
    /// The day by which the targets are to be reached.
    pub by: NaiveDate,
    /// The groups; empty: all that have a target.
    pub groups: &'a [GroupId],
    /// What can be used more of.
    pub means: &'a Means,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Surge {
    /// First day of the plan.
    pub from: NaiveDate,
    /// The day by which the targets are to be reached.
    pub by: NaiveDate,
    /// Groups and what they reach.
    pub groups: Vec<GroupSurge>,
    /// What it takes; `None` where nothing that was tried is enough.
    pub more: Option<Resources>,
    /// People who work at what it takes at a time, and what opening sites costs. Some of them may be there already.
    pub staff: f64,
    /// No fewer can do.
    pub staff_at_least: f64,
    /// The share of `staff` that is not proven to be needed.
    pub gap: f64,
    /// Doses that the plan gives by day, of all campaigns.
    pub doses: BTreeMap<NaiveDate, u64>,
    /// The rows of that plan.
    #[serde(skip)]
    pub rows: Vec<PlanRow>,
    /// Vaccine that must come beside what is announced, by day.
    pub vaccine: BTreeMap<NaiveDate, u64>,
    /// Cold store that sites lack, in doses of vaccine; fetching more often does as well.
    pub storage: BTreeMap<PlaceCode, u64>,
    /// Whether time ran out before everything was tried: less may do, too.
    pub cut_short: bool,
    /// Whether it is proven that no number of stations and teams is enough.
    pub is_impossible: bool,
    /// What each of several campaigns gives and lacks; empty where there is one, or no answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub campaigns: Vec<CampaignSurge>,
}

/// A campaign's part of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CampaignSurge {
    /// The campaign.
    pub campaign: CampaignId,
    /// Doses that the plan gives for it by day.
    pub doses: BTreeMap<NaiveDate, u64>,
    /// Vaccine that it must have beside what is announced, by day.
    pub vaccine: BTreeMap<NaiveDate, u64>,
}

/// A group, and what can be asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupSurge {
    /// Its campaign; `None` where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// The group.
    pub group: GroupId,
    /// People of its target.
    pub target_people: u64,
    /// The dose that so many are to have by the day: the last one, or the last that the intervals allow anybody.
    pub dose: u8,
    /// Doses of its series.
    pub doses: u8,
    /// Whether anybody of the group can have it by the day; if not, the group is left out.
    pub is_possible: bool,
    /// People who will have had it with what is there today.
    pub today: u64,
    /// People who will have had it with what it takes.
    pub then: u64,
    /// People whom no plan can reach: they live where nobody goes, or are not expected to come.
    pub out_of_reach: u64,
}

/// Steps of the linear program's method.
const STEPS: u32 = 4000;
/// Where a plan falls short of its program, the program is asked for so much more at a time.
const MORE_EACH_TIME: f64 = 0.02;
/// How often; at the end of the longest searches sites that it asks nothing of get more, too.
const TIMES: u32 = 8;
/// A proof may be off by this share because of rounding.
const SLACK: f64 = 1e-6;
/// Steps of the searches for plans; the longer ones are tried where the shorter ones do not reach the targets.
const SEARCHES: [u32; 3] = [100, 400, 1500];

/// A question as the search sees it, of one campaign or of several.
struct Asked<'a> {
    means: &'a Means,
    groups: &'a [GroupId],
    from: NaiveDate,
    by: NaiveDate,
    /// Doses of each campaign given before.
    given: &'a [&'a [GivenRow]],
    /// Doses of each campaign's whole series.
    series: &'a [usize],
    /// The sites with the cold stores that they have.
    sites: &'a [Site],
    /// Plans of all campaigns together.
    plan: &'a Planner<'a>,
}

/// The fewest resources. `time_used` as for [`super::make`].
#[must_use]
pub fn surge(question: &SurgeQuestion<'_>, time_used: &mut dyn FnMut() -> f64) -> Surge {
    let mut base = trial::base(question);
    let mut given: Vec<GivenRow> = question.request.given.to_vec();
    let dose = last_dose(&Problem::new(&base, &given, question.request.from), only());
    // The last dose that the intervals allow anybody by the day is the one that is asked for.
    base.series.doses.truncate(dose.max(1));
    given.retain(|row| usize::from(row.dose) <= dose.max(1));
    let question = &SurgeQuestion {
        request: Request { given: &given, ..question.request },
        ..question.clone()
    };
    let problem = Problem::new(&base, &given, question.request.from);
    let campaign = question.request.campaign;
    let asked = Asked {
        means: question.means,
        groups: question.groups,
        from: question.request.from,
        by: question.by,
        given: &[&given],
        series: &[campaign.series.dose_count()],
        sites: &campaign.sites,
        plan: &trial::alone(question, &base),
    };
    answer(&asked, &problem, time_used)
}

/// Answers a question. The problem is what is there today.
fn answer(asked: &Asked<'_>, problem: &Problem<'_>, time_used: &mut dyn FnMut() -> f64) -> Surge {
    let needs = needs(problem, asked.groups, asked.from);
    let mut trial = Trial::new(asked.plan, &needs, time_used);
    trial.steps = SEARCHES[0];
    let mut found = Surge::nothing(problem.date(problem.first), asked.by);
    let today = trial.reached(&Resources::default());
    let mut then = today.clone();
    if trial.is_enough(&today) {
        found.more = Some(Resources::default());
    } else if needs.iter().any(|need| need.people > 0) {
        let program = SurgeProgram::new(asked.means, problem, &needs);
        then = fewest((asked.means, program), &mut trial, &mut found).unwrap_or(then);
    }
    if found.staff > 0.0 {
        found.gap = ((found.staff - found.staff_at_least) / found.staff).max(0.0);
    }
    found.cut_short = trial.cut_short;
    if let Some(more) = found.more.clone() {
        trial.describe(&more, asked, &mut found);
    }
    let several = problem.programmes.len() > 1;
    found.groups = needs
        .iter()
        .zip(today.iter().zip(&then))
        .map(|(need, (today, then))| {
            let doses = asked.series.get(need.programme.position()).copied();
            let id = &problem.programmes[need.programme].campaign.id;
            GroupSurge {
                campaign: several.then(|| id.clone()),
                group: need.group.clone(),
                target_people: need.target_people,
                dose: need.dose,
                doses: doses.and_then(|doses| u8::try_from(doses).ok()).unwrap_or(u8::MAX),
                is_possible: need.is_possible,
                today: *today,
                then: *then,
                out_of_reach: need.out_of_reach,
            }
        })
        .collect();
    found
}

impl Surge {
    /// Nothing is known yet.
    fn nothing(from: NaiveDate, by: NaiveDate) -> Self {
        Self {
            from,
            by,
            groups: Vec::new(),
            more: None,
            staff: 0.0,
            staff_at_least: 0.0,
            gap: 0.0,
            doses: BTreeMap::new(),
            rows: Vec::new(),
            vaccine: BTreeMap::new(),
            storage: BTreeMap::new(),
            cut_short: false,
            is_impossible: false,
            campaigns: Vec::new(),
        }
    }

    /// The campaign with what it takes, until the day that was asked for: it reaches what the answer says.
    #[must_use]
    pub fn apply(&self, question: &SurgeQuestion<'_>) -> Campaign {
        let more = self.more.clone().unwrap_or_default();
        let mut campaign = more.apply(question.request.campaign, question.means);
        campaign.end = self.by;
        let vaccine = self.vaccine.iter().map(|(&date, &doses)| Delivery {
            lot: LotCode::new(format!("+{date}")),
            product: String::new(),
            date,
            doses: u32::try_from(doses).unwrap_or(u32::MAX),
            expires: self.by,
            doses_per_vial: None,
        });
        campaign.deliveries.extend(vaccine);
        for site in &mut campaign.sites {
            if let (Some(lacks), Some(holds)) = (self.storage.get(&site.code), site.storage_doses) {
                let more = u32::try_from(*lacks).unwrap_or(u32::MAX);
                site.storage_doses = Some(holds.saturating_add(more));
            }
        }
        campaign
    }
}

/// Looks for the fewest resources that are enough; returns the people who get their dose with the last that were tried.
fn fewest(
    (means, mut program): (&Means, SurgeProgram),
    trial: &mut Trial<'_>,
    found: &mut Surge,
) -> Option<Vec<u64>> {
    found.staff_at_least = program.solve(STEPS);
    if found.staff_at_least > program.most() * (1.0 + SLACK) {
        (found.staff_at_least, found.is_impossible) = (0.0, true);
        return None;
    }
    let mut last = None;
    for (steps, time) in
        SEARCHES.iter().flat_map(|steps| (0..TIMES).map(move |time| (*steps, time)))
    {
        trial.steps = steps;
        let factor = 1.0 + f64::from(time) * MORE_EACH_TIME;
        // A longer search comes before stations that the program does not ask for.
        let is_last = SEARCHES.last() == Some(&steps);
        let extra = if is_last { time.saturating_sub(TIMES / 2) } else { 0 };
        let more = program.rounded(factor, extra);
        let people = trial.in_time(&more)?;
        if trial.is_enough(&people) {
            let more = trial.trimmed(more);
            let then = trial.reached(&more);
            found.staff = program.staff(&more, means);
            found.more = Some(more);
            return Some(then);
        }
        last = Some(people);
    }
    last
}
