//! What comes of calling nobody, some or many people beyond the seats: the same sessions are played many times, and
//! chance decides who comes and when.
//!
//! Whoever comes under one policy comes under the others, too, where they are called, so that only the policies
//! differ. The same seed gives the same figures. Who is called follows from what is known on the evening before, and
//! the program learns from the sessions that it has played as it does from reports.

use super::super::attendance::{Attendance, Past, took_place};
use super::super::campaign::CohortKey;
use super::super::id::GroupId;
use super::super::open_vial::{LastPart, VialRule, VialWorth, Vials};
use super::super::outset::learned_from;
use super::overbook::{Cell, with_more};
use super::{Chances, CohortNo};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many people are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// As many as there are seats.
    Never,
    /// As the program calls them: as long as hardly anybody is turned away.
    Program,
    /// As many as fill the seats on average.
    Always,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Never, Self::Program, Self::Always];

    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Program => "program",
            Self::Always => "always",
        }
    }
}

/// A session to play.
#[derive(Debug, Clone, PartialEq)]
pub struct ToPlay {
    /// Its day.
    pub day: NaiveDate,
    /// Its seats and appointments, once for each cohort and dose.
    pub cells: Vec<CellToPlay>,
    /// Doses of a vial; `None` where no vial is thrown away half full.
    pub doses_per_vial: Option<u32>,
    /// From when until when; `None` where nobody knows.
    pub hours: Option<(NaiveTime, NaiveTime)>,
}

/// Seats of a session for a cohort and dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellToPlay {
    /// The cohort.
    pub cohort: CohortNo,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// Seats: doses planned.
    pub seats: u64,
    /// Of them, those of people with an appointment; the others are kept for people in no register.
    pub named: u64,
}

/// With which chance people really come, by cohort and number of the dose; everybody comes where there is no entry.
pub type Truth = BTreeMap<(CohortNo, u8), Comes>;

/// A chance, 0..=1, that somebody comes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comes {
    /// Of people with an appointment.
    pub called: f64,
    /// Of people in no register, for each seat that is kept for them.
    pub seat: f64,
}

/// What is played.
#[derive(Debug)]
pub struct Game<'a> {
    /// The sessions, by day.
    pub sessions: &'a [ToPlay],
    /// The cohorts.
    pub cohorts: &'a BTreeMap<CohortNo, CohortKey>,
    /// What is believed of groups while nothing is known: their uptake, 0..=1.
    pub uptake: &'a BTreeMap<GroupId, f64>,
    /// How people really come.
    pub truth: &'a Truth,
    /// How many people may be called, by cohort and number of the dose: whoever got it is not called again. As many as
    /// are wanted where there is no entry.
    pub people: &'a BTreeMap<(CohortNo, u8), u64>,
    /// What came of real sessions before.
    pub past: &'a [Past],
    /// The chance with which a session may turn somebody away, 0..=1.
    pub risk: f64,
    /// Doses of vaccine that are needed after a session, and those that are left for them.
    pub vaccine: (u64, u64),
    /// For how many minutes an opened vial is good; `None`: for the whole session.
    pub vial_minutes: Option<u32>,
    /// The seed.
    pub seed: u64,
    /// How often all sessions are played.
    pub runs: u32,
}

/// What came of a policy, over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Played {
    /// The policy.
    pub policy: Policy,
    /// Sessions played.
    pub sessions: u64,
    /// Seats.
    pub seats: u64,
    /// People with an appointment.
    pub called: u64,
    /// People who came, with or without an appointment.
    pub came: u64,
    /// Of them, those who got a dose.
    pub vaccinated: u64,
    /// Of them, those for whom there was no seat.
    pub turned_away: u64,
    /// Of them, those for whom no further vial was opened at the end of the session.
    pub sent_home: u64,
    /// Seats at which nobody got a dose.
    pub empty_seats: u64,
    /// Vials opened; doses where vials hold one.
    pub vials: u64,
    /// Doses of open vials that were thrown away.
    pub wasted: u64,
    /// Sessions that turned somebody away for want of a seat.
    pub turning_away: u64,
}

impl Played {
    fn new(policy: Policy) -> Self {
        Self {
            policy,
            sessions: 0,
            seats: 0,
            called: 0,
            came: 0,
            vaccinated: 0,
            turned_away: 0,
            sent_home: 0,
            empty_seats: 0,
            vials: 0,
            wasted: 0,
            turning_away: 0,
        }
    }

    /// The share of sessions, 0..=1, that turned somebody away for want of a seat.
    #[must_use]
    pub fn share_turning_away(&self) -> f64 {
        if self.sessions == 0 { 0.0 } else { self.turning_away as f64 / self.sessions as f64 }
    }

    fn add(&mut self, one: &ToPlay, (called, shown): (u64, &Shown)) {
        let seats: u64 = one.cells.iter().map(|cell| cell.seats).sum();
        let vaccinated = shown.arrivals.iter().filter(|one| one.got_dose).count() as u64;
        let came = shown.arrivals.len() as u64;
        let turned_away = came.saturating_sub(seats);
        self.sessions += 1;
        self.seats += seats;
        self.called += called;
        self.came += came;
        self.vaccinated += vaccinated;
        self.turned_away += turned_away;
        self.sent_home += came - turned_away - vaccinated;
        self.empty_seats += seats.saturating_sub(vaccinated);
        self.vials += shown.vials;
        let each = u64::from(one.doses_per_vial.unwrap_or(1).max(1));
        self.wasted += (shown.vials * each).saturating_sub(vaccinated);
        self.turning_away += u64::from(turned_away > 0);
    }
}

/// What to do about calling people beyond the seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Nobody is called beyond the seats: the risk is 0, nobody has an appointment, or one more would be too many.
    Nothing,
    /// More people get their dose, and the risk holds.
    Keep,
    /// Fewer people get their dose: those of the register take seats of others, who would have come more often.
    Fewer,
    /// More sessions turn somebody away than may be: people come more often than is believed.
    TooMany,
}

impl Advice {
    /// What follows from playing. `outcomes`: as [`play`] returns them.
    #[must_use]
    pub fn of(outcomes: &[Played], risk: f64) -> Self {
        let find = |policy| outcomes.iter().find(|one| one.policy == policy);
        let (Some(never), Some(program)) = (find(Policy::Never), find(Policy::Program)) else {
            return Self::Nothing;
        };
        if program.share_turning_away() > risk {
            Self::TooMany
        } else if program.called == never.called {
            Self::Nothing
        } else if program.vaccinated < never.vaccinated {
            Self::Fewer
        } else {
            Self::Keep
        }
    }
}

/// Sessions that are played in all, where there are fewer: then chance hardly shows in the sums. Our choice.
const PLAYED_LEAST: usize = 10_000;
const RUNS_MAX: u32 = 500;

/// How often so many sessions are played.
#[must_use]
pub fn runs_for(sessions: usize) -> u32 {
    let runs = PLAYED_LEAST.div_ceil(sessions.max(1));
    u32::try_from(runs).unwrap_or(RUNS_MAX).clamp(1, RUNS_MAX)
}

/// Plays all sessions under each policy, in the order of [`Policy::ALL`].
#[must_use]
pub fn play(game: &Game<'_>) -> [Played; 3] {
    let mut out = Policy::ALL.map(Played::new);
    let mut before: BTreeMap<NaiveDate, Attendance> = BTreeMap::new();
    for one in game.past {
        before.entry(one.day).or_default().join(&Attendance::of([one.clone()]));
    }
    for run in 0..game.runs {
        let mut learned = before.clone();
        let mut waiting = Policy::ALL.map(|_| game.people.clone());
        let mut number = 0;
        for of_day in game.sessions.chunk_by(|one, next| one.day == next.day) {
            let Some(day) = of_day.first().map(|one| one.day) else { continue };
            let chances = game.believed(&learned, day);
            let mut reported = Vec::new();
            for one in of_day {
                let key = keyed(&[game.seed, u64::from(run), number]);
                number += 1;
                for (sum, waiting) in out.iter_mut().zip(&mut waiting) {
                    let mut crowd = sum.policy.crowd(&one.cells, &chances);
                    for (cell, people) in one.cells.iter().zip(&mut crowd) {
                        let most = waiting.get(&cell.key()).copied().unwrap_or(u64::MAX);
                        people.named = people.named.min(most);
                    }
                    let shown = game.shown((one, &crowd), &chances, key);
                    shown.leave(one, waiting);
                    sum.add(one, (crowd.iter().map(|people| people.named).sum(), &shown));
                    if sum.policy == Policy::Program {
                        reported.extend(game.report(one, &crowd, &shown));
                    }
                }
            }
            learned.entry(day).or_default().join(&Attendance::of(reported));
        }
    }
    out
}

/// Whom a session expects of a cohort and dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Expected {
    named: u64,
    others: u64,
}

/// Somebody at the door.
struct Arrival {
    /// When, as a part of the session.
    at: f64,
    cell: usize,
    is_called: bool,
    got_dose: bool,
}

/// What a session saw.
struct Shown {
    arrivals: Vec<Arrival>,
    vials: u64,
}

impl Shown {
    /// Takes those who were called and got their dose out of those who wait for it.
    fn leave(&self, one: &ToPlay, waiting: &mut BTreeMap<Cell, u64>) {
        for arrival in self.arrivals.iter().filter(|it| it.is_called && it.got_dose) {
            if let Some(cell) = one.cells.get(arrival.cell) {
                waiting.entry(cell.key()).and_modify(|left| *left = left.saturating_sub(1));
            }
        }
    }
}

impl Policy {
    /// Whom the policy expects, cell by cell.
    fn crowd(self, cells: &[CellToPlay], chances: &Chances) -> Vec<Expected> {
        let kept = |cell: &CellToPlay| cell.seats.saturating_sub(cell.named);
        match self {
            Self::Never => {
                let of = |cell: &CellToPlay| Expected { named: cell.named, others: kept(cell) };
                cells.iter().map(of).collect()
            }
            Self::Program => {
                let tuples: Vec<_> =
                    cells.iter().map(|cell| (cell.key(), cell.seats, cell.named)).collect();
                let more = with_more(&tuples, chances);
                let of = |cell: &CellToPlay| {
                    let named = more.get(&cell.key()).copied().unwrap_or(cell.named);
                    Expected { named, others: cell.seats.saturating_sub(named) }
                };
                cells.iter().map(of).collect()
            }
            Self::Always => {
                let named = always(cells, chances);
                let of = |(cell, named)| Expected { named, others: kept(cell) };
                cells.iter().zip(named).map(of).collect()
            }
        }
    }
}

impl CellToPlay {
    fn key(&self) -> Cell {
        (self.cohort, self.dose)
    }
}

/// So many times as many people as there are seats are called at most. Our choice: no more fit in front of the door.
const ALWAYS_MOST: u64 = 4;

/// Appointments of each cell where people are called, of each cohort one after the other, as long as no more are
/// expected than there are seats.
fn always(cells: &[CellToPlay], chances: &Chances) -> Vec<u64> {
    let mut named: Vec<u64> = cells.iter().map(|cell| cell.named).collect();
    let seats: u64 = cells.iter().map(|cell| cell.seats).sum();
    let mut expected: f64 = cells
        .iter()
        .map(|cell| {
            let kept = cell.seats.saturating_sub(cell.named) as f64;
            let called = cell.named as f64 * chances.of_called(cell.cohort, cell.dose);
            called + kept * chances.of_seat(cell.cohort, cell.dose)
        })
        .sum();
    let mut called: u64 = named.iter().sum();
    loop {
        let before = called;
        for (cell, named) in cells.iter().zip(&mut named).filter(|(cell, _)| cell.named > 0) {
            let comes = chances.of_called(cell.cohort, cell.dose);
            let fits = expected + comes <= seats as f64 + 1e-9;
            if fits && called < seats * ALWAYS_MOST {
                *named += 1;
                called += 1;
                expected += comes;
            }
        }
        if called == before {
            return named;
        }
    }
}

impl Game<'_> {
    /// What the program believes on the evening before a day.
    fn believed(&self, learned: &BTreeMap<NaiveDate, Attendance>, day: NaiveDate) -> Chances {
        let (first, last) = learned_from(day - TimeDelta::days(1));
        let mut known = Attendance::default();
        for (_, of_day) in learned.range(first..=last) {
            known.join(of_day);
        }
        let mut out = Chances { risk: self.risk, has_vaccine: true, ..Chances::default() };
        for (cohort, dose) in self.truth.keys() {
            let Some(key) = self.cohorts.get(cohort) else { continue };
            let uptake = self.uptake.get(&key.group).copied().unwrap_or(1.0);
            out.called.insert((*cohort, *dose), known.of_called(&key.group, *dose, uptake));
            out.seats.insert((*cohort, *dose), known.of_seat(key, *dose));
        }
        out
    }

    /// Who comes, and who of them gets a dose. `key`: from which chance follows.
    fn shown(&self, (one, crowd): (&ToPlay, &[Expected]), chances: &Chances, key: u64) -> Shown {
        let mut arrivals = Vec::new();
        for (at, (cell, people)) in one.cells.iter().zip(crowd).enumerate() {
            let truth = self.truth.get(&cell.key()).copied();
            let truth = truth.unwrap_or(Comes { called: 1.0, seat: 1.0 });
            for (is_called, people, comes) in
                [(true, people.named, truth.called), (false, people.others, truth.seat)]
            {
                for number in 0..people {
                    let who = keyed(&[key, at as u64, u64::from(is_called), number]);
                    if part(who) < comes {
                        let when = part(keyed(&[who]));
                        arrivals.push(Arrival { at: when, cell: at, is_called, got_dose: false });
                    }
                }
            }
        }
        arrivals.sort_by(|one, other| one.at.total_cmp(&other.at));
        let seats: u64 = one.cells.iter().map(|cell| cell.seats).sum();
        let seated = arrivals.len().min(usize::try_from(seats).unwrap_or(usize::MAX));
        let times: Vec<f64> = arrivals.iter().take(seated).map(|one| one.at).collect();
        let served = match one.doses_per_vial.filter(|doses| *doses > 1) {
            Some(doses) => self.vials((one, crowd), chances, doses).serve(&times),
            None => (vec![true; seated], seated as u64),
        };
        for (one, got_dose) in arrivals.iter_mut().zip(served.0) {
            one.got_dose = got_dose;
        }
        Shown { arrivals, vials: served.1 }
    }

    /// How a session opens its vials: at its end by the rule that its lead is told.
    fn vials(
        &self,
        (one, crowd): (&ToPlay, &[Expected]),
        chances: &Chances,
        doses_per_vial: u32,
    ) -> Vials {
        let expected = one.cells.iter().zip(crowd).flat_map(|(cell, people)| {
            let called = chances.of_called(cell.cohort, cell.dose);
            let seat = chances.of_seat(cell.cohort, cell.dose);
            [(people.named, called), (people.others, seat)]
        });
        let expected: Vec<(u64, f64)> = expected.collect();
        let people: u64 = expected.iter().map(|(people, _)| people).sum();
        let come: f64 = expected.iter().map(|(people, comes)| *people as f64 * comes).sum();
        let comes_again = if people == 0 { 1.0 } else { come / people as f64 };
        let worth = VialWorth::of(comes_again, self.vaccine.0, self.vaccine.1);
        let least = VialRule::of(&expected, one.hours, doses_per_vial, worth).least;
        let minutes = one.hours.map(|(opens, closes)| (closes - opens).num_minutes());
        let minutes = minutes.filter(|minutes| *minutes > 0).unwrap_or(UNKNOWN_MINUTES) as f64;
        Vials {
            doses_per_vial,
            least,
            end: 1.0 - LastPart::of(one.hours).part,
            good_for: self.vial_minutes.map_or(1.0, |good| f64::from(good) / minutes),
        }
    }

    /// What the program reads of a session: doses by name and others.
    fn report(&self, one: &ToPlay, crowd: &[Expected], shown: &Shown) -> Vec<Past> {
        let doses = shown.arrivals.iter().filter(|one| one.got_dose).count() as u64;
        let called = crowd.iter().map(|people| people.named).sum();
        if !took_place(doses, called) {
            return Vec::new();
        }
        let given = |cell: usize, is_called: bool| {
            let of =
                |one: &&Arrival| one.got_dose && (one.cell, one.is_called) == (cell, is_called);
            shown.arrivals.iter().filter(of).count() as u64
        };
        let names = shown.arrivals.iter().any(|one| one.got_dose && one.is_called);
        let mut out = Vec::new();
        for (at, (cell, people)) in one.cells.iter().zip(crowd).enumerate() {
            let Some(cohort) = self.cohorts.get(&cell.cohort) else { continue };
            out.push(Past {
                day: one.day,
                cohort: cohort.clone(),
                dose: cell.dose,
                seats: cell.seats,
                named: people.named,
                known: people.named,
                came: given(at, true),
                others: given(at, false),
                has_names: names || doses == 0,
            });
        }
        out
    }
}

/// Minutes of a session without known hours.
const UNKNOWN_MINUTES: i64 = 480;

/// A number that looks random and follows from some others (the end of splitmix64 after each).
fn keyed(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |key, part| {
        let mut z = (key ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// A number of 0..1 from such a one.
fn part(number: u64) -> f64 {
    (number >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
#[path = "overbook_play_tests.rs"]
mod tests;
