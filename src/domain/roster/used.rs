//! How much of each place's own people a roster uses.

use super::Duty;
use crate::domain::date::days;
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::{Jurisdiction, StaffMember};
use chrono::{Days, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};

/// A place's week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceUse {
    /// The site or team.
    pub place: String,
    /// Its own people.
    pub people: u32,
    /// Staff-days that they could work: work days without leave, as many as they may have in a week.
    pub could: u32,
    /// Staff-days that they work, wherever.
    pub worked: u32,
    /// Staff-days at the place, whoever works there.
    pub staff_days: u32,
}

/// The week that begins on a Monday, by place.
pub fn used(of: &Jurisdiction, duties: &[Duty], monday: NaiveDate) -> Vec<PlaceUse> {
    let last = monday.checked_add_days(Days::new(6)).unwrap_or(monday);
    let mut out: BTreeMap<&str, PlaceUse> = BTreeMap::new();
    let mut worked: BTreeMap<&StaffId, BTreeSet<NaiveDate>> = BTreeMap::new();
    for duty in duties.iter().filter(|duty| monday <= duty.date && duty.date <= last) {
        at(&mut out, &duty.place).staff_days += 1;
        worked.entry(&duty.staff).or_default().insert(duty.date);
    }
    for member in &of.staff {
        let own = at(&mut out, &member.home);
        own.people += 1;
        own.could += could(of, member, (monday, last));
        let days = worked.get(&member.code).map_or(0, BTreeSet::len);
        own.worked += u32::try_from(days).unwrap_or(u32::MAX);
    }
    out.into_values().collect()
}

fn at<'a, 'b>(out: &'b mut BTreeMap<&'a str, PlaceUse>, place: &'a str) -> &'b mut PlaceUse {
    let empty =
        || PlaceUse { place: place.to_owned(), people: 0, could: 0, worked: 0, staff_days: 0 };
    out.entry(place).or_insert_with(empty)
}

fn could(of: &Jurisdiction, member: &StaffMember, (first, last): (NaiveDate, NaiveDate)) -> u32 {
    let leave: Vec<_> = of.leave.iter().filter(|one| one.staff == member.code).collect();
    let is_free = |day: &NaiveDate| {
        member.works_on(*day) && !leave.iter().any(|one| one.first <= *day && *day <= one.last)
    };
    let count = days(first, last).filter(is_free).count();
    u32::try_from(count).unwrap_or(u32::MAX).min(member.days_a_week_max)
}
