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

/// The kind of place of groups that are visited at home.
pub const HOME: &str = "home";

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
