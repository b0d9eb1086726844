use super::super::tests::{candidate, day};
use super::super::{Candidate, Chances, Input, Offer, Output, Roll, assign};
use super::*;
use proptest::prelude::*;

/// A campaign: its plan and its people.
#[derive(Debug, Clone)]
struct Side {
    offers: Vec<Offer>,
    people: Vec<Candidate>,
}

const TODAY: u32 = 1;

fn offer(number: u32, place: u32, doses: u32) -> Offer {
    Offer { day: day(number), place: PlaceNo(place), cohort: CohortNo(0), dose: 1, doses }
}

fn seat(number: u32, place: u32) -> Seat {
    Seat { day: day(number), place: PlaceNo(place), dose: 1 }
}

/// What assigning makes of a campaign, and the appointments after it.
fn assigned(side: &Side) -> (Output, Book) {
    let (reported, today) = (BTreeSet::new(), day(TODAY));
    let input = Input {
        offers: &side.offers,
        today,
        first: today,
        candidates: side.people.clone(),
        others: Vec::new(),
        reported: &reported,
        left: BTreeMap::new(),
        chances: Chances::default(),
    };
    let roll = Roll::of(&input);
    let output = assign(input);
    let book = roll.book(&output, Some, |place| place);
    (output, book)
}

/// Everybody's seat after assigning.
fn seats(side: &Side, output: &Output) -> BTreeMap<PersonNo, Seat> {
    let ended: BTreeSet<_> = output.ended.iter().map(|(person, ..)| *person).collect();
    let held = side.people.iter().filter(|one| !ended.contains(&one.person));
    let mut out: BTreeMap<_, _> =
        held.filter_map(|one| one.held.map(|held| (one.person, held))).collect();
    out.extend(output.new.iter().copied());
    out
}

/// The seats of both campaigns, before and after their people's visits were joined.
type Seats = [BTreeMap<PersonNo, Seat>; 2];

fn joined(sides: &[Side; 2], rule: Apart) -> (Seats, Seats) {
    let (mut first, one) = assigned(&sides[0]);
    let (mut second, other) = assigned(&sides[1]);
    let before = [seats(&sides[0], &first), seats(&sides[1], &second)];
    let moves = join(&mut [one, other], &[vec![rule; 2], vec![rule; 2]]);
    first.move_people(&moves[0]);
    second.move_people(&moves[1]);
    let after = [seats(&sides[0], &first), seats(&sides[1], &second)];
    (before, after)
}

/// One session for the first campaign on 3 May at place 1; for the second one a seat there, and one the day before
/// elsewhere, which the first person gets.
fn two_places() -> [Side; 2] {
    [
        Side { offers: vec![offer(3, 1, 1)], people: vec![candidate(0)] },
        Side {
            offers: vec![offer(2, 2, 1), offer(3, 1, 1)],
            people: vec![candidate(0), candidate(1)],
        },
    ]
}

#[test]
fn two_people_of_a_cohort_change_places_so_that_one_comes_once() {
    let (before, after) = joined(&two_places(), Apart::default());
    assert_eq!(before[1], BTreeMap::from([(PersonNo(0), seat(2, 2)), (PersonNo(1), seat(3, 1))]));
    assert_eq!(after[0], before[0]);
    assert_eq!(after[1], BTreeMap::from([(PersonNo(0), seat(3, 1)), (PersonNo(1), seat(2, 2))]));
}

#[test]
fn nobody_moves_who_knows_their_day_and_nobody_for_whom_the_other_day_is_too_early() {
    type Change = fn(&mut [Side; 2]);
    let cases: &[(&str, Change)] = &[
        ("the other person knows their day", |sides| {
            sides[1].people[1].held = Some(seat(3, 1));
            sides[1].people[1].is_told = true;
        }),
        ("they booked it themselves", |sides| {
            sides[1].people[1].held = Some(seat(3, 1));
            sides[1].people[1].has_answered = true;
        }),
        ("it is too early for the other person", |sides| {
            sides[1].people[1].earliest = day(3);
        }),
        ("the person knows both days", |sides| {
            for (side, seat) in sides.iter_mut().zip([seat(3, 1), seat(2, 2)]) {
                side.people[0].held = Some(seat);
                side.people[0].is_told = true;
            }
        }),
        ("the window closes before", |sides| {
            sides[1].people[0].latest = Some(day(2));
        }),
        ("it is another cohort", |sides| {
            sides[1].offers[1].cohort = CohortNo(1);
            sides[1].people[1].cohort = CohortNo(1);
        }),
    ];
    for (case, change) in cases {
        let mut sides = two_places();
        change(&mut sides);
        let (before, after) = joined(&sides, Apart::default());
        assert_eq!(before[1].get(&PersonNo(0)), Some(&seat(2, 2)), "{case}");
        assert_eq!(after, before, "{case}");
    }
    let never = Apart { at_one_visit: false, days: 0 };
    let (before, after) = joined(&two_places(), never);
    assert_eq!(after, before);
}

#[test]
fn an_untold_appointment_comes_to_the_told_one() {
    let mut sides = two_places();
    sides[0].people[0].held = Some(seat(3, 1));
    sides[0].people[0].is_told = true;
    let (before, after) = joined(&sides, Apart::default());
    assert_eq!(after[0], before[0]);
    assert_eq!(after[1].get(&PersonNo(0)), Some(&seat(3, 1)));
}

#[test]
fn a_free_seat_is_taken_on_no_later_day_and_within_two_weeks() {
    // The second campaign has a free seat where the first one expects the person, and called them elsewhere.
    let at = |first: u32, second: u32| {
        let mut person = candidate(0);
        person.held = Some(seat(second, 2));
        let sides = [
            Side { offers: vec![offer(first, 1, 1)], people: vec![candidate(0)] },
            Side { offers: vec![offer(second, 2, 1), offer(first, 1, 1)], people: vec![person] },
        ];
        let (before, after) = joined(&sides, Apart::default());
        assert_eq!(before[1].get(&PersonNo(0)), Some(&seat(second, 2)));
        after[1].get(&PersonNo(0)).copied()
    };
    // Seats of the next three days are given to others who come later, so these are further away.
    assert_eq!(at(6, 8), Some(seat(6, 1)));
    assert_eq!(at(6, 20), Some(seat(6, 1)));
    assert_eq!(at(6, 21), Some(seat(21, 2)), "too far away");
    assert_eq!(at(8, 8), Some(seat(8, 1)), "the same day at another place");
    assert_eq!(at(8, 6), Some(seat(6, 2)), "a seat on an earlier day would stay empty");
}

#[test]
fn whoever_stayed_away_just_now_is_not_called_sooner_to_come_once() {
    // Whoever stayed away on 9 May may come again on 14 May.
    let today = day(10);
    let reported = BTreeSet::from([(PlaceNo(2), day(9))]);
    let away = Candidate { held: Some(seat(9, 2)), ..candidate(0) };
    let book = |offers: &[Offer], one: Candidate| {
        let input = Input {
            offers,
            today,
            first: today,
            candidates: vec![one],
            others: Vec::new(),
            reported: &reported,
            left: BTreeMap::new(),
            chances: Chances::default(),
        };
        let roll = Roll::of(&input);
        let output = assign(input);
        roll.book(&output, Some, |place| place)
    };
    let rule = Apart::default();
    let other = book(&[offer(11, 1, 1)], candidate(0));
    let mine = book(&[offer(11, 1, 1), offer(14, 2, 1)], away);
    assert_eq!((other.people[0].seat, mine.people[0].seat), (seat(11, 1), seat(14, 2)));
    assert_eq!(mine.people[0].from, day(14));
    let moves = join(&mut [other, mine], &[vec![rule; 2], vec![rule; 2]]);
    assert!(moves.iter().all(Moves::is_empty), "{moves:?}");
}

#[test]
fn nobody_changes_places_too_near_to_the_vaccine_of_today() {
    let mut today = candidate(1);
    (today.held, today.is_told) = (Some(seat(TODAY, 3)), true);
    let sides = |first_day_of_other: u32| {
        [
            Side {
                offers: vec![offer(TODAY, 3, 1), offer(29, 1, 1)],
                people: vec![candidate(0), today],
            },
            Side {
                offers: vec![offer(first_day_of_other, 2, 1), offer(29, 1, 1)],
                people: vec![candidate(0), candidate(1)],
            },
        ]
    };
    // The other person of the cohort could come in their place, but not within 28 days of today.
    let rule = Apart { at_one_visit: true, days: 28 };
    let (before, after) = joined(&sides(22), rule);
    assert_eq!((before[1][&PersonNo(0)], before[1][&PersonNo(1)]), (seat(22, 2), seat(29, 1)));
    assert_eq!(after, before);
    let (_, after) = joined(&sides(22), Apart { at_one_visit: true, days: 21 });
    assert_eq!((after[1][&PersonNo(0)], after[1][&PersonNo(1)]), (seat(29, 1), seat(22, 2)));
}

#[test]
fn moving_people_counts_what_stays_and_what_is_new() {
    let person = PersonNo;
    let start = || Output {
        kept: 1,
        new: vec![(person(2), seat(4, 1)), (person(3), seat(5, 1))],
        ended: vec![(person(3), seat(9, 1), super::super::Ended::PlanChanged)],
        without: 0,
    };
    let mut out = start();
    out.move_people(&Moves::from([
        (person(1), (Some(seat(7, 1)), seat(6, 2))),
        (person(2), (None, seat(6, 2))),
    ]));
    assert_eq!(out.kept, 0);
    let new = [(person(2), seat(6, 2)), (person(3), seat(5, 1)), (person(1), seat(6, 2))];
    assert_eq!(out.new, new);
    assert_eq!(out.ended.len(), 2);
    // Whoever comes back to the seat that they had keeps it.
    let mut out = start();
    out.move_people(&Moves::from([(person(3), (Some(seat(9, 1)), seat(9, 1)))]));
    assert_eq!((out.kept, out.new.len(), out.ended.len()), (2, 1, 0));
}

fn some_side() -> impl Strategy<Value = Side> {
    let offers = prop::collection::vec((2_u32..24, 0_u32..2, 0_u32..2, 1_u32..4), 1..14);
    let person = (0_u32..2, 1_u32..12, prop::option::of(8_u32..28), any::<bool>());
    let people = prop::collection::vec(prop::option::weighted(0.8, person), 12);
    (offers, people).prop_map(|(offers, people)| {
        let offers: BTreeMap<_, _> =
            offers.into_iter().map(|(n, p, c, doses)| ((n, p, c), doses)).collect();
        let offers = offers.into_iter().map(|((number, place, cohort), doses)| Offer {
            cohort: CohortNo(cohort),
            ..offer(number, place, doses)
        });
        let one =
            |(no, (cohort, earliest, latest, is_told)): (_, (_, _, Option<u32>, _))| Candidate {
                cohort: CohortNo(cohort),
                earliest: day(earliest),
                latest: latest.map(day),
                is_told,
                ..candidate(no)
            };
        let people = (0..).zip(people).filter_map(|(no, found)| Some((no, found?)));
        let mut side = Side { offers: offers.collect(), people: people.map(one).collect() };
        // Some were told what an earlier run gave them.
        let told: BTreeSet<_> =
            side.people.iter().filter(|one| one.is_told).map(|one| one.person).collect();
        for one in &mut side.people {
            one.is_told = false;
        }
        let (output, _) = assigned(&side);
        let known = seats(&side, &output);
        for one in &mut side.people {
            one.held = known.get(&one.person).copied();
            one.is_told = one.held.is_some() && told.contains(&one.person);
        }
        side
    })
}

fn of(side: &Side, person: PersonNo) -> Candidate {
    *side.people.iter().find(|one| one.person == person).expect("a candidate")
}

/// Whether somebody may be at a seat: they were not told another one, their dose counts then, and it is no later than
/// their window or what they have.
fn may(side: &Side, person: PersonNo, has: Seat, to: Seat) -> bool {
    let one = of(side, person);
    let is_in_time = one.latest.is_none_or(|latest| to.day <= latest) || to.day <= has.day;
    !one.is_told && to.day >= one.earliest.max(day(TODAY + 1)) && is_in_time
}

/// How many people of each cohort a session has.
fn counts(side: &Side, seats: &BTreeMap<PersonNo, Seat>) -> BTreeMap<(At, CohortNo), u32> {
    let mut out = BTreeMap::new();
    for (person, seat) in seats {
        *out.entry((at(*seat), of(side, *person).cohort)).or_default() += 1;
    }
    out
}

/// Whether an appointment could still come to the other one: to a free seat, or in exchange with somebody.
fn could_join(sides: &[Side; 2], after: &Seats, mover: usize, person: PersonNo) -> bool {
    let (side, mine) = (&sides[mover], &after[mover]);
    let (has, to) = (mine[&person], after[1 - mover][&person]);
    let is_told_today = to.day == day(TODAY + 1) && of(&sides[1 - mover], person).is_told;
    if is_told_today || !may(side, person, has, to) {
        return false;
    }
    let cohort = of(side, person).cohort;
    let doses = side.offers.iter().filter(|one| (one.day, one.place) == at(to));
    let doses: u32 = doses.filter(|one| one.cohort == cohort).map(|one| one.doses).sum();
    let used = counts(side, mine).get(&(at(to), cohort)).copied().unwrap_or(0);
    if to.day <= has.day && used < doses {
        return true;
    }
    mine.iter().any(|(other, theirs)| {
        let elsewhere = after[1 - mover].get(other).copied();
        let is_split =
            |one: Seat| elsewhere.is_some_and(|it| it.day == one.day && at(it) != at(one));
        at(*theirs) == at(to)
            && of(side, *other).cohort == cohort
            && may(side, *other, *theirs, has)
            && elsewhere.is_none_or(|it| at(it) != at(*theirs))
            && (!is_split(has) || is_split(*theirs))
    })
}

proptest! {
    #[test]
    fn joining_loses_no_dose_moves_nobody_who_was_told_and_leaves_nothing_that_could_be_joined(
        first in some_side(),
        second in some_side(),
    ) {
        let sides = [first, second];
        let (before, after) = joined(&sides, Apart::default());
        for (side, (before, after)) in sides.iter().zip(before.iter().zip(&after)) {
            prop_assert!(before.keys().eq(after.keys()));
            // No session is overfull that was not.
            let was = counts(side, before);
            for ((at, cohort), used) in counts(side, after) {
                let is_cell = |one: &&Offer| (one.day, one.place) == at && one.cohort == cohort;
                let doses: u32 = side.offers.iter().filter(is_cell).map(|one| one.doses).sum();
                let had = was.get(&(at, cohort)).copied().unwrap_or(0);
                prop_assert!(used <= doses.max(had), "{at:?} {cohort:?}: {used} of {doses}");
            }
            // By each day, each cohort has as many doses as before, or more.
            for cohort in [CohortNo(0), CohortNo(1)] {
                let by = |seats: &BTreeMap<PersonNo, Seat>, last: NaiveDate| {
                    let is_in = |person: PersonNo| of(side, person).cohort == cohort;
                    seats.iter().filter(|(one, seat)| is_in(**one) && seat.day <= last).count()
                };
                for number in 1..=31 {
                    prop_assert!(by(after, day(number)) >= by(before, day(number)));
                }
            }
            for (person, seat) in after {
                let was = before[person];
                prop_assert!(*seat == was || may(side, *person, was, *seat));
            }
        }
        for (person, one) in &after[0] {
            let Some(other) = after[1].get(person) else { continue };
            let was_joined = at(before[0][person]) == at(before[1][person]);
            prop_assert!(!was_joined || at(*one) == at(*other), "a visit was taken apart");
            if at(*one) != at(*other) && days_between(*one, *other) <= ONE_VISIT_DAYS {
                for mover in [0, 1] {
                    prop_assert!(!could_join(&sides, &after, mover, *person), "{person:?}");
                }
            }
        }
    }

    #[test]
    fn no_two_vaccines_come_nearer_than_their_rules_allow(
        first in some_side(),
        second in some_side(),
        at_one_visit in any::<bool>(),
        days in 2_i64..20,
    ) {
        let rule = Apart { at_one_visit, days };
        let sides = [first, second];
        let (before, after) = joined(&sides, rule);
        for (person, one) in &after[0] {
            let Some(other) = after[1].get(person) else { continue };
            let was_allowed = rule.allows(before[0][person].day, before[1][person].day);
            prop_assert!(!was_allowed || rule.allows(one.day, other.day), "{person:?}");
            let was_one = at(before[0][person]) == at(before[1][person]);
            prop_assert!(at_one_visit || was_one || at(*one) != at(*other), "{person:?}");
        }
    }
}
