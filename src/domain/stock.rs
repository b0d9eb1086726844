//! Vaccine in the county store: deliveries less what was drawn for the doses given.
//!
//! **Drawn** is what leaves the store, **given** is what reaches people; the rest is **wasted**. Records
//! need not name a lot, so what a lot lost is an estimate: the doses of a day draw from the lots that
//! are usable on it, first expiring first, with the wastage rate of their place.

use super::campaign::Campaign;
use super::id::{LotCode, PlaceCode, TeamCode};
use super::site::Delivery;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;

/// Doses given by day and place.
pub type GivenAt = BTreeMap<(NaiveDate, PlaceCode), u64>;

/// Vaccine doses drawn to give `doses` at wastage rate `rate`, exact: doses / (1 − rate). `None` where
/// the rate is 1 or more: then nothing that is drawn is given.
///
/// Source: WHO, Vaccine wastage concept note (2019); MSF, Management of a measles epidemic, 6.2.
pub fn drawn_for(doses: u64, rate: Decimal) -> Option<Decimal> {
    let kept = Decimal::ONE - rate;
    (kept > Decimal::ZERO).then(|| Decimal::from(doses) / kept)
}

/// The wastage rate of a place, 0..=1: a site's own, at a stop that of the team. Where nobody knows
/// which team came, the largest of all teams; 0 at a place that the campaign does not have.
pub fn wastage_rate(campaign: &Campaign, place: &PlaceCode, team: Option<&TeamCode>) -> Decimal {
    if let Some(site) = campaign.site(place.as_str()) {
        return site.wastage_rate;
    }
    if campaign.stop(place.as_str()).is_none() {
        return Decimal::ZERO;
    }
    let known = team.and_then(|team| campaign.team(team.as_str())).map(|team| team.wastage_rate);
    let largest = || campaign.teams.iter().map(|team| team.wastage_rate).max();
    known.or_else(largest).unwrap_or_default()
}

/// What a day took out of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// Which lot.
    pub lot: LotCode,
    /// When.
    pub day: NaiveDate,
    /// Vaccine doses drawn, wastage included.
    pub drawn: Decimal,
    /// Of them, doses given.
    pub given: Decimal,
}

/// What the doses given drew from the lots, by day and then by expiry. What no lot can explain is left
/// out.
pub fn draws(campaign: &Campaign, given: &GivenAt) -> Vec<Draw> {
    let mut days: BTreeMap<NaiveDate, (Decimal, Decimal)> = BTreeMap::new();
    for ((day, place), doses) in given {
        let rate = wastage_rate(campaign, place, None);
        let day = days.entry(*day).or_default();
        day.0 += drawn_for(*doses, rate).unwrap_or_default();
        day.1 += Decimal::from(*doses);
    }
    let lots = campaign.lots_by_expiry();
    let mut left: Vec<Decimal> = lots.iter().map(|lot| Decimal::from(lot.doses)).collect();
    let mut out = Vec::new();
    for (day, (mut need, doses)) in days {
        let share = if need.is_zero() { Decimal::ZERO } else { doses / need };
        for (lot, left) in lots.iter().zip(&mut left) {
            let take = need.min(*left);
            if lot.date <= day && day <= lot.expires && take > Decimal::ZERO {
                *left -= take;
                need -= take;
                out.push(Draw { lot: lot.lot.clone(), day, drawn: take, given: take * share });
            }
        }
    }
    out
}

/// Doses left of every lot that has arrived and may still be used on `today`, first expiring first.
pub fn stock_left(campaign: &Campaign, given: &GivenAt, today: NaiveDate) -> Vec<(LotCode, u64)> {
    let mut drawn: BTreeMap<LotCode, Decimal> = BTreeMap::new();
    // What a later day draws takes nothing from an earlier one.
    for draw in draws(campaign, given).into_iter().filter(|draw| draw.day < today) {
        *drawn.entry(draw.lot).or_default() += draw.drawn;
    }
    campaign
        .lots_by_expiry()
        .into_iter()
        .filter(|lot| lot.date <= today && today <= lot.expires)
        .map(|lot| {
            let left = Decimal::from(lot.doses) - drawn.get(&lot.lot).copied().unwrap_or_default();
            (lot.lot.clone(), left.floor().to_u64().unwrap_or(0))
        })
        .collect()
}

/// A figure of a lot in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LotFigure {
    /// Doses in the county store before the first day.
    Before,
    /// Doses that arrived.
    Arrived,
    /// Doses drawn: those given and those wasted.
    Drawn,
    /// Doses given.
    Given,
    /// Doses wasted.
    Wasted,
    /// Doses that expired unused.
    Expired,
    /// Doses left after the last day.
    Left,
}

/// A lot between two days, in whole doses: before + arrived − drawn − expired = left, and drawn = given + wasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotMonth<'a> {
    /// The lot.
    pub lot: &'a Delivery,
    figures: BTreeMap<LotFigure, i64>,
}

impl LotMonth<'_> {
    /// One of its figures.
    pub fn of(&self, what: LotFigure) -> i64 {
        self.figures.get(&what).copied().unwrap_or(0)
    }
}

/// Every lot that was there, came or went between two days, both included.
pub fn lots_between<'a>(
    campaign: &'a Campaign,
    given: &GivenAt,
    first: NaiveDate,
    last: NaiveDate,
) -> Vec<LotMonth<'a>> {
    let draws = draws(campaign, given);
    let month = |lot: &'a Delivery| {
        let sum = |is_in: &dyn Fn(NaiveDate) -> bool, of: fn(&Draw) -> Decimal| -> Decimal {
            draws.iter().filter(|draw| draw.lot == lot.lot && is_in(draw.day)).map(of).sum()
        };
        let whole = |number: Decimal| number.round().to_i64().unwrap_or(0);
        let doses = i64::from(lot.doses);
        let rest = |drawn: Decimal| whole(Decimal::from(lot.doses) - drawn);
        // After its last day of use a lot is waste, whatever is left of it.
        let is_here = lot.date < first && lot.expires >= first;
        let before = if is_here { rest(sum(&|day| day < first, |d| d.drawn)) } else { 0 };
        let arrived = if (first..=last).contains(&lot.date) { doses } else { 0 };
        let at_end = rest(sum(&|day| day <= last, |d| d.drawn));
        let is_over = lot.expires <= last;
        let (expired, left) = match (lot.date > last, is_over) {
            (true, _) => (0, 0),
            (false, true) if lot.expires < first => (0, 0),
            (false, true) => (at_end, 0),
            (false, false) => (0, at_end),
        };
        let drawn = before + arrived - expired - left;
        let used = whole(sum(&|day| (first..=last).contains(&day), |d| d.given));
        let figures = [
            (LotFigure::Before, before),
            (LotFigure::Arrived, arrived),
            (LotFigure::Drawn, drawn),
            (LotFigure::Given, used),
            (LotFigure::Wasted, drawn - used),
            (LotFigure::Expired, expired),
            (LotFigure::Left, left),
        ];
        LotMonth { lot, figures: figures.into() }
    };
    let months = campaign.lots_by_expiry().into_iter().map(month);
    months.filter(|month| month.figures.values().any(|figure| *figure != 0)).collect()
}
