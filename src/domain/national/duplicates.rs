//! Duplicate files (重档): which files are one person (R-dup).

use super::person::CountedPerson;
use super::records::{ChildFile, Dossier};
use super::rules::NationalRules;
use crate::domain::person::Sex;
use chrono::NaiveDate;
use std::collections::HashMap;

/// By what two files agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DuplicateKey {
    /// Name and identity number.
    IdNumber,
    /// Name, sex, day of birth and guardian.
    Guardian,
}

/// Two files of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicatePair {
    /// The earlier file in the list, by its place.
    pub first: usize,
    /// The other one.
    pub second: usize,
    /// What they agree in; both keys may hold.
    pub keys: Vec<DuplicateKey>,
}

/// Files, sorted into persons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Persons {
    /// The files of each person by their places, in the order of the list.
    pub groups: Vec<Vec<usize>>,
    /// Each file after the first of its person, with the file that it agrees with.
    pub pairs: Vec<DuplicatePair>,
    /// Pairs of files with one identity number and different days of birth: one of them is wrong.
    pub birth_conflicts: Vec<(usize, usize)>,
}

/// Sorts files into persons by the two keys of R-dup. A key with an empty part agrees with nothing.
pub fn persons<'a>(files: impl Iterator<Item = &'a ChildFile>) -> Persons {
    let mut by_number: HashMap<(&str, &str), usize> = HashMap::new();
    let mut by_guardian: HashMap<(&str, u8, NaiveDate, &str), usize> = HashMap::new();
    let mut births: HashMap<&str, (usize, NaiveDate)> = HashMap::new();
    let mut found = Persons::default();
    let mut parents: Vec<usize> = Vec::new();
    for (at, file) in files.enumerate() {
        parents.push(at);
        let mut matches: Vec<(usize, DuplicateKey)> = Vec::new();
        if !file.id_no.is_empty() {
            let born = births.entry(&file.id_no).or_insert((at, file.born.day));
            if born.1 != file.born.day {
                found.birth_conflicts.push((born.0, at));
            }
            if !file.name.is_empty() {
                let first = *by_number.entry((&file.name, &file.id_no)).or_insert(at);
                matches.push((first, DuplicateKey::IdNumber));
            }
        }
        if !file.name.is_empty() && !file.guardian.is_empty() {
            let key = (&*file.name, sex_code(file.sex), file.born.day, &*file.guardian);
            matches.push((*by_guardian.entry(key).or_insert(at), DuplicateKey::Guardian));
        }
        for (first, key) in matches.into_iter().filter(|(first, _)| *first != at) {
            join(&mut parents, first, at);
            let known = found.pairs.iter_mut().rev().take(2);
            match known.into_iter().find(|pair| pair.second == at && pair.first == first) {
                Some(pair) => pair.keys.push(key),
                None => found.pairs.push(DuplicatePair { first, second: at, keys: vec![key] }),
            }
        }
    }
    found.groups = groups(&mut parents);
    found
}

fn sex_code(sex: Sex) -> u8 {
    match sex {
        Sex::U => 0,
        Sex::M => 1,
        Sex::F => 2,
    }
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

fn join(parents: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parents, a), root(parents, b));
    // The earlier file stays the root, so that groups come in the order of the list.
    parents[a.max(b)] = a.min(b);
}

fn groups(parents: &mut [usize]) -> Vec<Vec<usize>> {
    let mut place: Vec<Option<usize>> = vec![None; parents.len()];
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for at in 0..parents.len() {
        let root = root(parents, at);
        let group = *place[root].get_or_insert_with(|| {
            groups.push(Vec::with_capacity(1));
            groups.len() - 1
        });
        groups[group].push(at);
    }
    groups
}

/// What stays when the files of a person are merged: the id of the file with the basic data, and how many doses.
pub fn merged(dossiers: &[&Dossier], rules: &NationalRules) -> Option<(String, usize)> {
    let person = CountedPerson::of(dossiers, rules, None)?;
    Some((person.file.id.to_string(), person.doses.len()))
}
