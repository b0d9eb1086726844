//! A campaign: everything that its folder says, read once, with codes that are known to exist.

use super::area::{Area, Travel};
use super::date::days;
use super::group::{Eligible, Group, GroupSet};
use super::id::{AreaCode, CampaignId, GroupId};
use super::series::Series;
use super::site::{Closure, Delivery, Reach, Site, Stop, Team};
use chrono::NaiveDate;
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A vaccination campaign, checked: every code that one table mentions exists in the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its code.
    pub id: CampaignId,
    /// Its name as people read it.
    pub name: String,
    /// The zone whose midnight ends a reporting day.
    pub timezone: Tz,
    /// The language of its mails where the reader has none of their own.
    pub language: Language,
    /// First planning day.
    pub start: NaiveDate,
    /// Last planning day.
    pub end: NaiveDate,
    /// The dose rules, copied in so that an old campaign keeps the rules that it was planned with.
    pub series: Series,
    /// What people are caught up on, where the campaign is one of catch-up (查漏补种).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
    /// Whether the nightly re-plan may adopt its own drafts.
    pub adopt: Adopt,
    /// How many days from today a re-plan leaves as published.
    pub freeze_days: u32,
    /// Who gets the morning summary.
    pub coordinator: Option<Contact>,
    /// How fast teams drive.
    pub travel: Travel,
    /// Population groups, in the order of the file.
    pub groups: Vec<Group>,
    /// Report lines that add groups up.
    pub group_sets: Vec<GroupSet>,
    /// The area tree, in the order of the file.
    pub areas: Vec<Area>,
    /// The denominators, every revision.
    pub eligible: Vec<Eligible>,
    /// Fixed sites.
    pub sites: Vec<Site>,
    /// Which fixed sites serve an area; resolved: one entry for each pair, also where the file is absent.
    pub reach: Vec<Reach>,
    /// Mobile teams.
    pub teams: Vec<Team>,
    /// Places that a team may visit.
    pub stops: Vec<Stop>,
    /// Days on which a place differs from its week.
    pub closures: Vec<Closure>,
    /// Lots.
    pub deliveries: Vec<Delivery>,
}

/// What a catch-up campaign asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUp {
    /// Vaccine groups, or codes of their vaccines; the whole programme where empty.
    pub vaccines: Vec<String>,
    /// Share of people with all doses of a vaccine that every area must reach.
    pub rate: Decimal,
}

/// Who may adopt a nightly draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adopt {
    /// The nightly re-plan adopts its draft by itself.
    #[default]
    Auto,
    /// The draft waits for a person.
    Ask,
}

/// A language that doseplan speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Language {
    /// The language that a tag such as `zh-CN`, `zh` or `en-GB` asks for.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.trim().to_ascii_lowercase().split(['-', '_']).next() {
            Some("zh") => Some(Self::ZhCn),
            Some("en") => Some(Self::En),
            _ => None,
        }
    }

    /// The tag as files have it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }
}

/// Somebody who gets mail because of their office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name or office.
    pub name: String,
    /// Address; without one nothing can be mailed.
    pub email: Option<String>,
}

/// A group of people in an area, as the planner sees them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CohortKey {
    /// Where they live.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
}

/// A place: a fixed site or a stop.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// A fixed site.
    Site(&'a Site),
    /// A stop of the mobile teams.
    Stop(&'a Stop),
}

impl Place<'_> {
    /// The name that people read.
    pub fn name(&self) -> &str {
        match self {
            Self::Site(site) => &site.name,
            Self::Stop(stop) => &stop.name,
        }
    }

    /// The area that the place stands in.
    pub fn area(&self) -> &AreaCode {
        match self {
            Self::Site(site) => &site.area,
            Self::Stop(stop) => &stop.area,
        }
    }
}

impl Campaign {
    /// The group with this id.
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id.as_str() == id)
    }

    /// The area with this code.
    pub fn area(&self, code: &str) -> Option<&Area> {
        self.areas.iter().find(|area| area.code.as_str() == code)
    }

    /// The fixed site with this code.
    pub fn site(&self, code: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.code.as_str() == code)
    }

    /// The stop with this code.
    pub fn stop(&self, code: &str) -> Option<&Stop> {
        self.stops.iter().find(|stop| stop.code.as_str() == code)
    }

    /// The team with this code.
    pub fn team(&self, code: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.code.as_str() == code)
    }

    /// The lot with this code.
    pub fn lot(&self, code: &str) -> Option<&Delivery> {
        self.deliveries.iter().find(|lot| lot.lot.as_str() == code)
    }

    /// The site or stop with this code.
    pub fn place(&self, code: &str) -> Option<Place<'_>> {
        self.site(code).map(Place::Site).or_else(|| self.stop(code).map(Place::Stop))
    }

    /// The areas whose people a place serves: those that reach a site, the own one of a stop; none of a team.
    pub fn areas_served(&self, place: &str) -> Vec<&AreaCode> {
        if let Some(stop) = self.stop(place) {
            return vec![&stop.area];
        }
        let reach = self.reach.iter().filter(|reach| reach.site.as_str() == place);
        reach.map(|reach| &reach.area).collect()
    }

    /// The eligible people of every cohort on a day: the newest `as_of` not after it, else the oldest.
    pub fn eligible_on(&self, day: NaiveDate) -> BTreeMap<CohortKey, &Eligible> {
        let mut best: BTreeMap<CohortKey, &Eligible> = BTreeMap::new();
        for row in &self.eligible {
            let key = CohortKey { area: row.area.clone(), group: row.group.clone() };
            best.entry(key)
                .and_modify(|held| {
                    let (new, old) = (row.as_of, held.as_of);
                    let day = Some(day);
                    let better =
                        if new <= day { old > day || new > old } else { old > day && new < old };
                    if better {
                        *held = row;
                    }
                })
                .or_insert(row);
        }
        best
    }

    /// A fixed site's capacity on a day: its week, then its closures.
    pub fn capacity(&self, site: &Site, day: NaiveDate) -> u32 {
        self.closures
            .iter()
            .find(|closure| closure.place == site.code.as_str() && closure.day == day)
            .map_or_else(|| site.weekly_capacity(day), |closure| closure.doses)
    }

    /// The fixed sites that can give doses on a day: those whose report is expected.
    pub fn open_sites(&self, day: NaiveDate) -> Vec<&Site> {
        if day < self.start || day > self.end {
            return Vec::new();
        }
        let changed: BTreeMap<&str, u32> = self
            .closures
            .iter()
            .filter(|closure| closure.day == day)
            .map(|closure| (closure.place.as_str(), closure.doses))
            .collect();
        self.sites
            .iter()
            .filter(|site| {
                changed
                    .get(site.code.as_str())
                    .copied()
                    .unwrap_or_else(|| site.weekly_capacity(day))
                    > 0
            })
            .collect()
    }

    /// The planning days, both ends included.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> {
        days(self.start, self.end)
    }

    /// How many planning days there are.
    pub fn day_count(&self) -> usize {
        usize::try_from((self.end - self.start).num_days() + 1).unwrap_or(0)
    }

    /// The top of the area tree: the one area without a parent; `None` where there are several.
    pub fn root(&self) -> Option<&Area> {
        let mut roots = self.areas.iter().filter(|area| area.parent.is_none());
        let first = roots.next();
        if roots.next().is_some() { None } else { first }
    }

    /// An area and everything below it.
    pub fn below(&self, area: &AreaCode) -> BTreeSet<&AreaCode> {
        let mut found = BTreeSet::new();
        let mut open = vec![area];
        while let Some(code) = open.pop() {
            if let Some(known) = self.area(code.as_str())
                && found.insert(&known.code)
            {
                open.extend(
                    self.areas
                        .iter()
                        .filter(|child| child.parent.as_ref() == Some(code))
                        .map(|child| &child.code),
                );
            }
        }
        found
    }

    /// The lots' codes in the order in which they should be used: first expiring first.
    pub fn lots_by_expiry(&self) -> Vec<&Delivery> {
        let mut lots: Vec<_> = self.deliveries.iter().collect();
        lots.sort_by(|a, b| (a.expires, a.date, &a.lot).cmp(&(b.expires, b.date, &b.lot)));
        lots
    }

    /// Every code that a closure may name.
    pub fn closable(&self) -> BTreeSet<&str> {
        let sites = self.sites.iter().map(|site| site.code.as_str());
        let stops = self.stops.iter().map(|stop| stop.code.as_str());
        sites.chain(stops).chain(self.teams.iter().map(|team| team.code.as_str())).collect()
    }
}
