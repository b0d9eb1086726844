use super::*;
use proptest::prelude::*;

fn clock(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").expect("a time")
}

fn timing(opens: &str, closes: &str, slot_minutes: u32) -> Timing {
    Timing { hours: Hours { opens: clock(opens), closes: clock(closes) }, slot_minutes }
}

fn may(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2021, 5, day).expect("a day")
}

fn cohort(number: usize) -> CohortKey {
    CohortKey { area: "A".into(), group: format!("g{number}").as_str().into() }
}

fn row(of: usize, dose: u8, doses: u32) -> PlanRow {
    let CohortKey { area, group } = cohort(of);
    PlanRow { day: may(3), place: "S1".into(), team: None, area, group, dose, doses }
}

#[test]
fn slots_fill_the_hours_and_the_last_one_has_what_is_left() {
    let day = timing("08:00", "11:10", 30);
    let starts: Vec<String> = day.slots().iter().map(ToString::to_string).collect();
    assert_eq!(starts, ["08:00", "08:30", "09:00", "09:30", "10:00", "10:30"]);
    assert_eq!(day.end_of(day.slots()[0]), clock("08:30"));
    assert_eq!(day.end_of(day.slots()[5]), clock("11:10"));
    assert_eq!(timing("08:00", "08:20", 30).slots().len(), 1);
    assert_eq!(SlotTime::parse("08:30").map(SlotTime::minute), Some(510));
    assert_eq!((SlotTime::parse("24:00"), SlotTime::of_minute(1440)), (None, None));
}

#[test]
fn whoever_is_barred_done_or_not_asked_books_nothing() {
    let due = |earliest, latest: Option<u32>| Due {
        number: 2,
        earliest: may(earliest),
        recommended: may(earliest),
        latest: latest.map(may),
    };
    let free =
        Booker { cohort: Some(cohort(0)), dose: 2, due: Some(due(5, Some(9))), barred: None };
    let days = |one: &Booker| one.days(may(3), may(20));
    assert_eq!(days(&free), Ok((may(5), may(9))));
    let dead = Booker { barred: Some(OutcomeKind::Dead), ..free.clone() };
    assert_eq!(days(&dead), Err(NoBooking::Dead));
    let refused = Booker { barred: Some(OutcomeKind::Refused), ..free.clone() };
    assert_eq!(days(&refused), Err(NoBooking::Barred));
    assert_eq!(days(&Booker { dose: 1, ..free.clone() }), Err(NoBooking::Given));
    assert_eq!(days(&Booker { due: None, ..free.clone() }), Err(NoBooking::Given));
    assert_eq!(days(&Booker { cohort: None, ..free.clone() }), Err(NoBooking::NotAsked));
    // Nobody is expected today; whose window is over may come on any day.
    let now = Booker { due: Some(due(1, None)), ..free.clone() };
    assert_eq!(days(&now), Ok((may(4), may(20))));
    let late = Booker { due: Some(due(1, Some(2))), ..free.clone() };
    assert_eq!(days(&late), Ok((may(4), may(20))));
    let beyond = Booker { due: Some(due(21, None)), ..free };
    assert_eq!(days(&beyond), Err(NoBooking::Outside));
}

#[test]
fn a_booking_takes_no_seat_that_was_planned_for_others() {
    let session = SlotSeats::of(&[row(0, 1, 3), row(1, 1, 5)], None);
    let mut taken = Taken::default();
    taken.add(None, (Some(cohort(0)), 1), 2);
    assert_eq!(session.free(&taken, &cohort(0), 1), [(None, 1)]);
    assert_eq!(session.free(&taken, &cohort(1), 1), [(None, 5)]);
    assert_eq!(session.free(&taken, &cohort(0), 2), []);
    // Whose seat it is may be unknown: then it may be anybody's.
    taken.add(None, (None, 1), 1);
    assert_eq!(session.free(&taken, &cohort(0), 1), []);
    assert_eq!(session.free(&taken, &cohort(1), 1), [(None, 4)]);
}

#[test]
fn a_new_plan_leaves_sessions_as_they_were_published_where_somebody_booked() {
    let other = PlanRow { place: "S2".into(), ..row(0, 1, 9) };
    let published = [row(0, 1, 8), row(0, 2, 3), row(1, 1, 5), other];
    let answered = |of, dose, people| BookedSeats {
        day: may(3),
        place: "S1".into(),
        cohort: cohort(of),
        dose,
        people,
    };
    let kept = |room| {
        let all = kept_sessions(&published, &[answered(0, 1, 2)], |_, _| room);
        let brief = |one: &AgreedSession| {
            let group = one.group.as_ref().map(ToString::to_string).unwrap_or_default();
            (one.place.to_string(), group, one.dose, one.doses)
        };
        all.iter().map(brief).collect::<Vec<_>>()
    };
    let one = |dose, doses| ("S1".to_owned(), "g0".to_owned(), Some(dose), Some(doses));
    // The whole of the cohort's session is kept, or what was booked alone, or nothing where the place is shut.
    assert_eq!(kept(20), [one(1, 8), one(2, 3)]);
    assert_eq!(kept(10), [one(1, 2)]);
    assert_eq!(kept(1), []);
    assert_eq!(kept_sessions(&published, &[], |_, _| 20), []);
}

#[test]
fn of_a_name_one_character_is_shown() {
    let shown = ["张三", "欧阳小明", "Ann Li", "A", "", " 李 "].map(masked);
    assert_eq!(shown, ["＊三", "＊＊明", "A＊＊", "A＊", "＊", "＊李"]);
}

#[test]
fn a_slot_that_is_full_is_left_by_somebody_who_may_get_another_time() {
    // Two slots of two seats each: one is full, and somebody of the other one comes to it.
    let session = SlotSeats::of(&[row(0, 1, 4)], Some(timing("08:00", "09:00", 30)));
    let slot = |text: &str| SlotTime::parse(text).expect("a time");
    let (early, late) = (slot("08:00"), slot("08:30"));
    let change = |in_early: u64, untold: &[&'static str]| {
        let mut taken = Taken::default();
        taken.add(Some(early), (Some(cohort(0)), 1), in_early);
        taken.add(Some(late), (Some(cohort(0)), 1), 1);
        let mut untold = untold.to_vec();
        let leaves = session.change_time(&mut taken, (Some(late), early), &mut untold);
        let counts = [Some(early), Some(late), None].map(|slot| taken.in_slot(slot));
        (leaves, counts, untold.len())
    };
    assert_eq!(change(1, &["a"]), (None, [2, 0, 0], 1), "there is a seat");
    assert_eq!(change(2, &["a", "b"]), (Some("b"), [2, 0, 1], 1), "somebody makes room");
    assert_eq!(
        change(2, &[]),
        (None, [3, 0, 0], 0),
        "nobody can: they come at one time all the same"
    );
}

proptest! {
    #[test]
    fn slots_have_all_seats_and_differ_by_one_at_most(
        doses in prop::collection::vec(0_u32..400, 1..5), minutes in 5_u32..200,
    ) {
        let rows: Vec<PlanRow> =
            doses.iter().enumerate().map(|(of, doses)| row(of, 1, *doses)).collect();
        let session = SlotSeats::of(&rows, Some(timing("08:00", "16:30", minutes)));
        prop_assert_eq!(session.slots.values().sum::<u64>(), session.total());
        let (low, high) = (session.slots.values().min(), session.slots.values().max());
        prop_assert!(high.unwrap() - low.unwrap() <= 1);
    }

    #[test]
    fn whatever_is_taken_and_given_back_no_seat_is_given_twice(
        doses in prop::collection::vec((0_usize..3, 1_u8..3, 1_u32..6), 1..6),
        has_hours in any::<bool>(),
        acts in prop::collection::vec((0_usize..3, 1_u8..3, any::<prop::sample::Index>()), 1..80),
        before in prop::collection::vec((0_usize..4, 1_u8..3), 0..6),
    ) {
        let rows: Vec<PlanRow> = doses.iter().map(|(of, dose, n)| row(*of, *dose, *n)).collect();
        let hours = has_hours.then(|| timing("08:00", "10:00", 30));
        let session = SlotSeats::of(&rows, hours);
        let mut taken = Taken::default();
        // Appointments that the night gave have no slot yet, and may not say whose they are.
        let mut given = 0;
        for (of, dose) in before {
            let mine = (of < 3).then(|| cohort(of));
            let is_free = |of| !session.free(&taken, of, dose).is_empty();
            let has_room = mine.as_ref().is_none_or(is_free);
            if has_room && given < session.total() {
                taken.add(None, (mine, dose), 1);
                given += 1;
            }
        }
        if has_hours {
            for _ in 0..given {
                prop_assert!(session.give_slot(&mut taken).is_some());
            }
            prop_assert_eq!(taken.in_slot(None), 0);
        }
        for (of, dose, pick) in acts {
            let free = session.free(&taken, &cohort(of), dose);
            if free.is_empty() {
                continue;
            }
            let (slot, seats) = free[pick.index(free.len())];
            prop_assert!(seats > 0);
            taken.add(slot, (Some(cohort(of)), dose), 1);
            prop_assert!(taken.total() <= session.total());
            for (slot, seats) in &session.slots {
                prop_assert!(taken.in_slot(*slot) <= *seats);
            }
            for (key, doses) in &session.doses {
                let had = taken.of_cohort.get(key).copied().unwrap_or(0);
                prop_assert!(had <= *doses, "{key:?}: {had} of {doses}");
            }
        }
    }
}
