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
const INSERT: &str = "INSERT INTO campaign (id, created_at) VALUES ($1, $2) RETURNING no";
const VERSIONS: &str = "SELECT version, applied_at, content FROM campaign_version \
     WHERE campaign = $1 ORDER BY version";
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
