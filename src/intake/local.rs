//! Reads the folders of campaigns beside a jurisdiction's. Each needs only its settings, its
//! denominators and its lots; what else it brings is compared with the jurisdiction's tables.

use super::agreed::{self, There};
use super::campaign_settings::{Places, load_series, load_settings};
use super::campaign_tables::{AllCodes, Tables};
use super::check::{self, Codes, unknown};
use super::check_places;
use super::fields::Fields;
use super::issue::{Issue, has_errors};
use super::jurisdiction::{closed, dated, first_rows, located};
use super::place_tables;
use super::settings::LOCAL_GROUPS;
use super::source::{Names, Source, limited};
use super::table::Table;
use super::tables::{self, Located, read, values};
use crate::domain::id::{GroupId, LotCode};
use crate::domain::jurisdiction::{
    AgreedSession, AreaRow, Beyond, ClosedDays, Jurisdiction, LocalCampaign, SiteLimit, StopRow,
};
use crate::domain::series::Series;
use crate::domain::site::{Reach, Stop, Team};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Names that such a folder or workbook may have.
const NAMES: Names = Names {
    tables: &[
        "areas",
        "eligible",
        "sites",
        "reach",
        "teams",
        "stops",
        "closures",
        "deliveries",
        "sessions",
        "tallies",
        "doses",
        "persons",
        "outcomes",
    ],
    settings: &["campaign", "series"],
    sheets: &["groups", "group_sets"],
};

/// Usable campaigns and the warnings about their files.
#[derive(Debug, Clone)]
pub struct LoadedLocal {
    /// The campaigns, in the order of the folders.
    pub campaigns: Vec<LocalCampaign>,
    /// Warnings only; campaigns with errors are not returned.
    pub warnings: Vec<Issue>,
}

/// Reads the folders or workbooks of several campaigns that share a jurisdiction's places. `known`
/// are the series that a campaign may name. What one of them adds is known to those after it.
/// Issues name the files with their folder. On failure the list holds warnings as well as errors.
pub fn local_campaigns(
    paths: &[PathBuf],
    jurisdiction: &Jurisdiction,
    known: &[Series],
) -> Result<LoadedLocal, Vec<Issue>> {
    let mut all = Vec::new();
    let mut campaigns: Vec<LocalCampaign> = Vec::new();
    let mut so_far = jurisdiction.clone();
    for path in paths {
        let mut issues = Vec::new();
        let found = match Source::open(path) {
            Ok(mut source) => load(&mut source, &so_far, known, &mut issues),
            Err(issue) => {
                issues.push(issue);
                None
            }
        };
        // The judge is built here so that a series with bad dose rules is refused now.
        if let Some(Err(refused)) =
            found.as_ref().map(|local| super::rules::judge_of(&local.campaign))
        {
            issues.extend(refused);
        }
        if let Some(local) = &found {
            against(jurisdiction, &campaigns, local, &mut issues);
            so_far = so_far.join(std::slice::from_ref(local), local.campaign.start).jurisdiction;
            so_far.travel = jurisdiction.travel;
        }
        campaigns.extend(found);
        all.extend(in_folder(path, limited(issues)));
    }
    if campaigns.len() < paths.len() || has_errors(&all) {
        return Err(all);
    }
    Ok(LoadedLocal { campaigns, warnings: all })
}

/// Reads one campaign beside a jurisdiction that is stored. What it says of a known place or area otherwise is no
/// fault: it is a change of the jurisdiction, or the campaign's own limit.
pub(super) fn beside(
    source: &mut Source,
    known: &Jurisdiction,
    series: &[Series],
    issues: &mut Vec<Issue>,
) -> Option<LocalCampaign> {
    let found = load(source, known, series, issues);
    issues.retain(|issue| issue.code != "differs_from_jurisdiction");
    found
}

/// Issues whose files have the name of their folder in front: every campaign has an `eligible.csv`. A
/// workbook names itself.
pub fn in_folder(path: &Path, issues: Vec<Issue>) -> Vec<Issue> {
    let folder = path.file_name().unwrap_or_default().to_string_lossy();
    let shown = |issue: Issue| {
        let file = format!("{folder}/{}", issue.file).into();
        if path.is_dir() { Issue { file, ..issue } } else { issue }
    };
    issues.into_iter().map(shown).collect()
}

/// What two campaigns cannot both say.
fn against(
    jurisdiction: &Jurisdiction,
    before: &[LocalCampaign],
    local: &LocalCampaign,
    issues: &mut Vec<Issue>,
) {
    let file = "campaign.toml";
    let id = &local.campaign.id;
    if before.iter().any(|other| other.campaign.id == *id) {
        issues.push(Issue::error("same_campaign", file).column("id").value(id.as_str()));
    }
    let travel = before.iter().find(|other| other.has_travel).map(|other| other.campaign.travel);
    let differs = travel.is_some_and(|travel| travel != local.campaign.travel);
    if jurisdiction.travel.is_none() && local.has_travel && differs {
        issues.push(Issue::error("travel_differs", file).column("travel"));
    }
    for limit in &local.limits {
        let (site, row) = (&limit.row.site, &limit.row);
        let mut others = before.iter().flat_map(|other| &other.limits);
        let other = others.find(|o| o.row.site.code == site.code && o.row.from == row.from);
        if jurisdiction.site_rows(site.code.as_str()).is_empty()
            && other.is_some_and(|other| other.row.site.restock != site.restock)
        {
            let issue = Issue::error("restock_differs", "sites.csv").column("restock");
            issues.push(issue.value(site.code.as_str()));
        }
    }
}

fn load(
    source: &mut Source,
    known: &Jurisdiction,
    series: &[Series],
    issues: &mut Vec<Issue>,
) -> Option<LocalCampaign> {
    let settings = load_settings(source, LOCAL_GROUPS, issues);
    let own = load_series(source, &settings, series, issues);
    let tables = Tables::of(source, Some(known), &settings.group_table, issues);
    source.misnamed(&NAMES, issues);

    let codes = AllCodes::of(Some(known), &tables, &settings.group_table);
    let eligible = read(&tables.eligible, issues, tables::eligible);
    let file = &tables.eligible.file;
    let eligible = check::eligible(file, eligible, &codes.areas, &codes.groups, issues);
    let said = said(known, &tables, &codes, issues);
    let deliveries = read(&tables.deliveries, issues, tables::delivery);
    check_places::deliveries(&tables.deliveries.file, &deliveries, issues);
    let there = There {
        closures: known.closures.iter().chain(&said.closures).collect(),
        stops: known.stops.iter().chain(&said.stops).map(|row| &row.stop).collect(),
        teams: known.teams.iter().chain(&said.teams).collect(),
    };
    let days = (settings.span(), &there);
    let sessions = sessions(&tables.sessions, &codes, &eligible, days, issues);
    let of_stops = known.stops.iter().chain(&said.stops).map(|row| &row.stop);
    let kinds = kinds(&settings.group_table, of_stops, issues);
    let beyond = beyond((&said.areas, &said.stops), (&settings.group_table, &tables), issues);
    let (has_reach, has_travel) = (tables.has_reach, settings.has_travel);
    let places = Places {
        areas: said.areas.into_iter().map(|row| row.area).collect(),
        reach: said.reach,
        teams: said.teams,
        stops: said.stops.into_iter().map(|row| row.stop).collect(),
    };
    let campaign = settings.campaign(own, eligible, places, values(deliveries))?;
    Some(LocalCampaign {
        campaign,
        has_reach,
        has_travel,
        limits: said.limits,
        closures: said.closures,
        kinds,
        sessions,
        beyond,
    })
}

/// Adds the rows with which sites end.
fn add_ends(table: &Table, limits: &mut Vec<Located<SiteLimit>>, issues: &mut Vec<Issue>) {
    let gone = place_tables::days_of(table, ("site", "until"), issues);
    let rows: Vec<_> = limits.iter().map(|row| located(row, row.value.row.clone())).collect();
    for row in place_tables::ended(&rows, &gone) {
        let limit = SiteLimit { wastage_rate: None, row: row.value.clone() };
        limits.push(located(&row, limit));
    }
}

/// What the rows of a campaign's folder say beyond the campaign.
pub(super) fn beyond(
    (areas, stops): (&[AreaRow], &[StopRow]),
    (groups, tables): (&Table, &Tables),
    issues: &mut Vec<Issue>,
) -> Beyond {
    let says_more =
        |row: &&AreaRow| row.level.is_some() || row.population.is_some() || row.merged.is_some();
    let says_how = |row: &&StopRow| row.address.is_some() || row.phone.is_some();
    let gone = place_tables::gone(&tables.teams, &tables.stops, issues);
    let recalled = place_tables::days_of(&tables.deliveries, ("lot", "recalled"), issues);
    Beyond {
        is_whole: false,
        areas: areas.iter().filter(says_more).cloned().collect(),
        stops: stops.iter().filter(says_how).cloned().collect(),
        gone,
        renamed: super::settings::renamed(groups, issues),
        recalled: recalled.into_iter().map(|(lot, day)| (LotCode::new(lot), day)).collect(),
    }
}

/// What the folder adds to the places, and says of them for itself.
struct Said {
    areas: Vec<AreaRow>,
    limits: Vec<SiteLimit>,
    teams: Vec<Team>,
    stops: Vec<StopRow>,
    reach: Vec<Reach>,
    closures: Vec<ClosedDays>,
}

fn said(
    known: &Jurisdiction,
    tables: &Tables,
    codes: &AllCodes<'_>,
    issues: &mut Vec<Issue>,
) -> Said {
    let areas = read(&tables.areas, issues, |fields| area(fields, known));
    let mut limits = read(&tables.sites, issues, |fields| place_tables::limit(fields, known));
    add_ends(&tables.sites, &mut limits, issues);
    let teams = read(&tables.teams, issues, |fields| team(fields, known));
    let stops = read(&tables.stops, issues, |fields| stop(fields, known));
    let files = tables.files();
    let rows: Vec<_> = limits.iter().map(|row| located(row, row.value.row.clone())).collect();
    dated(files.sites, &rows, issues);
    let plain: Vec<_> = stops.iter().map(|row| located(row, row.value.stop.clone())).collect();
    check_places::places(&files, &first_rows(&rows), &teams, &plain, &codes.areas, issues);
    let reach = Some(read(&tables.reach, issues, tables::reach));
    let reach = check_places::reach(files.reach, reach, &codes.areas, &codes.sites, &[], issues);
    let closures = read(&tables.closures, issues, place_tables::closed);
    closed(files.closures, &closures, (&codes.sites, &codes.mobile), None, issues);
    Said {
        areas: values(areas),
        limits: values(limits),
        teams: values(teams),
        stops: values(stops),
        reach,
        closures: values(closures),
    }
}

/// Reports the cells that say something else than the jurisdiction. Blank cells say nothing.
fn compare(fields: &mut Fields<'_>, code: &str, cells: &[(&'static str, bool)]) {
    for &(column, is_same) in cells {
        if !is_same && !fields.is_blank(column) {
            let issue = fields.issue("differs_from_jurisdiction", column).with("code", code);
            fields.issues.push(issue);
        }
    }
}

fn area(fields: &mut Fields<'_>, known: &Jurisdiction) -> Option<AreaRow> {
    let row = place_tables::area(fields)?;
    let area = &row.area;
    if let Some(AreaRow { area: held, .. }) = known.area(area.code.as_str()) {
        let cells = [
            ("name", held.name == area.name),
            ("parent", held.parent == area.parent),
            ("latitude", held.point.is_none() || held.point == area.point),
        ];
        compare(fields, area.code.as_str(), &cells);
    }
    Some(row)
}

fn team(fields: &mut Fields<'_>, known: &Jurisdiction) -> Option<Team> {
    let team = tables::team(fields)?;
    if let Some(held) = known.team(team.code.as_str()) {
        let cells = [
            ("name", held.name == team.name),
            ("latitude", held.point == team.point),
            ("work_minutes", held.work_minutes == team.work_minutes),
            ("max_stops", held.max_stops == team.max_stops),
            ("max_visits", held.max_visits == team.max_visits),
            ("doses_per_hour", held.doses_per_hour == team.doses_per_hour),
            ("doses_per_day", held.doses_per_day == team.doses_per_day),
            ("wastage_rate", held.wastage_rate == team.wastage_rate),
            ("weekdays", held.weekdays == team.weekdays),
        ];
        compare(fields, team.code.as_str(), &cells);
    }
    Some(team)
}

fn stop(fields: &mut Fields<'_>, known: &Jurisdiction) -> Option<StopRow> {
    let row = place_tables::stop(fields)?;
    let stop = &row.stop;
    if let Some(StopRow { stop: held, .. }) = known.stop(stop.code.as_str()) {
        let cells = [
            ("name", held.name == stop.name),
            ("area", held.area == stop.area),
            ("latitude", held.point == stop.point),
            ("kind", held.kind.is_none() || held.kind == stop.kind),
            ("setup_minutes", held.setup_minutes == stop.setup_minutes),
            ("max_doses", held.max_doses == stop.max_doses),
            ("weekdays", held.weekdays == stop.weekdays),
        ];
        compare(fields, stop.code.as_str(), &cells);
    }
    Some(row)
}

/// The kinds of places that serve each group that says so.
pub(super) fn kinds<'a>(
    groups: &'a Table,
    of_stops: impl Iterator<Item = &'a Stop>,
    issues: &mut Vec<Issue>,
) -> BTreeMap<GroupId, Vec<String>> {
    let all = of_stops.filter_map(|stop| stop.kind.as_deref()).chain([
        "site",
        "stop",
        crate::domain::homes::HOME,
    ]);
    let all = Codes::these(all);
    let mut kinds = BTreeMap::new();
    for line in &groups.lines {
        let fields = Fields::new(groups, line);
        let places = place_tables::kinds(&fields);
        for kind in places.iter().filter(|kind| !all.contains(kind)) {
            let row = fields.issue("unknown_kind", "places").row.unwrap_or(0);
            let mut issue = unknown("unknown_kind", &groups.file, row, "places", kind, &all);
            // The kind may come with next year's stops.
            issue.severity = super::issue::Severity::Warning;
            issues.push(issue);
        }
        if !places.is_empty() {
            kinds.insert(GroupId::from(fields.get("id")), places);
        }
    }
    kinds
}

/// Reads agreed sessions.
pub(super) fn sessions(
    table: &Table,
    codes: &AllCodes<'_>,
    eligible: &[crate::domain::group::Eligible],
    (span, there): (Option<(chrono::NaiveDate, chrono::NaiveDate)>, &There<'_>),
    issues: &mut Vec<Issue>,
) -> Vec<AgreedSession> {
    let sessions = read(table, issues, place_tables::session);
    for session in &sessions {
        check_session(&table.file, session, codes, eligible, span, issues);
    }
    agreed::warn(&table.file, &sessions, there, issues);
    values(sessions)
}

/// Checks an agreed session: its place, area and group exist, its day is one of the campaign's, and
/// somebody lives there.
fn check_session(
    file: &str,
    session: &Located<AgreedSession>,
    codes: &AllCodes<'_>,
    eligible: &[crate::domain::group::Eligible],
    span: Option<(chrono::NaiveDate, chrono::NaiveDate)>,
    issues: &mut Vec<Issue>,
) {
    let Located { row, value } = session;
    let place = value.place.as_str();
    let (places, areas, groups) = (codes.sites.and(&codes.mobile), &codes.areas, &codes.groups);
    if !places.contains(place) {
        issues.push(unknown("unknown_place", file, *row, "place", place, &places));
    }
    let before = issues.len();
    if let Some(area) = value.area.as_ref().filter(|area| !areas.contains(area.as_str())) {
        issues.push(unknown("unknown_area", file, *row, "area", area.as_str(), areas));
    }
    if let Some(group) = value.group.as_ref().filter(|group| !groups.contains(group.as_str())) {
        issues.push(unknown("unknown_group", file, *row, "group", group.as_str(), groups));
    }
    let is_for = |one: &crate::domain::group::Eligible| {
        value.area.as_ref().is_none_or(|area| *area == one.area)
            && value.group.as_ref().is_none_or(|group| *group == one.group)
    };
    if issues.len() == before && !eligible.iter().any(is_for) {
        let area = value.area.as_ref().map_or("", |area| area.as_str());
        let issue = Issue::error("session_for_nobody", file).row(*row).column("area");
        issues.push(issue.value(area));
    }
    if let Some((start, end)) = span.filter(|span| value.day < span.0 || value.day > span.1) {
        let issue = Issue::error("outside_campaign", file).row(*row).column("date");
        let issue = issue.value(&value.day.to_string());
        issues.push(issue.with("start", start).with("end", end));
    }
}
