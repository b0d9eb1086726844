//! Figures over whole tables, for monitors.

use super::audit::Author;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::hold::EventKind;
use crate::domain::job::{Job, RunState};

/// Rows of imported files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// Id of the campaign; empty where the file was of several.
    pub campaign: String,
    /// `doses`, `tallies`, `persons`, `outcomes`.
    pub kind: String,
    /// Records that were new.
    pub new: u64,
    /// Records that were known with the same values.
    pub same: u64,
    /// Records that were known with other values.
    pub corrected: u64,
    /// Rows refused.
    pub refused: u64,
}

const MIGRATION: &str =
    "SELECT CAST(MAX(version) AS BIGINT) FROM _sqlx_migrations WHERE success = TRUE";
// These read nothing but an index.
const RUNS: &str = "SELECT campaign.id, job, state, runs, of.no FROM \
     (SELECT campaign AS no, job, state, COUNT(*) AS runs FROM run \
     GROUP BY campaign, job, state) AS of JOIN campaign ON campaign.no = of.no \
     ORDER BY campaign.id, job, state";
const LAST_DONE: &str = "SELECT finished_at FROM run \
     WHERE campaign = $1 AND job = $2 AND state = 'done' ORDER BY due_at DESC LIMIT 1";
const IMPORTS: &str = "SELECT COALESCE(campaign.id, ''), kind, CAST(SUM(new) AS BIGINT), \
     CAST(SUM(same) AS BIGINT), CAST(SUM(corrected) AS BIGINT), CAST(SUM(refused) AS BIGINT) \
     FROM imported LEFT JOIN campaign ON campaign.no = imported.campaign \
     GROUP BY campaign.id, kind ORDER BY COALESCE(campaign.id, ''), kind";
const IS_TAKEN: &str = "SELECT id FROM imported WHERE kind = $1 AND at = $2 LIMIT 1";
const BEGIN_ENTRY: &str = "INSERT INTO imported (campaign, kind, at, who, address, new, same, \
     corrected, refused, name) VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, $6) \
     ON CONFLICT (campaign, kind, at) WHERE who IS NOT NULL DO NOTHING RETURNING id";
const END_ENTRY: &str = "UPDATE imported SET new = $2, same = $3, corrected = $4, refused = $5 \
     WHERE id = $1";
const AUTHOR: &str = "SELECT who, address FROM imported \
     WHERE kind = $1 AND at = $2 AND who IS NOT NULL ORDER BY id LIMIT 1";
const LAST_EVENT: &str = "SELECT said FROM event WHERE kind = $1 ORDER BY id DESC LIMIT 1";

/// The newest migration that the database has had.
pub async fn migration(tx: &mut Tx) -> Result<Option<i64>> {
    match tx.row(MIGRATION, args![]).await? {
        Some(row) => row.get(0),
        None => Ok(None),
    }
}

/// The newest migration that this program has; both databases have the same.
pub fn newest_migration() -> i64 {
    super::migrations::newest()
}

/// Runs of a job that are in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCount {
    /// Id of the campaign.
    pub campaign: String,
    /// The job.
    pub job: Job,
    /// The state.
    pub state: RunState,
    /// How many.
    pub count: u64,
    /// When the newest of them ended, where they are done; milliseconds since 1970.
    pub ended: Option<i64>,
}

/// Runs by campaign, job and state.
pub async fn runs(tx: &mut Tx) -> Result<Vec<RunCount>> {
    let mut out = Vec::new();
    for row in tx.rows(RUNS, args![]).await? {
        let known = row.of("run", &[0, 1]);
        let (job, state): (Job, RunState) = (known.word(1)?, known.word(2)?);
        let mut ended = None;
        if state == RunState::Done {
            let no: i64 = row.get(4)?;
            let last = tx.row(LAST_DONE, args![no, job]).await?;
            ended = last.map(|last| last.get(0)).transpose()?.flatten();
        }
        let count = row.count(3, "run")?;
        out.push(RunCount { campaign: row.get(0)?, job, state, count, ended });
    }
    Ok(out)
}

/// What was imported.
pub async fn imports(tx: &mut Tx) -> Result<Vec<Import>> {
    let rows = tx.rows(IMPORTS, args![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Import {
                campaign: row.get(0)?,
                kind: row.get(1)?,
                new: row.count(2, "imported")?,
                same: row.count(3, "imported")?,
                corrected: row.count(4, "imported")?,
                refused: row.count(5, "imported")?,
            })
        })
        .collect()
}

/// An entry of records: who took them in, and the instant that is theirs alone among entries of the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// When, milliseconds since 1970; records and what they replace have this time.
    pub at: i64,
}

/// Begins an entry at `now` or, where another entry of the kind has that instant, at the next free one. `campaign`:
/// `None` where the records say it themselves; `name`: the file's.
pub async fn begin_entry(
    tx: &mut Tx,
    campaign: Option<CampaignNo>,
    (kind, name): (&str, Option<&str>),
    by: &Author,
    now: i64,
) -> Result<Entry> {
    let (no, mut at) = (campaign.map(|campaign| campaign.0), now);
    loop {
        let (who, address) = (by.who.as_str(), by.address.as_deref());
        if tx.row(IS_TAKEN, args![kind, at]).await?.is_none()
            && let Some(row) = tx.row(BEGIN_ENTRY, args![no, kind, at, who, address, name]).await?
        {
            return Ok(Entry { id: row.get(0)?, at });
        }
        at += 1;
    }
}

/// Writes down what an entry came to: new, same, corrected, refused.
pub async fn end_entry(tx: &mut Tx, entry: Entry, rows: [u64; 4]) -> Result<()> {
    let [new, same, corrected, refused] = rows.map(u64::cast_signed);
    tx.run(END_ENTRY, args![entry.id, new, same, corrected, refused]).await?;
    Ok(())
}

/// Who recorded, or took out, what has this instant; `None` for what an older version recorded.
pub async fn author(tx: &mut Tx, kind: &str, at: i64) -> Result<Option<Author>> {
    let row = tx.row(AUTHOR, args![kind, at]).await?;
    row.map(|row| Ok(Author { who: row.get(0)?, address: row.get(1)? })).transpose()
}

/// What the newest event of a kind says.
pub async fn last_event(tx: &mut Tx, kind: EventKind) -> Result<Option<String>> {
    tx.row(LAST_EVENT, args![kind]).await?.map(|row| row.get(0)).transpose()
}
