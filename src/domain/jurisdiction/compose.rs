//! A campaign as the rest of the program loads it: its own part over the areas and places of the jurisdiction.
//!
//! What a place can do on a day, and what the campaign may use of it, become the usual week of the campaign's site
//! and its closures. So whoever reads a campaign need not know where its numbers come from.

use super::{ClosedDays, LocalCampaign, SiteRow, StoredJurisdiction};
use crate::domain::area::Area;
use crate::domain::campaign::Campaign;
use crate::domain::date::days;
use crate::domain::id::AreaCode;
use crate::domain::site::{Closure, Delivery, Reach, Site, Stop, Team};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

impl LocalCampaign {
    /// The campaign of a folder that stands alone, without a jurisdiction.
    pub fn alone(&self) -> Campaign {
        StoredJurisdiction::default().compose(self)
    }
}

impl StoredJurisdiction {
    /// A campaign with the areas and places that it uses.
    pub fn compose(&self, own: &LocalCampaign) -> Campaign {
        let said = &own.campaign;
        let areas = self.areas_of(own);
        let codes: BTreeSet<&AreaCode> = areas.iter().map(|area| &area.code).collect();
        let sites = self.places_of(own);
        let teams = self.teams_of(own);
        let stops = self.stops_of(own);
        let closures = self.closures_of(own, &sites, &teams, &stops);
        let reach = self.reach_of(own, &sites, &codes);
        let mergers = self.mergers_of(own, &codes);
        let given = self.jurisdiction.as_ref();
        let travel = given.and_then(|all| all.travel).filter(|_| !own.has_travel);
        let coordinator = given.and_then(|all| all.coordinator.clone());
        let coordinator = coordinator.filter(|_| !own.beyond.is_whole).map(|one| one.contact);
        let campaign = Campaign {
            coordinator: said.coordinator.clone().or(coordinator),
            travel: travel.unwrap_or(said.travel),
            sites: sites.into_iter().map(|place| place.site).collect(),
            deliveries: own.usable_lots(),
            renamed: own.beyond.renamed.clone(),
            areas,
            teams,
            stops,
            closures,
            reach,
            mergers,
            ..said.clone()
        };
        Campaign { around: self.around(&campaign), ..campaign }
    }

    /// The areas: those that the folder names with the successors of merged ones, or all.
    fn areas_of(&self, own: &LocalCampaign) -> Vec<Area> {
        let mut out: Vec<Area> = Vec::new();
        if !own.beyond.is_whole {
            out.extend(self.area_rows().map(|row| self.area_for(own, &row.area)));
        }
        let mut known: BTreeSet<AreaCode> = out.iter().map(|area| area.code.clone()).collect();
        for area in &own.campaign.areas {
            if known.insert(area.code.clone()) {
                out.push(self.area_for(own, area));
            }
        }
        if !own.beyond.is_whole {
            return out;
        }
        let mut at = 0;
        while at < out.len() {
            let row = self.area_row(out[at].code.as_str());
            let into = row.and_then(|row| row.merged.as_ref()).map(|merger| merger.into.clone());
            let next = into.filter(|into| !known.contains(into));
            if let Some(row) = next.and_then(|into| self.area_row(into.as_str())) {
                known.insert(row.area.code.clone());
                out.push(row.area.clone());
            }
            at += 1;
        }
        // A folder may name a part of the tree: what lies above it is not its own.
        for area in &mut out {
            area.parent = self.nearest(area.parent.take(), &known);
        }
        out
    }

    /// An area as a campaign has it: its own row while it contradicts the jurisdiction's.
    fn area_for(&self, own: &LocalCampaign, said: &Area) -> Area {
        if let Some(row) = self.disputed_area(&own.campaign.id, said.code.as_str()) {
            return row.area.clone();
        }
        self.area_row(said.code.as_str()).map_or_else(|| said.clone(), |row| row.area.clone())
    }

    /// The nearest area at or above a code that is among these.
    fn nearest(&self, mut code: Option<AreaCode>, among: &BTreeSet<AreaCode>) -> Option<AreaCode> {
        let mut seen = BTreeSet::new();
        while let Some(at) = code {
            if among.contains(&at) {
                return Some(at);
            }
            let above = self.area_row(at.as_str()).and_then(|row| row.area.parent.clone());
            code = above.filter(|_| seen.insert(at));
        }
        None
    }

    fn mergers_of(
        &self,
        own: &LocalCampaign,
        codes: &BTreeSet<&AreaCode>,
    ) -> BTreeMap<AreaCode, crate::domain::area::Merger> {
        let mut all = own.mergers();
        for row in self.area_rows() {
            match &row.merged {
                Some(merger) => all.insert(row.area.code.clone(), merger.clone()),
                None => all.remove(&row.area.code),
            };
        }
        all.retain(|code, merger| codes.contains(code) && codes.contains(&merger.into));
        all
    }

    fn places_of(&self, own: &LocalCampaign) -> Vec<PlaceRows> {
        let mut codes: Vec<&str> = Vec::new();
        if !own.beyond.is_whole {
            codes.extend(self.site_codes());
        }
        let known: BTreeSet<&str> = codes.iter().copied().collect();
        codes.extend(own.site_codes().into_iter().filter(|code| !known.contains(code)));
        codes.into_iter().filter_map(|code| self.place_of(own, code)).collect()
    }

    fn place_of(&self, own: &LocalCampaign, code: &str) -> Option<PlaceRows> {
        let (mine, theirs) = (own.site_rows(code), self.site_rows(code));
        // The rows of a place that only campaigns bring are theirs: each has what it says itself.
        let is_brought = self.brought.contains(code) || theirs.is_empty();
        let rows = if is_brought && !mine.is_empty() { &mine } else { &theirs };
        let limits: Vec<SiteRow> = if is_brought { Vec::new() } else { cloned(&mine) };
        let disputed = self.disputed_site(&own.campaign.id, code);
        let who = disputed.or_else(|| theirs.last().copied()).or_else(|| mine.last().copied())?;
        let rows = cloned(rows);
        let capacity = if is_brought {
            Capacity { place: Doses::new(code, &rows, &own.closures), limit: None }
        } else {
            Capacity::new(code, (&rows, self.closures()), (&limits, &own.closures))
        };
        let (start, end) = (own.campaign.start, own.campaign.end);
        let first = row_on(&rows, start).or_else(|| rows.first())?;
        let [weekday_doses, saturday_doses, sunday_doses] = capacity.week(start);
        let within = |row: &&SiteRow| row.from.is_none_or(|from| from <= end);
        let storage = rows.iter().filter(within).chain(limits.iter().filter(within));
        let rate = limits.iter().find_map(|row| own.wastage_of(row));
        let wasted = rows.iter().filter(within).map(|row| row.site.wastage_rate).max();
        let site = Site {
            code: first.site.code.clone(),
            name: who.site.name.clone(),
            area: who.site.area.clone(),
            point: who.site.point,
            lead: who.site.lead.clone(),
            weekday_doses,
            saturday_doses,
            sunday_doses,
            // The smallest at any time: what fits then fits always.
            storage_doses: storage.filter_map(|row| row.site.storage_doses).min(),
            restock: first.site.restock,
            // The largest at any time, for the same reason.
            wastage_rate: rate.or(wasted).unwrap_or(first.site.wastage_rate),
        };
        Some(PlaceRows { site, capacity })
    }

    fn teams_of(&self, own: &LocalCampaign) -> Vec<Team> {
        let given = self.jurisdiction.as_ref().map_or(&[][..], |all| &all.teams);
        let all = if own.beyond.is_whole { &[][..] } else { given };
        let known: BTreeSet<&str> = all.iter().map(|team| team.code.as_str()).collect();
        let more = own.campaign.teams.iter().filter(|team| !known.contains(team.code.as_str()));
        let row = |said: &Team| {
            let code = said.code.as_str();
            let disputed = self.disputed_team(&own.campaign.id, code);
            let held = || given.iter().find(|team| team.code.as_str() == code);
            disputed.or_else(held).unwrap_or(said).clone()
        };
        all.iter().chain(more).map(row).collect()
    }

    fn stops_of(&self, own: &LocalCampaign) -> Vec<Stop> {
        let given = self.jurisdiction.as_ref().map_or(&[][..], |all| &all.stops);
        let all = if own.beyond.is_whole { &[][..] } else { given };
        let all: Vec<&Stop> = all.iter().map(|row| &row.stop).collect();
        let known: BTreeSet<&str> = all.iter().map(|stop| stop.code.as_str()).collect();
        let more = own.campaign.stops.iter().filter(|stop| !known.contains(stop.code.as_str()));
        let row = |said: &Stop| {
            let code = said.code.as_str();
            let disputed = self.disputed_stop(&own.campaign.id, code).map(|row| &row.stop);
            let held = || given.iter().map(|row| &row.stop).find(|stop| stop.code.as_str() == code);
            disputed.or_else(held).unwrap_or(said).clone()
        };
        all.iter().copied().chain(more).map(row).collect()
    }

    /// Days on which places differ from their usual week: the campaign's own closures in their order, then what the
    /// jurisdiction adds.
    fn closures_of(
        &self,
        own: &LocalCampaign,
        sites: &[PlaceRows],
        teams: &[Team],
        stops: &[Stop],
    ) -> Vec<Closure> {
        let (start, end) = (own.campaign.start, own.campaign.end);
        let of_site: BTreeMap<&str, &PlaceRows> =
            sites.iter().map(|place| (place.site.code.as_str(), place)).collect();
        let mobile: BTreeSet<&str> = teams.iter().map(|team| team.code.as_str()).collect();
        let mobile: BTreeSet<&str> =
            stops.iter().map(|stop| stop.code.as_str()).chain(mobile).collect();
        let effective = |closure: Closure| match of_site.get(closure.place.as_str()) {
            Some(place) => Closure { doses: place.capacity.on(closure.day), ..closure },
            None => closure,
        };
        let mut out: Vec<Closure> = own.closed().map(effective).collect();
        let mut seen: BTreeSet<(String, NaiveDate)> =
            out.iter().map(|one| (one.place.clone(), one.day)).collect();
        let mut add = |place: &str, day: NaiveDate, doses: u32| {
            if seen.insert((place.to_owned(), day)) {
                out.push(Closure { place: place.to_owned(), day, doses });
            }
        };
        for place in sites.iter().filter(|place| place.capacity.changes()) {
            for day in days(start, end) {
                let doses = place.capacity.on(day);
                if doses != place.site.weekly_capacity(day) {
                    add(place.site.code.as_str(), day, doses);
                }
            }
        }
        let off = self.closures().iter().filter(|closed| mobile.contains(closed.place.as_str()));
        for closed in off {
            for day in days(closed.first.max(start), closed.last.min(end)) {
                add(&closed.place, day, closed.doses);
            }
        }
        let theirs = self.jurisdiction.iter().flat_map(|all| &all.gone);
        for (code, gone) in theirs.chain(&own.beyond.gone) {
            if mobile.contains(code.as_str()) {
                days((*gone).max(start), end).for_each(|day| add(code, day, 0));
            }
        }
        out
    }

    fn reach_of(
        &self,
        own: &LocalCampaign,
        sites: &[PlaceRows],
        areas: &BTreeSet<&AreaCode>,
    ) -> Vec<Reach> {
        if own.has_reach {
            return own.campaign.reach.clone();
        }
        match self.jurisdiction.as_ref().and_then(|all| all.reach.as_ref()) {
            Some(rows) => {
                let is_here = |row: &&Reach| {
                    areas.contains(&row.area) && sites.iter().any(|one| one.site.code == row.site)
                };
                rows.iter().filter(is_here).cloned().collect()
            }
            None => sites
                .iter()
                .map(|one| Reach { area: one.site.area.clone(), site: one.site.code.clone() })
                .collect(),
        }
    }

    fn closures(&self) -> &[ClosedDays] {
        self.jurisdiction.as_ref().map_or(&[], |all| &all.closures)
    }
}

impl LocalCampaign {
    /// Its lots; a recalled one may be used until the day before.
    fn usable_lots(&self) -> Vec<Delivery> {
        let lot = |lot: &Delivery| {
            let recalled = self.beyond.recalled.get(&lot.lot);
            let last = recalled.map(|day| *day - TimeDelta::days(1));
            Delivery { expires: last.map_or(lot.expires, |l| l.min(lot.expires)), ..lot.clone() }
        };
        self.campaign.deliveries.iter().map(lot).collect()
    }

    fn wastage_of(&self, row: &SiteRow) -> Option<Decimal> {
        let limit = self.limits.iter().find(|limit| limit.row == *row);
        limit.and_then(|limit| limit.wastage_rate)
    }
}

fn cloned(rows: &[&SiteRow]) -> Vec<SiteRow> {
    rows.iter().map(|row| (*row).clone()).collect()
}

/// A site and what it gives the campaign on each day.
struct PlaceRows {
    site: Site,
    capacity: Capacity,
}

/// Doses of a day: the least of what the place can do and what the campaign may use of it.
struct Capacity {
    place: Doses,
    /// `None`: the campaign says nothing.
    limit: Option<Doses>,
}

/// Rows of a site and its closures.
struct Doses {
    rows: Vec<SiteRow>,
    closed: Vec<ClosedDays>,
}

/// The row in force on a day, of rows that are sorted by their first day; before the first one the site is shut.
fn row_on(rows: &[SiteRow], day: NaiveDate) -> Option<&SiteRow> {
    rows.iter().rev().find(|row| row.from.is_none_or(|from| from <= day))
}

impl Doses {
    fn new(code: &str, rows: &[SiteRow], closed: &[ClosedDays]) -> Self {
        let closed = closed.iter().filter(|one| one.place == code).cloned().collect();
        Self { rows: rows.to_vec(), closed }
    }

    fn on(&self, day: NaiveDate) -> u32 {
        let Some(row) = row_on(&self.rows, day).filter(|row| !row.is_candidate) else { return 0 };
        let is_in = |one: &&ClosedDays| one.first <= day && day <= one.last;
        let closed = self.closed.iter().find(is_in).map(|one| one.doses);
        let typed = closed.unwrap_or_else(|| row.site.weekly_capacity(day));
        row.stations_most().map_or(typed, |most| most.min(typed))
    }

    /// The usual week as on a day: Monday to Friday, Saturday, Sunday.
    fn week(&self, day: NaiveDate) -> [u32; 3] {
        let row = row_on(&self.rows, day).filter(|row| !row.is_candidate);
        let most = row.and_then(SiteRow::stations_most).unwrap_or(u32::MAX);
        let site = row.map(|row| &row.site);
        let week = site
            .map_or([0; 3], |site| [site.weekday_doses, site.saturday_doses, site.sunday_doses]);
        week.map(|doses| doses.min(most))
    }
}

impl Capacity {
    /// Of a place by its rows and closures, and of a campaign by its own. Where the campaign has no rows of its own,
    /// its closures are the place's.
    fn new(
        code: &str,
        (rows, closed): (&[SiteRow], &[ClosedDays]),
        (limits, own): (&[SiteRow], &[ClosedDays]),
    ) -> Self {
        let place = Doses::new(code, rows, closed);
        let limit = if !limits.is_empty() {
            Some(Doses::new(code, limits, own))
        } else if own.iter().any(|one| one.place == code) {
            Some(Doses::new(code, rows, own))
        } else {
            None
        };
        Self { place, limit }
    }

    fn on(&self, day: NaiveDate) -> u32 {
        let limit = self.limit.as_ref().map(|limit| limit.on(day));
        limit.map_or_else(|| self.place.on(day), |limit| limit.min(self.place.on(day)))
    }

    fn week(&self, day: NaiveDate) -> [u32; 3] {
        let place = self.place.week(day);
        let limit = self.limit.as_ref().map_or([u32::MAX; 3], |limit| limit.week(day));
        [0, 1, 2].map(|at| place[at].min(limit[at]))
    }

    /// Whether some day may differ from the usual week beyond the campaign's own closures.
    fn changes(&self) -> bool {
        let both = [Some(&self.place), self.limit.as_ref()];
        both.into_iter().flatten().any(|one| one.rows.iter().any(|row| row.from.is_some()))
            || !self.place.closed.is_empty()
    }
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
