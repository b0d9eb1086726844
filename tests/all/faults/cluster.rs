//! Three daemons on one PostgreSQL with 10,000 reminders, while the database is killed and restarted and one daemon
//! is stopped for longer than its lease.

use super::{Daemon, MailServer, agree, mail_through, mails, obeyed, seconds, tool, until};
use crate::support::{PERSONS, World, skipped, small, wait};
use doseplan::store::Store;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

const REMINDERS: usize = 10_000;

/// A PostgreSQL server for this test only, which the test may kill.
struct Server {
    script: PathBuf,
    dir: tempfile::TempDir,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = Command::new("bash").arg(&self.script).arg("stop").arg(self.path()).output();
        if let Err(error) = stopped {
            eprintln!("PostgreSQL was not stopped: {error}");
        }
    }
}

impl Server {
    fn start() -> Option<Self> {
        let script = tool("postgres_temp.sh")?;
        let installed =
            std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut dir| dir.next().is_some());
        if !installed {
            skipped("no PostgreSQL on this machine; apt-get install postgresql");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let mut server = Self { script, dir, url: String::new() };
        server.url = server.order("start");
        Some(server)
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("pg")
    }

    fn order(&self, what: &str) -> String {
        obeyed(Command::new("bash").arg(&self.script).arg(what).arg(self.path()))
    }
}

/// People who are all due on the first day, each with an address of their own.
fn prepare(url: &str, port: u16, people: usize) -> World {
    let campaign = small()
        .swap("eligible.csv", "A,senior,6,", &format!("A,senior,{people},"))
        .swap("sites.csv", ",40,20,", ",30000,30000,")
        .swap("deliveries.csv", "2021-03-25,2000,", "2021-03-25,60000,");
    let world = World::on(url).applied(&campaign);
    let mut rows = format!("{PERSONS}\n");
    for n in 0..people {
        rows += &format!("p{n},A,1950-01-01,,F,,p{n}@home.example,,,,\n");
    }
    world.file("register.csv", rows);
    world.run(&["persons", "import", "register.csv"]).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    mail_through(&world, port, 30, "connections = 3");
    world
}

fn count(url: &str, states: &[&str]) -> usize {
    wait(async {
        let Ok(store) = Store::open(url, false).await else { return 0 };
        let Ok(mut tx) = store.read().await else { return 0 };
        let counts = doseplan::store::outbox::counts(&mut tx).await.unwrap_or_default();
        drop(tx);
        store.close().await;
        let mine = counts.iter().filter(|(state, _)| states.contains(&state.word()));
        mine.map(|(_, count)| usize::try_from(*count).unwrap()).sum()
    })
}

#[test]
fn three_daemons_share_ten_thousand_reminders_through_crashes_of_the_database_and_a_long_sleep() {
    let Some(mail) = MailServer::start(0) else { return };
    let Some(server) = Server::start() else { return };
    let world = prepare(&server.url, mail.port(), REMINDERS);
    // The first look of a daemon sets the watermarks; due times come after it.
    let before = Daemon::start(&world, "2021-03-31T08:00:00+08:00", "before.log", &[]);
    until(seconds(30), "watermarks", || {
        std::fs::read_to_string(world.path("before.log")).unwrap().contains("daemon started")
            && watermarks(&server.url)
    });
    before.signal("-TERM");
    drop(before);
    let daemons: Vec<Daemon> = (0..3)
        .map(|n| Daemon::start(&world, "2021-03-31T09:00:05+08:00", &format!("d{n}.log"), &[]))
        .collect();
    until(seconds(120), "the first mails", || count(&server.url, &["sent"]) > 300);
    server.order("crash");
    std::thread::sleep(seconds(1));
    assert_eq!(server.order("start"), server.url);
    let at = count(&server.url, &["sent"]);
    until(seconds(30), "mail goes on after the crash", || count(&server.url, &["sent"]) > at + 50);
    // Longer than a lease: the others take over its work, and it must not send any of it when it wakes up.
    daemons[0].signal("-STOP");
    std::thread::sleep(seconds(33));
    daemons[0].signal("-CONT");
    server.order("kill9");
    assert_eq!(server.order("start"), server.url);
    until(seconds(200), "all mail", || {
        count(&server.url, &["queued", "sending"]) == 0
            && count(&server.url, &["sent", "in_doubt"]) >= REMINDERS
    });
    for daemon in &daemons {
        daemon.signal("-TERM");
    }
    drop(daemons);
    let all = wait(async {
        let store = Store::open(&server.url, false).await.unwrap();
        let all = mails(&store).await;
        store.close().await;
        all
    });
    let reminders = all
        .iter()
        .filter(|mail| mail.kind == doseplan::domain::message::MailKind::Reminder)
        .count();
    assert_eq!(reminders, REMINDERS);
    let in_doubt = agree(&mail.arrived(), &all);
    assert!(in_doubt.len() <= 30, "{} in doubt", in_doubt.len());
    let mut by = BTreeMap::new();
    for n in 0..3 {
        let log = std::fs::read_to_string(world.path(&format!("d{n}.log"))).unwrap();
        assert!(!log.contains("panicked"), "{log}");
        by.insert(n, log.lines().filter(|line| line.contains("what=\"sent\"")).count());
    }
    assert!(by.values().filter(|rounds| **rounds > 0).count() >= 2, "shared: {by:?}");
    eprintln!("{} arrived, {} in doubt, rounds {by:?}", mail.arrived().len(), in_doubt.len());
}

fn watermarks(url: &str) -> bool {
    wait(async {
        let store = Store::open(url, false).await.unwrap();
        let mut tx = store.read().await.unwrap();
        let campaign = doseplan::store::campaigns::all(&mut tx).await.unwrap()[0].0;
        let mark = doseplan::store::runs::watermark(
            &mut tx,
            campaign,
            doseplan::domain::job::Job::Reminders,
        )
        .await
        .unwrap();
        drop(tx);
        store.close().await;
        mark.is_some()
    })
}
