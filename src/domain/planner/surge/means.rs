//! What a jurisdiction knows of stations, crews, staff and places where a site could be opened.

use super::resources::usual_week;
use super::{Resources, StationTerms};
use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::jurisdiction::{
    Crew, CrewKind, Jurisdiction, People, Role, SiteRow, crew_of, default_crews,
};
use crate::domain::site::Site;
use chrono::NaiveDate;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::{BTreeMap, BTreeSet};

/// Why more cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MeansError {
    /// Staff for an area without a site.
    #[error("{area} has no open site at which more staff could work")]
    NoOpenSite {
        /// The area.
        area: AreaCode,
    },
    /// More stations than fit.
    #[error("no room for {stations} more stations at sites of {area}; see `stations` in sites.csv")]
    NoRoom {
        /// The area.
        area: AreaCode,
        /// Stations that do not fit.
        stations: u32,
    },
    /// A site that is none of those that could be opened.
    #[error("{site} is not marked as a candidate in sites.csv")]
    NoCandidate {
        /// What was asked for.
        site: PlaceCode,
    },
    /// People of another role than vaccinators, of whom nobody is counted.
    #[error(
        "{role} cannot be supposed where nobody has counted the staff; fill in staff.csv, or \
         suppose vaccinators"
    )]
    NotCounted {
        /// The role.
        role: Role,
    },
}

/// What can be used more of.
#[derive(Debug, Clone, PartialEq)]
pub struct Means {
    /// A station of a site of which nothing else is known.
    pub usual: StationTerms,
    /// Stations of other sites.
    pub stations: BTreeMap<PlaceCode, StationTerms>,
    /// Places where a site could be opened, with what they could give, and what opening costs, in staff.
    pub candidates: Vec<(Site, f64)>,
    /// Whom a station and a team need.
    pub crews: Vec<Crew>,
    /// Staff of each area by role; `None`: nobody has counted them.
    pub staff: Option<BTreeMap<AreaCode, People>>,
    /// Days on which sites are shut for want of people alone: stations with their people open them.
    pub unstaffed: BTreeMap<PlaceCode, BTreeSet<NaiveDate>>,
}

impl Means {
    /// What is known on a day. `doses_a_day`: what a station gives where nothing else is said.
    #[must_use]
    pub fn on(
        day: NaiveDate,
        campaign: &Campaign,
        jurisdiction: Option<&Jurisdiction>,
        doses_a_day: u32,
    ) -> Self {
        let mut means = Self {
            usual: StationTerms { doses_a_day, most: None },
            stations: BTreeMap::new(),
            candidates: Vec::new(),
            crews: default_crews(),
            staff: None,
            unstaffed: BTreeMap::new(),
        };
        let Some(known) = jurisdiction else { return means };
        if !known.crews.is_empty() {
            means.crews.clone_from(&known.crews);
        }
        let begun = known.sites.iter().filter(|row| row.from.is_none_or(|from| from <= day));
        // The last row of a site that has begun is in force.
        let rows: BTreeMap<&PlaceCode, &SiteRow> = begun.map(|row| (&row.site.code, row)).collect();
        for (code, row) in rows {
            if let (Some(one), Some(stations)) = (row.doses_of(1), row.stations) {
                let terms = StationTerms { doses_a_day: one, most: Some(stations.count) };
                means.stations.insert(code.clone(), terms);
            }
            if row.is_candidate {
                let cost = row.opening_cost.and_then(|cost| cost.to_f64()).unwrap_or(0.0);
                means.candidates.push((row.site.clone(), cost));
            }
        }
        if !known.staff.is_empty() {
            means.staff = Some(staff_by_area(campaign, known, day));
        }
        means
    }

    /// The stations of a site.
    #[must_use]
    pub fn terms(&self, code: &PlaceCode) -> StationTerms {
        self.stations.get(code).copied().unwrap_or(self.usual)
    }

    /// Whether a site is shut on a day for want of people alone.
    #[must_use]
    pub fn is_unstaffed(&self, code: &str, day: NaiveDate) -> bool {
        self.unstaffed.get(&PlaceCode::from(code)).is_some_and(|days| days.contains(&day))
    }

    /// The place where a site could be opened, with what opening costs.
    #[must_use]
    pub fn candidate(&self, code: &PlaceCode) -> Option<&(Site, f64)> {
        self.candidates.iter().find(|(site, _)| site.code == *code)
    }

    /// The stations that a candidate would have. Fails where the site is none.
    pub fn most_of_candidate(&self, code: &PlaceCode) -> Result<u32, MeansError> {
        let none = || MeansError::NoCandidate { site: code.clone() };
        let (site, _) = self.candidate(code).ok_or_else(none)?;
        let could = usual_week(site).into_iter().max().unwrap_or(0);
        Ok(self.terms(code).stations_of(could))
    }

    /// Gives vaccinators of an area stations at its sites that are open, one after the other. Fails where it
    /// has none, or where they do not fit.
    pub fn place_staff(
        &self,
        campaign: &Campaign,
        (people, area): (u32, &AreaCode),
        more: &mut Resources,
    ) -> Result<(), MeansError> {
        let open = |site: &&Site| site.area == *area && usual_week(site) != [0; 3];
        let sites: Vec<&Site> = campaign.sites.iter().filter(open).collect();
        if sites.is_empty() {
            return Err(MeansError::NoOpenSite { area: area.clone() });
        }
        let each = self.at_site(1).get(&Role::Vaccinator).copied().unwrap_or(1).max(1);
        let mut left = people / each;
        while left > 0 {
            let before = left;
            for site in &sites {
                let terms = self.terms(&site.code);
                let today = terms.stations_of(usual_week(site).into_iter().max().unwrap_or(0));
                let held = more.stations.get(&site.code).copied().unwrap_or(0);
                if left > 0 && terms.most.is_none_or(|most| today + held < most) {
                    more.stations.insert(site.code.clone(), held + 1);
                    left -= 1;
                }
            }
            if left == before {
                return Err(MeansError::NoRoom { area: area.clone(), stations: left });
            }
        }
        Ok(())
    }

    /// The people of so many stations of a site.
    #[must_use]
    pub fn at_site(&self, stations: u32) -> People {
        crew_of(&self.crews, &BTreeSet::from([CrewKind::Site]), stations)
    }

    /// The people of a team.
    #[must_use]
    pub fn of_team(&self) -> People {
        crew_of(&self.crews, &BTreeSet::from([CrewKind::Team]), 1)
    }

    /// People that each station more needs.
    pub(super) fn people_per_station(&self) -> f64 {
        let own = self.crews.iter().filter(|crew| crew.kind == CrewKind::Site);
        own.filter_map(|crew| crew.per_station.to_f64()).sum::<f64>().max(1.0)
    }

    /// People whom a site needs whatever its stations.
    pub(super) fn people_per_place(&self) -> f64 {
        let own = self.crews.iter().filter(|crew| crew.kind == CrewKind::Site);
        f64::from(own.map(|crew| crew.per_place).sum::<u32>())
    }

    pub(super) fn people_per_team(&self) -> f64 {
        f64::from(self.of_team().values().sum::<u32>()).max(1.0)
    }
}

/// Who works in each area on a day, by what they can do; somebody with two roles counts for both.
fn staff_by_area(
    campaign: &Campaign,
    known: &Jurisdiction,
    day: NaiveDate,
) -> BTreeMap<AreaCode, People> {
    let area_of = |home: &str| {
        let rows = known.sites.iter().find(|row| row.site.code.as_str() == home);
        let own = campaign.sites.iter().find(|site| site.code.as_str() == home);
        rows.map(|row| row.site.area.clone()).or_else(|| own.map(|site| site.area.clone()))
    };
    let mut found: BTreeMap<AreaCode, BTreeMap<Role, u32>> = BTreeMap::new();
    let there = known.staff.iter().filter(|one| {
        one.from.is_none_or(|from| from <= day) && one.until.is_none_or(|until| day <= until)
    });
    for one in there {
        let Some(area) = area_of(&one.home) else { continue };
        let by_role = found.entry(area).or_default();
        for role in &one.roles {
            *by_role.entry(*role).or_default() += 1;
        }
    }
    found
}
