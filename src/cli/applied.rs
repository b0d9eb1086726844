//! What reading files and applying them came to, as the commands print it.

use super::output::{Format, Sheet, harmless, marked};
use super::{Invocation, exit, snippet, workbook};
use crate::app::jurisdictions::AppliedPlaces;
use crate::app::places::PlaceChange;
use crate::domain::campaign::Language;
use crate::domain::difference::{RowChange, What};
use crate::domain::id::CampaignId;
use crate::intake::{self, Issue};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct FileIssues<'a> {
    errors: Vec<intake::View<'a>>,
    warnings: Vec<intake::View<'a>>,
}

/// Prints what is wrong with files, and whether they are good: then by this message and with the name.
pub(super) fn checked(
    invocation: &Invocation,
    path: &Path,
    issues: &[Issue],
    (good, name): (&str, Option<String>),
) -> u8 {
    let language = invocation.out.language;
    let part = |error: bool| -> Vec<&Issue> {
        issues.iter().filter(|issue| issue.is_error() == error).collect()
    };
    let (errors, warnings) = (part(true), part(false));
    if invocation.out.format == Format::Json {
        invocation.out.json(&FileIssues {
            errors: views_of(&errors, language),
            warnings: views_of(&warnings, language),
        });
    } else if invocation.out.format == Format::Csv {
        invocation.out.sheet(&issues_sheet(&errors, &warnings, language));
    } else {
        let mut lines = snippet::is_wanted(invocation, path).then(|| snippet::Lines::of(path));
        for issue in errors.iter().chain(&warnings) {
            match &mut lines {
                Some(lines) => lines.print(invocation, issue),
                None => super::output::print(&format!("{}\n", marked(issue, invocation.out))),
            }
        }
    }
    workbook::mark(invocation, path, issues);
    let counts: [(&str, &dyn std::fmt::Display); 2] =
        [("errors", &errors.len()), ("warnings", &warnings.len())];
    let Some(name) = name else {
        invocation.out.note("campaign-bad", &counts);
        return exit::CONFIGURATION;
    };
    let name = harmless(&name);
    invocation.out.note(good, &[("name", &name), counts[1]]);
    exit::OK
}

fn issues_sheet(errors: &[&Issue], warnings: &[&Issue], language: Language) -> Sheet {
    let mut sheet = Sheet::new(&["severity", "code", "file", "row", "column", "message"]);
    for issue in errors.iter().chain(warnings) {
        let view = issue.view(language);
        let row = view.row.map(|row| row.to_string());
        let column = view.column.map(std::string::ToString::to_string);
        sheet.push(vec![
            if issue.is_error() { "error" } else { "warning" }.to_owned(),
            view.code.to_owned(),
            view.file.to_string(),
            row.unwrap_or_default(),
            column.unwrap_or_default(),
            view.message.clone(),
        ]);
    }
    sheet
}

fn views_of<'a>(part: &[&'a Issue], language: Language) -> Vec<intake::View<'a>> {
    part.iter().map(|issue| issue.view(language)).collect()
}

/// What was read; its issues are printed on stderr.
pub(super) fn told<T>(
    invocation: &Invocation,
    read: Result<(T, Vec<Issue>), Vec<Issue>>,
) -> Result<T, u8> {
    let language = invocation.out.language;
    match read {
        Ok((value, warnings)) => {
            for issue in &warnings {
                let word = invocation.out.word("word-warning");
                super::output::tell(&format!("{word} {}", issue.line(language)));
            }
            Ok(value)
        }
        Err(issues) => {
            for issue in &issues {
                super::output::tell(&issue.line(language));
            }
            Err(exit::CONFIGURATION)
        }
    }
}

/// The columns of a change.
pub(super) const CHANGE: [&str; 5] = ["table", "key", "column", "old", "new"];

/// A change, cell by cell.
pub(super) fn change_row(invocation: &Invocation, change: &RowChange) -> Vec<String> {
    let word = |key: &str| invocation.out.word(key);
    let (column, old, new) = match &change.what {
        What::Added { row } => (word("change-added"), String::new(), harmless(row)),
        What::Removed { row } => (word("change-removed"), harmless(row), String::new()),
        What::Changed { column, old, new } => ((*column).to_owned(), harmless(old), harmless(new)),
        What::Reordered => (word("change-reordered"), String::new(), String::new()),
    };
    vec![change.table.to_owned(), harmless(&change.key), column, old, new]
}

/// Prints changes of rows.
pub(super) fn row_changes(invocation: &Invocation, changes: &[RowChange]) {
    if changes.is_empty() && invocation.out.format == Format::Table {
        return;
    }
    let mut sheet = Sheet::new(&CHANGE);
    for change in changes {
        sheet.push(change_row(invocation, change));
    }
    invocation.out.sheet(&sheet);
}

/// Prints changes of areas and places with the campaigns that they touch.
pub(super) fn place_changes(invocation: &Invocation, changes: &[PlaceChange]) {
    if !changes.is_empty() || invocation.out.format == Format::Csv {
        changed_rows(invocation, &[], changes);
    }
}

/// Prints a campaign's changes and those of areas and places as one table. Its own touch no other campaign.
pub(super) fn changed_rows(invocation: &Invocation, own: &[RowChange], places: &[PlaceChange]) {
    let mut sheet = Sheet::new(&[&CHANGE[..], &["campaigns"]].concat());
    for change in own {
        sheet.push([change_row(invocation, change), vec![String::new()]].concat());
    }
    for PlaceChange { change, campaigns } in places {
        let ids: Vec<&str> = campaigns.iter().map(CampaignId::as_str).collect();
        sheet.push([change_row(invocation, change), vec![ids.join(" ")]].concat());
    }
    invocation.out.sheet(&sheet);
}

/// Prints what a change of the jurisdiction changed.
pub(super) fn applied_places(invocation: &Invocation, applied: &AppliedPlaces) {
    if invocation.out.format == Format::Json {
        invocation.out.json(&applied.changes);
    } else {
        place_changes(invocation, &applied.changes);
    }
}
