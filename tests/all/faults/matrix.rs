//! Every fault of a mail server, on two independent servers; then the server recovers.

use super::{MailServer, agree, mail_through, mails, missing, seconds, until};
use crate::support::{PERSONS, World, small, wait};
use doseplan::store::{Store, outbox, relays};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Mails of a world: one for each of six people.
const MAILS: usize = 6;

/// A world with six queued reminders, on the day before the first session.
fn world(port: u16) -> World {
    let world = World::with(&small());
    let mut rows = String::new();
    for n in 0..MAILS {
        rows += &format!("p{n},A,1950-01-01,,F,,p{n}@home.example,,,,\n");
    }
    world.file("register.csv", format!("{PERSONS}\n{rows}"));
    world.run(&["persons", "import", "register.csv"]).ends(0);
    mail_through(&world, port, 2, "connections = 1");
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    world.run(&["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    assert_eq!(world.mails().len(), MAILS);
    world
}

fn states(world: &World) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for (state, ..) in world.mails() {
        *out.entry(state).or_default() += 1;
    }
    out
}

fn drain(world: &World, at: &str) -> i32 {
    world.run(&["outbox", "drain", "--at", &format!("2021-03-31T{at}")]).code
}

fn listed(world: &World) -> Vec<outbox::Message> {
    wait(async {
        let store = Store::open(world.db(), false).await.unwrap();
        let all = mails(&store).await;
        store.close().await;
        all
    })
}

/// Afterwards: mails in doubt are resolved by what the server has, then everything that can be sent is sent.
fn recover(world: &World, arrived: impl Fn() -> BTreeMap<String, u32>) {
    for (id, here) in agree(&arrived(), &listed(world)) {
        let how = if here { "--sent" } else { "--resend" };
        let mut resolve = world.command(&["outbox", "resolve", &id.to_string(), how]);
        resolve.env("DOSEPLAN_CLOCK", "2021-03-31T10:00:00+08:00");
        assert!(resolve.status().unwrap().success());
    }
    for at in ["11:00", "14:00", "19:00"] {
        drain(world, at);
    }
    assert_eq!(agree(&arrived(), &listed(world)), []);
}

#[test]
fn each_fault_of_the_first_server_has_its_own_consequence() {
    // mode · states after one drain · attempts charged to a message that was tried · sent in the end
    type Case = (&'static str, &'static [(&'static str, usize)], i64, usize);
    let table: [Case; 13] = [
        ("silent-banner", &[("queued", 6)], 0, 6),
        ("421-at-connect", &[("queued", 6)], 1, 6),
        ("drop-at-connect", &[("queued", 6)], 0, 6),
        ("450-at-rcpt", &[("queued", 6)], 1, 6),
        ("550-at-rcpt", &[("failed", 6)], 1, 0),
        ("slow", &[("sent", 6)], 1, 6),
        ("drop-at-data", &[("queued", 6)], 0, 6),
        ("421-after-dot", &[("queued", 6)], 1, 6),
        ("451-after-dot", &[("queued", 6)], 1, 6),
        ("554-after-dot", &[("queued", 6)], 1, 6),
        ("drop-after-dot", &[("in_doubt", 2), ("queued", 4)], 1, 6),
        ("silence-after-dot", &[("in_doubt", 2), ("queued", 4)], 1, 6),
        ("rst-after-dot", &[("in_doubt", 2), ("queued", 4)], 1, 6),
    ];
    for (mode, after, charged, sent) in table {
        let Some(server) = MailServer::start(0) else { return };
        server.mode(mode);
        let world = world(server.port());
        drain(&world, "09:30");
        let wanted: BTreeMap<String, usize> =
            after.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect();
        assert_eq!(states(&world), wanted, "{mode}");
        let tried: Vec<i64> = listed(&world).iter().map(|mail| mail.attempts).collect();
        assert_eq!(tried.iter().max(), Some(&charged), "{mode}: {tried:?}");
        agree(&server.arrived(), &listed(&world));
        server.mode("ok");
        recover(&world, || server.arrived());
        assert_eq!(server.arrived().len(), sent, "{mode}");
        let ends = if sent == 0 { "failed" } else { "sent" };
        assert_eq!(states(&world), BTreeMap::from([(ends.to_owned(), 6)]), "{mode}");
    }
}

/// smtp-sink of Postfix, which is not among the shared tools.
struct Sink {
    child: Child,
    dir: tempfile::TempDir,
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sink() -> Option<PathBuf> {
    let named = std::env::var_os("DOSEPLAN_SMTP_SINK").map(PathBuf::from);
    let path = named.unwrap_or_else(|| PathBuf::from("/usr/sbin/smtp-sink"));
    if path.is_file() {
        return Some(path);
    }
    crate::support::skipped(
        "no smtp-sink; apt-get install postfix, or DOSEPLAN_SMTP_SINK names the program",
    );
    None
}

impl Sink {
    fn start(program: &Path, port: u16, options: &[&str], dir: tempfile::TempDir) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let mut command = Command::new(program);
        // As root it insists on running as another user.
        let user = if Path::new("/root").join(".").read_dir().is_ok() { "nobody" } else { "" };
        if !user.is_empty() {
            command.args(["-u", user]);
        }
        if let Some(libraries) = program.ancestors().nth(2).map(|root| root.join("lib/postfix")) {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let child = command
            .args(options)
            .arg("-d")
            .arg(dir.path().join("mail."))
            .args([&format!("127.0.0.1:{port}"), "50"])
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("smtp-sink starts");
        let sink = Self { child, dir };
        until(seconds(5), "smtp-sink listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        sink
    }

    /// Ends it and returns the folder with what it received.
    fn end(mut self) -> tempfile::TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }
}

/// Message-IDs in the files of smtp-sink.
fn arrived(dir: &Path) -> BTreeMap<String, u32> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let text = std::fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&text).replace("\r\n", "\n");
        for line in text.lines().filter_map(|line| line.strip_prefix("Message-ID: ")) {
            *out.entry(line.trim_matches(['<', '>', '\r']).to_owned()).or_default() += 1;
        }
    }
    out
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn each_fault_of_the_second_server_has_its_own_consequence() {
    let Some(program) = sink() else { return };
    // Options of smtp-sink: -q hang up at a command, -Q 421 and hang up, -r 4xx, -f 5xx, -w wait before 250.
    let table: [(&[&str], &str, usize); 13] = [
        (&[], "sent", 6),
        (&["-q", "connect"], "queued", 6),
        (&["-q", "mail"], "queued", 6),
        (&["-q", "rcpt"], "queued", 6),
        (&["-q", "data"], "queued", 6),
        (&["-Q", "rcpt"], "queued", 6),
        (&["-r", "mail"], "queued", 6),
        (&["-r", "rcpt"], "queued", 6),
        (&["-r", "data"], "queued", 6),
        (&["-f", "mail"], "queued", 6),
        // It refuses all readers alike, without a reason: that is about us.
        (&["-f", "rcpt"], "queued", 6),
        (&["-f", "data"], "queued", 6),
        // Here the answer to DATA is late.
        (&["-w", "5"], "queued", 6),
    ];
    for (options, state, sent) in table {
        let port = free_port();
        let server = Sink::start(&program, port, options, tempfile::tempdir().unwrap());
        let world = world(port);
        drain(&world, "09:30");
        assert_eq!(states(&world), BTreeMap::from([(state.to_owned(), 6)]), "{options:?}");
        let dir = server.end();
        assert_eq!(agree(&arrived(dir.path()), &listed(&world)), [], "{options:?}");
        let server = Sink::start(&program, port, &[], dir);
        recover(&world, || arrived(server.dir.path()));
        assert_eq!(arrived(server.dir.path()).len(), sent, "{options:?}");
    }
    // The answer to the final dot never comes: in doubt, held, and resolved by hand.
    let options = ["-q", "."];
    let port = free_port();
    let server = Sink::start(&program, port, &options, tempfile::tempdir().unwrap());
    let world = world(port);
    drain(&world, "09:30");
    let in_doubt = states(&world).get("in_doubt").copied().unwrap_or(0);
    assert!((1..=2).contains(&in_doubt), "{options:?}: {:?}", states(&world));
    drain(&world, "16:00");
    assert!(states(&world)["in_doubt"] >= in_doubt, "never sent again by itself");
    let dir = server.end();
    let server = Sink::start(&program, port, &[], dir);
    recover(&world, || arrived(server.dir.path()));
    assert_eq!(states(&world), BTreeMap::from([("sent".to_owned(), 6)]), "{options:?}");
}

#[test]
fn a_server_that_is_down_for_two_hours_is_tried_now_and_then_and_all_mail_goes_when_it_is_back() {
    if missing("python3", "no python3; apt-get install python3") {
        return;
    }
    let port = free_port();
    let world = world(port);
    let (mut tries, mut failures) = (0, 0);
    // A daemon looks every minute, with its usual time limits.
    for minute in 0..120 {
        let (hour, minute) = (9 + minute / 60, minute % 60);
        let failed = look(&world, &format!("{hour:02}:{minute:02}:00"));
        tries += i64::from(failed > failures);
        failures = failed;
    }
    assert!((5..=9).contains(&tries), "{tries} tries in two hours");
    assert_eq!(states(&world), BTreeMap::from([("queued".to_owned(), 6)]));
    assert!(listed(&world).iter().all(|mail| mail.attempts == 0), "no fault of the mails");
    let Some(server) = MailServer::start(port) else { return };
    for minute in 0..35 {
        look(&world, &format!("11:{minute:02}:30"));
    }
    assert_eq!(agree(&server.arrived(), &listed(&world)), []);
    assert_eq!(server.arrived().len(), 6);
}

/// One look of a daemon. Returns how often in a row its relay has failed.
fn look(world: &World, at: &str) -> i64 {
    use doseplan::app::outbox::Sender;
    use doseplan::{app::App, clock::Clock, config::Config};
    wait(async {
        let config = Config::read(&world.path("doseplan.toml"), true).unwrap();
        let store = Store::open(world.db(), false).await.unwrap();
        let app = App::new(store, config);
        let clock = Clock::simulated(crate::support::at(&format!("2021-03-31T{at}")));
        let sender = Sender { owner: "test", clock: &clock, stop: &|| false, by_hand: false };
        app.drain(&sender).await.unwrap();
        let mut tx = app.store.read().await.unwrap();
        let failures = relays::all(&mut tx).await.unwrap()[0].1.failures;
        drop(tx);
        app.store.close().await;
        failures
    })
}
