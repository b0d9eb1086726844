//! Outlines of areas, by which maps are drawn where there are any. They stand beside the jurisdiction's versions:
//! nothing is counted or planned by them.

use super::{App, Result, millis};
use crate::domain::audit::Action;
use crate::domain::id::AreaCode;
use crate::domain::outline::{Outline, light};
use crate::domain::permission::{Actor, Power};
use crate::intake::outlines::AreaNames;
use crate::store::outlines;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

impl App {
    /// Every outline that is stored.
    pub async fn outlines(&self) -> Result<BTreeMap<AreaCode, Outline>> {
        let mut tx = self.store.read().await?;
        Ok(outlines::all(&mut tx).await?)
    }

    /// The areas of all campaigns, code and name: those that an outline can be of.
    pub async fn area_names(&self) -> Result<AreaNames> {
        let mut out = AreaNames::new();
        for loaded in self.campaigns().await? {
            for area in &loaded.campaign.areas {
                out.entry(area.code.clone()).or_insert_with(|| area.name.clone());
            }
        }
        if let Some(of) = self.jurisdiction().await? {
            out.extend(crate::intake::outlines::area_names(&of));
        }
        Ok(out)
    }

    /// Whether outlines differ from those that are stored.
    pub async fn outlines_differ(&self, all: &BTreeMap<AreaCode, Outline>) -> Result<bool> {
        Ok(self.outlines().await? != light(all))
    }

    /// Puts outlines in the place of those that are stored, as light as they must be. `false`: they are the same.
    pub async fn set_outlines(
        &self,
        all: &BTreeMap<AreaCode, Outline>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let all = light(all);
        let mut act = self.act((by, Power::Plan), Action::JurisdictionApply, now).await?;
        if outlines::all(act.tx()).await? == all {
            return Ok(false);
        }
        outlines::replace(&mut act, &all, millis(now)).await?;
        act.commit(None, &format!("outlines of {} areas", all.len())).await?;
        Ok(true)
    }
}
