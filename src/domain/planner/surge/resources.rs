//! What more there could be, and a campaign that has it.

use super::Means;
use crate::domain::campaign::Campaign;
use crate::domain::id::{PlaceCode, TeamCode};
use crate::domain::site::{Closure, Site, Team};
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// Staff that they need, with what opening sites costs.
    pub(super) fn staff(&self, means: &Means) -> f64 {
        let stations: u32 = self.stations.values().sum();
        let opened = means.candidates.iter();
        let opened = opened.filter(|(site, _)| self.stations.contains_key(&site.code));
        let (station, team) = (means.people_per_station(), means.people_per_team());
        f64::from(stations) * station
            + f64::from(self.teams) * team
            + opened.map(|(_, cost)| cost).sum::<f64>()
    }

    /// A campaign with them.
    #[must_use]
    pub fn apply(&self, campaign: &Campaign, means: &Means) -> Campaign {
        let mut changed = campaign.clone();
        for (code, &stations) in &self.stations {
            let doses = means.terms(code).doses_a_day.saturating_mul(stations);
            let could = means.candidate(code).map(|(site, _)| site);
            for site in changed.sites.iter_mut().filter(|site| site.code == *code) {
                let typed = could.map(usual_week);
                let mut days =
                    [&mut site.weekday_doses, &mut site.saturday_doses, &mut site.sunday_doses];
                for (at, held) in days.iter_mut().enumerate() {
                    match typed {
                        Some(typed) => **held = typed[at].min(doses),
                        None if **held > 0 => **held = held.saturating_add(doses),
                        None => {}
                    }
                }
            }
            let own = changed.closures.iter_mut().filter(|one| one.place == code.as_str());
            let opens =
                |one: &&mut Closure| one.doses > 0 || means.is_unstaffed(&one.place, one.day);
            for closure in own.filter(opens) {
                closure.doses = closure.doses.saturating_add(doses);
            }
        }
        if let Some(model) = campaign.teams.first() {
            let new =
                |number: u32| Team { code: TeamCode::new(format!("+{number}")), ..model.clone() };
            changed.teams.extend((1..=self.teams).map(new));
        }
        changed
    }
}

/// Doses of a weekday, a Saturday and a Sunday.
pub(super) fn usual_week(site: &Site) -> [u32; 3] {
    [site.weekday_doses, site.saturday_doses, site.sunday_doses]
}
