//! A new campaign from its basics: what an office says first. Areas and places are the jurisdiction's; lots and
//! eligible counts come afterwards.

use super::area::Travel;
use super::campaign::{Adopt, Campaign, FREEZE_DAYS, Language, overbook_risk};
use super::contact::Contact;
use super::group::Group;
use super::id::{CampaignId, GroupId};
use super::jurisdiction::{Beyond, LocalCampaign};
use super::series::{Duration, Series};
use chrono::NaiveDate;
use chrono_tz::Tz;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What an office says first of a campaign.
#[derive(Debug, Clone)]
pub struct Basics {
    /// Its id.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// The time zone.
    pub timezone: Tz,
    /// The language of its mails.
    pub language: Language,
    /// First day.
    pub start: NaiveDate,
    /// Last day.
    pub end: NaiveDate,
    /// The dose rules.
    pub series: Series,
    /// Who adopts the nightly draft.
    pub adopt: Adopt,
    /// Who receives the morning summary.
    pub coordinator: Option<Contact>,
    /// Its groups.
    pub groups: Vec<BasicGroup>,
}

/// What an office says of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicGroup {
    /// Its name.
    pub name: String,
    /// Youngest age, included.
    pub min_age: Option<Duration>,
    /// Oldest age, excluded.
    pub max_age: Option<Duration>,
    /// The share of people, 0..=1, who finish by the campaign's end.
    pub target: Option<Decimal>,
}

/// The own part of such a campaign: everything else is as in files that say nothing of it.
pub fn set_up(basics: Basics) -> LocalCampaign {
    let group = |(number, group): (usize, BasicGroup)| Group {
        id: GroupId::new(format!("g{}", number + 1)),
        name: group.name,
        min_age: group.min_age,
        max_age: group.max_age,
        sex: None,
        tags: Vec::new(),
        priority: 1.0,
        uptake: Decimal::ONE,
        target: group.target,
        opens: None,
    };
    let campaign = Campaign {
        id: basics.id,
        name: basics.name,
        timezone: basics.timezone,
        language: basics.language,
        start: basics.start,
        end: basics.end,
        series: basics.series,
        catch_up: None,
        adopt: basics.adopt,
        freeze_days: FREEZE_DAYS,
        overbook_risk: overbook_risk(),
        coordinator: basics.coordinator,
        travel: Travel::default(),
        groups: basics.groups.into_iter().enumerate().map(group).collect(),
        group_sets: Vec::new(),
        around: None,
        areas: Vec::new(),
        eligible: Vec::new(),
        sites: Vec::new(),
        reach: Vec::new(),
        teams: Vec::new(),
        stops: Vec::new(),
        closures: Vec::new(),
        deliveries: Vec::new(),
        mergers: BTreeMap::new(),
        renamed: BTreeMap::new(),
    };
    LocalCampaign {
        campaign,
        has_reach: false,
        has_travel: false,
        limits: Vec::new(),
        closures: Vec::new(),
        kinds: BTreeMap::new(),
        sessions: Vec::new(),
        beyond: Beyond::default(),
    }
}
