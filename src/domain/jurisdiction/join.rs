//! Several campaigns over one jurisdiction, as the planner and the check take them.

use super::{AgreedSession, ClosedDays, Jurisdiction, LocalCampaign, SiteLimit, closed_days};
use crate::domain::area::Area;
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::group::Eligible;
use crate::domain::homes::HOME;
use crate::domain::id::{GroupId, PlaceCode};
use crate::domain::plan::PlanRow;
use crate::domain::site::{Reach, Site, Stop};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// A jurisdiction with everything that its campaigns add, and these campaigns.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The jurisdiction. A site that only campaigns bring has the rows of the first of them.
    pub jurisdiction: Jurisdiction,
    /// The campaigns, in the order in which they were given.
    pub campaigns: Vec<JoinedCampaign>,
    /// Sites that only campaigns bring, with the positions of these campaigns: such a place can do
    /// the largest number that any of them says.
    pub brought: BTreeMap<PlaceCode, Vec<usize>>,
    /// Plans that stay: rows of campaigns that are not planned here. A team makes one tour a day, so these campaigns
    /// come along on it; what is drawn from a cold store is gone. What is left of a site's day is said by closures.
    pub taken: Vec<PlanRow>,
}

/// A campaign over the places of a jurisdiction.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinedCampaign {
    /// The campaign, complete: with the jurisdiction's areas, places, reach and teams. Of a site it
    /// has the row that counts on its first day; what a place can do on each day is said by the
    /// jurisdiction's rows. People of areas that were merged by then count with the successor.
    pub campaign: Campaign,
    /// Its own limits, by site.
    pub limits: BTreeMap<PlaceCode, Vec<SiteLimit>>,
    /// Its own closures.
    pub closures: Vec<ClosedDays>,
    /// Kinds of places that may serve a group, for groups that say so.
    pub kinds: BTreeMap<GroupId, Vec<String>>,
    /// Sessions that are agreed. Their areas are those of the campaign.
    pub sessions: Vec<AgreedSession>,
}

impl JoinedCampaign {
    /// Whether a group may be served at a place: a site, or a stop of some kind.
    pub fn may_serve(&self, group: &GroupId, place: &PlaceCode) -> bool {
        let Some(kinds) = self.kinds.get(group) else { return true };
        let has = |kind: &str| kinds.iter().any(|known| known == kind);
        match self.campaign.stop(place.as_str()) {
            Some(stop) => has(ANY_STOP) || has(stop.kind.as_deref().unwrap_or(ANY_STOP)),
            None => has(SITE),
        }
    }

    /// Whether people of a group are visited at home.
    pub fn visits_at_home(&self, group: &GroupId) -> bool {
        self.kinds.get(group).is_some_and(|kinds| kinds.iter().any(|kind| kind == HOME))
    }

    /// Whether an agreed session is for a cohort.
    pub fn is_for(session: &AgreedSession, cohort: &CohortKey) -> bool {
        session.area.as_ref().is_none_or(|area| *area == cohort.area)
            && session.group.as_ref().is_none_or(|group| *group == cohort.group)
    }

    /// The places and days to which a cohort is bound: those of its locked sessions. `None`: it is
    /// not bound. Only sessions that name an area bind its people.
    pub fn pins(&self, cohort: &CohortKey) -> Option<BTreeSet<(&PlaceCode, NaiveDate)>> {
        let locked = self.sessions.iter().filter(|session| session.is_locked);
        let binding = locked.filter(|one| !one.is_booked && one.area.is_some());
        let binding = binding.filter(|one| Self::is_for(one, cohort));
        let pins: BTreeSet<_> = binding.map(|one| (&one.place, one.day)).collect();
        (!pins.is_empty()).then_some(pins)
    }
}

/// The kind of place that stands for all fixed sites.
const SITE: &str = "site";
/// The kind of place that stands for all stops.
const ANY_STOP: &str = "stop";

impl Jurisdiction {
    /// The jurisdiction with everything that these campaigns add, for plans from day `first` on. A
    /// code that is known already is not added again.
    pub fn join(&self, campaigns: &[LocalCampaign], first: NaiveDate) -> Joined {
        let mut jurisdiction = self.clone();
        let mut brought: BTreeMap<PlaceCode, Vec<usize>> = BTreeMap::new();
        for (at, local) in campaigns.iter().enumerate() {
            jurisdiction.add(local);
            for limit in &local.limits {
                let code = &limit.row.site.code;
                if self.site_rows(code.as_str()).is_empty() {
                    let who = brought.entry(code.clone()).or_default();
                    if who.is_empty() {
                        let rows = local.limits.iter().filter(|one| one.row.site.code == *code);
                        jurisdiction.sites.extend(rows.map(|one| one.row.clone()));
                    }
                    if who.last() != Some(&at) {
                        who.push(at);
                    }
                }
            }
        }
        let said = campaigns.iter().find(|local| local.has_travel).or(campaigns.first());
        let travel = jurisdiction.travel.or(said.map(|local| local.campaign.travel));
        jurisdiction.travel = Some(travel.unwrap_or_default());
        let joined = campaigns.iter().map(|local| jurisdiction.joined(local, first)).collect();
        Joined { jurisdiction, campaigns: joined, brought, taken: Vec::new() }
    }

    /// Adds the areas, teams and stops that a campaign brings and nobody had before.
    fn add(&mut self, local: &LocalCampaign) {
        for area in &local.campaign.areas {
            if self.area(area.code.as_str()).is_none() {
                self.areas.push(super::AreaRow::plain(area.clone()));
            }
        }
        for team in &local.campaign.teams {
            if self.team(team.code.as_str()).is_none() {
                self.teams.push(team.clone());
            }
        }
        for stop in &local.campaign.stops {
            if self.stop(stop.code.as_str()).is_none() {
                let stop = stop.clone();
                self.stops.push(super::StopRow { stop, address: None, phone: None });
            }
        }
    }

    fn joined(&self, local: &LocalCampaign, first: NaiveDate) -> JoinedCampaign {
        let day = first.max(local.campaign.start);
        let is_merged = |area: &&Area| self.successor(&area.code, day) != &area.code;
        let areas = self.areas.iter().map(|row| &row.area);
        let mut closures = closed_days(&self.closures);
        for (place, gone) in &self.gone {
            let last = local.campaign.end;
            closures.retain(|one| one.place != *place || one.day < *gone);
            closures.extend(
                crate::domain::date::days((*gone).max(day), last).map(|day| {
                    crate::domain::site::Closure { place: place.clone(), day, doses: 0 }
                }),
            );
        }
        let mut campaign = Campaign {
            areas: areas.filter(|area| !is_merged(area)).cloned().collect(),
            eligible: self.eligible(&local.campaign, day),
            sites: self.sites_on(day),
            teams: self.teams.clone(),
            stops: self.stops.iter().map(|row| self.stop_on(&row.stop, day)).collect(),
            closures,
            travel: self.travel.unwrap_or_default(),
            ..local.campaign.clone()
        };
        let mut limits: BTreeMap<PlaceCode, Vec<SiteLimit>> = BTreeMap::new();
        for limit in &local.limits {
            limits.entry(limit.row.site.code.clone()).or_default().push(limit.clone());
        }
        for site in &mut campaign.sites {
            let mut own = limits.get(&site.code).into_iter().flatten();
            if let Some(rate) = own.find_map(|limit| limit.wastage_rate) {
                site.wastage_rate = rate;
            }
        }
        let rows = if local.has_reach { Some(&local.campaign.reach) } else { self.reach.as_ref() };
        campaign.reach = self.reach_on(rows, &campaign.sites, day);
        let of_session = |session: &AgreedSession| AgreedSession {
            area: session.area.as_ref().map(|area| self.successor(area, day).clone()),
            ..session.clone()
        };
        JoinedCampaign {
            sessions: local.sessions.iter().map(of_session).collect(),
            limits,
            closures: local.closures.clone(),
            kinds: local.kinds.clone(),
            campaign,
        }
    }

    /// The denominators as of a day; those of merged areas are added to the successor's.
    fn eligible(&self, campaign: &Campaign, day: NaiveDate) -> Vec<Eligible> {
        let mut sums: BTreeMap<CohortKey, Eligible> = BTreeMap::new();
        for (key, row) in campaign.eligible_on(day) {
            let area = self.successor(&key.area, day).clone();
            let key = CohortKey { area: area.clone(), group: key.group };
            let sum =
                sums.entry(key).or_insert_with(|| Eligible { area, people: 0, ..row.clone() });
            sum.people = sum.people.saturating_add(row.people);
        }
        sums.into_values().collect()
    }

    /// One row for each site: what it is on a day, in the order of the table.
    fn sites_on(&self, day: NaiveDate) -> Vec<Site> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let codes = self.sites.iter().map(|row| row.site.code.as_str());
        let codes: Vec<&str> = codes.filter(|code| seen.insert(code)).collect();
        let site = |code: &str| -> Option<Site> {
            let mut site = self.site_on(code, day)?.site.clone();
            // Where it stands is said by its newest row.
            let newest = &self.site_rows(code).last()?.site;
            (site.name, site.point) = (newest.name.clone(), newest.point);
            site.area = self.successor(&newest.area, day).clone();
            Some(site)
        };
        codes.into_iter().filter_map(site).collect()
    }

    fn stop_on(&self, stop: &Stop, day: NaiveDate) -> Stop {
        Stop { area: self.successor(&stop.area, day).clone(), ..stop.clone() }
    }

    /// Which sites serve an area on a day; without rows, every site its own area.
    fn reach_on(&self, rows: Option<&Vec<Reach>>, sites: &[Site], day: NaiveDate) -> Vec<Reach> {
        let Some(rows) = rows else {
            let own = |site: &Site| Reach { area: site.area.clone(), site: site.code.clone() };
            return sites.iter().map(own).collect();
        };
        let mut seen = BTreeSet::new();
        let merged = |reach: &Reach| Reach {
            area: self.successor(&reach.area, day).clone(),
            site: reach.site.clone(),
        };
        rows.iter().map(merged).filter(|reach| seen.insert(reach.clone())).collect()
    }
}
