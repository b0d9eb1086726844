//! Checks that need all tables together: the area tree, denominators, and references to codes that do not exist.

use super::issue::{Issue, nearest};
use super::table::Table;
use super::tables::Located;
use crate::domain::area::Area;
use crate::domain::group::Eligible;
use crate::domain::id::AreaCode;
use std::collections::{BTreeMap, BTreeSet};

/// Codes that rows may refer to. Codes of rows with other faults are included, so that one fault is reported once.
#[derive(Debug, Default)]
pub(super) struct Codes<'a> {
    all: BTreeSet<&'a str>,
    /// Whether the table could not be read. Then no reference to it is reported, because its codes are not known.
    is_open: bool,
}

impl<'a> Codes<'a> {
    /// The codes in one column of a table.
    pub(super) fn of(table: &'a Table, column: &str) -> Self {
        Self { all: table.texts(column).collect(), is_open: !table.is_readable }
    }

    /// These codes.
    pub(super) fn these(codes: impl Iterator<Item = &'a str>) -> Self {
        Self { all: codes.collect(), is_open: false }
    }

    /// The codes of both sets.
    pub(super) fn and(&self, other: &Self) -> Self {
        let all = self.all.union(&other.all).copied().collect();
        Self { all, is_open: self.is_open || other.is_open }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether the code exists for certain.
    pub(super) fn has(&self, code: &str) -> bool {
        self.all.contains(code)
    }

    /// Whether the code exists, or may exist because the table could not be read.
    pub(super) fn contains(&self, code: &str) -> bool {
        self.is_open || self.all.contains(code)
    }
}

/// Known codes that are compared with an unknown one to find the nearest, since each comparison costs time.
const NEAREST_AMONG_MAX: usize = 500;

/// Reports a reference to a code that does not exist.
pub(super) fn unknown(
    code: &'static str,
    file: &str,
    row: u32,
    column: &'static str,
    text: &str,
    known: &Codes<'_>,
) -> Issue {
    let near = nearest(text, known.all.iter().copied().take(NEAREST_AMONG_MAX)).unwrap_or("none");
    Issue::error(code, file).row(row).column(column).value(text).with("nearest", near)
}

/// Reports rows whose key was used by an earlier row.
pub(super) fn duplicates<'a, T, K: Ord>(
    file: &str,
    column: &'static str,
    items: &'a [Located<T>],
    key_of: impl Fn(&'a T) -> K,
    shown: impl Fn(&'a T) -> String,
    issues: &mut Vec<Issue>,
) {
    let mut seen = BTreeMap::new();
    for item in items {
        let first = *seen.entry(key_of(&item.value)).or_insert(item.row);
        if first != item.row {
            issues.push(
                Issue::error("duplicate_key", file)
                    .row(item.row)
                    .column(column)
                    .value(&shown(&item.value))
                    .with("first", first),
            );
        }
    }
}

/// Checks areas: each code once, parents exist, no cycle, exactly one root.
pub(super) fn areas(
    file: &str,
    areas: &[Located<Area>],
    known: &Codes<'_>,
    issues: &mut Vec<Issue>,
) {
    duplicates(file, "area", areas, |a| &a.code, |a| a.code.to_string(), issues);
    for area in areas {
        if let Some(parent) = &area.value.parent
            && !known.contains(parent.as_str())
        {
            let text = parent.as_str();
            issues.push(unknown("unknown_area", file, area.row, "parent", text, known));
        }
    }
    cycles(file, areas, issues);
    let roots: Vec<_> = areas.iter().filter(|area| area.value.parent.is_none()).collect();
    if known.all.is_empty() && !known.is_open {
        issues.push(Issue::error("no_areas", file).column("area"));
    }
    if roots.len() > 1 {
        let codes: Vec<_> = roots.iter().take(5).map(|area| area.value.code.as_str()).collect();
        issues.push(
            Issue::warning("several_roots", file)
                .row(roots[1].row)
                .column("parent")
                .with("count", roots.len())
                .with("roots", codes.join(", ")),
        );
    }
}

/// Reports each cycle of the area tree once, at its first row.
fn cycles(file: &str, areas: &[Located<Area>], issues: &mut Vec<Issue>) {
    let parents: BTreeMap<&AreaCode, &AreaCode> = areas
        .iter()
        .filter_map(|area| Some((&area.value.code, area.value.parent.as_ref()?)))
        .collect();
    // Areas whose path to the root was followed, and whether a cycle was reported for them.
    let mut done: BTreeSet<&AreaCode> = BTreeSet::new();
    for area in areas {
        let mut path: Vec<&AreaCode> = Vec::new();
        let mut on_path: BTreeSet<&AreaCode> = BTreeSet::new();
        let mut at = &area.value.code;
        loop {
            if done.contains(at) {
                break;
            }
            if !on_path.insert(at) {
                let start = path.iter().position(|code| *code == at).unwrap_or(0);
                let mut names: Vec<&str> =
                    path[start..].iter().take(10).map(|code| code.as_str()).collect();
                names.push(at.as_str());
                issues.push(
                    Issue::error("area_cycle", file)
                        .row(area.row)
                        .column("parent")
                        .value(area.value.parent.as_ref().map_or("", AreaCode::as_str))
                        .with("path", names.join(" → ")),
                );
                break;
            }
            path.push(at);
            match parents.get(at) {
                Some(parent) => at = parent,
                None => break,
            }
        }
        done.extend(path);
    }
}

/// Checks eligible counts: area and group exist, one value for each area, group and day. Returns the rows that
/// passed.
pub(super) fn eligible(
    file: &str,
    rows: Vec<Located<Eligible>>,
    areas: &Codes<'_>,
    groups: &Codes<'_>,
    issues: &mut Vec<Issue>,
) -> Vec<Eligible> {
    let mut first: BTreeMap<_, Located<Eligible>> = BTreeMap::new();
    let mut kept = Vec::with_capacity(rows.len());
    for located in rows {
        let Located { row, value } = &located;
        let (row, area, group) = (*row, value.area.as_str(), value.group.as_str());
        if !areas.contains(area) {
            issues.push(unknown("unknown_area", file, row, "area", area, areas));
        }
        if !groups.contains(group) {
            issues.push(unknown("unknown_group", file, row, "group", group, groups));
        }
        let key = (value.area.clone(), value.group.clone(), value.as_of);
        let Some(held) = first.get(&key) else {
            kept.push(value.clone());
            first.insert(key, located);
            continue;
        };
        let issue = if held.value == *value {
            Issue::warning("duplicate_row", file).row(row).value(&format!("{area}, {group}"))
        } else {
            Issue::error("contradicting_rows", file)
                .row(row)
                .column("people")
                .value(&value.people.to_string())
                .with("other", held.value.people)
                .with("area", area)
                .with("group", group)
        };
        issues.push(issue.with("first", held.row));
    }
    kept
}
