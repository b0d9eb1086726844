//! A published roster with new leave: others take over where somebody can, and everything else stays as it is.

use super::changes::changes;
use super::{Change, Duty, Missing, Needs, RosterRequest, make};
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::Jurisdiction;
use chrono::{Days, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};

/// Days before the first one that still count in somebody's weeks and rows.
const AROUND_DAYS: u64 = 31;

/// Published days made anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Again {
    /// First and last day made anew; `None`: nothing is published from that day on.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// The duties of these days.
    pub duties: Vec<Duty>,
    /// What differs from what was published, and why.
    pub changes: Vec<Change>,
    /// Whom places lack. Whoever else was to work there does: the office decides what becomes of the session.
    pub missing: Vec<Missing>,
}

/// The first published day from one on that somebody cannot work any more: they have leave, or have left.
pub fn first_away(of: &Jurisdiction, published: &[Duty], from: NaiveDate) -> Option<NaiveDate> {
    let is_away = |duty: &&Duty| duty.date >= from && !is_there(of, duty);
    published.iter().filter(is_away).map(|duty| duty.date).min()
}

/// Whether somebody can work on the day of a duty: they are one of the staff, and have no leave.
fn is_there(of: &Jurisdiction, duty: &Duty) -> bool {
    let member = of.staff.iter().find(|one| one.code == duty.staff);
    let mut leave = of.leave.iter().filter(|one| one.staff == duty.staff);
    member.is_some_and(|one| one.works_on(duty.date))
        && !leave.any(|one| one.first <= duty.date && duty.date <= one.last)
}

/// Makes the published days from one on anew, with the crews that places had.
pub fn again(of: &Jurisdiction, published: &[Duty], from: NaiveDate) -> Again {
    let since = from.checked_sub_days(Days::new(AROUND_DAYS)).unwrap_or(from);
    let before: Vec<Duty> = published.iter().filter(|one| one.date >= since).cloned().collect();
    let ahead: Vec<Duty> = before.iter().filter(|one| one.date >= from).cloned().collect();
    let Some(until) = ahead.iter().map(|one| one.date).max() else {
        return Again { days: None, duties: Vec::new(), changes: Vec::new(), missing: Vec::new() };
    };
    let needs = Needs::of_roster(&ahead);
    let request = RosterRequest { jurisdiction: of, needs: &needs, before: &before, from, until };
    let made = make(&request);
    let mut duties = made.duties;
    duties.extend(left_in_place(of, (&ahead, &duties), &made.missing));
    duties.sort();
    let changes = changes(&request, &duties);
    Again { days: Some((from, until)), duties, changes, missing: made.missing }
}

/// The people of places that lack somebody: a roster that is made opens whole stations only, but these were told to
/// come. Whoever works on other days than published stays where they are needed now.
fn left_in_place(
    of: &Jurisdiction,
    (ahead, made): (&[Duty], &[Duty]),
    missing: &[Missing],
) -> Vec<Duty> {
    let lacking: BTreeSet<(NaiveDate, &str)> =
        missing.iter().map(|one| (one.date, one.place.as_str())).collect();
    let days = |duties: &[Duty]| {
        let mut out: BTreeMap<StaffId, BTreeSet<NaiveDate>> = BTreeMap::new();
        for duty in duties {
            out.entry(duty.staff.clone()).or_default().insert(duty.date);
        }
        out
    };
    let (had, has) = (days(ahead), days(made));
    let is_free = |duty: &&Duty| {
        let now = has.get(&duty.staff);
        let only_published = now.is_none_or(|now| now.is_subset(&had[&duty.staff]));
        only_published && now.is_none_or(|now| !now.contains(&duty.date))
    };
    let here = ahead.iter().filter(|duty| lacking.contains(&(duty.date, duty.place.as_str())));
    here.filter(is_free).filter(|duty| is_there(of, duty)).cloned().collect()
}
