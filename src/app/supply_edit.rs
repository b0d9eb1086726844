//! Changing a campaign's lots and eligible counts: what it would do, and doing it.

use super::campaigns::{Applied, compare};
use super::{App, AppError, Loaded, Result, breaking};
use crate::domain::audit::Action;
use crate::domain::campaign::Campaign;
use crate::domain::id::GroupId;
use crate::domain::jurisdiction::LocalCampaign;
use crate::domain::permission::{self, Actor, Power};
use crate::domain::standing::Unrest;
use crate::domain::supply_edit::{BadSupply, SupplyEdit, edited};
use crate::store::{Tx, campaigns};
use chrono::{DateTime, NaiveDate, Utc};
use std::sync::Arc;

/// What a change would do. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplyEffect {
    /// Doses of all lots, before and after.
    pub doses: (u64, u64),
    /// Of a changed count: the people of the whole group on its day, before and after.
    pub people: Option<(u64, u64)>,
    /// What the plan in force cannot keep, before and after.
    pub lost: (Unrest, Unrest),
}

impl App {
    /// What a change of a lot or a count would do to a campaign and its plan in force.
    pub async fn supply_effect(
        &self,
        loaded: &Loaded,
        edit: &SupplyEdit,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<SupplyEffect> {
        permission::may(by, Power::Plan)?;
        let mut tx = self.store.read().await?;
        let new = edited_in(&mut tx, loaded, edit).await?;
        let found = compare(&mut tx, &new).await?;
        let mine = found.composed.into_iter().find(|one| one.no == Some(loaded.no));
        let after = mine.ok_or(AppError::NoCampaign)?.new;
        let before = &loaded.campaign;
        let people = match edit {
            SupplyEdit::Eligible { group, from, .. } => {
                Some((people_of(before, group, *from), people_of(&after, group, *from)))
            }
            _ => None,
        };
        let doses = (doses_of(before), doses_of(&after));
        let changed = Loaded { campaign: Arc::new(after), ..loaded.clone() };
        let lost = (
            breaking::losses(&mut tx, loaded, now).await?,
            breaking::losses(&mut tx, &changed, now).await?,
        );
        Ok(SupplyEffect { doses, people, lost })
    }

    /// Changes a lot or a count; what the plan in force loses is noted, and the appointments that no longer stand end.
    /// All of it is one transaction. Refused where somebody else changed the row since it was seen.
    pub async fn edit_supply(
        &self,
        loaded: &Loaded,
        edit: &SupplyEdit,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        let mut act = self.act((by, Power::Plan), Action::CampaignApply, now).await?;
        let loaded = self.load(act.tx(), loaded.no, i64::MAX).await?;
        let new = edited_in(act.tx(), &loaded, edit).await?;
        let applied = self.apply_in(&mut act, &new, now).await?;
        let said = match edit {
            SupplyEdit::NewLot(lot) => format!("lot {} added", lot.lot),
            SupplyEdit::Lot { lot, .. } => format!("lot {} corrected", lot.lot),
            SupplyEdit::Eligible { area, group, people, from, .. } => {
                format!("{people} people of {group} in {area} from {from}")
            }
        };
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(applied)
    }
}

/// The campaign's own part after a change, with what is known in this transaction.
async fn edited_in(tx: &mut Tx, loaded: &Loaded, edit: &SupplyEdit) -> Result<LocalCampaign> {
    if !loaded.is_open {
        let id = loaded.campaign.id.as_str();
        return Err(AppError::refused("refused-campaign-closed", &[("id", &id)]));
    }
    let found = campaigns::known(tx, loaded.no, i64::MAX).await?;
    let own = found.ok_or(AppError::NoCampaign)?.own;
    let code = match edit {
        SupplyEdit::NewLot(lot) | SupplyEdit::Lot { lot, .. } => lot.lot.to_string(),
        SupplyEdit::Eligible { area, group, .. } => format!("{area}, {group}"),
    };
    edited(&own, &loaded.campaign, edit).map_err(|bad| {
        let key = match bad {
            BadSupply::LotKnown => "refused-lot-known",
            BadSupply::LotUnknown => "refused-lot-unknown",
            BadSupply::Expires => "refused-lot-expires",
            BadSupply::Cohort => "refused-cohort-unknown",
            BadSupply::Stale => "refused-row-changed",
            BadSupply::Count => "refused-count",
        };
        AppError::refused(key, &[("code", &code)])
    })
}

fn people_of(campaign: &Campaign, group: &GroupId, day: NaiveDate) -> u64 {
    let found = campaign.eligible_on(day);
    found.values().filter(|row| row.group == *group).map(|row| u64::from(row.people)).sum()
}

fn doses_of(campaign: &Campaign) -> u64 {
    campaign.deliveries.iter().map(|lot| u64::from(lot.doses)).sum()
}
