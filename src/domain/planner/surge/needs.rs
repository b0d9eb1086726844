//! What each group needs so that it reaches its target.

use super::super::index::{Day, ProgrammeIndex};
use super::super::model::{Cohort, Problem};
use crate::domain::count::ceil_of;
use crate::domain::id::GroupId;
use chrono::NaiveDate;

/// What a group needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    /// The programme of its campaign.
    pub(super) programme: ProgrammeIndex,
    /// The group.
    pub(super) group: GroupId,
    /// People of its target.
    pub(super) target_people: u64,
    /// People who have had the dose.
    pub(super) had: u64,
    /// People who still need it and can have it.
    pub(super) people: u64,
    /// The dose, from 1.
    pub(super) dose: u8,
    /// Whether anybody can have it by the day.
    pub(super) is_possible: bool,
    /// People of the target whom no plan reaches.
    pub(super) out_of_reach: u64,
}

impl Need {
    /// Whether a cohort is of this group.
    pub(super) fn is_of(&self, cohort: &Cohort) -> bool {
        cohort.programme == self.programme && cohort.key.group == self.group
    }
}

/// The last dose that somebody of a programme can have by the end.
pub(super) fn last_dose(problem: &Problem<'_>, programme: ProgrammeIndex) -> usize {
    let own = problem.cohorts.iter().filter(|cohort| cohort.programme == programme);
    own.map(|cohort| last_dose_of(problem, programme, cohort.opens)).max().unwrap_or(0)
}

/// The last dose that somebody can have by the end who starts on a day or later.
fn last_dose_of(problem: &Problem<'_>, programme: ProgrammeIndex, opens: Day) -> usize {
    let programme = &problem.programmes[programme];
    let mut dose = 0;
    let mut day = Some(opens.max(programme.first)).filter(|day| *day < programme.end);
    while let Some(at) = day {
        dose += 1;
        let next = programme.windows.get(dose - 1).map(|days| days[at]);
        day = next.filter(|(low, high)| low <= high).map(|(low, _)| low);
    }
    dose
}

/// What each group needs of the last dose of its series. `groups`: those that are asked for; empty: all that have a
/// target.
pub(super) fn needs(problem: &Problem<'_>, groups: &[GroupId], from: NaiveDate) -> Vec<Need> {
    let asked = |group: &GroupId| groups.is_empty() || groups.contains(group);
    let mut needs = Vec::new();
    for (k, programme) in problem.programmes.pairs() {
        let (campaign, dose) = (programme.campaign, programme.doses());
        let rows = campaign.eligible_on(from.max(campaign.start));
        for group in campaign.groups.iter().filter(|group| asked(&group.id)) {
            let Some(target) = group.target else { continue };
            let own = rows.iter().filter(|(key, _)| key.group == group.id);
            let eligible: u32 = own.map(|(_, row)| row.people).sum();
            let target_people = u64::from(ceil_of(eligible, target));
            let is_own = |cohort: &&Cohort| cohort.programme == k && cohort.key.group == group.id;
            let cohorts = problem.cohorts.iter().filter(is_own);
            let opens = cohorts.clone().map(|cohort| cohort.opens).min();
            let possible = opens.map_or(0, |opens| last_dose_of(problem, k, opens));
            let had: u64 = cohorts.clone().map(|cohort| u64::from(cohort.finished)).sum();
            let expected: u64 = cohorts
                .filter(|cohort| !problem.catchments[cohort.catchment].places.is_empty())
                .map(|cohort| {
                    let waiting = cohort.waiting.iter().map(|run| u64::from(run.people));
                    u64::from(cohort.new_people) + waiting.sum::<u64>()
                })
                .sum();
            let wanted = target_people.saturating_sub(had);
            let people = if possible < dose { 0 } else { wanted.min(expected) };
            needs.push(Need {
                programme: k,
                group: group.id.clone(),
                target_people,
                had,
                people,
                dose: u8::try_from(dose).unwrap_or(u8::MAX),
                is_possible: possible >= dose,
                out_of_reach: if possible < dose { 0 } else { wanted - people },
            });
        }
    }
    needs
}
