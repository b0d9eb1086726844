//! A restore that dies at any of its steps leaves the old database or the new one and never a mixture, also beside
//! the log of another database.

use crate::dice::Dice;
use crate::support::{World, number};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Kills of a run in CI. `DOSEPLAN_RESTORES=200` is the long form.
const RESTORES: u64 = 16;
/// The steps that a restore announces, and how often.
const STEPS: [(&str, u64); 9] = [
    ("commit", 1),
    ("committed", 1),
    ("restore.staged", 1),
    ("restore.decided", 1),
    ("restore.aside", 4),
    ("restore.placed", 1),
    ("restore.synced", 1),
    ("restore.proved", 1),
    ("none", 1),
];
/// What a backup, the database and the log of another database hold, in doses.
const NEW: u64 = 20;
const OLD: u64 = 7;

/// Rows of tallies, with a dose each.
fn tallies(world: &World, name: &str, rows: u64) -> String {
    let mut text = "record,date,place,area,group,dose,doses\n".to_owned();
    for n in 0..rows {
        text += &format!("{name}{n},2021-04-{:02},S1,A,adult,1,1\n", n % 9 + 1);
    }
    let file = format!("{name}.csv");
    world.file(&file, text);
    file
}

/// The doses that a database counts; `None` where there is none.
#[track_caller]
fn doses(world: &World, db: &str) -> Option<u64> {
    let ran = world.run(&["--db", db, "coverage", "--as-of", "2021-05-01", "-o", "json"]);
    if ran.code == 5 && ran.err.contains("there is no database") {
        return None;
    }
    let seen = ran.ends(0).json();
    Some(number(&crate::support::row(&seen, "adult")["doses"][0]["people"]))
}

/// Whether sending is held because the database was restored.
fn is_held(world: &World) -> bool {
    world.run(&["outbox", "drain"]).err.contains("restored")
}

/// A folder with a sound backup, an old database whose last rows stand only in its log, and a log of another database.
fn prepared() -> World {
    let world = World::small();
    let new = tallies(&world, "new", NEW);
    let old = tallies(&world, "old", OLD);
    let other = tallies(&world, "other", 2000);
    let small = world.path("doseplan.db");
    fs::copy(&small, world.path("backed.db")).unwrap();
    fs::copy(&small, world.path("other.db")).unwrap();
    // All are of one place, whose key seals what is done to them.
    for name in ["backed.db", "other.db"] {
        let key = world.path(&format!("{name}.audit-key"));
        fs::copy(world.path("doseplan.db.audit-key"), key).unwrap();
    }
    let at = |name: &str| format!("sqlite://{}", world.path(name).display());
    world.run(&["--db", &at("backed.db"), "tallies", "import", &new]).ends(0);
    world.run(&["--db", &at("backed.db"), "backup", "backup.db"]).ends(0);
    // These two die with their rows in the log.
    for (name, rows) in [("doseplan.db", old), ("other.db", other)] {
        let db = at(name);
        let mut command = world.command(&["--db", &db, "tallies", "import", &rows]);
        let ran = command.env("DOSEPLAN_KILL_AT", "committed:2").output().unwrap();
        assert!(ran.status.signal().is_some(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
    for name in ["doseplan.db", "doseplan.db-wal", "other.db-wal"] {
        assert!(fs::metadata(world.path(name)).unwrap().len() > 0, "{name}");
        fs::rename(world.path(name), world.path(&format!("{name}.start"))).unwrap();
    }
    world
}

/// What lies there before a restore.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Before {
    /// The old database with its own log.
    Old,
    /// The log of another database, without its file.
    LogOnly,
    /// The old database, without its log, beside the log of another.
    Mixed,
}

fn set(world: &World, before: Before) {
    for entry in fs::read_dir(world.path("")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let stays = name.contains(".start") || name.ends_with("audit-key");
        let ours = name.starts_with("doseplan.db") && !stays;
        if ours {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let put = |from: &str, to: &str| {
        fs::copy(world.path(from), world.path(to)).unwrap();
    };
    if before != Before::LogOnly {
        put("doseplan.db.start", "doseplan.db");
    }
    let log = if before == Before::Old { "doseplan.db-wal.start" } else { "other.db-wal.start" };
    put(log, "doseplan.db-wal");
}

/// Starts a restore that dies at a step or after a time; says how it ended.
fn restore(world: &World, step: Option<(&str, u64)>, moment: Duration) -> std::process::ExitStatus {
    let mut command = world.command(&["restore", "backup.db", "--force"]);
    if let Some((step, count)) = step {
        command.env("DOSEPLAN_KILL_AT", format!("{step}:{count}"));
    }
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if since.elapsed() > moment {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Looks at what a dead restore left; `is_new` if it must be the one or the other.
#[track_caller]
fn look(world: &World, before: Before, is_new: Option<bool>, what: &str) {
    let decided = world.path("doseplan.db.restore-decided").exists();
    let untouched = !world.path("doseplan.db.before-restore").exists()
        && !world.path("doseplan.db.before-restore-wal").exists();
    let named = world.path("doseplan.db").exists() && !untouched;
    let new = is_new.unwrap_or(decided || named);
    if before == Before::Mixed && !new {
        // To open it would replay the other's log, as it would have before; only its bytes can be compared.
        let same = |one: &str, other: &str| {
            assert!(fs::read(world.path(one)).unwrap() == fs::read(world.path(other)).unwrap());
        };
        same("doseplan.db", "doseplan.db.start");
        same("doseplan.db-wal", "other.db-wal.start");
        return;
    }
    let old = if before == Before::LogOnly { None } else { Some(OLD) };
    if before == Before::LogOnly && !new {
        assert!(!world.path("doseplan.db").exists(), "{what}");
        return;
    }
    assert_eq!(doses(world, world.db()), if new { Some(NEW) } else { old }, "{what}");
    world.run(&["db", "check"]).ends(0);
    assert_eq!(is_held(world), new, "{what}");
    if new && before == Before::Old {
        let kept = format!("sqlite://{}", world.path("doseplan.db.before-restore").display());
        assert_eq!(doses(world, &kept), Some(OLD), "what was there is kept whole: {what}");
    }
}

#[test]
fn a_restore_that_dies_at_any_step_leaves_the_old_database_or_the_new_one() {
    let world = prepared();
    let late = Duration::from_mins(1);
    for before in [Before::Old, Before::LogOnly, Before::Mixed] {
        let mut is_new = false;
        for (step, count) in STEPS.iter().flat_map(|(step, most)| (1..=*most).map(|n| (*step, n))) {
            let what = format!("{before:?} {step}:{count}");
            set(&world, before);
            let ended = restore(&world, Some((step, count)), late);
            assert_eq!(ended.success(), step == "none", "{what}: {ended}");
            is_new |= step == "restore.decided";
            look(&world, before, Some(is_new), &what);
        }
    }
}

#[test]
fn ending_a_restore_may_itself_be_cut_off() {
    let world = prepared();
    set(&world, Before::Old);
    restore(&world, Some(("restore.decided", 1)), Duration::from_mins(1));
    for (step, count) in [("restore.aside", 1), ("restore.aside", 2), ("restore.placed", 1)] {
        let mut command = world.command(&["status"]);
        let ran = command.env("DOSEPLAN_KILL_AT", format!("{step}:{count}")).output().unwrap();
        assert!(ran.status.signal().is_some(), "{step}");
    }
    look(&world, Before::Old, Some(true), "after three more deaths");
    // Whatever was left, a later restore works.
    for name in ["doseplan.db.before-restore", "doseplan.db.before-restore-wal"] {
        let _ = fs::remove_file(world.path(name));
    }
    let _ = fs::remove_file(world.path("doseplan.db.before-restore-shm"));
    world.run(&["restore", "backup.db", "--force"]).ends(0);
    assert_eq!(doses(&world, world.db()), Some(NEW));
}

#[test]
fn restores_that_die_at_random_moments_leave_the_old_database_or_the_new_one() {
    let named = std::env::var("DOSEPLAN_RESTORES").ok().and_then(|value| value.parse().ok());
    let wanted = named.unwrap_or(RESTORES);
    let world = prepared();
    set(&world, Before::LogOnly);
    let since = Instant::now();
    world.run(&["restore", "backup.db"]).ends(0);
    let mut takes = u64::try_from(since.elapsed().as_millis()).unwrap();
    let mut dice = Dice(wanted);
    let (mut kills, mut tries) = (0, 0);
    while kills < wanted {
        tries += 1;
        assert!(tries < 4 * wanted + 40, "too few of them died: {kills} of {tries}");
        let before = [Before::Old, Before::LogOnly, Before::Mixed][dice.one_of(3)];
        set(&world, before);
        let (step, most) = STEPS[dice.one_of(STEPS.len())];
        let step = dice.in_1000(300).then_some((step, 1 + dice.below(most)));
        let moment = Duration::from_millis(dice.below(takes + takes / 4));
        let moment = if step.is_some() { Duration::from_mins(1) } else { moment };
        let since = Instant::now();
        let ended = restore(&world, step, moment);
        if ended.success() {
            // The machine has more time than when it was measured last: the next one dies sooner.
            takes = takes.min(u64::try_from(since.elapsed().as_millis()).unwrap()).max(1);
        }
        kills += u64::from(!ended.success());
        look(&world, before, None, &format!("seed {wanted}, try {tries}: {before:?} {step:?}"));
    }
    eprintln!("{kills} kills of {tries} restores");
}
