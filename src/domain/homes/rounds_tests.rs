//! Rounds against the exact shortest ones, by dynamic programming over sets of homes.

use super::*;
use proptest::prelude::*;

fn roads(homes: &[(f64, f64)]) -> Roads {
    let point = |(x, y): (f64, f64)| Point { latitude: 32.0 + x, longitude: 119.6 + y };
    let homes: Vec<Point> = homes.iter().copied().map(point).collect();
    Roads::new(Travel::default(), point((0.0, 0.0)), &homes)
}

fn limits(calls_max: usize, work_minutes: f64) -> RoundLimits {
    RoundLimits { calls_max, work_minutes, minutes_per_call: 20.0, minutes_per_km: 2.0 }
}

/// The exact shortest rounds: for each set of homes the shortest way through it (Held and Karp), then the best way to
/// cut all homes into sets that a day allows.
fn exact(roads: &Roads, limits: &RoundLimits) -> f64 {
    let count = roads.homes();
    let sets = 1_usize << count;
    let mut way = vec![vec![f64::INFINITY; count]; sets];
    for home in 0..count {
        way[1 << home][home] = roads.between(0, home + 1);
    }
    for set in 1..sets {
        for last in (0..count).filter(|last| set >> last & 1 == 1) {
            for next in (0..count).filter(|next| set >> next & 1 == 0) {
                let km = way[set][last] + roads.between(last + 1, next + 1);
                let held = &mut way[set | 1 << next][next];
                *held = held.min(km);
            }
        }
    }
    let round = |set: usize| {
        let back = (0..count).map(|last| way[set][last] + roads.between(last + 1, 0));
        back.fold(f64::INFINITY, f64::min)
    };
    let rounds: Vec<f64> = (0..sets)
        .map(|set| {
            let km = if set == 0 { 0.0 } else { round(set) };
            let allowed = limits.allow(set.count_ones() as usize, km);
            if allowed { km } else { f64::INFINITY }
        })
        .collect();
    let mut best = vec![f64::INFINITY; sets];
    best[0] = 0.0;
    for set in 1..sets {
        // The round of the first home of the set.
        let first = set & set.wrapping_neg();
        let rest = set & !first;
        let mut part = rest;
        loop {
            let km = rounds[part | first] + best[rest & !part];
            best[set] = best[set].min(km);
            if part == 0 {
                break;
            }
            part = (part - 1) & rest;
        }
    }
    best[sets - 1]
}

/// Checks that rounds visit everybody once, within the limits.
fn holds(roads: &Roads, limits: &RoundLimits, found: &Rounds) {
    let mut all: Vec<usize> = found.rounds.iter().flatten().copied().collect();
    all.extend(&found.unreachable);
    all.sort_unstable();
    assert_eq!(all, (1..=roads.homes()).collect::<Vec<_>>());
    for round in &found.rounds {
        assert!(limits.allow(round.len(), roads.round_km(round)), "{round:?}");
    }
    let km: f64 = found.rounds.iter().map(|round| roads.round_km(round)).sum();
    assert!((km - found.km).abs() < 1e-9);
}

fn some_homes(most: usize) -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((-0.1_f64..0.1, -0.1_f64..0.1), 1..=most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn up_to_ten_homes_rounds_are_the_shortest(
        homes in some_homes(10),
        calls_max in 2_usize..16,
    ) {
        let (roads, limits) = (roads(&homes), limits(calls_max, 420.0));
        let found = shortest_rounds(&roads, &limits);
        holds(&roads, &limits, &found);
        let exact = exact(&roads, &limits);
        prop_assert!((found.km - exact).abs() < 1e-6, "{} {}", found.km, exact);
        let least = least_km(&roads, &limits);
        prop_assert!(least <= exact + 1e-6, "the bound {} is above {}", least, exact);
    }
}

/// Homes scattered by fixed numbers.
fn scattered(count: u64, seed: u64) -> Vec<(f64, f64)> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) * 0.2 - 0.1
    };
    (0..count).map(|_| (next(), next())).collect()
}

#[test]
fn through_twelve_homes_rounds_are_the_shortest_whatever_the_limit() {
    for (seed, calls_max) in [(1, 4), (2, 6), (3, 12), (4, 15), (5, 3), (6, 5)] {
        let (roads, limits) = (roads(&scattered(12, seed)), limits(calls_max, 420.0));
        let found = shortest_rounds(&roads, &limits);
        holds(&roads, &limits, &found);
        let exact = exact(&roads, &limits);
        assert!((found.km - exact).abs() < 1e-6, "{seed}: {} {exact}", found.km);
        // What is done where homes are many is within 2 % here.
        let all: Vec<usize> = (1..=12).collect();
        let mended = super::rounds::mended_rounds(&roads, &limits, &all);
        let mended: f64 = mended.iter().map(|round| roads.round_km(round)).sum();
        assert!(exact - 1e-6 <= mended && mended <= exact * 1.02, "{seed}: {mended} {exact}");
        let least = least_km(&roads, &limits);
        assert!(least <= exact + 1e-6 && least >= exact * 0.8, "{seed}: {least} {exact}");
    }
}

#[test]
fn a_round_of_fifteen_and_rounds_of_sixty_are_close_to_their_bound() {
    for (count, calls_max, most) in [(15, 15, 0.05), (60, 15, 0.25)] {
        let (roads, limits) = (roads(&scattered(count, 9)), limits(calls_max, 600.0));
        let found = shortest_rounds(&roads, &limits);
        holds(&roads, &limits, &found);
        let gap = (found.km - least_km(&roads, &limits)) / found.km;
        assert!((0.0..=most).contains(&gap), "{count}: {gap}");
    }
}

#[test]
fn a_home_beyond_a_day_s_drive_is_told() {
    let (roads, limits) = (roads(&[(0.01, 0.0), (3.0, 0.0)]), limits(15, 420.0));
    let found = shortest_rounds(&roads, &limits);
    assert_eq!((found.rounds, found.unreachable), (vec![vec![1]], vec![2]));
    let none = Rounds::default();
    assert_eq!(
        shortest_rounds(
            &super::Roads::new(Travel::default(), Point { latitude: 0.0, longitude: 0.0 }, &[]),
            &limits
        ),
        none
    );
}
