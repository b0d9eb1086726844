//! Plans of several campaigns that do only what staff can: plan, roster it, and where people are
//! missing plan again with the stations that the roster can open.

use super::model::Problem;
use super::published_plan::{Wish, wishes};
use super::staff_limits::{StaffLimit, Wanting, binding, limits_of, say_staff};
use super::{
    JointRequest, Limits, SearchProgress, check_joint_certificate, explain, greedy, make_joint,
    staff_days,
};
use crate::domain::dose::GivenRow;
use crate::domain::homes::RoundDay;
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::{ClosedDays, Joined, Jurisdiction};
use crate::domain::plan::{JointCertificate, JointPlan, PlanRow, Unplaced};
use crate::domain::roster::{
    self, Duty, Lack, Missing, Needs, Roster, RosterRequest, Staffing, StationGap, station_gaps,
};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// Plans that are made at most, with the share of the time that has passed when each is finished: the first one shows
/// what is wanted, the next ones what can be staffed.
const ROUND_ENDS: [f64; 4] = [0.65, 0.85, 0.95, 1.0];
/// Most steps of a later plan, which starts from the first one's prices.
const LATER_STEPS_MAX: u32 = 1500;
/// Days after the last one for which staff is looked at: a verdict tries later ends.
const DAYS_AFTER: i64 = 60;

/// The campaigns over the places of a jurisdiction, which may do less than it says itself.
pub type Join<'a> = &'a dyn Fn(&Jurisdiction) -> Joined;

/// What is to be planned with staff.
#[derive(Clone, Copy)]
pub struct StaffedRequest<'a> {
    /// Places, staff, leave and crews.
    pub jurisdiction: &'a Jurisdiction,
    /// The campaigns over these places.
    pub join: Join<'a>,
    /// Doses of each campaign given before `from`.
    pub given: &'a [Vec<GivenRow>],
    /// First day that the plan may use.
    pub from: NaiveDate,
    /// Rows of each campaign's adopted plan; a missing list is empty.
    pub published: &'a [Vec<PlanRow>],
    /// Of them, the seats of people who know of them; `None`: everybody was told.
    pub told: Option<&'a [Vec<PlanRow>]>,
    /// The published roster: whoever has a duty is there, and nowhere else.
    pub duties: &'a [Duty],
    /// Plans of campaigns that are not planned here: their people come first.
    pub others: &'a [PlanRow],
    /// Days on which teams make rounds of home visits: their crews work then. That they make no tour is said by `join`.
    pub rounds: &'a [RoundDay],
    /// Prices of an older plan to start from.
    pub warm: Option<&'a JointCertificate>,
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
    /// Places at which staff is the limit.
    pub limits: Vec<StaffLimit>,
    /// Whom they lack; after a search only what would bring anything.
    pub gaps: Vec<StationGap>,
    /// The campaigns over places that do no more than their staff can: what the plan was made of.
    pub joined: Joined,
    /// Plans that were made.
    pub rounds: usize,
}

/// A request with what follows from it once and for all.
struct Task<'a> {
    request: &'a StaffedRequest<'a>,
    /// First and last day of the campaigns, from the plan's first day on.
    span: (NaiveDate, NaiveDate),
    /// What the published roster and the plans of others need.
    held: Needs,
    /// The published roster, with duties for the plans of others: these people are used.
    duties: Vec<Duty>,
    /// Doses that the plans of others give at sites.
    used: BTreeMap<(NaiveDate, String), u32>,
    /// Stations after the last day.
    later: Staffing,
}

impl<'a> Task<'a> {
    fn new(request: &'a StaffedRequest<'a>, open: &Joined) -> Self {
        let (jurisdiction, from) = (request.jurisdiction, request.from);
        let starts = open.campaigns.iter().map(|one| one.campaign.start);
        let ends = open.campaigns.iter().map(|one| one.campaign.end);
        let first = starts.min().unwrap_or(from).max(from);
        let span = (first, ends.max().unwrap_or(from));
        let mut used: BTreeMap<(NaiveDate, String), u32> = BTreeMap::new();
        for row in request.others.iter().filter(|row| row.team.is_none()) {
            *used.entry((row.day, row.place.to_string())).or_default() += row.doses;
        }
        let mut held = Needs::of_duties(jurisdiction, request.duties, first);
        held.and(&Needs::of_known(jurisdiction, request.others));
        held.and(&Needs::of_rounds(jurisdiction, request.rounds));
        let after = (span.1 + TimeDelta::days(1), span.1 + TimeDelta::days(DAYS_AFTER));
        let later = Staffing::most(jurisdiction, after);
        let duties = request.duties.to_vec();
        let mut task = Self { request, span, held, duties, used, later };
        if !task.held.0.is_empty() {
            // A roster without the new plan says who is needed for what is there already.
            let mut duties = task.roster(&task.held, &[]).duties;
            let busy: BTreeSet<(NaiveDate, StaffId)> =
                duties.iter().map(|duty| (duty.date, duty.staff.clone())).collect();
            let is_free = |duty: &&Duty| !busy.contains(&(duty.date, duty.staff.clone()));
            duties.extend(request.duties.iter().filter(is_free).cloned());
            task.duties = duties;
        }
        task
    }

    fn limits_of(&self, round: usize) -> Limits {
        let most = if round == 0 { u32::MAX } else { LATER_STEPS_MAX };
        let limits = self.request.limits;
        Limits { steps: limits.steps.min(most), ..limits }
    }

    /// Where staff lets places do less than they could.
    fn lacks(&self, staffing: &Staffing) -> Vec<Lack> {
        let mut all = staffing.clone();
        all.0.extend(self.later.0.iter().map(|(at, stations)| (at.clone(), *stations)));
        let until = self.span.1 + TimeDelta::days(DAYS_AFTER);
        self.request.jurisdiction.lacks(&all, (self.span.0, until))
    }

    /// The campaigns over places that do no more than their staff can. Places that only campaigns bring have none.
    fn joined(&self, lacks: &[Lack], open: &Joined) -> Joined {
        let own = self.request.jurisdiction;
        let mut held = own.within(lacks, &self.used);
        let sites = open.jurisdiction.sites.iter().map(|row| row.site.code.as_str());
        let sites = sites.filter(|code| own.site_rows(code).is_empty());
        let teams = open.jurisdiction.teams.iter().map(|team| team.code.as_str());
        let teams = teams.filter(|code| own.team(code).is_none());
        let brought: BTreeSet<&str> = sites.chain(teams).collect();
        let (first, last) = (self.span.0, self.span.1 + TimeDelta::days(DAYS_AFTER));
        held.closures.extend(brought.into_iter().map(|code| ClosedDays {
            place: code.to_owned(),
            first,
            last,
            doses: 0,
            reason: None,
        }));
        (self.request.join)(&held)
    }

    /// Whom places lack that hold the plan back, with prices where there was a search.
    fn gaps(
        &self,
        (binding, roster): (&[&Lack], &Roster),
        (held, open): (&Joined, &Joined),
        plan: &mut JointPlan,
    ) -> Vec<StationGap> {
        let (request, from) = (self.request, self.request.from);
        let mut duties = roster.duties.clone();
        duties.extend(request.duties.iter().filter(|duty| duty.date < self.span.0).cloned());
        let mut gaps = station_gaps(request.jurisdiction, binding, &duties, self.span);
        if !request.limits.is_quick() {
            let past = (request.given, from);
            staff_days::price(&mut gaps, (held, open), past, &mut plan.certificate);
        }
        gaps
    }

    /// Whether people are enough for every station of every place on every day.
    fn is_ample(&self, most: &Staffing) -> bool {
        let all = self.roster(&Needs::default(), &most.beyond(&BTreeMap::new()));
        !Staffing(all.stations).is_below(most)
    }

    fn roster(&self, needs: &Needs, spare: &[roster::Further]) -> Roster {
        let (from, until) = self.span;
        let (jurisdiction, before) = (self.request.jurisdiction, self.duties.as_slice());
        let asked = RosterRequest { jurisdiction, needs, before, from, until };
        roster::make_with_spare(&asked, spare)
    }
}

/// Makes plans of several campaigns together that staff can carry out.
pub fn make_staffed(
    request: &StaffedRequest,
    progress: &mut dyn FnMut(SearchProgress),
    time_used: &mut dyn FnMut() -> f64,
) -> StaffedPlan {
    let open = (request.join)(request.jurisdiction);
    let task = Task::new(request, &open);
    let most = Staffing::most(request.jurisdiction, task.span);
    let is_ample = task.is_ample(&most);
    let mut staffing = most.clone();
    let mut first = None::<JointPlan>;
    let mut round = 0;
    loop {
        let lacks = task.lacks(&staffing);
        let joined = task.joined(&lacks, &open);
        let asked = JointRequest {
            joined: &joined,
            given: request.given,
            from: request.from,
            published: request.published,
            told: request.told,
            warm: first.as_ref().map(|plan| &plan.certificate).or(request.warm),
            limits: task.limits_of(round),
        };
        // Where every station can be staffed on every day the first plan is the last.
        let end = if is_ample { 1.0 } else { ROUND_ENDS[round] };
        let mut share = || time_used() / end;
        let mut plan = make_joint(&asked, progress, &mut share);
        round += 1;
        let rows: Vec<PlanRow> =
            plan.campaigns.iter().flat_map(|part| part.rows.iter().cloned()).collect();
        let of_all: Vec<PlanRow> = rows.iter().chain(request.others).cloned().collect();
        let planned = Needs::of_known(&joined.jurisdiction, &of_all);
        let mut needs = planned.clone();
        needs.and(&task.held);
        let roster = task.roster(&needs, &[]);
        let missing = lacked(&roster, &planned, &Needs::of_known(&joined.jurisdiction, &rows));
        if missing.is_empty() || round == ROUND_ENDS.len() {
            judged(request, &open, &mut plan, first.as_ref());
            say_staff(&joined, &lacks, &left_open(request, &open, &plan), &mut plan);
            let wanting = wanting(&joined, &plan);
            let binding = binding(request.jurisdiction, &lacks, (&of_all, &wanting));
            let limits = limits_of(&binding);
            let gaps = task.gaps((&binding, &roster), (&joined, &open), &mut plan);
            return StaffedPlan { plan, missing, limits, gaps, joined, rounds: round };
        }
        let spare = wanted(request, &plan, most.beyond(&roster.stations));
        // The last plan has no more than what was staffed, so nothing new can be missing.
        let spare = if round + 1 < ROUND_ENDS.len() { spare } else { Vec::new() };
        staffing = Staffing(task.roster(&needs, &spare).stations);
        first.get_or_insert(plan);
    }
}

/// Who would have no place if nobody were missing, by campaign; empty where everybody has one.
fn left_open(request: &StaffedRequest, open: &Joined, plan: &JointPlan) -> Vec<Vec<Unplaced>> {
    let mut left = plan.campaigns.iter().flat_map(|part| &part.unplaced);
    if !left.any(|one| one.reason.is_of_places()) {
        return Vec::new();
    }
    let given: Vec<&[GivenRow]> = request.given.iter().map(Vec::as_slice).collect();
    let problem = Problem::joint(open, &given, request.from);
    // Whoever has a place keeps it, and the others get what is left.
    let pairs = problem.programmes.indices().zip(&plan.campaigns);
    let wishes: Vec<Wish> = pairs.flat_map(|(k, part)| wishes(&problem, k, &part.rows)).collect();
    let draft = greedy::plan(&problem, &wishes, problem.end());
    explain::unplaced(&draft).iter().cloned().collect()
}

/// Places for the people whom a plan leaves without one.
fn wanting(joined: &Joined, plan: &JointPlan) -> Wanting {
    let mut out = Wanting::default();
    for (one, part) in joined.campaigns.iter().zip(&plan.campaigns) {
        out.add_unplaced(&one.campaign, &part.unplaced);
    }
    out
}

/// Whom the plan lacks. What was published, or others have planned, and the plan does without is not its own.
fn lacked(roster: &Roster, planned: &Needs, own: &Needs) -> Vec<Missing> {
    let lacks = |one: &&Missing| {
        let key = (one.date, one.place.clone());
        let opens = roster.stations.get(&key).copied().unwrap_or(0);
        own.0.contains_key(&key) && planned.0.get(&key).is_some_and(|need| opens < need.stations)
    };
    roster.missing.iter().filter(lacks).cloned().collect()
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
fn judged(
    request: &StaffedRequest,
    open: &Joined,
    plan: &mut JointPlan,
    first: Option<&JointPlan>,
) {
    let bound = first.map_or(plan.figures.upper_bound, |first| first.figures.upper_bound);
    let all = first.into_iter().map(|first| first.certificate.clone());
    let all = all.chain([plan.certificate.clone()]).map(|mut prices| {
        let (proved, _) = check_joint_certificate(open, &prices, request.given, request.from);
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

#[cfg(test)]
#[path = "staffed_tests.rs"]
mod tests;
