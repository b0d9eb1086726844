//! Makes a roster: published duties first, then station by station, then evened out.

use super::chain::Rules;
use super::index::{Day, Person, Seat};
use super::model::{Model, Step};
use super::state::State;
use super::{Duty, Missing, Roster, RosterRequest, changes, even, fairness};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Further stations that open where people are left, by day, place and number; the most wanted first.
#[derive(Debug, Default)]
pub(super) struct Spare(pub(super) Vec<(NaiveDate, String, u32)>);

/// How often what could not be filled is tried again: people whom other places gave back may fit.
const ROUNDS: usize = 3;

pub(super) fn solve(request: &RosterRequest, spare: &Spare) -> Roster {
    let model = Model::new(request, &spare.0);
    let mut state = State::new(&model);
    let published = keep(&mut state, request);
    let order = order(&model);
    let mut open = vec![false; model.steps.len()];
    let mut lacking = BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut is_stuck = true;
        for &at in order.iter().filter(|&&at| model.steps[at].is_needed) {
            if !open[at] && below_is_open(&model, &open, at) {
                open[at] = staff(&mut state, &model.steps[at], at, &mut lacking);
                is_stuck &= !open[at];
            }
        }
        release(&mut state, &model, &open);
        if is_stuck {
            break;
        }
    }
    for at in (0..model.steps.len()).filter(|&at| !model.steps[at].is_needed) {
        let is_last = below_is_open(&model, &open, at);
        open[at] = is_last && staff(&mut state, &model.steps[at], at, &mut BTreeMap::new());
    }
    state.free_from = Day(published.map_or(0, |last| last.0 + 1));
    even::even(&mut state);
    finished(request, &model, &state, &open, &lacking)
}

/// Puts the published duties back into the seats where they still can be. Returns the last day of them.
fn keep(state: &mut State, request: &RosterRequest) -> Option<Day> {
    let model = state.model;
    let mut free: BTreeMap<(Day, &str, crate::domain::jurisdiction::Role), Vec<Seat>> =
        BTreeMap::new();
    for (at, seat) in model.seats.iter().enumerate().rev() {
        let post = model.post(seat.post);
        free.entry((seat.day, &post.place, post.role)).or_default().push(Seat(at));
    }
    let at: BTreeMap<&str, Person> = model
        .workers
        .iter()
        .enumerate()
        .map(|(at, worker)| (worker.member.code.as_str(), Person(at)))
        .collect();
    let mut last = None;
    let mut duties: Vec<&Duty> = request.before.iter().collect();
    duties.sort();
    for duty in duties.into_iter().filter(|duty| duty.date >= request.from) {
        let (Some(day), Some(person)) = (model.day(duty.date), at.get(duty.staff.as_str())) else {
            continue;
        };
        last = last.max(Some(day));
        let Some(seats) = free.get_mut(&(day, duty.place.as_str(), duty.role)) else { continue };
        let Some(seat) = seats.last().copied() else { continue };
        let is_able = state.able(model.seat(seat).post).contains(person);
        if is_able && state.admits(*person, day, None) {
            seats.pop();
            state.seat(seat, *person);
        }
    }
    last
}

/// Steps in the order in which they are filled: day by day, first stations first, and places first
/// that have few people to spare.
fn order(model: &Model) -> Vec<usize> {
    let mut left = Vec::with_capacity(model.steps.len());
    for step in &model.steps {
        let able = |seat: &Seat| {
            let able = &model.post(model.seat(*seat).post).able;
            able.iter().filter(|one| model.worker(**one).can[step.day.0]).count()
        };
        left.push(step.seats.iter().map(able).min().unwrap_or(usize::MAX));
    }
    let mut order: Vec<usize> = (0..model.steps.len()).collect();
    order.sort_by_key(|&at| (model.steps[at].day, model.steps[at].station, left[at], at));
    order
}

/// Whether the station before it is open: stations open one after the other.
fn below_is_open(model: &Model, open: &[bool], at: usize) -> bool {
    let step = &model.steps[at];
    step.station == 1 || step.below.is_some_and(|below| open[below])
}

/// People missing of a step, by role.
type Lacking = BTreeMap<usize, BTreeMap<crate::domain::jurisdiction::Role, u32>>;

/// Fills every seat of a step, or none of those that were empty.
fn staff(state: &mut State, step: &Step, at: usize, lacking: &mut Lacking) -> bool {
    let mut filled = Vec::new();
    let mut missing = BTreeMap::new();
    let rules = if step.is_needed { Rules::FREE } else { Rules::SPARE };
    let mut seats: Vec<Seat> =
        step.seats.iter().copied().filter(|seat| state.holder(*seat).is_none()).collect();
    // Roles that few have first.
    seats.sort_by_key(|seat| (state.able(state.model.seat(*seat).post).len(), *seat));
    for seat in seats {
        if take(state, seat) || state.fill(seat, rules).is_some() {
            filled.push(seat);
        } else {
            *missing.entry(state.model.post(state.model.seat(seat).post).role).or_default() += 1;
        }
    }
    if missing.is_empty() {
        lacking.remove(&at);
        return true;
    }
    for seat in filled {
        state.vacate(seat);
    }
    lacking.insert(at, missing);
    false
}

/// Gives a seat to whoever is free and has worked least; people of the place before others.
fn take(state: &mut State, seat: Seat) -> bool {
    let model = state.model;
    let wanted = model.seat(seat);
    let place = &model.post(wanted.post).place;
    let free = state.able(wanted.post).iter().copied();
    let free = free.filter(|one| state.admits(*one, wanted.day, None));
    let key = |one: &Person| {
        let member = model.worker(*one).member;
        let weekends = if wanted.day.is_weekend() { state.weekends_of(*one) } else { 0 };
        let moved = !state.moved[one.0];
        (moved, member.home != *place, weekends, state.days_of(*one), member.roles.len(), *one)
    };
    let Some(person) = free.min_by_key(key) else { return false };
    state.seat(seat, person);
    true
}

/// Frees whoever sits at a station that does not open.
fn release(state: &mut State, model: &Model, open: &[bool]) {
    for (step, open) in model.steps.iter().zip(open) {
        if !open {
            for seat in &step.seats {
                state.vacate(*seat);
            }
        }
    }
}

fn finished(
    request: &RosterRequest,
    model: &Model,
    state: &State,
    open: &[bool],
    lacking: &Lacking,
) -> Roster {
    let mut duties = Vec::new();
    for at in 0..model.seats.len() {
        let seat = model.seat(Seat(at));
        if let Some(person) = state.holder(Seat(at)) {
            let post = model.post(seat.post);
            duties.push(Duty {
                date: model.date(seat.day),
                place: post.place.clone(),
                role: post.role,
                staff: model.worker(person).member.code.clone(),
            });
        }
    }
    duties.sort();
    let mut missing: BTreeMap<_, u32> = BTreeMap::new();
    let mut stations = BTreeMap::new();
    for (at, step) in model.steps.iter().enumerate() {
        let key = (model.date(step.day), step.place.clone());
        if open[at] {
            let most = stations.entry(key).or_insert(0);
            *most = step.station.max(*most);
        } else if step.is_needed {
            let (date, place) = key;
            // A station above one that does not open lacks its whole crew.
            let all = || step.seats.iter().map(|seat| model.post(model.seat(*seat).post).role);
            let of_all = || {
                all().fold(BTreeMap::new(), |mut sum: BTreeMap<_, u32>, role| {
                    *sum.entry(role).or_default() += 1;
                    sum
                })
            };
            for (role, people) in lacking.get(&at).cloned().unwrap_or_else(of_all) {
                *missing.entry((date, place.clone(), role)).or_default() += people;
            }
        }
    }
    let missing = missing.into_iter().map(|((date, place, role), people)| Missing {
        date,
        place,
        role,
        people,
    });
    Roster {
        missing: missing.collect(),
        stations,
        changes: changes::changes(request, &duties),
        fairness: fairness::fairness(request, &duties),
        duties,
    }
}
