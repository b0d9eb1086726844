//! The machine's clock jumps while the daemon runs; the database is copied, or an old state is restored.

use super::{Daemon, agree, mails, seconds, until};
use crate::support::{SENIORS, World, skipped, wait};
use doseplan::domain::job::Job;
use doseplan::store::{Store, installation, runs};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn library() -> Option<PathBuf> {
    let found = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .iter()
        .map(|kind| Path::new("/usr/lib").join(kind).join("faketime/libfaketime.so.1"))
        .find(|path| path.is_file());
    if found.is_none() {
        skipped("no libfaketime; apt-get install faketime");
    }
    found
}

/// Runs of a job by state, and the kinds of events.
fn seen(world: &World, job: Job) -> (BTreeMap<String, usize>, Vec<String>) {
    wait(async {
        let store = Store::open(world.db(), false).await.unwrap();
        let mut tx = store.read().await.unwrap();
        let campaign = doseplan::store::campaigns::all(&mut tx).await.unwrap()[0].0;
        let mut states = BTreeMap::new();
        for run in runs::list(&mut tx, campaign, Some(job), 1000).await.unwrap() {
            *states.entry(run.state.to_string()).or_default() += 1;
        }
        let mut events = installation::events(&mut tx, 100).await.unwrap();
        events.reverse();
        drop(tx);
        store.close().await;
        (states, events.into_iter().map(|event| format!("{} {}", event.kind, event.said)).collect())
    })
}

fn holds(world: &World) -> Option<String> {
    wait(async {
        let store = Store::open(world.db(), false).await.unwrap();
        let mut tx = store.read().await.unwrap();
        let found = installation::get(&mut tx).await.unwrap();
        drop(tx);
        store.close().await;
        found.and_then(|found| found.hold).map(|hold| hold.why.to_string())
    })
}

fn letters(world: &World) -> usize {
    std::fs::read_dir(world.path("mail")).map_or(0, Iterator::count)
}

#[test]
fn a_clock_that_jumps_runs_nothing_twice_floods_nobody_and_raises_an_alarm() {
    let Some(library) = library() else { return };
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    let jump = |text: &str| {
        std::fs::write(world.path("jump.new"), text).unwrap();
        std::fs::rename(world.path("jump.new"), world.path("jump")).unwrap();
    };
    jump("+0");
    let file = world.path("jump");
    let fake = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let daemon = Daemon::start(&world, "2021-04-01T18:40:00+08:00", "daemon.log", &fake);
    let digests = || seen(&world, Job::Digest).0.get("done").copied().unwrap_or(0);
    let log = || std::fs::read_to_string(world.path("daemon.log")).unwrap();
    until(seconds(20), "the first look", || log().contains("daemon started"));
    std::thread::sleep(seconds(2));
    // One hour forward: what became due in it is run, once.
    jump("+3600");
    until(seconds(60), "the evening's digest", || digests() == 1 && letters(&world) == 3);
    assert!(log().contains("the clock jumped"), "{}", log());
    // Two hours back: nothing is run again, and mail is held until somebody resumes it.
    jump("-3600");
    until(seconds(60), "the hold", || holds(&world).as_deref() == Some("clock"));
    assert_eq!((digests(), letters(&world)), (1, 3));
    let mut resume = world.command(&["job", "resume"]);
    resume.env("DOSEPLAN_CLOCK", "2021-04-01T17:41:00+08:00");
    assert!(resume.status().unwrap().success());
    assert_eq!(holds(&world), None);
    // Sixty days forward, beyond the campaign: no flood of mail, an alarm, and a hold.
    jump("+5184000");
    until(seconds(60), "the hold", || holds(&world).as_deref() == Some("gap"));
    std::thread::sleep(seconds(1));
    let (states, events) = seen(&world, Job::Digest);
    assert_eq!(states.get("done"), Some(&1), "{states:?}");
    assert_eq!(letters(&world), 3);
    assert!(
        events.iter().filter(|event| event.starts_with("clock_jump")).count() >= 3,
        "{events:?}"
    );
    daemon.signal("-TERM");
    let status = world.run(&["--lang", "en", "status"]);
    assert!(status.err.contains("doseplan job resume"), "{}", status.err);
}

#[test]
fn after_three_days_down_there_is_one_plan_and_one_digest_a_reader_and_mail_waits_for_a_word() {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    let daemon = Daemon::start(&world, "2021-04-01T20:00:00+08:00", "one.log", &[]);
    until(seconds(20), "watermarks", || letters(&world) > 0 || log_of(&world, "one.log"));
    std::thread::sleep(seconds(1));
    daemon.signal("-TERM");
    drop(daemon);
    let daemon = Daemon::start(&world, "2021-04-04T20:00:00+08:00", "two.log", &[]);
    until(seconds(30), "the hold", || holds(&world).as_deref() == Some("gap"));
    until(seconds(30), "the digests", || seen(&world, Job::Digest).0.contains_key("done"));
    for (job, skipped) in [(Job::Plan, 2), (Job::Digest, 2)] {
        let (states, _) = seen(&world, job);
        assert_eq!(states.get("done"), Some(&1), "{job}: {states:?}");
        assert_eq!(states.get("skipped"), Some(&skipped), "{job}: {states:?}");
    }
    assert_eq!(letters(&world), 0);
    daemon.signal("-TERM");
    drop(daemon);
    world.run(&["job", "resume"]).ends(0);
    world.run(&["outbox", "drain", "--at", "2021-04-04T20:10"]).ends(0);
    let digests =
        world.mails().iter().filter(|mail| mail.1 == "digest" && mail.0 == "sent").count();
    assert_eq!(digests, 2, "one for each lead with a session; S2 is closed");
}

fn log_of(world: &World, name: &str) -> bool {
    std::fs::read_to_string(world.path(name)).is_ok_and(|log| log.contains("daemon started"))
}

/// A copy of a database under another name.
fn copied(world: &World, name: &str) -> String {
    std::fs::copy(world.path("doseplan.db"), world.path(name)).unwrap();
    format!("sqlite://{}", world.path(name).display())
}

#[test]
fn a_copy_sends_nothing_before_it_is_adopted_and_an_old_state_put_back_is_noticed() {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    world.run(&["outbox", "drain", "--at", "2021-03-31T02:00"]).ends(0);
    world.run(&["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    // A copy with three queued mails.
    let copy = copied(&world, "copy.db");
    let drain = ["outbox", "drain", "--at", "2021-03-31T09:30"];
    let held = world.run(&[&["--lang", "en", "--db", &copy][..], &drain[..]].concat()).ends(1);
    assert!(held.err.contains("copied"), "{}", held.err);
    world.run(&["--db", &copy, "job", "resume"]).ends(1);
    assert_eq!(letters(&world), 0);
    // The original continues.
    world.run(&drain).ends(0);
    assert_eq!(letters(&world), 3);
    // Yesterday's state restored over today's: in it the mails are still queued.
    let now = std::fs::read(world.path("doseplan.db")).unwrap();
    std::fs::copy(world.path("copy.db"), world.path("old.db")).unwrap();
    std::fs::remove_dir_all(world.path("mail")).unwrap();
    let resumed = |world: &World| {
        wait(async {
            let store = Store::open(world.db(), false).await.unwrap();
            let mut tx = store.write().await.unwrap();
            installation::resume(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
            store.close().await;
        });
    };
    std::fs::copy(world.path("old.db"), world.path("doseplan.db")).unwrap();
    resumed(&world);
    let held = world.run(&[&["--lang", "en"][..], &drain[..]].concat()).ends(1);
    assert!(held.err.contains("older state"), "{}", held.err);
    assert_eq!(letters(&world), 0);
    world.run(&["db", "adopt", "--expire-queued"]).ends(0);
    world.run(&drain).ends(0);
    assert_eq!(letters(&world), 0, "given up");
    std::fs::write(world.path("doseplan.db"), now).unwrap();
    // The copy is adopted for good.
    world.run(&["--db", &copy, "db", "adopt"]).ends(0);
    world.run(&[&["--db", &copy][..], &drain[..]].concat()).ends(0);
    assert_eq!(letters(&world), 3);
    let all = wait(async {
        let store = Store::open(&copy, false).await.unwrap();
        let all = mails(&store).await;
        store.close().await;
        all
    });
    let arrived = all.iter().map(|mail| (mail.message_id.clone(), 1)).collect();
    assert_eq!(agree(&arrived, &all), []);
}
