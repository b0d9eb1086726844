//! The checks of the machine: its clock, its disk, and who may read its files.

use crate::app::findings::{Findings, Mark};
use crate::app::{App, Result, millis};
use crate::clock::Clock;
use crate::config::{Config, TransportKind};
use chrono::{DateTime, Datelike as _, Utc};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Largest difference of the clocks, in milliseconds (our choice). Leases go by the database's clock, mails by the
/// machine's.
const CLOCKS_APART_MAX_MS: i64 = 2000;
/// Free space that an import and its log may need, in megabytes (our choice).
pub(in crate::app) const FREE_MB_MIN: u64 = 500;
/// Age of the time zone rules, in years, from which they count as old. They change every year.
const ZONES_YEARS_MAX: i32 = 2;

/// The machine's clock, by itself and against the database's; the age of the time zone rules.
pub async fn clocks(findings: &mut Findings<'_>, app: Option<&App>, clock: &Clock) -> Result<()> {
    let now = clock.now();
    let plausible = (2026..2100).contains(&now.year());
    let mark = if plausible { Mark::Ok } else { Mark::Warn };
    findings.line(mark, "doctor-clock", &[("now", &now.format("%Y-%m-%d %H:%M UTC"))]);
    if let Some(app) = app {
        let mut tx = app.store.read().await?;
        let before = millis(clock.now());
        if !app.store.is_sqlite() {
            let theirs = app.store.lease_clock(&mut tx).await?;
            // The database's clock was read between our two readings.
            let apart = (theirs - before.midpoint(millis(clock.now()))).abs();
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
pub fn disk(findings: &mut Findings<'_>, app: &App) {
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
pub fn rights(findings: &mut Findings<'_>, configuration: &Path, app: &App) {
    let mut files = app.store.file().map(with_companions).unwrap_or_default();
    if app.config.db.as_ref().is_some_and(|db| db.contains("://") && db.contains('@')) {
        files.push(configuration.to_owned());
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
#[must_use]
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:,=".contains(c);
    let plain = !text.is_empty() && text.chars().all(is_plain);
    if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Where the key is that seals the audit log, and who can read it.
pub fn audit_key(findings: &mut Findings<'_>, app: &App) {
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

/// Whether the second factors of accounts can be read here. Where all can, nothing is said.
pub async fn second_factors(findings: &mut Findings<'_>, app: &App) -> crate::app::Result<()> {
    let count = app.unreadable_factors().await?;
    if count > 0 {
        findings.line(Mark::Warn, "doctor-factors", &[("count", &count)]);
    }
    Ok(())
}

/// Whether a file can be written in the folder for mails.
pub fn mail_folder(findings: &mut Findings<'_>, dir: &Path) {
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

/// Whether other users of the machine can read passwords and secrets.
pub fn password_file(findings: &mut Findings<'_>, config: &Config) {
    let channels = config.channels.values();
    let secrets = channels.flat_map(|one| [&one.key_file, &one.secret_file, &one.hook_secret_file]);
    let own = config.oidc.iter().map(|oidc| &oidc.client_secret_file);
    for path in [&config.mail.password_file].into_iter().chain(secrets).chain(own).flatten() {
        secret_file(findings, path);
    }
}

/// Whether the sign-in service can be used, where there is one.
pub async fn oidc(findings: &mut Findings<'_>, app: &App, now: DateTime<Utc>) {
    let Some(config) = &app.config.oidc else { return };
    let said = match app.oidc_reached(now).await {
        Ok(Some(Ok(())) | None) => {
            return findings.line(Mark::Ok, "doctor-oidc", &[("issuer", &config.issuer)]);
        }
        Ok(Some(Err(why))) => why,
        Err(error) => error.to_string(),
    };
    let said: &dyn std::fmt::Display = &said;
    findings.line(Mark::Warn, "doctor-oidc-bad", &[("issuer", &config.issuer), ("said", said)]);
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
