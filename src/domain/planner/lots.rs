//! Vaccine: a flow from lots to draws, kept feasible while doses are placed and taken back.
//!
//! A draw may be served by the lots of its class. When these are used up, draws of other classes
//! move to other lots if that frees vaccine (an augmenting path), so nothing is refused that some
//! flow could serve.

use super::index::{ClassIndex, LotIndex, Per};
use super::model::Problem;
use std::collections::VecDeque;

/// What is left of the lots, and which class drew how much from which lot. Amounts are vaccine
/// units.
#[derive(Debug, Clone)]
pub(super) struct Stock {
    left: Per<LotIndex, u64>,
    classes: Per<ClassIndex, Vec<LotIndex>>,
    /// `flow[class][lot]`.
    flow: Per<ClassIndex, Per<LotIndex, u64>>,
    /// Classes found to have nothing left since vaccine was last given back.
    empty: Per<ClassIndex, bool>,
}

impl Stock {
    /// Full lots.
    pub(super) fn new(problem: &Problem) -> Self {
        Self {
            left: problem.lots.iter().map(|lot| lot.units).collect(),
            classes: problem.classes.clone(),
            flow: Per::filled(Per::filled(0, problem.lots.len()), problem.classes.len()),
            empty: Per::filled(false, problem.classes.len()),
        }
    }

    /// Whether the class is known to have nothing left.
    pub(super) fn is_empty(&self, class: ClassIndex) -> bool {
        self.empty[class]
    }

    /// Takes up to `doses` doses of `each` units for a class; returns how many it got.
    pub(super) fn draw(&mut self, class: ClassIndex, doses: u32, each: u64) -> u32 {
        if self.empty[class] {
            return 0;
        }
        let want = u64::from(doses).saturating_mul(each);
        let got = self.take(class, want);
        if got < want {
            let kept = got / each * each;
            self.put(class, got - kept);
            // Less than a dose may be left. For this class that is as good as nothing.
            self.empty[class] = true;
            return super::num::doses(kept / each);
        }
        doses
    }

    /// Units left of a lot.
    pub(super) fn left(&self, lot: LotIndex) -> u64 {
        self.left[lot]
    }

    /// Gives back what `doses` doses of a class drew.
    pub(super) fn give_back(&mut self, class: ClassIndex, doses: u32, each: u64) {
        if doses > 0 {
            self.put(class, u64::from(doses) * each);
            self.empty.fill(false);
        }
    }

    /// Takes units for a class, as many as a flow can serve.
    pub(super) fn draw_units(&mut self, class: ClassIndex, units: u64) {
        self.take(class, units);
    }

    /// Units of each lot that each class draws: `(class, lot, units)`, positive ones only.
    pub(super) fn flows(&self) -> impl Iterator<Item = (ClassIndex, LotIndex, u64)> {
        self.flow.pairs().flat_map(|(class, row)| {
            let positive = row.pairs().filter(|(_, units)| **units > 0);
            positive.map(move |(lot, &units)| (class, lot, units))
        })
    }

    fn take(&mut self, class: ClassIndex, want: u64) -> u64 {
        let mut got = 0;
        for &lot in &self.classes[class] {
            let units = self.left[lot].min(want - got);
            self.left[lot] -= units;
            self.flow[class][lot] += units;
            got += units;
        }
        while got < want {
            let units = self.augment(class, want - got);
            if units == 0 {
                break;
            }
            got += units;
        }
        got
    }

    /// Takes units for a class by moving draws of other classes to other lots. Returns the units
    /// taken; 0 if that is impossible.
    fn augment(&mut self, class: ClassIndex, want: u64) -> u64 {
        // parent[lot]: the class that would move to this lot, and the lot that it leaves; the
        // class itself leaves none.
        let mut parent: Per<LotIndex, Option<(ClassIndex, Option<LotIndex>)>> =
            Per::filled(None, self.left.len());
        let mut queue = VecDeque::new();
        let mut reached = Per::filled(false, self.classes.len());
        reached[class] = true;
        for &lot in &self.classes[class] {
            parent[lot] = Some((class, None));
            queue.push_back(lot);
        }
        let mut end = None;
        while let Some(lot) = queue.pop_front() {
            if self.left[lot] > 0 {
                end = Some(lot);
                break;
            }
            for (other, seen) in reached.pairs_mut() {
                if !*seen && self.flow[other][lot] > 0 {
                    *seen = true;
                    for &next in &self.classes[other] {
                        if parent[next].is_none() {
                            parent[next] = Some((other, Some(lot)));
                            queue.push_back(next);
                        }
                    }
                }
            }
        }
        let Some(end) = end else { return 0 };
        let mut units = want.min(self.left[end]);
        let mut at = end;
        while let Some((mover, Some(before))) = parent[at] {
            units = units.min(self.flow[mover][before]);
            at = before;
        }
        self.left[end] -= units;
        at = end;
        while let Some((mover, before)) = parent[at] {
            self.flow[mover][at] += units;
            let Some(before) = before else { break };
            self.flow[mover][before] -= units;
            at = before;
        }
        units
    }

    fn put(&mut self, class: ClassIndex, mut units: u64) {
        // Give back the lot that expires last first.
        for &lot in self.classes[class].iter().rev() {
            let back = units.min(self.flow[class][lot]);
            self.flow[class][lot] -= back;
            self.left[lot] += back;
            units -= back;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::planner::index::ListIndex as _;

    /// Lots with so many units, and classes by the positions of their lots.
    fn stock(units: &[u64], classes: &[&[usize]]) -> Stock {
        let lots = |lots: &&[usize]| lots.iter().map(|&lot| LotIndex::of(lot)).collect();
        Stock {
            left: units.to_vec().into(),
            classes: classes.iter().map(lots).collect(),
            flow: Per::filled(Per::filled(0, units.len()), classes.len()),
            empty: Per::filled(false, classes.len()),
        }
    }

    fn left(stock: &Stock) -> Vec<u64> {
        stock.left.iter().copied().collect()
    }

    fn class(position: usize) -> ClassIndex {
        ClassIndex::of(position)
    }

    #[test]
    fn a_draw_takes_the_first_lot_of_its_class_first_and_gives_the_last_one_back_first() {
        let mut stock = stock(&[10, 10, 10], &[&[2, 0]]);
        assert_eq!(stock.draw(class(0), 4, 3), 4);
        assert_eq!(left(&stock), [8, 10, 0]);
        stock.give_back(class(0), 1, 3);
        assert_eq!(left(&stock), [10, 10, 1]);
        let flows: Vec<_> = stock.flows().map(|(_, lot, units)| (lot, units)).collect();
        assert_eq!(flows, [(LotIndex::of(2), 9)]);
    }

    #[test]
    fn only_whole_doses_are_drawn_and_a_class_with_less_counts_as_empty_until_something_returns() {
        let mut stock = stock(&[10, 1], &[&[0], &[1]]);
        assert_eq!(stock.draw(class(0), 5, 3), 3);
        assert_eq!(left(&stock), [1, 1]);
        assert!(stock.is_empty(class(0)) && !stock.is_empty(class(1)));
        assert_eq!(stock.draw(class(0), 1, 1), 0, "known to be empty");
        stock.give_back(class(1), 0, 1);
        assert!(stock.is_empty(class(0)), "nothing returned");
        stock.give_back(class(0), 1, 3);
        assert!(!stock.is_empty(class(0)));
        assert_eq!(stock.draw(class(0), 5, 4), 1);
        assert_eq!(left(&stock), [0, 1]);
    }

    #[test]
    fn a_draw_of_another_class_moves_to_another_lot_where_only_that_leaves_enough() {
        // Class A may use both lots, class B only the first, which A has taken.
        let mut stock = stock(&[10, 10], &[&[0, 1], &[0]]);
        stock.draw_units(class(0), 10);
        assert_eq!(left(&stock), [0, 10]);
        assert_eq!(stock.draw(class(1), 7, 1), 7);
        assert_eq!(left(&stock), [0, 3]);
        let flows: Vec<_> = stock.flows().collect();
        let lot = LotIndex::of;
        assert_eq!(flows, [(class(0), lot(0), 3), (class(0), lot(1), 7), (class(1), lot(0), 7)]);
        // Three classes in a chain; no more than there is.
        let mut stock = super::tests::stock(&[4, 4, 4], &[&[0, 1], &[1, 2], &[0]]);
        stock.draw_units(class(0), 4);
        stock.draw_units(class(1), 4);
        assert_eq!(stock.draw(class(2), 9, 1), 4);
        assert_eq!(left(&stock), [0, 0, 0]);
        assert!(stock.is_empty(class(2)));
    }
}
