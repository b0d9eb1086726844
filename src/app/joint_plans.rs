//! Plans over the places of the jurisdiction: made together, checked together, put in force together.

use super::assigning::ToAssign;
use super::assigning::outset;
use super::loaded::only_open;
use super::locking::Kept;
use super::plan_basis::{Basis, BasisPlan, BasisSearch, Part};
use super::plans::{Adopted, Made, Search, draft_to_adopt, in_force, made_by, rows_on};
use super::staffing::StaffOutcome;
use super::{
    App, AppError, Loaded, Refused, Result, fault_words, home_days, home_plans, millis, today,
};
use crate::domain::audit::Action;
use crate::domain::dose::GivenRow;
use crate::domain::id::{CampaignId, CampaignNo};
use crate::domain::jurisdiction::Joined;
use crate::domain::permission::{self, Actor, Power};
use crate::domain::plan::{
    Certificate, JointCertificate, JointPlan, Plan, PlanRow, PlanState, is_over,
};
use crate::domain::planner::{self, GroupVerdict};
use crate::store::audit::Act;
use crate::store::plans::{self, NewPlan, PlanHead};
use crate::store::{Tx, bookings, jurisdictions, unrest};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// Drafts of several campaigns that were made together.
#[derive(Debug)]
pub struct MadeTogether {
    /// The campaigns and the numbers of their drafts, in the order of the plan.
    pub drafts: Vec<(Loaded, i64)>,
    /// First day that they plan.
    pub from: NaiveDate,
    /// The plan.
    pub plan: JointPlan,
    /// Which groups of each campaign reach their targets; empty where there was no search, or a job made them.
    pub verdict: Vec<Vec<GroupVerdict>>,
    /// Where staff is the limit.
    pub staff: StaffOutcome,
}

impl From<MadeTogether> for Made {
    /// The first campaign's draft.
    fn from(made: MadeTogether) -> Self {
        let part = &made.plan.campaigns[0];
        let figures = made.plan.figures_of(part);
        let certificate = made.plan.certificate.of_campaign(&part.campaign, figures.upper_bound);
        Self {
            no: made.drafts[0].1,
            from: made.from,
            plan: Plan {
                rows: part.rows.clone(),
                unplaced: part.unplaced.clone(),
                stages: made.plan.stages,
                figures,
                certificate,
            },
            verdict: made.verdict.into_iter().next().unwrap_or_default(),
            staff: made.staff,
        }
    }
}

impl App {
    /// Makes a draft for each of these campaigns, so that they fit together, and stores them. What the adopted plans of
    /// others that share places use is theirs. `wanted`: the first day; else the first one of which people can still be
    /// told.
    pub async fn make_together(
        &self,
        all: &[Loaded],
        wanted: Option<NaiveDate>,
        by: Actor<'_>,
        search: Search<'_>,
        now: DateTime<Utc>,
    ) -> Result<MadeTogether> {
        permission::may(by, Power::Plan)?;
        only_open(all)?;
        let mut tx = self.store.read().await?;
        let (from, parts, basis) = self.begin_together(&mut tx, all, wanted, now).await?;
        drop(tx);
        let given = histories(&parts);
        let published: Vec<Vec<PlanRow>> =
            parts.iter().map(|part| part.published.clone()).collect();
        let told: Option<Vec<Vec<PlanRow>>> = parts.iter().map(|part| part.told.clone()).collect();
        let told = told.as_deref();
        let Search { limits, progress, time_used } = search;
        // The night goes on from yesterday's prices.
        let is_night = matches!(by, Actor::Job(_)) && limits.steps > 0;
        let warm = JointCertificate::gathered(&prices(&parts)).filter(|_| is_night);
        let warm = warm.as_ref();
        let asked = BasisSearch { given: &given, published: &published, told, warm, limits };
        // Planning takes a core for a while, so the runtime moves other tasks away.
        let (made, verdict) = tokio::task::block_in_place(|| {
            let made = basis.make(&asked, progress, time_used);
            // Nobody reads what a job is told.
            let is_read = !matches!(by, Actor::Job(_));
            let verdict = if is_read { made.verdict(&asked, from, time_used) } else { Vec::new() };
            (made, verdict)
        });
        let BasisPlan { mut plan, staff, .. } = made;
        let mut act = self.act((by, Power::Plan), Action::PlanMake, now).await?;
        for (part, made) in parts.iter().zip(&mut plan.campaigns) {
            let days = (today(&part.loaded.campaign, now), part.open);
            home_plans::say_rounds(act.tx(), part.loaded, days, &mut made.unplaced).await?;
        }
        let mut drafts = Vec::new();
        for (part, made) in parts.iter().zip(&plan.campaigns) {
            let figures = plan.figures_of(made);
            let id = &part.loaded.campaign.id;
            let new = NewPlan {
                version: part.loaded.version,
                from: part.open,
                made_by: made_by(by),
                figures: &figures,
                unplaced: &made.unplaced,
                rows: &made.rows,
                given_doses: part.begun.given_doses,
                certificate: &plan.certificate.of_campaign(id, figures.upper_bound),
            };
            let no = plans::insert(&mut act, part.loaded.no, &new, millis(now)).await?;
            drafts.push((part.loaded.clone(), no));
        }
        act.commit(None, &said(drafts.iter().map(|(one, no)| (&one.campaign.id, *no)))).await?;
        Ok(MadeTogether { drafts, from, plan, verdict, staff })
    }

    /// The first day of a plan of campaigns, what each begins with, and what the plan is made over: less what the
    /// adopted plans of others that share places use, with what people booked. Fails without a campaign.
    pub(super) async fn begin_together<'a>(
        &self,
        tx: &mut Tx,
        all: &'a [Loaded],
        wanted: Option<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<(NaiveDate, Vec<Part<'a>>, Basis)> {
        let first = all.first().ok_or(AppError::NoCampaign)?;
        let day = today(&first.campaign, now);
        let from = self.first_day(tx, all, wanted, day).await?;
        let parts = parts_from(tx, all, (day, from)).await?;
        let mut basis = Basis::load(tx, &parts, (day, from)).await?;
        let others = self.others(tx, &parts, &basis, now).await?;
        basis.leave_to(&parts, others);
        basis.keep_bookings(tx, &parts).await?;
        Ok((from, parts, basis))
    }

    /// Puts the drafts of some campaigns in force and assigns their people.
    async fn adopt_parts(
        &self,
        act: &mut Act,
        parts: Vec<Part<'_>>,
        heads: &[Heads],
        now: DateTime<Utc>,
    ) -> Result<Vec<(Loaded, Adopted)>> {
        let mut wanted = Vec::new();
        for (part, heads) in parts.into_iter().zip(heads) {
            let Some(draft) = &heads.draft else { continue };
            plans::adopt(act, part.loaded.no, draft.no, millis(now)).await?;
            wanted.push(ToAssign { loaded: part.loaded, plan: draft.no, begun: part.begun });
        }
        let drafts: Vec<(&Loaded, i64)> = wanted.iter().map(|one| (one.loaded, one.plan)).collect();
        let people = Box::pin(self.assign_all(act.tx(), wanted, now)).await?;
        let mut out = Vec::new();
        for ((loaded, no), people) in drafts.into_iter().zip(people) {
            unrest::clear(act.tx(), loaded.no).await?;
            out.push((loaded.clone(), Adopted { no, people }));
        }
        Ok(out)
    }

    /// The first day of a plan: the one that was asked for, else the first of which people can still be told. It is
    /// after the day that people have been told of, and not before every campaign's start. Campaigns that are all over
    /// are planned from their start, as a replay or an exercise wants it.
    pub(super) async fn first_day(
        &self,
        tx: &mut Tx,
        all: &[Loaded],
        wanted: Option<NaiveDate>,
        day: NaiveDate,
    ) -> Result<NaiveDate> {
        let start = all.iter().map(|one| one.campaign.start).min();
        if wanted.is_none() && all.iter().all(|one| is_over(&one.campaign, day)) {
            return Ok(start.unwrap_or(day));
        }
        let stored = jurisdictions::newest(tx).await?;
        let notice = stored.jurisdiction.map_or(1, |found| found.notice_days);
        let mut from = wanted.unwrap_or(day + TimeDelta::days(i64::from(notice)));
        for loaded in all {
            let adopted = plans::newest(tx, loaded.no, PlanState::Adopted).await?;
            from = from.max(outset::open_day(adopted.as_ref(), from, day));
        }
        Ok(start.map_or(from, |start| from.max(start)))
    }

    /// Puts drafts of campaigns that share places in force, all or none, and assigns people to them. What
    /// breaks a rule with what is known now, or together with the plans of those that have no draft, is refused.
    pub(super) async fn adopt_drafts(
        &self,
        all: &[Loaded],
        wanted: Drafts,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Loaded, Adopted)>> {
        let mut act = self.act((by, Power::Plan), Action::PlanAdopt, now).await?;
        only_open(all)?;
        let tx = act.tx();
        let day = today(&all.first().ok_or(AppError::NoCampaign)?.campaign, now);
        let mut heads = Vec::new();
        for loaded in all {
            bookings::lock(tx, loaded.no).await?;
            let adopted = plans::newest(tx, loaded.no, PlanState::Adopted).await?;
            let draft = wanted.of(tx, loaded, day).await?;
            let open = draft.as_ref().map(|draft| {
                let open = outset::open_day(adopted.as_ref(), draft.from, day);
                open.max(loaded.campaign.start)
            });
            heads.push(Heads { adopted, draft, open });
        }
        let Some(from) = heads.iter().filter_map(|one| one.open).min() else {
            return Err(AppError::refused("refused-no-draft", &[]));
        };
        let (mut parts, mut plans_of) = (Vec::new(), Vec::new());
        for (loaded, Heads { adopted, draft, open }) in all.iter().zip(&heads) {
            let open = open.unwrap_or(from.max(loaded.campaign.start));
            let (mut rows, mut published, mut first) = (Vec::new(), Vec::new(), open);
            if let Some(head) = draft.as_ref().or(adopted.as_ref()) {
                rows = rows_on(tx, loaded, head.no, open).await?;
                first = head.from;
            }
            if let Some(head) = adopted {
                published = rows_on(tx, loaded, head.no, open).await?;
            }
            if let Some(head) = draft {
                may_adopt(tx, loaded, (head, open), (&published, &rows)).await?;
            }
            let known = day.min(open);
            let mut begun =
                Box::pin(outset::begin(tx, loaded, known, (&rows, first, open))).await?;
            if known < day {
                // The days of the plan have passed: nobody can be called to them.
                begun.register = None;
            }
            // What stays in force before the draft begins uses the places, too.
            let mut used = in_force(tx, loaded, from, open).await?;
            used.extend(rows.into_iter().filter(|row| row.day >= open));
            plans_of.push(used);
            let has_plan = !published.is_empty();
            parts.push(Part { loaded, open, has_plan, published, told: None, prices: None, begun });
        }
        let joined = Basis::load(tx, &parts, (day, from)).await?.joined();
        fits(&joined, (&parts, &heads), &plans_of, from)?;
        let out = Box::pin(self.adopt_parts(&mut act, parts, &heads, now)).await?;
        match out.as_slice() {
            [(one, adopted)] => {
                act.commit(Some(one.campaign.id.as_str()), &adopted.no.to_string()).await?;
            }
            all => {
                let numbers = all.iter().map(|(one, adopted)| (&one.campaign.id, adopted.no));
                act.commit(None, &said(numbers)).await?;
            }
        }
        Ok(out)
    }
}

/// Refuses a draft that changes a locked session, or needs a team on the day of its round of home visits.
async fn may_adopt(
    tx: &mut Tx,
    loaded: &Loaded,
    (draft, open): (&PlanHead, NaiveDate),
    (published, rows): (&[PlanRow], &[PlanRow]),
) -> Result<()> {
    Kept::read(tx, loaded.no, open).await?.allow(draft, (published, rows))?;
    home_days::leaves_rounds(tx, loaded, draft.no, rows, open).await
}

/// What campaigns begin with when they are planned from a day on.
pub(super) async fn parts_from<'a>(
    tx: &mut Tx,
    all: &'a [Loaded],
    (day, from): (NaiveDate, NaiveDate),
) -> Result<Vec<Part<'a>>> {
    let mut parts = Vec::new();
    for loaded in all {
        let adopted = plans::newest(tx, loaded.no, PlanState::Adopted).await?;
        let open = from.max(loaded.campaign.start);
        let (mut published, mut prices) = (Vec::new(), None);
        if let Some(head) = &adopted {
            published = rows_on(tx, loaded, head.no, open).await?;
            prices = plans::certificate(tx, loaded.no, head.no).await?;
        }
        let first = adopted.map_or(open, |head| head.from);
        let rows = (published.as_slice(), first, open);
        let begun = Box::pin(outset::begin(tx, loaded, day.min(open), rows)).await?;
        let has_plan = !published.is_empty();
        let published = published.into_iter().filter(|row| row.day >= open).collect();
        let told = begun.register.as_ref().map(|register| register.told(open));
        parts.push(Part { loaded, open, has_plan, published, told, prices, begun });
    }
    Ok(parts)
}

/// The prices of the plans in force.
fn prices(parts: &[Part<'_>]) -> Vec<(CampaignId, Certificate)> {
    let of_part = |part: &Part<'_>| {
        let prices = part.prices.clone()?;
        Some((part.loaded.campaign.id.clone(), prices))
    };
    parts.iter().filter_map(of_part).collect()
}

/// Which drafts are to be adopted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Drafts {
    /// The newest of each campaign that has one.
    Newest,
    /// One campaign's: the one with this number, or its newest.
    One(CampaignNo, Option<i64>),
}

impl Drafts {
    async fn of(self, tx: &mut Tx, loaded: &Loaded, day: NaiveDate) -> Result<Option<PlanHead>> {
        match self {
            Self::One(no, draft) if no == loaded.no => {
                draft_to_adopt(tx, loaded, draft, day).await.map(Some)
            }
            Self::One(..) => Ok(None),
            Self::Newest => {
                let Some(head) = plans::newest(tx, loaded.no, PlanState::Draft).await? else {
                    return Ok(None);
                };
                draft_to_adopt(tx, loaded, Some(head.no), day).await.map(Some)
            }
        }
    }
}

/// A campaign's plan in force and the draft that is to be adopted, with the first day on which that may place anything.
struct Heads {
    adopted: Option<PlanHead>,
    draft: Option<PlanHead>,
    open: Option<NaiveDate>,
}

/// Refuses drafts that break a rule, alone or together. What the plans of campaigns without a draft break among
/// themselves is not theirs.
fn fits(
    joined: &Joined,
    (parts, heads): (&[Part<'_>], &[Heads]),
    rows: &[Vec<PlanRow>],
    from: NaiveDate,
) -> Result<()> {
    let report = planner::check_joint(joined, rows, &histories(parts), from);
    let draft_of = |id: &CampaignId| {
        let at = parts.iter().position(|part| part.loaded.campaign.id == *id)?;
        heads[at].draft.as_ref()
    };
    let is_fault = |one: &&planner::JointViolation| {
        let mut drafts = one.campaigns.iter().filter_map(draft_of).peekable();
        let is_ours = drafts.peek().is_some();
        is_ours && !drafts.any(|head| one.violation.is_listed(&head.unplaced))
    };
    let broken: Vec<_> = report.violations.iter().filter(is_fault).collect();
    let Some(first) = broken.first() else { return Ok(()) };
    let refused = Refused::new("refused-drafts-faults", &[("count", &broken.len())]);
    let refused = refused.with("first", |language| fault_words::of_joint_plan(language, first));
    Err(AppError::Refused(refused))
}

/// The doses that each campaign's plan begins with.
pub(super) fn histories(parts: &[Part<'_>]) -> Vec<Vec<GivenRow>> {
    parts.iter().map(|part| part.begun.outset.history.clone()).collect()
}

/// `flu-2026 12, ppv23 13`, for the audit.
fn said<'a>(drafts: impl Iterator<Item = (&'a CampaignId, i64)>) -> String {
    drafts.map(|(id, no)| format!("{id} {no}")).collect::<Vec<_>>().join(", ")
}
