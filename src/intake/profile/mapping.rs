//! A profile applied to a file: which cell holds what, and its rows in the form of our tables.

use super::cells::{self, Cell};
use super::file::{CellKind, FromFile, Profile, UnknownCode, plain};
use crate::intake::issue::{Issue, Severity, nearest};
use crate::intake::records::Record;
use crate::intake::table::{Column, RawRow, TITLE_ROWS_MAX, list};
use crate::intake::values::clean;
use std::collections::BTreeMap;

/// Distinct unknown codes that are counted one by one. More are counted together, under `…`.
const CODES_COUNTED_MAX: usize = 1_000;

/// Where a column of ours comes from, in this file.
struct Source {
    /// The name of our column.
    column: &'static str,
    is_private: bool,
    /// The cells, by their places; several are joined.
    cells: Vec<usize>,
    how: FromFile,
    /// The code table, by the form in which codes are compared.
    codes: Option<BTreeMap<String, String>>,
}

/// How often the file has a code that its table does not.
pub(in crate::intake) type UnknownCodes = BTreeMap<(String, String), u64>;

/// A profile applied to a file.
pub(in crate::intake) struct Mapping {
    file: String,
    profile: String,
    /// The headings of the file.
    names: Vec<String>,
    /// For each of our columns, its source.
    sources: Vec<Option<Source>>,
    /// The codes that no table has.
    pub(in crate::intake) unknown: UnknownCodes,
    text: String,
    ends: Vec<usize>,
    issues: Vec<Issue>,
}

/// The header of a file: the first row that has every heading that the profile needs, else the one that has most.
pub(in crate::intake) fn header_of(profile: &Profile, rows: &[RawRow]) -> Option<usize> {
    let known: Vec<Vec<String>> = profile
        .columns
        .values()
        .flat_map(|column| {
            let joined = column.join.iter().map(|one| vec![plain(one)]);
            joined.chain([column.from.all().iter().map(|one| plain(one)).collect()])
        })
        .filter(|all: &Vec<String>| !all.is_empty())
        .collect();
    let hits = |row: &RawRow| {
        let cells: Vec<String> = row.cells.iter().map(|cell| plain(cell)).collect();
        known.iter().filter(|all| all.iter().any(|one| cells.contains(one))).count()
    };
    let head = rows.iter().enumerate().take(TITLE_ROWS_MAX);
    head.filter(|(_, row)| hits(row) > 0).rev().max_by_key(|(_, row)| hits(row)).map(|(at, _)| at)
}

impl Mapping {
    /// Finds the profile's headings in the header of a file.
    pub(in crate::intake) fn new(
        file: &str,
        profile: &Profile,
        columns: &'static [Column],
        ignored: &[&str],
        header: &RawRow,
    ) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        let headings: Vec<String> = header.cells.iter().map(|cell| plain(cell)).collect();
        let mut used = vec![false; headings.len()];
        for name in profile.columns.keys() {
            if !columns.iter().any(|column| column.name == name) {
                let near = nearest(name, columns.iter().map(|column| column.name));
                let row = profile.row_of(&format!("[columns.{name}]"));
                let issue = Issue::error("unknown_column", &profile.file).row(row).column(name);
                let issue = issue.value(name).with("nearest", near.unwrap_or("none"));
                issues.push(issue.with("known", list(columns)));
            }
        }
        let mut sources = Vec::with_capacity(columns.len());
        for column in columns {
            let found = profile
                .columns
                .get(column.name)
                .and_then(|how| source(profile, (column, how), &headings, &mut used));
            if found.is_none() && column.is_required {
                let how = profile.columns.get(column.name);
                let wanted = how.map_or_else(String::new, wanted);
                let code = if how.is_some() { "profile_no_heading" } else { "profile_no_column" };
                let issue = Issue::error(code, if how.is_some() { file } else { &profile.file });
                let issue = issue.row(header.row).column(column.name).value(&wanted);
                issues.push(issue.with("profile", &profile.file).with("known", shown(header)));
            }
            sources.push(found);
        }
        for (at, heading) in headings.iter().enumerate() {
            let is_known = used[at] || heading.is_empty() || profile.ignores(heading);
            if is_known || ignored.contains(&heading.as_str()) {
                continue;
            }
            let name = clean(&header.cells[at]);
            let issue = Issue::error("profile_unsaid", file).row(header.row).column(name);
            issues.push(issue.value(name).with("profile", &profile.file));
        }
        if !issues.is_empty() {
            return Err(issues);
        }
        Ok(Self {
            file: file.to_owned(),
            profile: profile.file.clone(),
            names: header.cells.iter().map(|cell| clean(cell).to_owned()).collect(),
            sources,
            unknown: UnknownCodes::new(),
            text: String::new(),
            ends: Vec::new(),
            issues,
        })
    }

    /// For each of our columns, its cell in a row that [`Self::row`] gives.
    pub(in crate::intake) fn index(&self) -> Vec<Option<usize>> {
        self.sources.iter().enumerate().map(|(at, it)| it.as_ref().map(|_| at)).collect()
    }

    /// The cell of the file that one of our columns is read from first.
    pub(in crate::intake) fn cell(&self, column: usize) -> Option<usize> {
        self.sources.get(column)?.as_ref()?.cells.first().copied()
    }

    /// What the file calls each of our columns.
    pub(in crate::intake) fn headings(&self) -> BTreeMap<&'static str, String> {
        self.sources.iter().flatten().map(|it| (it.column, self.heading(it))).collect()
    }

    /// A row in the order of our columns, and what is wrong with its cells.
    pub(in crate::intake) fn row(&mut self, record: Record<'_>) -> (Record<'_>, Vec<Issue>) {
        self.text.clear();
        self.ends.clear();
        for at in 0..self.sources.len() {
            if let Some(source) = &self.sources[at] {
                let (value, issue, unknown) = self.value(source, record);
                self.text.push_str(&value);
                self.issues.extend(issue);
                if let Some(key) = unknown {
                    let is_full = self.unknown.len() >= CODES_COUNTED_MAX;
                    let key = if is_full && !self.unknown.contains_key(&key) {
                        (key.0, "…".to_owned())
                    } else {
                        key
                    };
                    *self.unknown.entry(key).or_default() += 1;
                }
            }
            self.ends.push(self.text.len());
        }
        let issues = std::mem::take(&mut self.issues);
        (Record { row: record.row, text: &self.text, ends: &self.ends }, issues)
    }

    /// A cell, what is wrong with it, and the code that its table does not have, with its heading.
    fn value(
        &self,
        source: &Source,
        record: Record<'_>,
    ) -> (String, Option<Issue>, Option<(String, String)>) {
        let cell = |at: &usize| clean(record.cell(*at));
        let raw = match source.cells.as_slice() {
            [] => String::new(),
            [one] => cell(one).to_owned(),
            all => all.iter().map(cell).collect::<Vec<_>>().join("-"),
        };
        let issue = |code| self.issue(source, code, record.row, &raw);
        let (read, doubt) = match cells::read(source.how.kind, &raw) {
            Cell::Text(text) => (text, None),
            Cell::Doubtful(text, code) => {
                let warning = Issue { severity: Severity::Warning, ..issue(code) };
                (text, Some(warning))
            }
            Cell::Bad(code) => return (String::new(), Some(issue(code)), None),
        };
        if read.is_empty() {
            return (source.how.value.clone().unwrap_or_default(), doubt, None);
        }
        let read = match source.how.first {
            Some(count) => read.chars().take(count).collect(),
            None => read,
        };
        let Some(codes) = &source.codes else { return (read, doubt, None) };
        if let Some(meant) = codes.get(&plain(&read)) {
            return (meant.clone(), doubt, None);
        }
        let near = nearest(&read, codes.keys().map(String::as_str)).unwrap_or("none").to_owned();
        let table = source.how.codes.as_deref().unwrap_or_default();
        let mut told = issue("unknown_code").with("nearest", near).with("table", table);
        told = told.with("profile", &self.profile);
        let key =
            Some((self.heading(source), if source.is_private { "…".into() } else { read.clone() }));
        if source.how.unknown != UnknownCode::Refuse {
            told.severity = Severity::Warning;
        }
        let value = if source.how.unknown == UnknownCode::Keep { read } else { String::new() };
        (value, Some(told), key)
    }

    fn heading(&self, source: &Source) -> String {
        let names = source.cells.iter().filter_map(|at| self.names.get(*at));
        let heading = names.map(String::as_str).collect::<Vec<_>>().join("-");
        if heading.is_empty() { source.column.to_owned() } else { heading }
    }

    fn issue(&self, source: &Source, code: &'static str, row: u32, value: &str) -> Issue {
        // Under our own name until the row is read: what is wrong with a cell is told once.
        let issue = Issue::error(code, &self.file).row(row).column(source.column);
        issue.value(if source.is_private { "…" } else { value })
    }

    /// An issue about one of our columns, said about the heading and the cell of the file.
    pub(in crate::intake) fn said_of_file(&self, issue: Issue, record: Record<'_>) -> Issue {
        let of = |source: &&Source| issue.column.as_deref() == Some(source.column);
        let Some(source) = self.sources.iter().flatten().find(of) else { return issue };
        let value = match source.cells.as_slice() {
            [one] if !source.is_private && !issue.value.is_empty() => {
                clean(record.cell(*one)).to_owned()
            }
            _ => issue.value.clone(),
        };
        Issue { column: None, ..issue }.column(self.heading(source)).value(&value)
    }
}

/// The headings that a column may have, for a message.
fn wanted(how: &FromFile) -> String {
    how.from.all().iter().chain(&how.join).map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The headings of a file, for a message.
fn shown(header: &RawRow) -> String {
    let names = header.cells.iter().map(|cell| clean(cell)).filter(|name| !name.is_empty());
    names.collect::<Vec<_>>().join(", ")
}

/// Finds the cells of a column; `None` if the file does not have them.
fn source(
    profile: &Profile,
    (column, how): (&Column, &FromFile),
    headings: &[String],
    used: &mut [bool],
) -> Option<Source> {
    let find = |name: &String| headings.iter().position(|heading| *heading == plain(name));
    let cells: Vec<usize> = match how.from.all().iter().find_map(find) {
        Some(at) => vec![at],
        None => how.join.iter().map(find).collect::<Option<_>>()?,
    };
    if cells.is_empty() && how.value.is_none() {
        return None;
    }
    for at in &cells {
        used[*at] = true;
    }
    let codes = how.codes.as_ref().and_then(|name| profile.codes.get(name));
    let codes =
        codes.map(|codes| codes.iter().map(|(code, meant)| (plain(code), meant.clone())).collect());
    let is_private = column.is_private || how.kind == CellKind::Id;
    Some(Source { column: column.name, is_private, cells, how: how.clone(), codes })
}
