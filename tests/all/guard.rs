//! Whose fault, and nothing lost: the audit log and its seals, signing in, doubtful counts, encrypted connections.

use crate::operation::{ANY_PORT, Daemon, exchange};
use crate::support::{SENIORS, World, on_postgresql, postgresql, small, text, wait};
use crate::web::{Office, account};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The line of `db check` about the audit log.
#[track_caller]
fn audit(world: &World) -> (i32, Vec<String>) {
    let ran = world.run(&["db", "check", "-o", "json"]);
    let lines = ran.json();
    let line = lines.as_array().unwrap().iter().find(|line| line["check"] == "audit").unwrap();
    let wrong = line["wrong"].as_array().unwrap().iter();
    (ran.code, wrong.map(|it| it.as_str().unwrap().to_owned()).collect())
}

/// Runs a statement in the world's database, behind the program's back.
pub(crate) fn tamper(world: &World, sql: &str) {
    let sql = sql.to_owned();
    let db = world.db().to_owned();
    if db.starts_with("postgres") {
        return wait(postgresql(&db, sql));
    }
    wait(async {
        use sqlx::Connection as _;
        let mut connection = sqlx::SqliteConnection::connect(&db).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// Every way to change the log, on a database with at least five lines of it.
fn a_changed_log_shows(world: &World) {
    world.import("persons", SENIORS).ends(0);
    for _ in 0..3 {
        world.run(&["due", "list"]).ends(0);
    }
    assert_eq!(audit(world), (0, vec![]));
    let keep = "CREATE TABLE kept AS SELECT * FROM audit; \
         CREATE TABLE kept_head AS SELECT * FROM audit_head";
    tamper(world, keep);
    let columns = "id, at, who, did, campaign, said, address, nr, seal";
    let over = if world.db().starts_with("postgres") { "OVERRIDING SYSTEM VALUE" } else { "" };
    let back = format!(
        "DELETE FROM audit; INSERT INTO audit ({columns}) {over} SELECT {columns} FROM kept; \
         DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head"
    );
    for (change, said) in [
        ("DELETE FROM audit WHERE nr = 2", "line 2 is missing"),
        ("DELETE FROM audit WHERE nr > 3", "missing at the end"),
        ("DELETE FROM audit", "missing at the end"),
        ("UPDATE audit SET who = 'li' WHERE nr = 3", "line 3 was changed"),
        ("UPDATE audit SET at = at + 1 WHERE nr = 1", "line 1 was changed"),
        ("UPDATE audit SET said = 'nothing' WHERE nr = 4", "line 4 was changed"),
        ("UPDATE audit SET address = '10.0.0.1' WHERE nr = 4", "line 4 was changed"),
        ("UPDATE audit SET campaign = NULL WHERE nr = 4", "line 4 was changed"),
        (
            "UPDATE audit SET nr = -nr WHERE nr IN (2, 3); \
             UPDATE audit SET nr = 5 + nr WHERE nr < 0",
            "line",
        ),
        (
            "INSERT INTO audit (at, who, did, said) VALUES (0, 'li', 'login', '')",
            "put in from outside",
        ),
        (
            "DELETE FROM audit WHERE nr > 3; UPDATE audit_head SET count = 3, \
             seal = (SELECT seal FROM audit WHERE nr = 3)",
            "the head was changed",
        ),
    ] {
        tamper(world, change);
        let (code, wrong) = audit(world);
        assert_eq!(code, 1, "{change}");
        assert!(wrong.iter().any(|line| line.contains(said)), "{change}: {wrong:?}");
        tamper(world, &back);
        assert_eq!(audit(world), (0, vec![]), "{change}");
    }
    // The log goes on where it was.
    world.run(&["due", "list"]).ends(0);
    assert_eq!(audit(world), (0, vec![]));
}

#[test]
fn a_removed_changed_or_moved_line_of_the_log_shows() {
    a_changed_log_shows(&World::small());
}

#[test]
fn a_removed_changed_or_moved_line_of_the_log_shows_on_postgresql() {
    on_postgresql(|server| a_changed_log_shows(&World::on(server).applied(&small())));
}

#[test]
fn the_key_is_not_in_the_database_and_another_ones_lines_are_counted() {
    let world = World::small();
    let key = world.read("doseplan.db.audit-key");
    assert!(key.len() >= 64);
    let database = std::fs::read(world.path("doseplan.db")).unwrap();
    assert!(!database.windows(key.len()).any(|part| part == key.as_bytes()));
    // The key is lost: what it sealed cannot be proved, and a line says from where on another one seals.
    world.file("doseplan.db.audit-key", "another key that is long enough to be one, surely");
    world.run(&["outbox", "list"]).ends(0);
    let ran = world.run(&["db", "check"]).ends(0);
    assert!(ran.err.contains("cannot be proved"), "{}", ran.err);
    let log = world.run(&["account", "log", "-o", "json"]).ends(0).json();
    assert!(log.as_array().unwrap().iter().any(|line| line["did"] == "audit-key"), "{log}");
    tamper(&world, "UPDATE audit SET said = 'x' WHERE did = 'see-mail'");
    assert_eq!(audit(&world).0, 1);
}

#[test]
fn several_processes_append_in_order() {
    let append = |world: &World| {
        let mut all: Vec<_> = (0..6)
            .map(|_| world.command(&["outbox", "list"]).stdout(Stdio::null()).spawn().unwrap())
            .collect();
        assert!(all.iter_mut().all(|child| child.wait().unwrap().success()));
        assert_eq!(audit(world), (0, vec![]));
        let log = world.run(&["account", "log", "-o", "json"]).ends(0).json();
        let lines = log.as_array().unwrap();
        let numbers: Vec<_> = lines.iter().map(|line| line["nr"].as_u64().unwrap()).collect();
        let right: Vec<_> = (1..=numbers.len() as u64).rev().collect();
        assert_eq!(numbers, right);
    };
    append(&World::small());
    on_postgresql(|server| append(&World::on(server).applied(&small())));
}

#[test]
fn lines_of_an_older_version_are_chained_and_a_line_says_so() {
    let chain = |world: &World| {
        for _ in 0..3 {
            world.run(&["outbox", "list"]).ends(0);
        }
        tamper(
            world,
            "UPDATE audit SET nr = NULL, seal = NULL, address = NULL; \
             UPDATE audit_head SET count = 0, seal = '', proof = ''",
        );
        assert_eq!(audit(world), (0, vec![]));
        let log = world.run(&["account", "log", "-o", "json"]).ends(0).json();
        let newest = &log[0];
        assert_eq!((&newest["did"], &newest["said"]), (&json!("audit-chained"), &json!("4")));
        tamper(world, "UPDATE audit SET who = 'li' WHERE nr = 2");
        assert_eq!(audit(world).0, 1);
    };
    chain(&World::small());
    on_postgresql(|server| chain(&World::on(server).applied(&small())));
}

#[test]
fn who_did_or_saw_something_is_always_said() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let world = &office.world;
    world.import("tallies", "t2,2021-04-01,S1,B,adult,1,3").ends(0);
    world.run(&["tallies", "void", "t2", "--reason", "typed twice"]).ends(0);
    world.import("doses", "d1,p1,2021-04-01,S1,L1").ends(0);
    for command in [
        &["due", "list"][..],
        &["outbox", "list"],
        &["digest", "preview", "--no-open", "--part", "text"],
        &["doses", "history", "d1"],
        &["campaign", "export", "out"],
        &["backup", "copy.db"],
        &["job", "hold", "--reason", "test"],
        &["job", "resume"],
        &["db", "adopt"],
        &["bounce", "list"],
        &["unsubscribe", "--list"],
    ] {
        world.run(command).ends(0);
    }
    office.login("planner").get("/c/small/due?as-of=2021-04-02");
    let log = office.log();
    let user = whoami();
    let command_line = format!("{user} (command line)");
    for did in [
        "campaign-apply",
        "plan-make",
        "plan-adopt",
        "import",
        "void",
        "see-due",
        "see-mail",
        "see-records",
        "export",
        "job",
        "database",
        "account-add",
    ] {
        assert!(
            log.iter().any(|line| line["did"] == did
                && line["who"].as_str().unwrap().starts_with(&user)
                && line["who"].as_str().unwrap().ends_with("(command line)")),
            "{did} by {command_line}: {log:?}"
        );
    }
    assert!(
        !log.iter().any(|line| ["", "(command line)"].contains(&line["who"].as_str().unwrap()))
    );
    let seen = log.iter().find(|line| line["who"] == "planner" && line["did"] == "see-due");
    assert_eq!(seen.unwrap()["address"], "127.0.0.1");
    let said = log.iter().map(ToString::to_string).collect::<String>();
    assert!(!said.contains("赵一") && !said.contains("home.example"));
}

fn whoami() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn every_record_has_its_author_and_their_address() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let world = &office.world;
    let scopes = ["--scope", "read", "--scope", "tally"];
    let made = world.run(&[&["account", "token", "add", "lead", "his"][..], &scopes].concat());
    let token = made.ends(0).out.trim().to_owned();
    let body = json!({"tallies": [{"record": "api-1", "date": "2021-04-02", "place": "S1",
        "area": "A", "group": "adult", "dose": 1, "doses": 12}]});
    let answer = office.guest().call("POST", "/small/tallies", &token, &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = world.run(&["tallies", "history", "api-1", "-o", "csv"]).ends(0).csv();
    assert_eq!((told[0]["who"].as_str(), told[0]["address"].as_str()), ("lead", "127.0.0.1"));
    let told = world.run(&["tallies", "history", "t1", "-o", "csv"]).ends(0).csv();
    assert!(told[0]["who"].ends_with("(command line)"), "{told:?}");
    let log = office.log();
    let line = log.iter().find(|line| line["did"] == "tally").unwrap();
    assert_eq!((&line["who"], &line["address"]), (&json!("lead"), &json!("127.0.0.1")));
}

#[test]
fn the_summary_and_the_backup_name_the_end_of_the_log_and_it_is_found_again() {
    let world = World::small();
    world.run(&["job", "run", "summary", "--at", "2021-04-02T08:00"]).ends(0);
    let mails = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let id = mails[0]["id"].to_string();
    let mail = world.run(&["outbox", "show", &id, "--part", "text"]).ends(0).out;
    let (_, head) = mail.split_once("审计日志：").expect("the footer has it");
    let head: String = head.chars().take_while(|c| *c != '。').collect();
    world.run(&["db", "check", "--audit-head", &head]).ends(0);
    let ran = world.run(&["backup", "copy.db"]).ends(0);
    assert!(ran.err.contains("audit log ends with"), "{}", ran.err);
    tamper(&world, "DELETE FROM audit; UPDATE audit_head SET count = 0, seal = '', proof = ''");
    world.run(&["db", "check", "--audit-head", &head]).ends(1);
}

/// A POST from an address of this machine.
fn login_from(source: &str, address: SocketAddr, form: &str) -> (u16, String) {
    let from: SocketAddr = format!("{source}:0").parse().unwrap();
    let stream = wait(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(from).unwrap();
        socket.connect(address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    let mut stream = stream;
    let request = format!(
        "POST /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn nobody_is_locked_out(office: &Office) {
    let right = |name: &str| format!("name={name}&password=password-{name}-1");
    for _ in 0..60 {
        login_from("127.0.0.2", office.address(), "name=viewer&password=wrong-wrong");
        login_from("127.0.0.2", office.address(), "name=planner&password=wrong-wrong");
    }
    let (status, answer) = login_from("127.0.0.2", office.address(), &right("viewer"));
    assert_eq!(status, 429);
    assert!(answer.to_ascii_lowercase().contains("\r\nretry-after: "), "{answer}");
    for name in ["viewer", "planner", "admin"] {
        assert_eq!(login_from("127.0.0.3", office.address(), &right(name)).0, 303, "{name}");
    }
    // The count is in the database: another daemon knows it.
    let other = Daemon::start(
        office
            .world
            .command(&["daemon", "--config", "other.toml"])
            .env("DOSEPLAN_CLOCK", "2021-04-02T10:00:00+08:00"),
    );
    assert_eq!(login_from("127.0.0.2", other.address(), &right("viewer")).0, 429);
}

#[test]
fn whoever_guesses_waits_and_others_do_not() {
    on_postgresql(|server| {
        let world = World::on(server).applied(&small());
        world.file("other.toml", ANY_PORT);
        nobody_is_locked_out(&Office::at(world, "2021-04-02T10:00:00+08:00"));
    });
}

#[test]
fn tokens_end_with_the_password_unless_they_are_kept() {
    let world = World::small();
    account(&world, &["add", "planner", "--role", "planner"], "planner");
    let add = || world.run(&["account", "token", "add", "planner", "x", "--scope", "read"]).ends(0);
    let tokens = || world.run(&["account", "token", "list", "-o", "json"]).ends(0).json();
    add();
    account(&world, &["password", "planner", "--keep-tokens"], "planner");
    assert_eq!(tokens().as_array().unwrap().len(), 1);
    account(&world, &["password", "planner"], "planner");
    assert_eq!(tokens(), json!([]));
}

#[test]
fn places_of_an_account_are_checked_and_of_one_campaign() {
    let world = World::small();
    world.file("pw", "mo-li-hua-kai-le\n");
    let add = |name: &str, places: &[&str]| {
        let command =
            ["account", "add", name, "--role", "lead", "--password-file", "pw", "--places"];
        world.run(&[&command[..], places].concat())
    };
    for bad in ["*", "S9", "s1", "S1,S2", "other/S1", "small/*"] {
        let ran = add("x", &[bad]).ends(1);
        assert!(ran.err.contains("no site, stop or team"), "{bad}: {}", ran.err);
    }
    add("lead", &["S1", "T1", "P1"]).ends(0);
    let all = world.run(&["account", "list", "-o", "json"]).ends(0).json();
    assert_eq!(all[0]["places"], json!(["P1", "S1", "T1"]));
    assert_eq!(all[0]["areas"], json!(["A", "B"]));
    // Another campaign with the same codes gives the account nothing there.
    let other = small().swap("campaign.toml", "id = \"small\"", "id = \"later\"");
    let folder = other.write(&world.path("later"));
    world.run(&["campaign", "apply", text(&folder)]).ends(0);
    let all = world.run(&["account", "list", "-o", "json"]).ends(0).json();
    assert_eq!(all[0]["held"], json!(["small/S1", "small/T1", "small/P1"]));
    let ran = add("y", &["S1"]).ends(1);
    assert!(ran.err.contains("later/S1, small/S1"), "{}", ran.err);
    add("y", &["later/S1"]).ends(0);
    // An account of an older version, whose places named no campaign.
    tamper(&world, "UPDATE account SET places = 'S2 gone' WHERE name = 'lead'");
    let all = world.run(&["account", "list", "-o", "json"]).ends(0).json();
    assert_eq!(all[0]["held"], json!(["later/S2", "small/S2", "gone"]));
}

#[test]
fn a_count_that_nobody_can_mean_is_asked_about_and_stops_the_nights_adoption() {
    let world = World::small();
    world.run(&["plan", "make", "--steps", "20", "--from", "2021-04-01"]).ends(0);
    world.run(&["plan", "adopt"]).ends(0);
    let count =
        |world: &World| number(&world.coverage("2021-04-03")["rows"][0]["doses"][0]["people"]);
    let ran =
        world.import("tallies", "ok,2021-04-01,S2,B,adult,1,18\nbad,2021-04-01,S1,A,adult,1,300");
    let ran = ran.ends(3);
    assert_eq!((&ran.json()["new"], &ran.json()["doubtful"]), (&json!(1), &json!(1)));
    assert!(world.read("tallies-errors.csv").contains("40"));
    assert_eq!(count(&world), 18, "what is in doubt counts nowhere");
    let ran = world.run(&["status", "--check", "--as-of", "2021-04-01"]);
    assert!(ran.err.contains("bad"), "{}", ran.err);
    let night = |world: &World| {
        let at = ["job", "run", "plan", "--at", "2021-04-03T01:00"];
        world.run(&at).ends(0).err
    };
    assert!(night(&world).contains("not adopted"));
    world.run(&["job", "run", "summary", "--at", "2021-04-03T08:00"]).ends(0);
    let mails = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let id = mails.as_array().unwrap().last().unwrap()["id"].to_string();
    let mail = world.run(&["outbox", "show", &id, "--part", "text"]).ends(0).out;
    assert!(mail.contains("bad") && mail.contains("300"), "{mail}");
    // The right count, under the same record.
    world.import("tallies", "bad,2021-04-01,S1,A,adult,1,30").ends(0);
    assert_eq!(count(&world), 48);
    assert!(night(&world).contains("adopted plan"));
    // A count that is right though unusual.
    world.import("tallies", "big,2021-04-02,S1,A,adult,1,60").ends(3);
    world.run(&["tallies", "confirm", "nothing"]).ends(1);
    world.run(&["tallies", "confirm", "big"]).ends(0);
    assert_eq!(count(&world), 108);
    let file = world.file(
        "more.csv",
        "record,date,place,area,group,dose,doses\nm,2021-04-03,S1,A,adult,1,70\n",
    );
    world.run(&["tallies", "import", text(&file), "--yes"]).ends(0);
    assert_eq!(count(&world), 178);
    assert_eq!(world.run(&["tallies", "doubtful", "-o", "csv"]).ends(0).csv().len(), 0);
    // No confirmation makes it possible; a date of nothing is none.
    let file = world.file(
        "no.csv",
        "record,date,place,area,group,dose,doses\nn,2021-04-03,S1,A,adult,1,520000\n",
    );
    world.run(&["tallies", "import", text(&file), "--yes"]).ends(3);
    world.import("tallies", "o,1900-01-01,S1,A,adult,1,5").ends(3);
    world.import("persons", SENIORS).ends(0);
}

#[test]
fn the_page_asks_and_the_api_refuses_and_an_emptied_field_takes_the_record_out() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let world = &office.world;
    let lead = office.login("lead");
    let address = "/c/small/tally?as-of=2021-04-02&place=S1";
    let save = |form: &str| lead.post(&format!("{address}&csrf={}", lead.token()), form);
    let doses = || {
        let rows = world.coverage("2021-04-02");
        number(&rows["rows"][0]["doses"][0]["people"])
    };
    let before = doses();
    let asked = save("A%2Fadult%2F1=400");
    assert_eq!(asked.status, 200);
    assert!(asked.body.contains("name=\"sure\"") && asked.body.contains("40"), "{}", asked.body);
    assert_eq!(doses(), before);
    assert_eq!(save("A%2Fadult%2F1=45&sure=yes").status, 303);
    assert_eq!(doses(), before + 45);
    assert_eq!(save("A%2Fadult%2F1=&had=").status, 303, "it had no value when the page was made");
    assert_eq!(doses(), before + 45);
    assert_eq!(save("A%2Fadult%2F1=").status, 303);
    assert_eq!(doses(), before);

    let token =
        world.run(&["account", "token", "add", "lead", "his", "--scope", "tally"]).ends(0).out;
    let send = |record: &str, date: &str, doses: u64, confirmed: bool| {
        let mut count = json!({"record": record, "date": date, "place": "S1", "area": "A",
            "group": "adult", "dose": 1, "doses": doses});
        if confirmed {
            count["confirmed"] = true.into();
        }
        let body = json!({"tallies": [count]});
        office.guest().call("POST", "/small/tallies", token.trim(), &body)
    };
    let refused = send("a1", "2021-04-02", 4_294_967_295, false);
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(send("a2", "1900-01-01", 5, false).status, 409);
    assert_eq!(doses(), before);
    let waiting = world.run(&["tallies", "doubtful", "-o", "csv"]).ends(0).csv();
    assert_eq!((waiting.len(), waiting[0]["who"].as_str()), (1, "lead"));
    assert!(office.login("planner").get("/c/small/overview?as-of=2021-04-02").body.contains("a1"));
    assert_eq!(send("a1", "2021-04-02", 50, true).status, 200);
    assert_eq!(doses(), before + 50);
    assert_eq!(world.run(&["tallies", "doubtful", "-o", "csv"]).ends(0).csv().len(), 0);
}

fn number(value: &Value) -> u64 {
    crate::support::number(value)
}

#[test]
fn idle_connections_of_one_address_take_nothing_down() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let idle: Vec<_> = (0..200).map(|_| TcpStream::connect(office.address()).unwrap()).collect();
    let mut half = TcpStream::connect(office.address()).unwrap();
    half.write_all(b"GET /healthz HTTP/1.1\r\nHo").unwrap();
    for path in ["/healthz", "/readyz", "/login"] {
        let began = std::time::Instant::now();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = exchange(office.address(), request.as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200, "{path}");
        assert!(began.elapsed() < Duration::from_secs(2), "{path}");
    }
    drop(idle);
}

/// Makes a certificate for `localhost`.
pub(crate) fn certificate(world: &World, name: &str) {
    let subject = format!("/CN={name}");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args([
            "-nodes",
            "-days",
            "2",
            "-subj",
            &subject,
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout", text(&world.path("key.new")), "-out", text(&world.path("cert.new"))])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for part in ["key", "cert"] {
        let new = world.path(&format!("{part}.new"));
        std::fs::rename(new, world.path(&format!("{part}.pem"))).unwrap();
    }
}

/// What `openssl s_client` gets for a request.
fn asked(address: SocketAddr) -> String {
    let mut child = Command::new("openssl")
        .args(["s_client", "-connect", &address.to_string(), "-servername", "localhost"])
        .args(["-quiet", "-verify_quiet", "-ign_eof"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    child.stdin.take().unwrap().write_all(request).unwrap();
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
}

fn subject(address: SocketAddr) -> String {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", &address.to_string(), "-servername", "localhost"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_daemon_speaks_tls_and_reads_a_new_certificate_by_itself() {
    let world = World::small();
    certificate(&world, "first");
    let config = "[http]\nlisten = \"0.0.0.0:0\"\ntls_cert = \"cert.pem\"\ntls_key = \"key.pem\"\n";
    world.file("doseplan.toml", config);
    let daemon = Daemon::start(&mut world.command(&["daemon"]));
    let address = SocketAddr::from(([127, 0, 0, 1], daemon.address().port()));
    assert!(asked(address).contains("\"alive\":true"));
    assert!(subject(address).contains("first"));
    let plain = exchange(address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(plain.is_none(), "nothing is said without encryption");
    certificate(&world, "second");
    let until = std::time::Instant::now() + Duration::from_secs(30);
    while !subject(address).contains("second") {
        assert!(std::time::Instant::now() < until, "the new certificate is never used");
        std::thread::sleep(Duration::from_millis(500));
    }
    // A broken file does not end what works.
    world.file("cert.pem", "nothing");
    std::thread::sleep(Duration::from_secs(3));
    assert!(asked(address).contains("\"alive\":true"));
}

#[test]
fn a_configuration_that_shows_passwords_on_the_way_is_refused() {
    let world = World::small();
    world.file("doseplan.toml", "[http]\nlisten = \"0.0.0.0:0\"\n");
    let ran = world.run(&["daemon"]).ends(4);
    assert!(ran.err.contains("allow_plain"), "{}", ran.err);
    assert!(world.run(&["doctor"]).out.contains("allow_plain"));
    world.file("pw", "secret");
    world.file(
        "doseplan.toml",
        "[mail]\ntransport = \"smtp\"\nhost = \"mail.example\"\ntls = \"none\"\nuser = \"u\"\n\
         password_file = \"pw\"\n",
    );
    let ran = world.run(&["outbox", "drain"]).ends(4);
    assert!(ran.err.contains("allow_plain"), "{}", ran.err);
    assert!(world.run(&["doctor"]).out.contains("allow_plain"));
}
