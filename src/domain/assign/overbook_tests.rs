use super::super::super::outset::Left;
use super::super::tests::{candidate as anybody, day};
use super::super::*;
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A first dose at place 1 for cohort `cohort`.
fn offer(number: u32, cohort: u32, doses: u32) -> Offer {
    Offer { day: day(number), place: PlaceNo(1), cohort: CohortNo(cohort), dose: 1, doses }
}

fn candidate(person: u32, cohort: u32) -> Candidate {
    Candidate { cohort: CohortNo(cohort), ..anybody(person) }
}

fn chances(risk: f64, called: f64, seats: f64) -> Chances {
    let cohorts = [CohortNo(0), CohortNo(1)];
    Chances {
        risk,
        called: cohorts.map(|no| ((no, 1), called)).into(),
        seats: cohorts.map(|no| ((no, 1), seats)).into(),
        reach: cohorts.map(|no| (PlaceNo(1), no)).into(),
        has_vaccine: true,
    }
}

/// Assigns on 1 May, again and again until nothing changes, so that later appointments are there to bring forward.
/// Nobody who was called to the next day loses that.
fn settle(offers: &[Offer], people: &mut [Candidate], others: u64, chances: &Chances) {
    loop {
        let registered = |no| people.iter().filter(|one| one.cohort == CohortNo(no)).count() as u64;
        let left =
            |no| Left { registered: registered(no), others: if no == 0 { 0 } else { others } };
        let left = [0, 1].map(|no| ((CohortNo(no), 1), left(no))).into();
        let reported = BTreeSet::new();
        let out = assign(Input {
            offers,
            today: day(1),
            first: day(1),
            candidates: people.to_vec(),
            others: Vec::new(),
            reported: &reported,
            left,
            chances: chances.clone(),
        });
        if out.new.is_empty() && out.ended.is_empty() {
            return;
        }
        let new: BTreeMap<_, _> = out.new.into_iter().collect();
        assert!(out.ended.iter().all(|(_, held, _)| held.day != day(2)), "told, and moved");
        let ended: BTreeSet<_> = out.ended.iter().map(|(person, ..)| *person).collect();
        for one in people.iter_mut() {
            let stays = one.held.filter(|_| !ended.contains(&one.person));
            one.held = new.get(&one.person).copied().or(stays);
        }
    }
}

/// Appointments on 2 May.
fn tomorrow(people: &[Candidate]) -> usize {
    people.iter().filter(|one| one.held.is_some_and(|held| held.day == day(2))).count()
}

/// Ten seats for a cohort of the register, ten for one of which most are in no register; and many more on the 20th.
fn sessions() -> [Offer; 4] {
    [offer(2, 0, 10), offer(20, 0, 40), offer(2, 1, 10), offer(20, 1, 40)]
}

fn people() -> Vec<Candidate> {
    (0..60).map(|person| candidate(person, u32::from(person >= 50))).collect()
}

#[test]
fn more_are_called_where_some_stay_away() {
    // Everybody comes: ten of the register, and its part of the other ten seats.
    for (risk, called, seats, expected) in [
        (0.02, 1.0, 1.0, 12),
        (0.0, 0.8, 0.8, 12),
        (0.02, 0.8, 0.8, 13),
        (0.02, 0.8, 0.0, 20),
        (0.2, 0.8, 0.8, 15),
    ] {
        let mut all = people();
        settle(&sessions(), &mut all, 40, &chances(risk, called, seats));
        assert_eq!(
            tomorrow(&all),
            expected,
            "risk {risk}, {called} of the called come, {seats} of the seats"
        );
    }
}

#[test]
fn people_are_called_to_a_session_that_has_no_seat_for_them_where_the_plan_calls_them_to_its_place()
{
    // Tomorrow's session is for cohort 0 alone, whose people all have their day; cohort 1 comes here later.
    let offers = [offer(2, 0, 100), offer(20, 1, 100)];
    let called = |reach: &[(u32, u32)], risk| {
        let mut all: Vec<Candidate> =
            (0..200).map(|person| candidate(person, u32::from(person >= 100))).collect();
        let reach = reach.iter().map(|(place, cohort)| (PlaceNo(*place), CohortNo(*cohort)));
        let chances = Chances { reach: reach.collect(), ..chances(risk, 0.7, 1.0) };
        settle(&offers, &mut all, 0, &chances);
        tomorrow(&all)
    };
    assert!((110..125).contains(&called(&[(1, 0), (1, 1)], 0.02)));
    assert_eq!(called(&[(1, 0), (1, 1)], 0.0), 100);
    assert_eq!(called(&[(1, 0), (2, 1)], 0.02), 100, "the plan calls them elsewhere");
}

#[test]
fn whoever_is_called_for_today_keeps_that_when_the_plan_calls_nobody_else_there() {
    for (today, kept) in [(day(2), 1), (day(1), 0)] {
        let held = Seat { day: day(2), place: PlaceNo(1), dose: 1 };
        let out = assign(Input {
            offers: &[offer(2, 0, 100)],
            today,
            first: today,
            candidates: vec![Candidate { held: Some(held), is_told: true, ..candidate(7, 1) }],
            others: Vec::new(),
            reported: &BTreeSet::new(),
            left: BTreeMap::new(),
            chances: Chances { reach: BTreeSet::new(), ..chances(0.02, 0.7, 0.5) },
        });
        assert_eq!(out.kept, kept, "{today}: {out:?}");
    }
}

#[test]
fn whoever_knows_of_a_day_keeps_it() {
    let offers = [offer(2, 0, 100), offer(20, 0, 100)];
    let mut all: Vec<Candidate> = (0..200).map(|person| candidate(person, 0)).collect();
    for (at, one) in all.iter_mut().enumerate() {
        let on = if at < 100 { 2 } else { 20 };
        one.held = Some(Seat { day: day(on), place: PlaceNo(1), dose: 1 });
        one.is_told = on == 20;
    }
    settle(&offers, &mut all, 0, &chances(0.02, 0.7, 1.0));
    assert_eq!(tomorrow(&all), 100);
}

#[test]
fn without_vaccine_nobody_is_called_beyond_the_seats() {
    let offers = [offer(2, 0, 100), offer(20, 0, 100)];
    let all: Vec<Candidate> = (0..200).map(|person| candidate(person, 0)).collect();
    let called = |has_vaccine| {
        let mut all = all.clone();
        settle(&offers, &mut all, 0, &Chances { has_vaccine, ..chances(0.02, 0.7, 1.0) });
        tomorrow(&all)
    };
    assert_eq!(called(false), 100);
    assert!((110..125).contains(&called(true)), "{}", called(true));
}

proptest! {
    #[test]
    fn nobody_is_turned_away_more_often_than_allowed_and_nobody_moves_twice(
        seats in (1_u32..40, 1_u32..40),
        register in 20_u32..120,
        others in 0_u64..80,
        (risk, called, used) in (0.0_f64..0.1, 0.3_f64..1.0, 0.0_f64..1.0),
    ) {
        let offers =
            [offer(2, 0, seats.0), offer(20, 0, 60), offer(2, 1, seats.1), offer(20, 1, 60)];
        let mut all: Vec<Candidate> = (0..register).map(|one| candidate(one, one % 2)).collect();
        let chances = chances(risk, called, used);
        settle(&offers, &mut all, others, &chances);
        let mut crowd = Crowd::new(u64::from(seats.0 + seats.1));
        let mut named = crowd.clone();
        for (no, doses) in [(0, seats.0), (1, seats.1)] {
            let mine = all.iter().filter(|one| one.cohort == CohortNo(no));
            let mine: Vec<Candidate> = mine.copied().collect();
            let count = tomorrow(&mine) as u64;
            crowd.add_all(count, called);
            named.add_all(count, called);
            crowd.add_all(u64::from(doses).saturating_sub(count), used);
        }
        prop_assert!(crowd.beyond() <= risk + 1e-12);
        prop_assert!(named.beyond() <= risk * CALLED_PART + 1e-12);
    }
}
