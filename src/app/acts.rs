//! Changes that the audit log must know of: asked for by somebody who may, and committed together with their line.

use super::{App, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::permission::{self, Actor, Power, Visits};
use crate::store::audit::{self, Act, Author};
use crate::store::seal::{self, Head};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

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
            _ => Some(self.author(actor)),
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

    /// Who acts, for the audit log: the account, or at the command line the operating system's user; and from where.
    pub(super) fn author(&self, actor: Actor<'_>) -> Author {
        Author { who: actor.name(&self.user), address: self.address.map(|it| it.to_string()) }
    }

    /// The same app for a request that came from a network address.
    #[must_use]
    pub fn asked_from(&self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self.clone() }
    }

    /// The network address of whoever asks, for the audit log.
    pub(super) fn asked_address(&self) -> Option<String> {
        self.address.map(|it| it.to_string())
    }

    /// Writes a line of the audit log about what changed nothing: what somebody saw, or was refused. `who` is the name
    /// of an account, or what stands for one.
    pub async fn note_audit(
        &self,
        who: &str,
        did: Action,
        about: (Option<&str>, &str),
        now: DateTime<Utc>,
    ) -> Result<()> {
        let address = self.address.map(|it| it.to_string());
        let author = Author { who: who.to_owned(), address };
        let mut tx = self.store.write().await?;
        audit::insert(&mut tx, millis(now), (&author, did), about).await?;
        Ok(tx.commit().await?)
    }

    /// The same about what somebody at the command line did or saw.
    pub async fn note_command(
        &self,
        did: Action,
        (campaign, said): (Option<&Loaded>, &str),
        now: DateTime<Utc>,
    ) -> Result<()> {
        let who = Actor::CommandLine.name(&self.user);
        let campaign = campaign.map(|loaded| loaded.campaign.id.as_str());
        self.note_audit(&who, did, (campaign, said), now).await
    }

    /// Chains the lines of the audit log that were written before it was sealed, if there are any.
    pub async fn seal_older(&self, now: DateTime<Utc>) -> Result<()> {
        let mut tx = self.store.read().await?;
        if !seal::is_unchained(&mut tx).await? {
            return Ok(());
        }
        drop(tx);
        let mut tx = self.store.write().await?;
        seal::begin(&mut tx, millis(now)).await?;
        Ok(tx.commit().await?)
    }

    /// Whether the audit log still has the line that [`Head::short`] named.
    pub async fn has_audit_line(&self, short: &str) -> Result<bool> {
        let mut tx = self.store.read().await?;
        Ok(seal::has(&mut tx, short.trim()).await?)
    }

    /// The end of the audit log; `None` before its first line.
    pub async fn audit_head(&self) -> Result<Option<Head>> {
        let mut tx = self.store.read().await?;
        Ok(seal::head(&mut tx).await?)
    }
}
