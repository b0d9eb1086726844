//! The rules of the official figures (`schedules/national/`), and the folders of files that are counted by them.

mod build;
mod folder;
mod form;
mod names;
#[cfg(test)]
mod place_tests;
mod register;
#[cfg(test)]
mod tests;
mod told;

use super::encoding;
use super::issue::{Issue, has_errors, nearest};
use super::toml_file::parse;
use crate::domain::national::{NationalChoices, NationalRules};
use crate::domain::series::Duration;
use build::Build;
use chrono::NaiveDate;
pub use folder::{Folder, folder};
use names::Names;
pub use register::{Register, RegisterDose, in_register};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What the caller sets of the rules: the options for questions that the official texts leave open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleChoices {
    /// Days for named dates of change, such as `dtap-from`.
    pub dates: BTreeMap<String, NaiveDate>,
    /// Named intervals, such as `hepb3-gap`.
    pub gaps: BTreeMap<String, Duration>,
    /// Groups of rows that are left out, such as `JE`.
    pub without: BTreeSet<String>,
    /// Whether cohort rows for some children are printed for all of their sex (`--hpv-cohort all`).
    pub cohort_of_all: bool,
}

impl RuleChoices {
    /// What options of the program set.
    pub fn of(options: &NationalChoices) -> Self {
        let mut choices =
            Self { cohort_of_all: options.hpv_cohort_of_all.unwrap_or(false), ..Self::default() };
        choices.dates.extend(options.dtap_from.map(|day| ("dtap-from".to_owned(), day)));
        choices.gaps.extend(options.hepb3_gap.map(|gap| ("hepb3-gap".to_owned(), gap)));
        if options.without_je == Some(true) {
            choices.without.insert("JE".to_owned());
        }
        choices
    }
}

/// The files delivered with the program.
pub const NATIONAL_FILES: [(&str, &str); 4] = [
    ("vaccines.toml", include_str!("../../../schedules/national/vaccines.toml")),
    ("period.toml", include_str!("../../../schedules/national/period.toml")),
    ("cohort.toml", include_str!("../../../schedules/national/cohort.toml")),
    ("townships.toml", include_str!("../../../schedules/national/townships.toml")),
];
/// Largest file of rules, in bytes. Real ones have some kilobytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The rules. A file of `folder` takes the place of the delivered one of the same name.
pub fn national_rules(
    folder: Option<&Path>,
    choices: &RuleChoices,
) -> Result<NationalRules, Vec<Issue>> {
    let mut texts: BTreeMap<String, String> = NATIONAL_FILES
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    if let Some(folder) = folder {
        texts.extend(texts_of(folder)?);
    }
    rules_of(&texts, choices)
}

/// The rules of files by name and text.
fn rules_of(
    texts: &BTreeMap<String, String>,
    choices: &RuleChoices,
) -> Result<NationalRules, Vec<Issue>> {
    let [vaccines, period, cohort, townships] =
        NATIONAL_FILES.map(|(name, _)| (name, texts.get(name).map_or("", String::as_str)));
    let mut issues = Vec::new();
    let vaccines_file = parse(vaccines, &mut issues);
    let period_file = parse(period, &mut issues);
    let cohort_file = parse(cohort, &mut issues);
    let townships_file = parse(townships, &mut issues);
    let (Some(from), Some(months), Some(cohorts), Some(shares)) =
        (vaccines_file, period_file, cohort_file, townships_file)
    else {
        return Err(issues);
    };
    let mut build = Build { names: Names::default(), rules: NationalRules::default(), choices };
    build.vaccines(vaccines.0, &from);
    let rows = build.period(period.0, &months);
    let rows = build.cohort(cohort.0, &cohorts, &rows);
    build.townships(townships.0, &shares, &rows);
    let issues = build.names.issues;
    if has_errors(&issues) { Err(issues) } else { Ok(build.rules) }
}

/// The files of rules in a folder.
fn texts_of(folder: &Path) -> Result<BTreeMap<String, String>, Vec<Issue>> {
    let shown = folder.display().to_string();
    let unreadable = |name: &str, error: std::io::Error| {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => "path_missing",
            _ => "unreadable",
        };
        vec![Issue::error(code, name).with("reason", error)]
    };
    let mut names: Vec<std::path::PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(&shown, error))? {
        names.push(entry.map_err(|error| unreadable(&shown, error))?.path());
    }
    names.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    names.sort();
    let (mut texts, mut issues) = (BTreeMap::new(), Vec::new());
    for path in names {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let known = NATIONAL_FILES.map(|(name, _)| name);
        if !known.contains(&name.as_str()) {
            let near = nearest(&name, known).unwrap_or("none");
            let issue = Issue::error("unknown_rule_name", &shown).value(&name);
            issues.push(issue.with("nearest", near).with("known", known.join(", ")));
            continue;
        }
        let size = std::fs::metadata(&path).map_err(|error| unreadable(&name, error))?.len();
        if size > FILE_BYTES_MAX {
            issues.push(Issue::error("file_too_large", &name).with("limit", "4 MB"));
            continue;
        }
        let bytes = std::fs::read(&path).map_err(|error| unreadable(&name, error))?;
        match encoding::text(&name, &bytes) {
            Ok(text) => drop(texts.insert(name, text)),
            Err(issue) => issues.push(issue),
        }
    }
    if texts.is_empty() && issues.is_empty() {
        issues.push(Issue::error("no_rules", shown));
    }
    if issues.is_empty() { Ok(texts) } else { Err(issues) }
}
