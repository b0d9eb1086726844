//! Runs: a row for each due time of each job, inserted in the transaction that moves the watermark.

use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::job::{Job, RunNote, RunState, SkipReason};

/// One due time of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// The campaign.
    pub campaign: CampaignNo,
    /// The job.
    pub job: Job,
    /// When it was due, milliseconds since 1970.
    pub due_at: i64,
    /// Its state.
    pub state: RunState,
    /// Why it was skipped or failed, or what it did.
    pub note: Option<RunNote>,
    /// How often it was tried.
    pub attempt: i64,
    /// Number of the newest claim; only that claim may store a result.
    pub fence: i64,
    /// When it began.
    pub started_at: Option<i64>,
    /// When it ended.
    pub finished_at: Option<i64>,
}

impl Run {
    /// Whether it may be run after all: it failed or was passed over.
    pub fn may_go_again(&self) -> bool {
        matches!(self.state, RunState::Failed | RunState::Skipped)
    }
}

const WATERMARK: &str = "SELECT at FROM watermark WHERE campaign = $1 AND job = $2";
const SET_WATERMARK: &str = "INSERT INTO watermark (campaign, job, at) VALUES ($1, $2, $3) \
     ON CONFLICT (campaign, job) DO UPDATE SET at = excluded.at WHERE watermark.at < excluded.at";
const INSERT: &str = "INSERT INTO run (campaign, job, due_at, state, reason, attempt, fence) \
     VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT (campaign, job, due_at) DO NOTHING";
// A campaign's jobs run one after the other even with several daemons: a digest tells of the plan made before it.
const READY: &str = "SELECT id, campaign, job, due_at, state, reason, attempt, fence, started_at, \
     finished_at FROM run WHERE (state = 'due' OR (state = 'running' AND lease_until < $1)) \
     AND NOT EXISTS (SELECT 1 FROM campaign c WHERE c.no = run.campaign \
     AND c.closed_at IS NOT NULL) \
     AND NOT EXISTS (SELECT 1 FROM run busy WHERE busy.campaign = run.campaign \
     AND busy.state = 'running' AND busy.lease_until >= $1) ORDER BY due_at, id LIMIT 1";
const CLAIM: &str = "UPDATE run SET state = 'running', owner = $2, fence = fence + 1, \
     attempt = attempt + 1, lease_until = $3, started_at = $4 \
     WHERE id = $1 AND fence = $5 AND (state = 'due' OR (state = 'running' AND lease_until < $6))";
const RENEW: &str = "UPDATE run SET lease_until = $3 WHERE id = $1 AND fence = $2 \
     AND state = 'running'";
const FINISH: &str = "UPDATE run SET state = $3, reason = $4, finished_at = $5, \
     lease_until = NULL, owner = NULL WHERE id = $1 AND fence = $2 AND state = 'running'";
const RELEASE: &str = "UPDATE run SET state = 'due', lease_until = NULL, owner = NULL \
     WHERE id = $1 AND fence = $2 AND state = 'running'";
const FIND: &str = "SELECT id, campaign, job, due_at, state, reason, attempt, fence, started_at, \
     finished_at FROM run WHERE campaign = $1 AND job = $2 AND due_at = $3";
const LIST: &str = "SELECT id, campaign, job, due_at, state, reason, attempt, fence, started_at, \
     finished_at FROM run WHERE campaign = $1 AND ($2 = '' OR job = $2) \
     ORDER BY due_at DESC, id DESC LIMIT $3";
const LAST: &str = "SELECT id, campaign, job, due_at, state, reason, attempt, fence, started_at, \
     finished_at FROM run WHERE campaign = $1 AND job = $2 AND state = $3 \
     ORDER BY due_at DESC LIMIT 1";

const BY_ID: &str = "SELECT id, campaign, job, due_at, state, reason, attempt, fence, started_at, \
     finished_at FROM run WHERE campaign = $1 AND id = $2";
const OPEN: &str = "SELECT COUNT(*) FROM run WHERE campaign = $1 AND job = $2 \
     AND state IN ('due', 'running')";
const AGAIN: &str = "UPDATE run SET state = 'due', reason = NULL, attempt = 0, fence = fence + 1, \
     owner = NULL, lease_until = NULL WHERE id = $1 AND state IN ('failed', 'skipped')";
const BACKFILLED: &str = "UPDATE run SET state = 'done', reason = $4, attempt = attempt + 1, \
     fence = fence + 1, started_at = $5, finished_at = $5, owner = NULL, lease_until = NULL \
     WHERE campaign = $1 AND job = $2 AND due_at = $3 AND state <> 'running'";

fn run(row: &Row) -> Result<Run> {
    let known = row.of("run", &[0]);
    Ok(Run {
        id: row.get(0)?,
        campaign: CampaignNo(row.get(1)?),
        job: known.word(2)?,
        due_at: row.get(3)?,
        state: known.word(4)?,
        note: row.get::<Option<String>>(5)?.map(|text| RunNote::read(&text)),
        attempt: row.get(6)?,
        fence: row.get(7)?,
        started_at: row.get(8)?,
        finished_at: row.get(9)?,
    })
}

/// The instant up to which a job's due times have rows; `None` before the first tick.
pub async fn watermark(tx: &mut Tx, campaign: CampaignNo, job: Job) -> Result<Option<i64>> {
    let row = tx.row(WATERMARK, args![campaign, job]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Moves a job's watermark forward, never back.
pub async fn set_watermark(tx: &mut Tx, campaign: CampaignNo, job: Job, at: i64) -> Result<()> {
    tx.run(SET_WATERMARK, args![campaign, job, at]).await?;
    Ok(())
}

/// Makes the row of a due time: due, or passed over for a reason; `false` where there is one.
pub async fn insert(
    tx: &mut Tx,
    campaign: CampaignNo,
    job: Job,
    due_at: i64,
    skip: Option<SkipReason>,
) -> Result<bool> {
    let state = if skip.is_some() { RunState::Skipped } else { RunState::Due };
    let reason = skip.map(SkipReason::word);
    Ok(tx.run(INSERT, args![campaign, job, due_at, state, reason]).await? == 1)
}

/// The oldest run that can be claimed: due, or running under a lease that has ended by the `clock` of leases.
pub async fn ready(tx: &mut Tx, clock: i64) -> Result<Option<Run>> {
    tx.row(READY, args![clock]).await?.as_ref().map(run).transpose()
}

/// Claims a run; returns the new fence, or `None` if another daemon was faster.
pub async fn claim(
    tx: &mut Tx,
    run: &Run,
    owner: &str,
    (clock, lease_until): (i64, i64),
    now: i64,
) -> Result<Option<i64>> {
    let values = args![run.id, owner, lease_until, now, run.fence, clock];
    let changed = tx.run(CLAIM, values).await?;
    Ok((changed == 1).then_some(run.fence + 1))
}

/// Renews a lease; `false` if another daemon has taken the run over.
pub async fn renew(tx: &mut Tx, id: i64, fence: i64, lease_until: i64) -> Result<bool> {
    Ok(tx.run(RENEW, args![id, fence, lease_until]).await? == 1)
}

/// Stores how a run ended; `false` if another daemon has taken it over.
pub async fn finish(
    tx: &mut Tx,
    id: i64,
    fence: i64,
    (state, note): (RunState, &RunNote),
    now: i64,
) -> Result<bool> {
    Ok(tx.run(FINISH, args![id, fence, state, note.stored(), now]).await? == 1)
}

/// Gives a claimed run back, as at shutdown.
pub async fn release(tx: &mut Tx, id: i64, fence: i64) -> Result<()> {
    tx.run(RELEASE, args![id, fence]).await?;
    Ok(())
}

const DAEMON_SEEN: &str = "INSERT INTO daemon (owner, version, started_at, seen_at) \
     VALUES ($1, $2, $3, $3) ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at";
const DAEMON_GONE: &str = "DELETE FROM daemon WHERE owner = $1 OR seen_at < $2";
const DAEMONS: &str = "SELECT COUNT(*) FROM daemon WHERE seen_at > $1";

/// Stores a sign of life of a daemon, by the clock of leases.
pub async fn daemon_seen(tx: &mut Tx, owner: &str, clock: i64) -> Result<()> {
    tx.run(DAEMON_SEEN, args![owner, env!("CARGO_PKG_VERSION"), clock]).await?;
    Ok(())
}

/// Deletes a daemon that ends, and all that gave no sign of life since `before`.
pub async fn daemon_gone(tx: &mut Tx, owner: &str, before: i64) -> Result<()> {
    tx.run(DAEMON_GONE, args![owner, before]).await?;
    Ok(())
}

/// How many daemons gave a sign of life since an instant, by the clock of leases.
pub async fn daemons(tx: &mut Tx, since: i64) -> Result<u64> {
    match tx.row(DAEMONS, args![since]).await? {
        Some(row) => row.count(0, "daemon"),
        None => Ok(0),
    }
}

/// The run of a due time.
pub async fn find(tx: &mut Tx, campaign: CampaignNo, job: Job, due_at: i64) -> Result<Option<Run>> {
    tx.row(FIND, args![campaign, job, due_at]).await?.as_ref().map(run).transpose()
}

/// The newest runs, of one job or of all.
pub async fn list(
    tx: &mut Tx,
    campaign: CampaignNo,
    job: Option<Job>,
    limit: i64,
) -> Result<Vec<Run>> {
    let job = job.map_or("", Job::word);
    tx.rows(LIST, args![campaign, job, limit]).await?.iter().map(run).collect()
}

/// The newest run of a job in a state.
pub async fn last(
    tx: &mut Tx,
    campaign: CampaignNo,
    job: Job,
    state: RunState,
) -> Result<Option<Run>> {
    tx.row(LAST, args![campaign, job, state]).await?.as_ref().map(run).transpose()
}

/// Stores what an occurrence did that was run by hand; its row is made if there is none.
pub async fn backfilled(
    tx: &mut Tx,
    campaign: CampaignNo,
    job: Job,
    due_at: i64,
    note: &RunNote,
    now: i64,
) -> Result<()> {
    tx.run(INSERT, args![campaign, job, due_at, RunState::Skipped, None::<&str>]).await?;
    tx.run(BACKFILLED, args![campaign, job, due_at, note.stored(), now]).await?;
    Ok(())
}

/// A run of a campaign by its number.
pub async fn by_id(tx: &mut Tx, campaign: CampaignNo, id: i64) -> Result<Option<Run>> {
    tx.row(BY_ID, args![campaign, id]).await?.as_ref().map(run).transpose()
}

/// Whether a run of a job waits or works.
pub async fn is_open(tx: &mut Tx, campaign: CampaignNo, job: Job) -> Result<bool> {
    match tx.row(OPEN, args![campaign, job]).await? {
        Some(row) => Ok(row.count(0, "run")? > 0),
        None => Ok(false),
    }
}

/// Lets a run that failed or was passed over wait to be claimed again.
pub async fn again(tx: &mut Tx, id: i64) -> Result<()> {
    tx.run(AGAIN, args![id]).await?;
    Ok(())
}
