//! How many of those whom a session expects will come.
//!
//! Some who have an appointment stay away, and of the seats that are kept for people in no register some stay empty.
//! What came of earlier ones says how many. A session may then expect more people than it has seats, as long as it
//! hardly turns anybody away.

use super::campaign::CohortKey;
use super::id::GroupId;
use serde::Serialize;
use std::collections::BTreeMap;

/// Appointments or seats, and how many of them somebody came for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tried {
    /// How many there were.
    pub all: u64,
    /// Of them, those for which somebody came.
    pub came: u64,
}

/// What is believed before anything is known weighs as much as so many appointments. Our choice.
const PRIOR_WEIGHT: f64 = 20.0;

impl Tried {
    /// Counts one, or several.
    pub fn add(&mut self, all: u64, came: u64) {
        self.all += all;
        self.came += came;
    }

    /// The chance that somebody comes, where `prior` was believed before.
    #[must_use]
    pub fn chance(self, prior: f64) -> f64 {
        let came = PRIOR_WEIGHT.mul_add(prior, self.came as f64);
        (came / (PRIOR_WEIGHT + self.all as f64)).clamp(0.0, 1.0)
    }
}

/// What came of earlier appointments and seats.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attendance {
    /// Appointments of people of the register, by group.
    pub called: BTreeMap<GroupId, Tried>,
    /// Seats for people in no register, by cohort and number of the dose.
    pub seats: BTreeMap<(CohortKey, u8), Tried>,
}

/// What came of the seats of one cohort and dose at a session that has reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The cohort.
    pub cohort: CohortKey,
    /// Number of the dose.
    pub dose: u8,
    /// Seats: doses planned.
    pub seats: u64,
    /// People with an appointment.
    pub named: u64,
    /// Of them, those of whom it is known whether they came.
    pub known: u64,
    /// Of these, those whose dose was reported by name.
    pub came: u64,
    /// Doses that were reported without a name of the register.
    pub others: u64,
    /// Whether the session's report has names at all. Without them it says nothing about those who were called.
    pub has_names: bool,
}

impl Attendance {
    /// What follows from sessions. Doses without a name beyond the seats for people in no register are taken to be of
    /// people who were called: names come late, or never.
    #[must_use]
    pub fn of(sessions: impl IntoIterator<Item = Past>) -> Self {
        let mut out = Self::default();
        for one in sessions {
            let seats = one.seats.saturating_sub(one.named);
            let used = one.others.min(seats);
            if one.has_names {
                let came = (one.came + one.others - used).min(one.known);
                out.called.entry(one.cohort.group.clone()).or_default().add(one.known, came);
            }
            out.seats.entry((one.cohort, one.dose)).or_default().add(seats, used);
        }
        out
    }

    /// The chance that somebody of a group comes to an appointment. `uptake`: the group's, 0..=1, which is believed
    /// while little is known.
    #[must_use]
    pub fn of_called(&self, group: &GroupId, uptake: f64) -> f64 {
        self.called.get(group).copied().unwrap_or_default().chance(uptake)
    }

    /// The chance that a seat for people in no register is used. While little is known of a cohort, what is known of
    /// all is believed; and while little is known of all, that every seat is used.
    #[must_use]
    pub fn of_seat(&self, cohort: &CohortKey, dose: u8) -> f64 {
        let mut all = Tried::default();
        for tried in self.seats.values() {
            all.add(tried.all, tried.came);
        }
        let of_cohort = self.seats.get(&(cohort.clone(), dose)).copied().unwrap_or_default();
        of_cohort.chance(all.chance(1.0))
    }
}

/// People whom a session with some seats expects, each with a chance to come.
///
/// It knows how likely it is that 0, 1, 2 … of them stay away, as far as that matters: with `seats` and n people,
/// somebody is turned away where fewer than n − seats stay away. Exact, and cheap for thousands.
#[derive(Debug, Clone, PartialEq)]
pub struct Crowd {
    seats: u64,
    people: u64,
    /// The chance that exactly so many stay away.
    away: Vec<f64>,
}

impl Crowd {
    /// Nobody yet, for a session with `seats`.
    #[must_use]
    pub fn new(seats: u64) -> Self {
        Self { seats, people: 0, away: vec![1.0] }
    }

    /// Expects somebody more who comes with this chance.
    pub fn add(&mut self, comes: f64) {
        self.people += 1;
        let stays = 1.0 - comes;
        // Of more people than `most` beyond the seats nobody asks.
        let most = usize::try_from(self.seats / 4 + 8).unwrap_or(usize::MAX);
        if self.away.len() < most {
            self.away.push(0.0);
        }
        for at in (1..self.away.len()).rev() {
            self.away[at] = self.away[at].mul_add(comes, self.away[at - 1] * stays);
        }
        self.away[0] *= comes;
    }

    /// Expects some more who come with this chance each.
    pub fn add_all(&mut self, people: u64, comes: f64) {
        for _ in 0..people {
            self.add(comes);
        }
    }

    /// The chance, 0..=1, that somebody must be turned away.
    #[must_use]
    pub fn beyond(&self) -> f64 {
        let over = usize::try_from(self.people.saturating_sub(self.seats)).unwrap_or(usize::MAX);
        if over > self.away.len() {
            return 1.0;
        }
        self.away[..over].iter().sum::<f64>().clamp(0.0, 1.0)
    }
}

#[cfg(test)]
#[path = "attendance_tests.rs"]
mod tests;
