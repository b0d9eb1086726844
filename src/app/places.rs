//! Areas and places of the jurisdiction with the campaigns over them: what a change does to each campaign, and what may
//! not leave because facts stand on it.

use super::{App, AppError, Result};
use crate::domain::campaign::Campaign;
use crate::domain::difference::{RowChange, differences};
use crate::domain::facts::{Counted, Fact, StandingCode, gone, standing};
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::{BadMerger, LocalCampaign, StoredJurisdiction};
use crate::intake::Issue;
use crate::store::{CampaignNo, Tx, campaigns, facts, jurisdictions};
use serde::Serialize;
use std::sync::{Arc, PoisonError};

/// A campaign and what the folder of its newest version says.
#[derive(Debug, Clone)]
pub struct Own {
    /// Its row; `None` for one that is not stored yet.
    pub no: Option<CampaignNo>,
    /// Its own part.
    pub own: LocalCampaign,
}

/// A change of the jurisdiction's areas and places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceChange {
    /// The row.
    #[serde(flatten)]
    pub change: RowChange,
    /// The campaigns for which it changes something.
    pub campaigns: Vec<CampaignId>,
}

/// Every campaign's newest own part, by id.
pub async fn owns(tx: &mut Tx) -> Result<Vec<Own>> {
    let mut out = Vec::new();
    for (no, _) in campaigns::all(tx).await? {
        if let Some(version) = campaigns::known(tx, no, i64::MAX).await? {
            out.push(Own { no: Some(no), own: version.own });
        }
    }
    Ok(out)
}

/// Campaigns with their own parts before (`None`: new) and after.
pub type OwnParts<'a> = Vec<(Option<CampaignNo>, Option<&'a LocalCampaign>, &'a LocalCampaign)>;

/// A change of the jurisdiction, of campaigns, or of both.
pub struct Change<'a> {
    /// The jurisdiction before.
    pub old: &'a StoredJurisdiction,
    /// The jurisdiction after.
    pub new: &'a StoredJurisdiction,
    /// The campaigns.
    pub campaigns: OwnParts<'a>,
}

/// A campaign before and after a change.
pub struct Composed {
    /// Its row.
    pub no: Option<CampaignNo>,
    /// Before; `None`: it is new.
    pub old: Option<Campaign>,
    /// After.
    pub new: Campaign,
}

impl Change<'_> {
    /// Every campaign before and after.
    pub fn composed(&self) -> Vec<Composed> {
        let one =
            |(no, old, new): &(Option<CampaignNo>, Option<&LocalCampaign>, &LocalCampaign)| {
                let old = old.map(|own| self.old.compose(own));
                Composed { no: *no, old, new: self.new.compose(new) }
            };
        self.campaigns.iter().map(one).collect()
    }

    /// Refuses a change after which a fact would have no home, or areas would be merged in a circle.
    pub async fn allowed(&self, tx: &mut Tx, composed: &[Composed]) -> Result<()> {
        let mut issues: Vec<Issue> = self.new.bad_mergers().iter().map(bad_merger).collect();
        for one in composed {
            let (Some(no), Some(old)) = (one.no, &one.old) else { continue };
            if gone(old, &one.new).is_empty() {
                continue;
            }
            let others = || composed.iter().filter(|other| other.new.id != one.new.id);
            let is_there = |code: &str| others().any(|other| other.new.area(code).is_some());
            let known = facts::of(tx, no).await?.without_people_of(is_there);
            let found = standing(old, &one.new, &known);
            issues.extend(found.iter().map(|one| stands(&old.id, one)));
        }
        if issues.is_empty() { Ok(()) } else { Err(AppError::Files(issues)) }
    }
}

/// Changes of composed campaigns but one, each with all campaigns that it touches.
pub fn touched(composed: &[Composed], but: Option<&CampaignId>) -> Vec<PlaceChange> {
    let mut out: Vec<PlaceChange> = Vec::new();
    for one in composed.iter().filter(|one| Some(&one.new.id) != but) {
        let Some(old) = &one.old else { continue };
        for change in differences(old, &one.new) {
            match out.iter_mut().find(|known| known.change == change) {
                Some(known) => known.campaigns.push(one.new.id.clone()),
                None => out.push(PlaceChange { change, campaigns: vec![one.new.id.clone()] }),
            }
        }
    }
    out
}

fn bad_merger(bad: &BadMerger) -> Issue {
    let file = "areas.csv";
    match bad {
        BadMerger::Unknown(area, into) => {
            let issue = Issue::error("merger_unknown", file).column("merged_into");
            issue.value(into.as_str()).with("area", area)
        }
        BadMerger::Circle(area) => {
            Issue::error("merger_circle", file).column("merged_into").value(area.as_str())
        }
    }
}

/// A code that cannot leave, as an issue of its table.
fn stands(campaign: &CampaignId, one: &StandingCode) -> Issue {
    use crate::domain::facts::Named;
    let (code, file) = match one.named {
        Named::Areas => ("facts_of_area", "areas.csv"),
        Named::Groups => ("facts_of_group", "campaign.toml"),
        Named::Sites => ("facts_of_place", "sites.csv"),
        Named::Teams => ("facts_of_place", "teams.csv"),
        Named::Stops => ("facts_of_place", "stops.csv"),
        Named::Deliveries => ("facts_of_lot", "deliveries.csv"),
        Named::Eligible => ("facts_of_denominator", "eligible.csv"),
    };
    let issue = Issue::error(code, file).column(one.named.column()).value(&one.code);
    Fact::ALL.into_iter().fold(issue.with("campaign", campaign), |issue, fact| {
        // The message leaves out what there is none of, and one is not a plural.
        let count = match one.facts.get(&fact) {
            None => "none".to_owned(),
            Some(1) => "one".to_owned(),
            Some(count) => count.to_string(),
        };
        issue.with(fact.word(), count)
    })
}

/// `20 tallies, 3 people`, by the words of the tables: for the check of a database.
pub fn told(facts: &Counted) -> String {
    let parts = facts.iter().map(|(fact, count)| format!("{count} {fact}"));
    parts.collect::<Vec<_>>().join(", ")
}

/// Whether doses of persons may get other numbers, validity or groups.
pub fn counts_differently(old: &Campaign, new: &Campaign) -> bool {
    // Visits of a catch-up campaign count from its start.
    let visits_move = new.catch_up.is_some() && old.start != new.start;
    old.series != new.series
        || old.groups != new.groups
        || old.renamed != new.renamed
        || old.deliveries != new.deliveries
        || visits_move
        || old.season() != new.season()
}

/// Notes which campaigns must be counted again after a change.
pub async fn unsettle(tx: &mut Tx, composed: &[Composed]) -> Result<()> {
    for one in composed {
        let (Some(no), Some(old)) = (one.no, &one.old) else { continue };
        if old.series != one.new.series {
            // What the others count may have been of this campaign's vaccine.
            return Ok(campaigns::unsettle(tx).await?);
        }
        if counts_differently(old, &one.new) {
            campaigns::unsettle_one(tx, no).await?;
        }
    }
    Ok(())
}

impl App {
    /// A version of the jurisdiction, by its number; an empty one where it does not exist.
    pub(super) async fn places(
        &self,
        tx: &mut Tx,
        version: i64,
    ) -> Result<Arc<StoredJurisdiction>> {
        let kept = || self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, stored)) = kept().as_ref()
            && *known == version
        {
            return Ok(Arc::clone(stored));
        }
        let found = jurisdictions::find(tx, version).await?.map(|found| found.stored);
        let stored = Arc::new(found.unwrap_or_default());
        *kept() = Some((version, Arc::clone(&stored)));
        Ok(stored)
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
