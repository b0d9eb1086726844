//! Reads dose rules: series files, or CDC's supporting data for CDSi as XML, as CDC publishes it.
//!
//! An unknown element is only a warning, so that a newer release loads and says what is new.

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
mod xml;

#[cfg(test)]
mod china_tests;
#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod tests;

use super::encoding;
use super::issue::{Issue, has_errors};
use crate::domain::rules::Rules;
use antigen::asked_groups;
use builder::Builder;
pub(crate) use builder::padded;
pub(in crate::intake) use embedded::FILES;
pub use judging::{judge_of, vaccine_names};
use reading::Reading;
use series_form::SeriesFile;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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

/// What kind of rules a folder holds.
#[derive(Debug)]
enum Folder {
    Cdsi { schedule: Option<PathBuf>, antigens: Vec<PathBuf> },
    Series(Vec<PathBuf>),
}

/// Reads a folder of series files or of CDSi supporting data.
pub fn folder(path: &Path) -> Result<Loaded, Vec<Issue>> {
    let shown = path.display().to_string();
    let mut files = Vec::new();
    let unreadable = |error: &dyn std::fmt::Display| {
        vec![Issue::error("unreadable", &shown).with("reason", error)]
    };
    for entry in std::fs::read_dir(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => vec![Issue::error("path_missing", &shown)],
        _ => unreadable(&error),
    })? {
        files.push(entry.map_err(|error| unreadable(&error))?.path());
        if files.len() > FILES_MAX {
            return Err(vec![Issue::error("too_many_files", &shown).with("limit", FILES_MAX)]);
        }
    }
    files.sort();
    match sort_out(files) {
        Some(Folder::Cdsi { schedule: Some(schedule), antigens }) => cdsi(&schedule, &antigens),
        Some(Folder::Cdsi { schedule: None, .. }) => {
            Err(vec![Issue::error("missing_rules", &shown).value(SCHEDULE)])
        }
        Some(Folder::Series(paths)) => {
            let texts = texts_of(paths.iter())?;
            series(&texts.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect::<Vec<_>>())
        }
        None => Err(vec![Issue::error("no_rules", &shown)]),
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

fn sort_out(files: Vec<PathBuf>) -> Option<Folder> {
    let mut schedule = None;
    let (mut antigens, mut series) = (Vec::new(), Vec::new());
    for file in files {
        let name = name_of(&file).to_ascii_lowercase();
        let ending = Path::new(&name).extension().unwrap_or_default();
        if ending == "toml" {
            series.push(file);
        } else if ending != "xml" {
        } else if name.starts_with("antigensupportingdata") {
            antigens.push(file);
        } else if name.starts_with("schedulesupportingdata") {
            schedule = Some(file);
        }
    }
    if schedule.is_some() || !antigens.is_empty() {
        return Some(Folder::Cdsi { schedule, antigens });
    }
    (!series.is_empty()).then_some(Folder::Series(series))
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn text_of(path: &Path) -> Result<String, Issue> {
    let name = name_of(path);
    let unreadable = |error: std::io::Error| Issue::unreadable(&name, &error);
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(Issue::error("file_too_large", &name).with("limit", "64 MB"));
    }
    encoding::text(&name, &crate::files::read(path).map_err(unreadable)?)
}

fn texts_of<'a>(
    paths: impl Iterator<Item = &'a PathBuf>,
) -> Result<Vec<(String, String)>, Vec<Issue>> {
    let (mut texts, mut issues) = (Vec::new(), Vec::new());
    for path in paths {
        match text_of(path) {
            Ok(text) => texts.push((name_of(path), text)),
            Err(issue) => issues.push(issue),
        }
    }
    if issues.is_empty() { Ok(texts) } else { Err(issues) }
}

fn cdsi(schedule: &Path, antigens: &[PathBuf]) -> Result<Loaded, Vec<Issue>> {
    let schedule = schedule.to_owned();
    let texts = texts_of(std::iter::once(&schedule).chain(antigens))?;
    let files: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    from_texts(&files)
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
            issues.push(at("unknown_antigen").value(&read.name));
            continue;
        }
        if let Some(group) = cycle(&asked_groups(&read.antigen).collect::<Vec<_>>()) {
            let value = format!("seriesGroup {group}");
            let issue = Issue::error("rules_cycle", file).column("condition/seriesGroups");
            issues.push(issue.value(&value));
        }
        seen.insert(read.name.clone(), file);
        let id = builder.antigen(&read.name);
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
