//! Uploaded workbooks, and how often calendars' secret addresses were renewed.

use super::audit::Act;
use super::{CampaignNo, Result, Tx};
use crate::args;

const INSERT: &str = "INSERT INTO upload (id, account, made_at, name, content) \
     VALUES ($1, $2, $3, $4, $5)";
const FIND: &str = "SELECT name, content FROM upload WHERE id = $1 AND account = $2";
const REPLACE: &str = "UPDATE upload SET content = $3 WHERE id = $1 AND account = $2";
const DELETE: &str = "DELETE FROM upload WHERE id = $1 AND account = $2";
const OVER: &str = "DELETE FROM upload WHERE made_at < $1";
// Only an account's newest uploads are kept, so that uploading cannot fill the disk.
const TOO_MANY: &str = "DELETE FROM upload WHERE account = $1 AND id NOT IN \
     (SELECT id FROM upload WHERE account = $1 ORDER BY made_at DESC, id DESC LIMIT $2)";
const GENERATION: &str = "SELECT generation FROM feed WHERE campaign = $1 AND place = $2";
const RENEW: &str = "INSERT INTO feed (campaign, place, generation) VALUES ($1, $2, 1) \
     ON CONFLICT (campaign, place) DO UPDATE SET generation = feed.generation + 1";

/// Stores an upload. Of the account's uploads the newest `kept` stay; all that were made before `over` are deleted.
pub async fn insert(
    act: &mut Act,
    id: &str,
    account: i64,
    (name, content): (&str, Vec<u8>),
    now: i64,
    (over, kept): (i64, i64),
) -> Result<()> {
    let tx = act.tx();
    tx.run(INSERT, args![id, account, now, name, content]).await?;
    tx.run(OVER, args![over]).await?;
    tx.run(TOO_MANY, args![account, kept]).await?;
    Ok(())
}

/// The shown name and the bytes of an upload of an account.
pub async fn find(tx: &mut Tx, id: &str, account: i64) -> Result<Option<(String, Vec<u8>)>> {
    let row = tx.row(FIND, args![id, account]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Stores other bytes for an upload.
pub async fn replace(tx: &mut Tx, id: &str, account: i64, content: Vec<u8>) -> Result<()> {
    tx.run(REPLACE, args![id, account, content]).await?;
    Ok(())
}

/// Deletes an upload.
pub async fn delete(tx: &mut Tx, id: &str, account: i64) -> Result<()> {
    tx.run(DELETE, args![id, account]).await?;
    Ok(())
}

/// How often the secret address of a site's or team's calendar was renewed.
pub async fn generation(tx: &mut Tx, campaign: CampaignNo, code: &str) -> Result<i64> {
    let row = tx.row(GENERATION, args![campaign, code]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Renews the secret address of a calendar; the old one stops working.
pub async fn renew(act: &mut Act, campaign: CampaignNo, code: &str) -> Result<()> {
    act.tx().run(RENEW, args![campaign, code]).await?;
    Ok(())
}
