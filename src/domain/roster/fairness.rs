//! How even a roster is: days and weekend days among people who are alike, against the least spread
//! that their number of days allows.

use super::{Duty, RosterRequest};
use crate::domain::date::days;
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::{Role, StaffMember};
use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How even days of a kind are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Spread {
    /// The differences between who has most and who has fewest in each group, added up.
    pub unfairness: u32,
    /// The least that they can be: no roster with the same days of each group has less.
    pub bound: u32,
    /// The most uneven group.
    pub worst: Option<Worst>,
}

/// A group of people who are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Worst {
    /// Their site or team.
    pub home: String,
    /// Their roles.
    pub roles: BTreeSet<Role>,
    /// How many they are.
    pub people: usize,
    /// The difference between who has most and who has fewest.
    pub spread: u32,
    /// The least that it can be.
    pub least: u32,
}

/// How even a roster is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Fairness {
    /// People who could work in the span.
    pub people: usize,
    /// Groups of two and more who are alike: same home, roles, weekdays and days a week.
    pub groups: usize,
    /// Days.
    pub days: Spread,
    /// Saturdays and Sundays.
    pub weekends: Spread,
}

/// Somebody's days.
struct Load<'a> {
    member: &'a StaffMember,
    days: [u32; 2],
    /// Most that they could have.
    most: [u32; 2],
}

/// Whether a day is a Saturday or Sunday.
pub(super) fn is_weekend(day: NaiveDate) -> bool {
    day.weekday().num_days_from_monday() >= 5
}

/// How even the duties of a request's days are.
pub fn fairness(request: &RosterRequest, duties: &[Duty]) -> Fairness {
    let mut away: BTreeMap<&StaffId, BTreeSet<NaiveDate>> = BTreeMap::new();
    for leave in &request.jurisdiction.leave {
        let span = days(leave.first.max(request.from), leave.last.min(request.until));
        away.entry(&leave.staff).or_default().extend(span);
    }
    let mut worked: BTreeMap<&StaffId, [u32; 2]> = BTreeMap::new();
    for duty in duties.iter().filter(|one| request.from <= one.date && one.date <= request.until) {
        let [all, weekend] = worked.entry(&duty.staff).or_default();
        *all += 1;
        *weekend += u32::from(is_weekend(duty.date));
    }
    let mut groups: BTreeMap<_, Vec<Load>> = BTreeMap::new();
    for member in &request.jurisdiction.staff {
        let most = most(request, member, away.get(&member.code));
        if most[0] == 0 {
            continue;
        }
        let week = member.weekdays.to_string();
        let key = (&member.home, &member.roles, week, member.days_a_week_max);
        let days = worked.get(&member.code).copied().unwrap_or_default();
        groups.entry(key).or_default().push(Load { member, days, most });
    }
    let people = groups.values().map(Vec::len).sum();
    let groups: Vec<Vec<Load>> = groups.into_values().filter(|group| group.len() > 1).collect();
    let [days, weekends] = [0, 1].map(|kind| spread(&groups, kind));
    Fairness { people, groups: groups.len(), days, weekends }
}

/// Most days, and most weekend days, that somebody can work in a span.
fn most(
    request: &RosterRequest,
    member: &StaffMember,
    away: Option<&BTreeSet<NaiveDate>>,
) -> [u32; 2] {
    let mut weeks: BTreeMap<_, [u32; 2]> = BTreeMap::new();
    for day in days(request.from, request.until) {
        if member.works_on(day) && !away.is_some_and(|away| away.contains(&day)) {
            let week = day.iso_week();
            let [all, weekend] = weeks.entry((week.year(), week.week())).or_default();
            *all += 1;
            *weekend += u32::from(is_weekend(day));
        }
    }
    let limit = member.days_a_week_max;
    let add = |[a, b]: [u32; 2], [c, d]: [u32; 2]| [a + c.min(limit), b + d.min(limit)];
    weeks.into_values().fold([0, 0], add)
}

fn spread(groups: &[Vec<Load>], kind: usize) -> Spread {
    let mut out = Spread::default();
    let mut worst = 0;
    for group in groups {
        let days: Vec<u32> = group.iter().map(|one| one.days[kind]).collect();
        let most: Vec<u32> = group.iter().map(|one| one.most[kind]).collect();
        let spread = width(&days);
        let least = least(days.iter().sum(), &most).min(spread);
        out.unfairness += spread;
        out.bound += least;
        if out.worst.is_none() || spread - least > worst {
            worst = spread - least;
            let member = group[0].member;
            out.worst = Some(Worst {
                home: member.home.clone(),
                roles: member.roles.clone(),
                people: group.len(),
                spread,
                least,
            });
        }
    }
    out
}

fn width(days: &[u32]) -> u32 {
    let (least, most) = (days.iter().min(), days.iter().max());
    most.copied().unwrap_or(0) - least.copied().unwrap_or(0)
}

/// The least spread of so many days over people of whom each can have no more than `most`: filled
/// up evenly like water, which makes the largest number as small and the smallest as large as can be.
fn least(days: u32, most: &[u32]) -> u32 {
    let at_level = |level: u32| -> u64 { most.iter().map(|one| u64::from(*one.min(&level))).sum() };
    let (mut low, mut high) = (0, most.iter().copied().max().unwrap_or(0));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if at_level(middle) <= u64::from(days) { low = middle } else { high = middle - 1 }
    }
    let left = u64::from(days).saturating_sub(at_level(low));
    let mut filled: Vec<u32> = most.iter().map(|one| *one.min(&low)).collect();
    let above = most.iter().zip(&mut filled).filter(|(most, _)| **most > low);
    for (_, one) in above.take(usize::try_from(left).unwrap_or(usize::MAX)) {
        *one += 1;
    }
    width(&filled)
}

#[cfg(test)]
mod tests {
    use super::least;

    #[test]
    fn the_least_spread_is_that_of_days_filled_up_like_water() {
        for (days, most, wanted) in [
            (10, vec![10, 10], 0),
            (11, vec![10, 10], 1),
            (12, vec![2, 10, 10], 3),
            (0, vec![3, 3], 0),
            (3, vec![5, 5, 5, 5], 1),
            (20, vec![10, 10], 0),
        ] {
            assert_eq!(least(days, &most), wanted, "{days} {most:?}");
        }
    }
}
