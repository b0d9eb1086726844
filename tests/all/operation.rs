//! The daemon as a service: HTTP, systemd, log, doctor.

use crate::support::{Desk, PROGRAM, SENIORS, World, at, number, small, text, wait};
use doseplan::app::import::Kind;
use doseplan::clock::{Clock, Hearts};
use doseplan::jobs::runner::Runner;
use doseplan::web;
use serde_json::Value;
use sqlx::Connection as _;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A daemon and what it logs.
pub(crate) struct Daemon {
    child: Child,
    log: Arc<Mutex<String>>,
    told: Receiver<String>,
}

impl Daemon {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stderr = BufReader::new(child.stderr.take().expect("its stderr"));
        let log = Arc::new(Mutex::new(String::new()));
        let (tell, told) = channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                kept.lock().unwrap().extend([line.as_str(), "\n"]);
                let _ = tell.send(line);
            }
        });
        Self { child, log, told }
    }

    /// The next line that contains these words.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> String {
        let until = Instant::now() + Duration::from_mins(1);
        while let Ok(line) = self.told.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            if line.contains(words) {
                return line;
            }
        }
        panic!("it never said {words:?}: {}", self.log())
    }

    #[track_caller]
    pub(crate) fn address(&self) -> SocketAddr {
        let line = self.says("HTTP listens");
        let (_, address) = line.split_once("address=").expect("an address");
        address.trim().parse().expect("an address")
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM and waits. Returns how long it took.
    #[track_caller]
    pub(crate) fn stop(mut self) -> Duration {
        let since = Instant::now();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.log());
        since.elapsed()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A test that fails because of an answer shows why the daemon gave it.
        if std::thread::panicking() {
            eprintln!("the daemon said:\n{}", self.log());
        }
        let _ = self.child.kill();
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

/// What a server answers to bytes; `None` if it closes without a word.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    // A server that refuses may close before everything is written.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Some(Answer { status, headers, body: body.to_owned() })
}

#[track_caller]
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    exchange(address, request.as_bytes()).expect("an answer")
}

pub(crate) const ANY_PORT: &str = "[http]\nlisten = \"127.0.0.1:0\"\n";

/// Name and labels, value.
type Samples = BTreeMap<String, f64>;

/// Parses the text format strictly: each family once, help and type before its samples, valid names and labels, no
/// sample twice, and the end marked.
#[track_caller]
pub(crate) fn samples(text: &str) -> Samples {
    let name = |word: &str| {
        !word.is_empty()
            && !word.starts_with(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut out = Samples::new();
    let mut families: BTreeMap<String, String> = BTreeMap::new();
    let mut current = String::new();
    // Only OpenMetrics has an end, and families without the ending of their samples.
    let is_open = text.ends_with("# EOF\n");
    for line in text.trim_end_matches("# EOF\n").lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (family, help) = rest.split_once(' ').expect("a help");
            assert!(name(family) && !help.is_empty(), "{line}");
            assert!(families.insert(family.to_owned(), String::new()).is_none(), "twice: {line}");
            family.clone_into(&mut current);
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (family, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(family, current, "{line}");
            assert!(["counter", "gauge", "info"].contains(&kind), "{line}");
            families.insert(family.to_owned(), kind.to_owned());
            continue;
        }
        let (key, value) = line.rsplit_once(' ').expect("a value");
        let (word, labels) = key.split_once('{').unwrap_or((key, "}"));
        let ending = match families[&current].as_str() {
            "counter" if is_open => "_total",
            "info" => "_info",
            _ => "",
        };
        assert_eq!(word, format!("{current}{ending}"), "{line}");
        let labels = labels.strip_suffix('}').expect("an end of labels");
        for label in labels.split("\",").filter(|label| !label.is_empty()) {
            let (label, value) = label.split_once("=\"").expect("a label");
            assert!(name(label), "{line}");
            assert!(!value.trim_end_matches('"').contains(['"', '\\']), "{line}");
        }
        let value: f64 = value.parse().expect("a number");
        assert!(value >= 0.0, "{line}");
        assert!(out.insert(key.to_owned(), value).is_none(), "twice: {line}");
    }
    out
}

/// Parses it with a parser of Prometheus' own Python library, if that is installed.
fn read_by_prometheus(from: &str, text: &str) {
    const PROGRAM: &str = "
text = sys.stdin.read()
names = [sample.name for family in parse(text) for sample in family.samples]
assert 'doseplan_mails' in names and 'doseplan_job_runs_total' in names, names
";
    let there = Command::new("python3").args(["-c", "import prometheus_client"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "prometheus_client must be installed");
        eprintln!("prometheus_client is not installed; only the reading of our own was done");
        return;
    }
    let program =
        format!("import sys\n{from} import text_string_to_metric_families as parse\n{PROGRAM}");
    read_by(Command::new("python3").args(["-c", &program]), text);
}

/// Checks it with Prometheus' own program, if `DOSEPLAN_PROMTOOL` names it.
pub(crate) fn read_by_promtool(text: &str) {
    let Some(promtool) = std::env::var_os("DOSEPLAN_PROMTOOL") else {
        assert!(std::env::var_os("CI").is_none(), "DOSEPLAN_PROMTOOL must name promtool");
        eprintln!("DOSEPLAN_PROMTOOL is not set; the figures were not checked by promtool");
        return;
    };
    read_by(Command::new(promtool).args(["check", "metrics"]), text);
}

/// Gives a text to a program that must be content with it.
fn read_by(program: &mut Command, text: &str) {
    let pipes = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn a_daemon_says_that_it_lives_and_works_and_what_it_did() {
    let world = World::small();
    world.file("doseplan.toml", ANY_PORT);
    world.import("persons", &format!("{SENIORS}\nbad,Z,1950-01-01,,,,,,,,")).ends(3);
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,30").ends(0);
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,31").ends(0);
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,31").ends(0);
    world.file("nothing.csv", "record,person,date,place,lot\n");
    world.run(&["doses", "import", "nothing.csv"]).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    let backfill = ["--from", "2021-04-03T00:00", "--to", "2021-04-05T23:00"];
    world.run(&[&["job", "backfill", "summary"], &backfill[..]].concat()).ends(0);
    let daemon = Daemon::start(&mut world.command(&["daemon"]));
    let address = daemon.address();
    let alive = get(address, "/healthz");
    assert_eq!((alive.status, &alive.json()["alive"]), (200, &Value::Bool(true)));
    let ready = get(address, "/readyz");
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &Value::Bool(true)));
    assert_eq!(ready.json()["sending_held"], Value::Null);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("x-frame-options", "DENY"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(ready.headers[name], value);
    }
    assert!(ready.headers["content-security-policy"].starts_with("default-src 'none'"));
    assert_eq!(get(address, "/nothing").status, 404);
    let post =
        b"POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(exchange(address, post).unwrap().status, 405);

    // Wait for what the daemon sends or gives up when it starts.
    let until = Instant::now() + Duration::from_secs(30);
    while world.mails().iter().any(|mail| ["queued", "sending"].contains(&mail.0.as_str())) {
        assert!(Instant::now() < until, "{:?}", world.mails());
        std::thread::sleep(Duration::from_millis(200));
    }
    let plain = get(address, "/metrics");
    assert!(plain.headers["content-type"].starts_with("text/plain; version=0.0.4"));
    assert!(plain.headers["vary"].contains("Accept"));
    read_by_prometheus("from prometheus_client.parser", &plain.body);
    read_by_promtool(&plain.body);
    let asked = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n\r\n";
    let metrics = exchange(address, asked.as_bytes()).unwrap();
    assert_eq!(metrics.status, 200);
    assert!(metrics.headers["content-type"].starts_with("application/openmetrics-text"));
    read_by_prometheus("from prometheus_client.openmetrics.parser", &metrics.body);
    let found = samples(&metrics.body);
    let mut states: BTreeMap<String, f64> = BTreeMap::new();
    for (state, ..) in world.mails() {
        *states.entry(state).or_default() += 1.0;
    }
    assert!(!states.is_empty());
    for state in ["queued", "sending", "sent", "in_doubt", "failed", "expired"] {
        let wanted = states.get(state).copied().unwrap_or(0.0);
        assert!((found[&format!("doseplan_mails{{state=\"{state}\"}}")] - wanted).abs() < 0.5);
    }
    let is = |key: &str, wanted: f64| {
        let value = found.get(key).unwrap_or_else(|| panic!("no {key}: {}", metrics.body));
        assert!((value - wanted).abs() < 1e-6, "{key} is {value}, not {wanted}");
    };
    let import = |kind: &str, result: &str| {
        let labels = format!("campaign=\"small\",kind=\"{kind}\",result=\"{result}\"");
        format!("doseplan_import_rows_total{{{labels}}}")
    };
    for (kind, result, rows) in [
        ("persons", "new", 6.0),
        ("persons", "refused", 1.0),
        ("tallies", "new", 1.0),
        ("tallies", "corrected", 1.0),
        ("tallies", "same", 1.0),
        ("doses", "new", 0.0),
    ] {
        is(&import(kind, result), rows);
    }
    is("doseplan_job_runs_total{campaign=\"small\",job=\"summary\",state=\"done\"}", 3.0);
    is("doseplan_sending_held", 0.0);
    is("doseplan_daemons", 1.0);
    let version = env!("CARGO_PKG_VERSION");
    is(&format!("doseplan_build_info{{version=\"{version}\"}}"), 1.0);
    let last = "doseplan_job_last_success_timestamp_seconds{campaign=\"small\",job=\"summary\"}";
    let ago = Clock::System.now().timestamp_millis() as f64 / 1000.0 - found[last];
    assert!((0.0..600.0).contains(&ago), "{ago}");
    for personal in ["home.example", "赵", "1380000", "1950"] {
        assert!(!metrics.body.contains(personal), "{personal}: {}", metrics.body);
    }

    // Open connections do not delay it: one is idle, one is in the middle of its head.
    let mut idle = TcpStream::connect(address).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut some = [0; 16];
    idle.read_exact(&mut some).unwrap();
    assert_eq!(&some[..12], b"HTTP/1.1 200");
    let mut halfway = TcpStream::connect(address).unwrap();
    halfway.write_all(b"GET /healthz HTT").unwrap();
    let took = daemon.stop();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn slow_and_greedy_clients_are_cut_off() {
    let world = World::small();
    world.file("doseplan.toml", ANY_PORT);
    let daemon = Daemon::start(&mut world.command(&["daemon"]));
    let address = daemon.address();
    let long = 65 << 10;
    let head = format!("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {long}\r\n\r\n");
    let refused = exchange(address, &[head.as_bytes(), &vec![b'x'; long]].concat());
    assert!(refused.is_none_or(|answer| answer.status == 413));
    let wide = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(40 << 10));
    assert!(exchange(address, wide.as_bytes()).is_none_or(|answer| answer.status == 431));
    // More connections than it takes at once, none of which finishes its head.
    let slow: Vec<TcpStream> = (0..160)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    let since = Instant::now();
    let alive = get(address, "/healthz");
    assert_eq!(alive.status, 200);
    assert!(since.elapsed() < Duration::from_secs(35), "{:?}", since.elapsed());
    drop(slow);
    assert!(daemon.stop() < Duration::from_secs(5));
}

#[test]
fn an_address_that_is_taken_is_an_error_only_where_it_was_asked_for() {
    let world = World::small();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    world.file("doseplan.toml", format!("[http]\nlisten = \"{address}\"\n"));
    let ran = world.run(&["daemon"]).ends(4);
    assert!(ran.err.contains(&address.to_string()) && ran.err.contains("off"), "{}", ran.err);
    world.file("doseplan.toml", "[http]\nlisten = \"nine\"\n");
    assert!(world.run(&["daemon"]).ends(4).err.contains("127.0.0.1:8470"));
    // The default address may be in use by another program. Whoever has it, this daemon does not.
    std::fs::remove_file(world.path("doseplan.toml")).unwrap();
    // A daemon of another test may have it for a moment, and must not give it back in between.
    let held = (0..600).find_map(|_| {
        let held = TcpListener::bind("127.0.0.1:8470").ok();
        if held.is_none() {
            std::thread::sleep(Duration::from_millis(100));
        }
        held
    });
    let daemon = Daemon::start(&mut world.command(&["daemon"]));
    let warned = daemon.says("no HTTP");
    assert!(warned.contains("listen = "), "{warned}");
    daemon.says("daemon started");
    daemon.stop();
    drop(held);
    world.file("doseplan.toml", "[http]\nlisten = \"off\"\n");
    let daemon = Daemon::start(&mut world.command(&["daemon"]));
    daemon.says("daemon started");
    let log = Arc::clone(&daemon.log);
    daemon.stop();
    assert!(!log.lock().unwrap().contains("HTTP"));
}

/// Serves the database of a desk from this process.
async fn site(desk: &Desk, hearts: &Arc<Hearts>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let clock = Clock::simulated(at("2021-03-30T08:00:00"));
    let hearts = Arc::clone(hearts);
    let runner = Runner { hearts, ..Runner::new(desk.app.clone(), "site".to_owned()) };
    let site = web::Site::new(&runner, clock);
    tokio::spawn(web::serve(listener, site, std::future::pending()));
    address
}

async fn ask(address: SocketAddr, path: &'static str) -> Answer {
    tokio::task::spawn_blocking(move || get(address, path)).await.unwrap()
}

/// Changes the database of a desk behind its back.
async fn sql(desk: &Desk, text: &'static str) {
    let file = format!("sqlite://{}", desk.dir.path().join("doseplan.db").display());
    let mut direct = sqlx::SqliteConnection::connect(&file).await.unwrap();
    sqlx::raw_sql(text).execute(&mut direct).await.unwrap();
    direct.close().await.unwrap();
}

/// Logs in and returns the cookie.
#[track_caller]
fn cookie(address: SocketAddr, name: &str, password: &str) -> String {
    let form = format!("name={name}&password={password}");
    let head = "POST /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{form}", form.len());
    let answer = exchange(address, request.as_bytes()).expect("an answer");
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.headers["set-cookie"].split(';').next().unwrap().to_owned()
}

#[track_caller]
fn get_as(address: SocketAddr, cookie: &str, path: &str) -> Answer {
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    let request = format!("{head}Cookie: {cookie}; lang=en\r\n\r\n");
    exchange(address, request.as_bytes()).expect("an answer")
}

#[test]
fn a_demo_opens_its_dashboard_before_it_plans_and_a_login_outlasts_the_replayed_weeks() {
    let world = World::empty();
    world.file("doseplan.toml", ANY_PORT);
    let demo = ["--lang", "en", "demo", "--until", "2021-03-26", "--steps", "0", "--dir", "d"];
    let daemon = Daemon::start(&mut world.command(&demo));
    let address = daemon.address();
    let line = daemon.says("Dashboard: ");
    assert!(!daemon.log().contains("Plan adopted"), "{}", daemon.log());
    assert!(line.contains(&format!("http://{address}/")), "{line}");
    let (_, password) = line.split_once("password ").expect("a password");
    let cookie = cookie(address, "demo", password);
    let look = daemon.says("/overview");
    let path = look.split_whitespace().next().unwrap().split_once(&address.to_string()).unwrap().1;
    daemon.says("The daemon goes on from 2021-03-27 00:00");
    // The replay went on for three days of the campaign; a login without a click ends after two hours.
    let page = get_as(address, &cookie, &format!("{path}?as-of=2021-03-26"));
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.body.contains("in the replayed campaign"), "{}", page.body);
    daemon.stop();
}

#[test]
fn a_page_says_which_day_it_is_in_a_replay() {
    wait(async {
        let now = at("2021-03-30T08:00:00");
        let desk = Desk::open(&small(), now).await;
        let role = (doseplan::domain::account::Role::Admin, &[][..]);
        let by = doseplan::domain::permission::Actor::CommandLine;
        desk.app.add_account("demo", role, "password-demo-1", by, now).await.unwrap();
        let address = site(&desk, &Arc::new(Hearts::default())).await;
        let path = format!("/c/{}/overview?as-of=2021-03-29", desk.loaded.campaign.id);
        let page = tokio::task::spawn_blocking(move || {
            get_as(address, &cookie(address, "demo", "password-demo-1"), &path)
        });
        let page = page.await.unwrap();
        let said = "Demo: in the replayed campaign it is 2021-03-30 08:00.";
        assert!(page.body.contains(said), "{}", page.body);
    });
}

#[test]
fn one_click_ends_reminders_and_looking_at_the_link_does_not() {
    wait(async {
        let now = at("2021-03-30T08:00:00");
        let desk = Desk::open(&small(), now).await;
        let persons = format!("{}\n{}\n", crate::support::PERSONS, crate::support::SENIORS);
        desk.import(doseplan::app::import::Kind::Persons, &persons, now).await;
        let runner = doseplan::jobs::runner::Runner::new(desk.app.clone(), "test".to_owned());
        runner.tick(now).await.unwrap();
        runner.tick(at("2021-03-31T09:10:00")).await.unwrap();
        let folder = std::fs::read_dir(desk.dir.path().join("mail")).unwrap();
        let mut letters = folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        let letter = letters.find(|letter| letter.contains("unsubscribe%20")).expect("a reminder");
        let letter = letter.replace("\r\n ", "");
        let (_, after) = letter.split_once("unsubscribe%20").unwrap();
        let token: String =
            after.chars().take_while(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
        let address = site(&desk, &Arc::new(Hearts::default())).await;
        let list = async || desk.app.unsubscribed().await.unwrap().len();
        let looked = {
            let path = format!("/u/{token}");
            tokio::task::spawn_blocking(move || get(address, &path)).await.unwrap()
        };
        assert_eq!((looked.status, list().await), (200, 0));
        let post = async |token: String| {
            let request = format!(
                "POST /u/{token} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\n\
                 List-Unsubscribe=One-Click"
            );
            let asked = move || exchange(address, request.as_bytes()).expect("an answer").status;
            tokio::task::spawn_blocking(asked).await.unwrap()
        };
        let last = if token.ends_with('0') { '1' } else { '0' };
        assert_eq!(post(format!("{}{last}", &token[..token.len() - 1])).await, 404);
        assert_eq!((post(token.clone()).await, list().await), (200, 1));
        assert_eq!((post(token).await, list().await), (200, 1));
    });
}

#[test]
fn what_hangs_or_is_held_or_is_not_migrated_is_said() {
    wait(async {
        let now = at("2021-03-30T08:00:00");
        let desk = Desk::open(&small(), now).await;
        let hearts = Arc::new(Hearts::default());
        let address = site(&desk, &hearts).await;
        assert_eq!(ask(address, "/healthz").await.status, 200);
        hearts.mail.stop();
        let dead = ask(address, "/healthz").await;
        assert_eq!(dead.status, 503);
        assert!(dead.json()["wrong"].as_str().unwrap().contains("mail"), "{}", dead.body);
        hearts.mail.beat();
        assert_eq!(ask(address, "/healthz").await.status, 200);
        hearts.jobs.stop();
        assert!(ask(address, "/healthz").await.body.contains("jobs"));

        desk.app.hold("the office is being moved", now).await.unwrap();
        let held = ask(address, "/readyz").await;
        assert_eq!(held.status, 200);
        assert_eq!(held.json()["sending_held"]["said"], "the office is being moved");
        let found = samples(&ask(address, "/metrics").await.body);
        assert!(found["doseplan_sending_held"] > 0.5);

        sql(&desk, "DELETE FROM _sqlx_migrations WHERE version > 1").await;
        let old = ask(address, "/readyz").await;
        assert_eq!(old.status, 503);
        assert!(old.json()["wrong"].as_str().unwrap().contains("migration 1"), "{}", old.body);
        desk.app.store.close().await;
        assert_eq!(ask(address, "/readyz").await.status, 503);
        assert_eq!(ask(address, "/metrics").await.status, 503);
    });
}

#[test]
fn a_counter_never_falls_when_a_mail_is_sent_again_by_hand() {
    wait(async {
        let now = at("2021-03-30T08:00:00");
        let desk = Desk::open(&small(), now).await;
        let rows = "record,date,place,area,group,dose,doses\n";
        desk.import(Kind::Tallies, rows, now).await;
        let address = site(&desk, &Arc::default()).await;
        let insert = "INSERT INTO outbox (unique_key, kind, recipient, subject, message_id, \
             content, state, attempts, due_at, quiet, zone, created_at, changed_at, fence) VALUES \
             ('a', 'digest', 'a@x.example', 's', 'a', x'00', 'failed', 1, 1617000000000, 0, 'UTC', \
             0, 0, 0), \
             ('b', 'digest', 'b@x.example', 's', 'b', x'00', 'failed', 1, 0, 0, 'UTC', 0, 0, 0)";
        sql(&desk, insert).await;
        let failed = async || {
            let found = samples(&ask(address, "/metrics").await.body);
            let now = found["doseplan_mails{state=\"failed\"}"];
            let ever = found["doseplan_mails_result_total{result=\"failed\"}"];
            (now, ever, found["doseplan_queue_oldest_seconds"])
        };
        assert_eq!(failed().await, (2.0, 2.0, 0.0));
        sql(&desk, "UPDATE outbox SET state = 'queued' WHERE unique_key = 'a'").await;
        let waits = (now.timestamp() - 1_617_000_000) as f64;
        assert_eq!(failed().await, (1.0, 2.0, waits));
    });
}

#[test]
fn systemd_is_told_when_the_daemon_is_ready_lives_and_stops() {
    let world = World::small();
    world.file("doseplan.toml", ANY_PORT);
    let path = world.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut command = world.command(&["daemon"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "900000");
    let daemon = Daemon::start(&mut command);
    let heard = |wanted: &str| -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let mut bytes = [0; 4096];
        loop {
            let length = socket.recv(&mut bytes).unwrap_or_else(|e| panic!("{e}: {all:?}"));
            let said = String::from_utf8(bytes[..length].to_vec()).unwrap();
            all.extend(said.lines().map(str::to_owned));
            if all.iter().any(|line| line == wanted) {
                return all;
            }
        }
    };
    let before = heard("READY=1");
    assert!(!before.iter().any(|line| line == "STOPPING=1"), "{before:?}");
    assert!(before.iter().any(|line| line.contains("http://127.0.0.1:")), "{before:?}");
    let since = Instant::now();
    for _ in 0..4 {
        heard("WATCHDOG=1");
    }
    // A third of the interval asked for: every 300 ms.
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    daemon.stop();
    let after = heard("STOPPING=1");
    assert!(!after.iter().any(|line| line == "READY=1"), "{after:?}");
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("systemd-analyze is not installed");
        return;
    }
    let world = World::empty();
    let unit = include_str!("../../deploy/doseplan.service");
    assert!(unit.contains("/usr/local/bin/doseplan daemon "));
    let here = unit.replace("/usr/local/bin/doseplan", PROGRAM);
    let file = world.file("doseplan.service", here);
    let ran = Command::new("systemd-analyze").args(["verify", text(&file)]).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let mine: Vec<_> = said.lines().filter(|line| line.contains("doseplan.service")).collect();
    assert!(ran.status.success() && mine.is_empty(), "{said}");
    let example = include_str!("../../deploy/doseplan.toml");
    let read: Result<doseplan::config::Config, _> = toml::from_str(example);
    assert!(read.is_ok(), "{:?}", read.err());
}

/// A mail server that refuses every recipient and repeats the address.
fn refusing_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut out = stream.try_clone().unwrap();
                let _ = out.write_all(b"220 mail.example ESMTP\r\n");
                for (count, line) in
                    BufReader::new(stream).lines().map_while(Result::ok).enumerate()
                {
                    let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
                    let whom = line.split_once(':').map_or("", |(_, whom)| whom);
                    let answer = match word.as_str() {
                        "RCPT" if count % 2 == 0 => {
                            format!("450 4.2.2 {whom}: the mailbox of {whom} is full")
                        }
                        "RCPT" => format!("550 5.1.1 {whom} is not known here"),
                        "QUIT" => "221 bye".to_owned(),
                        _ => "250 ok".to_owned(),
                    };
                    let _ = out.write_all(format!("{answer}\r\n").as_bytes());
                }
            });
        }
    });
    address
}

#[test]
fn the_log_is_json_and_names_nobody() {
    let world = World::small();
    let server = refusing_server();
    world.file(
        "doseplan.toml",
        format!(
            "{ANY_PORT}[mail]\ntransport = \"smtp\"\ntls = \"none\"\nhost = \"127.0.0.1\"\n\
             port = {}\n[reminders]\nquiet_hours = \"00:00-00:00\"\n",
            server.port()
        ),
    );
    let command = |arguments: &[&str], clock: &str| {
        let mut command = world.command(arguments);
        command.env("DOSEPLAN_CLOCK", format!("2021-03-31T{clock}+08:00"));
        command.env("DOSEPLAN_LOG", "debug").env("DOSEPLAN_LOG_FORMAT", "json");
        command
    };
    let header = crate::support::PERSONS;
    world.file("persons.csv", format!("{header}\n{SENIORS}\n"));
    let mut log = String::new();
    for arguments in [
        &["persons", "import", "persons.csv"][..],
        &["job", "run", "plan", "--at", "2021-03-31T01:00"],
        &["job", "run", "summary", "--at", "2021-03-31T07:00"],
        &["job", "run", "digest", "--at", "2021-03-31T08:00"],
    ] {
        let ran = command(arguments, "08:30:00").output().unwrap();
        let err = String::from_utf8(ran.stderr).unwrap();
        assert!(ran.status.success(), "{err}");
        // Messages for the operator appear among the lines of the log.
        let json = |line: &&str| line.starts_with('{');
        log.extend(err.lines().filter(json).map(|line| format!("{line}\n")));
    }
    let daemon = Daemon::start(&mut command(&["daemon"], "08:59:56"));
    let line = daemon.says("HTTP listens");
    let line: Value = serde_json::from_str(&line).unwrap();
    let address: SocketAddr = line["fields"]["address"].as_str().unwrap().parse().unwrap();
    // The reminders of nine o'clock are queued and refused.
    daemon.says("reminders");
    let until = Instant::now() + Duration::from_mins(1);
    let tried = || {
        let all = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
        let mails = all.as_array().unwrap();
        let reminder = |mail: &&Value| mail["kind"] == "reminder";
        let tried = |mail: &&Value| mail["last_error"].as_str().is_some_and(|e| e.contains('@'));
        (mails.iter().filter(reminder).count(), mails.iter().filter(reminder).filter(tried).count())
    };
    while tried() != (3, 3) {
        assert!(Instant::now() < until, "{:?}: {}", tried(), daemon.log());
        std::thread::sleep(Duration::from_millis(300));
    }
    let metrics = get(address, "/metrics").body;
    let found = samples(&metrics);
    assert!(found["doseplan_mails_result_total{result=\"failed\"}"] > 0.5, "{metrics}");
    let kept = Arc::clone(&daemon.log);
    daemon.stop();
    log.push_str(&kept.lock().unwrap());
    assert!(log.lines().count() > 10, "{log}");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        for key in ["timestamp", "level", "fields"] {
            assert!(!line[key].is_null(), "{line}");
        }
    }
    // The server's words were logged, without the address.
    assert!(log.contains("DEBUG"), "{log}");
    for row in SENIORS.lines() {
        let cells: Vec<&str> = row.split(',').collect();
        for personal in [cells[2], cells[3], cells[6], cells[7]] {
            assert!(personal.is_empty() || !log.contains(personal), "{personal}: {log}");
            assert!(personal.is_empty() || !metrics.contains(personal), "{personal}: {metrics}");
        }
    }
    assert!(!log.contains("@home.example") && !log.contains("@small.example"), "{log}");
}

#[test]
fn a_configuration_that_cannot_be_used_is_told_in_json_too() {
    let world = World::small();
    world.file("doseplan.toml", "timetable = \"none.toml\"\n");
    let ran = world.run(&["daemon", "--log", "json"]).ends(4);
    let line: Value = serde_json::from_str(ran.err.trim()).expect("one JSON object");
    assert_eq!(line["level"], "ERROR");
    assert!(line["fields"]["message"].as_str().unwrap().contains("none.toml"));
    world.run(&["daemon", "--log", "yaml"]).ends(2);
}

#[test]
fn the_doctor_names_each_fault_with_its_remedy() {
    let world = World::small();
    let doctor = || world.run(&["--lang", "en", "doctor"]);
    let well = doctor().ends(0).out;
    for said in [
        "migrations applied",
        "mail may be sent from here",
        "MB free",
        "none is running; start one",
        "as delivered",
        "none is overdue",
        "time zones: rules of 20",
    ] {
        assert!(well.contains(said), "{said}: {well}");
    }
    world.file("secret", "pw\n");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(world.path("secret"), open).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let configure = |more: &str| {
        world.file("doseplan.toml", format!("{more}\n[http]\nlisten = \"{address}\"\n"));
    };
    configure("timetable = \"mine.toml\"");
    world.file("mine.toml", "[plan]\ncron = \"0 25 * * *\"\n");
    let out = doctor().ends(1).out;
    assert!(out.contains("fail  timetable: timetable mine.toml: [plan]"), "{out}");
    // A program that listens there and does not answer is no doseplan.
    assert!(out.contains(&format!("http://{address}: another program")), "{out}");
    world.file("doseplan.toml", "[mail]\ndir = \"file/mail\"\npassword_file = \"secret\"\n");
    world.file("file", "in the way");
    let out = doctor().ends(1).out;
    assert!(out.contains("cannot be written"), "{out}");
    assert!(out.contains("mode 644") && out.contains("chmod 600 secret"), "{out}");
    std::fs::remove_file(world.path("doseplan.toml")).unwrap();

    world.file("doseplan.toml", ANY_PORT);
    let daemon = Daemon::start(&mut world.command(&["daemon"]));
    let address = daemon.address();
    assert_eq!(number(&get(address, "/healthz").json()["jobs_silent_secs"]) / 60, 0);
    world.file("doseplan.toml", format!("[http]\nlisten = \"{address}\"\n"));
    let out = doctor().ends(0).out;
    assert!(out.contains("daemon: 1 running"), "{out}");
    assert!(out.contains(&format!("http://{address}: the daemon answers")), "{out}");
    daemon.stop();
    // What a daemon left undone, seen some hours later.
    let late = small().swap("campaign.toml", "adopt = \"auto\"", "adopt = \"ask\"");
    let world = World::with(&late);
    let clock = |arguments: &[&str], at: &str| {
        let mut command = world.command(arguments);
        command.env("DOSEPLAN_CLOCK", format!("2021-04-02T{at}+08:00"));
        command
    };
    world.file("doseplan.toml", ANY_PORT);
    let daemon = Daemon::start(&mut clock(&["daemon"], "05:00:00"));
    let address = daemon.address();
    let until = Instant::now() + Duration::from_secs(30);
    // It records itself when its first look is over.
    while get(address, "/metrics").body.lines().all(|line| line != "doseplan_daemons 1.0") {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(200));
    }
    std::thread::sleep(Duration::from_secs(1));
    daemon.stop();
    let ran = clock(&["--lang", "en", "doctor"], "10:00:00").output().unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    assert!(out.contains("jobs overdue: small: summary, small: reminders"), "{out}");
}

#[test]
fn a_new_version_of_the_time_zones_rules_is_written_down_once() {
    wait(async {
        let now = at("2021-03-30T08:00:00");
        let desk = Desk::open(&small(), now).await;
        for _ in 0..3 {
            desk.app.note_zone_data(now).await.unwrap();
        }
        let mut tx = desk.app.store.read().await.unwrap();
        let events = doseplan::store::installation::events(&mut tx, 99).await.unwrap();
        let noted: Vec<_> = events.iter().filter(|event| event.kind.word() == "tzdb").collect();
        assert_eq!(noted.len(), 1);
        assert_eq!(noted[0].said, chrono_tz::IANA_TZDB_VERSION);
    });
}
