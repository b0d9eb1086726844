//! Vaccine by lot at the end of a day.

use super::{App, Loaded, Result};
use crate::domain::allocation::{AllocationLine, allocation};
use crate::domain::id::LotCode;
use crate::domain::plan::PlanRow;
use crate::domain::stock::stock_left;
use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

/// A lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LotLine {
    /// Its code.
    pub lot: LotCode,
    /// The product.
    pub product: String,
    /// When it arrives in the county store.
    pub arrives: NaiveDate,
    /// Its last day of use.
    pub expires: NaiveDate,
    /// Doses delivered.
    pub doses: u32,
    /// Doses drawn by the end of the day; `None` before it arrives and once it has expired.
    pub drawn: Option<u64>,
    /// Doses left; `None` before it arrives and once it has expired.
    pub left: Option<u64>,
}

impl App {
    /// How much vaccine each county takes by the rows of a plan from a day on, by week and lot.
    pub async fn allocation(
        &self,
        loaded: &Loaded,
        (from, rows): (NaiveDate, &[PlanRow]),
    ) -> Result<Vec<AllocationLine>> {
        let given = self.history(loaded, from).await?;
        let areas = self.jurisdiction().await?.map(|all| all.areas).unwrap_or_default();
        let levels = areas.into_iter().filter_map(|row| Some((row.area.code, row.level?)));
        Ok(allocation(&loaded.campaign, &levels.collect(), rows, &given, from))
    }

    /// Every lot of a campaign at the end of a day, first expiring first. What a lot lost is an estimate: records need
    /// not name a lot.
    pub async fn lots(&self, loaded: &Loaded, day: NaiveDate) -> Result<Vec<LotLine>> {
        let campaign = &loaded.campaign;
        let mut tx = self.store.read().await?;
        let given = self.given_in(&mut tx, loaded.no).await?.by_rate(campaign, day, |_| true);
        let left = stock_left(campaign, &given, day + TimeDelta::days(1));
        let line = |lot: &crate::domain::site::Delivery| {
            let found = left.iter().find(|(code, _)| *code == lot.lot).map(|(_, left)| *left);
            LotLine {
                lot: lot.lot.clone(),
                product: lot.product.clone(),
                arrives: lot.date,
                expires: lot.expires,
                doses: lot.doses,
                drawn: found.map(|left| u64::from(lot.doses).saturating_sub(left)),
                left: found,
            }
        };
        Ok(campaign.lots_by_expiry().into_iter().map(line).collect())
    }
}
