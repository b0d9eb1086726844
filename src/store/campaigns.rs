//! Campaigns: every version that was ever applied. It holds what the campaign's folder said.

use super::audit::Act;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::campaign::Campaign;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::LocalCampaign;

/// A version of a campaign as it was applied.
#[derive(Debug, Clone)]
pub struct Version {
    /// Counted from 1.
    pub version: i64,
    /// When it was applied, milliseconds since 1970.
    pub applied_at: i64,
    /// What it said.
    pub own: LocalCampaign,
}

const NO: &str = "SELECT no FROM campaign WHERE id = $1";
const ALL: &str = "SELECT no, id FROM campaign ORDER BY id";
const HEADS: &str = "SELECT c.no, c.id, c.closed_at, COALESCE(MAX(v.version), 1), \
     (SELECT COALESCE(MAX(version), 1) FROM jurisdiction_version), c.created_at FROM campaign c \
     LEFT JOIN campaign_version v ON v.campaign = c.no \
     GROUP BY c.no, c.id, c.closed_at, c.created_at ORDER BY c.id";
const CLOSE: &str = "UPDATE campaign SET closed_at = $2 WHERE no = $1";
const UNSETTLED: &str = "SELECT campaign FROM unsettled ORDER BY campaign";
const SETTLED: &str = "DELETE FROM unsettled WHERE campaign = $1";
const UNSETTLE: &str = "INSERT INTO unsettled (campaign) SELECT no FROM campaign WHERE true \
     ON CONFLICT (campaign) DO NOTHING";
/// Counts what a campaign's facts are: while there are any, it cannot be removed. People who were told of days of its
/// plan know of it, also where they have no appointment any more.
const FACTS: &str = "SELECT (SELECT COUNT(*) FROM dose WHERE campaign = $1) \
     + (SELECT COUNT(*) FROM dose_past WHERE campaign = $1) \
     + (SELECT COUNT(*) FROM tally WHERE campaign = $1) \
     + (SELECT COUNT(*) FROM tally_past WHERE campaign = $1) \
     + (SELECT COUNT(*) FROM doubtful WHERE campaign = $1) \
     + (SELECT COUNT(*) FROM outcome WHERE campaign = $1) \
     + (SELECT COUNT(*) FROM outcome_past WHERE campaign = $1), \
     (SELECT COUNT(*) FROM assignment WHERE campaign = $1), \
     (SELECT COUNT(DISTINCT r.outbox) FROM reminder r JOIN outbox o ON o.id = r.outbox \
      WHERE r.campaign = $1 AND o.state IN ('sending', 'sent', 'in_doubt')) \
     + (SELECT COUNT(DISTINCT b.outbox) FROM briefing b JOIN outbox o ON o.id = b.outbox \
      WHERE b.campaign = $1 AND o.state IN ('sending', 'sent', 'in_doubt')), \
     (SELECT COUNT(*) FROM consent WHERE campaign = $1), \
     (SELECT COUNT(*) FROM phone_call WHERE campaign = $1 AND undone_at IS NULL)";
/// Takes a campaign out of every table, the tables that others refer to last. Mails stay, as nobody's.
const REMOVE: &[&str] = &[
    "UPDATE outbox SET state = 'expired', fence = fence + 1 \
     WHERE campaign = $1 AND state = 'queued'",
    "UPDATE outbox SET campaign = NULL WHERE campaign = $1",
    "DELETE FROM reminder WHERE campaign = $1",
    "DELETE FROM briefing WHERE campaign = $1",
    "DELETE FROM spending WHERE campaign = $1",
    "DELETE FROM unrest WHERE campaign = $1",
    "DELETE FROM booking_link WHERE campaign = $1",
    "DELETE FROM phone_call WHERE campaign = $1",
    "DELETE FROM home_call WHERE EXISTS (SELECT 1 FROM home_round r WHERE r.day = home_call.day \
     AND r.team = home_call.team AND r.campaign = $1)",
    "DELETE FROM home_round WHERE campaign = $1",
    "DELETE FROM waiting WHERE campaign = $1",
    "DELETE FROM consent WHERE campaign = $1",
    "DELETE FROM consent_past WHERE campaign = $1",
    "DELETE FROM printed WHERE campaign = $1",
    "DELETE FROM seat_lock WHERE campaign = $1",
    "DELETE FROM plan_lock WHERE campaign = $1",
    "DELETE FROM assignment WHERE campaign = $1",
    "DELETE FROM assignment_past WHERE campaign = $1",
    "DELETE FROM cell WHERE campaign = $1",
    "DELETE FROM total WHERE campaign = $1",
    "DELETE FROM counted_day WHERE campaign = $1",
    "DELETE FROM plan WHERE campaign = $1",
    "DELETE FROM run WHERE campaign = $1",
    "DELETE FROM watermark WHERE campaign = $1",
    "DELETE FROM feed WHERE campaign = $1",
    "DELETE FROM imported WHERE campaign = $1",
    "DELETE FROM unsettled WHERE campaign = $1",
    "DELETE FROM doubtful WHERE campaign = $1",
    "DELETE FROM apart WHERE campaign = $1",
    "DELETE FROM campaign_version WHERE campaign = $1",
    "DELETE FROM campaign WHERE no = $1",
];
const PASS_OVER: &str = "UPDATE run SET state = 'skipped', reason = 'missed_window' \
     WHERE campaign = $1 AND state = 'due'";
const FORGET_MARKS: &str = "DELETE FROM watermark WHERE campaign = $1";
const UNSETTLE_ONE: &str = "INSERT INTO unsettled (campaign) VALUES ($1) \
     ON CONFLICT (campaign) DO NOTHING";
const INSERT: &str = "INSERT INTO campaign (id, created_at) VALUES ($1, $2) RETURNING no";
const VERSIONS: &str = "SELECT version, applied_at, content FROM campaign_version \
     WHERE campaign = $1 ORDER BY version";
const NEWEST_VERSIONS: &str = "SELECT version, applied_at, content FROM campaign_version \
     WHERE campaign = $1 ORDER BY version DESC LIMIT $2";
const VERSION_AT: &str = "SELECT version, applied_at, content FROM campaign_version \
     WHERE campaign = $1 AND applied_at < $2 ORDER BY version DESC LIMIT 1";
const NUMBER_AT: &str = "SELECT COALESCE(MAX(version), 1) FROM campaign_version \
     WHERE campaign = $1 AND applied_at < $2";
const VERSION_FIRST: &str = "SELECT version, applied_at, content FROM campaign_version \
     WHERE campaign = $1 ORDER BY version LIMIT 1";
const INSERT_VERSION: &str = "INSERT INTO campaign_version (campaign, version, applied_at, \
     content) SELECT $1, COALESCE(MAX(version), 0) + 1, $2, $3 FROM campaign_version \
     WHERE campaign = $1";

/// The row number of a campaign.
pub async fn number(tx: &mut Tx, id: &CampaignId) -> Result<Option<CampaignNo>> {
    let row = tx.row(NO, args![id.as_str()]).await?;
    row.map(|row| row.get(0).map(CampaignNo)).transpose()
}

/// All campaigns, by id.
pub async fn all(tx: &mut Tx) -> Result<Vec<(CampaignNo, CampaignId)>> {
    let rows = tx.rows(ALL, args![]).await?;
    rows.iter()
        .map(|row| Ok((CampaignNo(row.get(0)?), CampaignId::new(row.get::<String>(1)?))))
        .collect()
}

/// A campaign and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its row.
    pub no: CampaignNo,
    /// Its id.
    pub id: CampaignId,
    /// When it was closed, milliseconds since 1970; `None` while it is open.
    pub closed_at: Option<i64>,
    /// Its newest version.
    pub version: i64,
    /// The newest version of the jurisdiction's places.
    pub places: i64,
    /// When it was first stored, milliseconds since 1970. SQLite gives the number of a campaign that was removed again:
    /// by this they differ.
    pub created_at: i64,
}

/// All campaigns with their newest versions, by id.
pub async fn heads(tx: &mut Tx) -> Result<Vec<Head>> {
    let head = |row: &super::db::Row| {
        Ok(Head {
            no: CampaignNo(row.get(0)?),
            id: CampaignId::new(row.get::<String>(1)?),
            closed_at: row.get(2)?,
            version: row.get(3)?,
            places: row.get(4)?,
            created_at: row.get(5)?,
        })
    };
    tx.rows(HEADS, args![]).await?.iter().map(head).collect()
}

/// Closes a campaign: what its jobs have still to do is passed over. `now`: milliseconds since 1970.
pub async fn close(act: &mut Act, no: CampaignNo, now: i64) -> Result<()> {
    act.tx().run(CLOSE, args![no, now]).await?;
    act.tx().run(PASS_OVER, args![no]).await?;
    Ok(())
}

/// Opens a closed campaign again. What was due meanwhile is not made up for.
pub async fn reopen(act: &mut Act, no: CampaignNo) -> Result<()> {
    act.tx().run(CLOSE, args![no, None::<i64>]).await?;
    act.tx().run(FORGET_MARKS, args![no]).await?;
    Ok(())
}

/// What keeps a campaign from being removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CampaignFacts {
    /// Doses, tallies and outcomes, now or before, and counts that wait to be confirmed.
    pub records: u64,
    /// Appointments that stand.
    pub appointments: u64,
    /// Messages that told people or leads of days of its plan.
    pub messages: u64,
    /// Answers of guardians.
    pub consents: u64,
    /// Telephone calls.
    pub calls: u64,
}

/// The facts of a campaign.
pub async fn facts(tx: &mut Tx, no: CampaignNo) -> Result<CampaignFacts> {
    let row = tx.row(FACTS, args![no]).await?;
    let row = row.expect("sums have a row");
    let count = |at| row.count(at, "campaign");
    Ok(CampaignFacts {
        records: count(0)?,
        appointments: count(1)?,
        messages: count(2)?,
        consents: count(3)?,
        calls: count(4)?,
    })
}

/// Removes a campaign with all that belongs to it alone.
pub async fn remove(act: &mut Act, no: CampaignNo) -> Result<()> {
    for statement in REMOVE {
        act.tx().run(statement, args![no]).await?;
    }
    Ok(())
}

/// Campaigns whose cells must be counted again before they are used.
pub async fn unsettled(tx: &mut Tx) -> Result<Vec<CampaignNo>> {
    let rows = tx.rows(UNSETTLED, args![]).await?;
    rows.iter().map(|row| row.get(0).map(CampaignNo)).collect()
}

/// Notes that a campaign's cells were counted again.
pub async fn settled(tx: &mut Tx, no: CampaignNo) -> Result<()> {
    tx.run(SETTLED, args![no]).await?;
    Ok(())
}

/// Notes that the cells of all campaigns must be counted again.
pub async fn unsettle(tx: &mut Tx) -> Result<()> {
    tx.run(UNSETTLE, args![]).await?;
    Ok(())
}

/// Notes that the cells of one campaign must be counted again.
pub async fn unsettle_one(tx: &mut Tx, no: CampaignNo) -> Result<()> {
    tx.run(UNSETTLE_ONE, args![no]).await?;
    Ok(())
}

/// Makes a campaign's row.
pub async fn insert(tx: &mut Tx, id: &CampaignId, now: i64) -> Result<CampaignNo> {
    let row = tx.row(INSERT, args![id.as_str(), now]).await?;
    row.expect("an insert returns its row").get(0).map(CampaignNo)
}

/// Stores a new version.
pub async fn insert_version(
    act: &mut Act,
    no: CampaignNo,
    own: &LocalCampaign,
    now: i64,
) -> Result<()> {
    let content = serde_json::to_string(own).expect("a campaign is plain data");
    act.tx().run(INSERT_VERSION, args![no, now, content]).await?;
    Ok(())
}

/// Every version, oldest first.
pub async fn versions(tx: &mut Tx, no: CampaignNo) -> Result<Vec<Version>> {
    tx.rows(VERSIONS, args![no]).await?.iter().map(version).collect()
}

/// The newest versions, at most so many, oldest first.
pub async fn newest_versions(tx: &mut Tx, no: CampaignNo, most: i64) -> Result<Vec<Version>> {
    tx.rows(NEWEST_VERSIONS, args![no, most]).await?.iter().rev().map(version).collect()
}

/// The number of the version that was known before an instant; 1 where there was none yet.
pub async fn number_known(tx: &mut Tx, no: CampaignNo, before: i64) -> Result<i64> {
    match tx.row(NUMBER_AT, args![no, before]).await? {
        Some(row) => row.get(0),
        None => Ok(1),
    }
}

/// The version that was known before an instant (milliseconds since 1970); the first one where there was none yet.
pub async fn known(tx: &mut Tx, no: CampaignNo, before: i64) -> Result<Option<Version>> {
    let mut row = tx.row(VERSION_AT, args![no, before]).await?;
    if row.is_none() {
        row = tx.row(VERSION_FIRST, args![no]).await?;
    }
    row.as_ref().map(version).transpose()
}

fn version(row: &super::db::Row) -> Result<Version> {
    let content: String = row.get(2)?;
    let own = own(&content)
        .map_err(|error| row.of("campaign_version", &[0]).bad(2, error.to_string()))?;
    Ok(Version { version: row.get(0)?, applied_at: row.get(1)?, own })
}

/// How the content of a version begins since it is a campaign's own part; before it was the campaign, whole.
const OWN_PART: &str = "{\"campaign\":";

fn own(content: &str) -> serde_json::Result<LocalCampaign> {
    if content.starts_with(OWN_PART) {
        return serde_json::from_str(content);
    }
    serde_json::from_str::<Campaign>(content).map(|campaign| LocalCampaign::whole(&campaign))
}
