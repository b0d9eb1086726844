//! Vaccine: a flow from lots to draws, kept valid while doses are placed and taken back.
//!
//! A draw may be served by the lots of its class. When the free lots of a class are used up, a
//! draw of another class may move to another lot to make room (an augmenting path), so nothing is
//! refused that a flow could serve.

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
    /// Classes that were found to have nothing left, since something was last given back.
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
            // Less than a dose may be left: as good as nothing for the same class, and others
            // look again.
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

    /// Moves other classes' draws to other lots until one of this class's lots has room. Returns
    /// the units taken.
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
        // The last to expire first: what is left expires early, and is used first next time.
        for &lot in self.classes[class].iter().rev() {
            let back = units.min(self.flow[class][lot]);
            self.flow[class][lot] -= back;
            self.left[lot] += back;
            units -= back;
        }
    }
}
