//! Mends a plan at once when something new has broken it: a short search from tomorrow on, which keeps what can stay.
//! The night's run improves it. What is mended is told: to the people whose day changes, to the leads, and to the
//! coordinator.

use super::plans::Search;
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

impl App {
    /// Mends the plan of a campaign where it is broken, and tells whom it concerns. `None`: there is nothing to mend.
    pub async fn mend(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<Option<Mended>> {
        let mut tx = self.store.read().await?;
        let found = unrest::find(&mut tx, loaded.no).await?;
        drop(tx);
        let Some(found) = found.filter(|found| found.draft.is_none()) else { return Ok(None) };
        let campaign = &loaded.campaign;
        let from = today(campaign, now) + TimeDelta::days(1);
        let mended = if !loaded.is_open || is_over(campaign, from) {
            self.forget_unrest(loaded).await?;
            None
        } else if found.total() == 0 {
            self.refill(loaded, found, now).await?
        } else {
            match self.mend_plan(loaded, found, now).await {
                // Another daemon, or somebody, was faster: the plan is theirs.
                Err(AppError::Refused(_)) => None,
                other => Some(other?),
            }
        };
        self.tell(loaded, now).await?;
        if let Some(mended) = mended.as_ref().filter(|mended| mended.unrest.total() > 0) {
            self.queue_change(loaded, mended, now).await?;
        }
        Ok(mended)
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

    async fn mend_plan(
        &self,
        loaded: &Loaded,
        unrest: Unrest,
        now: DateTime<Utc>,
    ) -> Result<Mended> {
        let from = (today(&loaded.campaign, now) + TimeDelta::days(1)).max(loaded.campaign.start);
        let before = self.plan(loaded, None).await?.map(|(_, rows)| rows).unwrap_or_default();
        // Limited by steps, never by time, so that the same facts give the same plan.
        let search =
            Search { limits: Limits::AT_ONCE, progress: &mut |_| {}, time_used: &mut || 0.0 };
        let by = Actor::Job(Job::Plan);
        let made = self.make_plan(loaded, Some(from), by, search, now).await?;
        let sessions = diff(&before, &made.plan.rows, from).sessions.len() as u64;
        // What was built on a mistyped count is for somebody to decide.
        let counts = self.doubtful(loaded).await?.len() as u64;
        let waits = match loaded.campaign.adopt {
            Adopt::Ask => Some(Waits::Asked),
            Adopt::Auto if counts > 0 => Some(Waits::Doubtful(counts)),
            Adopt::Auto => None,
        };
        let mut assigned = 0;
        if waits.is_none() {
            let adopted = self.adopt_plan(loaded, Some(made.no), by, now).await;
            if matches!(adopted, Err(AppError::Refused(_))) {
                // Somebody must look at it; made again at every tick it would be refused again.
                self.note_draft(loaded, made.no, now).await?;
            }
            assigned = adopted?.people.new.len() as u64;
        } else {
            let unrest = Unrest { draft: Some(made.no), ..unrest.clone() };
            let mut tx = self.store.write().await?;
            unrest::set(&mut tx, loaded.no, &unrest, millis(now)).await?;
            tx.commit().await?;
        }
        Ok(Mended { unrest, plan: Some(made.no), waits, sessions, assigned })
    }

    /// Mends the plans of all campaigns after something was stored, and tells whom it concerns.
    pub async fn follow_up(&self, now: DateTime<Utc>) -> Result<Vec<(Loaded, Mended)>> {
        let mut out = Vec::new();
        for loaded in self.campaigns().await?.into_iter().filter(|loaded| loaded.is_open) {
            match self.mend(&loaded, now).await? {
                Some(mended) => out.push((loaded, mended)),
                None => {
                    self.tell(&loaded, now).await?;
                }
            }
        }
        Ok(out)
    }

    /// Notes that a draft would mend what is broken, if anything is.
    pub async fn note_draft(&self, loaded: &Loaded, no: i64, now: DateTime<Utc>) -> Result<()> {
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
