//! Plans of the campaigns that share places: made together, and put in force together.

use super::assigning::assign_in;
use super::assigning::outset::{self, Begun};
use super::places::owns;
use super::plans::{Adopted, Search, draft_to_adopt, in_force, made_by, rows_on};
use super::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::dose::GivenRow;
use crate::domain::group::Eligible;
use crate::domain::id::{CampaignId, CampaignNo};
use crate::domain::job::{Job, RunState};
use crate::domain::jurisdiction::{ClosedDays, Joined};
use crate::domain::outset::bound_by_store;
use crate::domain::permission::{self, Actor, Power};
use crate::domain::plan::{JointPlan, PlanRow, PlanState, is_over};
use crate::domain::planner::{self, JointRequest};
use crate::store::audit::Act;
use crate::store::plans::{self, NewPlan, PlanHead};
use crate::store::{Tx, jurisdictions, runs, unrest};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeSet;

/// A campaign's draft.
#[derive(Debug)]
pub struct Draft {
    /// The campaign.
    pub loaded: Loaded,
    /// The draft's number.
    pub no: i64,
    /// Its rows.
    pub rows: Vec<PlanRow>,
}

/// Drafts that were made together, or the one of a campaign that shares nothing.
#[derive(Debug)]
pub struct MadePlans {
    /// The drafts.
    pub drafts: Vec<Draft>,
    /// Doses that they plan.
    pub doses: u64,
}

impl MadePlans {
    /// The number of a campaign's draft.
    #[must_use]
    pub fn of(&self, loaded: &Loaded) -> Option<i64> {
        self.draft(loaded).map(|draft| draft.no)
    }

    /// The rows of a campaign's draft.
    #[must_use]
    pub fn rows_of(&self, loaded: &Loaded) -> Option<&[PlanRow]> {
        self.draft(loaded).map(|draft| draft.rows.as_slice())
    }

    fn draft(&self, loaded: &Loaded) -> Option<&Draft> {
        self.drafts.iter().find(|draft| draft.loaded.no == loaded.no)
    }
}

/// Drafts of several campaigns that were made together.
#[derive(Debug)]
pub struct MadeTogether {
    /// The campaigns and the numbers of their drafts, in the order of the plan.
    pub drafts: Vec<(Loaded, i64)>,
    /// First day that they plan.
    pub from: NaiveDate,
    /// The plan.
    pub plan: JointPlan,
}

/// What a campaign begins with in a plan of several.
struct Part<'a> {
    loaded: &'a Loaded,
    /// First day on which the plan may place anything.
    open: NaiveDate,
    /// Rows of the adopted plan from that day on.
    published: Vec<PlanRow>,
    begun: Begun,
}

impl App {
    /// The campaign with all open campaigns that share a place, stop or team with it, or with one that does; by id. It
    /// is alone where it shares nothing, or is closed.
    pub async fn together(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Vec<Loaded>> {
        let all = self.campaigns().await?;
        let (mut rest, mut found): (Vec<Loaded>, Vec<Loaded>) = all
            .into_iter()
            .filter(|one| one.is_open && !is_over(&one.campaign, today(&one.campaign, now)))
            .partition(|one| one.no != loaded.no);
        if found.is_empty() {
            return Ok(vec![loaded.clone()]);
        }
        let mut shared = BTreeSet::new();
        let mut next = 0;
        while let Some(one) = found.get(next) {
            shared.extend(places(one));
            let is_near = |other: &Loaded| places(other).any(|place| shared.contains(&place));
            let (near, far) = rest.into_iter().partition(is_near);
            found.extend(Vec::from_iter::<Vec<Loaded>>(near));
            rest = far;
            next += 1;
        }
        found.sort_by(|a, b| a.campaign.id.cmp(&b.campaign.id));
        Ok(found)
    }

    /// Makes a draft for each of these campaigns, in the way that their number asks for. `wanted` as for
    /// [`App::make_plan`] and [`App::make_together`].
    pub async fn make_for(
        &self,
        all: &[Loaded],
        wanted: Option<NaiveDate>,
        by: Actor<'_>,
        search: Search<'_>,
        now: DateTime<Utc>,
    ) -> Result<MadePlans> {
        if let [loaded] = all {
            let made = self.make_plan(loaded, wanted, by, search, now).await?;
            let doses = made.plan.figures.doses;
            let draft = Draft { loaded: loaded.clone(), no: made.no, rows: made.plan.rows };
            return Ok(MadePlans { drafts: vec![draft], doses });
        }
        let made = self.make_together(all, wanted, by, search, now).await?;
        let doses = made.plan.figures.doses;
        let rows = made.plan.campaigns.into_iter().map(|part| part.rows);
        let draft = |((loaded, no), rows)| Draft { loaded, no, rows };
        Ok(MadePlans { drafts: made.drafts.into_iter().zip(rows).map(draft).collect(), doses })
    }

    /// Puts drafts in force that were just made.
    pub async fn adopt_made(
        &self,
        made: &MadePlans,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Loaded, Adopted)>> {
        if let [draft] = made.drafts.as_slice() {
            let adopted = self.adopt_plan(&draft.loaded, Some(draft.no), by, now).await?;
            return Ok(vec![(draft.loaded.clone(), adopted)]);
        }
        let all: Vec<Loaded> = made.drafts.iter().map(|draft| draft.loaded.clone()).collect();
        self.adopt_together(&all, by, now).await
    }

    /// Puts a campaign's draft in force, together with the newest drafts of those that share places with it. A draft
    /// that is not the newest any more is refused.
    pub async fn adopt_with_others(
        &self,
        loaded: &Loaded,
        no: i64,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Loaded, Adopted)>> {
        let all = self.together(loaded, now).await?;
        let mut tx = self.store.read().await?;
        let (mut is_newest, mut others) = (false, false);
        for one in &all {
            let draft = plans::newest(&mut tx, one.no, PlanState::Draft).await?;
            if one.no == loaded.no {
                is_newest = draft.is_some_and(|draft| draft.no == no);
            } else {
                others |= draft.is_some();
            }
        }
        drop(tx);
        if is_newest && others {
            return self.adopt_together(&all, by, now).await;
        }
        let adopted = self.adopt_plan(loaded, Some(no), by, now).await?;
        Ok(vec![(loaded.clone(), adopted)])
    }

    /// Whether a campaign's plan was made by another one's job that was due with this one.
    pub async fn was_planned(
        &self,
        loaded: &Loaded,
        all: &[Loaded],
        due: DateTime<Utc>,
    ) -> Result<bool> {
        let mut tx = self.store.read().await?;
        for other in all.iter().filter(|other| other.no != loaded.no) {
            let last = runs::last(&mut tx, other.no, Job::Plan, RunState::Done).await?;
            if last.is_some_and(|run| run.due_at == millis(due)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes a draft for each of these campaigns, so that they fit together, and stores them. `wanted`: the first day;
    /// else the first one of which people can still be told.
    pub async fn make_together(
        &self,
        all: &[Loaded],
        wanted: Option<NaiveDate>,
        by: Actor<'_>,
        search: Search<'_>,
        now: DateTime<Utc>,
    ) -> Result<MadeTogether> {
        permission::may(by, Power::Plan)?;
        let mut tx = self.store.read().await?;
        let first = all.first().ok_or(AppError::NoCampaign)?;
        let day = today(&first.campaign, now);
        let from = self.first_day(&mut tx, all, wanted, day).await?;
        let mut parts = Vec::new();
        for loaded in all {
            let adopted = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?;
            let open = from.max(loaded.campaign.start);
            let published = match &adopted {
                Some(head) => rows_on(&mut tx, loaded, head.no, open).await?,
                None => Vec::new(),
            };
            let first = adopted.map_or(open, |head| head.from);
            let rows = (published.as_slice(), first, open);
            let begun = outset::begin(&mut tx, loaded, day.min(open), rows).await?;
            let published = published.into_iter().filter(|row| row.day >= open).collect();
            parts.push(Part { loaded, open, published, begun });
        }
        let joined = joined(&mut tx, &parts, (day, from)).await?;
        drop(tx);
        let given = histories(&parts);
        let published: Vec<Vec<PlanRow>> =
            parts.iter().map(|part| part.published.clone()).collect();
        let Search { limits, progress, time_used } = search;
        let (given, published) = (given.as_slice(), published.as_slice());
        let request = JointRequest { joined: &joined, given, from, published, warm: None, limits };
        // Planning takes a core for a while, so the runtime moves other tasks away.
        let plan =
            tokio::task::block_in_place(|| planner::make_joint(&request, progress, time_used));
        let mut act = self.act((by, Power::Plan), Action::PlanMake, now).await?;
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
        Ok(MadeTogether { drafts, from, plan })
    }

    /// The first day of a plan: the one that was asked for, else the first of which people can still be told. It is
    /// after the day that people have been told of, and not before every campaign's start. Campaigns that are all over
    /// are planned from their start, as a replay or an exercise wants it.
    async fn first_day(
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

    /// Puts drafts of campaigns that share places in force, all or none, and assigns the register's people to them. What
    /// breaks a rule with what is known now, or together with the plans of those that have no draft, is refused.
    pub(super) async fn adopt_drafts(
        &self,
        all: &[Loaded],
        wanted: Drafts,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Loaded, Adopted)>> {
        let mut act = self.act((by, Power::Plan), Action::PlanAdopt, now).await?;
        let tx = act.tx();
        let day = today(&all.first().ok_or(AppError::NoCampaign)?.campaign, now);
        let mut heads = Vec::new();
        for loaded in all {
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
            let known = day.min(open);
            let mut begun = outset::begin(tx, loaded, known, (&rows, first, open)).await?;
            if known < day {
                // The days of the plan have passed: nobody can be called to them.
                begun.register = None;
            }
            // What stays in force before the draft begins uses the places, too.
            let mut used = in_force(tx, loaded, from, open).await?;
            used.extend(rows.into_iter().filter(|row| row.day >= open));
            plans_of.push(used);
            parts.push(Part { loaded, open, published, begun });
        }
        let joined = joined(tx, &parts, (day, from)).await?;
        fits(&joined, (&parts, &heads), &plans_of, from)?;
        let mut out = Vec::new();
        for (part, heads) in parts.into_iter().zip(&heads) {
            let Some(draft) = &heads.draft else { continue };
            out.push(adopt(&mut act, part, draft, now).await?);
        }
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

    /// Puts the newest drafts of these campaigns in force, all or none.
    pub async fn adopt_together(
        &self,
        all: &[Loaded],
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Loaded, Adopted)>> {
        self.adopt_drafts(all, Drafts::Newest, by, now).await
    }
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

async fn adopt(
    act: &mut Act,
    part: Part<'_>,
    draft: &PlanHead,
    now: DateTime<Utc>,
) -> Result<(Loaded, Adopted)> {
    let no = part.loaded.no;
    plans::adopt(act, no, draft.no, millis(now)).await?;
    let people = assign_in(act.tx(), part.loaded, draft.no, part.begun, now).await?;
    unrest::clear(act.tx(), no).await?;
    Ok((part.loaded.clone(), Adopted { no: draft.no, people }))
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
    let faults: Vec<_> = report.violations.iter().filter(is_fault).collect();
    let Some(first) = faults.first() else { return Ok(()) };
    Err(AppError::refused("refused-drafts-faults", &[("count", &faults.len()), ("first", first)]))
}

/// The campaigns over the places of the jurisdiction, with the people to plan for. Sites that fetch vaccine on some
/// weekdays give what was published until they fetch again.
async fn joined(
    tx: &mut Tx,
    parts: &[Part<'_>],
    (day, from): (NaiveDate, NaiveDate),
) -> Result<Joined> {
    let stored = jurisdictions::newest(tx).await?;
    let mut owns = owns(tx).await?;
    let mut locals = Vec::new();
    for part in parts {
        let at = owns.iter().position(|one| one.no == Some(part.loaded.no));
        locals.push(owns.swap_remove(at.expect("a stored campaign has its own part")).own);
    }
    let mut all = stored.jurisdiction.expect("campaigns bring their places");
    all.sites.retain(|row| !stored.brought.contains(&row.site.code));
    let mut joined = all.join(&locals, from);
    for (one, part) in joined.campaigns.iter_mut().zip(parts) {
        let campaign = &part.begun.outset.campaign;
        one.campaign.eligible = campaign
            .eligible_on(part.open)
            .into_iter()
            .map(|(key, row)| Eligible { area: key.area, ..row.clone() })
            .collect();
        if !part.published.is_empty() {
            let bound = bound_by_store(campaign, &part.published, (day, part.open));
            one.closures.extend(bound.iter().map(ClosedDays::of));
        }
    }
    Ok(joined)
}

/// The doses that each campaign's plan begins with.
fn histories(parts: &[Part<'_>]) -> Vec<Vec<GivenRow>> {
    parts.iter().map(|part| part.begun.outset.history.clone()).collect()
}

/// Codes of a campaign's sites, teams and stops.
fn places(loaded: &Loaded) -> impl Iterator<Item = String> + '_ {
    let campaign = &loaded.campaign;
    let sites = campaign.sites.iter().map(|site| site.code.to_string());
    let teams = campaign.teams.iter().map(|team| team.code.to_string());
    sites.chain(teams).chain(campaign.stops.iter().map(|stop| stop.code.to_string()))
}

/// `flu-2026 12, ppv23 13`, for the audit.
fn said<'a>(drafts: impl Iterator<Item = (&'a CampaignId, i64)>) -> String {
    drafts.map(|(id, no)| format!("{id} {no}")).collect::<Vec<_>>().join(", ")
}
