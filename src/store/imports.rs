//! Imported files, in numbers.

use super::{CampaignNo, Result, Tx};
use crate::args;

/// A file that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its number.
    pub id: i64,
    /// The campaign that it was imported under; `None` where its rows say so themselves.
    pub campaign: Option<CampaignNo>,
    /// `doses`, `tallies`, `persons`, `outcomes`.
    pub kind: String,
    /// When, milliseconds since 1970: the time of recording of all its records.
    pub at: i64,
    /// Rows that were new, the same, corrections, refused.
    pub rows: [u64; 4],
    /// The file's name.
    pub name: Option<String>,
    /// When it was undone, milliseconds since 1970.
    pub undone_at: Option<i64>,
}

const LIST: &str = "SELECT id, campaign, kind, at, new, same, corrected, refused, name, undone_at \
     FROM imported WHERE id < $1 \
     AND (name IS NOT NULL OR (who IS NULL AND new + same + corrected + refused > 0)) \
     ORDER BY id DESC LIMIT $2";
const ERRORS: &str = "UPDATE imported SET errors = $2 WHERE id = $1";
const ERRORS_OF: &str = "SELECT errors FROM imported WHERE id = $1";
const UNDONE: &str = "UPDATE imported SET undone_at = $2 WHERE id = $1";

/// Writes down where the refused rows of a file were written.
pub async fn errors(tx: &mut Tx, id: i64, path: &str) -> Result<()> {
    tx.run(ERRORS, args![id, path]).await?;
    Ok(())
}

/// Where the refused rows of a file were written; `None` where none was refused.
pub async fn errors_of(tx: &mut Tx, id: i64) -> Result<Option<String>> {
    let row = tx.row(ERRORS_OF, args![id]).await?;
    row.map_or(Ok(None), |row| row.get(0))
}

/// The newest files before a number.
pub async fn list(tx: &mut Tx, before: i64, limit: i64) -> Result<Vec<File>> {
    let rows = tx.rows(LIST, args![before, limit]).await?;
    rows.iter()
        .map(|row| {
            let count = |at| row.count(at, "imported");
            Ok(File {
                id: row.get(0)?,
                campaign: row.get::<Option<i64>>(1)?.map(CampaignNo),
                kind: row.get(2)?,
                at: row.get(3)?,
                rows: [count(4)?, count(5)?, count(6)?, count(7)?],
                name: row.get(8)?,
                undone_at: row.get(9)?,
            })
        })
        .collect()
}

/// The file with this number.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<File>> {
    let newest = list(tx, id.saturating_add(1), 1).await?;
    Ok(newest.into_iter().find(|file| file.id == id))
}

/// Writes down that a file was undone. `now`: milliseconds since 1970.
pub async fn undone(tx: &mut Tx, id: i64, now: i64) -> Result<()> {
    tx.run(UNDONE, args![id, now]).await?;
    Ok(())
}
