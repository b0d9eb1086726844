//! Taking in lists, and what clerks decide about their rows.

use super::{Schools, names};
use crate::app::{App, AppError, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::id::AreaCode;
use crate::domain::permission::{Actor, Power};
use crate::domain::schools::{Decided, ListKind, Pupil};
use crate::intake::rows::{PupilList, PupilRow, PupilSheet};
use crate::intake::{Issue, nearest};
use crate::store::schools;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A list that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakenList {
    /// The school or township.
    pub list: AreaCode,
    /// Its name.
    pub name: String,
    /// Whose list it is.
    pub kind: ListKind,
    /// Rows.
    pub rows: usize,
    /// Rows of the list that was there before.
    pub before: usize,
}

/// A clerk's decision about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedRow {
    /// The list.
    pub list: String,
    /// The number of the row.
    pub nr: u32,
    /// What it is.
    pub decided: Decided,
}

/// Whose list it is: the area, and which of the lists that an area may have.
type Key = (AreaCode, ListKind);

/// Rows of a sheet, each with its line.
type Rows = Vec<(u32, PupilRow)>;

/// What a sheet has, by list.
#[derive(Default)]
struct Sorted {
    lists: BTreeMap<Key, Rows>,
    /// Lists of which bad rows of the sheet are, or may be.
    of_bad: BTreeSet<Key>,
    issues: Vec<Issue>,
}

/// The sheets of a list, each with the rows that no earlier one has.
type Sheets = BTreeMap<Key, Vec<(String, Rows)>>;

impl App {
    /// Takes in lists: each takes the place of the one that its school or township had, and rows that say the same
    /// keep what was decided. A file with a fault is refused whole, and with it all lists of which it has a part.
    pub async fn import_lists(
        &self,
        loaded: &Loaded,
        files: Vec<PupilList>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<TakenList>, Vec<Issue>)> {
        let campaign = &loaded.campaign;
        let (lists, issues) = gathered(loaded, files);
        let mut act = self.act((by, Power::People), Action::Import, now).await?;
        let mut before: BTreeMap<Key, Vec<Pupil>> = BTreeMap::new();
        for row in schools::lists(act.tx()).await? {
            before.entry((row.list.clone(), row.kind)).or_default().push(row);
        }
        let (names, mut out) = (names(campaign), Vec::new());
        for ((list, kind), sheets) in lists {
            let known = before.remove(&(list.clone(), kind)).unwrap_or_default();
            let rows_before = known.len();
            let mut decided: Decisions =
                known.into_iter().filter(|row| row.decided.is_some()).collect();
            // Numbers are an area's: they follow those of its other list.
            let other = before.iter().filter(|(key, _)| key.0 == list).flat_map(|(_, rows)| rows);
            let used = other.map(|row| row.nr).max().unwrap_or(0);
            let by_line = sheets.len() == 1;
            let rows: Vec<Pupil> = (1..)
                .zip(sheets.into_iter().flat_map(|(_, rows)| rows))
                .map(|(no, (line, row))| {
                    pupil((&list, kind, used + if by_line { line } else { no }), row, &mut decided)
                })
                .collect();
            let stored: Vec<&Pupil> = rows.iter().collect();
            schools::replace(act.tx(), (&list, kind), &stored, millis(now)).await?;
            let name = names.get(&list).copied().unwrap_or_default().to_owned();
            let taken =
                TakenList { list: list.clone(), name, kind, rows: rows.len(), before: rows_before };
            out.push(taken);
            before.insert((list, kind), rows);
        }
        if !out.is_empty() {
            let rows: usize = out.iter().map(|list| list.rows).sum();
            let said = format!("{} lists of pupils, {rows} rows", out.len());
            act.commit(Some(campaign.id.as_str()), &said).await?;
        }
        Ok((out, issues))
    }

    /// Notes decisions: all of them or, if one names no row or no person, none.
    pub async fn decide_rows(
        &self,
        loaded: &Loaded,
        decisions: &[DecidedRow],
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::People), Action::Decide, now).await?;
        for DecidedRow { list, nr, decided } in decisions {
            let decided = match decided {
                // Whichever of their codes it is.
                Decided::Person(code) => {
                    Decided::Person(self.person(act.tx(), code.as_str()).await?.value.id)
                }
                other => other.clone(),
            };
            if !schools::decide(act.tx(), list, *nr, &decided).await? {
                let row = format!("{list}:{nr}");
                return Err(AppError::refused("refused-no-row", &[("row", &row)]));
            }
        }
        let said: Vec<String> =
            decisions.iter().map(|it| format!("{}:{}", it.list, it.nr)).collect();
        let said = format!("rows of lists: {}", said.join(" "));
        Ok(act.commit(Some(loaded.campaign.id.as_str()), &said).await?)
    }
}

/// The lists that can be taken from files, and what is wrong with the others.
fn gathered(loaded: &Loaded, files: Vec<PupilList>) -> (Sheets, Vec<Issue>) {
    let all = Schools::of(&loaded.campaign);
    let (mut lists, mut issues) = (Sheets::new(), Vec::new());
    // Lists of which a part was refused, with the file that has it.
    let mut refused: BTreeMap<Key, String> = BTreeMap::new();
    for file in files {
        let is_bad = !file.errors.is_empty();
        issues.extend(file.errors);
        let sheets: Vec<(String, Sorted)> = file
            .sheets
            .into_iter()
            .map(|sheet| (sheet.file.clone(), sorted(loaded, &all, sheet)))
            .collect();
        let is_bad = is_bad || sheets.iter().any(|(_, sorted)| !sorted.issues.is_empty());
        for (name, sorted) in sheets {
            issues.extend(sorted.issues);
            for (key, rows) in sorted.lists {
                if is_bad {
                    refused.insert(key, name.clone());
                } else {
                    issues.extend(put(lists.entry(key).or_default(), &name, rows));
                }
            }
            refused.extend(sorted.of_bad.into_iter().map(|key| (key, name.clone())));
        }
    }
    let names = names(&loaded.campaign);
    for (key, other) in refused {
        let name = names.get(&key.0).copied().unwrap_or_default();
        for (file, _) in lists.remove(&key).into_iter().flatten() {
            let issue = Issue::error("list_withheld", file).with("list", name);
            issues.push(issue.with("other", &other));
        }
    }
    (lists, issues)
}

/// Puts the rows of a sheet among those of a list; what another sheet has already is left out, and told.
fn put(sheets: &mut Vec<(String, Rows)>, file: &str, mut rows: Rows) -> Option<Issue> {
    // A school is written by its code here and by its name there.
    let plain = |row: &PupilRow| PupilRow { school: None, area: None, ..row.clone() };
    let all = rows.len();
    let mut twice = None;
    for (other, held) in sheets.iter() {
        let held: HashSet<PupilRow> = held.iter().map(|(_, row)| plain(row)).collect();
        let before = rows.len();
        rows.retain(|(_, row)| !held.contains(&plain(row)));
        if rows.len() < before {
            twice = Some(other.clone());
        }
    }
    let count = all - rows.len();
    if !rows.is_empty() {
        sheets.push((file.to_owned(), rows));
    }
    twice.map(|other| Issue::warning("rows_twice", file).with("count", count).with("other", other))
}

/// The rows of a sheet by list, and what is wrong with them.
fn sorted(loaded: &Loaded, all: &Schools<'_>, sheet: PupilSheet) -> Sorted {
    let mut out = Sorted::default();
    for (line, row) in sheet.rows {
        let (school, area) = (row.school.as_deref(), row.area.as_deref());
        match key((loaded, all), school.unwrap_or_default(), area.unwrap_or_default()) {
            Ok(key) => out.lists.entry(key).or_default().push((line, row)),
            Err(unknown) => {
                let issue = Issue::error(unknown.code, &sheet.file).row(line);
                let issue = issue.column(unknown.column).value(unknown.value);
                out.issues.push(issue.with("nearest", unknown.nearest.unwrap_or("none")));
                out.of_bad.extend(unknown.perhaps);
            }
        }
    }
    for (school, area) in &sheet.of_bad {
        for (school, area) in [(school.as_str(), ""), ("", area.as_str())] {
            match key((loaded, all), school, area) {
                Ok(key) => out.of_bad.extend([key]),
                Err(unknown) => out.of_bad.extend(unknown.perhaps),
            }
        }
    }
    out
}

/// A school or an area that the campaign does not have.
struct Unknown<'a> {
    code: &'static str,
    column: &'static str,
    value: &'a str,
    nearest: Option<&'a str>,
    /// The list that is perhaps meant.
    perhaps: Option<Key>,
}

/// The list whose name or code is most like a text; `None` if none or several are.
fn only_like<'a>(text: &str, known: impl Iterator<Item = (&'a str, Key)>) -> Option<Key> {
    const LIKE: f64 = 0.75;
    let mut scores: BTreeMap<Key, f64> = BTreeMap::new();
    for (name, key) in known {
        let held = scores.entry(key).or_insert(0.0);
        *held = held.max(strsim::jaro_winkler(text, name));
    }
    let best = scores.values().copied().fold(LIKE, f64::max);
    let mut like = scores.into_iter().filter(|(_, score)| *score >= best);
    let first = like.next();
    first.filter(|_| like.next().is_none()).map(|(key, _)| key)
}

/// Whose list a row is of: the school's, or without one the area's.
fn key<'a>(
    (loaded, all): (&'a Loaded, &Schools<'a>),
    school: &'a str,
    area: &'a str,
) -> std::result::Result<Key, Unknown<'a>> {
    let of_school = |text: &str| all.called(text).map(|code| (code.clone(), ListKind::School));
    let areas = &loaded.campaign.areas;
    let of_area = |text: &str| {
        let mut named = areas.iter().filter(|it| it.name == text);
        let first = named.next().filter(|_| named.next().is_none());
        let found = loaded.campaign.area(text).or(first);
        found.map(|found| (found.code.clone(), ListKind::Township))
    };
    let (school, area) = (school.trim(), area.trim());
    if school.is_empty() {
        of_area(area).ok_or_else(|| {
            let known = areas.iter().flat_map(|it| [it.code.as_str(), it.name.as_str()]);
            let nearest = nearest(area, known);
            let all = areas.iter().flat_map(|it| [it.code.as_str(), it.name.as_str()]);
            let perhaps = only_like(area, all.filter_map(|text| Some((text, of_area(text)?))));
            Unknown { code: "unknown_area", column: "area", value: area, nearest, perhaps }
        })
    } else {
        of_school(school).ok_or_else(|| {
            let nearest = nearest(school, all.known());
            let all = all.known().filter_map(|text| Some((text, of_school(text)?)));
            let perhaps = only_like(school, all);
            Unknown { code: "unknown_school", column: "school", value: school, nearest, perhaps }
        })
    }
}

/// What clerks decided about the rows that a list had. Each decision is one row's.
type Decisions = Vec<Pupil>;

fn pupil(
    (list, kind, nr): (&AreaCode, ListKind, u32),
    row: PupilRow,
    known: &mut Decisions,
) -> Pupil {
    let is_of_school = kind == ListKind::School;
    let mut pupil = Pupil {
        list: list.clone(),
        nr,
        kind,
        decided: None,
        class: row.class.filter(|_| is_of_school),
        name: row.name,
        id_no: row.id_no,
        born: row.born,
        sex: row.sex,
        guardian: row.guardian,
        guardian_phone: row.guardian_phone,
        reason: row.why.filter(|_| !is_of_school),
    };
    let held = known.iter().position(|held| held.is_same(&pupil));
    pupil.decided = held.and_then(|at| known.remove(at).decided);
    pupil
}
