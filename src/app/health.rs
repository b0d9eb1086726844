//! Checks the whole database on one snapshot.

use super::recount::{Recount, recount};
use super::{App, Result};
use crate::store::copy;
use crate::store::health::{self, Check};

/// What a check found.
#[derive(Debug, Clone)]
pub struct Health {
    /// Results of the checks between rows.
    pub checks: Vec<Check>,
    /// Lines of the audit log that cannot be proved, for want of the key that they were sealed with.
    pub unproved: u64,
    /// The recount of each campaign's totals, by id.
    pub totals: Vec<(String, Recount)>,
}

impl App {
    /// Reads every page (SQLite) and every reference, and recounts everything. `repair` corrects totals that differ.
    pub async fn health(&self, repair: bool) -> Result<Health> {
        let mut tx = if repair { self.store.write().await? } else { self.store.read().await? };
        copy::unhurried(&mut tx).await?;
        health::sound(&mut tx, false).await?;
        let mut checks = health::checks(&mut tx).await?;
        let (audit, unproved) = health::audit(&mut tx).await?;
        checks.push(audit);
        let mut totals = Vec::new();
        for (no, id) in crate::store::campaigns::all(&mut tx).await? {
            let loaded = self.load(&mut tx, no, i64::MAX).await?;
            totals.push((id.to_string(), recount(&mut tx, &loaded, repair).await?));
        }
        tx.commit().await?;
        Ok(Health { checks, unproved, totals })
    }
}
