//! Seals the lines of the audit log, so that a line which was removed, changed or moved shows.
//!
//! A **seal** is a keyed hash (HMAC-SHA-256) over a line, its place in the chain and the seal before it. The **head** is
//! the number of lines and the last seal; it is sealed too, so that lines missing at the end show. The **key** is not
//! in the database: whoever may change tables could else seal anew. It is a file beside a SQLite database, or the one
//! that the configuration names. A PostgreSQL database without such a file has its key made from the installation's
//! secret, which keeps out only those who cannot read that; `doctor` says so.

use super::audit::Line;
use super::db::Row;
use super::{Result, StoreError, Tx, installation};
use crate::args;
use crate::domain::audit::Action;
use crate::text::hex;
use futures_util::TryStreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Faults that a check names; the others are counted.
const WRONG_MAX: usize = 20;
/// Who wrote the lines that the program writes about the log itself. No account can have this name.
const PROGRAM: &str = "(doseplan)";
/// Digits of a key's name.
const NAME_DIGITS: usize = 8;

const HEAD: &str = "SELECT count, seal, proof FROM audit_head WHERE one = 1";
// Daemons append one after the other: the row stays locked until the line is committed.
const LOCK: &str = "UPDATE audit_head SET count = count WHERE one = 1 RETURNING count, seal, proof";
const SET_HEAD: &str = "UPDATE audit_head SET count = $1, seal = $2, proof = $3 WHERE one = 1";
const INSERT: &str = "INSERT INTO audit (at, who, address, did, campaign, said, nr, seal) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const OLDER: &str = "SELECT id, at, who, address, did, campaign, said FROM audit \
     WHERE nr IS NULL AND id > $1 ORDER BY id LIMIT 1000";
const SEAL_OLDER: &str = "UPDATE audit SET nr = $2, seal = $3 WHERE id = $1 AND nr IS NULL";
const ALL: &str = "SELECT id, at, who, address, did, campaign, said, nr, seal FROM audit \
     ORDER BY id";
const SEAL_OF: &str = "SELECT seal FROM audit WHERE nr = $1";

/// Where the key of the seals is.
#[derive(Debug, Default)]
pub struct KeyPlace {
    /// The file; without one the key is made from the installation's secret.
    file: Option<PathBuf>,
    /// The file that the key protects, whose owner must be able to read the key.
    beside: Option<PathBuf>,
    read: OnceLock<Key>,
}

/// A key and its name. It has no `Debug` that shows it.
#[derive(Clone)]
struct Key {
    name: String,
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
    fn of_secret(secret: &[u8]) -> Self {
        let mut mac = hmac(secret);
        mac.update(b"audit\n");
        Self::new(mac.finalize().into_bytes().to_vec())
    }

    /// A seal over some parts: the key's name, a colon and the hash.
    fn seal(&self, parts: &[Option<&[u8]>]) -> String {
        let mut mac = hmac(&self.bytes);
        for part in parts {
            // With its length before it, no two lines read the same.
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            mac.update(&length.to_be_bytes());
            mac.update(part.unwrap_or_default());
        }
        format!("{}:{}", self.name, hex(&mac.finalize().into_bytes()))
    }

    fn seal_line(&self, before: &str, nr: i64, line: &Line<'_>) -> String {
        let text = |text: &'_ str| -> Option<Vec<u8>> { Some(text.as_bytes().to_vec()) };
        let parts = [
            text("line"),
            text(before),
            text(&nr.to_string()),
            text(&line.at.to_string()),
            text(line.who),
            line.address.and_then(text),
            text(line.did),
            line.campaign.and_then(text),
            text(line.said),
        ];
        self.seal(&parts.each_ref().map(Option::as_deref))
    }

    fn seal_head(&self, count: i64, seal: &str) -> String {
        let count = count.to_string();
        self.seal(&[Some(b"head"), Some(count.as_bytes()), Some(seal.as_bytes())])
    }
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

/// The name of the key that a seal was made with.
fn key_of(seal: &str) -> &str {
    seal.split_once(':').map_or("", |(name, _)| name)
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
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The key of the file, if that is there.
    fn known(&self) -> Result<Option<Key>> {
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

    /// The key to seal with; a file that is not there is made.
    async fn key(&self, tx: &mut Tx) -> Result<Key> {
        let Some(file) = &self.file else { return of_installation(tx).await };
        if let Some(key) = self.known()? {
            return Ok(key);
        }
        let made = make(file, self.beside.as_deref());
        made.map_err(|error| StoreError::AuditKey(file.clone(), error))?;
        let absent = || StoreError::AuditKey(file.clone(), io::ErrorKind::NotFound.into());
        self.known()?.ok_or_else(absent)
    }
}

async fn of_installation(tx: &mut Tx) -> Result<Key> {
    let secret = installation::secret(tx).await?.unwrap_or_default();
    Ok(Key::of_secret(&secret))
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
        let mut file =
            File::options().write(true).create_new(true).mode(mode).open(&temporary)?;
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

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Head {
    /// How many lines the log has.
    pub count: i64,
    /// The seal of the last one.
    pub seal: String,
}

impl Head {
    /// The head as people note it down: the number of lines, a colon, and the first digits of the last line's seal.
    pub fn short(&self) -> String {
        const DIGITS: usize = 16;
        let hash = self.seal.split_once(':').map_or("", |(_, hash)| hash);
        format!("{}:{}", self.count, hash.get(..DIGITS).unwrap_or(hash))
    }
}

/// The end of the chain; `None` before the first line.
pub async fn head(tx: &mut Tx) -> Result<Option<Head>> {
    let Some(row) = tx.row(HEAD, args![]).await? else { return Ok(None) };
    let head = Head { count: row.get(0)?, seal: row.get(1)? };
    Ok((head.count > 0).then_some(head))
}

/// Whether the log still has the line whose number and seal [`Head::short`] gave.
pub async fn has(tx: &mut Tx, short: &str) -> Result<bool> {
    let nr = short.split(':').next().and_then(|nr| nr.parse::<i64>().ok());
    let Some(count) = nr else { return Ok(false) };
    let Some(row) = tx.row(SEAL_OF, args![count]).await? else { return Ok(false) };
    Ok(Head { count, seal: row.get(0)? }.short() == short)
}

/// Writes a line at the end of the chain. Lines that were written before there was a chain are chained first, and a
/// line says so; so it does where the key is another one than the last line's.
pub(super) async fn append(tx: &mut Tx, line: &Line<'_>) -> Result<()> {
    let key = tx.key_place().key(tx).await?;
    let mut head = lock(tx).await?;
    chain_older(tx, &key, &mut head, line.at).await?;
    let used = key_of(&head.seal).to_owned();
    if head.count > 0 && used != key.name {
        let said = format!("{used} -> {}", key.name);
        put(tx, &key, &mut head, &told(Action::AuditKey, line.at, &said)).await?;
    }
    put(tx, &key, &mut head, line).await?;
    close(tx, &key, &head).await
}

/// Chains the lines that were written before there was a chain, if there are any.
pub async fn begin(tx: &mut Tx, now: i64) -> Result<()> {
    let key = tx.key_place().key(tx).await?;
    let mut head = lock(tx).await?;
    if chain_older(tx, &key, &mut head, now).await? {
        close(tx, &key, &head).await?;
    }
    Ok(())
}

/// Whether there are lines that no chain holds yet.
pub async fn is_unchained(tx: &mut Tx) -> Result<bool> {
    Ok(head(tx).await?.is_none() && tx.row(OLDER, args![i64::MIN]).await?.is_some())
}

async fn lock(tx: &mut Tx) -> Result<Head> {
    let row = tx.row(LOCK, args![]).await?;
    let none = || StoreError::BadTable { table: "audit_head", what: "its row is missing".into() };
    let row = row.ok_or_else(none)?;
    Ok(Head { count: row.get(0)?, seal: row.get(1)? })
}

/// A line of the program about the log itself.
fn told<'a>(did: Action, at: i64, said: &'a str) -> Line<'a> {
    Line { at, who: PROGRAM, address: None, did: did.word(), campaign: None, said }
}

async fn chain_older(tx: &mut Tx, key: &Key, head: &mut Head, now: i64) -> Result<bool> {
    if head.count > 0 {
        return Ok(false);
    }
    let mut last = i64::MIN;
    loop {
        let rows = tx.rows(OLDER, args![last]).await?;
        for row in &rows {
            let stored = Stored::read(row)?;
            let nr = head.count + 1;
            let seal = key.seal_line(&head.seal, nr, &stored.line());
            tx.run(SEAL_OLDER, args![stored.id, nr, &seal]).await?;
            *head = Head { count: nr, seal };
            last = stored.id;
        }
        if rows.is_empty() {
            break;
        }
    }
    if head.count == 0 {
        return Ok(false);
    }
    let said = head.count.to_string();
    put(tx, key, head, &told(Action::AuditChained, now, &said)).await?;
    Ok(true)
}

async fn put(tx: &mut Tx, key: &Key, head: &mut Head, line: &Line<'_>) -> Result<()> {
    let nr = head.count + 1;
    let seal = key.seal_line(&head.seal, nr, line);
    let Line { at, who, address, did, campaign, said } = *line;
    tx.run(INSERT, args![at, who, address, did, campaign, said, nr, &seal]).await?;
    *head = Head { count: nr, seal };
    Ok(())
}

async fn close(tx: &mut Tx, key: &Key, head: &Head) -> Result<()> {
    let proof = key.seal_head(head.count, &head.seal);
    tx.run(SET_HEAD, args![head.count, &head.seal, proof]).await?;
    Ok(())
}

/// A stored line.
struct Stored {
    id: i64,
    at: i64,
    who: String,
    address: Option<String>,
    did: String,
    campaign: Option<String>,
    said: String,
}

impl Stored {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            at: row.get(1)?,
            who: row.get(2)?,
            address: row.get(3)?,
            did: row.get(4)?,
            campaign: row.get(5)?,
            said: row.get(6)?,
        })
    }

    fn line(&self) -> Line<'_> {
        Line {
            at: self.at,
            who: &self.who,
            address: self.address.as_deref(),
            did: &self.did,
            campaign: self.campaign.as_deref(),
            said: &self.said,
        }
    }
}

/// What a check of the chain found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proved {
    /// Lines whose seal is right.
    pub right: u64,
    /// Lines sealed with a key that is not here, or not sealed yet.
    pub unproved: u64,
    /// What is wrong, a sentence each.
    pub wrong: Vec<String>,
}

impl Proved {
    fn fault(&mut self, said: String) {
        if self.wrong.len() < WRONG_MAX {
            self.wrong.push(said);
        } else if self.wrong.len() == WRONG_MAX {
            self.wrong.push("…".to_owned());
        }
    }
}

/// Follows the chain from its first line to its head.
pub async fn prove(tx: &mut Tx) -> Result<Proved> {
    let place = tx.key_place();
    let keys: Vec<Key> = place.known()?.into_iter().chain([of_installation(tx).await?]).collect();
    let key = |seal: &str| keys.iter().find(|key| key.name == key_of(seal)).cloned();
    let row = tx.row(HEAD, args![]).await?;
    let (count, last, proof): (i64, String, String) = match row {
        Some(row) => (row.get(0)?, row.get(1)?, row.get(2)?),
        None => (0, String::new(), String::new()),
    };
    let mut out = Proved::default();
    let (mut next, mut before) = (1, Some(String::new()));
    let mut rows = tx.stream(ALL, args![]);
    while let Some(row) = rows.try_next().await? {
        let stored = Stored::read(&row)?;
        let (nr, seal): (Option<i64>, Option<String>) = (row.get(7)?, row.get(8)?);
        let (Some(nr), Some(seal)) = (nr, seal) else {
            if count == 0 {
                out.unproved += 1;
            } else {
                out.fault(format!("the row with id {} was put in from outside", stored.id));
            }
            continue;
        };
        if nr < next {
            out.fault(format!("line {nr} stands in the wrong place"));
            before = None;
            continue;
        }
        if nr > next {
            let missing = span(next, nr - 1);
            out.fault(format!("{missing} missing"));
            before = None;
        }
        next = nr + 1;
        let before = before.replace(seal.clone());
        match (key(&seal), before) {
            (None, _) => out.unproved += 1,
            (Some(key), Some(before)) if key.seal_line(&before, nr, &stored.line()) != seal => {
                out.fault(format!("line {nr} was changed"));
            }
            // Without the seal before it, the lines that follow prove it.
            (Some(_), _) => out.right += 1,
        }
    }
    drop(rows);
    if count == 0 && out.unproved == 0 && place.known()?.is_some() {
        // The key is made with the first line.
        out.fault("every line is missing".to_owned());
    } else if next <= count {
        out.fault(format!("{} missing at the end", span(next, count)));
    } else if next > count + 1 || (count > 0 && before.is_some_and(|seal| seal != last)) {
        out.fault("the head does not belong to the last line".to_owned());
    }
    if count > 0
        && let Some(key) = key(&proof)
        && key.seal_head(count, &last) != proof
    {
        out.fault("the head was changed".to_owned());
    }
    Ok(out)
}

fn span(first: i64, last: i64) -> String {
    if first == last { format!("line {first} is") } else { format!("lines {first} to {last} are") }
}
