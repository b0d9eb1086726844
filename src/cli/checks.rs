//! The checks of `doseplan doctor` besides campaigns and mail: installation, clocks, disk, files, daemon,
//! timetable, address.

use super::Invocation;
use super::findings::{Findings, Mark};
use crate::app::channels::Misfit;
use crate::app::problems::Problem;
use crate::app::{App, millis};
use crate::config::{Config, HttpConfig, Listen, TransportKind};
use crate::jobs::runner::life;
use crate::jobs::timetable::{Timetable, instants};
use crate::store::runs;
use crate::web::Tls;
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Largest difference of the clocks, in milliseconds (our choice). Leases go by the database's clock, mails by the
/// machine's.
const CLOCKS_APART_MAX_MS: i64 = 2000;
/// Free space that an import and its log may need, in megabytes (our choice).
const FREE_MB_MIN: u64 = 500;
/// Age of the time zone rules, in years, from which they count as old. They change every year.
const ZONES_YEARS_MAX: i32 = 2;
/// A job due for longer than this waits for a daemon that does not come (our choice).
const OVERDUE: TimeDelta = TimeDelta::minutes(15);
/// Newest runs of a job that are searched for a waiting one.
const RUNS_LOOKED_AT: i64 = 50;

/// Whether mail may be sent from this installation.
pub(super) async fn installed(
    findings: &mut Findings<'_>,
    app: &App,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    match app.held(now).await? {
        None => findings.line(Mark::Ok, "doctor-installation", &[]),
        Some(hold) => {
            let said = hold.words(findings.invocation.out.language);
            let told: &[(&str, &dyn std::fmt::Display)] =
                &[("said", &said), ("remedy", &hold.remedy())];
            findings.line(Mark::Warn, "doctor-held", told);
        }
    }
    Ok(())
}

/// The machine's clock, by itself and against the database's; the age of the time zone rules.
pub(super) async fn clocks(
    invocation: &Invocation,
    findings: &mut Findings<'_>,
    app: Option<&App>,
) -> anyhow::Result<()> {
    let now = invocation.clock.now();
    let plausible = (2026..2100).contains(&now.year());
    let mark = if plausible { Mark::Ok } else { Mark::Warn };
    findings.line(mark, "doctor-clock", &[("now", &now.format("%Y-%m-%d %H:%M UTC"))]);
    if let Some(app) = app {
        let mut tx = app.store.read().await?;
        let before = millis(invocation.clock.now());
        if !app.store.is_sqlite() {
            let theirs = app.store.lease_clock(&mut tx).await?;
            // The database's clock was read between our two readings.
            let apart = (theirs - before.midpoint(millis(invocation.clock.now()))).abs();
            let far = apart > CLOCKS_APART_MAX_MS;
            let (mark, key) = if far {
                (Mark::Warn, "doctor-clocks-apart")
            } else {
                (Mark::Ok, "doctor-clocks-agree")
            };
            findings.line(mark, key, &[("millis", &apart)]);
        }
    }
    let zones = chrono_tz::IANA_TZDB_VERSION;
    let year: i32 = zones.get(..4).and_then(|year| year.parse().ok()).unwrap_or(0);
    let old = now.year() - year >= ZONES_YEARS_MAX;
    let (mark, key) =
        if old { (Mark::Warn, "doctor-zones-old") } else { (Mark::Ok, "doctor-zones") };
    findings.line(mark, key, &[("version", &zones)]);
    Ok(())
}

/// Free space on the disk of a SQLite file.
pub(super) fn disk(findings: &mut Findings<'_>, app: &App) {
    let Some(file) = app.store.file() else { return };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let shown = folder.display();
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize) / 1_000_000;
            let (mark, key) = if free < FREE_MB_MIN {
                (Mark::Warn, "doctor-disk-full")
            } else {
                (Mark::Ok, "doctor-disk")
            };
            findings.line(mark, key, &[("dir", &shown), ("free", &free), ("wanted", &FREE_MB_MIN)]);
        }
        Err(error) => {
            findings.line(Mark::Warn, "doctor-disk-bad", &[("dir", &shown), ("said", &error)]);
        }
    }
}

/// Whether other users of the machine can read the database, what lies beside it, the mails in their folder, or a
/// configuration that holds a password.
pub(super) fn rights(findings: &mut Findings<'_>, invocation: &Invocation, app: &App) {
    let mut files = app.store.file().map(with_companions).unwrap_or_default();
    if app.config.db.as_ref().is_some_and(|db| db.contains("://") && db.contains('@')) {
        files.push(invocation.common.configuration());
    }
    let folder = &app.config.mail.dir;
    let is_folder = app.config.mail.transport == TransportKind::Folder;
    let folders = if is_folder { vec![folder.clone()] } else { Vec::new() };
    let mut all_closed = true;
    for (mode, paths) in [("600", files), ("700", folders)] {
        let open = paths.iter().filter(|path| mode_of(path).is_some_and(|mode| mode & 0o077 != 0));
        let open: Vec<String> = open.map(|path| shell_word(path)).collect();
        if !open.is_empty() {
            all_closed = false;
            let names = open.join(" ");
            findings.line(Mark::Warn, "doctor-open", &[("files", &names), ("mode", &mode)]);
        }
    }
    if all_closed {
        findings.line(Mark::Ok, "doctor-closed", &[]);
    }
}

/// A database and everything that begins with its name and a dot or a dash: logs, lock, memory, what a restore kept.
fn with_companions(file: &Path) -> Vec<PathBuf> {
    let mut all = vec![file.to_owned()];
    let name = file.file_name().unwrap_or_default().as_encoded_bytes();
    let entries = std::fs::read_dir(crate::store::place::folder_of(file)).into_iter().flatten();
    let mut beside: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let other = entry.file_name();
            let rest = other.as_encoded_bytes().strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(b"-") || rest.starts_with(b"."))
        })
        .map(|entry| entry.path())
        .collect();
    beside.sort();
    all.extend(beside);
    all
}

/// The rights of a path; `None` where there is nothing.
fn mode_of(path: &Path) -> Option<u32> {
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

/// A path as a shell takes it.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:,".contains(c);
    let plain = !text.is_empty() && text.chars().all(is_plain);
    if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Where the key is that seals the audit log, and who can read it.
pub(super) fn audit_key(findings: &mut Findings<'_>, app: &App) {
    let Some(file) = app.store.audit_key() else {
        return findings.line(Mark::Warn, "doctor-audit-key-here", &[]);
    };
    let shown = file.display();
    // It is made with the first line.
    let mode = std::fs::metadata(file).map_or(0, |found| found.permissions().mode() & 0o777);
    let others = mode & 0o007;
    if others == 0 {
        return findings.line(Mark::Ok, "doctor-audit-key", &[("file", &shown)]);
    }
    let mode = format!("{mode:o}");
    findings.line(Mark::Warn, "doctor-audit-key-open", &[("file", &shown), ("mode", &mode)]);
}

/// Whether a file can be written in the folder for mails.
pub(super) fn mail_folder(findings: &mut Findings<'_>, dir: &Path) {
    // The folder is created with the first mail.
    let there = if dir.is_dir() { dir } else { dir.parent().unwrap_or(Path::new(".")) };
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let probe = there.join(format!(".doseplan-doctor-{}", std::process::id()));
    let written = crate::files::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    let shown = dir.display();
    match written {
        Ok(()) => findings.line(Mark::Ok, "doctor-mail-folder", &[("dir", &shown)]),
        Err(error) => {
            findings.line(
                Mark::Fail,
                "doctor-mail-folder-bad",
                &[("dir", &shown), ("said", &error)],
            );
        }
    }
}

/// Whether sending to the mail server is paused, and what the server said.
pub(super) async fn relay(findings: &mut Findings<'_>, app: &App) -> anyhow::Result<()> {
    let mut tx = app.store.read().await?;
    for problem in app.relay_problems(&mut tx).await? {
        let Problem::Relay { relay, cause, said, .. } = problem else { continue };
        let (said, why) = (super::output::harmless(&said), super::mails::why(cause));
        let told: &[(&str, &dyn std::fmt::Display)] =
            &[("relay", &relay), ("said", &said), ("why", &why)];
        findings.line(Mark::Warn, "problem-relay", told);
    }
    Ok(())
}

/// The channels: whether each can be used, and which templates, names and numbers do not fit.
pub(super) async fn channels(
    findings: &mut Findings<'_>,
    app: &App,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if app.config.channels.is_empty() {
        return Ok(());
    }
    for line in app.channels(now).await? {
        let told: &[(&str, &dyn std::fmt::Display)] = &[("name", &line.name), ("kind", &line.kind)];
        match &line.wrong {
            None => findings.line(Mark::Ok, "doctor-channel", told),
            Some(wrong) => {
                let said = super::output::harmless(wrong);
                let told: &[(&str, &dyn std::fmt::Display)] =
                    &[("name", &line.name), ("said", &said)];
                findings.line(Mark::Fail, "doctor-channel-bad", told);
            }
        }
    }
    for loaded in app.campaigns().await?.iter().filter(|loaded| loaded.is_open) {
        for unfit in app.unfit(&loaded.campaign) {
            let said = unfit.why.said(findings.invocation.out.language);
            let (what, said) =
                (super::output::harmless(&unfit.what), super::output::harmless(&said));
            let told: &[(&str, &dyn std::fmt::Display)] =
                &[("name", &unfit.channel), ("what", &what), ("said", &said)];
            let key = match unfit.why {
                Misfit::NoTemplate => "doctor-channel-template",
                Misfit::Variable(_) => "doctor-channel-unfit",
            };
            findings.line(Mark::Warn, key, told);
        }
    }
    if app.config.reminders.contact_order.iter().any(|way| way != crate::config::MAIL) {
        let (closed, unusable) = app.closed_numbers(now).await?;
        let shared = closed.iter().filter(|one| one.at.is_none()).count();
        for (key, count) in
            [("doctor-numbers-shared", shared), ("doctor-numbers-unusable", unusable)]
        {
            if count > 0 {
                findings.line(Mark::Warn, key, &[("count", &count)]);
            }
        }
    }
    Ok(())
}

/// Whether other users of the machine can read passwords and secrets.
pub(super) fn password_file(findings: &mut Findings<'_>, config: &Config) {
    let channels = config.channels.values();
    let secrets = channels.flat_map(|one| [&one.key_file, &one.secret_file, &one.hook_secret_file]);
    for path in [&config.mail.password_file].into_iter().chain(secrets).flatten() {
        secret_file(findings, path);
    }
}

fn secret_file(findings: &mut Findings<'_>, path: &std::path::Path) {
    // A missing file is reported by the transport.
    let Ok(found) = std::fs::metadata(path) else { return };
    let mode = found.permissions().mode() & 0o777;
    let others = mode & 0o077;
    let (mark, key) = if others == 0 {
        (Mark::Ok, "doctor-password")
    } else {
        (Mark::Warn, "doctor-password-open")
    };
    let (file, mode) = (path.display(), format!("{mode:o}"));
    findings.line(mark, key, &[("file", &file), ("mode", &mode)]);
}

/// Whether a daemon works on this database.
pub(super) async fn daemons(
    findings: &mut Findings<'_>,
    app: &App,
    locked: bool,
) -> anyhow::Result<bool> {
    let mut tx = app.store.read().await?;
    let looked = app.daemons(&mut tx).await?;
    drop(tx);
    // A daemon that hangs still holds the lock of a SQLite file.
    match (looked, locked) {
        (0, false) => findings.line(Mark::Warn, "doctor-daemon-none", &[]),
        (0, true) => findings.line(Mark::Ok, "doctor-daemon", &[("count", &1)]),
        (count, _) => findings.line(Mark::Ok, "doctor-daemon", &[("count", &count)]),
    }
    Ok(looked > 0 || locked)
}

/// Whether the timetable can be read, and whether its jobs have been run.
pub(super) async fn timetable(
    invocation: &Invocation,
    findings: &mut Findings<'_>,
    app: Option<&App>,
) -> anyhow::Result<()> {
    let timetable = match invocation.timetable() {
        Ok(timetable) => timetable,
        Err(error) => {
            findings.line(Mark::Fail, "doctor-timetable-bad", &[("said", &error)]);
            return Ok(());
        }
    };
    let count = timetable.entries.len();
    match &invocation.config.timetable {
        None => findings.line(Mark::Ok, "doctor-timetable-delivered", &[("count", &count)]),
        Some(file) => {
            let file = file.display();
            findings.line(Mark::Ok, "doctor-timetable", &[("file", &file), ("count", &count)]);
        }
    }
    let Some(app) = app else { return Ok(()) };
    let late = overdue(app, &timetable, invocation.clock.now()).await?;
    if late.is_empty() {
        findings.line(Mark::Ok, "doctor-jobs", &[]);
    } else {
        let jobs = late.join(", ");
        findings.line(Mark::Warn, "doctor-jobs-overdue", &[("jobs", &jobs)]);
    }
    Ok(())
}

/// Jobs that should have run by now, as `campaign: job`.
async fn overdue(
    app: &App,
    timetable: &Timetable,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<String>> {
    let mut late = Vec::new();
    let by = now - OVERDUE;
    for loaded in app.campaigns().await? {
        let campaign = &loaded.campaign;
        let (first, last) = instants(campaign.timezone, life(campaign));
        let mut tx = app.store.read().await?;
        for entry in &timetable.entries {
            // Before a daemon's first look nothing was its work.
            let mark = runs::watermark(&mut tx, loaded.no, entry.job).await?;
            let Some(mark) = mark.and_then(DateTime::from_timestamp_millis) else { continue };
            let from = mark.max(first - TimeDelta::seconds(1));
            let missing = !entry.between(campaign.timezone, from, by.min(last), 1).is_empty();
            let newest = runs::list(&mut tx, loaded.no, Some(entry.job), RUNS_LOOKED_AT).await?;
            let waits = newest.iter().any(|run| run.state.is_open() && run.due_at < millis(by));
            if missing || waits {
                late.push(format!("{}: {}", campaign.id, entry.job));
            }
        }
    }
    Ok(late)
}

/// Whether the daemon answers at the configured address, or could.
pub(super) async fn http(findings: &mut Findings<'_>, http: &HttpConfig, daemon_runs: bool) {
    if let Some(said) = http.refusal() {
        return findings.line(Mark::Fail, "doctor-http-plain", &[("said", &said)]);
    }
    if let Err(error) = Tls::read(http) {
        return findings.line(Mark::Fail, "doctor-http-tls-bad", &[("said", &error)]);
    }
    let address = match http.listen {
        Some(Listen::Off) => return findings.line(Mark::Ok, "doctor-http-off", &[]),
        Some(Listen::At(address)) => address,
        None => Listen::DEFAULT,
    };
    if address.port() == 0 {
        return findings.line(Mark::Ok, "doctor-http-any", &[("address", &address)]);
    }
    let shown: &[(&str, &dyn std::fmt::Display)] = &[("address", &address)];
    match TcpListener::bind(address).await {
        Ok(_) if daemon_runs => findings.line(Mark::Warn, "doctor-http-silent", shown),
        Ok(_) => findings.line(Mark::Ok, "doctor-http-free", shown),
        // Whether it is the daemon that answers there would take trusting its certificate.
        Err(error)
            if error.kind() == std::io::ErrorKind::AddrInUse
                && daemon_runs
                && http.is_encrypted() =>
        {
            let file = http.tls_cert.as_deref().unwrap_or(Path::new("")).display();
            findings.line(Mark::Ok, "doctor-http-tls", &[("address", &address), ("file", &file)]);
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match alive(address).await {
            Some(true) => findings.line(Mark::Ok, "doctor-http", shown),
            Some(false) => findings.line(Mark::Warn, "doctor-http-hangs", shown),
            None => findings.line(Mark::Warn, "doctor-http-taken", shown),
        },
        Err(error) => {
            let told: &[(&str, &dyn std::fmt::Display)] =
                &[("address", &address), ("said", &error)];
            findings.line(Mark::Fail, "doctor-http-bad", told);
        }
    }
}

/// What `/healthz` says; `None` if another program listens there.
async fn alive(address: SocketAddr) -> Option<bool> {
    const WAIT: Duration = Duration::from_secs(2);
    const ANSWER_MAX: u64 = 4096;
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.take(ANSWER_MAX).read_to_string(&mut answer).await.ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str::<serde_json::Value>(body).ok()?.get("alive")?.as_bool()
    };
    tokio::time::timeout(WAIT, ask).await.ok().flatten()
}
