//! Signals and clocks: SIGHUP reads the configuration again, Ctrl-C keeps the best plan, a clock that went back
//! changes no figure, and systemd is told at an abstract socket, too.

use crate::operation::Daemon;
use crate::support::{Ran, World, text};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn signal(name: &str, id: u32) {
    assert!(Command::new("kill").args([name, &id.to_string()]).status().unwrap().success());
}

#[test]
fn sighup_makes_a_daemon_follow_its_configuration() {
    let world = World::small();
    let written = |more: &str, dir: &str| {
        let text = format!("{more}[http]\nlisten = \"off\"\n[mail]\ndir = \"{dir}\"\n");
        world.file("doseplan.toml", text);
    };
    written("", "one");
    world.run(&["plan", "make", "--from", "2021-04-01", "--steps", "0"]).ends(0);
    world.run(&["plan", "adopt"]).ends(0);
    world.run(&["job", "run", "digest", "--at", "2021-04-02T19:00"]).ends(0);
    let mut command = world.command(&["daemon"]);
    command.env("DOSEPLAN_CLOCK", "2021-04-02T19:05:00+08:00");
    let daemon = Daemon::start(&mut command);
    let mails = |dir: &str| std::fs::read_dir(world.path(dir)).map_or(0, Iterator::count);
    let until = |what: &str, holds: &dyn Fn() -> bool| {
        let since = Instant::now();
        while !holds() {
            assert!(since.elapsed() < Duration::from_secs(90), "{what}: {}", daemon.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let all_sent = || world.mails().iter().all(|(state, ..)| state == "sent");
    until("the first mails", &|| mails("one") > 0 && all_sent());
    let first = mails("one");
    // What cannot be used is told, and the old one goes on.
    for bad in [
        "[mail]\ntransport = \"pigeon\"\n",
        "[mail]\ntransport = \"smtp\"\n",
        "timetable = \"none\"",
    ] {
        world.file("doseplan.toml", bad);
        signal("-HUP", daemon.id());
        daemon.says("the old one stays");
    }
    written("db = \"sqlite://other.db\"\n", "two");
    signal("-HUP", daemon.id());
    daemon.says("read again");
    let line = daemon.says("wait for the next start");
    assert!(line.contains("db"), "{line}");
    // The first day of which there is a summary.
    let job = ["job", "run", "summary", "--at", "2021-04-02T19:04"];
    world.run(&[&["--db", world.db()][..], &job].concat()).ends(0);
    until("the mails after it", &|| mails("two") > 0);
    assert_eq!(mails("one"), first);
    daemon.stop();
}

#[test]
fn ctrl_c_ends_a_search_with_the_best_plan_so_far() {
    let world = World::small();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/campaigns/danyang-2021");
    for arguments in [
        &["plan", "make", "--seconds", "600", "--from", "2021-04-01", "-o", "json"][..],
        &["plan", "make", "--seconds", "600", "--folder", text(&example), "-o", "json"],
    ] {
        let mut command = world.command(arguments);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        // The first progress: there is a plan.
        err.read_line(&mut line).unwrap();
        // A small campaign may be searched to its end by now.
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        let since = Instant::now();
        let mut rest = String::new();
        err.read_to_string(&mut rest).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap()).ends(0);
        assert!(since.elapsed() < Duration::from_mins(1), "{:?}", since.elapsed());
        let plan = ran.json();
        assert!(plan["objective"].as_f64().unwrap() > 0.0, "{plan}");
        assert!(plan["gap"].as_f64().is_some(), "{plan}");
        // A search that had ended just then says nothing of it.
        let had_ended = !rest.contains("best plan");
        assert!(!had_ended || since.elapsed() < Duration::from_secs(10), "{line}{rest}");
    }
    assert_eq!(
        world.run(&["plan", "list", "-o", "json"]).ends(0).json().as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_clock_that_went_back_makes_no_total_wrong() {
    let world = World::small();
    world.file(
        "t.csv",
        "record,date,place,area,group,dose,doses\nt1,2021-04-01,S1,A,adult,1,5\n\
         t2,2021-04-02,S1,A,adult,1,7\n",
    );
    let ran = |clock: &str, words: &[&str]| {
        Ran::from(world.command(words).env("DOSEPLAN_CLOCK", clock).output().unwrap())
    };
    let late = "2031-04-03T09:00:00+08:00";
    ran(late, &["tallies", "import", "t.csv"]).ends(0);
    let early = "2026-04-03T07:00:00+08:00";
    let checked = ran(early, &["db", "check", "-o", "json"]).ends(0).json();
    let totals = checked.as_array().unwrap().iter().find(|line| line["check"] == "totals").unwrap();
    assert!(
        totals["right"].as_u64().unwrap() > 0 && totals["wrong"].as_array().unwrap().is_empty()
    );
    // A repair does not take away what the clock has not reached.
    ran(early, &["db", "check", "--repair"]).ends(0);
    ran(late, &["db", "check"]).ends(0);
}

#[test]
fn systemd_is_told_at_an_abstract_socket() {
    let world = World::small();
    world.file("doseplan.toml", "[http]\nlisten = \"off\"\n");
    let name = format!("doseplan-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut command = world.command(&["daemon"]);
    command.env("NOTIFY_SOCKET", format!("@{name}"));
    let daemon = Daemon::start(&mut command);
    let mut bytes = [0; 4096];
    loop {
        let length = socket.recv(&mut bytes).expect("it tells");
        if String::from_utf8_lossy(&bytes[..length]).lines().any(|line| line == "READY=1") {
            break;
        }
    }
    daemon.stop();
}
