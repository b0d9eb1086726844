//! Home visits: tours of teams to people who cannot come.
//!
//! A **call** is one person who is visited at home; two of one household are two calls at one place. A **round** is the
//! calls of a team on one day, in the order in which it drives. Through a few homes rounds are the shortest ones,
//! through more they are as short as they are found to be, and a bound says how much shorter they could be at most.

mod bound;
mod exact;
mod rounds;
#[cfg(test)]
mod rounds_tests;
mod vials;

pub use bound::least_km;
pub use rounds::{Rounds, shortest_rounds};
pub use vials::{VialUse, vials_for};

use super::area::{Point, Travel};
use super::id::TeamCode;
use super::words::words;
use chrono::NaiveDate;

/// A day on which a team makes a round. It goes out once a day, so it makes no tour of a plan then.
pub type RoundDay = (NaiveDate, TeamCode);

/// The kind of place of groups that are visited at home.
pub const HOME: &str = "home";

/// Most calls of a round where neither the office nor the team says a number.
pub const VISITS_A_DAY: u32 = 15;

words! {
    /// What has become of a call of an adopted round.
    pub enum CallState {
        /// It is still to be made.
        Open = "open",
        /// The dose was given.
        Given = "given",
        /// There is nothing to give: they refused, moved, must not get it, or are no longer in the register.
        Off = "off",
    }
}

impl CallState {
    /// Of a call for a dose to somebody; `due`: the number of the dose that is due now, `None` where all are given.
    /// `is_barred`: they must not be called, or nobody knows them.
    #[must_use]
    pub fn of(dose: u8, due: Option<u8>, is_barred: bool) -> Self {
        if is_barred {
            Self::Off
        } else if due.is_none_or(|due| due > dose) {
            Self::Given
        } else {
            Self::Open
        }
    }
}

/// What a round may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoundLimits {
    /// Most calls of a round.
    pub calls_max: usize,
    /// Minutes of a working day.
    pub work_minutes: f64,
    /// Minutes at a home, apart from the drive.
    pub minutes_per_call: f64,
    /// Minutes for a kilometre.
    pub minutes_per_km: f64,
}

impl RoundLimits {
    /// Whether a round of so many calls and kilometres fits into a day.
    pub fn allow(&self, calls: usize, km: f64) -> bool {
        let minutes = calls as f64 * self.minutes_per_call + km * self.minutes_per_km;
        calls <= self.calls_max && minutes <= self.work_minutes + 1e-9
    }
}

/// Kilometres on the road between the base (0) and the homes (from 1).
#[derive(Debug, Clone, PartialEq)]
pub struct Roads {
    km: Vec<Vec<f64>>,
}

impl Roads {
    /// Of a base and homes, as the crow flies times the road factor.
    pub fn new(travel: Travel, base: Point, homes: &[Point]) -> Self {
        let all: Vec<Point> = std::iter::once(base).chain(homes.iter().copied()).collect();
        let to_all = |from: &Point| -> Vec<f64> {
            all.iter().map(|to| travel.road_factor * from.km_to(*to)).collect()
        };
        Self { km: all.iter().map(to_all).collect() }
    }

    /// How many homes there are.
    pub fn homes(&self) -> usize {
        self.km.len() - 1
    }

    /// Kilometres between two of them.
    pub fn between(&self, a: usize, b: usize) -> f64 {
        self.km[a][b]
    }

    /// Kilometres of a round through homes in this order; 0 without any.
    pub fn round_km(&self, homes: &[usize]) -> f64 {
        let mut at = 0;
        let mut km = 0.0;
        for &home in homes {
            km += self.km[at][home];
            at = home;
        }
        km + self.km[at][0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_open_until_its_dose_is_given_or_cannot_be() {
        for (due, is_barred, state) in [
            (Some(1), false, CallState::Open),
            (Some(2), false, CallState::Given),
            (None, false, CallState::Given),
            (Some(1), true, CallState::Off),
            (None, true, CallState::Off),
        ] {
            assert_eq!(CallState::of(1, due, is_barred), state, "{due:?} {is_barred}");
        }
        assert_eq!(CallState::of(2, Some(1), false), CallState::Open, "a dose was taken back");
    }
}
