//! Seals the lines of the audit log, so that a line which was removed, changed or moved shows.
//!
//! A **seal** is a keyed hash (HMAC-SHA-256) over a line, its place in the chain and the seal before it. The **head**
//! is the number of lines and the last seal; it is sealed too, so that lines missing at the end show. Where the key
//! is: `audit_key`.

use super::audit_key::Key;
use super::audit_line::Line;
use super::db::Row;
use super::{Result, StoreError, Tx, installation};
use crate::args;
use crate::domain::audit::Action;
use futures_util::TryStreamExt as _;

/// Faults that a check names; the others are counted.
const WRONG_MAX: usize = 20;
/// Who wrote the lines that the program writes about the log itself. No account can have this name.
const PROGRAM: &str = "(doseplan)";
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

/// The name of the key that a seal was made with.
fn key_of(seal: &str) -> &str {
    seal.split_once(':').map_or("", |(name, _)| name)
}

fn seal_line(key: &Key, before: &str, nr: i64, line: &Line<'_>) -> String {
    let (nr, at) = (nr.to_string(), line.at.to_string());
    let parts = [
        Some("line"),
        Some(before),
        Some(nr.as_str()),
        Some(at.as_str()),
        Some(line.who),
        line.address,
        Some(line.did),
        line.campaign,
        Some(line.said),
    ];
    key.seal(&parts.map(|part| part.map(str::as_bytes)))
}

fn seal_head(key: &Key, count: i64, seal: &str) -> String {
    let count = count.to_string();
    key.seal(&[Some(b"head"), Some(count.as_bytes()), Some(seal.as_bytes())])
}

/// The key to seal with; a file that is not there is made.
pub(super) async fn key_for(tx: &mut Tx) -> Result<Key> {
    let place = tx.key_place();
    let Some(file) = place.file() else { return of_installation(tx).await };
    if let Some(key) = place.known()? {
        return Ok(key);
    }
    place.make()?;
    let absent = || StoreError::AuditKey(file.to_owned(), std::io::ErrorKind::NotFound.into());
    place.known()?.ok_or_else(absent)
}

/// The key to seal with, if it is there.
pub(super) async fn known_key(tx: &mut Tx) -> Result<Option<Key>> {
    let place = tx.key_place();
    match place.file() {
        Some(_) => place.known(),
        None => of_installation(tx).await.map(Some),
    }
}

async fn of_installation(tx: &mut Tx) -> Result<Key> {
    let secret = installation::secret(tx).await?.unwrap_or_default();
    Ok(Key::of_secret(&secret))
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

/// Writes lines at the end of the chain. Lines that were written before there was a chain are chained first, and a
/// line says so; so it does where the key is another one than the last line's.
pub(super) async fn append(tx: &mut Tx, lines: &[Line<'_>]) -> Result<()> {
    let Some(first) = lines.first() else { return Ok(()) };
    let key = key_for(tx).await?;
    let mut head = lock(tx).await?;
    chain_older(tx, &key, &mut head, first.at).await?;
    let used = key_of(&head.seal).to_owned();
    if head.count > 0 && used != key.name {
        let said = format!("{used} -> {}", key.name);
        put(tx, &key, &mut head, &told(Action::AuditKey, first.at, &said)).await?;
    }
    for line in lines {
        put(tx, &key, &mut head, line).await?;
    }
    close(tx, &key, &head).await
}

/// Chains the lines that were written before there was a chain, if there are any.
pub async fn begin(tx: &mut Tx, now: i64) -> Result<()> {
    let key = key_for(tx).await?;
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
fn told(did: Action, at: i64, said: &str) -> Line<'_> {
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
            let seal = seal_line(key, &head.seal, nr, &stored.line());
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
    let seal = seal_line(key, &head.seal, nr, line);
    let Line { at, who, address, did, campaign, said } = *line;
    tx.run(INSERT, args![at, who, address, did, campaign, said, nr, &seal]).await?;
    *head = Head { count: nr, seal };
    Ok(())
}

async fn close(tx: &mut Tx, key: &Key, head: &Head) -> Result<()> {
    let proof = seal_head(key, head.count, &head.seal);
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

/// What a line follows.
struct Before {
    /// The seal before it; `None` where a line is missing.
    seal: Option<String>,
    /// Whether the line before it was sealed with another key, and with which.
    foreign: Option<String>,
}

/// Follows the chain from its first line to its head. Only the key of this place proves a line: lines of another one
/// are counted, as long as a line of ours says that they were there before.
pub async fn prove(tx: &mut Tx) -> Result<Proved> {
    let place = tx.key_place();
    let key = known_key(tx).await?;
    let row = tx.row(HEAD, args![]).await?;
    let (count, last, proof): (i64, String, String) = match row {
        Some(row) => (row.get(0)?, row.get(1)?, row.get(2)?),
        None => (0, String::new(), String::new()),
    };
    let mut out = Proved::default();
    let mut next = 1;
    let mut before = Before { seal: Some(String::new()), foreign: None };
    let mut rows = tx.stream(ALL, args![]);
    while let Some(row) = rows.try_next().await? {
        let stored = Stored::read(&row)?;
        let (nr, seal): (Option<i64>, Option<String>) = (row.get(7)?, row.get(8)?);
        match (nr, seal) {
            (Some(nr), Some(seal)) => {
                if nr < next {
                    out.fault(format!("line {nr} stands in the wrong place"));
                    before.seal = None;
                    continue;
                }
                if nr > next {
                    out.fault(format!("{} missing", span(next, nr - 1)));
                    before.seal = None;
                }
                next = nr + 1;
                out.line(key.as_ref(), &before, (nr, &stored, &seal));
                let is_own = key.as_ref().is_some_and(|key| key.name == key_of(&seal));
                let foreign = (!is_own).then(|| key_of(&seal).to_owned());
                before = Before { seal: Some(seal), foreign };
            }
            _ if count == 0 => out.unproved += 1,
            _ => out.fault(format!("the row with id {} was put in from outside", stored.id)),
        }
    }
    drop(rows);
    if count == 0 && out.unproved == 0 && place.known()?.is_some() {
        // The key is made with the first line.
        out.fault("every line is missing".to_owned());
    } else if next <= count {
        out.fault(format!("{} missing at the end", span(next, count)));
    } else if next > count + 1 || (count > 0 && before.seal.is_some_and(|seal| seal != last)) {
        out.fault("the head does not belong to the last line".to_owned());
    }
    if let Some(key) = key.filter(|_| count > 0) {
        if before.foreign.is_some() {
            out.fault("the last lines are sealed with a key that is not this place's".to_owned());
        } else if seal_head(&key, count, &last) != proof {
            out.fault("the head was changed".to_owned());
        }
    }
    Ok(out)
}

impl Proved {
    /// Holds a line against its seal and what it follows.
    fn line(&mut self, key: Option<&Key>, before: &Before, of: (i64, &Stored, &str)) {
        let (nr, stored, seal) = of;
        let Some(key) = key.filter(|key| key.name == key_of(seal)) else {
            self.unproved += 1;
            return;
        };
        let line = stored.line();
        // Where the line before is missing, that has been said already.
        if before.seal.as_ref().is_some_and(|before| seal_line(key, before, nr, &line) != seal) {
            self.fault(format!("line {nr} was changed"));
        } else if let Some(other) = &before.foreign
            && !(line.did == Action::AuditKey.word() && line.said.starts_with(other.as_str()))
        {
            self.fault(format!("line {nr} follows lines of another key and does not say so"));
        } else {
            self.right += 1;
        }
    }
}

fn span(first: i64, last: i64) -> String {
    if first == last { format!("line {first} is") } else { format!("lines {first} to {last} are") }
}
