//! Processes are killed at random moments and at every named step, during plan, import, summary, digest and
//! reminders.

use super::{Daemon, MailServer, agree, mail_through, mails, seconds, until};
use crate::dice::Dice;
use crate::support::{PERSONS, World, small, wait};
use chrono::{NaiveDate, TimeDelta};
use doseplan::domain::job::{Job, RunState};
use doseplan::store::{Store, runs};
use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Kills of a run in CI, about a minute. `DOSEPLAN_KILLS=5000` is the long form.
const KILLS: u32 = 80;
const DAYS: i64 = 14;
/// The steps that the program announces.
const STEPS: [&str; 10] = [
    "commit",
    "committed",
    "run.rows",
    "run.claimed",
    "run.worked",
    "run.ended",
    "mail.claimed",
    "mail.marked",
    "mail.accepted",
    "mail.recorded",
];
/// People of the register.
const PEOPLE: i64 = 30;

fn first() -> NaiveDate {
    NaiveDate::from_ymd_opt(2021, 4, 1).unwrap()
}

/// The small campaign with thirty seniors who all have an address.
fn world() -> World {
    let campaign = small().swap("eligible.csv", "A,senior,6,", "A,senior,30,");
    let world = World::with(&campaign);
    let mut rows = String::new();
    for n in 0..PEOPLE {
        rows += &format!("p{n},A,1950-01-01,,F,,p{n}@home.example,,,,\n");
    }
    world.file("register.csv", format!("{PERSONS}\n{rows}"));
    world.run(&["persons", "import", "register.csv"]).ends(0);
    world
}

/// What the sites reported on a day.
fn reports(world: &World, day: NaiveDate) {
    let number = (day - first()).num_days();
    let mut doses = "record,person,date,place,lot\n".to_owned();
    for n in (0..PEOPLE).filter(|n| n % 7 == number % 7 && number < 7) {
        doses += &format!("d{n},p{n},{day},S1,L1\n");
    }
    world.file("doses.csv", doses);
    let mut tallies = "record,date,place,area,group,dose,doses\n".to_owned();
    for (place, area) in [("S1", "A"), ("S2", "B"), ("S1", "B")] {
        tallies += &format!("t{number}{place}{area},{day},{place},{area},adult,1,{}\n", 3 + number);
    }
    world.file("tallies.csv", tallies);
}

/// The clock of a process on a day: later with each attempt, so that leases of killed processes have ended.
fn clock(day: NaiveDate, attempt: i64) -> String {
    let at = day.and_hms_opt(19, 30, 0).unwrap() + TimeDelta::seconds(31 * attempt);
    format!("{}+08:00", at.format("%Y-%m-%dT%H:%M:%S"))
}

/// Whether the day's jobs have run and all mails have been tried.
fn is_done(store: &Store, day: NaiveDate) -> bool {
    wait(async {
        let mut tx = store.read().await.unwrap();
        let campaign = doseplan::store::campaigns::all(&mut tx).await.unwrap()[0].0;
        let all = runs::list(&mut tx, campaign, None, 100).await.unwrap();
        let zone = chrono_tz::Asia::Shanghai;
        let today = |at: i64| {
            let at = chrono::DateTime::from_timestamp_millis(at).unwrap();
            at.with_timezone(&zone).date_naive() == day
        };
        let done =
            all.iter().filter(|run| today(run.due_at) && run.state == RunState::Done).count();
        drop(tx);
        done == 4 && mails(store).await.iter().all(|mail| !mail.state.is_open())
    })
}

fn has_watermarks(store: &Store) -> bool {
    wait(async {
        let mut tx = store.read().await.unwrap();
        let campaign = doseplan::store::campaigns::all(&mut tx).await.unwrap()[0].0;
        runs::watermark(&mut tx, campaign, Job::Digest).await.unwrap().is_some()
    })
}

/// Ends a process at a step or at a random moment. `false` if it ended by itself.
fn die(mut child: Child, moment: Duration) -> bool {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it can be asked") {
            return status.code().is_none();
        }
        if since.elapsed() >= moment {
            child.kill().expect("it is killed");
            child.wait().expect("it ends");
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

struct Reaper<'a> {
    world: &'a World,
    dice: Dice,
    kills: u32,
    left: u32,
}

impl Reaper<'_> {
    /// Starts a command repeatedly and kills it a number of times.
    fn reap(&mut self, arguments: &[&str], day: NaiveDate, attempt: &mut i64, times: u32) {
        let (wanted, mut tries) = (self.kills + times.min(self.left), 0);
        // If it ended before reaching its step, it is started once more.
        while self.kills < wanted && tries < 2 * times {
            tries += 1;
            *attempt += 1;
            let mut command = self.world.command(arguments);
            command.env("DOSEPLAN_CLOCK", clock(day, *attempt));
            let mut moment = Duration::from_millis(self.dice.below(700));
            if self.dice.in_1000(600) {
                let step = STEPS[usize::try_from(self.dice.below(STEPS.len() as u64)).unwrap()];
                let most = if step.starts_with("commit") { 30 } else { 4 };
                let count = 1 + self.dice.below(most);
                command.env("DOSEPLAN_KILL_AT", format!("{step}:{count}"));
                moment = Duration::from_secs(2);
            }
            let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            if die(child, moment) {
                self.kills += 1;
                self.left -= 1;
            }
        }
    }
}

/// Runs through the days, killing on the way. Returns the world, the number of kills and the number of mails in
/// doubt.
fn live(kills: u32, server: &MailServer) -> (World, u32, usize) {
    let world = world();
    mail_through(&world, server.port(), 30, "");
    let store = wait(Store::open(world.db(), false)).expect("the database opens");
    let each = kills / u32::try_from(DAYS).unwrap() + 1;
    // The first look sets the watermarks: the timetable starts then.
    let begin = Daemon::start(&world, "2021-03-31T00:30:00+08:00", "begin.log", &[]);
    until(seconds(60), "watermarks", || has_watermarks(&store));
    begin.signal("-TERM");
    drop(begin);
    let mut reaper = Reaper { world: &world, dice: Dice(u64::from(kills)), kills: 0, left: kills };
    let mut doubts = 0;
    for number in -1..DAYS {
        let day = first() + TimeDelta::days(number);
        let mut attempt = 0;
        if number >= 0 {
            reports(&world, day);
            for file in ["doses", "tallies"] {
                let import = [file, "import", &format!("{file}.csv")];
                reaper.reap(&import, day, &mut attempt, each / 6);
                attempt += 1;
                let clock = clock(day, attempt);
                let again = world.command(&import).env("DOSEPLAN_CLOCK", clock).output().unwrap();
                assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
            }
            // A daemon does not end by itself, so it makes up for imports that were faster than their killer.
            let by_now = kills * u32::try_from(number + 1).unwrap() / u32::try_from(DAYS).unwrap();
            let wanted = by_now.saturating_sub(reaper.kills);
            reaper.reap(&["daemon"], day, &mut attempt, wanted);
        }
        attempt += 1;
        let daemon = Daemon::start(&world, &clock(day, attempt), "daemon.log", &[]);
        let since = Instant::now();
        while !is_done(&store, day) {
            std::thread::sleep(Duration::from_millis(50));
            assert!(since.elapsed() < seconds(90), "{day} is not done: {}", story(&world));
        }
        daemon.signal("-TERM");
        drop(daemon);
        let listed = agree(&server.arrived(), &wait(mails(&store)));
        doubts += listed.len();
        // Each command has its own time. Otherwise the next one would find that what this one queued is not due
        // yet.
        let mut operator = |arguments: &[&str]| {
            attempt += 1;
            let mut command = world.command(arguments);
            let ran = command.env("DOSEPLAN_CLOCK", clock(day, attempt)).output().unwrap();
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        };
        for (id, arrived) in &listed {
            let how = if *arrived { "--sent" } else { "--resend" };
            operator(&["outbox", "resolve", &id.to_string(), how]);
        }
        operator(&["outbox", "drain"]);
    }
    wait(store.close());
    let killed = reaper.kills;
    (world, killed, doubts)
}

/// What the database and the daemon say.
fn story(world: &World) -> String {
    let runs = world.run(&["job", "runs", "--limit", "6"]).out;
    let log = world.read("daemon.log");
    let last: Vec<_> = log.lines().rev().take(15).collect();
    format!("{runs}\n{:?}\n{}", world.mails(), last.join("\n"))
}

fn keys(world: &World) -> BTreeSet<(String, String)> {
    let store = wait(Store::open(world.db(), false)).expect("the database opens");
    wait(mails(&store)).into_iter().map(|mail| (mail.unique_key, mail.state.to_string())).collect()
}

#[test]
fn killed_processes_lose_nothing_and_double_nothing() {
    let Some(server) = MailServer::start(0) else { return };
    let named = std::env::var("DOSEPLAN_KILLS").ok().and_then(|value| value.parse().ok());
    let wanted = named.unwrap_or(KILLS);
    let (world, kills, doubts) = live(wanted, &server);
    assert_eq!(kills, wanted, "so many were killed");
    let Some(calm) = MailServer::start(0) else { return };
    let (reference, _, none) = live(0, &calm);
    assert_eq!(none, 0);
    assert_eq!(keys(&world), keys(&reference), "the same mails, decided once, all sent");
    assert!(keys(&world).iter().all(|(_, state)| state == "sent"));
    for command in [
        &["coverage", "--as-of", "2021-04-14", "--by", "area", "-o", "csv"][..],
        &["plan", "show", "-o", "csv"],
        &["due", "list", "--by", "2021-05-10", "-o", "csv"],
    ] {
        let (mine, other) = (world.run(command).ends(0), reference.run(command).ends(0));
        assert_eq!(mine.out, other.out, "{command:?}");
    }
    world.run(&["db", "check"]).ends(0);
    eprintln!("{kills} kills, {doubts} mails in doubt, {} mails", server.arrived().len());
}
