//! The database: the whole story on each kind, and how a faulty one is reported.

use crate::support::{SENIORS, World, dose_of, number, on_postgresql, row, small, wait};
use sqlx::Connection as _;

/// From a folder to mails, on whatever database the world has.
fn story(world: World) {
    let world = world.applied(&small());
    assert_eq!(
        world.run(&["campaign", "apply", "small", "-o", "json"]).ends(0).json(),
        serde_json::json!([])
    );
    world.import("persons", SENIORS).ends(0);
    world.import("persons", SENIORS).ends(0);
    world.run(&["plan", "make", "--from", "2021-04-01"]).ends(0);
    world.run(&["plan", "diff"]).ends(10);
    world.run(&["plan", "adopt"]).ends(0);
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    let due = world.run(&["due", "list", "--by", "2021-04-01", "-o", "csv"]).ends(0).csv();
    assert_eq!(due.len(), 6);
    assert!(due.iter().all(|row| !row["day"].is_empty()), "{due:?}");
    world.run(&["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    world.run(&["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    world.run(&["job", "run", "digest", "--at", "2021-03-31T19:00"]).ends(0);
    assert_eq!(world.mails().len(), 6, "{:?}", world.mails());
    world.run(&["outbox", "drain", "--at", "2021-03-31T19:01"]).ends(0);
    assert!(world.mails().iter().all(|mail| mail.0 == "sent"), "{:?}", world.mails());
    let doses = "d1,p1,2021-04-01,S1,L1\nd2,p2,2021-04-01,S1,L1\nd3,nobody,2021-04-01,S1,L1";
    world.import("doses", doses).ends(3);
    let tallies = "t1,2021-04-01,S1,A,senior,1,5\nt2,2021-04-01,S2,B,adult,1,20";
    world.import("tallies", tallies).ends(0);
    world.import("tallies", "t2,2021-04-01,S2,B,adult,1,19").ends(0);
    world.run(&["doses", "void", "d2", "--reason", "typed twice"]).ends(0);
    world.import("outcomes", "o1,p3,2021-04-01,refused,").ends(0);
    let at = world.coverage("2021-04-01");
    assert_eq!(number(&dose_of(row(&at, "senior"), 1)["people"]), 5);
    assert_eq!(number(&dose_of(row(&at, "adult"), 1)["people"]), 19);
    let today = doseplan::clock::Clock::System.now().date_naive() + chrono::TimeDelta::days(1);
    let known = ["coverage", "--as-of", "2021-04-01", "-o", "json", "--as-known-on"];
    let known = world.run(&[&known[..], &[&today.to_string()]].concat()).ends(0).json();
    assert_eq!(known["rows"], at["rows"]);
    for by in ["area", "site", "day"] {
        world.run(&["coverage", "--as-of", "2021-04-01", "--by", by, "-o", "csv"]).ends(0);
    }
    world.run(&["job", "run", "plan", "--at", "2021-04-02T01:00"]).ends(0);
    world.run(&["job", "run", "summary", "--at", "2021-04-02T07:00"]).ends(0);
    world
        .run(&[
            "job",
            "backfill",
            "summary",
            "--from",
            "2021-04-03T00:00",
            "--to",
            "2021-04-04T00:00",
        ])
        .ends(0);
    assert_eq!(world.mails().len(), 8);
    assert_eq!(world.run(&["doses", "history", "d2", "-o", "csv"]).ends(0).csv().len(), 1);
    world.run(&["db", "check"]).ends(0);
    for command in [
        &["status"][..],
        &["status", "--as-of", "2021-04-01", "-o", "json"],
        &["job", "list"],
        &["job", "runs"],
        &["plan", "list"],
        &["plan", "show"],
        &["plan", "why"],
        &["campaign", "history"],
        &["digest", "history"],
        &["digest", "preview", "T1", "--day", "2021-04-01"],
        &["outbox", "show", "1"],
        &["doctor"],
    ] {
        world.run(command).ends(0);
    }
    assert_eq!(world.run(&["db", "check", "--repair"]).ends(0).code, 0);
}

#[test]
fn the_whole_story_runs_on_sqlite() {
    story(World::empty());
}

#[test]
fn the_whole_story_runs_on_postgresql() {
    on_postgresql(|db| story(World::on(db)));
}

async fn change(world: &World, sql: &'static str) {
    let mut connection = sqlx::SqliteConnection::connect(world.db()).await.expect("the file opens");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("the change is made");
    connection.close().await.expect("the file closes");
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let world = World::small();
    wait(change(
        &world,
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, \
         execution_time) VALUES (9999, 'later', '2030-01-01', 1, x'00', 0)",
    ));
    for command in [&["coverage"][..], &["status"], &["daemon"], &["campaign", "apply", "small"]] {
        let ran = world.run(command).ends(5);
        assert!(ran.err.contains("newer"), "{}", ran.err);
    }
}

#[test]
fn totals_that_do_not_agree_with_the_records_are_found_and_repaired() {
    let world = World::small();
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,30").ends(0);
    world.run(&["db", "check"]).ends(0);
    wait(change(&world, "UPDATE total SET doses = doses + 5"));
    let ran = world.run(&["--lang", "en", "db", "check"]).ends(1);
    assert!(ran.err.contains("35") && ran.err.contains("30"), "{}", ran.err);
    world.run(&["db", "check", "--repair"]).ends(0);
    world.run(&["db", "check"]).ends(0);
    assert_eq!(world.people("2021-04-01", "adult", 1), 30);
}

#[test]
fn a_value_that_doseplan_cannot_have_written_is_named_by_table_column_and_row() {
    let world = World::small();
    world.import("persons", SENIORS).ends(0);
    world.run(&["plan", "make", "--steps", "0"]).ends(0);
    world.run(&["plan", "adopt"]).ends(0);
    world.run(&["job", "run", "digest", "--at", "2021-04-01T18:00"]).ends(0);
    let queue: &[&str] = &["outbox", "list"];
    for (damage, command, said) in [
        (
            "UPDATE outbox SET state = 'flown' WHERE id = 1",
            queue,
            "table outbox, column state, row 1",
        ),
        (
            "UPDATE outbox SET kind = 'pigeon' WHERE id = 2",
            queue,
            "table outbox, column kind, row 2",
        ),
        (
            "UPDATE outbox SET content = x'ff' WHERE id = 3",
            &["outbox", "show", "3"],
            "table outbox, column content, row 3",
        ),
        ("UPDATE plan SET state = 'best'", &["plan", "list"], "table plan, column state, row 1"),
        (
            "UPDATE plan SET made_by = 'luck'",
            &["plan", "list"],
            "table plan, column made_by, row 1",
        ),
        ("UPDATE plan SET content = x'ff'", &["plan", "show"], "table plan, column content, row 1"),
        (
            "INSERT INTO run (campaign, job, due_at, state, attempt, fence) \
          VALUES (1, 'dance', 0, 'due', 0, 0)",
            &["job", "runs"],
            "table run, column job, row 1",
        ),
        (
            "INSERT INTO run (campaign, job, due_at, state, attempt, fence) \
          VALUES (1, 'plan', 0, 'lost', 0, 0)",
            &["job", "runs"],
            "table run, column state, row 1",
        ),
        (
            "UPDATE installation SET home = 'elsewhere', hold = 'bored'",
            &["status"],
            "table installation, column hold",
        ),
        (
            "UPDATE audit SET did = 'dreamed' WHERE id = 1",
            &["account", "log"],
            "table audit, column did, row 1",
        ),
        (
            "INSERT INTO account (name, role, places, password, made_at) \
          VALUES ('x', 'king', '', '', 0)",
            &["account", "list"],
            "table account, column role, row 1",
        ),
    ] {
        let copy = World::empty();
        std::fs::copy(world.path("doseplan.db"), copy.path("doseplan.db")).unwrap();
        wait(change(&copy, damage));
        let ran = copy.run(&[&["--lang", "en"], command].concat()).ends(5);
        assert!(ran.err.contains(said), "{damage}: {}", ran.err);
        assert!(ran.err.contains("known: ") || said.contains("content"), "{}", ran.err);
    }
}

#[test]
fn a_file_that_is_no_database_is_said_to_be_damaged() {
    let world = World::empty();
    world.file(
        "doseplan.db",
        "this is a letter, not a database, and it is long enough to see\n".repeat(99),
    );
    let ran = world.run(&["coverage"]).ends(5);
    assert!(ran.err.contains("damaged"), "{}", ran.err);
    let world = World::small();
    let bytes = std::fs::read(world.path("doseplan.db")).unwrap();
    std::fs::write(world.path("doseplan.db"), &bytes[..bytes.len() / 3]).unwrap();
    world.run(&["coverage"]).ends(5);
}

#[test]
fn a_database_in_a_folder_that_is_not_there_is_an_error_of_the_database() {
    let world = World::empty();
    small().write(&world.path("small"));
    let db = format!("sqlite://{}/no/such/folder/doseplan.db", world.path("x").display());
    let ran = world.run(&["--db", &db, "campaign", "apply", "small"]).ends(5);
    assert!(!ran.err.contains("panicked"));
}

#[test]
fn a_void_that_changes_nothing_else_can_be_followed_by_the_same_record_again() {
    let world = World::small();
    world.import("tallies", "t1,2021-04-01,S1,A,adult,1,30").ends(0);
    world.run(&["tallies", "void", "t1", "--reason", "wrong site"]).ends(0);
    assert_eq!(world.people("2021-04-01", "adult", 1), 0);
    assert_eq!(world.coverage("2021-04-01")["sites"]["reported"], 0);
    // The file comes again, and what was taken out stays out until somebody says otherwise.
    world.import("tallies", "t1,2021-04-01,S2,B,adult,1,8").ends(0);
    assert_eq!(world.people("2021-04-01", "adult", 1), 0);
    world.run(&["tallies", "import", "tallies.csv", "--revive"]).ends(0);
    assert_eq!(world.people("2021-04-01", "adult", 1), 8);
    world.run(&["db", "check"]).ends(0);
}
