//! A team's tour of tomorrow in the digest of its lead: when it is where, and what it loads in sum.

use crate::app::Loaded;
use crate::domain::campaign::Campaign;
use crate::domain::id::{LotCode, PlaceCode, TeamCode};
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::notice::{LoadLine, StopTimes};
use crate::domain::plan::PlanRow;
use crate::domain::planner::{LotDraw, SessionVials, tour};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use std::collections::BTreeMap;

/// When each team is at which stop.
pub(super) type Tours = BTreeMap<TeamCode, BTreeMap<PlaceCode, StopTimes>>;

/// The tours of tomorrow, over all campaigns: a team makes one tour a day.
pub(super) fn tours<'a>(
    (all, of): (&[Loaded], Option<&Jurisdiction>),
    rows: impl Iterator<Item = &'a PlanRow>,
    leaves_at: NaiveTime,
) -> Tours {
    let mut teams: BTreeMap<&TeamCode, BTreeMap<&PlaceCode, u32>> = BTreeMap::new();
    for row in rows {
        if let Some(team) = &row.team {
            *teams.entry(team).or_default().entry(&row.place).or_insert(0) += row.doses;
        }
    }
    let mut out = Tours::new();
    for (team, stops) in teams {
        let stops: Vec<(PlaceCode, u32)> =
            stops.into_iter().map(|(stop, doses)| (stop.clone(), doses)).collect();
        // A campaign may not have a stop that is another one's own.
        let made = all.iter().filter_map(|one| tour(&one.campaign, team, &stops));
        let Some(made) = made.max_by_key(|made| made.stops.len()) else { continue };
        let times = made.stops.into_iter().map(|stop| {
            let row = of.and_then(|of| of.stop(stop.stop.as_str()));
            let times = StopTimes {
                arrives: clock(leaves_at, stop.arrival_minutes),
                leaves: clock(leaves_at, stop.departure_minutes),
                address: row.and_then(|row| row.address.clone()),
                phone: row.and_then(|row| row.phone.clone()),
            };
            (stop.stop, times)
        });
        out.insert(team.clone(), times.collect());
    }
    out
}

/// The time so many minutes after departure, midnight at the latest.
fn clock(leaves_at: NaiveTime, minutes: f64) -> NaiveTime {
    let last = NaiveTime::from_hms_opt(23, 59, 0).expect("a minute before midnight");
    let (time, days) = leaves_at.overflowing_add_signed(TimeDelta::minutes(whole(minutes)));
    if days == 0 { time } else { last }
}

#[expect(clippy::cast_possible_truncation, reason = "it is clamped to the minutes of a day")]
fn whole(minutes: f64) -> i64 {
    minutes.round().clamp(0.0, 1440.0) as i64
}

/// What a team loads on a day, by lot: for all its stops together, waste included.
pub(super) fn load(
    (campaign, day): (&Campaign, NaiveDate),
    (draws, vials): (&[LotDraw], &[SessionVials]),
    team: &str,
) -> Vec<LoadLine> {
    let is_its = |of: &Option<TeamCode>| of.as_ref().is_some_and(|of| of.as_str() == team);
    let mut doses: BTreeMap<&LotCode, u64> = BTreeMap::new();
    for draw in draws {
        if is_its(&draw.team) && draw.taken == day {
            *doses.entry(&draw.lot).or_default() += draw.vaccine_doses;
        }
    }
    let vials = |lot: &LotCode| {
        let sessions = vials.iter().filter(|one| is_its(&one.team));
        let lots = sessions.flat_map(|one| &one.lots).filter(|one| one.lot == *lot);
        lots.filter_map(|one| one.vials).reduce(|all, one| all + one)
    };
    let line = |(lot, doses): (&LotCode, u64)| {
        let known = campaign.lot(lot.as_str())?;
        Some(LoadLine {
            lot: lot.clone(),
            product: known.product.clone(),
            vaccine: crate::mail::render::only_vaccine(campaign).map(str::to_owned),
            doses,
            vials: vials(lot).map(|opened| loaded(opened, doses, known.doses_per_vial)),
            expires: known.expires,
        })
    };
    doses.into_iter().filter_map(line).collect()
}

/// The vials that hold what a team loads: those that its stops open, and what is loaded beyond it.
fn loaded(opened: u64, doses: u64, doses_per_vial: Option<u32>) -> u64 {
    doses_per_vial.map_or(opened, |each| opened.max(doses.div_ceil(u64::from(each.max(1)))))
}

#[cfg(test)]
mod tests {
    use super::loaded;

    #[test]
    fn vials_hold_all_the_doses_that_are_loaded() {
        assert_eq!(loaded(22, 23, Some(1)), 23, "one more than is given, for waste");
        assert_eq!(loaded(3, 23, Some(10)), 3);
        assert_eq!(loaded(4, 23, Some(10)), 4, "each stop opens its own");
        assert_eq!(loaded(2, 23, None), 2);
    }
}
