//! A bound: rounds cannot be shorter. It is the better one of two.
//!
//! Homes that are far away want rounds of their own: beyond any distance there are at least as many rounds as a round's
//! most calls go into the homes there, and each of them drives there and back.
//!
//! Any k rounds through n homes are a tree over base and homes, and k ways home. So they are no shorter than the
//! shortest such tree and the k shortest ways to the base. Prices on homes, which cancel out because every home has two
//! ways, make the bound better (Held and Karp, The traveling-salesman problem and minimum spanning trees, 1970).

use super::{Roads, RoundLimits};

/// Rounds of prices; our choice: more change the bound in the third digit.
const ROUNDS: usize = 400;

/// Kilometres that rounds through all homes need at least, whatever their number.
pub fn least_km(roads: &Roads, limits: &RoundLimits) -> f64 {
    let homes = roads.homes();
    if homes == 0 {
        return 0.0;
    }
    let calls_max = (1..=limits.calls_max).take_while(|calls| limits.allow(*calls, 0.0)).count();
    let calls_max = calls_max.max(1);
    let mut far: Vec<f64> = (1..=homes).map(|home| roads.between(0, home)).collect();
    far.sort_by(|a, b| b.total_cmp(a));
    let radial = 2.0 * far.iter().step_by(calls_max).sum::<f64>();
    tree_km(roads, homes.div_ceil(calls_max)).max(radial)
}

/// The bound of trees, for at least so many rounds.
fn tree_km(roads: &Roads, least_rounds: usize) -> f64 {
    let homes = roads.homes();
    let mut prices = vec![0.0_f64; homes + 1];
    let mut best = 0.0_f64;
    // The scale of prices: a quarter of the mean way to the base.
    let mean = (1..=homes).map(|home| roads.between(0, home)).sum::<f64>() / homes as f64;
    let mut step = mean / 4.0;
    let mut since = 0;
    for _ in 0..ROUNDS {
        let (value, ways) = relaxed(roads, &prices, least_rounds);
        if value > best + 1e-12 {
            best = value;
            since = 0;
        } else {
            since += 1;
            if since >= 12 {
                step *= 0.7;
                since = 0;
            }
        }
        let wrong: f64 = ways.iter().skip(1).map(|ways| (ways - 2.0).powi(2)).sum();
        if wrong < 0.5 {
            break;
        }
        for (price, ways) in prices.iter_mut().zip(&ways).skip(1) {
            *price += step * (ways - 2.0) / wrong.sqrt();
        }
    }
    best
}

/// Kilometres of the shortest tree and ways home at these prices, and how many ways each home has in it.
fn relaxed(roads: &Roads, prices: &[f64], least_rounds: usize) -> (f64, Vec<f64>) {
    let count = prices.len();
    let cost = |a: usize, b: usize| roads.between(a, b) + prices[a] + prices[b];
    let mut ways = vec![0.0; count];
    let mut value = -2.0 * prices.iter().skip(1).sum::<f64>();
    let mut is_in = vec![false; count];
    let mut nearest: Vec<(f64, usize)> = (0..count).map(|home| (cost(0, home), 0)).collect();
    is_in[0] = true;
    for _ in 1..count {
        let next = (1..count)
            .filter(|home| !is_in[*home])
            .min_by(|a, b| nearest[*a].0.total_cmp(&nearest[*b].0))
            .expect("a home is left in each turn");
        let (km, from) = nearest[next];
        value += km;
        ways[next] += 1.0;
        ways[from] += 1.0;
        is_in[next] = true;
        for home in 1..count {
            let km = cost(next, home);
            if !is_in[home] && km < nearest[home].0 {
                nearest[home] = (km, next);
            }
        }
    }
    let mut home_ways: Vec<(f64, usize)> = (1..count).map(|home| (cost(0, home), home)).collect();
    home_ways.sort_by(|a, b| a.0.total_cmp(&b.0));
    // More rounds than the fewest are taken where a way home is worth less than nothing at these prices.
    for (at, (km, home)) in home_ways.into_iter().enumerate() {
        if at < least_rounds || km < 0.0 {
            value += km;
            ways[home] += 1.0;
        }
    }
    (value, ways)
}
