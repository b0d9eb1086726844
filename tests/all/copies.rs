//! Copies of the database: moved, backed up, restored, checked. A copy has the same content, and only one of the
//! two sends mail.

use crate::support::{SENIORS, World, number, on_postgresql, postgresql, small, text, wait};
use doseplan::store::copy::{self, Fingerprint};
use doseplan::store::db::Value;
use doseplan::store::tables::{Kind, TABLES, Table};
use doseplan::store::{Store, Tx, installation};
use serde_json::Value as Json;
use sqlx::{Connection as _, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::LazyLock;

/// Changes a database by other means than the program.
pub(crate) async fn sqlite(file: &Path, sql: &str) {
    let address = format!("sqlite://{}", file.display());
    let mut connection = sqlx::SqliteConnection::connect(&address).await.unwrap();
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// People, doses, tallies, outcomes, corrections, a plan, queued mails and sent mails.
fn lived() -> World {
    static STORY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let world = story();
        assert!(!world.path("doseplan.db-wal").exists(), "nothing is left in the log");
        std::fs::read(world.path("doseplan.db")).unwrap()
    });
    let world = World::empty();
    world.file("doseplan.db", &*STORY);
    // The file is a copy and is recognised as one.
    world.run(&["db", "adopt"]).ends(0);
    world
}

fn story() -> World {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    world.import("persons", &SENIORS.replace("周六", "周六子")).ends(0);
    world.run(&["plan", "make", "--from", "2021-04-01"]).ends(0);
    world.run(&["plan", "adopt"]).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    world.run(&["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    world.run(&["outbox", "drain", "--at", "2021-03-31T19:01"]).ends(0);
    world.import("doses", "d1,p1,2021-04-01,S1,L1\nd2,p2,2021-04-01,S1,").ends(0);
    world.import("doses", "d2,p2,2021-04-01,S2,L1").ends(0);
    world.import("tallies", "t1,2021-04-01,S1,A,senior,1,5\nt2,2021-04-01,S2,B,adult,1,9").ends(0);
    world.import("tallies", "t2,2021-04-01,S2,B,adult,1,19").ends(0);
    world.import("outcomes", "o1,p3,2021-04-01,refused,\no2,p4,2021-04-01,deferred,2021-04-09");
    world.run(&["outcomes", "void", "o1", "--reason", "typed twice"]).ends(0);
    world.file("password", "a long password\n");
    let account = ["account", "add", "li", "--role", "admin", "--password-file", "password"];
    world.run(&account).ends(0);
    world.run(&["account", "token", "add", "li", "office", "--scope", "read"]).ends(0);
    world.run(&["job", "run", "digest", "--at", "2021-04-01T19:00"]).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-04-02T01:00"]).ends(0);
    let span = ["--from", "2021-04-02T00:00", "--to", "2021-04-03T00:00"];
    world.run(&[&["job", "backfill", "summary"], &span[..]].concat()).ends(0);
    world
}

/// What users see of a database.
fn seen(world: &World, db: &str) -> Vec<Json> {
    let all: [&[&str]; 5] = [
        &["coverage", "--as-of", "2021-04-01", "--by", "area"],
        &["due", "list", "--by", "2021-05-01"],
        &["outbox", "list"],
        &["plan", "list"],
        &["job", "runs"],
    ];
    let ask = |command: &&[&str]| {
        world.run(&[&["--db", db, "-o", "json"], *command].concat()).ends(0).json()
    };
    all.iter().map(ask).collect()
}

/// The hashes of the tables that do not describe the installation itself.
fn hashes(tables: &Json) -> BTreeMap<String, String> {
    // The audit log tells of each move.
    let own = ["installation", "event", "daemon", "audit", "audit_head"];
    let word = |line: &Json, key: &str| line[key].as_str().unwrap().to_owned();
    let list = tables.as_array().unwrap().iter();
    list.map(|line| (word(line, "table"), word(line, "hash")))
        .filter(|(table, _)| !own.contains(&table.as_str()))
        .collect()
}

fn installed(db: &str) -> installation::Installation {
    wait(async {
        let store = Store::open(db, false).await.unwrap();
        let found = installation::get(&mut store.read().await.unwrap()).await.unwrap().unwrap();
        store.close().await;
        found
    })
}

fn file(world: &World, name: &str) -> String {
    format!("sqlite://{}", world.path(name).display())
}

#[test]
fn a_database_that_went_to_postgresql_and_back_is_the_same() {
    on_postgresql(|server| {
        let world = lived();
        let before = seen(&world, world.db());
        assert!(before.iter().take(4).all(|seen| !seen.to_string().is_empty()));
        let there = world.run(&["db", "move", server, "-o", "json"]).ends(0).json();
        assert_eq!(there.as_array().unwrap().len(), TABLES.len());
        let rows = |line: &&Json| number(&line["rows"]) == 0;
        let empty = there.as_array().unwrap().iter().filter(rows);
        let empty: Vec<_> = empty.map(|line| line["table"].as_str().unwrap()).collect();
        // What the story leaves empty: a daemon, its relay, bounce reports, a browser login.
        let by_browsers =
            ["login", "half_login", "second_factor", "recovery_code", "feed", "upload"];
        let by_browsers = [&by_browsers[..], &["identity", "oidc_begun"]].concat();
        let by_daemons = ["watermark", "daemon", "event", "relay"];
        let by_readers = ["bounce", "suppressed", "unsubscribed", "imported"];
        let by_clerks =
            ["births", "doubtful", "guess", "outline", "phone_call", "plan_lock", "unrest"];
        let by_rosters = ["duty", "duty_told", "home_round", "home_call"];
        let by_bookers = ["booking_link", "register_request", "seat_lock", "waiting", "sign_in"];
        let by_schools = ["pupil", "consent", "consent_past", "printed"];
        let by_services = ["way", "passage", "early_receipt", "phone", "reply", "spending"];
        // What only registers that grew together, or people who were merged or erased, have.
        let by_people = ["apart", "alias", "alias_past", "erased", "voided", "unsettled"];
        assert!(
            empty.iter().all(|t| {
                let all = [&by_daemons[..], &by_readers, &by_browsers, &by_clerks, &by_people];
                let all = [&all.concat()[..], &by_services, &by_bookers, &by_schools, &by_rosters];
                all.concat().contains(t)
            }),
            "{empty:?}"
        );
        assert_eq!(seen(&world, server), before);
        // The old place sends no more; the new one may.
        let (old, new) = (installed(world.db()), installed(server));
        assert_eq!((old.home, old.hold.unwrap().why.word()), (None, "moved"));
        assert!(new.home.is_some() && new.hold.is_none());
        assert_eq!(old.id, new.id);
        // Numbers continue where they were, and derived figures agree.
        world.run(&["--db", server, "plan", "make", "--from", "2021-04-02"]).ends(0);
        world.run(&["--db", server, "db", "check"]).ends(0);
        let back = file(&world, "back.db");
        let again = world.run(&["--db", server, "db", "move", &back, "-o", "json"]).ends(0).json();
        let third = file(&world, "third.db");
        let last = world.run(&["--db", &back, "db", "move", &third, "-o", "json"]).ends(0).json();
        assert_eq!(hashes(&again), hashes(&last));
        assert_eq!(hashes(&there)["dose"], hashes(&again)["dose"]);
        assert_ne!(hashes(&there)["plan"], hashes(&again)["plan"], "a draft was made there");
        let third = installed(&third);
        assert!(third.hold.is_none() && third.home.is_some());
    });
}

#[test]
fn a_move_wants_an_empty_target_and_a_source_at_rest() {
    let world = lived();
    let full = World::small();
    let ran = world.run(&["db", "move", full.db()]).ends(1);
    assert!(ran.err.contains("empty database"), "{}", ran.err);
    let ran = world.run(&["db", "move", world.db()]).ends(1);
    assert!(ran.err.contains("already"), "{}", ran.err);
    let to = file(&world, "to.db");
    let mut daemon = Daemon::start(&full);
    let ran = full.run(&["db", "move", &to]).ends(5);
    assert!(ran.err.contains("daemon"), "{}", ran.err);
    daemon.stop();
    let claim = |until: i64| {
        let sql =
            format!("UPDATE outbox SET state = 'sending', owner = 'x', lease_until = {until}");
        wait(sqlite(&world.path("doseplan.db"), &format!("{sql} WHERE state = 'queued'")));
        wait(sqlite(&world.path("doseplan.db"), &format!("{sql} WHERE state = 'sending'")));
    };
    claim(i64::MAX);
    let ran = world.run(&["db", "move", &to]).ends(5);
    assert!(ran.err.contains("being sent"), "{}", ran.err);
    claim(1);
    assert!(!world.path("to.db").exists(), "nothing half-done is left");
    world.run(&["db", "move", &to]).ends(0);
    assert_eq!(seen(&world, world.db()), seen(&world, &to));
}

#[test]
fn a_move_from_postgresql_waits_until_its_daemons_are_gone() {
    on_postgresql(|server| {
        let world = World::on(server).applied(&small());
        let seen_at = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let add = format!("INSERT INTO daemon VALUES ('a', '1', 0, {seen_at} - 59000)");
        wait(postgresql(server, add));
        let to = file(&world, "to.db");
        let ran = world.run(&["db", "move", &to]).ends(5);
        assert!(ran.err.contains("--force"), "{}", ran.err);
        wait(postgresql(server, format!("UPDATE daemon SET seen_at = {seen_at} - 61000")));
        world.run(&["db", "move", &to]).ends(0);
        // A backup of a server is a file, too. It cannot be restored into that server, which has rows.
        world.run(&["backup", "server.db"]).ends(0);
        world.run(&["restore", "server.db"]).ends(1);
    });
}

#[test]
fn a_move_that_dies_between_its_two_ends_leaves_none_that_sends() {
    let world = lived();
    let to = file(&world, "to.db");
    let before = seen(&world, world.db());
    let ran = world.command(&["db", "move", &to]).env("DOSEPLAN_KILL_AT", "move").output();
    assert!(!ran.unwrap().status.success());
    assert_eq!(installed(world.db()).hold.unwrap().why.word(), "moved");
    // The target is empty and accepts the repeated move; the right to send is given by hand.
    world.run(&["db", "move", &to]).ends(0);
    assert_eq!(seen(&world, &to), before);
    assert_eq!(installed(&to).hold.unwrap().why.word(), "moved");
    world.run(&["--db", &to, "db", "adopt"]).ends(0);
    assert!(installed(&to).hold.is_none());
    assert_eq!(installed(world.db()).hold.unwrap().why.word(), "moved");
}

#[test]
fn a_restored_copy_sends_nothing_until_it_is_adopted() {
    let world = lived();
    world.run(&["backup", "copy.db"]).ends(0);
    let new = file(&world, "new.db");
    world.run(&["--db", &new, "restore", "copy.db"]).ends(0);
    let queued = ["--db", &new, "outbox", "list", "--state", "queued", "-o", "json"];
    let waiting = || world.run(&queued).ends(0).json().as_array().unwrap().len();
    let drain = ["--db", &new, "outbox", "drain", "--at", "2021-04-02T09:00"];
    let before = waiting();
    let ran = world.run(&drain).ends(1);
    assert!(ran.err.contains("restored"), "{}", ran.err);
    assert_eq!(waiting(), before);
    world.run(&["--db", &new, "db", "adopt"]).ends(0);
    world.run(&drain).ends(0);
    assert!(waiting() < before);
}

#[test]
fn a_copy_that_may_not_send_may_not_after_a_move_either() {
    let world = lived();
    world.run(&["backup", "copy.db"]).ends(0);
    let (copy, to) = (file(&world, "copy.db"), file(&world, "to.db"));
    let ran = world.run(&["--db", &copy, "db", "move", &to]).ends(0);
    assert!(ran.err.contains("adopt"), "{}", ran.err);
    let there = installed(&to);
    assert_eq!((there.home, there.hold.unwrap().why.word()), (None, "restored"));
}

#[test]
fn a_backup_is_restored_on_hold_and_nothing_is_overwritten() {
    let world = lived();
    world.run(&["backup", "copy.db"]).ends(0);
    let ran = world.run(&["backup", "copy.db"]).ends(1);
    assert!(ran.err.contains("--force"), "{}", ran.err);
    world.run(&["backup", "doseplan.db", "--force"]).ends(1);
    world.run(&["backup", "copy.db", "--force"]).ends(0);
    assert!(!world.path("copy.db.tmp").exists() && !world.path("copy.db-wal").exists());
    let before = seen(&world, world.db());
    world.import("tallies", "t3,2021-04-01,S2,B,adult,1,1").ends(0);
    let after = seen(&world, world.db());
    assert_ne!(before, after);

    let ran = world.run(&["restore", "copy.db"]).ends(1);
    assert!(ran.err.contains("before-restore"), "{}", ran.err);
    assert_eq!(seen(&world, world.db()), after);
    let ran = world.run(&["restore", "copy.db", "--force"]).ends(0);
    assert!(ran.err.contains("db adopt"), "{}", ran.err);
    assert_eq!(seen(&world, world.db()), before);
    assert_eq!(seen(&world, &file(&world, "doseplan.db.before-restore")), after);
    let restored = installed(world.db());
    assert_eq!((restored.home, restored.hold.unwrap().why.word()), (None, "restored"));
    let ran = world.run(&["restore", "copy.db", "--force"]).ends(1);
    assert!(ran.err.contains("move it away"), "{}", ran.err);

    let new = file(&world, "new.db");
    world.run(&["--db", &new, "restore", "copy.db"]).ends(0);
    assert_eq!(seen(&world, &new), before);
    world.run(&["--db", &new, "db", "check"]).ends(0);
    std::fs::remove_file(world.path("doseplan.db.before-restore")).unwrap();
    let mut daemon = Daemon::start(&world);
    let ran = world.run(&["restore", "copy.db", "--force"]).ends(5);
    assert!(ran.err.contains("another daemon"), "{}", ran.err);
    daemon.stop();
}

#[test]
fn a_backup_goes_back_into_an_empty_postgresql() {
    on_postgresql(|server| {
        let world = lived();
        let made = world.run(&["backup", "copy.db", "-o", "json"]).ends(0).json();
        let there = world.run(&["--db", server, "restore", "copy.db", "-o", "json"]);
        assert_eq!(hashes(&there.ends(0).json()), hashes(&made));
        assert_eq!(seen(&world, server), seen(&world, world.db()));
        assert_eq!(installed(server).hold.unwrap().why.word(), "restored");
        world.run(&["--db", server, "db", "check"]).ends(0);
    });
}

#[test]
fn what_is_no_sound_backup_is_not_restored() {
    let world = lived();
    world.run(&["backup", "copy.db"]).ends(0);
    let new = file(&world, "new.db");
    world.run(&["--db", &new, "restore", "absent.db"]).ends(4);
    let bytes = std::fs::read(world.path("copy.db")).unwrap();
    world.file("cut.db", &bytes[..bytes.len() / 2]);
    let ran = world.run(&["--db", &new, "restore", "cut.db"]).ends(5);
    assert!(ran.err.contains("cut.db") && ran.err.contains("another backup"), "{}", ran.err);
    // A database in use is no backup: what is in its log would be missing.
    world.file("used.db", &bytes);
    world.file("used.db-wal", "log");
    let ran = world.run(&["--db", &new, "restore", "used.db"]).ends(1);
    assert!(ran.err.contains("in use"), "{}", ran.err);
    assert!(!world.path("new.db").exists() && !world.path("new.db.restoring").exists());
}

#[test]
fn a_backup_that_is_taken_during_imports_is_of_one_moment() {
    let world = World::small();
    let rows = |part: usize| {
        let row = |n: usize| format!("t{part}-{n},2021-04-{:02},S1,A,adult,1,1", n % 9 + 1);
        (0..4000).map(row).collect::<Vec<_>>().join("\n")
    };
    let header = "record,date,place,area,group,dose,doses\n";
    let files: Vec<_> = (0..12)
        .map(|part| world.file(&format!("t{part}.csv"), format!("{header}{}", rows(part))))
        .collect();
    let mut counts = BTreeSet::new();
    std::thread::scope(|scope| {
        let imports = scope.spawn(|| {
            for path in &files {
                world.run(&["tallies", "import", text(path), "--yes"]).ends(0);
            }
        });
        let mut number = 0;
        while !imports.is_finished() {
            number += 1;
            let name = format!("copy{number}.db");
            world.run(&["backup", &name]).ends(0);
            let copy = file(&world, &name);
            world.run(&["--db", &copy, "db", "check"]).ends(0);
            let day = ["coverage", "--as-of", "2021-05-01", "-o", "json"];
            let seen = world.run(&[&["--db", &copy][..], &day].concat()).ends(0).json();
            let people = &crate::support::row(&seen, "adult")["doses"][0]["people"];
            assert_eq!(people.as_u64().unwrap_or(0) % 4000, 0, "half of an import");
            counts.insert(people.to_string());
        }
    });
    assert!(counts.len() > 1, "backups were taken before, between or after imports: {counts:?}");
}

/// A daemon that is stopped even if the test fails.
struct Daemon(Child);

impl Daemon {
    fn start(world: &World) -> Self {
        let mut child = world
            .command(&["daemon"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("daemon started")));
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    fn stop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_database_can_be_backed_up_and_checked_while_the_daemon_runs() {
    let world = lived();
    let mut daemon = Daemon::start(&world);
    world.run(&["backup", "copy.db"]).ends(0);
    world.run(&["db", "check"]).ends(0);
    daemon.stop();
    world.run(&["--db", &file(&world, "copy.db"), "db", "check"]).ends(0);
}

/// A value of a column, and a different one.
fn sample(kind: Kind, other: bool) -> Value {
    let day = |text: &str| Value::Day(Some(text.parse().unwrap()));
    match (kind, other) {
        (Kind::Int, false) => Value::Int(Some(1)),
        (Kind::Int, true) => Value::Int(Some(2)),
        (Kind::Text, false) => Value::from("甲'\\\n\"é"),
        (Kind::Text, true) => Value::from("甲'\\\n\"e"),
        (Kind::Day, false) => day("2021-04-01"),
        (Kind::Day, true) => day("1921-04-01"),
        (Kind::Bytes, false) => Value::Bytes(Some(vec![0, 1, 255, 39])),
        (Kind::Bytes, true) => Value::Bytes(Some(vec![0, 1, 255])),
    }
}

fn none_of(kind: Kind) -> Value {
    match kind {
        Kind::Int => Value::Int(None),
        Kind::Text => Value::Text(None),
        Kind::Day => Value::Day(None),
        Kind::Bytes => Value::Bytes(None),
    }
}

fn line(table: &Table) -> Vec<Value> {
    table.columns.iter().map(|column| sample(column.kind, false)).collect()
}

/// Fills every table with one row; `changed` replaces a value.
async fn filled(store: &Store, changed: Option<(&str, Vec<Value>)>) -> Vec<Fingerprint> {
    let mut tx = store.write().await.unwrap();
    // Every new database has this row.
    tx.run("DELETE FROM installation", Vec::new()).await.unwrap();
    tx.run("DELETE FROM audit_head", Vec::new()).await.unwrap();
    for table in TABLES.iter() {
        let row = changed.as_ref().filter(|(name, _)| *name == table.name);
        table
            .insert(&mut tx, row.map_or_else(|| line(table), |(_, row)| row.clone()))
            .await
            .unwrap();
    }
    copy::fingerprints(&mut tx).await.unwrap()
}

/// One differing or missing value, in any column of any table, is noticed.
async fn differences_show(store: &Store, may: impl Fn(&Table, usize) -> bool) -> usize {
    let right = filled(store, None).await;
    let mut tried = 0;
    for table in TABLES.iter() {
        for (index, column) in table.columns.iter().enumerate().filter(|(i, _)| may(table, *i)) {
            let mut others = vec![sample(column.kind, true)];
            if column.nullable {
                others.push(none_of(column.kind));
            }
            for other in others {
                let mut row = line(table);
                row[index] = other;
                let wrong = filled(store, Some((table.name, row))).await;
                let differ: Vec<_> = right
                    .iter()
                    .zip(&wrong)
                    .filter(|(a, b)| a != b)
                    .map(|(a, _)| a.table)
                    .collect();
                assert_eq!(differ, [table.name], "{}", column.name);
                tried += 1;
            }
        }
    }
    tried
}

#[test]
fn one_value_that_differs_shows_in_the_fingerprint_of_its_table() {
    // A value that must refer to another row, or can only be 1, cannot be replaced.
    let free = |table: &Table, index: usize| {
        let name = table.columns[index].name;
        let key = index < table.key.max(1) && table.numbered;
        !["account", "campaign", "one", "outbox"].contains(&name) && !key
    };
    let world = World::empty();
    let right = wait(async {
        let store = Store::open(world.db(), true).await.unwrap();
        assert!(differences_show(&store, free).await > 150);
        filled(&store, None).await
    });
    on_postgresql(move |server| {
        let there = wait(async {
            let store = Store::open(server, true).await.unwrap();
            assert!(differences_show(&store, free).await > 150);
            filled(&store, None).await
        });
        assert_eq!(there, right, "both databases give the same fingerprints");
    });
}

#[test]
fn a_copy_that_differs_is_found_before_it_is_kept() {
    let world = lived();
    wait(async {
        let source = Store::open(world.db(), false).await.unwrap();
        let target = Store::open(&file(&world, "to.db"), true).await.unwrap();
        for (sql, table) in [
            ("UPDATE dose SET lot = 'L9' WHERE record = 'd1'", "dose"),
            ("DELETE FROM person_past", "person_past"),
            ("UPDATE outbox SET content = x'00' WHERE id = 1", "outbox"),
            ("UPDATE total SET doses = doses + 1", "total"),
            ("INSERT INTO suppressed VALUES ('a@b.example', 1, 'x')", "suppressed"),
        ] {
            let (mut from, mut to) = (source.read().await.unwrap(), target.write().await.unwrap());
            let read = copy::fill(&mut from, &mut to).await.unwrap();
            copy::verify(&mut to, &read).await.unwrap();
            to.run(sql, vec![]).await.unwrap();
            let error = copy::verify(&mut to, &read).await.unwrap_err().to_string();
            assert!(error.contains(&format!("table {table}:")), "{error}");
        }
        let mut tx = target.read().await.unwrap();
        assert_eq!(copy::occupied(&mut tx).await.unwrap(), None, "nothing of it was kept");
    });
}

/// Table, column, type, nullable, position in the key (from 1), numbered by the database.
type Known = BTreeSet<(String, String, String, bool, i64, bool)>;

fn listed(with_kind: fn(Kind) -> &'static str) -> Known {
    let mut out = Known::new();
    for table in TABLES.iter() {
        for (index, column) in table.columns.iter().enumerate() {
            let key = if index < table.key { i64::try_from(index).unwrap() + 1 } else { 0 };
            let numbered = table.numbered && index == 0;
            let kind = with_kind(column.kind).to_owned();
            let names = (table.name.to_owned(), column.name.to_owned());
            out.insert((names.0, names.1, kind, column.nullable, key, numbered));
        }
    }
    out
}

#[test]
fn the_list_of_tables_is_that_of_sqlite() {
    let world = World::small();
    let found: Known = wait(async {
        let mut connection = sqlx::SqliteConnection::connect(world.db()).await.unwrap();
        let sql = "SELECT t.name, c.name, c.type, c.\"notnull\", c.pk, t.sql \
             FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '_sqlx_%'";
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        let row = |row: &sqlx::sqlite::SqliteRow| {
            let (notnull, key): (bool, i64) = (row.get(3), row.get(4));
            let kind: String = row.get(2);
            let text: String = row.get(5);
            // A row number is never null, although the schema does not say so.
            let numbered = key == 1 && !text.contains("WITHOUT ROWID") && kind == "INTEGER";
            let numbered = numbered && !text.contains("CHECK (one = 1)");
            let (table, column): (String, String) = (row.get(0), row.get(1));
            // Doses lie in the order of persons; copies have them in that of records, which are unique as well.
            let key = match (table.as_str(), column.as_str()) {
                ("dose", "person") => 0,
                ("dose", "record") => 1,
                _ => key,
            };
            (table, column, kind, !notnull && key == 0, key, numbered)
        };
        rows.iter().map(row).collect()
    });
    let kind = |kind| match kind {
        Kind::Int => "INTEGER",
        Kind::Text | Kind::Day => "TEXT",
        Kind::Bytes => "BLOB",
    };
    assert_eq!(found, listed(kind));
}

#[test]
fn the_list_of_tables_is_that_of_postgresql() {
    on_postgresql(|server| {
        let world = World::on(server).applied(&small());
        let found: Known = wait(async {
            let mut connection = sqlx::PgConnection::connect(world.db()).await.unwrap();
            // Text must compare byte by byte, as in SQLite.
            let sql = "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT), \
                 format_type(a.atttypid, a.atttypmod) \
                   || CASE WHEN l.collname <> 'C' THEN ' ' || l.collname ELSE '' END, \
                 NOT a.attnotnull, \
                 CAST(COALESCE(array_position(CAST(k.conkey AS SMALLINT[]), a.attnum), 0) \
                   AS BIGINT), \
                 a.attidentity = 'a' \
                 FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid \
                 LEFT JOIN pg_collation AS l ON l.oid = a.attcollation \
                 LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p' \
                 WHERE c.relkind = 'r' AND c.relnamespace = CAST('public' AS REGNAMESPACE) \
                 AND a.attnum > 0 AND NOT a.attisdropped AND c.relname NOT LIKE '\\_sqlx%'";
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            let row = |r: &sqlx::postgres::PgRow| {
                (r.get(0), r.get(1), r.get(2), r.get(3), r.get(4), r.get(5))
            };
            rows.iter().map(row).collect()
        });
        let kind = |kind| match kind {
            Kind::Int => "bigint",
            Kind::Text => "text",
            Kind::Day => "date",
            Kind::Bytes => "bytea",
        };
        assert_eq!(found, listed(kind));
    });
}

#[test]
fn what_must_hold_between_rows_is_checked() {
    for (wrong, check, what) in [
        ("UPDATE reminder SET outbox = 999", "reminders", "999"),
        ("UPDATE outbox SET state = 'sending' WHERE id = 1", "claims", "1"),
        ("UPDATE outbox SET state = 'queued', content = x'ff00' WHERE id = 2", "contents", "2"),
        (
            "INSERT INTO run (id, campaign, job, due_at, state, attempt, fence) \
             VALUES (77, 1, 'plan', 1, 'done', 1, 1)",
            "runs",
            "77",
        ),
        ("INSERT INTO watermark VALUES (9, 'plan', 1)", "references", "watermark → campaign"),
        ("UPDATE total SET doses = doses + 5 WHERE area = 'A'", "totals", "A senior 1 2021-04-01"),
    ] {
        let world = lived();
        let sound = world.run(&["db", "check", "-o", "json"]).ends(0).json();
        let found = |checks: &Json| {
            let list = checks.as_array().unwrap().iter();
            list.filter(|line| line["wrong"] != serde_json::json!([]))
                .map(|line| (line["check"].to_string(), line["wrong"].to_string()))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(&sound), []);
        let checked = |line: &Json| line["check"] == check && line["right"] != 0;
        let rows = sound.as_array().unwrap().iter().any(checked);
        assert!(rows || check == "claims", "the story has {check}: {sound}");
        wait(sqlite(&world.path("doseplan.db"), &format!("PRAGMA foreign_keys = off; {wrong}")));
        let ran = world.run(&["db", "check", "-o", "json"]).ends(1);
        assert!(ran.err.contains(what.split(' ').next().unwrap()), "{}", ran.err);
        let found = found(&ran.json());
        let named = found.iter().find(|(name, _)| name.trim_matches('"') == check);
        assert!(named.is_some_and(|(_, wrong)| wrong.contains(what)), "{check}: {found:?}");
    }
}

#[test]
fn a_damaged_page_is_found_and_named() {
    let world = lived();
    let path = world.path("doseplan.db");
    wait(sqlite(&path, "PRAGMA wal_checkpoint(TRUNCATE)"));
    let page = wait(async {
        let mut connection = sqlx::SqliteConnection::connect(world.db()).await.unwrap();
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'outbox'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut connection).await.unwrap()
    });
    let mut bytes = std::fs::read(&path).unwrap();
    let start = (usize::try_from(page).unwrap() - 1) * 4096;
    bytes[start..start + 4096].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    for command in [&["db", "check"][..], &["outbox", "list"], &["backup", "copy.db"]] {
        let ran = world.run(command).ends(5);
        assert!(ran.err.contains("damaged") && ran.err.contains("restore"), "{}", ran.err);
        assert_eq!(ran.out, "");
    }
    let ran = world.run(&["db", "check"]);
    assert!(ran.err.contains("doseplan.db"), "{}", ran.err);
    assert!(!world.path("copy.db").exists() && !world.path("copy.db.tmp").exists());
}

#[test]
fn a_database_that_cannot_be_written_can_be_backed_up_and_says_so_otherwise() {
    let world = lived();
    let only_read = format!("{}?mode=ro", world.db());
    let before = seen(&world, world.db());
    world.file(
        "more.csv",
        "record,date,place,area,group,dose,doses\nt9,2021-04-01,S1,A,adult,1,3\n",
    );
    let import = ["tallies", "import", "more.csv"];
    let job = ["job", "run", "digest", "--at", "2021-04-02T19:00"];
    let drain = ["outbox", "drain", "--at", "2021-04-02T19:00"];
    for command in [&import[..], &job, &drain] {
        let ran = world.run(&[&["--db", &only_read][..], command].concat()).ends(5);
        assert!(ran.err.contains("cannot be written"), "{}", ran.err);
    }
    world.run(&["--db", &only_read, "backup", "copy.db"]).ends(0);
    assert_eq!(seen(&world, world.db()), before);
    assert_eq!(seen(&world, &file(&world, "copy.db")), before);
}

/// No step of a copy holds a whole table in memory: rows of tables without a key are read by an index.
#[test]
fn tables_are_read_in_order_without_being_sorted_as_a_whole() {
    let world = World::small();
    wait(async {
        let store = Store::open(world.db(), false).await.unwrap();
        let mut tx = store.read().await.unwrap();
        let mut sorted = Vec::new();
        for table in TABLES.iter() {
            let plan = plan(&mut tx, table).await;
            if plan.iter().any(|step| step == "USE TEMP B-TREE FOR ORDER BY") {
                sorted.push(table.name);
            }
        }
        // Outcomes that are no longer known are few and have no index.
        assert_eq!(sorted, ["outcome_past"]);
    });
}

async fn plan(tx: &mut Tx, table: &'static Table) -> Vec<String> {
    let sql: &'static str = format!("EXPLAIN QUERY PLAN {}", table.select()).leak();
    let rows = tx.rows(sql, vec![]).await.unwrap();
    rows.iter().map(|row| row.get(3).unwrap()).collect()
}
