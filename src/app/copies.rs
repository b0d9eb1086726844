//! Copies of the database: moves, backups, restores. Only one of them ever sends mail: with a move the right to send
//! passes from the old database to the new one, and a backup has none until somebody adopts it.

use super::{App, AppError, Result, millis};
use crate::domain::audit::Action;
use crate::domain::hold::{EventKind, HoldReason};
use crate::domain::permission::Actor;
use crate::fault::Faults;
use crate::store::audit;
use crate::store::copy::{self, Fingerprint};
use crate::store::lock::{self, FileLock};
use crate::store::place::{self, added, folder_of};
use crate::store::swap::{self, Scratch};
use crate::store::{Store, StoreError, Tx, health, installation, runs, second_factors};
use chrono::{DateTime, Utc};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What a move did.
#[derive(Debug, Clone)]
pub struct Moved {
    /// What both databases held at that moment.
    pub tables: Vec<Fingerprint>,
    /// Why the new database may not send yet; `None` if it may.
    pub hold: Option<HoldReason>,
}

impl App {
    /// Moves everything to an empty database. Nobody else can write meanwhile. The old database loses the right to send
    /// before the new one gains it, so that a broken connection leaves no sender rather than two. `force`: even if a
    /// daemon was seen within the last minute, or mails seem to be leaving.
    pub async fn move_to(&self, target: &Store, force: bool, now: DateTime<Utc>) -> Result<Moved> {
        let here = self.home_of(&self.store).await?;
        let there = self.home_of(target).await?;
        if here == there {
            return Err(AppError::refused("refused-same-database", &[]));
        }
        // A reason to hold must be noticed now, or the new database would not know it.
        self.held(now).await?;
        let now = millis(now);
        let mut from = self.store.write().await?;
        alone(&self.store, &mut from, force).await?;
        copy::unhurried(&mut from).await?;
        copy::freeze(&mut from).await?;
        let clock = self.store.lease_clock(&mut from).await?;
        if !force && health::leaving(&mut from, clock).await? > 0 {
            // Their results would be stored here, and the new database would send them again.
            return Err(AppError::Busy(
                "mails are being sent at this moment (`doseplan outbox list --state sending`); try \
                 again when they are gone, or go on with --force if their sender is dead"
                    .to_owned(),
            ));
        }
        let mut to = empty(target, force).await?;
        let tables = copy::fill(&mut from, &mut to).await?;
        copy::verify(&mut to, &tables).await?;
        // What is sealed goes on with the key of the new place.
        second_factors::seal_anew(&mut from, &mut to).await?;
        let hold = hand_over(&mut from, &mut to, (&here, &there), now).await?;
        // The log goes on with the key of the new place.
        let author = self.author(Actor::CommandLine);
        let said = "came from another database";
        audit::insert(&mut to, now, (&author, Action::Database), (None, said)).await?;
        from.commit().await?;
        self.store.step("move");
        if let Err(error) = to.commit().await {
            tracing::error!(
                "the target did not confirm, so that neither sends now; if it has the campaigns, \
                 run `doseplan --db TARGET db adopt`, else `doseplan db adopt` and move again"
            );
            return Err(error.into());
        }
        Ok(Moved { tables, hold })
    }

    /// Writes a snapshot of the database into a new file while others go on working. The copy may not send.
    pub async fn backup(
        &self,
        file: &Path,
        force: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Fingerprint>> {
        let written = self.write_backup(file, force, now).await;
        written.map_err(|error| match error {
            // Only the copy is changed.
            AppError::Store(StoreError::DiskFull) => at(file)(io::ErrorKind::StorageFull.into()),
            other => other,
        })
    }

    async fn write_backup(
        &self,
        file: &Path,
        force: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Fingerprint>> {
        let mut from = self.store.read().await?;
        let file = &place::real(file);
        if self.store.file().is_some_and(|original| is_same(original, file)) {
            return Err(AppError::refused("refused-itself", &[("file", &file.display())]));
        }
        if !force && file.try_exists().map_err(at(file))? {
            return Err(AppError::refused("refused-file-there", &[("file", &file.display())]));
        }
        if lock::is_held(file) {
            return Err(StoreError::Locked(file.clone()).into());
        }
        if let Some(log) = swap::log_beside(file) {
            return Err(AppError::refused(
                "refused-log-beside",
                &[("file", &file.display()), ("log", &log.display())],
            ));
        }
        let folder = folder_of(file);
        let lock = only_one(folder)?;
        let scratch = Scratch::make(added(file, ".tmp"))?;
        let copy = Store::open(&place::address(scratch.path())?, false).await?;
        copy::unhurried(&mut from).await?;
        let mut to = copy.write().await?;
        let tables = copy::fill(&mut from, &mut to).await?;
        copy::verify(&mut to, &tables).await?;
        drop(from);
        disown(&mut to, &now.format("%F %T UTC").to_string(), now).await?;
        to.commit().await?;
        let mut read = copy.read().await?;
        health::sound(&mut read, true).await?;
        copy::same_rows(&mut read, &tables).await?;
        drop(read);
        copy.close().await;
        scratch.place(file)?;
        drop(lock);
        match self.note_copy(file, now).await {
            // A disk that is read-only is backed up all the same.
            Ok(()) | Err(AppError::Store(StoreError::ReadOnly)) => Ok(tables),
            Err(error) => Err(error),
        }
    }

    /// Remembers a copy: whoever asks for their data to be erased is told where else they are.
    async fn note_copy(&self, file: &Path, now: DateTime<Utc>) -> Result<()> {
        let mut tx = self.store.write().await?;
        let shown = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let said = shown.display().to_string();
        installation::note(&mut tx, EventKind::BackedUp, &said, millis(now)).await?;
        Ok(tx.commit().await?)
    }
}

/// What a restore did.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What the backup held, and now the database.
    pub tables: Vec<Fingerprint>,
    /// What was there before, a file each: a database, and logs even of one that is not there any more.
    pub kept: Vec<PathBuf>,
}

/// Restores a backup to where there is no database, or none with a campaign. The result may not send until it is
/// adopted. `faults`: where a test makes the process die.
pub async fn restore(
    backup: &Path,
    address: &str,
    force: bool,
    now: DateTime<Utc>,
    faults: &Faults,
) -> Result<Restored> {
    if !fs::metadata(backup).map_err(at(backup))?.is_file() {
        return Err(AppError::refused("refused-no-file", &[("file", &backup.display())]));
    }
    if let Some(beside) = swap::log_beside(&place::real(backup)) {
        let address = place::address(backup)?;
        return Err(AppError::refused(
            "refused-in-use",
            &[("file", &beside.display()), ("address", &address)],
        ));
    }
    match place::file(address)? {
        Some(file) => restore_file(backup, &file, (force, faults), now).await,
        None => restore_server(backup, address, force, now).await,
    }
}

async fn restore_file(
    backup: &Path,
    file: &Path,
    (force, faults): (bool, &Faults),
    now: DateTime<Utc>,
) -> Result<Restored> {
    let _lock = FileLock::take(file, faults)?;
    if is_same(backup, file) {
        return Err(AppError::refused("refused-itself", &[("file", &file.display())]));
    }
    let there = file.try_exists().map_err(at(file))?;
    if there && !force {
        vacant(file).await?;
    }
    if let Some(kept) = swap::kept_before(file) {
        return Err(AppError::refused("refused-kept-there", &[("file", &kept.display())]));
    }
    let scratch = Scratch::make(swap::staging(file))?;
    if there {
        scratch.belong_like(file)?;
    }
    let copy = staged(backup, &scratch).await?.with_faults(faults.clone());
    let mut to = copy.write().await?;
    let tables = copy::fingerprints(&mut to).await?;
    disown(&mut to, &backup.display().to_string(), now).await?;
    let held = copy::fingerprints(&mut to).await?;
    to.commit().await?;
    copy.close().await;
    let kept = scratch.replace(file, faults)?;
    proved(file, &held).await?;
    faults.at("restore.proved");
    Ok(Restored { tables, kept })
}

/// Opens a database under its last name and compares it with what was put there.
async fn proved(file: &Path, tables: &[Fingerprint]) -> Result<()> {
    let store = Store::open(&place::address(file)?, false).await?;
    let stands = async {
        let mut tx = store.read().await?;
        health::sound(&mut tx, true).await?;
        copy::verify(&mut tx, tables).await
    };
    let stands = stands.await;
    store.close().await;
    stands.map_err(|error| {
        let file = file.display();
        AppError::Unsound(format!(
            "the restored database {file} is not what was put there ({error})"
        ))
    })
}

async fn restore_server(
    backup: &Path,
    address: &str,
    force: bool,
    now: DateTime<Utc>,
) -> Result<Restored> {
    let target = Store::open(address, false).await?;
    let mut to = empty(&target, force).await?;
    // Works on a copy of the backup, because an older one is migrated before it is read.
    let (copy, _scratch) = staged_anywhere(backup).await?;
    let mut from = copy.read().await?;
    let tables = copy::fill(&mut from, &mut to).await?;
    copy::verify(&mut to, &tables).await?;
    disown(&mut to, &backup.display().to_string(), now).await?;
    to.commit().await?;
    drop(from);
    copy.close().await;
    target.close().await;
    Ok(Restored { tables, kept: Vec::new() })
}

/// A backup that was opened and found sound, beside the backup or else where there is room: a service may write to no
/// folder for temporary files.
async fn staged_anywhere(backup: &Path) -> Result<(Store, Scratch)> {
    let name = format!(".doseplan-restore-{}", uuid::Uuid::new_v4());
    let folders = [folder_of(backup).to_owned(), PathBuf::from("."), std::env::temp_dir()];
    let mut first = None;
    for folder in folders {
        let staged = async {
            let scratch = Scratch::make(folder.join(&name))?;
            Ok::<_, AppError>((staged(backup, &scratch).await?, scratch))
        };
        match staged.await {
            Ok(staged) => return Ok(staged),
            // There may be no room, or no right to write.
            Err(AppError::File(path, error)) if path != backup => {
                first.get_or_insert(AppError::File(path, error));
            }
            Err(AppError::Store(StoreError::DiskFull)) => {
                first.get_or_insert(StoreError::DiskFull.into());
            }
            Err(error) => return Err(error),
        }
    }
    Err(first.unwrap_or_else(|| at(backup)(io::ErrorKind::NotFound.into())))
}

/// Whether two paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |path: &Path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    place::real(one) == place::real(other)
        || identity(one).is_some_and(|one| Some(one) == identity(other))
}

/// A backup that was opened and found sound.
async fn staged(backup: &Path, scratch: &Scratch) -> Result<Store> {
    let mut from = File::open(backup).map_err(at(backup))?;
    let path = scratch.path();
    let mut to = File::options().write(true).open(path).map_err(at(path))?;
    io::copy(&mut from, &mut to).map_err(at(path))?;
    drop(to);
    let opened = async {
        let copy = Store::open(&place::address(path)?, false).await?;
        health::sound(&mut copy.read().await?, false).await?;
        Ok(copy)
    };
    opened.await.map_err(|error| match error {
        StoreError::Damaged(said) => {
            AppError::Unsound(format!("the backup {} is damaged ({said})", backup.display()))
        }
        other => other.into(),
    })
}

/// A transaction in an empty database.
async fn empty(target: &Store, force: bool) -> Result<Tx> {
    let mut to = target.write().await?;
    alone(target, &mut to, force).await?;
    copy::unhurried(&mut to).await?;
    copy::freeze(&mut to).await?;
    match copy::occupied(&mut to).await? {
        None => Ok(to),
        Some(table) => Err(AppError::refused("refused-not-empty", &[("table", &table)])),
    }
}

/// Refuses to replace a file that holds data or is in use.
async fn vacant(file: &Path) -> Result<()> {
    let keep = |why: String| {
        Err(AppError::refused("refused-vacant", &[("file", &file.display()), ("why", &why)]))
    };
    // Whose log it is, nobody knows; to open the file would replay it.
    if swap::log_beside(file).is_some() {
        return keep("is in use or was not closed (its log lies beside it)".to_owned());
    }
    let store = match Store::open(&place::address(file)?, false).await {
        Ok(store) => store,
        Err(error) => return keep(format!("cannot be opened ({error})")),
    };
    let table = copy::occupied(&mut store.read().await?).await?;
    store.close().await;
    if table.is_some() { keep("holds campaigns".to_owned()) } else { Ok(()) }
}

/// A daemon seen so recently counts as running, in milliseconds.
const DAEMON_MILLIS: i64 = 60_000;

/// Refuses if a daemon works on a PostgreSQL database. For SQLite a lock beside the file tells.
async fn alone(store: &Store, tx: &mut Tx, force: bool) -> Result<()> {
    if force || tx.is_sqlite() {
        return Ok(());
    }
    let since = store.lease_clock(tx).await? - DAEMON_MILLIS;
    if runs::daemons(tx, since).await? > 0 {
        return Err(AppError::Busy(
            "a daemon was at work on the PostgreSQL database within the last minute; stop it, or \
             go on with --force if it is dead"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Passes the source's right to send, if it has one, to the target.
async fn hand_over(
    from: &mut Tx,
    to: &mut Tx,
    (here, there): (&str, &str),
    now: i64,
) -> Result<Option<HoldReason>> {
    let before = installation::get(from).await?;
    let hold = before.as_ref().and_then(|before| before.hold.clone());
    let owned = before.is_some_and(|before| before.home.as_deref() == Some(here));
    let why = match (owned, hold) {
        (true, hold) => {
            installation::adopt(to, there).await?;
            if let Some(hold) = &hold {
                installation::hold(to, hold.why, &hold.said, hold.at).await?;
            }
            hold.map(|hold| hold.why)
        }
        // A copy that nobody adopted stays one.
        (false, Some(hold)) => {
            installation::disown(to, hold.why, &hold.said, hold.at).await?;
            Some(hold.why)
        }
        (false, None) => {
            installation::disown(to, HoldReason::Copied, "", now).await?;
            Some(HoldReason::Copied)
        }
    };
    installation::note(to, EventKind::Moved, "this database came from another place", now).await?;
    installation::note(from, EventKind::Moved, "everything went to another database", now).await?;
    installation::disown(from, HoldReason::Moved, "", now).await?;
    Ok(why)
}

async fn disown(to: &mut Tx, said: &str, now: DateTime<Utc>) -> Result<()> {
    let now = millis(now);
    installation::make(to, "").await?;
    installation::disown(to, HoldReason::Restored, said, now).await?;
    installation::note(to, EventKind::Restored, said, now).await?;
    Ok(())
}

/// Locks a folder against a second backup at the same time. Some network file systems cannot lock folders; there is no
/// guard then.
fn only_one(folder: &Path) -> Result<File> {
    let lock = File::open(folder).map_err(at(folder))?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(AppError::Busy(format!(
            "another backup is being written into {}; try again when it has ended",
            folder.display()
        ))),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(lock),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> AppError {
    let path = path.to_owned();
    move |error| AppError::File(path, error)
}
