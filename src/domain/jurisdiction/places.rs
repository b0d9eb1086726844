//! Rows of a jurisdiction's tables: what they say beyond the tables of a campaign.

use crate::domain::area::{Area, Merger};
use crate::domain::contact::Contact;
use crate::domain::id::AreaCode;
use crate::domain::site::{Closure, Site, Stop};
use crate::domain::words::words;
use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// The level of an area in the tree.
    pub enum AreaLevel {
        /// Province (省).
        Province = "province",
        /// Prefecture (市).
        Prefecture = "prefecture",
        /// County (县、区).
        County = "county",
        /// Township (乡镇、街道).
        Township = "township",
        /// Village (村、社区).
        Village = "village",
        /// A school, whose pupils are counted with it.
        School = "school",
        /// An employer, whose people are counted with it.
        Employer = "employer",
        /// A care home, whose residents are counted with it.
        CareHome = "care_home",
    }
}

/// An area of a jurisdiction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AreaRow {
    /// The area.
    pub area: Area,
    /// Its level, where said.
    pub level: Option<AreaLevel>,
    /// People who live in it, where said.
    pub population: Option<u32>,
    /// The area that it was merged into (并镇).
    pub merged: Option<Merger>,
}

impl AreaRow {
    /// An area of which nothing more is known.
    pub fn plain(area: Area) -> Self {
        Self { area, level: None, population: None, merged: None }
    }
}

/// What a fixed site can do from a day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteRow {
    /// The site.
    pub site: Site,
    /// The first day of this row; `None`: from the beginning.
    pub from: Option<NaiveDate>,
    /// Street address.
    pub address: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Opening hours.
    pub hours: Option<Hours>,
    /// Minutes of a slot of its sessions, where said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_minutes: Option<u32>,
    /// Stations that fit, where they limit the doses of a day.
    pub stations: Option<Stations>,
    /// Whether it is only a place where a site could be opened: it gives nothing.
    pub is_candidate: bool,
    /// What opening it costs, in any unit.
    pub opening_cost: Option<Decimal>,
}

impl SiteRow {
    /// A site of which nothing more is known.
    pub fn plain(site: Site) -> Self {
        Self {
            site,
            from: None,
            address: None,
            phone: None,
            hours: None,
            slot_minutes: None,
            stations: None,
            is_candidate: false,
            opening_cost: None,
        }
    }

    /// The row of this site from the day on which it is no longer there: it gives nothing.
    #[must_use]
    pub fn ended(&self, gone: NaiveDate) -> Self {
        let site = Site {
            weekday_doses: 0,
            saturday_doses: 0,
            sunday_doses: 0,
            storage_doses: None,
            ..self.site.clone()
        };
        Self { from: Some(gone), site, stations: None, ..self.clone() }
    }

    /// Most doses that its stations can give on a day that it is open; `None` without a limit.
    pub fn stations_most(&self) -> Option<u32> {
        self.doses_of(self.stations?.count)
    }

    /// Most doses that so many of its stations can give on a day that it is open; `None` where its
    /// stations do not limit it.
    pub fn doses_of(&self, count: u32) -> Option<u32> {
        let (stations, hours) = (self.stations?, self.hours?);
        let minutes = Decimal::from(hours.minutes());
        let doses = Decimal::from(count) * stations.doses_per_hour * minutes;
        Some((doses / Decimal::from(60)).floor().to_u32().unwrap_or(u32::MAX))
    }
}

/// Stations of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stations {
    /// How many fit.
    pub count: u32,
    /// Doses that each gives in an hour.
    pub doses_per_hour: Decimal,
}

/// Opening hours: `opens` is before `closes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// When it opens.
    pub opens: NaiveTime,
    /// When it closes.
    pub closes: NaiveTime,
}

impl Hours {
    /// Minutes between opening and closing.
    pub fn minutes(self) -> i64 {
        (self.closes - self.opens).num_minutes()
    }
}

/// A campaign's own limit at a site, inside what the place can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteLimit {
    /// The row; its name, area and point are the jurisdiction's where the campaign says none.
    pub row: SiteRow,
    /// Its own wastage rate, where the campaign says one.
    pub wastage_rate: Option<Decimal>,
}

/// A stop of a jurisdiction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StopRow {
    /// The stop.
    pub stop: Stop,
    /// Street address.
    pub address: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
}

/// Days on which a site has another capacity, or a team or stop does not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedDays {
    /// Code of the site, team or stop.
    pub place: String,
    /// The first day.
    pub first: NaiveDate,
    /// The last day, not before the first.
    pub last: NaiveDate,
    /// Doses that can be given on each of these days; always 0 for teams and stops.
    pub doses: u32,
    /// Why.
    pub reason: Option<String>,
}

impl ClosedDays {
    /// A closure of one day.
    pub fn of(closure: &Closure) -> Self {
        Self {
            place: closure.place.clone(),
            first: closure.day,
            last: closure.day,
            doses: closure.doses,
            reason: None,
        }
    }
}

/// Closures of single days, in the order of place and day.
pub fn closed_days(closures: &[ClosedDays]) -> Vec<Closure> {
    let mut days: BTreeMap<(&str, NaiveDate), u32> = BTreeMap::new();
    for closure in closures {
        for day in crate::domain::date::days(closure.first, closure.last) {
            days.insert((closure.place.as_str(), day), closure.doses);
        }
    }
    let closure = |((place, day), doses): ((&str, NaiveDate), u32)| Closure {
        place: place.to_owned(),
        day,
        doses,
    };
    days.into_iter().map(closure).collect()
}

words! {
    /// What a contact of an area does.
    pub enum ContactRole {
        /// Coordinates.
        Coordinator = "coordinator",
        /// Stands in for the coordinator.
        Deputy = "deputy",
        /// Gets the lists of a school, and no summaries.
        School = "school",
    }
}

/// Somebody who gets the summary of an area and all below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaContact {
    /// The area.
    pub area: AreaCode,
    /// Name and address.
    pub contact: Contact,
    /// Telephone number.
    pub phone: Option<String>,
    /// What they do.
    pub role: ContactRole,
}
