//! Rule 5: a flow from lots to draws.

use super::Fault;
use super::view::{Day, View};
use std::collections::{BTreeMap, BTreeSet};

/// Draws that the same lots may serve.
struct Node {
    need: u128,
    lots: Vec<usize>,
    days: BTreeSet<Day>,
    from: BTreeMap<usize, u128>,
}

/// What the lots cannot cover. `draws`: units by day taken and last day of use.
pub(super) fn shortages(view: &View, draws: &BTreeMap<(Day, Day), u128>) -> Vec<Fault> {
    let mut nodes: BTreeMap<Vec<usize>, Node> = BTreeMap::new();
    for (&(taken, last), &units) in draws {
        let serves = |i: &usize| view.lots[*i].first <= taken && view.lots[*i].last >= last;
        let lots: Vec<usize> = (0..view.lots.len()).filter(serves).collect();
        let node = nodes.entry(lots.clone()).or_insert_with(|| Node {
            need: 0,
            lots,
            days: BTreeSet::new(),
            from: BTreeMap::new(),
        });
        node.need += units;
        node.days.insert(taken);
    }
    let mut nodes: Vec<Node> = nodes.into_values().collect();
    nodes.sort_by_key(|node| node.lots.len());
    let mut left: Vec<u128> = view.lots.iter().map(|lot| lot.units).collect();
    let mut faults = Vec::new();
    for i in 0..nodes.len() {
        while nodes[i].need > 0 {
            match search(&nodes, &left, i) {
                Ok(path) => push(&mut nodes, &mut left, i, &path),
                Err(seen) => {
                    faults.push(shortage(view, &nodes, i, &seen));
                    break;
                }
            }
        }
    }
    faults
}

/// From a node to a lot with vaccine left: the lots on the way and the node that moves to each
/// from the lot before. Else the lots that were looked at.
fn search(nodes: &[Node], left: &[u128], start: usize) -> Result<Vec<(usize, usize)>, Vec<usize>> {
    let mut before: BTreeMap<usize, (usize, Option<usize>)> = BTreeMap::new();
    let mut queue: Vec<usize> = Vec::new();
    for &lot in &nodes[start].lots {
        before.insert(lot, (start, None));
        queue.push(lot);
    }
    let mut at = 0;
    while at < queue.len() {
        let lot = queue[at];
        at += 1;
        if left[lot] > 0 {
            let (mut path, mut end) = (Vec::new(), Some(lot));
            while let Some(lot) = end {
                let (mover, from) = before[&lot];
                path.push((mover, lot));
                end = from;
            }
            return Ok(path);
        }
        for (mover, node) in nodes.iter().enumerate() {
            if node.from.get(&lot).is_some_and(|units| *units > 0) {
                for &next in &node.lots {
                    if let std::collections::btree_map::Entry::Vacant(slot) = before.entry(next) {
                        slot.insert((mover, Some(lot)));
                        queue.push(next);
                    }
                }
            }
        }
    }
    Err(queue)
}

/// Moves draws along a path, which starts at the lot with vaccine left and ends at the node's own
/// lot.
fn push(nodes: &mut [Node], left: &mut [u128], start: usize, path: &[(usize, usize)]) {
    let mut units = nodes[start].need.min(left[path[0].1]);
    for pair in path.windows(2) {
        units = units.min(nodes[pair[0].0].from[&pair[1].1]);
    }
    left[path[0].1] -= units;
    for (i, &(mover, lot)) in path.iter().enumerate() {
        *nodes[mover].from.entry(lot).or_insert(0) += units;
        if let Some(&(_, leaves)) = path.get(i + 1) {
            *nodes[mover].from.entry(leaves).or_insert(0) -= units;
        }
    }
    nodes[start].need -= units;
}

fn shortage(view: &View, nodes: &[Node], short: usize, seen: &[usize]) -> Fault {
    let inside = nodes.iter().filter(|node| node.lots.iter().all(|lot| seen.contains(lot)));
    let days: BTreeSet<Day> = inside.flat_map(|node| node.days.iter().copied()).collect();
    let day = |day: Option<&Day>| view.date(day.copied().unwrap_or(0));
    let mut lots: Vec<String> = seen.iter().map(|&i| view.lots[i].code.to_owned()).collect();
    lots.sort();
    Fault::LotsShort {
        first: day(days.first()),
        last: day(days.last()),
        vaccine_doses: nodes[short].need as f64 / view.scale as f64,
        lots,
    }
}
