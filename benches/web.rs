//! Promise: every page of a jurisdiction with five campaigns and 300,000 people answers within 50 ms (99 of 100) at 200
//! requests a second, with 50 people logged in at once.
//!
//! The five campaigns share Danyang's places: the first has its reports, its register and a plan in force, the second
//! 600,000 doses of 300,000 people, the others the reports. `DOSEPLAN_BENCH_PEOPLE` is another number of people. Pages
//! of official figures, which count the register when they are asked, are not among them.
//!
//! The pages come over real connections that stay open, as browsers keep them; a request that cannot be sent in time
//! counts from when it should have been. The yardstick is `/login`, a page without a figure, at the same rate.

mod support;

use chrono::{TimeDelta, TimeZone as _, Utc};
use doseplan::app::import::Kind;
use doseplan::app::plans::Search;
use doseplan::app::{App, Loaded};
use doseplan::clock::Clock;
use doseplan::domain::account::Role;
use doseplan::domain::campaign::Language;
use doseplan::domain::permission::Actor;
use doseplan::domain::planner::Limits;
use doseplan::jobs::runner::Runner;
use doseplan::web;
use std::path::Path;
use std::time::Duration;
use support::{Result, heading, line, ratio, shown};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

const PEOPLE: usize = 50;
const PER_SECOND: usize = 200;
const SECONDS: usize = 15;
/// Of each page but the first.
const SECONDS_OF_PAGE: usize = 5;
const CAMPAIGNS: usize = 5;
const REGISTER: i64 = 300_000;
/// The pages that a viewer opens, of a campaign.
const PAGES: [&str; 8] =
    ["overview", "map", "calendar", "reports", "bulletin", "month", "plan", "stock"];
/// And of the installation.
const PAGES_OF_ALL: [&str; 3] = ["/", "/bulletin", "/campaigns"];
const PROMISE: &str = "50 ms";
/// The most bytes of a page.
const BYTES_MAX: usize = 100 * 1000;

fn main() -> Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<()> {
    let folder = support::folder("web")?;
    let (app, loaded) = support::app(&folder.join("web.db")).await?;
    let now = Utc.with_ymd_and_hms(2021, 10, 21, 2, 0, 0).single().ok_or("a time")?;
    fill(&app, &loaded, now).await?;
    let second = others(&app, now).await?;
    let clock = Clock::shifted_to(now);
    let mut logins = Vec::new();
    for number in 0..PEOPLE {
        let name = format!("viewer-{number}");
        let kind = (Role::Viewer, &[][..]);
        app.add_account(&name, kind, "password-of-a-bench", Actor::CommandLine, now).await?;
        let accounts = app.accounts().await?;
        let account = accounts.iter().find(|account| account.name == name).ok_or("an account")?;
        logins.push(app.log_in(account, "", clock.now()).await?);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let site = web::Site::new(&Runner::new(app, "bench".to_owned()), clock);
    let (end, ends) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(web::serve(listener, site, async { drop(ends.await) }));
    let of =
        |loaded: &Loaded, page: &str| format!("/c/{}/{page}?as-of=2021-10-20", loaded.campaign.id);
    let overview = of(&loaded, "overview");
    heading("web: five campaigns, 50 people, 200 requests a second");
    let (pages, bytes) = load(&address, &overview, &logins, SECONDS).await?;
    let (plain, _) = load(&address, "/login", &logins, SECONDS).await?;
    for (name, share) in [("median", 0.5), ("99 of 100", 0.99), ("slowest", 1.0)] {
        let (page, plain) = (at(&pages, share), at(&plain, share));
        let promise = if share > 0.9 && share < 1.0 { PROMISE } else { "" };
        line(&format!("overview, {name}"), shown(page), shown(plain), ratio(page, plain), promise);
    }
    println!("{} answers of {bytes} bytes each", pages.len());
    let own = PAGES.iter().map(|page| of(&loaded, page));
    let large = PAGES.iter().map(|page| of(&second, page));
    let all = PAGES_OF_ALL.iter().map(|page| (*page).to_owned());
    let place = loaded.campaign.sites.first().map(|site| format!("place/{}", site.code));
    let place = place.iter().map(|page| of(&loaded, page));
    let plain = at(&plain, 0.99);
    for path in own.chain(large).chain(place).chain(all) {
        // Figures that nobody looked at for a while are read anew: that is told apart.
        let first = first_answer(&address, &path, &logins).await?;
        println!("{:<46} {:>12}", format!("{path}, first answer"), shown(first));
        let (took, bytes) = load(&address, &path, &logins, SECONDS_OF_PAGE).await?;
        let page = at(&took, 0.99);
        line(&format!("{path}, 99 of 100"), shown(page), shown(plain), ratio(page, plain), PROMISE);
        if bytes > BYTES_MAX {
            println!("  {bytes} bytes, compressed: more than a page may have");
        }
    }
    drop(end);
    serving.await?;
    Ok(())
}

/// Four more campaigns at the same places; returns the one with the doses of a whole register.
async fn others(app: &App, now: chrono::DateTime<Utc>) -> Result<Loaded> {
    let people = std::env::var("DOSEPLAN_BENCH_PEOPLE").ok();
    let people = people.map_or(Ok(REGISTER), |text| text.parse())?;
    let mut second = None;
    for number in 2..=CAMPAIGNS {
        let mut campaign = support::campaign()?;
        let id = format!("{}-{number}", campaign.id);
        campaign.id = id.as_str().into();
        campaign.name = format!("{} {number}", campaign.name);
        for lot in &mut campaign.deliveries {
            lot.lot = format!("{}-{number}", lot.lot).as_str().into();
        }
        app.apply(&campaign, Actor::CommandLine, now).await?;
        let loaded = app.campaign(Some(&id)).await?;
        if second.is_none() {
            support::fill_by_sql(app, &loaded, people * 2).await?;
            second = Some(loaded);
            continue;
        }
        let from = Path::new(support::CAMPAIGN).join("tallies.csv");
        let copy = support::folder("web-files")?.join("tallies.csv");
        // Records of different campaigns have different codes, and lots are a campaign's own.
        let text = std::fs::read_to_string(from)?;
        let mut lines = text.lines();
        let mut rows = vec![lines.next().ok_or("a header")?.to_owned()];
        rows.extend(lines.map(|line| format!("{number}-{line}")));
        std::fs::write(&copy, rows.join("\n"))?;
        let done = app.import(&loaded, Kind::Tallies, &copy, Language::En, now).await?;
        assert!(
            done.fault.is_empty() && done.refused == 0,
            "tallies.csv is whole: {:?}",
            done.issues.first()
        );
    }
    Ok(second.ok_or("a second campaign")?)
}

/// Danyang's reports of the whole campaign, its register, and a plan in force.
async fn fill(app: &App, loaded: &Loaded, now: chrono::DateTime<Utc>) -> Result<()> {
    for (kind, file) in
        [(Kind::Persons, "persons.csv"), (Kind::Doses, "doses.csv"), (Kind::Tallies, "tallies.csv")]
    {
        // Errors files go beside what is imported.
        let from = Path::new(support::CAMPAIGN).join(file);
        let copy = support::folder("web-files")?.join(file);
        std::fs::copy(from, &copy)?;
        let done = app.import(loaded, kind, &copy, Language::En, now).await?;
        assert!(done.fault.is_empty() && done.refused == 0, "{file} is whole");
    }
    let limits = Limits::QUICK;
    let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
    let start = loaded.campaign.start;
    let before = now - TimeDelta::days(210);
    let made = app.make_plan(loaded, Some(start), Actor::CommandLine, search, before).await?;
    app.adopt_plan(loaded, Some(made.no), Actor::CommandLine, before).await?;
    Ok(())
}

/// Asks at the rate, person after person; how long each answer took, and the bytes of one.
async fn load(
    address: &str,
    path: &str,
    logins: &[String],
    seconds: usize,
) -> Result<(Vec<Duration>, usize)> {
    let start = Instant::now() + Duration::from_millis(200);
    let mut people = JoinSet::new();
    for (person, login) in logins.iter().enumerate() {
        let request = request(path, login);
        let address = address.to_owned();
        people.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut took = Vec::new();
            let mut bytes = 0;
            for turn in 0..PER_SECOND * seconds / PEOPLE {
                let number = u32::try_from(turn * PEOPLE + person).unwrap_or(u32::MAX);
                let due = start + Duration::from_secs(1) * number / 200;
                sleep_until(due).await;
                stream.write_all(request.as_bytes()).await?;
                bytes = answer(&mut stream).await?;
                took.push(due.elapsed());
            }
            Ok::<_, std::io::Error>((took, bytes))
        });
    }
    let (mut all, mut bytes) = (Vec::new(), 0);
    while let Some(person) = people.join_next().await {
        let (took, size) = person??;
        all.extend(took);
        bytes = size;
    }
    all.sort();
    Ok((all, bytes))
}

/// How long a page takes that nobody has looked at before.
async fn first_answer(address: &str, path: &str, logins: &[String]) -> Result<Duration> {
    let login = logins.first().ok_or("a login")?;
    let mut stream = TcpStream::connect(address).await?;
    let request = request(path, login);
    let began = Instant::now();
    stream.write_all(request.as_bytes()).await?;
    answer(&mut stream).await?;
    Ok(began.elapsed())
}

fn request(path: &str, login: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\
         Cookie: doseplan={login}\r\n\r\n"
    )
}

/// Reads one answer to its end; it must be a page.
async fn answer(stream: &mut TcpStream) -> std::io::Result<usize> {
    let mut bytes = Vec::with_capacity(32 << 10);
    let wrong = |what: &str| std::io::Error::other(what.to_owned());
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(wrong("the connection was closed"));
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        if !head.starts_with("http/1.1 200") {
            return Err(wrong(&head));
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let whole = match length.and_then(|text| text.trim().parse::<usize>().ok()) {
            Some(length) => bytes.len() >= end + 4 + length,
            None => bytes.ends_with(b"\r\n0\r\n\r\n"),
        };
        if whole {
            return Ok(bytes.len());
        }
    }
}

fn at(sorted: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len());
    sorted[index - 1]
}
