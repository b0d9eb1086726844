//! Puts a finished database in the place of another. SQLite replays any log that lies beside a file of the right name,
//! whichever database it is of; so a log must never stand beside another file than its own.
//!
//! The order: the new file is complete and on the disk under the name `.restoring`. It is renamed to
//! `.restore-decided`: that decides, and before it the old database stands untouched. Then the old file and all that
//! lies beside it are moved away, and the new one gets its last name. Whoever opens the database after a power cut in
//! between first ends what was decided. So there is the old database or the new one, and never a mixture.

use super::place::{added, folder_of};
use super::{Result, StoreError};
use crate::fault::Faults;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database.
pub const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];
/// A new database that is decided upon.
const DECIDED: &str = ".restore-decided";
/// What was there before.
const KEPT: &str = ".before-restore";

/// A temporary database that is renamed when it is finished, and else is removed with its companions.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// An empty file that only its owner may read: it will hold people's names.
    pub fn make(path: PathBuf) -> Result<Self> {
        remove(&path);
        let scratch = Self(path);
        let made = File::options().write(true).create_new(true).mode(0o600).open(&scratch.0);
        made.map_err(at(&scratch.0))?;
        Ok(scratch)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Gives it the owner and rights of the file that it replaces. Rights that everybody had were nobody's decision and
    /// are not passed on.
    pub fn belong_like(&self, file: &Path) -> Result<()> {
        let old = fs::metadata(file).map_err(at(file))?;
        // Only root may change the owner; others keep their own.
        let _ = chown(&self.0, Some(old.uid()), Some(old.gid()));
        let mode = old.permissions().mode() & 0o777;
        let others = mode & 0o007;
        let mode = if others == 0 { mode | 0o600 } else { 0o600 };
        fs::set_permissions(&self.0, fs::Permissions::from_mode(mode)).map_err(at(&self.0))
    }

    /// Puts it, closed and complete, in the place of a file that nobody has open. What was there is kept; returns
    /// where. The caller holds the lock of the file.
    pub fn replace(self, file: &Path, faults: &Faults) -> Result<Vec<PathBuf>> {
        self.is_whole()?;
        File::open(&self.0).and_then(|new| new.sync_all()).map_err(at(&self.0))?;
        sync_folder(file)?;
        faults.at("restore.staged");
        let decided = added(file, DECIDED);
        fs::rename(&self.0, &decided).map_err(at(&decided))?;
        sync_folder(file)?;
        faults.at("restore.decided");
        settle(file, faults).inspect_err(|_| undo(file))
    }

    /// Renames it to its last name, where no database with a log stands, and waits until that survives a power cut.
    pub fn place(self, file: &Path) -> Result<()> {
        self.is_whole()?;
        File::open(&self.0).and_then(|new| new.sync_all()).map_err(at(&self.0))?;
        // Without a log the rest says nothing.
        for end in BESIDE {
            let _ = fs::remove_file(added(file, end));
        }
        fs::rename(&self.0, file).map_err(at(file))?;
        sync_folder(file)
    }

    /// A log that is left beside it would be left behind.
    fn is_whole(&self) -> Result<()> {
        match log_beside(&self.0) {
            None => Ok(()),
            Some(log) => Err(StoreError::File(log, io::ErrorKind::ResourceBusy.into())),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes a SQLite database with its companion files.
pub fn remove(file: &Path) {
    for end in BESIDE.iter().chain(&[""]) {
        let _ = fs::remove_file(added(file, end));
    }
}

/// A log with content beside a file: of a database in use, or of one that was not closed.
pub fn log_beside(file: &Path) -> Option<PathBuf> {
    let logs = ["-wal", "-journal"].map(|end| added(file, end));
    logs.into_iter().find(|log| fs::metadata(log).is_ok_and(|found| found.len() > 0))
}

/// Where [`Scratch::replace`] would keep what is there now, if something is kept there already.
pub fn kept_before(file: &Path) -> Option<PathBuf> {
    let kept = added(file, KEPT);
    let mut all = BESIDE.iter().chain(&[""]).map(|end| added(&kept, end));
    all.find(|path| fs::symlink_metadata(path).is_ok())
}

/// Where a new database is prepared, beside the file that it is to replace.
pub fn staging(file: &Path) -> PathBuf {
    added(file, ".restoring")
}

/// Whether a replacement was decided upon and has not ended.
pub(super) fn is_decided(file: &Path) -> bool {
    fs::symlink_metadata(added(file, DECIDED)).is_ok()
}

/// Ends the replacement that a dead process had decided upon, or removes what it had begun to prepare. The caller holds
/// the lock of the file.
pub(super) fn finish(file: &Path, faults: &Faults) -> Result<()> {
    // Half written, and full of names.
    remove(&staging(file));
    if is_decided(file) {
        let kept = settle(file, faults)?;
        tracing::warn!(
            file = %file.display(), ?kept,
            "a restore was cut off after its new database was complete; it has been ended now"
        );
    }
    Ok(())
}

/// The second half of a replacement; may be repeated.
fn settle(file: &Path, faults: &Faults) -> Result<Vec<PathBuf>> {
    // The file goes first: until the new one is there, there is none, and no log is without its own.
    let kept = move_aside(file, KEPT, &["", "-wal", "-shm", "-journal"], faults)?;
    sync_folder(file)?;
    fs::rename(added(file, DECIDED), file).map_err(at(file))?;
    faults.at("restore.placed");
    sync_folder(file)?;
    faults.at("restore.synced");
    Ok(kept)
}

/// Takes a decision back that cannot be carried out, for example in a folder where others' files cannot be moved.
fn undo(file: &Path) {
    if !is_decided(file) {
        return;
    }
    for end in ["-journal", "-shm", "-wal", ""] {
        let (from, to) = (added(&added(file, KEPT), end), added(file, end));
        if fs::symlink_metadata(&to).is_err() {
            let _ = fs::rename(from, to);
        }
    }
    let _ = fs::remove_file(added(file, DECIDED));
}

/// Makes an empty file that only its owner may read. SQLite would leave that to the umask.
pub(super) fn make_private(file: &Path) -> Result<()> {
    match File::options().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(at(file)(error)),
        _ => Ok(()),
    }
}

/// Moves logs away beside which a new database is about to be made: SQLite would remove them, and what they hold may be
/// wanted together with a file that was moved before.
pub(super) fn clear(file: &Path) -> Result<()> {
    if log_beside(file).is_some() {
        let kept = move_aside(file, ".left", &BESIDE, &Faults::default())?;
        tracing::warn!(?kept, "a log lay where the new database is made; it was moved away");
    }
    Ok(())
}

/// Moves a file or its companions to names with `end` in them that are free; returns the new names.
fn move_aside(file: &Path, end: &str, of: &[&str], faults: &Faults) -> Result<Vec<PathBuf>> {
    let is_there = |path: PathBuf| fs::symlink_metadata(path).is_ok();
    let first = std::iter::once(added(file, end));
    let names = first.chain((2..).map(|number| added(file, &format!("{end}-{number}"))));
    // After a power cut the file itself may have moved already; what lay beside it follows under the same name.
    let is_free = |kept: &PathBuf| {
        of.iter().all(|end| !is_there(added(file, end)) || !is_there(added(kept, end)))
    };
    let kept = { names }.find(is_free).expect("numbers do not end");
    let mut moved = Vec::new();
    for end in of {
        let (from, to) = (added(file, end), added(&kept, end));
        match fs::rename(&from, &to) {
            Ok(()) => moved.push(to),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::File(from, error)),
        }
        faults.at("restore.aside");
    }
    Ok(moved)
}

fn sync_folder(file: &Path) -> Result<()> {
    let folder = folder_of(file);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |error| StoreError::File(path, error)
}
