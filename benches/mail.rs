//! Promise: 100,000 reminders decided, rendered and accepted by postfix' `smtp-sink` on loopback at 500 a second with
//! 4 connections, on SQLite (`synchronous = FULL`) and on PostgreSQL, or at a third of the disk's rate of fsync where
//! that is less; deciding, rendering and queueing 300,000 takes at most 60 CPU seconds on SQLite; and claiming work
//! does not depend on the length of the queue.
//!
//! `DOSEPLAN_SMTP_SINK` names `smtp-sink` (beside it lies `smtp-source`, the yardstick), `DOSEPLAN_TEST_POSTGRES` an
//! empty PostgreSQL database, `DOSEPLAN_BENCH_MAILS` another number of mails.

mod support;

use doseplan::app::import::Kind;
use doseplan::app::outbox::Sender;
use doseplan::app::plans::Search;
use doseplan::app::{App, Loaded};
use doseplan::clock::Clock;
use doseplan::config::{Config, TlsKind, TransportKind};
use doseplan::domain::campaign::Language;
use doseplan::domain::permission::Actor;
use doseplan::domain::planner::Limits;
use doseplan::store::{Store, outbox};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Result, address, folder, heading, line, ratio, shown};

const MAILS: usize = 100_000;
/// Mails that the promise of CPU time is about.
const MAILS_CPU: usize = 300_000;
const CONNECTIONS: usize = 4;
/// Mails a second.
const BAR: f64 = 500.0;
/// Claims that are timed.
const CLAIMS: u32 = 50;

struct Sink(Child);

impl Drop for Sink {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(name: &str) -> Result<PathBuf> {
    let named = std::env::var_os("DOSEPLAN_SMTP_SINK").map(PathBuf::from);
    let sink = named.unwrap_or_else(|| PathBuf::from("/usr/sbin/smtp-sink"));
    let path = sink.with_file_name(name);
    if path.is_file() { Ok(path) } else { Err("no smtp-sink; see the head of this bench".into()) }
}

/// A program of postfix, which may have been unpacked rather than installed.
fn postfix(name: &str) -> Result<Command> {
    let path = program(name)?;
    let mut command = Command::new(&path);
    if let Some(root) = path.ancestors().nth(2) {
        command.env("LD_LIBRARY_PATH", root.join("lib/postfix"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

fn sink(port: u16) -> Result<Sink> {
    let mut command = postfix("smtp-sink")?;
    command.args(["-u", "nobody", &format!("127.0.0.1:{port}"), "200"]);
    let sink = Sink(command.spawn()?);
    let since = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if since.elapsed() > Duration::from_secs(5) {
            return Err("smtp-sink does not listen".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(sink)
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// How often a second the disk makes 4 KiB durable.
fn fsyncs(folder: &Path) -> Result<f64> {
    let mut file = std::fs::File::create(folder.join("fsync"))?;
    let since = Instant::now();
    let mut count = 0_u32;
    while since.elapsed() < Duration::from_secs(3) {
        file.rewind()?;
        file.write_all(&[0_u8; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / since.elapsed().as_secs_f64())
}

/// A campaign in which everybody is due on the first day.
fn files(folder: &Path, people: usize) -> Result<PathBuf> {
    let dir = folder.join("campaign");
    std::fs::create_dir_all(&dir)?;
    let tables = [
        (
            "campaign.toml",
            "id = \"bench\"\nname = \"提醒\"\ntimezone = \"Asia/Shanghai\"\nstart = 2021-04-01\n\
             end = 2021-05-20\nseries = \"covid19-inactivated\"\n[[groups]]\nid = \"senior\"\n\
             name = \"60岁及以上\"\nmin_age = \"60 years\"\n"
                .to_owned(),
        ),
        ("areas.csv", "area,name,parent\n001,县,\nA,甲镇,001\n".to_owned()),
        ("eligible.csv", format!("area,group,people\nA,senior,{people}\n")),
        ("sites.csv", format!("site,name,area,weekday_doses\nS1,卫生院,A,{people}\n")),
        (
            "deliveries.csv",
            format!("lot,product,date,doses,expires\nL,v,2021-03-20,{},2021-12-31\n", people * 2),
        ),
    ];
    for (name, text) in tables {
        std::fs::write(dir.join(name), text)?;
    }
    let mut rows = String::from("person,area,born,name,sex,group,email\n");
    for n in 0..people {
        rows += &format!("p{n},A,1950-01-01,张{n},F,senior,p{n}@home.example\n");
    }
    std::fs::write(folder.join("persons.csv"), rows)?;
    Ok(dir)
}

async fn prepare(db: &str, folder: &Path, people: usize, port: u16) -> Result<(App, Loaded)> {
    let dir = files(folder, people)?;
    let mut config = Config::default();
    "cdc@small.example".clone_into(&mut config.mail.from);
    config.mail.transport = TransportKind::Smtp;
    config.mail.host = Some("127.0.0.1".to_owned());
    config.mail.port = Some(port);
    config.mail.tls = TlsKind::None;
    config.mail.connections = CONNECTIONS;
    let app = App::new(Store::open(db, true).await?, config);
    let now = local("2021-03-31T09:00:00");
    let read = doseplan::intake::campaign(&dir, doseplan::intake::series::all());
    app.apply(&read.map_err(|issues| format!("{issues:?}"))?.campaign, Actor::CommandLine, now)
        .await?;
    let loaded = app.campaign(None).await?;
    app.import(&loaded, Kind::Persons, &folder.join("persons.csv"), Language::En, now).await?;
    let limits = Limits::steps(0);
    let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
    let made = app
        .make_plan(&loaded, Some(loaded.campaign.start), Actor::CommandLine, search, now)
        .await?;
    app.adopt_plan(&loaded, Some(made.no), Actor::CommandLine, now).await?;
    Ok((app, loaded))
}

fn local(text: &str) -> chrono::DateTime<chrono::Utc> {
    let time = text.parse().expect("a local time");
    doseplan::domain::date::resolve(chrono_tz::Asia::Shanghai, time)
}

/// Decides, renders and sends: the times of both parts, and the CPU time of the first.
async fn remind(db: &str, folder: &Path, people: usize) -> Result<(Duration, Duration, Duration)> {
    let port = free_port()?;
    let _sink = sink(port)?;
    let (app, loaded) = prepare(db, folder, people, port).await?;
    let clock = Clock::simulated(local("2021-03-31T09:00:00"));
    let (since, cpu) = (Instant::now(), support::own_cpu());
    let queued = app
        .queue_reminders(
            std::slice::from_ref(&loaded),
            loaded.campaign.start.pred_opt().expect("a day"),
            clock.now(),
        )
        .await?;
    let (decided, cpu) = (since.elapsed(), support::own_cpu().saturating_sub(cpu));
    if queued != people {
        return Err(format!("{queued} of {people} reminders were queued").into());
    }
    let since = Instant::now();
    let sender = Sender { owner: "bench", clock: &clock, stop: &|| false, by_hand: false };
    let done = app.drain(&sender).await?;
    let sent = since.elapsed();
    if done.sent() != people as u64 {
        return Err(format!("{:?} of {people} were sent", done.results).into());
    }
    app.store.close().await;
    Ok((decided, sent, cpu))
}

/// The mean time of a claim in a queue of so many mails.
async fn claim(folder: &Path, waiting: u32) -> Result<Duration> {
    let file = folder.join(format!("claim-{waiting}.db"));
    let store = Store::open(&address(&file), true).await?;
    store.close().await;
    support::run(support::sqlite3(
        &file,
        &[&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {waiting}) \
             INSERT INTO outbox (unique_key, kind, recipient, subject, message_id, content, \
             state, attempts, due_at, quiet, zone, created_at, changed_at, fence) \
             SELECT 'k' || i, 'reminder', 'p@x.example', 's', 'm' || i, zeroblob(600), \
             'queued', 0, 1000, 0, 'UTC', 0, 0, 0 FROM n"
        )],
    ))?;
    let store = Store::open(&address(&file), false).await?;
    let since = Instant::now();
    for _ in 0..CLAIMS {
        let mut tx = store.write().await?;
        if outbox::claim(&mut tx, "mail", ("bench", i64::MAX), 2000, 10).await?.len() != 10 {
            return Err("a claim gave less".into());
        }
        tx.commit().await?;
    }
    let mean = since.elapsed() / CLAIMS;
    store.close().await;
    Ok(mean)
}

fn main() -> Result<()> {
    let named = std::env::var("DOSEPLAN_BENCH_MAILS").ok().and_then(|text| text.parse().ok());
    let people: usize = named.unwrap_or(MAILS);
    let folder = folder("mail")?;
    let runtime = tokio::runtime::Runtime::new()?;
    let disk = fsyncs(&folder)?;
    let port = free_port()?;
    let limit = {
        let _sink = sink(port)?;
        let since = Instant::now();
        let mut source = postfix("smtp-source")?;
        source.args(["-s", "4", "-l", "6000", "-m", &people.to_string()]);
        if !source.arg(format!("127.0.0.1:{port}")).status()?.success() {
            return Err("smtp-source failed".into());
        }
        people as f64 / since.elapsed().as_secs_f64()
    };
    let bar = BAR.min(disk / 3.0);
    heading(&format!(
        "{people} reminders over {CONNECTIONS} connections; the disk syncs {disk:.0} times a second"
    ));
    let mut databases = vec![("SQLite", address(&folder.join("mail.db")))];
    match std::env::var("DOSEPLAN_TEST_POSTGRES") {
        Ok(address) => databases.push(("PostgreSQL", address)),
        Err(_) => println!("no PostgreSQL: DOSEPLAN_TEST_POSTGRES is not set"),
    }
    for (name, db) in databases {
        let (decided, sent, cpu) = runtime.block_on(remind(&db, &folder, people))?;
        let rate = |time: Duration| people as f64 / time.as_secs_f64();
        let per_second = |rate: f64| format!("{rate:.0}/s");
        let all = rate(decided + sent);
        line(&format!("{name}: decided and rendered"), per_second(rate(decided)), "", 0.0, "");
        let cpu = cpu.mul_f64(MAILS_CPU as f64 / people as f64);
        line(&format!("{name}: CPU to queue 300,000"), shown(cpu), "", 0.0, "60 s");
        line(
            &format!("{name}: sent"),
            per_second(rate(sent)),
            per_second(limit),
            rate(sent) / limit,
            "",
        );
        line(
            &format!("{name}: both"),
            per_second(all),
            per_second(limit),
            all / limit,
            &format!("{bar:.0}/s"),
        );
    }
    let few = runtime.block_on(claim(&folder, 1000))?;
    let many = runtime.block_on(claim(&folder, 1_000_000))?;
    line(
        "a claim of 10 among 1,000,000 (1,000)",
        shown(many),
        shown(few),
        ratio(many, few),
        "flat",
    );
    Ok(())
}
