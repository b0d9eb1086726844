//! Taking in lists, and what clerks decide about their rows.

use super::{Schools, names};
use crate::app::{App, AppError, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::id::AreaCode;
use crate::domain::permission::{Actor, Power};
use crate::domain::person::Person;
use crate::domain::schools::{Decided, ListKind, Pupil};
use crate::intake::rows::{PupilList, PupilRow};
use crate::intake::{Issue, nearest};
use crate::store::{records, schools};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

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

/// Rows by list, each with its line and whether the list is a school's.
type Lists = BTreeMap<(AreaCode, ListKind), Vec<(u32, PupilRow)>>;

impl App {
    /// Takes in lists: each takes the place of the one that its school or township had, and rows that say the same
    /// keep what was decided. A file with a row of an unknown school is refused whole.
    pub async fn import_lists(
        &self,
        loaded: &Loaded,
        files: Vec<PupilList>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<TakenList>, Vec<Issue>)> {
        let campaign = &loaded.campaign;
        let (all, mut issues) = (Schools::of(campaign), Vec::new());
        let mut lists = Lists::new();
        let mut from_one: BTreeMap<AreaCode, bool> = BTreeMap::new();
        for file in files {
            let (found, faults) = sorted(loaded, &all, file);
            if !faults.is_empty() {
                issues.extend(faults);
                continue;
            }
            for (key, rows) in found {
                from_one.entry(key.0.clone()).and_modify(|is| *is = false).or_insert(true);
                lists.entry(key).or_default().extend(rows);
            }
        }
        let mut act = self.act((by, Power::People), Action::Import, now).await?;
        let mut before: BTreeMap<AreaCode, Vec<Pupil>> = BTreeMap::new();
        for row in schools::lists(act.tx()).await? {
            before.entry(row.list.clone()).or_default().push(row);
        }
        let (names, mut out) = (names(campaign), Vec::new());
        for ((list, kind), rows) in lists {
            let known = before.remove(&list).unwrap_or_default();
            let by_line = from_one.get(&list).copied().unwrap_or(false);
            let rows: Vec<Pupil> = (1..)
                .zip(rows)
                .map(|(no, (line, row))| {
                    pupil((&list, kind, if by_line { line } else { no }), row, &known)
                })
                .collect();
            let stored: Vec<&Pupil> = rows.iter().collect();
            schools::replace(act.tx(), &list, &stored, millis(now)).await?;
            let name = names.get(&list).copied().unwrap_or_default().to_owned();
            out.push(TakenList { list, name, kind, rows: rows.len(), before: known.len() });
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
            if let Decided::Person(code) = decided {
                let known = records::find::<Person>(act.tx(), [code.as_str()]).await?;
                if known.is_empty() {
                    return Err(AppError::refused("refused-no-person", &[("code", code)]));
                }
            }
            if !schools::decide(act.tx(), list, *nr, decided).await? {
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

/// The rows of a file by list, and what is wrong with them.
fn sorted(loaded: &Loaded, all: &Schools<'_>, file: PupilList) -> (Lists, Vec<Issue>) {
    let (mut lists, mut issues) = (Lists::new(), Vec::new());
    for (line, row) in file.rows {
        let key = match (&row.school, &row.area) {
            (Some(school), _) => {
                let found = all.called(school).map(|code| (code.clone(), ListKind::School));
                found.ok_or_else(|| {
                    let near = nearest(school, all.known()).unwrap_or("none");
                    let issue = Issue::error("unknown_school", &file.file).row(line);
                    issue.column("school").value(school).with("nearest", near)
                })
            }
            (None, area) => {
                let area = area.as_deref().unwrap_or_default().trim();
                let areas = &loaded.campaign.areas;
                let by_name = || {
                    let mut named = areas.iter().filter(|it| it.name == area);
                    let first = named.next();
                    first.filter(|_| named.next().is_none())
                };
                let found = loaded.campaign.area(area).or_else(by_name);
                found.map(|found| (found.code.clone(), ListKind::Township)).ok_or_else(|| {
                    let known = areas.iter().flat_map(|it| [it.code.as_str(), &it.name]);
                    let near = nearest(area, known).unwrap_or("none");
                    let issue = Issue::error("unknown_area", &file.file).row(line);
                    issue.column("area").value(area).with("nearest", near)
                })
            }
        };
        match key {
            Ok(key) => lists.entry(key).or_default().push((line, row)),
            Err(issue) => issues.push(issue),
        }
    }
    (lists, issues)
}

fn pupil((list, kind, nr): (&AreaCode, ListKind, u32), row: PupilRow, known: &[Pupil]) -> Pupil {
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
    let held = known.iter().find(|held| held.is_same(&pupil));
    pupil.decided = held.and_then(|held| held.decided.clone());
    pupil
}
