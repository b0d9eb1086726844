//! Mends a plan at once when something new has broken it: a short search from tomorrow on, which keeps what can stay.
//! The night's run improves it. What is mended is told: to the people whose day changes, to the leads, and to the
//! coordinator.

use super::plans::Search;
use super::together::MadePlans;
use super::{App, AppError, Loaded, Result, millis, today};
use crate::domain::campaign::Adopt;
use crate::domain::job::Job;
use crate::domain::permission::Actor;
use crate::domain::plan::is_over;
use crate::domain::planner::{Limits, diff};
use crate::domain::standing::Unrest;
use crate::store::unrest;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// How a broken plan was mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// What was broken.
    #[serde(flatten)]
    pub unrest: Unrest,
    /// The new plan; `None`: its seats stand, and people without an appointment were given one.
    pub plan: Option<i64>,
    /// Why it waits to be adopted; `None`: it is in force.
    pub waits: Option<Waits>,
    /// Sessions that change.
    pub sessions: u64,
    /// People with a new appointment.
    pub assigned: u64,
}

/// Why a mended plan is not put in force by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// The campaign says so.
    Asked,
    /// So many counts are in doubt.
    Doubtful(u64),
}

/// What looking at a campaign's plan came to.
#[derive(Default)]
struct Looked {
    /// How it was mended, if it was.
    mended: Option<Mended>,
    /// The campaigns whose people, leads and staff have to be told; empty where nothing was broken.
    concerned: Vec<Loaded>,
}

impl App {
    /// Mends the plan of a campaign where it is broken, and tells whom it concerns. `None`: there is nothing to mend.
    pub async fn mend(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Option<Mended>> {
        let all = self.mend_all(std::slice::from_ref(loaded), now).await?;
        Ok(all.into_iter().next().map(|(_, mended)| mended))
    }

    /// The same of several campaigns, one after the other. Who is concerned is told when all stand, in one mail.
    pub async fn mend_all(
        &self,
        all: &[Loaded],
        now: DateTime<Utc>,
    ) -> Result<Vec<(Loaded, Mended)>> {
        let (mut out, mut concerned, mut fault) = (Vec::new(), Vec::new(), None);
        for loaded in all {
            match self.mend_quietly(loaded, now).await {
                Ok(looked) => {
                    concerned.extend(looked.concerned);
                    out.extend(looked.mended.map(|mended| (loaded.clone(), mended)));
                }
                // What was mended before it is told all the same.
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            }
        }
        concerned.sort_by_key(|one| one.no);
        concerned.dedup_by_key(|one| one.no);
        self.tell_all(&concerned, now).await?;
        for (loaded, mended) in out.iter().filter(|(_, mended)| mended.unrest.total() > 0) {
            self.queue_change(loaded, mended, now).await?;
        }
        fault.map_or(Ok(out), Err)
    }

    /// Mends the plan of a campaign where it is broken, and tells nobody.
    async fn mend_quietly(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Looked> {
        let mut tx = self.store.read().await?;
        let found = unrest::find(&mut tx, loaded.no).await?;
        drop(tx);
        let Some(found) = found.filter(|found| found.draft.is_none()) else {
            return Ok(Looked::default());
        };
        let campaign = &loaded.campaign;
        let from = today(campaign, now) + TimeDelta::days(1);
        let mut concerned = vec![loaded.clone()];
        let mended = if !loaded.is_open || is_over(campaign, from) {
            self.forget_unrest(loaded).await?;
            None
        } else if found.total() == 0 {
            self.refill(loaded, found, now).await?
        } else {
            match self.mend_plan(loaded, found, now).await {
                // Another daemon, or somebody, was faster: the plan is theirs.
                Err(AppError::Refused(_)) => None,
                other => {
                    let (mended, others) = other?;
                    concerned.extend(others);
                    Some(mended)
                }
            }
        };
        Ok(Looked { mended, concerned })
    }

    async fn forget_unrest(&self, loaded: &Loaded) -> Result<()> {
        let mut tx = self.store.write().await?;
        unrest::clear(&mut tx, loaded.no).await?;
        Ok(tx.commit().await?)
    }

    /// Gives seats that are free to people who wait.
    async fn refill(
        &self,
        loaded: &Loaded,
        unrest: Unrest,
        now: DateTime<Utc>,
    ) -> Result<Option<Mended>> {
        let out = match loaded.campaign.adopt {
            Adopt::Auto => self.assign(loaded, now).await?,
            Adopt::Ask => None,
        };
        self.forget_unrest(loaded).await?;
        let assigned = |out: crate::domain::assign::Output| out.new.len() as u64;
        Ok(out.map(|out| Mended {
            unrest,
            plan: None,
            waits: None,
            sessions: 0,
            assigned: assigned(out),
        }))
    }

    /// Makes a broken plan anew, with those of the campaigns that share places, which come back with it.
    async fn mend_plan(
        &self,
        loaded: &Loaded,
        unrest: Unrest,
        now: DateTime<Utc>,
    ) -> Result<(Mended, Vec<Loaded>)> {
        // Each campaign's plan begins then, or at its start.
        let from = today(&loaded.campaign, now) + TimeDelta::days(1);
        let before = self.plan(loaded, None).await?.map(|(_, rows)| rows).unwrap_or_default();
        // Limited by steps, never by time, so that the same facts give the same plan.
        let search =
            Search { limits: Limits::AT_ONCE, progress: &mut |_| {}, time_used: &mut || 0.0 };
        let by = Actor::Job(Job::Plan);
        let all = self.together(loaded, now).await?;
        let made = self.make_for(&all, Some(from), by, search, now).await?;
        let sessions =
            made.rows_of(loaded).map_or(0, |rows| diff(&before, rows, from).sessions.len());
        let waits = self.waits(&all).await?;
        let (mut assigned, mut others) = (0, Vec::new());
        if waits.is_none() {
            let adopted = self.adopt_made(&made, by, now).await;
            if matches!(adopted, Err(AppError::Refused(_))) {
                // Somebody must look at it; made again at every tick it would be refused again.
                self.note_drafts(&made, now).await?;
            }
            let adopted = adopted?;
            for (one, adopted) in adopted {
                if one.no == loaded.no {
                    assigned = adopted.people.new.len() as u64;
                } else {
                    others.push(one);
                }
            }
        } else {
            self.note_drafts(&made, now).await?;
        }
        let plan = made.of(loaded);
        Ok((Mended { unrest, plan, waits, sessions: sessions as u64, assigned }, others))
    }

    /// Why a plan of these campaigns is not put in force by itself; `None`: it is.
    pub async fn waits(&self, all: &[Loaded]) -> Result<Option<Waits>> {
        if all.iter().any(|one| one.campaign.adopt == Adopt::Ask) {
            return Ok(Some(Waits::Asked));
        }
        // What was built on a mistyped count, or lacks the right one, is for somebody to decide.
        let mut counts = 0;
        for one in all {
            counts += self.doubtful(one).await?.len() as u64;
        }
        Ok((counts > 0).then_some(Waits::Doubtful(counts)))
    }

    /// Mends the plans of all campaigns after something was stored, and tells whom it concerns.
    pub async fn follow_up(&self, now: DateTime<Utc>) -> Result<Vec<(Loaded, Mended)>> {
        let mut all = self.campaigns().await?;
        all.retain(|loaded| loaded.is_open);
        let mended = self.mend_all(&all, now).await?;
        // What stands may still be news to somebody.
        all.retain(|loaded| mended.iter().all(|(one, _)| one.no != loaded.no));
        self.tell_all(&all, now).await?;
        Ok(mended)
    }

    /// Notes that drafts would mend what is broken, if anything is.
    pub async fn note_drafts(&self, made: &MadePlans, now: DateTime<Utc>) -> Result<()> {
        for draft in &made.drafts {
            self.note_draft(&draft.loaded, draft.no, now).await?;
        }
        Ok(())
    }

    async fn note_draft(&self, loaded: &Loaded, no: i64, now: DateTime<Utc>) -> Result<()> {
        let mut tx = self.store.write().await?;
        let Some(found) = unrest::find(&mut tx, loaded.no).await? else { return Ok(()) };
        let found = Unrest { draft: Some(no), ..found };
        unrest::set(&mut tx, loaded.no, &found, millis(now)).await?;
        Ok(tx.commit().await?)
    }

    /// What breaks the plan that is in force, and has not been mended yet.
    pub async fn unrest(&self, loaded: &Loaded) -> Result<Option<Unrest>> {
        let mut tx = self.store.read().await?;
        Ok(unrest::find(&mut tx, loaded.no).await?)
    }
}
