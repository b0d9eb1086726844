//! Whole vials: what each session draws, how much stays in open vials, and which sessions could be
//! merged to save vaccine. The planner counts single doses only; this is advice.

use super::{check, lot_draws, tour};
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::id::{LotCode, PlaceCode, TeamCode};
use crate::domain::plan::PlanRow;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// The vials of one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionVials {
    /// The day.
    pub day: NaiveDate,
    /// The site or stop.
    pub place: PlaceCode,
    /// The team, at a stop.
    pub team: Option<TeamCode>,
    /// Doses planned.
    pub doses: u64,
    /// Its vials, by lot.
    pub lots: Vec<LotVials>,
    /// Doses left in open vials at the end of the day if everybody comes.
    pub open_vial_waste: u64,
}

/// Vials of a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LotVials {
    /// The lot.
    pub lot: LotCode,
    /// Doses given out of it.
    pub doses: u64,
    /// Doses in a vial; `None` where the campaign does not say.
    pub doses_per_vial: Option<u32>,
    /// Whole vials.
    pub vials: Option<u64>,
}

/// Two sessions of one place that would save vaccine if they were one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Merge {
    /// The site or stop.
    pub place: PlaceCode,
    /// The session that is given up.
    pub from: NaiveDate,
    /// The session that takes its people.
    pub into: NaiveDate,
    /// Doses that move.
    pub doses: u64,
    /// Doses that are no longer left in open vials.
    pub saves: u64,
    /// Change of the plan's objective; negative if people get their doses later.
    pub objective: f64,
}

/// Doses that stay in open vials when `doses` are given out of vials of `each`.
fn left_open(doses: u64, each: u32) -> u64 {
    doses.next_multiple_of(u64::from(each.max(1))) - doses
}

/// A session: its day, place and team.
type At<'a> = (NaiveDate, &'a PlaceCode, Option<&'a TeamCode>);

/// Sessions in the order in which vaccine is used: those of a team along its tour.
fn in_order<'a>(campaign: &Campaign, sessions: BTreeMap<At<'a>, u64>) -> Vec<(At<'a>, u64)> {
    let mut stops: BTreeMap<(NaiveDate, &TeamCode), Vec<(PlaceCode, u32)>> = BTreeMap::new();
    for ((day, place, team), doses) in &sessions {
        if let Some(team) = team {
            let doses = u32::try_from(*doses).unwrap_or(u32::MAX);
            stops.entry((*day, *team)).or_default().push(((*place).clone(), doses));
        }
    }
    let mut nth: BTreeMap<(NaiveDate, PlaceCode), usize> = BTreeMap::new();
    for ((day, team), stops) in stops.into_iter().filter(|(_, stops)| stops.len() > 1) {
        let made = tour(campaign, team, &stops).into_iter().flat_map(|made| made.stops);
        nth.extend(made.enumerate().map(|(no, stop)| ((day, stop.stop), no)));
    }
    let mut out: Vec<(At, u64)> = sessions.into_iter().collect();
    out.sort_by_cached_key(|((day, place, _), _)| {
        (*day, nth.get(&(*day, (*place).clone())).copied())
    });
    out
}

/// The sessions of a plan with their vials, by day and place. `given` and `from` as for planning.
pub fn vials(
    campaign: &Campaign,
    rows: &[PlanRow],
    given: &[GivenRow],
    from: NaiveDate,
) -> Vec<SessionVials> {
    let mut stock: BTreeMap<String, VecDeque<(LotCode, f64, NaiveDate)>> = BTreeMap::new();
    for draw in lot_draws(campaign, rows, given, from) {
        let site = draw.site.as_ref().map(PlaceCode::as_str);
        let owner = site.or(draw.team.as_ref().map(TeamCode::as_str)).unwrap_or_default();
        let held = stock.entry(owner.to_owned()).or_default();
        held.push_back((draw.lot, draw.doses_given, draw.until));
    }
    let mut sessions: BTreeMap<At, u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.day >= from) {
        *sessions.entry((row.day, &row.place, row.team.as_ref())).or_insert(0) +=
            u64::from(row.doses);
    }
    let session = |((day, place, team), doses): (At, u64)| {
        let owner = team.map_or(place.as_str(), TeamCode::as_str);
        let lots = match stock.get_mut(owner) {
            Some(held) => take(campaign, held, day, doses),
            None => Vec::new(),
        };
        let waste =
            |lot: &LotVials| lot.doses_per_vial.map_or(0, |each| left_open(lot.doses, each));
        SessionVials {
            day,
            place: place.clone(),
            team: team.cloned(),
            doses,
            open_vial_waste: lots.iter().map(waste).sum(),
            lots,
        }
    };
    let mut out: Vec<SessionVials> =
        in_order(campaign, sessions).into_iter().map(session).collect();
    out.sort_by(|a, b| (a.day, &a.place, &a.team).cmp(&(b.day, &b.place, &b.team)));
    out
}

/// Takes a session's doses out of what its place has drawn, in order. What was drawn for earlier
/// periods is gone.
fn take(
    campaign: &Campaign,
    held: &mut VecDeque<(LotCode, f64, NaiveDate)>,
    day: NaiveDate,
    doses: u64,
) -> Vec<LotVials> {
    let mut lots: Vec<LotVials> = Vec::new();
    let mut left = doses;
    while let Some((lot, amount, until)) = held.front_mut() {
        // A share of a dose belongs to the next lot: a dose comes out of one vial.
        let whole = super::num::counted(amount.round());
        if *until < day || whole == 0 {
            held.pop_front();
            continue;
        }
        let n = left.min(whole);
        if n == 0 {
            break;
        }
        *amount -= n as f64;
        left -= n;
        let known = lots.iter_mut().find(|one| one.lot == *lot);
        match known {
            Some(one) => one.doses += n,
            None => lots.push(LotVials {
                lot: lot.clone(),
                doses: n,
                doses_per_vial: campaign.lot(lot.as_str()).and_then(|lot| lot.doses_per_vial),
                vials: None,
            }),
        }
    }
    // Rounding may leave a dose without a lot: it comes out of the last one.
    if let Some(last) = lots.last_mut() {
        last.doses += left;
    }
    for lot in &mut lots {
        lot.vials = lot.doses_per_vial.map(|each| lot.doses.div_ceil(u64::from(each.max(1))));
    }
    lots
}

/// Sessions further apart than this many days are not merged (our choice).
const APART_DAYS_MAX: i64 = 7;
/// At most this many merges are tried; each costs a check of the whole plan.
const TRIES: usize = 60;

/// Pairs of sessions after day `fixed` that would save vaccine as one, the best first. Each was
/// tried: the plan with all of these merges breaks no rule. `given` and `from` as for planning.
pub fn merges(
    campaign: &Campaign,
    rows: &[PlanRow],
    given: &[GivenRow],
    from: NaiveDate,
    fixed: NaiveDate,
) -> Vec<Merge> {
    let mut offers = offers(&vials(campaign, rows, given, from), fixed);
    offers.sort_by(|a, b| {
        b.saves
            .cmp(&a.saves)
            .then(a.doses.cmp(&b.doses))
            .then_with(|| (&a.place, a.from, a.into).cmp(&(&b.place, b.from, b.into)))
    });
    let waste = |rows: &[PlanRow]| -> u64 {
        vials(campaign, rows, given, from).iter().map(|session| session.open_vial_waste).sum()
    };
    let mut rows = rows.to_vec();
    let before = check(campaign, &rows, given, from);
    let (faults, mut objective) = (before.violations.len(), before.figures.objective);
    let mut wasted = waste(&rows);
    let mut touched: Vec<(PlaceCode, NaiveDate)> = Vec::new();
    let mut taken = Vec::new();
    for mut offer in offers.into_iter().take(TRIES) {
        let is_touched = |day| touched.iter().any(|one| one.0 == offer.place && one.1 == day);
        if is_touched(offer.from) || is_touched(offer.into) {
            continue;
        }
        let merged = merged(&rows, &offer);
        let report = check(campaign, &merged, given, from);
        let less = wasted.saturating_sub(waste(&merged));
        if report.violations.len() > faults || less == 0 {
            continue;
        }
        touched.extend([offer.from, offer.into].map(|day| (offer.place.clone(), day)));
        offer.saves = less;
        offer.objective = report.figures.objective - objective;
        (rows, objective, wasted) = (merged, report.figures.objective, wasted - less);
        taken.push(offer);
    }
    taken
}

/// Pairs that would save vaccine by the count of their own vials, before they are tried.
fn offers(sessions: &[SessionVials], fixed: NaiveDate) -> Vec<Merge> {
    let mut of_place: BTreeMap<(&PlaceCode, Option<&TeamCode>), Vec<&SessionVials>> =
        BTreeMap::new();
    for session in sessions.iter().filter(|session| session.day > fixed) {
        of_place.entry((&session.place, session.team.as_ref())).or_default().push(session);
    }
    let each = |session: &SessionVials| session.lots.first().and_then(|lot| lot.doses_per_vial);
    let mut offers = Vec::new();
    for ((place, _), list) in of_place {
        for (i, &early) in list.iter().enumerate() {
            for &late in &list[i + 1..] {
                if (late.day - early.day).num_days() > APART_DAYS_MAX {
                    break;
                }
                let Some(vial) = each(early).filter(|vial| each(late) == Some(*vial)) else {
                    continue;
                };
                let apart = left_open(early.doses, vial) + left_open(late.doses, vial);
                let saves = apart - left_open(early.doses + late.doses, vial).min(apart);
                let (from, into) =
                    if early.doses < late.doses { (early, late) } else { (late, early) };
                if saves > 0 {
                    offers.push(Merge {
                        place: place.clone(),
                        from: from.day,
                        into: into.day,
                        doses: from.doses,
                        saves,
                        objective: 0.0,
                    });
                }
            }
        }
    }
    offers
}

/// The plan with the people of one session on the other's day.
fn merged(rows: &[PlanRow], merge: &Merge) -> Vec<PlanRow> {
    let mut moved: BTreeMap<PlanRow, u32> = BTreeMap::new();
    for row in rows {
        let mut to = PlanRow { doses: 0, ..row.clone() };
        if row.place == merge.place && row.day == merge.from {
            to.day = merge.into;
        }
        *moved.entry(to).or_insert(0) += row.doses;
    }
    moved.into_iter().map(|(row, doses)| PlanRow { doses, ..row }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::planner::testing::{lot, plain, row, start};
    use chrono::TimeDelta;

    fn day(n: i64) -> NaiveDate {
        start() + TimeDelta::days(n)
    }

    /// One site without a limit of its store and without waste, two lots of vials of five.
    fn campaign() -> Campaign {
        let mut campaign = plain();
        campaign.sites[0].storage_doses = None;
        campaign.sites[0].wastage_rate = rust_decimal::Decimal::ZERO;
        campaign.deliveries = vec![lot("soon", 0, 12, 6), lot("late", 0, 500, 60)];
        for lot in &mut campaign.deliveries {
            lot.doses_per_vial = Some(5);
        }
        campaign
    }

    #[test]
    fn what_stays_in_the_last_vial() {
        for (doses, each, left) in [(0, 5, 0), (1, 5, 4), (5, 5, 0), (6, 5, 4), (7, 0, 0)] {
            assert_eq!(left_open(doses, each), left, "{doses} of {each}");
        }
    }

    #[test]
    fn sessions_take_what_their_place_has_drawn_in_order_and_count_whole_vials() {
        let rows = [row(0, 1, 7), row(1, 1, 8), row(30, 2, 7)];
        let found = vials(&campaign(), &rows, &[], start());
        let lots = |i: usize| -> Vec<(String, u64, Option<u64>)> {
            let lot = |lot: &LotVials| (lot.lot.to_string(), lot.doses, lot.vials);
            found[i].lots.iter().map(lot).collect()
        };
        assert_eq!(lots(0), [("soon".to_owned(), 7, Some(2))]);
        assert_eq!(lots(1), [("soon".to_owned(), 5, Some(1)), ("late".to_owned(), 3, Some(1))]);
        assert_eq!(lots(2), [("late".to_owned(), 7, Some(2))]);
        let waste: Vec<u64> = found.iter().map(|session| session.open_vial_waste).collect();
        assert_eq!(waste, [3, 2, 3]);
        let later = vials(&campaign(), &rows, &[], day(1));
        assert_eq!(later.len(), 2, "sessions before the day are left out");
    }

    #[test]
    fn a_lot_without_a_vial_size_wastes_nothing_that_is_known() {
        let mut campaign = campaign();
        campaign.deliveries[0].doses_per_vial = None;
        let found = vials(&campaign, &[row(0, 1, 7)], &[], start());
        assert_eq!((found[0].open_vial_waste, found[0].lots[0].vials), (0, None));
    }

    #[test]
    fn two_sessions_of_a_week_that_save_a_vial_together_become_one() {
        // Three and two doses need a vial each, together one. The second dose stays where it is.
        let campaign = campaign();
        let rows = [row(1, 1, 3), row(3, 1, 2), row(30, 2, 5)];
        let found = merges(&campaign, &rows, &[], start(), day(0));
        assert_eq!(found.len(), 1, "{found:?}");
        let merge = &found[0];
        assert_eq!((merge.from, merge.into), (day(3), day(1)));
        assert_eq!((merge.doses, merge.saves), (2, 5));
        assert!(merge.objective > 0.0, "two people come earlier: {merge:?}");
        assert_eq!(merged(&rows, merge), [row(1, 1, 5), row(30, 2, 5)]);
        let fixed = merges(&campaign, &rows, &[], start(), day(1));
        assert_eq!(fixed, [], "announced days stay");
    }

    #[test]
    fn sessions_far_apart_with_nothing_to_save_or_without_room_stay_apart() {
        let mut campaign = campaign();
        let apart = [row(1, 1, 3), row(9, 1, 2), row(32, 2, 5)];
        assert_eq!(merges(&campaign, &apart, &[], start(), day(0)), []);
        let full = [row(1, 1, 5), row(3, 1, 5), row(30, 2, 10)];
        assert_eq!(merges(&campaign, &full, &[], start(), day(0)), []);
        campaign.sites[0].weekday_doses = 4;
        let small = [row(1, 1, 4), row(3, 1, 1), row(29, 2, 4), row(30, 2, 1)];
        assert_eq!(merges(&campaign, &small, &[], start(), day(0)), [], "five do not fit");
    }
}
