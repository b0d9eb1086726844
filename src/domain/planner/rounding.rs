//! From shares of people on paths to whole people in a plan.

use super::aggregated_cohorts::{Aggregate, Member};
use super::draft::{Draft, Who};
use super::free_capacity::Step;
use super::index::{CohortIndex, Day, ReachIndex};
use super::num::whole;
use super::prices::Market;
use super::quotas::Quotas;

/// People of a cohort who should take the same days.
struct Block {
    cohort: CohortIndex,
    who: Who,
    reach: ReachIndex,
    days: Vec<Day>,
    people: u32,
}

/// Places the people of every aggregate: waiting people first, then by priority, then by day. They
/// go where the quotas are, otherwise to any place that is free on the same days. Waiting people
/// who did not get their days still come before people who start.
pub(super) fn place(
    draft: &mut Draft,
    market: &Market,
    quotas: &mut Quotas,
    aggregates: &[Aggregate],
    paths: &[Vec<(Vec<Day>, f64)>],
) {
    let (waiting, new): (Vec<Block>, Vec<Block>) =
        blocks(market, aggregates, paths).into_iter().partition(|block| block.who != Who::New);
    place_blocks(draft, market, quotas, waiting);
    super::greedy::place_waiting(draft);
    place_blocks(draft, market, quotas, new);
}

fn place_blocks(draft: &mut Draft, market: &Market, quotas: &mut Quotas, blocks: Vec<Block>) {
    let mut rest = Vec::new();
    for mut block in blocks {
        while block.people > 0 {
            let Some(wish) = by_quota(quotas, &block) else { break };
            let of = |step: &Step| quotas[block.reach][step.day].get(&step.place);
            let least = wish.iter().filter_map(of).fold(f64::INFINITY, |a, b| a.min(*b));
            let n = whole(least + 0.5).max(1).min(block.people);
            let placed = draft.place_exactly(block.cohort, block.who, &wish, n);
            for step in &wish {
                let of_day = &mut quotas[block.reach][step.day];
                if let Some(left) = of_day.get_mut(&step.place) {
                    *left -= f64::from(placed);
                    if placed < n || *left < QUOTA_MIN {
                        of_day.remove(&step.place);
                    }
                }
            }
            block.people -= placed;
        }
        if block.people > 0 {
            rest.push(block);
        }
    }
    for block in rest {
        anywhere(draft, market, &block);
    }
}

/// A rest of a quota below this is rounding noise.
const QUOTA_MIN: f64 = 0.25;

/// For each day of a block the place with the largest quota; `None` where a day has none left.
fn by_quota(quotas: &Quotas, block: &Block) -> Option<Vec<Step>> {
    let largest = |&day: &Day| {
        let places = quotas[block.reach][day].iter();
        let most = places.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
        most.map(|(&place, _)| Step { day, place, team: None })
    };
    block.days.iter().map(largest).collect()
}

/// Places a block at any places with room on its days.
fn anywhere(draft: &mut Draft, market: &Market, block: &Block) {
    let places = market.problem.places_of(block.cohort);
    let mut left = block.people;
    let mut at = vec![0; block.days.len()];
    while left > 0 && !places.is_empty() {
        let step = |(&day, &i): (&Day, &usize)| Step { day, place: places[i], team: None };
        let wish: Vec<Step> = block.days.iter().zip(&at).map(step).collect();
        let placed = draft.place_exactly(block.cohort, block.who, &wish, left);
        left -= placed;
        if placed == 0 && !advance(&mut at, places.len()) {
            break;
        }
    }
}

/// The next combination of places; false after the last.
fn advance(at: &mut [usize], places: usize) -> bool {
    for digit in at.iter_mut().rev() {
        *digit += 1;
        if *digit < places {
            return true;
        }
        *digit = 0;
    }
    false
}

fn blocks(market: &Market, aggregates: &[Aggregate], paths: &[Vec<(Vec<Day>, f64)>]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (aggregate, paths) in aggregates.iter().zip(paths) {
        if aggregate.may_stop {
            in_turn(aggregate, paths, &mut blocks);
            continue;
        }
        let doses = market.programme_of(aggregate.reach).doses();
        for member in &aggregate.members {
            // Carry rounding: the running sum of shares, whole part.
            let (mut sum, mut given) = (0.0, 0);
            for (days, people) in paths {
                sum += people / aggregate.people * f64::from(member.people);
                let upto = whole(sum + 0.5).min(member.people);
                // A path without its last dose is rounding noise: nobody starts without finishing.
                if upto > given && days.len() == doses - aggregate.dose {
                    blocks.push(block(aggregate, member, days, upto - given));
                }
                given = given.max(upto);
            }
        }
    }
    let problem = market.problem;
    blocks.sort_by(|a, b| {
        let dear = |block: &Block| problem.urgency(block.cohort);
        let waits = |block: &Block| block.who == Who::New;
        waits(a)
            .cmp(&waits(b))
            .then(dear(b).total_cmp(&dear(a)))
            .then_with(|| a.days.cmp(&b.days))
            .then_with(|| (a.cohort, a.who).cmp(&(b.cohort, b.who)))
    });
    blocks
}

fn block(aggregate: &Aggregate, member: &Member, days: &[Day], people: u32) -> Block {
    let Member { cohort, who, .. } = *member;
    Block { cohort, who, reach: aggregate.reach, days: days.to_vec(), people }
}

/// Gives the paths of an aggregate of waiting people to its members in turn, to each only days
/// inside its window.
fn in_turn(aggregate: &Aggregate, paths: &[(Vec<Day>, f64)], blocks: &mut Vec<Block>) {
    let mut left: Vec<u32> = aggregate.members.iter().map(|member| member.people).collect();
    let (mut sum, mut given) = (0.0, 0);
    for (days, people) in paths {
        sum += people;
        let upto = whole(sum + 0.5);
        let mut n = upto.saturating_sub(given);
        given = given.max(upto);
        for (member, left) in aggregate.members.iter().zip(&mut left) {
            let fits = days.first().is_some_and(|day| (member.low..=member.high).contains(day));
            if n > 0 && *left > 0 && fits {
                let people = n.min(*left);
                blocks.push(block(aggregate, member, days, people));
                *left -= people;
                n -= people;
            }
        }
    }
}
