//! Plans of several campaigns that do only what staff can: plan, roster it, and where people are
//! missing plan again with the stations that the roster can open.

use super::{JointRequest, Limits, SearchProgress, check_joint_certificate, make_joint};
use crate::domain::dose::GivenRow;
use crate::domain::jurisdiction::{ClosedDays, Joined, Jurisdiction, LocalCampaign};
use crate::domain::plan::{JointPlan, PlanRow};
use crate::domain::roster::{self, Missing, Needs, Roster, RosterRequest, Staffing};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Plans that are made at most, with the share of the time that has passed when each is finished: the first one shows
/// what is wanted, the next ones what can be staffed.
const ROUND_ENDS: [f64; 4] = [0.65, 0.85, 0.95, 1.0];
/// Most steps of a later plan, which starts from the first one's prices.
const LATER_STEPS_MAX: u32 = 1500;

/// What is to be planned with staff.
#[derive(Debug, Clone, Copy)]
pub struct StaffedRequest<'a> {
    /// Places, staff, leave and crews.
    pub jurisdiction: &'a Jurisdiction,
    /// The campaigns.
    pub campaigns: &'a [LocalCampaign],
    /// Doses of each campaign given before `from`.
    pub given: &'a [Vec<GivenRow>],
    /// First day that the plan may use.
    pub from: NaiveDate,
    /// How long to search.
    pub limits: Limits,
}

/// A plan that staff can carry out.
#[derive(Debug, Clone)]
pub struct StaffedPlan {
    /// The plan. Its bound holds for every plan with this staff; its certificate proves what the
    /// same prices prove without a look at staff.
    pub plan: JointPlan,
    /// Who is missing for it all the same; empty but for instances that no round could mend.
    pub missing: Vec<Missing>,
    /// Plans that were made.
    pub rounds: usize,
}

impl StaffedRequest<'_> {
    fn limits_of(&self, round: usize) -> Limits {
        let most = if round == 0 { u32::MAX } else { LATER_STEPS_MAX };
        Limits { steps: self.limits.steps.min(most), ..self.limits }
    }

    fn span(&self) -> (NaiveDate, NaiveDate) {
        let starts = self.campaigns.iter().map(|one| one.campaign.start);
        let ends = self.campaigns.iter().map(|one| one.campaign.end);
        let first = starts.min().unwrap_or(self.from).max(self.from);
        (first, ends.max().unwrap_or(self.from))
    }

    fn joined(&self, staffing: &Staffing) -> Joined {
        let (first, last) = self.span();
        let mut held = self.jurisdiction.within(staffing, (first, last));
        // Places that only campaigns bring have no staff.
        for own in self.campaigns {
            let sites = own.limits.iter().map(|limit| limit.row.site.code.as_str());
            let sites = sites.filter(|code| self.jurisdiction.site_rows(code).is_empty());
            let teams = own.campaign.teams.iter().map(|team| team.code.as_str());
            let teams = teams.filter(|code| self.jurisdiction.team(code).is_none());
            held.closures.extend(sites.chain(teams).map(|code| ClosedDays {
                place: code.to_owned(),
                first,
                last,
                doses: 0,
                reason: None,
            }));
        }
        held.join(self.campaigns, self.from)
    }

    /// Whether people are enough for every station of every place on every day.
    fn is_ample(&self, most: &Staffing) -> bool {
        let all = self.roster(&Needs::default(), &most.beyond(&BTreeMap::new()));
        !Staffing(all.stations).is_below(most)
    }

    fn roster(&self, needs: &Needs, spare: &[roster::Further]) -> Roster {
        let (from, until) = self.span();
        let jurisdiction = self.jurisdiction;
        let asked = RosterRequest { jurisdiction, needs, before: &[], from, until };
        roster::make_with_spare(&asked, spare)
    }
}

/// Makes plans of several campaigns together that staff can carry out.
pub fn make_staffed(
    request: &StaffedRequest,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> StaffedPlan {
    let most = Staffing::most(request.jurisdiction, request.span());
    let is_ample = request.is_ample(&most);
    let mut staffing = most.clone();
    let mut first = None::<JointPlan>;
    let mut round = 0;
    loop {
        let joined = request.joined(&staffing);
        let asked = JointRequest {
            joined: &joined,
            given: request.given,
            from: request.from,
            published: &[],
            warm: first.as_ref().map(|plan| &plan.certificate),
            limits: request.limits_of(round),
        };
        // Where every station can be staffed on every day the first plan is the last.
        let end = if is_ample { 1.0 } else { ROUND_ENDS[round] };
        let mut share = || time_used() / end;
        let mut plan = make_joint(&asked, progress, &mut share);
        round += 1;
        let rows: Vec<PlanRow> =
            plan.campaigns.iter().flat_map(|part| part.rows.iter().cloned()).collect();
        // Every place of the plan is in the joined jurisdiction.
        let needs = Needs::of_plans(&joined.jurisdiction, &rows).unwrap_or_default();
        let roster = request.roster(&needs, &[]);
        let is_last = round == ROUND_ENDS.len();
        if roster.missing.is_empty() || is_last {
            judged(request, &mut plan, first.as_ref());
            return StaffedPlan { plan, missing: roster.missing, rounds: round };
        }
        let spare = wanted(request, &plan, most.beyond(&roster.stations));
        // The last plan has no more than what was staffed, so nothing new can be missing.
        let spare = if round + 1 < ROUND_ENDS.len() { spare } else { Vec::new() };
        staffing = Staffing(request.roster(&needs, &spare).stations);
        first.get_or_insert(plan);
    }
}

/// Further stations in the order of what their doses are worth, by the prices of a plan.
fn wanted(
    request: &StaffedRequest,
    plan: &JointPlan,
    mut further: Vec<roster::Further>,
) -> Vec<roster::Further> {
    let prices = &plan.certificate.site_day;
    let mut worth: BTreeMap<(NaiveDate, String), f64> = BTreeMap::new();
    for (day, place, _) in &further {
        let of_place = prices.get(place.as_str());
        let price = of_place.and_then(|days| days.get(day)).copied().unwrap_or(0.0);
        let row = request.jurisdiction.site_on(place, *day);
        let doses = row.and_then(|row| row.doses_of(1)).map_or(1.0, f64::from);
        worth.insert((*day, place.clone()), price * doses);
    }
    further.sort_by(|a, b| {
        let of = |one: &roster::Further| worth.get(&(one.0, one.1.clone())).copied();
        let (a_worth, b_worth) = (of(a).unwrap_or(0.0), of(b).unwrap_or(0.0));
        b_worth.total_cmp(&a_worth).then_with(|| a.cmp(b))
    });
    further
}

/// Puts the bound that holds with this staff into the figures: that of the first plan, which had every
/// station that people could staff on a day. The certificate has the prices that prove most over the
/// places as they are typed: whoever checks it need not know about staff.
fn judged(request: &StaffedRequest, plan: &mut JointPlan, first: Option<&JointPlan>) {
    let open = request.jurisdiction.join(request.campaigns, request.from);
    let bound = first.map_or(plan.figures.upper_bound, |first| first.figures.upper_bound);
    let all = first.into_iter().map(|first| first.certificate.clone());
    let all = all.chain([plan.certificate.clone()]).map(|mut prices| {
        let (proved, _) = check_joint_certificate(&open, &prices, request.given, request.from);
        prices.upper_bound = proved;
        prices
    });
    if let Some(best) = all.min_by(|a, b| a.upper_bound.total_cmp(&b.upper_bound)) {
        plan.certificate = best;
    }
    for figures in [&mut plan.figures, &mut plan.stages.greedy, &mut plan.stages.objective] {
        figures.upper_bound = bound;
        figures.gap = if bound > 0.0 { (bound - figures.objective) / bound } else { 0.0 };
    }
}
