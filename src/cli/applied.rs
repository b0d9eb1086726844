//! What reading files and applying them came to, as the commands print it.

use super::output::{Format, Sheet, harmless, marked};
use super::{Invocation, exit, snippet, workbook};
use crate::app::places::PlaceChange;
use crate::domain::difference::{RowChange, What};
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

fn views_of<'a>(
    part: &[&'a Issue],
    language: crate::domain::campaign::Language,
) -> Vec<intake::View<'a>> {
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
                eprintln!("{} {}", invocation.out.word("word-warning"), issue.line(language));
            }
            Ok(value)
        }
        Err(issues) => {
            for issue in &issues {
                eprintln!("{}", issue.line(language));
            }
            Err(exit::CONFIGURATION)
        }
    }
}

/// Prints changes of rows.
pub(super) fn row_changes(invocation: &Invocation, changes: &[RowChange]) {
    if changes.is_empty() {
        return;
    }
    let mut sheet = Sheet::new(&["table", "key", "column", "old", "new"]);
    for change in changes {
        let word = |key: &str| invocation.out.word(key);
        let (column, old, new) = match &change.what {
            What::Added { row } => (word("change-added"), String::new(), harmless(row)),
            What::Removed { row } => (word("change-removed"), harmless(row), String::new()),
            What::Changed { column, old, new } => {
                ((*column).to_owned(), harmless(old), harmless(new))
            }
            What::Reordered => (word("change-reordered"), String::new(), String::new()),
        };
        sheet.push(vec![change.table.to_owned(), harmless(&change.key), column, old, new]);
    }
    invocation.out.sheet(&sheet);
}

/// Prints changes of areas and places with the campaigns that they touch.
pub(super) fn place_changes(invocation: &Invocation, changes: &[PlaceChange]) {
    if changes.is_empty() {
        return;
    }
    let mut sheet = Sheet::new(&["table", "key", "column", "old", "new", "campaigns"]);
    for PlaceChange { change, campaigns } in changes {
        let word = |key: &str| invocation.out.word(key);
        let (column, old, new) = match &change.what {
            What::Added { row } => (word("change-added"), String::new(), harmless(row)),
            What::Removed { row } => (word("change-removed"), harmless(row), String::new()),
            What::Changed { column, old, new } => {
                ((*column).to_owned(), harmless(old), harmless(new))
            }
            What::Reordered => (word("change-reordered"), String::new(), String::new()),
        };
        let ids: Vec<&str> = campaigns.iter().map(|id| id.as_str()).collect();
        let key = harmless(&change.key);
        sheet.push(vec![change.table.to_owned(), key, column, old, new, ids.join(" ")]);
    }
    invocation.out.sheet(&sheet);
}
