//! Copying a database as a whole, row by row in the order of keys, and proving the copy: a fingerprint of each table is
//! taken from what was read and again from what then stands in the target, over values in one form for both databases.

use super::db::Value;
use super::tables::{TABLES, Table};
use super::{Result, StoreError, Tx};
use chrono::Datelike as _;
use futures_util::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// Rows that are held in memory at a time, as long as they are small.
const BATCH_ROWS: usize = 1024;
/// Bytes of texts and contents that are held at a time: a plan or a mail may be large.
const BATCH_BYTES: usize = 4 << 20;

/// A table as it stands, in one line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fingerprint {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 over all values in the order of the key.
    pub hash: String,
}

/// Lifts the limits on how long a statement or a pause in a transaction may take: a whole table takes as long as it
/// takes. SQLite has none.
pub async fn unhurried(tx: &mut Tx) -> Result<()> {
    if !tx.is_sqlite() {
        tx.run("SET LOCAL statement_timeout = 0", vec![]).await?;
        tx.run("SET LOCAL idle_in_transaction_session_timeout = 0", vec![]).await?;
    }
    Ok(())
}

/// Keeps everybody else from writing until the transaction ends; they may read. A writer of SQLite does so anyway.
pub async fn freeze(tx: &mut Tx) -> Result<()> {
    static LOCK: LazyLock<String> = LazyLock::new(|| {
        let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", names.join(", "))
    });
    if !tx.is_sqlite() {
        tx.run(&LOCK, vec![]).await?;
    }
    Ok(())
}

/// The first table that keeps a database from being the target of a copy.
pub async fn occupied(tx: &mut Tx) -> Result<Option<&'static str>> {
    for table in TABLES.iter().filter(|table| !table.is_of_the_installation()) {
        if table.count(tx).await? > 0 {
            return Ok(Some(table.name));
        }
    }
    Ok(None)
}

/// Fills an empty target with all that the source holds; returns what was read.
pub async fn fill(source: &mut Tx, target: &mut Tx) -> Result<Vec<Fingerprint>> {
    for table in TABLES.iter().filter(|table| table.is_of_the_installation()) {
        table.clear(target).await?;
    }
    let mut read = Vec::with_capacity(TABLES.len());
    for table in TABLES.iter() {
        read.push(fill_table(source, target, table).await?);
        table.go_on_numbering(target).await?;
    }
    Ok(read)
}

/// Holds what stands in a target against what was read from the source.
pub async fn verify(target: &mut Tx, read: &[Fingerprint]) -> Result<()> {
    for (table, read) in TABLES.iter().zip(read) {
        let stands = fingerprint(target, table).await?;
        if stands != *read {
            let what = format!(
                "the copy differs from the original ({} rows and {}, not {} rows and {}); nothing \
                 of it was kept",
                stands.rows, stands.hash, read.rows, read.hash
            );
            return Err(StoreError::BadTable { table: table.name, what });
        }
    }
    Ok(())
}

/// Holds the numbers of rows that a finished copy has against what was read.
pub async fn same_rows(copy: &mut Tx, read: &[Fingerprint]) -> Result<()> {
    for (table, read) in TABLES.iter().zip(read) {
        let rows = table.count(copy).await?;
        // What the copy says of itself is its own.
        if rows != read.rows && !table.is_of_the_installation() {
            let what = format!("the copy has {rows} rows, not {}", read.rows);
            return Err(StoreError::BadTable { table: table.name, what });
        }
    }
    Ok(())
}

/// The fingerprints of all tables.
pub async fn fingerprints(tx: &mut Tx) -> Result<Vec<Fingerprint>> {
    let mut out = Vec::with_capacity(TABLES.len());
    for table in TABLES.iter() {
        out.push(fingerprint(tx, table).await?);
    }
    Ok(out)
}

async fn fingerprint(tx: &mut Tx, table: &'static Table) -> Result<Fingerprint> {
    let mut taken = Taken::new();
    tx.each(table.select(), vec![], |row| {
        table.values(&row)?.iter().for_each(|value| {
            taken.add(value);
        });
        taken.rows += 1;
        Ok(())
    })
    .await?;
    Ok(taken.of(table))
}

async fn fill_table(
    source: &mut Tx,
    target: &mut Tx,
    table: &'static Table,
) -> Result<Fingerprint> {
    let mut taken = Taken::new();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let mut rows = source.stream(table.select(), vec![]);
    while let Some(row) = rows.try_next().await? {
        for value in table.values(&row)? {
            bytes += taken.add(&value);
            batch.push(value);
        }
        taken.rows += 1;
        if batch.len() >= BATCH_ROWS * table.columns.len() || bytes >= BATCH_BYTES {
            table.insert(target, std::mem::take(&mut batch)).await?;
            bytes = 0;
        }
    }
    table.insert(target, batch).await?;
    Ok(taken.of(table))
}

/// A fingerprint that is being taken.
struct Taken {
    rows: u64,
    sum: Sha256,
}

impl Taken {
    fn new() -> Self {
        Self { rows: 0, sum: Sha256::new() }
    }

    /// Adds a value, with its kind and length, so that no two rows read the same; returns its size.
    fn add(&mut self, value: &Value) -> usize {
        let mut put = |kind: u8, bytes: &[u8]| {
            self.sum.update([kind]);
            self.sum.update((bytes.len() as u64).to_be_bytes());
            self.sum.update(bytes);
            bytes.len()
        };
        match value {
            Value::Int(Some(number)) => put(b'i', &number.to_be_bytes()),
            Value::Text(Some(text)) => put(b't', text.as_bytes()),
            Value::Day(Some(day)) => put(b'd', &day.num_days_from_ce().to_be_bytes()),
            Value::Bytes(Some(bytes)) => put(b'b', bytes),
            Value::Int(None) | Value::Text(None) | Value::Day(None) | Value::Bytes(None) => {
                put(b'0', &[])
            }
        }
    }

    fn of(self, table: &'static Table) -> Fingerprint {
        let hash = crate::text::hex(&self.sum.finalize());
        Fingerprint { table: table.name, rows: self.rows, hash }
    }
}
