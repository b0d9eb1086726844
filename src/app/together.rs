//! Plans of the campaigns that share places: made together, and put in force together.

use super::joint_plans::Drafts;
use super::loaded::only_open;
use super::plans::{Adopted, Made, Search};
use super::{App, Loaded, Result, millis};
use crate::domain::job::{Job, RunState};
use crate::domain::permission::Actor;
use crate::domain::plan::{PlanRow, PlanState};
use crate::store::{plans, runs};
use chrono::{DateTime, NaiveDate, Utc};

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
    /// Places at which staff is their limit.
    pub staff_places: u64,
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

impl App {
    /// Makes a campaign's draft from what was given before its first day, and stores it. `wanted` is that day, where it
    /// is not to be the usual one. What the adopted plans of campaigns that share places use is theirs. A closed one is
    /// refused.
    pub async fn make_plan(
        &self,
        loaded: &Loaded,
        wanted: Option<NaiveDate>,
        by: Actor<'_>,
        search: Search<'_>,
        now: DateTime<Utc>,
    ) -> Result<Made> {
        only_open(std::slice::from_ref(loaded))?;
        if !self.is_joint(loaded, now).await? {
            return self.make_alone(loaded, wanted, by, search, now).await;
        }
        let all = std::slice::from_ref(loaded);
        Ok(Made::from(Box::pin(self.make_together(all, wanted, by, search, now)).await?))
    }

    /// Puts a draft in force and assigns the register's people to it. A draft that the check finds infeasible with what
    /// is known now, or with the adopted plans of campaigns that share places with it, is refused, except for people
    /// whom it lists as overdue: nobody can give them their dose in time any more.
    pub async fn adopt_plan(
        &self,
        loaded: &Loaded,
        no: Option<i64>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Adopted> {
        if !self.is_joint(loaded, now).await? {
            return self.adopt_alone(loaded, no, by, now).await;
        }
        let all = self.together(loaded, now).await?;
        let drafts = Drafts::One(loaded.no, no);
        let mut adopted = Box::pin(self.adopt_drafts(&all, drafts, by, now)).await?;
        Ok(adopted.swap_remove(0).1)
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
            let staff_places = made.staff.limits.len() as u64;
            let draft = Draft { loaded: loaded.clone(), no: made.no, rows: made.plan.rows };
            return Ok(MadePlans { drafts: vec![draft], doses, staff_places });
        }
        let made = Box::pin(self.make_together(all, wanted, by, search, now)).await?;
        let doses = made.plan.figures.doses;
        let staff_places = made.staff.limits.len() as u64;
        let rows = made.plan.campaigns.into_iter().map(|part| part.rows);
        let draft = |((loaded, no), rows)| Draft { loaded, no, rows };
        let drafts = made.drafts.into_iter().zip(rows).map(draft).collect();
        Ok(MadePlans { drafts, doses, staff_places })
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
