//! The timetable, the daemon, and what happens after a pause.

use crate::support::{Desk, Ran, SENIORS, World, at, small, wait};
use chrono::TimeDelta;
use doseplan::app::import::Kind;
use doseplan::jobs::runner::Runner;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

#[test]
fn the_timetable_is_listed_and_says_when_each_job_is_next() {
    let world = World::small();
    let list = world.run(&["job", "list", "-o", "json"]).ends(0).json();
    let jobs: Vec<_> = list.as_array().unwrap().iter().map(|job| job["job"].clone()).collect();
    assert_eq!(jobs, ["plan", "summary", "reminders", "digest", "schools"]);
    world.run(&["job", "next", "-o", "json"]).ends(0).json();
    let year = chrono::Datelike::year(&doseplan::clock::Clock::System.now()) + 1;
    let later = small()
        .swap("campaign.toml", "start = 2021-04-01", &format!("start = {year}-04-01"))
        .swap("campaign.toml", "end = 2021-05-10", &format!("end = {year}-05-10"))
        .swap("closures.csv", "S2,2021-04-05,0\n", "");
    let world = World::with(&later);
    let next = world.run(&["job", "next", "--count", "1", "-o", "json"]).ends(0).json();
    let due: Vec<_> = next.as_array().unwrap().iter().map(|line| line["due"].clone()).collect();
    // The evening digest of the day before the start is due already, and so is the morning summary.
    assert_eq!(due.len(), 5);
    assert_eq!(due[0], format!("{year}-03-31 01:00:00+08:00"));
    assert_eq!(due[3], format!("{year}-03-31 19:00:00+08:00"));
    // Schools hear once a month of those who missed a visit.
    assert_eq!(due[4], format!("{year}-04-25 08:00:00+08:00"));
}

#[test]
fn a_job_that_does_not_exist_is_named() {
    let world = World::small();
    assert!(world.run(&["job", "run", "tea"]).ends(1).err.contains("reminders"));
    world.run(&["job", "run", "plan", "--at", "2021-06-01T25:00"]).ends(2);
    world
        .run(&["job", "backfill", "tea", "--from", "2021-04-01T00:00", "--to", "2021-04-02T00:00"])
        .ends(1);
}

#[test]
fn the_nightly_plan_is_adopted_by_itself_where_the_campaign_says_so() {
    let world = World::small();
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    let list = world.run(&["plan", "list", "-o", "json"]).ends(0).json();
    assert_eq!(list[0]["state"], "adopted");
    world.run(&["job", "run", "plan", "--at", "2021-05-11T01:00"]).ends(0);
    assert_eq!(
        world.run(&["plan", "list", "-o", "json"]).ends(0).json().as_array().unwrap().len(),
        1
    );
}

#[test]
fn where_adoption_is_asked_for_the_draft_waits_and_the_summary_says_so() {
    let world = World::with(&small().swap("campaign.toml", "adopt = \"auto\"", "adopt = \"ask\""));
    world.run(&["job", "run", "plan", "--at", "2021-04-02T01:00"]).ends(0);
    let list = world.run(&["plan", "list", "-o", "json"]).ends(0).json();
    assert_eq!(list[0]["state"], "draft");
    let mail = world.run(&["--lang", "en", "digest", "preview", "--day", "2021-04-01"]).ends(0);
    assert!(mail.out.contains("doseplan plan adopt"), "{}", mail.out);
    assert!(mail.out.contains("2021-04-02 S1") || mail.out.contains('→'), "{}", mail.out);
    world.run(&["job", "run", "summary", "--at", "2021-04-02T07:00"]).ends(0);
    assert_eq!(world.mails().len(), 1);
}

#[test]
fn the_nightly_plan_starts_from_what_was_really_given() {
    let world = World::small();
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    // A session whose report is out counts as it is expected, so every place says what it gave.
    let given = "t1,2021-04-01,S1,A,adult,1,40\nt2,2021-04-01,S2,B,adult,1,0\n\
                 t3,2021-04-01,P1,A,adult,1,0\nt4,2021-04-01,P2,B,adult,1,0";
    world.import("tallies", given).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-04-02T01:00"]).ends(0);
    let rows = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    assert!(rows.iter().all(|row| row["date"].as_str() >= "2021-04-02"));
    let second: u64 = rows
        .iter()
        .filter(|row| row["area"] == "A" && row["group"] == "adult" && row["dose"] == "2")
        .map(|row| row["doses"].parse::<u64>().unwrap())
        .sum();
    let first: u64 = rows
        .iter()
        .filter(|row| row["area"] == "A" && row["group"] == "adult" && row["dose"] == "1")
        .map(|row| row["doses"].parse::<u64>().unwrap())
        .sum();
    assert_eq!(second, first + 40);
}

#[test]
fn what_was_skipped_can_be_run_later_and_only_once() {
    let world = World::small();
    let backfill = |more: &[&str]| -> Ran {
        let mut arguments = vec!["--lang", "en", "job", "backfill", "summary"];
        arguments.extend(["--from", "2021-04-03T00:00", "--to", "2021-04-05T23:00"]);
        arguments.extend(more);
        world.run(&arguments).ends(0)
    };
    let dry = backfill(&["--dry-run"]);
    assert_eq!(dry.err.matches("would be run").count(), 3, "{}", dry.err);
    assert_eq!(world.mails().len(), 0);
    backfill(&[]);
    assert_eq!(world.mails().len(), 3);
    let again = backfill(&[]);
    assert_eq!(again.err.matches("was run before").count(), 3, "{}", again.err);
    assert_eq!(world.mails().len(), 3);
    let runs = world.run(&["job", "runs", "summary", "-o", "json"]).ends(0).json();
    assert!(runs.as_array().unwrap().iter().all(|run| run["state"] == "done"));
}

/// All runs, oldest first: job, due, state, reason.
async fn runs(desk: &Desk) -> Vec<(String, String, String, String)> {
    let mut tx = desk.app.store.read().await.unwrap();
    let mut all = doseplan::store::runs::list(&mut tx, desk.loaded.no, None, 10_000).await.unwrap();
    all.reverse();
    let zone = desk.loaded.campaign.timezone;
    all.into_iter()
        .map(|run| {
            let due = chrono::DateTime::from_timestamp_millis(run.due_at).unwrap();
            let due = due.with_timezone(&zone).format("%m-%d %H").to_string();
            let said = run.note.as_ref().map(doseplan::app::run_words::stored_words);
            (run.job.to_string(), due, run.state.to_string(), said.unwrap_or_default())
        })
        .collect()
}

#[test]
fn after_a_pause_each_due_time_is_run_or_skipped_once_and_each_skip_has_its_reason() {
    wait(async {
        let desk = Desk::open(&small(), at("2021-03-30T08:00:00")).await;
        let persons = format!("{}\n{SENIORS}\n", crate::support::PERSONS);
        desk.import(Kind::Persons, &persons, at("2021-03-30T08:00:00")).await;
        let look = async |local: &str| {
            // A new runner each time, as after a restart.
            let runner = Runner::new(desk.app.clone(), format!("test-{local}"));
            runner.tick(at(local)).await.expect("a look")
        };
        look("2021-03-30T08:00:00").await;
        assert_eq!(runs(&desk).await.len(), 0, "what was before the first look was never its work");
        look("2021-03-31T01:00:30").await;
        assert_eq!(runs(&desk).await.len(), 1);
        // Not running from the 1st to the 5th.
        look("2021-04-05T10:00:00").await;
        let all = runs(&desk).await;
        for job in ["plan", "summary", "reminders", "digest"] {
            let mine: Vec<_> = all.iter().filter(|run| run.0 == job).collect();
            let mut due: Vec<_> = mine.iter().map(|run| &run.1).collect();
            due.dedup();
            let wanted = if job == "digest" { 5 } else { 6 };
            assert_eq!((due.len(), mine.len()), (wanted, wanted), "{job}: {mine:?}");
            let ran: Vec<_> =
                mine.iter().filter(|run| run.2 == "done").map(|run| &run.1[..5]).collect();
            let wanted: &[&str] = match job {
                "plan" => &["03-31", "04-05"],
                "digest" => &["04-04"],
                _ => &["04-05"],
            };
            assert_eq!(ran, wanted, "{job}");
            for run in mine.iter().filter(|run| run.2 != "done") {
                assert_eq!(run.2, "skipped", "{run:?}");
                assert!(["superseded", "missed_window"].contains(&run.3.as_str()), "{run:?}");
            }
        }
        // After a pause of more than two days nothing is sent until somebody allows it.
        let folder = desk.dir.path().join("mail");
        assert!(!folder.exists(), "nothing was sent");
        let held = look("2021-04-05T10:00:00").await;
        assert!(held.mail.held.is_some_and(|hold| hold.said.contains("5 d 8 h")));
        assert!(desk.app.resume(at("2021-04-05T10:00:00")).await.unwrap());
        assert!(look("2021-04-05T10:00:00").await.mail.sent() >= 4);
        // The same look again, also by another process, does nothing.
        let idle = look("2021-04-05T10:00:00").await;
        assert_eq!((idle.ran.len(), idle.mail.sent()), (0, 0));
        look("2021-04-05T10:00:10").await;
        assert_eq!(runs(&desk).await, all);
        let mails = std::fs::read_dir(desk.dir.path().join("mail")).unwrap().count();
        // A summary, and digests for two sites and a team.
        assert!(mails >= 4, "{mails}");
    });
}

#[test]
fn day_by_day_every_due_time_of_a_campaign_is_run_once() {
    wait(async {
        let desk = Desk::open(&small(), at("2021-03-30T08:00:00")).await;
        let runner = Runner::new(desk.app.clone(), "test".to_owned());
        let mut now = at("2021-03-30T08:00:00");
        runner.tick(now).await.unwrap();
        while let Some(next) = runner.next(now).await.unwrap() {
            if next > at("2021-05-13T00:00:00") {
                break;
            }
            now = next.max(now + TimeDelta::seconds(1));
            runner.tick(now).await.unwrap();
        }
        let all = runs(&desk).await;
        assert!(all.iter().all(|run| run.2 == "done"), "{:?}", all.iter().find(|r| r.2 != "done"));
        // 40 days, plus the day before and the day after.
        for job in ["plan", "summary", "reminders", "digest"] {
            assert_eq!(all.iter().filter(|run| run.0 == job).count(), 42, "{job}");
        }
        assert_eq!(all.iter().filter(|run| run.0 == "schools").count(), 1);
    });
}

fn start_daemon(world: &World) -> Child {
    let mut child = world
        .command(&["daemon"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the daemon starts");
    let stderr = child.stderr.take().expect("its stderr");
    let mut lines = BufReader::new(stderr).lines();
    let said = lines.find_map(|line| line.ok().filter(|line| line.contains("daemon started")));
    assert!(said.is_some(), "the daemon ended before it started");
    // A reader that stopped reading would block the daemon at its next line.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn stop(mut child: Child, signal: &str) {
    let sent = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
    assert_eq!(child.wait().expect("the daemon ends").code(), Some(0), "{signal}");
}

#[test]
fn a_second_daemon_on_the_same_file_is_turned_away_and_a_stopped_one_makes_room() {
    let world = World::small();
    let first = start_daemon(&world);
    let second = world.run(&["daemon"]).ends(5);
    assert!(second.err.contains("another daemon"), "{}", second.err);
    // The command line works while the daemon runs.
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,3").ends(0);
    assert_eq!(world.people("2021-04-01", "adult", 1), 3);
    stop(first, "-TERM");
    let next = start_daemon(&world);
    assert_eq!(world.people("2021-04-01", "adult", 1), 3);
    stop(next, "-INT");
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn a_killed_daemon_leaves_no_lock() {
    let world = World::small();
    let mut first = start_daemon(&world);
    first.kill().unwrap();
    first.wait().unwrap();
    stop(start_daemon(&world), "-TERM");
}

#[test]
fn a_demo_that_ends_early_has_its_mails_and_goes_no_further() {
    let world = World::empty();
    let demo = ["demo", "--once", "--until", "2021-03-26", "--dir", "d", "--steps", "0"];
    let ran = world.run(&[&["--lang", "en"], &demo[..]].concat()).ends(0);
    assert!(!ran.out.contains('⟨') && !ran.err.contains('⟨'), "{}{}", ran.out, ran.err);
    assert!(std::fs::read_dir(world.path("d/mail")).unwrap().count() > 0);
    let db = format!("sqlite://{}", world.path("d/doseplan.db").display());
    let status = world.run(&["--db", &db, "status", "--as-of", "2021-03-28", "-o", "json"]);
    assert_eq!(status.ends(0).json()["doses_today"], 0);
    world.run(&["--db", &db, "db", "check"]).ends(0);
}

#[test]
fn a_folder_that_is_not_a_demo_s_is_never_removed() {
    let world = World::empty();
    std::fs::create_dir(world.path("mine")).unwrap();
    world.file("mine/letter.txt", "dear");
    world.run(&["demo", "--once", "--until", "2021-03-25", "--dir", "mine"]).ends(1);
    assert_eq!(world.read("mine/letter.txt"), "dear");
}
