//! Two vaccines at one visit: of the appointments that somebody has in several campaigns, one comes to the place and
//! day of the other.
//!
//! Nobody loses a dose by it. An appointment takes a free seat on no later day, or two people of one cohort change
//! places, also with somebody outside the register, who has no name here: then every session has as many people of each
//! cohort as before. Whoever was told a day keeps it.
//!
//! Appointments that are nearer to each other than their vaccines allow are put off in the same way, also to a free
//! seat on a later day.

use super::super::apart::{Apart, ONE_VISIT_DAYS};
use super::{CohortNo, PersonNo, PlaceNo, Seat};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// Rounds over everybody, at most. Our choice: later ones find hardly anything.
const ROUNDS_MAX: usize = 8;
/// People of a session who are asked to change places, at most. Our choice: who is not found among so many is hardly
/// there, and sessions of thousands take no time.
const ASKED_MAX: usize = 200;
/// Later sessions that are tried for somebody whose vaccines are too near, at most. Our choice.
const SESSIONS_MAX: usize = 60;

/// An appointment in one campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    /// Who, by the same number in all campaigns.
    pub person: PersonNo,
    /// The same, by the campaign's own number.
    pub own: PersonNo,
    /// Their area and group.
    pub cohort: CohortNo,
    /// When and where they are expected.
    pub seat: Seat,
    /// The appointment that is stored.
    pub held: Option<Seat>,
    /// The first day on which they may be called.
    pub from: NaiveDate,
    /// The last day that the series allows; `None` where it has none.
    pub latest: Option<NaiveDate>,
    /// Whether nothing moves it: they know of it.
    pub is_fixed: bool,
}

/// A place and a day.
type At = (NaiveDate, PlaceNo);
/// The seats of a cohort for a dose at a session.
type Cell = (At, CohortNo, u8);

/// The appointments of one campaign, one for each person, and the seats that nobody has.
#[derive(Debug, Default)]
pub struct Book {
    /// The appointments.
    pub people: Vec<Booked>,
    /// Seats of each cohort and dose that are free; below 0 where more are called than it has.
    pub free: BTreeMap<Cell, i64>,
    /// Seats of each session that are free, over all its cohorts.
    pub room: BTreeMap<At, i64>,
    /// Seats of each cohort and dose that people outside the register have. Whoever takes one leaves them their own.
    pub others: BTreeMap<Cell, i64>,
    /// The present day.
    pub today: NaiveDate,
}

/// The sessions of each cohort and dose.
type Sessions = BTreeMap<(CohortNo, u8), BTreeSet<At>>;

/// New seats of people by the campaign's own number, each with the appointment that is stored.
pub type Moves = BTreeMap<PersonNo, (Option<Seat>, Seat)>;

fn at(seat: Seat) -> At {
    (seat.day, seat.place)
}

fn days_between(one: Seat, other: Seat) -> i64 {
    (one.day - other.day).num_days().abs()
}

/// An appointment, by its campaign's book and its place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    book: usize,
    nth: usize,
}

/// How an appointment gets another seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is free.
    Free,
    /// Its owner takes this appointment's seat.
    Exchange(Spot),
    /// Somebody outside the register does.
    Others,
}

struct Desk<'a> {
    books: &'a mut [Book],
    apart: &'a [Vec<Apart>],
    /// The appointments of whoever has more than one.
    several: BTreeMap<PersonNo, Vec<Spot>>,
    /// Of each book who can change places, by their seat: nobody whose visit would be taken apart by it.
    movable: Vec<BTreeMap<Cell, BTreeSet<usize>>>,
    moves: Vec<Moves>,
}

/// Brings appointments of a person within [`ONE_VISIT_DAYS`] to one place and day, where the vaccines allow it. Puts
/// off what they do not allow so near. `apart` says of two books how far apart their vaccines must be given. Returns
/// what changes, book by book.
#[must_use]
pub fn join(books: &mut [Book], apart: &[Vec<Apart>]) -> Vec<Moves> {
    let mut desk = Desk::of(books, apart);
    let all: Vec<Vec<Spot>> = desk.several.values().cloned().collect();
    for _ in 0..ROUNDS_MAX {
        let mut has_moved = false;
        for spots in &all {
            has_moved |= desk.join_all(spots);
        }
        if !has_moved {
            break;
        }
    }
    let is_near = |spots: &Vec<Spot>| desk.too_near(spots).next().is_some();
    let near: Vec<Vec<Spot>> = all.into_iter().filter(is_near).collect();
    if !near.is_empty() {
        let sessions: Vec<Sessions> = desk.books.iter().map(sessions).collect();
        for spots in &near {
            desk.part(spots, &sessions);
        }
    }
    desk.moves
}

/// The sessions that a book's cohorts have seats at.
fn sessions(book: &Book) -> Sessions {
    let mut out = Sessions::new();
    for (at, cohort, dose) in book.free.keys() {
        out.entry((*cohort, *dose)).or_default().insert(*at);
    }
    out
}

impl<'a> Desk<'a> {
    fn of(books: &'a mut [Book], apart: &'a [Vec<Apart>]) -> Self {
        let mut all = Vec::new();
        let mut movable = Vec::new();
        for (book, of) in books.iter().enumerate() {
            let mut cells: BTreeMap<Cell, BTreeSet<usize>> = BTreeMap::new();
            for (nth, one) in of.people.iter().enumerate() {
                all.push((one.person, book, nth));
                if !one.is_fixed {
                    cells.entry(cell(one, one.seat)).or_default().insert(nth);
                }
            }
            movable.push(cells);
        }
        all.sort_unstable();
        let mut several = BTreeMap::new();
        for same in all.chunk_by(|one, other| one.0 == other.0).filter(|same| same.len() > 1) {
            let spots: Vec<Spot> = same.iter().map(|&(_, book, nth)| Spot { book, nth }).collect();
            several.insert(same[0].0, spots);
        }
        let moves = vec![Moves::new(); books.len()];
        let mut desk = Self { books, apart, several, movable, moves };
        let all: Vec<Spot> = desk.several.values().flatten().copied().collect();
        for spot in all {
            if desk.visits(spot).next().is_some() {
                desk.settle(spot);
            }
        }
        desk
    }

    fn get(&self, spot: Spot) -> Booked {
        self.books[spot.book].people[spot.nth]
    }

    fn apart(&self, one: Spot, other: Spot) -> Apart {
        self.apart[one.book][other.book]
    }

    /// The other appointments of the person who has this one.
    fn others(&self, spot: Spot) -> impl Iterator<Item = Spot> + '_ {
        let all = self.several.get(&self.get(spot).person).map_or(&[][..], Vec::as_slice);
        all.iter().copied().filter(move |other| *other != spot)
    }

    /// The other appointments of the person that are one visit with this one: none of them moves any more.
    fn visits(&self, spot: Spot) -> impl Iterator<Item = Spot> + '_ {
        let here = at(self.get(spot).seat);
        let is_one = move |other: &Spot| {
            at(self.get(*other).seat) == here && self.apart(spot, *other).at_one_visit
        };
        self.others(spot).filter(is_one)
    }

    /// Takes an appointment out of those that can change places: in a session of hundreds, nobody looks at it again.
    fn settle(&mut self, spot: Spot) {
        let one = self.get(spot);
        if let Some(there) = self.movable[spot.book].get_mut(&cell(&one, one.seat)) {
            there.remove(&spot.nth);
        }
    }

    /// Joins what can be joined of a person's appointments, first those that are nearest to each other.
    fn join_all(&mut self, spots: &[Spot]) -> bool {
        let mut pairs: Vec<(Spot, Spot)> = pairs(spots).collect();
        pairs.sort_by_key(|(one, other)| days_between(self.get(*one).seat, self.get(*other).seat));
        let mut has_moved = false;
        for (one, other) in pairs {
            let (a, b) = (self.get(one).seat, self.get(other).seat);
            let is_near = at(a) != at(b) && days_between(a, b) <= ONE_VISIT_DAYS;
            if !is_near || !self.apart(one, other).at_one_visit {
                continue;
            }
            // The later one comes to the earlier one, where that can be.
            let (early, late) = if a.day <= b.day { (one, other) } else { (other, one) };
            has_moved |= self.bring(late, early) || self.bring(early, late);
        }
        has_moved
    }

    /// Brings an appointment to the place and day of another one of the same person; `false` where it cannot be.
    fn bring(&mut self, mover: Spot, anchor: Spot) -> bool {
        let one = self.get(mover);
        let there = self.get(anchor);
        let to = Seat { dose: one.seat.dose, ..there.seat };
        // Whoever knows of tomorrow's may have been told of it today, and would be written to a second time.
        let tomorrow = self.books[mover.book].today + TimeDelta::days(1);
        let is_told_today = there.is_fixed && to.day <= tomorrow;
        if is_told_today || !self.may_go(mover, to) {
            return false;
        }
        let is_sooner = to.day <= one.seat.day;
        let Some(way) = self.way(mover, to, is_sooner) else { return false };
        self.go(mover, to, way);
        true
    }

    /// The pairs of a person's appointments that are nearer to each other than their vaccines allow.
    fn too_near<'s>(&'s self, spots: &'s [Spot]) -> impl Iterator<Item = (Spot, Spot)> + 's {
        let day = move |spot: Spot| self.get(spot).seat.day;
        pairs(spots)
            .filter(move |&(one, other)| !self.apart(one, other).allows(day(one), day(other)))
    }

    /// Puts off appointments of a person until their vaccines are as far apart as they must be: the later one, or else
    /// the earlier one. What cannot be put off stays where it is.
    fn part(&mut self, spots: &[Spot], sessions: &[Sessions]) {
        let near: Vec<(Spot, Spot)> = self.too_near(spots).collect();
        for (one, other) in near {
            let (a, b) = (self.get(one).seat.day, self.get(other).seat.day);
            // Another pair may have moved one of them.
            if self.apart(one, other).allows(a, b) {
                continue;
            }
            let (early, late) = if a <= b { (one, other) } else { (other, one) };
            if !self.put_off(late, sessions) {
                self.put_off(early, sessions);
            }
        }
    }

    /// Gives an appointment the first later seat that is far enough from the person's others; `false` where there is
    /// none.
    fn put_off(&mut self, spot: Spot, sessions: &[Sessions]) -> bool {
        let one = self.get(spot);
        let of_cohort = sessions.get(spot.book).and_then(|of| of.get(&(one.cohort, one.seat.dose)));
        let (Some(of_cohort), false) = (of_cohort, one.is_fixed) else { return false };
        let is_apart = |to: Seat| {
            let allows =
                |other: Spot| self.apart(spot, other).allows(to.day, self.get(other).seat.day);
            self.others(spot).all(allows)
        };
        let later = of_cohort.iter().filter(|(day, _)| *day > one.seat.day).take(SESSIONS_MAX);
        let found = later.map(|&(day, place)| Seat { day, place, ..one.seat }).find_map(|to| {
            let may_go = is_apart(to) && self.may_go(spot, to);
            may_go.then(|| self.way(spot, to, true)).flatten().map(|way| (to, way))
        });
        let Some((to, way)) = found else { return false };
        self.go(spot, to, way);
        true
    }

    /// How an appointment gets a seat there: a free one, where `takes_free`, one of somebody who takes this one, or of
    /// somebody outside the register.
    fn way(&self, spot: Spot, to: Seat, takes_free: bool) -> Option<Way> {
        let (one, book) = (self.get(spot), &self.books[spot.book]);
        let has_some = |free: Option<&i64>| free.is_some_and(|free| *free > 0);
        let has_room = has_some(book.room.get(&at(to)));
        if takes_free && has_room && has_some(book.free.get(&cell(&one, to))) {
            return Some(Way::Free);
        }
        if let Some(other) = self.partner(spot, to) {
            return Some(Way::Exchange(other));
        }
        let is_left = has_room && has_some(book.others.get(&cell(&one, to)));
        is_left.then_some(Way::Others)
    }

    /// Gives an appointment a seat in a way.
    fn go(&mut self, spot: Spot, to: Seat, way: Way) {
        let one = self.get(spot);
        if let Way::Exchange(other) = way {
            self.put(other, one.seat);
        } else {
            let book = &mut self.books[spot.book];
            let seats = if way == Way::Free { &mut book.free } else { &mut book.others };
            for (seat, by) in [(one.seat, 1), (to, -1)] {
                *seats.entry(cell(&one, seat)).or_default() += by;
                *book.room.entry(at(seat)).or_default() += by;
            }
        }
        self.put(spot, to);
    }

    /// Who has a seat there and can take the one of this appointment in return.
    fn partner(&self, spot: Spot, to: Seat) -> Option<Spot> {
        let one = self.get(spot);
        let there = self.movable[spot.book].get(&cell(&one, to))?;
        let all = there.iter().take(ASKED_MAX);
        let mut all = all.map(|nth| Spot { book: spot.book, nth: *nth });
        all.find(|other| self.may_go(*other, one.seat))
    }

    /// Whether an appointment can be at a place and day: its dose counts then, the person was not told another day, no
    /// visit for two vaccines is taken apart, and none of the others is nearer than its vaccine allows.
    fn may_go(&self, spot: Spot, to: Seat) -> bool {
        let one = self.get(spot);
        let is_in_time = one.latest.is_none_or(|latest| to.day <= latest.max(one.seat.day));
        if one.is_fixed || to.day < one.from || !is_in_time {
            return false;
        }
        self.others(spot).all(|other| {
            let (apart, seat) = (self.apart(spot, other), self.get(other).seat);
            let (was_there, is_there) = (at(seat) == at(one.seat), at(seat) == at(to));
            let (was_split, is_split) =
                (seat.day == one.seat.day && !was_there, seat.day == to.day && !is_there);
            let is_nearer = days_between(seat, to) < days_between(seat, one.seat);
            let is_worse = if apart.at_one_visit { was_there } else { is_there };
            let is_newly_split = is_split && !was_split;
            !is_worse
                && !is_newly_split
                && (apart.allows(to.day, seat.day)
                    || !is_nearer && !apart.allows(one.seat.day, seat.day))
        })
    }

    /// Gives an appointment another seat.
    fn put(&mut self, spot: Spot, to: Seat) {
        let one = &mut self.books[spot.book].people[spot.nth];
        let movable = &mut self.movable[spot.book];
        if let Some(there) = movable.get_mut(&cell(one, one.seat)) {
            there.remove(&spot.nth);
        }
        movable.entry(cell(one, to)).or_default().insert(spot.nth);
        one.seat = to;
        self.moves[spot.book].insert(one.own, (one.held, to));
        let joined: Vec<Spot> = self.visits(spot).collect();
        for other in joined {
            self.settle(other);
            self.settle(spot);
        }
    }
}

/// Each two of a person's appointments.
fn pairs(spots: &[Spot]) -> impl Iterator<Item = (Spot, Spot)> + '_ {
    spots
        .iter()
        .enumerate()
        .flat_map(move |(nth, one)| spots.iter().skip(nth + 1).map(move |other| (*one, *other)))
}

/// The seats of somebody's cohort and dose where a seat is.
fn cell(one: &Booked, seat: Seat) -> Cell {
    (at(seat), one.cohort, seat.dose)
}

#[cfg(test)]
#[path = "visits_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "visits_apart_tests.rs"]
mod apart_tests;
