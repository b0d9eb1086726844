//! Reads a campaign folder or workbook into a campaign, or into a list of everything that is wrong with it.

use super::check::{self, Codes};
use super::check_places::{self, Names as FileNames};
use super::issue::{Issue, has_errors, nearest};
use super::settings::{self, GROUP_SETS, GROUPS, SETTINGS, Settings};
use super::settle::{names_in, names_of, settle};
use super::table::{Column, IGNORED, Table, TableKind};
use super::tables::{self, Located, read};
use super::tree::{self, Entry};
use super::workbook::{Book, read_file};
use super::{encoding, records, series};
use crate::domain::campaign::Campaign;
use crate::domain::names::Names;
use crate::domain::series::Series;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Largest file of a campaign, in bytes. Even a large county's tables have only a few megabytes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Issues shown per file. A file with more usually has one fault, repeated on every row.
const ISSUES_OF_FILE_MAX: usize = 1000;
/// Files that a folder may hold, without their endings. Used to warn about misspelt file names.
const FILES: [&str; 12] = [
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
];
/// The sheet that holds a workbook's settings.
const SHEETS: [&str; 4] = ["campaign", "groups", "group_sets", "series"];

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

/// Sorts the issues by file and row and keeps at most [`ISSUES_OF_FILE_MAX`] per file.
fn limited(mut issues: Vec<Issue>) -> Vec<Issue> {
    let mut ranks: BTreeMap<Box<str>, usize> = BTreeMap::new();
    for issue in &issues {
        let next = ranks.len();
        ranks.entry(issue.file.clone()).or_insert(next);
    }
    let rank = |issue: &Issue| ranks.get(&issue.file).copied().unwrap_or(0);
    issues.sort_by_key(|issue| (rank(issue), issue.row));
    let mut counts: BTreeMap<Box<str>, usize> = BTreeMap::new();
    let mut out = Vec::new();
    for issue in issues {
        let count = counts.entry(issue.file.clone()).or_default();
        *count += 1;
        // An error even if all that is left out are warnings: it could hide an error.
        if *count == ISSUES_OF_FILE_MAX + 1 {
            let limit = ISSUES_OF_FILE_MAX;
            out.push(Issue::error("too_many_issues", &issue.file).with("limit", limit));
        } else if *count <= ISSUES_OF_FILE_MAX {
            out.push(issue);
        }
    }
    out
}

/// Where the tables are read from.
enum Source {
    Folder(PathBuf),
    Book(Box<Book>),
}

impl Source {
    fn open(path: &Path) -> Result<Self, Issue> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let Ok(found) = std::fs::metadata(path) else {
            return Err(Issue::error("path_missing", path.to_string_lossy()));
        };
        if found.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match extension.as_str() {
            "xlsx" | "xlsm" | "xls" | "et" if found.is_file() => {
                Book::open(path, &name).map(|book| Self::Book(Box::new(book)))
            }
            "xlsb" | "ods" => Err(Issue::error("old_workbook", name)),
            _ => {
                // A pipe is told as such.
                if !found.is_file() {
                    crate::files::open(path).map_err(|error| Issue::unreadable(&name, &error))?;
                }
                Err(Issue::error("not_a_campaign", name))
            }
        }
    }

    /// The name of a sheet as the workbook spells it; `None` if there is no such sheet.
    fn sheet(book: &Book, stem: &str, issues: &mut Vec<Issue>) -> Option<String> {
        let sheets = book.sheets();
        let mut found = sheets.iter().filter(|name| name.trim().to_lowercase() == stem);
        let first = found.next().cloned();
        if let Some(second) = found.next() {
            issues.push(Issue::error("duplicate_sheet", book.shown(second)).value(stem));
        }
        first
    }

    /// Reads a table. The flag says whether the campaign has the table at all.
    fn table(
        &mut self,
        stem: &str,
        columns: &'static [Column],
        is_required: bool,
        issues: &mut Vec<Issue>,
    ) -> (Table, bool) {
        // Skip the columns that an errors workbook adds beside the rows.
        let is_csv = matches!(self, Self::Folder(_));
        let ignored: &[&str] = if is_csv { &[] } else { &IGNORED };
        let kind = TableKind { stem, columns, ignored, is_csv };
        let (file, rows) = match self {
            Self::Folder(folder) => {
                let file = format!("{stem}.csv");
                let rows = read_maybe(folder, &file)
                    .map(|bytes| bytes.and_then(|bytes| records::rows(&file, &bytes)));
                (file, rows)
            }
            Self::Book(book) => {
                let sheet = Self::sheet(book, stem, issues);
                let rows = sheet.as_ref().map(|sheet| book.rows(sheet));
                (book.shown(sheet.as_deref().unwrap_or(stem)), rows)
            }
        };
        match rows {
            Some(Ok(rows)) => (Table::new(&file, kind, rows, issues), true),
            Some(Err(issue)) => {
                issues.push(issue);
                (Table::empty(&file, columns), true)
            }
            None => {
                if is_required {
                    let code = self.missing_code();
                    issues.push(Issue::error(code, &file).with("stem", stem));
                }
                let table = Table::empty(&file, columns);
                (Table { is_readable: !is_required, ..table }, false)
            }
        }
    }

    /// Whether a sheet is a form that was left empty. It is then treated as missing.
    fn is_unfilled(&self, table: &Table) -> bool {
        matches!(self, Self::Book(_)) && table.is_readable && table.lines.is_empty()
    }

    fn missing_code(&self) -> &'static str {
        if matches!(self, Self::Folder(_)) { "missing_file" } else { "missing_sheet" }
    }

    /// The settings, with the name of the file they come from.
    fn tree(&mut self, stem: &str, issues: &mut Vec<Issue>) -> (String, Option<Entry>) {
        match self {
            Self::Folder(folder) => {
                let file = format!("{stem}.toml");
                let text = read_maybe(folder, &file)
                    .map(|bytes| bytes.and_then(|bytes| encoding::text(&file, &bytes)));
                let entry = match text {
                    Some(Ok(text)) => tree::of_toml(&file, &text, issues),
                    Some(Err(issue)) => {
                        issues.push(issue);
                        None
                    }
                    None => None,
                };
                (file, entry)
            }
            Self::Book(book) => {
                let sheet = Self::sheet(book, stem, issues);
                let file = book.shown(sheet.as_deref().unwrap_or(stem));
                let entry = match sheet.map(|sheet| book.rows(&sheet)) {
                    Some(Ok(rows)) => tree::of_sheet(&file, rows, stem == "campaign", issues),
                    Some(Err(issue)) => {
                        issues.push(issue);
                        None
                    }
                    None => None,
                };
                (file, entry)
            }
        }
    }

    /// Warns about file names that look like a misspelt name of a table, because such a file would be ignored
    /// without a word.
    fn misnamed(&self, issues: &mut Vec<Issue>) {
        let (names, known): (Vec<String>, Vec<String>) = match self {
            Self::Folder(folder) => {
                let Ok(entries) = std::fs::read_dir(folder) else { return };
                let names = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned());
                let known = FILES.iter().map(|stem| format!("{stem}.csv"));
                let tomls = ["campaign.toml", "series.toml"].map(str::to_owned);
                (names.collect(), known.chain(tomls).collect())
            }
            Self::Book(book) => {
                let names = book.sheets().into_iter().map(|name| name.trim().to_lowercase());
                let known = FILES.iter().chain(&SHEETS).map(|stem| (*stem).to_owned());
                (names.collect(), known.collect())
            }
        };
        let mut names = names;
        names.sort();
        for name in names.iter().filter(|name| !known.contains(name)) {
            let near = nearest(name, known.iter().map(String::as_str));
            // At most two typing errors: `my-sites.csv` beside `sites.csv` is no misspelling.
            if let Some(near) = near.filter(|near| strsim::levenshtein(name, near) <= 2)
                && !names.iter().any(|name| name == near)
            {
                issues
                    .push(Issue::warning("misnamed_file", name).value(name).with("nearest", near));
            }
        }
    }
}

/// The bytes of a file; `None` if there is no such file.
fn read_maybe(folder: &Path, file: &str) -> Option<Result<Vec<u8>, Issue>> {
    let path = folder.join(file);
    path.exists().then(|| read_file(&path, file, FILE_BYTES_MAX))
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
    let settings = load_settings(source, issues);
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
    let names = FileNames {
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
    source.misnamed(issues);

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

fn values<T>(rows: Vec<Located<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.value).collect()
}

struct AllSettings {
    head: Option<Settings>,
    groups: Vec<crate::domain::group::Group>,
    group_sets: Vec<crate::domain::group::GroupSet>,
    /// The ids as read, including those of groups that were refused.
    group_table: Table,
}

fn load_settings(source: &mut Source, issues: &mut Vec<Issue>) -> AllSettings {
    let before = issues.len();
    let (file, root) = source.tree("campaign", issues);
    let nothing = AllSettings {
        head: None,
        groups: Vec::new(),
        group_sets: Vec::new(),
        group_table: Table::empty(&file, GROUPS),
    };
    let Some(root) = root else {
        if issues.len() == before {
            issues.push(Issue::error(source.missing_code(), file).with("stem", "campaign"));
        }
        return nothing;
    };
    let (mut groups, mut sets) = (
        root.lines(&file, "groups", GROUPS, issues),
        root.lines(&file, "group_sets", GROUP_SETS, issues),
    );
    if matches!(source, Source::Book(_)) {
        // A workbook keeps these in sheets of their own, unless its keys are numbered.
        if groups.lines.is_empty() {
            groups = source.table("groups", GROUPS, true, issues).0;
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
    }
}

/// The dose rules of the folder, or else the known series that the campaign names.
fn load_series(
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
