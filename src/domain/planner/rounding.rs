//! From shares of people on paths to whole people in a plan.

use super::compact::Quotas;
use super::draft::{Draft, Who};
use super::num::whole;
use super::prices::Market;
use super::room::Step;

/// People of a cohort who should take the same days.
struct Block {
    cohort: usize,
    who: Who,
    reach: usize,
    days: Vec<usize>,
    people: u32,
}

/// Places the shares of every kind, dear cohorts first, early days first: where the quotas are,
/// then at any place with room on the same days.
pub(super) fn place(
    draft: &mut Draft,
    market: &Market,
    quotas: &mut Quotas,
    shares: &[Vec<(Vec<usize>, f64)>],
) {
    let blocks = blocks(market, shares);
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

/// What is left of a quota below this is rounding.
const QUOTA_MIN: f64 = 0.25;

/// For each day of a block the place with the largest quota; `None` where a day has none left.
fn by_quota(quotas: &Quotas, block: &Block) -> Option<Vec<Step>> {
    let largest = |&day: &usize| {
        let places = quotas[block.reach][day].iter();
        let most = places.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
        most.map(|(&place, _)| Step { day, place, team: None })
    };
    block.days.iter().map(largest).collect()
}

/// Places a block at any places with room on its days.
fn anywhere(draft: &mut Draft, market: &Market, block: &Block) {
    let places = &market.problem.reach[market.problem.cohorts[block.cohort].area];
    let mut left = block.people;
    let mut at = vec![0; block.days.len()];
    while left > 0 && !places.is_empty() {
        let step = |(&day, &i): (&usize, &usize)| Step { day, place: places[i], team: None };
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

fn blocks(market: &Market, shares: &[Vec<(Vec<usize>, f64)>]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let doses = market.problem.shares.len();
    for (kind, paths) in market.kinds.iter().zip(shares) {
        for &(cohort, who, people) in &kind.members {
            // Carry rounding: the running sum of shares, whole part.
            let (mut sum, mut given) = (0.0, 0);
            for (days, share) in paths {
                sum += share * f64::from(people);
                let upto = whole(sum + 0.5).min(people);
                // A path without its last dose is rounding noise: nobody starts who does not
                // finish.
                if upto > given && days.len() == doses - kind.dose {
                    let days = days.clone();
                    blocks.push(Block {
                        cohort,
                        who,
                        reach: kind.reach,
                        days,
                        people: upto - given,
                    });
                }
                given = given.max(upto);
            }
        }
    }
    let cohorts = &market.problem.cohorts;
    blocks.sort_by(|a, b| {
        let dear = |block: &Block| cohorts[block.cohort].priority;
        let waits = |block: &Block| block.who == Who::New;
        waits(a)
            .cmp(&waits(b))
            .then(dear(b).total_cmp(&dear(a)))
            .then_with(|| a.days.cmp(&b.days))
            .then_with(|| (a.cohort, a.who).cmp(&(b.cohort, b.who)))
    });
    blocks
}
