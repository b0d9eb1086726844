//! How many of those whom a session expects will come.
//!
//! Some who have an appointment stay away, and of the seats that are kept for people in no register some stay empty.
//! What came of earlier ones says how many. A session may then expect more people than it has seats, as long as it
//! hardly turns anybody away.

use super::campaign::CohortKey;
use super::id::GroupId;
use chrono::NaiveDate;
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
    /// Appointments of people of the register, by group and number of the dose.
    pub called: BTreeMap<(GroupId, u8), Tried>,
    /// Seats for people in no register, by cohort and number of the dose.
    pub seats: BTreeMap<(CohortKey, u8), Tried>,
}

/// What came of the seats of one cohort and dose at a session that has reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its day.
    pub day: NaiveDate,
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

/// A session without doses to which so many people were called did not take place. Our choice.
const IN_VAIN_LEAST: u64 = 3;

/// Whether a session with a report took place: where none of several people who were called got a dose, there was no
/// vaccine, or the door was shut. Such a session says nothing about who comes.
#[must_use]
pub fn took_place(doses: u64, called: u64) -> bool {
    doses > 0 || called < IN_VAIN_LEAST
}

impl Past {
    /// Seats for people in no register, and how many of them were used.
    fn for_others(&self) -> (u64, u64) {
        let seats = self.seats.saturating_sub(self.named);
        (seats, self.others.min(seats))
    }
}

impl Attendance {
    /// What follows from sessions. Doses without a name beyond the seats for people in no register are taken to be of
    /// people who were called: names come late, or never.
    #[must_use]
    pub fn of(sessions: impl IntoIterator<Item = Past>) -> Self {
        let mut out = Self::default();
        for one in sessions {
            let (seats, used) = one.for_others();
            if one.has_names {
                let came = (one.came + one.others - used).min(one.known);
                let kind = (one.cohort.group.clone(), one.dose);
                out.called.entry(kind).or_default().add(one.known, came);
            }
            out.seats.entry((one.cohort, one.dose)).or_default().add(seats, used);
        }
        out
    }

    /// Adds what came of other sessions.
    pub fn join(&mut self, more: &Self) {
        for (kind, tried) in &more.called {
            self.called.entry(kind.clone()).or_default().add(tried.all, tried.came);
        }
        for (cohort, tried) in &more.seats {
            self.seats.entry(cohort.clone()).or_default().add(tried.all, tried.came);
        }
    }

    /// The chance that somebody of a group comes to an appointment for a dose. `uptake`: the group's, 0..=1, which is
    /// believed while little is known. Whoever had a first dose wants the vaccine: of the next ones as many are
    /// believed to come as of those who want the first.
    #[must_use]
    pub fn of_called(&self, group: &GroupId, dose: u8, uptake: f64) -> f64 {
        let known = |dose| self.called.get(&(group.clone(), dose)).copied().unwrap_or_default();
        let first = known(1).chance(uptake);
        let willing = if uptake > 0.0 { (first / uptake).min(1.0) } else { first };
        if dose == 1 { first } else { known(dose).chance(willing) }
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

/// The last seats of a cohort for people in no register, and what came of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LastSeats {
    /// The seats.
    pub tried: Tried,
    /// The last day on which there were any.
    pub day: NaiveDate,
    /// How often some were asked again since the last one came, and nobody was there.
    pub asked: u32,
    /// The chance that such a seat is used as long as there are people for it.
    pub comes: f64,
}

/// Seats from which is learned whether people in no register are left. Our choice.
const LAST_SEATS: u64 = 6;
/// Fewer than this part of those who should have come: the others are not there.
const FEW: f64 = 0.5;
/// More than this part: there are more of them.
const MANY: f64 = 0.75;
/// After so many days without a seat some seats find out whether anybody is left after all; after twice as many the
/// next time, up to eight times as many.
const ASK_AGAIN_DAYS: i64 = 7;
const ASK_AGAIN_DOUBLED: u32 = 3;
const ASK_AGAIN_SEATS: u64 = 2;

impl LastSeats {
    /// The last seats of each cohort for first doses. `comes`: the chance that somebody of a cohort comes.
    pub fn of(
        sessions: &[Past],
        comes: impl Fn(&CohortKey) -> f64,
    ) -> BTreeMap<CohortKey, LastSeats> {
        let mut days: BTreeMap<&CohortKey, BTreeMap<NaiveDate, Tried>> = BTreeMap::new();
        for one in sessions.iter().filter(|one| one.dose == 1) {
            let (seats, used) = one.for_others();
            if seats > 0 {
                days.entry(&one.cohort).or_default().entry(one.day).or_default().add(seats, used);
            }
        }
        let mut out = BTreeMap::new();
        for (cohort, days) in days {
            let Some((&day, _)) = days.last_key_value() else { continue };
            let asked = asked_in_vain(&days);
            let mut tried = Tried::default();
            for (_, of_day) in days.into_iter().rev() {
                if tried.all < LAST_SEATS {
                    tried.add(of_day.all, of_day.came);
                }
            }
            out.insert(cohort.clone(), LastSeats { tried, day, asked, comes: comes(cohort) });
        }
        out
    }

    /// How many people in no register are still to come, where counts leave `counted` and may be off by `slack`: as
    /// many as came last, where hardly anybody takes the seats, or nearly everybody does although nobody should be
    /// left. `open`: the first day that is planned.
    #[must_use]
    pub fn left(&self, counted: u64, slack: u64, open: NaiveDate) -> u64 {
        let Tried { all, came } = self.tried;
        let wanted = self.comes * all as f64;
        if all < LAST_SEATS {
            counted
        } else if (came as f64) < FEW * wanted {
            let rest = ASK_AGAIN_DAYS << self.asked.min(ASK_AGAIN_DOUBLED);
            let is_long_ago = (open - self.day).num_days() > rest;
            let few = if is_long_ago { came.max(ASK_AGAIN_SEATS) } else { came };
            counted.min(few.max(counted.saturating_sub(slack)))
        } else if came as f64 >= MANY * wanted {
            counted.max(came.min(counted + slack))
        } else {
            counted
        }
    }
}

/// How often seats came after a rest since the last day on which one was used.
fn asked_in_vain(days: &BTreeMap<NaiveDate, Tried>) -> u32 {
    let mut asked = 0;
    for ((last, _), (next, tried)) in days.iter().zip(days.iter().skip(1)) {
        let rested = (*next - *last).num_days() > ASK_AGAIN_DAYS;
        asked = if tried.came > 0 { 0 } else { asked + u32::from(rested) };
    }
    asked
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
