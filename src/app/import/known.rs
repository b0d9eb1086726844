//! What the rows of a file are checked against: the campaign's codes and names, today, and where its teams go.

use crate::app::{Loaded, millis, today};
use crate::domain::calendar::Sessions;
use crate::domain::id::{AreaCode, GroupId, LotCode, PersonId, PlaceCode};
use crate::domain::names::Names;
use crate::domain::plausible::{Sure, is_too_early};
use crate::intake::{Issue, settled};
use crate::store::figures::Entry;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// What rows are checked against.
pub(super) struct Facts<'a> {
    pub(super) loaded: &'a Loaded,
    file: String,
    pub(super) today: NaiveDate,
    pub(super) now: i64,
    places: HashSet<PlaceCode>,
    areas: HashSet<AreaCode>,
    pub(super) lots: HashSet<LotCode>,
    area_names: Names,
    group_names: Names,
    place_names: Names,
    sessions: Option<Arc<Sessions>>,
    /// Which counts somebody has confirmed.
    pub(super) sure: Sure,
}

impl<'a> Facts<'a> {
    /// For a file that issues call `file`.
    pub(super) fn new(loaded: &'a Loaded, file: &str, now: DateTime<Utc>) -> Self {
        let campaign = &loaded.campaign;
        let sites = campaign.sites.iter().map(|site| (&site.code, &site.name));
        let stops = campaign.stops.iter().map(|stop| (&stop.code, &stop.name));
        let pair = |code: &str, name: &str| (code.to_owned(), settled(name));
        let places = || sites.clone().chain(stops.clone());
        let teams = campaign.teams.iter().map(|team| pair(team.code.as_str(), &team.name));
        let named = places().map(|(code, name)| pair(code.as_str(), name));
        let areas = campaign.areas.iter().map(|area| pair(area.code.as_str(), &area.name));
        let groups = campaign.groups.iter().map(|group| pair(group.id.as_str(), &group.name));
        Self {
            loaded,
            file: file.to_owned(),
            today: today(campaign, now),
            now: millis(now),
            places: places().map(|(code, _)| code.clone()).collect(),
            areas: campaign.areas.iter().map(|area| area.code.clone()).collect(),
            lots: campaign.deliveries.iter().map(|delivery| delivery.lot.clone()).collect(),
            area_names: Names::new(areas),
            group_names: Names::new(groups),
            place_names: Names::new(named.chain(teams)),
            sessions: None,
            sure: Sure::None,
        }
    }

    /// The sessions of adopted plans, which tell where a team is on a day.
    pub(super) fn with_sessions(self, sessions: Arc<Sessions>) -> Self {
        Self { sessions: Some(sessions), ..self }
    }

    /// The same for an entry, whose instant the records have.
    pub(super) fn entered(self, entry: Entry, sure: Sure) -> Self {
        Self { now: entry.at, sure, ..self }
    }
}

impl Facts<'_> {
    /// Puts a code where the name of the thing was written.
    pub(super) fn settle_area(&self, area: &mut AreaCode) {
        if let Some(code) = self.area_names.code_of(area.as_str()) {
            *area = AreaCode::new(code);
        }
    }

    /// The same for a group.
    pub(super) fn settle_group(&self, group: &mut GroupId) {
        if let Some(code) = self.group_names.code_of(group.as_str()) {
            *group = GroupId::new(code);
        }
    }

    /// The same for a site or stop, or for a team that is named.
    pub(super) fn settle_place(&self, place: &mut PlaceCode) {
        if let Some(code) = self.place_names.code_of(place.as_str()) {
            *place = PlaceCode::new(code);
        }
    }

    /// Where a team is written as the place: the one stop in the area to which the plan sends it on the day.
    pub(super) fn settle_team(&self, place: &mut PlaceCode, area: &AreaCode, day: NaiveDate) {
        if self.places.contains(place) || !self.is_team(place) {
            return;
        }
        let stops = self.stops_of(place, day);
        let here: Vec<&PlaceCode> = stops
            .iter()
            .filter(|stop| {
                self.loaded.campaign.stop(stop.as_str()).is_some_and(|s| s.area == *area)
            })
            .collect();
        if let [stop] = here[..] {
            *place = stop.clone();
        }
    }

    fn is_team(&self, place: &PlaceCode) -> bool {
        self.loaded.campaign.teams.iter().any(|team| team.code.as_str() == place.as_str())
    }

    fn stops_of(&self, team: &PlaceCode, day: NaiveDate) -> BTreeSet<PlaceCode> {
        let Some(sessions) = &self.sessions else { return BTreeSet::new() };
        let standing = sessions.standing((day, day)).map(|(key, _)| key);
        let of_team = standing
            .filter(|key| key.team.as_ref().is_some_and(|code| code.as_str() == team.as_str()));
        of_team.map(|key| key.place.clone()).collect()
    }

    /// An issue about a team written as the place whose stop does not follow from the plan.
    pub(super) fn team(&self, line: u32, place: &PlaceCode, day: NaiveDate) -> Option<Issue> {
        if self.places.contains(place) || !self.is_team(place) {
            return None;
        }
        let stops: Vec<String> =
            self.stops_of(place, day).iter().map(ToString::to_string).collect();
        let stops = if stops.is_empty() { "none".to_owned() } else { stops.join(", ") };
        let issue = self.issue("team_place", line, "place", place.as_str());
        Some(issue.with("date", day).with("stops", stops))
    }

    pub(super) fn issue(&self, code: &'static str, line: u32, column: &str, value: &str) -> Issue {
        Issue::error(code, self.file.as_str()).row(line).column(column).value(value)
    }

    /// An issue whose message names the nearest known value, if one is near enough.
    pub(super) fn unknown<'a>(
        &self,
        code: &'static str,
        (line, column, value): (u32, &str, &str),
        known: impl IntoIterator<Item = &'a str>,
    ) -> Issue {
        let near = crate::intake::nearest(value, known).unwrap_or("none").to_owned();
        self.issue(code, line, column, value).with("nearest", near)
    }

    pub(super) fn place(&self, line: u32, place: &PlaceCode) -> Option<Issue> {
        (!self.places.contains(place)).then(|| {
            let known = self.places.iter().map(PlaceCode::as_str).collect::<BTreeSet<_>>();
            self.unknown("unknown_place", (line, "place", place.as_str()), known)
        })
    }

    pub(super) fn area(&self, line: u32, area: &AreaCode) -> Option<Issue> {
        (!self.areas.contains(area)).then(|| {
            let known = self.loaded.campaign.areas.iter().map(|area| area.code.as_str());
            self.unknown("unknown_area", (line, "area", area.as_str()), known)
        })
    }

    pub(super) fn group(&self, line: u32, group: &GroupId) -> Option<Issue> {
        let campaign = &self.loaded.campaign;
        campaign.group(group.as_str()).is_none().then(|| {
            let known = campaign.groups.iter().map(|group| group.id.as_str());
            self.unknown("unknown_group", (line, "group", group.as_str()), known)
        })
    }

    pub(super) fn not_future(&self, line: u32, day: NaiveDate) -> Option<Issue> {
        (day > self.today).then(|| {
            self.issue("future_date", line, "date", &day.to_string()).with("today", self.today)
        })
    }

    pub(super) fn too_early(&self, line: u32, day: NaiveDate) -> Issue {
        let start = self.loaded.campaign.start;
        self.issue("too_early", line, "date", &day.to_string()).with("start", start)
    }

    pub(super) fn not_too_early(&self, line: u32, day: NaiveDate) -> Option<Issue> {
        is_too_early(&self.loaded.campaign, day).then(|| self.too_early(line, day))
    }

    pub(super) fn unknown_person(&self, line: u32, person: &PersonId) -> Issue {
        self.issue("unknown_person", line, "person", person.as_str())
    }
}
