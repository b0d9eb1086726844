//! The files of an installation: what lies beside the database, who has it, who may read it, and what is no file.

use crate::operation::Daemon;
use crate::support::{
    PROGRAM, Ran, SENIORS, World, number, on_postgresql, postgresql, row, text, wait,
};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn rows(name: &str, count: u64) -> String {
    let line = |n| format!("{name}{n},2021-04-{:02},S1,A,adult,1,1\n", n % 9 + 1);
    let head = "record,date,place,area,group,dose,doses\n".to_owned();
    head + &(0..count).map(line).collect::<String>()
}

#[track_caller]
fn doses(world: &World, db: &str) -> u64 {
    let seen = world.run(&["--db", db, "coverage", "--as-of", "2021-05-01", "-o", "json"]);
    number(&row(&seen.ends(0).json(), "adult")["doses"][0]["people"])
}

fn at(world: &World, name: &str) -> String {
    format!("sqlite://{}", world.path(name).display())
}

#[test]
fn a_log_left_by_a_database_that_was_moved_away_is_not_replayed_over_a_restored_one() {
    let world = World::small();
    world.file("first.csv", rows("a", 10));
    world.run(&["tallies", "import", "first.csv"]).ends(0);
    world.run(&["backup", "good.db"]).ends(0);
    world.file("all.csv", rows("b", 500));
    let mut import = world.command(&["tallies", "import", "all.csv"]);
    let died = import.env("DOSEPLAN_KILL_AT", "committed:2").output().unwrap();
    assert!(!died.status.success());
    fs::rename(world.path("doseplan.db"), world.path("doseplan.db.bad")).unwrap();
    let log = fs::read(world.path("doseplan.db-wal")).unwrap();
    assert!(log.len() > 1000);
    let ran = world.run(&["restore", "good.db"]).ends(0);
    assert!(ran.err.contains("doseplan.db.before-restore-wal"), "{}", ran.err);
    assert_eq!(doses(&world, world.db()), 10);
    assert!(world.run(&["outbox", "drain"]).ends(1).err.contains("restored"));
    world.run(&["db", "check"]).ends(0);
    // The log is kept, for whoever wants it together with the file that was moved.
    assert!(fs::read(world.path("doseplan.db.before-restore-wal")).unwrap() == log);
    fs::rename(world.path("doseplan.db.bad"), world.path("doseplan.db.before-restore")).unwrap();
    assert_eq!(doses(&world, &at(&world, "doseplan.db.before-restore")), 510);
}

#[test]
fn a_new_database_does_not_swallow_the_log_of_one_that_was_moved_away() {
    let world = World::small();
    world.file("doseplan.db-wal", "the log of another");
    fs::remove_file(world.path("doseplan.db")).unwrap();
    world.run(&["campaign", "apply", "small"]).ends(0);
    assert_eq!(world.read("doseplan.db.left-wal"), "the log of another");
    assert_eq!(doses(&world, world.db()), 0);
}

/// Every way to write the name of a database in the folder `real`.
fn ways(world: &World) -> Vec<String> {
    symlink("real/doseplan.db", world.path("link.db")).unwrap();
    symlink(world.path("link.db"), world.path("two.db")).unwrap();
    symlink("real", world.path("way")).unwrap();
    let dir = world.path("");
    [
        "sqlite://real/doseplan.db",
        "sqlite:real/doseplan.db",
        "sqlite://real/../real/./doseplan.db?mode=rwc",
        "sqlite://real//doseplan.db",
        "sqlite://link.db",
        "sqlite://two.db",
        "sqlite://way/doseplan.db",
        "sqlite://real/dosep%6can.db",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([format!("sqlite://{}/way/../link.db", dir.display())])
    .collect()
}

#[test]
fn one_file_has_one_daemon_whatever_way_to_it_is_written() {
    let world = World::small();
    world.run(&["backup", "good.db"]).ends(0);
    fs::create_dir(world.path("real")).unwrap();
    fs::rename(world.path("doseplan.db"), world.path("real/doseplan.db")).unwrap();
    let ways = ways(&world);
    // A second name of the file, made before the daemon starts.
    fs::hard_link(world.path("real/doseplan.db"), world.path("hard.db")).unwrap();
    world.file("doseplan.toml", "[http]\nlisten = \"127.0.0.1:0\"\n");
    for first in &ways {
        let daemon = Daemon::start(&mut world.command(&["--db", first, "daemon"]));
        daemon.address();
        for way in ways.iter().map(String::as_str).chain(["sqlite://hard.db"]) {
            for command in [&["daemon"][..], &["restore", "good.db", "--force"]] {
                let ran = world.run(&[&["--db", way], command].concat()).ends(5);
                assert!(ran.err.contains("another daemon"), "{first} {way}: {}", ran.err);
            }
            if first != &ways[0] {
                break;
            }
        }
        // What is written through another name would be lost.
        let ran = world.run(&["--db", "sqlite://hard.db", "status"]).ends(5);
        assert!(ran.err.contains("hard links"), "{}", ran.err);
        let seen = world.run(&["--db", "sqlite://two.db", "doctor"]);
        assert!(!seen.out.contains("none is running"), "{}", seen.out);
        daemon.stop();
    }
    fs::remove_file(world.path("hard.db")).unwrap();
    // Without a daemon the file behind the links is replaced, and the links stay.
    world.run(&["--db", "sqlite://two.db", "restore", "good.db", "--force"]).ends(0);
    for link in ["link.db", "two.db"] {
        assert!(fs::symlink_metadata(world.path(link)).unwrap().is_symlink(), "{link}");
    }
    assert!(world.path("real/doseplan.db.before-restore").exists());
    assert!(world.run(&["--db", "sqlite://way/doseplan.db", "doctor"]).out.contains("restored"));
}

#[test]
fn a_lock_that_is_a_link_or_a_pipe_is_not_followed() {
    let world = World::small();
    fs::remove_file(world.path("doseplan.db.lock")).ok();
    symlink("elsewhere", world.path("doseplan.db.lock")).unwrap();
    world.run(&["daemon"]).ends(5);
    assert!(!world.path("elsewhere").exists());
    fs::remove_file(world.path("doseplan.db.lock")).unwrap();
    fifo(&world, "doseplan.db.lock");
    in_time(world.command(&["daemon"])).ends(5);
}

#[test]
fn a_backup_does_not_go_where_a_database_is_in_use() {
    let world = World::small();
    world.run(&["backup", "good.db"]).ends(0);
    world.file("doseplan.toml", "[http]\nlisten = \"off\"\n");
    let db = at(&world, "good.db");
    let daemon = Daemon::start(&mut world.command(&["--db", &db, "daemon"]));
    daemon.says("daemon started");
    symlink("good.db", world.path("link.db")).unwrap();
    for name in ["good.db", "link.db"] {
        world.run(&["backup", name, "--force"]).ends(5);
    }
    daemon.stop();
    world.run(&["backup", "link.db", "--force"]).ends(0);
    assert!(fs::symlink_metadata(world.path("link.db")).unwrap().is_symlink());
    world.file("good.db-wal", "a log");
    let ran = world.run(&["backup", "good.db", "--force"]).ends(1);
    assert!(ran.err.contains("good.db-wal"), "{}", ran.err);
}

#[test]
fn the_file_is_complete_after_imports_under_a_daemon() {
    let world = World::small();
    world.file("doseplan.toml", "[http]\nlisten = \"off\"\n");
    let daemon = Daemon::start(&mut world.command(&["daemon"]));
    daemon.says("daemon started");
    let mut given = 0;
    for part in 0..7 {
        let file = format!("t{part}.csv");
        world.file(&file, rows(&format!("t{part}-"), 3000));
        world.run(&["tallies", "import", &file, "--yes"]).ends(0);
        given += 3000;
        // The daemon's own reading or writing may hold the log for a moment.
        let whole = || {
            fs::copy(world.path("doseplan.db"), world.path("alone.db")).unwrap();
            world.run(&["--db", "sqlite://alone.db", "db", "check"]).code == 0
                && doses(&world, "sqlite://alone.db") == given
        };
        let since = Instant::now();
        while !whole() {
            assert!(since.elapsed() < Duration::from_secs(20), "{given} doses are not in the file");
            world.file("again.csv", rows(&format!("t{part}-"), 1));
            world.run(&["tallies", "import", "again.csv"]).ends(0);
        }
        let log = fs::metadata(world.path("doseplan.db-wal")).unwrap().len();
        assert!(log < 16_000_001, "{log} bytes");
    }
    let ran = world.run(&["--db", "sqlite://alone.db", "db", "check"]).ends(0);
    assert!(ran.err.contains("copied"), "a copy by hand is named: {}", ran.err);
    daemon.stop();
    world.file("more.csv", rows("more", 50));
    let mut import = world.command(&["tallies", "import", "more.csv"]);
    import.env("DOSEPLAN_KILL_AT", "committed:2").output().unwrap();
    let ran = world.run(&["db", "check"]).ends(0);
    assert!(ran.err.contains("doseplan.db-wal") && ran.err.contains("kB"), "{}", ran.err);
}

#[test]
fn whatever_is_made_belongs_to_its_user_alone() {
    let world = World::empty();
    crate::support::small().write(&world.path("in/small"));
    world.file("in/persons.csv", format!("{}\n{SENIORS}\n", crate::support::PERSONS));
    world.file("in/tallies.csv", rows("t", 3) + "bad,2021-04-01,S9,A,adult,1,1\n");
    world.file("in/password", "a long password\n");
    world.file("doseplan.toml", "[http]\nlisten = \"off\"\n");
    let mine: Vec<PathBuf> = walk(&world.path(""));
    let run = |line: &str, code: i32| {
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 000; exec \"$0\" \"$@\"", PROGRAM]).args(line.split(' '));
        shell.current_dir(world.path("")).env("DOSEPLAN_DB", world.db());
        shell.env("LC_ALL", "en_US.UTF-8").stdin(Stdio::null());
        Ran::from(shell.output().unwrap()).ends(code)
    };
    run("campaign apply in/small", 0);
    run("persons import in/persons.csv", 0);
    run("tallies import in/tallies.csv", 3);
    run("plan make --from 2021-04-01 --certificate prices.json", 0);
    run("plan adopt", 0);
    run("job run reminders --at 2021-03-31T09:00", 0);
    run("job run digest --at 2021-03-31T19:00", 0);
    run("outbox drain --at 2021-03-31T19:01", 0);
    run("digest preview --out letter.html --no-open", 0);
    run("account add li --role admin --password-file in/password", 0);
    run("campaign export out", 0);
    run("campaign export out.xlsx", 0);
    run("persons new --xlsx form.xlsx", 0);
    run("report save tables --month 2021-04", 0);
    run("backup copy.db", 0);
    run("restore copy.db --force", 0);
    run("db adopt", 0);
    let made: Vec<PathBuf> =
        walk(&world.path("")).into_iter().filter(|path| !mine.contains(path)).collect();
    let open: Vec<_> = made
        .iter()
        .filter(|path| fs::metadata(path).unwrap().permissions().mode() & 0o077 != 0)
        .collect();
    assert!(open.is_empty() && made.len() > 20, "{open:?} of {made:?}");
    // While it is in use, too.
    let mut shell = Command::new("sh");
    let arguments = ["-c", "umask 000; exec \"$0\" daemon", PROGRAM];
    shell.args(arguments).current_dir(world.path("")).env("DOSEPLAN_DB", world.db());
    let daemon = Daemon::start(&mut shell);
    daemon.says("daemon started");
    for end in ["", "-wal", "-shm", ".lock"] {
        let path = world.path(&format!("doseplan.db{end}"));
        let since = Instant::now();
        while !path.exists() && since.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{end}");
    }
    daemon.stop();
    // Pages for all users of the machine stay as the environment has it.
    run("man pages", 0);
    let page = fs::metadata(world.path("pages/doseplan.1")).unwrap();
    assert_eq!(page.permissions().mode() & 0o777, 0o666);
}

#[test]
fn doctor_names_what_others_can_read_and_what_to_type() {
    let world = World::small();
    world.run(&["job", "run", "summary", "--at", "2021-04-02T09:00"]).ends(0);
    world.run(&["outbox", "drain", "--at", "2021-04-02T09:01"]).ends(0);
    let ran = world.run(&["doctor"]);
    assert!(!ran.out.contains("chmod"), "{}", ran.out);
    let set = |name: &str, mode: u32| {
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    set("doseplan.db", 0o644);
    set("mail", 0o755);
    let ran = world.run(&["doctor"]);
    let file = world.path("doseplan.db").canonicalize().unwrap();
    assert!(ran.out.contains(&format!("chmod 600 {}", file.display())), "{}", ran.out);
    assert!(ran.out.contains("chmod 700 mail"), "{}", ran.out);
    // A restore does not pass on what was open to everybody.
    world.run(&["backup", "copy.db"]).ends(0);
    world.run(&["restore", "copy.db", "--force"]).ends(0);
    let mode = |name: &str| fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("doseplan.db"), 0o600);
    // What a group was given on purpose stays.
    fs::remove_file(world.path("doseplan.db.before-restore")).unwrap();
    set("doseplan.db", 0o660);
    world.run(&["restore", "copy.db", "--force"]).ends(0);
    assert_eq!(mode("doseplan.db"), 0o660);
}

/// Every file and folder below a folder.
fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(walk(&path));
        }
        out.push(path);
    }
    out
}

fn fifo(world: &World, name: &str) -> PathBuf {
    let path = world.path(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// The run of a command that must not wait for a writer that never comes.
#[track_caller]
fn in_time(mut command: Command) -> Ran {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if since.elapsed() > Duration::from_mins(2) {
            child.kill().unwrap();
            panic!("it hangs");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ran::from(child.wait_with_output().unwrap())
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_told_as_one_and_not_waited_for() {
    let world = World::small();
    world.run(&["plan", "make", "--from", "2021-04-01", "--steps", "0"]).ends(0);
    fs::create_dir(world.path("folder")).unwrap();
    for entry in fs::read_dir(world.path("small")).unwrap().flatten() {
        fs::copy(entry.path(), world.path("folder").join(entry.file_name())).unwrap();
    }
    fs::remove_file(world.path("folder/sites.csv")).unwrap();
    fifo(&world, "folder/sites.csv");
    for name in ["p.csv", "p.xlsx", "p.db", "p.toml", "p.eml"] {
        fifo(&world, name);
    }
    world.file("plan.csv", "date,place,team,area,group,dose,doses\n");
    for line in [
        "campaign check p.csv",
        "campaign check p.xlsx",
        "campaign check folder",
        "campaign apply folder",
        "tallies import p.csv",
        "tallies import p.xlsx",
        "persons import p.csv",
        "plan check small p.csv",
        "plan check small plan.csv --certificate p.csv",
        "plan make --folder small --given p.csv",
        "restore p.db",
        "status --config p.toml",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let ran = in_time(world.command(&words));
        assert!(ran.code != 0 && ran.code != -1, "{line}: {}", ran.code);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains("pipe"), "{line}: {said}");
        assert!(!said.contains("panicked"), "{line}: {said}");
    }
    let ran = in_time(world.command(&["bounce", "import", "p.eml"]));
    assert_ne!(ran.code, 0);
    // A shell's `<(…)` and `/dev/stdin` as well.
    let mut command = world.command(&["tallies", "import", "/dev/stdin"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), rows("x", 2).as_bytes()).ok();
    let ran = Ran::from(child.wait_with_output().unwrap()).ends(3);
    assert!(ran.err.contains("pipe"), "{}", ran.err);
    let ran = in_time(world.command(&["--lang", "zh-CN", "tallies", "import", "p.csv"]));
    assert!(ran.err.contains("管道"), "{}", ran.err);
}

#[test]
fn no_password_of_an_address_is_ever_echoed() {
    let world = World::small();
    let secrets = [
        "Geheim#Wort",
        "Geheim@Wort",
        "Geheim/Wort",
        "Geheim%Wort",
        "Geheim?Wort",
        "Geheim%23Wort",
    ];
    for secret in secrets {
        let address = format!("postgres://cdc:{secret}@255.255.255.255:1/doseplan");
        let odd = format!("postgress://cdc:{secret}@255.255.255.255:1/doseplan");
        let inside = format!("postgres://255.255.255.255:1/doseplan?user=cdc&password={secret}");
        for address in [&address, &odd, &inside] {
            for words in [
                &["--db", address, "doctor"][..],
                &["--db", address, "db", "check"],
                &["db", "move", address],
                &["db", "move", "nowhere", address],
                &[address.as_str(), "status"],
                &["--db", address, "--log", "json", "daemon"],
                &["--db", address, "restore", "doseplan.db"],
            ] {
                let mut command = world.command(words);
                let ran = in_time({
                    command.env("DOSEPLAN_LOG", "debug");
                    command
                });
                let said = format!("{}{}", ran.out, ran.err);
                assert_ne!(ran.code, 0, "{words:?}");
                let shows = said.contains("Geheim") || said.contains("Wort");
                assert!(!shows, "{words:?}: {said}");
            }
        }
        world.file("bad.toml", format!("db = \"{address}\nlanguage = \"en\"\n"));
        let ran = world.run(&["--config", "bad.toml", "status"]).ends(4);
        assert!(!ran.err.contains("Geheim") && !ran.err.contains("Wort"), "{}", ran.err);
    }
}

#[test]
fn a_restore_to_postgresql_needs_no_folder_for_temporary_files() {
    on_postgresql(|server| {
        let world = World::small();
        world.run(&["backup", "copy.db"]).ends(0);
        let mut command = world.command(&["--db", server, "restore", "copy.db"]);
        Ran::from(command.env("TMPDIR", "/nowhere").output().unwrap()).ends(0);
        let left: Vec<_> = walk(&world.path(""));
        let left: Vec<_> =
            left.iter().filter(|path| text(path).contains("doseplan-restore")).collect();
        assert!(left.is_empty(), "{left:?}");
    });
}

#[test]
fn a_role_without_rights_is_told_the_grant_to_type() {
    for revoked in ["CREATE", "ALL"] {
        on_postgresql(|server| {
            let world = World::empty();
            let role = format!("Plan {}", uuid::Uuid::now_v7().simple());
            let revoke = format!("REVOKE {revoked} ON SCHEMA public FROM PUBLIC");
            let sql = format!("{revoke}; CREATE ROLE \"{role}\" LOGIN PASSWORD 'x'");
            wait(postgresql(server, sql));
            let (_, rest) = server.split_once('@').expect("an address with a user");
            let as_role = format!("postgres://{}:x@{rest}", role.replace(' ', "%20"));
            let ask = || world.run(&["--db", &as_role, "campaign", "apply", "small"]);
            crate::support::small().write(&world.path("small"));
            let ran = ask().ends(5);
            let grant = format!("GRANT USAGE, CREATE ON SCHEMA public TO \"{role}\";");
            assert!(ran.err.contains(&grant), "{}", ran.err);
            let seen = world.run(&["--db", &as_role, "doctor"]);
            assert!(seen.out.contains(&grant), "{}", seen.out);
            wait(postgresql(server, grant));
            ask().ends(0);
            let nobody = as_role.rsplit_once('/').unwrap().0.to_owned() + "/not_there";
            let ran = world.run(&["--db", &nobody, "status"]).ends(5);
            assert!(ran.err.contains("CREATE DATABASE \"not_there\" OWNER"), "{}", ran.err);
            wait(postgresql(server, format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\"")));
        });
    }
}
