//! The jurisdiction as the database has it: what its own folder says, and what campaigns bring.

use super::overlay::Overlay;
use super::{AreaRow, Jurisdiction, LocalCampaign, SiteRow, StopRow};
use crate::domain::area::Merger;
use crate::domain::id::{AreaCode, CampaignId, PlaceCode};
use crate::domain::merging::successor;
use crate::domain::site::Team;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All areas and places of a database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredJurisdiction {
    /// The jurisdiction with everything that campaigns bring; `None` before there is anything.
    pub jurisdiction: Option<Jurisdiction>,
    /// Whether its own folder was ever applied. Until then it is what the campaigns bring.
    pub is_given: bool,
    /// Sites that only campaigns bring. Such a place can do the largest number that any of them says, and each
    /// campaign has what it says itself.
    pub brought: BTreeSet<PlaceCode>,
    /// What campaigns say otherwise since they were put together, and nobody has decided.
    pub disputes: Vec<Dispute>,
}

/// A row of a campaign that contradicts the jurisdiction's. It holds for the campaign until somebody decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dispute {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its row.
    pub row: Disputed,
}

/// The row of a dispute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disputed {
    /// An area.
    Area(AreaRow),
    /// Name, area, point and lead of a site.
    Site(Box<SiteRow>),
    /// A team.
    Team(Team),
    /// A stop.
    Stop(StopRow),
}

impl Disputed {
    /// The table and the code of the row.
    pub fn key(&self) -> (&'static str, &str) {
        match self {
            Self::Area(row) => ("areas", row.area.code.as_str()),
            Self::Site(row) => ("sites", row.site.code.as_str()),
            Self::Team(team) => ("teams", team.code.as_str()),
            Self::Stop(row) => ("stops", row.stop.code.as_str()),
        }
    }
}

/// Why areas cannot be merged as a table says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadMerger {
    /// The successor does not exist.
    Unknown(AreaCode, AreaCode),
    /// The mergers go round in a circle, or into an area below.
    Circle(AreaCode),
}

impl StoredJurisdiction {
    /// Every area.
    pub fn area_rows(&self) -> impl Iterator<Item = &AreaRow> {
        self.jurisdiction.iter().flat_map(|all| &all.areas)
    }

    /// The area with this code.
    pub fn area_row(&self, code: &str) -> Option<&AreaRow> {
        self.jurisdiction.as_ref()?.area(code)
    }

    /// Codes of the sites, each once, in the order of the table.
    pub fn site_codes(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let rows = self.jurisdiction.iter().flat_map(|all| &all.sites);
        rows.map(|row| row.site.code.as_str()).filter(|code| seen.insert(*code)).collect()
    }

    /// The rows of a site, the earliest first.
    pub fn site_rows(&self, code: &str) -> Vec<&SiteRow> {
        self.jurisdiction.as_ref().map(|all| all.site_rows(code)).unwrap_or_default()
    }

    fn disputed(&self, campaign: &CampaignId, table: &str, code: &str) -> Option<&Disputed> {
        let is_it = |one: &&Dispute| one.campaign == *campaign && one.row.key() == (table, code);
        self.disputes.iter().find(is_it).map(|one| &one.row)
    }

    /// A campaign's row of an area, where it contradicts the jurisdiction.
    pub fn disputed_area(&self, campaign: &CampaignId, code: &str) -> Option<&AreaRow> {
        match self.disputed(campaign, "areas", code)? {
            Disputed::Area(row) => Some(row),
            _ => None,
        }
    }

    /// A campaign's row of a site, where it contradicts the jurisdiction.
    pub fn disputed_site(&self, campaign: &CampaignId, code: &str) -> Option<&SiteRow> {
        match self.disputed(campaign, "sites", code)? {
            Disputed::Site(row) => Some(row),
            _ => None,
        }
    }

    /// A campaign's row of a team, where it contradicts the jurisdiction.
    pub fn disputed_team(&self, campaign: &CampaignId, code: &str) -> Option<&Team> {
        match self.disputed(campaign, "teams", code)? {
            Disputed::Team(team) => Some(team),
            _ => None,
        }
    }

    /// A campaign's row of a stop, where it contradicts the jurisdiction.
    pub fn disputed_stop(&self, campaign: &CampaignId, code: &str) -> Option<&StopRow> {
        match self.disputed(campaign, "stops", code)? {
            Disputed::Stop(row) => Some(row),
            _ => None,
        }
    }

    /// Takes over what a campaign brings. A new code is added; a row that differs changes the jurisdiction, or with
    /// `decides` false becomes a dispute. `before` is the campaign's version before, `others` are the newest ones of
    /// all other campaigns.
    pub fn take(
        &mut self,
        own: &LocalCampaign,
        before: Option<&LocalCampaign>,
        others: &[&LocalCampaign],
        decides: bool,
    ) {
        let mut all = self.jurisdiction.take().unwrap_or_else(|| empty(own));
        let mut taking = Taking { of: &own.campaign.id, disputes: &mut self.disputes, decides };
        let areas: BTreeMap<_, _> = before
            .iter()
            .flat_map(|before| before.area_rows())
            .map(|row| (row.area.code.clone(), row))
            .collect();
        for said in own.area_rows() {
            let code = said.area.code.clone();
            match all.areas.iter_mut().find(|row| row.area.code == code) {
                None => all.areas.push(said),
                Some(held) => taking.take(held, &said, areas.get(&code), Disputed::Area),
            }
        }
        for said in &own.campaign.teams {
            let earlier = before.and_then(|before| before.campaign.team(said.code.as_str()));
            match all.teams.iter_mut().find(|team| team.code == said.code) {
                None => all.teams.push(said.clone()),
                Some(held) => taking.take(held, said, earlier, Disputed::Team),
            }
        }
        let stops: Vec<StopRow> = before.iter().flat_map(|before| before.stop_rows()).collect();
        for said in own.stop_rows() {
            let earlier = stops.iter().find(|row| row.stop.code == said.stop.code);
            match all.stops.iter_mut().find(|row| row.stop.code == said.stop.code) {
                None => all.stops.push(said),
                Some(held) => taking.take(held, &said, earlier, Disputed::Stop),
            }
        }
        for code in own.site_codes() {
            let rows = own.site_rows(code);
            let Some(said) = rows.last() else { continue };
            let before = before.map(|before| before.site_rows(code)).unwrap_or_default();
            let held = all.site_rows(code).last().map(|row| (*row).clone());
            let Some(mut held) = held else {
                all.sites.extend(rows.iter().map(|row| (*row).clone()));
                self.brought.insert(said.site.code.clone());
                continue;
            };
            let make = |row| Disputed::Site(Box::new(row));
            taking.take(&mut held, said, before.last().copied(), make);
            for row in all.sites.iter_mut().filter(|row| row.site.code == said.site.code) {
                *row = row.overlaid(&held, Some(&row.clone()));
            }
        }
        let every: Vec<&LocalCampaign> = others.iter().copied().chain([own]).collect();
        for code in own.site_codes() {
            if self.brought.contains(code) {
                super::largest::replace(&mut all.sites, code, &every);
            }
        }
        if !self.is_given && own.has_reach {
            let known = all.reach.get_or_insert_default();
            let new: Vec<_> =
                own.campaign.reach.iter().filter(|one| !known.contains(one)).cloned().collect();
            known.extend(new);
        }
        self.jurisdiction = Some(all);
    }

    /// Forgets a campaign that is removed. What it brought stays: what only it said of a site is the jurisdiction's
    /// now.
    pub fn leave(&mut self, own: &LocalCampaign, others: &[&LocalCampaign]) {
        self.disputes.retain(|one| one.campaign != own.campaign.id);
        let Some(all) = &mut self.jurisdiction else { return };
        for code in own.site_codes() {
            if others.iter().all(|other| other.site_rows(code).is_empty()) {
                self.brought.remove(code);
            } else if self.brought.contains(code) {
                super::largest::replace(&mut all.sites, code, others);
            }
        }
    }

    /// The jurisdiction when its own folder says `given`: codes that campaigns still name stay.
    #[must_use]
    pub fn given(&self, given: &Jurisdiction, campaigns: &[&LocalCampaign]) -> Self {
        let mut new = Self {
            jurisdiction: Some(given.clone()),
            is_given: true,
            brought: BTreeSet::new(),
            disputes: self.disputes.clone(),
        };
        let all = new.jurisdiction.get_or_insert_with(|| given.clone());
        let Some(old) = &self.jurisdiction else { return new };
        let mut areas: BTreeSet<AreaCode> = BTreeSet::new();
        let (mut teams, mut stops, mut sites) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for own in campaigns {
            areas.extend(own.campaign.areas.iter().map(|area| area.code.clone()));
            teams.extend(own.campaign.teams.iter().map(|team| team.code.clone()));
            stops.extend(own.campaign.stops.iter().map(|stop| stop.code.clone()));
            sites.extend(own.site_codes());
        }
        let kept = old.areas.iter().filter(|row| areas.contains(&row.area.code));
        let kept: Vec<_> = kept.filter(|row| all.area(row.area.code.as_str()).is_none()).collect();
        all.areas.extend(kept.into_iter().cloned());
        let kept = old.teams.iter().filter(|team| teams.contains(&team.code));
        let kept: Vec<_> = kept.filter(|team| all.team(team.code.as_str()).is_none()).collect();
        all.teams.extend(kept.into_iter().cloned());
        let kept = old.stops.iter().filter(|row| stops.contains(&row.stop.code));
        let kept: Vec<_> = kept.filter(|row| all.stop(row.stop.code.as_str()).is_none()).collect();
        all.stops.extend(kept.into_iter().cloned());
        let kept = old.sites.iter().filter(|row| sites.contains(row.site.code.as_str()));
        let kept = kept.filter(|row| given.site_rows(row.site.code.as_str()).is_empty());
        for row in kept {
            new.brought.insert(row.site.code.clone());
            all.sites.push(row.clone());
        }
        keep_above(all, old);
        new
    }

    /// The jurisdiction after a change of one place. What only campaigns said of it is the jurisdiction's now; all
    /// other places stay as they are.
    #[must_use]
    pub fn with_place(&self, code: &str, edited: Jurisdiction) -> Self {
        let mut new = self.clone();
        if new.jurisdiction.as_ref() != Some(&edited) {
            new.jurisdiction = Some(edited);
            new.brought.remove(code);
        }
        new
    }

    /// Decides a dispute: the row of one campaign becomes the jurisdiction's, or `None`: the jurisdiction's stays.
    /// Returns `false` where there is no such dispute.
    pub fn decide(&mut self, table: &str, code: &str, campaign: Option<&CampaignId>) -> bool {
        let is_it = |one: &Dispute| one.row.key() == (table, code);
        let wanted = |one: &&Dispute| is_it(one) && campaign.is_none_or(|id| one.campaign == *id);
        let Some(found) = self.disputes.iter().find(wanted).cloned() else { return false };
        self.disputes.retain(|one| !is_it(one));
        let Some(all) = self.jurisdiction.as_mut().filter(|_| campaign.is_some()) else {
            return true;
        };
        match found.row {
            Disputed::Area(row) => {
                let held = all.areas.iter_mut().find(|held| held.area.code == row.area.code);
                if let Some(held) = held {
                    *held = held.overlaid(&row, None);
                }
            }
            Disputed::Team(row) => {
                let held = all.teams.iter_mut().find(|held| held.code == row.code);
                if let Some(held) = held {
                    *held = held.overlaid(&row, None);
                }
            }
            Disputed::Stop(row) => {
                let held = all.stops.iter_mut().find(|held| held.stop.code == row.stop.code);
                if let Some(held) = held {
                    *held = held.overlaid(&row, None);
                }
            }
            Disputed::Site(row) => {
                let mine = |held: &&mut SiteRow| held.site.code == row.site.code;
                for held in all.sites.iter_mut().filter(mine) {
                    *held = held.overlaid(&row, None);
                }
            }
        }
        true
    }

    /// What is wrong with the mergers of all areas together.
    pub fn bad_mergers(&self) -> Vec<BadMerger> {
        let rows: BTreeMap<&AreaCode, &AreaRow> =
            self.area_rows().map(|row| (&row.area.code, row)).collect();
        let merger_of = |code: &AreaCode| -> Option<&Merger> { rows.get(code)?.merged.as_ref() };
        let mut out = Vec::new();
        for row in rows.values() {
            let (code, Some(merger)) = (&row.area.code, &row.merged) else { continue };
            if !rows.contains_key(&merger.into) {
                out.push(BadMerger::Unknown(code.clone(), merger.into.clone()));
                continue;
            }
            let last = successor(code, NaiveDate::MAX, merger_of);
            if merger_of(last).is_some() || !Self::is_tree(merger.until, &rows) {
                out.push(BadMerger::Circle(code.clone()));
            }
        }
        out
    }

    /// Whether the areas as they are on a day hang below each other without a circle.
    fn is_tree(day: NaiveDate, rows: &BTreeMap<&AreaCode, &AreaRow>) -> bool {
        let merger_of = |code: &AreaCode| -> Option<&Merger> { rows.get(code)?.merged.as_ref() };
        for row in rows.values() {
            let mut at = successor(&row.area.code, day, merger_of);
            let mut seen = BTreeSet::new();
            while let Some(parent) = rows.get(at).and_then(|row| row.area.parent.as_ref()) {
                if !seen.insert(at) {
                    return false;
                }
                at = successor(parent, day, merger_of);
            }
        }
        true
    }
}

/// Keeps the areas that areas and places which stay lie in.
fn keep_above(all: &mut Jurisdiction, old: &Jurisdiction) {
    loop {
        let parents = all.areas.iter().filter_map(|row| row.area.parent.as_ref());
        let of_sites = all.sites.iter().map(|row| &row.site.area);
        let of_stops = all.stops.iter().map(|row| &row.stop.area);
        let into = all.areas.iter().filter_map(|row| Some(&row.merged.as_ref()?.into));
        let needed: BTreeSet<&AreaCode> =
            parents.chain(of_sites).chain(of_stops).chain(into).collect();
        let missing = needed.into_iter().filter(|code| all.area(code.as_str()).is_none());
        let rows: Vec<AreaRow> =
            missing.filter_map(|code| old.area(code.as_str()).cloned()).collect();
        if rows.is_empty() {
            return;
        }
        all.areas.extend(rows);
    }
}

/// Rows that are taken over from a campaign.
struct Taking<'a> {
    of: &'a CampaignId,
    disputes: &'a mut Vec<Dispute>,
    decides: bool,
}

impl Taking<'_> {
    fn take<T: Overlay + Clone>(
        &mut self,
        held: &mut T,
        said: &T,
        before: Option<&T>,
        make: impl Fn(T) -> Disputed,
    ) {
        let new = held.overlaid(said, before);
        let row = make(said.clone());
        let is_it = |one: &Dispute| one.campaign == *self.of && one.row.key() == row.key();
        let known = self.disputes.iter().position(is_it);
        // What is in dispute already stays so until the campaign says something else.
        if known.is_some_and(|at| self.disputes[at].row == row) {
            return;
        }
        if let Some(at) = known {
            self.disputes.remove(at);
        }
        if new == *held {
            return;
        }
        if self.decides {
            *held = new;
        } else {
            self.disputes.push(Dispute { campaign: self.of.clone(), row });
        }
    }
}

/// A jurisdiction without areas and places, called like its first campaign.
fn empty(own: &LocalCampaign) -> Jurisdiction {
    let nothing = crate::domain::campaign::Campaign {
        areas: Vec::new(),
        sites: Vec::new(),
        reach: Vec::new(),
        teams: Vec::new(),
        stops: Vec::new(),
        closures: Vec::new(),
        ..own.campaign.clone()
    };
    Jurisdiction { travel: None, reach: None, ..Jurisdiction::of_campaign(&nothing) }
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
