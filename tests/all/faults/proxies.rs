//! Services behind a proxy: a tunnel to one that encrypts, whole addresses to one that does not, and nothing lost where
//! the proxy is away.

use super::gateways::{Fake, channel, drain, queue, states, word};
use crate::guard::certificate;
use crate::support::{World, small, text};
use doseplan::domain::gateway::Service;
use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A proxy that writes down the first line of each request. It ends with the process of the tests.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `refuses`: it lets nobody through.
    fn start(refuses: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let all = Arc::clone(&all);
                std::thread::spawn(move || serve(stream.unwrap(), &all, refuses));
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// The head of a request: up to the empty line.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0_u8];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).unwrap())
}

fn serve(mut client: TcpStream, asked: &Mutex<Vec<String>>, refuses: bool) {
    let Some(head) = head(&mut client) else { return };
    let line = head.lines().next().unwrap().to_owned();
    asked.lock().unwrap().push(line.clone());
    let (method, to) = line.split_once(' ').unwrap();
    let to = to.split(' ').next().unwrap();
    if refuses {
        client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
        return;
    }
    if method == "CONNECT" {
        let service = TcpStream::connect(to.replace("localhost", "127.0.0.1")).unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        let (from, into) = (client.try_clone().unwrap(), service.try_clone().unwrap());
        std::thread::spawn(move || pass(from, into));
        return pass(service, client);
    }
    let (host, path) = to.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut service = TcpStream::connect(host).unwrap();
    let first = format!("{method} /{path} HTTP/1.1");
    service.write_all(head.replacen(&line, &first, 1).as_bytes()).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).unwrap();
    service.write_all(&body).unwrap();
    service.shutdown(Shutdown::Write).unwrap();
    pass(service, client);
}

/// Passes on what one side says, until it has ended.
fn pass(mut from: TcpStream, mut into: TcpStream) {
    // The other side may be gone already.
    let _ = std::io::copy(&mut from, &mut into);
    let _ = into.shutdown(Shutdown::Write);
}

fn behind(proxy: &Proxy) -> String {
    format!("proxy = \"http://127.0.0.1:{}\"\n", proxy.port)
}

fn sent(count: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([("sent".to_owned(), count)])
}

#[test]
fn a_service_without_encryption_is_asked_by_its_whole_address() {
    let Some(fake) = Fake::start(&[]) else { return };
    fake.mode("ok");
    let proxy = Proxy::start(false);
    let world = World::with(&small());
    channel(&world, &fake, Service::Tencent, &behind(&proxy));
    queue(&world, Service::Tencent, 1);
    drain(&world, 0);
    assert_eq!(states(&world), sent(1));
    assert_eq!(fake.taken(), BTreeMap::from([(word(0), 1)]));
    let line = format!("POST http://127.0.0.1:{}/ HTTP/1.1", fake.port());
    assert_eq!(proxy.asked(), [line]);
    let doctor = world.run(&["doctor"]).out;
    assert!(doctor.contains(&format!("127.0.0.1:{} takes connections", proxy.port)), "{doctor}");
}

#[test]
fn a_service_that_encrypts_is_reached_through_a_tunnel() {
    let world = World::with(&small());
    certificate(&world, "service");
    let both = [world.read("key.pem"), world.read("cert.pem")].concat();
    let both = world.file("both.pem", both);
    let Some(fake) = Fake::start(&["--tls", "--cert", text(&both)]) else { return };
    fake.mode("ok");
    let proxy = Proxy::start(false);
    let ca_file = format!("ca_file = \"{}\"\n", text(&world.path("cert.pem")));
    channel(&world, &fake, Service::Webhook, &(behind(&proxy) + &ca_file));
    let config = world.read("doseplan.toml").replace("http://127.0.0.1:", "https://localhost:");
    // The proxy's own address stays as it is.
    let config = config.replace(
        &format!("https://localhost:{}", proxy.port),
        &format!("http://127.0.0.1:{}", proxy.port),
    );
    world.file("doseplan.toml", config);
    queue(&world, Service::Webhook, 3);
    drain(&world, 0);
    assert_eq!(states(&world), sent(3));
    assert_eq!(fake.taken(), (0..3).map(|nth| (word(nth), 1)).collect());
    // One tunnel carries them all, and nobody on the way sees what is in it.
    assert_eq!(proxy.asked(), [format!("CONNECT localhost:{} HTTP/1.1", fake.port())]);
}

#[test]
fn what_a_proxy_does_not_let_through_has_not_been_sent_and_waits() {
    let Some(fake) = Fake::start(&[]) else { return };
    fake.mode("ok");
    let queued = BTreeMap::from([("queued".to_owned(), 2)]);
    // The proxy is away.
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let world = World::with(&small());
    let gone = format!("proxy = \"http://127.0.0.1:{away}\"\n");
    channel(&world, &fake, Service::Tencent, &gone);
    queue(&world, Service::Tencent, 2);
    drain(&world, 0);
    assert_eq!((states(&world), fake.taken()), (queued.clone(), BTreeMap::new()));
    let doctor = world.run(&["doctor"]).ends(1).out;
    let said = format!("its proxy 127.0.0.1:{away} cannot be reached");
    assert!(doctor.contains(&said), "{doctor}");
    // It is there and refuses the tunnel.
    let proxy = Proxy::start(true);
    let config = world.read("doseplan.toml").replace(&gone, &behind(&proxy));
    let url = format!("http://127.0.0.1:{}\"", fake.port());
    let there = config.replace(&url, &format!("https://127.0.0.1:{}\"", fake.port()));
    world.file("doseplan.toml", there);
    drain(&world, 60);
    assert_eq!((states(&world), fake.taken()), (queued, BTreeMap::new()));
    let (line, asked) = (format!("CONNECT 127.0.0.1:{} HTTP/1.1", fake.port()), proxy.asked());
    assert!(!asked.is_empty() && asked.iter().all(|one| *one == line), "{asked:?}");
    // Without one they go, whatever the environment says.
    world.file("doseplan.toml", config.replace(&behind(&proxy), ""));
    let mut command = world.command(&["outbox", "drain"]);
    let nowhere = format!("http://127.0.0.1:{away}");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, &nowhere);
    }
    let ran = command.env("DOSEPLAN_CLOCK", "2021-03-31T12:00:00+08:00").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(states(&world), sent(2));
    for (wrong, said) in [
        ("proxy:3128", "is no address of a proxy"),
        ("http://me:secret@proxy:3128", "asks for a password"),
    ] {
        let config = config.replace(&behind(&proxy), &format!("proxy = \"{wrong}\"\n"));
        world.file("doseplan.toml", config);
        let doctor = world.run(&["doctor"]).ends(1).out;
        assert!(doctor.contains(said) && !doctor.contains("secret@"), "{doctor}");
    }
}
