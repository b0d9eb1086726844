//! Writes messages into a folder: a temporary file, then a rename, so that nobody reads half a message.

use super::{Outcome, Outgoing};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Longest file name, in bytes. File systems allow 255; this leaves room for the ending and the temporary name.
const FILE_NAME_BYTES_MAX: usize = 200;

/// What a write waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Until the file is safe on the disk.
    ForDisk,
    /// Not at all: a power cut may lose the file.
    ForNothing,
}

/// Writes `<file_name>.<ending>`. Writing the same message twice leaves one file.
pub(super) async fn write(
    dir: &Path,
    message: &Outgoing,
    wait: Wait,
    ending: &'static str,
) -> Outcome {
    let name = &message.file_name;
    let is_plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | ':');
    let is_fit = !name.is_empty() && name.len() <= FILE_NAME_BYTES_MAX && !name.starts_with('.');
    if !is_fit || !name.chars().all(is_plain) {
        let limit = format!("a plain name of 1 to {FILE_NAME_BYTES_MAX} bytes is needed");
        return Outcome::NotSent(format!("{name:?} cannot be a file name; {limit}"));
    }
    let (dir, name, bytes) = (dir.to_owned(), name.clone(), message.bytes.clone());
    let shown = dir.display().to_string();
    let written = tokio::task::spawn_blocking(move || {
        write_now(&dir, &format!("{name}.{ending}"), &bytes, wait)
    })
    .await;
    match written.unwrap_or_else(|error| Err(io::Error::other(error))) {
        Ok(()) => Outcome::Accepted,
        Err(error) => Outcome::NotSent(format!("cannot write to mail folder {shown}: {error}")),
    }
}

/// Age from which a temporary file is nobody's any more. Writing one takes less than a second.
const LEFT_AFTER: Duration = Duration::from_mins(10);

/// Removes temporary files of processes that were killed while they wrote: each may hold a whole letter.
pub(super) async fn tidy(dir: &Path) {
    let dir = dir.to_owned();
    // What cannot be read or removed now is looked at again next time.
    let _ = tokio::task::spawn_blocking(move || tidy_now(&dir)).await;
}

fn tidy_now(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(writer) = name.to_str().and_then(writer) else { continue };
        let is_old = || {
            let changed = entry.metadata().and_then(|found| found.modified());
            changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT_AFTER))
        };
        let is_mine = writer == std::process::id();
        if (!is_mine && !is_running(writer)) || is_old() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The process that writes a temporary file of ours: `.NAME.PROCESS.tmp`.
fn writer(name: &str) -> Option<u32> {
    let (rest, process) = name.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('.')?;
    if rest.is_empty() { None } else { process.parse().ok() }
}

/// Whether a process is known to run; where that cannot be told, it may.
fn is_running(process: u32) -> bool {
    !Path::new("/proc/self").exists() || Path::new(&format!("/proc/{process}")).exists()
}

fn write_now(dir: &Path, name: &str, bytes: &[u8], wait: Wait) -> io::Result<()> {
    crate::files::create_dir_all(dir)?;
    let target = dir.join(name);
    if fs::read(&target).is_ok_and(|held| held == bytes) {
        return Ok(());
    }
    let temporary = dir.join(format!(".{name}.{}.tmp", std::process::id()));
    let result = write_file(&temporary, bytes, wait).and_then(|()| fs::rename(&temporary, &target));
    if result.is_err() {
        // Report the first error. The next attempt overwrites a leftover temporary file.
        let _ = fs::remove_file(&temporary);
        return result;
    }
    // The rename must survive a power cut, because the outbox is about to mark the message as sent.
    if cfg!(unix) && wait == Wait::ForDisk { settle(dir) } else { Ok(()) }
}

/// Waits until a folder is safe on the disk, where its file system can do that.
fn settle(dir: &Path) -> io::Result<()> {
    match File::open(dir)?.sync_all() {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
        {
            Ok(())
        }
        done => done,
    }
}

fn write_file(path: &Path, bytes: &[u8], wait: Wait) -> io::Result<()> {
    let mut file = crate::files::create(path)?;
    file.write_all(bytes)?;
    if wait == Wait::ForDisk { file.sync_all() } else { Ok(()) }
}
