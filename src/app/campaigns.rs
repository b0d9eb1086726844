//! Campaigns: stored, compared, listed.

use super::{App, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::campaign::Campaign;
use crate::domain::difference::{RowChange, differences};
use crate::domain::permission::{Actor, Power};
use crate::store::audit::Act;
use crate::store::campaigns::{self, Version};
use crate::store::{CampaignNo, Tx};
use chrono::{DateTime, Utc};

/// What applying a campaign changes.
#[derive(Debug)]
pub struct Applied {
    /// Whether the campaign was not known before.
    pub is_new: bool,
    /// What differs from the version before.
    pub changes: Vec<RowChange>,
}

impl Applied {
    /// Whether there is anything to store.
    pub fn is_change(&self) -> bool {
        self.is_new || !self.changes.is_empty()
    }

    /// What the audit log says of it.
    pub(super) fn said(&self) -> String {
        format!("{} changes", self.changes.len())
    }
}

impl App {
    /// What applying a campaign would change; nothing is stored.
    pub async fn compare(&self, campaign: &Campaign) -> Result<Applied> {
        let mut tx = self.store.read().await?;
        Ok(compare(&mut tx, campaign).await?.1)
    }

    /// Stores a campaign, or its new version; nothing where nothing changed.
    pub async fn apply(
        &self,
        campaign: &Campaign,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        let mut act = self.act((by, Power::Plan), Action::CampaignApply, now).await?;
        let applied = self.apply_in(&mut act, campaign, now).await?;
        if applied.is_change() {
            act.commit(Some(campaign.id.as_str()), &applied.said()).await?;
        }
        Ok(applied)
    }

    /// Stores a campaign as part of a change that says so in the audit log.
    pub(super) async fn apply_in(
        &self,
        act: &mut Act,
        campaign: &Campaign,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        let at = millis(now);
        let (known, applied) = compare(act.tx(), campaign).await?;
        if !applied.is_change() {
            return Ok(applied);
        }
        let no = match known {
            Some((no, _)) => no,
            None => campaigns::insert(act.tx(), &campaign.id, at).await?,
        };
        campaigns::insert_version(act, no, campaign, at).await?;
        if known.is_some_and(|(_, old)| counts_differently(&old.campaign, campaign)) {
            let loaded = self.load(act.tx(), no, i64::MAX).await?;
            let cells = super::recount::cells_known(act.tx(), &loaded, i64::MAX).await?;
            crate::store::cells::replace(act.tx(), no, cells).await?;
        }
        Ok(applied)
    }

    /// Every version of a campaign, oldest first.
    pub async fn versions(&self, loaded: &Loaded) -> Result<Vec<Version>> {
        let mut tx = self.store.read().await?;
        Ok(campaigns::versions(&mut tx, loaded.no).await?)
    }
}

/// The stored version of a campaign with its row, and what a new version changes.
async fn compare(
    tx: &mut Tx,
    campaign: &Campaign,
) -> Result<(Option<(CampaignNo, Version)>, Applied)> {
    let known = match campaigns::number(tx, &campaign.id).await? {
        Some(no) => campaigns::known(tx, no, i64::MAX).await?.map(|version| (no, version)),
        None => None,
    };
    let changes = known.as_ref().map(|(_, old)| differences(&old.campaign, campaign));
    let applied = Applied { is_new: known.is_none(), changes: changes.unwrap_or_default() };
    Ok((known, applied))
}

/// Whether doses of persons may get other numbers, validity or groups.
fn counts_differently(old: &Campaign, new: &Campaign) -> bool {
    // Visits of a catch-up campaign count from its start.
    let visits_move = new.catch_up.is_some() && old.start != new.start;
    old.series != new.series
        || old.groups != new.groups
        || old.deliveries != new.deliveries
        || visits_move
}
