use super::*;
use proptest::prelude::*;

/// The chance that more than `seats` of some people come, by going through everybody who may come.
fn beyond(seats: u64, comes: &[f64]) -> f64 {
    (0_u32..1 << comes.len())
        .filter(|some| u64::from(some.count_ones()) > seats)
        .map(|some| {
            let one =
                |(at, comes): (usize, &f64)| if some >> at & 1 == 1 { *comes } else { 1.0 - comes };
            comes.iter().enumerate().map(one).product::<f64>()
        })
        .sum()
}

proptest! {
    #[test]
    fn the_chance_to_turn_somebody_away_is_exact(
        seats in 0_u64..10,
        comes in prop::collection::vec(0.0_f64..=1.0, 0..9),
    ) {
        let mut crowd = Crowd::new(seats);
        for one in &comes {
            crowd.add(*one);
        }
        prop_assert!((crowd.beyond() - beyond(seats, &comes)).abs() < 1e-9);
    }
}

#[test]
fn far_more_people_than_are_counted_are_too_many() {
    let mut crowd = Crowd::new(4);
    crowd.add_all(40, 0.1);
    assert!((crowd.beyond() - 1.0).abs() < 1e-12);
}

#[test]
fn what_is_believed_gives_way_to_what_is_known() {
    let chance = |all, came| Tried { all, came }.chance(0.9);
    assert!((chance(0, 0) - 0.9).abs() < 1e-12);
    assert!((chance(20, 10) - 0.7).abs() < 1e-12);
    assert!((chance(20_000, 10_000) - 0.5).abs() < 1e-3);
}

#[test]
fn seats_for_people_in_no_register_are_learned_by_cohort() {
    let key = |area: &str| CohortKey { area: area.into(), group: GroupId::new("adult".to_owned()) };
    let mut known = Attendance::default();
    assert!((known.of_seat(&key("A"), 1) - 1.0).abs() < 1e-12, "nothing is known");
    known.seats.insert((key("A"), 1), Tried { all: 2_000, came: 0 });
    known.seats.insert((key("B"), 1), Tried { all: 2_000, came: 2_000 });
    assert!(known.of_seat(&key("A"), 1) < 0.01, "nobody is there");
    assert!(known.of_seat(&key("B"), 1) > 0.99);
    let other = known.of_seat(&key("C"), 1);
    assert!((0.45..0.55).contains(&other), "as all others: {other}");
}

/// Those who were called and those of them who came; other seats and those of them that were used.
type Tries = ((u64, u64), (u64, u64));

#[test]
fn a_report_that_names_nobody_says_nothing_about_those_who_were_called() {
    let past = Past {
        cohort: CohortKey { area: "A".into(), group: GroupId::new("adult".to_owned()) },
        dose: 1,
        seats: 20,
        named: 12,
        known: 12,
        came: 0,
        others: 0,
        has_names: true,
    };
    // (came by name, doses without a name, names at all) → (called, of them came; other seats, of them used)
    let cases: &[((u64, u64, bool), Tries)] = &[
        ((9, 6, true), ((12, 9), (8, 6))),
        ((0, 0, true), ((12, 0), (8, 0))),
        ((0, 15, false), ((0, 0), (8, 8))),
        // Three of the called came without a name: only so many seats were there for others.
        ((6, 11, true), ((12, 9), (8, 8))),
        ((12, 11, true), ((12, 12), (8, 8))),
    ];
    for &((came, others, has_names), (called, seats)) in cases {
        let found = Attendance::of([Past { came, others, has_names, ..past.clone() }]);
        let tried = |(all, came)| Tried { all, came };
        let group = found.called.get(&past.cohort.group).copied().unwrap_or_default();
        assert_eq!(group, tried(called), "{came} {others} {has_names}");
        assert_eq!(found.seats[&(past.cohort.clone(), 1)], tried(seats), "{came} {others}");
    }
}
