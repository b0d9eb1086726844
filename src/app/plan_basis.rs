//! What plans of several campaigns are made over: the places of the jurisdiction with the people to plan for, less what
//! the plans of others use and what people booked.

use super::assigning::outset::Begun;
use super::locking::Kept;
use super::places::owns;
use super::staffing::StaffOutcome;
use super::{App, Loaded, Result, home_days, today};
use crate::domain::booking::kept_sessions;
use crate::domain::dose::GivenRow;
use crate::domain::group::Eligible;
use crate::domain::homes::RoundDay;
use crate::domain::id::PlaceCode;
use crate::domain::jurisdiction::{
    AgreedSession, ClosedDays, Joined, JoinedCampaign, Jurisdiction, LocalCampaign,
};
use crate::domain::outset::{OtherPlan, bound_by_store, rows_of_others, taken_by_others};
use crate::domain::plan::{Certificate, JointCertificate, JointPlan, PlanRow, PlanState, is_over};
use crate::domain::planner::{
    self, GroupVerdict, JointRequest, Limits, SearchProgress, StaffedPlaces, StaffedRequest,
    TogetherAsStaffed,
};
use crate::domain::roster::Duty;
use crate::domain::site::Closure;
use crate::store::{Tx, bookings, duties, homes, jurisdictions, plans};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeSet;

/// What a campaign begins with in a plan of several.
pub(super) struct Part<'a> {
    pub(super) loaded: &'a Loaded,
    /// First day on which the plan may place anything.
    pub(super) open: NaiveDate,
    /// Whether a plan was adopted before, whatever of it is still to come.
    pub(super) has_plan: bool,
    /// Rows of the adopted plan from that day on.
    pub(super) published: Vec<PlanRow>,
    /// Of them, the seats of people who know of them; `None` where there is no register.
    pub(super) told: Option<Vec<PlanRow>>,
    /// Its prices.
    pub(super) prices: Option<Certificate>,
    pub(super) begun: Begun,
}

/// The adopted plans of campaigns that are not planned.
#[derive(Default)]
pub(super) struct Others {
    /// Of those that share places with the planned ones.
    near: Vec<(Loaded, Vec<PlanRow>)>,
    /// Rows of all others; none where nobody has counted the staff.
    far: Vec<PlanRow>,
}

/// A campaign's own share in what the plan is made over.
#[derive(Default)]
struct Share {
    /// The people to plan for.
    eligible: Vec<Eligible>,
    /// Its own use of places is limited by these.
    limits: Vec<Closure>,
    /// Sessions that are locked, or that people booked.
    sessions: Vec<AgreedSession>,
}

/// Places, campaigns, and what each may use.
pub(super) struct Basis {
    /// The jurisdiction with everything that campaigns bring.
    all: Jurisdiction,
    /// Sites that only campaigns bring.
    brought: BTreeSet<PlaceCode>,
    locals: Vec<LocalCampaign>,
    shares: Vec<Share>,
    /// What the plans of those others use that share places.
    taken: Vec<PlanRow>,
    /// Rows of others, whose people come first.
    others: Vec<PlanRow>,
    /// The published roster; empty where nobody has counted the staff.
    duties: Vec<Duty>,
    /// Days on which teams make rounds of home visits: no tours then.
    rounds: Vec<RoundDay>,
    /// The first day of the plan.
    from: NaiveDate,
}

/// A search over a basis.
pub(super) struct BasisSearch<'a> {
    /// Doses of each campaign given before.
    pub(super) given: &'a [Vec<GivenRow>],
    /// Rows of each campaign's adopted plan.
    pub(super) published: &'a [Vec<PlanRow>],
    /// Of them, the seats of people who know of them; `None`: everybody was told.
    pub(super) told: Option<&'a [Vec<PlanRow>]>,
    /// Prices to start from.
    pub(super) warm: Option<&'a JointCertificate>,
    /// How long to search.
    pub(super) limits: Limits,
}

/// A plan, what it was made of, and what is said of staff.
pub(super) struct BasisPlan {
    pub(super) plan: JointPlan,
    pub(super) joined: Joined,
    pub(super) staff: StaffOutcome,
}

impl BasisPlan {
    /// Which groups of each campaign reach their targets with it; empty where there was no search.
    pub(super) fn verdict(
        &self,
        search: &BasisSearch<'_>,
        from: NaiveDate,
        time_used: &mut dyn FnMut() -> f64,
    ) -> Vec<Vec<GroupVerdict>> {
        let BasisSearch { given, published, limits, .. } = *search;
        let request = JointRequest {
            joined: &self.joined,
            given,
            from,
            published,
            told: None,
            warm: None,
            limits,
        };
        let mut all = planner::joint_verdict(&request, &self.plan, time_used);
        for (one, verdict) in self.joined.campaigns.iter().zip(&mut all) {
            planner::say_gaps(verdict, &one.campaign, &self.staff.gaps);
        }
        all
    }
}

impl App {
    /// The adopted plans of campaigns that are not among these.
    pub(super) async fn others(
        &self,
        tx: &mut Tx,
        parts: &[Part<'_>],
        basis: &Basis,
        now: DateTime<Utc>,
    ) -> Result<Others> {
        let Some(first) = parts.first() else { return Ok(Others::default()) };
        let is_planned = |one: &Loaded| parts.iter().any(|part| part.loaded.no == one.no);
        let near = self.together(first.loaded, now).await?;
        let mut found = Others::default();
        for other in near.iter().filter(|one| !is_planned(one)) {
            if let Some(head) = plans::newest(tx, other.no, PlanState::Adopted).await? {
                let rows = super::plans::rows_on(tx, other, head.no, head.from).await?;
                found.near.push((other.clone(), rows));
            }
        }
        if !basis.has_staff() {
            return Ok(found);
        }
        let is_near = |one: &Loaded| near.iter().any(|other| other.no == one.no);
        for other in self.campaigns_in(tx).await? {
            let is_on = other.is_open && !is_over(&other.campaign, today(&other.campaign, now));
            if !is_on || is_planned(&other) || is_near(&other) {
                continue;
            }
            if let Some(head) = plans::newest(tx, other.no, PlanState::Adopted).await? {
                found.far.extend(super::plans::rows_on(tx, &other, head.no, head.from).await?);
            }
        }
        Ok(found)
    }
}

impl Basis {
    /// The campaigns over the places of the jurisdiction, with the people to plan for. Sites that fetch vaccine on some
    /// weekdays give what was published until they fetch again.
    pub(super) async fn load(
        tx: &mut Tx,
        parts: &[Part<'_>],
        (day, from): (NaiveDate, NaiveDate),
    ) -> Result<Self> {
        let stored = jurisdictions::newest(tx).await?;
        let mut owns = owns(tx).await?;
        let (mut locals, mut shares) = (Vec::new(), Vec::new());
        for part in parts {
            let at = owns.iter().position(|one| one.no == Some(part.loaded.no));
            locals.push(owns.swap_remove(at.expect("a stored campaign has its own part")).own);
            let campaign = &part.begun.outset.campaign;
            let rows = campaign.eligible_on(part.open).into_iter();
            let eligible = rows.map(|(key, row)| Eligible { area: key.area, ..row.clone() });
            let limits = if part.has_plan {
                bound_by_store(campaign, &part.published, (day, part.open))
            } else {
                Vec::new()
            };
            shares.push(Share { eligible: eligible.collect(), limits, sessions: Vec::new() });
        }
        let all = stored.jurisdiction.expect("campaigns bring their places");
        let published = if all.staff.is_empty() {
            Vec::new()
        } else {
            duties::published(tx, (NaiveDate::MIN, NaiveDate::MAX)).await?
        };
        Ok(Self {
            all,
            brought: stored.brought,
            locals,
            shares,
            taken: Vec::new(),
            others: Vec::new(),
            duties: published,
            rounds: homes::days(tx, from).await?,
            from,
        })
    }

    /// Lets the campaigns go on until a day, with whatever vaccine their sites can fetch.
    pub(super) fn until(&mut self, by: NaiveDate) {
        for (local, share) in self.locals.iter_mut().zip(&mut self.shares) {
            local.campaign.end = by;
            share.limits.clear();
        }
    }

    /// The jurisdiction with everything that campaigns bring.
    pub(super) fn all(&self) -> &Jurisdiction {
        &self.all
    }

    /// Rows of others and days of rounds that stay: their people are used.
    pub(super) fn staying(&self) -> (&[PlanRow], &[RoundDay]) {
        (&self.others, &self.rounds)
    }

    /// The campaigns over places that do what the counted staff can until a day, and the days on which sites wait for
    /// people.
    pub(super) fn staffed(&self, by: NaiveDate) -> TogetherAsStaffed {
        self.staffed_as(&self.all, by)
    }

    /// The same where the jurisdiction has other people.
    pub(super) fn staffed_as(&self, of: &Jurisdiction, by: NaiveDate) -> TogetherAsStaffed {
        let span = (self.from, by);
        let StaffedPlaces { jurisdiction, unstaffed } =
            StaffedPlaces::new(of, (&self.others, &self.rounds), span);
        (self.join(&jurisdiction), unstaffed)
    }

    /// Whether somebody has counted the staff.
    fn has_staff(&self) -> bool {
        !self.all.staff.is_empty()
    }

    /// Leaves to the campaigns that are not planned what their adopted plans use.
    pub(super) fn leave_to(&mut self, parts: &[Part<'_>], others: Others) {
        let near: Vec<OtherPlan<'_>> = others
            .near
            .iter()
            .map(|(other, rows)| OtherPlan { campaign: &other.campaign, rows })
            .collect();
        for (share, part) in self.shares.iter_mut().zip(parts) {
            let campaign = &part.begun.outset.campaign;
            share.limits.extend(taken_by_others(campaign, &near, part.open));
        }
        self.taken = rows_of_others(&near, self.from);
        let rows = others.near.into_iter().flat_map(|(_, rows)| rows).chain(others.far);
        self.others = rows.filter(|row| row.day >= self.from).collect();
    }

    /// Keeps the sessions at sites that people confirmed or booked as they were published.
    pub(super) async fn keep_bookings(&mut self, tx: &mut Tx, parts: &[Part<'_>]) -> Result<()> {
        for (share, part) in self.shares.iter_mut().zip(parts) {
            let campaign = part.loaded.campaign.on(part.open);
            let mut answered = bookings::answered(tx, part.loaded.no, part.open).await?;
            let locks = Kept::read(tx, part.loaded.no, part.open).await?;
            answered.extend(locks.seats(&part.published));
            answered.retain(|one| one.day <= campaign.end);
            let room = |place: &PlaceCode, day| locks.room(&campaign, place, day);
            let kept = kept_sessions(&part.published, &answered, room);
            share.sessions = locks.fences(&kept);
            share.sessions.extend(kept);
        }
        Ok(())
    }

    /// The campaigns over places that do what they can.
    pub(super) fn joined(&self) -> Joined {
        self.join(&self.all)
    }

    /// The same over places that may do less.
    fn join(&self, held: &Jurisdiction) -> Joined {
        let mut held = held.clone();
        held.sites.retain(|row| !self.brought.contains(&row.site.code));
        held.closures.extend(home_days::closures(&self.rounds).map(|one| ClosedDays::of(&one)));
        let mut joined = held.join(&self.locals, self.from);
        for (one, share) in joined.campaigns.iter_mut().zip(&self.shares) {
            one.campaign.eligible.clone_from(&share.eligible);
            for closure in &share.limits {
                limit(one, closure);
            }
            one.sessions.extend(share.sessions.iter().cloned());
        }
        joined.taken.clone_from(&self.taken);
        joined
    }

    /// Makes a plan: where staff is counted, one that it can carry out.
    pub(super) fn make(
        &self,
        search: &BasisSearch<'_>,
        progress: &mut dyn FnMut(SearchProgress),
        time_used: &mut dyn FnMut() -> f64,
    ) -> BasisPlan {
        let BasisSearch { given, published, told, warm, limits } = *search;
        let from = self.from;
        if !self.has_staff() {
            let joined = self.joined();
            let request =
                JointRequest { joined: &joined, given, from, published, told, warm, limits };
            let plan = planner::make_joint(&request, progress, time_used);
            return BasisPlan { plan, joined, staff: StaffOutcome::default() };
        }
        let request = StaffedRequest {
            jurisdiction: &self.all,
            join: &|held| self.join(held),
            given,
            from,
            published,
            told,
            duties: &self.duties,
            others: &self.others,
            rounds: &self.rounds,
            warm,
            limits,
        };
        let made = planner::make_staffed(&request, progress, time_used);
        let staff = StaffOutcome { missing: made.missing, limits: made.limits, gaps: made.gaps };
        BasisPlan { plan: made.plan, joined: made.joined, staff }
    }
}

/// Limits a campaign's own use of places; what limits it more already stays.
fn limit(campaign: &mut JoinedCampaign, new: &Closure) {
    let is_it =
        |one: &&ClosedDays| one.place == new.place && one.first <= new.day && new.day <= one.last;
    let doses = campaign.closures.iter().filter(is_it).map(|one| one.doses).min();
    let doses = doses.map_or(new.doses, |held| held.min(new.doses));
    campaign.closures.push(ClosedDays::of(&Closure { doses, ..new.clone() }));
}
