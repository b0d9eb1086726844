//! Who holds which seat, and what the rules allow.

use super::index::{Day, Person, Post, Seat};
use super::model::Model;

/// A roster that is being made. It never breaks a rule.
#[derive(Debug)]
pub(super) struct State<'m, 'a> {
    pub(super) model: &'m Model<'a>,
    /// Who holds each seat.
    held: Vec<Option<Person>>,
    /// The seat of each person on each day.
    busy: Vec<Vec<Option<Seat>>>,
    /// Days and weekend days of each person.
    days: Vec<u32>,
    weekends: Vec<u32>,
    /// People whose work changed since it was published.
    pub(super) moved: Vec<bool>,
    /// Seats of earlier days stay with their people.
    pub(super) free_from: Day,
}

impl<'m, 'a> State<'m, 'a> {
    pub(super) fn new(model: &'m Model<'a>) -> Self {
        let people = model.workers.len();
        Self {
            model,
            held: vec![None; model.seats.len()],
            busy: vec![vec![None; model.days]; people],
            days: vec![0; people],
            weekends: vec![0; people],
            moved: vec![false; people],
            free_from: Day(0),
        }
    }

    pub(super) fn holder(&self, seat: Seat) -> Option<Person> {
        self.held[seat.0]
    }

    /// The seat of a person on a day.
    pub(super) fn seat_on(&self, person: Person, day: Day) -> Option<Seat> {
        self.busy[person.0][day.0]
    }

    /// Days that a person works.
    pub(super) fn days_of(&self, person: Person) -> u32 {
        self.days[person.0]
    }

    /// Days of them on weekends.
    pub(super) fn weekends_of(&self, person: Person) -> u32 {
        self.weekends[person.0]
    }

    /// The seats of a person, by day.
    pub(super) fn seats_of(&self, person: Person) -> impl Iterator<Item = Seat> + '_ {
        self.busy[person.0].iter().filter_map(|seat| *seat)
    }

    /// Gives a seat to a person. The caller has asked [`Self::admits`].
    pub(super) fn seat(&mut self, seat: Seat, person: Person) {
        let day = self.model.seat(seat).day;
        debug_assert!(self.held[seat.0].is_none() && self.busy[person.0][day.0].is_none());
        self.held[seat.0] = Some(person);
        self.busy[person.0][day.0] = Some(seat);
        self.days[person.0] += 1;
        self.weekends[person.0] += u32::from(day.is_weekend());
    }

    /// Empties a seat and returns who held it.
    pub(super) fn vacate(&mut self, seat: Seat) -> Option<Person> {
        let day = self.model.seat(seat).day;
        let person = self.held[seat.0].take()?;
        self.busy[person.0][day.0] = None;
        self.days[person.0] -= 1;
        self.weekends[person.0] -= u32::from(day.is_weekend());
        Some(person)
    }

    /// Who may fill a post.
    pub(super) fn able(&self, post: Post) -> &'m [Person] {
        &self.model.post(post).able
    }

    /// Whether a person can work on a day, if they give up their seat on another one (or the same).
    pub(super) fn admits(&self, person: Person, day: Day, without: Option<Day>) -> bool {
        let worker = self.model.worker(person);
        let busy = &self.busy[person.0];
        let works = |at: usize| {
            (busy[at].is_some() || worker.worked[at]) && without.is_none_or(|gone| gone.0 != at)
        };
        if !worker.can[day.0] || works(day.0) {
            return false;
        }
        let in_week = day.week().filter(|&at| at < busy.len() && works(at)).count();
        if in_week >= worker.member.days_a_week_max as usize {
            return false;
        }
        let most = worker.member.days_in_row_max as usize;
        let mut run = 1;
        let mut at = day.0;
        while run <= most && at > 0 && works(at - 1) {
            (at, run) = (at - 1, run + 1);
        }
        at = day.0;
        while run <= most && at + 1 < busy.len() && works(at + 1) {
            (at, run) = (at + 1, run + 1);
        }
        run <= most
    }

    /// Days that keep a person from working on a day: one of them must be given up.
    pub(super) fn in_the_way(&self, person: Person, day: Day) -> Vec<Day> {
        if self.seat_on(person, day).is_some() {
            return vec![day];
        }
        let row = self.model.worker(person).member.days_in_row_max as usize;
        let first = day.week().start.min(day.0.saturating_sub(row));
        let last = (day.week().end - 1).max(day.0 + row).min(self.model.days - 1);
        let near = (first..=last).map(Day);
        near.filter(|other| self.seat_on(person, *other).is_some()).collect()
    }
}
