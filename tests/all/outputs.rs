//! What programs read: JSON and CSV of every command. And outputs that cannot be written, which end nothing.

use crate::operation::Daemon;
use crate::support::{PERSONS, Ran, SENIORS, World};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Commands that print data, in an order in which each has something to print; `!` begins one that changes what the
/// next run of it would print, so that its two forms are asked for in turn of two worlds.
pub(crate) const DATA: &[&str] = &[
    "campaign check small",
    "campaign check bad",
    "campaign apply small --dry-run",
    "campaign list",
    "campaign history",
    "!persons import persons.csv",
    "!tallies import tallies.csv",
    "!doses import doses.csv",
    "!outcomes import outcomes.csv",
    "doses history d1",
    "tallies history t1",
    "tallies doubtful",
    "plan diff",
    "!plan make --from 2021-04-01 --steps 20",
    "plan diff",
    "plan check small plan.csv",
    "!plan adopt",
    "plan show",
    "plan show --vials",
    "plan tours",
    "plan list",
    "plan locks",
    "plan why",
    "plan why --place S1",
    "plan what-if --supply 0.5 --steps 5",
    "plan overbooking --runs 2",
    "due list --by 2021-05-01",
    "coverage --as-of 2021-04-30",
    "coverage --as-of 2021-04-30 --by area",
    "coverage --as-of 2021-04-30 --by site",
    "coverage --as-of 2021-04-30 --by day",
    "report bulletin daily --day 2021-04-02",
    "report bulletin ranking --day 2021-04-02",
    "report bulletin daily --day 2021-04-02 --as-known-on 2100-01-01",
    "report list",
    "report show coverage --month 2021-04",
    "report show coverage --month 2021-04 --explain H5",
    "report show coverage --month 2021-04 --explain A5",
    "status --as-of 2021-04-30",
    "digest preview",
    "digest preview S1 --day 2021-04-01 --part eml",
    "!job run digest --at 2021-04-01T19:00",
    "!job run reminders --at 2021-03-31T09:00",
    "job list",
    "job next",
    "!job backfill summary --from 2021-04-02T00:00 --to 2021-04-04T00:00",
    "job runs",
    "outbox list",
    "outbox show 1",
    "outbox show 1 --part text",
    "!outbox drain --at 2021-04-05T09:00",
    "digest history",
    "bookings list",
    "bookings waiting",
    "channels list",
    "channels templates",
    "channels costs",
    "channels numbers",
    "channels replies",
    "channels calls",
    "channels history p1",
    "channels receipts",
    "!bounce import mails",
    "bounce list",
    "unsubscribe --list",
    "!account add li --role admin --password-file password",
    "!persons merge p5 p6",
    "persons merges",
    "!persons unmerge p6",
    "persons show p1",
    "persons export",
    "plan allocation",
    "jurisdiction conflicts list",
    "jurisdiction export county",
    "jurisdiction check county",
    "!jurisdiction apply county",
    "jurisdiction list",
    "jurisdiction history",
    "!campaign copy small small-2 --start 2022-04-01 --end 2022-05-10",
    "!campaign close small-2",
    "!campaign reopen small-2",
    "!campaign remove small-2",
    "!persons erase p4 --reason asked",
    "import list",
    "!import undo 4",
    "account list",
    "!account token add li office --scope read",
    "account token list",
    "account logins list li",
    "account log",
    "doctor",
    "db check",
    "!backup copy.db",
    "!restore copy.db --force",
    "!db move sqlite://moved.db",
    "catch-up list",
    "catch-up report",
    "catch-up eligible",
    "explain",
    "explain duplicate_row",
];
/// Commands whose words all go to stderr.
const SILENT: &[&str] = &[
    "channels test",
    "bookings import",
    "bookings link",
    "bookings requests take",
    "bookings requests refuse",
    "account add",
    "account identity",
    "account logins end",
    "account password",
    "account remove",
    "account second-factor free",
    "account second-factor require",
    "account second-factor reset",
    "account token remove",
    "bounce forget",
    "campaign close",
    "campaign copy",
    "campaign export",
    "campaign new",
    "campaign remove",
    "campaign reopen",
    "daemon",
    "db adopt",
    "digest resend",
    "digest send",
    "doses new",
    "doses void",
    "homes withdraw",
    "job hold",
    "job resume",
    "jurisdiction conflicts resolve",
    "jurisdiction export",
    "man",
    "outbox resolve",
    "outbox retry",
    "outcomes new",
    "outcomes void",
    "persons new",
    "plan adopt",
    "plan lock",
    "plan unlock",
    "report save",
    "roster publish",
    "schools correct",
    "schools decide",
    "schools lists",
    "tallies confirm",
    "tallies new",
    "tallies void",
];
/// Commands with a form of their own: a script, a line of JSON for each line, the coverage of the demo, official
/// figures, an answer without rows where nothing is needed.
const OWN_FORM: &[&str] = &[
    "bookings requests list",
    "completion",
    "demo",
    "forecast",
    "import profile",
    "national cohort",
    "national cum",
    "national denominators",
    "national duplicates",
    "national hpv",
    "national month",
    "national paid",
    "national quality",
    "national schools",
    "national survey form",
    "national survey result",
    "national year90",
    "plan surge",
    "roster check",
    "roster export",
    "roster leave",
    "roster make",
    "roster show",
    "homes rounds",
    "homes show",
    "schools classes",
    "schools consent",
    "schools import",
    "schools match",
    "schools missed",
    "schools send",
    "schools visits",
];

pub(crate) fn world() -> World {
    let world = World::small();
    let bad = crate::support::small().swap("sites.csv", "S1,甲镇卫生院,A", "S1,甲镇卫生院,Z");
    bad.write(&world.path("bad"));
    world.file("persons.csv", format!("{PERSONS}\n{SENIORS}\n"));
    let tallies = "t1,2021-04-01,S1,A,adult,1,5\nt2,2021-04-01,S2,B,adult,1,9\nt3,x,S9,B,,1,9\n";
    world.file("tallies.csv", format!("record,date,place,area,group,dose,doses\n{tallies}"));
    world.file("doses.csv", "record,person,date,place,lot\nd1,p1,2021-04-01,S1,L1\n");
    world.file("outcomes.csv", "record,person,date,outcome,until\no1,p3,2021-04-01,refused,\n");
    world.file("plan.csv", "date,place,team,area,group,dose,doses\n2021-04-01,S1,,A,adult,1,5\n");
    world.file("password", "a long password\n");
    world.file("doseplan.toml", "[http]\nlisten = \"off\"\n");
    fs::create_dir(world.path("mails")).unwrap();
    world.file("mails/one.eml", "Subject: hello\n\nno report\n");
    world
}

fn is_code(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    !text.is_empty() && text.chars().all(is_part)
}

/// Checks that a text is one table of CSV; returns how many rows it has.
#[track_caller]
fn table_of(line: &str, text: &str) -> usize {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    // Reports have their columns in the reader's language.
    let coded = line.starts_with("report show") && !line.contains("--explain");
    assert!(coded || head.iter().all(|name| is_code(name)), "{line}: {head:?}");
    assert_eq!(head.iter().collect::<BTreeSet<_>>().len(), head.len(), "{line}: {head:?}");
    let rows: Result<Vec<_>, _> = reader.records().collect();
    rows.unwrap_or_else(|error| panic!("{line}: {error}\n{text}")).len()
}

fn is_full(value: &Value) -> bool {
    match value {
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => all.values().any(is_full),
        Value::Null => false,
        _ => true,
    }
}

#[test]
fn every_command_prints_json_and_csv_where_it_prints_data() {
    let (json, csv) = (world(), world());
    for line in DATA {
        let (changes, line) = line.strip_prefix('!').map_or((false, *line), |line| (true, line));
        let words: Vec<&str> = line.split(' ').collect();
        let ask = |world: &World, form: &str| -> Ran {
            let ran = world.run(&[&words[..], &["-o", form]].concat());
            assert!(!ran.err.contains("panicked") && ran.code != 2, "{line}: {}", ran.err);
            ran
        };
        let as_json = ask(&json, "json");
        let as_csv = ask(&csv, "csv");
        assert_eq!(as_json.code, as_csv.code, "{line}: {}{}", as_json.err, as_csv.err);
        if changes {
            assert!([0, 1, 3].contains(&as_json.code), "{line}: {}", as_json.err);
        }
        let path = path_of(line);
        if SILENT.contains(&path.as_str()) {
            assert_eq!((as_json.out.as_str(), as_csv.out.as_str()), ("", ""), "{line}");
            continue;
        }
        // What cannot be asked of this campaign says so and prints nothing.
        if as_json.code == 1 && as_json.out.is_empty() {
            assert!(
                as_csv.out.is_empty() && line.starts_with("catch-up"),
                "{line}: {}",
                as_json.err
            );
            continue;
        }
        let value: Value = serde_json::from_str(&as_json.out)
            .unwrap_or_else(|error| panic!("{line}: {error}\n{}", as_json.out));
        let rows = table_of(line, &as_csv.out);
        let no_records = line.contains("--explain");
        assert!(no_records || is_full(&value) == (rows > 0), "{line}: {value} {}", as_csv.out);
    }
}

/// The names of a command line's command.
fn path_of(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let long = words.iter().take(3).copied().collect::<Vec<_>>().join(" ");
    let all = [
        "account logins end",
        "account logins list",
        "account second-factor free",
        "account second-factor require",
        "account second-factor reset",
        "account token add",
        "account token list",
        "account token remove",
        "jurisdiction conflicts list",
        "jurisdiction conflicts resolve",
    ];
    if all.contains(&long.as_str()) {
        return long;
    }
    let alone = ["backup", "coverage", "doctor", "explain", "restore", "status", "unsubscribe"];
    let count = if alone.contains(&words[0]) { 1 } else { 2 };
    words[..count.min(words.len())].join(" ")
}

/// Every command, by its path.
pub(crate) fn commands() -> BTreeSet<String> {
    let data = DATA.iter().map(|line| path_of(line.trim_start_matches('!')));
    let others = SILENT.iter().chain(OWN_FORM).map(|path| (*path).to_owned());
    data.chain(others).collect()
}

#[test]
fn every_command_is_known_to_print_data_or_none() {
    let world = World::empty();
    world.run(&["man", "pages"]).ends(0);
    let known: BTreeSet<String> = commands().iter().map(|path| path.replace(' ', "-")).collect();
    let mut unknown = Vec::new();
    for entry in fs::read_dir(world.path("pages")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let name = name.trim_end_matches(".1").trim_start_matches("doseplan").to_owned();
        let name = name.trim_start_matches('-');
        let is_parent = known.iter().any(|path| path.starts_with(&format!("{name}-")));
        let is_help = name == "help" || name.ends_with("-help");
        if !name.is_empty() && !is_parent && !is_help && !known.contains(name) {
            unknown.push(name.to_owned());
        }
    }
    assert!(unknown.is_empty(), "say of each what it prints: {unknown:?}");
}

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

/// The writing end of a pipe whose reader has gone.
fn broken() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// What a command has done although it could not say a word.
#[track_caller]
fn ends(mut command: Command, out: Stdio, err: Stdio, code: i32, what: &str) {
    let status = command.stdout(out).stderr(err).status().unwrap();
    assert_eq!(status.code(), Some(code), "{what}");
}

#[test]
fn a_command_ends_as_it_would_though_it_can_write_nothing() {
    let world = world();
    let null = Stdio::null;
    for (line, code) in [
        ("persons import persons.csv", 0),
        ("tallies import tallies.csv", 3),
        ("plan make --from 2021-04-01 --steps 20", 0),
        ("plan adopt", 0),
        ("campaign check bad", 4),
        ("backup one.db", 0),
        ("status --as-of 2021-04-30", 0),
        ("outbox show 999", 1),
        ("doctor --no-such-flag", 2),
        ("job run digest --at 2021-04-01T19:00", 0),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        ends(world.command(&words), null(), full().into(), code, &format!("{line} 2>/dev/full"));
        let again = format!("{line} 2>| true");
        let code = if line == "plan adopt" || line.starts_with("backup") { 1 } else { code };
        ends(world.command(&words), null(), broken(), code, &again);
    }
    // Lost data are told; what was done is done.
    for (line, code) in [
        ("coverage --as-of 2021-04-30 -o csv", 1),
        ("plan show", 1),
        ("outbox list -o json", 1),
        ("campaign check bad", 4),
        ("backup two.db", 0),
        ("tallies import tallies.csv -o json", 3),
        ("restore two.db --force", 0),
        ("db adopt", 0),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        ends(world.command(&words), full().into(), null(), code, &format!("{line} >/dev/full"));
    }
    // A reader that has seen enough.
    for (line, code) in [
        ("coverage --as-of 2021-04-30 -o csv", 0),
        ("status --as-of 2021-04-30 --check", 11),
        ("backup three.db", 0),
        ("campaign check bad", 4),
        ("explain", 0),
        ("status --watch 1", 0),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        ends(world.command(&words), broken(), null(), code, &format!("{line} | head -0"));
        if !line.contains("watch") && !line.starts_with("backup") {
            ends(world.command(&words), broken(), broken(), code, &format!("{line} 2>&1 | head"));
        }
    }
    world.run(&["--db", "sqlite://three.db", "db", "check"]).ends(0);
    // Closed from the start.
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" backup four.db >&- 2>&-", crate::support::PROGRAM]);
    shell.current_dir(world.path("")).env("DOSEPLAN_DB", world.db());
    assert_eq!(shell.status().unwrap().code(), Some(0));
}

#[test]
fn a_daemon_that_cannot_log_goes_on() {
    for (form, err) in [("text", Stdio::from(full())), ("json", broken()), ("text", broken())] {
        let world = world();
        world.run(&["persons", "import", "persons.csv"]).ends(0);
        world.run(&["plan", "make", "--from", "2021-04-01", "--steps", "20"]).ends(0);
        world.run(&["plan", "adopt"]).ends(0);
        world.run(&["job", "run", "digest", "--at", "2021-04-01T19:00"]).ends(0);
        let mut command = world.command(&["daemon", "--log", form]);
        command.env("DOSEPLAN_CLOCK", "2021-04-01T19:05:00+08:00").env("DOSEPLAN_LOG", "trace");
        let mut child = command.stdout(Stdio::null()).stderr(err).spawn().unwrap();
        let since = Instant::now();
        while !world.mails().iter().any(|(state, ..)| state == "sent") {
            assert!(since.elapsed() < Duration::from_mins(1), "{:?}", world.mails());
            assert!(child.try_wait().unwrap().is_none(), "the daemon has ended");
            std::thread::sleep(Duration::from_millis(100));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_daemon_whose_reader_goes_later_goes_on() {
    let world = world();
    let mut command = world.command(&["daemon"]);
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stderr.take());
    std::thread::sleep(Duration::from_secs(2));
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
    drop(Daemon::start(&mut world.command(&["daemon"])));
}
