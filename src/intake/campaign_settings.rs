//! Reads the settings of a campaign and its dose rules, for a folder that stands alone and one beside a jurisdiction.

use super::issue::{Issue, nearest};
use super::series;
use super::settings::{self, GROUP_SETS, SETTINGS, Settings};
use super::settle::settle;
use super::source::Source;
use super::table::{Column, Table};
use crate::domain::area::Area;
use crate::domain::campaign::Campaign;
use crate::domain::group::Eligible;
use crate::domain::names::Names;
use crate::domain::series::Series;
use crate::domain::site::{Delivery, Reach, Stop, Team};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Areas and places that a folder names; its sites are its limits.
pub(super) struct Places {
    pub(super) areas: Vec<Area>,
    pub(super) reach: Vec<Reach>,
    pub(super) teams: Vec<Team>,
    pub(super) stops: Vec<Stop>,
}

/// The settings of a campaign, with its groups.
pub(super) struct AllSettings {
    pub(super) head: Option<Settings>,
    pub(super) groups: Vec<crate::domain::group::Group>,
    pub(super) group_sets: Vec<crate::domain::group::GroupSet>,
    /// The ids as read, including those of groups that were refused.
    pub(super) group_table: Table,
    /// Whether they say how fast teams drive.
    pub(super) has_travel: bool,
}

impl AllSettings {
    /// The first and the last day; `None` where one of them was refused.
    pub(super) fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let head = self.head.as_ref()?;
        Some((head.start?, head.end?))
    }

    /// The campaign with these settings; `None` where one of them was refused.
    pub(super) fn campaign(
        self,
        series: Option<Series>,
        eligible: Vec<Eligible>,
        places: Places,
        deliveries: Vec<Delivery>,
    ) -> Option<Campaign> {
        let head = self.head?;
        Some(Campaign {
            id: head.id?,
            name: head.name?,
            timezone: head.timezone?,
            language: head.language?,
            start: head.start?,
            end: head.end?,
            series: series?,
            catch_up: head.catch_up?,
            adopt: head.adopt?,
            freeze_days: head.freeze_days?,
            overbook_risk: head.overbook_risk?,
            coordinator: head.coordinator?,
            travel: head.travel?,
            groups: self.groups,
            group_sets: self.group_sets,
            around: None,
            areas: places.areas,
            eligible,
            sites: Vec::new(),
            reach: places.reach,
            teams: places.teams,
            stops: places.stops,
            closures: Vec::new(),
            deliveries,
            mergers: BTreeMap::new(),
            renamed: BTreeMap::new(),
        })
    }
}

/// Reads the settings. `columns` are the keys that a group may have.
pub(super) fn load_settings(
    source: &mut Source,
    columns: &'static [Column],
    issues: &mut Vec<Issue>,
) -> AllSettings {
    let before = issues.len();
    let (file, root) = source.tree("campaign", issues);
    let nothing = AllSettings {
        head: None,
        groups: Vec::new(),
        group_sets: Vec::new(),
        group_table: Table::empty(&file, columns),
        has_travel: false,
    };
    let Some(root) = root else {
        if issues.len() == before {
            issues.push(Issue::error(source.missing_code(), file).with("stem", "campaign"));
        }
        return nothing;
    };
    let (mut groups, mut sets) = (
        root.lines(&file, "groups", columns, issues),
        root.lines(&file, "group_sets", GROUP_SETS, issues),
    );
    if matches!(source, Source::Book(_)) {
        // A workbook keeps these in sheets of their own, unless its keys are numbered.
        if groups.lines.is_empty() {
            groups = source.table("groups", columns, true, issues).0;
        }
        if sets.lines.is_empty() {
            sets = source.table("group_sets", GROUP_SETS, false, issues).0;
        }
    }
    settle(&mut groups, &[("id", &Names::default()), ("renamed_from", &Names::default())]);
    let head = root.one_line(&file, SETTINGS, &["groups", "group_sets"], issues);
    let Some(head) = settings::read(&head, issues) else { return nothing };
    let group_sets = settings::group_sets(&sets, &groups, issues);
    AllSettings {
        groups: settings::groups(&groups, &head, issues),
        head: Some(head),
        group_sets,
        group_table: groups,
        has_travel: root.get("travel").is_some(),
    }
}

/// The dose rules of the folder, or else the known series that the campaign names.
pub(super) fn load_series(
    source: &mut Source,
    settings: &AllSettings,
    known: &[Series],
    issues: &mut Vec<Issue>,
) -> Option<Series> {
    let before = issues.len();
    let (file, root) = source.tree("series", issues);
    let head = settings.head.as_ref();
    let named = head.and_then(|head| head.series.as_deref());
    if let Some(root) = root {
        let own = series::read(&file, &root, issues)?;
        if let Some(named) = named.filter(|named| *named != own.id.as_str()) {
            let issue = head.and_then(|head| head.series_issue.clone());
            let issue = issue.unwrap_or_else(|| Issue::error("series_mismatch", &file));
            issues
                .push(Issue { code: "series_mismatch", ..issue }.value(named).with("own", &own.id));
        }
        return Some(own);
    }
    if issues.len() > before {
        return None;
    }
    let named = named?;
    let found = known.iter().find(|series| series.id.as_str() == named).cloned();
    if found.is_none() {
        let ids: Vec<&str> = known.iter().map(|series| series.id.as_str()).collect();
        let issue = head.and_then(|head| head.series_issue.clone());
        let near = nearest(named, ids.iter().copied()).unwrap_or("none");
        issues.extend(issue.map(|issue| issue.with("known", ids.join(", ")).with("nearest", near)));
    }
    found
}
