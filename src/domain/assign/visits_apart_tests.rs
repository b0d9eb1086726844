//! Vaccines that are too near to each other, and seats of people outside the register.

use super::super::tests::day;
use super::*;

const TODAY: u32 = 1;

fn seat(number: u32, place: u32) -> Seat {
    Seat { day: day(number), place: PlaceNo(place), dose: 1 }
}

/// Somebody's appointment in a campaign that nothing else is known of.
fn booked(person: u32, at: Seat) -> Booked {
    Booked {
        person: PersonNo(person),
        own: PersonNo(person),
        cohort: CohortNo(0),
        seat: at,
        held: None,
        from: day(TODAY + 1),
        latest: None,
        is_fixed: false,
    }
}

/// A campaign with these appointments, and with seats that are free or that people outside the register have.
fn book(people: &[Booked], free: &[Seat], others: &[Seat]) -> Book {
    let key = |seat: &Seat| ((seat.day, seat.place), CohortNo(0), 1);
    let mut out = Book { people: people.to_vec(), ..Book::default() };
    for seat in people.iter().map(|one| &one.seat).chain(others) {
        out.free.entry(key(seat)).or_default();
    }
    for seat in free {
        *out.free.entry(key(seat)).or_default() += 1;
    }
    for seat in others {
        *out.others.entry(key(seat)).or_default() += 1;
    }
    for seat in free.iter().chain(others) {
        *out.room.entry(at(*seat)).or_default() += 1;
    }
    out
}

/// Where the first person's appointments of two campaigns are after joining, and where the second person's of the
/// second campaign is.
fn after(first: &Book, second: &Book, rule: Apart) -> (Seat, Seat, Option<Seat>) {
    let mut books = [first, second].map(|one| Book {
        people: one.people.clone(),
        free: one.free.clone(),
        room: one.room.clone(),
        others: one.others.clone(),
        today: day(TODAY),
    });
    let moves = join(&mut books, &[vec![rule; 2], vec![rule; 2]]);
    let seat = |nth: usize, of: &Book, person: usize| {
        let booked = of.people.get(person)?;
        Some(moves[nth].get(&booked.own).map_or(booked.seat, |(_, to)| *to))
    };
    let first_of = |nth: usize, of: &Book| seat(nth, of, 0).expect("somebody");
    (first_of(0, first), first_of(1, second), seat(1, second, 1))
}

#[test]
fn vaccines_that_are_too_near_are_put_off_to_the_first_seat_that_is_far_enough() {
    let rule = Apart { at_one_visit: false, days: 15 };
    let (third, fourth) = (booked(0, seat(3, 1)), booked(0, seat(4, 1)));
    let told = |one: Booked| Booked { is_fixed: true, ..one };
    let free = [seat(10, 1), seat(18, 1), seat(19, 1)];
    let moved = |first: Booked, second: Booked| {
        let (one, other, _) =
            after(&book(&[first], &free, &[]), &book(&[second], &free, &[]), rule);
        (one.day, other.day)
    };
    assert_eq!(moved(third, fourth), (day(3), day(18)), "15 days after the 3rd");
    assert_eq!(moved(third, told(fourth)), (day(19), day(4)), "whoever knows a day keeps it");
    assert_eq!(moved(told(third), told(fourth)), (day(3), day(4)));
    let closes = |one: Booked, number: u32| Booked { latest: Some(day(number)), ..one };
    let late = closes(fourth, 17);
    assert_eq!(moved(told(third), late), (day(3), day(4)), "its window closes before");
    assert_eq!(moved(third, late), (day(19), day(4)), "then the other one is put off");
    assert_eq!(moved(third, booked(0, seat(18, 1))), (day(3), day(18)), "they are far enough");
}

#[test]
fn a_later_seat_may_be_somebody_else_s_who_takes_the_earlier_one() {
    let rule = Apart { at_one_visit: false, days: 15 };
    let first = book(&[Booked { is_fixed: true, ..booked(0, seat(3, 1)) }], &[], &[]);
    let mine = booked(0, seat(4, 1));
    let other = booked(1, seat(20, 2));
    let second = book(&[mine, other], &[], &[]);
    assert_eq!(after(&first, &second, rule), (seat(3, 1), seat(20, 2), Some(seat(4, 1))));
    let second = book(&[mine, Booked { is_fixed: true, ..other }], &[], &[]);
    assert_eq!(after(&first, &second, rule), (seat(3, 1), seat(4, 1), Some(seat(20, 2))));
    // Somebody outside the register has one, too.
    let second = book(&[mine], &[], &[seat(21, 2)]);
    assert_eq!(after(&first, &second, rule), (seat(3, 1), seat(21, 2), None));
}

#[test]
fn nobody_is_brought_to_tomorrow_who_may_have_been_told_of_it_today() {
    let comes = |number: u32, is_fixed: bool| {
        let first = book(&[Booked { is_fixed, ..booked(0, seat(number, 1)) }], &[], &[]);
        let second = book(&[booked(0, seat(9, 2))], &[seat(number, 1)], &[]);
        after(&first, &second, Apart::default()).1 == seat(number, 1)
    };
    assert!(!comes(TODAY + 1, true), "they would be written to twice today");
    assert!(comes(TODAY + 1, false) && comes(TODAY + 2, true));
}

#[test]
fn whoever_comes_once_takes_a_seat_of_people_outside_the_register_who_get_theirs() {
    let first = book(&[Booked { is_fixed: true, ..booked(0, seat(5, 1)) }], &[], &[]);
    let with = |mine: Seat, others: &[Seat]| {
        let second = book(&[booked(0, mine)], &[], others);
        after(&first, &second, Apart::default()).1
    };
    assert_eq!(with(seat(8, 2), &[seat(5, 1)]), seat(5, 1));
    assert_eq!(with(seat(3, 2), &[seat(5, 1)]), seat(5, 1), "also on a later day");
    assert_eq!(with(seat(8, 2), &[seat(6, 1)]), seat(8, 2), "nobody has a seat there");
    // One seat is for one person.
    let both = [0, 1].map(|no| Booked { is_fixed: true, ..booked(no, seat(5, 1)) });
    let first = book(&both, &[], &[]);
    let second = book(&[booked(0, seat(8, 2)), booked(1, seat(8, 2))], &[], &[seat(5, 1)]);
    let (_, mine, theirs) = after(&first, &second, Apart::default());
    assert_eq!((mine, theirs), (seat(5, 1), Some(seat(8, 2))));
}
