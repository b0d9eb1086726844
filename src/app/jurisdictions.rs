//! The jurisdiction: its areas, places and contacts, stored and compared, and what campaigns say otherwise.

use super::breaking::{self, Broken};
use super::places::{Change, Own, OwnParts, PlaceChange, owns, touched, unsettle};
use super::rosters::RosterChanged;
use super::{App, AppError, Result, millis, staffing};
use crate::domain::audit::Action;
use crate::domain::difference::between;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::{
    Disputed, Jurisdiction, LocalCampaign, StoredJurisdiction, jurisdiction_tables, local_tables,
};
use crate::domain::permission::{Actor, Power};
use crate::store::audit::Act;
use crate::store::jurisdictions::{self, PlacesVersion};
use crate::store::{Tx, campaigns};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// What a change of the jurisdiction changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedPlaces {
    /// Whether there was no jurisdiction before.
    pub is_new: bool,
    /// The rows that differ, each with the campaigns for which that changes something.
    pub changes: Vec<PlaceChange>,
    /// Sites whose rows were those of campaigns and are the jurisdiction's now, though nothing in them differs.
    pub taken: usize,
    /// What it breaks in plans that are in force.
    pub broken: Vec<Broken>,
    /// What it changes in a published roster; `None` where everybody can work as published.
    pub roster: Option<RosterChanged>,
}

impl AppliedPlaces {
    /// Whether there is anything to store.
    pub fn is_change(&self) -> bool {
        self.is_new || !self.changes.is_empty() || self.taken > 0
    }
}

/// A row that a campaign says otherwise than the jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceConflict {
    /// The table.
    pub table: String,
    /// The code.
    pub code: String,
    /// The campaign.
    pub campaign: CampaignId,
    /// The columns that differ: column, what the jurisdiction says, what the campaign says.
    pub columns: Vec<(String, String, String)>,
}

impl App {
    /// The jurisdiction; `None` before anything was applied.
    pub async fn jurisdiction(&self) -> Result<Option<Jurisdiction>> {
        let mut tx = self.store.read().await?;
        Ok(jurisdictions::newest(&mut tx).await?.jurisdiction)
    }

    /// What applying a jurisdiction would change, and what that would break in plans that are in force. It is tried in
    /// a transaction that is taken back: nothing is stored.
    pub async fn compare_jurisdiction(
        &self,
        given: &Jurisdiction,
        now: DateTime<Utc>,
    ) -> Result<AppliedPlaces> {
        let by = (Actor::CommandLine, Power::Plan);
        let mut act = self.act(by, Action::JurisdictionApply, now).await?;
        let mut applied = self.apply_jurisdiction_in(&mut act, given, now).await?;
        if applied.is_change() {
            applied.roster = self.roster_follows(act.tx(), now).await?;
        }
        Ok(applied)
    }

    /// Stores a jurisdiction; nothing where nothing changed. Where leave or staff that it brings takes somebody from a
    /// published roster, others take over.
    pub async fn apply_jurisdiction(
        &self,
        given: &Jurisdiction,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<AppliedPlaces> {
        let mut act = self.act((by, Power::Plan), Action::JurisdictionApply, now).await?;
        let mut applied = self.apply_jurisdiction_in(&mut act, given, now).await?;
        if applied.is_change() {
            applied.roster = self.roster_follows(act.tx(), now).await?;
            act.commit(None, &format!("{} changes", applied.changes.len())).await?;
        }
        Ok(applied)
    }

    /// Stores a jurisdiction as part of a change that says so in the audit log.
    pub(super) async fn apply_jurisdiction_in(
        &self,
        act: &mut Act,
        given: &Jurisdiction,
        now: DateTime<Utc>,
    ) -> Result<AppliedPlaces> {
        let (old, owns) = (jurisdictions::newest(act.tx()).await?, owns(act.tx()).await?);
        let all: Vec<&LocalCampaign> = owns.iter().map(|one| &one.own).collect();
        let new = old.given(given, &all);
        let before = self.before(act.tx()).await?;
        let (mut applied, composed) = changed(act.tx(), (&old, &new), unchanged(&owns)).await?;
        if applied.is_change() {
            jurisdictions::insert(act, &new, millis(now)).await?;
            unsettle(act.tx(), &composed).await?;
            self.count_again(act.tx()).await?;
            let versions = (old.jurisdiction.as_ref(), new.jurisdiction.as_ref());
            let staff = staffing::lost(act.tx(), versions, &before, now).await?;
            applied.broken = breaking::plans(act.tx(), &composed, &before, &staff, now).await?;
        }
        Ok(applied)
    }

    /// Every version of the jurisdiction, oldest first.
    pub async fn places_versions(&self) -> Result<Vec<PlacesVersion>> {
        let mut tx = self.store.read().await?;
        Ok(jurisdictions::versions(&mut tx).await?)
    }

    /// The newest versions of the jurisdiction, at most so many, oldest first.
    pub async fn newest_places_versions(&self, most: i64) -> Result<Vec<PlacesVersion>> {
        let mut tx = self.store.read().await?;
        Ok(jurisdictions::newest_versions(&mut tx, most).await?)
    }

    /// What campaigns say otherwise than the jurisdiction, and nobody has decided.
    pub async fn place_conflicts(&self) -> Result<Vec<PlaceConflict>> {
        let mut tx = self.store.read().await?;
        Ok(conflicts(&jurisdictions::newest(&mut tx).await?))
    }

    /// Decides what a row says: as a campaign says, or `None`, as the jurisdiction says.
    pub async fn resolve_place(
        &self,
        (table, code): (&str, &str),
        campaign: Option<&str>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<AppliedPlaces> {
        let mut act = self.act((by, Power::Plan), Action::JurisdictionApply, now).await?;
        let (old, owns) = (jurisdictions::newest(act.tx()).await?, owns(act.tx()).await?);
        let mut new = old.clone();
        let wanted = campaign.map(CampaignId::from);
        if !new.decide(table, code, wanted.as_ref()) {
            let known = conflicts(&old);
            let known =
                known.iter().map(|one| format!("{} {} {}", one.table, one.code, one.campaign));
            let known: Vec<_> = known.collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(AppError::refused(
                "refused-no-conflict",
                &[("table", &table), ("code", &code), ("known", &known)],
            ));
        }
        let before = self.before(act.tx()).await?;
        let (mut applied, composed) = changed(act.tx(), (&old, &new), unchanged(&owns)).await?;
        jurisdictions::insert(&mut act, &new, millis(now)).await?;
        unsettle(act.tx(), &composed).await?;
        self.count_again(act.tx()).await?;
        applied.broken =
            breaking::plans(act.tx(), &composed, &before, &staffing::LostStaff::new(), now).await?;
        act.commit(None, &format!("{table} {code}")).await?;
        Ok(applied)
    }
}

/// Campaigns whose own parts stay as they are.
fn unchanged(owns: &[Own]) -> OwnParts<'_> {
    owns.iter().map(|one| (one.no, Some(&one.own), &one.own)).collect()
}

/// What a new version of the jurisdiction changes, with every campaign before and after.
pub(super) async fn changed(
    tx: &mut Tx,
    (old, new): (&StoredJurisdiction, &StoredJurisdiction),
    campaigns: OwnParts<'_>,
) -> Result<(AppliedPlaces, Vec<super::places::Composed>)> {
    let change = Change { old, new, campaigns };
    let composed = change.composed();
    change.allowed(tx, &composed).await?;
    let after = new.jurisdiction.as_ref();
    let rows = match (old.jurisdiction.as_ref(), after) {
        (Some(old), Some(new)) => between(&jurisdiction_tables(old), &jurisdiction_tables(new)),
        _ => Vec::new(),
    };
    let felt = touched(&composed, None);
    let with_campaigns = |change: crate::domain::difference::RowChange| {
        let is_it = |one: &&PlaceChange| {
            one.change.table == change.table && code_of(&one.change.key) == code_of(&change.key)
        };
        let mut ids: Vec<CampaignId> =
            felt.iter().filter(is_it).flat_map(|one| one.campaigns.clone()).collect();
        ids.sort();
        ids.dedup();
        PlaceChange { change, campaigns: ids }
    };
    let applied = AppliedPlaces {
        is_new: old.jurisdiction.is_none(),
        changes: rows.into_iter().map(with_campaigns).collect(),
        taken: old.brought.difference(&new.brought).count(),
        broken: Vec::new(),
        roster: None,
    };
    Ok((applied, composed))
}

/// The code at the head of a row's key.
fn code_of(key: &str) -> &str {
    key.split(", ").next().unwrap_or(key)
}

/// What campaigns say otherwise, column by column.
pub fn conflicts(stored: &StoredJurisdiction) -> Vec<PlaceConflict> {
    let Some(all) = &stored.jurisdiction else { return Vec::new() };
    let held = jurisdiction_tables(all);
    let one = |dispute: &crate::domain::jurisdiction::Dispute| {
        let (table, code) = dispute.row.key();
        let mut said = all.clone();
        match &dispute.row {
            Disputed::Area(row) => said.areas = vec![row.clone()],
            Disputed::Site(row) => said.sites = vec![(**row).clone()],
            Disputed::Team(team) => said.teams = vec![team.clone()],
            Disputed::Stop(row) => said.stops = vec![row.clone()],
        }
        let said = jurisdiction_tables(&said);
        let (held, said) = (find(&held, table, code), find(&said, table, code));
        let columns = held.zip(said).map(|((columns, held), (_, said))| {
            let cells = columns.iter().zip(held).zip(said);
            let is_asked = |column: &str| table != "sites" || IDENTITY.contains(&column);
            cells
                .filter(|((column, held), said)| {
                    held != said && !said.is_empty() && is_asked(column)
                })
                .map(|((column, held), said)| ((*column).to_owned(), held, said))
                .collect()
        });
        let columns = columns.unwrap_or_default();
        let (table, code) = (table.to_owned(), code.to_owned());
        PlaceConflict { table, code, campaign: dispute.campaign.clone(), columns }
    };
    stored.disputes.iter().map(one).collect()
}

/// The columns of a site that say who and where it is.
const IDENTITY: [&str; 8] =
    ["name", "area", "latitude", "longitude", "lead_name", "lead_email", "address", "phone"];

type Found = (&'static [&'static str], Vec<String>);

/// The newest row of a code.
fn find(tables: &[crate::domain::tables::Table], stem: &str, code: &str) -> Option<Found> {
    let table = tables.iter().find(|table| table.stem == stem)?;
    let row = table.rows.iter().rev().find(|row| row[0] == code)?;
    Some((table.columns, row.clone()))
}

/// What differs between two versions of a campaign.
pub fn version_changes(
    old: &campaigns::Version,
    new: &campaigns::Version,
) -> Vec<crate::domain::difference::RowChange> {
    between(&local_tables(&old.own), &local_tables(&new.own))
}
