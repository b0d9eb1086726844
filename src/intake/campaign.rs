//! Reads a campaign folder or workbook into a campaign, or into a list of everything that is wrong with it.

use super::agreed::There;
use super::campaign_settings::{Places, load_series, load_settings};
use super::campaign_tables::{AllCodes, Tables};
use super::check;
use super::check_places;
use super::check_points;
use super::issue::{Issue, has_errors};
use super::jurisdiction::{closed, dated, first_rows, located, mergers};
use super::local;
use super::place_tables;
use super::settings::LOCAL_GROUPS;
use super::source::{Names as SourceNames, Source, limited};
use super::tables::{self, read, values};
use super::workbook::Book;
use crate::domain::campaign::Campaign;
use crate::domain::jurisdiction::{Beyond, Jurisdiction, LocalCampaign, SiteLimit, SiteRow};
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
        "sessions",
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
    /// The campaign by itself. Of one that is read beside a jurisdiction it has no areas and places but those that it
    /// adds.
    pub campaign: Campaign,
    /// What its folder says, to be applied.
    pub own: LocalCampaign,
    /// Warnings only; a campaign with errors is not returned.
    pub warnings: Vec<Issue>,
}

/// Reads a folder or an .xlsx workbook. `known` are the series that a campaign may name; a `series.toml` in the
/// folder takes precedence. On failure the list holds warnings as well as errors.
pub fn campaign(path: &Path, known: &[Series]) -> Result<Loaded, Vec<Issue>> {
    checked(Source::open(path), known, None)
}

/// The same, where a folder without areas or sites of its own has those of a jurisdiction.
pub fn campaign_beside(
    path: &Path,
    known: &[Series],
    places: Option<&Jurisdiction>,
) -> Result<Loaded, Vec<Issue>> {
    checked(Source::open(path), known, places)
}

/// Reads an uploaded .xlsx workbook. `name` is the file name used in messages. Workbooks with macros are refused;
/// formulas are reported as warnings.
pub fn workbook(
    bytes: Vec<u8>,
    name: &str,
    known: &[Series],
    places: Option<&Jurisdiction>,
) -> Result<Loaded, Vec<Issue>> {
    let mut formulas = Vec::new();
    let book = Book::of_upload(bytes, name).map(|book| {
        formulas = book.formulas();
        Source::Book(Box::new(book))
    });
    match checked(book, known, places) {
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

fn checked(
    source: Result<Source, Issue>,
    known: &[Series],
    places: Option<&Jurisdiction>,
) -> Result<Loaded, Vec<Issue>> {
    let mut issues = Vec::new();
    let own = source
        .map_err(|issue| issues.push(issue))
        .ok()
        .and_then(|mut source| load(&mut source, known, places, &mut issues));
    // The judge is built here so that a series with bad dose rules is refused now, not by every later command.
    if let Some(Err(refused)) = own.as_ref().map(|own| super::rules::judge_of(&own.campaign)) {
        issues.extend(refused);
    }
    let warnings = limited(issues);
    match own {
        Some(own) if !has_errors(&warnings) => Ok(Loaded { campaign: own.alone(), own, warnings }),
        _ => Err(warnings),
    }
}

/// A folder that stands alone says its areas and sites. One that does not is read beside the jurisdiction, where
/// there is one.
fn load(
    source: &mut Source,
    known: &[Series],
    places: Option<&Jurisdiction>,
    issues: &mut Vec<Issue>,
) -> Option<LocalCampaign> {
    let places = places.filter(|places| !places.areas.is_empty()).filter(|_| {
        !source.has("areas", place_tables::AREAS) || !source.has("sites", place_tables::SITES)
    });
    match places {
        Some(places) => local::beside(source, places, known, issues),
        None => whole(source, known, issues),
    }
}

fn whole(source: &mut Source, known: &[Series], issues: &mut Vec<Issue>) -> Option<LocalCampaign> {
    let settings = load_settings(source, LOCAL_GROUPS, issues);
    let own = load_series(source, &settings, known, issues);
    let tables = Tables::of(source, None, &settings.group_table, issues);
    let codes = AllCodes::of(None, &tables, &settings.group_table);
    source.misnamed(&NAMES, issues);

    let span = settings.span();
    let areas = read(&tables.areas, issues, place_tables::area);
    let plain: Vec<_> = areas.iter().map(|row| located(row, row.value.area.clone())).collect();
    check::areas(&tables.areas.file, &plain, &codes.areas, issues);
    mergers(&tables.areas.file, &areas, &codes.areas, issues);
    let eligible = read(&tables.eligible, issues, tables::eligible);
    let file = &tables.eligible.file;
    let eligible = check::eligible(file, eligible, &codes.areas, &codes.groups, issues);
    let sites = place_tables::sites(&tables.sites, issues);
    let teams = read(&tables.teams, issues, tables::team);
    let stop_rows = read(&tables.stops, issues, place_tables::stop);
    let stops: Vec<_> = stop_rows.iter().map(|row| located(row, row.value.stop.clone())).collect();
    let names = tables.files();
    let first = first_rows(&sites);
    check_places::places(&names, &first, &teams, &stops, &codes.areas, issues);
    let points = check_points::Rows {
        areas: (&tables.areas.file, &plain),
        sites: (names.sites, &first),
        teams: (names.teams, &teams),
        stops: (names.stops, &stops),
    };
    let timezone = settings.head.as_ref().and_then(|head| head.timezone);
    check_points::points(&points, timezone, issues);
    dated(names.sites, &sites, issues);
    let reach = tables.has_reach.then(|| read(&tables.reach, issues, tables::reach));
    let reach = check_places::reach(names.reach, reach, &codes.areas, &codes.sites, &first, issues);
    let closures = read(&tables.closures, issues, place_tables::closed);
    closed(names.closures, &closures, (&codes.sites, &codes.mobile), span, issues);
    let lots = read(&tables.deliveries, issues, tables::delivery);
    check_places::deliveries(names.deliveries, &lots, issues);
    let there = There {
        closures: closures.iter().map(|row| &row.value).collect(),
        stops: stops.iter().map(|row| &row.value).collect(),
        teams: teams.iter().map(|row| &row.value).collect(),
    };
    let sessions = local::sessions(&tables.sessions, &codes, &eligible, (span, &there), issues);
    let all = stops.iter().map(|row| &row.value);
    let kinds = local::kinds(&settings.group_table, all, issues);
    let stop_rows = values(stop_rows);
    let beyond =
        local::beyond((&values(areas), &stop_rows), (&settings.group_table, &tables), issues);
    let places = Places { areas: values(plain), reach, teams: values(teams), stops: values(stops) };
    let campaign = settings.campaign(own, eligible, places, values(lots))?;
    let limit = |row: SiteRow| SiteLimit { wastage_rate: Some(row.site.wastage_rate), row };
    let limits = values(sites).into_iter().map(limit).collect();
    Some(LocalCampaign {
        campaign,
        has_reach: true,
        has_travel: true,
        limits,
        closures: values(closures),
        kinds,
        sessions,
        beyond: Beyond { is_whole: true, ..beyond },
    })
}
