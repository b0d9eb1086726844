//! Who asks to be put into the register, until a clerk has decided.

use super::db::Row;
use super::{Result, Tx};
use crate::args;
use crate::domain::booking::{RegisterRequest, RequestState};

const INSERT: &str = "INSERT INTO register_request (name, born, area, phone, made_at, state) \
     VALUES ($1, $2, $3, $4, $5, 'waiting')";
const WAITING: &str = "SELECT id, name, born, area, phone, made_at FROM register_request \
     WHERE state = 'waiting' ORDER BY made_at, id";
const ONE: &str = "SELECT id, name, born, area, phone, made_at FROM register_request \
     WHERE state = 'waiting' AND id = $1";
const COUNT: &str = "SELECT COUNT(*), COALESCE(CAST(SUM(CASE WHEN phone = $1 THEN 1 ELSE 0 END) \
     AS BIGINT), 0) FROM register_request WHERE state = 'waiting'";
const SAME: &str = "SELECT id FROM register_request WHERE state = 'waiting' AND name = $1 \
     AND born = $2 AND area = $3 AND phone = $4";
const DECIDE: &str = "UPDATE register_request SET state = $2, person = $3, decided_at = $4, \
     name = '', area = '', phone = '' WHERE id = $1 AND state = 'waiting'";

fn request(row: &Row) -> Result<(i64, RegisterRequest)> {
    let (name, born, area, phone) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    Ok((row.get(0)?, RegisterRequest { name, born, area, phone, made_at: row.get(5)? }))
}

/// Stores a request.
pub async fn insert(tx: &mut Tx, one: &RegisterRequest) -> Result<()> {
    let RegisterRequest { name, born, area, phone, made_at } = one;
    tx.run(INSERT, args![name, *born, area, phone, *made_at]).await?;
    Ok(())
}

/// Whether the same person waits in the same words.
pub async fn has_same(tx: &mut Tx, one: &RegisterRequest) -> Result<bool> {
    Ok(tx.row(SAME, args![&one.name, one.born, &one.area, &one.phone]).await?.is_some())
}

/// The requests that wait, with their numbers, the oldest first.
pub async fn waiting(tx: &mut Tx) -> Result<Vec<(i64, RegisterRequest)>> {
    tx.rows(WAITING, args![]).await?.iter().map(request).collect()
}

/// The request with this number, if it waits.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<RegisterRequest>> {
    let row = tx.row(ONE, args![id]).await?;
    row.as_ref().map(|row| request(row).map(|(_, found)| found)).transpose()
}

/// How many requests wait, and how many of them name a number.
pub async fn count(tx: &mut Tx, phone: &str) -> Result<(i64, i64)> {
    let row = tx.row(COUNT, args![phone]).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Decides about a request and forgets what is personal in it; `false` where it does not wait.
pub async fn decide(
    tx: &mut Tx,
    id: i64,
    (state, person): (RequestState, Option<&str>),
    now: i64,
) -> Result<bool> {
    Ok(tx.run(DECIDE, args![id, state, person, now]).await? == 1)
}
