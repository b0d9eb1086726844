//! Reads a campaign folder or workbook into a campaign, or into a list of everything that is wrong with it.

use super::check::{self, Codes};
use super::check_places::{self, Files};
use super::issue::{Issue, has_errors, nearest};
use super::series;
use super::settings::{self, GROUP_SETS, GROUPS, SETTINGS, Settings};
use super::settle::{names_in, names_of, settle};
use super::source::{Names as SourceNames, Source, limited};
use super::table::{Column, Table};
use super::tables::{self, read, values};
use super::workbook::Book;
use crate::domain::campaign::Campaign;
use crate::domain::names::Names;
use crate::domain::series::Series;
use std::path::Path;

/// Names that a campaign's folder or workbook may have. Used to warn about misspelt ones.
const NAMES: SourceNames = SourceNames {
    tables: &[
        "areas",
        "eligible",
        "sites",
        "reach",
        "teams",
        "stops",
        "closures",
        "deliveries",
        "tallies",
        "doses",
        "persons",
        "outcomes",
    ],
    settings: &["campaign", "series"],
    sheets: &["groups", "group_sets"],
};

/// A usable campaign and the warnings about its files.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The campaign.
    pub campaign: Campaign,
    /// Warnings only; a campaign with errors is not returned.
    pub warnings: Vec<Issue>,
}

/// Reads a folder or an .xlsx workbook. `known` are the series that a campaign may name; a `series.toml` in the
/// folder takes precedence. On failure the list holds warnings as well as errors.
pub fn campaign(path: &Path, known: &[Series]) -> Result<Loaded, Vec<Issue>> {
    checked(Source::open(path), known)
}

/// Reads an uploaded .xlsx workbook. `name` is the file name used in messages. Workbooks with macros are refused;
/// formulas are reported as warnings.
pub fn workbook(bytes: Vec<u8>, name: &str, known: &[Series]) -> Result<Loaded, Vec<Issue>> {
    let mut formulas = Vec::new();
    let book = Book::of_upload(bytes, name).map(|book| {
        formulas = book.formulas();
        Source::Book(Box::new(book))
    });
    match checked(book, known) {
        Ok(mut loaded) => {
            loaded.warnings.extend(formulas);
            Ok(loaded)
        }
        Err(mut issues) => {
            issues.extend(formulas);
            Err(issues)
        }
    }
}

fn checked(source: Result<Source, Issue>, known: &[Series]) -> Result<Loaded, Vec<Issue>> {
    let mut issues = Vec::new();
    let campaign = source
        .map_err(|issue| issues.push(issue))
        .ok()
        .and_then(|mut source| load(&mut source, known, &mut issues));
    // The judge is built here so that a series with bad dose rules is refused now, not by every later command.
    if let Some(Err(refused)) = campaign.as_ref().map(super::rules::judge_of) {
        issues.extend(refused);
    }
    let issues = limited(issues);
    match campaign {
        Some(campaign) if !has_errors(&issues) => Ok(Loaded { campaign, warnings: issues }),
        _ => Err(issues),
    }
}

/// The tables of a campaign with their codes settled, in the order of their names here, and whether `reach` is there.
fn load_tables(source: &mut Source, groups: &Names, issues: &mut Vec<Issue>) -> ([Table; 8], bool) {
    let (mut areas, _) = source.table("areas", tables::AREAS, true, issues);
    let (mut eligible, _) = source.table("eligible", tables::ELIGIBLE, true, issues);
    let (mut sites, _) = source.table("sites", tables::SITES, true, issues);
    let (mut reach, has_reach) = source.table("reach", tables::REACH, false, issues);
    let (mut teams, _) = source.table("teams", tables::TEAMS, false, issues);
    let (mut stops, _) = source.table("stops", tables::STOPS, false, issues);
    let (mut closures, _) = source.table("closures", tables::CLOSURES, false, issues);
    let (mut deliveries, _) = source.table("deliveries", tables::DELIVERIES, true, issues);
    let none = Names::default();
    settle(&mut areas, &[("area", &none)]);
    let area_names = names_of(&areas, "area");
    settle(&mut areas, &[("parent", &area_names)]);
    settle(&mut eligible, &[("area", &area_names), ("group", groups)]);
    settle(&mut sites, &[("site", &none), ("area", &area_names)]);
    settle(&mut teams, &[("team", &none)]);
    settle(&mut stops, &[("stop", &none), ("area", &area_names)]);
    let mut places = names_of(&sites, "site");
    settle(&mut reach, &[("area", &area_names), ("site", &places)]);
    places.add(names_in(&teams, "team"));
    places.add(names_in(&stops, "stop"));
    settle(&mut closures, &[("place", &places)]);
    settle(&mut deliveries, &[("lot", &none)]);
    ([areas, eligible, sites, reach, teams, stops, closures, deliveries], has_reach)
}

fn load(source: &mut Source, known: &[Series], issues: &mut Vec<Issue>) -> Option<Campaign> {
    let settings = load_settings(source, GROUPS, issues);
    let own = load_series(source, &settings, known, issues);
    let groups = names_of(&settings.group_table, "id");
    let (tables, has_reach) = load_tables(source, &groups, issues);
    let [areas_table, eligible_table, sites_table, reach_table, ..] = &tables;
    let [.., teams_table, stops_table, closures_table, deliveries_table] = &tables;

    let area_codes = Codes::of(areas_table, "area");
    let group_codes = Codes::of(&settings.group_table, "id");
    let site_codes = Codes::of(sites_table, "site");
    let mobile_codes = Codes::of(teams_table, "team").and(&Codes::of(stops_table, "stop"));

    let areas = read(areas_table, issues, tables::area);
    check::areas(&areas_table.file, &areas, &area_codes, issues);
    let eligible = read(eligible_table, issues, tables::eligible);
    let file = &eligible_table.file;
    let eligible = check::eligible(file, eligible, &area_codes, &group_codes, issues);
    let sites = read(sites_table, issues, tables::site);
    let teams = read(teams_table, issues, tables::team);
    let stops = read(stops_table, issues, tables::stop);
    let names = Files {
        sites: &sites_table.file,
        reach: &reach_table.file,
        teams: &teams_table.file,
        stops: &stops_table.file,
        closures: &closures_table.file,
        deliveries: &deliveries_table.file,
    };
    check_places::places(&names, &sites, &teams, &stops, &area_codes, issues);
    let reach = (has_reach && !source.is_unfilled(reach_table))
        .then(|| read(reach_table, issues, tables::reach));
    let reach = check_places::reach(names.reach, reach, &area_codes, &site_codes, &sites, issues);
    let closures = read(closures_table, issues, tables::closure);
    let span = settings.head.as_ref().and_then(|head| Some((head.start?, head.end?)));
    check_places::closures(names.closures, &closures, &site_codes, &mobile_codes, span, issues);
    let deliveries = read(deliveries_table, issues, tables::delivery);
    check_places::deliveries(names.deliveries, &deliveries, issues);
    source.misnamed(&NAMES, issues);

    let head = settings.head?;
    Some(Campaign {
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
        areas: values(areas),
        eligible,
        sites: values(sites),
        reach,
        teams: values(teams),
        stops: values(stops),
        closures: values(closures),
        deliveries: values(deliveries),
    })
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
    settle(&mut groups, &[("id", &Names::default())]);
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
