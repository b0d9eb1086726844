use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A server from the shared test tools. It ends when its standard input is closed.
struct FaultServer {
    child: Child,
    port: u16,
    dir: tempfile::TempDir,
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl FaultServer {
    /// `None`, with a line that says so, if the tools are missing. With CI=true that is a failure.
    fn start(options: &[&str]) -> Option<Self> {
        let shared = std::env::var_os("DOSEPLAN_SHARED").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
            PathBuf::from,
        );
        let script = shared.join("tools/smtp_fault_server.py");
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new("python3")
            .arg(&script)
            .arg("--dir")
            .arg(dir.path())
            .arg("--until-stdin-closes")
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let started = child.ok().filter(|_| script.is_file());
        let Some(mut child) = started else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "no {}", script.display());
            eprintln!("skipped: needs python3 and {}", script.display());
            return None;
        };
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { child, port: line.trim().parse().unwrap(), dir })
    }

    fn transport(&self) -> SmtpConfig {
        let limit = Duration::from_millis(700);
        SmtpConfig {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: Security::None,
            ca_file: None,
            user: None,
            password: None,
            hello: None,
            limits: Limits {
                connect: limit,
                banner: limit,
                tls: limit,
                auth: limit,
                command: limit,
                dot: limit,
                quit: limit,
            },
        }
    }

    fn stored(&self, outcome: &str) -> usize {
        let mark = format!(".{outcome}.eml");
        let names = std::fs::read_dir(self.dir.path()).unwrap();
        names
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(&mark))
            .count()
    }
}

fn outgoing(to: &str) -> Outgoing {
    Outgoing {
        id: 7,
        from: "plan@example.test".to_owned(),
        to: to.to_owned(),
        key: "7@doseplan".to_owned(),
        bytes: b"Message-ID: <7@doseplan>\r\nSubject: x\r\n\r\n.line\r\n..two\r\nend\r\n".to_vec(),
        file_name: "0007-digest-S01".to_owned(),
    }
}

async fn go() -> Result<(), String> {
    Ok(())
}

fn brief(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted => "accepted".to_owned(),
        Outcome::NotSent(_) => "not sent".to_owned(),
        Outcome::Refused { step, code, .. } => format!("refused {step} {code}"),
        Outcome::InDoubt(_) => "in doubt".to_owned(),
        Outcome::Answered(said) => said.code.clone(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_a_mail_server_has_its_own_outcome() {
    // mode, outcome, whether the body was about to go, what the server kept
    let table = [
        ("ok", "accepted", true, "acked"),
        ("silent-banner", "not sent", false, ""),
        ("421-at-connect", "refused banner 421", false, ""),
        ("drop-at-connect", "not sent", false, ""),
        ("450-at-rcpt", "refused RCPT 450", false, ""),
        ("550-at-rcpt", "refused RCPT 550", false, ""),
        ("drop-at-data", "not sent", false, ""),
        ("421-after-dot", "refused dot 421", true, "refused"),
        ("451-after-dot", "refused dot 451", true, "refused"),
        ("554-after-dot", "refused dot 554", true, "refused"),
        ("drop-after-dot", "in doubt", true, "unacked"),
        ("silence-after-dot", "in doubt", true, "unacked"),
        ("rst-after-dot", "in doubt", true, "unacked"),
    ];
    let mut servers = Vec::new();
    for row in table {
        let Some(server) = FaultServer::start(&["--mode", row.0]) else { return };
        servers.push((row, server));
    }
    let mut runs = tokio::task::JoinSet::new();
    for ((mode, expected, body, kept), server) in servers {
        runs.spawn(async move {
            let bodies = AtomicUsize::new(0);
            let transport = Transport::Smtp(server.transport());
            let outcome = transport
                .deliver(&outgoing("someone@example.test"), || async {
                    bodies.fetch_add(1, Ordering::Relaxed);
                    go().await
                })
                .await;
            assert_eq!(brief(&outcome), expected, "{mode}: {outcome:?}");
            assert_eq!(bodies.load(Ordering::Relaxed), usize::from(body), "{mode}");
            for state in ["acked", "refused", "unacked"] {
                assert_eq!(server.stored(state), usize::from(state == kept), "{mode} {state}");
            }
        });
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
}

#[tokio::test]
async fn one_connection_carries_several_messages_and_survives_a_refused_one() {
    let Some(server) = FaultServer::start(&["--by-recipient"]) else { return };
    let transport = Transport::Smtp(server.transport());
    let mut connection = transport.open().await.unwrap();
    let mut seen = Vec::new();
    for to in [
        "a@example.test",
        "hard@example.test",
        "soft@example.test",
        "b@例子.测试",
        "用户@example.test",
    ] {
        seen.push(brief(&connection.send(&outgoing(to), go).await));
        assert!(connection.is_usable(), "{to}");
    }
    connection.quit().await;
    let expected =
        ["accepted", "refused RCPT 550", "refused RCPT 450", "accepted", "refused address 553"];
    assert_eq!(seen, expected);
    let index = std::fs::read_to_string(server.dir.path().join("index.ndjson")).unwrap();
    assert!(index.contains("b@xn--fsqu00a.xn--0zwm56d"), "{index}");
    let kept = std::fs::read(server.dir.path().join("000001.acked.eml")).unwrap();
    assert_eq!(kept, outgoing("").bytes, "dots at the start of a line survive");
}

#[tokio::test]
async fn nothing_goes_out_where_the_outbox_cannot_commit_the_body_phase() {
    let Some(server) = FaultServer::start(&[]) else { return };
    let mut connection = Transport::Smtp(server.transport()).open().await.unwrap();
    let message = outgoing("a@example.test");
    let outcome = connection.send(&message, || async { Err::<(), _>("disk full") }).await;
    assert_eq!(outcome, Outcome::NotSent("the outbox: disk full".to_owned()));
    assert!(!connection.is_usable());
    assert_eq!(brief(&connection.send(&message, go).await), "not sent");
    connection.quit().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.stored("acked"), 0);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_not_sent() {
    let Some(server) = FaultServer::start(&[]) else { return };
    let config = server.transport();
    drop(server);
    let outcome = Transport::Smtp(config).deliver(&outgoing("a@example.test"), go).await;
    assert_eq!(brief(&outcome), "not sent");
}

fn certificate(dir: &std::path::Path) -> Option<(PathBuf, PathBuf)> {
    let (key, cert) = (dir.join("k.pem"), dir.join("c.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no openssl");
        eprintln!("skipped: needs openssl");
        return None;
    }
    let both = dir.join("kc.pem");
    let joined = [std::fs::read(&key).unwrap(), std::fs::read(&cert).unwrap()].concat();
    std::fs::write(&both, joined).unwrap();
    Some((both, cert))
}

#[tokio::test]
async fn passwords_go_over_tls_with_a_trusted_certificate_only() {
    let dir = tempfile::tempdir().unwrap();
    let Some((both, cert)) = certificate(dir.path()) else { return };
    let both = both.to_str().unwrap();
    for (tls, word) in [(Security::StartTls, "starttls"), (Security::Implicit, "implicit")] {
        let options = ["--tls", word, "--cert", both, "--user", "plan", "--password", "secret"];
        let Some(server) = FaultServer::start(&options) else { return };
        let mut config = server.transport();
        config.tls = tls;
        config.user = Some("plan".to_owned());
        config.password = Some("secret".to_owned());
        config.limits.banner = Duration::from_secs(5);
        config.limits.tls = Duration::from_secs(5);
        let send = async |config: SmtpConfig| {
            brief(&Transport::Smtp(config).deliver(&outgoing("a@example.test"), go).await)
        };
        assert_eq!(send(config.clone()).await, "not sent", "{word}: certificate unknown");
        config.ca_file = Some(cert.clone());
        assert_eq!(send(config.clone()).await, "accepted", "{word}");
        config.password = Some("wrong".to_owned());
        assert_eq!(send(config.clone()).await, "refused AUTH 535", "{word}");
        config.user = None;
        assert_eq!(send(config.clone()).await, "refused MAIL 530", "{word}");
        config.ca_file = Some(dir.path().join("absent.pem"));
        assert_eq!(send(config).await, "not sent", "{word}: no such ca_file");
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_and_a_password_never_goes_in_the_clear() {
    let Some(server) = FaultServer::start(&[]) else { return };
    let mut config = server.transport();
    config.tls = Security::StartTls;
    let outcome = Transport::Smtp(config).deliver(&outgoing("a@example.test"), go).await;
    assert_eq!(brief(&outcome), "not sent");
    assert!(!is_loopback_only("mail.example.cn") && is_loopback_only("localhost"));
    assert_eq!(server.stored("acked"), 0);
}

fn is_loopback_only(host: &str) -> bool {
    smtp::is_this_machine(host)
}

#[test]
fn the_password_is_never_printed() {
    let config = SmtpConfig {
        host: "mail.example.cn".to_owned(),
        port: 465,
        tls: Security::Implicit,
        ca_file: None,
        user: Some("plan".to_owned()),
        password: Some("hunter2".to_owned()),
        hello: None,
        limits: Limits::default(),
    };
    assert!(!format!("{:?}", Transport::Smtp(config)).contains("hunter2"));
}

#[tokio::test]
async fn a_folder_holds_one_file_for_a_message_however_often_it_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let mail = dir.path().join("a/mail");
    for transport in [Transport::Folder(mail.clone()), Transport::QuickFolder(mail.clone())] {
        assert_eq!(transport.deliver(&outgoing("a@b.test"), go).await, Outcome::Accepted);
    }
    let names: Vec<_> =
        std::fs::read_dir(&mail).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["0007-digest-S01.eml"]);
    assert_eq!(std::fs::read(mail.join(&names[0])).unwrap(), outgoing("").bytes);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_and_a_name_that_leaves_it_are_not_sent() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let message = outgoing("a@b.test");
    assert_eq!(brief(&Transport::Folder(file).deliver(&message, go).await), "not sent");
    for name in ["../up", "", ".hidden", "a/b", "a\0b", &"x".repeat(201)] {
        let message = Outgoing { file_name: name.to_owned(), ..message.clone() };
        let folder = Transport::Folder(dir.path().to_owned());
        assert_eq!(brief(&folder.deliver(&message, go).await), "not sent", "{name:?}");
    }
}

#[tokio::test]
async fn a_delivery_can_be_spawned() {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let transport = Transport::Scripted(Script::new(move |_, stage| {
        seen.fetch_add(usize::from(stage == Stage::Body), Ordering::SeqCst);
        None
    }));
    let mut commits = 0;
    let task = tokio::spawn(async move {
        let committed = &mut commits;
        let commit = || async move {
            *committed += 1;
            go().await
        };
        transport.deliver(&outgoing("a@b.test"), commit).await
    });
    assert_eq!(task.await.unwrap(), Outcome::Accepted);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_a_killed_process_left_in_the_folder_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str| std::fs::write(dir.path().join(name), "a letter").unwrap();
    let mine = format!(".0008-x.{}.tmp", std::process::id());
    let gone = Command::new("true").spawn().map(|mut child| {
        child.wait().unwrap();
        child.id()
    });
    let left = format!(".0007-digest-S01.{}.tmp", gone.unwrap());
    for name in [mine.as_str(), &left, ".tmp", "notes.tmp", ".a.tmp", "0001.eml"] {
        write(name);
    }
    Transport::Folder(dir.path().to_owned()).tidy().await;
    let mut names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [mine.as_str(), ".a.tmp", ".tmp", "0001.eml", "notes.tmp"]);
    Transport::Folder(dir.path().join("absent")).tidy().await;
}

#[path = "script_tests.rs"]
mod script;
