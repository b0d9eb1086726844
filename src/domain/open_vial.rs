//! Whether another vial is opened at the end of a session.
//!
//! An opened vial is good for its session alone. At the end of one, with few people waiting, either doses of the next
//! vial are thrown away or people who came are sent home. The rule says from how many people on the vial is worth it:
//! those who wait, and those who may still come, against the doses that would be needed elsewhere.

use chrono::{NaiveTime, TimeDelta, Timelike as _};

/// The part of a session that is its end: so many minutes, half of it at most. Our choice.
const END_MINUTES: i64 = 60;
/// The part of a session without known hours: an hour of eight.
const END_PART: f64 = 0.125;
/// The time is told in whole steps of so many minutes.
const STEP_MINUTES: i64 = 5;
/// Somebody who is sent home has come in vain. Our choice: two of them weigh as much as a dose.
const IN_VAIN: f64 = 0.5;

/// What is weighed, in doses that somebody needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VialWorth {
    /// What it costs to send somebody home: that they may not come again, that they came in vain, and the dose that
    /// they take when they do come again.
    pub sent_home: f64,
    /// What a dose in the store is worth: the chance that somebody needs it.
    pub dose: f64,
}

impl VialWorth {
    /// `comes_again`: the chance, 0..=1, that whoever is sent home comes to another session. `needed`: doses of vaccine
    /// that plans still draw after the session. `left`: doses that are there for them.
    #[must_use]
    pub fn of(comes_again: f64, needed: u64, left: u64) -> Self {
        let comes_again = comes_again.clamp(0.0, 1.0);
        let dose = match (needed, left) {
            (0, _) => 0.0,
            (_, 0) => 1.0,
            _ => (needed as f64 / left as f64).min(1.0),
        };
        Self { sent_home: (1.0 - comes_again) + IN_VAIN + comes_again * dose, dose }
    }
}

/// The end of a session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LastPart {
    /// When it begins; `None` where nobody knows the hours.
    pub after: Option<NaiveTime>,
    /// Its part of the session, 0..=1.
    pub part: f64,
}

impl LastPart {
    /// The end of a session with these hours.
    #[must_use]
    pub fn of(hours: Option<(NaiveTime, NaiveTime)>) -> Self {
        let unknown = Self { after: None, part: END_PART };
        let Some((opens, closes)) = hours else { return unknown };
        let minutes = (closes - opens).num_minutes();
        if minutes <= 0 {
            return unknown;
        }
        let since = i64::from(opens.num_seconds_from_midnight() / 60);
        let from = since + minutes - END_MINUTES.min(minutes / 2);
        let from = (from - from % STEP_MINUTES).max(since);
        let part = (since + minutes - from) as f64 / minutes as f64;
        Self { after: Some(NaiveTime::MIN + TimeDelta::minutes(from)), part }
    }
}

/// How many may still come in the end of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Stragglers {
    /// The chance of exactly so many, the last one of so many or more.
    chances: Vec<f64>,
    /// How many come on average.
    pub mean: f64,
}

impl Stragglers {
    /// Of people who are expected at the session, so many with such a chance to come; they come at any time of it.
    /// More than `most` are not told apart.
    #[must_use]
    pub fn of(expected: &[(u64, f64)], part: f64, most: u32) -> Self {
        let most = most as usize;
        let mut out = Self { chances: vec![0.0; most + 1], mean: 0.0 };
        out.chances[0] = 1.0;
        for &(people, comes) in expected {
            let late = (comes * part).clamp(0.0, 1.0);
            out.mean += people as f64 * late;
            for _ in 0..people {
                out.add(late);
            }
        }
        out
    }

    fn add(&mut self, comes: f64) {
        let last = self.chances.len() - 1;
        let mut before = 0.0_f64;
        for (at, chance) in self.chances.iter_mut().enumerate() {
            let stays = if at == last { *chance } else { *chance * (1.0 - comes) };
            (before, *chance) = (*chance, before.mul_add(comes, stays));
        }
    }

    /// How many doses of a vial are given on average, if so many people wait for it.
    #[must_use]
    pub fn given(&self, waiting: u32, doses_per_vial: u32) -> f64 {
        let given = |(more, chance): (u32, &f64)| {
            f64::from(waiting.saturating_add(more).min(doses_per_vial)) * chance
        };
        (0..).zip(&self.chances).map(given).sum()
    }

    /// From how many waiting people on, for whom the open vial has no dose, another vial is worth it.
    #[must_use]
    pub fn least_waiting(&self, doses_per_vial: u32, worth: VialWorth) -> u32 {
        let costs = f64::from(doses_per_vial) * worth.dose;
        let is_worth =
            |waiting: &u32| worth.sent_home * self.given(*waiting, doses_per_vial) + 1e-9 >= costs;
        (1..doses_per_vial).find(is_worth).unwrap_or(doses_per_vial)
    }
}

/// The rule for one session, as its lead is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VialRule {
    /// From when on; `None`: in the last hour.
    pub after: Option<NaiveTime>,
    /// Doses of a vial.
    pub doses_per_vial: u32,
    /// The fewest people for whom another one is opened.
    pub least: u32,
    /// How many more come on average.
    pub expected: f64,
}

impl VialRule {
    /// The rule for a session that expects so many people with such a chance each, from opening to closing.
    #[must_use]
    pub fn of(
        expected: &[(u64, f64)],
        hours: Option<(NaiveTime, NaiveTime)>,
        doses_per_vial: u32,
        worth: VialWorth,
    ) -> Self {
        let end = LastPart::of(hours);
        let late = Stragglers::of(expected, end.part, doses_per_vial);
        let least = late.least_waiting(doses_per_vial, worth);
        Self { after: end.after, doses_per_vial, least, expected: late.mean }
    }

    /// Whether to open another vial for people who wait, where the open one has some doses left.
    #[must_use]
    pub fn opens(&self, waiting: u32, left: u32) -> bool {
        waiting > left && waiting - left >= self.least
    }
}

/// How a session opens its vials. Times are parts of the session, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vials {
    /// Doses of a vial.
    pub doses_per_vial: u32,
    /// In the end of the session another one is opened for so many people who wait.
    pub least: u32,
    /// When that end begins.
    pub end: f64,
    /// For how long an opened vial is good.
    pub good_for: f64,
}

impl Vials {
    /// Who of the people who come at these times, in order, gets a dose; and how many vials are opened.
    #[must_use]
    pub fn serve(&self, times: &[f64]) -> (Vec<bool>, u64) {
        let mut got = vec![false; times.len()];
        let (mut vials, mut left, mut opened) = (0, 0, 0.0);
        let mut waiting: Vec<usize> = Vec::new();
        for (no, &at) in times.iter().enumerate() {
            if at > opened + self.good_for {
                left = 0;
            }
            waiting.push(no);
            let is_end = at >= self.end;
            if left == 0 && (!is_end || waiting.len() >= self.least as usize) {
                (vials, left, opened) = (vials + 1, self.doses_per_vial, at);
            }
            while left > 0 {
                let Some(no) = waiting.pop() else { break };
                got[no] = true;
                left -= 1;
            }
        }
        (got, vials)
    }
}

#[cfg(test)]
#[path = "open_vial_tests.rs"]
mod tests;
