//! What it would take of several campaigns that share places, teams and staff.

use super::super::model::Problem;
use super::super::{JointRequest, Limits, make_joint};
use super::needs::last_dose;
use super::trial::{Planned, ask};
use super::{Asked, Means, Resources, Surge, answer};
use crate::domain::dose::GivenRow;
use crate::domain::id::GroupId;
use crate::domain::jurisdiction::{AgreedSession, Joined, JoinedCampaign};
use chrono::{NaiveDate, TimeDelta};

/// What is asked of several campaigns.
#[derive(Debug, Clone)]
pub struct JointSurgeQuestion<'a> {
    /// The campaigns over the places of their jurisdiction, each begun by the day that is asked for.
    pub joined: &'a Joined,
    /// Doses of each campaign given before the first day; a missing list is empty.
    pub given: &'a [Vec<GivenRow>],
    /// The first day.
    pub from: NaiveDate,
    /// The day by which the targets are to be reached.
    pub by: NaiveDate,
    /// The groups, of whichever campaign; empty: all that have a target.
    pub groups: &'a [GroupId],
    /// What can be used more of.
    pub means: &'a Means,
}

/// The fewest resources with which all campaigns reach their targets together. `time_used` as for
/// [`super::super::make`].
#[must_use]
pub fn joint_surge(question: &JointSurgeQuestion<'_>, time_used: &mut dyn FnMut() -> f64) -> Surge {
    let JointSurgeQuestion { from, by, groups, means, .. } = *question;
    let start = question.joined.campaigns.iter().map(|one| one.campaign.start).min();
    let before = start.unwrap_or(from) - TimeDelta::days(1);
    let mut base = base(question, before);
    let series: Vec<usize> =
        base.campaigns.iter().map(|one| one.campaign.series.dose_count()).collect();
    let mut given = question.given.to_vec();
    given.resize(base.campaigns.len(), Vec::new());
    let doses = last_doses(&base, &given, from);
    for ((one, given), dose) in base.campaigns.iter_mut().zip(&mut given).zip(doses) {
        one.campaign.series.doses.truncate(dose);
        set_aside(one, before, |session| session.dose.is_some_and(|of| usize::from(of) > dose));
        given.retain(|row| usize::from(row.dose) <= dose);
    }
    let lists: Vec<&[GivenRow]> = given.iter().map(Vec::as_slice).collect();
    let problem = Problem::joint(&base, &lists, from);
    let plan = |more: &Resources, steps: u32| -> Vec<Planned> {
        let joined = more.join(&base, means);
        let request = JointRequest {
            joined: &joined,
            given: &given,
            from,
            published: &[],
            told: None,
            warm: None,
            limits: Limits::steps(steps),
        };
        let made = make_joint(&request, &mut |_| {}, &mut || 0.0);
        let campaigns = joined.campaigns.into_iter().map(|one| one.campaign);
        campaigns.zip(made.campaigns.into_iter().map(|part| part.rows)).collect()
    };
    let sites = question.joined.campaigns.first().map(|one| one.campaign.sites.as_slice());
    let asked = Asked {
        means,
        groups,
        from,
        by,
        given: &lists,
        series: &series,
        sites: sites.unwrap_or_default(),
        plan: &plan,
    };
    answer(&asked, &problem, time_used)
}

/// The campaigns until the day that is asked for, with vaccine and cold stores that do not bind. `before`: a day before
/// all of them.
fn base(question: &JointSurgeQuestion<'_>, before: NaiveDate) -> Joined {
    let JointSurgeQuestion { joined, from, by, groups, .. } = *question;
    let mut base = joined.clone();
    for row in &mut base.jurisdiction.sites {
        row.site.storage_doses = None;
    }
    for one in &mut base.campaigns {
        for limit in one.limits.values_mut().flatten() {
            limit.row.site.storage_doses = None;
        }
        set_aside(one, before, |session| session.day > by);
        ask(&mut one.campaign, (from, by), groups);
    }
    base
}

/// Agreed sessions that are not held by the day; their people still go nowhere else.
fn set_aside(
    campaign: &mut JoinedCampaign,
    before: NaiveDate,
    is_off: impl Fn(&AgreedSession) -> bool,
) {
    for session in campaign.sessions.iter_mut().filter(|session| is_off(session)) {
        session.day = before;
    }
}

/// The last dose of each campaign that the intervals allow anybody by the day.
fn last_doses(base: &Joined, given: &[Vec<GivenRow>], from: NaiveDate) -> Vec<usize> {
    let lists: Vec<&[GivenRow]> = given.iter().map(Vec::as_slice).collect();
    let problem = Problem::joint(base, &lists, from);
    problem.programmes.indices().map(|k| last_dose(&problem, k).max(1)).collect()
}
