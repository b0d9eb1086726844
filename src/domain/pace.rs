//! On which day a target will be reached if it goes on as in the last days: what the plan in force still has, times the
//! share of its doses that was given lately, with its spread.

use super::count::People;
use chrono::NaiveDate;

/// Days with a plan and a report that are looked at: two weeks of work, weekends apart.
pub const DAYS: usize = 14;
/// Days below which no spread is told: two or three days say nothing of how much they differ.
const SPREAD_DAYS_MIN: usize = 4;
/// Standard errors to each side, between which four of five outcomes lie.
const SPREAD: f64 = 1.28;
/// No place gives more than this times its plan for long. Our choice.
const FACTOR_MAX: f64 = 1.5;

/// Doses of a day: what the plan had, and what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceDay {
    /// Doses planned.
    pub planned: u64,
    /// Doses given.
    pub given: u64,
}

/// The share of the plan that is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Given divided by planned; 1 where nothing has been given yet.
    pub factor: f64,
    /// Its lower and upper end; `None` after too few days.
    pub spread: Option<(f64, f64)>,
}

/// The pace of these days, the newest last. Days without a plan or without any dose say nothing of it.
pub fn pace(days: &[PaceDay]) -> Pace {
    let known: Vec<PaceDay> =
        days.iter().filter(|day| day.planned > 0 && day.given > 0).copied().collect();
    let known = &known[known.len().saturating_sub(DAYS)..];
    let sum = |of: fn(&PaceDay) -> u64| known.iter().map(of).sum::<u64>() as f64;
    let planned = sum(|day| day.planned);
    if known.is_empty() || planned <= 0.0 {
        return Pace { factor: 1.0, spread: None };
    }
    let factor = (sum(|day| day.given) / planned).min(FACTOR_MAX);
    let count = known.len() as f64;
    let square = |day: &PaceDay| (day.given as f64 - factor * day.planned as f64).powi(2);
    let spread = (known.len() >= SPREAD_DAYS_MIN).then(|| {
        let variance = known.iter().map(square).sum::<f64>() / (count - 1.0);
        let error = (variance / count).sqrt() / (planned / count);
        ((factor - SPREAD * error).max(0.0), (factor + SPREAD * error).min(FACTOR_MAX))
    });
    Pace { factor, spread }
}

/// When a target is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetDay {
    /// It is.
    Reached,
    /// On a day of the plan.
    On {
        /// The day that is expected.
        day: NaiveDate,
        /// The earliest day of the spread; `None` without a spread.
        soonest: Option<NaiveDate>,
        /// Its latest day; `None` without a spread, or where the plan ends before.
        latest: Option<NaiveDate>,
        /// Whether a slower pace within the spread misses the target.
        is_doubtful: bool,
    },
    /// Not with this plan at this pace.
    Missed {
        /// People who will have finished by its end.
        finished: People,
    },
}

impl TargetDay {
    /// The later one of two days, each with its spread.
    fn later(self, other: Self) -> Self {
        let (
            Self::On { day, soonest, latest, is_doubtful },
            Self::On { day: then, soonest: first, latest: last, is_doubtful: is_unsure },
        ) = (self, other)
        else {
            return other;
        };
        Self::On {
            day: day.max(then),
            soonest: soonest.max(first),
            latest: latest.zip(last).map(|(one, other)| one.max(other)),
            is_doubtful: is_doubtful || is_unsure,
        }
    }

    /// Whether it goes as it should.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Reached => true,
            Self::On { is_doubtful, .. } => !is_doubtful,
            Self::Missed { .. } => false,
        }
    }

    /// The later of two: a campaign has reached its targets when every group has.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Missed { finished: a }, Self::Missed { finished: b }) => {
                Self::Missed { finished: People(a.0 + b.0) }
            }
            (Self::Missed { .. }, _) => self,
            (_, Self::Missed { .. }) => other,
            (Self::Reached, other) => other,
            (one, Self::Reached) => one,
            (Self::On { .. }, Self::On { .. }) => self.later(other),
        }
    }
}

/// When `target` people will have finished of whom `finished` have. `coming` has the people who finish by the plan on
/// the days to come, by day.
pub fn reach(
    (target, finished): (People, People),
    coming: &[(NaiveDate, u64)],
    pace: Pace,
) -> TargetDay {
    if finished >= target {
        return TargetDay::Reached;
    }
    let at = |factor: f64| {
        let mut people = finished.0 as f64;
        coming.iter().find_map(|(day, more)| {
            people += *more as f64 * factor;
            (people >= target.0 as f64).then_some(*day)
        })
    };
    let Some(day) = at(pace.factor) else {
        let all: u64 = coming.iter().map(|(_, more)| more).sum();
        let more = all as f64 * pace.factor;
        return TargetDay::Missed { finished: People(finished.0 + whole(more)) };
    };
    let ends = pace.spread.map(|(low, high)| (at(high), at(low)));
    TargetDay::On {
        day,
        soonest: ends.and_then(|(soonest, _)| soonest),
        latest: ends.and_then(|(_, latest)| latest),
        is_doubtful: ends.is_some_and(|(_, latest)| latest.is_none()),
    }
}

/// What a chart of doses shows beside the plan and what was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prospect {
    /// The present day.
    pub today: Option<NaiveDate>,
    /// Doses by which every target is reached; `None` without a target.
    pub target: Option<u64>,
    /// Doses by the end of each day to come, from the as-of day on: the fewest, those expected, the most.
    pub ahead: Vec<(NaiveDate, [u64; 3])>,
}

/// Doses by the end of each of the planned days, at this pace, where `done` were given by the first day.
pub fn ahead(
    (from, done): (NaiveDate, u64),
    planned: &[(NaiveDate, u64)],
    pace: Pace,
) -> Vec<(NaiveDate, [u64; 3])> {
    if planned.is_empty() {
        return Vec::new();
    }
    let (low, high) = pace.spread.unwrap_or((pace.factor, pace.factor));
    let mut so_far = 0;
    let days = planned.iter().map(|(day, doses)| {
        so_far += doses;
        let all = so_far as f64;
        (*day, [low, pace.factor, high].map(|factor| done + whole(all * factor)))
    });
    std::iter::once((from, [done; 3])).chain(days).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "people of a plan")]
fn whole(people: f64) -> u64 {
    people.max(0.0).floor() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    fn days(given: &[u64]) -> Vec<PaceDay> {
        given.iter().map(|given| PaceDay { planned: 100, given: *given }).collect()
    }

    fn coming(people: &[u64]) -> Vec<(NaiveDate, u64)> {
        (1..).map(day).zip(people.iter().copied()).collect()
    }

    const EVEN: Pace = Pace { factor: 1.0, spread: None };

    #[test]
    fn the_pace_is_the_share_of_the_plan_that_was_given() {
        assert_eq!(pace(&[]), EVEN, "nothing is known: as planned");
        assert_eq!(pace(&days(&[0, 0])), EVEN, "no report says nothing");
        let steady = pace(&days(&[80, 80, 80, 80]));
        assert!((steady.factor - 0.8).abs() < 1e-9);
        let (low, high) = steady.spread.unwrap();
        assert!((high - low).abs() < 1e-9, "no day differs");
        let uneven = pace(&days(&[60, 100, 60, 100]));
        let (low, high) = uneven.spread.unwrap();
        assert!(low < 0.8 && high > 0.8 && (0.8 - low - (high - 0.8)).abs() < 1e-9, "{low} {high}");
        assert_eq!(pace(&days(&[60, 100, 80])).spread, None, "three days are too few");
        assert!((pace(&days(&[900])).factor - FACTOR_MAX).abs() < 1e-9);
        let old = [vec![10; 20], vec![90; DAYS]].concat();
        assert!((pace(&days(&old)).factor - 0.9).abs() < 1e-9, "only the last two weeks");
    }

    #[test]
    fn the_day_is_the_first_on_which_enough_have_finished() {
        let plan = coming(&[10, 10, 10, 10]);
        let on = |target, pace| reach((People(target), People(5)), &plan, pace);
        let at = |number| TargetDay::On {
            day: day(number),
            soonest: None,
            latest: None,
            is_doubtful: false,
        };
        assert_eq!(on(5, EVEN), TargetDay::Reached);
        assert_eq!(on(6, EVEN), at(1));
        assert_eq!(on(15, EVEN), at(1));
        assert_eq!(on(16, EVEN), at(2));
        assert_eq!(on(46, EVEN), TargetDay::Missed { finished: People(45) });
        let slow = Pace { factor: 0.5, spread: None };
        assert_eq!(on(16, slow), at(3));
        assert_eq!(on(26, slow), TargetDay::Missed { finished: People(25) });
    }

    #[test]
    fn doses_ahead_begin_with_those_given_and_spread() {
        let plan = coming(&[10, 10, 10]);
        let sure = Pace { factor: 0.9, spread: Some((0.8, 1.0)) };
        let found = ahead((day(0), 5), &plan, sure);
        let expected = [
            (day(0), [5; 3]),
            (day(1), [13, 14, 15]),
            (day(2), [21, 23, 25]),
            (day(3), [29, 32, 35]),
        ];
        assert_eq!(found, expected);
        assert_eq!(ahead((day(0), 5), &plan, EVEN)[3], (day(3), [35; 3]), "no spread is known");
        assert_eq!(ahead((day(0), 5), &[], sure), [], "there is no plan");
    }

    #[test]
    fn a_spread_that_ends_after_the_plan_is_a_doubt() {
        let plan = coming(&[10, 10, 10, 10]);
        let sure = Pace { factor: 1.0, spread: Some((0.8, 1.25)) };
        let found = reach((People(25), People(0)), &plan, sure);
        let on = TargetDay::On {
            day: day(3),
            soonest: Some(day(2)),
            latest: Some(day(4)),
            is_doubtful: false,
        };
        assert_eq!(found, on);
        assert!(found.is_good());
        let late = reach((People(35), People(0)), &plan, sure);
        assert!(!late.is_good(), "{late:?}");
    }

    #[test]
    fn a_campaign_is_there_when_its_last_group_is() {
        let on = |number| TargetDay::On {
            day: day(number),
            soonest: Some(day(number - 1)),
            latest: Some(day(number + 1)),
            is_doubtful: false,
        };
        assert_eq!(on(3).and(on(7)), on(7));
        assert_eq!(TargetDay::Reached.and(on(3)), on(3));
        let missed = TargetDay::Missed { finished: People(4) };
        assert_eq!(on(3).and(missed), missed);
        assert_eq!(missed.and(missed), TargetDay::Missed { finished: People(8) });
    }
}
