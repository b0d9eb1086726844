//! Nothing is lost and nothing is sent twice: processes are killed, mail servers misbehave, databases end and
//! clocks jump. Then what the mail server accepted is compared with what the database says, by Message-ID.

mod answers;
mod clocks;
mod cluster;
pub(crate) mod gateways;
mod kills;
mod leases;
mod matrix;
mod proxies;
mod restores;
mod scripted;
mod simulation;

use crate::support::{World, shared, skipped};
use doseplan::domain::message::MailState;
use doseplan::store::{Store, outbox};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The shared tools; `None`, with a line that says so, if they are missing.
fn tool(name: &str) -> Option<PathBuf> {
    Some(shared()?.join("tools").join(name))
}

/// A server whose faults are switched while it runs. It is ended with the test.
pub(crate) struct FaultServer {
    child: Child,
    pub(crate) port: u16,
    dir: tempfile::TempDir,
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl FaultServer {
    /// `None`: the script is not there.
    pub(crate) fn start(script: &str, more: &[&str]) -> Option<Self> {
        let script = tool(script)?;
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new("python3")
            .arg(script)
            .args(["--until-stdin-closes", "--hold", "8", "--delay", "0.3"])
            .args(more)
            .arg("--dir")
            .arg(dir.path().join("taken"))
            .arg("--mode-file")
            .arg(dir.path().join("mode"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { port: line.trim().parse().expect("a port"), child, dir })
    }

    pub(crate) fn mode(&self, mode: &str) {
        let (new, file) = (self.dir.path().join("mode.new"), self.dir.path().join("mode"));
        std::fs::write(&new, mode).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    /// What it wrote down of the messages that it took.
    fn index(&self) -> Vec<Value> {
        let index = self.dir.path().join("taken/index.ndjson");
        let text = std::fs::read_to_string(index).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

/// A mail server with faults.
struct MailServer(FaultServer);

impl MailServer {
    fn start(port: u16) -> Option<Self> {
        let port = port.to_string();
        FaultServer::start("smtp_fault_server.py", &["--port", &port]).map(Self)
    }

    fn port(&self) -> u16 {
        self.0.port
    }

    fn mode(&self, mode: &str) {
        self.0.mode(mode);
    }

    /// How often each Message-ID was accepted; refused messages are not included.
    fn arrived(&self) -> BTreeMap<String, u32> {
        let mut out = BTreeMap::new();
        for line in self.0.index() {
            if line["outcome"] != "refused" {
                let id = line["message_id"].as_str().expect("a Message-ID");
                *out.entry(id.trim_matches(['<', '>']).to_owned()).or_default() += 1;
            }
        }
        out
    }
}

/// Makes the programs of a world send to a server on this machine, which may take this many seconds to answer.
fn mail_through(world: &World, port: u16, patience: u64, more: &str) {
    world.file(
        "doseplan.toml",
        format!(
            "[mail]\nfrom = \"cdc@small.example\"\ntransport = \"smtp\"\nhost = \"127.0.0.1\"\n\
             port = {port}\ntls = \"none\"\n\
             answer_seconds = {patience}\ndot_seconds = {patience}\n{more}\n\
             [reminders]\nquiet_hours = \"00:00-00:00\"\n"
        ),
    );
}

/// Every mail of the database: id, Message-ID, state, key.
async fn mails(store: &Store) -> Vec<outbox::Message> {
    let mut tx = store.read().await.expect("the database answers");
    outbox::list(&mut tx, None, None).await.expect("the queue")
}

/// Compares the server with the database: every mail arrived at most once; what is sent has arrived; what arrived
/// is sent or in doubt. Returns the mails in doubt, and whether each arrived.
fn agree(arrived: &BTreeMap<String, u32>, mails: &[outbox::Message]) -> Vec<(i64, bool)> {
    for (id, times) in arrived {
        assert_eq!(*times, 1, "{id} arrived {times} times");
    }
    let mut in_doubt = Vec::new();
    let mut known = BTreeSet::new();
    for mail in mails {
        let here = arrived.contains_key(&mail.message_id);
        known.insert(mail.message_id.as_str());
        match mail.state {
            MailState::Sent => assert!(here, "{} is sent and did not arrive", mail.unique_key),
            MailState::InDoubt => in_doubt.push((mail.id, here)),
            state => assert!(!here, "{} arrived and is {state}", mail.unique_key),
        }
    }
    assert!(arrived.keys().all(|id| known.contains(id.as_str())), "a mail that nobody knows");
    in_doubt
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Waits until a condition holds.
pub(crate) fn until(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(40));
    }
}

/// A daemon whose clock starts at an instant. It is ended with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Daemon {
    fn start(world: &World, clock: &str, log: &str, more: &[(&str, &str)]) -> Self {
        let log = std::fs::File::create(world.path(log)).unwrap();
        let mut command = world.command(&["daemon"]);
        command.env("DOSEPLAN_CLOCK", clock).envs(more.iter().copied());
        Self(command.stdout(Stdio::null()).stderr(log).spawn().expect("the daemon starts"))
    }

    fn signal(&self, name: &str) {
        signal(self.0.id(), name);
    }
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().expect("kill runs");
    assert!(sent.success(), "kill {name} {pid}");
}

/// Runs a script and returns the last line of its output.
fn obeyed(command: &mut Command) -> String {
    let ran = command.stdin(Stdio::null()).output().expect("it starts");
    let err = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{command:?}: {err}");
    let out = String::from_utf8_lossy(&ran.stdout);
    out.lines().last().unwrap_or_default().to_owned()
}

fn missing(program: &str, why: &str) -> bool {
    let paths = std::env::var("PATH").unwrap_or_default();
    let found =
        paths.split(':').chain(["/usr/sbin"]).any(|dir| Path::new(dir).join(program).is_file());
    if !found {
        skipped(why);
    }
    !found
}
