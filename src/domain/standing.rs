//! What of a plan still stands when something new is known: a place is shut, a lot comes late, a season ends earlier.
//!
//! The check says what is broken ([`super::planner::check`]); here the rows lose the seats that cannot be kept, and
//! nothing else.

use super::campaign::Campaign;
use super::dose::GivenRow;
use super::id::{PlaceCode, TeamCode};
use super::plan::PlanRow;
use super::planner::{Fault, TeamLimit, check};
use super::stock::{given_share, wastage_rate};
use super::words::words;
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, ToPrimitive as _};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// Why seats of a plan do not stand.
    pub enum Cause {
        /// The place or team is shut on the day.
        Closed = "closed",
        /// The place or team can give fewer doses.
        Capacity = "capacity",
        /// There is no vaccine for them.
        Vaccine = "vaccine",
        /// The campaign, the group or the place is not there on the day.
        Outside = "outside",
        /// People of the place or team are missing, and nobody can take over.
        Staff = "staff",
    }
}

/// How often the check is asked again, at most, after seats without vaccine were taken out.
const ROUNDS_MAX: usize = 60;

/// Seats that do not stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The row, with the seats that it loses.
    pub row: PlanRow,
    /// Why.
    pub cause: Cause,
}

/// A plan as far as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remains {
    /// The rows with the seats that stand.
    pub rows: Vec<PlanRow>,
    /// The seats that do not.
    pub lost: Vec<Lost>,
}

/// What breaks a campaign's plan, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unrest {
    /// Seats that do not stand, by cause.
    pub seats: BTreeMap<Cause, u64>,
    /// The first of their days.
    pub first: Option<NaiveDate>,
    /// Names of their places, the first few.
    pub places: Vec<String>,
    /// Appointments that were withdrawn.
    pub withdrawn: u64,
    /// The draft that mends it and waits to be adopted; `None`: it is still to be made.
    pub draft: Option<i64>,
}

/// Names of places that an unrest keeps.
const PLACES_MAX: usize = 6;

impl Unrest {
    /// What a plan loses.
    pub fn of(campaign: &Campaign, lost: &[Lost]) -> Self {
        let mut out = Self::default();
        for one in lost {
            *out.seats.entry(one.cause).or_default() += u64::from(one.row.doses);
            out.first = Some(out.first.map_or(one.row.day, |first| first.min(one.row.day)));
            let code = &one.row.place;
            let name = campaign.place(code.as_str());
            let name = name.map_or_else(|| code.to_string(), |place| place.name().to_owned());
            if out.places.len() < PLACES_MAX && !out.places.contains(&name) {
                out.places.push(name);
            }
        }
        out
    }

    /// Keeps what was known of seats without staff, where nobody looked at staff again.
    pub fn keep_staff(&mut self, before: &Self) {
        let known = self.seats.get(&Cause::Staff);
        let Some(seats) = before.seats.get(&Cause::Staff).filter(|_| known.is_none()) else {
            return;
        };
        self.seats.insert(Cause::Staff, *seats);
        self.first = self.first.into_iter().chain(before.first).min();
        let new = before.places.iter().filter(|name| !self.places.contains(name));
        let new: Vec<String> = new.cloned().collect();
        self.places.extend(new);
        self.places.truncate(PLACES_MAX);
    }

    /// Seats that do not stand.
    pub fn total(&self) -> u64 {
        self.seats.values().sum()
    }
}

/// What of a plan's rows from a day on stands with what is known now. `given`: doses of any day; those before `from`
/// count as drawn.
#[must_use]
pub fn standing(
    campaign: &Campaign,
    rows: &[PlanRow],
    given: &[GivenRow],
    from: NaiveDate,
) -> Remains {
    let mut out = Remains::default();
    out.rows.extend(rows.iter().filter(|row| row.day >= from).cloned());
    for _ in 0..ROUNDS_MAX {
        let before = out.lost.len();
        let report = check(campaign, &out.rows, given, from);
        let mut gone: BTreeMap<usize, Cause> = BTreeMap::new();
        let mut short: Option<(NaiveDate, NaiveDate, f64)> = None;
        let mut less: Vec<(BTreeSet<usize>, u64, Cause)> = Vec::new();
        for fault in report.violations.into_iter().map(|violation| violation.fault) {
            match fault {
                Fault::UnknownCohort { row, .. }
                | Fault::UnknownPlace { row, .. }
                | Fault::UnknownDose { row, .. }
                | Fault::NotAPlanningDay { row, .. }
                | Fault::TeamAtSite { row, .. }
                | Fault::NotOpen { row, .. }
                | Fault::OutOfReach { row, .. }
                | Fault::NoTeam { row, .. }
                | Fault::WrongKind { row, .. } => {
                    gone.insert(row - 1, Cause::Outside);
                }
                Fault::OverCapacity { site, day, doses, capacity } => {
                    let over = doses.saturating_sub(capacity.into());
                    let cause = if capacity == 0 { Cause::Closed } else { Cause::Capacity };
                    less.push((at_place(&out.rows, day, &site), over, cause));
                }
                Fault::TeamDay { team, day, limit } => {
                    less.push(team_day(&out.rows, &team, day, &limit));
                }
                Fault::LotsShort { first, last, vaccine_doses, .. } if short.is_none() => {
                    short = Some((first, last, vaccine_doses));
                }
                _ => {}
            }
        }
        for (index, cause) in gone {
            let doses = out.rows[index].doses;
            out.take(index, doses, cause);
        }
        for (rows, doses, cause) in less {
            out.take_of(rows.into_iter().rev(), doses, cause);
        }
        // Seats that went for another reason need no vaccine any more: that is asked about in the next round.
        if let (Some((first, last, drawn)), true) = (short, out.lost.len() == before) {
            out.take_vaccine(campaign, (first, last), drawn);
        }
        out.rows.retain(|row| row.doses > 0);
        if out.lost.len() == before {
            break;
        }
    }
    out
}

fn at_place(rows: &[PlanRow], day: NaiveDate, place: &PlaceCode) -> BTreeSet<usize> {
    let found = rows.iter().enumerate().filter(|(_, row)| row.day == day && row.place == *place);
    found.map(|(index, _)| index).collect()
}

/// What a team's day loses where it breaks a limit: only its doses, where these are too many; else all of it.
fn team_day(
    rows: &[PlanRow],
    team: &TeamCode,
    day: NaiveDate,
    limit: &TeamLimit,
) -> (BTreeSet<usize>, u64, Cause) {
    let is_its = |row: &PlanRow| row.day == day && row.team.as_ref() == Some(team);
    let its = rows.iter().enumerate().filter(|(_, row)| is_its(row));
    let its: BTreeSet<usize> = its.map(|(index, _)| index).collect();
    match limit {
        TeamLimit::Doses { doses, most } => {
            (its, doses.saturating_sub((*most).into()), Cause::Capacity)
        }
        TeamLimit::StopDoses { stop, doses, most } => {
            let over = doses.saturating_sub((*most).into());
            (at_place(rows, day, stop), over, Cause::Capacity)
        }
        TeamLimit::StopShut { stop } => (at_place(rows, day, stop), u64::MAX, Cause::Closed),
        TeamLimit::Off => (its, u64::MAX, Cause::Closed),
        _ => (its, u64::MAX, Cause::Capacity),
    }
}

impl Remains {
    /// Takes doses out of a row; it stays in its place with what is left.
    fn take(&mut self, index: usize, doses: u32, cause: Cause) {
        let row = &mut self.rows[index];
        let doses = doses.min(row.doses);
        if doses > 0 {
            row.doses -= doses;
            self.lost.push(Lost { row: PlanRow { doses, ..row.clone() }, cause });
        }
    }

    /// Takes doses out of some rows, in their order.
    fn take_of(&mut self, rows: impl Iterator<Item = usize>, mut doses: u64, cause: Cause) {
        for index in rows {
            let take = u32::try_from(doses).unwrap_or(u32::MAX).min(self.rows[index].doses);
            self.take(index, take, cause);
            doses -= u64::from(take);
            if doses == 0 {
                break;
            }
        }
    }

    /// Takes seats without vaccine out: first doses before second ones, which have less time, and late days before
    /// early ones, of which people may know.
    fn take_vaccine(
        &mut self,
        campaign: &Campaign,
        (first, last): (NaiveDate, NaiveDate),
        drawn: f64,
    ) {
        let is_it = |row: &&PlanRow| row.day >= first;
        // A site takes vaccine for some days ahead: its draws of the last day serve later days, too.
        let within = self.rows.iter().filter(is_it).any(|row| row.day <= last);
        let until = if within { last } else { last + TimeDelta::days(7) };
        let mut order: Vec<usize> = (0..self.rows.len())
            .filter(|&at| (first..=until).contains(&self.rows[at].day))
            .collect();
        order.sort_by_key(|&at| {
            let row = &self.rows[at];
            (std::cmp::Reverse(row.day), row.dose, std::cmp::Reverse(at))
        });
        let mut left = Decimal::from_f64(drawn).unwrap_or_default();
        for at in order {
            let row = &self.rows[at];
            let share = given_share(wastage_rate(campaign, &row.place, row.team.as_ref()));
            let need = (left * share).ceil().to_u32().unwrap_or(u32::MAX).max(1);
            let take = need.min(row.doses);
            self.take(at, take, Cause::Vaccine);
            if share > Decimal::ZERO {
                left -= Decimal::from(take) / share;
            }
            if left <= Decimal::new(1, 6) {
                break;
            }
        }
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
