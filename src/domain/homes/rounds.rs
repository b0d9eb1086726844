//! Rounds as short as they are found to be. Through many homes: homes are put where they cost least, then rounds are
//! mended until nothing that is tried makes them shorter; the same from several beginnings.

use super::exact::{HOMES_MAX, exact_rounds};
use super::{Roads, RoundLimits};

/// Rounds, and the homes that fit into none: too far for a day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rounds {
    /// Homes of each round in order, from 1.
    pub rounds: Vec<Vec<usize>>,
    /// Homes that no round can reach.
    pub unreachable: Vec<usize>,
    /// Kilometres of all rounds.
    pub km: f64,
}

/// Beginnings that are tried; our choice: the best of them is within 2 % of the shortest on the instances of the tests.
const BEGINNINGS: usize = 12;
/// Improvements of one beginning at most, a bound on time.
const STEPS_MAX: usize = 5_000;
/// What counts as shorter, in kilometres.
const SHORTER_KM: f64 = 1e-9;

/// Rounds through all homes, each within the limits: the shortest ones where homes are few.
pub fn shortest_rounds(roads: &Roads, limits: &RoundLimits) -> Rounds {
    let all: Vec<usize> = (1..=roads.homes()).collect();
    let (homes, unreachable): (Vec<usize>, Vec<usize>) =
        all.into_iter().partition(|home| limits.allow(1, roads.round_km(&[*home])));
    let mut rounds = if homes.len() <= HOMES_MAX {
        exact_rounds(roads, limits, &homes)
    } else {
        mended_rounds(roads, limits, &homes)
    };
    rounds.sort();
    let km = rounds.iter().map(|round| roads.round_km(round)).sum();
    Rounds { rounds, unreachable, km }
}

/// The shortest rounds that are found from several beginnings.
pub(super) fn mended_rounds(
    roads: &Roads,
    limits: &RoundLimits,
    homes: &[usize],
) -> Vec<Vec<usize>> {
    let mut best: Option<(f64, Vec<Vec<usize>>)> = None;
    for beginning in 0..BEGINNINGS {
        let mut rounds = begin(roads, limits, ordered(roads, homes, beginning), beginning);
        mend(roads, limits, &mut rounds);
        rounds.retain(|round| !round.is_empty());
        let km = rounds.iter().map(|round| roads.round_km(round)).sum();
        if best.as_ref().is_none_or(|held| km < held.0 - SHORTER_KM) {
            best = Some((km, rounds));
        }
    }
    best.map(|(_, rounds)| rounds).unwrap_or_default()
}

/// Homes in the order in which a beginning takes them: far ones first, near ones first, or round the compass from
/// different homes on.
fn ordered(roads: &Roads, homes: &[usize], beginning: usize) -> Vec<usize> {
    let mut out = homes.to_vec();
    let far = |home: &usize| roads.between(0, *home);
    match beginning {
        0 => out.sort_by(|a, b| far(b).total_cmp(&far(a)).then(a.cmp(b))),
        1 => out.sort_by(|a, b| far(a).total_cmp(&far(b)).then(a.cmp(b))),
        _ => {
            // A chain: always on to the nearest home, from another home each time.
            let Some(first) = out.get((beginning - 2) * out.len().max(1) / BEGINNINGS).copied()
            else {
                return out;
            };
            let mut chain = vec![first];
            out.retain(|home| *home != first);
            while let Some(at) = out
                .iter()
                .enumerate()
                .min_by(|a, b| {
                    let last = chain[chain.len() - 1];
                    roads.between(last, *a.1).total_cmp(&roads.between(last, *b.1))
                })
                .map(|(at, _)| at)
            {
                chain.push(out.remove(at));
            }
            out = chain;
        }
    }
    out
}

/// Puts home after home where it costs least, in a new round where it fits nowhere. Every other beginning fills one
/// round after the other instead.
fn begin(
    roads: &Roads,
    limits: &RoundLimits,
    homes: Vec<usize>,
    beginning: usize,
) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    for home in homes {
        let open = if beginning % 2 == 1 { rounds.len().saturating_sub(1) } else { 0 };
        let best = (open..rounds.len())
            .filter_map(|at| cheapest(roads, limits, &rounds[at], home).map(|(km, i)| (km, at, i)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match best {
            Some((_, at, i)) => rounds[at].insert(i, home),
            None => rounds.push(vec![home]),
        }
    }
    rounds
}

/// Where a home costs a round least: added kilometres and position; `None` where it does not fit.
fn cheapest(
    roads: &Roads,
    limits: &RoundLimits,
    round: &[usize],
    home: usize,
) -> Option<(f64, usize)> {
    let before = roads.round_km(round);
    let added = |i: usize| {
        let left = if i == 0 { 0 } else { round[i - 1] };
        let right = round.get(i).copied().unwrap_or(0);
        roads.between(left, home) + roads.between(home, right) - roads.between(left, right)
    };
    let best = (0..=round.len()).map(|i| (added(i), i)).min_by(|a, b| a.0.total_cmp(&b.0))?;
    limits.allow(round.len() + 1, before + best.0).then_some(best)
}

/// Mends rounds while that makes them shorter: a part of a round turned round, one to three homes moved, homes of two
/// rounds exchanged, the ends of two rounds exchanged.
fn mend(roads: &Roads, limits: &RoundLimits, rounds: &mut Vec<Vec<usize>>) {
    for _ in 0..STEPS_MAX {
        let is_shorter = turn(roads, rounds)
            || carry(roads, limits, rounds)
            || swap(roads, limits, rounds)
            || cross(roads, limits, rounds);
        if !is_shorter {
            return;
        }
    }
}

/// Puts rounds in the place of others if that is shorter and allowed.
fn replace(
    (roads, limits): (&Roads, &RoundLimits),
    rounds: &mut [Vec<usize>],
    new: Vec<(usize, Vec<usize>)>,
) -> bool {
    let before: f64 = new.iter().map(|(at, _)| roads.round_km(&rounds[*at])).sum();
    let after: f64 = new.iter().map(|(_, round)| roads.round_km(round)).sum();
    let is_allowed = |round: &Vec<usize>| limits.allow(round.len(), roads.round_km(round));
    if after >= before - SHORTER_KM || !new.iter().all(|(_, round)| is_allowed(round)) {
        return false;
    }
    for (at, round) in new {
        rounds[at] = round;
    }
    true
}

fn turn(roads: &Roads, rounds: &mut [Vec<usize>]) -> bool {
    for round in rounds.iter_mut() {
        for i in 0..round.len() {
            for j in i + 1..round.len() {
                let left = if i == 0 { 0 } else { round[i - 1] };
                let right = round.get(j + 1).copied().unwrap_or(0);
                let before = roads.between(left, round[i]) + roads.between(round[j], right);
                let after = roads.between(left, round[j]) + roads.between(round[i], right);
                if after < before - SHORTER_KM {
                    round[i..=j].reverse();
                    return true;
                }
            }
        }
    }
    false
}

/// Moves up to three homes that follow each other, in either direction, to where they cost less.
fn carry(roads: &Roads, limits: &RoundLimits, rounds: &mut Vec<Vec<usize>>) -> bool {
    rounds.push(Vec::new());
    for from in 0..rounds.len() {
        for length in 1..=rounds[from].len().min(3) {
            for i in 0..=rounds[from].len() - length {
                let mut rest = rounds[from].clone();
                let part: Vec<usize> = rest.drain(i..i + length).collect();
                for to in 0..rounds.len() {
                    let base = if to == from { rest.clone() } else { rounds[to].clone() };
                    for at in 0..=base.len() {
                        for is_turned in [false, true] {
                            let mut new = base.clone();
                            let mut part = part.clone();
                            if is_turned {
                                part.reverse();
                            }
                            new.splice(at..at, part);
                            let mut both = vec![(to, new)];
                            if to != from {
                                both.push((from, rest.clone()));
                            }
                            if replace((roads, limits), rounds, both) {
                                rounds.retain(|round| !round.is_empty());
                                return true;
                            }
                        }
                    }
                }
            }
        }
    }
    rounds.retain(|round| !round.is_empty());
    false
}

/// Exchanges a home of one round for one of another.
fn swap(roads: &Roads, limits: &RoundLimits, rounds: &mut [Vec<usize>]) -> bool {
    for a in 0..rounds.len() {
        for b in a + 1..rounds.len() {
            for i in 0..rounds[a].len() {
                for j in 0..rounds[b].len() {
                    let (mut one, mut other) = (rounds[a].clone(), rounds[b].clone());
                    std::mem::swap(&mut one[i], &mut other[j]);
                    if replace((roads, limits), rounds, vec![(a, one), (b, other)]) {
                        return true;
                    }
                }
            }
        }
    }
    false
}

/// Exchanges the ends of two rounds, the second one driven in either direction.
fn cross(roads: &Roads, limits: &RoundLimits, rounds: &mut [Vec<usize>]) -> bool {
    for a in 0..rounds.len() {
        for b in a + 1..rounds.len() {
            for is_turned in [false, true] {
                let mut second = rounds[b].clone();
                if is_turned {
                    second.reverse();
                }
                for i in 0..=rounds[a].len() {
                    for j in 0..=second.len() {
                        let one = [&rounds[a][..i], &second[j..]].concat();
                        let other = [&second[..j], &rounds[a][i..]].concat();
                        if replace((roads, limits), rounds, vec![(a, one), (b, other)]) {
                            return true;
                        }
                    }
                }
            }
        }
    }
    false
}
