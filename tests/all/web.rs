//! The dashboard: who may open what, figures that agree, bad input, the JSON API, and all of it in a browser.

use crate::operation::{ANY_PORT, Answer, Daemon, exchange};
use crate::support::{SENIORS, World, on_postgresql, skipped, small, text};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

const NOW: &str = "2021-04-02T10:00:00+08:00";
pub(crate) const ROLES: [&str; 4] = ["admin", "planner", "lead", "viewer"];

/// The small campaign with figures, an account of each role, and a daemon.
pub(crate) struct Office {
    pub(crate) world: World,
    // Ends with the test.
    daemon: Daemon,
    address: SocketAddr,
}

impl Office {
    pub(crate) fn open() -> Self {
        Self::on(World::small())
    }

    fn on(world: World) -> Self {
        Self::at(world, NOW)
    }

    /// With a daemon whose clock begins at an instant.
    pub(crate) fn at(world: World, now: &str) -> Self {
        world.file("doseplan.toml", ANY_PORT);
        world.import("persons", SENIORS).ends(0);
        world.import("tallies", "t1,2021-04-01,S1,A,adult,1,30").ends(0);
        world.run(&["plan", "make", "--steps", "50", "--from", "2021-04-01"]).ends(0);
        world.run(&["plan", "adopt"]).ends(0);
        for role in ROLES {
            let places: &[&str] = if role == "lead" { &["--places", "S1", "T1"] } else { &[] };
            account(&world, &[&["add", role, "--role", role], places].concat(), role);
        }
        Self::bare(world, now)
    }

    /// A daemon over a world as it is.
    pub(crate) fn bare(world: World, now: &str) -> Self {
        let daemon = Daemon::start(world.command(&["daemon"]).env("DOSEPLAN_CLOCK", now));
        let address = daemon.address();
        Self { world, daemon, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of the daemon's process.
    pub(crate) fn process(&self) -> u32 {
        self.daemon.id()
    }

    pub(crate) fn guest(&self) -> Browser {
        Browser { address: self.address, cookie: String::new() }
    }

    #[track_caller]
    pub(crate) fn login(&self, role: &str) -> Browser {
        let mut browser = self.guest();
        let answer = browser.post("/login", &format!("name={role}&password={}", password(role)));
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = &answer.headers["set-cookie"];
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        cookie.split(';').next().unwrap().clone_into(&mut browser.cookie);
        browser
    }

    #[track_caller]
    pub(crate) fn log(&self) -> Vec<Value> {
        let ran = self.world.run(&["account", "log", "-o", "json", "--limit", "500"]).ends(0);
        ran.json().as_array().unwrap().clone()
    }
}

fn password(role: &str) -> String {
    format!("password-{role}-1")
}

/// Runs `doseplan account` with the password of the role on stdin.
#[track_caller]
pub(crate) fn account(world: &World, arguments: &[&str], role: &str) {
    let mut command = world.command(&[&["account"], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(password(role).as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{arguments:?}");
}

/// Text as forms send it.
pub(crate) fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "%{byte:02X}");
        out
    })
}

pub(crate) struct Browser {
    address: SocketAddr,
    cookie: String,
}

impl Browser {
    pub(crate) fn set_cookie(&mut self, cookie: &str) {
        cookie.clone_into(&mut self.cookie);
    }

    #[track_caller]
    pub(crate) fn ask(&self, head: &str, body: &[u8]) -> Answer {
        let cookie = format!("Cookie: {}; lang=en\r\n", self.cookie);
        let head = format!("{head}\r\nHost: x\r\nConnection: close\r\n{cookie}");
        let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
        exchange(self.address, &[head.as_bytes(), body].concat()).expect("an answer")
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1"), b"")
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, form: &str) -> Answer {
        let head =
            format!("POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded");
        self.ask(&head, form.as_bytes())
    }

    /// The token of a form on a page.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        let page = self.get("/me").body;
        let (_, rest) = page.split_once("csrf=").expect("a form");
        rest[..64].to_owned()
    }

    #[track_caller]
    pub(crate) fn upload(&self, name: &str, bytes: &[u8]) -> Answer {
        let head = format!(
            "POST /upload?csrf={} HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=xyz",
            self.token()
        );
        let part = format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        );
        self.ask(&head, &[part.as_bytes(), bytes, b"\r\n--xyz--\r\n"].concat())
    }

    /// Sends a form with files; each field is a name, the name of its file (empty: none) and what it says.
    #[track_caller]
    pub(crate) fn send(&self, to: &str, fields: &[(&str, &str, &[u8])]) -> Answer {
        let head = format!(
            "POST {to}?csrf={} HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=xyz",
            self.token()
        );
        let mut body = Vec::new();
        for (name, file, content) in fields {
            let file =
                if file.is_empty() { String::new() } else { format!("; filename=\"{file}\"") };
            let part =
                format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend_from_slice(part.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--xyz--\r\n");
        self.ask(&head, &body)
    }

    /// The page that an upload leads to.
    #[track_caller]
    pub(crate) fn checked(&self, name: &str, bytes: &[u8]) -> String {
        let answer = self.upload(name, bytes);
        assert_eq!(answer.status, 303, "{}", answer.body);
        self.get(&answer.headers["location"]).body
    }

    #[track_caller]
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} /api/v1/campaigns{path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json"
        );
        self.ask(&head, body.as_bytes())
    }
}

/// Addresses, and the roles that may open them.
pub(crate) const ADDRESSES: [(&str, &[&str]); 59] = [
    ("/c/small/inbox?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/imports/run/0000", &["admin", "planner"]),
    ("/outlines", &["admin", "planner"]),
    ("/c/small/bulletin?as-of=2021-04-01", &ROLES),
    ("/bulletin", &ROLES),
    ("/c/small/workbook?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/calls?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/c/small/bookings?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/new", &["admin", "planner"]),
    ("/upload/blank", &["admin", "planner"]),
    ("/imports", &["admin", "planner"]),
    ("/imports/refused/0000", &["admin", "planner"]),
    ("/upload/00000000000000000000000000000000/file", &["admin", "planner"]),
    ("/c/small/supply?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/mail/000?as-of=2021-04-01", &["admin", "planner"]),
    ("/system", &["admin", "planner"]),
    ("/c/small/roster?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/homes?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/c/small/schools?as-of=2021-04-01", &["admin", "planner"]),
    ("/commands", &["admin", "planner"]),
    ("/c/small/place/S1?as-of=2021-04-01", &ROLES),
    ("/c/small/month?as-of=2021-04-01", &ROLES),
    ("/c/small/person/p1?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/c/small/stock?as-of=2021-04-01", &ROLES),
    ("/c/small/compare?as-of=2021-04-01", &ROLES),
    ("/c/small/what-if?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/search?as-of=2021-04-01", &ROLES),
    ("/campaigns", &ROLES),
    ("/national?month=2021-03", &ROLES),
    ("/national/form?month=2021-03", &ROLES),
    ("/national/children?month=2021-03&scope=all&row=BCG-1", &["admin", "planner", "lead"]),
    ("/national/pupils?day=2021-03-31", &["admin", "planner", "lead"]),
    ("/national/duplicates", &["admin", "planner"]),
    ("/national/births", &["admin", "planner"]),
    ("/national/survey", &["admin", "planner", "lead"]),
    ("/me", &ROLES),
    ("/me/second", &ROLES),
    ("/c/small", &ROLES),
    ("/c/small/overview?as-of=2021-04-01", &ROLES),
    ("/c/small/map?as-of=2021-04-01", &ROLES),
    ("/c/small/calendar?as-of=2021-04-01", &ROLES),
    ("/c/small/reports?as-of=2021-04-01", &ROLES),
    ("/c/small/plan?as-of=2021-04-01", &ROLES),
    ("/c/small/due?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/c/small/tally?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/c/small/mail?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/jobs?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/daily?as-of=2021-04-01&post=S1", &["admin", "planner"]),
    ("/c/small/catch-up?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/delivery", &["admin", "planner"]),
    ("/history", &["admin", "planner"]),
    ("/history?campaign=small", &["admin", "planner"]),
    ("/records?kind=doses&record=d1", &["admin", "planner"]),
    ("/upload", &["admin", "planner"]),
    ("/upload/00000000000000000000000000000000", &["admin", "planner"]),
    ("/upload/00000000000000000000000000000000/marked", &["admin", "planner"]),
    ("/accounts", &["admin"]),
    ("/audit", &["admin"]),
    ("/", &ROLES),
];

/// Forms, and the roles that may send them.
pub(crate) const FORMS: [(&str, &[&str]); 36] = [
    ("/me", &ROLES),
    ("/c/small/search?as-of=2021-04-01", &ROLES),
    ("/c/small/inbox?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/system/backup", &["admin", "planner"]),
    ("/outlines", &["admin", "planner"]),
    ("/outlines/remove", &["admin", "planner"]),
    ("/c/small/daily?as-of=2021-04-01", &["admin", "planner"]),
    ("/delivery", &["admin", "planner"]),
    ("/records", &["admin", "planner"]),
    ("/c/small/calls?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/new", &["admin", "planner"]),
    ("/imports", &["admin", "planner"]),
    ("/imports/undo", &["admin", "planner"]),
    ("/c/small/supply?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/jobs?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/schools?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/mail/1?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/place/S1/edit?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/place/S1/lock?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/person/p1?as-of=2021-04-01", &["admin", "planner", "lead"]),
    ("/c/small/make?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/adopt?as-of=2021-04-01", &["admin", "planner"]),
    ("/c/small/tally?as-of=2021-04-01&place=S2", &["admin", "planner"]),
    ("/c/small/feed?as-of=2021-04-01&place=S2", &["admin", "planner"]),
    ("/upload/00000000000000000000000000000000/apply", &["admin", "planner"]),
    ("/accounts/remove", &["admin"]),
    ("/national/duplicates", &["admin", "planner"]),
    ("/national/births", &["admin", "planner"]),
    ("/national/survey", &["admin", "planner", "lead"]),
    ("/campaigns/state", &["admin", "planner"]),
    ("/upload", &["admin", "planner"]),
    ("/me/logins", &ROLES),
    ("/me/second", &ROLES),
    ("/accounts/second", &["admin"]),
    ("/accounts/logins", &["admin"]),
    ("/accounts/identity", &["admin"]),
];

#[test]
fn every_address_is_shut_to_the_wrong_role_and_the_refusal_is_written_down() {
    let office = Office::open();
    let guest = office.guest();
    for (path, _) in ADDRESSES {
        let answer = guest.get(path);
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.headers["location"].starts_with("/login?next="), "{path}");
    }
    for role in ROLES {
        let browser = office.login(role);
        for (path, roles) in ADDRESSES {
            let status = browser.get(path).status;
            let wanted: &[u16] = match (roles.contains(&role), path) {
                (false, _) => &[403],
                (true, path) if path.contains("000") => &[404],
                (true, _) => &[200, 303],
            };
            assert!(wanted.contains(&status), "{role} {path}: {status}");
        }
        for (path, roles) in FORMS {
            // A form without its token is refused, whoever sends it.
            assert_eq!(browser.post(path, "").status, 403, "{role} {path}");
            let sign = if path.contains('?') { '&' } else { '?' };
            let status = browser.post(&format!("{path}{sign}csrf={}", browser.token()), "").status;
            // The lead has no power over site S2; another account's feed does not exist for them.
            let refused = status == 403 || (role == "lead" && status == 404);
            assert_eq!(refused, !roles.contains(&role), "{role} {path}: {status}");
        }
        assert_eq!(guest.post("/c/small/make", "").status, 303);
        let other = office.login("admin").token();
        assert_eq!(browser.post(&format!("/logout?csrf={other}"), "").status, 403);
    }
    let log = office.log();
    let refused = |who: &str, said: &str| {
        log.iter()
            .any(|line| line["who"] == who && line["did"] == "refused" && line["said"] == said)
    };
    assert!(refused("viewer", "/accounts") && refused("planner", "/audit"));
    assert!(refused("lead", "/c/small/make") && refused("viewer", "/c/small/due"));
    assert!(log.iter().any(|line| line["did"] == "see-due" && line["who"] == "planner"));
}

#[test]
fn passwords_are_hashed_guessing_ends_and_logins_end() {
    passwords(&Office::open());
}

fn passwords(office: &Office) {
    let guest = office.guest();
    for _ in 0..5 {
        assert_eq!(guest.post("/login", "name=viewer&password=wrong-wrong").status, 401);
    }
    let right = format!("name=viewer&password={}", password("viewer"));
    assert_eq!(guest.post("/login", &right).status, 429);
    assert_eq!(guest.post("/login", "name=nobody&password=wrong-wrong").status, 401);
    // A wrong name may be a password in the wrong field, so it is not logged.
    assert_eq!(guest.post("/login", "name=my+secret+word&password=x").status, 401);
    // It could be a name, but nobody's: a password in the wrong field.
    assert_eq!(guest.post("/login", "name=Geheim9911&password=viewer").status, 401);
    let log = office.log();
    assert!(log.iter().any(|line| line["who"] == "viewer" && line["did"] == "login-failed"));
    for word in ["secret", "Geheim9911", "nobody"] {
        assert!(!log.iter().any(|line| line.to_string().contains(word)), "{word}");
    }

    let head = "POST /login HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\n\
                Content-Type: application/x-www-form-urlencoded";
    let form = format!("name=admin&password={}", password("admin"));
    assert_eq!(guest.ask(head, form.as_bytes()).status, 403);
    let next = format!("name=admin&password={}&next=//evil.example/", password("admin"));
    assert_eq!(guest.post("/login", &next).headers["location"], "/");

    let planner = office.login("planner");
    assert_eq!(planner.get("/me").status, 200);
    account(&office.world, &["password", "planner"], "planner");
    assert_eq!(planner.get("/me").status, 303, "a new password ends every login");
    let planner = office.login("planner");
    let logout = format!("/logout?csrf={}", planner.token());
    assert_eq!(planner.post(&logout, "").status, 303);
    assert_eq!(planner.get("/me").status, 303);
    assert!(!office.world.run(&["account", "list", "-o", "json"]).ends(0).out.contains("argon2"));
    let short = office.world.command(&["account", "add", "x", "--role", "viewer"]);
    let mut short = short_password(short);
    assert_eq!(short.wait().unwrap().code(), Some(1));
}

fn short_password(mut command: Command) -> std::process::Child {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"short").unwrap();
    child
}

#[test]
fn the_pages_the_api_and_the_command_line_show_the_same_figures() {
    figures(&Office::open());
}

fn figures(office: &Office) {
    let browser = office.login("viewer");
    let page = browser.get("/c/small/overview?as-of=2021-04-01").body;
    let cli = ["coverage", "-o", "json", "--as-of", "2021-04-01"];
    let run = |arguments: &[&str]| {
        let mut command = office.world.command(arguments);
        let output = command.env("DOSEPLAN_CLOCK", NOW).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let coverage = run(&cli);
    let row = &coverage["rows"][0];
    assert_eq!(row["doses"][0]["people"], 30);
    let percent = row["doses"][0]["percent"].as_str().unwrap();
    assert!(page.contains(&format!("{percent}%")), "{percent}: {page}");
    let status = run(&["status", "-o", "json", "--as-of", "2021-04-01"]);
    let progress = format!("{} of {} doses planned", status["done"], status["planned"]);
    let shown = format!("{} of {} doses", status["done"], status["planned"]);
    assert!(page.contains(&shown), "{progress}: {page}");
    let sites = &coverage["sites"];
    assert_eq!(sites["reported"], 1, "{sites}");
    assert!(page.contains(&format!("1 / {}", sites["expected"])), "{sites}: {page}");

    let token = office.world.run(&["account", "token", "add", "viewer", "t", "--scope", "read"]);
    let token = token.ends(0).out.trim().to_owned();
    let api = browser.call("GET", "/small/coverage?as_of=2021-04-01", &token, &Value::Null);
    assert_eq!(api.status, 200, "{}", api.body);
    assert_eq!(api.json(), coverage);
    let tree =
        browser.call("GET", "/small/coverage?as_of=2021-04-01&by=area", &token, &Value::Null);
    assert_eq!(tree.json(), run(&[&cli[..], &["--by", "area"]].concat()));

    // The day is part of the address. A page without one redirects to it.
    let newest = browser.get("/c/small/overview");
    assert_eq!(newest.headers["location"], "/c/small/overview?as-of=2021-04-01");
    assert_eq!(browser.get("/c/small/overview?as-of=yesterday").status, 400);
    assert_eq!(browser.get("/c/nowhere/overview?as-of=2021-04-01").status, 404);
}

#[test]
fn tokens_are_good_for_their_scopes_and_counts_are_stored_whole_or_not() {
    tokens(&Office::open());
}

fn tokens(office: &Office) {
    let browser = office.guest();
    let token = |account: &str, scope: &str| {
        let name = format!("t-{account}-{scope}");
        let made = ["account", "token", "add", account, &name, "--scope", scope];
        office.world.run(&made).ends(0).out.trim().to_owned()
    };
    let (read, people, tally) =
        (token("planner", "read"), token("lead", "people"), token("lead", "tally"));
    let refused = ["account", "token", "add", "viewer", "x", "--scope", "people"];
    office.world.run(&refused).ends(1);
    let get = |path: &str, token: &str| browser.call("GET", path, token, &Value::Null).status;
    assert_eq!(get("", "nonsense"), 401);
    assert_eq!((get("", &read), get("", &tally)), (200, 403));
    assert_eq!((get("/small/due", &read), get("/small/due", &people)), (403, 200));
    let row = |record: &str, place: &str, doses: u32| {
        json!({"record": record, "date": "2021-04-01", "place": place, "area": "A",
               "group": "adult", "dose": 1, "doses": doses})
    };
    let post =
        |rows: Value| browser.call("POST", "/small/tallies", &tally, &json!({"tallies": rows}));
    assert_eq!(post(json!([row("w1", "S2", 1)])).status, 403, "not the lead's place");
    // A record of another place must not become one of theirs either.
    office.world.import("tallies", "other,2021-04-01,S2,A,adult,1,4").ends(0);
    assert_eq!(post(json!([row("w1", "S1", 1), row("other", "S1", 1)])).status, 403);
    assert_eq!(
        post(json!([row("w1", "S1", 5), row("w2", "S1", 5), row("w3", "S1", 5)])).status,
        200
    );
    let again = post(json!([row("w1", "S1", 6)]));
    assert_eq!(again.json(), json!({"rows": 1, "new": 0, "same": 0, "corrected": 1}));
    let mut bad = row("w9", "S1", 1);
    bad["group"] = "nobody".into();
    let answer = post(json!([row("w8", "S1", 9), bad]));
    assert_eq!(answer.status, 409);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let known = office.world.run(&["coverage", "-o", "json", "--as-of", "2021-04-01"]).json();
    assert_eq!(known["rows"][0]["doses"][0]["people"], 30 + 4 + 6 + 5 + 5, "all or nothing");
}

#[test]
fn a_calendar_is_open_to_its_address_only_until_that_is_made_anew() {
    calendar(&Office::open());
}

fn calendar(office: &Office) {
    let lead = office.login("lead");
    let address = |browser: &Browser| {
        let page = browser.get("/c/small/calendar?as-of=2021-04-01&place=S1").body;
        let start = page.find("/ical/").map(|at| &page[at..]);
        start.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
    };
    let feed = address(&lead);
    assert!(address(&office.login("viewer")).is_empty(), "a viewer is not told");
    let guest = office.guest();
    let calendar = guest.get(&feed);
    assert_eq!(calendar.status, 200);
    assert!(calendar.headers["content-type"].starts_with("text/calendar"));
    assert!(calendar.body.starts_with("BEGIN:VCALENDAR") && calendar.body.contains("BEGIN:VEVENT"));
    for wrong in
        [feed.replace("/S1/", "/S2/"), feed.replace(".ics", "0.ics"), feed.replace(".ics", "")]
    {
        assert_eq!(guest.get(&wrong).status, 404, "{wrong}");
    }
    let renew = format!("/c/small/feed?as-of=2021-04-01&place=S1&csrf={}", lead.token());
    assert_eq!(lead.post(&renew, "").status, 303);
    assert_eq!(guest.get(&feed).status, 404);
    assert_eq!(guest.get(&address(&lead)).status, 200);
}

#[test]
fn the_dashboard_works_on_postgresql_too() {
    for story in [passwords, figures, tokens, calendar] {
        on_postgresql(|db| story(&Office::on(World::on(db).applied(&small()))));
    }
}

/// A zip archive of named parts.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A workbook with sheets of text. A cell that begins with `=` is a formula.
fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, csv) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(*name).unwrap();
        for (row, line) in (0..).zip(csv.lines()) {
            for (column, cell) in (0..).zip(line.split(',')) {
                if cell.starts_with('=') {
                    sheet.write_formula(row, column, cell).unwrap();
                } else {
                    sheet.write_string(row, column, cell).unwrap();
                }
            }
        }
    }
    book.save_to_buffer().unwrap()
}

const AREAS: &str = "area,name,parent\n001,小县,\nA,<script>alert(1)</script>,001\n";

#[test]
fn bad_workbooks_are_refused_told_and_harmless() {
    let office = Office::open();
    let browser = office.login("planner");
    let bomb = archive(&[("xl/workbook.xml", &vec![b' '; 200 << 20])]);
    assert!(bomb.len() < 1 << 20);
    assert!(browser.checked("bomb.xlsx", &bomb).contains("MB"));
    let macros = archive(&[("[Content_Types].xml", b"<Types/>"), ("xl/vbaProject.bin", b"x")]);
    assert!(browser.checked("macros.xlsx", &macros).contains("has macros"));
    for (name, bytes) in [("text.xlsx", &b"area,name"[..]), ("empty.xlsx", b"")] {
        assert_eq!(browser.upload(name, bytes).status, 400, "{name}");
    }
    let page =
        browser.checked("<img src=x>.xlsx", &workbook(&[("areas", AREAS), ("site", "x\n1\n")]));
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
    assert!(page.contains("sites"), "a missing sheet is named: {page}");
    let page =
        browser.checked("../../etc/passwd\\x.xlsx", &workbook(&[("areas", "area,name\n=1+1,A\n")]));
    assert!(page.contains("x.xlsx") && !page.contains("etc/passwd"), "{page}");
    assert!(page.contains("has formulas"), "{page}");

    let good = office.world.path("good.xlsx");
    office.world.run(&["campaign", "export", text(&good)]).ends(0);
    browser.checked("good.xlsx", &std::fs::read(&good).unwrap());
    let audit = office.login("admin").get("/audit").body;
    assert!(audit.contains("uploaded a workbook") && !audit.contains('⟨'), "{audit}");

    let jobs = browser.get("/c/small/jobs?as-of=2021-04-01").body;
    assert!(jobs.contains("2021-04-02 19:00"), "the digests are next due: {jobs}");

    let refused = |codes: &str| {
        let said = format!("upload: {codes}");
        office.log().iter().any(|line| line["did"] == "refused" && line["said"] == *said)
    };
    assert!(refused("macros") && refused("workbook_too_large"), "{:?}", office.log());

    // A faulty workbook comes back marked, under a safe name.
    let at = browser.upload("a b.xlsx", &workbook(&[("areas", "area,name\n,A\n")]));
    let marked = browser.get(&format!("{}/marked", at.headers["location"]));
    assert_eq!(marked.status, 200);
    let named = &marked.headers["content-disposition"];
    assert!(named.starts_with("attachment; filename*=UTF-8''a%20b"), "{named}");
    assert!(named.ends_with("-errors.xlsx"), "{named}");
    assert_eq!(
        office.login("admin").get(&format!("{}/marked", at.headers["location"])).status,
        404
    );

    // Two gigabytes are refused because of their declared size.
    let head = format!(
        "POST /upload?csrf={} HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nContent-Length: 2147483648\r\n\
         Content-Type: multipart/form-data; boundary=xyz\r\n\r\n--xyz",
        browser.token(),
        browser.cookie
    );
    assert_eq!(exchange(office.address, head.as_bytes()).unwrap().status, 413);
    assert!(
        office.log().iter().any(|line| line["did"] == "refused" && line["said"] == "upload: 400")
    );
    // Another account's upload does not exist for this one.
    let mine = browser.upload("a.xlsx", &workbook(&[("areas", AREAS)])).headers["location"].clone();
    assert_eq!(office.login("admin").get(&mine).status, 404);
}

#[test]
fn no_workbook_ends_the_daemon_and_one_that_failed_is_not_opened_again() {
    let office = Office::open();
    let browser = office.login("planner");
    for (name, bytes, _) in crate::hostile::cases() {
        if !bytes.starts_with(b"PK") {
            continue;
        }
        let at = browser.upload(name, &bytes);
        assert_eq!(at.status, 303, "{name}: {}", at.body);
        let location = &at.headers["location"];
        let since = std::time::Instant::now();
        for _ in 0..3 {
            let page = browser.get(location);
            assert!(page.status == 200 && page.body.contains(name), "{name}: {}", page.body);
        }
        // The first look at it was while it was uploaded; these say what was kept.
        assert!(since.elapsed().as_secs() < 10, "{name}: {:?}", since.elapsed());
        let alive = exchange(
            office.address,
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        );
        assert_eq!(alive.unwrap().status, 200, "{name}");
    }
    let good = office.world.path("good.xlsx");
    office.world.run(&["campaign", "export", text(&good)]).ends(0);
    let page = browser.checked("good.xlsx", &std::fs::read(&good).unwrap());
    assert!(page.contains("/apply"), "{page}");
}

#[test]
fn every_section_has_a_heading_and_the_caption_of_a_figure_stands_at_its_end() {
    let office = Office::open();
    let browser = office.login("admin");
    for (path, _) in ADDRESSES {
        let page = browser.get(path).body;
        for section in page.split("<section").skip(1) {
            let inside = section.split("</section>").next().unwrap();
            assert!(inside.contains("<h2") || inside.contains("<h3"), "{path}: {inside}");
        }
        for figure in page.split("<figure").skip(1) {
            let inside = figure.split("</figure>").next().unwrap().trim_end();
            let has_caption = inside.contains("<figcaption");
            assert!(!has_caption || inside.ends_with("</figcaption>"), "{path}: {inside}");
        }
    }
}

#[test]
fn names_of_the_campaign_are_text_on_every_page() {
    let evil = "<script>alert(1)</script>\"'&";
    let world = World::with(&small().swap("areas.csv", "甲镇", "<script>alert(1)</script>'&"));
    world.file("doseplan.toml", ANY_PORT);
    account(&world, &["add", "admin", "--role", "admin"], "admin");
    let daemon = Daemon::start(world.command(&["daemon"]).env("DOSEPLAN_CLOCK", NOW));
    let address = daemon.address();
    let office = Office { world, daemon, address };
    let browser = office.login("admin");
    for (path, _) in ADDRESSES {
        let page = browser.get(path).body;
        assert!(!page.contains("<script>alert"), "{path}: {evil}");
    }
    assert!(browser.get("/c/small/overview?as-of=2021-04-01").body.contains("&#60;script"));
}

#[test]
fn names_of_eighty_characters_stand_whole_on_every_page() {
    let name = "长名测试".repeat(20);
    let folder = small()
        .swap("campaign.toml", "小县接种", &name)
        .swap("campaign.toml", "18–59岁", &name)
        .swap("areas.csv", "甲镇", &name)
        .swap("sites.csv", "甲镇卫生院", &name);
    let office = Office::at(World::with(&folder), NOW);
    let browser = office.login("admin");
    for (path, _) in ADDRESSES {
        let answer = browser.get(path);
        assert!([200, 303, 404].contains(&answer.status), "{path}: {}", answer.status);
        assert!(answer.body.len() < 100 * 1024, "{path}: {} bytes", answer.body.len());
    }
    for page in ["overview", "bulletin", "place/S1", "tally", "month", "plan", "due"] {
        let shown = browser.get(&format!("/c/small/{page}?as-of=2021-04-01")).body;
        assert!(shown.contains(&name), "{page}: {shown}");
    }
}

/// Schemathesis generates good and bad calls from the description and compares the answers with it.
#[test]
fn the_api_is_what_its_description_says() {
    let Some(program) = ["st", "schemathesis"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
    else {
        skipped("no schemathesis; `pip install schemathesis` has it");
        return;
    };
    let office = Office::open();
    let scopes = ["--scope", "read", "--scope", "people", "--scope", "tally"];
    let made = [&["account", "token", "add", "admin", "st"], &scopes[..]].concat();
    let token = office.world.run(&made).ends(0).out.trim().to_owned();
    let ran = Command::new(program)
        .args(["run", &format!("http://{}/api/v1/openapi.yaml", office.address)])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-examples", "15", "--seed", "1", "--phases", "examples,coverage,fuzzing"])
        .current_dir(office.world.path("."))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}

/// Runs a script of `tests/web` in a browser; where there is none, that is said. Returns what it printed.
#[track_caller]
pub(crate) fn in_browser(script: &str, arguments: &[&str]) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web");
    let has = |name: &str| Command::new(name).arg("--version").output().is_ok();
    let installed = folder.join("node_modules/playwright-core").exists();
    if !(has("node") && has("chromium") && installed) {
        skipped("no browser; install node and chromium, and run `npm ci` in tests/web");
        return String::new();
    }
    let mut command = Command::new("node");
    command.arg(script).args(arguments).current_dir(&folder);
    let ran = command.output().unwrap();
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{out}\n{}", String::from_utf8_lossy(&ran.stderr));
    out
}

#[test]
fn every_page_works_in_a_browser() {
    let office = Office::open();
    let good = office.world.path("good.xlsx");
    office.world.run(&["campaign", "export", text(&good)]).ends(0);
    let sites = "site,name,area,weekday_doses\nS1,甲镇卫生院,A,many\n";
    office.world.file("bad.xlsx", workbook(&[("areas", AREAS), ("sites", sites)]));
    let (address, folder) = (format!("http://{}", office.address), good.parent().unwrap());
    in_browser("dashboard.mjs", &[&address, "small", "2021-04-01", text(folder)]);
}

/// The ten tasks of a clerk's week: each takes no more clicks than it may.
#[test]
fn a_clerks_week_takes_few_clicks() {
    let county = small().swap("eligible.csv", "A,adult,200", "A,adult,2000");
    let office = Office::on(World::with(&county));
    office.world.import("persons", "p7,A,1985-01-01,吴七,F,,,13800000007,,,").ends(0);
    print!("{}", in_browser("week.mjs", &[&format!("http://{}", office.address)]));
}
