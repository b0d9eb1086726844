//! Reads the folders of campaigns beside a jurisdiction's. Each needs only its settings, its
//! denominators and its lots; what else it brings is compared with the jurisdiction's tables.

use super::campaign::{load_series, load_settings};
use super::check::{self, Codes, unknown};
use super::check_places::{self, Files};
use super::fields::Fields;
use super::issue::{Issue, has_errors};
use super::jurisdiction::{closed, dated, first_rows, located};
use super::place_tables;
use super::settings::LOCAL_GROUPS;
use super::settle::{names_in, names_of, settle};
use super::source::{Names, Source, limited};
use super::table::Table;
use super::tables::{self, Located, read, values};
use crate::domain::area::Area;
use crate::domain::campaign::Campaign;
use crate::domain::id::GroupId;
use crate::domain::jurisdiction::{
    AgreedSession, AreaRow, ClosedDays, Jurisdiction, LocalCampaign, SiteLimit, StopRow,
};
use crate::domain::names::Names as CodeNames;
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

/// The tables of a campaign's folder.
struct Tables {
    areas: Table,
    eligible: Table,
    sites: Table,
    reach: Table,
    teams: Table,
    stops: Table,
    closures: Table,
    deliveries: Table,
    sessions: Table,
}

impl Tables {
    /// Settles the codes; names of the jurisdiction's areas and places stand for their codes.
    fn settle(&mut self, known: &Jurisdiction, groups: &Table) {
        let pair = |code: &str, name: &str| (code.to_owned(), name.to_owned());
        let none = CodeNames::default();
        settle(&mut self.areas, &[("area", &none)]);
        let areas = known.areas.iter().map(|row| &row.area);
        let mut area_names = CodeNames::new(areas.map(|area| pair(area.code.as_str(), &area.name)));
        area_names.add(names_in(&self.areas, "area"));
        let group_names = names_of(groups, "id");
        settle(&mut self.areas, &[("parent", &area_names)]);
        settle(&mut self.eligible, &[("area", &area_names), ("group", &group_names)]);
        settle(&mut self.sites, &[("site", &none), ("area", &area_names)]);
        settle(&mut self.teams, &[("team", &none)]);
        settle(&mut self.stops, &[("stop", &none), ("area", &area_names)]);
        let sites = known.sites.iter().map(|row| &row.site);
        let mut places = CodeNames::new(sites.map(|site| pair(site.code.as_str(), &site.name)));
        places.add(names_in(&self.sites, "site"));
        settle(&mut self.reach, &[("area", &area_names), ("site", &places)]);
        let stops = known.stops.iter().map(|row| &row.stop);
        places.add(stops.map(|stop| pair(stop.code.as_str(), &stop.name)));
        places.add(known.teams.iter().map(|team| pair(team.code.as_str(), &team.name)));
        places.add(names_in(&self.teams, "team"));
        places.add(names_in(&self.stops, "stop"));
        settle(&mut self.closures, &[("place", &places)]);
        settle(&mut self.deliveries, &[("lot", &none)]);
        let of_session = [("place", &places), ("area", &area_names), ("group", &group_names)];
        settle(&mut self.sessions, &of_session);
    }
}

fn tables(
    source: &mut Source,
    known: &Jurisdiction,
    groups: &Table,
    issues: &mut Vec<Issue>,
) -> (Tables, bool) {
    let mut table = |stem, columns, is_required| source.table(stem, columns, is_required, issues);
    let (areas, _) = table("areas", place_tables::AREAS, false);
    let (eligible, _) = table("eligible", tables::ELIGIBLE, true);
    let (sites, _) = table("sites", place_tables::LIMITS, false);
    let (reach, has_reach) = table("reach", tables::REACH, false);
    let (teams, _) = table("teams", tables::TEAMS, false);
    let (stops, _) = table("stops", place_tables::STOPS, false);
    let (closures, _) = table("closures", place_tables::CLOSURES, false);
    let (deliveries, _) = table("deliveries", tables::DELIVERIES, true);
    let (sessions, _) = table("sessions", place_tables::SESSIONS, false);
    let has_reach = has_reach && !source.is_unfilled(&reach);
    let mut all =
        Tables { areas, eligible, sites, reach, teams, stops, closures, deliveries, sessions };
    all.settle(known, groups);
    (all, has_reach)
}

fn load(
    source: &mut Source,
    known: &Jurisdiction,
    series: &[Series],
    issues: &mut Vec<Issue>,
) -> Option<LocalCampaign> {
    let settings = load_settings(source, LOCAL_GROUPS, issues);
    let own = load_series(source, &settings, series, issues);
    let (tables, has_reach) = tables(source, known, &settings.group_table, issues);
    source.misnamed(&NAMES, issues);

    let codes = AllCodes::of(known, &tables, &settings.group_table);
    let eligible = read(&tables.eligible, issues, tables::eligible);
    let file = &tables.eligible.file;
    let eligible = check::eligible(file, eligible, &codes.areas, &codes.groups, issues);
    let places = places(known, &tables, &codes, issues);
    let deliveries = read(&tables.deliveries, issues, tables::delivery);
    check_places::deliveries(&tables.deliveries.file, &deliveries, issues);
    let sessions = read(&tables.sessions, issues, place_tables::session);
    let span = settings.head.as_ref().and_then(|head| Some((head.start?, head.end?)));
    for session in &sessions {
        check_session(&tables.sessions.file, session, &codes, &eligible, span, issues);
    }
    let kinds = kinds(&settings.group_table, known, &places.stops, issues);
    let head = settings.head?;
    let campaign = Campaign {
        id: head.id?,
        name: head.name?,
        timezone: head.timezone?,
        language: head.language?,
        start: head.start?,
        end: head.end?,
        series: own?,
        catch_up: head.catch_up?,
        adopt: head.adopt?,
        freeze_days: head.freeze_days?,
        coordinator: head.coordinator?,
        travel: head.travel?,
        groups: settings.groups,
        group_sets: settings.group_sets,
        areas: places.areas,
        eligible,
        sites: Vec::new(),
        reach: places.reach,
        teams: places.teams,
        stops: places.stops,
        closures: Vec::new(),
        deliveries: values(deliveries),
    };
    Some(LocalCampaign {
        campaign,
        has_reach,
        has_travel: settings.has_travel,
        limits: places.limits,
        closures: places.closures,
        kinds,
        sessions: values(sessions),
    })
}

/// Codes that rows may refer to: the jurisdiction's and the folder's own.
struct AllCodes<'a> {
    areas: Codes<'a>,
    groups: Codes<'a>,
    sites: Codes<'a>,
    /// Teams and stops.
    mobile: Codes<'a>,
}

impl<'a> AllCodes<'a> {
    fn of(known: &'a Jurisdiction, tables: &'a Tables, groups: &'a Table) -> Self {
        let areas = known.areas.iter().map(|row| row.area.code.as_str());
        let sites = known.sites.iter().map(|row| row.site.code.as_str());
        let teams = known.teams.iter().map(|team| team.code.as_str());
        let stops = known.stops.iter().map(|row| row.stop.code.as_str());
        let own = Codes::of(&tables.teams, "team").and(&Codes::of(&tables.stops, "stop"));
        Self {
            areas: Codes::these(areas).and(&Codes::of(&tables.areas, "area")),
            groups: Codes::of(groups, "id"),
            sites: Codes::these(sites).and(&Codes::of(&tables.sites, "site")),
            mobile: Codes::these(teams.chain(stops)).and(&own),
        }
    }
}

/// What the folder adds to the places, and says of them for itself.
struct Places {
    areas: Vec<Area>,
    limits: Vec<SiteLimit>,
    teams: Vec<Team>,
    stops: Vec<Stop>,
    reach: Vec<Reach>,
    closures: Vec<ClosedDays>,
}

fn places(
    known: &Jurisdiction,
    tables: &Tables,
    codes: &AllCodes<'_>,
    issues: &mut Vec<Issue>,
) -> Places {
    let areas = read(&tables.areas, issues, |fields| area(fields, known));
    let limits = read(&tables.sites, issues, |fields| place_tables::limit(fields, known));
    let teams = read(&tables.teams, issues, |fields| team(fields, known));
    let stops = read(&tables.stops, issues, |fields| stop(fields, known));
    let files = Files {
        sites: &tables.sites.file,
        reach: &tables.reach.file,
        teams: &tables.teams.file,
        stops: &tables.stops.file,
        closures: &tables.closures.file,
        deliveries: &tables.deliveries.file,
    };
    let rows: Vec<_> = limits.iter().map(|row| located(row, row.value.row.clone())).collect();
    dated(files.sites, &rows, issues);
    check_places::places(&files, &first_rows(&rows), &teams, &stops, &codes.areas, issues);
    let reach = Some(read(&tables.reach, issues, tables::reach));
    let reach = check_places::reach(files.reach, reach, &codes.areas, &codes.sites, &[], issues);
    let closures = read(&tables.closures, issues, place_tables::closed);
    closed(files.closures, &closures, &codes.sites, &codes.mobile, issues);
    Places {
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

fn area(fields: &mut Fields<'_>, known: &Jurisdiction) -> Option<Area> {
    let AreaRow { area, .. } = place_tables::area(fields)?;
    if let Some(AreaRow { area: held, .. }) = known.area(area.code.as_str()) {
        let cells = [
            ("name", held.name == area.name),
            ("parent", held.parent == area.parent),
            ("latitude", held.point.is_none() || held.point == area.point),
        ];
        compare(fields, area.code.as_str(), &cells);
    }
    Some(area)
}

fn team(fields: &mut Fields<'_>, known: &Jurisdiction) -> Option<Team> {
    let team = tables::team(fields)?;
    if let Some(held) = known.team(team.code.as_str()) {
        let cells = [
            ("name", held.name == team.name),
            ("latitude", held.point == team.point),
            ("work_minutes", held.work_minutes == team.work_minutes),
            ("max_stops", held.max_stops == team.max_stops),
            ("doses_per_hour", held.doses_per_hour == team.doses_per_hour),
            ("doses_per_day", held.doses_per_day == team.doses_per_day),
            ("wastage_rate", held.wastage_rate == team.wastage_rate),
            ("weekdays", held.weekdays == team.weekdays),
        ];
        compare(fields, team.code.as_str(), &cells);
    }
    Some(team)
}

fn stop(fields: &mut Fields<'_>, known: &Jurisdiction) -> Option<Stop> {
    let StopRow { stop, .. } = place_tables::stop(fields)?;
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
    Some(stop)
}

/// The kinds of places that serve each group that says so.
fn kinds(
    groups: &Table,
    known: &Jurisdiction,
    own: &[Stop],
    issues: &mut Vec<Issue>,
) -> BTreeMap<GroupId, Vec<String>> {
    let of_stops = known.stops.iter().map(|row| &row.stop).chain(own);
    let all = of_stops.filter_map(|stop| stop.kind.as_deref()).chain(["site", "stop"]);
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
