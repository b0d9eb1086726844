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
    /// Lines of the audit log that cannot be proved, for want of the key that they were sealed with.
    pub unproved: u64,
    /// The recount of each campaign's totals, by id.
    pub totals: Vec<(String, Recount)>,
}

impl App {
    /// Reads every page (SQLite) and every reference, and recounts everything. `repair` corrects totals that differ.
    /// Of teams with a tour and a round of home visits on one day those from today on are found.
    pub async fn health(&self, repair: bool, now: DateTime<Utc>) -> Result<Health> {
        let mut tx = if repair { self.store.write().await? } else { self.store.read().await? };
        copy::unhurried(&mut tx).await?;
        health::sound(&mut tx, false).await?;
        let mut checks = health::checks(&mut tx).await?;
        let (audit, unproved) = health::audit(&mut tx).await?;
        checks.push(audit);
        let mut homes = Check { check: "homes", right: 0, wrong: Vec::new() };
        let mut totals = Vec::new();
        let all = self.campaigns_in(&mut tx).await?;
        for loaded in &all {
            let id = &loaded.campaign.id;
            let others = all.iter().filter(|other| other.no != loaded.no);
            let known = facts::of(&mut tx, loaded.no).await?;
            let lost = known.homeless(&loaded.campaign, &others.map(|other| &*other.campaign));
            homes.right += (known.len() - lost.len()) as u64;
            homes.wrong.extend(
                lost.iter().map(|(named, code, counted)| {
                    format!("{id} {named} {code}: {}", told(counted))
                }),
            );
            totals.push((id.to_string(), recount(&mut tx, loaded, repair).await?));
        }
        let tours = self.tours_and_rounds(&mut tx, &all, now).await?;
        let stored = jurisdictions::newest(&mut tx).await?;
        let all = conflicts(&stored);
        let wrong = all.iter().map(|one| format!("{} {} {}", one.table, one.code, one.campaign));
        let rows = stored.area_rows().count() + stored.site_codes().len();
        let right = rows.saturating_sub(all.len()) as u64;
        checks.push(homes);
        checks.push(tours);
        checks.push(Check { check: "places", right, wrong: wrong.collect() });
        tx.commit().await?;
        Ok(Health { checks, unproved, totals })
    }
}
