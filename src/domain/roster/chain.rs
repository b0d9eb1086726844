//! Chains of moves: somebody takes a seat and gives up another one, which somebody else takes, until
//! one of them is free.

use super::index::{Person, Seat};
use super::state::State;
use std::collections::{BTreeSet, VecDeque};

/// Most seats that a search looks at. Chains that are longer move too many people.
const SEATS_MAX: usize = 2_000;
/// The same for a station that is welcome and not needed.
const SPARE_SEATS_MAX: usize = 200;

/// What a chain may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Who ends the chain; `None`: anybody who is free.
    pub(super) last: Option<Person>,
    /// Who may not take part.
    pub(super) barred: Option<Person>,
    /// Most seats to look at.
    pub(super) seats_max: usize,
}

impl Rules {
    /// Anybody may end it.
    pub(super) const FREE: Self = Self { last: None, barred: None, seats_max: SEATS_MAX };
    /// The same with less effort.
    pub(super) const SPARE: Self = Self { seats_max: SPARE_SEATS_MAX, ..Self::FREE };
}

/// The seats of a chain and who held them before.
pub(super) type Moves = Vec<(Seat, Option<Person>)>;

/// A seat that is to be filled, and who leaves it for the seat of the node before.
struct Node {
    seat: Seat,
    before: Option<(usize, Person)>,
}

impl State<'_, '_> {
    /// Fills a seat by the shortest chain. Its holder, if it has one, must be barred. Nothing changes where there is
    /// no chain.
    pub(super) fn fill(&mut self, seat: Seat, rules: Rules) -> Option<Moves> {
        let (nodes, at, last) = self.search(seat, rules)?;
        let mut moves = vec![(nodes[at].seat, last)];
        let mut at = at;
        while let Some((before, person)) = nodes[at].before {
            moves.push((nodes[before].seat, person));
            at = before;
        }
        let held: Moves = moves.iter().map(|(seat, _)| (*seat, self.vacate(*seat))).collect();
        for (seat, person) in moves {
            self.moved[person.0] = true;
            self.seat(seat, person);
        }
        Some(held)
    }

    /// Takes a chain back.
    pub(super) fn undo(&mut self, moves: Moves) {
        for (seat, _) in &moves {
            self.vacate(*seat);
        }
        for (seat, person) in moves {
            if let Some(person) = person {
                self.seat(seat, person);
            }
        }
    }

    fn search(&self, seat: Seat, rules: Rules) -> Option<(Vec<Node>, usize, Person)> {
        let mut nodes = vec![Node { seat, before: None }];
        let mut seen = BTreeSet::from([seat]);
        let mut queue = VecDeque::from([0]);
        while let Some(at) = queue.pop_front() {
            let wanted = self.model.seat(nodes[at].seat);
            let in_chain = |person: Person| {
                let mut next = nodes[at].before;
                while let Some((before, other)) = next {
                    if other == person {
                        return true;
                    }
                    next = nodes[before].before;
                }
                rules.barred == Some(person)
            };
            let mut able: Vec<Person> =
                self.able(wanted.post).iter().copied().filter(|one| !in_chain(*one)).collect();
            able.retain(|one| self.model.worker(*one).can[wanted.day.0]);
            able.sort_by_key(|one| (!self.moved[one.0], self.days_of(*one), *one));
            let mut ends = able.iter().filter(|one| rules.last.is_none_or(|last| last == **one));
            if let Some(last) = ends.find(|one| self.admits(**one, wanted.day, None)) {
                return Some((nodes, at, *last));
            }
            for person in able.into_iter().filter(|one| rules.last != Some(*one)) {
                for day in self.in_the_way(person, wanted.day) {
                    let Some(given) = self.seat_on(person, day).filter(|_| day >= self.free_from)
                    else {
                        continue;
                    };
                    let is_same = day == wanted.day && self.model.seat(given).post == wanted.post;
                    if is_same || seen.contains(&given) {
                        continue;
                    }
                    if self.admits(person, wanted.day, Some(day)) {
                        seen.insert(given);
                        queue.push_back(nodes.len());
                        nodes.push(Node { seat: given, before: Some((at, person)) });
                    }
                    if nodes.len() >= rules.seats_max {
                        return None;
                    }
                }
            }
        }
        None
    }
}
