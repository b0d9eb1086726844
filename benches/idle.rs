//! Promises: the idle daemon holds at most 40 MB, `status` takes at most 50 ms on Danyang.
//!
//! The database is that of the demo up to 15 June; the first run of the bench lives through it.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{Result, best, doseplan, heading, line, memory_kib, mib, ratio, run, shown, sqlite3};

const RUNS: usize = 20;
/// So long the daemon is left alone before it is looked at.
const IDLE: Duration = Duration::from_secs(10);
/// 40 MB.
const BAR_KIB: u64 = 40_000_000 / 1024;
/// The yardstick of `status`: one scan of a table of the same database.
const SCAN: &str = "SELECT COUNT(*), SUM(doses) FROM total";

fn main() -> Result<()> {
    let demo = demo()?;
    let folder = support::folder("idle")?;
    let db = folder.join("doseplan.db");
    std::fs::copy(demo.join("doseplan.db"), &db)?;
    heading("status and the idle daemon on Danyang, 604,358 doses, against the `sqlite3` shell");
    let yardstick = best(RUNS, || sqlite3(&db, &[SCAN]))?;
    let status = best(RUNS, || doseplan(&db, &["status", "--as-of", "2021-06-14"]))?;
    let share = ratio(status.time, yardstick.time);
    line("doseplan status", shown(status.time), shown(yardstick.time), share, "50 ms");

    let mut command = doseplan(&db, &["daemon"]);
    let mut daemon =
        command.current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    std::thread::sleep(IDLE);
    let (idle, peak) = (memory_kib(&daemon, "VmRSS"), memory_kib(&daemon, "VmHWM"));
    let still_runs = daemon.try_wait()?.is_none();
    run({
        let mut stop = Command::new("kill");
        stop.arg(daemon.id().to_string());
        stop
    })?;
    daemon.wait()?;
    if !still_runs {
        return Err("the daemon ended by itself".into());
    }
    let share = |kib: u64| kib as f64 / BAR_KIB as f64;
    line("daemon, idle, against the bar", mib(idle), mib(BAR_KIB), share(idle), "40 MB");
    line("daemon, peak since its start", mib(peak), mib(BAR_KIB), share(peak), "");
    Ok(())
}

/// The folder of the demo, made once.
fn demo() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("benches-demo");
    if !folder.join("doseplan.db").exists() {
        // Half a demo, of a run that was stopped, must not be taken for a whole one.
        let new = folder.with_extension("new");
        let _ = std::fs::remove_dir_all(&new);
        let mut command = Command::new(env!("CARGO_BIN_EXE_doseplan"));
        command.args(["demo", "--once", "--until", "2021-06-15", "--dir"]).arg(&new);
        run(command)?;
        std::fs::rename(&new, &folder)?;
    }
    Ok(folder)
}
