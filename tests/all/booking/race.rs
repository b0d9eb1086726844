//! Five hundred people at once for fifty seats: fifty get one, the others keep what they had, nobody has two.

use super::{EVE, Town};
use crate::support::{at, day, on_postgresql, wait};
use doseplan::app::App;
use doseplan::app::booking::{Done, Wish};
use doseplan::domain::booking::{Answer, NoBooking, SlotTime};
use doseplan::domain::id::PlaceCode;
use doseplan::domain::permission::Actor;
use std::collections::BTreeMap;
use std::sync::Arc;

const PEOPLE: usize = 500;
const SEATS: usize = 50;

/// Rounds of the test; `DOSEPLAN_RACES` asks for more.
fn rounds() -> usize {
    std::env::var("DOSEPLAN_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// The seat of the first day in a slot.
fn wish(slot: usize) -> Wish {
    let minute = 480 + 30 * i64::try_from(slot % 5).unwrap();
    Wish::Take((day("2021-04-01"), PlaceCode::from("S1"), SlotTime::of_minute(minute)))
}

/// The same database as another process has it: people who ask one are not served together with those who ask the
/// other.
fn other_process(town: &Town) -> App {
    App::new(town.app.store.clone(), town.app.config.clone())
}

async fn round(town: &Arc<Town>, tokens: &Arc<Vec<String>>, nth: usize) {
    let now = at(EVE);
    let other = other_process(town);
    // Whoever has a seat of the first day gives it back.
    for (person, held) in town.held().await {
        if held.day == day("2021-04-01") {
            let no: usize = person[1..].parse().unwrap();
            let done = town.app.book(&tokens[no], 0, &Wish::Cancel, now).await.unwrap();
            assert_eq!(done, Done::Done);
        }
    }
    let before = town.held().await;
    let mut tasks = tokio::task::JoinSet::new();
    for no in 0..PEOPLE {
        let (app, tokens) = (if no % 3 == 0 { &other } else { &town.app }, Arc::clone(tokens));
        let app = app.clone();
        tasks.spawn(async move {
            let (token, start) = (&tokens[no], std::time::Instant::now());
            let took = || start.elapsed().as_millis();
            for slot in 0..5 {
                let done = app.book(token, 0, &wish(no + slot + nth), now).await.unwrap();
                match done {
                    Done::Done => return (no, true, took()),
                    Done::Refused(NoBooking::Full) => {}
                    other => panic!("{no}: {other:?}"),
                }
            }
            (no, false, took())
        });
    }
    let mut given = 0;
    let after = tasks.join_all().await;
    let mut took: Vec<u128> = after.iter().map(|(.., took)| *took).collect();
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    eprintln!("round {nth}: ms until everybody has an answer: p50 {}, p99 {}", at(50), at(99));
    let held = town.held().await;
    let mut by_slot: BTreeMap<Option<SlotTime>, usize> = BTreeMap::new();
    for one in held.values().filter(|one| one.day == day("2021-04-01")) {
        assert_eq!(one.answer, Some(Answer::Booked));
        *by_slot.entry(one.slot).or_default() += 1;
    }
    for (no, has_seat, _) in after {
        let person = format!("p{no:04}");
        let mine = held.get(&person);
        if has_seat {
            given += 1;
            assert!(mine.is_some_and(|mine| mine.day == day("2021-04-01")), "{person} lost a seat");
        } else {
            assert_eq!(mine, before.get(&person), "{person} has another seat than before");
        }
    }
    assert_eq!(given, SEATS);
    assert_eq!(by_slot.into_values().collect::<Vec<_>>(), [10; 5]);
}

async fn race(address: Option<&str>) {
    let town = Arc::new(Town::open(address, PEOPLE, SEATS).await);
    let mut tokens = Vec::new();
    for no in 0..PEOPLE {
        tokens.push(town.token(&format!("p{no:04}")).await);
    }
    let tokens = Arc::new(tokens);
    assert_eq!(town.held().await.len(), PEOPLE);
    for nth in 0..rounds() {
        let start = std::time::Instant::now();
        round(&town, &tokens, nth).await;
        eprintln!("round {nth}: {PEOPLE} people, {SEATS} seats, {:?}", start.elapsed());
    }
    // Who found nothing sees what is free elsewhere.
    let held = town.held().await;
    let late = (0..PEOPLE)
        .find(|no| held.get(&format!("p{no:04}")).is_none_or(|one| one.day != day("2021-04-01")));
    let page = town.app.booking_page(&tokens[late.unwrap()], (0, None), at(EVE)).await.unwrap();
    let page = page.expect("a page");
    assert!(!page.choices.is_empty());
    assert!(page.choices.iter().all(|choice| choice.shown.day > day("2021-04-01")));
}

#[test]
fn fifty_seats_are_given_once_on_sqlite() {
    wait(race(None));
}

#[test]
fn fifty_seats_are_given_once_on_postgresql() {
    on_postgresql(|address| wait(race(Some(address))));
}

/// Seats are counted once for all who look, as long as they stay the same: whoever looks after a change sees it.
async fn changes(address: Option<&str>) {
    let town = Town::open(address, 40, 10).await;
    let now = at(EVE);
    // It has counted nothing yet.
    let other = || other_process(&town);
    let token = town.token("p0039").await;
    let free = async |change: &str| {
        let page = town.app.booking_page(&token, (0, None), now).await.unwrap().unwrap();
        let anew = other().booking_page(&token, (0, None), now).await.unwrap().unwrap();
        assert_eq!(page, anew, "after {change}");
        page.choices.iter().map(|choice| choice.free).sum::<u64>()
    };
    let full = free("nothing").await;
    let (leaver, joiner) = (town.token("p0001").await, town.token("p0002").await);
    let seat = town.held().await["p0001"].clone();
    assert_eq!(town.app.book(&leaver, 0, &Wish::Cancel, now).await.unwrap(), Done::Done);
    assert_eq!(free("a seat was given back").await, full + 1);
    let wish = Wish::Take((seat.day, seat.place.clone(), seat.slot));
    let done = other().book(&joiner, 0, &wish, now).await.unwrap();
    assert!(matches!(done, Done::Done | Done::Already), "{done:?}");
    free("another process gave the seat").await;
    assert_eq!(town.app.book(&joiner, 0, &Wish::Cancel, now).await.unwrap(), Done::Done);
    assert_eq!(free("that was given back").await, full + 2);
    let by = Actor::CommandLine;
    town.app.merge_people(("p0010", "p0020"), by, now).await.expect("two codes are one person");
    assert_eq!(free("two with a seat each became one").await, full + 3);
    town.app.unmerge_people("p0020", true, by, now).await.expect("they are two again");
    free("they are two again").await;
    town.import("persons", "person,area,born,died\np0011,A,1950-01-01,2021-03-30\n", EVE).await;
    town.app.assign(&town.loaded, now).await.unwrap();
    free("somebody died, and others were called").await;
    town.plan(EVE).await;
    free("there is another plan").await;
}

#[test]
fn whoever_looks_sees_the_seats_as_they_are_now_on_sqlite() {
    wait(changes(None));
}

#[test]
fn whoever_looks_sees_the_seats_as_they_are_now_on_postgresql() {
    on_postgresql(|address| wait(changes(Some(address))));
}

/// Wishes that are served together: each has its own answer, also of one person, and its own line of the audit log.
async fn together(address: Option<&str>) {
    let town = Town::open(address, 40, 10).await;
    let now = at(EVE);
    let (mut tokens, held) = (Vec::new(), town.held().await);
    for no in 0..12 {
        tokens.push(town.token(&format!("p{no:04}")).await);
    }
    let lines = async || town.app.audit(None, i64::MAX, 1000).await.unwrap().len();
    let before = lines().await;
    let take = |person: &str| {
        let one = &held[person];
        // What they have already: taking it confirms it.
        Wish::Take((one.day, one.place.clone(), one.slot))
    };
    let mut asked = vec![
        // Pressed twice.
        (tokens[5].clone(), 0, take("p0005")),
        (tokens[5].clone(), 0, take("p0005")),
        ("nobody".to_owned(), 0, Wish::Cancel),
        // Two of one household, by two links.
        (tokens[0].clone(), 1, Wish::Cancel),
        (tokens[1].clone(), 0, Wish::Cancel),
        (tokens[2].clone(), 99, Wish::Cancel),
    ];
    asked.extend((6..12).map(|no| (tokens[no].clone(), 0, Wish::Cancel)));
    let mut tasks = tokio::task::JoinSet::new();
    for (nth, (token, member, wish)) in asked.into_iter().enumerate() {
        let app = town.app.clone();
        tasks.spawn(async move { (nth, app.book(&token, member, &wish, now).await.unwrap()) });
    }
    let mut done = tasks.join_all().await;
    done.sort_by_key(|(nth, _)| *nth);
    let done: Vec<Done> = done.into_iter().map(|(_, done)| done).collect();
    let count = |of: &[Done], wanted| of.iter().filter(|done| **done == wanted).count();
    assert_eq!((count(&done[..2], Done::Done), count(&done[..2], Done::Already)), (1, 1));
    assert_eq!((done[2], done[5]), (Done::Unknown, Done::Unknown));
    let gone = Done::Refused(NoBooking::None);
    assert_eq!((count(&done[3..5], Done::Done), count(&done[3..5], gone)), (1, 1));
    assert_eq!(count(&done[6..], Done::Done), 6);
    assert_eq!(lines().await - before, 8, "each change has its line");
    let after = town.held().await;
    assert_eq!(after["p0005"].answer, Some(Answer::Confirmed));
    assert_eq!(held.len() - after.len(), 7);
    assert!(!after.contains_key("p0001") && after.contains_key("p0000"));
}

#[test]
fn wishes_at_one_time_have_their_own_answers_on_sqlite() {
    wait(together(None));
}

#[test]
fn wishes_at_one_time_have_their_own_answers_on_postgresql() {
    on_postgresql(|address| wait(together(Some(address))));
}
