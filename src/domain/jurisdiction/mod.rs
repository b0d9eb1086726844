//! A jurisdiction (辖区): what all its campaigns share. Areas, places, teams, closures and contacts exist
//! once; a campaign is a vaccine, groups, denominators and days over them.
//!
//! [`Jurisdiction`] is the content of its folder. [`LocalCampaign`] is a campaign's folder beside it.
//! [`Jurisdiction::join`] puts several of them together for planning.

mod around;
mod compose;
mod join;
mod largest;
mod local;
mod overlay;
mod places;
mod staff;
mod stored;
mod tables;

pub use join::{Joined, JoinedCampaign};
pub use places::{
    AreaContact, AreaLevel, AreaRow, ClosedDays, ContactRole, Hours, SiteLimit, SiteRow, Stations,
    StopRow, closed_days,
};
pub use staff::{Crew, CrewKind, Leave, People, Role, StaffMember, crew_of, default_crews};
pub use stored::{BadMerger, Dispute, Disputed, StoredJurisdiction};
pub use tables::{jurisdiction_tables, local_tables};

use super::area::{Area, Travel};
use super::campaign::{Campaign, Language};
use super::contact::Contact;
use super::id::{AreaCode, GroupId, JurisdictionId, LotCode, PlaceCode};
use super::national::NationalChoices;
use super::site::{Reach, Site, Stop, Team};
use super::words::words;
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that is there once, whatever the number of campaigns. Every code that a table
/// mentions exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Jurisdiction {
    /// Its code.
    pub id: JurisdictionId,
    /// Its display name.
    pub name: String,
    /// The time zone in which days begin and end.
    pub timezone: Tz,
    /// The language of mails to readers who have not chosen one.
    pub language: Language,
    /// Who receives what concerns the whole.
    pub coordinator: Option<Coordinator>,
    /// How fast teams drive; `None`: as the campaigns say.
    pub travel: Option<Travel>,
    /// A plan starts so many days after the day on which it is made, and one: nobody is planned for
    /// a day that they can no longer be told of.
    pub notice_days: u32,
    /// Whose holidays are proposed as closures.
    pub holidays: Holidays,
    /// How the official figures read what their texts leave open.
    #[serde(default, skip_serializing_if = "NationalChoices::is_silent")]
    pub national: NationalChoices,
    /// The area tree, in the order of the file.
    pub areas: Vec<AreaRow>,
    /// Fixed sites: one row for each site and day from which it counts, in the order of the file.
    pub sites: Vec<SiteRow>,
    /// Which fixed sites serve an area; `None`: every site serves its own area.
    pub reach: Option<Vec<Reach>>,
    /// Mobile teams.
    pub teams: Vec<Team>,
    /// Places that teams may visit.
    pub stops: Vec<StopRow>,
    /// Days on which the capacity of a place differs from its usual week.
    pub closures: Vec<ClosedDays>,
    /// Who gets the summary of an area and all below it.
    pub contacts: Vec<AreaContact>,
    /// Who works at sessions; empty: nobody has counted them, and capacity is what places say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub staff: Vec<StaffMember>,
    /// When they are away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<Leave>,
    /// Whom a station needs; empty: the usual crews.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crews: Vec<Crew>,
    /// Teams and stops that end, with the first day on which they are no longer there. A site that
    /// ends has a row from that day on that gives nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<String, NaiveDate>,
}

/// The coordinator of a jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coordinator {
    /// Name and address.
    pub contact: Contact,
    /// Telephone number.
    pub phone: Option<String>,
}

words! {
    /// A calendar of public holidays. Holidays change no capacity; they are proposed as closures.
    pub enum Holidays {
        /// None is proposed.
        None = "none",
        /// Those of the People's Republic of China.
        Cn = "cn",
    }
}

/// A campaign as its folder beside a jurisdiction's says it. Its areas, teams and stops, and the
/// sites with a name, are those that it adds to the jurisdiction's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalCampaign {
    /// Its settings, groups, denominators and lots, and the places that it adds. Its `reach` and
    /// `closures` hold for it alone.
    pub campaign: Campaign,
    /// Whether the folder says which sites serve an area; else the jurisdiction's reach holds.
    pub has_reach: bool,
    /// Whether the folder says how fast teams drive.
    pub has_travel: bool,
    /// Its own limits inside what the places can do.
    pub limits: Vec<SiteLimit>,
    /// Its closures: days on which a place gives it less.
    pub closures: Vec<ClosedDays>,
    /// Kinds of places that may serve a group, for groups that say so: `site`, or a stop's kind;
    /// `stop` is any stop.
    pub kinds: BTreeMap<GroupId, Vec<String>>,
    /// Sessions that are agreed, such as visits at a school.
    pub sessions: Vec<AgreedSession>,
    /// What its rows say beyond that.
    #[serde(default)]
    pub beyond: Beyond,
}

/// What the rows of a campaign's folder say beyond the campaign and its limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Beyond {
    /// Whether the folder is complete by itself: its areas and places are those that it names. Else
    /// they are all those of the jurisdiction.
    pub is_whole: bool,
    /// Areas whose rows say more than the area.
    pub areas: Vec<AreaRow>,
    /// Stops whose rows say more than the stop.
    pub stops: Vec<StopRow>,
    /// Teams and stops that end, with the first day on which they are no longer there.
    pub gone: BTreeMap<String, NaiveDate>,
    /// Groups that have another name now, from the old name to the new one.
    pub renamed: BTreeMap<GroupId, GroupId>,
    /// Lots that were recalled, with the first day on which they may not be used.
    pub recalled: BTreeMap<LotCode, NaiveDate>,
}

/// A session that was agreed before the plan is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedSession {
    /// The site or stop.
    pub place: PlaceCode,
    /// The day.
    pub day: NaiveDate,
    /// Hours, where they are agreed.
    pub hours: Option<Hours>,
    /// The area whose people it is for; `None`: of any.
    pub area: Option<AreaCode>,
    /// The group that it is for; `None`: any.
    pub group: Option<GroupId>,
    /// The school, as its list calls it.
    pub school: Option<String>,
    /// The class.
    pub class: Option<String>,
    /// Doses agreed; `None`: at least one.
    pub doses: Option<u32>,
    /// Number of the dose that is given; `None`: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose: Option<u8>,
    /// Whether it is kept because people booked it, or an office locked it: then others of its area may go elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_booked: bool,
    /// Whether these people are served there and nowhere else.
    pub is_locked: bool,
}

impl Jurisdiction {
    /// The area with this code.
    pub fn area(&self, code: &str) -> Option<&AreaRow> {
        self.areas.iter().find(|row| row.area.code.as_str() == code)
    }

    /// The rows of a site, the earliest first; empty for an unknown code.
    pub fn site_rows(&self, code: &str) -> Vec<&SiteRow> {
        let mut rows: Vec<&SiteRow> =
            self.sites.iter().filter(|row| row.site.code.as_str() == code).collect();
        rows.sort_by_key(|row| row.from);
        rows
    }

    /// The site as on a day: the newest row that counts by then, else the first one.
    pub fn site_on(&self, code: &str, day: NaiveDate) -> Option<&SiteRow> {
        let rows = self.site_rows(code);
        let counts = |row: &&&SiteRow| row.from.is_none_or(|from| from <= day);
        rows.iter().rev().find(counts).or_else(|| rows.first()).copied()
    }

    /// The stop with this code.
    pub fn stop(&self, code: &str) -> Option<&StopRow> {
        self.stops.iter().find(|row| row.stop.code.as_str() == code)
    }

    /// The team with this code.
    pub fn team(&self, code: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.code.as_str() == code)
    }

    /// The area whose people an area's people count with on a day: itself, or the one that it was
    /// merged into by then (并镇), however many mergers followed.
    pub fn successor<'a>(&'a self, area: &'a AreaCode, day: NaiveDate) -> &'a AreaCode {
        let mut at = area;
        // A circle was refused when the table was read; the count is a bound all the same.
        for _ in 0..self.areas.len() {
            let merged = self.area(at.as_str()).and_then(|row| row.merged.as_ref());
            match merged.filter(|merged| merged.until <= day) {
                Some(merged) => at = &merged.into,
                None => break,
            }
        }
        at
    }

    /// The name of a site or team on a day; its code where it is unknown.
    pub fn post_name<'a>(&'a self, code: &'a str, day: NaiveDate) -> &'a str {
        let site = self.site_on(code, day).map(|row| row.site.name.as_str());
        site.or_else(|| self.team(code).map(|team| team.name.as_str())).unwrap_or(code)
    }

    /// The township of a site: its area, or the area above that is no village, school, employer or
    /// care home, after all mergers. `None` for a code that is no site.
    pub fn township_of(&self, site: &str) -> Option<&AreaCode> {
        use AreaLevel::{CareHome, Employer, School, Village};
        let mut at = &self.site_rows(site).last()?.site.area;
        // A circle was refused when the table was read; the count is a bound all the same.
        for _ in 0..self.areas.len() {
            let Some(row) = self.area(at.as_str()) else { break };
            let is_below = matches!(row.level, Some(Village | School | Employer | CareHome));
            let above = row.area.parent.as_ref().filter(|_| is_below);
            match row.merged.as_ref().map(|merged| &merged.into).or(above) {
                Some(next) => at = next,
                None => break,
            }
        }
        Some(at)
    }

    /// A jurisdiction that has exactly what a campaign's own folder brings.
    pub fn of_campaign(campaign: &Campaign) -> Self {
        let area = |area: &Area| AreaRow::plain(area.clone());
        let site = |site: &Site| SiteRow::plain(site.clone());
        let stop = |stop: &Stop| StopRow { stop: stop.clone(), address: None, phone: None };
        Self {
            id: JurisdictionId::new(campaign.id.as_str()),
            name: campaign.name.clone(),
            timezone: campaign.timezone,
            language: campaign.language,
            coordinator: None,
            travel: Some(campaign.travel),
            notice_days: 1,
            holidays: Holidays::Cn,
            national: NationalChoices::default(),
            areas: campaign.areas.iter().map(area).collect(),
            sites: campaign.sites.iter().map(site).collect(),
            reach: Some(campaign.reach.clone()),
            teams: campaign.teams.clone(),
            stops: campaign.stops.iter().map(stop).collect(),
            closures: campaign.closures.iter().map(ClosedDays::of).collect(),
            contacts: Vec::new(),
            staff: Vec::new(),
            leave: Vec::new(),
            crews: Vec::new(),
            gone: BTreeMap::new(),
        }
    }
}
