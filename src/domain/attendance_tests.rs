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
fn who_had_a_first_dose_comes_more_often_than_who_may_not_want_it() {
    let group = GroupId::new("adult".to_owned());
    let mut known = Attendance::default();
    let chance = |known: &Attendance, dose| known.of_called(&group, dose, 0.8);
    assert!((chance(&known, 1) - 0.8).abs() < 1e-12);
    assert!((chance(&known, 2) - 1.0).abs() < 1e-12);
    // 60 % of those who are called come, of whom 80 % want the vaccine: 75 % of these.
    known.called.insert((group.clone(), 1), Tried { all: 200_000, came: 120_000 });
    assert!((chance(&known, 1) - 0.6).abs() < 1e-3);
    assert!((chance(&known, 2) - 0.75).abs() < 1e-3);
    known.called.insert((group.clone(), 2), Tried { all: 200_000, came: 180_000 });
    assert!((chance(&known, 1) - 0.6).abs() < 1e-3);
    assert!((chance(&known, 2) - 0.9).abs() < 1e-3);
    // Nobody is asked to want it, and some come.
    assert!((known.of_called(&group, 1, 0.0) - 0.6).abs() < 1e-3);
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
        day: NaiveDate::default(),
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
        let group = found.called.get(&(past.cohort.group.clone(), 1)).copied().unwrap_or_default();
        assert_eq!(group, tried(called), "{came} {others} {has_names}");
        assert_eq!(found.seats[&(past.cohort.clone(), 1)], tried(seats), "{came} {others}");
    }
}

/// Sessions as (day, seats, used); what counts leave; the first day planned; what is left.
type LastCase<'a> = (&'a [(u64, u64, u64)], u64, u64, u64);

#[test]
fn the_last_seats_say_whether_people_in_no_register_are_left() {
    let day =
        |n: u64| NaiveDate::default() + chrono::TimeDelta::days(i64::try_from(n).expect("a day"));
    let cohort = CohortKey { area: "A".into(), group: GroupId::new("adult".to_owned()) };
    let session = |n: u64, seats: u64, others: u64| Past {
        day: day(n),
        cohort: cohort.clone(),
        dose: 1,
        seats,
        named: 0,
        known: 0,
        came: 0,
        others,
        has_names: true,
    };
    let cases: &[LastCase<'_>] = &[
        (&[(1, 5, 0)], 40, 3, 40),
        // They come as often as others do.
        (&[(1, 10, 6)], 40, 3, 40),
        // Hardly anybody came: as many as came may be left.
        (&[(1, 10, 2)], 40, 3, 2),
        (&[(1, 10, 0)], 40, 3, 0),
        // Some days later some seats ask again.
        (&[(1, 10, 0)], 40, 9, 2),
        // Nobody came then either: they ask again after twice as many days.
        (&[(1, 10, 0), (9, 2, 0)], 40, 20, 0),
        (&[(1, 10, 0), (9, 2, 0)], 40, 24, 2),
        (&[(1, 10, 0), (2, 9, 0)], 40, 10, 2),
        (&[(1, 10, 0), (9, 2, 0), (24, 2, 0)], 40, 52, 0),
        (&[(1, 10, 0), (9, 2, 0), (24, 2, 0)], 40, 53, 2),
        // The last seats count, not those before.
        (&[(1, 20, 16), (2, 6, 0)], 40, 3, 0),
        (&[(1, 20, 0), (2, 8, 7)], 40, 3, 40),
        // Nobody should be left, and they come.
        (&[(1, 10, 9)], 0, 3, 9),
        (&[(1, 10, 6)], 0, 3, 6),
        (&[(1, 10, 5)], 0, 3, 0),
        // A count is not further off than by the slack.
        (&[(1, 10, 0)], 90, 3, 40),
        (&[(1, 90, 80)], 0, 3, 50),
    ];
    for &(sessions, counted, open, left) in cases {
        let past: Vec<Past> = sessions.iter().map(|&(n, s, used)| session(n, s, used)).collect();
        let found = LastSeats::of(&past, |_| 0.8)[&cohort];
        assert_eq!(found.left(counted, 50, day(open)), left, "{sessions:?} {counted} {open}");
    }
}

#[test]
fn a_session_that_sent_everybody_away_did_not_take_place() {
    // (doses, called) → took place
    for ((doses, called), held) in
        [((0, 30), false), ((0, 3), false), ((0, 2), true), ((1, 30), true)]
    {
        assert_eq!(took_place(doses, called), held, "{doses} doses, {called} called");
    }
}
