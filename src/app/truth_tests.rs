//! What is stored withdraws what no longer stands, and what leaves is true: the small campaign with forty people, all
//! of whom read mails.

use super::breaking::Broken;
use super::import::Kind;
use super::mending::Waits;
use super::outbox::Sender;
use super::plans::Search;
use super::{App, Loaded, millis};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::assign::{Assignment, Ended};
use crate::domain::campaign::{Adopt, Campaign, Language};
use crate::domain::date::resolve;
use crate::domain::id::{PersonId, PlaceCode};
use crate::domain::message::{MailKind, MailState};
use crate::domain::permission::Actor;
use crate::domain::planner::Limits;
use crate::domain::site::Closure;
use crate::domain::standing::Cause;
use crate::mail::transport::Transport;
use crate::store::Store;
use crate::store::outbox::Message;
use crate::store::{assignments, outbox, reminders};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tempfile::TempDir;

const CAMPAIGN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/campaigns/base");
/// People of the register: the odd ones live in pairs, and the first of a pair reads for both.
const PEOPLE: usize = 40;

struct County {
    folder: TempDir,
    app: App,
    campaign: Campaign,
}

/// A local time of the county.
fn at(local: &str) -> DateTime<Utc> {
    resolve(chrono_tz::Asia::Shanghai, format!("{local}:00").parse().expect("a local time"))
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

impl County {
    /// Planned and adopted on the eve of the campaign.
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Campaign)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("doseplan.db");
        let store = Store::open(&format!("sqlite://{}", file.display()), true).await;
        let mut app = App::new(store.expect("a database"), Config::default());
        app.transport = Some(Transport::QuickFolder(folder.path().join("mail")));
        let read = crate::intake::campaign(Path::new(CAMPAIGN), crate::intake::series::all());
        let Ok(read) = read else { panic!("the campaign of the fixtures is sound") };
        let mut campaign = read.campaign;
        campaign.adopt = Adopt::Auto;
        campaign.end = day("2021-05-20");
        for row in &mut campaign.eligible {
            row.people = if row.group.as_str() == "adult" { 20 } else { 0 };
        }
        for site in &mut campaign.sites {
            (site.weekday_doses, site.saturday_doses, site.sunday_doses) = (6, 0, 0);
        }
        change(&mut campaign);
        let county = Self { folder, app, campaign };
        county.apply(|_| {}, "2021-03-20T09:00").await;
        let row = |n: usize| {
            let area = if n.is_multiple_of(2) { "A" } else { "B" };
            let home = if n % 4 < 2 { format!("H{}", n / 4) } else { String::new() };
            format!("p{n:02},{area},1980-01-01,p{n}@home.example,{home}")
        };
        let rows: Vec<String> = (0..PEOPLE).map(row).collect();
        let header = "person,area,born,email,household";
        county.import(Kind::Persons, header, &rows.join("\n"), "2021-03-20T10:00").await;
        county.plan(None, "2021-03-24T01:00").await;
        county
    }

    async fn loaded(&self) -> Loaded {
        self.app.campaign(None).await.expect("a campaign")
    }

    async fn apply(&self, change: impl FnOnce(&mut Campaign), now: &str) -> Vec<Broken> {
        let mut campaign = self.campaign.clone();
        change(&mut campaign);
        let done = Box::pin(self.app.apply(&campaign, Actor::CommandLine, at(now))).await;
        done.expect("the campaign is stored").broken
    }

    async fn import(&self, kind: Kind, header: &str, rows: &str, now: &str) {
        let file = self.folder.path().join("rows.csv");
        std::fs::write(&file, format!("{header}\n{rows}\n")).expect("a file");
        let loaded = self.loaded().await;
        let done = Box::pin(self.app.import(&loaded, kind, &file, Language::En, at(now))).await;
        let done = done.expect("an import");
        assert!(done.refused == 0 && done.fault.is_empty(), "{:?} {:?}", done.issues, done.fault);
    }

    async fn plan(&self, from: Option<NaiveDate>, now: &str) {
        let loaded = self.loaded().await;
        let search =
            Search { limits: Limits::QUICK, progress: &mut |_| {}, time_used: &mut || 0.0 };
        let by = Actor::CommandLine;
        let made =
            Box::pin(self.app.make_plan(&loaded, from, by, search, at(now))).await.expect("a plan");
        Box::pin(self.app.adopt_plan(&loaded, Some(made.no), by, at(now)))
            .await
            .expect("it is adopted");
    }

    async fn remind(&self, now: &str) {
        let loaded = self.loaded().await;
        let day = at(now).with_timezone(&chrono_tz::Asia::Shanghai).date_naive();
        self.app
            .queue_reminders(std::slice::from_ref(&loaded), day, at(now))
            .await
            .expect("reminders");
    }

    async fn digest(&self, now: &str) {
        let loaded = self.loaded().await;
        let day = at(now).with_timezone(&chrono_tz::Asia::Shanghai).date_naive();
        self.app
            .queue_digests(std::slice::from_ref(&loaded), day, None, at(now))
            .await
            .expect("digests");
    }

    async fn follow_up(&self, now: &str) {
        self.app.follow_up(at(now)).await.expect("it is mended and told");
    }

    /// Sends what is due; returns how many left.
    async fn send(&self, now: &str) -> u64 {
        let clock = Clock::simulated(at(now));
        let sender = Sender { owner: "test", clock: &clock, stop: &|| false, by_hand: true };
        self.app.drain(&sender).await.expect("a drain").sent()
    }

    async fn held(&self) -> BTreeMap<PersonId, Assignment> {
        let no = self.loaded().await.no;
        let mut tx = self.app.store.read().await.expect("a reader");
        assignments::all(&mut tx, no).await.expect("appointments")
    }

    /// The day with the first appointments.
    async fn first(&self) -> NaiveDate {
        self.held().await.values().map(|one| one.day).min().expect("an appointment")
    }

    async fn mails(&self, kind: MailKind, state: MailState) -> Vec<Message> {
        let mut tx = self.app.store.read().await.expect("a reader");
        outbox::list(&mut tx, Some(state), Some(kind)).await.expect("the queue")
    }

    /// What mails in a state say of people, in the order of the mails.
    async fn said(&self, states: &[MailState]) -> Vec<reminders::Reminded> {
        let mut out = Vec::new();
        for state in states {
            let ids = self.mails(MailKind::Reminder, *state).await;
            let ids: Vec<i64> = ids.iter().map(|mail| mail.id).collect();
            let mut tx = self.app.store.read().await.expect("a reader");
            let said = reminders::of_mails(&mut tx, &ids).await.expect("reminders");
            out.extend(said);
        }
        out.sort_by_key(|(mail, _, _)| *mail);
        out.into_iter().map(|(_, _, said)| said).collect()
    }

    /// No mail that waits calls anybody to an appointment that does not stand.
    async fn nothing_untrue_waits(&self, when: &str) {
        let held = self.held().await;
        for said in self.said(&[MailState::Queued]).await {
            let stands = held.get(said.person.as_str()).is_some_and(|one| {
                (one.day, one.place.as_str(), one.dose) == (said.day, &said.place, said.dose)
            });
            let is_right = match said.kind {
                reminders::Kind::Cancelled => !stands,
                reminders::Kind::Overdue => true,
                _ => stands,
            };
            assert!(is_right, "after {when}: {said:?} waits, {:?}", held.get(said.person.as_str()));
        }
    }

    /// Everybody believes what is so: the last that reached them is their appointment, or that it is off.
    async fn everybody_knows(&self, from: NaiveDate) {
        let held = self.held().await;
        let mut last = BTreeMap::new();
        for said in self.said(&[MailState::Sent]).await {
            last.insert(said.person.clone(), said);
        }
        for (person, said) in last.iter().filter(|(_, said)| said.day >= from) {
            let now = held.get(person.as_str()).map(|one| (one.day, one.place.to_string()));
            let told = Some((said.day, said.place.clone()));
            let is_off = said.kind == reminders::Kind::Cancelled;
            assert!(if is_off { now != told } else { now == told }, "{said:?} but {now:?}");
        }
    }
}

fn shut(place: &str, day: NaiveDate) -> Closure {
    Closure { place: place.into(), day, doses: 0 }
}

/// The place with the most appointments on a day.
fn busiest(held: &BTreeMap<PersonId, Assignment>, day: NaiveDate) -> PlaceCode {
    let mut at: BTreeMap<&PlaceCode, usize> = BTreeMap::new();
    held.values()
        .filter(|one| one.day == day)
        .for_each(|one| *at.entry(&one.place).or_default() += 1);
    let most = at.into_iter().max_by_key(|(_, count)| *count);
    most.expect("an appointment").0.clone()
}

fn local(day: NaiveDate, time: &str) -> String {
    format!("{day}T{time}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closure_withdraws_its_appointments_and_whoever_was_told_is_told_again() {
    let county = County::new().await;
    let first = county.first().await;
    let eve = first - TimeDelta::days(1);
    county.remind(&local(eve, "09:00")).await;
    assert!(county.send(&local(eve, "09:05")).await > 0);
    county.digest(&local(eve, "17:00")).await;
    county.send(&local(eve, "17:05")).await;
    let place = busiest(&county.held().await, first);
    let told: BTreeSet<String> = county
        .said(&[MailState::Sent])
        .await
        .into_iter()
        .filter(|said| said.place == place.as_str())
        .map(|said| said.person)
        .collect();
    assert!(!told.is_empty());
    let close = |campaign: &mut Campaign| campaign.closures.push(shut(place.as_str(), first));
    let broken = county.apply(close, &local(eve, "18:00")).await;
    assert!(broken[0].unrest.seats[&Cause::Closed] > 0, "{broken:?}");
    assert!(broken[0].unrest.withdrawn >= told.len() as u64, "{broken:?}");
    let is_there = |one: &&Assignment| (one.day, &one.place) == (first, &place);
    assert_eq!(county.held().await.values().filter(is_there).count(), 0, "in the same transaction");
    county.follow_up(&local(eve, "18:00")).await;
    assert_eq!(county.held().await.values().filter(is_there).count(), 0, "nor after mending");
    county.nothing_untrue_waits("a closure").await;
    county.send(&local(eve, "18:05")).await;
    county.everybody_knows(eve).await;
    let again: BTreeSet<String> = county
        .said(&[MailState::Sent])
        .await
        .into_iter()
        .filter(|said| said.kind != reminders::Kind::Tomorrow)
        .map(|said| said.person)
        .collect();
    assert!(told.is_subset(&again), "{told:?} {again:?}");
    // The lead is told again, and the coordinator is told what became of the plan.
    let lead = format!("{}@small.example", place.as_str().to_lowercase());
    let digests = county.mails(MailKind::Digest, MailState::Sent).await;
    assert!(digests.iter().filter(|mail| mail.to == lead).count() >= 2 || place.as_str() != "S01");
    assert_eq!(county.mails(MailKind::Change, MailState::Sent).await.len(), 1);
    // Nobody is told the same again.
    county.follow_up(&local(eve, "19:00")).await;
    assert_eq!(county.send(&local(eve, "19:05")).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_that_wait_are_withdrawn_with_the_appointment_and_others_of_the_home_go_out() {
    let county = County::new().await;
    let first = county.first().await;
    let eve = first - TimeDelta::days(1);
    county.remind(&local(eve, "07:00")).await;
    let before = county.mails(MailKind::Reminder, MailState::Queued).await.len();
    assert!(before > 0, "quiet hours hold them back");
    let place = busiest(&county.held().await, first);
    let close = |campaign: &mut Campaign| campaign.closures.push(shut(place.as_str(), first));
    county.apply(close, &local(eve, "07:30")).await;
    assert!(!county.mails(MailKind::Reminder, MailState::Withdrawn).await.is_empty());
    county.nothing_untrue_waits("a closure").await;
    county.follow_up(&local(eve, "07:30")).await;
    county.nothing_untrue_waits("mending").await;
    county.send(&local(eve, "09:00")).await;
    let held = county.held().await;
    let said = county.said(&[MailState::Sent]).await;
    let is_told = |one: &&Assignment| {
        let person = one.person.as_str();
        said.iter().any(|said| said.person == person && said.day == first)
    };
    let all = held.values().filter(|one| one.day == first).count();
    assert_eq!(held.values().filter(|one| one.day == first).filter(is_told).count(), all);
    assert!(said.iter().all(|said| said.place != place.as_str() || said.day != first));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_had_the_dose_died_or_is_barred_is_called_or_told() {
    let county = County::new().await;
    let first = county.first().await;
    let eve = first - TimeDelta::days(1);
    county.remind(&local(eve, "07:00")).await;
    let held = county.held().await;
    let mut people = held.values().filter(|one| one.day == first).map(|one| one.person.as_str());
    let (dead, done) = (people.next().expect("one"), people.next().expect("another"));
    let header = "record,person,date,outcome,until";
    let row = format!("o1,{dead},{eve},dead,");
    county.import(Kind::Outcomes, header, &row, &local(eve, "07:10")).await;
    let row = format!("d1,{done},{eve},S02,vero");
    county
        .import(Kind::Doses, "record,person,date,place,product", &row, &local(eve, "07:20"))
        .await;
    let now = county.held().await;
    assert!(!now.contains_key(dead) && now.get(done).is_none_or(|one| one.dose == 2));
    county.nothing_untrue_waits("a death and a dose").await;
    county.follow_up(&local(eve, "07:30")).await;
    county.send(&local(eve, "09:00")).await;
    let said = county.said(&[MailState::Sent]).await;
    assert!(said.iter().all(|said| said.person != dead && said.person != done), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_day_that_plans_may_still_move_is_told_when_it_comes() {
    let county = County::new().await;
    let first = county.first().await;
    let eve = first - TimeDelta::days(1);
    county.remind(&local(eve, "09:00")).await;
    county.send(&local(eve, "09:05")).await;
    let held = county.held().await;
    let two: Vec<_> = held.values().filter(|one| one.day == first).take(2).cloned().collect();
    let loaded = county.loaded().await;
    let (near, far) = (first + TimeDelta::days(3), first + TimeDelta::days(20));
    let mut tx = county.app.store.write().await.expect("a writer");
    for (one, day) in two.iter().zip([near, far]) {
        let now = millis(at(&local(eve, "10:00")));
        let who = [one.person.as_str()];
        assignments::end(&mut tx, loaded.no, &who, Ended::Short, now).await.expect("it ends");
        let session = (day, &one.place, one.dose, None);
        assignments::write(&mut tx, loaded.no, session, &who, (1, now)).await.expect("it begins");
    }
    tx.commit().await.expect("both");
    county.app.tell(&loaded, at(&local(eve, "10:00"))).await.expect("it is told");
    county.send(&local(eve, "10:05")).await;
    let said = county.said(&[MailState::Sent]).await;
    let kinds = two.iter().map(|one| {
        let last = said.iter().rfind(|said| said.person == one.person.as_str()).expect("a mail");
        (last.kind, last.day)
    });
    let expected = [(reminders::Kind::Moved, near), (reminders::Kind::Cancelled, first)];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_no_longer_true_when_it_would_leave_is_withdrawn_and_the_new_place_told() {
    let county = County::new().await;
    let first = county.first().await;
    let eve = first - TimeDelta::days(1);
    county.remind(&local(eve, "09:00")).await;
    county.send(&local(eve, "09:05")).await;
    // Somebody is moved to the other site of the same day, behind the app's back.
    let held = county.held().await;
    let one = held.values().find(|one| one.day == first && one.place.as_str() == "S01");
    let one = one.expect("somebody comes to the first site").clone();
    let loaded = county.loaded().await;
    let mut tx = county.app.store.write().await.expect("a writer");
    let who = [one.person.as_str()];
    let now = millis(at(&local(eve, "10:00")));
    assignments::end(&mut tx, loaded.no, &who, Ended::PlanChanged, now).await.expect("it ends");
    let session = (first, &PlaceCode::from("S02"), one.dose, None);
    assignments::write(&mut tx, loaded.no, session, &who, (1, now)).await.expect("it begins");
    tx.commit().await.expect("both");
    county.app.tell(&loaded, at(&local(eve, "10:00"))).await.expect("it is told");
    county.send(&local(eve, "10:05")).await;
    let said = county.said(&[MailState::Sent]).await;
    let last = said.iter().rfind(|said| said.person == one.person.as_str()).expect("a mail");
    let told = (last.kind, last.day, last.place.as_str());
    assert_eq!(told, (reminders::Kind::Moved, first, "S02"));
    // Back again before that mail leaves: it is withdrawn when it is claimed, and nothing is left to say.
    let back = |place: &'static str, time: &'static str| {
        let (app, no, who) = (&county.app, loaded.no, [one.person.to_string()]);
        async move {
            let who: Vec<&str> = who.iter().map(String::as_str).collect();
            let mut tx = app.store.write().await.expect("a writer");
            let now = millis(at(&local(eve, time)));
            assignments::end(&mut tx, no, &who, Ended::PlanChanged, now).await.expect("it ends");
            let session = (first, &PlaceCode::from(place), 1, None);
            assignments::write(&mut tx, no, session, &who, (1, now)).await.expect("it begins");
            tx.commit().await.expect("both");
        }
    };
    back("S01", "11:00").await;
    county.app.tell(&loaded, at(&local(eve, "11:00"))).await.expect("it is told");
    back("S02", "11:01").await;
    assert_eq!(county.send(&local(eve, "11:05")).await, 0);
    county.everybody_knows(eve).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_asks_waits_and_says_so_and_a_doubtful_campaign_is_mended_once() {
    let county = County::with(|campaign| campaign.adopt = Adopt::Ask).await;
    let first = county.first().await;
    let eve = first - TimeDelta::days(1);
    let place = busiest(&county.held().await, first);
    let close = |campaign: &mut Campaign| campaign.closures.push(shut(place.as_str(), first));
    county.apply(close, &local(eve, "12:00")).await;
    let loaded = county.loaded().await;
    let adopted = county.app.plan(&loaded, None).await.expect("a plan").expect("a plan").0.no;
    let mended = county.app.mend(&loaded, at(&local(eve, "12:00"))).await.expect("a draft");
    let mended = mended.expect("a draft");
    assert_eq!(mended.waits, Some(Waits::Asked));
    let now = county.app.plan(&loaded, None).await.expect("a plan").expect("a plan").0.no;
    assert_eq!(now, adopted, "nothing is adopted by itself");
    let waits = county.app.unrest(&loaded).await.expect("it is known").expect("it waits");
    assert_eq!(waits.draft, mended.plan);
    let again = county.app.mend(&loaded, at(&local(eve, "12:01"))).await.expect("nothing");
    assert_eq!(again, None, "one draft is enough");
    let status = county.app.status(&loaded, None, at(&local(eve, "12:02"))).await.expect("status");
    let said = serde_json::to_string(&status.problems).expect("plain data");
    assert!(said.contains("plan_broken"), "{said}");
    let by = Actor::CommandLine;
    county.app.adopt_plan(&loaded, mended.plan, by, at(&local(eve, "13:00"))).await.expect("yes");
    assert_eq!(county.app.unrest(&loaded).await.expect("it is known"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn adopting_a_plan_from_tomorrow_on_leaves_todays_appointments_alone() {
    let county = County::new().await;
    let first = county.first().await;
    let before = county.held().await;
    county.plan(Some(first + TimeDelta::days(1)), &local(first, "18:00")).await;
    let after = county.held().await;
    let of_today = |all: &BTreeMap<PersonId, Assignment>| -> Vec<PersonId> {
        all.values().filter(|one| one.day == first).map(|one| one.person.clone()).collect()
    };
    assert_eq!(of_today(&before), of_today(&after));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_fact_nothing_untrue_waits_and_everybody_knows() {
    for seed in 0..4_u64 {
        let county = County::new().await;
        let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut roll = |sides: u64| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            dice % sides
        };
        let mut facts: Campaign = county.campaign.clone();
        let mut now = county.first().await - TimeDelta::days(1);
        for step in 0..8 {
            county.remind(&local(now, "09:00")).await;
            if roll(2) == 0 {
                county.send(&local(now, "09:05")).await;
            }
            let held = county.held().await;
            let at = usize::try_from(roll(held.len().max(1) as u64)).expect("a small number");
            let Some(one) = held.values().nth(at) else { break };
            let (person, noon) = (one.person.as_str(), local(now, "12:00"));
            let what = roll(6);
            match what {
                0 => facts.closures.push(shut(one.place.as_str(), one.day)),
                1 => facts.sites.iter_mut().for_each(|site| site.weekday_doses = 4),
                2 => facts.end -= TimeDelta::days(3),
                3 => {
                    let row = format!("o{step},{person},{now},refused,");
                    county
                        .import(Kind::Outcomes, "record,person,date,outcome,until", &row, &noon)
                        .await;
                }
                4 => {
                    let row = format!("d{step},{person},{now},S02,vero");
                    county
                        .import(Kind::Doses, "record,person,date,place,product", &row, &noon)
                        .await;
                }
                _ => {
                    let row = format!("{person},A,2019-01-01");
                    county.import(Kind::Persons, "person,area,born", &row, &noon).await;
                }
            }
            let changed = facts.clone();
            county.apply(|campaign| *campaign = changed, &noon).await;
            county.nothing_untrue_waits(&format!("fact {what} of seed {seed}")).await;
            county.follow_up(&local(now, "12:01")).await;
            county.nothing_untrue_waits(&format!("mending fact {what} of seed {seed}")).await;
            county.send(&local(now, "12:05")).await;
            now += TimeDelta::days(1);
        }
    }
}
