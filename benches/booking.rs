//! Promise: of 500 people who book at once, 99 in 100 have their answer within 300 ms, on two cores, and no seat is
//! given twice.
//!
//! The county is Danyang with its register. Each of 500 people has a connection of their own, as phones do; all open
//! their pages at once, then all send a form at once for the first slot that they see. The yardstick is `/healthz`,
//! asked the same way. The clients run on the same cores.

mod support;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone as _, Utc};
use doseplan::app::import::Kind;
use doseplan::app::plans::Search;
use doseplan::app::{App, Loaded};
use doseplan::clock::Clock;
use doseplan::config::Config;
use doseplan::domain::campaign::Language;
use doseplan::domain::id::PersonId;
use doseplan::domain::permission::Actor;
use doseplan::domain::planner::Limits;
use doseplan::jobs::runner::Runner;
use doseplan::store::Store;
use doseplan::web;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use support::{Result, heading, line, ratio, shown};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

const PEOPLE: usize = 500;
const ROUNDS: usize = 3;
const PROMISE: &str = "300 ms";
/// A proxy names the networks that people come from.
const CONFIG: &str = r#"
[booking]
listen = "127.0.0.1:0"
url = "https://yy.example.org"
[http]
proxy_header = "X-Forwarded-For"
"#;

fn main() -> Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<()> {
    let folder = support::folder("booking")?;
    let now = Utc.with_ymd_and_hms(2021, 4, 12, 2, 0, 0).single().ok_or("a time")?;
    let (app, tokens) = town(&folder, now).await?;
    let listener = web::listen("127.0.0.1:0".parse()?)?;
    let address = listener.local_addr()?.to_string();
    let site = web::Site::new(&Runner::new(app, "bench".to_owned()), Clock::shifted_to(now));
    let (end, ends) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(web::serve_booking(listener, site, async { drop(ends.await) }));
    heading("booking: 500 people at once");
    for round in 1..=ROUNDS {
        let bare = (0..PEOPLE).map(|_| get("/healthz")).collect();
        let (health, _) = burst(&address, bare).await?;
        let asked = tokens.iter().map(|token| get(&format!("/b/{token}"))).collect();
        let (pages, answers) = burst(&address, asked).await?;
        let forms = tokens.iter().zip(&answers).map(|(token, page)| form(token, &page.body));
        let (booked, answers) = burst(&address, forms.collect::<Result<_>>()?).await?;
        let given = answers.iter().filter(|answer| answer.status == 303).count();
        let told = answers.iter().filter(|answer| answer.status == 409).count();
        println!("round {round}: {given} have the seat, {told} saw others that are free");
        if given + told != PEOPLE || given == 0 {
            let other = answers.iter().find(|answer| !matches!(answer.status, 303 | 409));
            return Err(format!("an answer is missing: {other:?}").into());
        }
        for (name, took) in [("page", &pages), ("form", &booked)] {
            for (part, share) in [("median", 50), ("99 of 100", 99), ("slowest", 100)] {
                let (own, bare) = (at(took, share), at(&health, share));
                let promise = if share == 99 { PROMISE } else { "" };
                let what = format!("{name}, {part}");
                line(&what, shown(own), shown(bare), ratio(own, bare), promise);
            }
        }
    }
    drop(end);
    serving.await?;
    Ok(())
}

/// Danyang with its register, a plan in force, and links of people of one area.
async fn town(folder: &Path, now: DateTime<Utc>) -> Result<(App, Vec<String>)> {
    let store = Store::open(&support::address(&folder.join("booking.db")), true).await?;
    let config: Config = toml::from_str(CONFIG)?;
    let app = App::new(store, config);
    app.apply(&support::campaign()?, Actor::CommandLine, now).await?;
    let loaded = app.campaign(None).await?;
    let campaign = Path::new(support::CAMPAIGN);
    let persons = folder.join("persons.csv");
    std::fs::copy(campaign.join("persons.csv"), &persons)?;
    take_in(&app, &loaded, &persons, now).await?;
    let (first, rows) = crowd(&persons)?;
    let more = folder.join("more.csv");
    std::fs::write(&more, rows)?;
    take_in(&app, &loaded, &more, now).await?;
    let search =
        Search { limits: Limits::steps(50), progress: &mut |_| {}, time_used: &mut || 0.0 };
    let by = Actor::CommandLine;
    let made = app.make_plan(&loaded, Some(first), by, search, now).await?;
    app.adopt_plan(&loaded, Some(made.no), by, now).await?;
    let mut tokens = Vec::new();
    let until = first + TimeDelta::days(60);
    for no in 0..PEOPLE {
        let person = PersonId::new(format!("crowd{no:03}"));
        tokens.push(app.booking_token(&loaded, (&person, 1), until, now).await?);
    }
    Ok((app, tokens))
}

/// The first day that can be planned, and people of the register's first area who can have the first dose.
fn crowd(persons: &Path) -> Result<(NaiveDate, String)> {
    let text = std::fs::read_to_string(persons)?;
    let area = text.lines().nth(1).and_then(|row| row.split(',').nth(1)).ok_or("an area")?;
    let mut rows = "person,area,born,name\n".to_owned();
    for no in 0..PEOPLE {
        writeln!(rows, "crowd{no:03},{area},1980-01-01,张{no}")?;
    }
    Ok((NaiveDate::from_ymd_opt(2021, 4, 13).ok_or("a day")?, rows))
}

async fn take_in(app: &App, loaded: &Loaded, file: &Path, now: DateTime<Utc>) -> Result<()> {
    let done = app.import(loaded, Kind::Persons, file, Language::En, now).await?;
    assert!(done.fault.is_empty() && done.refused == 0, "{} is whole", file.display());
    Ok(())
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

/// The form that takes the first seat of a page.
fn form(token: &str, page: &str) -> Result<String> {
    let (_, list) = page.split_once("<select id=\"seat\"").ok_or("a list of seats")?;
    let (_, seat) = list.split_once("<option value=\"2").ok_or("a seat on the page")?;
    let seat = format!("2{}", seat.split('"').next().unwrap_or_default());
    let body = format!("act=take&m=0&seat={}", seat.replace(' ', "+").replace(':', "%3A"));
    Ok(format!(
        "POST /b/{token} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

#[derive(Debug)]
struct Answer {
    status: u16,
    body: String,
}

/// Sends all requests at once, each over a connection of its own and from another network; how long each answer took,
/// the quickest first, and the answers in the order of the requests.
async fn burst(address: &str, requests: Vec<String>) -> Result<(Vec<Duration>, Vec<Answer>)> {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for (no, request) in requests.into_iter().enumerate() {
        let from = format!("X-Forwarded-For: 10.{}.{}.1\r\n", no / 250, no % 250);
        let request = request.replacen("\r\n", &format!("\r\n{from}Connection: close\r\n"), 1);
        let address = address.to_owned();
        tasks.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut bytes = Vec::with_capacity(32 << 10);
            stream.read_to_end(&mut bytes).await?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
            Ok::<_, std::io::Error>((no, start.elapsed(), Answer { status, body: text }))
        });
    }
    let mut all = Vec::new();
    while let Some(one) = tasks.join_next().await {
        all.push(one??);
    }
    all.sort_by_key(|(no, ..)| *no);
    let mut took: Vec<Duration> = all.iter().map(|(_, took, _)| *took).collect();
    took.sort_unstable();
    Ok((took, all.into_iter().map(|(.., answer)| answer).collect()))
}

/// The time within which so many of a hundred had their answer.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100).clamp(1, sorted.len()) - 1]
}
