use super::*;

/// A day of May 2021.
pub(super) fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2021, 5, number).expect("a day")
}

/// Doses of the first dose for cohort 0 on a day at place 1.
fn offer(number: u32, doses: u32) -> Offer {
    Offer { day: day(number), place: PlaceNo(1), cohort: CohortNo(0), dose: 1, doses }
}

/// Somebody of cohort 0 who may have the first dose from 1 May on.
pub(super) fn candidate(person: u32) -> Candidate {
    Candidate {
        person: PersonNo(person),
        cohort: CohortNo(0),
        dose: 1,
        absences: 0,
        absent_last: None,
        earliest: day(1),
        latest: None,
        held: None,
        has_answered: false,
        is_told: false,
        is_joined: false,
        waits: false,
    }
}

fn seat(number: u32) -> Seat {
    Seat { day: day(number), place: PlaceNo(1), dose: 1 }
}

/// Assigns on a day of May; the register has everybody, and every place has reported every day.
pub(super) fn run(offers: &[Offer], candidates: &[Candidate], today: u32) -> Output {
    let reported = (1..=31).map(|number| (PlaceNo(1), day(number))).collect();
    let (candidates, others) = (candidates.to_vec(), Vec::new());
    let (reported, left, today) = (&reported, BTreeMap::new(), day(today));
    let chances = Chances::default();
    assign(Input { offers, today, first: today, candidates, others, reported, left, chances })
}

/// Persons with the days of May on which they are newly expected.
fn new_days(out: &Output) -> Vec<(u32, u32)> {
    use chrono::Datelike as _;
    out.new.iter().map(|(person, seat)| (person.0, seat.day.day())).collect()
}

/// The same people with what they were given.
pub(super) fn with_seats(candidates: &[Candidate], out: &Output) -> Vec<Candidate> {
    let new: BTreeMap<_, _> = out.new.iter().copied().collect();
    candidates.iter().map(|one| Candidate { held: new.get(&one.person).copied(), ..*one }).collect()
}

#[test]
fn running_again_moves_nobody() {
    let offers = [offer(3, 2), offer(4, 2)];
    let people = [candidate(1), candidate(2), candidate(3)];
    let first = run(&offers, &people, 1);
    assert_eq!(new_days(&first), [(1, 3), (2, 3), (3, 4)]);
    let again = run(&offers, &with_seats(&people, &first), 1);
    assert_eq!((again.kept, again.new.len(), again.ended.len()), (3, 0, 0));
}

#[test]
fn only_those_move_whose_session_is_gone() {
    let people = [candidate(1), candidate(2), candidate(3)];
    let first = run(&[offer(3, 2), offer(4, 2)], &people, 1);
    let then = run(&[offer(3, 2), offer(5, 2)], &with_seats(&people, &first), 1);
    assert_eq!(then.kept, 2);
    assert_eq!(then.ended, [(PersonNo(3), seat(4), Ended::PlanChanged)]);
    assert_eq!(new_days(&then), [(3, 5)]);
}

#[test]
fn who_is_called_first() {
    // Session of 2 May with one seat; who gets it?
    type Change = fn(&mut Candidate);
    let cases: &[(&str, Change, Change, u32)] = &[
        ("the smaller code", |_| (), |_| (), 1),
        ("whose window ends", |_| (), |two| two.latest = Some(day(30)), 2),
        (
            "whose window ends first",
            |one| one.latest = Some(day(30)),
            |two| two.latest = Some(day(29)),
            2,
        ),
        ("who may come first", |one| one.earliest = day(2), |_| (), 2),
        (
            "the end of the window before its start",
            |one| one.latest = Some(day(30)),
            |two| (two.latest, two.earliest) = (Some(day(29)), day(2)),
            2,
        ),
    ];
    for (name, change_one, change_two, expected) in cases {
        let (mut one, mut two) = (candidate(1), candidate(2));
        change_one(&mut one);
        change_two(&mut two);
        for people in [[one, two], [two, one]] {
            let out = run(&[offer(2, 1)], &people, 1);
            assert_eq!(new_days(&out), [(*expected, 2)], "{name}");
            assert_eq!(out.without, 1, "{name}");
        }
    }
}

#[test]
fn when_somebody_new_comes() {
    // A seat on each day of May at place 1; the day that the person gets, on 3 May.
    type Change = fn(&mut Candidate);
    let cases: &[(&str, Change, Option<u32>)] = &[
        ("tomorrow, never today", |_| (), Some(4)),
        ("not before the dose counts", |one| one.earliest = day(9), Some(9)),
        ("tomorrow though it counted long ago", |one| one.earliest = day(1), Some(4)),
        ("not for a dose that the plan does not have", |one| one.dose = 2, None),
        ("not in the place of another cohort", |one| one.cohort = CohortNo(1), None),
        (
            "five days after the first absence",
            |one| (one.absences, one.absent_last) = (1, Some(day(2))),
            Some(7),
        ),
        (
            "ten days after the second",
            |one| (one.absences, one.absent_last) = (2, Some(day(2))),
            Some(12),
        ),
        (
            "not again after the third",
            |one| (one.absences, one.absent_last) = (3, Some(day(2))),
            None,
        ),
        (
            "tomorrow where the absence is long ago",
            |one| {
                one.absences = 1;
                one.absent_last = NaiveDate::from_ymd_opt(2021, 4, 1);
            },
            Some(4),
        ),
        (
            "not before the dose counts, though the recall would be earlier",
            |one| {
                (one.absences, one.absent_last) = (1, Some(day(2)));
                one.earliest = day(20);
            },
            Some(20),
        ),
    ];
    let offers: Vec<_> = (1..=31).map(|number| offer(number, 1)).collect();
    for (name, change, expected) in cases {
        let mut one = candidate(1);
        change(&mut one);
        let out = run(&offers, &[one], 3);
        let found: Vec<_> = new_days(&out).into_iter().map(|(_, day)| day).collect();
        assert_eq!(found, expected.iter().copied().collect::<Vec<_>>(), "{name}");
        assert_eq!(out.without, usize::from(expected.is_none()), "{name}");
    }
}

#[test]
fn what_becomes_of_an_appointment() {
    // Today is 10 May. The plan has a seat at place 1 on each day from 8 May on but the 15th.
    type Case = (&'static str, Seat, fn(&mut Candidate), Option<Ended>);
    let at = |number, place, dose| Seat { day: day(number), place: PlaceNo(place), dose };
    let cases: &[Case] = &[
        ("it stands", at(12, 1, 1), |_| (), None),
        ("today's stands, too", at(10, 1, 1), |_| (), None),
        ("the plan has another place", at(12, 2, 1), |_| (), Some(Ended::PlanChanged)),
        ("the plan has no session that day", at(15, 1, 1), |_| (), Some(Ended::PlanChanged)),
        (
            "the session is another cohort's",
            at(12, 1, 1),
            |one| one.cohort = CohortNo(1),
            Some(Ended::PlanChanged),
        ),
        (
            "the dose would not count yet",
            at(12, 1, 1),
            |one| one.earliest = day(13),
            Some(Ended::PlanChanged),
        ),
        ("the dose counts from that day on", at(12, 1, 1), |one| one.earliest = day(12), None),
        ("another dose is next", at(12, 1, 2), |_| (), Some(Ended::Done)),
        ("another dose is next, day past", at(8, 1, 2), |_| (), Some(Ended::Done)),
        (
            "a dose was given that must be repeated",
            at(9, 1, 1),
            |one| one.earliest = day(30),
            Some(Ended::Done),
        ),
        ("the place has reported", at(9, 1, 1), |_| (), Some(Ended::Absent)),
        ("no report for three days", at(7, 3, 1), |_| (), None),
        ("no report for more than three", at(6, 3, 1), |_| (), Some(Ended::Absent)),
    ];
    let offers: Vec<_> = (8..=31).filter(|n| *n != 15).map(|number| offer(number, 1)).collect();
    for (name, held, change, expected) in cases {
        let mut one = Candidate { held: Some(*held), ..candidate(1) };
        change(&mut one);
        let out = run(&offers, &[one], 10);
        let ended: Vec<_> = out.ended.iter().map(|(_, seat, why)| (*seat, *why)).collect();
        let all: Vec<_> = expected.iter().map(|why| (*held, *why)).collect();
        assert_eq!(ended, all, "{name}");
        assert_eq!(out.kept, usize::from(expected.is_none()), "{name}");
        assert!(expected.is_some() || out.new.is_empty(), "{name}: a new one beside the old");
    }
}

#[test]
fn an_absence_found_now_counts_with_those_before() {
    // Absent on 9 May; the plan has seats from 11 to 31 May. Absences before, and the day of the next appointment.
    let offers: Vec<_> = (11..=31).map(|number| offer(number, 1)).collect();
    for (absences, expected) in [(0, Some(14)), (1, Some(19)), (2, None)] {
        let absent_last = (absences > 0).then(|| day(1));
        let one = Candidate { held: Some(seat(9)), absences, absent_last, ..candidate(1) };
        let out = run(&offers, &[one], 10);
        assert_eq!(out.ended, [(PersonNo(1), seat(9), Ended::Absent)]);
        let found: Vec<_> = new_days(&out).into_iter().map(|(_, day)| day).collect();
        assert_eq!(found, expected.iter().copied().collect::<Vec<u32>>(), "{absences} before");
    }
}

#[test]
fn appointments_that_stand_take_their_seats_before_anybody_new() {
    // The newcomer would be called first, but the one seat of 12 May is taken.
    let urgent = Candidate { latest: Some(day(13)), ..candidate(1) };
    let holder = Candidate { held: Some(seat(12)), ..candidate(2) };
    let out = run(&[offer(12, 1), offer(14, 1)], &[urgent, holder], 10);
    assert_eq!((out.kept, new_days(&out)), (1, vec![(1, 14)]));
}

#[test]
fn a_session_that_shrank_keeps_as_many_as_it_has_doses() {
    let people: Vec<_> =
        (1..=3).map(|person| Candidate { held: Some(seat(12)), ..candidate(person) }).collect();
    let out = run(&[offer(12, 2)], &people, 10);
    assert_eq!(out.kept, 2);
    assert_eq!(out.ended, [(PersonNo(3), seat(12), Ended::PlanChanged)]);
    assert_eq!(out.without, 1);
}

#[test]
fn who_is_no_candidate_any_more_keeps_no_appointment() {
    let others = vec![(PersonNo(4), seat(12), true), (PersonNo(7), seat(3), false)];
    let (candidates, reported) = (Vec::new(), BTreeSet::new());
    let offers = [offer(12, 5)];
    let input = Input {
        offers: &offers,
        today: day(10),
        first: day(10),
        candidates,
        others,
        reported: &reported,
        left: BTreeMap::new(),
        chances: Chances::default(),
    };
    let ended = [(PersonNo(4), seat(12), Ended::Barred), (PersonNo(7), seat(3), Ended::Done)];
    assert_eq!(assign(input), Output { ended: ended.to_vec(), ..Output::default() });
}

#[test]
fn a_register_of_a_part_takes_its_part_of_each_session() {
    // People in no register, people of it, doses of each of five sessions; people seated at each.
    type Case = (u64, u64, [u32; 5], [usize; 5]);
    let cases: &[Case] = &[
        (90, 10, [10, 10, 10, 10, 10], [1, 1, 1, 1, 1]),
        (0, 10, [2, 2, 2, 2, 2], [2, 2, 2, 2, 2]),
        // Rounded up in sum: 5 of 25 doses on the first day are 1.25 people, 10 are 2.5.
        (75, 25, [5, 5, 5, 5, 5], [2, 1, 1, 1, 2]),
        // Everybody who is still to come is in the register: no seat more than there are doses.
        (0, 30, [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
        // Those in no register are done: the register's people get all that is left (W5).
        (0, 9, [3, 0, 1, 0, 0], [3, 0, 1, 0, 0]),
    ];
    for (others, registered, doses, expected) in cases {
        let offers: Vec<_> =
            (11..).zip(doses).map(|(number, doses)| offer(number, *doses)).collect();
        let left = Left { registered: *registered, others: *others };
        let people: u32 = 30;
        let out = assign(Input {
            offers: &offers,
            today: day(10),
            first: day(10),
            candidates: (0..people).map(candidate).collect(),
            others: Vec::new(),
            reported: &BTreeSet::new(),
            left: BTreeMap::from([((CohortNo(0), 1), left)]),
            chances: Chances::default(),
        });
        let seated = |number: u32| new_days(&out).iter().filter(|(_, day)| *day == number).count();
        let found: Vec<_> = (11..=15).map(seated).collect();
        assert_eq!(found, expected, "{others} others, {registered} registered");
        assert_eq!(out.new.len() + out.without, people as usize);
    }
}

#[test]
fn an_appointment_before_the_plan_begins_stands_until_its_report() {
    // W8: a plan from 11 May is adopted on the evening of 10 May, while the report of that day is out.
    let holder = Candidate { held: Some(seat(10)), ..candidate(1) };
    let adopt = |first: u32| {
        assign(Input {
            offers: &[offer(12, 1)],
            today: day(10),
            first: day(first),
            candidates: vec![holder],
            others: Vec::new(),
            reported: &BTreeSet::new(),
            left: BTreeMap::new(),
            chances: Chances::default(),
        })
    };
    let out = adopt(11);
    assert_eq!((out.kept, out.ended.len(), out.new.len()), (1, 0, 0));
    assert_eq!(adopt(10).ended, [(PersonNo(1), seat(10), Ended::PlanChanged)]);
}

#[test]
fn a_recall_after_an_absence_comes_before_the_window_ends() {
    // W10: absent on 10 May, five days later would be 15 May.
    let absent = Candidate { absences: 1, absent_last: Some(day(10)), ..candidate(1) };
    let days = |latest: Option<u32>| {
        let one = Candidate { latest: latest.map(day), ..absent };
        new_days(&run(&[offer(12, 1), offer(15, 1)], &[one], 11))
    };
    assert_eq!(days(None), [(1, 15)]);
    assert_eq!(days(Some(15)), [(1, 15)]);
    assert_eq!(days(Some(14)), [(1, 12)]);
}

#[test]
fn seats_that_nobody_takes_go_to_people_with_a_later_appointment() {
    // W6: the seats of 12 May are free; those who would come last come first, if it is a week sooner.
    let held = |person: u32, on: u32| Candidate { held: Some(seat(on)), ..candidate(person) };
    let people = [held(1, 18), held(2, 20), held(3, 25)];
    let out = run(&[offer(12, 2), offer(18, 1), offer(20, 1), offer(25, 1)], &people, 10);
    assert_eq!(new_days(&out), [(3, 12), (2, 12)]);
    assert_eq!(out.kept, 1);
    let late = run(&[offer(14, 2), offer(18, 1), offer(20, 1), offer(25, 1)], &people, 10);
    assert_eq!(late.kept, 3, "only seats of the next days");
}

#[test]
fn a_second_dose_near_the_end_of_its_window_gets_any_seat() {
    let second = |number: u32| Offer { dose: 2, ..offer(number, 1) };
    let due = |person| Candidate { dose: 2, latest: Some(day(14)), ..candidate(person) };
    let left = Left { registered: 2, others: 2 };
    let out = assign(Input {
        offers: &[second(12), second(13), second(20), second(21)],
        today: day(10),
        first: day(10),
        candidates: vec![due(1), due(2)],
        others: Vec::new(),
        reported: &BTreeSet::new(),
        left: BTreeMap::from([((CohortNo(0), 2), left)]),
        chances: Chances::default(),
    });
    assert_eq!(new_days(&out), [(1, 12), (2, 13)]);
}

#[test]
fn of_two_places_on_a_day_the_smaller_code_fills_first() {
    let at = |place| Offer { place: PlaceNo(place), ..offer(12, 1) };
    let out = run(&[at(5), at(2)], &[candidate(1), candidate(2)], 10);
    let places: Vec<_> = out.new.iter().map(|(_, seat)| seat.place.0).collect();
    assert_eq!(places, [2, 5]);
}

#[test]
fn words_of_the_database_stay_as_they_are() {
    let words = [Ended::Done, Ended::Absent, Ended::PlanChanged, Ended::Barred].map(Ended::word);
    assert_eq!(words, ["done", "absent", "plan_changed", "barred"]);
}

#[test]
fn whoever_booked_keeps_the_seat_while_the_session_has_one() {
    let booked =
        |person, on| Candidate { held: Some(seat(on)), has_answered: true, ..candidate(person) };
    // Whose window ends first comes first, but not before those who booked.
    let urgent = Candidate { latest: Some(day(13)), held: Some(seat(12)), ..candidate(1) };
    let out = run(&[offer(12, 1), offer(13, 1)], &[urgent, booked(2, 12)], 1);
    assert_eq!(out.ended, [(PersonNo(1), seat(12), Ended::PlanChanged)]);
    assert_eq!((out.kept, new_days(&out)), (1, vec![(1, 13)]));
    // Nobody who booked is brought forward.
    let out = run(&[offer(2, 1), offer(20, 1)], &[booked(1, 20)], 1);
    assert_eq!((out.kept, out.new.len()), (1, 0));
    // The plan has the session for others now: it still has room for one who booked, and for no other.
    let others = Offer { cohort: CohortNo(1), ..offer(12, 1) };
    let out = run(&[others], &[booked(1, 12)], 1);
    assert_eq!((out.kept, out.ended.len()), (1, 0));
    let held = Candidate { held: Some(seat(12)), ..candidate(1) };
    assert_eq!(run(&[others], &[held], 1).ended.len(), 1);
    assert_eq!(run(&[others], &[booked(1, 12), booked(2, 12)], 1).kept, 1);
    // The place has no session any more.
    let out = run(&[offer(14, 1)], &[booked(1, 12)], 1);
    assert_eq!((out.ended.len(), new_days(&out)), (1, vec![(1, 14)]));
}

#[test]
fn whoever_waits_for_a_seat_comes_before_others_and_needs_no_pause_after_an_absence() {
    let urgent = Candidate { latest: Some(day(13)), ..candidate(1) };
    let away = Candidate { absences: ABSENCES_MAX, absent_last: Some(day(9)), ..candidate(2) };
    let waits = Candidate { waits: true, ..away };
    let new = |one: Candidate| {
        let out = run(&[offer(12, 1)], &[urgent, one], 10);
        out.new.into_iter().map(|(person, _)| person.0).collect::<Vec<_>>()
    };
    assert_eq!((new(away), new(waits)), (vec![1], vec![2]));
    let out = run(
        &[offer(11, 2), offer(12, 1)],
        &[Candidate { absent_last: Some(day(11)), ..waits }],
        10,
    );
    assert_eq!(new_days(&out), [(2, 12)], "not on the day that they gave back");
}

#[test]
fn whoever_has_begun_is_called_until_their_window_closes() {
    let begun = |absences| Candidate {
        dose: 2,
        absences,
        absent_last: Some(day(3)),
        latest: Some(day(28)),
        ..candidate(1)
    };
    let offers = [Offer { dose: 2, ..offer(7, 1) }, Offer { dose: 2, ..offer(8, 1) }];
    // Five days after each absence, and not ten after the second.
    for absences in 1..5 {
        assert_eq!(new_days(&run(&offers, &[begun(absences)], 4)), [(1, 8)], "{absences}");
    }
    assert_eq!(run(&offers, &[begun(5)], 4).without, 1);
    // First doses wait twice as long each time, and end after three.
    let first = |absences| Candidate { absences, absent_last: Some(day(3)), ..candidate(1) };
    let days = |absences| new_days(&run(&[offer(8, 1), offer(13, 1)], &[first(absences)], 4));
    assert_eq!((days(1), days(2), days(3)), (vec![(1, 8)], vec![(1, 13)], vec![]));
}
