//! Who has which seat after assigning, and which seats nobody has.

use super::visits::{Book, Booked, Moves};
use super::{
    ByCohortAndDose, Candidate, Ended, Input, Output, PersonNo, PlaceNo, Seat, sessions_of,
};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// What an assignment works on, as far as its result must be read with it.
pub struct Roll {
    people: Vec<Candidate>,
    sessions: ByCohortAndDose,
    /// People at sessions that have no seats for their cohort.
    beyond: BTreeMap<(NaiveDate, PlaceNo), i64>,
    today: NaiveDate,
}

impl Roll {
    /// The people and sessions of an assignment.
    #[must_use]
    pub fn of(input: &Input<'_>) -> Self {
        let mut people = input.candidates.clone();
        // Those who answered have their seats before all others, also seats of another cohort.
        people.sort_unstable_by_key(|one| (!one.has_answered, !one.is_told, one.person));
        let sessions = sessions_of(input.offers, input.today, &input.left);
        Self { people, sessions, beyond: BTreeMap::new(), today: input.today }
    }

    /// The appointments of today, which nothing moves, and those to come after the assignment, by person, and the seats
    /// that nobody has. `person` gives people the number that they have in all campaigns, and `place` gives places
    /// theirs; who has none is left out.
    #[must_use]
    pub fn book(
        mut self,
        output: &Output,
        person: impl Fn(PersonNo) -> Option<PersonNo>,
        place: impl Fn(PlaceNo) -> PlaceNo,
    ) -> Book {
        let ended: BTreeMap<PersonNo, (NaiveDate, Ended)> =
            output.ended.iter().map(|(person, held, why)| (*person, (held.day, *why))).collect();
        let new: BTreeMap<PersonNo, Seat> = output.new.iter().copied().collect();
        let mut out = Book { today: self.today, ..Book::default() };
        let here = |seat: Seat| Seat { place: place(seat.place), ..seat };
        for mut one in std::mem::take(&mut self.people) {
            let held = one.held.filter(|_| !ended.contains_key(&one.person));
            let Some(seat) = new.get(&one.person).copied().or(held) else { continue };
            self.take(&one, seat);
            let Some(person) = person(one.person).filter(|_| seat.day >= self.today) else {
                continue;
            };
            // Whoever was found absent just now is called again only after a while.
            if let Some((day, Ended::Absent)) = ended.get(&one.person) {
                one.note_absence(*day);
            }
            let knows = one.held == Some(seat) && (one.has_answered || one.is_told);
            out.people.push(Booked {
                person,
                own: one.person,
                cohort: one.cohort,
                seat: here(seat),
                held: one.held.map(here),
                from: one.callable_from(self.today),
                latest: one.latest,
                is_fixed: knows || one.waits || seat.day <= self.today,
            });
        }
        out.people.sort_unstable_by_key(|one| one.person);
        for ((cohort, dose), sessions) in &self.sessions {
            for slot in &sessions.slots {
                let at = (slot.day, place(slot.place));
                let left = |seats: u64| {
                    i64::try_from(seats).unwrap_or(i64::MAX)
                        - i64::try_from(slot.used).unwrap_or(i64::MAX)
                };
                out.free.insert((at, *cohort, *dose), left(slot.part));
                let others = left(slot.doses).min(left(slot.doses) - left(slot.part));
                out.others.insert((at, *cohort, *dose), others);
                *out.room.entry(at).or_default() += left(slot.doses);
            }
        }
        for ((day, at), people) in self.beyond {
            *out.room.entry((day, place(at))).or_default() -= people;
        }
        out
    }

    /// Takes somebody's seat: of their own cohort, or of another one where they answered and their own has none.
    fn take(&mut self, one: &Candidate, seat: Seat) {
        let own = (one.cohort, one.dose);
        let is_left = |sessions: &mut ByCohortAndDose, cell| {
            let slot = sessions.get_mut(&cell)?.find(seat.day, seat.place)?;
            (slot.used < slot.doses).then_some(())
        };
        let mut cell = own;
        if one.has_answered && is_left(&mut self.sessions, own).is_none() {
            let same: Vec<_> =
                self.sessions.keys().copied().filter(|key| key.1 == one.dose).collect();
            let other = same.into_iter().find(|key| is_left(&mut self.sessions, *key).is_some());
            cell = other.unwrap_or(own);
        }
        let slot = self.sessions.get_mut(&cell).and_then(|of| of.find(seat.day, seat.place));
        match slot {
            Some(slot) => slot.used += 1,
            None => *self.beyond.entry((seat.day, seat.place)).or_default() += 1,
        }
    }
}

impl Output {
    /// Gives people whom this assignment has called or left where they were other seats.
    pub fn move_people(&mut self, moves: &Moves) {
        let mut known = BTreeSet::new();
        for (person, seat) in &mut self.new {
            if let Some((_, to)) = moves.get(person) {
                *seat = *to;
                known.insert(*person);
            }
        }
        for (person, (held, to)) in moves {
            let Some(held) = held.filter(|held| !known.contains(person) && held != to) else {
                continue;
            };
            self.kept = self.kept.saturating_sub(1);
            self.ended.push((*person, held, Ended::PlanChanged));
            self.new.push((*person, *to));
        }
        // Whoever comes back to the appointment that they had keeps it.
        let is_back = |person: &PersonNo| {
            moves.get(person).is_some_and(|(held, to)| *held == Some(*to)) && known.contains(person)
        };
        let before = self.new.len();
        self.new.retain(|(person, _)| !is_back(person));
        self.ended.retain(|(person, ..)| !is_back(person));
        self.kept += before - self.new.len();
    }
}
