//! What holds for any register, plan and bookings.

use super::tests::{day, run, with_seats};
use super::*;
use proptest::prelude::*;
use std::ops::Range;

fn some_candidate() -> impl Strategy<Value = Candidate> {
    let held = (1_u32..30, 0_u32..3, 1_u8..3);
    let held = held.prop_map(|(number, place, dose)| Seat {
        day: day(number),
        place: PlaceNo(place),
        dose,
    });
    let window = (1_u32..25, prop::option::of(10_u32..30));
    let absent = prop::option::of((1_u8..4, 1_u32..15));
    ((0_u32..2, 1_u8..3), window, absent, prop::option::of(held)).prop_map(
        |((cohort, dose), (earliest, latest), absent, held)| Candidate {
            person: PersonNo(0),
            cohort: CohortNo(cohort),
            dose,
            absences: absent.map_or(0, |(times, _)| times),
            absent_last: absent.map(|(_, last)| day(last)),
            earliest: day(earliest),
            latest: latest.map(day),
            held,
            has_answered: false,
            is_told: false,
            is_joined: false,
            waits: false,
        },
    )
}

/// One offer for each day, place, cohort and dose, as a plan has them.
fn some_offers(days: Range<u32>) -> impl Strategy<Value = Vec<Offer>> {
    let one = (days, 0_u32..3, 0_u32..2, 1_u8..3, 1_u32..4);
    prop::collection::vec(one, 0..30).prop_map(|all| {
        let all: BTreeMap<_, _> =
            all.into_iter().map(|(n, p, c, d, doses)| ((n, p, c, d), doses)).collect();
        let offer = |((number, place, cohort, dose), doses)| Offer {
            day: day(number),
            place: PlaceNo(place),
            cohort: CohortNo(cohort),
            dose,
            doses,
        };
        all.into_iter().map(offer).collect()
    })
}

proptest! {
    #[test]
    fn any_register_and_plan(
        offers in some_offers(1..30),
        people in prop::collection::vec(some_candidate(), 0..40),
        today in 1_u32..20,
    ) {
        let people: Vec<Candidate> =
            (0..).zip(people).map(|(no, one)| Candidate { person: PersonNo(no), ..one }).collect();
        let out = run(&offers, &people, today);
        let held = people.iter().filter(|one| one.held.is_some()).count();
        prop_assert_eq!(out.kept + out.ended.len(), held);
        prop_assert_eq!(out.kept + out.new.len() + out.without, people.len());

        // Everybody new comes for their own dose, after today, not before it counts; no session to come is overfull.
        let mut used: BTreeMap<(NaiveDate, PlaceNo, CohortNo, u8), u32> = BTreeMap::new();
        for (person, seat) in &out.new {
            let one = people[person.0 as usize];
            prop_assert!(seat.day > day(today) && seat.day >= one.earliest);
            prop_assert_eq!(seat.dose, one.dose);
            *used.entry((seat.day, seat.place, one.cohort, seat.dose)).or_default() += 1;
        }
        let ended: BTreeSet<_> = out.ended.iter().map(|(person, _, _)| *person).collect();
        for one in people.iter().filter(|one| !ended.contains(&one.person)) {
            if let Some(seat) = one.held.filter(|seat| seat.day > day(today)) {
                *used.entry((seat.day, seat.place, one.cohort, seat.dose)).or_default() += 1;
            }
        }
        for ((day, place, cohort, dose), people) in used {
            let found = offers.iter().find(|offer| {
                (offer.day, offer.place, offer.cohort, offer.dose) == (day, place, cohort, dose)
            });
            prop_assert!(found.is_some_and(|offer| people <= offer.doses));
        }

        // The same once more changes nothing but what time has decided.
        let mut again = with_seats(&people, &out);
        for (then, before) in again.iter_mut().zip(&people) {
            if then.held.is_none() && !ended.contains(&before.person) {
                then.held = before.held;
            }
            let was = |end: &&(PersonNo, Seat, Ended)| {
                end.0 == then.person && end.2 == Ended::Absent
            };
            if let Some((_, seat, _)) = out.ended.iter().find(was) {
                then.absences = then.absences.saturating_add(1);
                then.absent_last = Some(seat.day);
            }
        }
        let standing = again.iter().filter(|one| one.held.is_some()).count();
        let then = run(&offers, &again, today);
        prop_assert_eq!((then.kept, then.ended.len()), (standing, 0));
    }

    #[test]
    fn any_bookings_are_kept_as_far_as_sessions_have_doses(
        offers in some_offers(2..9),
        people in prop::collection::vec((some_candidate(), any::<bool>()), 0..40),
    ) {
        let one = |(no, (one, has_answered)): (u32, (Candidate, bool))| Candidate {
            person: PersonNo(no),
            has_answered,
            ..one
        };
        let people: Vec<Candidate> = (0..).zip(people).map(one).collect();
        let out = run(&offers, &people, 1);
        let mut left: BTreeMap<(NaiveDate, PlaceNo, u8), i64> = BTreeMap::new();
        for offer in &offers {
            *left.entry((offer.day, offer.place, offer.dose)).or_default() +=
                i64::from(offer.doses);
        }
        let doses = left.clone();
        let mut answered: BTreeMap<(NaiveDate, PlaceNo, u8), (i64, i64)> = BTreeMap::new();
        let ended: BTreeSet<_> = out.ended.iter().map(|(person, _, _)| *person).collect();
        for one in &people {
            let Some(seat) = one.held.filter(|seat| seat.day > day(1)) else { continue };
            let at = (seat.day, seat.place, seat.dose);
            let is_kept = i64::from(!ended.contains(&one.person));
            *left.entry(at).or_default() -= is_kept;
            if one.has_answered && one.dose == seat.dose && one.earliest <= seat.day {
                let (kept, all) = answered.entry(at).or_default();
                (*kept, *all) = (*kept + is_kept, *all + 1);
            }
        }
        for (at, (kept, all)) in answered {
            let most = doses.get(&at).copied().unwrap_or(0).min(all);
            prop_assert_eq!(kept, most, "{:?}", at);
        }
        for (_, seat) in &out.new {
            *left.entry((seat.day, seat.place, seat.dose)).or_default() -= 1;
        }
        prop_assert!(left.values().all(|seats| *seats >= 0), "{left:?}");
    }
}
