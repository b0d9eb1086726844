//! Campaigns: stored, compared, listed.

use super::{App, AppError, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::campaign::Campaign;
use crate::domain::difference::{RowChange, differences};
use crate::domain::group::Group;
use crate::domain::id::CampaignId;
use crate::domain::permission::{Actor, Power};
use crate::store::audit::Act;
use crate::store::campaigns::{self, Version};
use crate::store::{CampaignNo, Tx};
use chrono::{DateTime, NaiveDate, Utc};

/// The longest campaign that intake takes, in days.
const CAMPAIGN_DAYS_MAX: i64 = 1100;

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
        match known {
            // What the others count may have been of this campaign's vaccine.
            Some((_, old)) if old.campaign.series != campaign.series => {
                campaigns::unsettle(act.tx()).await?;
            }
            Some((_, old)) if !counts_differently(&old.campaign, campaign) => {}
            // The register may have doses that a new campaign counts.
            _ => campaigns::unsettle_one(act.tx(), no).await?,
        }
        self.count_again(act.tx()).await?;
        Ok(applied)
    }

    /// Closes a campaign: no jobs, nobody asks for it, its figures stay. `false`: it is closed.
    pub async fn close_campaign(
        &self,
        loaded: &Loaded,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut act = self.act((by, Power::Plan), Action::CampaignClose, now).await?;
        if loaded.is_open {
            campaigns::close(&mut act, loaded.no, millis(now)).await?;
            act.commit(Some(loaded.campaign.id.as_str()), "").await?;
        }
        Ok(loaded.is_open)
    }

    /// Opens a closed campaign again. `false`: it is open.
    pub async fn reopen_campaign(
        &self,
        loaded: &Loaded,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut act = self.act((by, Power::Plan), Action::CampaignReopen, now).await?;
        if !loaded.is_open {
            campaigns::reopen(&mut act, loaded.no).await?;
            act.commit(Some(loaded.campaign.id.as_str()), "").await?;
        }
        Ok(!loaded.is_open)
    }

    /// Removes a campaign that has no records.
    pub async fn remove_campaign(
        &self,
        loaded: &Loaded,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::Plan), Action::CampaignRemove, now).await?;
        let records = campaigns::facts(act.tx(), loaded.no).await?;
        if records > 0 {
            let campaign = &loaded.campaign.id;
            let said: [(&'static str, &dyn std::fmt::Display); 2] =
                [("campaign", campaign), ("records", &records)];
            return Err(AppError::refused("refused-has-records", &said));
        }
        campaigns::remove(&mut act, loaded.no).await?;
        campaigns::unsettle(act.tx()).await?;
        self.count_again(act.tx()).await?;
        Ok(act.commit(Some(loaded.campaign.id.as_str()), "").await?)
    }

    /// Makes a new campaign like another one, with other days: groups, denominators, places and dose rules, without
    /// deliveries, closures and records.
    pub async fn copy_campaign(
        &self,
        loaded: &Loaded,
        (id, start, end): (&CampaignId, NaiveDate, NaiveDate),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        let said: [(&'static str, &dyn std::fmt::Display); 2] = [("start", &start), ("end", &end)];
        if end < start || (end - start).num_days() >= CAMPAIGN_DAYS_MAX {
            return Err(AppError::refused("refused-days", &said));
        }
        let all = self.campaigns().await?;
        if all.iter().any(|known| known.campaign.id == *id) {
            return Err(AppError::refused("refused-campaign-taken", &[("campaign", id)]));
        }
        let copy = like(&loaded.campaign, (id.clone(), start, end));
        let mut act = self.act((by, Power::Plan), Action::CampaignApply, now).await?;
        let applied = self.apply_in(&mut act, &copy, now).await?;
        act.commit(Some(id.as_str()), &format!("like {}", loaded.campaign.id)).await?;
        Ok(applied)
    }

    /// Every version of a campaign, oldest first.
    pub async fn versions(&self, loaded: &Loaded) -> Result<Vec<Version>> {
        let mut tx = self.store.read().await?;
        Ok(campaigns::versions(&mut tx, loaded.no).await?)
    }
}

/// A campaign with other days. What opens some days after the start does so again.
fn like(campaign: &Campaign, (id, start, end): (CampaignId, NaiveDate, NaiveDate)) -> Campaign {
    let moved = |day: NaiveDate| (start + (day - campaign.start)).min(end);
    let groups = campaign
        .groups
        .iter()
        .map(|group| Group { opens: group.opens.map(moved), ..group.clone() });
    Campaign {
        id,
        start,
        end,
        groups: groups.collect(),
        closures: Vec::new(),
        deliveries: Vec::new(),
        ..campaign.clone()
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
        || old.season() != new.season()
}
