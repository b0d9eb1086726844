//! Checks the whole database on one snapshot.

use super::jurisdictions::conflicts;
use super::places::told;
use super::recount::{Recount, recount};
use super::{App, Result};
use crate::store::health::{self, Check};
use crate::store::{copy, facts, jurisdictions};
use chrono::{DateTime, Utc};

/// What a check found.
#[derive(Debug, Clone)]
pub struct Health {
    /// Results of the checks between rows.
    pub checks: Vec<Check>,
    /// The recount of each campaign's totals, by id.
    pub totals: Vec<(String, Recount)>,
}

impl App {
    /// Reads every page (SQLite) and every reference, and recounts everything. `repair` corrects totals that differ.
    pub async fn health(&self, repair: bool, now: DateTime<Utc>) -> Result<Health> {
        let mut tx = if repair { self.store.write().await? } else { self.store.read().await? };
        copy::unhurried(&mut tx).await?;
        health::sound(&mut tx, false).await?;
        let mut checks = health::checks(&mut tx).await?;
        let mut homes = Check { check: "homes", right: 0, wrong: Vec::new() };
        let mut totals = Vec::new();
        for (no, id) in crate::store::campaigns::all(&mut tx).await? {
            let loaded = self.load(&mut tx, no, i64::MAX).await?;
            let known = facts::of(&mut tx, no).await?;
            let lost = known.homeless(&loaded.campaign);
            homes.right += (known.len() - lost.len()) as u64;
            homes.wrong.extend(
                lost.iter().map(|(named, code, counted)| {
                    format!("{id} {named} {code}: {}", told(counted))
                }),
            );
            totals.push((id.to_string(), recount(&mut tx, &loaded, repair, now).await?));
        }
        let stored = jurisdictions::newest(&mut tx).await?;
        let all = conflicts(&stored);
        let wrong = all.iter().map(|one| format!("{} {} {}", one.table, one.code, one.campaign));
        let rows = stored.area_rows().count() + stored.site_codes().len();
        let right = rows.saturating_sub(all.len()) as u64;
        checks.push(homes);
        checks.push(Check { check: "conflicts", right, wrong: wrong.collect() });
        tx.commit().await?;
        Ok(Health { checks, totals })
    }
}
