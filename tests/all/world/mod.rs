//! Seasons of a small county, lived day by day: people stay away, refuse, move; places shut; vaccine and reports come
//! late. What must never happen does not happen in any of them, and the plan does as much good as a queue that phones
//! everybody every evening and knows everything at once.
//!
//! `DOSEPLAN_FUTURES=100` tries more of them, `DOSEPLAN_FUTURE=17` one.

mod county;
mod future;

use county::County;
use future::{Called, DAYS, Future, SITES, Season, reach};
use std::collections::BTreeMap;

/// Futures of a run in CI.
const FUTURES: u64 = 4;

/// First come, first served: every evening the next people who are due are called, up to what a place can do and the
/// vaccine there is; whoever stays away is called again a week later.
fn queue(future: &Future) -> Season<'_> {
    let mut season = Season::new(future);
    let mut again: BTreeMap<usize, i64> = BTreeMap::new();
    for day in 0..DAYS {
        let mut called: Vec<Called> = Vec::new();
        let given = u32::try_from(season.given.len()).unwrap();
        let mut vaccine = future.arrived(day - 1).saturating_sub(given);
        let mut due = Vec::new();
        for person in 0..future.people.len() {
            let rests = again.get(&person).is_some_and(|from| *from > day);
            let is_gone = season.refused.contains_key(&person) || !future.is_here(person, day - 1);
            let Some(dose) = season.next_dose(person, day).filter(|_| !rests && !is_gone) else {
                continue;
            };
            let since = season.doses[person].last().map_or(0, |last| last + 21);
            let one = &future.people[person];
            due.push((1 - dose, since, one.group, future.luck(person, -1, "turn"), person));
        }
        due.sort_unstable();
        for place in SITES {
            let mut seats = future.capacity(place, day, day - 1);
            due.retain(|(.., person)| {
                let fits = reach(future.people[*person].area).contains(&place);
                let takes = fits && seats > 0 && vaccine > 0;
                if takes {
                    (seats, vaccine) = (seats - 1, vaccine - 1);
                    called.push(Called { person: *person, place, is_promised: true });
                }
                !takes
            });
        }
        season.sessions(day, &called);
        for one in called {
            if season.doses[one.person].last() != Some(&day) {
                again.insert(one.person, day + 7);
            }
        }
    }
    season
}

#[test]
fn in_every_future_people_are_told_the_truth_and_the_plan_does_as_well_as_an_ideal_queue() {
    let named = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seeds: Vec<u64> = match named("DOSEPLAN_FUTURE") {
        Some(seed) => vec![seed],
        None => (1..=named("DOSEPLAN_FUTURES").unwrap_or(FUTURES)).collect(),
    };
    let (mut ours, mut theirs) = (0.0, 0.0);
    for seed in &seeds {
        let future = Future::new(*seed);
        let other = queue(&future);
        let county = crate::support::wait(async {
            let mut county = Box::pin(County::open(&future)).await;
            Box::pin(county.live()).await;
            county
        });
        let season = &county.season;
        eprintln!(
            "future {seed}: value {:.1} (queue {:.1}), finished {} (queue {}), \
             {} of {} seats empty, {} days waited, {} letters",
            season.value(),
            other.value(),
            season.finished(),
            other.finished(),
            county.empty,
            county.seats,
            county.waited,
            county.letters_read,
        );
        assert!(county.wrong.is_empty(), "DOSEPLAN_FUTURE={seed}: {:#?}", county.wrong);
        ours += season.value();
        theirs += other.value();
    }
    assert!(ours >= 0.97 * theirs, "{ours:.1} against {theirs:.1}");
}
