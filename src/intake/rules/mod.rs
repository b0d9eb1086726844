//! Reads dose rules: series files, or CDC's supporting data for CDSi as XML, as CDC publishes it.
//!
//! An unknown element is only a warning, and an unknown value costs only the series that it stands in, so that any
//! release loads and says what is not understood.

mod antigen;
mod builder;
mod dose;
mod embedded;
mod judging;
#[cfg(test)]
mod judging_tests;
mod reading;
mod schedule;
mod series_file;
mod series_form;
mod source;
mod xml;

#[cfg(test)]
mod china_tests;
#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod tests;

use super::issue::{Issue, Severity, has_errors};
use crate::domain::rules::Rules;
use antigen::asked_groups;
use builder::Builder;
pub(crate) use builder::padded;
pub(in crate::intake) use embedded::FILES;
pub use judging::{judge_of, vaccine_names};
use reading::Reading;
use series_form::SeriesFile;
use source::Texts;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest file of rules, in bytes. Real ones have a few megabytes.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Most files of a folder. A folder with more is not a folder of rules.
const FILES_MAX: usize = 1_000;
const SCHEDULE: &str = "ScheduleSupportingData.xml";

/// Rules and the warnings about their files.
#[derive(Debug)]
pub struct Loaded {
    /// The rules.
    pub rules: Rules,
    /// Warnings about unknown elements.
    pub warnings: Vec<Issue>,
}

/// Reads a folder of series files or of CDSi supporting data, or the zip file in which CDC publishes these.
pub fn folder(path: &Path) -> Result<Loaded, Vec<Issue>> {
    fn borrowed(texts: &[(String, String)]) -> Vec<(&str, &str)> {
        texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
    }
    match source::read(path)? {
        Texts::Cdsi(texts) => from_texts(&borrowed(&texts)),
        Texts::Series(texts) => series(&borrowed(&texts)),
    }
}

/// The rules of all series files delivered with the program.
pub fn embedded() -> Result<Loaded, Vec<Issue>> {
    series(embedded::FILES)
}

fn series(files: &[(&str, &str)]) -> Result<Loaded, Vec<Issue>> {
    rules_of(files.iter().map(|(name, text)| (*name, series_file::parse(name, text))))
}

/// The rules of series files that were parsed, each with its name.
fn rules_of<'a, F: Borrow<SeriesFile>>(
    files: impl Iterator<Item = (&'a str, Result<F, Issue>)>,
) -> Result<Loaded, Vec<Issue>> {
    let (mut builder, mut issues) = (Builder::default(), Vec::new());
    let mut reader = series_file::Reader::new(&mut builder, &mut issues);
    for (name, file) in files {
        match file {
            Ok(file) => reader.add(name, file.borrow()),
            Err(issue) => reader.issues.push(issue),
        }
    }
    reader.finish();
    if has_errors(&issues) {
        return Err(issues);
    }
    Ok(Loaded { rules: builder.rules, warnings: issues })
}

/// Reads CDSi files by name and text; the first one is the schedule.
fn from_texts(files: &[(&str, &str)]) -> Result<Loaded, Vec<Issue>> {
    let mut builder = Builder::default();
    let mut issues = Vec::new();
    let Some(((schedule, text), antigens)) = files.split_first() else {
        return Err(vec![Issue::error("no_rules", "")]);
    };
    let mut wanted = match xml::parse(schedule, text, "scheduleSupportingData") {
        Ok(root) => schedule::read(&mut Reading::new(schedule, &mut builder, &mut issues), &root),
        Err(issue) => return Err(vec![issue]),
    };
    let mut seen: BTreeMap<Box<str>, &str> = BTreeMap::new();
    for (file, text) in antigens {
        let root = match xml::parse(file, text, "antigenSupportingData") {
            Ok(root) => root,
            Err(issue) => {
                issues.push(issue);
                continue;
            }
        };
        let read = antigen::read(&mut Reading::new(file, &mut builder, &mut issues), &root);
        let Some(read) = read else { continue };
        let at = |code| Issue::error(code, file).row(read.row).column("series/targetDisease");
        if let Some(first) = seen.get(&read.name) {
            let issue = at("duplicate_antigen").value(&read.name).with("first", first);
            issues.push(issue);
            continue;
        }
        if !wanted.contains(&read.name) {
            issues.push(Issue {
                severity: Severity::Warning,
                ..at("unknown_antigen").value(&read.name)
            });
            continue;
        }
        seen.insert(read.name.clone(), file);
        let id = builder.antigen(&read.name);
        if let Some(group) = cycle(&asked_groups(&read.antigen).collect::<Vec<_>>()) {
            let value = format!("seriesGroup {group}");
            let issue = Issue::warning("rules_cycle", file).column("condition/seriesGroups");
            issues.push(issue.value(&value));
            let left_out = Issue::warning("left_out", file).row(read.row).column("series");
            issues.push(left_out.value(&read.name));
            continue;
        }
        *builder.antigen_mut(id) = read.antigen;
    }
    wanted.retain(|name| !seen.contains_key(name));
    for name in &wanted {
        let file = format!("AntigenSupportingData- {name}-508.xml");
        issues.push(Issue::error("missing_rules", schedule).value(&file));
    }
    if has_errors(&issues) {
        return Err(issues);
    }
    Ok(Loaded { rules: builder.rules, warnings: issues })
}

/// A group that waits for itself, directly or through others.
fn cycle(asks: &[(u8, u8)]) -> Option<u8> {
    let mut groups: Vec<u8> = asks.iter().map(|(group, _)| *group).collect();
    groups.sort_unstable();
    groups.dedup();
    groups.into_iter().find(|start| {
        let mut reached: Vec<u8> = Vec::new();
        let mut next = vec![*start];
        while let Some(group) = next.pop() {
            for (_, to) in asks.iter().filter(|(from, _)| *from == group) {
                if !reached.contains(to) {
                    reached.push(*to);
                    next.push(*to);
                }
            }
        }
        reached.contains(start)
    })
}
