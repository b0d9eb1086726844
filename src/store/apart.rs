//! Rows of the time when every campaign had a register of its own that could not become one with another row.

use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::words::words;

words! {
    /// What became of a row that was kept apart.
    pub enum State {
        /// It contradicts the register: somebody must decide.
        Open = "open",
        /// It says the same, or is no longer known.
        Same = "same",
        /// It got a code of its own.
        Renamed = "renamed",
        /// The register was right.
        Kept = "kept",
        /// The row was right.
        Taken = "taken",
        /// They are two people.
        Split = "split",
    }
}

/// A row that was kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// Its number.
    pub id: i64,
    /// `person`, `dose`, `outcome`, `tally`.
    pub kind: String,
    /// The campaign whose row it was.
    pub campaign: CampaignNo,
    /// The code that it had.
    pub code: String,
    /// The code under which it stands now, where it stands.
    pub now_code: Option<String>,
    /// The row in JSON.
    pub content: String,
    /// When it was recorded, milliseconds since 1970.
    pub recorded_at: i64,
    /// What became of it.
    pub state: State,
    /// Whether that is settled.
    pub is_decided: bool,
}

const LIST: &str = "SELECT id, kind, campaign, code, now_code, content, recorded_at, state, \
     decided_at FROM apart WHERE superseded_at IS NULL ORDER BY kind, code, id";
const OF_CODE: &str = "SELECT id, kind, campaign, code, now_code, content, recorded_at, state, \
     decided_at FROM apart WHERE code = $1 AND superseded_at IS NULL ORDER BY id";
const OPEN: &str = "SELECT code FROM apart WHERE state = 'open' ORDER BY code";
const DECIDE: &str = "UPDATE apart SET state = $2, decided_at = $3, now_code = $4 WHERE id = $1";
const FORGET: &str = "UPDATE apart SET content = '{}' WHERE kind = 'person' AND code = $1";

fn apart(row: &Row) -> Result<Apart> {
    let row = row.of("apart", &[0]);
    Ok(Apart {
        id: row.get(0)?,
        kind: row.get(1)?,
        campaign: CampaignNo(row.get(2)?),
        code: row.get(3)?,
        now_code: row.get(4)?,
        content: row.get(5)?,
        recorded_at: row.get(6)?,
        state: row.word(7)?,
        is_decided: row.get::<Option<i64>>(8)?.is_some(),
    })
}

/// All that were known, by kind and code.
pub async fn list(tx: &mut Tx) -> Result<Vec<Apart>> {
    tx.rows(LIST, args![]).await?.iter().map(apart).collect()
}

/// Those of a code.
pub async fn of_code(tx: &mut Tx, code: &str) -> Result<Vec<Apart>> {
    tx.rows(OF_CODE, args![code]).await?.iter().map(apart).collect()
}

/// The codes that somebody must decide about.
pub async fn open(tx: &mut Tx) -> Result<Vec<String>> {
    let rows = tx.rows(OPEN, args![]).await?;
    rows.iter().map(|row| row.of("apart", &[0]).get(0)).collect()
}

/// Writes down what became of a row, and the code under which it stands. `now`: milliseconds since 1970.
pub async fn decide(
    tx: &mut Tx,
    id: i64,
    (state, code): (State, Option<&str>),
    now: i64,
) -> Result<()> {
    tx.run(DECIDE, args![id, state, now, code]).await?;
    Ok(())
}

/// Forgets what the rows of a person said.
pub async fn forget(tx: &mut Tx, person: &str) -> Result<()> {
    tx.run(FORGET, args![person]).await?;
    Ok(())
}
