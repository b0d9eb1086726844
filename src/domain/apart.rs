//! How far apart the vaccines of two campaigns must be given.

use super::judge::Judge;
use super::rules::model::{Conflict, Conflicts, VaccineId};
use super::series::Duration;
use super::words::words;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// Days between two appointments of a person, at most, that become one visit.
pub const ONE_VISIT_DAYS: i64 = 14;
/// Days of a month, at most.
const MONTH_DAYS: i64 = 31;

/// How far apart two vaccines must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apart {
    /// Whether both may be given at one visit.
    pub at_one_visit: bool,
    /// Days between them, at least, where they are not given at one visit; 0 where nothing says so.
    pub days: i64,
}

impl Default for Apart {
    /// Where nothing says otherwise, both may be given at one visit or on any two days.
    fn default() -> Self {
        Self { at_one_visit: true, days: 0 }
    }
}

impl Apart {
    /// Whether one vaccine may be given on one day and the other on the other.
    #[must_use]
    pub fn allows(self, one: NaiveDate, other: NaiveDate) -> bool {
        match (one - other).num_days().abs() {
            0 => self.at_one_visit,
            days => days >= self.days,
        }
    }
}

/// How far apart the vaccines of two campaigns must be given, by the dose rules of both. What protects against the
/// same is never given at one visit.
#[must_use]
pub fn apart(one: &Judge, other: &Judge) -> Apart {
    let (mine, theirs) = (Given::of(one), Given::of(other));
    let mut out = Apart::default();
    let is_same =
        !mine.codes.is_disjoint(&theirs.codes) || !mine.antigens.is_disjoint(&theirs.antigens);
    out.at_one_visit &= !is_same;
    for alone in [one.alone, other.alone].into_iter().flatten() {
        out.at_one_visit = false;
        out.days = out.days.max(days(alone));
    }
    for judge in [one, other] {
        for (previous, current) in [(&mine, &theirs), (&theirs, &mine)] {
            for conflict in conflicts(judge, previous, current) {
                out.at_one_visit &= days(conflict.begin.duration) > 0;
                out.days = out.days.max(days(conflict.end.duration));
            }
        }
    }
    out
}

words! {
    /// Why two appointments of a person are one visit or two.
    pub enum VisitWhy {
        /// One: both vaccines at one place and time.
        OneVisit = "one_visit",
        /// Two: the dose rules of a vaccine ask for it.
        Rules = "rules",
        /// Two: the person knows both days.
        Told = "told",
        /// Two: neither has a seat for them where the other one is.
        NoSeat = "no_seat",
        /// Two, and nearer to each other than the dose rules allow: nobody could be moved.
        TooNear = "too_near",
    }
}

/// An appointment as another one of the same person is held against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// Day and place.
    pub at: (NaiveDate, String),
    /// Whether the person answered it or was told of it.
    pub is_known: bool,
}

/// Why two appointments of a person are one visit or two; `None` where they are too far from each other to be one, and
/// the dose rules have nothing against it.
#[must_use]
pub fn visit_why(rule: Apart, one: &Stand, other: &Stand) -> Option<VisitWhy> {
    if !rule.allows(one.at.0, other.at.0) {
        return Some(VisitWhy::TooNear);
    }
    if (one.at.0 - other.at.0).num_days().abs() > ONE_VISIT_DAYS {
        return None;
    }
    let is_one = one.at == other.at;
    Some(match rule.at_one_visit {
        false => VisitWhy::Rules,
        true if is_one => VisitWhy::OneVisit,
        true if one.is_known && other.is_known => VisitWhy::Told,
        true => VisitWhy::NoSeat,
    })
}

/// A duration in days, at most.
fn days(duration: Duration) -> i64 {
    i64::from(duration.months) * MONTH_DAYS + i64::from(duration.days)
}

/// What a campaign gives.
struct Given<'a> {
    /// Codes of its vaccines.
    codes: BTreeSet<&'a str>,
    /// Names of what they protect against.
    antigens: BTreeSet<&'a str>,
}

impl<'a> Given<'a> {
    fn of(judge: &'a Judge) -> Self {
        Self { codes: judge.codes().collect(), antigens: judge.antigens().collect() }
    }

    /// Its vaccines in somebody's rules.
    fn ids(&self, judge: &Judge) -> Vec<VaccineId> {
        let known = &judge.rules.vaccine_by_code;
        self.codes.iter().filter_map(|code| known.get(*code).copied()).collect()
    }
}

/// The conflicts of what is given later with what was given before, by one campaign's rules.
fn conflicts<'a>(
    judge: &'a Judge,
    previous: &Given<'_>,
    current: &Given<'_>,
) -> impl Iterator<Item = &'a Conflict> {
    let previous = previous.ids(judge);
    let of = |id: VaccineId| judge.rules.conflicts.get(usize::from(id.0));
    let all: Vec<_> = current.ids(judge).into_iter().filter_map(of).collect();
    all.into_iter().flat_map(Conflicts::rows).filter(move |row| previous.contains(&row.previous))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    #[test]
    fn two_vaccines_are_given_on_one_day_or_so_far_apart() {
        let fits = |rule: Apart| [0, 1, 27, 28].map(|days| rule.allows(day(5 + days), day(5)));
        assert_eq!(fits(Apart::default()), [true; 4]);
        assert_eq!(fits(Apart { at_one_visit: true, days: 28 }), [true, false, false, true]);
        assert_eq!(fits(Apart { at_one_visit: false, days: 0 }), [false, true, true, true]);
        assert!(Apart { at_one_visit: true, days: 28 }.allows(day(5), day(33)));
    }

    #[test]
    fn it_is_said_why_appointments_are_two_visits() {
        let stand =
            |number, place: &str, is_known| Stand { at: (day(number), place.to_owned()), is_known };
        let both = Apart::default();
        let never = Apart { at_one_visit: false, days: 0 };
        let far = |at_one_visit| Apart { at_one_visit, days: 28 };
        let why = |rule, other: Stand| visit_why(rule, &stand(1, "S1", true), &other);
        assert_eq!(why(both, stand(1, "S1", false)), Some(VisitWhy::OneVisit));
        assert_eq!(why(both, stand(1, "S2", false)), Some(VisitWhy::NoSeat));
        assert_eq!(why(both, stand(15, "S1", true)), Some(VisitWhy::Told));
        assert_eq!(why(both, stand(16, "S1", true)), None);
        assert_eq!(why(never, stand(2, "S1", true)), Some(VisitWhy::Rules));
        assert_eq!(why(never, stand(1, "S1", true)), Some(VisitWhy::TooNear));
        assert_eq!(why(far(true), stand(1, "S1", true)), Some(VisitWhy::OneVisit));
        assert_eq!(why(far(true), stand(28, "S1", true)), Some(VisitWhy::TooNear));
        assert_eq!(why(far(false), stand(1, "S1", true)), Some(VisitWhy::TooNear));
        assert_eq!(why(far(false), stand(29, "S1", true)), None);
    }
}
