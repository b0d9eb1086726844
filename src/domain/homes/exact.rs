//! The shortest rounds through a few homes, exactly: for every set of homes the shortest way through it (Held and Karp,
//! A dynamic programming approach to sequencing problems, 1962), then the best way to cut all homes into such sets.

use super::{Roads, RoundLimits};

/// Most homes that are solved exactly: there are 3ⁿ ways to take a set out of a set.
pub(super) const HOMES_MAX: usize = 12;

/// Ways through sets of homes: `km[set][last]` and the home before `last`.
struct Ways {
    km: Vec<Vec<f64>>,
    before: Vec<Vec<usize>>,
}

impl Ways {
    fn new(roads: &Roads, homes: &[usize]) -> Self {
        let (count, sets) = (homes.len(), 1_usize << homes.len());
        let mut km = vec![vec![f64::INFINITY; count]; sets];
        let mut before = vec![vec![0; count]; sets];
        for (at, home) in homes.iter().enumerate() {
            km[1 << at][at] = roads.between(0, *home);
        }
        for set in 1..sets {
            for last in (0..count).filter(|last| set >> last & 1 == 1) {
                for next in (0..count).filter(|next| set >> next & 1 == 0) {
                    let longer = set | 1 << next;
                    let there = km[set][last] + roads.between(homes[last], homes[next]);
                    if there < km[longer][next] {
                        km[longer][next] = there;
                        before[longer][next] = last;
                    }
                }
            }
        }
        Self { km, before }
    }

    /// The last home of the shortest round through a set, and its kilometres.
    fn round(&self, roads: &Roads, homes: &[usize], set: usize) -> (usize, f64) {
        let back = |last: usize| self.km[set][last] + roads.between(homes[last], 0);
        let lasts = (0..homes.len()).filter(|last| set >> last & 1 == 1);
        lasts.map(|last| (last, back(last))).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default()
    }

    /// The homes of the shortest round through a set, in order.
    fn homes(&self, roads: &Roads, homes: &[usize], set: usize) -> Vec<usize> {
        let (mut at, mut left) = (self.round(roads, homes, set).0, set);
        let mut out = vec![homes[at]];
        while left & (left - 1) != 0 {
            let before = self.before[left][at];
            left &= !(1 << at);
            at = before;
            out.push(homes[at]);
        }
        out.reverse();
        out
    }
}

/// The shortest rounds through homes of which each alone is within the limits; at most [`HOMES_MAX`] of them.
pub(super) fn exact_rounds(
    roads: &Roads,
    limits: &RoundLimits,
    homes: &[usize],
) -> Vec<Vec<usize>> {
    let ways = Ways::new(roads, homes);
    let sets = 1_usize << homes.len();
    let mut round = vec![f64::INFINITY; sets];
    for (set, round) in round.iter_mut().enumerate().skip(1) {
        let km = ways.round(roads, homes, set).1;
        if limits.allow(set.count_ones() as usize, km) {
            *round = km;
        }
    }
    // The shortest rounds of each set, and the round of its first home.
    let (mut best, mut chosen) = (vec![f64::INFINITY; sets], vec![0; sets]);
    best[0] = 0.0;
    for set in 1..sets {
        let first = set & set.wrapping_neg();
        let rest = set & !first;
        let mut others = rest;
        loop {
            let km = round[others | first] + best[rest & !others];
            if km < best[set] {
                (best[set], chosen[set]) = (km, others | first);
            }
            if others == 0 {
                break;
            }
            others = (others - 1) & rest;
        }
    }
    let mut out = Vec::new();
    let mut left = sets - 1;
    while left != 0 {
        out.push(ways.homes(roads, homes, chosen[left]));
        left &= !chosen[left];
    }
    out
}
