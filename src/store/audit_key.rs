//! The key that seals the audit log, and where it is kept: not in the database, since whoever may change tables could
//! else seal anew. It is a file beside a SQLite database, or the one that the configuration names. A PostgreSQL
//! database without such a file has its key made from the installation's secret, which keeps out only those who cannot
//! read that.

use super::{Result, StoreError};
use crate::text::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Digits of a key's name.
const NAME_DIGITS: usize = 8;

/// Where the key of the seals is.
#[derive(Debug, Default)]
pub(super) struct KeyPlace {
    /// The file; without one the key is made from the installation's secret.
    file: Option<PathBuf>,
    /// The file that the key protects, whose owner must be able to read the key.
    beside: Option<PathBuf>,
    read: OnceLock<Key>,
}

/// A key and its name. It has no `Debug` that shows it.
#[derive(Clone)]
pub(super) struct Key {
    /// The name, which each seal has before it.
    pub(super) name: String,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Key").field(&self.name).finish()
    }
}

impl Key {
    fn new(bytes: Vec<u8>) -> Self {
        let name = hex(&Sha256::digest([b"name of the key\n", bytes.as_slice()].concat()));
        Self { name: name[..NAME_DIGITS].to_owned(), bytes }
    }

    /// The key that the installation's secret gives.
    pub(super) fn of_secret(secret: &[u8]) -> Self {
        let mut mac = hmac(secret);
        mac.update(b"audit\n");
        Self::new(mac.finalize().into_bytes().to_vec())
    }

    /// A key for another purpose, from which this one cannot be found.
    pub(super) fn for_purpose(&self, purpose: &str) -> [u8; 32] {
        let mut mac = hmac(&self.bytes);
        mac.update(b"purpose\n");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// A seal over some parts: the key's name, a colon and the hash.
    pub(super) fn seal(&self, parts: &[Option<&[u8]>]) -> String {
        let mut mac = hmac(&self.bytes);
        for part in parts {
            // With its length before it, no two lines read the same.
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            mac.update(&length.to_be_bytes());
            mac.update(part.unwrap_or_default());
        }
        format!("{}:{}", self.name, hex(&mac.finalize().into_bytes()))
    }
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

impl KeyPlace {
    /// The key in a file of its own, beside a SQLite database.
    pub(super) fn beside(database: &Path) -> Self {
        Self {
            file: Some(database.with_added_extension("audit-key")),
            beside: Some(database.to_owned()),
            read: OnceLock::new(),
        }
    }

    /// The key in the file that the configuration names.
    pub(super) fn in_file(file: PathBuf) -> Self {
        Self { file: Some(file), ..Self::default() }
    }

    /// The key's file, if it has one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The key of the file, if that is there.
    pub(super) fn known(&self) -> Result<Option<Key>> {
        let Some(file) = &self.file else { return Ok(None) };
        if let Some(key) = self.read.get() {
            return Ok(Some(key.clone()));
        }
        match fs::read_to_string(file) {
            Ok(text) if !text.trim().is_empty() => {
                let key = Key::new(text.trim().as_bytes().to_vec());
                Ok(Some(self.read.get_or_init(|| key).clone()))
            }
            Ok(_) => Err(StoreError::AuditKey(file.clone(), io::ErrorKind::InvalidData.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::AuditKey(file.clone(), error)),
        }
    }

    /// Makes the file; if another process was faster, its file stands.
    pub(super) fn make(&self) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let made = make(file, self.beside.as_deref());
        made.map_err(|error| StoreError::AuditKey(file.clone(), error))
    }
}

/// Makes a key file that its owner alone may read; whoever may write the database may read it. If another process was
/// faster, its file stands.
fn make(path: &Path, beside: Option<&Path>) -> io::Result<()> {
    let random = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    let temporary = path.with_added_extension(format!("{}.tmp", uuid::Uuid::new_v4().simple()));
    let found = beside.and_then(|file| fs::metadata(file).ok());
    let shared = found.as_ref().is_some_and(|found| found.mode() & 0o020 != 0);
    let mode = if shared { 0o640 } else { 0o600 };
    let written = (|| {
        let mut file = File::options().write(true).create_new(true).mode(mode).open(&temporary)?;
        if let Some(found) = found {
            // Only root may give a file away; others own both.
            let _ = chown(&temporary, Some(found.uid()), Some(found.gid()));
        }
        file.write_all(hex(&random).as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    })();
    let _ = fs::remove_file(&temporary);
    written
}
