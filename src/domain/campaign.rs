//! A campaign: the content of its folder, read once. Every code that a table mentions exists.

use super::area::{Area, Merger, Travel};
use super::contact::Contact;
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

/// A vaccination campaign whose tables have been checked against each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its code.
    pub id: CampaignId,
    /// Its display name.
    pub name: String,
    /// The time zone in which days begin and end.
    pub timezone: Tz,
    /// The language of its mails to readers who have not chosen one.
    pub language: Language,
    /// First planning day.
    pub start: NaiveDate,
    /// Last planning day.
    pub end: NaiveDate,
    /// The dose rules: a copy, so that a campaign keeps the rules it was planned with.
    pub series: Series,
    /// What a catch-up campaign (查漏补种) gives; `None` for a campaign of one series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
    /// Whether the nightly re-plan may adopt its own drafts.
    pub adopt: Adopt,
    /// Days from today on that a re-plan leaves as they are.
    pub freeze_days: u32,
    /// The chance, 0..=1, that a session may turn somebody away because it calls more people than it has seats; some
    /// stay away. 0: it never calls more.
    #[serde(default = "overbook_risk")]
    pub overbook_risk: Decimal,
    /// Who receives the morning summary.
    pub coordinator: Option<Contact>,
    /// How fast teams drive.
    pub travel: Travel,
    /// Population groups, in the order of the file.
    pub groups: Vec<Group>,
    /// Report lines that add groups up.
    pub group_sets: Vec<GroupSet>,
    /// The area tree, in the order of the file.
    pub areas: Vec<Area>,
    /// The areas whose people it may be about, where those are not all: in a jurisdiction of several counties those of
    /// the counties in which somebody is eligible. It follows from the tables and is not stored.
    #[serde(skip)]
    pub around: Option<Vec<AreaCode>>,
    /// Eligible people by area and group, all revisions.
    pub eligible: Vec<Eligible>,
    /// Fixed sites.
    pub sites: Vec<Site>,
    /// Which fixed sites serve an area, one entry for each pair; filled in where the file is absent.
    pub reach: Vec<Reach>,
    /// Mobile teams.
    pub teams: Vec<Team>,
    /// Places that teams may visit.
    pub stops: Vec<Stop>,
    /// Days on which the capacity of a place differs from its usual week.
    pub closures: Vec<Closure>,
    /// Lots of vaccine for the county store.
    pub deliveries: Vec<Delivery>,
    /// Areas that were merged into others (并镇), or will be. Both stand among the areas; see
    /// [`Campaign::on`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mergers: BTreeMap<AreaCode, Merger>,
    /// Groups that have another name now, from the old name, under which facts stand, to the new one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub renamed: BTreeMap<GroupId, GroupId>,
}

/// Days from today on that a re-plan leaves as they are, where a campaign says nothing.
pub const FREEZE_DAYS: u32 = 7;

/// The chance that a session may turn somebody away, where a campaign says nothing.
#[must_use]
pub fn overbook_risk() -> Decimal {
    Decimal::new(2, 2)
}

/// What a catch-up campaign gives, and its goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUp {
    /// Vaccine groups, or codes of their vaccines; the whole programme where empty.
    pub vaccines: Vec<String>,
    /// Goal: the share of people, 0..=1, that must have all doses of a vaccine in every area.
    pub rate: Decimal,
}

/// Who adopts the nightly draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adopt {
    /// The nightly job adopts it.
    #[default]
    Auto,
    /// A person must adopt it.
    Ask,
}

/// A language of doseplan's texts.
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
    /// The language of a tag such as `zh-CN`, `zh` or `en-GB`; `None` for a language without texts.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.trim().to_ascii_lowercase().split(['-', '_']).next() {
            Some("zh") => Some(Self::ZhCn),
            Some("en") => Some(Self::En),
            _ => None,
        }
    }

    /// The tag used in files.
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }
}

/// A cohort: the people of one group who live in one area.
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
    /// Its display name.
    pub fn name(&self) -> &str {
        match self {
            Self::Site(site) => &site.name,
            Self::Stop(stop) => &stop.name,
        }
    }

    /// The area that it lies in.
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

    /// The first day of the season that the campaign begins in, and the first day of the next one; `None` where its
    /// series has no seasons.
    pub fn season(&self) -> Option<(NaiveDate, NaiveDate)> {
        self.series.season_start.map(|start| start.season(self.start))
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

    /// The eligible people of every cohort as of a day: of several revisions the newest whose `as_of` is not
    /// after the day, else the oldest. A revision without `as_of` is older than any other.
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

    /// Doses that a fixed site can give on a day: as in its usual week, unless a closure says otherwise.
    pub fn capacity(&self, site: &Site, day: NaiveDate) -> u32 {
        self.closures
            .iter()
            .find(|closure| closure.place == site.code.as_str() && closure.day == day)
            .map_or_else(|| site.weekly_capacity(day), |closure| closure.doses)
    }

    /// The fixed sites with capacity on a day, whose reports are expected. None outside the campaign.
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

    /// The days of the campaign, `start` and `end` included.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> {
        days(self.start, self.end)
    }

    /// The number of days of the campaign; 0 where `end` is before `start`.
    pub fn day_count(&self) -> usize {
        usize::try_from((self.end - self.start).num_days() + 1).unwrap_or(0)
    }

    /// The area without a parent; `None` where there are several, or none.
    pub fn root(&self) -> Option<&Area> {
        let mut roots = self.areas.iter().filter(|area| area.parent.is_none());
        let first = roots.next();
        if roots.next().is_some() { None } else { first }
    }

    /// An area and all areas below it; empty for an unknown code.
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

    /// The lots in the order of use: by last day of use, then by arrival, then by code.
    pub fn lots_by_expiry(&self) -> Vec<&Delivery> {
        let mut lots: Vec<_> = self.deliveries.iter().collect();
        lots.sort_by(|a, b| (a.expires, a.date, &a.lot).cmp(&(b.expires, b.date, &b.lot)));
        lots
    }

    /// The codes that a closure may name: of sites, stops and teams.
    pub fn closable(&self) -> BTreeSet<&str> {
        let sites = self.sites.iter().map(|site| site.code.as_str());
        let stops = self.stops.iter().map(|stop| stop.code.as_str());
        sites.chain(stops).chain(self.teams.iter().map(|team| team.code.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{county, day, eligible};

    fn codes(sites: &[&Site]) -> Vec<String> {
        sites.iter().map(|site| site.code.to_string()).collect()
    }

    #[test]
    fn the_newest_eligible_count_not_after_the_day_holds_else_the_oldest() {
        let rows = [
            eligible("S", "adult", 1, Some(10)),
            eligible("S", "adult", 2, Some(20)),
            eligible("S", "adult", 3, Some(5)),
        ];
        // Whatever the order of the file.
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut campaign = county();
            campaign.eligible = order.map(|at| rows[at].clone()).to_vec();
            let people = |on: i64| -> Vec<u32> {
                campaign.eligible_on(day(on)).values().map(|row| row.people).collect()
            };
            for (on, expected) in
                [(0, 3), (4, 3), (5, 3), (9, 3), (10, 1), (19, 1), (20, 2), (99, 2)]
            {
                assert_eq!(people(on), [expected], "day {on}, order {order:?}");
            }
            campaign.eligible.push(eligible("S", "adult", 9, None));
            for (on, expected) in [(0, 9), (4, 9), (5, 3), (20, 2)] {
                let found = campaign.eligible_on(day(on));
                let people: Vec<u32> = found.values().map(|row| row.people).collect();
                assert_eq!(people, [expected], "without a day: before every day; day {on}");
            }
        }
    }

    #[test]
    fn every_cohort_has_an_eligible_count_of_its_own() {
        let campaign = county();
        let found = campaign.eligible_on(day(0));
        let people: Vec<_> = found
            .iter()
            .map(|(key, row)| (key.area.as_str(), key.group.as_str(), row.people))
            .collect();
        let expected = [
            ("N", "adult", 800),
            ("N", "senior", 100),
            ("S", "adult", 1000),
            ("S", "senior", 100),
            ("V", "adult", 200),
        ];
        assert_eq!(people, expected);
    }

    #[test]
    fn a_site_s_capacity_is_its_week_then_its_closures() {
        let campaign = county();
        let capacity =
            |code: &str, at: i64| campaign.capacity(campaign.site(code).expect("a site"), day(at));
        // Day 0 is a Monday; S1 is shut on day 2, S2 gives 30 on Sunday, day 6.
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6, 7].map(|at| capacity("S1", at)),
            [100, 100, 0, 100, 100, 50, 0, 100]
        );
        assert_eq!([2, 5, 6, 13].map(|at| capacity("S2", at)), [100, 50, 30, 0]);
    }

    #[test]
    fn the_sites_whose_report_is_expected_are_open_on_a_day_of_the_campaign() {
        let campaign = county();
        for (at, open) in [
            (-1, &[][..]),
            (0, &["S1", "S2"]),
            (2, &["S2"]),
            (6, &["S2"]),
            (13, &[]),
            (60, &["S1", "S2"]),
            (61, &[]),
        ] {
            assert_eq!(codes(&campaign.open_sites(day(at))), open, "day {at}");
        }
    }

    #[test]
    fn an_area_is_counted_with_all_that_lies_below_it() {
        let campaign = county();
        let below = |code: &str| -> Vec<String> {
            campaign.below(&code.into()).into_iter().map(ToString::to_string).collect()
        };
        assert_eq!(below("C"), ["C", "N", "S", "V"]);
        assert_eq!(below("N"), ["N", "V"]);
        assert_eq!(below("V"), ["V"]);
        assert!(below("X").is_empty());
        assert_eq!(campaign.root().map(|area| area.code.as_str()), Some("C"));
        let mut two = county();
        two.areas[2].parent = None;
        assert_eq!(two.root(), None, "several tops are no top");
        two.areas.clear();
        assert_eq!(two.root(), None);
    }

    #[test]
    fn days_of_a_campaign_include_both_ends() {
        let mut campaign = county();
        assert_eq!((campaign.day_count(), campaign.days().count()), (61, 61));
        assert_eq!((campaign.days().next(), campaign.days().last()), (Some(day(0)), Some(day(60))));
        campaign.end = campaign.start;
        assert_eq!((campaign.day_count(), campaign.days().count()), (1, 1));
        campaign.end = day(-1);
        assert_eq!((campaign.day_count(), campaign.days().count()), (0, 0));
        campaign.end = day(-9);
        assert_eq!((campaign.day_count(), campaign.days().count()), (0, 0));
    }

    #[test]
    fn lots_are_used_first_expiring_first_then_first_come_then_by_code() {
        let mut campaign = county();
        let order = |campaign: &Campaign| -> Vec<String> {
            campaign.lots_by_expiry().iter().map(|lot| lot.lot.to_string()).collect()
        };
        assert_eq!(order(&campaign), ["L1", "L2", "L3"]);
        campaign.deliveries[2].date = day(4);
        assert_eq!(order(&campaign), ["L1", "L3", "L2"]);
        campaign.deliveries[0].expires = day(19);
        assert_eq!(order(&campaign), ["L2", "L1", "L3"]);
    }

    #[test]
    fn a_code_finds_its_row_and_a_place_is_a_site_or_a_stop() {
        let campaign = county();
        assert_eq!(campaign.group("senior").map(|group| group.name.as_str()), Some("group senior"));
        assert_eq!(campaign.area("S").map(|area| area.name.as_str()), Some("area S"));
        assert_eq!(campaign.team("T2").map(|team| team.name.as_str()), Some("team T2"));
        assert_eq!(campaign.lot("L3").map(|lot| lot.doses), Some(50));
        let place = |code: &str| {
            campaign.place(code).map(|place| (place.name().to_owned(), place.area().to_string()))
        };
        assert_eq!(place("S2"), Some(("site S2".into(), "S".into())));
        assert_eq!(place("P1"), Some(("stop P1".into(), "V".into())));
        assert_eq!(place("T1"), None);
        assert!(campaign.stop("S1").is_none() && campaign.site("P1").is_none());
        assert_eq!(
            campaign.closable().into_iter().collect::<Vec<_>>(),
            ["P1", "S1", "S2", "T1", "T2"]
        );
    }

    #[test]
    fn a_language_tag_names_a_language_by_its_first_part() {
        for tag in ["zh-CN", "zh", "ZH_hans", " zh-TW "] {
            assert_eq!(Language::from_tag(tag), Some(Language::ZhCn), "{tag}");
        }
        for tag in ["en", "en-GB", "EN_us"] {
            assert_eq!(Language::from_tag(tag), Some(Language::En), "{tag}");
        }
        for tag in ["", "de", "english", "-en"] {
            assert_eq!(Language::from_tag(tag), None, "{tag}");
        }
        for language in [Language::ZhCn, Language::En] {
            assert_eq!(Language::from_tag(language.tag()), Some(language));
            assert_eq!(serde_json::json!(language), language.tag());
        }
    }
}
