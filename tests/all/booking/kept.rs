//! What replanning, a file of another program and readers of free slots make of bookings.

use super::{EVE, Town};
use crate::support::{Ran, at, day, on_postgresql, wait};
use doseplan::app::booking::{Done, Wish};
use doseplan::domain::booking::{Answer, NoBooking, SlotTime};
use doseplan::domain::id::CampaignId;
use doseplan::domain::message::MailState;
use doseplan::domain::permission::Actor;
use doseplan::intake::bookings::read;
use doseplan::store::reminders::{self, Kind, Told};
use std::collections::BTreeMap;
use tokio::task::block_in_place;

async fn plans_come_and_go() {
    let town = Town::open(None, 120, 20).await;
    let now = at(EVE);
    // Somebody of the first days books a seat at the end, which was given back.
    let held = town.held().await;
    let last = held.values().map(|one| one.day).max().unwrap();
    let leaver = held.values().find(|one| one.day == last).unwrap().person.to_string();
    let token = town.token(&leaver).await;
    assert_eq!(town.app.book(&token, 0, &Wish::Cancel, now).await.unwrap(), Done::Done);
    let early = held.values().find(|one| one.day == day("2021-04-02")).unwrap().clone();
    let token = town.token(early.person.as_str()).await;
    let page = town.app.booking_page(&token, (0, None), now).await.unwrap().unwrap();
    let seat = page.choices.last().unwrap().shown.clone();
    let slot = seat.time.map(|(from, _)| from);
    let wish = Wish::Take((seat.day, seat.place.clone(), slot));
    assert_eq!(town.app.book(&token, 0, &wish, now).await.unwrap(), Done::Done);
    let booked = town.held().await[early.person.as_str()].clone();
    assert_eq!((booked.day, booked.slot, booked.answer), (seat.day, slot, Some(Answer::Booked)));
    // People of the register die, so there would be an earlier day for everybody.
    let mut gone = "person,area,born,died\n".to_owned();
    for no in 60..100 {
        let person = format!("p{no:04}");
        if person != early.person.as_str() {
            gone += &format!("{person},A,1950-01-01,2021-03-30\n");
        }
    }
    town.import("persons", &gone, EVE).await;
    for _ in 0..2 {
        town.plan(EVE).await;
        let held = town.held().await;
        assert_eq!(held[early.person.as_str()], booked);
        assert!(held.values().all(|one| one.slot.is_some()), "everybody has a slot");
    }
    town.app.assign(&town.loaded, now).await.unwrap();
    assert_eq!(town.held().await[early.person.as_str()], booked);
}

#[test]
fn a_booked_seat_survives_new_plans() {
    wait(plans_come_and_go());
}

async fn another_program_books() {
    let town = Town::open(None, 60, 20).await;
    let now = at(EVE);
    let held = town.held().await;
    let [a, b] = ["p0010", "p0030"].map(|person| held[person].clone());
    let path = town.world.path("booked.csv");
    let slot = |one: Option<SlotTime>| one.unwrap().to_string();
    let text = format!(
        "record,person,date,place,slot,state\n\
         b1,p0010,{},S1,{},confirmed\nb2,p0030,{},S1,{},cancelled\n\
         b3,p0031,2021-04-01,S1,08:00,booked\nb4,nobody,2021-04-01,S1,08:00,booked\n\
         b5,p0032,2021-04-01,S1,25:00,booked\n",
        a.day,
        slot(a.slot),
        b.day,
        slot(b.slot)
    );
    std::fs::write(&path, text).unwrap();
    let (rows, issues) = read(&path);
    assert_eq!((rows.len(), issues.len()), (4, 1), "{issues:?}");
    let by = Actor::CommandLine;
    // A campaign that has no plan takes no row away.
    let campaign = &town.loaded.campaign;
    let like = (&CampaignId::new("like"), campaign.start, campaign.end);
    town.app.copy_campaign(&town.loaded, like, by, now).await.unwrap();
    let all = [town.loaded.clone(), town.app.campaign(Some("like")).await.unwrap()];
    let done = town.app.import_bookings(&all, &rows, by, now).await.unwrap();
    let refused: Vec<_> = done.refused.iter().map(|one| (one.row, one.why)).collect();
    assert_eq!((done.rows, done.new, done.same), (4, 2, 0));
    assert_eq!(refused, [(4, NoBooking::Full), (5, NoBooking::Stranger)]);
    let after = town.held().await;
    assert_eq!(after["p0010"].answer, Some(Answer::Confirmed));
    assert!(!after.contains_key("p0030"));
    let again = town.app.import_bookings(&all, &rows, by, now).await.unwrap();
    assert_eq!((again.new, again.same), (0, 2));
    // The seat that was given back is free for other programs to see.
    let open = town.app.open_slots(&town.loaded, now).await.unwrap();
    let free: u64 = open.iter().map(|one| one.free).sum();
    let seats: u64 = open.iter().map(|one| one.seats).sum();
    assert_eq!(seats - free, after.len() as u64);
    let mine = |one: &&doseplan::app::booking::OpenSlot| {
        one.shown.day == b.day && one.shown.time.map(|(from, _)| from) == b.slot
    };
    assert_eq!(open.iter().find(mine).unwrap().free, 1);
}

#[test]
fn what_another_program_booked_comes_in_by_the_same_rules() {
    wait(another_program_books());
}

async fn a_site_opens_later_and_closes_earlier() {
    let mut town = Town::open(None, 60, 20).await;
    let of = |town: &Town, hours: &str| {
        let folder = super::seniors(60, 20).swap("sites.csv", ",08:00,10:30,30", hours);
        folder.write(&town.world.path("small"))
    };
    for (hours, first, last) in
        [(",09:00,10:00,30", "09:00", "09:30"), (",09:00,10:00,20", "09:00", "09:40")]
    {
        let folder = of(&town, hours);
        tokio::task::block_in_place(|| {
            let mut command = town.world.command(&["campaign", "apply", folder.to_str().unwrap()]);
            let ran = command.env("DOSEPLAN_CLOCK", format!("{EVE}+08:00")).output().unwrap();
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        });
        town.loaded = town.app.campaign(None).await.unwrap();
        town.app.assign(&town.loaded, at(EVE)).await.unwrap();
        let held = town.held().await;
        let slots: Vec<SlotTime> = held.values().filter_map(|one| one.slot).collect();
        assert_eq!(slots.len(), held.len(), "{hours}: everybody has a slot");
        let ends = [slots.iter().min(), slots.iter().max()].map(|one| one.unwrap().to_string());
        assert_eq!(ends, [first, last], "{hours}");
    }
}

#[test]
fn nobody_is_expected_when_the_site_is_shut() {
    wait(a_site_opens_later_and_closes_earlier());
}

/// Runs a command at a time of the eve.
fn on_the_eve(town: &Town, time: &str, words: &[&str]) -> Ran {
    tokio::task::block_in_place(|| {
        let mut command = town.world.command(words);
        command.env("DOSEPLAN_CLOCK", format!("2021-03-31T{time}:00+08:00"));
        Ran::from(command.output().expect("the program starts"))
    })
}

/// Kind, time and state of every message about the first day, by person.
async fn said(town: &Town) -> BTreeMap<String, Vec<(Kind, String, MailState)>> {
    let mut tx = town.app.store.read().await.expect("a reader");
    let told = reminders::told(&mut tx, town.loaded.no, day("2021-04-01")).await.expect("told");
    let line = |one: Told| {
        let time = one.what.slot.map(|slot| slot.to_string()).unwrap_or_default();
        (one.what.kind, time, one.state)
    };
    let lines = told.into_iter().map(|(who, all)| (who, all.into_iter().map(line).collect()));
    lines.collect()
}

async fn the_hours_change_after_the_reminder(address: Option<&str>) {
    let mut town = Town::open(address, 60, 20).await;
    let apply = |town: &Town, time: &str, hours: &str| {
        let folder = super::seniors(60, 20).swap("sites.csv", ",08:00,10:30,30", hours);
        let folder = folder.write(&town.world.path("small"));
        on_the_eve(town, time, &["campaign", "apply", folder.to_str().unwrap()]).ends(0);
    };
    on_the_eve(&town, "09:00", &["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    on_the_eve(&town, "09:05", &["outbox", "drain"]).ends(0);
    let before = said(&town).await;
    assert_eq!(before.len(), 20, "{before:?}");
    assert!(before.values().all(|all| all.len() == 1 && all[0].2 == MailState::Sent));
    // It opens an hour later and closes earlier: whoever has a time that it no longer has is told the new one.
    apply(&town, "09:30", ",09:00,10:00,30");
    on_the_eve(&town, "09:35", &["outbox", "drain"]).ends(0);
    town.loaded = town.app.campaign(None).await.unwrap();
    let held = town.held().await;
    let kept = ["09:00", "09:30"];
    for round in 0..2 {
        let told = said(&town).await;
        for (who, all) in &told {
            let old = &before[who][0].1;
            let now = held[who].slot.expect("a slot").to_string();
            assert!(kept.contains(&now.as_str()), "{who}: {now}");
            if kept.contains(&old.as_str()) {
                assert_eq!((all.len(), old), (1, &now), "{round} {who}: nothing has changed");
            } else {
                let wanted = (Kind::Moved, now, MailState::Sent);
                assert_eq!((all.len(), &all[1]), (2, &wanted), "{round} {who}: {all:?}");
            }
        }
        // Nobody is told twice, whatever runs again.
        on_the_eve(&town, "10:00", &["job", "run", "reminders", "--at", "2021-03-31T09:00"]);
        town.app.follow_up(at("2021-03-31T10:00:00")).await.unwrap();
        on_the_eve(&town, "10:05", &["outbox", "drain"]).ends(0);
    }
    let moved = before.values().filter(|all| !kept.contains(&all[0].1.as_str())).count();
    assert!(moved > 0 && moved < 20, "{moved}");
    // The mail names the old time and the new one, and does not say that the day is off.
    let list = ["outbox", "list", "--kind", "reminder", "-o", "json"];
    let all = on_the_eve(&town, "10:10", &list).ends(0).json();
    let last = all.as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).max();
    let last = last.expect("a mail").to_string();
    let mail = on_the_eve(&town, "10:10", &["outbox", "show", &last, "--part", "text"]).ends(0).out;
    for words in ["原定时间", "接种点开放时间调整", "时段：09:"] {
        assert!(mail.contains(words), "{words}: {mail}");
    }
    assert!(!mail.contains("已取消"), "{mail}");
    // A change while the message waits: what would leave untrue is withdrawn, and the newest time leaves once.
    apply(&town, "10:20", ",13:00,14:00,30");
    apply(&town, "10:21", ",15:00,16:00,30");
    on_the_eve(&town, "10:25", &["outbox", "drain"]).ends(0);
    on_the_eve(&town, "10:26", &["outbox", "drain"]).ends(0);
    let held = town.held().await;
    for (who, all) in said(&town).await {
        let sent: Vec<&str> = all
            .iter()
            .skip(1)
            .filter(|(_, time, state)| *state == MailState::Sent && time.as_str() > "12:00")
            .map(|(_, time, _)| time.as_str())
            .collect();
        assert_eq!(sent, [held[&who].slot.expect("a slot").to_string()], "{who}: {all:?}");
    }
}

#[test]
fn who_was_told_a_time_is_told_the_new_one_once() {
    wait(the_hours_change_after_the_reminder(None));
    on_postgresql(|server| wait(the_hours_change_after_the_reminder(Some(server))));
}

async fn a_site_closes() {
    let mut town = Town::open(None, 60, 20).await;
    let now = at(EVE);
    let held = town.held().await;
    let booked = held.values().find(|one| one.day == day("2021-04-02")).unwrap().clone();
    let token = town.token(booked.person.as_str()).await;
    assert_eq!(town.app.book(&token, 0, &Wish::Confirm, now).await.unwrap(), Done::Done);
    // Nobody was reminded of that day yet: who confirmed is told all the same, and nobody twice.
    let closed = super::seniors(60, 20).with("closures.csv", "place,date,doses\nS1,2021-04-02,0\n");
    let folder = closed.write(&town.world.path("small"));
    tokio::task::block_in_place(|| {
        let mut command = town.world.command(&["campaign", "apply", folder.to_str().unwrap()]);
        let ran = command.env("DOSEPLAN_CLOCK", format!("{EVE}+08:00")).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    });
    town.loaded = town.app.campaign(None).await.unwrap();
    let after = town.held().await;
    assert!(after.values().all(|one| one.day != day("2021-04-02")));
    for _ in 0..2 {
        town.app.follow_up(now).await.unwrap();
    }
    let mut tx = town.app.store.read().await.unwrap();
    let no = town.loaded.no;
    let told = doseplan::store::reminders::told(&mut tx, no, day("2021-04-01")).await.unwrap();
    let mine = &told[booked.person.as_str()];
    assert_eq!(mine.len(), 1);
    assert_eq!(told.len(), 1, "only who had answered knew of the day");
}

#[test]
fn who_confirmed_is_told_of_a_closed_site() {
    wait(a_site_closes());
}

async fn somebody_waits(address: Option<&str>) {
    let town = Town::open(address, 60, 20).await;
    let held = town.held().await;
    let last = held.values().map(|one| one.day).max().expect("appointments");
    let waits = held.values().rfind(|one| one.day == last).expect("one of the last day").clone();
    let early = held.values().find(|one| one.day < last).expect("one of an earlier day").clone();
    let token = town.token(waits.person.as_str()).await;
    let book = async |token: &str, wish: Wish| {
        town.app.book(token, 0, &wish, at(EVE)).await.expect("an answer")
    };
    assert_eq!(book(&token, Wish::Wait).await, Done::Refused(NoBooking::HasOne));
    assert_eq!(book(&token, Wish::Cancel).await, Done::Done);
    assert_eq!(book(&token, Wish::Wait).await, Done::Done);
    assert_eq!(book(&token, Wish::Wait).await, Done::Already);
    assert_eq!(book(&token, Wish::Leave).await, Done::Done);
    assert_eq!(book(&token, Wish::Wait).await, Done::Done);
    // Their own seat is free, and not what they wait for.
    town.app.mend(&town.loaded, at(EVE)).await.expect("it mends");
    assert!(!town.held().await.contains_key(waits.person.as_str()));
    // Somebody else's becomes free: it is theirs, they are told at once, and no new plan takes it away.
    let other = town.token(early.person.as_str()).await;
    assert_eq!(book(&other, Wish::Cancel).await, Done::Done);
    town.app.mend(&town.loaded, at(EVE)).await.expect("it mends");
    let mine = town.held().await[waits.person.as_str()].clone();
    assert_eq!(
        (mine.day, &mine.place, mine.answer),
        (early.day, &early.place, Some(Answer::Booked))
    );
    let told = async |subject: &str| {
        let list = ["outbox", "list", "--kind", "reminder", "-o", "json"];
        let all = block_in_place(|| town.world.run(&list)).ends(0).json();
        let all = all.as_array().expect("a list");
        all.iter().filter(|one| one["subject"].as_str().unwrap().contains(subject)).count()
    };
    assert_eq!(told("候补成功").await, 1);
    town.app.mend(&town.loaded, at(EVE)).await.expect("it mends");
    town.plan(EVE).await;
    assert_eq!(told("候补成功").await, 1, "once is enough");
    assert_eq!(town.held().await[waits.person.as_str()], mine);
    let page = town.app.booking_page(&token, (0, None), at(EVE)).await.expect("a page");
    assert!(!page.expect("the link's").members[0].waits);
    // Whoever has had the dose elsewhere waits for nothing, and is on no list.
    let waiting = async |now: &str| {
        let all = town.app.waiting(&town.loaded, at(now)).await.expect("a list").into_iter();
        all.map(|one| one.person).collect::<Vec<_>>()
    };
    assert_eq!(book(&other, Wish::Wait).await, Done::Done);
    assert_eq!(waiting(EVE).await, std::slice::from_ref(&early.person));
    let given = format!("record,person,date,place\nw1,{},2021-04-01,S1\n", early.person);
    town.import("doses", &given, "2021-04-02T09:00:00").await;
    assert_eq!(waiting("2021-04-02T09:00:00").await, []);
}

#[test]
fn who_waits_gets_the_next_free_seat_and_is_told() {
    wait(somebody_waits(None));
    on_postgresql(|server| wait(somebody_waits(Some(server))));
}
