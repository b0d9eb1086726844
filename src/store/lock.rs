//! Keeps two programs from working on one SQLite file as its only one. The lock ends with the process, however it ends.

use super::place::{added, folder_of};
use super::swap;
use super::{Result, StoreError};
use crate::fault::Faults;
use rustix::fs::OFlags;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// File systems of other machines (NFS, SMB, CIFS, SMB 2, 9P, Ceph, AFS). They turn a lock of a whole file into one
/// that SQLite's own locks would meet.
const REMOTE: [i64; 7] =
    [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x00c3_6400, 0x5346_414f];

/// The right to be the only daemon on a file, or to replace it.
#[derive(Debug)]
pub struct FileLock {
    file: PathBuf,
    /// Beside the file's one name: holds while the file is replaced, and before there is one.
    _name: File,
    /// The file itself, which may have another name, too (a hard link).
    itself: Option<File>,
}

impl FileLock {
    /// Takes the lock of a file, which is given by its one name ([`super::place::file`]). A replacement that a dead
    /// process had decided is ended first. The file must not be open in this process: closing it again would end
    /// SQLite's own locks.
    pub fn take(file: &Path, faults: &Faults) -> Result<Self> {
        let name = lock_name(file, true)?.ok_or_else(|| StoreError::Locked(lock_path(file)))?;
        swap::finish(file, faults)?;
        let mut lock = Self { file: file.to_owned(), _name: name, itself: None };
        lock.hold_file()?;
        Ok(lock)
    }

    /// Locks the file itself as well, after it was made.
    pub fn hold_file(&mut self) -> Result<()> {
        if self.itself.is_none() {
            self.itself = match lock_itself(&self.file) {
                Ok(itself) => itself,
                Err(Held) => return Err(StoreError::Locked(self.file.clone())),
            };
        }
        Ok(())
    }
}

/// Whether another process has the lock of a file. The file must not be open in this process.
pub fn is_held(file: &Path) -> bool {
    matches!(lock_name(file, false), Ok(None)) || lock_itself(file).is_err()
}

/// Refuses a file on which a daemon works by another of its names: each name has a log of its own, and what goes
/// through one destroys what went through the other.
pub(super) fn one_name(file: &Path) -> Result<()> {
    let several = fs::metadata(file).is_ok_and(|found| found.nlink() > 1);
    if several && lock_itself(file).is_err() && !matches!(lock_name(file, false), Ok(None)) {
        return Err(StoreError::OtherName(file.to_owned()));
    }
    Ok(())
}

fn lock_path(file: &Path) -> PathBuf {
    added(file, ".lock")
}

/// The lock beside a name; `None` if somebody has it. With `make` the file of the lock is made if it is not there.
fn lock_name(file: &Path, make: bool) -> Result<Option<File>> {
    let path = lock_path(file);
    // A link or a pipe in its place is not followed and not waited for.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = File::options();
    options.write(true).create(make).truncate(false).mode(0o600).custom_flags(flags);
    let opened = options.open(&path).map_err(|error| StoreError::File(path.clone(), error))?;
    match opened.try_lock() {
        Ok(()) => Ok(Some(opened)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(StoreError::File(path, error)),
    }
}

/// Somebody has the lock.
struct Held;

/// The lock of the file itself; none where there is no file, or no such lock.
fn lock_itself(file: &Path) -> std::result::Result<Option<File>, Held> {
    if !fs::metadata(file).is_ok_and(|found| found.is_file()) || is_remote(file).unwrap_or(true) {
        return Ok(None);
    }
    let Ok(opened) = File::open(file) else { return Ok(None) };
    match opened.try_lock() {
        Ok(()) => Ok(Some(opened)),
        Err(TryLockError::WouldBlock) => Err(Held),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn is_remote(file: &Path) -> io::Result<bool> {
    let found = rustix::fs::statfs(folder_of(file))?;
    // The type is a number of 32 bits, whatever width it has in the structure.
    Ok(REMOTE.contains(&(found.f_type & 0xffff_ffff)))
}
