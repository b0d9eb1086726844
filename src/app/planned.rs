//! What the plan in force on a day has for a place, by area, group and number of the dose.

use super::{App, Loaded, Result};
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::store::plans;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Doses by area, group and number of the dose.
pub type Planned = BTreeMap<(AreaCode, GroupId, u8), u64>;

impl App {
    /// The doses of a place on a day by the plan that was or is in force on it; empty where there is none.
    pub async fn planned_at(
        &self,
        loaded: &Loaded,
        place: &PlaceCode,
        day: NaiveDate,
    ) -> Result<Planned> {
        let mut tx = self.store.read().await?;
        let adopted = plans::adopted(&mut tx, loaded.no).await?;
        let Some(plan) = adopted.iter().rev().find(|plan| plan.from <= day) else {
            return Ok(Planned::new());
        };
        let rows = plans::rows(&mut tx, loaded.no, plan.no, day..=day).await?;
        let mut out = Planned::new();
        for row in loaded.campaign.plan_rows_on(rows, day) {
            if row.place == *place {
                let key = (row.area, row.group, row.dose);
                *out.entry(key).or_default() += u64::from(row.doses);
            }
        }
        Ok(out)
    }
}
