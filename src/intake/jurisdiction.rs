//! Reads a jurisdiction's folder or workbook, or lists everything that is wrong with it.

use super::check::{self, Codes, duplicates, unknown};
use super::check_places::{self, Files};
use super::check_points;
use super::fields::Fields;
use super::issue::{Issue, has_errors};
use super::place_tables;
use super::settings;
use super::settle::{names_in, names_of, settle};
use super::source::{Names, Source, limited};
use super::staff_tables::{self, Staff, Workplaces};
use super::table::{Column, Table};
use super::tables::{self, Located, read};
use super::values;
use crate::domain::area::Travel;
use crate::domain::campaign::Language;
use crate::domain::date::days;
use crate::domain::id::{AreaCode, JurisdictionId};
use crate::domain::jurisdiction::{
    AreaContact, AreaRow, ClosedDays, Coordinator, Holidays, Jurisdiction, SiteRow,
};
use crate::domain::names::Names as CodeNames;
use crate::domain::national::NationalChoices;
use crate::domain::site::{Closure, Site, Stop, Team};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::path::Path;

/// Names that the folder or workbook may have.
const NAMES: Names = Names {
    tables: &[
        "areas", "sites", "reach", "teams", "stops", "closures", "contacts", "staff", "leave",
        "crews",
    ],
    settings: &["jurisdiction"],
    sheets: &[],
};

pub(super) const SETTINGS: &[Column] = &[
    Column::required("id"),
    Column::required("name"),
    Column::required("timezone"),
    Column::optional("language"),
    Column::optional("notice_days"),
    Column::optional("holidays"),
    Column::optional("coordinator.name"),
    Column::optional("coordinator.email"),
    Column::optional("coordinator.phone"),
    Column::optional("travel.speed_km_per_hour"),
    Column::optional("travel.road_factor"),
    Column::optional("national.dtap-from"),
    Column::optional("national.hepb3-gap"),
    Column::optional("national.hpv-cohort"),
    Column::optional("national.keep-out-files"),
    Column::optional("national.no-je"),
];

/// Days of notice where nothing is said.
const NOTICE_DAYS: u32 = 1;
/// Most days of notice. A longer one would leave nothing to plan.
const NOTICE_DAYS_MAX: u32 = 60;

/// A usable jurisdiction and the warnings about its files.
#[derive(Debug, Clone)]
pub struct LoadedJurisdiction {
    /// The jurisdiction.
    pub jurisdiction: Jurisdiction,
    /// Warnings only; a jurisdiction with errors is not returned.
    pub warnings: Vec<Issue>,
}

/// Reads a folder or an .xlsx workbook. On failure the list holds warnings as well as errors.
pub fn jurisdiction(path: &Path) -> Result<LoadedJurisdiction, Vec<Issue>> {
    let mut issues = Vec::new();
    let found = match Source::open(path) {
        Ok(mut source) => load(&mut source, &mut issues),
        Err(issue) => {
            issues.push(issue);
            None
        }
    };
    let warnings = limited(issues);
    match found {
        Some(jurisdiction) if !has_errors(&warnings) => {
            Ok(LoadedJurisdiction { jurisdiction, warnings })
        }
        _ => Err(warnings),
    }
}

/// The settings that were read; `None` for a field that was refused.
#[expect(clippy::option_option, reason = "two of the settings need not be given")]
struct Head {
    id: Option<JurisdictionId>,
    name: Option<String>,
    timezone: Option<chrono_tz::Tz>,
    language: Option<Language>,
    coordinator: Option<Option<Coordinator>>,
    travel: Option<Option<Travel>>,
    notice_days: Option<u32>,
    holidays: Option<Holidays>,
    national: Option<NationalChoices>,
}

fn head(source: &mut Source, issues: &mut Vec<Issue>) -> Option<Head> {
    let before = issues.len();
    let (file, root) = source.tree("jurisdiction", issues);
    let Some(root) = root else {
        if issues.len() == before {
            let issue = Issue::error(source.missing_code(), file);
            issues.push(issue.with("stem", "jurisdiction"));
        }
        return None;
    };
    let table = root.one_line(&file, SETTINGS, &[], issues);
    let mut fields = Fields::new(&table, table.lines.first()?);
    let id = fields.code("id").map(JurisdictionId::new);
    let name = fields.text("name");
    let timezone = settings::timezone(&mut fields);
    let language = if fields.is_blank("language") {
        Some(Language::default())
    } else {
        settings::language(&mut fields, "language")
    };
    let notice_days = fields.count_or("notice_days", NOTICE_DAYS, 0..=NOTICE_DAYS_MAX);
    let holidays = if fields.is_blank("holidays") {
        Some(Holidays::Cn)
    } else {
        fields.word("holidays", &Holidays::ALL.map(Holidays::word), Holidays::from_word)
    };
    let contact = fields.contact("coordinator.name", "coordinator.email");
    let phone = fields.text_maybe("coordinator.phone");
    let coordinator = contact
        .zip(phone)
        .map(|(contact, phone)| contact.map(|contact| Coordinator { contact, phone }));
    let is_silent =
        fields.is_blank("travel.speed_km_per_hour") && fields.is_blank("travel.road_factor");
    let travel = settings::travel(&mut fields).map(|travel| (!is_silent).then_some(travel));
    let national = national(&mut fields);
    issues.append(&mut fields.issues);
    Some(Head {
        id,
        name,
        timezone,
        language,
        coordinator,
        travel,
        notice_days,
        holidays,
        national,
    })
}

/// The options of the official figures.
fn national(fields: &mut Fields<'_>) -> Option<NationalChoices> {
    let dtap_from = fields.day_maybe("national.dtap-from");
    let hepb3_gap = fields.duration_maybe("national.hepb3-gap");
    let cohort = "national.hpv-cohort";
    let is_of_all = |word: &str| match word {
        "all" => Some(Some(true)),
        "text" => Some(Some(false)),
        _ => None,
    };
    let hpv_cohort_of_all = if fields.is_blank(cohort) {
        Some(None)
    } else {
        fields.word(cohort, &["text", "all"], is_of_all)
    };
    let mut flag = |column| {
        if fields.is_blank(column) {
            return Some(None);
        }
        fields.word(column, &["yes", "no"], values::yes_no).map(Some)
    };
    let keeps_out_files = flag("national.keep-out-files");
    let without_je = flag("national.no-je");
    Some(NationalChoices {
        dtap_from: dtap_from?,
        hepb3_gap: hepb3_gap?,
        hpv_cohort_of_all: hpv_cohort_of_all?,
        keeps_out_files: keeps_out_files?,
        without_je: without_je?,
    })
}

/// The tables with their codes settled, in the order of their names here, and whether `reach` is
/// there.
fn load_tables(source: &mut Source, issues: &mut Vec<Issue>) -> ([Table; 10], bool) {
    let (mut areas, _) = source.table("areas", place_tables::AREAS, true, issues);
    let (mut sites, _) = source.table("sites", place_tables::SITES, false, issues);
    let (mut reach, has_reach) = source.table("reach", tables::REACH, false, issues);
    let (mut teams, _) = source.table("teams", place_tables::TEAMS, false, issues);
    let (mut stops, _) = source.table("stops", place_tables::STOPS, false, issues);
    let (mut closures, _) = source.table("closures", place_tables::CLOSURES, false, issues);
    let (mut contacts, _) = source.table("contacts", place_tables::CONTACTS, false, issues);
    let (mut staff, _) = source.table("staff", staff_tables::STAFF, false, issues);
    let (mut leave, _) = source.table("leave", staff_tables::LEAVE, false, issues);
    let (crews, _) = source.table("crews", staff_tables::CREWS, false, issues);
    let none = CodeNames::default();
    settle(&mut areas, &[("area", &none)]);
    let area_names = names_of(&areas, "area");
    settle(&mut areas, &[("parent", &area_names), ("merged_into", &area_names)]);
    settle(&mut sites, &[("site", &none), ("area", &area_names)]);
    settle(&mut teams, &[("team", &none)]);
    settle(&mut stops, &[("stop", &none), ("area", &area_names)]);
    settle(&mut contacts, &[("area", &area_names)]);
    let mut places = names_of(&sites, "site");
    settle(&mut reach, &[("area", &area_names), ("site", &places)]);
    places.add(names_in(&teams, "team"));
    settle(&mut staff, &[("staff", &none), ("home", &places)]);
    settle(&mut leave, &[("staff", &names_of(&staff, "staff"))]);
    places.add(names_in(&stops, "stop"));
    settle(&mut closures, &[("place", &places)]);
    let all = [areas, sites, reach, teams, stops, closures, contacts, staff, leave, crews];
    (all, has_reach)
}

/// Names of the files, sites, teams and stops.
type PlaceRows<'a> = (&'a Files<'a>, &'a [Located<Site>], &'a [Located<Team>], &'a [Located<Stop>]);

/// Warns of points that cannot be meant.
fn far_points(
    (file, areas): (&str, &[Located<AreaRow>]),
    (files, sites, teams, stops): PlaceRows<'_>,
    timezone: Option<chrono_tz::Tz>,
    issues: &mut Vec<Issue>,
) {
    let areas: Vec<_> = areas.iter().map(|row| located(row, row.value.area.clone())).collect();
    let points = check_points::Rows {
        areas: (file, &areas),
        sites: (files.sites, sites),
        teams: (files.teams, teams),
        stops: (files.stops, stops),
    };
    check_points::points(&points, timezone, issues);
}

fn load(source: &mut Source, issues: &mut Vec<Issue>) -> Option<Jurisdiction> {
    let head = head(source, issues);
    let (all, has_reach) = load_tables(source, issues);
    let [areas_table, sites_table, reach_table, teams_table, rest @ ..] = all;
    let [stops_table, closures_table, contacts_table, rest @ ..] = rest;

    let area_codes = Codes::of(&areas_table, "area");
    let site_codes = Codes::of(&sites_table, "site");
    let mobile_codes = Codes::of(&teams_table, "team").and(&Codes::of(&stops_table, "stop"));

    let areas = read(&areas_table, issues, place_tables::area);
    let plain: Vec<_> = areas.iter().map(|row| located(row, row.value.area.clone())).collect();
    check::areas(&areas_table.file, &plain, &area_codes, issues);
    mergers(&areas_table.file, &areas, &area_codes, issues);
    let sites = place_tables::sites(&sites_table, issues);
    let teams = read(&teams_table, issues, tables::team);
    let stops = read(&stops_table, issues, place_tables::stop);
    let gone = place_tables::gone(&teams_table, &stops_table, issues);
    let files = Files {
        sites: &sites_table.file,
        reach: &reach_table.file,
        teams: &teams_table.file,
        stops: &stops_table.file,
        closures: &closures_table.file,
        deliveries: "",
    };
    let plain: Vec<_> = stops.iter().map(|row| located(row, row.value.stop.clone())).collect();
    let first = first_rows(&sites);
    check_places::places(&files, &first, &teams, &plain, &area_codes, issues);
    let timezone = head.as_ref().and_then(|head| head.timezone);
    far_points((&areas_table.file, &areas), (&files, &first, &teams, &plain), timezone, issues);
    dated(files.sites, &sites, issues);
    let reach = (has_reach && !source.is_unfilled(&reach_table)).then(|| {
        let rows = Some(read(&reach_table, issues, tables::reach));
        check_places::reach(files.reach, rows, &area_codes, &site_codes, &[], issues)
    });
    let closures = read(&closures_table, issues, place_tables::closed);
    closed(files.closures, &closures, (&site_codes, &mobile_codes), None, issues);
    let contacts = contacts(&contacts_table, &area_codes, issues);
    let team_codes = Codes::of(&teams_table, "team");
    let workplaces = Workplaces { sites: &site_codes, teams: &team_codes, stops: &stops };
    let [staff_table, leave_table, crews_table] = &rest;
    let tables = [staff_table, leave_table, crews_table];
    let Staff { members, leave, crews } = staff_tables::staff(tables, &workplaces, issues);
    source.misnamed(&NAMES, issues);

    let head = head?;
    Some(Jurisdiction {
        id: head.id?,
        name: head.name?,
        timezone: head.timezone?,
        language: head.language?,
        coordinator: head.coordinator?,
        travel: head.travel?,
        notice_days: head.notice_days?,
        holidays: head.holidays?,
        national: head.national?,
        areas: tables::values(areas),
        sites: tables::values(sites),
        reach,
        teams: tables::values(teams),
        stops: tables::values(stops),
        closures: tables::values(closures),
        contacts,
        staff: members,
        leave,
        crews,
        gone,
    })
}

/// Who gets the summary of which area.
fn contacts(table: &Table, areas: &Codes<'_>, issues: &mut Vec<Issue>) -> Vec<AreaContact> {
    let contacts = read(table, issues, place_tables::contact);
    for Located { row, value } in &contacts {
        let area = value.area.as_str();
        if !areas.contains(area) {
            issues.push(unknown("unknown_area", &table.file, *row, "area", area, areas));
        }
    }
    tables::values(contacts)
}

/// Another value of the same row.
pub(super) fn located<T, U>(row: &Located<T>, value: U) -> Located<U> {
    Located { row: row.row, value }
}

/// The first row of each site: its later ones repeat the code.
pub(super) fn first_rows(sites: &[Located<SiteRow>]) -> Vec<Located<Site>> {
    let mut seen = std::collections::BTreeSet::new();
    let first = sites.iter().filter(|row| seen.insert(row.value.site.code.clone()));
    first.map(|row| located(row, row.value.site.clone())).collect()
}

/// Reports two rows of a site that count from the same day.
pub(super) fn dated(file: &str, sites: &[Located<SiteRow>], issues: &mut Vec<Issue>) {
    let shown = |row: &SiteRow| match row.from {
        Some(from) => format!("{}, {from}", row.site.code),
        None => row.site.code.to_string(),
    };
    duplicates(file, "from", sites, |row| (row.site.code.clone(), row.from), shown, issues);
}

/// Checks mergers: the successor exists, and no chain of them is a circle.
pub(super) fn mergers(
    file: &str,
    areas: &[Located<AreaRow>],
    known: &Codes<'_>,
    issues: &mut Vec<Issue>,
) {
    let into: BTreeMap<&AreaCode, &AreaCode> = areas
        .iter()
        .filter_map(|row| Some((&row.value.area.code, &row.value.merged.as_ref()?.into)))
        .collect();
    for Located { row, value } in areas {
        let Some(merged) = &value.merged else { continue };
        let text = merged.into.as_str();
        if !known.contains(text) {
            issues.push(unknown("unknown_area", file, *row, "merged_into", text, known));
            continue;
        }
        let (mut at, mut steps) = (&value.area.code, 0);
        while let Some(next) = into.get(at).filter(|_| steps <= into.len()) {
            (at, steps) = (next, steps + 1);
        }
        if steps > into.len() {
            let issue = Issue::error("merger_circle", file).row(*row).column("merged_into");
            issues.push(issue.value(text));
        }
    }
}

/// Checks closures: the place exists, teams and stops are only shut, and a day has one number. `span`: the days of a
/// campaign that stands alone, where two rows of one day have one key twice.
pub(super) fn closed(
    file: &str,
    rows: &[Located<ClosedDays>],
    (sites, mobile): (&Codes<'_>, &Codes<'_>),
    span: Option<(NaiveDate, NaiveDate)>,
    issues: &mut Vec<Issue>,
) {
    let is_range = |row: &ClosedDays| row.first != row.last;
    let first = |row: &Located<ClosedDays>| {
        let ClosedDays { place, first, doses, .. } = row.value.clone();
        located(row, Closure { place, day: first, doses })
    };
    let is_alone = |row: &&Located<ClosedDays>| span.is_none() || is_range(&row.value);
    let single: Vec<_> = rows.iter().filter(|row| !is_alone(row)).map(first).collect();
    check_places::closures(file, &single, sites, mobile, span, issues);
    // Days are compared below; here only what a single row can break.
    for row in rows.iter().filter(is_alone) {
        check_places::closures(file, &[first(row)], sites, mobile, None, issues);
    }
    let mut held: BTreeMap<(&str, NaiveDate), &Located<ClosedDays>> = BTreeMap::new();
    for row in rows {
        let value = &row.value;
        for day in days(value.first, value.last) {
            let other = *held.entry((value.place.as_str(), day)).or_insert(row);
            let is_twice = !is_range(value) && !is_range(&other.value) && other.row != row.row;
            let is_wrong = if is_twice { span.is_none() } else { other.value.doses != value.doses };
            if is_wrong {
                let column = if is_twice { "date" } else { "doses" };
                let issue = Issue::error("closed_twice", file).row(row.row).column(column);
                let issue = issue.value(&value.place).with("day", day).with("first", other.row);
                issues.push(issue.with("other", other.value.doses).with("doses", value.doses));
                break;
            }
        }
    }
}
