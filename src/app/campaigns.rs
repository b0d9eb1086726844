//! Campaigns: stored, compared, listed.

use super::{App, Loaded, Result, millis};
use crate::domain::campaign::Campaign;
use crate::domain::difference::{RowChange, differences};
use crate::store::campaigns::{self, Version};
use chrono::{DateTime, Utc};

/// What applying a campaign changes.
#[derive(Debug)]
pub struct Applied {
    /// Whether the campaign was not known before.
    pub is_new: bool,
    /// What differs from the version before.
    pub changes: Vec<RowChange>,
}

impl App {
    /// Stores a campaign, or its new version; nothing where nothing changed. With `dry_run` only tells.
    pub async fn apply(
        &self,
        campaign: &Campaign,
        dry_run: bool,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        let at = millis(now);
        let mut tx = self.store.write().await?;
        let no = campaigns::number(&mut tx, &campaign.id).await?;
        let known = match no {
            Some(no) => campaigns::known(&mut tx, no, i64::MAX).await?,
            None => None,
        };
        let changes =
            known.as_ref().map(|old| differences(&old.campaign, campaign)).unwrap_or_default();
        let applied = Applied { is_new: known.is_none(), changes };
        if dry_run || (!applied.is_new && applied.changes.is_empty()) {
            return Ok(applied);
        }
        let no = match no {
            Some(no) => no,
            None => campaigns::insert(&mut tx, &campaign.id, at).await?,
        };
        campaigns::insert_version(&mut tx, no, campaign, at).await?;
        let recount = known.is_some_and(|old| counts_differently(&old.campaign, campaign));
        if recount {
            let loaded = self.load(&mut tx, no, i64::MAX).await?;
            let cells = super::recount::cells_known(&mut tx, &loaded, i64::MAX).await?;
            crate::store::cells::replace(&mut tx, no, cells).await?;
        }
        tx.commit().await?;
        Ok(applied)
    }

    /// Every version of a campaign, oldest first.
    pub async fn versions(&self, loaded: &Loaded) -> Result<Vec<Version>> {
        let mut tx = self.store.read().await?;
        Ok(campaigns::versions(&mut tx, loaded.no).await?)
    }
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
