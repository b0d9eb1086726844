//! What was known about a record, now and before, and who said so.

use super::import::Kind;
use super::{App, Result};
use crate::domain::id::RecordId;
use crate::store::audit::Author;
use crate::store::records::{self, Past, Record};
use crate::store::{Tx, figures};

/// What was known of a record for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordVersion<T> {
    /// What was known.
    pub value: T,
    /// From when on, milliseconds since 1970.
    pub from: i64,
    /// Who recorded it; empty for what an older version of the program recorded.
    pub author: Author,
    /// How it ended; `None` for what is known now.
    pub end: Option<VersionEnd>,
}

/// How something that was known ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionEnd {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Why.
    pub why: String,
    /// Who ended it.
    pub author: Author,
}

impl App {
    /// What was and is known of a record, the oldest first; empty where there never was one.
    pub async fn record_history<T: Record>(
        &self,
        kind: Kind,
        record: &RecordId,
    ) -> Result<Vec<RecordVersion<T>>> {
        let mut tx = self.store.read().await?;
        let mut out = Vec::new();
        for past in records::past::<T>(&mut tx, record.as_str()).await? {
            let Past { known, superseded_at: at, why } = past;
            let author = author(&mut tx, kind, known.recorded_at).await?;
            let by = self::author(&mut tx, kind, at).await?;
            let end = Some(VersionEnd { at, why, author: by });
            out.push(RecordVersion { value: known.value, from: known.recorded_at, author, end });
        }
        for known in records::find::<T>(&mut tx, [record.as_str()]).await?.into_values() {
            let (value, from) = (known.value, known.recorded_at);
            let author = author(&mut tx, kind, from).await?;
            out.push(RecordVersion { value, from, author, end: None });
        }
        Ok(out)
    }
}

async fn author(tx: &mut Tx, kind: Kind, at: i64) -> Result<Author> {
    let found = figures::author(tx, kind.name(), at).await?;
    Ok(found.unwrap_or(Author { who: String::new(), address: None }))
}
