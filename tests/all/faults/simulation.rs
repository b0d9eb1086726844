//! The whole daemon through a campaign of 200 days on a simulated clock, with faults derived from a seed: it dies
//! at any step, pauses, its clock goes back, its mail server fails in every way, and a second daemon shares the
//! work.

use crate::dice::Dice;
use crate::support::{Folder, PERSONS, apply, at, small};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use doseplan::app::import::Kind;
use doseplan::app::{App, Loaded};
use doseplan::clock::Clock;
use doseplan::config::Config;
use doseplan::domain::campaign::Language;
use doseplan::domain::date::resolve;
use doseplan::domain::job::RunState;
use doseplan::domain::message::MailState;
use doseplan::fault::Faults;
use doseplan::jobs::runner::{Runner, TickReport, life};
use doseplan::jobs::timetable::Timetable;
use doseplan::mail::transport::{Outcome, Script, Stage, Transport};
use doseplan::store::{Store, outbox, runs};
use futures_util::FutureExt as _;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

/// Seeds of a run in CI. `DOSEPLAN_SEEDS=5000` tries more, `DOSEPLAN_SEED=17` only one.
const SEEDS: u64 = 40;
const PEOPLE: u64 = 12;

/// The panic that stands for the death of the process.
struct Death;

/// A mail server that records what it accepts and fails at random.
#[derive(Default)]
struct Server {
    accepted: BTreeMap<String, u32>,
    faults: Option<Dice>,
}

impl Server {
    fn answer(&mut self, id: &str, stage: Stage) -> Option<Outcome> {
        let Some(dice) = &mut self.faults else {
            if stage == Stage::Body {
                *self.accepted.entry(id.to_owned()).or_default() += 1;
            }
            return None;
        };
        let refused = |step, code| Some(Outcome::Refused { step, code, text: "no".to_owned() });
        if stage == Stage::Announced {
            return match dice.below(100) {
                0..4 => Some(Outcome::NotSent("connection refused".to_owned())),
                4..7 => refused("RCPT", 450),
                7..9 => refused("MAIL", 421),
                9 => refused("RCPT", 550),
                _ => None,
            };
        }
        let kind = dice.below(100);
        if kind < 3 {
            return refused("dot", 451);
        }
        // Either the server has the message and the sender never learns it, or the message was lost on the way.
        if kind != 3 {
            *self.accepted.entry(id.to_owned()).or_default() += 1;
        }
        (kind < 7).then(|| Outcome::InDoubt("no answer".to_owned()))
    }
}

/// One township, one site, twelve people over sixty, 200 days.
fn campaign() -> Folder {
    small()
        .swap("campaign.toml", "end = 2021-05-10", "end = 2021-10-17")
        .swap("eligible.csv", "A,adult,200,census,2020-11-01\n", "")
        .swap("eligible.csv", "B,adult,100,census,2020-11-01\nB,senior,4,census,2020-11-01\n", "")
        .swap("eligible.csv", "A,senior,6,", "A,senior,12,")
        .swap("sites.csv", ",40,20,", ",2,,")
        .swap("sites.csv", "S2,乙镇卫生院,B,20,,李四,s2@small.example\n", "")
        .swap("reach.csv", "B,S1\nB,S2\n", "")
        .swap("closures.csv", "S2,2021-04-05,0\n", "")
        .swap("teams.csv", "T1,一队,32.0,119.6,王五,t1@small.example\n", "")
        .swap("stops.csv", "P1,甲村,A,32.02,119.62\nP2,乙村,B,32.06,119.66\n", "")
}

struct World {
    app: App,
    loaded: Loaded,
    clock: Clock,
    timetable: Timetable,
    server: Arc<Mutex<Server>>,
    /// Steps until the process dies; `None` if it lives.
    fuse: Arc<Mutex<Option<u64>>>,
    deaths: u32,
    dir: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let shm = std::path::Path::new("/dev/shm");
        let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
        let dir = dir.expect("a temporary folder");
        let address = format!("sqlite://{}", dir.path().join("doseplan.db").display());
        let begin = at("2021-03-30T08:00:00");
        let clock = Clock::simulated(begin);
        let fuse: Arc<Mutex<Option<u64>>> = Arc::default();
        let burning = Arc::clone(&fuse);
        let faults = Faults::new(move |_| {
            let mut fuse = burning.lock().unwrap();
            match *fuse {
                Some(0) => {
                    *fuse = None;
                    drop(fuse);
                    std::panic::resume_unwind(Box::new(Death));
                }
                Some(steps) => *fuse = Some(steps - 1),
                None => {}
            }
        });
        let store = Store::open(&address, true).await.expect("the database opens");
        let store = store.with_clock(clock.clone()).with_faults(faults);
        let server: Arc<Mutex<Server>> = Arc::default();
        let asked = Arc::clone(&server);
        let script = Script::new(move |mail, stage| {
            let text = String::from_utf8_lossy(&mail.bytes);
            let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: "));
            asked.lock().unwrap().answer(id.expect("a Message-ID").trim(), stage)
        });
        let mut config = Config::default();
        // Without a font the summaries have no picture. Drawing it would take longer than everything else here.
        config.mail.font = Some("nowhere.otf".into());
        let mut app = App::new(store, config);
        app.transport = Some(Transport::Scripted(script));
        apply(&app, &campaign(), &dir.path().join("small"), begin).await;
        let loaded = app.campaign(None).await.expect("the campaign is there");
        let mut persons = format!("{PERSONS}\n");
        for n in 0..PEOPLE {
            persons += &format!("p{n},A,1950-01-01,,F,,p{n}@home.example,,,H{},\n", n / 2);
        }
        let path = dir.path().join("persons.csv");
        std::fs::write(&path, persons).unwrap();
        app.import(&loaded, Kind::Persons, &path, Language::En, begin).await.unwrap();
        let timetable = Timetable::parse(
            "[plan]\ncron = '0 1 * * 1'\nwindow_hours = 48\n[summary]\ncron = '0 7 * * 1,4'\n\
             catch_up = 'all'\nwindow_hours = 48\n[reminders]\ncron = '0 9 * * *'\n\
             window_hours = 12\n[digest]\ncron = '0 19 * * 2,5'\nwindow_hours = 24\n",
        )
        .expect("a timetable");
        let world = Self { app, loaded, clock, timetable, server, fuse, deaths: 0, dir };
        // The first look sets the watermarks: the timetable begins now.
        world.runner("a").tick(begin).await.expect("a look");
        world
    }

    fn runner(&self, name: &str) -> Runner {
        let timetable = self.timetable.clone();
        Runner { timetable, ..Runner::new(self.app.clone(), format!("{name}-{}", self.deaths)) }
    }

    /// A look of one of the daemons. It may die in it and then comes back after its lease.
    async fn look(&mut self, name: &str) {
        loop {
            let runner = self.runner(name);
            let look = AssertUnwindSafe(runner.tick(self.clock.now())).catch_unwind().await;
            match look {
                Ok(done) => return self.looked(done.expect("a look")).await,
                Err(death) if death.is::<Death>() => {}
                Err(other) => std::panic::resume_unwind(other),
            }
            self.deaths += 1;
            self.pass(TimeDelta::seconds(40));
        }
    }

    async fn looked(&self, look: TickReport) {
        // What the operator does is not what dies.
        *self.fuse.lock().unwrap() = None;
        if look.mail.held.is_some() {
            self.app.resume(self.clock.now()).await.expect("it goes on");
        }
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.set(self.clock.now() + time);
    }

    /// Reports of the sites: everybody comes to the first session after day `10 + n`, and again 30 days later.
    async fn report(&self, day: NaiveDate) {
        let first = NaiveDate::from_ymd_opt(2021, 4, 1).unwrap();
        let mut rows = String::new();
        for n in 0..PEOPLE {
            let comes = first + TimeDelta::days(10 + 9 * i64::try_from(n).unwrap());
            for (dose, on) in [(1, comes), (2, comes + TimeDelta::days(30))] {
                if on == day {
                    rows += &format!("d{n}-{dose},p{n},{day},S1,L1\n");
                }
            }
        }
        if rows.is_empty() {
            return;
        }
        let path = self.dir.path().join("doses.csv");
        std::fs::write(&path, format!("record,person,date,place,lot\n{rows}")).unwrap();
        let import =
            self.app.import(&self.loaded, Kind::Doses, &path, Language::En, self.clock.now());
        // Killed or not, the clerk imports the file again; it counts once.
        if AssertUnwindSafe(import).catch_unwind().await.is_err() {
            let again =
                self.app.import(&self.loaded, Kind::Doses, &path, Language::En, self.clock.now());
            assert_eq!(again.await.expect("the import runs").refused, 0);
        }
    }

    /// Lives until `until`, one due time after the other.
    async fn live(&mut self, dice: Option<&mut Dice>, until: DateTime<Utc>) {
        let mut quiet = Dice(0);
        let (dice, wild) = match dice {
            Some(dice) => (dice, true),
            None => (&mut quiet, false),
        };
        let mut day = NaiveDate::MIN;
        while let Some(next) = self.runner("a").next(self.clock.now()).await.expect("a time") {
            if next > until {
                break;
            }
            let now = next.max(self.clock.now() + TimeDelta::seconds(1));
            // A queued mail is looked at once an hour, not once a second.
            let now = if next <= self.clock.now() { now + TimeDelta::hours(1) } else { now };
            self.clock.set(now);
            let today = now.with_timezone(&self.loaded.campaign.timezone).date_naive();
            if wild {
                self.disturb(dice);
            }
            if today != day {
                day = today;
                self.report(day - TimeDelta::days(1)).await;
            }
            let name = if wild && dice.in_1000(300) { "b" } else { "a" };
            self.look(name).await;
            *self.fuse.lock().unwrap() = None;
        }
    }

    fn disturb(&self, dice: &mut Dice) {
        if dice.in_1000(150) {
            *self.fuse.lock().unwrap() = Some(dice.below(60));
        }
        match dice.below(1000) {
            0..15 => self.pass(TimeDelta::minutes(i64::try_from(dice.below(3000)).unwrap())),
            15..20 => self.pass(TimeDelta::hours(49 + i64::try_from(dice.below(100)).unwrap())),
            20..25 => self.pass(-TimeDelta::minutes(i64::try_from(dice.below(300)).unwrap())),
            _ => {}
        }
    }

    /// The operator finds out what became of mails in doubt, and what is queued is sent.
    async fn settle(&mut self) {
        self.server.lock().unwrap().faults = None;
        *self.fuse.lock().unwrap() = None;
        for _ in 0..3 {
            self.pass(TimeDelta::hours(9));
            self.look("a").await;
            let mut tx = self.app.store.read().await.unwrap();
            let doubtful = outbox::list(&mut tx, Some(MailState::InDoubt), None).await.unwrap();
            drop(tx);
            for mail in doubtful {
                let id = format!("<{}>", mail.message_id);
                let sent = self.server.lock().unwrap().accepted.contains_key(&id);
                assert!(self.app.resolve_doubt(mail.id, sent, self.clock.now()).await.unwrap());
            }
        }
    }

    /// Compares the server's list with the database.
    async fn agree(&self) -> Result<(), String> {
        let mut tx = self.app.store.read().await.unwrap();
        let all = outbox::list(&mut tx, None, None).await.unwrap();
        let accepted = self.server.lock().unwrap().accepted.clone();
        for (id, times) in &accepted {
            if *times != 1 {
                return Err(format!("{id} was accepted {times} times"));
            }
        }
        let mut sent = 0;
        for mail in &all {
            let has = accepted.contains_key(&format!("<{}>", mail.message_id));
            match mail.state {
                MailState::Sent if has => sent += 1,
                MailState::Failed
                | MailState::Expired
                | MailState::Unroutable
                | MailState::Withdrawn
                    if !has => {}
                state => return Err(format!("{} is {state}, accepted: {has}", mail.unique_key)),
            }
        }
        if sent != accepted.len() {
            return Err(format!("{sent} are sent, {} were accepted", accepted.len()));
        }
        Ok(())
    }

    /// Every due time of every job has one row, and every skipped one its reason.
    async fn occurrences(&self, until: DateTime<Utc>) -> Result<(), String> {
        let zone = self.loaded.campaign.timezone;
        let mut tx = self.app.store.read().await.unwrap();
        let all = runs::list(&mut tx, self.loaded.no, None, 100_000).await.unwrap();
        for entry in &self.timetable.entries {
            let first = life(&self.loaded.campaign).0.and_hms_opt(0, 0, 0).unwrap();
            let from = resolve(zone, first);
            let due = entry.between(zone, from, until, 10_000);
            let due: BTreeSet<_> = due.iter().map(DateTime::timestamp_millis).collect();
            let mine: Vec<_> = all.iter().filter(|run| run.job == entry.job).collect();
            let known: BTreeSet<_> = mine.iter().map(|run| run.due_at).collect();
            let held = known.range(..=until.timestamp_millis()).copied().collect();
            if due != held || known.len() != mine.len() {
                return Err(format!("{}: {} due, {} rows", entry.job, due.len(), mine.len()));
            }
            for run in mine {
                match (run.state, &run.note) {
                    (RunState::Done | RunState::Skipped, Some(_)) => {}
                    other => return Err(format!("{} of {}: {other:?}", entry.job, run.due_at)),
                }
            }
        }
        Ok(())
    }

    async fn keys(&self) -> BTreeSet<String> {
        let mut tx = self.app.store.read().await.unwrap();
        let all = outbox::list(&mut tx, None, None).await.unwrap();
        all.into_iter().map(|mail| mail.unique_key).collect()
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let mut one = tokio::runtime::Builder::new_multi_thread();
    one.worker_threads(1).enable_all().build().unwrap().block_on(work)
}

/// One simulated life. Returns what went wrong, if anything did.
async fn life_of(seed: u64) -> Result<(usize, u32), String> {
    let mut dice = Dice(seed);
    let mut world = Box::pin(World::new()).await;
    world.server.lock().unwrap().faults = Some(Dice(dice.next()));
    let until = at("2021-10-18T12:00:00");
    Box::pin(world.live(Some(&mut dice), until)).await;
    Box::pin(world.settle()).await;
    world.agree().await?;
    world.occurrences(until).await?;
    let found = world.app.recount(&world.loaded, false).await.unwrap();
    if !found.wrong.is_empty() {
        return Err(format!("{} totals are wrong", found.wrong.len()));
    }
    Ok((world.keys().await.len(), world.deaths))
}

#[test]
fn a_life_without_faults_sends_every_mail_and_runs_every_job() {
    run(async {
        let mut world = Box::pin(World::new()).await;
        let until = at("2021-10-18T12:00:00");
        Box::pin(world.live(None, until)).await;
        world.agree().await.unwrap();
        world.occurrences(until).await.unwrap();
        let keys = world.keys().await;
        let reminders = keys.iter().filter(|key| key.starts_with("reminder/")).count();
        assert!(reminders >= 12, "{reminders}");
        assert!(keys.iter().filter(|key| key.contains("summary")).count() >= 55);
    });
}

#[test]
fn lives_with_random_faults_lose_nothing_and_double_nothing() {
    let named = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seeds: Vec<u64> = match named("DOSEPLAN_SEED") {
        Some(seed) => vec![seed],
        None => (1..=named("DOSEPLAN_SEEDS").unwrap_or(SEEDS)).collect(),
    };
    let next = Mutex::new(seeds.into_iter());
    let (mails, deaths) = (Mutex::new(0), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(seed) = next.lock().unwrap().next() else { break };
                    match run(life_of(seed)) {
                        Ok((sent, died)) => {
                            *mails.lock().unwrap() += sent;
                            *deaths.lock().unwrap() += died;
                        }
                        Err(what) => panic!("DOSEPLAN_SEED={seed}: {what}"),
                    }
                }
            });
        }
    });
    eprintln!("{} mails, {} deaths", mails.into_inner().unwrap(), deaths.into_inner().unwrap());
}
