//! The calendars of sites and teams.

use super::{App, Loaded, Result};
use crate::domain::calendar::{SessionEntry, SessionKey, Sessions};
use crate::domain::campaign::Language;
use crate::mail::calendar;
use crate::mail::message::Party;
use crate::store::{Tx, plans};
use std::sync::{Arc, PoisonError};

impl App {
    /// The sessions of all plans that were ever adopted. They are kept in memory, since an adopted plan never changes;
    /// only plans adopted since are read.
    pub async fn sessions(&self, loaded: &Loaded) -> Result<Arc<Sessions>> {
        let mut tx = self.store.read().await?;
        self.sessions_in(&mut tx, loaded).await
    }

    /// The same, as a transaction sees them.
    pub(super) async fn sessions_in(&self, tx: &mut Tx, loaded: &Loaded) -> Result<Arc<Sessions>> {
        let adopted = plans::adopted(tx, loaded.no).await?;
        let kept = || self.calendars.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().get(&loaded.no).cloned().unwrap_or_default();
        let keys = || adopted.iter().map(|plan| (plan.no, plan.adopted_at));
        // A restored backup may have other plans than those kept in memory.
        let is_same = known.plans().len() <= adopted.len()
            && known.plans().iter().copied().eq(keys().take(known.plans().len()));
        let known = if is_same { known } else { Arc::default() };
        if known.plans().len() == adopted.len() {
            return Ok(known);
        }
        let mut all = (*known).clone();
        for plan in &adopted[known.plans().len()..] {
            let rows = plans::rows(tx, loaded.no, plan.no, ..).await?;
            all.adopt((plan.no, plan.adopted_at), plan.from, &rows);
        }
        let all = Arc::new(all);
        kept().insert(loaded.no, Arc::clone(&all));
        Ok(all)
    }

    /// The sessions of the plans that had been adopted before an instant (milliseconds since 1970).
    pub(super) async fn sessions_known(
        tx: &mut Tx,
        loaded: &Loaded,
        before: i64,
    ) -> Result<Sessions> {
        let mut all = Sessions::default();
        let adopted = plans::adopted(tx, loaded.no).await?;
        for plan in adopted.iter().filter(|plan| plan.adopted_at < before) {
            let rows = plans::rows(tx, loaded.no, plan.no, ..).await?;
            all.adopt((plan.no, plan.adopted_at), plan.from, &rows);
        }
        Ok(all)
    }

    /// The calendar file of a site or team, with these of its sessions.
    pub fn calendar<'a>(
        &self,
        loaded: &Loaded,
        name: &str,
        language: Language,
        sessions: impl Iterator<Item = (&'a SessionKey, &'a SessionEntry)>,
    ) -> String {
        let organizer = self.config.mail.from.parse::<Party>().map(|from| from.address);
        let organizer = organizer.unwrap_or_default();
        calendar::file(&loaded.campaign, language, name, &organizer, sessions)
    }
}
