//! The verdict on plans of several campaigns: which groups of each reach their targets, and what the others lack. Every
//! trial plans all campaigns together, so that nobody is told to take what another one needs without a word.

use super::index::{Day, ListIndex as _};
use super::model::Problem;
use super::verdict::{Case, Trials, with_first};
use super::{Fix, GroupVerdict, JointRequest, apply, explain, greedy, measure};
use crate::domain::dose::GivenRow;
use crate::domain::id::GroupId;
use crate::domain::jurisdiction::{ClosedDays, Joined};
use crate::domain::plan::{JointPlan, Unplaced, UnplacedReason};
use chrono::NaiveDate;

/// The verdict on the plan of each campaign, in their order; empty without a search. `time_used` as for
/// [`super::make`].
pub fn joint_verdict(
    request: &JointRequest,
    plan: &JointPlan,
    time_used: &mut dyn FnMut() -> f64,
) -> Vec<Vec<GroupVerdict>> {
    if request.limits.is_quick() {
        return Vec::new();
    }
    let JointRequest { joined, from, .. } = *request;
    let given: Vec<&[GivenRow]> = request.given.iter().map(Vec::as_slice).collect();
    let problem = Problem::joint(joined, &given, from);
    let mut trials = Trials::new(time_used);
    let mut out = Vec::new();
    for (k, part) in problem.programmes.indices().zip(&plan.campaigns) {
        let campaign = &joined.campaigns[k.position()].campaign;
        let lacks = part.unplaced.iter().filter(|one| one.reason == UnplacedReason::Staff);
        let lacks: Vec<&Unplaced> = lacks.collect();
        let best = |group: &GroupId, fix: Option<&Fix>| {
            let changed = changed(joined, (k.position(), group), fix, from);
            let problem = Problem::joint(&changed, &given, from);
            let draft = greedy::plan(&problem, &[], Day::FIRST);
            let unplaced = say_staff(&explain::unplaced(&draft)[k], &lacks);
            (measure::finished_of(&draft, k, group), unplaced)
        };
        let planned = measure::finished_by_group(&problem, k, &part.rows);
        let (unplaced, bound) = (part.unplaced.as_slice(), plan.figures.upper_bound);
        let prices = plan.certificate.of_campaign(&campaign.id, bound);
        let case =
            Case { campaign, from, unplaced, prices: &prices, planned: &planned, best: &best };
        out.push(case.judge(&mut trials));
    }
    out
}

/// What held people back in the plan holds as many of them back in a trial.
fn say_staff(unplaced: &[Unplaced], lacks: &[&Unplaced]) -> Vec<Unplaced> {
    let mut out = Vec::new();
    for one in unplaced {
        let is_its = |held: &&&Unplaced| held.area == one.area && held.group == one.group;
        let held = lacks.iter().filter(is_its).map(|held| held.people).sum::<u32>();
        let staff = if one.reason.is_of_places() { held.min(one.people) } else { 0 };
        let parts = [(staff, UnplacedReason::Staff), (one.people - staff, one.reason)];
        let parts = parts.into_iter().filter(|(people, _)| *people > 0);
        out.extend(parts.map(|(people, reason)| Unplaced { people, reason, ..one.clone() }));
    }
    out
}

/// The campaigns with a group of one of them before all others, and a change of that campaign. A further team is there
/// for all of them.
fn changed(
    joined: &Joined,
    (at, group): (usize, &GroupId),
    fix: Option<&Fix>,
    from: NaiveDate,
) -> Joined {
    let mut out = joined.clone();
    let first = with_first(&out.campaigns[at].campaign, group);
    let known = (first.closures.len(), first.teams.len());
    let day = from.max(first.start);
    let mut changed = fix.map_or_else(|| first.clone(), |fix| apply(&first, day, fix));
    let closures = changed.closures.split_off(known.0);
    let teams = changed.teams.split_off(known.1);
    out.jurisdiction.closures.extend(closures.iter().map(ClosedDays::of));
    out.campaigns[at].campaign = changed;
    for one in &mut out.campaigns {
        one.campaign.teams.extend(teams.iter().cloned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::joint_tests::local;
    use super::super::testing::{eligible, lot, plain, start};
    use super::super::{Limits, Request, make_joint, make_judged};
    use super::*;
    use crate::domain::campaign::Campaign;
    use crate::domain::jurisdiction::{Jurisdiction, LocalCampaign};
    use rust_decimal::Decimal;

    /// A campaign with a target, which has vaccine for so many people and no dose more.
    fn aims(id: &str, people: u32) -> Campaign {
        let mut campaign = plain();
        campaign.id = id.into();
        campaign.groups[0].target = Some(Decimal::new(9, 1));
        campaign.eligible = vec![eligible("A1", "all", 40)];
        campaign.deliveries = vec![lot("L1", 0, people * 2 * 20 / 19 + 1, 60)];
        campaign
    }

    fn judged(campaigns: &[Campaign]) -> Vec<Vec<GroupVerdict>> {
        let county = Jurisdiction::of_campaign(&plain());
        let locals: Vec<LocalCampaign> = campaigns.iter().map(local).collect();
        let joined = county.join(&locals, start());
        let request = JointRequest {
            joined: &joined,
            given: &[],
            from: start(),
            published: &[],
            told: None,
            warm: None,
            limits: Limits::steps(64),
        };
        let plan = make_joint(&request, &mut |_| {}, &mut || 0.0);
        joint_verdict(&request, &plan, &mut || 0.0)
    }

    #[test]
    fn each_campaign_has_a_verdict_and_what_one_lacks_is_not_the_others() {
        let found = judged(&[aims("a", 40), aims("b", 10)]);
        assert_eq!(found.len(), 2);
        let (a, b) = (&found[0][0], &found[1][0]);
        assert!(a.reached && a.fixes.is_empty(), "{a:?}");
        assert_eq!((b.target_people, b.reached, b.reachable), (36, false, Some(false)), "{b:?}");
        assert_eq!(b.binds.first().map(|bind| bind.reason), Some(UnplacedReason::Supply), "{b:?}");
        let is_vaccine = |fix: &Fix| matches!(fix, Fix::Doses { doses, .. } if *doses > 0);
        assert!(b.fixes.iter().any(is_vaccine), "{b:?}");
    }

    #[test]
    fn one_campaign_over_a_jurisdiction_is_judged_as_it_is_alone() {
        let campaign = aims("a", 10);
        let request = Request {
            campaign: &campaign,
            given: &[],
            from: start(),
            published: &[],
            told: None,
            warm: None,
            limits: Limits::steps(64),
        };
        let (_, alone) = make_judged(&request, &mut |_| {}, &mut || 0.0);
        let found = judged(std::slice::from_ref(&campaign));
        let said = |one: &GroupVerdict| (one.target_people, one.reached, one.reachable);
        assert_eq!(said(&found[0][0]), said(&alone[0]));
    }
}
