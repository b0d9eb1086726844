//! Evens a roster out: days and weekend days among people who are alike.

use super::chain::{Moves, Rules};
use super::index::{Person, Seat};
use super::state::State;
use std::collections::BTreeMap;

/// Rounds over all groups; each evens days, then weekend days.
const ROUNDS_MAX: usize = 4;
/// Moves in a group and round. More would only shift the same people about.
const MOVES_MAX: usize = 2_000;
/// Most seats that one search for a chain looks at.
const SEATS_MAX: usize = 400;

/// Evens out the days from `state.free_from` on.
pub(super) fn even(state: &mut State) {
    let mut groups: BTreeMap<usize, Vec<Person>> = BTreeMap::new();
    for person in state.model.people() {
        let worker = state.model.worker(person);
        if worker.can.contains(&true) {
            groups.entry(worker.peers).or_default().push(person);
        }
    }
    groups.retain(|_, group| group.len() > 1);
    for _ in 0..ROUNDS_MAX {
        let mut is_same = true;
        for group in groups.values() {
            for _ in 0..MOVES_MAX {
                if !level(state, group, State::days_of, shift) {
                    break;
                }
                is_same = false;
            }
            for _ in 0..MOVES_MAX {
                if !level(state, group, State::weekends_of, swap) {
                    break;
                }
                is_same = false;
            }
        }
        if is_same {
            break;
        }
    }
}

/// Takes something from somebody who has at least two more of it than another one; `false` if no
/// such pair can be helped.
fn level<'m, 'a>(
    state: &mut State<'m, 'a>,
    group: &[Person],
    of: impl Fn(&State<'m, 'a>, Person) -> u32,
    help: impl Fn(&mut State<'m, 'a>, Person, Person) -> bool,
) -> bool {
    let mut order: Vec<(u32, Person)> = group.iter().map(|one| (of(state, *one), *one)).collect();
    order.sort();
    for &(most, from) in order.iter().rev() {
        for &(least, to) in order.iter().take_while(|(least, _)| least + 2 <= most) {
            debug_assert!(least < most);
            if help(state, from, to) {
                return true;
            }
        }
    }
    false
}

/// Seats of a person that may change hands; weekend days first or last.
fn seats(state: &State, person: Person, weekends_first: bool) -> Vec<Seat> {
    let day = |seat: &Seat| state.model.seat(*seat).day;
    let movable = state.seats_of(person).filter(|seat| day(seat) >= state.free_from);
    let mut seats: Vec<Seat> = movable.collect();
    seats.sort_by_key(|seat| (day(seat).is_weekend() != weekends_first, day(seat)));
    seats
}

fn may_take(state: &State, person: Person, seat: Seat, without: Option<Seat>) -> bool {
    let model = state.model;
    let wanted = model.seat(seat);
    let without = without.map(|seat| model.seat(seat).day);
    state.able(wanted.post).contains(&person) && state.admits(person, wanted.day, without)
}

/// One day from one person to another, if need be over a chain.
fn shift(state: &mut State, from: Person, to: Person) -> bool {
    let weekends_first = state.weekends_of(from) > state.weekends_of(to);
    let all = seats(state, from, weekends_first);
    if let Some(seat) = all.iter().find(|seat| may_take(state, to, **seat, None)) {
        state.vacate(*seat);
        state.seat(*seat, to);
        return true;
    }
    let rules = Rules { last: Some(to), barred: Some(from), seats_max: SEATS_MAX };
    all.into_iter().any(|seat| state.fill(seat, rules).is_some())
}

/// A weekend day of one person for a weekday of another.
fn swap(state: &mut State, from: Person, to: Person) -> bool {
    let is_weekend = |state: &State, seat: &Seat| state.model.seat(*seat).day.is_weekend();
    let mine: Vec<Seat> =
        seats(state, from, true).into_iter().filter(|seat| is_weekend(state, seat)).collect();
    if state.days_of(from) > state.days_of(to)
        && let Some(seat) = mine.iter().find(|seat| may_take(state, to, **seat, None))
    {
        state.vacate(*seat);
        state.seat(*seat, to);
        return true;
    }
    let theirs: Vec<Seat> =
        seats(state, to, false).into_iter().filter(|seat| !is_weekend(state, seat)).collect();
    for a in &mine {
        for b in &theirs {
            if may_take(state, to, *a, Some(*b)) && may_take(state, from, *b, Some(*a)) {
                state.vacate(*a);
                state.vacate(*b);
                state.seat(*a, to);
                state.seat(*b, from);
                return true;
            }
        }
    }
    mine.into_iter().any(|seat| over_chains(state, seat, (from, to)))
}

/// The same over two chains: the weekend day goes to the one, some weekday back to the other.
fn over_chains(state: &mut State, seat: Seat, (from, to): (Person, Person)) -> bool {
    let there = Rules { last: Some(to), barred: Some(from), seats_max: SEATS_MAX };
    let back = Rules { last: Some(from), barred: Some(to), seats_max: SEATS_MAX };
    let Some(moves): Option<Moves> = state.fill(seat, there) else { return false };
    let weekday = |one: &Seat| !state.model.seat(*one).day.is_weekend();
    let theirs: Vec<Seat> = seats(state, to, false).into_iter().filter(weekday).collect();
    let before = (state.weekends_of(from), state.weekends_of(to));
    for other in theirs {
        if let Some(more) = state.fill(other, back) {
            if (state.weekends_of(from), state.weekends_of(to)) == before {
                return true;
            }
            state.undo(more);
        }
    }
    state.undo(moves);
    false
}
