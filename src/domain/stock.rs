//! Vaccine in the county store: deliveries less what was drawn for the doses given.
//!
//! **Drawn** is what leaves the store, **given** is what reaches people; the rest is **wasted**. Records
//! need not name a lot, so what a lot lost is an estimate: the doses of a day draw from the lots that
//! are usable on it, first expiring first, with the wastage rate of their place.

use super::campaign::Campaign;
use super::id::{LotCode, PlaceCode, TeamCode};
use super::plan::PlanRow;
use super::site::Delivery;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Doses given by day and place.
pub type GivenAt = BTreeMap<(NaiveDate, PlaceCode), u64>;

/// Doses given by day and by the wastage rate of the place: all that stock depends on.
pub type GivenByRate = BTreeMap<NaiveDate, BTreeMap<Decimal, u64>>;

/// Vaccine doses drawn to give `doses` at wastage rate `rate`, exact: doses / (1 − rate). `None` where
/// the rate is 1 or more: then nothing that is drawn is given.
///
/// Source: WHO's definition of the wastage rate; MSF's guide, section 6.2, multiplies the need by 1 / (1 − w).
pub fn drawn_for(doses: u64, rate: Decimal) -> Option<Decimal> {
    let kept = given_share(rate);
    (kept > Decimal::ZERO).then(|| Decimal::from(doses) / kept)
}

/// The share of drawn vaccine that is given at wastage rate `rate`: 1 − rate, 0 where nothing is left.
pub fn given_share(rate: Decimal) -> Decimal {
    (Decimal::ONE - rate).max(Decimal::ZERO)
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

/// What is taken out of each of several lots, in their order, for so many doses, where some were taken before.
pub fn taken_after(held: &[u64], before: u64, doses: u64) -> Vec<u64> {
    let (mut passed, mut left) = (before, doses);
    let take = |held: &u64| {
        let gone = passed.min(*held);
        let taken = left.min(held - gone);
        passed -= gone;
        left -= taken;
        taken
    };
    held.iter().map(take).collect()
}

/// Whole vaccine doses that must be in the store to give what these rows of a plan give.
pub fn drawn_by_plan<'a>(campaign: &Campaign, rows: impl Iterator<Item = &'a PlanRow>) -> u64 {
    let drawn = |row: &PlanRow| {
        let rate = wastage_rate(campaign, &row.place, row.team.as_ref());
        drawn_for(u64::from(row.doses), rate).unwrap_or_default()
    };
    rows.map(drawn).sum::<Decimal>().ceil().to_u64().unwrap_or(u64::MAX)
}

/// What the doses of a day took out of a lot.
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

/// Doses given, as stock is drawn for them.
pub trait DosesGiven {
    /// By the wastage rates of the places.
    fn by_rate(&self, campaign: &Campaign) -> Cow<'_, GivenByRate>;
}

impl DosesGiven for GivenAt {
    fn by_rate(&self, campaign: &Campaign) -> Cow<'_, GivenByRate> {
        let mut rates: BTreeMap<&PlaceCode, Decimal> = BTreeMap::new();
        let mut out = GivenByRate::new();
        for ((day, place), doses) in self {
            let rate = rates.entry(place).or_insert_with(|| wastage_rate(campaign, place, None));
            *out.entry(*day).or_default().entry(*rate).or_default() += doses;
        }
        Cow::Owned(out)
    }
}

impl DosesGiven for GivenByRate {
    fn by_rate(&self, _: &Campaign) -> Cow<'_, GivenByRate> {
        Cow::Borrowed(self)
    }
}

/// What the doses given drew from the lots, by day and then by expiry. What no lot can explain is left
/// out.
pub fn draws(campaign: &Campaign, given: &impl DosesGiven) -> Vec<Draw> {
    let mut days: BTreeMap<NaiveDate, (Decimal, Decimal)> = BTreeMap::new();
    for (day, rates) in given.by_rate(campaign).iter() {
        let day = days.entry(*day).or_default();
        for (rate, doses) in rates {
            day.0 += drawn_for(*doses, *rate).unwrap_or_default();
            day.1 += Decimal::from(*doses);
        }
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

/// Whole doses left of every lot that has arrived and may be used on `today`, first expiring first. The doses of
/// `today` are not yet taken off.
pub fn stock_left(
    campaign: &Campaign,
    given: &impl DosesGiven,
    today: NaiveDate,
) -> Vec<(LotCode, u64)> {
    let mut drawn: BTreeMap<LotCode, Decimal> = BTreeMap::new();
    // A later day never draws from what an earlier day took, so that its draws can be ignored.
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

/// A figure of a lot over a span of days, in whole doses.
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

/// The figures of every lot from `first` to `last`, both included; lots whose figures are all 0 are left out.
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
        // What is left of a lot after its last day of use has expired.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{county, day};

    fn decimal(text: &str) -> Decimal {
        text.parse().expect("a number")
    }

    fn given(rows: &[(i64, &str, u64)]) -> GivenAt {
        rows.iter().map(|(at, place, doses)| ((day(*at), (*place).into()), *doses)).collect()
    }

    #[test]
    fn the_stops_of_a_tour_go_on_with_the_lot_that_the_one_before_left() {
        let held = [12, 20, 5];
        for (before, doses, taken) in [
            (0, 10, [10, 0, 0]),
            (10, 15, [2, 13, 0]),
            (25, 8, [0, 7, 1]),
            (33, 9, [0, 0, 4]),
            (40, 1, [0, 0, 0]),
        ] {
            assert_eq!(taken_after(&held, before, doses), taken, "{doses} after {before}");
        }
    }

    /// Lot, day, drawn, given.
    fn drawn(rows: &[(i64, &str, u64)]) -> Vec<(String, NaiveDate, String, String)> {
        let text = |number: Decimal| number.round_dp(3).normalize().to_string();
        draws(&county(), &given(rows))
            .into_iter()
            .map(|draw| (draw.lot.to_string(), draw.day, text(draw.drawn), text(draw.given)))
            .collect()
    }

    fn row(lot: &str, at: i64, drawn: &str, given: &str) -> (String, NaiveDate, String, String) {
        (lot.into(), day(at), drawn.into(), given.into())
    }

    #[test]
    fn vaccine_drawn_is_doses_over_what_wastage_leaves() {
        for (doses, rate, drawn) in [
            (95, "0.05", Some("100")),
            (10, "0.2", Some("12.5")),
            (7, "0", Some("7")),
            (0, "0.5", Some("0")),
            (1, "1", None),
            (1, "1.5", None),
        ] {
            let found = drawn_for(doses, decimal(rate)).map(|doses| doses.normalize());
            assert_eq!(found, drawn.map(decimal), "{doses} at {rate}");
        }
    }

    #[test]
    fn a_place_has_its_own_wastage_and_a_stop_that_of_its_team() {
        let campaign = county();
        let rate = |place: &str, team: Option<&str>| {
            wastage_rate(&campaign, &place.into(), team.map(TeamCode::from).as_ref()).to_string()
        };
        assert_eq!(rate("S1", None), "0.05");
        assert_eq!(rate("S1", Some("T2")), "0.05", "a site's own, whoever comes");
        assert_eq!(rate("P1", Some("T1")), "0.10");
        assert_eq!(rate("P1", None), "0.20", "the largest where nobody knows");
        assert_eq!(rate("P1", Some("T9")), "0.20");
        assert_eq!(rate("X", Some("T1")), "0");
    }

    #[test]
    fn doses_draw_from_the_lots_of_their_day_first_expiring_first() {
        // L1 (100 doses) comes on day 0 and expires on day 20; L2 (200) and L3 (50) come on day 5.
        assert_eq!(drawn(&[(6, "S1", 95)]), [row("L1", 6, "100", "95")]);
        assert_eq!(drawn(&[(6, "P1", 8)]), [row("L1", 6, "10", "8")]);
        assert_eq!(drawn(&[(20, "S2", 7)]), [row("L1", 20, "7", "7")], "the last day of use");
        assert_eq!(drawn(&[(21, "S2", 7)]), [row("L2", 21, "7", "7")], "after it");
        assert_eq!(
            drawn(&[(4, "S2", 90), (5, "S2", 30), (6, "S2", 250)]),
            [
                row("L1", 4, "90", "90"),
                row("L1", 5, "10", "10"),
                row("L2", 5, "20", "20"),
                row("L2", 6, "180", "180"),
                row("L3", 6, "50", "50"),
            ],
            "what no lot can explain is left out"
        );
        assert!(drawn(&[(-1, "S2", 5), (61, "S2", 5), (3, "S2", 0)]).is_empty());
    }

    #[test]
    fn a_draw_of_several_places_is_given_in_proportion() {
        // 95 doses draw 100, 100 doses draw 100: 195 given of 200.
        let found = drawn(&[(6, "S1", 95), (6, "S2", 100)]);
        assert_eq!(found, [row("L1", 6, "100", "97.5"), row("L2", 6, "100", "97.5")]);
    }

    #[test]
    fn the_stock_left_counts_lots_that_are_there_and_usable() {
        let campaign = county();
        let left = |rows: &[(i64, &str, u64)], at: i64| -> Vec<(String, u64)> {
            let left = stock_left(&campaign, &given(rows), day(at));
            left.into_iter().map(|(lot, doses)| (lot.to_string(), doses)).collect()
        };
        let is = |rows: &[(&str, u64)]| -> Vec<(String, u64)> {
            rows.iter().map(|(lot, doses)| ((*lot).to_owned(), *doses)).collect()
        };
        assert_eq!(left(&[], -1), is(&[]));
        assert_eq!(left(&[], 0), is(&[("L1", 100)]));
        assert_eq!(left(&[], 20), is(&[("L1", 100), ("L2", 200), ("L3", 50)]));
        assert_eq!(left(&[], 21), is(&[("L2", 200), ("L3", 50)]));
        let some = [(4, "S1", 10), (6, "S2", 95)];
        // 10 / 0.95 = 10.526…: whole doses that are left.
        assert_eq!(left(&some, 5), is(&[("L1", 89), ("L2", 200), ("L3", 50)]));
        assert_eq!(
            left(&some, 6),
            is(&[("L1", 89), ("L2", 200), ("L3", 50)]),
            "draws before today"
        );
        assert_eq!(left(&some, 7), is(&[("L1", 0), ("L2", 194), ("L3", 50)]));
        assert_eq!(left(&some, 61), is(&[]));
    }

    #[test]
    fn a_lot_s_month_adds_up() {
        let campaign = county();
        let rows = [(4, "S1", 38), (8, "S1", 19), (22, "S1", 57), (30, "S2", 20)];
        let month = |first: i64, last: i64| -> Vec<(String, [i64; 7])> {
            lots_between(&campaign, &given(&rows), day(first), day(last))
                .into_iter()
                .map(|month| {
                    use LotFigure::{Arrived, Before, Drawn, Expired, Given, Left, Wasted};
                    let figures = [Before, Arrived, Drawn, Given, Wasted, Expired, Left];
                    (month.lot.lot.to_string(), figures.map(|figure| month.of(figure)))
                })
                .collect()
        };
        let is = |rows: &[(&str, [i64; 7])]| -> Vec<(String, [i64; 7])> {
            rows.iter().map(|(lot, figures)| ((*lot).to_owned(), *figures)).collect()
        };
        //                          before arrived drawn given wasted expired left
        assert_eq!(month(0, 4), is(&[("L1", [0, 100, 40, 38, 2, 0, 60])]));
        let second = [("L1", [60, 0, 20, 19, 1, 0, 40]), ("L2", [0, 200, 0, 0, 0, 0, 200])];
        assert_eq!(month(5, 19)[..2], is(&second));
        assert_eq!(month(5, 19)[2], ("L3".into(), [0, 50, 0, 0, 0, 0, 50]));
        // L1 expires on day 20, with what is left of it.
        assert_eq!(month(20, 29)[0], ("L1".into(), [40, 0, 0, 0, 0, 40, 0]));
        assert_eq!(month(20, 29)[1], ("L2".into(), [200, 0, 60, 57, 3, 0, 140]));
        let third = [("L2", [140, 0, 20, 20, 0, 0, 120]), ("L3", [50, 0, 0, 0, 0, 0, 50])];
        assert_eq!(month(30, 59), is(&third), "an expired lot is gone");
        assert_eq!(month(60, 60)[0].1, [120, 0, 0, 0, 0, 120, 0]);
        assert_eq!(month(61, 90), is(&[]));
        assert_eq!(month(0, 60)[0].1, [0, 100, 60, 57, 3, 40, 0]);
        assert_eq!(month(-9, -1), is(&[]), "nothing before the first delivery");
    }
}
