//! What more there could be, and a campaign that has it.

use super::Means;
use crate::domain::campaign::Campaign;
use crate::domain::id::{PlaceCode, TeamCode};
use crate::domain::jurisdiction::{ClosedDays, Joined, SiteRow};
use crate::domain::site::{Closure, Site, Team};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Add;

/// What a station of a site does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StationTerms {
    /// Doses that it gives on a day.
    pub doses_a_day: u32,
    /// Most stations that fit into the site; `None`: any number.
    pub most: Option<u32>,
}

impl StationTerms {
    /// Stations that so many doses a day take.
    #[must_use]
    pub fn stations_of(&self, doses: u32) -> u32 {
        doses.div_ceil(self.doses_a_day.max(1))
    }
}

/// Stations, sites and teams beside those that are there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// More stations of a site; of a candidate, all of its stations.
    pub stations: BTreeMap<PlaceCode, u32>,
    /// More teams like the first one.
    pub teams: u32,
}

impl Resources {
    /// Staff that they need. `opening`: what the first station of a site takes beside its people, where nobody works.
    pub(super) fn staff(&self, means: &Means, opening: &BTreeMap<PlaceCode, f64>) -> f64 {
        let stations: u32 = self.stations.values().sum();
        let opened = opening.iter().filter(|(code, _)| self.stations.contains_key(*code));
        let (station, team) = (means.people_per_station(), means.people_per_team());
        let begun = opened.map(|(_, cost)| cost).fold(0.0, Add::add);
        f64::from(stations) * station + f64::from(self.teams) * team + begun
    }

    /// A campaign with them.
    #[must_use]
    pub fn apply(&self, campaign: &Campaign, means: &Means) -> Campaign {
        let mut changed = campaign.clone();
        for (code, &stations) in &self.stations {
            let doses = means.terms(code).doses_a_day.saturating_mul(stations);
            let could = means.candidate(code).map(|(site, _)| site);
            for site in changed.sites.iter_mut().filter(|site| site.code == *code) {
                raise(site, could, doses);
            }
            let own = changed.closures.iter_mut().filter(|one| one.place == code.as_str());
            let opens =
                |one: &&mut Closure| one.doses > 0 || means.is_unstaffed(&one.place, one.day);
            for closure in own.filter(opens) {
                closure.doses = closure.doses.saturating_add(doses);
            }
        }
        changed.teams.extend(self.new_teams(&campaign.teams));
        changed
    }

    /// Campaigns over the places of a jurisdiction that have them. What a campaign allows itself of a site rises with
    /// the site's stations.
    #[must_use]
    pub(in crate::domain::planner) fn join(&self, joined: &Joined, means: &Means) -> Joined {
        let mut changed = joined.clone();
        for (code, &stations) in &self.stations {
            let doses = means.terms(code).doses_a_day.saturating_mul(stations);
            let could = means.candidate(code).map(|(site, _)| site);
            let limits = changed.campaigns.iter_mut().filter_map(|one| one.limits.get_mut(code));
            let limits = limits.flatten().map(|limit| &mut limit.row);
            let rows = changed.jurisdiction.sites.iter_mut();
            for row in rows.filter(|row| row.site.code == *code).chain(limits) {
                raise_row(row, could, doses);
            }
            let own = changed.campaigns.iter_mut().flat_map(|one| &mut one.closures);
            let all = changed.jurisdiction.closures.iter_mut().chain(own);
            let is_day = |one: &ClosedDays| one.first == one.last;
            let opens = |one: &ClosedDays| {
                one.doses > 0 || is_day(one) && means.is_unstaffed(&one.place, one.first)
            };
            for closed in all.filter(|one| one.place == code.as_str() && opens(one)) {
                closed.doses = closed.doses.saturating_add(doses);
            }
        }
        let teams: Vec<Team> = self.new_teams(&joined.jurisdiction.teams).collect();
        changed.jurisdiction.teams.extend(teams.iter().cloned());
        for one in &mut changed.campaigns {
            one.campaign.teams.extend(teams.iter().cloned());
        }
        changed
    }

    /// Teams like the first one.
    fn new_teams(&self, teams: &[Team]) -> impl Iterator<Item = Team> + use<> {
        let (model, count) = (teams.first().cloned(), self.teams);
        model.into_iter().flat_map(move |model| {
            (1..=count).map(move |number| Team {
                code: TeamCode::new(format!("+{number}")),
                ..model.clone()
            })
        })
    }
}

/// Gives a site more doses on days on which it is open. `could`: what it could give if it is a candidate, which opens.
fn raise(site: &mut Site, could: Option<&Site>, doses: u32) {
    let typed = could.map(usual_week);
    let days = [&mut site.weekday_doses, &mut site.saturday_doses, &mut site.sunday_doses];
    for (at, held) in days.into_iter().enumerate() {
        match typed {
            Some(typed) => *held = typed[at].min(doses),
            None if *held > 0 => *held = held.saturating_add(doses),
            None => {}
        }
    }
}

/// The same of a row of a jurisdiction's site: of a candidate those that say that it is one, of others all that do not.
fn raise_row(row: &mut SiteRow, could: Option<&Site>, doses: u32) {
    if could.is_some() == row.is_candidate {
        raise(&mut row.site, could, doses);
        row.is_candidate = false;
    }
}

/// Doses of a weekday, a Saturday and a Sunday.
pub(super) fn usual_week(site: &Site) -> [u32; 3] {
    [site.weekday_doses, site.saturday_doses, site.sunday_doses]
}
