//! What a roster changes of the published one, and why.

use super::{Duty, RosterRequest};
use crate::domain::date::days;
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::Role;
use crate::domain::words::words;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// Why somebody's day changes.
    pub enum Reason {
        /// On leave, or no longer there.
        Away = "away",
        /// The place needs fewer people, or a station does not open.
        NotNeeded = "not_needed",
        /// The place needs more people.
        Needed = "needed",
        /// Takes over somebody else's duty.
        TakesOver = "takes_over",
        /// Somebody else takes over the duty: this one is needed on another day.
        Relieved = "relieved",
    }
}

/// A day of somebody that is not as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The day.
    pub date: NaiveDate,
    /// Who.
    pub staff: StaffId,
    /// Place and role as published; `None`: free.
    pub before: Option<(String, Role)>,
    /// Place and role now; `None`: free.
    pub after: Option<(String, Role)>,
    /// Why.
    pub reason: Reason,
}

type Days<'a> = BTreeMap<(NaiveDate, &'a StaffId), (&'a str, Role)>;

fn by_day(duties: &[Duty], (from, until): (NaiveDate, NaiveDate)) -> Days<'_> {
    let inside = duties.iter().filter(|one| from <= one.date && one.date <= until);
    inside.map(|one| ((one.date, &one.staff), (one.place.as_str(), one.role))).collect()
}

fn people(days: &Days) -> BTreeMap<(NaiveDate, String, Role), u32> {
    let mut sum = BTreeMap::new();
    for ((day, _), (place, role)) in days {
        *sum.entry((*day, (*place).to_owned(), *role)).or_insert(0) += 1;
    }
    sum
}

/// The changes of published days, in the order of day and person.
pub(super) fn changes(request: &RosterRequest, duties: &[Duty]) -> Vec<Change> {
    let published = request.before.iter().map(|one| one.date).max();
    let Some(last) = published.map(|last| last.min(request.until)) else { return Vec::new() };
    let span = (request.from, last);
    let (old, new) = (by_day(request.before, span), by_day(duties, span));
    let (had, has) = (people(&old), people(&new));
    let of = request.jurisdiction;
    let away = |day: NaiveDate, who: &StaffId| {
        let leave = of.leave.iter().filter(|leave| leave.staff == *who);
        let member = of.staff.iter().find(|one| one.code == *who);
        member.is_none_or(|one| !one.works_on(day))
            || leave.into_iter().any(|leave| days(leave.first, leave.last).any(|one| one == day))
    };
    let mut out = Vec::new();
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    for (date, staff) in keys {
        let (before, after) = (old.get(&(date, staff)), new.get(&(date, staff)));
        if before == after {
            continue;
        }
        let at = |there: &(&str, Role)| (date, there.0.to_owned(), there.1);
        let number = |sums: &BTreeMap<_, u32>, there: &(&str, Role)| {
            sums.get(&at(there)).copied().unwrap_or(0)
        };
        let reason = match (before, after) {
            (_, Some(now)) if number(&has, now) > number(&had, now) => Reason::Needed,
            (_, Some(_)) => Reason::TakesOver,
            (Some(_), None) if away(date, staff) => Reason::Away,
            (Some(then), None) if number(&has, then) < number(&had, then) => Reason::NotNeeded,
            (_, None) => Reason::Relieved,
        };
        let owned =
            |there: Option<&(&str, Role)>| there.map(|(place, role)| ((*place).to_owned(), *role));
        let (before, after) = (owned(before), owned(after));
        out.push(Change { date, staff: staff.clone(), before, after, reason });
    }
    out
}
