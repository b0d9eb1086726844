//! Campaigns whose plan is to be repaired, because something became known that breaks it.

use super::{CampaignNo, Result, StoreError, Tx};
use crate::args;
use crate::domain::standing::Unrest;

const SET: &str = "INSERT INTO unrest (campaign, since, said) VALUES ($1, $2, $3) \
     ON CONFLICT (campaign) DO UPDATE SET said = excluded.said";
const FIND: &str = "SELECT said FROM unrest WHERE campaign = $1";
const CLEAR: &str = "DELETE FROM unrest WHERE campaign = $1";

/// Notes what breaks a campaign's plan, in place of what was noted before.
pub async fn set(tx: &mut Tx, campaign: CampaignNo, unrest: &Unrest, now: i64) -> Result<()> {
    let said = serde_json::to_string(unrest).expect("plain data becomes JSON");
    tx.run(SET, args![campaign, now, said]).await?;
    Ok(())
}

/// What breaks a campaign's plan; `None`: nothing that is known.
pub async fn find(tx: &mut Tx, campaign: CampaignNo) -> Result<Option<Unrest>> {
    let Some(row) = tx.row(FIND, args![campaign]).await? else { return Ok(None) };
    let said: String = row.get(0)?;
    let bad =
        |error: serde_json::Error| StoreError::bad("unrest", "said", campaign.0, error.to_string());
    serde_json::from_str(&said).map(Some).map_err(bad)
}

/// Notes that a campaign's plan is mended. `false`: nothing was noted.
pub async fn clear(tx: &mut Tx, campaign: CampaignNo) -> Result<bool> {
    Ok(tx.run(CLEAR, args![campaign]).await? > 0)
}
