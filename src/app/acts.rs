//! Changes that the audit log must know of: asked for by somebody who may, and committed together with their line.

use super::{App, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::permission::{self, Actor, Power, Visits};
use crate::store::audit::{self, Act};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

impl App {
    /// Begins a change, where `actor` has the power for it. What a job does has no line of its own in the audit log:
    /// the job's run tells it.
    pub(super) async fn act(
        &self,
        (actor, power): (Actor<'_>, Power),
        did: Action,
        now: DateTime<Utc>,
    ) -> Result<Act> {
        permission::may(actor, power)?;
        let who = match actor {
            Actor::Job(_) => None,
            _ => Some(actor.name()),
        };
        Ok(Act::new(self.store.write().await?, who, did, millis(now)))
    }

    /// The teams that the plan in force sends to each stop, for each of some days.
    pub async fn visits(
        &self,
        loaded: &Loaded,
        days: impl IntoIterator<Item = NaiveDate>,
    ) -> Result<BTreeMap<NaiveDate, Visits>> {
        let sessions = self.sessions(loaded).await?;
        let days: BTreeSet<NaiveDate> = days.into_iter().collect();
        Ok(days.into_iter().map(|day| (day, Visits::on(&sessions, day))).collect())
    }

    /// Writes a line of the audit log about what changed nothing: what somebody saw, or was refused.
    pub async fn note_audit(
        &self,
        who: &str,
        did: Action,
        (campaign, said): (Option<&str>, &str),
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut tx = self.store.write().await?;
        audit::insert(&mut tx, millis(now), (who, did), (campaign, said)).await?;
        Ok(tx.commit().await?)
    }
}
