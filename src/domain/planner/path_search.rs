//! Best paths of people at prices by day.

use super::index::{Day, ListIndex as _, Per};
use super::model::Problem;
use super::prices::Kind;
use super::programme::Programme;

/// Best paths: from the last dose backwards, with the best day of each window.
pub(super) struct PathSearch<'p> {
    problem: &'p Problem<'p>,
    /// `value[j][d]`: the best that dose j on day d and the doses after it can earn.
    value: Vec<Per<Day, f64>>,
    /// `next[j][d]`: the day of dose j + 1 then, where there is one.
    next: Vec<Per<Day, Option<Day>>>,
    /// Day of the first dose, where a path was found.
    first: Option<Day>,
    queue: Vec<Day>,
}

impl<'p> PathSearch<'p> {
    /// Buffers for the paths of a problem.
    pub(super) fn new(problem: &'p Problem<'p>) -> Self {
        let doses = problem.programmes.iter().map(Programme::doses).max().unwrap_or(0);
        Self {
            problem,
            value: vec![Per::filled(f64::NEG_INFINITY, problem.days); doses],
            next: vec![Per::filled(None, problem.days); doses],
            first: None,
            queue: Vec::new(),
        }
    }

    /// Worth of the best path of a kind at prices by day; negative infinity if there is none.
    pub(super) fn best(&mut self, kind: &Kind, price: &Per<Day, f64>) -> f64 {
        let programme = &self.problem.programmes[kind.programme];
        let (doses, days) = (programme.doses(), programme.days() as f64);
        let end = programme.end.position();
        for j in (kind.dose..doses).rev() {
            let weight = kind.priority * programme.shares[j] / days;
            for (d, price) in price.pairs().take(end).skip(kind.days.0.position()) {
                self.value[j][d] = weight * programme.days_left(d) - price;
            }
            if j + 1 < doses {
                self.add_next(j, kind);
            }
        }
        self.first = None;
        let mut best = f64::NEG_INFINITY;
        if let Some(values) = self.value.get(kind.dose) {
            let (low, high) = (kind.days.0.position(), kind.days.1.position());
            for (d, &value) in values.pairs().take(high + 1).skip(low) {
                if value > best {
                    (best, self.first) = (value, Some(d));
                }
            }
        }
        best
    }

    /// Adds to each day of dose j the best day of dose j + 1 inside its window. The windows only
    /// move forward, so a queue finds all maxima in linear time.
    fn add_next(&mut self, j: usize, kind: &Kind) {
        let (early, late) = self.value.split_at_mut(j + 1);
        let (own, later) = (&mut early[j], &late[0]);
        let queue = &mut self.queue;
        queue.clear();
        let programme = &self.problem.programmes[kind.programme];
        let (mut head, mut seen) = (0, kind.days.0);
        for d in kind.days.0.until(programme.end) {
            let (low, mut high) = programme.windows[j][d];
            if kind.may_stop && low <= high {
                // People who may stop may also be late.
                high = programme.last();
            }
            while seen <= high && low <= high {
                while queue.len() > head && later[queue[queue.len() - 1]] <= later[seen] {
                    queue.pop();
                }
                queue.push(seen);
                seen = seen.plus(1);
            }
            while head < queue.len() && queue[head] < low {
                head += 1;
            }
            let best = if low <= high { queue.get(head) } else { None };
            let worth = best.map_or(f64::NEG_INFINITY, |&at| later[at]);
            if kind.may_stop && worth <= 0.0 {
                self.next[j][d] = None;
            } else {
                self.next[j][d] = best.copied();
                own[d] += worth;
            }
        }
    }

    /// The days of the path that [`Self::best`] found.
    pub(super) fn path(&self, kind: &Kind) -> Vec<Day> {
        let doses = self.problem.programmes[kind.programme].doses();
        let mut days = Vec::with_capacity(doses);
        let (mut at, mut j) = (self.first, kind.dose);
        while let Some(day) = at.filter(|_| j < doses) {
            days.push(day);
            at = if j + 1 < doses { self.next[j][day] } else { None };
            j += 1;
        }
        days
    }
}
