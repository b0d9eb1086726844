//! Vaccine that is left in the county store: deliveries less what was drawn for the doses given.

use super::campaign::Campaign;
use super::dose::GivenRow;
use super::id::LotCode;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;

/// Doses left of every lot that has arrived and may still be used on `today`, first expiring first. Doses given draw
/// from the lots of their day, first expiring first, with the wastage of their place (at a stop the largest of a team).
pub fn stock_left(
    campaign: &Campaign,
    given: &[GivenRow],
    today: NaiveDate,
) -> Vec<(LotCode, u64)> {
    let team_rate = campaign.teams.iter().map(|team| team.wastage_rate).max().unwrap_or_default();
    let mut drawn: BTreeMap<NaiveDate, Decimal> = BTreeMap::new();
    for row in given.iter().filter(|row| row.day < today) {
        let rate = match campaign.site(row.place.as_str()) {
            Some(site) => site.wastage_rate,
            None if campaign.stop(row.place.as_str()).is_some() => team_rate,
            None => Decimal::ZERO,
        };
        *drawn.entry(row.day).or_default() += Decimal::from(row.doses) / (Decimal::ONE - rate);
    }
    let lots = campaign.lots_by_expiry();
    let mut left: Vec<Decimal> = lots.iter().map(|lot| Decimal::from(lot.doses)).collect();
    for (day, mut need) in drawn {
        for (lot, left) in lots.iter().zip(&mut left) {
            if lot.date <= day && day <= lot.expires {
                let take = need.min(*left);
                *left -= take;
                need -= take;
            }
        }
    }
    lots.iter()
        .zip(left)
        .filter(|(lot, _)| lot.date <= today && today <= lot.expires)
        .map(|(lot, left)| (lot.lot.clone(), left.floor().to_u64().unwrap_or(0)))
        .collect()
}
