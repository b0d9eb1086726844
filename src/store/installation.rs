//! The installation: from where mail may be sent, and why it may not.

use super::{Result, Tx};
use crate::args;
use crate::domain::campaign::Language;
use crate::domain::hold::{EventKind, HoldReason};

/// The installation's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Id of this database, shared by all its copies.
    pub id: String,
    /// Machine and place from which mail may be sent; `None` in a copy that was not adopted.
    pub home: Option<String>,
    /// Counts the transactions that stored sent mail.
    pub generation: i64,
    /// The latest wall clock that a daemon has seen, milliseconds since 1970.
    pub seen_at: Option<i64>,
    /// Why nothing is sent.
    pub hold: Option<Hold>,
}

/// A hold on sending.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hold {
    /// The reason.
    pub why: HoldReason,
    /// Details: length of the pause or jump, the backup, or the operator's words.
    pub said: String,
    /// Since when, milliseconds since 1970.
    pub at: i64,
}

impl Hold {
    /// The hold in a sentence.
    pub fn words(&self, language: Language) -> String {
        let unit = |part: &str| crate::text::found(language, &format!("duration-{part}"));
        let spoken = |part: &str| unit(part).unwrap_or_else(|| part.to_owned());
        let said = match self.why {
            // How long: `3 h 20 min`.
            HoldReason::Gap | HoldReason::Clock => {
                self.said.split(' ').map(spoken).collect::<Vec<_>>().join(" ")
            }
            _ => self.said.clone(),
        };
        crate::text::say(language, &format!("hold-{}", self.why), &[("said", &said)])
    }

    /// The command that ends it.
    pub fn remedy(&self) -> &'static str {
        if self.why.is_copy() { "doseplan db adopt" } else { "doseplan job resume" }
    }
}

/// Something that happened to the installation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// What it was.
    pub kind: EventKind,
    /// In a sentence.
    pub said: String,
}

const GET: &str = "SELECT id, home, generation, seen_at, hold, hold_said, held_at \
     FROM installation WHERE one = 1 AND (home IS NULL OR home <> '')";
const SECRET: &str = "SELECT secret FROM installation WHERE one = 1";
const INSERT: &str = "INSERT INTO installation (one, id, secret, home, generation) \
     VALUES (1, $1, $2, $3, 0) \
     ON CONFLICT (one) DO UPDATE SET home = excluded.home WHERE installation.home = ''";
const ADOPT: &str = "UPDATE installation SET home = $1, hold = NULL, hold_said = NULL, \
     held_at = NULL WHERE one = 1";
const DISOWN: &str = "UPDATE installation SET home = NULL, hold = $1, hold_said = $2, \
     held_at = $3 WHERE one = 1";
const HOLD: &str = "UPDATE installation SET hold = $1, hold_said = $2, held_at = $3 \
     WHERE one = 1 AND hold IS NULL";
const RESUME: &str = "UPDATE installation SET hold = NULL, hold_said = NULL, held_at = NULL \
     WHERE one = 1 AND hold IS NOT NULL";
const SEEN: &str = "UPDATE installation SET seen_at = $1 WHERE one = 1";
const SENT: &str = "UPDATE installation SET generation = generation + 1 WHERE one = 1 \
     RETURNING generation";
const JUDGED: &str = "SELECT judged FROM installation WHERE one = 1";
const SET_JUDGED: &str = "UPDATE installation SET judged = $1 WHERE one = 1";
const NOTE: &str = "INSERT INTO event (at, kind, said) VALUES ($1, $2, $3)";
const EVENTS_OF: &str = "SELECT at, said FROM event WHERE kind = $1 ORDER BY id";
const EVENTS: &str = "SELECT at, kind, said FROM event ORDER BY id DESC LIMIT $1";

/// The installation's row; `None` before a daemon or command has made it.
pub async fn get(tx: &mut Tx) -> Result<Option<Installation>> {
    let Some(row) = tx.row(GET, args![]).await? else { return Ok(None) };
    let why: Option<HoldReason> = match row.get::<Option<String>>(4)? {
        Some(_) => Some(row.of("installation", &[0]).word(4)?),
        None => None,
    };
    let said: Option<String> = row.get(5)?;
    let at: Option<i64> = row.get(6)?;
    Ok(Some(Installation {
        id: row.get(0)?,
        home: row.get(1)?,
        generation: row.get(2)?,
        seen_at: row.get(3)?,
        hold: why.map(|why| Hold {
            why,
            said: said.unwrap_or_default(),
            at: at.unwrap_or_default(),
        }),
    }))
}

/// The secret that signs links in mails; [`Store::open`](super::Store::open) makes it.
pub async fn secret(tx: &mut Tx) -> Result<Option<Vec<u8>>> {
    tx.row(SECRET, args![]).await?.map(|row| row.get(0)).transpose()
}

/// Makes the row with a secret but without a home, so that mails can be signed before any is sent.
pub(super) async fn found(tx: &mut Tx) -> Result<()> {
    make(tx, "").await
}

/// Makes `home` the place that may send, unless the row has one already.
pub async fn make(tx: &mut Tx, home: &str) -> Result<()> {
    let secret = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    tx.run(INSERT, args![uuid::Uuid::new_v4().to_string(), secret, home]).await?;
    Ok(())
}

/// Makes this place the one that may send, and ends any hold.
pub async fn adopt(tx: &mut Tx, home: &str) -> Result<()> {
    tx.run(ADOPT, args![home]).await?;
    Ok(())
}

/// Takes away the right to send, as from a copy, until somebody adopts the database.
pub async fn disown(tx: &mut Tx, why: HoldReason, said: &str, now: i64) -> Result<()> {
    tx.run(DISOWN, args![why, said, now]).await?;
    Ok(())
}

/// Holds sending; `false` if it was held already, and the old reason stays.
pub async fn hold(tx: &mut Tx, why: HoldReason, said: &str, now: i64) -> Result<bool> {
    Ok(tx.run(HOLD, args![why, said, now]).await? == 1)
}

/// Ends a hold; `false` if there was none.
pub async fn resume(tx: &mut Tx) -> Result<bool> {
    Ok(tx.run(RESUME, args![]).await? == 1)
}

/// Stores the wall clock as a daemon saw it.
pub async fn seen(tx: &mut Tx, at: i64) -> Result<()> {
    tx.run(SEEN, args![at]).await?;
    Ok(())
}

/// The edition of the rules by which bounces were judged.
pub async fn judged(tx: &mut Tx) -> Result<i64> {
    tx.row(JUDGED, args![]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Stores the edition of the rules by which bounces are judged.
pub async fn set_judged(tx: &mut Tx, edition: i64) -> Result<()> {
    tx.run(SET_JUDGED, args![edition]).await?;
    Ok(())
}

/// Counts a transaction that stores sent mail; returns the new generation.
pub async fn sent(tx: &mut Tx) -> Result<i64> {
    match tx.row(SENT, args![]).await? {
        Some(row) => row.get(0),
        None => Ok(0),
    }
}

/// Stores an event of the installation.
pub async fn note(tx: &mut Tx, kind: EventKind, said: &str, now: i64) -> Result<()> {
    tx.run(NOTE, args![now, kind, said]).await?;
    Ok(())
}

/// The events of a kind, the oldest first: when, milliseconds since 1970, and what they say.
pub async fn events_of(tx: &mut Tx, kind: EventKind) -> Result<Vec<(i64, String)>> {
    let rows = tx.rows(EVENTS_OF, args![kind]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Events, newest first.
pub async fn events(tx: &mut Tx, limit: i64) -> Result<Vec<Event>> {
    let rows = tx.rows(EVENTS, args![limit]).await?;
    rows.iter()
        .map(|row| {
            let kind = row.of("event", &[0]).word(1)?;
            Ok(Event { at: row.get(0)?, kind, said: row.get(2)? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_pause_was_is_said_in_the_reader_s_language() {
        let hold = |why, said: &str| Hold { why, said: said.to_owned(), at: 0 };
        let gap = hold(HoldReason::Gap, "40 d 6 h");
        assert!(gap.words(Language::En).contains("40 d 6 h"));
        assert!(gap.words(Language::ZhCn).contains("40 天 6 小时"));
        // What a person wrote stays as it is.
        let asked = hold(HoldReason::Asked, "back in 2 h");
        assert!(asked.words(Language::ZhCn).contains("back in 2 h"));
    }
}
